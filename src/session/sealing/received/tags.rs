//! Tags that a push moves: that of a release is made as its entry says, and stays.

use anyhow::Result;

use super::standing::Standing;
use crate::git::refs::Update;
use crate::model::ledger::{Header, Kind};
use crate::model::receive::{Tagged, Wrong, fits};
use crate::model::tag_format;
use crate::model::{Oid, Version};
use crate::session::sealing::Sealing;
use crate::store::message::header;
use crate::store::objects::Commit;

/// An entry that a tag belongs to.
struct Held {
    tagged: Tagged,
    /// Whether the release stands: it is neither disputed nor withdrawn.
    stands: bool,
}

/// What a tag names of the ledgers here.
enum Names {
    /// No entry of theirs.
    Nothing,
    /// One that they do not hold.
    Unheld,
    Held(Held),
}

impl Sealing<'_> {
    /// What is wrong with the move of a tag, beside these ledgers.
    pub(super) fn received_tag(
        self,
        ledgers: &[Standing],
        update: &Update,
    ) -> Result<Option<Wrong>> {
        let short = update.name.trim_start_matches("refs/tags/");
        if update.old == update.new {
            return Ok(None);
        }
        if let Some(old) = &update.old
            && let Names::Held(held) = self.named_here(ledgers, old)?
            && held.stands
            && fits(short, self.core.store.peeled(old)?.as_ref(), &held.tagged).is_none()
        {
            let (version, at) = (held.tagged.version, held.tagged.commit);
            return Ok(Some(Wrong::TagMoved { version, at }));
        }
        let Some(new) = &update.new else {
            return Ok(None);
        };
        match self.named_here(ledgers, new)? {
            Names::Held(held) => {
                let at = self.core.store.peeled(new)?;
                Ok(fits(short, at.as_ref(), &held.tagged))
            }
            Names::Unheld => {
                let why =
                    "it names an entry that the ledger here does not hold: push the ledger first";
                Ok(Some(Wrong::TagUnfit { why: why.into() }))
            }
            Names::Nothing => self.taken(ledgers, short),
        }
    }

    /// The entry that a tag names.
    fn named_here(self, ledgers: &[Standing], tag: &Oid) -> Result<Names> {
        let Some(named) = self.core.store.named_by_tag(tag)? else {
            return Ok(Names::Nothing);
        };
        let mut found = Names::Nothing;
        for standing in ledgers.iter().filter(|one| one.genesis == named.ledger) {
            let is_it = |oid: &Oid, header: &Header| {
                let entry = named.entry.as_str();
                *oid == named.entry || header.original.as_deref() == Some(entry)
            };
            match self.find(standing, is_it)? {
                Some(held) => return Ok(Names::Held(held)),
                None => found = Names::Unheld,
            }
        }
        Ok(found)
    }

    /// The promotion of a ledger that is meant, the last one first.
    fn find(
        self,
        standing: &Standing,
        is_it: impl Fn(&Oid, &Header) -> bool,
    ) -> Result<Option<Held>> {
        let ledger = standing.ledger();
        for commit in self.core.store.first_parents(&standing.tip) {
            let Commit { oid, message, .. } = commit?;
            let header = header(&message);
            if !is_it(&oid, &header) || header.kind() != Some(Kind::Promotion) {
                continue;
            }
            let version = header.version.as_deref().map(str::parse::<Version>);
            let Some(Ok(version)) = version else {
                continue;
            };
            // An invalid entry seals nothing.
            let Some(sealed) = self.core.store.sealed(&ledger, &version)? else {
                continue;
            };
            if Some(&sealed.promotion) != header.promotion.as_ref() {
                continue;
            }
            let stands = !ledger.disputed.contains_key(&oid)
                && self.core.store.withdrawal(&ledger, &version)?.is_none();
            let tagged = Tagged {
                version: sealed.version,
                commit: sealed.commit,
                tag: header.tag,
            };
            return Ok(Some(Held { tagged, stands }));
        }
        Ok(None)
    }

    /// The release whose entry names that tag, where another tag takes its name.
    fn taken(self, ledgers: &[Standing], short: &str) -> Result<Option<Wrong>> {
        let Some(version) = tag_format::of(short, &self.core.config.tag_format) else {
            return Ok(None);
        };
        for standing in ledgers {
            let Some(sealed) = self.core.store.sealed(&standing.ledger(), &version)? else {
                continue;
            };
            let is_it = |_: &Oid, header: &Header| {
                header.promotion.as_deref() == Some(sealed.promotion.as_str())
            };
            if let Some(held) = self.find(standing, is_it)?
                && held.stands
                && held.tagged.tag.as_deref() == Some(short)
            {
                let version = held.tagged.version;
                return Ok(Some(Wrong::TagTaken { version }));
            }
        }
        Ok(None)
    }
}
