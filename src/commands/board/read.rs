//! What the board shows, read as `status`, `generation show`, `evolution list` and `why --offline` read it.

use std::fmt::Write as _;

use anyhow::Result;

use crate::commands::generation::shown;
use crate::commands::sync::status::{HeldFile, missing};
use crate::commands::{evolution, export, status};
use crate::model::board::{Detail, Draft, Line, Look, Tried};
use crate::model::state::Status;
use crate::model::steps::{self, Step};
use crate::model::{Change, EvolutionName, Person, Refusal, Version};
use crate::session::Session;
use crate::session::core::contact::Contact;
use crate::store::Refs;

/// How many releases are listed.
const LATEST: usize = 50;

/// What the lists follow from, in a text that is another one once they may have changed.
///
/// # Errors
/// Refs or files cannot be read.
pub(super) fn mark(session: &Session<'_>, refs: &Refs) -> Result<String> {
    let core = session.core;
    let mut mark = refs.text();
    for (version, edited) in session.drafts.edited(refs)? {
        _ = writeln!(mark, "{version} {edited:?}");
    }
    let pulled = core.cache(refs)?.metadata("last_pull_timestamp")?;
    _ = write!(mark, "{:?} {pulled:?} {:?}", core.head()?, core.config.mode);
    Ok(mark)
}

/// The lists.
///
/// # Errors
/// Refs, objects or files cannot be read.
pub(super) fn look(session: &Session<'_>, refs: &Refs) -> Result<Look> {
    let core = session.core;
    let found = status::overview(session)?;
    let draft = |draft: status::Draft| Draft {
        sync: found.cloud.is_some().then_some(draft.sync),
        version: draft.version,
        status: draft.status,
        changes: draft.changes,
        proven: draft.proven,
        edited: draft.edited,
    };
    Ok(Look {
        project: export::name(core).or_else(|| {
            let top = core.top().ok()?;
            Some(top.file_name()?.to_string_lossy().into_owned())
        }),
        mode: found.mode.as_str(),
        pulled: found.last_pull.and_then(|at| at.parse().ok()),
        drafts: found.drafts.into_iter().map(draft).collect(),
        releases: core.releases(refs, LATEST, None)?,
        held: found.files.into_iter().map(held).collect(),
        cloud: found.cloud,
    })
}

fn held(file: HeldFile) -> (Version, Step) {
    let step = Step {
        who: None,
        what: file.what,
        command: file.next.into_iter().next(),
    };
    (file.version, step)
}

/// All of a version, judged by what was last seen of the cloud. What cannot be read is told in its place.
///
/// # Errors
/// Refs, objects or files cannot be read.
pub(super) fn detail(
    session: &Session<'_>,
    version: &Version,
    seen: Result<&Option<Contact>, &Refusal>,
) -> Result<Detail> {
    let (shown, changes) = match shown(session, version) {
        Ok(found) => found,
        Err(error) => {
            let trouble = said(&error.downcast::<Refusal>()?);
            return Ok(Detail::unread(version.clone(), Status::Broken, trouble));
        }
    };
    let evolutions = match evolution::listed(session, &shown.version) {
        Ok(list) => list.evolutions,
        // What was released before gryt has none.
        Err(error) if error.is::<Refusal>() => Vec::new(),
        Err(error) => return Err(error),
    };
    let evolutions = evolutions.into_iter().map(|row| Tried {
        name: EvolutionName {
            version: shown.version.clone(),
            change: row.change,
            number: row.number,
        },
        status: row.status,
        owner: row.owner,
        commit: row.commit,
        shared: row.shared,
    });
    let mut detail = Detail {
        evolutions: evolutions.collect(),
        status: shown.status,
        description: shown.description,
        opinions: shown.approvals,
        promoted: shown
            .promoter
            .zip(shown.promoted_at)
            .map(|(by, at)| (by, at, shown.commit)),
        ..Detail::unread(shown.version, shown.status, Vec::new())
    };
    let me = session.core.reader();
    let named = |person: &Person| {
        let is_me = me.as_ref().is_some_and(|me| me.is(person));
        (!is_me).then(|| person.name.clone())
    };
    let proof = |change: &Change, standing: &_| {
        let open = shown.status.is_open();
        open.then(|| steps::proof(&detail.version, Some(change), standing, &named))?
    };
    let lines = changes.into_iter().zip(shown.changes);
    detail.changes = lines
        .map(|(change, standing)| Line {
            step: proof(&change, &standing),
            change,
            standing,
        })
        .collect();
    if detail.status.is_open() {
        judge(session, &mut detail, seen)?;
    }
    // A contract names people as they were typed.
    let lines = detail
        .changes
        .iter_mut()
        .filter_map(|line| line.step.as_mut());
    for step in detail.steps.iter_mut().chain(lines) {
        let is_me = |who: &String| {
            let names_me = |me: &Person| me.name == *who || me.has(who);
            me.as_ref().is_some_and(names_me)
        };
        step.who = step.who.take().filter(|who| !is_me(who));
    }
    Ok(detail)
}

/// What the gates lack, and who has to do what.
fn judge(
    session: &Session<'_>,
    detail: &mut Detail,
    seen: Result<&Option<Contact>, &Refusal>,
) -> Result<()> {
    let contact = match seen {
        Ok(contact) => contact.as_ref(),
        Err(refusal) => {
            detail.trouble = said(refusal);
            return Ok(());
        }
    };
    match session.sealing.readiness(&detail.version, contact) {
        Ok(Some(found)) => {
            detail.missing = missing(&found);
            detail.steps = steps::steps(&found.facts, found.refusal.as_ref());
        }
        // Without a commit there is nothing to release.
        Ok(None) => {
            detail.missing = vec!["There is no commit yet".to_owned()];
            let what = "make the first commit";
            detail.steps = vec![Step::of(None, what, "git commit")];
        }
        Err(error) => detail.trouble = said(&error.downcast::<Refusal>()?),
    }
    Ok(())
}

/// A refusal, a line each.
pub(super) fn said(refusal: &Refusal) -> Vec<String> {
    let mut lines = vec![refusal.what.clone()];
    lines.extend(refusal.why.iter().cloned());
    lines
}
