//! Release tags, as versions from before gryt.

use std::collections::BTreeMap;

use anyhow::Result;

use super::{Report, take};
use crate::model::import::Imported;
use crate::model::tag_format::TagFormat;
use crate::model::{Exit, Refusal, Version};
use crate::session::Session;
use crate::store::Store;

type Skipped = Vec<(String, String)>;

/// Enters the release tags of this clone, or those that match `pattern`.
///
/// # Errors
/// [`Exit::Invalid`] where there is none; as [`take`].
pub(super) fn run(session: &Session<'_>, pattern: Option<&str>, dry_run: bool) -> Result<Report> {
    let format = format(session, pattern)?;
    let (found, skipped) = tagged(&session.core.store, pattern, &format)?;
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
        session.drafts.show();
    }
    let own = &session.core.config.tag_format;
    let mut notes = report.notes;
    if format != *own {
        notes.push(format!(
            "These tags are named {format}, and the next release's would be {own}: git gryt config \
             --shared tag_format '{format}'"
        ));
    }
    Ok(Report {
        skipped: [skipped, report.skipped].concat(),
        notes,
        ..report
    })
}

/// How the tags are named: as the settings say where any is, or else as most of them are.
fn format(session: &Session<'_>, pattern: Option<&str>) -> Result<TagFormat> {
    let own = &session.core.config.tag_format;
    let tags = session.core.store.release_tags(pattern)?;
    let names: Vec<&str> = tags.iter().map(|tag| tag.name.as_str()).collect();
    let said = names.iter().any(|name| own.version(name).is_some());
    Ok(match TagFormat::found(&names) {
        Some(found) if !said => found,
        _ => own.clone(),
    })
}

/// The tags that are versions, in the order of versions; and those that are left out, and why. Of two
/// tags of one version the one that spells it out is taken: v1.0 moves on, v1.0.0 does not.
fn tagged(
    store: &Store,
    pattern: Option<&str>,
    format: &TagFormat,
) -> Result<(Vec<Imported>, Skipped)> {
    let mut found: BTreeMap<Version, (String, Imported)> = BTreeMap::new();
    let mut skipped = Vec::new();
    for tag in store.release_tags(pattern)? {
        let read = format.version(&tag.name);
        let Some(version) = read.or_else(|| tag.name.parse::<Version>().ok()) else {
            skipped.push((tag.name, "it is not a version".to_owned()));
            continue;
        };
        let Some(what) = tag.released else {
            skipped.push((tag.name, "it points at no commit".to_owned()));
            continue;
        };
        let imported = Imported {
            version: version.clone(),
            description: what.description,
            commit: Some(what.commit),
            by: what.by,
            at: what.at,
            changes: Vec::new(),
            claims: Vec::new(),
        };
        let fuller = |known: &Version| version.width() > known.width();
        match found.remove(&version) {
            Some((name, known)) if !fuller(&known.version) => {
                skipped.push((tag.name, format!("it means the same as {name}")));
                found.insert(version, (name, known));
            }
            known => {
                let name = tag.name.clone();
                skipped.extend(known.map(|(old, _)| (old, format!("it means the same as {name}"))));
                found.insert(version, (tag.name, imported));
            }
        }
    }
    let found = found.into_values().map(|(_, imported)| imported);
    Ok((found.collect(), skipped))
}
