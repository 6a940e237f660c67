//! `git gryt`: release contracts and the proof that they hold, kept inside git.

pub mod model;
