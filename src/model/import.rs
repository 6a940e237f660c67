//! What a project has from before gryt: versions that are taken, with whatever another tool's
//! record tells of them. Nothing of it is proven.

use serde::{Deserialize, Serialize};

use super::evolution::Claim;
use super::standing::{Progress, Standing};
use super::{Change, Contract, Invalid, Oid, Person, Stamp, Version};

/// `imports/….yaml`: a version that was released before gryt was there (docs/format.md,
/// "Import").
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Imported {
    pub version: Version,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What was released; none where nothing tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<Oid>,
    pub by: Person,
    pub at: Stamp,
    /// What the record says that it contained.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<Claim>,
}

impl Imported {
    /// What it contained, as a contract says it.
    pub fn contract(&self) -> Contract {
        Contract {
            version: self.version.clone(),
            description: self.description.clone(),
            pipeline_template: None,
            changes: self.changes.clone(),
        }
    }

    /// How far its changes are: shipped, and not proven here.
    pub fn standings(&self) -> Vec<Standing> {
        let standing = |change: &Change| Standing {
            change: change.id.clone(),
            title: change.title.clone(),
            progress: Progress::Stale {
                why: "it was released before gryt".into(),
            },
            owner: None,
            number: None,
            branch: None,
        };
        self.changes.iter().map(standing).collect()
    }
}

/// A file that an import adds to the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub path: String,
    pub text: Vec<u8>,
    /// The version of the base that is the same, if there is one.
    pub taken: Option<Version>,
}

/// Reads the files of an import: each is of a version that nobody has, and where it belongs.
///
/// # Errors
/// The first rule that is broken.
pub(crate) fn read(files: &[File]) -> Result<Vec<Imported>, String> {
    let mut all: Vec<Imported> = Vec::new();
    for File { path, text, taken } in files {
        let imported: Imported =
            Invalid::or_yaml(text).map_err(|e| format!("its {path} is invalid: {e}"))?;
        let version = &imported.version;
        if version.import() != *path {
            return Err(format!("{path} is of {version}"));
        }
        spelled(text, version)?;
        let twin = all.iter().map(|i| &i.version).find(|v| *v == version);
        if let Some(taken) = taken.as_ref().or(twin) {
            return Err(format!("{taken} is there already"));
        }
        all.push(imported);
    }
    Ok(all)
}
/// A file spells its version out, as its name does: a `v` that is missing is added for people alone.
pub(super) fn spelled(text: &[u8], version: &Version) -> Result<(), String> {
    #[derive(serde::Deserialize)]
    struct Spelled {
        version: String,
    }
    let said = Invalid::or_yaml::<Spelled>(text).map(|said| said.version);
    match said.is_ok_and(|said| said == version.as_str()) {
        true => Ok(()),
        false => Err(format!("its version is not spelled {version}")),
    }
}
