//! What becomes of a ref, whatever this clone and the cloud hold.

use super::*;
use crate::model::state::SyncState;

fn oid(n: u32) -> Oid {
    format!("{n:040x}").parse().unwrap()
}

fn sides(local: u32, cloud: u32, adopted: u32) -> Sides {
    let some = |n: u32| (n > 0).then(|| oid(n));
    // In these tests a higher number descends from a lower one.
    let relate = |a: u32, b: u32| {
        (a > 0 && b > 0).then(|| match a.cmp(&b) {
            std::cmp::Ordering::Less => Relation::Behind,
            std::cmp::Ordering::Equal => Relation::Same,
            std::cmp::Ordering::Greater => Relation::Ahead,
        })
    };
    Sides {
        local: some(local),
        cloud: some(cloud),
        adopted: some(adopted),
        relation: relate(local, cloud),
        since: relate(local, adopted),
        invalid: None,
    }
}

#[test]
fn a_draft_follows_the_cloud_and_never_loses_an_edit() {
    let open = |l, c, a| draft(&sides(l, c, a), Seal::Open);
    assert_eq!(open(0, 2, 0), DraftStep::Adopt(oid(2)));
    assert_eq!(open(1, 2, 1), DraftStep::Advance(oid(2)));
    assert_eq!(open(2, 2, 2), DraftStep::Keep);
    assert_eq!(open(3, 2, 2), DraftStep::Keep);
    assert_eq!(open(1, 0, 0), DraftStep::Keep);
    assert_eq!(open(1, 0, 1), DraftStep::Delete);
    let edited = DraftStep::Conflict(DraftConflict::Deleted);
    assert_eq!(open(2, 0, 1), edited);
}

#[test]
fn a_version_made_again_replaces_what_nobody_edited() {
    let mut again = sides(1, 5, 1);
    again.relation = Some(Relation::Unrelated);
    assert_eq!(draft(&again, Seal::Open), DraftStep::Replace(oid(5)));
    let mut edited = sides(2, 5, 1);
    edited.relation = Some(Relation::Unrelated);
    let conflict = DraftStep::Conflict(DraftConflict::SameVersion);
    assert_eq!(draft(&edited, Seal::Open), conflict);
}

#[test]
fn the_ledger_wins_over_a_draft_that_is_still_seen() {
    let sealed = |l, c, seal| draft(&sides(l, c, c), seal);
    assert_eq!(sealed(0, 2, Seal::Folded), DraftStep::Keep);
    assert_eq!(sealed(2, 2, Seal::Folded), DraftStep::Retire);
    assert_eq!(sealed(3, 2, Seal::Beyond), DraftStep::Late);
    let other = DraftStep::Conflict(DraftConflict::Promoted);
    let made_here = Sides {
        adopted: None,
        since: None,
        ..sides(3, 0, 0)
    };
    assert_eq!(draft(&made_here, Seal::Other), other);
    assert_eq!(sealed(3, 2, Seal::Other), other);
    let let_go = draft(&sides(3, 0, 3), Seal::Other);
    assert_eq!(let_go, DraftStep::Delete);
}

#[test]
fn what_does_not_check_touches_nothing() {
    let mut bad = sides(1, 2, 1);
    bad.invalid = Some(Invalid::new("x"));
    assert!(matches!(draft(&bad, Seal::Open), DraftStep::Quarantine(_)));
    assert!(matches!(
        evolution(&bad, Seal::Open),
        EvolutionStep::Quarantine(_)
    ));
}

#[test]
fn a_number_belongs_to_whom_the_cloud_has() {
    let mut clash = sides(1, 2, 0);
    clash.relation = Some(Relation::Unrelated);
    assert_eq!(
        evolution(&clash, Seal::Open),
        EvolutionStep::Renumber(oid(2))
    );
    let mut left = sides(1, 2, 1);
    left.relation = Some(Relation::Unrelated);
    assert_eq!(evolution(&left, Seal::Open), EvolutionStep::Replace(oid(2)));
    assert_eq!(next_number([1, 3]), 4);
    assert_eq!(next_number([]), 1);
}

#[test]
fn an_unshared_proof_outlives_its_ref_in_the_cloud() {
    assert_eq!(evolution(&sides(2, 0, 1), Seal::Open), EvolutionStep::Keep);
    assert_eq!(evolution(&sides(1, 0, 1), Seal::Open), EvolutionStep::Leave);
    assert_eq!(
        evolution(&sides(2, 0, 1), Seal::Beyond),
        EvolutionStep::Late
    );
    let abandoned = evolution(&sides(1, 0, 1), Seal::Other);
    assert_eq!(abandoned, EvolutionStep::Leave);
}

#[test]
fn a_draft_has_one_state_whoever_asks() {
    let keep = |relation| DraftStep::Keep.state(relation);
    assert_eq!(keep(None), SyncState::NotSynced);
    assert_eq!(keep(Some(Relation::Same)), SyncState::Synced);
    assert_eq!(keep(Some(Relation::Ahead)), SyncState::Pending);
    let after = |step: DraftStep| step.state(Some(Relation::Diverged));
    assert_eq!(after(DraftStep::Merge(oid(1))), SyncState::Diverged);
    let clash = DraftStep::Conflict(DraftConflict::Edited);
    assert_eq!(after(clash), SyncState::Conflict);
    assert_eq!(after(DraftStep::Late), SyncState::Conflict);
    assert_eq!(after(DraftStep::Delete), SyncState::Behind);
}

const RELATIONS: [Relation; 5] = [
    Relation::Same,
    Relation::Ahead,
    Relation::Behind,
    Relation::Diverged,
    Relation::Unrelated,
];

/// All that can be known of a ref, in every combination.
fn everything() -> Vec<(Sides, Seal)> {
    let mut all = Vec::new();
    let relations = |both: bool| match both {
        true => RELATIONS.map(Some).to_vec(),
        false => vec![None],
    };
    for at in 0..8 {
        let (here, there, before) = (at & 1 > 0, at & 2 > 0, at & 4 > 0);
        for relation in relations(here && there) {
            for since in relations(here && before) {
                let broken = there.then(|| Some(Invalid::new("it is broken")));
                for invalid in std::iter::once(None).chain(broken) {
                    for seal in [Seal::Open, Seal::Folded, Seal::Beyond, Seal::Other] {
                        let sides = Sides {
                            local: here.then(|| oid(1)),
                            cloud: there.then(|| oid(2)),
                            adopted: before.then(|| oid(3)),
                            relation,
                            since,
                            invalid: invalid.clone(),
                        };
                        all.push((sides, seal));
                    }
                }
            }
        }
    }
    all
}

#[test]
fn no_step_takes_away_what_only_this_clone_has() {
    for (sides, seal) in everything() {
        // What was taken over from the cloud, and not touched since, is known there.
        let known = matches!(sides.since, Some(Relation::Same | Relation::Behind));
        let folded = seal == Seal::Folded;
        let place = format!("{sides:?} {seal:?}");
        match draft(&sides, seal) {
            DraftStep::Delete | DraftStep::Replace(_) => assert!(known, "{place}"),
            DraftStep::Retire => assert!(folded, "{place}"),
            DraftStep::Advance(_) => {
                assert_eq!(sides.relation, Some(Relation::Behind), "{place}");
            }
            DraftStep::Adopt(_) => assert!(sides.local.is_none(), "{place}"),
            DraftStep::Keep
            | DraftStep::Merge(_)
            | DraftStep::Late
            | DraftStep::Conflict(_)
            | DraftStep::Quarantine(_) => {}
        }
        match evolution(&sides, seal) {
            EvolutionStep::Leave | EvolutionStep::Replace(_) => assert!(known, "{place}"),
            EvolutionStep::Retire => assert!(folded, "{place}"),
            EvolutionStep::Advance(_) => {
                assert_eq!(sides.relation, Some(Relation::Behind), "{place}");
            }
            EvolutionStep::Adopt(_) => assert!(sides.local.is_none(), "{place}"),
            EvolutionStep::Keep
            | EvolutionStep::Late
            | EvolutionStep::Renumber(_)
            | EvolutionStep::Replay(_)
            | EvolutionStep::Quarantine(_) => {}
        }
    }
}

#[test]
fn what_is_open_and_does_not_check_is_never_taken_over() {
    for (sides, _) in everything() {
        let draft = draft(&sides, Seal::Open);
        let evolution = evolution(&sides, Seal::Open);
        let refused = matches!(draft, DraftStep::Quarantine(_))
            && matches!(evolution, EvolutionStep::Quarantine(_));
        assert_eq!(refused, sides.invalid.is_some(), "{sides:?}");
    }
}

#[test]
fn every_row_is_written_down() {
    let mut table = String::new();
    let word = |relation: Option<Relation>| match relation {
        None => "-".to_owned(),
        Some(relation) => format!("{relation:?}"),
    };
    for (sides, seal) in everything() {
        let has = |oid: &Option<Oid>, sign| if oid.is_some() { sign } else { '.' };
        let there = match (&sides.cloud, &sides.invalid) {
            (None, _) => '.',
            (Some(_), None) => 'C',
            (Some(_), Some(_)) => '!',
        };
        table += &format!(
            "{}{there}{} {:9} {:9} {:6} | {:28} {:?}\n",
            has(&sides.local, 'L'),
            has(&sides.adopted, 'A'),
            word(sides.relation),
            word(sides.since),
            format!("{seal:?}"),
            name(&format!("{:?}", draft(&sides, seal))),
            evolution(&sides, seal),
        );
    }
    let table: Vec<&str> = table.lines().map(|line| name(line).trim_end()).collect();
    let head = "\
# What a pull does with a ref (L here, C in the cloud, ! there and broken, A as last taken over), by how it
# stands to the cloud's, how it stands to what was taken over, and how its version is sealed: with a draft,
# and with an evolution. Written by `UPDATE_EXPECT=1 cargo test --lib reconcile`.
";
    let table = format!("{head}{}\n", table.join("\n"));
    expect_test::expect_file!["../../../fixtures/golden/reconcile.txt"].assert_eq(&table);
}

/// A step without the oid that it goes to.
fn name(step: &str) -> &str {
    let oid = step.find("(Oid").or_else(|| step.find("(Invalid"));
    oid.map_or(step, |at| &step[..at])
}
