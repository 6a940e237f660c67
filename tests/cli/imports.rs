//! Coming from elsewhere: the original tool's database, changesets, release tags, and drafts that
//! were made apart.

use std::fs;

use rusqlite::Connection;

use crate::sandbox::{Person, Sandbox};

/// The tables of the original tool, as far as they tell of releases.
const TABLES: &str = include_str!("../../fixtures/original/tables.sql");
/// A project of it: v1.0.0 promoted although its step failed, v1.1.0 open.
const PROJECT: &str = include_str!("../../fixtures/original/project.sql");

/// A database of the original tool in `who`'s clone, with its contracts beside it.
pub(crate) fn original(who: &Person, folder: &str) -> Connection {
    let contract = |version: &str, change: &str| {
        format!(
            "version: {version}\ndescription: \"A release\"\nchanges:\n  - type: add\n    \
             id: {change}\n    title: \"User login\"\n"
        )
    };
    who.write(
        &format!("{folder}/generations/v1.0.0.yaml"),
        &contract("v1.0.0", "FEAT-001"),
    );
    // A change of the same id as in v1.0.0, which the record dropped.
    who.write(
        &format!("{folder}/generations/v1.1.0.yaml"),
        &contract("v1.1.0", "FEAT-001"),
    );
    let db = Connection::open(who.dir.join(folder).join("gryt.db")).unwrap();
    db.execute_batch(TABLES).unwrap();
    db.execute_batch(PROJECT).unwrap();
    db
}

#[test]
fn a_project_of_the_original_tool_comes_over_and_only_proves_what_it_can() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    ann.git("tag release-1");
    original(&ann, "old");
    let before = (
        ann.refs("refs"),
        fs::read(ann.dir.join("old/gryt.db")).unwrap(),
    );
    let told = ann.must("git gryt import old/gryt.db --dry-run");
    assert!(
        told.contains("Would import v1.0.0: released before gryt"),
        "{told}"
    );
    assert_eq!(ann.refs("refs"), before.0, "a dry run changes nothing");
    let told = ann.must("git gryt import old/gryt.db --who 'local=Lea <lea@example.com>'");
    for line in [
        "Imported v1.0.0: released before gryt",
        "Imported v1.1.0: a draft",
        "Imported v1.1.0/FEAT-002/rc.1: proven",
        "Imported v1.1.0/FEAT-002/rc.2: proves nothing: its step check is recorded as error",
        "v1.0.0 FEAT-001 noble-stellar-galaxy: its step check is recorded as error",
        "v1.0.0: no commit of it is known here",
        "Left out: v0.5.0: its status is abandoned",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    assert_eq!(fs::read(ann.dir.join("old/gryt.db")).unwrap(), before.1);
    // Twice is once.
    let after = ann.refs("refs");
    let told = ann.must("git gryt import old/gryt.db --who 'local=Lea <lea@example.com>'");
    assert!(told.starts_with("Nothing new to import"), "{told}");
    assert_eq!(ann.refs("refs"), after);
    // What is taken is taken, with all that was claimed, and `where` knows it.
    ann.refused(3, "git gryt generation new v1.0");
    let places = ann.must("git gryt where FEAT-001");
    assert!(
        places.contains("FEAT-001 was shipped in v1.0.0, before gryt"),
        "{places}"
    );
    assert!(
        places.contains("FEAT-001 is declared by the draft v1.1.0"),
        "{places}"
    );
    let held = ann.git("show refs/gryt/ledger:imports/1/1.0/v1.0.0.yaml");
    assert!(held.contains("noble-stellar-galaxy"), "{held}");
    let status = ann.must("git gryt generation show v1.1.0");
    let proven = |id: &str| {
        status
            .lines()
            .any(|l| l.contains(id) && l.contains(" proven"))
    };
    assert!(proven("FEAT-002") && !proven("FEAT-001"), "{status}");
    ann.must("git gryt sync push && git gryt sync push-evolutions && git gryt verify");
    // Somebody else who imports the same has the same.
    original(&bob, "old");
    bob.git("tag release-1 origin/main");
    bob.must("git gryt import old/gryt.db --who 'local=Lea <lea@example.com>'");
    let told = bob.must("git gryt sync pull");
    assert!(told.contains("New generations: 0\n  Updated: 0"), "{told}");
    assert_eq!(bob.refs("refs/gryt"), ann.refs("refs/gryt"));
    bob.must("git gryt cache verify");
    // What was only claimed is proven by whoever proves it.
    bob.must("git gryt evolution start v1.1.0 --change FEAT-001 && git gryt run");
    bob.must("git gryt promote v1.1.0");
    assert!(bob.must("git gryt log").contains("v1.0.0  imported"));
}

#[test]
fn what_is_no_sound_database_of_the_original_is_refused_by_name() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    let refs = ann.refs("refs");
    let refused = |why: &str| {
        let told = ann.refused(7, "git gryt import old/gryt.db");
        assert!(told.contains(why), "{why}: {told}");
        assert_eq!(ann.refs("refs"), refs);
    };
    refused("there is no such file");
    ann.write("old/gryt.db", "this is a text\n");
    refused("not a sound database");
    let file = ann.dir.join("old/gryt.db");
    fs::remove_file(&file).unwrap();
    let db = Connection::open(&file).unwrap();
    db.execute_batch("CREATE TABLE notes (text)").unwrap();
    refused("it has no table generations");
    db.execute_batch("CREATE TABLE generations (x); CREATE TABLE generation_changes (x);")
        .unwrap();
    db.execute_batch("CREATE TABLE evolutions (x)").unwrap();
    refused("it is of another shape");
    drop(db);
    fs::remove_file(&file).unwrap();
    drop(original(&ann, "old"));
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..].fill(0x5a);
    fs::write(&file, bytes).unwrap();
    let told = ann.refused(7, "git gryt import old/gryt.db");
    assert!(told.contains("cannot be imported"), "{told}");
    assert_eq!(ann.refs("refs"), refs);
    ann.refused(2, "git gryt import");
    ann.refused(2, "git gryt import old/gryt.db --as v1.0.0");
    ann.refused(7, "git gryt import old/gryt.db --who ann=nobody");
}

#[test]
fn reading_a_record_leaves_its_folder_as_it_was() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    let files = |folder: &str| {
        let listed = fs::read_dir(ann.dir.join(folder)).unwrap();
        let mut files: Vec<_> = listed
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file())
            .map(|path| (path.clone(), fs::read(path).unwrap()))
            .collect();
        files.sort();
        files
    };
    let reads = |folder: &str, names: &[&str]| {
        let before = files(folder);
        let there = before
            .iter()
            .map(|(path, _)| path.file_name().unwrap().to_str().unwrap());
        assert_eq!(there.collect::<Vec<_>>(), names);
        let told = ann.must(&format!("git gryt import {folder}/gryt.db --dry-run"));
        assert!(told.contains("Would import v2.0.0: a draft"), "{told}");
        let after = files(folder);
        let names: Vec<_> = after.iter().map(|(path, _)| path).collect();
        assert!(after == before, "{folder}: {names:?}");
        told
    };
    let add = "INSERT INTO generations (generation_id, version, status, created_at, created_by) \
               VALUES ('g2', 'v2.0.0', 'draft', '2026-01-01 00:00:00', 'local')";
    // Closed by its last writer: no log is left.
    let db = original(&ann, "closed");
    db.execute_batch(add).unwrap();
    let mode: String = db
        .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
        .unwrap();
    assert_eq!(mode, "wal");
    drop(db);
    reads("closed", &["gryt.db"]);
    // In use: what was written last is in the log alone.
    let db = original(&ann, "open");
    let _: String = db
        .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
        .unwrap();
    db.execute_batch(add).unwrap();
    reads("open", &["gryt.db", "gryt.db-shm", "gryt.db-wal"]);
    // Copied from there, or left by a writer that died.
    ann.must("mkdir left && cp open/gryt.db open/gryt.db-wal left");
    reads("left", &["gryt.db", "gryt.db-wal"]);
    ann.must("mkdir linked && ln -s ../left/gryt.db linked/gryt.db");
    let before = files("left");
    reads("linked", &["gryt.db"]);
    assert!(files("left") == before);
    // A transaction that was cut short is no part of it.
    let db = original(&ann, "cut");
    db.execute_batch(add).unwrap();
    db.execute_batch("PRAGMA cache_size = 1; BEGIN; UPDATE generations SET version = 'v8.0.0' WHERE version = 'v2.0.0'")
        .unwrap();
    db.execute_batch("CREATE TABLE more AS SELECT zeroblob(100000)")
        .unwrap();
    ann.must("mkdir dead && cp cut/gryt.db cut/gryt.db-journal dead");
    drop(db);
    let told = reads("dead", &["gryt.db", "gryt.db-journal"]);
    assert!(!told.contains("v8.0.0"), "{told}");
    ann.must("git gryt import dead/gryt.db");
    assert_eq!(files("dead").len(), 2);
}

#[test]
fn pending_changesets_become_a_draft_once() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    ann.git("tag v1.4.2");
    for (name, text) in [
        ("README.md", "# Changesets\n"),
        ("config.json", "{}"),
        (
            "brave-lions-dance.md",
            "---\n\"@app/web\": minor\n---\n\nLog in with a key\n",
        ),
        (
            "odd-cats-sing.md",
            "---\n\"@app/core\": patch\n---\n\nMend: the \"timeout\"\n\nFor good.\n",
        ),
        (
            "old-news.md",
            "---\nx: major\n---\n\nShipped in the pre-release\n",
        ),
        ("broken.md", "no head\n"),
        ("nothing.md", "---\n---\n"),
        (
            "pre.json",
            "{\"mode\": \"pre\", \"changesets\": [\"old-news\"]}",
        ),
    ] {
        ann.write(&format!(".changeset/{name}"), text);
    }
    let refs = ann.refs("refs");
    ann.must("git gryt import --from changesets --dry-run");
    assert_eq!(ann.refs("refs"), refs);
    let told = ann.must("git gryt import --from changesets");
    assert!(told.contains("Imported v1.5.0: a draft"), "{told}");
    assert!(told.contains("Left out: broken: "), "{told}");
    assert!(
        told.contains("Left out: nothing: it releases nothing"),
        "{told}"
    );
    let contract = ann.read(".gryt/generations/v1.5.0.yaml");
    for part in [
        "id: brave-lions-dance",
        "type: fix",
        "the \\\"timeout\\\"",
        "@app/web (minor)",
    ] {
        assert!(contract.contains(part), "{part}: {contract}");
    }
    assert!(!contract.contains("old-news"), "{contract}");
    let told = ann.must("git gryt import --from changesets");
    assert!(told.starts_with("Nothing new to import"), "{told}");
    // One more joins the draft that has the others.
    ann.write(".changeset/late-one.md", "---\nx: patch\n---\nOne more\n");
    let told = ann.must("git gryt import --from changesets");
    assert!(told.contains("Imported v1.5.0: a draft"), "{told}");
    assert!(
        ann.read(".gryt/generations/v1.5.0.yaml")
            .contains("late-one")
    );
    ann.write("elsewhere/a.md", "---\nx: patch\n---\nAnother\n");
    ann.must("git gryt import --from changesets elsewhere --as v9.0.0");
    assert!(ann.has(".gryt/generations/v9.0.0.yaml"));
    ann.refused(7, "git gryt import --from changesets nowhere");
    ann.must("git gryt sync push");
}

#[test]
fn a_changeset_that_reaches_farther_than_the_draft_is_said() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    ann.git("tag v1.4.2");
    ann.write(".changeset/small.md", "---\nx: patch\n---\nMend\n");
    let told = ann.must("git gryt import --from changesets");
    assert!(told.contains("Imported v1.4.3: a draft"), "{told}");
    ann.write(".changeset/wide.md", "---\nx: minor\n---\nAdd\n");
    ann.write(".changeset/other.md", "---\nx: patch\n---\nMend more\n");
    let before = ann.refs("refs");
    for dry in ["", " --dry-run"] {
        let told = ann.refused(6, &format!("git gryt import --from changesets{dry}"));
        for part in [
            "wide is a minor change, which is more than the draft v1.4.3 allows",
            "git gryt generation rename v1.4.3 v1.5.0 && git gryt import --from changesets",
            "git gryt import --from changesets --as v1.4.3",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
    }
    assert_eq!(ann.refs("refs"), before);
    ann.must("git gryt generation rename v1.4.3 v1.5.0 && git gryt import --from changesets");
    let contract = ann.read(".gryt/generations/v1.5.0.yaml");
    for id in ["small", "wide", "other"] {
        assert!(contract.contains(&format!("id: {id}")), "{contract}");
    }
    // What is meant is done.
    ann.write("it's/big.md", "---\nx: major\n---\nChange\n");
    ann.write("it's/small.md", "---\nx: patch\n---\nMend\n");
    let told = ann.refused(6, "git gryt import --from changesets \"it's\"");
    let meant = told
        .lines()
        .find(|line| line.ends_with("--as v1.5.0"))
        .unwrap();
    ann.must(meant.trim().trim_start_matches("$ "));
    assert!(
        ann.read(".gryt/generations/v1.5.0.yaml")
            .contains("id: big")
    );
}

#[test]
fn a_changeset_without_room_is_left_out_by_name_and_the_others_come_over() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    let set = |name: &str, level: &str, bytes: usize| {
        let text = format!(
            "---\nx: {level}\n---\nSay {name}\n\n{}\n",
            "word ".repeat(bytes / 5)
        );
        ann.write(&format!(".changeset/{name}.md"), &text);
    };
    set("a-fine", "patch", 100);
    set("b-huge", "major", 600_000);
    set("c-nearly", "minor", 524_000);
    set("d-half", "patch", 300_000);
    set("e-half", "minor", 300_000);
    set("f-fine", "patch", 100);
    for dry in [" --dry-run", ""] {
        let told = ann.must(&format!("git gryt import --from changesets{dry}"));
        for name in [
            "b-huge: it is larger than 512 KB",
            "e-half: the contract would be larger than 512 KB",
        ] {
            assert!(
                told.contains(&format!("Left out: {name}")),
                "{name}: {told}"
            );
        }
        for name in ["a-fine", "d-half", "f-fine"] {
            assert!(
                told.contains(&format!("  {name} Say {name}")),
                "{name}: {told}"
            );
        }
    }
    // What was left out has no say in the version.
    let contract = ann.read(".gryt/generations/v0.0.1.yaml");
    assert!(contract.contains("id: d-half") && !contract.contains("e-half"));
}

#[test]
fn release_tags_are_taken_and_known() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    ann.git("tag -a v1.0.0 -m 'The first one'");
    let first = ann.git("rev-parse HEAD");
    ann.works("more.txt");
    ann.git("tag v1.1.0");
    ann.git("tag v1.1");
    ann.git("tag nightly");
    ann.git("tag billing/v3.0.0");
    ann.must("git tag v0.9.0 HEAD:app.txt");
    let refs = ann.refs("refs");
    let told = ann.must("git gryt import --from tags 'v1*' --dry-run");
    assert!(told.contains("Would import v1.0.0"), "{told}");
    assert_eq!(
        ann.refs("refs/gryt"),
        refs.into_iter()
            .filter(|(n, _)| n.starts_with("refs/gryt/"))
            .collect::<Vec<_>>()
    );
    let told = ann.must("git gryt import --from tags");
    assert!(
        told.contains("Left out: v0.9.0: it points at no commit"),
        "{told}"
    );
    assert!(told.contains("it means the same as v1.1"), "{told}");
    let told = ann.must("git gryt import --from tags");
    assert!(told.starts_with("Nothing new to import"), "{told}");
    bob.must("git gryt sync pull");
    bob.refused(3, "git gryt generation new v1.0");
    bob.refused(3, "git gryt generation new billing/v3.0.0");
    let places = bob.must(&format!("git gryt where {first}"));
    assert!(
        places.contains("was shipped in v1.0.0, before gryt"),
        "{places}"
    );
    let made = bob.must("git gryt generation new --next minor");
    assert!(made.contains("v1.2.0"), "{made}");
    let asked = bob
        .must("git gryt query \"SELECT version FROM generations WHERE status = 'imported'\" --csv");
    assert_eq!(asked.lines().count(), 4, "{asked}");
    bob.must("git gryt verify && git gryt cache verify");
    ann.refused(7, "git gryt import --from tags 'x*'");
    let shown = bob.must("git gryt generation show v1.0");
    assert!(
        shown.contains("imported") && shown.contains("The first one"),
        "{shown}"
    );
    assert!(bob.must("git gryt notes v1.0.0").contains("# v1.0.0 ("));
    assert!(bob.must("git gryt generation list").contains("0/0 proven"));
    let told = bob.refused(3, "git gryt evolution start v1.0.0 --change A");
    assert!(told.contains("v1.0.0 was released before gryt"), "{told}");
    bob.must("git gryt withdraw v1.0 --reason 'It leaks' --use v1.1.0");
    let log = bob.must("git gryt log && git gryt cache verify && git gryt verify");
    assert!(log.contains("v1.0.0          withdrawn"), "{log}");
    bob.refused(3, "git gryt withdraw v1.0.0 --reason Again");
    // A promotion of such a version is refused even where the draft was there before.
    let log = bob.must("git gryt log");
    assert!(log.contains("v1.0.0") && log.contains("imported"), "{log}");
}

#[test]
fn a_commit_that_only_a_lost_tag_held_is_named_before_and_after_it_is_gone() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    ann.git("tag v1.0.0");
    ann.must(
        "git checkout -q --detach && git commit -q --allow-empty -m Release && git tag v1.1.0",
    );
    let lost = ann.git("rev-parse HEAD");
    ann.must("git commit -q --allow-empty -m Release && git tag rel-2 && git tag v1.2.0 && git checkout -q main");
    ann.must("git push -q origin --tags && git gryt import --from tags");
    let says = |line: &str, parts: &[&str]| {
        let told = ann.must(line);
        for part in parts {
            assert!(told.contains(part), "{part}: {told}");
        }
        assert_eq!(
            told.matches("imported commit").count(),
            parts.len() / 2,
            "{told}"
        );
    };
    says("git gryt verify", &[]);
    says("git gryt doctor", &[]);
    // What another tag or a branch holds is held.
    ann.git("tag -d v1.1.0");
    ann.git("tag -d v1.2.0");
    says("git gryt verify", &[]);
    ann.git("tag -d rel-2");
    let loose = "no branch or tag holds the imported commit";
    says("git gryt verify", &["v1.1.0: ", loose, "v1.2.0: ", loose]);
    let again = format!("git tag v1.1.0 {lost}");
    says("git gryt doctor", &["and 1 more like it", &again]);
    ann.must(&again);
    says("git gryt verify", &["v1.2.0: ", loose]);
    // Once git has collected it, it is to be had from where it still is.
    ann.git("tag -d v1.1.0");
    ann.git("-c gc.reflogExpire=now -c gc.reflogExpireUnreachable=now reflog expire --all");
    ann.git("-c gc.pruneExpire=now gc -q --prune=now");
    ann.refused(128, &format!("git cat-file commit {lost}"));
    // What is in a clone does not change what the ledger is.
    says("git gryt verify", &[]);
    says(
        "git gryt doctor",
        &["and 1 more like it", "git fetch --tags origin"],
    );
    ann.must("git fetch -q --tags origin");
    says("git gryt verify", &[]);
    // A clone without tags knows nothing of them; beyond the end of a shallow one nobody looks.
    ann.git("clone -q --depth 1 --no-tags file://$PWD/../hosting.git ../shallow");
    let shallow = ann.at(sandbox.path().join("shallow"));
    shallow.must("git gryt sync pull");
    let told = shallow.must("git gryt verify");
    assert!(!told.contains("imported commit"), "{told}");
}

#[test]
fn what_was_entered_in_local_mode_comes_along_to_the_cloud() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    bob.proves("v2.0.0", "B");
    bob.must("git gryt promote v2.0.0");
    ann.must("git gryt config execution_mode local");
    ann.git("tag v0.1.0 && git tag v0.2.0");
    ann.must("git gryt import --from tags 'v0*'");
    ann.must("git gryt config execution_mode hybrid && git gryt sync push");
    bob.must("git gryt sync pull");
    bob.refused(3, "git gryt generation new v0.1.0");
    let ledger = bob.git("ls-tree -r --name-only refs/gryt/ledger");
    for version in ["v0.1.0", "v0.2.0", "v2.0.0"] {
        assert!(ledger.contains(version), "{ledger}");
    }
}

#[test]
fn drafts_of_one_content_that_were_made_apart_are_linked() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    for who in [&ann, &bob] {
        who.must("git gryt generation new v1.0.0 --change add:A:a");
        who.must("git gryt evolution start v1.0.0 --change A && git gryt run");
        who.must(&format!(
            "git gryt generation new v2.0.0 --change add:{}:b",
            who.name
        ));
    }
    ann.must("git gryt sync push && git gryt sync push-evolutions");
    bob.refused(6, "git gryt sync pull");
    let told = bob.refused(6, "git gryt sync backfill");
    assert_eq!(told, "");
    let told = bob.sh("git gryt sync backfill").out;
    assert!(told.contains("v2.0.0 says something else"), "{told}");
    let draft = "refs/gryt/generations/v1.0.0";
    assert_eq!(
        bob.git(&format!("rev-parse {draft}")),
        ann.git(&format!("rev-parse {draft}"))
    );
    bob.must("git gryt generation rename v2.0.0 v3.0.0");
    bob.must("git gryt sync pull && git gryt sync push-evolutions");
    ann.must("git gryt sync pull");
    let list = ann.must("git gryt evolution list v1.0.0");
    assert!(list.contains("ann") && list.contains("bob"), "{list}");
    assert_eq!(list.matches("pass").count(), 2, "{list}");
    let done = bob.must("git gryt sync backfill");
    assert!(done.contains("Linked: 0"), "{done}");
    let remote = "SELECT remote_id FROM generations WHERE version = 'v1.0.0'";
    let remote = bob.must(&format!("git gryt query \"{remote}\" --csv"));
    assert!(
        remote.contains(&ann.git(&format!("rev-parse {draft}"))),
        "{remote}"
    );
    bob.must("git gryt promote v1.0.0");
}

#[test]
fn what_a_record_tells_of_other_people_goes_over_with_its_draft() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob, cleo] = sandbox.team(["ann", "bob", "cleo"]);
    for (who, lea) in [(&ann, "lea"), (&bob, "leah"), (&cleo, "lee")] {
        who.git("tag release-1 origin/main");
        drop(original(who, "old"));
        who.must(&format!(
            "git gryt import old/gryt.db --who 'local=Lea <{lea}@example.com>'"
        ));
    }
    // The draft alone: bob is to bring what was recorded of it.
    ann.must("git gryt sync push");
    let linked = |who: &Person| {
        who.refused(6, "git gryt sync pull");
        let told = who.must("git gryt sync backfill");
        who.must("git gryt sync pull && git gryt sync push-evolutions && git gryt verify");
        told
    };
    let told = linked(&bob);
    assert!(
        told.contains("Linked: 1; evolutions that came along: 2"),
        "{told}"
    );
    let cloud = |pattern: &str| ann.at(sandbox.path().join("hosting.git")).refs(pattern);
    let shared = cloud("refs/gryt/evolutions");
    assert_eq!(shared.len(), 2, "{shared:?}");
    assert_eq!(bob.refs("refs/gryt/evolutions"), shared);
    let by = bob.git(&format!("log -1 --format='%ae %ce' {}", shared[0].1));
    assert_eq!(by, "leah@example.com leah@example.com");
    // What is only claimed, and is there already, does not come twice; a proof does, and counts once.
    let told = linked(&cleo);
    assert!(
        told.contains("Linked: 1; evolutions that came along: 1"),
        "{told}"
    );
    assert_eq!(cloud("refs/gryt/evolutions").len(), 3);
    ann.must("git gryt sync pull && git gryt sync push-evolutions");
    let shown = ann.must("git gryt generation show v1.1.0");
    let proven = |line: &str| line.contains("FEAT-002") && line.contains(" proven");
    assert!(shown.lines().any(proven), "{shown}");
    // The same under another name.
    let lone = sandbox.clone_of("dora", "hosting.git");
    lone.must("git gryt config execution_mode local && git tag release-1 origin/main");
    drop(original(&lone, "old"));
    lone.must("git gryt import old/gryt.db && git gryt generation rename v1.1.0 v1.2.0");
    let carried = lone.refs("refs/gryt/evolutions");
    assert_eq!(carried.len(), 2, "{carried:?}");
    assert!(
        carried.iter().all(|(name, _)| name.contains("/v1.2.0/")),
        "{carried:?}"
    );
    let shown = lone.must("git gryt generation show v1.2.0");
    assert!(shown.lines().any(proven), "{shown}");
}

#[test]
fn one_release_that_was_promoted_apart_is_one_release() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    bob.proves("v1.0.0", "A");
    bob.must("git gryt promote v1.0.0");
    ann.must("git gryt config execution_mode local");
    ann.must("git gryt generation new v1.0.0 --change 'add:A:By bob'");
    ann.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    ann.must("git gryt promote v1.0.0 && git gryt config execution_mode hybrid");
    let told = ann.must("git gryt sync push 2>&1");
    assert!(told.contains("v1.0.0 is there already"), "{told}");
    ann.must("git gryt sync pull && git gryt verify");
    assert_eq!(ann.refs("refs/gryt"), bob.refs("refs/gryt"));
}

#[test]
fn a_record_in_which_everything_is_odd_comes_over_as_far_as_it_can() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    let db = original(&ann, "old");
    let add = "INSERT INTO generations (generation_id, version, status, created_at, created_by)";
    let long = "x".repeat(600_000);
    for (id, version, status, at, by) in [
        ("g1", "'1.1.0'", "'draft'", "'2027-01-01 00:00:00'", "NULL"),
        ("g2", "'v1'", "'draft'", "'nonsense'", "7"),
        (
            "g3",
            "x'76322e302e30'",
            "x'6472616674'",
            "12345",
            "'A <b> c'",
        ),
        ("g4", "'../../etc/passwd'", "'draft'", "NULL", "NULL"),
        ("g5", "''", "'draft'", "NULL", "NULL"),
        ("g6", "'v3.0.0'", "'draft'", "'0001-01-01 00:00:00'", "'@'"),
        (
            "g7",
            "'v4.0.0'",
            "'draft'",
            "'9999-12-31 23:59:59'",
            "'a' || char(10) || 'b'",
        ),
    ] {
        let row = format!("{add} VALUES ('{id}', {version}, {status}, {at}, {by})");
        db.execute_batch(&row).unwrap();
    }
    db.execute(
        "UPDATE generations SET description = ?1 WHERE generation_id = 'g7'",
        [&long],
    )
    .unwrap();
    for (id, kind, title) in [
        ("C:D", "add", "t"),
        ("con", "add", "t"),
        ("../x", "add", "t"),
        ("E", "weird", "t"),
        ("F", "add", ""),
        ("G", "add", "x:y: \"z\" # - & *"),
        ("H", "add", "two\nlines"),
        ("123", "add", "true"),
    ] {
        db.execute(
            "INSERT INTO generation_changes (change_id, generation_id, type, title) \
             VALUES (?1, 'g3', ?2, ?3)",
            [id, kind, title],
        )
        .unwrap();
    }
    drop(db);
    let told = ann.must("git gryt import old/gryt.db");
    for line in [
        "Left out: 1.1.0: it is the same version as v1.1.0",
        "Left out: v1: it is the same version as v1.0.0",
        "Left out: ../../etc/passwd: ",
        "Left out: v4.0.0: ",
        "Imported v2.0.0: a draft",
        "Imported v3.0.0: a draft",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    let contract = ann.read(".gryt/generations/v2.0.0.yaml");
    assert!(
        contract.contains("id: G") && contract.contains("123"),
        "{contract}"
    );
    assert!(
        told.contains("its created_at is not a date from 1970 on, `nonsense`"),
        "{told}"
    );
    assert_eq!(
        told.matches("v2.0.0: a change is left out").count(),
        6,
        "{told}"
    );
    ann.must("git gryt sync push && git gryt verify && git gryt cache verify");
    let again = ann.must("git gryt import old/gryt.db");
    assert!(again.starts_with("Nothing new to import"), "{again}");
}

#[test]
fn one_attempt_of_a_record_counts_once_however_often_it_is_imported() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    ann.tracks(".gryt/policy.yaml", "gates: {min_evolutions: 2}\n");
    for who in [&ann, &bob] {
        who.git("pull -q origin main");
        who.git("tag release-1 origin/main");
        drop(original(who, "old"));
    }
    ann.must("git gryt import old/gryt.db");
    let told = ann.must("git gryt import old/gryt.db --who 'local=Lea <lea@example.com>'");
    assert!(told.starts_with("Nothing new to import"), "{told}");
    // Bob says who it was, and lacks the tag: other objects, and the same attempts.
    bob.git("tag -d release-1");
    bob.must("git gryt import old/gryt.db --who 'local=Lea <lea@example.com>'");
    bob.must("git gryt sync push && git gryt sync push-evolutions");
    ann.sh("git gryt sync pull");
    ann.must("git gryt generation delete v1.1.0 --local-only && git gryt sync pull");
    ann.must("git tag -f release-1 origin/main && git gryt import old/gryt.db");
    ann.must("git gryt generation edit v1.1.0 --drop FEAT-001");
    let told = ann.refused(5, "git gryt promote v1.1.0 --dry-run");
    assert!(
        told.contains("min_evolutions") || told.contains("FEAT-002"),
        "{told}"
    );
    // What was renamed or deleted since does not come back.
    ann.must("git gryt config execution_mode local");
    ann.must("git gryt generation rename v1.1.0 v1.5.0");
    let told = ann.must("git gryt import old/gryt.db");
    assert!(
        told.contains("Left out: v1.1.0: it is v1.5.0 here"),
        "{told}"
    );
    ann.must("git gryt generation delete v1.5.0");
    let told = ann.must("git gryt import old/gryt.db");
    assert!(
        told.contains("Left out: v1.1.0: it was deleted here"),
        "{told}"
    );
}

#[test]
fn a_version_that_somebody_declared_is_left_to_them() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    ann.must("git gryt generation new v1.0.0 --change add:A:a && git gryt sync push");
    bob.must("git gryt sync pull");
    bob.git("tag v1.0");
    bob.git("tag v0.9.0");
    for dry in [" --dry-run", ""] {
        let told = bob.must(&format!("git gryt import --from tags{dry}"));
        assert!(
            told.contains("Left out: v1.0: there is a draft v1.0.0"),
            "{told}"
        );
    }
    // Whatever was entered when, a commit was shipped in the version that was first.
    bob.works("later.txt");
    bob.git("tag -a v0.95.0 -m Later");
    bob.must("git gryt import --from tags");
    bob.git("tag v0.8.0 HEAD~1");
    bob.must("git gryt import --from tags");
    let places = bob.must("git gryt where HEAD~1");
    assert!(!places.contains("v0.95.0"), "{places}");
}
