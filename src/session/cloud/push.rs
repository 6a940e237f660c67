//! What every push to the cloud has in common: when it may be sent, and the one driver of the machine
//! that says what follows from each answer.

use anyhow::{Context as _, Result};

use super::Cloud;
use crate::config;
use crate::git;
use crate::git::push::{Landed, Report};
use crate::git::refs::Update;
use crate::model::push::{Answer, Effect, End, Manner, Push, Road};
use crate::model::{Cause, Exit, Refusal};
use crate::session::core::contact::Contact;

impl Cloud<'_> {
    /// Pushes what `job` plans, over `contact` and whatever the cloud holds later, until it is there
    /// or cannot be: does what the machine says (docs/architecture.md, "A push").
    ///
    /// # Errors
    /// Whatever the job returns; [`Exit::Remote`] where the cloud refuses, does not answer, or cannot
    /// be read.
    pub(crate) fn push<J: Job>(self, contact: &Contact, job: &mut J) -> Result<J::Value> {
        self.is_one_place()?;
        let mut later: Option<Contact> = None;
        let mut value = None;
        let mut updates: Vec<Update> = Vec::new();
        let mut report = Report::default();
        let mut trouble = None;
        let mut push = Push::new(job.manner(), self.core.atomic());
        let mut answer = Answer::Read;
        loop {
            let contact = later.as_ref().unwrap_or(contact);
            let effect;
            (push, effect) = push.step(answer);
            answer = match effect {
                Effect::Plan(road) => match job.plan(self, contact, road)? {
                    Next::Push(planned) => {
                        self.stays(contact)?;
                        updates = planned;
                        let refs = updates.len();
                        Answer::Planned { refs }
                    }
                    Next::Over(over) => {
                        value = Some(over);
                        Answer::NothingLeft
                    }
                },
                Effect::Send { atomic } => {
                    let manner = git::push::Manner {
                        atomic,
                        dry_run: false,
                    };
                    report = self.core.remote()?.push(&updates, manner)?;
                    Answer::Replied(report.reply())
                }
                Effect::TakeOver => {
                    let landed = report.landed(&updates);
                    let taken_over = job.landed(self, contact, landed);
                    value = taken_over.map_err(|error| match error.is::<Refusal>() {
                        true => error,
                        false => error.context(
                            "The cloud took the push, and this clone could not take note of it: git \
                             gryt sync pull does",
                        ),
                    })?;
                    let more = value.is_none();
                    Answer::TakenOver { more }
                }
                Effect::Reread => {
                    later = Some(job.reread(self)?);
                    Answer::Read
                }
                Effect::Look { weight } => {
                    self.pause(weight);
                    match job.look(self) {
                        Ok(seen) => {
                            let stands = |u: &Update| seen.cloud.get(&u.name) == u.old.as_ref();
                            let moved = !updates.iter().all(stands);
                            later = Some(seen);
                            Answer::Looked { moved }
                        }
                        Err(error) => {
                            trouble = Some(error);
                            Answer::Unreadable
                        }
                    }
                }
                Effect::Probe => {
                    let lacks_atomic = self.core.remote()?.lacks_atomic(&updates)?;
                    if lacks_atomic {
                        self.forgo_atomic()?;
                    }
                    Answer::Probed { lacks_atomic }
                }
                Effect::End(End::Done) => return value.context("A push ended without a result"),
                Effect::End(end) => return Err(self.failed(job, end, &report, trouble)),
            };
        }
    }

    /// Why a push that ended otherwise than well did.
    fn failed<J: Job>(
        self,
        job: &J,
        end: End,
        report: &Report,
        trouble: Option<anyhow::Error>,
    ) -> anyhow::Error {
        let refused = self.refused(report);
        let refusal = match (end, trouble) {
            (End::Overtaken, _) => refused.because("Other people's pushes kept coming first"),
            (End::Unheard, _) => job.unheard(refused),
            (End::Unreadable { unheard }, Some(error)) => match error.downcast::<Refusal>() {
                Ok(cause) if unheard && cause.exit == Exit::Remote => job.unheard(cause),
                Ok(cause) => cause,
                Err(error) => return error,
            },
            (End::Done | End::Refused | End::Unreadable { .. }, _) => refused,
        };
        refusal.into()
    }

    /// Waits a while that differs between clones, so that they do not meet again.
    fn pause(self, weight: u32) {
        let millis = self
            .core
            .ctx
            .random_below(20 + u64::from(weight.min(12)) * 25);
        std::thread::sleep(std::time::Duration::from_millis(millis));
    }

    /// Remembers that the cloud takes no atomic push, so that it is not asked each time.
    fn forgo_atomic(self) -> Result<()> {
        let key = config::atomic_key(self.core.cloud_name()?);
        self.core.store.git().set_config(&key, "false")?;
        self.core.no_atomic.set(true);
        self.core.ctx.warn(
            "This cloud takes no atomic pushes: races with other people's edits are reported \
             after the fact",
        );
        Ok(())
    }

    /// The refusal for a push that the cloud will not take.
    pub(crate) fn refused(self, report: &Report) -> Refusal {
        let what = match report.done {
            true => "The cloud refused the push",
            false => "The cloud did not answer the push, and shows nothing of it",
        };
        let mut refusal = Refusal::new(Exit::Remote, what);
        if report.done {
            refusal = refusal.caused(Cause::PushRefused);
        }
        refusal.why = report.said.lines().map(str::to_owned).collect();
        refusal
    }
}

/// What is pushed: planned over what the cloud holds, as often as that changes, and taken over here
/// once the cloud acknowledged it.
pub(crate) trait Job {
    /// What it comes to.
    type Value;

    /// What the cloud has to do with its refs.
    fn manner(&self) -> Manner;

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

    /// How it is said that the push was sent, and may still land.
    fn unheard(&self, cause: Refusal) -> Refusal {
        cause
    }
}

/// What a job has to push.
pub(crate) enum Next<T> {
    /// These refs, in one push.
    Push(Vec<Update>),
    /// Nothing, or nothing more.
    Over(T),
}
