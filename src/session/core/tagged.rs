//! The entries that tags of releases name (docs/format.md, "Tags").

use std::collections::HashSet;

use anyhow::Result;

use super::Core;
use crate::model::Oid;
use crate::model::named::Named;
use crate::model::sealed::Sealed;
use crate::store::message::header;
use crate::store::names;

impl Core<'_> {
    /// The entry below `tip` that sealed a release, and the ledger that it is of: as known, or looked
    /// for at the end of the chain.
    ///
    /// # Errors
    /// The ledger cannot be read, or does not hold it.
    pub(crate) fn named(&self, known: Option<&Oid>, tip: &Oid, sealed: &Sealed) -> Result<Named> {
        let mut entry = None;
        let mut first = None;
        for commit in self.store.first_parents(tip) {
            let commit = commit.map_err(|error| self.cut(error))?;
            if entry.is_none()
                && header(&commit.message).promotion.as_ref() == Some(&sealed.promotion)
            {
                entry = Some(commit.oid.clone());
            }
            first = Some(commit.oid);
            if entry.is_some() && known.is_some() {
                break;
            }
        }
        match (entry, known.cloned().or(first)) {
            (Some(entry), Some(ledger)) => Ok(Named { ledger, entry }),
            _ => anyhow::bail!(
                "the ledger holds no entry of the promotion of {}",
                sealed.version
            ),
        }
    }

    /// The tags of this clone that name an entry of a ledger which none of its states at `tips` holds.
    ///
    /// # Errors
    /// Tags or the ledger cannot be read.
    pub(crate) fn unmatched_tags(&self, genesis: &Oid, tips: &[&Oid]) -> Result<Vec<String>> {
        let mut naming = Vec::new();
        for name in self.store.tags()? {
            let tag = self.store.tag(&names::tag(&name))?;
            let named = tag.map(|tag| self.store.named_by_tag(&tag)).transpose()?;
            naming.extend(named.flatten().map(|named| (name, named)));
        }
        naming.retain(|(_, named)| named.ledger == *genesis);
        if naming.is_empty() {
            return Ok(Vec::new());
        }
        let mut entries = HashSet::new();
        for commit in tips.iter().flat_map(|tip| self.store.first_parents(tip)) {
            let commit = commit.map_err(|error| self.cut(error))?;
            entries.extend(
                header(&commit.message)
                    .original
                    .and_then(|o| o.parse().ok()),
            );
            entries.insert(commit.oid);
        }
        naming.retain(|(_, named)| !entries.contains(&named.entry));
        Ok(naming.into_iter().map(|(name, _)| name).collect())
    }

    /// Whether a tag of this clone names an entry of any ledger.
    pub(super) fn is_tagged(&self) -> bool {
        let format = &self.config.tag_format;
        let tags = self.store.tags().unwrap_or_default();
        tags.iter()
            .filter(|name| format.version(name).is_some())
            .filter_map(|name| self.store.tag(&names::tag(name)).ok()?)
            .any(|tag| matches!(self.store.named_by_tag(&tag), Ok(Some(_))))
    }

    /// In a clone that verified nothing, tags alone tell of a ledger that was rewound. Anybody can push
    /// a tag, so it is only said.
    pub(super) fn warn_of_unmatched_tags(&self, genesis: &Oid, tip: &Oid) -> Result<()> {
        let tags = self.unmatched_tags(genesis, &[tip])?;
        let (first, count) = match tags.as_slice() {
            [] => return Ok(()),
            [first, ..] => (first, tags.len()),
        };
        let which = match count {
            1 => format!("The tag {first} names an entry"),
            _ => format!("{count} tags, {first} among them, name entries"),
        };
        self.ctx.warn(format!(
            "{which} that the cloud's ledger does not hold: it may have been rewound. Ask who promoted it to \
             type git gryt sync push --republish --dry-run"
        ));
        Ok(())
    }
}
