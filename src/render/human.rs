//! What people read.

use std::fmt::Write;

use super::{Style, evolution, generation, ledger, promote, query, run, setup, status, sync};
use crate::commands::Outcome;
use crate::context::Event;
use crate::model::Refusal;
use crate::model::address::without_credentials;

/// One event, in a line.
pub(super) fn event(event: Event<'_>, style: Style) -> String {
    let text = match event {
        Event::Note { text } | Event::Detail { text } => without_credentials(text),
        Event::Warning { text } => {
            format!("{} {}", style.bad("warning:"), without_credentials(text))
        }
        Event::StepStarted { step } => style.heading(&format!("[{step}]")),
        Event::StepAgain { step, attempt } => format!("[{step}] try {attempt}"),
        Event::StepLeft { step } => {
            format!("[{step}] left processes running, which were ended")
        }
        Event::StepEnded { result } => run::step(result, style),
        Event::News { news } => super::line(&sync::news_line(news)),
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
pub(super) fn error(error: &anyhow::Error, style: Style, verbose: bool) -> String {
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
pub(super) fn outcome(outcome: &Outcome, style: Style, quiet: bool) -> String {
    let text = match outcome {
        Outcome::Init(prepared) => setup::init(prepared),
        Outcome::Config(settings) => return setup::config(settings),
        Outcome::GenerationNew(made) => generation::new_generation(made),
        Outcome::GenerationEdit(changed) => match changed.changed {
            true => {
                let version = &changed.version;
                format!("Edited {version}\n") + &generation::unshared(changed.unshared, version)
            }
            false => format!("{} is as it was\n", changed.version),
        },
        Outcome::GenerationList(list) => return style.rows(&generation::generations(list)),
        Outcome::GenerationShow(shown) => return style.page(&generation::generation(shown)),
        Outcome::GenerationRename(renamed) => generation::renamed(renamed),
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
            None => {
                let version = &restored.version;
                format!("Restored {version}\n") + &generation::unshared(restored.unshared, version)
            }
            Some(kept) if restored.draft => format!(
                "The file of {} shows the draft again; your edit is kept: git show {kept}\n",
                restored.version
            ),
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
            true => {
                let mut text = format!(
                    "Abandoned {}; what it proved stays to be seen, and counts for nothing\n",
                    abandoned.name
                );
                if abandoned.unshared {
                    let version = &abandoned.name.version;
                    _ = writeln!(
                        text,
                        "It is not shared yet: git gryt sync push-evolutions {version}"
                    );
                }
                text
            }
            false => format!("Abandoned {}\n", abandoned.name),
        },
        Outcome::Why(why) => return style.page(&promote::why(why)),
        Outcome::Withdraw(withdrawn) => {
            let place = if withdrawn.cloud { " in cloud" } else { "" };
            let version = &withdrawn.withdrawal.version;
            format!("Withdrawn: {version}{place}. The version stays taken\n")
        }
        Outcome::Accept(accepted) => {
            let place = if accepted.cloud { " in cloud" } else { "" };
            format!("Accepted{place}: {} is no longer disputed\n", accepted.name)
        }
        Outcome::Notes(notes) => return ledger::release_notes(notes),
        Outcome::Where(places) => return ledger::whereabouts(places),
        Outcome::EvolutionStart(started) => evolution::started(started),
        Outcome::EvolutionList(list) => return style.rows(&evolution::evolutions(list)),
        Outcome::EvolutionShow(shown) => return style.page(&evolution::evolution(shown)),
        Outcome::EvolutionRecord(recorded) => evolution::recorded(recorded, style),
        Outcome::Run(proven) => run::run(proven, style),
        Outcome::Runs(runs) => run::runs(runs, style),
        Outcome::RunPlan(planned) => return run::plan(planned),
        Outcome::RunList(listing) => return run::pipelines(listing),
        Outcome::RunValidate(validated) => run::validated(validated),
        Outcome::Verify(found) => return ledger::verify(found, style),
        Outcome::Status(overview) => return style.page(&status::status(overview)),
        Outcome::Query(answered) => return query::query(answered),
        Outcome::QuerySchema(schema) => return schema.sql.to_owned(),
        Outcome::Cache(report) => return query::cache(report),
        Outcome::Promote(promoted) => promote::promote(promoted, style),
        Outcome::Pull(pulled) => sync::pull(pulled),
        Outcome::PullFrom(brought) => sync::pull_from(brought),
        Outcome::Hooks(changed) => setup::hooks(changed),
        Outcome::HookRan(ran) => return setup::hook_ran(ran, style),
        Outcome::Import(report) => setup::import(report),
        Outcome::Backfill(done) => sync::backfill(done),
        Outcome::Moved(done) => sync::moved(done),
        Outcome::PutBack(done) => sync::put_back(done),
        Outcome::Watched(watched) => match (watched.told, watched.once) {
            (0, true) => "Nothing new\n".into(),
            _ => String::new(),
        },
        Outcome::Push(pushed) => sync::push(pushed),
        Outcome::PushEvolutions(pushed) => sync::push_evolutions(pushed),
        Outcome::SyncStatus(comparison) => return style.page(&sync::comparison(comparison)),
        Outcome::SyncStatusVersion(status) => return style.page(&sync::version_status(status)),
        Outcome::Log(entries) => return style.rows(&ledger::log(entries)),
        Outcome::Setup(done) => setup::setup(done),
        Outcome::Printed(printed) => return printed.text.clone(),
        Outcome::Doctor(found) => return status::doctor(found, style),
        Outcome::Demo(played) => setup::demo(played),
    };
    // A report is what was asked for; the rest is news of something that was done.
    if quiet { String::new() } else { text }
}
