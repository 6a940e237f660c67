//! What `git gryt promote` is told.

use crate::model::excuse::Plea;
use crate::model::verdict::Gate;
use crate::model::{Exit, Refusal};
use anyhow::Result;
use clap::Args;
use std::time::Duration;

/// Arguments of `promote`.
#[derive(Debug, Args)]
pub(crate) struct PromoteArgs {
    /// The version
    pub(super) version: String,
    /// The commit to release: the one that is approved, or else HEAD
    #[arg(long, value_name = "REV")]
    pub(super) commit: Option<String>,
    /// Say what would happen, and exit as the promotion would
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Publish the release commit and the proven commits, even if no branch of the cloud has them
    #[arg(long)]
    pub(super) with_commits: bool,
    /// Pass a gate that fails and that both policies call waivable
    #[arg(long, value_name = "GATE", requires = "reason")]
    pub(super) waive: Vec<String>,
    /// Pass the gates that only the policy of the previous promotion fails
    #[arg(long, requires = "reason")]
    pub(super) override_previous: bool,
    /// With --override-previous, also override who may promote. Other clones show the release as disputed until they
    /// trust its entry (git gryt config trust)
    #[arg(long, requires = "override_previous")]
    pub(super) without_heir: bool,
    /// Where builds of an artifact differ, release what this evolution's proof made
    #[arg(long, value_name = "EVOLUTION")]
    pub(super) artifacts_of: Option<String>,
    /// Why; sealed with the promotion for everybody to see
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: Option<String>,
    /// Wait for what is missing, such as proofs by other pipelines, by default for 10m; whoever is
    /// first to promote this commit promotes it for all
    #[arg(
        long,
        value_name = "TIME",
        num_args = 0..=1,
        default_missing_value = "10m",
        require_equals = true,
        value_parser = crate::commands::time,
        conflicts_with = "dry_run"
    )]
    pub(super) wait: Option<Duration>,
}

pub(super) fn plea(args: &PromoteArgs) -> Result<Plea, Refusal> {
    let reason = args.reason.as_deref().unwrap_or_default().trim();
    let asked = args.override_previous || !args.waive.is_empty();
    if asked && (reason.is_empty() || reason.chars().any(char::is_control)) {
        return Err(Refusal::new(
            Exit::Usage,
            "A reason is one line of text. The release holds it, and everybody can read it",
        ));
    }
    Ok(Plea {
        waive: args
            .waive
            .iter()
            .map(|name| Gate::named(name))
            .collect::<Result<_, _>>()?,
        override_previous: args.override_previous,
        without_heir: args.without_heir,
        reason: reason.to_owned(),
    })
}
