//! `git gryt verify`: go over the ledger again, entry by entry.

use anyhow::Result;
use clap::Args;
use serde::Serialize;

use super::{Outcome, typed_if};
use crate::model::{Exit, Oid, Person, Refusal, Stamp, Version};
use crate::session::Session;
use crate::session::sealing::unheld::Unheld;

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Judge this version only
    version: Option<String>,
}

/// What was found.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Report {
    pub genesis: Oid,
    #[serde(rename = "entry_count")]
    pub entries: usize,
    #[serde(rename = "promotion_count")]
    pub promotions: usize,
    /// Whether the branch names the genesis, so that another ledger would be noticed.
    pub named: bool,
    pub excused: Vec<Excused>,
    pub problems: Vec<Problem>,
    /// Versions from before gryt whose commits are about to be lost: nothing holds them here. The
    /// ledger is none the worse for it, nor for a commit that this clone never had (`doctor` tells).
    pub unheld: Vec<Unheld>,
}

/// A release that a promoter's word let through a gate.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Excused {
    pub version: Version,
    pub promoter: Person,
    pub promoted_at: Stamp,
    pub excuses: Vec<String>,
}

/// Something that does not hold.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Problem {
    /// The version, or the entry's oid.
    pub at: String,
    pub what: String,
}

impl Report {
    /// A ledger in which something does not hold does not verify.
    pub(crate) fn exit(&self) -> Exit {
        match self.problems.is_empty() {
            true => Exit::Done,
            false => Exit::Rewritten,
        }
    }
}

/// Verifies this clone's ledger.
///
/// # Errors
/// There is no such version, or the ledger cannot be read.
pub(crate) fn run(session: &Session<'_>, args: &VerifyArgs) -> Result<Outcome> {
    // Here a spoilt object is what is looked for.
    crate::store::Store::hash_again(true);
    let only: Option<Version> = typed_if(args.version.as_deref())?;
    let refs = session.core.store.refs()?;
    let Some(ledger) = session.core.ledger(&refs)? else {
        let refusal = Refusal::new(Exit::Invalid, "There is no ledger yet");
        return Err(refusal.then("git gryt sync pull").into());
    };
    let audit = session.sealing.audit(&ledger, only.as_ref())?;
    if let (Some(version), true) = (&only, audit.promotions == 0) {
        let what = format!("{version} is not promoted");
        return Err(Refusal::new(Exit::Invalid, what).into());
    }
    let mut report = Report {
        named: session.core.config.ledger.as_ref() == Some(&audit.genesis),
        genesis: audit.genesis,
        entries: audit.entries,
        promotions: audit.promotions,
        excused: Vec::new(),
        problems: Vec::new(),
        unheld: match only {
            Some(_) => Vec::new(),
            None => session
                .sealing
                .unheld(&ledger)?
                .into_iter()
                .filter(|it| it.here)
                .collect(),
        },
    };
    for (oid, why) in audit.invalid {
        report.problems.push(Problem {
            at: oid.to_string(),
            what: why,
        });
    }
    for (sealed, wrong) in audit.remarkable {
        let at = sealed.version.to_string();
        let problem = |what| Problem {
            at: at.clone(),
            what,
        };
        report.problems.extend(wrong.into_iter().map(problem));
        let excuses = sealed.excuses();
        if !excuses.is_empty() {
            report.excused.push(Excused {
                version: sealed.version,
                promoter: sealed.promoter,
                promoted_at: sealed.promoted_at,
                excuses,
            });
        }
    }
    Ok(Outcome::Verify(report))
}
