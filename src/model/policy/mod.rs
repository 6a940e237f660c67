//! A team's policy: what a release must satisfy beyond that all of its changes are proven
//! (docs/policy.md).

#[cfg(test)]
mod tests;

mod changed;
mod check;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::approval::{ApprovalRule, Roles};
use crate::model::artifact::Artifacts;
use crate::model::change::ChangeKind;
use crate::model::globs::Globs;
use crate::model::place::{self, Key};
use crate::model::rules::RuleSet;
use crate::model::scheme::{Range, Scheme};
use crate::model::signers::{self, Signers};
use crate::model::strictness::Strictness;
use crate::model::verdict::Gate;
use crate::model::{Exit, Invalid, Refusal, Version};

/// The tracked file, below the top.
pub(crate) const FILE: &str = ".gryt/policy.yaml";

/// What `release_files` is where a policy does not say.
const CHANGELOG: &str = "**/CHANGELOG.md";

/// What `.gryt/policy.yaml` says; without the file, the default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Policy {
    #[serde(default, deserialize_with = "or_default")]
    pub gates: Gates,
    /// Who may promote, by email; none said means anybody who can push.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promoters: Option<Vec<String>>,
    /// Who may override what it says of who may promote, once it is the previous one; none said means
    /// nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heirs: Option<Vec<String>>,
    /// Whose key is whose: ssh public keys and armoured gpg keys, by email.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signers: Option<Signers>,
    /// Who has to approve a release before it is promoted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approvals: Option<Vec<ApprovalRule>>,
    /// Roles for `approvals`: the emails of the people who have each role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<Roles>,
    /// Whose recorded results count, by email; none said means everybody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorders: Option<Vec<String>>,
    /// Whose artifacts are sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifacts: Option<Artifacts>,
    /// The branches of the cloud that may be released from, as globs; none said means any commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_branches: Option<Vec<String>>,
    /// Globs of the files that a release itself changes, such as a changelog; changelogs where none are said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_files: Option<Vec<String>>,
    /// The gates that a promoter may pass with a reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waivable: Vec<String>,
    /// The least set of rules that a release is judged by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_rules: Option<RuleSet>,
    /// How versions are named.
    #[serde(
        default,
        serialize_with = "serde_yaml::with::singleton_map::serialize",
        deserialize_with = "scheme"
    )]
    pub versions: Scheme,
    /// What products have that differs. It is resolved before a policy is compared or shown.
    #[serde(default, skip_serializing)]
    pub products: BTreeMap<String, Part>,
    /// What lines of versions, such as `v1.x`, have that differs. Resolved as products are.
    #[serde(default, skip_serializing)]
    pub lines: BTreeMap<String, Part>,
    /// Globs of the files that are a product's; none said means all that are no other's.
    #[serde(skip)]
    pub paths: Option<Vec<String>>,
    /// Those of each other product that says so.
    #[serde(skip)]
    pub of_others: Vec<Vec<String>>,
    /// The least set of rules that knows everything that it says.
    #[serde(skip)]
    pub needs: RuleSet,
}

/// What a product or a line says otherwise: a key that it says stands for the whole of that key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Part {
    #[serde(default)]
    pub gates: Option<Gates>,
    #[serde(default)]
    pub promoters: Option<Vec<String>>,
    #[serde(default)]
    pub heirs: Option<Vec<String>>,
    #[serde(default)]
    pub signers: Option<Signers>,
    #[serde(default)]
    pub approvals: Option<Vec<ApprovalRule>>,
    #[serde(default)]
    pub roles: Option<Roles>,
    #[serde(default)]
    pub recorders: Option<Vec<String>>,
    #[serde(default)]
    pub artifacts: Option<Artifacts>,
    #[serde(default)]
    pub allowed_branches: Option<Vec<String>>,
    #[serde(default)]
    pub release_files: Option<Vec<String>>,
    /// Globs of a product's files; a line has none.
    #[serde(default)]
    pub paths: Option<Vec<String>>,
    #[serde(default)]
    pub waivable: Option<Vec<String>>,
    #[serde(default, deserialize_with = "scheme_if_said")]
    pub versions: Option<Scheme>,
    /// A product's own; a line has none.
    #[serde(default)]
    pub lines: Option<BTreeMap<String, Part>>,
}

/// The gates that a team can switch on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Gates {
    /// How many evolutions must prove each change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_evolutions: Option<u32>,
    /// An evolution that failed refuses the release until a later one of its change passes.
    #[serde(default)]
    pub no_failed_evolutions: bool,
    /// What it means that a proven commit is not in the release; `require` where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof_covers_release: Option<Strictness>,
    /// What it means that no proof covers a commit that is new in the release; `warn` where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unproven_commits: Option<Strictness>,
    /// What it means that no proof ran on the release commit's very tree; `off` where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_commit_proven: Option<Strictness>,
    /// Steps that must have passed for changes of some types.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required_steps: Vec<RequiredSteps>,
    /// Someone other than the assignee proves each change.
    #[serde(default)]
    pub independent_proof: bool,
    /// What it means that the entry, or a proof that counts, is not signed with a key of `signers`; `off`
    /// where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<Strictness>,
}

/// The steps that changes of these types need.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RequiredSteps {
    pub types: Vec<ChangeKind>,
    pub steps: Vec<String>,
}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// The rule that it breaks, with line and column.
    pub fn parse(text: &[u8]) -> Result<Policy, Invalid> {
        Self::parse_as(text, RuleSet::CURRENT)
    }

    /// The same in a program that knows the rules up to `known`.
    ///
    /// # Errors
    /// As [`parse`](Policy::parse).
    pub(crate) fn parse_as(text: &[u8], known: RuleSet) -> Result<Policy, Invalid> {
        // What asks for later rules may say what this program does not know.
        if let Ok(Some(Asked {
            min_rules: Some(needs),
        })) = Invalid::or_yaml(text)
            && needs > known
        {
            return Ok(Policy {
                min_rules: Some(needs),
                needs,
                ..Policy::default()
            });
        }
        let policy: Option<Policy> = Invalid::or_yaml(text)?;
        let mut policy = policy.unwrap_or_default();
        policy.needs = policy.least_rules();
        if policy.needs > known {
            // Which of them does not matter: a program of that age stops at the first.
            return Err(Invalid::new(
                "it uses a key that only a later git-gryt knows",
            ));
        }
        if policy.armoured().len() > signers::MOST_ARMOURED {
            let most = signers::MOST_ARMOURED;
            return Err(Invalid::new(format!("it names more than {most} gpg keys")));
        }
        policy.check(text, &[])?;
        policy.check_lines(text, &[])?;
        for product in policy.products.keys() {
            let path = [Key::Name("products"), Key::Name(product)];
            if format!("{product}/v1").parse::<Version>().is_err() {
                let rule = format!("`{product}` cannot be the product of a version");
                return Err(place::invalid(text, &path, rule));
            }
            let own = policy.clone().of(Some(product));
            own.check(text, &path)?;
            if policy.products[product].lines.is_some() {
                own.check_lines(text, &path)?;
            }
        }
        Ok(policy)
    }

    /// The least set of rules that knows each key that it says.
    fn least_rules(&self) -> RuleSet {
        let parts = || self.products.values();
        let later_gates = |gates: &Gates| {
            gates.signed.is_some()
                || gates.unproven_commits.is_some()
                || gates.release_commit_proven.is_some()
        };
        let of_part = |part: &Part| {
            part.heirs.is_some()
                || part.lines.is_some()
                || part.signers.is_some()
                || part.approvals.is_some()
                || part.roles.is_some()
                || part.recorders.is_some()
                || part.artifacts.is_some()
                || part.allowed_branches.is_some()
                || part.release_files.is_some()
                || part.paths.is_some()
                || part.gates.as_ref().is_some_and(later_gates)
        };
        let later = self.heirs.is_some()
            || self.min_rules.is_some()
            || self.signers.is_some()
            || self.approvals.is_some()
            || self.roles.is_some()
            || self.recorders.is_some()
            || self.artifacts.is_some()
            || self.allowed_branches.is_some()
            || self.release_files.is_some()
            || later_gates(&self.gates)
            || !self.lines.is_empty()
            || parts().any(of_part);
        let keys = match later {
            true => RuleSet::WITH_HEIRS,
            false => RuleSet::FIRST,
        };
        keys.max(self.min_rules.unwrap_or_default())
    }

    /// The policy for the releases of a product; none are those without.
    #[must_use]
    pub fn of(mut self, product: Option<&str>) -> Policy {
        let mut products = std::mem::take(&mut self.products);
        let others = products.iter().filter(|(name, _)| product != Some(name));
        self.of_others = others.filter_map(|(_, part)| part.paths.clone()).collect();
        match product.and_then(|name| products.remove(name)) {
            Some(part) => self.with(part),
            None => self,
        }
    }

    /// The policy for one version: its product's, and in that the one of the narrowest line that it is in.
    #[must_use]
    pub fn about(self, version: &Version) -> Policy {
        let mut policy = self.of(version.product());
        let lines = std::mem::take(&mut policy.lines).into_iter();
        let holds = |(name, part): (String, Part)| {
            let range = Range::try_from(name).ok()?;
            range.holds_number(version).then_some((range.width(), part))
        };
        let narrowest = lines.filter_map(holds).max_by_key(|(width, _)| *width);
        match narrowest {
            Some((_, part)) => policy.with(part),
            None => policy,
        }
    }

    /// The same of the policy that was sealed with `highest`. A line is what is kept up beside the highest
    /// release: whoever goes beyond that release is held by what holds for all.
    #[must_use]
    pub(crate) fn sealed_about(self, version: &Version, highest: &Version) -> Policy {
        match version.product() == highest.product() && version < highest {
            true => self.about(version),
            false => Policy {
                lines: BTreeMap::new(),
                ..self.of(version.product())
            },
        }
    }

    /// This one with what a part of it says otherwise.
    fn with(self, part: Part) -> Policy {
        Policy {
            gates: part.gates.unwrap_or(self.gates),
            promoters: part.promoters.or(self.promoters),
            heirs: part.heirs.or(self.heirs),
            signers: part.signers.or(self.signers),
            approvals: part.approvals.or(self.approvals),
            roles: part.roles.or(self.roles),
            recorders: part.recorders.or(self.recorders),
            artifacts: part.artifacts.or(self.artifacts),
            allowed_branches: part.allowed_branches.or(self.allowed_branches),
            paths: part.paths.or(self.paths),
            release_files: part.release_files.or(self.release_files),
            waivable: part.waivable.unwrap_or(self.waivable),
            versions: part.versions.unwrap_or(self.versions),
            lines: part.lines.unwrap_or(self.lines),
            ..self
        }
    }

    /// Whether one of its rules names somebody whose email that is.
    pub(crate) fn names_approver(&self, is: impl Fn(&str) -> bool) -> bool {
        let roles = self.roles.clone().unwrap_or_default();
        let mut rules = self.approvals.iter().flatten();
        rules.any(|rule| rule.emails(&roles).into_iter().any(&is))
    }

    /// The files that a release itself changes.
    pub(crate) fn release_files(&self) -> Globs {
        match &self.release_files {
            Some(said) => Globs::checked(said),
            None => Globs::checked(&[CHANGELOG.to_owned()]),
        }
    }

    /// Whether it asks for signatures at all.
    pub(crate) fn signs(&self) -> bool {
        matches!(
            self.gates.signed,
            Some(Strictness::Require | Strictness::Warn)
        )
    }

    /// The armoured gpg keys among those that it names anywhere.
    pub(crate) fn armoured(&self) -> Vec<String> {
        let mut found = Vec::new();
        for key in self.all_keys() {
            if let Ok(signers::Key::Gpg(text)) = signers::Key::parse(key)
                && !found.contains(&text)
            {
                found.push(text);
            }
        }
        found
    }

    /// The keys that it names anywhere, its products and lines included.
    fn all_keys(&self) -> impl Iterator<Item = &str> {
        let parts = self.products.values().chain(self.lines.values());
        let of_lines = self.products.values().flat_map(|part| part.lines.iter());
        let of_lines = of_lines.flat_map(BTreeMap::values);
        let said = parts.chain(of_lines).map(|part| &part.signers);
        let all = [&self.signers].into_iter().chain(said).flatten();
        all.flat_map(BTreeMap::values).flatten().map(String::as_str)
    }

    /// Whether it, a product or a line asks for signatures.
    pub(crate) fn signs_anywhere(&self) -> bool {
        let asks =
            |gates: &Gates| matches!(gates.signed, Some(Strictness::Require | Strictness::Warn));
        let parts = self.products.values().chain(self.lines.values());
        let of_lines = self.products.values().flat_map(|part| part.lines.iter());
        let mut all = parts.chain(of_lines.flat_map(BTreeMap::values));
        self.signs() || all.any(|part| part.gates.as_ref().is_some_and(asks))
    }

    /// Whether it lets a promoter pass this gate with a reason.
    pub fn waives(&self, gate: Gate) -> bool {
        let named = |name: &String| Gate::named_waivable(name) == Ok(gate);
        self.waivable.iter().any(named)
    }

    /// The same, as the refusal of a command that found it at `place`.
    ///
    /// # Errors
    /// [`Exit::Invalid`].
    pub fn parse_at(text: &[u8], place: &str) -> Result<Policy, Refusal> {
        Self::parse(text)
            .map_err(|invalid| Refusal::new(Exit::Invalid, format!("{place}: {invalid}")))
    }

    /// The refusal of whatever it is to decide in a program that does not know the rules that it asks for.
    ///
    /// # Errors
    /// [`Exit::Gate`].
    pub(crate) fn known(&self, place: &str) -> Result<(), Refusal> {
        if self.needs <= RuleSet::CURRENT {
            return Ok(());
        }
        Err(self.needs.unknown(place, "asks for"))
    }
}

/// What is read of a policy before it is known whether this program can read it.
#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    min_rules: Option<RuleSet>,
}

/// `gates:` with nothing after it is a mapping that a person has just begun.
fn or_default<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Gates, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// The same for `versions:`.
fn scheme<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Scheme, D::Error> {
    Ok(scheme_if_said(from)?.unwrap_or_default())
}

fn scheme_if_said<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Scheme>, D::Error> {
    #[derive(Deserialize)]
    struct Said(#[serde(with = "serde_yaml::with::singleton_map")] Scheme);
    let said: Option<Said> = Option::deserialize(from)?;
    Ok(said.map(|said| said.0))
}
