//! `git gryt sync status`: this clone beside the cloud.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use serde::Serialize;

use crate::commands::Outcome;
use crate::model::gate::Subject;
use crate::model::reconcile::{Adopted, DraftConflict, Relation};
use crate::model::sealed::Release;
use crate::model::standing::{Standing, standings};
use crate::model::state::{InCloud, Status, SyncState};
use crate::model::verdict::{Gate, Verdict};
use crate::model::{Exit, Refusal, Version};
use crate::session::Session;
use crate::session::core::contact::Contact;
use crate::session::core::seals::Seals;
use crate::session::core::sides::Three;
use crate::session::core::survey::Evolutions;
use crate::store::names;
use crate::store::refs::drafts;

/// All generations, here and there.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Comparison {
    pub local: Vec<Local>,
    /// What the cloud has and this clone has not.
    pub cloud: Vec<Cloud>,
    pub conflicts: Vec<Clash>,
    /// Cloud generations that a pull would bring or update.
    pub behind: usize,
    /// Local generations that a push would create or update.
    pub ahead: usize,
    /// Whether older promotions are left out of `local`.
    pub more: bool,
}

/// A generation of this clone.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Local {
    pub version: Version,
    pub status: Status,
    pub sync: SyncState,
    pub cloud: InCloud,
    pub edited: bool,
}

/// A generation of the cloud.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Cloud {
    pub version: Version,
    pub status: Status,
}

/// A version that two sides want.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Clash {
    pub version: Version,
    pub message: &'static str,
}

/// How far one version is proven.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct OfVersion {
    pub version: Version,
    pub status: Status,
    pub changes: Vec<Standing>,
    /// What the policy's gates lack if `HEAD` were released now, a line each.
    pub missing: Vec<String>,
    pub ready: bool,
}

/// How many promoted versions an overview shows.
const LATEST: usize = 10;

/// Compares with the cloud.
///
/// # Errors
/// The cloud cannot be reached, or does not check.
pub(crate) fn run(
    session: &Session<'_>,
    version: Option<&Version>,
    offline: bool,
) -> Result<Outcome> {
    session.core.cloud_name()?;
    let contact = if offline {
        session.cloud.seen()?
    } else {
        session.cloud.contact(None)?
    };
    match version {
        None => compared(session, &contact).map(Outcome::SyncStatus),
        Some(version) => of_version(session, &contact, version).map(Outcome::SyncStatusVersion),
    }
}

fn compared(session: &Session<'_>, contact: &Contact) -> Result<Comparison> {
    let refs = &contact.refs;
    let preview = session.cloud.preview(contact)?;
    let edited = session.drafts.edited(refs)?;
    let latest = session.core.releases(refs, LATEST + 1, None)?;
    let mut rows: BTreeMap<String, Local> = BTreeMap::new();
    for release in latest.iter().take(LATEST) {
        rows.insert(release.version.to_string(), released(release));
    }
    let mut seals = Seals::of(session.core, contact.ledger());
    for (version, _) in drafts(refs.local()) {
        let there = contact.cloud.contains_key(&names::draft(&version));
        let touched = edited.iter().any(|(v, _)| v.as_str() == version.as_str());
        let cloud = match (seals.get(&version)?, there) {
            (Some(_), _) => InCloud::Promoted,
            (None, true) => InCloud::Draft,
            (None, false) => InCloud::None,
        };
        rows.insert(version.to_string(), open(&preview, version, touched, cloud));
    }
    let mut local: Vec<Local> = rows.into_values().collect();
    local.sort_by(|a, b| a.version.cmp(&b.version));
    let own = |version: &Version| refs.draft(version).is_some();
    Ok(Comparison {
        behind: preview.promoted.len() + preview.new.len() + to_pull(&preview),
        ahead: local.iter().filter(|row| row.sync.is_ahead()).count(),
        local,
        cloud: not_here(&preview, own),
        conflicts: clashes(&preview),
        more: latest.len() > LATEST,
    })
}

fn released(release: &Release) -> Local {
    Local {
        version: release.version.clone(),
        status: release.status(),
        sync: SyncState::Synced,
        cloud: InCloud::Promoted,
        edited: false,
    }
}

/// A draft of this clone. What everybody has had since the last pull has nothing that a pull would
/// change.
fn open(preview: &Adopted, version: Version, edited: bool, cloud: InCloud) -> Local {
    let state = preview.states.get(&version).copied();
    let state = state.unwrap_or(SyncState::Synced);
    Local {
        status: Status::Draft,
        sync: if edited { state.edited() } else { state },
        cloud,
        edited,
        version,
    }
}

/// How many drafts of this clone a pull would change, but for those that it would find promoted.
fn to_pull(preview: &Adopted) -> usize {
    let changed: BTreeSet<&Version> = [&preview.updated, &preview.merged, &preview.deleted]
        .into_iter()
        .flatten()
        .filter(|version| !preview.promoted.contains(version))
        .collect();
    changed.len()
}

/// What the cloud has and this clone does not.
fn not_here(preview: &Adopted, own: impl Fn(&Version) -> bool) -> Vec<Cloud> {
    let row = |status| {
        move |version: &Version| Cloud {
            version: version.clone(),
            status,
        }
    };
    let promoted = preview.promoted.iter().filter(|version| !own(version));
    let promoted = promoted.map(row(Status::Promoted));
    let drafts = preview.new.iter().map(row(Status::Draft));
    let mut cloud: Vec<Cloud> = promoted.chain(drafts).collect();
    cloud.sort_by(|a, b| a.version.cmp(&b.version));
    cloud
}

fn clashes(preview: &Adopted) -> Vec<Clash> {
    let clash = |(version, conflict): &(Version, DraftConflict)| Clash {
        version: version.clone(),
        message: match conflict {
            DraftConflict::SameVersion | DraftConflict::Promoted => "Version exists in cloud",
            other => other.reason(),
        },
    };
    let late = preview.late_drafts.iter().map(|version| Clash {
        version: version.clone(),
        message: "Promoted without your last edits of it",
    });
    preview.conflicts.iter().map(clash).chain(late).collect()
}

fn of_version(session: &Session<'_>, contact: &Contact, version: &Version) -> Result<OfVersion> {
    if let Some(ledger) = contact.ledger()
        && let Some(sealed) = session.core.store.sealed(ledger, version)?
    {
        let (_, contract) = session.core.store.sealed_contract(ledger, &sealed)?;
        return Ok(OfVersion {
            status: match session.core.store.withdrawal(ledger, &sealed.version)? {
                Some(_) => Status::Withdrawn,
                None => Status::Promoted,
            },
            changes: crate::session::core::survey::sealed_standings(&contract, &sealed),
            ready: false,
            missing: Vec::new(),
            version: sealed.version,
        });
    }
    let here = contact.refs.draft(version);
    let there = drafts(&contact.cloud).find(|(v, _)| v == version);
    let (version, tip) = match (here, there) {
        (Some((_, here)), Some((spelled, there))) => {
            // What this clone added is in the status only where nothing is missing from it.
            match session.core.store.draft_relation(&here, &there)? {
                Relation::Ahead => (spelled, here),
                _ => (spelled, there),
            }
        }
        (Some(only), None) | (None, Some(only)) => only,
        (None, None) => {
            let what = format!("There is no generation {version}, here or in the cloud");
            return Err(Refusal::new(Exit::Invalid, what).into());
        }
    };
    let draft = session
        .core
        .store
        .draft(&version, &tip)?
        .map_err(Refusal::from)?;
    let contract = draft.contract().map_err(Refusal::from)?;
    let adopted = session.core.adopted(&contact.refs)?;
    let evolutions = Evolutions::of(&Three {
        local: contact.refs.local(),
        cloud: &contact.cloud,
        adopted: &adopted,
    });
    let found = session.core.survey(&version, &evolutions)?;
    let mut attempts: Vec<_> = found.into_iter().map(|(attempt, _)| attempt).collect();
    let verdicts = match session.core.head()? {
        // Without a commit there is nothing to release, and nothing that a policy could stand in.
        None => Vec::new(),
        Some(head) => {
            session.core.cover(attempts.iter_mut(), &head)?;
            let tree = session.core.store.commit(&head)?.tree;
            let rules = session
                .core
                .rules(&tree, contact.ledger(), version.product())?;
            rules.judge(&Subject {
                contract: &contract,
                generation: &draft.root,
                declared_by: &session.core.store.commit(&draft.root)?.author,
                attempts: &attempts,
                promoter: &session.core.me()?,
            })
        }
    };
    let by_changes = |v: &Verdict| v.gate == Gate::HasChanges || v.gate == Gate::ChangesProven;
    let missing = verdicts.iter().filter(|v| v.stops() && !by_changes(v));
    Ok(OfVersion {
        status: Status::Draft,
        changes: standings(&contract, &draft.root, &attempts),
        missing: missing
            .flat_map(|v| v.missing.iter().map(|line| format!("{}: {line}", v.gate)))
            .collect(),
        ready: !verdicts.is_empty() && !verdicts.iter().any(Verdict::stops),
        version,
    })
}
