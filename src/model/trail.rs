//! What was done, act by act: the audit trail (docs/export.md).

use serde::Serialize;

use super::person::moment;
use super::signature::Signature;
use super::{Oid, Person, Stamp, Version};

/// One act: who did what, when, and signed by what.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Act {
    pub kind: Kind,
    pub at: Stamp,
    #[serde(rename = "by")]
    pub who: Person,
    pub version: Option<Version>,
    pub change: Option<String>,
    /// The number of the evolution.
    pub number: Option<u32>,
    /// In a line.
    pub what: String,
    /// What came of it.
    pub status: Option<String>,
    /// The commit that was proven or released.
    pub commit: Option<Oid>,
    /// The object that says so.
    pub object: Oid,
    /// The key that the object is signed with; none where it is not.
    pub signed_by: Option<String>,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, strum::Display, strum::IntoStaticStr)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Kind {
    /// A contract was declared.
    Contract,
    /// It was edited.
    Edit,
    /// An evolution was started.
    Start,
    /// A pipeline was run.
    Run,
    /// A result that ran elsewhere was recorded.
    Record,
    Abandonment,
    /// Somebody approved a release, rejected it, or took that back.
    Approval,
    Genesis,
    Promotion,
    Withdrawal,
    Import,
    Move,
    Acceptance,
    /// An entry that counts for nothing.
    Invalid,
}

impl Act {
    /// The columns of [`row`](Self::row).
    pub(crate) const COLUMNS: [&'static str; 12] = [
        "kind",
        "at",
        "by",
        "email",
        "version",
        "change",
        "number",
        "what",
        "status",
        "commit",
        "object",
        "signed_by",
    ];

    /// The act as a row of a table. What a spreadsheet would take for a formula is text.
    pub(crate) fn row(&self) -> [String; 12] {
        let text = |text: &str| match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
            true => format!("'{text}"),
            false => text.to_owned(),
        };
        let optional = |value: Option<String>| value.unwrap_or_default();
        [
            self.kind.to_string(),
            moment(&self.at),
            text(&self.who.name),
            text(&self.who.email),
            optional(self.version.as_ref().map(ToString::to_string)),
            optional(self.change.clone()),
            optional(self.number.map(|number| number.to_string())),
            text(&self.what),
            optional(self.status.clone()),
            optional(self.commit.as_ref().map(ToString::to_string)),
            self.object.to_string(),
            optional(self.signed_by.clone()),
        ]
    }
}

/// A signature in a word.
pub(crate) fn signed_by(signature: &Signature) -> Option<String> {
    match signature {
        Signature::Missing | Signature::Due => None,
        Signature::Broken(why) => Some(format!("broken: {why}")),
        Signature::By(key) => Some(key.clone()),
        Signature::Unnamed(key) => Some(key.clone()),
    }
}
