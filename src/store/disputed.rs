//! What this clone found to be disputed of the ledgers that it judged: a blob for each ledger, so that
//! nothing is judged twice.

use anyhow::{Context as _, Result};

use serde::{Deserialize, Serialize};

use super::ledger::{Disputes, Ledger};
use super::{Refs, Store, names};
use crate::model::Oid;
use crate::model::rules::RuleSet;

/// What such a blob holds.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Memory {
    disputed: Disputes,
    /// The entries that were trusted then, whatever they are disputed for.
    trust: Vec<Oid>,
    /// The latest rules that the program knew.
    rules: RuleSet,
    /// A tip, and the last valid entry at or before it, where that is not the tip: what lies between was
    /// checked, and counts for nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    tail: Option<(Oid, Oid)>,
}

impl Store {
    /// All that is disputed of ledgers that this clone judged, by entry.
    ///
    /// # Errors
    /// A blob cannot be read.
    pub(crate) fn disputes(&self, refs: &Refs) -> Result<Disputes> {
        let mut all = Disputes::new();
        for (_, oid) in refs.below(names::DISPUTED) {
            all.extend(self.judged(oid)?.disputed);
        }
        Ok(all)
    }

    /// Whether the ledger of that genesis was judged by a program that knew these rules, and trusted these
    /// entries; and by one that could tell as much as this one, where `can_tell` says what is missing no more.
    ///
    /// # Errors
    /// The blob cannot be read.
    pub(crate) fn was_judged_so(
        &self,
        refs: &Refs,
        genesis: &str,
        trust: &[Oid],
        can_tell: impl Fn() -> bool,
    ) -> Result<bool> {
        match refs.get(&format!("{}{genesis}", names::DISPUTED)) {
            Some(oid) => {
                let then = self.judged(oid)?;
                let untold = then.disputed.values().any(|disputed| disputed.untold);
                let told = !untold || !can_tell();
                Ok(then.trust == trust && then.rules == RuleSet::CURRENT && told)
            }
            None => Ok(trust.is_empty()),
        }
    }

    /// Whether it was found before that no entry after `base` is valid, up to `tip`: nobody goes through as
    /// many as somebody pushed there again with each command.
    ///
    /// # Errors
    /// A blob cannot be read.
    pub(crate) fn is_tail(&self, refs: &Refs, tip: &Oid, base: &Oid) -> Result<bool> {
        for (_, oid) in refs.below(names::DISPUTED) {
            let tail = self.judged(oid)?.tail;
            if tail.is_some_and(|known| (&known.0, &known.1) == (tip, base)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn judged(&self, blob: &Oid) -> Result<Memory> {
        // Written by this clone, so it is not bounded as a stranger's text is.
        let blob = self
            .repo()
            .find_blob(super::to_git(blob)?)?
            .content()
            .to_vec();
        serde_json::from_slice(&blob).context("the ref of what is disputed cannot be read")
    }

    /// Writes what is known of a ledger and returns its blob; none where nothing is disputed, nothing trusted,
    /// and its last entry valid.
    ///
    /// # Errors
    /// The object database cannot be written.
    pub(crate) fn write_disputes(&self, ledger: &Ledger, trust: &[Oid]) -> Result<Option<Oid>> {
        let tail = (ledger.tip != ledger.base).then(|| (ledger.tip.clone(), ledger.base.clone()));
        if ledger.disputed.is_empty() && trust.is_empty() && tail.is_none() {
            return Ok(None);
        }
        let memory = Memory {
            disputed: ledger.disputed.clone(),
            trust: trust.to_vec(),
            rules: RuleSet::CURRENT,
            tail,
        };
        self.write_blob(&serde_json::to_vec(&memory)?).map(Some)
    }
}
