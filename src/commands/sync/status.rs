//! `git gryt sync status`: this clone beside the cloud.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use serde::Serialize;

use super::way::{self, Obstacle};
use crate::commands::{Outcome, or_offline};
use crate::model::evolution::Cover;
use crate::model::promotion::Facts;
use crate::model::reconcile::{Adopted, DraftConflict, Relation};
use crate::model::sealed::Release;
use crate::model::standing::{Progress, Standing, standings};
use crate::model::state::{InCloud, Status, SyncState};
use crate::model::steps;
use crate::model::unproven::NewCommit;
use crate::model::verdict::{Gate, Verdict};
use crate::model::{EvolutionName, Exit, Refusal, Version};
use crate::session::Session;
use crate::session::cloud::share::Which;
use crate::session::core::contact::Contact;
use crate::session::core::seals::Seals;
use crate::session::core::sides::Three;
use crate::session::core::survey::Evolutions;
use crate::session::drafts::view::Edited;
use crate::session::sealing::ready::Readiness;
use crate::store::names;
use crate::store::refs::drafts;

/// All generations, here and there.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Comparison {
    pub local: Vec<Local>,
    /// What the cloud has and this clone has not.
    #[serde(rename = "only_in_cloud")]
    pub cloud: Vec<Cloud>,
    pub conflicts: Vec<Clash>,
    /// Files whose edits cannot be taken in.
    pub files: Vec<HeldFile>,
    /// This person's evolutions that the cloud lacks.
    #[serde(rename = "unshared_evolutions")]
    pub unshared: Vec<EvolutionName>,
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
    pub sync: SyncState,
}

/// A version that two sides want.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Clash {
    pub version: Version,
    pub message: &'static str,
    /// Who has the version, and which one is free.
    pub details: Option<String>,
    /// Commands that lead on.
    pub next: Vec<String>,
}

/// A file whose edit cannot be taken in.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct HeldFile {
    pub version: Version,
    /// What is wrong with it, with line and column where it does not parse.
    pub what: String,
    /// What else is wrong with it, or why it is held.
    pub why: Vec<String>,
    pub next: Vec<String>,
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
    /// The commits that are new at `HEAD` and that no proof covers, the newest first.
    pub unproven: Vec<NewCommit>,
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
    if let (Err(error), Some(version)) = (session.core.cloud_name(), version) {
        let mut refusal = error.downcast::<Refusal>()?;
        // That needs no cloud.
        refusal.next.insert(0, format!("git gryt why {version}"));
        return Err(refusal.into());
    }
    session.core.cloud_name()?;
    let contact = if offline {
        session.cloud.last_seen()?
    } else {
        session.cloud.contact(None).map_err(|error| match version {
            Some(version) => {
                or_offline(error, &format!("git gryt sync status {version} --offline"))
            }
            None => or_offline(error, "git gryt sync status --offline"),
        })?
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
        let edit = edited.iter().find(|(v, _)| v.as_str() == version.as_str());
        let refused = session.core.refusal_of(refs, &version)?.is_some();
        let cloud = match (seals.get(&version)?, there) {
            (Some(_), _) => InCloud::Promoted,
            (None, true) => InCloud::Draft,
            (None, false) => InCloud::None,
        };
        rows.insert(
            version.to_string(),
            open(
                &preview,
                version,
                edit.map(|(_, edit)| edit),
                cloud,
                refused,
            ),
        );
    }
    let mut unshared = Vec::new();
    let going = match session.core.reader() {
        Some(me) => session.cloud.going(contact, &Which::All, &[], &me)?,
        None => Vec::new(),
    };
    for one in going {
        // What came too late for its version is shared by nobody any more.
        if seals.get(&one.name.version)?.is_none() {
            unshared.push(one.name);
        }
    }
    let mut local: Vec<Local> = rows.into_values().collect();
    local.sort_by(|a, b| a.version.cmp(&b.version));
    let own = |version: &Version| refs.draft(version).is_some();
    Ok(Comparison {
        behind: preview.promoted.len() + preview.new.len() + to_pull(&preview),
        ahead: local.iter().filter(|row| row.sync.is_ahead()).count(),
        local,
        cloud: not_here(&preview, own),
        conflicts: clashes(session, contact, &preview)?,
        files: held(&edited),
        unshared,
        more: latest.len() > LATEST,
    })
}

fn released(release: &Release) -> Local {
    Local {
        version: release.version.clone(),
        status: release.status(),
        sync: SyncState::Synced,
        cloud: match release.withdrawn {
            true => InCloud::Withdrawn,
            false => InCloud::Promoted,
        },
        edited: false,
    }
}

/// A draft of this clone. What everybody has had since the last pull has nothing that a pull would
/// change.
fn open(
    preview: &Adopted,
    version: Version,
    edit: Option<&Edited>,
    cloud: InCloud,
    refused: bool,
) -> Local {
    let state = preview.states.get(&version).copied();
    let state = state.unwrap_or(SyncState::Synced);
    let state = if refused { state.refused() } else { state };
    Local {
        status: Status::Draft,
        sync: edit.map_or(state, |edit| edit.state(state)),
        cloud,
        edited: edit.is_some(),
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
            sync: SyncState::CloudOnly,
        }
    };
    let promoted = preview.promoted.iter().filter(|version| !own(version));
    let promoted = promoted.map(row(Status::Promoted));
    let drafts = preview.new.iter().map(row(Status::Draft));
    let mut cloud: Vec<Cloud> = promoted.chain(drafts).collect();
    cloud.sort_by(|a, b| a.version.cmp(&b.version));
    cloud
}

fn clashes(session: &Session<'_>, contact: &Contact, preview: &Adopted) -> Result<Vec<Clash>> {
    let mut found: Vec<(&Version, &'static str, Obstacle)> = Vec::new();
    for (version, conflict) in &preview.conflicts {
        let message = match conflict {
            DraftConflict::SameVersion | DraftConflict::Promoted => "Version exists in cloud",
            DraftConflict::Edited | DraftConflict::Deleted => conflict.reason(),
        };
        found.push((version, message, (*conflict).into()));
    }
    for version in &preview.late_drafts {
        let message = "Promoted without your last edits of it";
        found.push((version, message, Obstacle::Taken));
    }
    let mut clashes = Vec::new();
    for (version, message, obstacle) in found {
        let way = way::out(session, contact, version, obstacle)?;
        clashes.push(Clash {
            version: version.clone(),
            message,
            details: way.details,
            next: way.next,
        });
    }
    Ok(clashes)
}

/// The files whose edits cannot be taken in.
pub(crate) fn held(edited: &[(Version, Edited)]) -> Vec<HeldFile> {
    let mut files = Vec::new();
    for (version, edit) in edited {
        if !edit.is_fresh() {
            let refusal = edit.refusal(version);
            files.push(HeldFile {
                version: version.clone(),
                what: refusal.what,
                why: refusal.why,
                next: refusal.next,
            });
        }
    }
    files
}

fn of_version(session: &Session<'_>, contact: &Contact, version: &Version) -> Result<OfVersion> {
    if let Some(ledger) = contact.ledger()
        && let Some(sealed) = session.core.store.sealed(ledger, version)?
    {
        let (_, contract) = session.core.store.sealed_contract(ledger, &sealed)?;
        return Ok(OfVersion {
            status: session.core.status_in(ledger, &sealed.version)?,
            changes: crate::session::core::survey::sealed_standings(&contract, &sealed),
            ready: false,
            missing: Vec::new(),
            unproven: Vec::new(),
            version: sealed.version,
        });
    }
    let here = contact.refs.draft(version);
    let there = drafts(&contact.cloud).find(|(v, _)| v == version);
    let (version, tip) = match (here, there) {
        (Some((spelled_here, here)), Some((spelled, there))) => {
            // What this clone added is in the status only where nothing is missing from it.
            match session.core.store.draft_relation(&here, &there)? {
                // Of two generations of one version this clone shows its own, as all commands do.
                Relation::Ahead | Relation::Unrelated => (spelled_here, here),
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
    let readiness = session.sealing.readiness(&version, Some(contact))?;
    if let Some(head) = session.core.head()? {
        session.core.cover_as_known(attempts.iter_mut(), &head)?;
    }
    if let Some(Ok(rules)) = readiness.as_ref().map(|found| &found.facts.rules) {
        attempts = rules.heard(&attempts);
    }
    let mut changes = standings(&contract, &draft.root, &attempts);
    if let Some(readiness) = &readiness {
        mark_behind(&mut changes, &readiness.facts);
    }
    let mut unproven = Vec::new();
    if let Some(found) = &readiness {
        session.sealing.tell_unproven(&found.facts);
        if let Ok(rules) = &found.facts.rules {
            unproven = rules.fresh.all().into_iter().cloned().collect();
        }
    }
    let (ready, missing) = match readiness {
        // Without a commit there is nothing to release.
        None => (false, vec!["There is no commit yet: git commit".to_owned()]),
        Some(found) => (found.refusal.is_none(), missing(&found)),
    };
    Ok(OfVersion {
        status: Status::Draft,
        changes,
        missing,
        unproven,
        ready,
        version,
    })
}

/// What the promotion would meet, a line each, but for what the changes themselves show.
pub(crate) fn missing(found: &Readiness) -> Vec<String> {
    let Some(refusal) = &found.refusal else {
        return Vec::new();
    };
    if refusal.exit == Exit::Gate {
        let by_changes = |v: &Verdict| v.gate == Gate::HasChanges || v.gate == Gate::ChangesProven;
        let verdicts = steps::verdicts(&found.facts);
        let stopping = verdicts.iter().filter(|v| v.stops() && !by_changes(v));
        return stopping
            .flat_map(|v| v.missing.iter().map(|line| format!("{}: {line}", v.gate)))
            .collect();
    }
    let mut lines = vec![refusal.what.clone()];
    lines.extend(refusal.why.iter().cloned());
    lines.extend(refusal.next.iter().cloned());
    lines
}

/// What only a pull of code is missing of says so here, too.
fn mark_behind(changes: &mut [Standing], facts: &Facts) {
    let behind = |standing: &Standing| {
        facts.attempts.iter().any(|(attempt, _)| {
            attempt.name.change.is(&standing.change) && attempt.cover == Some(Cover::Behind)
        })
    };
    for standing in changes.iter_mut() {
        if standing.progress == (Progress::Elsewhere { pull: false }) && behind(standing) {
            standing.progress = Progress::Elsewhere { pull: true };
        }
    }
}
