//! The truth: git objects and refs.
//!
//! Objects go through libgit2, which needs no process for each. Refs are written by
//! `git update-ref --stdin`, which is all or nothing, and read by libgit2 where the repository
//! keeps them as files. A reftable repository is opened as a shell around its objects, so that no
//! libgit2 function can reach a ref that git would not see.

pub(crate) mod adopted;
mod approval;
mod branches;
pub(crate) mod code;
mod coverage;
mod disputed;
pub(crate) mod draft;
pub(crate) mod evolution;
pub(crate) mod ledger;
pub(crate) mod message;
pub(crate) mod names;
pub(crate) mod objects;
pub(crate) mod quarantine;
pub(crate) mod raw;
pub(crate) mod refs;
pub(crate) mod tags;
pub(crate) mod unproven;
pub(crate) mod worktree;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::{Context, Result};

use crate::git::{self, Git};
use crate::model::dispute::There;
use crate::model::proof::Proof;
use crate::model::{Exit, Oid, Person, Refusal};

pub(crate) use objects::Author;
pub(crate) use refs::Refs;

/// A repository on disk.
pub struct Store {
    /// Whoever reads holds it only for as long; see [`let_go`](Store::let_go).
    repo: std::cell::RefCell<Rc<git2::Repository>>,
    git: Git,
    /// Whether libgit2 may read this repository's refs and configuration.
    files: bool,
    layout: Layout,
    /// Read once; none where it cannot be read.
    /// Git's configuration as this process found it.
    settings: std::cell::OnceCell<Vec<(String, String)>>,
    mailmap: std::cell::OnceCell<Option<git2::Mailmap>>,
    /// Who people turned out to be: email, then name. A ledger has many commits of few people.
    people: std::cell::RefCell<HashMap<String, Vec<(String, Person)>>>,
    /// The refs as they were last read.
    known: std::cell::RefCell<Option<Refs>>,
    /// Commits that are too large to be read here, as git reads them.
    large: std::cell::RefCell<HashMap<Oid, raw::Links>>,
    /// The proof that was read last: one that is judged is asked for twice in a row.
    last_proof: std::cell::RefCell<Option<(Oid, Option<Proof>)>>,
    /// What was found where the last proof ran, by tree and pipeline: those of one release ran at one commit.
    last_there: std::cell::RefCell<Option<(Place, There)>>,
    /// Where a shallow clone ends; read once.
    shallow: std::cell::OnceCell<std::collections::HashSet<String>>,
    /// See [`objects_alone`]; it goes when the store goes.
    shell: Option<tempfile::TempDir>,
}

/// Where a proof ran: a tree, and the pipeline's path in it.
type Place = (Oid, Option<String>);

/// Where a repository keeps its parts. All absolute.
#[derive(Clone, Debug)]
pub struct Layout {
    /// This worktree's own git folder.
    pub git_dir: PathBuf,
    /// What all worktrees share.
    pub common_dir: PathBuf,
    /// None in a bare repository.
    pub work_tree: Option<PathBuf>,
}

impl Store {
    /// Opens the repository around `dir`, by git's own rules (`GIT_DIR` and the rest).
    ///
    /// # Errors
    /// A [`Refusal`] where there is none, or where it uses an object format that libgit2 lacks.
    pub fn open(dir: &Path) -> Result<Store> {
        // As git does it: what comes in was hashed when it was stored.
        Self::hash_again(false);
        match git2::Repository::open_from_env() {
            // A bare repository may lie among the files of somebody's branch: whether to trust it
            // (git-config(1), `safe.bareRepository`) is git's to say.
            Ok(repo) if repo.is_bare() => {
                let output = git::outside(dir, &["rev-parse", "--git-dir"])?;
                if !output.ok() {
                    let refusal = Refusal::new(Exit::Failure, "git does not open this repository");
                    return Err(refusal.because(output.said()).into());
                }
                Self::by_files(repo)
            }
            // libgit2 looks for a shallow clone's end in the folder of the worktree alone.
            Ok(repo) if repo.is_worktree() && repo.commondir().join(SHALLOW).exists() => {
                Self::by_git(dir)
            }
            Ok(repo) => Self::by_files(repo),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Err(no_repository(dir)),
            // An extension that libgit2 does not know, or an owner that it does not trust: git
            // either opens it or says best why not.
            Err(_) => Self::by_git(dir),
        }
    }

    /// Whether objects are hashed again as they are read, to find those that the disk spoilt.
    pub fn hash_again(each: bool) {
        git2::opts::strict_hash_verification(each);
    }

    fn by_files(repo: git2::Repository) -> Result<Store> {
        let layout = Layout {
            git_dir: repo.path().to_owned(),
            common_dir: repo.commondir().to_owned(),
            work_tree: repo.workdir().map(Path::to_owned),
        };
        Ok(Store {
            git: Git::new(&layout.git_dir, layout.work_tree.as_deref()),
            repo: Rc::new(repo).into(),
            files: true,
            layout,
            mailmap: std::cell::OnceCell::new(),
            settings: std::cell::OnceCell::new(),
            people: std::cell::RefCell::default(),
            known: std::cell::RefCell::default(),
            large: std::cell::RefCell::default(),
            last_proof: std::cell::RefCell::default(),
            last_there: std::cell::RefCell::default(),
            shallow: std::cell::OnceCell::new(),
            shell: None,
        })
    }

    fn by_git(dir: &Path) -> Result<Store> {
        let ask = |args: &[&str]| {
            let args = [&["rev-parse", "--path-format=absolute"], args].concat();
            let output = git::outside(dir, &args)?;
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            Ok::<_, anyhow::Error>((output, text))
        };
        let (output, text) = ask(&["--git-dir", "--git-common-dir", "--show-object-format"])?;
        let mut lines = text.lines();
        let (Some(git_dir), Some(common_dir), Some(format)) =
            (lines.next(), lines.next(), lines.next())
        else {
            let refusal = Refusal::new(Exit::Failure, "git cannot open this repository");
            return Err(refusal.because(output.said()).into());
        };
        if format != "sha1" {
            let what = format!("This repository uses {format} object ids, which gryt cannot read");
            return Err(Refusal::new(Exit::Failure, what).into());
        }
        let (top, work_tree) = ask(&["--show-toplevel"])?;
        let layout = Layout {
            git_dir: git_dir.into(),
            common_dir: common_dir.into(),
            work_tree: top.ok().then(|| work_tree.trim_end().into()),
        };
        let shell =
            objects_alone(&layout.common_dir).context("the object database cannot be opened")?;
        Ok(Store {
            repo: Rc::new(open_shell(shell.path())?).into(),
            git: Git::new(&layout.git_dir, layout.work_tree.as_deref()),
            files: false,
            layout,
            mailmap: std::cell::OnceCell::new(),
            settings: std::cell::OnceCell::new(),
            people: std::cell::RefCell::default(),
            known: std::cell::RefCell::default(),
            large: std::cell::RefCell::default(),
            last_proof: std::cell::RefCell::default(),
            last_there: std::cell::RefCell::default(),
            shallow: std::cell::OnceCell::new(),
            shell: Some(shell),
        })
    }

    /// A new bare repository in a folder.
    ///
    /// # Errors
    /// It cannot be made.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn bare_at(dir: &Path) -> Result<Store> {
        Self::by_files(git2::Repository::init_bare(dir)?)
    }

    fn repo(&self) -> Rc<git2::Repository> {
        Rc::clone(&self.repo.borrow())
    }

    /// Opens the repository anew: what libgit2 keeps of one, packs in memory and objects, it lets
    /// go of with it, so that a long walk does not fill the memory.
    ///
    /// # Errors
    /// The repository is gone.
    pub fn let_go(&self) -> Result<()> {
        self.repo.replace(Rc::new(self.scratch()?));
        Ok(())
    }

    /// The repository once more, for what is to leave no trace in this one.
    fn scratch(&self) -> Result<git2::Repository, git2::Error> {
        match &self.shell {
            Some(shell) => open_shell(shell.path()),
            None => git2::Repository::open_from_env(),
        }
    }

    /// Where the repository keeps its parts.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The git binary, bound to this repository.
    pub fn git(&self) -> &Git {
        &self.git
    }

    /// Keeps credentials out of what git says; see [`Git::keep_secret`].
    pub(crate) fn keep_secret(&mut self, secrets: Vec<String>) {
        self.git.keep_secret(secrets);
    }

    /// All of git's configuration, the last of a key counting.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn config(&self) -> Result<Vec<(String, String)>> {
        if let Some(known) = self.settings.get() {
            return Ok(known.clone());
        }
        let read = self.read_config()?;
        Ok(self.settings.get_or_init(|| read).clone())
    }

    fn read_config(&self) -> Result<Vec<(String, String)>> {
        // libgit2 knows neither `git -c` nor the variables that move or replace files.
        let moved =
            |(name, _): (std::ffi::OsString, _)| name.to_string_lossy().starts_with("GIT_CONFIG");
        if !self.files || std::env::vars_os().any(moved) {
            return self.git.config();
        }
        let config = self.repo().config()?.snapshot()?;
        let mut entries = config.entries(None)?;
        let mut pairs = Vec::new();
        while let Some(entry) = entries.next() {
            let entry = entry?;
            if let Ok(name) = entry.name() {
                let value = if entry.has_value() {
                    entry.value()?
                } else {
                    "true"
                };
                pairs.push((name.to_owned(), value.to_owned()));
            }
        }
        Ok(pairs)
    }

    /// The permissions of a file of gryt's own in the git folder: everybody reads it, and the group
    /// writes it where git shares the repository (git-config(1), `core.sharedRepository`).
    ///
    /// # Errors
    /// Git cannot read its configuration.
    pub(crate) fn shared_mode(&self) -> Result<u32> {
        let config = self.config()?;
        let key = "core.sharedrepository";
        let shared = config.iter().rev().find(|(known, _)| known == key);
        Ok(match shared.map(|(_, value)| value.as_str()) {
            None | Some("umask" | "false" | "0") => 0o644,
            Some(_) => 0o664,
        })
    }

    /// The text of the mailmap in the working tree, so that a change of it is noticed.
    pub fn mailmap_text(&self) -> String {
        let top = self.layout.work_tree.as_ref();
        // Without one, nobody is mapped by it.
        top.and_then(|top| mailmap(top)).unwrap_or_default()
    }

    /// The person that the repository's mailmap makes of `person` (gitmailmap(5)).
    pub fn mapped(&self, person: Person) -> Person {
        if let Some(known) = self.people.borrow().get(&person.email)
            && let Some((_, mapped)) = known.iter().find(|(name, _)| *name == person.name)
        {
            return mapped.clone();
        }
        let (name, email) = (person.name.clone(), person.email.clone());
        let mapped = self.map(person);
        let mut people = self.people.borrow_mut();
        people
            .entry(email)
            .or_default()
            .push((name, mapped.clone()));
        mapped
    }

    fn map(&self, person: Person) -> Person {
        let read = || {
            if self.files {
                return self.repo().mailmap();
            }
            let top = self.layout.work_tree.as_deref().unwrap_or(Path::new(""));
            let text = mailmap(top).unwrap_or_default();
            git2::Mailmap::from_buffer(&text)
        };
        let Some(mailmap) = self.mailmap.get_or_init(|| read().ok()) else {
            return person;
        };
        let mapped = || -> Result<Person, git2::Error> {
            let time = git2::Time::new(0, 0);
            let signature = git2::Signature::new(&person.name, &person.email, &time)?;
            let mapped = mailmap.resolve_signature(&signature)?;
            Ok(Person {
                name: mapped.name()?.to_owned(),
                email: mapped.email()?.to_owned(),
            })
        };
        // A name that libgit2 cannot hold is in no mailmap either.
        mapped().unwrap_or(person)
    }
}

/// An empty repository around somebody else's objects: no refs and no configuration that libgit2
/// could read or write, and the object database of the real one, with where its history ends.
///
/// # Errors
/// The temporary folder cannot be made.
fn objects_alone(common_dir: &Path) -> Result<tempfile::TempDir> {
    let shell = tempfile::Builder::new().prefix("gryt-").tempdir()?;
    std::fs::write(shell.path().join("HEAD"), "ref: refs/heads/none\n")?;
    std::fs::create_dir(shell.path().join("refs"))?;
    for part in ["objects", SHALLOW] {
        let part_of = common_dir.join(part);
        if part_of.exists() {
            std::os::unix::fs::symlink(part_of, shell.path().join(part))?;
        }
    }
    Ok(shell)
}

/// Opens a shell. Unlike `open_bare`, it reads where a shallow history ends.
fn open_shell(shell: &Path) -> Result<git2::Repository, git2::Error> {
    use git2::RepositoryOpenFlags as Flags;
    let flags = Flags::NO_SEARCH | Flags::NO_DOTGIT | Flags::BARE;
    let repo = git2::Repository::open_ext(shell, flags, &[] as &[&Path])?;
    // Of itself libgit2 knows of a quarantine only where it finds the repository by the environment.
    for (_, folders) in git::quarantine() {
        for folder in std::env::split_paths(&folders) {
            repo.odb()?.add_disk_alternate(&folder.to_string_lossy())?;
        }
    }
    Ok(repo)
}

/// The working tree's mailmap, where it is a regular file: a link could lead anywhere.
fn mailmap(top: &Path) -> Option<String> {
    let file = top.join(".mailmap");
    let about = file.symlink_metadata().ok()?;
    (about.is_file() && about.len() < MAILMAP_MOST).then(|| std::fs::read_to_string(file).ok())?
}

/// The commits where a shallow clone ends, below the folder that all worktrees share
/// (gitrepository-layout(5)).
const SHALLOW: &str = "shallow";

/// How large a mailmap may be.
const MAILMAP_MOST: u64 = 4 << 20;

fn no_repository(dir: &Path) -> anyhow::Error {
    Refusal::new(
        Exit::Failure,
        format!("{} is not in a git repository", dir.display()),
    )
    .because("Go into a clone of the project, or name it: git gryt -C DIR …")
    .then("git clone URL")
    .then("git init")
    .into()
}

fn to_git(oid: &Oid) -> Result<git2::Oid> {
    Ok(git2::Oid::from_str(oid.as_str())?)
}

fn of_git(oid: git2::Oid) -> Oid {
    Oid::from_bytes(oid.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_that_shows_people_reads_it_alike() {
        let text = "Ann Lee <ann@old>\nBob <bob@new> <bob@old>\n\
                    Cleo <cleo@new> Cleo T <team@x>\n  Dan   <dan@new>   <team@x>\n";
        let ours = crate::model::mailmap::Mailmap::parse(text.as_bytes());
        let theirs = git2::Mailmap::from_buffer(text).unwrap();
        for (name, email) in [
            ("a", "ann@old"),
            ("b", "bob@old"),
            ("Cleo T", "team@x"),
            ("c", "team@x"),
            ("e", "e@x"),
        ] {
            let time = git2::Time::new(0, 0);
            let signature = git2::Signature::new(name, email, &time).unwrap();
            let theirs = theirs.resolve_signature(&signature).unwrap();
            let ours = ours.person(&Person {
                name: name.into(),
                email: email.into(),
            });
            assert_eq!(theirs.name().unwrap(), ours.name);
            assert_eq!(theirs.email().unwrap(), ours.email);
        }
    }
}
