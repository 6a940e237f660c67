//! Version names: `v1.2.0`, `v2024.01.15`, `v2.0.0-rc.1`, `billing/v1.2.0`.
//!
//! The rules are in docs/format.md, "Names". Two spellings that compare equal are one version.

#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::Invalid;

/// The longest name of a version, product included, in bytes.
const MAX_LENGTH: usize = 100;

/// A version's name. `Eq` and `Ord` compare its numbers (`v2.0` equals `v2.0.0`); [`as_str`] is its spelling,
/// which refs, paths and tags use.
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
