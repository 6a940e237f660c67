//! How this clone stands to the cloud: `sync status`.

use super::page::Page;
use super::sync::way;
use super::view::View;
use super::{generation, line};
use crate::commands;
use crate::model::state::SyncState;
use crate::model::unproven;
use crate::model::verdict::Gate;
use std::fmt::Write;

/// This clone beside the cloud.
pub(super) fn comparison(comparison: &commands::sync::status::Comparison) -> String {
    let mut text = String::from("Local generations:\n");
    let versions = comparison
        .local
        .iter()
        .map(|row| row.version.as_str().len());
    let there = comparison
        .cloud
        .iter()
        .map(|row| row.version.as_str().len());
    let width = versions.chain(there).max().unwrap_or(0);
    let states = comparison
        .local
        .iter()
        .map(|row| row.status.to_string().len());
    let state = states.max().unwrap_or(0).max("promoted".len());
    if comparison.local.is_empty() {
        text += "  none\n";
    }
    if comparison.more {
        text += "  (older ones: git gryt log)\n";
    }
    for row in &comparison.local {
        let edited = if row.edited { ", edited here" } else { "" };
        _ = writeln!(
            text,
            "  {:<width$}  {:<state$}  {:<9}  (cloud: {}{edited})",
            row.version.as_str(),
            row.status.to_string(),
            original(row.sync),
            row.cloud
        );
    }
    if !comparison.cloud.is_empty() {
        text += "\nCloud generations not in local:\n";
        for row in &comparison.cloud {
            _ = writeln!(text, "  {:<width$}  {}", row.version.as_str(), row.status);
        }
    }
    if !comparison.conflicts.is_empty() {
        text += "\nConflicts:\n";
        for clash in &comparison.conflicts {
            _ = writeln!(text, "  {}: {}", clash.version, clash.message);
            text += &way(clash.details.as_deref(), &clash.next);
        }
    }
    if !comparison.files.is_empty() {
        text.push('\n');
        text += &files(&comparison.files);
    }
    if !comparison.unshared.is_empty() {
        text += "\nNot shared (git gryt sync push-evolutions):\n";
        for name in &comparison.unshared {
            _ = writeln!(text, "  {name}");
        }
    }
    let generations = |n: usize| if n == 1 { "generation" } else { "generations" };
    let unshared = comparison.unshared.len();
    let line = match (comparison.behind, comparison.ahead) {
        (0, 0) if !comparison.conflicts.is_empty() => "Conflict".to_owned(),
        (0, 0) if unshared > 0 => {
            let evolutions = if unshared == 1 {
                "evolution"
            } else {
                "evolutions"
            };
            format!("Ahead ({unshared} {evolutions} not pushed)")
        }
        (0, 0) if !comparison.files.is_empty() => {
            "Not up to date (edits cannot be taken in)".to_owned()
        }
        (0, 0) => "Up to date".to_owned(),
        (0, n) => format!("Ahead ({n} local {} not pushed)", generations(n)),
        (n, _) => format!("Behind ({n} cloud {} not pulled)", generations(n)),
    };
    _ = writeln!(text, "\nSync status: {line}");
    text
}

/// Files whose edits cannot be taken in, and what to type.
pub(super) fn files(files: &[commands::sync::status::HeldFile]) -> String {
    let mut text = String::new();
    if !files.is_empty() {
        text += "Edits that cannot be taken in:\n";
    }
    for file in files {
        _ = writeln!(text, "  {}", line(&file.what));
        for why in &file.why {
            _ = writeln!(text, "    {}", line(why));
        }
        text += &way(None, &file.next);
    }
    text
}

/// A state by the word of the original design's blocks, which tell no draft that was never pushed
/// from one that went on since.
pub(super) fn original(sync: SyncState) -> String {
    match sync {
        SyncState::NotSynced => SyncState::Pending,
        other => other,
    }
    .to_string()
}

/// How far a version is proven.
pub(super) fn version_status(status: &commands::sync::status::OfVersion, view: &View) -> Page {
    let head = format!("Generation: {} ({})\n", status.version, status.status);
    let mut page = Page::with_headings(&head);
    page += generation::changes(&status.changes, view);
    let mut text = String::new();
    if status.status.is_open() {
        for missing in &status.missing {
            _ = writeln!(text, "  {}", line(missing));
        }
        let gate = <&str>::from(Gate::UnprovenCommits);
        let unproven = status.unproven.len();
        // A gate that stops says the same.
        if unproven > 0 && !status.missing.iter().any(|line| line.starts_with(gate)) {
            let (count, version) = (unproven::counted(unproven), &status.version);
            _ = writeln!(
                text,
                "  {count} (-v lists them): git gryt run --uncovered {version}"
            );
        }
        let ready = if status.ready { "YES" } else { "NO" };
        _ = writeln!(text, "Ready for promotion: {ready}");
    }
    page += Page::with_headings(&text);
    page
}
