//! What a withdrawal says today: what it named to use instead may have been withdrawn since.

use anyhow::Result;

use super::Core;
use crate::model::Version;
use crate::model::sealed::{Advice, Withdrawal};
use crate::store::Refs;
use crate::store::ledger::Ledger;

impl Core<'_> {
    /// The withdrawal of a version, with the release to use instead as things stand now.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(crate) fn advice(&self, ledger: &Ledger, version: &Version) -> Result<Option<Advice>> {
        let Some(withdrawal) = self.store.withdrawal(ledger, version)? else {
            return Ok(None);
        };
        let mut withdrawn_too = Vec::new();
        let mut instead = withdrawal.replacement.clone();
        while let Some(named) = &instead {
            // `withdraw` names what stands, so the way never leads back; other programs may.
            if *named == withdrawal.version || withdrawn_too.contains(named) {
                instead = None;
                break;
            }
            let spelled = self.store.released_as(ledger, named)?;
            let spelled = spelled.unwrap_or_else(|| named.clone());
            let Some(next) = self.store.withdrawal(ledger, &spelled)? else {
                break;
            };
            withdrawn_too.push(spelled);
            instead = next.replacement;
        }
        Ok(Some(Advice {
            withdrawal,
            instead,
            withdrawn_too,
        }))
    }

    /// The withdrawals of this clone's ledger that name `version` to use instead.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(crate) fn naming(&self, refs: &Refs, version: &Version) -> Result<Vec<Withdrawal>> {
        let Some(ledger) = self.ledger(refs)? else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        for release in self.releases(refs, usize::MAX, None)? {
            if release.withdrawn
                && let Some(withdrawal) = self.store.withdrawal(&ledger, &release.version)?
                && withdrawal.replacement.as_ref() == Some(version)
            {
                found.push(withdrawal);
            }
        }
        Ok(found)
    }
}
