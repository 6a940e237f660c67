//! The user's own commits, branches and tags: what is released and proven, and whether it is
//! published.

use std::collections::{BTreeMap, BTreeSet};

use std::path::Path;

use anyhow::{Context, Result};

use super::{Store, to_git};
use crate::git::Git;
use crate::model::sealed::Sealed;
use crate::model::trailers::{self, Key};
use crate::model::{Exit, Oid, Refusal, Version};

/// How many commits below the branches of a remote are looked at before git is asked.
const NEAR: usize = 100;

impl Store {
    /// The commit that `rev` names, as git reads it.
    ///
    /// # Errors
    /// A [`Refusal`] where it names none.
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
            _ => Refusal::new(Exit::Invalid, format!("{rev} is no commit")),
        };
        Err(refusal.into())
    }

    /// The names of all tags, without `refs/tags/`.
    ///
    /// # Errors
    /// Git cannot list them.
    pub fn tags(&self) -> Result<Vec<String>> {
        let args = ["for-each-ref", "--format=%(refname:strip=2)", "refs/tags"];
        let output = self.git.read(&args)?;
        let text = String::from_utf8_lossy(&output);
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// The values of a trailer in the commits that `HEAD` has and `base` has not, newest first.
    ///
    /// # Errors
    /// A [`Refusal`] where `base` names nothing; the history cannot be read.
    pub fn trailers(&self, base: &str, key: Key) -> Result<Vec<String>> {
        if self.layout.common_dir.join("shallow").exists() {
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

    /// What git says of the signatures along first parents from `tip`: the letters of `%G?`
    /// (git-log(1), "PRETTY FORMATS").
    ///
    /// # Errors
    /// Git cannot walk the history.
    pub fn signatures(&self, tip: &Oid) -> Result<BTreeMap<Oid, char>> {
        let args = ["log", "--first-parent", "--format=%H %G?", tip.as_str()];
        let output = self.git.read(&args)?;
        let text = String::from_utf8_lossy(&output);
        let pair = |line: &str| {
            let (oid, letter) = line.split_once(' ')?;
            Some((oid.parse().ok()?, letter.chars().next()?))
        };
        Ok(text.lines().filter_map(pair).collect())
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

    /// The tracked files that differ from `HEAD`: see [`dirty_files`].
    ///
    /// # Errors
    /// Git cannot read the working tree.
    pub fn dirty_files(&self) -> Result<Vec<String>> {
        dirty_files(&self.git)
    }

    /// The paths below `folder` that the branch tracks.
    ///
    /// # Errors
    /// Git cannot read the index.
    pub fn tracked(&self, folder: &str) -> Result<BTreeSet<String>> {
        let output = self.git.read(&["ls-files", "-z", "--", folder])?;
        let text = String::from_utf8_lossy(&output);
        Ok(text.split_terminator('\0').map(str::to_owned).collect())
    }

    /// Whether each of `wanted` is plainly on a branch that `remote` is known to have: its tip, or
    /// not far below. False says nothing.
    ///
    /// # Errors
    /// Refs cannot be read.
    pub fn published(&self, wanted: &[Oid], remote: &str) -> Result<bool> {
        let repo = &*self.repo();
        if !self.files {
            return Ok(false);
        }
        let mut missing: BTreeSet<git2::Oid> = wanted.iter().map(to_git).collect::<Result<_>>()?;
        let mut walk = repo.revwalk()?;
        for reference in repo.references_glob(&format!("refs/remotes/{remote}/*"))? {
            let Some(tip) = reference?.target() else {
                continue;
            };
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

    /// How many commits of `wanted` and their ancestors are on no branch that `remote` is known
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
    ) -> Result<usize> {
        let mut lines: String = wanted.iter().map(|oid| format!("{oid}\n")).collect();
        for oid in held.iter().filter(|oid| self.has(oid)) {
            lines += &format!("^{oid}\n");
        }
        let mut args: Vec<String> = ["rev-list", "--count", "--stdin", "--not"]
            .map(String::from)
            .into();
        args.extend(
            others
                .iter()
                .map(|other| format!("--exclude=refs/remotes/{other}/*")),
        );
        args.push(format!("--glob=refs/remotes/{remote}/*"));
        let output = self.git.run(&args, lines.as_bytes())?;
        let count = String::from_utf8_lossy(&output.stdout).trim().parse();
        count.with_context(|| format!("git rev-list: {}", output.said()))
    }

    /// Writes an annotated tag object for a release. Promoter and moment are the entry's, so that
    /// whoever makes it makes the same object.
    ///
    /// # Errors
    /// The object database cannot be written.
    pub fn write_tag(&self, sealed: &Sealed, text: &str) -> Result<Oid> {
        let repo = &*self.repo();
        let object = repo.find_object(to_git(&sealed.commit)?, None)?;
        let at = sealed.promoted_at;
        let minutes = at.offset().local_minus_utc() / 60;
        let time = git2::Time::new(at.timestamp(), minutes);
        let person = &sealed.promoter;
        let tagger = git2::Signature::new(&person.name, &person.email, &time)?;
        let name = sealed.version.as_str();
        let oid = repo.tag_annotation_create(name, &object, &tagger, text)?;
        Ok(super::of_git(oid))
    }

    /// The tip of a tag in this clone, whatever it points at.
    ///
    /// # Errors
    /// Git cannot read its refs.
    pub fn tag(&self, name: &str) -> Result<Option<Oid>> {
        let repo = &*self.repo();
        if self.files {
            return match repo.refname_to_id(name) {
                Ok(oid) => Ok(Some(super::of_git(oid))),
                Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
                Err(error) => Err(error.into()),
            };
        }
        let args = ["for-each-ref", "--format=%(objectname)", name];
        let text = String::from_utf8_lossy(&self.git.read(&args)?).into_owned();
        match text.lines().next() {
            Some(oid) => Ok(Some(oid.parse()?)),
            None => Ok(None),
        }
    }

    /// A tag of this clone that stands in the way of the one that a promotion of `version` makes:
    /// it means the same version, or its name makes the other's impossible.
    ///
    /// # Errors
    /// Git cannot read its refs.
    pub fn tag_in_the_way(&self, version: &Version) -> Result<Option<String>> {
        let repo = &*self.repo();
        let names: Vec<String> = if self.files {
            let mut names = Vec::new();
            for name in repo.references_glob("refs/tags/*")?.names() {
                // A name that is not UTF-8 is no version.
                names.extend(name.ok().map(str::to_owned));
            }
            names
        } else {
            let output = self
                .git
                .read(&["for-each-ref", "--format=%(refname)", "refs/tags/"])?;
            let text = String::from_utf8_lossy(&output).into_owned();
            text.lines().map(str::to_owned).collect()
        };
        let wanted = version.as_str();
        let blocks = |name: &&str| {
            name.parse::<Version>()
                .is_ok_and(|tagged| tagged == *version)
                || name
                    .strip_prefix(wanted)
                    .is_some_and(|rest| rest.starts_with('/'))
                || wanted
                    .strip_prefix(*name)
                    .is_some_and(|rest| rest.starts_with('/'))
        };
        let mut tags = names
            .iter()
            .filter_map(|name| name.strip_prefix("refs/tags/"));
        Ok(tags.find(blocks).map(str::to_owned))
    }
}

/// Tracked files that git was told not to look at (git-update-index(1), `--skip-worktree` and
/// `--assume-unchanged`) and that are there all the same: edits of them are seen by nobody.
///
/// # Errors
/// Git cannot read the index.
pub fn hidden_files(git: &Git, top: &Path) -> Result<Vec<String>> {
    let output = git.read(&["ls-files", "-v", "-z", "--full-name"])?;
    let text = String::from_utf8_lossy(&output);
    let hidden = |entry: &str| {
        let (flag, path) = entry.split_once(' ')?;
        let hides = flag == "S" || flag.starts_with(|c: char| c.is_ascii_lowercase());
        (hides && top.join(path).exists()).then(|| path.to_owned())
    };
    Ok(text.split_terminator('\0').filter_map(hidden).collect())
}

/// The tracked files of a working tree that differ from its `HEAD`, gryt's own configuration
/// aside: the first push of a project writes the ledger's name there.
///
/// # Errors
/// Git cannot read the working tree.
pub fn dirty_files(git: &Git) -> Result<Vec<String>> {
    let args = [
        "status",
        "--porcelain=v1",
        "-z",
        "--untracked-files=no",
        "--no-renames",
    ];
    let output = git.read(&args)?;
    let text = String::from_utf8_lossy(&output);
    let file = |entry: &str| entry.get(3..).map(str::to_owned);
    Ok(text
        .split_terminator('\0')
        .filter_map(file)
        .filter(|path| path != ".gryt/config.yaml")
        .collect())
}

/// Where the `HEAD` of a working tree is.
///
/// # Errors
/// It is nowhere.
pub fn head(git: &Git) -> Result<Oid> {
    let output = git.read(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])?;
    Ok(String::from_utf8_lossy(&output).trim().parse()?)
}
