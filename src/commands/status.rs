//! `git gryt status`: where this clone stands, from what it knows.

use anyhow::Result;
use serde::Serialize;

use super::Outcome;
use super::sync::status::{HeldFile, held};
use crate::config::Mode;
use crate::model::shaped::disputed_release;
use crate::model::state::{Status, SyncState, Trial};
use crate::model::{EvolutionName, Oid, Version};
use crate::session::Session;
use crate::session::core::sides::Three;
use crate::session::drafts::view::Edited;
use crate::store::Refs;

/// Where this clone stands.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Overview {
    pub mode: Mode,
    /// The remote that is the cloud.
    pub cloud: Option<String>,
    /// When it was last asked, by this clone's clock.
    pub last_pull: Option<String>,
    /// The evolution that `run` would go on with.
    pub current: Option<Current>,
    pub drafts: Vec<Draft>,
    /// Files whose edits cannot be taken in.
    pub files: Vec<HeldFile>,
    /// Drafts that are proven and await this person's approval.
    pub awaiting: Vec<Version>,
    /// The highest release that stands, of each product where there are any.
    pub latest: Vec<Version>,
    /// Releases that are disputed, with what for.
    #[serde(serialize_with = "disputed_release::serialize")]
    #[cfg_attr(
        test,
        schemars(with = "Vec<disputed_release::Shape<Version, Vec<String>>>")
    )]
    pub disputed: Vec<(Version, Vec<String>)>,
}

/// The current evolution.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Current {
    #[serde(rename = "evolution")]
    pub name: EvolutionName,
    pub status: Trial,
    pub shared: Option<bool>,
    /// The commit that its last proof is of, where that is not `HEAD`.
    #[serde(rename = "proven_at")]
    pub elsewhere: Option<Oid>,
    /// How many new commits at `HEAD` no proof of its version covers.
    #[serde(rename = "unproven_commit_count")]
    pub unproven: Option<usize>,
}

/// A draft and how far it is.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Draft {
    pub version: Version,
    pub status: Status,
    #[serde(rename = "change_count")]
    pub changes: usize,
    pub proven: usize,
    /// As git has it, and as the edits of its file make it.
    pub sync: SyncState,
    pub edited: bool,
}

/// Looks at this clone, and asks nobody.
///
/// # Errors
/// Refs, objects or files cannot be read.
pub(crate) fn run(session: &Session<'_>) -> Result<Outcome> {
    overview(session).map(Outcome::Status)
}

/// What [`run`] answers.
///
/// # Errors
/// As it says.
pub(super) fn overview(session: &Session<'_>) -> Result<Overview> {
    let refs = session.core.store.refs()?;
    let cache = session.core.cache(&refs)?;
    let edited = session.drafts.edited(&refs)?;
    let head = session.core.head()?;
    let draft = |line: crate::cache::rows::Line| {
        let edit = edited
            .iter()
            .find(|(version, _)| version.as_str() == line.version.as_str());
        Draft {
            edited: edit.is_some(),
            version: line.version,
            status: line.status,
            changes: line.changes,
            proven: line.proven,
            sync: match (&session.core.config.remote, edit) {
                (Some(_), Some((_, edit))) => edit.state(line.sync),
                (None, Some((_, Edited::Invalid(_)))) => SyncState::Invalid,
                (Some(_), None) | (None, _) => line.sync,
            },
        }
    };
    let mut drafts: Vec<Draft> = cache.drafts()?.into_iter().map(draft).collect();
    drafts.sort_by(|a, b| a.version.cmp(&b.version));
    let awaiting = awaiting(session, &refs, &drafts)?;
    let current = match session.proving.last_started() {
        // What was given up is nothing that a run would go on with.
        Some(root) => cache
            .evolution(&root)?
            .filter(|line| line.status != Trial::Abandoned),
        None => None,
    };
    let mut unproven = None;
    if let (Some(line), Some(head)) = (&current, &head)
        && let Some((version, tip)) = refs.draft(&line.name.version)
        && let Ok(draft) = session.core.store.draft(&version, &tip)?
        && let Some((commits, _)) = session.core.unproven_at(&refs, &draft, head)?
    {
        session.core.list_unproven(&commits);
        unproven = Some(commits.len());
    }
    Ok(Overview {
        mode: session.core.config.mode,
        cloud: session.core.config.remote.clone(),
        last_pull: cache.metadata("last_pull_timestamp")?,
        current: current.map(|line| Current {
            unproven,
            shared: session
                .core
                .config
                .remote
                .as_ref()
                .map(|_| line.sync == SyncState::Synced),
            name: line.name,
            status: line.status,
            elsewhere: line.commit.filter(|commit| head.as_ref() != Some(commit)),
        }),
        drafts,
        files: held(&edited),
        awaiting,
        latest: cache.highest()?,
        disputed: cache.disputed()?,
    })
}

/// The drafts that await this person's approval, as far as this clone knows.
fn awaiting(session: &Session<'_>, refs: &Refs, drafts: &[Draft]) -> Result<Vec<Version>> {
    let core = session.core;
    let Some(me) = core.reader() else {
        return Ok(Vec::new());
    };
    let proven = drafts
        .iter()
        .filter(|d| d.changes > 0 && d.proven == d.changes);
    let proven: Vec<&Version> = proven.map(|draft| &draft.version).collect();
    if proven.is_empty() {
        return Ok(Vec::new());
    }
    let (cloud, adopted, ledger) = (
        core.known_cloud(refs),
        core.adopted(refs)?,
        core.ledger(refs)?,
    );
    let tips = Three {
        local: refs.local(),
        cloud: &cloud,
        adopted: &adopted,
    };
    let mut found = Vec::new();
    for version in proven {
        if core.awaits_approval(version, &tips, ledger.as_ref(), &me)? {
            found.push(version.clone());
        }
    }
    Ok(found)
}
