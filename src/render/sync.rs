//! What `sync` and what it brought say to people.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::line;
use super::news::{self, disputed, withdrew};
use crate::commands;
use crate::model::publish;
use crate::model::{EvolutionName, Version};

/// What a pull brought.
pub(super) fn pull(pulled: &commands::sync::Pulled) -> String {
    let mut text = format!(
        "Pulled from cloud:\n  New generations: {}\n  Updated: {}\n",
        pulled.new, pulled.updated
    );
    if !pulled.conflicts.is_empty() {
        text += "\nConflicts detected:\n";
        for conflict in &pulled.conflicts {
            _ = writeln!(text, "  {}: {}", conflict.version, conflict.reason);
            _ = writeln!(text, "    {}", conflict.resolution);
            text += &way(
                conflict.details.as_deref(),
                &not_said(&conflict.next, conflict.resolution),
            );
        }
    }
    text += &news::news(&pulled.news);
    let mut notes = pull_notes(&pulled.details, &pulled.told_late);
    for name in &pulled.shared {
        _ = writeln!(notes, "  shared your {name}: its commits are published");
    }
    if !notes.is_empty() {
        text += "\nNote:\n";
        text += &notes;
    }
    text
}

/// What a fork brought.
pub(super) fn pull_from(brought: &crate::model::fork::Brought) -> String {
    let mut text = format!(
        "Pulled from {}:\n  New evolutions: {}\n  Updated: {}\n",
        brought.remote,
        brought.new.len(),
        brought.updated.len()
    );
    for (there, here) in &brought.renumbered {
        _ = writeln!(
            text,
            "  {there} is {} here, because the number was taken",
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
        let owners: Vec<String> = brought.owners.iter().map(ToString::to_string).collect();
        let owners = line(&owners.join(" and "));
        _ = writeln!(
            text,
            "Their author lines name {owners}; nothing else shows who made them"
        );
        text += "Share them: git gryt sync push-evolutions\n";
    }
    text
}

/// What a pull brought beside generations.
pub(super) fn pull_notes(
    adopted: &crate::model::reconcile::Adopted,
    told: &BTreeSet<String>,
) -> String {
    let mut notes = String::new();
    for version in &adopted.deleted {
        _ = writeln!(
            notes,
            "  {version} was deleted in the cloud; to bring it back: git gryt generation restore {version}"
        );
    }
    for renamed in &adopted.renamed {
        _ = writeln!(notes, "  {} was renamed to {}", renamed.old, renamed.new);
    }
    let untold = |name: &dyn std::fmt::Display| !told.contains(&name.to_string());
    for version in adopted.late_drafts.iter().filter(|v| untold(v)) {
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
    for name in adopted.late_evolutions.iter().filter(|n| untold(n)) {
        _ = writeln!(notes, "{}", late(name));
    }
    for name in &adopted.late_approvals {
        if !untold(&format!("approvals/{name}")) {
            continue;
        }
        let version = &name.version;
        _ = writeln!(
            notes,
            "  {version} was promoted before the approval or rejection by {} arrived; it does not count",
            line(&name.email)
        );
    }
    for name in adopted.late_proofs.iter().filter(|n| untold(n)) {
        _ = writeln!(notes, "{}", late_proof(name));
    }
    for (before, after) in &adopted.renumbered {
        let rc = after.rc();
        _ = writeln!(
            notes,
            "  the number of {before} was taken: yours is now {rc}"
        );
    }
    for name in &adopted.replayed {
        _ = writeln!(
            notes,
            "  {name} was continued in another clone of yours: both were joined"
        );
    }
    for version in &adopted.merged {
        _ = writeln!(
            notes,
            "  {version} was edited here too: merged, and not pushed yet"
        );
    }
    for one in &adopted.withdrawn {
        let said = withdrew(&one.by, &one.version, &one.reason);
        _ = writeln!(notes, "  {}", line(&said));
    }
    for it in &adopted.disputed {
        _ = writeln!(notes, "  {}", line(&disputed(&it.entry, &it.why, &it.by)));
    }
    if let Some(first) = adopted.disputed.first() {
        // What is no promotion is named by its oid, which `verify` lists.
        let entry = match first.entry.parse::<Version>() {
            Ok(version) => version.to_string(),
            Err(_) => "ENTRY".to_owned(),
        };
        _ = writeln!(
            notes,
            "  If that is an error, a promoter accepts it: git gryt verify --accept {entry} --reason TEXT"
        );
    }
    let (before, new): (Vec<_>, Vec<_>) = adopted
        .quarantined
        .iter()
        .partition(|(name, _)| adopted.told_before.contains(name));
    for (name, why) in new.iter().take(TOLD) {
        _ = writeln!(notes, "{}", quarantined(name, why));
    }
    if let more @ 1.. = new.len().saturating_sub(TOLD) {
        _ = writeln!(notes, "  and {more} more: git gryt doctor --remote");
    }
    if !before.is_empty() {
        let names: Vec<&str> = before.iter().map(|(name, _)| name.as_str()).collect();
        let more = match names.len().saturating_sub(5) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let some = names[..names.len().min(5)].join(", ");
        _ = writeln!(
            notes,
            "  {some}{more}: still invalid: git gryt doctor --remote"
        );
    }
    notes
}

fn late(name: &EvolutionName) -> String {
    let version = &name.version;
    format!("  {name} is late: {version} was promoted without it")
}

fn late_proof(name: &EvolutionName) -> String {
    let version = &name.version;
    format!("  {version} was promoted with {name}; proofs added to it later came too late")
}

/// How many refs are named that count for nothing: anybody can push as many as there is room.
const TOLD: usize = 20;

fn quarantined(name: &str, why: &str) -> String {
    format!("  {name} is invalid and does not count: {}", line(why))
}

/// What a push of drafts did.
pub(super) fn push(pushed: &commands::sync::Pushed) -> String {
    if let Some(version) = &pushed.promoted {
        return format!("Nothing to push: {version} is promoted in the cloud\n");
    }
    if pushed.created.is_empty() && pushed.updated.is_empty() && pushed.errors.is_empty() {
        return "Nothing to push: the cloud has all drafts of this clone\n".into();
    }
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
            _ = writeln!(text, "  {}: {}", failure.version, line(&failure.error));
            _ = writeln!(text, "    {}", failure.resolution);
            text += &way(
                failure.details.as_deref(),
                &not_said(&failure.next, &failure.resolution),
            );
        }
    }
    text
}

/// Who has a version, and what to type, below what was said of it.
pub(super) fn way(details: Option<&str>, next: &[String]) -> String {
    let mut text = String::new();
    if let Some(details) = details {
        for part in details.lines() {
            _ = writeln!(text, "    {}", line(part));
        }
    }
    for command in next {
        _ = writeln!(text, "    {command}");
    }
    text
}

/// The commands that a text does not end with already.
fn not_said(next: &[String], text: &str) -> Vec<String> {
    let said = |command: &&String| text.ends_with(command.as_str());
    next.iter()
        .filter(|command| !said(command))
        .cloned()
        .collect()
}

/// What a push of evolutions did.
pub(super) fn push_evolutions(pushed: &commands::sync::PushedEvolutions) -> String {
    let mut text = format!(
        "Pushed evolutions to cloud:\n  Created: {}\n  Updated: {}\n",
        pushed.created.len(),
        pushed.updated.len()
    );
    for (before, after) in &pushed.renumbered {
        _ = writeln!(
            text,
            "  the number of {before} was taken: yours is now {}",
            after.rc()
        );
    }
    for name in &pushed.late {
        let abandon = format!("git gryt evolution abandon {name} --reason TEXT");
        _ = writeln!(text, "{}: {abandon}", late(name));
    }
    for name in &pushed.late_proofs {
        _ = writeln!(text, "{}", late_proof(name));
    }
    for (name, why) in pushed.quarantined.iter().take(TOLD) {
        _ = writeln!(text, "{}", quarantined(name, why));
    }
    if let more @ 1.. = pushed.quarantined.len().saturating_sub(TOLD) {
        _ = writeln!(text, "  and {more} more: git gryt doctor --remote");
    }
    if !pushed.blocked.is_empty() {
        let refusal = publish::refused(&pushed.blocked);
        _ = writeln!(text, "Not shared: {}", line(&refusal.what));
        for why in &refusal.why {
            _ = writeln!(text, "  {}", line(why));
        }
        for next in &refusal.next {
            _ = writeln!(text, "  {next}");
        }
    }
    text
}

/// A move of the ledger, and what followed from it.
pub(super) fn moved(done: &commands::sync::movement::Movement) -> String {
    use crate::commands::sync::movement::Act;
    let place = format!("{} of {}", done.prefix, done.remote);
    let mut text = match done.act {
        Act::Moved => format!("Success: the ledger moved to {place}\n"),
        Act::Followed => format!("This clone looks for the ledger at {place} now\n"),
        Act::Back => format!("The ledger is open at {place} again\n"),
    };
    text += &pull(&done.pulled);
    let sent = done.pushed.created.len() + done.pushed.updated.len();
    let proofs = done.proofs.created.len() + done.proofs.updated.len();
    if sent + proofs > 0 || done.pushed.exit() != crate::model::Exit::Done {
        text += &push(&done.pushed);
        text += &push_evolutions(&done.proofs);
    }
    text
}

/// What the cloud got back.
pub(super) fn put_back(done: &commands::sync::republish::PutBack) -> String {
    let republished = &done.republished;
    if republished.is_empty() {
        return "The cloud holds everything that this clone verified: nothing to put back\n".into();
    }
    let mut text = match republished.dry_run {
        true => "Would put back in the cloud:\n".to_owned(),
        false => "Put back in the cloud:\n".to_owned(),
    };
    let kinds: [(&str, Vec<String>); 6] = [
        ("promotion of", all(&republished.promotions)),
        ("withdrawal of", all(&republished.withdrawals)),
        ("import of", all(&republished.imports)),
        ("draft", all(&republished.drafts)),
        ("evolution", all(&republished.evolutions)),
        ("tag", all(&republished.tags)),
    ];
    let empty = text.len();
    for (kind, names) in kinds {
        for name in names {
            _ = writeln!(text, "  {kind} {name}");
        }
    }
    let nothing = text.len() == empty;
    if nothing {
        match republished.is_ledger_lost && republished.lost.is_empty() {
            true => text += "  the ledger, which holds nothing yet\n",
            false => text.clear(),
        }
        if republished.is_said_otherwise {
            text += "The cloud's ledger holds other entries that say all that it lost: nothing to put back\n";
        }
    }
    if !republished.lost.is_empty() {
        text += "Cannot be put back:\n";
    }
    for lost in &republished.lost {
        _ = writeln!(text, "  promotion of {}: {}", lost.version, line(&lost.why));
    }
    if republished.dry_run {
        text += match nothing && republished.is_said_otherwise {
            true => "To go on with the cloud's ledger: git gryt sync push --republish\n",
            false => "To do it: git gryt sync push --republish\n",
        };
    }
    if let Some(pulled) = &done.pulled {
        text += &pull(pulled);
    }
    text
}

fn all(names: &[impl ToString]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

/// Drafts that were linked.
pub(super) fn backfill(done: &crate::session::cloud::backfill::Backfilled) -> String {
    let mut text = format!(
        "Linked: {}; evolutions that came along: {}\n",
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
