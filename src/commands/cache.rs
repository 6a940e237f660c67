//! `git gryt cache`: rebuild it, or compare it with a fresh one.

use anyhow::Result;
use clap::Subcommand;
use serde::Serialize;

use super::Outcome;
use crate::cache::Cache;
use crate::cache::compare::{Difference, REFS};
use crate::model::shaped::table;
use crate::model::{Exit, Refusal};
use crate::session::Session;
use crate::session::core::Core;

/// Subcommands of `cache`.
#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum CacheCommand {
    /// Delete the cache and read everything from git again
    Rebuild,
    /// Compare the cache with what git holds now
    Verify,
}

/// What came of it.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Report {
    /// How many rows each table has.
    #[serde(serialize_with = "table::serialize")]
    #[cfg_attr(test, schemars(with = "Vec<table::Shape<String, usize>>"))]
    pub tables: Vec<(String, usize)>,
    /// The first row of each table that says something else than a fresh cache.
    pub wrong: Vec<Difference>,
    pub rebuilt: bool,
}

impl Report {
    /// A cache that says something else than git is a failure.
    pub(crate) fn exit(&self) -> Exit {
        match self.wrong.is_empty() {
            true => Exit::Done,
            false => Exit::Failure,
        }
    }
}

/// Rebuilds or compares.
///
/// # Errors
/// Refs or objects cannot be read, or the cache that was to be rebuilt cannot be written.
pub(crate) fn run(session: &Session<'_>, command: CacheCommand) -> Result<Outcome> {
    let core = &session.core;
    let (cache, wrong, rebuilt) = match command {
        CacheCommand::Rebuild => {
            if core.ctx.no_cache {
                let what = "--no-cache leaves no cache to rebuild";
                return Err(Refusal::new(Exit::Usage, what)
                    .then("git gryt cache rebuild")
                    .into());
            }
            let file = core.cache_file();
            Cache::forget(&file);
            let cache = core.cache(&core.store.refs()?)?;
            if !cache.is_kept() {
                let what = format!("The cache {} cannot be written", file.display());
                let why = "Commands work without it, and take longer";
                return Err(Refusal::new(Exit::Failure, what).because(why).into());
            }
            (cache, Vec::new(), true)
        }
        CacheCommand::Verify => {
            let (cache, wrong) = compare(core)?;
            (cache, wrong, false)
        }
    };
    Ok(Outcome::Cache(Report {
        tables: cache.counts()?,
        wrong,
        rebuilt,
    }))
}

/// How often the cache is compared again, where other processes of this clone keep writing to it.
const TRIES: u32 = 20;

/// The cache, and how it differs from a fresh one.
fn compare(core: &Core<'_>) -> Result<(Cache, Vec<Difference>)> {
    let mut tries = 0;
    loop {
        tries += 1;
        let refs = core.store.refs()?;
        let cache = core.cache(&refs)?;
        let wrong = cache.differences(&core.fresh_cache(&refs)?)?;
        // Another process moved the cache to other refs between these lines.
        let raced = wrong.iter().any(|found| found.table == REFS);
        if !raced || tries == TRIES {
            return Ok((cache, wrong));
        }
    }
}
