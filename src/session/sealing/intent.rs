//! A promotion that this clone means: its id, kept until its outcome is known.

use anyhow::Result;

use super::Sealing;
use crate::model::{Oid, Version};
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
    /// Whether a push of it may still land in a cloud that shows `contact`. A ledger never stands again
    /// where it stood, so that a push onto an older tip is over.
    pub(crate) fn may_land(&self, contact: &Contact) -> bool {
        let tip = contact.cloud.get(names::LEDGER).map_or("", Oid::as_str);
        self.over.as_deref().is_none_or(|over| over == tip)
    }

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
