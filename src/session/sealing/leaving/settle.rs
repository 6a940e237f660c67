//! What a clone that left local mode does here once the cloud has its promotions: what went in is
//! known as the cloud's, and what could not is a draft again, under another name.

use anyhow::Result;

use super::Plan;
use crate::git::refs::Update;
use crate::model::evolution::Attempt;
use crate::model::leaving::Fate;
use crate::model::sealed::Sealed;
use crate::model::{EvolutionName, Oid, Refusal, Version};
use crate::session::cloud::adopt::Purpose;
use crate::session::drafts::carry::{Carried, place, renamed};
use crate::session::sealing::Sealing;
use crate::store::names;

impl Sealing<'_> {
    /// The local half, in one transaction: the cloud's ledger takes the place of this clone's, which
    /// is kept aside; what was renamed is a draft; and the intents say which tags are still to be
    /// sent.
    pub(super) fn settle_here(self, plan: &Plan, pushed: &[Update]) -> Result<()> {
        let mut reopened = Vec::new();
        for (_, sealed, fate) in plan.promotions() {
            if let Fate::Reopen(new) = fate {
                reopened.push(self.reopen(sealed, new)?);
            }
        }
        let contact = self.core.change(|refs| {
            let mut moves = Vec::new();
            if let Some(own) = refs.get(names::LEDGER)
                && pushed.iter().all(|update| update.new.as_ref() != Some(own))
            {
                moves.push(refs.change(names::replaced(own), Some(own)));
            }
            for (_, sealed, fate) in plan.promotions() {
                if let Fate::Append | Fate::There = fate {
                    let blob = self.core.store.write_blob(sealed.promotion.as_bytes())?;
                    moves.push(refs.change(names::promoting(&sealed.version), Some(&blob)));
                }
            }
            for (name, tip, carried) in &reopened {
                moves.push(refs.change(name, Some(tip)));
                moves.extend(place(refs, carried));
            }
            let mut adopted = self.core.adopted(refs)?;
            self.core
                .note_pushed(refs, pushed, &mut moves, &mut adopted);
            let after = refs.with(&moves);
            let (verified, contact) = self.core.check_apart(&after)?;
            let (taken_over, _) = self.cloud.plan(&contact, &after, Purpose::Adopt)?;
            moves.extend(verified);
            moves.extend(taken_over);
            Ok((moves, contact))
        })?;
        for (entry, sealed, fate) in plan.promotions() {
            if let Fate::Reopen(_) | Fate::Same = fate {
                self.untag(entry, sealed)?;
            }
        }
        self.resume(&contact)
    }

    /// The draft that a renamed promotion becomes: its ref, its tip and this person's proofs.
    fn reopen(self, sealed: &Sealed, new: &Version) -> Result<(String, Oid, Vec<Carried>)> {
        let old = &sealed.version;
        let draft = self.core.store.draft(old, &sealed.draft)?;
        let draft = draft.map_err(Refusal::from)?;
        let text = renamed(&draft.text, old, new)?;
        let tip = self.core.store.write_draft_edit(
            self.core.author()?,
            new,
            &sealed.draft,
            text.as_bytes(),
            &format!("Rename {old} to"),
        )?;
        let me = self.core.me()?;
        let mut own: Vec<Attempt> = Vec::new();
        for folded in sealed.evolutions.iter().filter(|f| f.owner.is(&me)) {
            let name = EvolutionName {
                version: old.clone(),
                change: folded.change.clone(),
                number: folded.number,
            };
            own.extend(self.core.store.attempt(&name, &folded.tip)?.ok());
        }
        Ok((
            names::draft(new),
            tip,
            self.drafts.carry(&own, |e| e.of_version(new))?,
        ))
    }

    /// Removes the tag of a release that is none any more, if it is the one that gryt made.
    fn untag(self, entry: &Oid, sealed: &Sealed) -> Result<()> {
        let name = names::tag(&self.core.tag_name(&sealed.version));
        let Some(tag) = self.core.store.tag(&name)? else {
            return Ok(());
        };
        let named = self.core.store.named_by_tag(&tag)?;
        if named.is_some_and(|named| named.entry == *entry) {
            self.core
                .store
                .update(&[Update::new(name, Some(&tag), None)])?;
        } else {
            let version = &sealed.version;
            self.core.ctx.warn(format!(
                "The tag {version} in this clone is not the release of the cloud: delete or rename it"
            ));
        }
        Ok(())
    }
}
