//! A draft on its way out of the cloud, with this person's evolutions of it.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::git::push::Landed;
use crate::git::refs::Update;
use crate::model::evolution::Attempt;
use crate::model::promotion::REFS_A_PUSH;
use crate::model::push::{Manner, Road};
use crate::model::reconcile::Relation;
use crate::model::{Exit, Oid, Refusal, Version};
use crate::session::cloud::clear::Left;
use crate::session::cloud::push::{Job, Next};
use crate::session::core::contact::Contact;
use crate::session::core::taken::promoted;
use crate::session::{Cloud, Session};
use crate::store::names;
use crate::store::refs::{approvals, evolutions};

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
    // They were given to what is gone, whoever gave them.
    for (name, tip) in approvals(&contact.cloud).filter(|(name, _)| name.version == *version) {
        if let Ok(given) = session.core.approval_there(&name, &tip)?
            && given.approval.generation == root
        {
            updates.push(Update::new(names::approval(&name), Some(&tip), None));
        }
    }
    Ok(Some(updates))
}

/// Deletes in the cloud a draft and evolutions that came along, where the cloud sealed their version without
/// them: nobody else may let go of them there. True where the cloud did not answer, so that a later command has
/// to look again.
///
/// # Errors
/// Refs cannot be read or written.
pub(super) fn clear_stranded(
    session: &Session<'_>,
    contact: &Contact,
    version: &Version,
    here: &Oid,
    own: &[Attempt],
) -> Result<bool> {
    let stranded = stranded(session, contact, version, here, own)?;
    Ok(session.cloud.clear(contact, &stranded)?.why == Some(Left::Moved))
}

/// The same for a draft that left this clone before the cloud answered, and for this person's evolutions of it.
///
/// # Errors
/// As [`clear_stranded`].
pub(super) fn clear_left(
    session: &Session<'_>,
    contact: &Contact,
    version: &Version,
    here: &Oid,
    known: &BTreeMap<String, Oid>,
) -> Result<bool> {
    let mut left = stranded(session, contact, version, here, &[])?;
    left.extend(gone(session, contact, version, here, known)?);
    Ok(session.cloud.clear(contact, &left)?.why == Some(Left::Moved))
}

fn stranded(
    session: &Session<'_>,
    contact: &Contact,
    version: &Version,
    here: &Oid,
    own: &[Attempt],
) -> Result<Vec<Update>> {
    let sealed = match contact.ledger() {
        Some(ledger) => session.core.store.sealed(ledger, version)?,
        None => None,
    };
    let mut updates = Vec::new();
    if sealed.is_none() {
        return Ok(updates);
    }
    let draft = names::draft(version);
    if let Some(there) = contact.cloud.get(&draft)
        && session.core.store.is_commit(there)
        && matches!(
            session.core.store.draft_relation(here, there)?,
            Relation::Same | Relation::Ahead
        )
    {
        updates.push(Update::new(draft, Some(there), None));
    }
    for attempt in own {
        let name = names::evolution(&attempt.name);
        if contact.cloud.get(&name) == Some(&attempt.tip) {
            updates.push(Update::new(name, Some(&attempt.tip), None));
        }
    }
    Ok(updates)
}
