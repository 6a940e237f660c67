//! The two policies that a release is judged by, and what they come to (docs/policy.md, "Two policies").

use super::approval::{Agreed, Given};
use super::evolution::Attempt;
use super::gate::{New, combine, judge, unsigned, verdict};
use super::mailmap::People;
use super::recorders;
use super::ring::{self, Ring, not_before};
use super::rules::RuleSet;
use super::signature::Signature;
use super::signers::Blocks;
use super::signing::{Signing, Unsigned};
use super::strictness::Strictness;
use super::subject::Subject;
use super::unproven::Fresh;
use super::verdict::{Gate, Only, Verdict};
use super::{Oid, Person, Policy, Refusal, Stamp, Version};
use std::collections::BTreeSet;

/// The policies that a release is judged by.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    pub by: RuleSet,
    /// The one at the release commit.
    pub present: Policy,
    /// The one sealed with the previous promotion; none before the first.
    pub previous: Option<(Version, Policy)>,
    /// Why the one sealed with the previous promotion cannot be read: somebody sealed it around
    /// git gryt, or with a later one. It stops a release until it is overridden.
    pub unreadable: Option<String>,
    /// The rules that the previous promotion was judged by.
    pub before: Option<RuleSet>,
    /// Who is who, by the mailmaps of both.
    pub people: People,
    /// The mailmap of the release commit.
    pub mailmap: Option<Oid>,
    /// When the previous promotion says that it was promoted.
    pub since: Option<Stamp>,
    /// The entry's signature, and the time that it names.
    pub signature: Signature,
    pub at: Option<Stamp>,
    /// What gpg says of the keys that the two policies name.
    pub blocks: Blocks,
    /// What is known of the release's commits.
    pub fresh: Fresh,
}

impl Rules {
    /// What signatures are judged by: by the release's own policy, and by the previous one.
    fn signings(&self) -> (Signing, Option<Signing>) {
        let own = self.ring(&self.present);
        let Some((version, policy)) = &self.previous else {
            return (self.signing((own.clone(), own.clone()), own, None), None);
        };
        let before = self.ring(policy);
        let both = Some((version.clone(), before.clone()));
        // A key that the branch brings counts for proofs at once, and for entries from the next
        // release on. Where no key was named before, nothing is let go of by these.
        let entry = match before.is_empty() {
            true => own.clone(),
            false => own.clone().also_in(&before),
        };
        let present = self.signing((entry, own.clone()), own.clone(), both.clone());
        let proofs = before.clone().with(&own);
        (present, Some(self.signing((before, proofs), own, both)))
    }

    /// Judges by both policies.
    pub(crate) fn judge(&self, subject: &Subject<'_>) -> Vec<Verdict> {
        let agreed = &self.agreed(subject);
        let subject = &Subject {
            people: &self.people,
            agreed,
            ..*subject
        };
        let (keys, keys_before) = self.signings();
        let by = |policy| recorders::heard(subject.attempts, policy, self.by, &self.people);
        let heard = by(&self.present);
        let attempts = &heard;
        let new = New {
            commits: &self.fresh.present,
            fresh: &self.fresh,
        };
        let by_present = &Subject {
            attempts,
            ..*subject
        };
        let present = judge(&self.present, self.by, by_present, &keys, &new);
        let mut verdicts = match (&self.previous, keys_before) {
            (Some((_, policy)), Some(keys)) => {
                let heard = by(policy);
                let by_previous = &Subject {
                    attempts: &heard,
                    ..*subject
                };
                let new = New {
                    commits: &self.fresh.previous,
                    ..new
                };
                combine(&present, &judge(policy, self.by, by_previous, &keys, &new))
            }
            _ => present,
        };
        verdicts.extend(self.unreadable.as_ref().map(|why| Verdict {
            only: Some(Only::Previous),
            ..verdict(Gate::PreviousPolicy, vec![why.clone()])
        }));
        verdicts
    }

    /// The policy at the release commit, and the previous one where there is one.
    fn policies(&self) -> impl Iterator<Item = &Policy> {
        let previous = self.previous.iter().map(|(_, policy)| policy);
        std::iter::once(&self.present).chain(previous)
    }

    /// What each policy finds in what was said of a release.
    fn by_each<T>(
        &self,
        subject: &Subject<'_>,
        find: impl Fn(&Agreed, &Subject<'_>, &Policy) -> Vec<T>,
    ) -> Vec<T> {
        let agreed = &self.agreed(subject);
        let subject = &Subject {
            people: &self.people,
            agreed,
            ..*subject
        };
        self.policies()
            .flat_map(|policy| find(agreed, subject, policy))
            .collect()
    }

    /// What was said of the release, under these policies.
    fn agreed(&self, subject: &Subject<'_>) -> Agreed {
        let previous = self.previous.as_ref().map(|(_, policy)| policy);
        let mut agreed = Agreed {
            present: self.present.clone(),
            previous: previous.cloned(),
            ..subject.agreed.clone()
        };
        if self.ask_for_signatures() {
            let own = self.ring(&self.present);
            let keys = match previous {
                Some(before) if own.is_empty() => self.ring(before),
                Some(_) | None => own,
            };
            let strict = |policy: &Policy| policy.gates.signed == Some(Strictness::Require);
            let strict = self.policies().any(strict);
            agreed.set_unsigned_aside(|given| {
                let (by, at) = (&given.approval.by, Some(&given.approval.at));
                let worth = keys.worth(&given.signature, by, &self.people, at);
                match strict {
                    true => worth.holds(),
                    false => !worth.is_worse_than_none(),
                }
            });
        }
        agreed
    }

    /// The last words on the release that a rule of either policy counts.
    pub(crate) fn counted(&self, subject: &Subject<'_>) -> BTreeSet<Oid> {
        self.by_each(subject, |agreed, subject, policy| {
            Vec::from_iter(agreed.counted(subject, policy))
        })
        .into_iter()
        .collect()
    }

    /// Whom the rules of both policies still ask, by email.
    pub(crate) fn awaited(&self, subject: &Subject<'_>) -> Vec<String> {
        let mut found = self.by_each(subject, |agreed, subject, policy| {
            agreed.awaited(subject, policy)
        });
        found.sort();
        found.dedup();
        found
    }

    /// The rejections that stand by either policy.
    pub(crate) fn rejecting(&self, subject: &Subject<'_>) -> Vec<Given> {
        let all: Vec<Given> = self.by_each(subject, |agreed, subject, policy| {
            agreed
                .rejecting(subject, policy)
                .into_iter()
                .cloned()
                .collect()
        });
        let mut found: Vec<Given> = Vec::new();
        for given in all {
            if !found.contains(&given) {
                found.push(given);
            }
        }
        found
    }

    /// Whether a rule of either policy names that person.
    pub(crate) fn names_approver(&self, who: &Person) -> bool {
        self.policies()
            .any(|policy| policy.names_approver(|email| self.people.has(who, email)))
    }

    /// Whether either policy asks for approvals.
    pub(crate) fn ask_for_approvals(&self) -> bool {
        self.policies().any(|policy| policy.approvals.is_some())
    }

    /// Whose signatures either policy misses.
    pub(crate) fn unsigned(&self, subject: &Subject<'_>) -> Vec<Unsigned> {
        let (present, previous) = self.signings();
        let both = [Some(present), previous].into_iter().flatten();
        both.flat_map(|signing| unsigned(subject, &signing))
            .collect()
    }

    /// The attempts, with what each policy does not hear of them.
    pub(crate) fn heard(&self, attempts: &[Attempt]) -> Vec<Attempt> {
        let mut heard = recorders::heard(attempts, &self.present, self.by, &self.people);
        if let Some((_, policy)) = &self.previous {
            heard = recorders::heard(&heard, policy, self.by, &self.people);
        }
        heard
    }

    /// Takes those for one person, where being another lets something pass, who share a key in one of the
    /// policies.
    pub(crate) fn join_by_keys(&mut self) {
        let pairs = self.policies().flat_map(ring::sharing).collect();
        self.people.share_keys(pairs);
    }

    /// Whether one of the two policies asks for signatures.
    pub(crate) fn ask_for_signatures(&self) -> bool {
        self.by.has_signers() && self.policies().any(Policy::signs)
    }

    pub(super) fn ring(&self, policy: &Policy) -> Ring {
        match self.ask_for_signatures() {
            true => Ring::of(policy, &self.blocks),
            false => Ring::default(),
        }
    }

    fn signing(
        &self,
        (entry_keys, proof_keys): (Ring, Ring),
        present: Ring,
        previous: Option<(Version, Ring)>,
    ) -> Signing {
        Signing {
            entry_keys,
            proof_keys,
            present,
            previous,
            entry: self.signature.clone(),
            at: self.signed_at(),
        }
    }

    /// The time by which the entry's key is judged. Whoever signs names that time, so that it counts as none
    /// before the release that it follows: else a key that is over would sign by naming an earlier one.
    pub(super) fn signed_at(&self) -> Option<Stamp> {
        self.at.map(|at| not_before(at, self.since))
    }

    /// The policies that ask for later rules than these, by name, and which they ask for.
    pub(crate) fn asked_for(&self) -> Vec<(String, RuleSet)> {
        let present = ("The policy at the release commit".to_owned(), &self.present);
        let previous = self.previous.as_ref();
        let previous =
            previous.map(|(version, p)| (format!("The policy sealed with {version}"), p));
        let all = [Some(present), previous].into_iter().flatten();
        let later = all.filter(|(_, policy)| policy.needs > self.by);
        later.map(|(name, policy)| (name, policy.needs)).collect()
    }

    /// The rules that the release before was sealed by, where these are older: whoever could go back to
    /// older rules could let go of what the later ones ask for.
    pub(crate) fn go_back_behind(&self) -> Option<RuleSet> {
        self.before.filter(|before| *before > self.by)
    }

    /// Whether the policy at the release commit, and the previous one, ask for a gate of the moment.
    pub(crate) fn ask_at_the_moment(&self, gate: Gate) -> (bool, bool) {
        let asks =
            |policy: &Policy| gate == Gate::AllowedBranches && policy.allowed_branches.is_some();
        let previous = self.previous.as_ref();
        (
            asks(&self.present),
            previous.is_some_and(|(_, policy)| asks(policy)),
        )
    }

    /// The refusal of a promotion by rules that this program does not know.
    ///
    /// # Errors
    /// [`Exit::Gate`].
    pub(crate) fn known(&self) -> Result<(), Refusal> {
        self.present.known("The policy at the release commit")?;
        if let Some(later) = self.go_back_behind() {
            return Err(later.unknown("The release before this one", "was sealed by"));
        }
        match &self.previous {
            Some((version, policy)) => policy.known(&format!("The policy sealed with {version}")),
            None => Ok(()),
        }
    }

    /// What the policy at the release commit says otherwise than the one before it.
    pub(crate) fn differences(&self) -> Vec<String> {
        match &self.previous {
            Some((_, previous)) => self.present.differences(previous),
            None => Vec::new(),
        }
    }
}
