//! What the ledger holds of a release: its files, the evolutions that went into it, and that it was
//! withdrawn (docs/format.md, "Ledger").

use serde::{Deserialize, Serialize};

use super::approval::Approved;
use super::artifact::{MadeBy, SealedArtifact};
use super::rules::RuleSet;
use super::state::Status;
use super::unproven::Unproven;
use super::verdict::{ExcuseKind, Verdict};
use super::{ChangeId, Oid, Person, Stamp, Version};

/// How the names of a release's files end: the contract, what was promoted and how, and the policy
/// that it was judged by, where there was one.
pub(crate) const CONTRACT: &str = "generation.yaml";
pub(crate) const PROMOTION: &str = "promotion.yaml";
pub(crate) const POLICY: &str = "policy.yaml";
/// All of them.
pub(crate) const FILES: [&str; 3] = [CONTRACT, PROMOTION, POLICY];

/// `promotion.yaml`: a sealed release.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Sealed {
    pub version: Version,
    /// The promotion's id: one for each intent to promote, whatever the number of tries.
    pub promotion: String,
    /// The release commit and its tree.
    pub commit: Oid,
    pub tree: Oid,
    /// The draft's first commit and its sealed tip.
    pub generation: Oid,
    pub draft: Oid,
    pub promoter: Person,
    pub promoted_at: Stamp,
    /// The rules that the gates were judged by.
    #[serde(default)]
    pub rules: RuleSet,
    /// The release commit's `.mailmap`, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mailmap: Option<Oid>,
    pub gates: Vec<Verdict>,
    /// Its new commits that no proof covers, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unproven: Option<Unproven>,
    pub evolutions: Vec<Folded>,
    /// What people said of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<Approved>,
    /// What was built of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<SealedArtifact>,
    /// The evolution whose artifacts were chosen, where builds differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifacts_of: Option<MadeBy>,
}

impl Sealed {
    /// The gates that it passed by its promoter's word alone, a line each.
    pub fn excuses(&self) -> Vec<String> {
        let line = |verdict: &Verdict| {
            let excuse = verdict.excuse.as_ref()?;
            let word = match excuse.kind {
                ExcuseKind::Waived => "waived",
                ExcuseKind::Overridden => "overridden",
            };
            Some(format!("{word} {}: {}", verdict.gate, excuse.reason))
        };
        self.gates.iter().filter_map(line).collect()
    }
}

/// An evolution that went into a release.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Folded {
    pub change: ChangeId,
    pub number: u32,
    pub tip: Oid,
    pub owner: Person,
    /// Whether its proof counted.
    pub counted: bool,
}

/// `withdrawals/…/<n>.yaml`: a release that should not have been.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Withdrawal {
    pub version: Version,
    pub reason: String,
    /// What to use instead.
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    pub replacement: Option<Version>,
    pub by: Person,
    pub at: Stamp,
}

impl Withdrawal {
    /// Its place in the ledger's tree. They are numbered from 1, so that one which was not its author's to
    /// write keeps nobody from writing another.
    pub(crate) fn path(&self, number: usize) -> String {
        format!("{}/{number}.yaml", self.version.withdrawals())
    }

    /// The number under which it lies at `path`; none where it cannot lie there.
    pub(crate) fn number_at(&self, path: &str) -> Option<usize> {
        number_of(path).filter(|number| self.path(*number) == path)
    }
}

/// The number, from 1, that a file's name is made of.
pub(crate) fn number_of(path: &str) -> Option<usize> {
    let name = path.rsplit('/').next()?.strip_suffix(".yaml")?;
    name.parse().ok().filter(|number| *number > 0)
}

/// A withdrawal, and the version to use instead.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Advice {
    #[serde(flatten)]
    pub withdrawal: Withdrawal,
    /// The release to use instead: the one that was named, or, where that was withdrawn since, the
    /// one that was named instead of it.
    pub instead: Option<Version>,
    /// What was named on the way there and is withdrawn too.
    pub withdrawn_too: Vec<Version>,
}

impl Advice {
    /// What to use, in sentences; none where nothing was named.
    pub(crate) fn says(&self) -> Vec<String> {
        let too = self.withdrawn_too.iter();
        let mut lines: Vec<String> = too
            .map(|version| format!("{version}, which was named to use instead, is withdrawn too."))
            .collect();
        lines.extend(
            self.instead
                .iter()
                .map(|version| format!("Use {version} instead.")),
        );
        lines
    }
}

/// `acceptances/<entry>/<n>.yaml`: an entry that is disputed in error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Acceptance {
    /// The disputed entry.
    pub entry: Oid,
    pub reason: String,
    pub by: Person,
    pub at: Stamp,
}

/// Where acceptances lie in the ledger's tree.
pub(crate) const ACCEPTANCES: &str = "acceptances";

impl Acceptance {
    /// Its place in the ledger's tree. They are numbered from 1, so that one which was not its author's to
    /// write keeps nobody from writing another.
    pub(crate) fn path(&self, number: usize) -> String {
        format!("{ACCEPTANCES}/{}/{number}.yaml", self.entry)
    }

    /// Whether it can lie at `path`.
    pub(crate) fn lies_at(&self, path: &str) -> bool {
        number_of(path).is_some_and(|number| self.path(number) == path)
    }
}

/// A release in a line: what lists and logs show of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Release {
    pub version: Version,
    pub description: Option<String>,
    /// None where it was released before gryt and nothing tells.
    pub commit: Option<Oid>,
    pub promoter: Person,
    pub promoted_at: Stamp,
    /// How many.
    #[serde(rename = "change_count")]
    pub changes: usize,
    /// How many.
    #[serde(rename = "evolution_count")]
    pub evolutions: usize,
    pub withdrawn: bool,
    /// Whether it was released before gryt was there.
    pub imported: bool,
    /// The gates that it passed by its promoter's word alone, a line each.
    pub excuses: Vec<String>,
    /// What its entry is disputed for, a line each.
    pub disputed: Vec<String>,
}

impl Release {
    /// Whether it still stands.
    pub(crate) fn status(&self) -> Status {
        match (self.withdrawn, self.imported) {
            (true, _) => Status::Withdrawn,
            (false, _) if !self.disputed.is_empty() => Status::Disputed,
            (false, true) => Status::Imported,
            (false, false) => Status::Promoted,
        }
    }
}
