//! Exchange with the cloud: fetch and check what it has, adopt it, share what is here.

pub(crate) mod addresses;
pub(crate) mod adopt;
pub(crate) mod backfill;
pub(crate) mod begin;
pub(crate) mod clear;
pub(crate) mod fetch;
pub(crate) mod fork;
pub(crate) mod news;
pub(crate) mod place;
pub(crate) mod propose;
pub(crate) mod publish;
pub(crate) mod push;
pub(crate) mod renamed;
pub(crate) mod share;

use super::{Core, Drafts, Proving};

/// The view over the core and the wings below for exchange with the cloud.
#[derive(Clone, Copy)]
pub(crate) struct Cloud<'s> {
    pub core: &'s Core<'s>,
    drafts: Drafts<'s>,
    proving: Proving<'s>,
}

impl<'s> Cloud<'s> {
    pub(super) fn over(core: &'s Core<'s>, drafts: Drafts<'s>, proving: Proving<'s>) -> Self {
        Self {
            core,
            drafts,
            proving,
        }
    }
}
