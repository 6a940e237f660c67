//! Disks that are full or read-only, and files of other people: what is told, that nothing is lost, and
//! that the same command works once there is room.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::crash::{differs, state};
use crate::killed::{CASES, Case, prepared, staged};
use crate::sandbox::{PROGRAM, Person, Ran, Sandbox};

/// A mount below a sandbox, as long as it lives.
struct Mount(PathBuf);

impl Mount {
    /// None, which is said, where nothing can be mounted.
    fn of(at: &Path, args: &[&str]) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let mounted = Command::new("mount").args(args).arg(at).output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self(at.to_owned())),
            Ok(output) => {
                let why = String::from_utf8_lossy(&output.stderr).into_owned();
                eprintln!("skipped: nothing can be mounted: {why}");
                None
            }
            Err(error) => {
                eprintln!("skipped: nothing can be mounted: {error}");
                None
            }
        }
    }

    /// A small disk.
    fn small(at: &Path) -> Option<Self> {
        Self::of(at, &["-t", "tmpfs", "-o", "size=12m", "none"])
    }

    /// What is at that place, readable alone.
    fn read_only(at: &Path) -> Option<Self> {
        let path = at.to_str().unwrap();
        let mount = Self::of(at, &["--bind", path])?;
        let again = Self::of(at, &["-o", "remount,bind,ro"])?;
        // It is one mount, which ends once.
        std::mem::forget(again);
        Some(mount)
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // By force: a test that fails may have left a process in it.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Which side has no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Full {
    Clone,
    Cloud,
}

/// Fills a disk but for so many pages.
fn fill(disk: &Path, pages: usize) {
    let line = format!(
        "dd if=/dev/zero of=fill bs=4096 2>/dev/null; truncate -s -$((4096 * {pages})) fill"
    );
    let status = Command::new("sh")
        .args(["-c", &line])
        .current_dir(disk)
        .status();
    assert!(status.unwrap().success());
}

/// What a command ended with, in the words of the sweep.
#[derive(Debug, Default)]
struct Sweep {
    plays: usize,
    short: usize,
    broken: Vec<String>,
}

/// Plays a case with a disk that has room for so many pages, and again with room.
fn sweep(case: &Case, full: Full, pages: &[usize]) -> Option<Sweep> {
    let sandbox = Sandbox::new();
    let disk = sandbox.path().join("disk");
    let _mount = Mount::small(&disk)?;
    let people = prepared(&sandbox, case);
    let mut sweep = Sweep::default();
    let mut expected = None;
    for pages in std::iter::once(None).chain(pages.iter().copied().map(Some)) {
        let stage = sandbox.path().join("stage");
        let what = format!("{} with {pages:?} pages left", case.command);
        let [ann, bob, hosting] = staged(&people, &stage, &what);
        let moves = |who: &Person| {
            let name = who.dir.file_name().unwrap().to_owned();
            let moved = Command::new("mv").arg(&who.dir).arg(&disk).status();
            assert!(moved.unwrap().success());
            let mut there = who.at(disk.join(name));
            there.name = who.name.clone();
            there
        };
        let (ann, hosting) = match full {
            Full::Clone => (moves(&ann), hosting),
            Full::Cloud => (ann, moves(&hosting)),
        };
        for person in [&ann, &bob] {
            person.git(&format!("remote set-url origin {}", hosting.dir.display()));
        }
        ann.must("git gryt sync status");
        if let Some(pages) = pages {
            fill(&disk, pages);
        }
        let line = format!("git gryt {}", case.command);
        let before = hosting.refs("");
        let ran = ann.sh(&line);
        let _ = fs::remove_file(disk.join("fill"));
        let found = std::panic::catch_unwind(|| {
            told(&ran, full, hosting.refs("") != before);
            if ran.code != 0 || case.again.len() > 1 {
                let again = ann.sh(&line);
                let fine = case.again.contains(&again.code);
                assert!(fine, "{ran:#?}, and with room: {again:#?}");
            }
            (case.holds)(&ann, &bob, &hosting);
            state(&ann, &hosting)
        });
        sweep.plays += usize::from(pages.is_some());
        sweep.short += usize::from(ran.code != 0);
        let mut broken = |why: String| {
            eprintln!("BROKEN {what} ({full:?}): {why}\n{ran:#?}");
            sweep
                .broken
                .push(format!("{what} ({full:?}): {why}\n{ran:#?}"));
        };
        match (found, &expected) {
            (Err(why), _) => broken(why.downcast_ref::<String>().cloned().unwrap_or_default()),
            (Ok(now), None) => expected = Some(now),
            (Ok(now), Some(expected)) => {
                let differs = differs(&now, expected);
                if !differs.is_empty() {
                    broken(differs);
                }
            }
        }
        fs::remove_dir_all(&stage).unwrap();
        let cleared = Command::new("sh")
            .args(["-c", "rm -rf ./* ./.[!.]*"])
            .current_dir(&disk)
            .status();
        assert!(cleared.unwrap().success());
    }
    Some(sweep)
}

/// What is said where something could not be written.
fn told(ran: &Ran, full: Full, landed: bool) {
    let said = ran.out.clone() + &ran.err;
    assert!(!said.contains("panicked"), "{ran:#?}");
    match ran.code {
        0 => return,
        1 | 8 => {}
        other => panic!("ended with {other}: {ran:#?}"),
    }
    let names = ["No space left on device", "disk is full", "full"];
    assert!(names.iter().any(|name| said.contains(name)), "{ran:#?}");
    if full == Full::Clone && landed {
        let first = said.lines().next().unwrap_or_default();
        assert!(
            first.contains("cloud took") || first.starts_with("Success"),
            "it landed: {ran:#?}"
        );
    }
}

#[test]
fn a_disk_that_is_full_is_told_and_nothing_is_lost() {
    for (command, full) in [
        ("promote v1.0.0", Full::Clone),
        ("promote v1.0.0", Full::Cloud),
        ("sync pull", Full::Clone),
    ] {
        let case = CASES.iter().find(|case| case.command == command).unwrap();
        let Some(sweep) = sweep(case, full, &[0, 12, 40]) else {
            return;
        };
        assert_eq!(sweep.broken, Vec::<String>::new());
        assert!(sweep.short > 0, "{sweep:#?}");
    }
}

/// `GRYT_DISK=promote` takes the commands whose names hold that.
#[test]
#[ignore = "takes minutes: docs/testing.md"]
fn every_command_meets_disks_that_are_full() {
    let wanted = std::env::var("GRYT_DISK").unwrap_or_default();
    let mut broken = Vec::new();
    for case in CASES.iter().filter(|case| case.command.contains(&wanted)) {
        for full in [Full::Clone, Full::Cloud] {
            let pages = [0, 1, 2, 3, 5, 8, 12, 18, 26, 38, 55, 80];
            let Some(mut sweep) = sweep(case, full, &pages) else {
                return;
            };
            eprintln!(
                "{}: {full:?}: {} plays, {} ended otherwise than well, {} broken",
                case.command,
                sweep.plays,
                sweep.short,
                sweep.broken.len()
            );
            broken.append(&mut sweep.broken);
        }
    }
    assert!(broken.is_empty(), "{} broken", broken.len());
}

/// Somebody with a version that is proven and shared.
fn ready(sandbox: &Sandbox) -> (Person, Person) {
    let hosting = sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    ann.proves("v1.0.0", "A");
    ann.must("git gryt sync push && git gryt sync push-evolutions");
    let hosting = ann.at(hosting);
    (ann, hosting)
}

#[test]
fn a_clone_that_can_only_be_read_answers_and_names_what_it_cannot_write() {
    for part in ["", ".git"] {
        let sandbox = Sandbox::new();
        let (ann, hosting) = ready(&sandbox);
        let before = hosting.refs("");
        let Some(mount) = Mount::read_only(&ann.dir.join(part)) else {
            return;
        };
        for line in ["log", "generation list", "status", "sync status --offline"] {
            ann.must(&format!("git gryt {line}"));
        }
        for line in [
            "promote v1.0.0",
            "sync pull",
            "sync push",
            "generation new v2.0.0",
            "generation edit v1.0.0 --change add:B:b",
            "generation delete v1.0.0",
            "evolution record v1.0.0 --change A --status pass",
            "config tag false",
            "hook install",
        ] {
            let said = ann.refused(1, &format!("git gryt {line}"));
            let first = said.lines().next().unwrap();
            assert!(first.contains("/ann/.git/"), "{part}: {line}: {said}");
            assert!(first.contains("Read-only"), "{part}: {line}: {said}");
            assert!(said.contains("is mounted read-only"), "{line}: {said}");
        }
        assert_eq!(hosting.refs(""), before);
        drop(mount);
        ann.must("git gryt generation new v2.0.0 && git gryt promote v1.0.0");
    }
}

#[test]
fn what_the_cloud_took_is_told_where_the_working_tree_can_only_be_read() {
    let sandbox = Sandbox::new();
    let (ann, hosting) = ready(&sandbox);
    let Some(mount) = Mount::read_only(&ann.dir.join(".gryt")) else {
        return;
    };
    let ran = ann.sh("git gryt promote v1.0.0");
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(ran.out.starts_with("Success: v1.0.0 promoted"), "{ran:#?}");
    assert!(ran.err.contains(".gryt/"), "{ran:#?}");
    assert!(ran.err.contains("Read-only"), "{ran:#?}");
    assert_eq!(hosting.git("tag"), "v1.0.0");
    drop(mount);
    ann.must("git gryt sync pull");
    assert!(!ann.has(".gryt/generations/v1.0.0.yaml"));
}

/// Runs a line as a user who owns nothing; none, which is said, where that cannot be done.
fn as_nobody(who: &Person, line: &str) -> Option<Ran> {
    let probe = format!("setpriv --reuid=65534 --regid=65534 --clear-groups {PROGRAM} --version");
    if who.sh(&probe).code != 0 {
        eprintln!("skipped: there is no other user to run the program as");
        return None;
    }
    who.must("mkdir -p -m 777 ../anybodys");
    let trusting = "TMPDIR=$PWD/../anybodys GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'";
    Some(who.sh(&format!(
        "{trusting} setpriv --reuid=65534 --regid=65534 --clear-groups {line}"
    )))
}

#[test]
fn files_of_another_user_are_named() {
    let sandbox = Sandbox::new();
    let (ann, _) = ready(&sandbox);
    ann.must(&format!("chmod 755 {}", sandbox.path().display()));
    let Some(ran) = as_nobody(&ann, "git gryt generation list") else {
        return;
    };
    assert_eq!(ran.code, 0, "{ran:#?}");
    for line in ["generation new v2.0.0", "sync pull", "promote v1.0.0"] {
        let ran = as_nobody(&ann, &format!("git gryt {line}")).unwrap();
        assert_eq!(ran.code, 1, "{line}: {ran:#?}");
        let first = ran.err.lines().next().unwrap();
        assert!(first.contains("/ann/.git/"), "{line}: {ran:#?}");
        assert!(ran.err.contains("ermission denied"), "{line}: {ran:#?}");
    }
    // As with core.sharedRepository, and a umask of 077 that was not heard of.
    ann.must("chmod 600 .git/objects/??/*");
    let ran = as_nobody(&ann, "git gryt log").unwrap();
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(!ran.err.contains("sound"), "{ran:#?}");
    assert!(ran.err.contains(".git/objects/"), "{ran:#?}");
    assert!(ran.err.contains("ermission denied"), "{ran:#?}");
    ann.must("git gryt log && git gryt promote v1.0.0");
}

#[test]
fn a_repository_of_another_user_is_told_as_git_tells_it() {
    let sandbox = Sandbox::new();
    let (ann, hosting) = ready(&sandbox);
    if ann.sh("chown -R 65534 .git").code != 0 {
        eprintln!("skipped: files cannot be given to another user");
        return;
    }
    let said = ann.refused(1, "git gryt log");
    assert!(said.contains("safe.directory"), "{said}");
    ann.must("chown -R 0 .git && git gryt log");
    ann.must(&format!("chown -R 65534 {}", hosting.dir.display()));
    for line in ["sync pull", "promote v1.0.0"] {
        let said = ann.refused(8, &format!("git gryt {line}"));
        assert!(said.contains("safe.directory"), "{line}: {said}");
    }
    ann.must(&format!("chown -R 0 {}", hosting.dir.display()));
    ann.must("git gryt promote v1.0.0");
}
