//! The projects that are measured: a hosting of some age with open work, and two clones of it.

use std::cell::{Cell, OnceCell};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::bench::{Bench, PROGRAM};

/// How much there is of everything.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) name: &'static str,
    pub(crate) promotions: u64,
    pub(crate) drafts: u64,
    pub(crate) evolutions: u64,
}

/// The projects of the table.
pub(crate) const SMALL: Size = size("small", 10, 20, 300);
pub(crate) const LARGE: Size = size("large", 10_000, 20, 300);
pub(crate) const BUSY: Size = size("busy", 10_000, 20, 3_000);
pub(crate) const CROWDED: Size = size("crowded", 10, 1_000, 1_000);

pub(crate) const fn size(
    name: &'static str,
    promotions: u64,
    drafts: u64,
    evolutions: u64,
) -> Size {
    Size {
        name,
        promotions,
        drafts,
        evolutions,
    }
}

/// Two clones of one hosting.
pub(crate) struct Project {
    pub(crate) name: &'static str,
    pub(crate) hosting: PathBuf,
    pub(crate) reader: PathBuf,
    pub(crate) promoter: PathBuf,
    serial: Cell<u64>,
}

impl Project {
    fn new(name: &'static str, work: &Path) -> Self {
        Self {
            name,
            hosting: work.join("hosting.git"),
            reader: work.join("reader"),
            promoter: work.join("promoter"),
            serial: Cell::new(0),
        }
    }

    /// A number that was not given out yet.
    pub(crate) fn next(&self) -> u64 {
        self.serial.replace(self.serial.get() + 1)
    }
}

/// A project that is made when it is asked for first.
pub(crate) struct Wanted<'a> {
    bench: &'a Bench,
    size: Size,
    made: OnceCell<Project>,
}

impl<'a> Wanted<'a> {
    pub(crate) fn new(bench: &'a Bench, size: Size) -> Self {
        let made = OnceCell::new();
        Self { bench, size, made }
    }

    pub(crate) fn get(&self) -> Result<&Project> {
        if self.made.get().is_none() {
            let made = self.bench.project(self.size)?;
            let _ = self.made.set(made);
        }
        self.made.get().context("a project that was made is there")
    }
}

impl Bench {
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
        let updates = fs::read_to_string(repository.join("updates"))?;
        self.fed(repository, &["update-ref", "--stdin"], &updates)?;
        Ok(())
    }

    /// Adds that much open work to a hosting: drafts `v900.FROM.0` and later.
    pub(crate) fn open_work(
        &self,
        hosting: &Path,
        from: u64,
        drafts: u64,
        evolutions: u64,
    ) -> Result<()> {
        let numbers = [from, drafts, evolutions].map(|number| number.to_string());
        let [from, drafts, evolutions] = numbers.each_ref().map(String::as_str);
        self.floor(hosting, &["--open-work", from, drafts, evolutions])?;
        self.set_refs(hosting)?;
        self.git(hosting, "repack -dq")?;
        self.git(hosting, "pack-refs --all")?;
        Ok(())
    }

    /// The project of that size: a hosting with open work, and two clones.
    pub(crate) fn project(&self, size: Size) -> Result<Project> {
        let config =
            "[user]\nname = Dev 0\nemail = dev-0@example.com\n[init]\ndefaultBranch = main\n";
        fs::write(self.root.join(".gitconfig"), config)?;
        let kept = self.aged(size.promotions)?;
        eprintln!("making {}", size.name);
        // What is measured changes the project: it works on a copy.
        let work = self.root.join(size.name);
        let _ = fs::remove_dir_all(&work);
        fs::create_dir_all(&work)?;
        let from = kept.to_str().context("not UTF-8")?;
        self.git(&work, &format!("clone -q --mirror {from} hosting.git"))?;
        let project = Project::new(size.name, &work);
        self.open_work(&project.hosting, 0, size.drafts, size.evolutions)?;
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
            bail!("entries of {} are disputed: {found}", size.name);
        }
        Ok(project)
    }

    /// A clone of the hosting in which gryt was never used.
    pub(crate) fn fresh(&self, project: &Project) -> Result<PathBuf> {
        let work = project.hosting.parent().context("a folder above")?;
        let fresh = work.join("fresh");
        let _ = fs::remove_dir_all(&fresh);
        self.git(work, "clone -q hosting.git fresh")?;
        Ok(fresh)
    }

    /// A copy of the reader's clone, to be changed.
    pub(crate) fn copy(&self, project: &Project) -> Result<PathBuf> {
        let work = project.hosting.parent().context("a folder above")?;
        let copy = work.join("copy");
        let _ = fs::remove_dir_all(&copy);
        self.must("cp", work, &["-a", "reader", "copy"])?;
        Ok(copy)
    }

    /// A repository of that many commits, in which gryt was never used, and a clone of it.
    pub(crate) fn long(&self, commits: u64) -> Result<Project> {
        let work = self.root.join("history");
        let _ = fs::remove_dir_all(&work);
        let project = Project::new("history", &work);
        let hosting = &project.hosting;
        fs::create_dir_all(hosting)?;
        self.git(hosting, "init -q --bare .")?;
        self.floor(hosting, &["--history", &commits.to_string()])?;
        let stream = fs::File::open(hosting.join("stream"))?;
        let mut command = self.command("git", hosting, &["fast-import", "--quiet"]);
        if !command.stdin(stream).status()?.success() {
            bail!("git cannot import the history");
        }
        fs::remove_file(hosting.join("stream"))?;
        self.git(&work, "clone -q hosting.git promoter")?;
        Ok(project)
    }
}
