//! Promoting in a project without a cloud.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};

use super::Promotion;
use crate::commands::Outcome;
use crate::git::refs::Update;
use crate::model::promotion::Decision;
use crate::model::sealed::Sealed;
use crate::model::{EvolutionName, Oid, Refusal};
use crate::store::names;

impl Promotion<'_> {
    /// In local mode the ledger's ref in this repository is the lock.
    pub(super) fn locally(mut self) -> Result<Outcome> {
        let session = self.session;
        if !self.args.dry_run {
            let id = session.sealing.intend(&self.intent.version, None)?;
            self.intent.id = id;
        }
        let result = session.core.change(|_| {
            let seal = match self.decide(None)? {
                Decision::Won(sealed) if self.args.dry_run => {
                    return Ok((Vec::new(), (sealed, None, true)));
                }
                Decision::Won(sealed) => {
                    return Ok((self.left_of(&sealed)?, (sealed, None, true)));
                }
                Decision::Seal(seal) => seal,
            };
            if self.args.dry_run {
                return Ok((Vec::new(), (seal.sealed.clone(), Some(seal), false)));
            }
            let refs = session.core.store.refs()?;
            let ledger = session.core.ledger(&refs)?;
            let updates = self.write(&seal, ledger.as_ref())?;
            let entry = updates[0].new.as_ref();
            let mut moves = vec![
                refs.change(names::LEDGER, entry),
                refs.change(names::BASE, entry),
            ];
            // What was decided on, and not what it became meanwhile.
            let ends = |name, tip| Update::new(name, Some(tip), None);
            let draft = names::draft(&self.intent.version);
            moves.push(ends(draft, &seal.sealed.draft));
            for (attempt, _) in &seal.folded {
                moves.push(ends(names::evolution(&attempt.name), &attempt.tip));
            }
            for given in &seal.approvals {
                moves.push(ends(names::approval(&given.name), &given.tip));
            }
            Ok((moves, (seal.sealed.clone(), Some(seal), false)))
        });
        let refused = |error: &anyhow::Error| error.is::<Refusal>();
        if result.as_ref().is_err_and(refused) && !self.args.dry_run {
            // Nothing was sent to anybody: there is nothing to find out later. Where git failed, the
            // ledger may have moved, and the same command goes on.
            session.sealing.forget_intent(&self.intent.version)?;
        }
        let (sealed, seal, earlier) = result?;
        if self.disputed.get() {
            let refs = session.core.store.refs()?;
            self.tell_whom_to_trust(refs.get(names::LEDGER));
        }
        let tag = match session.core.config.tag && !self.args.dry_run {
            true => {
                let refs = session.core.store.refs()?;
                let ledger = session.core.ledger(&refs)?.context("there is no ledger")?;
                let named = session.core.named(None, &ledger.base, &sealed)?;
                Some(session.sealing.deliver_tag(None, &sealed, &named)?)
            }
            false => None,
        };
        if !self.args.dry_run {
            // Only now is nothing left that the same command would have to finish.
            session.sealing.forget_intent(&self.intent.version)?;
        }
        Ok(self.outcome(sealed, seal, tag, earlier, &BTreeMap::new()))
    }

    /// What a promotion in local mode that was cut short left in place: a transaction of refs in files
    /// moves them one after the other.
    pub(super) fn left_of(&self, sealed: &Sealed) -> Result<Vec<Update>> {
        let refs = self.session.core.store.refs()?;
        let evolutions = sealed.evolutions.iter().map(|folded| {
            let name = EvolutionName {
                version: sealed.version.clone(),
                change: folded.change.clone(),
                number: folded.number,
            };
            (names::evolution(&name), &folded.tip)
        });
        let draft = (names::draft(&sealed.version), &sealed.draft);
        let stands = |(name, tip): &(String, &Oid)| refs.get(name) == Some(*tip);
        let approvals = sealed.approvals.iter().filter_map(|approved| {
            let name = approved.name(&sealed.version)?;
            Some((names::approval(&name), &approved.tip))
        });
        let all = std::iter::once(draft).chain(evolutions).chain(approvals);
        let left = all.filter(stands);
        Ok(left.map(|(name, _)| refs.change(name, None)).collect())
    }
}
