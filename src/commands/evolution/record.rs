//! `git gryt evolution record`: add what another system found as a proof.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::commands::{Outcome, typed};
use crate::model::address::without_credentials;
use crate::model::artifact::{self, Artifact};
use crate::model::engine;
use crate::model::evolution::Attempt;
use crate::model::pipeline::check_name;
use crate::model::proof::{Evidence, Outcome as Ended, StepEnd, StepResult, Tests};
use crate::model::{ChangeId, EvolutionName, Exit, Oid, Proof, Refusal, Version};
use crate::session::Session;
use crate::session::proving::artifacts;
use crate::session::proving::junit;
use crate::session::proving::proof::declared;
use crate::store::Refs;
use crate::store::objects::Content;
use crate::store::refs::evolutions;

/// Arguments of `evolution record`.
#[derive(Debug, Args)]
pub(crate) struct RecordArgs {
    /// The version
    version: String,
    /// The change that was proven
    #[arg(long, value_name = "ID")]
    change: String,
    /// How it ended; by default what the test reports say
    #[arg(long, value_enum, required_unless_present = "junit")]
    status: Option<Status>,
    /// The commit that was proven; by default the one that the CI engine names, or HEAD
    #[arg(long, value_name = "REV")]
    commit: Option<String>,
    /// Where the result can be read; by default the CI engine's page
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// A test report in the JUnit form
    #[arg(long, value_name = "FILE")]
    junit: Vec<PathBuf>,
    /// A file to keep with the proof, 1 MB at most
    #[arg(long, value_name = "FILE")]
    attach: Vec<PathBuf>,
    /// A file that was built: its name, size and digest go into the proof, not the file
    #[arg(long, value_name = "FILE")]
    artifact: Vec<PathBuf>,
    /// The name of the step that this proves, for the gate required_steps
    #[arg(long = "step", value_name = "NAME")]
    steps: Vec<String>,
}

/// How the recorded run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Status {
    Pass,
    Fail,
}

/// A proof that was recorded.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Recorded {
    #[serde(flatten)]
    pub name: EvolutionName,
    pub status: Ended,
    pub commit: Oid,
    pub evidence: Evidence,
    pub artifacts: Vec<Artifact>,
    /// Whether the evolution was started for it.
    #[serde(rename = "is_new")]
    pub started: bool,
    /// Whether the proof is in this clone alone although there is a cloud.
    pub unshared: bool,
}

/// The largest file that a proof keeps, in bytes. Everybody's clone gets it.
const MAX_ATTACHED: u64 = 1024 * 1024;

/// Records a proof.
///
/// # Errors
/// An unknown change or commit; a file that is no report, says otherwise than `--status`, or is
/// too large.
pub(crate) fn run(session: &Session<'_>, args: &RecordArgs) -> Result<Outcome> {
    let version: Version = typed(&args.version)?;
    let id: ChangeId = typed(&args.change)?;
    session.drafts.take_in()?.require(&version)?;
    let refs = session.core.store.refs()?;
    session.core.open_version(&refs, &version)?;
    let draft = session.core.draft(&refs, &version)?;
    let contract = draft.contract().map_err(Refusal::from)?;
    let change = declared(&contract, &version, &id)?.clone();
    let engine = engine::detect(|name| session.core.ctx.env(name)).unwrap_or_default();
    let commit = match (&args.commit, &engine.commit) {
        (Some(rev), _) | (None, Some(rev)) => session.core.store.resolve(rev)?,
        (None, None) => session.core.store.resolve("HEAD")?,
    };
    let tests = match args.junit.as_slice() {
        [] => None,
        files => Some(junit::sum(&at(session, files))?),
    };
    let status = status(args.status, tests.as_ref())?;
    let attached = attached(&at(session, &args.attach))?;
    let artifacts = built(&at(session, &args.artifact))?;
    let evidence = Evidence {
        url: args.url.as_deref().map(without_credentials).or(engine.url),
        engine: Some(engine.name)
            .filter(|n| !n.is_empty())
            .map(str::to_owned),
        actor: engine.actor,
        tests,
        attachments: attached.iter().map(|(name, _)| name.clone()).collect(),
    };
    let proof = Proof {
        status,
        void: None,
        tree: session.core.store.commit(&commit)?.tree,
        patches: session.proving.patches(&commit)?,
        commit,
        change,
        pipeline: None,
        isolated: false,
        steps: steps(&args.steps, status)?,
        evidence: Some(evidence.clone()),
        artifacts: artifacts.clone(),
        by: session.core.me()?,
        host: session.proving.host(),
        at: session.core.author()?.author.at,
    };
    let (before, root, started) = match own(session, &refs, &draft.version, &id, &draft.root)? {
        Some(attempt) => (attempt.name, attempt.root, false),
        None => {
            let (name, root) = session.proving.begin_evolution(&draft, &proof.change)?;
            (name, root, true)
        }
    };
    let beside: Vec<_> = attached
        .iter()
        .map(|(name, path)| (format!("attachments/{name}"), Content::File(path)))
        .collect();
    let name = session.proving.add_proof(&before, &root, &proof, &beside)?;
    Ok(Outcome::EvolutionRecord(Recorded {
        name,
        status,
        commit: proof.commit,
        evidence,
        artifacts,
        started,
        unshared: session.core.config.remote.is_some() && !session.core.continuous(),
    }))
}

/// Files as they were typed, from where they were typed.
fn at(session: &Session<'_>, files: &[PathBuf]) -> Vec<PathBuf> {
    files
        .iter()
        .map(|file| session.core.ctx.dir.join(file))
        .collect()
}

/// What was said and what the reports say have to agree.
fn status(said: Option<Status>, tests: Option<&Tests>) -> Result<Ended, Refusal> {
    let failed = tests.is_some_and(Tests::failed);
    match (said, tests) {
        (Some(Status::Pass), Some(tests)) if failed => Err(Refusal::new(
            Exit::Invalid,
            format!(
                "The reports have {} failures and {} errors, so the result cannot be recorded as a pass",
                tests.failures, tests.errors
            ),
        )),
        (Some(Status::Pass), _) => Ok(Ended::Pass),
        (Some(Status::Fail), _) => Ok(Ended::Fail),
        (None, _) if failed => Ok(Ended::Fail),
        (None, _) => Ok(Ended::Pass),
    }
}

fn steps(names: &[String], status: Ended) -> Result<Vec<StepResult>, Refusal> {
    let step = |name: &String| {
        check_name(name).map_err(Refusal::from)?;
        Ok(StepResult {
            name: name.clone(),
            status: match status {
                Ended::Pass => StepEnd::Pass,
                Ended::Fail => StepEnd::Fail,
            },
            exit: None,
            duration_ms: 0,
            tries: 1,
            allowed: false,
        })
    };
    names.iter().map(step).collect()
}

/// The files with the names that they get.
fn attached(files: &[PathBuf]) -> Result<Vec<(String, PathBuf)>, Refusal> {
    let mut named: Vec<(String, PathBuf)> = Vec::new();
    for file in files {
        let wrong = |why: &str| Refusal::new(Exit::Invalid, format!("{}: {why}", file.display()));
        let name = file.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| wrong("it has no name that can be kept"))?;
        let legal = check_name(name).is_ok();
        if !legal {
            return Err(wrong(
                "a kept file's name is letters, digits, dots, underscores and hyphens",
            ));
        }
        if named
            .iter()
            .any(|(other, _)| other.eq_ignore_ascii_case(name))
        {
            return Err(wrong("another file of that name is attached"));
        }
        let about = std::fs::metadata(file).map_err(|error| wrong(&error.to_string()))?;
        if !about.is_file() {
            return Err(wrong("it is not a file"));
        }
        if about.len() > MAX_ATTACHED {
            return Err(wrong("it is larger than 1 MB; keep it elsewhere")
                .because("Everybody's clone gets what a proof keeps")
                .then("git gryt evolution record … --url URL"));
        }
        named.push((name.to_owned(), file.clone()));
    }
    Ok(named)
}

/// The artifacts that files are.
fn built(files: &[PathBuf]) -> Result<Vec<Artifact>> {
    let built: Vec<Artifact> = files
        .iter()
        .map(|file| artifacts::named(file))
        .collect::<Result<_>>()?;
    artifact::check(&built).map_err(Refusal::from)?;
    Ok(built)
}

/// This person's latest open evolution of the change.
fn own(
    session: &Session<'_>,
    refs: &Refs,
    version: &Version,
    change: &ChangeId,
    generation: &Oid,
) -> Result<Option<Attempt>> {
    let me = session.core.me()?;
    let mut found: Option<Attempt> = None;
    for (name, tip) in evolutions(refs.local()) {
        if name.version != *version || !name.change.is(change) {
            continue;
        }
        let Ok(attempt) = session.core.store.attempt(&name, &tip)? else {
            continue;
        };
        let open = attempt.abandoned.is_none() && attempt.evolution.generation == *generation;
        let later = found.as_ref().is_none_or(|f| f.name.number < name.number);
        if open && later && attempt.evolution.owner.is(&me) {
            found = Some(attempt);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_with_failures_is_no_pass() {
        let failed = Tests {
            tests: 2,
            failures: 1,
            ..Tests::default()
        };
        assert!(status(Some(Status::Pass), Some(&failed)).is_err());
        assert_eq!(status(None, Some(&failed)).unwrap(), Ended::Fail);
        assert_eq!(status(None, Some(&Tests::default())).unwrap(), Ended::Pass);
        assert_eq!(status(Some(Status::Fail), None).unwrap(), Ended::Fail);
    }
}
