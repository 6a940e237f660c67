//! Which versions a ledger seals, each looked up once however many refs are about it.

use std::collections::BTreeMap;

use anyhow::Result;

use super::Core;
use crate::model::Version;
use crate::model::sealed::Sealed;
use crate::store::ledger::Ledger;

/// The seals of one ledger, as far as somebody asked for them.
pub(crate) struct Seals<'a> {
    core: &'a Core<'a>,
    ledger: Option<&'a Ledger>,
    known: BTreeMap<Version, Option<Sealed>>,
}

impl<'a> Seals<'a> {
    /// Those of `ledger`; without one nothing is sealed.
    pub(crate) fn of(core: &'a Core<'a>, ledger: Option<&'a Ledger>) -> Self {
        Self {
            core,
            ledger,
            known: BTreeMap::new(),
        }
    }

    /// The seal of a version.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(crate) fn get(&mut self, version: &Version) -> Result<Option<&Sealed>> {
        if !self.known.contains_key(version) {
            let sealed = match self.ledger {
                Some(ledger) => self.core.store.sealed(ledger, version)?,
                None => None,
            };
            self.known.insert(version.clone(), sealed);
        }
        Ok(self.known.get(version).and_then(Option::as_ref))
    }
}
