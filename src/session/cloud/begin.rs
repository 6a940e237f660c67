//! Beginning a project's ledger in the cloud, and naming it in the tracked configuration.

use anyhow::Result;

use super::Cloud;
use super::push::{Job, Next};
use crate::config;
use crate::git::push::Landed;
use crate::git::refs::Update;
use crate::model::push::{Manner, Road};
use crate::session::core::contact::Contact;
use crate::session::core::files::{read_below, write_below};
use crate::store::names;

impl Cloud<'_> {
    /// Begins the project's ledger where the cloud has none.
    pub(crate) fn begin_ledger(self, contact: Contact) -> Result<Contact> {
        let contact = match contact.checked {
            Some(_) => contact,
            None => self.push(&contact, &mut Beginning)?,
        };
        self.take_up_ledger(&contact)?;
        self.name_own_ledger(&contact)?;
        Ok(contact)
    }

    /// Takes up a ledger that has only begun: from then on this clone has it too, whatever becomes of
    /// the cloud.
    fn take_up_ledger(self, contact: &Contact) -> Result<()> {
        let Some(checked) = &contact.checked else {
            return Ok(());
        };
        if checked.ledger.tip != checked.genesis {
            return Ok(());
        }
        self.core.change(|refs| {
            let mut moves = Vec::new();
            if refs.get(names::LEDGER).is_none() {
                moves.push(refs.change(names::LEDGER, Some(&checked.genesis)));
                moves.push(refs.change(names::BASE, Some(&checked.genesis)));
            }
            Ok((moves, ()))
        })
    }

    /// Writes the genesis of a ledger that this person began into the tracked configuration, so
    /// that no clone of this branch ever begins another. Done again by any later push where the
    /// one that began it was cut short.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn name_own_ledger(self, contact: &Contact) -> Result<()> {
        let (None, Some(checked), Ok(top)) =
            (&self.core.config.ledger, &contact.checked, self.core.top())
        else {
            return Ok(());
        };
        let genesis = &checked.genesis;
        let old = read_below(&top, config::FILE)?.unwrap_or_default();
        let old = String::from_utf8_lossy(&old).into_owned();
        // One command may push twice.
        if config::read_shared(old.as_bytes())?.ledger.is_some() {
            return Ok(());
        }
        if !self.core.store.commit(genesis)?.author.is(&self.core.me()?)
            || self.default_names_ledger()?
        {
            return Ok(());
        }
        let text = config::set_shared(&old, "ledger", genesis.as_str());
        write_below(&top, config::FILE, text.as_bytes())?;
        self.core.ctx.note(format!(
            "This project's ledger begins here: commit {} so that every clone knows it",
            config::FILE
        ));
        Ok(())
    }

    /// Whether the cloud's default branch, as it was last seen, names a ledger: then another branch
    /// need not, one from before gryt least of all.
    fn default_names_ledger(self) -> Result<bool> {
        let Some(tip) = self.default_tip()? else {
            return Ok(false);
        };
        let tree = self.core.store.commit(&tip)?.tree;
        let text = match self.core.store.file(&tree, config::FILE)? {
            Ok(text) => text.unwrap_or_default(),
            Err(_) => return Ok(false),
        };
        Ok(config::read_shared(&text).is_ok_and(|shared| shared.ledger.is_some()))
    }
}

/// A project's first ledger on its way to the cloud. Whoever is first, the cloud has one then.
struct Beginning;

impl Job for Beginning {
    type Value = Contact;

    fn manner(&self) -> Manner {
        Manner::Single
    }

    fn plan(&mut self, cloud: Cloud<'_>, contact: &Contact, _: Road) -> Result<Next<Contact>> {
        if contact.checked.is_some() {
            return Ok(Next::Over(contact.clone()));
        }
        let nonce = cloud.core.ctx.nonce();
        let genesis = cloud
            .core
            .store
            .write_genesis(cloud.core.author()?, &nonce)?;
        let update = Update::new(names::LEDGER, None, Some(&genesis));
        Ok(Next::Push(vec![update]))
    }

    fn landed(&mut self, cloud: Cloud<'_>, _: &Contact, landed: Landed) -> Result<Option<Contact>> {
        cloud.core.acknowledge(&landed.moves);
        Ok(None)
    }
}
