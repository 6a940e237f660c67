//! The consequences of a promotion: what happens after the ledger moved, and is done again by a
//! later command where it was cut short.

use anyhow::Result;

use super::Sealing;
use super::tag::TagState;
use crate::model::sealed::Sealed;
use crate::model::{Oid, Version};
use crate::session::core::contact::Contact;
use crate::store::names;

impl Sealing<'_> {
    /// Finishes promotions that were cut short: those of this clone whose id the ledger holds. What
    /// became of each is told.
    ///
    /// # Errors
    /// Refs cannot be read or written. What the cloud refuses is a warning.
    pub(crate) fn resume(self, contact: &Contact) -> Result<()> {
        let Some(ledger) = contact.ledger() else {
            return Ok(());
        };
        self.send_tags_again(contact)?;
        let refs = self.core.store.refs()?;
        let under_way = refs.below(names::PROMOTING);
        let versions: Vec<Version> = under_way.filter_map(|(v, _)| v.parse().ok()).collect();
        for version in versions {
            let Some(kept) = self.intent(&refs, &version)? else {
                continue;
            };
            let Some(sealed) = self.core.store.sealed(ledger, &version)? else {
                if !self.may_land(&kept, contact)? {
                    self.core.ctx.warn(format!(
                        "Your promotion of {version} did not reach the cloud before other entries did, so it failed. To try again: git gryt promote {version}"
                    ));
                    self.forget_intent(&version)?;
                }
                continue;
            };
            if kept.id == sealed.promotion {
                self.core.ctx.note(format!(
                    "{version} is promoted: an earlier promotion of yours, which got no answer, did reach the cloud"
                ));
                self.finish(contact, &sealed)?;
            } else {
                self.core.ctx.warn(format!(
                    "Your promotion of {version} failed: {} promoted it first",
                    sealed.promoter
                ));
                self.forget_intent(&version)?;
            }
        }
        Ok(())
    }

    /// Does what is left of a promotion of this clone's: refs that it folded, and its tag.
    ///
    /// # Errors
    /// Refs cannot be read or written. What the cloud refuses is a warning.
    pub(crate) fn finish(self, contact: &Contact, sealed: &Sealed) -> Result<Option<TagState>> {
        self.clear_after(contact, sealed)?;
        let mut disputed = contact
            .ledger()
            .into_iter()
            .flat_map(|ledger| &ledger.disputed);
        if let Some((entry, _)) = disputed.find(|(_, disputed)| disputed.releases(&sealed.version))
        {
            self.tell_whom_to_trust(&sealed.version, entry);
        }
        let tag = match (self.core.config.tag, &contact.checked) {
            (true, Some(checked)) => {
                let (genesis, tip) = (&checked.genesis, &checked.ledger.base);
                let named = self.core.named(Some(genesis), tip, sealed)?;
                Some(self.deliver_tag(Some(contact), sealed, &named)?)
            }
            _ => None,
        };
        if tag != Some(TagState::Waiting) {
            self.forget_intent(&sealed.version)?;
        }
        Ok(tag)
    }

    /// Clears what the promoting push left: refs that it folded, and the ledger's name unwritten.
    ///
    /// # Errors
    /// Refs cannot be read or written. What the cloud refuses is a warning.
    pub(crate) fn clear_after(self, contact: &Contact, sealed: &Sealed) -> Result<()> {
        self.cloud.clear_folded(contact, sealed)?;
        self.cloud.name_own_ledger(contact)
    }

    /// Says how the others, and this clone, come to count what was promoted although it is disputed.
    pub(crate) fn tell_whom_to_trust(self, version: &Version, entry: &Oid) {
        self.core.ctx.warn(format!(
            "Every clone disputes {version}, including this one. In each clone that is to accept it: git gryt config trust {entry}"
        ));
    }
}
