//! What a person sees on a terminal and nobody in a pipe: how long ago something was, and lists as wide as
//! the terminal.

use std::io::IsTerminal;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::model::Stamp;
use crate::model::ago::ago;

/// The narrowest that a text is cut to: below that a terminal folds it.
const NARROWEST: usize = 8;

/// How a text is shown.
#[derive(Clone, Debug, Default)]
pub(super) struct View {
    /// The columns of the terminal. None where nothing is cut.
    width: Option<usize>,
    /// The clock. None where moments are shown exactly.
    now: Option<Stamp>,
}

impl View {
    /// As stdout has it; `whole` asks for exact moments and whole texts.
    pub(super) fn of_stdout(whole: bool) -> Self {
        if whole || !std::io::stdout().is_terminal() {
            return Self::default();
        }
        // As git asks (term_columns): the variable first.
        let said = std::env::var("COLUMNS").ok();
        let said = said
            .and_then(|text| text.parse().ok())
            .filter(|columns| *columns > 0);
        let width = || {
            Some(usize::from(
                terminal_size::terminal_size_of(std::io::stdout())?.0.0,
            ))
        };
        Self {
            width: said.or_else(width).filter(|columns| *columns > 0),
            now: Some(chrono::Local::now().fixed_offset()),
        }
    }

    /// A moment: how long ago it was, or to the minute, in the zone where it happened.
    pub(super) fn time(&self, at: &Stamp) -> String {
        self.ago(at).unwrap_or_else(|| day(at))
    }

    /// How long ago it was; none where that is not said.
    pub(super) fn ago(&self, at: &Stamp) -> Option<String> {
        ago(at, self.now.as_ref()?)
    }

    /// A text folded between words, as the terminal would fold it within them; what follows is indented.
    pub(super) fn folded(&self, text: &str, indent: usize) -> String {
        let Some(width) = self.width.filter(|width| *width > indent + NARROWEST) else {
            return text.to_owned();
        };
        let mut shown = String::new();
        let mut used = 0;
        for (nth, word) in text.split(' ').enumerate() {
            if nth > 0 && used + 1 + word.width() > width {
                shown.push('\n');
                shown += &" ".repeat(indent);
                used = indent;
            } else if nth > 0 {
                shown.push(' ');
                used += 1;
            }
            shown += word;
            used += word.width();
        }
        shown
    }

    /// A text that begins in a column and ends the line, cut to what fits there.
    pub(super) fn cut(&self, text: &str, column: usize) -> String {
        let room = self.width.map(|width| width.saturating_sub(column));
        let Some(room) = room.filter(|room| *room >= NARROWEST && text.width() > *room) else {
            return text.to_owned();
        };
        fitted(text, room)
    }
}

/// A text of so many columns at most. Where it is longer, dots end it.
pub(super) fn fitted(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    let mut shown = String::new();
    let mut used = 0;
    for char in text.chars() {
        used += char.width().unwrap_or(0);
        // One column is for the dots.
        if used >= room {
            break;
        }
        shown.push(char);
    }
    shown.truncate(shown.trim_end().len());
    if room > 0 { shown + "…" } else { shown }
}

/// A moment, to the minute, in the zone where it happened.
pub(super) fn day(at: &Stamp) -> String {
    at.format("%Y-%m-%d %H:%M %z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_folded_between_words() {
        let view = |width| View { width, now: None };
        let text = "a text of some words";
        assert_eq!(view(None).folded(text, 2), text);
        assert_eq!(view(Some(20)).folded(text, 2), text);
        assert_eq!(view(Some(14)).folded(text, 2), "a text of some\n  words");
        assert_eq!(
            view(Some(12)).folded("x longer-than-a-line y", 2),
            "x\n  longer-than-a-line\n  y"
        );
    }

    #[test]
    fn a_text_is_cut_to_the_columns_that_are_left() {
        let view = |width| View { width, now: None };
        assert_eq!(view(None).cut(&"x".repeat(500), 3), "x".repeat(500));
        assert_eq!(
            view(Some(20)).cut("exactly seventeen", 3),
            "exactly seventeen"
        );
        assert_eq!(
            view(Some(19)).cut("exactly seventeen", 3),
            "exactly sevente…"
        );
        assert_eq!(view(Some(16)).cut("a text of words", 2), "a text of wor…");
        assert_eq!(
            view(Some(13))
                .cut(
                    "\u{4f60}\u{597d}\u{4f60}\u{597d}\u{4f60}\u{597d}\u{4f60}",
                    0
                )
                .width(),
            13
        );
        // Where nothing useful would be left, the terminal folds it.
        assert_eq!(
            view(Some(20)).cut("exactly seventeen", 13),
            "exactly seventeen"
        );
    }
}
