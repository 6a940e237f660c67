//! Where things stand, each in one word: the same in commands, JSON, SQL and messages.

use serde::{Deserialize, Serialize};

use super::Oid;
use super::evolution::Says;
use super::proof::{Outcome, Proof};

/// How this clone's draft, or evolution, stands to the cloud's.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
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
pub enum SyncState {
    /// The cloud never had it.
    NotSynced,
    /// This clone has something that the cloud lacks.
    Pending,
    /// The cloud has something that this clone lacks.
    Behind,
    /// Both have: a pull merges them.
    Diverged,
    /// Both have, and a person has to choose.
    Conflict,
    /// Its file has an edit that does not parse.
    Invalid,
    /// The cloud refused the last push of it.
    Failed,
    /// Both have the same.
    Synced,
    /// Only the cloud has it.
    CloudOnly,
}

impl SyncState {
    /// The state of one's own evolution, whose tip in the cloud is `there`.
    pub fn of_evolution(tip: &Oid, there: Option<&Oid>) -> Self {
        match there {
            None => Self::NotSynced,
            Some(there) if there == tip => Self::Synced,
            Some(_) => Self::Pending,
        }
    }

    /// The same, where the draft's file has edits that no command has taken in.
    #[must_use]
    pub fn edited(self) -> Self {
        match self {
            Self::Synced | Self::Failed => Self::Pending,
            Self::Behind => Self::Diverged,
            Self::NotSynced
            | Self::Pending
            | Self::Diverged
            | Self::Conflict
            | Self::Invalid
            | Self::CloudOnly => self,
        }
    }

    /// The same, where the cloud refused the last push of it, if there is still something to push.
    #[must_use]
    pub fn refused(self) -> Self {
        match self.is_ahead() {
            true => Self::Failed,
            false => self,
        }
    }

    /// Whether a push alone would bring it to the cloud.
    pub fn is_ahead(self) -> bool {
        match self {
            Self::NotSynced | Self::Pending | Self::Failed => true,
            Self::Behind
            | Self::Diverged
            | Self::Conflict
            | Self::Invalid
            | Self::Synced
            | Self::CloudOnly => false,
        }
    }
}

/// What a generation is.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Status {
    Draft,
    /// A draft that does not check.
    Broken,
    Promoted,
    /// Released before gryt was there.
    Imported,
    /// Promoted or imported, and not to be used.
    Withdrawn,
    /// Promoted or imported, and what its entry says does not hold.
    Disputed,
}

impl Status {
    /// What a release can be.
    pub(crate) const RELEASED: [Self; 4] = [
        Self::Promoted,
        Self::Imported,
        Self::Withdrawn,
        Self::Disputed,
    ];

    /// Whether it can still change.
    pub fn is_open(self) -> bool {
        match self {
            Self::Draft | Self::Broken => true,
            Self::Promoted | Self::Imported | Self::Withdrawn | Self::Disputed => false,
        }
    }
}

/// What the cloud has of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub(crate) enum InCloud {
    None,
    Draft,
    Promoted,
    /// Promoted, and not to be used.
    Withdrawn,
}

/// What an evolution says of its change.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Trial {
    /// The contract has its change no more.
    Dropped,
    Started,
    Pass,
    /// It passed at a commit that the release does not hold.
    Elsewhere,
    Abandoned,
    Fail,
    /// It passed, and that does not count.
    Stale,
}

impl Trial {
    /// In a word; None where the contract does not have its change.
    pub fn of(says: Option<&Says>) -> Self {
        match says {
            None => Self::Dropped,
            Some(Says::Nothing) => Self::Started,
            Some(Says::Passes) => Self::Pass,
            Some(Says::PassesElsewhere { .. }) => Self::Elsewhere,
            Some(Says::GivenUp(_)) => Self::Abandoned,
            Some(Says::Fails) => Self::Fail,
            Some(Says::PassesInVain(_)) => Self::Stale,
        }
    }
}

/// What one commit of an evolution records, in its `Gryt-Status` (docs/format.md, "Evolutions").
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Recorded {
    Pass,
    Fail,
    /// A run that proves nothing, whatever came of it.
    Void,
    /// Its owner gave it up.
    Abandoned,
}

impl Recorded {
    /// What a proof records.
    pub fn of(proof: &Proof) -> Self {
        match (&proof.void, proof.status) {
            (Some(_), _) => Self::Void,
            (None, Outcome::Pass) => Self::Pass,
            (None, Outcome::Fail) => Self::Fail,
        }
    }

    /// How the subject of its commit begins.
    pub fn verb(self) -> &'static str {
        match self {
            Self::Pass => "Prove",
            Self::Fail => "Fail",
            Self::Void => "Try",
            Self::Abandoned => "Abandon",
        }
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray;

    use super::*;

    #[test]
    fn an_edit_of_the_file_is_something_that_the_cloud_lacks() {
        for state in SyncState::VARIANTS {
            let edited = state.edited();
            assert_ne!(edited, SyncState::Synced);
            assert_ne!(edited, SyncState::Behind);
            assert_eq!(edited.edited(), edited);
        }
    }

    #[test]
    fn words_are_read_as_they_are_written() {
        for state in SyncState::VARIANTS {
            assert_eq!(state.to_string().parse(), Ok(*state));
            let json = serde_json::to_value(state).unwrap();
            assert_eq!(json.as_str(), Some(state.to_string().as_str()));
        }
    }
}
