//! What is shared through a remote: pulls, promotions, first proofs; near, and 50 ms away.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::bench::{Bench, FETCH};
use crate::hosting::{Project, Wanted};
use crate::table::Table;
use crate::{http, proxy};

/// How far away the hosting of the far rows is.
const ROUND_TRIP: Duration = Duration::from_millis(50);

/// A promotion's refs, prepared for plain git.
struct BarePush {
    /// What the ref that moves holds.
    old: String,
    serial: u64,
}

impl BarePush {
    fn moved(&self) -> String {
        format!("refs/bare/{}", self.serial)
    }

    /// The refs that the push deletes.
    fn deleted(&self) -> [String; 2] {
        [
            format!("refs/gryt/generations/v902.0.{}", self.serial),
            format!("refs/gryt/evolutions/v902.0.{}/A/rc.1", self.serial),
        ]
    }
}

impl Bench {
    /// Pulls and promotions beside plain git with the same exchanges.
    pub(crate) fn exchanges(
        &self,
        table: &mut Table,
        small: &Wanted,
        large: &Wanted,
        busy: &Wanted,
    ) -> Result<()> {
        let sizes = [("small", small), ("large", large), ("busy", busy)];
        for (name, project) in sizes {
            let work = format!("`sync pull`, nothing new, {name}");
            table.row(&work, 1.15, || self.pulls(project.get()?))?;
        }
        for (name, project) in &sizes[..2] {
            let work = format!("`sync pull` over HTTP, nothing new, {name}");
            table.row(&work, 1.15, || {
                let project = project.get()?;
                self.over_http(project, None, || self.pulls(project))
            })?;
        }
        table.row("`sync pull`, nothing new, 50 ms away", 1.1, || {
            let project = small.get()?;
            self.over_http(project, Some(ROUND_TRIP), || self.pulls(project))
        })?;
        table.row("`sync pull`, one new, large / small", 1.3, || {
            let (large, small) = (large.get()?, small.get()?);
            self.beside(|| self.pull_of_one(large), || self.pull_of_one(small))
        })?;
        for (name, project) in &sizes[..2] {
            table.row(&format!("`promote`, {name}"), 1.3, || {
                self.promotions(project.get()?)
            })?;
        }
        table.row("`promote`, large / small", 1.3, || {
            let (large, small) = (large.get()?, small.get()?);
            self.beside(|| self.promote(large), || self.promote(small))
        })?;
        table.row("`promote`, 50 ms away", 1.15, || {
            let project = small.get()?;
            self.over_http(project, Some(ROUND_TRIP), || self.promotions(project))
        })
    }

    /// What a clone meets that was never used: the whole past at once, or many new evolutions.
    pub(crate) fn first(
        &self,
        table: &mut Table,
        small: &Wanted,
        large: &Wanted,
        busy: &Wanted,
        counts: &[u64],
    ) -> Result<()> {
        let few = self.at_most(3);
        for (name, project) in [("large", large), ("busy", busy)] {
            let work = format!("first `sync pull` and `status` of a clone, {name}");
            table.row(&work, 1.5, || {
                let project = project.get()?;
                few.beside(|| few.first_pull(project), || few.bare_first_pull(project))
            })?;
        }
        table.row(
            "first `sync pull` and `promote` of a clone, large",
            1.5,
            || {
                let project = large.get()?;
                let ours = || few.first_promote(project);
                few.beside(ours, || few.bare_first_promote(project))
            },
        )?;
        for &count in counts {
            let work = format!("`sync pull`, {count} new evolutions");
            if !table.wants(&work) {
                continue;
            }
            let project = small.get()?;
            let hosting = self.with_evolutions(project, count)?;
            let from = hosting.to_str().context("not UTF-8")?;
            let pulled = |pull: &dyn Fn(&Path) -> Result<String>| {
                let copy = self.copy(project)?;
                self.git(&copy, &format!("remote set-url origin {from}"))?;
                self.time(|| pull(&copy))
            };
            table.row(&work, 2.0, || {
                let ours = || pulled(&|copy| self.gryt(copy, "sync pull"));
                let floor = || pulled(&|copy| self.git(copy, FETCH));
                self.at_most(5).beside(ours, floor)
            })?;
        }
        Ok(())
    }

    /// A copy of the hosting with that many more evolutions.
    fn with_evolutions(&self, project: &Project, count: u64) -> Result<std::path::PathBuf> {
        let work = project.hosting.parent().context("a folder above")?;
        let hosting = work.join(format!("more-{count}.git"));
        let _ = fs::remove_dir_all(&hosting);
        let name = format!("more-{count}.git");
        self.must("cp", work, &["-a", "hosting.git", &name])?;
        let drafts = (count / 100).max(1);
        self.open_work(&hosting, 10_000, drafts, count)?;
        Ok(hosting)
    }

    /// Does `work` while both clones reach the hosting over HTTP, so far away.
    fn over_http<T>(
        &self,
        project: &Project,
        away: Option<Duration>,
        work: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let mut served = http::serve(project.hosting.parent().context("a folder above")?)?;
        if let Some(away) = away {
            served = proxy::before(&served, away)?;
        }
        let clones = [&project.reader, &project.promoter];
        let point = |address: &str| -> Result<()> {
            for clone in clones {
                self.git(clone, &format!("remote set-url origin {address}"))?;
            }
            Ok(())
        };
        point(&format!("{served}/hosting.git"))?;
        let done = work();
        point("../hosting.git")?;
        done
    }

    fn pulls(&self, project: &Project) -> Result<(Duration, Duration)> {
        let dir = &project.reader;
        let ours = || self.time(|| self.gryt(dir, "sync pull"));
        let floor = || {
            self.time(|| {
                self.git(dir, FETCH)?;
                self.floor(dir, &["--floor-open"])
            })
        };
        self.beside(ours, floor)
    }

    pub(crate) fn pull_of_one(&self, project: &Project) -> Result<Duration> {
        self.promote(project)?;
        self.time(|| self.gryt(&project.reader, "sync pull"))
    }

    fn first_pull(&self, project: &Project) -> Result<Duration> {
        let fresh = self.fresh(project)?;
        self.time(|| {
            self.gryt(&fresh, "sync pull")?;
            self.gryt(&fresh, "status")
        })
    }

    fn bare_first_pull(&self, project: &Project) -> Result<Duration> {
        let fresh = self.fresh(project)?;
        let cache = project.reader.join(".git/gryt/cache.db");
        self.time(|| {
            self.git(&fresh, FETCH)?;
            self.rebuilt(&fresh, "refs/gryt-remotes/origin", &cache)
        })
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

    pub(crate) fn promote(&self, project: &Project) -> Result<Duration> {
        let version = self.ready(project)?;
        self.time(|| self.gryt(&project.promoter, &format!("promote {version}")))
    }

    fn first_promote(&self, project: &Project) -> Result<Duration> {
        let version = self.ready(project)?;
        let fresh = self.fresh(project)?;
        self.time(|| {
            self.gryt(&fresh, "sync pull")?;
            self.gryt(&fresh, &format!("promote {version}"))
        })
    }

    fn promotions(&self, project: &Project) -> Result<(Duration, Duration)> {
        self.beside(|| self.promote(project), || self.bare_promote(project))
    }

    /// Publishes the refs that a bare promotion moves and deletes.
    fn bare_refs(&self, project: &Project) -> Result<BarePush> {
        let dir = &project.promoter;
        let old = self.git(dir, "rev-parse refs/gryt/ledger")?;
        let serial = project.next();
        let push = BarePush { old, serial };
        let old = &push.old;
        for name in push.deleted().iter().chain([&push.moved()]) {
            self.git(dir, &format!("push -q origin {old}:{name}"))?;
            self.git(dir, &format!("update-ref {name} {old}"))?;
        }
        Ok(push)
    }

    /// The exchanges of a promotion with plain git: a fetch, an atomic push that moves one ref, creates a
    /// tag and deletes two, and the same locally.
    fn bare_promote(&self, project: &Project) -> Result<Duration> {
        let dir = &project.promoter;
        let push = self.bare_refs(project)?;
        let fetched = self.bare_fetch(dir)?;
        Ok(fetched + self.bare_push(dir, &push)?)
    }

    /// The same in a clone that was never used, with what has to be read of the ledger.
    fn bare_first_promote(&self, project: &Project) -> Result<Duration> {
        let push = self.bare_refs(project)?;
        let fresh = self.fresh(project)?;
        let fetched = self.bare_fetch(&fresh)?;
        let chain = ["--floor-chain", "refs/gryt-remotes/origin"];
        let read = self.time(|| self.floor(&fresh, &chain))?;
        for name in push.deleted().iter().chain([&push.moved()]) {
            self.git(&fresh, &format!("update-ref {name} {}", push.old))?;
        }
        Ok(fetched + read + self.bare_push(&fresh, &push)?)
    }

    fn bare_fetch(&self, dir: &Path) -> Result<Duration> {
        let tags = "+refs/tags/bare*:refs/gryt-local/tags/origin/bare*";
        self.time(|| self.git(dir, &format!("{FETCH} {tags}")))
    }

    fn bare_push(&self, dir: &Path, push: &BarePush) -> Result<Duration> {
        let (old, serial, moved) = (&push.old, push.serial, push.moved());
        let [draft, tried] = &push.deleted();
        let tree = self.git(dir, "rev-parse HEAD^{tree}")?;
        let commit = format!("commit-tree {tree} -p {old} -m entry-{serial}");
        let entry = self.git(dir, &commit)?;
        self.time(|| {
            self.git(dir, &format!("tag -m bare bare{serial} HEAD"))?;
            let tag = format!("refs/tags/bare{serial}");
            let pushed = self.git(
                dir,
                &format!(
                    "push --porcelain --no-verify --atomic --force-with-lease={moved}:{old} \
                     --force-with-lease={tag}: --force-with-lease={draft}:{old} \
                     --force-with-lease={tried}:{old} -- origin {entry}:{moved} {tag} :{draft} :{tried}"
                ),
            )?;
            let local = format!(
                "update {moved} {entry} {old}\ndelete {draft} {old}\ndelete {tried} {old}\n"
            );
            self.fed(dir, &["update-ref", "--stdin"], &local)?;
            Ok(pushed)
        })
    }

    /// The first proof that is pushed to a repository of that many commits, beside a plain fetch
    /// and push, without a commit-graph and with one.
    pub(crate) fn first_proofs(&self, table: &mut Table, commits: u64) -> Result<()> {
        let work = |graph: &str| format!("first proof pushed, {commits} commits, {graph}");
        let graphs = ["no commit-graph", "commit-graph"];
        if !graphs.iter().any(|graph| table.wants(&work(graph))) {
            return Ok(());
        }
        let project = self.long(commits)?;
        for graph in graphs {
            if graph == "commit-graph" {
                self.git(&project.promoter, "commit-graph write --reachable")?;
                self.git(&project.hosting, "commit-graph write --reachable")?;
            }
            let ours = || {
                let version = self.declared(&project)?;
                let line = format!("sync push-evolutions {version}");
                self.time(|| self.gryt(&project.promoter, &line))
            };
            let floor = || self.bare_proof(&project);
            let few = self.at_most(5);
            table.row(&work(graph), None, || few.beside(ours, floor))?;
        }
        Ok(())
    }

    /// What a proof costs plain git: a fetch, the push of a commit onto a new ref, and the same
    /// locally.
    fn bare_proof(&self, project: &Project) -> Result<Duration> {
        let dir = &project.promoter;
        let serial = project.next();
        let tree = self.git(dir, "rev-parse HEAD^{tree}")?;
        let commit = format!("commit-tree {tree} -p HEAD -m proof-{serial}");
        let proof = self.git(dir, &commit)?;
        let name = format!("refs/bare/{serial}");
        self.time(|| {
            self.git(dir, FETCH)?;
            let push = "push --porcelain --no-verify --atomic";
            self.git(dir, &format!("{push} -- origin {proof}:{name}"))?;
            self.git(dir, &format!("update-ref {name} {proof}"))
        })
    }
}
