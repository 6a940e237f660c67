//! `git gryt verify --file`: which release a file belongs to.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Serialize;

use crate::commands::Outcome;
use crate::model::artifact::{ArtifactName, Digest};
use crate::model::built::{self, Made, Standing};
use crate::model::sealed::Advice;
use crate::model::{Exit, Oid, Person, Refusal, Stamp, Version};
use crate::session::Session;
use crate::session::proving::artifacts::digest;

/// What is known of a file.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Known {
    pub file: PathBuf,
    /// In bytes.
    pub size: u64,
    pub sha256: Digest,
    pub standing: Standing,
    /// The releases that seal it; where none does, those that seal its name.
    #[serde(rename = "belongs_to")]
    pub releases: Vec<Of>,
}

/// A release beside a file.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Of {
    pub version: Version,
    pub name: ArtifactName,
    pub commit: Oid,
    pub promoter: Person,
    pub promoted_at: Stamp,
    /// What was built under that name, and by whom; where builds agree, one with several people.
    pub made: Vec<Made>,
    /// Who approved the release.
    pub approved_by: Vec<Person>,
    pub withdrawal: Option<Advice>,
    /// What its entry is disputed for, a line each.
    pub disputed: Vec<String>,
}

impl Known {
    /// Only a file that a release which holds seals is what it says.
    pub(crate) fn exit(&self) -> Exit {
        let disputed = |of: &Of| !of.disputed.is_empty();
        match self.standing {
            Standing::Sealed if self.releases.iter().all(disputed) => Exit::Rewritten,
            Standing::Sealed => Exit::Done,
            Standing::Contested | Standing::Other => Exit::Rewritten,
            Standing::Unknown => Exit::Invalid,
        }
    }
}

/// Looks a file up in what this clone knows.
///
/// # Errors
/// The file or the ledger cannot be read; there is no such version.
pub(super) fn run(session: &Session<'_>, path: &Path, only: Option<&Version>) -> Result<Outcome> {
    let file = session.core.ctx.dir.join(path);
    let opened = File::open(&file).with_context(|| format!("{} cannot be read", path.display()));
    let opened = opened.map_err(|error| Refusal::new(Exit::Failure, format!("{error:#}")))?;
    if !opened.metadata()?.is_file() {
        let what = format!("{} is not a file", path.display());
        return Err(Refusal::new(Exit::Usage, what).into());
    }
    let (size, sha256) = digest(opened)?;
    let called = file
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let called = called.unwrap_or_default();
    let refs = session.core.store.refs()?;
    let Some(ledger) = session.core.ledger(&refs)? else {
        let refusal = Refusal::new(Exit::Invalid, "There is no ledger yet");
        return Err(refusal.then("git gryt sync pull").into());
    };
    let store = &session.core.store;
    let mut found: Vec<(Standing, Of)> = Vec::new();
    for sealed in store.sealing_any_of(&ledger, &[sha256.as_str(), &called])? {
        if only.is_some_and(|only| sealed.version != *only) {
            continue;
        }
        let counted = sealed.approvals.iter().filter(|said| said.counted);
        let approved_by: Vec<Person> = counted.map(|said| said.by.clone()).collect();
        for released in built::released(&sealed) {
            let standing = built::standing(&released, &called, &sha256);
            if standing == Standing::Unknown {
                continue;
            }
            let of = Of {
                version: sealed.version.clone(),
                name: released.name,
                commit: sealed.commit.clone(),
                promoter: sealed.promoter.clone(),
                promoted_at: sealed.promoted_at,
                made: released.made,
                approved_by: approved_by.clone(),
                withdrawal: session.core.advice(&ledger, &sealed.version)?,
                disputed: ledger.disputes(&sealed.version),
            };
            found.push((standing, of));
        }
    }
    // What one release seals is no less so because another seals the name with another digest.
    let best = [Standing::Sealed, Standing::Contested, Standing::Other];
    let best = best
        .into_iter()
        .find(|best| found.iter().any(|(standing, _)| standing == best));
    let standing = best.unwrap_or(Standing::Unknown);
    let mut releases: Vec<Of> = found
        .into_iter()
        .filter(|(of, _)| *of == standing)
        .map(|(_, of)| of)
        .collect();
    releases.sort_by(|a, b| a.version.cmp(&b.version));
    Ok(Outcome::VerifyFile(Known {
        file: path.to_owned(),
        size,
        sha256,
        standing,
        releases,
    }))
}
