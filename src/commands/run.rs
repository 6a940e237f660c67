//! `git gryt run`: run a pipeline for an evolution and record what came of it.

use anyhow::{Context as _, Result};
use clap::Args;
use serde::Serialize;

use super::{Outcome, init, typed_if};
use crate::context::Event;
use crate::git::LOCAL_ENV;
use crate::model::evolution::{Attempt, Outcome as Ended, PipelineUsed, StepResult};
use crate::model::pipeline::{self, Pipeline};
use crate::model::{Change, EvolutionName, Exit, Oid, Proof, Refusal};
use crate::runner;
use crate::session::Session;
use crate::store::{Store, names};

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The pipeline: a file of .gryt/pipelines/, without its ending
    pipeline: Option<String>,
    /// Prove this change, not the one that was started last here
    #[arg(long, value_name = "ID")]
    change: Option<String>,
    /// Run with uncommitted edits; the record says that it proves nothing
    #[arg(long)]
    allow_dirty: bool,
}

/// What a run recorded.
#[derive(Debug, Serialize)]
pub struct Proven {
    #[serde(flatten)]
    pub name: EvolutionName,
    pub pipeline: String,
    pub status: Ended,
    /// Why it proves nothing, whatever its status.
    pub void: Option<String>,
    pub commit: Oid,
    pub steps: Vec<StepResult>,
    /// Whether the proof is in this clone alone although there is a cloud.
    pub unshared: bool,
}

impl Proven {
    /// A run that failed, or that proves nothing, is no success.
    pub fn exit(&self) -> Exit {
        match (self.status, &self.void) {
            (Ended::Pass, _) => Exit::Done,
            (Ended::Fail, _) => Exit::Gate,
        }
    }
}

/// What is about to run.
struct Plan {
    attempt: Attempt,
    change: Change,
    pipeline: Pipeline,
    used: PipelineUsed,
    commit: Oid,
    tree: Oid,
    void: Option<String>,
}

/// Runs the pipeline and records the proof.
///
/// # Errors
/// There is nothing to prove, or the working tree is not what `HEAD` holds.
pub fn run(session: &Session<'_>, args: &RunArgs) -> Result<Outcome> {
    let plan = plan(session, args)?;
    let top = session.top()?;
    let env = [
        ("GRYT_VERSION", plan.attempt.name.version.to_string()),
        ("GRYT_CHANGE", plan.attempt.name.change.to_string()),
        ("GRYT_COMMIT", plan.commit.to_string()),
    ];
    let mut steps = Vec::new();
    let mut logs = Vec::new();
    let mut status = Ended::Pass;
    for step in &plan.pipeline.steps {
        let name = step.name.as_str();
        session.ctx.tell(Event::StepStarted { step: name });
        let heard = |bytes: &[u8]| session.ctx.tell(Event::StepOutput { bytes });
        let ran = runner::script(&step.run, &top, &env, &LOCAL_ENV, heard)?;
        let millis = u64::try_from(ran.took.as_millis()).unwrap_or(u64::MAX);
        let exit = ran.exit;
        session.ctx.tell(Event::StepEnded {
            step: name,
            exit,
            millis,
        });
        steps.push(StepResult {
            name: step.name.clone(),
            exit,
            duration_ms: millis,
        });
        logs.push((step.name.clone(), ran.log()));
        if exit != Some(0) {
            status = Ended::Fail;
            break;
        }
    }
    let void = match plan.void.clone() {
        Some(void) => Some(void),
        None => changed_meanwhile(session, &plan.commit)?,
    };
    record(session, plan, status, void, steps, &logs)
}

fn plan(session: &Session<'_>, args: &RunArgs) -> Result<Plan> {
    let taken = session.take_in()?;
    let refs = session.store.refs()?;
    let wanted = typed_if(args.change.as_deref())?;
    let attempt = session.current(&refs, wanted.as_ref())?;
    let version = &attempt.name.version;
    session.open_version(&refs, version)?;
    taken.require(version)?;
    let draft = session.draft(&refs, version)?;
    let contract = draft.contract().map_err(Refusal::from)?;
    let change = contract
        .change(&attempt.name.change)
        .cloned()
        .ok_or_else(|| {
            let id = &attempt.name.change;
            Refusal::new(
                Exit::Invalid,
                format!("{version} no longer has the change {id}"),
            )
            .then(format!("git gryt generation show {version}"))
        })?;
    let commit = session.store.resolve("HEAD")?;
    let tree = session.store.commit(&commit)?.tree;
    let dirty = session.store.dirty_files()?;
    if !dirty.is_empty() && !args.allow_dirty {
        return Err(unclean(&dirty).into());
    }
    let available = available(session, &tree, args.allow_dirty)?;
    let name = pipeline::choose(args.pipeline.as_deref(), &change, &contract, &available);
    let name = name.map_err(|refusal| uncommitted(session, args, refusal))?;
    let path = format!("{}/{name}.yaml", init::PIPELINES);
    let (text, void) = if args.allow_dirty {
        let text = std::fs::read(session.top()?.join(&path))
            .with_context(|| format!("{path} cannot be read"))?;
        let held = session.store.at(&tree, &path)? == Some(Store::blob_id(&text)?);
        let void = match (dirty.is_empty(), held) {
            (false, _) => Some("the working tree had uncommitted edits".to_owned()),
            (true, false) => Some("the pipeline was not committed".to_owned()),
            (true, true) => None,
        };
        (text, void)
    } else {
        let found = session.store.text(&tree, &path)?;
        (
            found.context("a pipeline that HEAD lists is there")?.1,
            None,
        )
    };
    let pipeline = Pipeline::parse(&text)
        .map_err(|invalid| Refusal::new(Exit::Invalid, format!("{path}: {invalid}")))?;
    Ok(Plan {
        used: PipelineUsed {
            name,
            blob: session.store.write_blob(&text)?,
        },
        attempt,
        change,
        pipeline,
        commit,
        tree,
        void,
    })
}

fn unclean(dirty: &[String]) -> Refusal {
    let mut refusal = Refusal::new(
        Exit::Invalid,
        "The working tree is not what HEAD holds, so a run would prove no commit",
    );
    for file in dirty.iter().take(5) {
        refusal = refusal.because(format!("edited: {file}"));
    }
    if dirty.len() > 5 {
        refusal = refusal.because(format!("and {} more", dirty.len() - 5));
    }
    refusal
        .then("git commit -a")
        .then("git stash")
        .then("git gryt run --allow-dirty")
}

/// The pipelines that may run: those that `HEAD` holds, or those on disk where the run is to
/// prove nothing anyway.
fn available(session: &Session<'_>, tree: &Oid, on_disk: bool) -> Result<Vec<String>> {
    let names = if on_disk {
        disk_names(session)?
    } else {
        let entries = session.store.list(tree, init::PIPELINES)?;
        entries.into_iter().map(|(name, _)| name).collect()
    };
    let stem = |name: String| name.strip_suffix(".yaml").map(str::to_owned);
    let mut names: Vec<String> = names.into_iter().filter_map(stem).collect();
    names.retain(|name| pipeline::check_name(name).is_ok());
    names.sort();
    Ok(names)
}

fn disk_names(session: &Session<'_>) -> Result<Vec<String>> {
    let Ok(folder) = std::fs::read_dir(session.top()?.join(init::PIPELINES)) else {
        return Ok(Vec::new());
    };
    let name = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    Ok(folder.filter_map(|entry| entry.ok().map(name)).collect())
}

/// A pipeline that is on disk and not in `HEAD` is the usual mistake of a first run.
fn uncommitted(session: &Session<'_>, args: &RunArgs, refusal: Refusal) -> Refusal {
    let on_disk = disk_names(session).unwrap_or_default();
    if args.allow_dirty || on_disk.is_empty() {
        return refusal;
    }
    let held = refusal.why.iter().any(|line| line.ends_with("holds none"));
    let named = args
        .pipeline
        .as_ref()
        .is_some_and(|p| on_disk.contains(&format!("{p}.yaml")));
    if !held && !named {
        return refusal;
    }
    Refusal::new(
        refusal.exit,
        "HEAD does not hold the pipeline, so a run would prove no commit",
    )
    .then("git add .gryt")
    .then("git commit -m \"Add the pipeline\"")
    .then("git gryt run --allow-dirty")
}

/// Whether what was tested is still the commit that the proof will name.
fn changed_meanwhile(session: &Session<'_>, commit: &Oid) -> Result<Option<String>> {
    if session.store.resolve("HEAD")? != *commit {
        return Ok(Some("HEAD moved while the pipeline ran".into()));
    }
    let dirty = session.store.dirty_files()?;
    let first = dirty
        .first()
        .map(|file| format!("{file} was changed while the pipeline ran"));
    Ok(first)
}

fn record(
    session: &Session<'_>,
    plan: Plan,
    status: Ended,
    void: Option<String>,
    steps: Vec<StepResult>,
    logs: &[(String, Vec<u8>)],
) -> Result<Outcome> {
    let (author, _) = session.store.git().idents()?;
    let proof = Proof {
        status,
        void,
        commit: plan.commit,
        tree: plan.tree,
        change: plan.change,
        pipeline: plan.used,
        steps,
        by: session.me()?,
        host: host(session),
        at: author.at,
    };
    // Another process may have added a proof, or given the evolution another number, meanwhile.
    let root = plan.attempt.root;
    let name = session.change(|refs| {
        let mut found = None;
        for (name, tip) in crate::store::refs::evolutions(&refs.local()) {
            if name.change == plan.attempt.name.change
                && let Ok(attempt) = session.store.attempt(&name, &tip)?
                && attempt.root == root
            {
                found = Some(attempt);
            }
        }
        let Some(attempt) = found else {
            let name = &plan.attempt.name;
            let what = format!("{name} went into a release or was removed while its pipeline ran");
            return Err(Refusal::new(Exit::Taken, what).into());
        };
        let tip = session
            .store
            .write_proof(session.author()?, &attempt, &proof, logs)?;
        let update = refs.change(names::evolution(&attempt.name), Some(&tip));
        Ok((vec![update], attempt.name))
    })?;
    Ok(Outcome::Run(Proven {
        name,
        pipeline: proof.pipeline.name,
        status,
        void: proof.void,
        commit: proof.commit,
        steps: proof.steps,
        unshared: session.config.remote.is_some() && !session.continuous(),
    }))
}

fn host(session: &Session<'_>) -> String {
    let from_system = || {
        let text = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
        Some(text.trim().to_owned())
    };
    session
        .ctx
        .env("HOSTNAME")
        .or_else(from_system)
        .unwrap_or_else(|| "unknown".to_owned())
}
