//! The annotated tag of a release: made here, and sent to the cloud.

use anyhow::Result;

use super::Sealing;
use crate::git::push::Landed;
use crate::git::refs::Update;
use crate::model::named::Named;
use crate::model::push::{Manner, Road};
use crate::model::sealed::Sealed;
use crate::model::tag_format::InTheWay;
use crate::model::{Oid, Version};
use crate::session::Cloud;
use crate::session::cloud::push::{Job, Next};
use crate::session::core::contact::Contact;
use crate::session::core::taken;
use crate::store::names;

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
        let Some(tag) = self.release_tag(sealed, named)? else {
            return Ok(TagState::Refused);
        };
        if self.core.store.tag(&name)?.is_none() {
            self.core
                .store
                .update(&[Update::new(name, None, Some(&tag))])?;
        }
        self.send_tag(contact, &sealed.version, &tag)
    }

    /// The tag of a release: the one that is there, or a new object that no ref names yet. Made
    /// anew it is the same object. None where it cannot be made, which is a warning.
    ///
    /// # Errors
    /// Refs cannot be read.
    pub(crate) fn release_tag(self, sealed: &Sealed, named: &Named) -> Result<Option<Oid>> {
        let version = &sealed.version;
        if let Some(tag) = self
            .core
            .store
            .tag(&names::tag(&self.core.tag_name(version)))?
        {
            return Ok(Some(tag));
        }
        match self.core.store.write_tag(
            sealed,
            &self.core.tag_name(version),
            &named.message(version),
        ) {
            Ok(tag) => Ok(Some(tag)),
            Err(error) => {
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
        let name = names::tag(&own);
        let update = Update::new(name, None, Some(tag));
        let sent = self.cloud.push(contact, &mut Tagging(update))?;
        if !sent.moves.is_empty() {
            return Ok(TagState::Made);
        }
        // What came of it is what the cloud shows, not what was heard.
        let refspec = names::tag_refspec(remote, &own);
        let looked = self.core.remote()?.fetch(&[refspec]);
        self.core.store.look_anew();
        let there = names::remote_tag(remote, &own);
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
                    Some(InTheWay::Same(_)) | None => {
                        format!("The cloud refused the tag {own}; the promotion stands")
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
