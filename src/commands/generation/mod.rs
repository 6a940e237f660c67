//! `git gryt generation`: declare what a release must contain.

pub(crate) mod commits;
pub(crate) mod delete;
mod deletion;
pub(crate) mod departure;
pub(crate) mod rename;
mod renaming;
pub(crate) mod resolve;

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;

use self::delete::DeleteArgs;
use self::rename::RenameArgs;
use self::resolve::ResolveArgs;
use super::{Outcome, product, typed, typed_if};
use crate::model::approval::{Agreed, Approved, Opinion, Word};
use crate::model::edit::{self, Edit};
use crate::model::scheme::Level;
use crate::model::signed_by::SignedBy;
use crate::model::standing::{Standing, standings};
use crate::model::state::Status;
use crate::model::{Change, Contract, Exit, Person, Refusal, Stamp, Version};
use crate::runner;
use crate::session::Session;
use crate::session::core::sides::Three;
use crate::session::core::signed_by::Signatures;
use crate::session::drafts::edits::TakenIn;
use crate::session::drafts::view::{self, Edited};
use crate::store::ledger::Ledger;
use crate::store::{Refs, names};

/// Subcommands of `generation`.
#[derive(Debug, Subcommand)]
pub(crate) enum GenerationCommand {
    /// Declare a new version
    New(NewArgs),
    /// Change a draft's contract, in the editor unless options say how
    Edit(EditArgs),
    /// Take a draft to another version
    Rename(RenameArgs),
    /// Delete a draft, for everybody where it is published; it can come back for 30 days
    Delete(DeleteArgs),
    /// Bring a deleted draft back
    Restore {
        /// The version
        version: String,
    },
    /// End a conflict over a draft; in the editor unless a side is named
    Resolve(ResolveArgs),
    /// List drafts, and the latest promoted versions
    List {
        /// Only those of this product
        #[arg(long, value_name = "NAME")]
        product: Option<String>,
    },
    /// Show a version: its contract and how far it is proven
    Show {
        /// The version
        version: String,
    },
}

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
    /// Propose changes by the commits since the last release: by trailers Gryt-Change, and by Conventional
    /// Commits. Without a version, take the next one that they ask for
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

/// A draft after an edit.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Changed {
    pub version: Version,
    pub changed: bool,
    /// Whether the cloud has it otherwise, or not at all.
    pub unshared: bool,
}

/// Drafts and releases.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct List {
    pub generations: Vec<Row>,
}

/// One generation in a list.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Row {
    pub version: Version,
    pub status: Status,
    pub description: Option<String>,
    #[serde(rename = "change_count")]
    pub changes: usize,
    pub proven: usize,
    /// Whether its file was edited and not taken in yet.
    pub edited: bool,
}

/// One generation in full.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Shown {
    pub version: Version,
    pub status: Status,
    pub description: Option<String>,
    pub changes: Vec<Standing>,
    pub edited: bool,
    pub promoter: Option<Person>,
    pub promoted_at: Option<Stamp>,
    pub commit: Option<crate::model::Oid>,
    /// What people say of it.
    pub approvals: Vec<Opinion>,
    /// Who signed the promotion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<SignedBy>,
}

/// How many promoted versions a list shows.
const LATEST: usize = 10;

/// Runs a subcommand.
///
/// # Errors
/// As each says.
pub(crate) fn run(session: &Session<'_>, command: &GenerationCommand) -> Result<Outcome> {
    match command {
        GenerationCommand::New(args) => new(session, args),
        GenerationCommand::Edit(args) => edit(session, args),
        GenerationCommand::Rename(args) => rename::run(session, args),
        GenerationCommand::Delete(args) => delete::delete(session, args),
        GenerationCommand::Restore { version } => delete::restore(session, version),
        GenerationCommand::Resolve(args) => resolve::run(session, args),
        GenerationCommand::List { product } => list(session, product.as_deref()),
        GenerationCommand::Show { version } => show(session, &typed(version)?),
    }
}

fn new(session: &Session<'_>, args: &NewArgs) -> Result<Outcome> {
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

/// Refuses a zero before the first number. It is the same version, and the only spelling of it from then
/// on.
pub(super) fn no_slip(version: &Version, command: &str) -> Result<(), Refusal> {
    let Some(meant) = version.slip() else {
        return Ok(());
    };
    let what = format!("{version} begins with a zero: did you mean {meant}?");
    Err(Refusal::new(Exit::Invalid, what).then(format!("{command} {meant}")))
}

/// The text of a file that somebody wrote before there was a draft: it becomes the draft.
fn by_hand(session: &Session<'_>, args: &NewArgs, version: &Version) -> Result<Option<String>> {
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

fn puts(changes: &[String]) -> Result<Vec<Edit>, Refusal> {
    let mut known: Vec<Change> = Vec::new();
    for text in changes {
        let change: Change = typed(text)?;
        if let Some(twin) = known.iter().find(|other| other.id.is(&change.id)) {
            let what = format!("{} and {} are one change: name it once", twin.id, change.id);
            return Err(Refusal::new(Exit::Invalid, what));
        }
        known.push(change);
    }
    Ok(known.into_iter().map(Edit::Put).collect())
}

fn edit(session: &Session<'_>, args: &EditArgs) -> Result<Outcome> {
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

fn in_editor(session: &Session<'_>, refs: &Refs, version: Version) -> Result<Outcome> {
    let before = session.core.draft(refs, &version)?.tip;
    session.drafts.write_view()?;
    let file = session.core.top()?.join(view::path(&version));
    let editor = session.core.store.git().read(&["var", "GIT_EDITOR"])?;
    let editor = String::from_utf8_lossy(&editor).trim().to_owned();
    let mut before_last: Option<Vec<u8>> = None;
    loop {
        session.core.rest();
        if !runner::editor(&editor, &file)? {
            let what = "The editor failed; nothing was taken in";
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

fn list(session: &Session<'_>, only: Option<&str>) -> Result<Outcome> {
    let only = product(only)?;
    let refs = session.core.store.refs()?;
    let edited = session.drafts.edited(&refs)?;
    let mut generations = Vec::new();
    let cache = session.core.cache(&refs)?;
    for release in cache.releases(LATEST, only)? {
        generations.push(Row {
            status: release.status(),
            description: release.description,
            changes: release.changes,
            // Nothing is known to be proven of what was released before gryt.
            proven: if release.imported { 0 } else { release.changes },
            edited: false,
            version: release.version,
        });
    }
    generations.reverse();
    let mut drafts = cache.drafts()?;
    drafts.retain(|draft| only.is_none() || draft.version.product() == only);
    drafts.sort_by(|a, b| a.version.cmp(&b.version));
    for draft in drafts {
        let touched = |(version, _): &(Version, _)| version.as_str() == draft.version.as_str();
        generations.push(Row {
            edited: edited.iter().any(touched),
            version: draft.version,
            status: draft.status,
            description: draft.description,
            changes: draft.changes,
            proven: draft.proven,
        });
    }
    Ok(Outcome::GenerationList(List { generations }))
}

/// Who signed the promotion of `version`.
fn signature(
    session: &Session<'_>,
    ledger: &Ledger,
    version: &Version,
) -> Result<Option<SignedBy>> {
    let sealed = session.core.promotions(ledger)?.into_iter();
    let Some((_, entry)) = sealed.into_iter().find(|(sealed, _)| sealed == version) else {
        return Ok(None);
    };
    let all = Signatures::of(ledger, vec![entry.clone()]);
    session.core.signed_by(&all, &entry).map(Some)
}

fn show(session: &Session<'_>, version: &Version) -> Result<Outcome> {
    let refs = session.core.store.refs()?;
    if let Some(ledger) = session.core.ledger(&refs)?
        && let Some(sealed) = session.core.store.sealed(&ledger, version)?
    {
        let (_, contract) = session.core.store.sealed_contract(&ledger, &sealed)?;
        return Ok(Outcome::GenerationShow(Shown {
            status: session.core.sealed_status(&refs, &sealed.version)?,
            description: contract.description.clone(),
            changes: crate::session::core::survey::sealed_standings(&contract, &sealed),
            edited: false,
            signature: signature(session, &ledger, &sealed.version)?,
            promoter: Some(sealed.promoter),
            promoted_at: Some(sealed.promoted_at),
            approvals: sealed.approvals.iter().map(Approved::opinion).collect(),
            commit: Some(sealed.commit),
            version: sealed.version,
        }));
    }
    if let Some(old) = session.core.released_before(&refs, version)? {
        return Ok(Outcome::GenerationShow(Shown {
            signature: None,
            approvals: Vec::new(),
            status: Status::Imported,
            changes: old.standings(),
            description: old.description,
            edited: false,
            promoter: Some(old.by),
            promoted_at: Some(old.at),
            commit: old.commit,
            version: old.version,
        }));
    }
    let draft = session.core.draft(&refs, version)?;
    let contract = draft.contract().map_err(Refusal::from)?;
    let mut attempts = session.core.attempts(&refs, &draft.version)?;
    if let Some(head) = session.core.head()? {
        session.core.cover_as_known(attempts.iter_mut(), &head)?;
    }
    let edited = session.drafts.edited(&refs)?;
    let (cloud, adopted) = (
        session.core.known_cloud(&refs),
        session.core.adopted(&refs)?,
    );
    let tips = Three {
        local: refs.local(),
        cloud: &cloud,
        adopted: &adopted,
    };
    let mut agreed = Agreed {
        given: session.core.said_of(&draft.version, &tips)?,
        ..Agreed::default()
    };
    agreed
        .given
        .retain(|given| given.approval.generation == draft.root);
    let said = agreed.words().into_iter();
    let said = said.filter(|given| given.approval.says != Word::Revoked);
    Ok(Outcome::GenerationShow(Shown {
        approvals: said.map(|given| given.opinion(&draft.blob)).collect(),
        status: Status::Draft,
        description: contract.description.clone(),
        changes: standings(&contract, &draft.root, &attempts),
        edited: edited.iter().any(|(v, _)| v == version),
        promoter: None,
        promoted_at: None,
        commit: None,
        signature: None,
        version: draft.version,
    }))
}
