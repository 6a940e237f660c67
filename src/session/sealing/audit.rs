//! Going over a whole ledger again: what is valid, what its gates come to by the policies that
//! were sealed, and who signed.

use std::collections::BTreeMap;

use anyhow::Result;

use super::Sealing;
use crate::model::excuse::Rules;
use crate::model::gate::Subject;
use crate::model::ledger::{Check, Verified, check};
use crate::model::sealed::Sealed;
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
        let mut last: Option<Version> = None;
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
                let mut wrong = self.judged_again(&at, &sealed, last.as_ref())?;
                wrong.extend(misattributed(commit, &sealed, &signatures));
                audit.promotions += 1;
                last = Some(sealed.version.clone());
                if !wrong.is_empty() || !sealed.excuses().is_empty() {
                    audit.remarkable.push((sealed, wrong));
                }
            } else {
                last = Some(sealed.version);
            }
        }
        Ok(audit)
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
        wrong.extend(unsaid(&verdicts, &sealed.gates));
        Ok(wrong)
    }
}

/// The gates that fail now and were not sealed as failing with an excuse.
fn unsaid(now: &[Verdict], sealed: &[Verdict]) -> Vec<String> {
    let mut wrong = Vec::new();
    for verdict in now.iter().filter(|v| !v.passed) {
        let said = sealed.iter().find(|v| v.gate == verdict.gate);
        if !said.is_some_and(|v| !v.passed && v.excuse.is_some()) {
            let lines = verdict.missing.join("; ");
            wrong.push(format!("the gate {} does not hold: {lines}", verdict.gate));
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
