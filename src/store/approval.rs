//! Approvals: a commit each, without a parent, which holds what was said and the policies that it was said
//! under.

use std::collections::BTreeSet;

use anyhow::Result;
use git2::ObjectType;

use super::message::{Message, header};
use super::objects::{Author, Content};
use super::raw::{FOLDER, malformed};
use super::{Store, of_git, to_git};
use crate::model::approval::{Approval, ApprovalName, Changed, Given, Word};
use crate::model::globs::Globs;
use crate::model::ledger::FORMAT;
use crate::model::signature::Signature;
use crate::model::trailers::Key;
use crate::model::{Exit, Invalid, Oid, Person, Policy, Refusal};

const APPROVAL: &str = "approval.yaml";
const POLICY: &str = "policy.yaml";
const PREVIOUS: &str = "previous.yaml";

/// The most entries of a tree that are gone through without the release files, how deep they may lie, and the
/// most changed paths that are told: anybody who can push can make a tree of a few objects that names more
/// paths than there is memory.
const ENTRIES_MOST: usize = 1_000_000;
const DEEPEST: usize = 100;
const CHANGED_MOST: usize = 20_000;
/// The most commits whose authors are looked up.
const COMMITS_MOST: usize = 100_000;

impl Store {
    /// Reads the approval at `tip` and checks that it may stand under `name`.
    ///
    /// # Errors
    /// The inner one: it does not check. The outer one: it cannot be read.
    pub(crate) fn approval(
        &self,
        name: &ApprovalName,
        tip: &Oid,
    ) -> Result<Result<Given, Invalid>> {
        match self.checked_approval(name, tip) {
            Ok(checked) => Ok(checked),
            Err(error) => Ok(Err(malformed(error)?)),
        }
    }

    fn checked_approval(&self, name: &ApprovalName, tip: &Oid) -> Result<Result<Given, Invalid>> {
        let no = |rule: String| Ok(Err(Invalid::new(rule)));
        let commit = self.commit(tip)?;
        commit.believed()?;
        let said = header(&commit.message);
        if said.format.as_deref() != Some(FORMAT) {
            return no("it is not of format 1".into());
        }
        if !commit.parents.is_empty() || self.is_boundary(tip) {
            return no("it has a parent".into());
        }
        if said.nonce.is_none() {
            return no("it has no Gryt-Nonce".into());
        }
        let mut files = self.list(&commit.tree, "")?.into_iter();
        if let Some((other, _)) =
            files.find(|(file, _)| ![APPROVAL, POLICY, PREVIOUS].contains(&file.as_str()))
        {
            return no(format!("it holds {other}"));
        }
        let Some((_, text)) = self.text(&commit.tree, APPROVAL)? else {
            return no(format!("it holds no {APPROVAL}"));
        };
        let approval: Approval = match Invalid::or_yaml(&text) {
            Ok(approval) => approval,
            Err(invalid) => return Ok(Err(invalid)),
        };
        let version = name.version.as_str();
        if approval.version.as_str() != version || said.version.as_deref() != Some(version) {
            return no(format!("it is of {}", approval.version));
        }
        if !name.is_of(&approval.by) {
            return no(format!("it is by {}", approval.by));
        }
        if !commit.author.is(&approval.by) {
            return no(format!(
                "{} wrote it, and it is by {}",
                commit.author, approval.by
            ));
        }
        let policy = |file: &str| -> Result<Result<Option<Policy>, Invalid>> {
            Ok(match self.text(&commit.tree, file)? {
                Some((_, text)) => Policy::parse(&text).map(Some),
                None => Ok(None),
            })
        };
        let (present, previous) = match (policy(POLICY)?, policy(PREVIOUS)?) {
            (Ok(present), Ok(previous)) => (present.unwrap_or_default(), previous),
            (Err(invalid), _) | (_, Err(invalid)) => return Ok(Err(invalid)),
        };
        let previous = (approval.previous.as_ref()).map(|highest| {
            let previous = previous.unwrap_or_default();
            previous.sealed_about(&name.version, highest)
        });
        Ok(Ok(Given {
            name: name.clone(),
            tip: tip.clone(),
            present: present.about(&name.version),
            previous,
            approval,
            signature: Signature::Missing,
            in_cloud: false,
        }))
    }

    /// Writes what somebody says of a release, with the texts of the policies that it is said under.
    ///
    /// # Errors
    /// The object database cannot be written.
    pub(crate) fn write_approval(
        &self,
        by: &Author,
        what: &Approval,
        policies: [Option<&[u8]>; 2],
        nonce: &str,
    ) -> Result<Oid> {
        let text = serde_yaml::to_string(what)?;
        let mut places = vec![(APPROVAL.to_owned(), Content::Blob(text.as_bytes()))];
        for (file, policy) in [POLICY, PREVIOUS].into_iter().zip(policies) {
            places.extend(policy.map(|text| (file.to_owned(), Content::Blob(text))));
        }
        let tree = self.write_tree(None, &places)?;
        let verb = match what.says {
            Word::Approved => "Approve",
            Word::Rejected => "Reject",
            Word::Revoked => "Take back what was said of",
        };
        let message = Message::new(&format!("{verb} {}", what.version))
            .with(Key::Version, &what.version)
            .with(Key::Nonce, nonce);
        self.write_commit(by, &tree, &[], &message.text())
    }

    /// What names a tree without the files that match: two trees that differ in nothing else have one name
    /// (docs/format.md, "Approval"). None where the tree is too large to be gone through.
    ///
    /// # Errors
    /// The tree cannot be read.
    pub(crate) fn code_without(&self, tree: &Oid, files: &Globs) -> Result<Option<Oid>> {
        let mut room = ENTRIES_MOST;
        self.named_without(tree, files, "", &mut room, DEEPEST)
    }

    fn named_without(
        &self,
        tree: &Oid,
        files: &Globs,
        path: &str,
        room: &mut usize,
        levels: usize,
    ) -> Result<Option<Oid>> {
        let mut text = Vec::new();
        for entry in self.raw_tree(tree)?.entries() {
            let (mode, name, oid) = entry?;
            let below = format!("{path}{}", String::from_utf8_lossy(name));
            if files.name(&below) {
                continue;
            }
            let (Some(left), Some(levels)) = (room.checked_sub(1), levels.checked_sub(1)) else {
                return Ok(None);
            };
            *room = left;
            let oid = match mode {
                FOLDER => {
                    match self.named_without(&oid, files, &format!("{below}/"), room, levels)? {
                        Some(oid) => oid,
                        None => return Ok(None),
                    }
                }
                _ => oid,
            };
            text.extend(format!("{mode:o} {oid} ").into_bytes());
            text.extend(name);
            text.push(0);
        }
        Ok(Some(of_git(git2::Oid::hash_object(
            ObjectType::Blob,
            &text,
        )?)))
    }

    /// The paths that differ between two trees; without a first one, all of the second's.
    ///
    /// # Errors
    /// A tree cannot be read.
    pub(crate) fn changed(&self, before: Option<&Oid>, after: &Oid) -> Result<Changed> {
        let mut paths = Vec::new();
        let mut room = ENTRIES_MOST;
        let after = Some(after);
        Ok(
            match self.differ(before, after, "", &mut paths, &mut room, DEEPEST)? {
                true => Changed::Paths(paths),
                false => Changed::Unknown,
            },
        )
    }

    /// Gathers what differs; false where that is too much.
    fn differ(
        &self,
        before: Option<&Oid>,
        after: Option<&Oid>,
        path: &str,
        found: &mut Vec<String>,
        room: &mut usize,
        levels: usize,
    ) -> Result<bool> {
        type Entries = std::collections::BTreeMap<Vec<u8>, (u32, Oid)>;
        if before == after {
            return Ok(true);
        }
        let read = |tree: Option<&Oid>, room: &mut usize| -> Result<Option<Entries>> {
            let mut entries = Entries::new();
            let Some(tree) = tree else {
                return Ok(Some(entries));
            };
            for entry in self.raw_tree(tree)?.entries() {
                let (mode, name, oid) = entry?;
                let Some(left) = room.checked_sub(1) else {
                    return Ok(None);
                };
                *room = left;
                entries.insert(name.to_vec(), (mode, oid));
            }
            Ok(Some(entries))
        };
        let (Some(old), Some(new)) = (read(before, room)?, read(after, room)?) else {
            return Ok(false);
        };
        let names: BTreeSet<&Vec<u8>> = old.keys().chain(new.keys()).collect();
        for name in names {
            let (was, is) = (old.get(name), new.get(name));
            if was == is {
                continue;
            }
            let below = format!("{path}{}", String::from_utf8_lossy(name));
            let folder = |entry: Option<&(u32, Oid)>| {
                entry
                    .filter(|(mode, _)| *mode == FOLDER)
                    .map(|(_, oid)| oid.clone())
            };
            let file = |entry: Option<&(u32, Oid)>| entry.is_some_and(|(mode, _)| *mode != FOLDER);
            if file(was) || file(is) {
                found.push(below.clone());
            }
            let (was, is) = (folder(was), folder(is));
            if was.is_some() || is.is_some() {
                let Some(levels) = levels.checked_sub(1) else {
                    return Ok(false);
                };
                let below = format!("{below}/");
                if !self.differ(was.as_ref(), is.as_ref(), &below, found, room, levels)? {
                    return Ok(false);
                }
            }
            if found.len() > CHANGED_MOST {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Who wrote the commits that `release` reaches and none of `earlier` does.
    ///
    /// # Errors
    /// The history is cut, or has too many of them.
    pub(crate) fn authors(&self, release: &Oid, earlier: &[Oid]) -> Result<Vec<Person>> {
        if self.is_shallow() {
            let what = "This clone is too shallow to tell who wrote what is new";
            let refusal = Refusal::new(Exit::Failure, what).then("git fetch --unshallow");
            return Err(refusal.into());
        }
        let repo = &*self.repo();
        let mut walk = repo.revwalk()?;
        walk.push(to_git(release)?)?;
        for commit in earlier {
            walk.hide(to_git(commit)?)?;
        }
        let mut found: Vec<Person> = Vec::new();
        for (nth, oid) in walk.enumerate() {
            if nth == COMMITS_MOST {
                let what = format!("More than {COMMITS_MOST} commits are new in this release");
                return Err(Refusal::new(Exit::Failure, what).into());
            }
            let author = self.commit(&of_git(oid?))?.author;
            if !found.iter().any(|known| known.is(&author)) {
                found.push(author);
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::ident::Ident;
    use crate::model::globs::Globs;

    fn author(name: &str) -> Author {
        let ident = Ident {
            person: Person {
                name: name.into(),
                email: format!("{name}@example.com"),
            },
            at: "2026-01-02T03:04:05+00:00".parse().unwrap(),
        };
        Author {
            author: ident.clone(),
            committer: ident,
            sign: false,
        }
    }

    #[test]
    fn an_approval_is_one_commit_of_its_author_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::bare_at(folder.path()).unwrap();
        let ann = author("ann");
        let tree = store.write_tree(None, &[]).unwrap();
        let approval = Approval {
            version: "v1.0.0".parse().unwrap(),
            generation: tree.clone(),
            says: Word::Approved,
            contract: tree.clone(),
            commit: tree.clone(),
            tree: tree.clone(),
            code: None,
            previous: Some("v0.9.0".parse().unwrap()),
            by: ann.author.person.clone(),
            at: ann.author.at,
            message: Some("Tried it".into()),
        };
        let policy: &[u8] = b"promoters: [a@x.org]\n";
        let texts = [Some(policy), None];
        let name: ApprovalName = "v1.0.0/ann@example.com/2".parse().unwrap();
        let tip = store.write_approval(&ann, &approval, texts, "n").unwrap();
        let given = store.approval(&name, &tip).unwrap().unwrap();
        assert_eq!(given.approval, approval);
        assert_eq!(given.present, Policy::parse(policy).unwrap());
        assert_eq!(given.previous, Some(Policy::default()));
        let wrong = |name: &str, tip: &Oid| {
            let found = store.approval(&name.parse().unwrap(), tip).unwrap();
            found.unwrap_err().rule
        };
        let own = name.to_string();
        assert!(wrong("v1.0.1/ann@example.com/2", &tip).contains("it is of v1.0.0"));
        assert!(wrong("v1.0.0/bob@example.com/2", &tip).contains("it is by ann"));
        let mal = author("mal");
        let forged = store.write_approval(&mal, &approval, texts, "n").unwrap();
        assert!(wrong(&own, &forged).contains("mal@example.com> wrote it"));
        let broken = [Some(&b"promoters: 1"[..]), None];
        let broken = store.write_approval(&ann, &approval, broken, "n").unwrap();
        assert!(store.approval(&name, &broken).unwrap().is_err());
        let commit = store.commit(&tip).unwrap();
        let (tree, message) = (&commit.tree, &commit.message);
        let above = store.write_commit(&ann, tree, &[&tip], message).unwrap();
        assert!(wrong(&own, &above).contains("has a parent"));
        let plain = message.replace("Gryt-Nonce", "Nonce");
        let plain = store.write_commit(&ann, tree, &[], &plain).unwrap();
        assert!(wrong(&own, &plain).contains("no Gryt-Nonce"));
        let more = [("x".to_owned(), Content::Blob(b"x"))];
        let more = store.write_tree(Some(tree), &more).unwrap();
        let more = store.write_commit(&ann, &more, &[], message).unwrap();
        assert!(wrong(&own, &more).contains("it holds x"));
    }

    #[test]
    fn what_release_files_match_is_no_part_of_the_code() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::bare_at(folder.path()).unwrap();
        let tree = |files: &[(&str, &str)]| {
            let content = |file: &'_ (&str, &str)| file.0.to_owned();
            let places: Vec<_> = files
                .iter()
                .map(|file| (content(file), Content::Blob(file.1.as_bytes())))
                .collect();
            store.write_tree(None, &places).unwrap()
        };
        let files = Globs::new(&["CHANGES.md".into(), "docs/**/notes*".into()]).unwrap();
        let code = |entries: &[(&str, &str)]| store.code_without(&tree(entries), &files).unwrap();
        let one = code(&[
            ("CHANGES.md", "1"),
            ("src/a", "a"),
            ("docs/b/notes-1", "x"),
            ("docs/b/i", "i"),
        ]);
        assert!(one.is_some());
        let other = [("src/a", "a"), ("docs/b/notes-2", "y"), ("docs/b/i", "i")];
        assert_eq!(one, code(&other));
        let other = [("src/a", "b"), ("docs/b/notes-2", "y"), ("docs/b/i", "i")];
        assert_ne!(one, code(&other));
        let other = [("src/CHANGES.md", "1"), ("src/a", "a"), ("docs/b/i", "i")];
        assert_ne!(one, code(&other));
        let before = tree(&[("a", "1"), ("b/c", "1"), ("d", "1")]);
        let after = tree(&[("a", "1"), ("b/c", "2"), ("d/e", "1")]);
        let paths = |paths: &[&str]| {
            let paths = paths.iter().map(|path| (*path).to_owned());
            Changed::Paths(paths.collect())
        };
        let changed = store.changed(Some(&before), &after).unwrap();
        assert_eq!(changed, paths(&["b/c", "d", "d/e"]));
        let all = store.changed(None, &after).unwrap();
        assert_eq!(all, paths(&["a", "b/c", "d/e"]));
        // A few objects that name more paths than there is memory.
        let mut deep = tree(&[("x", "x")]);
        for _ in 0..7 {
            let places: Vec<_> = (0..10)
                .map(|name| (name.to_string(), Content::Tree(&deep)))
                .collect();
            deep = store.write_tree(None, &places).unwrap();
        }
        assert_eq!(store.code_without(&deep, &files).unwrap(), None);
        assert_eq!(store.changed(None, &deep).unwrap(), Changed::Unknown);
    }
}
