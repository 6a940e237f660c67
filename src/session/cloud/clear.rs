//! Deleting in the cloud what went into a release.

use std::collections::VecDeque;

use anyhow::Result;

use super::Cloud;
use super::push::{Job, Next};
use crate::git::push::Landed;
use crate::git::refs::Update;
use crate::model::Version;
use crate::model::promotion::REFS_A_PUSH;
use crate::model::push::{Manner, Road};
use crate::model::reconcile::Seal;
use crate::model::sealed::Sealed;
use crate::session::core::contact::Contact;
use crate::session::core::seals::Seals;
use crate::store::names::{self, Shared};

impl Cloud<'_> {
    /// Deletes refs of the cloud that `sealed` folded, at the oid where they were seen.
    pub(crate) fn clear_folded(self, contact: &Contact, sealed: &Sealed) -> Result<()> {
        let of_this = |version: &Version| version == &sealed.version;
        let left = self.clear(contact, &self.folded(contact, of_this)?)?;
        if left > 0 {
            let refs = if left == 1 { "ref" } else { "refs" };
            self.core.ctx.warn(format!(
                "The cloud still has {left} {refs} of {}: a later push deletes what is left",
                sealed.version
            ));
        }
        Ok(())
    }

    /// Clears what promotions left behind, on the way of a push of something else. What the cloud
    /// refuses stays, without a word: it was told when it was promoted.
    ///
    /// # Errors
    /// Refs cannot be read or written.
    pub(crate) fn clear_leftovers(self, contact: &Contact) -> Result<()> {
        let folded = self.folded(contact, |_| true)?;
        if !folded.is_empty() {
            self.clear(contact, &folded)?;
        }
        Ok(())
    }

    /// The deletions of refs in the cloud that went into a release, or are older than what did.
    fn folded(self, contact: &Contact, of: impl Fn(&Version) -> bool) -> Result<Vec<Update>> {
        let mut updates = Vec::new();
        let Some(ledger) = contact.ledger() else {
            return Ok(updates);
        };
        let mut seals = Seals::of(self.core, Some(ledger));
        for (name, tip) in &contact.cloud {
            let shared = names::shared(name);
            let Some(version) = shared.version().filter(|version| of(version)) else {
                continue;
            };
            if !self.core.store.is_commit(tip) {
                continue;
            }
            let Some(sealed) = seals.get(version)? else {
                continue;
            };
            let seal = match &shared {
                Shared::Draft(version) => self.core.draft_seal(version, Some(tip), Some(sealed))?,
                Shared::Evolution(name) => {
                    self.core.evolution_seal(name, Some(tip), Some(sealed))?
                }
                Shared::Ledger | Shared::Foreign => continue,
            };
            if seal == Seal::Folded {
                updates.push(Update::new(name.clone(), Some(tip), None));
            }
        }
        Ok(updates)
    }

    /// Deletes refs in the cloud, and returns how many stayed. Not atomic: what moved meanwhile is
    /// late and stays, the others go.
    ///
    /// # Errors
    /// Refs cannot be read or written.
    pub(crate) fn clear(self, contact: &Contact, updates: &[Update]) -> Result<usize> {
        let mut clearing = Piecemeal::of(updates);
        self.push(contact, &mut clearing)
    }
}

/// Refs that go each for itself, as many a push as hosts take.
struct Piecemeal {
    queue: VecDeque<Vec<Update>>,
    /// How many were pushed, and how many of them did not land.
    sent: usize,
    left: usize,
}

impl Piecemeal {
    fn of(updates: &[Update]) -> Self {
        Self {
            queue: updates.chunks(REFS_A_PUSH).map(<[_]>::to_vec).collect(),
            sent: 0,
            left: 0,
        }
    }
}

impl Job for Piecemeal {
    type Value = usize;

    fn manner(&self) -> Manner {
        Manner::Each
    }

    fn plan(&mut self, _: Cloud<'_>, _: &Contact, _: Road) -> Result<Next<usize>> {
        let Some(batch) = self.queue.pop_front() else {
            return Ok(Next::Over(self.left));
        };
        self.sent = batch.len();
        Ok(Next::Push(batch))
    }

    fn landed(&mut self, cloud: Cloud<'_>, _: &Contact, landed: Landed) -> Result<Option<usize>> {
        self.left += self.sent - landed.moves.len();
        cloud.core.acknowledge(&landed.moves);
        Ok(None)
    }
}
