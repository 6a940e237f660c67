//! Starting the user's own commands: the steps of a pipeline, the editor, and the lines that the
//! demonstration types.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

/// How much of a step's output is kept, in bytes: the end, because that is where failures are.
pub const TAIL: usize = 64 * 1024;

/// What a command that ran left behind.
#[derive(Debug)]
pub struct Ran {
    /// The exit status; none where a signal ended it.
    pub exit: Option<i32>,
    pub took: Duration,
    /// The end of what it printed, both streams in the order in which they came.
    pub tail: Vec<u8>,
    /// How many bytes were printed before the tail.
    pub cut: u64,
}

/// Runs `script` with `sh` in `dir`, passing on what it prints as it comes.
///
/// # Errors
/// The shell cannot be started.
pub fn script(
    script: &str,
    dir: &Path,
    env: &[(&str, String)],
    without: &[&str],
    mut heard: impl FnMut(&[u8]),
) -> Result<Ran> {
    let begun = Instant::now();
    let (mut reader, writer) = std::io::pipe()?;
    let mut command = Command::new("sh");
    command.args(["-c", script]).current_dir(dir);
    for name in without {
        command.env_remove(name);
    }
    command.envs(env.iter().map(|(name, value)| (*name, value)));
    command
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer);
    let mut child = command.spawn().context("sh cannot be started")?;
    // The command holds our ends of the pipe; without them, reading ends when the child's do.
    drop(command);
    let mut tail = Tail::default();
    let mut buffer = [0; 8192];
    loop {
        match reader.read(&mut buffer)? {
            0 => break,
            n => {
                heard(&buffer[..n]);
                tail.push(&buffer[..n]);
            }
        }
    }
    let status = child.wait()?;
    Ok(Ran {
        exit: status.code(),
        took: begun.elapsed(),
        tail: tail.bytes,
        cut: tail.cut,
    })
}

/// Opens `file` in the user's editor, which owns the terminal meanwhile. False where it failed.
///
/// # Errors
/// The shell cannot be started.
pub fn editor(editor: &str, file: &Path) -> Result<bool> {
    // As git does it: the editor is a shell command that is given the file as an argument.
    let status = Command::new("sh")
        .args(["-c", &format!("{editor} \"$@\""), editor])
        .arg(file)
        .status()
        .context("the editor cannot be started")?;
    Ok(status.success())
}

#[derive(Default)]
struct Tail {
    bytes: Vec<u8>,
    cut: u64,
}

impl Tail {
    fn push(&mut self, more: &[u8]) {
        self.bytes.extend_from_slice(more);
        // Cut in large pieces, so that a step that prints a gigabyte is not copied byte by byte.
        if self.bytes.len() > 2 * TAIL {
            self.trim();
        }
    }

    fn trim(&mut self) {
        let over = self.bytes.len().saturating_sub(TAIL);
        self.bytes.drain(..over);
        self.cut += over as u64;
    }
}

impl Ran {
    /// The log to store: the tail, and a first line that says what is missing.
    pub fn log(mut self) -> Vec<u8> {
        let mut tail = Tail {
            bytes: std::mem::take(&mut self.tail),
            cut: self.cut,
        };
        tail.trim();
        if tail.cut == 0 {
            return tail.bytes;
        }
        let mut log = format!("[{} bytes before this were not kept]\n", tail.cut).into_bytes();
        log.append(&mut tail.bytes);
        log
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str) -> Ran {
        script(text, Path::new("."), &[], &[], |_| {}).unwrap()
    }

    #[test]
    fn both_streams_are_heard_in_order_and_the_status_is_kept() {
        let ran = run("echo a; echo b >&2; exit 3");
        assert_eq!((ran.exit, ran.tail.as_slice()), (Some(3), &b"a\nb\n"[..]));
        assert_eq!(run("no-such-command-here").exit, Some(127));
        assert_eq!(run("kill -9 $$").exit, None);
    }

    #[test]
    fn the_end_of_a_long_output_is_kept_and_the_cut_is_marked() {
        let log = run("head -c 1000000 /dev/zero | tr '\\0' x; echo END").log();
        let text = String::from_utf8(log).unwrap();
        assert!(
            text.starts_with("[934468 bytes before this were not kept]\n"),
            "{}",
            &text[..60]
        );
        assert!(text.ends_with("xEND\n"));
    }
}
