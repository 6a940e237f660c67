//! What people read of what is around releases: hooks, imports, news, what was installed.

use std::fmt::Write;

use super::{Style, line};
use crate::commands;
use crate::model::news::News;

/// What was brought over.
pub fn import(report: &commands::import::Report) -> String {
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
            Some(why) => format!("proves nothing: {}", line(why)),
        };
        _ = writeln!(text, "{verb} {}: {proves}", brought.name);
    }
    if text.is_empty() && !(report.dry_run && report.changes) {
        _ = writeln!(text, "Nothing new to import");
    }
    if !report.there.is_empty() {
        _ = writeln!(text, "There already: {}", report.there.join(", "));
    }
    for note in &report.notes {
        _ = writeln!(text, "  {}", line(note));
    }
    for (name, why) in &report.skipped {
        _ = writeln!(text, "Left out: {}: {}", line(name), line(why));
    }
    if !report.dry_run && !report.drafts.is_empty() {
        text += "Drafts and evolutions are here alone until they are pushed: git gryt sync push\n";
    }
    text
}

/// What a setup wrote or removed.
pub fn setup(done: &commands::setup::Done) -> String {
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

/// What others did.
pub fn news(all: &[News]) -> String {
    let mut text = String::new();
    if !all.is_empty() {
        text += "\nNews:\n";
    }
    for one in all.iter().take(NEWS) {
        _ = writeln!(text, "  {}", line(&news_line(one)));
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

/// Hooks that were installed or removed.
pub fn hooks(changed: &commands::hook::Changed) -> String {
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
pub fn hook_ran(ran: &commands::hook::Ran, style: Style) -> String {
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

/// Drafts that were linked.
pub fn backfill(done: &crate::session::backfill::Backfilled) -> String {
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
