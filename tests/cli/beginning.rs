//! Where a project's ledger begins: once, by a person, and not beside one that was lost.

use crate::sandbox::Sandbox;

#[test]
fn ci_begins_no_ledger() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    let job = bob.with("CI", "true");
    job.must("git gryt generation new v1.0.0 --change add:A:a");
    job.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    for line in [
        "git gryt sync push",
        "git gryt sync push-evolutions",
        "git gryt promote v1.0.0",
        "git gryt promote v1.0.0 --dry-run",
    ] {
        let refusal = job.refused(2, line);
        assert!(refusal.contains("none is begun in CI"), "{line}: {refusal}");
        assert!(refusal.contains("git gryt init --new-ledger"), "{refusal}");
    }
    let begun = ann.must("git gryt init --new-ledger");
    assert!(begun.contains("The project's ledger begins at "), "{begun}");
    let refusal = ann.refused(3, "git gryt init --new-ledger");
    assert!(
        refusal.contains("The cloud already has a ledger"),
        "{refusal}"
    );
    job.must("git gryt promote v1.0.0");
    ann.must("git gryt sync pull && git gryt verify v1.0.0");
    assert_eq!(ann.refs("refs/gryt/ledger").len(), 1);
}

#[test]
fn no_ledger_is_begun_where_tags_name_entries_of_one_that_was_lost() {
    let sandbox = Sandbox::new();
    let hosting = sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    ann.proves("v1.0.0", "A");
    ann.must("git gryt promote v1.0.0");
    // The branch never came to name it.
    ann.at(hosting.clone())
        .git("update-ref -d refs/gryt/ledger");
    for (name, clone) in [("with", "clone -q"), ("without", "clone -q --no-tags")] {
        let nobody = sandbox.nobody();
        nobody.git(&format!("{clone} hosting.git {name}"));
        let fresh = nobody.at(sandbox.path().join(name));
        fresh.git("config user.name Cleo");
        fresh.git("config user.email cleo@example.com");
        fresh.must("git gryt generation new v2.0.0 --change add:B:b");
        fresh.must("git gryt evolution start v2.0.0 --change B && git gryt run");
        for line in ["git gryt sync push", "git gryt promote v2.0.0"] {
            let refusal = fresh.refused(9, line);
            assert!(
                refusal.contains("the tag v1.0.0 names an entry of one"),
                "{line}: {refusal}"
            );
            assert!(refusal.contains("--republish --dry-run"), "{refusal}");
        }
        assert_eq!(fresh.refs("refs/gryt-remotes/"), []);
    }
    // Somebody says that it is meant.
    let cleo = sandbox.nobody().at(sandbox.path().join("with"));
    cleo.must("git gryt init --new-ledger");
    cleo.must("git gryt promote v2.0.0 && git gryt verify");
    assert!(
        ann.at(hosting)
            .git("log --format=%s refs/gryt/ledger")
            .contains("Promote v2.0.0")
    );
}
