//! Drafts: the edit history of one contract, a commit for each edit.

use std::collections::HashSet;

use anyhow::Result;

use super::message::{Message, header};
use super::objects::{Author, Content};
use super::raw::malformed;
use super::{Store, of_git, to_git};
use crate::model::ledger::FORMAT;
use crate::model::reconcile::Relation;
use crate::model::trailers::Key;
use crate::model::{Contract, Invalid, Oid, Version};

/// The file that a draft's tree holds.
pub(crate) const FILE: &str = "generation.yaml";

/// How many edits a draft may have, in all of its history: nobody waits for a walk through more.
const EDITS_MOST: usize = 10_000;

/// A draft as it is found at a tip.
#[derive(Clone, Debug)]
pub struct Draft {
    pub version: Version,
    /// Its first commit, which is the generation's identity.
    pub root: Oid,
    pub tip: Oid,
    pub blob: Oid,
    pub text: Vec<u8>,
}

impl Draft {
    /// What the text says.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn contract(&self) -> Result<Contract, Invalid> {
        Contract::parse(&self.text, &self.version)
    }
}

impl Store {
    /// Reads the draft at `tip`.
    ///
    /// # Errors
    /// The inner one: it does not check as a draft. The outer one: it cannot be read.
    pub fn draft(&self, version: &Version, tip: &Oid) -> Result<Result<Draft, Invalid>> {
        match self.checked_draft(version, tip) {
            Ok(checked) => Ok(checked),
            Err(error) => Ok(Err(malformed(error)?)),
        }
    }

    fn checked_draft(&self, version: &Version, tip: &Oid) -> Result<Result<Draft, Invalid>> {
        let head = self.commit(tip)?;
        head.believed()?;
        let said = header(&head.message);
        match said.format.as_deref() {
            Some(FORMAT) => {}
            Some(other) => {
                let rule = format!("it is of format {other}: upgrade git-gryt");
                return Ok(Err(Invalid::new(rule)));
            }
            None => return Ok(Err(Invalid::new("it has no trailer Gryt-Format"))),
        }
        let Some((blob, text)) = self.text(&head.tree, FILE)? else {
            return Ok(Err(Invalid::new(format!("it holds no {FILE}"))));
        };
        let Some(root) = self.edited_from(tip)? else {
            let rule = format!("its history is longer than {EDITS_MOST} edits");
            return Ok(Err(Invalid::new(rule)));
        };
        // A release of it would be disputed.
        if said.version.as_deref() != Some(version.as_str()) {
            return Ok(Err(Invalid::new("its trailers name another version")));
        }
        if header(&self.commit(&root)?.message).nonce.is_none() {
            return Ok(Err(Invalid::new("its first commit has no Gryt-Nonce")));
        }
        Ok(Ok(Draft {
            version: version.clone(),
            root,
            tip: tip.clone(),
            blob,
            text,
        }))
    }

    /// The first commit of a draft, all of whose edits are sound; none where there are too many of them.
    fn edited_from(&self, tip: &Oid) -> Result<Option<Oid>> {
        let mut seen = HashSet::from([tip.clone()]);
        let mut left = vec![tip.clone()];
        while let Some(oid) = left.pop() {
            let commit = self.commit(&oid)?;
            commit.believed()?;
            // libgit2 shows a commit at the boundary of a shallow clone without parents.
            for parent in commit.parents {
                if seen.insert(parent.clone()) {
                    left.push(parent);
                }
            }
            if seen.len() > EDITS_MOST {
                return Ok(None);
            }
        }
        self.root(tip).map(Some)
    }

    /// Writes the first commit of a draft. The nonce makes two generations of one version two
    /// objects, even where everything else about them is the same.
    ///
    /// # Errors
    /// The object database cannot be written.
    pub fn write_draft_root(
        &self,
        by: &Author,
        version: &Version,
        text: &[u8],
        nonce: &str,
    ) -> Result<Oid> {
        let message = Message::new(&format!("Draft {version}"))
            .with(Key::Version, version)
            .with(Key::Nonce, nonce);
        self.write_draft(by, &[], text, &message)
    }

    /// Writes an edit of the draft at `parent`.
    ///
    /// # Errors
    /// The object database cannot be written.
    pub fn write_draft_edit(
        &self,
        by: &Author,
        version: &Version,
        parent: &Oid,
        text: &[u8],
        what: &str,
    ) -> Result<Oid> {
        let message = Message::new(&format!("{what} {version}")).with(Key::Version, version);
        self.write_draft(by, &[parent], text, &message)
    }

    fn write_draft(
        &self,
        by: &Author,
        parents: &[&Oid],
        text: &[u8],
        message: &Message,
    ) -> Result<Oid> {
        let tree = self.write_tree(None, &[(FILE.to_owned(), Content::Blob(text))])?;
        self.write_commit(by, &tree, parents, &message.text())
    }

    /// Writes a commit that joins two histories of one draft: first this clone's.
    ///
    /// # Errors
    /// The object database cannot be written.
    pub fn write_draft_merge(
        &self,
        by: &Author,
        version: &Version,
        parents: &[&Oid],
        text: &[u8],
    ) -> Result<Oid> {
        let message = Message::new(&format!("Merge {version}")).with(Key::Version, version);
        self.write_draft(by, parents, text, &message)
    }

    /// Whether some commit of the draft at `tip` has `blob` as its contract.
    ///
    /// # Errors
    /// The history cannot be read.
    pub fn draft_had(&self, tip: &Oid, blob: &Oid) -> Result<bool> {
        for commit in self.beyond(tip, &[])? {
            if self.at(&commit.tree, FILE)?.as_ref() == Some(blob) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// How two tips of drafts stand to each other. A draft's history is a graph: merges join it.
    ///
    /// # Errors
    /// The history cannot be read.
    pub fn draft_relation(&self, here: &Oid, there: &Oid) -> Result<Relation> {
        let repo = &*self.repo();
        let (ours, theirs) = (to_git(here)?, to_git(there)?);
        Ok(if here == there {
            Relation::Same
        } else if repo.graph_descendant_of(ours, theirs)? {
            Relation::Ahead
        } else if repo.graph_descendant_of(theirs, ours)? {
            Relation::Behind
        } else if self.root(here)? == self.root(there)? {
            Relation::Diverged
        } else {
            Relation::Unrelated
        })
    }

    /// The merge bases of two tips of one draft.
    ///
    /// # Errors
    /// There is none, or the history cannot be read.
    pub fn draft_bases(&self, here: &Oid, there: &Oid) -> Result<Vec<Oid>> {
        let repo = &*self.repo();
        let bases = repo.merge_bases(to_git(here)?, to_git(there)?)?;
        Ok(bases.iter().copied().map(of_git).collect())
    }
}
