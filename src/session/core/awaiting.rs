//! Whose approval is all that is missing.

use anyhow::Result;

use super::Core;
use super::sides::Three;
use super::survey::Evolutions;
use crate::model::approval::Word;
use crate::model::subject::Subject;
use crate::model::{Change, Person, Refusal, Version};
use crate::store::ledger::Ledger;
use crate::store::names;

/// Whom a draft waits for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Awaited {
    pub emails: Vec<String>,
    /// Whether the one for whom it was judged is among them.
    pub mine: bool,
}

impl Core<'_> {
    /// Whether everything of a draft of the cloud is proven, and what is missing is this person's approval: of the
    /// commit that is approved already, or else of the tip of the cloud's default branch.
    ///
    /// # Errors
    /// Objects cannot be read.
    pub(crate) fn awaits_approval(
        &self,
        version: &Version,
        tips: &Three<'_>,
        ledger: Option<&Ledger>,
        me: &Person,
    ) -> Result<bool> {
        let awaited = self.awaited(version, tips, ledger, me)?;
        Ok(awaited.mine)
    }

    /// Whose approvals are all that a draft is missing, judged as [`awaits_approval`](Self::awaits_approval) does, for a
    /// promotion by `promoter`.
    ///
    /// # Errors
    /// Objects cannot be read.
    pub(crate) fn awaited(
        &self,
        version: &Version,
        tips: &Three<'_>,
        ledger: Option<&Ledger>,
        promoter: &Person,
    ) -> Result<Awaited> {
        match self.asked(version, tips, ledger, promoter) {
            // A policy that cannot be read asks nobody, and a cut history does not tell whom.
            Err(error) if error.is::<Refusal>() => Ok(Awaited::default()),
            asked => asked,
        }
    }

    fn asked(
        &self,
        version: &Version,
        tips: &Three<'_>,
        ledger: Option<&Ledger>,
        me: &Person,
    ) -> Result<Awaited> {
        let nobody = Awaited::default();
        let name = names::draft(version);
        let Some(tip) = tips.cloud.get(&name).or(tips.local.get(&name)) else {
            return Ok(nobody);
        };
        let Ok(draft) = self.draft_there(version, tip)? else {
            return Ok(nobody);
        };
        let mut given = self.said_of(version, tips)?;
        given.retain(|given| given.approval.generation == draft.root);
        let open = given.iter().filter(|given| {
            given.approval.says == Word::Approved && given.approval.contract == draft.blob
        });
        let open = open.max_by_key(|given| given.approval.at);
        let commit = match (open, &self.config.remote) {
            (Some(given), _) => Some(given.approval.commit.clone()),
            (None, Some(remote)) => self.store.default_tip(remote)?,
            (None, None) => self.head()?,
        };
        let Some(commit) = commit.filter(|commit| self.store.is_commit(commit)) else {
            return Ok(nobody);
        };
        let tree = self.store.commit(&commit)?.tree;
        let mut rules = self.rules(&tree, ledger, version)?;
        if !rules.ask_for_approvals() {
            return Ok(nobody);
        }
        let contract = draft.contract()?;
        let attempts = self.survey(version, &Evolutions::of(tips))?;
        let attempts: Vec<_> = attempts.into_iter().map(|(attempt, _)| attempt).collect();
        let is_proven = |change: &Change| {
            let mut of_it = attempts.iter().filter(|a| a.name.change.is(&change.id));
            of_it.any(|attempt| attempt.says(change, &draft.root).passes())
        };
        if contract.changes.is_empty() || !contract.changes.iter().all(is_proven) {
            return Ok(nobody);
        }
        let (blob, release) = (Some(draft.blob.clone()), (&commit, &tree));
        let mut agreed = self.agreed(version, blob, release, &rules, ledger)?;
        self.read_approval_signatures(&mut rules, given.iter_mut())?;
        agreed.given = given;
        let subject = Subject {
            contract: &contract,
            generation: &draft.root,
            declared_by: &self.store.commit(&draft.root)?.author,
            attempts: &attempts,
            promoter: me,
            people: &rules.people,
            agreed: &agreed,
        };
        let emails = rules.awaited(&subject);
        Ok(Awaited {
            mine: emails.iter().any(|email| rules.people.has(me, email)),
            emails,
        })
    }
}
