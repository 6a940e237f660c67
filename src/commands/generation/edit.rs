//! `git gryt generation edit`: change a draft's contract.

use super::puts;
use crate::commands::{Outcome, typed};
use crate::model::edit::{self, Edit};
use crate::model::{Exit, Refusal, Version};
use crate::runner;
use crate::session::Session;
use crate::session::drafts::edits::TakenIn;
use crate::session::drafts::view::{self};
use crate::store::{Refs, names};
use anyhow::Result;
use clap::Args;
use serde::Serialize;

/// Arguments of `generation edit`.
#[derive(Debug, Args)]
pub(crate) struct EditArgs {
    /// The version
    version: String,
    /// Add a change, or set type and title of the one with that id
    #[arg(long = "change", value_name = "TYPE:ID:TITLE")]
    changes: Vec<String>,
    /// Remove a change
    #[arg(long = "drop", value_name = "ID")]
    drops: Vec<String>,
    /// Say who is to do a change
    #[arg(long = "assign", value_name = "ID=WHO")]
    assigns: Vec<String>,
    /// Say what the version is
    #[arg(short, long, value_name = "TEXT")]
    description: Option<String>,
}

/// A draft after an edit.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Changed {
    pub version: Version,
    pub changed: bool,
    /// Whether the cloud has it otherwise, or not at all.
    pub unshared: bool,
}

pub(super) fn edit(session: &Session<'_>, args: &EditArgs) -> Result<Outcome> {
    let mut edits = puts(&args.changes)?;
    for id in &args.drops {
        edits.push(Edit::Drop(typed(id)?));
    }
    for text in &args.assigns {
        let (id, who) = text.split_once('=').ok_or_else(|| {
            Refusal::new(
                Exit::Usage,
                format!("`{text}` is not ID=WHO, like FEAT-101=ann"),
            )
        })?;
        edits.push(Edit::Assign(typed(id)?, who.trim().to_owned()));
    }
    edits.extend(args.description.clone().map(Edit::Describe));
    let version: Version = typed(&args.version)?;
    let taken = session.drafts.take_in()?;
    let refs = session.core.store.refs()?;
    session.core.open_version(&refs, &version)?;
    let version = session.core.draft(&refs, &version)?.version;
    if edits.is_empty() {
        return in_editor(session, &refs, version);
    }
    taken.require(&version)?;
    let author = session.core.author()?;
    let changed = session.core.change(|refs| {
        let draft = session.core.draft(refs, &version)?;
        let contract = draft.contract().map_err(Refusal::from)?;
        let text = String::from_utf8_lossy(&draft.text);
        let text = edit::apply(&text, &contract, &edits).map_err(Refusal::from)?;
        if text.as_bytes() == draft.text {
            return Ok((Vec::new(), false));
        }
        let new = session.core.store.write_draft_edit(
            author,
            &version,
            &draft.tip,
            text.as_bytes(),
            "Edit",
        )?;
        Ok((vec![refs.change(names::draft(&version), Some(&new))], true))
    })?;
    session.drafts.write_view()?;
    Ok(Outcome::GenerationEdit(Changed {
        changed,
        unshared: session.core.is_unshared(&version)?,
        version,
    }))
}

pub(super) fn in_editor(session: &Session<'_>, refs: &Refs, version: Version) -> Result<Outcome> {
    let before = session.core.draft(refs, &version)?.tip;
    session.drafts.write_view()?;
    let file = session.core.top()?.join(view::path(&version));
    let editor = session.core.store.git().read(&["var", "GIT_EDITOR"])?;
    let editor = String::from_utf8_lossy(&editor).trim().to_owned();
    let mut before_last: Option<Vec<u8>> = None;
    loop {
        session.core.rest();
        if !runner::editor(&editor, &file)? {
            let what = "The editor failed, and nothing was changed";
            return Err(Refusal::new(Exit::Failure, what).into());
        }
        let taken: TakenIn = session.drafts.take_in_untold()?;
        let Err(refusal) = taken.require(&version) else {
            break;
        };
        let text = session.drafts.file_text(&version)?;
        // Whoever leaves a mistake as it is has seen it.
        if refusal.exit != Exit::Invalid || text == before_last {
            return Err(refusal.into());
        }
        session.core.ctx.warn(refusal.lines());
        before_last = text;
    }
    let after = session
        .core
        .draft(&session.core.store.refs()?, &version)?
        .tip;
    Ok(Outcome::GenerationEdit(Changed {
        changed: before != after,
        unshared: session.core.is_unshared(&version)?,
        version,
    }))
}
