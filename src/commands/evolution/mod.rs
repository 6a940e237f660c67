//! `git gryt evolution`: start proving a change, and look at what was proven.

pub(crate) mod record;

use anyhow::Result;
use clap::{Args, Subcommand};
use serde::Serialize;

use self::record::RecordArgs;
use super::{Outcome, typed};
use crate::git::push::Landed;
use crate::git::refs::Update;
use crate::model::evolution::{self as model, Attempt, Cover, Says};
use crate::model::push::{Manner, Road};
use crate::model::sealed::Folded;
use crate::model::state::{SyncState, Trial};
use crate::model::{
    ChangeId, Contract, EvolutionName, Exit, Oid, Person, Proof, Refusal, Stamp, Version,
};
use crate::session::cloud::push::{Job, Next};
use crate::session::core::contact::Contact;
use crate::session::proving::proof::declared;
use crate::session::{Cloud, Session};
use crate::store::{Refs, names};

/// Subcommands of `evolution`.
#[derive(Debug, Subcommand)]
pub(crate) enum EvolutionCommand {
    /// Start proving a change
    Start(StartArgs),
    /// Record what another system found: a CI engine's result, test reports
    Record(RecordArgs),
    /// Abandon an evolution: yours, or one that came too late for a version that you promoted
    Abandon(AbandonArgs),
    /// List the evolutions of a version
    List {
        /// The version
        version: String,
    },
    /// Show one evolution and its last proof
    Show {
        /// Its name: VERSION/CHANGE/rc.N
        name: String,
    },
}

/// Arguments of `evolution start`.
#[derive(Debug, Args)]
pub(crate) struct StartArgs {
    /// The version
    version: String,
    /// The change to prove
    #[arg(long, value_name = "ID")]
    change: String,
    /// Start another one although you have an open one
    #[arg(long)]
    again: bool,
}

/// Arguments of `evolution abandon`.
#[derive(Debug, Args)]
pub(crate) struct AbandonArgs {
    /// Its name: VERSION/CHANGE/rc.N
    name: String,
    /// Why; needed where something was proven, which stays on record
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// An evolution that was started.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Started {
    #[serde(flatten)]
    pub name: EvolutionName,
    pub title: String,
    pub owner: Person,
    /// Whether it was open, with nothing run of it, so that it goes on and no other was started.
    pub open: bool,
}

/// The evolutions of a version.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct List {
    pub version: Version,
    pub evolutions: Vec<Row>,
}

/// One evolution in a list.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Row {
    pub change: ChangeId,
    pub number: u32,
    pub status: Trial,
    pub owner: Person,
    /// The commit of its last proof.
    pub commit: Option<Oid>,
    /// Whether the cloud has it as this clone does; none in local mode.
    pub shared: Option<bool>,
}

/// One evolution in full.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Shown {
    #[serde(flatten)]
    pub name: EvolutionName,
    pub status: Trial,
    pub owner: Person,
    pub started: Stamp,
    pub proof: Option<Proof>,
    /// Why a passing proof does not count.
    #[serde(rename = "stale_because")]
    pub stale: Option<String>,
    /// Why its owner gave it up.
    pub abandoned: Option<String>,
    /// How `HEAD` holds the proven commit.
    pub cover: Option<Cover>,
}

/// An evolution that was abandoned.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Abandoned {
    #[serde(flatten)]
    pub name: EvolutionName,
    /// Whether it left the cloud too.
    #[serde(rename = "in_cloud")]
    pub cloud: bool,
    /// Whether what it proved stays on record, with the reason.
    pub kept: bool,
    /// Whether the cloud does not know of it yet.
    pub unshared: bool,
}

/// Runs a subcommand.
///
/// # Errors
/// As each says.
pub(crate) fn run(session: &Session<'_>, command: &EvolutionCommand) -> Result<Outcome> {
    match command {
        EvolutionCommand::Start(args) => start(session, args),
        EvolutionCommand::Record(args) => record::run(session, args),
        EvolutionCommand::Abandon(args) => abandon(session, args),
        EvolutionCommand::List { version } => {
            listed(session, &typed(version)?).map(Outcome::EvolutionList)
        }
        EvolutionCommand::Show { name } => show(session, &typed(name)?),
    }
}

fn start(session: &Session<'_>, args: &StartArgs) -> Result<Outcome> {
    let version: Version = typed(&args.version)?;
    let id: ChangeId = typed(&args.change)?;
    let taken = session.drafts.take_in()?;
    let refs = session.core.store.refs()?;
    session.core.open_version(&refs, &version)?;
    let draft = session.core.draft(&refs, &version)?;
    taken.require(&draft.version)?;
    let contract = draft.contract().map_err(Refusal::from)?;
    let change = declared(&contract, &version, &id)?;
    if !args.again
        && let Some(open) = session.proving.unproven(&refs, &draft, &id)?
    {
        // Nothing was run of it yet: it is the one that was meant.
        session.proving.set_current(&open.root)?;
        return Ok(Outcome::EvolutionStart(Started {
            name: open.name,
            title: change.title.clone(),
            owner: open.evolution.owner,
            open: true,
        }));
    }
    let (name, root) = session.proving.begin_evolution(&draft, change)?;
    session.proving.set_current(&root)?;
    session.drafts.show();
    Ok(Outcome::EvolutionStart(Started {
        name,
        title: change.title.clone(),
        owner: session.core.me()?,
        open: false,
    }))
}

fn abandon(session: &Session<'_>, args: &AbandonArgs) -> Result<Outcome> {
    let name: EvolutionName = typed(&args.name)?;
    let refs = session.core.store.refs()?;
    let me = session.core.me()?;
    let sealed = match session.core.ledger(&refs)? {
        Some(ledger) => session.core.store.sealed(&ledger, &name.version)?,
        None => None,
    };
    match session.proving.attempt(&refs, &name) {
        Ok(attempt)
            if sealed.is_none() && attempt.proof.is_some() && attempt.evolution.owner.is(&me) =>
        {
            give_up(session, &attempt, args.reason.as_deref())
        }
        _ => remove(session, &name),
    }
}

/// What was proven, or failed, stays where everybody sees it, with the reason.
fn give_up(session: &Session<'_>, attempt: &Attempt, reason: Option<&str>) -> Result<Outcome> {
    let name = &attempt.name;
    if attempt.abandoned.is_some() {
        let what = format!("{name} is abandoned already");
        return Err(Refusal::new(Exit::Invalid, what).into());
    }
    let Some(reason) = reason.map(str::trim).filter(|text| !text.is_empty()) else {
        let what =
            format!("{name} has a proof, which stays on record: give a reason for abandoning it");
        return Err(Refusal::new(Exit::Usage, what)
            .then(format!("git gryt evolution abandon {name} --reason TEXT"))
            .into());
    };
    let what = model::Abandoned {
        reason: reason.to_owned(),
        at: session.core.author()?.author.at,
    };
    session.core.change(|refs| {
        let attempt = session.proving.attempt(refs, name)?;
        let tip = session
            .core
            .store
            .write_abandoned(session.core.author()?, &attempt, &what)?;
        Ok((vec![refs.change(names::evolution(name), Some(&tip))], ()))
    })?;
    Ok(Outcome::EvolutionAbandon(Abandoned {
        name: name.clone(),
        cloud: false,
        kept: true,
        unshared: session.core.config.remote.is_some() && !session.core.continuous(),
    }))
}

/// What proved nothing, or came too late, goes away, in the cloud too.
fn remove(session: &Session<'_>, name: &EvolutionName) -> Result<Outcome> {
    let reference = names::evolution(name);
    let gone = match session.core.config.remote {
        Some(_) => session.cloud.push(
            &session.cloud.contact(None)?,
            &mut Removal {
                session,
                name,
                gone: None,
            },
        )?,
        None => {
            may_abandon(session, None, name)?;
            None
        }
    };
    session.core.change(|refs| {
        let here = refs.get(&reference);
        let mut updates = vec![refs.change(&reference, None)];
        // What was deleted in the cloud may be newer than what is here: both are kept.
        for tip in here.into_iter().chain(gone.as_ref()) {
            let aside = names::deleted_evolution(name, &session.drafts.departure(tip));
            updates.push(refs.change(aside, Some(tip)));
        }
        updates.dedup();
        Ok((updates, ()))
    })?;
    Ok(Outcome::EvolutionAbandon(Abandoned {
        name: name.clone(),
        cloud: gone.is_some(),
        kept: false,
        unshared: false,
    }))
}

/// An evolution on its way out of the cloud, and the tip that it had there.
struct Removal<'a> {
    session: &'a Session<'a>,
    name: &'a EvolutionName,
    gone: Option<Oid>,
}

impl Job for Removal<'_> {
    type Value = Option<Oid>;

    fn manner(&self) -> Manner {
        Manner::Single
    }

    fn plan(&mut self, _: Cloud<'_>, contact: &Contact, _: Road) -> Result<Next<Option<Oid>>> {
        may_abandon(self.session, Some(contact), self.name)?;
        let reference = names::evolution(self.name);
        let refs = self.session.core.store.refs()?;
        let Some(tip) = in_cloud(self.session, &refs, contact, &reference)? else {
            return Ok(Next::Over(None));
        };
        self.gone = Some(tip.clone());
        let update = Update::new(reference, Some(tip), None);
        Ok(Next::Push(vec![update]))
    }

    fn landed(
        &mut self,
        cloud: Cloud<'_>,
        _: &Contact,
        landed: Landed,
    ) -> Result<Option<Option<Oid>>> {
        cloud.core.acknowledge(&landed.moves);
        Ok(Some(self.gone.take()))
    }
}

/// What the cloud has under the name of an evolution, unless that is another evolution than the one that is
/// here: both came too late, so neither was given another number.
fn in_cloud<'c>(
    session: &Session<'_>,
    refs: &Refs,
    contact: &'c Contact,
    reference: &str,
) -> Result<Option<&'c Oid>> {
    let store = &session.core.store;
    let (Some(here), Some(there)) = (refs.get(reference), contact.cloud.get(reference)) else {
        return Ok(contact.cloud.get(reference));
    };
    let is_same = store.root(here)? == store.root(there)?;
    Ok(is_same.then_some(there))
}

/// Its owner may, and whoever promoted its version; what does not check has no owner to protect.
fn may_abandon(
    session: &Session<'_>,
    contact: Option<&Contact>,
    name: &EvolutionName,
) -> Result<()> {
    let reference = names::evolution(name);
    let refs = session.core.store.refs()?;
    let there = match contact {
        Some(contact) => in_cloud(session, &refs, contact, &reference)?,
        None => None,
    };
    let Some(tip) = there.or(refs.get(&reference)) else {
        return Err(Refusal::new(Exit::Invalid, format!("There is no evolution {name}")).into());
    };
    let me = session.core.me()?;
    let ledger = match contact {
        Some(contact) => contact.ledger().cloned(),
        None => session.core.ledger(&refs)?,
    };
    let sealed = match &ledger {
        Some(ledger) => session.core.store.sealed(ledger, &name.version)?,
        None => None,
    };
    let promoter = sealed
        .as_ref()
        .is_some_and(|sealed| sealed.promoter.is(&me));
    let owner = match session.core.store.attempt(name, tip)? {
        Ok(attempt) => {
            let owner = attempt.evolution.owner;
            if sealed.is_none() && attempt.proof.is_some() && owner.is(&me) {
                let what = format!("{name} has a proof in the cloud that was not pulled yet");
                let refusal = Refusal::new(Exit::OutOfStep, what);
                return Err(refusal.then("git gryt sync pull").into());
            }
            owner
        }
        Err(_) => {
            session
                .core
                .store
                .commit(&session.core.store.root(tip)?)?
                .author
        }
    };
    if owner.is(&me) || promoter {
        return Ok(());
    }
    Err(
        Refusal::new(Exit::Conflict, format!("{name} is owned by {owner}"))
            .because("Its owner can abandon it, and so can whoever promoted its version")
            .because("It does not block you: to prove the change yourself, start an evolution")
            .then(format!(
                "git gryt evolution start {} --change {}",
                name.version, name.change
            ))
            .into(),
    )
}

/// The evolutions of a version.
///
/// # Errors
/// There is no such version.
pub(super) fn listed(session: &Session<'_>, version: &Version) -> Result<List> {
    let refs = session.core.store.refs()?;
    let sealed = match session.core.ledger(&refs)? {
        Some(ledger) => session.core.store.sealed(&ledger, version)?,
        None => None,
    };
    let (version, promoted) = match sealed {
        Some(sealed) => (sealed.version, true),
        None => (session.core.draft(&refs, version)?.version, false),
    };
    let has_cloud = session.core.config.remote.is_some();
    let head = match promoted {
        true => None,
        false => session.core.head()?,
    };
    let mut attempts = match &head {
        Some(_) => session.core.attempts(&refs, &version)?,
        None => Vec::new(),
    };
    if let Some(head) = &head {
        session.core.cover_as_known(attempts.iter_mut(), head)?;
    }
    let elsewhere = |name: &EvolutionName| {
        let attempt = attempts.iter().find(|attempt| attempt.name == *name);
        attempt.is_some_and(|a| matches!(a.cover, Some(Cover::Missing | Cover::Behind)))
    };
    let mut evolutions = Vec::new();
    for found in session.core.cache(&refs)?.evolutions(&version, promoted)? {
        let mut status = found.status;
        if status == Trial::Pass && elsewhere(&found.name) {
            status = Trial::Elsewhere;
        }
        evolutions.push(Row {
            change: found.name.change,
            number: found.name.number,
            status,
            owner: found.owner,
            commit: found.commit,
            shared: has_cloud.then_some(found.sync == SyncState::Synced),
        });
    }
    Ok(List {
        version,
        evolutions,
    })
}

/// An evolution that a promotion sealed, with the contract and the generation that it was sealed for.
fn sealed(
    session: &Session<'_>,
    refs: &Refs,
    name: &EvolutionName,
) -> Result<Option<(Attempt, Contract, Oid)>> {
    let store = &session.core.store;
    let Some(ledger) = session.core.ledger(refs)? else {
        return Ok(None);
    };
    let Some(sealed) = store.sealed(&ledger, &name.version)? else {
        return Ok(None);
    };
    let is_it = |folded: &&Folded| folded.change.is(&name.change) && folded.number == name.number;
    let Some(folded) = sealed.evolutions.iter().find(is_it) else {
        return Ok(None);
    };
    let known = EvolutionName {
        version: sealed.version.clone(),
        change: folded.change.clone(),
        number: folded.number,
    };
    let attempt = store.attempt(&known, &folded.tip)?.map_err(Refusal::from)?;
    let (_, contract) = store.sealed_contract(&ledger, &sealed)?;
    Ok(Some((attempt, contract, sealed.generation)))
}

fn show(session: &Session<'_>, name: &EvolutionName) -> Result<Outcome> {
    let refs = session.core.store.refs()?;
    let (attempt, contract, generation) = match sealed(session, &refs, name)? {
        Some(sealed) => sealed,
        None => {
            let mut attempt = session.proving.attempt(&refs, name)?;
            let draft = session.core.draft(&refs, &name.version)?;
            if let Some(head) = session.core.head()? {
                session
                    .core
                    .cover_as_known([&mut attempt].into_iter(), &head)?;
            }
            let contract = draft.contract().map_err(Refusal::from)?;
            (attempt, contract, draft.root)
        }
    };
    let says = contract
        .change(&name.change)
        .map(|change| attempt.says(change, &generation));
    Ok(Outcome::EvolutionShow(Shown {
        status: Trial::of(says.as_ref()),
        stale: match &says {
            Some(Says::PassesInVain(why)) => Some(why.clone()),
            _ => None,
        },
        abandoned: match says {
            Some(Says::GivenUp(why)) => Some(why),
            _ => None,
        },
        cover: attempt.cover,
        owner: attempt.evolution.owner,
        started: attempt.evolution.started,
        proof: attempt.proof,
        name: attempt.name,
    }))
}
