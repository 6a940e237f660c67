//! Drafts and evolutions that a push brings: each checks, and only adds to what is there. Who pushes is not
//! known to git's hooks, so that deletions are let through: whose they are cannot be told.

use std::collections::BTreeMap;

use anyhow::Result;

use super::standing::Standing;
use super::{Found, Place};
use crate::git::refs::Update;
use crate::model::approval::ApprovalName;
use crate::model::ledger::FORMAT;
use crate::model::receive::Wrong;
use crate::model::reconcile::Relation;
use crate::model::{EvolutionName, Oid, Version};
use crate::session::sealing::Sealing;
use crate::store::draft;
use crate::store::message::header;
use crate::store::names::{self, Shared};
use crate::store::raw::malformed;
use crate::store::refs::{drafts, evolutions};

/// The shared refs of a place, by the names that a clone has for them.
type Tips = BTreeMap<String, Oid>;

impl Sealing<'_> {
    /// What is wrong with the drafts, evolutions and other refs that are pushed to a place.
    pub(super) fn received_beside(
        self,
        place: &Place<'_>,
        standing: Option<&Standing>,
        wrong: &mut Found,
    ) -> Result<()> {
        let moves = || place.moves.iter().filter(|(name, _)| name != names::LEDGER);
        if moves().next().is_none() {
            return Ok(());
        }
        let mut tips: Tips = self.core.store.shared_below(&place.prefix)?;
        for (name, update) in &place.moves {
            match &update.new {
                Some(new) => tips.insert(name.clone(), new.clone()),
                None => tips.remove(name),
            };
        }
        // Where the ledger comes to a place, what comes along belongs to it as it is.
        let sealing = standing.filter(|_| place.before.is_some());
        for (name, update) in moves() {
            let Some(new) = &update.new else {
                continue;
            };
            let found = match names::shared(name) {
                Shared::Ledger => None,
                Shared::Draft(version) => {
                    self.received_draft(&version, update, new, &tips, sealing)?
                }
                Shared::Evolution(evolution) => {
                    self.received_evolution(&evolution, update, new, &tips)?
                }
                Shared::Approval(approval) => self.received_approval(&approval, update, new)?,
                // What a look at a host writes goes again.
                Shared::Foreign if name.starts_with(names::PROBES) => None,
                Shared::Foreign => Some(Wrong::Foreign),
            };
            wrong.extend(found.map(|found| (update.name.clone(), found)));
        }
        Ok(())
    }

    fn received_draft(
        self,
        version: &Version,
        update: &Update,
        new: &Oid,
        tips: &Tips,
        standing: Option<&Standing>,
    ) -> Result<Option<Wrong>> {
        let store = &self.core.store;
        if let Some(why) = self.draft_is_wrong(version, new)? {
            return Ok(Some(Wrong::Draft { why }));
        }
        if let Some(old) = update.old.as_ref().filter(|old| store.is_commit(old))
            && !matches!(
                store.draft_relation(new, old)?,
                Relation::Same | Relation::Ahead
            )
        {
            let version = version.clone();
            return Ok(Some(Wrong::DraftRewound { version }));
        }
        let is_twin = |other: &Version| other == version && other.as_str() != version.as_str();
        if let Some((other, _)) = drafts(tips).find(|(other, _)| is_twin(other)) {
            return Ok(Some(Wrong::Twin { other }));
        }
        let released = match standing {
            Some(standing) => store.released_as(&standing.ledger(), version)?,
            None => None,
        };
        Ok(released.map(|as_spelled| Wrong::Released { as_spelled }))
    }

    /// What keeps a commit from being the tip of a draft that can be sealed.
    fn draft_is_wrong(self, version: &Version, tip: &Oid) -> Result<Option<String>> {
        let store = &self.core.store;
        if !store.is_commit(tip) {
            return Ok(Some("it is not a commit".into()));
        }
        let draft = match store.draft(version, tip)? {
            Ok(draft) => draft,
            Err(invalid) => return Ok(Some(invalid.to_string())),
        };
        if let Err(invalid) = draft.contract() {
            return Ok(Some(invalid.to_string()));
        }
        let head = store.commit(tip)?;
        if header(&head.message).version.as_deref() != Some(version.as_str()) {
            return Ok(Some("its trailers name another version".into()));
        }
        let files = store.list(&head.tree, "")?;
        if files.iter().any(|(name, _)| name != draft::FILE) {
            return Ok(Some(format!("it holds more than {}", draft::FILE)));
        }
        let root = header(&store.commit(&draft.root)?.message);
        if root.format.as_deref() != Some(FORMAT) || root.nonce.is_none() {
            return Ok(Some("its first commit has no Gryt-Nonce".into()));
        }
        Ok(None)
    }

    fn received_approval(
        self,
        name: &ApprovalName,
        update: &Update,
        new: &Oid,
    ) -> Result<Option<Wrong>> {
        let store = &self.core.store;
        let wrong = |why: String| Ok(Some(Wrong::Approval { why }));
        if !store.is_commit(new) {
            return wrong("it is not a commit".into());
        }
        if let Err(invalid) = store.approval(name, new)? {
            return wrong(invalid.to_string());
        }
        Ok(match &update.old {
            Some(old) if old != new => Some(Wrong::ApprovalMoved { name: name.clone() }),
            Some(_) | None => None,
        })
    }

    fn received_evolution(
        self,
        name: &EvolutionName,
        update: &Update,
        new: &Oid,
        tips: &Tips,
    ) -> Result<Option<Wrong>> {
        let store = &self.core.store;
        let wrong = |why: String| Ok(Some(Wrong::Evolution { why }));
        if !store.is_commit(new) {
            return wrong("it is not a commit".into());
        }
        if let Err(invalid) = store.attempt(name, new)? {
            return wrong(invalid.to_string());
        }
        match store.proofs(new) {
            Ok(Ok(_)) => {}
            Ok(Err(invalid)) => return wrong(invalid.to_string()),
            Err(error) => return wrong(malformed(error)?.to_string()),
        }
        if let Some(old) = update.old.as_ref().filter(|old| store.is_commit(old))
            && !matches!(store.relation(new, old)?, Relation::Same | Relation::Ahead)
        {
            let name = name.clone();
            return Ok(Some(Wrong::EvolutionRewound { name }));
        }
        let text = name.to_string();
        let is_alike = |other: &EvolutionName| {
            let other = other.to_string();
            other != text && other.eq_ignore_ascii_case(&text)
        };
        let alike = evolutions(tips).find(|(other, _)| is_alike(other));
        Ok(alike.map(|(other, _)| Wrong::Alike { other }))
    }
}
