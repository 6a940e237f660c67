//! Appending again what another ledger holds: the author and the moment of each entry stay, and who
//! appends it is its committer, as with a commit that git picks.

use std::collections::BTreeMap;

use anyhow::Result;

use super::Sealing;
use crate::git::ident::Ident;
use crate::model::sealed::{Acceptance, Sealed};
use crate::model::{Oid, Person, Stamp};
use crate::session::core::beyond::Entry;
use crate::store::Author;
use crate::store::ledger::{Beside, Ledger};

impl Sealing<'_> {
    /// Writes an entry of another ledger onto `ledger`, and says there whether it is disputed. None where it
    /// holds what the entry says, or has no use for it. `again` knows what the entries that were written
    /// before are called there.
    ///
    /// # Errors
    /// A ledger cannot be read, the object database cannot be written, or the entry would not be valid
    /// there.
    pub(super) fn append_again(
        self,
        ledger: &Ledger,
        entry: &Entry,
        again: &mut BTreeMap<Oid, Oid>,
    ) -> Result<Option<Ledger>> {
        let mut settled = None;
        let written = match entry {
            Entry::Promotion(original, sealed) => {
                let policy = self.policy_sealed_by(original, sealed)?;
                let by = self.repeating(&sealed.promoter, &sealed.promoted_at)?;
                // Its tag names the original.
                let beside = Beside {
                    original: Some(original),
                    tag: None,
                };
                let (store, policy) = (&self.core.store, policy.as_deref());
                let written = store.write_promotion(&by, ledger, sealed, policy, beside)?;
                again.insert(original.clone(), written.clone());
                written
            }
            Entry::Withdrawal(entry, withdrawal) => {
                let version = &withdrawal.version;
                // What is not in the ledger, or is withdrawn there, needs no withdrawal.
                if self.core.store.released_as(ledger, version)?.is_none()
                    || self.core.store.withdrawal(ledger, version)?.is_some()
                {
                    return Ok(None);
                }
                let by = self.repeating(&withdrawal.by, &withdrawal.at)?;
                let written = self.core.store.write_withdrawal(&by, ledger, withdrawal)?;
                again.insert(entry.clone(), written.clone());
                written
            }
            Entry::Import(import) => {
                let (new, _) = self.lacking(Some(ledger), &import.all)?;
                if new.is_empty() {
                    return Ok(None);
                }
                let by = self.repeating(&import.by.person, &import.by.at)?;
                let written = self.core.store.write_import(&by, ledger, &new)?;
                again.insert(import.entry.clone(), written.clone());
                written
            }
            Entry::Accepted(acceptance) => {
                let old = &acceptance.entry;
                let entry = again.get(old).unwrap_or(old).clone();
                // What is not disputed there needs no acceptance.
                if !ledger.disputed.contains_key(&entry) {
                    return Ok(None);
                }
                let by = self.repeating(&acceptance.by, &acceptance.at)?;
                settled = Some(entry.clone());
                let what = Acceptance {
                    entry,
                    ..(**acceptance).clone()
                };
                self.core.store.write_acceptance(&by, ledger, &what)?
            }
            Entry::Move => return Ok(None),
        };
        let mut after = ledger.with(&written);
        match (self.core.judge_own(ledger, &written)?, settled) {
            (Some(disputed), _) => _ = after.disputed.insert(written, disputed),
            (None, Some(settled)) => _ = after.disputed.remove(&settled),
            (None, None) => {}
        }
        Ok(Some(after))
    }

    /// The policy that an entry sealed with its release.
    fn policy_sealed_by(self, entry: &Oid, sealed: &Sealed) -> Result<Option<Vec<u8>>> {
        let at = Ledger::new(entry.clone(), entry.clone());
        Ok(self.core.store.sealed_policy(&at, &sealed.version)??)
    }

    fn repeating(self, person: &Person, at: &Stamp) -> Result<Author> {
        let mut by = self.core.author()?.clone();
        by.author = Ident {
            person: person.clone(),
            at: *at,
        };
        Ok(by)
    }
}
