//! More than one remote: contributors' forks, a cloud that moves, mirrors, other projects.

use crate::sandbox::{Person, Sandbox};

/// Ann, who may push to the cloud, and Carl, who may only push to his fork; v1.0.0 wants A and B.
fn contributed(sandbox: &Sandbox) -> [Person; 2] {
    sandbox.hosting();
    let [ann, carl] = sandbox.team(["ann", "carl"]);
    ann.must("git gryt generation new v1.0.0 --change add:A:a --change add:B:b");
    ann.must("git gryt sync push");
    ann.must("git clone -q --mirror ../hosting.git ../fork.git");
    ann.git("remote add team/carl ../fork.git");
    carl.must("git gryt sync pull");
    carl.git("remote set-url origin ../fork.git");
    [ann, carl]
}

#[test]
fn a_contributors_proof_comes_through_a_fork_and_is_promoted_as_theirs() {
    let sandbox = Sandbox::new();
    let [ann, carl] = contributed(&sandbox);
    carl.works("feature.txt");
    carl.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    carl.must("git gryt sync push-evolutions");
    let told = ann.must("git gryt sync pull --from team/carl");
    assert!(told.contains("New evolutions: 1"), "{told}");
    let list = ann.must("git gryt evolution list v1.0.0");
    assert!(list.contains("carl"), "{list}");
    // His code is published by a merge, as any code is.
    let refused = ann.refused(4, "git gryt sync push-evolutions");
    assert!(
        refused.contains("which no branch of the cloud has"),
        "{refused}"
    );
    ann.must("git fetch -q team/carl && git merge -q team/carl/main && git push -q origin main");
    let told = ann.must("git gryt sync push-evolutions");
    assert!(told.contains("Created: 1"), "{told}");
    // A later proof moves it on; what is there already is left alone.
    carl.must("git gryt run && git gryt sync push-evolutions");
    let told = ann.must("git gryt sync pull --from team/carl");
    assert!(told.contains("New evolutions: 0\n  Updated: 1"), "{told}");
    let told = ann.must("git gryt sync pull --from team/carl");
    assert!(told.contains("New evolutions: 0\n  Updated: 0"), "{told}");
    ann.must("git gryt evolution start v1.0.0 --change B && git gryt run");
    ann.must("git gryt promote v1.0.0");
    let sealed = ann.git("show refs/gryt/ledger:releases/1/1.0/v1.0.0.promotion.yaml");
    assert!(sealed.contains("carl@example.com"), "{sealed}");
    let told = ann.must("git gryt sync pull --from team/carl");
    assert!(told.contains("New evolutions: 0"), "{told}");
}

#[test]
fn what_a_fork_offers_replaces_nothing() {
    let sandbox = Sandbox::new();
    let [ann, carl] = contributed(&sandbox);
    ann.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    carl.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    carl.must("git gryt sync push-evolutions");
    let own = ann.git("rev-parse refs/gryt/evolutions/v1.0.0/A/rc.1");
    // A forged one, a draft of a version that nobody here declared, and an edit of ours.
    carl.must("git gryt generation new v9.0.0 --change add:X:x && git gryt sync push v9.0.0");
    carl.must("git gryt generation edit v1.0.0 --change add:A:other && git gryt sync push v1.0.0");
    carl.must("git gryt evolution start v9.0.0 --change X && git gryt sync push-evolutions v9.0.0");
    let fork = carl.at(sandbox.path().join("fork.git"));
    let main = fork.git("rev-parse main");
    fork.git(&format!(
        "update-ref refs/gryt/evolutions/v1.0.0/B/rc.1 {main}"
    ));
    let drafts = ann.refs("refs/gryt/generations");
    let told = ann.must("git gryt sync pull --from team/carl");
    for line in [
        "v1.0.0/A/rc.1 is rc.2 here, because the number was taken",
        "v9.0.0/X/rc.1 proves a generation that is not here",
        "v1.0.0/B/rc.1 is invalid and does not count",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    assert_eq!(ann.git("rev-parse refs/gryt/evolutions/v1.0.0/A/rc.1"), own);
    assert_eq!(ann.refs("refs/gryt/generations"), drafts);
    ann.refused(2, "git gryt sync pull --from nobody");
    ann.git("remote add gone ../nowhere.git");
    ann.refused(8, "git gryt sync pull --from gone");
}

#[test]
fn a_fork_that_is_behind_is_no_rewind_and_a_rewound_cloud_is() {
    let sandbox = Sandbox::new();
    let [ann, _] = contributed(&sandbox);
    for (version, change) in [("v1.1.0", "C"), ("v1.2.0", "D")] {
        ann.proves(version, change);
        ann.must(&format!("git gryt promote {version}"));
    }
    let before = ann.git("rev-parse refs/gryt/ledger");
    ann.must("git gryt config remote team/carl");
    let told = ann.refused(4, "git gryt sync pull");
    assert!(told.contains("2 entries behind"), "{told}");
    assert_eq!(ann.git("rev-parse refs/gryt/ledger"), before);
    // Brought up to date, it can be the cloud.
    ann.git("push -q team/carl refs/gryt/ledger main");
    ann.must("git gryt sync pull");
    // From then on it must never show less.
    let fork = ann.at(sandbox.path().join("fork.git"));
    fork.git("update-ref refs/gryt/ledger refs/gryt/ledger~1");
    let told = ann.refused(9, "git gryt sync pull");
    assert!(told.contains("rewritten"), "{told}");
}

#[test]
fn the_cloud_is_known_by_its_ledger_whatever_it_is_called() {
    let sandbox = Sandbox::new();
    let [ann, _] = contributed(&sandbox);
    ann.proves("v1.1.0", "C");
    ann.must("git gryt promote v1.1.0");
    // Renamed: nothing is new, and nothing is lost.
    ann.must("git remote rename origin upstream && git gryt config remote upstream");
    let told = ann.must("git gryt sync pull");
    assert!(told.contains("New generations: 0"), "{told}");
    // Moved to an empty place, it is said how to take the project there.
    ann.must("git init -q --bare ../moved.git && git remote set-url upstream ../moved.git");
    let told = ann.refused(4, "git gryt sync pull");
    assert!(told.contains("git gryt sync push --republish"), "{told}");
    ann.must("git push -q upstream main && git gryt sync push --republish && git gryt sync pull");
    ann.proves("v1.2.0", "D");
    ann.must("git gryt promote v1.2.0 && git gryt verify");
    // Another project's is said to be that.
    ann.must("git init -q --bare ../other.git");
    let other = sandbox.clone_of("other", "other.git");
    other.git("config user.name dan && git config user.email dan@example.com");
    other.must("git checkout -q -b main && touch .keep && git add .keep && git commit -q -m One");
    other.must("git push -q origin main && git gryt init && git gryt generation new v7.0.0");
    other.must("git gryt sync push");
    ann.git("remote set-url upstream ../other.git");
    let told = ann.refused(9, "git gryt sync pull");
    assert!(told.contains("another project's"), "{told}");
    ann.git("remote add dan ../other.git");
    ann.git("remote set-url upstream ../moved.git");
    let told = ann.refused(9, "git gryt sync pull --from dan");
    assert!(told.contains("another project's"), "{told}");
    assert_eq!(ann.refs("refs/gryt/generations/v7.0.0").len(), 0);
}

#[test]
fn whoever_began_the_ledger_can_take_it_elsewhere_at_once() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    ann.must("git gryt generation new v1.0.0 && git gryt sync push");
    assert_eq!(ann.refs("refs/gryt/ledger").len(), 1);
    ann.must("git init -q --bare ../new.git && git remote add host ../new.git");
    ann.must("git push -q host main && git gryt config remote host");
    let told = ann.refused(4, "git gryt sync pull");
    assert!(told.contains("git gryt sync push --republish"), "{told}");
    ann.must("git gryt sync push --republish && git gryt sync pull && git gryt verify");
}

#[test]
fn what_a_fork_brings_in_other_peoples_names_is_told_where_it_came_from() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    ann.must("git gryt generation new v1.0.0 --change add:A:a && git gryt sync push");
    sandbox
        .nobody()
        .must("git clone -q --mirror hosting.git carl.git");
    let carl = sandbox.clone_of("carl", "carl.git");
    carl.must("git gryt sync pull");
    carl.git("config user.name bob");
    carl.git("config user.email bob@example.com");
    carl.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    carl.must("git gryt sync push-evolutions");
    ann.git("remote add carl ../carl.git");
    let told = ann.must("git gryt sync pull --from carl");
    assert!(
        told.contains(
            "Their author lines name bob <bob@example.com>; nothing else shows who made them"
        ),
        "{told}"
    );
    ann.must("git gryt sync push-evolutions");
    for line in [
        "git gryt promote v1.0.0 --dry-run",
        "git gryt promote v1.0.0",
    ] {
        let told = ann.sh(line);
        assert_eq!(told.code, 0, "{told:?}");
        assert!(
            told.err
                .contains("v1.0.0/A/rc.1 came from carl, and only its author line"),
            "{told:?}"
        );
    }
}
