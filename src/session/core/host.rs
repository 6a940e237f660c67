//! What this clone found out about its cloud's host, kept in git's configuration beside the remote.

use std::collections::BTreeMap;

use anyhow::Result;

use super::Core;
use crate::config;
use crate::model::Oid;
use crate::model::host::{Ability, Host, How, Learned};
use crate::model::push::Road;
use crate::store::{Refs, names};

impl Core<'_> {
    /// What the cloud's host is known not to do.
    pub(crate) fn host(&self) -> Host {
        self.host.borrow().clone()
    }

    /// Whether the cloud is thought to do something.
    pub(crate) fn does(&self, ability: Ability) -> bool {
        self.host.borrow().does(ability, &self.ctx.now())
    }

    /// How many refs one push to the cloud may have.
    pub(crate) fn refs_a_push(&self) -> usize {
        self.host.borrow().refs_a_push(&self.ctx.now())
    }

    /// How a push can be sent, as far as that is known.
    pub(crate) fn road(&self) -> Road {
        Road {
            atomic: self.does(Ability::AtomicPushes),
            tag: self.does(Ability::Tags),
            folded: self.does(Ability::Deletions),
            most: self.refs_a_push(),
        }
    }

    /// Keeps that the host does not do something, or only for so many refs, as an answer of its own
    /// showed.
    ///
    /// # Errors
    /// Local mode has no cloud.
    pub(crate) fn learn(&self, ability: Ability, most: usize, how: How) -> Result<()> {
        let now = self.ctx.now();
        let learned = Learned {
            ability,
            most,
            how,
            at: Some(now),
        };
        let learned = self.host.borrow_mut().learn(learned, &now);
        let key = config::host_key(self.cloud_name()?, ability);
        // It is found out again where it cannot be kept: another process may hold the file.
        if let Err(error) = self.store.git().set_config(&key, &learned.text()) {
            self.ctx.detail(format!("{error:#}"));
        }
        Ok(())
    }

    /// Forgets that the host does not do something: an answer showed that it does.
    ///
    /// # Errors
    /// Local mode has no cloud.
    pub(crate) fn unlearn(&self, ability: Ability) -> Result<()> {
        if self.host.borrow().lacks(ability).is_none() {
            return Ok(());
        }
        let key = config::host_key(self.cloud_name()?, ability);
        if let Err(error) = self.store.git().unset_config(&key) {
            self.ctx.detail(format!("{error:#}"));
        }
        self.host.borrow_mut().unlearn(ability);
        if ability == Ability::Deletions {
            // What it did not let go is tried again.
            self.keep_staying(&BTreeMap::new())?;
        }
        Ok(())
    }

    /// Refs of the cloud that went into a release and that its host does not let go, for as long as it is believed
    /// not to.
    ///
    /// # Errors
    /// The memory cannot be read.
    pub(crate) fn staying(&self, refs: &Refs) -> Result<BTreeMap<String, Oid>> {
        match self.does(Ability::Deletions) {
            true => Ok(BTreeMap::new()),
            false => self.stayed(refs),
        }
    }

    /// The same, whatever is believed now.
    ///
    /// # Errors
    /// The memory cannot be read.
    pub(crate) fn stayed(&self, refs: &Refs) -> Result<BTreeMap<String, Oid>> {
        match &self.config.remote {
            Some(remote) => self.store.adopted(refs, &names::staying(remote)),
            None => Ok(BTreeMap::new()),
        }
    }

    /// Keeps that these refs stay, or those of them that are left.
    ///
    /// # Errors
    /// Refs cannot be written.
    pub(crate) fn keep_staying(&self, staying: &BTreeMap<String, Oid>) -> Result<()> {
        let name = names::staying(self.cloud_name()?);
        self.change(|refs| {
            if self.stayed(refs)? == *staying {
                return Ok((Vec::new(), ()));
            }
            let memory = self.store.write_adopted(staying)?;
            let memory = (!staying.is_empty()).then_some(&memory);
            Ok((vec![refs.change(&name, memory)], ()))
        })
    }
}
