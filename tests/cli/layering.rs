//! Who may import whom (docs/architecture.md, "The rooms"). Read from the source itself.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each room and what it may import beside itself.
const ALLOWED: [(&str, &[&str]); 14] = [
    ("model", &[]),
    ("git", &["model"]),
    ("store", &["git", "model"]),
    ("remote", &["git", "model"]),
    ("cache", &["model"]),
    ("runner", &["model"]),
    ("hooks", &["git", "model"]),
    ("config", &["model"]),
    ("context", &["model"]),
    (
        "session",
        &[
            "model", "git", "store", "remote", "cache", "runner", "hooks", "config", "context",
        ],
    ),
    (
        "commands",
        &[
            "model", "git", "store", "remote", "cache", "runner", "hooks", "session", "config",
            "context",
        ],
    ),
    ("cli", &["commands"]),
    ("help", &["cli", "commands"]),
    (
        "render",
        &[
            "commands", "model", "cache", "context", "config", "session", "cli",
        ],
    ),
];

/// Outside worlds that have one owner.
const OWNED: [(&str, &[&str]); 7] = [
    ("git2::", &["store"]),
    ("rusqlite::", &["cache"]),
    ("Command::new(", &["git", "runner"]),
    ("rustix::", &["runner"]),
    ("signal_hook::", &["runner"]),
    ("indicatif::", &["render"]),
    ("std::io::stdout()", &["render"]),
];

fn sources() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let below = path.strip_prefix(&root).unwrap().to_owned();
            let first = below.components().next().unwrap().as_os_str();
            let room = first.to_string_lossy().trim_end_matches(".rs").to_owned();
            let text = fs::read_to_string(&path).unwrap();
            // Tests may reach further than the code that they test.
            let code = text.split("#[cfg(test)]").next().unwrap().to_owned();
            found.push((room, below, code));
        }
    }
    found
}

#[test]
fn no_room_imports_one_that_it_may_not() {
    let mut wrong = Vec::new();
    for (room, file, code) in sources() {
        if matches!(room.as_str(), "lib" | "main") {
            continue;
        }
        let (_, allowed) = ALLOWED
            .iter()
            .find(|(name, _)| *name == room)
            .unwrap_or_else(|| panic!("{room} is a room without rules"));
        let imports: BTreeSet<&str> = code
            .match_indices("crate::")
            .map(|(at, prefix)| &code[at + prefix.len()..])
            .map(|rest| {
                rest.split(|c: char| !c.is_alphanumeric() && c != '_')
                    .next()
                    .unwrap()
            })
            .collect();
        for import in imports {
            if import != room && !allowed.contains(&import) {
                wrong.push(format!("{} imports {import}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_outside_world_has_one_owner() {
    let mut wrong = Vec::new();
    for (room, file, code) in sources() {
        for (sign, owners) in OWNED {
            if code.contains(sign) && !owners.contains(&room.as_str()) {
                wrong.push(format!("{} uses {sign}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_model_is_pure() {
    let mut wrong = Vec::new();
    for (_, file, code) in sources().into_iter().filter(|(room, ..)| room == "model") {
        for sign in [
            "std::fs",
            "std::env",
            "std::process",
            "std::net",
            "::now()",
            "Uuid",
        ] {
            if code.contains(sign) {
                wrong.push(format!("{} uses {sign}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
