//! Who did something, and when.

use std::fmt;

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

/// A moment with the offset of the clock that it was read from.
pub type Stamp = DateTime<FixedOffset>;

/// A moment as it is written everywhere: RFC 3339, to the second, with the zone that it was noted in.
pub(crate) fn moment(at: &Stamp) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// A person as git knows one. Two people are the same when their emails are, without regard to
/// case; they are compared as they were written. The reader's mailmap changes only what lists show.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Person {
    pub name: String,
    pub email: String,
}

impl Person {
    /// Whether both are the same person.
    pub fn is(&self, other: &Person) -> bool {
        self.email.eq_ignore_ascii_case(&other.email)
    }

    /// Whether a contract that says `who` means this person: by email, the part of it before the
    /// `@`, or the name.
    pub fn goes_by(&self, who: &str) -> bool {
        let who = who.trim();
        let local = self.email.split('@').next().unwrap_or_default();
        [self.email.as_str(), local, self.name.as_str()]
            .iter()
            .any(|known| known.to_lowercase() == who.to_lowercase())
    }
}

impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} <{}>", self.name, self.email)
    }
}

impl PartialEq for Person {
    fn eq(&self, other: &Person) -> bool {
        self.is(other)
    }
}
