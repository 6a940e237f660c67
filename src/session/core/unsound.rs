//! What of the cloud does not check. Each tip is looked at once: who pushes something hostile costs the
//! team one look, and not one with each command.

use anyhow::Result;

use super::Core;
use crate::git::refs::Update;
use crate::model::approval::{ApprovalName, Given};
use crate::model::evolution::Attempt;
use crate::model::{EvolutionName, Exit, Invalid, Oid, Refusal, Version};
use crate::store::Refs;
use crate::store::draft::Draft;
use crate::store::names::{self, Shared};
use crate::store::quarantine::Unsound;

impl Core<'_> {
    /// Reads the cloud's draft at `tip`, with a contract that parses.
    ///
    /// # Errors
    /// The inner one: it does not check. The outer one: it cannot be read.
    pub(crate) fn draft_there(
        &self,
        version: &Version,
        tip: &Oid,
    ) -> Result<Result<Draft, Invalid>> {
        self.looked_at(&names::draft(version), tip, || {
            if !self.store.is_commit(tip) {
                return Ok(Err(no_commit()));
            }
            let draft = self.store.draft(version, tip)?;
            Ok(draft.and_then(|draft| draft.contract().map(|_| draft)))
        })
    }

    /// Reads the cloud's evolution at `tip`.
    ///
    /// # Errors
    /// The inner one: it does not check. The outer one: it cannot be read.
    pub(crate) fn attempt_there(
        &self,
        name: &EvolutionName,
        tip: &Oid,
    ) -> Result<Result<Attempt, Invalid>> {
        self.looked_at(&names::evolution(name), tip, || {
            match self.store.is_commit(tip) {
                true => self.store.attempt(name, tip),
                false => Ok(Err(no_commit())),
            }
        })
    }

    /// Reads the cloud's approval at `tip`.
    ///
    /// # Errors
    /// The inner one: it does not check. The outer one: it cannot be read.
    pub(crate) fn approval_there(
        &self,
        name: &ApprovalName,
        tip: &Oid,
    ) -> Result<Result<Given, Invalid>> {
        self.looked_at(&names::approval(name), tip, || {
            match self.store.is_commit(tip) {
                true => self.store.approval(name, tip),
                false => Ok(Err(no_commit())),
            }
        })
    }

    /// Whether what the cloud has as that ref checks.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn is_sound_there(&self, name: &str, tip: &Oid) -> Result<bool> {
        Ok(match names::shared(name) {
            Shared::Draft(version) => self.draft_there(&version, tip)?.is_ok(),
            Shared::Evolution(evolution) => self.attempt_there(&evolution, tip)?.is_ok(),
            Shared::Approval(approval) => self.approval_there(&approval, tip)?.is_ok(),
            Shared::Ledger | Shared::Foreign => self.store.is_commit(tip),
        })
    }

    fn looked_at<T>(
        &self,
        name: &str,
        tip: &Oid,
        look: impl FnOnce() -> Result<Result<T, Invalid>>,
    ) -> Result<Result<T, Invalid>> {
        if let Some(why) = self.why_unsound(name, tip)? {
            return Ok(Err(Invalid::new(why)));
        }
        let found = look()?;
        if let (Err(invalid), Some(known)) = (&found, self.unsound.borrow_mut().as_mut()) {
            known.insert(name.to_owned(), (tip.clone(), invalid.to_string()));
        }
        Ok(found)
    }

    /// The plain git command that removes a ref of the cloud as it was looked at, or puts what this clone has
    /// in its place.
    ///
    /// # Errors
    /// There is no cloud.
    pub(crate) fn clears(&self, name: &str, tip: &Oid, instead: Option<&Oid>) -> Result<String> {
        let (remote, there) = (self.cloud_name()?, self.remote()?.there(name));
        let instead = instead.map_or("", Oid::as_str);
        Ok(format!(
            "git push --force-with-lease={there}:{tip} {remote} {instead}:{there}"
        ))
    }

    /// The refusal of what needs the cloud's draft of a version, which does not check.
    ///
    /// # Errors
    /// There is no cloud.
    pub(crate) fn unsound_draft(
        &self,
        version: &Version,
        here: Option<&Oid>,
        there: &Oid,
        why: &Invalid,
    ) -> Result<Refusal> {
        let what = format!("The draft of {version} in the cloud is invalid");
        let clear = self.clears(&names::draft(version), there, here)?;
        let refusal = Refusal::new(Exit::Conflict, what).because(why.to_string());
        let refusal = match self.store.is_commit(there) {
            true => refusal
                .because("To add a valid edit on top of it, type the first command below")
                .then(format!("git gryt generation resolve {version}")),
            false => refusal,
        };
        Ok(match here {
            Some(_) => {
                refusal.because("To replace it with the draft of this clone, push that over it")
            }
            None => refusal.because("To remove it from the cloud, push its deletion"),
        }
        .then(clear))
    }

    /// What is known to be wrong with the cloud's ref at that tip.
    ///
    /// # Errors
    /// What is known cannot be read.
    pub(crate) fn why_unsound(&self, name: &str, tip: &Oid) -> Result<Option<String>> {
        if self.unsound.borrow().is_none() {
            let known = self.remembered(&self.store.refs()?)?;
            *self.unsound.borrow_mut() = Some(known);
        }
        let known = self.unsound.borrow();
        let known = known.as_ref().and_then(|known| known.get(name));
        Ok(known
            .filter(|(at, _)| at == tip)
            .map(|(_, why)| why.clone()))
    }

    /// What was remembered of the cloud before this command.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn remembered(&self, refs: &Refs) -> Result<Unsound> {
        match &self.config.remote {
            Some(remote) => self.store.unsound(refs, &names::quarantined(remote)),
            None => Ok(Unsound::new()),
        }
    }

    /// The update that remembers what of `cloud` does not check.
    ///
    /// # Errors
    /// The object database cannot be written.
    pub(crate) fn remember_unsound(
        &self,
        refs: &Refs,
        remembered: &Unsound,
        still: impl Fn(&str, &Oid) -> bool,
    ) -> Result<Option<Update>> {
        let Some(remote) = &self.config.remote else {
            return Ok(None);
        };
        let known = self.unsound.borrow().clone().unwrap_or_default();
        let known: Unsound = known
            .into_iter()
            .filter(|(name, (tip, _))| still(name, tip))
            .collect();
        if known == *remembered {
            return Ok(None);
        }
        let blob = self.store.write_unsound(known)?;
        Ok(Some(refs.change(names::quarantined(remote), blob.as_ref())))
    }
}

fn no_commit() -> Invalid {
    Invalid::new("it is not a sound commit")
}
