//! Pending changesets, as the changes of a draft.

use std::collections::HashSet;
use std::fs;
use std::io::Read;
use std::path::Path;

use anyhow::Result;

use super::{ImportArgs, Report};
use crate::commands::{product, typed_if};
use crate::model::changeset::{self, Changeset};
use crate::model::edit::{self, Edit};
use crate::model::invalid::MAX_BYTES;
use crate::model::scheme;
use crate::model::{Contract, Exit, Invalid, Refusal, Version};
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
    let base = named.as_ref().or(home.as_ref());
    let mut new = fitting(session, &refs, base, new, &mut report)?;
    let Some(level) = changeset::farthest(&new) else {
        return Ok(report);
    };
    if named.is_none()
        && let Some(home) = &home
    {
        far_enough(session, args, &refs, home, &new)?;
    }
    let version = match named.or(home) {
        // What the next version is may be asked of the cloud, and a dry run asks nobody.
        None if args.dry_run => None,
        None => Some(session.cloud.propose(level, product, None)?),
        known => known,
    };
    if let Some(version) = &version
        && refs.draft(version).is_none()
    {
        session.core.may_declare(&refs, version)?;
    }
    if let (Some(version), false) = (&version, args.dry_run) {
        taken.require(version)?;
        let left = session.core.change(|refs| {
            let (tip, left) = write(session, refs, version, &new)?;
            Ok((vec![refs.change(names::draft(version), Some(&tip))], left))
        })?;
        // The draft may have grown meanwhile.
        new.retain(|set| left.iter().all(|(id, _)| *id != set.change.id.to_string()));
        report.skipped.extend(left);
        session.drafts.show();
    }
    let told = new
        .iter()
        .map(|set| format!("{} {}", set.change.id, set.change.title));
    report.notes.extend(told);
    report.changes = true;
    report.drafts.extend(version);
    Ok(report)
}

type Left = Vec<(String, String)>;

/// Those of `sets` that there is room for, in the draft that is there or in a new one. The others are
/// left out.
fn fitting(
    session: &Session<'_>,
    refs: &Refs,
    base: Option<&Version>,
    sets: Vec<Changeset>,
    report: &mut Report,
) -> Result<Vec<Changeset>> {
    let (text, contract) = match base.filter(|version| refs.draft(version).is_some()) {
        Some(version) => {
            let draft = session.core.draft(refs, version)?;
            let contract = draft.contract().map_err(Refusal::from)?;
            (String::from_utf8_lossy(&draft.text).into_owned(), contract)
        }
        None => {
            let any = "v0.0.0".parse().map_err(Refusal::from)?;
            blank(base.unwrap_or(&any))?
        }
    };
    let (_, left) = put(&text, &contract, &sets)?;
    let stays = |set: &Changeset| left.iter().all(|(id, _)| *id != set.change.id.to_string());
    let fitting = sets.into_iter().filter(stays).collect();
    report.skipped.extend(left);
    Ok(fitting)
}

/// A draft that is there says by its version how far its changes reach, and what is to join it may
/// reach farther: `changeset version` would count on from the last release by all of them.
fn far_enough(
    session: &Session<'_>,
    args: &ImportArgs,
    refs: &Refs,
    home: &Version,
    sets: &[Changeset],
) -> Result<()> {
    let product = home.product();
    let released = session.cloud.released(refs, product)?;
    let last = scheme::before(home, &released);
    let policy = session.core.policy(product)?;
    let too_far = |set: &&Changeset| !policy.versions.reaches(set.level, home, last);
    let Some(farthest) = sets.iter().filter(too_far).max_by_key(|set| set.level) else {
        return Ok(());
    };
    let what = format!(
        "{} is {}, which is more than the draft {home} allows",
        farthest.change.id,
        farthest.level.named()
    );
    let since = match last {
        Some(last) => format!("The last release before {home} is {last}"),
        None => format!("Nothing was released before {home}"),
    };
    let next = match args.dry_run {
        true => session.cloud.propose_here(farthest.level, product)?,
        false => session.cloud.propose(farthest.level, product, None)?,
    };
    let mut import = "git gryt import --from changesets".to_owned();
    if let Some(folder) = &args.what {
        import += &format!(" '{}'", folder.replace('\'', "'\\''"));
    }
    let of = product.map_or(String::new(), |product| format!(" --product {product}"));
    Err(Refusal::new(Exit::Conflict, what)
        .because(since)
        .because("Nothing was imported: rename the draft, or state that the changes belong in it")
        .then(format!(
            "git gryt generation rename {home} {next} && {import}{of}"
        ))
        .then(format!("{import} --as {home}"))
        .into())
}

/// The draft with the changes put in, begun where there is none; and what there was no room for.
fn write(
    session: &Session<'_>,
    refs: &Refs,
    version: &Version,
    sets: &[Changeset],
) -> Result<(crate::model::Oid, Left)> {
    let by = session.core.author()?;
    let store = &session.core.store;
    if refs.draft(version).is_none() {
        session.core.may_declare(refs, version)?;
        let (text, contract) = blank(version)?;
        let (text, left) = put(&text, &contract, sets)?;
        let nonce = session.core.ctx.nonce();
        let tip = store.write_draft_root(by, version, text.as_bytes(), &nonce)?;
        return Ok((tip, left));
    }
    let draft = session.core.draft(refs, version)?;
    let contract = draft.contract().map_err(Refusal::from)?;
    let (text, left) = put(&String::from_utf8_lossy(&draft.text), &contract, sets)?;
    let tip = store.write_draft_edit(by, &draft.version, &draft.tip, text.as_bytes(), "Edit")?;
    Ok((tip, left))
}

fn blank(version: &Version) -> Result<(String, Contract), Refusal> {
    let text = Contract::blank(version, None);
    let blank = Contract::parse(text.as_bytes(), version)?;
    Ok((text, blank))
}

/// A contract with the changes put in, and those that cannot be, by name and why.
fn put(text: &str, contract: &Contract, sets: &[Changeset]) -> Result<(String, Left), Refusal> {
    let puts: Vec<Edit> = sets
        .iter()
        .map(|set| Edit::Put(set.change.clone()))
        .collect();
    let (text, faults) = edit::apply_each(text, contract, &puts)?;
    let left = sets.iter().zip(faults).filter_map(|(set, fault)| {
        let fault = fault?.to_string();
        Some((set.change.id.to_string(), fault))
    });
    Ok((text, left.collect()))
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
        let text = match bounded(&path) {
            Ok(text) => text,
            Err(why) => {
                report.skipped.push((name, why));
                continue;
            }
        };
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

/// The text of a changeset, or why it is none.
fn bounded(path: &Path) -> Result<String, String> {
    let mut text = Vec::new();
    let most = MAX_BYTES as u64 + 1;
    let read = fs::File::open(path).and_then(|file| file.take(most).read_to_end(&mut text));
    match read {
        Ok(_) if text.len() > MAX_BYTES => Err(Invalid::too_large("it is").to_string()),
        Ok(_) => Ok(String::from_utf8_lossy(&text).into_owned()),
        Err(error) => Err(format!("it cannot be read: {error}")),
    }
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
