//! Pending changesets, as the changes of a draft.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::{ImportArgs, Report};
use crate::commands::{product, typed_if};
use crate::model::changeset::{self, Changeset};
use crate::model::edit::{self, Edit};
use crate::model::{Contract, Exit, Refusal, Version};
use crate::session::Session;
use crate::store::refs::drafts;
use crate::store::{Refs, names};

/// Where changesets lie unless said.
const FOLDER: &str = ".changeset";

/// Makes the pending changesets of a folder changes of a draft: the one that has some of them
/// already, or the one that is named, or the next version.
///
/// # Errors
/// There is no such folder, or it holds none; the version is taken.
pub(super) fn run(session: &Session<'_>, args: &ImportArgs) -> Result<Report> {
    let folder = match &args.what {
        Some(what) => session.core.ctx.dir.join(what),
        None => session.core.top()?.join(FOLDER),
    };
    let (sets, mut report) = pending(&folder)?;
    let product = product(args.product.as_deref())?;
    let named: Option<Version> = typed_if(args.version.as_deref())?;
    let taken = session.drafts.take_in()?;
    let refs = session.core.store.refs()?;
    let cache = session.core.cache(&refs)?;
    let mut home = None;
    let mut new = Vec::new();
    for set in sets {
        // What a version has already, promoted or not, is not pending any more.
        let places = cache.declared(&set.change.id)?;
        let Some(place) = places.last() else {
            new.push(set);
            continue;
        };
        report
            .there
            .push(format!("{} in {}", set.change.id, place.version));
        let open = drafts(refs.local()).any(|(draft, _)| draft == place.version);
        if open && place.version.product() == product {
            home = Some(place.version.clone());
        }
    }
    let Some(level) = changeset::farthest(&new) else {
        return Ok(report);
    };
    let version = match named.or(home) {
        // What the next version is may be asked of the cloud, and a dry run asks nobody.
        None if args.dry_run => None,
        None => Some(session.cloud.propose(level, product, None)?),
        known => known,
    };
    let told = new
        .iter()
        .map(|set| format!("{} {}", set.change.id, set.change.title));
    report.notes.extend(told);
    report.changes = true;
    report.drafts.extend(version.clone());
    if let Some(version) = &version
        && refs.draft(version).is_none()
    {
        session.core.may_declare(&refs, version)?;
    }
    let (Some(version), false) = (version, args.dry_run) else {
        return Ok(report);
    };
    taken.require(&version)?;
    session.core.change(|refs| {
        let tip = write(session, refs, &version, &new)?;
        Ok((vec![refs.change(names::draft(&version), Some(&tip))], ()))
    })?;
    session.drafts.write_view()?;
    Ok(report)
}

/// The draft with the changes put in, begun where there is none.
fn write(
    session: &Session<'_>,
    refs: &Refs,
    version: &Version,
    sets: &[Changeset],
) -> Result<crate::model::Oid> {
    let puts: Vec<Edit> = sets
        .iter()
        .map(|set| Edit::Put(set.change.clone()))
        .collect();
    let by = session.core.author()?;
    if refs.draft(version).is_none() {
        session.core.may_declare(refs, version)?;
        let text = Contract::blank(version, None);
        let blank = Contract::parse(text.as_bytes(), version).map_err(Refusal::from)?;
        let text = edit::apply(&text, &blank, &puts).map_err(Refusal::from)?;
        let nonce = session.core.ctx.nonce();
        return session
            .core
            .store
            .write_draft_root(by, version, text.as_bytes(), &nonce);
    }
    let draft = session.core.draft(refs, version)?;
    let contract = draft.contract().map_err(Refusal::from)?;
    let text = String::from_utf8_lossy(&draft.text);
    let text = edit::apply(&text, &contract, &puts).map_err(Refusal::from)?;
    session
        .core
        .store
        .write_draft_edit(by, &draft.version, &draft.tip, text.as_bytes(), "Edit")
}

/// The changesets of a folder that were not released yet, and what was left out.
fn pending(folder: &Path) -> Result<(Vec<Changeset>, Report)> {
    let missing = || {
        let what = format!("{} holds no changesets", folder.display());
        Refusal::new(Exit::Invalid, what).then("git gryt import --from changesets DIR")
    };
    let consumed = consumed(folder)?;
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(|_| missing())? {
        let path = entry?.path();
        let stem = path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned());
        let markdown = path.extension().is_some_and(|e| e == "md") && path.is_file();
        if let (true, Some(stem)) = (markdown, stem)
            && !stem.eq_ignore_ascii_case("readme")
            && !consumed.contains(&stem)
        {
            names.push((stem, path));
        }
    }
    names.sort();
    let mut report = Report::default();
    let mut sets: Vec<Changeset> = Vec::new();
    for (name, path) in names {
        let text = fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        let text = String::from_utf8_lossy(&text);
        match changeset::parse(&name, &text) {
            Ok(Some(set)) if sets.iter().any(|s| s.change.id.is(&set.change.id)) => {
                report
                    .skipped
                    .push((name, "another has the same name".into()));
            }
            Ok(Some(set)) => sets.push(set),
            Ok(None) => report.skipped.push((name, "it releases nothing".into())),
            Err(invalid) => report.skipped.push((name, invalid.to_string())),
        }
    }
    if sets.is_empty() && report.skipped.is_empty() {
        return Err(missing().into());
    }
    Ok((sets, report))
}

/// The names that a pre-release has released already (`pre.json`).
fn consumed(folder: &Path) -> Result<HashSet<String>> {
    #[derive(serde::Deserialize)]
    struct Pre {
        #[serde(default)]
        changesets: HashSet<String>,
    }
    let file = folder.join("pre.json");
    let Ok(text) = fs::read(&file) else {
        return Ok(HashSet::new());
    };
    let pre: Pre = serde_json::from_slice(&text)
        .map_err(|e| Refusal::new(Exit::Invalid, format!("{}: {e}", file.display())))?;
    Ok(pre.changesets)
}
