//! What decides a promotion, one fact at a time.

use super::*;
use crate::model::evolution::tests::attempt;
use crate::model::proof::Outcome;

fn oid(n: u32) -> Oid {
    format!("{n:040x}").parse().unwrap()
}

fn facts() -> Facts {
    let version: Version = "v1.0.0".parse().unwrap();
    let text = "version: v1.0.0\nchanges:\n- {type: add, id: A, title: a}\n";
    let contract = Contract::parse(text.as_bytes(), &version).unwrap();
    let proven = attempt(&contract.changes[0], "ann", 1, Some(Outcome::Pass));
    Facts {
        version: version.clone(),
        promotion: "mine".into(),
        sealed: None,
        next_free: "v1.0.1".parse().unwrap(),
        tag: None,
        local: Some(Draft {
            root: oid(7),
            author: proven.evolution.owner.clone(),
            tip: oid(8),
            contract: Ok(contract),
        }),
        cloud: None,
        adopted: None,
        attempts: vec![(proven.clone(), Some(proven.tip.clone()))],
        agreed: Agreed::default(),
        release: Release {
            commit: oid(1),
            tree: oid(2),
        },
        rules: Ok(Rules::default()),
        plea: Plea::default(),
        artifacts_of: None,
        promoter: proven.evolution.owner.clone(),
        now: proven.evolution.started,
        has_cloud: true,
    }
}

fn seal(facts: &Facts) -> Seal {
    match decide(facts).unwrap() {
        Decision::Seal(seal) => seal,
        Decision::Won(_) => panic!("nothing was sealed yet"),
    }
}

fn exit(change: impl FnOnce(&mut Facts)) -> Exit {
    let mut facts = facts();
    change(&mut facts);
    decide(&facts).unwrap_err().exit
}

fn sealed_by(promotion: &str) -> Sealed {
    let mut sealed = seal(&facts()).sealed;
    sealed.promotion = promotion.into();
    sealed
}

fn cloud(relation: Relation) -> CloudDraft {
    CloudDraft {
        tip: oid(6),
        relation,
        unseen: vec!["edit by bob".into()],
        in_conflict: false,
        unsound: None,
    }
}

#[test]
fn a_proven_draft_is_sealed_with_its_evolutions() {
    let seal = seal(&facts());
    assert_eq!(seal.sealed.draft, oid(8));
    assert_eq!(seal.sealed.evolutions.len(), 1);
    assert!(seal.sealed.evolutions[0].counted);
}

#[test]
fn taken_is_said_before_anything_else() {
    assert_eq!(
        exit(|f| {
            f.sealed = Some(sealed_by("theirs"));
            f.attempts.clear();
            f.local = None;
        }),
        Exit::Taken
    );
    assert_eq!(
        exit(|f| f.tag = Some(Refusal::new(Exit::Taken, "a tag"))),
        Exit::Taken
    );
}

#[test]
fn an_intent_that_is_in_the_ledger_has_won() {
    let mut facts = facts();
    facts.sealed = Some(sealed_by("mine"));
    facts.local = None;
    assert!(matches!(decide(&facts), Ok(Decision::Won(_))));
}

#[test]
fn what_the_cloud_has_and_this_clone_has_not_seen_refuses() {
    for relation in [Relation::Behind, Relation::Diverged] {
        assert_eq!(exit(|f| f.cloud = Some(cloud(relation))), Exit::OutOfStep);
    }
    let other = |f: &mut Facts| f.cloud = Some(cloud(Relation::Unrelated));
    assert_eq!(exit(other), Exit::Conflict);
    assert_eq!(exit(|f| f.adopted = Some(oid(8))), Exit::OutOfStep);
    let unpulled = |f: &mut Facts| {
        f.local = None;
        f.cloud = Some(cloud(Relation::Behind));
    };
    assert_eq!(exit(unpulled), Exit::OutOfStep);
    assert_eq!(exit(|f| f.local = None), Exit::Invalid);
}

#[test]
fn every_gate_that_fails_is_listed() {
    let mut facts = facts();
    facts.attempts.clear();
    let refusal = decide(&facts).unwrap_err();
    assert_eq!(refusal.exit, Exit::Gate);
    assert!(refusal.why[0].contains("git gryt evolution start v1.0.0 --change A"));
}

#[test]
fn another_generations_evolutions_are_neither_counted_nor_folded() {
    let mut facts = facts();
    facts.attempts[0].0.evolution.generation = oid(99);
    assert_eq!(decide(&facts).unwrap_err().exit, Exit::Gate);
}

#[test]
fn one_push_deletes_the_counted_first_and_twenty_refs_at_most() {
    let mut facts = facts();
    let (proven, _) = facts.attempts.remove(0);
    let change = proven.proof.as_ref().unwrap().change.clone();
    for number in 1..=30 {
        let status = if number > 25 {
            Outcome::Pass
        } else {
            Outcome::Fail
        };
        let tried = attempt(&change, "ann", number, Some(status));
        facts.attempts.push((tried.clone(), Some(tried.tip)));
    }
    facts.cloud = Some(cloud(Relation::Same));
    let seal = seal(&facts);
    let deleted = deleted_with_seal(&seal, REFS_A_PUSH - 2);
    assert_eq!(deleted.len() + 2, REFS_A_PUSH);
    assert!(
        deleted[..5]
            .iter()
            .all(|at| seal.sealed.evolutions[*at].counted)
    );
}
