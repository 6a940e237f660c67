//! Lines that only say the release's version, which no proof is needed for.

use crate::model::Version;
use crate::model::unproven::{self};
use anyhow::Result;
use std::collections::{BTreeSet, HashMap};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The most files of a commit in which a line that says the version is looked for.
const FILES: usize = 50;

/// Files that say the version of a release.
pub(super) struct Saying<'a> {
    pub(super) version: &'a Version,
    /// The release commit's tree, and what its files were found to say: a file is read once, and not with each
    /// commit that changes it.
    pub(super) release: git2::Tree<'a>,
    pub(super) known: HashMap<Vec<u8>, bool>,
}

impl Saying<'_> {
    /// Whether one of these files may be one.
    pub(super) fn may_be_in(
        &mut self,
        repo: &git2::Repository,
        paths: &BTreeSet<Vec<u8>>,
    ) -> Result<bool> {
        if paths.len() > FILES {
            return Ok(false);
        }
        for path in paths {
            if self.may_be_said_in(repo, path)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The files of a diff in which nothing changes but that lines say the version.
    pub(super) fn only(
        &mut self,
        repo: &git2::Repository,
        diff: &git2::Diff<'_>,
    ) -> Result<Vec<Vec<u8>>> {
        let mut found = Vec::new();
        if diff.deltas().len() > FILES {
            return Ok(found);
        }
        for (at, delta) in diff.deltas().enumerate() {
            let same_kind = delta.status() == git2::Delta::Modified
                && delta.old_file().mode() == delta.new_file().mode();
            let Some(path) = delta.new_file().path_bytes().filter(|_| same_kind) else {
                continue;
            };
            if self.may_be_said_in(repo, path)?
                && let Some(patch) = git2::Patch::from_diff(diff, at)?
                && patch.num_hunks() > 0
                && only_says(&patch, self.version)?
            {
                found.push(path.to_vec());
            }
        }
        Ok(found)
    }

    /// Whether the file has the version's number in it at the release commit.
    fn may_be_said_in(&mut self, repo: &git2::Repository, path: &[u8]) -> Result<bool> {
        if let Some(known) = self.known.get(path) {
            return Ok(*known);
        }
        let entry = self.release.get_path(Path::new(OsStr::from_bytes(path)));
        let says = match entry {
            Ok(entry) if entry.kind() == Some(git2::ObjectType::Blob) => {
                let number = unproven::number(self.version).as_bytes();
                let blob = repo.find_blob(entry.id())?;
                blob.content()
                    .windows(number.len())
                    .any(|text| text == number)
            }
            Ok(_) => false,
            Err(error) if error.code() == git2::ErrorCode::NotFound => false,
            Err(error) => return Err(error.into()),
        };
        self.known.insert(path.to_vec(), says);
        Ok(says)
    }
}

pub(super) fn only_says(patch: &git2::Patch<'_>, version: &Version) -> Result<bool> {
    let (mut old, mut new) = (Vec::new(), Vec::new());
    for hunk in 0..patch.num_hunks() {
        for line in 0..patch.num_lines_in_hunk(hunk)? {
            let line = patch.line_in_hunk(hunk, line)?;
            let text = String::from_utf8_lossy(line.content()).into_owned();
            match line.origin() {
                '-' => old.push(text),
                '+' => new.push(text),
                ' ' => {}
                _ => return Ok(false),
            }
        }
    }
    let mut pairs = old.iter().zip(&new);
    let says = |(old, new): (&String, &String)| unproven::only_says(version, old, new);
    Ok(old.len() == new.len() && pairs.all(says))
}
