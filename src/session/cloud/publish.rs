//! Publishing code is the user's own act: what of the user's commits a push of proofs would take
//! along, and which proofs do without.

use std::collections::BTreeSet;

use anyhow::Result;

use super::Cloud;
use crate::git::refs::Update;
use crate::model::evolution::{Attempt, Cover};
use crate::model::publish::{self, Blocked, Pin, Publishing};
use crate::model::{EvolutionName, Exit, Oid, Proof, Refusal};
use crate::session::core::contact::Contact;
use crate::store::names;

/// What to do about commits that no branch or tag of the cloud has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Commits {
    /// They may go with the push.
    Publish,
    /// The push is refused, unless `publish_commits` is set.
    Hold,
}

impl Commits {
    /// What `--with-commits` asks for.
    pub(crate) fn asked(with_commits: bool) -> Self {
        match with_commits {
            true => Self::Publish,
            false => Self::Hold,
        }
    }
}

/// An evolution that is to be shared: its tip here, and the cloud's.
#[derive(Clone, Debug)]
pub(crate) struct Going {
    pub name: EvolutionName,
    pub tip: Oid,
    pub there: Option<Oid>,
}

impl Going {
    /// One that was found here or in the cloud.
    pub(crate) fn of((attempt, there): &(Attempt, Option<Oid>)) -> Self {
        Self {
            name: attempt.name.clone(),
            tip: attempt.tip.clone(),
            there: there.clone(),
        }
    }
}

/// What is to be done so that evolutions can be shared without publishing code.
#[derive(Debug, Default)]
pub(crate) struct Settling {
    /// Evolutions that let go of commits which nobody needs: before and after.
    pub rewritten: Vec<(Going, Oid)>,
    pub blocked: Vec<Blocked>,
}

impl Cloud<'_> {
    /// Those of `wanted` and their ancestors that no branch or tag of the cloud has.
    ///
    /// # Errors
    /// Git cannot walk the history, or the cloud cannot be asked.
    fn unpublished(self, contact: &Contact, wanted: &[Oid]) -> Result<BTreeSet<Oid>> {
        let name = self.core.cloud_name()?;
        // `team/fork` is another remote, whose branches lie below those of `team`.
        let below = |other: &&String| other.starts_with(&format!("{name}/"));
        let mut others: Vec<String> = self.core.remotes().filter(below).cloned().collect();
        // What gryt keeps below the branches of a host is no branch of the user's.
        let own = self.core.config.remote_prefix.strip_prefix("refs/heads/");
        others.extend(own.map(|own| format!("{name}/{}", own.trim_end_matches('/'))));
        let store = &self.core.store;
        if others.is_empty() && store.published(wanted, name)? {
            return Ok(BTreeSet::new());
        }
        let mut held: Vec<Oid> = contact.cloud.values().cloned().collect();
        if store.unpublished(wanted, name, &others, &held)?.is_empty() {
            return Ok(BTreeSet::new());
        }
        // What this clone knows of the cloud's branches may be old: ask before refusing.
        held.extend(self.core.remote()?.heads_and_tags()?);
        store.unpublished(wanted, name, &others, &held)
    }

    /// Refuses to publish commits that no branch or tag of the cloud has: that is the user's act,
    /// so that the team's own hooks and scanners have their say.
    ///
    /// # Errors
    /// [`Exit::OutOfStep`], with the number of commits.
    pub(crate) fn may_publish(
        self,
        contact: &Contact,
        wanted: &[Oid],
        commits: Commits,
    ) -> Result<()> {
        if self.may_publish_all(commits) || wanted.is_empty() {
            return Ok(());
        }
        let count = self.unpublished(contact, wanted)?.len();
        if count == 0 {
            return Ok(());
        }
        let commits = if count == 1 { "commit" } else { "commits" };
        Err(Refusal::new(
            Exit::OutOfStep,
            format!("The release would publish {count} {commits} that no branch of the cloud has"),
        )
        .because("gryt does not publish code unasked: push your branch first")
        .then(self.push_command()?)
        .into())
    }

    /// The command that publishes what is checked out.
    fn push_command(self) -> Result<String> {
        let branch = self.core.store.branch()?;
        let has_upstream = match &branch {
            Some(branch) => {
                let key = format!("branch.{branch}.merge");
                let settings = self.core.store.config()?;
                settings.iter().any(|(name, _)| *name == key)
            }
            None => false,
        };
        let remote = self.core.cloud_name()?;
        Ok(publish::command(remote, branch.as_deref(), has_upstream))
    }

    fn may_publish_all(self, commits: Commits) -> bool {
        commits == Commits::Publish || self.core.config.publish_commits
    }

    /// What has to become of evolutions before they are shared, with code that holds their changes
    /// in `code`: the release, or the cloud's default branch. Nothing is moved yet.
    ///
    /// # Errors
    /// Objects cannot be read or written, or the cloud cannot be asked.
    pub(crate) fn settling(
        self,
        contact: &Contact,
        going: &[Going],
        code: Option<&Oid>,
        commits: Commits,
    ) -> Result<Settling> {
        let mut settling = Settling::default();
        if self.may_publish_all(commits) {
            return Ok(settling);
        }
        let mut all = Vec::new();
        for one in going {
            all.push(self.core.store.pins(&one.tip, one.there.as_ref())?);
        }
        let wanted: Vec<Oid> = all
            .iter()
            .flatten()
            .map(|(pin, _)| pin.commit.clone())
            .collect();
        if wanted.is_empty() {
            return Ok(settling);
        }
        let unpublished = self.unpublished(contact, &wanted)?;
        if unpublished.is_empty() {
            return Ok(settling);
        }
        let head = self.core.head()?;
        for (one, pins) in going.iter().zip(all) {
            let mut judged = Vec::new();
            for (pin, proof) in pins {
                let covered = pin.counts && self.covers(code, proof.as_ref())?;
                judged.push(Pin { covered, ..pin });
            }
            match publish::decide(&judged, &unpublished) {
                Publishing::AsIs => {}
                Publishing::Without(letting_go) => {
                    let (by, there) = (self.core.author()?, one.there.as_ref());
                    let store = &self.core.store;
                    let tip = store.let_go_of_commits(by, &one.tip, there, &letting_go)?;
                    settling.rewritten.push((one.clone(), tip));
                }
                Publishing::Blocked(commits) => {
                    for commit in commits {
                        settling.blocked.push(Blocked {
                            name: one.name.clone(),
                            in_head: match &head {
                                Some(head) => self.core.store.holds(head, &commit)?,
                                None => false,
                            },
                            commit,
                            push: self.push_command()?,
                        });
                    }
                }
            }
        }
        Ok(settling)
    }

    /// Whether what was proven is in `code`, told by the proof alone.
    fn covers(self, code: Option<&Oid>, proof: Option<&Proof>) -> Result<bool> {
        let (Some(code), Some(proof)) = (code, proof) else {
            return Ok(false);
        };
        Ok(self.core.store.cover_by_record(code, proof)? != Cover::Missing)
    }

    /// Moves this clone's evolutions to what was settled, each only from where it was.
    ///
    /// # Errors
    /// Refs cannot be read or written.
    pub(crate) fn settle(self, settling: &Settling) -> Result<()> {
        if settling.rewritten.is_empty() {
            return Ok(());
        }
        self.core.change(|refs| {
            let mut moves: Vec<Update> = Vec::new();
            for (one, tip) in &settling.rewritten {
                let name = names::evolution(&one.name);
                if refs.get(&name) == Some(&one.tip) {
                    moves.push(refs.change(name, Some(tip)));
                }
            }
            Ok((moves, ()))
        })
    }

    /// The tip of the cloud's default branch, as it was last seen.
    ///
    /// # Errors
    /// Git cannot list the branches.
    pub(crate) fn default_tip(self) -> Result<Option<Oid>> {
        match &self.core.config.remote {
            Some(remote) => self.core.store.default_tip(remote),
            None => Ok(None),
        }
    }
}
