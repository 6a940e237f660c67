//! `git gryt hook`: install and remove git's hooks, and what they do.

mod receive;

use std::io::Read;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};
use serde::Serialize;

use super::Outcome;
use super::sync::published;
use crate::hooks::Hooks;
use crate::model::evolution::Attempt;
use crate::model::hook::{ALL, HOOKS, Hook, Way};
use crate::model::shaped::installed;
use crate::model::{Cause, EvolutionName, Exit, Oid, Refusal};
use crate::runner::{self, End, Interrupt};
use crate::session::Session;
use crate::session::cloud::publish::Commits;
use crate::session::cloud::share::Which;

/// Subcommands of `hook`.
#[derive(Debug, Subcommand)]
pub(crate) enum HookCommand {
    /// Install hooks next to those that are there; by default all three
    Install(HookArgs),
    /// Remove hooks again, leaving what was there before
    Uninstall(HookArgs),
    /// What a hook does; git starts it
    Run {
        /// The hook
        #[arg(value_parser = ALL.map(Hook::as_str))]
        hook: String,
        /// What git tells it
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Share proofs from a hook, in a process that ends when the hook has to
    #[command(hide = true)]
    Share {
        /// The evolutions
        names: Vec<String>,
    },
}

/// Arguments of `hook install` and `hook uninstall`.
#[derive(Debug, Args)]
pub(crate) struct HookArgs {
    /// pre-commit: refuses a commit with an invalid .gryt file, and pulls. pre-push: lists proofs that you
    /// have not shared. post-merge: pulls
    #[arg(value_parser = names_of_hooks())]
    hooks: Vec<String>,
    /// The hook of the bare repository that people push to: pre-receive refuses invalid and disputed
    /// entries
    #[arg(long, conflicts_with = "hooks")]
    server: bool,
}

fn names_of_hooks() -> [&'static str; 3] {
    HOOKS.map(Hook::as_str)
}

/// Hooks that were installed or removed.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Changed {
    pub folder: PathBuf,
    #[serde(serialize_with = "installed::serialize")]
    #[cfg_attr(test, schemars(with = "Vec<installed::Shape<Hook, Way>>"))]
    pub installed: Vec<(Hook, Way)>,
    pub removed: Vec<Hook>,
}

/// What a hook did.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Ran {
    pub hook: Hook,
    /// Proofs of what is pushed that nobody else has.
    #[serde(rename = "unshared_evolutions")]
    pub unshared: Vec<EvolutionName>,
    /// Those that were shared.
    #[serde(rename = "shared_evolutions")]
    pub shared: Vec<EvolutionName>,
    /// What went wrong, which stopped nothing.
    pub trouble: Option<String>,
}

impl Ran {
    fn nothing(hook: Hook) -> Self {
        Self {
            hook,
            unshared: Vec::new(),
            shared: Vec::new(),
            trouble: None,
        }
    }
}

/// Runs a subcommand.
///
/// # Errors
/// As each says.
pub(crate) fn run(session: &Session<'_>, command: &HookCommand) -> Result<Outcome> {
    match command {
        HookCommand::Install(args) => {
            if args.server {
                receive::is_server(session)?;
            }
            let installed = install(session, &chosen(args))?;
            if args.server {
                session.sealing.judge_what_is_here()?;
            }
            Ok(installed)
        }
        HookCommand::Uninstall(args) => uninstall(session, &chosen(args)),
        HookCommand::Run { hook, args } => match Hook::named(hook) {
            Some(Hook::PreCommit) => pre_commit(session),
            Some(Hook::PrePush) => pre_push(session, args),
            Some(Hook::PostMerge) => {
                pull_briefly(session);
                Ok(done(Hook::PostMerge))
            }
            Some(Hook::PreReceive) => receive::run(session),
            None => {
                Err(Refusal::new(Exit::Usage, format!("{hook} is not a hook of gryt's")).into())
            }
        },
        HookCommand::Share { names } => share(session, names),
    }
}

/// What a hook meets stops git only where the hook is there to stop it: a commit of something that
/// gryt could not read.
///
/// # Errors
/// The error itself, where it does.
pub(crate) fn forgive(command: &HookCommand, error: anyhow::Error) -> Result<Outcome> {
    let HookCommand::Run { hook, .. } = command else {
        return Err(error);
    };
    let refusal = error.downcast_ref::<Refusal>();
    let stops = refusal.is_some_and(|refusal| refusal.cause == Cause::StopsCommit);
    match Hook::named(hook) {
        Some(Hook::PreCommit) if stops => Err(error),
        // What could not be judged is not let in.
        Some(Hook::PreReceive) => Err(error),
        Some(hook) => Ok(Outcome::HookRan(Ran {
            trouble: Some(format!("{error:#}")),
            ..Ran::nothing(hook)
        })),
        None => Err(error),
    }
}

fn chosen(args: &HookArgs) -> Vec<Hook> {
    if args.server {
        return vec![Hook::PreReceive];
    }
    if args.hooks.is_empty() {
        return HOOKS.to_vec();
    }
    HOOKS
        .into_iter()
        .filter(|hook| args.hooks.iter().any(|name| name == hook.as_str()))
        .collect()
}

fn install(session: &Session<'_>, wanted: &[Hook]) -> Result<Outcome> {
    let hooks = Hooks::of(
        session.core.store.git(),
        session.core.store.layout().work_tree.as_deref(),
    )?;
    // All or none: whatever stands in the way of one is said before anything is written.
    let mut refusal: Option<Refusal> = None;
    for hook in wanted {
        match (
            crate::model::hook::install(*hook, &hooks.look(*hook)?),
            &mut refusal,
        ) {
            (Ok(_), _) => {}
            (Err(first), None) => refusal = Some(first),
            (Err(more), Some(refusal)) => refusal.why.extend(more.why),
        }
    }
    if let Some(refusal) = refusal {
        return Err(refusal.into());
    }
    let mut installed = Vec::new();
    for hook in wanted {
        installed.push((*hook, hooks.install(*hook)?));
    }
    Ok(Outcome::Hooks(Changed {
        folder: hooks.folder().to_owned(),
        installed,
        removed: Vec::new(),
    }))
}

fn uninstall(session: &Session<'_>, wanted: &[Hook]) -> Result<Outcome> {
    let hooks = Hooks::of(
        session.core.store.git(),
        session.core.store.layout().work_tree.as_deref(),
    )?;
    let mut removed = Vec::new();
    // The first that was installed may have its folder to remove: it goes last.
    for hook in wanted.iter().rev() {
        if hooks.uninstall(*hook)? {
            removed.push(*hook);
        }
    }
    Ok(Outcome::Hooks(Changed {
        folder: hooks.folder().to_owned(),
        installed: Vec::new(),
        removed,
    }))
}

fn done(hook: Hook) -> Outcome {
    Outcome::HookRan(Ran::nothing(hook))
}

/// Refuses what is wrong with gryt's own files in the commit, and looks what is new. Nothing that
/// the cloud says or does not say stops a commit, and no draft, which is no part of it.
fn pre_commit(session: &Session<'_>) -> Result<Outcome> {
    let faults = session.drafts.faults()?;
    if let Some(first) = faults.first() {
        let mut refusal = Refusal::new(Exit::Invalid, first.what.clone());
        refusal.why.clone_from(&first.why);
        for fault in faults.iter().skip(1) {
            refusal.why.push(fault.what.clone());
            refusal.why.extend(fault.why.iter().cloned());
        }
        let mend = match faults.len() {
            1 => "correct the file, add it, and commit again",
            _ => "correct these files, add them, and commit again",
        };
        let mut refusal = refusal
            .caused(Cause::StopsCommit)
            .because(format!("Nothing was committed: {mend}"));
        // Each file is added: these are no choice, so that they stand in one line.
        let add: Vec<&str> = faults
            .iter()
            .flat_map(|fault| &fault.next)
            .map(String::as_str)
            .collect();
        refusal = refusal.then(add.join(" && "));
        return Err(refusal.into());
    }
    for unreadable in session.drafts.unreadable()? {
        let mut text = format!("gryt: {}", unreadable.lines());
        for next in &unreadable.next {
            text += &format!("\n  {next}");
        }
        session.core.ctx.warn(text);
    }
    pull_briefly(session);
    Ok(done(Hook::PreCommit))
}

/// Runs a command of this program that meets the cloud, in a process of its own, until the hook has
/// to be done: `hook_timeout` after it began, whatever it waits for. It can be cut anywhere. What it
/// printed comes along.
fn briefly(session: &Session<'_>, args: &[&str]) -> Result<(End, String)> {
    let ctx = session.core.ctx;
    let until = ctx.begun.checked_add(session.core.config.hook_timeout);
    let mut said = Vec::new();
    let interrupt = Interrupt::listen(&ctx.unheard)?;
    let ended = runner::again(args, &ctx.dir, until, &interrupt, |bytes| {
        said.extend_from_slice(bytes);
    })?;
    Ok((ended.end, String::from_utf8_lossy(&said).into_owned()))
}

/// A pull, for as long as a hook may take.
fn pull_briefly(session: &Session<'_>) {
    if session.core.config.remote.is_none() {
        return;
    }
    let args = ["sync", "pull", "--leave-edits", "--quiet", "--json"];
    let (end, said) = match briefly(session, &args) {
        Ok((end, said)) => (Ok(end), said),
        Err(error) => (Err(error), String::new()),
    };
    let tell = |why: &str| {
        session
            .core
            .ctx
            .detail(format!("Nothing was pulled: {why}"));
    };
    match end {
        Ok(End::Exit(Some(0))) => {}
        Ok(End::Exit(Some(code))) if code == i32::from(Exit::Remote.code()) => {
            tell("the cloud cannot be reached");
        }
        // What a person has to see to is said, and stops nothing.
        Ok(End::Exit(_)) => {
            let error = error_in(&said);
            let text = error.unwrap_or_else(|| "a pull needs your attention".into());
            session
                .core
                .ctx
                .note(format!("gryt: {text}: git gryt sync pull"));
        }
        Ok(End::Timeout) => tell("the cloud took too long"),
        Ok(End::Interrupted) => tell("it was interrupted"),
        Err(error) => tell(&format!("{error:#}")),
    }
}

/// What went wrong, by the JSON document that a command ended with.
fn error_in(said: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Document {
        error: String,
    }
    let document: Document = serde_json::from_str(document(said)?).ok()?;
    Some(document.error)
}

/// The JSON document that a command ended with. Warnings may stand before it.
fn document(said: &str) -> Option<&str> {
    let start = match said.starts_with('{') {
        true => 0,
        false => said.rfind("\n{")? + 1,
    };
    Some(&said[start..])
}

/// Shares evolutions, for as long as a hook may take. What comes of it is told, and stops nothing.
fn share_briefly(session: &Session<'_>, ready: &[EvolutionName]) -> Result<Vec<EvolutionName>> {
    #[derive(serde::Deserialize)]
    struct Document {
        shared_evolutions: Vec<EvolutionName>,
    }
    let names: Vec<String> = ready.iter().map(ToString::to_string).collect();
    let mut args = vec!["hook", "share", "--quiet", "--json", "--"];
    args.extend(names.iter().map(String::as_str));
    let (end, said) = briefly(session, &args)?;
    let why = match end {
        End::Exit(Some(0)) => {
            let text = document(&said).unwrap_or_default();
            return Ok(serde_json::from_str::<Document>(text)?.shared_evolutions);
        }
        End::Exit(_) => error_in(&said).unwrap_or_else(|| said.trim().to_owned()),
        End::Timeout => "the cloud took too long".to_owned(),
        End::Interrupted => "it was interrupted".to_owned(),
    };
    session
        .core
        .ctx
        .warn(format!("The proofs were not shared: {why}"));
    Ok(Vec::new())
}

/// The other end of [`share_briefly`].
fn share(session: &Session<'_>, names: &[String]) -> Result<Outcome> {
    let names: Vec<EvolutionName> = names
        .iter()
        .map(|name| name.parse())
        .collect::<Result<_, _>>()
        .map_err(Refusal::from)?;
    let shared = session
        .cloud
        .share_evolutions(&Which::Named(&names), Commits::Hold)?;
    Ok(Outcome::HookRan(Ran {
        shared: [shared.created, shared.updated].concat(),
        ..Ran::nothing(Hook::PrePush)
    }))
}

/// Warns of proofs of pushed commits that nobody else has, and shares those that earlier pushes have
/// published, where that is wished. Nothing of it stops the push.
fn pre_push(session: &Session<'_>, args: &[String]) -> Result<Outcome> {
    let mut ran = Ran::nothing(Hook::PrePush);
    // By its name, or by its address.
    let cloud = [
        session.core.config.remote.as_deref(),
        session.core.cloud_url(),
    ];
    let to_cloud = args.is_empty() || args.iter().any(|arg| cloud.contains(&Some(arg.as_str())));
    let pushed = pushed(session)?;
    if session.core.config.remote.is_none() || !to_cloud || pushed.is_empty() {
        return Ok(Outcome::HookRan(ran));
    }
    let mine = published::unshared(session)?;
    let ready = published::ready(session, &mine)?;
    if !ready.is_empty() {
        ran.shared = share_briefly(session, &ready)?;
    }
    for attempt in mine {
        if !ran.shared.contains(&attempt.name) && is_of(session, &attempt, &pushed)? {
            ran.unshared.push(attempt.name);
        }
    }
    Ok(Outcome::HookRan(ran))
}

/// The commits that are being pushed: githooks(5), "pre-push", or as the pre-commit framework
/// tells it.
fn pushed(session: &Session<'_>) -> Result<Vec<Oid>> {
    if let Some(tip) = session.core.ctx.env("PRE_COMMIT_TO_REF") {
        return Ok(session.core.store.resolve(&tip).into_iter().collect());
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let oid = |line: &str| line.split(' ').nth(1)?.parse::<Oid>().ok();
    let known = |oid: &Oid| session.core.store.is_commit(oid);
    Ok(text.lines().filter_map(oid).filter(known).collect())
}

fn is_of(session: &Session<'_>, attempt: &Attempt, pushed: &[Oid]) -> Result<bool> {
    // All that a push of it would publish is on its way.
    let pinned = session.core.store.pinned(&attempt.tip, None)?;
    for commit in &pinned {
        let mut held = false;
        for tip in pushed {
            held = held || session.core.store.holds(tip, commit)?;
        }
        if !held {
            return Ok(false);
        }
    }
    Ok(!pinned.is_empty())
}
