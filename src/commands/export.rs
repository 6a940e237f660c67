//! `git gryt export`: what happened, for other tools.

use std::error::Error;
use std::fmt;
use std::sync::atomic::Ordering;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::{Outcome, product};
use crate::context::Event;
use crate::model::dossier::{Opening, Piece};
use crate::model::trail::Act;
use crate::model::{Exit, Refusal};
use crate::session::{Core, Session};
use crate::store::Refs;
use crate::store::ledger::Ledger;

/// In which form.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// The form: statements of in-toto, one a line; everything that was done, as one JSON document or as a table; or
    /// releases and drafts as a page for a browser
    #[arg(long, value_enum, value_name = "FORMAT", conflicts_with = "json")]
    format: Format,
    /// Of the page: only releases of that day and later, by UTC, or after that version
    #[arg(long, value_name = "DATE|VERSION")]
    since: Option<String>,
    /// Of the page: only releases and drafts of this product
    #[arg(long, value_name = "NAME")]
    product: Option<String>,
    /// Of the page: its title [default: the name of the cloud's repository]
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
}

/// In which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    InToto,
    Json,
    Csv,
    Html,
}

/// What was exported. It was printed act by act while the command worked, and is never held as a whole.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Exported {
    pub acts: Vec<Act>,
}

/// Whoever read what is exported went away: nothing is left to do.
#[derive(Debug)]
struct Left;

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nobody reads what is exported any more")
    }
}

impl Error for Left {}

/// Prints all that this clone knows, piece by piece: nothing of it is kept.
///
/// # Errors
/// The ledger cannot be read.
pub(crate) fn run(session: &Session<'_>, args: &ExportArgs) -> Result<Outcome> {
    match print(session, args) {
        Err(error) if !error.is::<Left>() => Err(error),
        _ => Ok(Outcome::Export(Exported { acts: Vec::new() })),
    }
}

fn print(session: &Session<'_>, args: &ExportArgs) -> Result<()> {
    let refs = session.core.store.refs()?;
    let ledger = session.core.ledger(&refs)?;
    let ledger = ledger.as_ref();
    let limited = args.since.is_some() || args.product.is_some() || args.title.is_some();
    if limited && args.format != Format::Html {
        let what = "--since, --product and --title are for --format html";
        return Err(Refusal::new(Exit::Usage, what).into());
    }
    let ctx = session.core.ctx;
    let print = |text: &str| -> Result<()> {
        ctx.tell(Event::Heard {
            bytes: text.as_bytes(),
        });
        heard(session)
    };
    match args.format {
        Format::InToto => session.sealing.statements(ledger, &mut |statement| {
            print(&(serde_json::to_string(&statement)? + "\n"))
        })?,
        Format::Json => {
            print("{\"schema\": \"gryt.export/1\", \"acts\": [")?;
            let mut before = "\n";
            session.sealing.acts(ledger, &mut |act| {
                print(&(before.to_owned() + &serde_json::to_string(&act)?))?;
                before = ",\n";
                Ok(())
            })?;
            print("\n]}\n")?;
        }
        Format::Csv => {
            print(&row(Act::COLUMNS)?)?;
            session
                .sealing
                .acts(ledger, &mut |act| print(&row(act.row())?))?;
        }
        Format::Html => page(session, &refs, ledger, args)?,
    }
    Ok(())
}

/// Goes on only while somebody reads what is printed.
fn heard(session: &Session<'_>) -> Result<()> {
    let ctx = session.core.ctx;
    match ctx.unheard.load(Ordering::SeqCst) {
        true if ctx.left.load(Ordering::SeqCst) => Err(Left.into()),
        true => bail!("The output could not be written"),
        false => Ok(()),
    }
}

/// Tells the page, release by release.
fn page(
    session: &Session<'_>,
    refs: &Refs,
    ledger: Option<&Ledger>,
    args: &ExportArgs,
) -> Result<()> {
    let tell = |piece: Piece<'_>| -> Result<()> {
        session.core.ctx.tell(Event::Page { piece });
        heard(session)
    };
    let product = product(args.product.as_deref())?;
    let cache = session.core.cache(refs)?;
    let since = args.since.as_deref();
    let limits = session.sealing.limits(&cache, ledger, (since, product))?;
    let opening = Opening {
        title: args.title.clone().or_else(|| name(session.core)),
        tip: ledger.map(|ledger| ledger.tip.clone()),
        since: args.since.clone(),
        product: args.product.clone(),
        listed: cache.listed(&limits)?,
        figures: cache.figures(&limits)?,
        drafts: session.sealing.waiting(refs, ledger, (&cache, product))?,
    };
    tell(Piece::Opening(&opening))?;
    if let Some(ledger) = ledger {
        let mut release = |dossier: &_| tell(Piece::Release(dossier));
        session
            .sealing
            .dossiers(ledger, &opening.listed, &mut release)?;
    }
    tell(Piece::End)
}

/// What the cloud's repository is called, whichever way leads there.
pub(super) fn name(core: &Core<'_>) -> Option<String> {
    let address = core.cloud_address()?;
    let address = address.trim_end_matches('/');
    let last = address.rsplit(['/', ':']).next()?;
    let name = last.strip_suffix(".git").unwrap_or(last);
    (!name.is_empty()).then(|| name.to_owned())
}

fn row<T: AsRef<[u8]>>(cells: impl IntoIterator<Item = T>) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells)?;
    Ok(String::from_utf8(writer.into_inner()?)?)
}
