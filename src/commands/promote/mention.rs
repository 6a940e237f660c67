//! What a promoter may have overlooked: it is said, and stops nothing.

use anyhow::Result;

use crate::model::{Oid, Version};
use crate::session::Session;
use crate::store::{Refs, names};

/// Says what a promoter may have overlooked, and does not stop for.
pub(super) fn overlooked(
    session: &Session<'_>,
    refs: &Refs,
    version: &Version,
    release: &Oid,
) -> Result<()> {
    let store = &session.core.store;
    if session.core.store.layout().work_tree.is_some() {
        match store.dirty_files()?.as_slice() {
            [] => {}
            [only] => session.core.ctx.warn(format!(
                "{only} is edited; the edit is not part of the release"
            )),
            several => session.core.ctx.warn(format!(
                "{} files are edited; the edits are not part of the release",
                several.len()
            )),
        }
    }
    if let Some(remote) = &session.core.config.remote {
        mention_branch(session, remote, release)?;
    }
    if session.core.config.remote.is_some() {
        let me = session.core.me()?;
        for (name, remote) in session.cloud.brought_of(refs, version)? {
            let Some(tip) = refs.get(&names::evolution(&name)) else {
                continue;
            };
            let owner = store.commit(tip)?.author;
            if !owner.is(&me) {
                session.core.ctx.warn(format!(
                    "{name} came from {remote}, and only its author line says that {owner} made it"
                ));
            }
        }
    }
    let known = match session.core.ledger(refs)? {
        Some(ledger) => store.versions(&ledger, version.product())?,
        None => Vec::new(),
    };
    let above = known
        .iter()
        .filter(|known| !known.is_pre_release() && *known > version)
        .max();
    // A hot fix goes on an older line, as its numbers say.
    let goes_on = known.iter().any(|known| version.goes_on(known));
    if let Some(above) = above.filter(|_| !goes_on) {
        session
            .core
            .ctx
            .warn(format!("{version} is below {above}, the highest release"));
    }
    Ok(())
}

/// Says where the release commit is beside the cloud's default branch, as far as this clone has seen it.
fn mention_branch(session: &Session<'_>, remote: &str, release: &Oid) -> Result<()> {
    let store = &session.core.store;
    let Some((Some(default), tip)) = store.default_of(remote)? else {
        return Ok(());
    };
    let is_head = session.core.head()?.as_ref() == Some(release);
    let own = store.branch()?.filter(|_| is_head);
    // A history that is cut tells nothing.
    let apart = store.apart(release, &tip).ok();
    let commits = |count: usize| match count {
        1 => "1 commit".to_owned(),
        _ => format!("{count} commits"),
    };
    let said = match (own, apart) {
        (Some(own), _) if own != default => {
            format!("The release commit is on {own}, but the cloud's default branch is {default}")
        }
        (Some(_), Some((0, behind))) if behind > 0 => {
            let behind = commits(behind);
            format!("HEAD is {behind} behind {remote}/{default}: git pull")
        }
        (Some(_), Some((_, behind))) if behind > 0 => {
            let behind = commits(behind);
            format!("HEAD lacks {behind} of {remote}/{default}: git pull")
        }
        (None, Some((0, behind))) if behind > 0 => {
            let (commit, behind) = (release.short(), commits(behind));
            format!("{commit} is {behind} behind {remote}/{default}")
        }
        (None, Some((ahead, _))) if ahead > 0 => {
            format!("{} is not on {remote}/{default}", release.short())
        }
        _ => return Ok(()),
    };
    session.core.ctx.warn(said);
    Ok(())
}
