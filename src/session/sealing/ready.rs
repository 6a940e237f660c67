//! Whether a promotion would go through now: judged by the facts that it would be judged by, without
//! changing anything.

use anyhow::Result;

use super::Sealing;
use super::approved::ApprovedCommit;
use super::facts::Intent;
use crate::model::excuse::Plea;
use crate::model::promotion::{self, Decision, Facts, Release};
use crate::model::publish;
use crate::model::{Contract, Exit, Refusal, Version};
use crate::session::cloud::publish::{Commits, Going};
use crate::session::core::contact::Contact;
use crate::session::drafts::edits::TakenIn;
use crate::session::drafts::view::Edited;

/// What a promotion would find.
pub(crate) struct Readiness {
    pub facts: Facts,
    /// The commit that people approved, where somebody did.
    pub approved: Option<ApprovedCommit>,
    /// What it would meet; none where nothing stands in its way.
    pub refusal: Option<Refusal>,
}

impl Sealing<'_> {
    /// Judges a promotion of `version` from the commit that is approved, or else `HEAD`. None where there is no commit yet.
    ///
    /// # Errors
    /// Refs, files or objects cannot be read.
    pub(crate) fn readiness(
        self,
        version: &Version,
        contact: Option<&Contact>,
    ) -> Result<Option<Readiness>> {
        let approved = self.approved_commit(version, contact)?;
        let commit = match &approved {
            Some(approved) => Some(approved.commit.clone()),
            None => self.core.head()?,
        };
        let Some(commit) = commit else {
            return Ok(None);
        };
        let refs = match contact {
            Some(contact) => contact.refs.clone(),
            None => self.core.store.refs()?,
        };
        // What the promotion would take in, or stumble over.
        let edited = self.drafts.edited(&refs)?;
        let (fresh, held): (Vec<_>, Vec<_>) = edited
            .into_iter()
            .partition(|(_, edited)| matches!(edited, Edited::Fresh { .. }));
        let intent = Intent {
            version: version.clone(),
            id: String::new(),
            release: Release {
                tree: self.core.store.commit(&commit)?.tree,
                commit,
            },
            taken: TakenIn {
                edited: Vec::new(),
                held,
            },
            plea: Plea::default(),
            artifacts_of: None,
            may_sign: false,
            without: Vec::new(),
        };
        let mut facts = self.facts(&intent, contact)?;
        let own = fresh
            .into_iter()
            .find(|(v, _)| v.as_str() == version.as_str());
        if let (Some((_, Edited::Fresh { text, .. })), Some(local)) = (own, &mut facts.local) {
            local.contract = Contract::parse(&text, version).map_err(Refusal::from);
            let ledger = match contact {
                Some(contact) => contact.ledger().cloned(),
                None => self.core.ledger(&refs)?,
            };
            self.look_at_commits(&mut facts, ledger.as_ref())?;
        }
        let refusal = self.refusal(&facts, &intent, contact)?;
        Ok(Some(Readiness {
            facts,
            approved,
            refusal,
        }))
    }

    fn refusal(
        self,
        facts: &Facts,
        intent: &Intent,
        contact: Option<&Contact>,
    ) -> Result<Option<Refusal>> {
        let seal = match promotion::decide(facts) {
            Ok(Decision::Seal(seal)) => seal,
            Ok(Decision::Won(_)) => return Ok(None),
            Err(refusal) => return Ok(Some(refusal)),
        };
        let Some(contact) = contact else {
            return Ok(None);
        };
        let release = std::slice::from_ref(&intent.release.commit);
        if let Err(error) = self.cloud.may_publish(contact, release, Commits::Hold) {
            let refusal = error.downcast::<Refusal>()?;
            // A cloud that is away says nothing about the version.
            return Ok(Some(refusal).filter(|refusal| refusal.exit == Exit::OutOfStep));
        }
        let going: Vec<Going> = seal.folded.iter().map(Going::of).collect();
        let code = Some(&intent.release.commit);
        let settling = self.cloud.settling(contact, &going, code, Commits::Hold)?;
        let blocked = settling.blocked;
        Ok((!blocked.is_empty()).then(|| publish::refused(&blocked)))
    }
}
