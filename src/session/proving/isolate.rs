//! A worktree of one commit and nothing else, for as long as a pipeline runs in it.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::Proving;
use crate::git::Git;
use crate::model::Oid;

/// What the temporary folders are called, so that one that was left behind is known again.
const PREFIX: &str = "git-gryt-isolated-";
const LOCK: &str = "in-use";
const TREE: &str = "tree";

/// A temporary worktree. It goes away with this value.
pub(crate) struct Isolated<'a> {
    home: &'a Git,
    /// The worktree's own git folder, as it was before anything ran in it.
    git_dir: PathBuf,
    folder: tempfile::TempDir,
    /// Held as long as somebody works here; the system lets go of it whatever happens.
    _lock: File,
}

impl Isolated<'_> {
    /// The top of the worktree.
    pub(crate) fn top(&self) -> PathBuf {
        self.folder.path().join(TREE)
    }

    /// Git, bound to the worktree.
    pub(crate) fn git(&self) -> Git {
        self.home.in_worktree(&self.git_dir, &self.top())
    }
}

impl Drop for Isolated<'_> {
    fn drop(&mut self) {
        // The folder goes by itself. Git forgets it, whatever the pipeline made of it.
        let forgotten = forget(self.home, &self.top());
        if !forgotten.is_ok_and(|done| done) {
            let _ = std::fs::remove_dir_all(&self.git_dir);
        }
    }
}

impl<'s> Proving<'s> {
    /// Checks `commit` out beside the user's own worktrees, without running a hook.
    ///
    /// # Errors
    /// There is no place for it, or git cannot check it out.
    pub(crate) fn isolate(self, commit: &Oid) -> Result<Isolated<'s>> {
        let git = self.core.store.git();
        clear_leftovers(git)?;
        let folder = tempfile::Builder::new()
            .prefix(PREFIX)
            .tempdir()
            .context("there is no place for a temporary worktree")?;
        let lock = File::create(folder.path().join(LOCK))?;
        lock.lock()?;
        let top = folder.path().join(TREE);
        let name = top.to_str().context("the temporary folder is not UTF-8")?;
        // A hook of the user's would run there as part of the proof, and is in no commit. A sparse
        // checkout would leave out what is.
        let args = [
            "-c",
            "core.hooksPath=/dev/null",
            "-c",
            "core.sparseCheckout=false",
            "worktree",
            "add",
            "--quiet",
            "--detach",
            name,
            commit.as_str(),
        ];
        let output = git.run(&args, b"")?;
        if !output.ok() {
            // What it began goes with the folder.
            forget(git, &top)?;
            bail!("{commit} cannot be checked out: {}", output.said());
        }
        // gitrepository-layout(5), "gitdir"
        let file = std::fs::read_to_string(top.join(".git"))?;
        let git_dir = file.trim_end().strip_prefix("gitdir: ");
        let isolated = Isolated {
            home: git,
            git_dir: git_dir.context("git made no worktree")?.into(),
            folder,
            _lock: lock,
        };
        if top.join(".gitmodules").is_file() {
            self.check_out_submodules(&isolated);
        }
        Ok(isolated)
    }

    /// Checks out the submodules of a worktree: the commit is not whole without them. Where they
    /// cannot be had, the steps that need them fail, and this says why.
    fn check_out_submodules(self, isolated: &Isolated<'_>) {
        let args = [
            "-c",
            "core.hooksPath=/dev/null",
            "submodule",
            "--quiet",
            "update",
            "--init",
            "--recursive",
        ];
        let said = match isolated.git().run(&args, b"") {
            Ok(output) if output.ok() => return,
            Ok(output) => output.said(),
            Err(error) => format!("{error:#}"),
        };
        self.core.ctx.warn(format!(
            "The submodules of the commit are not there, and steps that need them fail: {}",
            said.lines().next().unwrap_or_default()
        ));
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
        // Without the folder it may be another machine's that shares this repository.
        let in_use = match File::open(folder.join(LOCK)) {
            Ok(lock) => lock.try_lock().is_err(),
            Err(_) => true,
        };
        if !in_use {
            forget(git, top)?;
            // Its owner may have removed it already.
            let _ = std::fs::remove_dir_all(folder);
        }
    }
    Ok(())
}

fn forget(git: &Git, top: &Path) -> Result<bool> {
    let top = top.to_string_lossy();
    let args = ["worktree", "remove", "--force", "--force", &top];
    Ok(git.run(&args, b"")?.ok())
}
