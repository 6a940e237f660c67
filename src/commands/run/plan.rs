//! What a run would do, before it does it.

use anyhow::Result;
use serde::Serialize;

use super::RunArgs;
use crate::model::evolution::Attempt;
use crate::model::pipeline::path;
use crate::model::pipeline::{self, Pipeline};
use crate::model::wanted::Wanted;
use crate::model::{Cause, Change, EvolutionName, Exit, Oid, Refusal, Version};
use crate::session::Session;
use crate::session::proving::pipelines::Source;
use crate::session::proving::proof::declared;
use crate::store::{Store, worktree};

/// What would run.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Planned {
    #[serde(flatten)]
    pub name: EvolutionName,
    pub title: String,
    pub pipeline: String,
    pub commit: Oid,
    pub steps: Vec<PlannedStep>,
}

/// A step that would run.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct PlannedStep {
    pub name: String,
    pub run: String,
    /// The steps that it waits for.
    pub after: Vec<String>,
}

/// What is about to run.
pub(super) struct Plan {
    pub(super) attempt: Attempt,
    pub(super) change: Change,
    pub(super) name: String,
    pub(super) pipeline: Pipeline,
    pub(super) text: Vec<u8>,
    pub(super) commit: Oid,
    pub(super) tree: Oid,
    pub(super) void: Option<String>,
}

pub(super) fn planned(plan: Plan) -> Planned {
    let steps = &plan.pipeline.steps;
    let needs = plan.pipeline.needs();
    let step = |(step, needs): (&pipeline::Step, &Vec<usize>)| PlannedStep {
        name: step.name.clone(),
        run: step.run.clone(),
        after: needs.iter().map(|at| steps[*at].name.clone()).collect(),
    };
    Planned {
        steps: steps.iter().zip(&needs).map(step).collect(),
        name: plan.attempt.name,
        title: plan.change.title,
        pipeline: plan.name,
        commit: plan.commit,
    }
}

pub(super) fn plan(session: &Session<'_>, args: &RunArgs, change: Option<&Wanted>) -> Result<Plan> {
    let (attempt, change, contract) = wanted(session, args, change)?;
    let commit = session.core.store.resolve(&args.commit)?;
    let tree = session.core.store.commit(&commit)?.tree;
    let dirty = match args.isolated {
        true => Vec::new(),
        false => {
            let mut dirty = session.core.store.dirty_files()?;
            let hidden = worktree::hidden_files(session.core.store.git(), &session.core.top()?)?;
            let note = |file| format!("{file} (git is told not to look at it)");
            dirty.extend(hidden.into_iter().map(note));
            dirty
        }
    };
    if !dirty.is_empty() && !args.allow_dirty {
        return Err(unclean(&dirty).into());
    }
    let source = match args.allow_dirty {
        true => Source::Disk,
        false => Source::Tree(tree.clone()),
    };
    let available = session.proving.pipelines(&source)?;
    let name = pipeline::choose(args.pipeline.as_deref(), &change, &contract, &available)
        .map_err(|refusal| uncommitted(session, args, refusal))?;
    let (text, pipeline) = session.proving.pipeline(&source, &name)?;
    let held = session.core.store.at(&tree, &path(&name))? == Some(Store::blob_id(&text)?);
    let void = match (dirty.is_empty(), held) {
        (false, _) => Some("the working tree had uncommitted edits".to_owned()),
        (true, false) => Some("the pipeline was not committed".to_owned()),
        (true, true) => None,
    };
    Ok(Plan {
        attempt,
        change,
        name,
        pipeline,
        text,
        commit,
        tree,
        void,
    })
}

/// The evolution to prove, and its change as the contract has it now.
pub(super) fn wanted(
    session: &Session<'_>,
    args: &RunArgs,
    wanted: Option<&Wanted>,
) -> Result<(Attempt, Change, crate::model::Contract)> {
    // A dry run changes nothing, not even a draft.
    let taken = match args.dry_run {
        true => None,
        false => Some(session.drafts.take_in()?),
    };
    let refs = session.core.store.refs()?;
    let attempt = session.proving.current(&refs, wanted)?;
    let version: &Version = &attempt.name.version;
    session.core.open_version(&refs, version)?;
    if let Some(taken) = taken {
        taken.require(version)?;
    }
    let draft = session.core.draft(&refs, version)?;
    let contract = draft.contract().map_err(Refusal::from)?;
    let change = declared(&contract, version, &attempt.name.change)?.clone();
    Ok((attempt, change, contract))
}

pub(super) fn unclean(dirty: &[String]) -> Refusal {
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
        .then("git gryt run --isolated")
        .then("git gryt run --allow-dirty")
}

/// A pipeline that is on disk and not in the commit is the usual mistake of a first run.
pub(super) fn uncommitted(session: &Session<'_>, args: &RunArgs, refusal: Refusal) -> Refusal {
    let on_disk = session.proving.pipeline_files().unwrap_or_default();
    if args.allow_dirty || on_disk.is_empty() {
        return refusal;
    }
    let held = refusal.cause == Cause::NoPipelines;
    let named = args
        .pipeline
        .as_ref()
        .is_some_and(|p| on_disk.contains(&format!("{p}.yaml")));
    if !held && !named {
        return refusal;
    }
    let commit = &args.commit;
    let what = format!("{commit} does not hold the pipeline, so a run would prove no commit");
    Refusal::new(refusal.exit, what)
        .then("git add .gryt && git commit -m \"Add the pipeline\"")
        .then("git gryt run --allow-dirty")
}
