//! docs/tutorial.md: each command of the page is typed, in the order of the page, and prints what the page
//! says. `UPDATE_EXPECT=1 cargo test --test cli tutorial` writes what is printed into the page.

use std::fmt::Write;
use std::fs;

use crate::documents::root;
use crate::sandbox::{Person, Sandbox, Transcript};

const PAGE: &str = "docs/tutorial.md";

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

#[test]
fn the_tutorial_prints_what_it_says() {
    let file = root().join(PAGE);
    let page = fs::read_to_string(&file).unwrap();
    let sandbox = Sandbox::new();
    sandbox.unprepared();
    let team = sandbox.team(["ann", "bob"]);
    let now = played(&page, &sandbox, &team);
    assert!(now.matches("$ git gryt").count() > 20, "{now}");
    let plain = |text: &str| Transcript::plain(text, "~");
    if plain(&now) == plain(&page) {
        return;
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&file, now).unwrap();
        return;
    }
    assert_eq!(plain(&page), plain(&now), "UPDATE_EXPECT=1 writes {PAGE}");
}
