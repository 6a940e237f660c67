//! A promotion that this clone means: its id, kept until its outcome is known.

use anyhow::Result;

use super::Sealing;
use crate::model::Version;
use crate::store::{Refs, names};

impl Sealing<'_> {
    /// The id of this clone's intent to promote `version`: kept before the first push and used
    /// by every retry, so that a promotion is known as one's own whatever the connection said.
    ///
    /// # Errors
    /// Refs cannot be read or written.
    pub(crate) fn intend(self, version: &Version) -> Result<String> {
        let name = names::promoting(version);
        self.core.change(|refs| {
            if let Some(id) = self.intent(refs, version)? {
                return Ok((Vec::new(), id));
            }
            let hash = |bytes: &[u8]| crate::store::Store::blob_id(bytes).ok();
            let id = self.core.ctx.promotion_id(version, hash);
            let blob = self.core.store.write_blob(id.as_bytes())?;
            Ok((vec![refs.change(&name, Some(&blob))], id))
        })
    }

    /// The id of an intent that was kept.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn intent(self, refs: &Refs, version: &Version) -> Result<Option<String>> {
        let Some(blob) = refs.get(&names::promoting(version)) else {
            return Ok(None);
        };
        let text = self.core.store.blob(blob)?;
        Ok(text.map(|text| String::from_utf8_lossy(&text).into_owned()))
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
