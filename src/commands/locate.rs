//! `git gryt where`: is it shipped, and in which version?

use anyhow::Result;
use serde::Serialize;

use super::Outcome;
use crate::cache::Cache;
use crate::cache::rows::Declared;
use crate::model::near::nearest;
use crate::model::sealed::Release;
use crate::model::state::Status;
use crate::model::{ChangeId, EvolutionName, Exit, Oid, Person, Refusal, Version};
use crate::session::Session;
use crate::store::Refs;
use crate::store::refs::drafts;

/// Where a change or a commit is.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Whereabouts {
    pub what: String,
    /// Releases that hold it, oldest first; of a commit, the first alone.
    pub shipped: Vec<Shipped>,
    /// Drafts that want the change, or for which something is proven at the commit.
    pub wanted: Vec<Version>,
    /// What is proven at the commit for drafts.
    pub proves: Vec<EvolutionName>,
    /// The draft that was asked for by its version: it is released nowhere.
    pub draft: Option<Version>,
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
    let version = version(session, what);
    let releases = cache.releases(usize::MAX, None)?;
    match (session.core.store.resolve(what), version) {
        (Ok(oid), None) => of_commit(session, &cache, &oid).map(Outcome::Where),
        (Ok(oid), Some(version)) => {
            let places = of_commit(session, &cache, &oid)?;
            match places.shipped.is_empty() && is_tag(session, what)? {
                true => Err(no_release(session, what, &version).into()),
                false => Ok(Outcome::Where(places)),
            }
        }
        (Err(error), None) if is_cut(&error) => Err(error),
        (Err(_), None) => Err(unknown(session, what).into()),
        (Err(error), Some(version)) => match refs.draft(&version) {
            Some((spelled, _)) => Ok(Outcome::Where(Whereabouts {
                what: what.to_owned(),
                shipped: Vec::new(),
                wanted: Vec::new(),
                proves: Vec::new(),
                draft: Some(spelled),
            })),
            None if is_cut(&error) => Err(error),
            None if releases.iter().any(|known| known.version == version) => {
                let what = format!("This clone does not have the commit of {version}");
                let refusal = Refusal::new(Exit::Failure, what);
                Err(refusal.then("git fetch --all --tags").into())
            }
            None => Err(no_version(session, &refs, &version)?.into()),
        },
    }
}

fn is_tag(session: &Session<'_>, name: &str) -> Result<bool> {
    let tag = session.core.store.tag(&format!("refs/tags/{name}"))?;
    Ok(tag.is_some())
}

/// The version that somebody asks for: by its tag, or by its name. A number alone is a commit's.
fn version(session: &Session<'_>, what: &str) -> Option<Version> {
    let named = || {
        let begins = what.rsplit('/').next().unwrap_or_default();
        let named = begins.starts_with('v') || begins.contains('.');
        what.parse::<Version>().ok().filter(|_| named)
    };
    session.core.config.tag_format.version(what).or_else(named)
}

/// A tag is here, and the ledger that this clone has holds no release of that version.
fn no_release(session: &Session<'_>, tag: &str, version: &Version) -> Refusal {
    let what = format!("{tag} is a tag, but this clone knows no release {version}");
    let refusal = Refusal::new(Exit::Invalid, what);
    match session.core.config.remote {
        Some(_) => refusal
            .because("It was promoted since the last pull, or released before gryt")
            .then("git gryt sync pull"),
        None => refusal.because("It was released before gryt, or somebody else made the tag"),
    }
    .then("git gryt import --from tags --dry-run")
}

/// Neither a release, nor a draft, nor a tag of that version is here.
fn no_version(session: &Session<'_>, refs: &Refs, version: &Version) -> Result<Refusal> {
    let what = format!("There is no version {version} that this clone knows");
    let refusal = Refusal::new(Exit::Invalid, what);
    let cloud = session.core.known_cloud(refs);
    if drafts(&cloud).any(|(there, _)| there == *version) {
        return Ok(refusal
            .because("It is a draft in the cloud, and was not pulled yet")
            .then("git gryt sync pull"));
    }
    let mut known: Vec<Version> = drafts(refs.local()).map(|(version, _)| version).collect();
    if let Some(ledger) = session.core.ledger(refs)? {
        known.extend(session.core.store.versions(&ledger, version.product())?);
    }
    let near = nearest(version.as_str(), known.iter().map(Version::as_str));
    let refusal = match near {
        Some(near) => refusal
            .because(format!("Did you mean {near}?"))
            .then(format!("git gryt where {near}")),
        None => refusal,
    };
    Ok(match session.core.config.remote {
        Some(_) => refusal.then("git gryt sync pull"),
        None => refusal.then("git gryt generation list"),
    })
}

/// No change, no version and no commit.
fn unknown(session: &Session<'_>, what: &str) -> Refusal {
    let is_oid = what.len() >= 4 && what.bytes().all(|b| b.is_ascii_hexdigit());
    let said = match is_oid {
        true => format!("{what} is not a commit that this clone has"),
        false => {
            format!("{what} is not a commit, and no version that is known here has such a change")
        }
    };
    let refusal = Refusal::new(Exit::Invalid, said);
    match (&session.core.config.remote, is_oid) {
        // Commits are git's to bring, changes are gryt's.
        (Some(_), true) => refusal.then("git fetch --all"),
        (Some(_), false) => refusal.then("git gryt sync pull"),
        (None, _) => refusal.then("git gryt generation list"),
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
        proves: Vec::new(),
        draft: None,
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
        proves: Vec::new(),
        draft: None,
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
            None if proof.draft => {
                if !places.wanted.contains(&proof.name.version) {
                    places.wanted.push(proof.name.version.clone());
                }
                places.proves.push(proof.name);
            }
            None => {}
        }
    }
    Ok(places)
}
