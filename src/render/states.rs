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

/// How far a change is, in a word or two.
pub(super) fn progress_word(progress: &Progress) -> Cell {
    let word = match progress {
        Progress::NotStarted => "not started",
        Progress::Started => "started",
        Progress::Abandoned => "abandoned",
        Progress::Failed => "failed",
        Progress::Stale { .. } => "stale",
        Progress::Elsewhere { .. } => "elsewhere",
        Progress::Proven => "proven",
    };
    Cell::of(self::progress(progress), word)
}

/// How far a change is.
pub(super) fn progress(progress: &Progress) -> Option<Colour> {
    match progress {
        Progress::Proven => Some(Colour::Good),
        Progress::Failed => Some(Colour::Bad),
        Progress::Stale { .. } | Progress::Elsewhere { .. } => Some(Colour::Warning),
        Progress::NotStarted | Progress::Started | Progress::Abandoned => None,
    }
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
