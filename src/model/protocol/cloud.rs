//! The cloud: what an honest git server does with a push.

use super::super::push::{Culprit, Reply};
use super::world::{Commit, Entry, Name, Refs, Site, Tip, Told, Update, Wrong};
use super::{Broken, Protocol};

impl Protocol {
    /// Whether every ref stands where the push expects it, guards included: our git's own look, just
    /// before it sends.
    pub(super) fn leases_hold(&self, cloud: &Refs, updates: &[Update]) -> bool {
        updates.iter().all(|update| self.stands(cloud, update))
    }

    fn stands(&self, cloud: &Refs, update: &Update) -> bool {
        let forced = match (self.broken, update.name) {
            (Some(Broken::LedgerWithoutLease), Name::Ledger) => true,
            (Some(Broken::DraftsByForce), Name::Draft(_)) => update.new.is_some(),
            (Some(Broken::EmptyLeaseForDeletions), Name::Draft(_)) => update.new.is_none(),
            _ => false,
        };
        forced || cloud.get(update.name) == update.old.as_ref()
    }

    /// What the server does: each ref compared and swapped, all or none of them if `atomic`. Says what
    /// it answers, and what moved.
    pub(super) fn receive(
        &self,
        cloud: &mut Refs,
        updates: &[Update],
        atomic: bool,
        told: &mut Told,
    ) -> (Reply, Vec<Update>) {
        // The server sees nothing of a guard.
        let moves: Vec<&Update> = updates.iter().filter(|update| !update.is_guard()).collect();
        let stand = |update: &&&Update| self.stands(cloud, update);
        let landing: Vec<Update> = match atomic && !moves.iter().all(|update| stand(&update)) {
            true => Vec::new(),
            false => moves.iter().filter(stand).copied().cloned().collect(),
        };
        let before = cloud.clone();
        for update in &landing {
            if update.new.is_none()
                && let Some(Tip::Commit(meant)) = update.old
            {
                told.let_go.insert((update.name, meant));
            }
            cloud.set(update.name, update.new.clone());
        }
        let guards = landing
            .iter()
            .any(|update| matches!(update.name, Name::Approval(..)) && update.new.is_none());
        told.wrong = told.wrong.or(wrong(&before, cloud, atomic)).or(revoked(
            &before,
            cloud,
            atomic && guards,
        ));
        match landing.len() == moves.len() {
            true => (Reply::Accepted, landing),
            false => (Reply::Declined(Culprit::Whole), landing),
        }
    }
}

/// What must not happen in the cloud.
fn wrong(before: &Refs, after: &Refs, atomic: bool) -> Option<Wrong> {
    for entry in after.ledger().iter().skip(before.ledger().len()) {
        let there = before.commit(Name::Draft(entry.version));
        if let Some(there) = there
            && atomic
            && entry.over.is_some()
            && !entry.draft.contains(there)
        {
            return Some(Wrong::SealedUnseen);
        }
    }
    None
}

/// What must not happen to what was approved.
fn revoked(before: &Refs, after: &Refs, guarded: bool) -> Option<Wrong> {
    let new = after.ledger().iter().skip(before.ledger().len());
    let later = |entry: &Entry| {
        let counted = entry.approved?;
        let last = before.words(entry.version).max()?;
        (guarded && last.0 > counted && !last.2).then_some(Wrong::SealedRevoked)
    };
    new.filter_map(later).next()
}

/// Whether a client that knew a draft to be in the cloud brought it back after it was deleted there.
pub(super) fn came_back(site: &Site, landed: &[Update], told: &Told) -> bool {
    let gone = |name: Name, commit: Commit| {
        let of_name = told.let_go.iter().filter(|(gone, _)| *gone == name);
        of_name.into_iter().any(|(_, gone)| gone.contains(commit))
    };
    landed
        .iter()
        .any(|update| match (&update.old, &update.new) {
            (None, Some(Tip::Commit(commit))) => {
                site.known.contains(&(update.name, commit.root)) && gone(update.name, *commit)
            }
            _ => false,
        })
}
