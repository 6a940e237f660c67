//! The working view: each draft as a file that a person edits.
//!
//! `.gryt/generations/<version>.yaml` shows a draft. Beside it, in this worktree's git folder,
//! gryt notes which blob it last wrote to each file, before it writes it. The note tells a file
//! that is merely old from one that was edited, so that the first is brought up to date and the
//! second is never reverted (docs/architecture.md, "The working view").

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::Drafts;
use crate::model::state::SyncState;
use crate::model::{Contract, Exit, Invalid, Oid, Refusal, Version};
use crate::session::core::files::{
    entries, is_blocked, only_folders, read_below, real_folders, yaml_files,
};
use crate::store::draft::Draft;
use crate::store::{Store, refs};

/// The folder, below the top of the working tree.
pub(crate) const FOLDER: &str = ".gryt/generations";

/// A file of the view that is not simply what its draft holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Edited {
    /// An edit that can be taken in.
    Fresh { text: Vec<u8>, tip: Oid },
    /// An edit that breaks a rule.
    Invalid(Invalid),
    /// The draft moved on under the edit, which was made of one of the states `from`: the two are
    /// merged.
    Overtaken {
        text: Vec<u8>,
        tip: Oid,
        from: Vec<Oid>,
    },
    /// A file whose origin is not known: no note, and not in the draft's history.
    Unknown,
    /// The branch tracks it: somebody else's checkout could speak in this person's name.
    Tracked,
    /// There is no draft for it. With a release of that version it came too late.
    NoDraft { sealed: bool },
}

impl Edited {
    /// Whether a command that writes takes it in.
    pub(crate) fn is_fresh(&self) -> bool {
        matches!(self, Self::Fresh { .. })
    }

    /// Whether it is an edit of a draft, which a push leaves unpublished.
    pub(crate) fn is_of_draft(&self) -> bool {
        match self {
            Self::Fresh { .. } | Self::Invalid(_) | Self::Overtaken { .. } => true,
            Self::Unknown | Self::Tracked | Self::NoDraft { .. } => false,
        }
    }

    /// The state of a draft whose file is so, and which is in `state` without it.
    pub(crate) fn state(&self, state: SyncState) -> SyncState {
        match self {
            Self::Invalid(_) => SyncState::Invalid,
            Self::Fresh { .. }
            | Self::Overtaken { .. }
            | Self::Unknown
            | Self::Tracked
            | Self::NoDraft { .. } => state.edited(),
        }
    }

    /// The refusal that this state is to a command that needs the draft.
    pub(crate) fn refusal(&self, version: &Version) -> Refusal {
        let file = path(version);
        match self {
            Self::Fresh { .. } => {
                Refusal::new(Exit::Failure, format!("{file} was edited while this ran"))
            }
            Self::Invalid(invalid) => Refusal::of_file(&file, invalid)
                .then(format!("git gryt generation edit {version}"))
                .then(format!("git gryt generation restore {version}")),
            Self::Overtaken { .. } => Refusal::new(
                Exit::Conflict,
                format!("{file} was edited, and so was the draft of {version}"),
            )
            .because("Nothing was overwritten: the file is yours, the draft is the team's")
            .then(format!("git gryt generation resolve {version}")),
            Self::Unknown => Refusal::new(
                Exit::Conflict,
                format!("{file} is not a state that the draft of {version} ever had"),
            )
            .because("Move the file away, and the draft's own is written again; then repeat your edit in it"),
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
pub(crate) fn path(version: &Version) -> String {
    format!("{FOLDER}/{version}.yaml")
}

/// What was written to one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Note {
    /// The first commit of the draft that it showed: a version can be made again.
    pub root: Option<Oid>,
    pub blobs: Vec<Oid>,
}

/// How it is said that a file cannot be written; why comes after it.
fn unwritable(file: &Path) -> String {
    format!("{} cannot be written", file.display())
}

/// One worktree's view, locked against other processes of that worktree.
pub(crate) struct View<'a> {
    store: &'a Store,
    top: PathBuf,
    notes_file: PathBuf,
    /// What was written to each file. While one is being rewritten it has two, the old one first:
    /// a process that dies in between must not make an old file look like an edit.
    notes: BTreeMap<String, Note>,
    _lock: Option<File>,
}

impl<'a> View<'a> {
    /// The view for looking alone. None where there is no working tree.
    pub(super) fn read_only(drafts: Drafts<'a>) -> Result<Option<View<'a>>> {
        Self::open(drafts, None)
    }

    /// The view for writing. None where there is no working tree.
    pub(super) fn locked(drafts: Drafts<'a>) -> Result<Option<View<'a>>> {
        let layout = drafts.core.store.layout();
        if layout.work_tree.is_none() {
            return Ok(None);
        }
        let folder = layout.git_dir.join("gryt");
        fs::create_dir_all(&folder)
            .with_context(|| format!("{} cannot be made", folder.display()))?;
        let path = folder.join("view.lock");
        let lock = File::create(&path)
            .and_then(|lock| lock.lock().map(|()| lock))
            .with_context(|| unwritable(&path))?;
        Self::open(drafts, Some(lock))
    }

    fn open(drafts: Drafts<'a>, lock: Option<File>) -> Result<Option<View<'a>>> {
        let layout = drafts.core.store.layout();
        let Some(top) = layout.work_tree.clone() else {
            return Ok(None);
        };
        let notes_file = layout.git_dir.join("gryt").join("view");
        // A damaged note is no note: the file is then judged by its draft's history.
        let text = match fs::read(&notes_file) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error).context("the view's notes cannot be read"),
        };
        let mut notes: BTreeMap<String, Note> = BTreeMap::new();
        for line in text.lines() {
            let mut words = line.split(' ');
            let (Some(blob), Some(version)) = (words.next(), words.next()) else {
                continue;
            };
            if let Ok(blob) = blob.parse() {
                let note = notes.entry(version.to_owned()).or_default();
                note.blobs.push(blob);
                note.root = words.next().and_then(|root| root.parse().ok());
            }
        }
        Ok(Some(View {
            store: &drafts.core.store,
            top,
            notes_file,
            notes,
            _lock: lock,
        }))
    }

    /// Writes the notes, whole or not at all.
    fn save(&self) -> Result<()> {
        self.save_notes()
            .with_context(|| unwritable(&self.notes_file))
    }

    fn save_notes(&self) -> Result<()> {
        let folder = self.notes_file.parent().unwrap_or(&self.top);
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        for (version, note) in &self.notes {
            let root = note.root.as_ref().map_or("", Oid::as_str);
            for blob in &note.blobs {
                writeln!(file, "{blob} {version} {root}")?;
            }
        }
        // The file is one person's alone until it is said that it is not.
        let mode = std::os::unix::fs::PermissionsExt::from_mode(self.store.shared_mode()?);
        file.as_file().set_permissions(mode)?;
        file.persist(&self.notes_file)?;
        Ok(())
    }

    fn file(&self, version: &str) -> PathBuf {
        self.top.join(FOLDER).join(format!("{version}.yaml"))
    }

    /// The files of the view, by version. A link on the way is refused: a branch could make one
    /// that leads out of the working tree.
    pub(super) fn files(&self) -> Result<Vec<Version>> {
        only_folders(&self.top, FOLDER)?;
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

    pub(super) fn read(&self, version: &str) -> Result<Option<Vec<u8>>> {
        read_below(&self.top, &format!("{FOLDER}/{version}.yaml"))
    }

    pub(super) fn noted(&self, version: &str) -> &[Oid] {
        self.notes
            .get(version)
            .map_or(&[], |note| note.blobs.as_slice())
    }

    /// Notes that the file of a version shows one of `blobs` of the draft that begins at `root`.
    pub(super) fn note(&mut self, version: &str, root: &Oid, blobs: Vec<Oid>) -> Result<()> {
        let note = Note {
            root: Some(root.clone()),
            blobs,
        };
        if self.notes.get(version) != Some(&note) {
            self.notes.insert(version.to_owned(), note);
            self.save()?;
        }
        Ok(())
    }

    /// Writes a draft's file, if it still is what it was when that was decided.
    fn write(&mut self, draft: &Draft, was: Option<&Oid>) -> Result<bool> {
        let file = self.file(draft.version.as_str());
        self.write_file(draft, was)
            .with_context(|| unwritable(&file))
    }

    fn write_file(&mut self, draft: &Draft, was: Option<&Oid>) -> Result<bool> {
        let version = draft.version.as_str();
        let before = self.notes.get(version).cloned();
        let mut both = self.noted(version).to_vec();
        both.push(draft.blob.clone());
        self.note(version, &draft.root, both)?;
        let file = self.file(version);
        let folder = file.parent().unwrap_or(&self.top).to_owned();
        real_folders(&self.top, &folder)?;
        let mut fresh = tempfile::NamedTempFile::new_in(&folder)?;
        fresh.write_all(&draft.text)?;
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        fresh.as_file().set_permissions(mode)?;
        // Read once more: an editor may have saved in this moment.
        let now = match self.read(version)? {
            Some(text) => Some(Store::blob_id(&text)?),
            None => None,
        };
        if now.as_ref() != was {
            // What was saved was made of the old state, and of that alone.
            self.notes.remove(version);
            self.notes
                .extend(before.map(|note| (version.to_owned(), note)));
            self.save()?;
            return Ok(false);
        }
        fresh.persist(&file)?;
        self.note(version, &draft.root, vec![draft.blob.clone()])?;
        Ok(true)
    }

    /// Removes the file of a draft that is gone, if nobody edited it.
    fn remove(&mut self, version: &str, noted: &[Oid]) -> Result<bool> {
        if let Some(text) = self.read(version)? {
            if !noted.contains(&Store::blob_id(&text)?) {
                return Ok(false);
            }
            let file = self.file(version);
            fs::remove_file(&file)
                .with_context(|| format!("{} cannot be removed", file.display()))?;
        }
        self.notes.remove(version);
        self.save()?;
        Ok(true)
    }

    /// How many files were written, as far as is noted.
    pub(super) fn count(&self) -> usize {
        self.notes.len()
    }

    /// Whether `text` is what the draft holds, and is noted as that.
    pub(super) fn shows(&self, draft: &Draft, text: &[u8]) -> Result<bool> {
        let noted = self.noted(draft.version.as_str());
        Ok(noted == [Store::blob_id(text)?] && noted[0] == draft.blob)
    }

    /// What the file of `draft` is to it.
    pub(super) fn judge(&self, draft: &Draft, text: &[u8]) -> Result<Option<Edited>> {
        let blob = Store::blob_id(text)?;
        let noted = self.noted(draft.version.as_str());
        if blob == draft.blob || noted.contains(&blob) {
            return Ok(None);
        }
        let note = self.notes.get(draft.version.as_str());
        let of_another = note.is_some_and(|n| n.root.as_ref().is_some_and(|r| *r != draft.root));
        if noted.is_empty() || of_another {
            let old = self.store.draft_had(&draft.tip, &blob)?;
            return Ok((!old).then_some(Edited::Unknown));
        }
        if let Err(invalid) = Contract::parse(text, &draft.version) {
            return Ok(Some(Edited::Invalid(invalid)));
        }
        let (text, tip) = (text.to_vec(), draft.tip.clone());
        Ok(Some(match noted {
            [only] if *only == draft.blob => Edited::Fresh { text, tip },
            // Two notes: a process died over this file, and the edit may be of either state.
            from => Edited::Overtaken {
                text,
                tip,
                from: from.to_vec(),
            },
        }))
    }
}

impl Drafts<'_> {
    /// The text of a version's file, where there is one, whatever it holds.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn file_text(self, version: &Version) -> Result<Option<Vec<u8>>> {
        match View::read_only(self)? {
            Some(view) => view.read(version.as_str()),
            None => Ok(None),
        }
    }

    /// Lets go of a version's file that holds `text`, which was kept elsewhere: it is removed, and
    /// written again where there is a draft. Nothing happens to a file that was saved meanwhile.
    ///
    /// # Errors
    /// Files or notes cannot be written.
    pub(crate) fn let_go(self, version: &Version, text: &[u8]) -> Result<()> {
        let Some(mut view) = View::locked(self)? else {
            return Ok(());
        };
        view.remove(version.as_str(), &[Store::blob_id(text)?])?;
        Ok(())
    }

    /// The same after something that others have seen, or that refs hold: that the files do not show it is
    /// a warning.
    pub(crate) fn show(self) {
        if let Err(error) = self.write_view() {
            self.core.ctx.warn(format!(
                "This is done, but the files in {FOLDER} do not show it yet: {error:#}. The next command that writes brings them up to date"
            ));
        }
    }

    /// Brings the files up to date with the drafts: missing ones are written, old ones rewritten,
    /// those of drafts that are gone removed, edited ones left alone.
    ///
    /// # Errors
    /// Files or notes cannot be written.
    pub(crate) fn write_view(self) -> Result<()> {
        let refs = self.core.store.refs()?;
        let local = refs.local();
        let seen = self.core.in_step.take();
        if seen.is_some_and(|seen| refs::drafts(local).eq(seen)) {
            return Ok(());
        }
        let Some(mut view) = View::locked(self)? else {
            return Ok(());
        };
        let drafts: BTreeMap<String, (Version, Oid)> = refs::drafts(local)
            .map(|(version, tip)| (version.to_string(), (version, tip)))
            .collect();
        for (name, (version, tip)) in &drafts {
            let Ok(draft) = self.core.store.draft(version, tip)? else {
                continue;
            };
            if is_blocked(&view.file(name)) {
                let path = path(version);
                self.core.ctx.warn(format!(
                    "{path} is not a regular file: move it away to see the draft"
                ));
                continue;
            }
            let was = match view.read(name)? {
                None => {
                    if !view.noted(name).is_empty() {
                        self.core.ctx.note(format!(
                            "{} had been deleted, and was written again. To delete the draft: git gryt generation delete {version}",
                            path(version)
                        ));
                    }
                    None
                }
                Some(text) => {
                    let blob = Store::blob_id(&text)?;
                    if blob == draft.blob {
                        view.note(name, &draft.root, vec![blob])?;
                        continue;
                    }
                    if view.judge(&draft, &text)?.is_some() {
                        continue;
                    }
                    Some(blob)
                }
            };
            if !view.write(&draft, was.as_ref())? {
                self.core.ctx.warn(format!(
                    "{} was saved while this ran, and was left as it is",
                    path(version)
                ));
            }
        }
        let gone: Vec<(String, Vec<Oid>)> = view
            .notes
            .iter()
            .filter(|(name, _)| !drafts.contains_key(*name))
            .map(|(name, note)| (name.clone(), note.blobs.clone()))
            .collect();
        for (name, noted) in gone {
            view.remove(&name, &noted)?;
        }
        Ok(())
    }
}
