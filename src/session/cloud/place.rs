//! The place where the ledger is: one that it has left takes nothing more (docs/remotes.md, "Moving").

use anyhow::Result;

use super::Cloud;
use crate::model::moved::Moved;
use crate::session::core::contact::Contact;

impl Cloud<'_> {
    /// Refuses to send anything to a place that the ledger has left.
    ///
    /// # Errors
    /// [`Exit::OutOfStep`](crate::model::Exit::OutOfStep), with the command that follows.
    pub(crate) fn stays(self, contact: &Contact) -> Result<()> {
        match self.left(contact)? {
            Some(moved) => Err(moved.gone().into()),
            None => Ok(()),
        }
    }

    /// Says that the ledger has left, to whoever only reads.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(super) fn warn_of_move(self, contact: &Contact) -> Result<()> {
        if let Some(moved) = self.left(contact)? {
            let refusal = moved.gone();
            self.core
                .ctx
                .warn(format!("{}: {}", refusal.what, refusal.next.join(", ")));
        }
        Ok(())
    }

    fn left(self, contact: &Contact) -> Result<Option<Moved>> {
        match contact.ledger() {
            Some(ledger) => self.core.store.left(ledger),
            None => Ok(None),
        }
    }
}
