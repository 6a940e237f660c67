//! Starting the user's own commands: the steps of a pipeline, the editor, and the lines that the
//! demonstration types.

mod group;
mod interrupt;
mod log;
mod mask;
pub(crate) mod steps;

use std::path::Path;
use std::process::{Command, Stdio};

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
    group::run(command, None, interrupt, |bytes| {
        heard(bytes);
        Ok(())
    })
}

/// Runs this very program with `args` in `dir`, for `limit` at most: it and whatever it started end
/// then. What it prints is passed on.
///
/// # Errors
/// It cannot be started or watched.
pub(crate) fn again(
    args: &[&str],
    dir: &Path,
    limit: std::time::Duration,
    interrupt: &Interrupt,
    mut heard: impl FnMut(&[u8]),
) -> Result<Ended> {
    let own = std::env::current_exe().context("this program cannot find itself")?;
    let mut command = Command::new(own);
    command.args(args).current_dir(dir).stdin(Stdio::null());
    group::run(command, Some(limit), interrupt, |bytes| {
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
