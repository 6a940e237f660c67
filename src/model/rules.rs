//! The numbered sets of gates and defaults that promotions are judged by (docs/policy.md, "Rules"). An
//! entry says which it was judged by, so that no later default condemns it.

use serde::{Deserialize, Serialize};

use super::policy::Strictness;

/// One set. A later one has everything of those before it, but for defaults that it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct RuleSet(u32);

impl RuleSet {
    /// The one before entries said which.
    pub const FIRST: Self = Self(1);
    /// The one that promotions are judged by now: what was proven has to be in the release, unless
    /// the policy says otherwise.
    pub const CURRENT: Self = Self(2);

    /// Whether this program knows it.
    pub fn is_known(self) -> bool {
        (Self::FIRST..=Self::CURRENT).contains(&self)
    }

    /// What a policy means that does not say what `proof_covers_release` is.
    pub(crate) fn proof_covers_release(self) -> Strictness {
        match self < Self(2) {
            true => Strictness::Warn,
            false => Strictness::Require,
        }
    }
}

impl Default for RuleSet {
    /// That of an entry which names none.
    fn default() -> Self {
        Self::FIRST
    }
}
