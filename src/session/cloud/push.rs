//! What every push to the cloud has in common: when it may be sent, and the one driver of the machine
//! that says what follows from each answer.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::Cloud;
use crate::git;
use crate::git::push::{Landed, Report};
use crate::git::refs::Update;
use crate::model::host::{Ability, How};
use crate::model::push::{
    Answer, Denial, Effect, End, Manner, Moved, Parts, Pause, Push, Reply, Road,
};
use crate::model::{Cause, Exit, Refusal};
use crate::session::core::contact::Contact;
use crate::store::names;

impl Cloud<'_> {
    /// Pushes what `job` plans, over `contact` and whatever the cloud holds later, until it is there
    /// or cannot be: does what the machine says (docs/architecture.md, "A push").
    ///
    /// # Errors
    /// Whatever the job returns; [`Exit::Remote`] where the cloud refuses, does not answer, or cannot
    /// be read.
    pub(crate) fn push<J: Job>(self, contact: &Contact, job: &mut J) -> Result<J::Value> {
        self.is_one_place()?;
        let begun = Instant::now();
        let mut later: Option<Contact> = None;
        let mut value = None;
        let mut updates: Vec<Update> = Vec::new();
        let mut report = Report::default();
        let mut trouble = None;
        let mut push = Push::new(job.manner(), self.core.road(), job.in_doubt());
        let mut answer = Answer::Read;
        loop {
            let contact = later.as_ref().unwrap_or(contact);
            let effect;
            (push, effect) = push.step(answer);
            answer = match effect {
                Effect::Plan(road) => match job.plan(self, contact, road) {
                    Ok(Next::Push(planned)) => {
                        self.stays(contact)?;
                        self.is_free(contact, &planned)?;
                        updates = planned;
                        Answer::Planned(parts(&updates))
                    }
                    Ok(Next::Over(over)) => {
                        value = Some(over);
                        Answer::NothingLeft
                    }
                    Err(error) => return Err(job.refused(self, error, push.in_doubt())?),
                },
                Effect::Send { atomic } => {
                    let manner = git::push::Manner {
                        atomic,
                        dry_run: false,
                    };
                    report = self.core.remote()?.push(&updates, manner)?;
                    let reply = report.reply(&updates);
                    if reply == Reply::Accepted {
                        self.learn_from(&updates, atomic)?;
                    }
                    Answer::Replied(reply)
                }
                Effect::TakeOver => {
                    let landed = report.landed(&updates);
                    let taken_over = job.landed(self, contact, landed);
                    value = taken_over.map_err(|error| match error.is::<Refusal>() {
                        true => error,
                        false => error.context(
                            "The cloud took the push, but this clone could not record that. To finish: git gryt sync pull",
                        ),
                    })?;
                    let more = value.is_none();
                    Answer::TakenOver { more }
                }
                Effect::Reread => {
                    later = Some(job.reread(self)?);
                    Answer::Read
                }
                Effect::Look(pause) if !self.pause(pause, begun) => Answer::Unreadable,
                Effect::Look(_) => match job.look(self) {
                    Ok(seen) => {
                        let moved = moved(&updates, &seen);
                        later = Some(seen);
                        Answer::Looked(moved)
                    }
                    Err(error) => {
                        trouble = Some(error);
                        Answer::Unreadable
                    }
                },
                Effect::Probe => Answer::Probed {
                    lacks_atomic: self.lacks_atomic(&updates)?,
                },
                Effect::End(End::Done) => {
                    if let Some(most) = push.limit() {
                        self.core.learn(Ability::ManyRefs, most, How::Push)?;
                    }
                    return value.context("A push ended without a result");
                }
                Effect::End(end) => {
                    if matches!(end, End::Denied(_) | End::Overtaken) {
                        job.over(self)?;
                    }
                    return Err(self.failed(job, end, &report, trouble));
                }
            };
        }
    }

    /// Whether the cloud can hold what is to be made there: git cannot have a ref and others below its name.
    fn is_free(self, contact: &Contact, updates: &[Update]) -> Result<()> {
        let made = |update: &&Update| update.old.is_none() && update.new.is_some();
        for update in updates.iter().filter(made) {
            let Some(foreign) = names::in_the_way(&contact.cloud, &update.name) else {
                continue;
            };
            let what = format!("The cloud cannot hold {}", update.name);
            let mut refusal = Refusal::new(Exit::Remote, what)
                .because(format!(
                    "Somebody pushed {foreign} there, and git cannot hold both"
                ))
                .because("Nothing was sent");
            if let Some(tip) = contact.cloud.get(foreign) {
                refusal = refusal.then(self.core.clears(foreign, tip, None)?);
            }
            return Err(refusal.caused(Cause::PushRefused).into());
        }
        Ok(())
    }

    /// Why a push that ended otherwise than well did.
    fn failed<J: Job>(
        self,
        job: &J,
        end: End,
        report: &Report,
        trouble: Option<anyhow::Error>,
    ) -> anyhow::Error {
        let refusal = match (end, trouble) {
            (End::Overtaken, _) => self
                .denied(Denial::Lost, report)
                .because("Other people's pushes kept coming first"),
            (End::Unheard, _) => job.unheard(self.unanswered(report)),
            (End::Unreadable { unheard }, Some(error)) => match error.downcast::<Refusal>() {
                Ok(cause) if unheard && cause.exit == Exit::Remote => job.unheard(cause),
                Ok(cause) => cause,
                Err(error) => return error,
            },
            (End::Denied(denial), _) => self.denied(denial, report),
            (End::Doubtful(denial), _) => job.doubtful(self.denied(denial, report)),
            (End::Done | End::Unreadable { .. }, _) => self.unanswered(report),
        };
        refusal.into()
    }

    /// Waits before a look, so that clones do not meet again, or a line or a server may recover. Says
    /// whether there is any use in the look.
    fn pause(self, pause: Pause, begun: Instant) -> bool {
        let spread = |most| self.core.ctx.random_below(most);
        let millis = match pause {
            Pause::Apart { weight } => spread(20 + u64::from(weight.min(12)) * 25),
            Pause::Line { tries } => 100 * 3u64.pow(tries.min(6) - 1) + spread(50),
            Pause::Busy { tries } => (1000 << (tries.min(6) - 1)) + spread(500),
        };
        let waited = self.core.waits(Duration::from_millis(millis), begun);
        match pause {
            // What came of a push is looked for in any case.
            Pause::Apart { .. } => true,
            Pause::Line { .. } | Pause::Busy { .. } => waited,
        }
    }

    /// Finds out whether the cloud takes no atomic push, and remembers it, so that it is not asked each
    /// time.
    fn lacks_atomic(self, updates: &[Update]) -> Result<bool> {
        let Some(oid) = updates
            .iter()
            .find_map(|u| u.new.as_ref().or(u.old.as_ref()))
        else {
            return Ok(false);
        };
        let name = names::probe(&self.core.ctx.nonce());
        if self.core.remote()?.lacks_atomic(&name, oid)? != Some(true) {
            return Ok(false);
        }
        self.core.learn(Ability::AtomicPushes, 0, How::Push)?;
        self.core.ctx.warn(
            "This cloud takes no atomic pushes: races with other people's edits are reported \
             after the fact",
        );
        Ok(true)
    }

    /// What a push that was accepted shows of the host, where something else was thought of it.
    fn learn_from(self, updates: &[Update], atomic: bool) -> Result<()> {
        let parts = parts(updates);
        let host = self.core.host();
        let mut moves = updates.iter().filter(|update| update.old != update.new);
        if atomic {
            self.core.unlearn(Ability::AtomicPushes)?;
        }
        if moves.clone().any(|update| update.new.is_none()) {
            self.core.unlearn(Ability::Deletions)?;
        }
        if moves.any(|update| update.new.is_some() && names::is_tag(&update.name)) {
            self.core.unlearn(Ability::Tags)?;
        }
        if host
            .lacks(Ability::ManyRefs)
            .is_some_and(|known| parts.refs > known.most)
        {
            self.core.unlearn(Ability::ManyRefs)?;
        }
        Ok(())
    }

    /// The refusal for a push that is known not to be in the cloud.
    pub(crate) fn denied(self, denial: Denial, report: &Report) -> Refusal {
        let name = self.core.config.remote.as_deref().unwrap_or_default();
        let doctor = "git gryt doctor --remote";
        let (what, unsent) = match denial {
            Denial::NotConnected => (format!("The cloud ({name}) cannot be reached"), true),
            Denial::NoLogin => (format!("The cloud ({name}) refused the login"), true),
            Denial::NotAllowed => (format!("The cloud ({name}) does not let you push"), true),
            Denial::Refused(_) => ("The cloud refused the push".to_owned(), false),
            Denial::Lost => ("The cloud refused the push".to_owned(), false),
        };
        let mut refusal = Refusal::new(Exit::Remote, what);
        refusal.why = words(report);
        if unsent {
            refusal = refusal.because("Nothing was sent");
        }
        match denial {
            Denial::NotConnected | Denial::NoLogin => refusal,
            Denial::NotAllowed | Denial::Refused(_) | Denial::Lost => {
                refusal.caused(Cause::PushRefused).then(doctor)
            }
        }
    }

    /// The same for one that was sent, and not answered.
    fn unanswered(self, report: &Report) -> Refusal {
        let name = self.core.config.remote.as_deref().unwrap_or_default();
        let what = format!("The cloud ({name}) did not answer the push, and shows nothing of it");
        let mut refusal = Refusal::new(Exit::Remote, what);
        refusal.why = words(report);
        refusal
    }
}

/// What git said, a line each; it pads what it passes on from the other side.
fn words(report: &Report) -> Vec<String> {
    let lines = report.said.lines().map(str::trim_end);
    lines.map(str::to_owned).collect()
}

/// What stands otherwise than when the push of `updates` was planned.
fn moved(updates: &[Update], seen: &Contact) -> Moved {
    let stands = |update: &Update| seen.cloud.get(&update.name) == update.old.as_ref();
    match updates.split_first() {
        Some((first, _)) if !stands(first) => Moved::First,
        _ if updates.iter().all(stands) => Moved::Nothing,
        _ => Moved::Something,
    }
}

/// What a push is made of. A guard is checked by our git alone.
fn parts(updates: &[Update]) -> Parts {
    let moves = || updates.iter().filter(|update| update.old != update.new);
    let after = || moves().skip(1);
    Parts {
        refs: moves().count(),
        tag: after().any(|update| names::is_tag(&update.name)),
        folded: after().any(|update| update.new.is_none()),
    }
}

/// What is pushed: planned over what the cloud holds, as often as that changes, and taken over here
/// once the cloud acknowledged it.
pub(crate) trait Job {
    /// What it comes to.
    type Value;

    /// What the cloud has to do with its refs.
    fn manner(&self) -> Manner;

    /// Whether it was sent before, by a process that did not hear what came of it.
    fn in_doubt(&self) -> bool {
        false
    }

    /// What is to be pushed now; an update whose two oids are one guards that ref.
    ///
    /// # Errors
    /// Whatever says no.
    fn plan(
        &mut self,
        cloud: Cloud<'_>,
        contact: &Contact,
        road: Road,
    ) -> Result<Next<Self::Value>>;

    /// What is said where [`plan`](Job::plan) says no; `doubt` says whether something that was sent may
    /// still land.
    ///
    /// # Errors
    /// Refs cannot be written.
    fn refused(&mut self, _: Cloud<'_>, error: anyhow::Error, _: bool) -> Result<anyhow::Error> {
        Ok(error)
    }

    /// Takes over what the cloud acknowledged of it. None where there may be more
    /// to push.
    ///
    /// # Errors
    /// Refs cannot be written.
    fn landed(
        &mut self,
        cloud: Cloud<'_>,
        contact: &Contact,
        landed: Landed,
    ) -> Result<Option<Self::Value>>;

    /// Asks the cloud what it holds, after a push that was not acknowledged whole: the only thing
    /// that tells what came of it.
    ///
    /// # Errors
    /// Those of [`contact`](Cloud::contact).
    fn look(&self, cloud: Cloud<'_>) -> Result<Contact> {
        cloud.contact(None)
    }

    /// What this clone knows that the cloud holds.
    ///
    /// # Errors
    /// Those of [`seen`](Cloud::seen).
    fn reread(&self, cloud: Cloud<'_>) -> Result<Contact> {
        cloud.seen()
    }

    /// The push is known not to be in the cloud, and is not tried again.
    ///
    /// # Errors
    /// Refs cannot be written.
    fn over(&mut self, _: Cloud<'_>) -> Result<()> {
        Ok(())
    }

    /// How it is said that this push was refused, and an earlier one of the same may still land.
    fn doubtful(&self, cause: Refusal) -> Refusal {
        cause
    }

    /// How it is said that the push was sent, and may still land.
    fn unheard(&self, cause: Refusal) -> Refusal {
        let mut refusal = Refusal::new(Exit::Remote, "Whether the push arrived is not known yet")
            .because("The push was sent, and the connection ended before the cloud answered")
            .because("To find out, pull");
        refusal.why.push(cause.what);
        refusal.why.extend(cause.why);
        refusal.then("git gryt sync pull")
    }
}

/// What a job has to push.
pub(crate) enum Next<T> {
    /// These refs, in one push.
    Push(Vec<Update>),
    /// Nothing, or nothing more.
    Over(T),
}
