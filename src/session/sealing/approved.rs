//! The commit that people approved, which is what a promotion releases unless it is told another.

use anyhow::Result;

use super::Sealing;
use super::facts::Intent;
use crate::model::approval::{Given, Word};
use crate::model::excuse::Plea;
use crate::model::promotion::Release;
use crate::model::steps;
use crate::model::verdict::Gate;
use crate::model::{Oid, Version};
use crate::session::core::contact::Contact;
use crate::session::core::sides::Three;
use crate::session::drafts::edits::TakenIn;

/// A commit that somebody approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApprovedCommit {
    pub commit: Oid,
    /// Whether the gate `approvals` passes there.
    pub sufficient: bool,
}

/// How many commits are looked at: who approves one commit after the other is not waited for.
const MOST: usize = 10;

impl Sealing<'_> {
    /// The commit that open approvals name: the newest that is sufficiently approved, or else the newest; `HEAD`
    /// where what they say holds there, too. None where nobody approved, or the commit is not here.
    ///
    /// # Errors
    /// Refs or objects cannot be read.
    pub(crate) fn approved_commit(
        self,
        version: &Version,
        contact: Option<&Contact>,
    ) -> Result<Option<ApprovedCommit>> {
        let store = &self.core.store;
        let mut given = self.open_approvals(version, contact)?;
        given.retain(|given| store.is_commit(&given.approval.commit));
        given.sort_by_key(|given| std::cmp::Reverse(given.approval.at));
        let mut commits: Vec<Oid> = Vec::new();
        if let Some(head) = self.core.head()?
            && self.holds_for(&given, &head)?
        {
            commits.push(head);
        }
        for given in &given {
            if !commits.contains(&given.approval.commit) {
                commits.push(given.approval.commit.clone());
            }
        }
        commits.truncate(MOST);
        let first = commits.first().cloned();
        for commit in commits {
            if self.is_sufficient(version, &commit, contact)? {
                return Ok(Some(ApprovedCommit {
                    commit,
                    sufficient: true,
                }));
            }
        }
        Ok(first.map(|commit| ApprovedCommit {
            commit,
            sufficient: false,
        }))
    }

    /// The approvals of the draft's contract as it is now.
    fn open_approvals(self, version: &Version, contact: Option<&Contact>) -> Result<Vec<Given>> {
        let store = &self.core.store;
        let refs = match contact {
            Some(contact) => contact.refs.clone(),
            None => store.refs()?,
        };
        let empty = std::collections::BTreeMap::new();
        let Some((version, tip)) = refs.draft(version) else {
            return Ok(Vec::new());
        };
        let Ok(draft) = store.draft(&version, &tip)? else {
            return Ok(Vec::new());
        };
        let adopted = self.core.adopted(&refs)?;
        let tips = Three {
            local: refs.local(),
            cloud: contact.map_or(&empty, |contact| &contact.cloud),
            adopted: &adopted,
        };
        let mut given = self.core.said_of(&version, &tips)?;
        given.retain(|given| {
            given.approval.says == Word::Approved
                && given.approval.generation == draft.root
                && given.approval.contract == draft.blob
        });
        Ok(given)
    }

    /// Whether one of them was given for the very code of `commit`.
    fn holds_for(self, given: &[Given], commit: &Oid) -> Result<bool> {
        if given.is_empty() {
            return Ok(false);
        }
        let tree = self.core.store.commit(commit)?.tree;
        for given in given {
            let approval = &given.approval;
            if approval.tree == tree {
                return Ok(true);
            }
            let files = given.present.release_files();
            if let Some(code) = &approval.code
                && self.core.store.code_without(&tree, &files)?.as_ref() == Some(code)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn is_sufficient(
        self,
        version: &Version,
        commit: &Oid,
        contact: Option<&Contact>,
    ) -> Result<bool> {
        let intent = Intent {
            version: version.clone(),
            id: String::new(),
            release: Release {
                tree: self.core.store.commit(commit)?.tree,
                commit: commit.clone(),
            },
            taken: TakenIn {
                edited: Vec::new(),
                held: Vec::new(),
            },
            plea: Plea::default(),
            may_sign: false,
            without: Vec::new(),
            artifacts_of: None,
        };
        let facts = self.facts(&intent, contact)?;
        let verdicts = steps::verdicts(&facts);
        let stops = |gate: Gate| verdicts.iter().any(|v| v.gate == gate && v.stops());
        Ok(!verdicts.is_empty() && !stops(Gate::Approvals))
    }
}
