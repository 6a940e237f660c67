//! The only writer of stdout and stderr: people's text and JSON from the same outcomes and
//! events.

mod board;
mod compared;
mod evolution;
mod generation;
mod html;
mod human;
mod ledger;
mod links;
mod news;
mod page;
mod promote;
mod query;
mod run;
#[cfg(test)]
mod schemas;
mod screen;
mod setup;
mod states;
mod status;
mod sync;
mod table;
mod view;

use std::io::{IsTerminal, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use anyhow::Result;

use board::Board;
use links::Links;
use view::View;

use crate::cli::{Color, Global};
use crate::commands::{self, Outcome};
use crate::context::{Context, Event};
use crate::model::address::without_credentials;
use crate::model::forge::Commits;
use crate::model::news::News;
use crate::model::shown::{clean, line, markdown, tabbed};
use crate::model::{Exit, Invalid, Refusal};

/// How a run speaks.
pub(crate) struct Renderer {
    json: bool,
    quiet: bool,
    verbose: bool,
    /// Whether colours are wanted.
    colours: bool,
    screen: Arc<Mutex<Screen>>,
    unheard: Arc<AtomicBool>,
    left: Arc<AtomicBool>,
    /// Where commits are shown on the web.
    pages: OnceLock<Commits>,
}

/// Shows a text to a person, and says whether it did.
pub(crate) type Pager = fn(&Text) -> bool;

/// A text as it is printed on a terminal.
pub(crate) struct Text {
    pub plain: String,
    /// The same with commits as links; none where there are none, or where they are not wanted.
    pub linked: Option<String>,
}

/// What is on the screen while a command works.
#[derive(Default)]
struct Screen {
    board: Board,
    /// The page of the ledger, as far as it is printed.
    page: html::Document,
    /// Whether the last thing printed left the cursor in the middle of a line.
    midline: bool,
}

/// What is drawn again and again on stderr.
#[derive(Clone, Copy)]
struct Draw {
    /// The steps of a pipeline, between what they print.
    steps: bool,
    /// How far a long row is.
    counts: bool,
}

impl Screen {
    /// What an event adds to what is printed.
    fn told(&mut self, event: Event<'_>, colours: bool, draw: Draw, json: bool) -> Vec<u8> {
        let said = |event| human::event(event).printed(colours) + "\n";
        let mut text = match event {
            Event::Heard { bytes } => {
                self.midline = bytes.last().is_some_and(|last| *last != b'\n');
                return bytes.to_vec();
            }
            Event::Page { piece } => return self.page.piece(piece).into_bytes(),
            Event::StepOutput { step, bytes } => self.board.lines(step, bytes),
            Event::Counted { what, done, of } => {
                self.board.count(what, done, of, draw.counts);
                return Vec::new();
            }
            Event::CountEnded => {
                self.board.counted();
                return Vec::new();
            }
            Event::RunStarted { steps } => {
                self.board.begin(steps, draw.steps);
                String::new()
            }
            Event::RunEnded => {
                self.board.finish();
                String::new()
            }
            Event::StepStarted { step } => {
                self.board.start(step);
                said(event)
            }
            Event::StepEnded { result } => self.board.end(&result.name) + &said(event),
            Event::News { news } if json => json_line(news) + "\n",
            event => said(event),
        };
        if std::mem::take(&mut self.midline) {
            text.insert(0, '\n');
        }
        text.into_bytes()
    }
}

impl Renderer {
    /// A renderer by the global options.
    pub(crate) fn new(global: &Global) -> Self {
        let auto = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let on = match global.color {
            Color::Auto => auto && !global.json,
            Color::Always => true,
            Color::Never => false,
        };
        Self {
            json: global.json,
            quiet: global.quiet,
            verbose: global.verbose,
            colours: on,
            screen: Arc::default(),
            unheard: Arc::default(),
            left: Arc::default(),
            pages: OnceLock::new(),
        }
    }

    /// The terminal, for a command that draws on all of it.
    pub(crate) fn screen(&self) -> screen::Terminal {
        screen::Terminal::new(self.colours, self.json)
    }

    /// Whether commits can be links: stdout is a terminal that has them.
    pub(crate) fn has_links(&self) -> bool {
        let env = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        !self.json && self.colours && std::io::stdout().is_terminal() && links::known_to(env)
    }

    /// Makes commits links to `pages`.
    pub(crate) fn link_commits(&self, pages: Commits) {
        // A second time says the same.
        _ = self.pages.set(pages);
    }

    /// Set once what is printed while a command works cannot be printed any more.
    pub(crate) fn unheard(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.unheard)
    }

    /// Set before, where that is because whoever read it went away (`| head`).
    pub(crate) fn left(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.left)
    }

    /// Who hears events. With JSON, stdout is for the one document, so what a step prints goes
    /// to stderr.
    pub(crate) fn sink(&self) -> Box<dyn Fn(Event<'_>) + Send + Sync> {
        let (json, quiet, verbose, colours) = (self.json, self.quiet, self.verbose, self.colours);
        let terminal = std::io::stderr().is_terminal();
        let draw = Draw {
            steps: terminal && std::io::stdout().is_terminal() && !json && !quiet,
            counts: terminal
                && !quiet
                && !is_piped()
                && std::env::var_os("TERM").is_none_or(|term| term != "dumb"),
        };
        let screen = Arc::clone(&self.screen);
        let (unheard, left) = (Arc::clone(&self.unheard), Arc::clone(&self.left));
        Box::new(move |event| {
            let told = matches!(
                event,
                Event::Warning { .. }
                    | Event::Heard { .. }
                    | Event::News { .. }
                    | Event::Page { .. }
            );
            if quiet && !told || !verbose && matches!(event, Event::Detail { .. }) {
                return;
            }
            // A poisoned lock only means that another thread panicked while printing.
            let mut screen = screen.lock().unwrap_or_else(PoisonError::into_inner);
            let text = screen.told(event, colours, draw, json);
            if text.is_empty() {
                return;
            }
            let aside = matches!(
                event,
                Event::Note { .. } | Event::Warning { .. } | Event::Detail { .. }
            );
            screen.board.aside(|| {
                let streamed = matches!(event, Event::News { .. });
                let written = match json && !streamed || aside {
                    true => write(&mut std::io::stderr(), &text),
                    false => write(&mut std::io::stdout(), &text),
                };
                if let Err(error) = written {
                    if error.kind() == std::io::ErrorKind::BrokenPipe {
                        left.store(true, Ordering::SeqCst);
                    }
                    unheard.store(true, Ordering::SeqCst);
                }
            });
        })
    }

    /// Prints what a command came to. False where it could not be: a full disk, say. A reader that
    /// went away (`| head`) is no failure of the command.
    ///
    /// On a terminal, `pager` shows the text.
    pub(crate) fn finish(&self, result: &Result<Outcome>, pager: Option<Pager>) -> bool {
        match self.print(result, pager) {
            Ok(()) => true,
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => true,
            Err(error) => {
                // Where that cannot be told either, the exit status is all that is left.
                let text = format!("ERROR: The output could not be written: {error}\n");
                _ = std::io::stderr().write_all(text.as_bytes());
                false
            }
        }
    }

    fn print(&self, result: &Result<Outcome>, pager: Option<Pager>) -> std::io::Result<()> {
        // What was watched was told line by line.
        if let (true, Ok(Outcome::Watched(_))) = (self.json, result) {
            return Ok(());
        }
        if self.json {
            let document = match result {
                Ok(outcome) => serde_json::to_string_pretty(outcome),
                Err(error) => serde_json::to_string_pretty(&failure(error)),
            };
            // Outcomes are plain data; where one cannot be written, saying so is all that is left.
            let text = document.unwrap_or_else(|e| format!("{{\"error\":\"{e}\"}}"));
            return write(&mut std::io::stdout(), format!("{text}\n").as_bytes());
        }
        match result {
            Ok(outcome) => {
                let view = View::of_stdout(self.verbose);
                let page = human::outcome(outcome, self.quiet, &view);
                let links = self.pages.get().map(|pages| Links::of(outcome, pages));
                let links = links.filter(|links| !links.is_empty());
                let text = Text {
                    plain: page.printed(self.colours),
                    linked: links.map(|links| page.linked(self.colours, &links)),
                };
                let shown = !text.plain.is_empty() && std::io::stdout().is_terminal();
                let pager = pager.filter(|_| shown);
                if pager.is_some_and(|show| show(&text)) {
                    return Ok(());
                }
                let text = text.linked.unwrap_or(text.plain);
                write(&mut std::io::stdout(), text.as_bytes())
            }
            Err(error) => {
                let text = human::error(error, self.verbose).printed(self.colours);
                write(&mut std::io::stderr(), text.as_bytes())
            }
        }
    }
}

/// Prints what clap says of a command line that it could not parse, or its help.
pub(crate) fn usage(error: &clap::Error, json: bool) -> u8 {
    if json && error.use_stderr() {
        let what = error.to_string();
        let refusal = Refusal::new(Exit::Usage, what.trim_start_matches("error: ").trim());
        let text = serde_json::to_string(&failure(&refusal.into()));
        let text = text.unwrap_or_else(|e| format!("{{\"error\":\"{e}\"}}"));
        // There is nobody else to tell.
        let _ = write(&mut std::io::stdout(), format!("{text}\n").as_bytes());
        return Exit::Usage.code();
    }
    // A closed pipe on the way out is the reader's choice.
    let _ = error.print();
    if error.use_stderr() {
        Exit::Usage.code()
    } else {
        Exit::Done.code()
    }
}

/// Whether another program reads what is printed: it may draw on the terminal itself.
fn is_piped() -> bool {
    let stdout = std::io::stdout();
    let file = stdout.as_fd().try_clone_to_owned().map(std::fs::File::from);
    let is_file = file
        .and_then(|file| file.metadata())
        .is_ok_and(|meta| meta.is_file());
    !stdout.is_terminal() && !is_file
}

/// Whether what is printed is read at a terminal.
pub(crate) fn at_a_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// Tells what a pull brought that was made on the way of another command.
pub(crate) fn pull_in_passing(ctx: &Context, pulled: &commands::sync::Pulled) {
    for conflict in &pulled.conflicts {
        ctx.warn(format!("{}: {}", conflict.version, conflict.reason));
    }
    for news in &pulled.news {
        ctx.note(news::news_line(news));
    }
    for line in sync::pull_notes(&pulled.details, &pulled.told_late).lines() {
        ctx.note(line.trim());
    }
}

/// A piece of news, as `sync watch --json` prints it: a line each.
#[derive(serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct NewsLine<'a> {
    schema: NewsSchema,
    #[serde(flatten)]
    news: &'a News,
}

#[derive(serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
enum NewsSchema {
    #[serde(rename = "gryt.news/1")]
    V1,
}

fn json_line(news: &News) -> String {
    let line = NewsLine {
        schema: NewsSchema::V1,
        news,
    };
    // Plain data; where it cannot be written, saying so is all that is left.
    serde_json::to_string(&line).unwrap_or_else(|e| format!("{{\"error\":\"{e}\"}}"))
}

/// The exit that an error stands for.
pub(crate) fn exit_of(error: &anyhow::Error) -> Exit {
    if let Some(refusal) = error.downcast_ref::<Refusal>() {
        refusal.exit
    } else if error.downcast_ref::<Invalid>().is_some() {
        Exit::Invalid
    } else {
        Exit::Failure
    }
}

/// What a command that failed prints with `--json`.
#[derive(serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Failure {
    schema: FailureSchema,
    /// What happened.
    error: String,
    /// More of it, a line each.
    why: Vec<String>,
    /// Commands that lead on.
    next: Vec<String>,
    kind: Exit,
    /// The exit status.
    exit: u8,
}

#[derive(serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
enum FailureSchema {
    #[serde(rename = "gryt.error/1")]
    V1,
}

fn failure(error: &anyhow::Error) -> Failure {
    let exit = exit_of(error);
    let (what, why, next) = match error.downcast_ref::<Refusal>() {
        Some(refusal) => (
            refusal.what.clone(),
            refusal.why.clone(),
            refusal.next.clone(),
        ),
        None => (
            error.to_string(),
            error.chain().skip(1).map(ToString::to_string).collect(),
            vec![],
        ),
    };
    let public = |text: String| without_credentials(&text);
    Failure {
        schema: FailureSchema::V1,
        error: public(what),
        why: why.into_iter().map(public).collect(),
        next: next.into_iter().map(public).collect(),
        kind: exit,
        exit: exit.code(),
    }
}

/// A number of things, by the name of one: `1 commit`, `2 commits`.
fn count(number: usize, one: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {one}s"),
    }
}

fn write(to: &mut dyn Write, bytes: &[u8]) -> std::io::Result<()> {
    to.write_all(bytes)?;
    to.flush()
}
