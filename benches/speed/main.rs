//! How fast `git gryt` is beside plain git, and how that changes with a project's age.
//!
//! `cargo bench --bench speed` prints the table and the plot of docs/performance.md; without
//! `--bench`, as `cargo test` starts it, tiny projects only show that it runs.

#![allow(clippy::print_stdout, reason = "a table on stdout is what this is for")]
#![allow(clippy::print_stderr, reason = "long work says where it is")]

mod floor;
mod http;
mod plot;
mod project;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

const PROGRAM: &str = env!("CARGO_BIN_EXE_git-gryt");

/// One line of the table.
struct Row {
    work: String,
    ours: Duration,
    floor: Duration,
    /// What the ratio may be at most, where that was said beforehand.
    bound: Option<f64>,
}

impl Row {
    fn ratio(&self) -> f64 {
        self.ours.as_secs_f64() / self.floor.as_secs_f64()
    }
}

/// Where everything happens, and how often.
struct Bench {
    root: PathBuf,
    runs: usize,
}

/// A project of one size: two clones of its hosting.
struct Project {
    name: String,
    reader: PathBuf,
    promoter: PathBuf,
    serial: std::cell::Cell<u64>,
}

impl Project {
    /// A number that was not given out yet.
    fn next(&self) -> u64 {
        self.serial.replace(self.serial.get() + 1)
    }
}

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let text: Vec<&str> = args.iter().map(String::as_str).collect();
    match text.as_slice() {
        ["--age", promotions] => project::age(promotions.parse()?),
        ["--open-work", drafts, evolutions] => {
            project::open_work(drafts.parse()?, evolutions.parse()?)
        }
        ["--history", commits] => project::history(commits.parse()?),
        ["--floor-open"] => floor::open(),
        ["--floor-rebuild", into] => floor::rebuild(Path::new(into)),
        args if args.contains(&"--bench") => measure(args),
        _ => check(),
    }
}

/// The size of each project: how many promotions, and whether it has ten times the open work.
const SMALL: (&str, u64, u64) = ("small", 10, 300);
const LARGE: (&str, u64, u64) = ("large", 10_000, 300);
const BUSY: (&str, u64, u64) = ("busy", 10_000, 3_000);

fn measure(args: &[&str]) -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/speed");
    fs::create_dir_all(&folder)?;
    let bench = Bench {
        root: folder,
        runs: 11,
    };
    let small = bench.project(SMALL)?;
    let large = bench.project(LARGE)?;
    let busy = bench.project(BUSY)?;
    let mut rows = bench.rows(&small, &large, &busy)?;
    rows.extend(bench.first_proofs(300_000)?);
    let mut text = table(&rows);
    text += &bench.memory(&large)?;
    let mut growth = Vec::new();
    let mut ages = vec![10, 100, 1000, 10_000];
    if args.contains(&"--huge") {
        ages.push(100_000);
    }
    for promotions in ages {
        let project = bench.project(("growing", promotions, 300))?;
        growth.push((promotions, bench.growth(&project)?));
    }
    text += &plot::table(&growth);
    println!("{text}");
    if args.contains(&"--write") {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
        plot::draw(&growth, &docs.join("performance.svg"))?;
        replace(&docs.join("performance.md"), &text)?;
    }
    Ok(())
}

/// A tiny project once through everything.
fn check() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let bench = Bench {
        root: folder.path().to_owned(),
        runs: 1,
    };
    let small = bench.project(("small", 3, 20))?;
    let large = bench.project(("large", 6, 20))?;
    let mut rows = bench.rows(&small, &large, &large)?;
    rows.extend(bench.first_proofs(5)?);
    print!("{}{}", table(&rows), bench.memory(&large)?);
    let growth = [(3, bench.growth(&small)?), (6, bench.growth(&large)?)];
    plot::draw(&growth, &folder.path().join("plot.svg"))?;
    print!("{}", plot::table(&growth));
    Ok(())
}

fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| work | git gryt | floor | ratio | bound |\n| --- | --- | --- | --- | --- |\n",
    );
    let ms = |d: Duration| format!("{:.1} ms", d.as_secs_f64() * 1000.0);
    for row in rows {
        let (ours, floor) = (ms(row.ours), ms(row.floor));
        let ratio = row.ratio();
        let over = if row.bound.is_some_and(|bound| ratio > bound) {
            " (over)"
        } else {
            ""
        };
        let bound = row.bound.map_or(String::new(), |bound| bound.to_string());
        text += &format!(
            "| {} | {ours} | {floor} | {ratio:.2}{over} | {bound} |\n",
            row.work
        );
    }
    text
}

/// Puts the figures where the page keeps them.
fn replace(page: &Path, figures: &str) -> Result<()> {
    let text = fs::read_to_string(page)?;
    let (begin, end) = ("<!-- figures -->\n", "<!-- end of figures -->");
    let (head, rest) = text.split_once(begin).context("no place for the figures")?;
    let (_, tail) = rest.split_once(end).context("no end of the figures")?;
    fs::write(page, format!("{head}{begin}{figures}{end}{tail}"))?;
    Ok(())
}

impl Bench {
    fn command(&self, program: &str, dir: &Path, args: &[&str]) -> Command {
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

    fn must(&self, program: &str, dir: &Path, args: &[&str]) -> Result<String> {
        let output = self.command(program, dir, args).output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("{program} {}: {said}", args.join(" "));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    fn git(&self, dir: &Path, line: &str) -> Result<String> {
        self.must("git", dir, &line.split(' ').collect::<Vec<_>>())
    }

    fn gryt(&self, dir: &Path, line: &str) -> Result<String> {
        self.must(PROGRAM, dir, &line.split(' ').collect::<Vec<_>>())
    }

    fn floor(&self, dir: &Path, args: &[&str]) -> Result<String> {
        let own = std::env::current_exe()?;
        let own = own.to_str().context("this program's path is not UTF-8")?;
        self.must(own, dir, args)
    }

    /// How long one run of `work` takes.
    fn time(&self, work: impl FnOnce() -> Result<String>) -> Result<Duration> {
        let begun = Instant::now();
        work()?;
        Ok(begun.elapsed())
    }

    /// The medians of two kinds of work, taken turn by turn so that both see the same machine.
    fn beside(
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

    /// A hosting of that age without open work, made where it is not there yet.
    fn aged(&self, promotions: u64) -> Result<PathBuf> {
        let kept = self.root.join(format!("age-{promotions}.git"));
        if kept.join("made").exists() {
            return Ok(kept);
        }
        eprintln!("making {promotions} promotions");
        let _ = fs::remove_dir_all(&kept);
        // A million objects become files before they become a pack: in memory where that is.
        let memory = Path::new("/dev/shm");
        let place = if memory.is_dir() { memory } else { &self.root };
        let making = tempfile::tempdir_in(place)?;
        let making = making.path();
        self.git(making, "init -q --bare .")?;
        self.floor(making, &["--age", &promotions.to_string()])?;
        self.set_refs(making)?;
        self.git(making, "-c pack.window=3 repack -adFq")?;
        let from = making.to_str().context("not UTF-8")?;
        self.git(
            &self.root,
            &format!("clone -q --mirror {from} age-{promotions}.git"),
        )?;
        fs::write(kept.join("made"), "")?;
        Ok(kept)
    }

    /// Sets the refs that were left in `updates`.
    fn set_refs(&self, repository: &Path) -> Result<()> {
        let updates = fs::File::open(repository.join("updates"))?;
        let mut command = self.command("git", repository, &["update-ref", "--stdin"]);
        if !command.stdin(updates).status()?.success() {
            bail!("refs cannot be set in {}", repository.display());
        }
        Ok(())
    }

    /// The project of that name: a hosting with open work, and two clones.
    fn project(&self, (name, promotions, evolutions): (&str, u64, u64)) -> Result<Project> {
        let config =
            "[user]\nname = Dev 0\nemail = dev-0@example.com\n[init]\ndefaultBranch = main\n";
        fs::write(self.root.join(".gitconfig"), config)?;
        let kept = self.aged(promotions)?;
        // What is measured changes the project: it works on a copy.
        let work = self.root.join(name);
        let _ = fs::remove_dir_all(&work);
        fs::create_dir_all(&work)?;
        let from = kept.to_str().context("not UTF-8")?;
        self.git(&work, &format!("clone -q --mirror {from} hosting.git"))?;
        let hosting = work.join("hosting.git");
        self.floor(&hosting, &["--open-work", "20", &evolutions.to_string()])?;
        self.set_refs(&hosting)?;
        self.git(&hosting, "repack -dq")?;
        self.git(&hosting, "pack-refs --all")?;
        let project = Project {
            name: name.to_owned(),
            reader: work.join("reader"),
            promoter: work.join("promoter"),
            serial: std::cell::Cell::new(0),
        };
        for clone in ["reader", "promoter"] {
            self.git(&work, &format!("clone -q hosting.git {clone}"))?;
            let dir = work.join(clone);
            self.gryt(&dir, "sync pull")?;
            self.gryt(&dir, "generation list")?;
        }
        // A ledger whose entries are disputed is another work than an honest one.
        let disputed = "SELECT disputed FROM generations WHERE status = 'disputed' LIMIT 1";
        let found = self.must(PROGRAM, &project.reader, &["query", disputed, "--csv"])?;
        if found.trim() != "disputed" {
            bail!("entries of {name} are disputed: {found}");
        }
        Ok(project)
    }

    fn rows(&self, small: &Project, large: &Project, busy: &Project) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        let mut row = |work: String, (ours, floor), bound| {
            eprintln!("{work}");
            rows.push(Row {
                work,
                ours,
                floor,
                bound: Some(bound),
            });
        };
        for line in ["status", "generation list"] {
            for project in [large, busy] {
                let dir = &project.reader;
                let ours = || self.time(|| self.gryt(dir, line));
                let floor = || self.time(|| self.floor(dir, &["--floor-open"]));
                row(
                    format!("`{line}`, {}", project.name),
                    self.beside(ours, floor)?,
                    3.0,
                );
            }
            let ours = || self.time(|| self.gryt(&large.reader, line));
            let young = || self.time(|| self.gryt(&small.reader, line));
            row(
                format!("`{line}`, large / small"),
                self.beside(ours, young)?,
                1.3,
            );
        }
        for project in [small, large, busy] {
            let dir = &project.reader;
            let ours = || self.time(|| self.gryt(dir, "sync pull"));
            let floor = || self.time(|| self.bare_pull(dir));
            let work = format!("`sync pull`, nothing new, {}", project.name);
            row(work, self.beside(ours, floor)?, 1.15);
        }
        for project in [small, large] {
            let dir = &project.reader;
            let served = http::serve(dir.parent().context("a folder above")?)?;
            self.git(dir, &format!("remote set-url origin {served}/hosting.git"))?;
            let ours = || self.time(|| self.gryt(dir, "sync pull"));
            let floor = || self.time(|| self.bare_pull(dir));
            let work = format!("`sync pull` over HTTP, nothing new, {}", project.name);
            row(work, self.beside(ours, floor)?, 1.15);
            self.git(dir, "remote set-url origin ../hosting.git")?;
        }
        let ours = || self.pull_of_one(large);
        let young = || self.pull_of_one(small);
        row(
            "`sync pull`, one new, large / small".into(),
            self.beside(ours, young)?,
            1.3,
        );
        for project in [small, large] {
            let ours = || self.promote(project);
            let floor = || self.bare_promote(project);
            let work = format!("`promote`, {}", project.name);
            row(work, self.beside(ours, floor)?, 1.3);
        }
        let ours = || self.promote(large);
        let young = || self.promote(small);
        row(
            "`promote`, large / small".into(),
            self.beside(ours, young)?,
            1.3,
        );
        let few = Bench {
            root: self.root.clone(),
            runs: self.runs.min(3),
        };
        let ours = || few.time(|| few.gryt(&large.reader, "cache rebuild"));
        let floor = || few.bare_rebuild(large);
        row(
            "`cache rebuild`, large".into(),
            few.beside(ours, floor)?,
            2.0,
        );
        Ok(rows)
    }

    /// The first proof that is pushed to a repository of that many commits, beside a plain fetch
    /// and push, without a commit-graph and with one.
    fn first_proofs(&self, commits: u64) -> Result<Vec<Row>> {
        let project = self.long(commits)?;
        let mut rows = Vec::new();
        for graph in ["no commit-graph", "commit-graph"] {
            if graph == "commit-graph" {
                self.git(&project.promoter, "commit-graph write --reachable")?;
                let hosting = project.promoter.with_file_name("hosting.git");
                self.git(&hosting, "commit-graph write --reachable")?;
            }
            let ours = || {
                let version = self.declared(&project)?;
                let line = format!("sync push-evolutions {version}");
                self.time(|| self.gryt(&project.promoter, &line))
            };
            let floor = || self.bare_proof(&project);
            let few = Bench {
                root: self.root.clone(),
                runs: self.runs.min(5),
            };
            let (ours, floor) = few.beside(ours, floor)?;
            let work = format!("first proof pushed, {commits} commits, {graph}");
            eprintln!("{work}");
            rows.push(Row {
                work,
                ours,
                floor,
                bound: None,
            });
        }
        Ok(rows)
    }

    /// A repository of that many commits, in which gryt was never used, and a clone of it.
    fn long(&self, commits: u64) -> Result<Project> {
        let work = self.root.join("history");
        let _ = fs::remove_dir_all(&work);
        let hosting = work.join("hosting.git");
        fs::create_dir_all(&hosting)?;
        self.git(&hosting, "init -q --bare .")?;
        self.floor(&hosting, &["--history", &commits.to_string()])?;
        let stream = fs::File::open(hosting.join("stream"))?;
        let mut command = self.command("git", &hosting, &["fast-import", "--quiet"]);
        if !command.stdin(stream).status()?.success() {
            bail!("git cannot import the history");
        }
        fs::remove_file(hosting.join("stream"))?;
        self.git(&work, "clone -q hosting.git promoter")?;
        Ok(Project {
            name: "history".into(),
            reader: work.join("promoter"),
            promoter: work.join("promoter"),
            serial: std::cell::Cell::new(0),
        })
    }

    /// What a proof costs plain git: a fetch, the push of a commit onto a new ref, and the same
    /// locally.
    fn bare_proof(&self, project: &Project) -> Result<Duration> {
        let dir = &project.promoter;
        let serial = project.next();
        let tree = self.git(dir, "rev-parse HEAD^{tree}")?;
        let proof = self.git(
            dir,
            &format!("commit-tree {tree} -p HEAD -m proof-{serial}"),
        )?;
        let name = format!("refs/bare/{serial}");
        self.time(|| {
            self.git(dir, FETCH)?;
            let push = "push --porcelain --no-verify --atomic";
            self.git(dir, &format!("{push} -- origin {proof}:{name}"))?;
            self.git(dir, &format!("update-ref {name} {proof}"))
        })
    }

    /// A fetch of the same refspec, and the minimal process.
    fn bare_pull(&self, dir: &Path) -> Result<String> {
        self.git(dir, FETCH)?;
        self.floor(dir, &["--floor-open"])
    }

    fn bare_rebuild(&self, project: &Project) -> Result<Duration> {
        let into = self.root.join("floor.db");
        let _ = fs::remove_file(&into);
        let into = into.to_str().context("not UTF-8")?.to_owned();
        self.time(|| self.floor(&project.reader, &["--floor-rebuild", &into]))
    }

    /// A version that is declared, published and proven, its proof not published yet.
    fn declared(&self, project: &Project) -> Result<String> {
        let version = format!("v901.0.{}", project.next());
        let dir = &project.promoter;
        self.gryt(dir, &format!("generation new {version} --change add:A:a"))?;
        self.gryt(dir, &format!("evolution start {version} --change A"))?;
        self.gryt(dir, "run -q")?;
        self.gryt(dir, &format!("sync push {version}"))?;
        Ok(version)
    }

    /// A version that is ready: declared, proven, published.
    fn ready(&self, project: &Project) -> Result<String> {
        let version = self.declared(project)?;
        let line = format!("sync push-evolutions {version}");
        self.gryt(&project.promoter, &line)?;
        Ok(version)
    }

    fn promote(&self, project: &Project) -> Result<Duration> {
        let version = self.ready(project)?;
        self.time(|| self.gryt(&project.promoter, &format!("promote {version}")))
    }

    /// The exchanges of a promotion with plain git: a fetch, an atomic push that moves one ref, creates a
    /// tag and deletes two, and the same locally.
    fn bare_promote(&self, project: &Project) -> Result<Duration> {
        let dir = &project.promoter;
        let serial = project.next();
        let old = self.git(dir, "rev-parse refs/gryt/ledger")?;
        let scratch = format!("refs/gryt/generations/v902.0.{serial}");
        let tried = format!("refs/gryt/evolutions/v902.0.{serial}/A/rc.1");
        let bare = format!("refs/bare/{serial}");
        let tree = self.git(dir, "rev-parse HEAD^{tree}")?;
        let entry = self.git(
            dir,
            &format!("commit-tree {tree} -p {old} -m entry-{serial}"),
        )?;
        for name in [&scratch, &tried, &bare] {
            self.git(dir, &format!("push -q origin {old}:{name}"))?;
            self.git(dir, &format!("update-ref {name} {old}"))?;
        }
        self.time(|| {
            let tags = "+refs/tags/bare*:refs/gryt-local/tags/origin/bare*";
            self.git(dir, &format!("{FETCH} {tags}"))?;
            self.git(dir, &format!("tag -m bare bare{serial} HEAD"))?;
            let tag = format!("refs/tags/bare{serial}");
            let pushed = self.git(
                dir,
                &format!(
                    "push --porcelain --no-verify --atomic --force-with-lease={bare}:{old} \
                     --force-with-lease={tag}: --force-with-lease={scratch}:{old} \
                     --force-with-lease={tried}:{old} -- origin {entry}:{bare} {tag} :{scratch} :{tried}"
                ),
            )?;
            let local = format!(
                "update {bare} {entry} {old}\ndelete {scratch} {old}\ndelete {tried} {old}\n"
            );
            fs::write(dir.join(".git/moves"), local)?;
            let moves = fs::File::open(dir.join(".git/moves"))?;
            let mut command = self.command("git", dir, &["update-ref", "--stdin"]);
            command.stdin(moves).status()?;
            Ok(pushed)
        })
    }

    fn pull_of_one(&self, project: &Project) -> Result<Duration> {
        self.promote(project)?;
        self.time(|| self.gryt(&project.reader, "sync pull"))
    }

    /// The most memory that commands took, in MB.
    fn memory(&self, large: &Project) -> Result<String> {
        let mut text =
            String::from("\n| command, large | peak memory | bound |\n| --- | --- | --- |\n");
        for (line, bound) in [
            ("status", 30),
            ("generation list", 30),
            ("sync pull", 30),
            ("log", 100),
            ("cache rebuild", 100),
            ("cache verify", 100),
            ("verify", 100),
        ] {
            let mut child = self
                .command(PROGRAM, &large.reader, &line.split(' ').collect::<Vec<_>>())
                .stdout(Stdio::null())
                .spawn()?;
            let mut peak = 0;
            // The kernel's own high-water mark, read until the process is gone.
            while child.try_wait()?.is_none() {
                let status = fs::read_to_string(format!("/proc/{}/status", child.id()));
                let line = status.unwrap_or_default();
                let mark = line.lines().find_map(|l| l.strip_prefix("VmHWM:"));
                let kb = mark.and_then(|l| l.trim().strip_suffix(" kB")?.parse::<u64>().ok());
                peak = peak.max(kb.unwrap_or(0));
            }
            let mb = peak / 1024;
            let over = if mb > bound { " (over)" } else { "" };
            text += &format!("| `{line}` | {mb} MB{over} | {bound} MB |\n");
        }
        let size = fs::metadata(PROGRAM)?.len();
        text += &format!("\nThe installed binary has {size} bytes; the bound is 9 MB.\n");
        Ok(text)
    }

    /// Medians of what a growth plot shows.
    fn growth(&self, project: &Project) -> Result<Vec<(&'static str, Duration)>> {
        eprintln!("growth: {}", project.name);
        let median_of = |work: &dyn Fn() -> Result<Duration>| -> Result<Duration> {
            let mut times = Vec::new();
            for _ in 0..self.runs.min(5) {
                times.push(work()?);
            }
            Ok(median(times))
        };
        let dir = &project.reader;
        Ok(vec![
            (
                "status",
                median_of(&|| self.time(|| self.gryt(dir, "status")))?,
            ),
            (
                "sync pull, nothing new",
                median_of(&|| self.time(|| self.gryt(dir, "sync pull")))?,
            ),
            (
                "sync pull, one new",
                median_of(&|| self.pull_of_one(project))?,
            ),
            ("promote", median_of(&|| self.promote(project))?),
            (
                "cache rebuild",
                self.time(|| self.gryt(dir, "cache rebuild"))?,
            ),
        ])
    }
}

const FETCH: &str = "fetch --quiet --prune --refmap= --no-tags --no-write-fetch-head \
                     --no-auto-maintenance --no-show-forced-updates -- origin \
                     +refs/gryt/*:refs/gryt-remotes/origin/*";

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
