//! Commits of versions from before gryt that nothing holds. An import's entry names them and does not
//! reach them (docs/decisions/0010): they stay as long as a tag or a branch does.

use std::collections::HashSet;

use anyhow::Result;

use super::Sealing;
use crate::model::import::Imported;
use crate::model::{Oid, Version};
use crate::store::ledger::Ledger;

/// An imported version whose commit no ref of this clone reaches.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Unheld {
    pub version: Version,
    pub commit: Oid,
    /// Whether this clone has it still. Git lets go of it before long.
    pub here: bool,
}

impl Unheld {
    /// What is wrong, for a person.
    pub(crate) fn says(&self) -> String {
        let commit = self.commit.short();
        match self.here {
            true => format!(
                "no branch or tag holds the imported commit {commit}, and git will delete it"
            ),
            false => format!("its imported commit {commit} is not in this clone"),
        }
    }
}

impl Sealing<'_> {
    /// The imported versions of a ledger whose commits nothing holds here. What lies beyond the end of
    /// a shallow clone is not among them.
    ///
    /// # Errors
    /// The ledger or the refs cannot be read.
    pub(crate) fn unheld(self, ledger: &Ledger) -> Result<Vec<Unheld>> {
        let store = &self.core.store;
        let named = |imported: Imported| Some((imported.version, imported.commit?));
        let mut known: Vec<(Version, Oid)> = store
            .all_imported(ledger)?
            .into_iter()
            .filter_map(named)
            .collect();
        known.sort();
        let (here, absent): (Vec<_>, Vec<_>) = known
            .into_iter()
            .partition(|(_, commit)| store.is_commit(commit));
        let commits: Vec<&Oid> = here.iter().map(|(_, commit)| commit).collect();
        let loose: HashSet<Oid> = store.unreachable(&commits)?.into_iter().collect();
        let loose = here
            .into_iter()
            .filter(|(_, commit)| loose.contains(commit));
        let absent = absent.into_iter().filter(|_| !store.is_shallow());
        let unheld = |here| {
            move |(version, commit)| Unheld {
                version,
                commit,
                here,
            }
        };
        Ok(loose
            .map(unheld(true))
            .chain(absent.map(unheld(false)))
            .collect())
    }
}
