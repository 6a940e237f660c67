//! Numbers over time: promotions, how long changes took, and how many proofs passed.

use std::collections::BTreeMap;

/// What the charts show.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Figures {
    /// Each month in which something was promoted or proven, as `2026-01`.
    pub months: BTreeMap<String, Counts>,
    /// How long each change took from its first evolution to the promotion, in seconds.
    pub took: Vec<i64>,
}

/// What a month, or a year, came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub promotions: usize,
    pub proofs: usize,
    pub passed: usize,
}

impl Counts {
    /// How many of the proofs passed, in percent; none where there are none.
    pub(crate) fn rate(self) -> Option<usize> {
        (self.proofs > 0).then(|| (self.passed * 100 + self.proofs / 2) / self.proofs)
    }

    fn add(&mut self, other: Self) {
        self.promotions += other.promotions;
        self.proofs += other.proofs;
        self.passed += other.passed;
    }
}

/// How many columns a chart has at most. Clocks may be set to any year.
const MOST: usize = 120;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// A span of time that changes are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// Its end, in seconds.
    until: i64,
    pub name: &'static str,
    /// The same where there is little room.
    pub short: &'static str,
}

const fn span_of(until: i64, name: &'static str, short: &'static str) -> Span {
    Span { until, name, short }
}

const SPANS: [Span; 7] = [
    span_of(HOUR, "Under an hour", "< 1 h"),
    span_of(DAY, "1 hour to a day", "< 1 d"),
    span_of(3 * DAY, "1 to 3 days", "< 3 d"),
    span_of(7 * DAY, "3 to 7 days", "< 7 d"),
    span_of(30 * DAY, "7 to 30 days", "< 30 d"),
    span_of(90 * DAY, "30 to 90 days", "< 90 d"),
    span_of(i64::MAX, "Longer", "longer"),
];

impl Figures {
    /// A column for each month, those without anything included; or for each year, where that were too many.
    pub(crate) fn columns(&self) -> Vec<(String, Counts)> {
        let months: Option<Vec<i64>> = self.months.keys().map(|month| number(month)).collect();
        let mut columns: Vec<(String, Counts)> = match months.as_deref() {
            Some([first, .., last]) if last - first < MOST as i64 => (*first..=*last)
                .map(|at| {
                    let name = format!("{:04}-{:02}", at / 12, at % 12 + 1);
                    let counts = self.months.get(&name).copied().unwrap_or_default();
                    (name, counts)
                })
                .collect(),
            Some([_]) => self.months.clone().into_iter().collect(),
            _ => {
                let mut years: BTreeMap<String, Counts> = BTreeMap::new();
                for (month, counts) in &self.months {
                    let year = month.get(..4).unwrap_or(month);
                    years.entry(year.to_owned()).or_default().add(*counts);
                }
                years.into_iter().collect()
            }
        };
        let beyond = columns.len().saturating_sub(MOST);
        columns.split_off(beyond)
    }

    /// How many changes took how long.
    pub(crate) fn spans(&self) -> Vec<(Span, usize)> {
        let mut found = SPANS.map(|span| (span, 0));
        for took in &self.took {
            let at = SPANS.iter().position(|span| *took < span.until);
            found[at.unwrap_or(SPANS.len() - 1)].1 += 1;
        }
        found.into()
    }

    /// How long the fastest `percent` of the changes took at most, in words; none where there were none.
    pub(crate) fn within(&self, percent: usize) -> Option<String> {
        let mut took = self.took.clone();
        took.sort_unstable();
        let rank = (took.len() * percent).div_ceil(100).max(1);
        took.get(rank - 1).map(|seconds| span(*seconds))
    }
}

/// The number of a month like `2026-01`, counted from the year 0.
fn number(month: &str) -> Option<i64> {
    let (year, month) = month.split_once('-')?;
    Some(year.parse::<i64>().ok()? * 12 + month.parse::<i64>().ok()? - 1)
}

/// A time in words, to one decimal.
fn span(seconds: i64) -> String {
    let tenths = |unit: i64| (seconds.saturating_mul(10).saturating_add(unit / 2)) / unit;
    let said = |unit: i64, name: &str| match (tenths(unit) / 10, tenths(unit) % 10) {
        (1, 0) => format!("1 {name}"),
        (whole, 0) => format!("{whole} {name}s"),
        (whole, tenth) => format!("{whole}.{tenth} {name}s"),
    };
    match seconds {
        ..60 => "a minute".to_owned(),
        60..HOUR => said(60, "minute"),
        HOUR..DAY => said(HOUR, "hour"),
        DAY.. => said(DAY, "day"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(months: &[&str], took: &[i64]) -> Figures {
        let one = Counts {
            promotions: 1,
            proofs: 3,
            passed: 2,
        };
        Figures {
            months: months.iter().map(|month| ((*month).into(), one)).collect(),
            took: took.to_vec(),
        }
    }

    #[test]
    fn months_without_anything_are_shown_and_no_clock_makes_a_chart_endless() {
        let names = |months: &[&str]| -> Vec<String> {
            let columns = figures(months, &[]).columns();
            columns.into_iter().map(|(name, _)| name).collect()
        };
        assert!(names(&[]).is_empty());
        assert_eq!(names(&["2026-01"]), ["2026-01"]);
        assert_eq!(
            names(&["2025-11", "2026-02"]),
            ["2025-11", "2025-12", "2026-01", "2026-02"]
        );
        assert_eq!(names(&["1970-01", "1970-03", "9999-12"]), ["1970", "9999"]);
        let years: Vec<String> = (0..300).map(|year| format!("{year:04}-01")).collect();
        let years: Vec<&str> = years.iter().map(String::as_str).collect();
        let found = names(&years);
        assert_eq!((found.len(), found[0].as_str()), (MOST, "0180"));
        let rate = figures(&["2026-01"], &[]).months["2026-01"].rate();
        assert_eq!((rate, Counts::default().rate()), (Some(67), None));
    }

    #[test]
    fn spans_hold_every_change_and_are_said_in_words() {
        let all = figures(&[], &[-5, 0, HOUR, DAY, DAY * 36 / 10, i64::MAX]);
        let counts: Vec<usize> = all.spans().into_iter().map(|(_, count)| count).collect();
        assert_eq!(counts, [2, 1, 1, 1, 0, 0, 1]);
        assert_eq!(all.within(50).as_deref(), Some("1 hour"));
        let some = figures(&[], &[90, 5400, DAY * 36 / 10]);
        assert_eq!(some.within(1).as_deref(), Some("1.5 minutes"));
        assert_eq!(some.within(50).as_deref(), Some("1.5 hours"));
        assert_eq!(all.within(1).as_deref(), Some("a minute"));
        assert_eq!(some.within(90).as_deref(), Some("3.6 days"));
        assert_eq!(figures(&[], &[]).within(50), None);
    }
}
