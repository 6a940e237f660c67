//! `git gryt withdraw`: say for ever that a promoted version should not be used.

use anyhow::Result;
use clap::Args;
use serde::Serialize;

use super::{Outcome, typed, typed_if};
use crate::model::person::moment;
use crate::model::sealed::Withdrawal;
use crate::model::{Exit, Refusal, Version};
use crate::session::Session;
use crate::session::sealing::append::Next;
use crate::store::ledger::Ledger;

/// Arguments of `withdraw`.
#[derive(Debug, Args)]
pub(crate) struct WithdrawArgs {
    /// The version
    version: String,
    /// Why it should not be used
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The version to use instead
    #[arg(long = "use", value_name = "VERSION")]
    replacement: Option<String>,
}

/// A version that was withdrawn.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Withdrawn {
    #[serde(flatten)]
    pub withdrawal: Withdrawal,
    /// Whether it is in the cloud's ledger.
    #[serde(rename = "in_cloud")]
    pub cloud: bool,
}

/// Appends a withdrawal to the ledger. The version stays taken.
///
/// # Errors
/// [`Exit::Invalid`] for a version that was never promoted, [`Exit::Taken`] for one that is
/// withdrawn already.
pub(crate) fn run(session: &Session<'_>, args: &WithdrawArgs) -> Result<Outcome> {
    let version: Version = typed(&args.version)?;
    let replacement: Option<Version> = typed_if(args.replacement.as_deref())?;
    if args.reason.trim().is_empty() {
        return Err(Refusal::new(Exit::Usage, "A withdrawal says why").into());
    }
    let withdrawal = Withdrawal {
        version,
        // One line, whoever prints it.
        reason: args.reason.split_whitespace().collect::<Vec<_>>().join(" "),
        replacement,
        by: session.core.me()?,
        at: session.core.author()?.committer.at,
    };
    let cloud = session.core.config.remote.is_some();
    let withdrawal = session.sealing.append(|ledger| {
        if let (Some(ledger), true) = (ledger, cloud)
            && let Some(known) = session
                .core
                .store
                .released_as(ledger, &withdrawal.version)?
            && let Some(there) = session.core.store.withdrawal(ledger, &known)?
            && there.by.is(&withdrawal.by)
            && there.reason == withdrawal.reason
        {
            // Acknowledged or not, in this run or in one that was cut short: it is there.
            return Ok(Next::There(there));
        }
        let (ledger, decided) = decide(session, ledger, &withdrawal)?;
        let by = session.core.author()?;
        let entry = session.core.store.write_withdrawal(by, ledger, &decided)?;
        Ok(Next::Entry(entry, decided))
    })?;
    tell_naming(session, &withdrawal)?;
    Ok(Outcome::Withdraw(Withdrawn { withdrawal, cloud }))
}

/// Says which earlier withdrawals name this version to use instead. They stay as they were written:
/// what they lead to now is what this one names.
fn tell_naming(session: &Session<'_>, withdrawal: &Withdrawal) -> Result<()> {
    let version = &withdrawal.version;
    let refs = session.core.store.refs()?;
    for earlier in session.core.naming(&refs, version)? {
        let says = format!(
            "{} is withdrawn, and says to use {version}",
            earlier.version
        );
        session.core.ctx.warn(match &withdrawal.replacement {
            Some(instead) => format!("{says}: its notes say to use {instead} now"),
            None => format!("{says}: its notes name no version to use now"),
        });
    }
    Ok(())
}

/// The withdrawal as it goes onto the ledger, with the version as it was promoted.
fn decide<'l>(
    session: &Session<'_>,
    ledger: Option<&'l Ledger>,
    wanted: &Withdrawal,
) -> Result<(&'l Ledger, Withdrawal)> {
    let version = &wanted.version;
    let known = match ledger {
        Some(ledger) => session.core.store.released_as(ledger, version)?,
        None => None,
    };
    let (Some(known), Some(ledger)) = (known, ledger) else {
        return Err(
            Refusal::new(Exit::Invalid, format!("{version} was never promoted"))
                .then("git gryt log")
                .into(),
        );
    };
    if let Some(old) = session.core.store.withdrawal(ledger, &known)? {
        return Err(
            Refusal::new(Exit::Taken, format!("{version} is withdrawn already"))
                .because(format!(
                    "{} withdrew it at {}: {}",
                    old.by,
                    moment(&old.at),
                    old.reason
                ))
                .into(),
        );
    }
    let replacement = match &wanted.replacement {
        Some(instead) => Some(standing(session, ledger, instead, &known)?),
        None => None,
    };
    let withdrawal = Withdrawal {
        version: known,
        replacement,
        ..wanted.clone()
    };
    Ok((ledger, withdrawal))
}

/// The release that is to be used instead of `version`, as it was promoted.
fn standing(
    session: &Session<'_>,
    ledger: &Ledger,
    instead: &Version,
    version: &Version,
) -> Result<Version> {
    let refused = |what: String| Refusal::new(Exit::Invalid, what).then("git gryt log");
    let Some(found) = session.core.store.released_as(ledger, instead)? else {
        let what = format!("{instead} is not a promoted version, so it cannot be used instead");
        return Err(refused(what).into());
    };
    if found == *version {
        let what = format!("{version} cannot be used instead of itself");
        return Err(refused(what).into());
    }
    if session.core.store.withdrawal(ledger, &found)?.is_some() {
        let what = format!("{found} is withdrawn too, and cannot be used instead of {version}");
        return Err(refused(what).into());
    }
    Ok(found)
}
