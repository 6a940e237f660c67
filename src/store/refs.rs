//! A snapshot of all of gryt's refs, and changes against it.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::rc::Rc;

use anyhow::Result;

use super::names::{self, Shared};
use super::{Store, of_git, to_git};
use crate::git::refs::Update;
use crate::model::approval::ApprovalName;
use crate::model::{EvolutionName, Oid, Version};

/// The refs under `refs/gryt*` at one moment.
#[derive(Clone, Debug, Default)]
pub struct Refs(Rc<Snapshot>);

#[derive(Debug, Default)]
struct Snapshot {
    all: BTreeMap<String, Oid>,
    /// The shared ones, once somebody asked for them.
    local: OnceCell<BTreeMap<String, Oid>>,
}

impl Refs {
    fn of(all: BTreeMap<String, Oid>) -> Self {
        Self(Rc::new(Snapshot {
            all,
            local: OnceCell::new(),
        }))
    }

    /// The tip of a ref.
    pub fn get(&self, name: &str) -> Option<&Oid> {
        self.0.all.get(name)
    }

    /// All refs below a root, without it.
    pub fn below<'a>(&'a self, root: &'a str) -> impl Iterator<Item = (&'a str, &'a Oid)> {
        self.0
            .all
            .range(root.to_owned()..)
            .take_while(move |(name, _)| name.starts_with(root))
            .map(move |(name, oid)| (&name[root.len()..], oid))
    }

    /// What this clone has of the shared refs, by name.
    pub fn local(&self) -> &BTreeMap<String, Oid> {
        self.0.local.get_or_init(|| {
            let shared = below(&self.0.all, names::SHARED);
            shared
                .map(|(name, oid)| (name.clone(), oid.clone()))
                .collect()
        })
    }

    /// What `remote` had of the shared refs when last seen, by their name there.
    pub fn cloud(&self, remote: &str) -> BTreeMap<String, Oid> {
        let root = names::tracking(remote);
        let whole = |(rest, oid): (&str, &Oid)| ([names::SHARED, rest].concat(), oid.clone());
        self.below(&root).map(whole).collect()
    }

    /// All of them, by name.
    pub fn all(&self) -> &BTreeMap<String, Oid> {
        &self.0.all
    }

    /// All of them as a text, a line each: what names this state.
    pub fn text(&self) -> String {
        let mut text = String::with_capacity(self.0.all.len() * 96);
        for (name, oid) in &self.0.all {
            text.extend([oid.as_str(), " ", name, "\n"]);
        }
        text
    }

    /// A change of `name` from where this snapshot has it.
    pub fn change(&self, name: impl Into<String>, new: Option<&Oid>) -> Update {
        let name = name.into();
        let old = self.0.all.get(&name).cloned();
        Update {
            old,
            new: new.cloned(),
            name,
        }
    }

    /// This snapshot as it will be after `updates`.
    pub fn with(&self, updates: &[Update]) -> Refs {
        let mut after = self.0.all.clone();
        for Update { name, new, .. } in updates {
            match new {
                Some(new) => after.insert(name.clone(), new.clone()),
                None => after.remove(name),
            };
        }
        Refs::of(after)
    }

    /// This clone's draft of a version, however the version is spelled.
    pub fn draft(&self, version: &Version) -> Option<(Version, Oid)> {
        let exact = self.get(&names::draft(version));
        if let Some(tip) = exact {
            return Some((version.clone(), tip.clone()));
        }
        drafts(self.local()).find(|(found, _)| found == version)
    }
}

fn below<'a>(
    shared: &'a BTreeMap<String, Oid>,
    root: &'static str,
) -> impl Iterator<Item = (&'a String, &'a Oid)> {
    let from = shared.range(root.to_owned()..);
    from.take_while(move |(name, _)| name.starts_with(root))
}

/// The drafts among shared refs.
pub(crate) fn drafts(shared: &BTreeMap<String, Oid>) -> impl Iterator<Item = (Version, Oid)> + '_ {
    below(shared, names::DRAFTS).filter_map(|(name, oid)| match names::shared(name) {
        Shared::Draft(version) => Some((version, oid.clone())),
        _ => None,
    })
}

/// The evolutions among shared refs.
pub(crate) fn evolutions(
    shared: &BTreeMap<String, Oid>,
) -> impl Iterator<Item = (EvolutionName, Oid)> + '_ {
    below(shared, names::EVOLUTIONS).filter_map(|(name, oid)| match names::shared(name) {
        Shared::Evolution(evolution) => Some((evolution, oid.clone())),
        _ => None,
    })
}

/// The approvals among shared refs.
pub(crate) fn approvals(
    shared: &BTreeMap<String, Oid>,
) -> impl Iterator<Item = (ApprovalName, Oid)> + '_ {
    below(shared, names::APPROVALS).filter_map(|(name, oid)| match names::shared(name) {
        Shared::Approval(approval) => Some((approval, oid.clone())),
        _ => None,
    })
}

impl Store {
    /// All of gryt's refs, as they were when they were last read. What is decided by them is made
    /// true by a compare-and-swap, and where that fails they are read anew.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn refs(&self) -> Result<Refs> {
        if let Some(known) = self.known.borrow().as_ref() {
            return Ok(known.clone());
        }
        let refs = self.read_refs()?;
        *self.known.borrow_mut() = Some(refs.clone());
        Ok(refs)
    }

    /// How this clone's draft of a version is spelled, where there is one. Nothing else is read.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn spelled(&self, version: &Version) -> Result<Option<Version>> {
        let found = self.read_below(names::DRAFTS)?;
        let drafts = Refs::of(found.into_iter().collect());
        Ok(drafts.draft(version).map(|(spelled, _)| spelled))
    }

    /// Forgets what was read: another process, a fetch of ours for one, may have moved refs.
    pub fn look_anew(&self) {
        *self.known.borrow_mut() = None;
    }

    fn read_refs(&self) -> Result<Refs> {
        // They come nearly in order: a map made of a list at once sorts little.
        let refs = self.read_below(names::ALL)?;
        Ok(Refs::of(refs.into_iter().collect()))
    }

    /// The refs whose names begin so.
    pub(super) fn read_below(&self, prefix: &str) -> Result<Vec<(String, Oid)>> {
        let repo = &*self.repo();
        if !self.files {
            return Ok(self.git.refs(prefix)?.into_iter().collect());
        }
        let packed = self.packed();
        let mut refs = Vec::new();
        for reference in repo.references_glob(&format!("{prefix}*"))? {
            let reference = reference?;
            if let (Ok(name), Some(oid)) = (reference.name(), reference.target()) {
                refs.push((name.to_owned(), of_git(oid)));
            }
        }
        // Git packs a ref and then removes the loose one: libgit2 looks for packed refs once, and would
        // miss one that was packed after that, and removed before it came to it. Git knows how to.
        if self.packed() != packed {
            return Ok(self.git.refs(prefix)?.into_iter().collect());
        }
        Ok(refs)
    }

    /// The tip of one ref, whatever it is for.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn tip(&self, name: &str) -> Result<Option<Oid>> {
        self.tag(name)
    }

    /// The branches of this repository.
    ///
    /// # Errors
    /// They cannot be read.
    pub(crate) fn branches(&self) -> Result<BTreeMap<String, Oid>> {
        Ok(self.read_below("refs/heads/")?.into_iter().collect())
    }

    /// What is shared below a prefix, by the names that a clone has for it.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn shared_below(&self, prefix: &str) -> Result<BTreeMap<String, Oid>> {
        let named = |(name, oid): (String, Oid)| {
            let rest = name.strip_prefix(prefix)?;
            Some(([names::SHARED, rest].concat(), oid))
        };
        Ok(self
            .read_below(prefix)?
            .into_iter()
            .filter_map(named)
            .collect())
    }

    /// Tells one state of the packed refs from another, as far as a file system can: where it changed while
    /// libgit2 listed refs, git is asked for them.
    pub(super) fn packed(&self) -> Option<(u64, u64, i64, i64)> {
        let file = self.layout().common_dir.join("packed-refs");
        let meta = std::fs::metadata(file).ok()?;
        Some((meta.ino(), meta.size(), meta.mtime(), meta.mtime_nsec()))
    }

    /// Makes all of `updates` or none; false where a ref was not where its update expects it.
    ///
    /// # Errors
    /// As [`Git::update_refs`](crate::git::Git::update_refs).
    pub fn update(&self, updates: &[Update]) -> Result<bool> {
        let done = self.make_true(updates);
        let known = self.known.take();
        if let (Ok(true), Some(known)) = (&done, known) {
            // Tags are made here, too, and are no refs of gryt's.
            let ours = |u: &&Update| u.old != u.new && u.name.starts_with(names::ALL);
            let moved: Vec<Update> = updates.iter().filter(ours).cloned().collect();
            let nothing = moved.is_empty();
            *self.known.borrow_mut() = Some(if nothing { known } else { known.with(&moved) });
        }
        done
    }

    /// The same, only if `guards` are where they were, too, and no other process is about to move them.
    ///
    /// # Errors
    /// As [`update`](Store::update).
    pub(crate) fn update_where(&self, updates: &[Update], guards: &[Update]) -> Result<bool> {
        self.known.take();
        self.git.update_refs_where(updates, guards)
    }

    fn make_true(&self, updates: &[Update]) -> Result<bool> {
        let mut moves = updates.iter().filter(|u| u.old != u.new);
        // One ref that is not deleted is all or nothing by itself: libgit2 does what git would do.
        if let (true, Some(only), None) = (self.files, moves.next(), moves.next())
            && let Some(new) = &only.new
            && let Some(done) = self.update_one(only, new)?
        {
            return Ok(done);
        }
        self.git.update_refs(updates)
    }

    /// Moves one ref where it is as expected; none where git has to be asked, because another
    /// process holds a lock, or a folder stands in the way.
    fn update_one(&self, update: &Update, new: &Oid) -> Result<Option<bool>> {
        let repo = &*self.repo();
        let old = match &update.old {
            Some(old) => to_git(old)?,
            None => git2::Oid::ZERO_SHA1,
        };
        // Of a new ref, too: libgit2 looks whether there is one before it takes the lock, and compares
        // with nothing under it.
        let written = repo.reference_matching(&update.name, to_git(new)?, true, old, "gryt");
        Ok(match written {
            Ok(_) => Some(true),
            Err(error) => match error.code() {
                git2::ErrorCode::Modified | git2::ErrorCode::Exists => Some(false),
                _ => None,
            },
        })
    }
}
