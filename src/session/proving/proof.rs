//! Adding to an evolution what was found, whatever happened to it meanwhile.

use anyhow::Result;

use super::Proving;
use crate::git::refs::Update;
use crate::model::evolution::{Attempt, Evolution, MAX_NUMBER};
use crate::model::near::nearest;
use crate::model::proof::Patches;
use crate::model::{Change, ChangeId, Contract, EvolutionName, Exit, Oid, Proof, Refusal, Version};
use crate::session::core::survey::next;
use crate::store::draft::Draft;
use crate::store::objects::Content;
use crate::store::refs::evolutions;
use crate::store::{Refs, names};

impl Proving<'_> {
    /// Starts an evolution of `change`, with the next number that nobody is known to have.
    ///
    /// # Errors
    /// There is no number left, or the refs cannot be changed.
    pub(crate) fn begin_evolution(
        self,
        draft: &Draft,
        change: &Change,
    ) -> Result<(EvolutionName, Oid)> {
        let what = Evolution {
            version: draft.version.clone(),
            generation: draft.root.clone(),
            change: change.id.clone(),
            owner: self.core.me()?,
            started: self.core.author()?.author.at,
        };
        let root = self.core.store.write_evolution(
            self.core.author()?,
            &what,
            None,
            &self.core.ctx.nonce(),
        )?;
        let name = self.core.change(|refs| {
            let (local, cloud) = (refs.local(), self.core.known_cloud(refs));
            let here = evolutions(local).map(|(name, _)| name);
            let taken: Vec<_> = here
                .chain(evolutions(&cloud).map(|(name, _)| name))
                .collect();
            let mut name = EvolutionName {
                version: draft.version.clone(),
                change: change.id.clone(),
                number: 1,
            };
            name.number = next(taken.iter(), &name);
            if name.number > MAX_NUMBER {
                let what = format!("{} of {} has no number left", name.change, name.version);
                return Err(Refusal::new(Exit::Invalid, what).into());
            }
            let update = Update::new(names::evolution(&name), None, Some(&root));
            Ok((vec![update], name))
        })?;
        Ok((name, root))
    }

    /// What the branch of `commit` changes since the cloud's default branch: what a proof keeps, so
    /// that it is known again after a squash.
    ///
    /// # Errors
    /// The history cannot be read.
    pub(crate) fn patches(self, commit: &Oid) -> Result<Option<Patches>> {
        let Some(remote) = &self.core.config.remote else {
            return Ok(None);
        };
        match self.core.store.default_tip(remote)? {
            Some(base) => self.core.store.patches(&base, commit),
            None => Ok(None),
        }
    }

    /// Writes `proof` onto the evolution that begins at `root`, which is of `change` and may have
    /// got another proof or another number since it was looked at. Returns its name now.
    ///
    /// # Errors
    /// [`Exit::Taken`] where it went into a release or away.
    pub(crate) fn add_proof(
        self,
        before: &EvolutionName,
        root: &Oid,
        proof: &Proof,
        beside: &[(String, Content<'_>)],
    ) -> Result<EvolutionName> {
        self.core.change(|refs| {
            let attempt = self
                .open_attempt(refs, &before.change, root)?
                .ok_or_else(|| {
                    let what = format!("{before} went into a release or was removed meanwhile");
                    Refusal::new(Exit::Taken, what)
                })?;
            let author = self.core.author()?;
            let tip = self
                .core
                .store
                .write_proof(author, &attempt, proof, beside)?;
            let update = refs.change(names::evolution(&attempt.name), Some(&tip));
            Ok((vec![update], attempt.name))
        })
    }

    fn open_attempt(self, refs: &Refs, change: &ChangeId, root: &Oid) -> Result<Option<Attempt>> {
        for (name, tip) in evolutions(refs.local()) {
            if name.change == *change
                && let Ok(attempt) = self.core.store.attempt(&name, &tip)?
                && attempt.root == *root
                && attempt.abandoned.is_none()
            {
                return Ok(Some(attempt));
            }
        }
        Ok(None)
    }

    /// This person's evolution of a change of `draft` of which nothing was run yet, if there is one.
    ///
    /// # Errors
    /// The refs name objects that cannot be read.
    pub(crate) fn unproven(
        self,
        refs: &Refs,
        draft: &Draft,
        change: &ChangeId,
    ) -> Result<Option<Attempt>> {
        let own = self
            .drafts
            .own_attempts(refs, &draft.version, &draft.root)?;
        let open = |a: &Attempt| {
            a.name.change.is(change)
                && a.proof.is_none()
                && a.abandoned.is_none()
                && a.claim.is_none()
        };
        Ok(own.into_iter().filter(open).max_by_key(|a| a.name.number))
    }

    /// The machine's own name for itself.
    pub(crate) fn host(self) -> String {
        let from_system = || {
            let text = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
            Some(text.trim().to_owned())
        };
        self.core
            .ctx
            .env("HOSTNAME")
            .or_else(from_system)
            .unwrap_or_else(|| "unknown".to_owned())
    }
}

/// The change of that id in a contract.
///
/// # Errors
/// [`Exit::Invalid`], with the changes that it has.
pub(crate) fn declared<'a>(
    contract: &'a Contract,
    version: &Version,
    id: &ChangeId,
) -> Result<&'a Change, Refusal> {
    contract.change(id).ok_or_else(|| {
        let there: Vec<&str> = contract.changes.iter().map(|c| c.id.as_str()).collect();
        let refusal = Refusal::new(Exit::Invalid, format!("{version} has no change {id}"));
        let near = nearest(id.as_str(), there.iter().copied());
        let refusal = match (there.as_slice(), near) {
            ([], _) => refusal.because("Its contract declares none yet"),
            (_, Some(near)) => refusal.or_meant(id.as_str(), near),
            (there, None) => refusal.because(format!("It has {}", there.join(", "))),
        };
        refusal.then(format!(
            "git gryt generation edit {version} --change TYPE:{id}:TITLE"
        ))
    })
}
