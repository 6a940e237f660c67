//! What a command gets from outside: where it runs, the environment, randomness, and somewhere
//! to report to.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use serde::Serialize;

use crate::model::dossier::Piece;
use crate::model::news::News;
use crate::model::proof::StepResult;
use crate::model::{Oid, Stamp, Version, engine};

/// The outside of one run.
pub(crate) struct Context {
    /// Where the command was started, after `-C`.
    pub dir: PathBuf,
    /// When this process began.
    pub begun: Instant,
    /// Whether to answer from git alone.
    pub no_cache: bool,
    /// Whether only what was asked for is said.
    pub quiet: bool,
    /// Whether more than that is said.
    pub verbose: bool,
    /// Whether what is printed is no longer heard: the reader of a pipe went away, or the disk is full.
    pub unheard: Arc<AtomicBool>,
    /// Whether that is so because the reader went away, which is no failure.
    pub left: Arc<AtomicBool>,
    /// The warnings that were given, where none is to be given twice: a command that looks again and
    /// again meets the same.
    pub warned: Mutex<Option<BTreeSet<String>>>,
    /// Who hears what happens on the way.
    pub sink: Box<dyn Fn(Event<'_>) + Send + Sync>,
}

/// Something that happens while a command works. What it comes to in the end is its outcome.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Event<'a> {
    /// Worth knowing.
    Note {
        text: &'a str,
    },
    /// Worth a look.
    Warning {
        text: &'a str,
    },
    /// For `-v` only.
    Detail {
        text: &'a str,
    },
    /// A pipeline begins.
    RunStarted {
        steps: usize,
    },
    StepStarted {
        step: &'a str,
    },
    /// What a step printed, as it came, without its secrets.
    StepOutput {
        step: &'a str,
        bytes: &'a [u8],
    },
    /// It failed and is tried again.
    StepAgain {
        step: &'a str,
        attempt: u32,
    },
    /// It left processes behind, which were ended.
    StepLeft {
        step: &'a str,
    },
    StepEnded {
        result: &'a StepResult,
    },
    RunEnded,
    /// Something landed in the cloud while it was watched.
    News {
        news: &'a News,
    },
    /// What a command of the demonstration printed, as it came.
    Heard {
        bytes: &'a [u8],
    },
    /// A command that the demonstration types.
    Typed {
        who: &'a str,
        line: &'a str,
    },
    /// What the demonstration says between commands.
    Said {
        text: &'a str,
    },
    /// So many of a long row are done.
    #[serde(skip)]
    Counted {
        /// What is done to what: `Judging entries`.
        what: &'static str,
        done: usize,
        of: usize,
    },
    /// The row is over, to its end or not.
    #[serde(skip)]
    CountEnded,
    /// A piece of the page of the ledger.
    #[serde(skip)]
    Page {
        piece: Piece<'a>,
    },
}

/// A long row of the same work, which is counted. Over once it is dropped.
pub(crate) struct Counting<'c> {
    context: &'c Context,
    what: &'static str,
    done: usize,
    of: usize,
}

impl Counting<'_> {
    /// One more is done.
    pub(crate) fn step(&mut self) {
        self.done += 1;
        self.context.tell(Event::Counted {
            what: self.what,
            done: self.done,
            of: self.of,
        });
    }
}

impl Drop for Counting<'_> {
    fn drop(&mut self) {
        self.context.tell(Event::CountEnded);
    }
}

impl Context {
    /// Begins to count a row of `of`: `what` says what is done to what, like `Judging entries`.
    pub(crate) fn counting(&self, what: &'static str, of: usize) -> Counting<'_> {
        let counting = Counting {
            context: self,
            what,
            done: 0,
            of,
        };
        self.tell(Event::Counted { what, done: 0, of });
        counting
    }

    /// Reports an event.
    pub(crate) fn tell(&self, event: Event<'_>) {
        (self.sink)(event);
    }

    /// Reports something worth knowing.
    pub(crate) fn note(&self, text: impl AsRef<str>) {
        self.tell(Event::Note {
            text: text.as_ref(),
        });
    }

    /// Reports something worth a look.
    pub(crate) fn warn(&self, text: impl AsRef<str>) {
        // A poisoned lock only means that another thread panicked meanwhile.
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(warned) = warned.as_mut()
            && !warned.insert(text.as_ref().to_owned())
        {
            return;
        }
        drop(warned);
        self.tell(Event::Warning {
            text: text.as_ref(),
        });
    }

    /// From here on, no warning is given twice.
    pub(crate) fn warn_once(&self) {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        warned.get_or_insert_default();
    }

    /// Reports something for `-v`.
    pub(crate) fn detail(&self, text: impl AsRef<str>) {
        self.tell(Event::Detail {
            text: text.as_ref(),
        });
    }

    /// A variable of the environment, where it is set and not empty.
    pub(crate) fn env(&self, name: &str) -> Option<String> {
        std::env::var(name).ok().filter(|value| !value.is_empty())
    }

    /// Whether a program of that name is on `PATH`.
    pub(crate) fn finds(&self, program: &str) -> bool {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    }

    /// The clock, to the second, in this machine's zone.
    pub(crate) fn now(&self) -> Stamp {
        use chrono::SubsecRound;
        chrono::Local::now().fixed_offset().trunc_subsecs(0)
    }

    /// 122 random bits in hex: what tells two otherwise identical commits apart.
    pub(crate) fn nonce(&self) -> String {
        uuid::Uuid::new_v4().simple().to_string()
    }

    /// A number below `bound`, for waiting a different time than the others.
    pub(crate) fn random_below(&self, bound: u64) -> u64 {
        uuid::Uuid::new_v4().as_u64_pair().1 % bound.max(1)
    }

    /// Whether this process runs in CI.
    pub(crate) fn is_ci(&self) -> bool {
        engine::is_ci(|name| self.env(name))
    }

    /// The id of an intent to promote `version`: random, or in CI derived from the engine's id of
    /// the run, because a rerun of the job may have lost the workspace that remembered it.
    pub(crate) fn promotion_id(
        &self,
        version: &Version,
        hash: impl Fn(&[u8]) -> Option<Oid>,
    ) -> String {
        self.derived_id(version, hash)
            .unwrap_or_else(|| self.nonce())
    }

    /// The same where it is derived: what an earlier run of the job called its promotion, too.
    pub(crate) fn derived_id(
        &self,
        version: &Version,
        hash: impl Fn(&[u8]) -> Option<Oid>,
    ) -> Option<String> {
        let (name, id) = engine::run_id(|name| self.env(name))?;
        let text = format!("gryt promotion {name} {id} {version}");
        let oid = hash(text.as_bytes())?;
        Some(oid.as_str()[..32].to_owned())
    }
}
