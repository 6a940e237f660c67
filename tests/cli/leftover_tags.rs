//! Tags of releases that their promoter could not send: whoever verified the promotion sends them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::sandbox::{Person, Sandbox};

/// Has the hosting refuse tags, and note which.
fn refuses_tags(hosting: &Path) -> PathBuf {
    let log = hosting.join("tags-refused");
    let hook = hosting.join("hooks/update");
    let script = format!(
        "#!/bin/sh\ncase $1 in refs/tags/*) echo $1 >> {}; echo 'protected tag' >&2; exit 1;; esac\n",
        log.display()
    );
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, script).unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    log
}

fn takes_tags(hosting: &Path) {
    fs::remove_file(hosting.join("hooks/update")).unwrap();
}

/// Somebody promotes a version, whose tag the cloud refuses.
fn promotes_untagged(who: &Person, hosting: &Path, version: &str, change: &str) {
    who.proves(version, change);
    who.must("git gryt sync push && git gryt sync push-evolutions");
    refuses_tags(hosting);
    let ran = who.sh(&format!("git gryt promote {version}"));
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(ran.err.contains("tag"), "{ran:#?}");
}

#[test]
fn a_tag_that_its_promoter_could_not_send_is_sent_by_others() {
    for line in ["sync push", "sync pull"] {
        let sandbox = Sandbox::new();
        let hosting = sandbox.hosting();
        let [ann, bob] = sandbox.team(["ann", "bob"]);
        let there = ann.at(&hosting);
        ann.must("git gryt generation new v1.0.0 --change add:A:a && git gryt sync push");
        bob.must("git gryt sync pull");
        ann.must("git gryt evolution start v1.0.0 --change A && git gryt run");
        refuses_tags(&hosting);
        ann.must("git gryt promote v1.0.0");
        takes_tags(&hosting);
        // What this contact fetches tells of the promotion, and that its tag is not there.
        let ran = bob.sh(&format!("git gryt {line}"));
        assert_eq!(ran.code, 0, "{ran:#?}");
        let told = "Sent the tag v1.0.0 of ann's promotion, which the cloud lacked";
        assert!(ran.err.contains(told), "{line}: {ran:#?}");
        // It is the very object that the promoter has.
        let made = ann.git("rev-parse refs/tags/v1.0.0");
        assert_eq!(there.git("rev-parse refs/tags/v1.0.0"), made, "{line}");
        // Nobody else is told anything, and nothing is left to do.
        let ran = ann.sh("git gryt sync pull");
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:#?}");
        assert_eq!(ann.refs("refs/gryt-local/untagged"), []);
        let again = bob.sh(&format!("git gryt {line}"));
        assert_eq!(again.err, "", "{line}");
        bob.must("git gryt sync pull");
        assert_eq!(bob.refs("refs/gryt-local/tags"), []);
        // Git brings the tag as any other.
        bob.git("fetch -q --tags");
        assert_eq!(bob.git("rev-parse refs/tags/v1.0.0"), made);
    }
}

#[test]
fn a_clone_that_never_fetches_tags_learns_from_its_own_fetch_what_is_missing() {
    let sandbox = Sandbox::new();
    let hosting = sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    let there = ann.at(&hosting);
    ann.proves("v0.9.0", "Z");
    ann.must("git gryt promote v0.9.0");
    let eve = sandbox.clone_of("eve", "--no-tags hosting.git");
    eve.must("git gryt sync pull");
    promotes_untagged(&ann, &hosting, "v1.0.0", "A");
    takes_tags(&hosting);
    eve.must("git gryt sync pull");
    eve.must("git gryt sync push");
    assert_eq!(there.git("tag"), "v0.9.0\nv1.0.0");
    assert_eq!(eve.git("tag"), "");
    assert_eq!(eve.refs("refs/gryt-local/tags"), []);
    let made = ann.git("rev-parse refs/tags/v1.0.0");
    assert_eq!(there.git("rev-parse refs/tags/v1.0.0"), made);
}

#[test]
fn a_host_that_refuses_is_told_once_and_left_alone_until_it_takes_tags() {
    let sandbox = Sandbox::new();
    let hosting = sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    let there = ann.at(&hosting);
    ann.must("git gryt generation new v0.1.0 && git gryt sync push");
    bob.must("git gryt sync pull");
    for (version, change) in [("v1.0.0", "A"), ("v1.1.0", "B"), ("v1.2.0", "C")] {
        promotes_untagged(&ann, &hosting, version, change);
    }
    bob.must("git gryt sync pull");
    // Whoever only reads is told nothing of it.
    let eve = sandbox.clone_of("eve", "hosting.git");
    for _ in 0..3 {
        let ran = eve.sh("git gryt sync pull");
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:#?}");
    }
    let log = hosting.join("tags-refused");
    fs::remove_file(&log).unwrap();
    let first = bob.sh("git gryt sync push");
    assert_eq!(first.code, 0, "{first:#?}");
    let said = first.err.matches("and refused it").count();
    assert!((1..=2).contains(&said), "{first:#?}");
    // Two refusals are a rule: the third is not tried.
    assert!(!fs::read_to_string(&log).unwrap().contains("v1.2.0"));
    let kept = bob.must("git gryt config --list");
    assert!(kept.contains("tags            not taken"), "{kept}");
    let second = bob.sh("git gryt sync push");
    assert_eq!((second.code, second.err.as_str()), (0, ""), "{second:#?}");
    takes_tags(&hosting);
    bob.must("git gryt doctor --remote && git gryt sync push");
    bob.must("git gryt sync push");
    assert_eq!(there.git("tag"), "v1.0.0\nv1.1.0\nv1.2.0");
    for version in ["v1.0.0", "v1.1.0", "v1.2.0"] {
        let name = format!("rev-parse refs/tags/{version}");
        assert_eq!(there.git(&name), ann.git(&name));
    }
}

#[test]
fn a_tag_that_nobody_wants_is_not_made() {
    let sandbox = Sandbox::new();
    let hosting = sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    let there = ann.at(&hosting);
    // Withdrawn since.
    promotes_untagged(&ann, &hosting, "v1.0.0", "A");
    ann.must("git gryt withdraw v1.0.0 --reason broken");
    takes_tags(&hosting);
    // Promoted without a tag.
    ann.git("config gryt.tag false");
    ann.proves("v1.1.0", "B");
    ann.must("git gryt promote v1.1.0");
    ann.git("config --unset gryt.tag");
    // Named otherwise by its promoter.
    ann.git("config gryt.tagFormat release-{number}");
    promotes_untagged(&ann, &hosting, "v1.2.0", "C");
    takes_tags(&hosting);
    // Seen in the cloud by everybody, and removed there by a person.
    ann.git("config --unset gryt.tagFormat");
    ann.proves("v1.3.0", "D");
    ann.must("git gryt promote v1.3.0");
    bob.must("git gryt sync pull");
    bob.must("git gryt sync pull");
    there.git("tag -d v1.3.0");
    for line in ["sync pull", "sync push", "sync pull", "sync push"] {
        let ran = bob.sh(&format!("git gryt {line}"));
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:#?}");
    }
    assert_eq!(there.git("tag"), "");
}

#[test]
fn another_tag_of_that_name_is_nobodys_to_replace_or_to_publish() {
    let sandbox = Sandbox::new();
    let hosting = sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    let there = ann.at(&hosting);
    ann.must("git gryt generation new v0.1.0 && git gryt sync push");
    bob.must("git gryt sync pull");
    promotes_untagged(&ann, &hosting, "v1.0.0", "A");
    promotes_untagged(&ann, &hosting, "v1.1.0", "B");
    takes_tags(&hosting);
    bob.must("git gryt sync pull");
    // One of bob's own, which was never meant for the cloud; and one that somebody pushed.
    bob.git("tag v1.0.0");
    there.git("tag v1.1.0 main");
    let pushed = there.git("rev-parse refs/tags/v1.1.0");
    bob.must("git gryt sync pull && git gryt sync push");
    let made = ann.git("rev-parse refs/tags/v1.0.0");
    assert_eq!(there.git("rev-parse refs/tags/v1.0.0"), made);
    assert_eq!(there.git("rev-parse refs/tags/v1.1.0"), pushed);
}

#[test]
fn a_tag_that_was_removed_is_not_made_again_by_a_new_clone() {
    let sandbox = Sandbox::new();
    let hosting = sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    let there = ann.at(&hosting);
    ann.proves("v1.0.0", "A");
    ann.must("git gryt promote v1.0.0");
    there.git("tag -d v1.0.0");
    let bob = sandbox.clone_of("bob", "hosting.git");
    for line in ["sync pull", "sync push", "sync pull", "sync push"] {
        bob.must(&format!("git gryt {line}"));
    }
    assert_eq!(there.git("tag"), "");
}
