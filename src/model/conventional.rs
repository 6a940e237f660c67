//! The changes that commits speak of: by trailers `Gryt-Change`, and by Conventional Commits
//! (conventionalcommits.org, version 1.0.0).

use super::change::ChangeKind;
use super::scheme::Level;
use super::trailers::{self, Key};
use super::{Change, ChangeId, Oid};

/// What the footer begins with that says what a commit or a change breaks.
pub(crate) const BREAKING: &str = "BREAKING CHANGE:";

/// The longest id that is made of a title.
const LONGEST: usize = 32;

/// A change that commits speak of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proposed {
    pub change: Change,
    /// Those commits, oldest first.
    pub commits: Vec<Oid>,
}

/// What the commits since a release come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Proposal {
    pub changes: Vec<Proposed>,
    /// Which number of the version they count up.
    pub level: Option<Level>,
    /// The subjects of the commits that propose no change.
    pub others: Vec<(Oid, String)>,
}

/// What one commit says.
struct Said {
    kind: Option<ChangeKind>,
    title: String,
    level: Option<Level>,
    /// What it breaks, as a footer of the change's description; with nothing after the mark where the title says it.
    breaks: Option<String>,
}

/// Proposes changes, by the commits' messages, oldest first.
pub(crate) fn propose<'a>(commits: impl Iterator<Item = (&'a Oid, &'a str)>) -> Proposal {
    let mut found = Proposal::default();
    for (oid, message) in commits {
        let said = said(message);
        let named: Vec<ChangeId> = trailers::of_person(message, Key::Change)
            .into_iter()
            .filter_map(|id| id.parse().ok())
            .collect();
        found.level = found.level.max(said.level);
        for id in &named {
            found.level = found.level.max(Some(Level::Patch));
            found.join(id, &said, oid);
        }
        if !named.is_empty() {
            continue;
        }
        let id = said.kind.and_then(|_| found.fresh(&said.title));
        match id {
            Some(id) => found.join(&id, &said, oid),
            None => {
                let subject = message.lines().next().unwrap_or_default();
                found.others.push((oid.clone(), subject.to_owned()));
            }
        }
    }
    found
}

impl Proposal {
    /// Counts a commit for a change. The first commit that says what it is gives it its title and its type.
    fn join(&mut self, id: &ChangeId, said: &Said, oid: &Oid) {
        let known = self.changes.iter_mut().find(|known| known.change.id.is(id));
        if let Some(known) = known {
            known.commits.push(oid.clone());
            let description = &mut known.change.description;
            *description = description.take().or_else(|| said.breaks.clone());
            return;
        }
        self.changes.push(Proposed {
            change: Change {
                kind: said.kind.unwrap_or(ChangeKind::Refine),
                id: id.clone(),
                title: said.title.clone(),
                description: said.breaks.clone(),
                assignee: None,
                pipeline: None,
                links: Vec::new(),
            },
            commits: vec![oid.clone()],
        });
    }

    /// An id that is made of a title: its words, and a number where two titles begin alike. The same title
    /// is the same change.
    fn fresh(&self, title: &str) -> Option<ChangeId> {
        let words: Vec<String> = title
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_ascii_uppercase)
            .collect();
        let mut text = String::new();
        for word in words {
            if !text.is_empty() && text.len() + word.len() >= LONGEST {
                break;
            }
            if !text.is_empty() {
                text.push('-');
            }
            text.push_str(&word);
        }
        text.truncate(LONGEST);
        let first: ChangeId = text.parse().ok()?;
        let holder = |id: &ChangeId| self.changes.iter().find(|known| known.change.id.is(id));
        let free = |id: &ChangeId| holder(id).is_none_or(|known| known.change.title == title);
        if free(&first) {
            return Some(first);
        }
        (2..1_000).find_map(|nth| {
            let id = format!("{text}-{nth}").parse().ok()?;
            free(&id).then_some(id)
        })
    }
}

/// Reads one message. A commit that is no conventional one says nothing but its subject.
fn said(message: &str) -> Said {
    let subject = message.lines().next().unwrap_or_default().trim();
    let Ok(commit) = git_conventional::Commit::parse(message.trim()) else {
        return Said {
            kind: None,
            title: plain(subject),
            level: None,
            breaks: None,
        };
    };
    let title = match commit.scope() {
        Some(scope) => format!("{scope}: {}", commit.description()),
        None => commit.description().to_owned(),
    };
    let (kind, level) = match commit.type_().as_str().to_ascii_lowercase().as_str() {
        "feat" => (Some(ChangeKind::Add), Some(Level::Minor)),
        "fix" => (Some(ChangeKind::Fix), Some(Level::Patch)),
        "perf" | "refactor" => (Some(ChangeKind::Refine), Some(Level::Patch)),
        "revert" => (Some(ChangeKind::Remove), Some(Level::Patch)),
        // Nothing that a user of the release would see, unless it says that it breaks something.
        _ if commit.breaking() => (Some(ChangeKind::Refine), Some(Level::Patch)),
        _ => (None, None),
    };
    Said {
        kind,
        title: plain(&title),
        level: match commit.breaking() {
            true => Some(Level::Major),
            false => level,
        },
        breaks: commit.breaking_description().map(|what| {
            let what = match what == commit.description() {
                true => "",
                false => what,
            };
            let words: Vec<&str> = what.split_whitespace().collect();
            let what: String = words
                .join(" ")
                .chars()
                .filter(|c| !c.is_control())
                .collect();
            format!("{BREAKING} {what}").trim_end().to_owned()
        }),
    }
}

/// One line of text.
fn plain(title: &str) -> String {
    let kept: String = title.chars().filter(|c| !c.is_control()).collect();
    match kept.trim() {
        "" => "(no subject)".to_owned(),
        kept => kept.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(messages: &[&str]) -> Proposal {
        let oids: Vec<Oid> = (1..=messages.len())
            .map(|nth| format!("{nth:040x}").parse().unwrap())
            .collect();
        propose(oids.iter().zip(messages.iter().copied()))
    }

    fn ids(proposal: &Proposal) -> Vec<String> {
        let line = |p: &Proposed| {
            let Change {
                kind, id, title, ..
            } = &p.change;
            format!("{kind}:{}:{title} ({})", id.as_str(), p.commits.len())
        };
        proposal.changes.iter().map(line).collect()
    }

    #[test]
    fn conventional_commits_become_changes() {
        let found = of(&[
            "feat: log in with a password",
            "fix(parser): no crash on an empty file",
            "docs: say how",
            "chore: bump",
            "Tidy up",
            "feat: log in with a password",
        ]);
        let expected = [
            "add:LOG-IN-WITH-A-PASSWORD:log in with a password (2)",
            "fix:PARSER-NO-CRASH-ON-AN-EMPTY-FILE:parser: no crash on an empty file (1)",
        ];
        assert_eq!(ids(&found), expected);
        assert_eq!(found.level, Some(Level::Minor));
        assert_eq!(found.others.len(), 3);
    }

    #[test]
    fn a_trailer_names_the_change() {
        let found = of(&[
            "feat!: a new format\n\nGryt-Change: FEAT-7\n",
            "Mend it\n\nGryt-Change: feat-7\n",
            "Half done\n\nGryt-Change: BUG-1\nGryt-Change: no id!\n",
        ]);
        assert_eq!(
            ids(&found),
            ["add:FEAT-7:a new format (2)", "refine:BUG-1:Half done (1)"]
        );
        assert_eq!(found.level, Some(Level::Major));
    }

    #[test]
    fn two_titles_that_begin_alike_are_two_changes() {
        let long = "a very long title that goes on and on for the";
        let found = of(&[
            &format!("fix: {long} first"),
            &format!("fix: {long} second"),
            "fix: ***",
            "fix: a\u{7}b",
        ]);
        let ids: Vec<String> = found
            .changes
            .iter()
            .map(|p| p.change.id.as_str().to_owned())
            .collect();
        assert_eq!(ids.len(), 3, "{ids:?}");
        assert_eq!(ids[1], format!("{}-2", ids[0]));
        assert_eq!(found.others.len(), 1);
        assert_eq!(found.changes[2].change.title, "ab");
    }

    #[test]
    fn what_breaks_something_counts_up_the_first_number() {
        let found = of(&["chore: drop it\n\nBREAKING CHANGE: it is gone\n"]);
        assert_eq!(ids(&found), ["refine:DROP-IT:drop it (1)"]);
        assert_eq!(found.level, Some(Level::Major));
        let described = |message: &str| of(&["feat: a", message]).changes.pop()?.change.description;
        let said = described("chore: drop it\n\nBREAKING CHANGE: it is\n  gone\n");
        assert_eq!(said.as_deref(), Some("BREAKING CHANGE: it is gone"));
        assert_eq!(described("fix!: b").as_deref(), Some("BREAKING CHANGE:"));
        assert_eq!(described("fix: b"), None);
        // A later commit of the same change may be the one that breaks something.
        assert_eq!(described("feat!: a").as_deref(), Some("BREAKING CHANGE:"));
        assert_eq!(of(&["docs: a"]).level, None);
    }
}
