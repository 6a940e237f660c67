//! Looking over what is known of a generation, here and in the cloud.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;

use super::Core;
use super::sides::Three;
use crate::model::evolution::Attempt;
use crate::model::reconcile::Relation;
use crate::model::sealed::Sealed;
use crate::model::standing::{Progress, Standing};
use crate::model::state::Status;
use crate::model::{Contract, EvolutionName, Invalid, Oid, Version};
use crate::store::ledger::Ledger;
use crate::store::refs::evolutions;
use crate::store::{Refs, names};

/// The evolutions here, in the cloud and as last taken over from there, by version: read once for as
/// many versions as are asked for.
pub(crate) struct Evolutions {
    local: ByVersion,
    cloud: ByVersion,
    adopted: ByVersion,
}

type ByVersion = BTreeMap<Version, BTreeMap<EvolutionName, Oid>>;

impl Evolutions {
    /// Those of three moments.
    pub(crate) fn of(tips: &Three<'_>) -> Self {
        let by_version = |shared: &BTreeMap<String, Oid>| {
            let mut found = ByVersion::new();
            for (name, tip) in evolutions(shared) {
                let of_version = found.entry(name.version.clone()).or_default();
                of_version.insert(name, tip);
            }
            found
        };
        Self {
            local: by_version(tips.local),
            cloud: by_version(tips.cloud),
            adopted: by_version(tips.adopted),
        }
    }
}

/// An attempt, and where the cloud has it: its ref's tip there, or none.
pub(crate) type Surveyed = (Attempt, Option<Oid>);

impl Core<'_> {
    /// All attempts at `version` that count as known: the cloud's, and this clone's own that the
    /// cloud does not have or not that far. What does not check is left out and told with `-v`.
    ///
    /// Where two evolutions hold one number, the cloud's keeps it and this clone's is given the
    /// next.
    ///
    /// # Errors
    /// The refs name objects that cannot be read.
    pub(crate) fn survey(
        &self,
        version: &Version,
        evolutions: &Evolutions,
    ) -> Result<Vec<Surveyed>> {
        let none = BTreeMap::new();
        let here = evolutions.local.get(version).unwrap_or(&none);
        let there = evolutions.cloud.get(version).unwrap_or(&none);
        let known = evolutions.adopted.get(version).unwrap_or(&none);
        let mut found: BTreeMap<EvolutionName, Surveyed> = BTreeMap::new();
        for (name, tip) in there {
            let mut attempt = self.attempt_there(name, tip)?;
            if let (Some(mine), Ok(_)) = (here.get(name), &attempt)
                && self.store.relation(mine, tip)? == Relation::Ahead
            {
                attempt = self.store.attempt(name, mine)?;
            }
            if let Some(attempt) = self.counts(name, attempt) {
                found.insert(name.clone(), (attempt, Some(tip.clone())));
            }
        }
        for (name, tip) in here {
            match there.get(name) {
                // Gone from the cloud since it was taken over: its owner cleared it.
                None if known.get(name) == Some(tip) => continue,
                None => {}
                Some(theirs) if self.attempt_there(name, theirs)?.is_err() => {}
                Some(theirs) => match self.store.relation(tip, theirs)? {
                    Relation::Unrelated => {}
                    _ => continue,
                },
            }
            let taken = found.keys().chain(here.keys()).chain(there.keys());
            let name = match there.contains_key(name) {
                false => name.clone(),
                true => EvolutionName {
                    number: next(taken, name),
                    ..name.clone()
                },
            };
            if !self.store.is_commit(tip) {
                self.ctx
                    .detail(format!("{name} does not count: it is not a commit"));
                continue;
            }
            let attempt = self.store.attempt(&name, tip)?;
            if let Some(mut attempt) = self.counts(&name, attempt) {
                attempt.name = name.clone();
                found.insert(name, (attempt, None));
            }
        }
        // One evolution under two numbers is still one, and so is one attempt of another tool's
        // record that was imported twice; of two, what is proven speaks.
        let mut once: Vec<Surveyed> = Vec::new();
        let mut known: HashMap<String, usize> = HashMap::new();
        for (attempt, there) in found.into_values() {
            let same = attempt.identities().find_map(|id| known.get(&id).copied());
            let at = same.unwrap_or(once.len());
            for id in attempt.identities() {
                known.entry(id).or_insert(at);
            }
            match once.get_mut(at) {
                None => once.push((attempt, there)),
                Some(known) if known.0.proof.is_none() && attempt.proof.is_some() => {
                    *known = (attempt, there);
                }
                Some(_) => {}
            }
        }
        Ok(once)
    }

    /// The attempts at `version` that this clone knows of, without asking the cloud.
    ///
    /// # Errors
    /// As [`survey`](Core::survey).
    pub(crate) fn attempts(&self, refs: &Refs, version: &Version) -> Result<Vec<Attempt>> {
        let cloud = self.known_cloud(refs);
        let adopted = self.adopted(refs)?;
        let evolutions = Evolutions::of(&Three {
            local: refs.local(),
            cloud: &cloud,
            adopted: &adopted,
        });
        let found = self.survey(version, &evolutions)?;
        Ok(found.into_iter().map(|(attempt, _)| attempt).collect())
    }

    /// What the cloud had when last seen; nothing in local mode.
    pub(crate) fn known_cloud(&self, refs: &Refs) -> BTreeMap<String, Oid> {
        match &self.config.remote {
            Some(remote) => refs.cloud(remote),
            None => BTreeMap::new(),
        }
    }

    /// Whether a draft of this clone is in it alone, or has something here that the cloud was not
    /// seen to have, and a person has to push it. In `cloud` mode nobody has to.
    ///
    /// # Errors
    /// Refs cannot be read.
    pub(crate) fn is_unshared(&self, version: &Version) -> Result<bool> {
        if self.config.remote.is_none() || self.continuous() {
            return Ok(false);
        }
        let refs = self.store.refs()?;
        let Some((spelled, tip)) = refs.draft(version) else {
            return Ok(false);
        };
        Ok(self.known_cloud(&refs).get(&names::draft(&spelled)) != Some(&tip))
    }

    /// Whether a promoted version still stands.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(crate) fn sealed_status(&self, refs: &Refs, version: &Version) -> Result<Status> {
        Ok(match self.ledger(refs)? {
            Some(ledger) => self.status_in(&ledger, version)?,
            None => Status::Promoted,
        })
    }

    /// The same, in a ledger.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(crate) fn status_in(&self, ledger: &Ledger, version: &Version) -> Result<Status> {
        if self.store.withdrawal(ledger, version)?.is_some() {
            return Ok(Status::Withdrawn);
        }
        Ok(match ledger.disputes(version).is_empty() {
            true => Status::Promoted,
            false => Status::Disputed,
        })
    }

    fn counts(&self, name: &EvolutionName, attempt: Result<Attempt, Invalid>) -> Option<Attempt> {
        match attempt {
            Ok(attempt) => Some(attempt),
            Err(invalid) => {
                self.ctx.detail(format!("{name} does not count: {invalid}"));
                None
            }
        }
    }
}

/// The standings that were sealed with a release.
pub(crate) fn sealed_standings(contract: &Contract, sealed: &Sealed) -> Vec<Standing> {
    let standing = |change: &crate::model::Change| {
        let counted = sealed
            .evolutions
            .iter()
            .filter(|f| f.counted && f.change.is(&change.id));
        let last = counted.max_by_key(|folded| folded.number);
        Standing {
            change: change.id.clone(),
            title: change.title.clone(),
            progress: Progress::Proven,
            owner: last.map(|folded| folded.owner.clone()),
            number: last.map(|folded| folded.number),
            branch: None,
        }
    };
    contract.changes.iter().map(standing).collect()
}

/// The number after all of `taken` for the change of `name`.
pub(crate) fn next<'a>(
    taken: impl Iterator<Item = &'a EvolutionName>,
    name: &EvolutionName,
) -> u32 {
    let same =
        |other: &&EvolutionName| other.version == name.version && other.change.is(&name.change);
    crate::model::reconcile::next_number(taken.filter(same).map(|other| other.number))
}
