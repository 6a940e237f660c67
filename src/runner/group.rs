//! One command in a process group of its own, which ends as a whole.

use std::io::{ErrorKind, PipeReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::Result;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process_group, test_kill_process_group, waitid,
};

use super::Interrupt;

/// How long a group that was asked to end may take, before it is made to.
pub(super) const GRACE: Duration = Duration::from_secs(5);
/// The longest pause between two looks at a silent command.
const PAUSE: Duration = Duration::from_millis(50);

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// By itself; without an exit status where a signal ended it.
    Exit(Option<i32>),
    Timeout,
    Interrupted,
}

/// What is left to say of a command that ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    pub end: End,
    /// Whether it left processes running in its group, which were ended.
    pub left: bool,
}

/// Runs `command` to its end, or to the end of `limit`, or of the user's patience. Whatever it
/// started and left in its group ends with it, after `grace` at the latest.
///
/// # Errors
/// It cannot be started or watched.
pub(super) fn run(
    mut command: Command,
    limit: Option<Duration>,
    grace: Duration,
    interrupt: &Interrupt,
    mut heard: impl FnMut(&[u8]) -> Result<()>,
) -> Result<Ended> {
    let (reader, writer) = std::io::pipe()?;
    rustix::fs::fcntl_setfl(&reader, rustix::fs::OFlags::NONBLOCK)?;
    command.stdout(writer.try_clone()?).stderr(writer);
    command.process_group(0);
    let mut child = match command.spawn() {
        Ok(child) => child,
        // A text that is too long for the system is the step's own failure.
        Err(error) => {
            heard(format!("sh cannot be started: {error}\n").as_bytes())?;
            return Ok(Ended {
                end: End::Exit(None),
                left: false,
            });
        }
    };
    // The command holds our ends of the pipe; without them, reading ends when the group's do.
    drop(command);
    let mut output = Output { reader, open: true };
    let watched = watch(&child, &mut output, limit, interrupt, &mut heard);
    // Whatever went wrong, the group does not outlive this.
    let left = end_group(&mut child, &mut output, grace, interrupt, &mut heard);
    let status = child.wait()?;
    let end = watched?.unwrap_or(End::Exit(status.code()));
    Ok(Ended { end, left: left? })
}

/// Waits for the command to end by itself (none), or for a reason to end it.
fn watch(
    child: &Child,
    output: &mut Output,
    limit: Option<Duration>,
    interrupt: &Interrupt,
    heard: &mut impl FnMut(&[u8]) -> Result<()>,
) -> Result<Option<End>> {
    let begun = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        if output.wait(pause, heard)? {
            pause = Duration::from_millis(1);
        } else {
            pause = (pause * 2).min(PAUSE);
        }
        match look(child)? {
            Look::Runs => {}
            Look::Ended => return Ok(None),
            Look::WantsTerminal => {
                heard(b"It wanted the terminal, which a pipeline has not\n")?;
                return Ok(Some(End::Exit(None)));
            }
        }
        if interrupt.count() > 0 {
            return Ok(Some(End::Interrupted));
        }
        if limit.is_some_and(|limit| begun.elapsed() >= limit) {
            return Ok(Some(End::Timeout));
        }
    }
}

enum Look {
    Runs,
    Ended,
    /// It read from or drew on the terminal, and was stopped for it: it would wait for ever.
    WantsTerminal,
}

/// How the command itself is. It is not reaped: its group's number has to stay taken until the
/// group was signalled.
fn look(child: &Child) -> Result<Look> {
    let options = WaitIdOptions::EXITED
        | WaitIdOptions::STOPPED
        | WaitIdOptions::NOHANG
        | WaitIdOptions::NOWAIT;
    let status = match waitid(WaitId::Pid(Pid::from_child(child)), options) {
        Ok(Some(status)) => status,
        Ok(None) | Err(Errno::INTR) => return Ok(Look::Runs),
        Err(error) => return Err(error.into()),
    };
    let terminal = [Signal::TTIN, Signal::TTOU].map(Signal::as_raw);
    Ok(match status.stopping_signal() {
        Some(signal) if terminal.contains(&signal) => Look::WantsTerminal,
        // Somebody stopped it on purpose, and may let it go on.
        Some(_) => Look::Runs,
        None => Look::Ended,
    })
}

/// Asks the group to end, and makes it where it does not. Says whether any of it had outlived the
/// command.
fn end_group(
    child: &mut Child,
    output: &mut Output,
    grace: Duration,
    interrupt: &Interrupt,
    heard: &mut impl FnMut(&[u8]) -> Result<()>,
) -> Result<bool> {
    let group = Pid::from_child(child);
    let by_itself = matches!(look(child)?, Look::Ended);
    // Nobody left to signal is what is wanted. What is stopped hears nothing until it goes on.
    let _ = kill_process_group(group, Signal::TERM);
    let _ = kill_process_group(group, Signal::CONT);
    if by_itself {
        child.wait()?;
    }
    let left = by_itself && test_kill_process_group(group).is_ok();
    let begun = Instant::now();
    while begun.elapsed() < grace && interrupt.count() < 2 {
        child.try_wait()?;
        if test_kill_process_group(group).is_err() {
            break;
        }
        output.wait(Duration::from_millis(5), heard)?;
    }
    let _ = kill_process_group(group, Signal::KILL);
    child.wait()?;
    // What left the group may hold the pipe for ever, and what it prints now is not the step's.
    output.wait(Duration::ZERO, heard)?;
    Ok(left)
}

struct Output {
    reader: PipeReader,
    open: bool,
}

impl Output {
    /// Waits for output and passes on what is there. Says whether there was any.
    fn wait(
        &mut self,
        pause: Duration,
        heard: &mut impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<bool> {
        if !self.open {
            std::thread::sleep(pause);
            return Ok(false);
        }
        let timeout = Timespec::try_from(pause)?;
        match poll(
            &mut [PollFd::new(&self.reader, PollFlags::IN)],
            Some(&timeout),
        ) {
            Ok(0) | Err(Errno::INTR) => return Ok(false),
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        let mut buffer = [0; 64 * 1024];
        // Not until it is empty: who prints without end is still to be looked after.
        for _ in 0..16 {
            match self.reader.read(&mut buffer) {
                Ok(0) => {
                    self.open = false;
                    break;
                }
                Ok(n) => heard(&buffer[..n])?,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }
}
