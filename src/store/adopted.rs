//! What this clone has taken over from a remote: which of its refs, at which oid.
//!
//! A fetch moves the tracking refs before anything is decided, so they cannot also be the memory
//! of what was there the last time; were the process killed in between, a draft that a colleague
//! deleted would look like one that was never published. This memory moves with the adoption,
//! in one transaction: a blob with a line `OID REF` for each shared ref.

use std::collections::BTreeMap;

use anyhow::Result;

use super::{Refs, Store};
use crate::model::Oid;

impl Store {
    /// What the memory `name` says was taken over, by shared ref.
    ///
    /// # Errors
    /// The blob cannot be read.
    pub fn adopted(&self, refs: &Refs, name: &str) -> Result<BTreeMap<String, Oid>> {
        match refs.get(name) {
            Some(oid) => self.adopted_as(oid),
            None => Ok(BTreeMap::new()),
        }
    }

    /// What the memory said when this was its blob.
    ///
    /// # Errors
    /// The blob cannot be read.
    pub fn adopted_as(&self, oid: &Oid) -> Result<BTreeMap<String, Oid>> {
        let repo = &*self.repo();
        // Written by this clone, so it is not bounded as a stranger's text is.
        let blob = repo.find_blob(super::to_git(oid)?)?;
        let text = String::from_utf8_lossy(blob.content()).into_owned();
        let line = |line: &str| {
            let (oid, name) = line.split_once(' ')?;
            Some((name.to_owned(), oid.parse().ok()?))
        };
        Ok(text.lines().filter_map(line).collect())
    }

    /// Writes that memory and returns its blob.
    ///
    /// # Errors
    /// The object database cannot be written.
    pub fn write_adopted(&self, shared: &BTreeMap<String, Oid>) -> Result<Oid> {
        let lines: String = shared
            .iter()
            .map(|(n, oid)| format!("{oid} {n}\n"))
            .collect();
        self.write_blob(lines.as_bytes())
    }
}
