//! What a promotion says, one part at a time: its draft, its evolutions and their proofs, its gates.

use super::facts::{Facts, Proven, Steps, Tried};
use crate::model::approval::Approved;
use crate::model::artifact::SealedArtifact;
use crate::model::built;
use crate::model::disputed::{Dispute, Rule};
use crate::model::evolution::Attempt;
use crate::model::policies::Rules;
use crate::model::proof::{Outcome, outcome};
use crate::model::sealed::{Folded, Sealed};
use crate::model::subject::Subject;
use crate::model::verdict::{ExcuseKind, Gate, GateName, Only, Verdict};
use crate::model::{Oid, Person};

pub(super) fn draft(facts: &Facts<'_>) -> Vec<String> {
    let (draft, sealed) = (&facts.draft, facts.sealed);
    let mut wrong = Vec::new();
    if draft.root != sealed.generation {
        wrong.push(format!(
            "its draft begins at {}, and the entry names {}",
            draft.root.short(),
            sealed.generation.short()
        ));
    }
    if !draft.has_nonce {
        wrong.push("the first commit of its draft has no Gryt-Nonce".into());
    }
    if draft.version.as_deref() != Some(sealed.version.as_str()) {
        wrong.push("its draft's trailers name another version".into());
    }
    if !draft.alone {
        wrong.push("its draft holds more than the contract".into());
    }
    wrong
}

pub(super) fn evolutions(facts: &Facts<'_>) -> Vec<String> {
    let sealed = facts.sealed;
    let mut wrong = Vec::new();
    let mut roots: Vec<&Oid> = Vec::new();
    let mut names: Vec<(String, u32)> = Vec::new();
    for (folded, tried) in sealed.evolutions.iter().zip(&facts.evolutions) {
        let name = format!("{}/{}/rc.{}", sealed.version, folded.change, folded.number);
        let key = (folded.change.as_str().to_ascii_lowercase(), folded.number);
        if names.contains(&key) {
            wrong.push(format!("it names {name} twice"));
        }
        names.push(key);
        let tried = match tried {
            Ok(tried) => tried,
            Err(invalid) => {
                wrong.push(format!("{name} is invalid: {invalid}"));
                continue;
            }
        };
        let evolution = &tried.attempt.evolution;
        if evolution.generation != sealed.generation {
            wrong.push(format!("{name} is of another generation"));
        }
        if !facts.rules.people.same(&evolution.owner, &folded.owner) {
            let (owner, said) = (&evolution.owner, &folded.owner);
            wrong.push(format!(
                "{name} is owned by {owner}, and the entry names {said}"
            ));
        }
        if roots.contains(&&tried.attempt.root) {
            wrong.push(format!("{name} is there under two numbers"));
        }
        roots.push(&tried.attempt.root);
    }
    wrong
}

pub(super) fn proof(proven: &Proven, tried: &Tried) -> Vec<String> {
    let proof = &proven.proof;
    let mut wrong = Vec::new();
    if !proof.change.id.is(&tried.attempt.name.change) {
        wrong.push(format!("it proves {}", proof.change.id));
    }
    let comes_to = outcome(&proof.steps);
    let fits = match (&proof.pipeline, proof.status) {
        (Some(_), status) => status == comes_to,
        // What was recorded may name no steps.
        (None, Outcome::Pass) => proof.steps.iter().all(|step| !step.spoils()),
        (None, Outcome::Fail) => true,
    };
    if !fits {
        wrong.push(format!(
            "its status is {}, and its steps are not",
            proof.status
        ));
    }
    let Some(there) = &proven.there else {
        return wrong;
    };
    if proof.tree != there.tree {
        wrong.push("its tree is not its commit's".into());
    }
    // What ran over uncommitted edits proves nothing, and may have been any pipeline.
    let Some(used) = proof.pipeline.as_ref().filter(|_| proof.void.is_none()) else {
        return wrong;
    };
    match &there.pipeline {
        Some((blob, steps)) if *blob == used.blob => {
            let ran = proof.steps.iter();
            let ran: Steps = ran.map(|s| (s.name.clone(), s.allowed)).collect();
            let same = |steps: &Steps| ran == *steps;
            if steps.as_ref().is_some_and(|steps| !same(steps)) {
                let name = &used.name;
                wrong.push(format!("its steps are not those of the pipeline {name}"));
            }
        }
        Some(_) | None => {
            let name = &used.name;
            wrong.push(format!("its pipeline {name} is not its commit's"));
        }
    }
    wrong
}

pub(super) fn counted(facts: &Facts<'_>, attempts: &[Attempt]) -> Vec<String> {
    let sealed = facts.sealed;
    let wrong = |folded: &Folded| {
        let attempt = attempts.iter().find(|attempt| {
            attempt.name.change == folded.change && attempt.name.number == folded.number
        })?;
        let change = facts.contract.change(&folded.change);
        let says = change.map(|change| attempt.says(change, &sealed.generation));
        let counts = says.is_some_and(|says| says.passes());
        let name = &attempt.name;
        (counts != folded.counted).then(|| match counts {
            true => format!("{name} counts, and the entry says that it does not"),
            false => format!("{name} does not count, and it says that it did"),
        })
    };
    sealed.evolutions.iter().filter_map(wrong).collect()
}

/// What is wrong with the approvals that an entry holds.
pub(super) fn approvals(facts: &Facts<'_>) -> Vec<String> {
    let sealed = facts.sealed;
    let mut wrong = Vec::new();
    let mut names: Vec<String> = Vec::new();
    for (approved, given) in sealed.approvals.iter().zip(&facts.approvals) {
        let number = approved.number;
        let name = format!("{} of {}", approved.by, sealed.version);
        let key = format!("{}/{number}", approved.by.email.to_ascii_lowercase());
        if names.contains(&key) {
            wrong.push(format!(
                "it names what is said by {name} under {number} twice"
            ));
        }
        names.push(key);
        let given = match given {
            Ok(given) => given,
            Err(invalid) => {
                wrong.push(format!("what is said by {name} is invalid: {invalid}"));
                continue;
            }
        };
        let approval = &given.approval;
        if approval.generation != sealed.generation {
            wrong.push(format!("what is said by {name} is of another generation"));
        }
        if approval.says != approved.says {
            let says = approved.says;
            wrong.push(format!(
                "{} {name}, and the entry says {says}",
                approval.says
            ));
        }
    }
    wrong
}

/// Where it is not as sealed which of them counted.
pub(super) fn approvals_counted(facts: &Facts<'_>, subject: &Subject<'_>) -> Vec<Dispute> {
    let rules = match &facts.original {
        Some(Ok(original)) => &original.rules,
        Some(Err(_)) | None => &facts.rules,
    };
    let counted = rules.counted(subject);
    let wrong = |approved: &Approved| {
        let counts = counted.contains(&approved.tip);
        let by = &approved.by;
        (counts != approved.counted).then(|| {
            Dispute::new(
                Rule::Approval,
                match counts {
                    true => format!("what {by} said counts, and the entry says that it does not"),
                    false => format!("what {by} said does not count, and it says that it did"),
                },
            )
        })
    };
    facts.sealed.approvals.iter().filter_map(wrong).collect()
}

/// Where new commits that no proof covers are not said.
pub(super) fn unsaid(rules: &Rules, sealed: &Sealed) -> Option<Dispute> {
    let why = rules.fresh.unsaid(sealed.unproven.as_ref())?;
    Some(Dispute::new(Rule::Unproven, why))
}

/// Where the artifacts that were sealed are not those of the proofs that counted.
pub(super) fn artifacts(facts: &Facts<'_>, heard: &[Attempt]) -> Option<Dispute> {
    let sealed = facts.sealed;
    let (generation, tree) = (&sealed.generation, &sealed.tree);
    let made = built::to_seal(facts.counted_by(), facts.contract, generation, tree, heard);
    let said = |one: &SealedArtifact| sealed.artifacts.contains(one);
    let other = made.iter().find(|one| !said(one));
    let more = sealed.artifacts.iter().find(|one| !made.contains(one));
    let why = match (other.or(more), &sealed.artifacts_of) {
        (Some(one), _) => {
            let name = &one.artifact.name;
            format!("what it says of the artifact {name} is not what the proofs that counted say")
        }
        (None, _) if sealed.artifacts.len() != made.len() => "it says an artifact twice".to_owned(),
        (None, Some(chosen)) if !made.iter().any(|one| one.by.contains(chosen)) => {
            format!("it chooses the artifacts of {chosen}, which made none")
        }
        (None, _) => return None,
    };
    Some(Dispute::new(Rule::Artifacts, why))
}

/// Where what was sealed of the gates is not what the rules come to, gate by gate.
pub(super) fn gates(subject: &Subject<'_>, sealed: &[Verdict], rules: &Rules) -> Vec<Dispute> {
    let now = rules.judge(subject);
    let mut found = Vec::new();
    for verdict in &now {
        let gate = &verdict.gate;
        let said: Vec<&Verdict> = sealed.iter().filter(|v| v.gate == *gate).collect();
        match (said.as_slice(), verdict.passed) {
            ([_, _, ..], _) => {
                let why = format!("the entry has the gate {gate} twice");
                found.push(Dispute::new(Rule::Gates, why));
            }
            ([], true) => {
                let why = format!("the entry lacks the gate {gate}");
                found.push(Dispute::new(Rule::Gates, why));
            }
            // Whoever lacked the tags of old releases took more commits for new ones.
            ([said], true) if *gate == Gate::UnprovenCommits && !said.passed => {
                found.extend(excused(said, Some(said), rules, subject.promoter));
            }
            ([said], true) if !said.passed || said.only.is_some() || said.excuse.is_some() => {
                let why = format!("the gate {gate} holds, and it says otherwise");
                found.push(Dispute::new(Rule::Gates, why));
            }
            ([_], true) => {}
            ([said], false) if !said.passed && said.only != verdict.only => {
                let by = match verdict.only {
                    None => "both policies fail",
                    Some(Only::Present) => "the release's own policy alone fails",
                    Some(Only::Previous) => "the previous policy alone fails",
                };
                let why = format!("{by} the gate {gate}, and it says otherwise");
                found.push(Dispute::new(Rule::Gates, why));
                found.extend(excused(verdict, Some(said), rules, subject.promoter));
            }
            ([said], false) => {
                let said = Some(*said).filter(|v| !v.passed);
                found.extend(excused(verdict, said, rules, subject.promoter));
            }
            ([], false) => found.extend(excused(verdict, None, rules, subject.promoter)),
        }
    }
    for said in sealed {
        if let GateName::Known(gate) = said.gate
            && gate.is_of_the_moment()
        {
            found.extend(of_the_moment(gate, said, rules, subject.promoter));
        } else if !now.iter().any(|verdict| verdict.gate == said.gate) {
            let gate = &said.gate;
            let why = format!("the entry has the gate {gate}, which no policy asks for");
            found.push(Dispute::new(Rule::Gates, why));
        }
    }
    found
}

/// What is wrong with what was sealed of a gate that no object tells of.
fn of_the_moment(gate: Gate, said: &Verdict, rules: &Rules, promoter: &Person) -> Option<Dispute> {
    let (present, previous) = rules.ask_at_the_moment(gate);
    let asked = match said.only {
        None => present || previous,
        Some(Only::Present) => present,
        Some(Only::Previous) => previous,
    };
    if !asked {
        let why = format!("the entry has the gate {gate}, which that policy does not ask for");
        return Some(Dispute::new(Rule::Gates, why));
    }
    match said.passed {
        true => None,
        false => excused(said, Some(said), rules, promoter),
    }
}

/// What is wrong with how a gate that fails was passed: `said` is what was sealed of its failure.
pub(super) fn excused(
    verdict: &Verdict,
    said: Option<&Verdict>,
    rules: &Rules,
    promoter: &Person,
) -> Option<Dispute> {
    let (gate, lines) = (&verdict.gate, verdict.missing.join("; "));
    let Some(excuse) = said.and_then(|said| said.excuse.as_ref()) else {
        let why = format!("the gate {gate} does not hold: {lines}");
        return Some(Dispute::new(Rule::Gates, why));
    };
    let how = match excuse.kind {
        ExcuseKind::Waived => "waived".to_owned(),
        ExcuseKind::Overridden => format!("overridden by {promoter}"),
    };
    (!rules.allows(verdict, excuse, promoter)).then(|| {
        let why = format!("the gate {gate} does not hold, and could not be {how}: {lines}");
        Dispute::new(Rule::Excuse, why)
    })
}
