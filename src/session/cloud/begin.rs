//! Beginning a project's ledger in the cloud, and naming it in the tracked configuration.

use anyhow::{Context as _, Result};

use super::Cloud;
use super::push::{Job, Next};
use crate::config;
use crate::git::push::Landed;
use crate::git::refs::Update;
use crate::model::push::{Manner, Road};
use crate::model::{Exit, Oid, Refusal};
use crate::session::core::contact::Contact;
use crate::session::core::files::{read_below, write_below};
use crate::store::names;

/// How many of the cloud's tags are looked at, those of the highest versions: gryt made the last ones.
const LOOKED_AT: usize = 100;

impl Cloud<'_> {
    /// Begins the project's ledger where the cloud has none, and it is likely to be meant.
    ///
    /// # Errors
    /// As [`may_begin_ledger`](Cloud::may_begin_ledger); those of a push.
    pub(crate) fn begin_ledger(self, contact: Contact) -> Result<Contact> {
        self.may_begin_ledger(&contact)?;
        self.begin_meant(contact)
    }

    /// Begins the project's ledger because somebody said so.
    ///
    /// # Errors
    /// [`Exit::Taken`] where the cloud has one; those of a push.
    pub(crate) fn begin_new_ledger(self) -> Result<Oid> {
        let contact = self.contact(None)?;
        if let Some(checked) = &contact.checked {
            let genesis = checked.genesis.short();
            let what = format!("The cloud already has a ledger, which begins at {genesis}");
            return Err(Refusal::new(Exit::Taken, what)
                .then("git gryt sync pull")
                .into());
        }
        let contact = self.begin_meant(contact)?;
        let checked = contact.checked.context("the ledger was not begun")?;
        Ok(checked.genesis)
    }

    /// Refuses to begin a ledger where the project is likely to have one that is not seen from here: two
    /// ledgers are two projects.
    ///
    /// # Errors
    /// [`Exit::Usage`] in CI, whose clones know nothing of the past; [`Exit::Rewritten`] where tags of
    /// releases, here or in the cloud, name entries of a ledger.
    pub(crate) fn may_begin_ledger(self, contact: &Contact) -> Result<()> {
        if contact.checked.is_some() {
            return Ok(());
        }
        if let Some(tag) = self.tag_that_names_an_entry()? {
            // Somebody began it, and promoted, since this command looked: the push that follows loses that race,
            // and is planned anew.
            if self.core.remote()?.has(names::LEDGER)? {
                return Ok(());
            }
            let what = format!(
                "The cloud has no ledger, but the tag {tag} names an entry of one: it may have been lost"
            );
            return Err(Refusal::new(Exit::Rewritten, what)
                .because(
                    "In a clone that has it, this shows what can be put back: git gryt sync push --republish --dry-run",
                )
                .because("To give it up for good, and begin another: git gryt init --new-ledger")
                .into());
        }
        if self.core.ctx.is_ci() {
            let what = "The cloud has no ledger, and none is begun in CI";
            return Err(Refusal::new(Exit::Usage, what)
                .because("Begin it once, from your own clone")
                .then("git gryt init --new-ledger")
                .into());
        }
        Ok(())
    }

    /// A tag of a release, here or in the cloud, that names an entry of a ledger.
    fn tag_that_names_an_entry(self) -> Result<Option<String>> {
        let (store, format) = (&self.core.store, &self.core.config.tag_format);
        let is_release = |tag: &String| format.version(tag).is_some();
        // What this clone promoted in local mode is on its way there.
        let own = match store.refs()?.get(names::LEDGER) {
            Some(tip) => self.core.entries(tip)?.into_iter().next(),
            None => None,
        };
        let names_one = |oid: &Oid| -> Result<bool> {
            let named = store.named_by_tag(oid)?;
            Ok(named.is_some_and(|named| own.as_ref() != Some(&named.ledger)))
        };
        for tag in store.tags()?.into_iter().filter(is_release) {
            if let Some(oid) = store.tag(&names::tag(&tag))?
                && names_one(&oid)?
            {
                return Ok(Some(tag));
            }
        }
        let there = self.core.remote()?.tags()?.into_iter().filter(is_release);
        let mut there: Vec<String> = there.collect();
        there.sort_by_key(|tag| std::cmp::Reverse(format.version(tag)));
        there.truncate(LOOKED_AT);
        let remote = self.core.cloud_name()?;
        let beside =
            |tag: &String| format!("+{}:{}", names::tag(tag), names::remote_tag(remote, tag));
        let refspecs: Vec<String> = there.iter().map(beside).collect();
        if refspecs.is_empty() {
            return Ok(None);
        }
        self.core.remote()?.fetch(&refspecs)?;
        store.look_anew();
        let refs = store.refs()?;
        let mut found = None;
        let mut seen = Vec::new();
        for tag in there {
            let name = names::remote_tag(remote, &tag);
            let Some(oid) = refs.get(&name) else {
                continue;
            };
            if found.is_none() && names_one(oid)? {
                found = Some(tag);
            }
            seen.push(refs.change(name, None));
        }
        store.update(&seen)?;
        Ok(found)
    }

    fn begin_meant(self, contact: Contact) -> Result<Contact> {
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
            "This push began the project's ledger. So that every clone knows it: \
             git add {0} && git commit -m 'Name the ledger'",
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
