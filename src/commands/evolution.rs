//! `git gryt evolution`: start proving a change, and look at what was proven.

use anyhow::Result;
use clap::{Args, Subcommand};
use serde::Serialize;

use super::{Outcome, typed};
use crate::git::refs::Update;
use crate::model::evolution::{Attempt, Evolution, MAX_NUMBER, Says};
use crate::model::{ChangeId, EvolutionName, Exit, Oid, Person, Proof, Refusal, Stamp, Version};
use crate::session::Session;
use crate::session::contact::Contact;
use crate::session::push::Patience;
use crate::session::survey::next;
use crate::store::names;
use crate::store::refs::evolutions;

/// Subcommands of `evolution`.
#[derive(Debug, Subcommand)]
pub enum EvolutionCommand {
    /// Start proving a change
    Start(StartArgs),
    /// Give up an evolution: yours, or one that came too late for a version that you promoted
    Abandon {
        /// Its name: VERSION/CHANGE/rc.N
        name: String,
    },
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
pub struct StartArgs {
    /// The version
    version: String,
    /// The change to prove
    #[arg(long, value_name = "ID")]
    change: String,
}

/// An evolution that was started.
#[derive(Debug, Serialize)]
pub struct Started {
    #[serde(flatten)]
    pub name: EvolutionName,
    pub title: String,
    pub owner: Person,
}

/// The evolutions of a version.
#[derive(Debug, Serialize)]
pub struct List {
    pub version: Version,
    pub evolutions: Vec<Row>,
}

/// One evolution in a list.
#[derive(Debug, Serialize)]
pub struct Row {
    pub change: ChangeId,
    pub number: u32,
    pub status: &'static str,
    pub owner: Person,
    /// The commit of its last proof.
    pub commit: Option<Oid>,
    /// Whether the cloud has it as this clone does; none in local mode.
    pub shared: Option<bool>,
}

/// One evolution in full.
#[derive(Debug, Serialize)]
pub struct Shown {
    #[serde(flatten)]
    pub name: EvolutionName,
    pub status: &'static str,
    pub owner: Person,
    pub started: Stamp,
    pub proof: Option<Proof>,
    /// Why a passing proof does not count.
    pub stale: Option<String>,
}

/// An evolution that was given up.
#[derive(Debug, Serialize)]
pub struct Abandoned {
    #[serde(flatten)]
    pub name: EvolutionName,
    /// Whether it left the cloud too.
    pub cloud: bool,
}

/// Runs a subcommand.
///
/// # Errors
/// As each says.
pub fn run(session: &Session<'_>, command: &EvolutionCommand) -> Result<Outcome> {
    match command {
        EvolutionCommand::Start(args) => start(session, args),
        EvolutionCommand::Abandon { name } => abandon(session, &typed(name)?),
        EvolutionCommand::List { version } => list(session, &typed(version)?),
        EvolutionCommand::Show { name } => show(session, &typed(name)?),
    }
}

fn start(session: &Session<'_>, args: &StartArgs) -> Result<Outcome> {
    let version: Version = typed(&args.version)?;
    let id: ChangeId = typed(&args.change)?;
    let taken = session.take_in()?;
    let refs = session.store.refs()?;
    session.open_version(&refs, &version)?;
    let draft = session.draft(&refs, &version)?;
    taken.require(&draft.version)?;
    let contract = draft.contract().map_err(Refusal::from)?;
    let Some(change) = contract.change(&id) else {
        let there: Vec<&str> = contract.changes.iter().map(|c| c.id.as_str()).collect();
        let refusal = Refusal::new(Exit::Invalid, format!("{version} has no change {id}"));
        let refusal = match there.as_slice() {
            [] => refusal.because("Its contract declares none yet"),
            there => refusal.because(format!("It has {}", there.join(", "))),
        };
        let add = format!("git gryt generation edit {version} --change TYPE:{id}:TITLE");
        return Err(refusal.then(add).into());
    };
    let owner = session.me()?;
    let what = Evolution {
        version: draft.version.clone(),
        generation: draft.root.clone(),
        change: change.id.clone(),
        owner: owner.clone(),
        started: session.author()?.author.at,
    };
    let root = session
        .store
        .write_evolution(session.author()?, &what, &session.ctx.nonce())?;
    let name = session.change(|refs| {
        let (local, cloud) = (refs.local(), session.known_cloud(refs));
        let here = evolutions(&local).map(|(name, _)| name);
        let taken: Vec<_> = here
            .chain(evolutions(&cloud).map(|(name, _)| name))
            .collect();
        let mut name = EvolutionName {
            version: draft.version.clone(),
            change: change.id.clone(),
            number: 1,
        };
        name.number = next(taken.iter(), &name);
        if name.number > MAX_NUMBER {
            let what = format!("{} of {} has no number left", name.change, name.version);
            return Err(Refusal::new(Exit::Invalid, what).into());
        }
        let update = Update::new(names::evolution(&name), None, Some(&root));
        Ok((vec![update], name))
    })?;
    session.set_current(&root)?;
    session.write_view()?;
    Ok(Outcome::EvolutionStart(Started {
        name,
        title: change.title.clone(),
        owner,
    }))
}

fn abandon(session: &Session<'_>, name: &EvolutionName) -> Result<Outcome> {
    let reference = names::evolution(name);
    let mut patience = Patience::new();
    let mut contact = match session.config.remote {
        Some(_) => Some(session.contact(None)?),
        None => None,
    };
    let mut gone = None;
    while let Some(now) = &contact {
        may_abandon(session, Some(now), name)?;
        let Some(tip) = now.cloud.get(&reference) else {
            break;
        };
        let updates = [Update::new(&reference, Some(tip), None)];
        let report = session.cloud()?.push(&updates, false)?;
        if report.accepted() {
            session.acknowledge(&updates)?;
            gone = Some(tip.clone());
            break;
        }
        contact = Some(session.look_again(&report, &updates, &mut patience, None)?);
    }
    if contact.is_none() {
        may_abandon(session, None, name)?;
    }
    session.change(|refs| {
        let here = refs.get(&reference);
        let mut updates = vec![refs.change(&reference, None)];
        // What was deleted in the cloud may be newer than what is here: both are kept.
        for tip in here.into_iter().chain(gone.as_ref()) {
            let aside = names::withdrawn_evolution(name, &session.departure(tip)?);
            updates.push(refs.change(aside, Some(tip)));
        }
        updates.dedup();
        Ok((updates, ()))
    })?;
    Ok(Outcome::EvolutionAbandon(Abandoned {
        name: name.clone(),
        cloud: gone.is_some(),
    }))
}

/// Its owner may, and whoever promoted its version; what does not check has no owner to protect.
fn may_abandon(
    session: &Session<'_>,
    contact: Option<&Contact>,
    name: &EvolutionName,
) -> Result<()> {
    let reference = names::evolution(name);
    let refs = session.store.refs()?;
    let there = contact.and_then(|contact| contact.cloud.get(&reference));
    let Some(tip) = there.or(refs.get(&reference)) else {
        return Err(Refusal::new(Exit::Invalid, format!("There is no evolution {name}")).into());
    };
    let me = session.me()?;
    let ledger = match contact {
        Some(contact) => contact.ledger().cloned(),
        None => session.ledger(&refs)?,
    };
    let sealed = match &ledger {
        Some(ledger) => session.store.sealed(ledger, &name.version)?,
        None => None,
    };
    let promoter = sealed.is_some_and(|sealed| sealed.promoter.is(&me));
    let owner = match session.store.attempt(name, tip)? {
        Ok(attempt) => attempt.evolution.owner,
        Err(_) => session.store.commit(&session.store.root(tip)?)?.author,
    };
    if owner.is(&me) || promoter {
        return Ok(());
    }
    Err(
        Refusal::new(Exit::Conflict, format!("{name} is owned by {owner}"))
            .because("Its owner can give it up, and whoever promoted its version")
            .into(),
    )
}

fn list(session: &Session<'_>, version: &Version) -> Result<Outcome> {
    let refs = session.store.refs()?;
    if let Some(ledger) = session.ledger(&refs)?
        && let Some(sealed) = session.store.sealed(&ledger, version)?
    {
        let row = |folded: crate::model::ledger::Folded| Row {
            change: folded.change,
            number: folded.number,
            status: if folded.counted {
                "pass"
            } else {
                "not counted"
            },
            owner: folded.owner,
            commit: None,
            shared: session.config.remote.as_ref().map(|_| true),
        };
        return Ok(Outcome::EvolutionList(List {
            version: sealed.version.clone(),
            evolutions: sealed.evolutions.into_iter().map(row).collect(),
        }));
    }
    let draft = session.draft(&refs, version)?;
    let contract = draft.contract().map_err(Refusal::from)?;
    let cloud = session.known_cloud(&refs);
    let row = |attempt: Attempt| {
        let says = contract
            .change(&attempt.name.change)
            .map(|change| attempt.says(change, &draft.root));
        let there = cloud.get(&names::evolution(&attempt.name));
        Row {
            status: status(says.as_ref()),
            commit: attempt.proof.map(|proof| proof.commit),
            shared: session
                .config
                .remote
                .as_ref()
                .map(|_| there == Some(&attempt.tip)),
            owner: attempt.evolution.owner,
            change: attempt.name.change,
            number: attempt.name.number,
        }
    };
    let attempts = session.attempts(&refs, &draft.version)?;
    Ok(Outcome::EvolutionList(List {
        version: draft.version.clone(),
        evolutions: attempts.into_iter().map(row).collect(),
    }))
}

fn status(says: Option<&Says>) -> &'static str {
    match says {
        None => "dropped",
        Some(Says::Nothing) => "started",
        Some(Says::Passes) => "pass",
        Some(Says::Fails) => "fail",
        Some(Says::PassesInVain(_)) => "stale",
    }
}

fn show(session: &Session<'_>, name: &EvolutionName) -> Result<Outcome> {
    let refs = session.store.refs()?;
    let attempt = session.attempt(&refs, name)?;
    let draft = session.draft(&refs, &name.version)?;
    let contract = draft.contract().map_err(Refusal::from)?;
    let says = contract
        .change(&name.change)
        .map(|change| attempt.says(change, &draft.root));
    Ok(Outcome::EvolutionShow(Shown {
        status: status(says.as_ref()),
        stale: match says {
            Some(Says::PassesInVain(why)) => Some(why),
            _ => None,
        },
        owner: attempt.evolution.owner,
        started: attempt.evolution.started,
        proof: attempt.proof,
        name: attempt.name,
    }))
}
