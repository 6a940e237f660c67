//! What counts as a proof: evidence from elsewhere, proofs that went stale, commits that went away.

use std::fs;

use crate::sandbox::{Person, Sandbox};

fn ready(sandbox: &Sandbox) -> [Person; 2] {
    sandbox.hosting();
    let team = sandbox.team(["ann", "bob"]);
    team[0].must("git gryt generation new v1.0.0 --change add:A:a && git gryt sync push");
    team[1].must("git gryt sync pull");
    team
}

fn proof(who: &Person, name: &str) -> String {
    who.must(&format!("git show refs/gryt/evolutions/{name}:proof.yaml"))
}

#[test]
fn a_ci_engines_result_is_recorded_with_its_reports() {
    let sandbox = Sandbox::new();
    let [ann, bob] = ready(&sandbox);
    ann.works("feature");
    let commit = ann.git("rev-parse HEAD");
    ann.git("checkout -q HEAD~1");
    ann.write("one.xml", "<testsuites><testsuite name=\"a\" time=\"1.5\"><testcase name=\"x\"/><testcase name=\"y\"><skipped/></testcase></testsuite></testsuites>");
    ann.write(
        "two.xml",
        "<testsuite name=\"b\"><testcase name=\"z\" time=\"0.5\"/></testsuite>",
    );
    ann.write("report.txt", "all well\n");
    let ci = ann
        .with("GITHUB_ACTIONS", "true")
        .with("GITHUB_SERVER_URL", "https://github.com")
        .with("GITHUB_REPOSITORY", "team/app")
        .with("GITHUB_RUN_ID", "42")
        .with("GITHUB_ACTOR", "octo")
        .with("GITHUB_SHA", &commit);
    let said = ci.must("git gryt evolution record v1.0.0 --change a --junit one.xml --junit two.xml --attach report.txt");
    for line in [
        "Recorded: v1.0.0/A/rc.1 passed",
        "started for it",
        "3 tests, 0 failures, 0 errors, 1 skipped, 2000 ms",
        "GitHub Actions, started by octo",
        "https://github.com/team/app/actions/runs/42",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    let tip = "refs/gryt/evolutions/v1.0.0/A/rc.1";
    assert_eq!(ann.git(&format!("rev-parse {tip}^2")), commit);
    assert_eq!(
        ann.must(&format!("git show {tip}:attachments/report.txt")),
        "all well\n"
    );
    assert!(
        ann.must("git gryt evolution show v1.0.0/A/rc.1")
            .contains("Recorded from elsewhere")
    );

    // A second result goes onto the same evolution, and the first stays below it.
    ann.must("git gryt evolution record v1.0.0 --change A --status fail --commit main --url https://ci.example.com/7");
    assert_eq!(ann.refs("refs/gryt/evolutions").len(), 1);
    assert!(proof(&ann, "v1.0.0/A/rc.1").contains("url: https://ci.example.com/7"));
    assert_eq!(
        ann.git(&format!("log --first-parent --format=%s {tip}"))
            .lines()
            .count(),
        3
    );
    ann.refused(5, "git gryt promote v1.0.0 --commit main");
    ann.must("git gryt evolution record v1.0.0 --change A --status pass --commit main");
    ann.must("git gryt sync push-evolutions && git gryt promote v1.0.0 --commit main");

    // Somebody else's record never goes onto mine.
    bob.must("git gryt sync pull");
    bob.refused(
        3,
        "git gryt evolution record v1.0.0 --change A --status pass",
    );
}

#[test]
fn a_recorded_step_satisfies_the_gate_that_asks_for_it() {
    let sandbox = Sandbox::new();
    let [ann, _] = ready(&sandbox);
    ann.tracks(
        ".gryt/policy.yaml",
        "gates: {required_steps: [{types: [add], steps: [e2e]}]}\n",
    );
    ann.must("git gryt evolution record v1.0.0 --change A --status pass");
    ann.refused(5, "git gryt promote v1.0.0 --dry-run");
    ann.must("git gryt evolution record v1.0.0 --change A --status pass --step e2e");
    ann.must("git gryt promote v1.0.0");
    let sealed = ann.git("show refs/gryt/ledger:releases/1/1.0/v1.0.0.promotion.yaml");
    assert!(sealed.contains("required_steps"), "{sealed}");
}

#[test]
fn evidence_that_is_none_is_refused() {
    let sandbox = Sandbox::new();
    let [ann, _] = ready(&sandbox);
    ann.write(
        "bad.xml",
        "<testsuite><testcase name=\"x\"><failure/></testcase></testsuite>",
    );
    ann.write("none.xml", "<testsuites/>");
    ann.write("page.html", "<html></html>");
    ann.must("head -c 1048577 /dev/zero > big.bin && mkdir -p sub && touch sub/bad.xml 'a b'");
    let record = "git gryt evolution record v1.0.0 --change A";
    for (code, rest, says) in [
        (2, "", "--status"),
        (
            7,
            "--status pass --junit bad.xml",
            "cannot be recorded as a pass",
        ),
        (7, "--junit none.xml", "no test of it ran"),
        (7, "--junit page.html", "not a JUnit report"),
        (7, "--junit missing.xml", "missing.xml"),
        (7, "--status pass --attach big.bin", "larger than 1 MB"),
        (7, "--status pass --attach sub", "not a file"),
        (7, "--status pass --attach 'a b'", "letters, digits"),
        (
            7,
            "--status pass --attach bad.xml --attach sub/bad.xml",
            "another file",
        ),
        (7, "--status pass --commit nope", "nope is not a commit"),
        (7, "--status pass --step ../x", "not a name"),
    ] {
        let refusal = ann.refused(code, &format!("{record} {rest}"));
        assert!(refusal.contains(says), "{rest}: {refusal}");
    }
    ann.refused(
        7,
        "git gryt evolution record v1.0.0 --change B --status pass",
    );
    assert!(ann.refs("refs/gryt/evolutions").is_empty());
    ann.must(&format!("{record} --junit bad.xml"));
    assert!(proof(&ann, "v1.0.0/A/rc.1").contains("status: fail"));
}

#[test]
fn what_was_given_up_stays_to_be_seen_with_its_reason() {
    let sandbox = Sandbox::new();
    let [ann, bob] = ready(&sandbox);
    ann.must("git gryt evolution start v1.0.0 --change A");
    // Nothing was proven: it simply goes away.
    assert_eq!(
        ann.must("git gryt evolution abandon v1.0.0/A/rc.1"),
        "Abandoned v1.0.0/A/rc.1\n"
    );
    assert!(ann.refs("refs/gryt/evolutions").is_empty());
    ann.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    ann.refused(2, "git gryt evolution abandon v1.0.0/A/rc.1");
    ann.must("git gryt evolution abandon v1.0.0/A/rc.1 --reason 'Wrong approach'");
    ann.refused(7, "git gryt evolution abandon v1.0.0/A/rc.1 --reason again");
    ann.must("git gryt sync push-evolutions");
    bob.must("git gryt sync pull");
    let shown = bob.must("git gryt evolution show v1.0.0/A/rc.1");
    assert!(
        shown.contains("(abandoned)") && shown.contains("Abandoned: Wrong approach"),
        "{shown}"
    );
    let refusal = ann.refused(5, "git gryt promote v1.0.0");
    assert!(
        refusal.contains("A was abandoned (ann, rc.1): git gryt evolution start"),
        "{refusal}"
    );
    // It is over: neither a run nor a record goes onto it.
    ann.refused(7, "git gryt run --change A");
    assert!(
        ann.must("git gryt evolution record v1.0.0 --change A --status pass")
            .contains("rc.2")
    );
}

/// What the release commit holds of what was proven.
#[test]
fn a_proof_covers_the_release_through_squash_and_rebase_and_not_otherwise() {
    let sandbox = Sandbox::new();
    let [ann, _] = ready(&sandbox);
    ann.git("checkout -q -b topic");
    for n in 1..=2 {
        ann.write("app.txt", &format!("app\nline {n}\n"));
        ann.git(&format!("commit -q -a -m {n}"));
    }
    ann.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    ann.git("checkout -q main");
    let dry = "git gryt promote v1.0.0 --dry-run --with-commits";
    let elsewhere = ann.refused(5, dry);
    let says = "A is proven on topic, which is not merged into the release (ann, rc.1)";
    assert!(elsewhere.contains(says), "{elsewhere}");
    for line in [
        "generation show v1.0.0",
        "sync status v1.0.0 --offline",
        "evolution show v1.0.0/A/rc.1",
    ] {
        let seen = ann.must(&format!("git gryt {line}"));
        assert!(seen.contains("HEAD does not hold"), "{line}: {seen}");
    }
    assert!(
        ann.must("git gryt evolution list v1.0.0")
            .contains("elsewhere")
    );
    ann.tracks(".gryt/policy.yaml", "gates: {proof_covers_release: warn}\n");
    let warned = ann.must(dry);
    assert!(warned.contains(&format!("warning: {says}")), "{warned}");
    ann.tracks(
        ".gryt/policy.yaml",
        "gates: {proof_covers_release: require}\n",
    );
    ann.refused(5, dry);

    // Squashed on top of something else: neither commit nor tree is there, its patch is.
    ann.must(
        "git checkout -q -b squashed && git merge -q --squash topic && git commit -q -m Squashed",
    );
    assert!(ann.must(dry).contains("proof_covers_release passed"));
    assert!(
        ann.must("git gryt evolution show v1.0.0/A/rc.1")
            .contains("under other commits")
    );
    // Rebased: each of its patches is there.
    ann.must("git checkout -q -b rebased topic && git rebase -q main && echo more > more && git add more && git commit -q -m More");
    assert!(ann.must(dry).contains("proof_covers_release passed"));
    // Half of it is not all of it.
    ann.must("git checkout -q -b half main && git cherry-pick topic~1");
    ann.refused(5, dry);
    // The very tree, under an unrelated message.
    ann.must("git checkout -q topic && git commit -q --amend -m Amended");
    ann.tracks(".gryt/other.yaml", "");
    ann.must("git checkout -q -b same $(git commit-tree topic@{1}^{tree} -p topic~2 -m Same)");
    assert!(
        ann.must("git gryt evolution show v1.0.0/A/rc.1")
            .contains("very tree")
    );
}

/// The ids of the patches in a proof, made again with plain git from what docs/format.md says of them.
#[test]
fn the_id_of_a_patch_is_what_the_format_says() {
    let sandbox = Sandbox::new();
    let [ann, _] = ready(&sandbox);
    ann.must("echo old > last && echo same > moved-from && git add . && git commit -q -m Begin");
    ann.git("checkout -q -b topic");
    ann.write("app.txt", "app\nline\n");
    fs::write(ann.dir.join("picture"), [0, 1, 2, 0]).unwrap();
    // Without an end of the last line: on the new side, and a file that was moved.
    ann.must("printf 'new' > last && git mv moved-from moved-to");
    ann.must("git add app.txt picture last && git commit -q -m Both");
    ann.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    let picture = ann.git("rev-parse HEAD:picture");
    let none = "0".repeat(picture.len());
    let head = |path: &str, was: &str| format!("{path}\0{was}\0{path}\0100644\0");
    let diff = ann.git("diff HEAD~1 HEAD -- app.txt");
    let hunk = diff.split_once("@@\n").unwrap().1;
    let gone = ["moved-from", "100644", "moved-from", "0", ""].join("\0");
    let text = format!(
        "{}{hunk}\n{}-old\n+new<\n\\ No newline at end of file\n{gone}-same\n{}+same\n{}{none} {picture}\0",
        head("app.txt", "100644"),
        head("last", "100644"),
        head("moved-to", "0"),
        head("picture", "0")
    );
    fs::write(ann.dir.join("text"), text).unwrap();
    let paths = "app.txt\0last\0moved-from\0moved-to\0picture\0";
    fs::write(ann.dir.join("paths"), paths).unwrap();
    let [id, paths] = ["text", "paths"].map(|file| ann.git(&format!("hash-object {file}")));
    let proof = proof(&ann, "v1.0.0/A/rc.1");
    let (_, patches) = proof.split_once("patches:").expect(&proof);
    let (_, each) = patches.split_once("each:").expect(&proof);
    assert!(each.contains(&format!("id: {id}")), "{id}: {proof}");
    assert!(
        each.contains(&format!("paths: {paths}")),
        "{paths}: {proof}"
    );
}

#[test]
fn binary_files_are_told_apart_although_their_patches_look_alike() {
    let sandbox = Sandbox::new();
    let [ann, _] = ready(&sandbox);
    ann.git("checkout -q -b topic");
    ann.must("printf 'a\\0b' > logo.png && git add . && git commit -q -m Logo");
    ann.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    ann.must(
        "git checkout -q main && printf 'x\\0y' > logo.png && git add . && git commit -q -m Logo",
    );
    let shown = ann.must("git gryt evolution show v1.0.0/A/rc.1");
    assert!(shown.contains("HEAD does not hold"), "{shown}");
    ann.must("git reset -q --hard HEAD~1 && echo x > y && git add y && git commit -q -m y && git cherry-pick topic");
    let shown = ann.must("git gryt evolution show v1.0.0/A/rc.1");
    assert!(shown.contains("under other commits"), "{shown}");
}

#[test]
fn a_proven_commit_that_was_amended_away_is_kept_by_its_proof() {
    let sandbox = Sandbox::new();
    let [ann, bob] = ready(&sandbox);
    let hosting = ann.at(sandbox.path().join("hosting.git"));
    ann.tracks(".gryt/policy.yaml", "gates: {proof_covers_release: warn}\n");
    ann.git("checkout -q -b topic");
    ann.write("app.txt", "first try\n");
    ann.git("commit -q -a -m First");
    let proven = ann.git("rev-parse HEAD");
    ann.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    ann.write("app.txt", "second try\n");
    ann.git("commit -q -a --amend -m Second");
    ann.git("push -q origin topic");
    ann.must("git gryt sync push-evolutions --with-commits");
    let collect = "git reflog expire --expire=now --all && git gc -q --prune=now";
    let everywhere = [&ann, &hosting, &bob];
    bob.must("git gryt sync pull");
    for who in everywhere {
        who.must(collect);
        assert_eq!(who.git(&format!("cat-file -t {proven}")), "commit");
        who.git(&format!(
            "merge-base --is-ancestor {proven} refs/gryt/evolutions/v1.0.0/A/rc.1"
        ));
    }
    ann.must("git gryt promote v1.0.0");
    ann.git("push -q origin --delete topic");
    ann.git("checkout -q main && git branch -q -D topic");
    bob.must("git gryt sync pull");
    for who in everywhere {
        who.must(collect);
        assert!(who.refs("refs/gryt/evolutions").is_empty());
        assert_eq!(
            who.must(&format!("git show {proven}:app.txt")),
            "first try\n"
        );
        who.git(&format!(
            "merge-base --is-ancestor {proven} refs/gryt/ledger"
        ));
    }
}

#[test]
fn neither_white_space_nor_a_merges_own_edit_is_taken_for_what_was_proven() {
    let sandbox = Sandbox::new();
    let [ann, _] = ready(&sandbox);
    ann.tracks("p.py", "if x:\n    y()\nz()\n");
    ann.git("checkout -q -b topic");
    ann.write("p.py", "if x:\n    y()\n    w()\nz()\n");
    ann.git("commit -q -a -m Indented");
    ann.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    ann.git("checkout -q main");
    ann.write("p.py", "if x:\n    y()\nw()\nz()\n");
    ann.git("commit -q -a -m Dedented");
    let show = "git gryt evolution show v1.0.0/A/rc.1";
    assert!(ann.must(show).contains("HEAD does not hold"));

    ann.must("git reset -q --hard HEAD~1 && git checkout -q -b one && echo 1 > one && git add . && git commit -q -m one");
    ann.must("git checkout -q -b two main && echo 2 > two && git add . && git commit -q -m two");
    ann.must("git checkout -q one && git merge -q --no-commit two; echo evil > evil && git add . && git commit -q -m Merge");
    ann.must("git gryt run");
    ann.must("git checkout -q main && echo z > z && git add . && git commit -q -m z && git cherry-pick two one~1");
    assert!(ann.must(show).contains("HEAD does not hold"));
}

#[test]
fn a_run_that_proves_nothing_takes_nothing_back() {
    let sandbox = Sandbox::new();
    let [ann, _] = ready(&sandbox);
    ann.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    ann.write("app.txt", "edited\n");
    ann.must("git gryt run --allow-dirty");
    ann.git("checkout -q app.txt");
    ann.must("git gryt promote v1.0.0 --dry-run");
    let proofs = ann.git(
        "log '--format=%(trailers:key=Gryt-Status,valueonly)' refs/gryt/evolutions/v1.0.0/A/rc.1",
    );
    assert_eq!(proofs.split_whitespace().next(), Some("void"), "{proofs}");
    ann.must("git gryt evolution record v1.0.0 --change A --status fail");
    ann.write("app.txt", "edited\n");
    ann.must("git gryt run --allow-dirty");
    ann.git("checkout -q app.txt");
    ann.refused(5, "git gryt promote v1.0.0 --dry-run");
}
