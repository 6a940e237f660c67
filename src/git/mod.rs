//! The `git` binary: one builder for every process, and parsers of what it prints.
//!
//! Nothing else in the crate starts git. Parsers read only what git promises to keep stable
//! (porcelain formats, NUL-separated lists, exit statuses), never a sentence.

pub(crate) mod config;
mod family;
pub(crate) mod gpg;
pub(crate) mod hooks;
pub(crate) mod ident;
pub(crate) mod pager;
mod patience;
pub(crate) mod push;
pub(crate) mod received;
pub(crate) mod refs;
pub(crate) mod room;
mod trace;
mod traffic;

use std::ffi::{OsStr, OsString};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::model::{Oid, address};

pub(crate) use patience::{Silence, Stop};
pub(crate) use trace::{Reach, Trace};

use patience::Patience;
use trace::Traced;

/// Variables that tie a process to some other repository; git sets them for hooks, and they must
/// not reach a git that works on ours. The list is `git rev-parse --local-env-vars` without the
/// three that carry `git -c`, which are the user's wish.
pub(crate) const LOCAL_ENV: [&str; 13] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// Names the process that holds the clone's lock, for what it starts: a hook would wait for its own parent.
pub(crate) const HOLDER: &str = "GRYT_LOCKED";

/// The `git` binary, bound to one repository.
#[derive(Clone, Debug)]
pub struct Git {
    git_dir: PathBuf,
    work_tree: Option<PathBuf>,
    /// The index to look at, where it is not the worktree's own.
    index: Option<OsString>,
    /// How long a process is waited for.
    patience: Patience,
    /// Whether this process holds the clone's lock, which what it starts does without.
    holds: Arc<AtomicBool>,
    /// What git must not be heard to say.
    secrets: Arc<[String]>,
    /// Where the objects of a push are that is being judged, and those of the repository.
    quarantine: Arc<[(&'static str, OsString)]>,
}

/// What a git process left behind.
#[derive(Debug)]
pub struct Output {
    /// The exit status; none where a signal ended it.
    pub code: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

impl Output {
    fn keep_secret(&mut self, secrets: &[String]) {
        if secrets.is_empty() || self.stderr.is_empty() {
            return;
        }
        let mut said = String::from_utf8_lossy(&self.stderr).into_owned();
        for secret in secrets {
            said = said.replace(secret.as_str(), "***");
        }
        self.stderr = said.into_bytes();
    }

    /// Whether it exited 0.
    pub fn ok(&self) -> bool {
        self.code == Some(0)
    }

    /// What git said, for a person: without the credentials of addresses.
    pub fn said(&self) -> String {
        address::without_credentials(String::from_utf8_lossy(&self.stderr).trim())
    }
}

impl Git {
    /// Binds git to a repository. `work_tree` is none in a bare one.
    pub fn new(git_dir: &Path, work_tree: Option<&Path>) -> Self {
        Self {
            git_dir: git_dir.to_owned(),
            work_tree: work_tree.map(Path::to_owned),
            index: None,
            patience: Patience::default(),
            holds: Arc::default(),
            secrets: Arc::default(),
            quarantine: quarantine().into(),
        }
    }

    /// Keeps `secrets` out of all that git says from now on: what it runs (ssh, say) does not know
    /// them for credentials.
    pub(crate) fn keep_secret(&mut self, secrets: Vec<String>) {
        self.secrets = secrets.into();
    }

    /// The same in another worktree of the repository.
    pub(crate) fn in_worktree(&self, git_dir: &Path, work_tree: &Path) -> Git {
        Git {
            git_dir: git_dir.to_owned(),
            work_tree: Some(work_tree.to_owned()),
            index: None,
            ..self.clone()
        }
    }

    /// The same in a shell of the repository that has its objects and nothing else.
    pub(crate) fn in_shell(&self, shell: &Path) -> Git {
        Git {
            git_dir: shell.to_owned(),
            ..self.clone()
        }
    }

    /// The same, each process of which is ended after so much silence, at `until`, or once `stop` says
    /// so: a server that says nothing would be waited for without end.
    pub(crate) fn within(
        &self,
        silence: Silence,
        until: Option<Instant>,
        stop: Option<Stop>,
    ) -> Git {
        Git {
            patience: Patience {
                silence: Some(silence),
                until,
                stop,
            },
            ..self.clone()
        }
    }

    /// The same, looking at the index that the git command around this process is about to commit
    /// (`git commit -a` and `git commit PATH` have one of their own).
    pub fn of_this_index(&self) -> Git {
        Git {
            index: std::env::var_os("GIT_INDEX_FILE"),
            ..self.clone()
        }
    }

    /// The blobs that the index has below `folder`, by path.
    ///
    /// # Errors
    /// Git cannot read the index.
    pub fn staged(&self, folder: &str) -> Result<Vec<(String, Oid)>> {
        let output = self.read(&["ls-files", "--stage", "-z", "--", folder])?;
        let text = String::from_utf8_lossy(&output);
        let entry = |entry: &str| {
            let (about, path) = entry.split_once('\t')?;
            let oid = about.split(' ').nth(1)?.parse().ok()?;
            Some((path.to_owned(), oid))
        };
        Ok(text.split_terminator('\0').filter_map(entry).collect())
    }

    /// Runs git with `args` and `input` on its standard input.
    ///
    /// # Errors
    /// Git cannot be started. A status other than 0 is the caller's to judge.
    pub fn run<S: AsRef<OsStr>>(&self, args: &[S], input: &[u8]) -> Result<Output> {
        let mut output = exchange(self.command().args(args), input, &self.patience, None)?;
        output.keep_secret(&self.secrets);
        Ok(output)
    }

    /// Runs git in the names of those people, `AUTHOR` and `COMMITTER`, at their moments.
    ///
    /// # Errors
    /// As [`run`](Git::run).
    pub(crate) fn run_as(
        &self,
        who: &[(&str, &ident::Ident)],
        args: &[&str],
        input: &[u8],
    ) -> Result<Output> {
        let mut command = self.command();
        for (role, ident) in who {
            let (person, at) = (&ident.person, &ident.at);
            command.env(format!("GIT_{role}_NAME"), &person.name);
            command.env(format!("GIT_{role}_EMAIL"), &person.email);
            let date = format!("@{} {}", at.timestamp(), at.format("%z"));
            command.env(format!("GIT_{role}_DATE"), date);
        }
        let mut output = exchange(command.args(args), input, &self.patience, None)?;
        output.keep_secret(&self.secrets);
        Ok(output)
    }

    /// Runs git for an exchange with a remote, and says how far it got.
    ///
    /// # Errors
    /// As [`run`](Git::run).
    pub(crate) fn contact<S: AsRef<OsStr>>(&self, args: &[S]) -> Result<(Output, Trace)> {
        let traced = Traced::begin(&self.git_dir);
        let mut command = self.command();
        command.args(args);
        command.envs(traced.iter().flat_map(Traced::variables));
        let mut output = exchange(&mut command, b"", &self.patience, traced.as_ref())?;
        output.keep_secret(&self.secrets);
        let trace = traced.as_ref().map(Traced::read);
        Ok((output, trace.unwrap_or_default()))
    }

    fn command(&self) -> Command {
        let mut command = builder();
        command.env("GIT_DIR", &self.git_dir);
        // Where git itself goes first, and what relative paths of its configuration begin at.
        match &self.work_tree {
            Some(work_tree) => {
                command.env("GIT_WORK_TREE", work_tree);
                command.current_dir(work_tree);
            }
            None => {
                command.current_dir(&self.git_dir);
            }
        }
        if let Some(index) = &self.index {
            command.env("GIT_INDEX_FILE", index);
        }
        command.envs(self.quarantine.iter().map(|(name, value)| (name, value)));
        if self.holds.load(Ordering::Relaxed) {
            command.env(HOLDER, std::process::id().to_string());
        }
        command
    }

    /// Says whether this process holds the clone's lock.
    pub(crate) fn hold(&self, holds: bool) {
        self.holds.store(holds, Ordering::Relaxed);
    }

    /// Runs git and returns what it prints.
    ///
    /// # Errors
    /// As [`run`](Git::run), or any status other than 0, with git's own words.
    pub fn read<S: AsRef<OsStr>>(&self, args: &[S]) -> Result<Vec<u8>> {
        let output = self.run(args, b"")?;
        if output.ok() {
            return Ok(output.stdout);
        }
        let first = args.first().map(|a| a.as_ref().to_string_lossy());
        bail!("git {}: {}", first.unwrap_or_default(), output.said());
    }
}

/// Where git keeps the objects of a push until its hooks let it in (git-receive-pack(1), "Quarantine
/// environment"): the variables that lead there. None outside of such a hook.
pub(crate) fn quarantine() -> Vec<(&'static str, OsString)> {
    if std::env::var_os("GIT_QUARANTINE_PATH").is_none() {
        return Vec::new();
    }
    let names = ["GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"];
    let value = |name| Some((name, std::env::var_os(name)?));
    names.into_iter().filter_map(value).collect()
}

/// Runs git in a folder that may be in no repository, or in one that is still to be found.
///
/// # Errors
/// Git cannot be started.
pub(crate) fn outside(dir: &Path, args: &[&str]) -> Result<Output> {
    let mut command = builder();
    // To find a repository is the one job in which git's own variables count.
    for name in ["GIT_DIR", "GIT_WORK_TREE"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    let patience = Patience::default();
    exchange(command.current_dir(dir).args(args), b"", &patience, None)
}

fn builder() -> Command {
    let mut command = Command::new("git");
    for name in LOCAL_ENV {
        command.env_remove(name);
    }
    command.env("LC_ALL", "C");
    // A replace ref can make an overwrite look like a fast-forward.
    command.env("GIT_NO_REPLACE_OBJECTS", "1");
    if !std::io::stdin().is_terminal() {
        command.env("GIT_TERMINAL_PROMPT", "0");
    }
    command
}

fn exchange(
    command: &mut Command,
    input: &[u8],
    patience: &Patience,
    traced: Option<&Traced>,
) -> Result<Output> {
    let mut child = command
        .stdin(if input.is_empty() {
            Stdio::null()
        } else {
            Stdio::piped()
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("git cannot be started: is it installed and on PATH?")?;
    if let Some(mut pipe) = child.stdin.take() {
        // Git may stop reading before the end, when it has seen enough to fail; its status tells.
        match pipe.write_all(input) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                return Err(error.into());
            }
            _ => {}
        }
    }
    if patience.ends() {
        return patience.wait(child, traced);
    }
    let output = child.wait_with_output().context("git was lost")?;
    Ok(Output {
        code: output.status.code(),
        stdout: output.stdout,
        stderr: output.stderr,
    })
}
