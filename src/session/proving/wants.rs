//! The drafts that want a change.

use anyhow::Result;

use super::Proving;
use crate::model::wanted::Wanted;
use crate::store::Refs;
use crate::store::draft::Draft;
use crate::store::refs::drafts;

impl Proving<'_> {
    /// The open drafts of this clone that want it.
    pub(super) fn wanting(self, refs: &Refs, wanted: &Wanted) -> Result<Vec<Draft>> {
        let mut found = Vec::new();
        for (version, tip) in drafts(refs.local()) {
            if wanted.may_be(&version)
                && let Ok(draft) = self.core.store.draft(&version, &tip)?
                && draft
                    .contract()
                    .is_ok_and(|contract| contract.change(&wanted.change).is_some())
                && self.core.open_version(refs, &version).is_ok()
            {
                found.push(draft);
            }
        }
        Ok(found)
    }
}
