//! Pipelines: named steps, and which one runs.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Component, Path};
use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_yaml::Value;

use super::globs::Globs;
use super::near::nearest;
use super::place::{self, Key};
use super::{Cause, Change, Contract, Exit, Invalid, Refusal, schedule};

/// The tracked folder, below the top.
pub(crate) const FOLDER: &str = ".gryt/pipelines";

/// The pipeline that runs where several are there and none is named.
pub(crate) const DEFAULT: &str = "pipeline";

/// The path of a pipeline below the top.
pub(crate) fn path(name: &str) -> String {
    format!("{FOLDER}/{name}.yaml")
}

/// A pipeline's file, `.gryt/pipelines/NAME.yaml` (docs/pipelines.md).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    /// What people call it; the file's name is what it is known by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// How much of what the steps print is kept in the proof.
    #[serde(default)]
    pub logs: Logs,
    /// Environment variables whose values are masked wherever a step prints them.
    #[serde(default)]
    pub secrets: Vec<String>,
    /// Globs of the files that the steps make, below the top of the working tree: their digests are kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<String>,
    pub steps: Vec<Step>,
}

/// How much of a step's output is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Logs {
    None,
    /// The end of it.
    #[default]
    Tail,
    Full,
}

/// One command of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub name: String,
    /// What the shell runs.
    pub run: String,
    #[serde(default, deserialize_with = "texts")]
    pub env: BTreeMap<String, String>,
    /// Where, below the top of the working tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_dir: Option<String>,
    /// How long one try may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    /// How often it is tried again after it failed.
    #[serde(default)]
    pub retries: u32,
    /// The steps that must have passed before; none said means the one before it in the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs: Option<Vec<String>>,
    /// Whether the pipeline goes on, and may pass, although this step failed.
    #[serde(default)]
    pub allow_failure: bool,
}

/// A length of time, written like `90s`, `10m` or `1h 30m`, or as a number of seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(into = "String")]
pub struct Span(pub Duration);

/// The most tries again of one step.
const MAX_RETRIES: u32 = 100;

impl Pipeline {
    /// Reads a pipeline.
    ///
    /// # Errors
    /// A pipeline without steps, which would prove nothing; two steps of one name, whose logs
    /// would be one; a name that cannot be a file name; needs that name no step or wait for each
    /// other. With line and column.
    pub fn parse(text: &[u8]) -> Result<Pipeline, Invalid> {
        let pipeline: Pipeline = Invalid::or_yaml(text)?;
        if pipeline.steps.is_empty() {
            let rule = "it has no steps, so it would prove nothing";
            return Err(place::invalid(text, &[Key::Name("steps")], rule));
        }
        for (at, name) in pipeline.secrets.iter().enumerate() {
            let path = [Key::Name("secrets"), Key::At(at)];
            check_variable(name).map_err(|rule| place::invalid(text, &path, rule))?;
        }
        if let Err(rule) = Globs::new(&pipeline.artifacts) {
            return Err(place::invalid(text, &[Key::Name("artifacts")], &rule));
        }
        for at in 0..pipeline.steps.len() {
            pipeline.check_step(at).map_err(|(field, rule)| {
                let path = [Key::Name("steps"), Key::At(at), Key::Name(field)];
                place::invalid(text, &path, rule)
            })?;
        }
        let graph = pipeline.graph().map_err(|(step, at, rule)| {
            let path = [
                Key::Name("steps"),
                Key::At(step),
                Key::Name("needs"),
                Key::At(at),
            ];
            place::invalid(text, &path, rule)
        })?;
        if let Some(circle) = schedule::circle(&graph) {
            let names: Vec<&str> = circle
                .iter()
                .map(|at| pipeline.steps[*at].name.as_str())
                .collect();
            let rule = format!("these steps wait for each other: {}", names.join(" → "));
            let path = [Key::Name("steps"), Key::At(circle[0]), Key::Name("needs")];
            return Err(place::invalid(text, &path, rule));
        }
        Ok(pipeline)
    }

    fn check_step(&self, at: usize) -> Result<(), (&'static str, String)> {
        let step = &self.steps[at];
        let name = &step.name;
        check_name(name).map_err(|invalid| ("name", invalid.rule))?;
        let same = |other: &Step| other.name.eq_ignore_ascii_case(name);
        if self.steps[..at].iter().any(same) {
            return Err(("name", format!("two steps are called {name}")));
        }
        let texts = step.env.values().chain([&step.run]);
        if texts.into_iter().any(|text| text.contains('\0')) {
            return Err((
                "run",
                format!("step {name} has a NUL, which no command can be given"),
            ));
        }
        if step.run.trim().is_empty() {
            return Err(("run", format!("step {name} has nothing to run")));
        }
        if step.retries > MAX_RETRIES {
            return Err(("retries", format!("retries are {MAX_RETRIES} at most")));
        }
        for variable in step.env.keys() {
            check_variable(variable).map_err(|rule| ("env", rule))?;
        }
        if let Some(dir) = &step.working_dir {
            let inside =
                |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
            if dir.is_empty() || !Path::new(dir).components().all(inside) {
                let rule = format!("`{dir}` is not a folder below the top of the working tree");
                return Err(("working_dir", rule));
            }
        }
        Ok(())
    }

    /// For each step, the steps that it waits for.
    ///
    /// # Errors
    /// A need that is no step: the step, the need's place in its list, and the rule.
    fn graph(&self) -> Result<Vec<Vec<usize>>, (usize, usize, String)> {
        // Names are unique without regard to case.
        let same = |step: &Step, name: &str| step.name.eq_ignore_ascii_case(name);
        let find = |name: &String| self.steps.iter().position(|step| same(step, name));
        let needs = |(at, step): (usize, &Step)| match &step.needs {
            None => Ok(at.checked_sub(1).into_iter().collect()),
            Some(names) => names
                .iter()
                .enumerate()
                .map(|(place, name)| {
                    let unknown =
                        || format!("step {} needs {name}, which is not a step", step.name);
                    find(name).ok_or_else(|| (at, place, unknown()))
                })
                .collect(),
        };
        self.steps.iter().enumerate().map(needs).collect()
    }

    /// For each step, the steps that it waits for, in a pipeline that was checked.
    pub fn needs(&self) -> Vec<Vec<usize>> {
        self.graph().unwrap_or_default()
    }
}

/// Variables are named as the shell can name them.
fn check_variable(name: &str) -> Result<(), String> {
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !name.is_empty()
        && name.chars().all(legal)
        && !name.starts_with(|c: char| c.is_ascii_digit())
    {
        Ok(())
    } else {
        Err(format!(
            "`{name}` is not a name for an environment variable"
        ))
    }
}

/// Values as the shell gets them: the characters that stand in the file, whatever YAML makes of them.
/// A variable with nothing after it is empty.
fn texts<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, String>, D::Error> {
    let values: BTreeMap<String, Option<String>> = BTreeMap::deserialize(from)?;
    Ok(values
        .into_iter()
        .map(|(name, text)| (name, text.unwrap_or_default()))
        .collect())
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let wrong =
            || D::Error::custom("write a time like 90s, 10m or 1h 30m, or a number of seconds");
        let span = match Value::deserialize(from)? {
            Value::Number(number) => number.as_u64().map(Duration::from_secs),
            Value::String(text) => match text.parse() {
                Ok(seconds) => Some(Duration::from_secs(seconds)),
                Err(_) => humantime::parse_duration(&text).ok(),
            },
            _ => None,
        };
        match span {
            Some(span) if !span.is_zero() && span <= Self::LONGEST => Ok(Self(span)),
            _ => Err(wrong()),
        }
    }
}

impl Span {
    /// More than any step should take, and little enough to add to a clock.
    const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.0).fmt(f)
    }
}

/// Checks the name of a pipeline or a step, which becomes a file name.
///
/// # Errors
/// The rule that it breaks; it is the rule of change ids.
pub(crate) fn check_name(name: &str) -> Result<(), Invalid> {
    match name.parse::<super::ChangeId>() {
        Ok(_) => Ok(()),
        Err(_) => Err(Invalid::new(format!(
            "`{name}` is not a name for a pipeline or a step: write letters, digits, dots, \
             underscores and hyphens"
        ))),
    }
}

/// Which pipeline runs: the one that was named, else the change's, else the generation's, else
/// the only one there is.
///
/// # Errors
/// [`Exit::Invalid`] where the choice is open, listing what there is.
pub(crate) fn choose(
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
        (Some(name), _) => {
            let refusal = listing(format!("There is no pipeline {name}"), available);
            Err(match nearest(name, available.iter().map(String::as_str)) {
                Some(near) => refusal.or_meant(name, near),
                None => refusal,
            })
        }
        (None, [only]) => Ok(only.clone()),
        // Of several, the one that `init` began with.
        (None, several) if several.iter().any(|name| name == DEFAULT) => Ok(DEFAULT.to_owned()),
        (None, several) => {
            let refusal = listing(format!("No pipeline is named for {}", change.id), several);
            let named = several.iter().map(|name| format!("git gryt run {name}"));
            Err(named.fold(refusal, Refusal::then))
        }
    }
}

fn listing(what: String, available: &[String]) -> Refusal {
    let refusal = Refusal::new(Exit::Invalid, what);
    if available.is_empty() {
        refusal
            .caused(Cause::NoPipelines)
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
            "steps:\n- {name: a, run: x, working_dir: ../up}",
            "steps:\n- {name: a, run: x, working_dir: /}",
            "steps:\n- {name: a, run: x, timeout: soon}",
            "steps:\n- {name: a, run: x, timeout: 0}",
            "steps:\n- {name: a, run: x, env: {1A: b}}",
            "steps:\n- {name: a, run: x, env: {A: [b]}}",
            "steps:\n- {name: a, run: x, retries: 101}",
            "logs: some\nsteps:\n- {name: a, run: x}",
            "secrets: [a-b]\nsteps:\n- {name: a, run: x}",
        ] {
            assert!(Pipeline::parse(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(Pipeline::parse(b"steps:\n- {name: a, run: x}").is_ok());
    }

    #[test]
    fn needs_lead_to_steps_and_not_round() {
        let wrong = |text: &str| Pipeline::parse(text.as_bytes()).unwrap_err();
        let unknown = wrong("steps:\n- {name: a, run: x}\n- {name: b, run: x, needs: [a, c]}\n");
        assert_eq!(unknown.at.map(|at| at.0), Some(3), "{unknown}");
        assert!(unknown.rule.contains("b needs c"), "{unknown}");
        let round = wrong("steps:\n- {name: a, run: x, needs: [b]}\n- {name: b, run: x}\n");
        assert_eq!(round.at.map(|at| at.0), Some(2), "{round}");
        assert!(round.rule.contains("a → b → a"), "{round}");
        assert!(
            wrong("steps:\n- {name: a, run: x, needs: [a]}\n")
                .rule
                .contains("a → a")
        );
    }

    #[test]
    fn a_step_waits_for_the_one_before_it_unless_it_says_otherwise() {
        let text = "steps:\n- {name: a, run: x}\n- {name: b, run: x}\n- {name: c, run: x, needs: []}\n\
                    - {name: d, run: x, needs: [c, a], timeout: 1m 30s, env: {N: 1, T: true}}\n";
        let pipeline = Pipeline::parse(text.as_bytes()).unwrap();
        assert_eq!(pipeline.needs(), [vec![], vec![0], vec![], vec![2, 0]]);
        let last = &pipeline.steps[3];
        assert_eq!(last.timeout, Some(Span(Duration::from_secs(90))));
        assert_eq!(
            (last.env["N"].as_str(), last.env["T"].as_str()),
            ("1", "true")
        );
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
