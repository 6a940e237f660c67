//! Appending an entry to the ledger, in the cloud or in a clone of its own: one loop for all that
//! is no promotion.

use anyhow::Result;

use super::Sealing;
use crate::git::push::Landed;
use crate::git::refs::Update;
use crate::model::import::Imported;
use crate::model::push::{Manner, Road};
use crate::model::{Exit, Oid, Refusal, Version};
use crate::session::Cloud;
use crate::session::cloud::push::{self, Job};
use crate::session::core::contact::Contact;
use crate::store::ledger::Ledger;
use crate::store::names;

/// What there is to do, over the ledger as it stands.
pub(crate) enum Next<T> {
    /// Nothing: it is there.
    There(T),
    /// This entry goes on top.
    Entry(Oid, T),
}

impl Sealing<'_> {
    /// Appends what `next` writes. It is asked again whenever somebody else was faster.
    ///
    /// # Errors
    /// Whatever `next` returns; there is no ledger; those of a push.
    pub(crate) fn append<T>(self, next: impl Fn(Option<&Ledger>) -> Result<Next<T>>) -> Result<T> {
        match self.core.config.remote {
            Some(_) => self.append_in_cloud(next),
            None => self.append_here(next),
        }
    }

    fn append_in_cloud<T>(self, next: impl Fn(Option<&Ledger>) -> Result<Next<T>>) -> Result<T> {
        let mut job = Appending { next, value: None };
        self.cloud.push(&self.cloud.contact(None)?, &mut job)
    }

    fn append_here<T>(self, next: impl Fn(Option<&Ledger>) -> Result<Next<T>>) -> Result<T> {
        self.core.change(|refs| {
            let ledger = self.core.ledger(refs)?;
            let (entry, value) = match next(ledger.as_ref())? {
                Next::There(value) => return Ok((Vec::new(), value)),
                Next::Entry(entry, value) => (entry, value),
            };
            if let Some(ledger) = &ledger {
                self.core.check_own(ledger, &entry)?;
            }
            let moves = vec![
                refs.change(names::LEDGER, Some(&entry)),
                refs.change(names::BASE, Some(&entry)),
            ];
            Ok((moves, value))
        })
    }

    /// What of `found` the ledger lacks, and the versions that it has.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(crate) fn lacking(
        self,
        ledger: Option<&Ledger>,
        found: &[Imported],
    ) -> Result<(Vec<Imported>, Vec<Version>)> {
        let (mut new, mut there) = (Vec::new(), Vec::new());
        for imported in found {
            let version = &imported.version;
            let known = match ledger {
                Some(ledger) => self.core.store.released_as(ledger, version)?.is_some(),
                None => false,
            };
            if known {
                there.push(version.clone());
            } else {
                new.push(imported.clone());
            }
        }
        Ok((new, there))
    }

    /// Sees to it that there is a ledger to append to.
    ///
    /// # Errors
    /// As [`append`](Sealing::append).
    pub(crate) fn have_ledger(self) -> Result<()> {
        if self.core.config.remote.is_some() {
            self.cloud.begin_ledger(self.cloud.contact(None)?)?;
            return Ok(());
        }
        self.core.change(|refs| {
            let mut moves = Vec::new();
            if refs.get(names::LEDGER).is_none() {
                let genesis = self
                    .core
                    .store
                    .write_genesis(self.core.author()?, &self.core.ctx.nonce())?;
                moves.push(refs.change(names::LEDGER, Some(&genesis)));
                moves.push(refs.change(names::BASE, Some(&genesis)));
            }
            Ok((moves, ()))
        })
    }
}

/// An entry on its way to the cloud's ledger.
struct Appending<F, T> {
    next: F,
    /// What the entry that is pushed comes to.
    value: Option<T>,
}

impl<T, F: Fn(Option<&Ledger>) -> Result<Next<T>>> Job for Appending<F, T> {
    type Value = T;

    fn manner(&self) -> Manner {
        Manner::Single
    }

    fn plan(&mut self, cloud: Cloud<'_>, contact: &Contact, _: Road) -> Result<push::Next<T>> {
        let (entry, value) = match (self.next)(contact.ledger())? {
            Next::There(value) => {
                cloud.adopt(contact)?;
                return Ok(push::Next::Over(value));
            }
            Next::Entry(entry, value) => (entry, value),
        };
        let Some(ledger) = contact.ledger() else {
            return Err(Refusal::new(Exit::Failure, "The cloud has no ledger").into());
        };
        cloud.core.check_own(ledger, &entry)?;
        self.value = Some(value);
        let update = Update::new(names::LEDGER, Some(&ledger.tip), Some(&entry));
        Ok(push::Next::Push(vec![update]))
    }

    fn landed(&mut self, cloud: Cloud<'_>, _: &Contact, landed: Landed) -> Result<Option<T>> {
        cloud.core.acknowledge(&landed.moves);
        cloud.adopt(&cloud.seen()?)?;
        Ok(self.value.take())
    }
}
