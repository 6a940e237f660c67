//! What writes a draft, an evolution or a proof, beside the bare git commands that write the same
//! objects and the same ref.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::bench::{Bench, PROGRAM};
use crate::hosting::{Project, Wanted};
use crate::table::Table;

/// New commits since the last release in the row on gates.
const NEW_COMMITS: u64 = 300;

impl Bench {
    /// Writing in a clone beside many drafts and evolutions, and a proof in a small one.
    pub(crate) fn writes(&self, table: &mut Table, small: &Wanted, crowded: &Wanted) -> Result<()> {
        let version = |project: &Project| format!("v901.0.{}", project.next());
        let new = |project: &Project| -> Result<String> {
            let version = version(project);
            let line = format!("generation new {version} --change add:A:a");
            self.gryt(&project.promoter, &line)?;
            Ok(version)
        };
        let bare = |project: &Project, parent: Option<&str>| {
            self.time(|| {
                self.git(&project.promoter, "for-each-ref refs/gryt")?;
                self.bare_write(project, &["generation.yaml"], parent)
            })
        };
        table.row("`generation new` beside 1,000 drafts", 1.5, || {
            let project = crowded.get()?;
            self.beside(|| self.time(|| new(project)), || bare(project, None))
        })?;
        table.row("`generation edit` beside 1,000 drafts", 1.5, || {
            let project = crowded.get()?;
            let ours = || {
                let line = format!("generation edit {} --change add:B:b", new(project)?);
                self.time(|| self.gryt(&project.promoter, &line))
            };
            self.beside(ours, || bare(project, Some("HEAD")))
        })?;
        table.row("`evolution start` beside 1,000 evolutions", 1.5, || {
            let project = crowded.get()?;
            let ours = || {
                let line = format!("evolution start {} --change A", new(project)?);
                self.time(|| self.gryt(&project.promoter, &line))
            };
            self.beside(ours, || bare(project, None))
        })?;
        table.row("`run` of a pipeline of one `true`, recorded", 1.5, || {
            let project = small.get()?;
            let line = format!("evolution start {} --change A", new(project)?);
            self.gryt(&project.promoter, &line)?;
            let ours = || self.time(|| self.gryt(&project.promoter, "run -q"));
            let floor = || {
                self.time(|| {
                    self.git(&project.promoter, "for-each-ref refs/gryt")?;
                    self.must("sh", &project.promoter, &["-c", "true"])?;
                    let files = ["proof.yaml", "check.log", "pipeline.yaml"];
                    self.bare_write(project, &files, Some("HEAD"))
                })
            };
            self.beside(ours, floor)
        })
    }

    /// Writes blobs, a tree, a commit and a ref with git's own commands.
    fn bare_write(
        &self,
        project: &Project,
        names: &[&str],
        parent: Option<&str>,
    ) -> Result<String> {
        let dir = &project.promoter;
        let serial = project.next();
        let mut entries = String::new();
        for name in names {
            let text = format!("{name} of {serial}\n");
            let blob = self.fed(dir, &["hash-object", "-w", "--stdin"], &text)?;
            entries += &format!("100644 blob {blob}\t{name}\n");
        }
        let tree = self.fed(dir, &["mktree"], &entries)?;
        let parent = parent.map_or(String::new(), |parent| format!(" -p {parent}"));
        let commit = format!("commit-tree {tree}{parent} -m written-{serial}");
        let commit = self.git(dir, &commit)?;
        self.git(dir, &format!("update-ref refs/bare/{serial} {commit}"))
    }

    /// A promotion that is only tried, with and without the gates on new commits, packed and not.
    pub(crate) fn gates(&self, table: &mut Table, large: &Wanted) -> Result<()> {
        let work = |objects: &str| {
            format!(
                "`promote --dry-run`, large, {NEW_COMMITS} new commits, {objects}, beside no gate on them"
            )
        };
        let kinds = ["loose", "packed"];
        if !kinds.iter().any(|kind| table.wants(&work(kind))) {
            return Ok(());
        }
        let project = large.get()?;
        let dir = &project.promoter;
        let version = self.with_new_commits(project)?;
        let tried = |gate: &str| {
            let commit = format!("refs/tried/{gate}");
            self.time(|| {
                let words = ["promote", &version, "--dry-run", "--commit", &commit];
                self.must(PROGRAM, dir, &words)
            })
        };
        for kind in kinds {
            if kind == "packed" {
                self.git(dir, "repack -dq")?;
            }
            table.row(&work(kind), 1.3, || {
                self.beside(|| tried("warn"), || tried("off"))
            })?;
        }
        Ok(())
    }

    /// Proves a version, and makes commits beside the proof that nobody proved; `refs/tried/off`
    /// is a release commit whose policy does not ask for them, `refs/tried/warn` one that does.
    fn with_new_commits(&self, project: &Project) -> Result<String> {
        let dir = &project.promoter;
        let version = format!("v901.0.{}", project.next());
        self.gryt(dir, &format!("generation new {version} --change add:A:a"))?;
        self.gryt(dir, &format!("evolution start {version} --change A"))?;
        let own = |name: &str, text: &str, from: &str| -> Result<()> {
            self.git(dir, &format!("checkout -q --detach {from}"))?;
            let file = dir.join(name);
            fs::create_dir_all(file.parent().context("a folder above")?)?;
            fs::write(file, text)?;
            self.git(dir, &format!("add {name}"))?;
            self.git(dir, &format!("commit -q -m {name}"))?;
            Ok(())
        };
        own("proven.txt", "proven\n", "main")?;
        self.gryt(dir, "run -q")?;
        let proven = self.git(dir, "rev-parse HEAD")?;
        self.new_commits(dir)?;
        self.git(dir, "checkout -q --detach refs/tried/new")?;
        self.git(dir, &format!("merge -q --no-edit {proven}"))?;
        let merged = self.git(dir, "rev-parse HEAD")?;
        for gate in ["warn", "off"] {
            let policy = format!("gates:\n  unproven_commits: {gate}\n");
            own(".gryt/policy.yaml", &policy, &merged)?;
            self.git(dir, &format!("update-ref refs/tried/{gate} HEAD"))?;
        }
        // What is released has to be in the cloud, and so has what was proven.
        let push = "push -q origin refs/tried/warn:refs/heads/warn refs/tried/off:refs/heads/off";
        self.git(dir, push)?;
        self.git(dir, "checkout -q main")?;
        self.gryt(dir, &format!("sync push {version}"))?;
        self.gryt(dir, &format!("sync push-evolutions {version}"))?;
        Ok(version)
    }

    /// `refs/tried/new`: commits on top of `main`, each an object of its own.
    fn new_commits(&self, dir: &Path) -> Result<()> {
        let mut stream = String::new();
        for nth in 0..NEW_COMMITS {
            let from = if nth == 0 {
                "from refs/heads/main\n"
            } else {
                ""
            };
            let text = format!("new {nth}\n");
            let (at, size) = (1_900_000_000 + nth, text.len());
            stream += &format!(
                "commit refs/tried/new\ncommitter Dev 1 <dev-1@example.com> {at} +0000\n\
                 data 4\nnew\n{from}M 100644 inline src/new-{}.txt\ndata {size}\n{text}\n",
                nth % 30
            );
        }
        let import = [
            "-c",
            "fastimport.unpackLimit=1000000",
            "fast-import",
            "--quiet",
        ];
        self.fed(dir, &import, &stream)?;
        if self.git(dir, "rev-parse refs/tried/new")?.is_empty() {
            bail!("git made no new commits");
        }
        Ok(())
    }

    /// How long commands take as a ledger grows.
    pub(crate) fn growth(&self, project: &Project) -> Result<Vec<(&'static str, Duration)>> {
        eprintln!("growth: {}", project.name);
        let median_of = |work: &dyn Fn() -> Result<Duration>| -> Result<Duration> {
            let times: Result<Vec<_>> = (0..self.runs.min(5)).map(|_| work()).collect();
            Ok(crate::bench::median(times?))
        };
        let dir = &project.reader;
        let line = |line: &'static str| move || self.time(|| self.gryt(dir, line));
        let (pull, promote) = (|| self.pull_of_one(project), || self.promote(project));
        Ok(vec![
            ("status", median_of(&line("status"))?),
            ("sync pull, nothing new", median_of(&line("sync pull"))?),
            ("sync pull, one new", median_of(&pull)?),
            ("promote", median_of(&promote)?),
            ("cache rebuild", line("cache rebuild")()?),
        ])
    }
}
