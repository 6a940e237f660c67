//! A ledger as this server judged it, kept in a file, so that a push is not paid for with the whole
//! ledger. The file can be deleted: then the next push judges from the genesis on.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use super::Place;
use super::ledger::Step;
use super::standing::Standing;
use crate::config;
use crate::model::Oid;
use crate::model::rules::RuleSet;
use crate::session::sealing::Sealing;

/// The file below the folder that gryt has in a repository.
const FILE: &str = "judged.json";

/// What the file holds.
#[derive(Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
struct By {
    /// The latest rules that the program knew.
    rules: RuleSet,
    /// The entries and the promotions that this server was told to let in.
    trust: Vec<Oid>,
    admit: Vec<String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Memory {
    by: By,
    /// By the prefix of the place.
    places: BTreeMap<String, Standing>,
}

impl Sealing<'_> {
    /// The ledger of a place as it is now; none where there is none.
    ///
    /// # Errors
    /// It cannot be read, or is no ledger.
    pub(super) fn standing(self, place: &Place<'_>) -> Result<Option<Standing>> {
        let Some(tip) = &place.before else {
            return Ok(None);
        };
        let by = By {
            rules: RuleSet::CURRENT,
            trust: self.core.config.trust.clone(),
            admit: self.admitted()?,
        };
        let mut memory = self.remembered();
        if memory.by != by {
            memory = Memory {
                by,
                places: BTreeMap::new(),
            };
        }
        let known = memory.places.get(&place.prefix);
        if let Some(known) = known.filter(|known| known.tip == *tip) {
            return Ok(Some(known.clone()));
        }
        let since = match known {
            Some(known) => self.since(&known.tip, tip)?,
            None => None,
        };
        let standing = match (since, known) {
            (Some(chain), Some(known)) => self.go_on(Some(known), &chain, |_| Step::Next)?,
            _ => self.go_on(None, &self.core.entries(tip)?, |_| Step::Next)?,
        };
        // What this machine could not tell is judged again at the next push.
        let is_told = |standing: &&Standing| !standing.disputed.values().any(|d| d.untold);
        if let Some(standing) = standing.as_ref().filter(is_told) {
            memory.places.insert(place.prefix.clone(), standing.clone());
            if let Err(error) = self.remember_judged(&memory) {
                let text = format!("The verdict on the ledger could not be recorded: {error:#}");
                self.core.ctx.detail(text);
            }
        }
        Ok(standing)
    }

    /// The promotions that this server lets in although everybody disputes them.
    ///
    /// # Errors
    /// Git's configuration cannot be read.
    pub(super) fn admitted(self) -> Result<Vec<String>> {
        let config = self.core.store.config()?.into_iter();
        let values = config.filter(|(key, _)| key == "gryt.admit");
        Ok(values.map(|(_, value)| value).collect())
    }

    /// Whether this server asks that a branch holds each release commit.
    ///
    /// # Errors
    /// Git's configuration cannot be read, or holds no boolean.
    pub(super) fn requires_branch(self) -> Result<bool> {
        let config = self.core.store.config()?;
        let key = "gryt.requirebranch";
        match config.iter().rev().find(|(known, _)| known == key) {
            None => Ok(false),
            Some((_, value)) => config::boolean(value)
                .with_context(|| format!("gryt.requireBranch is `{value}`: write true or false")),
        }
    }

    fn judged_file(self) -> PathBuf {
        self.core.cache_file().with_file_name(FILE)
    }

    /// What was kept; nothing where the file is not there, or not whole.
    fn remembered(self) -> Memory {
        let text = fs::read(self.judged_file()).ok();
        let memory = text.and_then(|text| serde_json::from_slice(&text).ok());
        memory.unwrap_or_default()
    }

    fn remember_judged(self, memory: &Memory) -> Result<()> {
        let file = self.judged_file();
        let folder = file.parent().context("the file is in a folder")?;
        fs::create_dir_all(folder)?;
        let mut fresh = tempfile::NamedTempFile::new_in(folder)?;
        fresh.write_all(&serde_json::to_vec(memory)?)?;
        fresh.persist(&file)?;
        Ok(())
    }
}
