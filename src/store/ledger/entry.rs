//! Gathering what the check of an entry needs.

use std::collections::btree_map::Entry::{Occupied, Vacant};
use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use crate::model::import::{self, Imported};
use crate::model::ledger::{Difference, Entry, Kind, Leaf, Parent};
use crate::model::moved::{self, Half};
use crate::model::sealed::{ACCEPTANCES, CONTRACT, FILES, PROMOTION};
use crate::model::{Invalid, Oid, Version};
use crate::store::message::header;
use crate::store::objects::Commit;
use crate::store::{Store, draft};

use super::differences::{Differences, MOST};

/// How much the files of an import may hold, in bytes: 10,000 versions with their changes and claims.
const IMPORT_MOST: usize = 32 << 20;

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
        commit.believed()?;
        let differences = Differences::between(self, before.as_ref(), &commit.tree, &into)?;
        // A commit may name one parent as often as there is room.
        let mut known: BTreeMap<&Oid, Parent> = BTreeMap::new();
        let mut others = Vec::new();
        for oid in commit.parents.iter().skip(1) {
            let parent = match known.get(oid) {
                Some(parent) => parent.clone(),
                None => self.parent(oid)?,
            };
            known.entry(oid).or_insert_with(|| parent.clone());
            others.push(parent);
        }
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
            match self.imports(before, &commit.tree, &entry.differences)? {
                Some(imports) => entry.imports = imports,
                None => {
                    entry.too_many = true;
                    return Ok(entry);
                }
            }
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

    /// The files of an import that say something; what else differs is the check's to refuse. None where they
    /// hold more than is read.
    pub(super) fn imports(
        &self,
        before: &Oid,
        after: &Oid,
        differences: &[Difference],
    ) -> Result<Option<Vec<import::File>>> {
        let mut imports = Vec::new();
        let mut shelves: BTreeMap<String, BTreeSet<Version>> = BTreeMap::new();
        let mut room = IMPORT_MOST;
        for Difference { path, .. } in differences {
            let Some((_, text)) = self.text(after, path)? else {
                continue;
            };
            // One blob can stand under every name.
            room = match room.checked_sub(text.len()) {
                Some(room) => room,
                None => return Ok(None),
            };
            let version = Invalid::or_yaml::<Imported>(&text).map(|i| i.version);
            let taken = match version {
                Ok(version) => {
                    let shelf = match shelves.entry(version.shelf()) {
                        Occupied(known) => known.into_mut(),
                        Vacant(unknown) => {
                            let neighbours = self.neighbours(before, &version)?;
                            unknown.insert(neighbours.into_iter().collect())
                        }
                    };
                    shelf.get(&version).cloned()
                }
                Err(_) => None,
            };
            imports.push(import::File {
                path: path.clone(),
                text,
                taken,
            });
        }
        Ok(Some(imports))
    }

    pub(super) fn parent(&self, oid: &Oid) -> Result<Parent> {
        let commit = self.commit(oid)?;
        commit.believed()?;
        Ok(Parent {
            contract: self.at(&commit.tree, draft::FILE)?,
            oid: commit.oid,
            tree: commit.tree,
        })
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
