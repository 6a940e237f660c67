//! Tags of releases that the cloud lacks, whoever promoted them: consequences of an entry are anybody's to
//! finish who has verified it.

use anyhow::Result;

use super::Sealing;
use crate::git::refs::Update;
use crate::model::Oid;
use crate::model::host::Ability;
use crate::model::named::Named;
use crate::model::sealed::Sealed;
use crate::session::core::contact::Contact;
use crate::store::names;

/// How many of the cloud's refs are looked at to find one of this person's.
const LOOKED_AT: usize = 50;

/// What a person is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// To write to the cloud.
    Pushing,
    /// To read it: nobody is asked for a login, and a refusal is nobody's concern.
    Pulling,
}

impl Sealing<'_> {
    /// Sends the tags of promotions that the last fetch did not see in the cloud. Where it takes no tags,
    /// they wait until it does.
    ///
    /// # Errors
    /// Refs cannot be read or written, or git cannot be started. What the cloud refuses is a warning.
    pub(crate) fn send_missing_tags(self, contact: &Contact, about: About) -> Result<()> {
        let Some(checked) = &contact.checked else {
            return Ok(());
        };
        let refs = self.core.store.refs()?;
        let missing = self.core.missing_tags(&refs, contact)?;
        if missing.is_empty()
            || about == About::Pulling
                && !self.has_written(contact)?
                && !self.core.remote()?.has_no_login()?
        {
            return Ok(());
        }
        let mut settled = Vec::new();
        for version in missing {
            if !self.core.does(Ability::Tags) {
                break;
            }
            let Some(sealed) = self.core.store.sealed(&checked.ledger, &version)? else {
                continue;
            };
            let (genesis, tip) = (&checked.genesis, &checked.ledger.base);
            let named = self.core.named(Some(genesis), tip, &sealed)?;
            let Some(tag) = self.tag_of(&sealed, &named)? else {
                continue;
            };
            let own = self.core.tag_name(&version);
            let sent = self.offer(contact, &own, &tag)?;
            let whose = format!("of {}'s promotion", sealed.promoter.name);
            if !sent.moves.is_empty() {
                self.core.ctx.note(format!(
                    "Sent the tag {own} {whose}, which the cloud lacked"
                ));
                settled.push(version);
            } else if !sent.declined.is_empty() {
                self.keep_tag(&own, &tag)?;
                self.note_untagged(&version)?;
                let text = format!(
                    "The cloud lacks the tag {own} {whose}, and refused it; later pulls and pushes send it again"
                );
                match about {
                    About::Pushing => self.core.ctx.warn(text),
                    About::Pulling => {
                        self.core.ctx.detail(text);
                        break;
                    }
                }
            } else if sent.whole {
                // One of that name is there by now.
                settled.push(version);
            } else {
                self.core
                    .ctx
                    .detail(format!("The tag {own} did not reach the cloud"));
                break;
            }
        }
        if settled.is_empty() {
            return Ok(());
        }
        self.core
            .change(|refs| Ok((self.core.settle_tags(refs, contact, &settled)?, ())))
    }

    /// The tag that names the entry: the one of this clone, or the object that its promoter makes of it.
    fn tag_of(self, sealed: &Sealed, named: &Named) -> Result<Option<Oid>> {
        let (store, version) = (&self.core.store, &sealed.version);
        let own = self.core.tag_name(version);
        let name = names::tag(&own);
        if let Some(tag) = store.tag(&name)?
            && store.named_by_tag(&tag)?.as_ref() == Some(named)
            && store.tagged_commit(&name)?.as_ref() == Some(&sealed.commit)
        {
            return Ok(Some(tag));
        }
        match self.make_tag(sealed, named) {
            Ok(tag) => Ok(Some(tag)),
            Err(error) => {
                // A clone of less than everything may lack the commit; others have it.
                let text = format!("The tag {own} could not be made: {error:#}");
                self.core.ctx.detail(text);
                Ok(None)
            }
        }
    }

    /// Keeps a tag that is to be sent again where this clone has none of that name.
    fn keep_tag(self, own: &str, tag: &Oid) -> Result<()> {
        let name = names::tag(own);
        if self.core.store.tag(&name)?.is_none() {
            let made = Update::new(name, None, Some(tag));
            self.core.store.update(&[made])?;
        }
        Ok(())
    }

    /// Whether this person is known to write to the cloud: something there is theirs.
    fn has_written(self, contact: &Contact) -> Result<bool> {
        let Some(me) = self.core.reader() else {
            return Ok(false);
        };
        let store = &self.core.store;
        let tips = contact.cloud.values().take(LOOKED_AT);
        for tip in tips.filter(|tip| store.is_commit(tip)) {
            if store.commit(tip)?.author.is(&me) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
