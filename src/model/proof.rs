//! Proofs: what was run or recorded for an evolution at one commit, and what came of it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::artifact::Artifact;
use super::{Change, Oid, Person, Stamp};

/// `proof.yaml` (docs/format.md, "Proof").
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Proof {
    pub status: Outcome,
    /// Why this proof proves nothing, whatever its status: uncommitted edits, for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub void: Option<String>,
    /// The commit that was proven, which is also the proof's second parent.
    pub commit: Oid,
    pub tree: Oid,
    /// The change as the contract had it.
    pub change: Change,
    /// None where the proof was recorded and not run here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<PipelineUsed>,
    /// Whether it ran in a worktree of its own, which held nothing but the commit.
    #[serde(default, skip_serializing_if = "is_false")]
    pub isolated: bool,
    pub steps: Vec<StepResult>,
    /// What was recorded from elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// The files that it made, or that were recorded with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<Artifact>,
    /// What the proven branch changes; none where that was published already, or too much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patches: Option<Patches>,
    pub by: Person,
    /// The machine's own name for itself.
    pub host: String,
    pub at: Stamp,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Pass,
    Fail,
}

/// Which pipeline ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PipelineUsed {
    pub name: String,
    /// The file's blob.
    pub blob: Oid,
}

/// How one step ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StepResult {
    pub name: String,
    pub status: StepEnd,
    /// The exit status of the last try; none where a signal ended it or it never ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
    /// Milliseconds, over all tries.
    #[serde(default)]
    pub duration_ms: u64,
    /// How often it was tried, where that was more than once.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub tries: u32,
    /// Whether the pipeline allows it to fail.
    #[serde(default, skip_serializing_if = "is_false")]
    pub allowed: bool,
}

/// How a step ended, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum StepEnd {
    Pass,
    Fail,
    /// It took longer than it may, and was ended.
    Timeout,
    /// Something that it needs did not pass.
    Skipped,
}

/// What another system found, as its job recorded it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Where it can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The CI engine, where one was recognised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// Who set the engine going, by the engine's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tests: Option<Tests>,
    /// The files below `attachments/`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<String>,
}

/// What a branch changes, in a form that survives a rebase and a squash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Patches {
    /// All of it as one.
    pub whole: PatchId,
    /// Each commit by itself, oldest first; none where there are merges among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub each: Vec<PatchId>,
}

/// One patch: docs/format.md, "Proof".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PatchId {
    /// The blob that holds its lines, without their numbers.
    pub id: Oid,
    /// The blob that lists the paths that it touches: nearly always enough to tell two apart.
    pub paths: Oid,
}

/// Test reports, summed up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Tests {
    pub tests: u64,
    pub failures: u64,
    pub errors: u64,
    pub skipped: u64,
    /// Milliseconds.
    pub time_ms: u64,
}

impl Tests {
    /// Adds another report's counts. They are a stranger's, and may be as large as numbers get.
    pub fn add(&mut self, other: &Tests) {
        self.tests = self.tests.saturating_add(other.tests);
        self.failures = self.failures.saturating_add(other.failures);
        self.errors = self.errors.saturating_add(other.errors);
        self.skipped = self.skipped.saturating_add(other.skipped);
        self.time_ms = self.time_ms.saturating_add(other.time_ms);
    }

    /// Whether a report says that something failed.
    pub fn failed(&self) -> bool {
        self.failures > 0 || self.errors > 0
    }
}

impl StepResult {
    /// Whether the step stands in the way of a pass.
    pub fn spoils(&self) -> bool {
        self.status != StepEnd::Pass && !self.allowed
    }
}

/// What the steps come to: any that did not pass, and was not allowed to, fails them all. Where
/// none passed, nothing was proven.
pub(crate) fn outcome(steps: &[StepResult]) -> Outcome {
    let passed = steps.iter().any(|step| step.status == StepEnd::Pass);
    if !passed || steps.iter().any(StepResult::spoils) {
        Outcome::Fail
    } else {
        Outcome::Pass
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
        })
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn is_false(value: &bool) -> bool {
    !value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn is_one(value: &u32) -> bool {
    *value == 1
}

fn one() -> u32 {
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_step_that_may_fail_fails_for_itself() {
        let step = |status, allowed| StepResult {
            name: "a".into(),
            status,
            exit: None,
            duration_ms: 0,
            tries: 1,
            allowed,
        };
        assert_eq!(outcome(&[]), Outcome::Fail);
        assert_eq!(outcome(&[step(StepEnd::Pass, false)]), Outcome::Pass);
        assert_eq!(outcome(&[step(StepEnd::Fail, true)]), Outcome::Fail);
        let half = [step(StepEnd::Fail, true), step(StepEnd::Pass, false)];
        assert_eq!(outcome(&half), Outcome::Pass);
        for end in [StepEnd::Fail, StepEnd::Timeout, StepEnd::Skipped] {
            let steps = [step(StepEnd::Pass, false), step(end, false)];
            assert_eq!(outcome(&steps), Outcome::Fail);
        }
    }
}
