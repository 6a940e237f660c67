//! Going over a whole ledger again: what is valid, what is disputed, and what stands otherwise now than
//! it did when it was sealed.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use chrono::TimeDelta;

use super::Sealing;
use crate::model::disputed::{Act, Rule};
use crate::model::ledger::{Check, Verified, check};
use crate::model::proof::Outcome;
use crate::model::sealed::{Acceptance, Sealed};
use crate::model::signed_by::{Signed, SignedBy, State};
use crate::model::verdict::Gate;
use crate::model::{Oid, Person, Stamp, Version};
use crate::session::core::chain::CHUNK;
use crate::session::core::judge::{Judged, Past};
use crate::session::core::signed_by::Signatures;
use crate::store::ledger::Ledger;
use crate::store::names;
use crate::store::objects::Commit;
use crate::store::raw::malformed;
use crate::store::refs::evolutions;

/// What an audit found.
#[derive(Debug)]
pub(crate) struct Audit {
    pub genesis: Oid,
    /// How many entries there are, the genesis included.
    pub entries: usize,
    /// How many promotions were judged.
    pub promotions: usize,
    /// In the order of the ledger.
    pub findings: Vec<Finding>,
    /// Promotions that passed a gate by a promoter's word alone. A long ledger is not kept in memory
    /// for the others.
    pub excused: Vec<Sealed>,
    /// Who signed the promotions.
    pub signatures: Vec<Signed>,
}

/// Something that does not hold, or is worth a look.
#[derive(Debug)]
pub(crate) struct Finding {
    /// The version, or what else the entry is called.
    pub at: String,
    pub weight: Weight,
    /// The rule that makes the entry disputed.
    pub rule: Option<Rule>,
    pub what: String,
}

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// It does not hold.
    Problem,
    /// It does not hold, and a later promotion does: the project went on.
    Past,
    /// This clone cannot tell.
    Unknown,
    /// It is worth a look.
    Look,
}

/// A finding while the chain is gone through: where the entry stands, and which product's later
/// promotion makes it a thing of the past.
struct Open {
    nth: usize,
    entry: Oid,
    product: Option<Option<String>>,
    finding: Finding,
}

/// How far a clock may be off.
const TOLERANCE: TimeDelta = TimeDelta::days(1);

impl Sealing<'_> {
    /// Checks and judges every entry from the genesis on. What is about `only` alone is told, where a
    /// version is named, and then no later promotion excuses it.
    ///
    /// # Errors
    /// The chain itself cannot be read.
    pub(crate) fn audit(self, ledger: &Ledger, only: Option<&Version>) -> Result<Audit> {
        let chain = self.core.entries(&ledger.tip)?;
        let signatures = Signatures::of(ledger, chain.clone());
        // Who signed an entry with a key that is known to be theirs.
        let mut signers: Vec<Person> = Vec::new();
        let mut audit = Audit {
            genesis: chain[0].clone(),
            entries: chain.len(),
            promotions: 0,
            findings: Vec::new(),
            excused: Vec::new(),
            signatures: Vec::new(),
        };
        let mut found: Vec<Open> = Vec::new();
        // The last promotion of each product that holds.
        let mut good: BTreeMap<Option<String>, usize> = BTreeMap::new();
        let mut standing: Vec<(Version, Oid)> = Vec::new();
        let mut accepted: BTreeMap<Oid, Acceptance> = BTreeMap::new();
        let mut past = Past::of(None, &self.core.config.trust);
        let mut base: Option<Oid> = None;
        let mut before: Option<Stamp> = None;
        let mut counting = self.core.ctx.counting("Judging entries", chain.len());
        for (nth, oid) in chain.iter().enumerate() {
            counting.step();
            if nth % CHUNK == CHUNK - 1 {
                self.core.store.let_go()?;
            }
            let commit = &self.core.store.commit(oid)?;
            let mut tell = |at: &str, product: Option<Option<String>>, weight, rule, what| {
                found.push(Open {
                    nth,
                    entry: oid.clone(),
                    product,
                    finding: Finding {
                        at: at.to_owned(),
                        weight,
                        rule,
                        what,
                    },
                });
            };
            let short = oid.to_string();
            let verified = match self.core.store.entry(commit, base.as_ref()) {
                Ok(entry) => match check(&entry, base.as_ref()) {
                    Check::Valid(verified) => Ok(verified),
                    Check::Invalid(why) | Check::Unknown(why) => Err((Weight::Problem, why)),
                },
                Err(error) => match malformed(error) {
                    Ok(malformed) => Err((Weight::Problem, malformed.to_string())),
                    Err(error) => Err((Weight::Unknown, format!("{error:#}"))),
                },
            };
            let verified = match verified {
                Ok(verified) => verified,
                Err((weight, why)) => {
                    if only.is_none() {
                        tell(&short, None, weight, None, why);
                    }
                    continue;
                }
            };
            let judged = match &base {
                Some(base) => self.core.judge(&mut past, commit, base, &verified)?,
                None => Judged::Holds,
            };
            base = Some(commit.oid.clone());
            let (at, product) = named(&verified, &short);
            let meant = only.is_none_or(|only| is_about(&verified, only));
            if let (true, Verified::Promotion(sealed)) = (meant, &verified) {
                audit.promotions += 1;
                match self.core.signed_by(&signatures, oid) {
                    Ok(by) => {
                        let asked = sealed.gates.iter().any(|said| said.gate == Gate::Signed);
                        let by_name = self.core.is_named_on_purpose(&signatures, oid);
                        let says = by.says();
                        match odd(&by, &sealed.promoter, by_name, &mut signers) {
                            // Where a policy asks for signatures, the gate said it already.
                            Some(weight) if !asked => {
                                tell(&at, None, weight, None, format!("it is {says}"));
                            }
                            Some(_) | None => {}
                        }
                        audit.signatures.push(Signed {
                            version: sealed.version.clone(),
                            promoter: sealed.promoter.clone(),
                            by,
                        });
                    }
                    Err(error) => {
                        let text = format!("Whether {at} is signed is not known: {error:#}");
                        self.core.ctx.detail(text);
                    }
                }
                for what in self.left_out(sealed)? {
                    tell(&at, None, Weight::Look, None, what);
                }
                if !sealed.excuses().is_empty() {
                    audit.excused.push(sealed.clone());
                }
            }
            if meant {
                for what in self.untimely(commit, before.as_ref(), &verified) {
                    tell(&at, None, Weight::Look, None, what);
                }
            }
            before = before.max(Some(commit.at));
            if let (Judged::Trusted(disputed), true) = (&judged, meant) {
                for why in &disputed.why {
                    let what = format!("{why}; this clone was told to trust it (gryt.trust)");
                    tell(&at, None, Weight::Look, None, what);
                }
            }
            match judged {
                Judged::Holds | Judged::Trusted(_) => match verified {
                    Verified::Promotion(sealed) => {
                        good.insert(sealed.version.product().map(str::to_owned), nth);
                        if meant {
                            standing.push((sealed.version, sealed.commit));
                        }
                    }
                    Verified::Accepted(one) => {
                        accepted.entry(one.entry.clone()).or_insert(one);
                    }
                    Verified::Genesis
                    | Verified::Withdrawal(..)
                    | Verified::Import(_)
                    | Verified::Moved(_) => {}
                },
                Judged::Disputed(disputed) if meant => {
                    for why in disputed.why {
                        let rule = Some(why.rule);
                        tell(&at, product.clone(), Weight::Problem, rule, why.why);
                    }
                }
                Judged::Unknown(why) if meant => tell(&at, None, Weight::Unknown, None, why),
                Judged::Disputed(_) | Judged::Unknown(_) => {}
            }
        }
        for one in &mut found {
            // Whoever reads what it was disputed for is to read why that is settled.
            if one.finding.weight == Weight::Problem
                && one.finding.rule.is_some()
                && !past.disputed.contains_key(&one.entry)
                && let Some(accepted) = accepted.get(&one.entry)
            {
                one.finding.weight = Weight::Past;
                let (by, reason) = (&accepted.by, &accepted.reason);
                one.finding.what += &format!(" (accepted by {by}: {reason})");
            }
        }
        for one in &mut found {
            let later = match &one.product {
                Some(product) => good.get(product).copied(),
                None => good.values().max().copied(),
            };
            let settles = one.finding.rule.is_some() || one.product.is_none();
            let is_problem = one.finding.weight == Weight::Problem;
            if only.is_none() && is_problem && settles && later.is_some_and(|at| at > one.nth) {
                one.finding.weight = Weight::Past;
            }
        }
        audit
            .findings
            .extend(found.into_iter().map(|one| one.finding));
        audit.findings.extend(self.now(&standing)?);
        Ok(audit)
    }

    /// Where a clock was wrong, or somebody made it say so.
    fn untimely(self, commit: &Commit, before: Option<&Stamp>, entry: &Verified) -> Vec<String> {
        let now = self.core.ctx.now();
        let mut found = Vec::new();
        let says = match entry {
            Verified::Promotion(sealed) => Some(sealed.promoted_at),
            Verified::Withdrawal(withdrawal, _) => Some(withdrawal.at),
            Verified::Accepted(acceptance) => Some(acceptance.at),
            Verified::Moved(moved) => Some(moved.at),
            Verified::Genesis | Verified::Import(_) => None,
        };
        if says.unwrap_or(commit.at).max(commit.at) > now + TOLERANCE {
            found.push("its time lies ahead".to_owned());
        }
        if before.is_some_and(|before| commit.at + TOLERANCE < *before) {
            found.push("its time lies before that of an earlier entry".to_owned());
        }
        // One that repeats an entry was written later than that; never earlier.
        if says.is_some_and(|says| says > commit.at + TOLERANCE) {
            found.push("it names a time after that of its commit".to_owned());
        }
        found
    }

    /// Failures that were there before a promotion and are not sealed with it, as far as refs still show
    /// them. They may have come too late, so that the entry is not disputed for it.
    fn left_out(self, sealed: &Sealed) -> Result<Vec<String>> {
        let refs = self.core.store.refs()?;
        let mut folded = BTreeSet::new();
        let mut found = BTreeSet::new();
        let cloud = self.core.known_cloud(&refs);
        for (name, tip) in evolutions(refs.local()).chain(evolutions(&cloud)) {
            if name.version != sealed.version || !self.core.store.is_commit(&tip) {
                continue;
            }
            let Ok(attempt) = self.core.store.attempt(&name, &tip)? else {
                continue;
            };
            if folded.is_empty() {
                for folded_one in &sealed.evolutions {
                    folded.insert(self.core.store.root(&folded_one.tip)?);
                }
            }
            let failed = attempt.proof.as_ref().is_some_and(|proof| {
                proof.status == Outcome::Fail
                    && proof.void.is_none()
                    && proof.at <= sealed.promoted_at
            });
            let of_it = attempt.evolution.generation == sealed.generation;
            if failed && of_it && attempt.abandoned.is_none() && !folded.contains(&attempt.root) {
                let by = &attempt.evolution.owner;
                found.insert(format!(
                    "{name} by {by} failed before the promotion, and was left out of it"
                ));
            }
        }
        Ok(found.into_iter().collect())
    }

    /// What stands otherwise now than a release says: its tag, and the branches. Of branches only what a
    /// later release of theirs shows to be up to date says anything.
    fn now(self, standing: &[(Version, Oid)]) -> Result<Vec<Finding>> {
        let mut found = Vec::new();
        let finding = |version: &Version, weight, what| Finding {
            at: version.to_string(),
            weight,
            rule: None,
            what,
        };
        let mut without = Vec::new();
        let mut tagged = 0;
        for (version, commit) in standing.iter().filter(|_| self.core.config.tag) {
            let name = self.core.tag_name(version);
            match self.core.store.tagged_commit(&names::tag(&name))? {
                None => without.push((version, name)),
                Some(at) if at == *commit => tagged += 1,
                Some(at) => {
                    let (at, commit) = (at.short(), commit.short());
                    let what = format!("its tag {name} is at {at}, and {commit} was released");
                    found.push(finding(version, Weight::Problem, what));
                }
            }
        }
        // A clone that took no tags knows nothing of them.
        for (version, name) in without.into_iter().filter(|_| tagged > 0) {
            let what = format!("its tag {name} is not here: git fetch --tags");
            found.push(finding(version, Weight::Look, what));
        }
        let commits: Vec<Oid> = standing.iter().map(|(_, commit)| commit.clone()).collect();
        let beside = self.core.store.on_no_branch(&commits)?;
        let last = standing
            .iter()
            .rposition(|(_, commit)| !beside.contains(commit));
        for (version, commit) in standing.iter().take(last.unwrap_or(0)) {
            if beside.contains(commit) {
                let what = format!("its commit {} is on no branch any more", commit.short());
                found.push(finding(version, Weight::Look, what));
            }
        }
        Ok(found)
    }
}

/// How much a signature weighs that no policy asks for. Whoever signed before is expected to go on with it:
/// an entry in their name that is not signed with a key of theirs may be somebody else's.
fn odd(
    by: &SignedBy,
    promoter: &Person,
    by_name: bool,
    signers: &mut Vec<Person>,
) -> Option<Weight> {
    match by.state {
        State::Own => {
            if !signers.iter().any(|known| known.is(promoter)) {
                signers.push(promoter.clone());
            }
            None
        }
        State::Broken | State::Revoked => Some(Weight::Problem),
        State::Foreign if by_name => Some(Weight::Problem),
        // A key's own name is whatever its holder wrote into it.
        State::Foreign => Some(Weight::Look),
        State::Missing | State::Unknown => signers
            .iter()
            .any(|known| known.is(promoter))
            .then_some(Weight::Problem),
        State::Untimely | State::Untold => None,
    }
}

/// What an entry is called, and the product whose later promotion makes what is wrong with it a thing
/// of the past; none for any.
fn named(verified: &Verified, oid: &str) -> (String, Option<Option<String>>) {
    let product = |version: &Version| Some(version.product().map(str::to_owned));
    match verified {
        Verified::Genesis => (oid.to_owned(), None),
        Verified::Accepted(acceptance) => {
            let entry = acceptance.entry.short();
            (format!("the acceptance of {entry}"), None)
        }
        Verified::Moved(moved) => (Act::Move(moved.half).to_string(), None),
        Verified::Promotion(sealed) => (sealed.version.to_string(), product(&sealed.version)),
        Verified::Withdrawal(withdrawal, _) => {
            let version = &withdrawal.version;
            (format!("the withdrawal of {version}"), product(version))
        }
        Verified::Import(all) => match all.as_slice() {
            [only] => (format!("the import of {}", only.version), None),
            all => (format!("the import of {} versions", all.len()), None),
        },
    }
}

fn is_about(verified: &Verified, only: &Version) -> bool {
    match verified {
        Verified::Genesis | Verified::Accepted(_) | Verified::Moved(_) => false,
        Verified::Promotion(sealed) => sealed.version == *only,
        Verified::Withdrawal(withdrawal, _) => withdrawal.version == *only,
        Verified::Import(all) => all.iter().any(|imported| imported.version == *only),
    }
}
