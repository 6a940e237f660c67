//! Each command is killed before and after every git process that it starts, run again, and has to
//! end where it would have ended undisturbed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::sandbox::{Person, Sandbox, whole};

/// A command, what leads up to it, and what has to hold once it was cut and run again.
pub(crate) struct Case {
    pub command: &'static str,
    pub prepare: fn(&Person, &Person),
    /// How the second run may end: it may find everything done.
    pub again: &'static [i32],
    pub holds: fn(&Person, &Person, &Person),
}

pub(crate) const FILE: &str = ".gryt/generations/v1.0.0.yaml";

pub(crate) fn proven(ann: &Person, _: &Person) {
    ann.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    ann.must("git gryt sync push-evolutions");
}

/// Its pipeline starts no git, which would be killed instead of the command.
fn started(ann: &Person, bob: &Person) {
    let steps = "steps:\n- {name: test, run: 'true'}\n";
    ann.tracks(".gryt/pipelines/pipeline.yaml", steps);
    bob.git("pull -q");
    ann.must("git gryt evolution start v1.0.0 --change A");
}

fn promoted(ann: &Person, bob: &Person) {
    proven(ann, bob);
    ann.must("git gryt promote v1.0.0");
}

pub(crate) const CASES: [Case; 20] = [
    Case {
        command: "promote v1.0.0",
        prepare: proven,
        again: &[0, 3],
        holds: |ann, bob, hosting| {
            ann.must("git gryt sync pull");
            let log = hosting.git("log --first-parent --format=%s refs/gryt/ledger");
            assert_eq!(log.matches("Promote v1.0.0").count(), 1, "{log}");
            assert_eq!(hosting.refs("refs/gryt").len(), 1);
            assert_eq!(hosting.git("tag"), "v1.0.0");
            assert_eq!(ann.refs("refs/gryt/").len(), 1);
            assert_eq!(ann.refs("refs/gryt-local/promoting").len(), 0);
            assert!(!ann.has(FILE));
            bob.must("git gryt sync pull");
            assert!(bob.must("git gryt log").contains("v1.0.0"));
        },
    },
    Case {
        command: "sync push",
        prepare: |ann, _| {
            ann.write(
                FILE,
                "version: v1.0.0\nchanges:\n- {type: add, id: X, title: x}\n",
            );
        },
        again: &[0],
        holds: |ann, bob, _| {
            bob.must("git gryt sync pull");
            assert_eq!(bob.read(FILE), ann.read(FILE));
            assert!(bob.read(FILE).contains("id: X"));
        },
    },
    Case {
        command: "sync pull",
        prepare: |ann, bob| {
            bob.must("git gryt generation edit v1.0.0 --change add:BOB:b && git gryt sync push");
            ann.must("git gryt generation edit v1.0.0 --change add:ANN:a");
        },
        again: &[0],
        holds: |ann, bob, _| {
            ann.must("git gryt sync push");
            bob.must("git gryt sync pull");
            assert_eq!(bob.read(FILE), ann.read(FILE));
            assert!(bob.read(FILE).contains("ANN") && bob.read(FILE).contains("BOB"));
        },
    },
    Case {
        command: "sync push-evolutions",
        prepare: |ann, _| {
            _ = ann.must("git gryt evolution start v1.0.0 --change A && git gryt run");
        },
        again: &[0],
        holds: |_, bob, _| {
            bob.must("git gryt sync pull");
            assert!(
                bob.must("git gryt evolution list v1.0.0")
                    .contains("rc.1  pass  ann")
            );
        },
    },
    Case {
        command: "generation rename v1.0.0 v1.5.0",
        prepare: proven,
        again: &[0, 7],
        holds: |ann, bob, hosting| {
            ann.must("git gryt sync push && git gryt sync push-evolutions && git gryt sync pull");
            let names: Vec<String> = hosting
                .refs("refs/gryt")
                .into_iter()
                .map(|(n, _)| n)
                .collect();
            let expected = [
                "refs/gryt/evolutions/v1.5.0/A/rc.1",
                "refs/gryt/generations/v1.5.0",
                "refs/gryt/ledger",
            ];
            assert_eq!(names, expected);
            bob.must("git gryt sync pull");
            assert!(bob.must("git gryt evolution list v1.5.0").contains("pass"));
        },
    },
    Case {
        command: "generation delete v1.0.0",
        prepare: proven,
        again: &[0, 7],
        holds: |ann, bob, hosting| {
            bob.must("git gryt sync pull");
            assert_eq!(hosting.refs("refs/gryt").len(), 1);
            ann.must("git gryt sync pull && git gryt sync push && git gryt sync push-evolutions");
            assert_eq!(
                hosting.refs("refs/gryt").len(),
                1,
                "nothing comes back by itself"
            );
            ann.must("git gryt generation restore v1.0.0");
            assert!(ann.has(FILE));
        },
    },
    Case {
        command: "withdraw v1.0.0 --reason bad",
        prepare: promoted,
        again: &[0, 3],
        holds: |_, bob, hosting| {
            bob.must("git gryt sync pull");
            assert!(bob.must("git gryt log").contains("withdrawn"));
            let log = hosting.git("log --first-parent --format=%s refs/gryt/ledger");
            assert_eq!(log.matches("Withdraw").count(), 1, "{log}");
        },
    },
    Case {
        command: "sync push --republish",
        prepare: |ann, bob| {
            promoted(ann, bob);
            ann.must("git gryt generation new v2.0.0 --change add:B:b && git gryt sync push");
            bob.must("git gryt sync pull");
            let lost = "git for-each-ref --format='delete %(refname)' refs/gryt refs/tags";
            ann.must(&format!(
                "cd ../hosting.git && {lost} | git update-ref --stdin"
            ));
        },
        again: &[0],
        holds: |ann, bob, hosting| {
            bob.must("git gryt sync pull && git gryt verify");
            assert!(bob.has(".gryt/generations/v2.0.0.yaml"));
            for name in ["refs/gryt/ledger", "refs/gryt/generations/v2.0.0"] {
                assert_eq!(
                    hosting.git(&format!("rev-parse {name}")),
                    ann.git(&format!("rev-parse {name}"))
                );
            }
        },
    },
    Case {
        command: "generation resolve v1.0.0 --ours",
        prepare: |ann, bob| {
            bob.must("git gryt generation edit v1.0.0 --change add:A:bobs && git gryt sync push");
            ann.must("git gryt generation edit v1.0.0 --change add:A:anns");
            ann.refused(6, "git gryt sync pull");
        },
        again: &[0, 7],
        holds: |ann, bob, _| {
            ann.must("git gryt sync push");
            bob.must("git gryt sync pull");
            assert!(bob.read(FILE).contains("anns"));
        },
    },
    Case {
        command: "generation new v2.0.0 --change add:N:n",
        prepare: |_, _| {},
        again: &[0, 3],
        holds: |ann, bob, _| {
            ann.must("git gryt sync push");
            bob.must("git gryt sync pull");
            assert!(bob.read(".gryt/generations/v2.0.0.yaml").contains("id: N"));
        },
    },
    Case {
        command: "generation edit v1.0.0 --change add:E:e",
        prepare: |_, _| {},
        again: &[0],
        holds: |ann, bob, _| {
            ann.must("git gryt sync push");
            bob.must("git gryt sync pull");
            assert_eq!(bob.read(FILE), ann.read(FILE));
            assert_eq!(bob.read(FILE).matches("id: E").count(), 1);
        },
    },
    Case {
        command: "evolution start v1.0.0 --change A",
        prepare: |_, _| {},
        again: &[0],
        holds: |ann, bob, _| {
            assert_eq!(ann.refs("refs/gryt/evolutions").len(), 1);
            ann.must("git gryt run && git gryt sync push-evolutions");
            bob.must("git gryt sync pull");
            let listed = bob.must("git gryt evolution list v1.0.0");
            assert!(listed.contains("rc.1  pass  ann"), "{listed}");
        },
    },
    Case {
        command: "run",
        prepare: started,
        again: &[0],
        holds: |ann, bob, _| {
            ann.must("git gryt sync push-evolutions");
            bob.must("git gryt sync pull");
            let listed = bob.must("git gryt evolution list v1.0.0");
            assert!(listed.contains("rc.1  pass  ann"), "{listed}");
            assert_eq!(ann.git("worktree list").lines().count(), 1);
        },
    },
    Case {
        command: "run --isolated",
        prepare: started,
        again: &[0],
        holds: |ann, bob, _| {
            ann.must("git gryt sync push-evolutions");
            bob.must("git gryt sync pull");
            let listed = bob.must("git gryt evolution list v1.0.0");
            assert!(listed.contains("rc.1  pass  ann"), "{listed}");
            assert_eq!(ann.git("worktree list").lines().count(), 1);
        },
    },
    Case {
        command: "evolution record v1.0.0 --change A --status pass",
        prepare: |_, _| {},
        again: &[0],
        holds: |ann, bob, _| {
            ann.must("git gryt sync push-evolutions");
            bob.must("git gryt sync pull");
            let listed = bob.must("git gryt evolution list v1.0.0");
            assert!(listed.contains("rc.1  pass  ann"), "{listed}");
            assert_eq!(ann.refs("refs/gryt/evolutions").len(), 1);
        },
    },
    Case {
        command: "evolution abandon v1.0.0/A/rc.1 --reason wrong",
        prepare: proven,
        again: &[0, 3, 7],
        holds: |ann, bob, _| {
            ann.must("git gryt sync push-evolutions");
            bob.must("git gryt sync pull");
            let listed = bob.must("git gryt evolution list v1.0.0");
            assert!(listed.contains("abandoned"), "{listed}");
        },
    },
    Case {
        command: "generation restore v1.0.0",
        prepare: |ann, _| _ = ann.must("git gryt generation delete v1.0.0"),
        again: &[0, 3],
        holds: |ann, bob, _| {
            ann.must("git gryt sync push");
            bob.must("git gryt sync pull");
            assert_eq!(bob.read(FILE), ann.read(FILE));
        },
    },
    Case {
        command: "generation delete v1.0.0 --local-only",
        prepare: |ann, _| _ = ann.must("git gryt generation edit v1.0.0 --change add:MINE:m"),
        again: &[0, 7],
        holds: |ann, _, hosting| {
            assert_eq!(hosting.refs("refs/gryt/generations").len(), 1);
            ann.must("git gryt sync pull");
            assert!(!ann.read(FILE).contains("MINE"));
            let aside = ann.refs("refs/gryt-local/deleted/v1.0.0");
            let held = |(name, _): &(String, String)| {
                ann.sh(&format!("git show {name}:generation.yaml"))
                    .out
                    .contains("MINE")
            };
            assert!(aside.iter().any(held), "{aside:?}");
        },
    },
    Case {
        command: "import --from tags",
        prepare: |ann, _| _ = ann.git("tag v0.1.0 && git push -q origin v0.1.0"),
        again: &[0],
        holds: |ann, bob, hosting| {
            ann.must("git gryt sync push");
            bob.must("git gryt sync pull");
            assert!(bob.must("git gryt log").contains("v0.1.0"));
            let log = hosting.git("log --first-parent --format=%s refs/gryt/ledger");
            assert_eq!(log.matches("Import").count(), 1, "{log}");
        },
    },
    Case {
        command: "sync backfill",
        prepare: |ann, bob| {
            for person in [ann, bob] {
                person.must("git gryt generation new v3.0.0 --change add:SAME:same");
            }
            bob.must("git gryt sync push");
        },
        again: &[0],
        holds: |ann, _, hosting| {
            ann.must("git gryt sync pull && git gryt sync push");
            assert_eq!(ann.refs("refs/gryt/"), hosting.refs("refs/gryt/"));
        },
    },
];

/// A `git` that kills whoever started it, before or after its work, at one call of many.
const WRAPPER: &str = r#"#!/bin/sh
n=$(($(cat "$KILL_COUNT") + 1))
echo $n > "$KILL_COUNT"
if [ "$n$KILL_WHEN" = "${KILL_AT}before" ]; then kill -9 $PPID; exit 1; fi
PATH=$KILL_PATH git "$@"
code=$?
if [ "$n$KILL_WHEN" = "${KILL_AT}after" ]; then kill -9 $PPID; fi
exit $code
"#;

fn copy(from: &str, to: &str) {
    let status = Command::new("cp").args(["-a", from, to]).status().unwrap();
    assert!(status.success());
}

/// Two people, and all that leads up to a command of the first one.
pub(crate) fn prepared(sandbox: &Sandbox, case: &Case) -> [Person; 2] {
    sandbox.hosting();
    let people = sandbox.team(["ann", "bob"]);
    for person in &people {
        // Relative, so that a copy of all of it works on its own.
        person.git("remote set-url origin ../hosting.git");
    }
    let [ann, bob] = &people;
    ann.must("git gryt generation new v1.0.0 --change add:A:a && git gryt sync push");
    bob.must("git gryt sync pull");
    (case.prepare)(ann, bob);
    people
}

/// A copy of all of it in a folder of its own: Ann, Bob, the hosting.
pub(crate) fn staged(people: &[Person; 2], stage: &Path, what: &str) -> [Person; 3] {
    let root = stage.parent().unwrap();
    fs::create_dir(stage).unwrap();
    for part in ["hosting.git", "ann", "bob"] {
        copy(root.join(part).to_str().unwrap(), stage.to_str().unwrap());
    }
    ["ann", "bob", "hosting.git"].map(|part| {
        let mut person = people[usize::from(part == "bob")].at(stage.join(part));
        person.name = format!("{part} ({what})");
        person
    })
}

fn play(case: &Case) -> usize {
    let sandbox = Sandbox::new();
    let people = prepared(&sandbox, case);
    let root = sandbox.path();
    let wrapper = root.join("wrapper");
    fs::create_dir(&wrapper).unwrap();
    fs::write(wrapper.join("git"), WRAPPER).unwrap();
    fs::set_permissions(wrapper.join("git"), fs::Permissions::from_mode(0o755)).unwrap();
    let mut cuts = 0;
    for when in ["before", "after"] {
        for at in 1.. {
            // By turns, before the one, after the next, and not at the third.
            let is_played = whole() || at % 3 == if when == "after" { 2 } else { 1 };
            if !is_played {
                continue;
            }
            let stage = root.join(format!("{when}-{at}"));
            let what = format!("{} cut {when} {at}", case.command);
            let [ann, bob, hosting] = staged(&people, &stage, &what);
            let count = stage.join("count");
            fs::write(&count, "0").unwrap();
            let path = ann.variable("PATH");
            let cut = ann
                .with("PATH", &format!("{}:{path}", wrapper.display()))
                .with("KILL_PATH", &path)
                .with("KILL_COUNT", count.to_str().unwrap())
                .with("KILL_AT", &at.to_string())
                .with("KILL_WHEN", when);
            let args: Vec<&str> = case.command.split(' ').collect();
            let ran = Person::wait(cut.start(&args));
            if ran.code == -1 {
                cuts += 1;
                let again = ann.sh(&format!("git gryt {}", case.command));
                assert!(case.again.contains(&again.code), "{}: {again:#?}", ann.name);
            } else {
                assert_eq!(ran.code, 0, "{}: {ran:#?}", ann.name);
            }
            (case.holds)(&ann, &bob, &hosting);
            fs::remove_dir_all(&stage).unwrap();
            if ran.code != -1 {
                break;
            }
        }
    }
    cuts
}

#[test]
fn a_command_that_is_killed_anywhere_goes_on_when_it_is_run_again() {
    for case in &CASES {
        let cuts = play(case);
        assert!(cuts > 1, "{} was cut {cuts} times only", case.command);
    }
}
