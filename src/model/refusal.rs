//! A rule saying no, and the exit codes.

use std::fmt;

use serde::Serialize;

use super::Invalid;

/// How a command ends. The numbers are part of the interface (README, "Exit codes").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, strum::EnumIter)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    Done = 0,
    /// I/O, or a broken repository.
    Failure = 1,
    Usage = 2,
    /// The version exists already, or is promoted already.
    Taken = 3,
    /// The cloud is ahead, or the branch is not pushed.
    OutOfStep = 4,
    /// A gate refused the promotion, or the pipeline failed.
    Gate = 5,
    /// Two sides disagree and a person has to choose.
    Conflict = 6,
    /// An invalid or unknown contract, change, pipeline or name.
    Invalid = 7,
    /// Unreachable, refused the push, or the outcome is not known yet.
    Remote = 8,
    /// The remote's history was rewritten or does not verify.
    Rewritten = 9,
    /// The user ended it.
    Interrupted = 130,
}

impl Exit {
    /// The process's exit status.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// What it means, as the README and the man pages say it.
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failure => "failure: I/O, a broken repository",
            Self::Usage => "usage",
            Self::Taken => "version taken: it exists already, or is promoted already",
            Self::OutOfStep => "out of step with the cloud: pull first, or push your branch first",
            Self::Gate => "a gate refused the promotion, or the pipeline failed",
            Self::Conflict => "conflict: a person has to choose",
            Self::Invalid => "invalid or unknown contract, change, pipeline, policy or name",
            Self::Remote => {
                "remote unreachable, or refused the push, or the outcome is not known yet"
            }
            Self::Rewritten => "the remote's history was rewritten or does not verify",
            Self::Interrupted => "interrupted",
        }
    }
}

/// What the code that meets a refusal has to know of it. Its words are for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cause {
    /// Nothing that anybody asks about.
    #[default]
    Other,
    /// The commit holds no pipeline at all.
    NoPipelines,
    /// The cloud answered, and what it has could not be stored here.
    NotStored,
    /// The connection to the cloud did not stand: a moment later it may.
    BrokenLine,
    /// It stood, and broke off before all had arrived.
    BrokenFetch,
    /// The cloud asked to come back later.
    Busy,
    /// The cloud answered a push, and refused it.
    PushRefused,
    /// The version is promoted.
    Promoted,
    /// A program is missing here that others judge with.
    NoProgram,
    /// What is about to be committed cannot be read by gryt: the one thing that its hooks stop.
    StopsCommit,
}

/// A rule that says no: what happened to which name, why, and what to type next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Refusal {
    pub exit: Exit,
    /// One line, which names what it is about.
    pub what: String,
    /// Further lines, in the order in which they are read.
    pub why: Vec<String>,
    /// Commands that lead on. Never one that destroys something as it stands.
    pub next: Vec<String>,
    #[serde(skip)]
    pub cause: Cause,
    /// A name that was probably mistyped, and the one that was meant.
    #[serde(skip)]
    pub meant: Option<Box<Meant>>,
}

/// A name as it was typed, and one that is known and reads much like it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meant {
    pub typed: String,
    pub near: String,
}

impl Refusal {
    /// Whether what the disk lacks may be behind it: something failed here, and no rule said no.
    pub(crate) fn is_of_disk(&self) -> bool {
        self.exit == Exit::Failure || self.cause == Cause::NotStored
    }

    /// A refusal with its first line.
    pub fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self {
            exit,
            what: what.into(),
            why: Vec::new(),
            next: Vec::new(),
            cause: Cause::Other,
            meant: None,
        }
    }

    /// A file that breaks rules: each mistake a line.
    pub(crate) fn of_file(file: &str, invalid: &Invalid) -> Self {
        let mut refusal = Self::new(Exit::Invalid, format!("{file}: {invalid}"));
        refusal
            .why
            .extend(invalid.more.iter().map(ToString::to_string));
        refusal
    }

    /// What happened, and why, a line each.
    pub(crate) fn lines(&self) -> String {
        let all = std::iter::once(&self.what).chain(&self.why);
        all.map(String::as_str).collect::<Vec<_>>().join("\n")
    }

    /// Says what the code that meets it has to know.
    #[must_use]
    pub fn caused(mut self, cause: Cause) -> Self {
        self.cause = cause;
        self
    }

    /// Adds a line of explanation.
    #[must_use]
    pub fn because(mut self, line: impl Into<String>) -> Self {
        self.why.push(line.into());
        self
    }

    /// Asks whether a known name was meant: the command is proposed with it, before what else leads on.
    #[must_use]
    pub fn or_meant(mut self, typed: impl Into<String>, near: impl Into<String>) -> Self {
        let (typed, near) = (typed.into(), near.into());
        self = self.because(format!("Did you mean {near}?"));
        self.meant = Some(Box::new(Meant { typed, near }));
        self
    }

    /// Adds a command that leads on.
    #[must_use]
    pub fn then(mut self, command: impl Into<String>) -> Self {
        self.next.push(command.into());
        self
    }
}

impl From<Invalid> for Refusal {
    fn from(invalid: Invalid) -> Self {
        let mut refusal = Self::new(Exit::Invalid, invalid.to_string());
        refusal
            .why
            .extend(invalid.more.iter().map(ToString::to_string));
        refusal
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Refusal {}
