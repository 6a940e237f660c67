//! `git gryt run`: run a pipeline for an evolution and record what came of it.

pub(crate) mod pipelines;
mod plan;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use serde::Serialize;

use super::{Outcome, typed};
use crate::context::Event;
use crate::git::LOCAL_ENV;
use crate::model::artifact::Artifact;
use crate::model::engine;
use crate::model::proof::{self, Evidence, Outcome as Ended, PipelineUsed, StepResult};
use crate::model::wanted::Wanted;
use crate::model::{EvolutionName, Exit, Oid, Proof, Refusal};
use crate::runner::Interrupt;
use crate::runner::Log;
use crate::runner::steps::{self, Finished, Job, News};
use crate::session::Session;
use crate::session::proving::artifacts;
use crate::session::proving::isolate::Isolated;
use crate::store::objects::Content;
use crate::store::worktree;
use plan::{Plan, plan, planned};

pub(crate) use plan::Planned;

/// Arguments of `run`.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The pipeline: a file of .gryt/pipelines/, without its ending
    pub pipeline: Option<String>,
    /// Prove this change, not the one that was started last here
    #[arg(long, value_name = "[VERSION/]ID")]
    change: Vec<String>,
    /// Prove the changes that commits since BASE name in `Gryt-Change: ID` lines of their messages,
    /// starting evolutions of those that you have none of
    #[arg(long, value_name = "BASE", conflicts_with = "change")]
    trailers: Option<String>,
    /// Prove the changes of VERSION that HEAD holds no proof of: after a squash, or a merge that
    /// changed what was proven
    #[arg(long, value_name = "VERSION", conflicts_with_all = ["change", "trailers"])]
    uncovered: Option<String>,
    /// With --change, start evolutions of changes that you have none of
    #[arg(long)]
    start: bool,
    /// Run in a temporary worktree that holds the commit and nothing else
    #[arg(long, conflicts_with = "allow_dirty")]
    isolated: bool,
    /// The commit to prove, in isolation
    #[arg(
        long,
        value_name = "REV",
        default_value = "HEAD",
        requires = "isolated"
    )]
    commit: String,
    /// How many steps run at once [default: the number of processors]
    #[arg(short, long, value_name = "N", value_parser = super::count)]
    jobs: Option<NonZeroUsize>,
    /// Run with uncommitted edits; the record says that it proves nothing
    #[arg(long)]
    allow_dirty: bool,
    /// List the pipelines of the working tree
    #[arg(long, group = "instead")]
    pub list: bool,
    /// Say what would run, and run nothing
    #[arg(long, group = "instead")]
    dry_run: bool,
    /// Check the pipelines of the working tree, or the one that is named
    #[arg(long, group = "instead")]
    pub validate: bool,
}

/// What a run recorded.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Proven {
    #[serde(flatten)]
    pub name: EvolutionName,
    pub pipeline: String,
    pub status: Ended,
    /// Why it proves nothing, whatever its status.
    pub void: Option<String>,
    pub commit: Oid,
    pub isolated: bool,
    /// The files that it made.
    pub artifacts: Vec<Artifact>,
    pub steps: Vec<StepResult>,
    /// Whether the proof is in this clone alone although there is a cloud.
    pub unshared: bool,
}

impl Proven {
    /// A run that failed is no success, although its record is made.
    pub(crate) fn exit(&self) -> Exit {
        match self.status {
            Ended::Pass => Exit::Done,
            Ended::Fail => Exit::Gate,
        }
    }
}

/// What several runs recorded, one for each change.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Runs {
    pub runs: Vec<Proven>,
    /// Changes that commits name and no draft of this clone wants.
    pub unwanted: Vec<String>,
    /// The version whose uncovered changes were asked for.
    pub uncovered: Option<String>,
}

impl Runs {
    /// The first failure's.
    pub(crate) fn exit(&self) -> Exit {
        let exits = self.runs.iter().map(Proven::exit);
        exits
            .into_iter()
            .find(|exit| *exit != Exit::Done)
            .unwrap_or(Exit::Done)
    }
}

/// Runs the pipeline and records the proof.
///
/// # Errors
/// There is nothing to prove, the working tree is not what `HEAD` holds, or the user ended it.
pub(crate) fn run(session: &Session<'_>, args: &RunArgs) -> Result<Outcome> {
    let mut changes: Vec<Wanted> = args
        .change
        .iter()
        .map(|id| typed(id))
        .collect::<Result<_, _>>()?;
    let mut unwanted = Vec::new();
    if let Some(base) = &args.trailers {
        (changes, unwanted) = session.proving.named_since(base)?;
    } else if let Some(version) = &args.uncovered {
        changes = session.proving.uncovered(&typed(version)?)?;
    } else if let [] | [_] = changes.as_slice() {
        let only = changes.pop();
        if args.start {
            session.proving.sees_started(only.as_ref())?;
            let refs = session.core.store.refs()?;
            let begun = session.proving.current(&refs, only.as_ref())?;
            session.proving.set_current(&begun.root)?;
        }
        if args.dry_run {
            return Ok(Outcome::RunPlan(planned(plan(
                session,
                args,
                only.as_ref(),
            )?)));
        }
        return one(session, args, only.as_ref()).map(Outcome::Run);
    }
    if args.dry_run {
        let what = "With --dry-run, name one change";
        return Err(Refusal::new(Exit::Usage, what).into());
    }
    let mut once: Vec<Wanted> = Vec::new();
    for change in changes {
        let same =
            |known: &Wanted| known.version == change.version && known.change.is(&change.change);
        if !once.iter().any(same) {
            once.push(change);
        }
    }
    // Whatever cannot be run is said before anything is.
    for change in &once {
        if args.start || args.trailers.is_some() || args.uncovered.is_some() {
            session.proving.sees_started(Some(change))?;
        } else {
            session
                .proving
                .current(&session.core.store.refs()?, Some(change))?;
        }
    }
    let mut runs = Vec::new();
    for change in &once {
        runs.push(one(session, args, Some(change))?);
    }
    Ok(Outcome::Runs(Runs {
        runs,
        unwanted: unwanted.iter().map(Wanted::to_string).collect(),
        uncovered: args.uncovered.clone(),
    }))
}

fn one(session: &Session<'_>, args: &RunArgs, change: Option<&Wanted>) -> Result<Proven> {
    let plan = plan(session, args, change)?;
    let isolated = match args.isolated {
        true => Some(session.proving.isolate(&plan.commit)?),
        false => None,
    };
    let untracked = match isolated {
        Some(_) => Vec::new(),
        None => worktree::untracked_files(session.core.store.git())?,
    };
    let finished = perform(session, args, &plan, isolated.as_ref())?;
    if proof::outcome(&finished.results) == Ended::Fail && !finished.interrupted {
        let missing = isolated.iter().flat_map(Isolated::missing);
        for missing in missing {
            session.core.ctx.warn(format!("A step failed. {missing}"));
        }
    }
    if finished.interrupted {
        let name = &plan.attempt.name;
        let what = format!("Interrupted: nothing was recorded of {name}");
        return Err(Refusal::new(Exit::Interrupted, what).into());
    }
    // Much may have happened meanwhile, here or in another process.
    session.core.store.look_anew();
    let void = match plan.void.clone() {
        Some(void) => Some(void),
        None => changed_meanwhile(session, &plan.commit, isolated.as_ref())?,
    };
    let artifacts = match proof::outcome(&finished.results) {
        Ended::Pass if !plan.pipeline.artifacts.is_empty() => {
            let top = match &isolated {
                Some(isolated) => isolated.top(),
                None => session.core.top()?,
            };
            let made = artifacts::made(&top, &plan.pipeline.artifacts)?;
            if made.is_empty() {
                let globs = plan.pipeline.artifacts.join(", ");
                let what =
                    format!("The steps made no file that the pipeline's artifacts name: {globs}");
                session.core.ctx.warn(what);
            }
            made
        }
        Ended::Pass | Ended::Fail => Vec::new(),
    };
    let proven = record(
        session,
        plan,
        &finished,
        (void, artifacts),
        isolated.is_some(),
    )?;
    if proven.status == Ended::Pass {
        mention_untracked(session, &untracked);
    }
    Ok(proven)
}

/// Says what the steps may have used and the proven commit does not hold.
fn mention_untracked(session: &Session<'_>, untracked: &[String]) {
    let which = match untracked {
        [] => return,
        [only] => format!("{only} is not tracked: the commit does not hold it"),
        [first, .., last] => format!(
            "{} files are not tracked, {first} to {last}: the commit does not hold them",
            untracked.len()
        ),
    };
    session.core.ctx.warn(format!(
        "{which}, but the steps may have used it. To be sure: git gryt run --isolated"
    ));
}

fn perform(
    session: &Session<'_>,
    args: &RunArgs,
    plan: &Plan,
    isolated: Option<&Isolated<'_>>,
) -> Result<Finished> {
    let top: PathBuf = match isolated {
        Some(isolated) => isolated.top(),
        None => session.core.top()?,
    };
    let env = [
        ("GRYT_VERSION", plan.attempt.name.version.to_string()),
        ("GRYT_CHANGE", plan.attempt.name.change.to_string()),
        ("GRYT_COMMIT", plan.commit.to_string()),
    ];
    let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let job = Job {
        pipeline: &plan.pipeline,
        top: &top,
        env: &env,
        without: &LOCAL_ENV,
        secrets: &session.core.credentials()?,
        jobs: args.jobs.map_or(processors, NonZeroUsize::get),
    };
    session.core.rest();
    let interrupt = Interrupt::listen(&session.core.ctx.unheard)?;
    let count = plan.pipeline.steps.len();
    session.core.ctx.tell(Event::RunStarted { steps: count });
    let finished = steps::run(&job, &interrupt, |news| {
        session.core.ctx.tell(match news {
            News::Started { step } => Event::StepStarted { step },
            News::Output { step, bytes } => Event::StepOutput { step, bytes },
            News::Again { step, attempt } => Event::StepAgain { step, attempt },
            News::Left { step } => Event::StepLeft { step },
            News::Ended { result } => Event::StepEnded { result },
        });
    });
    session.core.ctx.tell(Event::RunEnded);
    finished
}

/// Whether what was tested is still the commit that the proof will name.
fn changed_meanwhile(
    session: &Session<'_>,
    commit: &Oid,
    isolated: Option<&Isolated<'_>>,
) -> Result<Option<String>> {
    let there = isolated.map(Isolated::git);
    let git = there.as_ref().unwrap_or(session.core.store.git());
    if worktree::head(git)? != *commit {
        return Ok(Some("HEAD moved while the pipeline ran".into()));
    }
    let dirty = worktree::dirty_files(git)?;
    let first = dirty
        .first()
        .map(|file| format!("{file} was changed while the pipeline ran"));
    Ok(first)
}

fn record(
    session: &Session<'_>,
    plan: Plan,
    finished: &Finished,
    (void, artifacts): (Option<String>, Vec<Artifact>),
    isolated: bool,
) -> Result<Proven> {
    let (author, _) = session.core.idents()?;
    let status = proof::outcome(&finished.results);
    let proof = Proof {
        status,
        void,
        patches: session.proving.patches(&plan.commit)?,
        commit: plan.commit,
        tree: plan.tree,
        change: plan.change,
        pipeline: Some(PipelineUsed {
            blob: session.core.store.write_blob(&plan.text)?,
            name: plan.name.clone(),
        }),
        isolated,
        steps: finished.results.clone(),
        evidence: evidence(session),
        artifacts,
        by: session.core.me()?,
        host: session.proving.host(),
        at: author.at,
    };
    let beside = finished.logs.iter().map(|(step, log)| {
        let log = match log {
            Log::Bytes(bytes) => Content::Blob(bytes),
            Log::File(file) => Content::File(file.path()),
        };
        (format!("logs/{step}.log"), log)
    });
    let beside: Vec<_> = beside.collect();
    let unsigned = status == Ended::Pass
        && !session.core.author()?.sign
        && session
            .core
            .policy_about(&plan.attempt.name.version)
            .is_ok_and(|policy| policy.signs());
    let name =
        session
            .proving
            .add_proof(&plan.attempt.name, &plan.attempt.root, &proof, &beside)?;
    if unsigned {
        session.core.ctx.warn(format!(
            "This proof is not signed, and .gryt/policy.yaml asks for signatures: git gryt config sign true && git \
             gryt run --change {}",
            name.change
        ));
    }
    Ok(Proven {
        name,
        pipeline: plan.name,
        status,
        void: proof.void,
        commit: proof.commit,
        artifacts: proof.artifacts,
        isolated,
        steps: proof.steps,
        unshared: session.core.config.remote.is_some() && !session.core.continuous(),
    })
}

/// Where a run in CI can be looked at, and who set it going.
fn evidence(session: &Session<'_>) -> Option<Evidence> {
    let engine = engine::detect(|name| session.core.ctx.env(name))?;
    Some(Evidence {
        url: engine.url,
        engine: Some(engine.name.to_owned()),
        actor: engine.actor,
        ..Evidence::default()
    })
}
