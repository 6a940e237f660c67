//! One change of a contract, and its id.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Invalid;
use super::address::is_of_web;
use super::version::illegal_component;

/// One line of a contract (docs/format.md, "Contract").
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
    /// Where more is said of it: addresses of the web.
    #[serde(
        default,
        deserialize_with = "links",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub links: Vec<String>,
}

/// The most links of a change.
const MOST_LINKS: usize = 20;

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
            links: Vec::new(),
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
                "`{text}` is not a type of change: write add, fix, refine or remove"
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

fn links<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let links: Vec<String> = Option::deserialize(from)?.unwrap_or_default();
    match check_links(links.iter().map(String::as_str)) {
        Ok(()) => Ok(links),
        Err(rule) => Err(serde::de::Error::custom(rule)),
    }
}

/// Whether a change may have these links.
///
/// # Errors
/// The rule that they break.
pub(super) fn check_links<'l>(links: impl ExactSizeIterator<Item = &'l str>) -> Result<(), String> {
    if links.len() > MOST_LINKS {
        return Err(format!("a change has more than {MOST_LINKS} links"));
    }
    let mut links = links;
    match links.find(|link| !is_of_web(link)) {
        None => Ok(()),
        Some(link) => Err(format!(
            "`{}` is not an address like https://example.com/1",
            link.escape_debug()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn links_are_addresses_of_the_web() {
        let read = |links: &str| {
            let text = format!("{{type: add, id: A, title: a, links: {links}}}");
            serde_yaml::from_str::<Change>(&text).map(|change| change.links.len())
        };
        let good = r#"["https://a.example.com/x_y?b=c&d=%20#e", "http://b:8080"]"#;
        assert_eq!(read(good).unwrap(), 2);
        assert_eq!(read("~").unwrap(), 0);
        for bad in [
            "[a]",
            r#"["https://a b"]"#,
            r#"["https://a)b"]"#,
            r#"["javascript:a"]"#,
            "https://a",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert!(read(&format!("[{}]", ["http://a"; 21].join(", "))).is_err());
    }

    #[test]
    fn the_command_line_takes_colons_in_a_title() {
        let change: Change = "fix:BUG-50:Session: timeout".parse().unwrap();
        assert_eq!(change.title, "Session: timeout");
        assert!("fix:BUG-50".parse::<Change>().is_err());
        assert!("fix:BUG-50: ".parse::<Change>().is_err());
    }
}
