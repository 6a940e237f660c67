//! `git gryt sync`: exchange with the cloud.

pub(crate) mod movement;
pub(crate) mod published;
pub(crate) mod republish;
pub(crate) mod status;
pub(crate) mod watch;
pub(crate) mod way;

use std::collections::BTreeSet;

use anyhow::Result;
use clap::{Args, Subcommand};
use serde::Serialize;

use self::movement::MoveArgs;
use self::watch::WatchArgs;
use self::way::Way;
use super::generation::departure;
use super::{Outcome, typed, typed_if};
use crate::model::leaving::Rename;
use crate::model::news::News;
use crate::model::publish::{self, Blocked};
use crate::model::reconcile::Adopted;
use crate::model::shaped::{quarantined, renumbered};
use crate::model::{Cause, EvolutionName, Exit, Refusal, Version};
use crate::session::Session;
use crate::session::cloud::backfill::Backfilled;
use crate::session::cloud::publish::Commits;
use crate::session::cloud::share::{SharedDrafts, Which};
use crate::session::sealing::leaving::Left;
use crate::session::sealing::missing::About;
use crate::store::names;
use crate::store::refs::evolutions;

/// Subcommands of `sync`.
#[derive(Debug, Subcommand)]
pub(crate) enum SyncCommand {
    /// Take over what the cloud has
    Pull {
        /// Add the evolutions of this remote, a contributor's fork, to this clone's
        #[arg(long, value_name = "REMOTE")]
        from: Option<String>,
        /// Leave edited files alone: hooks never speak in a person's name
        #[arg(long, hide = true)]
        leave_edits: bool,
    },
    /// Publish this clone's drafts, and promotions that it made in local mode
    Push(PushArgs),
    /// Publish your evolutions
    PushEvolutions(PushEvolutionsArgs),
    /// Follow the cloud, and say what lands there
    Watch(WatchArgs),
    /// Link drafts that were made apart, here and in the cloud, and say the same
    Backfill,
    /// Take the project's ledger to another place, or go where it went
    Move(MoveArgs),
    /// Compare this clone with the cloud, or see how far a version is proven
    Status(StatusArgs),
}

/// Arguments of `sync push`.
#[derive(Debug, Default, Args)]
pub(crate) struct PushArgs {
    /// Only this version
    version: Option<String>,
    /// The same, as an option
    #[arg(long = "version", value_name = "VERSION", conflicts_with = "version")]
    named: Option<String>,
    /// Take a promotion of this clone's own, whose version somebody else has, back to a draft under
    /// another name
    #[arg(long, value_name = "OLD=NEW")]
    rename: Vec<String>,
    /// Publish the commits of such promotions too, even if no branch of the cloud has them
    #[arg(long)]
    with_commits: bool,
    /// Put back what the cloud lost of the ledger, drafts, evolutions and tags, as far as this clone
    /// has it
    #[arg(long, conflicts_with_all = ["version", "named", "rename", "with_commits"])]
    republish: bool,
    /// Only say what would be pushed, and what would become of promotions made in local mode
    #[arg(long)]
    dry_run: bool,
}

/// Arguments of `sync push-evolutions`.
#[derive(Debug, Args)]
pub(crate) struct PushEvolutionsArgs {
    /// Only those of this version
    version: Option<String>,
    /// The same, as an option
    #[arg(long = "version", value_name = "VERSION", conflicts_with = "version")]
    named: Option<String>,
    /// Publish the proven commits too, even if no branch of the cloud has them
    #[arg(long)]
    with_commits: bool,
}

/// Arguments of `sync status`.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// How far this version is proven
    version: Option<String>,
    /// The same, as an option
    #[arg(long = "version", value_name = "VERSION", conflicts_with = "version")]
    named: Option<String>,
    /// Answer from what was last seen of the cloud
    #[arg(long)]
    offline: bool,
}

/// What a pull took over.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Pulled {
    #[serde(rename = "new_count")]
    pub new: usize,
    #[serde(rename = "updated_count")]
    pub updated: usize,
    pub conflicts: Vec<Conflict>,
    /// What other people did since this clone was last told.
    pub news: Vec<News>,
    /// Proofs that were shared, since the commits are published that they were made at
    /// (`share_on_push`).
    #[serde(rename = "shared_evolutions")]
    pub shared: Vec<EvolutionName>,
    /// The same by name, and what else came of it.
    #[serde(rename = "adopted")]
    pub details: Adopted,
    /// What came too late and was told before.
    #[serde(skip)]
    pub told_late: BTreeSet<String>,
}

/// Something that a person has to settle.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Conflict {
    pub version: Version,
    pub reason: &'static str,
    pub resolution: &'static str,
    /// Who has the version, and which one is free.
    pub details: Option<String>,
    /// Commands that lead on.
    pub next: Vec<String>,
}

impl Pulled {
    /// A pull exits 6 after adopting everything else.
    pub(crate) fn exit(&self) -> Exit {
        if self.conflicts.is_empty() {
            Exit::Done
        } else {
            Exit::Conflict
        }
    }
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

/// What a push of evolutions published.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct PushedEvolutions {
    pub created: Vec<EvolutionName>,
    pub updated: Vec<EvolutionName>,
    #[serde(serialize_with = "renumbered::serialize")]
    #[cfg_attr(
        test,
        schemars(with = "Vec<renumbered::Shape<EvolutionName, EvolutionName>>")
    )]
    pub renumbered: Vec<(EvolutionName, EvolutionName)>,
    pub late: Vec<EvolutionName>,
    /// Sealed evolutions that went on here, too late.
    pub late_proofs: Vec<EvolutionName>,
    #[serde(serialize_with = "quarantined::serialize")]
    #[cfg_attr(test, schemars(with = "Vec<quarantined::Shape<String, String>>"))]
    pub quarantined: Vec<(String, String)>,
    /// What stays here, because it is proven at commits that were never published.
    pub blocked: Vec<Blocked>,
}

impl PushedEvolutions {
    /// Whether everything that was to go went.
    pub(crate) fn exit(&self) -> Exit {
        match self.blocked.is_empty() {
            true => Exit::Done,
            false => Exit::OutOfStep,
        }
    }
}

/// Runs a subcommand.
///
/// # Errors
/// As each says.
pub(crate) fn run(session: &Session<'_>, command: &SyncCommand) -> Result<Outcome> {
    match command {
        SyncCommand::Pull {
            from: Some(remote), ..
        } if *remote != session.core.cloud_name()? => {
            let brought = session.cloud.bring(remote)?;
            Ok(Outcome::PullFrom(brought))
        }
        SyncCommand::Pull { leave_edits, .. } => {
            pull_with(session, !leave_edits).map(Outcome::Pull)
        }
        SyncCommand::Push(args) if args.republish => republish::run(session, args.dry_run),
        SyncCommand::Push(args) => push(session, args).map(Outcome::Push),
        SyncCommand::PushEvolutions(args) => {
            let version = typed_if(args.version.as_deref().or(args.named.as_deref()))?;
            push_evolutions(session, version.as_ref(), Commits::asked(args.with_commits))
                .map(Outcome::PushEvolutions)
        }
        SyncCommand::Watch(args) => watch::run(session, args),
        SyncCommand::Backfill => backfill(session).map(Outcome::Backfill),
        SyncCommand::Move(args) => movement::run(session, args),
        SyncCommand::Status(args) => status::run(
            session,
            typed_if(args.version.as_deref().or(args.named.as_deref()))?.as_ref(),
            args.offline,
        ),
    }
}

/// Takes over what the cloud has.
///
/// # Errors
/// The cloud cannot be reached, or does not check.
pub(crate) fn pull(session: &Session<'_>) -> Result<Pulled> {
    pull_with(session, true)
}

/// The same; hooks and whoever only watches take no edits in.
///
/// # Errors
/// As [`pull`].
pub(crate) fn pull_with(session: &Session<'_>, take_in: bool) -> Result<Pulled> {
    session.core.cloud_name()?;
    // Edits are taken in whether or not the cloud answers; after it did, so that refs are read once.
    let contact = session.cloud.contact_to_adopt();
    if take_in {
        session.drafts.take_in()?;
    }
    let contact = contact?;
    let had: BTreeSet<Version> = crate::store::refs::drafts(contact.refs.local())
        .map(|(version, _)| version)
        .collect();
    let told = session.cloud.told();
    let mut news = session.cloud.news(told.as_ref(), &contact)?;
    let adopted = session.cloud.adopt(&contact)?;
    // What is said of drafts and releases by name is not said twice.
    news.retain(|news| match news {
        News::Withdrawn { version, .. } => !adopted.withdrawn.iter().any(|(v, _)| v == version),
        News::Disputed { entry, .. } => !adopted.disputed.iter().any(|(name, _)| name == entry),
        News::Left { version } => {
            !adopted.deleted.contains(version)
                && adopted
                    .renamed
                    .iter()
                    .all(|renamed| renamed.old != *version)
        }
        News::Draft { version, new, .. } => {
            !new || adopted
                .renamed
                .iter()
                .all(|renamed| renamed.new != *version)
        }
        _ => true,
    });
    session.sealing.resume(&contact)?;
    if take_in {
        session
            .sealing
            .send_missing_tags(&contact, About::Pulling)?;
        departure::finish(session, &contact)?;
        session.cloud.follow_renames(&contact)?;
    }
    session.drafts.forget_old()?;
    session.drafts.write_view()?;
    session.core.note_contact();
    // A hook says nothing of what it does, and publishes nothing either.
    let shared = match take_in && session.core.config.share_on_push {
        true => published::share(session, &published::unshared(session)?)?,
        false => Vec::new(),
    };
    let told_late = session.cloud.told_late();
    // A hook has nobody to tell: what it brought is told by the next pull of a person's own.
    if take_in && !session.core.ctx.quiet {
        session.cloud.note_told(told.as_ref(), &contact);
        session.cloud.note_late(&told_late, &adopted.late());
    }
    let unknown = adopted.promoted.iter().filter(|v| !had.contains(v));
    let new: BTreeSet<&Version> = adopted.new.iter().chain(unknown).collect();
    let known = adopted.promoted.iter().filter(|v| had.contains(v));
    let updated = adopted.updated.iter().chain(&adopted.merged).chain(known);
    let updated: BTreeSet<&Version> = updated.collect();
    let mut conflicts = Vec::new();
    for (version, conflict) in &adopted.conflicts {
        let way = way::out(session, &contact, version, (*conflict).into())?;
        conflicts.push(Conflict {
            version: version.clone(),
            reason: conflict.reason(),
            resolution: conflict.resolution(),
            details: way.details,
            next: way.next,
        });
    }
    Ok(Pulled {
        new: new.len(),
        updated: updated
            .iter()
            .filter(|v| !adopted.is_in_conflict(v))
            .count(),
        conflicts,
        news,
        shared,
        details: adopted,
        told_late,
    })
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
            resolution: "Your edit was not published: mend the file, and push again".into(),
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

fn is_promoted(error: &anyhow::Error) -> bool {
    let refusal = error.downcast_ref::<Refusal>();
    refusal.is_some_and(|refusal| refusal.cause == Cause::Promoted)
}

fn rename(text: &str) -> Result<Rename> {
    match text.split_once('=') {
        Some((old, new)) => Ok((typed(old)?, typed(new)?)),
        None => {
            let what = format!("{text} does not say what to rename to: v1.0.0=v1.0.1");
            Err(Refusal::new(Exit::Usage, what).into())
        }
    }
}

/// Publishes this person's evolutions.
///
/// # Errors
/// The cloud cannot be reached, refuses, or does not check; commits would be published.
pub(crate) fn push_evolutions(
    session: &Session<'_>,
    version: Option<&Version>,
    commits: Commits,
) -> Result<PushedEvolutions> {
    session.core.cloud_name()?;
    session.drafts.take_in()?;
    let which = version.map_or(Which::All, Which::Of);
    let done = session.cloud.share_evolutions(&which, commits)?;
    if let Some(version) = version {
        is_known(session, version)?;
    }
    session.drafts.show();
    if !done.blocked.is_empty() && done.created.is_empty() && done.updated.is_empty() {
        return Err(publish::refused(&done.blocked).into());
    }
    Ok(PushedEvolutions {
        blocked: done.blocked,
        created: done.created,
        updated: done.updated,
        renumbered: done.renumbered,
        late: done.late,
        late_proofs: done.late_proofs,
        quarantined: done.quarantined,
    })
}

/// Refuses a version that nobody has: its name was mistyped.
fn is_known(session: &Session<'_>, version: &Version) -> Result<()> {
    let refs = session.core.store.refs()?;
    let of_it = |(name, _): (EvolutionName, _)| name.version == *version;
    if evolutions(refs.local()).any(of_it) {
        return Ok(());
    }
    match session.core.draft(&refs, version) {
        Ok(_) => Ok(()),
        Err(error) if is_promoted(&error) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Links drafts of the same content that were created apart, and takes over the rest.
///
/// # Errors
/// As [`pull`].
fn backfill(session: &Session<'_>) -> Result<Backfilled> {
    session.cloud.contact(None)?;
    session.drafts.take_in()?;
    let done = session.cloud.backfill(&session.cloud.seen()?)?;
    let contact = session.cloud.seen()?;
    session.cloud.adopt(&contact)?;
    session.sealing.resume(&contact)?;
    session.drafts.write_view()?;
    session.core.note_contact();
    Ok(done)
}

/// Delivers whatever is pending, as `cloud` mode does after each change. What a draft meets on
/// the way is told; it stays pending.
///
/// # Errors
/// The cloud cannot be reached, refuses, or does not check.
pub(crate) fn deliver(session: &Session<'_>) -> Result<()> {
    for failure in push(session, &PushArgs::default())?.errors {
        session
            .core
            .ctx
            .warn(format!("{}: {}", failure.version, failure.error));
    }
    let pushed = push_evolutions(session, None, Commits::Hold)?;
    for blocked in &pushed.blocked {
        session.core.ctx.warn(format!(
            "Not shared yet: {}",
            publish::refused(std::slice::from_ref(blocked)).what
        ));
    }
    Ok(())
}
