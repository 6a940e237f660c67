//! `git gryt sync move`: take the project's ledger to another place, or go where it went.

use anyhow::Result;
use clap::Args;
use serde::Serialize;

use super::{Pulled, Pushed, PushedEvolutions, pull, push, push_evolutions};
use crate::commands::Outcome;
use crate::config;
use crate::model::{Exit, Refusal};
use crate::session::cloud::publish::Commits;
use crate::session::core::files::{read_below, write_below};
use crate::session::sealing::moving::Target;
use crate::session::{Core, Session};

/// Arguments of `sync move`.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("where").required(true).multiple(true)
    .args(["prefix", "remote", "follow", "back"])))]
pub(crate) struct MoveArgs {
    /// Move the refs of this project below another prefix: refs/gryt/ or refs/heads/gryt/
    #[arg(long, value_name = "PREFIX", conflicts_with_all = ["follow", "back"])]
    prefix: Option<String>,
    /// Move the project to another remote of this clone; with --follow, the one that it went to
    #[arg(long, value_name = "NAME", conflicts_with = "back")]
    remote: Option<String>,
    /// Go on where the ledger went, and send again what this clone has and the new place lacks
    #[arg(long, conflicts_with = "back")]
    follow: bool,
    /// Open the old place again, where the move never arrived
    #[arg(long)]
    back: bool,
}

/// What a move came to.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Movement {
    pub act: Act,
    pub remote: String,
    pub prefix: String,
    /// What the new place had for this clone.
    pub pulled: Pulled,
    /// What this clone sent there again.
    pub pushed: Pushed,
    pub proofs: PushedEvolutions,
}

/// Which of the acts it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Act {
    Moved,
    Followed,
    Back,
}

impl Movement {
    /// That of the pull, or of the push.
    pub(crate) fn exit(&self) -> Exit {
        match self.pulled.exit() {
            Exit::Done => self.pushed.exit(),
            exit => exit,
        }
    }
}

/// Moves, follows or goes back.
///
/// # Errors
/// As the acts in [`moving`](crate::session::sealing::moving) say.
pub(crate) fn run(session: &Session<'_>, args: &MoveArgs) -> Result<Outcome> {
    session.drafts.take_in()?;
    let (act, target) = match (args.follow, args.back) {
        (true, _) => (
            Act::Followed,
            session.sealing.follow(args.remote.as_deref())?,
        ),
        (false, true) => (Act::Back, session.sealing.move_back()?),
        (false, false) => {
            let here = session.sealing.here()?;
            let target = Target {
                remote: args.remote.clone().unwrap_or(here.remote),
                prefix: match &args.prefix {
                    Some(prefix) => config::prefix(prefix)?,
                    None => here.prefix,
                },
            };
            session.sealing.move_to(&target)?;
            (Act::Moved, target)
        }
    };
    if act == Act::Moved {
        recommend(session, &target)?;
    }
    // This session began at the old place, and would be waited for.
    session.core.rest();
    let core = Core::open(session.core.ctx)?;
    let there = Session::over(&core);
    let pulled = pull(&there)?;
    let pushed = push(&there, &super::PushArgs::default())?;
    let proofs = match push_evolutions(&there, None, Commits::Hold) {
        Ok(proofs) => proofs,
        // What cannot go without its commits waits for the user's push, as it did before.
        Err(error) if is_out_of_step(&error) => {
            there.core.ctx.warn(format!("Not shared yet: {error:#}"));
            PushedEvolutions::default()
        }
        Err(error) => return Err(error),
    };
    Ok(Outcome::Moved(Box::new(Movement {
        act,
        remote: target.remote,
        prefix: target.prefix,
        pulled,
        pushed,
        proofs,
    })))
}

fn is_out_of_step(error: &anyhow::Error) -> bool {
    let refusal = error.downcast_ref::<Refusal>();
    refusal.is_some_and(|refusal| refusal.exit == Exit::OutOfStep)
}

/// Says in the tracked file where a clone that is made from now on finds the ledger.
fn recommend(session: &Session<'_>, target: &Target) -> Result<()> {
    let Ok(top) = session.core.top() else {
        return Ok(());
    };
    let old = read_below(&top, config::FILE)?.unwrap_or_default();
    let old = String::from_utf8_lossy(&old).into_owned();
    let before = config::read_shared(old.as_bytes())?.remote_prefix;
    let says = before.as_deref().unwrap_or(config::OWN_PREFIX);
    if says == target.prefix {
        return Ok(());
    }
    let text = config::set_shared(&old, "remote_prefix", &target.prefix);
    write_below(&top, config::FILE, text.as_bytes())?;
    session.core.ctx.note(format!(
        "Commit {}, so that every new clone finds the ledger",
        config::FILE
    ));
    Ok(())
}
