//! Whose approvals a policy asks for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::change::ChangeKind;
use crate::model::globs::Globs;

/// People by what they are in a team: emails by the role's name.
pub(crate) type Roles = BTreeMap<String, Vec<String>>;

/// One rule: so many people of those must have approved a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ApprovalRule {
    pub need: u32,
    /// Emails, and names of `roles`.
    pub from: Vec<String>,
    /// Only where the contract has changes of these types; none said means any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<ChangeKind>,
    /// Only where the release changes files that these globs match; none said means any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// Nobody counts who declared the release, proved a change of it, or wrote a commit that is new in it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_author: bool,
}

impl ApprovalRule {
    /// The emails that it names, those of its roles among them.
    pub(crate) fn emails<'r>(&'r self, roles: &'r Roles) -> Vec<&'r str> {
        let mut found: Vec<&str> = Vec::new();
        for name in &self.from {
            match name.contains('@') {
                true => found.push(name),
                false => found.extend(roles.get(name).into_iter().flatten().map(String::as_str)),
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Whom it asks, for a message.
    pub(crate) fn whom(&self) -> String {
        self.from.join(" or ")
    }

    /// Its `paths`. Those that are no globs were refused where the policy was read.
    pub(crate) fn globs(&self) -> Globs {
        Globs::checked(&self.paths)
    }
}
