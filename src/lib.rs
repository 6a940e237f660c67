//! `git gryt`: release contracts and the proof that they hold, kept inside git.

pub mod git;
pub mod model;
pub mod store;
