//! A team's ordinary week: branches are amended, rebased and squashed, somebody joins late, a version
//! is mistyped, and the project had releases before.

use crate::sandbox::{Person, Sandbox};

/// The hosting, and a team that has pulled the draft v1.0.0 with the change A.
fn team<const N: usize>(sandbox: &Sandbox, names: [&str; N]) -> (Person, [Person; N]) {
    let hosting = sandbox.hosting();
    let people = sandbox.team(names);
    people[0].must("git gryt generation new v1.0.0 --change add:A:a && git gryt sync push");
    people[0].must("git add .gryt && git commit -q -m Ledger && git push -q origin main");
    for person in &people[1..] {
        person.must("git pull -q origin main && git gryt sync pull");
    }
    (people[0].at(hosting), people)
}

/// What a line says that has to end with `code`, on both streams.
fn said(who: &Person, code: i32, line: &str) -> String {
    let ran = who.sh(line);
    assert_eq!(ran.code, code, "{} $ {line}\n{ran:#?}", who.name);
    ran.out + &ran.err
}

fn commits(who: &Person, text: &str) -> String {
    who.write("app.txt", text);
    who.git("add app.txt && git commit -q -m Work");
    who.git("rev-parse HEAD")
}

#[test]
fn a_branch_that_is_amended_and_rebased_is_shared_and_promotes() {
    let sandbox = Sandbox::new();
    let (hosting, [ann, bob]) = team(&sandbox, ["ann", "bob"]);
    ann.must("git gryt evolution start v1.0.0 --change A");
    let amended = commits(&ann, "one\n");
    ann.must("git gryt run");
    ann.write("app.txt", "two\n");
    ann.git("commit -q --amend -a -m Work");
    let rebased = ann.git("rev-parse HEAD");
    ann.must("git gryt run");
    bob.works("other.txt");
    ann.must("git pull -q --rebase origin main && git gryt run && git push -q origin main");
    ann.must("git gryt sync push-evolutions && git gryt sync push-evolutions");
    // Neither of the commits that are gone from the branch was published.
    for gone in [&amended, &rebased] {
        assert_ne!(hosting.sh(&format!("git cat-file -e {gone}")).code, 0);
    }
    let proofs = hosting.git("rev-list --count --first-parent refs/gryt/evolutions/v1.0.0/A/rc.1");
    assert_eq!(proofs.trim(), "4", "every proof is there");
    ann.must("git gryt promote v1.0.0 && git gryt verify");
    bob.must("git pull -q origin main && git gryt sync pull && git gryt verify");
    hosting.git("fsck --strict --no-dangling");
}

#[test]
fn a_failure_of_a_commit_that_is_gone_is_still_a_failure() {
    let sandbox = Sandbox::new();
    let (hosting, [ann, bob]) = team(&sandbox, ["ann", "bob"]);
    ann.must("git gryt evolution start v1.0.0 --change A");
    ann.write(
        ".gryt/pipelines/pipeline.yaml",
        "steps:\n- {name: t, run: 'false'}\n",
    );
    ann.git("add . && git commit -q -m Broken");
    let gone = ann.git("rev-parse HEAD");
    ann.refused(5, "git gryt run");
    ann.git("reset -q --hard HEAD~1");
    ann.must("git gryt sync push-evolutions");
    assert_ne!(hosting.sh(&format!("git cat-file -e {gone}")).code, 0);
    bob.must("git gryt sync pull");
    assert!(bob.must("git gryt evolution list v1.0.0").contains("fail"));
    bob.refused(5, "git gryt promote v1.0.0");
}

#[test]
fn only_what_counts_blocks_and_it_blocks_nothing_else() {
    let sandbox = Sandbox::new();
    let (hosting, [ann]) = team(&sandbox, ["ann"]);
    ann.must("git gryt generation edit v1.0.0 --change add:B:b && git gryt sync push");
    ann.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    ann.must("git gryt evolution start v1.0.0 --change B");
    let unpushed = commits(&ann, "b\n");
    ann.must("git gryt run");
    let told = said(&ann, 4, "git gryt sync push-evolutions");
    assert!(told.contains("Created: 1"), "{told}");
    assert!(told.contains("v1.0.0/B/rc.1 is proven at"), "{told}");
    assert!(told.contains("git push"), "{told}");
    hosting.git("rev-parse refs/gryt/evolutions/v1.0.0/A/rc.1");
    assert_ne!(hosting.sh(&format!("git cat-file -e {unpushed}")).code, 0);
    let alone = said(&ann, 4, "git gryt sync push-evolutions");
    assert!(alone.contains("no branch of the cloud has"), "{alone}");
    ann.must("git push -q origin main && git gryt sync push-evolutions");
    ann.must("git gryt promote v1.0.0");
}

#[test]
fn a_squash_needs_no_new_run_although_its_branch_is_gone() {
    let sandbox = Sandbox::new();
    let (hosting, [ann, bob]) = team(&sandbox, ["ann", "bob"]);
    bob.must("git checkout -q -b topic && git gryt evolution start v1.0.0 --change A");
    for text in ["one\n", "one\ntwo\n"] {
        commits(&bob, text);
    }
    let proven = bob.git("rev-parse HEAD");
    bob.must("git gryt run && git push -q origin topic");
    // The host squashes it onto something else, and deletes the branch.
    ann.works("other.txt");
    ann.must("git fetch -q && git merge -q --squash origin/topic && git commit -q -m 'Topic (#1)'");
    ann.must("git push -q origin main && git push -q origin --delete topic");
    bob.must("git checkout -q main && git branch -q -D topic && git fetch -q --prune");
    bob.must("git pull -q origin main && git gryt sync push-evolutions");
    hosting.must("git reflog expire --expire=now --all && git gc -q --prune=now");
    assert_ne!(hosting.sh(&format!("git cat-file -e {proven}")).code, 0);
    // Told by the proof alone, in a clone that never had the branch.
    let cleo = sandbox.clone_of("cleo", "hosting.git");
    cleo.must("git gryt sync pull");
    assert!(
        cleo.must("git gryt sync status v1.0.0")
            .contains("Ready for promotion: YES")
    );
    cleo.must("git gryt promote v1.0.0 && git gryt verify");
}

#[test]
fn a_promoter_whose_code_is_behind_is_told_to_pull_it() {
    let sandbox = Sandbox::new();
    let (hosting, [ann, bob]) = team(&sandbox, ["ann", "bob"]);
    bob.must("git gryt evolution start v1.0.0 --change A");
    bob.works("feature.txt");
    bob.must("git gryt run && git gryt sync push-evolutions");
    let told = ann.refused(5, "git gryt promote v1.0.0");
    assert!(
        told.contains("git pull") && !told.contains("git gryt run"),
        "{told}"
    );
    let why = ann.must("git gryt why v1.0.0");
    assert!(
        why.contains("you: take in the code") && why.contains(": git pull"),
        "{why}"
    );
    let status = ann.must("git gryt sync status v1.0.0");
    assert!(status.contains("Ready for promotion: NO"), "{status}");
    assert_ne!(hosting.sh("git rev-parse refs/tags/v1.0.0").code, 0);
    ann.must("git pull -q origin main && git gryt promote v1.0.0");
}

#[test]
fn ready_means_that_the_promotion_goes_through() {
    let sandbox = Sandbox::new();
    let (_, [ann, bob]) = team(&sandbox, ["ann", "bob"]);
    let says = |who: &Person| {
        let ready = who
            .must("git gryt sync status v1.0.0")
            .contains("promotion: YES");
        let goes = who.sh("git gryt promote v1.0.0 --dry-run").code == 0;
        let why = who.must("git gryt why v1.0.0 --json");
        let why: serde_json::Value = serde_json::from_str(&why).unwrap();
        assert_eq!(
            (ready, Some(ready)),
            (goes, why["ready"].as_bool()),
            "{why:#}"
        );
        ready
    };
    assert!(!says(&ann));
    ann.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    assert!(says(&ann));
    // Somebody edited it, and this clone has not seen that.
    bob.must("git gryt generation edit v1.0.0 -d More && git gryt sync push");
    assert!(!says(&ann));
    ann.must("git gryt sync pull");
    assert!(says(&ann));
    // An edit of the file that is not taken in yet, valid or not.
    let file = ".gryt/generations/v1.0.0.yaml";
    let text = ann.read(file);
    ann.write(file, &format!("{text}  titel: x\n"));
    assert!(!says(&ann));
    ann.write(file, &text);
    assert!(says(&ann));
    // Code that was never pushed.
    commits(&ann, "unpushed\n");
    assert!(!says(&ann));
    ann.must("git push -q origin main");
    assert!(says(&ann));
    ann.tracks(".gryt/policy.yaml", "promoters: [lead@example.com]\n");
    assert!(!says(&ann));
    let why = ann.must("git gryt why v1.0.0 --format markdown");
    assert!(
        why.contains("- [ ] `lead@example.com`: promote v1"),
        "{why}"
    );
}

#[test]
fn who_joins_late_is_told_that_nothing_was_pulled() {
    let sandbox = Sandbox::new();
    let (_, [ann]) = team(&sandbox, ["ann"]);
    ann.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    ann.must("git gryt promote v1.0.0");
    let late = sandbox.clone_of("late", "hosting.git");
    for line in ["log", "where A", "status", "generation list"] {
        let told = late.sh(&format!("git gryt {line}"));
        assert!(
            (told.out + &told.err).contains("git gryt sync pull"),
            "{line}"
        );
    }
    late.refused(7, "git gryt generation show v1.0.0");
    let offline = late.sh("git gryt sync status --offline");
    assert_eq!(offline.code, 0, "{offline:?}");
    let told = late.must("git gryt init");
    assert!(told.contains("New generations: 1"), "{told}");
    assert!(told.contains("ann promoted v1.0.0"), "{told}");
    assert!(late.must("git gryt log").contains("v1.0.0"));
}

#[test]
fn a_promoted_version_is_never_said_not_to_exist() {
    let sandbox = Sandbox::new();
    let (_, [ann]) = team(&sandbox, ["ann"]);
    ann.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    ann.must("git gryt promote v1.0.0");
    let pushed = ann.must("git gryt sync push v1.0.0");
    assert!(
        pushed.contains("Nothing to push: v1.0.0 is promoted"),
        "{pushed}"
    );
    for line in [
        "generation delete v1.0.0",
        "generation rename v1.0.0 v1.0.1",
        "generation resolve v1.0.0",
        "generation restore v1.0.0",
        "generation edit v1.0.0 -d x",
        "evolution start v1.0.0 --change A",
    ] {
        let told = said(&ann, 3, &format!("git gryt {line}"));
        assert!(
            told.contains("promoted by ann") || told.contains("> promoted it at "),
            "{line}: {told}"
        );
    }
    ann.must("git gryt sync push-evolutions v1.0.0");
}

#[test]
fn a_mistyped_version_is_unknown_and_the_one_that_was_meant_is_named() {
    let sandbox = Sandbox::new();
    let (_, [ann]) = team(&sandbox, ["ann"]);
    for line in ["sync push", "sync push-evolutions", "sync push --version"] {
        let told = said(&ann, 7, &format!("git gryt {line} v1.0.9"));
        assert!(told.contains("Did you mean v1.0.0?"), "{line}: {told}");
    }
    ann.must("git gryt sync status --version v1.0.0");
}

#[test]
fn an_edit_that_does_not_parse_is_named_everywhere_and_stops_no_other_draft() {
    let sandbox = Sandbox::new();
    let (hosting, [ann]) = team(&sandbox, ["ann"]);
    ann.must("git gryt generation new v2.0.0");
    ann.write(
        ".gryt/generations/v1.0.0.yaml",
        "version: v1.0.0\nchangs: []\n",
    );
    let told = said(&ann, 7, "git gryt sync push");
    assert!(
        told.contains("Created: 1") && told.contains("line 2, column 1"),
        "{told}"
    );
    hosting.git("rev-parse refs/gryt/generations/v2.0.0");
    for line in ["status", "sync status"] {
        let told = ann.must(&format!("git gryt {line}"));
        assert!(
            told.contains("invalid") && told.contains("line 2, column 1"),
            "{line}: {told}"
        );
    }
}

#[test]
fn a_push_that_the_cloud_refused_is_known_until_one_gets_through() {
    let sandbox = Sandbox::new();
    let (hosting, [ann]) = team(&sandbox, ["ann"]);
    ann.must("git gryt generation new v2.0.0");
    let hook = "#!/bin/sh\ncat >/dev/null\necho not today >&2\nexit 1\n";
    hosting.write("hooks/pre-receive", hook);
    hosting.must("chmod +x hooks/pre-receive");
    ann.refused(8, "git gryt sync push");
    let asked = "git gryt query \"select sync_status, sync_error from generations where version = 'v2.0.0'\"";
    let answer = ann.must(asked);
    assert!(
        answer.contains("failed") && answer.contains("not today"),
        "{answer}"
    );
    for line in ["status", "sync status --offline"] {
        assert!(
            ann.must(&format!("git gryt {line}")).contains("failed"),
            "{line}"
        );
    }
    hosting.must("rm hooks/pre-receive");
    ann.must("git gryt sync push");
    assert!(ann.must(asked).contains("synced"));
    assert!(ann.refs("refs/gryt-local/failed").is_empty());
}

#[test]
fn one_fix_is_proven_for_each_version_that_wants_it() {
    let sandbox = Sandbox::new();
    let (_, [ann]) = team(&sandbox, ["ann"]);
    ann.must("git gryt generation new v0.9.1 --change fix:A:a");
    let told = ann.refused(7, "git gryt run --start --change A");
    assert!(
        told.contains("git gryt run --start --change v0.9.1/A"),
        "{told}"
    );
    ann.must("git gryt run --start --change v0.9.1/A");
    ann.git("commit -q --allow-empty -m 'Fix\n\nGryt-Change: A'");
    ann.must("git gryt run --start --trailers HEAD~1");
    for version in ["v0.9.1", "v1.0.0"] {
        let list = ann.must(&format!("git gryt evolution list {version}"));
        assert!(list.contains("pass"), "{version}: {list}");
    }
    ann.git("commit -q --allow-empty -m 'Fix\n\nGryt-Change: v1.0.0/A'");
    let told = ann.must("git gryt run --trailers HEAD~1");
    assert!(!told.contains("v0.9.1"), "{told}");
}

#[test]
fn a_project_that_names_its_tags_otherwise_goes_on_so() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    for tag in ["1.2.0", "1.10.0", "1.9.0", "nightly"] {
        ann.git(&format!(
            "commit -q --allow-empty -m {tag} && git tag {tag}"
        ));
    }
    ann.git("rm -q -r --cached .gryt && rm -r .gryt && git push -q origin main --tags");
    let told = ann.must("git gryt init");
    assert!(
        told.contains("3 tags are releases from before gryt"),
        "{told}"
    );
    assert!(
        ann.read(".gryt/config.yaml")
            .contains("tag_format: \"{number}\"")
    );
    ann.git("add .gryt && git commit -q -m Gryt && git push -q origin main");
    let told = ann.must("git gryt import --from tags");
    assert!(
        told.contains("nightly") && told.contains("it is not a version"),
        "{told}"
    );
    assert!(
        ann.must("git gryt status")
            .contains("Last promoted: v1.10.0")
    );
    let told = ann.must("git gryt generation new --next minor --change add:A:a");
    assert!(told.contains("v1.11.0"), "{told}");
    ann.must("git gryt evolution start v1.11.0 --change A && git gryt run");
    ann.must("git gryt promote v1.11.0");
    ann.git("rev-parse --verify refs/tags/1.11.0");
    assert_ne!(ann.sh("git rev-parse --verify refs/tags/v1.11.0").code, 0);
}

#[test]
fn a_tag_that_another_tool_put_on_the_release_is_taken_up() {
    let sandbox = Sandbox::new();
    let (hosting, [ann]) = team(&sandbox, ["ann"]);
    ann.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    ann.git("commit -q --allow-empty -m v1.0.0 && git tag -a -m v1.0.0 v1.0.0");
    ann.git("push -q --follow-tags origin main");
    let tag = hosting.git("rev-parse refs/tags/v1.0.0");
    ann.must("git gryt promote v1.0.0");
    assert_eq!(hosting.git("rev-parse refs/tags/v1.0.0"), tag);
    // On another commit it is somebody else's release.
    ann.must("git gryt generation new v1.1.0 --change add:B:b");
    ann.must("git gryt evolution start v1.1.0 --change B && git gryt run");
    ann.git("tag v1.1.0 HEAD~1");
    ann.refused(3, "git gryt promote v1.1.0");
}
