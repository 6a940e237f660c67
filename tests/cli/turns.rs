//! Processes and worktrees of one clone take turns at the cloud.

use std::fs::File;
use std::io::Write;

use crate::sandbox::{Person, Sandbox};

#[test]
fn who_contacts_the_cloud_waits_for_who_does_and_says_for_whom() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    ann.must("git gryt sync pull");
    let mut lock = File::options()
        .write(true)
        .open(ann.dir.join(".git/gryt/lock"))
        .unwrap();
    lock.lock().unwrap();
    lock.set_len(0).unwrap();
    lock.write_all(b"4711 git gryt sync watch\n").unwrap();
    let hurried = ann.with("GRYT_TIMEOUT", "1s");
    let refused = hurried.refused(1, "git gryt sync pull");
    assert!(
        refused.contains("process 4711 (git gryt sync watch) is at work in this clone"),
        "{refused}"
    );
    // What asks nobody waits for nobody.
    for line in [
        "status",
        "log",
        "generation new v1.0.0",
        "sync status --offline",
    ] {
        hurried.must(&format!("git gryt {line}"));
    }
    // Nor does what the holder itself has started.
    hurried
        .with("GRYT_LOCKED", "4711")
        .must("git gryt sync pull");
    lock.unlock().unwrap();
    hurried.must("git gryt sync pull");
    let held = std::fs::read_to_string(ann.dir.join(".git/gryt/lock")).unwrap();
    assert!(held.contains("git gryt sync pull"), "{held}");
}

#[test]
fn steps_and_editors_of_the_user_hold_nobody_up() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    ann.must("git gryt config execution_mode cloud");
    ann.must("git gryt generation new v1.0.0 --change add:A:a");
    // In cloud mode both have pulled before they start the user's commands.
    ann.write(
        ".gryt/pipelines/pipeline.yaml",
        "steps:\n- name: t\n  run: GRYT_TIMEOUT=1s git gryt sync pull\n",
    );
    ann.must("git add . && git commit -q -m Pipeline && git push -q origin main");
    ann.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    ann.with("GIT_EDITOR", "GRYT_TIMEOUT=1s git gryt sync pull; true")
        .must("git gryt generation edit v1.0.0");
}

#[test]
fn worktrees_of_one_clone_pull_and_push_at_once() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    ann.must("git gryt sync pull && git worktree add -q ../tree -b tree");
    let tree = ann.at(sandbox.path().join("tree"));
    for round in 0..3 {
        bob.must(&format!(
            "git gryt generation new v{round}.5.0 && git gryt sync push"
        ));
        std::thread::scope(|scope| {
            for (who, name) in [(&ann, "a"), (&tree, "b"), (&ann, "c"), (&tree, "d")] {
                scope.spawn(move || {
                    let version = format!("v{round}.0.0-{name}");
                    who.must(&format!("git gryt generation new {version}"));
                    who.must("git gryt sync pull && git gryt sync push");
                });
            }
        });
    }
    bob.must("git gryt sync pull");
    let listed = bob.must("git gryt generation list");
    assert_eq!(
        listed.lines().filter(|line| line.contains("draft")).count(),
        15,
        "{listed}"
    );
}

#[test]
fn a_clone_that_can_have_no_lock_goes_on_and_the_doctor_says_so() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    // Something else is where the file would be.
    ann.must("mkdir -p .git/gryt/lock");
    ann.must("git gryt sync pull && git gryt generation new v1.0.0 && git gryt sync push");
    let doctor = ann.sh("git gryt doctor").out;
    assert!(doctor.contains("none can be had"), "{doctor}");
}

/// Proofs that another worktree records while a pull takes an evolution along to its draft's new name are kept.
#[test]
fn a_proof_beside_a_rename_is_not_lost() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    bob.git("worktree add -q --detach ../second");
    let second = bob.at(sandbox.path().join("second"));
    let mut kept = 0;
    for round in 0..8 {
        let (old, new) = (format!("v1.{round}.0"), format!("v2.{round}.0"));
        ann.must(&format!(
            "git gryt generation new {old} --change add:A:a && git gryt sync push {old}"
        ));
        bob.must(&format!(
            "git gryt sync pull && git gryt evolution start {old} --change A"
        ));
        ann.must(&format!(
            "git gryt generation rename {old} {new} && git gryt sync push {new}"
        ));
        let pulling = bob.start(&["sync", "pull"]);
        let marks: Vec<String> = (0..6)
            .map(|nth| format!("M{round}x{nth}"))
            .filter(|mark| {
                let recorded = second.sh(&format!(
                    "git gryt evolution record {old} --change A --status pass --url https://ci.example.com/{mark}"
                ));
                recorded.code == 0
            })
            .collect();
        let pulled = Person::wait(pulling);
        assert_eq!(pulled.code, 0, "{pulled:#?}");
        let mut texts = String::new();
        for (name, _) in bob.refs("refs/gryt/evolutions") {
            texts += &bob.must(&format!(
                "for at in $(git rev-list --first-parent {name}); do git show $at:proof.yaml 2>/dev/null || :; done"
            ));
        }
        for mark in marks {
            assert!(
                texts.contains(&mark),
                "round {round}: {mark}: {pulled:#?}\n{texts}"
            );
            kept += 1;
        }
    }
    assert!(kept > 0, "no proof came in time");
}

/// Edits that another worktree makes while a conflict is ended in favour of the cloud's deletion are in the
/// draft, or put aside with it.
#[test]
fn an_edit_beside_a_resolution_is_not_lost() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    ann.git("worktree add -q --detach ../second");
    let second = ann.at(sandbox.path().join("second"));
    let mut kept = 0;
    for round in 0..8 {
        let version = format!("v1.{round}.0");
        ann.must(&format!(
            "git gryt generation new {version} --change add:A:a && git gryt sync push {version}"
        ));
        bob.must(&format!(
            "git gryt sync pull && git gryt generation delete {version}"
        ));
        ann.must(&format!(
            "git gryt generation edit {version} --change add:B:b"
        ));
        ann.refused(6, "git gryt sync pull");
        let resolving = ann.start(&["generation", "resolve", &version, "--theirs"]);
        let marks: Vec<String> = (0..6)
            .map(|nth| format!("M{nth}"))
            .filter(|mark| {
                let edit = format!("git gryt generation edit {version} --change add:{mark}:m");
                second.sh(&edit).code == 0
            })
            .collect();
        let resolved = Person::wait(resolving);
        assert!([0, 4].contains(&resolved.code), "{resolved:#?}");
        let mut texts = String::new();
        for (name, _) in ann
            .refs("refs/gryt/generations")
            .into_iter()
            .chain(ann.refs(&format!("refs/gryt-local/deleted/{version}")))
        {
            texts += &ann.sh(&format!("git show {name}:generation.yaml")).out;
        }
        for mark in marks {
            assert!(
                texts.contains(&mark),
                "round {round}: {mark}: {resolved:#?}\n{texts}"
            );
            kept += 1;
        }
        ann.sh(&format!(
            "git gryt generation delete {version} --local-only"
        ));
    }
    assert!(kept > 0, "no edit came in time");
}

/// What comes back takes the place of no draft that was made meanwhile.
#[test]
fn a_draft_that_comes_back_replaces_none() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    ann.git("worktree add -q --detach ../second");
    let second = ann.at(sandbox.path().join("second"));
    for round in 0..8 {
        let version = format!("v1.{round}.0");
        ann.must(&format!(
            "git gryt generation new {version} --change add:OLD:a && git gryt generation delete {version}"
        ));
        let restoring = ann.start(&["generation", "restore", &version]);
        let line = format!("git gryt generation new {version} --change add:NEW:a");
        let made = second.sh(&line);
        let restored = Person::wait(restoring);
        assert!(
            (made.code == 0) != (restored.code == 0),
            "round {round}: {made:#?} {restored:#?}"
        );
        let id = if made.code == 0 { "NEW" } else { "OLD" };
        let text = ann.git(&format!(
            "show refs/gryt/generations/{version}:generation.yaml"
        ));
        assert!(text.contains(id), "round {round}: {text}");
    }
}
