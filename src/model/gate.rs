//! Gates: what a release must satisfy before it is sealed (docs/policy.md).

use strum::VariantArray;

use super::evolution::{Attempt, Says};
use super::mailmap::People;
use super::policy::Policy;
use super::proof::StepEnd;
use super::rules::RuleSet;
use super::signers::Worth;
use super::signing::{Signing, signed};
use super::standing::{Progress, Standing, standings};
use super::strictness::Strictness;
use super::verdict::{Gate, GateName, Only, Verdict};
use super::{Change, Contract, Oid, Person};

/// What is judged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    pub contract: &'a Contract,
    /// The draft's first commit, and who made it.
    pub generation: &'a Oid,
    pub declared_by: &'a Person,
    pub attempts: &'a [Attempt],
    pub promoter: &'a Person,
    /// Who is who.
    pub people: &'a People,
}

/// Judges by one policy: the gates that always stand, and those that it switches on.
pub(crate) fn judge(
    policy: &Policy,
    rules: RuleSet,
    subject: &Subject<'_>,
    signing: &Signing,
) -> Vec<Verdict> {
    let judged = |gate: &Gate| match weight(*gate, policy, rules) {
        Strictness::Off => None,
        Strictness::Require => Some(verdict(*gate, missing(*gate, policy, subject, signing))),
        Strictness::Warn => {
            let fails = fails_all_the_same(*gate, subject, signing);
            let mut warnings = missing(*gate, policy, subject, signing);
            warnings.retain(|line| !fails.contains(line));
            Some(Verdict {
                warnings,
                ..verdict(*gate, fails)
            })
        }
    };
    Gate::VARIANTS.iter().filter_map(judged).collect()
}

/// What fails a gate that is but to warn.
fn fails_all_the_same(gate: Gate, subject: &Subject<'_>, signing: &Signing) -> Vec<String> {
    match gate {
        Gate::Signed => signed(subject, signing, Worth::is_worse_than_none),
        Gate::HasChanges
        | Gate::ChangesProven
        | Gate::Promoters
        | Gate::MinEvolutions
        | Gate::NoFailedEvolutions
        | Gate::ProofCoversRelease
        | Gate::RequiredSteps
        | Gate::IndependentProof
        | Gate::Versions
        | Gate::PreviousPolicy => Vec::new(),
    }
}

/// How much a policy makes of a gate.
fn weight(gate: Gate, policy: &Policy, rules: RuleSet) -> Strictness {
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
        Gate::RequiredSteps => !gates.required_steps.is_empty(),
        Gate::IndependentProof => gates.independent_proof,
        Gate::Signed => match rules.has_signers() {
            true => return gates.signed.unwrap_or(Strictness::Off),
            false => false,
        },
        Gate::Versions => policy.versions.rules(),
        // It is about there being a policy to judge by: see `excuse::Rules`.
        Gate::PreviousPolicy => false,
    };
    match on {
        true => Strictness::Require,
        false => Strictness::Off,
    }
}

/// What a release lacks for a gate that the policy switches on, a line each.
fn missing(gate: Gate, policy: &Policy, subject: &Subject<'_>, signing: &Signing) -> Vec<String> {
    match gate {
        Gate::HasChanges => has_changes(subject),
        Gate::ChangesProven => changes_proven(subject),
        Gate::Promoters => may_promote(subject, policy.promoters.as_deref().unwrap_or_default()),
        Gate::MinEvolutions => min_evolutions(subject, policy.gates.min_evolutions.unwrap_or(0)),
        Gate::NoFailedEvolutions => no_failed(subject),
        Gate::ProofCoversRelease => covers_release(subject),
        Gate::RequiredSteps => required_steps(subject, policy),
        Gate::IndependentProof => independent_proof(subject),
        Gate::Signed => signed(subject, signing, |worth| !worth.holds()),
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

fn has_changes(subject: &Subject<'_>) -> Vec<String> {
    let version = &subject.contract.version;
    match subject.contract.changes.is_empty() {
        true => vec![format!(
            "{version} declares no change: git gryt generation edit {version} --change TYPE:ID:TITLE"
        )],
        false => Vec::new(),
    }
}

fn changes_proven(subject: &Subject<'_>) -> Vec<String> {
    let version = &subject.contract.version;
    let missing = |standing: &Standing| {
        let id = &standing.change;
        let by = speaker(standing);
        let start = format!("git gryt evolution start {version} --change {id}");
        // Nobody else can go on with an evolution.
        let run = match &standing.owner {
            Some(owner) if owner.is(subject.promoter) => format!("git gryt run --change {id}"),
            Some(_) | None => start.clone(),
        };
        match &standing.progress {
            Progress::Proven | Progress::Elsewhere { .. } => None,
            Progress::NotStarted => Some(format!("{id} is not started: {start}")),
            Progress::Abandoned => Some(format!("{id} was abandoned ({by}): {start}")),
            Progress::Started => Some(format!("{id} is started and not proven ({by}): {run}")),
            Progress::Failed => Some(format!("{id} failed ({by}): {run}")),
            Progress::Stale { why } => Some(format!(
                "{id} passed, and that does not count: {why} ({by}): {run}"
            )),
        }
    };
    let found = standings(subject.contract, subject.generation, subject.attempts);
    found.iter().filter_map(missing).collect()
}

fn speaker(standing: &Standing) -> String {
    match (&standing.owner, standing.number) {
        (Some(owner), Some(number)) => format!("{}, rc.{number}", owner.name),
        _ => String::new(),
    }
}

fn may_promote(subject: &Subject<'_>, promoters: &[String]) -> Vec<String> {
    let promoter = subject.promoter;
    match promoters
        .iter()
        .any(|email| subject.people.has(promoter, email))
    {
        true => Vec::new(),
        false => vec![format!(
            "{promoter} may not promote: ask {}",
            promoters.join(" or ")
        )],
    }
}

/// The attempts of this generation at `change`.
fn at<'a>(
    subject: &Subject<'a>,
    change: &'a Change,
) -> impl Iterator<Item = &'a Attempt> + use<'a> {
    let (attempts, generation) = (subject.attempts, subject.generation);
    attempts
        .iter()
        .filter(move |a| a.name.change.is(&change.id) && a.evolution.generation == *generation)
}

/// Those of them that prove it.
pub(super) fn proving<'a>(
    subject: &Subject<'a>,
    change: &'a Change,
) -> impl Iterator<Item = &'a Attempt> + use<'a> {
    let generation = subject.generation;
    at(subject, change).filter(move |a| a.says(change, generation).passes())
}

/// A line for each change of which `rule` says that something is missing.
fn each<'a>(subject: &Subject<'a>, rule: impl Fn(&'a Change) -> Option<String>) -> Vec<String> {
    subject.contract.changes.iter().filter_map(rule).collect()
}

fn min_evolutions(subject: &Subject<'_>, least: u32) -> Vec<String> {
    let version = &subject.contract.version;
    each(subject, |change| {
        let count = proving(subject, change).count();
        let id = &change.id;
        (count < least as usize).then(|| {
            format!(
                "{id} is proven by {count} of {least} evolutions: git gryt evolution start \
                 {version} --change {id}"
            )
        })
    })
}

fn no_failed(subject: &Subject<'_>) -> Vec<String> {
    let generation = subject.generation;
    each(subject, |change| {
        let failed = at(subject, change)
            .filter(|a| a.says(change, generation) == Says::Fails)
            .max_by_key(|a| a.name.number)?;
        let later = |a: &Attempt| a.name.number > failed.name.number;
        if proving(subject, change).any(later) {
            return None;
        }
        let (id, owner) = (&change.id, &failed.evolution.owner.name);
        Some(format!(
            "{id} failed ({owner}, {}) and none passed since: git gryt run --change {id}",
            failed.name.rc()
        ))
    })
}

fn covers_release(subject: &Subject<'_>) -> Vec<String> {
    let found = standings(subject.contract, subject.generation, subject.attempts);
    let version = &subject.contract.version;
    let say = |standing: &Standing| {
        let Progress::Elsewhere { pull } = standing.progress else {
            return None;
        };
        let (id, by) = (&standing.change, speaker(standing));
        Some(match (pull, &standing.branch) {
            (true, _) => format!(
                "{id} is proven at a commit that the cloud's branch holds and the release does not \
                 ({by}): git pull"
            ),
            (false, Some(branch)) => format!(
                "{id} is proven on {branch}, which is not merged into the release ({by}); if it is \
                 there by other commits, prove it again by git gryt run --uncovered {version}: git \
                 merge {branch}"
            ),
            (false, None) => format!(
                "{id} is proven at a commit that the release does not hold ({by}): git gryt run \
                 --uncovered {version}"
            ),
        })
    };
    found.iter().filter_map(say).collect()
}

fn required_steps(subject: &Subject<'_>, policy: &Policy) -> Vec<String> {
    each(subject, |change| {
        let rules = policy.gates.required_steps.iter();
        let mut steps: Vec<&str> = rules
            .filter(|rule| rule.types.contains(&change.kind))
            .flat_map(|rule| rule.steps.iter().map(String::as_str))
            .filter(|step| !proving(subject, change).any(|a| passed(a, step)))
            .collect();
        steps.sort_unstable();
        steps.dedup();
        let id = &change.id;
        (!steps.is_empty()).then(|| {
            format!(
                "{id} is not proven by {}: git gryt run PIPELINE --change {id}",
                steps.join(", ")
            )
        })
    })
}

/// Whether the attempt's proof has that step, passed.
fn passed(attempt: &Attempt, step: &str) -> bool {
    let steps = attempt.proof.iter().flat_map(|proof| &proof.steps);
    steps
        .filter(|result| result.name.eq_ignore_ascii_case(step))
        .any(|result| result.status == StepEnd::Pass)
}

fn independent_proof(subject: &Subject<'_>) -> Vec<String> {
    let version = &subject.contract.version;
    let found = dependent(subject);
    let say = |(change, assignee): &(&Change, Option<&str>)| {
        let id = &change.id;
        match assignee {
            None => format!(
                "{id} has no assignee to be independent of: git gryt generation edit {version} \
                 --assign {id}=WHO"
            ),
            Some(assignee) => format!(
                "{id} is proven by nobody but {assignee}, whose it is; somebody else proves it \
                 by: git gryt evolution start {version} --change {id}"
            ),
        }
    };
    found.iter().map(say).collect()
}

/// The changes that nobody but their assignees proved, or that have none.
pub(super) fn dependent<'a>(subject: &Subject<'a>) -> Vec<(&'a Change, Option<&'a str>)> {
    let mut found = Vec::new();
    for change in &subject.contract.changes {
        let assignee = change.assignee.as_deref().filter(|a| !a.trim().is_empty());
        let people = subject.people;
        let is_other = |a: &Attempt, who: &str| !people.may_go_by(&a.evolution.owner, who);
        let other = |a: &Attempt| assignee.is_some_and(|who| is_other(a, who));
        if !proving(subject, change).any(other) {
            found.push((change, assignee));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::evolution::Cover;
    use super::super::evolution::tests::attempt;
    use super::super::proof::{Outcome, StepResult};
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
        };
        let verdicts = judge(&policy, RuleSet::CURRENT, &subject, &Signing::default()).into_iter();
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
            "A is proven by nobody but ann",
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
