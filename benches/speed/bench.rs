//! What all rows share: processes with a plain environment, and medians taken turn by turn.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// The program that is measured.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_git-gryt");

/// Git's own fetch of what `sync pull` fetches.
pub(crate) const FETCH: &str = "fetch --quiet --prune --refmap= --no-tags --no-write-fetch-head \
                     --no-auto-maintenance --no-show-forced-updates -- origin \
                     +refs/gryt/*:refs/gryt-remotes/origin/*";

/// Where everything happens, and how often.
pub(crate) struct Bench {
    pub(crate) root: PathBuf,
    pub(crate) runs: usize,
}

impl Bench {
    /// The same with fewer runs, for what takes long.
    pub(crate) fn at_most(&self, runs: usize) -> Self {
        Self {
            root: self.root.clone(),
            runs: self.runs.min(runs),
        }
    }

    /// A process that sees nothing of the user's settings.
    pub(crate) fn command(&self, program: &str, dir: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(args).current_dir(dir).env_clear();
        for name in ["PATH", "TMPDIR"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.env("HOME", &self.root).env("LC_ALL", "C");
        command.stdin(Stdio::null());
        command
    }

    /// What a process prints, which has to succeed.
    pub(crate) fn must(&self, program: &str, dir: &Path, args: &[&str]) -> Result<String> {
        let output = self.command(program, dir, args).output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("{program} {}: {said}", args.join(" "));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// The same of a process that is given lines to read.
    pub(crate) fn fed(&self, dir: &Path, args: &[&str], lines: &str) -> Result<String> {
        let kept = self.root.join("lines");
        fs::write(&kept, lines)?;
        let output = self
            .command("git", dir, args)
            .stdin(fs::File::open(&kept)?)
            .output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("git {}: {said}", args.join(" "));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    pub(crate) fn git(&self, dir: &Path, line: &str) -> Result<String> {
        self.must("git", dir, &line.split(' ').collect::<Vec<_>>())
    }

    pub(crate) fn gryt(&self, dir: &Path, line: &str) -> Result<String> {
        self.must(PROGRAM, dir, &line.split(' ').collect::<Vec<_>>())
    }

    /// One of the bare minimums of this program ([`crate::floor`]).
    pub(crate) fn floor(&self, dir: &Path, args: &[&str]) -> Result<String> {
        let own = std::env::current_exe()?;
        let own = own.to_str().context("this program's path is not UTF-8")?;
        self.must(own, dir, args)
    }

    /// How long one run of `work` takes.
    pub(crate) fn time(&self, work: impl FnOnce() -> Result<String>) -> Result<Duration> {
        let begun = Instant::now();
        work()?;
        Ok(begun.elapsed())
    }

    /// The medians of two kinds of work, taken turn by turn so that both see the same machine.
    pub(crate) fn beside(
        &self,
        one: impl Fn() -> Result<Duration>,
        two: impl Fn() -> Result<Duration>,
    ) -> Result<(Duration, Duration)> {
        let (mut ones, mut twos) = (Vec::new(), Vec::new());
        // The first of each warms what there is to warm.
        for run in 0..=self.runs {
            let (a, b) = (one()?, two()?);
            if run > 0 {
                ones.push(a);
                twos.push(b);
            }
        }
        Ok((median(ones), median(twos)))
    }
}

/// The middle one.
pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
