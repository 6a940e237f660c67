//! The `git-gryt` binary.

fn main() {}
