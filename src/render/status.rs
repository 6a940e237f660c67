//! What `status` and `doctor` say to people.

use std::fmt::Write;

use super::page::{Colour, Page};
use super::table::Cell;
use super::view::View;
use super::{compared, line, states, table};
use crate::commands;
use crate::model::{Stamp, Version, unproven};

/// Where this clone stands.
pub(super) fn status(overview: &commands::status::Overview, view: &View) -> Page {
    let mode = overview.mode.as_str();
    let mut text = match &overview.cloud {
        Some(cloud) => format!("Mode: {mode}, with {cloud} as the cloud"),
        None => format!("Mode: {mode}"),
    };
    match (&overview.cloud, &overview.last_pull) {
        (Some(_), Some(at)) => {
            let shown = at.parse::<Stamp>().map(|moment| view.ago(&moment));
            let shown = shown.ok().flatten();
            _ = writeln!(text, ", last pulled {}", shown.as_deref().unwrap_or(at));
        }
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
            "Current evolution: {} ({}{elsewhere}{shared})",
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
    let mut page = Page::with_headings(&text);
    match overview.drafts.as_slice() {
        [] => {
            page += "No drafts. To declare a version: git gryt generation new --next minor \
                     --change TYPE:ID:TITLE\n";
        }
        drafts => {
            page = page.and(Colour::Heading, "Drafts:").plainly("\n");
            let rows = drafts.iter().map(|draft| {
                let edited = if draft.edited { ", edited here" } else { "" };
                let sync = draft.sync.to_string().replace('_', " ");
                vec![
                    Cell::of(Some(Colour::Typed), format!("  {}", draft.version)),
                    states::status(draft.status),
                    format!("{}/{} proven", draft.proven, draft.changes).into(),
                    states::sync(draft.sync, format!("{sync}{edited}")),
                ]
            });
            page += table::page(&rows.collect::<Vec<_>>(), view);
            if let [first, ..] = drafts {
                _ = writeln!(
                    page,
                    "To see what is missing: git gryt why {}",
                    first.version
                );
            }
        }
    }
    for version in &overview.awaiting {
        let what = format!("{version} awaits your approval: git gryt approve {version}");
        page = page.and(Colour::Warning, what).plainly("\n");
    }
    page += compared::files(&overview.files).as_str();
    if !overview.latest.is_empty() {
        let latest: Vec<&str> = overview.latest.iter().map(Version::as_str).collect();
        _ = writeln!(page, "Last promoted: {}", latest.join(", "));
    }
    for (version, why) in &overview.disputed {
        let what = format!("Disputed: {version}: {}", line(&why.join("; ")));
        page = page.and(Colour::Bad, what).plainly("\n");
    }
    page
}

/// What the doctor found.
pub(super) fn doctor(found: &commands::doctor::Report) -> Page {
    use crate::commands::doctor::State;
    let mut text = Page::default();
    for check in &found.checks {
        text = match check.state {
            State::Ok => text.and(Colour::Good, "ok     "),
            State::Warning => text.and(Colour::Warning, "warning"),
            State::Error => text.and(Colour::Bad, "error  "),
        };
        _ = writeln!(text, "  {}: {}", check.name, line(&check.says));
        if let Some(next) = &check.next {
            _ = writeln!(text, "      Next: {next}");
        }
    }
    text
}
