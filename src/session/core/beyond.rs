//! What one ledger holds beyond another: of promotions made in local mode, or of a ledger that the cloud
//! lost.

use std::collections::HashSet;

use anyhow::Result;

use super::Core;
use crate::model::import::Imported;
use crate::model::ledger::Kind;
use crate::model::sealed::{Sealed, Withdrawal};
use crate::model::{Oid, Version};
use crate::store::ledger::Ledger;
use crate::store::message::header;

/// An entry that only one of two ledgers has.
pub(crate) enum Entry {
    Promotion(Oid, Box<Sealed>),
    Withdrawal(Box<Withdrawal>),
    Import(Vec<Imported>),
    /// A half of a move: an entry of the one ledger, which means nothing in another.
    Move,
}

impl Core<'_> {
    /// The valid entries of `ledger` that follow the last one of `chain`, oldest first.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(crate) fn beyond(&self, ledger: &Ledger, chain: &HashSet<Oid>) -> Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for commit in self.store.first_parents(&ledger.tip) {
            let commit = commit.map_err(|error| self.cut(error))?;
            if chain.contains(&commit.oid) {
                break;
            }
            let header = header(&commit.message);
            let version: Option<Version> = header.version.as_ref().and_then(|v| v.parse().ok());
            // An invalid entry may say anything; the ledger's tree does not hold it.
            match (header.kind(), version) {
                (Some(Kind::Import), _) => {
                    let imported = self.imported_by(ledger, &commit, header.base.as_deref())?;
                    entries.push(Entry::Import(imported));
                }
                (Some(Kind::Promotion), Some(version)) => {
                    let sealed = self.store.sealed(ledger, &version)?;
                    let sealed = sealed.filter(|s| Some(&s.promotion) == header.promotion.as_ref());
                    entries.extend(sealed.map(|s| Entry::Promotion(commit.oid, Box::new(s))));
                }
                // What is disputed withdraws nothing.
                (Some(Kind::Withdrawal), Some(_)) if ledger.disputed.contains_key(&commit.oid) => {}
                (Some(Kind::Withdrawal), Some(version)) => {
                    let withdrawal = self.store.withdrawal(ledger, &version)?;
                    entries.extend(withdrawal.map(|w| Entry::Withdrawal(Box::new(w))));
                }
                (Some(Kind::Moved), _) => entries.push(Entry::Move),
                (Some(Kind::Promotion | Kind::Withdrawal), None)
                // An acceptance names an entry that has another name elsewhere.
                | (Some(Kind::Genesis | Kind::Accepted) | None, _) => {}
            }
        }
        entries.reverse();
        Ok(entries)
    }

    /// Whether `ledger` holds what each of `entries` says.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(crate) fn holds(&self, ledger: &Ledger, entries: &[Entry]) -> Result<bool> {
        for entry in entries {
            let holds = match entry {
                Entry::Promotion(_, sealed) => {
                    let there = self.store.sealed(ledger, &sealed.version)?;
                    there.is_some_and(|there| there == **sealed)
                }
                Entry::Withdrawal(withdrawal) => {
                    let version = &withdrawal.version;
                    self.store.withdrawal(ledger, version)?.is_some()
                }
                Entry::Import(all) => {
                    let mut each = true;
                    for imported in all {
                        let there = self.store.imported(ledger, &imported.version)?;
                        each &= there.as_ref() == Some(imported);
                    }
                    each
                }
                Entry::Move => false,
            };
            if !holds {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
