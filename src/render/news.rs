//! What came in with a pull, a line each.

use super::line;
use crate::model::approval::{Void, Word};
use crate::model::disputed::Dispute;
use crate::model::listed::listed;
use crate::model::news::News;
use crate::model::state::Trial;
use crate::model::{Person, Version};
use std::fmt::Write;

/// The longest list of news; the rest is counted.
pub(super) const NEWS: usize = 8;

/// What others did.
pub(super) fn news(all: &[News]) -> String {
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

/// Who withdrew a release, and why.
pub(super) fn withdrew(by: &Person, version: &Version, reason: &str) -> String {
    format!("{version} was withdrawn by {}: {reason}", by.name)
}

/// One piece of news.
pub(super) fn news_line(news: &News) -> String {
    match news {
        News::Promoted { version, by } => format!("{} promoted {version}", by.name),
        News::Withdrawn {
            version,
            reason,
            by,
        } => withdrew(by, version, reason),
        News::Disputed { entry, by, why } => disputed(entry, why, by),
        News::Draft {
            version,
            by,
            others,
            new,
        } => {
            let mut names = vec![by.name.as_str()];
            names.extend(others.iter().map(|person| person.name.as_str()));
            let names = listed(&names);
            match (new, others.as_slice()) {
                (true, []) => format!("{names} declared {version}"),
                (true, _) => format!("{version} is new, by {names}"),
                (false, _) => format!("{names} edited {version}"),
            }
        }
        News::Left { version } => format!("the draft {version} left the cloud"),
        News::Approval { version, by, says } => match says {
            Word::Approved => format!("{} approved {version}", by.name),
            Word::Rejected => format!("{} rejected {version}", by.name),
            Word::Revoked => format!(
                "{} revoked their approval or rejection of {version}",
                by.name
            ),
        },
        News::Voided { version, ended_by } => {
            let reason = match ended_by {
                Void::Contract => "the contract was edited since",
                Void::Commit => "another commit was approved since",
                Void::Policy => "the policy changed since",
            };
            format!(
                "your approval of {version} does not hold any more: {reason}: git gryt approve {version}"
            )
        }
        News::Asked { version } => {
            format!("{version} is proven and awaits your approval: git gryt approve {version}")
        }
        News::Proof { name, by, status } => {
            let (who, change, version) = (&by.name, &name.change, &name.version);
            let rc = name.rc();
            match status {
                Trial::Pass => format!("{who} proved {change} in {version} ({rc})"),
                Trial::Fail => format!("{change} in {version} failed for {who} ({rc})"),
                Trial::Abandoned => format!("{who} abandoned {rc} of {change} in {version}"),
                Trial::Dropped | Trial::Started | Trial::Elsewhere | Trial::Stale => {
                    format!("{change} in {version}: {status} ({who}, {rc})")
                }
            }
        }
    }
}

pub(super) fn disputed(entry: &str, why: &[Dispute], by: &Person) -> String {
    let why: Vec<String> = why.iter().map(ToString::to_string).collect();
    format!("{entry} is disputed: {} ({})", why.join("; "), by.name)
}
