//! Files below the top of the working tree, written so that nothing is half there and no link leads
//! out of it.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::model::{Exit, Refusal};

/// Writes a file below the top, whole or not at all; a link on the way is refused, and one in its
/// place is replaced.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn write_below(top: &Path, path: &str, text: &[u8]) -> Result<()> {
    let fresh = beside(top, path, text, 0o644)?;
    fresh
        .persist(top.join(path))
        .with_context(|| unwritable(path))?;
    Ok(())
}

/// The same of a file that people have as well: who may read and run it stays. It is written only while it is
/// what was read, or while there is still none; false where it is not.
///
/// # Errors
/// As [`write_below`].
pub(crate) fn rewrite_below(
    top: &Path,
    path: &str,
    was: Option<&[u8]>,
    text: &[u8],
) -> Result<bool> {
    let file = top.join(path);
    let meta = fs::symlink_metadata(&file);
    let mode = meta.ok().filter(fs::Metadata::is_file);
    let mode = mode.map_or(0o644, |meta| meta.permissions().mode() & 0o777);
    let fresh = beside(top, path, text, mode)?;
    if read_below(top, path)?.as_deref() != was {
        return Ok(false);
    }
    let put = match was {
        Some(_) => fresh.persist(&file),
        None => fresh.persist_noclobber(&file),
    };
    match put {
        Ok(_) => Ok(true),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error.error).with_context(|| unwritable(path)),
    }
}

/// A text in a file of its own, in the folder where it is to be.
fn beside(top: &Path, path: &str, text: &[u8], mode: u32) -> Result<tempfile::NamedTempFile> {
    let file = top.join(path);
    let folder = file.parent().unwrap_or(top);
    real_folders(top, folder)?;
    let put = || -> io::Result<tempfile::NamedTempFile> {
        let mut fresh = tempfile::NamedTempFile::new_in(folder)?;
        fresh.write_all(text)?;
        let mode = fs::Permissions::from_mode(mode);
        fresh.as_file().set_permissions(mode)?;
        Ok(fresh)
    };
    // Of an error its kind alone: the rest names a file that nobody knows.
    put()
        .map_err(|error| io::Error::from(error.kind()))
        .with_context(|| unwritable(path))
}

fn unwritable(path: &str) -> String {
    format!("{path} cannot be written")
}

/// Waits until no other process of this worktree has the lock of that name. It ends with the file.
///
/// # Errors
/// There is no lock to be had: a read-only repository, say.
pub(crate) fn locked(git_dir: &Path, name: &str) -> io::Result<File> {
    let folder = git_dir.join("gryt");
    fs::create_dir_all(&folder)?;
    let lock = File::create(folder.join(name))?;
    lock.lock()?;
    Ok(lock)
}

/// The most that a file of gryt's may hold: far more than anybody writes.
const LARGEST: u64 = 4 << 20;

/// The text of a file below the top, as a branch can hold it: a regular file of a bounded size that no
/// link leads to. None where there is none.
///
/// # Errors
/// It is something else, or cannot be read. What lies there is not shown.
pub(crate) fn read_below(top: &Path, path: &str) -> Result<Option<Vec<u8>>> {
    let file = top.join(path);
    let mut at = top.to_owned();
    for part in Path::new(path) {
        at.push(part);
        let meta = match fs::symlink_metadata(&at) {
            Ok(meta) => meta,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            // Something that is no folder stands on the way.
            Err(error) if error.kind() == ErrorKind::NotADirectory => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if at != file && !meta.is_dir() {
            return Err(not_a_folder(&at).into());
        }
        if at == file && !meta.is_file() {
            return Err(not_a_file(path).into());
        }
        if at == file && meta.len() > LARGEST {
            let what = format!("{path} is larger than {} MiB", LARGEST >> 20);
            return Err(Refusal::new(Exit::Invalid, what).into());
        }
    }
    let text = fs::read(&file).with_context(|| format!("{path} cannot be read"))?;
    Ok(Some(text))
}

/// Refuses a path below the top on whose way there is anything but folders.
///
/// # Errors
/// There is a link or a file on the way.
pub(crate) fn only_folders(top: &Path, path: &str) -> Result<()> {
    let mut at = top.to_owned();
    for part in Path::new(path) {
        at.push(part);
        match fs::symlink_metadata(&at) {
            Ok(meta) if meta.is_dir() => {}
            Ok(_) => return Err(not_a_folder(&at).into()),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Whether something that is no regular file stands where a file of gryt's is to be.
pub(crate) fn is_blocked(file: &Path) -> bool {
    fs::symlink_metadata(file).is_ok_and(|meta| !meta.is_file())
}

/// What lies in a folder; nothing where there is none.
///
/// # Errors
/// It is a link or a file, or cannot be read.
pub(crate) fn entries(folder: &Path) -> Result<Vec<fs::DirEntry>> {
    match fs::symlink_metadata(folder) {
        Ok(meta) if meta.is_dir() => Ok(fs::read_dir(folder)?.collect::<Result<_, _>>()?),
        Ok(_) => Err(not_a_folder(folder).into()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

/// The names of the YAML files in a folder, without their ending.
///
/// # Errors
/// As [`entries`].
pub(crate) fn yaml_files(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in entries(folder)? {
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Some(stem) = name.strip_suffix(".yaml")
            && entry.file_type()?.is_file()
        {
            names.push(stem.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Makes the folders from `top` down to `folder`.
///
/// # Errors
/// One of them is a link, or cannot be made.
pub(crate) fn real_folders(top: &Path, folder: &Path) -> Result<()> {
    let mut at = top.to_owned();
    for part in folder.strip_prefix(top).unwrap_or(folder) {
        at.push(part);
        match fs::symlink_metadata(&at) {
            Ok(meta) if meta.is_dir() => {}
            Ok(_) => return Err(not_a_folder(&at).into()),
            Err(error) if error.kind() == ErrorKind::NotFound => fs::create_dir(&at)?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn not_a_file(path: &str) -> Refusal {
    Refusal::new(Exit::Invalid, format!("{path} is not a regular file"))
        .because("A link there could lead out of the working tree, so it was not read")
}

fn not_a_folder(path: &Path) -> Refusal {
    Refusal::new(Exit::Failure, format!("{} is not a folder", path.display()))
        .because("A link there could lead out of the working tree, so nothing was read or written")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_wrote_meanwhile_is_not_replaced() {
        let top = tempfile::tempdir().unwrap();
        let put = |was: Option<&str>, text: &str| {
            let was = was.map(str::as_bytes);
            rewrite_below(top.path(), "a/b.md", was, text.as_bytes()).unwrap()
        };
        assert!(!put(Some("gone"), "new") && put(None, "one"));
        assert!(!put(None, "new") && !put(Some("on"), "new"));
        assert!(put(Some("one"), "two"));
        let folder = top.path().join("a");
        assert_eq!(fs::read(folder.join("b.md")).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder).unwrap().count(), 1, "no litter");
    }
}
