//! Each command is killed at each step that it and what it starts take on files, run again, and has to
//! end where it would have ended undisturbed. `killed` does so at git processes, which is coarser.
//!
//! All of it takes an hour and is asked for (docs/testing.md); a few steps are taken always.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::killed::{CASES, Case, FILE, prepared, proven, staged};
use crate::sandbox::{PROGRAM, Person, Sandbox, all_reftable};

/// Who dies at a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dies {
    /// The command and all that it started, the cloud's side included: a power cut.
    Everything,
    /// The process that took the step; a git that dies is an error for the command that started it.
    OneProcess,
}

/// Compiles what counts steps; none where that cannot be done.
pub(crate) fn steps(into: &Path) -> Option<PathBuf> {
    let library = into.join("steps.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/crash/steps.c");
    let compiled = Command::new("cc")
        .args(["-O1", "-shared", "-fPIC", "-o"])
        .arg(&library)
        .args([source, "-ldl"])
        .output();
    match compiled {
        _ if !cfg!(all(target_os = "linux", target_env = "gnu")) => {
            eprintln!("skipped: steps on files are counted on Linux with glibc only");
            None
        }
        Ok(output) if output.status.success() => Some(library),
        Ok(output) => panic!("{}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => {
            eprintln!("skipped: no C compiler: {error}");
            None
        }
    }
}

/// How a command ended whose steps were counted.
struct Counted {
    /// None where it was killed.
    code: Option<i32>,
    said: String,
    steps: u32,
    /// The step that did not happen, if it came to that.
    died: Option<String>,
}

fn counted(who: &Person, library: &Path, line: &str, at: u32, dies: Dies) -> Counted {
    let stage = who.dir.parent().unwrap();
    let (counter, log) = (stage.join("steps"), stage.join("died"));
    fs::write(&counter, 0u32.to_ne_bytes()).unwrap();
    let mut command = who.command(PROGRAM);
    command
        .args(line.split_whitespace())
        .env("LD_PRELOAD", library)
        .env("CRASH_STEPS", &counter)
        .env("CRASH_AT", at.to_string())
        .env(
            "CRASH_WHOLE",
            u8::from(dies == Dies::Everything).to_string(),
        )
        .env("CRASH_LOG", &log)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    let output = command.spawn().unwrap().wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let steps = fs::read(&counter).unwrap().try_into().unwrap();
    assert!(
        output.status.signal().is_none_or(|signal| signal == 9),
        "{}: {text}",
        who.name
    );
    Counted {
        code: output.status.code(),
        said: String::from_utf8_lossy(&output.stdout).into_owned() + &text,
        steps: u32::from_ne_bytes(steps),
        died: fs::read_to_string(&log).ok(),
    }
}

/// Removes the lock files that a git left which was killed, as git tells people to.
fn unlocked(repositories: &[&Person]) -> Vec<String> {
    let mut removed = Vec::new();
    for one in repositories {
        // Those of gryt's own folder are held by living processes alone.
        let found = one.must("find . -name '*.lock' -not -path './.git/gryt/*' -print");
        for lock in found.lines() {
            fs::remove_file(one.dir.join(lock)).unwrap();
            removed.push(lock.to_owned());
        }
    }
    removed
}

/// What is there in the end, without what differs between two runs of one command.
pub(crate) fn state(ann: &Person, hosting: &Person) -> BTreeMap<String, String> {
    let mut state = BTreeMap::new();
    for (place, who) in [("ann", ann), ("hosting", hosting)] {
        let names = who.refs("").into_iter().map(|(name, _)| name);
        // What plain git followed of a moved ledger depends on who pushed.
        let followed = |name: &String| name.starts_with("refs/remotes/origin/gryt/");
        let names: Vec<String> = names
            .filter(|name| !is_memory(name) && !followed(name))
            .collect();
        state.insert(format!("{place}: refs"), names.join("\n"));
        let damaged = who.sh("git fsck --no-dangling --no-progress 2>&1");
        state.insert(format!("{place}: fsck"), damaged.out);
    }
    let view = ann.must("git ls-files -o -c .gryt; git status --porcelain -uall | sort");
    state.insert("files".into(), view);
    let worktrees = ann.git("worktree list").lines().count();
    state.insert("worktrees".into(), worktrees.to_string());
    state.insert("log".into(), ann.must("git gryt log"));
    state.insert(
        "status".into(),
        ann.sh("git gryt sync status --offline").out,
    );
    state
}

/// Whether a ref only says what was seen, or keeps what was put aside: how often that was depends on
/// how often a command ran. What is left says what is still to be done.
fn is_memory(name: &str) -> bool {
    let kinds = [
        "adopted", "base", "deleted", "disputed", "replaced", "seen", "tags", "valid", "verified",
    ];
    let below = name.strip_prefix("refs/gryt-local/");
    below.is_some_and(|below| kinds.contains(&below.split('/').next().unwrap_or(below)))
}

/// What of it is not as expected, in words.
pub(crate) fn differs(
    now: &BTreeMap<String, String>,
    expected: &BTreeMap<String, String>,
) -> String {
    let other = |(what, text): (&String, &String)| {
        let before = &expected[what];
        (text != before).then(|| format!("{what}:\n{text}\ninstead of:\n{before}\n"))
    };
    now.iter().filter_map(other).collect()
}

#[derive(Debug, Default)]
struct Sweep {
    steps: u32,
    cuts: u32,
    /// How often git's lock files had to be removed.
    locked: u32,
    /// Those of the cloud's side among them.
    locked_there: u32,
    /// How the command ended that lost one process.
    ends: BTreeMap<String, u32>,
    broken: Vec<String>,
}

/// Plays a case, cut at each of the steps that are picked.
fn sweep(case: &Case, dies: Dies, pick: impl Fn(u32) -> Vec<u32>) -> Option<Sweep> {
    let sandbox = Sandbox::new();
    let library = steps(sandbox.path())?;
    let people = prepared(&sandbox, case);
    let mut sweep = Sweep::default();
    let stage = sandbox.path().join("calm");
    let [ann, bob, hosting] = staged(&people, &stage, case.command);
    let calm = counted(&ann, &library, case.command, 0, dies);
    assert_eq!(calm.code, Some(0), "{}: {}", case.command, calm.said);
    (case.holds)(&ann, &bob, &hosting);
    let expected = state(&ann, &hosting);
    sweep.steps = calm.steps;
    for at in pick(calm.steps) {
        let stage = sandbox.path().join("cut");
        let what = format!("{} without step {at}", case.command);
        let [ann, bob, hosting] = staged(&people, &stage, &what);
        let cut = counted(&ann, &library, case.command, at, dies);
        // How many steps there are differs a little from run to run.
        let Some(died) = cut.died else {
            fs::remove_dir_all(&stage).unwrap();
            continue;
        };
        sweep.cuts += 1;
        let end = cut.code.map_or("killed".into(), |code| code.to_string());
        *sweep.ends.entry(end).or_default() += 1;
        let found = std::panic::catch_unwind(|| {
            if let Some(code) = cut.code {
                assert!(
                    [0, 1, 3, 4, 6, 7, 8].contains(&code),
                    "ended with {code}: {}",
                    cut.said
                );
            }
            let line = format!("git gryt {}", case.command);
            let again = ann.sh(&line);
            let here = unlocked(&[&ann]);
            let there = unlocked(&[&hosting]);
            if !there.is_empty() {
                // Such a server is mended by a person, who then deletes what the doctor lists.
                for (name, _) in ann.refs("refs/gryt-local/staying") {
                    let kept = ann.git(&format!("cat-file -p {name}"));
                    for line in kept.lines().filter_map(|line| line.split_once(' ')) {
                        hosting.git(&format!("update-ref -d {}", line.1));
                    }
                }
            }
            if !case.again.contains(&again.code) {
                assert!(
                    !here.is_empty() || !there.is_empty(),
                    "again, and nothing is locked: {again:#?}"
                );
                let said = again.out.clone() + &again.err;
                assert!(
                    said.contains(".lock")
                        || said.contains("could not lock config file")
                        || said.contains("lock") && (here.is_empty() || all_reftable()),
                    "which lock ({here:?}, {there:?}): {again:#?}"
                );
                let third = ann.sh(&line);
                assert!(case.again.contains(&third.code), "unlocked: {third:#?}");
            }
            (case.holds)(&ann, &bob, &hosting);
            let now = state(&ann, &hosting);
            assert_eq!(differs(&now, &expected), "");
            ann.must("git gryt cache verify");
            ann.must("rm -rf .git/gryt/cache*");
            assert_eq!(ann.must("git gryt log"), expected["log"]);
            (here.len(), there.len())
        });
        match found {
            Ok((here, there)) => {
                sweep.locked += u32::from(here > 0);
                sweep.locked_there += u32::from(there > 0);
            }
            Err(why) => {
                let why = why
                    .downcast_ref::<String>()
                    .cloned()
                    .or_else(|| why.downcast_ref::<&str>().map(ToString::to_string));
                let why = why.unwrap_or_default();
                let (code, said) = (cut.code, cut.said);
                let text = format!("{what} ({dies:?}, {code:?}): {died}{said}\n{why}\n");
                eprintln!("BROKEN {text}");
                sweep.broken.push(text);
            }
        }
        fs::remove_dir_all(&stage).unwrap();
    }
    Some(sweep)
}

/// A few steps of two commands: that the way of doing it works, and the most important of it.
#[test]
fn a_few_steps_of_a_promotion_and_a_pull_can_be_cut() {
    for command in ["promote v1.0.0", "sync pull"] {
        let case = CASES.iter().find(|case| case.command == command).unwrap();
        for dies in [Dies::Everything, Dies::OneProcess] {
            let few = |steps: u32| (1..=4).map(|part| part * steps / 5).collect();
            let Some(sweep) = sweep(case, dies, few) else {
                return;
            };
            assert!(sweep.cuts > 1, "{sweep:#?}");
            assert_eq!(sweep.broken, Vec::<String>::new(), "{sweep:#?}");
        }
    }
}

/// `GRYT_CRASH=promote` takes the commands whose names hold that; `GRYT_CRASH_EVERY=5` every fifth step.
#[test]
#[ignore = "takes an hour: docs/testing.md"]
fn every_step_of_every_command_can_be_cut() {
    let wanted = std::env::var("GRYT_CRASH").unwrap_or_default();
    let every = std::env::var("GRYT_CRASH_EVERY").map_or(1, |text| text.parse().unwrap());
    let mut broken = Vec::new();
    for case in CASES.iter().chain(&MORE) {
        if !case.command.contains(&wanted) {
            continue;
        }
        for dies in [Dies::Everything, Dies::OneProcess] {
            let all = |steps: u32| (1..=steps).step_by(every).collect();
            let Some(mut sweep) = sweep(case, dies, all) else {
                return;
            };
            let failed = sweep.broken.len();
            broken.append(&mut sweep.broken);
            let Sweep {
                steps,
                cuts,
                locked,
                locked_there,
                ends,
                ..
            } = sweep;
            eprintln!(
                "{}: {dies:?}: {steps} steps, {cuts} cuts, locks left {locked} here and {locked_there} \
                 there, ended {ends:?}, broken {failed}",
                case.command
            );
        }
    }
    assert!(broken.is_empty(), "{} broken", broken.len());
}

/// What writes beside the commands that are killed at git processes.
const MORE: [Case; 10] = [
    Case {
        command: "promote v1.0.0 -q",
        prepare: |ann, _| {
            ann.must("git gryt config execution_mode local");
            ann.must("git gryt evolution start v1.0.0 --change A && git gryt run");
        },
        again: &[0, 3],
        holds: |ann, _, hosting| {
            // The next command that writes brings the files up to date.
            ann.must("git gryt generation new v2.0.0");
            let log = ann.git("log --first-parent --format=%s refs/gryt/ledger");
            assert_eq!(log.matches("Promote v1.0.0").count(), 1, "{log}");
            assert_eq!(hosting.refs("refs/gryt/generations").len(), 1);
        },
    },
    Case {
        command: "sync push -q",
        prepare: |ann, _| {
            ann.must("git gryt config execution_mode local");
            ann.must("git gryt evolution start v1.0.0 --change A && git gryt run");
            ann.must("git gryt promote v1.0.0 && git gryt config execution_mode hybrid");
        },
        again: &[0],
        holds: |ann, bob, hosting| {
            bob.must("git gryt sync pull && git gryt verify");
            let log = hosting.git("log --first-parent --format=%s refs/gryt/ledger");
            assert_eq!(log.matches("Promote v1.0.0").count(), 1, "{log}");
            ann.must("git gryt sync pull && git gryt verify");
        },
    },
    Case {
        command: "sync move --prefix refs/heads/gryt/",
        prepare: |_, _| {},
        // It may be there already, which is said with 2.
        again: &[0, 2],
        holds: |ann, bob, hosting| {
            bob.must("git gryt sync move --follow && git gryt verify && git gryt sync push");
            ann.must("git gryt sync pull && git gryt verify");
            assert_eq!(hosting.refs("refs/heads/gryt/").len(), 2);
        },
    },
    Case {
        command: "sync move --follow",
        prepare: |ann, bob| {
            ann.must("git gryt generation new v2.0.0 --change add:N:n");
            bob.must("git gryt sync move --prefix refs/heads/gryt/");
        },
        again: &[0],
        holds: |ann, bob, _| {
            ann.must("git gryt verify && git gryt sync push");
            bob.must("git gryt sync pull");
            assert!(bob.read(".gryt/generations/v2.0.0.yaml").contains("id: N"));
        },
    },
    Case {
        command: "hook install",
        prepare: |ann, _| {
            ann.write(".git/hooks/pre-commit", "#!/bin/sh\ntouch ran\n");
            ann.must("chmod +x .git/hooks/pre-commit");
        },
        again: &[0],
        holds: |ann, _, _| {
            ann.git("commit -q --allow-empty -m Hooked && rm ran");
            ann.must("git gryt doctor | grep -i hook");
        },
    },
    Case {
        command: "hook uninstall",
        prepare: |ann, _| {
            ann.write(".git/hooks/pre-commit", "#!/bin/sh\ntouch ran\n");
            ann.must("chmod +x .git/hooks/pre-commit && git gryt hook install");
        },
        again: &[0],
        holds: |ann, _, _| {
            assert_eq!(ann.read(".git/hooks/pre-commit"), "#!/bin/sh\ntouch ran\n");
            ann.git("commit -q --allow-empty -m Hooked && rm ran");
        },
    },
    Case {
        command: "init",
        prepare: |ann, _| {
            ann.git("rm -q -r --cached .gryt && git commit -q -m Without");
            _ = ann.must("rm -r .gryt .git/gryt; git config --remove-section gryt; true");
        },
        again: &[0],
        holds: |ann, _, _| {
            ann.must("git add -A && git gryt generation list");
            ann.must("git gryt sync pull && git gryt sync push");
            assert!(ann.read(FILE).contains("id: A"));
        },
    },
    Case {
        command: "config --shared tag false",
        prepare: |_, _| {},
        again: &[0],
        holds: |ann, _, _| assert_eq!(ann.must("git gryt config tag"), "false\n"),
    },
    Case {
        command: "cache rebuild",
        prepare: proven,
        again: &[0],
        holds: |ann, _, _| _ = ann.must("git gryt cache verify"),
    },
    Case {
        command: "config execution_mode cloud",
        prepare: |_, _| {},
        again: &[0],
        holds: |ann, _, _| assert_eq!(ann.must("git gryt config execution_mode"), "cloud\n"),
    },
];
