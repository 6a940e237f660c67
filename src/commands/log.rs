//! `git gryt log`: what was promoted, newest first.

use anyhow::Result;
use clap::Args;
use serde::Serialize;

use super::{Outcome, product};
use crate::model::sealed::{Advice, Release};
use crate::session::Session;

/// Arguments of `log`.
#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// At most so many entries
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = usize::MAX, hide_default_value = true)]
    max_count: usize,
    /// Only those of this product
    #[arg(long, value_name = "NAME")]
    product: Option<String>,
}

/// Promotions, newest first.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Entries {
    pub entries: Vec<Release>,
    /// Why those of them that are withdrawn should not be used, and what to use instead.
    pub withdrawals: Vec<Advice>,
}

/// Lists the promotions that this clone knows of.
///
/// # Errors
/// The ledger cannot be read.
pub(crate) fn run(session: &Session<'_>, args: &LogArgs) -> Result<Outcome> {
    let refs = session.core.store.refs()?;
    let entries =
        session
            .core
            .releases(&refs, args.max_count, product(args.product.as_deref())?)?;
    let mut withdrawals = Vec::new();
    if let Some(ledger) = session.core.ledger(&refs)? {
        for entry in entries.iter().filter(|entry| entry.withdrawn) {
            withdrawals.extend(session.core.advice(&ledger, &entry.version)?);
        }
    }
    Ok(Outcome::Log(Entries {
        entries,
        withdrawals,
    }))
}
