//! A changelog that people write and git gryt adds to: each release's section ends in a line that marks it
//! as written here, with a digest. A section is replaced while it is what the digest says, and nothing else
//! of the file is touched.

mod block;
mod lines;

use std::fmt::Write;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::model::{Invalid, Version};

use lines::File;

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
///
/// # Errors
/// There is no place for a new one: the file ends within a block of code or a comment.
pub(crate) fn with(
    text: &str,
    version: &Version,
    section: &str,
) -> Result<(String, Became), Invalid> {
    let section = format!("{section}{}", mark(version, section));
    if text.trim_start_matches('\u{feff}').trim().is_empty() {
        return Ok((format!("{BEGINNING}{section}\n"), Became::Added));
    }
    let file = File::read(text);
    let end = end_of(text);
    let own = file.own(version);
    // Git's conversion of line ends is no change.
    if let Some(Own::Whole { from, to }) = own
        && text[from..to].replace("\r\n", "\n") == section
    {
        return Ok((text.to_owned(), Became::Unchanged));
    }
    let section = section.replace('\n', end);
    match own {
        Some(Own::Whole { from, to }) => {
            let new = format!("{}{section}{}", &text[..from], &text[to..]);
            return Ok((new, Became::Replaced));
        }
        Some(Own::Edited) => return Ok((text.to_owned(), Became::Edited)),
        None => {}
    }
    if file.headings().any(|heading| heading.is(version)) {
        return Ok((text.to_owned(), Became::Foreign));
    }
    if let Some((line, what)) = file.open {
        return Err(Invalid::new(format!("{what} of line {line} does not end")));
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
    Ok((new, Became::Added))
}

/// How the lines of a text end: as its first one does.
fn end_of(text: &str) -> &'static str {
    match text.split_inclusive('\n').next() {
        Some(first) if first.ends_with("\r\n") => "\r\n",
        _ => "\n",
    }
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

/// A section of ours.
enum Own {
    /// As it was written.
    Whole {
        from: usize,
        to: usize,
    },
    Edited,
}

impl File<'_> {
    /// The section that was written here for a version, whatever it has come to stand in. One that is whole
    /// counts before what only looks like one.
    fn own(&self, version: &Version) -> Option<Own> {
        let begins = format!("<!-- git gryt notes {version} ");
        let title = format!("## [{version}]");
        let mut own = None;
        let lines = self.lines.iter().enumerate();
        for (last, mark_line) in lines.filter(|(_, line)| line.text.starts_with(&begins)) {
            let above = &self.lines[..last];
            let first = above.iter().rposition(|line| line.text.starts_with(&title));
            let mut section = String::new();
            for line in first.map_or(&[][..], |first| &above[first..]) {
                section.extend([line.text, "\n"]);
            }
            match first {
                Some(first) if mark(version, &section) == mark_line.text => {
                    let to = mark_line.at + mark_line.text.len();
                    let from = self.lines[first].at;
                    return Some(Own::Whole { from, to });
                }
                _ => own = Some(Own::Edited),
            }
        }
        own
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    fn put(text: &str, name: &str, body: &str) -> (String, Became) {
        let section = format!("## [{name}] - day\n\n{body}\n");
        with(text, &version(name), &section).unwrap()
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
            ("# Log\r\n", "\r\n## [v1.0.0]", " -->\r\n"),
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

    #[test]
    fn a_section_is_found_whatever_it_came_to_stand_in() {
        let written = put("# Log\n", "v1.2.0", "- x").0;
        let section = written.strip_prefix("# Log\n\n").unwrap();
        for above in [
            "# Log\n\n- `<!--` in code, <!-- in text\n\n",
            "# Log\n\n<!-- one --> text <!--\n\n",
            "# Log\n\n- <!-- of an item\n\n",
            "- ```sh\n  a\n  ```\n\n",
            "1. x\n\n   ~~~\n   a\n   ~~~~\n\n",
            "- ```\n  never closed, but its item ends\n\nText\n\n",
            "````\n```\n````\n\n",
            "    <!--\n\n",
        ] {
            let text = format!("{above}## [v0.9.0]\n\n- old\n");
            let (new, became) = put(&text, "v1.2.0", "- x");
            assert_eq!(became, Became::Added, "{above}");
            assert_eq!(new, format!("{above}{section}\n## [v0.9.0]\n\n- old\n"));
            assert_eq!(put(&new, "v1.2.0", "- x").1, Became::Unchanged, "{above}");
            let theirs = format!("{above}## v1.2.0\n");
            assert_eq!(put(&theirs, "v1.2.0", "- x").1, Became::Foreign, "{above}");
        }
        // Code and comments that do not end: what is there is found, and nothing is added to them.
        for (above, line) in [("```\nfoo\n", 1), ("# Log\n\n  <!--\nfoo\n", 3)] {
            let none = with(above, &version("v1.2.0"), "## [v1.2.0]\n");
            let said = none.unwrap_err().to_string();
            assert!(
                said.contains(&format!("of line {line} does not end")),
                "{said}"
            );
            let text = format!("{above}{section}");
            assert_eq!(put(&text, "v1.2.0", "- x").1, Became::Unchanged);
            let (new, became) = put(&text, "v1.2.0", "- y");
            assert_eq!(became, Became::Replaced);
            assert!(new.starts_with(above) && !new.contains("- x"), "{new}");
        }
        // A section that is whole counts before an example of a mark.
        let text = format!("```\n<!-- git gryt notes v1.2.0 0 -->\n```\n{section}");
        assert_eq!(put(&text, "v1.2.0", "- x").1, Became::Unchanged);
        let text = "```\n<!-- git gryt notes v1.2.0 0 -->\n```\n";
        assert_eq!(put(text, "v1.2.0", "- x").1, Became::Edited);
    }

    #[test]
    fn a_heading_is_a_versions_however_people_write_it() {
        for heading in [
            "## [V1.2.0]",
            "## Release v1.2.0",
            "## Version 1.2.0 - 2020-01-01",
            "## release: [1.2.0](https://a)",
            "   ## [v1.2.0] ##",
            "  v1.2.0\n  ---",
        ] {
            let text = format!("# Log\n\n{heading}\n\n- mine\n");
            assert_eq!(put(&text, "v1.2.0", "- x").1, Became::Foreign, "{heading}");
            let (new, became) = put(&text, "v1.3.0", "- x");
            assert_eq!(became, Became::Added);
            assert!(
                new.ends_with(&format!("-->\n\n{heading}\n\n- mine\n")),
                "{new}"
            );
        }
        for other in ["    ## [v1.2.0]", "## Release notes", "## [v1.2.0-rc.1]"] {
            let text = format!("# Log\n\n{other}\n");
            assert_eq!(put(&text, "v1.2.0", "- x").1, Became::Added, "{other}");
        }
    }
}
