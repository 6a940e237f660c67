//! How much a gate weighs (docs/policy.md, "Gates").

use serde::{Deserialize, Serialize};

/// How much a gate weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Strictness {
    Require,
    Warn,
    Off,
}
