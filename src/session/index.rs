//! Keeping the cache in step with this clone's ledger.

use anyhow::Result;

use super::Session;
use crate::cache::{Cache, News};
use crate::model::ledger::Release;
use crate::model::{Oid, Version};
use crate::store::Refs;
use crate::store::ledger::Ledger;
use crate::store::message::header;

impl Session<'_> {
    /// The latest releases of this clone's ledger, newest first, at most `count`.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn releases(&self, refs: &Refs, count: usize) -> Result<Vec<Release>> {
        let Some(ledger) = self.ledger(refs)? else {
            return Ok(Vec::new());
        };
        let path = self.store.layout().common_dir.join("gryt").join("cache.db");
        let mut cache = Cache::open(&path)?;
        let known = cache.ledger_tip()?;
        if known.as_ref() != Some(&ledger.tip) {
            let (from, news) = self.news_for_cache(&ledger, known)?;
            cache.extend(from.as_ref(), &ledger.tip, &news)?;
        }
        cache.releases(count)
    }

    /// What the ledger has since `known`, and whether it descends from there at all.
    fn news_for_cache(&self, ledger: &Ledger, known: Option<Oid>) -> Result<(Option<Oid>, News)> {
        let mut news = News::default();
        let mut from = None;
        for commit in self.store.first_parents(&ledger.tip) {
            let commit = commit?;
            if Some(&commit.oid) == known.as_ref() {
                from = known;
                break;
            }
            let header = header(&commit.message)?;
            let Some(Ok(version)) = header.version.map(|v| v.parse::<Version>()) else {
                continue;
            };
            if header.kind.as_deref() == Some("withdrawal") {
                if self.store.withdrawal(ledger, &version)?.is_some() {
                    news.withdrawn.push(version);
                }
                continue;
            }
            // An invalid entry may say anything; the ledger's tree does not hold it.
            let Some(sealed) = self.store.sealed(ledger, &version)? else {
                continue;
            };
            if Some(&sealed.promotion) != header.promotion.as_ref() {
                continue;
            }
            let (_, contract) = self.store.sealed_contract(ledger, &sealed)?;
            let release = Release {
                excuses: sealed.excuses(),
                version: sealed.version,
                description: contract.description,
                commit: sealed.commit,
                promoter: sealed.promoter,
                promoted_at: sealed.promoted_at,
                changes: contract.changes.len(),
                evolutions: sealed.evolutions.len(),
                withdrawn: false,
            };
            news.promoted.push((commit.oid, release));
        }
        news.promoted.reverse();
        Ok((from, news))
    }
}
