//! How a team names its versions, and which one comes next (docs/policy.md, "versions").

use std::collections::BTreeMap;
use std::fmt;

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

use super::mailmap::People;
use super::{Exit, Invalid, Person, Refusal, Version};

/// The strategies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// Any version that is free.
    #[default]
    Free,
    /// The day: v2026.01.15, and v2026.01.15.1 for a second one.
    Date,
    /// Each developer, by email, has ranges such as `v1.2.x`.
    Ranges(BTreeMap<String, Vec<Range>>),
}

/// All versions that begin with some numbers: `v1.2.x`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct Range {
    product: Option<String>,
    numbers: Vec<u64>,
}

/// Which number is counted up, the farthest-reaching last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Patch,
    Minor,
    Major,
}

/// What a proposal is made from.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    pub product: Option<&'a str>,
    /// Every version of that product that anybody has: promoted, drafted, here, in the cloud, or
    /// as a tag.
    pub taken: &'a [Version],
    /// Count on from this one, not from the highest.
    pub from: Option<&'a Version>,
    pub today: NaiveDate,
    pub me: &'a Person,
}

impl Scheme {
    /// Whether there is a rule at all.
    pub fn rules(&self) -> bool {
        *self != Self::Free
    }

    /// Whether `by` may declare `version`.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub(crate) fn check(
        &self,
        version: &Version,
        by: &Person,
        people: &People,
    ) -> Result<(), String> {
        match self {
            Self::Free => Ok(()),
            Self::Date if is_day(version) => Ok(()),
            Self::Date => Err(format!(
                "{version} is not a day: the policy names versions like v2026.01.15"
            )),
            Self::Ranges(all) => match ranges(all, |email| people.has(by, email)) {
                own if own.iter().any(|range| range.contains(version)) => Ok(()),
                [] => Err(format!("the policy assigns {by} no versions")),
                own => Err(format!(
                    "{version} is none of the versions that the policy assigns {by}: {}",
                    listed(own)
                )),
            },
        }
    }

    /// Whether `version` says that a change of that level came with it, after the `last` release.
    /// Nothing released counts as v0.0.0, and a day says nothing of what changed.
    pub(crate) fn reaches(&self, level: Level, version: &Version, last: Option<&Version>) -> bool {
        if matches!(self, Self::Date) {
            return true;
        }
        let count = match level {
            Level::Major => 1,
            Level::Minor => 2,
            Level::Patch => return true,
        };
        let numbers = |version: &Version| [0, 1].map(|at| version.number(at));
        numbers(version)[..count] > last.map_or([0, 0], numbers)[..count]
    }

    /// The next version that nobody has.
    ///
    /// # Errors
    /// [`Exit::Invalid`] where the policy leaves none.
    pub fn propose(&self, level: Level, known: &Known<'_>) -> Result<Version, Refusal> {
        match self {
            Self::Free => Ok(free(level, known)?),
            Self::Date => Ok(day(known)?),
            Self::Ranges(all) => ranged(ranges(all, |email| known.me.has(email)), level, known),
        }
    }
}

impl Level {
    /// The article and its name, as in "a minor change".
    pub(crate) fn named(self) -> &'static str {
        match self {
            Self::Patch => "a patch",
            Self::Minor => "a minor change",
            Self::Major => "a major change",
        }
    }
}

/// The last release before `version`; a pre-release is none.
pub(crate) fn before<'a>(version: &Version, released: &'a [Version]) -> Option<&'a Version> {
    let earlier = |known: &&Version| *known < version && !known.is_pre_release();
    released.iter().filter(earlier).max()
}

fn ranges(all: &BTreeMap<String, Vec<Range>>, is_own: impl Fn(&str) -> bool) -> &[Range] {
    all.iter()
        .find(|(email, _)| is_own(email))
        .map_or(&[], |(_, ranges)| ranges)
}

fn listed(ranges: &[Range]) -> String {
    let names: Vec<String> = ranges.iter().map(ToString::to_string).collect();
    names.join(", ")
}

fn is_day(version: &Version) -> bool {
    let [year, month, day] = [0, 1, 2].map(|at| u32::try_from(version.number(at)).unwrap_or(0));
    let whole = (3..=4).contains(&version.width()) && !version.is_pre_release();
    let year = i32::try_from(year).unwrap_or(0);
    whole && year >= 1970 && NaiveDate::from_ymd_opt(year, month, day).is_some()
}

fn spelled(product: Option<&str>, numbers: &str) -> Result<Version, Invalid> {
    match product {
        Some(product) => format!("{product}/v{numbers}").parse(),
        None => format!("v{numbers}").parse(),
    }
}

/// The number after the highest that `found` yields, or `first`.
fn after(found: impl Iterator<Item = u64>, first: u64) -> Result<u64, Invalid> {
    match found.max() {
        None => Ok(first),
        Some(highest) => highest
            .checked_add(1)
            .ok_or_else(|| Invalid::new("there is no higher number")),
    }
}

fn free(level: Level, known: &Known<'_>) -> Result<Version, Invalid> {
    let taken = known.taken;
    let Some(base) = known.from.or(taken.iter().max()) else {
        return spelled(
            known.product,
            match level {
                Level::Major => "1.0.0",
                Level::Minor => "0.1.0",
                Level::Patch => "0.0.1",
            },
        );
    };
    let [major, minor, patch] = [0, 1, 2].map(|at| base.number(at));
    // As in Semantic Versioning: what follows a candidate is the release that it stood for.
    let rounded = match level {
        Level::Major => minor == 0 && patch == 0,
        Level::Minor => patch == 0,
        Level::Patch => true,
    };
    if base.is_pre_release() && rounded {
        let release = spelled(known.product, &format!("{major}.{minor}.{patch}"))?;
        if !taken.contains(&release) {
            return Ok(release);
        }
    }
    let same = |v: &&Version, width: usize| (0..width).all(|at| v.number(at) == base.number(at));
    let on = |width: usize| {
        let line = taken.iter().chain([base]).filter(move |v| same(v, width));
        line.map(move |v| v.number(width))
    };
    let numbers = match level {
        Level::Major => [after(on(0), 1)?, 0, 0],
        Level::Minor => [major, after(on(1), 0)?, 0],
        Level::Patch => [major, minor, after(on(2), 0)?],
    };
    // A team that writes v2024.01.15 goes on with v2024.01.16.
    let widths = widths(base);
    let shown = [0, 1, 2].map(|at| format!("{:0width$}", numbers[at], width = widths[at]));
    spelled(known.product, &shown.join("."))
}

/// How wide each of the first three numbers is written, where it has leading zeros.
fn widths(base: &Version) -> [usize; 3] {
    let bare = base.bare().trim_start_matches('v');
    let release = bare.split('-').next().unwrap_or(bare);
    let mut widths = [1; 3];
    for (width, number) in widths.iter_mut().zip(release.split('.')) {
        if number.len() > 1 && number.starts_with('0') {
            *width = number.len();
        }
    }
    widths
}

fn day(known: &Known<'_>) -> Result<Version, Invalid> {
    let today = known.today;
    let day = format!(
        "{:04}.{:02}.{:02}",
        today.year(),
        today.month(),
        today.day()
    );
    let first = spelled(known.product, &day)?;
    let same_day = |v: &&Version| (0..3).all(|at| v.number(at) == first.number(at));
    let serials = known.taken.iter().filter(same_day).map(|v| v.number(3));
    match after(serials, 0)? {
        0 => Ok(first),
        serial => spelled(known.product, &format!("{day}.{serial}")),
    }
}

fn ranged(own: &[Range], level: Level, known: &Known<'_>) -> Result<Version, Refusal> {
    let mut own: Vec<&Range> = own
        .iter()
        .filter(|r| r.product.as_deref() == known.product)
        .collect();
    own.sort();
    let of_range = |v: &Version| own.iter().position(|range| range.contains(v));
    let mine = known.taken.iter().filter(|v| of_range(v).is_some()).max();
    let at = known
        .from
        .and_then(of_range)
        .or_else(|| mine.and_then(of_range));
    let major = |range: &Range| range.numbers.first().copied();
    let found = match (level, at) {
        (_, None) => own.first(),
        (Level::Patch, Some(at)) => own.get(at),
        (Level::Minor, Some(at)) => own[at + 1..].iter().find(|r| major(r) == major(own[at])),
        (Level::Major, Some(at)) => own[at + 1..].iter().find(|r| major(r) > major(own[at])),
    };
    let Some(range) = found else {
        let what = format!("The policy assigns {} no such version", known.me);
        let refusal = Refusal::new(Exit::Invalid, what);
        let names: Vec<String> = own.iter().map(ToString::to_string).collect();
        return Err(match names.as_slice() {
            [] => refusal,
            names => refusal.because(format!("It assigns {}", names.join(", "))),
        });
    };
    let width = range.numbers.len();
    let inside = known.taken.iter().filter(|v| range.contains(v));
    let last = after(inside.map(|v| v.number(width)), 0)?;
    let mut numbers = range.numbers.clone();
    numbers.push(last);
    numbers.resize(numbers.len().max(3), 0);
    let text: Vec<String> = numbers.iter().map(u64::to_string).collect();
    Ok(spelled(known.product, &text.join("."))?)
}

impl Range {
    /// Whether the version is in it.
    pub fn contains(&self, version: &Version) -> bool {
        self.product.as_deref() == version.product() && self.holds_number(version)
    }

    /// Whether the version's number is in it, whatever its product is.
    pub(crate) fn holds_number(&self, version: &Version) -> bool {
        let same = |(at, number): (usize, &u64)| version.number(at) == *number;
        self.numbers.iter().enumerate().all(same)
    }

    /// How many numbers its versions share.
    pub(crate) fn width(&self) -> usize {
        self.numbers.len()
    }

    /// The product whose versions they are.
    pub(crate) fn product(&self) -> Option<&str> {
        self.product.as_deref()
    }
}

impl TryFrom<String> for Range {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        let wrong = || Invalid::new(format!("`{text}` is not a range of versions, like v1.2.x"));
        let begin = text.strip_suffix(".x").ok_or_else(wrong)?;
        let version: Version = begin.parse().map_err(|_| wrong())?;
        if version.is_pre_release() {
            return Err(wrong());
        }
        Ok(Self {
            numbers: (0..version.width()).map(|at| version.number(at)).collect(),
            product: version.product().map(str::to_owned),
        })
    }
}

impl From<Range> for String {
    fn from(range: Range) -> Self {
        range.to_string()
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(product) = &self.product {
            write!(f, "{product}/")?;
        }
        f.write_str("v")?;
        for number in &self.numbers {
            write!(f, "{number}.")?;
        }
        f.write_str("x")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ann() -> Person {
        Person {
            name: "Ann".into(),
            email: "ann@example.com".into(),
        }
    }

    fn next(scheme: &Scheme, level: Level, taken: &[&str], from: Option<&str>) -> String {
        let taken: Vec<Version> = taken.iter().map(|v| v.parse().unwrap()).collect();
        let from: Option<Version> = from.map(|v| v.parse().unwrap());
        let known = Known {
            product: from.as_ref().and_then(|v| v.product()),
            taken: &taken,
            from: from.as_ref(),
            today: NaiveDate::from_ymd_opt(2026, 1, 5).unwrap(),
            me: &ann(),
        };
        match scheme.propose(level, &known) {
            Ok(version) => version.to_string(),
            Err(refusal) => refusal.what,
        }
    }

    #[test]
    fn numbers_count_as_numbers_and_from_is_another_line() {
        let free = |level, taken: &[&str], from| next(&Scheme::Free, level, taken, from);
        let taken = ["v1.2.9", "v1.2.3", "v2.0.0", "v1.10.0"];
        assert_eq!(free(Level::Patch, &taken[..2], None), "v1.2.10");
        assert_eq!(free(Level::Patch, &taken, None), "v2.0.1");
        assert_eq!(free(Level::Minor, &taken, None), "v2.1.0");
        assert_eq!(free(Level::Major, &taken, None), "v3.0.0");
        assert_eq!(free(Level::Patch, &taken, Some("v1.2.3")), "v1.2.10");
        assert_eq!(free(Level::Minor, &taken, Some("v1.2.3")), "v1.11.0");
        assert_eq!(
            free(Level::Patch, &[], Some("billing/v1.0")),
            "billing/v1.0.1"
        );
        assert_eq!(free(Level::Minor, &[], None), "v0.1.0");
        assert_eq!(free(Level::Patch, &["v2.0.0-rc.1"], None), "v2.0.0");
        assert_eq!(
            free(Level::Patch, &["v1.4.0-rc.1", "v1.4.0"], None),
            "v1.4.1"
        );
        assert_eq!(free(Level::Minor, &["v1.4.2-rc.1"], None), "v1.5.0");
    }

    #[test]
    fn a_version_reaches_as_far_as_its_first_number_that_is_higher() {
        for (version, released, patch, minor, major) in [
            ("v1.4.3", &["v1.4.2", "v2.0.0"][..], true, false, false),
            ("v1.5.0", &["v1.4.2"], true, true, false),
            ("v2.0.0", &["v1.4.2", "v2.0.0-rc.1"], true, true, true),
            ("v0.0.1", &[], true, false, false),
            ("v0.1.0", &[], true, true, false),
            ("v1.0.0", &["v0.9.0"], true, true, true),
        ] {
            let version: Version = version.parse().unwrap();
            let released: Vec<Version> = released.iter().map(|v| v.parse().unwrap()).collect();
            let last = before(&version, &released);
            let reaches = [Level::Patch, Level::Minor, Level::Major]
                .map(|level| Scheme::Free.reaches(level, &version, last));
            assert_eq!(reaches, [patch, minor, major], "{version}");
            assert!(Scheme::Date.reaches(Level::Major, &version, last));
        }
    }

    #[test]
    fn a_day_has_one_version_and_then_serials() {
        let date = |taken: &[&str]| next(&Scheme::Date, Level::Patch, taken, None);
        assert_eq!(date(&["v2025.12.31"]), "v2026.01.05");
        assert_eq!(date(&["v2026.1.5"]), "v2026.01.05.1");
        assert_eq!(date(&["v2026.01.05", "v2026.01.05.9"]), "v2026.01.05.10");
        for (version, fits) in [
            ("v2024.02.29", true),
            ("v2024.02.29.2", true),
            ("v2023.02.29", false),
            ("v2024.2", false),
            ("v1.0.0", false),
            ("v2024.01.15-rc.1", false),
        ] {
            let found = Scheme::Date.check(&version.parse().unwrap(), &ann(), &People::default());
            assert_eq!(found.is_ok(), fits, "{version}");
        }
    }

    #[test]
    fn everybody_stays_in_the_ranges_assigned() {
        #[derive(Deserialize)]
        struct Doc {
            #[serde(with = "serde_yaml::with::singleton_map")]
            versions: Scheme,
        }
        let text = "versions:\n  ranges:\n    Ann@example.com: [v1.0.x, v1.2.x, v2.0.x]\n";
        let scheme = serde_yaml::from_str::<Doc>(text).unwrap().versions;
        let check =
            |v: &str, who: &Person| scheme.check(&v.parse().unwrap(), who, &People::default());
        assert!(check("v1.2.7", &ann()).is_ok());
        assert!(check("v1.1.0", &ann()).unwrap_err().contains("v1.0.x"));
        let bob = Person {
            name: "Bob".into(),
            email: "bob@example.com".into(),
        };
        assert!(check("v1.0.0", &bob).is_err());
        let ann = |level, taken: &[&str], from| next(&scheme, level, taken, from);
        assert_eq!(ann(Level::Patch, &["v1.1.4"], None), "v1.0.0");
        assert_eq!(ann(Level::Patch, &["v1.0.9", "v1.1.0"], None), "v1.0.10");
        assert_eq!(ann(Level::Minor, &["v1.0.9"], None), "v1.2.0");
        assert_eq!(ann(Level::Major, &["v1.0.9"], None), "v2.0.0");
        assert_eq!(
            ann(Level::Patch, &["v2.0.0", "v1.0.0"], Some("v1.0.0")),
            "v1.0.1"
        );
        assert!(ann(Level::Major, &["v2.0.0"], None).contains("no such"));
    }
}
