//! The doctor: each thing that can be wrong is found, and nothing is left behind by looking.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::sandbox::Sandbox;

#[test]
fn a_sound_clone_is_well_and_the_probe_goes_away() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    let hosting = ann.at(sandbox.path().join("hosting.git"));
    ann.proves("v1.0.0", "A");
    ann.must("git gryt promote v1.0.0 && git gryt hook install");
    let before = hosting.refs("refs");
    let said = ann.must("git gryt doctor --remote");
    for line in [
        "ok       hooks: pre-commit, pre-push, post-merge",
        "ok       settings: hybrid, the cloud is origin",
        "ok       atomic pushes: taken",
        "ok       deletions: taken",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    assert!(
        !said.contains("warning  ") && !said.contains("error  "),
        "{said}"
    );
    assert_eq!(hosting.refs("refs"), before);
    let report = ann.must("git gryt doctor --json");
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["schema"], "gryt.doctor/1");
}

#[test]
fn what_is_wrong_is_named_with_what_to_type() {
    let sandbox = Sandbox::new();
    let hosting = sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    ann.must("git gryt generation new v1.0.0 && git gryt hook install pre-commit");
    ann.write(
        ".gryt/generations/v1.0.0.yaml",
        "version: v1.0.0\nchanges: 7\n",
    );
    ann.git("config --add remote.origin.fetch '+refs/gryt/*:refs/gryt/*'");
    ann.git("remote add --mirror=push backup ../backup.git");
    ann.write(".git/gryt/cache.db", &"not a database ".repeat(100));
    let said = ann.must("git gryt doctor");
    for line in [
        "warning  files: .gryt/generations/v1.0.0.yaml: line 2",
        "warning  refspecs: +refs/gryt/*:refs/gryt/*: a plain fetch from origin would move drafts",
        "warning  refspecs: backup is a mirror",
        "Next: git config --unset-all remote.backup.mirror",
        "warning  cache: ",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    let own = crate::sandbox::PROGRAM;
    let without = ann.with("PATH", "/usr/local/bin:/usr/bin:/bin");
    let said = without.must(&format!("{own} doctor"));
    assert!(said.contains("git-gryt is not on PATH"), "{said}");
    // Settings that make no sense are found by whoever still looks.
    ann.git("config gryt.remote nowhere");
    let ran = ann.sh("git gryt doctor");
    assert_eq!(ran.code, 1);
    assert!(
        ran.out
            .contains("error    settings: The cloud is set to nowhere"),
        "{}",
        ran.out
    );
    ann.git("config --unset gryt.remote");
    // What a host does not allow.
    let hook = |script: &str| {
        let file = hosting.join("hooks/update");
        fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    };
    hook("case $1 in refs/heads/*|refs/tags/*) ;; *) exit 1;; esac");
    let ran = ann.sh("git gryt doctor --remote");
    assert_eq!(ran.code, 1);
    let next = "Next: git gryt config --shared remote_prefix refs/heads/gryt/";
    assert!(ran.out.contains(next), "{}", ran.out);
    let there = ann.at(&hosting);
    assert_eq!(there.refs("refs/heads/gryt").len(), 0);
    hook("case $3 in *[!0]*) ;; *) exit 1;; esac");
    let said = ann.must("git gryt doctor --remote");
    assert!(said.contains("warning  deletions: not taken"), "{said}");
    fs::remove_file(hosting.join("hooks/update")).unwrap();
    there.git("config receive.advertiseAtomic false");
    let said = ann.must("git gryt doctor --remote");
    assert!(said.contains("warning  atomic pushes: not taken"), "{said}");
    ann.git("remote set-url origin ../gone.git");
    assert_eq!(ann.sh("git gryt doctor --remote").code, 1);
}

#[test]
fn a_shallow_clone_and_a_long_history_are_told_apart() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    ann.works("one.txt");
    let url = format!("file://{}/hosting.git", sandbox.path().display());
    ann.must(&format!("git clone -q --depth 1 {url} ../shallow"));
    let shallow = ann.at(sandbox.path().join("shallow"));
    shallow.git("config user.name shallow");
    shallow.git("config user.email shallow@example.com");
    let said = shallow.must("git gryt doctor");
    assert!(
        said.contains("warning  history: this clone is shallow"),
        "{said}"
    );
    let mut stream = String::from("reset refs/heads/long\n");
    for n in 0..10_001 {
        let message = format!("c{n}");
        stream += &format!(
            "commit refs/heads/long\ncommitter A <a@x.org> {} +0000\ndata {}\n{message}\n",
            1_700_000_000 + n,
            message.len()
        );
    }
    ann.write("../stream", &stream);
    ann.must("git fast-import --quiet < ../stream && git checkout -q -f long");
    let said = ann.must("git gryt doctor");
    assert!(
        said.contains("warning  history: long, and without a commit-graph"),
        "{said}"
    );
    ann.must("git commit-graph write --reachable 2>/dev/null");
    let said = ann.must("git gryt doctor");
    assert!(
        said.contains("ok       history: with a commit-graph"),
        "{said}"
    );
}
