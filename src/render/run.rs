//! What `run` says to people, step by step and at its end.

use std::fmt::Write;

use super::line;
use super::page::{Colour, Page};
use crate::commands;
use crate::model::proof::{Outcome as Ended, StepEnd, StepResult};

/// How a step ended.
pub(super) fn step(result: &StepResult) -> Page {
    let name = &result.name;
    let seconds = result.duration_ms / 1000;
    let tenths = result.duration_ms % 1000 / 100;
    let tries = match result.tries {
        1 => String::new(),
        n => format!(" at try {n}"),
    };
    let text = match (result.status, result.exit) {
        (StepEnd::Pass, _) => {
            return format!("[{name}] passed in {seconds}.{tenths} s{tries}").into();
        }
        (StepEnd::Skipped, _) => format!("[{name}] skipped: something that it needs did not pass"),
        (StepEnd::Timeout, _) => format!("[{name}] took too long and was ended{tries}"),
        (StepEnd::Fail, Some(exit)) => format!("[{name}] failed with exit {exit}{tries}"),
        (StepEnd::Fail, None) => format!("[{name}] did not end by itself{tries}"),
    };
    match result.allowed {
        true => (text + ", which is allowed").into(),
        false => Page::of(Colour::Bad, text),
    }
}

/// What a run came to.
pub(super) fn run(proven: &commands::run::Proven) -> Page {
    let name = &proven.name;
    let (change, version) = (&name.change, &name.version);
    let at = proven.commit.short();
    let mut text: Page = match (proven.status, &proven.void) {
        (Ended::Pass, None) => {
            format!("Proven: {change} of {version} ({}) at {at}\n", name.rc()).into()
        }
        (Ended::Pass, Some(why)) => format!(
            "Passed, but proves nothing: {why} ({change} of {version}, {})\n",
            name.rc()
        )
        .into(),
        (Ended::Fail, _) => {
            let line = format!("Failed: {change} of {version} ({}) at {at}", name.rc());
            Page::of(Colour::Bad, line).plainly("\n")
        }
    };
    // What proves nothing is nothing that anybody waits for.
    if proven.void.is_none() {
        text += &*unshared(proven.unshared, proven.status, version.as_str());
    }
    text
}

/// That a result is in this clone alone.
pub(super) fn unshared(unshared: bool, status: Ended, version: &str) -> String {
    let what = match status {
        Ended::Pass => "proof",
        Ended::Fail => "failure",
    };
    match unshared {
        true => format!("The {what} is not shared yet: git gryt sync push-evolutions {version}\n"),
        false => String::new(),
    }
}

/// What several runs recorded.
pub(super) fn runs(runs: &commands::run::Runs) -> Page {
    let mut text = Page::default();
    for proven in &runs.runs {
        text += run(proven);
    }
    for change in &runs.unwanted {
        _ = writeln!(
            text,
            "A commit names {change}, but no draft here declares it"
        );
    }
    if text.is_empty() {
        text += &*match &runs.uncovered {
            Some(version) => {
                format!(
                    "HEAD holds the proven commits of all proven changes of {version}, and no new commit \
                     lacks a proof: nothing to prove\n"
                )
            }
            None => "No commit names a change: nothing to prove\n".to_owned(),
        };
    }
    text
}

/// What would run.
pub(super) fn plan(planned: &commands::run::Planned) -> String {
    let at = planned.commit.short();
    let mut text = format!(
        "Would prove {} at {at} with the pipeline {}:\n",
        planned.name, planned.pipeline
    );
    for step in &planned.steps {
        let after = match step.after.as_slice() {
            [] => String::new(),
            names => format!(" (after {})", names.join(", ")),
        };
        _ = writeln!(text, "  {}{after}", step.name);
        for command in step.run.trim_end().lines() {
            _ = writeln!(text, "    {command}");
        }
    }
    text
}

/// The pipelines that there are.
pub(super) fn pipelines(listing: &commands::run::pipelines::Listing) -> String {
    if listing.pipelines.is_empty() {
        return "There is no pipeline yet: git gryt init\n".into();
    }
    let mut text = String::new();
    for row in &listing.pipelines {
        match (&row.invalid, &row.description) {
            (Some(why), _) => _ = writeln!(text, "{}: invalid: {}", row.name, line(why)),
            (None, Some(about)) => _ = writeln!(text, "{}: {}", row.name, line(about)),
            (None, None) => _ = writeln!(text, "{}", row.name),
        }
        if !row.steps.is_empty() {
            _ = writeln!(text, "  {}", row.steps.join(", "));
        }
    }
    text
}

/// Pipelines that are valid.
pub(super) fn validated(validated: &commands::run::pipelines::Validated) -> String {
    match validated.pipelines.as_slice() {
        [] => "There is no pipeline to check\n".into(),
        names => format!("Valid: {}\n", names.join(", ")),
    }
}
