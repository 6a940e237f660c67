//! Contacting the cloud: fetch beside, check, remember what was verified. Nothing is adopted yet.

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
        refspecs.extend(version.map(|version| names::tag_refspec(name, version)));
        let fetched = self.core.remote()?.fetch(&refspecs);
        self.core.store.look_anew();
        if let Err(error) = &fetched {
            self.core.note_failure(error);
        }
        fetched
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
