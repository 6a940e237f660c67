//! What a pull does with a draft.

use serde::Serialize;

use super::{Relation, Seal, Sides};
use crate::model::state::SyncState;
use crate::model::{Invalid, Oid};

/// What to do with one draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DraftStep {
    /// Take the cloud's, which is new here.
    Adopt(Oid),
    /// Move on to the cloud's.
    Advance(Oid),
    /// Both went on: join this clone's with the cloud's, if nobody has to choose.
    Merge(Oid),
    /// The version was made again in the cloud, and this clone has nothing of its own in the one
    /// before: move that aside and take the new one.
    Replace(Oid),
    /// Nothing to do, or the next push does it.
    Keep,
    /// It is sealed and went in whole: the ref goes.
    Retire,
    /// It is sealed, and edits of this clone's came too late for it.
    Late,
    /// A colleague deleted it, and this clone has nothing of its own in it: move it aside.
    Delete,
    /// Two people want different things under one name.
    Conflict(DraftConflict),
    /// The cloud's does not check; this clone's, if any, stays.
    Quarantine(Invalid),
}

impl DraftStep {
    /// How the draft stands: what a pull would do with it says it all, but for what is only here.
    pub(crate) fn state(&self, relation: Option<Relation>) -> SyncState {
        match self {
            Self::Keep => match relation {
                None => SyncState::NotSynced,
                Some(Relation::Same) => SyncState::Synced,
                Some(Relation::Ahead) => SyncState::Pending,
                Some(Relation::Behind) => SyncState::Behind,
                Some(Relation::Diverged) => SyncState::Diverged,
                Some(Relation::Unrelated) => SyncState::Conflict,
            },
            Self::Adopt(_) | Self::Advance(_) | Self::Replace(_) | Self::Retire | Self::Delete => {
                SyncState::Behind
            }
            Self::Merge(_) => SyncState::Diverged,
            // Edits that came too late for the seal need another version, an invalid draft of the
            // cloud's needs a valid state on top.
            Self::Late | Self::Conflict(_) | Self::Quarantine(_) => SyncState::Conflict,
        }
    }
}

/// What a person has to settle about a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum DraftConflict {
    /// Two generations of one version.
    SameVersion,
    /// One generation, edited here and there.
    Edited,
    /// Edited here, deleted there.
    Deleted,
    /// Made here, promoted by somebody else.
    Promoted,
}

impl DraftConflict {
    /// The reason, in the words of the original design where it has any.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::SameVersion => "Local and cloud have same version",
            Self::Edited => "Edited here and in the cloud",
            Self::Deleted => "Edited here and deleted in the cloud",
            Self::Promoted => "Local version is promoted in cloud",
        }
    }

    /// What ends it.
    pub(crate) fn resolution(self) -> &'static str {
        match self {
            Self::SameVersion | Self::Promoted => "Rename local version or delete",
            Self::Edited => "Choose one side, or edit both into one",
            Self::Deleted => "Choose whether to keep it",
        }
    }
}

/// Decides about one draft.
pub(crate) fn draft(sides: &Sides, seal: Seal) -> DraftStep {
    match (seal, &sides.local) {
        (Seal::Open, _) => {}
        // The ledger wins: a reader can see one half of another's push.
        (_, None) => return DraftStep::Keep,
        (Seal::Folded, Some(_)) => return DraftStep::Retire,
        (Seal::Beyond, Some(_)) => return DraftStep::Late,
        (Seal::Other, Some(_)) => {
            return match (&sides.cloud, sides.since) {
                // Whoever made it let go of it, and this clone has nothing of its own in it.
                (None, Some(Relation::Same | Relation::Behind)) => DraftStep::Delete,
                _ => DraftStep::Conflict(DraftConflict::Promoted),
            };
        }
    }
    let Some(cloud) = &sides.cloud else {
        return match (&sides.local, &sides.adopted, sides.since) {
            (Some(_), Some(_), Some(Relation::Same | Relation::Behind)) => DraftStep::Delete,
            (Some(_), Some(_), Some(Relation::Ahead | Relation::Diverged)) => {
                DraftStep::Conflict(DraftConflict::Deleted)
            }
            // Never published, or made anew after what was published.
            _ => DraftStep::Keep,
        };
    };
    if let Some(invalid) = &sides.invalid {
        return DraftStep::Quarantine(invalid.clone());
    }
    match sides.relation {
        None => DraftStep::Adopt(cloud.clone()),
        Some(Relation::Same | Relation::Ahead) => DraftStep::Keep,
        Some(Relation::Behind) => DraftStep::Advance(cloud.clone()),
        Some(Relation::Diverged) => DraftStep::Merge(cloud.clone()),
        Some(Relation::Unrelated) => match sides.since {
            Some(Relation::Same | Relation::Behind) => DraftStep::Replace(cloud.clone()),
            _ => DraftStep::Conflict(DraftConflict::SameVersion),
        },
    }
}
