//! Starting the user's own commands: the steps of a pipeline, the editor, and the lines that the
//! demonstration types.

mod group;
pub(crate) mod interrupt;
mod log;
mod mask;
pub(crate) mod steps;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result};

pub(crate) use group::{End, Ended};
pub(crate) use interrupt::Interrupt;
pub(crate) use log::Log;

/// Runs `script` with `sh` in `dir`, passing on what it prints as it comes. Returns its exit
/// status, or none where a signal ended it.
///
/// # Errors
/// The shell cannot be started.
pub(crate) fn script(
    script: &str,
    dir: &Path,
    env: &[(&str, String)],
    without: &[&str],
    mut heard: impl FnMut(&[u8]),
) -> Result<Option<i32>> {
    let (mut reader, writer) = std::io::pipe()?;
    let mut command = shell(script, dir, without);
    command.envs(env.iter().map(|(name, value)| (*name, value)));
    command.stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn().context("sh cannot be started")?;
    // The command holds our ends of the pipe; without them, reading ends when the child's do.
    drop(command);
    let mut buffer = [0; 8192];
    loop {
        match std::io::Read::read(&mut reader, &mut buffer)? {
            0 => break,
            n => heard(&buffer[..n]),
        }
    }
    Ok(child.wait()?.code())
}

/// Runs `script` with `sh` in `dir` until it ends or the user ends it: it and whatever it started.
///
/// # Errors
/// It cannot be started or watched.
pub(crate) fn watched(
    script: &str,
    dir: &Path,
    env: &[(&str, String)],
    without: &[&str],
    interrupt: &Interrupt,
    mut heard: impl FnMut(&[u8]),
) -> Result<Ended> {
    let mut command = shell(script, dir, without);
    command.envs(env.iter().map(|(name, value)| (*name, value)));
    group::run(command, None, group::GRACE, interrupt, |bytes| {
        heard(bytes);
        Ok(())
    })
}

/// Runs this very program with `args` in `dir`, until that moment at the latest, where one is
/// said: it and whatever it started are asked to end a little before, and made to then. What it
/// prints is passed on.
///
/// # Errors
/// It cannot be started or watched.
pub(crate) fn again(
    args: &[&str],
    dir: &Path,
    until: Option<Instant>,
    interrupt: &Interrupt,
    mut heard: impl FnMut(&[u8]),
) -> Result<Ended> {
    let left = until.map(|until| until.saturating_duration_since(Instant::now()));
    if left.is_some_and(|left| left.is_zero()) {
        let (end, left) = (End::Timeout, false);
        return Ok(Ended { end, left });
    }
    let grace = left.map_or(group::GRACE, |left| (left / 10).min(group::GRACE));
    let limit = left.map(|left| left.saturating_sub(grace));
    let own = std::env::current_exe().context("this program cannot find itself")?;
    let mut command = Command::new(own);
    command.args(args).current_dir(dir).stdin(Stdio::null());
    group::run(command, limit, grace, interrupt, |bytes| {
        heard(bytes);
        Ok(())
    })
}

fn shell(script: &str, dir: &Path, without: &[&str]) -> Command {
    // By its path: a step may set a PATH that has no shell.
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", script])
        .current_dir(dir)
        .stdin(Stdio::null());
    for name in without {
        command.env_remove(name);
    }
    command
}

/// Shows a man page, which owns the terminal meanwhile. False where that failed, or there is no man.
///
/// # Errors
/// man cannot be started.
pub(crate) fn man(page: &Path) -> Result<bool> {
    match Command::new("man").arg(page).status() {
        Ok(status) => Ok(status.success()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error).context("man cannot be started"),
    }
}

/// Opens `file` in the user's editor, which owns the terminal meanwhile. False where it failed.
///
/// # Errors
/// The shell cannot be started.
pub(crate) fn editor(editor: &str, file: &Path) -> Result<bool> {
    // As git does it: the editor is a shell command that is given the file as an argument.
    let status = Command::new("sh")
        .args(["-c", &format!("{editor} \"$@\""), editor])
        .arg(file)
        .status()
        .context("the editor cannot be started")?;
    Ok(status.success())
}
