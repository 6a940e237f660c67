//! What makes an entry of the ledger disputed: it is structurally valid, so that its version is taken,
//! and something that it says is untrue, or was not its author's to do (docs/policy.md, "Disputed").
//!
//! This is a pure function of the objects that an entry reaches and of the rules that it names, so that
//! every clone comes to the same result for ever. Clocks, branches, tags, keyrings and objects that are
//! not there have no part in it.

mod clauses;
mod deed;
mod facts;
#[cfg(test)]
mod tests;

use super::Invalid;
use super::approval::Agreed;
use super::disputed::{Dispute, Rule};
use super::evolution::Attempt;
use super::policies::Rules;
use super::rules::RuleSet;
use super::subject::Subject;
use clauses::{
    approvals, approvals_counted, artifacts, counted, draft, evolutions, excused, gates, proof,
    unsaid,
};

pub(crate) use deed::{Deed, deed};
pub(crate) use facts::{Draft, Facts, Original, Proven, Steps, There, Tried, Whose};

/// The rules that are later than those that a program knows: a later one has to judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Later(pub RuleSet);

/// What an entry is disputed for in a program that does not know the rules that it names.
pub(crate) fn by_later(Later(rules): Later) -> Dispute {
    let known = RuleSet::all_known();
    let why = format!(
        "it is judged by rules {rules}, and this program knows rules {known}: a later git-gryt can tell"
    );
    Dispute::new(Rule::MinRules, why)
}

/// What an entry is disputed for on a machine that cannot tell whether its signature holds.
pub(crate) fn by_another_machine(why: &str) -> Dispute {
    let why = format!("this machine cannot tell whether it is signed: {why}");
    Dispute::new(Rule::Signed, why)
}

/// What an entry is disputed for where what it says of its gates is untrue whatever came of its signatures, on a machine
/// that cannot judge them.
pub(crate) fn whoever_signed() -> Dispute {
    Dispute::new(
        Rule::Gates,
        "what it says of the gate signed is untrue, whoever signed it",
    )
}

/// What an entry is disputed for that reaches an object which is not what has to stand there. That does not
/// change, in any clone, so that it is no doubt.
pub(crate) fn unsound(what: &Invalid) -> Dispute {
    Dispute::new(Rule::Evolution, format!("it holds what is invalid: {what}"))
}

fn known(rules: RuleSet, known: RuleSet) -> Result<(), Later> {
    match rules > known {
        true => Err(Later(rules)),
        false => Ok(()),
    }
}

/// Everything that a promotion is disputed for, in a program that knows the rules up to `latest`. All
/// programs that can tell tell the same.
///
/// # Errors
/// The entry, or the release whose policy is the previous one, names later rules.
pub(crate) fn promotion(facts: &Facts<'_>, latest: RuleSet) -> Result<Vec<Dispute>, Later> {
    let originals = facts.original.iter().flatten();
    let all = [&facts.rules].into_iter();
    for rules in all.chain(originals.map(|original| &original.rules)) {
        known(rules.before.unwrap_or_default(), latest)?;
    }
    known(facts.sealed.rules, latest)?;
    Ok(of_promotion(facts))
}

fn of_promotion(facts: &Facts<'_>) -> Vec<Dispute> {
    let sealed = facts.sealed;
    let mut found = Vec::new();
    let mut say = |rule, why: String| found.push(Dispute::new(rule, why));
    if !facts.rules.people.same(facts.author, &sealed.promoter) {
        let (author, promoter) = (facts.author, &sealed.promoter);
        say(
            Rule::Author,
            format!("{author} wrote the entry, which names {promoter} as its promoter"),
        );
    }
    if facts.used {
        let id = &sealed.promotion;
        say(
            Rule::PromotionId,
            format!("an earlier entry has its id {id}"),
        );
    }
    if let Some(why) = &facts.policy {
        say(Rule::Policy, why.clone());
    }
    for why in draft(facts) {
        say(Rule::Generation, why);
    }
    for why in evolutions(facts) {
        say(Rule::Evolution, why);
    }
    for tried in facts.evolutions.iter().flatten() {
        let name = &tried.attempt.name;
        for proven in &tried.proofs {
            for why in proof(proven, tried) {
                say(
                    Rule::Proof,
                    format!("{name} at {}: {why}", proven.at.short()),
                );
            }
        }
    }
    let sound = facts.evolutions.iter().flatten();
    let attempts: Vec<Attempt> = sound.map(|tried| tried.attempt.clone()).collect();
    for why in approvals(facts) {
        say(Rule::Approval, why);
    }
    for why in counted(facts, &facts.counted_by().heard(&attempts)) {
        say(Rule::Counted, why);
    }
    let original = facts.original.iter().flatten();
    let judged_by = [&facts.rules]
        .into_iter()
        .chain(original.map(|original| &original.rules));
    let sealed_by = match &facts.original {
        None => Some(&facts.rules),
        Some(original) => original.as_ref().ok().map(|original| &original.rules),
    };
    if let Some(before) = sealed_by.and_then(Rules::go_back_behind) {
        let by = sealed.rules;
        say(
            Rule::MinRules,
            format!(
                "the release before it was sealed by rules {before}, and the entry names rules {by}"
            ),
        );
    }
    let asked: Vec<(String, RuleSet)> = judged_by.flat_map(Rules::asked_for).collect();
    for (policy, needs) in &asked {
        let by = sealed.rules;
        say(
            Rule::MinRules,
            format!("{policy} asks for rules {needs}, and the entry names rules {by}"),
        );
    }
    found.extend(artifacts(facts, &facts.counted_by().heard(&attempts)));
    if !asked.is_empty() {
        // What else such a policy asks for is not for these rules to say.
        return found;
    }
    let agreed = Agreed {
        given: facts.approvals.iter().flatten().cloned().collect(),
        ..facts.agreed.clone()
    };
    let subject = Subject {
        contract: facts.contract,
        generation: &sealed.generation,
        declared_by: &facts.draft.declared_by,
        attempts: &attempts,
        promoter: &sealed.promoter,
        people: &facts.rules.people,
        agreed: &agreed,
    };
    let first = match &facts.original {
        Some(Ok(original)) => Some(Agreed {
            given: agreed.given.clone(),
            ..original.agreed.clone()
        }),
        Some(Err(_)) | None => None,
    };
    let where_sealed = Subject {
        agreed: first.as_ref().unwrap_or(&agreed),
        ..subject
    };
    found.extend(approvals_counted(facts, &where_sealed));
    match &facts.original {
        None => {
            found.extend(gates(&subject, &sealed.gates, &facts.rules));
            found.extend(unsaid(&facts.rules, sealed));
        }
        Some(Err(why)) => found.push(Dispute::new(Rule::Original, why.clone())),
        Some(Ok(original)) => {
            if original.sealed != *sealed {
                let why = "it differs from the entry that it repeats";
                found.push(Dispute::new(Rule::Original, why));
            }
            found.extend(gates(&where_sealed, &sealed.gates, &original.rules));
            found.extend(unsaid(&original.rules, sealed));
            // Where it stands now it has to pass, too.
            let now = facts.rules.judge(&subject);
            for verdict in now.iter().filter(|verdict| !verdict.passed) {
                let said = sealed.gates.iter().find(|said| said.gate == verdict.gate);
                let by = &sealed.promoter;
                let wrong = excused(verdict, said.filter(|said| !said.passed), &facts.rules, by);
                found.extend(wrong.filter(|wrong| !found.contains(wrong)));
            }
        }
    }
    found
}
