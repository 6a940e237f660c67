//! Taking evolutions from a remote that is not the cloud: a contributor's fork.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::Cloud;
use crate::model::fork::{Brought, Offer, Step, step};
use crate::model::{EvolutionName, Exit, Invalid, Oid, Refusal, Version};
use crate::remote::Remote;
use crate::session::core::survey::next;
use crate::store::refs::evolutions;
use crate::store::{Refs, names};

impl Cloud<'_> {
    /// Fetches what `remote` has, and adds its evolutions to this clone's.
    ///
    /// # Errors
    /// [`Exit::Usage`] for a remote that git does not know, [`Exit::Remote`] where it cannot be
    /// reached, [`Exit::Rewritten`] where it is another project's.
    pub(crate) fn bring(self, remote: &str) -> Result<Brought> {
        if !self.core.remotes().any(|known| known == remote) {
            let what = format!("git has no remote {remote}");
            return Err(Refusal::new(Exit::Usage, what)
                .then(format!("git remote add {remote} URL"))
                .into());
        }
        let prefix = &self.core.config.remote_prefix;
        let refspec = names::fetch_refspec(remote, prefix);
        let fetched = Remote::new(
            self.core.store.git(),
            remote,
            prefix,
            self.core.silence(),
            None,
            None,
        )
        .fetch(&[refspec]);
        self.core.store.look_anew();
        fetched?;
        self.same_project(remote)?;
        self.core.change(|refs| {
            let mut brought = Brought {
                remote: remote.to_owned(),
                ..Brought::default()
            };
            let mut updates = Vec::new();
            let roots = self.roots(refs)?;
            let mut taken: Vec<EvolutionName> = self.known_names(refs);
            for (name, tip) in evolutions(&refs.cloud(remote)) {
                let (offer, root) = self.offer(refs, &name, &tip, &roots)?;
                match step(&offer) {
                    Step::Keep => {}
                    Step::Take => {
                        let mut here = name.clone();
                        if taken.contains(&here) {
                            here.number = next(taken.iter(), &here);
                            brought.renumbered.push((name, here.clone()));
                        }
                        updates.push(refs.change(names::evolution(&here), Some(&tip)));
                        taken.push(here.clone());
                        brought.new.push(here);
                        let owner = self.core.store.commit(&tip)?.author;
                        if !brought.owners.contains(&owner) {
                            brought.owners.push(owner);
                        }
                    }
                    Step::Advance => {
                        if let Some((here, _)) = root.and_then(|root| roots.get(&root)) {
                            updates.push(refs.change(names::evolution(here), Some(&tip)));
                            brought.updated.push(here.clone());
                        }
                    }
                    Step::Unknown => brought.unknown.push(name),
                    Step::Late => brought.late.push(name),
                    Step::Quarantine(why) => brought.quarantined.push((name, why.to_string())),
                }
            }
            Ok((updates, brought))
        })
    }

    /// The tips that remotes other than the cloud have: whoever pulled from a fork may pass them
    /// on.
    ///
    /// # Errors
    /// [`Exit::Usage`] in local mode.
    pub(crate) fn brought(self, refs: &Refs) -> Result<BTreeSet<Oid>> {
        let cloud = names::tracking(self.core.cloud_name()?);
        let cloud = cloud.trim_start_matches(names::TRACKING);
        let others = refs.below(names::TRACKING);
        let others = others.filter(|(rest, _)| !rest.starts_with(cloud));
        Ok(others.map(|(_, tip)| tip.clone()).collect())
    }

    /// The evolutions of a version that came from other remotes than the cloud, each with the remote.
    ///
    /// # Errors
    /// [`Exit::Usage`] in local mode.
    pub(crate) fn brought_of(
        self,
        refs: &Refs,
        version: &Version,
    ) -> Result<Vec<(EvolutionName, String)>> {
        let mut found = Vec::new();
        for (name, tip) in evolutions(refs.local()).filter(|(name, _)| name.version == *version) {
            for remote in self.core.remotes() {
                if remote == self.core.cloud_name()? {
                    continue;
                }
                if evolutions(&refs.cloud(remote)).any(|(_, there)| there == tip) {
                    found.push((name.clone(), remote.clone()));
                    break;
                }
            }
        }
        Ok(found)
    }

    /// A fork without a ledger, or with an old one, is still a fork of this project.
    fn same_project(self, remote: &str) -> Result<()> {
        let refs = self.core.store.refs()?;
        let there = refs.cloud(remote);
        let (Some(theirs), Some(ours)) = (there.get(names::LEDGER), refs.get(names::LEDGER)) else {
            return Ok(());
        };
        if self.core.store.root(theirs)? == self.core.store.root(ours)? {
            return Ok(());
        }
        let what = format!("The ledger of {remote} is another project's");
        Err(Refusal::new(Exit::Rewritten, what)
            .because("Nothing was taken from it")
            .into())
    }

    /// This clone's evolutions by their first commits.
    fn roots(self, refs: &Refs) -> Result<BTreeMap<Oid, (EvolutionName, Oid)>> {
        let mut roots = BTreeMap::new();
        for (name, tip) in evolutions(refs.local()) {
            roots.insert(self.core.store.root(&tip)?, (name, tip));
        }
        Ok(roots)
    }

    /// The names that evolutions have here and in the cloud.
    fn known_names(self, refs: &Refs) -> Vec<EvolutionName> {
        let (local, cloud) = (refs.local(), self.core.known_cloud(refs));
        let known = evolutions(local).chain(evolutions(&cloud));
        known.map(|(name, _)| name).collect()
    }

    fn offer(
        self,
        refs: &Refs,
        name: &EvolutionName,
        tip: &Oid,
        roots: &BTreeMap<Oid, (EvolutionName, Oid)>,
    ) -> Result<(Offer, Option<Oid>)> {
        let mut offer = Offer {
            declared: false,
            sealed: self.is_sealed(refs, &name.version)?,
            relation: None,
            invalid: None,
        };
        if !self.core.store.is_commit(tip) {
            offer.invalid = Some(Invalid::new("it is not a commit"));
            return Ok((offer, None));
        }
        let attempt = match self.core.store.attempt(name, tip)? {
            Ok(attempt) => attempt,
            Err(invalid) => {
                offer.invalid = Some(invalid);
                return Ok((offer, None));
            }
        };
        if let Some((_, draft)) = refs.draft(&name.version) {
            offer.declared = self.core.store.root(&draft)? == attempt.evolution.generation;
        }
        if let Some((_, here)) = roots.get(&attempt.root) {
            offer.relation = Some(self.core.store.relation(here, tip)?);
        }
        Ok((offer, Some(attempt.root)))
    }

    fn is_sealed(self, refs: &Refs, version: &Version) -> Result<bool> {
        match self.core.ledger(refs)? {
            Some(ledger) => Ok(self.core.store.sealed(&ledger, version)?.is_some()),
            None => Ok(false),
        }
    }
}
