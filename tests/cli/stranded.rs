//! What becomes of a team's work on a version that a forged entry took.

use crate::sandbox::Sandbox;

/// A draft that reached the cloud too late goes from there with the rename of whoever edited it, or later, where
/// the cloud did not answer: no other clone may let go of it.
#[test]
fn a_late_draft_leaves_the_cloud_although_no_answer_came() {
    for line in [
        "git gryt generation rename v1.0.0 v1.1.0",
        "git gryt generation delete v1.0.0",
    ] {
        let sandbox = Sandbox::new();
        let hosting = sandbox.nobody().at(sandbox.hosting());
        let [ann, bob] = sandbox.team(["ann", "bob"]);
        ann.proves("v1.0.0", "A");
        ann.must("git gryt sync push");
        bob.must("git gryt sync pull && git gryt generation edit v1.0.0 -d late");
        ann.must("git gryt promote v1.0.0");
        // As a push that left before the promotion, and arrived after it.
        bob.git("push -q origin refs/gryt/generations/v1.0.0");
        bob.must("git gryt sync pull");
        let silent =
            "#!/bin/sh\nwhile read old new ref; do case $new in 000*) kill -9 $PPID;; esac; done\n";
        hosting.write("hooks/pre-receive", silent);
        hosting.must("chmod +x hooks/pre-receive");
        let told = bob.sh(line);
        assert_eq!(told.code, 0, "{told:#?}");
        let what = "v1.0.0 is deleted here. The cloud did not answer and still has it";
        assert!(told.err.contains(what), "{told:#?}");
        assert_eq!(hosting.refs("refs/gryt/generations").len(), 1);
        hosting.must("rm hooks/pre-receive");
        bob.must("git gryt sync pull");
        assert_eq!(hosting.refs("refs/gryt/generations"), []);
        assert_eq!(bob.refs("refs/gryt-local/leaving"), []);
    }
}

/// What was declared too late for the release, and let go here alone, is nobody's in the cloud any more.
#[test]
fn a_late_draft_that_is_let_go_here_leaves_the_cloud() {
    let sandbox = Sandbox::new();
    let hosting = sandbox.nobody().at(sandbox.hosting());
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    ann.proves("v1.0.0", "A");
    bob.must("git gryt sync pull && git gryt generation new v1.0.0 --change add:OTHER:o");
    ann.must("git gryt promote v1.0.0");
    // As a push that left before the promotion, and arrived after it.
    bob.git("push -q origin refs/gryt/generations/v1.0.0");
    bob.refused(6, "git gryt sync pull");
    let told = bob.sh("git gryt generation delete v1.0.0 --local-only");
    assert_eq!(told.code, 0, "{told:#?}");
    assert!(
        told.err.contains("was promoted without this draft"),
        "{told:#?}"
    );
    assert_eq!(hosting.refs("refs/gryt/generations").len(), 1);
    bob.must("git gryt sync pull");
    assert_eq!(hosting.refs("refs/gryt/generations"), []);
    assert_eq!(bob.refs("refs/gryt-local/leaving"), []);
    ann.must("git gryt sync pull && git gryt verify");
    // It can still come back, under another name.
    let aside = bob.refs("refs/gryt-local/deleted/v1.0.0");
    assert!(
        aside.iter().any(|(name, _)| name.ends_with("/draft")),
        "{aside:?}"
    );
}

/// A late draft that went on under another name is cleared by whoever comes by, where its author could not.
#[test]
fn a_late_draft_that_went_on_is_cleared_by_anybody() {
    let sandbox = Sandbox::new();
    let hosting = sandbox.nobody().at(sandbox.hosting());
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    ann.proves("v1.0.0", "A");
    ann.must("git gryt sync push");
    bob.must("git gryt sync pull && git gryt generation edit v1.0.0 -d late");
    let late = bob.git("rev-parse refs/gryt/generations/v1.0.0");
    ann.must("git gryt promote v1.0.0");
    bob.must("git gryt sync pull && git gryt generation rename v1.0.0 v1.1.0");
    // As a push of it that left before the promotion, and arrived last of all.
    bob.git(&format!(
        "push -q origin {late}:refs/gryt/generations/v1.0.0"
    ));
    ann.must("git gryt sync pull && git gryt sync push");
    assert_eq!(
        hosting.refs("refs/gryt/generations").len(),
        1,
        "nothing else holds it"
    );
    bob.must("git gryt sync push");
    ann.must("git gryt generation new v2.0.0 --change add:X:x && git gryt sync push");
    let left: Vec<String> = hosting
        .refs("refs/gryt/generations")
        .into_iter()
        .map(|(name, _)| name.replace("refs/gryt/generations/", ""))
        .collect();
    assert_eq!(left, ["v1.1.0", "v2.0.0"]);
    bob.must("git gryt sync pull && git gryt verify");
}

#[test]
fn proofs_that_a_forged_seal_took_come_along_to_another_version() {
    if crate::sandbox::needs_unguarded() {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    ann.tracks(".gryt/policy.yaml", "promoters: [ann@example.com]\n");
    ann.proves("v1.0.0", "A");
    ann.must("git gryt promote v1.0.0");
    bob.must("git pull -q && git gryt sync pull");
    ann.must("git gryt generation new v2.0.0 --change add:B:b --change add:C:c");
    ann.must("git gryt evolution start v2.0.0 --change C && git gryt run");
    ann.must("git gryt sync push && git gryt sync push-evolutions");
    bob.must("git gryt sync pull && git gryt evolution start v2.0.0 --change B && git gryt run");
    bob.must("git gryt sync push-evolutions");
    // Mal, who can push and may not promote, makes an entry of all that, in another hosting, and in his name.
    sandbox
        .nobody()
        .must("git clone -q --mirror hosting.git mine.git");
    let mal = sandbox.clone_of("mal", "mine.git");
    mal.git("config user.name ann");
    mal.git("config user.email ann@example.com");
    mal.must("git gryt sync pull && git gryt promote v2.0.0");
    mal.must(
        "record=releases/2/2.0/v2.0.0.promotion.yaml && entry=$(git rev-parse refs/gryt/ledger) && \
         export GIT_INDEX_FILE=.git/other && git read-tree $entry && \
         blob=$(git cat-file blob $entry:$record | sed '/^promoter:/,/email:/s/ann/mal/' | git hash-object -w --stdin) && \
         git update-index --add --cacheinfo 100644,$blob,$record && \
         parents=$(git rev-list --parents -1 $entry | cut -d' ' -f2- | sed 's/[^ ]*/-p &/g') && \
         forged=$(git cat-file commit $entry | sed '1,/^$/d' | GIT_AUTHOR_NAME=mal \
         GIT_AUTHOR_EMAIL=mal@example.com git commit-tree $(git write-tree) $parents) && \
         git push -q ../hosting.git $forged:refs/gryt/ledger \
         $(git -C ../hosting.git for-each-ref --format=':%(refname)' refs/gryt/generations refs/gryt/evolutions)",
    );
    for clone in [&bob, &ann] {
        let told = clone.must("git gryt sync pull");
        assert!(told.contains("v2.0.0 is disputed"), "{told}");
        assert_eq!(clone.refs("refs/gryt/generations"), []);
    }
    ann.refused(3, "git gryt generation new v2.0.0");
    let renamed = ann.must("git gryt generation rename v2.0.0 v2.0.1");
    assert!(renamed.contains("with 1 of your evolutions"), "{renamed}");
    ann.refused(3, "git gryt generation rename v2.0.0 v2.0.1");
    ann.must("git gryt sync push && git gryt sync push-evolutions");
    // The other owner's come along with the next pull, once.
    let told = bob.sh("git gryt sync pull");
    assert!(
        told.err.contains("v2.0.0/B/rc.1 is v2.0.1/B/rc.1 now"),
        "{told:?}"
    );
    bob.must("git gryt sync push-evolutions");
    let told = bob.sh("git gryt sync pull");
    assert!(!told.err.contains("was renamed"), "{told:?}");
    ann.must("git gryt sync pull && git gryt promote v2.0.1");
    bob.must("git gryt sync pull");
    let verified = bob.must("git gryt verify");
    assert!(
        verified.contains("In the past: v2.0.0: gates: "),
        "{verified}"
    );
    // A release that holds is not renamed.
    ann.refused(3, "git gryt generation rename v2.0.1 v3.0.0");
}
