//! The place where the ledger is: one that it has left takes nothing more (docs/remotes.md, "Moving").

use anyhow::Result;

use super::Cloud;
use crate::model::Refusal;
use crate::session::core::contact::Contact;

impl Cloud<'_> {
    /// Refuses to send anything to a place that the ledger has left.
    ///
    /// # Errors
    /// [`Exit::OutOfStep`](crate::model::Exit::OutOfStep), with the command that follows.
    pub(crate) fn stays(self, contact: &Contact) -> Result<()> {
        match self.gone(contact)? {
            Some(refusal) => Err(refusal.into()),
            None => Ok(()),
        }
    }

    /// Says that the ledger has left, to whoever only reads.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(super) fn warn_of_move(self, contact: &Contact) -> Result<()> {
        if let Some(refusal) = self.gone(contact)? {
            self.core
                .ctx
                .warn(format!("{}: {}", refusal.what, refusal.next.join(", ")));
        }
        Ok(())
    }

    fn gone(self, contact: &Contact) -> Result<Option<Refusal>> {
        match contact.ledger() {
            Some(ledger) => self.core.store.gone(ledger),
            None => Ok(None),
        }
    }
}
