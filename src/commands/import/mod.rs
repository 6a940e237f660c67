//! `git gryt import`: bring over what a project has from before (docs/migrating.md).

mod changesets;
mod original;
mod tags;

use anyhow::Result;
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::Outcome;
use crate::model::import::Imported;
use crate::model::shaped::skipped;
use crate::model::{EvolutionName, Exit, Refusal, Version};
use crate::session::Session;
use crate::session::sealing::append::Next;
use crate::store::ledger::Ledger;
use crate::store::refs::drafts;

/// Arguments of `import`.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// The original tool's gryt.db; the folder of changesets (by default .changeset); or a pattern
    /// for the names of tags
    what: Option<String>,
    /// What to import
    #[arg(long, value_enum, default_value = "original")]
    from: Source,
    /// The version of the draft that changesets become; by default the next one that they ask for
    #[arg(long = "as", value_name = "VERSION")]
    version: Option<String>,
    /// The product that changesets are of
    #[arg(long, value_name = "NAME", conflicts_with = "version")]
    product: Option<String>,
    /// Who a name of the original tool's record is
    #[arg(long, value_name = "NAME=Name <email>")]
    who: Vec<String>,
    /// Only show what would be imported
    #[arg(long)]
    dry_run: bool,
}

/// Where things can come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Source {
    /// A database of the original Python tool
    Original,
    /// Pending changesets
    Changesets,
    /// Release tags of this clone
    Tags,
}

/// What was brought over.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Report {
    /// Versions that are taken now.
    #[serde(rename = "imports")]
    pub imported: Vec<Version>,
    /// Drafts that were made, or got more changes.
    pub drafts: Vec<Version>,
    pub evolutions: Vec<Brought>,
    /// Names of what is there already.
    pub there: Vec<String>,
    /// What was left out, and why.
    #[serde(serialize_with = "skipped::serialize")]
    #[cfg_attr(test, schemars(with = "Vec<skipped::Shape<String, String>>"))]
    pub skipped: Vec<(String, String)>,
    /// What else is worth knowing.
    pub notes: Vec<String>,
    /// Whether changes of a draft would come over, whatever its version will be.
    #[serde(skip)]
    pub changes: bool,
    pub dry_run: bool,
}

/// An evolution that was brought over.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Brought {
    #[serde(flatten)]
    pub name: EvolutionName,
    /// Why it proves nothing; none where it does.
    #[serde(rename = "reason")]
    pub why: Option<String>,
}

/// Brings over what is named. Done again it does nothing.
///
/// # Errors
/// What is named cannot be read; the cloud cannot be reached or refuses.
pub(crate) fn run(session: &Session<'_>, args: &ImportArgs) -> Result<Outcome> {
    let foreign = match args.from {
        Source::Original => args.version.is_some() || args.product.is_some(),
        Source::Changesets => !args.who.is_empty(),
        Source::Tags => args.version.is_some() || args.product.is_some() || !args.who.is_empty(),
    };
    if let (Source::Original, Some(what)) = (args.from, args.what.as_deref())
        && let Ok(meant) = Source::from_str(what, true)
        && !session.core.ctx.dir.join(what).exists()
    {
        let refusal = Refusal::new(Exit::Usage, format!("There is no file {what} to import"));
        return Err(match meant {
            Source::Original => refusal.then("git gryt import PATH"),
            Source::Changesets | Source::Tags => {
                refusal.then(format!("git gryt import --from {what} --dry-run"))
            }
        }
        .into());
    }
    if foreign {
        let what = "--as and --product are for changesets, --who for the original tool's record";
        return Err(Refusal::new(Exit::Usage, what).into());
    }
    let report = match args.from {
        Source::Tags => tags::run(session, args.what.as_deref(), args.dry_run),
        Source::Changesets => changesets::run(session, args),
        Source::Original => original::run(session, args),
    };
    Ok(Outcome::Import(Report {
        dry_run: args.dry_run,
        ..report?
    }))
}

/// Enters released versions in the ledger, those that it lacks.
fn take(session: &Session<'_>, found: &[Imported], dry_run: bool) -> Result<Report> {
    // A draft of that version is somebody's work, here or as the cloud was last seen.
    let refs = session.core.store.refs()?;
    let (local, cloud) = (refs.local(), session.core.known_cloud(&refs));
    let declared: Vec<Version> = drafts(local)
        .chain(drafts(&cloud))
        .map(|(version, _)| version)
        .collect();
    let mut skipped = Vec::new();
    let mut free = Vec::new();
    for imported in found {
        match declared.iter().find(|draft| **draft == imported.version) {
            None => free.push(imported.clone()),
            Some(draft) => {
                let why =
                    format!("there is a draft {draft}: git gryt generation rename {draft} NEW");
                skipped.push((imported.version.to_string(), why));
            }
        }
    }
    let report = enter(session, &free, dry_run)?;
    Ok(Report { skipped, ..report })
}

fn enter(session: &Session<'_>, found: &[Imported], dry_run: bool) -> Result<Report> {
    if found.is_empty() {
        return Ok(Report::default());
    }
    let decide = |ledger: Option<&Ledger>| -> Result<_> {
        let (new, there) = session.sealing.lacking(ledger, found)?;
        let report = Report {
            imported: new.iter().map(|i| i.version.clone()).collect(),
            there: there.iter().map(Version::to_string).collect(),
            ..Report::default()
        };
        Ok((new, report))
    };
    if dry_run {
        let ledger = match session.core.config.remote {
            Some(_) => session.cloud.contact(None)?.ledger().cloned(),
            None => session.core.ledger(&session.core.store.refs()?)?,
        };
        return Ok(decide(ledger.as_ref())?.1);
    }
    session.sealing.have_ledger()?;
    session.sealing.append(|ledger| {
        let (new, report) = decide(ledger)?;
        match (new.is_empty(), ledger) {
            (false, Some(ledger)) => {
                let by = session.core.author()?;
                let entry = session.core.store.write_import(by, ledger, &new)?;
                Ok(Next::Entry(entry, report))
            }
            _ => Ok(Next::There(report)),
        }
    })
}
