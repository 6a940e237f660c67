//! Adopting what the cloud has: facts about each ref, the pure plan over them, one transaction.

mod approvals;
mod evolutions;

use std::collections::BTreeMap;

use anyhow::Result;

use super::Cloud;
use crate::git::refs::Update;
use crate::model::reconcile::{
    Adopted, DisputedEntry, DraftConflict, DraftStep, Relation, Renamed,
};
use crate::model::sealed::Sealed;
use crate::model::{EvolutionName, Oid, Version};
use crate::session::core::contact::Contact;
use crate::session::core::seals::Seals;
use crate::session::core::sides::{Look, Three};
use crate::session::core::survey::next;
use crate::store::names::Shared;
use crate::store::refs::evolutions;
use crate::store::{Refs, names};

type Tips = BTreeMap<String, Oid>;

/// What an adoption is planned for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It is to be done: objects are written.
    Adopt,
    /// Only to see what would come of it.
    Preview,
}

/// The plan of one adoption while it is being made.
struct Adoption<'a> {
    refs: &'a Refs,
    local: &'a Tips,
    cloud: &'a Tips,
    /// What was adopted before, and what will have been.
    before: &'a Tips,
    after: Tips,
    updates: Vec<Update>,
    sum: Adopted,
    purpose: Purpose,
}

impl Adoption<'_> {
    fn tips(&self) -> Three<'_> {
        Three {
            local: self.local,
            cloud: self.cloud,
            adopted: self.before,
        }
    }

    fn writes(&self) -> bool {
        self.purpose == Purpose::Adopt
    }

    fn set(&mut self, name: impl Into<String>, tip: Option<&Oid>) {
        self.updates.push(self.refs.change(name, tip));
    }

    /// Whether everybody has had this since the last look: nearly every ref of a large project.
    fn is_settled(&self, name: &str, tip: &Oid) -> bool {
        self.local.get(name) == Some(tip) && self.before.get(name) == Some(tip)
    }

    /// The name of an evolution whose number turned out to be another's.
    fn next_number(&self, evolution: &EvolutionName) -> EvolutionName {
        let known = evolutions(self.local).chain(evolutions(self.cloud));
        let known: Vec<EvolutionName> = known.map(|(name, _)| name).collect();
        let given = self.sum.renumbered.iter().map(|(_, after)| after);
        EvolutionName {
            number: next(known.iter().chain(given), evolution),
            ..evolution.clone()
        }
    }
}

impl Cloud<'_> {
    /// Takes over what the cloud has, as far as nothing of this clone's is lost by it.
    ///
    /// # Errors
    /// Objects or refs cannot be read or written.
    pub(crate) fn adopt(self, contact: &Contact) -> Result<Adopted> {
        self.core.change(|refs| {
            let (mut updates, sum) = self.plan(contact, refs, Purpose::Adopt)?;
            if let Some(checked) = &contact.checked {
                updates.extend(self.core.remember(refs, checked)?);
                if refs.get(names::LEDGER).is_none() {
                    // Whether a tag of what was promoted before this clone was made was refused or removed is
                    // not for this clone to tell.
                    let tagged = names::tagged(&checked.genesis);
                    updates.push(refs.change(tagged, Some(&checked.ledger.tip)));
                }
            }
            let after = match updates.is_empty() {
                true => refs.clone(),
                false => refs.with(&updates),
            };
            updates.extend(self.core.settle_tags(&after, contact, &[])?);
            Ok((updates, sum))
        })
    }

    /// What a pull would do, without doing it.
    ///
    /// # Errors
    /// Objects cannot be read.
    pub(crate) fn preview(self, contact: &Contact) -> Result<Adopted> {
        Ok(self.plan(contact, &contact.refs, Purpose::Preview)?.1)
    }

    /// The updates that take over what the cloud has, and what they come to.
    ///
    /// # Errors
    /// Objects cannot be read or written.
    pub(crate) fn plan(
        self,
        contact: &Contact,
        refs: &Refs,
        purpose: Purpose,
    ) -> Result<(Vec<Update>, Adopted)> {
        let name = self.core.cloud_name()?;
        let (local, before) = (refs.local(), &self.core.adopted(refs)?);
        let mut adoption = Adoption {
            refs,
            local,
            cloud: &contact.cloud,
            before,
            after: BTreeMap::new(),
            updates: Vec::new(),
            sum: Adopted::default(),
            purpose,
        };
        // Three sorted lists: a stable sort merges them.
        let all = local.keys().chain(contact.cloud.keys());
        let mut names: Vec<&String> = all.chain(before.keys()).collect();
        names.sort();
        names.dedup();
        let mut seals = Seals::of(self.core, contact.ledger());
        let leaving = self.leaving(contact, refs)?;
        for name in names {
            let shared = names::shared(name);
            if let (Some(_), Shared::Foreign, Some(kept)) =
                (contact.cloud.get(name), &shared, names::keeps_out(name))
            {
                let below = name.trim_start_matches(names::SHARED).to_owned();
                let why = format!("it keeps {kept} from being made");
                adoption.sum.quarantined.push((below, why));
            }
            if let Some(tip) = contact.cloud.get(name)
                && !matches!(shared, Shared::Foreign | Shared::Ledger)
                && !adoption.is_settled(name, tip)
                && !self.core.store.is_commit(tip)
                && !self.core.is_sound_there(name, tip)?
            {
                let called = shared.called().unwrap_or_else(|| name.clone());
                let why = "it is not a sound commit".to_owned();
                adoption.sum.quarantined.push((called, why));
                if let Some(before) = adoption.before.get(name) {
                    adoption.after.insert(name.clone(), before.clone());
                }
                continue;
            }
            let Some(version) = shared.version().cloned() else {
                continue;
            };
            let sealed = seals.get(&version)?;
            if let (Some(tip), None) = (contact.cloud.get(name), sealed)
                && adoption.is_settled(name, tip)
            {
                adoption.after.insert(name.clone(), tip.clone());
                continue;
            }
            if sealed.is_none()
                && leaving.contains(&version)
                && self.is_to_leave(&shared, contact.cloud.get(name))?
            {
                // It is on its way out: what the cloud has of it stays where it is until then.
                if let Some(tip) = contact.cloud.get(name) {
                    adoption.after.insert(name.clone(), tip.clone());
                }
                continue;
            }
            match shared {
                Shared::Draft(version) => {
                    self.plan_draft(&mut adoption, name, version, sealed)?;
                }
                Shared::Evolution(evolution) => {
                    self.plan_evolution(&mut adoption, name, &evolution, sealed)?;
                }
                Shared::Approval(approval) => {
                    self.plan_approval(&mut adoption, name, &approval, sealed)?;
                }
                Shared::Ledger | Shared::Foreign => {}
            }
        }
        let remembered = self.core.remembered(refs)?;
        for (name, (tip, _)) in &remembered {
            if contact.cloud.get(name) == Some(tip) {
                let below = names::shared(name).called().unwrap_or_else(|| name.clone());
                adoption.sum.told_before.insert(below);
            }
        }
        if adoption.writes() {
            let still = |name: &str, tip: &Oid| contact.cloud.get(name) == Some(tip);
            let update = self.core.remember_unsound(refs, &remembered, still)?;
            adoption.updates.extend(update);
        }
        self.find_renames(&mut adoption)?;
        if let Some(ledger) = contact.ledger() {
            let since = self.since(refs.get(names::LEDGER), ledger)?;
            adoption.sum.promoted = since.promoted;
            adoption.sum.withdrawn = since.withdrawn;
            let disputed = since.disputed.into_iter().map(|disputed| DisputedEntry {
                entry: disputed.name(),
                by: disputed.by,
                why: disputed.why,
            });
            adoption.sum.disputed = disputed.collect();
            let settled = self.core.store.settled(ledger)?;
            let own = refs.change(names::LEDGER, Some(&settled.tip));
            let base = refs.change(names::BASE, Some(&ledger.base));
            adoption.updates.extend([own, base]);
        }
        let memory = names::adopted(name);
        let known = refs.get(&memory).is_some() && adoption.after == *before;
        if adoption.writes() && !known {
            let blob = self.core.store.write_adopted(&adoption.after)?;
            adoption.updates.push(refs.change(memory, Some(&blob)));
        }
        Ok((adoption.updates, adoption.sum))
    }

    /// Tells drafts that left from those that have another name now: a rename keeps the first commit.
    fn find_renames(self, adoption: &mut Adoption<'_>) -> Result<()> {
        if adoption.sum.deleted.is_empty() || adoption.sum.new.is_empty() {
            return Ok(());
        }
        let root = |tips: &BTreeMap<String, Oid>, version: &Version| match tips
            .get(&names::draft(version))
        {
            Some(tip) => self.core.store.root(tip).map(Some),
            None => Ok(None),
        };
        let mut renamed = Vec::new();
        for old in &adoption.sum.deleted {
            let before = root(adoption.local, old)?;
            for new in &adoption.sum.new {
                if before.is_some() && root(adoption.cloud, new)? == before {
                    let (old, new) = (old.clone(), new.clone());
                    renamed.push(Renamed { old, new });
                    break;
                }
            }
        }
        let sum = &mut adoption.sum;
        sum.deleted
            .retain(|old| renamed.iter().all(|r| r.old != *old));
        sum.new.retain(|new| renamed.iter().all(|r| r.new != *new));
        sum.renamed = renamed;
        Ok(())
    }

    /// Drafts that were deleted here while the cloud was away, and that nobody went on with there.
    fn leaving(self, contact: &Contact, refs: &Refs) -> Result<Vec<Version>> {
        let mut leaving = Vec::new();
        for (version, tip) in refs.below(names::LEAVING) {
            let Ok(version) = version.parse::<Version>() else {
                continue;
            };
            if let Some(there) = contact.cloud.get(&names::draft(&version))
                && self.core.draft_there(&version, there)?.is_ok()
                && matches!(
                    self.core.store.draft_relation(tip, there)?,
                    Relation::Same | Relation::Ahead
                )
            {
                leaving.push(version);
            }
        }
        Ok(leaving)
    }

    /// Whether this ref of such a draft goes with it: the draft's own, and this person's evolutions.
    fn is_to_leave(self, shared: &Shared, there: Option<&Oid>) -> Result<bool> {
        match shared {
            Shared::Draft(_) => Ok(true),
            Shared::Evolution(name) => self.is_own(name, there),
            Shared::Approval(_) => Ok(true),
            Shared::Ledger | Shared::Foreign => Ok(false),
        }
    }

    fn plan_draft(
        self,
        adoption: &mut Adoption<'_>,
        name: &str,
        version: Version,
        sealed: Option<&Sealed>,
    ) -> Result<()> {
        let Look {
            sides,
            step,
            joined,
        } = self
            .core
            .look_at_draft(&adoption.tips(), name, &version, sealed)?;
        let state = step.state(sides.relation);
        adoption.sum.states.insert(version.clone(), state);
        let keep_memory = matches!(
            step,
            DraftStep::Conflict(DraftConflict::Edited | DraftConflict::Deleted)
                | DraftStep::Quarantine(_)
        );
        let memory = if keep_memory {
            &sides.adopted
        } else {
            &sides.cloud
        };
        if let Some(memory) = memory {
            adoption.after.insert(name.to_owned(), memory.clone());
        }
        match step {
            DraftStep::Keep => {}
            DraftStep::Adopt(tip) => {
                adoption.set(name, Some(&tip));
                adoption.sum.new.push(version);
            }
            DraftStep::Advance(tip) => {
                adoption.set(name, Some(&tip));
                adoption.sum.updated.push(version);
            }
            DraftStep::Merge(theirs) => {
                if let (true, Some(ours), Some(text)) = (adoption.writes(), &sides.local, joined) {
                    let (by, parents) = (self.core.author()?, [ours, &theirs]);
                    let text = text.as_bytes();
                    let tip = self
                        .core
                        .store
                        .write_draft_merge(by, &version, &parents, text)?;
                    adoption.set(name, Some(&tip));
                }
                adoption.sum.merged.push(version);
            }
            DraftStep::Retire => {
                adoption.set(name, None);
                adoption.sum.updated.push(version);
            }
            DraftStep::Delete => {
                self.set_aside(adoption, &version, sides.local.as_ref())?;
                adoption.set(name, None);
                adoption.sum.deleted.push(version);
            }
            DraftStep::Replace(theirs) => {
                self.set_aside(adoption, &version, sides.local.as_ref())?;
                adoption.set(name, Some(&theirs));
                adoption.sum.updated.push(version);
            }
            DraftStep::Late => adoption.sum.late_drafts.push(version),
            DraftStep::Conflict(conflict) => adoption.sum.conflicts.push((version, conflict)),
            DraftStep::Quarantine(why) => {
                let entry = (version.to_string(), why.to_string());
                adoption.sum.quarantined.push(entry);
            }
        }
        Ok(())
    }

    fn set_aside(
        self,
        adoption: &mut Adoption<'_>,
        version: &Version,
        tip: Option<&Oid>,
    ) -> Result<()> {
        if let (true, Some(tip)) = (adoption.writes(), tip) {
            let departure = self.drafts.departure(tip);
            adoption.set(names::deleted_draft(version, &departure), Some(tip));
        }
        Ok(())
    }
}
