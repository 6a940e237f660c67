//! The user's own commits: what is released and proven, and whether it is published.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};

use super::{Store, to_git};
use crate::model::signed_by::Read;
use crate::model::trailers::{self, Key};
use crate::model::{Exit, Oid, Refusal};

/// How many commits below the branches of a remote are looked at before git is asked.
const NEAR: usize = 100;

impl Store {
    /// The commit that `rev` names, as git reads it.
    ///
    /// # Errors
    /// A [`Refusal`] where it names none; [`Exit::Failure`] where a clone of everything may know it.
    pub fn resolve(&self, rev: &str) -> Result<Oid> {
        let repo = &*self.repo();
        // What needs no rule of git's own needs no process.
        if self.files
            && rev == "HEAD"
            && let Ok(head) = repo.head()
            && let Ok(commit) = head.peel_to_commit()
        {
            return Ok(super::of_git(commit.id()));
        }
        let wanted = format!("{rev}^{{commit}}");
        let args = [
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &wanted,
        ];
        let output = self.git.run(&args, b"")?;
        if output.ok() {
            return Ok(String::from_utf8_lossy(&output.stdout).trim().parse()?);
        }
        let refusal = match rev {
            "HEAD" => Refusal::new(Exit::Invalid, "There is no commit yet").then("git commit"),
            _ => match self.brings_the_rest()? {
                Some(command) => {
                    let what = format!("{rev} is not a commit that this clone has");
                    Refusal::new(Exit::Failure, what)
                        .because("It is not a clone of everything, so there may be one elsewhere")
                        .then(command)
                }
                None => Refusal::new(Exit::Invalid, format!("{rev} is not a commit")),
            },
        };
        Err(refusal.into())
    }

    /// The command that brings what this clone was told to leave out: old commits (`--depth`), other
    /// branches (`--single-branch`), tags (`--no-tags`). None where it left out nothing of that.
    ///
    /// # Errors
    /// The configuration cannot be read.
    pub(crate) fn brings_the_rest(&self) -> Result<Option<String>> {
        let config = self.config()?;
        let mut remotes: BTreeMap<&str, (bool, bool, bool)> = BTreeMap::new();
        for (key, value) in &config {
            let Some((name, variable)) = key
                .strip_prefix("remote.")
                .and_then(|rest| rest.rsplit_once('.'))
            else {
                continue;
            };
            let (some, all, no_tags) = remotes.entry(name).or_default();
            match variable {
                "fetch" => {
                    let from = value.trim_start_matches('+').split(':').next();
                    *some |= from.is_some_and(|from| from.starts_with("refs/heads/"));
                    *all |= matches!(from, Some("refs/heads/*" | "refs/*"));
                }
                "tagopt" => *no_tags = value == "--no-tags",
                _ => {}
            }
        }
        let narrow = |(some, all, no_tags): &(bool, bool, bool)| *no_tags || *some && !*all;
        let found = remotes.iter().find(|(_, how)| narrow(how));
        let shallow = self.is_shallow();
        let Some((name, (some, all, no_tags))) = found else {
            return Ok(shallow.then(|| "git fetch --unshallow --tags".to_owned()));
        };
        let mut command = String::new();
        if *some && !*all {
            command += &format!("git remote set-branches {name} '*' && ");
        }
        if *no_tags {
            command += &format!("git config --unset-all remote.{name}.tagOpt && ");
        }
        command += "git fetch";
        command += if shallow { " --unshallow" } else { "" };
        // Git brings a tag by itself only with a branch that holds its commit.
        Ok(Some(format!("{command} --tags {name}")))
    }

    /// Whether this clone has left out objects that its remote promises (git-clone(1), `--filter`).
    pub(crate) fn is_partial(&self) -> Result<bool> {
        let config = self.config()?;
        let promises = |(key, value): &(String, String)| {
            key == "extensions.partialclone" || key.ends_with(".promisor") && value == "true"
        };
        Ok(config.iter().any(promises))
    }

    /// Whether the history of this clone is cut somewhere.
    pub(crate) fn is_shallow(&self) -> bool {
        self.layout.common_dir.join("shallow").exists()
    }

    /// The values of a trailer in the commits that `HEAD` has and `base` has not, newest first.
    ///
    /// # Errors
    /// A [`Refusal`] where `base` names nothing; the history cannot be read.
    pub fn trailers(&self, base: &str, key: Key) -> Result<Vec<String>> {
        if self.is_shallow() {
            let what = "This clone is too shallow to tell which commits are new";
            return Err(Refusal::new(Exit::Failure, what)
                .then("git fetch --unshallow")
                .into());
        }
        let (base, head) = (self.resolve(base)?, self.resolve("HEAD")?);
        let mut values = Vec::new();
        for commit in self.beyond(&head, &[&base])? {
            let found = trailers::of_person(&commit.message, key);
            values.extend(found.into_iter().map(str::to_owned));
        }
        Ok(values)
    }

    /// What the reader's git says of the signatures of commits.
    ///
    /// # Errors
    /// Git cannot read them.
    pub(crate) fn read_by_git(&self, commits: &[Oid]) -> Result<BTreeMap<Oid, Read>> {
        // What `log.showSignature` would print stands between the lines.
        let args = [
            "log",
            "--no-walk=unsorted",
            "--stdin",
            "--no-show-signature",
            "--no-color",
            "--no-mailmap",
            "--format=%H%x00%G?%x00%GF%x00%GS",
        ];
        if commits.is_empty() {
            return Ok(BTreeMap::new());
        }
        let input: String = commits.iter().map(|oid| format!("{oid}\n")).collect();
        let output = self.git.run(&args, input.as_bytes())?;
        if !output.ok() {
            anyhow::bail!("git log: {}", output.said());
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let one = |line: &str| {
            let mut fields = line.split('\0');
            let oid = fields.next()?.parse().ok()?;
            let letter = fields.next()?.chars().next()?;
            let mut text = || fields.next().unwrap_or_default().to_owned();
            let (key, signer) = (text(), text());
            let read = Read {
                letter,
                key,
                signer,
            };
            Some((oid, read))
        };
        Ok(text.lines().filter_map(one).collect())
    }

    /// Whether `release` is `commit` or descends from it.
    ///
    /// # Errors
    /// The history cannot be read.
    pub fn holds(&self, release: &Oid, commit: &Oid) -> Result<bool> {
        let repo = &*self.repo();
        let descends = |a, b| repo.graph_descendant_of(a, b);
        Ok(release == commit || descends(to_git(release)?, to_git(commit)?)?)
    }

    /// Those of `commits` that no branch holds, of this clone's or of a remote's as last fetched.
    ///
    /// # Errors
    /// The history cannot be read.
    pub(crate) fn on_no_branch(&self, commits: &[Oid]) -> Result<BTreeSet<Oid>> {
        let mut tips = self.read_below("refs/heads/")?;
        tips.extend(self.read_below("refs/remotes/")?);
        self.held_by_none(commits, tips.iter().map(|(_, tip)| tip))
    }

    /// Those of `commits` that none of `tips` is or descends from.
    ///
    /// # Errors
    /// The history cannot be read.
    pub(crate) fn held_by_none<'t>(
        &self,
        commits: &[Oid],
        tips: impl Iterator<Item = &'t Oid>,
    ) -> Result<BTreeSet<Oid>> {
        let repo = &*self.repo();
        let mut walk = repo.revwalk()?;
        for commit in commits {
            walk.push(to_git(commit)?)?;
        }
        for tip in tips.filter(|tip| self.is_commit(tip)) {
            walk.hide(to_git(tip)?)?;
        }
        let mut beside = BTreeSet::new();
        for oid in walk {
            beside.insert(super::of_git(oid?));
        }
        beside.retain(|oid| commits.contains(oid));
        Ok(beside)
    }

    /// Whether the history of `tip` has more commits than that.
    ///
    /// # Errors
    /// The history cannot be read.
    pub fn is_longer(&self, tip: &Oid, than: usize) -> Result<bool> {
        let repo = &*self.repo();
        let mut walk = repo.revwalk()?;
        walk.push(to_git(tip)?)?;
        Ok(walk.nth(than).is_some())
    }

    /// The first of `releases` that is `commit` or descends from it: its place among them.
    ///
    /// One walk over what is newer than `commit`, however many releases there are.
    ///
    /// # Errors
    /// The history cannot be read.
    pub fn first_holding(&self, releases: &[Oid], commit: &Oid) -> Result<Option<usize>> {
        let repo = &*self.repo();
        let sought = to_git(commit)?;
        let mut walk = repo.revwalk()?;
        // Parents come before their children.
        walk.set_sorting(git2::Sort::TOPOLOGICAL | git2::Sort::REVERSE)?;
        for release in releases {
            walk.push(to_git(release)?)?;
        }
        walk.hide(sought)?;
        let mut holding = std::collections::HashSet::from([sought]);
        for oid in walk {
            let oid = oid?;
            if self.is_boundary(&super::of_git(oid)) {
                let what = "This clone is too shallow to tell which release holds the commit";
                return Err(Refusal::new(Exit::Failure, what)
                    .then("git fetch --unshallow")
                    .into());
            }
            let commit = repo.find_commit(oid)?;
            if commit.parent_ids().any(|parent| holding.contains(&parent)) {
                holding.insert(oid);
            }
        }
        for (at, release) in releases.iter().enumerate() {
            if holding.contains(&to_git(release)?) {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }

    /// How many commits `here` has that `there` lacks, and the other way round.
    ///
    /// # Errors
    /// The histories cannot be walked: they are cut.
    pub(crate) fn apart(&self, here: &Oid, there: &Oid) -> Result<(usize, usize)> {
        Ok(self
            .repo()
            .graph_ahead_behind(to_git(here)?, to_git(there)?)?)
    }

    /// Whether each of `wanted` is plainly on a branch that `remote` is known to have: its tip, or
    /// not far below. False says nothing.
    ///
    /// # Errors
    /// Refs cannot be read.
    pub fn published(&self, wanted: &[Oid], remote: &str) -> Result<bool> {
        let repo = &*self.repo();
        let mut missing: BTreeSet<git2::Oid> = wanted.iter().map(to_git).collect::<Result<_>>()?;
        let mut walk = repo.revwalk()?;
        for (_, tip) in self.read_below(&format!("refs/remotes/{remote}/"))? {
            let tip = to_git(&tip)?;
            missing.remove(&tip);
            walk.push(tip)?;
        }
        for oid in walk.take(if missing.is_empty() { 0 } else { NEAR }) {
            missing.remove(&oid?);
            if missing.is_empty() {
                break;
            }
        }
        Ok(missing.is_empty())
    }

    /// Commits that no ref of this clone reaches: those of `wanted`, and their ancestors.
    ///
    /// # Errors
    /// Git cannot walk its history.
    pub(crate) fn unreachable(&self, wanted: &[&Oid]) -> Result<Vec<Oid>> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let lines: String = wanted.iter().map(|oid| format!("{oid}\n")).collect();
        let args = ["rev-list", "--stdin", "--not", "--all"];
        let output = self.git.run(&args, lines.as_bytes())?;
        anyhow::ensure!(output.ok(), "git rev-list: {}", output.said());
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.lines().filter_map(|line| line.parse().ok()).collect())
    }

    /// The commits of `wanted` and their ancestors that are on no branch that `remote` is known
    /// to have, nor in anything of ours that it has (`held`). `others` are remotes whose names lie
    /// below this one's.
    ///
    /// # Errors
    /// Git cannot walk the history.
    pub fn unpublished(
        &self,
        wanted: &[Oid],
        remote: &str,
        others: &[String],
        held: &[Oid],
    ) -> Result<BTreeSet<Oid>> {
        let mut lines: String = wanted.iter().map(|oid| format!("{oid}\n")).collect();
        for oid in held.iter().filter(|oid| self.has(oid)) {
            lines += &format!("^{oid}\n");
        }
        let mut args: Vec<String> = ["rev-list", "--stdin", "--not"].map(String::from).into();
        args.extend(
            others
                .iter()
                .map(|other| format!("--exclude=refs/remotes/{other}/*")),
        );
        args.push(format!("--glob=refs/remotes/{remote}/*"));
        let output = self.git.run(&args, lines.as_bytes())?;
        if !output.ok() {
            bail!("git rev-list: {}", output.said());
        }
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.lines().map(str::parse).collect::<Result<_, _>>()?)
    }
}
