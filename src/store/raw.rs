//! Objects byte for byte, as anybody with push rights may have made them. How large an object is, is asked
//! before it is read, and what git takes and libgit2 does not is read as far as git reads it.

use anyhow::{Context, Result};
use git2::ObjectType;

use super::{Store, of_git, to_git};
use crate::model::{Invalid, Oid};

/// The largest commit that is read, in bytes: a promotion that folds 20,000 evolutions. Of a larger one only
/// its place in history counts.
const COMMIT_MOST: usize = 1 << 20;
/// The largest tree that is read, in bytes: 100,000 releases of one minor line.
const TREE_MOST: usize = 16 << 20;

/// The mode of a folder.
pub(super) const FOLDER: u32 = 0o040_000;

/// What is not what has to stand there: anybody with push rights can make that.
#[derive(Debug)]
pub(crate) struct Malformed {
    oid: Oid,
    is: &'static str,
}

impl Malformed {
    pub(super) fn new(oid: &Oid, is: &'static str) -> Self {
        let oid = oid.clone();
        Self { oid, is }
    }

    /// What stands where a commit has to be, and is none.
    pub(super) fn commit(oid: &Oid) -> Self {
        Self::new(oid, "is not a sound commit")
    }
}

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.oid.short(), self.is)
    }
}

impl std::error::Error for Malformed {}

/// What cannot be believed, where that is because of a malformed object.
///
/// # Errors
/// Any other trouble.
pub(crate) fn malformed(error: anyhow::Error) -> Result<Invalid> {
    match error.downcast::<Malformed>() {
        Ok(malformed) => Ok(Invalid::new(malformed.to_string())),
        Err(error) => Err(error),
    }
}

/// What of a commit git itself looks at when it walks: its tree, its parents, and what follows the header.
#[derive(Clone)]
pub(super) struct Links {
    pub tree: Oid,
    pub parents: Vec<Oid>,
    pub message: String,
}

/// Reads a commit as git does, which walks past any author and any date.
pub(super) fn links(raw: &[u8]) -> Option<Links> {
    let mut parents = Vec::new();
    let id = |line: &[u8]| std::str::from_utf8(line).ok()?.parse::<Oid>().ok();
    let mut lines = raw.split_inclusive(|byte| *byte == b'\n');
    let mut read = 0;
    let mut line = || {
        let line = lines.next()?;
        read += line.len();
        Some(line.strip_suffix(b"\n").unwrap_or(line))
    };
    let tree = id(line()?.strip_prefix(b"tree ")?)?;
    while let Some(line) = line() {
        match line.strip_prefix(b"parent ") {
            Some(parent) => parents.push(id(parent)?),
            None if line.is_empty() => break,
            None => {}
        }
    }
    Some(Links {
        tree,
        parents,
        message: String::from_utf8_lossy(raw.get(read..)?).into_owned(),
    })
}

/// An entry of a tree: its mode, its name, its object.
pub(super) type Entry<'t> = (u32, &'t [u8], Oid);

/// The same with the bytes of its object's id.
type Bytes<'t> = (u32, &'t [u8], &'t [u8]);

fn with_oid((mode, name, id): Bytes<'_>) -> Entry<'_> {
    (mode, name, Oid::from_bytes(id))
}

/// A tree's bytes.
pub(super) struct RawTree {
    oid: Oid,
    bytes: Vec<u8>,
}

impl RawTree {
    /// A tree without entries, as what is not there is compared.
    pub(super) fn empty(beside: &Oid) -> Self {
        Self {
            oid: beside.clone(),
            bytes: Vec::new(),
        }
    }

    /// Its entries, in the order in which they stand there.
    pub(super) fn entries(&self) -> impl Iterator<Item = Result<Entry<'_>, Malformed>> {
        self.bytes().map(|entry| entry.map(with_oid))
    }

    fn bytes(&self) -> impl Iterator<Item = Result<Bytes<'_>, Malformed>> {
        let mut rest = self.bytes.as_slice();
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let Some((entry, after)) = first_entry(rest) else {
                rest = &[];
                return Some(Err(self.unsound()));
            };
            rest = after;
            Some(Ok(entry))
        })
    }

    /// The same, in git's order and each name once: a name that stands there twice means one thing to one
    /// reader, and another to the next.
    pub(super) fn in_order(&self) -> impl Iterator<Item = Result<Entry<'_>, Malformed>> {
        let mut before: Option<Vec<u8>> = None;
        self.entries().map(move |entry| {
            let entry = entry?;
            let key = sorted_by(&entry);
            if before.as_ref().is_some_and(|before| *before >= key) {
                return Err(self.unsound());
            }
            before = Some(key);
            Ok(entry)
        })
    }

    /// The entry of that name.
    pub(super) fn named(&self, name: &str) -> Result<Option<Entry<'_>>> {
        for entry in self.bytes() {
            let entry = entry?;
            if entry.1 == name.as_bytes() {
                return Ok(Some(with_oid(entry)));
            }
        }
        Ok(None)
    }

    fn unsound(&self) -> Malformed {
        Malformed::new(&self.oid, "is not a sound tree")
    }
}

/// What git sorts a tree's entries by: a folder as if a slash followed its name.
pub(super) fn sorted_by(entry: &Entry<'_>) -> Vec<u8> {
    let (mode, name, _) = entry;
    let mut key = name.to_vec();
    if *mode == FOLDER {
        key.push(b'/');
    }
    key
}

/// The entry at the beginning of a tree's bytes, and what follows it.
fn first_entry(bytes: &[u8]) -> Option<(Bytes<'_>, &[u8])> {
    const ID: usize = 20;
    let space = bytes.iter().take(8).position(|byte| *byte == b' ')?;
    let mode = std::str::from_utf8(&bytes[..space]).ok()?;
    let mode = u32::from_str_radix(mode, 8).ok()?;
    let rest = &bytes[space + 1..];
    let end = rest.iter().position(|byte| *byte == 0)?;
    let name = &rest[..end];
    let id = rest.get(end + 1..end + 1 + ID)?;
    let entry = (mode, name, id);
    (!name.is_empty()).then_some((entry, &rest[end + 1 + ID..]))
}

impl Store {
    /// Whether a commit is here and of a size that is read: how large it is, is asked first.
    ///
    /// # Errors
    /// [`Malformed`] where it is none.
    pub(super) fn is_small_commit(&self, oid: &Oid) -> Result<bool> {
        let repo = &*self.repo();
        match repo.odb()?.read_header(to_git(oid)?) {
            Ok((size, ObjectType::Commit)) => Ok(size <= COMMIT_MOST),
            Ok(_) => Err(Malformed::commit(oid).into()),
            Err(_) => Ok(false),
        }
    }

    /// What git reads of a commit that libgit2 does not take, or that is too large to be read here: of that
    /// one git says its tree and its parents, once.
    ///
    /// # Errors
    /// [`Malformed`], or it cannot be read.
    pub(super) fn links(&self, oid: &Oid) -> Result<Links> {
        if self.is_small_commit(oid)? {
            let repo = &*self.repo();
            let odb = repo.odb()?;
            let raw = odb.read(to_git(oid)?)?;
            return links(raw.data()).ok_or_else(|| Malformed::commit(oid).into());
        }
        if let Some(known) = self.large.borrow().get(oid) {
            return Ok(known.clone());
        }
        let args = [
            "rev-list",
            "--no-walk",
            "--max-count=1",
            "--format=%T",
            "--parents",
        ];
        let output = self.git().read(&[&args[..], &[oid.as_str()]].concat())?;
        let text = String::from_utf8_lossy(&output).into_owned();
        let mut lines = text.lines();
        let parents = lines.next().map(|line| line.split(' ').skip(2));
        let links = Links {
            parents: parents
                .into_iter()
                .flatten()
                .map(str::parse)
                .collect::<Result<_, _>>()?,
            tree: lines.next().unwrap_or_default().parse()?,
            message: String::new(),
        };
        self.large.borrow_mut().insert(oid.clone(), links.clone());
        Ok(links)
    }

    /// A tree's bytes, fetched first where a partial clone left it out.
    ///
    /// # Errors
    /// [`Malformed`] where it is none, or too large. It cannot be had.
    pub(super) fn raw_tree(&self, oid: &Oid) -> Result<RawTree> {
        let repo = &*self.repo();
        let odb = repo.odb()?;
        let id = to_git(oid)?;
        let header = match odb.read_header(id) {
            Ok(header) => header,
            Err(_) => {
                self.git().run(&["cat-file", "-e", oid.as_str()], b"")?;
                odb.refresh()?;
                let missing = || format!("tree {oid} is not in this clone");
                odb.read_header(id).with_context(missing)?
            }
        };
        match header {
            (size, ObjectType::Tree) if size <= TREE_MOST => {}
            (_, ObjectType::Tree) => return Err(Malformed::new(oid, "is too large a tree").into()),
            _ => return Err(Malformed::new(oid, "is not a tree").into()),
        }
        Ok(RawTree {
            oid: of_git(id),
            bytes: odb.read(id)?.data().to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "1111111111111111111111111111111111111111";

    fn tree(entries: &[(&str, &str)]) -> RawTree {
        let mut bytes = Vec::new();
        for (mode, name) in entries {
            bytes.extend(format!("{mode} {name}\0").into_bytes());
            bytes.extend([0x11; 20]);
        }
        RawTree {
            oid: ID.parse().unwrap(),
            bytes,
        }
    }

    #[test]
    fn a_commit_is_read_as_far_as_git_reads_it() {
        let head = format!("tree {ID}\nparent {ID}\nparent {ID}\n");
        for people in ["", "author x\n", "committer <> 99999999999999999999 z\n"] {
            let text = format!("{head}{people}\nsubject\n\nKey: x\n");
            let links = links(text.as_bytes()).unwrap();
            assert_eq!((links.parents.len(), links.tree.as_str()), (2, ID));
            assert_eq!(links.message, "subject\n\nKey: x\n");
        }
        for bad in [
            "",
            "tree x\n\n",
            "parent x\n",
            &format!("tree {ID}\nparent\r\n\n")[..44],
        ] {
            assert!(links(bad.as_bytes()).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_tree_that_says_a_name_twice_is_not_sound() {
        let plain = tree(&[("100644", "a"), ("40000", "b"), ("100644", "b0")]);
        assert_eq!(plain.in_order().filter_map(Result::ok).count(), 3);
        assert!(plain.named("b").unwrap().is_some() && plain.named("c").unwrap().is_none());
        for bad in [
            tree(&[("100644", "a"), ("100644", "a")]),
            tree(&[("100644", "b"), ("100644", "a")]),
            tree(&[("", "")]),
        ] {
            assert!(bad.in_order().any(|entry| entry.is_err()));
        }
    }
}
