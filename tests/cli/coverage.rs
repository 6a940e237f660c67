//! What is new in a release and proven by nobody; whose recorded results count; from which branches one may be
//! released (docs/policy.md, "New commits", "Recorders").

use crate::sandbox::{Person, Sandbox};

const POLICY: &str = ".gryt/policy.yaml";

/// Ann, who released v1.0.0 with a commit that nobody proved: before the first release nothing is new.
fn begun(sandbox: &Sandbox) -> Person {
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    ann.write("Cargo.toml", "name = \"x\"\nversion = \"0.9.0\"\n");
    ann.works("base");
    ann.proves("v1.0.0", "A");
    ann.works("unseen");
    ann.git("push -q origin main");
    let promoted = ann.must("git gryt promote v1.0.0");
    assert!(!promoted.contains("warning"), "{promoted}");
    ann
}

/// What a dry run says of new commits that no proof covers.
fn told(who: &Person, version: &str) -> String {
    let dry = who.must(&format!("git gryt promote {version} --dry-run"));
    let lines = dry.lines().filter(|line| line.contains("no proof covers"));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn nothing_cries_wolf_and_what_slips_in_is_told() {
    let sandbox = Sandbox::new();
    let ann = begun(&sandbox);
    // A branch that is merged beside other work, squashed, or rebased, is what was proven.
    ann.must("git gryt generation new v1.1.0 --change add:A-1:a --change add:B-1:b --change add:C-1:c -q");
    for (branch, change) in [
        ("topic/a-1", "A-1"),
        ("topic/b-1", "B-1"),
        ("topic/c-1", "C-1"),
    ] {
        ann.git(&format!("checkout -q -b {branch} v1.0.0"));
        ann.works(&format!("{change}-one"));
        ann.works(&format!("{change}-two"));
        ann.must(&format!("git gryt run -q --start --change {change}"));
    }
    ann.git("checkout -q main");
    ann.git("merge -q --no-edit --no-ff topic/a-1");
    ann.git("merge -q --squash topic/b-1");
    ann.git("commit -q -m Squash");
    ann.git("checkout -q topic/c-1");
    ann.git("rebase -q main");
    ann.git("checkout -q main");
    ann.git("merge -q topic/c-1");
    // What a release itself changes.
    ann.write("CHANGELOG.md", "v1.1.0\n");
    ann.write("Cargo.toml", "name = \"x\"\nversion = \"1.1.0\"\n");
    ann.git("add .");
    ann.git("commit -q -m 'Release 1.1.0'");
    ann.git("push -q origin main topic/a-1 topic/b-1 topic/c-1");
    assert_eq!(told(&ann, "v1.1.0"), "");

    // A commit beside them, and a merge that adds something of its own.
    ann.write("slipped", "in\n");
    ann.git("add .");
    ann.git("commit -q -m 'Slip in' -m 'Gryt-Change: B-1'");
    ann.git("checkout -q -b topic/evil HEAD^");
    ann.write("CHANGELOG.md", "v1.1.0, too\n");
    ann.git("commit -q -a -m 'Say more'");
    ann.git("checkout -q main");
    ann.git("merge -q --no-ff --no-commit topic/evil");
    ann.write("evil", "merge\n");
    ann.git("add .");
    ann.git("commit -q -m 'Merge topic/evil'");
    ann.git("push -q origin main");
    let line =
        "2 new commits that no proof covers (-v lists them): git gryt run --uncovered v1.1.0";
    assert_eq!(told(&ann, "v1.1.0"), format!("  warning: {line}"));
    for command in ["status", "sync status v1.1.0"] {
        let said = ann.must(&format!("git gryt {command}"));
        assert!(said.contains(&format!("  {line}\n")), "{said}");
    }
    let listed = ann.sh("git gryt promote v1.1.0 --dry-run -v").err;
    let next = "git gryt run --start --change v1.1.0/B-1";
    let slip = format!("of ann <ann@example.com>: Slip in (for B-1?): {next}\n");
    assert!(listed.contains(&slip), "{listed}");
    let evil = "Merge topic/evil: git gryt generation edit v1.1.0 --change TYPE:ID:TITLE\n";
    assert!(listed.contains(evil), "{listed}");

    // Who promotes all the same seals that.
    let promoted = ann.must("git gryt promote v1.1.0");
    assert!(
        promoted.contains(&format!("  warning: {line}\n")),
        "{promoted}"
    );
    let entry = ann.must("git show refs/gryt/ledger:releases/1/1.1/v1.1.0.promotion.yaml");
    let slip = ann.git("rev-parse main^1");
    assert!(
        entry.contains("unproven:\n  count: 2\n  commits:\n"),
        "{entry}"
    );
    assert!(entry.contains(slip.trim()), "{entry}");
    ann.must("git gryt verify");

    // An old line's release is bounded by what was released before, and asks for its own commits.
    ann.git("checkout -q -b v1.0.x v1.0.0");
    ann.proves("v1.0.1", "FIX");
    ann.works("patch");
    ann.git("push -q origin v1.0.x");
    assert!(told(&ann, "v1.0.1").starts_with("  warning: 1 new commit that"));
    ann.must("git gryt run --uncovered v1.0.1");
    assert_eq!(told(&ann, "v1.0.1"), "");
    let again = ann.must("git gryt run --uncovered v1.0.1");
    assert!(again.contains("nothing to prove"), "{again}");
    ann.must("git gryt promote v1.0.1 && git gryt verify");
}

#[test]
fn a_policy_requires_that_all_is_proven_by_whom_it_says() {
    let sandbox = Sandbox::new();
    let ann = begun(&sandbox);
    ann.tracks(
        POLICY,
        "gates: {unproven_commits: require, release_commit_proven: require}\n\
         recorders: [ci@example.com]\nallowed_branches: [main, 'release/*']\n\
         products:\n  web: {paths: [web/]}\n  api: {paths: [api/]}\n",
    );
    ann.must("git gryt generation new v2.0.0 --change add:A:a -q");
    ann.must("git gryt evolution start v2.0.0 --change A -q");
    // Results that somebody else records count for nothing.
    ann.must("git gryt evolution record v2.0.0 --change A --status pass");
    let refusal = ann.refused(5, "git gryt promote v2.0.0");
    let stranger = "A passed, and that does not count: ann <ann@example.com> recorded it, but only results recorded by ci@example.com count (ann, rc.1): git gryt run --change A";
    assert!(refusal.contains(stranger), "{refusal}");
    let status = ann.must("git gryt sync status v2.0.0");
    assert!(status.contains("recorded by ci@example.com"), "{status}");
    let ci = ann
        .with("GIT_AUTHOR_EMAIL", "ci@example.com")
        .with("GIT_AUTHOR_NAME", "ci")
        .with("GIT_COMMITTER_EMAIL", "ci@example.com");
    ci.must("git gryt evolution start v2.0.0 --change A -q");
    ci.must("git gryt evolution record v2.0.0 --change A --status pass");
    ci.must("git gryt sync push -q && git gryt sync push-evolutions -q");
    ann.works("slipped");
    ann.git("push -q origin main");
    let refusal = ann.refused(5, "git gryt promote v2.0.0");
    let own_tree = "release_commit_proven: no proof ran on the release commit's own tree: git gryt \
                    run --uncovered v2.0.0";
    assert!(refusal.contains(own_tree), "{refusal}");
    assert!(
        refusal.contains("unproven_commits: 1 new commit that"),
        "{refusal}"
    );
    ann.must("git gryt run --uncovered v2.0.0 -q");
    // From a branch that is not allowed nothing is released.
    ann.git("checkout -q -b topic");
    ann.git("commit -q --allow-empty -m Nothing");
    ann.git("push -q origin topic");
    let refusal = ann.refused(5, "git gryt promote v2.0.0");
    let branch = "allowed_branches: the release commit has to be on main or release/* in the \
                  cloud, and it is on topic";
    assert!(refusal.contains(branch), "{refusal}");
    ann.git("push -q origin topic:release/2");
    let promoted = ann.must("git gryt promote v2.0.0");
    assert!(promoted.contains("v2.0.0 promoted"), "{promoted}");
    ann.must("git gryt verify");

    // A product's releases ask for what changes its files.
    ann.git("checkout -q main");
    ann.git("merge -q topic");
    ann.must("git gryt generation new web/v1.0.0 --change add:W:w -q");
    ann.must("git gryt run -q --start --change web/v1.0.0/W");
    ann.must("mkdir api web");
    ann.write("api/other", "work\n");
    ann.git("add .");
    ann.git("commit -q -m Other");
    ann.git("push -q origin main");
    let refusal = ann.refused(5, "git gryt promote web/v1.0.0");
    assert!(!refusal.contains("unproven_commits"), "{refusal}");
    ann.write("web/own", "work\n");
    ann.git("add .");
    ann.git("commit -q -m Own");
    ann.git("push -q origin main");
    let refusal = ann.refused(5, "git gryt promote web/v1.0.0");
    assert!(
        refusal.contains("unproven_commits: 1 new commit that"),
        "{refusal}"
    );
    ann.must("git gryt run -q --uncovered web/v1.0.0");
    ann.must("git gryt promote web/v1.0.0 && git gryt verify");
}
