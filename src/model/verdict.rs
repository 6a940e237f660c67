//! What a gate says of a release: the names of the gates, and a judgement as it is sealed.

use serde::{Deserialize, Serialize};

/// The gates that always stand, those that a policy can switch on, and what else it rules.
pub const NAMES: [&str; 9] = [
    "has_changes",
    "changes_proven",
    "promoters",
    "min_evolutions",
    "no_failed_evolutions",
    "proof_covers_release",
    "required_steps",
    "independent_proof",
    "versions",
];

/// The gates that a policy can call waivable: not that a release declares changes which are
/// proven, and not who may say so.
pub const WAIVABLE: [&str; 6] = [
    "min_evolutions",
    "no_failed_evolutions",
    "proof_covers_release",
    "required_steps",
    "independent_proof",
    "versions",
];

/// One gate's judgement, sealed with the promotion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    pub gate: String,
    pub passed: bool,
    /// What is missing, a line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// What is worth a look although the gate passed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Which of the two policies it failed, where not both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<Only>,
    /// Why it did not stop the promotion although it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excuse: Option<Excuse>,
}

/// The policy that alone failed a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Only {
    /// The one at the release commit.
    Present,
    /// The one sealed with the previous promotion.
    Previous,
}

impl Verdict {
    /// Whether it stops the promotion.
    pub fn stops(&self) -> bool {
        !self.passed && self.excuse.is_none()
    }
}

/// A promoter's word against a gate, sealed with its verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Excuse {
    pub kind: ExcuseKind,
    pub reason: String,
}

/// By what right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExcuseKind {
    /// Both policies call the gate waivable.
    Waived,
    /// The previous policy alone failed it.
    Overridden,
}
