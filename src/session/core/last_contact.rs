//! What a clone knows of its cloud that git does not hold: when it was asked last, and what went
//! wrong when it could not be. Nothing is decided by it. Each contact leaves a line in a file of
//! its own; the cache copies them when it is asked.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::Core;
use crate::cache::{self, Cache};
use crate::model::person::instant;

const PULLED: &str = "last-pull";
const FAILED: &str = "last-error";

impl Core<'_> {
    /// Takes note that the cloud was asked just now, and answered.
    pub(crate) fn note_contact(&self) {
        self.note(PULLED, &instant(&self.ctx.now()));
        // Nearly always there is none.
        let _ = fs::remove_file(self.note_file(FAILED));
    }

    /// Takes note of why the cloud could not be asked.
    pub(crate) fn note_failure(&self, error: &anyhow::Error) {
        let now = instant(&self.ctx.now());
        self.note(FAILED, &format!("{now} {error}"));
    }

    fn note(&self, name: &str, text: &str) {
        let file = self.note_file(name);
        let folder = file.parent().unwrap_or(&file);
        let written = fs::create_dir_all(folder).and_then(|()| overwrite(&file, text));
        if let Err(error) = written {
            let text = format!(
                "The time of the last contact with the cloud could not be recorded: {error}"
            );
            self.ctx.detail(text);
        }
    }

    fn note_file(&self, name: &str) -> PathBuf {
        self.cache_file().with_file_name(name)
    }

    /// Copies it all into `sync_metadata`.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(super) fn copy_notes(&self, cache: &Cache) -> Result<()> {
        let read = |name| fs::read_to_string(self.note_file(name)).ok();
        for (key, value) in [
            ("last_pull_timestamp", read(PULLED)),
            ("last_error", read(FAILED)),
            ("cloud_url", self.cloud_address()),
            ("sync_mode", Some(self.config.mode.as_str().to_owned())),
        ] {
            if cache.metadata(key)? == value {
                continue;
            }
            match cache.set_metadata(key, value.as_deref()) {
                // A database that cannot be written can still answer.
                Err(error) if cache::is_trouble(&error) => {}
                set => set?,
            }
        }
        Ok(())
    }
}

/// Writes over what is there. A file that is emptied first is sent to the disk at once by some file
/// systems, which takes longer than all the rest of a pull.
fn overwrite(file: &Path, text: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(false)
        .open(file)?;
    file.write_all(text.as_bytes())?;
    file.set_len(text.len() as u64)
}
