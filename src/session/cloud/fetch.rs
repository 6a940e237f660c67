//! Contacting the cloud: fetch beside, check, remember what was verified. Nothing is adopted yet.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::Cloud;
use crate::config::{OWN_PREFIX, Origin};
use crate::model::{Cause, Exit, Refusal, Version};
use crate::session::core::contact::Contact;
use crate::store::{Refs, names};

/// How often a fetch is tried that another process of this clone gets in the way of.
const COLLISIONS: usize = 9;
/// How often one is tried whose connection breaks.
const BROKEN: usize = 3;
/// How many entries that count for nothing are named: anybody can push as many as there is room.
const TOLD: usize = 20;
/// How many refs whose names are too long are left out of a fetch: they stand on git's command line.
const LEFT_OUT: usize = 400;
/// How often one is tried where the cloud asks to come back later.
const BUSY: usize = 5;

impl Cloud<'_> {
    /// Fetches everything shared, and the tag of `version` where one is asked for, and checks the
    /// ledger.
    ///
    /// # Errors
    /// [`Exit::Remote`](crate::model::Exit::Remote) where the cloud cannot be reached; those of
    /// [`verify`](crate::session::Core::verify).
    pub(crate) fn contact(self, version: Option<&Version>) -> Result<Contact> {
        let contact = self.contact_anywhere(version)?;
        self.warn_of_move(&contact)?;
        Ok(contact)
    }

    /// The same, at a place that the ledger may have left.
    ///
    /// # Errors
    /// As [`contact`](Cloud::contact).
    pub(crate) fn contact_anywhere(self, version: Option<&Version>) -> Result<Contact> {
        self.fetch(version)?;
        self.looking_twice(version, || self.seen())
    }

    /// Looks again before it is believed that the cloud's history was rewritten: the answer that another
    /// process of this clone waited for may have arrived late, and moved a tracking ref back.
    fn looking_twice(
        self,
        version: Option<&Version>,
        check: impl Fn() -> Result<Contact>,
    ) -> Result<Contact> {
        let rewritten = |error: &anyhow::Error| {
            let refusal = error.downcast_ref::<Refusal>();
            refusal.is_some_and(|refusal| refusal.exit == Exit::Rewritten)
        };
        match check() {
            Err(error) if rewritten(&error) => {
                self.fetch(version)?;
                check()
            }
            checked => checked,
        }
    }

    /// The same, with nothing remembered yet: whoever adopts what was seen remembers it in the same
    /// transaction.
    ///
    /// # Errors
    /// As [`contact`](Cloud::contact).
    pub(crate) fn contact_to_adopt(self) -> Result<Contact> {
        self.fetch(None)?;
        let contact =
            self.looking_twice(None, || Ok(self.core.check(&self.core.store.refs()?)?.1))?;
        self.warn_of_invalid(&contact);
        self.warn_of_move(&contact)?;
        self.remember_prefix(&contact)?;
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

    /// The same, as the last contact saw it.
    ///
    /// # Errors
    /// What was fetched does not check.
    pub(crate) fn seen_apart(self) -> Result<Contact> {
        Ok(self.core.check_apart(&self.core.store.refs()?)?.1)
    }

    /// Fetches everything shared, and checks nothing of it.
    ///
    /// # Errors
    /// The cloud cannot be reached.
    pub(crate) fn look(self) -> Result<Refs> {
        self.is_one_place()?;
        self.fetch(None)?;
        self.core.store.refs()
    }

    fn fetch(self, version: Option<&Version>) -> Result<()> {
        self.core.hold()?;
        let name = self.core.cloud_name()?;
        let mut refspecs = vec![names::fetch_refspec(name, &self.core.config.remote_prefix)];
        let mut tags = self.core.tags_to_ask_for();
        tags.extend(version.map(|version| self.core.tag_name(version)));
        refspecs.extend(tags.iter().map(|tag| names::tag_refspec(name, tag)));
        let (mut tries, begun) = (0, Instant::now());
        let mut left_out = false;
        let fetched = loop {
            let fetched = self.core.remote()?.fetch(&refspecs);
            tries += 1;
            if !left_out && fetched.as_ref().err().is_some_and(not_stored) {
                left_out = true;
                let without = self.not_kept()?;
                if !without.is_empty() {
                    refspecs.extend(without);
                    continue;
                }
            }
            match fetched.as_ref().err().map(|error| self.again(error, tries)) {
                Some(Ok(Some(pause))) if self.core.waits(pause, begun) => {}
                Some(Err(error)) => break Err(error),
                None | Some(Ok(_)) => break fetched,
            }
        };
        self.core.store.look_anew();
        match &fetched {
            Ok(()) => self.core.note_asked(tags),
            Err(error) => self.core.note_failure(error),
        }
        fetched
    }

    /// The refspecs that leave out what no clone can keep, because its name is too long: one such ref would
    /// stop every pull.
    fn not_kept(self) -> Result<Vec<String>> {
        let shown = self.core.remote()?.shows()?;
        let long: Vec<_> = shown
            .into_iter()
            .filter(|(name, _)| !names::can_be_kept(name))
            .take(LEFT_OUT)
            .collect();
        for (name, tip) in long.iter().take(TOLD) {
            let (remote, head) = (self.core.cloud_name()?, &name[..name.len().min(60)]);
            self.core.ctx.warn(format!(
                "{head}… has a name that is too long to be kept here, and does not count. To remove it: git push \
                 --force-with-lease={name}:{tip} {remote} :{name}"
            ));
        }
        Ok(long.iter().map(|(name, _)| format!("^{name}")).collect())
    }

    /// How long to wait before a fetch that failed is tried again; none where it is not. A login that
    /// may have been refused is not tried twice.
    fn again(self, error: &anyhow::Error, tries: usize) -> Result<Option<Duration>> {
        let cause = error.downcast_ref::<Refusal>().map(|refusal| refusal.cause);
        let (most, millis) = match cause {
            // Another process of this clone may have moved a tracking ref in that moment.
            Some(Cause::NotStored) => (COLLISIONS, 10),
            Some(Cause::BrokenFetch) => (BROKEN, 100 << (2 * (tries - 1))),
            Some(Cause::BrokenLine) if tries >= BROKEN || self.core.remote()?.tells_logins()? => {
                (BROKEN, 100 << (2 * (tries - 1)))
            }
            Some(Cause::Busy) => (BUSY, 1000 << (tries - 1)),
            _ => return Ok(None),
        };
        let spread = self.core.ctx.random_below(90);
        let pause = Duration::from_millis(millis + spread);
        Ok((tries < most).then_some(pause))
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
        self.remember_prefix(&contact)?;
        Ok(contact)
    }

    /// Keeps where the ledger was verified first, so that no branch moves it.
    fn remember_prefix(self, contact: &Contact) -> Result<()> {
        let config = &self.core.config;
        let said = config.setting("remote_prefix");
        let of_branch = said.is_some_and(|setting| setting.origin == Origin::Shared);
        if contact.checked.is_none() || !of_branch || config.remote_prefix == OWN_PREFIX {
            return Ok(());
        }
        let git = self.core.store.git();
        git.set_config("gryt.remoteprefix", &config.remote_prefix)
    }

    fn warn_of_invalid(self, contact: &Contact) {
        let invalid = contact.checked.as_ref().map(|checked| &checked.invalid[..]);
        let invalid = invalid.unwrap_or_default();
        for (oid, why) in invalid.iter().take(TOLD) {
            let oid = oid.short();
            self.core.ctx.warn(format!(
                "Ledger entry {oid} is invalid and does not count: {why}"
            ));
        }
        if let more @ 1.. = invalid.len().saturating_sub(TOLD) {
            let what = format!("{more} more ledger entries are invalid and do not count");
            self.core.ctx.warn(format!("{what}: git gryt verify"));
        }
    }
}

/// Whether a fetch failed because something of it could not be stored here.
fn not_stored(error: &anyhow::Error) -> bool {
    let refusal = error.downcast_ref::<Refusal>();
    refusal.is_some_and(|refusal| refusal.cause == Cause::NotStored)
}
