//! `git gryt sync push --republish`: put back what the cloud lost, as far as this clone has it.

use anyhow::Result;
use serde::Serialize;

use super::{Pulled, pull};
use crate::commands::Outcome;
use crate::model::Exit;
use crate::model::republish::Republished;
use crate::session::Session;

/// What was put back, and what the cloud had for this clone.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct PutBack {
    pub republished: Republished,
    /// None of a dry run.
    pub pulled: Option<Pulled>,
}

impl PutBack {
    /// What stays lost is to be settled by a person.
    pub(crate) fn exit(&self) -> Exit {
        match (&self.pulled, self.republished.lost.is_empty()) {
            (_, false) => Exit::Conflict,
            (Some(pulled), true) => pulled.exit(),
            (None, true) => Exit::Done,
        }
    }
}

/// Puts back what the cloud lost; with `dry_run` shows it.
///
/// # Errors
/// This clone has verified nothing, tags name what it lacks, or the cloud cannot be reached, refuses, or
/// holds another project.
pub(super) fn run(session: &Session<'_>, dry_run: bool) -> Result<Outcome> {
    session.core.cloud_name()?;
    let republished = session.sealing.republish(dry_run)?;
    let pulled = match dry_run {
        true => None,
        false => Some(pull(session)?),
    };
    Ok(Outcome::PutBack(Box::new(PutBack {
        republished,
        pulled,
    })))
}
