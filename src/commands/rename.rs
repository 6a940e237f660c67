//! `git gryt generation rename`: take a draft, or an edit that came too late, to another version.

use anyhow::Result;
use clap::Args;
use serde::Serialize;

use super::{Outcome, delete, typed};
use crate::git::refs::Update;
use crate::model::edit::rewrite;
use crate::model::evolution::{Attempt, Evolution};
use crate::model::reconcile::Relation;
use crate::model::{Contract, EvolutionName, Exit, Oid, Refusal, Version};
use crate::session::Session;
use crate::session::view::Edited;
use crate::store::draft::Draft;
use crate::store::refs::evolutions;
use crate::store::{Refs, names};

/// Arguments of `generation rename`.
#[derive(Debug, Args)]
pub struct RenameArgs {
    /// The version as it is
    old: String,
    /// The version to be
    new: String,
}

/// A draft under its new name.
#[derive(Debug, Serialize)]
pub struct Renamed {
    pub old: Version,
    pub new: Version,
    /// Evolutions that came along.
    pub evolutions: usize,
}

/// Renames.
///
/// # Errors
/// [`Exit::Taken`] where somebody has the new name; [`Exit::Conflict`] where other people have
/// proven changes of the old one.
pub fn run(session: &Session<'_>, args: &RenameArgs) -> Result<Outcome> {
    let old: Version = typed(&args.old)?;
    let new: Version = typed(&args.new)?;
    let taken = session.take_in()?;
    let refs = session.store.refs()?;
    let held = taken.held.iter().find(|(held, _)| *held == old);
    if let Some((held, Edited::NoDraft { sealed: true })) = held {
        session.may_declare(&refs, &new)?;
        return from_file(session, held, &new);
    }
    let draft = session.draft(&refs, &old)?;
    taken.require(&draft.version)?;
    let old = draft.version.clone();
    let published = published(session, &refs, &draft)?;
    let own = session.own_attempts(&refs, &draft.root)?;
    let own: Vec<Attempt> = own.into_iter().filter(|a| a.name.version == old).collect();
    let mut carried = Vec::new();
    // Cut between the two halves, the new name is there and the old one too: only the rest is left.
    if !halfway(session, &refs, &draft, &new)? {
        session.may_declare(&refs, &new)?;
        carried = carry(session, &own, &new)?;
        begin(session, &draft, &new, &carried)?;
    }
    if published {
        delete::from_cloud(session, &old)?;
    }
    session.change(|refs| {
        let mut updates = vec![refs.change(names::draft(&old), None)];
        let gone = own
            .iter()
            .map(|a| refs.change(names::evolution(&a.name), None));
        updates.extend(gone);
        Ok((updates, ()))
    })?;
    for (before, (_, root, _)) in own.iter().zip(&carried) {
        session.follow_current(&before.root, root)?;
    }
    session.write_view()?;
    Ok(Outcome::GenerationRename(Renamed {
        old,
        new,
        evolutions: own.len(),
    }))
}

/// Whether an earlier run of this rename got as far as the new name.
fn halfway(session: &Session<'_>, refs: &Refs, draft: &Draft, new: &Version) -> Result<bool> {
    match refs.get(&names::draft(new)) {
        Some(tip) => {
            let relation = session.store.draft_relation(tip, &draft.tip)?;
            Ok(relation == Relation::Ahead)
        }
        None => Ok(false),
    }
}

/// Makes the new name: cut after it, there is one draft too many and none too few.
fn begin(session: &Session<'_>, draft: &Draft, new: &Version, carried: &[Carried]) -> Result<()> {
    let old = &draft.version;
    let text = renamed(&draft.text, old, new)?;
    let tip = session.store.write_draft_edit(
        session.author()?,
        new,
        &draft.tip,
        text.as_bytes(),
        &format!("Rename {old} to"),
    )?;
    session.change(|refs| {
        if refs.get(&names::draft(old)) != Some(&draft.tip) {
            let what = format!("{old} was edited while it was being renamed");
            return Err(Refusal::new(Exit::OutOfStep, what).into());
        }
        let mut updates = vec![refs.change(names::draft(new), Some(&tip))];
        updates.extend(place(refs, carried));
        Ok((updates, ()))
    })
}

fn renamed(text: &[u8], old: &Version, new: &Version) -> Result<String, Refusal> {
    let from = Contract::parse(text, old)?;
    let to = Contract {
        version: new.clone(),
        ..from.clone()
    };
    Ok(rewrite(&String::from_utf8_lossy(text), &from, &to)?)
}

/// Whether the cloud has this very generation. Other people's work on it stays where it is.
fn published(session: &Session<'_>, refs: &Refs, draft: &Draft) -> Result<bool> {
    let name = names::draft(&draft.version);
    let cloud = session.known_cloud(refs);
    let Some(there) = cloud.get(&name) else {
        return Ok(false);
    };
    if session.store.draft_relation(&draft.tip, there)? == Relation::Unrelated {
        return Ok(false);
    }
    let me = session.me()?;
    for attempt in session.attempts(refs, &draft.version)? {
        let owner = &attempt.evolution.owner;
        if attempt.evolution.generation == draft.root && !owner.is(&me) {
            let what = format!(
                "{owner} has worked on {}, and that cannot be renamed",
                draft.version
            );
            return Err(Refusal::new(Exit::Conflict, what).into());
        }
    }
    Ok(true)
}

type Carried = (EvolutionName, Oid, Oid);

/// The same proofs for the new version: their names there, first commits and tips.
fn carry(session: &Session<'_>, own: &[Attempt], new: &Version) -> Result<Vec<Carried>> {
    let mut carried = Vec::new();
    for attempt in own {
        let what = Evolution {
            version: new.clone(),
            ..attempt.evolution.clone()
        };
        let nonce = session.ctx.nonce();
        let tip = session
            .store
            .carry(session.author()?, &attempt.tip, &what, &nonce)?;
        let name = EvolutionName {
            version: new.clone(),
            ..attempt.name.clone()
        };
        let root = session.store.root(&tip)?;
        carried.push((name, root, tip));
    }
    Ok(carried)
}

fn place(refs: &Refs, carried: &[Carried]) -> Vec<Update> {
    let mut known: Vec<EvolutionName> = evolutions(&refs.local()).map(|(name, _)| name).collect();
    let mut updates = Vec::new();
    for (name, _, tip) in carried {
        let mut name = name.clone();
        if known.contains(&name) {
            name.number = crate::session::survey::next(known.iter(), &name);
        }
        updates.push(refs.change(names::evolution(&name), Some(tip)));
        known.push(name);
    }
    updates
}

/// An edit of a promoted version's file begins a draft of its own.
fn from_file(session: &Session<'_>, old: &Version, new: &Version) -> Result<Outcome> {
    let text = session.file_text(old)?.unwrap_or_default();
    let fresh = renamed(&text, old, new)?;
    let author = session.author()?;
    session.change(|refs| {
        session.may_declare(refs, new)?;
        let nonce = session.ctx.nonce();
        let root = session
            .store
            .write_draft_root(author, new, fresh.as_bytes(), &nonce)?;
        Ok((vec![refs.change(names::draft(new), Some(&root))], ()))
    })?;
    session.let_go(old, &text)?;
    session.write_view()?;
    Ok(Outcome::GenerationRename(Renamed {
        old: old.clone(),
        new: new.clone(),
        evolutions: 0,
    }))
}
