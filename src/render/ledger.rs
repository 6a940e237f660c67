//! What is sealed, for people: `log`, `notes`, `where` and `verify`.

use std::fmt::Write;

use super::page::{Colour, Page};
use super::table::Cell;
use super::view::View;
use super::{line, states, table};
use crate::commands;
use crate::model::built::Standing;
use crate::model::notes::changelog::Became;
use crate::model::state::Status;
use crate::model::{ChangeId, Oid, Version};

/// What was promoted.
pub(super) fn log(entries: &commands::log::Entries, view: &View) -> Page {
    if entries.entries.is_empty() {
        return String::from("Nothing was promoted yet\n").into();
    }
    let rows = entries.entries.iter().map(|entry| {
        vec![
            Cell::of(Some(Colour::Typed), entry.version.to_string()),
            states::status(entry.status()),
            view.time(&entry.promoted_at).into(),
            entry.promoter.name.as_str().into(),
            entry.commit.as_ref().map_or("-", Oid::short).into(),
            entry.description.as_deref().unwrap_or_default().into(),
        ]
    });
    let mut text = table::page(&rows.collect::<Vec<_>>(), view);
    // A gate that a word opened stands out below the list, whatever the list's width.
    for entry in &entries.entries {
        for why in &entry.disputed {
            let what = format!("! {} is disputed: {}", entry.version, line(why));
            text = text.and(Colour::Bad, what).plainly("\n");
        }
        for excuse in &entry.excuses {
            let what = format!("! {} {}", entry.version, line(excuse));
            text = text.and(Colour::Warning, what).plainly("\n");
        }
    }
    for signed in &entries.signatures {
        let (version, promoter, says) = (&signed.version, &signed.promoter, signed.by.says());
        _ = writeln!(text, "{version} by {promoter}: {}", line(&says));
    }
    for release in &entries.approvals {
        for opinion in &release.approvals {
            _ = writeln!(text, "{} {}", release.version, line(&opinion.line()));
        }
    }
    for advice in &entries.withdrawals {
        let withdrawal = &advice.withdrawal;
        let instead = match &advice.instead {
            Some(instead) => format!(" (use {instead} instead)"),
            None => String::new(),
        };
        let (version, reason) = (&withdrawal.version, line(&withdrawal.reason));
        let what = format!("! {version} withdrawn: {reason}{instead}");
        text = text.and(Colour::Warning, what).plainly("\n");
    }
    text
}

/// What became of the sections of a changelog.
pub(super) fn changelog(written: &commands::notes::Written) -> Page {
    let mut text = Page::default();
    let file = line(&written.file);
    for section in &written.sections {
        let version = &section.version;
        text = match section.became {
            Became::Added => text.plainly(&format!("{file}: added {version}\n")),
            Became::Replaced => text.plainly(&format!("{file}: {version} was rewritten\n")),
            Became::Unchanged => text.plainly(&format!("{file}: {version} is up to date\n")),
            Became::Edited => {
                let what =
                    format!("{file}: somebody edited the section {version}, which was left alone");
                text.and(Colour::Warning, what).plainly("\n")
            }
            Became::Foreign => {
                let what = format!(
                    "{file}: somebody else wrote the section {version}, which was left alone"
                );
                text.and(Colour::Warning, what).plainly("\n")
            }
        };
    }
    text
}

/// Which release a file belongs to.
pub(super) fn file(known: &commands::verify::file::Known) -> Page {
    let name = known.file.display().to_string();
    let name = line(&name);
    let mut text = Page::default();
    text = match known.standing {
        Standing::Sealed => text.and(Colour::Good, format!("{name} belongs to a release")),
        Standing::Contested => text.and(
            Colour::Bad,
            format!("{name} is contested: builds of it differ, and no release chose one"),
        ),
        Standing::Other => text.and(
            Colour::Bad,
            format!("{name} differs from what was released: it has another digest"),
        ),
        Standing::Unknown => text.and(
            Colour::Bad,
            format!("{name} belongs to no release that this clone knows of"),
        ),
    };
    _ = writeln!(text, "\n  SHA-256 {}, {} bytes", known.sha256, known.size);
    for of in &known.releases {
        let (version, commit) = (&of.version, of.commit.short());
        let at = of.promoted_at.format("%Y-%m-%d");
        _ = writeln!(
            text,
            "  {version} at {commit}, promoted by {} on {at}, as {}",
            line(&of.promoter.to_string()),
            of.name
        );
        for made in &of.made {
            let by: Vec<String> = made.by.iter().map(|by| line(&by.to_string())).collect();
            let alike = if by.len() > 1 {
                "built alike and proven by"
            } else {
                "built and proven by"
            };
            _ = writeln!(text, "    {} {alike} {}", made.sha256, by.join(" and "));
        }
        if !of.approved_by.is_empty() {
            let by = of.approved_by.iter().map(|by| line(&by.to_string()));
            let by: Vec<String> = by.collect();
            _ = writeln!(text, "    approved by {}", by.join(" and "));
        }
        if let Some(advice) = &of.withdrawal {
            let reason = line(&advice.withdrawal.reason);
            text = text
                .plainly("    ")
                .and(Colour::Bad, format!("{version} was withdrawn: {reason}"));
            text += "\n";
            for said in advice.says() {
                _ = writeln!(text, "    {said}");
            }
        }
        for why in &of.disputed {
            text = text
                .plainly("    ")
                .and(Colour::Bad, format!("{version} is disputed: {}", line(why)));
            text += "\n";
        }
    }
    text
}

/// Where a change or a commit is.
pub(super) fn whereabouts(places: &commands::locate::Whereabouts) -> String {
    let mut text = String::new();
    for shipped in &places.shipped {
        let by: Vec<&str> = shipped.proven_by.iter().map(|p| p.name.as_str()).collect();
        let proven = match by.as_slice() {
            [] => String::new(),
            by => format!(", proven by {}", by.join(", ")),
        };
        let withdrawn = match shipped.status {
            Status::Withdrawn => ", withdrawn since",
            Status::Disputed => ", which is disputed",
            Status::Imported => ", before gryt",
            Status::Draft | Status::Broken | Status::Promoted => "",
        };
        _ = writeln!(
            text,
            "{} was shipped in {}{proven}{withdrawn}",
            places.what, shipped.version
        );
    }
    // Of a commit it is said what is proven at it, of a change who wants it.
    let mut proven: Vec<(&Version, &ChangeId)> = Vec::new();
    for name in &places.proves {
        let pair = (&name.version, &name.change);
        if !proven.contains(&pair) {
            proven.push(pair);
        }
    }
    for (version, change) in proven {
        _ = writeln!(
            text,
            "{} proves {change} of the draft {version}",
            places.what
        );
    }
    if places.proves.is_empty() {
        for version in &places.wanted {
            _ = writeln!(text, "{} is declared by the draft {version}", places.what);
        }
    }
    if let Some(version) = &places.draft {
        _ = writeln!(text, "{version} is a draft, and not released yet");
    }
    if text.is_empty() {
        _ = writeln!(text, "{} is in no promoted version", places.what);
    }
    text
}

/// What going over the ledger again came to.
/// How many of a kind are shown where there may be thousands.
const SHOWN: usize = 10;
/// How many problems are shown: anybody can push as many entries as there is room.
const PROBLEMS: usize = 100;

pub(super) fn verify(report: &commands::verify::Report) -> Page {
    let mut text = Page::default();
    for problem in report.problems.iter().take(PROBLEMS) {
        text = text.and(Colour::Bad, problem_line(problem)).plainly("\n");
    }
    if let more @ 1.. = report.problems.len().saturating_sub(PROBLEMS) {
        _ = writeln!(text, "and {more} more problems");
    }
    for unknown in &report.unknown {
        _ = writeln!(text, "Cannot tell of {}", problem_line(unknown));
    }
    for past in &report.past {
        _ = writeln!(text, "In the past: {}", problem_line(past));
    }
    for look in &report.looks {
        _ = writeln!(text, "Worth a look: {}", problem_line(look));
    }
    for signed in &report.shown_signatures {
        let (version, promoter, says) = (&signed.version, &signed.promoter, signed.by.says());
        _ = writeln!(text, "{version} by {promoter}: {}", line(&says));
    }
    for excused in &report.excused {
        for excuse in &excused.excuses {
            _ = writeln!(
                text,
                "{} by {}: {}",
                excused.version,
                excused.promoter,
                line(excuse)
            );
        }
    }
    for unheld in report.unheld.iter().take(SHOWN) {
        _ = writeln!(text, "{}: {}", unheld.version, unheld.says());
    }
    match report.unheld.len().saturating_sub(SHOWN) {
        0 => {}
        more => _ = writeln!(text, "and {more} more imported versions"),
    }
    if !report.unheld.is_empty() {
        text += "What is missing is looked for by: git gryt doctor\n";
    }
    let (entries, promotions) = (report.entries, report.promotions);
    let entries = match entries {
        1 => "1 entry".to_owned(),
        n => format!("{n} entries"),
    };
    let counted = match promotions {
        1 => format!("{entries}, 1 promotion judged again"),
        n => format!("{entries}, {n} promotions judged again"),
    };
    let said = match (report.problems.len(), report.unknown.len()) {
        (0, 0) => "The ledger verifies".to_owned(),
        (0, _) => "This clone cannot tell whether the ledger verifies".to_owned(),
        (1, _) => "The ledger does not verify: 1 problem".to_owned(),
        (n, _) => format!("The ledger does not verify: {n} problems"),
    };
    _ = writeln!(text, "{said} ({counted})");
    if !report.named {
        _ = writeln!(
            text,
            "It begins at {}; .gryt/config.yaml does not name it, so another ledger would not be \
             noticed",
            report.genesis
        );
    }
    text
}

fn problem_line(problem: &commands::verify::Problem) -> String {
    match problem.rule {
        Some(rule) => format!("{}: {rule}: {}", problem.at, line(&problem.what)),
        None => format!("{}: {}", problem.at, line(&problem.what)),
    }
}
