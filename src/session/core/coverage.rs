//! Which commits of a release no proof covers, as its policies see it.

use anyhow::Result;

use super::Core;
use crate::model::evolution::Attempt;
use crate::model::gate;
use crate::model::policies::Rules;
use crate::model::promotion::Release;
use crate::model::recorders;
use crate::model::strictness::Strictness;
use crate::model::unproven::{self, Fresh, NewCommit};
use crate::model::{Contract, Oid, Policy, Proof};
use crate::store::Store;
use crate::store::ledger::Ledger;

/// How many of the last promotions are looked at first: nearly always one of them is near.
const NEAR: usize = 8;

/// What is to be released.
#[derive(Clone, Copy)]
pub(crate) struct Candidate<'a> {
    pub contract: &'a Contract,
    /// The draft's first commit.
    pub generation: &'a Oid,
    pub release: &'a Release,
    pub attempts: &'a [Attempt],
    /// The ledger that it goes onto.
    pub ledger: Option<&'a Ledger>,
}

impl Core<'_> {
    /// What is known of a release's commits, by the policies that it is judged by.
    ///
    /// # Errors
    /// The history is cut where it is needed, or cannot be read.
    pub(crate) fn fresh(&self, rules: &Rules, candidate: Candidate<'_>) -> Result<Fresh> {
        let mut fresh = Fresh {
            tree: Some(candidate.release.tree.clone()),
            ..Fresh::default()
        };
        let mut known: Option<(Vec<&Proof>, Vec<NewCommit>)> = None;
        let heard =
            |policy: &Policy| recorders::heard(candidate.attempts, policy, rules.by, &rules.people);
        let previous = rules.previous.as_ref().map(|(_, policy)| policy);
        let both = [Some(&rules.present), previous];
        let heard: Vec<Option<Vec<Attempt>>> = both.map(|policy| policy.map(heard)).into();
        for (nth, (policy, heard)) in both.into_iter().zip(&heard).enumerate() {
            let (Some(policy), Some(heard)) = (policy, heard) else {
                continue;
            };
            if gate::unproven_commits(policy, rules.by) == Strictness::Off {
                continue;
            }
            let counts = |attempt: &&Attempt| {
                let change = candidate.contract.change(&attempt.name.change);
                change.is_some_and(|c| attempt.says(c, candidate.generation).passes())
            };
            let counted: Vec<&Attempt> = heard.iter().filter(counts).collect();
            let proofs: Vec<&Proof> = counted.iter().filter_map(|a| a.proof.as_ref()).collect();
            let found = match &known {
                Some((of, found)) if *of == proofs => found.clone(),
                Some(_) | None => {
                    let (found, untold) = self.not_covered(&candidate, &counted)?;
                    fresh.untold |= untold;
                    known = Some((proofs, found.clone()));
                    found
                }
            };
            let found = unproven::wanted(found, policy);
            match nth {
                0 => fresh.present = found,
                _ => fresh.previous = found,
            }
        }
        Ok(fresh)
    }

    /// The new commits that no proof covers; and whether some of them may not be new, because commits that
    /// imports name are not here.
    fn not_covered(
        &self,
        candidate: &Candidate<'_>,
        counted: &[&Attempt],
    ) -> Result<(Vec<NewCommit>, bool)> {
        let none = Ok((Vec::new(), false));
        let release = &candidate.release.commit;
        let proofs = counted
            .iter()
            .filter_map(|a| Some((a.proof.as_ref()?, a.pinned)));
        let proofs: Vec<_> = proofs.collect();
        let Some(ledger) = candidate.ledger else {
            return none;
        };
        if Store::is_proven(release, &proofs) {
            return none;
        }
        let near = self.store.release_commits(ledger, Some(NEAR))?;
        if !near.is_empty()
            && self
                .store
                .beyond_proofs(release, &near, &proofs)?
                .is_empty()
        {
            return none;
        }
        let (earlier, untold) = self.earlier(ledger)?;
        if earlier.is_empty() {
            return none;
        }
        let beyond = self.store.beyond_proofs(release, &earlier, &proofs)?;
        let version = &candidate.contract.version;
        let found = self
            .store
            .uncovered(version, release, &beyond, &earlier, &proofs)?;
        let untold = untold && !found.is_empty();
        Ok((found, untold))
    }

    /// The commits of earlier promotions and imports that are here; and whether one of an import is not.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(crate) fn earlier(&self, ledger: &Ledger) -> Result<(Vec<Oid>, bool)> {
        let mut earlier = self.store.release_commits(ledger, None)?;
        let imports = self.store.all_imported(ledger)?.into_iter();
        let imported: Vec<Oid> = imports.filter_map(|import| import.commit).collect();
        let (here, gone): (Vec<Oid>, Vec<Oid>) = imported
            .into_iter()
            .partition(|oid| self.store.is_commit(oid));
        earlier.extend(here);
        Ok((earlier, !gone.is_empty()))
    }
}
