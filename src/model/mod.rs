//! The nouns of a release and the decisions about them.
//!
//! Everything here is pure: no files, no clock, no randomness, no other part of the crate. What
//! the outside world says arrives as plain values, and what is to be done leaves as plain values
//! or as a [`Refusal`].

pub(crate) mod address;
pub(crate) mod approval;
pub(crate) mod change;
pub(crate) mod changeset;
pub(crate) mod conventional;
pub(crate) mod dispute;
pub(crate) mod disputed;
pub(crate) mod edit;
pub(crate) mod engine;
pub(crate) mod evolution;
pub(crate) mod excuse;
pub(crate) mod fork;
pub(crate) mod gate;
pub(crate) mod generation;
pub(crate) mod header;
pub(crate) mod hook;
pub(crate) mod host;
pub(crate) mod import;
pub(crate) mod invalid;
pub(crate) mod leaving;
pub(crate) mod ledger;
pub(crate) mod listed;
pub(crate) mod mailmap;
pub(crate) mod merge;
mod mistakes;
pub(crate) mod moved;
pub(crate) mod named;
pub(crate) mod near;
pub(crate) mod news;
pub(crate) mod oid;
mod openpgp;
pub(crate) mod original;
pub(crate) mod person;
pub(crate) mod pipeline;
mod place;
mod plainly;
pub(crate) mod policy;
pub(crate) mod promotion;
pub(crate) mod proof;
#[cfg(test)]
mod protocol;
pub(crate) mod publish;
pub(crate) mod push;
pub(crate) mod receive;
pub(crate) mod reconcile;
pub(crate) mod refusal;
pub(crate) mod republish;
mod requirements;
pub(crate) mod ring;
pub(crate) mod rules;
pub(crate) mod schedule;
pub(crate) mod scheme;
pub(crate) mod sealed;
mod sections;
pub(crate) mod shaped;
pub(crate) mod signature;
pub(crate) mod signed_by;
pub(crate) mod signers;
pub(crate) mod signing;
pub(crate) mod standing;
pub(crate) mod state;
pub(crate) mod steps;
pub(crate) mod strictness;
pub(crate) mod subject;
pub(crate) mod tag_format;
pub(crate) mod trailers;
pub(crate) mod untagged;
pub(crate) mod verdict;
pub(crate) mod version;
pub(crate) mod wanted;
pub(crate) mod weave;

pub(crate) use change::{Change, ChangeId};
pub(crate) use evolution::{Evolution, EvolutionName};
pub(crate) use generation::Contract;
pub(crate) use invalid::Invalid;
pub(crate) use oid::Oid;
pub(crate) use person::{Person, Stamp};
pub(crate) use policy::Policy;
pub(crate) use proof::Proof;
pub(crate) use refusal::{Cause, Exit, Refusal};
pub(crate) use version::Version;
