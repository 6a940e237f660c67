//! What was once broken, by hostile or merely unusual means: each test is named for what it holds.

use std::os::unix::fs::symlink;

use crate::sandbox::{Person, Sandbox};

/// Two people with the published draft v1.0.0.
fn pair(sandbox: &Sandbox) -> (Person, Person, Person) {
    let hosting = sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    ann.must("git gryt generation new v1.0.0 --change add:A:a && git gryt sync push");
    ann.must("git add .gryt && git commit -q -m Ledger && git push -q origin main");
    bob.must("git pull -q origin main && git gryt sync pull");
    let hosting = ann.at(hosting);
    (ann, bob, hosting)
}

#[test]
fn a_commit_that_only_an_earlier_proof_pins_is_not_published() {
    let sandbox = Sandbox::new();
    let (ann, _, hosting) = pair(&sandbox);
    ann.must("git gryt evolution start v1.0.0 --change A");
    ann.write("secret", "hunter2");
    ann.git("add secret && git commit -q -m oops");
    let secret = ann.git("rev-parse HEAD");
    ann.must("git gryt run && git reset -q --hard HEAD~1 && git gryt run");
    // Superseded: its proof is shared, and its commit is not.
    for line in ["sync push-evolutions", "promote v1.0.0"] {
        ann.must(&format!("git gryt {line}"));
        assert_ne!(hosting.sh(&format!("git cat-file -e {secret}")).code, 0);
    }
    let told = ann.must("git gryt generation new v1.1.0 --change add:B:b");
    assert!(told.contains("v1.1.0"), "{told}");
    ann.must("git gryt evolution start v1.1.0 --change B");
    ann.write("secret", "hunter3");
    ann.git("add secret && git commit -q -m oops");
    let other = ann.git("rev-parse HEAD");
    ann.must("git gryt run && git reset -q --hard HEAD~1 && git gryt run");
    ann.must("git gryt sync push-evolutions --with-commits");
    hosting.git(&format!("cat-file -e {other}"));
}

#[test]
fn another_remotes_branches_are_not_the_clouds() {
    let sandbox = Sandbox::new();
    let (ann, ..) = pair(&sandbox);
    sandbox.nobody().git("init -q --bare fork.git");
    ann.git("remote rename origin team 2>/dev/null");
    // Git itself adds no such remote any more, and takes one that is configured.
    ann.git("config remote.team/fork.url ../fork.git");
    ann.git("config remote.team/fork.fetch '+refs/heads/*:refs/remotes/team/fork/*'");
    ann.must("git gryt config remote team && git gryt sync pull");
    ann.write("secret", "x");
    ann.git(
        "add secret && git commit -q -m private && git push -q team/fork HEAD:refs/heads/private",
    );
    ann.git("fetch -q team/fork");
    ann.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    let said = ann.refused(4, "git gryt sync push-evolutions");
    assert!(said.contains("no branch of the cloud has"), "{said}");
}

#[test]
fn a_users_own_refspec_does_not_reset_drafts() {
    let sandbox = Sandbox::new();
    let (ann, ..) = pair(&sandbox);
    ann.git("config --add remote.origin.fetch '+refs/gryt/*:refs/gryt/*'");
    ann.must("git gryt generation edit v1.0.0 --change add:MINE:m");
    let pushed = ann.must("git gryt sync push");
    assert!(pushed.contains("Updated: 1"), "{pushed}");
    let nobody = sandbox.nobody();
    nobody.git("clone -q --mirror hosting.git mirror.git");
    let mut mirror = nobody.at(sandbox.path().join("mirror.git"));
    mirror = mirror
        .with("GIT_AUTHOR_NAME", "mia")
        .with("GIT_AUTHOR_EMAIL", "mia@example.com");
    mirror = mirror
        .with("GIT_COMMITTER_NAME", "mia")
        .with("GIT_COMMITTER_EMAIL", "mia@example.com");
    mirror.must("git gryt sync pull");
    mirror.must("git gryt generation edit v1.0.0 --change add:MIA:mia");
    mirror.must("git gryt sync pull");
    assert!(
        mirror
            .must("git gryt generation show v1.0.0")
            .contains("MIA")
    );
}

#[test]
fn a_file_that_was_not_rewritten_in_time_is_old_and_not_an_edit() {
    let sandbox = Sandbox::new();
    let (ann, bob, _) = pair(&sandbox);
    bob.must("git gryt generation edit v1.0.0 --change add:BOB:b && git gryt sync push");
    let file = ".gryt/generations/v1.0.0.yaml";
    let old = ann.read(file);
    let note = ann.read(".git/gryt/view");
    ann.must("git gryt sync pull");
    // As a process leaves it that dies after the note and before the file.
    let new = ann.read(".git/gryt/view");
    ann.write(".git/gryt/view", &format!("{note}{new}"));
    ann.write(file, &old);
    let pushed = ann.must("git gryt sync push");
    assert!(pushed.contains("Nothing to push"), "{pushed}");
    assert!(ann.read(file).contains("BOB"));
    // What was saved after such a death may be of either state, so a person is asked.
    ann.write(".git/gryt/view", &format!("{note}{new}"));
    let edited = old.replace("title: \"a\"", "title: \"mine\"");
    ann.write(file, &edited);
    ann.refused(6, "git gryt sync push v1.0.0");
    assert_eq!(ann.read(file), edited);
    ann.must("git gryt generation resolve v1.0.0 --theirs");
    let text = ann.read(file);
    assert!(text.contains("BOB") && text.contains("mine"), "{text}");
}

#[test]
fn an_evolution_that_left_the_cloud_is_told_and_kept() {
    let sandbox = Sandbox::new();
    let (ann, _, hosting) = pair(&sandbox);
    ann.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    ann.must("git gryt sync push-evolutions");
    let tip = ann.git("rev-parse refs/gryt/evolutions/v1.0.0/A/rc.1");
    hosting.git("update-ref -d refs/gryt/evolutions/v1.0.0/A/rc.1");
    let pulled = ann.must("git gryt sync pull");
    assert!(pulled.contains("v1.0.0/A/rc.1 left the cloud"), "{pulled}");
    assert!(
        ann.refs("refs/gryt-local/deleted")
            .iter()
            .any(|(_, oid)| *oid == tip)
    );
}

#[test]
fn no_number_is_high_enough_to_overwrite_another() {
    if crate::sandbox::needs_unguarded() {
        return;
    }
    let sandbox = Sandbox::new();
    let (ann, bob, _) = pair(&sandbox);
    ann.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    let tip = ann.git("rev-parse refs/gryt/evolutions/v1.0.0/A/rc.1");
    for number in ["4294967295", "999999"] {
        ann.git(&format!(
            "push -q origin {tip}:refs/gryt/evolutions/v1.0.0/A/rc.{number}"
        ));
    }
    bob.must("git gryt sync pull");
    let said = bob.refused(7, "git gryt evolution start v1.0.0 --change A");
    assert!(said.contains("no number left"), "{said}");
    assert_eq!(
        bob.git("rev-parse refs/gryt/evolutions/v1.0.0/A/rc.999999"),
        tip
    );
}

#[test]
fn one_evolution_under_two_numbers_is_sealed_once_signed_or_not() {
    let sandbox = Sandbox::new();
    let (ann, bob, _) = pair(&sandbox);
    if ann.sh("ssh-keygen -q -t ed25519 -N '' -f ../key").code == 0 {
        let key = sandbox.path().join("key.pub");
        ann.git(&format!("config user.signingKey {}", key.display()));
        ann.git("config gpg.format ssh && git config commit.gpgSign true");
    }
    ann.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    ann.must("git gryt sync push-evolutions");
    ann.git("push -q origin refs/gryt/evolutions/v1.0.0/A/rc.1:refs/gryt/evolutions/v1.0.0/A/rc.2");
    let said = ann.must("git gryt promote v1.0.0");
    assert!(said.contains("proven by 1 evolution\n"), "{said}");
    let ran = bob.sh("git gryt sync pull");
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:#?}");
    assert!(bob.must("git gryt log").contains("v1.0.0  promoted"));
}

#[test]
fn an_entry_cannot_bring_other_releases_along() {
    let sandbox = Sandbox::new();
    let (ann, bob, hosting) = pair(&sandbox);
    ann.must("git gryt evolution start v1.0.0 --change A && git gryt run");
    ann.must("git gryt promote v1.0.0");
    let entry = ann.git("rev-parse refs/gryt/ledger");
    for place in [
        "releases/1/1.0/v1.0.1",
        "releases/7/7.0/v7.0.0",
        "withdrawals/x",
    ] {
        let tree = ann.must(&format!(
            "export GIT_INDEX_FILE=../index-x; rm -f ../index-x; git read-tree {entry} && \
             blob=$(echo junk | git hash-object -w --stdin) && \
             git update-index --add --cacheinfo 100644,$blob,{place}.promotion.yaml && git write-tree"
        ));
        let forged = ann.must(&format!(
            "git cat-file commit {entry} | sed 's/^tree .*/tree {}/' | git hash-object -t commit -w --stdin",
            tree.trim()
        ));
        let forged = forged.trim();
        ann.git(&format!("push -q origin {forged}:refs/heads/forged -f"));
        let base = hosting.git(&format!("rev-parse {entry}^"));
        hosting.git(&format!("update-ref refs/gryt/ledger {base}"));
        hosting.git(&format!("update-ref refs/gryt/ledger {forged}"));
        let fresh = sandbox.clone_of(&place.replace('/', "-"), "hosting.git");
        let ran = fresh.sh("git gryt sync pull");
        assert_eq!(ran.code, 0, "{place}: {ran:#?}");
        assert!(
            ran.err.contains("is invalid and does not count"),
            "{place}: {ran:#?}"
        );
        fresh.must("git gryt generation new v1.0.1 && git gryt generation new v7.0.0");
    }
    bob.must("git gryt log");
}

#[test]
fn two_spellings_of_one_version_are_a_conflict_wherever_they_meet() {
    let sandbox = Sandbox::new();
    let (ann, bob, _) = pair(&sandbox);
    bob.must("git gryt generation new v2.0 --change add:B:b && git gryt sync push");
    ann.proves("v2.0.0", "A");
    let said = ann.refused(6, "git gryt promote v2.0.0");
    assert!(said.contains("another generation"), "{said}");
    let ran = ann.sh("git gryt sync pull");
    assert_eq!(ran.code, 6, "{ran:#?}");
    assert!(
        ran.out
            .contains("v2.0.0: Local and cloud have same version"),
        "{ran:#?}"
    );
    ann.must("git gryt generation edit v2.0.0 -d mine");
    assert!(
        ann.git("show refs/gryt/generations/v2.0.0:generation.yaml")
            .contains("mine")
    );
    ann.git("tag v5.0");
    assert!(
        ann.refused(3, "git gryt generation new v5.0.0")
            .contains("as the tag v5.0")
    );
}

#[test]
fn a_tag_in_the_way_refuses_before_and_never_wedges_after() {
    let sandbox = Sandbox::new();
    let (ann, ..) = pair(&sandbox);
    ann.proves("billing/v1.0.0", "B");
    ann.git("tag billing");
    let said = ann.refused(3, "git gryt promote billing/v1.0.0");
    assert!(
        said.contains("the tag billing stands where it needs a folder"),
        "{said}"
    );
    ann.git("tag -d billing");
    ann.must("git gryt promote billing/v1.0.0 && git gryt sync pull");
    assert_eq!(ann.git("tag"), "billing/v1.0.0");
}

#[test]
fn refs_that_are_no_commits_are_named_and_stop_nobody() {
    if crate::sandbox::needs_unguarded() {
        return;
    }
    let sandbox = Sandbox::new();
    let (ann, bob, hosting) = pair(&sandbox);
    let blob = hosting.must("echo x | git hash-object -w --stdin");
    let blob = blob.trim();
    hosting.git(&format!("update-ref refs/gryt/generations/v9.0.0 {blob}"));
    hosting.git(&format!(
        "update-ref refs/gryt/evolutions/v1.0.0/A/rc.7 {blob}"
    ));
    bob.git("tag -a -m x tagged && git push -q origin tagged:refs/gryt/generations/v8.0.0");
    let line = "printf '160000 commit %s\\tgeneration.yaml\\n' $(git rev-parse HEAD) | git mktree --missing";
    let tree = bob.must(line);
    bob.write("m", "Draft\n\nGryt-Format: 1\n");
    let link = bob.git(&format!("commit-tree -F m {}", tree.trim()));
    bob.git(&format!(
        "push -q origin {link}:refs/gryt/generations/v7.0.0 && rm m"
    ));
    let pulled = ann.must("git gryt sync pull");
    for name in ["v9.0.0", "v8.0.0", "v7.0.0", "v1.0.0/A/rc.7"] {
        let line = pulled.lines().find(|line| line.contains(name));
        assert!(
            line.is_some_and(|l| l.contains("is invalid") || l.contains("does not count")),
            "{name}: {pulled}"
        );
    }
    ann.must("git gryt sync status && git gryt evolution start v1.0.0 --change A && git gryt run");
    ann.must("git gryt sync push && git gryt sync push-evolutions && git gryt promote v1.0.0");
}

#[test]
fn a_link_inside_a_ledger_entry_counts_for_nothing() {
    if crate::sandbox::needs_unguarded() {
        return;
    }
    let sandbox = Sandbox::new();
    let (ann, bob, hosting) = pair(&sandbox);
    let tip = hosting.git("rev-parse refs/gryt/ledger");
    let tree = ann.must(
        "export GIT_INDEX_FILE=../index-x; git read-tree --empty && \
         git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),releases/1/1.1/v1.1.0.promotion.yaml && \
         git write-tree --missing-ok",
    );
    ann.write(
        "m",
        &format!("Promote\n\nGryt-Format: 1\nGryt-Kind: promotion\nGryt-Base: {tip}\nGryt-Version: v1.1.0\n"),
    );
    let entry = ann.git(&format!("commit-tree -p {tip} -F m {}", tree.trim()));
    ann.git(&format!("push -q origin {entry}:refs/gryt/ledger && rm m"));
    for person in [&ann, &bob] {
        let ran = person.sh("git gryt sync pull");
        assert_eq!(ran.code, 0, "{ran:#?}");
        assert!(ran.err.contains("does not count"), "{ran:#?}");
    }
    ann.must(
        "git gryt evolution start v1.0.0 --change A && git gryt run && git gryt promote v1.0.0",
    );
}

#[test]
fn names_that_git_cannot_place_do_not_hide_the_cloud() {
    let sandbox = Sandbox::new();
    let (ann, _, hosting) = pair(&sandbox);
    let main = hosting.git("rev-parse main");
    let name = "refs/gryt/evolutions/v1.2.0/A";
    hosting.git(&format!("update-ref {name} {main}"));
    ann.must("git gryt sync pull");
    hosting.git(&format!("update-ref -d {name}"));
    hosting.git(&format!("update-ref {name}/rc.1 {main}"));
    let pulled = ann.must("git gryt sync pull");
    assert!(pulled.contains("v1.2.0/A/rc.1 is invalid"), "{pulled}");
}

#[test]
fn a_shallow_ledger_is_called_shallow() {
    let sandbox = Sandbox::new();
    let (ann, _, hosting) = pair(&sandbox);
    for version in ["v1.1.0", "v1.2.0"] {
        ann.proves(version, "A");
        ann.must(&format!("git gryt promote {version}"));
    }
    let url = format!("file://{}", hosting.dir.display());
    let nobody = sandbox.nobody();
    nobody.git(&format!("clone -q --depth 1 {url} shallow"));
    let shallow = nobody.at(sandbox.path().join("shallow"));
    shallow.git("fetch -q --depth 1 origin '+refs/gryt/*:refs/gryt-remotes/origin/*'");
    let said = shallow.refused(1, "git gryt sync pull");
    assert!(
        said.contains("too shallow") && said.contains("git fetch --unshallow"),
        "{said}"
    );
    // A shallow clone of the code alone is no obstacle.
    nobody.git(&format!("clone -q --depth 1 {url} fine"));
    let fine = nobody.at(sandbox.path().join("fine"));
    fine.must("git gryt sync pull && git gryt log");
}

#[test]
fn partial_clones_fetch_what_they_lack() {
    let sandbox = Sandbox::new();
    let (ann, _, hosting) = pair(&sandbox);
    ann.must(
        "git gryt evolution start v1.0.0 --change A && git gryt run && git gryt promote v1.0.0",
    );
    hosting.git("config uploadpack.allowFilter true");
    hosting.git("config uploadpack.allowAnySHA1InWant true");
    for filter in ["tree:0", "blob:none"] {
        let url = format!("file://{}", hosting.dir.display());
        let name = filter.replace(':', "-");
        sandbox.nobody().git(&format!(
            "clone -q --filter={filter} --no-checkout {url} {name}"
        ));
        let partial = sandbox.nobody().at(sandbox.path().join(name));
        partial.must("git gryt sync pull");
        assert!(partial.must("git gryt log").contains("v1.0.0"));
    }
}

#[test]
fn what_a_host_would_not_let_go_is_cleared_once_it_does() {
    let sandbox = Sandbox::new();
    let (ann, _, hosting) = pair(&sandbox);
    ann.must("git gryt evolution start v1.0.0 --change A && git gryt run && git gryt sync push-evolutions");
    let zero = "0".repeat(40);
    let hook = hosting.dir.join("hooks/update");
    hosting.must(&format!(
        "mkdir -p hooks && printf '#!/bin/sh\\n[ \"$3\" != {zero} ]\\n' > hooks/update && chmod +x hooks/update"
    ));
    ann.must("git gryt promote v1.0.0");
    assert_eq!(hosting.refs("refs/gryt").len(), 3);
    std::fs::remove_file(hook).unwrap();
    // Nobody asks each time; the doctor does when asked, and from time to time a release does.
    ann.must("git gryt sync push");
    assert_eq!(hosting.refs("refs/gryt").len(), 3);
    ann.must("git gryt doctor --remote && git gryt sync push");
    assert_eq!(hosting.refs("refs/gryt").len(), 1);
}

#[test]
fn a_sealed_version_is_neither_edited_nor_proven() {
    let sandbox = Sandbox::new();
    let (ann, bob, _) = pair(&sandbox);
    bob.must("git gryt generation edit v1.0.0 --change add:LATE:l");
    bob.must("git gryt evolution start v1.0.0 --change LATE");
    ann.must(
        "git gryt evolution start v1.0.0 --change A && git gryt run && git gryt promote v1.0.0",
    );
    bob.must("git gryt sync pull");
    let said = bob.refused(3, "git gryt generation edit v1.0.0 --change add:MORE:m");
    assert!(
        said.contains("git gryt generation rename v1.0.0 NEW"),
        "{said}"
    );
    bob.refused(3, "git gryt run");
    let status = bob.must("git gryt sync status");
    assert!(status.contains("conflict"), "{status}");
    assert!(
        status.contains("v1.0.0: Promoted without your last edits"),
        "{status}"
    );
    assert!(status.contains("Sync status: Conflict"), "{status}");
}

#[test]
fn cloud_mode_says_what_its_pull_found() {
    let sandbox = Sandbox::new();
    let (ann, _, hosting) = pair(&sandbox);
    ann.must("git gryt config execution_mode cloud");
    hosting.git("update-ref -d refs/gryt/generations/v1.0.0");
    let ran = ann.sh("git gryt generation list");
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(
        ran.err.contains("v1.0.0 was deleted in the cloud"),
        "{ran:#?}"
    );
}

#[test]
fn a_tag_that_landed_is_not_called_refused() {
    let sandbox = Sandbox::new();
    let (ann, _, hosting) = pair(&sandbox);
    ann.must("git gryt evolution start v1.0.0 --change A && git gryt run && git gryt sync push-evolutions");
    hosting.must(
        "mkdir -p hooks && printf '#!/bin/sh\\ncase $(cat) in *refs/tags/*) kill -9 $PPID;; esac\\n' \
         > hooks/post-receive && chmod +x hooks/post-receive",
    );
    let ran = ann.sh("git gryt promote v1.0.0");
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:#?}");
    assert!(ran.out.contains("Tag v1.0.0"), "{ran:#?}");
    assert_eq!(hosting.git("tag"), "v1.0.0");
}

#[test]
fn a_renamed_remote_keeps_its_memory() {
    let sandbox = Sandbox::new();
    let (ann, _, hosting) = pair(&sandbox);
    ann.git("remote rename origin up 2>/dev/null");
    hosting.git("update-ref -d refs/gryt/generations/v1.0.0");
    let pulled = ann.must("git gryt sync pull");
    assert!(
        pulled.contains("v1.0.0 was deleted in the cloud"),
        "{pulled}"
    );
    ann.must("git gryt sync push");
    assert_eq!(hosting.refs("refs/gryt").len(), 1);
}

#[test]
fn settings_are_not_written_through_a_link_and_can_be_mended() {
    let sandbox = Sandbox::new();
    let (ann, ..) = pair(&sandbox);
    let outside = sandbox.path().join("outside.yaml");
    std::fs::write(&outside, "").unwrap();
    let config = ann.dir.join(".gryt/config.yaml");
    std::fs::remove_file(&config).unwrap();
    symlink(&outside, &config).unwrap();
    ann.must("git gryt config tag false --shared");
    assert_eq!(std::fs::read_to_string(&outside).unwrap(), "");
    ann.write(".gryt/config.yaml", "ledger: zz\n");
    ann.refused(7, "git gryt log");
    std::fs::remove_file(&config).unwrap();
    std::fs::create_dir(&config).unwrap();
    ann.refused(7, "git gryt log");
}

#[test]
fn errors_are_for_the_person() {
    let sandbox = Sandbox::new();
    let (ann, ..) = pair(&sandbox);
    let said = ann
        .with("GIT_AUTHOR_EMAIL", "")
        .refused(1, "git gryt generation new v10.0.0");
    assert!(said.contains("git config user.email"), "{said}");
    ann.must("git gryt generation new v1.1.0");
    ann.must("rm .gryt/generations/v1.1.0.yaml && mkdir .gryt/generations/v1.1.0.yaml");
    let ran = ann.sh("git gryt sync pull");
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(ran.err.contains("is not a regular file"), "{ran:#?}");
    let usage = ann.sh("git gryt --json bogus");
    let document: serde_json::Value = serde_json::from_str(&usage.out).unwrap();
    assert_eq!((document["exit"].as_i64(), usage.code), (Some(2), 2));
    let pulled = ann.must("git gryt --json sync pull");
    assert_eq!(pulled.matches("\"new\": ").count(), 1);
    let document: serde_json::Value = serde_json::from_str(&pulled).unwrap();
    assert_eq!(document["new_count"].as_i64(), Some(0));
    ann.refused(
        7,
        "git gryt generation edit v1.0.0 --change \"$(printf 'add:X:one\\ntwo')\"",
    );
    ann.write(
        ".gryt/generations/v1.0.0.yaml",
        "version: v1.0.0\ndescription: \"\\e[31mred\\nFORGED: line\"\nchanges: []\n",
    );
    ann.must("git gryt sync push");
    let shown = ann.must("git gryt generation show v1.0.0");
    assert!(
        !shown.contains('\u{1b}') && !shown.contains("\nFORGED"),
        "{shown}"
    );
}
