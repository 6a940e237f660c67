//! The consequences of a promotion: what happens after the ledger moved, and is done again by a
//! later command where it was cut short.

use std::collections::VecDeque;

use anyhow::Result;

use super::Session;
use super::contact::Contact;
use super::push::{Job, Next};
use crate::git::push::Landed;
use crate::git::refs::Update;
use crate::model::promotion::REFS_A_PUSH;
use crate::model::push::{Manner, Road};
use crate::model::reconcile::Seal;
use crate::model::sealed::Sealed;
use crate::model::{Oid, Version};
use crate::store::names::Shared;
use crate::store::{Refs, names};

impl Session<'_> {
    /// The id of this clone's intent to promote `version`: kept before the first push and used
    /// by every retry, so that a promotion is known as one's own whatever the connection said.
    ///
    /// # Errors
    /// Refs cannot be read or written.
    pub fn intend(&self, version: &Version) -> Result<String> {
        let name = names::promoting(version);
        self.change(|refs| {
            if let Some(id) = self.intent(refs, version)? {
                return Ok((Vec::new(), id));
            }
            let hash = |bytes: &[u8]| crate::store::Store::blob_id(bytes).ok();
            let id = self.ctx.promotion_id(version, hash);
            let blob = self.store.write_blob(id.as_bytes())?;
            Ok((vec![refs.change(&name, Some(&blob))], id))
        })
    }

    /// The id of an intent that was kept.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn intent(&self, refs: &Refs, version: &Version) -> Result<Option<String>> {
        let Some(blob) = refs.get(&names::promoting(version)) else {
            return Ok(None);
        };
        let text = self.store.blob(blob)?;
        Ok(text.map(|text| String::from_utf8_lossy(&text).into_owned()))
    }

    /// Forgets an intent.
    ///
    /// # Errors
    /// Refs cannot be written.
    pub fn forget_intent(&self, version: &Version) -> Result<()> {
        let name = names::promoting(version);
        self.change(|refs| Ok((vec![refs.change(&name, None)], ())))
    }

    /// Finishes promotions that were cut short: those of this clone whose id the ledger holds.
    /// Returns the versions whose outcome is known only now.
    ///
    /// # Errors
    /// Refs cannot be read or written. What the cloud refuses is a warning.
    pub fn resume(&self, contact: &Contact) -> Result<()> {
        let Some(ledger) = contact.ledger() else {
            return Ok(());
        };
        let refs = self.store.refs()?;
        let under_way = refs.below(names::PROMOTING);
        let versions: Vec<Version> = under_way.filter_map(|(v, _)| v.parse().ok()).collect();
        for version in versions {
            let Some(sealed) = self.store.sealed(ledger, &version)? else {
                continue;
            };
            if self.intent(&refs, &version)?.as_deref() == Some(&sealed.promotion) {
                self.ctx.note(format!(
                    "Your promotion of {version} is in the cloud's ledger"
                ));
                self.finish(contact, &sealed)?;
            } else {
                self.ctx.warn(format!(
                    "Your promotion of {version} lost: {} promoted it",
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
    pub fn finish(&self, contact: &Contact, sealed: &Sealed) -> Result<Option<TagState>> {
        self.clear_after(contact, sealed)?;
        let tag = if self.config.tag {
            Some(self.deliver_tag(Some(contact), sealed)?)
        } else {
            None
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
    pub fn clear_after(&self, contact: &Contact, sealed: &Sealed) -> Result<()> {
        self.clear_folded(contact, sealed)?;
        self.name_own_ledger(contact)
    }

    /// Deletes refs of the cloud that `sealed` folded, at the oid where they were seen.
    fn clear_folded(&self, contact: &Contact, sealed: &Sealed) -> Result<()> {
        let of_this = |version: &Version| version == &sealed.version;
        let left = self.clear(contact, &self.folded(contact, of_this)?)?;
        if left > 0 {
            let refs = if left == 1 { "ref" } else { "refs" };
            self.ctx.warn(format!(
                "The cloud still has {left} {refs} of {}: a later push deletes what is left",
                sealed.version
            ));
        }
        Ok(())
    }

    /// Clears what promotions left behind, on the way of a push of something else. What the cloud
    /// refuses stays, without a word: it was told when it was promoted.
    ///
    /// # Errors
    /// Refs cannot be read or written.
    pub fn clear_leftovers(&self, contact: &Contact) -> Result<()> {
        let folded = self.folded(contact, |_| true)?;
        if !folded.is_empty() {
            self.clear(contact, &folded)?;
        }
        Ok(())
    }

    /// The deletions of refs in the cloud that went into a release, or are older than what did.
    fn folded(&self, contact: &Contact, of: impl Fn(&Version) -> bool) -> Result<Vec<Update>> {
        let mut updates = Vec::new();
        let Some(ledger) = contact.ledger() else {
            return Ok(updates);
        };
        for (name, tip) in &contact.cloud {
            let shared = names::shared(name);
            let Some(version) = shared.version().filter(|version| of(version)) else {
                continue;
            };
            if !self.store.is_commit(tip) {
                continue;
            }
            let Some(sealed) = self.store.sealed(ledger, version)? else {
                continue;
            };
            let seal = match &shared {
                Shared::Draft(version) => self.draft_seal(version, Some(tip), Some(&sealed))?,
                Shared::Evolution(name) => self.evolution_seal(name, Some(tip), Some(&sealed))?,
                Shared::Ledger | Shared::Foreign => continue,
            };
            if seal == Seal::Folded {
                updates.push(Update::new(name.clone(), Some(tip), None));
            }
        }
        Ok(updates)
    }

    /// Deletes refs in the cloud, and returns how many stayed. Not atomic: what moved meanwhile is
    /// late and stays, the others go.
    ///
    /// # Errors
    /// Refs cannot be read or written.
    pub fn clear(&self, contact: &Contact, updates: &[Update]) -> Result<usize> {
        let mut clearing = Piecemeal::of(updates);
        self.push(contact, &mut clearing)
    }

    /// Makes the annotated tag of a release and sends it. The ledger has moved by then: whatever
    /// stands in the way of a tag is a warning.
    ///
    /// # Errors
    /// Git cannot be started, or does not know who is at work.
    pub fn deliver_tag(&self, contact: Option<&Contact>, sealed: &Sealed) -> Result<TagState> {
        let name = names::tag(&sealed.version);
        let Some(tag) = self.release_tag(sealed)? else {
            return Ok(TagState::Refused);
        };
        if self.store.tag(&name)?.is_none() {
            self.store.update(&[Update::new(name, None, Some(&tag))])?;
        }
        self.send_tag(contact, &sealed.version, &tag)
    }

    /// The tag of a release: the one that is there, or a new object that no ref names yet. Made
    /// anew it is the same object. None where it cannot be made, which is a warning.
    ///
    /// # Errors
    /// Refs cannot be read.
    pub fn release_tag(&self, sealed: &Sealed) -> Result<Option<Oid>> {
        let version = &sealed.version;
        if let Some(tag) = self.store.tag(&names::tag(version))? {
            return Ok(Some(tag));
        }
        match self.store.write_tag(sealed, &tag_text(version)) {
            Ok(tag) => Ok(Some(tag)),
            Err(error) => {
                let text = format!("The tag {version} could not be made: {error:#}");
                self.ctx.warn(text);
                Ok(None)
            }
        }
    }

    /// Sends a release's tag to the cloud, where there is one.
    ///
    /// # Errors
    /// Git cannot be started. What the cloud refuses is a warning.
    pub fn send_tag(
        &self,
        contact: Option<&Contact>,
        version: &Version,
        tag: &Oid,
    ) -> Result<TagState> {
        let (Some(remote), Some(contact)) = (&self.config.remote, contact) else {
            return Ok(TagState::Made);
        };
        let name = names::tag(version);
        let update = Update::new(name, None, Some(tag));
        let sent = self.push(contact, &mut Tagging(update))?;
        if !sent.moves.is_empty() {
            return Ok(TagState::Made);
        }
        // What came of it is what the cloud shows, not what was heard.
        let refspec = names::tag_refspec(remote, version);
        let looked = self.cloud()?.fetch(&[refspec]);
        self.store.look_anew();
        let there = names::remote_tag(remote, version);
        if looked.is_ok() && self.store.refs()?.get(&there) == Some(tag) {
            return Ok(TagState::Made);
        }
        if looked.is_ok() && sent.whole {
            self.ctx.warn(format!(
                "The cloud refused the tag {version}; the promotion stands"
            ));
            return Ok(TagState::Refused);
        }
        self.ctx.warn(format!(
            "The tag {version} did not reach the cloud; the next sync sends it"
        ));
        Ok(TagState::Waiting)
    }
}

/// What became of a release's tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum TagState {
    /// It is where it belongs.
    Made,
    /// The cloud will not have it.
    Refused,
    /// It will be sent again.
    Waiting,
}

/// What the tag of a release says.
pub(super) fn tag_text(version: &Version) -> String {
    format!("Release {version}\n")
}

/// Refs that go each for itself, as many a push as hosts take.
struct Piecemeal {
    queue: VecDeque<Vec<Update>>,
    /// How many were pushed, and how many of them did not land.
    sent: usize,
    left: usize,
}

impl Piecemeal {
    fn of(updates: &[Update]) -> Self {
        Self {
            queue: updates.chunks(REFS_A_PUSH).map(<[_]>::to_vec).collect(),
            sent: 0,
            left: 0,
        }
    }
}

impl Job for Piecemeal {
    type Value = usize;

    fn manner(&self) -> Manner {
        Manner::Each
    }

    fn plan(&mut self, _: &Session<'_>, _: &Contact, _: Road) -> Result<Next<usize>> {
        let Some(batch) = self.queue.pop_front() else {
            return Ok(Next::Over(self.left));
        };
        self.sent = batch.len();
        Ok(Next::Push(batch))
    }

    fn landed(
        &mut self,
        session: &Session<'_>,
        _: &Contact,
        landed: Landed,
    ) -> Result<Option<usize>> {
        self.left += self.sent - landed.moves.len();
        session.acknowledge(&landed.moves)?;
        Ok(None)
    }
}

/// A release's tag on its way to the cloud.
struct Tagging(Update);

impl Job for Tagging {
    type Value = Landed;

    fn manner(&self) -> Manner {
        Manner::Each
    }

    fn plan(&mut self, _: &Session<'_>, _: &Contact, _: Road) -> Result<Next<Landed>> {
        Ok(Next::Push(vec![self.0.clone()]))
    }

    fn landed(&mut self, _: &Session<'_>, _: &Contact, landed: Landed) -> Result<Option<Landed>> {
        Ok(Some(landed))
    }
}
