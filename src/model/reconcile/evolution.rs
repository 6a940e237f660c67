//! What a pull does with an evolution.

use super::{Relation, Seal, Sides};
use crate::model::{Invalid, Oid};

/// What to do with one evolution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EvolutionStep {
    Adopt(Oid),
    Advance(Oid),
    Keep,
    /// It went into a release: the ref goes.
    Retire,
    /// It left the cloud, and this clone has nothing more of it: move it aside and say so.
    Leave,
    /// The same, and its number is another's in the cloud by now, which comes in its place.
    Replace(Oid),
    /// Its version was sealed without it.
    Late,
    /// The number is another's in the cloud: this clone's takes the next, and the cloud's comes
    /// in its place.
    Renumber(Oid),
    /// Its owner went on in two clones: this clone's proofs follow the cloud's.
    Replay(Oid),
    Quarantine(Invalid),
}

/// Decides about one evolution.
pub(crate) fn evolution(sides: &Sides, seal: Seal) -> EvolutionStep {
    match (seal, &sides.local) {
        (Seal::Open, _) => {}
        (_, None) => return EvolutionStep::Keep,
        (Seal::Folded, Some(_)) => return EvolutionStep::Retire,
        (Seal::Beyond | Seal::Other, Some(_)) => {
            return match (&sides.cloud, sides.since) {
                // It was abandoned, by its owner or by whoever promoted its version.
                (None, Some(Relation::Same | Relation::Behind)) => EvolutionStep::Leave,
                _ => EvolutionStep::Late,
            };
        }
    }
    let Some(cloud) = &sides.cloud else {
        return match sides.since {
            Some(Relation::Same | Relation::Behind) => EvolutionStep::Leave,
            _ => EvolutionStep::Keep,
        };
    };
    if let Some(invalid) = &sides.invalid {
        return EvolutionStep::Quarantine(invalid.clone());
    }
    match sides.relation {
        None => EvolutionStep::Adopt(cloud.clone()),
        Some(Relation::Same | Relation::Ahead) => EvolutionStep::Keep,
        Some(Relation::Behind) => EvolutionStep::Advance(cloud.clone()),
        Some(Relation::Diverged) => EvolutionStep::Replay(cloud.clone()),
        Some(Relation::Unrelated) => match sides.since {
            Some(Relation::Same | Relation::Behind) => EvolutionStep::Replace(cloud.clone()),
            _ => EvolutionStep::Renumber(cloud.clone()),
        },
    }
}

/// The next number for a change: one more than the highest that anybody has.
pub(crate) fn next_number(taken: impl IntoIterator<Item = u32>) -> u32 {
    taken.into_iter().max().unwrap_or(0).saturating_add(1)
}
