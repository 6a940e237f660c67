//! What a pull brought.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::draft::DraftConflict;
use crate::model::approval::ApprovalName;
use crate::model::disputed::Dispute;
use crate::model::sealed::Withdrawal;
use crate::model::shaped::{conflict, quarantined, renumbered};
use crate::model::state::SyncState;
use crate::model::{EvolutionName, Person, Version};

/// What a pull did, by name.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Adopted {
    pub new: Vec<Version>,
    pub updated: Vec<Version>,
    /// Drafts whose two sides were joined.
    pub merged: Vec<Version>,
    /// Versions that this pull learnt to be promoted.
    pub promoted: Vec<Version>,
    /// Drafts that a colleague deleted; they can be restored for 30 days.
    pub deleted: Vec<Version>,
    /// Drafts that a colleague renamed.
    pub renamed: Vec<Renamed>,
    #[serde(serialize_with = "conflict::serialize")]
    #[cfg_attr(test, schemars(with = "Vec<conflict::Shape<Version, DraftConflict>>"))]
    pub conflicts: Vec<(Version, DraftConflict)>,
    /// Drafts with edits that came after the seal.
    pub late_drafts: Vec<Version>,
    pub new_evolutions: Vec<EvolutionName>,
    /// Evolutions that left the cloud; they are kept for 30 days.
    pub left: Vec<EvolutionName>,
    pub late_evolutions: Vec<EvolutionName>,
    /// Sealed evolutions to which something was added after the seal.
    pub late_proofs: Vec<EvolutionName>,
    /// Approvals that came too late: their version was promoted without them.
    pub late_approvals: Vec<ApprovalName>,
    /// How each draft stood before, but for those that everybody has.
    #[serde(skip)]
    pub states: BTreeMap<Version, SyncState>,
    /// This clone's evolutions that had to take another number: before and after.
    #[serde(serialize_with = "renumbered::serialize")]
    #[cfg_attr(
        test,
        schemars(with = "Vec<renumbered::Shape<EvolutionName, EvolutionName>>")
    )]
    pub renumbered: Vec<(EvolutionName, EvolutionName)>,
    /// Evolutions that their owner continued in two clones, and that were joined.
    pub replayed: Vec<EvolutionName>,
    /// The withdrawals that this pull learnt of.
    #[serde(rename = "withdrawals")]
    pub withdrawn: Vec<Withdrawal>,
    /// Entries of the ledger that this pull learnt to be disputed, and what for.
    pub disputed: Vec<DisputedEntry>,
    /// Refs of the cloud that do not check, and why.
    #[serde(serialize_with = "quarantined::serialize")]
    #[cfg_attr(test, schemars(with = "Vec<quarantined::Shape<String, String>>"))]
    pub quarantined: Vec<(String, String)>,
    /// Those of them that were looked at before, and have not moved.
    #[serde(skip)]
    pub told_before: BTreeSet<String>,
}

/// A draft that was renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Renamed {
    #[serde(rename = "from")]
    pub old: Version,
    #[serde(rename = "to")]
    pub new: Version,
}

/// An entry of the ledger that a pull learnt to be disputed.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct DisputedEntry {
    /// What it did: a version where it is a promotion.
    pub entry: String,
    /// Who wrote it.
    pub by: Person,
    pub why: Vec<Dispute>,
}

impl Adopted {
    /// The names of what came too late for its version's seal.
    pub(crate) fn late(&self) -> BTreeSet<String> {
        let drafts = self.late_drafts.iter().map(ToString::to_string);
        let evolutions = self.late_evolutions.iter().chain(&self.late_proofs);
        let approvals = self.late_approvals.iter();
        let approvals = approvals.map(|name| format!("approvals/{name}"));
        let evolutions = evolutions.map(ToString::to_string);
        drafts.chain(evolutions).chain(approvals).collect()
    }

    /// Whether a person has to settle something about `version` first.
    pub(crate) fn is_in_conflict(&self, version: &Version) -> bool {
        self.conflicts.iter().any(|(v, _)| v == version)
    }
}
