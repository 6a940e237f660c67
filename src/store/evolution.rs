//! Evolutions: a first commit that says what is being proven, and a commit for each proof.

use anyhow::Result;

use super::Store;
use super::message::{Message, header};
use super::objects::{Author, Commit, Content};
use crate::model::evolution::Claim;
use crate::model::evolution::{Abandoned, Attempt};
use crate::model::ledger::FORMAT;
use crate::model::state::Recorded;
use crate::model::trailers::Key;
use crate::model::{Evolution, EvolutionName, Invalid, Oid, Proof};

const EVOLUTION: &str = "evolution.yaml";
const PROOF: &str = "proof.yaml";
const ABANDONED: &str = "abandoned.yaml";
const CLAIM: &str = "imported.yaml";

impl Store {
    /// Reads the evolution at `tip` and checks that it may stand under `name`: its first commit
    /// has no parent and names that version and change, and every commit is its owner's.
    ///
    /// # Errors
    /// The inner one: it does not check. The outer one: it cannot be read.
    pub fn attempt(&self, name: &EvolutionName, tip: &Oid) -> Result<Result<Attempt, Invalid>> {
        let chain: Vec<Commit> = self.first_parents(tip).collect::<Result<_>>()?;
        let (Some(head), Some(root)) = (chain.first(), chain.last()) else {
            return Ok(Err(Invalid::new("it is empty")));
        };
        match header(&head.message).format.as_deref() {
            Some(FORMAT) => {}
            _ => return Ok(Err(Invalid::new("it is not of format 1"))),
        }
        let Some((_, text)) = self.text(&root.tree, EVOLUTION)? else {
            return Ok(Err(Invalid::new(format!("it holds no {EVOLUTION}"))));
        };
        let mut evolution: Evolution = match Invalid::or_yaml(&text) {
            Ok(evolution) => evolution,
            Err(invalid) => return Ok(Err(invalid)),
        };
        evolution.owner = self.mapped(evolution.owner);
        let named =
            evolution.version.as_str() == name.version.as_str() && evolution.change == name.change;
        if !named {
            return Ok(Err(Invalid::new(format!(
                "it is of {} {}",
                evolution.version, evolution.change
            ))));
        }
        if let Some(stranger) = chain.iter().find(|c| !c.author.is(&evolution.owner)) {
            return Ok(Err(Invalid::new(format!(
                "{} added to it, and it is owned by {}",
                stranger.author, evolution.owner
            ))));
        }
        let proof = match self.last_proof(&chain)? {
            Ok(proof) => proof,
            Err(invalid) => return Ok(Err(invalid)),
        };
        let abandoned = match self.text(&head.tree, ABANDONED)? {
            None => None,
            Some((_, text)) => match Invalid::or_yaml(&text) {
                Ok(abandoned) => Some(abandoned),
                Err(invalid) => return Ok(Err(invalid)),
            },
        };
        let claim = match self.claim(&root.tree)? {
            Ok(claim) => claim,
            Err(invalid) => return Ok(Err(invalid)),
        };
        Ok(Ok(Attempt {
            name: name.clone(),
            root: root.oid.clone(),
            tip: tip.clone(),
            tree: head.tree.clone(),
            evolution,
            proof,
            abandoned,
            claim,
            cover: None,
        }))
    }

    fn claim(&self, root: &Oid) -> Result<Result<Option<Claim>, Invalid>> {
        let Some((_, text)) = self.text(root, CLAIM)? else {
            return Ok(Ok(None));
        };
        let claim = Invalid::or_yaml(&text).map(|mut claim: Claim| {
            claim.owner = self.mapped(claim.owner);
            Some(claim)
        });
        Ok(claim)
    }

    /// The last proof that proves anything, or else the last: a run of uncommitted edits takes
    /// nothing back, neither a pass nor a failure.
    fn last_proof(&self, chain: &[Commit]) -> Result<Result<Option<Proof>, Invalid>> {
        let mut last = None;
        for commit in chain {
            let proof = match self.proof(commit)? {
                Ok(proof) => proof,
                Err(invalid) => return Ok(Err(invalid)),
            };
            match proof {
                None => break,
                Some(proof) if proof.void.is_none() => return Ok(Ok(Some(proof))),
                Some(proof) => last = last.or(Some(proof)),
            }
        }
        Ok(Ok(last))
    }

    fn proof(&self, head: &Commit) -> Result<Result<Option<Proof>, Invalid>> {
        let Some((_, text)) = self.text(&head.tree, PROOF)? else {
            return Ok(Ok(None));
        };
        let proof: Proof = match Invalid::or_yaml(&text) {
            Ok(proof) => proof,
            Err(invalid) => return Ok(Err(invalid)),
        };
        // A commit that is named in text alone is lost to gc.
        if head.parents.get(1) != Some(&proof.commit) {
            return Ok(Err(Invalid::new("its proven commit is not its parent")));
        }
        Ok(Ok(Some(proof)))
    }

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
        let known: Vec<Oid> = self
            .first_parents(theirs)
            .map(|commit| Ok(commit?.oid))
            .collect::<Result<_>>()?;
        let mut own = Vec::new();
        for commit in self.first_parents(mine) {
            let commit = commit?;
            if known.contains(&commit.oid) {
                break;
            }
            own.push(commit);
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

    /// The user's commits that the evolution at `tip` pins and the one at `known` does not: what
    /// a push of it would publish.
    ///
    /// # Errors
    /// The chain cannot be read.
    pub fn pinned(&self, tip: &Oid, known: Option<&Oid>) -> Result<Vec<Oid>> {
        let mut pinned = Vec::new();
        for commit in self.first_parents(tip) {
            let commit = commit?;
            if Some(&commit.oid) == known {
                break;
            }
            pinned.extend(commit.parents.into_iter().skip(1));
        }
        Ok(pinned)
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
        parents.extend(tip.proof.as_ref().map(|proof| &proof.commit));
        self.write_commit(by, &tree, &parents, &message.text())
    }
}
