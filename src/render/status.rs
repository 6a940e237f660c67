//! What `status` and `doctor` say to people.

use std::fmt::Write;

use super::page::{Colour, Page};
use super::{line, sync, table};
use crate::commands;
use crate::model::{Version, unproven};

/// Where this clone stands.
pub(super) fn status(overview: &commands::status::Overview) -> String {
    let mode = overview.mode.as_str();
    let mut text = match &overview.cloud {
        Some(cloud) => format!("Mode: {mode}, with {cloud} as the cloud"),
        None => format!("Mode: {mode}"),
    };
    match (&overview.cloud, &overview.last_pull) {
        (Some(_), Some(at)) => _ = writeln!(text, ", last pulled {at}"),
        _ => text += "\n",
    }
    if let Some(current) = &overview.current {
        let shared = match current.shared {
            Some(false) => ", not shared",
            _ => "",
        };
        let elsewhere = match &current.elsewhere {
            Some(commit) => format!(" of {}, which is not HEAD", commit.short()),
            None => String::new(),
        };
        _ = writeln!(
            text,
            "At hand: {} ({}{elsewhere}{shared})",
            current.name, current.status
        );
        if let Some(count) = current.unproven.filter(|count| *count > 0) {
            let (count, version) = (unproven::counted(count), &current.name.version);
            _ = writeln!(
                text,
                "  {count} (-v lists them): git gryt run --uncovered {version}"
            );
        }
    }
    match overview.drafts.as_slice() {
        [] => text += "No drafts\n",
        drafts => {
            text += "Drafts:\n";
            let rows = drafts.iter().map(|draft| {
                let edited = if draft.edited { ", edited here" } else { "" };
                vec![
                    format!("  {}", draft.version),
                    draft.status.to_string(),
                    format!("{}/{} proven", draft.proven, draft.changes),
                    format!("{}{edited}", draft.sync.to_string().replace('_', " ")),
                ]
            });
            text += &table::columns(&rows.collect::<Vec<_>>());
        }
    }
    for version in &overview.awaiting {
        _ = writeln!(
            text,
            "{version} awaits your approval: git gryt approve {version}"
        );
    }
    text += &sync::files(&overview.files);
    if !overview.latest.is_empty() {
        let latest: Vec<&str> = overview.latest.iter().map(Version::as_str).collect();
        _ = writeln!(text, "Last promoted: {}", latest.join(", "));
    }
    for (version, why) in &overview.disputed {
        _ = writeln!(text, "Disputed: {version}: {}", line(&why.join("; ")));
    }
    text
}

/// What the doctor found.
pub(super) fn doctor(found: &commands::doctor::Report) -> Page {
    use crate::commands::doctor::State;
    let mut text = Page::default();
    for check in &found.checks {
        text = match check.state {
            State::Well => text.and(Colour::Good, "well"),
            State::Look => text.and(Colour::Heading, "look"),
            State::Bad => text.and(Colour::Bad, "bad "),
        };
        _ = writeln!(text, "  {}: {}", check.name, line(&check.says));
        if let Some(next) = &check.next {
            _ = writeln!(text, "      Next: {next}");
        }
    }
    text
}
