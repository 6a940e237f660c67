//! What people asked to see: lists, comparisons, one thing in full.

use std::fmt::Write;

use super::{line, proving};
use crate::commands;
use crate::model::evolution::Cover;
use crate::model::proof::StepEnd;
use crate::model::standing::{Progress, Standing};
use crate::model::state::{Status, SyncState};
use crate::model::{Oid, Stamp};

/// Generations in a list.
pub fn generations(list: &commands::generation::List) -> String {
    let rows = list.generations.iter().map(|row| {
        let proven = format!("{}/{} proven", row.proven, row.changes);
        let mut described = row.description.clone().unwrap_or_default();
        if row.edited {
            described = format!("(edited) {described}");
        }
        vec![
            row.version.to_string(),
            row.status.to_string(),
            proven,
            described,
        ]
    });
    columns(&rows.collect::<Vec<_>>())
}

/// One generation in full.
pub fn generation(shown: &commands::generation::Shown) -> String {
    let edited = if shown.edited { ", edited" } else { "" };
    let mut text = format!("Generation: {} ({}{edited})\n", shown.version, shown.status);
    if let Some(description) = shown.description.as_deref().filter(|d| !d.is_empty()) {
        _ = writeln!(text, "Description: {}", line(description));
    }
    if let (Some(promoter), Some(at), Some(commit)) =
        (&shown.promoter, &shown.promoted_at, &shown.commit)
    {
        _ = writeln!(text, "Promoted: {} by {promoter}", day(at));
        _ = writeln!(text, "Commit: {commit}");
    }
    text + &changes(&shown.changes)
}

fn changes(changes: &[Standing]) -> String {
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

fn standing(standing: &Standing) -> String {
    let by = match (&standing.owner, standing.number) {
        (Some(owner), Some(number)) => format!(" ({owner}, rc.{number})"),
        _ => String::new(),
    };
    match &standing.progress {
        Progress::NotStarted => "not started".into(),
        Progress::Started => format!("started{by}"),
        Progress::Failed => format!("failed{by}"),
        Progress::Stale { why } => format!("stale{by}: {why}"),
        Progress::Abandoned => format!("given up{by}"),
        Progress::Elsewhere => {
            format!("proven{by}, at a commit that HEAD does not hold")
        }
        Progress::Proven => format!("proven{by}"),
    }
}

/// Evolutions in a list.
pub fn evolutions(list: &commands::evolution::List) -> String {
    if list.evolutions.is_empty() {
        return format!("{} has no evolutions yet\n", list.version);
    }
    let rows = list.evolutions.iter().map(|row| {
        let shared = match row.shared {
            Some(false) => "not shared",
            _ => "",
        };
        let commit = row.commit.as_ref().map_or("", |c| c.short());
        vec![
            row.change.to_string(),
            format!("rc.{}", row.number),
            row.status.to_string(),
            row.owner.name.clone(),
            commit.into(),
            shared.into(),
        ]
    });
    columns(&rows.collect::<Vec<_>>())
}

/// One evolution in full.
pub fn evolution(shown: &commands::evolution::Shown) -> String {
    let mut text = format!("Evolution: {} ({})\n", shown.name, shown.status);
    _ = writeln!(text, "Owner: {}", shown.owner);
    _ = writeln!(text, "Started: {}", day(&shown.started));
    if let Some(proof) = &shown.proof {
        _ = writeln!(text, "Proof: {} of {}", proof.status, proof.commit);
        if let Some(pipeline) = &proof.pipeline {
            let isolated = if proof.isolated { ", isolated" } else { "" };
            _ = writeln!(text, "Pipeline: {}{isolated}", pipeline.name);
        }
        for step in &proof.steps {
            let end = match (step.status, step.exit) {
                (StepEnd::Pass, _) => "passed".to_owned(),
                (StepEnd::Skipped, _) => "skipped".to_owned(),
                (StepEnd::Timeout, _) => "took too long".to_owned(),
                (StepEnd::Fail, Some(exit)) => format!("exit {exit}"),
                (StepEnd::Fail, None) => "did not end by itself".to_owned(),
            };
            let allowed = if step.allowed { ", may fail" } else { "" };
            _ = writeln!(
                text,
                "  {}  {end}, {} ms{allowed}",
                step.name, step.duration_ms
            );
        }
        if let Some(evidence) = &proof.evidence {
            text += "Recorded from elsewhere:\n";
            text += &proving::evidence(evidence);
        }
        _ = writeln!(
            text,
            "By: {} on {}, {}",
            proof.by,
            proof.host,
            day(&proof.at)
        );
    }
    if let Some(why) = &shown.stale {
        _ = writeln!(text, "It does not count: {why}");
    }
    if let Some(why) = &shown.abandoned {
        _ = writeln!(text, "Given up: {}", line(why));
    }
    match shown.cover {
        Some(Cover::Missing) => text += "HEAD does not hold the proven commit\n",
        Some(Cover::Patch) => text += "HEAD holds its changes under other commits\n",
        Some(Cover::Tree) => text += "HEAD's history has its very tree\n",
        Some(Cover::Ancestor) | None => {}
    }
    text
}

/// This clone beside the cloud.
pub fn status(comparison: &commands::sync::status::Comparison) -> String {
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
            "  {:<width$}  {:<8}  {:<9}  (cloud: {}{edited})",
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
        }
    }
    let generations = |n: usize| if n == 1 { "generation" } else { "generations" };
    let line = match (comparison.behind, comparison.ahead) {
        (0, 0) if !comparison.conflicts.is_empty() => "Conflict".to_owned(),
        (0, 0) => "Up to date".to_owned(),
        (0, n) => format!("Ahead ({n} local {} not pushed)", generations(n)),
        (n, _) => format!("Behind ({n} cloud {} not pulled)", generations(n)),
    };
    _ = writeln!(text, "\nSync status: {line}");
    text
}

/// A state by the word of the original design's blocks, which tell no draft that was never pushed
/// from one that went on since.
fn original(sync: SyncState) -> String {
    match sync {
        SyncState::NotSynced => SyncState::Pending,
        other => other,
    }
    .to_string()
}

/// How far a version is proven.
pub fn version_status(status: &commands::sync::status::OfVersion) -> String {
    let mut text = format!("Generation: {} ({})\n", status.version, status.status);
    text += &changes(&status.changes);
    if status.status.is_open() {
        for missing in &status.missing {
            _ = writeln!(text, "  {}", line(missing));
        }
        let ready = if status.ready { "YES" } else { "NO" };
        _ = writeln!(text, "Ready for promotion: {ready}");
    }
    text
}

/// What was promoted.
pub fn log(entries: &commands::log::Entries) -> String {
    if entries.entries.is_empty() {
        return "Nothing was promoted yet\n".into();
    }
    let rows = entries.entries.iter().map(|entry| {
        vec![
            entry.version.to_string(),
            entry.status().to_string(),
            day(&entry.promoted_at),
            entry.promoter.name.clone(),
            entry.commit.as_ref().map_or("-", Oid::short).into(),
            entry.description.clone().unwrap_or_default(),
        ]
    });
    let mut text = columns(&rows.collect::<Vec<_>>());
    // A gate that a word opened stands out below the list, whatever the list's width.
    for entry in &entries.entries {
        for excuse in &entry.excuses {
            _ = writeln!(text, "! {} {}", entry.version, line(excuse));
        }
    }
    text
}

/// What a version brings.
pub fn release_notes(notes: &commands::notes::Notes) -> String {
    use crate::model::generation::ChangeKind;
    let mut text = format!("# {}", notes.version);
    match &notes.promoted_at {
        Some(at) => _ = writeln!(text, " ({})", at.format("%Y-%m-%d")),
        None => text += " (draft)\n",
    }
    if let Some(withdrawal) = &notes.withdrawal {
        _ = writeln!(text, "\nWithdrawn: {}", withdrawal.reason);
        if let Some(instead) = &withdrawal.replacement {
            _ = writeln!(text, "Use {instead} instead.");
        }
    }
    if let Some(description) = notes
        .contract
        .description
        .as_deref()
        .filter(|d| !d.is_empty())
    {
        _ = writeln!(text, "\n{description}");
    }
    for (kind, heading) in [
        (ChangeKind::Add, "Added"),
        (ChangeKind::Refine, "Refined"),
        (ChangeKind::Fix, "Fixed"),
        (ChangeKind::Remove, "Removed"),
    ] {
        let mut of_kind = notes
            .contract
            .changes
            .iter()
            .filter(|c| c.kind == kind)
            .peekable();
        if of_kind.peek().is_some() {
            _ = writeln!(text, "\n## {heading}\n");
        }
        for change in of_kind {
            _ = writeln!(text, "- {} ({})", change.title, change.id);
        }
    }
    text
}

/// Where a change or a commit is.
pub fn whereabouts(places: &commands::locate::Whereabouts) -> String {
    let mut text = String::new();
    for shipped in &places.shipped {
        let by: Vec<&str> = shipped.proven_by.iter().map(|p| p.name.as_str()).collect();
        let proven = match by.as_slice() {
            [] => String::new(),
            by => format!(", proven by {}", by.join(", ")),
        };
        let withdrawn = match shipped.status {
            Status::Withdrawn => ", withdrawn since",
            Status::Imported => ", before gryt",
            Status::Draft | Status::Broken | Status::Promoted => "",
        };
        _ = writeln!(
            text,
            "{} was shipped in {}{proven}{withdrawn}",
            places.what, shipped.version
        );
    }
    for version in &places.wanted {
        _ = writeln!(text, "{} is wanted by the draft {version}", places.what);
    }
    if text.is_empty() {
        _ = writeln!(text, "{} is in no promoted version", places.what);
    }
    text
}

/// Settings.
pub fn config(settings: &commands::config::Settings) -> String {
    use crate::config::Origin;
    let mut text = String::new();
    for setting in &settings.settings {
        let value = setting.value.as_deref().unwrap_or("");
        if settings.single {
            _ = writeln!(text, "{value}");
            continue;
        }
        let origin = match setting.origin {
            Origin::Environment => "environment",
            Origin::Git => "git config",
            Origin::Shared => ".gryt/config.yaml",
            Origin::Default => "default",
        };
        _ = writeln!(text, "{:<16}{value:<12}({origin})", setting.key);
    }
    text
}

/// Rows as columns, two spaces apart.
pub(super) fn columns(rows: &[Vec<String>]) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    let mut text = String::new();
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    table.add_rows(rows.iter().map(|row| row.iter().map(|cell| line(cell))));
    for at in 0..count {
        if let Some(column) = table.column_mut(at) {
            column.set_padding((0, 2));
        }
    }
    for line in table.to_string().lines() {
        _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// A moment, to the minute, in the zone where it happened.
fn day(at: &Stamp) -> String {
    at.format("%Y-%m-%d %H:%M %z").to_string()
}
