//! `git gryt sync pull`.

use std::collections::BTreeSet;

use anyhow::Result;
use serde::Serialize;

use super::{published, way};
use crate::commands::generation::departure;
use crate::model::news::News;
use crate::model::reconcile::Adopted;
use crate::model::{EvolutionName, Exit, Version};
use crate::session::Session;
use crate::session::sealing::missing::About;

/// What a pull took over.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Pulled {
    #[serde(rename = "new_count")]
    pub new: usize,
    #[serde(rename = "updated_count")]
    pub updated: usize,
    pub conflicts: Vec<Conflict>,
    /// What other people did since this clone was last told.
    pub news: Vec<News>,
    /// Proofs that were shared, since the commits are published that they were made at
    /// (`share_on_push`).
    #[serde(rename = "shared_evolutions")]
    pub shared: Vec<EvolutionName>,
    /// The same by name, and what else came of it.
    #[serde(rename = "adopted")]
    pub details: Adopted,
    /// What came too late and was told before.
    #[serde(skip)]
    pub told_late: BTreeSet<String>,
}

/// Something that a person has to settle.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Conflict {
    pub version: Version,
    pub reason: &'static str,
    pub resolution: &'static str,
    /// Who has the version, and which one is free.
    pub details: Option<String>,
    /// Commands that lead on.
    pub next: Vec<String>,
}

impl Pulled {
    /// A pull exits 6 after adopting everything else.
    pub(crate) fn exit(&self) -> Exit {
        if self.conflicts.is_empty() {
            Exit::Done
        } else {
            Exit::Conflict
        }
    }
}

/// Takes over what the cloud has.
///
/// # Errors
/// The cloud cannot be reached, or does not check.
pub(crate) fn pull(session: &Session<'_>) -> Result<Pulled> {
    pull_with(session, true)
}

/// The same; hooks and whoever only watches take no edits in.
///
/// # Errors
/// As [`pull`].
pub(crate) fn pull_with(session: &Session<'_>, take_in: bool) -> Result<Pulled> {
    session.core.cloud_name()?;
    // Edits are taken in whether or not the cloud answers; after it did, so that refs are read once.
    let contact = session.cloud.contact_to_adopt();
    if take_in {
        session.drafts.take_in()?;
    }
    let contact = contact?;
    let had: BTreeSet<Version> = crate::store::refs::drafts(contact.refs.local())
        .map(|(version, _)| version)
        .collect();
    let told = session.cloud.told();
    let mut news = session.cloud.news(told.as_ref(), &contact)?;
    let adopted = session.cloud.adopt(&contact)?;
    // What is said of drafts and releases by name is not said twice.
    news.retain(|news| match news {
        News::Withdrawn { version, .. } => !adopted.withdrawn.iter().any(|w| w.version == *version),
        News::Disputed { entry, .. } => !adopted.disputed.iter().any(|d| d.entry == *entry),
        News::Left { version } => {
            !adopted.deleted.contains(version)
                && adopted
                    .renamed
                    .iter()
                    .all(|renamed| renamed.old != *version)
        }
        News::Draft { version, new, .. } => {
            !new || adopted
                .renamed
                .iter()
                .all(|renamed| renamed.new != *version)
        }
        _ => true,
    });
    session.sealing.resume(&contact)?;
    if take_in {
        session
            .sealing
            .send_missing_tags(&contact, About::Pulling)?;
        departure::finish(session, &contact)?;
        session.cloud.follow_renames(&contact)?;
    }
    session.drafts.forget_old()?;
    session.drafts.write_view()?;
    session.core.note_contact();
    // A hook says nothing of what it does, and publishes nothing either.
    let shared = match take_in && session.core.config.share_on_push {
        true => published::share(session, &published::unshared(session)?)?,
        false => Vec::new(),
    };
    let told_late = session.cloud.told_late();
    // A hook has nobody to tell: what it brought is told by the next pull of a person's own.
    if take_in && !session.core.ctx.quiet {
        session.cloud.note_told(told.as_ref(), &contact);
        session.cloud.note_late(&told_late, &adopted.late());
    }
    let unknown = adopted.promoted.iter().filter(|v| !had.contains(v));
    let new: BTreeSet<&Version> = adopted.new.iter().chain(unknown).collect();
    let known = adopted.promoted.iter().filter(|v| had.contains(v));
    let updated = adopted.updated.iter().chain(&adopted.merged).chain(known);
    let updated: BTreeSet<&Version> = updated.collect();
    let mut conflicts = Vec::new();
    for (version, conflict) in &adopted.conflicts {
        let way = way::out(session, &contact, version, (*conflict).into())?;
        conflicts.push(Conflict {
            version: version.clone(),
            reason: conflict.reason(),
            resolution: conflict.resolution(),
            details: way.details,
            next: way.next,
        });
    }
    Ok(Pulled {
        new: new.len(),
        updated: updated
            .iter()
            .filter(|v| !adopted.is_in_conflict(v))
            .count(),
        conflicts,
        news,
        shared,
        details: adopted,
        told_late,
    })
}
