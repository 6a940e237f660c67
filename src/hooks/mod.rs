//! Hook files and hook configuration: looking at what is there, taking a place beside it, and
//! leaving it as it was.

use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::git::Git;
use crate::model::hook::{ALL, CONFIGURED_SINCE, Found, Hook, Manager, Own, Way, aside, install};
use crate::model::{Exit, Refusal};

/// The hooks of one repository.
pub(crate) struct Hooks<'a> {
    git: &'a Git,
    folder: PathBuf,
    /// The names of what lies at the top of the working tree.
    top: Vec<String>,
    everybodys: bool,
    tracked: Option<String>,
    configurable: bool,
}

impl<'a> Hooks<'a> {
    /// Looks where git takes this repository's hooks from.
    ///
    /// # Errors
    /// Git cannot tell.
    pub(crate) fn of(git: &'a Git, top: Option<&Path>) -> Result<Self> {
        let mut names = Vec::new();
        if let Some(entries) = top.and_then(|top| fs::read_dir(top).ok()) {
            names.extend(entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()));
        }
        let folder = git.hooks_folder()?;
        Ok(Self {
            tracked: match top {
                Some(top) => tracked(git, top, &folder)?,
                None => None,
            },
            folder,
            top: names,
            everybodys: git.hooks_are_everybodys()?,
            configurable: git.version()?.is_some_and(|v| v >= CONFIGURED_SINCE),
            git,
        })
    }

    /// Where hook files are.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What is there for a hook.
    ///
    /// # Errors
    /// Files or configuration cannot be read.
    pub(crate) fn look(&self, hook: Hook) -> Result<Found> {
        let file = self.read(hook)?;
        let text = String::from_utf8_lossy(file.as_deref().unwrap_or_default()).into_owned();
        let own = file.as_deref().and_then(|text| hook.is_own(text));
        let folder = self.folder.to_string_lossy();
        let foreign = file.is_some() && own.is_none();
        Ok(Found {
            configurable: self.configurable,
            there: own.is_some() || self.configured(hook)?,
            foreign,
            // A file that git tracks is the branch's to renew.
            older: own.is_some_and(|own| own.older) && self.tracked.is_none(),
            edited: foreign && file.as_deref().is_some_and(Hook::was_own),
            aside: self.aside(hook).is_some(),
            manager: Manager::detect(&folder, &self.top, &text),
            everybodys: self.everybodys,
            tracked: self.tracked.clone(),
        })
    }

    /// Installs a hook.
    ///
    /// # Errors
    /// As [`install`]; files or configuration cannot be written.
    pub(crate) fn install(&self, hook: Hook) -> Result<Way> {
        let way = install(hook, &self.look(hook)?)?;
        match way {
            Way::There => {}
            Way::Configured => {
                // The command first: an event without one would stop every run of the hook.
                let (section, command) = (hook.section(), hook.command());
                self.git
                    .set_config(&format!("{section}.command"), &command)?;
                self.git
                    .set_config(&format!("{section}.event"), hook.as_str())?;
            }
            Way::Written => self.write(hook)?,
            Way::Chained => {
                let file = self.folder.join(hook.as_str());
                // The new file is whole before the old one moves; cut in between, the old one is
                // found where the new one looks for it.
                let fresh = self.prepare(hook, self.made())?;
                self.put_aside(hook, &file)?;
                fresh.persist(&file)?;
            }
            Way::Renewed => {
                // The new file first: it looks in both places.
                let file = self.folder.join(hook.as_str());
                let fresh = self.prepare(hook, self.made())?;
                fresh.persist(&file)?;
                let once = hook.once_aside(&self.folder);
                if once.symlink_metadata().is_ok() && !present(&hook.aside(&self.folder)) {
                    self.put_aside(hook, &once)?;
                }
            }
        }
        Ok(way)
    }

    /// Takes a hook out again; false where there was none.
    ///
    /// # Errors
    /// [`Exit::Conflict`] where gryt's file was edited since.
    pub(crate) fn uninstall(&self, hook: Hook) -> Result<bool> {
        if self.configured(hook)? {
            self.git.remove_section(&hook.section())?;
            return Ok(true);
        }
        let file = self.folder.join(hook.as_str());
        let aside = self.aside(hook);
        let Some(text) = self.read(hook)? else {
            // An install or an uninstall was cut short.
            if let Some(aside) = &aside {
                fs::rename(aside, &file)?;
                self.tidy(0);
            }
            return Ok(aside.is_some());
        };
        let Some(own) = hook.is_own(&text) else {
            if Hook::was_own(&text) {
                let what = format!("{} was edited since gryt wrote it", file.display());
                return Err(Refusal::new(Exit::Conflict, what)
                    .because("It stays as it is: take gryt's lines out by hand")
                    .into());
            }
            return Ok(false);
        };
        match aside {
            // One step: there is never no hook where there was one.
            Some(aside) => fs::rename(&aside, &file)?,
            None => fs::remove_file(&file)?,
        }
        self.tidy(own.made);
        Ok(true)
    }

    /// Where the file lies that was there before, if one was.
    fn aside(&self, hook: Hook) -> Option<PathBuf> {
        [hook.aside(&self.folder), hook.once_aside(&self.folder)]
            .into_iter()
            .find(|file| present(file))
    }

    fn put_aside(&self, hook: Hook, file: &Path) -> Result<()> {
        let to = hook.aside(&self.folder);
        let folder = aside(&self.folder);
        let made = match fs::create_dir(&folder) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
            _ => fs::rename(file, &to),
        };
        made.with_context(|| format!("{} cannot be moved to {}", file.display(), to.display()))
    }

    /// Removes what gryt's files made and nobody uses any more: the folder of what was moved aside,
    /// and the innermost `made` of those that were made for hooks. Whatever holds something else
    /// stays.
    fn tidy(&self, made: usize) {
        let folder = aside(&self.folder);
        if ALL.iter().all(|hook| !present(&hook.aside(&self.folder))) {
            let name = self.folder.file_name().unwrap_or_default();
            for link in fs::read_dir(&folder).into_iter().flatten().flatten() {
                // The links that a hook found its neighbours by.
                let neighbour = Path::new("..").join(name).join(link.file_name());
                if fs::read_link(link.path()).is_ok_and(|to| to == neighbour) {
                    let _ = fs::remove_file(link.path());
                }
            }
            let _ = fs::remove_dir(&folder);
        }
        let ours = self.folder.ancestors().take(made);
        ours.map_while(|folder| fs::remove_dir(folder).ok()).count();
    }

    /// How many folders were made for the hooks that are here: each file remembers it, since nobody
    /// knows which of them goes last.
    fn made(&self) -> usize {
        let known = ALL.iter().filter_map(|hook| self.own(*hook));
        known.map(|own| own.made).max().unwrap_or_default()
    }

    fn own(&self, hook: Hook) -> Option<Own> {
        hook.is_own(&self.read(hook).ok()??)
    }

    fn configured(&self, hook: Hook) -> Result<bool> {
        let key = format!("{}.event", hook.section());
        Ok(self.git.local_config(&key)?.as_deref() == Some(hook.as_str()))
    }

    fn read(&self, hook: Hook) -> Result<Option<Vec<u8>>> {
        let file = self.folder.join(hook.as_str());
        match fs::read(&file) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                // A link that leads nowhere is somebody's all the same.
                Ok(file.symlink_metadata().is_ok().then(Vec::new))
            }
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", file.display())),
        }
    }

    fn write(&self, hook: Hook) -> Result<()> {
        let missing = self.folder.ancestors().take_while(|at| !at.exists());
        let made = missing.count().max(self.made());
        fs::create_dir_all(&self.folder)
            .with_context(|| format!("{} cannot be made", self.folder.display()))?;
        let fresh = self.prepare(hook, made)?;
        let file = self.folder.join(hook.as_str());
        fresh
            .persist_noclobber(&file)
            .with_context(|| format!("{} cannot be written", file.display()))?;
        Ok(())
    }

    fn prepare(&self, hook: Hook, made: usize) -> Result<tempfile::NamedTempFile> {
        let mut fresh = tempfile::NamedTempFile::new_in(&self.folder)
            .with_context(|| format!("{} cannot be written", self.folder.display()))?;
        fresh.write_all(hook.script(made).as_bytes())?;
        let mode = fs::Permissions::from_mode(0o755);
        fresh.as_file().set_permissions(mode)?;
        Ok(fresh)
    }
}

fn present(file: &Path) -> bool {
    file.symlink_metadata().is_ok()
}

/// The name below `top` of a hooks folder in which git tracks files.
fn tracked(git: &Git, top: &Path, folder: &Path) -> Result<Option<String>> {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let (top, folder) = (real(top), real(folder));
    let Some(below) = folder.strip_prefix(&top).ok().and_then(Path::to_str) else {
        return Ok(None);
    };
    Ok(git.tracks(below)?.then(|| match below {
        "" => ".".to_owned(),
        below => below.to_owned(),
    }))
}
