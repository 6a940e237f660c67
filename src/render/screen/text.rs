//! Texts on a screen: in which style, in how many columns, and in how many lines.

use ratatui::buffer::{Buffer, Cell as Place};
use ratatui::style::{Color, Modifier, Style};
use unicode_width::UnicodeWidthStr as _;

use super::super::page::Colour;
use super::super::table::Cell;
use super::super::view::fitted;

/// How things look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub colours: bool,
}

impl Look {
    /// A colour as a terminal shows it; nothing where colours are not wanted.
    pub(super) fn style(self, colour: Option<Colour>) -> Style {
        let Some(colour) = colour.filter(|_| self.colours) else {
            return Style::new();
        };
        match colour {
            Colour::Typed => Style::new().add_modifier(Modifier::BOLD),
            Colour::Bad => Style::new().fg(Color::Red),
            Colour::Warning => Style::new().fg(Color::Yellow),
            Colour::Good => Style::new().fg(Color::Green),
            Colour::Heading => Style::new().fg(Color::Blue).add_modifier(Modifier::BOLD),
        }
    }

    /// How the chosen row looks, beside its mark: a bar of one colour.
    pub(super) fn chosen(self) -> Style {
        match self.colours {
            true => Style::new()
                .fg(Color::Reset)
                .add_modifier(Modifier::REVERSED),
            false => Style::new(),
        }
    }
}

/// The numbers by which a terminal is told how a place looks: those that `Look` gives.
pub(super) fn codes(place: &Place) -> String {
    let mut codes = Vec::new();
    if place.modifier.contains(Modifier::BOLD) {
        codes.push("1");
    }
    if place.modifier.contains(Modifier::REVERSED) {
        codes.push("7");
    }
    codes.extend(match place.fg {
        Color::Red => Some("31"),
        Color::Green => Some("32"),
        Color::Yellow => Some("33"),
        Color::Blue => Some("34"),
        _ => None,
    });
    codes.join(";")
}

/// The columns that a text takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// A number of columns or lines as the screen counts them.
pub(super) fn cells(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

/// Writes a text into at most `room` columns. Returns how many it took.
pub(super) fn put(
    buffer: &mut Buffer,
    (x, y): (u16, u16),
    room: usize,
    text: &str,
    style: Style,
) -> usize {
    if !buffer.area.contains((x, y).into()) {
        return 0;
    }
    let text = fitted(text, room);
    buffer.set_string(x, y, &text, style);
    width(&text)
}

/// A line of a longer text: its pieces, and how far its further lines are indented where it is folded.
#[derive(Clone, Debug, Default)]
pub(super) struct Long {
    pub pieces: Vec<Cell>,
    pub indent: usize,
}

impl Long {
    /// A line in one colour, or in none.
    pub(super) fn of(colour: Option<Colour>, text: impl Into<String>) -> Self {
        Self {
            pieces: vec![Cell::of(colour, text)],
            indent: 0,
        }
    }

    /// The same, its further lines indented by so many columns.
    pub(super) fn indented(pieces: Vec<Cell>, indent: usize) -> Self {
        Self { pieces, indent }
    }

    /// The lines of at most `room` columns that it comes to. Words stay whole where they fit.
    pub(super) fn folded(&self, room: usize) -> Vec<Vec<Cell>> {
        let indent = self.indent.min(room / 2);
        let mut lines: Vec<Vec<Cell>> = vec![Vec::new()];
        let mut used = 0;
        for piece in &self.pieces {
            for word in piece.text.split_inclusive(' ') {
                for part in broken(word, room.saturating_sub(indent).max(1)) {
                    let shown = width(part.trim_end());
                    if used + shown > room && used > indent {
                        lines.push(vec![Cell::of(None, " ".repeat(indent))]);
                        used = indent;
                    }
                    if let Some(line) = lines.last_mut() {
                        line.push(Cell::of(piece.colour, part));
                    }
                    used += width(part);
                }
            }
        }
        lines
    }
}

/// A word in parts of at most `room` columns.
fn broken(word: &str, room: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut from, mut used) = (0, 0);
    for (at, char) in word.char_indices() {
        let end = at + char.len_utf8();
        let columns = width(&word[at..end]);
        if used + columns > room && at > from && char != ' ' {
            parts.push(&word[from..at]);
            (from, used) = (at, 0);
        }
        used += columns;
    }
    parts.push(&word[from..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str, room: usize, indent: usize) -> Vec<String> {
        let long = Long::indented(vec![Cell::of(None, text)], indent);
        let lines = long.folded(room).into_iter();
        let joined = lines.map(|line| line.into_iter().map(|cell| cell.text).collect::<String>());
        joined.map(|line| line.trim_end().to_owned()).collect()
    }

    #[test]
    fn a_long_line_is_folded_between_words() {
        assert_eq!(folded("one two three", 80, 2), ["one two three"]);
        assert_eq!(folded("one two three", 8, 2), ["one two", "  three"]);
        assert_eq!(folded("  one two", 5, 2), ["  one", "  two"]);
        // A word that is longer than the line is broken.
        assert_eq!(folded("abcdefgh", 5, 1), ["abcd", " efgh"]);
        assert_eq!(
            folded("\u{4f60}\u{597d}\u{4f60}", 4, 0),
            ["\u{4f60}\u{597d}", "\u{4f60}"]
        );
        assert_eq!(folded("", 5, 0), [""]);
    }
}
