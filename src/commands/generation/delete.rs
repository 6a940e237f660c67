//! `git gryt generation delete` and `restore`: let a draft go, and bring it back.

use std::collections::BTreeSet;

use anyhow::Result;
use clap::Args;
use serde::Serialize;

use super::deletion::{self, Deletion};
use super::departure;
use crate::commands::{Outcome, typed};
use crate::model::{Exit, Oid, Refusal, Version};
use crate::session::Session;
use crate::session::core::contact::Contact;
use crate::session::drafts::view::Edited;
use crate::store::{Refs, names};

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
    let sealed = session.core.open_version(&refs, &version).is_err();
    let shared = session.core.config.remote.is_some() && !args.local_only;
    let known = session.core.known_cloud(&refs);
    let unanswered = if sealed && shared && known.contains_key(&names::draft(&version)) {
        let own = session.drafts.own_attempts(&refs, &version, &draft.root)?;
        let contact = session.cloud.contact(None)?;
        deletion::clear_stranded(session, &contact, &version, &draft.tip, &own)?
    } else {
        false
    };
    // What outlived its promotion is this clone's alone by now.
    let cloud = shared && !sealed;
    let reached = match cloud {
        true => departure::contact(session)?,
        false => None,
    };
    let left_cloud = match &reached {
        Some(contact) => from_cloud(session, contact, &version, &draft.tip)?,
        None => false,
    };
    // What was never seen in the cloud need not leave it.
    let away = cloud && reached.is_none() && known.contains_key(&names::draft(&version));
    // The cloud's copy is too late for the release, and comes to nobody with a pull: it leaves, too, for
    // nobody else would let it go.
    let late = sealed && args.local_only && known.contains_key(&names::draft(&version));
    let pending = away || unanswered || late;
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
                "{version} was deleted in the cloud, but not here: {error:#}. To finish: git gryt sync pull"
            ));
            0
        }
        Err(error) => return Err(error),
    };
    session.drafts.show();
    if late {
        session.core.ctx.note(format!(
            "{version} was promoted without this draft: the next command that reaches the cloud deletes it there, too"
        ));
    } else if pending {
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
    is_free(&refs, &version)?;
    if session.drafts.bring_back(&refs, &version).is_none() {
        session.core.open_version(&refs, &version)?;
    }
    session.core.change(|refs| {
        is_free(refs, &version)?;
        let mut updates = session.drafts.bring_back(refs, &version).ok_or_else(|| {
            let what = format!("No draft of {version} was put aside in the last 30 days");
            Refusal::new(Exit::Invalid, what)
        })?;
        let back: BTreeSet<String> = updates.iter().map(|update| update.name.clone()).collect();
        updates.extend(session.core.forgetting(refs, |name| back.contains(name))?);
        Ok((updates, ()))
    })?;
    session.drafts.write_view()?;
    Ok(Outcome::GenerationRestore(Restored {
        unshared: session.core.is_unshared(&version)?,
        version,
        kept: None,
        draft: true,
    }))
}

/// Refuses where there is a draft of that version, which what comes back would take the place of.
fn is_free(refs: &Refs, version: &Version) -> Result<(), Refusal> {
    let Some((spelled, _)) = refs.draft(version) else {
        return Ok(());
    };
    let what = format!("There is a draft of {version} already ({spelled})");
    Err(Refusal::new(Exit::Taken, what))
}

fn keep_file(session: &Session<'_>, version: &Version, text: &[u8]) -> Result<String> {
    let blob: Oid = session.core.store.write_blob(text)?;
    let name = names::deleted_file(version, &session.drafts.departure(&blob));
    session
        .core
        .change(|refs| Ok((vec![refs.change(&name, Some(&blob))], ())))?;
    Ok(name)
}
