//! The cache: it answers what git holds, whatever happens to it, and questions in SQL.

use std::fs;

use crate::sandbox::{Person, Sandbox, needs_files};

/// Ann with v1.0.0 promoted and withdrawn, v1.1.0 promoted, v2.0.0 half proven; and Bob.
fn history(sandbox: &Sandbox) -> [Person; 2] {
    sandbox.hosting();
    let team = sandbox.team(["ann", "bob"]);
    let ann = &team[0];
    for version in ["v1.0.0", "v1.1.0"] {
        ann.proves(version, &format!("CHG-{}", &version[3..4]));
        ann.must(&format!("git gryt promote {version}"));
    }
    ann.must("git gryt withdraw v1.0.0 --reason broken --use v1.1.0");
    ann.must("git gryt generation new v2.0.0 -d Next --change add:A:a --change fix:B:b");
    ann.must("git gryt evolution start v2.0.0 --change A && git gryt run");
    ann.must("git gryt evolution start v2.0.0 --change B");
    ann.must("git gryt sync push");
    team
}

const ANSWERS: [&str; 8] = [
    "status",
    "generation list",
    "evolution list v2.0.0",
    "evolution list v1.1.0",
    "log",
    "where A",
    "where CHG-1",
    "where HEAD",
];

fn answers(who: &Person, option: &str) -> Vec<String> {
    let ask = |line: &&str| who.must(&format!("git gryt {line} --json {option}"));
    ANSWERS.iter().map(ask).collect()
}

fn file(who: &Person) -> std::path::PathBuf {
    who.dir.join(".git/gryt/cache.db")
}

#[test]
fn answers_are_the_same_with_it_without_it_and_after_whatever_befell_it() {
    let sandbox = Sandbox::new();
    let [ann, _] = history(&sandbox);
    let expected = answers(&ann, "--no-cache");
    let text = expected.join("\n");
    for part in ["\"withdrawn\"", "v2.0.0", "CHG-1", "\"proven\": 1"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(answers(&ann, ""), expected);
    assert!(file(&ann).exists());
    let wal = |who: &Person| {
        for ending in ["-wal", "-shm"] {
            let _ = fs::remove_file(format!("{}{ending}", file(who).display()));
        }
    };
    // Deleted, filled with junk, of another version, written by somebody else.
    wal(&ann);
    fs::remove_file(file(&ann)).unwrap();
    assert_eq!(answers(&ann, ""), expected);
    wal(&ann);
    fs::write(file(&ann), "junk that is no database at all".repeat(200)).unwrap();
    let told = ann.sh("git gryt log -v");
    assert!(
        told.err.contains("Rebuilt from git: the cache was damaged"),
        "{told:#?}"
    );
    assert_eq!(ann.sh("git gryt log").err, "");
    assert_eq!(answers(&ann, ""), expected);
    wal(&ann);
    fs::remove_file(file(&ann)).unwrap();
    fs::create_dir(file(&ann)).unwrap();
    assert_eq!(answers(&ann, ""), expected);
    let told = ann.sh("git gryt log -v");
    assert!(told.err.contains("the cache cannot be used"), "{told:#?}");
    assert_eq!(told.code, 0);
}

#[test]
fn it_follows_every_move_and_never_goes_wrong() {
    let sandbox = Sandbox::new();
    let [ann, bob] = history(&sandbox);
    let compare = |who: &Person| {
        assert!(who.must("git gryt cache verify").starts_with("Compared: "));
    };
    bob.must("git gryt sync pull");
    compare(&bob);
    for line in [
        "git gryt generation edit v2.0.0 --change add:C:c",
        "git gryt sync push",
        "git gryt sync push-evolutions",
        "git gryt evolution abandon v2.0.0/A/rc.1 --reason wrong",
        "git gryt generation new v3.0.0",
        "git gryt generation rename v3.0.0 v3.1.0",
        "git gryt generation delete v3.1.0",
        "git gryt generation edit v2.0.0 --drop B --drop C",
        "git gryt evolution start v2.0.0 --change A",
        "git gryt run",
        "git gryt promote v2.0.0",
        "git gryt withdraw v2.0.0 --reason no",
    ] {
        ann.must(line);
        ann.must("git gryt status");
        compare(&ann);
        bob.must("git gryt sync pull");
        compare(&bob);
    }
    // A plain fetch moves what status is about, too.
    ann.must("git gryt generation new v4.0.0 && git gryt sync push");
    bob.git("fetch -q origin '+refs/gryt/*:refs/gryt-remotes/origin/*'");
    compare(&bob);
    // What it says wrongly is found, and mended by a rebuild.
    let tamper = |path: &std::path::Path| {
        let db = rusqlite::Connection::open(path).unwrap();
        db.execute("UPDATE changes SET title = 'forged'", [])
            .unwrap();
    };
    tamper(&file(&bob));
    let found = bob.sh("git gryt cache verify");
    assert_eq!(found.code, 1, "{found:#?}");
    assert!(
        found
            .out
            .contains("changes is not what git holds: title of v"),
        "{found:#?}"
    );
    bob.must("git gryt cache rebuild");
    compare(&bob);
}

#[test]
fn what_was_taken_over_may_move_by_itself() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    for version in ["v1.0.0", "v2.0.0"] {
        ann.must(&format!(
            "git gryt generation new {version} --change add:A:a"
        ));
    }
    ann.must("git gryt sync push && git gryt generation new v3.0.0 --change add:A:a");
    ann.must("git gryt status");
    // A colleague's rename is finished by another process of this clone: of the draft that is here alone,
    // it is known now that the cloud had it.
    let memory = "refs/gryt-local/adopted/origin";
    let tip = ann.git("rev-parse refs/gryt/generations/v3.0.0");
    let known = ann.must(&format!("git cat-file blob {memory}"));
    ann.write(
        "memory",
        &format!("{known}{tip} refs/gryt/generations/v3.0.0\n"),
    );
    let add = format!("git update-ref {memory} $(git hash-object -w memory)");
    ann.must(&add);
    ann.must("git gryt cache verify");
    // The memory of before is pruned, or there is none any more.
    ann.write("memory", &known);
    ann.must(&add);
    let blob = ann.git(&format!("rev-parse {memory}"));
    ann.must("git gryt status && git gryt cache verify");
    ann.must(&format!("git update-ref -d {memory}"));
    ann.must(&format!("rm -f .git/objects/{}/{}", &blob[..2], &blob[2..]));
    ann.must("git gryt cache verify");
}

#[test]
fn a_comparison_is_not_wrong_about_what_moves_meanwhile() {
    let sandbox = Sandbox::new();
    let [ann, _] = history(&sandbox);
    ann.git("worktree add -q ../beside");
    let beside = ann.at(sandbox.path().join("beside"));
    for round in 5..17 {
        let version = format!("v{round}.0.0");
        let writer = beside.start(&["generation", "new", &version, "--change", "add:A:a"]);
        let [one, other] = [0, 1].map(|_| ann.start(&["cache", "verify"]));
        for child in [writer, one, other] {
            let ran = Person::wait(child);
            assert_eq!(ran.code, 0, "{ran:#?}");
        }
    }
}

#[test]
fn many_processes_and_worktrees_share_one() {
    let sandbox = Sandbox::new();
    let [ann, _] = history(&sandbox);
    ann.git("worktree add -q ../beside");
    let beside = ann.at(sandbox.path().join("beside"));
    ann.must("rm -rf .git/gryt/cache.db*");
    let running: Vec<_> = (0..8)
        .map(|at| [&ann, &beside][at % 2].start(&["generation", "list"]))
        .collect();
    let seen: Vec<String> = running
        .into_iter()
        .map(|child| {
            let ran = Person::wait(child);
            assert_eq!(ran.code, 0, "{ran:#?}");
            ran.out
        })
        .collect();
    assert!(seen.iter().all(|out| *out == seen[0]), "{seen:#?}");
    ann.must("git gryt cache verify");
    assert!(!beside.has(".git/gryt"));
}

#[test]
fn where_nothing_can_be_written_commands_still_answer() {
    // On reftables objects are read through a few files in the temporary folder.
    if needs_files() {
        return;
    }
    let sandbox = Sandbox::new();
    let [ann, _] = history(&sandbox);
    let expected = answers(&ann, "--no-cache -v");
    // As on a full disk: no file can grow, whoever writes.
    ann.must("rm -rf .git/gryt/cache.db*");
    let ask = |line: &&str| {
        let ran = ann.sh(&format!(
            "trap '' XFSZ; ulimit -f 0; git gryt {line} --json -v"
        ));
        assert_eq!(ran.code, 0, "{line}: {ran:#?}");
        assert!(ran.err.contains("cache"), "{line}: {ran:#?}");
        ran.out
    };
    let answered: Vec<String> = ANSWERS.iter().map(ask).collect();
    assert_eq!(answered, expected);
    let ran = ann.sh("trap '' XFSZ; ulimit -f 0; git gryt cache rebuild");
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(ran.err.contains("cannot be written"), "{ran:#?}");
}

#[test]
fn questions_are_answered_and_nothing_is_changed_by_them() {
    let sandbox = Sandbox::new();
    let [ann, _] = history(&sandbox);
    let query = |rest: &str| ann.must(&format!("git gryt query {rest}"));
    assert_eq!(
        query("\"SELECT version, status FROM generations ORDER BY version\""),
        "version  status\nv1.0.0   withdrawn\nv1.1.0   promoted\nv2.0.0   draft\n"
    );
    assert_eq!(
        query("\"SELECT 'a,b' AS x, 1 AS y, NULL AS z\" --csv"),
        "x,y,z\n\"a,b\",1,\n"
    );
    let json: serde_json::Value =
        serde_json::from_str(&query("'SELECT * FROM pass_rate' --json")).unwrap();
    assert_eq!(json["schema"], "gryt.query/1");
    assert_eq!(json["rows"][0]["owner"], "ann@example.com");
    assert_eq!(json["rows"][0]["passed"], 3);
    assert!(query("'SELECT change_id, days FROM lead_time'").contains("CHG-1"));
    assert!(query("'SELECT * FROM promotions_per_month'").contains("2026-01  2"));
    assert!(query("--schema").contains("CREATE VIEW lead_time"));
    for sql in [
        "DELETE FROM generations",
        "DROP TABLE changes",
        "PRAGMA user_version = 7",
        "ATTACH 'x.db' AS x",
        "VACUUM INTO 'x.db'",
        "SELECT 1; DELETE FROM generations",
        "nonsense",
    ] {
        let refusal = ann.refused(7, &format!("git gryt query \"{sql}\""));
        assert!(
            refusal.contains("git gryt query --schema"),
            "{sql}: {refusal}"
        );
    }
    assert!(!ann.has("x.db"));
    ann.must("git gryt cache verify");
    ann.refused(2, "git gryt query");

    let endless =
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n";
    let running = ann.start(&["query", endless]);
    // It listens once its handler is there; until then the signal would end it all the same.
    let status = format!("/proc/{}/status", running.id());
    loop {
        let text = fs::read_to_string(&status).unwrap();
        let caught = text
            .lines()
            .find_map(|l| l.strip_prefix("SigCgt:"))
            .unwrap();
        if u64::from_str_radix(caught.trim(), 16).unwrap() & 2 != 0 {
            break;
        }
        std::thread::yield_now();
    }
    ann.must(&format!("kill -INT {}", running.id()));
    let code = Person::wait(running).code;
    assert!(code == 130 || code == -1, "{code}");
}

#[test]
fn where_tells_what_is_shipped_and_what_is_wanted() {
    let sandbox = Sandbox::new();
    let [ann, _] = history(&sandbox);
    let says = |what: &str| ann.must(&format!("git gryt where {what}"));
    assert_eq!(
        says("chg-1"),
        "chg-1 was shipped in v1.1.0, proven by ann\n"
    );
    assert!(says("CHG-0").contains("v1.0.0, proven by ann, withdrawn since"));
    assert_eq!(says("A"), "A is declared by the draft v2.0.0\n");
    // A commit: the first version that holds it, also across a hot fix of an older line.
    ann.git("checkout -q -b hotfix v1.0.0");
    ann.write("fix", "x");
    ann.must("git add . && git commit -q -m Fix && git push -q origin hotfix");
    let fix = ann.git("rev-parse HEAD");
    assert!(says(&fix).contains("is in no promoted version"));
    ann.proves("v1.0.1", "HOT-1");
    assert!(says(&fix).contains("proves HOT-1 of the draft v1.0.1"));
    ann.must("git gryt promote v1.0.1");
    assert!(says(&fix).contains("was shipped in v1.0.1, proven by ann"));
    assert!(says("main").contains("was shipped in v1.0.0"));
    ann.refused(7, "git gryt where nonsense");
}

#[test]
fn the_cloud_holds_a_ref_for_each_piece_of_open_work_and_one_ledger() {
    let sandbox = Sandbox::new();
    let [ann, _] = history(&sandbox);
    ann.must("git gryt sync push-evolutions");
    let hosting = ann.at(sandbox.path().join("hosting.git"));
    // One draft, two evolutions, the ledger: two promotions and a withdrawal left nothing.
    assert_eq!(hosting.refs("refs/gryt").len(), 1 + 2 + 1);
    let names: Vec<String> = hosting
        .refs("refs/gryt")
        .into_iter()
        .map(|(n, _)| n)
        .collect();
    assert_eq!(
        names,
        [
            "refs/gryt/evolutions/v2.0.0/A/rc.1",
            "refs/gryt/evolutions/v2.0.0/B/rc.1",
            "refs/gryt/generations/v2.0.0",
            "refs/gryt/ledger",
        ]
    );
}

#[test]
fn the_last_contact_is_known_and_the_last_failure_until_the_next() {
    let sandbox = Sandbox::new();
    let hosting = sandbox.hosting();
    let [dev] = sandbox.team(["dev"]);
    dev.must("git gryt sync pull");
    let facts = |dev: &Person| {
        dev.must("git gryt query \"SELECT key, value FROM sync_metadata ORDER BY key\" --csv")
    };
    let before = facts(&dev);
    assert!(before.contains("sync_mode,hybrid"), "{before}");
    assert!(before.contains("hosting.git"), "{before}");
    assert!(before.contains("last_pull_timestamp,20"), "{before}");
    fs::rename(&hosting, sandbox.path().join("away")).unwrap();
    dev.refused(8, "git gryt sync pull");
    let failed = facts(&dev);
    assert!(
        failed.contains("The cloud (origin) cannot be reached"),
        "{failed}"
    );
    fs::rename(sandbox.path().join("away"), &hosting).unwrap();
    dev.must("git gryt sync pull && git gryt config execution_mode cloud");
    let after = facts(&dev);
    assert!(!after.contains("cannot be reached"), "{after}");
    assert!(after.contains("sync_mode,cloud"), "{after}");
}
