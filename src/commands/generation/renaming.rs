//! A rename under way: the mark that says so, and what becomes of one that was cut short.

use anyhow::Result;

use crate::git::refs::Update;
use crate::model::evolution::Attempt;
use crate::model::reconcile::Relation;
use crate::model::{Contract, EvolutionName, Exit, Invalid, Oid, Refusal, Version};
use crate::session::Session;
use crate::session::drafts::carry::place;
use crate::store::draft::Draft;
use crate::store::refs::{drafts, evolutions};
use crate::store::{Refs, names};

/// The first commit under the new name, where a rename of this draft was cut short.
///
/// # Errors
/// Refs or objects cannot be read.
pub(super) fn under_way(session: &Session<'_>, refs: &Refs, draft: &Draft) -> Result<Option<Oid>> {
    let Some(first) = refs.get(&names::renaming(&draft.version)) else {
        return Ok(None);
    };
    if is_stale(session, refs, first, draft)? {
        forget(session, refs, &draft.version, first)?;
        return Ok(None);
    }
    Ok(Some(first.clone()))
}

/// Whether the mark of a rename under way is of another generation, or of a rename whose new name is gone
/// from here: it was promoted, deleted or renamed since.
fn is_stale(session: &Session<'_>, refs: &Refs, first: &Oid, draft: &Draft) -> Result<bool> {
    let store = &session.core.store;
    if store.draft_relation(first, &draft.tip)? == Relation::Unrelated {
        return Ok(true);
    }
    for (version, tip) in drafts(refs.local()) {
        let goes_on = matches!(
            store.draft_relation(&tip, first)?,
            Relation::Same | Relation::Ahead
        );
        if version.as_str() != draft.version.as_str() && goes_on {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Removes a stale mark, unless another process is making the new name at this moment: what was read of its
/// refs may be the half of them.
fn forget(session: &Session<'_>, refs: &Refs, old: &Version, first: &Oid) -> Result<()> {
    let tree = session.core.store.commit(first)?.tree;
    let text = session.core.store.text(&tree, crate::store::draft::FILE)?;
    let contract = text.map(|(_, text)| Invalid::or_yaml::<Contract>(&text));
    let stale = refs.change(names::renaming(old), None);
    let new = match contract {
        Some(Ok(contract)) => names::draft(&contract.version),
        Some(Err(_)) | None => names::draft(old),
    };
    let done = match refs.get(&new) {
        Some(_) => session.core.store.update(&[stale])?,
        None => {
            let absent = Update::new(new, None, None);
            session.core.store.update_where(&[stale], &[absent])?
        }
    };
    if done {
        return Ok(());
    }
    let what = format!("{old} is being renamed by another process");
    Err(Refusal::new(Exit::OutOfStep, what)
        .then("git gryt status")
        .into())
}

/// A rename that was cut short, and that other people's work on the old name stops for good: it ends, and
/// both names stay. What a pull may settle does not end it.
pub(super) fn given_up(
    session: &Session<'_>,
    old: &Version,
    new: &Version,
    error: anyhow::Error,
) -> Result<anyhow::Error> {
    let refusal = match error.downcast::<Refusal>() {
        Ok(refusal) if refusal.exit == Exit::Conflict => refusal,
        Ok(refusal) => return Ok(refusal.into()),
        Err(error) => return Ok(error),
    };
    session
        .core
        .change(|refs| Ok((vec![refs.change(names::renaming(old), None)], ())))?;
    Ok(refusal
        .because(format!(
            "The interrupted rename to {new} was given up: {old} stays, and {new} is a copy that you can delete"
        ))
        .then(format!("git gryt generation delete {new}"))
        .into())
}

/// Goes on with a rename that was cut short, if it was to the same name: what was proven under the old name
/// since then comes along, too.
///
/// # Errors
/// [`Exit::Taken`] where it was to another name.
pub(super) fn go_on(
    session: &Session<'_>,
    refs: &Refs,
    first: &Oid,
    old: &Version,
    new: &Version,
    own: &[Attempt],
) -> Result<()> {
    if let Some(tip) = refs.get(&names::draft(new))
        && matches!(
            session.core.store.draft_relation(tip, first)?,
            Relation::Same | Relation::Ahead
        )
    {
        return carry_rest(session, refs, new, own);
    }
    let tree = session.core.store.commit(first)?.tree;
    let text = session.core.store.text(&tree, crate::store::draft::FILE)?;
    let begun = text.and_then(|(_, text)| Invalid::or_yaml::<Contract>(&text).ok());
    let Some(begun) = begun.map(|contract| contract.version) else {
        let what = format!("{old} is being renamed already");
        return Err(Refusal::new(Exit::Taken, what).into());
    };
    let what =
        format!("The rename of {old} to {begun} was cut short: finish it before another one");
    Err(Refusal::new(Exit::Taken, what)
        .then(format!("git gryt generation rename {old} {begun}"))
        .into())
}

/// Carries what the new name has no copy of: an evolution that was begun or went on under the old one since.
fn carry_rest(session: &Session<'_>, refs: &Refs, new: &Version, own: &[Attempt]) -> Result<()> {
    let mut rest = Vec::new();
    for attempt in own {
        let mut copied = false;
        for (name, tip) in evolutions(refs.local()) {
            copied |= name.version == *new && is_copy(session, attempt, &name, &tip)?;
        }
        if !copied {
            rest.push(attempt.clone());
        }
    }
    if rest.is_empty() {
        return Ok(());
    }
    let carried = session.drafts.carry(&rest, |e| e.of_version(new))?;
    session
        .core
        .change(|refs| Ok((place(refs, &carried), ())))?;
    for (before, after) in rest.iter().zip(&carried) {
        session.proving.follow_current(&before.root, &after.root)?;
    }
    Ok(())
}

/// Whether the evolution at `tip` holds all that `attempt` does: carrying keeps the order and the moments.
fn is_copy(
    session: &Session<'_>,
    attempt: &Attempt,
    name: &EvolutionName,
    tip: &Oid,
) -> Result<bool> {
    if name.change != attempt.name.change {
        return Ok(false);
    }
    let said = |tip: &Oid| -> Result<Vec<_>> {
        let mut all = Vec::new();
        for commit in session.core.store.first_parents(tip) {
            let commit = commit?;
            all.push((commit.at, commit.subject().to_owned()));
        }
        // The first commit is made anew.
        all.pop();
        all.reverse();
        Ok(all)
    };
    Ok(said(tip)?.starts_with(&said(&attempt.tip)?))
}
