//! `git gryt help`: a guide in the reader of man pages. What is said of a command is clap's own help.

use std::io::Write;

use anyhow::{Context as _, Result};
use clap::Args;

use super::Outcome;
use super::setup::{Page, Printed};
use crate::runner;

/// Arguments of `help`.
#[derive(Debug, Args)]
pub(crate) struct HelpArgs {
    /// A command, or a guide: concepts, tutorial
    #[arg(value_name = "COMMAND")]
    pub words: Vec<String>,
}

/// Opens the page of a guide in man, where the output is a terminal and man is there. Else its text is
/// printed.
///
/// # Errors
/// The page cannot be written to a temporary file.
pub(crate) fn guide(page: &Page, text: &str, terminal: bool) -> Result<Outcome> {
    let shown = terminal && open(page)?;
    Ok(Outcome::Printed(Printed {
        text: match shown {
            true => String::new(),
            false => text.to_owned(),
        },
    }))
}

/// False where man could not show it.
fn open(page: &Page) -> Result<bool> {
    // A name with a slash is a file to every man.
    let folder = tempfile::tempdir().context("there is no room for a temporary file")?;
    let file = folder.path().join(&page.name);
    let mut made = std::fs::File::create(&file)?;
    made.write_all(&page.text)?;
    runner::man(&file)
}
