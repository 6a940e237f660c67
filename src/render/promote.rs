//! What `promote` says to people, and what its gates said.

use std::fmt::Write;

use super::page::{Colour, Page};
use super::{line, markdown};
use crate::commands;
use crate::model::approval::Word;
use crate::model::built;
use crate::model::verdict::{ExcuseKind, Only, Verdict};

/// A version that was sealed, or could be.
pub(super) fn promote(promoted: &commands::promote::Promoted) -> Page {
    use crate::session::sealing::tag::TagState;
    let sealed = &promoted.sealed;
    let version = &sealed.version;
    let place = if promoted.cloud { " to cloud" } else { "" };
    let mut text = Page::from(match (promoted.dry_run, promoted.earlier) {
        (true, false) => format!("{version} could be promoted{place} now\n"),
        (_, true) => format!("Success: {version} was promoted{place} by an earlier run\n"),
        (false, false) => format!("Success: {version} promoted{place}\n"),
    });
    let count = sealed.evolutions.iter().filter(|f| f.counted).count();
    let evolutions = if count == 1 {
        "evolution"
    } else {
        "evolutions"
    };
    let at = sealed.commit.short();
    _ = writeln!(text, "  Commit {at}, proven by {count} {evolutions}");
    // Only who still decides has to read what passed.
    let told = match promoted.dry_run {
        true => Told::All,
        false => Told::Remarkable,
    };
    text += verdicts(&sealed.gates, told);
    if !promoted.policy_changes.is_empty() {
        text += "  The policy differs from the previous promotion's; both were applied:\n";
        for change in &promoted.policy_changes {
            _ = writeln!(text, "    {}", line(change));
        }
    }
    for built in built::lines(&built::released(sealed)) {
        _ = writeln!(text, "  {}", line(&built));
    }
    if promoted.unpushed {
        text += "  Sealed with edits of yours that were not pushed before\n";
    }
    if !promoted.dry_run {
        match promoted.tag {
            Some(TagState::Made) => _ = writeln!(text, "  Tag {version}"),
            Some(TagState::Refused | TagState::Waiting) | None => {}
        }
    }
    text
}

/// What somebody said of a release.
pub(super) fn approved(said: &commands::approve::Said) -> String {
    let version = &said.version;
    let mut text = match (said.says, said.there) {
        (Word::Approved, true) => format!("You have approved {version} already\n"),
        (Word::Rejected, true) => format!("You have rejected {version} already\n"),
        (Word::Approved, false) => format!("Approved: {version}\n"),
        (Word::Rejected, false) => format!("Rejected: {version}\n"),
        (Word::Revoked, _) => {
            format!("Revoked: you neither approve nor reject {version} any more\n")
        }
    };
    let changes = match said.changes {
        1 => "1 change".to_owned(),
        many => format!("{many} changes"),
    };
    let at = said.commit.short();
    match said.says {
        Word::Approved => _ = writeln!(text, "  The contract with {changes}, at commit {at}"),
        Word::Rejected => {
            _ = writeln!(
                text,
                "  To lift the rejection: git gryt approve {version} --revoke"
            );
        }
        Word::Revoked => {}
    }
    text
}

/// Which gates are told of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    All,
    /// Those that were excused or warn.
    Remarkable,
}

/// What the gates said of a release that may be, or was, promoted.
pub(super) fn verdicts(gates: &[Verdict], told: Told) -> Page {
    let mut text = Page::default();
    for verdict in gates {
        let gate = &verdict.gate;
        match &verdict.excuse {
            Some(excuse) => {
                let word = match verdict.only {
                    Some(Only::Previous) => "failed by the previous policy alone",
                    _ => "failed",
                };
                let how = match excuse.kind {
                    ExcuseKind::Waived => "waived",
                    ExcuseKind::Overridden => "overridden",
                };
                let said = format!("  {gate} {word}, {how}: {}", line(&excuse.reason));
                text = text.and(Colour::Bad, said).plainly("\n");
                for missing in &verdict.missing {
                    _ = writeln!(text, "    {}", line(missing));
                }
            }
            None if told == Told::All => _ = writeln!(text, "  {gate} passed"),
            None => {}
        }
        for warning in &verdict.warnings {
            text = text.plainly("  ").and(Colour::Bad, "warning:");
            _ = writeln!(text, " {}", line(warning));
        }
    }
    text
}

/// Who has to do what.
pub(super) fn why(why: &commands::why::Why) -> String {
    let version = &why.version;
    let head = match (&why.promoted, why.ready, &why.awaits) {
        (Some(promoter), ..) => format!("{version} is promoted, by {}", line(promoter)),
        (None, true, _) => format!("{version} is ready for promotion"),
        (None, false, Some(who)) => format!("{version} is ready for promotion by {}", line(who)),
        (None, false, None) => format!("{version} is not ready for promotion"),
    };
    let mut text = match why.markdown {
        true => format!("**{head}**\n\n"),
        false => format!("{head}\n"),
    };
    if let (Some(commit), None) = (&why.approved, &why.promoted) {
        _ = writeln!(
            text,
            "The commit {} is sufficiently approved",
            commit.short()
        );
    }
    if let Some(advice) = &why.withdrawal {
        let reason = line(&advice.withdrawal.reason);
        _ = writeln!(
            text,
            "It was withdrawn by {}: {reason}",
            line(&advice.withdrawal.by.to_string())
        );
        for said in advice.says() {
            _ = writeln!(text, "{said}");
        }
    }
    for (artifact, said) in why.artifacts.iter().zip(built::lines(&why.artifacts)) {
        let made = artifact.made.first();
        let made = made.filter(|_| artifact.contested && why.promoted.is_none());
        let first = made.and_then(|made| made.first.as_ref());
        let command =
            first.map(|first| format!("git gryt promote {version} --artifacts-of {first}"));
        let said = line(&said);
        text += &match (why.markdown, command) {
            (true, Some(command)) => format!("- {}: `{command}`\n", markdown(&said)),
            (true, None) => format!("- {}\n", markdown(&said)),
            (false, Some(command)) => format!("  {said}: {command}\n"),
            (false, None) => format!("  {said}\n"),
        };
    }
    for (nth, step) in why.steps.iter().enumerate() {
        // A list for a pull request has more than one reader.
        let asker = if why.markdown { "somebody" } else { "you" };
        let who = step.who.as_deref().unwrap_or(asker);
        let what = line(&step.what);
        text += &match (why.markdown, &step.command) {
            (true, Some(command)) => format!(
                "- [ ] {}: {}: `{command}`\n",
                markdown(who),
                markdown(&what)
            ),
            (true, None) => format!("- [ ] {}: {}\n", markdown(who), markdown(&what)),
            (false, Some(command)) => format!("  {}. {}: {what}: {command}\n", nth + 1, line(who)),
            (false, None) => format!("  {}. {}: {what}\n", nth + 1, line(who)),
        };
    }
    text
}
