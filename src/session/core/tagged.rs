//! The entries that tags of releases name (docs/format.md, "Tags").

use std::collections::HashSet;

use anyhow::Result;

use super::Core;
use crate::model::mailmap::People;
use crate::model::named::Named;
use crate::model::ring::{Ring, not_before};
use crate::model::sealed::Sealed;
use crate::model::signature::Signature;
use crate::model::{Exit, Oid, Person, Refusal};
use crate::store::ledger::Ledger;
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
    /// a tag, so it is only said, unless a promoter signed it.
    ///
    /// # Errors
    /// [`Exit::Rewritten`] where one of them did.
    pub(super) fn heed_unmatched_tags(&self, genesis: &Oid, ledger: &Ledger) -> Result<()> {
        let tags = self.unmatched_tags(genesis, &[&ledger.tip])?;
        let Some(first) = tags.first() else {
            return Ok(());
        };
        for name in &tags {
            let Some(signer) = self.signed_by_promoter(ledger, name)? else {
                continue;
            };
            let what = format!(
                "The cloud's ledger was rewound: the tag {name}, which {signer} signed, names an entry that it \
                 does not hold"
            );
            return Err(Refusal::new(Exit::Rewritten, what)
                .because("Nothing was taken over")
                .because("Whoever promoted it can put back what was lost")
                .then("git gryt sync push --republish --dry-run")
                .into());
        }
        let which = match tags.len() {
            1 => format!("The tag {first} names an entry"),
            count => format!("{count} tags, {first} among them, name entries"),
        };
        self.ctx.warn(format!(
            "{which} that the cloud's ledger does not hold, and no promoter signed it: the ledger may have been \
             rewound, or the tag forged. git tag -d {first} removes it here. If it was promoted, ask who did that \
             to type git gryt sync push --republish --dry-run"
        ));
        Ok(())
    }

    /// The promoter by the sealed policy whose key a tag is signed with.
    fn signed_by_promoter(&self, ledger: &Ledger, name: &str) -> Result<Option<String>> {
        let Some(version) = self.config.tag_format.version(name) else {
            return Ok(None);
        };
        let Some(before) = self.store.previous(ledger, version.product())? else {
            return Ok(None);
        };
        let (Some(tag), Ok(policy)) = (
            self.store.tag(&names::tag(name))?,
            self.sealed_policy(ledger, &before),
        ) else {
            return Ok(None);
        };
        let policy = policy.about(&version);
        let judged = self.blocks([&policy].into_iter()).and_then(|blocks| {
            let signature = self.tag_signature(&tag, &blocks)?;
            Ok((Ring::of(&policy, &blocks), signature))
        });
        let (ring, signature) = match judged {
            Ok(judged) => judged,
            Err(error) => {
                let text = format!("Whether the tag {name} is signed is not known: {error:#}");
                self.ctx.detail(text);
                return Ok(None);
            }
        };
        let Signature::By(key) = &signature else {
            return Ok(None);
        };
        let people = People::by(self.sealed_mailmap(ledger, &before)?, None);
        let since = self.store.sealed(ledger, &before)?;
        let since = since.map(|release| release.promoted_at);
        let at = self.store.tagged_at(&tag)?;
        let at = at.map(|at| not_before(at, since));
        let may = |email: &&str| {
            let holder = Person {
                name: String::new(),
                email: (*email).to_owned(),
            };
            let listed = policy.promoters.as_ref();
            listed.is_none_or(|all| all.iter().any(|email| people.has(&holder, email)))
                && ring.is_of(&signature, email, at.as_ref())
        };
        Ok(ring.holders(key).into_iter().find(may).map(str::to_owned))
    }
}
