//! Evolutions of this person's whose draft a colleague renamed, also after a disputed entry had sealed it:
//! they come along to the new name, as they do for who renames (docs/format.md, "Draft").

use anyhow::Result;

use super::Cloud;
use crate::model::disputed::Act;
use crate::model::evolution::Attempt;
use crate::model::sealed::Sealed;
use crate::model::{EvolutionName, Oid};
use crate::session::core::contact::Contact;
use crate::session::drafts::carry::place;
use crate::store::refs::{drafts, evolutions};
use crate::store::{Refs, names};

impl Cloud<'_> {
    /// Takes along what of this person's is of a draft that has another name now, and tells it. What the
    /// cloud has under the old name stays there; the rest goes.
    ///
    /// # Errors
    /// Objects or refs cannot be read or written.
    pub(crate) fn follow_renames(self, contact: &Contact) -> Result<()> {
        let refs = self.core.store.refs()?;
        let without_draft = |(name, _): &(EvolutionName, _)| refs.draft(&name.version).is_none();
        let mut stranded: Vec<_> = evolutions(refs.local()).filter(without_draft).collect();
        let ledger = contact.ledger();
        let disputed = ledger.map_or(0, |ledger| ledger.disputed.len());
        if stranded.is_empty() && disputed == 0 {
            return Ok(());
        }
        let mut roots = Vec::new();
        for (version, tip) in drafts(refs.local()) {
            roots.push((self.core.store.root(&tip)?, version));
        }
        if let Some(ledger) = ledger {
            for disputed in ledger.disputed.values() {
                let Act::Promotion(version) = &disputed.act else {
                    continue;
                };
                let sealed = self.core.store.sealed(ledger, version)?;
                let of_draft = |sealed: &Sealed| {
                    let is_it = |root: &Oid| *root == sealed.generation;
                    roots.iter().any(|(root, _)| is_it(root))
                };
                if let Some(sealed) = sealed.filter(of_draft) {
                    let folded = self.core.folded(&sealed)?;
                    stranded.extend(folded.into_iter().map(|one| (one.name, one.tip)));
                }
            }
        }
        let Some(me) = self.core.reader() else {
            return Ok(());
        };
        for (name, tip) in stranded {
            let Ok(attempt) = self.core.store.attempt(&name, &tip)? else {
                continue;
            };
            let new = roots
                .iter()
                .find(|(root, _)| *root == attempt.evolution.generation);
            let Some((_, version)) = new else {
                continue;
            };
            if !attempt.evolution.owner.is(&me) || attempt.abandoned.is_some() {
                continue;
            }
            let known = self.core.attempts(&refs, version)?;
            let same = |other: &Attempt| {
                other.name.change.is(&name.change)
                    && other.evolution.owner.is(&me)
                    && other.proof.as_ref().map(|proof| &proof.commit)
                        == attempt.proof.as_ref().map(|proof| &proof.commit)
            };
            if known.iter().any(same) {
                continue;
            }
            let version = version.clone();
            let carried = self
                .drafts
                .carry(std::slice::from_ref(&attempt), |e| e.of_version(&version))?;
            let old = names::evolution(&name);
            let shared = contact.cloud.contains_key(&old);
            let is_here = |refs: &Refs| refs.get(&old) == Some(&tip);
            let was_here = is_here(&refs);
            let after = self.core.change(|refs| {
                // A proof that was added to it meanwhile goes along with the next command that looks.
                if was_here && !is_here(refs) {
                    return Ok((Vec::new(), None));
                }
                let mut updates = place(refs, &carried);
                let after = updates.first().map(|update| update.name.clone());
                if was_here && !shared {
                    updates.push(refs.change(old.clone(), None));
                }
                Ok((updates, after))
            })?;
            if after.is_none() {
                continue;
            }
            for one in &carried {
                self.proving.follow_current(&attempt.root, &one.root)?;
            }
            let after = after.map(|after| names::shared(&after));
            if let Some(names::Shared::Evolution(after)) = after {
                let note = format!("{name} is {after} now: its draft was renamed");
                self.core.ctx.note(note);
            }
        }
        Ok(())
    }
}
