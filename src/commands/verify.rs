//! `git gryt verify`: go over the ledger again, entry by entry.

pub(crate) mod file;

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use serde::Serialize;

use super::{Outcome, typed_if};
use crate::model::disputed::{Disputed, Rule};
use crate::model::sealed::Acceptance;
use crate::model::signed_by::Signed;
use crate::model::{Exit, Oid, Person, Refusal, Stamp, Version};
use crate::session::Session;
use crate::session::sealing::append::Next;
use crate::session::sealing::audit::Weight;
use crate::session::sealing::unheld::Unheld;

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Check this version only
    version: Option<String>,
    /// Record that an entry (a version, or the entry's oid) was disputed by mistake. Only promoters may do
    /// this
    #[arg(
        long,
        value_name = "ENTRY",
        conflicts_with = "version",
        requires = "reason"
    )]
    accept: Option<String>,
    /// Say which release a file belongs to, by its digest
    #[arg(long, value_name = "PATH", conflicts_with = "accept")]
    file: Option<PathBuf>,
    /// Why it was a mistake
    #[arg(long, value_name = "TEXT", requires = "accept")]
    reason: Option<String>,
}

/// An entry that is no longer disputed.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Accepted {
    #[serde(flatten)]
    pub acceptance: Acceptance,
    /// What the entry is called.
    pub name: String,
    /// Whether that is in the cloud's ledger.
    #[serde(rename = "in_cloud")]
    pub cloud: bool,
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
    /// Problems that a later promotion which holds left behind.
    pub past: Vec<Problem>,
    /// What this clone cannot tell.
    pub unknown: Vec<Problem>,
    /// What is worth a look, and is no problem by itself.
    pub looks: Vec<Problem>,
    /// Who signed each promotion that was judged.
    pub signatures: Vec<Signed>,
    /// Those of them that people are shown.
    #[serde(skip)]
    pub shown_signatures: Vec<Signed>,
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
    /// The version, or what else the entry is called.
    pub at: String,
    /// The rule that the entry is disputed by (docs/policy.md, "Disputed").
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<Rule>,
    pub what: String,
}

impl Report {
    /// A ledger in which something does not hold does not verify; nor does one of which that cannot be
    /// told.
    pub(crate) fn exit(&self) -> Exit {
        match (self.problems.is_empty(), self.unknown.is_empty()) {
            (false, _) => Exit::Rewritten,
            (true, false) => Exit::Failure,
            (true, true) => Exit::Done,
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
    if let Some(entry) = &args.accept {
        let reason = args.reason.as_deref().unwrap_or_default();
        return accept(session, entry, reason);
    }
    let only: Option<Version> = typed_if(args.version.as_deref())?;
    if let Some(path) = &args.file {
        return file::run(session, path, only.as_ref());
    }
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
        past: Vec::new(),
        unknown: Vec::new(),
        looks: Vec::new(),
        shown_signatures: match only.is_some() || session.core.ctx.verbose {
            true => audit.signatures.clone(),
            false => Vec::new(),
        },
        signatures: audit.signatures,
    };
    for finding in audit.findings {
        let list = match finding.weight {
            Weight::Problem => &mut report.problems,
            Weight::Past => &mut report.past,
            Weight::Unknown => &mut report.unknown,
            Weight::Look => &mut report.looks,
        };
        list.push(Problem {
            at: finding.at,
            rule: finding.rule,
            what: finding.what,
        });
    }
    for sealed in audit.excused {
        report.excused.push(Excused {
            excuses: sealed.excuses(),
            version: sealed.version,
            promoter: sealed.promoter,
            promoted_at: sealed.promoted_at,
        });
    }
    Ok(Outcome::Verify(report))
}

/// Appends to the ledger that an entry is disputed in error.
///
/// # Errors
/// [`Exit::Invalid`] where no such entry is disputed.
fn accept(session: &Session<'_>, entry: &str, reason: &str) -> Result<Outcome> {
    // One line, whoever prints it.
    let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    if reason.is_empty() {
        return Err(Refusal::new(Exit::Usage, "An acceptance says why").into());
    }
    let version: Option<Version> = entry.parse().ok();
    let by = session.core.me()?;
    let at = session.core.author()?.committer.at;
    let (acceptance, name) = session.sealing.append(|ledger| {
        let is_it = |oid: &Oid, disputed: &Disputed| {
            let named = version.as_ref().is_some_and(|v| disputed.releases(v));
            named || entry.len() >= 7 && oid.as_str().starts_with(entry)
        };
        let found = ledger.and_then(|ledger| {
            let mut all = ledger.disputed.iter();
            let found = all.find(|(oid, disputed)| is_it(oid, disputed));
            Some((ledger, found?))
        });
        let Some((ledger, (oid, disputed))) = found else {
            let what = format!("No entry {entry} is disputed");
            let refusal = Refusal::new(Exit::Invalid, what);
            return Err(refusal.then("git gryt verify").into());
        };
        let acceptance = Acceptance {
            entry: oid.clone(),
            reason: reason.clone(),
            by: by.clone(),
            at,
        };
        let author = session.core.author()?;
        let written = session
            .core
            .store
            .write_acceptance(author, ledger, &acceptance)?;
        Ok(Next::Entry(written, (acceptance, disputed.name())))
    })?;
    Ok(Outcome::Accept(Accepted {
        acceptance,
        name,
        cloud: session.core.config.remote.is_some(),
    }))
}
