//! What a server's `pre-receive` refuses (docs/hooks.md, "On a server"), and how it tells the person who
//! pushed.

use super::approval::ApprovalName;
use super::disputed::Dispute;
use super::{EvolutionName, Exit, Oid, Refusal, Stamp, Version};

/// Why a ref is not moved as a push would have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// The ref is not where the pusher takes it to be.
    Elsewhere,
    /// The ledger would be gone.
    LedgerGone,
    /// It would not go on from the entry where it is.
    LedgerRewound { at: Oid },
    /// It is no ledger at all.
    NoLedger { why: String },
    /// An entry is structurally invalid.
    Invalid { entry: Oid, why: String },
    /// An entry is disputed.
    Disputed {
        entry: Oid,
        /// What the entry does.
        act: String,
        why: Vec<Dispute>,
        /// What lets it in all the same, where it promotes.
        admit: Option<String>,
    },
    /// This program cannot tell: a later one wrote the entry, or objects are not there.
    Untold { entry: Oid, why: String },
    /// The time of an entry cannot be.
    Untimely { entry: Oid, why: String },
    /// The release commit is on no branch of the server, which asks for it.
    OnNoBranch { version: Version, commit: Oid },
    /// It is on none of those that its policy allows.
    OnOtherBranch {
        version: Version,
        commit: Oid,
        allowed: Vec<String>,
    },
    /// A draft that does not check.
    Draft { why: String },
    /// A draft that would lose edits.
    DraftRewound { version: Version },
    /// The version is in the ledger, so spelled.
    Released { as_spelled: Version },
    /// Another draft is of the same version.
    Twin { other: Version },
    /// An evolution that does not check.
    Evolution { why: String },
    /// An evolution that would lose proofs.
    EvolutionRewound { name: EvolutionName },
    /// Another evolution's name differs in upper and lower case alone.
    Alike { other: EvolutionName },
    /// An approval that does not check.
    Approval { why: String },
    /// An approval that would become another one.
    ApprovalMoved { name: ApprovalName },
    /// A name that the format does not know.
    Foreign,
    /// A ref that every clone has for itself.
    Private,
    /// The tag of a release would move or be gone.
    TagMoved { version: Version, at: Oid },
    /// A tag that takes the name of a release's.
    TagTaken { version: Version },
    /// A tag that names an entry, and does not fit it.
    TagUnfit { why: String },
}

impl Wrong {
    /// What the pusher is told of the ref `name`, and what to type.
    pub(crate) fn refusal(&self, name: &str) -> Refusal {
        let refused = |why: &str| Refusal::new(Exit::Failure, format!("{name} was refused: {why}"));
        let pull = "git gryt sync pull";
        match self {
            Self::Elsewhere => refused("somebody moved it meanwhile").then(pull),
            Self::LedgerGone => refused("the ledger is never deleted by a push").because(
                "Whoever administers this server can delete it in the bare repository, with git update-ref -d",
            ),
            Self::LedgerRewound { at } => refused("it is not a fast-forward of the ledger here")
                .because(format!("The last entry here is {at}"))
                .because("Pull first, and type the command again")
                .then(pull),
            Self::NoLedger { why } => refused("it is not a ledger").because(why),
            Self::Invalid { entry, why } => {
                refused(&format!("the commit {} is not a valid ledger entry: {why}", entry.short()))
            }
            Self::Disputed {
                entry,
                act,
                why,
                admit,
            } => {
                let mut refusal = refused(&format!("everybody would dispute {act}"));
                refusal.why = why.iter().map(ToString::to_string).collect();
                refusal = refusal.because(format!("The entry is {}", entry.short()));
                match admit {
                    Some(admit) => refusal.because(format!(
                        "Whoever administers this server can let it in, by a command in the bare repository: \
                         git config --add gryt.admit '{admit}'. After that, promote again"
                    )),
                    None => refusal,
                }
            }
            Self::Untold { entry, why } => {
                refused("this server cannot tell whether an entry holds")
                    .because(format!("Entry {}: {why}", entry.short()))
            }
            Self::Untimely { entry, why } => refused(&format!("the entry {} {why}", entry.short()))
                .because("Set the clock of the machine that wrote it, and type the command again"),
            Self::OnNoBranch { version, commit } => refused(&format!(
                "the commit {} of {version} is on no branch here, and this server asks for it",
                commit.short()
            ))
            .because("Push the branch that holds it, and type the command again")
            .then("git push"),
            Self::OnOtherBranch {
                version,
                commit,
                allowed,
            } => refused(&format!(
                "the commit {} of {version} is not on {} here, and its policy asks for that",
                commit.short(),
                allowed.join(" or ")
            ))
            .because("Merge it there, push that branch, and type the command again")
            .then("git push"),
            Self::Draft { why } => refused(&format!("it is not a valid draft: {why}")),
            Self::DraftRewound { version } => {
                refused(&format!("{version} here has edits that this push lacks")).then(pull)
            }
            Self::Released { as_spelled } => refused(&format!("{as_spelled} is released already"))
                .because("Use a different version")
                .then(rename(name)),
            Self::Twin { other } => refused(&format!(
                "it is the same version as {other}, which has a draft here"
            ))
            .because("Use a different version")
            .then(rename(name)),
            Self::Approval { why } => refused(&format!("it is not a valid approval: {why}")),
            Self::ApprovalMoved { name } => {
                let version = &name.version;
                refused("an approval is written once, and whoever says something else says it anew")
                    .then(format!("git gryt approve {version}"))
            }
            Self::Evolution { why } => refused(&format!("it is not a valid evolution: {why}")),
            Self::EvolutionRewound { name } => {
                refused(&format!("{name} here has proofs that this push lacks")).then(pull)
            }
            Self::Alike { other } => refused(&format!(
                "it differs from {other} in upper and lower case alone, and some clones could hold only \
                 one of the two"
            )),
            Self::Foreign => refused("no ref of that name belongs to the ledger")
                .because("Keep refs of your own elsewhere, such as below refs/heads/"),
            Self::Private => refused("it is the memory of one clone, and nobody else's")
                .because("Push branches and tags; what is shared goes with git gryt sync push")
                .then("git push REMOTE 'refs/heads/*' 'refs/tags/*'"),
            Self::TagMoved { version, at } => refused(&format!(
                "it is the tag of {version}, which was released at {}, and stays there",
                at.short()
            ))
            .because("Releases are immutable: withdraw this one, or promote another")
            .then(format!("git gryt withdraw {version} --reason TEXT"))
            .then("git gryt generation new --next patch"),
            Self::TagTaken { version } => refused(&format!(
                "it is the tag of {version}, and another one than its release makes"
            ))
            .because("The release's own tag goes with the next pull of anybody who has the release")
            .then(pull),
            Self::TagUnfit { why } => refused(why),
        }
    }
}

/// The command that gives the draft at a ref another version.
fn rename(name: &str) -> String {
    let version = name
        .split_once("/generations/")
        .map_or("VERSION", |(_, version)| version);
    format!("git gryt generation rename {version} NEW")
}

/// What the pusher is told of all that is wrong with a push, by the name of the ref.
pub(crate) fn refusal(wrong: &[(String, Wrong)]) -> Option<Refusal> {
    let mut all = wrong.iter().map(|(name, wrong)| wrong.refusal(name));
    let mut first = all.next()?;
    for one in all {
        first.why.push(one.what);
        first.why.extend(one.why);
        for next in one.next {
            if !first.next.contains(&next) {
                first.next.push(next);
            }
        }
    }
    let rest = "Nothing of this push was taken";
    Some(first.because(rest))
}

/// What a server's setting `gryt.admit` says of the promotion that it lets in: a promoter who tries again
/// writes another entry, of the same commit.
pub(crate) fn admit(version: &Version, commit: &Oid) -> String {
    format!("{version} {commit}")
}

/// What a release's tag has to fit: the entry that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tagged {
    pub version: Version,
    pub commit: Oid,
    /// The tag that the entry names; none where it makes none.
    pub tag: Option<String>,
}

/// Whether a tag of that name, at that commit, fits the entry that it names.
pub(crate) fn fits(name: &str, at: Option<&Oid>, entry: &Tagged) -> Option<Wrong> {
    let version = &entry.version;
    if at != Some(&entry.commit) {
        let why = format!(
            "it names the entry of {version}, which released {}, and is at another commit",
            entry.commit.short()
        );
        return Some(Wrong::TagUnfit { why });
    }
    match &entry.tag {
        Some(tag) if tag != name => {
            let why = format!("it names the entry of {version}, whose tag is {tag}");
            Some(Wrong::TagUnfit { why })
        }
        Some(_) | None => None,
    }
}

/// Who says that an entry was written when.
#[derive(Clone, Debug)]
pub(crate) struct Times<'a> {
    /// When the commit says that it was made.
    pub commit: &'a Stamp,
    /// When the entry says that it happened; none where it says nothing.
    pub says: Option<&'a Stamp>,
    /// The latest time of an entry before it.
    pub before: Option<&'a Stamp>,
}

/// How far a clock may be off.
pub(crate) const TOLERANCE: chrono::TimeDelta = chrono::TimeDelta::days(1);

impl Times<'_> {
    /// What of them cannot be at the moment `now`. An earlier entry whose time lies ahead does not make
    /// those after it late.
    pub(crate) fn wrong(&self, now: &Stamp) -> Option<&'static str> {
        let latest = self.says.unwrap_or(self.commit).max(self.commit);
        if *latest > *now + TOLERANCE {
            return Some("lies ahead of this server's clock by more than a day");
        }
        // A key that is over signs nothing by saying that it was earlier.
        let earliest = self.says.unwrap_or(self.commit).min(self.commit);
        if self
            .before
            .is_some_and(|before| *earliest + TOLERANCE < *before.min(now))
        {
            return Some("says that it was written more than a day before an earlier one");
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oid(n: u32) -> Oid {
        format!("{n:040x}").parse().unwrap()
    }

    fn at(text: &str) -> Stamp {
        text.parse().unwrap()
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let twice = Wrong::LedgerRewound { at: oid(1) };
        let wrong = [
            ("refs/gryt/ledger".to_owned(), twice.clone()),
            ("refs/heads/gryt/ledger".to_owned(), twice),
            ("refs/gryt/x".to_owned(), Wrong::Foreign),
        ];
        let told = refusal(&wrong).unwrap();
        assert!(told.what.starts_with("refs/gryt/ledger was refused: "));
        let lines = told.lines();
        for part in [
            "refs/heads/gryt/ledger",
            "refs/gryt/x",
            "Nothing of this push",
        ] {
            assert!(lines.contains(part), "{lines}");
        }
        assert_eq!(told.next, ["git gryt sync pull"]);
        assert_eq!(refusal(&[]), None);
    }

    #[test]
    fn a_tag_fits_the_entry_that_it_names() {
        let entry = Tagged {
            version: "v1.0.0".parse().unwrap(),
            commit: oid(1),
            tag: Some("v1.0.0".into()),
        };
        assert_eq!(fits("v1.0.0", Some(&oid(1)), &entry), None);
        assert!(fits("v1.0.1", Some(&oid(1)), &entry).is_some());
        assert!(fits("v1.0.0", Some(&oid(2)), &entry).is_some());
        assert!(fits("v1.0.0", None, &entry).is_some());
        let untagged = Tagged { tag: None, ..entry };
        assert_eq!(fits("later", Some(&oid(1)), &untagged), None);
    }

    #[test]
    fn a_clock_may_be_off_by_a_day() {
        let now = at("2026-01-10T00:00:00+00:00");
        let wrong = |commit: &str, says: Option<&str>, before: Option<&str>| {
            let (commit, says, before) = (at(commit), says.map(at), before.map(at));
            let times = Times {
                commit: &commit,
                says: says.as_ref(),
                before: before.as_ref(),
            };
            times.wrong(&now).is_some()
        };
        assert!(!wrong("2026-01-10T23:00:00+00:00", None, None));
        assert!(wrong("2026-01-11T01:00:00+00:00", None, None));
        assert!(wrong(
            "2026-01-10T00:00:00+00:00",
            Some("2026-02-01T00:00:00+00:00"),
            None
        ));
        // What is repeated was said long ago.
        assert!(!wrong(
            "2026-01-10T00:00:00+00:00",
            Some("2020-02-01T00:00:00+00:00"),
            None
        ));
        let before = Some("2026-01-09T00:00:00+00:00");
        assert!(!wrong("2026-01-08T01:00:00+00:00", None, before));
        assert!(wrong("2026-01-07T00:00:00+00:00", None, before));
        // One whose clock was wrong long ago stops nobody.
        let ahead = Some("2126-01-09T00:00:00+00:00");
        assert!(!wrong("2026-01-09T01:00:00+00:00", None, ahead));
    }
}
