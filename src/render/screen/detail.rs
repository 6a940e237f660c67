//! What opens over the lists: a version, one change of it, or the keys.

use super::super::page::Colour;
use super::super::table::Cell;
use super::super::{generation, states, view};
use super::text::{Long, width};
use crate::model::ago::ago;
use crate::model::approval::{Opinion, Word};
use crate::model::board::{Board, Detail, Line, Tried};
use crate::model::change::ChangeKind;
use crate::model::standing::Progress;
use crate::model::{ChangeId, Stamp, Version};

/// The keys and what they do.
const KEYS: &[(&str, &str)] = &[
    ("j k, arrows", "move in a list, or scroll"),
    ("Tab, Shift-Tab", "go to the next list, or the one before"),
    (
        "PgUp PgDn, g G",
        "move by a page, or to the first or the last row",
    ),
    (
        "Enter",
        "open the version or the change: contract, evolutions, approvals, gates",
    ),
    (
        "/",
        "show only what has a text: Enter keeps it, Esc drops it",
    ),
    (
        "c",
        "copy the next command, where the terminal lets programs copy (OSC 52)",
    ),
    ("p", "run git gryt sync pull in the background"),
    (
        "r",
        "look at this clone again; it is also looked at once a second",
    ),
    ("Ctrl-L", "draw the screen again"),
    ("Ctrl-Z", "stop, until the shell's fg"),
    ("Esc", "go back; in the lists, quit"),
    ("q, Ctrl-C", "quit"),
];

/// The page of keys.
pub(super) fn keys() -> Vec<Long> {
    let row = |(keys, what): &(&str, &str)| {
        let keys = Cell::of(Some(Colour::Typed), format!("{keys:<16}"));
        Long::indented(vec![keys, Cell::of(None, *what)], 16)
    };
    let mut lines: Vec<Long> = KEYS.iter().map(row).collect();
    lines.push(Long::default());
    let text = "The board shows what this clone knows, and changes nothing by itself. The line above the keys is \
                the command to type next for what is chosen.";
    lines.push(Long::of(None, text));
    lines
}

/// Which part of a version is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    All,
    /// What was declared and tried.
    Declared,
    /// What people and gates say of it, and what is left to do.
    Judged,
}

/// A version, or one change of it.
pub(super) fn of(
    board: &Board,
    (version, change): (&Version, Option<&ChangeId>),
    part: Part,
    now: &Stamp,
) -> Vec<Long> {
    let Some(detail) = board.detail(version) else {
        return vec![Long::of(None, "Reading…")];
    };
    let mut lines = Vec::new();
    if part != Part::Judged {
        declared(&mut lines, detail, change, now);
    }
    if part != Part::Declared && change.is_none() {
        let opinions = detail.opinions.iter().map(opinion);
        let nobody = "Nobody approved or rejected it";
        section(&mut lines, "Approvals", opinions, nobody);
        if detail.status.is_open() {
            standing(&mut lines, detail);
        }
    }
    lines
}

/// What was declared of it, and what was tried.
fn declared(lines: &mut Vec<Long>, detail: &Detail, change: Option<&ChangeId>, now: &Stamp) {
    if change.is_none() {
        opening(lines, detail, now);
    }
    let is_it = |id: &ChangeId| change.is_none_or(|change| id.is(change));
    let changes = detail.changes.iter().filter(|line| is_it(&line.change.id));
    let title = if change.is_none() {
        "Contract"
    } else {
        "Change"
    };
    section(lines, title, changes.flat_map(contract), "No changes yet");
    let tried = detail.evolutions.iter();
    let tried = tried.filter(|tried| is_it(&tried.name.change));
    let rows: Vec<Vec<Cell>> = tried.map(evolution).collect();
    section(lines, "Evolutions", aligned(&rows), "None was started");
}

/// What a release would lack, and who has to do what.
fn standing(lines: &mut Vec<Long>, detail: &Detail) {
    let missing = detail.missing.iter();
    let missing = missing.map(|line| entry(vec![Cell::of(Some(Colour::Bad), line)]));
    section(
        lines,
        "Gates that refuse",
        missing,
        "None besides what the changes show",
    );
    let steps = detail.steps.iter().flat_map(|step| {
        let who = step.who.as_deref().unwrap_or("you");
        let colour = step.who.is_none().then_some(Colour::Warning);
        let what = format!(": {}", step.what);
        let mut lines = vec![entry(vec![Cell::of(colour, who), what.into()])];
        if let Some(command) = &step.command {
            let command = Cell::of(Some(Colour::Typed), command);
            lines.push(Long::indented(vec!["      ".into(), command], 8));
        }
        lines
    });
    section(lines, "What is left to do", steps, "Nothing is known");
}

fn opening(lines: &mut Vec<Long>, detail: &Detail, now: &Stamp) {
    let mut pieces = vec![states::status(detail.status)];
    if let Some((by, at, commit)) = &detail.promoted {
        let when = ago(at, now).unwrap_or_else(|| view::day(at));
        pieces.push(format!(" {when} by {by}").into());
        if let Some(commit) = commit {
            pieces.push(format!(", at {}", commit.short()).into());
        }
    }
    lines.push(Long::indented(pieces, 2));
    if let Some(text) = detail
        .description
        .as_deref()
        .filter(|text| !text.is_empty())
    {
        lines.extend(text.lines().map(|line| Long::of(None, line)));
    }
    for trouble in &detail.trouble {
        lines.push(Long::of(Some(Colour::Bad), trouble));
    }
}

/// A heading and what is below it.
fn section(lines: &mut Vec<Long>, title: &str, below: impl Iterator<Item = Long>, empty: &str) {
    if !lines.is_empty() {
        lines.push(Long::default());
    }
    lines.push(Long::of(Some(Colour::Heading), title));
    let before = lines.len();
    lines.extend(below);
    if lines.len() == before {
        lines.push(entry(vec![Cell::of(None, empty)]));
    }
}

fn entry(mut pieces: Vec<Cell>) -> Long {
    pieces.insert(0, "  ".into());
    Long::indented(pieces, 4)
}

/// A change as its contract has it, and how far it is.
fn contract(line: &Line) -> Vec<Long> {
    let change = &line.change;
    let kind = match change.kind {
        ChangeKind::Add => "add",
        ChangeKind::Fix => "fix",
        ChangeKind::Refine => "refine",
        ChangeKind::Remove => "remove",
    };
    let mut lines = vec![entry(vec![
        format!("{kind:<6} ").into(),
        Cell::of(Some(Colour::Typed), change.id.as_str()),
        format!("  {}", change.title).into(),
    ])];
    let deeper = |pieces: Vec<Cell>| {
        let mut all: Vec<Cell> = vec![" ".repeat(9).into()];
        all.extend(pieces);
        Long::indented(all, 9)
    };
    let colour = states::progress(&line.standing.progress);
    let mut pieces = vec![Cell::of(colour, generation::standing(&line.standing))];
    let assigned = change.assignee.as_ref();
    if let Some(assignee) = assigned.filter(|_| line.standing.progress != Progress::Proven) {
        pieces.push(format!(", assigned to {assignee}").into());
    }
    lines.push(deeper(pieces));
    let described = change.description.iter().flat_map(|text| text.lines());
    lines.extend(described.map(|text| deeper(vec![Cell::of(None, text)])));
    if let Some(pipeline) = &change.pipeline {
        lines.push(deeper(vec![format!("pipeline {pipeline}").into()]));
    }
    lines.extend(
        change
            .links
            .iter()
            .map(|link| deeper(vec![Cell::of(None, link)])),
    );
    lines
}

/// An evolution, in columns.
fn evolution(tried: &Tried) -> Vec<Cell> {
    let at = tried.commit.as_ref();
    let at = at.map_or(String::new(), |commit| format!("at {}", commit.short()));
    let shared = match tried.shared {
        Some(false) => "not shared",
        Some(true) | None => "",
    };
    vec![
        Cell::of(Some(Colour::Typed), tried.name.change.as_str()),
        tried.name.rc().into(),
        states::trial(tried.status),
        tried.owner.name.as_str().into(),
        at.into(),
        Cell::of(Some(Colour::Warning), shared),
    ]
}

/// Rows as lines, each column as wide as its widest text.
fn aligned(rows: &[Vec<Cell>]) -> impl Iterator<Item = Long> {
    let widest = |at: usize| {
        let cells = rows.iter().filter_map(move |row| row.get(at));
        cells.map(|cell| width(&cell.text)).max().unwrap_or(0)
    };
    let line = move |row: &Vec<Cell>| {
        let mut pieces = Vec::new();
        for (at, cell) in row.iter().enumerate() {
            let gap = match widest(at) {
                0 => 0,
                widest => widest + 2 - width(&cell.text),
            };
            pieces.push(cell.clone());
            pieces.push(" ".repeat(gap).into());
        }
        entry(pieces)
    };
    rows.iter().map(line)
}

fn opinion(opinion: &Opinion) -> Long {
    let colour = match (opinion.says, opinion.counts) {
        (Word::Approved, true) => Some(Colour::Good),
        (Word::Approved, false) => Some(Colour::Warning),
        (Word::Rejected, _) => Some(Colour::Bad),
        (Word::Revoked, _) => None,
    };
    entry(vec![Cell::of(colour, opinion.line())])
}
