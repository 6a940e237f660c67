//! A text for people, in pieces of one colour each. What is of others is cleaned piece by piece when the
//! text is written, so that nothing inside a text can become a colour.

use std::fmt;

use super::links::Links;

/// How a piece looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colour {
    /// What was typed.
    Typed,
    /// What went wrong.
    Bad,
    /// What should be seen to.
    Warning,
    /// What stands out.
    Heading,
    /// What is as it should be.
    Good,
}

impl Colour {
    /// How a terminal is told.
    fn begins(self) -> &'static str {
        match self {
            Self::Typed => "\x1b[1m",
            Self::Bad => "\x1b[31m",
            Self::Warning => "\x1b[33m",
            Self::Heading => "\x1b[1;34m",
            Self::Good => "\x1b[32m",
        }
    }
}

const ENDS: &str = "\x1b[0m";

/// The pieces, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Page(Vec<(Option<Colour>, String)>);

impl Page {
    /// A piece alone.
    pub(super) fn of(colour: Colour, text: impl Into<String>) -> Self {
        Self(vec![(Some(colour), text.into())])
    }

    /// The same with a coloured piece behind it.
    #[must_use]
    pub(super) fn and(mut self, colour: Colour, text: impl Into<String>) -> Self {
        self.0.push((Some(colour), text.into()));
        self
    }

    /// The same with plain text behind it.
    #[must_use]
    pub(super) fn plainly(mut self, text: &str) -> Self {
        self += text;
        self
    }

    /// Whether nothing is said.
    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|(_, text)| text.is_empty())
    }

    /// As it is printed: cleaned, with colours where they are wanted. Tabs lay out.
    pub(super) fn printed(&self, colours: bool) -> String {
        self.written(colours, |text| text)
    }

    /// The same with commits as links.
    pub(super) fn linked(&self, colours: bool, links: &Links) -> String {
        self.written(colours, |text| links.over(&text))
    }

    fn written(&self, colours: bool, finish: impl Fn(String) -> String) -> String {
        let mut printed = String::new();
        for (colour, text) in &self.0 {
            let text = finish(super::tabbed(text));
            match colour.filter(|_| colours && !text.is_empty()) {
                Some(colour) => printed.extend([colour.begins(), &text, ENDS]),
                None => printed.push_str(&text),
            }
        }
        printed
    }

    /// A page whose headings stand out: its first line, and lines that end in a colon. What asks for a
    /// person is red, and what is ready green.
    pub(super) fn with_headings(text: &str) -> Self {
        let mut page = Self::default();
        for (nth, line) in text.lines().enumerate() {
            let heads = !line.starts_with(' ') && (nth == 0 || line.ends_with(':'));
            page = match line {
                "Ready for promotion: YES" | "Sync status: Up to date" => {
                    page.and(Colour::Good, line)
                }
                "Ready for promotion: NO" | "Sync status: Conflict" => page.and(Colour::Bad, line),
                _ if heads => page.and(Colour::Heading, line),
                _ => page.plainly(line),
            };
            page += "\n";
        }
        page
    }
}

impl From<String> for Page {
    fn from(text: String) -> Self {
        Self(vec![(None, text)])
    }
}

impl std::ops::AddAssign<&str> for Page {
    fn add_assign(&mut self, text: &str) {
        match self.0.last_mut() {
            Some((None, last)) => last.push_str(text),
            _ => self.0.push((None, text.to_owned())),
        }
    }
}

impl std::ops::AddAssign for Page {
    fn add_assign(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

impl fmt::Write for Page {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        *self += text;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_inside_a_text_becomes_a_colour() {
        let mut page = Page::of(Colour::Bad, "a\x1b[32mb");
        page += "\x1b[31mc\u{fdd0}2d";
        assert_eq!(
            page.printed(true),
            "\x1b[31ma\\u{1b}[32mb\x1b[0m\\u{1b}[31mc\\u{fdd0}2d"
        );
        assert!(!page.printed(false).contains('\x1b'));
    }

    #[test]
    fn headings_stand_out() {
        let page = Page::with_headings("v1 draft\n\nChanges:\n  a:\nReady for promotion: NO\n");
        let shown = "\x1b[1;34mv1 draft\x1b[0m\n\n\x1b[1;34mChanges:\x1b[0m\n  a:\n\
                     \x1b[31mReady for promotion: NO\x1b[0m\n";
        assert_eq!(page.printed(true), shown);
    }
}
