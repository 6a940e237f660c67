//! Gathering what a promotion is judged by.

use anyhow::Result;

use crate::model::approval::Agreed;
use crate::model::dispute::{self, Draft, Facts, Later, Original, Tried};
use crate::model::disputed::Dispute;
use crate::model::evolution::Attempt;
use crate::model::mailmap::{Mailmap, People};
use crate::model::policies::Rules;
use crate::model::policy::{self, Policy};
use crate::model::promotion::Release;
use crate::model::rules::RuleSet;
use crate::model::sealed::{POLICY, Sealed};
use crate::model::signature::Signature;
use crate::model::unproven::Fresh;
use crate::model::{Cause, Contract, EvolutionName, Invalid, Oid, Refusal, Version};
use crate::session::core::Core;
use crate::session::core::coverage::Candidate;
use crate::store::draft;
use crate::store::ledger::Ledger;
use crate::store::message::header;
use crate::store::objects::Commit;
use crate::store::raw::malformed;

/// How often a ledger is put back in good faith. Who wrote more has no signature that counts.
const MOST_REPEATED: usize = 100;

/// Why something cannot be told.
pub(super) fn unknown(error: &anyhow::Error) -> String {
    match error.downcast_ref::<Refusal>() {
        Some(refusal) => match refusal.next.first() {
            Some(next) => format!("{}: {next}", refusal.what),
            None => refusal.what.clone(),
        },
        None => format!("{error:#}"),
    }
}

/// Whether an error says that gpg is missing here.
fn is_untold(error: &anyhow::Error) -> bool {
    let refusal = error.downcast_ref::<Refusal>();
    refusal.is_some_and(|refusal| refusal.cause == Cause::NoProgram)
}

/// What a promotion is disputed for, whoever signed it and its proofs: nobody who can push makes a machine
/// without gpg unable to tell of what everybody disputes.
fn whatever_is_signed(facts: &mut Facts<'_>) -> Result<Vec<Dispute>, Later> {
    let each = || {
        let broken = Signature::Broken(String::new());
        [Signature::Due, Signature::Missing, broken]
    };
    let mut found: Option<Vec<Dispute>> = None;
    for entry in each() {
        for proofs in each() {
            facts.rules.signature = entry.clone();
            for tried in facts.evolutions.iter_mut().flatten() {
                tried.attempt.signature = proofs.clone();
            }
            for given in facts.approvals.iter_mut().flatten() {
                given.signature = proofs.clone();
            }
            let so = dispute::promotion(facts, RuleSet::CURRENT)?;
            if so.is_empty() {
                return Ok(so);
            }
            found = Some(match found {
                None => so,
                Some(found) => found.into_iter().filter(|one| so.contains(one)).collect(),
            });
        }
    }
    let found = found.unwrap_or_default();
    Ok(match found.is_empty() {
        true => vec![dispute::whoever_signed()],
        false => found,
    })
}

impl Core<'_> {
    pub(super) fn promotion(
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
                        let mut rules = self.rules_of(sealed, &present, previous.as_ref(), &at)?;
                        let signed = self.first_original(commit, sealed)?;
                        self.sign(&mut rules, sealed, &signed, [].into_iter())?;
                        rules.fresh = self.fresh_of(&rules, sealed, &contract, &evolutions, &at)?;
                        let agreed = self.approved(sealed, &rules, &at)?;
                        Ok(Original {
                            sealed: before,
                            rules,
                            agreed,
                        })
                    }
                    Err(invalid) => Err(invalid.to_string()),
                })
            }
            None => None,
        };
        let mut rules = self.rules_of(sealed, &present, previous, &at_base)?;
        let signed = self.first_original(commit, sealed)?;
        let proven = evolutions.iter_mut().flatten();
        let attempts = proven.map(|tried: &mut Tried| &mut tried.attempt);
        let mut approvals = Vec::new();
        for approved in &sealed.approvals {
            approvals.push(match approved.name(&sealed.version) {
                Some(name) => self.store.approval(&name, &approved.tip)?,
                None => Err(Invalid::new("its email cannot stand in a name")),
            });
        }
        let agreed = Agreed {
            // Which policies were known is told where the original stood.
            repeats: original.is_some(),
            ..self.approved(sealed, &rules, &at_base)?
        };
        let given = approvals.iter_mut().flatten();
        let read = self.sign(&mut rules, sealed, &signed, attempts);
        let read = read.and_then(|()| self.read_approval_signatures(&mut rules, given));
        let untold = match read {
            Ok(()) => None,
            Err(error) if is_untold(&error) => Some(error),
            Err(error) => return Err(error),
        };
        rules.fresh = self.fresh_of(&rules, sealed, &contract, &evolutions, &at_base)?;
        let mut facts = Facts {
            author: &commit.author,
            sealed,
            contract: &contract,
            used,
            policy,
            draft: self.sealed_draft(sealed)?,
            evolutions,
            approvals,
            agreed,
            rules,
            original,
        };
        match untold {
            None => Ok(dispute::promotion(&facts, RuleSet::CURRENT)),
            Some(error) => match whatever_is_signed(&mut facts) {
                Ok(found) if found.is_empty() => Err(error),
                found => Ok(found),
            },
        }
    }

    /// What is known of the commits of a promotion on top of `at`.
    fn fresh_of(
        &self,
        rules: &Rules,
        sealed: &Sealed,
        contract: &Contract,
        evolutions: &[Result<Tried, Invalid>],
        at: &Ledger,
    ) -> Result<Fresh> {
        let sound = evolutions.iter().flatten();
        let attempts: Vec<Attempt> = sound.map(|tried| tried.attempt.clone()).collect();
        let release = Release {
            commit: sealed.commit.clone(),
            tree: sealed.tree.clone(),
        };
        let mut fresh = self.fresh(
            rules,
            Candidate {
                contract,
                generation: &sealed.generation,
                release: &release,
                attempts: &attempts,
                ledger: Some(at),
            },
        )?;
        fresh.believe(sealed.unproven.as_ref());
        Ok(fresh)
    }

    /// What was approved with a release, under these rules on top of `at`.
    fn approved(&self, sealed: &Sealed, rules: &Rules, at: &Ledger) -> Result<Agreed> {
        let tree = self.store.commit(&sealed.draft)?.tree;
        let contract = self.store.at(&tree, draft::FILE)?;
        let release = (&sealed.commit, &sealed.tree);
        self.agreed(&sealed.version, contract, release, rules, Some(at))
    }

    /// The entry whose signature counts: one that repeats another is signed by whoever did that. It may have
    /// been repeated more than once, and says the same each time.
    ///
    /// # Errors
    /// An entry cannot be read.
    pub(in crate::session::core) fn first_original(
        &self,
        entry: &Commit,
        sealed: &Sealed,
    ) -> Result<Oid> {
        let mut at = entry.clone();
        for _ in 0..MOST_REPEATED {
            // Nobody can be made to look for what an entry does not hold.
            let original = header(&at.message).original;
            let original = original.and_then(|oid| oid.parse::<Oid>().ok());
            let Some(next) = original.filter(|next| at.parents.contains(next)) else {
                break;
            };
            match self.store.repeated(&next, &sealed.version)? {
                Ok((before, _)) if before == *sealed => {}
                Ok(_) | Err(_) => break,
            }
            at = self.store.commit(&next)?;
        }
        Ok(at.oid)
    }

    /// Reads the signatures that the rules ask for: that of the entry, and those of its proofs.
    fn sign<'a>(
        &self,
        rules: &mut Rules,
        sealed: &Sealed,
        entry: &Oid,
        attempts: impl Iterator<Item = &'a mut Attempt>,
    ) -> Result<()> {
        rules.at = Some(sealed.promoted_at);
        self.read_signatures(rules, attempts)?;
        if rules.ask_for_signatures() {
            rules.signature = self.signature(entry, &rules.blocks)?;
        }
        Ok(())
    }

    /// The policies that a promotion is judged by on top of `at`.
    pub(super) fn rules_of(
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
            rules.join_by_keys();
            return Ok(rules);
        };
        let before = match sealed.rules.has_mailmaps() {
            true => self.sealed_mailmap(at, version)?,
            false => Mailmap::default(),
        };
        rules.people = People::by(own, Some(before));
        let release = self.store.sealed(at, version)?;
        rules.before = release.as_ref().map(|release| release.rules);
        rules.since = release.map(|release| release.promoted_at);
        match self.read_policy(at, version)? {
            Ok(policy) => {
                let policy = policy.sealed_about(&sealed.version, version);
                rules.previous = Some((version.clone(), policy));
            }
            Err(why) => rules.unreadable = Some(why),
        }
        rules.join_by_keys();
        Ok(rules)
    }

    /// The policy sealed with `version`; or why it cannot be read.
    pub(super) fn read_policy(
        &self,
        at: &Ledger,
        version: &Version,
    ) -> Result<Result<Policy, String>> {
        match self.sealed_policy(at, version) {
            Ok(policy) => Ok(Ok(policy)),
            Err(error) => Ok(Err(error.downcast::<Refusal>()?.what)),
        }
    }

    /// The policy that was sealed with a promotion, and what is wrong with it.
    pub(super) fn own_policy(
        &self,
        own: &Ledger,
        sealed: &Sealed,
    ) -> Result<(Policy, Option<String>)> {
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
            .then_some("the mailmap that the entry names is not the release commit's"));
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

    pub(super) fn sealed_draft(&self, sealed: &Sealed) -> Result<Draft> {
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
    pub(super) fn tried(
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
