//! Evolutions: a first commit that says what is being proven, and a commit for each proof.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::Store;
use super::message::{Message, header};
use super::objects::{Author, Commit, Content};
use super::raw::malformed;
use crate::model::artifact;
use crate::model::dispute::{Proven, Steps, There};
use crate::model::evolution::{self, Abandoned, Attempt, Claim, Link};
use crate::model::ledger::FORMAT;
use crate::model::pipeline::{self, Pipeline};
use crate::model::proof::Outcome;
use crate::model::publish::Pin;
use crate::model::signature::Signature;
use crate::model::state::Recorded;
use crate::model::trailers::Key;
use crate::model::{Evolution, EvolutionName, Invalid, Oid, Proof};

const EVOLUTION: &str = "evolution.yaml";
const PROOF: &str = "proof.yaml";
const ABANDONED: &str = "abandoned.yaml";
const CLAIM: &str = "imported.yaml";

/// How many commits an evolution may have: nobody waits for a walk through more.
const PROOFS_MOST: usize = 10_000;

impl Store {
    /// Reads the evolution at `tip` and checks that it may stand under `name`: its first commit
    /// has no parent and names that version and change, and every commit is its owner's.
    ///
    /// # Errors
    /// The inner one: it does not check. The outer one: it cannot be read.
    pub fn attempt(&self, name: &EvolutionName, tip: &Oid) -> Result<Result<Attempt, Invalid>> {
        match self.checked_attempt(name, tip) {
            Ok(checked) => Ok(checked),
            Err(error) => Ok(Err(malformed(error)?)),
        }
    }

    fn checked_attempt(&self, name: &EvolutionName, tip: &Oid) -> Result<Result<Attempt, Invalid>> {
        let mut chain: Vec<Commit> = Vec::new();
        for commit in self.first_parents(tip) {
            let commit = commit?;
            commit.believed()?;
            chain.push(commit);
            if chain.len() > PROOFS_MOST {
                let rule = format!("it has more than {PROOFS_MOST} proofs");
                return Ok(Err(Invalid::new(rule)));
            }
        }
        let (Some(head), Some(root)) = (chain.first(), chain.last()) else {
            return Ok(Err(Invalid::new("it is empty")));
        };
        match header(&head.message).format.as_deref() {
            Some(FORMAT) => {}
            Some(other) => {
                let rule = format!("it is of format {other}: upgrade git-gryt");
                return Ok(Err(Invalid::new(rule)));
            }
            None => return Ok(Err(Invalid::new("it has no trailer Gryt-Format"))),
        }
        let Some((_, text)) = self.text(&root.tree, EVOLUTION)? else {
            return Ok(Err(Invalid::new(format!("it holds no {EVOLUTION}"))));
        };
        let evolution: Evolution = match Invalid::or_yaml(&text) {
            Ok(evolution) => evolution,
            Err(invalid) => return Ok(Err(invalid)),
        };
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
        let mut links = Vec::new();
        let mut given_up = None;
        for commit in &chain {
            let files: BTreeMap<String, Oid> = self.list(&commit.tree, "")?.into_iter().collect();
            links.push(Link {
                header: header(&commit.message),
                parents: commit.parents.len(),
                evolution: files.get(EVOLUTION).cloned(),
            });
            // What goes onto it afterwards brings nothing back.
            if given_up.is_none() && files.contains_key(ABANDONED) {
                given_up = Some(commit);
            }
        }
        if let Err(invalid) = evolution::well_made(name, &links) {
            return Ok(Err(invalid));
        }
        let proof = match self.last_proof(&chain)? {
            Ok(proof) => proof,
            Err(invalid) => return Ok(Err(invalid)),
        };
        let pinned = proof.as_ref().is_none_or(|(at, _)| at.parents.len() > 1);
        let abandoned = match given_up {
            Some(commit) => self.text(&commit.tree, ABANDONED)?,
            None => None,
        };
        let abandoned = match abandoned {
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
            proven_by: proof.as_ref().map(|(at, _)| at.oid.clone()),
            signature: Signature::Missing,
            proof: proof.map(|(_, proof)| proof),
            pinned,
            abandoned,
            claim,
            cover: None,
            branch: None,
            unheard: None,
        }))
    }

    /// What the first commit of an evolution says; none where that does not parse.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn evolution_of(&self, root: &Oid) -> Result<Option<Evolution>> {
        let tree = self.commit(root)?.tree;
        let text = self.text(&tree, EVOLUTION)?;
        Ok(text.and_then(|(_, text)| Invalid::or_yaml(&text).ok()))
    }

    fn claim(&self, root: &Oid) -> Result<Result<Option<Claim>, Invalid>> {
        let Some((_, text)) = self.text(root, CLAIM)? else {
            return Ok(Ok(None));
        };
        Ok(Invalid::or_yaml::<Claim>(&text).map(Some))
    }

    /// The last proof that proves anything, or else the last: a run of uncommitted edits takes
    /// nothing back, neither a pass nor a failure.
    fn last_proof<'c>(
        &self,
        chain: &'c [Commit],
    ) -> Result<Result<Option<(&'c Commit, Proof)>, Invalid>> {
        let mut last = None;
        for commit in chain {
            let proof = match self.proof(commit)? {
                Ok(proof) => proof,
                Err(invalid) => return Ok(Err(invalid)),
            };
            match proof {
                None => break,
                Some(proof) if proof.void.is_none() => return Ok(Ok(Some((commit, proof)))),
                Some(proof) => last = last.or(Some((commit, proof))),
            }
        }
        Ok(Ok(last))
    }

    /// The proof that a commit of an evolution holds.
    ///
    /// # Errors
    /// The inner one: it does not check. The outer one: it cannot be read.
    pub(crate) fn proof(&self, head: &Commit) -> Result<Result<Option<Proof>, Invalid>> {
        let Some((_, text)) = self.text(&head.tree, PROOF)? else {
            return Ok(Ok(None));
        };
        let proof: Proof = match Invalid::or_yaml(&text) {
            Ok(proof) => proof,
            Err(invalid) => return Ok(Err(invalid)),
        };
        if let Err(invalid) = artifact::check(&proof.artifacts) {
            return Ok(Err(invalid));
        }
        // One that is named in text alone was never published, and is lost to gc: what such a proof
        // covers is told by its tree and patches.
        if head
            .parents
            .get(1)
            .is_some_and(|pinned| *pinned != proof.commit)
        {
            return Ok(Err(Invalid::new("its proven commit is not its parent")));
        }
        if let Some(pinned) = head.parents.get(1)
            && self.has(pinned)
        {
            match self.commit(pinned).map(|commit| commit.sound) {
                Ok(true) => {}
                Ok(false) => return Ok(Err(Invalid::new("its proven commit is no sound commit"))),
                Err(error) => return Ok(Err(malformed(error)?)),
            }
        }
        // Lists are read from the trailers alone: they have to say what the proof says. An abandonment
        // carries the proof before it along.
        let said = header(&head.message);
        let status: Option<Recorded> = said.status.and_then(|word| word.parse().ok());
        let commit = said.commit.as_deref() == Some(proof.commit.as_str());
        let agrees = match status {
            Some(Recorded::Abandoned) => true,
            other => commit && other == Some(Recorded::of(&proof)),
        };
        if !agrees {
            return Ok(Err(Invalid::new(
                "its trailers are not what its proof says",
            )));
        }
        Ok(Ok(Some(proof)))
    }

    /// Every proof of the evolution at `tip`, beside what its commit holds.
    ///
    /// # Errors
    /// The inner one: a proof does not check. The outer one: the objects cannot be read.
    pub(crate) fn proofs(&self, tip: &Oid) -> Result<Result<Vec<Proven>, Invalid>> {
        let mut found = Vec::new();
        for commit in self.first_parents(tip) {
            let commit = commit?;
            let proof = match self.proof(&commit)? {
                Ok(Some(proof)) => proof,
                Ok(None) => continue,
                Err(invalid) => return Ok(Err(invalid)),
            };
            let there = match commit.parents.get(1) {
                Some(proven) => Some(self.there(proven, &proof)?),
                None => None,
            };
            found.push(Proven {
                at: commit.oid,
                proof,
                there,
            });
        }
        Ok(Ok(found))
    }

    fn there(&self, proven: &Oid, proof: &Proof) -> Result<There> {
        let tree = self.commit(proven)?.tree;
        let pipeline = match &proof.pipeline {
            Some(used) => self.text(&tree, &pipeline::path(&used.name))?,
            None => None,
        };
        let steps = |text: &[u8]| -> Option<Steps> {
            let steps = Pipeline::parse(text).ok()?.steps.into_iter();
            Some(steps.map(|step| (step.name, step.allow_failure)).collect())
        };
        Ok(There {
            pipeline: pipeline.map(|(blob, text)| (blob, steps(&text))),
            tree,
        })
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

    /// The user's commits that the evolution at `tip` holds and the one at `known` does not: what
    /// a push of it would publish.
    ///
    /// # Errors
    /// The chain cannot be read.
    pub(crate) fn pinned(&self, tip: &Oid, known: Option<&Oid>) -> Result<Vec<Oid>> {
        Ok(self
            .pins(tip, known)?
            .into_iter()
            .map(|(pin, _)| pin.commit)
            .collect())
    }

    /// The same with what each is to its evolution, and its proof. Whether something covers it is
    /// not looked at.
    ///
    /// # Errors
    /// The chain cannot be read.
    pub(crate) fn pins(&self, tip: &Oid, known: Option<&Oid>) -> Result<Vec<(Pin, Option<Proof>)>> {
        let mut pins = Vec::new();
        let mut decided = false;
        for (nth, commit) in self.first_parents(tip).enumerate() {
            let commit = commit?;
            if Some(&commit.oid) == known {
                break;
            }
            let abandoned = nth == 0 && self.at(&commit.tree, ABANDONED)?.is_some();
            let proof = self.proof(&commit)?.ok().flatten();
            let last = !decided && proof.as_ref().is_some_and(|proof| proof.void.is_none());
            let passes = proof.as_ref().is_some_and(|p| p.status == Outcome::Pass);
            decided |= abandoned || last;
            if let Some(pinned) = commit.parents.into_iter().nth(1) {
                let pin = Pin {
                    at: commit.oid,
                    commit: pinned,
                    counts: last && passes && !abandoned,
                    covered: false,
                };
                pins.push((pin, proof));
            }
        }
        Ok(pins)
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
