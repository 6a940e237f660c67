//! What a clone does with what the cloud has: a pure plan over the refs of both.
//!
//! Nothing here is ever overwritten in silence: each ref is adopted, kept, moved aside, or named
//! in the plan as something that a person has to look at.

mod adopted;
mod approval;
mod draft;
mod evolution;
#[cfg(test)]
mod tests;

use serde::Serialize;

use super::{Invalid, Oid};

pub(crate) use adopted::{Adopted, DisputedEntry, Renamed};
pub(crate) use approval::{ApprovalStep, approval};
pub(crate) use draft::{DraftConflict, DraftStep, draft};
pub(crate) use evolution::{EvolutionStep, evolution, next_number};

/// How this clone's tip of a ref stands to the cloud's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    Same,
    /// This clone has commits that the cloud lacks.
    Ahead,
    /// The cloud has commits that this clone lacks.
    Behind,
    /// Both have, from one root.
    Diverged,
    /// Two roots: two things of one name.
    Unrelated,
}

/// One side of a ref, three times: here, there, and as this clone last took it over from there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sides {
    pub local: Option<Oid>,
    pub cloud: Option<Oid>,
    pub adopted: Option<Oid>,
    /// Local against cloud, where there are both.
    pub relation: Option<Relation>,
    /// Local against the adopted tip, where there are both: has this clone gone on since?
    pub since: Option<Relation>,
    /// What is wrong with the cloud's, where it was looked at.
    pub invalid: Option<Invalid>,
}

/// How a sealed version stands to the draft or evolution of that name that is still around.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seal {
    /// Not promoted.
    Open,
    /// Promoted, and this clone's tip went into it or is older than what did.
    Folded,
    /// Promoted, and this clone's tip holds something that did not go into it.
    Beyond,
    /// Promoted from something else altogether.
    Other,
}
