//! Proving changes: which evolution is meant, where its pipeline is, where it runs, and what is
//! recorded of the run.

pub mod current;
pub mod isolate;
pub mod junit;
pub mod pipelines;
pub mod proof;
pub mod wanted;

use super::{Core, Drafts};

/// The view over the core and the drafts for proving changes.
#[derive(Clone, Copy)]
pub struct Proving<'s> {
    core: &'s Core<'s>,
    drafts: Drafts<'s>,
}

impl<'s> Proving<'s> {
    pub(super) fn over(core: &'s Core<'s>, drafts: Drafts<'s>) -> Self {
        Self { core, drafts }
    }
}
