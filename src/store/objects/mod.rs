//! Objects as they are: blobs, trees, commits, walks along first parents.

mod write;

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use anyhow::{Context, Result};
use chrono::{DateTime, FixedOffset};
use git2::{FileMode, ObjectType};

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
}

impl Commit {
    /// The first line.
    pub fn subject(&self) -> &str {
        self.message.lines().next().unwrap_or_default()
    }
}

/// What stands where a commit has to be, and is none: anybody with push rights can make that.
#[derive(Debug)]
pub(crate) struct Malformed(pub Oid);

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} is no sound commit", self.0.short())
    }
}

impl std::error::Error for Malformed {}

/// What cannot be believed, where that is because of a malformed commit.
///
/// # Errors
/// Any other trouble.
pub(crate) fn malformed(error: anyhow::Error) -> Result<Invalid> {
    match error.downcast::<Malformed>() {
        Ok(malformed) => Ok(Invalid::new(malformed.to_string())),
        Err(error) => Err(error),
    }
}

impl Store {
    /// Reads a commit.
    ///
    /// # Errors
    /// There is no such commit here; in a shallow clone it may lie beyond the boundary.
    pub fn commit(&self, oid: &Oid) -> Result<Commit> {
        let repo = &*self.repo();
        let commit = match repo.find_commit(to_git(oid)?) {
            Ok(commit) => commit,
            Err(_) if self.has(oid) => {
                return Err(match self.shut(oid) {
                    Some(error) => error,
                    None => Malformed(oid.clone()).into(),
                });
            }
            Err(error) => {
                let what = format!("commit {oid} is not in this clone");
                return Err(error).context(what);
            }
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
        to_git(oid).is_ok_and(|oid| self.repo().find_commit(oid).is_ok())
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
    /// The tree is not in this clone.
    pub fn at(&self, tree: &Oid, path: &str) -> Result<Option<Oid>> {
        let mut folder = tree.clone();
        let mut parts = path.split('/').peekable();
        while let Some(part) = parts.next() {
            let repo = &self.repo();
            let tree = self.tree(repo, &folder)?;
            let Some(entry) = tree.get_name(part) else {
                return Ok(None);
            };
            let plain = matches!(entry.filemode(), 0o100_644 | 0o100_755 | 0o100_664);
            folder = of_git(entry.id());
            match (parts.peek(), entry.kind()) {
                (_, Some(ObjectType::Tree)) => {}
                (None, Some(ObjectType::Blob)) if plain => {}
                _ => return Ok(None),
            }
        }
        Ok(Some(folder))
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
        let repo = &self.repo();
        let folder = self.tree(repo, &folder)?;
        let named = |entry: git2::TreeEntry<'_>| {
            let name = String::from_utf8_lossy(entry.name_bytes()).into_owned();
            (name, of_git(entry.id()))
        };
        Ok(folder.iter().map(named).collect())
    }

    /// What lies directly in the tree: by name, its object and its mode as git keeps it.
    ///
    /// # Errors
    /// The tree is not in this clone.
    pub(crate) fn entries(&self, tree: &Oid) -> Result<BTreeMap<String, (Oid, i32)>> {
        let repo = &self.repo();
        let tree = self.tree(repo, tree)?;
        let entry = |entry: git2::TreeEntry<'_>| {
            let name = String::from_utf8_lossy(entry.name_bytes()).into_owned();
            (name, (of_git(entry.id()), entry.filemode_raw()))
        };
        Ok(tree.iter().map(entry).collect())
    }

    /// Whether the object is a tree; a partial clone may have to fetch it to know.
    pub fn is_tree(&self, oid: &Oid) -> bool {
        match self.kind(oid) {
            Some(kind) => kind == ObjectType::Tree,
            None => self.tree(&self.repo(), oid).is_ok(),
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
        let entry = match self.tree(&self.repo(), tree)?.get_path(Path::new(path)) {
            Ok(entry) => entry,
            Err(error) if error.code() == git2::ErrorCode::NotFound => return Ok(Ok(None)),
            Err(error) => return Err(error.into()),
        };
        // The executable bit is the only thing that two plain files may differ in.
        if entry.filemode() & !0o111 != i32::from(FileMode::Blob) & !0o111 {
            return Ok(Err(Invalid::new("it is no plain file")));
        }
        Ok(match self.blob(&of_git(entry.id()))? {
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
