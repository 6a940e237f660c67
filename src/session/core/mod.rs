//! The open repository, who is at work, and what every wing reads: what this clone knows of the
//! cloud, whether a ledger can be believed, who has a version.

pub(crate) mod approvals;
mod awaiting;
pub(crate) mod beyond;
pub(crate) mod chain;
pub(crate) mod contact;
pub(crate) mod coverage;
pub(crate) mod files;
pub(crate) mod half_made;
pub(crate) mod host;
pub(crate) mod index;
pub(crate) mod join;
pub(crate) mod judge;
pub(crate) mod last_contact;
pub(crate) mod lock;
pub(crate) mod memory;
pub(crate) mod policy;
pub(crate) mod seals;
pub(crate) mod sides;
pub(crate) mod signatures;
pub(crate) mod signed_by;
pub(crate) mod survey;
mod tagged;
mod tags;
pub(crate) mod taken;
mod unproven;
mod unsound;
pub(crate) mod verify;
mod withdrawn;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::config::{self, Config, Mode};
use crate::context::Context;
use crate::git::gpg::Keyring;
use crate::git::ident::{self, Ident, Known};
use crate::git::refs::Update;
use crate::git::{Silence, Stop};
use crate::model::forge::Commits;
use crate::model::host::Host;
use crate::model::signature::Signature;
use crate::model::{Exit, Oid, Person, Refusal, Version, address};
use crate::remote::Remote;
use crate::store::names;
use crate::store::quarantine::Unsound;
use crate::store::{Author, Refs, Store};

/// An open repository and everything that a command needs around it.
pub(crate) struct Core<'a> {
    pub ctx: &'a Context,
    pub store: Store,
    pub config: Config,
    /// The remotes that git is configured with, and their addresses.
    remotes: BTreeMap<String, String>,
    /// Who is at work, where git's configuration and environment say so plainly.
    known: Option<Known>,
    author: OnceCell<Author>,
    /// What the cloud's host is known not to do.
    host: RefCell<Host>,
    /// Says when to stop waiting for the cloud.
    stop: RefCell<Option<Stop>>,
    /// The drafts that the files were found to show just as they are, so that nobody looks twice.
    pub(super) in_step: RefCell<Option<Vec<(Version, Oid)>>>,
    /// Whether the cloud was found to be away, so that nobody is told twice.
    away: Cell<bool>,
    /// Until when the cloud is waited for.
    deadline: Cell<Option<Instant>>,
    /// The tags that the last fetch asked for.
    asked: RefCell<BTreeSet<String>>,
    /// What of the cloud does not check, once somebody asked.
    unsound: RefCell<Option<Unsound>>,
    /// The clone's lock, while this process holds it.
    lock: RefCell<Option<File>>,
    /// The gpg keys that signatures were last compared with.
    keyring: RefCell<Option<(Vec<String>, Rc<Keyring>)>>,
    /// Why gpg cannot judge signatures here, once it could not.
    no_gpg: OnceCell<Refusal>,
    /// With whose key this person's git signs, once that was tried.
    own_signature: OnceCell<Signature>,
}

/// What is known of a repository once it is open, and need not be asked again.
#[derive(Clone)]
pub(super) struct Opening<'a> {
    ctx: &'a Context,
    config: Config,
    remotes: BTreeMap<String, String>,
    known: Option<Known>,
}

impl<'a> Opening<'a> {
    /// Opens the repository once more, for a thread of its own, which reads and has the clone's lock from
    /// nobody.
    ///
    /// # Errors
    /// It is gone.
    pub(super) fn open(self) -> Result<Core<'a>> {
        Ok(Core::around(Store::open(&self.ctx.dir)?, self))
    }
}

/// How often a local change is tried again because another process moved a ref first.
const TRIES: usize = 20;

/// Where a clone verified a ledger, a branch does not move it: it would read another ledger as the
/// cloud's.
fn keep_prefix(ctx: &Context, store: &Store, config: &mut Config) -> Result<()> {
    let said = config.setting("remote_prefix");
    let moves = said.is_some_and(|setting| setting.origin == config::Origin::Shared)
        && config.remote_prefix != config::OWN_PREFIX;
    if !moves || store.refs()?.below(names::VERIFIED).next().is_none() {
        return Ok(());
    }
    ctx.detail(format!(
        "The branch's .gryt/config.yaml says that the team's refs are below {0}, but this clone verified them elsewhere. To look there: git gryt config remote_prefix {0}",
        config.remote_prefix
    ));
    config::OWN_PREFIX.clone_into(&mut config.remote_prefix);
    Ok(())
}

/// What is done with the cloud when it is there again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Later {
    /// Something of its is taken over.
    Pull,
    /// Something of this clone's is published.
    Share,
}

impl<'a> Core<'a> {
    /// Opens the repository around the context's folder.
    ///
    /// # Errors
    /// There is none, or its configuration does not make sense.
    pub(crate) fn open(ctx: &'a Context) -> Result<Self> {
        Self::open_with(ctx, Err)
    }

    /// Opens the repository although its settings make no sense, in order to mend them.
    ///
    /// # Errors
    /// There is no repository.
    pub(crate) fn open_to_configure(ctx: &'a Context) -> Result<Self> {
        Self::open_with(ctx, |_| {
            config::resolve(|_| None, &[], &config::Shared::default())
        })
    }

    fn open_with(
        ctx: &'a Context,
        mend: impl FnOnce(Refusal) -> Result<Config, Refusal>,
    ) -> Result<Self> {
        let mut store = Store::open(&ctx.dir)?;
        half_made::clear(&store.layout().common_dir);
        let shared = match &store.layout().work_tree {
            Some(top) => match files::read_below(top, config::FILE) {
                Ok(Some(text)) => config::read_shared(&text),
                Ok(None) => Ok(config::Shared::default()),
                Err(error) => Err(error.downcast::<Refusal>().unwrap_or_else(|error| {
                    let what = format!("{} cannot be read: {error}", config::FILE);
                    Refusal::new(Exit::Failure, what)
                })),
            },
            None => Ok(config::Shared::default()),
        };
        let git = store.config()?;
        store.keep_secret(address::credentials(&git));
        let config = shared.and_then(|shared| config::resolve(|name| ctx.env(name), &git, &shared));
        let mut config = config.or_else(mend)?;
        keep_prefix(ctx, &store, &mut config)?;
        let known = ident::known(&git, |name| std::env::var(name).ok());
        Ok(Self::around(
            store,
            Opening {
                ctx,
                config,
                remotes: config::remotes(&git),
                known,
            },
        ))
    }

    fn around(store: Store, opening: Opening<'a>) -> Self {
        let Opening {
            ctx,
            config,
            remotes,
            known,
        } = opening;
        Self {
            ctx,
            store,
            host: RefCell::new(config.host.clone()),
            stop: RefCell::default(),
            in_step: RefCell::default(),
            away: Cell::new(false),
            deadline: Cell::new(None),
            asked: RefCell::default(),
            unsound: RefCell::default(),
            lock: RefCell::default(),
            keyring: RefCell::default(),
            no_gpg: OnceCell::new(),
            own_signature: OnceCell::new(),
            config,
            remotes,
            known,
            author: OnceCell::new(),
        }
    }

    /// What another thread opens the same repository with.
    pub(super) fn opening(&self) -> Opening<'a> {
        Opening {
            ctx: self.ctx,
            config: self.config.clone(),
            remotes: self.remotes.clone(),
            known: self.known.clone(),
        }
    }

    /// Who writes: git's author and committer, asked for once.
    ///
    /// # Errors
    /// A [`Refusal`] where git does not know.
    pub(crate) fn author(&self) -> Result<&Author> {
        if let Some(author) = self.author.get() {
            return Ok(author);
        }
        let (author, committer) = self.idents()?;
        let author = Author {
            author,
            committer,
            sign: self.config.sign,
        };
        Ok(self.author.get_or_init(|| author))
    }

    /// Git's author and committer at this moment. Where their names are plainly set and the time
    /// is the clock's, git need not be asked.
    ///
    /// # Errors
    /// As [`author`](Core::author).
    pub(crate) fn idents(&self) -> Result<(Ident, Ident)> {
        match &self.known {
            Some(known) => Ok(known.at(self.ctx.now())),
            None => self.store.git().idents(),
        }
    }

    /// Who is at work, as git knows them.
    ///
    /// # Errors
    /// As [`author`](Core::author).
    pub(crate) fn me(&self) -> Result<Person> {
        Ok(self.author()?.author.person.clone())
    }

    /// Who is at work, where git knows them: whoever only reads need not be known.
    pub(crate) fn reader(&self) -> Option<Person> {
        self.me().ok()
    }

    /// The cloud.
    ///
    /// # Errors
    /// [`Exit::Usage`] in local mode.
    pub(crate) fn remote(&self) -> Result<Remote<'_>> {
        self.remote_at(self.cloud_name()?, &self.config.remote_prefix)
    }

    /// A remote of git's, whose refs of ours begin with `prefix`.
    ///
    /// # Errors
    /// [`Exit::Usage`] where git has no such remote: what reaches its command line is never an option.
    pub(crate) fn remote_at<'r>(&'r self, name: &'r str, prefix: &'r str) -> Result<Remote<'r>> {
        if !self.remotes.contains_key(name) {
            let known = self.remotes.keys().map(String::as_str);
            return Err(config::no_remote(format!("git has no remote {name}"), name, known).into());
        }
        let stop = self.stop.borrow().clone();
        // What is asked for when there is no time left gets a moment all the same.
        let moment = Instant::now() + Duration::from_secs(1);
        let until = self.deadline.get().map(|until| until.max(moment));
        let (git, silence) = (self.store.git(), self.silence());
        Ok(Remote::new(git, name, prefix, silence, until, stop))
    }

    /// How long a remote may say nothing.
    pub(super) fn silence(&self) -> Silence {
        Silence {
            before: self.config.timeout,
            after: self.config.push_timeout,
        }
    }

    /// How long another process of this clone may still be waited for.
    fn left(&self) -> Duration {
        let until = self.deadline.get();
        until.map_or(self.config.timeout, |until| {
            let left = until.saturating_duration_since(Instant::now());
            left.min(self.config.timeout)
        })
    }

    /// Waits for that long before the cloud is asked again, unless there is not so much time left of what
    /// began at `begun`, or the user ends it. Says whether it waited.
    pub(super) fn waits(&self, pause: Duration, begun: Instant) -> bool {
        let until = Instant::now() + pause;
        if self.deadline.get().is_some_and(|deadline| deadline < until)
            || begun.elapsed() + pause > self.config.timeout
        {
            return false;
        }
        let stopped = || self.stop.borrow().as_ref().is_some_and(Stop::asked);
        while Instant::now() < until && !stopped() {
            let left = until.saturating_duration_since(Instant::now());
            std::thread::sleep(left.min(Duration::from_millis(50)));
        }
        !stopped()
    }

    /// Says what ends every exchange with the cloud from now on.
    pub(crate) fn stop_when(&self, stop: Stop) {
        self.stop.replace(Some(stop));
    }

    /// Says until when the cloud is waited for, whatever the settings say.
    pub(crate) fn wait_until(&self, until: Instant) {
        self.deadline.set(Some(until));
    }

    /// The cloud's name.
    ///
    /// # Errors
    /// [`Exit::Usage`] in local mode.
    pub(crate) fn cloud_name(&self) -> Result<&str> {
        self.config.remote.as_deref().ok_or_else(|| {
            let (what, next) = match self.remotes.is_empty() {
                true => (
                    "This repository has no remote, so it has no cloud",
                    "git remote add origin URL",
                ),
                false => (
                    "Local mode never touches a cloud",
                    "git gryt config execution_mode hybrid",
                ),
            };
            Refusal::new(Exit::Usage, what).then(next).into()
        })
    }

    /// The remotes that git is configured with.
    pub(crate) fn remotes(&self) -> impl Iterator<Item = &String> {
        self.remotes.keys()
    }

    /// The cloud's address, as it is configured; `url.….insteadOf` is git's.
    pub(crate) fn cloud_url(&self) -> Option<&str> {
        let name = self.config.remote.as_ref()?;
        self.remotes.get(name).map(String::as_str)
    }

    /// Where commits are shown on the web.
    pub(crate) fn commit_pages(&self) -> Option<Commits> {
        self.config.commit_pages(self.cloud_url())
    }

    /// The same without credentials, which may be others tomorrow and are nobody's to read.
    pub(crate) fn cloud_address(&self) -> Option<String> {
        self.cloud_url().map(address::without_credentials)
    }

    /// Says where the cloud was looked for, which is as often what is wrong as what is there.
    fn elsewhere(&self, refusal: Refusal) -> Refusal {
        match (&self.config.remote, self.cloud_address()) {
            (Some(remote), Some(address)) => refusal
                .because(format!(
                    "The cloud is {remote}, at {address}: is that the right place?"
                ))
                .then(format!("git remote set-url {remote} URL")),
            _ => refusal,
        }
    }

    /// The top of the working tree.
    ///
    /// # Errors
    /// A [`Refusal`] in a bare repository.
    pub(crate) fn top(&self) -> Result<PathBuf> {
        self.store.layout().work_tree.clone().ok_or_else(|| {
            Refusal::new(
                Exit::Failure,
                "This repository is bare: there is no working tree",
            )
            .because("Work in a clone, or add a worktree")
            .then("git worktree add PATH")
            .into()
        })
    }

    /// Whether this command found the cloud away.
    pub(crate) fn is_away(&self) -> bool {
        self.away.get()
    }

    /// Takes note that the cloud is away, so that this command does not wait for it again.
    pub(crate) fn note_away(&self) {
        self.away.set(true);
    }

    /// Whether the mode is the one that syncs by itself.
    pub(crate) fn continuous(&self) -> bool {
        self.config.mode == Mode::Cloud
    }

    /// Does something with the cloud that may as well be done later: without the cloud there is a
    /// warning, and the work goes on. The same for commits that are not pushed yet.
    ///
    /// # Errors
    /// Everything else.
    pub(crate) fn tolerating_absence(
        &self,
        later: Later,
        act: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        if self.away.get() {
            return Ok(());
        }
        let Err(error) = act() else {
            return Ok(());
        };
        match error.downcast_ref::<Refusal>() {
            Some(refusal) if matches!(refusal.exit, Exit::Remote | Exit::OutOfStep) => {
                self.away.set(refusal.exit == Exit::Remote);
                let what = &refusal.what;
                self.ctx.warn(match later {
                    Later::Pull => format!("Not pulled: {what}"),
                    Later::Share => format!("Not shared yet: {what}"),
                });
                Ok(())
            }
            _ => Err(error),
        }
    }

    /// Makes a change of local refs: `plan` looks at the refs and says what to change, and is
    /// asked again whenever another process was faster.
    ///
    /// # Errors
    /// Whatever `plan` returns, or another process that never lets go.
    pub(crate) fn change<T>(
        &self,
        plan: impl FnMut(&Refs) -> Result<(Vec<Update>, T)>,
    ) -> Result<T> {
        self.change_where(&[], plan)
    }

    /// The same, only while `guards` are where they were.
    ///
    /// # Errors
    /// As [`change`](Core::change).
    pub(crate) fn change_where<T>(
        &self,
        guards: &[Update],
        mut plan: impl FnMut(&Refs) -> Result<(Vec<Update>, T)>,
    ) -> Result<T> {
        for _ in 0..TRIES {
            let refs = self.store.refs()?;
            let (mut updates, value) = plan(&refs)?;
            updates.extend(ended_renames(&refs, &updates));
            let done = match guards.is_empty() {
                true => self.store.update(&updates)?,
                false => self.store.update_where(&updates, guards)?,
            };
            if done {
                return Ok(value);
            }
        }
        Err(Refusal::new(
            Exit::Failure,
            "Another process keeps changing this repository's refs",
        )
        .into())
    }

    /// What plain git takes as the refspec of something of gryt's to push.
    pub(super) fn refspec(&self, below: &str) -> String {
        match self.config.remote_prefix.as_str() {
            names::SHARED => format!("{}{below}", names::SHARED),
            prefix => format!("{}{below}:{prefix}{below}", names::SHARED),
        }
    }

    /// The credentials that git's settings hold; see [`address::credentials`].
    ///
    /// # Errors
    /// The settings cannot be read.
    pub(crate) fn credentials(&self) -> Result<Vec<String>> {
        Ok(address::credentials(&self.store.config()?))
    }

    /// The name of a version's release tag, without `refs/tags/`.
    pub(crate) fn tag_name(&self, version: &Version) -> String {
        self.config.tag_format.name(version)
    }

    /// Where the cache is kept: once for all worktrees.
    pub(crate) fn cache_file(&self) -> PathBuf {
        self.store.layout().common_dir.join("gryt").join("cache.db")
    }
}

/// A draft that goes takes the mark of its rename along, if one was cut short: nothing is left to rename.
fn ended_renames(refs: &Refs, updates: &[Update]) -> Vec<Update> {
    let gone = updates.iter().filter(|update| update.new.is_none());
    let marks = gone.filter_map(|update| match names::shared(&update.name) {
        names::Shared::Draft(version) => Some(names::renaming(&version)),
        names::Shared::Evolution(_)
        | names::Shared::Approval(_)
        | names::Shared::Ledger
        | names::Shared::Foreign => None,
    });
    let named = |mark: &String| updates.iter().any(|update| update.name == *mark);
    let there = marks.filter(|mark| refs.get(mark).is_some() && !named(mark));
    there.map(|mark| refs.change(mark, None)).collect()
}
