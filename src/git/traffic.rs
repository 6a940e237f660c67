//! What a process and those that it started have read and written, which is how a slow line is told from a
//! silent one: git says nothing while it sends, and nothing that can be seen while it unpacks.
//!
//! Linux alone tells (`/proc/PID/io`); elsewhere the trace is all there is.

use std::fs;
use std::time::Instant;

use super::family::family;

/// As little as this between two looks is no sign of life: ssh keeps a connection open with a few bytes a
/// minute, whatever has become of the other side.
const FEW: u64 = 1024;

/// The traffic of one process and its children.
#[derive(Debug)]
pub(super) struct Traffic {
    process: u32,
    bytes: u64,
    /// When it was last seen to flow.
    flowed: Instant,
}

impl Traffic {
    /// That of `process`, which begins now.
    pub(super) fn of(process: u32) -> Self {
        Self {
            process,
            bytes: bytes(process),
            flowed: Instant::now(),
        }
    }

    /// When it last flowed, as far as somebody looked.
    pub(super) fn look(&mut self) -> Instant {
        let bytes = bytes(self.process);
        if bytes.abs_diff(self.bytes) >= FEW {
            self.flowed = Instant::now();
        }
        self.bytes = bytes;
        self.flowed
    }
}

/// What `process` and all below it have read and written; 0 where nobody can tell.
fn bytes(process: u32) -> u64 {
    family(process).into_iter().map(of_one).sum()
}

fn of_one(process: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{process}/io")).unwrap_or_default();
    let counted = text.lines().filter_map(|line| {
        let (name, number) = line.split_once(": ")?;
        matches!(name, "rchar" | "wchar").then(|| number.parse::<u64>().ok())?
    });
    counted.sum()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_does_not_do_itself_counts_too() {
        let line = "head -c 100000 /dev/zero | cat > /dev/null; read forever";
        let mut shell = std::process::Command::new("sh")
            .args(["-c", line])
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut traffic = Traffic {
            process: std::process::id(),
            bytes: 0,
            flowed: Instant::now(),
        };
        let begun = traffic.flowed;
        assert!(traffic.look() > begun);
        shell.kill().unwrap();
        shell.wait().unwrap();
        assert_eq!(bytes(u32::MAX), 0);
    }
}
