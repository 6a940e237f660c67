//! What `cloud` mode keeps pending while the cloud is away, what is told once, and what follows a push.

use std::fs;

use crate::sandbox::{Person, Sandbox};

/// A team in `cloud` mode that has pulled the draft v1.0.0 with the change A.
fn team(sandbox: &Sandbox) -> [Person; 2] {
    sandbox.hosting();
    let people = sandbox.team(["ann", "bob"]);
    for person in &people {
        person.must("git gryt config execution_mode cloud");
    }
    people[0].must("git gryt generation new v1.0.0 --change add:A:a");
    people[0].must("git add .gryt && git commit -q -m Ledger && git push -q origin main");
    people[1].must("git pull -q origin main && git gryt sync pull");
    people
}

fn without_cloud<T>(sandbox: &Sandbox, act: impl FnOnce() -> T) -> T {
    let (there, away) = (
        sandbox.path().join("hosting.git"),
        sandbox.path().join("away"),
    );
    fs::rename(&there, &away).unwrap();
    let done = act();
    fs::rename(&away, &there).unwrap();
    done
}

#[test]
fn a_draft_deleted_while_the_cloud_is_away_leaves_it_with_the_next_command() {
    let sandbox = Sandbox::new();
    let [ann, bob] = team(&sandbox);
    ann.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    let deleted = without_cloud(&sandbox, || {
        let ran = ann.sh("git gryt generation delete v1.0.0");
        // It is gone here, whatever else is done meanwhile.
        assert!(!ann.must("git gryt generation list").contains("v1.0.0"));
        ran
    });
    assert_eq!(deleted.code, 0, "{deleted:#?}");
    assert!(deleted.err.contains("and still has it"), "{deleted:#?}");
    ann.must("git gryt sync pull");
    assert!(!ann.must("git gryt generation list").contains("v1.0.0"));
    let there = bob.git("ls-remote origin");
    assert!(!there.contains("refs/gryt/generations/"), "{there}");
    assert!(!there.contains("refs/gryt/evolutions/"), "{there}");
    let pulled = bob.must("git gryt sync pull");
    assert!(pulled.contains("v1.0.0 was deleted"), "{pulled}");
    assert_eq!(
        ann.git("for-each-ref refs/gryt-local/leaving"),
        "",
        "nothing is left to do"
    );
}

#[test]
fn what_somebody_went_on_with_meanwhile_is_not_deleted() {
    let sandbox = Sandbox::new();
    let [ann, bob] = team(&sandbox);
    // The hosting is only away for ann.
    let url = ann.git("config remote.origin.url");
    ann.git("config remote.origin.url ../nowhere.git");
    ann.must("git gryt generation delete v1.0.0");
    bob.must("git gryt generation edit v1.0.0 --change add:B:b");
    ann.git(&format!("config remote.origin.url {}", url.trim()));
    let pulled = ann.sh("git gryt sync pull");
    assert_eq!(pulled.code, 0, "{pulled:#?}");
    ann.must("git gryt sync pull");
    let shown = ann.must("git gryt generation show v1.0.0");
    assert!(shown.contains("B"), "{shown}");
    assert_eq!(ann.git("for-each-ref refs/gryt-local/leaving"), "");
}

#[test]
fn a_deletion_that_is_pending_can_be_taken_back() {
    let sandbox = Sandbox::new();
    let [ann, bob] = team(&sandbox);
    without_cloud(&sandbox, || {
        ann.must("git gryt generation delete v1.0.0");
        ann.must("git gryt generation restore v1.0.0");
    });
    ann.must("git gryt sync pull");
    bob.must("git gryt sync pull");
    for who in [&ann, &bob] {
        assert!(who.must("git gryt generation list").contains("v1.0.0"));
    }
}

#[test]
fn a_draft_is_renamed_while_the_cloud_is_away() {
    let sandbox = Sandbox::new();
    let [ann, bob] = team(&sandbox);
    ann.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    without_cloud(&sandbox, || {
        ann.must("git gryt generation rename v1.0.0 v1.1.0")
    });
    ann.must("git gryt sync pull && git gryt sync push && git gryt sync push-evolutions");
    bob.must("git gryt sync pull");
    for who in [&ann, &bob] {
        let listed = who.must("git gryt generation list");
        assert!(listed.contains("v1.1.0"), "{}: {listed}", who.name);
        assert!(!listed.contains("v1.0.0"), "{}: {listed}", who.name);
    }
    bob.must("git gryt promote v1.1.0 && git gryt verify");
}

#[test]
fn what_came_too_late_is_told_once() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    ann.must("git gryt generation new v1.0.0 --change add:A:a && git gryt sync push");
    ann.must("git add .gryt && git commit -q -m Ledger && git push -q origin main");
    bob.must("git pull -q origin main && git gryt sync pull");
    ann.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    bob.must("git gryt generation edit v1.0.0 --change add:B:b");
    bob.must("git gryt evolution start v1.0.0 --change B && git gryt run");
    ann.must("git gryt promote v1.0.0");
    let first = bob.sh("git gryt sync pull").out;
    assert!(first.contains("v1.0.0/B/rc.1 is late"), "{first}");
    let second = bob.sh("git gryt sync pull").out;
    assert!(!second.contains("late"), "{second}");
    // It is not forgotten for that.
    let document: serde_json::Value =
        serde_json::from_str(&bob.sh("git gryt --json sync pull").out).unwrap();
    assert_eq!(document["adopted"]["late_evolutions"][0]["change"], "B");
}

#[test]
fn news_name_everybody_who_wrote() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob, cid] = sandbox.team(["ann", "bob", "cid"]);
    ann.must("git gryt generation new v1.0.0 && git gryt sync push");
    ann.must("git add .gryt && git commit -q -m Ledger && git push -q origin main");
    for who in [&bob, &cid] {
        who.must("git pull -q origin main && git gryt sync pull");
    }
    ann.must("git gryt generation edit v1.0.0 --change add:A:a && git gryt sync push");
    bob.must("git gryt sync pull && git gryt generation edit v1.0.0 --change add:B:b");
    bob.must("git gryt sync push");
    let told = cid.must("git gryt sync pull");
    assert!(told.contains("bob and ann edited v1.0.0"), "{told}");
}

#[test]
fn every_mistake_of_a_file_is_told_at_once() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    ann.must("git gryt generation new v1.0.0 --change add:A:a");
    ann.write(
        ".gryt/generations/v1.0.0.yaml",
        "version: v1.0.0\nchanges:\n- {type: new, id: A, title: a}\n- {type: add, id: a, titel: b}\n",
    );
    let pushed = ann.sh("git gryt sync push");
    assert_eq!(pushed.code, 7, "{pushed:#?}");
    for mistake in [
        "line 3, column 10: `new` is not a type of change",
        "line 4, column 22: a change has no field `titel`: is `title` meant?",
        "line 4, column 19: two changes are called A and a",
    ] {
        assert_eq!(
            pushed.out.matches(mistake).count(),
            1,
            "{mistake}: {pushed:#?}"
        );
        let status = ann.must("git gryt status");
        assert_eq!(status.matches(mistake).count(), 1, "{mistake}: {status}");
    }
}

#[test]
fn proofs_of_what_a_push_published_are_shared_by_the_next_pull() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    ann.must("git gryt generation new v1.0.0 --change add:A:a && git gryt sync push");
    ann.must("git gryt config share_on_push true");
    ann.works("work.txt");
    ann.must("git gryt evolution start v1.0.0 --change A");
    ann.write("more.txt", "more\n");
    ann.git("add . && git commit -q -m More");
    ann.must("git gryt run");
    let refs = || ann.git("ls-remote origin 'refs/gryt/evolutions/*'");
    ann.must("git gryt sync pull");
    assert_eq!(
        refs(),
        "",
        "nothing is published that the user did not push"
    );
    ann.git("push -q origin main");
    let pulled = ann.must("git gryt sync pull");
    assert!(pulled.contains("shared your v1.0.0/A/rc.1"), "{pulled}");
    assert!(refs().contains("v1.0.0/A/rc.1"));
}

#[test]
fn a_dry_run_out_of_local_mode_shows_drafts_and_imports() {
    let sandbox = Sandbox::new();
    let hosting = sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    ann.must(
        "git tag v0.1.0 && git commit -q --allow-empty -m Next && git push -q origin main --tags",
    );
    ann.must("git gryt config execution_mode local && git gryt import --from tags");
    ann.must("git gryt generation new v1.0.0 --change add:A:a");
    ann.must(
        "git gryt evolution start v1.0.0 --change A && git gryt run && git gryt promote v1.0.0",
    );
    ann.must("git gryt generation new v1.1.0 && git gryt config execution_mode hybrid");
    let before = ann.at(&hosting).git("for-each-ref");
    let ran = ann.sh("git gryt sync push --dry-run");
    assert!(
        ran.err
            .contains("imported, on the way to the cloud: v0.1.0"),
        "{ran:#?}"
    );
    assert!(
        ran.err.contains("v1.0.0 goes into the cloud's ledger"),
        "{ran:#?}"
    );
    assert!(ran.out.contains("Created: 1"), "{ran:#?}");
    assert_eq!(ann.at(&hosting).git("for-each-ref"), before);
    let done = ann.must("git gryt sync push");
    assert!(done.contains("Created: 1"), "{done}");
}
