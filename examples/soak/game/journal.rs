//! What everybody did, how it ended, and what was acknowledged to whom.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::json;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Exit(i32),
    /// The game killed its process group.
    Killed,
    /// Something else did.
    Signal(i32),
    /// It did not end in its time.
    Overdue,
}

/// One command of one client.
#[derive(Debug, Clone)]
pub(crate) struct Act {
    pub client: usize,
    /// The clone; clients in linked worktrees of one clone are one person.
    pub person: usize,
    pub line: String,
    pub began: Duration,
    pub took: Duration,
    pub ended: Ended,
    pub out: String,
    pub err: String,
    /// Another process of this clone was killed, and a lock of its may have been in the way.
    pub disturbed: bool,
}

impl Act {
    pub(crate) fn exited(&self, code: i32) -> bool {
        self.ended == Ended::Exit(code)
    }

    /// Whether it printed this, for people or as JSON.
    pub(crate) fn says(&self, text: &str) -> bool {
        self.err.contains(text) || self.out.contains(text)
    }

    /// Its verb without arguments.
    pub(crate) fn command(&self) -> String {
        let words: Vec<&str> = self.line.split(' ').collect();
        let count = match words[0] {
            "generation" | "evolution" | "sync" | "cache" => 2,
            _ => 1,
        };
        words[..count.min(words.len())].join(" ")
    }

    /// One line of the journal.
    pub(crate) fn told(&self) -> String {
        let ended = match self.ended {
            Ended::Exit(code) => format!("exit {code}"),
            Ended::Killed => "killed".into(),
            Ended::Signal(signal) => format!("signal {signal}"),
            Ended::Overdue => "overdue".into(),
        };
        let json = self
            .out
            .lines()
            .find(|line| line.trim_start().starts_with("\"error\": "));
        let err: Vec<&str> = json.into_iter().chain(self.err.lines()).take(6).collect();
        format!(
            "{:>8.3} s +{:.3} client {} (clone {}) $ git gryt {} -> {ended} {}",
            self.began.as_secs_f64(),
            self.took.as_secs_f64(),
            self.client,
            self.person,
            self.line,
            err.join(" / ")
        )
    }
}

/// Something that was acknowledged, or taken back on purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fact {
    /// A change with this id was put into a draft.
    Edited(String),
    /// Somebody was about to take it out again.
    Dropped(String),
    /// A proof whose log or address holds this mark was recorded.
    Proved(String),
    /// An evolution was about to be abandoned, with all that its owner proved there.
    Abandoned { version: String, change: String },
    /// A promotion went into the cloud's ledger.
    Promoted { version: String, id: String },
}

#[derive(Debug, Default)]
pub(crate) struct Pages {
    pub acts: Vec<Act>,
    /// Each with the index of its act.
    pub facts: Vec<(usize, Fact)>,
}

impl Pages {
    pub(crate) fn kills(&self) -> usize {
        self.acts
            .iter()
            .filter(|act| act.ended == Ended::Killed)
            .count()
    }

    /// The last acts of a clone, oldest first.
    pub(crate) fn last(&self, person: usize, count: usize) -> Vec<String> {
        let acts = self.acts.iter().rev().filter(|act| act.person == person);
        let mut told: Vec<String> = acts.take(count).map(Act::told).collect();
        told.reverse();
        told
    }
}

pub(crate) struct Journal {
    begun: Instant,
    pages: Mutex<Pages>,
    file: Mutex<File>,
}

impl Journal {
    pub(crate) fn new(path: &Path) -> Result<Self> {
        Ok(Self {
            begun: Instant::now(),
            pages: Mutex::default(),
            file: Mutex::new(File::create(path)?),
        })
    }

    pub(crate) fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    pub(crate) fn read(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes an act down, and returns its index.
    pub(crate) fn act(&self, act: &Act) -> Result<usize> {
        let line = json!({
            "client": act.client,
            "clone": act.person,
            "began": act.began.as_secs_f64(),
            "took": act.took.as_secs_f64(),
            "line": act.line,
            "ended": format!("{:?}", act.ended),
            "disturbed": act.disturbed,
            "out": act.out,
            "err": act.err,
        });
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(file, "{line}")?;
        let mut pages = self.read();
        pages.acts.push(act.clone());
        Ok(pages.acts.len() - 1)
    }

    /// Notes what an act acknowledged.
    pub(crate) fn fact(&self, act: usize, fact: Fact) {
        self.read().facts.push((act, fact));
    }
}
