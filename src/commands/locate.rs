//! `git gryt where`: is it shipped, and in which version?

use anyhow::Result;
use serde::Serialize;

use super::Outcome;
use crate::cache::Cache;
use crate::cache::rows::Declared;
use crate::model::sealed::Release;
use crate::model::state::Status;
use crate::model::{ChangeId, Exit, Oid, Person, Refusal, Version};
use crate::session::Session;

/// Where a change or a commit is.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Whereabouts {
    pub what: String,
    /// Releases that hold it, oldest first; of a commit, the first alone.
    pub shipped: Vec<Shipped>,
    /// Drafts that want the change, or for which something is proven at the commit.
    pub wanted: Vec<Version>,
}

/// A release that holds it.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Shipped {
    pub version: Version,
    pub status: Status,
    /// Who proved it; of a commit, who proved something at it for this version.
    pub proven_by: Vec<Person>,
    /// None where it was released before gryt and nothing tells.
    pub commit: Option<Oid>,
}

/// Looks for a change by its id, or for a commit.
///
/// # Errors
/// [`Exit::Invalid`] where neither is known.
pub(crate) fn run(session: &Session<'_>, what: &str) -> Result<Outcome> {
    let refs = session.core.store.refs()?;
    let cache = session.core.cache(&refs)?;
    if let Ok(id) = what.parse::<ChangeId>() {
        let places = cache.declared(&id)?;
        if !places.is_empty() {
            return Ok(Outcome::Where(of_change(&id, places)));
        }
    }
    if let Some(oid) = released(session, &cache, what)? {
        return of_commit(session, &cache, &oid).map(Outcome::Where);
    }
    match session.core.store.resolve(what) {
        Ok(oid) => of_commit(session, &cache, &oid).map(Outcome::Where),
        Err(error) if is_cut(&error) => Err(error),
        Err(_) => Err(Refusal::new(
            Exit::Invalid,
            format!("{what} is no commit, and no version that is known here has such a change"),
        )
        .then("git gryt sync pull")
        .into()),
    }
}

/// Whether this clone does not tell, and another would.
fn is_cut(error: &anyhow::Error) -> bool {
    let refusal = error.downcast_ref::<Refusal>();
    refusal.is_some_and(|refusal| refusal.exit == Exit::Failure)
}

/// The commit of the release whose tag that is: the ledger knows it, whether the tag is here or not.
fn released(session: &Session<'_>, cache: &Cache, tag: &str) -> Result<Option<Oid>> {
    let Some(version) = session.core.config.tag_format.version(tag) else {
        return Ok(None);
    };
    let releases = cache.releases(usize::MAX, None)?;
    let found = releases.into_iter().find(|r| r.version == version);
    Ok(found
        .and_then(|release| release.commit)
        .filter(|commit| session.core.store.has(commit)))
}

fn of_change(id: &ChangeId, places: Vec<Declared>) -> Whereabouts {
    let mut found = Whereabouts {
        what: id.to_string(),
        shipped: Vec::new(),
        wanted: Vec::new(),
    };
    for place in places {
        if place.status.is_open() {
            found.wanted.push(place.version);
            continue;
        }
        found.shipped.push(Shipped {
            version: place.version,
            status: place.status,
            proven_by: place.proven_by,
            commit: place.commit,
        });
    }
    found
}

fn of_commit(session: &Session<'_>, cache: &Cache, oid: &Oid) -> Result<Whereabouts> {
    let mut releases = cache.releases(usize::MAX, None)?;
    // By their moments: what was released before gryt may have been entered late.
    releases.reverse();
    releases.sort_by_key(|release| release.promoted_at);
    // What was released before gryt is pinned by its tag, which may not be here.
    let here = |release: &Release| {
        release
            .commit
            .as_ref()
            .is_some_and(|c| session.core.store.has(c))
    };
    if releases
        .iter()
        .any(|release| release.commit.is_some() && !here(release))
        && let Some(command) = session.core.store.brings_the_rest()?
    {
        let what = "This clone lacks commits of releases, so it cannot tell which was the first";
        return Err(Refusal::new(Exit::Failure, what).then(command).into());
    }
    releases.retain(here);
    let commits: Vec<Oid> = releases.iter().filter_map(|r| r.commit.clone()).collect();
    let first = session.core.store.first_holding(&commits, oid)?;
    let shipped = first.map(|at| {
        let release = releases.swap_remove(at);
        Shipped {
            status: release.status(),
            version: release.version,
            proven_by: Vec::new(),
            commit: release.commit,
        }
    });
    let mut places = Whereabouts {
        what: oid.to_string(),
        shipped: shipped.into_iter().collect(),
        wanted: Vec::new(),
    };
    for proof in cache.proven_at(oid)? {
        match places
            .shipped
            .iter_mut()
            .find(|s| s.version == proof.name.version)
        {
            Some(shipped) if !shipped.proven_by.contains(&proof.owner) => {
                shipped.proven_by.push(proof.owner);
            }
            Some(_) => {}
            None if proof.draft && !places.wanted.contains(&proof.name.version) => {
                places.wanted.push(proof.name.version);
            }
            None => {}
        }
    }
    Ok(places)
}
