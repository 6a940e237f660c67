//! What `evolution` says to people, and what a recorded result is.

use std::fmt::Write;

use super::page::{Colour, Page};
use super::table::Cell;
use super::view::{self, View};
use super::{line, run, states, table};
use crate::commands;
use crate::model::evolution::Cover;
use crate::model::proof::{Evidence, Outcome as Ended, StepEnd};

/// An evolution that was started, or goes on.
pub(super) fn started(started: &commands::evolution::Started) -> String {
    let (rc, change, title) = (
        started.name.rc(),
        &started.name.change,
        line(&started.title),
    );
    if !started.open {
        return format!("Started {rc} for {change}: {title}\n");
    }
    let version = &started.name.version;
    format!(
        "{rc} for {change} is open already, and continues: {title}\n\
         To start another one: git gryt evolution start {version} --change {change} --again\n"
    )
}

/// Evolutions in a list.
pub(super) fn evolutions(list: &commands::evolution::List, view: &View) -> Page {
    if list.evolutions.is_empty() {
        return format!("{} has no evolutions yet\n", list.version).into();
    }
    let rows = list.evolutions.iter().map(|row| {
        let shared = match row.shared {
            Some(false) => "not shared",
            _ => "",
        };
        let commit = row.commit.as_ref().map_or("", |c| c.short());
        vec![
            Cell::of(Some(Colour::Typed), row.change.to_string()),
            format!("rc.{}", row.number).into(),
            states::trial(row.status),
            row.owner.name.as_str().into(),
            commit.into(),
            Cell::of(Some(Colour::Warning), shared),
        ]
    });
    table::page(&rows.collect::<Vec<_>>(), view)
}

/// One evolution in full.
pub(super) fn evolution(shown: &commands::evolution::Shown) -> String {
    let mut text = format!("Evolution: {} ({})\n", shown.name, shown.status);
    _ = writeln!(text, "Owner: {}", shown.owner);
    _ = writeln!(text, "Started: {}", view::day(&shown.started));
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
            text += &evidence_of(evidence);
        }
        _ = writeln!(
            text,
            "By: {} on {}, {}",
            proof.by,
            proof.host,
            view::day(&proof.at)
        );
    }
    if let Some(why) = &shown.stale {
        _ = writeln!(text, "It does not count: {why}");
    }
    if let Some(why) = &shown.abandoned {
        _ = writeln!(text, "Abandoned: {}", line(why));
    }
    match shown.cover {
        Some(Cover::Missing | Cover::Behind) => text += "HEAD does not hold the proven commit\n",
        Some(Cover::Patch) => text += "HEAD holds its changes under other commits\n",
        Some(Cover::Tree) => text += "HEAD's history has its very tree\n",
        Some(Cover::Ancestor) | None => {}
    }
    text
}

/// A proof that was recorded.
pub(super) fn recorded(recorded: &commands::evolution::record::Recorded) -> Page {
    let name = &recorded.name;
    let at = recorded.commit.short();
    let started = if recorded.started {
        ", started for it"
    } else {
        ""
    };
    let mut page = match recorded.status {
        Ended::Pass => Page::from(format!("Recorded: {name} passed at {at}{started}")),
        Ended::Fail => {
            let text = format!("Recorded: {name} failed at {at}{started}");
            Page::of(Colour::Bad, text)
        }
    };
    page += "\n";
    page += &*evidence_of(&recorded.evidence);
    page += &*run::unshared(recorded.unshared, recorded.status, name.version.as_str());
    page
}

/// What another system found, in lines.
pub(super) fn evidence_of(evidence: &Evidence) -> String {
    let mut text = String::new();
    if let Some(tests) = &evidence.tests {
        _ = writeln!(
            text,
            "  {} tests, {} failures, {} errors, {} skipped, {} ms",
            tests.tests, tests.failures, tests.errors, tests.skipped, tests.time_ms
        );
    }
    let by = match (&evidence.engine, &evidence.actor) {
        (Some(engine), Some(actor)) => Some(format!("{engine}, started by {actor}")),
        (Some(engine), None) => Some(engine.clone()),
        (None, _) => None,
    };
    let attached = match evidence.attachments.as_slice() {
        [] => None,
        names => Some(format!("kept: {}", names.join(", "))),
    };
    for said in [by, evidence.url.clone(), attached].into_iter().flatten() {
        _ = writeln!(text, "  {}", line(&said));
    }
    text
}
