//! Version names: `v1.2.0`, `v2024.01.15`, `v2.0.0-rc.1`, `billing/v1.2.0`.
//!
//! The rules are in docs/format.md, "Names". Two spellings that compare equal are one version.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Invalid;

/// The longest name of a version, product included, in bytes.
const MAX_LENGTH: usize = 100;

/// A version's name. `Eq` and `Ord` compare what it means (`v2.0` equals `v2.0.0`); [`as_str`]
/// is how it was spelled, and what refs, paths and tags carry.
///
/// [`as_str`]: Version::as_str
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct Version {
    text: String,
    product: Option<String>,
    numbers: Vec<u64>,
    pre: Vec<String>,
}

impl Version {
    /// The name as it was spelled, with its `v`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// How many numbers it is spelled with.
    pub(crate) fn numbers(&self) -> usize {
        self.numbers.len()
    }

    /// The product, where a repository releases several.
    pub fn product(&self) -> Option<&str> {
        self.product.as_deref()
    }

    /// Where the ledger keeps a file of the release: `releases/2/2.0/v2.0.0.generation.yaml`, or
    /// `releases/billing/2/2.0/v2.0.0.generation.yaml` with a product.
    pub fn path(&self, file: &str) -> String {
        format!("releases/{}/{}.{file}", self.shelf(), self.leaf())
    }

    /// The folder where the ledger keeps its withdrawals: `withdrawals/2/2.0/v2.0.0`.
    pub fn withdrawals(&self) -> String {
        format!("withdrawals/{}/{}", self.shelf(), self.leaf())
    }

    /// Where the ledger keeps what is known of it, if it was released before gryt was there:
    /// `imports/2/2.0/v2.0.0.yaml`.
    pub fn import(&self) -> String {
        format!("imports/{}/{}.yaml", self.shelf(), self.leaf())
    }

    fn leaf(&self) -> &str {
        self.text.rsplit('/').next().unwrap_or(&self.text)
    }

    /// The folder that holds the files of a release, below `releases/`. Versions that compare equal
    /// share it, so that one listing tells whether a version is taken; it holds the patches of one
    /// minor.
    pub fn shelf(&self) -> String {
        let major = self.number(0);
        let minor = self.number(1);
        match &self.product {
            Some(product) => format!("{product}/{major}/{major}.{minor}"),
            None => format!("{major}/{major}.{minor}"),
        }
    }

    /// The next names in order of preference for one who lost this one: the last number counted
    /// up, or the last number of the pre-release.
    pub fn successors(&self) -> impl Iterator<Item = Version> + use<> {
        std::iter::successors(Some(self.counted_up()), |v| Some(v.counted_up()))
    }

    fn counted_up(&self) -> Version {
        let (head, last) = match self.text.rfind(|c: char| !c.is_ascii_digit()) {
            Some(at) => self.text.split_at(at + 1),
            None => ("", self.text.as_str()),
        };
        let text = match last.parse::<u64>().ok().and_then(|n| n.checked_add(1)) {
            // The width stays, so that v2024.01.09 is followed by v2024.01.10.
            Some(n) => format!("{head}{n:0width$}", width = last.len()),
            None => format!("{}.1", self.text),
        };
        let above = |text: &str| text.parse().ok().filter(|next: &Version| next > self);
        // Words compare as words: `-rc10` is below `-rc9`. Only a name at the limit of its length has no
        // successor.
        above(&text)
            .or_else(|| above(&format!("{}.1", self.text)))
            .unwrap_or_else(|| self.clone())
    }

    /// It without its product: `v1.2.0`.
    pub fn bare(&self) -> &str {
        self.text
            .rsplit_once('/')
            .map_or(&*self.text, |(_, bare)| bare)
    }

    /// The number at that place; missing ones are 0.
    pub fn number(&self, at: usize) -> u64 {
        self.numbers.get(at).copied().unwrap_or(0)
    }

    /// How many numbers were written.
    pub fn width(&self) -> usize {
        self.numbers.len()
    }

    /// The numbers as they were written.
    fn written(&self) -> impl Iterator<Item = &str> {
        let bare = self.leaf().trim_start_matches('v');
        bare.split('-').next().unwrap_or(bare).split('.')
    }

    /// Whether a number is written with a zero before it, as days are: `v2026.01.15`.
    pub fn is_padded(&self) -> bool {
        let padded = |number: &str| number.len() > 1 && number.starts_with('0');
        self.written().any(padded)
    }

    /// What was meant where the first number is written with a zero before it, as no year is.
    pub fn slip(&self) -> Option<Version> {
        let first = self.written().next()?;
        (first.len() > 1 && first.starts_with('0')).then(|| self.unpadded())
    }

    /// The same version without such zeros.
    pub fn unpadded(&self) -> Version {
        let numbers: Vec<String> = self.numbers.iter().map(u64::to_string).collect();
        let pre = match self.pre.as_slice() {
            [] => String::new(),
            pre => format!("-{}", pre.join(".")),
        };
        let product = self
            .product
            .as_ref()
            .map_or(String::new(), |p| format!("{p}/"));
        Version {
            text: format!("{product}v{}{pre}", numbers.join(".")),
            ..self.clone()
        }
    }

    /// Whether it is a later patch on the line of `earlier`: all of its numbers but the last are the
    /// same.
    pub fn goes_on(&self, earlier: &Version) -> bool {
        let width = self.width().max(earlier.width());
        let line = 0..width.saturating_sub(1);
        self.product == earlier.product
            && earlier < self
            && width > 2
            && line
                .into_iter()
                .all(|at| self.number(at) == earlier.number(at))
    }

    /// Whether it is a candidate for the release of its numbers.
    pub fn is_pre_release(&self) -> bool {
        !self.pre.is_empty()
    }
}

impl FromStr for Version {
    type Err = Invalid;

    fn from_str(given: &str) -> Result<Self, Invalid> {
        Self::read(given).map_err(|invalid| {
            let lower = given.to_ascii_lowercase();
            match Self::read(&lower) {
                Ok(meant) if lower != given => Invalid::new(format!(
                    "`{given}` is not a version, which is written in lower case: did you mean {meant}?"
                )),
                _ => invalid,
            }
        })
    }
}

impl Version {
    fn read(given: &str) -> Result<Self, Invalid> {
        let (product, bare) = match given.rsplit_once('/') {
            Some((product, bare)) => (Some(product), bare),
            None => (None, given),
        };
        if let Some(product) = product {
            check_product(product)?;
        }
        // Taken as with its `v`, as the original does.
        let digits = bare.strip_prefix('v').unwrap_or(bare);
        let (release, pre) = match digits.split_once('-') {
            Some((release, pre)) => (release, Some(pre)),
            None => (digits, None),
        };
        let wrong = |rule: &str| Invalid::new(format!("`{given}` is not a version: {rule}"));
        let mut numbers = Vec::new();
        for part in release.split('.') {
            if part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) {
                return Err(wrong(
                    "write `v` and numbers separated by dots, like v1.2.0 or v2.0.0-rc.1",
                ));
            }
            numbers.push(part.parse().map_err(|_| wrong("a number is too large"))?);
        }
        let pre: Vec<String> = match pre {
            None => Vec::new(),
            Some(pre) => pre.split('.').map(str::to_owned).collect(),
        };
        let lower = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if pre.iter().any(|p| p.is_empty() || !p.bytes().all(lower)) {
            return Err(wrong(
                "a pre-release is lower-case letters, digits and hyphens between dots",
            ));
        }
        if pre.last().is_some_and(|last| last == "lock") {
            return Err(wrong("git allows no name that ends in .lock"));
        }
        let text = match product {
            Some(product) => format!("{product}/v{digits}"),
            None => format!("v{digits}"),
        };
        if text.len() > MAX_LENGTH {
            return Err(wrong("it is longer than 100 characters"));
        }
        Ok(Self {
            text,
            product: product.map(str::to_owned),
            numbers,
            pre,
        })
    }
}

fn check_product(product: &str) -> Result<(), Invalid> {
    let wrong = |rule: &str| Invalid::new(format!("`{product}` is not a product: {rule}"));
    let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
    if !product.starts_with(|c: char| c.is_ascii_lowercase()) || !product.bytes().all(legal) {
        return Err(wrong(
            "write one lower-case word that starts with a letter, like billing/v1.2.0",
        ));
    }
    if let Some(rule) = illegal_component(product) {
        return Err(wrong(rule));
    }
    if product.parse::<Version>().is_ok() {
        return Err(wrong("it reads as a version"));
    }
    Ok(())
}

/// Why `name` cannot be one component of a ref and a file name on every platform
/// (git-check-ref-format(1), and the reserved names of Windows).
pub(super) fn illegal_component(name: &str) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    let stem = lower.split('.').next().unwrap_or_default();
    let numbered = |device: &str| {
        stem.strip_prefix(device)
            .is_some_and(|n| matches!(n.as_bytes(), [b'1'..=b'9']))
    };
    if lower.contains("..") {
        Some("git allows no two dots in a row")
    } else if lower.ends_with('.') {
        Some("git allows no dot at the end")
    } else if lower.ends_with(".lock") {
        Some("git allows no name that ends in .lock")
    } else if matches!(stem, "con" | "prn" | "aux" | "nul") || numbered("com") || numbered("lpt") {
        Some("Windows keeps that name for a device")
    } else {
        None
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let width = self.numbers.len().max(other.numbers.len());
        let numbers = || (0..width).map(|at| self.number(at).cmp(&other.number(at)));
        self.product
            .cmp(&other.product)
            .then_with(|| numbers().find(|o| o.is_ne()).unwrap_or(Ordering::Equal))
            .then_with(|| compare_pre(&self.pre, &other.pre))
    }
}

/// Pre-releases as in Semantic Versioning 2.0.0, rule 11: a release is above its pre-releases,
/// numbers compare as numbers and stand below words.
fn compare_pre(left: &[String], right: &[String]) -> Ordering {
    match (left.is_empty(), right.is_empty()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    for (l, r) in left.iter().zip(right) {
        let order = match (number(l), number(r)) {
            (Some(l), Some(r)) => l.len().cmp(&r.len()).then_with(|| l.cmp(r)),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => l.cmp(r),
        };
        if order.is_ne() {
            return order;
        }
    }
    left.len().cmp(&right.len())
}

/// The digits of a numeric identifier without leading zeros.
fn number(identifier: &str) -> Option<&str> {
    let numeric = identifier.bytes().all(|b| b.is_ascii_digit());
    numeric.then(|| identifier.trim_start_matches('0'))
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Version {}

impl TryFrom<String> for Version {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.text
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn the_next_one_is_above_although_words_compare_as_words() {
        for (version, next) in [
            ("v1.0.0-rc9", "v1.0.0-rc9.1"),
            ("v1.0.0-rc8", "v1.0.0-rc9"),
            ("v1.0.0-rc.9", "v1.0.0-rc.10"),
        ] {
            let version: Version = version.parse().unwrap();
            let found = version.successors().next().unwrap();
            assert_eq!(found.as_str(), next);
            assert!(found > version);
        }
    }

    #[test]
    fn spellings_that_mean_the_same_are_one() {
        for (left, right) in [
            ("v2.0", "v2.0.0"),
            ("v1.2", "v1.02"),
            ("1.2.0", "v1.2.0"),
            ("v1-rc.1", "v1.0-rc.01"),
        ] {
            assert_eq!(v(left), v(right), "{left} {right}");
            assert_eq!(v(left).shelf(), v(right).shelf(), "{left} {right}");
        }
        assert_ne!(v("billing/v1.0.0"), v("v1.0.0"));
    }

    #[test]
    fn order_is_by_number_and_a_release_is_above_its_candidates() {
        let rising = [
            "v1.2.9",
            "v1.2.10",
            "v2.0.0-alpha",
            "v2.0.0-rc.2",
            "v2.0.0-rc.10",
            "v2.0.0",
            "v2024.01.15",
        ];
        assert!(rising.windows(2).all(|w| v(w[0]) < v(w[1])));
    }

    #[test]
    fn a_slip_is_known_for_what_was_meant() {
        let said = |text: &str| text.parse::<Version>().unwrap_err().to_string();
        assert!(said("V1.8.0").ends_with("did you mean v1.8.0?"));
        assert!(said("v1.0-RC.1").ends_with("did you mean v1.0-rc.1?"));
        assert!(said("Billing/V1.0").ends_with("did you mean billing/v1.0?"));
        assert!(!said("vx").contains("did you mean"));
        for (typed, meant) in [
            ("v01.8.0", Some("v1.8.0")),
            ("b/v007.08-rc.01", Some("b/v7.8-rc.01")),
            ("v0.8.0", None),
            ("v2026.01.15", None),
            ("v1.08.0", None),
        ] {
            let slip = v(typed).slip();
            assert_eq!(slip.as_ref().map(Version::as_str), meant, "{typed}");
            assert!(slip.is_none_or(|slip| slip == v(typed)), "{typed}");
        }
        assert!(v("v1.08.0").is_padded() && v("v2026.01.15").is_padded());
        assert!(!v("v0.10.0-rc.01").is_padded());
        assert_eq!(v("v1.08.0").unpadded().as_str(), "v1.8.0");
    }

    #[test]
    fn a_patch_goes_on_a_line() {
        assert!(v("v1.0.1").goes_on(&v("v1.0.0")));
        assert!(v("v1.0.5").goes_on(&v("v1.0")));
        for (later, earlier) in [
            ("v1.1.0", "v1.0.0"),
            ("v1.0.0", "v1.0.0"),
            ("v1.0.0", "v1.0.1"),
            ("v1.1", "v1.0"),
            ("a/v1.0.1", "v1.0.0"),
        ] {
            assert!(!v(later).goes_on(&v(earlier)), "{later} {earlier}");
        }
    }

    #[test]
    fn what_no_ref_or_path_could_carry_is_refused() {
        for bad in [
            "",
            "v",
            "vx",
            "v1..0",
            "v1.",
            "v1.0-",
            "v1.0-RC",
            "v1.0-a..b",
            "v1.0-rc.lock",
            "v1/v2.0",
            "Billing/v1.0",
            "a/b/v1.0",
            "con/v1.0",
            "a../v1.0",
            "v1.0 ",
            "v1.0\n",
            "v99999999999999999999",
            "-v1",
            "../v1.0",
        ] {
            assert!(bad.parse::<Version>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_ledger_shelves_a_release_by_minor() {
        assert_eq!(v("v2.0.0").path("x"), "releases/2/2.0/v2.0.0.x");
        assert_eq!(v("v5").path("x"), "releases/5/5.0/v5.x");
        assert_eq!(v("v2024.01.15").shelf(), "2024/2024.1");
        let of_product = "releases/billing/2/2.0/v2.0.x";
        assert_eq!(v("billing/v2.0").path("x"), of_product);
        assert_eq!(v("v5").withdrawals(), "withdrawals/5/5.0/v5");
        assert_eq!(v("a/v5").import(), "imports/a/5/5.0/v5.yaml");
    }

    #[test]
    fn the_loser_is_offered_the_next_number() {
        let next = |text: &str| v(text).successors().next().unwrap().to_string();
        assert_eq!(next("v1.0.0"), "v1.0.1");
        assert_eq!(next("v1.2.9"), "v1.2.10");
        assert_eq!(next("v2024.01.09"), "v2024.01.10");
        assert_eq!(next("v2.0.0-rc.1"), "v2.0.0-rc.2");
        assert_eq!(next("v2.0.0-beta"), "v2.0.0-beta.1");
        assert_eq!(next("v18446744073709551615"), "v18446744073709551615.1");
    }

    /// Versions near each other: the same few numbers, in any spelling.
    fn any_version() -> impl proptest::strategy::Strategy<Value = Version> {
        let text = "(b/)?v(0|1|2|01)(\\.(0|1|00)){0,3}(-(rc|a|0)(\\.(0|1|01|x)){0,2})?";
        proptest::strategy::Strategy::prop_map(text, |text: String| v(&text))
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(2000))]

        #[test]
        fn order_is_total_and_agrees_with_equality_and_the_shelf(
            a in any_version(), b in any_version(), c in any_version()
        ) {
            proptest::prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
            proptest::prop_assert_eq!(a == b, a.cmp(&b).is_eq());
            if a <= b && b <= c {
                proptest::prop_assert!(a <= c, "{a} {b} {c}");
            }
            if a == b {
                proptest::prop_assert_eq!(a.shelf(), b.shelf());
            }
            proptest::prop_assert_eq!(&v(a.as_str()), &a);
        }
    }
}
