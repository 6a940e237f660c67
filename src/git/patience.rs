//! How long a git process is waited for, and how it is ended.

use std::io::Read;
use std::process::Child;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::Output;
use super::family::connections;
use super::trace::{Reach, Sign, Traced};
use super::traffic::Traffic;

/// How long the other side may say nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Silence {
    /// Before objects go over the line (`gryt.timeout`).
    pub before: Duration,
    /// From then on (`gryt.pushTimeout`): a host may think about a push.
    pub after: Duration,
}

impl Silence {
    /// How often to look for signs of life: often enough to tell when the last one was.
    fn pause(self) -> Duration {
        self.before.min(self.after) / 8
    }
}

/// How long a process is waited for.
#[derive(Clone, Debug, Default)]
pub(super) struct Patience {
    /// For ever where nothing is said.
    pub silence: Option<Silence>,
    /// Whatever it says.
    pub until: Option<Instant>,
    /// Until this says so.
    pub stop: Option<Stop>,
}

/// Says when what is under way is to end.
#[derive(Clone)]
pub(crate) struct Stop(Arc<dyn Fn() -> bool + Send + Sync>);

impl Stop {
    /// One that `asked` decides.
    pub(crate) fn when(asked: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(asked))
    }

    /// Whether it is time.
    pub(crate) fn asked(&self) -> bool {
        (self.0)()
    }
}

impl std::fmt::Debug for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stop")
    }
}

/// How often somebody who waits looks whether to stop.
const LOOK: Duration = Duration::from_millis(50);
/// How long git may take to remove its lock files once it is asked to end.
const GRACE: Duration = Duration::from_secs(2);

impl Patience {
    /// Whether it is ever at an end.
    pub(super) fn ends(&self) -> bool {
        self.silence.is_some() || self.until.is_some() || self.stop.is_some()
    }

    /// Waits for a process, and ends it where patience does: then it has no status, and says why.
    pub(super) fn wait(&self, mut child: Child, traced: Option<&Traced>) -> Result<Output> {
        // What it started may hold the pipes for longer than it lives, so nobody waits for their ends.
        let (sender, receiver) = std::sync::mpsc::channel();
        let streams: [Option<Box<dyn Read + Send>>; 2] = [
            child
                .stdout
                .take()
                .map(|pipe| Box::new(pipe) as Box<dyn Read + Send>),
            child
                .stderr
                .take()
                .map(|pipe| Box::new(pipe) as Box<dyn Read + Send>),
        ];
        for (at, pipe) in streams.into_iter().enumerate() {
            let sender = sender.clone();
            std::thread::spawn(move || {
                let mut bytes = Vec::new();
                if let Some(mut pipe) = pipe {
                    // What cannot be read any more was not said.
                    let _ = pipe.read_to_end(&mut bytes);
                }
                let _ = sender.send((at, bytes));
            });
        }
        let begun = Instant::now();
        let mut quiet = Quiet::since(begun, self.silence, child.id());
        let mut said: [Option<Vec<u8>>; 2] = [None, None];
        let why = loop {
            if said.iter().all(Option::is_some) {
                break None;
            }
            if self.stop.as_ref().is_some_and(Stop::asked) {
                break Some("interrupted".to_owned());
            }
            let now = Instant::now();
            if self.until.is_some_and(|until| until <= now) {
                break Some(format!("no answer within {}", seconds(begun.elapsed())));
            }
            if let Some(why) = quiet.over(now, traced) {
                break Some(why);
            }
            let ends = [self.until, quiet.ends].into_iter().flatten().min();
            let left = ends.map(|end| end.saturating_duration_since(now));
            let pause = match (left, &self.stop) {
                (Some(left), None) => left,
                (Some(left), Some(_)) => left.min(LOOK),
                (None, _) => LOOK,
            };
            if let Ok((at, bytes)) = receiver.recv_timeout(pause) {
                said[at] = Some(bytes);
            }
        };
        let [stdout, stderr] = said;
        if let (Some(stdout), Some(stderr)) = (stdout, stderr) {
            let status = child.wait().context("git was lost")?;
            return Ok(Output {
                code: status.code(),
                stdout,
                stderr,
            });
        }
        end(&mut child)?;
        Ok(Output {
            code: None,
            stdout: Vec::new(),
            stderr: why.unwrap_or_default().into_bytes(),
        })
    }
}

/// The silence of one process.
struct Quiet {
    begun: Instant,
    silence: Option<Silence>,
    /// When to look next: it may be over, unless there was a sign of life meanwhile.
    ends: Option<Instant>,
    traffic: Traffic,
}

impl Quiet {
    fn since(begun: Instant, silence: Option<Silence>, process: u32) -> Self {
        Self {
            begun,
            silence,
            ends: silence.and_then(|silence| begun.checked_add(silence.pause())),
            traffic: Traffic::of(process),
        }
    }

    /// Why it was too long, where it was. What git traced meanwhile is looked at only where it counts.
    fn over(&mut self, now: Instant, traced: Option<&Traced>) -> Option<String> {
        let (silence, ends) = (self.silence?, self.ends?);
        if now < ends {
            return None;
        }
        let flowed = now.saturating_duration_since(self.traffic.look());
        let since = now.duration_since(self.begun).min(flowed);
        let sign = traced.map(|traced| {
            // Where the user's own trace has the events, nobody knows how far it got.
            let unknown = Sign {
                reach: Reach::Exchanging,
                age: since,
            };
            traced.sign().unwrap_or(unknown)
        });
        let (allowed, setting) = allowed(silence, sign.as_ref());
        let age = sign.map_or(since, |sign| sign.age.min(since));
        if age >= allowed {
            let seconds = seconds(allowed);
            return Some(format!("no answer within {seconds} ({setting})"));
        }
        // Which of the two counts may have changed by the next look.
        let left = allowed.saturating_sub(age).min(silence.pause());
        self.ends = now.checked_add(left.max(LOOK));
        None
    }
}

/// How long the silence may last after a sign of life, and the setting that says so.
fn allowed(silence: Silence, sign: Option<&Sign>) -> (Duration, &'static str) {
    match sign.map(|sign| sign.reach) {
        Some(Reach::Exchanging | Reach::Fetched) => (silence.after, "git gryt config push_timeout"),
        Some(Reach::Untold | Reach::Connecting | Reach::Connected) | None => {
            (silence.before, "git gryt config timeout")
        }
    }
}

/// For people.
fn seconds(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        seconds => format!("{seconds} s"),
    }
}

/// Asks a process to end, and makes it where it does not: git that is killed leaves lock files, which
/// stop every later command.
///
/// Git ends without its ssh, which would go on waiting, and read the person's next line from the terminal
/// where it asked for a passphrase.
fn end(child: &mut Child) -> Result<()> {
    use rustix::process::{Pid, Signal, kill_process};
    let connections = connections(child.id());
    // Each may have ended by itself in this moment.
    let _ = kill_process(Pid::from_child(child), Signal::TERM);
    let begun = Instant::now();
    while child.try_wait().context("git was lost")?.is_none() {
        if begun.elapsed() >= GRACE {
            let _ = child.kill();
            child.wait().context("git was lost")?;
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    for connection in connections {
        if let Some(connection) = i32::try_from(connection).ok().and_then(Pid::from_raw) {
            let _ = kill_process(connection, Signal::TERM);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_may_think_longer_about_objects_than_about_a_connection() {
        let silence = Silence {
            before: Duration::from_secs(2),
            after: Duration::from_secs(10),
        };
        let sign = |reach| Sign {
            reach,
            age: Duration::ZERO,
        };
        let most = |sign: Option<Sign>| allowed(silence, sign.as_ref()).0.as_secs();
        assert_eq!(most(None), 2);
        assert_eq!(most(Some(sign(Reach::Untold))), 2);
        assert_eq!(most(Some(sign(Reach::Connecting))), 2);
        assert_eq!(most(Some(sign(Reach::Connected))), 2);
        assert_eq!(most(Some(sign(Reach::Exchanging))), 10);
        assert_eq!(most(Some(sign(Reach::Fetched))), 10);
    }
}
