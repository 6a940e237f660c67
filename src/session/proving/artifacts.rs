//! The files that a run made: found by the pipeline's globs, and told by their digests.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use crate::model::artifact::{self, Artifact, ArtifactName, Digest};
use crate::model::globs::Globs;
use crate::model::{Exit, Refusal};

/// The most files and folders that are looked at.
const LOOKED_AT: usize = 200_000;

/// The files below `top` that the globs name: regular files, and nothing behind a link.
///
/// # Errors
/// There are too many; a file cannot be read, or has a name that nobody could type.
pub(crate) fn made(top: &Path, globs: &[String]) -> Result<Vec<Artifact>> {
    let named = Globs::checked(globs);
    let mut folders: Vec<PathBuf> = vec![PathBuf::new()];
    let mut found: Vec<String> = Vec::new();
    let mut looked = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(top.join(&folder))? {
            let entry = entry?;
            looked += 1;
            if looked > LOOKED_AT {
                let what = format!("The working tree has more than {LOOKED_AT} files and folders");
                return Err(Refusal::new(Exit::Invalid, what)
                    .because("A search for artifacts looks at each of them. Name the files instead: git gryt evolution record --artifact")
                    .into());
            }
            let path = folder.join(entry.file_name());
            // It is asked of the entry itself, and so of no link's end.
            let kind = entry.file_type()?;
            if kind.is_dir() && entry.file_name() != OsStr::new(".git") {
                if Globs::may_be_below(globs, &path.to_string_lossy()) {
                    folders.push(path);
                }
            } else if kind.is_file()
                && let Some(path) = path.to_str()
                && named.hold(path)
            {
                found.push(path.to_owned());
            }
        }
    }
    found.sort();
    if found.len() > artifact::MOST {
        let what = format!("The pipeline made {} artifacts", found.len());
        let most = artifact::MOST;
        return Err(Refusal::new(Exit::Invalid, what)
            .because(format!(
                "A proof holds at most {most} artifacts: pack the files into an archive, or name fewer"
            ))
            .into());
    }
    let file = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let mut artifacts = Vec::new();
    for path in &found {
        let alone = found
            .iter()
            .filter(|other| file(other) == file(path))
            .count()
            == 1;
        let name = if alone { file(path) } else { path.clone() };
        artifacts.push(of_file(&top.join(path), name)?);
    }
    Ok(artifacts)
}

/// A file that somebody names, by its own name.
///
/// # Errors
/// It is none, cannot be read, or has a name that nobody could type.
pub(crate) fn named(file: &Path) -> Result<Artifact> {
    let name = file.file_name().and_then(OsStr::to_str).unwrap_or_default();
    of_file(file, name.to_owned())
}

fn of_file(path: &Path, name: String) -> Result<Artifact> {
    let name = ArtifactName::try_from(name)
        .map_err(|why| Refusal::new(Exit::Invalid, format!("{}: {why}", path.display())))?;
    let unread = || format!("{} cannot be read", path.display());
    let there = fs::symlink_metadata(path).with_context(unread)?;
    if !there.is_file() {
        let what = format!("{} is not a regular file", path.display());
        return Err(Refusal::new(Exit::Invalid, what).into());
    }
    let file = File::open(path).with_context(unread)?;
    let opened = file.metadata()?;
    if (opened.dev(), opened.ino()) != (there.dev(), there.ino()) {
        let what = format!("{} was replaced while it was looked at", path.display());
        return Err(Refusal::new(Exit::Failure, what).into());
    }
    let (size, sha256) = digest(file)?;
    Ok(Artifact { name, size, sha256 })
}

/// The size and the digest of a file.
///
/// # Errors
/// It cannot be read.
pub(crate) fn digest(mut file: File) -> Result<(u64, Digest)> {
    let mut hash = Sha256::new();
    let mut chunk = vec![0; 64 * 1024];
    let mut size = 0;
    loop {
        let read = file.read(&mut chunk)?;
        if read == 0 {
            return Ok((size, Digest::of(&hash.finalize())));
        }
        size += read as u64;
        hash.update(&chunk[..read]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regular_files_are_found_and_nothing_behind_a_link() {
        let top = tempfile::tempdir().unwrap();
        let write = |path: &str| {
            let path = top.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "abc").unwrap();
        };
        for path in [
            "dist/a.tar",
            "dist/x/b.tar",
            "dist/y/b.tar",
            "other/c.tar",
            ".git/d.tar",
        ] {
            write(path);
        }
        std::os::unix::fs::symlink("../other/c.tar", top.path().join("dist/l.tar")).unwrap();
        std::os::unix::fs::symlink("../other", top.path().join("dist/z")).unwrap();
        let found = |globs: &[&str]| {
            let globs: Vec<String> = globs.iter().map(ToString::to_string).collect();
            let made = made(top.path(), &globs).unwrap();
            let names = made.iter().map(|one| one.name.to_string());
            (names.collect::<Vec<_>>(), made)
        };
        assert_eq!(found(&["dist/*.tar"]).0, ["a.tar"]);
        assert_eq!(
            found(&["dist"]).0,
            ["a.tar", "dist/x/b.tar", "dist/y/b.tar"]
        );
        assert_eq!(found(&["**/*.tar"]).0.len(), 4);
        assert!(found(&["none/*"]).0.is_empty());
        let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let (_, made) = found(&["dist/*.tar"]);
        assert_eq!((made[0].size, made[0].sha256.as_str()), (3, digest));
        assert!(named(&top.path().join("dist/l.tar")).is_err());
    }
}
