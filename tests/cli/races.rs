//! Races of real processes: who wins, what the others are told, and that nobody loses anything.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use crate::sandbox::{Person, Ran, Sandbox, whole};
use crate::transport::Daemon;

/// Starts `args` in every clone at once, and waits for all.
fn at_once(people: &[Person], args: impl Fn(usize) -> Vec<String>) -> Vec<Ran> {
    let running: Vec<_> = people
        .iter()
        .enumerate()
        .map(|(at, person)| {
            let args = args(at);
            person.start(&args.iter().map(String::as_str).collect::<Vec<_>>())
        })
        .collect();
    running.into_iter().map(Person::wait).collect()
}

fn eight(sandbox: &Sandbox, url: &str) -> Vec<Person> {
    (0..8)
        .map(|n| sandbox.clone_of(&format!("dev{n}"), url))
        .collect()
}

/// Eight clones promote one version at once, again and again: exactly one wins each time.
fn one_version(sandbox: &Sandbox, url: &str) {
    let hosting = sandbox.nobody().at(sandbox.path().join("hosting.git"));
    let people = eight(sandbox, url);
    let length = || -> usize {
        let count = hosting.sh("git rev-list --count --first-parent refs/gryt/ledger");
        count.out.trim().parse().unwrap_or(1)
    };
    let mut winners = BTreeSet::new();
    for round in 0..if whole() { 25 } else { 5 } {
        let version = format!("v1.{round}.0");
        for (at, person) in people.iter().enumerate() {
            person.proves(&version, &format!("FEAT-{at}"));
        }
        let before = length();
        let ran = at_once(&people, |_| vec!["promote".into(), version.clone()]);
        let won: Vec<usize> = (0..8).filter(|at| ran[*at].code == 0).collect();
        assert_eq!(won.len(), 1, "round {round}: {ran:#?}");
        winners.insert(won[0]);
        assert_eq!(length(), before + 1, "round {round}");
        let sealed = hosting.must(&format!(
            "git show refs/gryt/ledger:releases/1/1.{round}/{version}.promotion.yaml"
        ));
        assert!(sealed.contains(&format!("name: dev{}", won[0])), "{sealed}");
        for (at, ran) in ran.iter().enumerate().filter(|(at, _)| *at != won[0]) {
            assert_eq!(ran.code, 3, "round {round}, dev{at}: {ran:#?}");
            let lines: Vec<&str> = ran.err.lines().collect();
            assert_eq!(
                lines[0],
                format!("ERROR: Version {version} already promoted in cloud")
            );
            assert_eq!(lines[1], "Please use a different version or pull latest");
            assert!(
                lines[2].contains(&format!("by dev{} <", won[0])),
                "{}",
                ran.err
            );
            assert_eq!(lines[3], format!("The next free version is v1.{round}.1"));
            let person = &people[at];
            person.git(&format!("rev-parse refs/gryt/generations/{version}"));
            person.git(&format!(
                "rev-parse refs/gryt/evolutions/{version}/FEAT-{at}/rc.1^2"
            ));
            assert!(person.has(&format!(".gryt/generations/{version}.yaml")));
        }
    }
    assert!(
        winners.len() > 1,
        "a race that one clone always wins tests nothing"
    );
    hosting.git("fsck --strict");
}

#[test]
fn one_version_has_one_winner_over_files() {
    let sandbox = Sandbox::new();
    let hosting = sandbox.hosting();
    one_version(&sandbox, &format!("file://{}", hosting.display()));
}

#[test]
fn one_version_has_one_winner_over_a_daemon() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let daemon = Daemon::start(&sandbox);
    one_version(&sandbox, &daemon.url("hosting.git"));
}

#[test]
fn different_versions_all_get_in() {
    let sandbox = Sandbox::new();
    let hosting = sandbox.hosting();
    let people = eight(&sandbox, &format!("file://{}", hosting.display()));
    let hosting = sandbox.nobody().at(hosting);
    for round in 1..=3 {
        let version = |at: usize| format!("v{round}.{at}.0");
        for (at, person) in people.iter().enumerate() {
            person.proves(&version(at), "FEAT-1");
        }
        let ran = at_once(&people, |at| vec!["promote".into(), version(at)]);
        for ran in &ran {
            assert_eq!(ran.code, 0, "{ran:#?}");
        }
        let log = hosting.git("log --first-parent --format=%s refs/gryt/ledger");
        for at in 0..8 {
            assert!(log.contains(&format!("Promote {}", version(at))), "{log}");
        }
    }
    let entries = hosting.git("rev-list --count --first-parent refs/gryt/ledger");
    assert_eq!(entries, "25");
    // Every entry holds everything that the one before it held, and one release more.
    let chain = hosting.git("rev-list --first-parent --reverse refs/gryt/ledger");
    let mut before = BTreeSet::new();
    for (count, commit) in chain.lines().enumerate() {
        let tree = hosting.git(&format!("ls-tree -r {commit}"));
        let now: BTreeSet<String> = tree.lines().map(String::from).collect();
        assert!(before.is_subset(&now), "{commit} lost something");
        let releases = now
            .iter()
            .filter(|l| l.ends_with(".promotion.yaml"))
            .count();
        assert_eq!(releases, count);
        before = now;
    }
    assert_eq!(hosting.refs("refs/gryt").len(), 1);
}

/// What came of one round of an editor, two owners and a promoter.
#[derive(Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Round {
    promoted: bool,
    edit_acknowledged: bool,
    proof_sealed: Option<bool>,
    started_sealed: Option<bool>,
}

#[test]
fn what_was_acknowledged_is_sealed_or_told() {
    let sandbox = Sandbox::new();
    let hosting_path = sandbox.hosting();
    let url = format!("file://{}", hosting_path.display());
    let hosting = sandbox.nobody().at(&hosting_path);
    let [lead, editor, prover, starter] =
        ["lead", "editor", "prover", "starter"].map(|name| sandbox.clone_of(name, &url));
    let mut seen = BTreeSet::new();
    for round in 0..60u64 {
        let version = format!("v1.{round}.0");
        lead.must(&format!(
            "git gryt generation new {version} --change add:A:a --change add:B:b"
        ));
        lead.must("git gryt sync push");
        lead.must(&format!(
            "git gryt evolution start {version} --change B && git gryt run"
        ));
        prover.must("git gryt sync pull");
        prover.must(&format!(
            "git gryt evolution start {version} --change A && git gryt run"
        ));
        prover.must("git gryt sync push-evolutions");
        for person in [&lead, &editor, &starter] {
            person.must("git gryt sync pull");
        }
        // Each has something to push before the race begins.
        editor.must(&format!(
            "git gryt generation edit {version} -d 'edited {round}'"
        ));
        prover.must("git gryt run");
        starter.must(&format!(
            "git gryt evolution start {version} --change A && git gryt run"
        ));
        let proof = prover.git(&format!("rev-parse refs/gryt/evolutions/{version}/A/rc.1"));
        let started = starter.git(&format!("rev-parse refs/gryt/evolutions/{version}/A/rc.2"));

        // Spread differently in each round, so that every order happens.
        let delay = |step: u64, spread: u64| Duration::from_millis((round * step) % spread);
        let race = [
            (&lead, vec!["promote", &version], delay(137, 500)),
            (
                &editor,
                vec!["sync", "push", &version],
                delay(223, 600) + Duration::from_millis(100),
            ),
            (&prover, vec!["sync", "push-evolutions"], delay(53, 400)),
            (&starter, vec!["sync", "push-evolutions"], delay(71, 400)),
        ];
        let ran = std::thread::scope(|scope| {
            let running = race.map(|(person, args, delay)| {
                scope.spawn(move || {
                    std::thread::sleep(delay);
                    Person::wait(person.start(&args))
                })
            });
            running.map(|thread| thread.join().unwrap())
        });
        let [promoted, edited, proved, began] = &ran;
        let mut outcome = Round {
            promoted: promoted.code == 0,
            edit_acknowledged: edited.out.contains("Updated: 1"),
            ..Round::default()
        };
        assert!(matches!(promoted.code, 0 | 4), "{promoted:#?}");
        assert!(matches!(edited.code, 0 | 3), "{edited:#?}");
        // One of the two, never both and never neither.
        assert_ne!(
            outcome.promoted, outcome.edit_acknowledged,
            "round {round}: {ran:#?}"
        );
        if outcome.promoted {
            let parents = hosting.git("log -1 --format=%P refs/gryt/ledger");
            let acknowledged =
                |ran: &Ran| ran.out.contains("Created: 1") || ran.out.contains("Updated: 1");
            for (person, ran, tip, sealed) in [
                (&prover, proved, &proof, &mut outcome.proof_sealed),
                (&starter, began, &started, &mut outcome.started_sealed),
            ] {
                assert_eq!(ran.code, 0, "{ran:#?}");
                let inside = parents.contains(tip.as_str());
                *sealed = Some(inside);
                assert!(
                    !inside || acknowledged(ran),
                    "sealed before it was pushed: {ran:#?}"
                );
                // Whoever is not in the seal hears of it, at once or with the next pull.
                let pulled = person.must("git gryt sync pull");
                // What was late in an earlier round is shown again, until it is abandoned.
                let late = format!("{version}/A/");
                let says = |text: &str| {
                    let lines = text.lines();
                    lines
                        .filter(|l| l.contains(&late))
                        .any(|l| l.contains("is late") || l.contains("came too late"))
                };
                let told = says(&ran.out) || says(&pulled);
                assert_eq!(told, !inside, "round {round}: {ran:#?}{pulled}");
                person.git(&format!("cat-file -e {tip}"));
            }
        }
        seen.insert(format!("promoted: {}", outcome.promoted));
        seen.insert(format!("proof sealed: {:?}", outcome.proof_sealed));
        seen.insert(format!("start sealed: {:?}", outcome.started_sealed));
        if seen.len() == 8 {
            break;
        }
    }
    let expected = ["None", "Some(false)", "Some(true)"];
    for outcome in expected {
        for what in ["proof", "start"] {
            let line = format!("{what} sealed: {outcome}");
            assert!(seen.contains(&line), "never seen: {line}; {seen:?}");
        }
    }
    assert!(seen.contains("promoted: true") && seen.contains("promoted: false"));
    assert!(Path::new(&hosting_path).exists());
}
