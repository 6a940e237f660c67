//! What this clone found to be disputed of the ledgers that it judged: a blob for each ledger, so that
//! nothing is judged twice.

use anyhow::{Context as _, Result};

use super::ledger::Disputes;
use super::{Refs, Store, names};
use crate::model::Oid;

impl Store {
    /// All that is disputed of ledgers that this clone judged, by entry.
    ///
    /// # Errors
    /// A blob cannot be read.
    pub(crate) fn disputes(&self, refs: &Refs) -> Result<Disputes> {
        let repo = &*self.repo();
        let mut all = Disputes::new();
        for (_, oid) in refs.below(names::DISPUTED) {
            // Written by this clone, so it is not bounded as a stranger's text is.
            let blob = repo.find_blob(super::to_git(oid)?)?;
            let found: Disputes = serde_json::from_slice(blob.content())
                .context("what is known to be disputed cannot be read")?;
            all.extend(found);
        }
        Ok(all)
    }

    /// Writes that memory and returns its blob; none where nothing is disputed.
    ///
    /// # Errors
    /// The object database cannot be written.
    pub(crate) fn write_disputes(&self, all: &Disputes) -> Result<Option<Oid>> {
        if all.is_empty() {
            return Ok(None);
        }
        self.write_blob(&serde_json::to_vec(all)?).map(Some)
    }
}
