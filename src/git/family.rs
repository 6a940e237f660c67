//! A process and those that it started. Linux alone tells (`/proc`); elsewhere a process is on its own.

use std::collections::BTreeSet;
use std::fs;

/// A process and those that it started, theirs, and so on.
pub(super) fn family(process: u32) -> BTreeSet<u32> {
    below(process, |_| true)
}

/// What git started to reach another machine: ssh, or what the user has instead. Git's own processes are not
/// among them, nor what those started: a remote that is a path is served by them.
pub(super) fn connections(process: u32) -> BTreeSet<u32> {
    let name = |id: u32| fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default();
    let mut found = below(process, |id| !name(id).starts_with("git"));
    found.remove(&process);
    found
}

/// A process, and those below it through processes that are `meant`.
fn below(process: u32, meant: impl Fn(u32) -> bool) -> BTreeSet<u32> {
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let pairs: Vec<(u32, u32)> = ids.filter_map(|id| Some((id, parent(id)?))).collect();
    let mut family = BTreeSet::from([process]);
    loop {
        let known = family.len();
        let children = pairs.iter().filter(|(_, parent)| family.contains(parent));
        let children: Vec<u32> = children
            .map(|(id, _)| *id)
            .filter(|id| meant(*id))
            .collect();
        family.extend(children);
        if family.len() == known {
            return family;
        }
    }
}

/// The second number after the name, which is in brackets and may hold anything (proc_pid_stat(5)).
fn parent(process: u32) -> Option<u32> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    rest.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn what_a_process_started_is_of_its_family() {
        let line = "echo ready; read forever";
        let shell = Command::new("sh")
            .args(["-c", line])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut shell = shell.unwrap();
        let mut said = String::new();
        let mut out = BufReader::new(shell.stdout.take().unwrap());
        out.read_line(&mut said).unwrap();
        let own = std::process::id();
        assert!(family(own).contains(&own));
        assert!(family(own).contains(&shell.id()));
        assert!(connections(own).contains(&shell.id()));
        assert!(!connections(own).contains(&own));
        shell.kill().unwrap();
        shell.wait().unwrap();
    }
}
