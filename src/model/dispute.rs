//! What makes an entry of the ledger disputed: it is structurally valid, so that its version is taken,
//! and something that it says is untrue, or was not its author's to do (docs/policy.md, "Disputed").
//!
//! This is a pure function of the objects that an entry reaches and of the rules that it names, so that
//! every clone comes to the same result for ever. Clocks, branches, tags, keyrings and objects that are
//! not there have no part in it.

use super::disputed::{Dispute, Rule};
use super::evolution::Attempt;
use super::excuse::Rules;
use super::gate::Subject;
use super::mailmap::People;
use super::proof::{Outcome, Proof, outcome};
use super::rules::RuleSet;
use super::sealed::{Folded, Sealed};
use super::verdict::{ExcuseKind, Only, Verdict};
use super::{Contract, Invalid, Oid, Person, Policy, Version};

/// What a promotion is judged by, gathered from the objects that it reaches.
#[derive(Debug)]
pub(crate) struct Facts<'a> {
    /// Who wrote the entry.
    pub author: &'a Person,
    pub sealed: &'a Sealed,
    pub contract: &'a Contract,
    /// Whether an undisputed entry before it has its promotion id.
    pub used: bool,
    /// What is wrong with the policy that was sealed; none where it is the release commit's.
    pub policy: Option<String>,
    pub draft: Draft,
    /// In the entry's order.
    pub evolutions: Vec<Result<Tried, Invalid>>,
    /// The policies where it stands.
    pub rules: Rules,
    /// The entry of another ledger that it says it repeats.
    pub original: Option<Result<Original, String>>,
}

/// The draft that was sealed.
#[derive(Debug)]
pub(crate) struct Draft {
    /// Its first commit, and who made it.
    pub root: Oid,
    pub declared_by: Person,
    pub has_nonce: bool,
    /// The version by its tip's trailer.
    pub version: Option<String>,
    /// Whether its tip holds the contract and nothing else.
    pub alone: bool,
}

/// An evolution that was folded, and all of its proofs.
#[derive(Debug)]
pub(crate) struct Tried {
    /// With its cover of the release.
    pub attempt: Attempt,
    pub proofs: Vec<Proven>,
}

/// A proof beside what its commit holds.
#[derive(Debug)]
pub(crate) struct Proven {
    pub at: Oid,
    pub proof: Proof,
    /// What the proven commit holds; none where the proof does not hold that commit.
    pub there: Option<There>,
}

/// What a proven commit holds.
#[derive(Debug)]
pub(crate) struct There {
    pub tree: Oid,
    /// The pipeline of the proof's name, and its steps: by name, and whether each may fail. No steps
    /// where this program cannot read it.
    pub pipeline: Option<(Oid, Option<Steps>)>,
}

/// The steps of a pipeline: by name, and whether each may fail.
pub(crate) type Steps = Vec<(String, bool)>;

/// An entry that is repeated, and the policies where it stood.
#[derive(Debug)]
pub(crate) struct Original {
    pub sealed: Sealed,
    pub rules: Rules,
}

/// The policy that says who may write an entry which is no promotion: the one sealed with the highest
/// release of the product that it is about.
#[derive(Clone, Debug)]
pub(crate) struct Whose {
    pub version: Version,
    pub policy: Policy,
    /// The rules that the release was judged by.
    pub rules: RuleSet,
    /// Who is who, by the release's mailmap.
    pub people: People,
}

/// What is judged of an entry that is no promotion.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deed<'a> {
    /// Who wrote the entry.
    pub author: &'a Person,
    /// The rules that it names.
    pub rules: RuleSet,
    /// Who it says did it, where it does.
    pub by: Option<&'a Person>,
}

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
    for why in counted(facts, &attempts) {
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
    if !asked.is_empty() {
        // What else such a policy asks for is not for these rules to say.
        return found;
    }
    let subject = Subject {
        contract: facts.contract,
        generation: &sealed.generation,
        declared_by: &facts.draft.declared_by,
        attempts: &attempts,
        promoter: &sealed.promoter,
        people: &facts.rules.people,
    };
    match &facts.original {
        None => found.extend(gates(&subject, &sealed.gates, &facts.rules)),
        Some(Err(why)) => found.push(Dispute::new(Rule::Original, why.clone())),
        Some(Ok(original)) => {
            if original.sealed != *sealed {
                let why = "it says something else than the entry that it repeats";
                found.push(Dispute::new(Rule::Original, why));
            }
            found.extend(gates(&subject, &sealed.gates, &original.rules));
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

/// What speaks against an entry that is no promotion, about a version or none, in a program that knows the
/// rules up to `latest`: whoever wrote it has to be who it names, and to be let by the policy; none before
/// the first release.
///
/// # Errors
/// As [`promotion`].
pub(crate) fn deed(
    deed: &Deed<'_>,
    about: Option<&Version>,
    whose: Option<&Whose>,
    latest: RuleSet,
) -> Result<Vec<Dispute>, Later> {
    known(deed.rules, latest)?;
    let author = deed.author;
    let nobody = People::default();
    let people = whose.filter(|_| deed.rules.has_mailmaps());
    let people = people.map_or(&nobody, |whose| &whose.people);
    let mut found = Vec::new();
    if let Some(by) = deed.by
        && !people.same(author, by)
    {
        let why = format!("{author} wrote the entry, which says that {by} did");
        found.push(Dispute::new(Rule::Author, why));
    }
    let Some(Whose {
        version,
        policy,
        rules,
        ..
    }) = whose
    else {
        return Ok(found);
    };
    known(*rules, latest)?;
    if *rules > deed.rules {
        let by = deed.rules;
        let why = format!("{version} was sealed by rules {rules}, and the entry names rules {by}");
        found.push(Dispute::new(Rule::MinRules, why));
    }
    if policy.needs > deed.rules {
        let (needs, by) = (policy.needs, deed.rules);
        let why = format!(
            "The policy sealed with {version} asks for rules {needs}, and the entry names rules {by}"
        );
        found.push(Dispute::new(Rule::MinRules, why));
        return Ok(found);
    }
    let policy = match about {
        Some(about) => policy.clone().about(about),
        None => policy.clone().of(None),
    };
    if let Some(promoters) = &policy.promoters
        && !promoters.iter().any(|email| people.has(author, email))
    {
        let why = format!("{author} is no promoter by the policy sealed with {version}");
        found.push(Dispute::new(Rule::Promoters, why));
    }
    Ok(found)
}

fn draft(facts: &Facts<'_>) -> Vec<String> {
    let (draft, sealed) = (&facts.draft, facts.sealed);
    let mut wrong = Vec::new();
    if draft.root != sealed.generation {
        wrong.push(format!(
            "its draft begins at {}, and it names {}",
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

fn evolutions(facts: &Facts<'_>) -> Vec<String> {
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
                wrong.push(format!("{name} does not check: {invalid}"));
                continue;
            }
        };
        let evolution = &tried.attempt.evolution;
        if evolution.generation != sealed.generation {
            wrong.push(format!("{name} is of another generation"));
        }
        if !facts.rules.people.same(&evolution.owner, &folded.owner) {
            let (owner, said) = (&evolution.owner, &folded.owner);
            wrong.push(format!("{name} is owned by {owner}, and it names {said}"));
        }
        if roots.contains(&&tried.attempt.root) {
            wrong.push(format!("{name} is there under two numbers"));
        }
        roots.push(&tried.attempt.root);
    }
    wrong
}

fn proof(proven: &Proven, tried: &Tried) -> Vec<String> {
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

fn counted(facts: &Facts<'_>, attempts: &[Attempt]) -> Vec<String> {
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
            true => format!("{name} counts, and it says that it did not"),
            false => format!("{name} does not count, and it says that it did"),
        })
    };
    sealed.evolutions.iter().filter_map(wrong).collect()
}

/// Where what was sealed of the gates is not what the rules come to, gate by gate.
fn gates(subject: &Subject<'_>, sealed: &[Verdict], rules: &Rules) -> Vec<Dispute> {
    let now = rules.judge(subject);
    let mut found = Vec::new();
    for verdict in &now {
        let gate = &verdict.gate;
        let said: Vec<&Verdict> = sealed.iter().filter(|v| v.gate == *gate).collect();
        match (said.as_slice(), verdict.passed) {
            ([_, _, ..], _) => {
                let why = format!("the gate {gate} is said twice");
                found.push(Dispute::new(Rule::Gates, why));
            }
            ([], true) => {
                let why = format!("the gate {gate} was left unsaid");
                found.push(Dispute::new(Rule::Gates, why));
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
        if !now.iter().any(|verdict| verdict.gate == said.gate) {
            let gate = &said.gate;
            let why = format!("no policy asks for the gate {gate}, of which it says something");
            found.push(Dispute::new(Rule::Gates, why));
        }
    }
    found
}

/// What is wrong with how a gate that fails was passed: `said` is what was sealed of its failure.
fn excused(
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
        let why = format!("the gate {gate} does not hold, and may not be {how}: {lines}");
        Dispute::new(Rule::Excuse, why)
    })
}

#[cfg(test)]
mod tests {
    use super::super::evolution::tests::attempt;
    use super::super::mailmap::Mailmap;
    use super::super::proof::{StepEnd, StepResult};
    use super::super::verdict::Gate;
    use super::*;

    fn oid(n: u32) -> Oid {
        format!("{n:040x}").parse().unwrap()
    }

    fn person(name: &str) -> Person {
        Person {
            name: name.into(),
            email: format!("{name}@example.com"),
        }
    }

    /// What an honest promotion of v1.0.0 says, with whatever `spoil` makes of it.
    fn found(spoil: impl FnOnce(&mut Facts<'_>, &mut Sealed)) -> Vec<Dispute> {
        facts_of(RuleSet::CURRENT, spoil, RuleSet::CURRENT).unwrap()
    }

    /// The same by those rules, in a program that knows the rules up to `latest`.
    fn facts_of(
        by: RuleSet,
        spoil: impl FnOnce(&mut Facts<'_>, &mut Sealed),
        latest: RuleSet,
    ) -> Result<Vec<Dispute>, Later> {
        let version: Version = "v1.0.0".parse().unwrap();
        let text = "version: v1.0.0\nchanges:\n- {type: add, id: A, title: a}\n";
        let contract = Contract::parse(text.as_bytes(), &version).unwrap();
        let mut attempt = attempt(&contract.changes[0], "ann", 1, Some(Outcome::Pass));
        attempt.cover = Some(super::super::evolution::Cover::Ancestor);
        let step = StepResult {
            name: "test".into(),
            status: StepEnd::Pass,
            exit: Some(0),
            duration_ms: 1,
            tries: 1,
            allowed: false,
        };
        let mut proof = attempt.proof.clone().unwrap();
        proof.steps = vec![step];
        let rules = Rules {
            by,
            ..Rules::default()
        };
        let author = person("lead");
        let attempts = [attempt.clone()];
        let gates = rules.judge(&Subject {
            contract: &contract,
            generation: &oid(7),
            declared_by: &author,
            attempts: &attempts,
            promoter: &author,
            people: &People::default(),
        });
        let mut sealed = Sealed {
            version: version.clone(),
            promotion: "id".into(),
            commit: oid(1),
            tree: oid(2),
            generation: oid(7),
            draft: oid(8),
            promoter: author.clone(),
            promoted_at: attempt.evolution.started,
            rules: rules.by,
            mailmap: None,
            gates,
            evolutions: vec![Folded {
                change: attempt.name.change.clone(),
                number: 1,
                tip: attempt.tip.clone(),
                owner: attempt.evolution.owner.clone(),
                counted: true,
            }],
        };
        let before = sealed.clone();
        let pipeline = proof.pipeline.as_ref().map(|used| used.blob.clone());
        let mut facts = Facts {
            author: &author,
            sealed: &before,
            contract: &contract,
            used: false,
            policy: None,
            draft: Draft {
                root: oid(7),
                declared_by: author.clone(),
                has_nonce: true,
                version: Some(version.to_string()),
                alone: true,
            },
            evolutions: vec![Ok(Tried {
                attempt,
                proofs: vec![Proven {
                    at: oid(9),
                    there: Some(There {
                        tree: proof.tree.clone(),
                        pipeline: pipeline.map(|blob| (blob, Some(vec![("test".into(), false)]))),
                    }),
                    proof,
                }],
            })],
            rules,
            original: None,
        };
        spoil(&mut facts, &mut sealed);
        facts.sealed = &sealed;
        promotion(&facts, latest)
    }

    fn rules_broken(spoil: impl FnOnce(&mut Facts<'_>, &mut Sealed)) -> Vec<Rule> {
        let mut rules: Vec<Rule> = found(spoil).into_iter().map(|one| one.rule).collect();
        rules.dedup();
        rules
    }

    fn proven<'f>(facts: &'f mut Facts<'_>) -> &'f mut Proven {
        &mut facts.evolutions[0].as_mut().unwrap().proofs[0]
    }

    #[test]
    fn an_honest_promotion_is_not_disputed() {
        assert_eq!(found(|_, _| {}), []);
        // A commit that was never published cannot be looked into.
        assert_eq!(found(|f, _| proven(f).there = None), []);
        // Nor a pipeline that a later program wrote.
        let later = |f: &mut Facts<'_>| {
            let there = proven(f).there.as_mut().unwrap();
            there.pipeline.as_mut().unwrap().1 = None;
        };
        assert_eq!(found(|f, _| later(f)), []);
        let void = |f: &mut Facts<'_>| {
            let proven = proven(f);
            proven.proof.void = Some("edits".into());
            proven.there.as_mut().unwrap().pipeline = None;
        };
        assert_eq!(found(|f, _| void(f)), []);
    }

    #[test]
    fn each_rule_is_found_broken() {
        assert_eq!(
            rules_broken(|_, s| s.promoter = person("eve")),
            [Rule::Author]
        );
        assert_eq!(rules_broken(|f, _| f.used = true), [Rule::PromotionId]);
        assert_eq!(
            rules_broken(|f, _| f.policy = Some("x".into())),
            [Rule::Policy]
        );
        for spoil in [
            |d: &mut Draft| d.root = oid(99),
            |d: &mut Draft| d.has_nonce = false,
            |d: &mut Draft| d.version = None,
            |d: &mut Draft| d.alone = false,
        ] {
            assert_eq!(rules_broken(|f, _| spoil(&mut f.draft)), [Rule::Generation]);
        }
        assert_eq!(
            rules_broken(|_, s| s.evolutions[0].owner = person("bob")),
            [Rule::Evolution]
        );
        for spoil in [
            |p: &mut Proven| p.proof.tree = oid(99),
            |p: &mut Proven| p.proof.status = Outcome::Fail,
            |p: &mut Proven| p.proof.steps[0].name = "other".into(),
            |p: &mut Proven| p.proof.steps[0].allowed = true,
            |p: &mut Proven| p.proof.change.id = "B".parse().unwrap(),
            |p: &mut Proven| p.there.as_mut().unwrap().pipeline = None,
        ] {
            assert_eq!(rules_broken(|f, _| spoil(proven(f))), [Rule::Proof]);
        }
        assert_eq!(
            rules_broken(|_, s| s.evolutions[0].counted = false),
            [Rule::Counted]
        );
        assert_eq!(rules_broken(|_, s| _ = s.gates.remove(0)), [Rule::Gates]);
        assert_eq!(
            rules_broken(|_, s| s.gates[0].passed = false),
            [Rule::Gates]
        );
        let unproven = |f: &mut Facts<'_>, s: &mut Sealed| {
            f.evolutions.clear();
            s.evolutions.clear();
            let said = s.gates.iter_mut().find(|v| v.gate == Gate::ChangesProven);
            let said = said.unwrap();
            said.passed = false;
            said.excuse = Some(super::super::verdict::Excuse {
                kind: ExcuseKind::Waived,
                reason: "because".into(),
                heir: None,
            });
        };
        // Which of two policies failed it is untrue, too: there is only one.
        assert!(rules_broken(unproven).contains(&Rule::Excuse));
        let none = |f: &mut Facts<'_>| f.original = Some(Err("none".into()));
        assert_eq!(rules_broken(|f, _| none(f)), [Rule::Original]);
    }

    fn whose(version: &str, policy: &str, rules: RuleSet) -> Whose {
        Whose {
            version: version.parse().unwrap(),
            policy: Policy::parse(policy.as_bytes()).unwrap(),
            rules,
            people: People::default(),
        }
    }

    #[test]
    fn who_is_no_promoter_neither_withdraws_nor_imports() {
        let version: Version = "v1.0.0".parse().unwrap();
        let rules = RuleSet::CURRENT;
        let may = |who: &str, about: Option<&Version>, whose: Option<&Whose>| {
            let author = person(who);
            let deed_of = Deed {
                author: &author,
                rules,
                by: None,
            };
            let found = deed(&deed_of, about, whose, rules).unwrap();
            found.into_iter().map(|one| one.rule).collect::<Vec<_>>()
        };
        let plain = whose("v1.0.0", "promoters: [lead@example.com]", rules);
        assert_eq!(may("lead", Some(&version), Some(&plain)), []);
        assert_eq!(may("mal", Some(&version), Some(&plain)), [Rule::Promoters]);
        assert_eq!(may("mal", Some(&version), None), []);
        let text = "promoters: [lead@example.com]\nlines: {v1.x: {promoters: [mal@example.com]}}";
        let line = whose("v2.0.0", text, rules);
        assert_eq!(may("mal", Some(&version), Some(&line)), []);
        assert_eq!(may("lead", Some(&version), Some(&line)), [Rule::Promoters]);
        assert_eq!(may("mal", None, Some(&line)), [Rule::Promoters]);
        // The sealed mailmap alone says who is who.
        let mapped = Whose {
            people: People::by(
                Mailmap::parse(b"<lead@example.com> <mal@example.com>"),
                None,
            ),
            ..plain
        };
        assert_eq!(may("mal", Some(&version), Some(&mapped)), []);
        let (mal, lead) = (person("mal"), person("lead"));
        let by = |people: &Whose| {
            let deed_of = Deed {
                author: &mal,
                rules,
                by: Some(&lead),
            };
            deed(&deed_of, None, Some(people), rules).unwrap()
        };
        assert_eq!(by(&mapped), []);
        assert_eq!(by(&line)[0].rule, Rule::Author);
    }

    /// Every program that can tell comes to the same result of an entry, whatever the policies say.
    #[test]
    fn programs_of_two_rule_sets_agree_about_every_entry() {
        let (old, new) = (RuleSet::FIRST, RuleSet::CURRENT);
        let texts = [
            "",
            "promoters: [lead@example.com]",
            "promoters: [eve@example.com]",
            "promoters: [eve@example.com]\nheirs: [lead@example.com]",
            "gates: {min_evolutions: 2}\nlines: {v1.x: {gates: {}}}",
            "min_rules: 1",
            "min_rules: 2",
            "min_rules: 3\nsomething: new",
            "something: new",
            "waivable: [min_evolutions]\ngates: {proof_covers_release: off}",
        ];
        type Spoil = fn(&mut Facts<'_>, &mut Sealed);
        let spoils: [Spoil; 6] = [
            |_, _| {},
            |f, _| f.used = true,
            |_, s| s.promoter = person("eve"),
            |_, s| s.gates[0].passed = false,
            |_, s| s.gates.retain(|gate| gate.gate != Gate::ChangesProven),
            |f, _| f.evolutions[0].as_mut().unwrap().attempt.cover = None,
        ];
        let mut told = 0;
        for (present, previous) in texts.iter().flat_map(|one| texts.map(|two| (one, two))) {
            for (by, before) in [(old, old), (old, new), (new, old), (new, new)] {
                for spoil in spoils {
                    // As a program of that age gathers the facts, and judges them.
                    let judged = |latest: RuleSet| {
                        facts_of(
                            by,
                            |facts, sealed| {
                                let read = |text: &str| Policy::parse_as(text.as_bytes(), latest);
                                match read(present) {
                                    Ok(policy) => facts.rules.present = policy,
                                    Err(why) => facts.policy = Some(why.to_string()),
                                }
                                facts.rules.before = Some(before);
                                match read(previous) {
                                    Ok(policy) => {
                                        facts.rules.previous =
                                            Some(("v0.9.0".parse().unwrap(), policy));
                                    }
                                    Err(why) => facts.rules.unreadable = Some(why.to_string()),
                                }
                                spoil(facts, sealed);
                            },
                            latest,
                        )
                    };
                    let (by_old, by_new) = (judged(old), judged(new));
                    assert!(by_new.is_ok());
                    if let Ok(by_old) = by_old {
                        let holds = |found: &[Dispute]| found.is_empty();
                        let by_new = by_new.unwrap();
                        assert_eq!(
                            holds(&by_old),
                            holds(&by_new),
                            "{present:?} over {previous:?}: {by_old:?} {by_new:?}"
                        );
                        told += 1;
                    } else {
                        assert!(by == new || before == new);
                    }
                    let author = person("lead");
                    let deed_of = Deed {
                        author: &author,
                        rules: by,
                        by: None,
                    };
                    let of_deed = |latest: RuleSet| {
                        // What cannot be read lets everybody.
                        let policy = Policy::parse_as(previous.as_bytes(), latest).ok()?;
                        let whose = Whose {
                            policy,
                            ..whose("v0.9.0", "", before)
                        };
                        Some(deed(&deed_of, None, Some(&whose), latest))
                    };
                    if let (Some(Ok(by_old)), Some(Ok(by_new))) = (of_deed(old), of_deed(new)) {
                        assert_eq!(by_old.is_empty(), by_new.is_empty());
                    }
                }
            }
        }
        assert!(told > 0);
    }
}
