//! What reads and changes nothing, beside a minimal process that reads the same.

use std::time::Duration;

use anyhow::Result;

use crate::bench::{Bench, PROGRAM};
use crate::hosting::{Project, Wanted};
use crate::table::Table;

/// What people ask a project for, and read of the cache.
const ASKED: [&[&str]; 5] = [
    &["where", "CHG-1-3"],
    &["log", "-n", "20"],
    &["generation", "show", "v900.1.0"],
    &["evolution", "list", "v900.1.0"],
    &[
        "query",
        "SELECT status FROM generations WHERE version = 'v900.1.0'",
    ],
];

impl Bench {
    fn asked(&self, project: &Project, words: &[&str]) -> Result<Duration> {
        self.time(|| self.must(PROGRAM, &project.reader, words))
    }

    fn opened(&self, project: &Project) -> Result<Duration> {
        self.time(|| self.floor(&project.reader, &["--floor-open"]))
    }

    /// `git for-each-ref` of the same refs, and one row of SQLite.
    fn listed(&self, project: &Project) -> Result<Duration> {
        self.time(|| {
            self.git(&project.reader, "for-each-ref refs/gryt")?;
            self.floor(&project.reader, &["--floor-row"])
        })
    }

    /// Commands that read, warm.
    pub(crate) fn reads(
        &self,
        table: &mut Table,
        small: &Wanted,
        large: &Wanted,
        busy: &Wanted,
    ) -> Result<()> {
        table.row("start without a repository, `--version`", 2.0, || {
            let ours = || self.time(|| self.gryt(&self.root, "--version"));
            let floor = || self.time(|| self.git(&self.root, "--version"));
            self.beside(ours, floor)
        })?;
        for line in ["status", "generation list"] {
            let words: Vec<&str> = line.split(' ').collect();
            for (name, project) in [("large", large), ("busy", busy)] {
                table.row(&format!("`{line}`, {name}"), 3.0, || {
                    let project = project.get()?;
                    self.beside(|| self.asked(project, &words), || self.opened(project))
                })?;
            }
            table.row(&format!("`{line}`, large / small"), 1.3, || {
                let (large, small) = (large.get()?, small.get()?);
                self.beside(|| self.asked(large, &words), || self.asked(small, &words))
            })?;
            let work = format!("`{line}`, small, beside `git for-each-ref` and SQLite");
            table.row(&work, 1.3, || {
                let small = small.get()?;
                self.beside(|| self.asked(small, &words), || self.listed(small))
            })?;
        }
        for words in ASKED {
            table.row(&format!("`{}`, large", words.join(" ")), 3.0, || {
                let project = large.get()?;
                self.beside(|| self.asked(project, words), || self.opened(project))
            })?;
        }
        Ok(())
    }

    /// Commands that go over the whole ledger.
    pub(crate) fn whole(&self, table: &mut Table, large: &Wanted) -> Result<()> {
        let few = self.at_most(3);
        table.row("`cache rebuild`, large", 2.0, || {
            let large = large.get()?;
            let ours = || few.asked(large, &["cache", "rebuild"]);
            few.beside(ours, || few.bare_rebuild(large))
        })?;
        table.row("`verify`, large", 2.0, || {
            let large = large.get()?;
            let ours = || few.asked(large, &["verify"]);
            let every = "cat-file --batch-all-objects --unordered --batch";
            few.beside(ours, || few.time(|| few.git(&large.reader, every)))
        })
    }

    fn bare_rebuild(&self, project: &Project) -> Result<Duration> {
        let cache = project.reader.join(".git/gryt/cache.db");
        self.time(|| self.rebuilt(&project.reader, "refs/gryt", &cache))
    }

    /// The floor of a cache that is read from those refs, with the rows of a finished one.
    pub(crate) fn rebuilt(
        &self,
        dir: &std::path::Path,
        refs: &str,
        cache: &std::path::Path,
    ) -> Result<String> {
        let into = self.root.join("floor.db");
        let _ = std::fs::remove_file(&into);
        let text = |path: &std::path::Path| path.to_string_lossy().into_owned();
        let (into, cache) = (text(&into), text(cache));
        self.floor(dir, &["--floor-rebuild", refs, &cache, &into])
    }
}
