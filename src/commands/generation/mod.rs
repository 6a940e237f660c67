//! `git gryt generation`: declare what a release must contain.

pub(crate) mod declare;
pub(crate) mod edit;

pub(crate) mod commits;
pub(crate) mod delete;
mod deletion;
pub(crate) mod departure;
pub(crate) mod rename;
mod renaming;
pub(crate) mod resolve;

use anyhow::Result;
use clap::Subcommand;
use serde::Serialize;

use self::declare::NewArgs;
use self::delete::DeleteArgs;
use self::edit::EditArgs;
use self::rename::RenameArgs;
use self::resolve::ResolveArgs;
use super::{Outcome, product, typed};
use crate::model::approval::{Agreed, Approved, Opinion, Word};
use crate::model::edit::Edit;
use crate::model::signed_by::SignedBy;
use crate::model::standing::{Standing, standings};
use crate::model::state::Status;
use crate::model::{Change, Exit, Person, Refusal, Stamp, Version};
use crate::session::Session;
use crate::session::core::sides::Three;
use crate::session::core::signed_by::Signatures;
use crate::store::ledger::Ledger;

/// Subcommands of `generation`.
#[derive(Debug, Subcommand)]
pub(crate) enum GenerationCommand {
    /// Declare a new version
    New(NewArgs),
    /// Change a draft's contract, in the editor unless options say how
    Edit(EditArgs),
    /// Rename a draft
    Rename(RenameArgs),
    /// Delete a draft, for everybody where it is published; it can be restored for 30 days
    Delete(DeleteArgs),
    /// Restore a deleted draft
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
        GenerationCommand::New(args) => declare::new(session, args),
        GenerationCommand::Edit(args) => edit::edit(session, args),
        GenerationCommand::Rename(args) => rename::run(session, args),
        GenerationCommand::Delete(args) => delete::delete(session, args),
        GenerationCommand::Restore { version } => delete::restore(session, version),
        GenerationCommand::Resolve(args) => resolve::run(session, args),
        GenerationCommand::List { product } => list(session, product.as_deref()),
        GenerationCommand::Show { version } => {
            let (shown, _) = shown(session, &typed(version)?)?;
            Ok(Outcome::GenerationShow(shown))
        }
    }
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

/// A version in full, and the changes of its contract, in the same order.
///
/// # Errors
/// There is no such version, or its draft does not check.
pub(super) fn shown(session: &Session<'_>, version: &Version) -> Result<(Shown, Vec<Change>)> {
    let refs = session.core.store.refs()?;
    if let Some(ledger) = session.core.ledger(&refs)?
        && let Some(sealed) = session.core.store.sealed(&ledger, version)?
    {
        let (_, contract) = session.core.store.sealed_contract(&ledger, &sealed)?;
        let shown = Shown {
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
        };
        return Ok((shown, contract.changes));
    }
    if let Some(old) = session.core.released_before(&refs, version)? {
        let shown = Shown {
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
        };
        return Ok((shown, old.changes));
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
    let shown = Shown {
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
    };
    Ok((shown, contract.changes))
}
