//! What commands say to type next, and whether it leads on: each advice here is typed.

use crate::sandbox::{Person, Sandbox};

/// Both streams of a line that has to succeed.
#[track_caller]
fn says(who: &Person, line: &str) -> String {
    who.must(&format!("{{ {line} ; }} 2>&1"))
}

/// A version with one change, promoted.
fn releases(who: &Person, version: &str) {
    who.proves(version, "A");
    who.must(&format!("git gryt promote {version}"));
}

#[test]
fn a_version_below_the_highest_is_asked_about_only_where_it_may_be_a_slip() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    releases(&ann, "v1.0.0");
    releases(&ann, "v1.1.0");
    let told = says(&ann, "git gryt generation new v1.0.5");
    let hot_fix = "git gryt generation new --next patch --from v1.0.0";
    assert!(
        told.contains("v1.0.5 is below v1.1.0, which is released") && told.contains(hot_fix),
        "{told}"
    );
    ann.must("git gryt generation delete v1.0.5 --local-only");
    let told = says(&ann, &format!("{hot_fix} --change fix:HOT-1:h"));
    assert!(
        told.contains("Declared v1.0.") && !told.contains("below"),
        "{told}"
    );
    let told = says(&ann, "git gryt generation new --next patch");
    assert!(
        told.contains("Declared v1.1.1") && !told.contains("below"),
        "{told}"
    );
    let hot = ann.must("git gryt generation list");
    let hot = hot
        .lines()
        .find(|line| line.contains("v1.0.") && line.contains("draft"));
    let hot = hot.unwrap().split(' ').next().unwrap();
    ann.must(&format!(
        "git gryt evolution start {hot} --change HOT-1 && git gryt run"
    ));
    let told = says(&ann, &format!("git gryt promote {hot}"));
    assert!(!told.contains("below"), "{told}");
}

#[test]
fn an_evolution_that_goes_on_is_not_said_to_be_started() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    ann.must("git gryt generation new v1.0.0 --change add:A:a");
    let start = "git gryt evolution start v1.0.0 --change A";
    assert!(says(&ann, start).contains("Started rc.1 for A"));
    let told = says(&ann, start);
    let again = format!("{start} --again");
    assert!(
        told.contains("rc.1 for A is open already") && !told.contains("Started"),
        "{told}"
    );
    assert!(told.contains(&again), "{told}");
    assert!(says(&ann, &again).contains("Started rc.2 for A"));
}

#[test]
fn where_tells_a_commit_a_draft_and_a_tag_apart() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    bob.must("git gryt sync pull");
    ann.proves("v1.0.0", "A");
    let head = ann.git("rev-parse HEAD");
    let told = ann.must("git gryt where HEAD");
    assert_eq!(told, format!("{head} proves A of the draft v1.0.0\n"));
    let told = ann.must("git gryt where v1.0.0");
    assert_eq!(told, "v1.0.0 is a draft, and not released yet\n");
    let told = ann.refused(7, "git gryt where v1.0.9");
    assert!(told.contains("Did you mean v1.0.0?"), "{told}");
    ann.must("git gryt where v1.0.0");
    let told = ann.refused(7, "git gryt where abc1234");
    assert!(told.contains("Next: git fetch --all\n"), "{told}");
    ann.must("git fetch --all");
    // The tag came with git's own fetch, and the ledger did not.
    ann.must("git gryt promote v1.0.0");
    bob.must("git fetch -q --tags");
    let told = bob.refused(7, "git gryt where v1.0.0");
    assert!(
        told.contains("v1.0.0 is a tag") && told.contains("  git gryt sync pull\n"),
        "{told}"
    );
    bob.must("git gryt sync pull");
    let told = bob.must("git gryt where v1.0.0");
    assert!(told.contains("was shipped in v1.0.0"), "{told}");
}

#[test]
fn what_was_done_to_a_draft_is_said_to_be_here_alone_until_it_is_shared() {
    let sandbox = Sandbox::new();
    let hosting = sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    let there = |version: &str| {
        let name = format!("refs/gryt/generations/{version}");
        ann.at(&hosting)
            .sh(&format!("git rev-parse -q --verify {name}"))
            .code
            == 0
    };
    let unshared =
        |version: &str| format!("{version} is not shared yet: git gryt sync push {version}\n");
    let told = says(&ann, "git gryt generation new v1.0.0 --change add:A:a");
    assert!(told.contains(&unshared("v1.0.0")), "{told}");
    ann.must("git gryt sync push v1.0.0");
    let told = says(&ann, "git gryt generation edit v1.0.0 -d More");
    assert!(told.contains(&unshared("v1.0.0")), "{told}");
    ann.must("git gryt sync push v1.0.0");
    let told = says(&ann, "git gryt generation rename v1.0.0 v1.1.0");
    assert!(
        told.contains("v1.0.0 is gone from the cloud\n") && told.contains(&unshared("v1.1.0")),
        "{told}"
    );
    assert!(!there("v1.0.0") && !there("v1.1.0"));
    ann.must("git gryt sync push v1.1.0");
    assert!(there("v1.1.0"));
    ann.must("git gryt generation delete v1.1.0");
    let told = says(&ann, "git gryt generation restore v1.1.0");
    assert!(told.contains(&unshared("v1.1.0")), "{told}");
    ann.must("git gryt sync push v1.1.0");
    // Where nobody has to share it, nothing is said.
    ann.must("git gryt config execution_mode cloud");
    let told = says(&ann, "git gryt generation edit v1.1.0 -d Less");
    assert!(
        told.contains("Edited v1.1.0") && !told.contains("shared"),
        "{told}"
    );
    ann.must("git gryt config execution_mode local");
    let told = says(&ann, "git gryt generation new v1.2.0");
    assert!(!told.contains("shared"), "{told}");
}

#[test]
fn what_proves_nothing_is_not_said_to_wait_for_being_shared() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    ann.must("git gryt generation new v1.0.0 --change add:A:a && git gryt sync push");
    bob.must("git gryt sync pull");
    // A run says what it started.
    ann.git("commit -q --allow-empty -m 'Work\n\nGryt-Change: A'");
    let told = says(&ann, "git gryt run --trailers HEAD~1");
    assert!(told.contains("Started rc.1 for A of v1.0.0\n"), "{told}");
    assert!(told.contains("The proof is not shared yet"), "{told}");
    ann.git("push -q origin main");
    ann.must("git gryt sync push-evolutions v1.0.0");
    ann.write("app.txt", "edited\n");
    ann.git("add app.txt");
    let told = says(&ann, "git gryt run --change A --allow-dirty");
    assert!(
        told.contains("proves nothing") && !told.contains("shared"),
        "{told}"
    );
    // Somebody else's evolution stays, and stops nobody.
    bob.must("git gryt sync pull");
    let told = bob.refused(6, "git gryt evolution abandon v1.0.0/A/rc.1");
    let next = "git gryt evolution start v1.0.0 --change A";
    assert!(told.contains(&format!("Next: {next}\n")), "{told}");
    bob.must(next);
    // What was given up is not at hand any more.
    ann.must("git gryt evolution start v1.0.0 --change A --again");
    assert!(
        ann.must("git gryt status")
            .contains("At hand: v1.0.0/A/rc.2")
    );
    ann.must("git reset -q --hard && git gryt run && git gryt sync push-evolutions");
    let told = says(
        &ann,
        "git gryt evolution abandon v1.0.0/A/rc.2 --reason 'Not so'",
    );
    assert!(
        told.contains("It is not shared yet: git gryt sync push-evolutions v1.0.0\n"),
        "{told}"
    );
    ann.must("git gryt sync push-evolutions v1.0.0");
    let status = ann.must("git gryt status");
    assert!(!status.contains("At hand"), "{status}");
}
