//! Entries and evolutions as raw objects: the bytes are texts of a commit and of files, between lines `%%`.
//! `{base}`, `{draft}`, `{release}`, `{tree}`, `{root}` and `{evolution}` stand for the oids of honest objects.

use std::cell::RefCell;

use super::version;
use crate::model::ledger::{Check, check};
use crate::model::{EvolutionName, Oid};
use crate::store::Store;
use crate::store::objects::Content;

/// How often a repository is used, so that it does not grow without end.
const USES: usize = 3000;

/// A repository with one honest object of each kind.
struct Objects {
    folder: tempfile::TempDir,
    store: Store,
    names: Vec<(&'static str, Oid)>,
    uses: usize,
}

const AUTHOR: &str = "Ann <ann@example.com> 1767323045 +0000";
const CONTRACT: &str = "version: v1.0.0\nchanges:\n- {type: add, id: A, title: a}\n";

impl Objects {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut own = Self {
            store: Store::bare_at(folder.path()).unwrap(),
            folder,
            names: Vec::new(),
            uses: 0,
        };
        let genesis = own.commit(
            &[],
            &[],
            "Begin\n\nGryt-Format: 1\nGryt-Kind: genesis\nGryt-Nonce: n\n",
        );
        let release = own.commit(&[("app", b"app")], &[], "App\n");
        let draft = "Draft\n\nGryt-Format: 1\nGryt-Version: v1.0.0\nGryt-Nonce: d\n";
        let draft = own.commit(&[("generation.yaml", CONTRACT.as_bytes())], &[], draft);
        let started = format!(
            "version: v1.0.0\ngeneration: {draft}\nchange: A\nowner: {{name: Ann, email: ann@example.com}}\n\
             started: 2026-01-02T03:04:05+00:00\n"
        );
        let first =
            "Start\n\nGryt-Format: 1\nGryt-Version: v1.0.0\nGryt-Change: A\nGryt-Nonce: e\n";
        let root = own.commit(&[("evolution.yaml", started.as_bytes())], &[], first);
        let tree = own.store.commit(&release).unwrap().tree;
        own.names = vec![
            ("{base}", genesis),
            ("{draft}", draft),
            ("{release}", release),
            ("{tree}", tree),
            ("{root}", root.clone()),
            ("{evolution}", root),
        ];
        own
    }

    fn named(&self, text: &[u8]) -> Vec<u8> {
        let Ok(text) = std::str::from_utf8(text) else {
            return text.to_vec();
        };
        let mut text = text.to_owned();
        for (name, oid) in &self.names {
            text = text.replace(name, oid.as_str());
        }
        text.into_bytes()
    }

    fn oid(&self, name: &str) -> Oid {
        let found = self.names.iter().find(|(known, _)| *known == name);
        found.unwrap().1.clone()
    }

    /// A tree of these files; an empty one where git cannot name one of them.
    fn tree(&self, files: &[(&str, &[u8])]) -> Oid {
        let places: Vec<(String, Content<'_>)> = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), Content::Blob(text)))
            .collect();
        let tree = self.store.write_tree(None, &places);
        tree.unwrap_or_else(|_| self.store.write_tree(None, &[]).unwrap())
    }

    fn commit(&self, files: &[(&str, &[u8])], parents: &[&Oid], message: &str) -> Oid {
        self.raw_commit(files, parents, message.as_bytes())
    }

    fn raw_commit(&self, files: &[(&str, &[u8])], parents: &[&Oid], message: &[u8]) -> Oid {
        let mut text = format!("tree {}\n", self.tree(files)).into_bytes();
        for parent in parents {
            text.extend(format!("parent {parent}\n").into_bytes());
        }
        text.extend(format!("author {AUTHOR}\ncommitter {AUTHOR}\n\n").into_bytes());
        text.extend_from_slice(message);
        self.write(&text)
    }

    fn write(&self, commit: &[u8]) -> Oid {
        self.store.write_raw(commit).unwrap()
    }
}

thread_local! {
    static OBJECTS: RefCell<Option<Objects>> = const { RefCell::new(None) };
}

fn with(act: impl FnOnce(&Objects)) {
    OBJECTS.with_borrow_mut(|known| {
        if known.as_ref().is_none_or(|known| known.uses >= USES) {
            *known = Some(Objects::new());
        }
        let objects = known.as_mut().unwrap();
        objects.uses += 1;
        assert!(objects.folder.path().exists());
        act(objects);
    });
}

/// The parts between lines `%%`.
fn parts(bytes: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(4).position(|window| window == b"\n%%\n") {
        parts.push(&rest[..=at]);
        rest = &rest[at + 4..];
    }
    parts.push(rest);
    parts
}

/// Files by name: a part is a path, a line's end, and the text.
fn files<'t>(parts: &'t [Vec<u8>]) -> Vec<(&'t str, &'t [u8])> {
    let file = |part: &'t Vec<u8>| {
        let at = part.iter().position(|byte| *byte == b'\n')?;
        let path = std::str::from_utf8(&part[..at]).ok()?;
        let plain = path
            .split('/')
            .all(|name| !matches!(name, "" | "." | ".." | ".git"));
        // git2 does not take a NUL.
        let plain = plain && !path.contains('\0');
        plain.then_some((path, &part[at + 1..]))
    };
    parts.iter().filter_map(file).collect()
}

/// An entry of the ledger: a commit's message, and the files of its tree; or a whole commit, where it begins
/// with `tree`.
pub fn ledger(bytes: &[u8]) {
    with(|objects| {
        let parts: Vec<Vec<u8>> = parts(bytes)
            .iter()
            .map(|part| objects.named(part))
            .collect();
        let base = objects.oid("{base}");
        let entry = match parts[0].starts_with(b"tree ") {
            true => objects.write(&parts[0]),
            false => {
                let others = [
                    &objects.oid("{draft}"),
                    &objects.oid("{release}"),
                    &objects.oid("{evolution}"),
                ];
                let many = usize::from(parts[0].first().is_some_and(|first| *first != b'W')) * 3;
                let parents: Vec<&Oid> = [&base]
                    .into_iter()
                    .chain(others.into_iter().take(many))
                    .collect();
                objects.raw_commit(&files(&parts[1..]), &parents, &parts[0])
            }
        };
        let Ok(commit) = objects.store.commit(&entry) else {
            return;
        };
        for base in [Some(&base), None] {
            let Ok(facts) = objects.store.entry(&commit, base) else {
                continue;
            };
            match check(&facts, base) {
                // What is valid is found again under what it says.
                Check::Valid(verified) => {
                    let again = objects.store.entry(&commit, base).unwrap();
                    assert_eq!(check(&again, base), Check::Valid(verified));
                }
                Check::Invalid(why) | Check::Unknown(why) => assert!(!why.is_empty()),
            }
        }
    });
}

/// A commit of an evolution: its message, and the files of its tree.
pub fn evolution(bytes: &[u8]) {
    with(|objects| {
        let parts: Vec<Vec<u8>> = parts(bytes)
            .iter()
            .map(|part| objects.named(part))
            .collect();
        let name = EvolutionName {
            version: version(),
            change: "A".parse().unwrap(),
            number: 1,
        };
        let (root, release) = (objects.oid("{root}"), objects.oid("{release}"));
        let mut all = files(&parts[1..]);
        let started = objects.store.commit(&root).unwrap().tree;
        let (_, started) = objects
            .store
            .text(&started, "evolution.yaml")
            .unwrap()
            .unwrap();
        if all.iter().all(|(path, _)| *path != "evolution.yaml") {
            all.push(("evolution.yaml", &started));
        }
        let on = objects.raw_commit(&all, &[&root, &release], &parts[0]);
        let alone = objects.raw_commit(&all, &[], &parts[0]);
        for tip in [on, alone] {
            let Ok(Ok(attempt)) = objects.store.attempt(&name, &tip) else {
                continue;
            };
            assert_eq!(attempt.name, name);
            assert_eq!(attempt.tip, tip);
            // What is sealed with it can be read again.
            if let Some(proof) = &attempt.proof {
                let text = serde_yaml::to_string(proof).unwrap();
                let again: crate::model::Proof = serde_yaml::from_str(&text).unwrap();
                assert_eq!(format!("{again:?}"), format!("{proof:?}"));
            }
            let _ = objects.store.proofs(&tip).unwrap();
        }
    });
}
