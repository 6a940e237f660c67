//! The most memory that commands take, by the kernel's own high-water mark.

use std::fs;
use std::process::Stdio;

use anyhow::Result;

use crate::bench::{Bench, PROGRAM};
use crate::hosting::Project;

/// Commands that may not need more as a ledger grows, each with its bound in MB.
const BOUNDS: [(&[&str], u64); 8] = [
    (&["status"], 30),
    (&["generation", "list"], 30),
    (&["sync", "pull"], 30),
    (&["query", "SELECT * FROM changes"], 30),
    (&["log"], 64),
    (&["cache", "rebuild"], 64),
    (&["cache", "verify"], 64),
    (&["verify"], 64),
];

impl Bench {
    /// The table of peak memory, and the size of the program.
    pub(crate) fn memory(&self, large: &Project) -> Result<String> {
        let mut text =
            String::from("\n| command, large | peak memory | bound |\n| --- | --- | --- |\n");
        for (words, bound) in BOUNDS {
            let mut child = self
                .command(PROGRAM, &large.reader, words)
                .stdout(Stdio::null())
                .spawn()?;
            let mut peak = 0;
            // Read until the process is gone.
            while child.try_wait()?.is_none() {
                let status = fs::read_to_string(format!("/proc/{}/status", child.id()));
                let line = status.unwrap_or_default();
                let mark = line.lines().find_map(|l| l.strip_prefix("VmHWM:"));
                let kb = mark.and_then(|l| l.trim().strip_suffix(" kB")?.parse::<u64>().ok());
                peak = peak.max(kb.unwrap_or(0));
            }
            let mb = peak / 1024;
            let over = if mb > bound { " (over)" } else { "" };
            text += &format!("| `{}` | {mb} MB{over} | {bound} MB |\n", words.join(" "));
        }
        let size = fs::metadata(PROGRAM)?.len();
        text += &format!("\nThe installed binary has {size} bytes; the bound is 9 MB.\n");
        Ok(text)
    }
}
