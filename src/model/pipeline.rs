//! Pipelines: named steps, and which one runs.

use serde::{Deserialize, Serialize};

use super::{Change, Contract, Exit, Invalid, Refusal};

/// A pipeline's file, `.gryt/pipelines/NAME.yaml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub steps: Vec<Step>,
}

/// One command of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub name: String,
    /// What the shell runs, at the top of the working tree.
    pub run: String,
}

impl Pipeline {
    /// Reads a pipeline.
    ///
    /// # Errors
    /// A pipeline without steps, which would prove nothing; two steps of one name, whose logs
    /// would be one; a name that cannot be a file name.
    pub fn parse(text: &[u8]) -> Result<Pipeline, Invalid> {
        let pipeline: Pipeline = Invalid::or_yaml(text)?;
        if pipeline.steps.is_empty() {
            return Err(Invalid::new("it has no steps, so it would prove nothing"));
        }
        for (at, step) in pipeline.steps.iter().enumerate() {
            check_name(&step.name)?;
            if step.run.trim().is_empty() {
                let name = &step.name;
                return Err(Invalid::new(format!("step {name} has nothing to run")));
            }
            let same = |other: &Step| other.name.eq_ignore_ascii_case(&step.name);
            if pipeline.steps[..at].iter().any(same) {
                return Err(Invalid::new(format!("two steps are called {}", step.name)));
            }
        }
        Ok(pipeline)
    }
}

/// Checks the name of a pipeline or a step, which becomes a file name.
///
/// # Errors
/// The rule that it breaks; it is the rule of change ids.
pub fn check_name(name: &str) -> Result<(), Invalid> {
    match name.parse::<super::ChangeId>() {
        Ok(_) => Ok(()),
        Err(_) => Err(Invalid::new(format!(
            "`{name}` is no name for a pipeline or a step: write letters, digits, dots, \
             underscores and hyphens"
        ))),
    }
}

/// Which pipeline runs: the one that was named, else the change's, else the generation's, else
/// the only one there is.
///
/// # Errors
/// [`Exit::Invalid`] where the choice is open, listing what there is.
pub fn choose(
    named: Option<&str>,
    change: &Change,
    contract: &Contract,
    available: &[String],
) -> Result<String, Refusal> {
    let declared = named
        .or(change.pipeline.as_deref())
        .or(contract.pipeline_template.as_deref());
    match (declared, available) {
        (Some(name), _) if available.iter().any(|a| a == name) => Ok(name.to_owned()),
        (Some(name), _) => Err(listing(format!("There is no pipeline {name}"), available)),
        (None, [only]) => Ok(only.clone()),
        (None, _) => Err(
            listing(format!("No pipeline is named for {}", change.id), available)
                .then("git gryt run PIPELINE"),
        ),
    }
}

fn listing(what: String, available: &[String]) -> Refusal {
    let refusal = Refusal::new(Exit::Invalid, what);
    if available.is_empty() {
        refusal
            .because(".gryt/pipelines/ holds none")
            .then("git gryt init")
    } else {
        refusal.because(format!(".gryt/pipelines/ holds {}", available.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipeline_that_proves_nothing_is_invalid() {
        for bad in [
            "steps: []",
            "steps:\n- name: a",
            "steps:\n- {name: a, run: ' '}",
            "steps:\n- {name: a, run: x}\n- {name: A, run: y}",
            "steps:\n- {name: ../a, run: x}",
            "step: []",
        ] {
            assert!(Pipeline::parse(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(Pipeline::parse(b"steps:\n- {name: a, run: x}").is_ok());
    }

    #[test]
    fn the_nearest_declaration_decides() {
        let version = "v1.0.0".parse().unwrap();
        let text = "version: v1.0.0\npipeline_template: slow\nchanges:\n\
                    - {type: add, id: A, title: a, pipeline: quick}\n- {type: add, id: B, title: b}\n";
        let contract = Contract::parse(text.as_bytes(), &version).unwrap();
        let there: Vec<String> = ["quick", "slow", "x"].map(String::from).into();
        let pick = |named, at: usize, there: &[String]| {
            choose(named, &contract.changes[at], &contract, there)
        };
        assert_eq!(pick(Some("x"), 0, &there).unwrap(), "x");
        assert_eq!(pick(None, 0, &there).unwrap(), "quick");
        assert_eq!(pick(None, 1, &there).unwrap(), "slow");
        assert_eq!(pick(Some("y"), 0, &there).unwrap_err().exit, Exit::Invalid);

        let bare = Contract {
            pipeline_template: None,
            ..contract.clone()
        };
        let alone = choose(None, &bare.changes[1], &bare, &there[..1]);
        assert_eq!(alone.unwrap(), "quick");
        let open = choose(None, &bare.changes[1], &bare, &there).unwrap_err();
        assert!(open.why[0].contains("quick, slow, x"));
    }
}
