//! `git gryt export`: what happened, for other tools.

use std::sync::atomic::Ordering;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::Outcome;
use crate::context::Event;
use crate::model::trail::Act;
use crate::session::Session;

/// In which form.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// The form: statements of in-toto, one a line; or everything that was done, as one JSON document or as a table
    #[arg(long, value_enum, value_name = "FORMAT", conflicts_with = "json")]
    format: Format,
}

/// In which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    InToto,
    Json,
    Csv,
}

/// What was exported. It was printed act by act while the command worked, and is never held as a whole.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Exported {
    pub acts: Vec<Act>,
}

/// Prints all that this clone knows, piece by piece: nothing of it is kept.
///
/// # Errors
/// The ledger cannot be read.
pub(crate) fn run(session: &Session<'_>, args: &ExportArgs) -> Result<Outcome> {
    let refs = session.core.store.refs()?;
    let ledger = session.core.ledger(&refs)?;
    let ledger = ledger.as_ref();
    let ctx = session.core.ctx;
    let print = |text: &str| -> Result<()> {
        if ctx.unheard.load(Ordering::SeqCst) {
            bail!("what is exported cannot be printed any more");
        }
        ctx.tell(Event::Heard {
            bytes: text.as_bytes(),
        });
        Ok(())
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
    }
    Ok(Outcome::Export(Exported { acts: Vec::new() }))
}

fn row<T: AsRef<[u8]>>(cells: impl IntoIterator<Item = T>) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells)?;
    Ok(String::from_utf8(writer.into_inner()?)?)
}
