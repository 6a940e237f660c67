//! `git gryt where`: is it shipped, and in which version?

use anyhow::Result;
use serde::Serialize;

use super::Outcome;
use crate::model::{ChangeId, Exit, Oid, Person, Refusal, Version};
use crate::session::Session;
use crate::store::Refs;
use crate::store::refs::drafts;

/// Where a change or a commit is.
#[derive(Debug, Serialize)]
pub struct Places {
    pub what: String,
    /// Releases that hold it, oldest first; of a commit, the first alone.
    pub shipped: Vec<Shipped>,
    /// Drafts that want it.
    pub wanted: Vec<Version>,
}

/// A release that holds it.
#[derive(Debug, Serialize)]
pub struct Shipped {
    pub version: Version,
    pub status: &'static str,
    /// Who proved it, where that is a change.
    pub proven_by: Vec<Person>,
    pub commit: Oid,
}

/// Looks for a change by its id, or for a commit.
///
/// # Errors
/// [`Exit::Invalid`] where neither is known.
pub fn run(session: &Session<'_>, what: &str) -> Result<Outcome> {
    let refs = session.store.refs()?;
    let found = match what.parse::<ChangeId>() {
        Ok(id) => change(session, &refs, &id)?,
        Err(_) => Places {
            what: what.to_owned(),
            shipped: Vec::new(),
            wanted: Vec::new(),
        },
    };
    if !found.shipped.is_empty() || !found.wanted.is_empty() {
        return Ok(Outcome::Where(found));
    }
    match session.store.resolve(what) {
        Ok(oid) => commit(session, &refs, &oid).map(Outcome::Where),
        Err(_) => Err(Refusal::new(
            Exit::Invalid,
            format!("{what} is no commit, and no version that is known here has such a change"),
        )
        .then("git gryt sync pull")
        .into()),
    }
}

fn change(session: &Session<'_>, refs: &Refs, id: &ChangeId) -> Result<Places> {
    let mut shipped = Vec::new();
    if let Some(ledger) = session.ledger(refs)? {
        for release in session.releases(refs, usize::MAX)?.into_iter().rev() {
            let Some(sealed) = session.store.sealed(&ledger, &release.version)? else {
                continue;
            };
            let (_, contract) = session.store.sealed_contract(&ledger, &sealed)?;
            if contract.change(id).is_none() {
                continue;
            }
            let counted = sealed
                .evolutions
                .into_iter()
                .filter(|f| f.counted && f.change.is(id));
            shipped.push(Shipped {
                status: release.status(),
                proven_by: counted.map(|folded| folded.owner).collect(),
                version: release.version,
                commit: release.commit,
            });
        }
    }
    let mut wanted = Vec::new();
    for (version, tip) in drafts(&refs.local()) {
        if let Ok(draft) = session.store.draft(&version, &tip)?
            && draft
                .contract()
                .is_ok_and(|contract| contract.change(id).is_some())
        {
            wanted.push(version);
        }
    }
    Ok(Places {
        what: id.to_string(),
        shipped,
        wanted,
    })
}

fn commit(session: &Session<'_>, refs: &Refs, oid: &Oid) -> Result<Places> {
    let mut shipped = Vec::new();
    for release in session.releases(refs, usize::MAX)?.into_iter().rev() {
        if session.store.holds(&release.commit, oid)? {
            shipped.push(Shipped {
                status: release.status(),
                proven_by: Vec::new(),
                version: release.version,
                commit: release.commit,
            });
            break;
        }
    }
    Ok(Places {
        what: oid.to_string(),
        shipped,
        wanted: Vec::new(),
    })
}
