//! The colour of each state, the same in every list. A state is always a word, too, so that nothing is said by a
//! colour alone (docs/style.md, "Colours").

use super::page::Colour;
use super::table::Cell;
use crate::model::standing::Progress;
use crate::model::state::{Status, SyncState, Trial};

/// What became of a generation.
pub(super) fn status(status: Status) -> Cell {
    let colour = match status {
        Status::Promoted => Some(Colour::Good),
        Status::Withdrawn => Some(Colour::Warning),
        Status::Disputed | Status::Broken => Some(Colour::Bad),
        Status::Draft | Status::Imported => None,
    };
    Cell::of(colour, status.to_string())
}

/// What became of an evolution.
pub(super) fn trial(trial: Trial) -> Cell {
    let colour = match trial {
        Trial::Pass => Some(Colour::Good),
        Trial::Fail => Some(Colour::Bad),
        Trial::Stale | Trial::Elsewhere => Some(Colour::Warning),
        Trial::Dropped | Trial::Started | Trial::Abandoned => None,
    };
    Cell::of(colour, trial.to_string())
}

/// How a draft stands to the cloud's.
pub(super) fn sync(sync: SyncState, text: String) -> Cell {
    let colour = match sync {
        SyncState::Synced => Some(Colour::Good),
        SyncState::NotSynced
        | SyncState::Pending
        | SyncState::Behind
        | SyncState::Diverged
        | SyncState::CloudOnly => Some(Colour::Warning),
        SyncState::Conflict | SyncState::Invalid | SyncState::Failed => Some(Colour::Bad),
    };
    Cell::of(colour, text)
}

/// How far a change is, in a word or two.
pub(super) fn progress(progress: &Progress) -> Cell {
    let (colour, word) = match progress {
        Progress::NotStarted => (None, "not started"),
        Progress::Started => (None, "started"),
        Progress::Abandoned => (None, "abandoned"),
        Progress::Failed => (Some(Colour::Bad), "failed"),
        Progress::Stale { .. } => (Some(Colour::Warning), "stale"),
        Progress::Elsewhere { .. } => (Some(Colour::Warning), "elsewhere"),
        Progress::Proven => (Some(Colour::Good), "proven"),
    };
    Cell::of(colour, word)
}
