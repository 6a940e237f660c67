//! Writing evolutions: their first commit, each proof, and the same again elsewhere.

use std::collections::BTreeSet;

use anyhow::Result;

use super::{ABANDONED, CLAIM, EVOLUTION, PROOF, Store};
use crate::model::evolution::{Abandoned, Attempt, Claim};
use crate::model::state::Recorded;
use crate::model::trailers::Key;
use crate::model::{Evolution, Invalid, Oid, Proof};
use crate::store::message::{Message, header};
use crate::store::objects::{Author, Commit, Content};

impl Store {
    /// Writes the first commit of an evolution, with what another tool's record says of it if it
    /// comes from there. It has no parent, so that it can move to another number without being
    /// written again.
    ///
    /// # Errors
    /// The object database cannot be written.
    pub fn write_evolution(
        &self,
        by: &Author,
        what: &Evolution,
        claim: Option<&Claim>,
        nonce: &str,
    ) -> Result<Oid> {
        let text = serde_yaml::to_string(what)?;
        let claim = claim.map(serde_yaml::to_string).transpose()?;
        let mut places = vec![(EVOLUTION.to_owned(), Content::Blob(text.as_bytes()))];
        places.extend(
            claim
                .iter()
                .map(|text| (CLAIM.to_owned(), Content::Blob(text.as_bytes()))),
        );
        let tree = self.write_tree(None, &places)?;
        let subject = format!("Start {} of {}", what.change, what.version);
        let message = Message::new(&subject)
            .with(Key::Version, &what.version)
            .with(Key::Change, &what.change)
            .with(Key::Nonce, nonce);
        self.write_commit(by, &tree, &[], &message.text())
    }

    /// Writes the proofs of `mine` that `theirs` lacks again on top of `theirs`: one owner went on
    /// in two clones, and a proof is what it is on whichever tip.
    ///
    /// # Errors
    /// The objects cannot be read or written.
    pub fn replay(&self, by: &Author, mine: &Oid, theirs: &Oid) -> Result<Oid> {
        let known: Vec<Commit> = self.first_parents(theirs).collect::<Result<_>>()?;
        // One that let go of the user's commit says the same as the one that it was written from.
        let twin = |one: &Commit, other: &Commit| {
            one.tree == other.tree && one.message == other.message && one.at == other.at
        };
        let mut own = Vec::new();
        for commit in self.first_parents(mine) {
            let commit = commit?;
            if known.iter().any(|there| there.oid == commit.oid) {
                break;
            }
            if !known.iter().any(|there| twin(there, &commit)) {
                own.push(commit);
            }
        }
        let mut tip = theirs.clone();
        for commit in own.iter().rev() {
            let mut author = by.clone();
            author.author.at = commit.at;
            let mut parents = vec![&tip];
            parents.extend(commit.parents.iter().skip(1));
            tip = self.write_commit(&author, &commit.tree, &parents, &commit.message)?;
        }
        Ok(tip)
    }

    /// Writes an evolution again for another version, all of its proofs with it.
    ///
    /// # Errors
    /// The objects cannot be read or written.
    pub fn carry(&self, by: &Author, tip: &Oid, what: &Evolution, nonce: &str) -> Result<Oid> {
        let chain: Vec<Commit> = self.first_parents(tip).collect::<Result<_>>()?;
        let text = serde_yaml::to_string(what)?;
        let claim = match chain.last() {
            Some(root) => self.claim(&root.tree)??,
            None => None,
        };
        let mut carried = self.write_evolution(by, what, claim.as_ref(), nonce)?;
        for commit in chain.iter().rev().skip(1) {
            let places = [(EVOLUTION.to_owned(), Content::Blob(text.as_bytes()))];
            let tree = self.write_tree(Some(&commit.tree), &places)?;
            let mut author = by.clone();
            author.author.at = commit.at;
            let mut parents = vec![&carried];
            parents.extend(commit.parents.iter().skip(1));
            let said = header(&commit.message);
            let mut message = Message::new(commit.subject())
                .with(Key::Version, &what.version)
                .with(Key::Change, &what.change);
            for (key, value) in [(Key::Commit, said.commit), (Key::Status, said.status)] {
                if let Some(value) = value {
                    message = message.with(key, value);
                }
            }
            carried = self.write_commit(&author, &tree, &parents, &message.text())?;
        }
        Ok(carried)
    }

    /// Writes the evolution at `tip` again above `known`, its commits of `letting_go` without the
    /// user's commits that they hold. Everything else stays byte for byte, so that whoever does it
    /// writes the same; what was signed is signed anew, where `by` signs.
    ///
    /// # Errors
    /// The objects cannot be read or written.
    pub(crate) fn let_go_of_commits(
        &self,
        by: &Author,
        tip: &Oid,
        known: Option<&Oid>,
        letting_go: &BTreeSet<Oid>,
    ) -> Result<Oid> {
        let mut above = Vec::new();
        for commit in self.first_parents(tip) {
            let commit = commit?;
            if Some(&commit.oid) == known {
                break;
            }
            above.push(commit);
        }
        let mut written: Option<Oid> = known.cloned();
        let mut changed = false;
        for commit in above.iter().rev() {
            let lets_go = letting_go.contains(&commit.oid);
            changed |= lets_go;
            if !changed {
                written = Some(commit.oid.clone());
                continue;
            }
            let mut parents: Vec<&Oid> = written.iter().collect();
            if !lets_go {
                parents.extend(commit.parents.iter().skip(1));
            }
            written = Some(self.write_again(by, &commit.oid, &parents)?);
        }
        Ok(written.unwrap_or_else(|| tip.clone()))
    }

    /// Writes a proof onto the evolution at `tip`, with what lies beside it: logs, attachments.
    ///
    /// # Errors
    /// The proven commit is missing, or the object database cannot be written.
    pub fn write_proof(
        &self,
        by: &Author,
        tip: &Attempt,
        proof: &Proof,
        beside: &[(String, Content<'_>)],
    ) -> Result<Oid> {
        let (_, started) = self
            .text(&tip.tree, EVOLUTION)?
            .ok_or_else(|| Invalid::new(format!("{} holds no {EVOLUTION}", tip.name)))?;
        let text = serde_yaml::to_string(proof)?;
        let mut places = vec![
            (EVOLUTION.to_owned(), Content::Blob(&started)),
            (PROOF.to_owned(), Content::Blob(text.as_bytes())),
        ];
        places.extend(beside.iter().cloned());
        let tree = self.write_tree(None, &places)?;
        let status = Recorded::of(proof);
        let verb = status.verb();
        let at = proof.commit.short();
        let subject = format!("{verb} {} of {} at {at}", tip.name.change, tip.name.version);
        let message = Message::new(&subject)
            .with(Key::Version, &tip.name.version)
            .with(Key::Change, &tip.name.change)
            .with(Key::Commit, &proof.commit)
            .with(Key::Status, status);
        self.write_commit(by, &tree, &[&tip.tip, &proof.commit], &message.text())
    }

    /// Writes onto the evolution at `tip` that its owner gave it up. What was proven stays where
    /// it is, the proven commit as a parent included.
    ///
    /// # Errors
    /// The object database cannot be written.
    pub fn write_abandoned(&self, by: &Author, tip: &Attempt, what: &Abandoned) -> Result<Oid> {
        let text = serde_yaml::to_string(what)?;
        let places = [(ABANDONED.to_owned(), Content::Blob(text.as_bytes()))];
        let tree = self.write_tree(Some(&tip.tree), &places)?;
        let status = Recorded::Abandoned;
        let (change, version) = (&tip.name.change, &tip.name.version);
        let subject = format!("{} {change} of {version}", status.verb());
        let message = Message::new(&subject)
            .with(Key::Version, version)
            .with(Key::Change, change)
            .with(Key::Status, status);
        let mut parents = vec![&tip.tip];
        let proof = tip.proof.as_ref().filter(|_| tip.pinned);
        parents.extend(proof.map(|proof| &proof.commit));
        self.write_commit(by, &tree, &parents, &message.text())
    }
}
