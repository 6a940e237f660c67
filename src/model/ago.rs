//! How long ago something was, as git's `--date=relative` says it (git's date.c, `show_date_relative`).

use super::Stamp;

/// In words; none for what is still to come by this clock.
pub(crate) fn ago(at: &Stamp, now: &Stamp) -> Option<String> {
    let seconds = u64::try_from((*now - *at).num_seconds()).ok()?;
    let minutes = (seconds + 30) / 60;
    let hours = (minutes + 30) / 60;
    let days = (hours + 12) / 24;
    let said = |count: u64, one: &str| match count {
        1 => format!("1 {one} ago"),
        _ => format!("{count} {one}s ago"),
    };
    Some(if seconds < 90 {
        said(seconds, "second")
    } else if minutes < 90 {
        said(minutes, "minute")
    } else if hours < 36 {
        said(hours, "hour")
    } else if days < 14 {
        said(days, "day")
    } else if days < 70 {
        said((days + 3) / 7, "week")
    } else if days < 365 {
        said((days + 15) / 30, "month")
    } else if days < 5 * 365 {
        let months = (days * 12 * 2 + 365) / (365 * 2);
        match (months / 12, months % 12) {
            (years, 0) => said(years, "year"),
            (1, months) => format!("1 year, {}", said(months, "month")),
            (years, months) => format!("{years} years, {}", said(months, "month")),
        }
    } else {
        said((days + 183) / 365, "year")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_as_far_away_as_git_says() {
        let now: Stamp = "2026-11-28T08:00:00+01:00".parse().unwrap();
        for (at, said) in [
            ("2026-11-28T07:00:00Z", Some("0 seconds ago")),
            ("2026-11-28T07:00:01Z", None),
            ("2026-11-28T06:59:59Z", Some("1 second ago")),
            ("2026-11-28T06:00:00Z", Some("60 minutes ago")),
            ("2026-11-27T07:00:00Z", Some("24 hours ago")),
            ("2026-11-25T07:00:00Z", Some("3 days ago")),
            ("2026-10-28T07:00:00Z", Some("4 weeks ago")),
            ("2026-06-28T07:00:00Z", Some("5 months ago")),
            ("2025-11-28T07:00:00Z", Some("1 year ago")),
            ("2024-10-28T07:00:00Z", Some("2 years, 1 month ago")),
            ("2016-11-28T07:00:00Z", Some("10 years ago")),
        ] {
            assert_eq!(ago(&at.parse().unwrap(), &now).as_deref(), said, "{at}");
        }
    }
}
