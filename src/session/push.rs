//! What every push to the cloud has in common: when it may be sent, what to do when it was not
//! acknowledged, and for how long.

use anyhow::Result;

use super::Session;
use super::contact::Contact;
use crate::config;
use crate::git::push::Report;
use crate::git::refs::Update;
use crate::model::{Exit, Oid, Refusal, Version};

impl Session<'_> {
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
        let below = |other: &&String| other.starts_with(&format!("{name}/"));
        let mut others: Vec<String> = self.remotes().filter(below).cloned().collect();
        // What gryt keeps below the branches of a host is no branch of the user's.
        let own = self.config.remote_prefix.strip_prefix("refs/heads/");
        others.extend(own.map(|own| format!("{name}/{}", own.trim_end_matches('/'))));
        if others.is_empty() && self.store.published(wanted, name)? {
            return Ok(());
        }
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
}

/// How long to go on trying: long while others get through, briefly while nothing moves.
#[derive(Debug, Default)]
pub struct Patience {
    overtaken: u32,
    still: u32,
}

impl Patience {
    /// How often a push is tried again because somebody else's came first.
    pub const TRIES: u32 = 60;

    /// Fresh patience.
    pub fn new() -> Self {
        Self::default()
    }

    fn others_were_first(&mut self, session: &Session<'_>, report: &Report) -> Result<()> {
        self.still = 0;
        self.overtaken += 1;
        if self.overtaken > Self::TRIES {
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
