//! Linking drafts that were made apart: the same version with the same content, here and in the
//! cloud, from two beginnings. The cloud's stays, and this clone's proofs go over to it.

use std::collections::HashSet;

use anyhow::Result;

use super::Cloud;
use crate::git::refs::Update;
use crate::model::evolution::{Attempt, Evolution};
use crate::model::reconcile::Relation;
use crate::model::{Oid, Version};
use crate::session::core::contact::Contact;
use crate::session::drafts::carry::{Carried, place};
use crate::store::refs::{drafts, evolutions};
use crate::store::{Refs, names};

/// What a backfill did.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Backfilled {
    /// Drafts that are the cloud's now.
    pub linked: Vec<Version>,
    /// Evolutions that came along: this person's, and those that an import recorded for others.
    #[serde(rename = "evolution_count")]
    pub evolutions: usize,
    /// Drafts of one version that say different things.
    pub different: Vec<Version>,
}

/// A draft that is to be linked.
struct Link {
    version: Version,
    here: Oid,
    there: Oid,
    /// What is of the draft that was here.
    held: Vec<Attempt>,
    /// The first commits of those of them that go over.
    gone: Vec<Oid>,
    carried: Vec<Carried>,
}

impl Cloud<'_> {
    /// Links what `contact` shows. Each version in a transaction of its own: cut short anywhere,
    /// the rest is linked by the next.
    ///
    /// # Errors
    /// Objects or refs cannot be read or written.
    pub(crate) fn backfill(self, contact: &Contact) -> Result<Backfilled> {
        let mut done = Backfilled::default();
        let local = contact.refs.local();
        for (version, here) in drafts(local) {
            let Some(there) = contact.cloud.get(&names::draft(&version)) else {
                continue;
            };
            if !self.core.store.is_commit(there)
                || self.core.store.draft_relation(&here, there)? != Relation::Unrelated
            {
                continue;
            }
            if !self.say_the_same(&version, &here, there)? {
                done.different.push(version);
                continue;
            }
            let link = self.link(contact, version, here, there.clone())?;
            let linked = self.core.change(|refs| self.relink(refs, &link))?;
            if linked {
                for (before, after) in link.gone.iter().zip(&link.carried) {
                    self.proving.follow_current(before, &after.root)?;
                }
                done.evolutions += link.carried.len();
                done.linked.push(link.version);
            }
        }
        Ok(done)
    }

    fn say_the_same(self, version: &Version, here: &Oid, there: &Oid) -> Result<bool> {
        let contract = |tip: &Oid| -> Result<_> {
            let draft = self.core.store.draft(version, tip)?;
            Ok(draft.and_then(|draft| draft.contract()).ok())
        };
        Ok(match (contract(here)?, contract(there)?) {
            (Some(ours), Some(theirs)) => ours.says_the_same(&theirs),
            _ => false,
        })
    }

    /// Writes evolutions again, for the cloud's generation: this person's, and what an import recorded
    /// of others.
    fn link(self, contact: &Contact, version: Version, here: Oid, there: Oid) -> Result<Link> {
        let generation = self.core.store.root(&there)?;
        let before = self.core.store.root(&here)?;
        let drafts = self.drafts;
        let held = drafts.attempts_in_hand(&contact.refs, &version, &before)?;
        let known = self.claimed(contact, &version, &generation)?;
        // Somebody else who imported the same record may have shared the same claim.
        let told = |attempt: &&Attempt| {
            let claim = attempt.claim.as_ref();
            attempt.tip == attempt.root && claim.is_some_and(|claim| known.contains(&claim.id))
        };
        let going: Vec<Attempt> = held.iter().filter(|a| !told(a)).cloned().collect();
        let again = |evolution: &Evolution| Evolution {
            generation: generation.clone(),
            ..evolution.clone()
        };
        let carried = drafts.carry(&going, again)?;
        Ok(Link {
            version,
            here,
            there,
            held,
            gone: going.into_iter().map(|attempt| attempt.root).collect(),
            carried,
        })
    }

    /// The record's own ids of what the cloud has of a generation.
    fn claimed(
        self,
        contact: &Contact,
        version: &Version,
        generation: &Oid,
    ) -> Result<HashSet<String>> {
        let mut known = HashSet::new();
        for (name, tip) in evolutions(&contact.cloud) {
            if name.version == *version
                && self.core.store.is_commit(&tip)
                && let Ok(attempt) = self.core.store.attempt(&name, &tip)?
                && attempt.evolution.generation == *generation
            {
                known.extend(attempt.claim.map(|claim| claim.id));
            }
        }
        Ok(known)
    }

    /// The updates that link; false where the draft, or what was proven for it, moved meanwhile.
    fn relink(self, refs: &Refs, link: &Link) -> Result<(Vec<Update>, bool)> {
        let name = names::draft(&link.version);
        let moved = |held: &Attempt| refs.get(&names::evolution(&held.name)) != Some(&held.tip);
        if refs.get(&name) != Some(&link.here) || link.held.iter().any(moved) {
            return Ok((Vec::new(), false));
        }
        let mut updates = self
            .drafts
            .put_aside(refs, &link.version, &link.here, &link.held)?;
        updates.retain(|update| update.name != name);
        updates.push(refs.change(name.clone(), Some(&link.there)));
        // They take the numbers of what they stand for; the next adoption settles with the cloud.
        let free = refs.with(&updates);
        for update in place(&free, &link.carried) {
            updates.retain(|u| u.name != update.name);
            updates.push(refs.change(update.name, update.new.as_ref()));
        }
        let mut adopted = self.core.adopted(refs)?;
        adopted.insert(name, link.there.clone());
        if let Some(remote) = &self.core.config.remote {
            let memory = self.core.store.write_adopted(&adopted)?;
            updates.push(refs.change(names::adopted(remote), Some(&memory)));
        }
        Ok((updates, true))
    }
}
