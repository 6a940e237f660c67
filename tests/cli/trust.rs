//! Whom a clone believes: branches and pull requests are written by strangers, the shared refs by
//! anybody with push rights.

use crate::sandbox::{Person, Sandbox, needs_files};

/// The hosting, and a team whose v1.0.0 is declared with the change A, and proven by ann.
fn team<const N: usize>(
    sandbox: &Sandbox,
    policy: &str,
    names: [&str; N],
) -> (Person, [Person; N]) {
    let hosting = sandbox.hosting();
    let people = sandbox.team(names);
    let ann = &people[0];
    if !policy.is_empty() {
        ann.write(".gryt/policy.yaml", policy);
    }
    ann.must("git gryt generation new v1.0.0 --change add:A:a && git gryt sync push");
    ann.must("git add .gryt && git commit -q -m Ledger && git push -q origin main");
    for person in &people[1..] {
        person.must("git pull -q origin main && git gryt sync pull");
    }
    (people[0].at(hosting), people)
}

fn proven(who: &Person, version: &str, change: &str) {
    who.must(&format!(
        "git gryt evolution start {version} --change {change} && git gryt run"
    ));
}

#[test]
fn a_branch_sends_nothing_anywhere() {
    let sandbox = Sandbox::new();
    let (_, [ann]) = team(&sandbox, "", ["ann"]);
    ann.git("clone -q --mirror ../hosting.git ../fork.git");
    ann.git("remote add fork ../fork.git");
    let fork = ann.at(sandbox.path().join("fork.git"));
    ann.must("git gryt generation new v2.0.0 -d Roadmap --change add:B:b");
    let ledger = ann.must("grep ^ledger: .gryt/config.yaml");
    ann.write(
        ".gryt/config.yaml",
        &format!("remote: fork\nexecution_mode: cloud\npublish_commits: true\n{ledger}"),
    );
    ann.git("commit -q -a -m Request");
    let before = fork.git("for-each-ref");
    for line in [
        "git gryt status",
        "git gryt generation edit v2.0.0 --assign B=ann",
        "git gryt evolution start v2.0.0 --change B",
        "git gryt run",
        "git gryt sync push",
    ] {
        ann.must(line);
        assert_eq!(fork.git("for-each-ref"), before, "{line}");
    }
    let listed = ann.must("git gryt config --list");
    assert!(listed.contains("remote          origin"), "{listed}");
    assert!(listed.contains("execution_mode  hybrid"), "{listed}");
    // It is offered, and taken by whoever types it.
    let begun = ann.sh("git gryt init");
    assert!(
        (begun.out + &begun.err).contains("git gryt config remote fork"),
        "what the project recommends is said"
    );
}

#[test]
fn a_line_in_the_mailmap_makes_nobody_a_promoter() {
    let sandbox = Sandbox::new();
    let policy = "promoters: [ann@example.com]\n";
    let (hosting, [ann, mal]) = team(&sandbox, policy, ["ann", "mal"]);
    // Before the first release, the branch is all that there is to hold somebody to.
    ann.must("git gryt generation new v0.1.0 --change add:Z:z");
    proven(&ann, "v0.1.0", "Z");
    ann.must("git gryt promote v0.1.0");
    proven(&ann, "v1.0.0", "A");
    ann.must("git gryt sync push && git gryt sync push-evolutions");
    mal.must("git gryt sync pull");
    mal.write(".mailmap", "ann <ann@example.com> <mal@example.com>\n");
    mal.must("git add .mailmap && git commit -q -m Tidy && git push -q origin main");
    mal.refused(5, "git gryt promote v1.0.0");
    assert!(
        !hosting
            .git("log --format=%s refs/gryt/ledger")
            .contains("Promote v1.0.0")
    );
    // Nor do they join the verdict of whoever reads.
    ann.must("git pull -q origin main && git gryt promote v1.0.0 && git gryt verify");
    mal.must("git gryt sync pull && git gryt verify");
}

#[test]
fn an_old_line_does_not_loosen_the_policy_of_the_newest() {
    let sandbox = Sandbox::new();
    let (_, [ann]) = team(&sandbox, "", ["ann"]);
    proven(&ann, "v1.0.0", "A");
    ann.must("git gryt promote v1.0.0 && git branch old");
    ann.write(".gryt/policy.yaml", "gates:\n  min_evolutions: 2\n");
    ann.must("git add . && git commit -q -m Policy && git push -q origin main");
    ann.must("git gryt generation new v2.0.0 --change add:B:b");
    proven(&ann, "v2.0.0", "B");
    proven(&ann, "v2.0.0", "B");
    ann.must("git gryt promote v2.0.0");
    // The old line is judged by its own policy and the newest, and passes both.
    ann.must("git switch -q old && git commit -q --allow-empty -m Fix && git push -q origin old");
    ann.must("git gryt generation new v1.0.1 --change fix:C:c");
    proven(&ann, "v1.0.1", "C");
    proven(&ann, "v1.0.1", "C");
    ann.must("git gryt promote v1.0.1");
    ann.git("switch -q main");
    ann.write(".gryt/policy.yaml", "gates:\n  min_evolutions: 1\n");
    ann.must("git commit -q -a -m Loosen && git push -q origin main");
    ann.must("git gryt generation new v2.0.1 --change fix:D:d");
    proven(&ann, "v2.0.1", "D");
    let refused = ann.refused(5, "git gryt promote v2.0.1");
    assert!(refused.contains("1 of 2"), "{refused}");
}

#[test]
fn a_malformed_commit_in_the_cloud_stops_nobody() {
    let sandbox = Sandbox::new();
    let (hosting, [ann, bob]) = team(&sandbox, "", ["ann", "bob"]);
    proven(&ann, "v1.0.0", "A");
    ann.must("git gryt sync push-evolutions");
    let tree = hosting.git("rev-parse main^{tree}");
    let people = [
        "author Mal 1790000000 +0000",
        "author Mal <mal@x> 99999999999999999999 +0000",
        "author Mal <mal@x> yesterday",
        "author <>",
    ];
    for (at, author) in people.iter().enumerate() {
        let committer = author.replacen("author", "committer", 1);
        let text = format!("tree {}\\n{author}\\n{committer}\\n\\nx\\n", tree.trim());
        let line = format!("printf '{text}' | git hash-object -t commit -w --literally --stdin");
        let oid = hosting.must(&line);
        let evolution = format!("refs/gryt/evolutions/v9.0.{at}/X/rc.1");
        hosting.git(&format!("update-ref {evolution} {}", oid.trim()));
        let draft = format!("refs/gryt/generations/v8.0.{at}");
        hosting.git(&format!("update-ref {draft} {}", oid.trim()));
    }
    let pulled = bob.must("git gryt sync pull");
    assert_eq!(pulled.matches("is invalid").count(), 8, "{pulled}");
    bob.must("git gryt generation new v1.1.0 && git gryt sync push && git gryt status");
    bob.must("git gryt promote v1.0.0 && git gryt verify");
    let fresh = sandbox.clone_of("fresh", "hosting.git");
    fresh.must("git gryt sync pull && git gryt verify");
}

#[test]
fn tokens_are_masked_whether_or_not_they_are_listed() {
    let sandbox = Sandbox::new();
    let (hosting, [ann]) = team(&sandbox, "", ["ann"]);
    ann.write(
        ".gryt/pipelines/pipeline.yaml",
        "steps:\n- name: t\n  run: env; git remote -v; echo ${SOME_TOKEN}x\n",
    );
    ann.must("git add . && git commit -q -m Pipeline && git push -q origin main");
    ann.must("git gryt evolution start v1.0.0 --change A");
    let url = format!(
        "file://job:glpat-0123456789@localhost{}",
        hosting.dir.display()
    );
    ann.git(&format!("config remote.origin.url {url}"));
    let ann = ann
        .with("SOME_TOKEN", "tok-0123456789")
        .with("DB_PASSWORD", "pass-0123456789")
        .with("SIGNING_KEY", "key-0123456789")
        .with("TOKEN_FILE", "/run/secrets/token");
    ann.must("git gryt run");
    let log = ann.git("show refs/gryt/evolutions/v1.0.0/A/rc.1:logs/t.log");
    for secret in ["glpat-0", "tok-0", "pass-0", "key-0"] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
    // Names that say so, not values that look so: a path is none.
    assert!(log.contains("/run/secrets"), "{log}");
    for line in [
        "status",
        "sync status",
        "config --list",
        "doctor",
        "--json sync status",
        "-v sync pull",
        "query 'SELECT * FROM sync_metadata'",
    ] {
        let ran = ann.sh(&format!("git gryt {line}"));
        assert!(!(ran.out + &ran.err).contains("glpat"), "{line}");
    }
}

#[test]
fn no_text_of_others_becomes_colour() {
    let sandbox = Sandbox::new();
    let (_, [ann]) = team(&sandbox, "", ["ann"]);
    // Non-characters, a bidi override, a zero-width space.
    let title = "x\u{fdd2}RED\u{fdd1} \u{202e}gnp\u{200b}";
    ann.must(&format!(
        "git gryt generation new v3.0.0 --change 'add:A:{title}'"
    ));
    for line in ["generation show v3.0.0", "notes v3.0.0", "status"] {
        for colour in ["never", "always"] {
            let ran = ann.sh(&format!("git gryt --color {colour} {line}"));
            assert!(
                !ran.out
                    .chars()
                    .any(|c| matches!(c, '\u{fdd2}' | '\u{202e}' | '\u{200b}')),
                "{line}: {ran:?}"
            );
            assert!(!ran.out.contains("\u{1b}[31mRED"), "{line}: {ran:?}");
        }
    }
}

#[test]
fn one_id_twice_is_refused() {
    let sandbox = Sandbox::new();
    let (_, [ann]) = team(&sandbox, "", ["ann"]);
    let twice = "--change add:AB-1:first --change fix:ab-1:second";
    ann.refused(7, &format!("git gryt generation new v2.0.0 {twice}"));
    ann.refused(7, &format!("git gryt generation edit v1.0.0 {twice}"));
    assert!(!ann.must("git gryt generation list").contains("v2.0.0"));
}

#[test]
fn what_landed_is_told_first_and_ends_well() {
    if needs_files() {
        return;
    }
    let sandbox = Sandbox::new();
    let (hosting, [ann]) = team(&sandbox, "", ["ann"]);
    proven(&ann, "v1.0.0", "A");
    ann.must("git gryt sync push-evolutions");
    let lock = ann.dir.join(".git/refs/gryt/evolutions/v1.0.0/A/rc.1.lock");
    std::fs::write(&lock, "").unwrap();
    let ran = ann.sh("git gryt promote v1.0.0");
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(ran.out.starts_with("Success: v1.0.0 promoted"), "{ran:#?}");
    assert!(ran.err.contains("git gryt sync pull"), "{ran:#?}");
    assert!(
        hosting
            .git("log --format=%s refs/gryt/ledger")
            .contains("Promote v1.0.0")
    );
    std::fs::remove_file(&lock).unwrap();
    ann.must("git gryt sync pull && git gryt verify");
    assert_eq!(ann.git("for-each-ref refs/gryt/evolutions"), "");
    // The same for a draft that leaves the cloud.
    ann.must("git gryt generation new v1.1.0 && git gryt sync push");
    let lock = ann.dir.join(".git/packed-refs.lock");
    std::fs::write(&lock, "").unwrap();
    let ran = ann.sh("git gryt generation delete v1.1.0");
    std::fs::remove_file(&lock).unwrap();
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(ran.err.contains("deleted in the cloud"), "{ran:#?}");
    ann.must("git gryt sync pull");
    assert!(!ann.must("git gryt generation list").contains("v1.1.0"));
}
