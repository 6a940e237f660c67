//! The worlds that are explored.

use std::collections::BTreeSet;

use stateright::{Checker, HasDiscoveries, Model};

use super::claims::POSSIBLE;
use super::world::{Name, Refs, Tip, World};
use super::{Broken, Protocol};

/// Two clients that have one proven draft, and do two things each; one of them may be killed, and one
/// answer lost.
fn small() -> Protocol {
    Protocol {
        clients: 2,
        versions: 1,
        commands: 2,
        crashes: 1,
        losses: 1,
        atomic: true,
        approvals: false,
        begun: true,
        broken: None,
        rested: std::sync::Arc::default(),
    }
}

/// Goes through every state, and says how many there are.
fn explore(protocol: Protocol) -> usize {
    let checker = protocol.checker().threads(2);
    let checker = checker.finish_when(HasDiscoveries::AnyFailures);
    let checker = checker.spawn_bfs().join();
    for (claim, path) in checker.discoveries() {
        if claim == POSSIBLE {
            continue;
        }
        let steps = path.into_vec().into_iter();
        let steps = steps.map(|(world, action)| format!("{}\n{action:?}\n", brief(&world)));
        panic!("not so: {claim}\n{}", steps.collect::<String>());
    }
    checker.assert_properties();
    checker.unique_state_count()
}

/// A state in a few lines.
fn brief(world: &World) -> String {
    let tip = |(name, tip): (&Name, &Tip)| match tip {
        Tip::Commit(tip) => format!("{name:?} {}.{:b}, ", tip.root, tip.holds),
        Tip::Tag(id) => format!("{name:?} {id:?}, "),
        Tip::Word { root, yes } => format!("{name:?} {root} {yes}, "),
        Tip::Ledger(entries) => {
            let entries = entries.iter().map(|entry| (entry.version, entry.id));
            format!("{:?}, ", entries.collect::<Vec<_>>())
        }
    };
    let refs = |refs: &Refs| refs.0.iter().map(tip).collect::<String>();
    let late = world.late.len();
    let mut text = format!("    cloud: {}{late} may land", refs(&world.cloud));
    for (at, site) in world.clones.iter().enumerate() {
        let stage = site.work.as_ref().and_then(|work| work.stages.front());
        text += &format!("\n    clone {at}: {}at {stage:?}", refs(&site.refs));
    }
    text
}

#[test]
fn two_clients_and_two_versions_keep_every_promise() {
    explore(Protocol {
        versions: 2,
        ..small()
    });
}

#[test]
fn so_they_do_where_the_cloud_takes_each_ref_for_itself() {
    explore(Protocol {
        atomic: false,
        ..small()
    });
}

#[test]
fn so_they_do_from_nothing() {
    explore(Protocol {
        begun: false,
        commands: 3,
        ..small()
    });
}

#[test]
fn so_they_do_where_somebody_takes_an_approval_back() {
    for (atomic, faults) in [(true, 1), (false, 0)] {
        explore(Protocol {
            approvals: true,
            atomic,
            crashes: faults,
            losses: faults,
            ..small()
        });
    }
}

/// Minutes: docs/testing.md names the command, and how many states there are: a world that shrank unseen would
/// show less.
#[test]
#[ignore = "it takes minutes"]
fn more_clients_and_more_commands_keep_every_promise() {
    let worlds = [
        (3, 1, 1, 1, true, 76_211),
        (3, 1, 1, 1, false, 313_223),
        (3, 1, 2, 0, true, 1_961_586),
        (2, 2, 3, 0, true, 982_722),
    ];
    for (clients, versions, commands, faults, atomic, expected) in worlds {
        let states = explore(Protocol {
            clients,
            versions,
            commands,
            crashes: faults,
            losses: faults,
            atomic,
            ..small()
        });
        assert_eq!(states, expected);
    }
}

/// What is claimed in vain without one of the rules.
fn missed(world: Protocol) -> BTreeSet<&'static str> {
    let checker = world.checker().threads(1);
    let checker = checker.finish_when(HasDiscoveries::AnyFailures);
    let found = checker.spawn_bfs().join().discoveries();
    found
        .into_keys()
        .filter(|claim| *claim != POSSIBLE)
        .collect()
}

#[test]
fn each_rule_is_missed() {
    let calm = || Protocol {
        crashes: 0,
        losses: 0,
        ..small()
    };
    let two_versions = Protocol {
        versions: 2,
        commands: 3,
        ..calm()
    };
    let apart = Protocol {
        atomic: false,
        ..calm()
    };
    let silent = Protocol {
        commands: 1,
        losses: 2,
        ..calm()
    };
    let approved = Protocol {
        approvals: true,
        ..calm()
    };
    let revoked = "nothing is sealed by an approval that was taken back before";
    let sealed = "what is sealed at once is what the cloud held";
    let pushed = "what was pushed is in the cloud, or was let go of";
    let rest = "whoever goes on comes to rest";
    let stays = "a promotion that was acknowledged stays";
    let oneself = "nobody is told that they lost to themselves";
    let failed = "a promotion that was told as failed never lands";
    for (broken, world, claim) in [
        (Broken::LedgerWithoutLease, two_versions, stays),
        (Broken::IdIsNotKept, small(), oneself),
        (Broken::SilenceIsRefusal, silent, failed),
        (Broken::DraftsByForce, calm(), pushed),
        (Broken::EmptyLeaseForDeletions, calm(), sealed),
        (Broken::SealsUnseen, calm(), sealed),
        (Broken::DraftIsNotLeased, calm(), sealed),
        (Broken::SaysBeside, approved, revoked),
        (Broken::NothingHeals, apart, rest),
        (Broken::RemembersTooEarly, small(), rest),
    ] {
        let world = Protocol {
            broken: Some(broken),
            ..world
        };
        let missed = missed(world);
        assert!(missed.contains(claim), "{broken:?}: {missed:?}");
    }
}
