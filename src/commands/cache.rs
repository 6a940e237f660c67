//! `git gryt cache`: rebuild it, or compare it with a fresh one.

use anyhow::Result;
use clap::Subcommand;
use serde::Serialize;

use super::Outcome;
use crate::cache::Cache;
use crate::model::Exit;
use crate::model::shaped::table;
use crate::session::Session;

/// Subcommands of `cache`.
#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum CacheCommand {
    /// Throw it away and read everything again
    Rebuild,
    /// Compare it with what git holds now
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
    /// Tables that say something else than a fresh cache.
    pub wrong: Vec<String>,
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
/// Refs or objects cannot be read.
pub(crate) fn run(session: &Session<'_>, command: CacheCommand) -> Result<Outcome> {
    let refs = session.core.store.refs()?;
    let rebuilt = matches!(command, CacheCommand::Rebuild);
    if rebuilt {
        Cache::forget(&session.core.cache_file());
    }
    let cache = session.core.cache(&refs)?;
    let wrong = match rebuilt {
        true => Vec::new(),
        false => cache.differences(&session.core.fresh_cache(&refs)?)?,
    };
    Ok(Outcome::Cache(Report {
        tables: cache.counts()?,
        wrong,
        rebuilt,
    }))
}
