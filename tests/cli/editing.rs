//! The working view: editing is editing, and nothing that a person wrote is ever reverted.

use crate::sandbox::Sandbox;

const FILE: &str = ".gryt/generations/v1.0.0.yaml";

fn contract(title: &str) -> String {
    format!("version: v1.0.0\nchanges:\n  - type: add\n    id: A\n    title: {title} # kept\n")
}

#[test]
fn an_edit_is_taken_in_by_what_writes_and_only_shown_by_what_reads() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [dev, other] = sandbox.team(["dev", "other"]);
    dev.must("git gryt generation new v1.0.0");
    let before = dev.git("rev-parse refs/gryt/generations/v1.0.0");
    dev.write(FILE, &contract("one"));
    assert!(dev.must("git gryt generation list").contains("(edited)"));
    assert!(dev.must("git gryt sync status").contains("edited here"));
    assert_eq!(dev.git("rev-parse refs/gryt/generations/v1.0.0"), before);
    dev.must("git gryt sync push");
    assert_eq!(dev.git("rev-parse refs/gryt/generations/v1.0.0^"), before);
    assert!(!dev.must("git gryt generation list").contains("(edited)"));
    other.must("git gryt sync pull");
    assert_eq!(other.read(FILE), contract("one"));
    // The author of an edit is whoever made it.
    other.write(FILE, &contract("two"));
    other.must("git gryt sync push");
    assert_eq!(
        other.git("log -1 --format=%an refs/gryt/generations/v1.0.0"),
        "other"
    );
    let pulled = dev.must("git gryt sync pull");
    assert!(pulled.contains("Updated: 1"), "{pulled}");
    assert_eq!(dev.read(FILE), contract("two"));
}

#[test]
fn an_invalid_edit_is_placed_and_stops_only_what_needs_it() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [dev] = sandbox.team(["dev"]);
    dev.proves("v1.1.0", "A");
    dev.must("git gryt generation new v1.0.0");
    let broken = "version: v1.0.0\nchanges:\n  - type: add\n    id: A\n    titel: x\n";
    dev.write(FILE, broken);
    for line in [
        "sync push v1.0.0",
        "promote v1.0.0",
        "evolution start v1.0.0 --change A",
    ] {
        let said = dev.refused(7, &format!("git gryt {line}"));
        assert!(
            said.contains(&format!("{FILE}: line 5, column 5")),
            "{line}: {said}"
        );
    }
    let ran = dev.sh("git gryt promote v1.1.0");
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(ran.err.contains("warning"), "{ran:#?}");
    assert_eq!(dev.read(FILE), broken);
}

#[test]
fn a_file_that_the_branch_tracks_speaks_for_nobody() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [dev] = sandbox.team(["dev"]);
    dev.must("git gryt generation new v1.0.0");
    let before = dev.git("rev-parse refs/gryt/generations/v1.0.0");
    dev.write(FILE, &contract("sly"));
    dev.git(&format!("add -f {FILE}"));
    let said = dev.refused(7, "git gryt sync push v1.0.0");
    assert!(said.contains("is tracked by the branch"), "{said}");
    assert_eq!(dev.git("rev-parse refs/gryt/generations/v1.0.0"), before);
    assert_eq!(dev.read(FILE), contract("sly"));
}

#[test]
fn files_that_gryt_did_not_write_are_left_alone() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [dev, other] = sandbox.team(["dev", "other"]);
    dev.must("git gryt generation new v1.0.0 && git gryt sync push");
    // A stranger in the way of a draft that is pulled.
    other.write(FILE, &contract("mine"));
    let ran = other.sh("git gryt sync pull");
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(other.read(FILE), contract("mine"));
    let said = other.refused(6, "git gryt sync push v1.0.0");
    assert!(said.contains("not a state that the draft"), "{said}");
    // A file that was removed comes back: deleting a draft is a command.
    other.must(&format!("rm {FILE} && git gryt sync pull"));
    assert_eq!(other.read(FILE), dev.read(FILE));
    // A state of the past without a note is merely old.
    let old = dev.read(FILE);
    dev.must("git gryt generation edit v1.0.0 -d new && rm -r .git/gryt");
    dev.write(FILE, &old);
    dev.must("git gryt sync push");
    assert!(dev.read(FILE).contains("new"));
}

#[test]
fn a_link_that_leads_out_of_the_working_tree_is_not_followed() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [dev, other] = sandbox.team(["dev", "other"]);
    dev.must("git gryt generation new v1.0.0 && git gryt sync push");
    let outside = sandbox.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    other.must(&format!("ln -s {} .gryt/generations", outside.display()));
    let said = other.refused(1, "git gryt sync pull");
    assert!(said.contains("is not a folder"), "{said}");
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
}

#[test]
fn the_editor_is_gits_own() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [dev] = sandbox.team(["dev"]);
    dev.must("git gryt generation new v1.0.0 --change add:A:a");
    let editor = dev.with("GIT_EDITOR", "sed -i 's/title: .*/title: edited/'");
    assert_eq!(
        editor.must("git gryt generation edit v1.0.0"),
        "Edited v1.0.0\nv1.0.0 is not shared yet: git gryt sync push v1.0.0\n"
    );
    let there = dev.git("show refs/gryt/generations/v1.0.0:generation.yaml");
    assert!(there.contains("title: edited"), "{there}");
    let said = dev
        .with("GIT_EDITOR", "false")
        .refused(1, "git gryt generation edit v1.0.0");
    assert!(said.contains("The editor failed"), "{said}");
}

#[test]
fn what_cannot_work_says_what_it_needs() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let nobody = sandbox.nobody();
    assert!(
        nobody
            .refused(1, "git gryt log")
            .contains("is not in a git repository")
    );
    let [dev] = sandbox.team(["dev"]);
    dev.git("config --unset user.email");
    dev.git("config user.useConfigOnly true");
    let said = dev.refused(1, "git gryt generation new v1.0.0");
    assert!(said.contains("git config user.email"), "{said}");
    dev.git("config user.email dev@example.com");
    for (code, line) in [
        (7, "generation new v1.x"),
        (7, "generation new v1.0.0 --change new:A:a"),
        (7, "generation show v9.9.9"),
        (2, "generation new"),
        (2, "config nope"),
        (2, "config execution_mode sideways"),
        (2, "config remote nope"),
    ] {
        dev.refused(code, &format!("git gryt {line}"));
    }
    // A setting that makes no sense can be mended by the command that sets it.
    dev.git("config gryt.remote nope");
    dev.refused(2, "git gryt sync pull");
    dev.must("git gryt config remote origin && git gryt sync pull");
    let below = dev.at(dev.dir.join(".gryt"));
    below.must("git gryt log");
    nobody.must("git gryt -C dev log");
    let bare = nobody.at(sandbox.path().join("hosting.git"));
    assert!(bare.refused(1, "git gryt init").contains("bare"));
    nobody.git("init -q empty");
    let empty = nobody.at(sandbox.path().join("empty"));
    empty.must("git gryt log");
    let said = empty
        .with("GIT_AUTHOR_NAME", "x")
        .with("GIT_AUTHOR_EMAIL", "x@y")
        .refused(7, "git gryt promote v1.0.0");
    assert!(said.contains("There is no commit yet"), "{said}");
}

#[test]
fn unusual_places_to_work_in_work() {
    let sandbox = Sandbox::new();
    let hosting = sandbox.hosting();
    let [dev] = sandbox.team(["dev"]);
    dev.git("checkout -q --detach");
    dev.proves("v1.0.0", "A");
    dev.must("git gryt promote v1.0.0");
    assert_eq!(
        dev.git("rev-parse v1.0.0^{commit}"),
        dev.git("rev-parse HEAD")
    );
    // A submodule is a repository of its own, whose git folder lies elsewhere.
    let nobody = sandbox.nobody();
    nobody.git("init -q -b main outer");
    let outer = nobody.at(sandbox.path().join("outer"));
    outer.git(&format!(
        "-c protocol.file.allow=always submodule add -q {} inner",
        hosting.display()
    ));
    let inner = outer
        .at(sandbox.path().join("outer/inner"))
        .with("GIT_AUTHOR_NAME", "sub")
        .with("GIT_AUTHOR_EMAIL", "sub@example.com")
        .with("GIT_COMMITTER_NAME", "sub")
        .with("GIT_COMMITTER_EMAIL", "sub@example.com");
    inner.must("git gryt sync pull");
    inner.proves("v1.1.0", "B");
    inner.must("git gryt promote v1.1.0");
    assert!(
        dev.must("git gryt sync pull")
            .contains("New generations: 1")
    );
    // Inside a hook git has set its variables.
    dev.must(
        "mkdir -p .git/hooks && printf '#!/bin/sh\\ngit gryt sync pull > .git/heard\\n' > .git/hooks/pre-commit \
         && chmod +x .git/hooks/pre-commit && git commit -q --allow-empty -m hooked",
    );
    assert!(dev.read(".git/heard").contains("Pulled from cloud"));
}

#[test]
fn a_contract_may_leave_out_the_v_of_its_version() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    ann.must("git gryt generation new v1.0.0 --change add:A:a");
    let path = ".gryt/generations/v1.0.0.yaml";
    let text = ann.read(path).replace("version: v1.0.0", "version: 1.0.0");
    ann.write(path, &text);
    ann.must("git gryt evolution start v1.0.0 --change A && git gryt run && git push -q");
    ann.must("git gryt promote v1.0.0");
    let sealed = ann.git("show refs/gryt/ledger:releases/1/1.0/v1.0.0.generation.yaml");
    assert!(sealed.starts_with("version: 1.0.0\n"), "{sealed}");
    let [bob] = sandbox.team(["bob"]);
    bob.must("git gryt sync pull && git gryt verify");
}
