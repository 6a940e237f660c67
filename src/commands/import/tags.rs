//! Release tags, as versions from before gryt.

use std::collections::BTreeMap;

use anyhow::Result;

use super::{Report, take};
use crate::model::import::Imported;
use crate::model::{Exit, Refusal, Version};
use crate::session::Session;
use crate::store::Store;

type Skipped = Vec<(String, String)>;

/// Enters the release tags of this clone, or those that match `pattern`.
///
/// # Errors
/// [`Exit::Invalid`] where there is none; as [`take`].
pub(super) fn run(session: &Session<'_>, pattern: Option<&str>, dry_run: bool) -> Result<Report> {
    let (found, skipped) = tagged(&session.core.store, pattern)?;
    if found.is_empty() && skipped.is_empty() {
        let what = match pattern {
            Some(pattern) => format!("No tag that matches {pattern} is a version"),
            None => "No tag of this clone is a version".to_owned(),
        };
        return Err(Refusal::new(Exit::Invalid, what)
            .because("A version is spelled like v1.2.0 or billing/v1.2.0")
            .then("git fetch --tags")
            .into());
    }
    let report = take(session, &found, dry_run)?;
    if !dry_run {
        session.drafts.write_view()?;
    }
    Ok(Report {
        skipped: [skipped, report.skipped].concat(),
        ..report
    })
}

/// The tags that are versions, in the order of versions; and those that cannot be entered.
fn tagged(store: &Store, pattern: Option<&str>) -> Result<(Vec<Imported>, Skipped)> {
    let mut found: BTreeMap<Version, Imported> = BTreeMap::new();
    let mut skipped = Vec::new();
    for tag in store.release_tags(pattern)? {
        let Ok(version) = tag.name.parse::<Version>() else {
            continue;
        };
        let Some(what) = tag.released else {
            skipped.push((tag.name, "it points at no commit".to_owned()));
            continue;
        };
        if let Some(twin) = found.get(&version) {
            skipped.push((tag.name, format!("it means the same as {}", twin.version)));
            continue;
        }
        let imported = Imported {
            version: version.clone(),
            description: what.description,
            commit: Some(what.commit),
            by: what.by,
            at: what.at,
            changes: Vec::new(),
            claims: Vec::new(),
        };
        found.insert(version, imported);
    }
    Ok((found.into_values().collect(), skipped))
}
