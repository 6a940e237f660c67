//! What `generation` says to people.

use std::fmt::Write;

use super::page::{Colour, Page};
use super::table::Cell;
use super::view::{self, View};
use super::{line, states, table};
use crate::commands;
use crate::model::Version;
use crate::model::signed_by::{SignedBy, State};
use crate::model::standing::{Progress, Standing};

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
    let mut text = format!(
        "Renamed {old} to {new}, with {} of your evolutions\n",
        renamed.evolutions
    );
    if renamed.left_cloud {
        _ = writeln!(text, "{old} is gone from the cloud");
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
        let proven = format!("{}/{} proven", row.proven, row.changes);
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
pub(super) fn generation(shown: &commands::generation::Shown) -> String {
    let edited = if shown.edited { ", edited" } else { "" };
    let mut text = format!("Generation: {} ({}{edited})\n", shown.version, shown.status);
    if let Some(description) = shown.description.as_deref().filter(|d| !d.is_empty()) {
        _ = writeln!(text, "Description: {}", line(description));
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
    text + &changes(&shown.changes)
}

/// Each change and how far it is.
pub(super) fn changes(changes: &[Standing]) -> String {
    if changes.is_empty() {
        return "Changes: none\n".into();
    }
    let id = changes
        .iter()
        .map(|c| c.change.as_str().len())
        .max()
        .unwrap_or(0);
    let title = changes
        .iter()
        .map(|c| c.title.chars().count())
        .max()
        .unwrap_or(0);
    let mut text = String::from("Changes:\n");
    for change in changes {
        let standing = standing(change);
        _ = writeln!(
            text,
            "  {:<id$}  {:<title$}   {standing}",
            change.change.as_str(),
            change.title
        );
    }
    text
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
