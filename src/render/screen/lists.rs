//! The four lists: their titles and their rows.

use super::super::page::Colour;
use super::super::table::Cell;
use super::super::{states, view};
use crate::model::Stamp;
use crate::model::ago::ago;
use crate::model::board::{self, Board, Pane};
use crate::model::state::Status;

/// A list: its title, and its rows, or what is said where there are none.
pub(super) struct List {
    pub pane: Pane,
    pub title: String,
    pub rows: Vec<Vec<Cell>>,
    pub empty: String,
    /// The column that a narrow terminal leaves out.
    pub optional: Option<usize>,
    /// Whether the last column says what a row is about.
    pub last_matters: bool,
}

/// The list of a pane.
pub(super) fn list(board: &Board, pane: Pane, now: &Stamp) -> List {
    let (title, rows, empty) = match pane {
        Pane::Drafts => drafts(board),
        Pane::Changes => changes(board),
        Pane::Waiting => waiting(board),
        Pane::Releases => releases(board, now),
    };
    let empty = match board.filter() {
        "" => empty,
        filter => format!("Nothing here has: {filter}"),
    };
    let (optional, last_matters) = match pane {
        Pane::Drafts => (None, false),
        Pane::Changes => (Some(2), true),
        Pane::Waiting => (None, true),
        Pane::Releases => (Some(3), false),
    };
    List {
        pane,
        title,
        rows,
        empty,
        optional,
        last_matters,
    }
}

type Listed = (String, Vec<Vec<Cell>>, String);

fn drafts(board: &Board) -> Listed {
    let row = |draft: &board::Draft| {
        let proven = match draft.status {
            Status::Broken => states::status(draft.status),
            Status::Draft
            | Status::Promoted
            | Status::Imported
            | Status::Withdrawn
            | Status::Disputed => {
                let all = draft.changes > 0 && draft.proven == draft.changes;
                let text = format!("{}/{} proven", draft.proven, draft.changes);
                Cell::of(all.then_some(Colour::Good), text)
            }
        };
        let edited = if draft.edited { "edited here" } else { "" };
        let sync = match draft.sync {
            Some(sync) => {
                let gap = if draft.edited { ", " } else { "" };
                let text = format!("{}{gap}{edited}", sync.to_string().replace('_', " "));
                states::sync(sync, text)
            }
            None => edited.into(),
        };
        let detail = board.detail(&draft.version);
        let described = detail.and_then(|detail| detail.description.clone());
        let version = Cell::of(Some(Colour::Typed), draft.version.as_str());
        vec![version, proven, sync, described.unwrap_or_default().into()]
    };
    let rows = board.drafts().into_iter().map(row).collect();
    ("Drafts".into(), rows, "No drafts".into())
}

fn changes(board: &Board) -> Listed {
    let Some(version) = board.version() else {
        return ("Changes".into(), Vec::new(), String::new());
    };
    let Some(detail) = board.detail(version) else {
        let title = format!("Changes of {version}");
        return (title, Vec::new(), "Reading…".into());
    };
    let lines = board.changes();
    let mut counts: Vec<(String, usize)> = Vec::new();
    let row = |line: &&board::Line| {
        let word = states::progress_word(&line.standing.progress);
        match counts.last_mut() {
            Some((known, count)) if *known == word.text => *count += 1,
            _ => counts.push((word.text.clone(), 1)),
        }
        let number = line.standing.number.map(|number| format!(" rc.{number}"));
        let who = line.who().unwrap_or("nobody yet");
        vec![
            Cell::of(Some(Colour::Typed), line.change.id.as_str()),
            word,
            format!("{who}{}", number.unwrap_or_default()).into(),
            line.change.title.as_str().into(),
        ]
    };
    let rows: Vec<_> = lines.iter().map(row).collect();
    let counts = counts.iter().map(|(word, count)| format!("{count} {word}"));
    let counts = counts.collect::<Vec<_>>().join(", ");
    let title = match counts.as_str() {
        "" => format!("Changes of {version}"),
        counts => format!("Changes of {version}: {counts}"),
    };
    let empty = match detail.trouble.as_slice() {
        [] => "No changes".to_owned(),
        trouble => trouble.join("; "),
    };
    (title, rows, empty)
}

fn waiting(board: &Board) -> Listed {
    let all = board.waiting();
    let mine = all.iter().filter(|wait| wait.step.who.is_none()).count();
    let title = match mine {
        0 => "Waiting".to_owned(),
        mine => format!("Waiting: {mine} for you"),
    };
    let row = |wait: &board::Wait<'_>| {
        let colour = wait.step.who.is_none().then_some(Colour::Warning);
        vec![
            Cell::of(colour, wait.who()),
            Cell::of(Some(Colour::Typed), wait.version.as_str()),
            wait.step.what.as_str().into(),
        ]
    };
    let rows = all.iter().map(row).collect();
    (title, rows, "Nothing waits for anybody".into())
}

fn releases(board: &Board, now: &Stamp) -> Listed {
    let rows = board.releases().into_iter().map(|release| {
        let at = &release.promoted_at;
        vec![
            Cell::of(Some(Colour::Typed), release.version.as_str()),
            states::status(release.status()),
            ago(at, now).unwrap_or_else(|| view::day(at)).into(),
            release.promoter.name.as_str().into(),
            release.description.clone().unwrap_or_default().into(),
        ]
    });
    ("Releases".into(), rows.collect(), "No releases yet".into())
}
