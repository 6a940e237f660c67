//! Proving changes: which evolution is meant, where its pipeline is, where it runs, and what is
//! recorded of the run.

pub(crate) mod artifacts;
pub(crate) mod current;
pub(crate) mod isolate;
pub(crate) mod junit;
pub(crate) mod pipelines;
pub(crate) mod proof;
pub(crate) mod wanted;
mod wants;

use super::{Core, Drafts};

/// The view over the core and the drafts for proving changes.
#[derive(Clone, Copy)]
pub(crate) struct Proving<'s> {
    core: &'s Core<'s>,
    drafts: Drafts<'s>,
}

impl<'s> Proving<'s> {
    pub(super) fn over(core: &'s Core<'s>, drafts: Drafts<'s>) -> Self {
        Self { core, drafts }
    }
}
