//! Another repository: fetching beside, pushing with leases, asking what it can do.
//!
//! A remote is always the name of one that git is configured with, passed after `--`.

use anyhow::Result;

use std::time::Instant;

use crate::git::push::{Manner, Report};
use crate::git::refs::Update;
use crate::git::{Git, Reach, Silence, Stop};
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
    /// The remote of that name, which may be silent for so long in an exchange; each ends at `until`,
    /// and once `stop` says so.
    pub(crate) fn new(
        git: &Git,
        name: &'a str,
        prefix: &'a str,
        silence: Silence,
        until: Option<Instant>,
        stop: Option<Stop>,
    ) -> Self {
        Self {
            git: git.within(silence, until, stop),
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
        let (output, trace) = self.git.contact(&args)?;
        if output.ok() {
            return Ok(());
        }
        let name = self.name;
        let (what, cause) = match (trace.status, trace.reach) {
            // Without a status it was ended here: it took too long, or is not wanted any more.
            _ if output.code.is_none() => (unreachable(name), Cause::Other),
            (Some(401 | 407), _) => {
                let what = format!("The cloud ({name}) refused the login");
                (what, Cause::Other)
            }
            (Some(429 | 500..=599), _) => (unreachable(name), Cause::Busy),
            (Some(400..=499), _) => (unreachable(name), Cause::Other),
            (_, Reach::Connected | Reach::Fetched) => {
                let what = format!("What the cloud ({name}) has could not be stored in this clone");
                (what, Cause::NotStored)
            }
            (_, Reach::Exchanging) => {
                let what = format!("The fetch from the cloud ({name}) broke off");
                (what, Cause::BrokenFetch)
            }
            (_, Reach::Connecting | Reach::Untold) => (unreachable(name), Cause::BrokenLine),
        };
        let mut refusal = Refusal::new(Exit::Remote, what).caused(cause);
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

    /// Whether the remote takes pushes, only not atomic ones. Asked after a push that failed without
    /// an answer: git's status for "no atomic support" is that of any other failure. None where one of
    /// the tries got no answer either: nothing is concluded from a connection that failed.
    ///
    /// `oid` is a commit that this clone has; nothing is pushed.
    ///
    /// # Errors
    /// Git cannot be started.
    pub(crate) fn lacks_atomic(&self, name: &str, oid: &Oid) -> Result<Option<bool>> {
        // A name that nobody has, so that no lease can be lost meanwhile.
        let update = [Update::new(name, None, Some(oid))];
        let try_it = |atomic| {
            let manner = Manner {
                atomic,
                dry_run: true,
            };
            self.push(&update, manner)
        };
        let (whole, apart) = (try_it(true)?, try_it(false)?);
        if whole.ok {
            return Ok(Some(false));
        }
        // Both reached the other side: what it named as its abilities is the answer.
        let answered = whole.trace.reach >= Reach::Connected && apart.ok;
        Ok(answered.then_some(true))
    }

    /// Whether a login that failed is told from a connection that broke off: over HTTP there is a status,
    /// and `git://` has no login. Over ssh both look alike.
    ///
    /// # Errors
    /// Git does not know the remote.
    pub(crate) fn tells_logins(&self) -> Result<bool> {
        let (address, _) = self.addresses()?;
        let plain = ["git://", "http://", "https://"];
        Ok(plain.iter().any(|scheme| address.starts_with(scheme)))
    }

    /// Whether nobody is ever asked for a login to push there: `git://` has none, and a path has none.
    ///
    /// # Errors
    /// Git does not know the remote.
    pub(crate) fn has_no_login(&self) -> Result<bool> {
        let (_, written) = self.addresses()?;
        let plain = ["git://", "file://", "/", "./", "../"];
        let free = |address: &String| plain.iter().any(|start| address.starts_with(start));
        Ok(written.iter().all(free))
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

    /// What a ref of that name here is called there.
    pub(crate) fn there(&self, name: &str) -> String {
        replaced(name, OWN, self.prefix)
    }

    /// Whether the address that is read shows a ref.
    ///
    /// # Errors
    /// A [`Refusal`] with [`Exit::Remote`].
    pub(crate) fn has(&self, name: &str) -> Result<bool> {
        let there = self.there(name);
        let output = self.git.run(&["ls-remote", "--", self.name, &there], b"")?;
        if !output.ok() {
            let mut refusal = Refusal::new(Exit::Remote, unreachable(self.name));
            refusal.why = output.said().lines().map(str::to_owned).collect();
            return Err(refusal.into());
        }
        Ok(!output.stdout.is_empty())
    }

    /// What the remote shows below the prefix: by the names that refs have there.
    ///
    /// # Errors
    /// A [`Refusal`] with [`Exit::Remote`].
    pub(crate) fn shows(&self) -> Result<Vec<(String, Oid)>> {
        let below = format!("{}*", self.prefix);
        let output = self.git.run(&["ls-remote", "--", self.name, &below], b"")?;
        if !output.ok() {
            let mut refusal = Refusal::new(Exit::Remote, unreachable(self.name));
            refusal.why = output.said().lines().map(str::to_owned).collect();
            return Err(refusal.into());
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let shown = |line: &str| {
            let (oid, name) = line.split_once('\t')?;
            let ours = name.starts_with(self.prefix);
            ours.then(|| Some((name.to_owned(), oid.parse().ok()?)))?
        };
        Ok(text.lines().filter_map(shown).collect())
    }

    /// The names of the remote's tags, without `refs/tags/`.
    ///
    /// # Errors
    /// A [`Refusal`] with [`Exit::Remote`].
    pub(crate) fn tags(&self) -> Result<Vec<String>> {
        let args = ["ls-remote", "--tags", "--refs", "--", self.name];
        let output = self.git.run(&args, b"")?;
        if !output.ok() {
            let mut refusal = Refusal::new(Exit::Remote, unreachable(self.name));
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
            return Err(Refusal::new(Exit::Remote, unreachable(self.name))
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

fn unreachable(name: &str) -> String {
    format!("The cloud ({name}) cannot be reached")
}

/// A ref's name below another root.
fn replaced(name: &str, from: &str, to: &str) -> String {
    match name.strip_prefix(from) {
        Some(below) => format!("{to}{below}"),
        None => name.to_owned(),
    }
}
