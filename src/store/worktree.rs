//! The working tree as git sees it: where its `HEAD` is, and which tracked files differ from it.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;

use super::Store;
use crate::git::Git;
use crate::model::Oid;

impl Store {
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
}

/// Tracked files that git was told not to look at (git-update-index(1), `--skip-worktree` and
/// `--assume-unchanged`) and that are there all the same: edits of them are seen by nobody.
///
/// # Errors
/// Git cannot read the index.
pub(crate) fn hidden_files(git: &Git, top: &Path) -> Result<Vec<String>> {
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
pub(crate) fn dirty_files(git: &Git) -> Result<Vec<String>> {
    let args = [
        "status",
        "--porcelain=v1",
        "-z",
        "--untracked-files=no",
        // Neither a user's settings nor a tracked .gitmodules hide what the steps see.
        "--ignore-submodules=none",
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

/// The files of a working tree that are neither tracked nor ignored, gryt's own folder aside.
///
/// # Errors
/// Git cannot read the working tree.
pub(crate) fn untracked_files(git: &Git) -> Result<Vec<String>> {
    let args = [
        "ls-files",
        "--others",
        "--exclude-standard",
        "--full-name",
        "-z",
    ];
    let output = git.read(&args)?;
    let text = String::from_utf8_lossy(&output);
    let own = |path: &&str| !path.starts_with(".gryt/");
    let files = text.split_terminator('\0').filter(own);
    Ok(files.map(str::to_owned).collect())
}

/// Where the `HEAD` of a working tree is.
///
/// # Errors
/// It is nowhere.
pub(crate) fn head(git: &Git) -> Result<Oid> {
    let output = git.read(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])?;
    Ok(String::from_utf8_lossy(&output).trim().parse()?)
}
