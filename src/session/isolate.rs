//! A worktree of one commit and nothing else, for as long as a pipeline runs in it.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::Session;
use crate::git::Git;
use crate::model::Oid;

/// What the temporary folders are called, so that one that was left behind is known again.
const PREFIX: &str = "git-gryt-isolated-";
const LOCK: &str = "in-use";
const TREE: &str = "tree";

/// A temporary worktree. It goes away with this value.
pub struct Isolated<'a> {
    home: &'a Git,
    folder: tempfile::TempDir,
    /// Held as long as somebody works here; the system lets go of it whatever happens.
    _lock: File,
}

impl Isolated<'_> {
    /// The top of the worktree.
    pub fn top(&self) -> PathBuf {
        self.folder.path().join(TREE)
    }

    /// Git, bound to the worktree (gitrepository-layout(5), "gitdir").
    ///
    /// # Errors
    /// The pipeline took the worktree apart.
    pub fn git(&self) -> Result<Git> {
        let top = self.top();
        let file = std::fs::read_to_string(top.join(".git"))
            .context("the isolated worktree is no worktree any more")?;
        let dir = file.trim_end().strip_prefix("gitdir: ");
        let dir = dir.context("the isolated worktree is no worktree any more")?;
        Ok(Git::new(Path::new(dir), Some(&top)))
    }
}

impl Drop for Isolated<'_> {
    fn drop(&mut self) {
        // The folder goes by itself; what git remembers of it, the next run clears otherwise.
        let _ = forget(self.home, &self.top());
    }
}

impl Session<'_> {
    /// Checks `commit` out beside the user's own worktrees, without running a hook.
    ///
    /// # Errors
    /// There is no place for it, or git cannot check it out.
    pub fn isolate(&self, commit: &Oid) -> Result<Isolated<'_>> {
        let git = self.store.git();
        clear_leftovers(git)?;
        let folder = tempfile::Builder::new()
            .prefix(PREFIX)
            .tempdir()
            .context("there is no place for a temporary worktree")?;
        let lock = File::create(folder.path().join(LOCK))?;
        lock.lock()?;
        let isolated = Isolated {
            home: git,
            folder,
            _lock: lock,
        };
        let top = isolated.top();
        let top = top.to_str().context("the temporary folder is not UTF-8")?;
        // A hook of the user's would run there as part of the proof, and is in no commit.
        let args = [
            "-c",
            "core.hooksPath=/dev/null",
            "worktree",
            "add",
            "--quiet",
            "--detach",
            top,
            commit.as_str(),
        ];
        let output = git.run(&args, b"")?;
        if !output.ok() {
            bail!("{commit} cannot be checked out: {}", output.said());
        }
        Ok(isolated)
    }
}

/// Removes the worktrees of runs that were killed.
fn clear_leftovers(git: &Git) -> Result<()> {
    let listed = git.read(&["worktree", "list", "--porcelain", "-z"])?;
    let listed = String::from_utf8_lossy(&listed);
    for line in listed.split('\0') {
        let Some(top) = line.strip_prefix("worktree ").map(Path::new) else {
            continue;
        };
        let Some(folder) = top.parent().filter(|_| top.ends_with(TREE)) else {
            continue;
        };
        let named = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with(PREFIX);
        if !folder.file_name().is_some_and(named) {
            continue;
        }
        let in_use = match File::open(folder.join(LOCK)) {
            Ok(lock) => lock.try_lock().is_err(),
            Err(_) => false,
        };
        if !in_use {
            forget(git, top)?;
            // Its owner may have removed it already.
            let _ = std::fs::remove_dir_all(folder);
        }
    }
    Ok(())
}

fn forget(git: &Git, top: &Path) -> Result<()> {
    let top = top.to_string_lossy();
    git.run(&["worktree", "remove", "--force", "--force", &top], b"")?;
    Ok(())
}
