//! Columns, and days.

use std::fmt::Write;

use unicode_width::UnicodeWidthStr as _;

use super::line;
use super::page::{Colour, Page};
use super::view::View;

/// A cell of a list, in a colour or in none.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub(super) colour: Option<Colour>,
    pub(super) text: String,
}

impl Cell {
    pub(super) fn of(colour: Option<Colour>, text: impl Into<String>) -> Self {
        Self {
            colour,
            text: line(&text.into()),
        }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::of(None, text)
    }
}

/// Rows as columns, two spaces apart, each cell in its colour. Columns are as wide as they are shown, and the last
/// one is cut to the view's width.
pub(super) fn page(rows: &[Vec<Cell>], view: &View) -> Page {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at));
        cells.map(|cell| cell.text.width()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    let mut page = Page::default();
    for row in rows {
        let last = row.iter().rposition(|cell| !cell.text.is_empty());
        let shown = last.map_or(0, |last| last + 1);
        for (at, (cell, width)) in row.iter().zip(&widths).take(shown).enumerate() {
            let column = widths[..at].iter().map(|width| width + 2).sum();
            let text = match at + 1 < shown {
                true => cell.text.clone(),
                false => view.cut(&cell.text, column),
            };
            page = match cell.colour {
                Some(colour) => page.and(colour, text),
                None => page.plainly(&text),
            };
            if at + 1 < shown {
                page += " ".repeat(width - cell.text.width() + 2).as_str();
            }
        }
        page += "\n";
    }
    page
}

/// Rows as columns, two spaces apart.
pub(super) fn columns(rows: &[Vec<String>]) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    let mut text = String::new();
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    table.add_rows(rows.iter().map(|row| row.iter().map(|cell| line(cell))));
    for at in 0..count {
        if let Some(column) = table.column_mut(at) {
            column.set_padding((0, 2));
        }
    }
    for line in table.to_string().lines() {
        _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_they_are_shown() {
        let row = |name: &str, state: &str| {
            vec![
                Cell::of(Some(Colour::Typed), name),
                Cell::of(Some(Colour::Good), state),
                "".into(),
            ]
        };
        let page = page(
            &[
                row("a", "pass"),
                row("\u{4f60}\u{597d}", "e\u{301}"),
                row("b", ""),
            ],
            &View::default(),
        );
        let plain = "a     pass\n\u{4f60}\u{597d}  e\u{301}\nb\n";
        assert_eq!(page.printed(false), plain);
        let coloured = page.printed(true);
        assert!(
            coloured.starts_with("\x1b[1ma\x1b[0m     \x1b[32mpass\x1b[0m\n"),
            "{coloured:?}"
        );
        // A name of two lines, or with an escape in it, moves no column and makes no colour.
        let odd = super::page(&[row("a\nb\x1b[31m", "x")], &View::default()).printed(true);
        assert_eq!(odd.lines().count(), 1, "{odd:?}");
        assert_eq!(odd.matches('\x1b').count(), 4, "{odd:?}");
    }
}
