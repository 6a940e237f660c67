//! `git push --porcelain`: what to ask for and what came of it.
//!
//! Of git's answer only the flag character, the tab-separated form, the split between `rejected`
//! and `remote rejected`, and the last line `Done` are the same from 2.39 to 2.55; reasons in
//! words differ between versions and are kept for people alone.

use std::collections::BTreeMap;

use anyhow::Result;

use super::refs::Update;
use super::{Git, Output};
use crate::model::push::Reply;

/// What one ref's line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// Created, moved, deleted, or there already.
    Done,
    /// Our git refused: a lease did not match the advertisement.
    RejectedHere,
    /// The server refused.
    RejectedThere,
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
}

impl Report {
    /// Whether everything that was asked for was acknowledged. Anything else means: read the
    /// remote before saying anything.
    pub fn accepted(&self) -> bool {
        self.ok && self.done && self.lines.values().all(|line| *line == Line::Done)
    }

    /// What it says, as far as it decides what to do next.
    pub fn reply(&self) -> Reply {
        let whole = self.done;
        if self.accepted() {
            Reply::Accepted
        } else if self.lines.is_empty() {
            Reply::Silence { whole }
        } else {
            let there = self.lines.values().any(|line| *line == Line::RejectedThere);
            Reply::Refused { there, whole }
        }
    }

    /// What of `updates` the server acknowledged.
    pub fn landed(&self, updates: &[Update]) -> Landed {
        let there = |u: &&Update| self.done && self.lines.get(&u.name) == Some(&Line::Done);
        let moves = updates.iter().filter(|u| u.old != u.new);
        Landed {
            moves: moves.filter(there).cloned().collect(),
            whole: self.done,
        }
    }
}

/// What a push changed in the remote, as far as the remote said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Landed {
    /// The updates that were acknowledged, guards left out.
    pub moves: Vec<Update>,
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
    /// refs do not have), followed tags, signatures, push options, submodules.
    ///
    /// # Errors
    /// Git cannot be started. Everything else is in the report.
    pub fn push(&self, remote: &str, updates: &[Update], manner: Manner) -> Result<Report> {
        let output = self.run(&arguments(remote, updates, manner), b"")?;
        Ok(parse(&output))
    }
}

fn arguments(remote: &str, updates: &[Update], manner: Manner) -> Vec<String> {
    let mut args: Vec<String> = [
        "-c",
        "push.followTags=false",
        "-c",
        "push.gpgSign=false",
        "-c",
        "push.pushOption=",
        "-c",
        &format!("remote.{remote}.mirror=false"),
        "-c",
        "push.recurseSubmodules=no",
        "push",
        "--porcelain",
        "--no-verify",
        "--no-signed",
        "--no-follow-tags",
        "--recurse-submodules=no",
    ]
    .map(String::from)
    .into();
    if manner.atomic {
        args.push("--atomic".into());
    }
    if manner.dry_run {
        args.push("--dry-run".into());
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

fn parse(output: &Output) -> Report {
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
                    "!" if summary.starts_with("[remote") => Line::RejectedThere,
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
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(code: i32, stdout: &[u8]) -> Report {
        parse(&Output {
            code: Some(code),
            stdout: stdout.to_vec(),
            stderr: Vec::new(),
        })
    }

    /// Recorded from git 2.47.3; 2.39.5 printed the same bytes.
    #[test]
    fn recorded_answers_are_read() {
        let accepted = report(0, include_bytes!("../../fixtures/push/accepted.txt"));
        assert!(accepted.accepted());
        assert_eq!(accepted.lines.len(), 3);
        let lost = report(1, include_bytes!("../../fixtures/push/lease-lost.txt"));
        assert!(
            lost.reply()
                == Reply::Refused {
                    there: false,
                    whole: true
                }
        );
        assert_eq!(lost.lines["refs/gryt/ledger"], Line::RejectedHere);
        let declined = report(1, include_bytes!("../../fixtures/push/hook-declined.txt"));
        assert!(
            declined.reply()
                == Reply::Refused {
                    there: true,
                    whole: true
                }
        );
        let cut = report(128, include_bytes!("../../fixtures/push/cut.txt"));
        assert!(!cut.accepted() && !cut.done && !cut.landed(&[]).whole);
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
