//! Gates: what a release must satisfy before it is sealed (docs/policy.md).

use strum::VariantArray;

use super::policy::Policy;
use super::requirements::{
    changes_proven, covers_release, has_changes, independent_proof, may_promote, min_evolutions,
    no_failed, on_a_branch, release_commit_proven, required_steps,
};
use super::ring::Worth;
use super::rules::RuleSet;
use super::signing::{Signing, Unsigned, lines, signed};
use super::strictness::Strictness;
use super::subject::Subject;
use super::unproven::{self, Fresh, NewCommit};
use super::verdict::{Gate, GateName, Only, Verdict};

/// What is known of the release commit, by the policy that judges it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct New<'a> {
    /// What is new and not covered.
    pub commits: &'a [NewCommit],
    pub fresh: &'a Fresh,
}

/// Judges by one policy: the gates that always stand, and those that it switches on.
pub(crate) fn judge(
    policy: &Policy,
    rules: RuleSet,
    subject: &Subject<'_>,
    signing: &Signing,
    new: &New<'_>,
) -> Vec<Verdict> {
    let judged = |gate: &Gate| match weight(*gate, policy, rules, new) {
        Strictness::Off => None,
        Strictness::Require => Some(verdict(
            *gate,
            missing(*gate, policy, subject, signing, new),
        )),
        Strictness::Warn => {
            let fails = fails_all_the_same(*gate, subject, signing);
            let mut warnings = missing(*gate, policy, subject, signing, new);
            warnings.retain(|line| !fails.contains(line));
            Some(Verdict {
                warnings,
                ..verdict(*gate, fails)
            })
        }
    };
    Gate::VARIANTS.iter().filter_map(judged).collect()
}

/// Whose signatures a policy misses, whether it requires them or not.
pub(super) fn unsigned(subject: &Subject<'_>, signing: &Signing) -> Vec<Unsigned> {
    signed(subject, signing, |worth| !worth.holds())
}

/// What fails a gate that is but to warn.
fn fails_all_the_same(gate: Gate, subject: &Subject<'_>, signing: &Signing) -> Vec<String> {
    match gate {
        Gate::Signed => lines(signed(subject, signing, Worth::is_worse_than_none)),
        Gate::HasChanges
        | Gate::ChangesProven
        | Gate::Promoters
        | Gate::MinEvolutions
        | Gate::NoFailedEvolutions
        | Gate::ProofCoversRelease
        | Gate::UnprovenCommits
        | Gate::ReleaseCommitProven
        | Gate::RequiredSteps
        | Gate::IndependentProof
        | Gate::Approvals
        | Gate::AllowedBranches
        | Gate::Versions
        | Gate::PreviousPolicy => Vec::new(),
    }
}

/// How much a policy makes of a gate.
fn weight(gate: Gate, policy: &Policy, rules: RuleSet, new: &New<'_>) -> Strictness {
    let gates = &policy.gates;
    let on = match gate {
        Gate::HasChanges | Gate::ChangesProven => true,
        Gate::Promoters => policy.promoters.is_some(),
        Gate::MinEvolutions => gates.min_evolutions.is_some(),
        Gate::NoFailedEvolutions => gates.no_failed_evolutions,
        Gate::ProofCoversRelease => {
            let said = gates.proof_covers_release;
            return said.unwrap_or(rules.proof_covers_release());
        }
        Gate::UnprovenCommits => return unproven_commits(policy, rules),
        Gate::ReleaseCommitProven => match rules.has_coverage() {
            true => return gates.release_commit_proven.unwrap_or(Strictness::Off),
            false => false,
        },
        Gate::RequiredSteps => !gates.required_steps.is_empty(),
        Gate::IndependentProof => gates.independent_proof,
        Gate::Approvals => policy.approvals.is_some(),
        Gate::Signed => match rules.has_signers() {
            true => return gates.signed.unwrap_or(Strictness::Off),
            false => false,
        },
        Gate::AllowedBranches => policy.allowed_branches.is_some() && new.fresh.branches.is_some(),
        Gate::Versions => policy.versions.rules(),
        // It is about there being a policy to judge by: see `policies::Rules`.
        Gate::PreviousPolicy => false,
    };
    match on {
        true => Strictness::Require,
        false => Strictness::Off,
    }
}

/// How much a policy makes of new commits that no proof covers.
pub(crate) fn unproven_commits(policy: &Policy, rules: RuleSet) -> Strictness {
    match rules.has_coverage() {
        true => policy.gates.unproven_commits.unwrap_or(Strictness::Warn),
        false => Strictness::Off,
    }
}

/// What a release lacks for a gate that the policy switches on, a line each.
fn missing(
    gate: Gate,
    policy: &Policy,
    subject: &Subject<'_>,
    signing: &Signing,
    new: &New<'_>,
) -> Vec<String> {
    match gate {
        Gate::HasChanges => has_changes(subject),
        Gate::ChangesProven => changes_proven(subject),
        Gate::Promoters => may_promote(subject, policy.promoters.as_deref().unwrap_or_default()),
        Gate::MinEvolutions => min_evolutions(subject, policy.gates.min_evolutions.unwrap_or(0)),
        Gate::NoFailedEvolutions => no_failed(subject),
        Gate::ProofCoversRelease => covers_release(subject),
        Gate::UnprovenCommits => unproven::line(&subject.contract.version, new.commits),
        Gate::ReleaseCommitProven => release_commit_proven(subject, new.fresh.tree.as_ref()),
        Gate::RequiredSteps => required_steps(subject, policy),
        Gate::IndependentProof => independent_proof(subject),
        Gate::Approvals => subject.agreed.missing(subject, policy),
        Gate::Signed => lines(signed(subject, signing, |worth| !worth.holds())),
        Gate::AllowedBranches => {
            let allowed = policy.allowed_branches.as_deref().unwrap_or_default();
            on_a_branch(allowed, new.fresh.branches.as_deref().unwrap_or_default())
        }
        Gate::Versions => {
            let version = &subject.contract.version;
            let checked = policy
                .versions
                .check(version, subject.declared_by, subject.people);
            checked.err().into_iter().collect()
        }
        Gate::PreviousPolicy => Vec::new(),
    }
}

/// The judgement of two policies: a gate passes where it passes both, or where one alone has it
/// and it passes there.
pub(crate) fn combine(present: &[Verdict], previous: &[Verdict]) -> Vec<Verdict> {
    let mut combined = Vec::new();
    for gate in Gate::VARIANTS {
        let find = |verdicts: &[Verdict]| verdicts.iter().find(|v| v.gate == *gate).cloned();
        let one = match (find(present), find(previous)) {
            (Some(now), Some(before)) if now.passed && !before.passed => Verdict {
                only: Some(Only::Previous),
                ..before
            },
            (Some(now), Some(before)) => Verdict {
                only: (!now.passed && before.passed).then_some(Only::Present),
                missing: union(now.missing, before.missing),
                warnings: union(now.warnings, before.warnings),
                ..now
            },
            (Some(now), None) => Verdict {
                only: (!now.passed).then_some(Only::Present),
                ..now
            },
            (None, Some(before)) => Verdict {
                only: (!before.passed).then_some(Only::Previous),
                ..before
            },
            (None, None) => continue,
        };
        combined.push(one);
    }
    combined
}

fn union(mut all: Vec<String>, more: Vec<String>) -> Vec<String> {
    for line in more {
        if !all.contains(&line) {
            all.push(line);
        }
    }
    all
}

/// A gate that passes where nothing is missing.
pub(super) fn verdict(gate: Gate, missing: Vec<String>) -> Verdict {
    Verdict {
        gate: GateName::Known(gate),
        passed: missing.is_empty(),
        missing,
        warnings: Vec::new(),
        only: None,
        excuse: None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::approval::Agreed;
    use super::super::evolution::Attempt;
    use super::super::evolution::Cover;
    use super::super::evolution::tests::attempt;
    use super::super::mailmap::People;
    use super::super::proof::StepEnd;
    use super::super::proof::{Outcome, StepResult};
    use super::super::{Contract, Person};
    use super::*;

    fn contract() -> Contract {
        let text = "version: v1.0.0\nchanges:\n\
                    - {type: add, id: A, title: a, assignee: ann}\n\
                    - {type: fix, id: B, title: b, assignee: bob@example.com}\n";
        Contract::parse(text.as_bytes(), &"v1.0.0".parse().unwrap()).unwrap()
    }

    fn person(name: &str) -> Person {
        Person {
            name: name.into(),
            email: format!("{name}@example.com"),
        }
    }

    fn failing(policy: &str, attempts: &[Attempt]) -> Vec<(String, Vec<String>)> {
        let policy = Policy::parse(policy.as_bytes()).unwrap();
        let generation = format!("{:040x}", 7).parse().unwrap();
        let subject = Subject {
            contract: &contract(),
            generation: &generation,
            declared_by: &person("ann"),
            attempts,
            promoter: &person("lead"),
            people: &People::default(),
            agreed: &Agreed::default(),
        };
        let fresh = Fresh::default();
        let new = New {
            commits: &[],
            fresh: &fresh,
        };
        let signing = Signing::default();
        let verdicts = judge(&policy, RuleSet::CURRENT, &subject, &signing, &new).into_iter();
        verdicts
            .filter(|v| !v.passed)
            .map(|v| (v.gate.to_string(), v.missing))
            .collect()
    }

    fn both(by: [&str; 2]) -> [Attempt; 2] {
        let contract = contract();
        [0, 1].map(|at| attempt(&contract.changes[at], by[at], 1, Some(Outcome::Pass)))
    }

    #[test]
    fn each_gate_fails_for_its_reason_and_names_what_helps() {
        let proven = both(["ann", "cat"]);
        assert!(failing("", &proven).is_empty());
        let one = |policy: &str, attempts: &[Attempt], gate: &str, says: &str| {
            let found = failing(policy, attempts);
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!(found[0].0, gate);
            assert!(found[0].1.join("\n").contains(says), "{found:?}");
        };
        one("", &proven[..1], "changes_proven", "B is not started");
        one("promoters: [x@y.z]", &proven, "promoters", "ask x@y.z");
        one(
            "gates: {min_evolutions: 2}",
            &proven,
            "min_evolutions",
            "A is proven by 1 of 2",
        );
        one(
            "gates: {required_steps: [{types: [fix], steps: [e2e]}]}",
            &proven,
            "required_steps",
            "B is not proven by e2e",
        );
        one(
            "gates: {independent_proof: true}",
            &proven,
            "independent_proof",
            "A is proven only by its assignee, ann",
        );
        one("versions: date", &proven, "versions", "v1.0.0");
    }

    #[test]
    fn a_failure_counts_until_a_later_one_passes() {
        let policy = "gates: {no_failed_evolutions: true}";
        let [a, b] = both(["ann", "cat"]);
        let change = &contract().changes[0];
        let fails = |n| attempt(change, "dan", n, Some(Outcome::Fail));
        assert_eq!(failing(policy, &[a.clone(), b.clone(), fails(2)]).len(), 1);
        let mut later = a.clone();
        later.name.number = 3;
        assert!(failing(policy, &[a, b, fails(2), later]).is_empty());
    }

    #[test]
    fn what_the_release_does_not_hold_is_a_warning_or_a_failure() {
        let [mut a, b] = both(["ann", "cat"]);
        a.cover = Some(Cover::Missing);
        let attempts = [a, b];
        let lax = "gates: {proof_covers_release: warn}";
        assert!(failing(lax, &attempts).is_empty());
        let strict = failing("", &attempts);
        assert_eq!(strict[0].0, "proof_covers_release");
        assert_eq!(strict[0].1.len(), 1);
    }

    #[test]
    fn a_required_step_has_to_have_passed_whoever_ran_it() {
        let policy = "gates: {required_steps: [{types: [add, fix], steps: [e2e]}]}";
        let mut proven = both(["ann", "cat"]);
        for (attempt, status) in proven.iter_mut().zip([StepEnd::Pass, StepEnd::Skipped]) {
            attempt.proof.as_mut().unwrap().steps.push(StepResult {
                name: "E2E".into(),
                status,
                exit: None,
                duration_ms: 0,
                tries: 1,
                allowed: true,
            });
        }
        let found = failing(policy, &proven);
        assert_eq!(found[0].1.len(), 1);
        assert!(found[0].1[0].starts_with("B is"), "{found:?}");
    }

    #[test]
    fn two_policies_both_have_to_be_satisfied_and_it_is_said_which_was_not() {
        let v = |gate: Gate, missing: &[&str]| {
            verdict(gate, missing.iter().map(ToString::to_string).collect())
        };
        let found = combine(
            &[
                v(Gate::HasChanges, &[]),
                v(Gate::Promoters, &["x"]),
                v(Gate::Versions, &["y"]),
            ],
            &[
                v(Gate::HasChanges, &[]),
                v(Gate::Promoters, &[]),
                v(Gate::MinEvolutions, &["z"]),
            ],
        );
        let only: Vec<_> = found.iter().map(|v| (v.gate.to_string(), v.only)).collect();
        assert_eq!(
            only,
            [
                (Gate::HasChanges.to_string(), None),
                (Gate::Promoters.to_string(), Some(Only::Present)),
                (Gate::MinEvolutions.to_string(), Some(Only::Previous)),
                (Gate::Versions.to_string(), Some(Only::Present)),
            ]
        );
        let both = combine(&[v(Gate::Versions, &["y"])], &[v(Gate::Versions, &["z"])]);
        assert_eq!((both[0].only, both[0].missing.len()), (None, 2));
    }
}
