//! How the tags of releases are named: a project that was there before gryt keeps its own way.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Invalid, Version};

/// A pattern with `{version}` (`v1.2.0`, `billing/v1.2.0`) or `{number}` (`1.2.0`), and `{product}`
/// before it where the team has products. What a version without a product is called begins after
/// `{product}` and its separator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct TagFormat {
    text: String,
    /// What stands before the product, and between it and the rest.
    product: Option<(String, String)>,
    before: String,
    kind: Kind,
    after: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Version,
    Number,
}

/// Formats that are looked for where a project has tags already, the default first.
const KNOWN: [&str; 6] = [
    "{version}",
    "{number}",
    "{product}@{number}",
    "{product}-v{number}",
    "{product}@v{number}",
    "release-{number}",
];

impl TagFormat {
    /// The name of a version's tag, without `refs/tags/`.
    pub fn name(&self, version: &Version) -> String {
        let bare = version.bare();
        let number = bare.strip_prefix('v').unwrap_or(bare);
        let shown = match (self.kind, &self.product) {
            (Kind::Version, None) => version.as_str(),
            (Kind::Version, Some(_)) => bare,
            (Kind::Number, _) => number,
        };
        let own = format!("{}{shown}{}", self.before, self.after);
        match (version.product(), &self.product) {
            (Some(product), Some((lead, separator))) => format!("{lead}{product}{separator}{own}"),
            (Some(product), None) if self.kind == Kind::Number => format!("{product}/{own}"),
            _ => own,
        }
    }

    /// The version whose tag has this name.
    pub fn version(&self, tag: &str) -> Option<Version> {
        let parsed: Version = match &self.product {
            Some((lead, separator)) => {
                let split = tag.strip_prefix(lead.as_str()).and_then(|rest| {
                    let at = rest.rfind(&format!("{separator}{}", self.before))?;
                    Some((&rest[..at], &rest[at + separator.len()..]))
                });
                match split {
                    Some((product, own)) if !product.is_empty() => {
                        format!("{product}/{}", self.own(own)?).parse().ok()?
                    }
                    _ => self.own(tag)?.parse().ok()?,
                }
            }
            None => match (self.kind, tag.rsplit_once('/')) {
                (Kind::Number, Some((product, own))) => {
                    format!("{product}/{}", self.own(own)?).parse().ok()?
                }
                (Kind::Number, None) => self.own(tag)?.parse().ok()?,
                (Kind::Version, _) => tag
                    .strip_prefix(self.before.as_str())?
                    .strip_suffix(self.after.as_str())?
                    .parse()
                    .ok()?,
            },
        };
        (self.name(&parsed) == tag).then_some(parsed)
    }

    /// The bare version in a name from which the product is gone.
    fn own<'t>(&self, name: &'t str) -> Option<std::borrow::Cow<'t, str>> {
        let middle = name
            .strip_prefix(self.before.as_str())?
            .strip_suffix(self.after.as_str())?;
        match self.kind {
            Kind::Version => middle.starts_with('v').then_some(middle.into()),
            Kind::Number => {
                let digit = middle.starts_with(|c: char| c.is_ascii_digit());
                digit.then(|| format!("v{middle}").into())
            }
        }
    }

    /// The format that most of `tags` have; none where none has any.
    pub fn found(tags: &[impl AsRef<str>]) -> Option<Self> {
        let fits = |format: &Self| {
            let of_it = tags
                .iter()
                .filter(|tag| format.version(tag.as_ref()).is_some());
            of_it.count()
        };
        let known = KNOWN.iter().filter_map(|text| text.parse::<Self>().ok());
        let mut best: Option<(usize, Self)> = None;
        for format in known {
            let count = fits(&format);
            // Of formats that fit as many, the first and simplest one is meant.
            if count > best.as_ref().map_or(0, |(count, _)| *count) {
                best = Some((count, format));
            }
        }
        best.map(|(_, format)| format)
    }
}

/// A tag that stands in the way of a release's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum InTheWay {
    /// It is of that version.
    Same(String),
    /// Its name differs from the release's in case alone: some file systems hold one of the two.
    Alike(String),
    /// Its name stands where the other's needs a folder, or the other way round.
    Folder(String),
}

impl InTheWay {
    /// The one of `tags` that is worst for a release of `version`.
    pub(crate) fn find<'t>(
        tags: impl Iterator<Item = &'t str>,
        version: &Version,
        format: &TagFormat,
    ) -> Option<Self> {
        let own = format.name(version);
        let lower = own.to_lowercase();
        let below = |name: &str, of: &str| {
            name.strip_prefix(of)
                .is_some_and(|rest| rest.starts_with('/'))
        };
        let mut found = None;
        for tag in tags {
            let same = tag == own || of(tag, format).is_some_and(|tagged| tagged == *version);
            if same {
                return Some(Self::Same(tag.to_owned()));
            }
            if below(tag, &own) || below(&own, tag) {
                found = Some(Self::Folder(tag.to_owned()));
            } else if tag.to_lowercase() == lower && found.is_none() {
                found = Some(Self::Alike(tag.to_owned()));
            }
        }
        found
    }
}

/// The version that a tag is of, build metadata aside: to Semantic Versioning v2.0.0+build.5 is v2.0.0.
pub(crate) fn of(tag: &str, format: &TagFormat) -> Option<Version> {
    let bare = tag.split_once('+').map_or(tag, |(bare, _)| bare);
    format.version(bare).or_else(|| bare.parse().ok())
}

impl Default for TagFormat {
    fn default() -> Self {
        Self {
            text: KNOWN[0].to_owned(),
            product: None,
            before: String::new(),
            kind: Kind::Version,
            after: String::new(),
        }
    }
}

impl FromStr for TagFormat {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let wrong = |rule: &str| {
            let rule = format!("`{text}` is not a format for tags: {rule}");
            Err(Invalid::new(rule))
        };
        let (lead, rest) = match text.split_once("{product}") {
            Some((lead, rest)) => (Some(lead), rest),
            None => (None, text),
        };
        let (kind, middle) = match (rest.find("{version}"), rest.find("{number}")) {
            (Some(at), None) => (Kind::Version, (at, "{version}".len())),
            (None, Some(at)) => (Kind::Number, (at, "{number}".len())),
            _ => return wrong("it has {version} or {number}, once"),
        };
        let (before, after) = (&rest[..middle.0], &rest[middle.0 + middle.1..]);
        let all = [lead.unwrap_or(""), before, after].concat();
        let legal = |c: char| c.is_ascii_alphanumeric() || "-_./@+".contains(c);
        if !all.chars().all(legal) || all.contains("..") || all.contains("@{") {
            return wrong("beside the names it has letters, digits and -_./@+");
        }
        // The separator is what stands between the product and the version's own lead.
        let cut = before
            .find(|c: char| c.is_ascii_alphanumeric())
            .unwrap_or(before.len());
        let (product, before) = match lead {
            Some(_) if cut == 0 => return wrong("something stands between {product} and the rest"),
            Some(lead) => {
                let product = (lead.to_owned(), before[..cut].to_owned());
                (Some(product), &before[cut..])
            }
            None => (None, before),
        };
        let format = Self {
            text: text.to_owned(),
            product,
            before: before.to_owned(),
            kind,
            after: after.to_owned(),
        };
        let sample: Version = "v1.2.3".parse()?;
        if format.version(&format.name(&sample)) != Some(sample) {
            return wrong("a tag of that form does not tell its version");
        }
        Ok(format)
    }
}

impl fmt::Display for TagFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for TagFormat {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<TagFormat> for String {
    fn from(format: TagFormat) -> Self {
        format.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn each_format_names_a_version_and_reads_it_back() {
        for (format, plain, product) in [
            ("{version}", "v1.2.3", "billing/v1.2.3"),
            ("{number}", "1.2.3", "billing/1.2.3"),
            ("{product}@{number}", "1.2.3", "billing@1.2.3"),
            ("{product}-v{number}", "v1.2.3", "billing-v1.2.3"),
            ("{product}@v{number}", "v1.2.3", "billing@v1.2.3"),
            ("{product}/{version}", "v1.2.3", "billing/v1.2.3"),
            ("release-{number}", "release-1.2.3", "billing/release-1.2.3"),
        ] {
            let format: TagFormat = format.parse().unwrap();
            assert_eq!(format.name(&v("v1.2.3")), plain);
            assert_eq!(format.name(&v("billing/v1.2.3")), product);
            assert_eq!(format.version(plain), Some(v("v1.2.3")), "{format}");
            assert_eq!(
                format.version(product),
                Some(v("billing/v1.2.3")),
                "{format}"
            );
        }
        let number: TagFormat = "{number}".parse().unwrap();
        assert_eq!(number.version("v1.2.3"), None);
        assert_eq!(TagFormat::default().version("1.2.3"), None);
    }

    #[test]
    fn what_names_no_version_is_no_format() {
        for bad in [
            "",
            "v",
            "{product}",
            "{version}{number}",
            "{number} x",
            "{product}{number}",
        ] {
            assert!(bad.parse::<TagFormat>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_format_of_a_project_is_found_from_its_tags() {
        let found = |tags: &[&str]| TagFormat::found(tags).map(String::from);
        assert_eq!(
            found(&["v1.0.0", "v1.1.0", "nightly"]).as_deref(),
            Some("{version}")
        );
        assert_eq!(found(&["1.0.0", "1.1.0"]).as_deref(), Some("{number}"));
        let both = ["1.0.0", "billing@1.0.0", "billing@1.1.0"];
        assert_eq!(found(&both).as_deref(), Some("{product}@{number}"));
        assert_eq!(found(&["nightly"]), None);
    }
}
