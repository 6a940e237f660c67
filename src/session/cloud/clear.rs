//! Deleting in the cloud what went into a release.

use std::collections::{BTreeSet, VecDeque};

use anyhow::Result;

use super::Cloud;
use super::push::{Job, Next};
use crate::git::push::Landed;
use crate::git::refs::Update;
use crate::model::approval::{ApprovalName, Approved};
use crate::model::host::{Ability, How};
use crate::model::push::{Manner, Road};
use crate::model::reconcile::{Relation, Seal};
use crate::model::sealed::Sealed;
use crate::model::{Oid, Version};
use crate::session::core::contact::Contact;
use crate::session::core::seals::Seals;
use crate::store::names::{self, Shared};
use crate::store::refs::drafts;

impl Cloud<'_> {
    /// Deletes refs of the cloud that `sealed` folded, at the oid where they were seen.
    pub(crate) fn clear_folded(self, contact: &Contact, sealed: &Sealed) -> Result<()> {
        let of_this = |version: &Version| version == &sealed.version;
        let cleared = self.clear(contact, &self.folded(contact, of_this)?)?;
        let (left, version) = (cleared.left, &sealed.version);
        let refs = if left == 1 { "ref" } else { "refs" };
        match cleared.why {
            None => {}
            Some(Left::Moved) => self.core.ctx.warn(format!(
                "The cloud still has {left} {refs} of {version}: a later push deletes what is left"
            )),
            Some(Left::Refused) => self.core.ctx.warn(format!(
                "The cloud still has {left} {refs} of {version}, and refuses to delete them. Nothing is wrong with the release, and gryt ignores these refs; whoever administers the host can delete those that git gryt doctor lists"
            )),
            Some(Left::KnownToStay) => self.core.ctx.detail(format!(
                "The cloud keeps {left} {refs} of {version}: it refuses to delete"
            )),
        }
        Ok(())
    }

    /// Clears what promotions left behind, on the way of a push of something else. What the cloud
    /// refuses stays, without a word: it was told when it was promoted.
    ///
    /// # Errors
    /// Refs cannot be read or written.
    pub(crate) fn clear_leftovers(self, contact: &Contact) -> Result<()> {
        let mut staying = self.core.staying(&contact.refs)?;
        let known = staying.len();
        staying.retain(|name, oid| contact.cloud.get(name) == Some(oid));
        if staying.len() < known {
            self.core.keep_staying(&staying)?;
        }
        let folded = self.folded(contact, |_| true)?;
        if !folded.is_empty() {
            self.clear(contact, &folded)?;
        }
        Ok(())
    }

    /// The deletions of refs in the cloud that went into a release, or are older than what did.
    fn folded(self, contact: &Contact, of: impl Fn(&Version) -> bool) -> Result<Vec<Update>> {
        let mut updates = Vec::new();
        let Some(ledger) = contact.ledger() else {
            return Ok(updates);
        };
        let mut seals = Seals::of(self.core, Some(ledger));
        for (name, tip) in &contact.cloud {
            let shared = names::shared(name);
            let Some(version) = shared.version().filter(|version| of(version)) else {
                continue;
            };
            let Some(sealed) = seals.get(version)? else {
                continue;
            };
            if !self.core.is_sound_there(name, tip)? {
                continue;
            }
            let seal = match &shared {
                Shared::Draft(version) => self.core.draft_seal(version, Some(tip), Some(sealed))?,
                Shared::Evolution(name) => {
                    self.core.evolution_seal(name, Some(tip), Some(sealed))?
                }
                Shared::Approval(name) => self.approval_seal_of(name, tip, sealed)?,
                Shared::Ledger | Shared::Foreign => continue,
            };
            if seal == Seal::Folded || self.went_on(contact, &shared, tip)? {
                updates.push(Update::new(name.clone(), Some(tip), None));
            }
        }
        Ok(updates)
    }

    /// Whether what came too late for a release went on under another name: another draft of the cloud holds it
    /// all, so that nothing is lost with it, whoever was to clear it and could not.
    fn went_on(self, contact: &Contact, shared: &Shared, tip: &Oid) -> Result<bool> {
        let Shared::Draft(late) = shared else {
            return Ok(false);
        };
        for (other, there) in drafts(&contact.cloud) {
            if other != *late
                && self.core.is_sound_there(&names::draft(&other), &there)?
                && self.core.store.relation(&there, tip)? == Relation::Ahead
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// How an approval in the cloud stands to a release: one that its author went on from goes with what they
    /// said last.
    fn approval_seal_of(self, name: &ApprovalName, tip: &Oid, sealed: &Sealed) -> Result<Seal> {
        let seal = self.core.approval_seal(Some(tip), Some(sealed));
        let later = |approved: &Approved| name.is_of(&approved.by) && approved.number > name.number;
        if seal == Seal::Folded || !sealed.approvals.iter().any(later) {
            return Ok(seal);
        }
        Ok(match self.core.approval_there(name, tip)? {
            Ok(given) if given.approval.generation == sealed.generation => Seal::Folded,
            Ok(_) | Err(_) => seal,
        })
    }

    /// Deletes refs in the cloud, and says how many stayed. Not atomic: what moved meanwhile is late
    /// and stays, the others go. What the host refuses to delete is remembered, and left alone for
    /// as long as that is believed.
    ///
    /// # Errors
    /// Refs cannot be read or written.
    pub(crate) fn clear(self, contact: &Contact, updates: &[Update]) -> Result<Cleared> {
        let staying = self.core.staying(&self.core.store.refs()?)?;
        let stays = |update: &&Update| update.old.as_ref() == staying.get(&update.name);
        let (known, mut going): (Vec<&Update>, Vec<&Update>) = updates.iter().partition(stays);
        let mut known = known.len();
        let mut first = false;
        if !self.core.does(Ability::Deletions) && !going.is_empty() {
            // Told with the first that stay.
            first = staying.is_empty();
            known += going.len();
            let mut staying = staying.clone();
            let stay = going.drain(..);
            staying.extend(stay.filter_map(|gone| Some((gone.name.clone(), gone.old.clone()?))));
            self.core.keep_staying(&staying)?;
        }
        let going: Vec<Update> = going.into_iter().cloned().collect();
        let mut clearing = Piecemeal::of(&going, self.core.refs_a_push());
        let left = match going.is_empty() {
            true => 0,
            false => self.push(contact, &mut clearing)?,
        };
        if let Some(most) = clearing.limit() {
            self.core.learn(Ability::ManyRefs, most, How::Push)?;
        }
        self.note_staying(&going, &clearing)?;
        let why = match (left, known, clearing.declined.is_empty()) {
            (0, 0, _) => None,
            (0, ..) if !first => Some(Left::KnownToStay),
            (0, ..) | (.., false) => Some(Left::Refused),
            (.., true) => Some(Left::Moved),
        };
        let left = left + known;
        Ok(Cleared { left, why })
    }

    fn note_staying(self, going: &[Update], clearing: &Piecemeal) -> Result<()> {
        if clearing.declined.is_empty() {
            return Ok(());
        }
        self.core.learn(Ability::Deletions, 0, How::Push)?;
        let mut staying = self.core.staying(&self.core.store.refs()?)?;
        for update in going {
            if let Some(old) = &update.old
                && clearing.declined.contains(&update.name)
            {
                staying.insert(update.name.clone(), old.clone());
            }
        }
        self.core.keep_staying(&staying)
    }
}

/// What became of refs that were to be deleted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cleared {
    /// How many are still there.
    pub left: usize,
    pub why: Option<Left>,
}

/// Why refs are still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// They moved, or no answer came.
    Moved,
    /// The host refuses to delete them, as it said just now.
    Refused,
    /// It said so before.
    KnownToStay,
}

/// Refs that go each for itself, as many a push as hosts take.
struct Piecemeal {
    queue: VecDeque<Update>,
    /// How many go in one push.
    most: usize,
    /// The fewest that were refused together, and the most that were taken.
    ceiling: Option<usize>,
    floor: usize,
    /// What was pushed last.
    sent: Vec<Update>,
    /// How many did not land, and how many did.
    left: usize,
    landed: usize,
    /// What the host refused.
    declined: BTreeSet<String>,
}

impl Piecemeal {
    fn of(updates: &[Update], most: usize) -> Self {
        Self {
            queue: updates.iter().cloned().collect(),
            most,
            ceiling: None,
            floor: 0,
            sent: Vec::new(),
            left: 0,
            landed: 0,
            declined: BTreeSet::new(),
        }
    }
}

impl Piecemeal {
    /// The most refs that the cloud takes in one push, where that was found out: all were taken in the
    /// end.
    fn limit(&self) -> Option<usize> {
        let all = self.ceiling.filter(|_| self.declined.is_empty());
        all.map(|_| self.floor).filter(|most| *most > 0)
    }
}

impl Job for Piecemeal {
    type Value = usize;

    fn manner(&self) -> Manner {
        Manner::Each
    }

    fn plan(&mut self, _: Cloud<'_>, _: &Contact, _: Road) -> Result<Next<usize>> {
        if self.queue.is_empty() {
            return Ok(Next::Over(self.left));
        }
        let many = self.most.min(self.queue.len());
        self.sent = self.queue.drain(..many).collect();
        Ok(Next::Push(self.sent.clone()))
    }

    fn landed(&mut self, cloud: Cloud<'_>, _: &Contact, landed: Landed) -> Result<Option<usize>> {
        let sent = std::mem::take(&mut self.sent);
        let many = sent.len();
        let all_declined = many == landed.declined.len();
        if all_declined && many > 1 {
            // Too many for one push, or none is let go: one of them tells.
            self.ceiling = Some(self.ceiling.map_or(many, |known| known.min(many)));
            self.most = match self.floor < many {
                true => self.floor.max(1),
                // As many were taken before: it is not their number.
                false => 1,
            };
            for update in sent.into_iter().rev() {
                self.queue.push_front(update);
            }
            return Ok(None);
        }
        self.left += many - landed.moves.len();
        self.landed += landed.moves.len();
        cloud.core.acknowledge(&landed.moves);
        let whole = landed.whole;
        self.declined.extend(landed.declined);
        if !landed.moves.is_empty() {
            self.floor = self.floor.max(many);
            let between = |ceiling| usize::midpoint(self.floor, ceiling);
            let most = self.ceiling.map_or(self.most, between);
            self.most = (2 * self.floor).min(most).max(1);
        } else if !whole || self.landed == 0 {
            // What refuses one refuses the others, and what does not answer does not either.
            let rest = std::mem::take(&mut self.queue);
            self.left += rest.len();
            if whole {
                self.declined
                    .extend(rest.into_iter().map(|update| update.name));
            }
        }
        Ok(None)
    }
}
