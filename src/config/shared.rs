//! The tracked file, which everybody who has the branch shares.

use serde::{Deserialize, Serialize};

use super::Mode;
use crate::model::tag_format::TagFormat;
use crate::model::{Exit, Invalid, Oid, Refusal};

/// The tracked file, below the top of the working tree.
pub(crate) const FILE: &str = ".gryt/config.yaml";

/// The tracked file's content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Shared {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_mode: Option<Mode>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag_format: Option<TagFormat>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publish_commits: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share_on_push: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hook_timeout: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub push_timeout: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_prefix: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub links: Option<String>,
    /// The genesis of the project's ledger: a clone whose branch names one never makes another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<Oid>,
}

/// Reads the tracked file.
///
/// # Errors
/// [`Exit::Invalid`], with line and column.
pub(crate) fn read_shared(text: &[u8]) -> Result<Shared, Refusal> {
    let wrong = |invalid: Invalid| Refusal::new(Exit::Invalid, format!("{FILE}: {invalid}"));
    let shared: Option<Shared> = Invalid::or_yaml(text).map_err(wrong)?;
    Ok(shared.unwrap_or_default())
}

/// Sets one key in the tracked file's text, other lines kept.
pub(crate) fn set_shared(text: &str, key: &str, value: &str) -> String {
    let line = format!("{key}: {}", scalar(value));
    let mut found = false;
    let mut lines: Vec<&str> = Vec::new();
    for old in text.lines() {
        if old.split(':').next() == Some(key) {
            found = true;
            lines.push(&line);
        } else {
            lines.push(old);
        }
    }
    if !found {
        lines.push(&line);
    }
    lines.join("\n") + "\n"
}

/// A value as YAML reads it: as it is, or quoted where that would say something else.
fn scalar(value: &str) -> String {
    use serde_yaml::Value;
    match serde_yaml::from_str(value) {
        Ok(Value::String(text)) if text == value => text,
        Ok(Value::Null | Value::Bool(_) | Value::Number(_)) => value.to_owned(),
        // JSON's escapes are YAML's.
        _ => serde_json::Value::from(value).to_string(),
    }
}

/// Takes one key out of the tracked file's text, other lines kept.
pub(crate) fn unset_shared(text: &str, key: &str) -> String {
    let other = |line: &&str| line.split(':').next() != Some(key);
    text.split_inclusive('\n').filter(other).collect()
}
