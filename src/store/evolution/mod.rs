//! Evolutions: a first commit that says what is being proven, and a commit for each proof.

mod write;

use std::collections::BTreeMap;

use anyhow::Result;

use super::Store;
use super::message::header;
use super::objects::Commit;
use super::raw::malformed;
use crate::model::artifact;
use crate::model::dispute::{Proven, Steps, There};
use crate::model::evolution::{self, Attempt, Claim, Link};
use crate::model::ledger::FORMAT;
use crate::model::pipeline::{self, Pipeline};
use crate::model::proof::Outcome;
use crate::model::publish::Pin;
use crate::model::signature::Signature;
use crate::model::state::Recorded;
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
        if let Some((oid, proof)) = &*self.last_proof.borrow()
            && *oid == head.oid
        {
            return Ok(Ok(proof.clone()));
        }
        let proof = self.read_proof(head)?;
        if let Ok(sound) = &proof {
            let known = (head.oid.clone(), sound.clone());
            self.last_proof.replace(Some(known));
        }
        Ok(proof)
    }

    fn read_proof(&self, head: &Commit) -> Result<Result<Option<Proof>, Invalid>> {
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
                Ok(false) => {
                    return Ok(Err(Invalid::new("its proven commit is not a sound commit")));
                }
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
        let path = proof
            .pipeline
            .as_ref()
            .map(|used| pipeline::path(&used.name));
        if let Some((known, there)) = &*self.last_there.borrow()
            && *known == (tree.clone(), path.clone())
        {
            return Ok(there.clone());
        }
        let pipeline = match &path {
            Some(path) => self.text(&tree, path)?,
            None => None,
        };
        let steps = |text: &[u8]| -> Option<Steps> {
            let steps = Pipeline::parse(text).ok()?.steps.into_iter();
            Some(steps.map(|step| (step.name, step.allow_failure)).collect())
        };
        let there = There {
            pipeline: pipeline.map(|(blob, text)| (blob, steps(&text))),
            tree: tree.clone(),
        };
        self.last_there.replace(Some(((tree, path), there.clone())));
        Ok(there)
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
}
