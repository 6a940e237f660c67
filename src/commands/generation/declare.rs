//! `git gryt generation new`: declare a version.

use super::{commits, no_slip, puts};
use crate::commands::{Outcome, product, typed_if};
use crate::model::edit::{self, Edit};
use crate::model::scheme::Level;
use crate::model::{Contract, Exit, Refusal, Version};
use crate::session::Session;
use crate::session::drafts::view::{self, Edited};
use crate::store::names;
use anyhow::Result;
use clap::{Args, ValueEnum};
use serde::Serialize;

/// Arguments of `generation new`.
#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// The version, like v1.2.0 or billing/v1.2.0
    #[arg(required_unless_present_any = ["next", "from_commits"], conflicts_with = "next")]
    version: Option<String>,
    /// Take the next version that nobody has, by the policy's strategy
    #[arg(long, value_enum, value_name = "LEVEL")]
    next: Option<NextLevel>,
    /// The next version of this product
    #[arg(
        long,
        value_name = "NAME",
        conflicts_with_all = ["version", "from"]
    )]
    product: Option<String>,
    /// Count on from this version, for a hot fix of an older line
    #[arg(long, value_name = "VERSION", conflicts_with = "version")]
    from: Option<String>,
    /// What it is, in a line
    #[arg(short, long, value_name = "TEXT")]
    description: Option<String>,
    /// A change that it must contain
    #[arg(long = "change", value_name = "TYPE:ID:TITLE")]
    changes: Vec<String>,
    /// Propose changes from the messages of the commits since the last release: from trailers Gryt-Change, and
    /// from Conventional Commits. Without a version, take the next one that they ask for
    #[arg(long)]
    from_commits: bool,
    /// Read the commits since this one
    #[arg(long, value_name = "REV", requires = "from_commits")]
    since: Option<String>,
    /// Show what would be declared, and declare nothing
    #[arg(long, requires = "from_commits")]
    dry_run: bool,
}

/// Which number is counted up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum NextLevel {
    Major,
    Minor,
    Patch,
}

impl From<NextLevel> for Level {
    fn from(level: NextLevel) -> Self {
        match level {
            NextLevel::Major => Self::Major,
            NextLevel::Minor => Self::Minor,
            NextLevel::Patch => Self::Patch,
        }
    }
}

/// A draft that was made.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Made {
    pub version: Version,
    /// Its file, below the top.
    pub file: String,
    #[serde(rename = "change_count")]
    pub changes: usize,
    /// Whether it is in this clone alone although there is a cloud.
    pub unshared: bool,
    /// The commits that its changes were proposed by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<commits::Found>,
    /// Whether nothing was declared, as was asked.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

pub(super) fn new(session: &Session<'_>, args: &NewArgs) -> Result<Outcome> {
    let named: Option<Version> = typed_if(args.version.as_deref())?;
    if let Some(version) = &named {
        no_slip(version, "git gryt generation new")?;
    }
    let of_product = match &named {
        Some(version) => version.product().map(str::to_owned),
        None => product(args.product.as_deref())?.map(str::to_owned),
    };
    let read = match args.from_commits {
        true => {
            let since = args.since.as_deref();
            Some(commits::read(session, since, of_product.as_deref())?)
        }
        false => None,
    };
    let asked = read.as_ref().map(|(_, proposal)| proposal.level);
    let level = match (args.next, asked) {
        (Some(level), _) => Some(Level::from(level)),
        // Commits that ask for nothing still make a release.
        (None, Some(level)) => Some(level.unwrap_or(Level::Patch)),
        (None, None) => None,
    };
    let version = match (named, level) {
        (Some(version), _) => version,
        (None, Some(level)) => session.cloud.propose(
            level,
            of_product.as_deref(),
            typed_if(args.from.as_deref())?.as_ref(),
        )?,
        (None, None) => return Err(Refusal::new(Exit::Usage, "Name a version").into()),
    };
    let mut text = Contract::blank(&version, args.description.as_deref());
    let mut edits = Vec::new();
    let mut found = None;
    if let Some((lines, proposal)) = read {
        edits.extend(proposal.changes.into_iter().map(|p| Edit::Put(p.change)));
        found = Some(lines);
    }
    edits.extend(puts(&args.changes)?);
    if !edits.is_empty() {
        let blank = Contract::parse(text.as_bytes(), &version).map_err(Refusal::from)?;
        text = edit::apply(&text, &blank, &edits).map_err(Refusal::from)?;
    }
    if let Some(written) = by_hand(session, args, &version)? {
        text = written;
    }
    let contract = Contract::parse(text.as_bytes(), &version).map_err(Refusal::from)?;
    if args.dry_run {
        session
            .core
            .may_declare(&session.core.store.refs()?, &version)?;
        return Ok(Outcome::GenerationNew(Made {
            file: view::path(&version),
            changes: contract.changes.len(),
            unshared: false,
            found,
            dry_run: true,
            version,
        }));
    }
    let author = session.core.author()?;
    if args.version.is_some() {
        session
            .core
            .mention_higher(&session.core.store.refs()?, &version)?;
    }
    session.core.change(|refs| {
        session.core.may_declare(refs, &version)?;
        let nonce = session.core.ctx.nonce();
        let root =
            session
                .core
                .store
                .write_draft_root(author, &version, text.as_bytes(), &nonce)?;
        Ok((vec![refs.change(names::draft(&version), Some(&root))], ()))
    })?;
    session.drafts.write_view()?;
    Ok(Outcome::GenerationNew(Made {
        file: view::path(&version),
        changes: contract.changes.len(),
        unshared: session.core.is_unshared(&version)?,
        found,
        dry_run: false,
        version,
    }))
}

/// The text of a file that somebody wrote before there was a draft: it becomes the draft.
pub(super) fn by_hand(
    session: &Session<'_>,
    args: &NewArgs,
    version: &Version,
) -> Result<Option<String>> {
    let taken = session.drafts.take_in_untold()?;
    let held = taken.held.iter().find(|(held, _)| held == version);
    for (other, edited) in taken.held.iter().filter(|(held, _)| held != version) {
        session.core.ctx.warn(&edited.refusal(other).what);
    }
    let Some((_, edited)) = held else {
        return Ok(None);
    };
    let said = !args.changes.is_empty() || args.description.is_some() || args.from_commits;
    if *edited != (Edited::NoDraft { sealed: false }) || said {
        return Err(edited.refusal(version).into());
    }
    let text = session.drafts.file_text(version)?.unwrap_or_default();
    Contract::parse(&text, version)
        .map_err(|invalid| Refusal::of_file(&view::path(version), &invalid))?;
    let text = String::from_utf8(text);
    let file = view::path(version);
    text.map(Some)
        .map_err(|_| Refusal::new(Exit::Invalid, format!("{file} is not UTF-8")).into())
}
