//! Isolated worktrees whose making was cut in the middle.
//!
//! `git worktree add` makes a file `commondir` and writes into it after that. Killed before, it leaves a worktree
//! that git lists; killed in between, one whose `commondir` is empty, and from then on every git command that looks at worktrees dies, `git fetch` and
//! `git worktree prune` among them.

use std::fs::{self, File};
use std::path::Path;

/// What the folders of isolated worktrees are called, so that one that was left behind is known again.
pub(crate) const PREFIX: &str = "git-gryt-isolated-";
/// The file there that is held locked as long as somebody works in it.
pub(crate) const LOCK: &str = "in-use";

/// Removes what such a death left of this program's own worktrees: others are their owners'.
pub(super) fn clear(common_dir: &Path) {
    let Ok(registered) = fs::read_dir(common_dir.join("worktrees")) else {
        // Most repositories have none.
        return;
    };
    for entry in registered.flatten() {
        let entry = entry.path();
        let cut = fs::metadata(entry.join("commondir")).map_or(true, |file| file.len() == 0);
        if cut && is_left_behind(&entry) {
            // What cannot be removed stays in git's way, which says so itself.
            let _ = fs::remove_dir_all(&entry);
        }
    }
}

/// Whether a registered worktree is an isolated one that nobody works in any more.
fn is_left_behind(entry: &Path) -> bool {
    // gitrepository-layout(5), "worktrees/<id>/gitdir": it was written before.
    let Ok(gitdir) = fs::read_to_string(entry.join("gitdir")) else {
        return false;
    };
    let Some(folder) = Path::new(gitdir.trim_end()).ancestors().nth(2) else {
        return false;
    };
    let named = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with(PREFIX);
    if !folder.file_name().is_some_and(named) {
        return false;
    }
    match File::open(folder.join(LOCK)) {
        Ok(lock) => lock.try_lock().is_ok(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}
