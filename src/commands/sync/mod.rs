//! `git gryt sync`: exchange with the cloud.

pub(crate) mod evolutions;
pub(crate) mod movement;
pub(crate) mod published;
pub(crate) mod pull;
pub(crate) mod push;
pub(crate) mod republish;
pub(crate) mod status;
pub(crate) mod watch;
pub(crate) mod way;

use anyhow::Result;
use clap::{Args, Subcommand};

use self::movement::MoveArgs;
use self::watch::WatchArgs;
use super::{Outcome, typed_if};
use crate::model::publish;
use crate::session::Session;
use crate::session::cloud::backfill::Backfilled;
use crate::session::cloud::publish::Commits;

pub(crate) use evolutions::{PushEvolutionsArgs, PushedEvolutions, push_evolutions};
pub(crate) use pull::{Pulled, pull, pull_with};
pub(crate) use push::{PushArgs, Pushed, push};

/// Subcommands of `sync`.
#[derive(Debug, Subcommand)]
pub(crate) enum SyncCommand {
    /// Take over what the cloud has
    Pull {
        /// Add the evolutions of this remote, a contributor's fork, to this clone's
        #[arg(long, value_name = "REMOTE")]
        from: Option<String>,
        /// Leave edited files alone: hooks never speak in a person's name
        #[arg(long, hide = true)]
        leave_edits: bool,
    },
    /// Publish this clone's drafts, and promotions that it made in local mode
    Push(PushArgs),
    /// Publish your evolutions
    PushEvolutions(PushEvolutionsArgs),
    /// Follow the cloud, and print what others push there
    Watch(WatchArgs),
    /// Join drafts of one version that were made separately and have the same text
    Backfill,
    /// Take the project's ledger to another place, or go where it went
    Move(MoveArgs),
    /// Compare this clone with the cloud, or see how far a version is proven
    Status(StatusArgs),
}

/// Arguments of `sync status`.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// How far this version is proven
    version: Option<String>,
    /// The same, as an option
    #[arg(long = "version", value_name = "VERSION", conflicts_with = "version")]
    named: Option<String>,
    /// Answer from what was last seen of the cloud
    #[arg(long)]
    offline: bool,
}

/// Runs a subcommand.
///
/// # Errors
/// As each says.
pub(crate) fn run(session: &Session<'_>, command: &SyncCommand) -> Result<Outcome> {
    match command {
        SyncCommand::Pull {
            from: Some(remote), ..
        } if *remote != session.core.cloud_name()? => {
            let brought = session.cloud.bring(remote)?;
            Ok(Outcome::PullFrom(brought))
        }
        SyncCommand::Pull { leave_edits, .. } => {
            pull_with(session, !leave_edits).map(Outcome::Pull)
        }
        SyncCommand::Push(args) if args.republish => republish::run(session, args.dry_run),
        SyncCommand::Push(args) => push(session, args).map(Outcome::Push),
        SyncCommand::PushEvolutions(args) => {
            let version = typed_if(args.version.as_deref().or(args.named.as_deref()))?;
            push_evolutions(session, version.as_ref(), Commits::asked(args.with_commits))
                .map(Outcome::PushEvolutions)
        }
        SyncCommand::Watch(args) => watch::run(session, args),
        SyncCommand::Backfill => backfill(session).map(Outcome::Backfill),
        SyncCommand::Move(args) => movement::run(session, args),
        SyncCommand::Status(args) => status::run(
            session,
            typed_if(args.version.as_deref().or(args.named.as_deref()))?.as_ref(),
            args.offline,
        ),
    }
}

/// Links drafts of the same content that were created apart, and takes over the rest.
///
/// # Errors
/// As [`pull`].
fn backfill(session: &Session<'_>) -> Result<Backfilled> {
    session.cloud.contact(None)?;
    session.drafts.take_in()?;
    let done = session.cloud.backfill(&session.cloud.seen()?)?;
    let contact = session.cloud.seen()?;
    session.cloud.adopt(&contact)?;
    session.sealing.resume(&contact)?;
    session.drafts.write_view()?;
    session.core.note_contact();
    Ok(done)
}

/// Delivers whatever is pending, as `cloud` mode does after each change. What a draft meets on
/// the way is told; it stays pending.
///
/// # Errors
/// The cloud cannot be reached, refuses, or does not check.
pub(crate) fn deliver(session: &Session<'_>) -> Result<()> {
    for failure in push(session, &PushArgs::default())?.errors {
        session
            .core
            .ctx
            .warn(format!("{}: {}", failure.version, failure.error));
    }
    let pushed = push_evolutions(session, None, Commits::Hold)?;
    for blocked in &pushed.blocked {
        session.core.ctx.warn(format!(
            "Not shared yet: {}",
            publish::refused(std::slice::from_ref(blocked)).what
        ));
    }
    Ok(())
}
