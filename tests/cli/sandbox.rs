//! A folder of its own for each test: a home, bare remotes, clones.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_git-gryt");

/// Whether long tests are played whole (docs/testing.md, "Played whole").
pub(crate) fn whole() -> bool {
    std::env::var_os("GRYT_TEST_WHOLE").is_some()
}

/// Everything that one test touches.
pub(crate) struct Sandbox {
    root: tempfile::TempDir,
    reftable: bool,
    locale: &'static str,
}

/// One clone and the person who works in it.
#[derive(Clone)]
pub(crate) struct Person {
    pub name: String,
    pub dir: PathBuf,
    env: Vec<(String, String)>,
}

/// What a command left behind.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Sandbox {
    /// `GRYT_TEST_REF_FORMAT=reftable` makes all repositories of the suite keep their refs so;
    /// `GRYT_TEST_SERVER_HOOK=1` has each of them judge what is pushed to it.
    pub(crate) fn new() -> Self {
        Self {
            root: tempfile::tempdir().unwrap(),
            reftable: all_reftable(),
            locale: "C",
        }
    }

    /// A sandbox whose repositories keep their refs in reftables; none where git is too old.
    pub(crate) fn reftable() -> Option<Self> {
        let sandbox = Self {
            reftable: true,
            ..Self::new()
        };
        let probe = Command::new("git")
            .args(["init", "-q", "--ref-format=reftable", "probe"])
            .current_dir(sandbox.root.path())
            .output()
            .unwrap();
        probe.status.success().then_some(sandbox)
    }

    pub(crate) fn in_locale(locale: &'static str) -> Self {
        Self {
            locale,
            ..Self::new()
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.root.path()
    }

    /// Somebody without a clone, at the top of the sandbox.
    pub(crate) fn nobody(&self) -> Person {
        let program = Path::new(PROGRAM).parent().unwrap();
        let path = std::env::var("PATH").unwrap();
        let home = self.path().join("home");
        fs::create_dir_all(&home).unwrap();
        let mut env = vec![
            ("PATH".into(), format!("{}:{path}", program.display())),
            ("HOME".into(), home.display().to_string()),
            (
                "XDG_CONFIG_HOME".into(),
                home.join("xdg").display().to_string(),
            ),
            ("TMPDIR".into(), self.path().display().to_string()),
            ("GIT_CONFIG_NOSYSTEM".into(), "1".into()),
            ("GIT_AUTHOR_DATE".into(), "2026-01-02T03:04:05+0000".into()),
            (
                "GIT_COMMITTER_DATE".into(),
                "2026-01-02T03:04:05+0000".into(),
            ),
            ("LC_ALL".into(), self.locale.into()),
            ("LANGUAGE".into(), self.locale[..1].to_lowercase()),
            ("TZ".into(), "UTC".into()),
            ("HOSTNAME".into(), "workshop".into()),
        ];
        if self.reftable {
            env.push(("GIT_DEFAULT_REF_FORMAT".into(), "reftable".into()));
        }
        if let Some(hook) = all_guarded() {
            let hooks = self.path().join("template/hooks");
            if !hooks.exists() {
                fs::create_dir_all(&hooks).unwrap();
                fs::write(hooks.join("pre-receive"), hook).unwrap();
                let mode = fs::Permissions::from_mode(0o755);
                fs::set_permissions(hooks.join("pre-receive"), mode).unwrap();
            }
            let template = self.path().join("template").display().to_string();
            env.push(("GIT_TEMPLATE_DIR".into(), template));
        }
        Person {
            name: "nobody".into(),
            dir: self.path().to_owned(),
            env,
        }
    }

    /// A bare repository with a first commit on main, gryt prepared in it.
    pub(crate) fn hosting(&self) -> PathBuf {
        self.begun("git gryt init")
    }

    /// The same of a project that knows nothing of gryt.
    pub(crate) fn unprepared(&self) -> PathBuf {
        self.begun("true")
    }

    fn begun(&self, first_of_all: &str) -> PathBuf {
        let nobody = self.nobody();
        nobody.git("init -q --bare -b main hosting.git");
        let first = self.clone_of("first", "hosting.git");
        first.must(first_of_all);
        first.write("app.txt", "app\n");
        first.git("add .");
        first.git("commit -q -m Begin");
        first.git("push -q origin main");
        self.path().join("hosting.git")
    }

    /// A clone of `url` for `name`.
    pub(crate) fn clone_of(&self, name: &str, url: &str) -> Person {
        let mut person = self.nobody();
        person.git(&format!("clone -q {url} {name}"));
        person.name = name.to_owned();
        person.dir = self.path().join(name);
        person.git(&format!("config user.name {name}"));
        person.git(&format!("config user.email {name}@example.com"));
        person.git("checkout -q -B main");
        person.git("config push.default current");
        person
    }

    /// Clones of the hosting, ready to work.
    pub(crate) fn team<const N: usize>(&self, names: [&str; N]) -> [Person; N] {
        names.map(|name| self.clone_of(name, "hosting.git"))
    }
}

/// Whether the whole suite is played on reftables.
pub(crate) fn all_reftable() -> bool {
    match std::env::var("GRYT_TEST_REF_FORMAT").as_deref() {
        Ok("reftable") => true,
        Ok("files") | Err(_) => false,
        Ok(other) => panic!("GRYT_TEST_REF_FORMAT: files or reftable, not {other}"),
    }
}

/// The hook of a server, where each repository of the whole suite is to be guarded by it.
fn all_guarded() -> Option<&'static str> {
    static HOOK: OnceLock<Option<String>> = OnceLock::new();
    let hook = HOOK.get_or_init(|| {
        std::env::var_os("GRYT_TEST_SERVER_HOOK")?;
        let folder = tempfile::tempdir().unwrap();
        let line = "git init -q --bare . && \"$0\" hook install --server -q";
        let ran = Command::new("sh")
            .args(["-c", line, PROGRAM])
            .current_dir(folder.path())
            .env_remove("GIT_DIR")
            .status();
        assert!(ran.unwrap().success());
        let text = fs::read_to_string(folder.path().join("hooks/pre-receive")).unwrap();
        // Some servers of the suite have a PATH of their own.
        let path = Path::new(PROGRAM).parent().unwrap().display();
        let begin = format!("#!/bin/sh\nPATH={path}:$PATH\n");
        Some(text.replacen("#!/bin/sh\n", &begin, 1))
    });
    hook.as_deref()
}

/// Whether a test is left out because it brings into the cloud what a guarded server refuses, which is said.
pub(crate) fn needs_unguarded() -> bool {
    if all_guarded().is_some() {
        eprintln!("skipped: it is about servers without the hook");
    }
    all_guarded().is_some()
}

/// Whether a test is left out because its subject is refs in files, which is said.
pub(crate) fn needs_files() -> bool {
    if all_reftable() {
        eprintln!("skipped: it is about refs in files");
    }
    all_reftable()
}

impl Person {
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(self.env.iter().cloned());
        command.current_dir(&self.dir).stdin(Stdio::null());
        command
    }

    /// With one more variable.
    pub(crate) fn with(&self, name: &str, value: &str) -> Person {
        let mut person = self.clone();
        person.env.push((name.into(), value.into()));
        person
    }

    /// The value of one.
    pub(crate) fn variable(&self, name: &str) -> String {
        let last = self.env.iter().rev().find(|(known, _)| known == name);
        last.unwrap().1.clone()
    }

    /// In another folder.
    pub(crate) fn at(&self, dir: impl Into<PathBuf>) -> Person {
        let mut person = self.clone();
        person.dir = dir.into();
        person
    }

    /// Runs a line as the shell does.
    #[track_caller]
    pub(crate) fn sh(&self, line: &str) -> Ran {
        let output = self.command("sh").args(["-c", line]).output().unwrap();
        let ran = Ran {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        crate::json::check(line, &ran.out);
        ran
    }

    /// Runs a line that has to succeed, and returns what it prints.
    #[track_caller]
    pub(crate) fn must(&self, line: &str) -> String {
        let ran = self.sh(line);
        assert_eq!(
            ran.code, 0,
            "{} $ {line}\n{}{}",
            self.name, ran.out, ran.err
        );
        ran.out
    }

    /// Runs a line that has to end with `code`, and returns what it says of it.
    #[track_caller]
    pub(crate) fn refused(&self, code: i32, line: &str) -> String {
        let ran = self.sh(line);
        assert_eq!(
            ran.code, code,
            "{} $ {line}\n{}{}",
            self.name, ran.out, ran.err
        );
        ran.err
    }

    /// Plain git, which has to succeed; without the last newline.
    #[track_caller]
    pub(crate) fn git(&self, args: &str) -> String {
        self.must(&format!("git {args}")).trim_end().to_owned()
    }

    /// Starts the program with `args`, its output kept.
    pub(crate) fn start(&self, args: &[&str]) -> Child {
        let mut command = self.command(PROGRAM);
        command
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    /// The same in a process group of its own, so that a test can kill all of it.
    pub(crate) fn start_alone(&self, args: &[&str]) -> Child {
        let mut command = self.command(PROGRAM);
        command.args(args).process_group(0);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    }

    /// Waits for what was started.
    pub(crate) fn wait(child: Child) -> Ran {
        let output = child.wait_with_output().unwrap();
        Ran {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.dir.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.dir.join(path)).unwrap()
    }

    pub(crate) fn has(&self, path: &str) -> bool {
        self.dir.join(path).exists()
    }

    /// A commit on the branch, published.
    pub(crate) fn works(&self, file: &str) {
        self.write(file, &format!("{}\n", self.name));
        self.git("add .");
        self.git(&format!("commit -q -m {file}"));
        self.git("pull -q --rebase origin main");
        self.git("push -q origin main");
    }

    /// A file of the branch, committed and published.
    pub(crate) fn tracks(&self, path: &str, text: &str) {
        self.write(path, text);
        self.git("add .");
        self.git("commit -q -m Configure");
        self.git("push -q origin main");
    }

    /// Waits until a file is there and not empty: a sign that a process came that far.
    pub(crate) fn awaits(&self, path: &str) -> String {
        loop {
            match fs::read_to_string(self.dir.join(path)) {
                Ok(text) if text.ends_with('\n') => return text.trim().to_owned(),
                _ => std::thread::yield_now(),
            }
        }
    }

    /// Whether a process of that number lives.
    pub(crate) fn lives(&self, pid: &str) -> bool {
        let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let after = state.rsplit(')').next().unwrap_or_default();
        // A zombie waits for its parent and does nothing any more.
        !after.is_empty() && !after.trim_start().starts_with('Z')
    }

    /// The one change of a version, proven: all that a promotion needs.
    pub(crate) fn proves(&self, version: &str, change: &str) {
        let made = format!(
            "git gryt generation new {version} --change 'add:{change}:By {}'",
            self.name
        );
        self.must(&made);
        self.must(&format!(
            "git gryt evolution start {version} --change {change}"
        ));
        self.must("git gryt run");
    }

    /// The oids of refs, by name.
    pub(crate) fn refs(&self, pattern: &str) -> Vec<(String, String)> {
        let lines = self.git(&format!(
            "for-each-ref --format='%(refname) %(objectname)' {pattern}"
        ));
        let pair = |line: &str| {
            let (name, oid) = line.split_once(' ').unwrap();
            (name.to_owned(), oid.to_owned())
        };
        lines.lines().map(pair).collect()
    }
}

/// What was typed and what came back, as a person would read it: the golden files' content.
pub(crate) struct Transcript {
    root: String,
    text: String,
}

impl Transcript {
    pub(crate) fn new(sandbox: &Sandbox) -> Self {
        Self {
            root: sandbox.path().display().to_string(),
            text: String::new(),
        }
    }

    /// Runs a line and writes it down with what it prints and how it ends.
    pub(crate) fn types(&mut self, who: &Person, line: &str) -> i32 {
        let ran = who.sh(line);
        self.text += &format!("{} $ {line}\n{}{}", who.name, ran.out, ran.err);
        if ran.code != 0 {
            self.text += &format!("(exit {})\n", ran.code);
        }
        self.text += "\n";
        ran.code
    }

    /// The text, with what differs between runs replaced: paths, object ids, durations.
    pub(crate) fn text(&self) -> String {
        Self::plain(&self.text, &self.root)
    }

    /// The same of any text about the folder `root`.
    pub(crate) fn plain(text: &str, root: &str) -> String {
        let text = text.replace(root, "SANDBOX");
        let word = |c: char| c.is_ascii_alphanumeric();
        let mut out = String::new();
        let mut rest = text.as_str();
        while let Some(at) = rest.find(word) {
            out += &rest[..at];
            let end = rest[at..].find(|c| !word(c)).map_or(rest.len(), |n| at + n);
            let token = &rest[at..end];
            let hex = token
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
            out += if hex && matches!(token.len(), 10 | 40) {
                "OID"
            } else {
                token
            };
            rest = &rest[end..];
        }
        out += rest;
        let timed = |line: &str| {
            [" passed in ", "last pulled "]
                .iter()
                .find_map(|word| Some(format!("{}{word}TIME", line.split_once(word)?.0)))
                .unwrap_or_else(|| line.to_owned())
        };
        out.lines().map(timed).collect::<Vec<_>>().join("\n") + "\n"
    }
}
