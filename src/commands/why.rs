//! `git gryt why`: who has to do what before a version can be promoted.

use anyhow::Result;
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::{Outcome, or_offline, typed};
use crate::model::built::{self, Released};
use crate::model::promotion;
use crate::model::sealed::Advice;
use crate::model::steps::{self, Step};
use crate::model::{Exit, Oid, Refusal, Version};
use crate::session::Session;
use crate::session::core::contact::Contact;

/// Which version, and how it is written.
#[derive(Debug, Args)]
pub(crate) struct WhyArgs {
    /// The version
    version: String,
    /// Answer from what was last seen of the cloud
    #[arg(long)]
    offline: bool,
    /// How to write it
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT", conflicts_with = "json")]
    format: Format,
}

/// How it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    /// A list for a pull request
    Markdown,
}

/// Who has to do what.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Why {
    pub version: Version,
    /// Whether the promotion would go through as things stand.
    pub ready: bool,
    /// Who promoted it, where somebody did.
    #[serde(rename = "promoted_by")]
    pub promoted: Option<String>,
    /// Who has to promote it, where that is all that is missing and the one who asks may not.
    pub awaits: Option<String>,
    /// Whether it was withdrawn since, and what to use instead.
    pub withdrawal: Option<Advice>,
    /// The newest commit that enough people approved.
    #[serde(rename = "approved_commit")]
    pub approved: Option<Oid>,
    /// The files that were built, as the promotion sealed them or would seal them now.
    pub artifacts: Vec<Released>,
    pub steps: Vec<Step>,
    #[serde(skip)]
    pub markdown: bool,
}

/// Looks at the cloud and at this clone, and changes neither.
///
/// # Errors
/// The cloud cannot be reached or does not check; there is no such version.
pub(crate) fn run(session: &Session<'_>, args: &WhyArgs) -> Result<Outcome> {
    let typed: Version = typed(&args.version)?;
    let version = session.core.store.spelled(&typed)?.unwrap_or(typed);
    let contact = contact(session, args.offline)
        .map_err(|error| or_offline(error, &format!("git gryt why {version} --offline")))?;
    let found = session.sealing.readiness(&version, contact.as_ref())?;
    let Some(found) = found else {
        return Err(Refusal::new(Exit::Invalid, "There is no commit yet")
            .then("git commit")
            .into());
    };
    if let (Some(refusal), None, None, None) = (
        &found.refusal,
        &found.facts.local,
        &found.facts.cloud,
        &found.facts.sealed,
    ) {
        return Err(refusal.clone().into());
    }
    let steps = steps::steps(&found.facts, found.refusal.as_ref());
    let awaits = found
        .refusal
        .as_ref()
        .and_then(|_| steps::awaited(&found.facts, &steps));
    let ledger = match &contact {
        Some(contact) => contact.ledger().cloned(),
        None => session.core.ledger(&session.core.store.refs()?)?,
    };
    let withdrawal = match (&ledger, &found.facts.sealed) {
        (Some(ledger), Some(sealed)) => session.core.advice(ledger, &sealed.version)?,
        _ => None,
    };
    Ok(Outcome::Why(Why {
        awaits,
        withdrawal,
        artifacts: match &found.facts.sealed {
            Some(sealed) => built::released(sealed),
            None => promotion::artifacts(&found.facts),
        },
        approved: found
            .approved
            .filter(|approved| approved.sufficient)
            .map(|approved| approved.commit),
        ready: found.refusal.is_none() && found.facts.sealed.is_none(),
        promoted: found
            .facts
            .sealed
            .as_ref()
            .map(|sealed| sealed.promoter.to_string()),
        steps,
        markdown: args.format == Format::Markdown,
        version,
    }))
}

/// The cloud, as it is or as it was last seen; none where there is none.
///
/// # Errors
/// It cannot be reached, or does not check.
pub(super) fn contact(session: &Session<'_>, offline: bool) -> Result<Option<Contact>> {
    if session.core.config.remote.is_none() {
        return Ok(None);
    }
    Ok(Some(match offline {
        true => session.cloud.last_seen()?,
        false => session.cloud.contact(None)?,
    }))
}
