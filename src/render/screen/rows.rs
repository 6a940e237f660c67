//! A list on the screen: the line above it, and its rows in columns.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::page::Colour;
use super::super::{line, view};
use super::lists::List;
use super::text::{Look, cells, put, width};
use crate::model::board::Board;

/// What stands before a row: the mark of the chosen one.
pub(super) const MARK: usize = 2;
/// The narrowest that the last column of a list becomes before the others give way, where it says what the row
/// is about.
const LAST: usize = 16;
/// The narrowest that it is shown where it only adds something.
const ADDED: usize = 8;
/// The narrowest that any other column becomes.
const NARROWEST: usize = 6;

/// The line above a list, with its title. That of the list which hears the keys is thick.
pub(super) fn rule(
    buffer: &mut Buffer,
    area: Rect,
    (title, focused, place): (&str, bool, Option<String>),
    look: Look,
) {
    let dash = if focused { "━" } else { "─" };
    let room = usize::from(area.width);
    buffer.set_string(area.x, area.y, dash.repeat(room), look.style(None));
    let colour = focused.then_some(Colour::Heading);
    let place = place.map(|place| format!(" {place} ")).unwrap_or_default();
    let left = room.saturating_sub(width(&place) + 4);
    let title = view::fitted(&line(title), left);
    let used = put(buffer, (area.x + 1, area.y), left, " ", look.style(None));
    let used = used
        + put(
            buffer,
            (area.x + 2, area.y),
            left,
            &title,
            look.style(colour),
        );
    put(
        buffer,
        (area.x + 1 + cells(used), area.y),
        1,
        " ",
        look.style(None),
    );
    let at = area.x + cells(room.saturating_sub(width(&place) + 1));
    put(
        buffer,
        (at, area.y),
        width(&place),
        &place,
        look.style(None),
    );
}

/// The widths of columns in `room`, 0 for those that are left out. The last one gets what is left. Where that is
/// little, the optional one goes, then the widest give way.
fn widths(list: &List, room: usize) -> Vec<usize> {
    let count = list.rows.iter().map(Vec::len).max().unwrap_or(0);
    let natural = |at: usize| {
        let cells = list.rows.iter().filter_map(|row| row.get(at));
        cells.map(|cell| width(&cell.text)).max().unwrap_or(0)
    };
    let mut widths: Vec<usize> = (0..count).map(natural).collect();
    let Some((last, fixed)) = widths.split_last_mut() else {
        return widths;
    };
    let taken = |fixed: &[usize]| {
        let shown = fixed.iter().filter(|width| **width > 0);
        shown.map(|width| width + 2).sum::<usize>()
    };
    let least = if list.last_matters {
        (*last).min(LAST)
    } else {
        0
    };
    let optional = list.optional.and_then(|at| fixed.get_mut(at).map(|_| at));
    if let Some(at) = optional.filter(|_| taken(fixed) + least > room) {
        fixed[at] = 0;
    }
    while taken(fixed) + least > room {
        let Some(widest) = fixed.iter_mut().filter(|width| **width > NARROWEST).max() else {
            break;
        };
        *widest -= 1;
    }
    let left = room.saturating_sub(taken(fixed));
    let shown = list.last_matters || left >= ADDED || left >= *last;
    *last = if shown { left } else { 0 };
    widths
}

/// A list in an area: its title, and as many of its rows as there is room for.
pub(super) fn rows(buffer: &mut Buffer, area: Rect, list: &List, (board, look): (&Board, Look)) {
    let focused = board.pane() == list.pane;
    let height = usize::from(area.height).saturating_sub(1);
    let count = list.rows.len();
    let chosen = board.place(list.pane);
    // The chosen row stands in the middle, but for the ends of the list.
    let from = chosen
        .saturating_sub(height / 2)
        .min(count.saturating_sub(height));
    let place = (count > height).then(|| format!("{} of {count}", chosen + 1));
    rule(buffer, area, (&list.title, focused, place), look);
    let room = usize::from(area.width).saturating_sub(MARK + 1);
    if list.rows.is_empty() {
        let at = (area.x + cells(MARK), area.y + 1);
        put(buffer, at, room, &line(&list.empty), look.style(None));
        return;
    }
    let widths = widths(list, room);
    for (nth, row) in list.rows.iter().skip(from).take(height).enumerate() {
        let y = area.y + 1 + cells(nth);
        let mut x = area.x + cells(MARK);
        for (cell, width) in row.iter().zip(&widths).filter(|(_, width)| **width > 0) {
            put(buffer, (x, y), *width, &cell.text, look.style(cell.colour));
            x += cells(width + 2);
        }
        let is_chosen = from + nth == chosen;
        let is_source = board.is_source(list.pane);
        if is_chosen && focused {
            put(
                buffer,
                (area.x, y),
                MARK,
                "> ",
                look.style(Some(Colour::Typed)),
            );
            buffer.set_style(Rect::new(area.x, y, area.width, 1), look.chosen());
        } else if is_chosen && is_source {
            put(
                buffer,
                (area.x, y),
                MARK,
                "· ",
                look.style(Some(Colour::Typed)),
            );
        }
    }
}
