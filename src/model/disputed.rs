//! An entry that is disputed: which rules it breaks, and what it would have done (docs/policy.md,
//! "Disputed").

use serde::{Deserialize, Serialize};

use super::moved::{Half, Moved};
use super::person::moment;
use super::{Exit, Oid, Person, Refusal, Version};

/// The rule that a disputed entry breaks. Each has a row in docs/policy.md.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Rule {
    /// Whoever wrote the entry is who it names.
    Author,
    /// A promotion's id is used once.
    PromotionId,
    /// The sealed policy is the release commit's, and can be read.
    Policy,
    /// The generation is the first commit of the sealed draft, whose tip is of this version.
    Generation,
    /// Each folded evolution is valid, and the entry says the same of it.
    Evolution,
    /// Each proof fits the commit that it proves, and its own steps.
    Proof,
    /// Each sealed approval is valid, is for this release, and matches what the entry says of it.
    Approval,
    /// What counted is what counts.
    Counted,
    /// Every gate of both policies was judged, and came to what the entry says.
    Gates,
    /// New commits that no proof covers are said to be there.
    Unproven,
    /// The artifacts are those of the proofs that counted, and the choice is one of them.
    Artifacts,
    /// What was waived or overridden could be.
    Excuse,
    /// It was judged by the least set of rules that both policies ask for, or a later one.
    MinRules,
    /// An entry that repeats another says what that one says.
    Original,
    /// Whoever withdraws, imports or moves may: the policy's `promoters`.
    Promoters,
    /// They signed it, where the policy asks for signatures.
    Signed,
}

/// One thing that an entry is disputed for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Dispute {
    pub rule: Rule,
    #[serde(rename = "what")]
    pub why: String,
}

impl Dispute {
    pub(super) fn new(rule: Rule, why: impl Into<String>) -> Self {
        let why = why.into();
        Self { rule, why }
    }
}

impl std::fmt::Display for Dispute {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.rule, self.why)
    }
}

/// What a disputed entry does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Act {
    Promotion(Version),
    /// With the number of its file.
    Withdrawal {
        version: Version,
        number: usize,
    },
    Import(Vec<Version>),
    Move(Half),
    /// Of the entry with that oid.
    Acceptance(Oid),
}

impl std::fmt::Display for Act {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Promotion(version) => version.fmt(f),
            Self::Withdrawal { version, .. } => write!(f, "the withdrawal of {version}"),
            Self::Import(all) => match all.as_slice() {
                [only] => write!(f, "the import of {only}"),
                all => write!(f, "the import of {} versions", all.len()),
            },
            Self::Move(Half::Left) => f.write_str("the move of the ledger"),
            Self::Move(Half::Arrived) => f.write_str("the arrival of the ledger"),
            Self::Acceptance(entry) => write!(f, "the acceptance of {}", entry.short()),
        }
    }
}

/// A disputed entry: its version stays taken, and nothing else of it counts.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Disputed {
    pub act: Act,
    pub by: Person,
    pub why: Vec<Dispute>,
    /// Whether it counts for nothing only because this machine cannot tell.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub untold: bool,
}

impl Disputed {
    /// The versions that it is about: the policies of their products say who may settle it.
    pub(crate) fn about(&self) -> Vec<&Version> {
        match &self.act {
            Act::Promotion(version) | Act::Withdrawal { version, .. } => vec![version],
            Act::Import(all) => all.iter().collect(),
            Act::Move(_) | Act::Acceptance(_) => Vec::new(),
        }
    }

    /// What the entry is called.
    pub(crate) fn name(&self) -> String {
        self.act.to_string()
    }

    /// Whether it is a promotion, or an import, of that version.
    pub(crate) fn releases(&self, version: &Version) -> bool {
        match &self.act {
            Act::Promotion(own) => own.as_str() == version.as_str(),
            Act::Import(all) => all.iter().any(|own| own.as_str() == version.as_str()),
            Act::Withdrawal { .. } | Act::Move(_) | Act::Acceptance(_) => false,
        }
    }

    /// Whether it is the withdrawal of that version that has that number.
    pub(crate) fn withdraws(&self, version: &Version, number: usize) -> bool {
        let own = |own: &Version| own.as_str() == version.as_str();
        matches!(&self.act, Act::Withdrawal { version, number: n } if own(version) && *n == number)
    }
}

impl Moved {
    /// The refusal of whatever would go on at the place that the ledger left by it. Nobody is to follow a
    /// move that was not its author's to make.
    pub(crate) fn gone(&self, disputed: Option<&Disputed>) -> Refusal {
        let (to, by, at) = (&self.to, &self.by, moment(&self.at));
        let what = format!("The ledger moved to {to}: {by} moved it at {at}");
        let mut refusal = Refusal::new(Exit::OutOfStep, what);
        let Some(disputed) = disputed else {
            return refusal.then("git gryt sync move --follow");
        };
        let why = disputed.why.iter();
        refusal.why = why.map(|why| format!("That is disputed: {why}")).collect();
        refusal.then("git gryt sync move --back")
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray;

    use super::*;

    #[test]
    fn the_page_names_each_rule() {
        let page = include_str!("../../docs/policy.md");
        for rule in Rule::VARIANTS {
            let row = format!("| `{rule}` |");
            assert!(page.contains(&row), "{rule}: docs/policy.md");
        }
    }
}
