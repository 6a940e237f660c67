//! Renames that are cut short, and what happens before they are repeated.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::sandbox::{Person, Sandbox};

/// Two people share a proven draft, and the cloud refuses to let go of its name until the hook goes.
fn cut_short(sandbox: &Sandbox) -> (Person, Person, std::path::PathBuf) {
    let hosting = sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    ann.proves("v1.0.0", "A");
    ann.must("git gryt sync push && git gryt sync push-evolutions");
    bob.must("git gryt sync pull");
    let hook = hosting.join("hooks/pre-receive");
    fs::create_dir_all(hosting.join("hooks")).unwrap();
    fs::write(&hook, "#!/bin/sh\nexit 1\n").unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    ann.refused(8, "git gryt generation rename v1.0.0 v2.0.0");
    assert_eq!(ann.refs("refs/gryt-local/renaming").len(), 1);
    fs::remove_file(&hook).unwrap();
    (ann, bob, hosting)
}

#[test]
fn what_was_proven_since_comes_along() {
    let sandbox = Sandbox::new();
    let (ann, _, _) = cut_short(&sandbox);
    ann.must(
        "git gryt evolution record v1.0.0 --change A --status pass --url https://ci.example.com/late",
    );
    ann.must("git gryt generation rename v1.0.0 v2.0.0");
    assert_eq!(ann.refs("refs/gryt/evolutions/v1.0.0"), []);
    let all = ann.refs("refs/gryt/evolutions/v2.0.0");
    let proofs = all.iter().map(|(name, _)| {
        ann.git(&format!("log --first-parent -p {name}"))
            .contains("https://ci.example.com/late")
    });
    assert!(proofs.into_iter().any(|late| late), "{all:?}");
    assert_eq!(ann.refs("refs/gryt-local/renaming"), []);
}

#[test]
fn what_was_edited_since_stays() {
    let sandbox = Sandbox::new();
    let (ann, _, _) = cut_short(&sandbox);
    ann.must("git gryt generation edit v1.0.0 --change add:LATE:late");
    let said = ann.sh("git gryt generation rename v1.0.0 v2.0.0");
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.err.contains("v1.0.0 was edited meanwhile"), "{said:?}");
    assert!(ann.must("git gryt generation show v1.0.0").contains("LATE"));
    assert!(ann.must("git gryt generation show v2.0.0").contains('A'));
}

#[test]
fn others_work_on_the_old_name_ends_it() {
    let sandbox = Sandbox::new();
    let (ann, bob, _) = cut_short(&sandbox);
    bob.must("git gryt evolution start v1.0.0 --change A && git gryt sync push-evolutions");
    ann.must("git gryt sync pull");
    let said = ann.refused(6, "git gryt generation rename v1.0.0 v2.0.0");
    assert!(said.contains("has worked on v1.0.0"), "{said}");
    assert!(
        said.contains("v1.0.0 stays, and v2.0.0 is a copy"),
        "{said}"
    );
    assert_eq!(ann.refs("refs/gryt-local/renaming"), []);
    ann.must("git gryt generation delete v2.0.0");
    ann.must("git gryt sync push");
    assert_eq!(ann.refs("refs/gryt/generations").len(), 1);
}

/// The cloud let go of a draft, and the process was killed before this clone did.
#[test]
fn a_deletion_that_was_cut_here_is_not_undone_by_a_push() {
    let sandbox = Sandbox::new();
    let hosting = sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    ann.proves("v1.0.0", "A");
    ann.must("git gryt sync push && git gryt sync push-evolutions");
    // What the clone holds when it is killed there: the cloud acknowledged, and nothing is put aside.
    let hooks = ann.dir.join("hooks");
    fs::create_dir_all(&hooks).unwrap();
    let gate = "#!/bin/sh\n[ \"$1\" = prepared ] || exit 0\n! grep -q refs/gryt-local/deleted\n";
    let hook = hooks.join("reference-transaction");
    fs::write(&hook, gate).unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    ann.git(&format!("config core.hooksPath {}", hooks.display()));
    let said = ann.sh("git gryt generation delete v1.0.0");
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.err.contains("deleted in the cloud"), "{said:?}");
    let gone = |who: &Person| {
        who.git(&format!(
            "--git-dir={} for-each-ref refs/gryt/generations",
            hosting.display()
        ))
    };
    assert_eq!(gone(&ann), "");
    ann.git("config --unset core.hooksPath");
    ann.sh("git gryt sync push; git gryt sync push-evolutions");
    assert_eq!(gone(&ann), "");
    ann.must("git gryt sync pull");
    assert_eq!(ann.refs("refs/gryt/generations"), []);
    ann.must("git gryt generation restore v1.0.0");
    assert_eq!(ann.refs("refs/gryt/generations").len(), 1);
    assert_eq!(ann.refs("refs/gryt/evolutions").len(), 1);
}
