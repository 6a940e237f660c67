//! How often a push is sent that a rule of the host's refuses: docs/hosts.md says the numbers.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::sandbox::{Person, Sandbox};

fn hook(hosting: &Path, name: &str, script: &str) {
    let path = hosting.join("hooks").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Has the hosting note each push, as what it is made of, and then judge by `whole` or, ref by ref, by
/// `each`. Returns the notes.
fn rules(hosting: &Path, whole: &str, each: &str) -> PathBuf {
    let log = hosting.join("pushes");
    let script = format!(
        "while read old new ref; do case $ref,$new in\n\
         refs/tags/*) printf 'tag ';;\n\
         *,*[!0]*) case $ref in */ledger) printf 'ledger ';; *) printf 'move ';; esac;;\n\
         *) printf 'deletion ';;\n\
         esac; done >> {log}; echo >> {log}\n{whole}",
        log = log.display()
    );
    hook(hosting, "pre-receive", &script);
    hook(hosting, "update", each);
    log
}

/// What was pushed since the last look, a push a line.
fn pushes(log: &Path) -> Vec<String> {
    let text = fs::read_to_string(log).unwrap_or_default();
    let _ = fs::remove_file(log);
    let sorted = |line: &str| {
        // Git decides in which order a server gets them.
        let mut words: Vec<&str> = line.split_whitespace().collect();
        words.sort_unstable();
        words.join(" ")
    };
    text.lines().map(sorted).collect()
}

/// Somebody with two drafts, one of them proven and shared.
fn ready(sandbox: &Sandbox) -> (Person, PathBuf) {
    let hosting = sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    ann.proves("v1.0.0", "A");
    ann.must("git gryt sync push && git gryt sync push-evolutions");
    ann.must("git gryt generation new v1.1.0 --change add:B:b");
    ann.must("git gryt generation new v1.2.0 --change add:C:c");
    (ann, hosting)
}

const TAGS: &str = "case $1 in refs/tags/*) exit 1;; esac";
const DELETIONS: &str = "case $3 in *[!0]*) ;; *) exit 1;; esac";
const BOTH: &str = "case $1,$3 in refs/tags/*) exit 1;; *,*[!0]*) ;; *) exit 1;; esac";
const LEDGER: &str = "case $1 in refs/gryt/ledger) exit 1;; esac";

#[test]
fn a_promotion_that_is_refused_is_sent_as_often_as_the_page_says() {
    let all = "deletion deletion ledger tag";
    let tagless = "deletion deletion ledger";
    for (whole, each, code, expected) in [
        // No line names a culprit: once without the tag, once without the deletions.
        ("exit 1", "", 8, vec![all, tagless, "ledger"]),
        // The ledger is named: the same once more, as a lock may have stood in the way.
        ("", LEDGER, 8, vec![all, all]),
        // What the release can do without is named: once without it, and it follows by itself.
        ("", TAGS, 0, vec![all, tagless, "tag"]),
        (
            "",
            DELETIONS,
            0,
            vec![all, "ledger tag", "deletion deletion", "deletion"],
        ),
        (
            "",
            BOTH,
            0,
            vec![
                all,
                "ledger tag",
                "ledger",
                "tag",
                "deletion deletion",
                "deletion",
            ],
        ),
    ] {
        let sandbox = Sandbox::new();
        let (ann, hosting) = ready(&sandbox);
        let log = rules(&hosting, whole, each);
        let ran = ann.sh("git gryt promote v1.0.0");
        assert_eq!(ran.code, code, "{whole} {each}: {ran:#?}");
        assert_eq!(pushes(&log), expected, "{whole} {each}");
        assert_eq!(ann.refs("refs/gryt-local/promoting"), []);
    }
}

#[test]
fn what_is_no_promotion_is_sent_twice_at_most_where_it_is_refused() {
    let sandbox = Sandbox::new();
    let (ann, hosting) = ready(&sandbox);
    let log = rules(&hosting, "exit 1", "");
    for (line, expected) in [
        ("sync push", vec!["move move", "move"]),
        ("sync push v1.1.0", vec!["move", "move"]),
        (
            "generation delete v1.0.0",
            vec!["deletion deletion", "deletion"],
        ),
        ("withdraw v1.0.0 --reason x", vec![]),
    ] {
        let ran = ann.sh(&format!("git gryt {line}"));
        assert_ne!(ran.code, 0, "{line}: {ran:#?}");
        assert_eq!(pushes(&log), expected, "{line}: {ran:#?}");
    }
    fs::remove_file(hosting.join("hooks/pre-receive")).unwrap();
    ann.must("git gryt promote v1.0.0");
    let log = rules(&hosting, "exit 1", "");
    ann.refused(8, "git gryt withdraw v1.0.0 --reason x");
    assert_eq!(pushes(&log), ["ledger", "ledger"]);
}

#[test]
fn what_a_host_is_known_to_refuse_is_not_sent_with_the_next_promotion() {
    let sandbox = Sandbox::new();
    let (ann, hosting) = ready(&sandbox);
    let log = rules(&hosting, "", BOTH);
    ann.must("git gryt promote v1.0.0");
    for (version, change) in [("v2.0.0", "X"), ("v2.1.0", "Y")] {
        ann.proves(version, change);
        ann.must(&format!("git gryt sync push {version}"));
        pushes(&log);
        ann.must(&format!("git gryt promote {version}"));
    }
    // Two releases were refused theirs: from the third on, the ledger is all that is sent.
    assert_eq!(pushes(&log), ["ledger"]);
}
