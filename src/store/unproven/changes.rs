//! The paths that differ between two trees, within a bound.

use anyhow::Result;
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// The paths that differ between trees.
pub(super) struct Changes<'a> {
    pub(super) repo: &'a git2::Repository,
    pub(super) found: &'a mut BTreeSet<Vec<u8>>,
    /// How many entries may still be looked at.
    pub(super) room: &'a mut usize,
}

impl Changes<'_> {
    /// Gathers what differs below `path`; false where that is too much.
    pub(super) fn between(
        &mut self,
        old: Option<&git2::Tree<'_>>,
        new: Option<&git2::Tree<'_>>,
        path: &mut Vec<u8>,
        levels: usize,
    ) -> Result<bool> {
        let (olds, news) = (
            old.map_or(0, git2::Tree::len),
            new.map_or(0, git2::Tree::len),
        );
        let Some(left) = self.room.checked_sub(olds + news) else {
            return Ok(false);
        };
        *self.room = left;
        let (mut at_old, mut at_new) = (0, 0);
        loop {
            let was = old.and_then(|tree| tree.get(at_old));
            let is = new.and_then(|tree| tree.get(at_new));
            let order = match (&was, &is) {
                (None, None) => return Ok(true),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(was), Some(is)) => in_order(was, is),
            };
            at_old += usize::from(order != Ordering::Greater);
            at_new += usize::from(order != Ordering::Less);
            let was = was.filter(|_| order != Ordering::Greater);
            let is = is.filter(|_| order != Ordering::Less);
            if let (Some(was), Some(is)) = (&was, &is)
                && was.id() == is.id()
                && was.filemode_raw() == is.filemode_raw()
            {
                continue;
            }
            let Some(entry) = was.as_ref().or(is.as_ref()) else {
                continue;
            };
            let end = path.len();
            path.extend_from_slice(entry.name_bytes());
            if is_folder(entry) {
                let Some(levels) = levels.checked_sub(1) else {
                    return Ok(false);
                };
                path.push(b'/');
                let tree = |entry: &Option<git2::TreeEntry<'_>>| {
                    let entry = entry.as_ref();
                    entry
                        .map(|entry| self.repo.find_tree(entry.id()))
                        .transpose()
                };
                let (was, is) = (tree(&was)?, tree(&is)?);
                if !self.between(was.as_ref(), is.as_ref(), path, levels)? {
                    return Ok(false);
                }
            } else {
                self.found.insert(path.clone());
            }
            path.truncate(end);
        }
    }
}

pub(super) fn is_folder(entry: &git2::TreeEntry<'_>) -> bool {
    entry.kind() == Some(git2::ObjectType::Tree)
}

/// The order of a tree's entries, in which a folder stands where its name would with a slash after it.
pub(super) fn in_order(one: &git2::TreeEntry<'_>, other: &git2::TreeEntry<'_>) -> Ordering {
    let key = |entry: &git2::TreeEntry<'_>, at: usize| {
        let name = entry.name_bytes();
        match name.get(at) {
            Some(byte) => *byte,
            None if at == name.len() && is_folder(entry) => b'/',
            None => 0,
        }
    };
    let (first, second) = (one.name_bytes(), other.name_bytes());
    let common = first.len().min(second.len());
    first[..common]
        .cmp(&second[..common])
        .then_with(|| key(one, common).cmp(&key(other, common)))
        .then_with(|| first.len().cmp(&second.len()))
}
