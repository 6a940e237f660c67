//! The working view: each draft as a file that a person edits.
//!
//! `.gryt/generations/<version>.yaml` shows a draft. Beside it, in this worktree's git folder,
//! gryt notes which blob it last wrote to each file, before it writes it. The note tells a file
//! that is merely old from one that was edited, so that the first is brought up to date and the
//! second is never reverted (docs/architecture.md, "The working view").

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::{Session, join};
use crate::model::merge::Side;
use crate::model::weave::Texts;
use crate::model::{Contract, Exit, Invalid, Oid, Refusal, Version};
use crate::store::draft::Draft;
use crate::store::{Refs, Store, names, refs};

/// The folder, below the top of the working tree.
pub const FOLDER: &str = ".gryt/generations";

/// A file of the view that is not simply what its draft holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edited {
    /// An edit that can be taken in.
    Fresh { text: Vec<u8>, tip: Oid },
    /// An edit that breaks a rule.
    Invalid(Invalid),
    /// The draft moved on under the edit, which was made of the state `from`: the two are merged.
    Overtaken { text: Vec<u8>, tip: Oid, from: Oid },
    /// A file whose origin is not known: no note, and not in the draft's history.
    Unknown,
    /// The branch tracks it: somebody else's checkout could speak in this person's name.
    Tracked,
    /// There is no draft for it. With a release of that version it came too late.
    NoDraft { sealed: bool },
}

/// What taking in found.
#[derive(Clone, Debug, Default)]
pub struct TakenIn {
    /// Versions whose edit is now in the draft.
    pub edited: Vec<Version>,
    /// Files that stay as they are, and why.
    pub held: Vec<(Version, Edited)>,
}

impl TakenIn {
    /// Refuses a command that needs `version` while its file could not be taken in.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn require(&self, version: &Version) -> Result<(), Refusal> {
        match self.held.iter().find(|(held, _)| held == version) {
            None => Ok(()),
            Some((held, edited)) => Err(edited.refusal(held)),
        }
    }
}

impl Edited {
    /// The refusal that this state is to a command that needs the draft.
    pub fn refusal(&self, version: &Version) -> Refusal {
        let file = path(version);
        match self {
            Self::Fresh { .. } => {
                Refusal::new(Exit::Failure, format!("{file} was edited while this ran"))
            }
            Self::Invalid(invalid) => Refusal::new(Exit::Invalid, format!("{file}: {invalid}")),
            Self::Overtaken { .. } => Refusal::new(
                Exit::Conflict,
                format!("{file} was edited, and so was the draft of {version}"),
            )
            .because("Nothing was overwritten: the file is yours, the draft is the team's")
            .then(format!("git gryt generation resolve {version}")),
            Self::Unknown => Refusal::new(
                Exit::Conflict,
                format!("{file} is no state that the draft of {version} ever had"),
            )
            .because("Move it away to see the draft, or copy your edit into the draft's file"),
            Self::Tracked => {
                Refusal::new(Exit::Invalid, format!("{file} is tracked by the branch"))
                    .because("A draft is shared through refs, never through a branch")
                    .then(format!("git rm --cached {file}"))
            }
            Self::NoDraft { sealed: true } => Refusal::new(
                Exit::Taken,
                format!("{file} was edited, and {version} is promoted"),
            )
            .because("A promoted version is immutable: take your edit elsewhere, or put it aside")
            .then(format!("git gryt generation rename {version} NEW"))
            .then(format!("git gryt generation restore {version}")),
            Self::NoDraft { sealed: false } => {
                Refusal::new(Exit::Invalid, format!("{file} belongs to no draft"))
                    .because("Move it away, make the draft, and copy it back")
                    .then(format!("git gryt generation new {version}"))
            }
        }
    }
}

/// The file of a version, below the top.
pub fn path(version: &Version) -> String {
    format!("{FOLDER}/{version}.yaml")
}

/// One worktree's view, locked against other processes of that worktree.
struct View<'a> {
    store: &'a Store,
    top: PathBuf,
    notes_file: PathBuf,
    /// What was written to each file. While one is being rewritten it has two, the old one first:
    /// a process that dies in between must not make an old file look like an edit.
    notes: BTreeMap<String, Vec<Oid>>,
    _lock: Option<File>,
}

impl<'a> View<'a> {
    fn open(session: &'a Session<'_>, lock: bool) -> Result<Option<View<'a>>> {
        let layout = session.store.layout();
        let Some(top) = layout.work_tree.clone() else {
            return Ok(None);
        };
        let folder = layout.git_dir.join("gryt");
        let lock = if lock {
            fs::create_dir_all(&folder)
                .with_context(|| format!("{} cannot be made", folder.display()))?;
            let file = File::create(folder.join("view.lock"))?;
            file.lock()?;
            Some(file)
        } else {
            None
        };
        let notes_file = folder.join("view");
        let text = match fs::read_to_string(&notes_file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error).context("the view's notes cannot be read"),
        };
        let mut notes: BTreeMap<String, Vec<Oid>> = BTreeMap::new();
        for (oid, version) in text.lines().filter_map(|line| line.split_once(' ')) {
            let oids = notes.entry(version.to_owned()).or_default();
            oids.extend(oid.parse::<Oid>().ok());
        }
        notes.retain(|_, oids| !oids.is_empty());
        Ok(Some(View {
            store: &session.store,
            top,
            notes_file,
            notes,
            _lock: lock,
        }))
    }

    /// Writes the notes, whole or not at all.
    fn save(&self) -> Result<()> {
        let folder = self.notes_file.parent().unwrap_or(&self.top);
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        for (version, oids) in &self.notes {
            for oid in oids {
                writeln!(file, "{oid} {version}")?;
            }
        }
        file.persist(&self.notes_file)?;
        Ok(())
    }

    fn file(&self, version: &str) -> PathBuf {
        self.top.join(FOLDER).join(format!("{version}.yaml"))
    }

    /// The files of the view, by version. A link on the way is refused: a branch could make one
    /// that leads out of the working tree.
    fn files(&self) -> Result<Vec<Version>> {
        let folder = self.top.join(FOLDER);
        let mut found = Vec::new();
        for name in yaml_files(&folder)? {
            found.extend(name.parse::<Version>().ok());
        }
        for entry in entries(&folder)? {
            if entry.file_type()?.is_dir() {
                let product = entry.file_name().to_string_lossy().into_owned();
                for name in yaml_files(&entry.path())? {
                    found.extend(format!("{product}/{name}").parse::<Version>().ok());
                }
            }
        }
        Ok(found)
    }

    fn read(&self, version: &str) -> Result<Option<Vec<u8>>> {
        let file = self.file(version);
        match fs::read(&file) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", file.display())),
        }
    }

    fn noted(&self, version: &str) -> &[Oid] {
        self.notes.get(version).map_or(&[], Vec::as_slice)
    }

    fn note(&mut self, version: &str, oids: Vec<Oid>) -> Result<()> {
        if self.noted(version) != oids {
            self.notes.insert(version.to_owned(), oids);
            self.save()?;
        }
        Ok(())
    }

    /// Writes a draft's file, if it still is what it was when that was decided.
    fn write(&mut self, version: &str, text: &[u8], blob: &Oid, was: Option<&Oid>) -> Result<bool> {
        let mut both = self.noted(version).to_vec();
        both.push(blob.clone());
        self.note(version, both)?;
        let file = self.file(version);
        let folder = file.parent().unwrap_or(&self.top).to_owned();
        real_folders(&self.top, &folder)?;
        let mut fresh = tempfile::NamedTempFile::new_in(&folder)?;
        fresh.write_all(text)?;
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        fresh.as_file().set_permissions(mode)?;
        // Read once more: an editor may have saved in this moment.
        let now = match self.read(version)? {
            Some(text) => Some(Store::blob_id(&text)?),
            None => None,
        };
        if now.as_ref() != was {
            return Ok(false);
        }
        fresh.persist(&file)?;
        self.note(version, vec![blob.clone()])?;
        Ok(true)
    }

    /// Removes the file of a draft that is gone, if nobody edited it.
    fn remove(&mut self, version: &str, noted: &[Oid]) -> Result<bool> {
        if let Some(text) = self.read(version)? {
            if !noted.contains(&Store::blob_id(&text)?) {
                return Ok(false);
            }
            fs::remove_file(self.file(version))?;
        }
        self.notes.remove(version);
        self.save()?;
        Ok(true)
    }

    /// What the file of `draft` is to it.
    fn judge(&self, draft: &Draft, text: &[u8]) -> Result<Option<Edited>> {
        let blob = Store::blob_id(text)?;
        let noted = self.noted(draft.version.as_str());
        if blob == draft.blob || noted.contains(&blob) {
            return Ok(None);
        }
        let Some(oldest) = noted.first() else {
            let old = self.store.draft_had(&draft.tip, &blob)?;
            return Ok((!old).then_some(Edited::Unknown));
        };
        if let Err(invalid) = Contract::parse(text, &draft.version) {
            return Ok(Some(Edited::Invalid(invalid)));
        }
        let (text, tip) = (text.to_vec(), draft.tip.clone());
        Ok(Some(match *oldest == draft.blob {
            true => Edited::Fresh { text, tip },
            false => Edited::Overtaken {
                text,
                tip,
                from: oldest.clone(),
            },
        }))
    }
}

impl Session<'_> {
    /// Takes in what was edited in this worktree's files: each valid edit becomes a commit on its
    /// draft. What could not be taken in is reported, and stops only what needs it.
    ///
    /// # Errors
    /// Files, notes or refs cannot be read or written.
    pub fn take_in(&self) -> Result<TakenIn> {
        self.take_in_settling(None)
    }

    /// The same; where a file and its draft want different things, `settled` says whose value
    /// counts for that version, the file being ours.
    ///
    /// # Errors
    /// As [`take_in`](Session::take_in).
    pub fn take_in_settling(&self, settled: Option<(&Version, Side)>) -> Result<TakenIn> {
        let Some(mut view) = View::open(self, true)? else {
            return Ok(TakenIn::default());
        };
        let mut taken = TakenIn::default();
        // A draft that another process moves meanwhile is looked at again.
        let mut again = true;
        while again {
            again = false;
            taken.held.clear();
            for (version, edited) in self.scan(&view, &self.store.refs()?)? {
                let prefer = settled
                    .filter(|(v, _)| **v == version)
                    .map(|(_, side)| side);
                let Some((text, tip, file)) = self.proposal(&version, &edited, prefer)? else {
                    taken.held.push((version, edited));
                    continue;
                };
                if !self.commit_edit(&version, &text, &tip)? {
                    again = true;
                    continue;
                }
                view.note(version.as_str(), vec![file])?;
                taken.edited.push(version);
            }
        }
        for version in &taken.edited {
            self.ctx.detail(format!("Took in your edit of {version}"));
        }
        for (version, edited) in &taken.held {
            self.ctx.warn(&edited.refusal(version).what);
        }
        Ok(taken)
    }

    /// The text that an edit makes of its draft at a tip, and the file's blob. None where a
    /// person has to see to it first.
    fn proposal(
        &self,
        version: &Version,
        edited: &Edited,
        prefer: Option<Side>,
    ) -> Result<Option<(Vec<u8>, Oid, Oid)>> {
        match edited {
            Edited::Fresh { text, tip } => {
                Ok(Some((text.clone(), tip.clone(), Store::blob_id(text)?)))
            }
            Edited::Overtaken { text, tip, from } => {
                let draft = self.store.draft(version, tip)?.map_err(Refusal::from)?;
                let (theirs, their_text) = join::said(&draft)?;
                let Some(base_text) = self.store.blob(from)? else {
                    return Ok(None);
                };
                let base = Contract::parse(&base_text, version).map_err(Refusal::from)?;
                let ours = Contract::parse(text, version).map_err(Refusal::from)?;
                let texts = Texts {
                    base: &String::from_utf8_lossy(&base_text),
                    ours: &String::from_utf8_lossy(text),
                    theirs: &their_text,
                };
                let merged = join::merge_texts(&[base], (&ours, &theirs), texts, prefer);
                let file = Store::blob_id(text)?;
                Ok(merged
                    .ok()
                    .map(|merged| (merged.into_bytes(), tip.clone(), file)))
            }
            _ => Ok(None),
        }
    }

    /// Commits an edit onto its draft; false where the draft is no longer at `tip`.
    fn commit_edit(&self, version: &Version, text: &[u8], tip: &Oid) -> Result<bool> {
        let name = names::draft(version);
        let author = self.author()?;
        let refs = self.store.refs()?;
        if refs.get(&name) != Some(tip) {
            return Ok(false);
        }
        let new = self
            .store
            .write_draft_edit(author, version, tip, text, "Edit")?;
        self.store.update(&[refs.change(&name, Some(&new))])
    }

    /// The files that are not what their drafts hold, without taking anything in.
    ///
    /// # Errors
    /// Files, notes or drafts cannot be read.
    pub fn edited(&self, refs: &Refs) -> Result<Vec<(Version, Edited)>> {
        match View::open(self, false)? {
            Some(view) => self.scan(&view, refs),
            None => Ok(Vec::new()),
        }
    }

    /// The text of a version's file, where there is one, whatever it holds.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn file_text(&self, version: &Version) -> Result<Option<Vec<u8>>> {
        match View::open(self, false)? {
            Some(view) => view.read(version.as_str()),
            None => Ok(None),
        }
    }

    /// Lets go of a version's file that holds `text`, which was kept elsewhere: it is removed, and
    /// written again where there is a draft. Nothing happens to a file that was saved meanwhile.
    ///
    /// # Errors
    /// Files or notes cannot be written.
    pub fn let_go(&self, version: &Version, text: &[u8]) -> Result<()> {
        let Some(mut view) = View::open(self, true)? else {
            return Ok(());
        };
        view.remove(version.as_str(), &[Store::blob_id(text)?])?;
        Ok(())
    }

    fn scan(&self, view: &View<'_>, refs: &Refs) -> Result<Vec<(Version, Edited)>> {
        let files = view.files()?;
        if files.is_empty() {
            return Ok(Vec::new());
        }
        let local = refs.local();
        let mut tracked: Option<BTreeSet<String>> = None;
        let mut found = Vec::new();
        for version in files {
            let Some(text) = view.read(version.as_str())? else {
                continue;
            };
            let edited = match local.get(&names::draft(&version)) {
                None => self.judge_orphan(view, refs, &version, &text)?,
                Some(tip) => match self.store.draft(&version, tip)? {
                    Ok(draft) => view.judge(&draft, &text)?,
                    Err(_) => None,
                },
            };
            let Some(mut edited) = edited else { continue };
            // Asked only when something was edited: it is a process.
            if tracked.is_none() {
                tracked = Some(self.store.tracked(FOLDER)?);
            }
            if tracked
                .as_ref()
                .is_some_and(|t| t.contains(&path(&version)))
            {
                edited = Edited::Tracked;
            }
            found.push((version, edited));
        }
        Ok(found)
    }

    fn judge_orphan(
        &self,
        view: &View<'_>,
        refs: &Refs,
        version: &Version,
        text: &[u8],
    ) -> Result<Option<Edited>> {
        let blob = Store::blob_id(text)?;
        if view.noted(version.as_str()).contains(&blob) {
            return Ok(None);
        }
        let sealed = match self.ledger(refs)? {
            Some(ledger) => self.store.sealed(&ledger, version)?.is_some(),
            None => false,
        };
        Ok(Some(Edited::NoDraft { sealed }))
    }

    /// Brings the files up to date with the drafts: missing ones are written, old ones rewritten,
    /// those of drafts that are gone removed, edited ones left alone.
    ///
    /// # Errors
    /// Files or notes cannot be written.
    pub fn write_view(&self) -> Result<()> {
        let Some(mut view) = View::open(self, true)? else {
            return Ok(());
        };
        let refs = self.store.refs()?;
        let local = refs.local();
        let drafts: BTreeMap<String, (Version, Oid)> = refs::drafts(&local)
            .map(|(version, tip)| (version.to_string(), (version, tip)))
            .collect();
        for (name, (version, tip)) in &drafts {
            let Ok(draft) = self.store.draft(version, tip)? else {
                continue;
            };
            if view.file(name).is_dir() {
                let path = path(version);
                self.ctx
                    .warn(format!("{path} is a folder: move it away to see the draft"));
                continue;
            }
            let was = match view.read(name)? {
                None => None,
                Some(text) => {
                    let blob = Store::blob_id(&text)?;
                    if blob == draft.blob {
                        view.note(name, vec![blob])?;
                        continue;
                    }
                    if view.judge(&draft, &text)?.is_some() {
                        continue;
                    }
                    Some(blob)
                }
            };
            if !view.write(name, &draft.text, &draft.blob, was.as_ref())? {
                self.ctx.warn(format!(
                    "{} was saved while this ran; it stays as it is",
                    path(version)
                ));
            }
        }
        let gone: Vec<(String, Vec<Oid>)> = view
            .notes
            .iter()
            .filter(|(name, _)| !drafts.contains_key(*name))
            .map(|(name, oids)| (name.clone(), oids.clone()))
            .collect();
        for (name, noted) in gone {
            view.remove(&name, &noted)?;
        }
        Ok(())
    }
}

/// Writes a file below the top, whole or not at all; a link on the way is refused, and one in its
/// place is replaced.
///
/// # Errors
/// The file cannot be written.
pub fn write_below(top: &Path, path: &str, text: &[u8]) -> Result<()> {
    let file = top.join(path);
    let folder = file.parent().unwrap_or(top);
    real_folders(top, folder)?;
    let mut fresh = tempfile::NamedTempFile::new_in(folder)?;
    fresh.write_all(text)?;
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    fresh.as_file().set_permissions(mode)?;
    fresh
        .persist(&file)
        .with_context(|| format!("{path} cannot be written"))?;
    Ok(())
}

fn entries(folder: &Path) -> Result<Vec<fs::DirEntry>> {
    match fs::symlink_metadata(folder) {
        Ok(meta) if meta.is_dir() => Ok(fs::read_dir(folder)?.collect::<Result<_, _>>()?),
        Ok(_) => Err(not_a_folder(folder).into()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

fn yaml_files(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in entries(folder)? {
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Some(stem) = name.strip_suffix(".yaml")
            && entry.file_type()?.is_file()
        {
            names.push(stem.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Makes the folders from `top` down to `folder`, refusing any that is a link.
fn real_folders(top: &Path, folder: &Path) -> Result<()> {
    let mut at = top.to_owned();
    for part in folder.strip_prefix(top).unwrap_or(folder) {
        at.push(part);
        match fs::symlink_metadata(&at) {
            Ok(meta) if meta.is_dir() => {}
            Ok(_) => return Err(not_a_folder(&at).into()),
            Err(error) if error.kind() == ErrorKind::NotFound => fs::create_dir(&at)?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn not_a_folder(path: &Path) -> Refusal {
    Refusal::new(Exit::Failure, format!("{} is not a folder", path.display()))
        .because("A link there could lead out of the working tree, so nothing was read or written")
}
