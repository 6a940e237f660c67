//! `git gryt sync push-evolutions`.

use anyhow::Result;
use clap::Args;
use serde::Serialize;

use super::push::is_promoted;
use crate::model::publish::{self, Blocked};
use crate::model::shaped::{quarantined, renumbered};
use crate::model::{EvolutionName, Exit, Version};
use crate::session::Session;
use crate::session::cloud::publish::Commits;
use crate::session::cloud::share::Which;
use crate::store::refs::evolutions;

/// Arguments of `sync push-evolutions`.
#[derive(Debug, Args)]
pub(crate) struct PushEvolutionsArgs {
    /// Only those of this version
    pub(super) version: Option<String>,
    /// The same, as an option
    #[arg(long = "version", value_name = "VERSION", conflicts_with = "version")]
    pub(super) named: Option<String>,
    /// Publish the proven commits too, even if no branch of the cloud has them
    #[arg(long)]
    pub(super) with_commits: bool,
}

/// What a push of evolutions published.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct PushedEvolutions {
    pub created: Vec<EvolutionName>,
    pub updated: Vec<EvolutionName>,
    #[serde(serialize_with = "renumbered::serialize")]
    #[cfg_attr(
        test,
        schemars(with = "Vec<renumbered::Shape<EvolutionName, EvolutionName>>")
    )]
    pub renumbered: Vec<(EvolutionName, EvolutionName)>,
    pub late: Vec<EvolutionName>,
    /// Sealed evolutions that went on here, too late.
    pub late_proofs: Vec<EvolutionName>,
    #[serde(serialize_with = "quarantined::serialize")]
    #[cfg_attr(test, schemars(with = "Vec<quarantined::Shape<String, String>>"))]
    pub quarantined: Vec<(String, String)>,
    /// What stays here, because it is proven at commits that were never published.
    pub blocked: Vec<Blocked>,
}

impl PushedEvolutions {
    /// Whether everything that was to go went.
    pub(crate) fn exit(&self) -> Exit {
        match self.blocked.is_empty() {
            true => Exit::Done,
            false => Exit::OutOfStep,
        }
    }
}

/// Publishes this person's evolutions.
///
/// # Errors
/// The cloud cannot be reached, refuses, or does not check; commits would be published.
pub(crate) fn push_evolutions(
    session: &Session<'_>,
    version: Option<&Version>,
    commits: Commits,
) -> Result<PushedEvolutions> {
    session.core.cloud_name()?;
    session.drafts.take_in()?;
    let which = version.map_or(Which::All, Which::Of);
    let done = session.cloud.share_evolutions(&which, commits)?;
    if let Some(version) = version {
        is_known(session, version)?;
    }
    session.drafts.show();
    if !done.blocked.is_empty() && done.created.is_empty() && done.updated.is_empty() {
        return Err(publish::refused(&done.blocked).into());
    }
    Ok(PushedEvolutions {
        blocked: done.blocked,
        created: done.created,
        updated: done.updated,
        renumbered: done.renumbered,
        late: done.late,
        late_proofs: done.late_proofs,
        quarantined: done.quarantined,
    })
}

/// Refuses a version that nobody has: its name was mistyped.
pub(super) fn is_known(session: &Session<'_>, version: &Version) -> Result<()> {
    let refs = session.core.store.refs()?;
    let of_it = |(name, _): (EvolutionName, _)| name.version == *version;
    if evolutions(refs.local()).any(of_it) {
        return Ok(());
    }
    match session.core.draft(&refs, version) {
        Ok(_) => Ok(()),
        Err(error) if is_promoted(&error) => Ok(()),
        Err(error) => Err(error),
    }
}
