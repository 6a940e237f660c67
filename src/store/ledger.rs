//! The ledger's commits: gathering what the check needs, finding a release, writing entries.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};

use super::message::{Message, header};
use super::objects::{Author, Commit, Content, malformed};
use super::{Store, draft};
use crate::model::disputed::Disputed;
use crate::model::import::{self, Imported};
use crate::model::ledger::{Difference, Entry, Kind, Leaf, Parent};
use crate::model::moved::{self, Half, Moved};
use crate::model::rules::RuleSet;
use crate::model::sealed::{
    ACCEPTANCES, Acceptance, CONTRACT, FILES, POLICY, PROMOTION, Sealed, Withdrawal, number_of,
};
use crate::model::trailers::Key;
use crate::model::{Contract, Invalid, Oid, Refusal, Version};

/// How many paths an entry may change: an import of 10,000 versions, and room. An entry with more is
/// invalid, and not looked through: a tree of a few objects can name more paths than there is memory.
const MOST: usize = 12_000;

/// A ledger whose chain was checked.
#[derive(Clone, Debug)]
pub struct Ledger {
    pub tip: Oid,
    /// The last valid entry; its tree is what is sealed.
    pub base: Oid,
    /// What of it is disputed, as far as this clone judged it.
    pub(crate) disputed: Disputes,
}

/// The disputed entries of a ledger.
pub(crate) type Disputes = BTreeMap<Oid, Disputed>;

impl Ledger {
    /// A ledger of which nothing is disputed.
    pub fn new(tip: Oid, base: Oid) -> Self {
        Self {
            tip,
            base,
            disputed: Disputes::new(),
        }
    }

    /// The ledger whose last entry is `entry`, which is valid, as far as this one goes.
    pub(crate) fn with(&self, entry: &Oid) -> Self {
        Self {
            tip: entry.clone(),
            base: entry.clone(),
            disputed: self.disputed.clone(),
        }
    }

    /// What the release of a version, spelled as it is there, is disputed for, a line each.
    pub(crate) fn disputes(&self, version: &Version) -> Vec<String> {
        let of_it = self.disputed.values().filter(|d| d.releases(version));
        of_it
            .flat_map(|d| d.why.iter().map(ToString::to_string))
            .collect()
    }
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
    fn open_move(&self, tree: &Oid) -> Result<Option<String>> {
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

    /// The ledger as far as this place has it: what plain git put after the entry that left counts for
    /// nothing, and the new place does not have it.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(crate) fn settled(&self, ledger: &Ledger) -> Result<Ledger> {
        let tip = match self.left(ledger)? {
            Some(_) => ledger.base.clone(),
            None => ledger.tip.clone(),
        };
        Ok(Ledger {
            tip,
            ..ledger.clone()
        })
    }

    /// The move by which the ledger left the place where it is, if it did.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(crate) fn left(&self, ledger: &Ledger) -> Result<Option<Moved>> {
        let tree = self.commit(&ledger.base)?.tree;
        let Some(id) = self.open_move(&tree)? else {
            return Ok(None);
        };
        let text = self.text(&tree, &moved::file(&id, Half::Left))?;
        let moved = text.map(|(_, text)| Invalid::or_yaml::<Moved>(&text));
        Ok(moved.transpose()?)
    }

    /// The refusal of whatever would go on at the place that the ledger left, if it did.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(crate) fn gone(&self, ledger: &Ledger) -> Result<Option<Refusal>> {
        let disputed = ledger.disputed.get(&ledger.base);
        Ok(self.left(ledger)?.map(|moved| moved.gone(disputed)))
    }

    /// What the place held that a move left, by name.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(crate) fn held_at_move(&self, ledger: &Ledger, id: &str) -> Result<BTreeMap<String, Oid>> {
        let tree = self.commit(&ledger.base)?.tree;
        let blob = self.at(&tree, &moved::refs_file(id))?;
        let text = match &blob {
            Some(blob) => self.blob(blob)?.unwrap_or_default(),
            None => Vec::new(),
        };
        let text = String::from_utf8_lossy(&text).into_owned();
        let line = |line: &str| {
            let (oid, name) = line.split_once(' ')?;
            Some((name.to_owned(), oid.parse().ok()?))
        };
        Ok(text.lines().filter_map(line).collect())
    }

    /// Writes one half of a move; the first with what the place holds.
    ///
    /// # Errors
    /// The object database cannot be written.
    pub(crate) fn write_move(
        &self,
        by: &Author,
        ledger: &Ledger,
        moved: &Moved,
        held: &BTreeMap<String, Oid>,
    ) -> Result<Oid> {
        let text = serde_yaml::to_string(moved)?;
        let lines = held.iter().map(|(name, oid)| format!("{oid} {name}\n"));
        let refs: String = lines.collect();
        let mut places = vec![(
            moved::file(&moved.id, moved.half),
            Content::Blob(text.as_bytes()),
        )];
        let subject = match moved.half {
            Half::Left => {
                places.push((moved::refs_file(&moved.id), Content::Blob(refs.as_bytes())));
                format!("Move to {}", moved.to)
            }
            Half::Arrived => format!("Arrive at {}", moved.to),
        };
        let base = self.commit(&ledger.base)?.tree;
        let tree = self.write_tree(Some(&base), &places)?;
        let message = Message::new(&subject)
            .with(Key::Kind, Kind::Moved)
            .with(Key::Base, &ledger.base)
            .with(Key::Rules, RuleSet::CURRENT)
            .with(Key::Move, moved.trailer());
        self.write_commit(by, &tree, &[&ledger.tip], &message.text())
    }

    /// The files of an import that say something; what else differs is the check's to refuse.
    fn imports(
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

    fn parent(&self, oid: &Oid) -> Result<Parent> {
        let commit = self.commit(oid)?;
        Ok(Parent {
            contract: self.at(&commit.tree, draft::FILE)?,
            oid: commit.oid,
            tree: commit.tree,
        })
    }

    /// What `after` has that `before` has not, and the other way round, folded to topmost paths;
    /// a new folder is looked `into` where that says so.
    fn differences(
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

    fn leaf(&self, tree: &Oid, version: &Version) -> Result<Leaf> {
        let contract = self.text(tree, &version.path(CONTRACT))?;
        let promotion = self.text(tree, &version.path(PROMOTION))?;
        Ok(Leaf {
            contract,
            promotion: promotion.map(|(_, text)| text),
        })
    }

    /// The versions on the shelf of `version` in the tree of a valid entry.
    fn neighbours(&self, tree: &Oid, version: &Version) -> Result<Vec<Version>> {
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

    /// Every promoted or imported version of a product, in no order.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn versions(&self, ledger: &Ledger, product: Option<&str>) -> Result<Vec<Version>> {
        let tree = self.commit(&ledger.base)?.tree;
        let prefix = product.map_or(String::new(), |product| format!("{product}/"));
        type VersionOf = fn(&str) -> Option<&str>;
        let kinds: [(&str, VersionOf); 2] = [("releases", promoted), ("imports", old)];
        let mut found = Vec::new();
        for (root, version_of) in kinds {
            // Beside the majors lie the products.
            let top = format!("{root}/{prefix}");
            let majors = self.list(&tree, top.trim_end_matches('/'))?.into_iter();
            for (_, major) in majors.filter(|(name, _)| name.parse::<u64>().is_ok()) {
                for (_, minor) in self.list(&major, "")? {
                    let leaves = self.list(&minor, "")?;
                    let names = leaves.iter().filter_map(|(name, _)| version_of(name));
                    let versions = names.map(|name| format!("{prefix}{name}"));
                    found.extend(versions.filter_map(|text| text.parse::<Version>().ok()));
                }
            }
        }
        Ok(found)
    }

    /// The release of that version, however spelled, in a checked ledger. One lookup, whatever
    /// the ledger's length.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn sealed(&self, ledger: &Ledger, version: &Version) -> Result<Option<Sealed>> {
        let tree = self.commit(&ledger.base)?.tree;
        // Nearly always it is spelled as it was promoted.
        let text = match self.text(&tree, &version.path(PROMOTION))? {
            Some((_, text)) => text,
            None => {
                let neighbours = self.neighbours(&tree, version)?;
                let Some(found) = neighbours.iter().find(|v| *v == version) else {
                    return Ok(None);
                };
                // It may have been released before gryt.
                let Some((_, text)) = self.text(&tree, &found.path(PROMOTION))? else {
                    return Ok(None);
                };
                text
            }
        };
        let sealed: Sealed = Invalid::or_yaml(&text)?;
        Ok(Some(sealed))
    }

    /// The contract of a release, as bytes and as what they say.
    ///
    /// # Errors
    /// The ledger cannot be read, or does not hold it.
    pub fn sealed_contract(&self, ledger: &Ledger, sealed: &Sealed) -> Result<(Oid, Contract)> {
        let tree = self.commit(&ledger.base)?.tree;
        let place = sealed.version.path(CONTRACT);
        let (blob, text) = self
            .text(&tree, &place)?
            .with_context(|| format!("the ledger holds no {place}"))?;
        Ok((blob, Contract::parse(&text, &sealed.version)?))
    }

    /// The text of the policy that was sealed with a version; none where it had none.
    ///
    /// # Errors
    /// As [`file`](Store::file).
    pub fn sealed_policy(
        &self,
        ledger: &Ledger,
        version: &Version,
    ) -> Result<Result<Option<Vec<u8>>, Invalid>> {
        let tree = self.commit(&ledger.base)?.tree;
        self.file(&tree, &version.path(POLICY))
    }

    /// The version whose policy the next release of a product is judged by, too: its highest promoted
    /// one, so that a patch of an old line launders nothing; for a new product the highest of the whole project,
    /// and where there is none the last promoted one.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(crate) fn previous(
        &self,
        ledger: &Ledger,
        product: Option<&str>,
    ) -> Result<Option<Version>> {
        let mut versions = self.versions(ledger, product)?;
        versions.sort();
        let tree = self.commit(&ledger.base)?.tree;
        let disputed = |version: &Version| ledger.disputed.values().any(|d| d.releases(version));
        for version in versions.into_iter().rev() {
            if self.at(&tree, &version.path(PROMOTION))?.is_some() && !disputed(&version) {
                return Ok(Some(version));
            }
        }
        // A part says nothing about the other parts.
        if product.is_some()
            && let Some(whole) = self.highest(ledger, None)?
        {
            return Ok(Some(whole));
        }
        self.last_promoted(ledger)
    }

    /// The highest promoted version of a product that is not disputed.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(crate) fn highest(
        &self,
        ledger: &Ledger,
        product: Option<&str>,
    ) -> Result<Option<Version>> {
        let highest = self.previous(ledger, product)?;
        Ok(highest.filter(|version| version.product() == product))
    }

    /// The version of the last valid promotion that is not disputed. Each valid entry names the valid one before it.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn last_promoted(&self, ledger: &Ledger) -> Result<Option<Version>> {
        let mut at = ledger.base.clone();
        loop {
            let header = header(&self.commit(&at)?.message);
            let disputed = ledger.disputed.contains_key(&at);
            match (header.kind(), header.version, header.base) {
                (Some(Kind::Promotion), Some(version), _) if !disputed => {
                    return Ok(Some(version.parse()?));
                }
                (_, _, Some(base)) => at = base.parse()?,
                (_, _, None) => return Ok(None),
            }
        }
    }

    /// The withdrawal of a version, where it was withdrawn: the first that is not disputed.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn withdrawal(&self, ledger: &Ledger, version: &Version) -> Result<Option<Withdrawal>> {
        let tree = self.commit(&ledger.base)?.tree;
        let files = self.list(&tree, &version.withdrawals())?;
        let mut files: Vec<(usize, Oid)> = files
            .into_iter()
            .filter_map(|(name, oid)| Some((number_of(&name)?, oid)))
            .collect();
        files.sort();
        let disputed = |number| {
            ledger
                .disputed
                .values()
                .any(|d| d.withdraws(version, number))
        };
        let Some((_, blob)) = files.into_iter().find(|(number, _)| !disputed(*number)) else {
            return Ok(None);
        };
        match self.blob(&blob)? {
            Some(text) => Ok(Some(Invalid::or_yaml(&text)?)),
            None => Ok(None),
        }
    }

    /// The first number that no file of a folder of numbered ones has.
    fn free_number(&self, tree: &Oid, folder: &str) -> Result<usize> {
        let files = self.list(tree, folder)?;
        let taken: BTreeSet<usize> = files
            .iter()
            .filter_map(|(name, _)| number_of(name))
            .collect();
        Ok((1..).find(|number| !taken.contains(number)).unwrap_or(1))
    }

    /// The entry that a promotion says it repeats: what it sealed, and the ledger that it went onto.
    ///
    /// # Errors
    /// The inner one: it is no promotion of that version. The outer one: it cannot be read.
    pub(crate) fn repeated(
        &self,
        original: &Oid,
        version: &Version,
    ) -> Result<Result<(Sealed, Ledger), Invalid>> {
        let no = |why: &str| Ok(Err(Invalid::new(format!("what it repeats {why}"))));
        let commit = match self.commit(original) {
            Ok(commit) => commit,
            Err(error) => return Ok(Err(malformed(error)?)),
        };
        let header = header(&commit.message);
        let base = header.base.as_ref().and_then(|base| base.parse().ok());
        let (Some(base), Some(Kind::Promotion)) = (base, header.kind()) else {
            return no("is no promotion");
        };
        // Nobody can be made to look for what it does not hold.
        if !self
            .first_parents(original)
            .any(|c| c.is_ok_and(|c| c.oid == base))
        {
            return no("does not hold its base");
        }
        let Some((_, text)) = self.text(&commit.tree, &version.path(PROMOTION))? else {
            return no(&format!("holds no {version}"));
        };
        let sealed = match Invalid::or_yaml(&text) {
            Ok(sealed) => sealed,
            Err(invalid) => return Ok(Err(invalid)),
        };
        let tip = commit.parents.first().unwrap_or(&base).clone();
        Ok(Ok((sealed, Ledger::new(tip, base))))
    }

    /// What is known of a version, however spelled, that was released before gryt was there.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn imported(&self, ledger: &Ledger, version: &Version) -> Result<Option<Imported>> {
        let tree = self.commit(&ledger.base)?.tree;
        let neighbours = self.neighbours(&tree, version)?;
        let Some(found) = neighbours.iter().find(|v| *v == version) else {
            return Ok(None);
        };
        match self.text(&tree, &found.import())? {
            Some((_, text)) => Ok(Some(Invalid::or_yaml(&text)?)),
            None => Ok(None),
        }
    }

    /// Everything that the ledger knows of versions from before gryt, in no order.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(crate) fn all_imported(&self, ledger: &Ledger) -> Result<Vec<Imported>> {
        let tree = self.commit(&ledger.base)?.tree;
        let mut found = Vec::new();
        let mut folders: Vec<Oid> = self.at(&tree, "imports")?.into_iter().collect();
        while let Some(folder) = folders.pop() {
            for (name, oid) in self.list(&folder, "")? {
                if self.is_tree(&oid) {
                    folders.push(oid);
                } else if let (Some(_), Some(text)) = (old(&name), self.blob(&oid)?) {
                    found.push(Invalid::or_yaml(&text)?);
                }
            }
        }
        Ok(found)
    }

    /// The spelling under which the ledger has a version, promoted or released before gryt.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn released_as(&self, ledger: &Ledger, version: &Version) -> Result<Option<Version>> {
        let tree = self.commit(&ledger.base)?.tree;
        let neighbours = self.neighbours(&tree, version)?;
        Ok(neighbours.into_iter().find(|known| known == version))
    }

    /// Writes the entry that takes versions from before gryt.
    ///
    /// # Errors
    /// The object database cannot be written.
    pub fn write_import(&self, by: &Author, ledger: &Ledger, all: &[Imported]) -> Result<Oid> {
        let mut texts = Vec::new();
        for imported in all {
            texts.push((imported.version.import(), serde_yaml::to_string(imported)?));
        }
        let places: Vec<(String, Content<'_>)> = texts
            .iter()
            .map(|(path, text)| (path.clone(), Content::Blob(text.as_bytes())))
            .collect();
        let base = self.commit(&ledger.base)?.tree;
        let tree = self.write_tree(Some(&base), &places)?;
        let subject = match all {
            [only] => format!("Import {}", only.version),
            _ => format!("Import {} versions", all.len()),
        };
        let message = Message::new(&subject)
            .with(Key::Kind, Kind::Import)
            .with(Key::Base, &ledger.base)
            .with(Key::Rules, RuleSet::CURRENT);
        self.write_commit(by, &tree, &[&ledger.tip], &message.text())
    }

    /// Writes the entry that settles that another is disputed in error.
    ///
    /// # Errors
    /// The object database cannot be written.
    pub(crate) fn write_acceptance(
        &self,
        by: &Author,
        ledger: &Ledger,
        what: &Acceptance,
    ) -> Result<Oid> {
        let text = serde_yaml::to_string(what)?;
        let base = self.commit(&ledger.base)?.tree;
        let folder = format!("{ACCEPTANCES}/{}", what.entry);
        let number = self.free_number(&base, &folder)?;
        let place = [(what.path(number), Content::Blob(text.as_bytes()))];
        let tree = self.write_tree(Some(&base), &place)?;
        let (entry, reason) = (what.entry.short(), &what.reason);
        let message = Message::new(&format!("Accept {entry}: {reason}"))
            .with(Key::Kind, Kind::Accepted)
            .with(Key::Base, &ledger.base)
            .with(Key::Rules, RuleSet::CURRENT);
        self.write_commit(by, &tree, &[&ledger.tip], &message.text())
    }

    /// Writes the first commit of a project's ledger.
    ///
    /// # Errors
    /// The object database cannot be written.
    pub fn write_genesis(&self, by: &Author, nonce: &str) -> Result<Oid> {
        let tree = self.write_tree(None, &[])?;
        let message = Message::new("Begin the ledger")
            .with(Key::Kind, Kind::Genesis)
            .with(Key::Nonce, nonce);
        self.write_commit(by, &tree, &[], &message.text())
    }

    /// Writes the entry that withdraws a release.
    ///
    /// # Errors
    /// The object database cannot be written.
    pub fn write_withdrawal(
        &self,
        by: &Author,
        ledger: &Ledger,
        withdrawal: &Withdrawal,
    ) -> Result<Oid> {
        let text = serde_yaml::to_string(withdrawal)?;
        let base = self.commit(&ledger.base)?.tree;
        let place = withdrawal.path(self.free_number(&base, &withdrawal.version.withdrawals())?);
        let tree = self.write_tree(Some(&base), &[(place, Content::Blob(text.as_bytes()))])?;
        let (version, reason) = (&withdrawal.version, &withdrawal.reason);
        let message = Message::new(&format!("Withdraw {version}: {reason}"))
            .with(Key::Kind, Kind::Withdrawal)
            .with(Key::Base, &ledger.base)
            .with(Key::Rules, RuleSet::CURRENT)
            .with(Key::Version, version);
        self.write_commit(by, &tree, &[&ledger.tip], &message.text())
    }

    /// Writes the entry that seals a release onto `ledger`, and says what belongs to it `beside`. Its tree is the base's tree with the
    /// release's files put in; its parents are the tip, the draft, the release commit and the
    /// evolutions, so that nothing that it names can be collected; the last is the entry of another
    /// ledger that it repeats, where it repeats one.
    ///
    /// # Errors
    /// The object database cannot be written.
    pub fn write_promotion(
        &self,
        by: &Author,
        ledger: &Ledger,
        sealed: &Sealed,
        policy: Option<&[u8]>,
        beside: Beside<'_>,
    ) -> Result<Oid> {
        let version = &sealed.version;
        let draft_tree = self.commit(&sealed.draft)?.tree;
        let (_, contract) = self
            .text(&draft_tree, draft::FILE)?
            .with_context(|| format!("the draft of {} holds no contract", sealed.version))?;
        let record = serde_yaml::to_string(sealed)?;
        let mut places = vec![
            (version.path(CONTRACT), Content::Blob(&contract)),
            (version.path(PROMOTION), Content::Blob(record.as_bytes())),
        ];
        if let Some(policy) = policy {
            places.push((version.path(POLICY), Content::Blob(policy)));
        }
        let base = self.commit(&ledger.base)?.tree;
        let tree = self.write_tree(Some(&base), &places)?;
        let mut parents = vec![&ledger.tip, &sealed.draft, &sealed.commit];
        parents.extend(sealed.evolutions.iter().map(|folded| &folded.tip));
        parents.extend(beside.original);
        let described = Contract::parse(&contract, &sealed.version)?.description;
        let subject = match described.as_deref().map(str::trim) {
            None | Some("") => format!("Promote {}", sealed.version),
            Some(text) => format!("Promote {}: {text}", sealed.version),
        };
        let mut message = Message::new(&subject)
            .with(Key::Kind, Kind::Promotion)
            .with(Key::Base, &ledger.base)
            .with(Key::Version, &sealed.version)
            .with(Key::Promotion, &sealed.promotion);
        if let Some(original) = beside.original {
            message = message.with(Key::Original, original);
        }
        if let Some(tag) = beside.tag {
            message = message.with(Key::Tag, tag);
        }
        self.write_commit(by, &tree, &parents, &message.text())
    }
}

/// What belongs to a promotion beside its files.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beside<'a> {
    /// The entry of another ledger that it repeats.
    pub original: Option<&'a Oid>,
    /// The tag that goes with the release, without `refs/tags/`.
    pub tag: Option<&'a str>,
}

/// The spelling of the version whose promotion a file of a shelf is; none for its other files.
fn promoted(file: &str) -> Option<&str> {
    file.strip_suffix(PROMOTION)?.strip_suffix('.')
}

/// The spelling of the version that a file of an imports' shelf is about.
fn old(file: &str) -> Option<&str> {
    file.strip_suffix(".yaml")
}

/// Whether one of `places` lies below the folder at `path`.
fn above(path: &str, places: &[String]) -> bool {
    let below = |place: &String| place.strip_prefix(path).is_some_and(|r| r.starts_with('/'));
    places.iter().any(below)
}
