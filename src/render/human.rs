//! What people read.

use std::fmt::Write;

use super::page::{Colour, Page};
use super::view::View;
use super::{
    compared, evolution, generation, ledger, news, promote, query, run, setup, status, sync,
};
use crate::commands::Outcome;
use crate::context::Event;
use crate::model::Refusal;
use crate::model::address::without_credentials;

/// One event, in a line.
pub(super) fn event(event: Event<'_>) -> Page {
    match event {
        Event::Note { text } | Event::Detail { text } => without_credentials(text).into(),
        Event::Warning { text } => {
            Page::of(Colour::Bad, "warning:").plainly(&format!(" {}", without_credentials(text)))
        }
        Event::StepStarted { step } => Page::of(Colour::Heading, format!("[{step}]")),
        Event::StepAgain { step, attempt } => format!("[{step}] try {attempt}").into(),
        Event::StepLeft { step } => {
            format!("[{step}] left processes running, which were ended").into()
        }
        Event::StepEnded { result } => run::step(result),
        Event::News { news } => super::line(&news::news_line(news)).into(),
        // These are drawn, or passed on as they come.
        Event::Counted { .. }
        | Event::CountEnded
        | Event::RunStarted { .. }
        | Event::RunEnded
        | Event::StepOutput { .. }
        | Event::Heard { .. }
        | Event::Page { .. } => Page::default(),
        Event::Typed { who, line } => Page::from(format!("\n{who} $ ")).and(Colour::Typed, line),
        Event::Said { text } => {
            Page::from("\n".to_owned()).and(Colour::Heading, format!("# {text}"))
        }
    }
}

/// An error: what happened, why, and what to type next.
pub(super) fn error(error: &anyhow::Error, verbose: bool) -> Page {
    let public = |text: String| without_credentials(&text);
    let label = Page::of(Colour::Bad, "ERROR:");
    let Some(refusal) = error.downcast_ref::<Refusal>() else {
        let mut text = format!(" {error}\n");
        for cause in error
            .chain()
            .skip(1)
            .take(if verbose { usize::MAX } else { 1 })
        {
            _ = writeln!(text, "  {cause}");
        }
        return label.plainly(&public(text));
    };
    let mut text = format!(" {}\n", refusal.what);
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
    label.plainly(&public(text))
}

/// What a command came to.
pub(super) fn outcome(outcome: &Outcome, quiet: bool, view: &View) -> Page {
    let text: String = match outcome {
        Outcome::Init(prepared) => setup::init(prepared),
        Outcome::Config(settings) => return setup::config(settings).into(),
        Outcome::GenerationNew(made) => generation::new_generation(made),
        Outcome::GenerationEdit(changed) => match changed.changed {
            true => {
                let version = &changed.version;
                format!("Edited {version}\n") + &generation::unshared(changed.unshared, version)
            }
            false => format!("{} is as it was\n", changed.version),
        },
        Outcome::GenerationList(list) => return generation::generations(list, view),
        Outcome::GenerationShow(shown) => {
            return generation::generation(shown, view);
        }
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
                    "Abandoned {}; what it proved stays on record, and does not count\n",
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
        Outcome::Why(why) => return Page::with_headings(&promote::why(why)),
        Outcome::Approve(said) => promote::approved(said),
        Outcome::Withdraw(withdrawn) => {
            let place = if withdrawn.cloud { " in cloud" } else { "" };
            let version = &withdrawn.withdrawal.version;
            format!("Withdrawn: {version}{place}. The version stays taken\n")
        }
        Outcome::Accept(accepted) => {
            let place = if accepted.cloud { " in cloud" } else { "" };
            format!("Accepted{place}: {} is no longer disputed\n", accepted.name)
        }
        Outcome::Notes(notes) => return notes.text.clone().into(),
        Outcome::NotesRange(range) => return range.text.clone().into(),
        Outcome::NotesWritten(written) => return ledger::changelog(written),
        Outcome::Where(places) => return ledger::whereabouts(places).into(),
        Outcome::EvolutionStart(started) => evolution::started(started),
        Outcome::EvolutionList(list) => return evolution::evolutions(list, view),
        Outcome::EvolutionShow(shown) => return Page::with_headings(&evolution::evolution(shown)),
        Outcome::EvolutionRecord(recorded) => return unless(quiet, evolution::recorded(recorded)),
        Outcome::Run(proven) => return unless(quiet, run::run(proven)),
        Outcome::Runs(runs) => return unless(quiet, run::runs(runs)),
        Outcome::RunPlan(planned) => return run::plan(planned).into(),
        Outcome::RunList(listing) => return run::pipelines(listing).into(),
        Outcome::RunValidate(validated) => run::validated(validated),
        // It was printed while the command worked.
        Outcome::Export(_) => return Page::default(),
        Outcome::VerifyFile(known) => return ledger::file(known),
        Outcome::Verify(found) => return ledger::verify(found),
        Outcome::Status(overview) => return status::status(overview, view),
        Outcome::Query(answered) => return query::query(answered).into(),
        Outcome::QuerySchema(schema) => return schema.sql.to_owned().into(),
        Outcome::Cache(report) => return query::cache(report).into(),
        Outcome::Promote(promoted) => return unless(quiet, promote::promote(promoted)),
        Outcome::Pull(pulled) => sync::pull(pulled),
        Outcome::PullFrom(brought) => sync::pull_from(brought),
        Outcome::Hooks(changed) => setup::hooks(changed),
        Outcome::HookRan(ran) => return setup::hook_ran(ran),
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
        Outcome::SyncStatus(comparison) => {
            return Page::with_headings(&compared::comparison(comparison));
        }
        Outcome::SyncStatusVersion(status) => {
            return compared::version_status(status, view);
        }
        Outcome::Log(entries) => return ledger::log(entries, view),
        Outcome::Setup(done) => setup::setup(done),
        Outcome::Printed(printed) => return printed.text.clone().into(),
        Outcome::Doctor(found) => return status::doctor(found),
        Outcome::Demo(played) => setup::demo(played),
    };
    // A report is what was asked for; the rest is news of something that was done.
    unless(quiet, text.into())
}

/// What is said of something that was done, unless nobody is to hear it.
fn unless(quiet: bool, page: Page) -> Page {
    if quiet { Page::default() } else { page }
}
