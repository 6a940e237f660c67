//! `git gryt log`: what was promoted, newest first.

use anyhow::Result;
use clap::Args;
use serde::Serialize;

use super::{Outcome, product};
use crate::model::Oid;
use crate::model::Version;
use crate::model::approval::{Approved, Opinion};
use crate::model::sealed::{Advice, Release};
use crate::model::signed_by::Signed;
use crate::session::Session;
use crate::session::core::signed_by::Signatures;
use crate::store::ledger::Ledger;

/// Arguments of `log`.
#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// Print at most COUNT entries
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = usize::MAX, hide_default_value = true)]
    max_count: usize,
    /// Only those of this product
    #[arg(long, value_name = "NAME")]
    product: Option<String>,
    /// Say who signed each
    #[arg(long)]
    show_signature: bool,
}

/// Promotions, newest first.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Entries {
    pub entries: Vec<Release>,
    /// Why those of them that are withdrawn should not be used, and what to use instead.
    pub withdrawals: Vec<Advice>,
    /// What people said of them before, where more was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<Approvals>,
    /// Who signed them, where that was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<Signed>,
}

/// What people said of a release before it was promoted.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Approvals {
    pub version: Version,
    pub approvals: Vec<Opinion>,
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
    let shows = args.show_signature || session.core.ctx.verbose;
    let signatures = match session.core.ledger(&refs)?.filter(|_| shows) {
        Some(ledger) => signatures(session, &ledger, &entries)?,
        None => Vec::new(),
    };
    let mut approvals = Vec::new();
    if let Some(ledger) = session
        .core
        .ledger(&refs)?
        .filter(|_| session.core.ctx.verbose)
    {
        for entry in &entries {
            let sealed = session.core.store.sealed(&ledger, &entry.version)?;
            let said: Vec<Opinion> = sealed
                .iter()
                .flat_map(|sealed| &sealed.approvals)
                .map(Approved::opinion)
                .collect();
            if !said.is_empty() {
                approvals.push(Approvals {
                    version: entry.version.clone(),
                    approvals: said,
                });
            }
        }
    }
    Ok(Outcome::Log(Entries {
        approvals,
        signatures,
        entries,
        withdrawals,
    }))
}

fn signatures(session: &Session<'_>, ledger: &Ledger, entries: &[Release]) -> Result<Vec<Signed>> {
    let sealed = session.core.promotions(ledger)?;
    let of = |release: &Release| -> Option<&Oid> {
        let found = sealed
            .iter()
            .find(|(version, _)| *version == release.version);
        found.map(|(_, entry)| entry)
    };
    let all = Signatures::of(ledger, entries.iter().filter_map(of).cloned().collect());
    let mut found = Vec::new();
    for release in entries {
        if let Some(entry) = of(release) {
            found.push(Signed {
                version: release.version.clone(),
                promoter: release.promoter.clone(),
                by: session.core.signed_by(&all, entry)?,
            });
        }
    }
    Ok(found)
}
