//! Telling people which commits no proof covers, and which change each could belong to.

use std::collections::BTreeMap;

use anyhow::Result;

use super::Core;
use super::coverage::Candidate;
use crate::model::evolution::Attempt;
use crate::model::promotion::Release;
use crate::model::strictness::Strictness;
use crate::model::unproven::{self, NewCommit};
use crate::model::{Contract, Oid, Refusal};
use crate::store::Refs;
use crate::store::draft::Draft;
use crate::store::ledger::Ledger;

impl Core<'_> {
    /// The new commits of `head` that no proof of an open version covers, by what this clone knows, and whether
    /// the policy asks for a proof of that very commit which there is not. None where that cannot be told.
    ///
    /// # Errors
    /// Refs or objects cannot be read.
    pub(crate) fn unproven_at(
        &self,
        refs: &Refs,
        draft: &Draft,
        head: &Oid,
    ) -> Result<Option<(Vec<NewCommit>, bool)>> {
        let release = Release {
            commit: head.clone(),
            tree: self.store.commit(head)?.tree,
        };
        let Ok(contract) = draft.contract() else {
            return Ok(None);
        };
        let attempts = self.attempts(refs, &draft.version)?;
        let ledger = self.ledger(refs)?;
        let found = || {
            let rules = self.rules(&release.tree, ledger.as_ref(), &draft.version)?;
            let candidate = Candidate {
                contract: &contract,
                generation: &draft.root,
                release: &release,
                attempts: &attempts,
                ledger: ledger.as_ref(),
            };
            let mut fresh = self.fresh(&rules, candidate)?;
            self.say_ways(
                &mut fresh.present,
                &contract,
                &release.commit,
                ledger.as_ref(),
            )?;
            let previous = rules.previous.as_ref().map(|(_, policy)| policy);
            let mut both = [Some(&rules.present), previous].into_iter().flatten();
            let asks = both.any(|policy| {
                let strictness = policy.gates.release_commit_proven;
                strictness.is_some_and(|strictness| strictness != Strictness::Off)
            });
            let counts = |attempt: &Attempt| {
                let on_it = attempt.proof.as_ref().map(|proof| &proof.tree) == Some(&release.tree);
                let change = contract.change(&attempt.name.change);
                on_it && change.is_some_and(|c| attempt.says(c, &draft.root).passes())
            };
            let lacks = asks && !rules.heard(&attempts).iter().any(counts);
            Ok((fresh.all().into_iter().cloned().collect(), lacks))
        };
        match found() {
            Ok(found) => Ok(Some(found)),
            Err(error) if anyhow::Error::is::<Refusal>(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Says of each commit which change it could belong to. Branches are asked where much is told.
    ///
    /// # Errors
    /// The history cannot be read.
    pub(crate) fn say_ways(
        &self,
        commits: &mut [NewCommit],
        contract: &Contract,
        release: &Oid,
        ledger: Option<&Ledger>,
    ) -> Result<()> {
        if commits.is_empty() {
            return Ok(());
        }
        let mut names: BTreeMap<Oid, Vec<String>> = BTreeMap::new();
        if let (true, Some(ledger)) = (self.ctx.verbose, ledger) {
            let (earlier, _) = self.earlier(ledger)?;
            let merged = self.store.merged_branches(release, &earlier)?;
            for commit in commits.iter().take(unproven::LISTED) {
                let oid = &commit.commit;
                let by_merge = merged.iter().filter(|(_, held)| held.contains(oid));
                let mut all: Vec<String> = by_merge.map(|(name, _)| name.clone()).collect();
                all.extend(self.store.all_branches_with(oid)?);
                names.insert(oid.clone(), all);
            }
        }
        let named = |oid: &Oid| names.get(oid).cloned().unwrap_or_default();
        unproven::say_ways(commits, contract, named);
        Ok(())
    }

    /// Lists commits for `-v`.
    pub(crate) fn list_unproven(&self, commits: &[NewCommit]) {
        for commit in commits.iter().take(unproven::LISTED) {
            let (at, author, subject) = (commit.commit.short(), &commit.author, &commit.subject);
            let change = commit.change.as_ref();
            let change = change
                .map(|change| format!(" (for {change}?)"))
                .unwrap_or_default();
            let next = commit.next.as_deref().unwrap_or_default();
            self.ctx.detail(format!(
                "no proof covers {at} of {author}: {subject}{change}: {next}"
            ));
        }
        if commits.len() > unproven::LISTED {
            let more = commits.len() - unproven::LISTED;
            self.ctx.detail(format!("and {more} more"));
        }
    }
}
