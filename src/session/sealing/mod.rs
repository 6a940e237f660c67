//! Writing to the ledger: the facts that a promotion is decided by, the entry, its tag, and what
//! follows once it stands.

mod again;
pub(crate) mod append;
pub(crate) mod approved;
pub(crate) mod audit;
pub(crate) mod dossiers;
pub(crate) mod facts;
pub(crate) mod heal;
pub(crate) mod intent;
pub(crate) mod leaving;
pub(crate) mod missing;
pub(crate) mod moving;
pub(crate) mod ready;
pub(crate) mod received;
pub(crate) mod republish;
pub(crate) mod tag;
pub(crate) mod trail;
pub(crate) mod unheld;

use super::{Cloud, Core, Drafts};

/// The view over the core and the wings below for writing to the ledger.
#[derive(Clone, Copy)]
pub(crate) struct Sealing<'s> {
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
