//! Exchange with the cloud: fetch and check what it has, adopt it, share what is here.

pub mod adopt;
pub mod backfill;
pub mod begin;
pub mod clear;
pub mod fetch;
pub mod fork;
pub mod news;
pub mod propose;
pub mod push;
pub mod share;

use super::{Core, Drafts, Proving};

/// The view over the core and the wings below for exchange with the cloud.
#[derive(Clone, Copy)]
pub struct Cloud<'s> {
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
