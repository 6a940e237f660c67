//! Leaving local mode: what a clone promoted by itself comes to the cloud, is never renumbered in
//! silence, and is not lost when the way there is cut.

use std::fs;

use crate::sandbox::{Person, Sandbox, needs_files};

/// Ann, who promoted `versions` in local mode and has just left it; and Bob.
fn left(sandbox: &Sandbox, versions: &[&str]) -> [Person; 2] {
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    ann.must("git gryt config execution_mode local");
    for version in versions {
        let change = version.replace('.', "-");
        ann.proves(version, &change);
        ann.must(&format!("git gryt promote {version}"));
    }
    ann.must("git gryt config execution_mode hybrid");
    [ann, bob]
}

fn promotes(who: &Person, version: &str) {
    who.proves(version, "BOB-1");
    who.must(&format!("git gryt sync push && git gryt promote {version}"));
}

fn subjects(who: &Person) -> String {
    who.git("log --first-parent --format=%s refs/gryt/ledger")
}

#[test]
fn what_is_free_is_appended_with_its_original_as_a_parent() {
    let sandbox = Sandbox::new();
    let [ann, bob] = left(&sandbox, &["v0.1.0", "v0.2.0"]);
    ann.must("GRYT_EXECUTION_MODE=local git-gryt withdraw v0.1.0 --reason 'It never worked'");
    promotes(&bob, "v1.0.0");
    let hosting = ann.at(sandbox.path().join("hosting.git"));
    let (before, there) = (ann.refs("refs/gryt"), hosting.refs("refs/gryt"));
    let original = ann.git("rev-list --first-parent --grep='Promote v0.2.0' refs/gryt/ledger");

    let told = ann.refused(6, "git gryt sync pull");
    assert!(told.contains("git gryt sync push --dry-run"), "{told}");
    let told = ann.must("git gryt sync push --dry-run 2>&1");
    assert!(
        told.contains("v0.1.0 goes into the cloud's ledger"),
        "{told}"
    );
    assert_eq!(ann.refs("refs/gryt"), before, "a dry run changes nothing");
    assert_eq!(hosting.refs("refs/gryt"), there);

    ann.must("git gryt sync push");
    assert_eq!(
        subjects(&hosting),
        "Withdraw v0.1.0: It never worked\nPromote v0.2.0\nPromote v0.1.0\nPromote v1.0.0\n\
         Begin the ledger"
    );
    assert_eq!(subjects(&ann), subjects(&hosting));
    let parents = hosting.git("log -1 --format=%P refs/gryt/ledger~1");
    assert!(parents.ends_with(&original), "{parents}: {original}");
    assert_eq!(hosting.git("tag"), "v0.1.0\nv0.2.0\nv1.0.0");
    assert_eq!(ann.refs("refs/gryt-local/promoting").len(), 0);
    // Ann wrote it then; that she repeated it changes neither author nor moment.
    let authors = "log -1 --format='%an %aI' --grep='Promote v0.2.0'";
    let of = |tip: &str| ann.git(&format!("{authors} {tip}"));
    assert_eq!(of("refs/gryt/ledger"), of(&original));
    for who in [&ann, &bob] {
        who.must("git gryt sync pull && git gryt verify && git gryt cache verify");
        let log = who.must("git gryt log");
        assert!(log.contains("v0.1.0  withdrawn"), "{log}");
        who.git("fsck --strict --no-dangling");
    }
    // From here on it is a clone like any other.
    promotes(&ann, "v1.1.0");
}

#[test]
fn a_cloud_without_a_ledger_takes_the_clones_own() {
    let sandbox = Sandbox::new();
    let [ann, bob] = left(&sandbox, &["v0.1.0"]);
    let own = ann.git("rev-parse refs/gryt/ledger");
    ann.must("git gryt sync push");
    let hosting = ann.at(sandbox.path().join("hosting.git"));
    assert_eq!(hosting.git("rev-parse refs/gryt/ledger"), own);
    assert_eq!(hosting.git("tag"), "v0.1.0");
    bob.must("git gryt sync pull");
    promotes(&bob, "v0.2.0");
    ann.must("git gryt sync pull && git gryt verify");
}

#[test]
fn a_version_that_somebody_has_is_renamed_by_a_person_or_stays() {
    let sandbox = Sandbox::new();
    let [ann, bob] = left(&sandbox, &["v1.0.0", "v1.1.0"]);
    promotes(&bob, "v1.0.0");
    let hosting = ann.at(sandbox.path().join("hosting.git"));
    let (before, there) = (ann.refs("refs"), hosting.refs("refs"));
    let old = ann.git("rev-parse refs/gryt/ledger");
    let told = ann.refused(6, "git gryt sync push");
    assert!(
        told.contains("v1.0.0: bob <bob@example.com> promoted it"),
        "{told}"
    );
    assert_eq!(hosting.refs("refs"), there);
    let unseen = |refs: Vec<(String, String)>| -> Vec<(String, String)> {
        let here = |(name, _): &(String, String)| !name.starts_with("refs/gryt-remotes/");
        refs.into_iter().filter(here).collect()
    };
    assert_eq!(unseen(ann.refs("refs")), unseen(before));
    for (wish, code) in [
        ("v1.0.0=v1.1.0", 3),
        ("v1.0.0=v1.0.0", 3),
        ("v3.0.0=v3.0.1", 2),
        ("v1.0.0", 2),
    ] {
        ann.refused(code, &format!("git gryt sync push --rename {wish}"));
    }
    let next = "Next: git gryt sync push --rename v1.0.0=v1.0.1";
    assert!(told.lines().any(|line| line == next), "{told}");
    ann.must("git gryt sync push --rename v1.0.0=v1.0.1");
    assert_eq!(
        subjects(&hosting),
        "Promote v1.1.0\nPromote v1.0.0\nBegin the ledger"
    );
    // The release that lost is a draft, proof and all; its tag is Bob's release now.
    let status = ann.must("git gryt generation show v1.0.1");
    assert!(status.contains("proven"), "{status}");
    assert_eq!(ann.git("tag"), "v1.1.0");
    assert_eq!(
        ann.git(&format!("rev-parse refs/gryt-local/replaced/{old}")),
        old
    );
    ann.must("git gryt sync push && git gryt sync push-evolutions && git gryt promote v1.0.1");
    bob.must("git gryt sync pull && git gryt verify");
    let log = bob.must("git gryt log");
    assert!(log.contains("v1.0.1  promoted"), "{log}");
    ann.refused(2, "git gryt sync push --rename v1.0.0=v1.0.9");
}

#[test]
fn cut_short_after_the_push_it_is_finished_by_the_next() {
    if needs_files() {
        return;
    }
    let sandbox = Sandbox::new();
    let [ann, bob] = left(&sandbox, &["v0.1.0"]);
    promotes(&bob, "v1.0.0");
    let hosting = ann.at(sandbox.path().join("hosting.git"));
    let lock = ann.dir.join(".git/refs/gryt/ledger.lock");
    fs::write(&lock, "").unwrap();
    ann.refused(1, "git gryt sync push");
    let there = subjects(&hosting);
    assert!(there.starts_with("Promote v0.1.0\n"), "{there}");
    assert_eq!(subjects(&ann), "Promote v0.1.0\nBegin the ledger");
    fs::remove_file(&lock).unwrap();
    let told = ann.must("git gryt sync push 2>&1");
    assert!(told.contains("v0.1.0 is there already"), "{told}");
    assert_eq!(subjects(&hosting), there, "once is enough");
    assert_eq!(subjects(&ann), there);
    assert_eq!(hosting.git("tag"), "v0.1.0\nv1.0.0");
}

#[test]
fn code_is_published_by_its_own_push_only() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    promotes(&bob, "v1.0.0");
    ann.must("git gryt config execution_mode local");
    ann.write("private.txt", "not for everybody yet\n");
    ann.must("git add . && git commit -q -m Private");
    ann.proves("v0.1.0", "A");
    ann.must("git gryt promote v0.1.0 && git gryt config execution_mode hybrid");
    let told = ann.refused(4, "git gryt sync push");
    assert!(told.contains("1 commit that no branch"), "{told}");
    ann.must("git push -q origin HEAD:main && git gryt sync push");
}
