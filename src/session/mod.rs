//! What commands share, in wings of one direction: `sealing` stands above `cloud`, `cloud` above
//! `proving`, `proving` above `drafts`, and `drafts` above `core`.
//!
//! A wing is a view over [`Core`] with the wings below it as its fields and methods of its own, so
//! that a call upwards does not compile. docs/architecture.md, "The wings of a session".

pub(crate) mod cloud;
pub(crate) mod core;
pub(crate) mod drafts;
pub(crate) mod proving;
pub(crate) mod sealing;

pub(crate) use self::cloud::Cloud;
pub(crate) use self::core::Core;
pub(crate) use self::drafts::Drafts;
pub(crate) use self::proving::Proving;
pub(crate) use self::sealing::Sealing;

/// What a command works with: the open repository, and a view for each kind of work in it.
#[derive(Clone, Copy)]
pub(crate) struct Session<'s> {
    pub core: &'s Core<'s>,
    pub drafts: Drafts<'s>,
    pub proving: Proving<'s>,
    pub cloud: Cloud<'s>,
    pub sealing: Sealing<'s>,
}

impl<'s> Session<'s> {
    /// The wings over an open repository.
    pub(crate) fn over(core: &'s Core<'s>) -> Self {
        let drafts = Drafts::over(core);
        let proving = Proving::over(core, drafts);
        let cloud = Cloud::over(core, drafts, proving);
        let sealing = Sealing::over(core, drafts, cloud);
        Self {
            core,
            drafts,
            proving,
            cloud,
            sealing,
        }
    }
}
