//! The folder that everything happens in: the hosting, the clones, their worktrees.

use std::fs::{self, File};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use super::journal::{Act, Ended, Journal};
use super::server::{self, Server};
use super::weather::Weather;
use super::{Plan, RefFormat, Transport};

/// No command takes longer, on the busiest machine.
const OVERDUE: Duration = Duration::from_secs(180);

const PIPELINE: &str = "steps:\n- {name: test, run: 'echo \"mark $SOAK_MARK\"'}\n";

const SETTINGS: &str = "[gc]\n auto = 0\n[maintenance]\n auto = false\n[advice]\n detachedHead = false\n\
    [receive]\n autoGC = false\n[safe]\n directory = *\n[core]\n filesRefLockTimeout = 2000\n";

/// A clone: one person, in one folder or in several worktrees.
pub(crate) struct Clone {
    pub dir: PathBuf,
    /// Held for reading by commands, for writing by who clears what a killed one left locked.
    quiet: RwLock<()>,
    kills: AtomicUsize,
    cleared: AtomicUsize,
}

/// Where a client works.
pub(crate) struct Seat {
    pub person: usize,
    pub dir: PathBuf,
    serial: AtomicUsize,
}

pub(crate) struct World {
    root: TempDir,
    program: PathBuf,
    refs: RefFormat,
    pub hosting: PathBuf,
    pub clones: Vec<Clone>,
    pub seats: Vec<Seat>,
    pub journal: Journal,
    pub weather: Weather,
    /// Gone before the folder is.
    _server: Server,
}

/// A command to be run, and what befalls it.
#[derive(Debug, Default, Clone)]
pub(crate) struct Fate {
    /// What its pipeline steps print.
    pub mark: Option<String>,
    /// When its process group is killed.
    pub killed_after: Option<Duration>,
}

impl World {
    pub(crate) fn build(plan: &Plan) -> Result<Self> {
        let root = tempfile::Builder::new().prefix("gryt-soak-").tempdir()?;
        let path = root.path().to_owned();
        for folder in ["home", "out", "bin"] {
            fs::create_dir(path.join(folder))?;
        }
        fs::write(path.join("home/.gitconfig"), SETTINGS)?;
        std::os::unix::fs::symlink(&plan.program, path.join("bin/git-gryt"))?;
        let receive = path.join("bin/receive");
        fs::write(
            &receive,
            "#!/bin/sh\nexec setsid -w git-receive-pack \"$@\"\n",
        )?;
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&receive, executable)?;
        let server = Server::start(plan.transport, &path)?;
        let mut world = Self {
            program: path.join("bin/git-gryt"),
            refs: plan.refs,
            hosting: path.join("hosting.git"),
            clones: Vec::new(),
            seats: Vec::new(),
            journal: Journal::new(&path.join("journal.jsonl"))?,
            weather: Weather::default(),
            _server: server,
            root,
        };
        world.must(
            &path,
            &["init", "-q", "--bare", "-b", "main", "hosting.git"],
        )?;
        for client in 0..plan.clients {
            world.take_seat(client, plan)?;
        }
        Weather::install(&world.hosting)?;
        Ok(world)
    }

    /// Gives a client a place: every third one a linked worktree of the clone before.
    fn take_seat(&mut self, client: usize, plan: &Plan) -> Result<()> {
        let root = self.root.path().to_owned();
        let dir = root.join(format!("client{client}"));
        let name = dir.display().to_string();
        if client % 3 == 2
            && let Some(clone) = self.clones.last()
        {
            let branch = format!("side{client}");
            let add = ["worktree", "add", "-q", "-b", &branch, &name, "main"];
            self.must(&clone.dir, &add)?;
            let person = self.clones.len() - 1;
            self.seats.push(Seat::new(person, dir));
            return Ok(());
        }
        self.must(&root, &["clone", "-q", &self._server.url, &name])?;
        let person = self.clones.len();
        let email = format!("dev{person}@example.com");
        self.must(&dir, &["config", "user.name", &format!("dev{person}")])?;
        self.must(&dir, &["config", "user.email", &email])?;
        if plan.transport == Transport::File {
            // As on a host: the server outlives a client that is killed.
            let receive = root.join("bin/receive").display().to_string();
            self.must(&dir, &["config", "remote.origin.receivepack", &receive])?;
        }
        self.clones.push(Clone {
            dir: dir.clone(),
            quiet: RwLock::default(),
            kills: AtomicUsize::default(),
            cleared: AtomicUsize::default(),
        });
        self.seats.push(Seat::new(person, dir.clone()));
        if client == 0 {
            let ran = self.gryt(client, "init", &Fate::default())?.1;
            ensure!(ran.exited(0), "init: {}", ran.err);
            fs::create_dir_all(dir.join(".gryt/pipelines"))?;
            fs::write(dir.join(".gryt/pipelines/pipeline.yaml"), PIPELINE)?;
            fs::write(dir.join("app.txt"), "app\n")?;
            self.must(&dir, &["add", "."])?;
            self.must(&dir, &["commit", "-q", "-m", "Begin"])?;
            self.must(&dir, &["push", "-q", "origin", "HEAD:main"])?;
        }
        if person % 4 == 3 {
            self.must(&dir, &["config", "gryt.executionMode", "cloud"])?;
        }
        Ok(())
    }

    /// Leaves the folder where it is, to be looked at.
    pub(crate) fn keep(self) -> PathBuf {
        self.root.keep()
    }

    fn command(&self, program: &Path, dir: &Path) -> Command {
        let root = self.root.path();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new(program);
        command
            .env_clear()
            .current_dir(dir)
            .env("PATH", format!("{}:{path}", root.join("bin").display()))
            .env("HOME", root.join("home"))
            .env("XDG_CONFIG_HOME", root.join("home/xdg"))
            .env("TMPDIR", root.join("out"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_EDITOR", "true")
            .env("GIT_TERMINAL_PROMPT", "0")
            // Whoever waits for a cloud that says nothing gives up long before it is overdue.
            .env("GRYT_TIMEOUT", "30s")
            .env("GRYT_PUSH_TIMEOUT", "45s")
            .env("LC_ALL", "C")
            .stdin(Stdio::null());
        if self.refs == RefFormat::Reftable {
            command.env("GIT_DEFAULT_REF_FORMAT", "reftable");
        }
        command
    }

    /// Plain git, whatever comes of it.
    pub(crate) fn git(&self, dir: &Path, args: &[&str]) -> Result<Output> {
        let mut command = self.command(Path::new("git"), dir);
        command.args(args).output().context("git")
    }

    /// Plain git where a client works, as a command of its clone: no lock of it is removed meanwhile.
    pub(crate) fn git_of(&self, client: usize, args: &[&str]) -> Result<Output> {
        let seat = &self.seats[client];
        let quiet = &self.clones[seat.person].quiet;
        let _running = quiet.read().unwrap_or_else(PoisonError::into_inner);
        self.git(&seat.dir, args)
    }

    /// Plain git, which has to succeed; what it prints, without the last newline.
    pub(crate) fn must(&self, dir: &Path, args: &[&str]) -> Result<String> {
        let output = self.git(dir, args)?;
        let err = String::from_utf8_lossy(&output.stderr);
        let line = args.join(" ");
        ensure!(
            output.status.success(),
            "{}$ git {line}\n{err}",
            dir.display()
        );
        let out = String::from_utf8_lossy(&output.stdout);
        Ok(out.trim_end_matches('\n').to_owned())
    }

    /// `git rev-list --objects` and the like: with something on stdin.
    pub(crate) fn feed(&self, dir: &Path, args: &[&str], input: String) -> Result<Vec<u8>> {
        let mut command = self.command(Path::new("git"), dir);
        command
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let mut stdin = child.stdin.take().context("no pipe to git")?;
        let feeding = std::thread::spawn(move || {
            use std::io::Write;
            stdin.write_all(input.as_bytes())
        });
        let output = child.wait_with_output()?;
        // Git may end without having read all; its status says what that means.
        let _ = feeding.join();
        ensure!(output.status.success(), "git {}", args.join(" "));
        Ok(output.stdout)
    }

    /// The refs of a repository below a prefix, and their oids.
    pub(crate) fn refs(&self, dir: &Path, prefix: &str) -> Result<Vec<(String, String)>> {
        let format = "--format=%(refname) %(objectname)";
        let lines = self.must(dir, &["for-each-ref", format, prefix])?;
        let pair = |line: &str| {
            let (name, oid) = line.split_once(' ')?;
            Some((name.to_owned(), oid.to_owned()))
        };
        Ok(lines.lines().filter_map(pair).collect())
    }

    /// The drafts that a repository has.
    pub(crate) fn drafts(&self, dir: &Path) -> Result<Vec<String>> {
        let prefix = "refs/gryt/generations/";
        let refs = self.refs(dir, prefix)?.into_iter();
        Ok(refs
            .map(|(name, _)| name[prefix.len()..].to_owned())
            .collect())
    }

    /// The versions that the cloud's ledger holds.
    pub(crate) fn sealed(&self) -> Result<Vec<String>> {
        let tree = [
            "ls-tree",
            "-r",
            "--name-only",
            "refs/gryt/ledger",
            "--",
            "releases",
        ];
        let output = self.git(&self.hosting, &tree)?;
        let paths = String::from_utf8_lossy(&output.stdout);
        let version = |path: &str| {
            let file = path.rsplit('/').next()?;
            file.strip_suffix(".promotion.yaml").map(String::from)
        };
        Ok(paths.lines().filter_map(version).collect())
    }

    /// Renames that were cut short: both names are there. The mark says to what.
    pub(crate) fn renames_under_way(&self, dir: &Path) -> Result<Vec<(String, String)>> {
        let prefix = "refs/gryt-local/renaming/";
        let mut found = Vec::new();
        for (name, first) in self.refs(dir, prefix)? {
            let old = &name[prefix.len()..];
            let draft = format!("refs/gryt/generations/{old}");
            let root = |of: &str| {
                let args = ["rev-list", "--first-parent", "--max-parents=0", of];
                self.git(dir, &args).map(|output| output.stdout)
            };
            // Of another generation that had this name: it says nothing any more.
            if self
                .git(dir, &["rev-parse", "-q", "--verify", &draft])?
                .status
                .success()
                && root(&draft)? == root(&first)?
            {
                let key = "--format=%(trailers:key=Gryt-Version,valueonly,separator=)";
                let new = self.must(dir, &["log", "-1", key, &first])?;
                if self
                    .refs(dir, &format!("refs/gryt/generations/{new}"))?
                    .is_empty()
                {
                    continue;
                }
                found.push((old.to_owned(), new));
            }
        }
        Ok(found)
    }

    /// `git gryt LINE` of a client, written into the journal, with the act's index there.
    pub(crate) fn gryt(&self, client: usize, line: &str, fate: &Fate) -> Result<(usize, Act)> {
        let seat = &self.seats[client];
        let clone = &self.clones[seat.person];
        let running = clone.quiet.read().unwrap_or_else(PoisonError::into_inner);
        let (kills, dirty) = (clone.kills.load(Ordering::SeqCst), clone.is_dirty());
        let streams = ["out", "err"].map(|end| {
            let name = format!("{client}.{end}");
            self.root.path().join("out").join(name)
        });
        let mut command = self.command(&self.program, &seat.dir);
        command
            .args(line.split(' '))
            .stdout(File::create(&streams[0])?)
            .stderr(File::create(&streams[1])?)
            .process_group(0);
        if let Some(mark) = &fate.mark {
            command.env("SOAK_MARK", mark);
        }
        let began = self.journal.now();
        let start = Instant::now();
        let mut child = command.spawn().context("git-gryt")?;
        let (mut killed, mut overdue) = (false, false);
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            let age = start.elapsed();
            overdue |= age > OVERDUE;
            let fated = fate.killed_after.is_some_and(|at| age >= at);
            if !killed && (fated || overdue) {
                killed = true;
                clone.kills.fetch_add(1, Ordering::SeqCst);
                server::kill(&child);
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let ended = match (status.code(), status.signal()) {
            _ if overdue => Ended::Overdue,
            (Some(code), _) => Ended::Exit(code),
            (None, Some(9)) if killed => Ended::Killed,
            (None, signal) => Ended::Signal(signal.unwrap_or_default()),
        };
        let disturbed = dirty || clone.is_dirty() || clone.kills.load(Ordering::SeqCst) != kills;
        let [out, err] = streams.map(|path| fs::read(path).unwrap_or_default());
        let act = Act {
            client,
            person: seat.person,
            line: line.to_owned(),
            began,
            took: start.elapsed(),
            ended,
            out: String::from_utf8_lossy(&out).into_owned(),
            err: String::from_utf8_lossy(&err).into_owned(),
            disturbed,
        };
        drop(running);
        let index = self.journal.act(&act)?;
        if killed {
            self.clear(clone)?;
        }
        Ok((index, act))
    }

    /// Waits until no command runs in a clone, and removes the locks of git that a killed one
    /// left, as git itself tells people to.
    fn clear(&self, clone: &Clone) -> Result<()> {
        let _quiet = clone.quiet.write().unwrap_or_else(PoisonError::into_inner);
        let kills = clone.kills.load(Ordering::SeqCst);
        let mut folders = vec![clone.dir.join(".git")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder)? {
                let Ok(entry) = entry else { continue };
                let path = entry.path();
                let name = entry.file_name().to_string_lossy().into_owned();
                // The program's own lock ends with its process.
                let locks = name.ends_with(".lock") && name != "view.lock";
                if entry.file_type()?.is_dir() {
                    folders.push(path);
                } else if locks || name == "packed-refs.new" {
                    fs::remove_file(path)?;
                    self.weather.count("stale locks removed");
                }
            }
        }
        clone.cleared.store(kills, Ordering::SeqCst);
        Ok(())
    }
}

impl Seat {
    fn new(person: usize, dir: PathBuf) -> Self {
        Self {
            person,
            dir,
            serial: AtomicUsize::default(),
        }
    }

    /// A number that this client did not have yet.
    pub(crate) fn next(&self) -> usize {
        self.serial.fetch_add(1, Ordering::Relaxed)
    }
}

impl Clone {
    fn is_dirty(&self) -> bool {
        self.kills.load(Ordering::SeqCst) != self.cleared.load(Ordering::SeqCst)
    }
}
