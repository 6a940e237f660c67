//! A terminal of its own for a program: `script` makes it, and what the program draws is read as a terminal shows it.

use std::fmt;
use std::io::{Read, Write};
use std::num::NonZero;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::sandbox::Person;

/// How long something that comes may take at most, on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(120);

fn size(count: u16) -> NonZero<u16> {
    NonZero::new(count).unwrap()
}

/// A program on a terminal.
pub(crate) struct Terminal {
    who: Person,
    child: Child,
    keys: Option<ChildStdin>,
    drawn: Receiver<Vec<u8>>,
    /// All that was written to the terminal.
    pub raw: Vec<u8>,
    screen: vt100::Parser,
}

/// Whether this machine can make terminals; where not, that is said.
pub(crate) fn can_be_made(who: &Person) -> bool {
    let can = who.sh("script --version").code == 0;
    if !can {
        eprintln!("skipped: no script(1) to make a terminal");
    }
    can
}

impl Terminal {
    /// Runs a line of the shell on a terminal of 24 lines. `tty` and `pid` are files then: where the terminal is, and
    /// the number of the shell, or of what it becomes by `exec`.
    pub(crate) fn open(who: &Person, columns: u16, line: &str) -> Self {
        let line = format!("stty cols {columns} rows 24; tty > tty; echo $$ > pid; {line}");
        let mut child = who
            .command("script")
            .args(["-qefc", &line, "/dev/null"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let keys = child.stdin.take();
        let mut out = child.stdout.take().unwrap();
        let (tell, drawn) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = out.read(&mut bytes) {
                if tell.send(bytes[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            who: who.clone(),
            child,
            keys,
            drawn,
            raw: Vec::new(),
            screen: vt100::Parser::new(size(24), size(columns), 0),
        }
    }

    /// What the terminal shows.
    pub(crate) fn shown(&self) -> String {
        self.screen.screen().contents()
    }

    /// Whether the screen is the one that programs take for themselves.
    pub(crate) fn is_taken(&self) -> bool {
        self.screen.screen().alternate_screen()
    }

    pub(crate) fn hides_cursor(&self) -> bool {
        self.screen.screen().hide_cursor()
    }

    pub(crate) fn types(&mut self, keys: &str) {
        let to = self.keys.as_mut().unwrap();
        to.write_all(keys.as_bytes()).unwrap();
        to.flush().unwrap();
    }

    /// Makes the terminal another size, as a window does.
    pub(crate) fn becomes(&mut self, columns: u16, lines: u16) {
        self.screen
            .screen_mut()
            .set_size(size(lines), size(columns));
        let tty = self.who.awaits("tty");
        self.who
            .must(&format!("stty -F {tty} cols {columns} rows {lines}"));
    }

    /// Waits until something holds of what is shown.
    #[track_caller]
    pub(crate) fn awaits(&mut self, what: &str, holds: impl Fn(&str) -> bool) {
        let begun = Instant::now();
        while !holds(&self.shown()) {
            assert!(begun.elapsed() < PATIENCE, "{what} never came:\n{self}");
            match self.drawn.recv_timeout(Duration::from_secs(1)) {
                Ok(bytes) => self.hears(&bytes),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    assert!(holds(&self.shown()), "{what} never came:\n{self}");
                }
            }
        }
    }

    /// Waits until a text is shown.
    #[track_caller]
    pub(crate) fn shows(&mut self, text: &str) {
        self.awaits(text, |shown| shown.contains(text));
    }

    /// Waits until a text is not shown any more.
    #[track_caller]
    pub(crate) fn hides(&mut self, text: &str) {
        self.awaits(&format!("an end of {text}"), |shown| !shown.contains(text));
    }

    /// Waits until bytes were written, which a screen may not show.
    #[track_caller]
    pub(crate) fn writes(&mut self, bytes: &[u8]) {
        let begun = Instant::now();
        while !self.raw.windows(bytes.len()).any(|part| part == bytes) {
            assert!(begun.elapsed() < PATIENCE, "{bytes:?} never came:\n{self}");
            if let Ok(bytes) = self.drawn.recv_timeout(Duration::from_secs(1)) {
                self.hears(&bytes);
            }
        }
    }

    fn hears(&mut self, bytes: &[u8]) {
        self.raw.extend_from_slice(bytes);
        self.screen.process(bytes);
    }

    /// Reads to the end, once the program has ended, and returns its exit status.
    pub(crate) fn ends(&mut self) -> i32 {
        while let Ok(bytes) = self.drawn.recv_timeout(PATIENCE) {
            self.hears(&bytes);
        }
        self.child.wait().unwrap().code().unwrap_or(-1)
    }

    /// Takes the terminal away, as when its window is closed.
    pub(crate) fn is_lost(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl fmt::Display for Terminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let raw = String::from_utf8_lossy(&self.raw);
        write!(f, "{}\n{:?}", self.shown(), raw)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended by itself.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
