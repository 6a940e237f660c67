//! `git gryt promote --wait`: several pipelines that each prove a part of a version and then all
//! want it promoted.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::{PromoteArgs, Promoted};
use crate::commands::{Outcome, sync, typed};
use crate::model::sealed::Sealed;
use crate::model::{Exit, Refusal, Version};
use crate::runner::Interrupt;
use crate::session::Session;

/// Promotes; where it is wished, tries until nothing is missing any more, for so long at most. The first that gets there promotes
/// for all that want the same commit.
///
/// # Errors
/// Whatever says no in the end; what waiting cannot mend is said at once.
pub(crate) fn run(session: &Session<'_>, args: &PromoteArgs) -> Result<Outcome> {
    let Some(limit) = args.wait else {
        return super::run(session, args);
    };
    let interrupt = Interrupt::listen(&session.core.ctx.unheard)?;
    let begun = Instant::now();
    session.core.wait_until(begun + limit);
    let mut told = String::new();
    let mut pause = SHORTEST;
    loop {
        let refusal = match super::run(session, args) {
            Err(error) => error.downcast::<Refusal>()?,
            done => return done,
        };
        match refusal.exit {
            Exit::Taken => return for_all(session, args, refusal),
            Exit::Gate | Exit::OutOfStep => {}
            _ => return Err(refusal.into()),
        }
        let left = limit.saturating_sub(begun.elapsed());
        if left.is_zero() {
            return Err(refusal
                .because("It was not ready when the time of --wait was over")
                .into());
        }
        let what = format!("Waiting: {}", refusal.what);
        if told != what {
            session.core.ctx.note(&what);
            for line in &refusal.why {
                session.core.ctx.note(line);
            }
            told = what;
        }
        // Each clone waits a different time, so that they do not meet again.
        let spread = session.core.ctx.random_below(250);
        session.core.rest();
        if interrupt.within((pause + Duration::from_millis(spread)).min(left)) {
            return Err(Refusal::new(Exit::Interrupted, "Interrupted").into());
        }
        pause = (pause * 2).min(LONGEST);
        if session.core.config.remote.is_some() {
            sync::pull_with(session, false)?;
        }
    }
}

/// The pauses between two looks.
const SHORTEST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(10);

/// Of pipelines that race for one version of one commit, the first promotes it for all.
fn for_all(session: &Session<'_>, args: &PromoteArgs, refusal: Refusal) -> Result<Outcome> {
    let version: Version = typed(&args.version)?;
    let contact = match session.core.config.remote {
        Some(_) => Some(session.cloud.seen()?),
        None => None,
    };
    let ledger = match &contact {
        Some(contact) => contact.ledger().cloned(),
        None => session.core.ledger(&session.core.store.refs()?)?,
    };
    let sealed = match ledger {
        Some(ledger) => session.core.store.sealed(&ledger, &version)?,
        None => None,
    };
    let commit = session
        .core
        .store
        .resolve(args.commit.as_deref().unwrap_or("HEAD"))?;
    // Without a commit each of them takes the approved one.
    let is_it = |sealed: &Sealed| {
        let approved = sealed.approvals.iter().any(|approved| approved.counted);
        sealed.commit == commit || args.commit.is_none() && approved
    };
    let Some(sealed) = sealed.filter(is_it) else {
        return Err(refusal.into());
    };
    if let Some(contact) = &contact {
        session.cloud.adopt(contact)?;
    }
    session.drafts.show();
    Ok(Outcome::Promote(Promoted {
        sealed,
        cloud: session.core.config.remote.is_some(),
        dry_run: false,
        earlier: true,
        tag: None,
        unpushed: false,
        policy_changes: Vec::new(),
        unproven: Vec::new(),
    }))
}
