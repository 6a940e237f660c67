//! How what this clone has stands to what the cloud has: a ref's three oids, and how they relate.

use std::collections::BTreeMap;

use anyhow::Result;

use super::Core;
use crate::model::reconcile::{self, DraftConflict, DraftStep, Relation, Seal, Sides};
use crate::model::sealed::Sealed;
use crate::model::state::SyncState;
use crate::model::{EvolutionName, Oid, Version};
use crate::store::names;
use crate::store::refs::drafts;

type Tips = BTreeMap<String, Oid>;

/// The refs of three moments: here, in the cloud, and as last taken over from there.
pub(crate) struct Three<'a> {
    pub local: &'a Tips,
    pub cloud: &'a Tips,
    pub adopted: &'a Tips,
}

/// A draft as it was looked at.
pub(crate) struct Look {
    pub sides: Sides,
    pub step: DraftStep,
    /// The text of a merge in which nobody has to choose.
    pub joined: Option<String>,
}

impl Core<'_> {
    pub(crate) fn sides(
        &self,
        tips: &Three<'_>,
        name: &str,
        relation: impl Fn(&Oid, &Oid) -> Result<Relation>,
    ) -> Result<Sides> {
        let local = tips.local.get(name);
        let cloud = tips.cloud.get(name);
        let adopted = tips.adopted.get(name);
        let relate = |there: Option<&Oid>| match (local, there) {
            (Some(local), Some(there)) => relation(local, there).map(Some),
            _ => Ok(None),
        };
        Ok(Sides {
            local: local.cloned(),
            cloud: cloud.cloned(),
            adopted: adopted.cloned(),
            relation: relate(cloud)?,
            // What was adopted may be gone from this clone once the cloud let go of it.
            since: match adopted {
                Some(adopted) if cloud != Some(adopted) && self.store.has(adopted) => {
                    relate(Some(adopted))?
                }
                _ => None,
            },
            invalid: None,
        })
    }

    /// How a draft stands, and what a pull would do with it.
    pub(crate) fn look_at_draft(
        &self,
        tips: &Three<'_>,
        name: &str,
        version: &Version,
        sealed: Option<&Sealed>,
    ) -> Result<Look> {
        let invalid = match tips.cloud.get(name) {
            Some(cloud) if tips.local.get(name) != Some(cloud) => {
                self.draft_there(version, cloud)?.err()
            }
            _ => None,
        };
        let relation = |here: &Oid, there: &Oid| match invalid {
            // What does not check may not even have a history that can be walked.
            Some(_) => Ok(Relation::Unrelated),
            None => self.store.draft_relation(here, there),
        };
        let mut sides = self.sides(tips, name, relation)?;
        sides.invalid = invalid.filter(|_| sealed.is_none());
        let seal = self.draft_seal(version, sides.local.as_ref(), sealed)?;
        let mut step = reconcile::draft(&sides, seal);
        // Two spellings are one version, and only one of them can stand.
        if seal == Seal::Open {
            if sides.cloud.is_none() && has_twin(tips.cloud, version) {
                step = DraftStep::Conflict(DraftConflict::SameVersion);
            } else if sides.local.is_none() && has_twin(tips.local, version) {
                step = DraftStep::Keep;
            }
        }
        let mut joined = None;
        if let (DraftStep::Merge(theirs), Some(ours)) = (&step, &sides.local) {
            match self.merge_drafts(version, ours, theirs, None)? {
                Ok(text) => joined = Some(text),
                Err(_) => step = DraftStep::Conflict(DraftConflict::Edited),
            }
        }
        Ok(Look {
            sides,
            step,
            joined,
        })
    }

    /// How this clone's draft stands to the cloud's, by what was last seen of it.
    ///
    /// # Errors
    /// A draft cannot be read.
    pub(crate) fn draft_state(&self, tips: &Three<'_>, version: &Version) -> Result<SyncState> {
        let name = names::draft(version);
        let look = self.look_at_draft(tips, &name, version, None)?;
        Ok(look.step.state(look.sides.relation))
    }

    /// How this clone's draft stands to the release of its version.
    ///
    /// # Errors
    /// The draft cannot be read.
    pub(crate) fn draft_seal(
        &self,
        version: &Version,
        local: Option<&Oid>,
        sealed: Option<&Sealed>,
    ) -> Result<Seal> {
        Ok(match (sealed, local) {
            (None, _) => Seal::Open,
            (Some(_), None) => Seal::Folded,
            (Some(sealed), Some(_)) if sealed.version.as_str() != version.as_str() => Seal::Other,
            (Some(sealed), Some(local)) => match self.store.draft_relation(local, &sealed.draft)? {
                Relation::Same | Relation::Behind => Seal::Folded,
                Relation::Ahead | Relation::Diverged => Seal::Beyond,
                Relation::Unrelated => Seal::Other,
            },
        })
    }

    pub(crate) fn evolution_seal(
        &self,
        name: &EvolutionName,
        local: Option<&Oid>,
        sealed: Option<&Sealed>,
    ) -> Result<Seal> {
        let Some(sealed) = sealed else {
            return Ok(Seal::Open);
        };
        let Some(local) = local else {
            return Ok(Seal::Folded);
        };
        let same = |folded: &&crate::model::sealed::Folded| folded.change.is(&name.change);
        for folded in sealed.evolutions.iter().filter(same) {
            match self.store.relation(local, &folded.tip)? {
                Relation::Same | Relation::Behind => return Ok(Seal::Folded),
                Relation::Ahead | Relation::Diverged => return Ok(Seal::Beyond),
                Relation::Unrelated => {}
            }
        }
        Ok(Seal::Other)
    }
}

/// Whether there is a draft of this version under another spelling.
fn has_twin(tips: &Tips, version: &Version) -> bool {
    drafts(tips).any(|(other, _)| other == *version && other.as_str() != version.as_str())
}
