//! Hooks and CI jobs through the tools that own them: the pre-commit framework, husky, lefthook,
//! and the engines' own schemas. `tests/tools.sh` fetches them; without, these tests say that they
//! are skipped.

use std::path::{Path, PathBuf};

use crate::sandbox::{Person, Sandbox};

/// A tool that was fetched; none where it was not.
fn tool(path: &str) -> Option<PathBuf> {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools");
    let tool = tools.join(path);
    if tool.exists() {
        return Some(tool);
    }
    eprintln!("skipped: tests/tools.sh has not fetched {path}");
    None
}

const PRE_COMMIT: &str = "python/bin/pre-commit";

fn ann(sandbox: &Sandbox) -> Person {
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    let cache = sandbox.path().join("cache").display().to_string();
    ann.with("PRE_COMMIT_HOME", &cache)
}

/// Commits are refused for a policy that cannot be read, and for nothing else.
fn guards(who: &Person) {
    who.write(".gryt/policy.yaml", "nonsense\n");
    let told = who.sh("git add -f .gryt && git commit -q -m Wrong");
    assert_ne!(told.code, 0, "{told:#?}");
    assert!((told.out + &told.err).contains(".gryt/policy.yaml"));
    who.must("git rm -q --cached .gryt/policy.yaml && rm .gryt/policy.yaml");
    who.must("git commit -q --allow-empty -m Right");
}

/// A push of what is proven and not shared says so.
fn warns(who: &Person) {
    who.must("git gryt generation new v1.0.0 --change add:A:a && git gryt sync push");
    who.must("git gryt evolution start v1.0.0 --change A");
    // A push without files is one that lefthook runs nothing for.
    who.write("work.txt", "work\n");
    who.must("git add work.txt && git commit -q -m Work && git gryt run");
    let told = who.must("git push -q origin main 2>&1");
    assert!(
        told.contains("v1.0.0/A/rc.1 is proven at a commit that you push"),
        "{told}"
    );
}

/// What `hook install` says to add, without what it says around it.
fn told(who: &Person, hook: &str, below: &str) -> String {
    let told = who.refused(6, &format!("git gryt hook install {hook}"));
    let lines = told.lines().skip_while(|line| !line.starts_with(below));
    lines.skip(1).map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_pre_commit_framework_runs_gryts_hooks() {
    let Some(pre_commit) = tool(PRE_COMMIT) else {
        return;
    };
    let sandbox = Sandbox::new();
    let ann = ann(&sandbox);
    // This repository as the framework sees it.
    ann.must("git init -q ../hooks");
    let hooks = ann.at(sandbox.path().join("hooks"));
    hooks.write(
        ".pre-commit-hooks.yaml",
        include_str!("../../.pre-commit-hooks.yaml"),
    );
    hooks.must("git -c user.name=x -c user.email=x@example.com add .");
    hooks.must("git -c user.name=x -c user.email=x@example.com commit -q -m One && git tag v1");
    ann.write(
        ".pre-commit-config.yaml",
        "default_install_hook_types: [pre-commit, pre-push, post-merge]\nrepos:\n  - repo: ../hooks\n    \
         rev: v1\n    hooks:\n      - id: gryt-pre-commit\n      - id: gryt-pre-push\n      \
         - id: gryt-post-merge\n",
    );
    ann.must("git add . && git commit -q -m Configure");
    // A hook of gryt's that is there already is kept by the framework, and runs.
    ann.write(".git/hooks/pre-commit", "#!/bin/sh\necho ran >> ../ran\n");
    ann.must("chmod +x .git/hooks/pre-commit && mv .pre-commit-config.yaml ..");
    ann.must("git gryt hook install pre-commit && mv ../.pre-commit-config.yaml .");
    ann.must(&format!("{} install", pre_commit.display()));
    guards(&ann);
    assert!(ann.read("../ran").starts_with("ran\n"));
    warns(&ann);
    let bob = sandbox.clone_of("bob", "hosting.git");
    bob.must("git gryt sync pull && git gryt generation new v9.0.0 && git gryt sync push");
    ann.must("git checkout -q -b side && git commit -q --allow-empty -m Side");
    ann.must("git checkout -q main && git commit -q --allow-empty -m Main");
    ann.must("git merge -q --no-edit side");
    assert!(ann.has(".gryt/generations/v9.0.0.yaml"), "post-merge pulls");
}

#[test]
fn what_is_said_to_add_to_the_frameworks_file_works_there() {
    let Some(pre_commit) = tool(PRE_COMMIT) else {
        return;
    };
    let sandbox = Sandbox::new();
    let ann = ann(&sandbox);
    ann.write(".pre-commit-config.yaml", "repos: []\n");
    let add = told(&ann, "pre-commit", "Add to .pre-commit-config.yaml");
    ann.write(".pre-commit-config.yaml", &format!("repos:\n{add}"));
    ann.must("git add . && git commit -q -m Configure");
    ann.must(&format!("{} install", pre_commit.display()));
    guards(&ann);
}

#[test]
fn husky_runs_what_is_said_to_add() {
    let Some(husky) = tool("node_modules/.bin/husky") else {
        return;
    };
    let sandbox = Sandbox::new();
    let ann = ann(&sandbox);
    ann.must(&husky.display().to_string());
    for hook in ["pre-commit", "pre-push"] {
        let add = told(&ann, hook, "Add to .husky/");
        ann.write(&format!(".husky/{hook}"), &add);
    }
    guards(&ann);
    warns(&ann);
    let without = ann.with("PATH", &path_without(&ann));
    without.must("git commit -q --allow-empty -m Gone");
}

#[test]
fn lefthook_runs_what_is_said_to_add() {
    let Some(lefthook) = tool("node_modules/.bin/lefthook") else {
        return;
    };
    let sandbox = Sandbox::new();
    let ann = ann(&sandbox);
    let bin = lefthook.parent().unwrap().display().to_string();
    let path = format!("{bin}:{}", ann.variable("PATH"));
    let ann = ann.with("PATH", &path);
    ann.write("lefthook.yml", "");
    let mut file = String::new();
    for hook in ["pre-commit", "pre-push"] {
        file += &told(&ann, hook, "Add to lefthook.yml");
    }
    ann.write("lefthook.yml", &file);
    ann.must(&format!("{} install", lefthook.display()));
    guards(&ann);
    warns(&ann);
}

/// The same without this program.
fn path_without(who: &Person) -> String {
    let path = who.variable("PATH");
    let own = Path::new(crate::sandbox::PROGRAM).parent().unwrap();
    let kept = std::env::split_paths(&path).filter(|folder| folder != own);
    std::env::join_paths(kept).unwrap().into_string().unwrap()
}

#[test]
fn the_jobs_are_what_the_engines_take() {
    let Some(check) = tool("python/bin/check-jsonschema") else {
        return;
    };
    let sandbox = Sandbox::new();
    let ann = ann(&sandbox);
    for (engine, schema, file) in [
        (
            "github",
            "vendor.github-workflows",
            ".github/workflows/gryt.yml",
        ),
        ("gitlab", "vendor.gitlab-ci", ".gitlab/gryt.yml"),
        ("gitlab", "vendor.gitlab-ci", ".gitlab-ci.yml"),
        ("circleci", "vendor.circle-ci", ".circleci/config.yml"),
    ] {
        ann.must(&format!("git gryt init --ci {engine}"));
        let check = format!("{} --builtin-schema {schema}", check.display());
        ann.must(&format!("{check} {file}"));
        // The check is one that can fail.
        ann.write("wrong.yml", "jobs: 7\ninclude: 7\n");
        assert_ne!(ann.sh(&format!("{check} wrong.yml")).code, 0);
    }
}
