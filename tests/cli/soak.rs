//! A moment of the soak (examples/soak), and that its judge finds what is broken on purpose.

#![allow(clippy::print_stdout, reason = "a game that fails says which it was")]

use std::time::Duration;

#[path = "../../examples/soak/game/mod.rs"]
mod game;

use game::judge::Kind;
use game::{Length, Plan, RefFormat, Report, Sabotage, Transport};

fn plays(clients: usize, acts: usize, seed: u64, sabotage: Option<Sabotage>) -> Report {
    let plan = Plan {
        program: crate::sandbox::PROGRAM.into(),
        clients,
        seed,
        transport: Transport::File,
        refs: RefFormat::Files,
        legs: 1,
        leg: Length {
            acts,
            time: Duration::MAX,
        },
        sabotage,
    };
    game::play(&plan, &|line| println!("seed {seed}: {line}")).unwrap()
}

#[test]
fn a_short_soak_breaks_nothing() {
    let report = plays(3, 20, 1, None);
    let broken: Vec<String> = report.violations.iter().map(ToString::to_string).collect();
    assert!(
        broken.is_empty(),
        "{:?}\n{}",
        report.kept,
        broken.join("\n")
    );
    assert!(report.acts > 60, "{:#?}", report.counts);
    assert!(report.kills > 0, "{:#?}", report.counts);
    assert!(report.promotions > 0, "{:#?}", report.counts);
}

/// Whatever else it finds then, it finds what was done.
#[track_caller]
fn is_found(sabotage: Sabotage, kind: Kind) {
    let report = plays(2, 3, 1, Some(sabotage));
    let found: Vec<Kind> = report
        .violations
        .iter()
        .map(|violation| violation.kind)
        .collect();
    assert!(
        found.contains(&kind),
        "{sabotage:?}: {:#?}",
        report.violations
    );
}

#[test]
fn a_cloud_that_is_rewound_is_found() {
    is_found(Sabotage::Rewind, Kind::PromotionLost);
}

#[test]
fn a_version_that_is_sealed_twice_is_found() {
    is_found(Sabotage::DoubleEntry, Kind::SealedTwice);
}

#[test]
fn an_edit_that_is_lost_is_found() {
    is_found(Sabotage::LostEdit, Kind::EditLost);
}

#[test]
fn an_evolution_that_is_lost_is_found() {
    is_found(Sabotage::LostEvolution, Kind::ProofLost);
}

#[test]
fn an_object_that_is_missing_is_found() {
    is_found(Sabotage::MissingObject, Kind::Damaged);
}
