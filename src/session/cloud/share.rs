//! Sharing drafts and evolutions: what is pushed, in what order, and what came of it.

use anyhow::Result;

use super::Cloud;
use super::push::{Commits, Job, Next};
use crate::git::push::Landed;
use crate::git::refs::Update;
use crate::model::promotion::REFS_A_PUSH;
use crate::model::push::{Manner, Road};
use crate::model::reconcile::{Adopted, DraftConflict, Relation};
use crate::model::{EvolutionName, Exit, Oid, Version};
use crate::session::core::contact::Contact;
use crate::store::names;
use crate::store::refs::{drafts, evolutions};

/// What a push of drafts did.
#[derive(Clone, Debug, Default)]
pub(crate) struct SharedDrafts {
    pub created: Vec<Version>,
    pub updated: Vec<Version>,
    /// What could not be pushed.
    pub errors: Vec<(Version, PushError)>,
}

impl SharedDrafts {
    fn count(&mut self, updates: &[Update]) {
        for update in updates {
            if let names::Shared::Draft(version) = names::shared(&update.name) {
                match update.old {
                    None => self.created.push(version),
                    Some(_) => self.updated.push(version),
                }
            }
        }
    }
}

/// Why a draft could not be pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PushError {
    /// Two generations of one version.
    Exists,
    /// The version is promoted.
    Promoted,
    /// The cloud has edits that this clone lacks.
    Behind,
    /// It was deleted in the cloud since it was pulled.
    Deleted,
}

impl PushError {
    /// What happened.
    pub(crate) fn error(self) -> &'static str {
        match self {
            Self::Exists => "Version already exists in cloud",
            Self::Promoted => "Version already promoted in cloud",
            Self::Behind => "The cloud has edits that were not pulled yet",
            Self::Deleted => "Version was deleted in cloud",
        }
    }

    /// What ends it.
    pub(crate) fn resolution(self) -> &'static str {
        match self {
            Self::Exists | Self::Promoted => "Use different version",
            Self::Behind | Self::Deleted => "Pull first: git gryt sync pull",
        }
    }

    /// The exit code of a push that meets it.
    pub(crate) fn exit(self) -> Exit {
        match self {
            Self::Exists | Self::Promoted => Exit::Taken,
            Self::Behind | Self::Deleted => Exit::OutOfStep,
        }
    }
}

/// What a push of evolutions did.
#[derive(Clone, Debug, Default)]
pub(crate) struct SharedEvolutions {
    pub created: Vec<EvolutionName>,
    pub updated: Vec<EvolutionName>,
    /// Numbers that were another's in the cloud: before and after.
    pub renumbered: Vec<(EvolutionName, EvolutionName)>,
    /// Evolutions whose version was sealed without them.
    pub late: Vec<EvolutionName>,
    /// What of the cloud does not check, and why.
    pub quarantined: Vec<(String, String)>,
}

/// Which evolutions are meant.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Which<'a> {
    All,
    Of(&'a Version),
    Named(&'a [EvolutionName]),
}

impl Which<'_> {
    fn means(&self, name: &EvolutionName) -> bool {
        match self {
            Self::All => true,
            Self::Of(version) => **version == name.version,
            Self::Named(names) => names.contains(name),
        }
    }
}

type Errors = Vec<(Version, PushError)>;

impl Cloud<'_> {
    /// Pushes this clone's drafts, or the one of `only`. The first push of a project begins its
    /// ledger, so that there is always a tip to guard.
    ///
    /// # Errors
    /// [`Exit::Remote`] where the cloud cannot be reached or refuses; everything that concerns
    /// one draft is in the result.
    pub(crate) fn share_drafts(self, only: Option<&Version>) -> Result<SharedDrafts> {
        let contact = self.begin_ledger(self.contact(None)?)?;
        self.clear_leftovers(&contact)?;
        let mut job = Drafts {
            only,
            done: SharedDrafts::default(),
            more: false,
        };
        self.push(&contact, &mut job)
    }

    /// What a push of drafts would do, without doing it.
    ///
    /// # Errors
    /// [`Exit::Remote`] where the cloud cannot be reached.
    pub(crate) fn preview_drafts(self, only: Option<&Version>) -> Result<SharedDrafts> {
        let contact = self.contact(None)?;
        let (updates, errors) = self.plan_drafts(&contact, &self.preview(&contact)?, only)?;
        let mut done = SharedDrafts {
            errors,
            ..SharedDrafts::default()
        };
        done.count(&updates);
        Ok(done)
    }

    fn plan_drafts(
        self,
        contact: &Contact,
        adopted: &Adopted,
        only: Option<&Version>,
    ) -> Result<(Vec<Update>, Errors)> {
        let mut updates = Vec::new();
        let mut errors = Vec::new();
        let local = contact.refs.local();
        let chosen = |version: &Version| only.is_none_or(|only| only == version);
        if let Some(only) = only
            && !drafts(local).any(|(version, _)| version == *only)
        {
            self.core.draft(&contact.refs, only)?;
        }
        for (version, tip) in drafts(local).filter(|(version, _)| chosen(version)) {
            let conflict = adopted.conflicts.iter().find(|(v, _)| *v == version);
            let late = adopted.late_drafts.contains(&version);
            let error = match conflict.map(|(_, conflict)| conflict) {
                Some(DraftConflict::SameVersion) => Some(PushError::Exists),
                Some(DraftConflict::Promoted) => Some(PushError::Promoted),
                Some(DraftConflict::Edited) => Some(PushError::Behind),
                Some(DraftConflict::Deleted) => Some(PushError::Deleted),
                None if late => Some(PushError::Promoted),
                None if adopted.deleted.contains(&version) => Some(PushError::Deleted),
                None if adopted.merged.contains(&version) => Some(PushError::Behind),
                // Two spellings of one version cannot both stand in the cloud.
                None => drafts(&contact.cloud)
                    .any(|(v, _)| v == version && v.as_str() != version.as_str())
                    .then_some(PushError::Exists),
            };
            let name = names::draft(&version);
            let cloud = contact.cloud.get(&name);
            if let Some(error) = error {
                errors.push((version, error));
                continue;
            }
            let Some(cloud) = cloud else {
                // Retired by the ledger, or new: only what is new is pushed.
                if !adopted.updated.contains(&version) {
                    updates.push(Update::new(name, None, Some(&tip)));
                }
                continue;
            };
            if !self.core.store.is_commit(cloud) {
                continue;
            }
            match self.core.store.draft_relation(&tip, cloud)? {
                Relation::Ahead => updates.push(Update::new(name, Some(cloud), Some(&tip))),
                Relation::Behind if only.is_some() => errors.push((version, PushError::Behind)),
                _ => {}
            }
        }
        Ok((updates, errors))
    }

    /// Pushes this person's evolutions, those that are meant.
    ///
    /// # Errors
    /// [`Exit::Remote`] where the cloud cannot be reached or refuses, [`Exit::OutOfStep`] where
    /// the push would publish commits of no branch.
    pub(crate) fn share_evolutions(
        self,
        which: &Which<'_>,
        commits: Commits,
    ) -> Result<SharedEvolutions> {
        let contact = self.begin_ledger(self.contact(None)?)?;
        self.clear_leftovers(&contact)?;
        let mut job = Evolutions {
            which,
            commits,
            done: SharedEvolutions::default(),
            more: false,
        };
        self.push(&contact, &mut job)
    }

    /// What of this person's evolutions the cloud lacks, but for those that are `late`, and the
    /// user's commits that they pin.
    fn plan_evolutions(
        self,
        contact: &Contact,
        which: &Which<'_>,
        late: &[EvolutionName],
    ) -> Result<(Vec<Update>, Vec<Oid>)> {
        let me = self.core.me()?;
        let refs = self.core.store.refs()?;
        let brought = self.brought(&refs)?;
        let (mut updates, mut proven) = (Vec::new(), Vec::new());
        for (name, tip) in evolutions(refs.local()) {
            if !which.means(&name) || late.contains(&name) {
                continue;
            }
            let cloud = contact.cloud.get(&names::evolution(&name));
            // Only what adds to the cloud's is ever pushed; two clones of one owner that both
            // went on are told so by the adoption.
            if let Some(cloud) = cloud
                && (!self.core.store.is_commit(cloud)
                    || self.core.store.relation(&tip, cloud)? != Relation::Ahead)
            {
                continue;
            }
            let Ok(attempt) = self.core.store.attempt(&name, &tip)? else {
                continue;
            };
            if !attempt.may_be_shared_by(&me, &brought) {
                continue;
            }
            proven.extend(self.core.store.pinned(&tip, cloud)?);
            updates.push(Update::new(names::evolution(&name), cloud, Some(&tip)));
        }
        Ok((updates, proven))
    }
}

/// Drafts on their way to the cloud.
struct Drafts<'a> {
    only: Option<&'a Version>,
    done: SharedDrafts,
    /// Whether some are left for another push.
    more: bool,
}

impl Job for Drafts<'_> {
    type Value = SharedDrafts;

    fn manner(&self) -> Manner {
        Manner::Whole
    }

    fn plan(&mut self, cloud: Cloud<'_>, contact: &Contact, _: Road) -> Result<Next<SharedDrafts>> {
        let adopted = cloud.preview(contact)?;
        let (mut updates, errors) = cloud.plan_drafts(contact, &adopted, self.only)?;
        self.done.errors = errors;
        if updates.is_empty() {
            return Ok(Next::Over(std::mem::take(&mut self.done)));
        }
        self.more = updates.len() > REFS_A_PUSH - 1;
        updates.truncate(REFS_A_PUSH - 1);
        // A guard on the ledger: a draft must not land on a version that was just sealed.
        let ledger = contact.cloud.get(names::LEDGER);
        updates.insert(0, Update::new(names::LEDGER, ledger, ledger));
        Ok(Next::Push(updates))
    }

    fn landed(
        &mut self,
        cloud: Cloud<'_>,
        _: &Contact,
        landed: Landed,
    ) -> Result<Option<SharedDrafts>> {
        self.done.count(&landed.moves);
        cloud.core.acknowledge(&landed.moves)?;
        Ok((!self.more).then(|| std::mem::take(&mut self.done)))
    }
}

/// This person's evolutions on their way to the cloud.
struct Evolutions<'a> {
    which: &'a Which<'a>,
    commits: Commits,
    done: SharedEvolutions,
    /// Whether some are left for another push.
    more: bool,
}

impl Job for Evolutions<'_> {
    type Value = SharedEvolutions;

    fn manner(&self) -> Manner {
        Manner::Whole
    }

    fn plan(
        &mut self,
        cloud: Cloud<'_>,
        contact: &Contact,
        _: Road,
    ) -> Result<Next<SharedEvolutions>> {
        // A number belongs to who is in the cloud first; ours moves before it is pushed.
        let adopted = cloud.adopt(contact)?;
        self.done.renumbered.extend(adopted.renumbered);
        self.done.late = adopted.late_evolutions;
        self.done.quarantined = adopted.quarantined;
        let (mut updates, proven) = cloud.plan_evolutions(contact, self.which, &self.done.late)?;
        if updates.is_empty() {
            return Ok(Next::Over(std::mem::take(&mut self.done)));
        }
        cloud.may_publish(contact, &proven, self.commits)?;
        self.more = updates.len() > REFS_A_PUSH;
        updates.truncate(REFS_A_PUSH);
        Ok(Next::Push(updates))
    }

    fn landed(
        &mut self,
        cloud: Cloud<'_>,
        _: &Contact,
        landed: Landed,
    ) -> Result<Option<SharedEvolutions>> {
        for update in &landed.moves {
            if let names::Shared::Evolution(name) = names::shared(&update.name) {
                match update.old {
                    None => self.done.created.push(name),
                    Some(_) => self.done.updated.push(name),
                }
            }
        }
        cloud.core.acknowledge(&landed.moves)?;
        Ok((!self.more).then(|| std::mem::take(&mut self.done)))
    }
}
