//! Gates: what a release must satisfy before it is sealed.

use serde::{Deserialize, Serialize};

use super::evolution::Attempt;
use super::standing::{Progress, Standing, standings};
use super::{Contract, Oid, Version};

/// One gate's judgement, sealed with the promotion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    pub gate: String,
    pub passed: bool,
    /// What is missing, a line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

impl Verdict {
    fn new(gate: &str, missing: Vec<String>) -> Self {
        Self {
            gate: gate.to_owned(),
            passed: missing.is_empty(),
            missing,
        }
    }
}

/// Judges a release by the gates that always stand: there is at least one change, and each has a
/// passing proof.
pub fn judge(contract: &Contract, generation: &Oid, attempts: &[Attempt]) -> Vec<Verdict> {
    let mut empty = Vec::new();
    if contract.changes.is_empty() {
        empty.push(format!(
            "{0} declares no change: git gryt generation edit {0} --change TYPE:ID:TITLE",
            contract.version
        ));
    }
    let unproven = standings(contract, generation, attempts)
        .iter()
        .filter_map(|standing| missing(standing, &contract.version))
        .collect();
    vec![
        Verdict::new("has_changes", empty),
        Verdict::new("changes_proven", unproven),
    ]
}

fn missing(standing: &Standing, version: &Version) -> Option<String> {
    let id = &standing.change;
    let by = match (&standing.owner, standing.number) {
        (Some(owner), Some(number)) => format!("{owner}, rc.{number}"),
        _ => String::new(),
    };
    let run = format!("git gryt run --change {id}");
    match &standing.progress {
        Progress::Proven => None,
        Progress::NotStarted => Some(format!(
            "{id} is not started: git gryt evolution start {version} --change {id}"
        )),
        Progress::Started => Some(format!("{id} is started and not proven ({by}): {run}")),
        Progress::Failed => Some(format!("{id} failed ({by}): {run}")),
        Progress::Stale { why } => Some(format!(
            "{id} passed, and that does not count: {why} ({by}): {run}"
        )),
    }
}
