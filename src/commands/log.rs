//! `git gryt log`: what was promoted, newest first.

use anyhow::Result;
use clap::Args;
use serde::Serialize;

use super::Outcome;
use crate::model::{Oid, Person, Stamp, Version};
use crate::session::Session;

/// Arguments of `log`.
#[derive(Debug, Args)]
pub struct LogArgs {
    /// At most so many entries
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = usize::MAX, hide_default_value = true)]
    max_count: usize,
}

/// Entries of the ledger.
#[derive(Debug, Serialize)]
pub struct Entries {
    pub entries: Vec<Entry>,
}

/// One promotion.
#[derive(Debug, Serialize)]
pub struct Entry {
    pub version: Version,
    pub status: &'static str,
    pub description: Option<String>,
    pub commit: Oid,
    pub promoter: Person,
    pub promoted_at: Stamp,
    pub changes: usize,
    pub evolutions: usize,
}

/// Lists the promotions that this clone knows of.
///
/// # Errors
/// The ledger cannot be read.
pub fn run(session: &Session<'_>, args: &LogArgs) -> Result<Outcome> {
    let refs = session.store.refs()?;
    let mut entries = Vec::new();
    for (version, (sealed, contract)) in session.latest_sealed(&refs, args.max_count)? {
        entries.push(Entry {
            status: session.sealed_status(&refs, &version)?,
            description: contract.description,
            commit: sealed.commit,
            promoter: sealed.promoter,
            promoted_at: sealed.promoted_at,
            changes: contract.changes.len(),
            evolutions: sealed.evolutions.len(),
            version,
        });
    }
    Ok(Outcome::Log(Entries { entries }))
}
