//! The annotated tag of a release: made here, and sent to the cloud.

use anyhow::Result;

use super::Sealing;
use crate::git::push::Landed;
use crate::git::refs::Update;
use crate::model::host::{Ability, How};
use crate::model::named::Named;
use crate::model::push::{Manner, Road};
use crate::model::sealed::Sealed;
use crate::model::tag_format::InTheWay;
use crate::model::untagged::Untagged;
use crate::model::{Oid, Version};
use crate::session::Cloud;
use crate::session::cloud::push::{Job, Next};
use crate::session::core::contact::Contact;
use crate::session::core::taken;
use crate::store::{Refs, names};

impl Sealing<'_> {
    /// Makes the annotated tag of a release and sends it. The ledger has moved by then: whatever
    /// stands in the way of a tag is a warning.
    ///
    /// # Errors
    /// Git cannot be started, or does not know who is at work.
    pub(crate) fn deliver_tag(
        self,
        contact: Option<&Contact>,
        sealed: &Sealed,
        named: &Named,
    ) -> Result<TagState> {
        let name = names::tag(&self.core.tag_name(&sealed.version));
        let Some(tag) = self.tag_after_all(sealed, named)? else {
            return Ok(TagState::Refused);
        };
        if self.core.store.tag(&name)?.is_none() {
            self.core
                .store
                .update(&[Update::new(name, None, Some(&tag))])?;
        }
        self.send_tag(contact, &sealed.version, &tag)
    }

    /// The tag of a release: the one that is here or in the cloud, or a new object that no ref names yet.
    /// Made anew it is the same object, unless its promoter signs it.
    ///
    /// # Errors
    /// It cannot be made.
    pub(crate) fn release_tag(self, sealed: &Sealed, named: &Named) -> Result<Oid> {
        let own = self.core.tag_name(&sealed.version);
        if let Some(tag) = self.core.store.tag(&names::tag(&own))? {
            return Ok(tag);
        }
        if let Some(remote) = &self.core.config.remote
            && let Some(tag) = self
                .core
                .store
                .refs()?
                .get(&names::remote_tag(remote, &own))
            && self.core.store.has(tag)
            && self.core.store.named_by_tag(tag)?.as_ref() == Some(named)
        {
            return Ok(tag.clone());
        }
        self.make_tag(sealed, named)
    }

    /// A release's tag, made anew: signed where that is the promoter's to do, and they sign tags.
    pub(super) fn make_tag(self, sealed: &Sealed, named: &Named) -> Result<Oid> {
        let own = self.core.tag_name(&sealed.version);
        let text = named.message(&sealed.version);
        match self.core.config.sign_tags
            && self.core.reader().is_some_and(|me| sealed.promoter.is(&me))
        {
            true => self.core.store.write_signed_tag(sealed, &own, &text),
            false => self.core.store.write_tag(sealed, &own, &text),
        }
    }

    /// The same once the ledger has moved: that it cannot be made is a warning.
    ///
    /// # Errors
    /// Nothing but what the user ends.
    pub(crate) fn tag_after_all(self, sealed: &Sealed, named: &Named) -> Result<Option<Oid>> {
        match self.release_tag(sealed, named) {
            Ok(tag) => Ok(Some(tag)),
            Err(error) => {
                let version = &sealed.version;
                let text = format!("The tag {version} could not be made: {error:#}");
                self.core.ctx.warn(text);
                Ok(None)
            }
        }
    }

    /// Sends a release's tag to the cloud, where there is one.
    ///
    /// # Errors
    /// Git cannot be started. What the cloud refuses is a warning.
    pub(crate) fn send_tag(
        self,
        contact: Option<&Contact>,
        version: &Version,
        tag: &Oid,
    ) -> Result<TagState> {
        let (Some(remote), Some(contact)) = (&self.core.config.remote, contact) else {
            return Ok(TagState::Made);
        };
        let own = self.core.tag_name(version);
        let there = names::remote_tag(remote, &own);
        if self.core.store.refs()?.get(&there) == Some(tag) {
            return Ok(TagState::Made);
        }
        if !self.core.does(Ability::Tags) {
            self.note_untagged(version)?;
            self.core.ctx.warn(format!(
                "The cloud takes no tags: {own} stays in this clone until it does; the promotion stands"
            ));
            return Ok(TagState::Refused);
        }
        let sent = self.offer(contact, &own, tag)?;
        if !sent.moves.is_empty() {
            return Ok(TagState::Made);
        }
        // What came of it is what the cloud shows, not what was heard.
        let refspec = names::tag_refspec(remote, &own);
        let looked = self.core.remote()?.fetch(&[refspec]);
        self.core.store.look_anew();
        if looked.is_ok() && self.core.store.refs()?.get(&there) == Some(tag) {
            return Ok(TagState::Made);
        }
        if looked.is_ok() && sent.whole {
            let tags = self.core.remote()?.tags().unwrap_or_default();
            let format = &self.core.config.tag_format;
            let names = tags.iter().map(String::as_str);
            self.core
                .ctx
                .warn(match InTheWay::find(names, version, format) {
                    Some(in_the_way @ (InTheWay::Folder(_) | InTheWay::Alike(_))) => {
                        let what = taken::tag_blocked(&own, &in_the_way).what;
                        format!("{what}, in the cloud; the promotion stands")
                    }
                    Some(InTheWay::Same(_)) => {
                        let refs = self.core.store.refs()?;
                        // Only what was looked at is replaced.
                        let lease = match refs.get(&there) {
                            Some(at) => format!("--force-with-lease=refs/tags/{own}:{at}"),
                            None => "--force-with-lease".to_owned(),
                        };
                        format!(
                            "{version} is promoted, and {remote} did not take its tag: it has a different tag {own} already. To replace that one: git push {lease} {remote} refs/tags/{own}"
                        )
                    }
                    None => {
                        self.note_untagged(version)?;
                        format!(
                            "The cloud refused the tag {own}; the promotion stands, and pulls and pushes \
                             send it again"
                        )
                    }
                });
            return Ok(TagState::Refused);
        }
        self.core.ctx.warn(format!(
            "The tag {version} did not reach the cloud; the next sync sends it"
        ));
        Ok(TagState::Waiting)
    }
}

impl Sealing<'_> {
    /// Pushes a tag that the cloud lacks.
    pub(super) fn offer(self, contact: &Contact, own: &str, tag: &Oid) -> Result<Landed> {
        let update = Update::new(names::tag(own), None, Some(tag));
        self.cloud.push(contact, &mut Tagging(update))
    }

    /// Sends the tags of releases that the cloud refused, those whose time has come. What it refuses again
    /// was told.
    ///
    /// # Errors
    /// Refs cannot be read or written, or git cannot be started.
    pub(crate) fn send_tags_again(self, contact: &Contact) -> Result<()> {
        let refs = self.core.store.refs()?;
        let versions = refs.below(names::UNTAGGED);
        let versions: Vec<Version> = versions.filter_map(|(v, _)| v.parse().ok()).collect();
        for version in versions {
            if self.core.is_tag_seen(&refs, &version)? {
                self.forget_untagged(&version)?;
                continue;
            }
            let known = self.untagged(&refs, &version)?;
            if known.is_some_and(|known| !known.is_due(&self.core.ctx.now())) {
                continue;
            }
            let own = self.core.tag_name(&version);
            let Some(tag) = self.core.store.tag(&names::tag(&own))? else {
                // Somebody removed it here.
                self.forget_untagged(&version)?;
                continue;
            };
            let sent = self.offer(contact, &own, &tag)?;
            if !sent.moves.is_empty() {
                self.forget_untagged(&version)?;
                self.core.ctx.note(format!("The cloud took the tag {own}"));
            } else if sent.declined.is_empty() && sent.whole {
                // One of that name is there by now.
                self.forget_untagged(&version)?;
            } else if sent.whole {
                self.note_untagged(&version)?;
            }
        }
        Ok(())
    }

    /// Keeps that the cloud refused the tag of a release. Two releases without a tag show that it takes
    /// none.
    pub(super) fn note_untagged(self, version: &Version) -> Result<()> {
        let name = names::untagged(version);
        let many = self.core.change(|refs| {
            let tries = self.untagged(refs, version)?.map_or(0, |known| known.tries);
            let known = Untagged {
                tries: tries + 1,
                at: self.core.ctx.now(),
            };
            let blob = self.core.store.write_blob(known.text().as_bytes())?;
            let others = refs.below(names::UNTAGGED);
            let others = others.filter(|(other, _)| *other != version.as_str());
            Ok((vec![refs.change(&name, Some(&blob))], 1 + others.count()))
        })?;
        if many > 1 && self.core.does(Ability::Tags) {
            self.core.learn(Ability::Tags, 0, How::Push)?;
        }
        Ok(())
    }

    /// Has the next pull or push send the tags again that the cloud refused: it takes tags by now.
    ///
    /// # Errors
    /// Refs cannot be read or written.
    pub(crate) fn tags_are_due(self) -> Result<()> {
        self.core.change(|refs| {
            let due = Untagged {
                tries: 0,
                at: self.core.ctx.now(),
            };
            let blob = self.core.store.write_blob(due.text().as_bytes())?;
            let owed = refs.below(names::UNTAGGED);
            let owed = owed.map(|(version, _)| format!("{}{version}", names::UNTAGGED));
            let moves = owed.map(|name| refs.change(&name, Some(&blob)));
            Ok((moves.collect(), ()))
        })
    }

    fn untagged(self, refs: &Refs, version: &Version) -> Result<Option<Untagged>> {
        let Some(blob) = refs.get(&names::untagged(version)) else {
            return Ok(None);
        };
        let text = self.core.store.blob(blob)?.unwrap_or_default();
        Ok(Untagged::parse(&String::from_utf8_lossy(&text)))
    }

    fn forget_untagged(self, version: &Version) -> Result<()> {
        let name = names::untagged(version);
        self.core
            .change(|refs| Ok((vec![refs.change(&name, None)], ())))
    }
}

/// What became of a release's tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum TagState {
    /// It is where it belongs.
    Made,
    /// The cloud will not have it.
    Refused,
    /// It will be sent again.
    Waiting,
}

/// A release's tag on its way to the cloud.
struct Tagging(Update);

impl Job for Tagging {
    type Value = Landed;

    fn manner(&self) -> Manner {
        Manner::Each
    }

    fn plan(&mut self, _: Cloud<'_>, _: &Contact, _: Road) -> Result<Next<Landed>> {
        Ok(Next::Push(vec![self.0.clone()]))
    }

    fn landed(&mut self, _: Cloud<'_>, _: &Contact, landed: Landed) -> Result<Option<Landed>> {
        Ok(Some(landed))
    }
}
