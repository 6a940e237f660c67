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
        told.contains("v1.0.0 was deleted in the cloud\n") && told.contains(&unshared("v1.1.0")),
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
            .contains("Current evolution: v1.0.0/A/rc.2")
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
    assert!(!status.contains("Current evolution"), "{status}");
}

#[test]
fn a_spelling_that_would_be_regretted_is_asked_about() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    let told = ann.refused(7, "git gryt generation new v01.8.0");
    assert!(
        told.contains("did you mean v1.8.0?")
            && told.contains("Next: git gryt generation new v1.8.0\n"),
        "{told}"
    );
    let told = ann.refused(7, "git gryt generation new V1.8.0");
    assert!(told.contains("did you mean v1.8.0?"), "{told}");
    ann.must("git gryt generation new v1.8.0");
    let told = ann.refused(7, "git gryt generation rename v1.8.0 v01.9.0");
    assert!(
        told.contains("Next: git gryt generation rename v1.8.0 v1.9.0\n"),
        "{told}"
    );
    ann.must("git gryt generation rename v1.8.0 v1.9.0");
    // Days are written with zeros, and so is what a project always wrote so.
    let told = says(&ann, "git gryt generation new v2026.01.15");
    assert!(!told.contains("warning"), "{told}");
    ann.git("tag v1.7.0");
    let told = says(&ann, "git gryt generation new v2.08.0");
    let (_, typed) = told.split_once("To spell it like them: ").unwrap();
    ann.must(typed.lines().next().unwrap());
    let list = ann.must("git gryt generation list");
    assert!(
        list.contains("v2.8.0") && !list.contains("v2.08.0"),
        "{list}"
    );
}

#[test]
fn a_tag_in_the_way_is_kept_under_another_name() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    ann.git("tag v0.6.0");
    ann.git("commit -q --allow-empty -m Later && git push -q origin main");
    let told = ann.refused(3, "git gryt promote v0.6.0");
    assert!(told.contains("v0.6.0 is not declared either"), "{told}");
    ann.git("tag -d v0.6.0");
    ann.proves("v0.6.0", "A");
    ann.git("tag v0.6.0 HEAD~1");
    let told = ann.refused(3, "git gryt promote v0.6.0");
    let next = "git tag v0.6.0.old v0.6.0 && git tag -d v0.6.0";
    assert!(told.contains(&format!("  {next}\n")), "{told}");
    assert!(
        told.contains("  git gryt generation rename v0.6.0 v0.6.1\n"),
        "{told}"
    );
    ann.must(next);
    ann.must("git gryt promote v0.6.0");
    ann.git("rev-parse v0.6.0.old");
}

#[test]
fn a_cloud_that_is_another_projects_is_said_with_its_address() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, eve] = sandbox.team(["ann", "eve"]);
    let url = ann.git("remote get-url origin");
    ann.git("clone -q --bare ../hosting.git ../other.git");
    eve.git("remote set-url origin ../other.git");
    releases(&ann, "v1.0.0");
    releases(&eve, "v1.0.0");
    ann.git("remote set-url origin ../other.git");
    let told = ann.refused(9, "git gryt sync pull");
    assert!(
        told.contains("../other.git: is that the right place?")
            && told.contains("  git remote set-url origin URL\n"),
        "{told}"
    );
    ann.git(&format!("remote set-url origin {url}"));
    ann.must("git gryt sync pull");
}

#[test]
fn what_was_not_pulled_is_not_called_unshared() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    ann.proves("v1.0.0", "A");
    ann.must("git gryt sync push && git gryt config execution_mode cloud");
    ann.git("remote set-url origin ../gone.git");
    let told = says(&ann, "git gryt status");
    assert!(
        told.contains("warning: Not pulled: ") && !told.contains("Not shared yet"),
        "{told}"
    );
    let told = ann.refused(8, "git gryt why v1.0.0");
    let next = "git gryt why v1.0.0 --offline";
    assert!(told.contains(next), "{told}");
    ann.must(next);
}

#[test]
fn a_setting_leads_back_to_its_default_and_says_what_counts_before_it() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    ann.must("git gryt config tag false");
    let told = says(&ann, "git gryt config --shared tag true");
    let next = "git gryt config --unset tag";
    assert!(told.contains(next), "{told}");
    assert_eq!(ann.must("git gryt config tag"), "false\n");
    ann.must(next);
    ann.must(next);
    assert_eq!(ann.must("git gryt config tag"), "true\n");
    let commit = told
        .lines()
        .find_map(|line| line.strip_prefix("To share it: "));
    ann.must(commit.unwrap());
    ann.must("git gryt config --shared --unset tag");
    assert!(!ann.read(".gryt/config.yaml").contains("tag"));
    // What no command could read otherwise.
    ann.git("config gryt.executionMode Cloud");
    let told = ann.refused(2, "git gryt status");
    let next = "git gryt config --unset execution_mode";
    assert!(told.contains(&format!("Next: {next}\n")), "{told}");
    ann.must(&format!("{next} && git gryt status"));
    ann.refused(2, "git gryt config --shared tag");
}

#[test]
fn the_word_of_another_program_is_understood() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    for (line, meant) in [
        ("push", "'sync push'"),
        ("pull", "'sync pull'"),
        ("generation remove v1.0.0", "'delete'"),
        ("generation new", "--next <LEVEL>"),
        ("import tags", "git gryt import --from tags --dry-run"),
        ("promote v1.0.0 --wait=abc", "write a time like 30s or 10m"),
        ("run --jobs 0", "write a whole number, 1 at least"),
    ] {
        let told = ann.refused(2, &format!("git gryt {line}"));
        assert!(told.contains(meant), "{line}: {told}");
    }
    let told = ann.must("git-gryt hook install post-merge");
    assert!(told.contains("  pulls\n"), "{told}");
    assert_eq!(ann.must("git gryt sync watch --once"), "Nothing new\n");
}
