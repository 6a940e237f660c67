//! The nouns of a release and the decisions about them.
//!
//! Everything here is pure: no files, no clock, no randomness, no other part of the crate. What
//! the outside world says arrives as plain values, and what is to be done leaves as plain values
//! or as a [`Refusal`].

pub mod changeset;
pub mod edit;
pub mod engine;
pub mod evolution;
pub mod excuse;
pub mod fork;
pub mod gate;
pub mod generation;
pub mod hook;
pub mod import;
pub mod invalid;
pub mod leaving;
pub mod ledger;
pub mod merge;
pub mod news;
pub mod oid;
pub mod original;
pub mod person;
pub mod pipeline;
mod place;
pub mod policy;
pub mod promotion;
pub mod proof;
pub mod push;
pub mod reconcile;
pub mod refusal;
pub mod schedule;
pub mod scheme;
pub mod sealed;
mod sections;
pub mod standing;
pub mod state;
pub mod trailers;
pub mod verdict;
pub mod version;
pub mod weave;

pub use evolution::{Evolution, EvolutionName};
pub use generation::{Change, ChangeId, Contract};
pub use invalid::Invalid;
pub use oid::Oid;
pub use person::{Person, Stamp};
pub use policy::Policy;
pub use proof::Proof;
pub use refusal::{Cause, Exit, Refusal};
pub use version::Version;
