//! Drafts in this clone: their files in the working tree, the edits made there, and what is kept of
//! drafts that were deleted.

pub(crate) mod carry;
pub(crate) mod deleted;
pub(crate) mod edits;
pub(crate) mod staged;
pub(crate) mod view;

use super::Core;

/// The view over the core for work on drafts.
#[derive(Clone, Copy)]
pub(crate) struct Drafts<'s> {
    core: &'s Core<'s>,
}

impl<'s> Drafts<'s> {
    pub(super) fn over(core: &'s Core<'s>) -> Self {
        Self { core }
    }
}
