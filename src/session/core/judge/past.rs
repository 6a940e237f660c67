//! What an entry is judged against: what the ledger held before it.

use std::collections::{BTreeMap, HashSet};

use anyhow::Result;

use crate::model::dispute::Whose;
use crate::model::ledger::{Kind, Verified};
use crate::model::mailmap::People;
use crate::model::policy::Policy;
use crate::model::rules::RuleSet;
use crate::model::sealed::Sealed;
use crate::model::signers::Blocks;
use crate::model::{Oid, Version};
use crate::session::core::Core;
use crate::store::ledger::{Disputes, Ledger};
use crate::store::message::header;

/// The entries before the one that is judged, as far as judging it needs them.
#[derive(Clone)]
pub(crate) struct Past {
    /// What was judged before this chain; none at the genesis.
    pub(super) start: Option<Ledger>,
    pub disputed: Disputes,
    /// The highest undisputed version of each product, as far as somebody asked.
    pub(super) highest: BTreeMap<Option<String>, Option<Version>>,
    /// The last undisputed promotion.
    pub(super) last: Option<Option<Version>>,
    /// The ids of undisputed promotions.
    pub(super) ids: Option<HashSet<String>>,
    /// The entries that count whatever they are disputed for.
    pub(super) trust: Vec<Oid>,
}

impl Past {
    /// The past of what goes onto `start`; of a genesis without one.
    pub(crate) fn of(start: Option<Ledger>, trust: &[Oid]) -> Self {
        let disputed = start.as_ref().map(|ledger| ledger.disputed.clone());
        Self {
            disputed: disputed.unwrap_or_default(),
            start,
            highest: BTreeMap::new(),
            last: None,
            ids: None,
            trust: trust.to_vec(),
        }
    }

    /// Counts one more entry, whatever it is disputed for.
    pub(crate) fn trust_also(&mut self, entry: &Oid) {
        self.trust.push(entry.clone());
    }
}

impl Core<'_> {
    /// Goes on after an entry that counts.
    pub(super) fn goes_on(&self, past: &mut Past, own: &Ledger, verified: &Verified) -> Result<()> {
        match verified {
            Verified::Promotion(sealed) => self.pass(past, sealed),
            Verified::Accepted(acceptance) => {
                Self::settle(past, own, &acceptance.entry);
                Ok(())
            }
            Verified::Genesis
            | Verified::Withdrawal(..)
            | Verified::Import(_)
            | Verified::Moved(_) => Ok(()),
        }
    }

    /// The policy that says who may write an entry about a product that is no promotion. None where nobody is
    /// kept from it.
    pub(super) fn whose(
        &self,
        past: &mut Past,
        own: &Ledger,
        product: Option<&str>,
    ) -> Result<Option<Whose>> {
        let Some(version) = self.previous_of(past, product)? else {
            return Ok(None);
        };
        let sealed = self.store.sealed(own, &version)?;
        let rules = sealed.as_ref().map_or(RuleSet::FIRST, |s| s.rules);
        let policy = match self.read_policy(own, &version)? {
            Ok(policy) => policy,
            // A later program has to judge, and can.
            Err(_) if rules > RuleSet::CURRENT => Policy::default(),
            // One that nobody can read forbids nothing that it could be asked for.
            Err(_) => return Ok(None),
        };
        Ok(Some(Whose {
            blocks: match policy.signs_anywhere() {
                true => self.blocks([&policy].into_iter())?,
                false => Blocks::new(),
            },
            people: People::by(self.sealed_mailmap(own, &version)?, None),
            version,
            policy,
            rules,
            since: sealed.map(|sealed| sealed.promoted_at),
        }))
    }

    /// Whether an undisputed promotion of the past has that id.
    pub(super) fn is_used(&self, past: &mut Past, id: &str) -> Result<bool> {
        let known = match past.ids.take() {
            Some(known) => known,
            None => match &past.start {
                Some(start) => self.ids(start)?,
                None => HashSet::new(),
            },
        };
        let used = known.contains(id);
        past.ids = Some(known);
        Ok(used)
    }

    /// The ids of the promotions that a ledger holds, but for those that are disputed.
    pub(super) fn ids(&self, ledger: &Ledger) -> Result<HashSet<String>> {
        let mut ids = HashSet::new();
        let mut next = Some(ledger.base.clone());
        // Each valid entry names the valid one before it.
        while let Some(oid) = next {
            let header = header(&self.store.commit(&oid)?.message);
            if header.kind() == Some(Kind::Promotion) && !ledger.disputed.contains_key(&oid) {
                ids.extend(header.promotion);
            }
            next = header.base.map(|base| base.parse()).transpose()?;
        }
        Ok(ids)
    }

    /// The version whose policy is the previous one of a release of a product.
    pub(super) fn previous_of(
        &self,
        past: &mut Past,
        product: Option<&str>,
    ) -> Result<Option<Version>> {
        if let Some(highest) = self.highest_of(past, product)? {
            return Ok(Some(highest));
        }
        if product.is_some()
            && let Some(whole) = self.highest_of(past, None)?
        {
            return Ok(Some(whole));
        }
        let last = match (past.last.take(), &past.start) {
            (Some(last), _) => last,
            (None, Some(start)) => self.store.last_promoted(start)?,
            (None, None) => None,
        };
        past.last = Some(last.clone());
        Ok(last)
    }

    pub(super) fn highest_of(
        &self,
        past: &mut Past,
        product: Option<&str>,
    ) -> Result<Option<Version>> {
        let product = product.map(str::to_owned);
        if let Some(known) = past.highest.get(&product) {
            return Ok(known.clone());
        }
        let highest = match &past.start {
            Some(start) => self.store.highest(start, product.as_deref())?,
            None => None,
        };
        past.highest.insert(product, highest.clone());
        Ok(highest)
    }

    /// Goes on after an acceptance that holds: the entry is disputed no more.
    pub(super) fn settle(past: &mut Past, own: &Ledger, entry: &Oid) {
        if past.disputed.remove(entry).is_some() {
            // What was known of the past is another now.
            let start = Ledger {
                disputed: std::mem::take(&mut past.disputed),
                ..own.clone()
            };
            *past = Past::of(Some(start), &past.trust);
        }
    }

    /// Goes on after a promotion that holds.
    pub(super) fn pass(&self, past: &mut Past, sealed: &Sealed) -> Result<()> {
        let version = &sealed.version;
        let highest = self.highest_of(past, version.product())?;
        if highest.is_none_or(|highest| highest < *version) {
            let product = version.product().map(str::to_owned);
            past.highest.insert(product, Some(version.clone()));
        }
        past.last = Some(Some(version.clone()));
        if let Some(ids) = &mut past.ids {
            ids.insert(sealed.promotion.clone());
        }
        Ok(())
    }
}
