//! A release's tag that the cloud refused, and when it is sent again.

use chrono::{DateTime, TimeDelta};

use super::Stamp;
use super::person::moment;

/// How often a tag was refused, and when last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Untagged {
    pub tries: u32,
    pub at: Stamp,
}

/// The longest time between two tries, in minutes.
const LONGEST: i64 = 24 * 60;

impl Untagged {
    /// As it is kept.
    pub(crate) fn text(&self) -> String {
        format!("{} {}", self.tries, moment(&self.at))
    }

    /// Reads what was kept.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (tries, at) = text.trim().split_once(' ')?;
        Some(Self {
            tries: tries.parse().ok()?,
            at: DateTime::parse_from_rfc3339(at).ok()?,
        })
    }

    /// Whether it is time to send it again: at once after the first refusal, and after a pause that grows
    /// with each further one.
    pub(crate) fn is_due(&self, now: &Stamp) -> bool {
        let minutes = (1 << self.tries.saturating_sub(1).min(11)) - 1;
        let pause = TimeDelta::minutes(LONGEST.min(minutes));
        now.signed_duration_since(self.at) >= pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_grows_with_each_refusal_up_to_a_day() {
        let at = DateTime::parse_from_rfc3339("2026-01-02T03:04:05Z").unwrap();
        let due =
            |tries, minutes| Untagged { tries, at }.is_due(&(at + TimeDelta::minutes(minutes)));
        assert!(due(1, 0) && !due(2, 0) && due(2, 1));
        assert!(!due(9, 254) && due(9, 255));
        assert!(!due(99, 1439) && due(99, 1440));
        let kept = Untagged { tries: 3, at };
        assert_eq!(Untagged::parse(&kept.text()), Some(kept));
        assert_eq!(Untagged::parse("x"), None);
    }
}
