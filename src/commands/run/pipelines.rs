//! `git gryt run --list` and `--validate`: the pipelines of the working tree.

use anyhow::Result;
use serde::Serialize;

use super::RunArgs;
use crate::commands::Outcome;
use crate::model::{Exit, Refusal};
use crate::session::Session;
use crate::session::proving::pipelines::Source;

/// The pipelines that there are.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Listing {
    pub pipelines: Vec<Row>,
}

/// One pipeline in a list.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Row {
    pub name: String,
    pub description: Option<String>,
    pub steps: Vec<String>,
    /// The rule that it breaks.
    pub invalid: Option<String>,
}

/// Pipelines that were found valid.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Validated {
    pub pipelines: Vec<String>,
}

/// Lists or checks.
///
/// # Errors
/// As each says.
pub(crate) fn run(session: &Session<'_>, args: &RunArgs) -> Result<Outcome> {
    let mut names = session.proving.pipelines(&Source::Disk)?;
    if let Some(wanted) = &args.pipeline {
        if !names.contains(wanted) {
            let what = format!("There is no pipeline {wanted}");
            let there = format!(".gryt/pipelines/ holds {}", names.join(", "));
            return Err(Refusal::new(Exit::Invalid, what).because(there).into());
        }
        names.retain(|name| name == wanted);
    }
    match args.validate {
        true => validate(session, names),
        false => list(session, names),
    }
}

fn list(session: &Session<'_>, names: Vec<String>) -> Result<Outcome> {
    let mut pipelines = Vec::new();
    for name in names {
        pipelines.push(match session.proving.pipeline(&Source::Disk, &name) {
            Ok((_, pipeline)) => Row {
                name,
                description: pipeline.description,
                steps: pipeline.steps.into_iter().map(|step| step.name).collect(),
                invalid: None,
            },
            Err(error) => Row {
                name,
                description: None,
                steps: Vec::new(),
                invalid: Some(error.downcast::<Refusal>()?.what),
            },
        });
    }
    Ok(Outcome::RunList(Listing { pipelines }))
}

/// Every invalid pipeline is named at once.
fn validate(session: &Session<'_>, names: Vec<String>) -> Result<Outcome> {
    let mut wrong = Vec::new();
    for name in &names {
        if let Err(error) = session.proving.pipeline(&Source::Disk, name) {
            wrong.push(error.downcast::<Refusal>()?.what);
        }
    }
    if wrong.is_empty() {
        return Ok(Outcome::RunValidate(Validated { pipelines: names }));
    }
    let what = match wrong.len() {
        1 => "A pipeline is invalid".to_owned(),
        count => format!("{count} pipelines are invalid"),
    };
    let mut refusal = Refusal::new(Exit::Invalid, what);
    refusal.why = wrong;
    Err(refusal.into())
}
