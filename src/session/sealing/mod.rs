//! Writing to the ledger: the facts that a promotion is decided by, the entry, its tag, and what
//! follows once it stands.

pub mod append;
pub mod audit;
pub mod facts;
pub mod heal;
pub mod intent;
pub mod leaving;
pub mod tag;

use super::{Cloud, Core, Drafts};

/// The view over the core and the wings below for writing to the ledger.
#[derive(Clone, Copy)]
pub struct Sealing<'s> {
    core: &'s Core<'s>,
    drafts: Drafts<'s>,
    cloud: Cloud<'s>,
}

impl<'s> Sealing<'s> {
    pub(super) fn over(core: &'s Core<'s>, drafts: Drafts<'s>, cloud: Cloud<'s>) -> Self {
        Self {
            core,
            drafts,
            cloud,
        }
    }
}
