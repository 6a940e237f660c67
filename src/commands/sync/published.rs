//! Sharing proofs of what the user has published: `share_on_push` (docs/hooks.md).

use anyhow::Result;

use crate::model::EvolutionName;
use crate::model::evolution::Attempt;
use crate::session::Session;
use crate::session::cloud::publish::Commits;
use crate::session::cloud::share::Which;
use crate::store::names;
use crate::store::refs::evolutions;

/// This person's evolutions which the cloud, when last seen, had not or not that far.
///
/// # Errors
/// Refs or objects cannot be read.
pub(crate) fn unshared(session: &Session<'_>) -> Result<Vec<Attempt>> {
    let refs = session.core.store.refs()?;
    let me = session.core.me()?;
    let cloud = session.core.known_cloud(&refs);
    let mut found = Vec::new();
    for (name, tip) in evolutions(refs.local()) {
        if cloud.get(&names::evolution(&name)) == Some(&tip) {
            continue;
        }
        if let Ok(attempt) = session.core.store.attempt(&name, &tip)?
            && attempt.evolution.owner.is(&me)
        {
            found.push(attempt);
        }
    }
    Ok(found)
}

/// Those of `mine` whose commits the remote was seen to have, where `share_on_push` is set. Whether a push
/// that is under way will be accepted, nobody knows: a following command shares what it published.
///
/// # Errors
/// Objects cannot be read.
pub(crate) fn ready(session: &Session<'_>, mine: &[Attempt]) -> Result<Vec<EvolutionName>> {
    let mut ready = Vec::new();
    if !session.core.config.share_on_push {
        return Ok(ready);
    }
    let remote = session.core.cloud_name()?;
    for attempt in mine {
        let pinned = session.core.store.pinned(&attempt.tip, None)?;
        if !pinned.is_empty() && session.core.store.published(&pinned, remote)? {
            ready.push(attempt.name.clone());
        }
    }
    Ok(ready)
}

/// Shares those that are ready.
///
/// # Errors
/// Objects cannot be read. That the cloud refuses or is away is a warning.
pub(crate) fn share(session: &Session<'_>, mine: &[Attempt]) -> Result<Vec<EvolutionName>> {
    let ready = ready(session, mine)?;
    if ready.is_empty() {
        return Ok(Vec::new());
    }
    let which = Which::Named(&ready);
    match session.cloud.share_evolutions(&which, Commits::Hold) {
        Ok(shared) => Ok(shared.created.into_iter().chain(shared.updated).collect()),
        Err(error) => {
            session
                .core
                .ctx
                .warn(format!("The proofs were not shared: {error:#}"));
            Ok(Vec::new())
        }
    }
}
