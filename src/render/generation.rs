//! What `generation` says to people.

use std::fmt::Write;

use unicode_width::UnicodeWidthStr as _;

use super::page::{Colour, Page};
use super::table::Cell;
use super::view::{self, View};
use super::{line, states, table};
use crate::commands;
use crate::model::Version;
use crate::model::signed_by::{SignedBy, State};
use crate::model::standing::{Progress, Standing};
use crate::model::state::Status;

/// A draft that was declared.
pub(super) fn new_generation(made: &commands::generation::declare::Made) -> String {
    let mut text = made.found.as_ref().map(proposed).unwrap_or_default();
    let version = &made.version;
    if made.dry_run {
        let count = super::count(made.changes, "change");
        _ = writeln!(text, "Would declare {version}, with {count}");
        return text;
    }
    _ = writeln!(text, "Declared {version} in {}", made.file);
    if made.changes == 0 {
        text += "Edit that file to say what it must contain\n";
    }
    text + &unshared(made.unshared, &made.version)
}

/// The most commits without a change that are named.
const MOST_OTHERS: usize = 10;

/// The changes that commits proposed.
fn proposed(found: &commands::generation::commits::Found) -> String {
    let commits = super::count(found.commits, "commit");
    let mut text = match &found.since {
        Some(since) => format!("{commits} since {}:\n", line(since)),
        None => format!("{commits}:\n"),
    };
    let rows = found.changes.iter().map(|change| {
        vec![
            format!("  {}", change.kind),
            change.id.to_string(),
            line(&change.title),
            super::count(change.commits.len(), "commit"),
        ]
    });
    text += &table::columns(&rows.collect::<Vec<_>>());
    if !found.others.is_empty() {
        let count = super::count(found.others.len(), "commit");
        _ = writeln!(text, "No change is proposed by {count}:");
        for other in found.others.iter().take(MOST_OTHERS) {
            _ = writeln!(text, "  {} {}", other.commit.short(), line(&other.subject));
        }
        if let Some(more) = found.others.len().checked_sub(MOST_OTHERS + 1) {
            _ = writeln!(text, "  and {} more", more + 1);
        }
        text += "To name a change, commit with a trailer: Gryt-Change: ID\n";
    }
    text
}

/// A draft under another name.
pub(super) fn renamed(renamed: &commands::generation::rename::Renamed) -> String {
    let (old, new) = (&renamed.old, &renamed.new);
    let along = match renamed.evolutions {
        0 => String::new(),
        some => format!(", with {some} of your evolutions"),
    };
    let mut text = format!("Renamed {old} to {new}{along}\n");
    if renamed.left_cloud {
        _ = writeln!(text, "{old} was deleted in the cloud");
    }
    text + &unshared(renamed.unshared, new)
}

/// That what was done to a draft is in this clone alone.
pub(super) fn unshared(unshared: bool, version: &Version) -> String {
    match unshared {
        true => format!("{version} is not shared yet: git gryt sync push {version}\n"),
        false => String::new(),
    }
}

/// Generations in a list.
pub(super) fn generations(list: &commands::generation::List, view: &View) -> Page {
    let rows = list.generations.iter().map(|row| {
        let proven = match row.status {
            // Nothing of it was proven here, and nothing has to be.
            Status::Imported => String::new(),
            _ => format!("{}/{} proven", row.proven, row.changes),
        };
        let mut described = row.description.clone().unwrap_or_default();
        if row.edited {
            described = format!("(edited) {described}").trim_end().to_owned();
        }
        vec![
            Cell::of(Some(Colour::Typed), row.version.to_string()),
            states::status(row.status),
            proven.into(),
            described.into(),
        ]
    });
    if list.generations.is_empty() {
        return "No generations\n".to_owned().into();
    }
    table::page(&rows.collect::<Vec<_>>(), view)
}

/// One generation in full.
pub(super) fn generation(shown: &commands::generation::Shown, view: &View) -> Page {
    let edited = if shown.edited { ", edited" } else { "" };
    let mut text = format!("Generation: {} ({}{edited})\n", shown.version, shown.status);
    if let Some(description) = shown.description.as_deref().filter(|d| !d.is_empty()) {
        let described = format!("Description: {}", line(description));
        _ = writeln!(text, "{}", view.folded(&described, 2));
    }
    if let (Some(promoter), Some(at), Some(commit)) =
        (&shown.promoter, &shown.promoted_at, &shown.commit)
    {
        _ = writeln!(text, "Promoted: {} by {promoter}", view::day(at));
        _ = writeln!(text, "Commit: {commit}");
        let signed = |by: &&SignedBy| by.state != State::Missing;
        if let Some(signature) = shown.signature.as_ref().filter(signed) {
            _ = writeln!(text, "Entry: {}", line(&signature.says()));
        }
    }
    for opinion in &shown.approvals {
        let mut said = opinion.line();
        if let Some(first) = said.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        _ = writeln!(text, "{}", line(&said));
    }
    let mut page = Page::with_headings(&text);
    page += changes(&shown.changes, view);
    page
}

/// Each change and how far it is. On a narrow terminal the titles give way.
pub(super) fn changes(changes: &[Standing], view: &View) -> Page {
    if changes.is_empty() {
        return "Changes: none\n".to_owned().into();
    }
    let id = changes
        .iter()
        .map(|c| c.change.as_str().len())
        .max()
        .unwrap_or(0);
    let rows: Vec<(&str, &str, String)> = changes
        .iter()
        .map(|change| {
            (
                change.change.as_str(),
                change.title.as_str(),
                standing(change),
            )
        })
        .collect();
    let widest = |texts: &[&str]| texts.iter().map(|text| text.width()).max().unwrap_or(0);
    let standings: Vec<&str> = rows
        .iter()
        .map(|(_, _, standing)| standing.as_str())
        .collect();
    // What stands around a title: two columns, the id, two, and three more before how far it is.
    let around = id + widest(&standings) + 7;
    let titles: Vec<String> = rows
        .iter()
        .map(|(_, title, _)| view.cut(title, around))
        .collect();
    let title = widest(&titles.iter().map(String::as_str).collect::<Vec<_>>());
    let mut page = Page::of(Colour::Heading, "Changes:").plainly("\n");
    for (((change, _, standing), shown), of) in rows.iter().zip(&titles).zip(changes) {
        let room = " ".repeat(title - shown.width());
        _ = write!(page, "  {change:<id$}  {shown}{room}   ");
        page = match states::progress(&of.progress) {
            Some(colour) => page.and(colour, standing.as_str()),
            None => page.plainly(standing),
        };
        page += "\n";
    }
    page
}

/// How far a change is, in a sentence.
pub(super) fn standing(standing: &Standing) -> String {
    let by = match (&standing.owner, standing.number) {
        (Some(owner), Some(number)) => format!(" ({}, rc.{number})", owner.name),
        _ => String::new(),
    };
    match &standing.progress {
        Progress::NotStarted => "not started".into(),
        Progress::Started => format!("started{by}"),
        Progress::Failed => format!("failed{by}"),
        Progress::Stale { why } => format!("stale{by}: {why}"),
        Progress::Abandoned => format!("abandoned{by}"),
        Progress::Elsewhere { pull: false } => {
            format!("proven{by}, at a commit that HEAD does not hold")
        }
        Progress::Elsewhere { pull: true } => {
            format!("proven{by}, at a commit that HEAD does not hold yet: git pull")
        }
        Progress::Proven => format!("proven{by}"),
    }
}
