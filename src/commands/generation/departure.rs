//! Drafts whose deletion the cloud has not heard of yet: in `cloud` mode a published draft can be deleted
//! or renamed while the cloud is away, and the next command that reaches it brings the deletion there.

use anyhow::Result;

use super::deletion::{Deletion, clear_left};
use crate::model::reconcile::Seal;
use crate::model::{Exit, Oid, Refusal, Version};
use crate::session::Session;
use crate::session::core::contact::Contact;
use crate::session::core::taken::promoted;
use crate::store::{Refs, names};

/// Whether what failed may as well be done later: the cloud is away, in the mode that keeps changes
/// pending.
pub(super) fn may_wait(session: &Session<'_>, error: &anyhow::Error) -> bool {
    let refusal = error.downcast_ref::<Refusal>();
    session.core.continuous() && refusal.is_some_and(|refusal| refusal.exit == Exit::Remote)
}

/// Contacts the cloud. None where it is away and the change may wait.
///
/// # Errors
/// It is away, in another mode; or what it shows does not check.
pub(super) fn contact(session: &Session<'_>) -> Result<Option<Contact>> {
    // This command has waited for it already.
    if session.core.continuous() && session.core.is_away() {
        return Ok(None);
    }
    match session.cloud.contact(None) {
        Ok(contact) => Ok(Some(contact)),
        Err(error) if may_wait(session, &error) => {
            session.core.note_away();
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Says that the cloud will hear of it.
pub(super) fn tell(session: &Session<'_>, version: &Version) {
    session.core.ctx.warn(format!(
        "{version} is deleted here. The cloud did not answer and still has it; the next command that reaches the cloud deletes it there"
    ));
}

/// Brings pending deletions to the cloud. A draft that somebody went on with meanwhile stays.
///
/// # Errors
/// The cloud is away or refuses: they stay pending.
pub(crate) fn finish(session: &Session<'_>, contact: &Contact) -> Result<()> {
    let refs = session.core.store.refs()?;
    let pending: Vec<(Version, Oid)> = refs
        .below(names::LEAVING)
        .filter_map(|(version, tip)| Some((version.parse().ok()?, tip.clone())))
        .collect();
    for (version, tip) in pending {
        match bring(session, contact, &refs, &version, &tip) {
            Ok(true) => {}
            Ok(false) => continue,
            Err(error) => match error.downcast_ref::<Refusal>() {
                Some(refusal) if refusal.exit != Exit::Remote => {
                    session.core.ctx.warn(format!(
                        "{version} was deleted here while the cloud could not be reached; it was not deleted in the cloud, and is back here: {}",
                        refusal.what
                    ));
                }
                _ => return Err(error),
            },
        }
        session
            .core
            .change(|refs| Ok((vec![refs.change(names::leaving(&version), None)], ())))?;
    }
    Ok(())
}

/// Deletes a draft in the cloud that left this clone; false where that is still to be done.
fn bring(
    session: &Session<'_>,
    contact: &Contact,
    refs: &Refs,
    version: &Version,
    tip: &Oid,
) -> Result<bool> {
    let known = session.core.adopted(refs)?;
    let sealed = match contact.ledger() {
        Some(ledger) => session.core.store.sealed(ledger, version)?,
        None => None,
    };
    if let Some(sealed) = sealed {
        if session.core.draft_seal(version, Some(tip), Some(&sealed))? == Seal::Folded {
            return Err(promoted(&sealed).into());
        }
        // What was edited too late for the release, and went on under another name.
        return Ok(!clear_left(session, contact, version, tip, &known)?);
    }
    let mut deletion = Deletion::of(session, version, tip, Some(&known));
    session.cloud.push(contact, &mut deletion)?;
    Ok(true)
}
