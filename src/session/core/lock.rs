//! One lock of the clone, so that its processes and worktrees do not get in each other's way at the cloud.
//!
//! Whoever contacts the cloud holds it from the contact to the end of the command, but not while the user's
//! own commands run or while it only waits for something to happen. Correctness never depends on it: that
//! is the compare-and-swaps'. So where there is no lock to be had (NFS, a read-only repository, another
//! user's), the work goes on without.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::time::{Duration, Instant};

use anyhow::Result;

use super::Core;
use crate::git::HOLDER;
use crate::model::{Exit, Refusal};

/// Pause between two tries.
const PAUSE: Duration = Duration::from_millis(20);

/// How long one waits before it is said for whom.
const QUIET: Duration = Duration::from_secs(1);

impl Core<'_> {
    /// Takes the lock, unless this process has it.
    ///
    /// # Errors
    /// [`Exit::Failure`] where another process of this clone holds it for longer than the setting
    /// `timeout` says.
    pub(crate) fn hold(&self) -> Result<()> {
        if self.lock.borrow().is_some() || self.ctx.env(HOLDER).is_some() {
            return Ok(());
        }
        let path = self.lock_file();
        let opened = || -> std::io::Result<File> {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false);
            options.open(&path)
        };
        let mut file = match opened() {
            Ok(file) => file,
            Err(error) => {
                self.ctx.detail(format!(
                    "This clone cannot be locked, so this command does not wait for others: {error}"
                ));
                return Ok(());
            }
        };
        let began = Instant::now();
        let mut told = false;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(error)) => {
                    self.ctx.detail(format!("This clone cannot be locked, so this command does not wait for others: {error}"));
                    return Ok(());
                }
                Err(TryLockError::WouldBlock) => {}
            }
            if began.elapsed() >= self.left() {
                let what = format!("{} is at work in this clone", holder(&mut file));
                return Err(Refusal::new(Exit::Failure, what)
                    .because("Only one command of a clone contacts the cloud at a time")
                    .because("Try again once it has ended, or end it")
                    .into());
            }
            if began.elapsed() >= QUIET && !told {
                told = true;
                self.ctx.note(format!("Waiting for {}", holder(&mut file)));
            }
            std::thread::sleep(PAUSE);
        }
        let args: Vec<String> = std::env::args().skip(1).collect();
        let text = format!("{} git gryt {}\n", std::process::id(), args.join(" "));
        // Only who waits reads it.
        let noted = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(text.as_bytes()));
        if let Err(error) = noted {
            self.ctx.detail(format!(
                "The lock could not be labelled with this process: {error}"
            ));
        }
        self.store.git().hold(true);
        self.lock.replace(Some(file));
        Ok(())
    }

    /// Lets go of the lock: what follows lasts, and contacts nothing.
    pub(crate) fn rest(&self) {
        self.store.git().hold(false);
        // It ends with the file.
        self.lock.take();
    }

    /// Why no lock can be had in this clone, where none can.
    pub(crate) fn lacks_lock(&self) -> Option<String> {
        let path = self.lock_file();
        let tried = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map(|file| file.try_lock());
        match tried {
            Ok(Ok(()) | Err(TryLockError::WouldBlock)) => None,
            Ok(Err(TryLockError::Error(error))) | Err(error) => {
                Some(format!("{}: {error}", path.display()))
            }
        }
    }

    fn lock_file(&self) -> std::path::PathBuf {
        self.cache_file().with_file_name("lock")
    }
}

/// Who holds it, as it said itself.
fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.rewind().and_then(|()| file.read_to_string(&mut text));
    match (read, text.trim().split_once(' ')) {
        (Ok(_), Some((pid, command))) => format!("process {pid} ({command})"),
        _ => "another process".to_owned(),
    }
}
