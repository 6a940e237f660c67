//! Refs that git packs while others read and write: loose and packed refs are two places, and what is
//! read from both is never torn.

use std::fs;
use std::process::Stdio;

use crate::crash::steps;
use crate::sandbox::{Person, Sandbox, needs_files};

/// Two states of each draft, one after the other, and packed each time, until `go` is gone.
const PACKS: &str = "while [ -e .git/go ]; do \
    git update-ref --stdin < .git/back && git pack-refs --all; \
    git update-ref --stdin < .git/forth && git pack-refs --all; \
    done";

/// Somebody with many drafts, which a process that is returned moves and packs.
fn packing(sandbox: &Sandbox, many: usize) -> (Person, std::process::Child) {
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    let (mut back, mut forth) = (String::new(), String::new());
    for at in 0..many {
        let version = format!("v1.{at}.0");
        ann.must(&format!(
            "git gryt generation new {version} --change add:A:a"
        ));
        let before = ann.git(&format!("rev-parse refs/gryt/generations/{version}"));
        ann.must(&format!(
            "git gryt generation edit {version} --change add:B:b"
        ));
        let after = ann.git(&format!("rev-parse refs/gryt/generations/{version}"));
        back += &format!("update refs/gryt/generations/{version} {before}\n");
        forth += &format!("update refs/gryt/generations/{version} {after}\n");
    }
    ann.must("git gryt sync push");
    ann.write(".git/back", &back);
    ann.write(".git/forth", &forth);
    ann.write(".git/go", "");
    let mut command = ann.command("sh");
    command.args(["-c", PACKS]).stdout(Stdio::null());
    command.stderr(Stdio::null());
    let child = command.spawn().unwrap();
    (ann, child)
}

#[test]
fn what_is_read_while_git_packs_refs_is_whole() {
    if needs_files() {
        return;
    }
    let many = 40;
    let sandbox = Sandbox::new();
    let (ann, mut child) = packing(&sandbox, many);
    for nth in 0..40 {
        let how = ["", " --no-cache"][nth % 2];
        let listed = ann.must(&format!("git gryt generation list{how}"));
        let found = (0..many).filter(|at| listed.contains(&format!("v1.{at}.0 ")));
        assert_eq!(found.count(), many, "look {nth}:\n{listed}");
        if nth % 4 == 0 {
            let told = ann.sh("git gryt sync status");
            assert_eq!(told.code, 0, "{told:#?}");
            assert!(!told.out.contains("deleted"), "{told:#?}");
        }
    }
    fs::remove_file(ann.dir.join(".git/go")).unwrap();
    child.wait().unwrap();
    ann.must("git fsck --no-dangling && git gryt cache verify");
}

#[test]
fn what_is_written_while_git_packs_refs_is_kept() {
    if needs_files() {
        return;
    }
    let sandbox = Sandbox::new();
    let (ann, mut child) = packing(&sandbox, 10);
    ann.must("git gryt generation new v2.0.0");
    for nth in 0..12 {
        ann.must(&format!(
            "git gryt generation edit v2.0.0 --change add:N-{nth}:n"
        ));
        if nth % 4 == 3 {
            ann.must("git gryt sync push --version v2.0.0 && git gryt sync pull");
        }
    }
    fs::remove_file(ann.dir.join(".git/go")).unwrap();
    child.wait().unwrap();
    let kept = ann.git("show refs/gryt/generations/v2.0.0:generation.yaml");
    assert_eq!(kept.matches("id: N-").count(), 12, "{kept}");
    let there = ann.at(sandbox.path().join("hosting.git"));
    assert_eq!(
        there.git("rev-parse refs/gryt/generations/v2.0.0"),
        ann.git("rev-parse refs/gryt/generations/v2.0.0")
    );
}

/// Packed and pruned between the look for packed refs and the look at a loose one.
#[test]
fn a_ref_that_is_packed_while_it_is_read_is_seen() {
    if needs_files() {
        return;
    }
    let sandbox = Sandbox::new();
    let Some(library) = steps(sandbox.path()) else {
        return;
    };
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    ann.must("git gryt generation new v1.0.0 --change add:A:a");
    let until = sandbox.path().join("until");
    let held = ann
        .with("LD_PRELOAD", library.to_str().unwrap())
        .with("HOLD_AT", "/refs/gryt/generations/v1.0.0")
        .with("HOLD_UNTIL", until.to_str().unwrap());
    let child = held.start(&["generation", "list", "--no-cache"]);
    while !sandbox.path().join("until.reached").exists() {
        std::thread::yield_now();
    }
    ann.git("pack-refs --all");
    fs::write(&until, "").unwrap();
    let ran = Person::wait(child);
    assert!(ran.out.contains("v1.0.0"), "{ran:#?}");
}
