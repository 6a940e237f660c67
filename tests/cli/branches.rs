//! A host that accepts branches and tags and nothing else: all of gryt's refs below
//! `refs/heads/gryt/` there.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::sandbox::{Person, Sandbox};

const ONLY_BRANCHES: &str = "#!/bin/sh\ncase $1 in refs/heads/*|refs/tags/*) ;; *) exit 1;; esac\n";

/// The hosting, and a team that keeps its refs where it accepts them.
fn hosted<const N: usize>(sandbox: &Sandbox, names: [&str; N]) -> (Person, [Person; N]) {
    let hosting = sandbox.hosting();
    let hook = hosting.join("hooks/update");
    fs::write(&hook, ONLY_BRANCHES).unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    let first = sandbox.nobody().at(sandbox.path().join("first"));
    first.refused(8, "git gryt generation new v0.0.1 && git gryt sync push");
    first.must("git gryt generation delete v0.0.1 --local-only");
    first.must("git gryt config --shared remote_prefix refs/heads/gryt/");
    first.must("git gryt generation new v0.0.1 && git gryt sync push");
    first.must("git gryt generation delete v0.0.1");
    first.must("git add .gryt && git commit -q -m 'Set the place' && git push -q origin main");
    (sandbox.nobody().at(hosting), sandbox.team(names))
}

fn names(hosting: &Person) -> Vec<String> {
    let all = hosting.refs("refs").into_iter();
    let gryt = all.filter(|(name, _)| name.contains("gryt"));
    gryt.map(|(name, _)| name).collect()
}

#[test]
fn a_release_from_draft_to_withdrawal() {
    let sandbox = Sandbox::new();
    let (hosting, [lead, ann]) = hosted(&sandbox, ["lead", "ann"]);
    lead.must("git gryt generation new v1.0.0 --change add:A:a --change add:B:b");
    lead.must("git gryt sync push");
    ann.must("git gryt sync pull && git gryt evolution start v1.0.0 --change A");
    ann.write("a.txt", "a\n");
    ann.must("git add . && git commit -q -m A && git gryt run");
    let told = ann.refused(4, "git gryt sync push-evolutions");
    assert!(told.contains("which no branch of the cloud has"), "{told}");
    ann.must("git push -q origin main && git gryt sync push-evolutions");
    // A plain fetch brings everything as branches; that publishes nothing of anybody's.
    lead.must("git pull -q --rebase origin main && git fetch -q");
    assert!(lead.git("branch -r").contains("origin/gryt/ledger"));
    lead.write("b.txt", "b\n");
    lead.must("git add . && git commit -q -m B");
    lead.must("git gryt sync pull && git gryt evolution start v1.0.0 --change B && git gryt run");
    lead.refused(4, "git gryt sync push-evolutions");
    lead.must("git gryt sync push-evolutions --with-commits && git fetch -q");
    lead.must("git push -q origin main && git gryt promote v1.0.0");
    assert_eq!(names(&hosting), ["refs/heads/gryt/ledger"]);
    assert_eq!(hosting.git("tag"), "v1.0.0");
    lead.must("git gryt withdraw v1.0.0 --reason 'It leaks'");
    ann.must("git gryt sync pull && git gryt verify && git gryt cache verify");
    assert!(ann.must("git gryt log").contains("withdrawn"));
    assert!(ann.must("git gryt sync status").contains("synced"));
    // A draft that is deleted and renamed, a fresh clone, and a clone that leaves local mode.
    ann.must("git gryt generation new v2.0.0 && git gryt sync push");
    ann.must("git gryt generation rename v2.0.0 v2.1.0 && git gryt sync push");
    assert_eq!(
        names(&hosting),
        [
            "refs/heads/gryt/generations/v2.1.0",
            "refs/heads/gryt/ledger"
        ]
    );
    lead.must("git gryt sync pull && git gryt generation delete v2.1.0");
    let [cleo] = sandbox.team(["cleo"]);
    cleo.must("git gryt sync pull && git gryt verify");
    cleo.must("git gryt config execution_mode local");
    cleo.proves("v3.0.0", "C");
    cleo.must("git gryt promote v3.0.0 && git gryt config execution_mode hybrid");
    cleo.must("git gryt sync push");
    ann.must("git gryt sync pull");
    assert!(ann.must("git gryt log").contains("v3.0.0  promoted"));
}

#[test]
fn one_of_many_wins_there_too() {
    let sandbox = Sandbox::new();
    let (hosting, team) = hosted(&sandbox, ["a", "b", "c", "d", "e"]);
    for round in 0..4 {
        let version = format!("v1.{round}.0");
        for who in &team {
            who.proves(&version, &format!("FEAT-{}", who.name));
        }
        let running = team.each_ref().map(|who| who.start(&["promote", &version]));
        let mut codes = running.map(|child| Person::wait(child).code);
        codes.sort_unstable();
        assert_eq!(codes, [0, 3, 3, 3, 3], "round {round}");
        let subjects = hosting.git("log --first-parent --format=%s refs/heads/gryt/ledger");
        assert_eq!(subjects.matches(&version).count(), 1, "{subjects}");
        for who in &team {
            who.sh("git gryt sync pull");
            who.sh(&format!(
                "git gryt generation delete {version} --local-only"
            ));
        }
    }
}

#[test]
fn a_project_moves_there_with_what_it_has() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    ann.proves("v1.0.0", "A");
    ann.must("git gryt promote v1.0.0 && git gryt generation new v2.0.0 && git gryt sync push");
    bob.must("git gryt sync pull");
    ann.refused(4, "git gryt config --shared remote_prefix refs/heads/gryt/");
    ann.must("git gryt sync move --prefix refs/heads/gryt/");
    ann.must("git add .gryt && git commit -q -m Move && git push -q origin main");
    bob.must("git pull -q --rebase origin main");
    let told = bob.must("git gryt sync move --follow");
    assert!(told.contains("New generations: 0\n  Updated: 0"), "{told}");
    bob.must("git gryt verify && git gryt generation show v2.0.0");
    assert_eq!(bob.refs("refs/gryt/"), ann.refs("refs/gryt/"));
}

#[test]
fn a_place_that_cannot_be_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    for place in [
        "refs/tags/gryt/",
        "refs/heads/",
        "refs/heads/a..b",
        "heads/gryt",
        "+refs/heads/x",
    ] {
        ann.refused(2, &format!("git gryt config remote_prefix '{place}'"));
        assert_eq!(
            ann.git("config --get-all gryt.remote-prefix || true"),
            "",
            "{place}"
        );
    }
    ann.must("git gryt config remote_prefix refs/heads/team/gryt");
}
