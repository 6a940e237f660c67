//! Writing objects.

use std::path::Path;

use anyhow::Result;
use git2::build::TreeUpdateBuilder;
use git2::{FileMode, ObjectType};

use super::{person, stamp};
use crate::git::ident::Ident;
use crate::model::{Exit, Oid, Person, Refusal};
use crate::store::{Store, of_git, to_git};

/// Who writes a commit.
#[derive(Clone, Debug)]
pub struct Author {
    pub author: Ident,
    pub committer: Ident,
    /// Whether the user's git signs commits.
    pub sign: bool,
}

/// What a tree is to hold at a path.
#[derive(Clone, Copy)]
pub enum Content<'a> {
    Blob(&'a [u8]),
    /// A file outside the repository, however large.
    File(&'a Path),
    Tree(&'a Oid),
}

pub(super) fn signature(ident: &Ident) -> Result<git2::Signature<'static>> {
    let minutes = ident.at.offset().local_minus_utc() / 60;
    let time = git2::Time::new(ident.at.timestamp(), minutes);
    let Person { name, email } = &ident.person;
    Ok(git2::Signature::new(name, email, &time).map_err(|_| {
        let what =
            format!("`{name} <{email}>` cannot stand in a commit: both parts have to be set");
        Refusal::new(Exit::Failure, what).then("git config user.email you@example.com")
    })?)
}

/// The refusal where the user's git does not sign what it was to sign.
pub(in crate::store) fn unsigned(what: &str, said: &str) -> Refusal {
    // The lines that gpg makes for programs say nothing to people.
    let told = said.lines().filter(|line| !line.starts_with("[GNUPG:]"));
    let mut refusal = Refusal::new(Exit::Failure, format!("The {what} cannot be signed by git"));
    refusal.why = told.map(str::to_owned).collect();
    refusal
        .because("Nothing was recorded or pushed. To sign with an ssh key, say which:")
        .then("git config gpg.format ssh")
        .then("git config user.signingKey ~/.ssh/id_ed25519.pub")
}

/// Who stands in a commit, and when.
fn ident(signature: &git2::Signature<'_>) -> Result<Ident> {
    Ok(Ident {
        person: person(signature),
        at: stamp(signature.when())?,
    })
}

/// Adds a person's line to a commit's header.
fn line(text: &mut Vec<u8>, key: &str, who: &git2::Signature<'_>) {
    let when = who.when();
    let (sign, minutes) = (when.sign(), when.offset_minutes().abs());
    text.extend(
        [
            key.as_bytes(),
            b" ",
            who.name_bytes(),
            b" <",
            who.email_bytes(),
            b"> ",
        ]
        .concat(),
    );
    let (hours, minutes) = (minutes / 60, minutes % 60);
    text.extend(format!("{} {sign}{hours:02}{minutes:02}\n", when.seconds()).into_bytes());
}

/// Writes an object, once more where its folder went meanwhile: git's own housekeeping removes empty ones
/// between libgit2's making of it and its use. What keeps failing is told.
pub(super) fn written<T>(
    mut write: impl FnMut() -> Result<T, git2::Error>,
) -> Result<T, git2::Error> {
    const TRIES: usize = 5;
    let mut last = write();
    for _ in 1..TRIES {
        match &last {
            Err(error) if error.class() == git2::ErrorClass::Os => last = write(),
            _ => break,
        }
    }
    last
}

impl Store {
    /// Writes a commit of whatever bytes, as anybody can make one.
    ///
    /// # Errors
    /// The object database cannot be written.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn write_raw(&self, commit: &[u8]) -> Result<Oid> {
        let repo = &*self.repo();
        Ok(of_git(repo.odb()?.write(ObjectType::Commit, commit)?))
    }

    /// Writes a blob.
    ///
    /// # Errors
    /// The object database cannot be written.
    pub fn write_blob(&self, bytes: &[u8]) -> Result<Oid> {
        let repo = &*self.repo();
        Ok(of_git(written(|| repo.blob(bytes))?))
    }

    /// The id that `bytes` would have as a blob.
    ///
    /// # Errors
    /// Never in practice: libgit2 hashes in memory.
    pub fn blob_id(bytes: &[u8]) -> Result<Oid> {
        Ok(of_git(git2::Oid::hash_object(ObjectType::Blob, bytes)?))
    }

    /// Writes `base` (or an empty tree) with `places` put in.
    ///
    /// # Errors
    /// The object database cannot be written.
    pub fn write_tree(&self, base: Option<&Oid>, places: &[(String, Content<'_>)]) -> Result<Oid> {
        let repo = &*self.repo();
        let base = match base {
            Some(base) => self.tree(repo, base)?,
            None => {
                let empty = written(|| repo.treebuilder(None)?.write())?;
                repo.find_tree(empty)?
            }
        };
        let mut builder = TreeUpdateBuilder::new();
        for (path, place) in places {
            match place {
                Content::Blob(bytes) => {
                    let blob = written(|| repo.blob(bytes))?;
                    builder.upsert(path.as_str(), blob, FileMode::Blob)
                }
                Content::File(file) => {
                    let blob = written(|| repo.blob_path(file))?;
                    builder.upsert(path.as_str(), blob, FileMode::Blob)
                }
                Content::Tree(oid) => builder.upsert(path.as_str(), to_git(oid)?, FileMode::Tree),
            };
        }
        Ok(of_git(written(|| builder.create_updated(repo, &base))?))
    }

    /// Writes a commit, signed where the user's git signs.
    ///
    /// # Errors
    /// A parent is missing, the object database cannot be written, or signing fails.
    pub fn write_commit(
        &self,
        by: &Author,
        tree: &Oid,
        parents: &[&Oid],
        message: &str,
    ) -> Result<Oid> {
        let repo = &*self.repo();
        if by.sign {
            return self.write_signed(by, tree, parents, message);
        }
        let (author, committer) = (signature(&by.author)?, signature(&by.committer)?);
        let found = parents
            .iter()
            .map(|oid| Ok(repo.find_commit(to_git(oid)?)?))
            .collect::<Result<Vec<_>>>();
        let parents = match found {
            Ok(found) => found,
            // One that libgit2 does not take, and git walks past.
            Err(error) => {
                for parent in parents {
                    self.commit(parent)
                        .map_err(|_| anyhow::anyhow!("{error:#}"))?;
                }
                let mut text = format!("tree {tree}\n").into_bytes();
                for parent in parents {
                    text.extend(format!("parent {parent}\n").into_bytes());
                }
                line(&mut text, "author", &author);
                line(&mut text, "committer", &committer);
                text.push(b'\n');
                text.extend(message.as_bytes());
                let oid = written(|| repo.odb()?.write(ObjectType::Commit, &text))?;
                return Ok(of_git(oid));
            }
        };
        let tree = repo.find_tree(to_git(tree)?)?;
        let parents: Vec<_> = parents.iter().collect();
        let oid = written(|| repo.commit(None, &author, &committer, message, &tree, &parents))?;
        Ok(of_git(oid))
    }

    /// Writes a commit again on other parents, everything else byte for byte. A signature does not
    /// survive that: it is made anew where `by` signs.
    ///
    /// # Errors
    /// As [`write_commit`](Store::write_commit).
    pub(crate) fn write_again(&self, by: &Author, of: &Oid, parents: &[&Oid]) -> Result<Oid> {
        let repo = &*self.repo();
        let old = repo.find_commit(to_git(of)?)?;
        let (author, committer) = (ident(&old.author())?, ident(&old.committer())?);
        // Nobody signs in another's name.
        if by.sign && author.person.is(&by.author.person) {
            let message = String::from_utf8_lossy(old.message_raw_bytes()).into_owned();
            let by = Author {
                author,
                committer,
                sign: true,
            };
            return self.write_signed(&by, &of_git(old.tree_id()), parents, &message);
        }
        let mut text = format!("tree {}\n", old.tree_id()).into_bytes();
        for parent in parents {
            text.extend(format!("parent {parent}\n").into_bytes());
        }
        let mut dropped = false;
        for line in old
            .raw_header_bytes()
            .split_inclusive(|byte| *byte == b'\n')
        {
            // What begins with a space goes on with the header above it.
            if !line.starts_with(b" ") {
                let drops: [&[u8]; 3] = [b"tree ", b"parent ", b"gpgsig"];
                dropped = drops.iter().any(|name| line.starts_with(name));
            }
            if !dropped {
                text.extend_from_slice(line);
            }
        }
        text.push(b'\n');
        text.extend_from_slice(old.message_raw_bytes());
        let oid = written(|| repo.odb()?.write(ObjectType::Commit, &text))?;
        Ok(of_git(oid))
    }

    fn write_signed(
        &self,
        by: &Author,
        tree: &Oid,
        parents: &[&Oid],
        message: &str,
    ) -> Result<Oid> {
        let mut args = vec!["-c", "i18n.commitEncoding=UTF-8", "commit-tree", "-S"];
        args.push(tree.as_str());
        for parent in parents {
            args.extend(["-p", parent.as_str()]);
        }
        let idents = [("AUTHOR", &by.author), ("COMMITTER", &by.committer)];
        let output = self.git.run_as(&idents, &args, message.as_bytes())?;
        if !output.ok() {
            return Err(unsigned("commit", &output.said()).into());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().parse()?)
    }
}
