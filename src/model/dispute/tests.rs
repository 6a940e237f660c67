//! Honest and forged entries.

use super::*;
use crate::model::approval::Agreed;
use crate::model::evolution::tests::attempt;
use crate::model::mailmap::{Mailmap, People};
use crate::model::proof::{Outcome, StepEnd, StepResult};
use crate::model::ring::Ring;
use crate::model::sealed::{Folded, Sealed};
use crate::model::signature::Signature;
use crate::model::signers::Blocks;
use crate::model::verdict::{ExcuseKind, Gate};
use crate::model::{Contract, Oid, Person, Policy, Stamp, Version};

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
        agreed: &Agreed::default(),
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
        unproven: None,
        artifacts: Vec::new(),
        artifacts_of: None,
        evolutions: vec![Folded {
            change: attempt.name.change.clone(),
            number: 1,
            tip: attempt.tip.clone(),
            owner: attempt.evolution.owner.clone(),
            counted: true,
        }],
        approvals: Vec::new(),
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
        approvals: Vec::new(),
        agreed: Agreed::default(),
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
        since: None,
        people: People::default(),
        blocks: Blocks::new(),
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
            committer: &author,
            rules,
            by: None,
            signature: &Signature::Missing,
            at: None,
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
            committer: &mal,
            rules,
            by: Some(&lead),
            signature: &Signature::Missing,
            at: None,
        };
        deed(&deed_of, None, Some(people), rules).unwrap()
    };
    assert_eq!(by(&mapped), []);
    assert_eq!(by(&line)[0].rule, Rule::Author);
}

#[test]
fn a_key_that_is_over_signs_nothing_by_naming_an_earlier_time() {
    let text = "promoters: [lead@example.com]\ngates: {signed: require}\nsigners:\n  lead@example.com:\n  \
                - valid-before=\"20250101\" ssh-ed25519 \
                AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti\n";
    let policy = Policy::parse(text.as_bytes()).unwrap();
    let key = Ring::of(&policy, &Blocks::new()).keys().remove(0);
    let at = |text: &str| text.parse::<Stamp>().unwrap();
    let (author, signature) = (person("lead"), Signature::By(key));
    let holds = |says: &str, since: Option<&str>| {
        let says = at(says);
        let deed_of = Deed {
            author: &author,
            committer: &author,
            rules: RuleSet::CURRENT,
            by: None,
            signature: &signature,
            at: Some(&says),
        };
        let whose = Whose {
            since: since.map(at),
            ..whose("v1.0.0", text, RuleSet::CURRENT)
        };
        deed(&deed_of, None, Some(&whose), RuleSet::CURRENT)
            .unwrap()
            .is_empty()
    };
    assert!(holds("2024-06-01T00:00:00Z", None));
    assert!(holds("2024-06-01T00:00:00Z", Some("2024-12-31T00:00:00Z")));
    assert!(!holds("2024-06-01T00:00:00Z", Some("2025-02-01T00:00:00Z")));
    assert!(!holds("2025-06-01T00:00:00Z", Some("2024-02-01T00:00:00Z")));
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
                    committer: &author,
                    rules: by,
                    by: None,
                    signature: &Signature::Missing,
                    at: None,
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

#[test]
fn who_withdraws_signs_that_where_the_policy_asks_for_it() {
    const LEAD: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";
    const BOB: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPqpE2h5fr9YCMJ+/r8moiS8TwtzHTayc1Q0I3/4NVDx";
    let text = format!(
        "promoters: [lead@example.com, bob@example.com]\ngates: {{signed: require}}\nsigners:\n  \
         lead@example.com: [{LEAD}]\n  bob@example.com: [{BOB}]\n"
    );
    let key = |text: &str| match super::super::signers::Key::parse(text) {
        Ok(super::super::signers::Key::Ssh(known)) => Signature::By(known.key),
        other => panic!("{other:?}"),
    };
    let rules = RuleSet::CURRENT;
    let (lead, bob, mal) = (person("lead"), person("bob"), person("mal"));
    let version: Version = "v1.0.0".parse().unwrap();
    let may = |text: &str, signature: &Signature, committer: &Person| {
        let deed_of = Deed {
            author: &lead,
            committer,
            rules,
            by: Some(&lead),
            signature,
            at: None,
        };
        let whose = whose("v1.0.0", text, rules);
        let found = deed(&deed_of, Some(&version), Some(&whose), rules).unwrap();
        found.into_iter().map(|one| one.rule).collect::<Vec<_>>()
    };
    assert_eq!(may(&text, &key(LEAD), &lead), []);
    assert_eq!(may(&text, &Signature::Missing, &lead), [Rule::Signed]);
    assert_eq!(may(&text, &key(BOB), &lead), [Rule::Signed]);
    // A promoter who appends it again answers for it; somebody else does not.
    assert_eq!(may(&text, &key(BOB), &bob), []);
    assert_eq!(may(&text, &key(BOB), &mal), [Rule::Signed]);
    let warns = text.replace("require", "warn");
    assert_eq!(may(&warns, &Signature::Missing, &lead), []);
    assert_eq!(may(&warns, &key(BOB), &lead), [Rule::Signed]);
}
