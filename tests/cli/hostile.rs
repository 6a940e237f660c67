//! Forged entries, one kind a script in fixtures/hostile: what an old clone, a fresh one, a pull, `verify`,
//! a guarded server and the next promotion say of each. docs/threat-model.md lists them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::sandbox::Sandbox;

const PAGE: &str = "docs/threat-model.md";
const BEGIN: &str = "<!-- fixtures/hostile -->\n";
const END: &str = "<!-- end -->\n";

/// The scripts, in the order of their names.
fn scripts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hostile");
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.ends_with("world.sh") && !path.ends_with("lib.sh"))
        .collect();
    found.sort();
    assert!(found.len() > 30, "{found:?}");
    found
}

/// What a comment at the top of a script says.
fn said(text: &str, key: &str) -> String {
    let prefix = format!("# {key}: ");
    let line = text.lines().find_map(|line| line.strip_prefix(&prefix));
    line.unwrap_or_else(|| panic!("{key} is not said:\n{text}"))
        .to_owned()
}

#[test]
fn everybody_is_told_of_each_kind_of_forged_entry() {
    if crate::sandbox::needs_unguarded() {
        return;
    }
    let sandbox = Sandbox::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hostile");
    let nobody = sandbox.nobody();
    nobody.must("mkdir world");
    let world = folder.join("world.sh");
    nobody
        .at(sandbox.path().join("world"))
        .must(&format!("sh '{}'", world.display()));
    nobody.must("mkdir signed");
    nobody
        .at(sandbox.path().join("signed"))
        .must(&format!("sh '{}' signed", world.display()));
    let left = Mutex::new(scripts());
    let failed = Mutex::new(Vec::new());
    let work = || {
        while let Some(script) = { left.lock().unwrap().pop() } {
            let name = script.file_stem().unwrap().to_string_lossy().into_owned();
            let text = fs::read_to_string(&script).unwrap();
            let world = match text.contains("\n# world: signed\n") {
                true => "signed",
                false => "world",
            };
            nobody.must(&format!("cp -R {world} '{name}'"));
            let ran = nobody
                .at(sandbox.path().join(&name))
                .sh(&format!("sh '{}'", script.display()));
            if ran.code != 0 {
                let text = format!("{name} ({}):\n{}{}", ran.code, ran.out, ran.err);
                failed.lock().unwrap().push(text);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(work);
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn the_page_lists_each_kind_of_forged_entry() {
    let mut table = String::from(
        "| what is forged | script | `sync pull` | `verify` | server with the hook |\n| --- | --- | --- | --- | --- |\n",
    );
    for script in scripts() {
        let text = fs::read_to_string(&script).unwrap();
        let name = script.file_stem().unwrap().to_string_lossy().into_owned();
        let [kind, pull, verify, server] =
            ["kind", "pull", "verify", "server"].map(|key| said(&text, key));
        table += &format!("| {kind} | `{name}` | {pull} | {verify} | {server} |\n");
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let page = fs::read_to_string(&file).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let new = format!("{before}{BEGIN}{table}{END}{after}");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&file, &new).unwrap();
        return;
    }
    assert_eq!(page, new, "UPDATE_EXPECT=1 writes {PAGE}");
}
