//! Which refs of a remote this clone looked at and does not believe: a blob for each remote, so that nothing
//! is judged twice.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::{Refs, Store};
use crate::model::Oid;

/// What does not check: by shared ref, the tip that was looked at, and why.
pub(crate) type Unsound = BTreeMap<String, (Oid, String)>;

/// What such a blob holds.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Memory {
    /// The program that looked: another one looks again.
    by: String,
    refs: Unsound,
}

/// The program that looks now.
const PROGRAM: &str = env!("CARGO_PKG_VERSION");

impl Store {
    /// What the memory `name` says does not check.
    ///
    /// # Errors
    /// The blob cannot be read.
    pub(crate) fn unsound(&self, refs: &Refs, name: &str) -> Result<Unsound> {
        let Some(oid) = refs.get(name) else {
            return Ok(Unsound::new());
        };
        let repo = &*self.repo();
        // Written by this clone, so it is not bounded as a stranger's text is.
        let blob = repo.find_blob(super::to_git(oid)?)?;
        // One that does not parse remembers nothing.
        let memory: Memory = serde_json::from_slice(blob.content()).unwrap_or_default();
        Ok(match memory.by == PROGRAM {
            true => memory.refs,
            false => Unsound::new(),
        })
    }

    /// Writes that memory and returns its blob; none where there is nothing to remember.
    ///
    /// # Errors
    /// The object database cannot be written.
    pub(crate) fn write_unsound(&self, refs: Unsound) -> Result<Option<Oid>> {
        if refs.is_empty() {
            return Ok(None);
        }
        let by = PROGRAM.to_owned();
        let text = serde_json::to_vec(&Memory { by, refs })?;
        self.write_blob(&text).map(Some)
    }
}
