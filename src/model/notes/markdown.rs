//! Notes as Markdown. All text is of others, and is escaped.

use std::fmt::Write;

use super::{Notes, names};
use crate::model::change::ChangeKind;
use crate::model::shown::{markdown, paragraphs};
use crate::model::{Change, ChangeId};

/// A page: one version, all that is known of it.
pub(super) fn page(notes: &Notes) -> String {
    let mut text = format!("# {}", notes.version);
    match &notes.promoted_at {
        Some(at) => _ = writeln!(text, " ({})", at.format("%Y-%m-%d")),
        None => text += " (draft)\n",
    }
    text += &standing(notes);
    if let Some(by) = &notes.promoter {
        _ = writeln!(text, "\nPromoted by {}", markdown(&by.name));
    }
    if !notes.proven_by.is_empty() {
        _ = writeln!(text, "\nProven by {}", names(&notes.proven_by));
    }
    if !notes.approved_by.is_empty() {
        _ = writeln!(text, "\nApproved by {}", names(&notes.approved_by));
    }
    text += &description(notes);
    if !notes.breaking.is_empty() {
        text += "\n## Breaking changes\n\n";
    }
    for change in &notes.contract.changes {
        if let Some(what) = notes.broken(&change.id) {
            _ = writeln!(text, "- {}{}", named(notes, change), said(what));
        }
    }
    for (kind, heading) in [
        (ChangeKind::Add, "Added"),
        (ChangeKind::Refine, "Refined"),
        (ChangeKind::Fix, "Fixed"),
        (ChangeKind::Remove, "Removed"),
    ] {
        let mut changes = notes.of_kind(kind).peekable();
        if changes.peek().is_some() {
            _ = writeln!(text, "\n## {heading}\n");
        }
        for change in changes {
            _ = writeln!(text, "- {}", named(notes, change));
        }
    }
    if !notes.artifacts.is_empty() {
        text +=
            "\n## Checksums\n\n| file | bytes | SHA-256 | built by |\n| --- | --- | --- | --- |\n";
    }
    for released in &notes.artifacts {
        for made in &released.made {
            let name = markdown(released.name.as_str());
            let contested = match released.contested {
                true => " (contested: builds differ)",
                false => "",
            };
            let (size, digest, by) = (made.size, &made.sha256, names(&made.by));
            _ = writeln!(text, "| {name} | {size} | `{digest}` | {by}{contested} |");
        }
    }
    text
}

/// A section of a changelog in the form of keepachangelog.com.
pub(super) fn section(notes: &Notes) -> String {
    let mut text = format!("## [{}]", notes.version);
    match &notes.promoted_at {
        Some(at) => _ = write!(text, " - {}", at.format("%Y-%m-%d")),
        None => text += " - not released yet",
    }
    text += match notes.withdrawal {
        Some(_) => " [YANKED]\n",
        None => "\n",
    };
    text += &standing(notes);
    text += &description(notes);
    for (kind, heading) in [
        (ChangeKind::Add, "Added"),
        (ChangeKind::Refine, "Changed"),
        (ChangeKind::Remove, "Removed"),
        (ChangeKind::Fix, "Fixed"),
    ] {
        let mut changes = notes.of_kind(kind).peekable();
        if changes.peek().is_some() {
            _ = writeln!(text, "\n### {heading}\n");
        }
        for change in changes {
            let named = named(notes, change);
            _ = match notes.broken(&change.id) {
                Some(what) => writeln!(text, "- **Breaking:** {named}{}", said(what)),
                None => writeln!(text, "- {named}"),
            };
        }
    }
    text
}

/// What speaks against using the version.
fn standing(notes: &Notes) -> String {
    let mut text = String::new();
    for why in &notes.disputed {
        _ = writeln!(text, "\nDisputed: {}", markdown(why));
    }
    if let Some(withdrawal) = &notes.withdrawal {
        let reason = markdown(&withdrawal.withdrawal.reason);
        _ = writeln!(text, "\nWithdrawn: {reason}");
        for said in withdrawal.says() {
            _ = writeln!(text, "{said}");
        }
    }
    text
}

fn description(notes: &Notes) -> String {
    let description = notes.contract.description.as_deref().unwrap_or_default();
    match paragraphs(description).as_str() {
        "" => String::new(),
        shown => format!("\n{shown}\n"),
    }
}

/// A change in a line: its title, its id with where it is tracked, and its links.
fn named(notes: &Notes, change: &Change) -> String {
    let title = markdown(&change.title);
    let mut about = vec![linked(notes, &change.id)];
    about.extend(change.links.iter().map(|link| format!("<{link}>")));
    format!("{title} ({})", about.join(", "))
}

fn linked(notes: &Notes, id: &ChangeId) -> String {
    let shown = match id.as_str().contains('_') {
        true => markdown(id.as_str()),
        false => id.to_string(),
    };
    match notes.linked.iter().find(|link| link.id.is(id)) {
        Some(link) => format!("[{shown}]({})", link.address),
        None => shown,
    }
}

fn said(what: &str) -> String {
    match what {
        "" => String::new(),
        what => format!(": {}", markdown(what)),
    }
}
