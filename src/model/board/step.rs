//! What happens to the board, and what it asks for.

use strum::VariantArray;

use super::super::Version;
use super::{Board, Detail, Key, Look, Mode, Pane};

/// Something that happened.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Key(Key),
    /// This clone was looked at.
    Looked(Box<Look>),
    /// A version was read.
    Read(Box<Detail>),
    /// Something could not be read, or is worth a look.
    Trouble(String),
    /// A pull ended. `asked` where a key began it, and what it printed.
    Pulled {
        asked: bool,
        done: bool,
        lines: Vec<String>,
    },
    /// A pull began that no key asked for.
    Pulling,
    /// The chosen command was handed to the terminal.
    Copied(String),
}

/// What the board asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Nothing,
    /// Look at this clone again.
    Look,
    /// Read a version.
    Read(Version),
    /// Hand a text to the terminal's clipboard.
    Copy(String),
    /// Run a pull.
    Pull,
    /// Draw all of the screen again.
    Redraw,
    /// Stop this process, as the shell's user wants it.
    Suspend,
    Quit,
}

/// How far a page goes, in rows.
const PAGE: usize = 10;
/// The longest filter, in characters.
const LONGEST: usize = 100;

impl Board {
    /// Takes in what happened.
    pub(crate) fn step(&mut self, event: Event) -> Effect {
        match event {
            Event::Key(key) => return self.key(key),
            Event::Looked(look) => return self.looked(*look),
            Event::Read(detail) => {
                self.keeping_places(|board| {
                    board.details.insert(detail.version.to_string(), *detail);
                });
            }
            Event::Trouble(text) => self.said = Some((text, true)),
            Event::Pulling => self.pulling = true,
            Event::Pulled { asked, done, lines } => {
                self.pulling = false;
                self.pulled(asked, done, lines);
                return Effect::Look;
            }
            Event::Copied(command) => {
                self.said = Some((
                    format!("Sent to the terminal's clipboard: {command}"),
                    false,
                ));
            }
        }
        Effect::Nothing
    }

    fn pulled(&mut self, asked: bool, done: bool, lines: Vec<String>) {
        let said: Vec<&str> = lines.iter().map(|line| line.trim()).collect();
        let text = match said.join("; ").replace(":; ", ": ") {
            text if text.is_empty() && done => "Pulled".to_owned(),
            text if text.is_empty() => "Not pulled".to_owned(),
            text => text,
        };
        self.said = Some((text, !done));
        if asked && lines.len() > 1 && self.mode == Mode::Lists {
            self.mode = Mode::Output { lines, top: 0 };
        }
    }

    fn looked(&mut self, look: Look) -> Effect {
        self.keeping_places(|board| {
            let known = |version: &str| {
                let drafts = look.drafts.iter().map(|draft| &draft.version);
                let releases = look.releases.iter().map(|release| &release.version);
                drafts.chain(releases).any(|one| one.as_str() == version)
            };
            let open = match &board.mode {
                Mode::Open { version, .. } => Some(version.to_string()),
                Mode::Lists | Mode::Typing | Mode::Help | Mode::Output { .. } => None,
            };
            board
                .details
                .retain(|version, _| known(version) || open.as_ref() == Some(version));
            // What a release was read to be while it was a draft is past.
            for release in &look.releases {
                let read = board.details.get(release.version.as_str());
                if read.is_some_and(|detail| detail.status != release.status()) {
                    board.details.remove(release.version.as_str());
                }
            }
            board.look = Some(look);
        });
        self.wanted()
    }

    /// Changes something; each pane's chosen row stays the one it was, wherever it is then.
    fn keeping_places(&mut self, change: impl FnOnce(&mut Self)) {
        let name = |pane: &Pane| self.names(*pane).into_iter().nth(self.place(*pane));
        let names: Vec<Option<String>> = Pane::VARIANTS.iter().map(name).collect();
        change(self);
        for (pane, name) in Pane::VARIANTS.iter().zip(names) {
            let now = self.names(*pane);
            let found = name.and_then(|name| now.iter().position(|one| *one == name));
            let at = &mut self.at[*pane as usize];
            *at = found.unwrap_or((*at).min(now.len().saturating_sub(1)));
        }
    }

    /// Asks for the version whose changes are shown, or which is open, where it was not read yet.
    fn wanted(&self) -> Effect {
        let shown = match &self.mode {
            Mode::Open { version, .. } => Some(version),
            Mode::Lists | Mode::Typing | Mode::Help | Mode::Output { .. } => self.version(),
        };
        match shown {
            Some(version) if self.detail(version).is_none() => Effect::Read(version.clone()),
            _ => Effect::Nothing,
        }
    }

    fn key(&mut self, key: Key) -> Effect {
        if key == Key::Quit {
            return Effect::Quit;
        }
        if key == Key::Suspend {
            return Effect::Suspend;
        }
        if key == Key::Redraw {
            return Effect::Redraw;
        }
        self.said = None;
        match &self.mode {
            Mode::Typing => self.typed(key),
            Mode::Help => {
                match key {
                    Key::Char('q') => return Effect::Quit,
                    _ => self.mode = Mode::Lists,
                }
                Effect::Nothing
            }
            Mode::Open { .. } | Mode::Output { .. } => self.scrolled(key),
            Mode::Lists => self.moved(key),
        }
    }

    fn typed(&mut self, key: Key) -> Effect {
        match key {
            Key::Enter => self.mode = Mode::Lists,
            Key::Escape => {
                self.mode = Mode::Lists;
                self.keeping_places(|board| board.filter.clear());
            }
            Key::Backspace => self.keeping_places(|board| _ = board.filter.pop()),
            Key::Char(char) if !char.is_control() => {
                if self.filter.chars().count() < LONGEST {
                    self.keeping_places(|board| board.filter.push(char));
                }
            }
            _ => return Effect::Nothing,
        }
        self.wanted()
    }

    fn scrolled(&mut self, key: Key) -> Effect {
        let bottom = self.bottom;
        let (Mode::Open { top, .. } | Mode::Output { top, .. }) = &mut self.mode else {
            return Effect::Nothing;
        };
        match key {
            Key::Up | Key::Char('k') => *top = top.saturating_sub(1),
            Key::Down | Key::Char('j') => *top = (*top + 1).min(bottom),
            Key::PageUp => *top = top.saturating_sub(PAGE),
            Key::PageDown | Key::Char(' ') => *top = (*top + PAGE).min(bottom),
            Key::Home | Key::Char('g') => *top = 0,
            Key::End | Key::Char('G') => *top = bottom,
            Key::Escape | Key::Enter | Key::Backspace | Key::Left => {
                self.mode = Mode::Lists;
                return self.wanted();
            }
            _ => return self.anywhere(key),
        }
        Effect::Nothing
    }

    fn moved(&mut self, key: Key) -> Effect {
        let shown = self.version().cloned();
        let last = self.names(self.pane).len().saturating_sub(1);
        let at = &mut self.at[self.pane as usize];
        match key {
            Key::Up | Key::Char('k') => *at = at.saturating_sub(1),
            Key::Down | Key::Char('j') => *at = (*at + 1).min(last),
            Key::PageUp => *at = at.saturating_sub(PAGE),
            Key::PageDown | Key::Char(' ') => *at = (*at + PAGE).min(last),
            Key::Home | Key::Char('g') => *at = 0,
            Key::End | Key::Char('G') => *at = last,
            Key::Tab | Key::Right => self.turn(1),
            Key::BackTab | Key::Left => self.turn(Pane::VARIANTS.len() - 1),
            Key::Enter => {
                if let Some((version, change)) = self.chosen() {
                    let top = 0;
                    self.mode = Mode::Open {
                        version,
                        change,
                        top,
                    };
                }
            }
            Key::Char('/') => self.mode = Mode::Typing,
            Key::Escape if self.filter.is_empty() => return Effect::Quit,
            Key::Escape => self.keeping_places(|board| board.filter.clear()),
            _ => return self.anywhere(key),
        }
        if matches!(self.pane, Pane::Drafts | Pane::Releases) {
            self.source = self.pane;
        }
        if self.version() != shown.as_ref() {
            self.at[Pane::Changes as usize] = 0;
        }
        self.wanted()
    }

    fn turn(&mut self, by: usize) {
        let all = Pane::VARIANTS;
        self.pane = all[(self.pane as usize + by) % all.len()];
    }

    /// What keys do whatever is on the screen.
    fn anywhere(&mut self, key: Key) -> Effect {
        match key {
            Key::Char('q') => Effect::Quit,
            Key::Char('r') => Effect::Look,
            Key::Char('?') => {
                self.mode = Mode::Help;
                Effect::Nothing
            }
            Key::Char('c') => match self.next() {
                Some(next) => Effect::Copy(next.command),
                None => Effect::Nothing,
            },
            Key::Char('p') if !self.pulling => match self.look.as_ref().map(|look| &look.cloud) {
                Some(None) => {
                    let text = "There is no cloud to pull from: this clone is in local mode, or has no remote";
                    self.said = Some((text.to_owned(), true));
                    Effect::Nothing
                }
                Some(Some(_)) | None => {
                    self.pulling = true;
                    Effect::Pull
                }
            },
            _ => Effect::Nothing,
        }
    }
}
