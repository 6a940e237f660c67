//! What a proof's run made: files by name, size and digest, of which an entry seals those that were proven with the
//! release (docs/policy.md, "Artifacts").

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{ChangeId, Invalid};

/// The most artifacts of one proof.
pub(crate) const MOST: usize = 100;

/// The longest name of one, in bytes.
const LONGEST: usize = 255;

/// A file that a run built: its name, size and digest. The file itself is stored elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Artifact {
    pub name: ArtifactName,
    /// In bytes.
    pub size: u64,
    pub sha256: Digest,
}

/// The name of a file as people have it: of its own, or with folders where two have the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct ArtifactName(String);

impl ArtifactName {
    /// The name without folders.
    pub(crate) fn file(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ArtifactName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let legal = |c: char| match c.is_ascii() {
            true => !c.is_ascii_control() && c != '\\',
            false => c.is_alphanumeric(),
        };
        let part =
            |part: &str| !part.is_empty() && part != "." && part != ".." && part.trim() == part;
        match text.len() <= LONGEST && text.chars().all(legal) && text.split('/').all(part) {
            true => Ok(Self(text)),
            false => Err(format!(
                "`{}` is not a name for an artifact",
                text.escape_default()
            )),
        }
    }
}

impl From<ArtifactName> for String {
    fn from(name: ArtifactName) -> Self {
        name.0
    }
}

impl fmt::Display for ArtifactName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A SHA-256 digest: 64 lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

impl Digest {
    /// Of the bytes of one.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Digest {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let hex = |c: char| matches!(c, '0'..='9' | 'a'..='f');
        match text.len() == 64 && text.chars().all(hex) {
            true => Ok(Self(text)),
            false => Err("a SHA-256 digest is 64 lower-case hexadecimal digits"),
        }
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a proof may hold those.
///
/// # Errors
/// There are too many, or two of one name.
pub(crate) fn check(artifacts: &[Artifact]) -> Result<(), Invalid> {
    if artifacts.len() > MOST {
        return Err(Invalid::new(format!("it has more than {MOST} artifacts")));
    }
    for (nth, one) in artifacts.iter().enumerate() {
        if artifacts[..nth].iter().any(|other| other.name == one.name) {
            return Err(Invalid::new(format!("it has two artifacts {}", one.name)));
        }
    }
    Ok(())
}

/// Whose artifacts are sealed: `artifacts:` of a policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Artifacts {
    /// Emails, and names of CI engines; none said means everybody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Vec<String>>,
}

/// An artifact that was sealed with a release, and the evolutions whose proofs name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SealedArtifact {
    #[serde(flatten)]
    pub artifact: Artifact,
    #[serde(rename = "made_by")]
    pub by: Vec<MadeBy>,
}

/// An evolution within its release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MadeBy {
    pub change: ChangeId,
    pub number: u32,
}

impl MadeBy {
    /// Whether it is the evolution of that change with that number.
    pub(super) fn is(&self, change: &ChangeId, number: u32) -> bool {
        self.change.is(change) && self.number == number
    }
}

impl fmt::Display for MadeBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/rc.{}", self.change, self.number)
    }
}
