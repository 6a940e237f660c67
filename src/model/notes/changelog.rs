//! A changelog that people write and git gryt adds to: each release's section ends in a line that marks it
//! as written here, with a digest. A section is replaced while it is what the digest says, and nothing else
//! of the file is touched.

use std::fmt::Write;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::model::Version;

/// What a changelog begins with where there is none.
const BEGINNING: &str = "# Changelog\n\nAll notable changes to this project are documented in this file, in the form of\n\
     [Keep a Changelog](https://keepachangelog.com/en/1.1.0/).\n\n";

/// What became of a version's section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Became {
    /// There was none.
    Added,
    /// The one that was written before is another now.
    Replaced,
    /// It says that already.
    Unchanged,
    /// It was written here, and somebody edited it: it was left alone.
    Edited,
    /// Somebody else wrote one: it was left alone.
    Foreign,
}

/// The changelog with the section of a version in its place. `section` is as `Notes::section` writes it.
pub(crate) fn with(text: &str, version: &Version, section: &str) -> (String, Became) {
    let section = format!("{section}{}", mark(version, section));
    if text.trim_start_matches('\u{feff}').trim().is_empty() {
        return (format!("{BEGINNING}{section}\n"), Became::Added);
    }
    let file = File::read(text);
    let end = file.end();
    let section = section.replace('\n', end);
    match file.own(version) {
        Some(Own::Whole { from, to }) if text[from..to] == section => {
            return (text.to_owned(), Became::Unchanged);
        }
        Some(Own::Whole { from, to }) => {
            let new = format!("{}{section}{}", &text[..from], &text[to..]);
            return (new, Became::Replaced);
        }
        Some(Own::Edited) => return (text.to_owned(), Became::Edited),
        None => {}
    }
    if file.headings().any(|heading| heading.is(version)) {
        return (text.to_owned(), Became::Foreign);
    }
    let nth = file.place(version);
    let at = file.lines.get(nth).map_or(text.len(), |line| line.at);
    let (before, after) = text.split_at(at);
    let above = nth.checked_sub(1).map(|above| &file.lines[above]);
    let gap = match above {
        None => String::new(),
        Some(_) if !before.ends_with('\n') => end.repeat(2),
        Some(above) if above.text.trim().is_empty() => String::new(),
        Some(_) => end.to_owned(),
    };
    let rest = match (after.is_empty(), before.ends_with('\n')) {
        (false, _) => end.repeat(2),
        (true, true) => end.to_owned(),
        // A file that does not end in a line's end still does not.
        (true, false) => String::new(),
    };
    let new = format!("{before}{gap}{section}{rest}{after}");
    (new, Became::Added)
}

/// The line that ends a section of ours.
fn mark(version: &Version, section: &str) -> String {
    let digest = Sha256::digest(section.as_bytes());
    let mut text = format!("<!-- git gryt notes {version} ");
    for byte in &digest[..8] {
        _ = write!(text, "{byte:02x}");
    }
    text + " -->"
}

/// A line, where it begins, and whether it is text: not within a block of code or a comment.
struct Line<'t> {
    at: usize,
    text: &'t str,
    plain: bool,
}

struct Heading<'t> {
    /// The line where it stands.
    nth: usize,
    /// The word that it begins with, without brackets.
    name: &'t str,
    level: usize,
}

impl Heading<'_> {
    fn version(&self) -> Option<Version> {
        self.name.parse().ok()
    }

    fn is(&self, version: &Version) -> bool {
        self.version().is_some_and(|found| found == *version)
    }

    fn is_unreleased(&self) -> bool {
        self.name.eq_ignore_ascii_case("unreleased")
    }
}

/// A section of ours.
enum Own {
    /// As it was written.
    Whole {
        from: usize,
        to: usize,
    },
    Edited,
}

struct File<'t> {
    lines: Vec<Line<'t>>,
}

impl<'t> File<'t> {
    fn read(text: &'t str) -> Self {
        let mut lines = Vec::new();
        let (mut at, mut fence, mut comment) = (0, None, false);
        for whole in text.split_inclusive('\n') {
            let line = whole.trim_end_matches('\n').trim_end_matches('\r');
            let line = match at {
                0 => line.trim_start_matches('\u{feff}'),
                _ => line,
            };
            let inside = fence.is_some() || comment;
            let opens = opened(line).filter(|_| !comment);
            match (fence, opens) {
                (None, Some(opens)) => fence = Some(opens),
                (Some((char, length)), Some((other, closes)))
                    if char == other
                        && closes >= length
                        && line.trim().trim_start_matches(char).is_empty() =>
                {
                    fence = None;
                }
                _ => {}
            }
            if fence.is_none() {
                comment = is_open(line, comment);
            }
            lines.push(Line {
                at: at + whole.find(line).unwrap_or(0),
                text: line,
                plain: !inside && opens.is_none(),
            });
            at += whole.len();
        }
        Self { lines }
    }

    /// How its lines end.
    fn end(&self) -> &'static str {
        let second = self.lines.get(1).map(|line| line.at);
        let first = self.lines.first().map(|line| line.at + line.text.len());
        match (first, second) {
            (Some(first), Some(second)) if second - first == 2 => "\r\n",
            _ => "\n",
        }
    }

    fn headings(&self) -> impl Iterator<Item = Heading<'t>> {
        self.lines.iter().enumerate().filter_map(|(nth, line)| {
            if !line.plain {
                return None;
            }
            let level = line.text.bytes().take_while(|byte| *byte == b'#').count();
            let rest = &line.text[level..];
            let (level, title) = match (level, self.lines.get(nth + 1)) {
                (1..=6, _) if rest.is_empty() || rest.starts_with([' ', '\t']) => (level, rest),
                // Or what is underlined.
                (0, Some(below)) if below.plain && !rest.trim().is_empty() => {
                    let all = |of: char| {
                        let below = below.text.trim_end();
                        below.len() > 1 && below.chars().all(|char| char == of)
                    };
                    match (all('='), all('-')) {
                        (true, _) => (1, rest),
                        (_, true) => (2, rest),
                        _ => return None,
                    }
                }
                _ => return None,
            };
            let title = title.trim();
            let title = title.strip_prefix('[').unwrap_or(title);
            let ends = |c: char| c.is_whitespace() || "](:,".contains(c);
            let name = title.split(ends).next().unwrap_or_default();
            Some(Heading { nth, name, level })
        })
    }

    /// The section that was written here for a version.
    fn own(&self, version: &Version) -> Option<Own> {
        let begins = format!("<!-- git gryt notes {version} ");
        let marks = |line: &Line<'_>| line.plain && line.text.starts_with(&begins);
        let last = self.lines.iter().position(marks)?;
        let title = format!("## [{version}]");
        let heads = |line: &Line<'_>| line.plain && line.text.starts_with(&title);
        let Some(first) = self.lines[..last].iter().rposition(heads) else {
            return Some(Own::Edited);
        };
        let mut section = String::new();
        for line in &self.lines[first..last] {
            section.extend([line.text, "\n"]);
        }
        let mark_line = &self.lines[last];
        Some(match mark(version, &section) == mark_line.text {
            true => Own::Whole {
                from: self.lines[first].at,
                to: mark_line.at + mark_line.text.len(),
            },
            false => Own::Edited,
        })
    }

    /// The line before which a version's section belongs: before the first lower version; else behind all
    /// versions; else behind what is unreleased. What is above that stays on top, and the references of links
    /// stay at the end.
    fn place(&self, version: &Version) -> usize {
        let heads: Vec<Heading<'_>> = self.headings().filter(|head| head.level < 3).collect();
        let alike = |head: &&Heading<'_>| {
            let found = head.version();
            found.is_some_and(|found| found.product() == version.product())
        };
        let lower = |head: &&Heading<'_>| head.version().is_some_and(|found| found < *version);
        if let Some(head) = heads.iter().filter(alike).find(lower) {
            return head.nth;
        }
        let behind = |at: usize| heads.get(at + 1).map_or(self.references(), |head| head.nth);
        if let Some(last) = heads.iter().rposition(|head| alike(&head)) {
            return behind(last);
        }
        match heads.iter().position(Heading::is_unreleased) {
            Some(unreleased) => behind(unreleased),
            None => {
                let first = heads.iter().find(|head| head.version().is_some());
                first.map_or(self.references(), |head| head.nth)
            }
        }
    }

    /// Where the references of links begin that the file ends in; its end where there are none.
    fn references(&self) -> usize {
        let mut begin = self.lines.len();
        for (nth, line) in self.lines.iter().enumerate().rev() {
            let is_reference = line.plain
                && line.text.starts_with('[')
                && line
                    .text
                    .split_once("]:")
                    .is_some_and(|(_, to)| !to.trim().is_empty());
            match (is_reference, line.text.trim().is_empty()) {
                (true, _) => begin = nth,
                (false, true) => {}
                (false, false) => break,
            }
        }
        begin
    }
}

/// The fence of a block of code that a line begins or ends: its character and length.
fn opened(line: &str) -> Option<(char, usize)> {
    let text = line.trim_start_matches(' ');
    let char = text.chars().next().filter(|char| "`~".contains(*char))?;
    let length = text.chars().take_while(|other| *other == char).count();
    let indented = line.len() - text.len();
    // A line of `code` in one line opens nothing.
    let closed = char == '`' && text[length..].contains('`');
    (length >= 3 && indented < 4 && !closed).then_some((char, length))
}

/// Whether a comment is open behind a line.
fn is_open(line: &str, mut open: bool) -> bool {
    let mut rest = line;
    while let Some(at) = rest.find(if open { "-->" } else { "<!--" }) {
        rest = &rest[at + 3..];
        open = !open;
    }
    open
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    fn put(text: &str, name: &str, body: &str) -> (String, Became) {
        with(
            text,
            &version(name),
            &format!("## [{name}] - day\n\n{body}\n"),
        )
    }

    /// What is added to a text: what stands before it and behind it is what stood there.
    fn added<'n>(text: &str, new: &'n str) -> &'n str {
        let from = new.bytes().zip(text.bytes()).take_while(|(a, b)| a == b);
        let from = from.count().min(text.len());
        let (begins, ends) = (&text[..from], &text[from..]);
        assert!(
            new.starts_with(begins) && new.ends_with(ends),
            "{text}\n{new}"
        );
        &new[from..new.len() - ends.len()]
    }

    #[test]
    fn a_section_is_replaced_while_nobody_edited_it() {
        let (first, became) = put("", "v1.0.0", "- one");
        assert_eq!(became, Became::Added);
        assert!(first.starts_with("# Changelog\n") && first.ends_with(" -->\n"));
        assert_eq!(
            put(&first, "v1.0.0", "- one"),
            (first.clone(), Became::Unchanged)
        );
        let (other, became) = put(&first, "v1.0.0", "- two");
        assert_eq!(became, Became::Replaced);
        assert_eq!(
            put(&other, "v1.0.0", "- one"),
            (first.clone(), Became::Replaced)
        );
        let edited = first.replace("- one", "- One!");
        assert_eq!(
            put(&edited, "v1.0.0", "- two"),
            (edited.clone(), Became::Edited)
        );
        // What people add behind it stays, and git's conversion of line ends is no edit.
        let more = format!("{first}\nThanks!\n").replace('\n', "\r\n");
        let (replaced, became) = put(&more, "v1.0.0", "- two");
        assert_eq!(became, Became::Replaced);
        assert!(replaced.ends_with(" -->\r\n\r\nThanks!\r\n"));
        assert!(!replaced.replace("\r\n", "").contains('\n'));
        assert_eq!(put(&replaced, "v1.0.0", "- two").1, Became::Unchanged);
    }

    #[test]
    fn what_people_wrote_stays_to_the_byte() {
        let beginning = "\u{feff}# Log\n\n<!--\n## [0.5.0]\n-->\n\n## [Unreleased]\n- new\n\n";
        let code = "## 1.0.0 (2020-01-01)\n\n```\n## [v1.5.0]\n```\n\n";
        let old = "0.9.0\n-----\n- old\n\n";
        let ends = "[1.0.0]: https://a\n\n[0.9.0]: https://b";
        let text = format!("{beginning}{code}{old}{ends}");
        let lands = |name: &str, before: &str, behind: &str| {
            for text in [text.clone(), text.replace('\n', "\r\n")] {
                let end = if text.contains('\r') { "\r\n" } else { "\n" };
                let (new, became) = put(&text, name, "- x");
                assert_eq!(became, Became::Added, "{name}");
                let (before, behind) = (before.replace('\n', end), behind.replace('\n', end));
                let piece = new
                    .strip_prefix(&*before)
                    .unwrap_or_else(|| panic!("{name}: {new}"));
                let piece = piece
                    .strip_suffix(&*behind)
                    .unwrap_or_else(|| panic!("{name}: {new}"));
                assert!(piece.starts_with(&format!("## [{name}]")), "{piece}");
                assert!(piece.ends_with(&format!("-->{end}{end}")), "{piece}");
                assert_eq!(put(&new, name, "- x"), (new.clone(), Became::Unchanged));
            }
        };
        let above = format!("{code}{old}{ends}");
        lands("v1.5.0", beginning, &above);
        let between = format!("{beginning}{code}");
        lands("v0.9.1", &between, &format!("{old}{ends}"));
        lands("v0.1.0", &format!("{between}{old}"), ends);
        // Another product's versions say nothing of the place.
        lands("api/v1.0.0", beginning, &above);
        for theirs in ["v1.0.0", "v1.0", "v0.9.0"] {
            assert_eq!(
                put(&text, theirs, "- x"),
                (text.clone(), Became::Foreign),
                "{theirs}"
            );
        }
    }

    #[test]
    fn a_file_ends_as_it_ended() {
        for (text, begins, ends) in [
            ("# Log", "\n\n## [v1.0.0]", " -->"),
            ("# Log\n", "\n## [v1.0.0]", " -->\n"),
            ("# Log\n\n", "## [v1.0.0]", " -->\n"),
            ("## Unreleased\r\n- x\r\n", "\r\n## [v1.0.0]", " -->\r\n"),
            ("## [v2.0.0]\n## Why\n", "\n## [v1.0.0]", " -->\n\n"),
            ("# Log\n[a]: b\n", "\n## [v1.0.0]", " -->\n\n"),
        ] {
            let (new, became) = put(text, "v1.0.0", "- x");
            assert_eq!(became, Became::Added);
            let piece = added(text, &new);
            assert!(piece.starts_with(begins), "{new:?}");
            assert!(new.contains(ends), "{new:?}");
            assert_eq!(new.ends_with('\n'), text.ends_with('\n'), "{new:?}");
            assert_eq!(put(&new, "v1.0.0", "- x").1, Became::Unchanged);
        }
    }
}
