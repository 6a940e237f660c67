//! What each gate finds missing (docs/policy.md, "The gates").

use super::evolution::{Attempt, Says};
use super::globs::Globs;
use super::policy::Policy;
use super::proof::StepEnd;
use super::standing::{Progress, Standing, standings};
use super::subject::{Subject, at, dependent, each, proving};
use super::{Change, Oid};

pub(super) fn has_changes(subject: &Subject<'_>) -> Vec<String> {
    let version = &subject.contract.version;
    match subject.contract.changes.is_empty() {
        true => vec![format!(
            "{version} declares no change: git gryt generation edit {version} --change TYPE:ID:TITLE"
        )],
        false => Vec::new(),
    }
}

pub(super) fn changes_proven(subject: &Subject<'_>) -> Vec<String> {
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

pub(super) fn may_promote(subject: &Subject<'_>, promoters: &[String]) -> Vec<String> {
    let promoter = subject.promoter;
    match promoters
        .iter()
        .any(|email| subject.people.has(promoter, email))
    {
        true => Vec::new(),
        false => vec![format!(
            "{promoter} is not a promoter: ask {}",
            promoters.join(" or ")
        )],
    }
}

pub(super) fn min_evolutions(subject: &Subject<'_>, least: u32) -> Vec<String> {
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

pub(super) fn no_failed(subject: &Subject<'_>) -> Vec<String> {
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

pub(super) fn covers_release(subject: &Subject<'_>) -> Vec<String> {
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

/// That a proof which counts ran on the release commit's very tree.
pub(super) fn release_commit_proven(subject: &Subject<'_>, tree: Option<&Oid>) -> Vec<String> {
    let version = &subject.contract.version;
    let mut changes = subject.contract.changes.iter();
    let on_it = |a: &Attempt| a.proof.as_ref().map(|proof| &proof.tree) == tree;
    match changes.any(|change| proving(subject, change).any(on_it)) {
        true => Vec::new(),
        false => vec![format!(
            "no proof ran on the release commit's own tree: git gryt run --uncovered {version}"
        )],
    }
}

/// That one of the branches that hold the release commit is one of those that are allowed.
pub(super) fn on_a_branch(allowed: &[String], branches: &[String]) -> Vec<String> {
    let globs = Globs::checked(allowed);
    match branches.iter().any(|branch| globs.name(branch)) {
        true => Vec::new(),
        false => {
            let is = match branches {
                [] => "it is on no branch of the cloud that this clone knows of".to_owned(),
                some => format!("it is on {}", some.join(", ")),
            };
            vec![format!(
                "the release commit has to be on {} in the cloud, and {is}",
                allowed.join(" or ")
            )]
        }
    }
}

pub(super) fn required_steps(subject: &Subject<'_>, policy: &Policy) -> Vec<String> {
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

pub(super) fn independent_proof(subject: &Subject<'_>) -> Vec<String> {
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
                "{id} is proven only by its assignee, {assignee}; somebody else proves it: git \
                 gryt evolution start {version} --change {id}"
            ),
        }
    };
    found.iter().map(say).collect()
}
