//! The three workflows of a team, as they are typed. What people see is in fixtures/golden/;
//! what git holds afterwards is asserted here.

use expect_test::expect_file;

use crate::sandbox::{Person, Sandbox, Transcript};

const CONTRACT: &str = "\
version: v2.0.0
description: \"Q1 Major Release\"
changes:
  # asked for by sales
  - type: add
    id: FEAT-101
    title: \"OAuth2 login\"
    assignee: developer-a
  - type: add
    id: FEAT-102
    title: \"Email notifications\"
    assignee: developer-b
  - type: fix
    id: BUG-50
    title: \"Session timeout\"   # with a comment
    assignee: developer-c
";

#[test]
fn a_single_developer_in_local_mode() {
    let sandbox = Sandbox::new();
    let nobody = sandbox.nobody();
    nobody.git("init -q -b main solo");
    let mut solo = nobody.at(sandbox.path().join("solo"));
    solo.name = "solo".into();
    solo.git("config user.name solo");
    solo.git("config user.email solo@example.com");
    let mut seen = Transcript::new(&sandbox);
    for line in [
        "git gryt init",
        "git add . && git commit -q -m Begin",
        "git gryt config execution_mode local",
        "git gryt generation new v1.0.0",
        "git gryt evolution start v1.0.0 --change FEAT-001",
        "git gryt generation edit v1.0.0 --change 'add:FEAT-001:User login'",
        "git gryt evolution start v1.0.0 --change FEAT-001",
        "git gryt promote v1.0.0",
        "git gryt run pipeline",
        "git gryt promote v1.0.0 --dry-run",
        "git gryt promote v1.0.0",
        "git gryt promote v1.0.0",
        "git gryt generation new v1.0.0",
        "git gryt generation new v1.0.1 -d 'Next'",
        "git gryt generation list",
        "git gryt generation show v1.0.0",
        "git gryt log",
        "git gryt sync pull",
    ] {
        seen.types(&solo, line);
    }
    expect_file!["../../fixtures/golden/single.txt"].assert_eq(&seen.text());

    let release = solo.git("rev-parse HEAD");
    let parents = solo.git("log -1 --format=%P refs/gryt/ledger");
    assert_eq!(parents.split(' ').nth(2), Some(release.as_str()));
    assert_eq!(solo.git("rev-parse v1.0.0^{commit}"), release);
    assert_eq!(solo.git("cat-file -t v1.0.0"), "tag");
    let mut tree: Vec<String> = solo
        .git("ls-tree -r --name-only refs/gryt/ledger")
        .lines()
        .map(String::from)
        .collect();
    tree.sort();
    assert_eq!(
        tree,
        [
            "releases/1/1.0/v1.0.0.generation.yaml",
            "releases/1/1.0/v1.0.0.promotion.yaml",
        ]
    );
    assert!(!solo.has(".gryt/generations/v1.0.0.yaml"));
    assert!(solo.has(".gryt/generations/v1.0.1.yaml"));
    let left: Vec<String> = solo
        .refs("refs/gryt/")
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(left, ["refs/gryt/generations/v1.0.1", "refs/gryt/ledger"]);
}

#[test]
fn two_developers_release_different_versions() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [lead, a, b] = sandbox.team(["lead", "dev-a", "dev-b"]);
    lead.proves("v0.9.0", "FEAT-000");
    lead.must("git gryt promote v0.9.0");
    lead.must("git add .gryt && git commit -q -m Ledger && git push -q origin main");
    lead.must("git gryt generation new v1.0.0 && git gryt sync push");

    let mut seen = Transcript::new(&sandbox);
    a.git("pull -q origin main");
    seen.types(&a, "git gryt config execution_mode hybrid");
    seen.types(&a, "git gryt generation new v1.1.0");
    // Before the pull: the block of the original, with a version that was not pulled.
    seen.types(&a, "git gryt sync status");
    seen.types(&a, "git gryt sync pull");
    seen.types(&a, "git gryt generation new v1.0.0");
    a.write(
        ".gryt/generations/v1.1.0.yaml",
        "version: v1.1.0\nchanges:\n  - type: add\n    id: FEAT-001\n    title: \"First\" # kept\n",
    );
    seen.types(&a, "git gryt generation list");
    seen.types(&a, "git gryt evolution start v1.1.0 --change FEAT-001");
    a.write("first.txt", "first\n");
    a.git("add .");
    a.git("commit -q -m First");
    seen.types(&a, "git gryt run pipeline");
    // The branch is not pushed yet: publishing code is the user's act.
    seen.types(&a, "git gryt promote v1.1.0");
    seen.types(&a, "git push -q origin main");
    seen.types(&a, "git gryt promote v1.1.0");

    b.git("pull -q origin main");
    seen.types(&b, "git gryt sync pull");
    seen.types(&b, "git gryt sync status");
    seen.types(&b, "git gryt generation new v1.1.0");
    seen.types(
        &b,
        "git gryt generation new v1.2.0 --change 'add:FEAT-002:Second'",
    );
    seen.types(&b, "git gryt sync push v1.2.0");
    seen.types(&b, "git gryt evolution start v1.2.0 --change FEAT-002");
    seen.types(&b, "git gryt run pipeline");
    seen.types(&b, "git gryt promote v1.2.0");
    seen.types(&a, "git gryt sync status");
    seen.types(&a, "git gryt sync pull");
    seen.types(&a, "git gryt log");
    expect_file!["../../fixtures/golden/two-developers.txt"].assert_eq(&seen.text());

    let sealed = a.git("show refs/gryt/ledger:releases/1/1.1/v1.1.0.generation.yaml");
    assert!(sealed.contains("title: \"First\" # kept"), "{sealed}");
    let versions = a.git("log --first-parent --reverse --format=%s refs/gryt/ledger");
    let expected = "Begin the ledger\nPromote v0.9.0\nPromote v1.1.0\nPromote v1.2.0";
    assert_eq!(versions, expected);
    let hosting = a.at(sandbox.path().join("hosting.git"));
    let live: Vec<String> = hosting
        .refs("refs/gryt")
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(live, ["refs/gryt/generations/v1.0.0", "refs/gryt/ledger"]);
    assert_eq!(hosting.git("tag"), "v0.9.0\nv1.1.0\nv1.2.0");
}

#[test]
fn conflicts_and_errors_read_as_the_original_has_them() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [a, b] = sandbox.team(["dev-a", "dev-b"]);
    let mut seen = Transcript::new(&sandbox);
    for (who, change) in [(&a, "FEAT-001"), (&b, "FEAT-002")] {
        seen.types(
            who,
            &format!(
                "git gryt generation new v1.0.0 --change 'add:{change}:By {}'",
                who.name
            ),
        );
        seen.types(
            who,
            &format!("git gryt evolution start v1.0.0 --change {change}"),
        );
        seen.types(who, "git gryt run pipeline");
    }
    seen.types(&a, "git gryt sync push");
    seen.types(&b, "git gryt sync pull");
    seen.types(&b, "git gryt sync status");
    seen.types(&b, "git gryt sync push");
    seen.types(&a, "git gryt promote v1.0.0");
    seen.types(&b, "git gryt promote v1.0.0");
    seen.types(&b, "git gryt generation rename v1.0.0 v1.0.1");
    seen.types(&b, "git gryt sync pull");
    seen.types(&b, "git gryt promote v1.0.1");
    seen.types(
        &b,
        "git gryt withdraw v1.0.0 --reason 'loses sessions' --use v1.0.1",
    );
    seen.types(&a, "git gryt sync pull");
    seen.types(&a, "git gryt notes v1.0.0");
    seen.types(&a, "git gryt where FEAT-001");
    seen.types(&a, "git gryt log");
    expect_file!["../../fixtures/golden/conflict.txt"].assert_eq(&seen.text());
}

#[test]
fn a_coordinated_release() {
    let sandbox = Sandbox::new();
    let seen = coordinated(&sandbox);
    expect_file!["../../fixtures/golden/coordinated.txt"].assert_eq(&seen);
}

#[test]
fn a_coordinated_release_under_another_locale() {
    let sandbox = Sandbox::in_locale("de_DE.UTF-8");
    let seen = coordinated(&sandbox);
    expect_file!["../../fixtures/golden/coordinated.txt"].assert_eq(&seen);
}

#[test]
fn a_coordinated_release_with_reftables() {
    let Some(sandbox) = Sandbox::reftable() else {
        eprintln!("skipped: this git makes no reftable repositories (2.45 and later do)");
        return;
    };
    let seen = coordinated(&sandbox);
    expect_file!["../../fixtures/golden/coordinated.txt"].assert_eq(&seen);
    let there = sandbox.path().join("dev-a/.git/reftable");
    assert!(there.is_dir(), "the clones are to be reftable repositories");
}

/// A lead and three developers release v2.0.0 together; returns what they saw.
fn coordinated(sandbox: &Sandbox) -> String {
    sandbox.hosting();
    let [lead, a, b, c] = sandbox.team(["lead", "dev-a", "dev-b", "dev-c"]);
    let mut seen = Transcript::new(sandbox);
    seen.types(&lead, "git gryt generation new v2.0.0");
    lead.write(".gryt/generations/v2.0.0.yaml", CONTRACT);
    seen.types(&lead, "git gryt sync push");
    lead.must("git add .gryt && git commit -q -m Ledger && git push -q origin main");

    let work = [(&a, "FEAT-101"), (&b, "FEAT-102"), (&c, "BUG-50")];
    for (who, change) in work {
        who.git("pull -q origin main");
        seen.types(who, "git gryt sync pull");
        assert_eq!(who.read(".gryt/generations/v2.0.0.yaml"), CONTRACT);
        seen.types(
            who,
            &format!("git gryt evolution start v2.0.0 --change {change}"),
        );
        who.works(change);
        seen.types(who, "git gryt run pipeline");
        if who.name == "dev-a" {
            seen.types(&lead, "git gryt sync status v2.0.0");
            seen.types(&lead, "git gryt promote v2.0.0");
        }
        seen.types(who, "git gryt sync push-evolutions v2.0.0");
    }
    let proven: Vec<String> = work
        .iter()
        .map(|(who, _)| who.git("rev-parse HEAD"))
        .collect();
    lead.git("pull -q origin main");
    let draft = lead.git("rev-parse refs/gryt/generations/v2.0.0");
    let refs = lead
        .at(sandbox.path().join("hosting.git"))
        .refs("refs/gryt/evolutions");
    seen.types(&lead, "git gryt sync status v2.0.0");
    seen.types(&lead, "git gryt evolution list v2.0.0");
    seen.types(&lead, "git gryt promote v2.0.0");
    for (who, _) in work {
        seen.types(who, "git gryt sync pull");
        seen.types(who, "git gryt sync status");
    }
    seen.types(&a, "git gryt sync status v2.0.0");
    seen.types(&a, "git gryt generation show v2.0.0");

    holds(&lead, &draft, &refs, &proven);
    let ledger = lead.git("rev-parse refs/gryt/ledger");
    for (who, _) in work {
        assert_eq!(who.git("rev-parse refs/gryt/ledger"), ledger);
        assert!(!who.has(".gryt/generations/v2.0.0.yaml"));
        assert_eq!(who.refs("refs/gryt/").len(), 1);
    }
    let hosting = lead.at(sandbox.path().join("hosting.git"));
    assert_eq!(
        hosting.refs("refs/gryt"),
        [("refs/gryt/ledger".to_owned(), ledger)]
    );
    assert_eq!(hosting.git("tag"), "v2.0.0");
    seen.text()
}

/// The entry of v2.0.0, by plain git.
fn holds(lead: &Person, draft: &str, evolutions: &[(String, String)], proven: &[String]) {
    let parents = lead.git("log -1 --format=%P refs/gryt/ledger");
    let parents: Vec<&str> = parents.split(' ').collect();
    let genesis = lead.git("rev-list --max-parents=0 --first-parent refs/gryt/ledger");
    assert_eq!(parents[0], genesis);
    assert_eq!(parents[1], draft);
    assert_eq!(parents[2], lead.git("rev-parse HEAD"));
    let tips: Vec<&str> = evolutions.iter().map(|(_, oid)| oid.as_str()).collect();
    assert_eq!(&parents[3..], tips.as_slice());
    for (name, tip) in evolutions {
        let commit = lead.git(&format!("rev-parse {tip}^2"));
        assert!(proven.contains(&commit), "{name} proves {commit}");
        lead.git(&format!("merge-base --is-ancestor {commit} HEAD"));
    }
    let sealed = lead.must("git show refs/gryt/ledger:releases/2/2.0/v2.0.0.generation.yaml");
    assert_eq!(sealed, CONTRACT);
    let trailers = lead.git("log -1 --format='%(trailers:key=Gryt-Version,valueonly)%(trailers:key=Gryt-Base,valueonly)' refs/gryt/ledger");
    let trailers: Vec<&str> = trailers.split_whitespace().collect();
    assert_eq!(trailers, ["v2.0.0", genesis.as_str()]);
    assert_eq!(lead.git("rev-parse v2.0.0^{commit}"), parents[2]);
}
