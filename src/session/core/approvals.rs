//! What was said of a generation, here and in the cloud, and what it was said of.

use std::collections::BTreeMap;

use anyhow::Result;

use super::Core;
use super::sides::Three;
use crate::model::approval::{Agreed, Given};
use crate::model::policies::Rules;
use crate::model::promotion::Draft;
use crate::model::reconcile::Seal;
use crate::model::sealed::Sealed;
use crate::model::{Oid, Version};
use crate::store::ledger::Ledger;
use crate::store::names;
use crate::store::refs::approvals;

impl Core<'_> {
    /// All that was said of `version`: what the cloud has, and what this clone has that was never there. What
    /// does not check is left out and told with `-v`.
    ///
    /// # Errors
    /// The refs name objects that cannot be read.
    pub(crate) fn said_of(&self, version: &Version, tips: &Three<'_>) -> Result<Vec<Given>> {
        let mut found = Vec::new();
        let of_it = |tips: &BTreeMap<String, Oid>| -> Vec<_> {
            let all = approvals(tips);
            all.filter(|(name, _)| name.version.as_str() == version.as_str())
                .collect()
        };
        for (name, tip) in of_it(tips.cloud) {
            match self.approval_there(&name, &tip)? {
                Ok(given) => found.push(Given {
                    in_cloud: true,
                    ..given
                }),
                Err(invalid) => self
                    .ctx
                    .detail(format!("approvals/{name} does not count: {invalid}")),
            }
        }
        for (name, tip) in of_it(tips.local) {
            let full = names::approval(&name);
            // Gone from the cloud since it was taken over: its author went on, or the draft left.
            if tips.cloud.contains_key(&full) || tips.adopted.get(&full) == Some(&tip) {
                continue;
            }
            match self.store.approval(&name, &tip)? {
                Ok(given) => found.push(given),
                Err(invalid) => self
                    .ctx
                    .detail(format!("approvals/{name} does not count: {invalid}")),
            }
        }
        Ok(found)
    }

    /// What those who approve a release look at: its contract, its code, and, as far as a rule asks, who wrote
    /// it and what it changes. `at` is the ledger that it goes onto.
    ///
    /// # Errors
    /// Objects cannot be read, or the history is cut.
    pub(crate) fn agreed(
        &self,
        version: &Version,
        contract: Option<Oid>,
        release: (&Oid, &Oid),
        rules: &Rules,
        at: Option<&Ledger>,
    ) -> Result<Agreed> {
        let (commit, tree) = release;
        let mut agreed = Agreed {
            contract,
            tree: Some(tree.clone()),
            code: self.code(tree, rules)?,
            ..Agreed::default()
        };
        let previous = rules.previous.as_ref().map(|(_, policy)| policy);
        let both = [Some(&rules.present), previous].into_iter().flatten();
        let all: Vec<_> = both
            .flat_map(|policy| policy.approvals.iter().flatten())
            .collect();
        if all.iter().any(|rule| !rule.paths.is_empty()) {
            let before = match (&rules.previous, at) {
                (Some((before, _)), Some(at)) if before.product() == version.product() => {
                    self.store.sealed(at, before)?.map(|sealed| sealed.tree)
                }
                _ => None,
            };
            agreed.changed = self.store.changed(before.as_ref(), tree)?;
        }
        if all.iter().any(|rule| rule.not_author) {
            let earlier = self.followed(version, rules, at)?;
            if !earlier.is_empty() {
                agreed.authors = self.store.authors(commit, &earlier)?;
            }
        }
        Ok(agreed)
    }

    /// The blob of a draft's contract as it would be sealed.
    ///
    /// # Errors
    /// The draft cannot be read.
    pub(crate) fn contract_blob(&self, draft: &Draft) -> Result<Option<Oid>> {
        let tree = self.store.commit(&draft.tip)?.tree;
        self.store.at(&tree, crate::store::draft::FILE)
    }

    /// What names a tree without the release files of the policy at its commit; none where the tree is too
    /// large to tell.
    ///
    /// # Errors
    /// The tree cannot be read.
    pub(crate) fn code(&self, tree: &Oid, rules: &Rules) -> Result<Option<Oid>> {
        self.store
            .code_without(tree, &rules.present.release_files())
    }

    /// The release commits of the releases of its product that a version follows: the highest, and the highest
    /// below it.
    fn followed(&self, version: &Version, rules: &Rules, at: Option<&Ledger>) -> Result<Vec<Oid>> {
        let Some(at) = at else {
            return Ok(Vec::new());
        };
        let known = self.store.versions(at, version.product())?;
        let below = known.into_iter().filter(|known| known < version);
        let below = below.filter(|known| at.disputes(known).is_empty()).max();
        let highest = rules.previous.as_ref().map(|(highest, _)| highest.clone());
        let mut found = Vec::new();
        for version in highest.into_iter().chain(below) {
            if let Some(sealed) = self.store.sealed(at, &version)? {
                found.push(sealed.commit);
            }
        }
        found.dedup();
        Ok(found)
    }

    /// How an approval stands to the release of its version.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn approval_seal(&self, tip: Option<&Oid>, sealed: Option<&Sealed>) -> Seal {
        match (sealed, tip) {
            (None, _) => Seal::Open,
            (Some(_), None) => Seal::Folded,
            (Some(sealed), Some(tip)) => {
                match sealed.approvals.iter().any(|approved| approved.tip == *tip) {
                    true => Seal::Folded,
                    false => Seal::Other,
                }
            }
        }
    }
}
