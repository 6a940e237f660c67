//! `git gryt notes`: what versions bring, as text for people who use them, and as a changelog.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::{Outcome, product, typed};
use crate::model::notes::changelog::{self, Became};
use crate::model::notes::template::{self, Template};
use crate::model::notes::{Links, Notes};
use crate::model::{Exit, Refusal, Version, built};
use crate::session::Session;
use crate::session::core::files::{locked, read_below, rewrite_below};
use crate::store::Refs;

/// Arguments of `notes`.
#[derive(Debug, Args)]
pub(crate) struct NotesArgs {
    /// The version, or all from A, which is not shown, to B; by default the latest release
    #[arg(value_name = "VERSION|A..B")]
    version: Option<String>,
    /// The latest release of this product
    #[arg(long, value_name = "NAME", conflicts_with = "version")]
    product: Option<String>,
    /// How to write it
    #[arg(long, value_enum, default_value_t = Format::Markdown, value_name = "FORMAT", conflicts_with = "json")]
    format: Format,
    /// Write it by this template, in the syntax of Mustache; docs/notes.md names the fields
    #[arg(long, value_name = "FILE", conflicts_with_all = ["format", "json"])]
    template: Option<PathBuf>,
    /// Keep this changelog: add each version's section, or write it anew, and touch nothing else
    #[arg(long, value_name = "FILE", conflicts_with_all = ["format", "template"])]
    write: Option<PathBuf>,
}

/// How they are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    #[default]
    Markdown,
    /// The section of a changelog
    #[value(name = "keepachangelog")]
    KeepAChangelog,
    /// What --json prints
    Json,
    /// The digests of its artifacts, as sha256sum(1) writes and reads them
    Sha256sums,
}

impl NotesArgs {
    /// Whether a file is written.
    pub(crate) fn writes(&self) -> bool {
        self.write.is_some()
    }

    /// Whether a JSON document was asked for.
    pub(crate) fn in_json(&self) -> bool {
        self.format == Format::Json
    }
}

/// The notes of a version.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Page {
    #[serde(flatten)]
    pub notes: Notes,
    /// As they are printed.
    #[serde(skip)]
    pub text: String,
}

/// The notes of several, newest first.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Range {
    pub versions: Vec<Notes>,
    /// As they are printed.
    #[serde(skip)]
    pub text: String,
}

/// A changelog that was written.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Written {
    /// Its path from the top of the working tree.
    pub file: String,
    /// In the order in which they were asked for.
    pub sections: Vec<Section>,
}

/// What became of a version's section.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Section {
    pub version: Version,
    pub became: Became,
}

/// The notes of a promoted version, of a draft, of a product's latest release, or of all between two.
///
/// # Errors
/// There is no such version; a changelog cannot be written.
pub(crate) fn run(session: &Session<'_>, args: &NotesArgs) -> Result<Outcome> {
    let links = session.core.config.links()?;
    let refs = session.core.store.refs()?;
    let between = args
        .version
        .as_deref()
        .and_then(|text| text.split_once(".."));
    if args
        .version
        .as_deref()
        .is_some_and(|text| text.contains("..."))
    {
        let refusal = Refusal::new(Exit::Usage, "A range of versions is written with two dots");
        return Err(refusal.then("git gryt notes A..B").into());
    }
    let versions = match between {
        Some((from, to)) => versions(session, &refs, from, to)?,
        None => vec![one(session, &refs, args)?],
    };
    let all = versions
        .iter()
        .map(|version| notes(session, &refs, version, &links));
    let mut all: Vec<Notes> = all.collect::<Result<_>>()?;
    if between.is_some() && args.format == Format::Sha256sums {
        let what = "sha256sums are of one version: files of several may have one name";
        return Err(Refusal::new(Exit::Usage, what).into());
    }
    if let Some(file) = &args.write {
        return write(session, file, &all);
    }
    let text = match (args.format, &args.template) {
        (_, Some(file)) => by_template(session, file, &all)?,
        (Format::Markdown, _) => joined(&all, Notes::markdown),
        (Format::KeepAChangelog, _) => joined(&all, Notes::section),
        (Format::Json, _) => String::new(),
        (Format::Sha256sums, _) => all
            .iter()
            .map(|one| sums(session, one))
            .collect::<Result<_>>()?,
    };
    match (between, all.pop()) {
        (None, Some(notes)) => Ok(Outcome::Notes(Box::new(Page { notes, text }))),
        (_, last) => {
            all.extend(last);
            Ok(Outcome::NotesRange(Range {
                versions: all,
                text,
            }))
        }
    }
}

fn joined(all: &[Notes], write: fn(&Notes) -> String) -> String {
    let texts: Vec<String> = all.iter().map(write).collect();
    texts.join("\n")
}

/// The notes of each as a template has them. A file of the working tree may be another's: no link leads out of it.
fn by_template(session: &Session<'_>, file: &Path, all: &[Notes]) -> Result<String> {
    let name = file.display();
    let top = session.core.store.layout().work_tree.clone();
    let inside = top.and_then(|top| Some((below(&top, &session.core.ctx.dir, file).ok()?, top)));
    let text = match inside {
        Some((path, top)) => read_below(&top, &path)?,
        None => read_named(&session.core.ctx.dir.join(file))?,
    };
    let Some(text) = text else {
        return Err(Refusal::new(Exit::Usage, format!("There is no file {name}")).into());
    };
    let wrong = |why: String| Refusal::new(Exit::Invalid, format!("{name}: {why}"));
    let text = String::from_utf8(text).map_err(|_| wrong("it is not UTF-8".to_owned()))?;
    let template = Template::parse(&text).map_err(|invalid| wrong(invalid.to_string()))?;
    let filled = all.iter().map(|notes| template.fill(notes));
    Ok(filled.collect::<Result<String, Refusal>>()?)
}

/// A file that is none of the working tree's: no more of it is read than a template may have.
fn read_named(file: &Path) -> Result<Option<Vec<u8>>> {
    let open = match File::open(file) {
        Ok(open) => open,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).context(format!("{} cannot be read", file.display())),
    };
    let mut text = Vec::new();
    open.take(1 + template::LARGEST as u64)
        .read_to_end(&mut text)
        .with_context(|| format!("{} cannot be read", file.display()))?;
    Ok(Some(text))
}

fn sums(session: &Session<'_>, notes: &Notes) -> Result<String> {
    if notes.artifacts.is_empty() {
        let what = format!("{} seals no artifacts", notes.version);
        return Err(Refusal::new(Exit::Invalid, what).into());
    }
    for released in notes.artifacts.iter().filter(|made| made.contested) {
        let name = &released.name;
        session.core.ctx.warn(format!(
            "{name} is left out: its builds differ, and none was chosen"
        ));
    }
    Ok(notes.sums())
}

/// The version that was named, or the latest release.
fn one(session: &Session<'_>, refs: &Refs, args: &NotesArgs) -> Result<Version> {
    let of = product(args.product.as_deref())?;
    if let Some(version) = &args.version {
        return Ok(typed(version)?);
    }
    if let Some(latest) = highest(session, refs, of)? {
        return Ok(latest);
    }
    let what = match of {
        Some(of) => {
            format!("There is no release of {of}, or all of them are withdrawn or disputed")
        }
        None => "There is no release, or all of them are withdrawn or disputed".to_owned(),
    };
    Err(Refusal::new(Exit::Invalid, what)
        .then("git gryt log")
        .into())
}

/// The releases above `from` up to `to`, newest first. Where `to` is a draft, it leads.
fn versions(session: &Session<'_>, refs: &Refs, from: &str, to: &str) -> Result<Vec<Version>> {
    let end = |text: &str| match text {
        "" => Ok(None),
        text => typed::<Version>(text).map(Some),
    };
    let (from, to) = (end(from)?, end(to)?);
    let of = from.as_ref().or(to.as_ref()).and_then(Version::product);
    if let (Some(from), Some(to)) = (&from, &to) {
        if from.product() != to.product() {
            let what = format!("{from} and {to} are versions of two products");
            return Err(Refusal::new(Exit::Usage, what).into());
        }
        if from > to {
            let what = format!("{from} is above {to}");
            let refusal = Refusal::new(Exit::Usage, what);
            return Err(refusal.then(format!("git gryt notes {to}..{from}")).into());
        }
    }
    let releases = session.core.releases(refs, usize::MAX, of)?;
    let mut found: Vec<Version> = releases.into_iter().map(|one| one.version).collect();
    found.retain(|version| version.product() == of);
    for end in [&from, &to].into_iter().flatten() {
        if !found.contains(end) {
            let draft = session.core.draft(refs, end)?;
            found.push(draft.version);
        }
    }
    found.retain(|version| {
        from.as_ref().is_none_or(|from| version > from)
            && to.as_ref().is_none_or(|to| version <= to)
    });
    found.sort_by(|a, b| b.cmp(a));
    found.dedup();
    Ok(found)
}

fn notes(session: &Session<'_>, refs: &Refs, version: &Version, links: &Links) -> Result<Notes> {
    let Some(ledger) = session.core.ledger(refs)? else {
        return of_draft(session, refs, version, links);
    };
    if let Some(sealed) = session.core.store.sealed(&ledger, version)? {
        let (_, contract) = session.core.store.sealed_contract(&ledger, &sealed)?;
        let mut notes = Notes::new(sealed.version.clone(), contract, links);
        notes.artifacts = built::released(&sealed);
        for folded in sealed.evolutions.into_iter().filter(|one| one.counted) {
            if !notes.proven_by.iter().any(|known| known.is(&folded.owner)) {
                notes.proven_by.push(folded.owner);
            }
        }
        let approvals = sealed.approvals.into_iter();
        let counted = approvals.filter_map(|approved| approved.counted.then_some(approved.by));
        notes.approved_by = counted.collect();
        notes.withdrawal = session.core.advice(&ledger, &notes.version)?;
        notes.disputed = ledger.disputes(&notes.version);
        notes.promoted_at = Some(sealed.promoted_at);
        notes.promoter = Some(sealed.promoter);
        return Ok(notes);
    }
    if let Some(old) = session.core.store.imported(&ledger, version)? {
        let mut notes = Notes::new(old.version.clone(), old.contract(), links);
        notes.withdrawal = session.core.advice(&ledger, &old.version)?;
        notes.disputed = ledger.disputes(&old.version);
        notes.promoted_at = Some(old.at);
        return Ok(notes);
    }
    of_draft(session, refs, version, links)
}

fn of_draft(session: &Session<'_>, refs: &Refs, version: &Version, links: &Links) -> Result<Notes> {
    let draft = session.core.draft(refs, version)?;
    let contract = draft.contract().map_err(Refusal::from)?;
    Ok(Notes::new(draft.version, contract, links))
}

/// The highest release of a product that stands.
fn highest(session: &Session<'_>, refs: &Refs, of: Option<&str>) -> Result<Option<Version>> {
    let highest = session.core.cache(refs)?.highest()?;
    Ok(highest.into_iter().find(|version| version.product() == of))
}

/// How often a changelog is read anew that another program writes meanwhile.
const TRIES: usize = 20;

/// Keeps a changelog. Of several processes of this worktree one does at a time, and what anybody else writes
/// meanwhile is read before it is replaced.
fn write(session: &Session<'_>, file: &Path, all: &[Notes]) -> Result<Outcome> {
    let top = session.core.top()?;
    let path = below(&top, &session.core.ctx.dir, file)?;
    let layout = session.core.store.layout();
    let of_git = |dir: &PathBuf| dir.starts_with(&top) && top.join(&path).starts_with(dir);
    if path.split('/').any(is_gits) || of_git(&layout.git_dir) || of_git(&layout.common_dir) {
        let what = format!("{} is not a file of this working tree", file.display());
        let refusal = Refusal::new(Exit::Usage, what);
        return Err(refusal.because("It belongs to git").into());
    }
    let lock = locked(&layout.git_dir, "notes.lock");
    if let Err(error) = &lock {
        session.core.ctx.detail(format!(
            "This clone cannot be locked, so this command does not wait for others: {error}"
        ));
    }
    for _ in 0..TRIES {
        let was = read_below(&top, &path)?;
        let (text, sections) = kept(&path, was.as_deref(), all)?;
        if sections.is_empty()
            || was.as_deref() == Some(text.as_bytes())
            || rewrite_below(&top, &path, was.as_deref(), text.as_bytes())?
        {
            return Ok(Outcome::NotesWritten(Written {
                file: path,
                sections,
            }));
        }
    }
    let what = format!("{path} is written by another program all the time");
    let refusal = Refusal::new(Exit::Failure, what);
    Err(refusal.because("Nothing was written").into())
}

/// The changelog with the sections of all: oldest first, so that each finds its place among those below it.
fn kept(path: &str, was: Option<&[u8]>, all: &[Notes]) -> Result<(String, Vec<Section>), Refusal> {
    let wrong = |why: String| {
        let refusal = Refusal::new(Exit::Invalid, format!("{path}{why}"));
        refusal.because("Nothing was written")
    };
    let was = String::from_utf8(was.unwrap_or_default().to_owned());
    let mut text = was.map_err(|_| wrong(" is not UTF-8".to_owned()))?;
    let mut sections = Vec::new();
    for notes in all.iter().rev() {
        let put = changelog::with(&text, &notes.version, &notes.section());
        let (new, became) = put.map_err(|invalid| wrong(format!(": {invalid}")))?;
        text = new;
        sections.push(Section {
            version: notes.version.clone(),
            became,
        });
    }
    sections.reverse();
    Ok((text, sections))
}

/// Whether some file system takes a name for `.git` (git's `verify_path`, with `core.protectHFS` and
/// `core.protectNTFS`).
fn is_gits(name: &str) -> bool {
    let ignored = |c: &char| matches!(u32::from(*c), 0x200C..=0x200F | 0x202A..=0x202E | 0x206A..=0x206F | 0xFEFF);
    let name: String = name.chars().filter(|c| !ignored(c)).collect();
    let name = name.split(['\\', ':']).next().unwrap_or_default();
    let name = name.trim_end_matches(['.', ' ']);
    name.eq_ignore_ascii_case(".git") || name.eq_ignore_ascii_case("git~1")
}

/// A file that was named as seen from `dir`, as it is called below the top of the working tree.
fn below(top: &Path, dir: &Path, file: &Path) -> Result<String, Refusal> {
    let mut whole = PathBuf::new();
    for part in dir.join(file).components() {
        match part {
            Component::ParentDir => _ = whole.pop(),
            Component::CurDir => {}
            part => whole.push(part),
        }
    }
    let path = whole.strip_prefix(top).ok().and_then(Path::to_str);
    let path = path.filter(|path| !path.is_empty());
    path.map(str::to_owned).ok_or_else(|| {
        let what = format!("{} is not a file of this working tree", file.display());
        Refusal::new(Exit::Usage, what)
    })
}
