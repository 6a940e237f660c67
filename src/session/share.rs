//! Sharing drafts and evolutions: what is pushed, in what order, and what came of it.

use std::collections::BTreeMap;

use anyhow::Result;

use super::Session;
use super::contact::Contact;
use super::view::write_below;
use crate::config;
use crate::git::push::Report;
use crate::git::refs::Update;
use crate::model::promotion::REFS_A_PUSH;
use crate::model::reconcile::{Adopted, DraftConflict, Relation};
use crate::model::{EvolutionName, Exit, Oid, Refusal, Version};
use crate::store::refs::{drafts, evolutions};
use crate::store::{Refs, names};

/// What a push of drafts did.
#[derive(Clone, Debug, Default)]
pub struct SharedDrafts {
    pub created: Vec<Version>,
    pub updated: Vec<Version>,
    /// What could not be pushed.
    pub errors: Vec<(Version, PushError)>,
}

/// Why a draft could not be pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushError {
    /// Two generations of one version.
    Exists,
    /// The version is promoted.
    Promoted,
    /// The cloud has edits that this clone lacks.
    Behind,
    /// It was withdrawn in the cloud since it was pulled.
    Withdrawn,
}

impl PushError {
    /// What happened.
    pub fn error(self) -> &'static str {
        match self {
            Self::Exists => "Version already exists in cloud",
            Self::Promoted => "Version already promoted in cloud",
            Self::Behind => "The cloud has edits that were not pulled yet",
            Self::Withdrawn => "Version was withdrawn in cloud",
        }
    }

    /// What ends it.
    pub fn resolution(self) -> &'static str {
        match self {
            Self::Exists | Self::Promoted => "Use different version",
            Self::Behind | Self::Withdrawn => "Pull first: git gryt sync pull",
        }
    }

    /// The exit code of a push that meets it.
    pub fn exit(self) -> Exit {
        match self {
            Self::Exists | Self::Promoted => Exit::Taken,
            Self::Behind | Self::Withdrawn => Exit::OutOfStep,
        }
    }
}

/// What a push of evolutions did.
#[derive(Clone, Debug, Default)]
pub struct SharedEvolutions {
    pub created: Vec<EvolutionName>,
    pub updated: Vec<EvolutionName>,
    /// Numbers that were another's in the cloud: before and after.
    pub renumbered: Vec<(EvolutionName, EvolutionName)>,
    /// Evolutions whose version was sealed without them.
    pub late: Vec<EvolutionName>,
    /// What of the cloud does not check, and why.
    pub quarantined: Vec<(String, String)>,
}

type Errors = Vec<(Version, PushError)>;

/// How often a push is tried again because somebody else's came first.
pub const TRIES: u32 = 60;

impl Session<'_> {
    /// Pushes this clone's drafts, or the one of `only`. The first push of a project begins its
    /// ledger, so that there is always a tip to guard.
    ///
    /// # Errors
    /// [`Exit::Remote`] where the cloud cannot be reached or refuses; everything that concerns
    /// one draft is in the result.
    pub fn share_drafts(&self, only: Option<&Version>) -> Result<SharedDrafts> {
        let mut done = SharedDrafts::default();
        let mut patience = Patience::new();
        let mut contact = self.begin_ledger(self.contact(None)?)?;
        self.clear_leftovers(&contact)?;
        loop {
            let adopted = self.preview(&contact)?;
            let (updates, errors) = self.plan_drafts(&contact, &adopted, only)?;
            done.errors = errors;
            // A guard on the ledger: a draft must not land on a version that was just sealed.
            let ledger = contact.cloud.get(names::LEDGER);
            let guard = Update::new(names::LEDGER, ledger, ledger);
            let Some(batch) = updates.chunks(REFS_A_PUSH - 1).next() else {
                return Ok(done);
            };
            let whole: Vec<Update> = [&[guard], batch].concat();
            let report = self.cloud()?.push(&whole, self.atomic())?;
            if report.accepted() {
                for update in batch {
                    if let names::Shared::Draft(version) = names::shared(&update.name) {
                        match update.old {
                            None => done.created.push(version),
                            Some(_) => done.updated.push(version),
                        }
                    }
                }
                self.acknowledge(batch)?;
                if batch.len() == updates.len() {
                    return Ok(done);
                }
                contact = self.seen()?;
                continue;
            }
            contact = self.look_again(&report, &whole, &mut patience, None)?;
        }
    }

    fn plan_drafts(
        &self,
        contact: &Contact,
        adopted: &Adopted,
        only: Option<&Version>,
    ) -> Result<(Vec<Update>, Errors)> {
        let mut updates = Vec::new();
        let mut errors = Vec::new();
        let local = contact.refs.local();
        let chosen = |version: &Version| only.is_none_or(|only| only == version);
        if let Some(only) = only
            && !drafts(&local).any(|(version, _)| version == *only)
        {
            self.draft(&contact.refs, only)?;
        }
        for (version, tip) in drafts(&local).filter(|(version, _)| chosen(version)) {
            let conflict = adopted.conflicts.iter().find(|(v, _)| *v == version);
            let late = adopted.late_drafts.contains(&version);
            let error = match conflict.map(|(_, conflict)| conflict) {
                Some(DraftConflict::SameVersion) => Some(PushError::Exists),
                Some(DraftConflict::Promoted) => Some(PushError::Promoted),
                Some(DraftConflict::Edited) => Some(PushError::Behind),
                Some(DraftConflict::Withdrawn) => Some(PushError::Withdrawn),
                None if late => Some(PushError::Promoted),
                None if adopted.withdrawn.contains(&version) => Some(PushError::Withdrawn),
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
            if !self.store.is_commit(cloud) {
                continue;
            }
            match self.store.draft_relation(&tip, cloud)? {
                Relation::Ahead => updates.push(Update::new(name, Some(cloud), Some(&tip))),
                Relation::Behind if only.is_some() => errors.push((version, PushError::Behind)),
                _ => {}
            }
        }
        Ok((updates, errors))
    }

    /// Pushes this person's evolutions, or those of `only`.
    ///
    /// # Errors
    /// [`Exit::Remote`] where the cloud cannot be reached or refuses, [`Exit::OutOfStep`] where
    /// the push would publish commits of no branch.
    pub fn share_evolutions(
        &self,
        only: Option<&Version>,
        with_commits: bool,
    ) -> Result<SharedEvolutions> {
        let me = self.me()?;
        let mut done = SharedEvolutions::default();
        let mut patience = Patience::new();
        let mut contact = self.begin_ledger(self.contact(None)?)?;
        self.clear_leftovers(&contact)?;
        loop {
            // A number belongs to who is in the cloud first; ours moves before it is pushed.
            let adopted = self.adopt(&contact)?;
            done.renumbered.extend(adopted.renumbered);
            done.late = adopted.late_evolutions;
            done.quarantined = adopted.quarantined;
            let refs = self.store.refs()?;
            let mut updates = Vec::new();
            let mut proven = Vec::new();
            for (name, tip) in evolutions(&refs.local()) {
                let chosen = only.is_none_or(|only| *only == name.version);
                if !chosen || done.late.contains(&name) {
                    continue;
                }
                let cloud = contact.cloud.get(&names::evolution(&name));
                // Only what adds to the cloud's is ever pushed; two clones of one owner that both
                // went on are told so by the adoption.
                if let Some(cloud) = cloud
                    && (!self.store.is_commit(cloud)
                        || self.store.relation(&tip, cloud)? != Relation::Ahead)
                {
                    continue;
                }
                let Ok(attempt) = self.store.attempt(&name, &tip)? else {
                    continue;
                };
                if !attempt.evolution.owner.is(&me) {
                    continue;
                }
                proven.extend(self.store.pinned(&tip, cloud)?);
                updates.push(Update::new(names::evolution(&name), cloud, Some(&tip)));
            }
            let Some(batch) = updates.chunks(REFS_A_PUSH).next() else {
                return Ok(done);
            };
            self.may_publish(&contact, &proven, with_commits)?;
            let report = self.cloud()?.push(batch, self.atomic())?;
            if report.accepted() {
                for update in batch {
                    if let names::Shared::Evolution(name) = names::shared(&update.name) {
                        match update.old {
                            None => done.created.push(name),
                            Some(_) => done.updated.push(name),
                        }
                    }
                }
                self.acknowledge(batch)?;
                if batch.len() == updates.len() {
                    return Ok(done);
                }
                contact = self.seen()?;
                continue;
            }
            contact = self.look_again(&report, batch, &mut patience, None)?;
        }
    }

    /// Begins the project's ledger where the cloud has none.
    fn begin_ledger(&self, contact: Contact) -> Result<Contact> {
        if contact.checked.is_some() {
            return Ok(contact);
        }
        let genesis = self
            .store
            .write_genesis(self.author()?, &self.ctx.nonce())?;
        let update = Update::new(names::LEDGER, None, Some(&genesis));
        let report = self.cloud()?.push(std::slice::from_ref(&update), false)?;
        // Whoever was first, the cloud has one now; if it has not, the report says why.
        let contact = self.contact(None)?;
        match &contact.checked {
            Some(checked) if checked.genesis == genesis => self.name_ledger(&genesis)?,
            Some(_) => {}
            None => return Err(self.refused(&report).into()),
        }
        Ok(contact)
    }

    /// Writes the ledger's genesis into the tracked configuration, so that no clone of this
    /// branch ever begins another.
    pub fn name_ledger(&self, genesis: &Oid) -> Result<()> {
        let Ok(top) = self.top() else {
            return Ok(());
        };
        let old = std::fs::read_to_string(top.join(config::FILE)).unwrap_or_default();
        let text = config::set_shared(&old, "ledger", genesis.as_str());
        write_below(&top, config::FILE, text.as_bytes())?;
        self.ctx.note(format!(
            "This project's ledger begins here: commit {} so that every clone knows it",
            config::FILE
        ));
        Ok(())
    }

    /// Takes note of refs that the cloud acknowledged: tracking refs and memory move in one step.
    ///
    /// # Errors
    /// Refs cannot be written.
    pub fn acknowledge(&self, updates: &[Update]) -> Result<()> {
        let remote = self.cloud_name()?;
        self.change(|refs| {
            let mut moves = Vec::new();
            let mut adopted = self.adopted(refs)?;
            self.note_pushed(refs, updates, &mut moves, &mut adopted);
            let memory = self.store.write_adopted(&adopted)?;
            moves.push(refs.change(names::adopted(remote), Some(&memory)));
            Ok((moves, ()))
        })
    }

    /// What was taken over from the cloud. A remote that was renamed left its memory under its old
    /// name.
    ///
    /// # Errors
    /// The memory cannot be read.
    pub fn adopted(&self, refs: &Refs) -> Result<BTreeMap<String, Oid>> {
        let Some(remote) = &self.config.remote else {
            return Ok(BTreeMap::new());
        };
        let mut name = names::adopted(remote);
        if refs.get(&name).is_none() {
            let configured = self.remotes()?;
            let known: Vec<String> = configured.iter().map(|r| names::adopted(r)).collect();
            let orphans = refs
                .below(names::ADOPTED)
                .map(|(rest, _)| format!("{}{rest}", names::ADOPTED));
            if let Some(orphan) = orphans.into_iter().find(|orphan| !known.contains(orphan)) {
                name = orphan;
            }
        }
        self.store.adopted(refs, &name)
    }

    /// Forgets that a draft was ever taken over from the cloud, so that it counts as this clone's
    /// own.
    ///
    /// # Errors
    /// Refs cannot be written.
    pub fn forget_adopted(&self, version: &Version) -> Result<()> {
        let Some(remote) = &self.config.remote else {
            return Ok(());
        };
        self.change(|refs| {
            let mut adopted = self.adopted(refs)?;
            if adopted.remove(&names::draft(version)).is_none() {
                return Ok((Vec::new(), ()));
            }
            let memory = self.store.write_adopted(&adopted)?;
            let update = refs.change(names::adopted(remote), Some(&memory));
            Ok((vec![update], ()))
        })
    }

    /// The local half of acknowledged updates.
    pub fn note_pushed(
        &self,
        refs: &Refs,
        updates: &[Update],
        moves: &mut Vec<Update>,
        adopted: &mut BTreeMap<String, Oid>,
    ) {
        let root = names::tracking(self.config.remote.as_deref().unwrap_or_default());
        for Update { name, new, .. } in updates {
            let Some(rest) = name.strip_prefix(names::SHARED) else {
                continue;
            };
            moves.push(refs.change(format!("{root}{rest}"), new.as_ref()));
            match new {
                Some(new) if name != names::LEDGER => adopted.insert(name.clone(), new.clone()),
                _ => adopted.remove(name),
            };
        }
    }

    /// Looks at the cloud again after a push that was not acknowledged whole: the only thing that
    /// tells what came of it.
    ///
    /// # Errors
    /// [`Exit::Remote`] where the cloud cannot be read, or trying again cannot help.
    pub fn look_again(
        &self,
        report: &Report,
        updates: &[Update],
        patience: &mut Patience,
        version: Option<&Version>,
    ) -> Result<Contact> {
        patience.pause(self);
        let contact = self.contact(version)?;
        let stands = |u: &Update| contact.cloud.get(&u.name) == u.old.as_ref();
        if !updates.iter().all(stands) {
            patience.others_were_first(self, report)?;
            return Ok(contact);
        }
        if report.lines.is_empty() {
            if self.atomic() && self.cloud()?.lacks_atomic(updates)? {
                self.forgo_atomic()?;
                return Ok(contact);
            }
            return Err(self.refused(report).into());
        }
        // Another push may hold the server's locks for a moment; then nothing has moved yet.
        patience.nothing_moved(self, report)?;
        Ok(contact)
    }

    /// Remembers that the cloud takes no atomic push, so that it is not asked each time.
    fn forgo_atomic(&self) -> Result<()> {
        let key = config::atomic_key(self.cloud_name()?);
        self.store.git().set_config(&key, "false")?;
        self.no_atomic.set(true);
        self.ctx.warn(
            "This cloud takes no atomic pushes: races with other people's edits are reported \
             after the fact",
        );
        Ok(())
    }

    /// The refusal for a push that the cloud will not take.
    pub fn refused(&self, report: &Report) -> Refusal {
        let what = match report.done {
            true => "The cloud refused the push",
            false => "The cloud did not answer the push, and shows nothing of it",
        };
        let mut refusal = Refusal::new(Exit::Remote, what);
        refusal.why = report.said.lines().map(str::to_owned).collect();
        if self.config.push_url {
            refusal = refusal.because(
                "git pushes to another address (remote.*.pushurl) than it fetches from: what was \
                 pushed may not be what is read",
            );
        }
        refusal
    }

    /// Refuses to publish commits that no branch or tag of the cloud has: that is the user's act,
    /// so that the team's own hooks and scanners have their say.
    ///
    /// # Errors
    /// [`Exit::OutOfStep`], with the number of commits.
    pub fn may_publish(&self, contact: &Contact, wanted: &[Oid], allowed: bool) -> Result<()> {
        if allowed || self.config.publish_commits || wanted.is_empty() {
            return Ok(());
        }
        let name = self.cloud_name()?;
        // `team/fork` is another remote, whose branches lie below those of `team`.
        let mut others = self.remotes()?;
        others.retain(|other| other.starts_with(&format!("{name}/")));
        let mut held: Vec<Oid> = contact.cloud.values().cloned().collect();
        if self.store.unpublished(wanted, name, &others, &held)? == 0 {
            return Ok(());
        }
        // What this clone knows of the cloud's branches may be old: ask before refusing.
        held.extend(self.cloud()?.heads_and_tags()?);
        let count = self.store.unpublished(wanted, name, &others, &held)?;
        if count == 0 {
            return Ok(());
        }
        let commits = if count == 1 { "commit" } else { "commits" };
        Err(Refusal::new(
            Exit::OutOfStep,
            format!("This would publish {count} {commits} that no branch of the cloud has"),
        )
        .because("Publishing code is your own act: push your branch first")
        .then("git push")
        .into())
    }
}

/// How long to go on trying: long while others get through, briefly while nothing moves.
#[derive(Debug, Default)]
pub struct Patience {
    overtaken: u32,
    still: u32,
}

impl Patience {
    /// Fresh patience.
    pub fn new() -> Self {
        Self::default()
    }

    fn others_were_first(&mut self, session: &Session<'_>, report: &Report) -> Result<()> {
        self.still = 0;
        self.overtaken += 1;
        if self.overtaken > TRIES {
            let refusal = session.refused(report);
            return Err(refusal
                .because("Other people's pushes kept coming first")
                .into());
        }
        Ok(())
    }

    fn nothing_moved(&mut self, session: &Session<'_>, report: &Report) -> Result<()> {
        self.still += 1;
        if self.still > 4 {
            return Err(session.refused(report).into());
        }
        Ok(())
    }

    /// Waits a while that differs between clones, so that they do not meet again.
    fn pause(&self, session: &Session<'_>) {
        let weight = u64::from((self.overtaken + 3 * self.still).min(12));
        let millis = session.ctx.random_below(20 + weight * 25);
        std::thread::sleep(std::time::Duration::from_millis(millis));
    }
}
