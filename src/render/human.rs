//! What people read.

use std::fmt::Write;

use super::Style;
use crate::commands::{self, Outcome};
use crate::context::Event;
use crate::model::evolution::Outcome as Ended;
use crate::model::standing::{Progress, Standing};
use crate::model::{Refusal, Stamp};

/// One event, in a line.
pub fn event(event: Event<'_>, style: Style) -> String {
    let text = match event {
        Event::Note { text } | Event::Detail { text } => text.to_owned(),
        Event::Warning { text } => format!("{} {text}", style.bad("warning:")),
        Event::StepStarted { step } => style.heading(&format!("[{step}]")),
        Event::StepEnded { step, exit, millis } => {
            let seconds = millis / 1000;
            let tenths = millis % 1000 / 100;
            match exit {
                Some(0) => format!("[{step}] passed in {seconds}.{tenths} s"),
                Some(exit) => style.bad(&format!("[{step}] failed with exit {exit}")),
                None => style.bad(&format!("[{step}] was ended by a signal")),
            }
        }
        Event::StepOutput { bytes } => String::from_utf8_lossy(bytes).into_owned(),
        Event::Typed { who, line } => format!("\n{who} $ {}", style.typed(line)),
        Event::Said { text } => format!("\n{}", style.heading(&format!("# {text}"))),
    };
    super::clean(&text)
}

/// An error: what happened, why, and what to type next.
pub fn error(error: &anyhow::Error, style: Style, verbose: bool) -> String {
    let label = style.bad("ERROR:");
    let Some(refusal) = error.downcast_ref::<Refusal>() else {
        let mut text = format!("{label} {error}\n");
        for cause in error
            .chain()
            .skip(1)
            .take(if verbose { usize::MAX } else { 1 })
        {
            _ = writeln!(text, "  {cause}");
        }
        return text;
    };
    let mut text = format!("{label} {}\n", refusal.what);
    for line in &refusal.why {
        _ = writeln!(text, "{line}");
    }
    match refusal.next.as_slice() {
        [] => {}
        [only] => _ = writeln!(text, "Next: {only}"),
        several => {
            text += "Next, one of:\n";
            for command in several {
                _ = writeln!(text, "  {command}");
            }
        }
    }
    text
}

/// What a command came to.
pub fn outcome(outcome: &Outcome, style: Style, quiet: bool) -> String {
    let text = match outcome {
        Outcome::Init(prepared) => init(prepared),
        Outcome::Config(settings) => return config(settings),
        Outcome::GenerationNew(made) => new_generation(made),
        Outcome::GenerationEdit(changed) => match changed.changed {
            true => format!("Edited {}\n", changed.version),
            false => format!("{} is as it was\n", changed.version),
        },
        Outcome::GenerationList(list) => return generations(list),
        Outcome::GenerationShow(shown) => return generation(shown),
        Outcome::GenerationRename(renamed) => format!(
            "Renamed {} to {}, with {} of your evolutions\n",
            renamed.old, renamed.new, renamed.evolutions
        ),
        Outcome::GenerationDelete(deleted) => {
            let place = if deleted.cloud {
                "here and in the cloud"
            } else {
                "here"
            };
            let version = &deleted.version;
            format!(
                "Deleted {version} {place}\nFor 30 days it can come back: git gryt generation restore {version}\n"
            )
        }
        Outcome::GenerationRestore(restored) => match &restored.kept {
            None => format!("Restored {}\n", restored.version),
            Some(kept) => format!(
                "{} is promoted; your edit of its file is kept: git show {kept}\n",
                restored.version
            ),
        },
        Outcome::GenerationResolve(resolved) => match resolved.stays {
            true => format!(
                "Resolved {0}; share it: git gryt sync push {0}\n",
                resolved.version
            ),
            false => format!("Resolved: {} is gone here too\n", resolved.version),
        },
        Outcome::EvolutionAbandon(abandoned) => format!("Gave up {}\n", abandoned.name),
        Outcome::Withdraw(withdrawn) => {
            let place = if withdrawn.cloud { " in cloud" } else { "" };
            let version = &withdrawn.withdrawal.version;
            format!("Withdrawn: {version}{place}. The version stays taken\n")
        }
        Outcome::Notes(notes) => return release_notes(notes),
        Outcome::Where(places) => return whereabouts(places),
        Outcome::EvolutionStart(started) => format!(
            "Started {} for {}: {}\n",
            started.name.rc(),
            started.name.change,
            started.title
        ),
        Outcome::EvolutionList(list) => return evolutions(list),
        Outcome::EvolutionShow(shown) => return evolution(shown),
        Outcome::Run(proven) => run(proven, style),
        Outcome::Promote(promoted) => promote(promoted),
        Outcome::Pull(pulled) => pull(pulled),
        Outcome::Push(pushed) => push(pushed),
        Outcome::PushEvolutions(pushed) => push_evolutions(pushed),
        Outcome::Status(overview) => return status(overview),
        Outcome::VersionStatus(status) => return version_status(status),
        Outcome::Log(entries) => return log(entries),
        Outcome::Demo(played) => demo(played),
    };
    // A report is what was asked for; the rest is news of something that was done.
    if quiet { String::new() } else { text }
}

fn init(prepared: &commands::init::Prepared) -> String {
    let mut text = String::new();
    for file in &prepared.written {
        _ = writeln!(text, "Wrote {file}");
    }
    if prepared.written.is_empty() {
        text += "Everything is there already\n";
    } else {
        text += "Commit these: git add .gryt && git commit\n";
    }
    text
}

fn config(settings: &commands::config::Settings) -> String {
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

fn new_generation(made: &commands::generation::Made) -> String {
    let mut text = format!("Declared {} in {}\n", made.version, made.file);
    if made.changes == 0 {
        text += "Edit that file to say what it must contain\n";
    }
    text
}

fn generations(list: &commands::generation::List) -> String {
    let rows = list.generations.iter().map(|row| {
        let proven = format!("{}/{} proven", row.proven, row.changes);
        let mut described = row.description.clone().unwrap_or_default();
        if row.edited {
            described = format!("(edited) {described}");
        }
        vec![
            row.version.to_string(),
            row.status.into(),
            proven,
            described,
        ]
    });
    columns(&rows.collect::<Vec<_>>())
}

fn generation(shown: &commands::generation::Shown) -> String {
    let edited = if shown.edited { ", edited" } else { "" };
    let mut text = format!("Generation: {} ({}{edited})\n", shown.version, shown.status);
    if let Some(description) = shown.description.as_deref().filter(|d| !d.is_empty()) {
        _ = writeln!(text, "Description: {}", super::line(description));
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
        Progress::Proven => format!("proven{by}"),
    }
}

fn evolutions(list: &commands::evolution::List) -> String {
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
            row.status.into(),
            row.owner.name.clone(),
            commit.into(),
            shared.into(),
        ]
    });
    columns(&rows.collect::<Vec<_>>())
}

fn evolution(shown: &commands::evolution::Shown) -> String {
    let mut text = format!("Evolution: {} ({})\n", shown.name, shown.status);
    _ = writeln!(text, "Owner: {}", shown.owner);
    _ = writeln!(text, "Started: {}", day(&shown.started));
    if let Some(proof) = &shown.proof {
        _ = writeln!(text, "Proof: {} of {}", proof.status, proof.commit);
        _ = writeln!(text, "Pipeline: {}", proof.pipeline.name);
        for step in &proof.steps {
            let exit = step.exit.map_or("a signal".into(), |e| format!("exit {e}"));
            _ = writeln!(text, "  {}  {exit}, {} ms", step.name, step.duration_ms);
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
    text
}

fn run(proven: &commands::run::Proven, style: Style) -> String {
    let name = &proven.name;
    let (change, version) = (&name.change, &name.version);
    let at = proven.commit.short();
    let mut text = match (proven.status, &proven.void) {
        (Ended::Pass, None) => format!("Proven: {change} of {version} ({}) at {at}\n", name.rc()),
        (Ended::Pass, Some(why)) => {
            format!(
                "Passed, and proves nothing: {why} ({change} of {version}, {})\n",
                name.rc()
            )
        }
        (Ended::Fail, _) => {
            let line = format!("Failed: {change} of {version} ({}) at {at}", name.rc());
            style.bad(&line) + "\n"
        }
    };
    if proven.unshared {
        _ = writeln!(
            text,
            "The proof is not shared yet: git gryt sync push-evolutions {version}"
        );
    }
    text
}

fn promote(promoted: &commands::promote::Promoted) -> String {
    use crate::session::heal::TagState;
    let sealed = &promoted.sealed;
    let version = &sealed.version;
    let place = if promoted.cloud { " to cloud" } else { "" };
    let mut text = match (promoted.dry_run, promoted.earlier) {
        (true, false) => format!("{version} could be promoted{place} now\n"),
        (_, true) => format!("Success: {version} was promoted{place} by an earlier run\n"),
        (false, false) => format!("Success: {version} promoted{place}\n"),
    };
    let count = sealed.evolutions.iter().filter(|f| f.counted).count();
    let evolutions = if count == 1 {
        "evolution"
    } else {
        "evolutions"
    };
    let at = sealed.commit.short();
    _ = writeln!(text, "  Commit {at}, proven by {count} {evolutions}");
    if promoted.unpushed {
        text += "  Sealed with edits of yours that were not pushed before\n";
    }
    if !promoted.dry_run {
        match promoted.tag {
            Some(TagState::Made) => _ = writeln!(text, "  Tag {version}"),
            Some(TagState::Refused | TagState::Waiting) | None => {}
        }
    }
    text
}

fn pull(pulled: &commands::sync::Pulled) -> String {
    let mut text = format!(
        "Pulled from cloud:\n  New generations: {}\n  Updated: {}\n",
        pulled.new, pulled.updated
    );
    if !pulled.conflicts.is_empty() {
        text += "\nConflicts detected:\n";
        for conflict in &pulled.conflicts {
            _ = writeln!(text, "  {}: {}", conflict.version, conflict.reason);
            _ = writeln!(text, "    {}", conflict.resolution);
        }
    }
    let notes = pull_notes(&pulled.details);
    if !notes.is_empty() {
        text += "\nNote:\n";
        text += &notes;
    }
    text
}

/// What a pull brought beside generations.
pub fn pull_notes(adopted: &crate::model::reconcile::Adopted) -> String {
    let mut notes = String::new();
    for version in &adopted.withdrawn {
        _ = writeln!(notes, "  {version} was withdrawn in the cloud");
    }
    for version in &adopted.late_drafts {
        _ = writeln!(
            notes,
            "  {version} was promoted without your last edits of it"
        );
    }
    for name in &adopted.left {
        _ = writeln!(
            notes,
            "  {name} left the cloud; it is kept here for 30 days"
        );
    }
    for name in &adopted.late_evolutions {
        _ = writeln!(
            notes,
            "  {name} is late: {} was promoted without it",
            name.version
        );
    }
    for (before, after) in &adopted.renumbered {
        let rc = after.rc();
        _ = writeln!(notes, "  {before} was taken: yours is now {rc}");
    }
    for name in &adopted.replayed {
        _ = writeln!(notes, "  {name} went on in another clone of yours: joined");
    }
    for version in &adopted.merged {
        _ = writeln!(
            notes,
            "  {version} was edited here too: merged, and not pushed yet"
        );
    }
    for (version, reason) in &adopted.retracted {
        _ = writeln!(notes, "  {version} was withdrawn from use: {reason}");
    }
    for (name, why) in &adopted.quarantined {
        _ = writeln!(
            notes,
            "  {name} does not check and counts for nothing: {why}"
        );
    }
    notes
}

fn push(pushed: &commands::sync::Pushed) -> String {
    let mut text = format!(
        "Pushed to cloud:\n  Created: {}\n  Updated: {}\n",
        pushed.created.len(),
        pushed.updated.len()
    );
    if !pushed.errors.is_empty() {
        text += "\nErrors:\n";
        for failure in &pushed.errors {
            _ = writeln!(text, "  {}: {}", failure.version, failure.error);
            _ = writeln!(text, "    {}", failure.resolution);
        }
    }
    text
}

fn push_evolutions(pushed: &commands::sync::PushedEvolutions) -> String {
    let mut text = format!(
        "Pushed evolutions to cloud:\n  Created: {}\n  Updated: {}\n",
        pushed.created.len(),
        pushed.updated.len()
    );
    for (before, after) in &pushed.renumbered {
        _ = writeln!(text, "  {before} was taken: yours is now {}", after.rc());
    }
    for name in &pushed.late {
        _ = writeln!(
            text,
            "  {name} is late: {} was promoted without it",
            name.version
        );
    }
    for (name, why) in &pushed.quarantined {
        _ = writeln!(
            text,
            "  {name} does not check and counts for nothing: {why}"
        );
    }
    text
}

fn status(overview: &commands::status::Overview) -> String {
    let mut text = String::from("Local generations:\n");
    let versions = overview.local.iter().map(|row| row.version.as_str().len());
    let there = overview.cloud.iter().map(|row| row.version.as_str().len());
    let width = versions.chain(there).max().unwrap_or(0);
    if overview.local.is_empty() {
        text += "  none\n";
    }
    if overview.more {
        text += "  (older ones: git gryt log)\n";
    }
    for row in &overview.local {
        let edited = if row.edited { ", edited here" } else { "" };
        _ = writeln!(
            text,
            "  {:<width$}  {:<8}  {:<9}  (cloud: {}{edited})",
            row.version.as_str(),
            row.status,
            row.sync,
            row.cloud
        );
    }
    if !overview.cloud.is_empty() {
        text += "\nCloud generations not in local:\n";
        for row in &overview.cloud {
            _ = writeln!(text, "  {:<width$}  {}", row.version.as_str(), row.status);
        }
    }
    if !overview.conflicts.is_empty() {
        text += "\nConflicts:\n";
        for clash in &overview.conflicts {
            _ = writeln!(text, "  {}: {}", clash.version, clash.message);
        }
    }
    let generations = |n: usize| if n == 1 { "generation" } else { "generations" };
    let line = match (overview.behind, overview.ahead) {
        (0, 0) if !overview.conflicts.is_empty() => "Conflict".to_owned(),
        (0, 0) => "Up to date".to_owned(),
        (0, n) => format!("Ahead ({n} local {} not pushed)", generations(n)),
        (n, _) => format!("Behind ({n} cloud {} not pulled)", generations(n)),
    };
    _ = writeln!(text, "\nSync status: {line}");
    text
}

fn version_status(status: &commands::status::OfVersion) -> String {
    let mut text = format!("Generation: {} ({})\n", status.version, status.status);
    text += &changes(&status.changes);
    if status.status == "draft" {
        let ready = if status.ready { "YES" } else { "NO" };
        _ = writeln!(text, "Ready for promotion: {ready}");
    }
    text
}

fn log(entries: &commands::log::Entries) -> String {
    if entries.entries.is_empty() {
        return "Nothing was promoted yet\n".into();
    }
    let rows = entries.entries.iter().map(|entry| {
        vec![
            entry.version.to_string(),
            entry.status().into(),
            day(&entry.promoted_at),
            entry.promoter.name.clone(),
            entry.commit.short().into(),
            entry.description.clone().unwrap_or_default(),
        ]
    });
    columns(&rows.collect::<Vec<_>>())
}

fn release_notes(notes: &commands::notes::Notes) -> String {
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

fn whereabouts(places: &commands::locate::Places) -> String {
    let mut text = String::new();
    for shipped in &places.shipped {
        let by: Vec<&str> = shipped.proven_by.iter().map(|p| p.name.as_str()).collect();
        let proven = match by.as_slice() {
            [] => String::new(),
            by => format!(", proven by {}", by.join(", ")),
        };
        let withdrawn = if shipped.status == "withdrawn" {
            ", withdrawn since"
        } else {
            ""
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

fn demo(played: &commands::demo::Played) -> String {
    let mut text = format!("\nThe sandbox is {}. Try:\n", played.sandbox.display());
    for command in &played.tries {
        _ = writeln!(text, "  {command}");
    }
    text
}

/// A moment, to the minute, in the zone where it happened.
fn day(at: &Stamp) -> String {
    at.format("%Y-%m-%d %H:%M %z").to_string()
}

/// Rows as columns, two spaces apart.
fn columns(rows: &[Vec<String>]) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    let mut text = String::new();
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    table.add_rows(
        rows.iter()
            .map(|row| row.iter().map(|cell| super::line(cell))),
    );
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
