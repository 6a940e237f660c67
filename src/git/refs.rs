//! Local refs through the binary: the one way that is all or nothing on files and on reftable.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, bail};

use super::Git;
use crate::model::Oid;

/// How long a lock of another process is waited for.
const LOCKED: Duration = Duration::from_secs(5);

/// A change to one ref: from what it was to what it is to be. None is absence, on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    pub name: String,
    pub old: Option<Oid>,
    pub new: Option<Oid>,
}

impl Update {
    /// A move of `name` from `old` to `new`.
    pub fn new(name: impl Into<String>, old: Option<&Oid>, new: Option<&Oid>) -> Self {
        Self {
            name: name.into(),
            old: old.cloned(),
            new: new.cloned(),
        }
    }
}

impl Git {
    /// Makes all of `updates` or none of them, each only if its ref is where it was; false where
    /// one was not.
    ///
    /// # Errors
    /// Git fails for a reason of its own: no space, a read-only folder.
    pub fn update_refs(&self, updates: &[Update]) -> Result<bool> {
        let moves: Vec<&Update> = updates.iter().filter(|u| u.old != u.new).collect();
        match moves.is_empty() {
            true => Ok(true),
            false => self.transact(&moves),
        }
    }

    /// The same, only if each of `guards`, which change nothing, is where it was, too. Git locks what it
    /// verifies: a transaction that is about one of them just now is waited for, while a reader may see
    /// only the half of it.
    ///
    /// # Errors
    /// As [`update_refs`](Git::update_refs).
    pub(crate) fn update_refs_where(&self, updates: &[Update], guards: &[Update]) -> Result<bool> {
        let all: Vec<&Update> = updates.iter().chain(guards).collect();
        self.transact(&all)
    }

    fn transact(&self, moves: &[&Update]) -> Result<bool> {
        // Another process holds a lock for a moment; git knows how to wait for it.
        if let Ok(done) = self.try_once(moves, LOCKED)? {
            return Ok(done);
        }
        // A ref that went away and came back looks as if nothing had been in the way.
        match self.try_once(moves, Duration::ZERO)? {
            Ok(done) => Ok(done),
            Err(said) => {
                // On files git names the lock that stands in the way.
                let lock = self.git_dir.join("reftable").join("tables.list.lock");
                if lock.exists() {
                    bail!("git update-ref: {said}: {} exists", lock.display());
                }
                bail!("git update-ref: {said}")
            }
        }
    }

    /// Whether all moved; what git said where it failed although everything stands as it was expected to.
    fn try_once(&self, moves: &[&Update], wait: Duration) -> Result<Result<bool, String>> {
        let wait = wait.as_millis();
        let files = format!("core.filesRefLockTimeout={wait}");
        let packed = format!("core.packedRefsTimeout={wait}");
        let args = [
            "-c",
            &files,
            "-c",
            &packed,
            "update-ref",
            "--no-deref",
            "--stdin",
        ];
        let output = self.run(&args, transaction(moves).as_bytes())?;
        if output.ok() {
            return Ok(Ok(true));
        }
        // Git says "moved" and "broken" with the same status: look at the refs themselves.
        let now = self.refs("refs/gryt")?;
        let stands = |u: &&Update| now.get(&u.name) == u.old.as_ref();
        Ok(match moves.iter().all(stands) {
            true => Err(output.said()),
            false => Ok(false),
        })
    }

    /// All refs whose name begins with `prefix`, which need not end at a slash.
    ///
    /// # Errors
    /// Git cannot read its refs.
    pub fn refs(&self, prefix: &str) -> Result<BTreeMap<String, Oid>> {
        let format = "--format=%(objectname) %(refname)";
        let args = [
            "for-each-ref",
            format,
            &format!("{prefix}*"),
            &format!("{prefix}*/**"),
        ];
        parse(&self.read(&args)?)
    }
}

/// The commands of git-update-ref(1), `--stdin`.
fn transaction(moves: &[&Update]) -> String {
    let mut text = String::from("start\n");
    for Update { name, old, new } in moves {
        match (old, new) {
            (None, Some(new)) => text += &format!("create {name} {new}\n"),
            (Some(old), Some(new)) if old == new => text += &format!("verify {name} {old}\n"),
            (Some(old), Some(new)) => text += &format!("update {name} {new} {old}\n"),
            (Some(old), None) => text += &format!("delete {name} {old}\n"),
            (None, None) => text += &format!("verify {name}\n"),
        }
    }
    text + "prepare\ncommit\n"
}

fn parse(bytes: &[u8]) -> Result<BTreeMap<String, Oid>> {
    // A name that is not UTF-8 is none of ours.
    bytes
        .split(|byte| *byte == b'\n')
        .filter_map(|line| std::str::from_utf8(line).ok()?.split_once(' '))
        .map(|(oid, name)| Ok((name.to_owned(), oid.parse()?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_states_what_it_expects() {
        let oid = |n: u32| -> Oid { format!("{n:040x}").parse().unwrap() };
        let (one, two) = (oid(1), oid(2));
        let moves = [
            Update::new("refs/gryt/a", None, Some(&one)),
            Update::new("refs/gryt/b", Some(&one), Some(&two)),
            Update::new("refs/gryt/c", Some(&two), None),
        ];
        let text = transaction(&moves.iter().collect::<Vec<_>>());
        let expected = format!(
            "start\ncreate refs/gryt/a {one}\nupdate refs/gryt/b {two} {one}\n\
             delete refs/gryt/c {two}\nprepare\ncommit\n"
        );
        assert_eq!(text, expected);
    }
}
