//! docs/tutorial.md, docs/cookbook.md and docs/releasing.md: each command of the page is typed, in the order of the page, and prints
//! what the page says. `UPDATE_EXPECT=1 cargo test --test cli tutorial` writes what is printed into the pages.

use std::fmt::Write;
use std::fs;

use crate::documents::root;
use crate::sandbox::{Person, Sandbox, Transcript};

/// A command of the page: who types what. Each prompt is a name and `$ `.
fn prompt<'a>(line: &'a str, team: &'a [Person]) -> Option<(&'a Person, &'a str)> {
    let (name, command) = line.split_once("$ ")?;
    let who = team.iter().find(|person| person.name == name)?;
    Some((who, command))
}

/// The page with what its commands print now.
fn played(page: &str, sandbox: &Sandbox, team: &[Person]) -> String {
    let mut out = String::new();
    let mut lines = page.lines().peekable();
    while let Some(line) = lines.next() {
        _ = writeln!(out, "{line}");
        if line != "```console" {
            continue;
        }
        while let Some(line) = lines.next_if(|line| *line != "```") {
            let Some((who, command)) = prompt(line, team) else {
                continue;
            };
            // What is typed over several lines ends where a line ends without a backslash.
            let mut typed = command.to_owned();
            _ = writeln!(out, "{line}");
            while typed.ends_with('\\') {
                let more = lines.next().unwrap();
                _ = writeln!(out, "{more}");
                typed.pop();
                typed += more;
            }
            let ran = who.sh(&format!("{{ {typed}\n}} 2>&1"));
            out += &ran.out.replace(&sandbox.path().display().to_string(), "~");
            if ran.code != 0 {
                _ = writeln!(out, "[exit {}]", ran.code);
            }
        }
    }
    out
}

/// Types the commands of a page, and compares what they print with what the page says.
pub(crate) fn check(file: &str, sandbox: &Sandbox, team: &[Person]) {
    let path = root().join(file);
    let text = fs::read_to_string(&path).unwrap();
    let now = played(&text, sandbox, team);
    let plain = |text: &str| Transcript::plain(text, "~");
    if plain(&now) == plain(&text) {
        return;
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, now).unwrap();
        return;
    }
    assert_eq!(plain(&text), plain(&now), "UPDATE_EXPECT=1 writes {file}");
}

/// Plays a page with two people, in one sandbox that `prepare` made ready. `least` is how many of its commands are of git gryt.
fn plays(page: &str, least: usize, prepare: impl Fn(&Sandbox)) {
    let file = format!("docs/{page}");
    let text = fs::read_to_string(root().join(&file)).unwrap();
    assert!(text.matches("$ git gryt").count() >= least, "{text}");
    let sandbox = Sandbox::new();
    sandbox.unprepared();
    prepare(&sandbox);
    let team = sandbox.team(["ann", "bob"]);
    check(&file, &sandbox, &team);
}

#[test]
fn the_tutorial_prints_what_it_says() {
    plays("tutorial.md", 20, |_| ());
}

#[test]
fn the_cookbook_of_thirty_tasks_prints_what_it_says() {
    let text = fs::read_to_string(root().join("docs/cookbook.md")).unwrap();
    let tasks: Vec<&str> = text.split("\n### ").skip(1).collect();
    assert_eq!(tasks.len(), 30);
    for (number, task) in tasks.iter().enumerate() {
        assert!(task.starts_with(&format!("{}. ", number + 1)), "{task}");
        assert!(
            task.contains("```console\n") && task.contains("git gryt "),
            "{task}"
        );
    }
    plays("cookbook.md", 40, |_| ());
}

/// The files by which this project is released, in a project without its code: what takes long is replaced.
fn released_as_this_project(sandbox: &Sandbox) {
    let keeper = sandbox.clone_of("keeper", "hosting.git");
    for path in [
        ".gitignore",
        ".gryt/.gitignore",
        ".gryt/config.yaml",
        ".gryt/policy.yaml",
        ".gryt/pipelines/checks.yaml",
        ".gryt/pipelines/release.yaml",
        "Cargo.toml",
        "CHANGELOG.md",
    ] {
        let text = fs::read_to_string(root().join(path)).unwrap();
        // The name of the ledger that this project has is not that of the sandbox's.
        let lines = text.lines().filter(|line| !line.starts_with("ledger:"));
        let text: Vec<String> = lines.map(|line| format!("{line}\n")).collect();
        keeper.write(path, &text.concat());
    }
    keeper.write(".ci/run", "#!/bin/sh\n");
    let binary = "#!/bin/sh\nmkdir -p target/release && echo built > target/release/git-gryt\n";
    keeper.write(".ci/binary", binary);
    keeper.must("chmod +x .ci/* && git add . && git commit -q -m Begin && git push -q origin main");
}

#[test]
fn this_project_is_released_as_its_page_says() {
    plays("releasing.md", 12, released_as_this_project);
}
