//! The real `git-gryt`, driven as people drive it: several clones around a real bare remote, in
//! an environment of their own. What holds is asserted with plain git wherever git can tell.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on is to stop, saying where"
)]
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

mod advice;
mod anywhere;
mod approvals;
mod artifacts;
mod attacks;
mod beginning;
mod board;
mod board_pictures;
mod branches;
mod browser;
mod cache;
mod ci;
mod conflicts;
mod convergence;
mod coverage;
mod crash;
mod crossings;
mod disks;
mod doctor;
mod documents;
mod editing;
mod evidence;
mod export;
mod from_commits;
mod gpg;
mod heirs;
mod help;
mod hooks;
mod hostile;
mod hosts;
mod imports;
mod isolation;
mod json;
mod keys;
mod killed;
mod layering;
mod leaving;
mod leftover_tags;
mod mailmaps;
mod matrix;
mod messages;
mod moments;
mod moving;
mod networks;
mod news;
mod packed;
mod page;
mod paging;
mod pending;
mod picture;
mod pipelines;
mod policy;
mod previous;
mod products;
mod proving;
mod proxy;
mod publishing;
mod races;
mod reach;
mod refusals;
mod remotes;
mod renames;
mod republish;
mod sandbox;
mod secrets;
mod servers;
mod silence;
mod slips;
mod soak;
mod specification;
mod story;
mod stranded;
mod terminal;
mod thrift;
mod tools;
mod transport;
mod trust;
mod turns;
mod tutorial;
mod unsound;
mod week;
mod wings;
mod workflows;
