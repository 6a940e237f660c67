//! The board, drawn: a line of what there is, four lists, the next command, and the keys.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use strum::VariantArray;

use super::super::line;
use super::super::page::Colour;
use super::super::table::Cell;
use super::super::view;
use super::detail::{self, Part};
use super::lists::{List, list};
use super::rows::{MARK, rows, rule};
use super::text::{Long, Look, cells, put, width};
use crate::model::Stamp;
use crate::model::ago::ago;
use crate::model::board::{Board, Mode, Pane};

/// The smallest terminal that the board is drawn on.
const LEAST: (u16, u16) = (40, 10);
/// From this width on, the lists stand side by side.
const WIDE: u16 = 110;
/// From so many lines on, a rule stands above the next command.
const RULED: u16 = 20;
/// Where the first line begins: below one another, all texts do.
const AT: (u16, u16) = (2, 0);
/// From so many lines on that no list needs, what is chosen is shown in full below them.
const SPARE: usize = 8;

/// What was drawn.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Drawn {
    /// How far the open text can be scrolled, in lines.
    pub bottom: usize,
    /// Where something is typed.
    pub cursor: Option<Position>,
}

/// Draws the board into an area.
pub(super) fn board(
    buffer: &mut Buffer,
    area: Rect,
    board: &Board,
    now: &Stamp,
    look: Look,
) -> Drawn {
    let mut drawn = Drawn::default();
    if area.width < LEAST.0 || area.height < LEAST.1 {
        let text = format!(
            "The board needs {} columns and {} lines; q quits",
            LEAST.0, LEAST.1
        );
        let lines = Long::of(None, text).folded(usize::from(area.width).max(1));
        for (y, line) in lines.iter().enumerate() {
            pieces(buffer, (0, cells(y)), area.width, line, look);
        }
        return drawn;
    }
    header(buffer, area, board, now, look);
    let next = next(board, area);
    let foot = cells(next.len()) + 1;
    let rule = u16::from(area.height >= RULED);
    if rule > 0 {
        let y = area.height - foot - rule;
        let dashes = "─".repeat(usize::from(area.width));
        buffer.set_string(0, y, dashes, look.style(None));
    }
    for (at, line) in next.iter().enumerate() {
        let place = (cells(MARK), area.height - foot + cells(at));
        pieces(buffer, place, area.width - cells(MARK), line, look);
    }
    drawn.cursor = bottom(buffer, area, board, look);
    let middle = Rect::new(0, 1, area.width, area.height - 1 - foot - rule);
    drawn.bottom = match board.mode() {
        Mode::Lists | Mode::Typing => {
            lists(buffer, middle, board, now, look);
            0
        }
        Mode::Help => page(buffer, middle, ("Keys", &detail::keys(), 0), look),
        Mode::Open {
            version,
            change,
            top,
        } => {
            let title = match change {
                Some(change) => format!("{change} of {version}"),
                None => version.to_string(),
            };
            let what = (version, change.as_ref());
            let lines = detail::of(board, what, Part::All, now);
            page(buffer, middle, (&title, &lines, *top), look)
        }
        Mode::Output { lines, top } => {
            let lines: Vec<Long> = lines.iter().map(|line| Long::of(None, line)).collect();
            page(buffer, middle, ("git gryt sync pull", &lines, *top), look)
        }
    };
    drawn
}

/// Pieces of a line, each in its colour.
fn pieces(buffer: &mut Buffer, (x, y): (u16, u16), room: u16, line: &[Cell], look: Look) {
    let mut used = 0;
    for piece in line {
        let left = usize::from(room) - used;
        let at = (x + cells(used), y);
        used += put(buffer, at, left, &piece.text, look.style(piece.colour));
    }
}

/// Which project this is, and how it stands to the cloud, in the words of `git gryt status`.
fn header(buffer: &mut Buffer, area: Rect, board: &Board, now: &Stamp, look: Look) {
    let Some(found) = board.look() else {
        let room = usize::from(area.width);
        put(buffer, AT, room, "Reading…", look.style(None));
        return;
    };
    let state = if board.pulling() { "pulling…" } else { "" };
    let room = usize::from(area.width).saturating_sub(width(state) + MARK + 2);
    let mut text = format!("{} mode", found.mode);
    if let Some(cloud) = &found.cloud {
        text += &format!(", with {cloud} as the cloud");
        text += &match &found.pulled {
            Some(at) => format!(
                ", last pulled {}",
                ago(at, now).unwrap_or_else(|| view::day(at))
            ),
            None => ", never pulled".to_owned(),
        };
    }
    let project = found.project.as_deref().map(line).unwrap_or_default();
    let style = look.style(Some(Colour::Typed));
    let used = put(buffer, AT, room, &project, style);
    let gap = if used == 0 { 0 } else { 2 };
    let left = room.saturating_sub(used + gap);
    let at = (AT.0 + cells(used + gap), 0);
    put(buffer, at, left, &line(&text), look.style(None));
    let at = area.width - cells(width(state)) - 1;
    put(
        buffer,
        (at, 0),
        width(state),
        state,
        look.style(Some(Colour::Warning)),
    );
}

/// The command that leads on from what is chosen, in as many lines as it takes.
fn next(board: &Board, area: Rect) -> Vec<Vec<Cell>> {
    let Some(next) = board.next() else {
        return vec![Vec::new()];
    };
    let label = match &next.who {
        Some(who) => format!("Next, for {who}: "),
        None => "Next: ".to_owned(),
    };
    let indent = width(&label).min(6);
    let label = Cell::of(None, label);
    let command = Cell::of(Some(Colour::Typed), next.command);
    let long = Long::indented(vec![label, command], indent);
    let mut lines = long.folded(usize::from(area.width) - MARK - 1);
    lines.truncate(usize::from(area.height) / 3);
    lines
}

/// The last line: what was said, what is typed, or the keys. Returns where something is typed.
fn bottom(buffer: &mut Buffer, area: Rect, board: &Board, look: Look) -> Option<Position> {
    let y = area.height - 1;
    let room = usize::from(area.width) - MARK - 1;
    let x = cells(MARK);
    let filter = line(board.filter());
    if *board.mode() == Mode::Typing {
        let text = format!("/{filter}");
        let used = put(buffer, (x, y), room, &text, look.style(Some(Colour::Typed)));
        let help = "   Enter keeps the filter, Esc drops it";
        if used + width(help) <= room {
            put(
                buffer,
                (x + cells(used), y),
                room - used,
                help,
                look.style(None),
            );
        }
        return Some((x + cells(used.min(room)), y).into());
    }
    if let Some((said, bad)) = board.said() {
        let colour = bad.then_some(Colour::Bad);
        put(buffer, (x, y), room, &line(said), look.style(colour));
        return None;
    }
    let mut text = String::new();
    if !filter.is_empty() {
        text = format!("Filter: {filter} (Esc drops it)");
    }
    let keys: &[&str] = match board.mode() {
        Mode::Lists | Mode::Typing => &[
            "Tab list",
            "Enter open",
            "/ filter",
            "c copy",
            "p pull",
            "? help",
            "q quit",
            "r refresh",
        ],
        Mode::Open { .. } | Mode::Output { .. } => &["Esc back", "jk scroll", "c copy", "q quit"],
        Mode::Help => &["Any key goes back"],
    };
    for key in keys {
        let gap = if text.is_empty() { "" } else { "   " };
        if width(&text) + width(gap) + width(key) <= room {
            text += gap;
            text += key;
        }
    }
    put(buffer, (x, y), room, &text, look.style(None));
    None
}

/// A text that hears the keys. Returns how far it can be scrolled.
fn page(
    buffer: &mut Buffer,
    area: Rect,
    (title, lines, top): (&str, &[Long], usize),
    look: Look,
) -> usize {
    text(buffer, area, (title, true, lines, top), look)
}

/// A text below its title, from its line `top` on. Returns how far it can be scrolled.
fn text(
    buffer: &mut Buffer,
    area: Rect,
    (title, focused, lines, top): (&str, bool, &[Long], usize),
    look: Look,
) -> usize {
    let room = usize::from(area.width) - MARK - 1;
    let lines = lines.iter().flat_map(|line| line.folded(room));
    let lines: Vec<Vec<Cell>> = lines.collect();
    let height = usize::from(area.height) - 1;
    let bottom = lines.len().saturating_sub(height);
    let top = top.min(bottom);
    let more = bottom - top;
    let place = (more > 0).then(|| super::super::count(more, "more line"));
    rule(buffer, area, (title, focused, place), look);
    for (at, line) in lines.iter().skip(top).take(height).enumerate() {
        let place = (area.x + cells(MARK), area.y + 1 + cells(at));
        pieces(buffer, place, area.width - cells(MARK), line, look);
    }
    bottom
}

/// The four lists: above one another, or side by side where there is room.
fn lists(buffer: &mut Buffer, area: Rect, board: &Board, now: &Stamp, look: Look) {
    if board.look().is_none() {
        return;
    }
    let tables: Vec<List> = Pane::VARIANTS
        .iter()
        .map(|pane| list(board, *pane, now))
        .collect();
    let [drafts, changes, waiting, releases] = tables.as_slice() else {
        return;
    };
    if area.width >= WIDE {
        let left = Rect {
            width: area.width * 2 / 5,
            ..area
        };
        let right = Rect {
            x: left.width + 1,
            width: area.width - left.width - 1,
            ..area
        };
        let below_left = column(buffer, left, &[drafts, releases], (board, look));
        let below_right = column(buffer, right, &[changes, waiting], (board, look));
        let (first, then) = match usize::from(below_left.height) < SPARE {
            true => (Part::All, Part::All),
            false => (Part::Declared, Part::Judged),
        };
        preview(buffer, (below_right, first), board, now, look);
        preview(buffer, (below_left, then), board, now, look);
    } else {
        let all = [drafts, changes, waiting, releases];
        let spare = column(buffer, area, &all, (board, look));
        preview(buffer, (spare, Part::All), board, now, look);
    }
}

/// What is chosen, or a part of it, where there is room for it.
fn preview(
    buffer: &mut Buffer,
    (area, part): (Rect, Part),
    board: &Board,
    now: &Stamp,
    look: Look,
) {
    if usize::from(area.height) < SPARE {
        return;
    }
    let Some((version, change)) = board.chosen() else {
        return;
    };
    let title = match (part, &change) {
        (Part::Judged, _) => format!("Promotion of {version}"),
        (Part::All | Part::Declared, Some(change)) => format!("{change} of {version}"),
        (Part::All | Part::Declared, None) => version.to_string(),
    };
    let change = change.filter(|_| part != Part::Judged);
    let lines = detail::of(board, (&version, change.as_ref()), part, now);
    text(buffer, area, (&title, false, &lines, 0), look);
}

/// Lists above one another, each as high as it needs to be or as there is room. Where there is room for one
/// alone, it is the one that hears the keys. Returns what is left of the area.
fn column(buffer: &mut Buffer, area: Rect, lists: &[&List], (board, look): (&Board, Look)) -> Rect {
    let room = usize::from(area.height);
    if room < lists.len() * 3 {
        let focused = lists.iter().find(|list| list.pane == board.pane());
        if let Some(list) = focused.or(lists.first()) {
            rows(buffer, area, list, (board, look));
        }
        return Rect { height: 0, ..area };
    }
    let wants: Vec<usize> = lists.iter().map(|list| list.rows.len().max(1)).collect();
    let mut y = area.y;
    for (list, height) in lists.iter().zip(shares(room - lists.len(), &wants)) {
        let height = cells(height + 1);
        rows(buffer, Rect { y, height, ..area }, list, (board, look));
        y += height;
    }
    let height = area.bottom().saturating_sub(y);
    Rect { y, height, ..area }
}

/// How many of `room` lines each list gets: none more than it wants, and none many while another one lacks some.
fn shares(room: usize, wants: &[usize]) -> Vec<usize> {
    let mut shares = vec![0; wants.len()];
    for _ in 0..room {
        let lacking = (0..wants.len()).filter(|at| shares[*at] < wants[*at]);
        if let Some(least) = lacking.min_by_key(|at| shares[*at]) {
            shares[least] += 1;
        }
    }
    shares
}
