//! Judging valid entries: what each is disputed for (`model::dispute`), over facts gathered from the
//! objects that it reaches and from the entries before it.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashSet};

use anyhow::Result;

use super::Core;
use crate::model::dispute::{self, Deed, Draft, Facts, Later, Original, Tried, Whose};
use crate::model::disputed::{Act, Dispute, Disputed};
use crate::model::excuse::Rules;
use crate::model::ledger::{Kind, Verified};
use crate::model::mailmap::{Mailmap, People};
use crate::model::moved::Half;
use crate::model::policy::{self, Policy};
use crate::model::rules::RuleSet;
use crate::model::sealed::{POLICY, Sealed};
use crate::model::{EvolutionName, Invalid, Oid, Person, Refusal, Version};
use crate::store::draft;
use crate::store::ledger::{Disputes, Ledger};
use crate::store::message::header;
use crate::store::objects::{Commit, malformed};

/// What came of judging one entry.
#[derive(Clone, Debug)]
pub(crate) enum Judged {
    Holds,
    Disputed(Disputed),
    /// It is disputed, and counts in this clone all the same, which was told to trust it.
    Trusted(Disputed),
    /// This clone cannot tell: objects are not here, or a later program has to judge it.
    Unknown(String),
}

/// The entries before the one that is judged, as far as judging it needs them.
pub(crate) struct Past {
    /// What was judged before this chain; none at the genesis.
    start: Option<Ledger>,
    pub disputed: Disputes,
    /// The highest undisputed version of each product, as far as somebody asked.
    highest: BTreeMap<Option<String>, Option<Version>>,
    /// The last undisputed promotion.
    last: Option<Option<Version>>,
    /// The ids of undisputed promotions.
    ids: Option<HashSet<String>>,
    /// The entries that count whatever they are disputed for.
    trust: Vec<Oid>,
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
}

impl Core<'_> {
    /// Judges the valid entry `commit`, which goes onto `base`, and goes on to what follows it.
    ///
    /// # Errors
    /// The past cannot be read.
    pub(crate) fn judge(
        &self,
        past: &mut Past,
        commit: &Commit,
        base: &Oid,
        verified: &Verified,
    ) -> Result<Judged> {
        let own = Ledger {
            disputed: past.disputed.clone(),
            ..Ledger::new(commit.oid.clone(), commit.oid.clone())
        };
        let found = self.against(past, commit, base, &own, verified);
        let (why, later) = match found {
            Ok(Ok(why)) => (why, None),
            Ok(Err(later)) => (vec![dispute::by_later(later)], Some(later)),
            Err(error) => {
                // Objects that are not here speak neither for nor against it.
                self.goes_on(past, &own, verified)?;
                return Ok(Judged::Unknown(unknown(&error)));
            }
        };
        if why.is_empty() {
            self.goes_on(past, &own, verified)?;
            return Ok(Judged::Holds);
        }
        let Some(act) = act(verified) else {
            return Ok(Judged::Holds);
        };
        let disputed = Disputed {
            act,
            by: commit.author.clone(),
            why,
        };
        if past.trust.contains(&commit.oid) {
            self.goes_on(past, &own, verified)?;
            return Ok(Judged::Trusted(disputed));
        }
        past.disputed.insert(commit.oid.clone(), disputed.clone());
        Ok(match later {
            // It counts for nothing here, as what is disputed does, until a later program judges it.
            Some(Later(rules)) => Judged::Unknown(format!(
                "this git-gryt cannot judge it: install one that knows rules {rules}"
            )),
            None => Judged::Disputed(disputed),
        })
    }

    /// Goes on after an entry that counts.
    fn goes_on(&self, past: &mut Past, own: &Ledger, verified: &Verified) -> Result<()> {
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

    /// What speaks against an entry.
    fn against(
        &self,
        past: &mut Past,
        commit: &Commit,
        base: &Oid,
        own: &Ledger,
        verified: &Verified,
    ) -> Result<Result<Vec<Dispute>, Later>> {
        // An entry that is no promotion: who it says did it, and what it is about.
        let (by, about): (Option<&Person>, Vec<Option<Version>>) = match verified {
            Verified::Genesis => return Ok(Ok(Vec::new())),
            Verified::Promotion(sealed) => {
                let used = self.is_used(past, &sealed.promotion)?;
                let previous = self.previous_of(past, sealed.version.product())?;
                return self.promotion(commit, base, own, sealed, used, previous.as_ref());
            }
            Verified::Withdrawal(withdrawal, _) => {
                (Some(&withdrawal.by), vec![Some(withdrawal.version.clone())])
            }
            Verified::Accepted(acceptance) => {
                let about = past.disputed.get(&acceptance.entry);
                let versions = about.map(Disputed::about).unwrap_or_default();
                // One that is about no version is about the project.
                let about = match versions.is_empty() {
                    true => vec![None],
                    false => versions.into_iter().cloned().map(Some).collect(),
                };
                (Some(&acceptance.by), about)
            }
            Verified::Moved(moved) => match moved.half {
                Half::Left => (Some(&moved.by), vec![None]),
                // Once it has left, any clone may fill the new place.
                Half::Arrived => (Some(&moved.by), Vec::new()),
            },
            // Who is said to have released what is imported is whoever did, long ago.
            Verified::Import(all) => (None, all.iter().map(|i| Some(i.version.clone())).collect()),
        };
        let deed = Deed {
            author: &commit.author,
            rules: RuleSet::named(header(&commit.message).rules.as_deref()),
            by,
        };
        let latest = RuleSet::CURRENT;
        if about.is_empty() {
            return Ok(dispute::deed(&deed, None, None, latest));
        }
        let mut found = Vec::new();
        let mut policies: BTreeMap<Option<String>, Option<Whose>> = BTreeMap::new();
        for version in &about {
            let product = version.as_ref().and_then(Version::product);
            let whose = match policies.entry(product.map(str::to_owned)) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => unknown.insert(self.whose(past, own, product)?),
            };
            match dispute::deed(&deed, version.as_ref(), whose.as_ref(), latest) {
                Ok(more) => {
                    for one in more {
                        if !found.contains(&one) {
                            found.push(one);
                        }
                    }
                }
                Err(later) => return Ok(Err(later)),
            }
        }
        Ok(Ok(found))
    }

    /// The policy that says who may write an entry about a product that is no promotion. None where nobody is
    /// kept from it.
    fn whose(&self, past: &mut Past, own: &Ledger, product: Option<&str>) -> Result<Option<Whose>> {
        let Some(version) = self.previous_of(past, product)? else {
            return Ok(None);
        };
        let sealed = self.store.sealed(own, &version)?;
        let rules = sealed.map_or(RuleSet::FIRST, |sealed| sealed.rules);
        let policy = match self.read_policy(own, &version)? {
            Ok(policy) => policy,
            // A later program has to judge, and can.
            Err(_) if rules > RuleSet::CURRENT => Policy::default(),
            // One that nobody can read forbids nothing that it could be asked for.
            Err(_) => return Ok(None),
        };
        Ok(Some(Whose {
            people: People::by(self.sealed_mailmap(own, &version)?, None),
            version,
            policy,
            rules,
        }))
    }

    /// Whether an undisputed promotion of the past has that id.
    fn is_used(&self, past: &mut Past, id: &str) -> Result<bool> {
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
    fn ids(&self, ledger: &Ledger) -> Result<HashSet<String>> {
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
    fn previous_of(&self, past: &mut Past, product: Option<&str>) -> Result<Option<Version>> {
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

    fn highest_of(&self, past: &mut Past, product: Option<&str>) -> Result<Option<Version>> {
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
    fn settle(past: &mut Past, own: &Ledger, entry: &Oid) {
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
    fn pass(&self, past: &mut Past, sealed: &Sealed) -> Result<()> {
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

    fn promotion(
        &self,
        commit: &Commit,
        base: &Oid,
        own: &Ledger,
        sealed: &Sealed,
        used: bool,
        previous: Option<&Version>,
    ) -> Result<Result<Vec<Dispute>, Later>> {
        let (_, contract) = self.store.sealed_contract(own, sealed)?;
        let mut evolutions = Vec::new();
        for folded in &sealed.evolutions {
            let name = EvolutionName {
                version: sealed.version.clone(),
                change: folded.change.clone(),
                number: folded.number,
            };
            evolutions.push(self.tried(&name, &folded.tip, &sealed.commit)?);
        }
        let at_base = own.with(base);
        let (present, policy) = self.own_policy(own, sealed)?;
        let original = match header(&commit.message).original {
            Some(original) => {
                let original: Oid = original.parse()?;
                Some(match self.store.repeated(&original, &sealed.version)? {
                    Ok((before, at)) => {
                        // What is disputed there is so here, as far as both are one ledger.
                        let at = Ledger {
                            disputed: own.disputed.clone(),
                            ..at
                        };
                        let product = sealed.version.product();
                        let previous = self.store.previous(&at, product)?;
                        Ok(Original {
                            sealed: before,
                            rules: self.rules_of(sealed, &present, previous.as_ref(), &at)?,
                        })
                    }
                    Err(invalid) => Err(invalid.to_string()),
                })
            }
            None => None,
        };
        let facts = Facts {
            author: &commit.author,
            sealed,
            contract: &contract,
            used,
            policy,
            draft: self.sealed_draft(sealed)?,
            evolutions,
            rules: self.rules_of(sealed, &present, previous, &at_base)?,
            original,
        };
        Ok(dispute::promotion(&facts, RuleSet::CURRENT))
    }

    /// The policies that a promotion is judged by on top of `at`.
    fn rules_of(
        &self,
        sealed: &Sealed,
        present: &Policy,
        previous: Option<&Version>,
        at: &Ledger,
    ) -> Result<Rules> {
        let mut rules = Rules {
            by: sealed.rules,
            present: present.clone(),
            ..Rules::default()
        };
        let own = match sealed.rules.has_mailmaps() {
            true => self.store.mailmap(&sealed.tree)?,
            false => None,
        };
        let own = own.map(|(_, map)| map).unwrap_or_default();
        let Some(version) = previous else {
            rules.people = People::by(own, None);
            return Ok(rules);
        };
        let before = match sealed.rules.has_mailmaps() {
            true => self.sealed_mailmap(at, version)?,
            false => Mailmap::default(),
        };
        rules.people = People::by(own, Some(before));
        rules.before = self.store.sealed(at, version)?.map(|sealed| sealed.rules);
        match self.read_policy(at, version)? {
            Ok(policy) => {
                let policy = policy.sealed_about(&sealed.version, version);
                rules.previous = Some((version.clone(), policy));
            }
            Err(why) => rules.unreadable = Some(why),
        }
        Ok(rules)
    }

    /// The policy sealed with `version`; or why it cannot be read.
    fn read_policy(&self, at: &Ledger, version: &Version) -> Result<Result<Policy, String>> {
        match self.sealed_policy(at, version) {
            Ok(policy) => Ok(Ok(policy)),
            Err(error) => Ok(Err(error.downcast::<Refusal>()?.what)),
        }
    }

    /// The policy that was sealed with a promotion, and what is wrong with it.
    fn own_policy(&self, own: &Ledger, sealed: &Sealed) -> Result<(Policy, Option<String>)> {
        let tree = self.store.commit(&own.base)?.tree;
        let there = self.store.file(&sealed.tree, policy::FILE)?;
        let here = self.store.file(&tree, &sealed.version.path(POLICY))?;
        let wrong = match (&there, &here) {
            (Ok(there), Ok(here)) if there == here => None,
            (Ok(_), Ok(None)) => Some("the policy of the release commit was not sealed with it"),
            (Ok(_), Ok(Some(_))) => Some("the policy that was sealed is not the release commit's"),
            (Err(_), _) => Some("the policy of the release commit cannot be read"),
            (_, Err(_)) => Some("the policy that was sealed cannot be read"),
        };
        let mailmap = self.store.mailmap(&sealed.tree)?.map(|(oid, _)| oid);
        let wrong = wrong.or((sealed.rules.has_mailmaps() && mailmap != sealed.mailmap)
            .then_some("the mailmap that it names is not the release commit's"));
        if let Some(wrong) = wrong {
            // Judged by the stricter words of neither: what is wrong is said already.
            let text = there.ok().flatten().unwrap_or_default();
            let policy = Policy::parse(&text).map(|policy| policy.about(&sealed.version));
            return Ok((policy.unwrap_or_default(), Some(wrong.to_owned())));
        }
        match self.read_policy(own, &sealed.version)? {
            Ok(policy) => Ok((policy.about(&sealed.version), None)),
            Err(why) => Ok((Policy::default(), Some(why))),
        }
    }

    fn sealed_draft(&self, sealed: &Sealed) -> Result<Draft> {
        let tip = self.store.commit(&sealed.draft)?;
        let root = self.store.commit(&self.store.root(&sealed.draft)?)?;
        let files = self.store.list(&tip.tree, "")?;
        Ok(Draft {
            has_nonce: header(&root.message).nonce.is_some(),
            root: root.oid,
            declared_by: root.author,
            version: header(&tip.message).version,
            alone: files.iter().all(|(name, _)| name == draft::FILE),
        })
    }

    /// A folded evolution, with its cover of the release and its proofs.
    fn tried(
        &self,
        name: &EvolutionName,
        tip: &Oid,
        release: &Oid,
    ) -> Result<Result<Tried, Invalid>> {
        let mut attempt = match self.store.attempt(name, tip)? {
            Ok(attempt) => attempt,
            Err(invalid) => return Ok(Err(invalid)),
        };
        let proofs = match self.store.proofs(tip) {
            Ok(Ok(proofs)) => proofs,
            Ok(Err(invalid)) => return Ok(Err(invalid)),
            Err(error) => return Ok(Err(malformed(error)?)),
        };
        self.cover([&mut attempt].into_iter(), release)?;
        Ok(Ok(Tried { attempt, proofs }))
    }
}

/// Why something cannot be told.
fn unknown(error: &anyhow::Error) -> String {
    match error.downcast_ref::<Refusal>() {
        Some(refusal) => match refusal.next.first() {
            Some(next) => format!("{}: {next}", refusal.what),
            None => refusal.what.clone(),
        },
        None => format!("{error:#}"),
    }
}

/// What an entry does; a genesis does nothing.
fn act(verified: &Verified) -> Option<Act> {
    Some(match verified {
        Verified::Promotion(sealed) => Act::Promotion(sealed.version.clone()),
        Verified::Withdrawal(withdrawal, number) => Act::Withdrawal {
            version: withdrawal.version.clone(),
            number: *number,
        },
        Verified::Import(all) => Act::Import(all.iter().map(|i| i.version.clone()).collect()),
        Verified::Accepted(acceptance) => Act::Acceptance(acceptance.entry.clone()),
        Verified::Moved(moved) => Act::Move(moved.half),
        Verified::Genesis => return None,
    })
}
