//! The numbered sets of gates and defaults that promotions are judged by (docs/policy.md, "Rules"). An
//! entry says which it was judged by, so that no later default condemns it.

use serde::{Deserialize, Serialize};

use super::strictness::Strictness;
use super::{Exit, Refusal};

/// One set. A later one has everything of those before it, but for defaults that it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "u32", into = "u32")]
pub struct RuleSet(u32);

impl RuleSet {
    /// The one before entries said which.
    pub const FIRST: Self = Self(1);
    /// The first that knows `heirs`, `lines` and `min_rules`, by which nobody but an heir overrides who may
    /// promote, and by which mailmaps are sealed.
    pub(crate) const WITH_HEIRS: Self = Self(2);
    /// The one that promotions are judged by now.
    pub const CURRENT: Self = Self(2);

    /// All that this program knows, for a message.
    pub(crate) fn all_known() -> String {
        format!("{} to {}", Self::FIRST, Self::CURRENT)
    }

    /// The refusal of whatever it is to decide in a program that does not know these rules, which `place`
    /// names as `how` says.
    pub(crate) fn unknown(self, place: &str, how: &str) -> Refusal {
        let own = env!("CARGO_PKG_VERSION");
        let what = format!("{place} {how} rules {self}, which this program does not know");
        let knows = format!(
            "This is git-gryt {own}, which knows rules {}",
            Self::all_known()
        );
        Refusal::new(Exit::Gate, what)
            .because(knows)
            .because(format!("Install a git-gryt that knows rules {self}"))
    }

    /// Whether who may promote by the previous policy is for its heirs alone to override.
    pub(crate) fn has_heirs(self) -> bool {
        self >= Self::WITH_HEIRS
    }

    /// Whether a policy can ask for signatures.
    pub(crate) fn has_signers(self) -> bool {
        self >= Self::WITH_HEIRS
    }

    /// Whether mailmaps say who is who.
    pub(crate) fn has_mailmaps(self) -> bool {
        self >= Self::WITH_HEIRS
    }

    /// Whether it is asked what of a release no proof covers, and whose recorded results count.
    pub(crate) fn has_coverage(self) -> bool {
        self >= Self::WITH_HEIRS
    }

    /// The set that a trailer names; the first where it names none.
    pub(crate) fn named(text: Option<&str>) -> Self {
        let number = text.and_then(|text| text.parse::<u32>().ok());
        number
            .and_then(|number| Self::try_from(number).ok())
            .unwrap_or_default()
    }

    /// What a policy means that does not say what `proof_covers_release` is.
    pub(crate) fn proof_covers_release(self) -> Strictness {
        match self < Self(2) {
            true => Strictness::Warn,
            false => Strictness::Require,
        }
    }
}

impl TryFrom<u32> for RuleSet {
    type Error = &'static str;

    fn try_from(number: u32) -> Result<Self, Self::Error> {
        match number {
            0 => Err("rules begin with 1"),
            number => Ok(Self(number)),
        }
    }
}

impl From<RuleSet> for u32 {
    fn from(rules: RuleSet) -> Self {
        rules.0
    }
}

impl std::fmt::Display for RuleSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Default for RuleSet {
    /// That of an entry which names none.
    fn default() -> Self {
        Self::FIRST
    }
}
