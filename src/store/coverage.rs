//! Whether a release holds what was proven, also after a rebase or a squash.

use std::collections::BTreeSet;

use anyhow::Result;
use git2::{Commit, Delta, Diff, DiffOptions, Sort};

use super::{Store, to_git};
use crate::model::evolution::Cover;
use crate::model::proof::{PatchId, Patches, Proof};
use crate::model::{Exit, Oid, Refusal};

/// How many commits of the release are compared with what was proven. A branch that lies further
/// behind is proven anew soon enough.
pub(super) const REACH: usize = 5000;

/// The most commits, and files, of a branch whose patches a proof keeps.
const KEPT: usize = 200;
const FILES: usize = 5000;

/// What a commit changes, in a form that survives a rebase: as git's patch id (git-patch-id(1)) it
/// knows no line numbers; other than that, white space counts, and so do modes and the content of
/// binary files.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Patch(pub(super) git2::Oid);

impl Store {
    /// How `release` holds the commit `proven`.
    ///
    /// # Errors
    /// The history cannot be read.
    pub fn cover(&self, release: &Oid, proven: &Oid) -> Result<Cover> {
        let repo = &*self.repo();
        if !self.has(proven) {
            return self.not_held(release, proven);
        }
        if self.holds(release, proven)? {
            return Ok(Cover::Ancestor);
        }
        if self.is_shallow() {
            return self.not_held(release, proven);
        }
        let proven = repo.find_commit(to_git(proven)?)?;
        let Ok(base) = repo.merge_base(to_git(release)?, proven.id()) else {
            return Ok(Cover::Missing);
        };
        self.complete(
            &[release, &super::of_git(proven.id())],
            &[&super::of_git(base)],
        )?;
        let since_base = |tip: git2::Oid| -> Result<Vec<Commit<'_>>> {
            let mut walk = repo.revwalk()?;
            walk.set_sorting(Sort::TOPOLOGICAL)?;
            walk.push(tip)?;
            walk.hide(base)?;
            let commits = walk.take(REACH).map(|oid| Ok(repo.find_commit(oid?)?));
            commits.collect()
        };
        let released = since_base(to_git(release)?)?;
        if released.iter().any(|c| c.tree_id() == proven.tree_id()) {
            return Ok(Cover::Tree);
        }
        let base = repo.find_commit(base)?;
        let whole = Self::diff(repo, &base, &proven)?;
        if Self::holds_patches(repo, &released, vec![whole])? {
            return Ok(Cover::Patch);
        }
        let single = since_base(proven.id())?;
        // What a merge changes by itself has no patch of its own to look for.
        if single.len() == REACH || single.iter().any(|c| c.parent_count() != 1) {
            return Ok(Cover::Missing);
        }
        let mut each = Vec::new();
        for commit in &single {
            each.push(Self::diff(repo, &commit.parent(0)?, commit)?);
        }
        Ok(match Self::holds_patches(repo, &released, each)? {
            true => Cover::Patch,
            false => Cover::Missing,
        })
    }

    /// Fetches what a partial clone lacks of the commits since `base`: git does that when it is asked
    /// to show them, libgit2 does not.
    pub(super) fn complete(&self, tips: &[&Oid], bases: &[&Oid]) -> Result<()> {
        if !self.is_partial()? {
            return Ok(());
        }
        let mut args = vec![
            "log",
            "--patch",
            "--format=",
            "--no-ext-diff",
            "--no-textconv",
            "--no-color",
            "--no-show-signature",
        ];
        args.extend(tips.iter().map(|tip| tip.as_str()));
        args.push("--not");
        args.extend(bases.iter().map(|base| base.as_str()));
        let output = self.git.run(&args, b"")?;
        if output.ok() {
            return Ok(());
        }
        let mut refusal = Refusal::new(
            Exit::Failure,
            "This partial clone lacks what the release is compared with, and could not fetch it",
        );
        refusal.why = output.said().lines().map(str::to_owned).collect();
        Err(refusal.then("git fetch --refetch --no-filter").into())
    }

    /// That a release does not hold a commit, as far as this clone can tell.
    fn not_held(&self, release: &Oid, proven: &Oid) -> Result<Cover> {
        match self.is_shallow() {
            false => Ok(Cover::Missing),
            true => Err(shallow(release, proven).into()),
        }
    }

    /// How `release` holds what a proof is about whose commit nobody need have: told by what the
    /// proof itself says, so that it is the same in every clone.
    ///
    /// # Errors
    /// The history cannot be read.
    pub(crate) fn cover_by_record(&self, release: &Oid, proof: &Proof) -> Result<Cover> {
        let repo = &*self.repo();
        if self.is_partial()? {
            let base = self.first_parents(release).nth(REACH).transpose()?;
            let base = base.map(|commit| commit.oid);
            self.complete(&[release], &base.iter().collect::<Vec<_>>())?;
        }
        let mut walk = repo.revwalk()?;
        walk.set_sorting(Sort::TOPOLOGICAL)?;
        walk.push(to_git(release)?)?;
        let proven = to_git(&proof.commit)?;
        let tree = to_git(&proof.tree)?;
        let mut released = Vec::new();
        for oid in walk.take(REACH) {
            let oid = oid?;
            if oid == proven {
                return Ok(Cover::Ancestor);
            }
            released.push(repo.find_commit(oid)?);
        }
        if released.iter().any(|commit| commit.tree_id() == tree) {
            return Ok(Cover::Tree);
        }
        let Some(patches) = &proof.patches else {
            return self.not_held(release, &proof.commit);
        };
        let whole = Self::holds_ids(repo, &released, vec![patches.whole.clone()])?;
        let held = whole
            || !patches.each.is_empty() && Self::holds_ids(repo, &released, patches.each.clone())?;
        match held {
            true => Ok(Cover::Patch),
            false => self.not_held(release, &proof.commit),
        }
    }

    /// What the commits that `tip` has and `base` has not change. None where that is nothing, or
    /// more than is worth keeping.
    ///
    /// # Errors
    /// The history cannot be read.
    pub(crate) fn patches(&self, base: &Oid, tip: &Oid) -> Result<Option<Patches>> {
        let repo = &*self.repo();
        let Ok(base) = repo.merge_base(to_git(base)?, to_git(tip)?) else {
            return Ok(None);
        };
        let mut walk = repo.revwalk()?;
        walk.set_sorting(Sort::TOPOLOGICAL | Sort::REVERSE)?;
        walk.push(to_git(tip)?)?;
        walk.hide(base)?;
        let mut commits = Vec::new();
        for oid in walk.take(KEPT + 1) {
            commits.push(repo.find_commit(oid?)?);
        }
        if commits.is_empty() || commits.len() > KEPT {
            return Ok(None);
        }
        let tip = repo.find_commit(to_git(tip)?)?;
        let whole = Self::diff(repo, &repo.find_commit(base)?, &tip)?;
        if whole.deltas().len() == 0 || whole.deltas().len() > FILES {
            return Ok(None);
        }
        let mut each = Vec::new();
        if commits.iter().all(|commit| commit.parent_count() == 1) {
            for commit in &commits {
                let diff = Self::diff(repo, &commit.parent(0)?, commit)?;
                if diff.deltas().len() > 0 {
                    each.push(id(&diff)?);
                }
            }
        }
        Ok(Some(Patches {
            whole: id(&whole)?,
            each,
        }))
    }

    /// The same as [`holds_patches`](Self::holds_patches), for patches of which the ids are known.
    fn holds_ids(
        repo: &git2::Repository,
        released: &[Commit<'_>],
        mut missing: Vec<PatchId>,
    ) -> Result<bool> {
        for commit in released.iter().filter(|c| c.parent_count() == 1) {
            if missing.is_empty() {
                break;
            }
            let diff = Self::diff(repo, &commit.parent(0)?, commit)?;
            let paths = listed(&paths(&diff))?;
            if missing.iter().any(|wanted| wanted.paths == paths) {
                let found = super::of_git(patch(&diff)?.0);
                missing.retain(|wanted| wanted.id != found);
            }
        }
        Ok(missing.is_empty())
    }

    /// Whether each of `wanted` is what some commit of `released` changes.
    fn holds_patches(
        repo: &git2::Repository,
        released: &[Commit<'_>],
        wanted: Vec<Diff<'_>>,
    ) -> Result<bool> {
        let mut missing = Vec::new();
        for diff in wanted.into_iter().filter(|diff| diff.deltas().len() > 0) {
            missing.push((paths(&diff), patch(&diff)?));
        }
        for commit in released.iter().filter(|c| c.parent_count() == 1) {
            if missing.is_empty() {
                break;
            }
            let diff = Self::diff(repo, &commit.parent(0)?, commit)?;
            // The paths are had without reading a file, and tell nearly all commits apart.
            let paths = paths(&diff);
            if missing.iter().any(|(wanted, _)| *wanted == paths) {
                let found = patch(&diff)?;
                missing.retain(|(_, wanted)| *wanted != found);
            }
        }
        Ok(missing.is_empty())
    }

    pub(super) fn diff<'r>(
        repo: &'r git2::Repository,
        old: &Commit<'_>,
        new: &Commit<'_>,
    ) -> Result<Diff<'r>> {
        Self::diff_trees(repo, Some(&old.tree()?), &new.tree()?)
    }

    pub(super) fn diff_trees<'r>(
        repo: &'r git2::Repository,
        old: Option<&git2::Tree<'_>>,
        new: &git2::Tree<'_>,
    ) -> Result<Diff<'r>> {
        let mut options = DiffOptions::new();
        options.ignore_submodules(false);
        Ok(repo.diff_tree_to_tree(old, Some(new), Some(&mut options))?)
    }
}

pub(super) fn paths(diff: &Diff<'_>) -> BTreeSet<Vec<u8>> {
    let path = |delta: git2::DiffDelta<'_>| {
        let file = match delta.status() {
            Delta::Deleted => delta.old_file(),
            _ => delta.new_file(),
        };
        file.path_bytes().map(<[u8]>::to_vec)
    };
    diff.deltas().filter_map(path).collect()
}

fn shallow(release: &Oid, proven: &Oid) -> Refusal {
    let what = format!(
        "This clone is too shallow to tell whether {} holds {}",
        release.short(),
        proven.short()
    );
    Refusal::new(Exit::Failure, what).then("git fetch --unshallow")
}

/// The paths as one id.
pub(super) fn listed(paths: &BTreeSet<Vec<u8>>) -> Result<Oid> {
    let text = paths
        .iter()
        .flat_map(|path| path.iter().copied().chain([0]));
    Store::blob_id(&text.collect::<Vec<u8>>())
}

pub(super) fn id(diff: &Diff<'_>) -> Result<PatchId> {
    Ok(PatchId {
        id: super::of_git(patch(diff)?.0),
        paths: listed(&paths(diff))?,
    })
}

pub(super) fn patch(diff: &Diff<'_>) -> Result<Patch> {
    let mut text = Vec::new();
    for at in 0..diff.deltas().len() {
        let made = git2::Patch::from_diff(diff, at)?;
        let Some(delta) = diff.get_delta(at) else {
            continue;
        };
        let (old, new) = (delta.old_file(), delta.new_file());
        for file in [&old, &new] {
            text.extend_from_slice(file.path_bytes().unwrap_or_default());
            text.extend(format!("\0{:o}\0", u32::from(file.mode())).into_bytes());
        }
        // Whether a file is binary is known once its patch was made.
        let Some(patch) = made.filter(|patch| !patch.delta().flags().is_binary()) else {
            text.extend(format!("{} {}\0", old.id(), new.id()).into_bytes());
            continue;
        };
        for hunk in 0..patch.num_hunks() {
            for line in 0..patch.num_lines_in_hunk(hunk)? {
                let line = patch.line_in_hunk(hunk, line)?;
                text.extend(line.origin().to_string().into_bytes());
                text.extend_from_slice(line.content());
            }
        }
    }
    Ok(Patch(git2::Oid::hash_object(
        git2::ObjectType::Blob,
        &text,
    )?))
}
