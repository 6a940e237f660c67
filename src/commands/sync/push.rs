//! `git gryt sync push`.

use anyhow::Result;
use clap::Args;
use serde::Serialize;

use super::way;
use super::way::Way;
use crate::commands::generation::departure;
use crate::commands::{typed, typed_if};
use crate::model::leaving::Rename;
use crate::model::{Cause, Exit, Refusal, Version};
use crate::session::Session;
use crate::session::cloud::publish::Commits;
use crate::session::cloud::share::SharedDrafts;
use crate::session::sealing::leaving::Left;
use crate::session::sealing::missing::About;
use crate::store::names;

/// Arguments of `sync push`.
#[derive(Debug, Default, Args)]
pub(crate) struct PushArgs {
    /// Only this version
    pub(super) version: Option<String>,
    /// The same, as an option
    #[arg(long = "version", value_name = "VERSION", conflicts_with = "version")]
    pub(super) named: Option<String>,
    /// Take a promotion of this clone's own, whose version somebody else has, back to a draft under
    /// another name
    #[arg(long, value_name = "OLD=NEW")]
    pub(super) rename: Vec<String>,
    /// Publish the commits of such promotions too, even if no branch of the cloud has them
    #[arg(long)]
    pub(super) with_commits: bool,
    /// Put back what the cloud lost of the ledger, drafts, evolutions and tags, as far as this clone
    /// has it
    #[arg(long, conflicts_with_all = ["version", "named", "rename", "with_commits"])]
    pub(super) republish: bool,
    /// Only say what would be pushed, and what would become of promotions made in local mode
    #[arg(long)]
    pub(super) dry_run: bool,
}

/// What a push of drafts published.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Pushed {
    pub created: Vec<Version>,
    pub updated: Vec<Version>,
    pub errors: Vec<PushFailure>,
    /// What became of promotions made in local mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_local: Option<Left>,
    /// The version that was asked for, where it is promoted: its promotion pushed it.
    #[serde(rename = "promoted_version")]
    pub promoted: Option<Version>,
    /// Nothing was done.
    pub dry_run: bool,
    #[serde(skip)]
    exit: Option<Exit>,
}

/// A draft that could not be pushed.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct PushFailure {
    pub version: Version,
    pub error: String,
    pub resolution: String,
    /// Who has the version, and which one is free.
    pub details: Option<String>,
    /// Commands that lead on.
    pub next: Vec<String>,
}

impl Pushed {
    /// The first failure's.
    pub(crate) fn exit(&self) -> Exit {
        self.exit.unwrap_or(Exit::Done)
    }
}

/// Publishes drafts.
///
/// # Errors
/// The cloud cannot be reached, refuses, or does not check.
pub(crate) fn push(session: &Session<'_>, args: &PushArgs) -> Result<Pushed> {
    session.core.cloud_name()?;
    let version = typed_if(args.version.as_deref().or(args.named.as_deref()))?;
    let renames: Vec<Rename> = args
        .rename
        .iter()
        .map(|text| rename(text))
        .collect::<Result<_>>()?;
    let taken = session.drafts.take_in_untold()?;
    if let Some(version) = &version {
        taken.require(version)?;
    }
    let left_local = if session
        .sealing
        .has_own_ledger(&session.core.store.refs()?)?
    {
        session
            .sealing
            .leave_local(&renames, Commits::asked(args.with_commits), args.dry_run)?
    } else if renames.is_empty() {
        None
    } else {
        let what = "This clone has no promotions of its own that could be renamed";
        return Err(Refusal::new(Exit::Usage, what).into());
    };
    if !args.dry_run
        && session
            .core
            .store
            .refs()?
            .below(names::LEAVING)
            .next()
            .is_some()
    {
        departure::finish(session, &session.cloud.contact(None)?)?;
    }
    let done = match (args.dry_run, &left_local) {
        // What an own ledger keeps from being compared is compared as it will be.
        (true, Some(left)) => {
            let contact = session.cloud.seen_apart()?;
            let preview = session.cloud.preview_drafts(&contact, version.as_ref());
            preview.map(|mut preview| {
                let asked = |new: &&Version| version.as_ref().is_none_or(|only| only == *new);
                let again = left.reopened.iter().map(|(_, new)| new).filter(asked);
                preview.created.extend(again.cloned());
                preview
            })
        }
        (true, None) => session
            .cloud
            .preview_drafts(&session.cloud.contact(None)?, version.as_ref()),
        (false, _) => session.cloud.share_drafts(version.as_ref()),
    };
    if !args.dry_run && done.is_ok() {
        let contact = session.cloud.seen()?;
        session.sealing.send_tags_again(&contact)?;
        session
            .sealing
            .send_missing_tags(&contact, About::Pushing)?;
    }
    let (done, promoted) = match done {
        Ok(done) => (done, None),
        // Its own promotion pushed it.
        Err(error) if is_promoted(&error) => (SharedDrafts::default(), version.clone()),
        Err(error) => return Err(error),
    };
    session.drafts.show();
    let mut exit = done.errors.first().map(|(_, error)| error.exit());
    let mut errors = Vec::new();
    let contact = match done.errors.is_empty() {
        true => None,
        false => Some(session.cloud.seen()?),
    };
    for (version, error) in &done.errors {
        let way = match &contact {
            Some(contact) => way::out(session, contact, version, (*error).into())?,
            None => Way::default(),
        };
        errors.push(PushFailure {
            version: version.clone(),
            error: error.error().to_owned(),
            resolution: error.resolution().to_owned(),
            details: way.details,
            next: way.next,
        });
    }
    let unasked = |held: &&Version| version.as_ref().is_none_or(|asked| asked == *held);
    for (held, edited) in taken.held.iter().filter(|(held, _)| unasked(&held)) {
        if !edited.is_of_draft() {
            session.core.ctx.warn(&edited.refusal(held).what);
            continue;
        }
        let refusal = edited.refusal(held);
        exit = exit.or(Some(refusal.exit));
        errors.push(PushFailure {
            version: held.clone(),
            error: refusal.what,
            resolution: "Your edit was not published: correct the file, and push again".into(),
            details: (!refusal.why.is_empty()).then(|| refusal.why.join("\n")),
            next: refusal.next,
        });
    }
    Ok(Pushed {
        created: done.created,
        updated: done.updated,
        errors,
        left_local,
        promoted,
        dry_run: args.dry_run,
        exit,
    })
}

pub(super) fn is_promoted(error: &anyhow::Error) -> bool {
    let refusal = error.downcast_ref::<Refusal>();
    refusal.is_some_and(|refusal| refusal.cause == Cause::Promoted)
}

pub(super) fn rename(text: &str) -> Result<Rename> {
    match text.split_once('=') {
        Some((old, new)) => Ok((typed(old)?, typed(new)?)),
        None => {
            let what = format!("{text} does not say what to rename to: v1.0.0=v1.0.1");
            Err(Refusal::new(Exit::Usage, what).into())
        }
    }
}
