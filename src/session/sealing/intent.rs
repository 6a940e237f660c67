//! A promotion that this clone means: its id, kept until its outcome is known.

use anyhow::Result;

use super::Sealing;
use crate::model::Version;
use crate::session::core::contact::Contact;
use crate::store::{Refs, names};

/// What is kept of a promotion under way (docs/format.md, "Local refs"): its id, and on the next line the
/// ledger's tip that it was last to be pushed onto.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub id: String,
    over: Option<String>,
}

impl Kept {
    fn parse(text: &str) -> Self {
        match text.split_once('\n') {
            Some((id, over)) => Self {
                id: id.to_owned(),
                over: Some(over.to_owned()),
            },
            None => Self {
                id: text.to_owned(),
                over: None,
            },
        }
    }

    fn text(&self) -> String {
        match &self.over {
            Some(over) => format!("{}\n{over}", self.id),
            None => self.id.clone(),
        }
    }
}

impl Sealing<'_> {
    /// The id of this clone's intent to promote `version`: kept before each push, with the ledger's tip
    /// that the push is onto, and used by every retry, so that a promotion is known as one's own whatever
    /// the connection said. In local mode nothing is pushed, and nobody asks what it was onto.
    ///
    /// # Errors
    /// Refs cannot be read or written.
    pub(crate) fn intend(self, version: &Version, onto: Option<&Contact>) -> Result<String> {
        let name = names::promoting(version);
        let over = onto.map(|contact| {
            let tip = contact.cloud.get(names::LEDGER);
            tip.map(ToString::to_string).unwrap_or_default()
        });
        self.core.change(|refs| {
            let id = match self.intent(refs, version)? {
                Some(kept) if kept.over == over => return Ok((Vec::new(), kept.id)),
                Some(kept) => kept.id,
                None => {
                    let hash = |bytes: &[u8]| crate::store::Store::blob_id(bytes).ok();
                    self.core.ctx.promotion_id(version, hash)
                }
            };
            let over = over.clone();
            let kept = Kept { id, over };
            let blob = self.core.store.write_blob(kept.text().as_bytes())?;
            Ok((vec![refs.change(&name, Some(&blob))], kept.id))
        })
    }

    /// The id that an earlier run of this CI job gave its promotion of `version`, if there was one: its
    /// workspace may be gone.
    pub(crate) fn derived_id(self, version: &Version) -> Option<String> {
        let hash = |bytes: &[u8]| crate::store::Store::blob_id(bytes).ok();
        self.core.ctx.derived_id(version, hash)
    }

    /// An intent that was kept.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn intent(self, refs: &Refs, version: &Version) -> Result<Option<Kept>> {
        let Some(blob) = refs.get(&names::promoting(version)) else {
            return Ok(None);
        };
        let text = self.core.store.blob(blob)?;
        Ok(text.map(|text| Kept::parse(&String::from_utf8_lossy(&text))))
    }

    /// Whether a push of it may still land in a cloud that shows `contact`. A ledger never stands again where
    /// it stood, so that a push onto an older tip of it is over; a push to another cloud may land there.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(crate) fn may_land(self, kept: &Kept, contact: &Contact) -> Result<bool> {
        let (Some(over), Some(tip)) = (&kept.over, contact.cloud.get(names::LEDGER)) else {
            return Ok(true);
        };
        for entry in self.core.store.first_parents(tip).skip(1) {
            if entry?.oid.as_str() == over {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Forgets an intent.
    ///
    /// # Errors
    /// Refs cannot be written.
    pub(crate) fn forget_intent(self, version: &Version) -> Result<()> {
        let name = names::promoting(version);
        self.core
            .change(|refs| Ok((vec![refs.change(&name, None)], ())))
    }
}
