//! A generation's contract: the version, what it is, and the changes that it must contain.
//!
//! The text is a person's and is kept to the byte; what is here is what the text says. Changing
//! a text is `edit`'s work.

use serde::{Deserialize, Serialize};

use super::{Change, ChangeId, Invalid, Version, mistakes};

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

/// A YAML scalar between double quotes; JSON's escapes are YAML's.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
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
}
