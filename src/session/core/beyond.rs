//! What one ledger holds beyond another: of promotions made in local mode, or of a ledger that the cloud
//! lost.

use std::collections::HashSet;

use anyhow::Result;

use super::Core;
use crate::git::ident::Ident;
use crate::model::evolution::Attempt;
use crate::model::import::Imported;
use crate::model::ledger::{Check, Kind, Verified, check};
use crate::model::sealed::{Acceptance, Sealed, Withdrawal};
use crate::model::{EvolutionName, Oid, Version};
use crate::store::ledger::Ledger;
use crate::store::message::header;

/// An entry that only one of two ledgers has.
pub(crate) enum Entry {
    Promotion(Oid, Box<Sealed>),
    Withdrawal(Oid, Box<Withdrawal>),
    Import(Import),
    Accepted(Box<Acceptance>),
    /// A half of a move: an entry of the one ledger, which means nothing in another.
    Move,
}

/// An import: its entry, who wrote that and when, and what it brought.
pub(crate) struct Import {
    pub entry: Oid,
    pub by: Ident,
    pub all: Vec<Imported>,
}

impl Core<'_> {
    /// The evolutions that went into a release, those that can be read.
    ///
    /// # Errors
    /// Objects cannot be read.
    pub(crate) fn folded(&self, sealed: &Sealed) -> Result<Vec<Attempt>> {
        let mut found = Vec::new();
        for folded in &sealed.evolutions {
            let name = EvolutionName {
                version: sealed.version.clone(),
                change: folded.change.clone(),
                number: folded.number,
            };
            found.extend(self.store.attempt(&name, &folded.tip)?.ok());
        }
        Ok(found)
    }

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
                    let all = self.imported_by(ledger, &commit, header.base.as_deref())?;
                    entries.push(Entry::Import(Import {
                        entry: commit.oid,
                        by: Ident {
                            person: commit.author,
                            at: commit.at,
                        },
                        all,
                    }));
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
                    entries.extend(withdrawal.map(|w| Entry::Withdrawal(commit.oid, Box::new(w))));
                }
                (Some(Kind::Moved), _) => entries.push(Entry::Move),
                (Some(Kind::Accepted), _) if ledger.disputed.contains_key(&commit.oid) => {}
                (Some(Kind::Accepted), _) => {
                    let base = header.base.and_then(|base| base.parse().ok());
                    let entry = self.store.entry(&commit, base.as_ref())?;
                    if let Check::Valid(Verified::Accepted(what)) = check(&entry, base.as_ref()) {
                        entries.push(Entry::Accepted(Box::new(what)));
                    }
                }
                (Some(Kind::Promotion | Kind::Withdrawal), None)
                | (Some(Kind::Genesis) | None, _) => {}
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
                Entry::Withdrawal(_, withdrawal) => {
                    let version = &withdrawal.version;
                    self.store.withdrawal(ledger, version)?.is_some()
                }
                Entry::Import(import) => {
                    let mut each = true;
                    for imported in &import.all {
                        let there = self.store.imported(ledger, &imported.version)?;
                        each &= there.as_ref() == Some(imported);
                    }
                    each
                }
                // What it settles may have another name there, and is told where it is not settled.
                Entry::Accepted(_) => true,
                Entry::Move => false,
            };
            if !holds {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
