//! Walking a ledger's chain of entries, and reading one of them.

use anyhow::Result;

use super::Core;
use crate::model::import::Imported;
use crate::model::ledger::{Check, Verified, check};
use crate::model::{Exit, Oid, Refusal};
use crate::store::ledger::Ledger;
use crate::store::objects::Commit;
use crate::store::raw::malformed;

/// How many entries are read through one opening of the repository: see
/// [`let_go`](crate::store::Store::let_go).
pub(crate) const CHUNK: usize = 50;

impl Core<'_> {
    /// The entries up to `tip`, the genesis first.
    pub(crate) fn entries(&self, tip: &Oid) -> Result<Vec<Oid>> {
        let oids = self.store.first_parents(tip);
        let oids: Result<Vec<Oid>> = oids.map(|commit| Ok(commit?.oid)).collect();
        let mut oids = oids.map_err(|error| self.cut(error))?;
        self.store.let_go()?;
        oids.reverse();
        Ok(oids)
    }

    /// A chain that a shallow boundary cuts must never read as a rewritten one.
    pub(crate) fn cut(&self, error: anyhow::Error) -> anyhow::Error {
        if self.store.layout().common_dir.join("shallow").exists() {
            Refusal::new(
                Exit::Failure,
                "This clone is too shallow to check the ledger",
            )
            .because(format!("{error:#}"))
            .then("git fetch --unshallow")
            .into()
        } else {
            error.context("the ledger cannot be read")
        }
    }

    /// The versions that an entry brought from before gryt, as far as the ledger holds them.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(crate) fn imported_by(
        &self,
        ledger: &Ledger,
        commit: &Commit,
        base: Option<&str>,
    ) -> Result<Vec<Imported>> {
        let base: Option<Oid> = base.and_then(|base| base.parse().ok());
        let entry = match self.store.entry(commit, base.as_ref()) {
            Ok(entry) => entry,
            // One that counts for nothing brought nothing.
            Err(error) => return malformed(error).map(|_| Vec::new()),
        };
        let mut found = Vec::new();
        if let Check::Valid(Verified::Import(mut all)) = check(&entry, base.as_ref()) {
            all.sort_by(|a, b| a.version.cmp(&b.version));
            for imported in all {
                if self.store.imported(ledger, &imported.version)?.as_ref() == Some(&imported) {
                    found.push(imported);
                }
            }
        }
        Ok(found)
    }
}
