//! Who did something, and when.

use std::fmt;

use chrono::{DateTime, Datelike, FixedOffset};
use serde::{Deserialize, Serialize};

/// A moment with the offset of the clock that it was read from.
pub type Stamp = DateTime<FixedOffset>;

/// A moment as it is written everywhere: RFC 3339, to the second, with the zone that it was noted in.
pub(crate) fn moment(at: &Stamp) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// A moment as the cache keeps it: in UTC and of one width, so that text sorts and counts as moments do.
/// Git can hold years that no calendar writes in four digits; they are kept as the last one, or the first.
pub(crate) fn instant(at: &Stamp) -> String {
    let (first, last) = ("0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z");
    match at.to_utc().year() {
        ..0 => first.to_owned(),
        0..=9999 => at
            .to_utc()
            .to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        _ => last.to_owned(),
    }
}

/// The zone in which a moment was noted, like `+02:00`: what [`instant`] leaves out.
pub(crate) fn zone(at: &Stamp) -> String {
    at.format("%:z").to_string()
}

/// The moment of an [`instant`] in its [`zone`].
///
/// # Errors
/// They are not what those write.
pub(crate) fn stamp(instant: &str, zone: &str) -> Result<Stamp, chrono::ParseError> {
    let zone: FixedOffset = zone.parse()?;
    Ok(instant.parse::<Stamp>()?.with_timezone(&zone))
}

/// A person as git names one. Two are the same person if their emails, as they were written, are equal without
/// regard to case. The reader's mailmap changes only what lists show.
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

    /// Whether that is this person's email.
    pub fn has(&self, email: &str) -> bool {
        self.email.eq_ignore_ascii_case(email)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_sort_as_moments_do_and_give_them_back() {
        let at = |text: &str| text.parse::<Stamp>().unwrap();
        // Each later than the one before, whatever its text says.
        let moments = [
            at("2026-01-01T01:00:00+14:00"),
            at("2025-12-31T23:30:00+05:30"),
            at("2026-01-01T00:00:00+05:00"),
            at("2025-12-31T23:59:59-00:30"),
            at("2026-01-01T00:30:00+00:00"),
            at("2025-12-31T13:00:00-12:00"),
        ];
        let written: Vec<String> = moments.iter().map(instant).collect();
        assert!(written.is_sorted(), "{written:?}");
        assert!(written.iter().all(|text| text.len() == 20), "{written:?}");
        for (moment, text) in moments.iter().zip(&written) {
            let read = stamp(text, &zone(moment)).unwrap();
            assert_eq!(read.to_rfc3339(), moment.to_rfc3339());
        }
        let seconds = |seconds| DateTime::from_timestamp(seconds, 0).unwrap().fixed_offset();
        for far in [-62_167_219_201, 253_402_300_800, 8_000_000_000_000] {
            let text = instant(&seconds(far));
            assert_eq!(text.len(), 20, "{text}");
            assert!(stamp(&text, "+00:00").is_ok(), "{text}");
        }
    }
}
