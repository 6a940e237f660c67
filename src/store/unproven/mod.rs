//! Which commits of a release are new, and covered by no proof (docs/policy.md, "New commits").

mod changes;
mod saying;

use changes::Changes;
use saying::Saying;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::Result;
use git2::{Commit, Sort};

use crate::model::proof::{PatchId, Proof};
use crate::model::trailers::{self, Key};
use crate::model::unproven::NewCommit;
use crate::model::{Exit, Oid, Refusal, Version};
use crate::store::coverage::{Patch, id, paths};
use crate::store::{Store, of_git, to_git};

/// The most new commits that are looked at, the newest first.
const MOST: usize = 20_000;

/// The most entries of trees that are compared, over all commits, and how deep they may lie: anybody who can push
/// can make a tree of a few objects that names more paths than there is memory.
const ENTRIES: usize = 20_000_000;
const DEEPEST: usize = 100;

/// How deep merges of merge bases are nested at most.
const NESTED: u32 = 4;

/// A proof that counts, and whether the evolution holds the commit that it proves.
pub(crate) type Counted<'a> = (&'a Proof, bool);

impl Store {
    /// Whether a proof is of the very commit.
    pub(crate) fn is_proven(release: &Oid, proofs: &[Counted<'_>]) -> bool {
        proofs.iter().any(|(proof, _)| proof.commit == *release)
    }

    /// The commits that `release` holds, and none of `earlier` and no proven commit does. Where a commit has the
    /// very tree that was proven, it is as if it had been proven.
    ///
    /// # Errors
    /// [`Exit::Failure`] where the history is cut there; it cannot be read.
    pub(crate) fn beyond_proofs(
        &self,
        release: &Oid,
        earlier: &[Oid],
        proofs: &[Counted<'_>],
    ) -> Result<Vec<Oid>> {
        let repo = &*self.repo();
        let mut hidden = HashSet::new();
        for oid in earlier.iter().filter(|oid| self.is_commit(oid)) {
            hidden.insert(to_git(oid)?);
        }
        for (proof, pinned) in proofs {
            if *pinned && self.is_commit(&proof.commit) {
                hidden.insert(to_git(&proof.commit)?);
            }
        }
        let beyond = |hidden: &HashSet<git2::Oid>| -> Result<Vec<git2::Oid>> {
            let mut walk = repo.revwalk()?;
            walk.set_sorting(Sort::TIME)?;
            walk.push(to_git(release)?)?;
            for oid in hidden {
                walk.hide(*oid)?;
            }
            Ok(walk.take(MOST).collect::<Result<_, _>>()?)
        };
        let mut found = beyond(&hidden)?;
        let (mut trees, mut commits) = (HashSet::new(), HashSet::new());
        for (proof, _) in proofs {
            trees.insert(to_git(&proof.tree)?);
            commits.insert(to_git(&proof.commit)?);
        }
        let before = hidden.len();
        for oid in &found {
            if commits.contains(oid) || trees.contains(&repo.find_commit(*oid)?.tree_id()) {
                hidden.insert(*oid);
            }
        }
        if hidden.len() > before {
            found = beyond(&hidden)?;
        }
        let found: Vec<Oid> = found.into_iter().map(of_git).collect();
        if found.iter().any(|oid| self.is_boundary(oid)) {
            let what = "This clone is too shallow to tell which commits are new in the release";
            return Err(Refusal::new(Exit::Failure, what)
                .then("git fetch --unshallow")
                .into());
        }
        Ok(found)
    }

    /// Those of `beyond` that change something which no proof covers under another commit: one that was
    /// rebased, squashed or merged.
    ///
    /// # Errors
    /// The history cannot be read.
    pub(crate) fn uncovered(
        &self,
        version: &Version,
        release: &Oid,
        beyond: &[Oid],
        earlier: &[Oid],
        proofs: &[Counted<'_>],
    ) -> Result<Vec<NewCommit>> {
        let here = earlier.iter().filter(|oid| self.is_commit(oid));
        self.complete(&[release], &here.collect::<Vec<_>>())?;
        let proven = self.proven_elsewhere(release, earlier, proofs)?;
        let repo = &*self.repo();
        let mut saying = Saying {
            version,
            release: repo.find_commit(to_git(release)?)?.tree()?,
            known: HashMap::new(),
        };
        let mut room = ENTRIES;
        let mut found = Vec::new();
        for oid in beyond {
            let commit = repo.find_commit(to_git(oid)?)?;
            if proven.trees.contains(&commit.tree_id()) {
                continue;
            }
            let own;
            if commit.parent_count() > 1 {
                own = Some(self.of_merge(repo, &commit)?);
            } else {
                let old = commit.parents().next();
                let (old, new) = (old.map(|old| old.tree()).transpose()?, commit.tree()?);
                let mut paths = BTreeSet::new();
                let mut into = Changes {
                    repo,
                    found: &mut paths,
                    room: &mut room,
                };
                match into.between(old.as_ref(), Some(&new), &mut Vec::new(), DEEPEST)? {
                    false => own = None,
                    true if proven.may_have(&paths)? || saying.may_be_in(repo, &paths)? => {
                        let diff = Self::diff_trees(repo, old.as_ref(), &new)?;
                        if proven.has(&diff)? {
                            continue;
                        }
                        for path in saying.only(repo, &diff)? {
                            paths.remove(&path);
                        }
                        own = Some(paths);
                    }
                    true => own = Some(paths),
                }
            }
            if own.as_ref().is_some_and(BTreeSet::is_empty) {
                continue;
            }
            let commit = self.commit(oid)?;
            let named = trailers::of_person(&commit.message, Key::Change);
            found.push(NewCommit {
                named: named.into_iter().map(str::to_owned).collect(),
                subject: commit.subject().to_owned(),
                author: commit.author,
                commit: commit.oid,
                change: None,
                next: None,
                paths: own
                    .iter()
                    .flatten()
                    .map(|path| String::from_utf8_lossy(path).into_owned())
                    .collect(),
            });
        }
        Ok(found)
    }

    /// What was proven by commits that the release does not hold.
    fn proven_elsewhere(
        &self,
        release: &Oid,
        earlier: &[Oid],
        proofs: &[Counted<'_>],
    ) -> Result<Elsewhere> {
        let repo = &*self.repo();
        let mut found = Elsewhere::default();
        for (proof, pinned) in proofs {
            if let Some(patches) = &proof.patches {
                found.patches.push(patches.whole.clone());
                found.patches.extend(patches.each.iter().cloned());
            }
            // What only this clone has is nothing that everybody judges by.
            if !pinned || !self.is_commit(&proof.commit) || self.holds(release, &proof.commit)? {
                continue;
            }
            let tip = to_git(&proof.commit)?;
            let mut walk = repo.revwalk()?;
            walk.push(tip)?;
            walk.hide(to_git(release)?)?;
            for oid in earlier.iter().filter(|oid| self.is_commit(oid)) {
                walk.hide(to_git(oid)?)?;
            }
            let known = proof.patches.as_ref().is_some_and(|p| !p.each.is_empty());
            for oid in walk.take(super::coverage::REACH) {
                let commit = repo.find_commit(oid?)?;
                found.trees.insert(commit.tree_id());
                if !known && commit.parent_count() == 1 {
                    let diff = Self::diff(repo, &commit.parent(0)?, &commit)?;
                    found.patches.push(id(&diff)?);
                }
            }
            if proof.patches.is_none()
                && let Ok(base) = repo.merge_base(to_git(release)?, tip)
            {
                let (base, tip) = (repo.find_commit(base)?, repo.find_commit(tip)?);
                found.patches.push(id(&Self::diff(repo, &base, &tip)?)?);
            }
        }
        Ok(found)
    }

    /// The files that a merge changes by itself: they are as no parent has them, nor as merging the parents
    /// makes them.
    fn of_merge(&self, repo: &git2::Repository, commit: &Commit<'_>) -> Result<BTreeSet<Vec<u8>>> {
        let mut own: Option<BTreeSet<Vec<u8>>> = None;
        for parent in commit.parents() {
            if parent.tree_id() == commit.tree_id() {
                return Ok(BTreeSet::new());
            }
            let changed = paths(&Self::diff(repo, &parent, commit)?);
            own = Some(match own {
                None => changed,
                Some(own) => own.intersection(&changed).cloned().collect(),
            });
        }
        let mut own = own.unwrap_or_default();
        if own.is_empty() || commit.parent_count() != 2 {
            return Ok(own);
        }
        let scratch = self.scratch()?;
        // What merging makes is kept in memory alone.
        let odb = scratch.odb()?;
        let _memory = odb.add_new_mempack_backend(1000)?;
        let parent = |nth| scratch.find_commit(commit.parent_id(nth)?);
        let mut options = git2::MergeOptions::new();
        options.recursion_limit(NESTED);
        let merged = match scratch.merge_commits(&parent(0)?, &parent(1)?, Some(&options)) {
            Ok(merged) => merged,
            Err(error) if error.code() == git2::ErrorCode::NotFound => return Err(error.into()),
            // What cannot be merged was made by hand.
            Err(_) => return Ok(own),
        };
        let tree = commit.tree()?;
        own.retain(|path| {
            let path = Path::new(OsStr::from_bytes(path));
            if (1..=3).any(|stage| merged.get_path(path, stage).is_some()) {
                return true;
            }
            let made = merged.get_path(path, 0).map(|entry| (entry.id, entry.mode));
            let is = tree.get_path(path).ok();
            // A file's mode is positive.
            let is = is.map(|entry| (entry.id(), entry.filemode().unsigned_abs()));
            made != is
        });
        Ok(own)
    }

    /// The commits of a branch that a merge which `release` holds, and none of `earlier`, brought, with what
    /// the merge calls the branch.
    ///
    /// # Errors
    /// The history cannot be read.
    pub(crate) fn merged_branches(
        &self,
        release: &Oid,
        earlier: &[Oid],
    ) -> Result<Vec<(String, HashSet<Oid>)>> {
        let repo = &*self.repo();
        let mut walk = repo.revwalk()?;
        walk.push(to_git(release)?)?;
        for oid in earlier.iter().filter(|oid| self.is_commit(oid)) {
            walk.hide(to_git(oid)?)?;
        }
        let mut found = Vec::new();
        for oid in walk.take(MOST) {
            let commit = repo.find_commit(oid?)?;
            if commit.parent_count() < 2 || found.len() == MERGES {
                continue;
            }
            let mut branch = repo.revwalk()?;
            branch.push(commit.parent_id(1)?)?;
            branch.hide(commit.parent_id(0)?)?;
            let branch = branch.take(MOST).map(|oid| Ok(of_git(oid?)));
            let subject = self.commit(&of_git(commit.id()))?.subject().to_owned();
            found.push((subject, branch.collect::<Result<_>>()?));
        }
        Ok(found)
    }
}

/// The most merges whose branches are named.
const MERGES: usize = 200;

/// What was proven under other commits.
#[derive(Debug, Default)]
struct Elsewhere {
    trees: HashSet<git2::Oid>,
    patches: Vec<PatchId>,
}

impl Elsewhere {
    /// Whether a patch of those touches just these paths, which nearly always tells two apart.
    fn may_have(&self, paths: &BTreeSet<Vec<u8>>) -> Result<bool> {
        if self.patches.is_empty() || paths.is_empty() {
            return Ok(false);
        }
        let paths = super::coverage::listed(paths)?;
        Ok(self.patches.iter().any(|patch| patch.paths == paths))
    }

    fn has(&self, diff: &git2::Diff<'_>) -> Result<bool> {
        if self.patches.is_empty() || diff.deltas().len() == 0 {
            return Ok(false);
        }
        // The paths are had without reading a file, and tell nearly all commits apart.
        let paths = super::coverage::listed(&paths(diff))?;
        let mut near = self.patches.iter().filter(|patch| patch.paths == paths);
        let Some(first) = near.next() else {
            return Ok(false);
        };
        let Patch(found) = super::coverage::patch(diff)?;
        let found = of_git(found);
        Ok(first.id == found || near.any(|patch| patch.id == found))
    }
}
