//! What people read.

use std::fmt::Write;

use super::{Style, asked, proving, report};
use crate::commands::{self, Outcome};
use crate::context::Event;
use crate::model::news::News;
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
        Event::News { news } => super::line(&news_line(news)),
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
        Outcome::Overview(overview) => return asked::overview(overview),
        Outcome::Query(answered) => return asked::query(answered),
        Outcome::QuerySchema(schema) => return schema.sql.to_owned(),
        Outcome::Cache(report) => return asked::cache(report),
        Outcome::Promote(promoted) => promote(promoted, style),
        Outcome::Pull(pulled) => pull(pulled),
        Outcome::PullFrom(brought) => pull_from(brought),
        Outcome::Hooks(changed) => hooks(changed),
        Outcome::HookRan(ran) => return hook_ran(ran, style),
        Outcome::Import(report) => import(report),
        Outcome::Backfill(done) => backfill(done),
        Outcome::Watched(_) => String::new(),
        Outcome::Push(pushed) => push(pushed),
        Outcome::PushEvolutions(pushed) => push_evolutions(pushed),
        Outcome::Status(overview) => return report::status(overview),
        Outcome::VersionStatus(status) => return report::version_status(status),
        Outcome::Log(entries) => return report::log(entries),
        Outcome::Setup(done) => setup(done),
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
        _ = writeln!(text, "Left {file} as it is: git gryt would write another");
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
    text += &news(&pulled.news);
    let notes = pull_notes(&pulled.details);
    if !notes.is_empty() {
        text += "\nNote:\n";
        text += &notes;
    }
    text
}

fn import(report: &commands::import::Report) -> String {
    let verb = if report.dry_run {
        "Would import"
    } else {
        "Imported"
    };
    let mut text = String::new();
    for version in &report.imported {
        _ = writeln!(text, "{verb} {version}: released before gryt");
    }
    for version in &report.drafts {
        _ = writeln!(text, "{verb} {version}: a draft");
    }
    for brought in &report.evolutions {
        let proves = match &brought.why {
            None => "proven".to_owned(),
            Some(why) => format!("proves nothing: {why}"),
        };
        _ = writeln!(text, "{verb} {}: {proves}", brought.name);
    }
    if text.is_empty() {
        _ = writeln!(text, "Nothing new to import");
    }
    if !report.there.is_empty() {
        _ = writeln!(text, "There already: {}", report.there.join(", "));
    }
    for note in &report.notes {
        _ = writeln!(text, "  {note}");
    }
    for (name, why) in &report.skipped {
        _ = writeln!(text, "Left out: {name}: {why}");
    }
    if !report.dry_run && !report.drafts.is_empty() {
        text += "Drafts and evolutions are here alone until they are pushed: git gryt sync push\n";
    }
    text
}

fn setup(done: &commands::setup::Done) -> String {
    let mut text = String::new();
    for file in &done.written {
        _ = writeln!(text, "Wrote {}", file.display());
    }
    for file in &done.removed {
        _ = writeln!(text, "Removed {}", file.display());
    }
    for file in &done.foreign {
        _ = writeln!(
            text,
            "Left alone, since gryt did not write it: {}",
            file.display()
        );
    }
    match (
        &done.zsh,
        done.written.is_empty() && done.removed.is_empty(),
    ) {
        (_, true) => text += "Nothing to do\n",
        (Some(folder), _) => {
            let folder = folder.display();
            _ = writeln!(
                text,
                "For zsh, before compinit in ~/.zshrc: fpath+=({folder})"
            );
        }
        (None, _) => {}
    }
    text
}

/// The longest list of news; the rest is counted.
const NEWS: usize = 8;

fn news(all: &[News]) -> String {
    let mut text = String::new();
    if !all.is_empty() {
        text += "\nNews:\n";
    }
    for one in all.iter().take(NEWS) {
        _ = writeln!(text, "  {}", super::line(&news_line(one)));
    }
    if all.len() > NEWS {
        _ = writeln!(text, "  and {} more: git gryt log", all.len() - NEWS);
    }
    text
}

/// One piece of news.
pub fn news_line(news: &News) -> String {
    match news {
        News::Promoted { version, by } => format!("{} promoted {version}", by.name),
        News::Withdrawn { version, reason } => format!("{version} was withdrawn: {reason}"),
        News::Draft { version, by, new } => match new {
            true => format!("{} declared {version}", by.name),
            false => format!("{} edited {version}", by.name),
        },
        News::Left { version } => format!("the draft {version} left the cloud"),
        News::Proof { name, by, status } => {
            format!(
                "your {} in {}: {status} ({}, {})",
                name.change,
                name.version,
                by.name,
                name.rc()
            )
        }
    }
}

fn hooks(changed: &commands::hook::Changed) -> String {
    use crate::model::hook::Way;
    let folder = changed.folder.display();
    let mut text = String::new();
    for (hook, way) in &changed.installed {
        _ = match way {
            Way::There => writeln!(text, "{hook} is there already"),
            Way::Configured => {
                writeln!(text, "{hook}: in git's configuration ({})", hook.section())
            }
            Way::Written => writeln!(text, "{hook}: {folder}/{hook}"),
            Way::Chained => writeln!(
                text,
                "{hook}: {folder}/{hook}, after the one that was there ({})",
                hook.aside()
            ),
        };
    }
    for hook in &changed.removed {
        _ = writeln!(text, "{hook} is out; what was there before is as it was");
    }
    if text.is_empty() {
        text += "gryt has no hooks here\n";
    }
    text
}

/// A hook is heard only where it has something to say.
fn hook_ran(ran: &commands::hook::Ran, style: Style) -> String {
    let mut text = String::new();
    if let Some(trouble) = &ran.trouble {
        _ = writeln!(text, "{} gryt: {trouble}", style.bad("warning:"));
    }
    for name in &ran.shared {
        _ = writeln!(text, "gryt: shared {name}");
    }
    for name in &ran.unshared {
        _ = writeln!(
            text,
            "gryt: {name} is proven by what you push, and not shared"
        );
    }
    if !ran.unshared.is_empty() {
        text += "gryt: git gryt sync push-evolutions\n";
    }
    text
}

fn backfill(done: &crate::session::backfill::Backfilled) -> String {
    let mut text = format!(
        "Linked: {}, with {} of your evolutions\n",
        done.linked.len(),
        done.evolutions
    );
    for version in &done.linked {
        _ = writeln!(text, "  {version}");
    }
    for version in &done.different {
        _ = writeln!(
            text,
            "  {version} says something else in the cloud: git gryt generation rename {version} NEW"
        );
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
    for (version, reason) in &adopted.retracted {
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
