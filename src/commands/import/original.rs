//! A project of the original Python tool.
//!
//! What is written is the same objects whoever imports it, so that two who do meet as one.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use anyhow::Result;

use super::{Brought, ImportArgs, Report, take};
use crate::cache::original as database;
use crate::git::ident::Ident;
use crate::git::refs::Update;
use crate::model::import::Imported;
use crate::model::original::{self as model, Draft, Fate, Known, People};
use crate::model::proof::{Evidence, Outcome as Ended};
use crate::model::{Evolution, EvolutionName, Exit, Oid, Person, Proof, Refusal, Stamp, Version};
use crate::session::Session;
use crate::session::drafts::carry::{Carried, place};
use crate::store::message::header;
use crate::store::refs::{drafts, evolutions};
use crate::store::{Author, Refs, names};

/// A draft as it was written, and its evolutions.
struct Written {
    version: Version,
    root: Oid,
    attempts: Vec<Attempted>,
}

/// An evolution as it was written.
struct Attempted {
    /// The record's own id of it.
    id: String,
    carried: Carried,
    why: Option<String>,
}

/// Brings a project over: what was promoted is taken, drafts are drafts, and what is only claimed
/// proves nothing.
///
/// # Errors
/// [`Exit::Invalid`] where the database is none of the original's; as [`take`].
pub(super) fn run(session: &Session<'_>, args: &ImportArgs) -> Result<Report> {
    let Some(path) = &args.what else {
        let what = "Name the database of the original tool";
        return Err(Refusal::new(Exit::Usage, what)
            .then("git gryt import .gryt/gryt.db")
            .then("git gryt import --from tags")
            .then("git gryt import --from changesets")
            .into());
    };
    let path = session.core.ctx.dir.join(path);
    let original = database::read(&path)?;
    let people = People {
        said: said(&args.who)?,
    };
    let folder = path.parent().unwrap_or(Path::new(".")).join("generations");
    let known = Known {
        commit: &|rev| session.core.store.resolve(rev).ok(),
        file: &|version| {
            // A version's name may not lead out of the folder.
            let plain = version.parse::<Version>().is_ok();
            let file = folder.join(format!("{version}.yaml"));
            // Nor may what lies there be a link or a pipe.
            let about = file.symlink_metadata().ok()?;
            (plain && about.is_file()).then(|| std::fs::read(file).ok())?
        },
        commits: &original.commits,
        people: &people,
    };
    let Sorted {
        released,
        open,
        mut skipped,
        notes,
    } = sorted(&original.generations, &known);
    session.drafts.take_in()?;
    let report = take(session, &released, args.dry_run)?;
    let refs = session.core.store.refs()?;
    let mut written = Vec::new();
    let mut counting = session.core.ctx.counting("Importing drafts", open.len());
    for draft in &open {
        counting.step();
        let version = &draft.version;
        match brought(session, &refs, draft)? {
            None => written.push(write(session, draft, None)?),
            Some(Before::Draft(known, root)) if known == *version => {
                written.push(write(session, draft, Some(root))?);
            }
            Some(Before::Draft(known, _)) => {
                skipped.push((version.to_string(), format!("it is {known} here")));
            }
            Some(Before::Deleted) => {
                let why = format!("it was deleted here: git gryt generation restore {version}");
                skipped.push((version.to_string(), why));
            }
        }
    }
    drop(counting);
    let open = if args.dry_run {
        plan(session, &session.core.store.refs()?, &written)?.1
    } else {
        let open = session.core.change(|refs| plan(session, refs, &written))?;
        session.drafts.show();
        open
    };
    Ok(Report {
        drafts: open.drafts,
        evolutions: open.evolutions,
        there: [report.there, open.there].concat(),
        skipped: [skipped, report.skipped, open.skipped].concat(),
        notes,
        ..report
    })
}

/// What becomes of the generations of the record.
#[derive(Default)]
struct Sorted {
    released: Vec<Imported>,
    open: Vec<Draft>,
    /// What is left where it is, and why.
    skipped: Vec<(String, String)>,
    notes: Vec<String>,
}

/// What was released comes first: of two spellings of one version it is the one that stands. The
/// record tells versions apart by their spelling.
fn sorted(generations: &[model::Generation], known: &Known<'_>) -> Sorted {
    let mut sorted = Sorted::default();
    let mut seen: Vec<Version> = Vec::new();
    let promoted = |g: &&model::Generation| g.status == "promoted";
    let (first, then): (Vec<_>, Vec<_>) = generations.iter().partition(promoted);
    for generation in first.into_iter().chain(then) {
        let (fate, more) = model::fate(generation, known);
        sorted.notes.extend(more);
        let version = match &fate {
            Fate::Released(imported) => Some(&imported.version),
            Fate::Draft(draft) => Some(&draft.version),
            Fate::Left(_) => None,
        };
        let twin = version.and_then(|v| seen.iter().find(|known| *known == v));
        if let Some(twin) = twin {
            let why = format!("it is the same version as {twin}");
            sorted.skipped.push((generation.version.clone(), why));
            continue;
        }
        seen.extend(version.cloned());
        match fate {
            Fate::Released(imported) => sorted.released.push(imported),
            Fate::Draft(draft) => sorted.open.push(draft),
            Fate::Left(why) => sorted.skipped.push((generation.version.clone(), why)),
        }
    }
    for imported in &sorted.released {
        let of = &imported.version;
        let unclaimed = imported.claims.iter().filter_map(|claim| {
            let why = claim.why.as_ref()?;
            Some(format!("{of} {} {}: {why}", claim.change, claim.name))
        });
        sorted.notes.extend(unclaimed);
    }
    sorted
}

/// What became of a draft that was brought over before.
enum Before {
    /// It is a draft of that name, which begins there.
    Draft(Version, Oid),
    Deleted,
}

/// Whether a draft was brought over before: its first commit carries the record's own id of it.
fn brought(session: &Session<'_>, refs: &Refs, draft: &Draft) -> Result<Option<Before>> {
    let is_it = |tip: &Oid| -> Result<Option<Oid>> {
        let root = session.core.store.root(tip)?;
        let header = header(&session.core.store.commit(&root)?.message);
        Ok((header.nonce.as_ref() == Some(&draft.id)).then_some(root))
    };
    let (local, cloud) = (refs.local(), session.core.known_cloud(refs));
    for (version, tip) in drafts(local).chain(drafts(&cloud)) {
        if session.core.store.is_commit(&tip)
            && let Some(root) = is_it(&tip)?
        {
            return Ok(Some(Before::Draft(version, root)));
        }
    }
    for (rest, tip) in refs.below(names::DELETED) {
        if rest.ends_with("/draft") && is_it(tip)?.is_some() {
            return Ok(Some(Before::Deleted));
        }
    }
    Ok(None)
}

/// Who names of the record are, by the command line.
fn said(who: &[String]) -> Result<BTreeMap<String, Person>> {
    let mut said = BTreeMap::new();
    for text in who {
        let Some((name, person)) = text.split_once('=') else {
            let what = format!("`{text}` is not NAME=Name <email>");
            return Err(Refusal::new(Exit::Usage, what).into());
        };
        let person = model::person(person.trim()).map_err(Refusal::from)?;
        said.insert(name.trim().to_owned(), person);
    }
    Ok(said)
}

/// Somebody at some moment, as author and as committer: whoever imports is not part of it.
fn by(person: &Person, at: Stamp) -> Author {
    let ident = Ident {
        person: person.clone(),
        at,
    };
    Author {
        author: ident.clone(),
        committer: ident,
        sign: false,
    }
}

/// Writes the objects of a draft, or of what its evolutions are if it is there. No ref names them
/// yet.
fn write(session: &Session<'_>, draft: &Draft, there: Option<Oid>) -> Result<Written> {
    let store = &session.core.store;
    let version = &draft.version;
    let root = match there {
        Some(root) => root,
        None => store.write_draft_root(
            &by(&draft.by, draft.at),
            version,
            draft.text.as_bytes(),
            &draft.id,
        )?,
    };
    let mut numbers: BTreeMap<String, u32> = BTreeMap::new();
    let mut attempts = Vec::new();
    for attempt in &draft.attempts {
        let claim = &attempt.claim;
        let by = by(&claim.owner, claim.at);
        let number = numbers
            .entry(claim.change.as_str().to_ascii_lowercase())
            .or_default();
        *number += 1;
        let name = EvolutionName {
            version: version.clone(),
            change: claim.change.clone(),
            number: *number,
        };
        let what = Evolution {
            version: version.clone(),
            generation: root.clone(),
            change: claim.change.clone(),
            owner: claim.owner.clone(),
            started: claim.at,
        };
        let first = store.write_evolution(&by, &what, Some(claim), &attempt.id)?;
        let mut tip = first.clone();
        if let Some((commit, steps)) = &attempt.proven
            && let Ok(started) = store.attempt(&name, &first)?
        {
            let proof = Proof {
                status: Ended::Pass,
                void: None,
                commit: commit.clone(),
                tree: store.commit(commit)?.tree,
                change: attempt.change.clone(),
                pipeline: None,
                isolated: false,
                steps: steps.clone(),
                patches: None,
                artifacts: Vec::new(),
                evidence: Some(Evidence {
                    engine: Some("gryt (Python)".into()),
                    ..Evidence::default()
                }),
                by: claim.owner.clone(),
                host: "imported".into(),
                at: claim.at,
            };
            tip = store.write_proof(&by, &started, &proof, &[])?;
        }
        let carried = Carried {
            name,
            root: first,
            tip,
        };
        attempts.push(Attempted {
            id: claim.id.clone(),
            carried,
            why: claim.why.clone(),
        });
    }
    Ok(Written {
        version: version.clone(),
        root,
        attempts,
    })
}

/// The updates that name what was written and is not there yet.
fn plan(session: &Session<'_>, refs: &Refs, written: &[Written]) -> Result<(Vec<Update>, Report)> {
    let mut report = Report::default();
    let mut updates = Vec::new();
    let (local, cloud) = (refs.local(), session.core.known_cloud(refs));
    let mut known: HashSet<String> = HashSet::new();
    for (name, tip) in evolutions(local).chain(evolutions(&cloud)) {
        if session.core.store.is_commit(&tip)
            && let Ok(attempt) = session.core.store.attempt(&name, &tip)?
        {
            known.extend(attempt.claim.map(|claim| claim.id));
        }
    }
    let mut new: Vec<&Attempted> = Vec::new();
    for Written {
        version,
        root,
        attempts,
    } in written
    {
        let here = match refs.draft(version) {
            Some((_, tip)) => Some(session.core.store.root(&tip)?),
            None => None,
        };
        if here.as_ref() == Some(root) {
            report.there.push(version.to_string());
        } else if let Err(error) = session.core.may_declare(refs, version) {
            let refusal = error.downcast::<Refusal>()?;
            report.skipped.push((version.to_string(), refusal.what));
            continue;
        } else {
            updates.push(refs.change(names::draft(version), Some(root)));
            report.drafts.push(version.clone());
        }
        for attempt in attempts {
            if known.contains(&attempt.id) {
                report.there.push(attempt.carried.name.to_string());
            } else {
                new.push(attempt);
            }
        }
    }
    let carried: Vec<Carried> = new.iter().map(|attempt| attempt.carried.clone()).collect();
    let placed = place(refs, &carried);
    for (attempt, update) in new.into_iter().zip(&placed) {
        if let names::Shared::Evolution(name) = names::shared(&update.name) {
            let why = attempt.why.clone();
            report.evolutions.push(Brought { name, why });
        }
    }
    updates.extend(placed);
    Ok((updates, report))
}
