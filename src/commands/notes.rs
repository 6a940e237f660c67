//! `git gryt notes`: what a version brings, as text for people who use it.

use anyhow::Result;
use serde::Serialize;

use super::{Outcome, typed};
use crate::model::ledger::Withdrawal;
use crate::model::{Contract, Stamp, Version};
use crate::session::Session;

/// The notes of a version.
#[derive(Debug, Serialize)]
pub struct Notes {
    pub version: Version,
    pub contract: Contract,
    /// None for a draft.
    pub promoted_at: Option<Stamp>,
    pub withdrawal: Option<Withdrawal>,
}

/// The notes of a promoted version, or of a draft.
///
/// # Errors
/// There is no such version.
pub fn run(session: &Session<'_>, version: &str) -> Result<Outcome> {
    let version: Version = typed(version)?;
    let refs = session.store.refs()?;
    if let Some(ledger) = session.ledger(&refs)?
        && let Some(sealed) = session.store.sealed(&ledger, &version)?
    {
        let (_, contract) = session.store.sealed_contract(&ledger, &sealed)?;
        return Ok(Outcome::Notes(Notes {
            withdrawal: session.store.withdrawal(&ledger, &sealed.version)?,
            version: sealed.version,
            contract,
            promoted_at: Some(sealed.promoted_at),
        }));
    }
    let draft = session.draft(&refs, &version)?;
    let contract = draft.contract().map_err(crate::model::Refusal::from)?;
    Ok(Outcome::Notes(Notes {
        version: draft.version,
        contract,
        promoted_at: None,
        withdrawal: None,
    }))
}
