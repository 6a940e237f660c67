//! The lines of a Markdown file, its headings, and where a version's section belongs.

use super::block::{Block, spaces};
use crate::model::Version;

/// A line, where it begins, and whether it is text: not within a block of code or a comment.
pub(super) struct Line<'t> {
    pub(super) at: usize,
    pub(super) text: &'t str,
    pub(super) plain: bool,
}

/// A heading of whatever kind.
pub(super) struct Heading<'t> {
    /// The line where it stands.
    pub(super) nth: usize,
    /// The word that it begins with, or the one behind `Release` or `Version`, without brackets.
    pub(super) name: &'t str,
    pub(super) level: usize,
}

impl Heading<'_> {
    fn version(&self) -> Option<Version> {
        match self.name.strip_prefix('V') {
            Some(number) => format!("v{number}").parse().ok(),
            None => self.name.parse().ok(),
        }
    }

    pub(super) fn is(&self, version: &Version) -> bool {
        self.version().is_some_and(|found| found == *version)
    }

    fn is_unreleased(&self) -> bool {
        self.name.eq_ignore_ascii_case("unreleased")
    }
}

/// A file by its lines.
pub(super) struct File<'t> {
    pub(super) lines: Vec<Line<'t>>,
    /// The line, from 1, of what is open where the file ends, and what it is.
    pub(super) open: Option<(usize, &'static str)>,
}

impl<'t> File<'t> {
    pub(super) fn read(text: &'t str) -> Self {
        let mut lines: Vec<Line<'t>> = Vec::new();
        let mut at = 0;
        // The block that is open, and the line that opened it.
        let mut open: Option<(Block, usize)> = None;
        for whole in text.split_inclusive('\n') {
            let line = whole.trim_end_matches('\n').trim_end_matches('\r');
            let line = match at {
                0 => line.trim_start_matches('\u{feff}'),
                _ => line,
            };
            // An item ends where something stands less far in, and what it holds ends with it.
            if let Some((Block::Code { indent, .. }, _)) = open
                && !line.trim().is_empty()
                && spaces(line) < indent
            {
                open = None;
            }
            let mut plain = false;
            match open {
                Some((block, _)) if block.ends(line) => open = None,
                Some(_) => {}
                None => {
                    let block = Block::begun(line);
                    plain = block.is_none();
                    // A comment may end in its own line.
                    let goes_on =
                        |block: &Block| !matches!(block, Block::Comment) || !block.ends(line);
                    open = block.filter(goes_on).map(|block| (block, lines.len() + 1));
                }
            }
            lines.push(Line {
                at: at + whole.find(line).unwrap_or(0),
                text: line,
                plain,
            });
            at += whole.len();
        }
        let open = open.map(|(block, line)| match block {
            Block::Code { .. } => (line, "the block of code"),
            Block::Comment => (line, "the comment"),
        });
        Self { lines, open }
    }

    pub(super) fn headings(&self) -> impl Iterator<Item = Heading<'t>> {
        self.lines.iter().enumerate().filter_map(|(nth, line)| {
            if !line.plain {
                return None;
            }
            let indent = spaces(line.text);
            if indent > 3 {
                return None;
            }
            let text = &line.text[indent..];
            let level = text.bytes().take_while(|byte| *byte == b'#').count();
            let rest = &text[level..];
            let (level, title) = match (level, self.lines.get(nth + 1)) {
                (1..=6, _) if rest.is_empty() || rest.starts_with([' ', '\t']) => (level, rest),
                // Or what is underlined.
                (0, Some(below)) if below.plain && !rest.trim().is_empty() => {
                    let all = |of: char| {
                        let below = below.text.trim();
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
            let ends = |c: char| c.is_whitespace() || "[](:,".contains(c);
            let mut words = title.split(ends).filter(|word| !word.is_empty());
            let first = words.next().unwrap_or_default();
            let said = ["release", "version"];
            let name = match said.iter().any(|word| first.eq_ignore_ascii_case(word)) {
                true => words.next().unwrap_or(first),
                false => first,
            };
            Some(Heading { nth, name, level })
        })
    }

    /// The line before which a version's section belongs: before the first lower version; else behind all
    /// versions; else behind what is unreleased. What is above that stays on top, and the references of links
    /// stay at the end.
    pub(super) fn place(&self, version: &Version) -> usize {
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
