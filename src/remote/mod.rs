//! Another repository: fetching beside, pushing with leases, asking what it can do.
//!
//! A remote is always the name of one that git is configured with, passed after `--`.

use anyhow::Result;

use std::time::Duration;

use crate::git::Git;
use crate::git::push::{Manner, Report};
use crate::git::refs::Update;
use crate::model::address::without_credentials;
use crate::model::{Cause, Exit, Oid, Refusal};

/// A configured remote.
pub(crate) struct Remote<'a> {
    git: Git,
    name: &'a str,
    /// Where it keeps what is below `refs/gryt/` here.
    prefix: &'a str,
}

/// Where refs of gryt's are here.
const OWN: &str = "refs/gryt/";

impl<'a> Remote<'a> {
    /// The remote of that name, each exchange with which may take as long as `limit`.
    pub(crate) fn new(git: &Git, name: &'a str, prefix: &'a str, limit: Duration) -> Self {
        Self {
            git: git.within(limit),
            name,
            prefix,
        }
    }

    /// Fetches `refspecs`, and forgets what of them the remote no longer has.
    ///
    /// # Errors
    /// A [`Refusal`] with [`Exit::Remote`], and git's own words.
    pub(crate) fn fetch(&self, refspecs: &[String]) -> Result<()> {
        let mut args: Vec<&str> = vec![
            "fetch",
            "--quiet",
            "--prune",
            // Without it git would move whatever the user's own refspecs name, drafts included.
            "--refmap=",
            "--no-filter",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-auto-maintenance",
            "--no-recurse-submodules",
            "--no-show-forced-updates",
            "--",
            self.name,
        ];
        args.extend(refspecs.iter().map(String::as_str));
        let output = self.git.run(&args, b"")?;
        if output.ok() {
            return Ok(());
        }
        let name = self.name;
        // Whoever did not answer in time need not be asked again.
        let answers = output.code.is_some() && self.heads_and_tags().is_ok();
        let mut refusal = match answers {
            true => {
                let what = format!("What the cloud ({name}) has could not be stored in this clone");
                Refusal::new(Exit::Remote, what).caused(Cause::NotStored)
            }
            false => {
                let what = format!("The cloud ({name}) cannot be reached");
                Refusal::new(Exit::Remote, what)
            }
        };
        refusal.why = output.said().lines().map(str::to_owned).collect();
        Err(refusal.into())
    }

    /// Pushes `updates`; see [`Git::push`].
    ///
    /// # Errors
    /// Git cannot be started.
    ///
    /// A push under the names that the refs have there, reported under those that they have here.
    pub(crate) fn push(&self, updates: &[Update], manner: Manner) -> Result<Report> {
        if self.prefix == OWN {
            return self.git.push(self.name, updates, manner);
        }
        let there = |update: &Update| Update {
            name: replaced(&update.name, OWN, self.prefix),
            ..update.clone()
        };
        let sent: Vec<Update> = updates.iter().map(there).collect();
        let mut report = self.git.push(self.name, &sent, manner)?;
        let lines = std::mem::take(&mut report.lines).into_iter();
        report.lines = lines
            .map(|(name, line)| (replaced(&name, self.prefix, OWN), line))
            .collect();
        Ok(report)
    }

    /// Whether the remote takes such a push, only not atomically. Asked after a push that failed
    /// without an answer: git's status for "no atomic support" is that of any other failure.
    ///
    /// # Errors
    /// Git cannot be started.
    pub(crate) fn lacks_atomic(&self, updates: &[Update]) -> Result<bool> {
        let try_it = |atomic| {
            let manner = Manner {
                atomic,
                dry_run: true,
            };
            self.push(updates, manner)
        };
        Ok(!try_it(true)?.ok && try_it(false)?.ok)
    }

    /// Where git fetches from, and where it pushes to, as people may read them: without credentials.
    ///
    /// # Errors
    /// Git does not know the remote.
    pub(crate) fn addresses(&self) -> Result<(String, Vec<String>)> {
        let lines = |args: &[&str]| -> Result<Vec<String>> {
            let text = String::from_utf8_lossy(&self.git.read(args)?).into_owned();
            Ok(text.lines().map(without_credentials).collect())
        };
        let read = lines(&["remote", "get-url", self.name])?;
        let written = lines(&["remote", "get-url", "--push", "--all", self.name])?;
        Ok((read.into_iter().next().unwrap_or_default(), written))
    }

    /// Whether the address that is read has a ref.
    ///
    /// # Errors
    /// Git cannot be started.
    pub(crate) fn has(&self, name: &str) -> Result<bool> {
        let there = replaced(name, OWN, self.prefix);
        let output = self.git.run(&["ls-remote", "--", self.name, &there], b"")?;
        Ok(output.ok() && !output.stdout.is_empty())
    }

    /// The names of the remote's tags, without `refs/tags/`.
    ///
    /// # Errors
    /// A [`Refusal`] with [`Exit::Remote`].
    pub(crate) fn tags(&self) -> Result<Vec<String>> {
        let args = ["ls-remote", "--tags", "--refs", "--", self.name];
        let output = self.git.run(&args, b"")?;
        if !output.ok() {
            let what = format!("The cloud ({}) cannot be reached", self.name);
            let mut refusal = Refusal::new(Exit::Remote, what);
            refusal.why = output.said().lines().map(str::to_owned).collect();
            return Err(refusal.into());
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let name = |line: &str| {
            let (_, name) = line.split_once('\t')?;
            name.strip_prefix("refs/tags/").map(str::to_owned)
        };
        Ok(text.lines().filter_map(name).collect())
    }

    /// The tip that the remote's default branch has now.
    ///
    /// # Errors
    /// Git cannot be started. A remote that does not answer has none.
    pub(crate) fn default_tip(&self) -> Result<Option<Oid>> {
        let output = self.git.run(&["ls-remote", "--", self.name, "HEAD"], b"")?;
        let text = String::from_utf8_lossy(&output.stdout);
        let tip = text
            .lines()
            .next()
            .and_then(|line| line.split_whitespace().next());
        Ok(tip.and_then(|oid| oid.parse().ok()))
    }

    /// The tips of the branches and tags that the remote has now, tags peeled.
    ///
    /// # Errors
    /// A [`Refusal`] with [`Exit::Remote`].
    pub(crate) fn heads_and_tags(&self) -> Result<Vec<Oid>> {
        let args = ["ls-remote", "--heads", "--tags", "--", self.name];
        let output = self.git.run(&args, b"")?;
        if !output.ok() {
            let what = format!("The cloud ({}) cannot be reached", self.name);
            return Err(Refusal::new(Exit::Remote, what)
                .because(output.said())
                .into());
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let oid = |line: &str| {
            let (oid, name) = line.split_once('\t')?;
            (!name.starts_with(self.prefix)).then(|| oid.parse().ok())?
        };
        Ok(text.lines().filter_map(oid).collect())
    }
}

/// A ref's name below another root.
fn replaced(name: &str, from: &str, to: &str) -> String {
    match name.strip_prefix(from) {
        Some(below) => format!("{to}{below}"),
        None => name.to_owned(),
    }
}
