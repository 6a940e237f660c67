//! What is shown of a release, as tables of cells: once as HTML, once packed for the page's own script. Both say the
//! same because both are written from this.

use crate::model::address::is_of_web;
use crate::model::approval::Word;
use crate::model::built::{Made, Released};
use crate::model::dossier::{Dossier, Shown, Tried};
use crate::model::state::{Recorded, Status};
use crate::model::verdict::{ExcuseKind, Only, Verdict};
use crate::model::{Oid, Person, Stamp};
use crate::render::{clean, count, line};

/// A release, ready to be written.
pub(super) struct View {
    pub version: String,
    pub state: Sign,
    pub at: Stamp,
    pub by: Cell,
    pub description: String,
    /// What it brings, in a line.
    pub brings: String,
    /// Why it should not be used, or believed.
    pub notices: Vec<(Sign, String)>,
    pub commit: Option<Oid>,
    pub entry: Oid,
    /// What its tables hold, in a line.
    pub holds: String,
    pub tables: Vec<Table>,
}

/// A table of a release: its shape by its place in [`SHAPES`].
pub(super) struct Table {
    pub shape: usize,
    pub rows: Vec<Vec<Cell>>,
}

/// A caption, and the names of the columns, of which the first names the row.
pub(super) type Shape = (&'static str, &'static [&'static str]);

pub(super) const SHAPES: [Shape; 5] = [
    ("Contract", &["Change", "Type", "What it brings", "Owner"]),
    (
        "Proofs",
        &["Evolution", "Result", "Commit", "By", "When", "Pipeline"],
    ),
    ("Gates", &["Gate", "Verdict", "Remarks"]),
    ("Approvals", &["Who", "Said", "Counted"]),
    ("Artifacts", &["Name", "Size", "SHA-256", "Built by"]),
];

/// What stands in a cell.
#[derive(Clone, Debug)]
pub(super) enum Cell {
    Text(String),
    /// A text that others share.
    Word(String),
    Sign(Sign),
    Person(String, String),
    /// An object, or a digest.
    Hex(String),
    /// A title, and what more is said of it.
    Titled(String, String),
    Time(Stamp),
    /// Of the change in that row of the contract, the evolution of that number.
    Evolution {
        row: usize,
        change: String,
        number: u32,
    },
    /// An address of the web.
    Link(String),
    Lines(Vec<Cell>),
}

/// A state in a word. Each has a mark beside its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sign(pub &'static str);

/// Each word with its mark and its tone.
pub(super) const SIGNS: [(&str, &str, &str); 18] = [
    ("promoted", "✓", "good"),
    ("imported", "↓", "dull"),
    ("withdrawn", "✕", "bad"),
    ("disputed", "!", "warn"),
    ("pass", "✓", "good"),
    ("fail", "✕", "bad"),
    ("void", "–", "dull"),
    ("abandoned", "–", "dull"),
    ("started", "…", "dull"),
    ("passed", "✓", "good"),
    ("failed", "✕", "bad"),
    ("waived", "~", "warn"),
    ("overridden", "~", "warn"),
    ("approved", "✓", "good"),
    ("rejected", "✕", "bad"),
    ("revoked", "–", "dull"),
    ("contested", "!", "warn"),
    ("chosen", "✓", "good"),
];

impl Sign {
    /// Its mark and its tone.
    pub(super) fn mark(self) -> (&'static str, &'static str) {
        let known = SIGNS.iter().find(|(word, ..)| *word == self.0);
        known.map_or(("·", "dull"), |(_, mark, tone)| (mark, tone))
    }

    pub(super) fn of(status: Status) -> Self {
        Self(match status {
            Status::Promoted => "promoted",
            Status::Imported => "imported",
            Status::Withdrawn => "withdrawn",
            Status::Disputed => "disputed",
            Status::Draft | Status::Broken => "started",
        })
    }
}

pub(super) fn person(who: &Person) -> Cell {
    Cell::Person(line(&who.name), line(&who.email))
}

impl View {
    pub(super) fn of(dossier: &Dossier) -> Self {
        let mut notices = Vec::new();
        if let Some(advice) = &dossier.withdrawal {
            let withdrawal = &advice.withdrawal;
            let mut said = format!(
                "Withdrawn by {} at {}: {}",
                withdrawal.by,
                time(&withdrawal.at),
                withdrawal.reason
            );
            for more in advice.says() {
                said += &format!("\n{more}");
            }
            notices.push((Sign("withdrawn"), clean(&said)));
        }
        for why in &dossier.disputed {
            let said = format!("Disputed: {}", line(why));
            notices.push((Sign("disputed"), said));
        }
        let proofs: usize = dossier.tried.iter().map(|tried| tried.proofs.len()).sum();
        let holds = [
            (dossier.changes.len(), "change"),
            (proofs, "proof"),
            (dossier.gates.len(), "gate"),
            (dossier.approvals.len(), "approval"),
            (dossier.artifacts.len(), "artifact"),
        ];
        let holds = holds.iter().filter(|(number, _)| *number > 0);
        let holds: Vec<String> = holds.map(|(number, one)| count(*number, one)).collect();
        let rows = [
            contract(dossier),
            dossier
                .tried
                .iter()
                .flat_map(|tried| proofs_of(dossier, tried))
                .collect(),
            dossier.gates.iter().map(gate).collect(),
            dossier
                .approvals
                .iter()
                .map(|said| {
                    vec![
                        person(&said.by),
                        Cell::Sign(Sign(match said.says {
                            Word::Approved => "approved",
                            Word::Rejected => "rejected",
                            Word::Revoked => "revoked",
                        })),
                        Cell::Word(if said.counted { "yes" } else { "no" }.to_owned()),
                    ]
                })
                .collect(),
            dossier.artifacts.iter().flat_map(artifacts).collect(),
        ];
        let tables = rows.into_iter().enumerate();
        Self {
            version: dossier.version.to_string(),
            state: Sign::of(dossier.status),
            at: dossier.at,
            by: person(&dossier.by),
            description: clean(dossier.description.as_deref().unwrap_or_default().trim()),
            brings: brings(dossier),
            notices,
            commit: dossier.commit.clone(),
            entry: dossier.entry.clone(),
            holds: holds.join(" · "),
            tables: tables
                .map(|(shape, rows)| Table { shape, rows })
                .filter(|table| !table.rows.is_empty())
                .collect(),
        }
    }
}

/// How many changes are named in a line.
const NAMED: usize = 3;

fn brings(dossier: &Dossier) -> String {
    let titles = dossier.changes.iter().take(NAMED);
    let titles: Vec<String> = titles.map(|change| line(&change.title)).collect();
    let more = dossier.changes.len().saturating_sub(NAMED);
    let more = match more {
        0 => String::new(),
        more => format!(" · and {more} more"),
    };
    titles.join(" · ") + &more
}

fn contract(dossier: &Dossier) -> Vec<Vec<Cell>> {
    let row = |change: &crate::model::Change| {
        let title = line(&change.title);
        let title = match change.description.as_deref().map(str::trim) {
            Some(more) if !more.is_empty() => Cell::Titled(title, clean(more)),
            _ => Cell::Text(title),
        };
        let mut what = vec![title];
        what.extend(change.links.iter().map(|link| said(link)));
        vec![
            Cell::Text(change.id.to_string()),
            Cell::Word(change.kind.to_string()),
            lines(what),
            Cell::Word(line(change.assignee.as_deref().unwrap_or_default())),
        ]
    };
    dossier.changes.iter().map(row).collect()
}

fn proofs_of(dossier: &Dossier, tried: &Tried) -> Vec<Vec<Cell>> {
    let row = dossier
        .changes
        .iter()
        .position(|change| change.id.is(&tried.change));
    let name = match row {
        Some(row) => Cell::Evolution {
            row,
            change: dossier.changes[row].id.to_string(),
            number: tried.number,
        },
        None => Cell::Text(format!("{}/rc.{}", tried.change, tried.number)),
    };
    let mut rows: Vec<Vec<Cell>> = tried
        .proofs
        .iter()
        .map(|proof| proof_row(&name, proof))
        .collect();
    let none = || Cell::Text(String::new());
    match rows.last_mut() {
        Some(last) if tried.abandoned => {
            let abandoned = Cell::Text("abandoned afterwards".into());
            last[1] = Cell::Lines(vec![last[1].clone(), abandoned]);
        }
        Some(last) if !tried.counted && matches!(last[1], Cell::Sign(Sign("pass"))) => {
            let vain = Cell::Text("did not count".into());
            last[1] = Cell::Lines(vec![last[1].clone(), vain]);
        }
        Some(_) => {}
        None => rows.push(vec![
            name,
            Cell::Sign(Sign(match tried.abandoned {
                true => "abandoned",
                false => "started",
            })),
            none(),
            person(&tried.owner),
            Cell::Time(tried.started),
            none(),
        ]),
    }
    rows
}

fn proof_row(name: &Cell, proof: &Shown) -> Vec<Cell> {
    let how = match &proof.pipeline {
        Some(pipeline) => line(pipeline),
        None => "recorded".to_owned(),
    };
    let mut how = vec![Cell::Word(how)];
    how.extend(proof.remarks.iter().map(|remark| said(remark)));
    vec![
        name.clone(),
        Cell::Sign(Sign(match proof.status {
            Recorded::Pass => "pass",
            Recorded::Fail => "fail",
            Recorded::Void => "void",
            Recorded::Abandoned => "abandoned",
        })),
        Cell::Hex(proof.commit.to_string()),
        person(&proof.by),
        Cell::Time(proof.at),
        lines(how),
    ]
}

fn gate(verdict: &Verdict) -> Vec<Cell> {
    let sign = match (verdict.passed, &verdict.excuse) {
        (true, _) => "passed",
        (false, None) => "failed",
        (false, Some(excuse)) => match excuse.kind {
            ExcuseKind::Waived => "waived",
            ExcuseKind::Overridden => "overridden",
        },
    };
    let mut remarks: Vec<String> = Vec::new();
    remarks.extend(verdict.excuse.iter().map(|excuse| excuse.reason.clone()));
    remarks.extend(verdict.missing.iter().cloned());
    remarks.extend(verdict.warnings.iter().cloned());
    remarks.extend(verdict.only.map(|only| {
        let which = match only {
            Only::Present => "the policy at the release commit",
            Only::Previous => "the policy of the previous release",
        };
        format!("by {which} alone")
    }));
    let remarks = remarks.iter().map(|said| Cell::Text(line(said)));
    vec![
        Cell::Word(line(&verdict.gate.to_string()).replace('_', " ")),
        Cell::Sign(Sign(sign)),
        lines(remarks.collect()),
    ]
}

fn artifacts(released: &Released) -> Vec<Vec<Cell>> {
    let name = line(released.name.as_str());
    let row = |made: &Made| {
        let sign = match (released.contested, released.chosen) {
            (true, _) => Some("contested"),
            (false, true) => Some("chosen"),
            (false, false) => None,
        };
        let mut name = vec![Cell::Text(name.clone())];
        name.extend(sign.map(|sign| Cell::Sign(Sign(sign))));
        vec![
            lines(name),
            Cell::Text(bytes(made.size)),
            Cell::Hex(made.sha256.to_string()),
            lines(made.by.iter().map(person).collect()),
        ]
    };
    released.made.iter().map(row).collect()
}

/// A line of others; a link where it is nothing but an address of the web.
fn said(text: &str) -> Cell {
    match is_of_web(text) {
        true => Cell::Link(text.to_owned()),
        false => Cell::Text(line(text)),
    }
}

fn lines(mut cells: Vec<Cell>) -> Cell {
    match cells.len() {
        0 => Cell::Text(String::new()),
        1 => cells.remove(0),
        _ => Cell::Lines(cells),
    }
}

/// A size with its digits in groups of three.
fn bytes(size: u64) -> String {
    format!("{} B", grouped(size))
}

/// A number with its digits in groups of three.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut said = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            said.push(',');
        }
        said.push(digit);
    }
    said
}

/// A moment as people read it, in the zone that it was noted in.
pub(super) fn time(at: &Stamp) -> String {
    let zone = match at.offset().local_minus_utc() {
        0 => "UTC".to_owned(),
        _ => at.format("%:z").to_string(),
    };
    format!("{} {zone}", at.format("%Y-%m-%d %H:%M"))
}
