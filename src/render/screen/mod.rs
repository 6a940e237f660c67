//! The terminal as a whole: the only user of ratatui. It is given back however the process ends.

mod detail;
mod draw;
mod lists;
mod rows;
#[cfg(test)]
mod tests;
mod text;

use std::io::{self, IsTerminal, Read, Stdout, Write};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use base64ct::{Base64, Encoding};
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode, size,
};
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use self::text::Look;
use crate::commands::board::{Listener, Screen};
use crate::model::Stamp;
use crate::model::board::Board;

/// A terminal, taken over or not.
pub(crate) struct Terminal {
    look: Look,
    json: bool,
    live: Option<ratatui::Terminal<CrosstermBackend<Stdout>>>,
}

/// Whether the terminal is taken over, so that whatever ends this process knows what there is to give back.
static TAKEN: AtomicBool = AtomicBool::new(false);

impl Terminal {
    pub(super) fn new(colours: bool, json: bool) -> Self {
        Self {
            look: Look { colours },
            json,
            live: None,
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Gives the terminal back, once. A terminal that is gone needs nothing back.
fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        _ = execute!(io::stdout(), LeaveAlternateScreen, Show);
        _ = disable_raw_mode();
    }
}

/// A panic is told on a terminal that can be read. The process may end right after it, with nothing dropped.
fn give_back_before_panics() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            give_back();
            before(panic);
        }));
    });
}

impl Screen for Terminal {
    fn is_there(&self) -> bool {
        !self.json && io::stdin().is_terminal() && io::stdout().is_terminal()
    }

    fn enter(&mut self) -> io::Result<()> {
        give_back_before_panics();
        TAKEN.store(true, Ordering::SeqCst);
        enable_raw_mode()?;
        execute!(io::stdout(), EnterAlternateScreen, Hide)?;
        self.live = Some(ratatui::Terminal::new(CrosstermBackend::new(io::stdout()))?);
        self.clear()
    }

    fn leave(&mut self) {
        self.live = None;
        give_back();
    }

    fn draw(&mut self, board: &Board, now: &Stamp) -> io::Result<usize> {
        let (mut bottom, look) = (0, self.look);
        if let Some(live) = &mut self.live {
            live.draw(|frame| {
                let area = frame.area();
                let drawn = draw::board(frame.buffer_mut(), area, board, now, look);
                bottom = drawn.bottom;
                if let Some(cursor) = drawn.cursor {
                    frame.set_cursor_position(cursor);
                }
            })?;
        }
        Ok(bottom)
    }

    fn clear(&mut self) -> io::Result<()> {
        if let Some(live) = &mut self.live {
            // Its own `clear` asks the terminal where the cursor is, and would take the answer from the keys.
            let (width, height) = size()?;
            live.resize(Rect::new(0, 0, width, height))?;
        }
        Ok(())
    }

    fn size(&self) -> Option<(u16, u16)> {
        size().ok()
    }

    fn listen(&self, heard: Listener) {
        // It waits for a key when the process ends, and ends with it.
        std::thread::spawn(move || {
            let mut bytes = [0; 1024];
            loop {
                match io::stdin().read(&mut bytes) {
                    Ok(0) => return heard(None),
                    Ok(length) => heard(Some(&bytes[..length])),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(_) => return heard(None),
                }
            }
        });
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        // xterm, "Operating System Commands", 52: `c` is the clipboard.
        let text = Base64::encode_string(text.as_bytes());
        let mut out = io::stdout();
        write!(out, "\x1b]52;c;{text}\x07")?;
        out.flush()
    }

    fn print(&mut self, board: &Board, now: &Stamp) -> io::Result<()> {
        let said = |name| std::env::var(name).ok()?.parse().ok();
        let there = size().ok().filter(|_| io::stdout().is_terminal());
        let (columns, lines) = there.unwrap_or((80, 24));
        let (columns, lines) = (
            said("COLUMNS").unwrap_or(columns).clamp(1, 500),
            said("LINES").unwrap_or(lines).clamp(1, 500),
        );
        let text = printed(&drawn(board, now, (columns, lines), self.look));
        super::write(&mut io::stdout(), text.as_bytes())
    }
}

/// The board as it is drawn on so many columns and lines.
fn drawn(board: &Board, now: &Stamp, (columns, lines): (u16, u16), look: Look) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, columns, lines));
    let area = buffer.area;
    draw::board(&mut buffer, area, board, now, look);
    buffer
}

/// What is drawn as text, a line each, without what is blank at its end.
fn printed(buffer: &Buffer) -> String {
    let mut printed = String::new();
    let area = buffer.area;
    for y in 0..area.height {
        let mut line = String::new();
        let mut known = String::new();
        let mut blank = 0;
        let mut x = 0;
        while x < area.width {
            let cell = &buffer[(x, y)];
            let looks = text::codes(cell);
            if cell.symbol() == " " && !cell.modifier.contains(Modifier::REVERSED) {
                blank += 1;
                x += 1;
                continue;
            }
            if known != looks && !known.is_empty() {
                line += "\x1b[0m";
            }
            line.extend(std::iter::repeat_n(' ', std::mem::take(&mut blank)));
            if known != looks && !looks.is_empty() {
                line.extend(["\x1b[", &looks, "m"]);
            }
            known = looks;
            line += cell.symbol();
            x += u16::try_from(text::width(cell.symbol()))
                .unwrap_or(1)
                .max(1);
        }
        if !known.is_empty() {
            line += "\x1b[0m";
        }
        printed += &line;
        printed.push('\n');
    }
    let end = printed.trim_end_matches('\n').len();
    printed.truncate(end);
    printed + "\n"
}
