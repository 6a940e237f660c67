//! What people read.

use std::fmt::Write;

use super::{Style, around, asked, proving, report};
use crate::commands::{self, Outcome};
use crate::context::Event;
use crate::model::{EvolutionName, Refusal};

/// One event, in a line.
pub fn event(event: Event<'_>, style: Style) -> String {
    let text = match event {
        Event::Note { text } | Event::Detail { text } => text.to_owned(),
        Event::Warning { text } => format!("{} {text}", style.bad("warning:")),
        Event::StepStarted { step } => style.heading(&format!("[{step}]")),
        Event::StepAgain { step, attempt } => format!("[{step}] try {attempt}"),
        Event::StepLeft { step } => {
            format!("[{step}] left processes running, which were ended")
        }
        Event::StepEnded { result } => proving::step(result, style),
        Event::News { news } => super::line(&around::news_line(news)),
        // These are drawn, or passed on as they come.
        Event::RunStarted { .. }
        | Event::RunEnded
        | Event::StepOutput { .. }
        | Event::Heard { .. } => String::new(),
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
        Outcome::Config(settings) => return report::config(settings),
        Outcome::GenerationNew(made) => new_generation(made),
        Outcome::GenerationEdit(changed) => match changed.changed {
            true => format!("Edited {}\n", changed.version),
            false => format!("{} is as it was\n", changed.version),
        },
        Outcome::GenerationList(list) => return report::generations(list),
        Outcome::GenerationShow(shown) => return report::generation(shown),
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
        Outcome::EvolutionAbandon(abandoned) => match abandoned.kept {
            true => format!(
                "Gave up {}; what it proved stays to be seen, and counts for nothing\n",
                abandoned.name
            ),
            false => format!("Gave up {}\n", abandoned.name),
        },
        Outcome::Withdraw(withdrawn) => {
            let place = if withdrawn.cloud { " in cloud" } else { "" };
            let version = &withdrawn.withdrawal.version;
            format!("Withdrawn: {version}{place}. The version stays taken\n")
        }
        Outcome::Notes(notes) => return report::release_notes(notes),
        Outcome::Where(places) => return report::whereabouts(places),
        Outcome::EvolutionStart(started) => format!(
            "Started {} for {}: {}\n",
            started.name.rc(),
            started.name.change,
            started.title
        ),
        Outcome::EvolutionList(list) => return report::evolutions(list),
        Outcome::EvolutionShow(shown) => return report::evolution(shown),
        Outcome::EvolutionRecord(recorded) => proving::recorded(recorded, style),
        Outcome::Run(proven) => proving::run(proven, style),
        Outcome::Runs(runs) => proving::runs(runs, style),
        Outcome::RunPlan(planned) => return proving::plan(planned),
        Outcome::RunList(listing) => return proving::pipelines(listing),
        Outcome::RunValidate(validated) => proving::validated(validated),
        Outcome::Verify(found) => return proving::verify(found, style),
        Outcome::Status(overview) => return asked::status(overview),
        Outcome::Query(answered) => return asked::query(answered),
        Outcome::QuerySchema(schema) => return schema.sql.to_owned(),
        Outcome::Cache(report) => return asked::cache(report),
        Outcome::Promote(promoted) => promote(promoted, style),
        Outcome::Pull(pulled) => pull(pulled),
        Outcome::PullFrom(brought) => pull_from(brought),
        Outcome::Hooks(changed) => around::hooks(changed),
        Outcome::HookRan(ran) => return around::hook_ran(ran, style),
        Outcome::Import(report) => around::import(report),
        Outcome::Backfill(done) => around::backfill(done),
        Outcome::Watched(_) => String::new(),
        Outcome::Push(pushed) => push(pushed),
        Outcome::PushEvolutions(pushed) => push_evolutions(pushed),
        Outcome::SyncStatus(comparison) => return report::status(comparison),
        Outcome::SyncStatusVersion(status) => return report::version_status(status),
        Outcome::Log(entries) => return report::log(entries),
        Outcome::Setup(done) => around::setup(done),
        Outcome::Printed(printed) => return printed.text.clone(),
        Outcome::Doctor(found) => return asked::doctor(found, style),
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
    for file in &prepared.there {
        _ = writeln!(text, "Left {file} as it is: gryt would write another");
    }
    if prepared.written.is_empty() {
        text += "Everything is there already\n";
    } else {
        // A file's folder, or the file itself at the top.
        let mut paths: Vec<&str> = prepared
            .written
            .iter()
            .map(|file| file.split('/').next().unwrap_or(file))
            .collect();
        paths.sort_unstable();
        paths.dedup();
        _ = writeln!(
            text,
            "Commit these: git add {} && git commit",
            paths.join(" ")
        );
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

fn promote(promoted: &commands::promote::Promoted, style: Style) -> String {
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
    text += &proving::verdicts(&sealed.gates, promoted.dry_run, style);
    if !promoted.policy_changes.is_empty() {
        text += "  The policy differs from the previous promotion's; both were applied:\n";
        for change in &promoted.policy_changes {
            _ = writeln!(text, "    {}", super::line(change));
        }
    }
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
    text += &around::news(&pulled.news);
    let notes = pull_notes(&pulled.details);
    if !notes.is_empty() {
        text += "\nNote:\n";
        text += &notes;
    }
    text
}

fn pull_from(brought: &crate::model::fork::Brought) -> String {
    let mut text = format!(
        "Pulled from {}:\n  New evolutions: {}\n  Updated: {}\n",
        brought.remote,
        brought.new.len(),
        brought.updated.len()
    );
    for (there, here) in &brought.renumbered {
        _ = writeln!(
            text,
            "  {there} is {} here: the number was taken",
            here.rc()
        );
    }
    for name in &brought.unknown {
        _ = writeln!(text, "  {name} proves a generation that is not here");
    }
    for name in &brought.late {
        _ = writeln!(text, "{}", late(name));
    }
    for (name, why) in &brought.quarantined {
        _ = writeln!(text, "{}", quarantined(&name.to_string(), why));
    }
    if !brought.new.is_empty() {
        text += "Share them: git gryt sync push-evolutions\n";
    }
    text
}

/// What a pull brought beside generations.
pub fn pull_notes(adopted: &crate::model::reconcile::Adopted) -> String {
    let mut notes = String::new();
    for version in &adopted.deleted {
        _ = writeln!(notes, "  {version} was deleted in the cloud");
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
        _ = writeln!(notes, "{}", late(name));
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
    for (version, reason) in &adopted.withdrawn {
        _ = writeln!(notes, "  {version} was withdrawn from use: {reason}");
    }
    for (name, why) in &adopted.quarantined {
        _ = writeln!(notes, "{}", quarantined(name, why));
    }
    notes
}

fn late(name: &EvolutionName) -> String {
    let version = &name.version;
    format!("  {name} is late: {version} was promoted without it")
}

fn quarantined(name: &str, why: &str) -> String {
    format!("  {name} does not check and counts for nothing: {why}")
}

fn push(pushed: &commands::sync::Pushed) -> String {
    let head = match pushed.dry_run {
        true => "Would push to cloud",
        false => "Pushed to cloud",
    };
    let mut text = format!(
        "{head}:\n  Created: {}\n  Updated: {}\n",
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
        _ = writeln!(text, "{}", late(name));
    }
    for (name, why) in &pushed.quarantined {
        _ = writeln!(text, "{}", quarantined(name, why));
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
