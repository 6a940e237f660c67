//! `git push --porcelain`: what to ask for and what came of it.
//!
//! Of git's answer only the flag character, the tab-separated form, the split between `rejected`
//! and `remote rejected`, and the last line `Done` are the same from 2.39 to 2.55; reasons in
//! words differ between versions and are kept for people alone.

use std::collections::BTreeMap;

use anyhow::Result;

use super::refs::Update;
use super::{Git, Output, Reach, Trace};
use crate::model::push::{Barrier, Culprit, Reply};

/// What one ref's line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// Created, moved, deleted, or there already.
    Done,
    /// Our git refused: a lease did not match the advertisement.
    RejectedHere,
    /// The server refused, with these words.
    RejectedThere(String),
    /// The server did not say what became of it.
    Untold,
}

/// What came of a push.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// By the remote ref's name.
    pub lines: BTreeMap<String, Line>,
    /// Whether the server's answer arrived whole.
    pub done: bool,
    /// Whether git exited 0.
    pub ok: bool,
    /// Git's own words, for people.
    pub said: String,
    /// How far it got.
    pub trace: Trace,
}

impl Report {
    /// Whether everything that was asked for was acknowledged. Anything else means: read the
    /// remote before saying anything.
    pub fn accepted(&self) -> bool {
        self.ok && self.done && self.lines.values().all(|line| *line == Line::Done)
    }

    /// Whether it is known what became of every ref: git says so, or the server refused each.
    fn whole(&self) -> bool {
        let refused = |line: &Line| matches!(line, Line::RejectedThere(_));
        self.done || !self.lines.is_empty() && self.lines.values().all(refused)
    }

    /// What it says to a push of `updates`, as far as it decides what to do next.
    pub fn reply(&self, updates: &[Update]) -> Reply {
        if self.accepted() {
            // What no line names was not acknowledged.
            let told = |u: &Update| u.old == u.new || self.lines.contains_key(&u.name);
            return match updates.iter().all(told) {
                true => Reply::Accepted,
                false => Reply::Unknown,
            };
        }
        let untold = self.lines.values().any(|line| *line == Line::Untold);
        if !self.lines.is_empty() && (untold || !self.whole()) {
            return Reply::Unknown;
        }
        let there = |line: &Line| matches!(line, Line::RejectedThere(_));
        if self.lines.values().any(there) {
            return Reply::Declined(self.culprit(updates));
        }
        if self.lines.values().any(|line| *line == Line::RejectedHere) {
            return Reply::Lost;
        }
        // Where a connection over HTTP broke off, git says nothing of the refs that it was to move, and of
        // the others that they are up to date.
        // A number of the four hundreds is an answer: the server took nothing.
        match (self.trace.status, self.trace.reach) {
            (Some(401 | 407), _) => Reply::Unsent(Barrier::Login),
            (Some(429), _) => Reply::Unsent(Barrier::Busy),
            (Some(400..=499), _) => Reply::Unsent(Barrier::Rights),
            (Some(500..=599), Reach::Connecting) => Reply::Unsent(Barrier::Busy),
            (_, Reach::Connecting) => Reply::Unsent(Barrier::Connection),
            (_, Reach::Untold | Reach::Connected | Reach::Exchanging | Reach::Fetched) => {
                Reply::Unknown
            }
        }
    }

    /// The refs that the server itself refused.
    pub fn declined(&self) -> impl Iterator<Item = &str> {
        let there = self
            .lines
            .iter()
            .filter(|(_, line)| matches!(line, Line::RejectedThere(_)));
        there.map(|(name, _)| name.as_str())
    }

    /// Which ref a refusal is about: in a push that is all or nothing the others are refused with it,
    /// with another reason.
    fn culprit(&self, updates: &[Update]) -> Culprit {
        let reason = |update: &Update| match self.lines.get(&update.name) {
            Some(Line::RejectedThere(reason)) => Some(reason.as_str()),
            Some(Line::Done | Line::RejectedHere | Line::Untold) | None => None,
        };
        let moves: Vec<&Update> = updates.iter().filter(|u| u.old != u.new).collect();
        let mut reasons: BTreeMap<Option<&str>, Vec<usize>> = BTreeMap::new();
        for (at, update) in moves.iter().enumerate() {
            reasons.entry(reason(update)).or_default().push(at);
        }
        let refused: Vec<(&Option<&str>, &Vec<usize>)> = reasons
            .iter()
            .filter(|(reason, _)| reason.is_some())
            .collect();
        let at = match (reasons.len(), &refused[..]) {
            // Others got through, so that each refusal is a ref's own.
            (_, [(_, at)]) if at.len() < moves.len() => at,
            (2, [(_, one), (_, other)]) if one.len() < other.len() => one,
            (2, [(_, one), (_, other)]) if other.len() < one.len() => other,
            _ => return Culprit::Whole,
        };
        let of = |at: &usize| match moves[*at] {
            _ if *at == 0 => Culprit::First,
            update if update.name.starts_with("refs/tags/") => Culprit::Tag,
            update if update.new.is_none() => Culprit::Deletion,
            _ => Culprit::Other,
        };
        let mut kinds: Vec<Culprit> = at.iter().map(of).collect();
        kinds.dedup();
        match kinds[..] {
            [kind] => kind,
            _ if kinds.contains(&Culprit::First) => Culprit::First,
            _ => Culprit::Other,
        }
    }

    /// What of `updates` the server acknowledged.
    pub fn landed(&self, updates: &[Update]) -> Landed {
        let there = |u: &&Update| self.done && self.lines.get(&u.name) == Some(&Line::Done);
        let moves = updates.iter().filter(|u| u.old != u.new);
        let told = |u: &Update| u.old == u.new || self.lines.contains_key(&u.name);
        let whole = self.whole() && updates.iter().all(told);
        let declined: Vec<String> = match whole {
            true => self.declined().map(str::to_owned).collect(),
            false => Vec::new(),
        };
        Landed {
            declined,
            moves: moves.filter(there).cloned().collect(),
            whole,
        }
    }
}

/// What a push changed in the remote, as far as the remote said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Landed {
    /// The updates that were acknowledged, guards left out.
    pub moves: Vec<Update>,
    /// The names of those that the server itself refused, in an answer that arrived whole.
    pub declined: Vec<String>,
    /// Whether the server's answer arrived whole.
    pub whole: bool,
}

/// How a push is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manner {
    /// All or nothing, on the server too.
    pub atomic: bool,
    pub dry_run: bool,
}

impl Manner {
    /// A push that is carried out, each ref for itself.
    pub(crate) const EACH: Self = Self {
        atomic: false,
        dry_run: false,
    };
}

impl Git {
    /// Pushes `updates` to a configured remote, each leased at its old oid; an update whose two
    /// oids are one is a guard, which rejects an atomic push once that ref has moved.
    ///
    /// What a user's configuration would add is switched off: hooks (a hook may ask for what our
    /// refs do not have), followed tags, push options, submodules. A push certificate is the user's wish, or
    /// the server's (`push.gpgSign=if-asked`), and stays.
    ///
    /// # Errors
    /// Git cannot be started. Everything else is in the report.
    pub fn push(&self, remote: &str, updates: &[Update], manner: Manner) -> Result<Report> {
        let (output, trace) = self.contact(&arguments(remote, updates, manner))?;
        Ok(parse(&output, trace))
    }
}

fn arguments(remote: &str, updates: &[Update], manner: Manner) -> Vec<String> {
    let mut args: Vec<String> = [
        "-c",
        "push.followTags=false",
        "-c",
        "push.pushOption=",
        "-c",
        &format!("remote.{remote}.mirror=false"),
        "-c",
        "push.recurseSubmodules=no",
        "push",
        "--porcelain",
        "--no-verify",
        "--no-follow-tags",
        "--recurse-submodules=no",
    ]
    .map(String::from)
    .into();
    if manner.atomic {
        args.push("--atomic".into());
    }
    if manner.dry_run {
        // Nothing is pushed that could be vouched for.
        args.extend(["--dry-run".into(), "--no-signed".into()]);
    }
    for Update { name, old, .. } in updates {
        let old = old.as_ref().map_or("", |oid| oid.as_str());
        args.push(format!("--force-with-lease={name}:{old}"));
    }
    args.extend(["--".into(), remote.into()]);
    for Update { name, new, .. } in updates {
        let new = new.as_ref().map_or("", |oid| oid.as_str());
        args.push(format!("{new}:{name}"));
    }
    args
}

/// Reads what git printed (git-push(1), `--porcelain`).
pub(crate) fn parse(output: &Output, trace: Trace) -> Report {
    let text = String::from_utf8_lossy(&output.stdout);
    let mut lines = BTreeMap::new();
    let mut done = false;
    for line in text.lines() {
        let mut fields = line.split('\t');
        match (fields.next(), fields.next(), fields.next()) {
            (Some("Done"), None, None) => done = true,
            (Some(flag), Some(refs), Some(summary)) if flag.len() == 1 => {
                let to = refs.rsplit(':').next().unwrap_or(refs);
                let line = match flag {
                    "!" if summary.starts_with("[remote rejected]") => {
                        Line::RejectedThere(summary.to_owned())
                    }
                    "!" if summary.starts_with("[remote ") => Line::Untold,
                    "!" => Line::RejectedHere,
                    _ => Line::Done,
                };
                lines.insert(to.to_owned(), line);
            }
            _ => {}
        }
    }
    Report {
        lines,
        done,
        ok: output.ok(),
        said: output.said(),
        trace,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(code: i32, stdout: &[u8], reach: Reach, status: Option<u16>) -> Report {
        let output = Output {
            code: Some(code),
            stdout: stdout.to_vec(),
            stderr: Vec::new(),
        };
        parse(&output, Trace { reach, status })
    }

    const LEDGER: &str = "refs/gryt/ledger";

    fn oid() -> crate::model::Oid {
        "a".repeat(40).parse().unwrap()
    }

    /// Recorded from git 2.47.3; 2.39.5 printed the same bytes.
    #[test]
    fn recorded_answers_are_read() {
        let ledger = [Update::new(LEDGER, None, Some(&oid()))];
        let there = |code, stdout| report(code, stdout, Reach::Exchanging, None);
        let accepted = there(0, include_bytes!("../../fixtures/push/accepted.txt"));
        assert!(accepted.accepted());
        assert_eq!(accepted.lines.len(), 3);
        let moves = [Update::new(
            "refs/gryt/generations/v1.0.0",
            None,
            Some(&oid()),
        )];
        assert_eq!(there(0, b"Done\n").reply(&ledger), Reply::Unknown);
        let broken = there(1, include_bytes!("../../fixtures/push/http-broken.txt"));
        assert_eq!(broken.reply(&moves), Reply::Unknown);
        assert!(!broken.landed(&moves).whole);
        let lost = there(1, include_bytes!("../../fixtures/push/lease-lost.txt"));
        assert_eq!(lost.reply(&ledger), Reply::Lost);
        assert_eq!(lost.lines[LEDGER], Line::RejectedHere);
        let declined = there(1, include_bytes!("../../fixtures/push/hook-declined.txt"));
        assert_eq!(declined.reply(&ledger), Reply::Declined(Culprit::Whole));
        let unpacked = there(1, include_bytes!("../../fixtures/push/unpacker-error.txt"));
        assert_eq!(unpacked.reply(&ledger), Reply::Declined(Culprit::Whole));
        assert!(!unpacked.done && unpacked.whole());
        let cut = there(128, include_bytes!("../../fixtures/push/cut.txt"));
        assert!(!cut.accepted() && !cut.done && !cut.landed(&[]).whole);
        assert_eq!(cut.reply(&ledger), Reply::Unknown);
    }

    #[test]
    fn how_far_a_push_without_an_answer_got_says_whether_it_was_sent() {
        let silent = |reach, status| report(128, b"", reach, status).reply(&[]);
        let unsent = Reply::Unsent;
        assert_eq!(silent(Reach::Connecting, None), unsent(Barrier::Connection));
        assert_eq!(silent(Reach::Connecting, Some(401)), unsent(Barrier::Login));
        assert_eq!(silent(Reach::Connecting, Some(503)), unsent(Barrier::Busy));
        assert_eq!(
            silent(Reach::Exchanging, Some(403)),
            unsent(Barrier::Rights)
        );
        for (reach, status) in [
            (Reach::Untold, None),
            (Reach::Connected, Some(200)),
            (Reach::Exchanging, None),
            (Reach::Exchanging, Some(502)),
        ] {
            assert_eq!(silent(reach, status), Reply::Unknown, "{reach:?}");
        }
        let untold = b"!\ta:refs/gryt/ledger\t[remote failure] (remote failed to report status)\n";
        let untold = report(1, untold, Reach::Exchanging, None);
        assert_eq!(untold.reply(&[]), Reply::Unknown);
    }

    /// The reasons differ between versions and hosts: which of them stands alone is what counts.
    #[test]
    fn the_line_with_another_reason_names_the_culprit() {
        let oid = oid();
        let updates = [
            Update::new(LEDGER, Some(&oid), None),
            Update::new("refs/tags/v1", None, Some(&oid)),
            Update::new("refs/gryt/generations/v1", Some(&oid), None),
            Update::new("refs/gryt/evolutions/v1/A/rc.1", Some(&oid), None),
        ];
        let culprit = |reasons: [Option<&str>; 4]| {
            let line = |(update, reason): (&Update, &Option<&str>)| match reason {
                Some(reason) => format!("!\t:{}\t[remote rejected] ({reason})\n", update.name),
                None => format!("-\t:{}\t[deleted]\n", update.name),
            };
            let text: String = updates.iter().zip(&reasons).map(line).collect();
            let text = text + "Done\n";
            report(1, text.as_bytes(), Reach::Exchanging, None).culprit(&updates)
        };
        let (x, y) = (Some("x"), Some("y"));
        assert_eq!(culprit([x, x, x, x]), Culprit::Whole);
        assert_eq!(culprit([x, y, x, x]), Culprit::Tag);
        assert_eq!(culprit([y, x, x, x]), Culprit::First);
        assert_eq!(culprit([x, x, y, x]), Culprit::Deletion);
        assert_eq!(culprit([x, x, y, y]), Culprit::Whole);
        assert_eq!(culprit([None, x, None, None]), Culprit::Tag);
        assert_eq!(culprit([None, None, x, x]), Culprit::Deletion);
    }

    #[test]
    fn a_lease_stands_for_every_ref_and_options_end_before_the_remote() {
        let oid: crate::model::Oid = "a".repeat(40).parse().unwrap();
        let updates = [
            Update::new("refs/gryt/x", None, Some(&oid)),
            Update::new("refs/gryt/y", Some(&oid), None),
        ];
        let manner = Manner {
            atomic: true,
            dry_run: false,
        };
        let args = arguments("--upload-pack=evil", &updates, manner);
        let at = |arg: &str| args.iter().position(|a| a == arg).unwrap();
        assert!(at("--") < at("--upload-pack=evil"));
        assert!(at("--force-with-lease=refs/gryt/x:") < at("--"));
        assert!(at(&format!("--force-with-lease=refs/gryt/y:{oid}")) < at("--"));
        assert!(at(":refs/gryt/y") > at("--"));
        assert!(args.iter().all(|a| !a.starts_with('+') && a != "--force"));
    }
}
