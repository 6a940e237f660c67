//! The pager that people read long lists in on a terminal, chosen as git chooses it (git-var(1), `GIT_PAGER`;
//! git-config(1), `pager.<cmd>`; git's pager.c). Where `git gryt` was typed and `pager.gryt` is set, git itself has
//! begun the pager, for any command: what we print goes into a pipe then, and is not shown here.

use std::io::Write;
use std::process::{Command, Stdio};

use super::builder;

/// Shows a text in the pager until whoever reads it leaves, however early. False where there is no pager, or
/// where it cannot be run: the text was not shown.
///
/// `linked` is the same with links in it, for a pager that keeps them.
pub(crate) fn show(plain: &str, linked: Option<&str>) -> bool {
    let Some(pager) = chosen() else {
        return false;
    };
    let text = linked
        .filter(|_| keeps_links(&pager))
        .unwrap_or(plain)
        .as_bytes();
    let mut command = Command::new("sh");
    command.arg("-c").arg(&pager).stdin(Stdio::piped());
    // What git sets for it: leave where all fits the screen, keep colours, do not clear.
    for (name, value) in [("LESS", "FRX"), ("LV", "-c")] {
        if std::env::var_os(name).is_none() {
            command.env(name, value);
        }
    }
    let Ok(mut child) = command.spawn() else {
        return false;
    };
    // A pager that was left does not read on: nobody is told.
    let written = child.stdin.take().map(|mut stdin| stdin.write_all(text));
    drop(written);
    let ended = child.wait();
    // A shell's way to say that it found no such command, or could not run it (POSIX, "Exit Status for
    // Commands").
    ended.is_ok_and(|status| !matches!(status.code(), Some(126 | 127)))
}

/// The first version of less that is known to pass links on with `-R`.
const LESS_LINKS: u32 = 590;

/// Whether a pager passes links on to the terminal. Of others than less it is not known.
fn keeps_links(pager: &str) -> bool {
    let program = pager.split_whitespace().next().unwrap_or_default();
    let name = std::path::Path::new(program).file_name();
    if name.is_none_or(|name| name != "less") {
        return false;
    }
    let ran = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .output();
    ran.is_ok_and(|ran| {
        let said = String::from_utf8_lossy(&ran.stdout).into_owned();
        // `less 590 (GNU regular expressions)`
        let number = said
            .split_whitespace()
            .nth(1)
            .and_then(|word| word.split('.').next());
        number
            .and_then(|number| number.parse::<u32>().ok())
            .is_some_and(|number| number >= LESS_LINKS)
    })
}

/// The command, for a shell. None where the text is to be printed as it is.
fn chosen() -> Option<String> {
    // First what the environment says: `git --no-pager gryt …` sets it as well.
    let own = match std::env::var_os("GIT_PAGER") {
        Some(_) => None,
        None => said(&["config", "--type=bool-or-str", "--get", "pager.gryt"]),
    };
    let pager = match own.as_deref() {
        Some("false") => return None,
        None | Some("true") => said(&["var", "GIT_PAGER"])?,
        Some(_) => own?,
    };
    (!pager.is_empty() && pager != "cat").then_some(pager)
}

/// What git prints; none where it fails.
fn said(args: &[&str]) -> Option<String> {
    let mut command = builder();
    let output = command.args(args).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output
        .status
        .success()
        .then(|| text.trim_end_matches('\n').to_owned())
}
