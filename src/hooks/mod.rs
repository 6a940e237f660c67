//! Hook files and hook configuration: looking at what is there, taking a place beside it, and
//! leaving it as it was.

use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::git::Git;
use crate::model::hook::{CONFIGURED_SINCE, Found, Hook, Manager, Way, install};
use crate::model::{Exit, Refusal};

/// The hooks of one repository.
pub(crate) struct Hooks<'a> {
    git: &'a Git,
    folder: PathBuf,
    /// The names of what lies at the top of the working tree.
    top: Vec<String>,
    everybodys: bool,
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
        Ok(Self {
            folder: git.hooks_folder()?,
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
        let own = file
            .as_ref()
            .is_some_and(|text| hook.is_own(text).is_some());
        let folder = self.folder.to_string_lossy();
        Ok(Found {
            configurable: self.configurable,
            there: own || self.configured(hook)?,
            foreign: file.is_some() && !own,
            edited: !own && file.as_ref().is_some_and(|text| Hook::was_own(text)),
            aside: self.folder.join(hook.aside()).symlink_metadata().is_ok(),
            manager: Manager::detect(&folder, &self.top, &text),
            everybodys: self.everybodys,
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
                let fresh = self.prepare(hook, false)?;
                fs::rename(&file, self.folder.join(hook.aside()))
                    .with_context(|| format!("{} cannot be moved", file.display()))?;
                fresh.persist(&file)?;
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
        let aside = self.folder.join(hook.aside());
        let Some(text) = self.read(hook)? else {
            // An install or an uninstall was cut short.
            let left = aside.symlink_metadata().is_ok();
            if left {
                fs::rename(&aside, &file)?;
            }
            return Ok(left);
        };
        let Some(made) = hook.is_own(&text) else {
            if Hook::was_own(&text) {
                let what = format!("{} was edited since gryt wrote it", file.display());
                return Err(Refusal::new(Exit::Conflict, what)
                    .because("It stays as it is: take gryt's lines out by hand")
                    .into());
            }
            return Ok(false);
        };
        if aside.symlink_metadata().is_ok() {
            // One step: there is never no hook where there was one.
            fs::rename(&aside, &file)?;
        } else {
            fs::remove_file(&file)?;
        }
        if made {
            // It stays where something else lies in it by now.
            let _ = fs::remove_dir(&self.folder);
        }
        Ok(true)
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
        let made = !self.folder.exists();
        fs::create_dir_all(&self.folder)
            .with_context(|| format!("{} cannot be made", self.folder.display()))?;
        let fresh = self.prepare(hook, made)?;
        let file = self.folder.join(hook.as_str());
        fresh
            .persist_noclobber(&file)
            .with_context(|| format!("{} cannot be written", file.display()))?;
        Ok(())
    }

    fn prepare(&self, hook: Hook, made: bool) -> Result<tempfile::NamedTempFile> {
        let mut fresh = tempfile::NamedTempFile::new_in(&self.folder)
            .with_context(|| format!("{} cannot be written", self.folder.display()))?;
        fresh.write_all(hook.script(made).as_bytes())?;
        let mode = fs::Permissions::from_mode(0o755);
        fresh.as_file().set_permissions(mode)?;
        Ok(fresh)
    }
}
