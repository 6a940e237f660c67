//! Who may import whom (docs/architecture.md, "The rooms"). Read from the source itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::documents::root;

/// Each room and what it imports beside itself: the table in docs/architecture.md, "The rooms".
fn allowed() -> BTreeMap<String, BTreeSet<String>> {
    let page = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let rows = page.split("| room | imports |").nth(1).unwrap();
    let names = |cell: &str| {
        let quoted = cell.split('`').skip(1).step_by(2);
        quoted.map(str::to_owned).collect::<BTreeSet<String>>()
    };
    let row = |line: &str| {
        let mut cells = line.trim_matches('|').split('|');
        let room = names(cells.next()?).pop_first()?;
        Some((room, names(cells.next()?)))
    };
    let table = rows
        .trim_start()
        .lines()
        .take_while(|line| line.starts_with('|'));
    table.filter_map(row).collect()
}

/// Outside worlds that have one owner.
const OWNED: [(&str, &[&str]); 8] = [
    ("git2::", &["store"]),
    ("rusqlite::", &["cache"]),
    ("Command::new(", &["git", "runner"]),
    ("rustix::", &["git", "runner"]),
    ("signal_hook::", &["runner"]),
    ("indicatif::", &["render"]),
    ("ratatui::", &["render"]),
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
            let tests = ["tests.rs", "protocol", "schemas.rs"];
            if below
                .iter()
                .any(|part| tests.iter().any(|test| part == *test))
            {
                continue;
            }
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            let code = code.to_owned();
            found.push((room, below, code));
        }
    }
    found
}

#[test]
fn each_room_imports_what_the_table_says() {
    let allowed = allowed();
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (room, file, code) in sources() {
        if matches!(room.as_str(), "lib" | "main") {
            continue;
        }
        let rules = allowed.get(&room);
        let rules = rules.unwrap_or_else(|| panic!("{room} is a room without a row"));
        let imports = code.match_indices("crate::").filter_map(|(at, prefix)| {
            let rest = &code[at + prefix.len()..];
            rest.split(|c: char| !c.is_alphanumeric() && c != '_')
                .next()
        });
        for import in imports.filter(|import| *import != room) {
            if !rules.contains(import) {
                wrong.push(format!("{} imports {import}", file.display()));
            }
            used.entry(room.clone())
                .or_default()
                .insert(import.to_owned());
        }
    }
    for (room, rules) in &allowed {
        let used = used.remove(room).unwrap_or_default();
        let stale = rules
            .difference(&used)
            .map(|rule| format!("{room} never imports {rule}"));
        wrong.extend(stale);
    }
    assert!(allowed.len() > 10, "{allowed:?}");
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
