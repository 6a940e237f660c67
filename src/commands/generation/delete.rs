//! `git gryt generation delete` and `restore`: let a draft go, and bring it back.

use std::collections::BTreeMap;

use anyhow::Result;
use clap::Args;
use serde::Serialize;

use super::departure;
use crate::commands::{Outcome, typed};
use crate::git::push::Landed;
use crate::git::refs::Update;
use crate::model::promotion::REFS_A_PUSH;
use crate::model::push::{Manner, Road};
use crate::model::reconcile::Relation;
use crate::model::{Exit, Oid, Refusal, Version};
use crate::session::cloud::push::{Job, Next};
use crate::session::core::contact::Contact;
use crate::session::core::taken::promoted;
use crate::session::drafts::view::Edited;
use crate::session::{Cloud, Session};
use crate::store::names;
use crate::store::refs::evolutions;

/// Arguments of `generation delete`.
#[derive(Debug, Args)]
pub(crate) struct DeleteArgs {
    /// The version
    version: String,
    /// Let go of this clone's draft alone; the cloud's, if any, comes with the next pull
    #[arg(long)]
    local_only: bool,
}

/// A draft that left.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Deleted {
    pub version: Version,
    /// Whether it left the cloud too.
    #[serde(rename = "in_cloud")]
    pub cloud: bool,
    /// Evolutions that left with it.
    #[serde(rename = "evolution_count")]
    pub evolutions: usize,
}

/// A draft that came back.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Restored {
    pub version: Version,
    /// Where an edit of its file was put.
    #[serde(rename = "kept_as")]
    pub kept: Option<String>,
    /// Whether it is a draft.
    #[serde(rename = "is_draft")]
    pub draft: bool,
    /// Whether the cloud has it otherwise, or not at all.
    pub unshared: bool,
}

/// Deletes a draft, for all where it is published.
///
/// # Errors
/// [`Exit::OutOfStep`] where somebody moved it.
pub(crate) fn delete(session: &Session<'_>, args: &DeleteArgs) -> Result<Outcome> {
    let typed: Version = typed(&args.version)?;
    // What was edited is put aside with the draft.
    session.drafts.take_in()?;
    let refs = session.core.store.refs()?;
    let draft = session.core.draft(&refs, &typed)?;
    let version = draft.version;
    // A draft that outlived its promotion is this clone's alone.
    let sealed = session.core.open_version(&refs, &version).is_err();
    let cloud = session.core.config.remote.is_some() && !args.local_only && !sealed;
    let reached = match cloud {
        true => departure::contact(session)?,
        false => None,
    };
    let left_cloud = match &reached {
        Some(contact) => from_cloud(session, contact, &version, &draft.tip)?,
        None => false,
    };
    // What was never seen in the cloud need not leave it.
    let known = session.core.known_cloud(&refs);
    let pending = cloud && reached.is_none() && known.contains_key(&names::draft(&version));
    let left_here = session.core.change(|refs| {
        let Some(tip) = refs.get(&names::draft(&version)) else {
            return Ok((Vec::new(), 0));
        };
        let mut attempts = session.drafts.own_attempts(refs, &version, &draft.root)?;
        let known = session.core.known_cloud(refs);
        attempts.retain(|a| pending || known.get(&names::evolution(&a.name)) != Some(&a.tip));
        let mut updates = session.drafts.put_aside(refs, &version, tip, &attempts)?;
        if pending {
            updates.push(refs.change(names::leaving(&version), Some(tip)));
        }
        Ok((updates, attempts.len()))
    });
    let evolutions = match left_here {
        Ok(evolutions) => evolutions,
        // It is deleted for everybody: what is left to do here, a pull does.
        Err(error) if left_cloud => {
            session.core.ctx.warn(format!(
                "{version} is deleted in the cloud, and still here; git gryt sync pull ends that: {error:#}"
            ));
            0
        }
        Err(error) => return Err(error),
    };
    session.drafts.write_view()?;
    if pending {
        departure::tell(session, &version);
    }
    Ok(Outcome::GenerationDelete(Deleted {
        version,
        cloud: left_cloud,
        evolutions,
    }))
}

/// Deletes the draft whose tip here is `here`, and this person's evolutions of it, from the cloud;
/// false where it was not there.
pub(super) fn from_cloud(
    session: &Session<'_>,
    contact: &Contact,
    version: &Version,
    here: &Oid,
) -> Result<bool> {
    let mut deletion = Deletion::of(session, version, here, None);
    session.cloud.push(contact, &mut deletion)
}

/// A draft on its way out of the cloud.
pub(super) struct Deletion<'a> {
    session: &'a Session<'a>,
    version: &'a Version,
    here: &'a Oid,
    /// What was last taken over from the cloud, where the draft and its evolutions are gone from here
    /// already.
    known: Option<&'a BTreeMap<String, Oid>>,
    /// What goes after the first push.
    left: Vec<Update>,
}

impl<'a> Deletion<'a> {
    pub(super) fn of(
        session: &'a Session<'a>,
        version: &'a Version,
        here: &'a Oid,
        known: Option<&'a BTreeMap<String, Oid>>,
    ) -> Self {
        Self {
            session,
            version,
            here,
            known,
            left: Vec::new(),
        }
    }
}

impl Job for Deletion<'_> {
    type Value = bool;

    fn manner(&self) -> Manner {
        Manner::Whole
    }

    fn plan(&mut self, _: Cloud<'_>, contact: &Contact, road: Road) -> Result<Next<bool>> {
        let Some(mut updates) = plan(self.session, contact, self.version, self.here)? else {
            return Ok(Next::Over(false));
        };
        if let Some(known) = self.known {
            updates.extend(gone(self.session, contact, self.version, self.here, known)?);
        }
        // The guard, of which the host hears nothing, and then the draft itself.
        let most = 1 + road.most.min(REFS_A_PUSH - 1);
        self.left = updates.split_off(updates.len().min(most));
        Ok(Next::Push(updates))
    }

    fn landed(
        &mut self,
        cloud: Cloud<'_>,
        contact: &Contact,
        landed: Landed,
    ) -> Result<Option<bool>> {
        cloud.core.acknowledge(&landed.moves);
        cloud.clear(contact, &self.left)?;
        Ok(Some(true))
    }
}

/// The deletions of this person's evolutions that went here when the draft did, and that the cloud still
/// has as they were.
fn gone(
    session: &Session<'_>,
    contact: &Contact,
    version: &Version,
    here: &Oid,
    known: &BTreeMap<String, Oid>,
) -> Result<Vec<Update>> {
    let root = session.core.store.root(here)?;
    let me = session.core.me()?;
    let mut updates = Vec::new();
    for (name, tip) in evolutions(&contact.cloud).filter(|(name, _)| name.version == *version) {
        let full = names::evolution(&name);
        if known.get(&full) == Some(&tip)
            && !contact.refs.local().contains_key(&full)
            && let Ok(attempt) = session.core.store.attempt(&name, &tip)?
            && attempt.evolution.generation == root
            && attempt.evolution.owner.is(&me)
        {
            updates.push(Update::new(full, Some(&tip), None));
        }
    }
    Ok(updates)
}

/// The guard on the ledger, the draft's deletion, then those of the evolutions.
pub(super) fn plan(
    session: &Session<'_>,
    contact: &Contact,
    version: &Version,
    here: &Oid,
) -> Result<Option<Vec<Update>>> {
    let name = names::draft(version);
    if let Some(ledger) = contact.ledger()
        && let Some(sealed) = session.core.store.sealed(ledger, version)?
    {
        return Err(promoted(&sealed).then("git gryt sync pull").into());
    }
    let Some(there) = contact.cloud.get(&name) else {
        return Ok(None);
    };
    let local_only = format!("git gryt generation delete {version} --local-only");
    match session.core.store.draft_relation(here, there)? {
        Relation::Same | Relation::Ahead => {}
        Relation::Behind | Relation::Diverged => {
            let what = format!("{version} was edited in the cloud since it was pulled");
            return Err(Refusal::new(Exit::OutOfStep, what)
                .then("git gryt sync pull")
                .into());
        }
        Relation::Unrelated => {
            let what = format!("{version} is another generation in the cloud, which stays");
            return Err(Refusal::new(Exit::Conflict, what).then(local_only).into());
        }
    }
    let ledger = contact.cloud.get(names::LEDGER);
    let mut updates = vec![
        Update::new(names::LEDGER, ledger, ledger),
        Update::new(name, Some(there), None),
    ];
    let root = session.core.store.root(here)?;
    for attempt in session.drafts.own_attempts(&contact.refs, version, &root)? {
        let name = names::evolution(&attempt.name);
        if contact.cloud.get(&name) == Some(&attempt.tip) {
            updates.push(Update::new(name, Some(&attempt.tip), None));
        }
    }
    Ok(Some(updates))
}

/// Brings back a draft that left, or puts an edit of a promoted version's file aside.
///
/// # Errors
/// [`Exit::Taken`] where there is a draft, [`Exit::Invalid`] where nothing was put aside.
pub(crate) fn restore(session: &Session<'_>, version: &str) -> Result<Outcome> {
    let version: Version = typed(version)?;
    let refs = session.core.store.refs()?;
    let edited = session.drafts.edited(&refs)?;
    let edit = edited.iter().find(|(v, _)| *v == version);
    // An edit of a draft's file that nothing has taken in: the file shows the draft again.
    if let (Some((spelled, _)), Some((held, edit))) = (refs.draft(&version), edit)
        && edit.is_of_draft()
        && let Some(text) = session.drafts.file_text(held)?
    {
        let kept = keep_file(session, held, &text)?;
        session.drafts.let_go(held, &text)?;
        session.drafts.write_view()?;
        return Ok(Outcome::GenerationRestore(Restored {
            unshared: session.core.is_unshared(&spelled)?,
            version: spelled,
            kept: Some(kept),
            draft: true,
        }));
    }
    let taken = session.drafts.take_in()?;
    let refs = session.core.store.refs()?;
    let held = taken.held.iter().find(|(held, _)| *held == version);
    if let Some((held, Edited::NoDraft { sealed: true })) = held
        && let Some(text) = session.drafts.file_text(held)?
    {
        let kept = keep_file(session, held, &text)?;
        session.drafts.let_go(held, &text)?;
        return Ok(Outcome::GenerationRestore(Restored {
            version,
            kept: Some(kept),
            draft: false,
            unshared: false,
        }));
    }
    if let Some((spelled, _)) = refs.draft(&version) {
        let what = format!("There is a draft of {version} already ({spelled})");
        return Err(Refusal::new(Exit::Taken, what).into());
    }
    if session.drafts.bring_back(&refs, &version).is_none() {
        session.core.open_version(&refs, &version)?;
    }
    session.core.change(|refs| {
        let updates = session.drafts.bring_back(refs, &version).ok_or_else(|| {
            let what = format!("No draft of {version} was put aside in the last 30 days");
            Refusal::new(Exit::Invalid, what)
        })?;
        Ok((updates, ()))
    })?;
    session.core.forget_adopted(&version)?;
    session.drafts.write_view()?;
    Ok(Outcome::GenerationRestore(Restored {
        unshared: session.core.is_unshared(&version)?,
        version,
        kept: None,
        draft: true,
    }))
}

fn keep_file(session: &Session<'_>, version: &Version, text: &[u8]) -> Result<String> {
    let blob: Oid = session.core.store.write_blob(text)?;
    let name = names::deleted_file(version, &session.drafts.departure(&blob));
    session
        .core
        .change(|refs| Ok((vec![refs.change(&name, Some(&blob))], ())))?;
    Ok(name)
}
