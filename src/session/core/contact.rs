//! Contacting the cloud: fetch beside, check, remember what was verified. Nothing is adopted yet.

use std::collections::BTreeMap;

use anyhow::Result;

use super::Core;
use super::verify::Checked;
use crate::git::refs::Update;
use crate::model::{Exit, Oid, Refusal};
use crate::store::ledger::Ledger;
use crate::store::{Refs, names};

/// What the cloud has, as it was seen in one fetch and found to check.
#[derive(Clone, Debug)]
pub(crate) struct Contact {
    /// All refs of this clone after the fetch.
    pub refs: Refs,
    /// The cloud's shared refs, by their name there.
    pub cloud: BTreeMap<String, Oid>,
    /// The cloud's ledger, where it has one.
    pub checked: Option<Checked>,
}

impl Contact {
    /// The cloud's ledger.
    pub(crate) fn ledger(&self) -> Option<&Ledger> {
        self.checked.as_ref().map(|checked| &checked.ledger)
    }
}

impl Core<'_> {
    /// Checks what `refs` show of the cloud, and the updates that remember it.
    ///
    /// # Errors
    /// Those of [`verify`](Core::verify).
    pub(crate) fn check(&self, refs: &Refs) -> Result<(Vec<Update>, Contact)> {
        let (updates, contact) = self.check_apart(refs)?;
        self.own_ledger_fits(refs, contact.checked.as_ref())?;
        Ok((updates, contact))
    }

    /// The same, whatever this clone's own ledger holds.
    ///
    /// # Errors
    /// Those of [`verify`](Core::verify).
    pub(crate) fn check_apart(&self, refs: &Refs) -> Result<(Vec<Update>, Contact)> {
        let cloud = refs.cloud(self.cloud_name()?);
        let checked = match cloud.get(names::LEDGER) {
            Some(tip) => Some(self.verify(refs, tip)?),
            None => {
                self.may_lack_ledger(refs)?;
                None
            }
        };
        let updates = match &checked {
            Some(checked) => self.remember(refs, checked)?,
            None => Vec::new(),
        };
        let contact = Contact {
            refs: refs.clone(),
            cloud,
            checked,
        };
        Ok((updates, contact))
    }

    /// A ledger that was there and is gone is a rewritten history, not a new project.
    fn may_lack_ledger(&self, refs: &Refs) -> Result<()> {
        let verified = refs.below(names::VERIFIED).next().is_some();
        if verified && !self.was_seen(refs)? {
            let remote = self.cloud_name()?;
            let what = format!("{remote} has no ledger, and this project has one");
            let mut refusal = Refusal::new(Exit::OutOfStep, what);
            if let Some(address) = self.cloud_address() {
                refusal = refusal
                    .because(format!(
                        "Its address is {address}. If that is wrong, change it"
                    ))
                    .then(format!("git remote set-url {remote} URL"));
            }
            for other in self.remotes().filter(|other| *other != remote) {
                refusal = refusal
                    .because(format!("To take the project from {other} to it, move it"))
                    .then(format!(
                        "git gryt config remote {other} && git gryt sync move --remote {remote}"
                    ));
            }
            return Err(refusal
                .because("If the old place is gone for good, put what this clone has there")
                .then("git gryt sync push --republish")
                .into());
        }
        if verified || self.config.ledger.is_some() {
            let mut refusal = Refusal::new(
                Exit::Rewritten,
                "The cloud has no ledger, and this project has one",
            )
            .because("It vanished, or this is another project's repository")
            .because("Nothing was taken over or deleted");
            if verified {
                refusal = refusal
                    .because("This shows what can be put back from this clone. Ask the team before you do it")
                    .then("git gryt sync push --republish --dry-run");
            }
            if self.config.remote_prefix != names::SHARED {
                let remote = self.cloud_name()?;
                refusal = refusal
                    .because(format!(
                        "Or it is still below refs/gryt/ of {remote}: look there, and move it"
                    ))
                    .then("git gryt config remote_prefix refs/gryt/")
                    .then(format!(
                        "git gryt sync move --prefix {}",
                        self.config.remote_prefix
                    ));
            }
            let refusal = self.elsewhere(refusal);
            return Err(refusal.then("git gryt config remote NAME").into());
        }
        Ok(())
    }

    /// A ledger that this clone began in local mode cannot simply be joined with the cloud's.
    fn own_ledger_fits(&self, refs: &Refs, checked: Option<&Checked>) -> Result<()> {
        let Some(own) = refs.get(names::LEDGER) else {
            return Ok(());
        };
        if let Some(checked) = checked {
            if let Some(before) = &checked.instead_of
                && self.entries(before)?.contains(own)
            {
                return Ok(());
            }
            // The same, and it was remembered already.
            if refs.get(&names::replaced(own)).is_some() {
                return Ok(());
            }
            for commit in self.store.first_parents(&checked.ledger.tip) {
                if commit?.oid == *own {
                    return Ok(());
                }
            }
        }
        Err(Refusal::new(
            Exit::Conflict,
            "This clone has promotions of its own, made in local mode",
        )
        .because("The cloud's ledger does not hold them, and nothing was taken over")
        .then("git gryt sync push --dry-run")
        .then("git gryt sync push")
        .into())
    }
}
