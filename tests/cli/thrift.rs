//! How often git is started, and for what: one process for each exchange with a remote, at most one
//! for local refs, and none for each object.

use std::fs;

use crate::sandbox::{Person, Sandbox, needs_files};

/// A person whose every git process leaves a line.
fn watched(sandbox: &Sandbox, who: &Person) -> Person {
    let folder = sandbox.path().join("watch");
    fs::create_dir_all(&folder).unwrap();
    let real = who.must("command -v git");
    let log = folder.join("log");
    let script = format!(
        "#!/bin/sh\necho \"$*\" >> {}\nexec {} \"$@\"\n",
        log.display(),
        real.trim()
    );
    fs::write(folder.join("git"), script).unwrap();
    who.must(&format!("chmod +x {}/git", folder.display()));
    let path = who.variable("PATH");
    who.with("PATH", &format!("{}:{path}", folder.display()))
}

/// The subcommands of git that one line of ours starts.
fn started(sandbox: &Sandbox, who: &Person, line: &str) -> Vec<String> {
    let log = sandbox.path().join("watch/log");
    let _ = fs::remove_file(&log);
    who.must(&format!("git-gryt {line}"));
    let text = fs::read_to_string(&log).unwrap_or_default();
    let word = |line: &str| {
        let mut words = line.split(' ');
        // Options of git itself come before the subcommand, some with a value.
        while let Some(word) = words.next() {
            match word {
                "-c" => _ = words.next(),
                word => return word.to_owned(),
            }
        }
        String::new()
    };
    text.lines().map(word).collect()
}

#[test]
fn each_command_starts_git_for_exchanges_and_little_else() {
    // On reftables git reads refs, too.
    if needs_files() {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    // A ledger that is there already, and a git that asks no date of the environment.
    ann.proves("v0.1.0", "Z");
    ann.must("git gryt promote v0.1.0");
    bob.must("git gryt sync pull");
    let undated = |who: &Person| {
        let line = "unset GIT_AUTHOR_DATE GIT_COMMITTER_DATE";
        let shell = watched(&sandbox, who);
        (shell, line)
    };
    let (ann, unset) = undated(&ann);
    let run = |line: &str| {
        let log = sandbox.path().join("watch/log");
        let _ = fs::remove_file(&log);
        started(
            &sandbox,
            &ann,
            &format!("--version >/dev/null; {unset}; git-gryt {line}"),
        )
    };
    for (line, expected) in [
        ("generation new v1.0.0 --change add:A:a", vec!["config"]),
        ("evolution start v1.0.0 --change A", vec!["config"]),
        (
            "sync push v1.0.0",
            vec!["config", "fetch", "push", "update-ref"],
        ),
        ("generation list", vec!["config"]),
        ("status", vec!["config"]),
        ("evolution list v1.0.0", vec!["config"]),
        ("log", vec!["config"]),
        ("where A", vec!["config"]),
        ("sync pull", vec!["config", "fetch"]),
    ] {
        assert_eq!(run(line), expected, "{line}");
    }
    run("run -q");
    assert_eq!(
        run("sync push-evolutions"),
        ["config", "fetch", "push", "update-ref"]
    );
    assert_eq!(
        run("promote v1.0.0"),
        ["config", "fetch", "status", "push", "update-ref"]
    );
    let (bob, _) = undated(&bob);
    let pulled = started(&sandbox, &bob, "sync pull");
    assert_eq!(pulled.iter().filter(|w| *w == "fetch").count(), 1);
    assert_eq!(
        pulled.iter().filter(|w| *w == "update-ref").count(),
        1,
        "{pulled:?}"
    );
    // However many objects there are to read, nobody is started for one.
    assert_eq!(run("cache rebuild"), ["config"]);
    assert_eq!(run("verify"), ["config"]);
}
