//! What the trailers of a commit of gryt's say (docs/format.md, "Commits").

/// The format that this program writes and reads.
pub(crate) const FORMAT: &str = "1";

/// What an entry of the ledger does.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[strum(serialize_all = "snake_case")]
pub enum Kind {
    /// It is the first, and says nothing.
    Genesis,
    Promotion,
    Withdrawal,
    /// It names releases from before gryt.
    Import,
    /// The ledger leaves its place, or is at its new one.
    Moved,
    /// It settles that an entry is disputed in error.
    Accepted,
}

/// What the trailers of a commit say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    pub format: Option<String>,
    pub kind: Option<String>,
    /// The last valid entry, whose tree this one extends.
    pub base: Option<String>,
    pub version: Option<String>,
    pub change: Option<String>,
    pub promotion: Option<String>,
    /// The tag that goes with the release, without `refs/tags/`.
    pub tag: Option<String>,
    /// The entry that this one repeats on another ledger; it is the last parent.
    pub original: Option<String>,
    pub nonce: Option<String>,
    /// The proven commit, and how that ended.
    pub commit: Option<String>,
    pub status: Option<String>,
    /// The rules that an entry is judged by which is no promotion.
    pub rules: Option<String>,
    /// The move, and which half of it.
    pub moved: Option<String>,
}

impl Header {
    /// What the entry does, where this program knows it.
    pub fn kind(&self) -> Option<Kind> {
        self.kind.as_ref()?.parse().ok()
    }
}
