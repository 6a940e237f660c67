//! What becomes of one evolution.

use anyhow::Result;

use super::{Adoption, Cloud};
use crate::model::reconcile::{self, EvolutionStep, Relation};
use crate::model::sealed::Sealed;
use crate::model::{EvolutionName, Oid};
use crate::store::names;

impl Cloud<'_> {
    pub(super) fn plan_evolution(
        self,
        adoption: &mut Adoption<'_>,
        name: &str,
        evolution: &EvolutionName,
        sealed: Option<&Sealed>,
    ) -> Result<()> {
        let tips = adoption.tips();
        let invalid = match tips.cloud.get(name) {
            Some(cloud) if tips.local.get(name) != Some(cloud) => {
                self.core.attempt_there(evolution, cloud)?.err()
            }
            _ => None,
        };
        let relation = |here: &Oid, there: &Oid| match invalid {
            // What does not check may not even have a history that can be walked.
            Some(_) => Ok(Relation::Unrelated),
            None => self.core.store.relation(here, there),
        };
        let mut sides = self.core.sides(&tips, name, relation)?;
        sides.invalid = invalid;
        let seal = self
            .core
            .evolution_seal(evolution, sides.local.as_ref(), sealed)?;
        let step = reconcile::evolution(&sides, seal);
        let memory = match step {
            EvolutionStep::Quarantine(_) => &sides.adopted,
            _ => &sides.cloud,
        };
        if let Some(memory) = memory {
            adoption.after.insert(name.to_owned(), memory.clone());
        }
        match step {
            EvolutionStep::Keep => {}
            EvolutionStep::Adopt(tip) => {
                adoption.set(name, Some(&tip));
                adoption.sum.new_evolutions.push(evolution.clone());
            }
            EvolutionStep::Advance(tip) => adoption.set(name, Some(&tip)),
            EvolutionStep::Retire => adoption.set(name, None),
            EvolutionStep::Leave => {
                self.leaves(adoption, evolution, sides.local.as_ref())?;
                adoption.set(name, None);
            }
            EvolutionStep::Replace(theirs) => {
                self.leaves(adoption, evolution, sides.local.as_ref())?;
                adoption.set(name, Some(&theirs));
                adoption.sum.new_evolutions.push(evolution.clone());
            }
            EvolutionStep::Late if seal == reconcile::Seal::Beyond => {
                adoption.sum.late_proofs.push(evolution.clone());
            }
            EvolutionStep::Late => adoption.sum.late_evolutions.push(evolution.clone()),
            EvolutionStep::Replay(theirs) => {
                if let (true, Some(mine)) = (adoption.writes(), &sides.local) {
                    let tip = self.core.store.replay(self.core.author()?, mine, &theirs)?;
                    adoption.set(name, Some(&tip));
                }
                adoption.sum.replayed.push(evolution.clone());
            }
            EvolutionStep::Quarantine(why) => {
                // What is broken keeps its number; what this person proved goes on under the next.
                if self.is_own(evolution, sides.local.as_ref())? {
                    let after = adoption.next_number(evolution);
                    adoption.set(names::evolution(&after), sides.local.as_ref());
                    adoption.set(name, None);
                    adoption.sum.renumbered.push((evolution.clone(), after));
                }
                let entry = (evolution.to_string(), why.to_string());
                adoption.sum.quarantined.push(entry);
            }
            EvolutionStep::Renumber(theirs) => {
                let after = adoption.next_number(evolution);
                adoption.set(names::evolution(&after), sides.local.as_ref());
                adoption.set(name, Some(&theirs));
                adoption.sum.renumbered.push((evolution.clone(), after));
            }
        }
        Ok(())
    }

    /// Puts aside an evolution that left the cloud, and says so.
    fn leaves(
        self,
        adoption: &mut Adoption<'_>,
        name: &EvolutionName,
        tip: Option<&Oid>,
    ) -> Result<()> {
        if let (true, Some(tip)) = (adoption.writes(), tip) {
            // This person's goes under one name with its draft, which may leave with it, and comes back with it.
            let draft = match self.is_own(name, Some(tip))? {
                true => adoption.local.get(&names::draft(&name.version)),
                false => None,
            };
            let departure = self.drafts.departure(draft.unwrap_or(tip));
            let aside = names::deleted_evolution(name, &departure);
            adoption.set(aside, Some(tip));
        }
        adoption.sum.left.push(name.clone());
        Ok(())
    }

    /// Whether the evolution at `tip` is this person's, and sound.
    pub(super) fn is_own(self, name: &EvolutionName, tip: Option<&Oid>) -> Result<bool> {
        let Some(tip) = tip else {
            return Ok(false);
        };
        let attempt = self.core.store.attempt(name, tip)?;
        Ok(match attempt {
            Ok(attempt) => {
                let me = self.core.reader();
                me.is_some_and(|me| attempt.evolution.owner.is(&me))
            }
            Err(_) => false,
        })
    }
}
