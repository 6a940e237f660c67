//! Who has to do what before a version can be promoted, in which order.

use serde::Serialize;

use super::approval::Given;
use super::promotion::{Draft, Facts};
use super::reconcile::Relation;
use super::signing::Unsigned;
use super::standing::{Progress, Standing, standings};
use super::subject::{Subject, dependent};
use super::verdict::{Gate, Verdict};
use super::{Change, Contract, Exit, Person, Policy, Refusal, Version};

/// One thing to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Step {
    /// Who does it: a name, or an email. None for whoever asks.
    pub who: Option<String>,
    pub what: String,
    /// What that person types.
    pub command: Option<String>,
}

impl Step {
    pub(crate) fn of(
        who: Option<String>,
        what: impl Into<String>,
        command: impl Into<String>,
    ) -> Self {
        Self {
            who,
            what: what.into(),
            command: Some(command.into()),
        }
    }

    /// Whether it is another way to do what the step before it says.
    pub(crate) fn is_alternative(&self) -> bool {
        self.what == OR
    }
}

/// What a step says that is another way to do the one before it.
const OR: &str = "or";

/// The steps that lead to the promotion of `facts.version`, the promotion itself last. `refusal` is
/// what the promotion would meet now; none where nothing stands in its way.
pub(crate) fn steps(facts: &Facts, refusal: Option<&Refusal>) -> Vec<Step> {
    if facts.sealed.is_some() {
        return Vec::new();
    }
    let Some(refusal) = refusal else {
        return vec![promotion(facts)];
    };
    let contract = facts.local.as_ref().map(|local| (local, &local.contract));
    let Some((local, Ok(contract))) = contract else {
        return first(refusal);
    };
    let behind = facts.cloud.as_ref().is_some_and(|cloud| {
        matches!(
            cloud.relation,
            Relation::Behind | Relation::Diverged | Relation::Unrelated
        )
    });
    let mut steps = match behind || facts.tag.is_some() {
        true => first(refusal),
        false => Vec::new(),
    };
    steps.extend(proofs(facts, local, contract));
    steps.extend(gates(facts));
    // Who may promote is said by the last step.
    if steps.is_empty() && refusal.exit != Exit::Gate {
        steps = first(refusal);
    }
    steps.push(promotion(facts));
    steps
}

/// What the refusal itself asks for.
fn first(refusal: &Refusal) -> Vec<Step> {
    let mut steps = vec![Step {
        who: None,
        what: refusal.what.clone(),
        command: refusal.next.first().cloned(),
    }];
    for command in refusal.next.iter().skip(1) {
        steps.push(Step::of(None, OR, command));
    }
    steps
}

fn proofs(facts: &Facts, local: &Draft, contract: &Contract) -> Vec<Step> {
    let attempts: Vec<_> = facts.attempts.iter().map(|(a, _)| a.clone()).collect();
    let attempts = match &facts.rules {
        Ok(rules) => rules.heard(&attempts),
        Err(_) => attempts,
    };
    let found = standings(contract, &local.root, &attempts);
    let named = |person: &Person| named(facts, person);
    let step = |standing: &Standing| {
        let change = contract.change(&standing.change);
        proof(&facts.version, change, standing, &named)
    };
    found.iter().filter_map(step).collect()
}

/// Somebody's name; none where it is whoever asks.
fn named(facts: &Facts, person: &Person) -> Option<String> {
    let is_me = facts.people().same(person, &facts.promoter);
    (!is_me).then(|| person.name.clone())
}

/// Who has to do what so that a change is proven, which its contract has as `change`; none where it is. `named` says somebody's name, and nothing of
/// whoever asks.
pub(crate) fn proof(
    version: &Version,
    change: Option<&Change>,
    standing: &Standing,
    named: &dyn Fn(&Person) -> Option<String>,
) -> Option<Step> {
    let (id, title) = (&standing.change, &standing.title);
    let assignee = change.and_then(|change| change.assignee.clone());
    let owner = standing.owner.as_ref();
    let owner = owner.and_then(named);
    let start = format!("git gryt evolution start {version} --change {id}");
    let run = format!("git gryt run --change {id}");
    let (who, what, command) = match &standing.progress {
        Progress::Proven => return None,
        Progress::NotStarted => (
            assignee,
            format!("start {id} ({title}) and prove it"),
            start,
        ),
        Progress::Abandoned => (
            assignee,
            format!("start {id} ({title}) again: it was abandoned"),
            start,
        ),
        Progress::Started => (owner, format!("prove {id} ({title})"), run),
        Progress::Failed => (
            owner,
            format!("fix {id} ({title}), which failed, and prove it"),
            run,
        ),
        Progress::Stale { why } => (owner, format!("prove {id} ({title}) again: {why}"), run),
        Progress::Elsewhere { pull: true } => (
            None,
            format!("take in the code that proves {id} ({title}): the cloud's branch has it"),
            "git pull".to_owned(),
        ),
        Progress::Elsewhere { pull: false } => (
            owner,
            format!(
                "prove {id} ({title}) again at the commit to be released, which does not hold the proven one"
            ),
            format!("git gryt run --uncovered {version}"),
        ),
    };
    let step = Step::of(who, what, command);
    Some(step)
}

/// What the gates say of the draft here, whatever else stands in the way.
pub(crate) fn verdicts(facts: &Facts) -> Vec<Verdict> {
    match &facts.rules {
        Ok(rules) => with_subject(facts, |subject| rules.judge(subject)),
        Err(_) => Vec::new(),
    }
}

/// What `ask` says of the draft here; nothing where there is none that can be read.
fn with_subject<T>(facts: &Facts, ask: impl FnOnce(&Subject<'_>) -> Vec<T>) -> Vec<T> {
    let Some(local) = &facts.local else {
        return Vec::new();
    };
    let Ok(contract) = &local.contract else {
        return Vec::new();
    };
    let attempts: Vec<_> = facts.attempts.iter().map(|(a, _)| a.clone()).collect();
    let people = facts.people();
    ask(&Subject {
        contract,
        generation: &local.root,
        declared_by: &local.author,
        attempts: &attempts,
        promoter: &facts.promoter,
        people: &people,
        agreed: &facts.agreed,
    })
}

/// What the other gates lack.
fn gates(facts: &Facts) -> Vec<Step> {
    let verdicts = verdicts(facts);
    let told = |verdict: &&Verdict| {
        verdict.stops()
            && verdict.gate != Gate::ChangesProven
            && verdict.gate != Gate::ProofCoversRelease
            && verdict.gate != Gate::Promoters
            && verdict.gate != Gate::IndependentProof
            && verdict.gate != Gate::Approvals
    };
    let stops = |gate: Gate| verdicts.iter().any(|v| v.gate == gate && v.stops());
    let mut steps = match stops(Gate::IndependentProof) {
        true => with_subject(facts, independent),
        false => Vec::new(),
    };
    if stops(Gate::Approvals) {
        steps.extend(approvals(facts));
    }
    let unsigned = match &facts.rules {
        Ok(rules) => with_subject(facts, |subject| rules.unsigned(subject)),
        Err(_) => Vec::new(),
    };
    for verdict in verdicts.iter().filter(told) {
        for line in &verdict.missing {
            let signature = unsigned
                .iter()
                .find(|one| verdict.gate == Gate::Signed && one.line == *line);
            let who = match signature {
                // Whoever asks signs no promotion of somebody else's.
                Some(Unsigned { owner: None, .. }) if stops(Gate::Promoters) => continue,
                Some(one) => one.owner.as_ref().and_then(|owner| named(facts, owner)),
                None => None,
            };
            // The command that helps stands at the end of the line.
            let (what, command) = match line.rsplit_once(": git ") {
                Some((what, rest)) => (what, Some(format!("git {rest}"))),
                None => (line.as_str(), None),
            };
            steps.push(Step {
                who,
                what: what.to_owned(),
                command,
            });
        }
    }
    steps
}

/// Who still has to approve it, and who has to lift a rejection.
fn approvals(facts: &Facts) -> Vec<Step> {
    let Ok(rules) = &facts.rules else {
        return Vec::new();
    };
    let (version, commit) = (&facts.version, &facts.release.commit);
    let approve = format!("git gryt approve {version} --commit {}", commit.short());
    with_subject(facts, |subject| {
        let lifted = |given: Given| {
            let message = given.approval.message.as_deref();
            let why = message.map_or(String::new(), |text| format!(": {text}"));
            Step::of(
                named(facts, &given.approval.by),
                format!("lift the rejection{why}"),
                format!("git gryt approve {version} --revoke"),
            )
        };
        let mut steps: Vec<Step> = rules.rejecting(subject).into_iter().map(lifted).collect();
        let awaited = rules.awaited(subject);
        steps.extend(awaited.into_iter().map(|email| {
            let is_me = facts.people().has(&facts.promoter, &email);
            Step::of(
                (!is_me).then_some(email),
                format!("approve {version} at {}", commit.short()),
                &approve,
            )
        }));
        if steps.is_empty() {
            steps.push(Step {
                who: None,
                what: "name more people in the policy who may approve it".to_owned(),
                command: None,
            });
        }
        steps
    })
}

/// Who has to do what so that somebody else than its assignee proves a change.
fn independent(subject: &Subject<'_>) -> Vec<Step> {
    let version = &subject.contract.version;
    let step = |(change, assignee): (&Change, Option<&str>)| {
        let (id, title) = (&change.id, &change.title);
        let who = assignee.filter(|assignee| subject.people.may_go_by(subject.promoter, assignee));
        match assignee {
            None => Step::of(
                None,
                format!("say whose {id} ({title}) is, so that somebody else can prove it"),
                format!("git gryt generation edit {version} --assign {id}=WHO"),
            ),
            Some(assignee) => Step::of(
                who.map(|_| "somebody else".to_owned()),
                format!("prove {id} ({title}), which only its assignee, {assignee}, proved"),
                format!("git gryt evolution start {version} --change {id}"),
            ),
        }
    };
    dependent(subject).into_iter().map(step).collect()
}

fn promotion(facts: &Facts) -> Step {
    let version = &facts.version;
    let (me, people) = (&facts.promoter, facts.people());
    let by = |policy: &Policy| policy.promoters.clone().filter(|listed| !listed.is_empty());
    let (present, previous) = match &facts.rules {
        Ok(rules) => (
            by(&rules.present),
            rules.previous.as_ref().and_then(|(_, policy)| by(policy)),
        ),
        Err(_) => (None, None),
    };
    let lists_me = |listed: &Vec<String>| listed.iter().any(|email| people.has(me, email));
    let others = [present, previous]
        .into_iter()
        .flatten()
        .find(|listed| !lists_me(listed));
    let who = others.map(|listed| listed.join(" or "));
    let command = format!("git gryt promote {version}");
    Step::of(who, format!("promote {version}"), command)
}

/// Who has to promote, where that is the only step and whoever asks may not take it.
pub(crate) fn awaited(facts: &Facts, steps: &[Step]) -> Option<String> {
    match steps {
        [only] if *only == promotion(facts) => only.who.clone(),
        _ => None,
    }
}
