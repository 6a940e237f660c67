//! `git gryt notes`: what a version brings, as text for people who use it.

use anyhow::Result;
use clap::ValueEnum;
use serde::Serialize;

use super::{Outcome, product, typed};
use crate::model::built::{self, Released};
use crate::model::sealed::Advice;
use crate::model::{Contract, Exit, Person, Refusal, Stamp, Version};
use crate::session::Session;
use crate::store::Refs;

/// The notes of a version.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Notes {
    pub version: Version,
    pub contract: Contract,
    /// None for a draft.
    pub promoted_at: Option<Stamp>,
    /// Whose approvals counted.
    pub approved_by: Vec<Person>,
    pub withdrawal: Option<Advice>,
    /// What its entry is disputed for, a line each.
    pub disputed: Vec<String>,
    /// What was built of it.
    pub artifacts: Vec<Released>,
    #[serde(skip)]
    pub sums: bool,
}

/// How they are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    #[default]
    Markdown,
    /// The digests of its artifacts, as sha256sum(1) writes and reads them
    Sha256sums,
}

/// The notes of a promoted version, of a draft, or of a product's latest release.
///
/// # Errors
/// There is no such version.
pub(crate) fn run(
    session: &Session<'_>,
    version: Option<&str>,
    of: Option<&str>,
    format: Format,
) -> Result<Outcome> {
    let mut notes = notes(session, version, of)?;
    notes.sums = format == Format::Sha256sums;
    if notes.sums && notes.artifacts.is_empty() {
        let what = format!("{} seals no artifacts", notes.version);
        return Err(Refusal::new(Exit::Invalid, what).into());
    }
    for released in notes
        .artifacts
        .iter()
        .filter(|released| notes.sums && released.contested)
    {
        let name = &released.name;
        session.core.ctx.warn(format!(
            "{name} is left out: its builds differ, and none was chosen"
        ));
    }
    Ok(Outcome::Notes(notes))
}

fn notes(session: &Session<'_>, version: Option<&str>, of: Option<&str>) -> Result<Notes> {
    let refs = session.core.store.refs()?;
    let of = product(of)?;
    let version: Version = match (version, of) {
        (Some(version), _) => typed(version)?,
        (None, of) => match highest(session, &refs, of)? {
            Some(latest) => latest,
            None => {
                let of = of.unwrap_or_default();
                let what = format!("Nothing of {of} is promoted");
                return Err(Refusal::new(Exit::Invalid, what).into());
            }
        },
    };
    if let Some(ledger) = session.core.ledger(&refs)?
        && let Some(sealed) = session.core.store.sealed(&ledger, &version)?
    {
        let (_, contract) = session.core.store.sealed_contract(&ledger, &sealed)?;
        return Ok(Notes {
            withdrawal: session.core.advice(&ledger, &sealed.version)?,
            disputed: ledger.disputes(&sealed.version),
            artifacts: built::released(&sealed),
            version: sealed.version,
            contract,
            promoted_at: Some(sealed.promoted_at),
            approved_by: sealed
                .approvals
                .into_iter()
                .filter_map(|approved| approved.counted.then_some(approved.by))
                .collect(),
            sums: false,
        });
    }
    if let Some(ledger) = session.core.ledger(&refs)?
        && let Some(old) = session.core.store.imported(&ledger, &version)?
    {
        return Ok(Notes {
            withdrawal: session.core.advice(&ledger, &old.version)?,
            disputed: ledger.disputes(&old.version),
            contract: old.contract(),
            version: old.version,
            promoted_at: Some(old.at),
            approved_by: Vec::new(),
            artifacts: Vec::new(),
            sums: false,
        });
    }
    let draft = session.core.draft(&refs, &version)?;
    let contract = draft.contract().map_err(Refusal::from)?;
    Ok(Notes {
        version: draft.version,
        contract,
        promoted_at: None,
        approved_by: Vec::new(),
        withdrawal: None,
        disputed: Vec::new(),
        artifacts: Vec::new(),
        sums: false,
    })
}

/// The highest release of a product that stands.
fn highest(session: &Session<'_>, refs: &Refs, of: Option<&str>) -> Result<Option<Version>> {
    let highest = session.core.cache(refs)?.highest()?;
    Ok(highest.into_iter().find(|version| version.product() == of))
}
