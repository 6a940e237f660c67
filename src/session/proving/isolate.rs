//! A worktree of one commit and nothing else, for as long as a pipeline runs in it.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::Proving;
use crate::git::Git;
use crate::model::{Exit, Oid, Refusal};
use crate::session::core::half_made::{LOCK, PREFIX};

const TREE: &str = "tree";

/// A temporary worktree. It goes away with this value.
pub(crate) struct Isolated<'a> {
    home: &'a Git,
    /// The worktree's own git folder, as it was before anything ran in it.
    git_dir: PathBuf,
    /// What of the commit is not there, and why.
    missing: Vec<String>,
    folder: tempfile::TempDir,
    /// Held as long as somebody works here; the system lets go of it whatever happens.
    _lock: File,
}

impl Isolated<'_> {
    /// The top of the worktree.
    pub(crate) fn top(&self) -> PathBuf {
        self.folder.path().join(TREE)
    }

    /// What of the commit is not in the worktree, and why: steps that need it fail.
    pub(crate) fn missing(&self) -> &[String] {
        &self.missing
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
            let what = format!("{commit} cannot be checked out");
            let mut refusal = Refusal::new(Exit::Failure, what);
            refusal.why = output.said().lines().map(str::to_owned).collect();
            if self.filters_lfs()? && !has_lfs(git)? {
                refusal = refusal.because(
                    "Git is set to use Git LFS (filter.lfs), and git-lfs is not installed: \
                     https://git-lfs.com",
                );
            }
            return Err(refusal.into());
        }
        // gitrepository-layout(5), "gitdir"
        let file = std::fs::read_to_string(top.join(".git"))?;
        let git_dir = file.trim_end().strip_prefix("gitdir: ");
        let mut isolated = Isolated {
            home: git,
            git_dir: git_dir.context("git made no worktree")?.into(),
            missing: Vec::new(),
            folder,
            _lock: lock,
        };
        if top.join(".gitmodules").is_file() {
            isolated.missing.extend(check_out_submodules(&isolated));
        }
        let missing = self.check_out_large_files(&isolated)?;
        isolated.missing.extend(missing);
        for missing in &isolated.missing {
            self.core.ctx.warn(missing);
        }
        Ok(isolated)
    }

    /// Has Git LFS bring the files of which the commit holds pointers alone, where git did not do that
    /// as it checked them out. Says which are not there, and why.
    fn check_out_large_files(self, isolated: &Isolated<'_>) -> Result<Option<String>> {
        let before = pointers(isolated)?;
        if before.is_empty() {
            return Ok(None);
        }
        // Without its filters git would take the files that it brings for edited ones.
        let why = match (has_lfs(self.core.store.git())?, self.filters_lfs()?) {
            (false, _) => "install git-lfs (https://git-lfs.com), then: git lfs install".to_owned(),
            (true, false) => "git lfs install".to_owned(),
            (true, true) => {
                let output = isolated.git().run(&["lfs", "pull"], b"")?;
                format!("git lfs pull: {}", output.said().replace('\n', " "))
            }
        };
        let left = pointers(isolated)?;
        let Some((first, others)) = left.split_first() else {
            return Ok(None);
        };
        let others = match others.len() {
            0 => String::new(),
            _ if others.len() < NAMED => format!(", {}", others.join(", ")),
            more => format!(
                ", {} and {} more",
                others[..NAMED - 1].join(", "),
                more + 1 - NAMED
            ),
        };
        Ok(Some(format!(
            "The commit holds pointers of Git LFS, and these files are not there: {first}{others}: {why}"
        )))
    }

    /// Whether git hands files to Git LFS, by whatever name its program goes.
    fn filters_lfs(self) -> Result<bool> {
        let config = self.core.store.config()?;
        let keys = ["filter.lfs.clean", "filter.lfs.process"];
        Ok(config.iter().any(|(key, _)| keys.contains(&key.as_str())))
    }
}

/// How many files are named at most.
const NAMED: usize = 5;

/// The longest a pointer file may be, in bytes (the specification of Git LFS).
const POINTER_MOST: u64 = 1024;

/// How a pointer file begins (the specification of Git LFS).
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";

fn has_lfs(git: &Git) -> Result<bool> {
    Ok(git.run(&["lfs", "version"], b"")?.ok())
}

/// The files that are meant for Git LFS and are pointers in the worktree.
fn pointers(isolated: &Isolated<'_>) -> Result<Vec<String>> {
    let listed = isolated
        .git()
        .read(&["ls-files", "-z", ":(top,attr:filter=lfs)"])?;
    let listed = String::from_utf8_lossy(&listed);
    let top = isolated.top();
    let is_pointer = |name: &&str| {
        let file = top.join(name);
        let small = file
            .symlink_metadata()
            .is_ok_and(|about| about.is_file() && about.len() <= POINTER_MOST);
        small && std::fs::read(file).is_ok_and(|text| text.starts_with(POINTER))
    };
    let names = listed.split_terminator('\0').filter(is_pointer);
    Ok(names.map(str::to_owned).collect())
}

/// Checks out the submodules of a worktree: the commit is not whole without them. Where they cannot be
/// had, the steps that need them fail, and this says why.
fn check_out_submodules(isolated: &Isolated<'_>) -> Option<String> {
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
        Ok(output) if output.ok() => return None,
        Ok(output) => output.said(),
        Err(error) => format!("{error:#}"),
    };
    Some(format!(
        "The submodules of the commit are not there, and steps that need them fail: {}",
        said.lines().next().unwrap_or_default()
    ))
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
