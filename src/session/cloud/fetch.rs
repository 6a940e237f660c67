//! Contacting the cloud: fetch beside, check, remember what was verified. Nothing is adopted yet.

use std::collections::BTreeMap;

use anyhow::Result;

use super::Cloud;
use crate::model::Version;
use crate::session::core::contact::Contact;
use crate::store::names;

impl Cloud<'_> {
    /// Fetches everything shared, and the tag of `version` where one is asked for, and checks the
    /// ledger.
    ///
    /// # Errors
    /// [`Exit::Remote`](crate::model::Exit::Remote) where the cloud cannot be reached; those of
    /// [`verify`](crate::session::Core::verify).
    pub(crate) fn contact(self, version: Option<&Version>) -> Result<Contact> {
        self.fetch(version)?;
        self.seen()
    }

    /// The same, with nothing remembered yet: whoever adopts what was seen remembers it in the same
    /// transaction.
    ///
    /// # Errors
    /// As [`contact`](Cloud::contact).
    pub(crate) fn contact_to_adopt(self) -> Result<Contact> {
        self.fetch(None)?;
        let (_, contact) = self.core.check(&self.core.store.refs()?)?;
        self.warn_of_invalid(&contact);
        Ok(contact)
    }

    /// The same for a clone that has promotions of its own, which fit no other ledger yet. Nothing is
    /// remembered.
    ///
    /// # Errors
    /// As [`contact`](Cloud::contact).
    pub(crate) fn contact_apart(self) -> Result<Contact> {
        self.fetch(None)?;
        let (_, contact) = self.core.check_apart(&self.core.store.refs()?)?;
        self.warn_of_invalid(&contact);
        Ok(contact)
    }

    fn fetch(self, version: Option<&Version>) -> Result<()> {
        let name = self.core.cloud_name()?;
        let mut refspecs = vec![names::fetch_refspec(name, &self.core.config.remote_prefix)];
        let tag = version.map(|version| self.core.tag_name(version));
        refspecs.extend(tag.map(|tag| names::tag_refspec(name, &tag)));
        let fetched = self.core.remote()?.fetch(&refspecs);
        self.core.store.look_anew();
        if let Err(error) = &fetched {
            self.core.note_failure(error);
        }
        fetched
    }

    /// What was last seen of the cloud, without asking it. A clone that never asked has seen nothing,
    /// which is told.
    ///
    /// # Errors
    /// Those of [`verify`](crate::session::Core::verify).
    pub(crate) fn last_seen(self) -> Result<Contact> {
        let refs = self.core.store.refs()?;
        if !self.core.never_pulled(&refs) || !refs.cloud(self.core.cloud_name()?).is_empty() {
            return self.seen();
        }
        self.core
            .ctx
            .warn("This clone has seen nothing of the cloud yet: git gryt sync pull");
        Ok(Contact {
            refs,
            cloud: BTreeMap::new(),
            checked: None,
        })
    }

    /// Checks what the last fetch brought.
    ///
    /// # Errors
    /// Those of [`verify`](crate::session::Core::verify).
    pub(crate) fn seen(self) -> Result<Contact> {
        let contact = self.core.change(|refs| self.core.check(refs))?;
        self.warn_of_invalid(&contact);
        Ok(contact)
    }

    fn warn_of_invalid(self, contact: &Contact) {
        for (oid, why) in contact.checked.iter().flat_map(|c| &c.invalid) {
            let oid = oid.short();
            self.core.ctx.warn(format!(
                "Ledger entry {oid} is invalid and counts for nothing: {why}"
            ));
        }
    }
}
