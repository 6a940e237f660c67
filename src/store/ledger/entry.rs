//! Gathering what the check of an entry needs.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::model::import::{self, Imported};
use crate::model::ledger::{Difference, Entry, Kind, Leaf, Parent};
use crate::model::moved::{self, Half};
use crate::model::sealed::{ACCEPTANCES, CONTRACT, FILES, PROMOTION};
use crate::model::{Invalid, Oid, Version};
use crate::store::message::header;
use crate::store::objects::Commit;
use crate::store::{Store, draft};

/// How many paths an entry may change: an import of 10,000 versions, and room. An entry with more is
/// invalid, and not looked through: a tree of a few objects can name more paths than there is memory.
pub(super) const MOST: usize = 12_000;

/// The spelling of the version whose promotion a file of a shelf is; none for its other files.
pub(super) fn promoted(file: &str) -> Option<&str> {
    file.strip_suffix(PROMOTION)?.strip_suffix('.')
}

/// The spelling of the version that a file of an imports' shelf is about.
pub(super) fn old(file: &str) -> Option<&str> {
    file.strip_suffix(".yaml")
}

/// Whether one of `places` lies below the folder at `path`.
pub(super) fn above(path: &str, places: &[String]) -> bool {
    let below = |place: &String| place.strip_prefix(path).is_some_and(|r| r.starts_with('/'));
    places.iter().any(below)
}

impl Store {
    /// Gathers what [`check`](crate::model::ledger::check) looks at.
    ///
    /// # Errors
    /// An object is not in this clone.
    pub fn entry(&self, commit: &Commit, base: Option<&Oid>) -> Result<Entry> {
        let header = header(&commit.message);
        let before = match base {
            Some(base) => Some(self.commit(base)?.tree),
            None => None,
        };
        let version: Option<Version> = header.version.as_ref().and_then(|v| v.parse().ok());
        let mut places = Vec::new();
        if let Some(version) = &version {
            places.extend(FILES.map(|file| version.path(file)));
        }
        let half = header.moved.as_deref().and_then(moved::read_trailer);
        if let Some((id, half)) = half {
            places.extend([moved::file(id, half), moved::refs_file(id)]);
        }
        let is_import = header.kind() == Some(Kind::Import);
        let is_acceptance = header.kind() == Some(Kind::Accepted);
        let of_it = version.as_ref().map(Version::withdrawals);
        let is_withdrawal = header.kind() == Some(Kind::Withdrawal);
        let of_it = of_it.filter(|_| is_withdrawal);
        let into = |path: &str| {
            let of_imports = path == "imports" || path.starts_with("imports/");
            let of_acceptances = is_acceptance && path.starts_with(ACCEPTANCES);
            let of_withdrawals = of_it
                .as_ref()
                .is_some_and(|folder| path == folder || above(path, std::slice::from_ref(folder)));
            above(path, &places) || is_import && of_imports || of_acceptances || of_withdrawals
        };
        let mut differences = Vec::new();
        self.differences(before.as_ref(), &commit.tree, "", &into, &mut differences)?;
        let others = commit.parents.iter().skip(1).map(|oid| self.parent(oid));
        let others = others.collect::<Result<_>>()?;
        let mut entry = Entry {
            oid: commit.oid.clone(),
            header,
            others,
            too_many: differences.len() > MOST,
            differences,
            leaf: Leaf::default(),
            withdrawal: None,
            neighbours: Vec::new(),
            imports: Vec::new(),
            moves: moved::Facts::default(),
            accepted: None,
        };
        if let Some(before) = &before {
            entry.moves.open = self.open_move(before)?;
        }
        if entry.too_many {
            return Ok(entry);
        }
        let half = entry.header.moved.as_deref().and_then(moved::read_trailer);
        if let (Some((id, half)), Some(before)) = (half, &before) {
            let text = self.text(&commit.tree, &moved::file(id, half))?;
            entry.moves.text = text.map(|(_, text)| text);
            entry.moves.known = self.at(before, &moved::file(id, Half::Left))?.is_some();
        }
        if let (true, Some(before)) = (is_import, &before) {
            entry.imports = self.imports(before, &commit.tree, &entry.differences)?;
        }
        if let (true, [only]) = (is_acceptance, entry.differences.as_slice()) {
            let text = self.text(&commit.tree, &only.path)?;
            entry.accepted = text.map(|(_, text)| (only.path.clone(), text));
        }
        if let (true, [only]) = (is_withdrawal, entry.differences.as_slice()) {
            let text = self.text(&commit.tree, &only.path)?;
            entry.withdrawal = text.map(|(_, text)| (only.path.clone(), text));
        }
        if let (Some(version), Some(before)) = (version, before) {
            entry.leaf = self.leaf(&commit.tree, &version)?;
            entry.neighbours = self.neighbours(&before, &version)?;
        }
        Ok(entry)
    }

    /// The move that has left in this tree and not arrived.
    pub(super) fn open_move(&self, tree: &Oid) -> Result<Option<String>> {
        for (id, files) in self.list(tree, moved::FOLDER)? {
            let files = self.list(&files, "")?;
            let has = |half: Half| {
                files
                    .iter()
                    .any(|(name, _)| *name == format!("{half}.yaml"))
            };
            if has(Half::Left) && !has(Half::Arrived) {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// The files of an import that say something; what else differs is the check's to refuse.
    pub(super) fn imports(
        &self,
        before: &Oid,
        after: &Oid,
        differences: &[Difference],
    ) -> Result<Vec<import::File>> {
        let mut imports = Vec::new();
        for Difference { path, .. } in differences {
            let Some((_, text)) = self.text(after, path)? else {
                continue;
            };
            let version = Invalid::or_yaml::<Imported>(&text).map(|i| i.version);
            let taken = match version {
                Ok(version) => {
                    let neighbours = self.neighbours(before, &version)?;
                    neighbours.into_iter().find(|v| *v == version)
                }
                Err(_) => None,
            };
            imports.push(import::File {
                path: path.clone(),
                text,
                taken,
            });
        }
        Ok(imports)
    }

    pub(super) fn parent(&self, oid: &Oid) -> Result<Parent> {
        let commit = self.commit(oid)?;
        Ok(Parent {
            contract: self.at(&commit.tree, draft::FILE)?,
            oid: commit.oid,
            tree: commit.tree,
        })
    }

    /// What `after` has that `before` has not, and the other way round, folded to topmost paths;
    /// a new folder is looked `into` where that says so.
    pub(super) fn differences(
        &self,
        before: Option<&Oid>,
        after: &Oid,
        path: &str,
        into: &dyn Fn(&str) -> bool,
        found: &mut Vec<Difference>,
    ) -> Result<()> {
        if before == Some(after) || found.len() > MOST {
            return Ok(());
        }
        let old = match before {
            Some(before) => self.entries(before)?,
            None => BTreeMap::new(),
        };
        let new = self.entries(after)?;
        let below = |name: &str| match path {
            "" => name.to_owned(),
            _ => format!("{path}/{name}"),
        };
        for (name, (oid, mode)) in &new {
            match old.get(name) {
                Some((known, was)) if known == oid && was == mode => {}
                Some((known, was)) if was == mode && self.is_tree(known) && self.is_tree(oid) => {
                    self.differences(Some(known), oid, &below(name), into, found)?;
                }
                None if self.is_tree(oid) && into(&below(name)) => {
                    self.differences(None, oid, &below(name), into, found)?;
                }
                known => found.push(Difference {
                    path: below(name),
                    added: known.is_none(),
                }),
            }
        }
        for name in old.keys().filter(|name| !new.contains_key(*name)) {
            found.push(Difference {
                path: below(name),
                added: false,
            });
        }
        Ok(())
    }

    pub(super) fn leaf(&self, tree: &Oid, version: &Version) -> Result<Leaf> {
        let contract = self.text(tree, &version.path(CONTRACT))?;
        let promotion = self.text(tree, &version.path(PROMOTION))?;
        Ok(Leaf {
            contract,
            promotion: promotion.map(|(_, text)| text),
        })
    }

    /// The versions on the shelf of `version` in the tree of a valid entry.
    pub(super) fn neighbours(&self, tree: &Oid, version: &Version) -> Result<Vec<Version>> {
        let shelf = version.shelf();
        let released = self.list(tree, &format!("releases/{shelf}"))?;
        let imported = self.list(tree, &format!("imports/{shelf}"))?;
        let whole = |name: &str| match version.product() {
            Some(product) => format!("{product}/{name}"),
            None => name.to_owned(),
        };
        let released = released.iter().filter_map(|(name, _)| promoted(name));
        let imported = imported.iter().filter_map(|(name, _)| old(name));
        let names = released.chain(imported);
        Ok(names.filter_map(|name| whole(name).parse().ok()).collect())
    }
}
