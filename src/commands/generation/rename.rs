//! `git gryt generation rename`: take a draft, or an edit that came too late, to another version.

use anyhow::Result;
use clap::Args;
use serde::Serialize;

use super::{delete, deletion, departure, renaming};
use crate::commands::{Outcome, typed};
use crate::git::refs::Update;
use crate::model::evolution::Attempt;
use crate::model::reconcile::Relation;
use crate::model::{Exit, Oid, Refusal, Version};
use crate::session::Session;
use crate::session::core::contact::Contact;
use crate::session::core::sides::Three;
use crate::session::core::survey::Evolutions;
use crate::session::drafts::carry::{Carried, place, renamed};
use crate::session::drafts::view::Edited;
use crate::store::draft::Draft;
use crate::store::refs::approvals;
use crate::store::{Refs, names};

/// Arguments of `generation rename`.
#[derive(Debug, Args)]
pub(crate) struct RenameArgs {
    /// The draft's version
    old: String,
    /// Its new version
    new: String,
}

/// A draft under its new name.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Renamed {
    #[serde(rename = "from")]
    pub old: Version,
    #[serde(rename = "to")]
    pub new: Version,
    /// Evolutions that came along.
    #[serde(rename = "evolution_count")]
    pub evolutions: usize,
    /// Whether the old name left the cloud.
    pub left_cloud: bool,
    /// Whether the new one is in this clone alone although there is a cloud.
    pub unshared: bool,
}

/// Renames.
///
/// # Errors
/// [`Exit::Taken`] where somebody has the new name; [`Exit::Conflict`] where other people have
/// proven changes of the old one.
pub(crate) fn run(session: &Session<'_>, args: &RenameArgs) -> Result<Outcome> {
    let old: Version = typed(&args.old)?;
    let new: Version = typed(&args.new)?;
    super::no_slip(&new, &format!("git gryt generation rename {old}"))?;
    let taken = session.drafts.take_in()?;
    let refs = session.core.store.refs()?;
    let held = taken.held.iter().find(|(held, _)| *held == old);
    if let Some((held, Edited::NoDraft { sealed: true })) = held {
        session.core.may_declare(&refs, &new)?;
        return from_file(session, held, &new);
    }
    if refs.draft(&old).is_none()
        && let Some(renamed) = from_disputed(session, &refs, &old, &new)?
    {
        return Ok(renamed);
    }
    let draft = session.core.draft(&refs, &old)?;
    taken.require(&draft.version)?;
    let old = draft.version.clone();
    let under_way = renaming::under_way(session, &refs, &draft)?;
    // Whatever the cloud has against it is heard before anything is changed here.
    let reached = match session.core.config.remote {
        Some(_) => departure::contact(session)?,
        None => None,
    };
    let published = match (&reached, &session.core.config.remote) {
        (Some(contact), _) => published(session, contact, &draft),
        // It is away: what it was last seen to have decides, and it hears of it later.
        (None, Some(_)) => published(session, &session.cloud.seen()?, &draft),
        (None, None) => Ok(false),
    };
    let published = match (published, &under_way) {
        (Err(error), Some(_)) => return Err(renaming::given_up(session, &old, &new, error)?),
        (published, _) => published?,
    };
    let own = session.drafts.attempts_in_hand(&refs, &old, &draft.root)?;
    let first = match under_way {
        Some(first) => {
            renaming::go_on(session, &refs, &first, &old, &new, &own)?;
            first
        }
        None => {
            session.core.may_declare(&refs, &new)?;
            let carried = session.drafts.carry(&own, |e| e.of_version(&new))?;
            let first = begin(session, &draft, &new, &carried)?;
            for (before, after) in own.iter().zip(&carried) {
                session.proving.follow_current(&before.root, &after.root)?;
            }
            first
        }
    };
    let left_cloud = match &reached {
        Some(contact) if published => delete::from_cloud(session, contact, &old, &draft.tip)?,
        Some(_) | None => false,
    };
    let unanswered = match &reached {
        Some(contact) => deletion::clear_stranded(session, contact, &old, &draft.tip, &own)?,
        None => false,
    };
    let pending = unanswered || (published && reached.is_none());
    let overtaken = session.core.change(|refs| {
        let (mut updates, overtaken) = finish(session, refs, &draft, &first, &own)?;
        if pending && !overtaken {
            updates.push(refs.change(names::leaving(&old), Some(&draft.tip)));
        }
        Ok((updates, overtaken))
    })?;
    if pending && !overtaken {
        departure::tell(session, &old);
    }
    if overtaken {
        session.core.ctx.warn(format!(
            "{old} was edited meanwhile, and stays: rename it again, or delete it"
        ));
    }
    session.drafts.show();
    Ok(Outcome::GenerationRename(Renamed {
        old,
        evolutions: own.len(),
        left_cloud,
        unshared: session.core.is_unshared(&new)?,
        new,
    }))
}

/// Makes the new name. The ref that says so is the lock: of two renames at once one gets it, and
/// one that was cut short is known by it.
fn begin(session: &Session<'_>, draft: &Draft, new: &Version, carried: &[Carried]) -> Result<Oid> {
    let old = &draft.version;
    let text = renamed(&draft.text, old, new)?;
    let tip = session.core.store.write_draft_edit(
        session.core.author()?,
        new,
        &draft.tip,
        text.as_bytes(),
        &format!("Rename {old} to"),
    )?;
    // Another rename may have begun and ended since the refs were read.
    let stands = Update::new(names::draft(old), Some(&draft.tip), Some(&draft.tip));
    session.core.change_where(&[stands], |refs| {
        let lock = names::renaming(old);
        if refs.get(&names::draft(old)) != Some(&draft.tip) || refs.get(&lock).is_some() {
            let what = format!("{old} was edited or renamed by another process meanwhile");
            return Err(Refusal::new(Exit::OutOfStep, what).into());
        }
        let mut updates = vec![
            refs.change(lock, Some(&tip)),
            refs.change(names::draft(new), Some(&tip)),
        ];
        updates.extend(place(refs, carried));
        Ok((updates, tip.clone()))
    })
}

/// The updates that let go of the old name, which went on as `first`; true where somebody went on with it meanwhile, so that
/// it stays.
fn finish(
    session: &Session<'_>,
    refs: &Refs,
    draft: &Draft,
    first: &Oid,
    own: &[Attempt],
) -> Result<(Vec<Update>, bool)> {
    let old = &draft.version;
    let mut updates = vec![refs.change(names::renaming(old), None)];
    let name = names::draft(old);
    // Edited since the new name was made: by another process, or after a rename that was cut short.
    let overtaken = refs.get(&name).is_some_and(|tip| *tip != draft.tip)
        || session.core.store.draft_relation(&draft.tip, first)? != Relation::Behind;
    if !overtaken {
        updates.push(refs.change(name, None));
        // They were given to that version, and not to what it is called now.
        for (name, _) in approvals(refs.local()).filter(|(name, _)| name.version == *old) {
            updates.push(refs.change(names::approval(&name), None));
        }
    }
    for attempt in own {
        let name = names::evolution(&attempt.name);
        if refs.get(&name) == Some(&attempt.tip) {
            updates.push(refs.change(name, None));
        }
    }
    if overtaken {
        // The cloud let go of it; what was edited here since is this clone's own now.
        let mut adopted = session.core.adopted(refs)?;
        adopted.remove(&names::draft(old));
        if let Some(remote) = &session.core.config.remote {
            let memory = session.core.store.write_adopted(&adopted)?;
            updates.push(refs.change(names::adopted(remote), Some(&memory)));
        }
    }
    Ok((updates, overtaken))
}

/// Whether the cloud has this very generation. Other people's work on it stays where it is.
fn published(session: &Session<'_>, contact: &Contact, draft: &Draft) -> Result<bool> {
    let version = &draft.version;
    let Some(there) = contact.cloud.get(&names::draft(version)) else {
        return Ok(false);
    };
    let sealed = match contact.ledger() {
        Some(ledger) => session.core.store.sealed(ledger, version)?.is_some(),
        None => false,
    };
    let unrelated = !session.core.store.is_commit(there)
        || session.core.store.draft_relation(&draft.tip, there)? == Relation::Unrelated;
    if sealed || unrelated {
        return Ok(false);
    }
    deletion::plan(session, contact, version, &draft.tip)?;
    let me = session.core.me()?;
    let adopted = session.core.adopted(&contact.refs)?;
    let evolutions = Evolutions::of(&Three {
        local: contact.refs.local(),
        cloud: &contact.cloud,
        adopted: &adopted,
    });
    for (attempt, _) in session.core.survey(version, &evolutions)? {
        let owner = &attempt.evolution.owner;
        if attempt.evolution.generation == draft.root && !owner.is(&me) {
            let what = format!("{owner} has worked on {version}, which cannot be renamed");
            return Err(Refusal::new(Exit::Conflict, what).into());
        }
    }
    Ok(true)
}

/// What a disputed entry sealed is a draft again, with this person's proofs: its version stays taken, and
/// the work was not that entry's to take. The others' come along with their next pull.
fn from_disputed(
    session: &Session<'_>,
    refs: &Refs,
    old: &Version,
    new: &Version,
) -> Result<Option<Outcome>> {
    let store = &session.core.store;
    let Some(ledger) = session.core.ledger(refs)? else {
        return Ok(None);
    };
    let Some(sealed) = store.sealed(&ledger, old)? else {
        return Ok(None);
    };
    if ledger.disputes(&sealed.version).is_empty() {
        return Ok(None);
    }
    let old = &sealed.version;
    session.core.may_declare(refs, new)?;
    let draft = store.draft(old, &sealed.draft)?.map_err(Refusal::from)?;
    let text = renamed(&draft.text, old, new)?;
    let tip = store.write_draft_edit(
        session.core.author()?,
        new,
        &sealed.draft,
        text.as_bytes(),
        &format!("Rename {old} to"),
    )?;
    let me = session.core.me()?;
    let mut own = session.core.folded(&sealed)?;
    own.retain(|attempt| attempt.evolution.owner.is(&me) && attempt.abandoned.is_none());
    let carried = session.drafts.carry(&own, |e| e.of_version(new))?;
    session.core.change(|refs| {
        session.core.may_declare(refs, new)?;
        let mut updates = vec![refs.change(names::draft(new), Some(&tip))];
        updates.extend(place(refs, &carried));
        Ok((updates, ()))
    })?;
    for (before, after) in own.iter().zip(&carried) {
        session.proving.follow_current(&before.root, &after.root)?;
    }
    session.drafts.write_view()?;
    Ok(Some(Outcome::GenerationRename(Renamed {
        old: old.clone(),
        new: new.clone(),
        evolutions: own.len(),
        left_cloud: false,
        unshared: session.core.is_unshared(new)?,
    })))
}

/// An edit of a promoted version's file begins a draft of its own.
fn from_file(session: &Session<'_>, old: &Version, new: &Version) -> Result<Outcome> {
    let text = session.drafts.file_text(old)?.unwrap_or_default();
    let fresh = renamed(&text, old, new)?;
    let author = session.core.author()?;
    session.core.change(|refs| {
        session.core.may_declare(refs, new)?;
        let nonce = session.core.ctx.nonce();
        let root = session
            .core
            .store
            .write_draft_root(author, new, fresh.as_bytes(), &nonce)?;
        Ok((vec![refs.change(names::draft(new), Some(&root))], ()))
    })?;
    session.drafts.let_go(old, &text)?;
    session.drafts.show();
    Ok(Outcome::GenerationRename(Renamed {
        old: old.clone(),
        new: new.clone(),
        evolutions: 0,
        left_cloud: false,
        unshared: session.core.is_unshared(new)?,
    }))
}
