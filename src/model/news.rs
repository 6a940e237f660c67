//! What other people did, as a person or a program is told of it.

use serde::Serialize;

use super::approval::{Void, Word};
use super::disputed::Dispute;
use super::state::Trial;
use super::{EvolutionName, Person, Version};

/// Something that other people did.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum News {
    Promoted {
        version: Version,
        by: Person,
    },
    Withdrawn {
        version: Version,
        reason: String,
        by: Person,
    },
    /// The ledger has a disputed entry: its versions stay taken, and nothing else in it counts.
    Disputed {
        /// What the entry is called.
        entry: String,
        by: Person,
        why: Vec<Dispute>,
    },
    /// A draft is new, or its text changed.
    Draft {
        version: Version,
        /// Who wrote last.
        by: Person,
        /// Who else wrote since this person was last told.
        others: Vec<Person>,
        #[serde(rename = "is_new")]
        new: bool,
    },
    /// A draft was deleted in the cloud without being promoted.
    Left {
        version: Version,
    },
    /// Somebody tried to prove a change that is assigned to this person.
    Proof {
        #[serde(rename = "evolution")]
        name: EvolutionName,
        by: Person,
        status: Trial,
    },
    /// Somebody approved or rejected a release, or took that back.
    Approval {
        version: Version,
        by: Person,
        says: Word,
    },
    /// What this person approved is not what would be released any more.
    Voided {
        version: Version,
        ended_by: Void,
    },
    /// Everything is proven, and this person's approval is missing.
    Asked {
        version: Version,
    },
}
