//! Objects as they are: blobs, trees, commits, walks along first parents.

mod write;

use std::collections::HashSet;

use anyhow::{Context, Result, bail};
use chrono::{DateTime, FixedOffset};
use git2::{FileMode, ObjectType};

use super::raw::{Entry, FOLDER, Malformed};
use super::{Store, of_git, to_git};
use crate::model::mailmap::{self, Mailmap};
use crate::model::reconcile::Relation;
use crate::model::signature::Signed;
use crate::model::{Invalid, Oid, Person, Stamp, invalid};

pub(super) use write::unsigned;
pub use write::{Author, Content};

/// A commit without its tree's content.
#[derive(Clone, Debug)]
pub struct Commit {
    pub oid: Oid,
    pub tree: Oid,
    pub parents: Vec<Oid>,
    /// As it stands there: what is decided by it must not depend on a reader's mailmap.
    pub author: Person,
    /// Who wrote it down, if that was somebody else.
    pub committer: Person,
    pub at: Stamp,
    pub message: String,
    /// Whether it says who wrote it when, as a commit has to. What does not is walked past as git walks
    /// past it, and counts for nothing.
    pub sound: bool,
}

impl Commit {
    /// The same, where it is sound.
    ///
    /// # Errors
    /// [`Malformed`].
    pub(crate) fn believed(&self) -> Result<&Self, Malformed> {
        match self.sound {
            true => Ok(self),
            false => Err(Malformed::commit(&self.oid)),
        }
    }

    /// The first line.
    pub fn subject(&self) -> &str {
        self.message.lines().next().unwrap_or_default()
    }
}

impl Store {
    /// Reads a commit, sound or not.
    ///
    /// # Errors
    /// [`Malformed`] where git could not walk past it either, or it is too large. There is no such commit
    /// here; in a shallow clone it may lie beyond the boundary.
    pub fn commit(&self, oid: &Oid) -> Result<Commit> {
        let repo = &*self.repo();
        let commit = match self.is_small_commit(oid)? {
            true => repo.find_commit(to_git(oid)?).ok(),
            false if self.has(oid) => None,
            false => bail!("commit {oid} is not in this clone"),
        };
        let Some(commit) = commit else {
            if let Some(shut) = self.shut(oid) {
                return Err(shut);
            }
            let links = self.links(oid)?;
            let nobody = Person {
                name: String::new(),
                email: String::new(),
            };
            return Ok(Commit {
                oid: oid.clone(),
                tree: links.tree,
                parents: links.parents,
                author: nobody.clone(),
                committer: nobody,
                at: stamp(git2::Time::new(0, 0))?,
                message: links.message,
                sound: false,
            });
        };
        let author = commit.author();
        Ok(Commit {
            oid: oid.clone(),
            tree: of_git(commit.tree_id()),
            parents: commit.parent_ids().map(of_git).collect(),
            author: person(&author),
            committer: person(&commit.committer()),
            at: stamp(commit.time())?,
            message: String::from_utf8_lossy(commit.message_bytes()).into_owned(),
            sound: true,
        })
    }

    /// Why a loose object that is here cannot be opened: another user's git may have made it for that user
    /// alone.
    fn shut(&self, oid: &Oid) -> Option<anyhow::Error> {
        let (folder, name) = oid.as_str().split_at(2);
        let file = self.layout().common_dir.join("objects").join(folder);
        let file = file.join(name);
        match std::fs::File::open(&file) {
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => Some(
                anyhow::anyhow!("{} cannot be read: {error}", file.display()),
            ),
            _ => None,
        }
    }

    /// A commit in the parts that its signature is judged by.
    ///
    /// # Errors
    /// The inner one: it has no signature that could be told. The outer one: it cannot be read.
    pub(crate) fn signed_commit(&self, oid: &Oid) -> Result<Result<Option<Signed>, String>> {
        let repo = &*self.repo();
        Ok(Signed::of_commit(repo.odb()?.read(to_git(oid)?)?.data()))
    }

    /// The same of a tag; none where it is not signed, or no object of its own.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn signed_tag(&self, oid: &Oid) -> Result<Option<Signed>> {
        let repo = &*self.repo();
        let odb = repo.odb()?;
        let object = odb.read(to_git(oid)?)?;
        match object.kind() {
            ObjectType::Tag => Ok(Signed::of_tag(object.data())),
            _ => Ok(None),
        }
    }

    /// Whether the object is a commit, and in this clone.
    pub fn is_commit(&self, oid: &Oid) -> bool {
        // One without a sound author line is none that anybody could work with.
        self.is_small_commit(oid).is_ok_and(|here| here)
            && to_git(oid).is_ok_and(|oid| self.repo().find_commit(oid).is_ok())
    }

    /// Whether the object is in this clone.
    pub fn has(&self, oid: &Oid) -> bool {
        let repo = &*self.repo();
        let odb = repo.odb();
        matches!((odb, to_git(oid)), (Ok(odb), Ok(oid)) if odb.exists(oid))
    }

    /// The commits from `tip` along first parents, newest first. Where a shallow boundary cuts
    /// the chain, the last item is an error.
    pub fn first_parents(&self, tip: &Oid) -> impl Iterator<Item = Result<Commit>> + '_ {
        let mut next = Some(tip.clone());
        let mut cut = false;
        std::iter::from_fn(move || {
            let oid = next.take()?;
            if std::mem::take(&mut cut) {
                return Some(Err(anyhow::anyhow!("the history before {oid} is cut off")));
            }
            let commit = self.commit(&oid);
            if let Ok(commit) = &commit {
                // libgit2 shows a commit at the boundary of a shallow clone without parents.
                cut = self.is_boundary(&commit.oid);
                next = if cut {
                    Some(oid)
                } else {
                    commit.parents.first().cloned()
                };
            }
            Some(commit)
        })
    }

    /// The commits that `tip` reaches and none of `hidden` does, newest first.
    ///
    /// # Errors
    /// The history cannot be read.
    pub fn beyond(&self, tip: &Oid, hidden: &[&Oid]) -> Result<Vec<Commit>> {
        let repo = &*self.repo();
        let mut walk = repo.revwalk()?;
        walk.push(to_git(tip)?)?;
        for oid in hidden {
            walk.hide(to_git(oid)?)?;
        }
        walk.map(|oid| self.commit(&of_git(oid?))).collect()
    }

    /// The same, each commit before its parents, and one more than `most` where there are more.
    ///
    /// # Errors
    /// The history cannot be read.
    pub(crate) fn beyond_at_most(
        &self,
        tip: &Oid,
        hidden: &[&Oid],
        most: usize,
    ) -> Result<Vec<Commit>> {
        let repo = &*self.repo();
        let mut walk = repo.revwalk()?;
        walk.set_sorting(git2::Sort::TOPOLOGICAL)?;
        walk.push(to_git(tip)?)?;
        for oid in hidden {
            walk.hide(to_git(oid)?)?;
        }
        walk.take(most + 1)
            .map(|oid| self.commit(&of_git(oid?)))
            .collect()
    }

    /// The first commit along first parents.
    ///
    /// # Errors
    /// The chain is cut.
    pub fn root(&self, tip: &Oid) -> Result<Oid> {
        let mut root = tip.clone();
        for commit in self.first_parents(tip) {
            root = commit?.oid;
        }
        Ok(root)
    }

    /// How `here` stands to `there`, along first parents.
    ///
    /// # Errors
    /// A chain is cut.
    pub fn relation(&self, here: &Oid, there: &Oid) -> Result<Relation> {
        if here == there {
            return Ok(Relation::Same);
        }
        let chain = |tip: &Oid| -> Result<Vec<Oid>> {
            self.first_parents(tip).map(|c| Ok(c?.oid)).collect()
        };
        let (ours, theirs) = (chain(here)?, chain(there)?);
        let set: HashSet<&Oid> = ours.iter().collect();
        Ok(if set.contains(there) {
            Relation::Ahead
        } else if theirs.contains(here) {
            Relation::Behind
        } else if ours.last() == theirs.last() {
            Relation::Diverged
        } else {
            Relation::Unrelated
        })
    }

    /// The blob or tree at `path` below `tree`; a link or a submodule there is nothing.
    ///
    /// # Errors
    /// A tree is not in this clone, or malformed.
    pub fn at(&self, tree: &Oid, path: &str) -> Result<Option<Oid>> {
        let plain = |mode| matches!(mode, FOLDER | 0o100_644 | 0o100_755 | 0o100_664);
        let found = self.standing_at(tree, path)?;
        Ok(found.and_then(|(mode, oid)| plain(mode).then_some(oid)))
    }

    /// What stands at `path` below `tree`, with its mode; nothing below what is no folder.
    fn standing_at(&self, tree: &Oid, path: &str) -> Result<Option<(u32, Oid)>> {
        let mut found = (FOLDER, tree.clone());
        for part in path.split('/') {
            let (mode, folder) = &found;
            if *mode != FOLDER {
                return Ok(None);
            }
            found = match self.raw_tree(folder)?.named(part)? {
                Some((mode, _, oid)) => (mode, oid),
                None => return Ok(None),
            };
        }
        Ok(Some(found))
    }

    /// A tree, fetched first where a partial clone left it out.
    fn tree<'r>(&self, repo: &'r git2::Repository, oid: &Oid) -> Result<git2::Tree<'r>> {
        let id = to_git(oid)?;
        if let Ok(tree) = repo.find_tree(id) {
            return Ok(tree);
        }
        self.git.run(&["cat-file", "-e", oid.as_str()], b"")?;
        repo.odb()?.refresh()?;
        repo.find_tree(id)
            .with_context(|| format!("tree {oid} is not in this clone"))
    }

    /// Whether a shallow clone ends at this commit.
    pub(super) fn is_boundary(&self, oid: &Oid) -> bool {
        self.shallow
            .get_or_init(|| {
                let file = self.layout.common_dir.join("shallow");
                let text = std::fs::read_to_string(file).unwrap_or_default();
                text.lines().map(str::to_owned).collect()
            })
            .contains(oid.as_str())
    }

    /// The names directly below the folder at `path`; none where there is no such folder.
    ///
    /// # Errors
    /// The tree is not in this clone.
    pub fn list(&self, tree: &Oid, path: &str) -> Result<Vec<(String, Oid)>> {
        let folder = match path {
            "" => Some(tree.clone()),
            _ => self.at(tree, path)?,
        };
        let Some(folder) = folder else {
            return Ok(Vec::new());
        };
        if self.kind(&folder) == Some(ObjectType::Blob) {
            return Ok(Vec::new());
        }
        let folder = self.raw_tree(&folder)?;
        let named = |entry: Result<Entry<'_>, Malformed>| {
            let (_, name, oid) = entry?;
            Ok((String::from_utf8_lossy(name).into_owned(), oid))
        };
        folder.entries().map(named).collect()
    }

    /// Whether the object is a tree; a partial clone may have to fetch it to know.
    pub fn is_tree(&self, oid: &Oid) -> bool {
        match self.kind(oid) {
            Some(kind) => kind == ObjectType::Tree,
            None => self.raw_tree(oid).is_ok(),
        }
    }

    fn kind(&self, oid: &Oid) -> Option<ObjectType> {
        let repo = &*self.repo();
        let odb = repo.odb().ok()?;
        Some(odb.read_header(to_git(oid).ok()?).ok()?.1)
    }

    /// The text of a blob; none where the object is not a blob, or is larger than any text that
    /// gryt reads ([`invalid::MAX_BYTES`]).
    ///
    /// # Errors
    /// The object is not in this clone and cannot be had.
    pub fn blob(&self, oid: &Oid) -> Result<Option<Vec<u8>>> {
        let repo = &*self.repo();
        let odb = repo.odb()?;
        match odb.read_header(to_git(oid)?) {
            Ok((size, ObjectType::Blob)) if size <= invalid::MAX_BYTES => {}
            Ok(_) => return Ok(None),
            // A partial clone fetches what is missing when git itself is asked for it.
            Err(_) => return Ok(Some(self.git.read(&["cat-file", "blob", oid.as_str()])?)),
        }
        Ok(Some(odb.read(to_git(oid)?)?.data().to_vec()))
    }

    /// The text at `path` below `tree`, with its blob's id.
    ///
    /// # Errors
    /// As [`blob`](Store::blob).
    pub fn text(&self, tree: &Oid, path: &str) -> Result<Option<(Oid, Vec<u8>)>> {
        let Some(oid) = self.at(tree, path)? else {
            return Ok(None);
        };
        Ok(self.blob(&oid)?.map(|text| (oid, text)))
    }

    /// The text of the file at `path` below `tree`; none where nothing is there.
    ///
    /// # Errors
    /// The inner one: what is there is no plain file, or too large to be read. The outer one: as
    /// [`blob`](Store::blob).
    pub fn file(&self, tree: &Oid, path: &str) -> Result<Result<Option<Vec<u8>>, Invalid>> {
        let Some((mode, oid)) = self.standing_at(tree, path)? else {
            return Ok(Ok(None));
        };
        // The executable bit is the only thing that two plain files may differ in.
        if i64::from(mode & !0o111) != i64::from(i32::from(FileMode::Blob) & !0o111) {
            return Ok(Err(Invalid::new("it is not a plain file")));
        }
        Ok(match self.blob(&oid)? {
            Some(text) => Ok(Some(text)),
            None => Err(Invalid::new("it is too large to be read")),
        })
    }

    /// The mailmap of a commit's tree, with its blob's id; none where it is no plain file of a bounded size.
    ///
    /// # Errors
    /// As [`file`](Store::file).
    pub(crate) fn mailmap(&self, tree: &Oid) -> Result<Option<(Oid, Mailmap)>> {
        let Ok(Some(text)) = self.file(tree, mailmap::FILE)? else {
            return Ok(None);
        };
        let blob = self.at(tree, mailmap::FILE)?;
        Ok(blob.map(|blob| (blob, Mailmap::parse(&text))))
    }
}

/// Who stands in a commit.
fn person(signature: &git2::Signature<'_>) -> Person {
    Person {
        name: String::from_utf8_lossy(signature.name_bytes()).into_owned(),
        email: String::from_utf8_lossy(signature.email_bytes()).into_owned(),
    }
}

/// A moment with its zone; one that cannot be is UTC.
pub(super) fn stamp(time: git2::Time) -> Result<Stamp> {
    let offset = FixedOffset::east_opt(time.offset_minutes() * 60)
        .or_else(|| FixedOffset::east_opt(0))
        .context("zero is an offset")?;
    let at = DateTime::from_timestamp(time.seconds(), 0).unwrap_or_default();
    Ok(at.with_timezone(&offset))
}
