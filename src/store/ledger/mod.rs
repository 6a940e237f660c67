//! The ledger's commits: gathering what the check needs, finding a release, writing entries.

mod differences;
mod entry;
mod write;

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use super::Store;
use super::message::header;
use super::raw::malformed;
use crate::model::disputed::Disputed;
use crate::model::import::Imported;
use crate::model::ledger::Kind;
use crate::model::moved::{self, Half, Moved};
use crate::model::sealed::{CONTRACT, POLICY, PROMOTION, Sealed, Withdrawal, number_of};
use crate::model::{Contract, Invalid, Oid, Refusal, Version};
use entry::{old, promoted};

pub use write::Beside;

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

    /// The products of which something was promoted or imported, in no order, each once or twice.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(crate) fn products(&self, ledger: &Ledger) -> Result<Vec<String>> {
        let tree = self.commit(&ledger.base)?.tree;
        let mut found = Vec::new();
        for root in ["releases", "imports"] {
            let names = self.list(&tree, root)?.into_iter().map(|(name, _)| name);
            found.extend(names.filter(|name| name.parse::<u64>().is_err()));
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

    /// The release commits of the last promotions that are not disputed, the last one first, and all of them where
    /// no number is said.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(crate) fn release_commits(&self, ledger: &Ledger, most: Option<usize>) -> Result<Vec<Oid>> {
        let mut found = Vec::new();
        let mut next = Some(ledger.base.clone());
        while let Some(at) = next.filter(|_| most.is_none_or(|most| found.len() < most)) {
            let commit = self.commit(&at)?;
            let header = header(&commit.message);
            if header.kind() == Some(Kind::Promotion)
                && !ledger.disputed.contains_key(&at)
                && let Some(release) = commit.parents.get(2)
                && !found.contains(release)
            {
                found.push(release.clone());
            }
            next = header.base.map(|base| base.parse()).transpose()?;
        }
        Ok(found)
    }

    /// The releases whose `promotion.yaml` has one of these texts in it, in no order.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(crate) fn sealing_any_of(&self, ledger: &Ledger, texts: &[&str]) -> Result<Vec<Sealed>> {
        let tree = self.commit(&ledger.base)?.tree;
        let any = aho_corasick::AhoCorasick::new(texts)?;
        let mut found = Vec::new();
        let mut folders: Vec<Oid> = self.at(&tree, "releases")?.into_iter().collect();
        while let Some(folder) = folders.pop() {
            for (name, oid) in self.list(&folder, "")? {
                if self.is_tree(&oid) {
                    folders.push(oid);
                } else if name.ends_with(PROMOTION)
                    && let Some(text) = self.blob(&oid)?
                    && any.is_match(&text)
                {
                    found.push(Invalid::or_yaml(&text)?);
                }
            }
        }
        Ok(found)
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
            Ok(commit) if !commit.sound => return no("is not a sound commit"),
            Ok(commit) => commit,
            Err(error) => return Ok(Err(malformed(error)?)),
        };
        let header = header(&commit.message);
        let base = header.base.as_ref().and_then(|base| base.parse().ok());
        let (Some(base), Some(Kind::Promotion)) = (base, header.kind()) else {
            return no("is not a promotion");
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
}
