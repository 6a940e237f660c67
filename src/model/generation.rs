//! A generation's contract: the version, what it is, and the changes that it must contain.
//!
//! The text is a person's and is kept to the byte; what is here is what the text says. Changing
//! a text is `edit`'s work.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::version::illegal_component;
use super::{Invalid, Version, mistakes};

/// What a contract's text says (docs/format.md, "Contract").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Contract {
    pub version: Version,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The pipeline of every change that names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline_template: Option<String>,
    #[serde(default, deserialize_with = "unique_changes")]
    pub changes: Vec<Change>,
}

/// One line of a contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Change {
    #[serde(rename = "type")]
    pub kind: ChangeKind,
    pub id: ChangeId,
    #[serde(deserialize_with = "filled")]
    pub title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<String>,
}

/// What a change does to the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    Add,
    Fix,
    Refine,
    Remove,
}

/// The id of a change: letters, digits, dots, underscores and hyphens, 64 at most.
///
/// Ids are unique without regard to case, because they become file names.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct ChangeId(String);

impl Contract {
    /// Reads a contract and checks that it is the one of `version`, spelled the same.
    ///
    /// # Errors
    /// The rules that the text breaks, each with line and column where they are known.
    pub fn parse(text: &[u8], version: &Version) -> Result<Contract, Invalid> {
        let contract: Contract = Invalid::or_yaml(text)
            .map_err(|first| Invalid::first_of(mistakes::of(text, version)).unwrap_or(first))?;
        if contract.version.as_str() != version.as_str() {
            return Err(Invalid::new(format!(
                "it is the contract of {version} and says `version: {}`",
                contract.version
            )));
        }
        Ok(contract)
    }

    /// The text of a new contract without changes, with a line that shows how one is written.
    pub fn blank(version: &Version, description: Option<&str>) -> String {
        let description = quoted(description.unwrap_or_default());
        format!(
            "version: {version}\n\
             description: {description}\n\
             # One entry a change, of type add, fix, refine or remove:\n\
             #   - type: add\n\
             #     id: FEAT-001\n\
             #     title: \"What it brings\"\n\
             #     assignee: who\n\
             changes: []\n"
        )
    }

    /// Whether both say the same, whatever the order of their changes.
    pub fn says_the_same(&self, other: &Contract) -> bool {
        let found = |change: &Change| other.change(&change.id) == Some(change);
        self.version.as_str() == other.version.as_str()
            && self.description == other.description
            && self.pipeline_template == other.pipeline_template
            && self.changes.len() == other.changes.len()
            && self.changes.iter().all(found)
    }

    /// The change of that id, without regard to case.
    pub fn change(&self, id: &ChangeId) -> Option<&Change> {
        self.changes.iter().find(|c| c.id.is(id))
    }
}

impl Change {
    /// Whether a proof of `self` still speaks for `now`: type, id and title are what they were.
    /// An edited description asks for no new proof.
    pub fn same_promise(&self, now: &Change) -> bool {
        self.kind == now.kind && self.id == now.id && self.title == now.title
    }
}

impl FromStr for Change {
    type Err = Invalid;

    /// Reads `TYPE:ID:TITLE`, as the command line takes it.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let mut parts = text.splitn(3, ':');
        let (Some(kind), Some(id), Some(title)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(Invalid::new(format!(
                "`{text}` is not TYPE:ID:TITLE, like fix:BUG-50:\"Session timeout\""
            )));
        };
        if title.trim().is_empty() {
            return Err(Invalid::new(format!("`{text}` has no title")));
        }
        if title.trim().chars().any(char::is_control) {
            return Err(Invalid::new("a title is one line of text"));
        }
        Ok(Self {
            kind: kind.parse()?,
            id: id.parse()?,
            title: title.trim().to_owned(),
            description: None,
            assignee: None,
            pipeline: None,
        })
    }
}

impl FromStr for ChangeKind {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "add" => Ok(Self::Add),
            "fix" => Ok(Self::Fix),
            "refine" => Ok(Self::Refine),
            "remove" => Ok(Self::Remove),
            _ => Err(Invalid::new(format!(
                "`{text}` is no type of change: write add, fix, refine or remove"
            ))),
        }
    }
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Add => "add",
            Self::Fix => "fix",
            Self::Refine => "refine",
            Self::Remove => "remove",
        })
    }
}

impl ChangeId {
    /// The id as it was spelled.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether both are one id.
    pub fn is(&self, other: &ChangeId) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl FromStr for ChangeId {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let wrong = |rule: &str| Invalid::new(format!("`{text}` is not a change id: {rule}"));
        let legal = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
        if !text.starts_with(|c: char| c.is_ascii_alphanumeric()) || !text.bytes().all(legal) {
            return Err(wrong(
                "write letters, digits, dots, underscores and hyphens, like FEAT-101",
            ));
        }
        if text.len() > 64 {
            return Err(wrong("it is longer than 64 characters"));
        }
        match illegal_component(text) {
            Some(rule) => Err(wrong(rule)),
            None => Ok(Self(text.to_owned())),
        }
    }
}

impl TryFrom<String> for ChangeId {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<ChangeId> for String {
    fn from(id: ChangeId) -> Self {
        id.0
    }
}

impl fmt::Display for ChangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ChangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A YAML scalar between double quotes; JSON's escapes are YAML's.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn filled<'de, D: serde::Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    if text.trim().is_empty() {
        return Err(serde::de::Error::custom("a title is empty"));
    }
    if text.chars().any(char::is_control) {
        return Err(serde::de::Error::custom("a title is one line of text"));
    }
    Ok(text)
}

fn unique_changes<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<Change>, D::Error> {
    // `changes:` with nothing after it is an empty list that a person has just begun.
    let changes: Vec<Change> = Option::deserialize(from)?.unwrap_or_default();
    for (at, change) in changes.iter().enumerate() {
        if let Some(first) = changes[..at].iter().find(|c| c.id.is(&change.id)) {
            return Err(serde::de::Error::custom(format!(
                "two changes are called {} and {}",
                first.id, change.id
            )));
        }
    }
    Ok(changes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Contract, Invalid> {
        Contract::parse(text.as_bytes(), &"v1.0.0".parse().unwrap())
    }

    #[test]
    fn a_blank_contract_is_valid_whatever_its_description() {
        let version = "v1.0.0".parse().unwrap();
        let text = Contract::blank(&version, Some("\"Q1\": # major\n\t\u{1}"));
        let contract = parse(&text).unwrap();
        assert_eq!(
            contract.description.as_deref(),
            Some("\"Q1\": # major\n\t\u{1}")
        );
        assert!(contract.changes.is_empty());
    }

    #[test]
    fn a_broken_rule_is_said_with_its_place() {
        let at = |text: &str| parse(text).unwrap_err();
        let typo = at("version: v1.0.0\nchanges:\n  - type: add\n    id: A\n    titel: x\n");
        assert_eq!(typo.at, Some((5, 5)), "{typo}");
        assert!(typo.rule.contains("titel"), "{typo}");
        let kind = at("version: v1.0.0\nchanges:\n  - type: new\n    id: A\n    title: x\n");
        assert_eq!(kind.at.map(|at| at.0), Some(3), "{kind}");
        let id = at("version: v1.0.0\nchanges:\n  - type: add\n    id: a/b\n    title: x\n");
        assert_eq!(id.at.map(|at| at.0), Some(4), "{id}");
    }

    #[test]
    fn ids_are_unique_without_regard_to_case() {
        let twice = parse(
            "version: v1.0.0\nchanges:\n- {type: add, id: Feat-1, title: a}\n- {type: fix, id: FEAT-1, title: b}\n",
        );
        assert!(twice.unwrap_err().rule.contains("Feat-1 and FEAT-1"));
    }

    #[test]
    fn a_contract_is_of_its_own_version() {
        assert!(parse("version: v1.0\n").is_err());
        assert!(parse("version: v1.0.0\nchanges:\n").is_ok());
        assert!(parse("version: 1.0.0\n").is_ok());
    }

    #[test]
    fn ids_that_some_platform_could_not_store_are_refused() {
        for bad in [
            "", ".a", "a..b", "a.", "a.lock", "a/b", "a b", "nul", "COM1.x", "ä",
        ] {
            assert!(bad.parse::<ChangeId>().is_err(), "{bad:?}");
        }
        assert!("COM0".parse::<ChangeId>().is_ok());
        assert!("a".repeat(65).parse::<ChangeId>().is_err());
    }

    #[test]
    fn the_command_line_takes_colons_in_a_title() {
        let change: Change = "fix:BUG-50:Session: timeout".parse().unwrap();
        assert_eq!(change.title, "Session: timeout");
        assert!("fix:BUG-50".parse::<Change>().is_err());
        assert!("fix:BUG-50: ".parse::<Change>().is_err());
    }
}
