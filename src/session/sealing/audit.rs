//! Going over a whole ledger again: what is valid, what its gates come to by the policies that
//! were sealed, and who signed.

use std::collections::BTreeMap;

use anyhow::Result;

use super::Sealing;
use crate::model::excuse::Rules;
use crate::model::gate::Subject;
use crate::model::ledger::{Check, Verified, check};
use crate::model::policy;
use crate::model::sealed::{POLICY, Sealed};
use crate::model::verdict::Verdict;
use crate::model::{EvolutionName, Oid, Refusal, Version};
use crate::session::core::verify::CHUNK;
use crate::store::ledger::Ledger;
use crate::store::objects::Commit;

/// What an audit found.
#[derive(Debug)]
pub(crate) struct Audit {
    pub genesis: Oid,
    /// How many entries there are, the genesis included.
    pub entries: usize,
    /// How many promotions were judged.
    pub promotions: usize,
    /// Those that something is wrong with, or that passed a gate by a promoter's word alone, in the
    /// order of the ledger. A long ledger is not kept in memory for the others.
    pub remarkable: Vec<(Sealed, Vec<String>)>,
    /// Entries that contribute nothing, and why.
    pub invalid: Vec<(Oid, String)>,
}

/// What was promoted before an entry: whose policies it was judged by, too (docs/policy.md, "Two
/// policies").
#[derive(Default)]
pub(super) struct Before {
    /// The highest version of each product.
    highest: BTreeMap<Option<String>, Version>,
    last: Option<Version>,
}

impl Before {
    /// The version whose policy a release of `version` was judged by.
    pub(super) fn of(&self, version: &Version) -> Option<&Version> {
        let product = version.product().map(str::to_owned);
        self.highest.get(&product).or(self.last.as_ref())
    }

    /// Goes on to the next entry.
    pub(super) fn add(&mut self, version: &Version) {
        let product = version.product().map(str::to_owned);
        let highest = self
            .highest
            .entry(product)
            .or_insert_with(|| version.clone());
        if *highest < *version {
            highest.clone_from(version);
        }
        self.last = Some(version.clone());
    }
}

impl Sealing<'_> {
    /// Checks every entry from the genesis on, and judges each promotion again, or the one of
    /// `only`.
    ///
    /// # Errors
    /// An object cannot be read, or an entry is of a later format.
    pub(crate) fn audit(self, ledger: &Ledger, only: Option<&Version>) -> Result<Audit> {
        let chain = self.core.entries(&ledger.tip)?;
        let signatures = self.core.store.signatures(&ledger.tip)?;
        let mut audit = Audit {
            genesis: chain[0].clone(),
            entries: chain.len(),
            promotions: 0,
            remarkable: Vec::new(),
            invalid: Vec::new(),
        };
        let mut base: Option<Oid> = None;
        let mut before = Before::default();
        for (nth, oid) in chain.iter().enumerate() {
            if nth % CHUNK == CHUNK - 1 {
                self.core.store.let_go()?;
            }
            let commit = &self.core.store.commit(oid)?;
            let entry = self.core.store.entry(commit, base.as_ref())?;
            let verified = match check(&entry, base.as_ref()) {
                Check::Valid(verified) => verified,
                Check::Invalid(why) | Check::Unknown(why) => {
                    audit.invalid.push((commit.oid.clone(), why));
                    continue;
                }
            };
            base = Some(commit.oid.clone());
            let Verified::Promotion(sealed) = verified else {
                continue;
            };
            if only.is_none_or(|only| *only == sealed.version) {
                let at = Ledger {
                    tip: commit.oid.clone(),
                    base: commit.oid.clone(),
                };
                let mut wrong = self.judged_again(&at, &sealed, before.of(&sealed.version))?;
                wrong.extend(misattributed(commit, &sealed, &signatures));
                audit.promotions += 1;
                before.add(&sealed.version);
                if !wrong.is_empty() || !sealed.excuses().is_empty() {
                    audit.remarkable.push((sealed, wrong));
                }
            } else {
                before.add(&sealed.version);
            }
        }
        Ok(audit)
    }

    /// Whether the policy of the release commit is the one that was sealed.
    fn unsealed_policy(self, at: &Ledger, sealed: &Sealed) -> Result<Option<String>> {
        let store = &self.core.store;
        let there = store.at(&sealed.tree, policy::FILE)?;
        let tree = store.commit(&at.base)?.tree;
        let own = store.at(&tree, &sealed.version.path(POLICY))?;
        Ok((there != own).then(|| match own {
            None => "the policy of the release commit was not sealed with it".to_owned(),
            Some(_) => "the policy that was sealed is not the release commit's".to_owned(),
        }))
    }

    /// Where the gates come to something else than what was sealed.
    pub(super) fn judged_again(
        self,
        at: &Ledger,
        sealed: &Sealed,
        last: Option<&Version>,
    ) -> Result<Vec<String>> {
        let (_, contract) = self.core.store.sealed_contract(at, sealed)?;
        let mut wrong = Vec::new();
        let mut attempts = Vec::new();
        for folded in &sealed.evolutions {
            let name = EvolutionName {
                version: sealed.version.clone(),
                change: folded.change.clone(),
                number: folded.number,
            };
            match self.core.store.attempt(&name, &folded.tip)? {
                Ok(attempt) => attempts.push(attempt),
                Err(invalid) => wrong.push(format!("{name} does not check: {invalid}")),
            }
        }
        self.core.cover(attempts.iter_mut(), &sealed.commit)?;
        if !sealed.rules.is_known() {
            // Whether it holds is for a later git gryt to tell.
            let text = "by rules of a later version of this program, and was not judged again";
            self.core
                .ctx
                .warn(format!("{} was judged {text}", sealed.version));
            return Ok(wrong);
        }
        let mut rules = Rules {
            by: sealed.rules,
            ..Rules::default()
        };
        let product = sealed.version.product();
        match self.core.sealed_policy(at, &sealed.version, product) {
            Ok(policy) => rules.present = policy,
            Err(error) => wrong.push(error.downcast::<Refusal>()?.what),
        }
        if let Some(version) = last {
            match self.core.sealed_policy(at, version, product) {
                Ok(policy) => rules.previous = Some((version.clone(), policy)),
                Err(error) => rules.unreadable = Some(error.downcast::<Refusal>()?.what),
            }
        }
        let verdicts = rules.judge(&Subject {
            contract: &contract,
            generation: &sealed.generation,
            declared_by: &self.core.store.commit(&sealed.generation)?.author,
            attempts: &attempts,
            promoter: &sealed.promoter,
        });
        wrong.extend(unsaid(&verdicts, &sealed.gates, &rules));
        wrong.extend(self.unsealed_policy(at, sealed)?);
        Ok(wrong)
    }
}

/// The gates that fail now, and were not sealed as failing with an excuse that the policies allow.
fn unsaid(now: &[Verdict], sealed: &[Verdict], rules: &Rules) -> Vec<String> {
    let mut wrong = Vec::new();
    for verdict in now.iter().filter(|v| !v.passed) {
        let said = sealed.iter().find(|v| v.gate == verdict.gate && !v.passed);
        let excuse = said.and_then(|v| v.excuse.as_ref());
        let lines = verdict.missing.join("; ");
        let gate = &verdict.gate;
        match excuse {
            Some(excuse) if rules.allows(verdict, excuse.kind) => {}
            Some(_) => wrong.push(format!(
                "the gate {gate} does not hold, and may not be excused: {lines}"
            )),
            None => wrong.push(format!("the gate {gate} does not hold: {lines}")),
        }
    }
    wrong
}

/// What git says against the entry's signature, and an author who is not the promoter.
fn misattributed(
    commit: &Commit,
    sealed: &Sealed,
    signatures: &BTreeMap<Oid, char>,
) -> Vec<String> {
    let mut wrong = Vec::new();
    if !commit.author.is(&sealed.promoter) {
        wrong.push(format!(
            "{} wrote the entry, which names {} as its promoter",
            commit.author, sealed.promoter
        ));
    }
    if matches!(signatures.get(&commit.oid), Some('B' | 'R')) {
        wrong.push("its signature is bad, or its key was revoked".into());
    }
    wrong
}
