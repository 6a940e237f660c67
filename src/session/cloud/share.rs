//! Sharing drafts and evolutions: what is pushed, in what order, and what came of it.

use anyhow::Result;

use super::Cloud;
use super::publish::{Commits, Going};
use super::push::{Job, Next};
use crate::git::push::Landed;
use crate::git::refs::Update;
use crate::model::promotion::REFS_A_PUSH;
use crate::model::publish::Blocked;
use crate::model::push::{Manner, Road};
use crate::model::reconcile::{Adopted, DraftConflict, Relation};
use crate::model::{Cause, EvolutionName, Exit, Person, Refusal, Version};
use crate::session::core::contact::Contact;
use crate::session::core::seals::Seals;
use crate::session::core::taken::promoted;
use crate::store::names;
use crate::store::refs::{approvals, drafts, evolutions};

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
    /// A ref that no rule explains keeps it from being made there.
    InTheWay,
}

impl PushError {
    /// What happened.
    pub(crate) fn error(self) -> &'static str {
        match self {
            Self::Exists => "Version already exists in cloud",
            Self::Promoted => "Version already promoted in cloud",
            Self::Behind => "The cloud has edits that were not pulled yet",
            Self::Deleted => "Version was deleted in cloud",
            Self::InTheWay => "Another ref in the cloud blocks its name",
        }
    }

    /// What ends it.
    pub(crate) fn resolution(self) -> &'static str {
        match self {
            Self::Exists | Self::Promoted => "Use different version",
            Self::Behind | Self::Deleted => "Pull first: git gryt sync pull",
            Self::InTheWay => {
                "This names the ref, and the command that removes it: git gryt doctor --remote"
            }
        }
    }

    /// The exit code of a push that meets it.
    pub(crate) fn exit(self) -> Exit {
        match self {
            Self::Exists | Self::Promoted => Exit::Taken,
            Self::Behind | Self::Deleted => Exit::OutOfStep,
            Self::InTheWay => Exit::Remote,
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
    /// Sealed evolutions that went on here, too late.
    pub late_proofs: Vec<EvolutionName>,
    /// What of the cloud does not check, and why.
    pub quarantined: Vec<(String, String)>,
    /// Evolutions that stay here, because they are proven at commits that were never published.
    pub blocked: Vec<Blocked>,
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
        let contact = self.contact(None)?;
        let mut job = Drafts {
            only,
            done: SharedDrafts::default(),
            // Where not even a ledger can be begun, no draft can be pushed.
            sent: drafts(contact.refs.local())
                .map(|(version, _)| version)
                .filter(|version| only.is_none_or(|only| only == version))
                .collect(),
            more: false,
        };
        let done = self.begin_and_push(contact, &mut job);
        if let Err(error) = &done {
            self.note_refused(error, &job.sent)?;
        }
        done
    }

    fn begin_and_push(self, contact: Contact, job: &mut Drafts<'_>) -> Result<SharedDrafts> {
        let contact = self.begin_ledger(contact)?;
        self.clear_leftovers(&contact)?;
        self.push(&contact, job)
    }

    /// Keeps why the cloud refused drafts, until a push of them gets through.
    fn note_refused(self, error: &anyhow::Error, sent: &[Version]) -> Result<()> {
        self.core.note_failure(error);
        let Some(refusal) = error.downcast_ref::<Refusal>() else {
            return Ok(());
        };
        if refusal.cause != Cause::PushRefused {
            return Ok(());
        }
        let mut text = refusal.what.clone();
        for line in &refusal.why {
            text += &format!("\n{line}");
        }
        let blob = self.core.store.write_blob(text.as_bytes())?;
        self.core.change(|refs| {
            let note = |version| refs.change(names::failed(version), Some(&blob));
            Ok((sent.iter().map(note).collect(), ()))
        })
    }

    /// What a push of drafts would do to what `contact` shows, without doing it.
    ///
    /// # Errors
    /// Objects cannot be read.
    pub(crate) fn preview_drafts(
        self,
        contact: &Contact,
        only: Option<&Version>,
    ) -> Result<SharedDrafts> {
        let (updates, errors) = self.plan_drafts(contact, &self.preview(contact)?, only)?;
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
            if let Some(sealed) = Seals::of(self.core, contact.ledger()).get(only)? {
                return Err(promoted(sealed).into());
            }
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
            if cloud.is_none() && names::in_the_way(&contact.cloud, &name).is_some() {
                errors.push((version, PushError::InTheWay));
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
            let relation = match self.core.store.draft_relation(&tip, cloud) {
                // What nobody can walk is not what this clone's goes onto.
                Err(_) if self.core.why_unsound(&name, cloud)?.is_some() => continue,
                relation => relation?,
            };
            match relation {
                Relation::Ahead => updates.push(Update::new(name, Some(cloud), Some(&tip))),
                Relation::Behind if only.is_some() => errors.push((version, PushError::Behind)),
                _ => {}
            }
        }
        // What came back with its draft is said again, whoever said it.
        let known = self.core.adopted(&contact.refs)?;
        for (name, tip) in approvals(local).filter(|(name, _)| chosen(&name.version)) {
            let (full, draft) = (names::approval(&name), names::draft(&name.version));
            let there =
                contact.cloud.contains_key(&draft) || updates.iter().any(|u| u.name == draft);
            if there && !contact.cloud.contains_key(&full) && known.get(&full) != Some(&tip) {
                updates.push(Update::new(full, None, Some(&tip)));
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

    /// The evolutions of `me` that are meant and that the cloud lacks, but for those that are `late`.
    ///
    /// # Errors
    /// Refs or objects cannot be read.
    pub(crate) fn going(
        self,
        contact: &Contact,
        which: &Which<'_>,
        late: &[EvolutionName],
        me: &Person,
    ) -> Result<Vec<Going>> {
        let refs = self.core.store.refs()?;
        let brought = self.brought(&refs)?;
        let mut going = Vec::new();
        for (name, tip) in evolutions(refs.local()) {
            if !which.means(&name) || late.contains(&name) {
                continue;
            }
            let shared = names::evolution(&name);
            let there = contact.cloud.get(&shared);
            if let (None, Some(foreign)) = (there, names::in_the_way(&contact.cloud, &shared)) {
                self.core.ctx.warn(format!(
                    "{name} was not pushed: the ref {foreign} in the cloud blocks its name: git gryt doctor --remote"
                ));
                continue;
            }
            // Only what adds to the cloud's is ever pushed; two clones of one owner that both
            // went on are told so by the adoption.
            if let Some(there) = there
                && (self.core.attempt_there(&name, there)?.is_err()
                    || self.core.store.relation(&tip, there)? != Relation::Ahead)
            {
                continue;
            }
            let Ok(attempt) = self.core.store.attempt(&name, &tip)? else {
                continue;
            };
            if attempt.may_be_shared_by(me, &brought) {
                let there = there.cloned();
                going.push(Going { name, tip, there });
            }
        }
        Ok(going)
    }

    /// What of this person's evolutions is to be pushed, once those that can do without code that was
    /// never published let go of it here; and what cannot go yet.
    fn plan_evolutions(
        self,
        contact: &Contact,
        which: &Which<'_>,
        late: &[EvolutionName],
        commits: Commits,
    ) -> Result<(Vec<Update>, Vec<Blocked>)> {
        let mut going = self.going(contact, which, late, &self.core.me()?)?;
        let code = match going.is_empty() {
            true => None,
            false => self.default_tip()?,
        };
        let settling = self.settling(contact, &going, code.as_ref(), commits)?;
        self.settle(&settling)?;
        for (one, tip) in settling.rewritten {
            for known in going.iter_mut().filter(|known| known.name == one.name) {
                known.tip.clone_from(&tip);
            }
        }
        let blocked = settling.blocked;
        going.retain(|one| blocked.iter().all(|stays| stays.name != one.name));
        let update = |one: &Going| {
            Update::new(
                names::evolution(&one.name),
                one.there.as_ref(),
                Some(&one.tip),
            )
        };
        Ok((going.iter().map(update).collect(), blocked))
    }
}

/// Drafts on their way to the cloud.
struct Drafts<'a> {
    only: Option<&'a Version>,
    done: SharedDrafts,
    /// What was pushed last.
    sent: Vec<Version>,
    /// Whether some are left for another push.
    more: bool,
}

impl Job for Drafts<'_> {
    type Value = SharedDrafts;

    fn manner(&self) -> Manner {
        Manner::Whole
    }

    fn plan(
        &mut self,
        cloud: Cloud<'_>,
        contact: &Contact,
        road: Road,
    ) -> Result<Next<SharedDrafts>> {
        let adopted = cloud.preview(contact)?;
        let (mut updates, errors) = cloud.plan_drafts(contact, &adopted, self.only)?;
        self.done.errors = errors;
        if updates.is_empty() {
            return Ok(Next::Over(std::mem::take(&mut self.done)));
        }
        // With the guard they are no more than hosts take.
        let most = road.most.min(REFS_A_PUSH - 1);
        self.more = updates.len() > most;
        updates.truncate(most);
        let version = |update: &Update| match names::shared(&update.name) {
            names::Shared::Draft(version) => Some(version),
            _ => None,
        };
        self.sent = updates.iter().filter_map(version).collect();
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
        cloud.core.acknowledge(&landed.moves);
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
        road: Road,
    ) -> Result<Next<SharedEvolutions>> {
        // A number belongs to who is in the cloud first; ours moves before it is pushed.
        let adopted = cloud.adopt(contact)?;
        cloud.follow_renames(contact)?;
        self.done.renumbered.extend(adopted.renumbered);
        let late = [&adopted.late_evolutions[..], &adopted.late_proofs[..]].concat();
        self.done.late = adopted.late_evolutions;
        self.done.late_proofs = adopted.late_proofs;
        self.done.quarantined = adopted.quarantined;
        let (mut updates, blocked) =
            cloud.plan_evolutions(contact, self.which, &late, self.commits)?;
        self.done.blocked = blocked;
        if updates.is_empty() {
            return Ok(Next::Over(std::mem::take(&mut self.done)));
        }
        self.more = updates.len() > road.most;
        updates.truncate(road.most);
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
        cloud.core.acknowledge(&landed.moves);
        Ok((!self.more).then(|| std::mem::take(&mut self.done)))
    }
}
