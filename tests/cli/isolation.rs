//! `run --isolated` works on the whole commit, or says what of it is not there.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::sandbox::{Person, Sandbox};

const POINTER: &str = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 8\n";

/// As much of Git LFS as git needs: pointers go into git, and `content` comes out.
const LFS: &str = r#"#!/bin/sh
case $1 in
version) ;;
clean) cat >/dev/null; printf '%s' "$POINTER" ;;
smudge) cat >/dev/null; echo content ;;
pull)
  git ls-files ':(attr:filter=lfs)' | while read -r file; do echo content >"$file"; done
  git ls-files ':(attr:filter=lfs)' | git update-index -q --refresh --stdin ;;
esac
"#;

/// A commit with two files that Git LFS keeps elsewhere, and a pipeline that needs one of them.
fn project(sandbox: &Sandbox) -> Person {
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    ann.write(
        ".gitattributes",
        "*.bin filter=lfs diff=lfs merge=lfs -text\n",
    );
    ann.write("big.bin", POINTER);
    ann.write("other.bin", POINTER);
    // Written by somebody else's hand, and no pointer.
    ann.write("plain.bin", "content\n");
    let text = "steps:\n- name: reads\n  run: grep -q ^content big.bin\n";
    ann.tracks(".gryt/pipelines/pipeline.yaml", text);
    ann.must("git gryt generation new v1.0.0 --change add:A:a");
    ann.must("git gryt evolution start v1.0.0 --change A");
    ann
}

/// The same person, with Git LFS on `PATH`.
fn with_lfs(sandbox: &Sandbox, ann: &Person) -> Person {
    let bin = sandbox.path().join("bin");
    fs::create_dir_all(&bin).unwrap();
    let program = bin.join("git-lfs");
    fs::write(&program, LFS).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", bin.display(), ann.variable("PATH"));
    ann.with("PATH", &path).with("POINTER", POINTER)
}

fn installs(ann: &Person, smudge: &str) {
    ann.git("config filter.lfs.clean 'git-lfs clean -- %f'");
    ann.git(&format!("config filter.lfs.smudge '{smudge}'"));
    ann.git("config filter.lfs.required true");
}

#[test]
fn files_of_git_lfs_are_there_in_isolation() {
    let sandbox = Sandbox::new();
    let ann = with_lfs(&sandbox, &project(&sandbox));
    ann.must("git rm -q plain.bin && git commit -q -m Remove");
    // As `git lfs install` sets it, and with what `--skip-smudge` makes of it.
    for smudge in ["git-lfs smudge -- %f", "cat"] {
        installs(&ann, smudge);
        let ran = ann.sh("git gryt run --isolated --json");
        assert_eq!(ran.code, 0, "{smudge}: {ran:#?}");
        assert!(ran.out.contains("\"void\": null"), "{smudge}: {ran:#?}");
        assert!(!ran.err.contains("LFS"), "{smudge}: {ran:#?}");
    }
}

#[test]
fn files_of_git_lfs_that_are_not_there_are_named_where_a_step_fails() {
    let sandbox = Sandbox::new();
    let ann = project(&sandbox);
    let probe = ann.sh("git lfs version");
    let failed = |ann: &Person, next: &str| {
        let told = ann.refused(5, "git gryt run --isolated");
        let last = told.lines().last().unwrap();
        assert!(last.contains("A step failed"), "{told}");
        assert!(last.contains("big.bin, other.bin"), "{told}");
        assert!(!last.contains("plain.bin"), "{told}");
        assert!(last.ends_with(next), "{told}");
    };
    if probe.code == 0 {
        eprintln!("git-lfs is installed here: what is said without it is skipped");
    } else {
        failed(
            &ann,
            "install git-lfs (https://git-lfs.com), then: git lfs install",
        );
        // Git cannot check out at all where it is told to use what is not there.
        installs(&ann, "git-lfs smudge -- %f");
        let told = ann.refused(1, "git gryt run --isolated");
        assert!(told.contains("git-lfs is not installed"), "{told}");
        ann.git("config --remove-section filter.lfs");
    }
    failed(&with_lfs(&sandbox, &ann), "git lfs install");
}

#[test]
fn a_step_that_fails_without_submodules_is_told_of_them() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    let nobody = sandbox.nobody();
    nobody.must("git init -q -b main inner && cd inner && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m Inner");
    ann.git("-c protocol.file.allow=always submodule --quiet add ../inner inner");
    let text = "steps:\n- name: looks\n  run: test -e inner/.git\n";
    ann.tracks(".gryt/pipelines/pipeline.yaml", text);
    ann.must("git gryt generation new v1.0.0 --change add:A:a");
    ann.must("git gryt evolution start v1.0.0 --change A");
    // Git takes no submodule from a folder unless it is told to.
    let told = ann.refused(5, "git gryt run --isolated");
    let last = told.lines().last().unwrap();
    assert!(last.contains("A step failed. The submodules"), "{told}");
    let allowed = ann.with("GIT_ALLOW_PROTOCOL", "file");
    let ran = allowed.sh("git gryt run --isolated");
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(!ran.err.contains("submodules"), "{ran:#?}");
}
