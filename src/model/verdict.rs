//! The gates, and what one says of a release, as it is sealed.

use std::fmt;

use serde::{Deserialize, Serialize};
use strum::VariantArray;

use super::{Exit, Refusal};

/// A gate: one thing that a release must satisfy. Each has a row in docs/policy.md.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Gate {
    HasChanges,
    ChangesProven,
    Promoters,
    MinEvolutions,
    NoFailedEvolutions,
    ProofCoversRelease,
    /// Proofs cover every commit that is new in the release.
    UnprovenCommits,
    ReleaseCommitProven,
    RequiredSteps,
    IndependentProof,
    Approvals,
    Signed,
    /// The release commit is on a branch of the cloud that the policy names.
    AllowedBranches,
    Versions,
    /// The policy sealed with the previous promotion can be read.
    PreviousPolicy,
}

/// Where a policy says something about a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// Nowhere: it always stands.
    Always,
    /// Under `gates:`, by its name.
    Gates,
    /// At the top, by its name.
    Top,
}

impl Gate {
    /// Whether a policy can call it waivable: not that a release declares changes which are proven,
    /// and not who may say so, or that it was them.
    pub fn waivable(self) -> bool {
        match self {
            Self::HasChanges
            | Self::ChangesProven
            | Self::Promoters
            | Self::Signed
            | Self::PreviousPolicy => false,
            Self::MinEvolutions
            | Self::NoFailedEvolutions
            | Self::ProofCoversRelease
            | Self::UnprovenCommits
            | Self::ReleaseCommitProven
            | Self::RequiredSteps
            | Self::IndependentProof
            | Self::Approvals
            | Self::AllowedBranches
            | Self::Versions => true,
        }
    }

    /// Whether it is about who may promote, that it was them, or who has to agree: that the previous policy fails
    /// it is for that policy's heirs alone to override.
    pub fn is_of_heirs(self) -> bool {
        match self {
            Self::Promoters | Self::Approvals | Self::Signed => true,
            Self::HasChanges
            | Self::ChangesProven
            | Self::MinEvolutions
            | Self::NoFailedEvolutions
            | Self::ProofCoversRelease
            | Self::UnprovenCommits
            | Self::ReleaseCommitProven
            | Self::RequiredSteps
            | Self::IndependentProof
            | Self::AllowedBranches
            | Self::Versions
            | Self::PreviousPolicy => false,
        }
    }

    /// Whether it asks about something that no object tells, so that it is asked when a release is promoted and
    /// never again.
    pub fn is_of_the_moment(self) -> bool {
        match self {
            Self::AllowedBranches => true,
            Self::HasChanges
            | Self::ChangesProven
            | Self::Promoters
            | Self::MinEvolutions
            | Self::NoFailedEvolutions
            | Self::ProofCoversRelease
            | Self::UnprovenCommits
            | Self::ReleaseCommitProven
            | Self::RequiredSteps
            | Self::IndependentProof
            | Self::Approvals
            | Self::Signed
            | Self::Versions
            | Self::PreviousPolicy => false,
        }
    }

    /// Where a policy switches it on.
    pub fn setting(self) -> Setting {
        match self {
            Self::HasChanges | Self::ChangesProven | Self::PreviousPolicy => Setting::Always,
            Self::Promoters | Self::Approvals | Self::AllowedBranches | Self::Versions => {
                Setting::Top
            }
            Self::MinEvolutions
            | Self::NoFailedEvolutions
            | Self::ProofCoversRelease
            | Self::UnprovenCommits
            | Self::ReleaseCommitProven
            | Self::RequiredSteps
            | Self::IndependentProof
            | Self::Signed => Setting::Gates,
        }
    }

    /// The names of those that `which` picks, for a message.
    pub fn listed(which: impl Fn(Gate) -> bool) -> String {
        let gates = Self::VARIANTS.iter().filter(|gate| which(**gate));
        let names: Vec<&str> = gates.map(Into::into).collect();
        names.join(", ")
    }

    /// The gate that a policy calls waivable by this name.
    ///
    /// # Errors
    /// The rule that the name breaks.
    pub fn named_waivable(name: &str) -> Result<Gate, String> {
        match name.parse::<Gate>() {
            Ok(gate) if gate.waivable() => Ok(gate),
            Ok(gate) => Err(format!("{gate} can never be waived")),
            Err(_) => Err(format!(
                "there is no gate {name}; those that can be waived are {}",
                Self::listed(Self::waivable)
            )),
        }
    }

    /// The gate of that name.
    ///
    /// # Errors
    /// [`Exit::Invalid`] where there is none.
    pub fn named(name: &str) -> Result<Gate, Refusal> {
        name.parse().map_err(|_| {
            Refusal::new(Exit::Invalid, format!("There is no gate {name}"))
                .because(format!("The gates are {}", Self::listed(|_| true)))
        })
    }
}

/// A gate by the name that was sealed: a later git gryt may know more of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum GateName {
    Known(Gate),
    Later(String),
}

impl PartialEq<Gate> for GateName {
    fn eq(&self, gate: &Gate) -> bool {
        matches!(self, Self::Known(known) if known == gate)
    }
}

impl fmt::Display for GateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(gate) => gate.fmt(f),
            Self::Later(name) => name.fmt(f),
        }
    }
}

/// One gate's judgement, sealed with the promotion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    pub gate: GateName,
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Excuse {
    pub kind: ExcuseKind,
    pub reason: String,
    /// The email by which the previous policy names the promoter its heir, where it takes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heir: Option<String>,
}

/// By what right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ExcuseKind {
    /// Both policies call the gate waivable.
    Waived,
    /// The previous policy alone failed it.
    Overridden,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_and_the_page_name_each_gate() {
        let schema: serde_json::Value =
            serde_json::from_str(include_str!("../../docs/schemas/policy.schema.json")).unwrap();
        let page = include_str!("../../docs/policy.md");
        let top = &schema["properties"];
        for gate in Gate::VARIANTS {
            let name: &str = gate.into();
            assert!(
                page.contains(&format!("| `{name}` |")),
                "{name}: docs/policy.md"
            );
            let held = match gate.setting() {
                Setting::Always => continue,
                Setting::Gates => &top["gates"]["properties"][name],
                Setting::Top => &top[name],
            };
            assert!(held.is_object(), "{name}: docs/schemas/policy.schema.json");
        }
        let waivable = top["waivable"]["items"]["enum"].as_array().unwrap();
        let named: Vec<&str> = waivable
            .iter()
            .filter_map(serde_json::Value::as_str)
            .collect();
        assert_eq!(named.join(", "), Gate::listed(Gate::waivable));
    }

    #[test]
    fn what_a_later_program_sealed_is_kept_by_its_name() {
        let read = |name: &str| serde_json::from_str::<GateName>(&format!("\"{name}\"")).unwrap();
        assert_eq!(read("versions"), Gate::Versions);
        assert_eq!(read("max_age").to_string(), "max_age");
    }
}
