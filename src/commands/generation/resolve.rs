//! `git gryt generation resolve`: end a conflict over a draft.

use anyhow::{Context as _, Result};
use clap::Args;
use serde::Serialize;

use crate::commands::{Outcome, typed};
use crate::model::merge::{Clash, Side};
use crate::model::reconcile::Relation;
use crate::model::{Contract, Exit, Oid, Refusal, Version};
use crate::runner;
use crate::session::Session;
use crate::session::core::taken::promoted;
use crate::session::drafts::view::Edited;
use crate::store::{Refs, names};

/// Arguments of `generation resolve`.
#[derive(Debug, Args)]
pub(crate) struct ResolveArgs {
    /// The version
    version: String,
    /// Where the two differ, keep what is here
    #[arg(long, conflicts_with = "theirs")]
    ours: bool,
    /// Where the two differ, take what is in the cloud
    #[arg(long)]
    theirs: bool,
}

/// A conflict that ended.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Resolved {
    pub version: Version,
    /// Whether the draft stays, so that it has to be pushed.
    pub stays: bool,
}

/// How each clash is marked in the text that the editor is given.
const MARK: &str = "# >>>>>>> ";

/// Ends a conflict.
///
/// # Errors
/// [`Exit::Invalid`] where there is none, [`Exit::Conflict`] where two generations have one name.
pub(crate) fn run(session: &Session<'_>, args: &ResolveArgs) -> Result<Outcome> {
    let typed: Version = typed(&args.version)?;
    let side = match (args.ours, args.theirs) {
        (true, _) => Some(Side::Ours),
        (_, true) => Some(Side::Theirs),
        _ => None,
    };
    let refs = session.core.store.refs()?;
    let version = refs.draft(&typed).map_or(typed, |(spelled, _)| spelled);
    let taken = session
        .drafts
        .take_in_settling(side.map(|side| (&version, side)))?;
    let held = taken.held.iter().find(|(held, _)| *held == version);
    match held {
        None => {}
        Some((_, Edited::Overtaken { .. })) => {
            return Err(choose(&version, "the file and the draft").into());
        }
        Some((_, edited)) => return Err(edited.refusal(&version).into()),
    }
    // Taking in may have settled a conflict of the file with the draft; the cloud's is another.
    let settled = taken.edited.contains(&version);
    if session.core.config.remote.is_none() {
        return nothing_left(session, &version, settled);
    }
    let contact = session.cloud.contact(None)?;
    if let Some(ledger) = contact.ledger()
        && let Some(sealed) = session.core.store.sealed(ledger, &version)?
    {
        let mut refusal = promoted(&sealed);
        if contact.refs.draft(&version).is_some() {
            refusal = refusal
                .then(format!("git gryt generation rename {version} NEW"))
                .then(format!("git gryt generation delete {version}"));
        }
        return Err(refusal.into());
    }
    let name = names::draft(&version);
    let refs = session.core.store.refs()?;
    let (here, there) = (refs.get(&name), contact.cloud.get(&name));
    match (here, there) {
        (Some(here), Some(there)) => between(session, &version, (here, there), side, settled),
        (Some(here), None) => deleted(session, &refs, &version, (here, side), settled),
        (None, Some(there)) => repair(session, &version, None, there, side),
        (None, None) => {
            let what = format!("There is no generation {version}");
            Err(Refusal::new(Exit::Invalid, what).into())
        }
    }
}

/// Both sides have the draft.
fn between(
    session: &Session<'_>,
    version: &Version,
    (here, there): (&Oid, &Oid),
    side: Option<Side>,
    settled: bool,
) -> Result<Outcome> {
    let theirs = session.core.store.draft(version, there)?;
    if !theirs.is_ok_and(|draft| draft.contract().is_ok()) {
        return repair(session, version, Some(here), there, side);
    }
    match session.core.store.draft_relation(here, there)? {
        Relation::Unrelated => Err(Refusal::new(
            Exit::Conflict,
            format!("{version} is another generation in the cloud"),
        )
        .because("Two generations cannot be merged: rename local version or delete")
        .then(format!("git gryt generation rename {version} NEW"))
        .then(format!("git gryt generation delete {version} --local-only"))
        .into()),
        Relation::Diverged => {
            let text = match session.core.merge_drafts(version, here, there, side)? {
                Ok(text) => text,
                // Nobody disagrees any more, and only the two texts cannot be joined line by line.
                Err(_) if side.is_some() => {
                    session.core.ctx.warn(format!(
                        "The text of {version} was written anew, without its comments"
                    ));
                    session.core.merge_plainly(version, here, there, side)?
                }
                Err(clashes) => in_editor(session, version, here, there, &clashes)?,
            };
            join(session, version, &[here, there], &text)
        }
        _ => nothing_left(session, version, settled),
    }
}

/// Writes the joined draft.
fn join(session: &Session<'_>, version: &Version, parents: &[&Oid], text: &str) -> Result<Outcome> {
    let name = names::draft(version);
    let by = session.core.author()?;
    let tip = session
        .core
        .store
        .write_draft_merge(by, version, parents, text.as_bytes())?;
    session.core.change(|refs| {
        if let Some(now) = refs.get(&name) {
            stayed(version, now, parents.first().copied())?;
        }
        Ok((vec![refs.change(&name, Some(&tip))], ()))
    })?;
    finished(session, version)
}

/// Refuses where the draft is not what was looked at any more: an edit was made that nobody decided about.
fn stayed(version: &Version, now: &Oid, expected: Option<&Oid>) -> Result<(), Refusal> {
    if Some(now) == expected {
        return Ok(());
    }
    let what = format!("{version} was edited while it was being resolved");
    Err(Refusal::new(Exit::OutOfStep, what)
        .then(format!("git gryt generation show {version}"))
        .then(format!("git gryt generation resolve {version}")))
}

/// Nothing is open any more: because an edit was settled just now, or because nothing ever was.
fn nothing_left(session: &Session<'_>, version: &Version, settled: bool) -> Result<Outcome> {
    if !settled {
        let what = format!("There is nothing to resolve about {version}");
        return Err(Refusal::new(Exit::Invalid, what)
            .then("git gryt sync pull")
            .into());
    }
    finished(session, version)
}

fn finished(session: &Session<'_>, version: &Version) -> Result<Outcome> {
    session.drafts.write_view()?;
    Ok(Outcome::GenerationResolve(Resolved {
        version: version.clone(),
        stays: true,
    }))
}

fn choose(version: &Version, what: &str) -> Refusal {
    Refusal::new(
        Exit::Conflict,
        format!("{what} of {version} contradict each other"),
    )
    .then(format!("git gryt generation resolve {version} --ours"))
    .then(format!("git gryt generation resolve {version} --theirs"))
}

/// The draft was deleted in the cloud, and this clone has edits that were never pushed.
fn deleted(
    session: &Session<'_>,
    refs: &Refs,
    version: &Version,
    (here, side): (&Oid, Option<Side>),
    settled: bool,
) -> Result<Outcome> {
    let adopted = session.core.adopted(refs)?;
    if !adopted.contains_key(&names::draft(version)) {
        return nothing_left(session, version, settled);
    }
    match side {
        None => Err(choose(version, "Your edits and the deletion in the cloud").into()),
        Some(Side::Ours) => {
            session.core.forget_adopted(version)?;
            finished(session, version)
        }
        Some(Side::Theirs) => {
            session.core.change(|refs| {
                // Another process of this clone may have been faster, whichever way it went.
                let Some(now) = refs.get(&names::draft(version)) else {
                    return Ok((Vec::new(), ()));
                };
                stayed(version, now, Some(here))?;
                Ok((session.drafts.put_aside(refs, version, now, &[])?, ()))
            })?;
            session.core.forget_adopted(version)?;
            session.drafts.write_view()?;
            Ok(Outcome::GenerationResolve(Resolved {
                version: version.clone(),
                stays: false,
            }))
        }
    }
}

/// The cloud's draft does not check: what is valid goes on top of it, its own last valid state and
/// what is here.
fn repair(
    session: &Session<'_>,
    version: &Version,
    here: Option<&Oid>,
    bad: &Oid,
    side: Option<Side>,
) -> Result<Outcome> {
    let theirs = match session.core.store.is_commit(bad) {
        true => last_valid(session, version, bad)?,
        false => {
            let what = format!("The cloud's draft of {version} is not a commit");
            let name = names::draft(version);
            return Err(Refusal::new(Exit::Conflict, what)
                .because("It cannot be edited. This command replaces it with this clone's draft, or removes it:")
                .then(session.core.clears(&name, bad, here)?)
                .into());
        }
    };
    let read = |tip: &Oid| -> Result<String> {
        let draft = session
            .core
            .store
            .draft(version, tip)?
            .map_err(Refusal::from)?;
        Ok(String::from_utf8_lossy(&draft.text).into_owned())
    };
    match (here, theirs) {
        (Some(here), Some(theirs)) => {
            let relation = session.core.store.draft_relation(here, &theirs)?;
            let text = match relation {
                Relation::Diverged => session
                    .core
                    .merge_drafts(version, here, &theirs, side)?
                    .map_err(|_| choose(version, "The two valid states"))?,
                Relation::Behind => read(&theirs)?,
                _ => read(here)?,
            };
            join(session, version, &[here, bad], &text)
        }
        (Some(here), None) => join(session, version, &[here, bad], &read(here)?),
        (None, Some(theirs)) => join(session, version, &[bad], &read(&theirs)?),
        (None, None) => {
            let what = format!("No state of the cloud's draft of {version} was ever valid");
            Err(Refusal::new(Exit::Invalid, what).into())
        }
    }
}

fn last_valid(session: &Session<'_>, version: &Version, bad: &Oid) -> Result<Option<Oid>> {
    for commit in session.core.store.first_parents(bad) {
        let commit = commit?;
        if let Ok(draft) = session.core.store.draft(version, &commit.oid)?
            && draft.contract().is_ok()
        {
            return Ok(Some(commit.oid));
        }
    }
    Ok(None)
}

/// Gives the person both sides in the editor, and takes what is left when every mark is gone.
fn in_editor(
    session: &Session<'_>,
    version: &Version,
    here: &Oid,
    there: &Oid,
    clashes: &[Clash],
) -> Result<String> {
    let start = match session
        .core
        .merge_drafts(version, here, there, Some(Side::Ours))?
    {
        Ok(text) => text,
        Err(_) => session
            .core
            .merge_plainly(version, here, there, Some(Side::Ours))?,
    };
    let mut text = String::new();
    for clash in clashes {
        let value = |side: &Option<String>| match side {
            Some(value) => format!("{value:?}"),
            None => "nothing".to_owned(),
        };
        let (ours, theirs) = (value(&clash.ours), value(&clash.theirs));
        let place = &clash.place;
        text += &format!(
            "{MARK}{place}: here {ours}, in the cloud {theirs}. Choose, and remove this line.\n"
        );
    }
    text += &start;
    let folder = session.core.store.layout().git_dir.join("gryt");
    std::fs::create_dir_all(&folder)?;
    // What a person typed for these two tips is offered again until it is accepted.
    let name = format!("resolve-{}-{}.yaml", here.short(), there.short());
    let file = folder.join(&name);
    if !file.exists() {
        std::fs::write(&file, &text)?;
    }
    let kept = format!("Your text is kept in {}", file.display());
    let editor = session.core.store.git().read(&["var", "GIT_EDITOR"])?;
    session.core.rest();
    if !runner::editor(String::from_utf8_lossy(&editor).trim(), &file)? {
        let refusal = choose(version, "The two sides").because("The editor failed");
        return Err(refusal.because(kept).into());
    }
    let edited = std::fs::read_to_string(&file).context("the edited text cannot be read")?;
    if edited.lines().any(|line| line.starts_with(MARK)) {
        let refusal = choose(version, "The two sides");
        return Err(refusal
            .because("A mark is still in the text, so nothing was taken")
            .because(kept)
            .into());
    }
    Contract::parse(edited.as_bytes(), version).map_err(|e| Refusal::from(e).because(kept))?;
    std::fs::remove_file(&file)?;
    Ok(edited)
}
