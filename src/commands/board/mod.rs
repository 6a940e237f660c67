//! `git gryt board`: what `status` says and more, on one screen, for people who would rather look than read.
//! It changes nothing; only its key `p` runs a pull.

mod read;
mod watch;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::Scope;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Args;

use self::watch::{Ask, Watch};
use super::Outcome;
use super::setup::Printed;
use crate::context::{Context, Event as Heard};
use crate::model::board::{Board, Effect, Event, Keys};
use crate::model::shown::line;
use crate::model::{Exit, Refusal, Stamp};
use crate::runner::{self, End, Interrupt};

/// Arguments of `board`.
#[derive(Debug, Args)]
pub(crate) struct BoardArgs {
    /// Pull from the cloud in the background, with a pause of TIME between two pulls
    #[arg(long, value_name = "TIME", value_parser = super::time, conflicts_with = "once")]
    pull: Option<Duration>,
    /// Print the board once, as text, and end
    #[arg(long)]
    once: bool,
}

/// Hears what is typed; none once the terminal is gone.
pub(crate) type Listener = Box<dyn Fn(Option<&[u8]>) + Send>;

/// A terminal that a board can be drawn on.
pub(crate) trait Screen {
    /// Whether there is a terminal to draw on and to read keys from.
    fn is_there(&self) -> bool;

    /// Takes the terminal over. However this process ends then, the terminal is given back.
    ///
    /// # Errors
    /// It cannot be had.
    fn enter(&mut self) -> std::io::Result<()>;

    /// Gives it back as it was.
    fn leave(&mut self);

    /// Draws what has changed. Says how far the open text can be scrolled, in lines.
    ///
    /// # Errors
    /// The terminal is gone.
    fn draw(&mut self, board: &Board, now: &Stamp) -> std::io::Result<usize>;

    /// Forgets what is drawn, so that all of it is drawn again.
    ///
    /// # Errors
    /// The terminal is gone.
    fn clear(&mut self) -> std::io::Result<()>;

    /// Its columns and lines.
    fn size(&self) -> Option<(u16, u16)>;

    /// Passes on what is typed from now on.
    fn listen(&self, heard: Listener);

    /// Hands a text to the terminal's clipboard.
    ///
    /// # Errors
    /// The terminal is gone.
    fn copy(&mut self, text: &str) -> std::io::Result<()>;

    /// Prints the board as text.
    ///
    /// # Errors
    /// It cannot be written.
    fn print(&mut self, board: &Board, now: &Stamp) -> std::io::Result<()>;
}

/// What the loop waits for.
enum Happened {
    Typed(Vec<u8>),
    /// The terminal is gone.
    Gone,
    Of(Event),
}

/// The longest that nothing is looked at: signals, and the size of the terminal.
const TICK: Duration = Duration::from_millis(100);
/// How long after an Escape the rest of a key's bytes may come. They are sent at once.
const ESCAPE: Duration = Duration::from_millis(50);
/// How often all is drawn although nothing was told: how long ago something was changes by itself.
const REDRAWN: Duration = Duration::from_secs(1);

/// Shows the board until somebody leaves it.
///
/// # Errors
/// [`Exit::Usage`] where there is no terminal, and [`Exit::Interrupted`] where a signal ended it.
pub(crate) fn run(ctx: &Context, args: &BoardArgs, screen: &mut dyn Screen) -> Result<Outcome> {
    if args.once {
        screen.print(&once(ctx)?, &ctx.now())?;
        return Ok(nothing());
    }
    if !screen.is_there() {
        let what = "The board needs a terminal, to draw on and to read keys from";
        return Err(Refusal::new(Exit::Usage, what)
            .because("The same in a few lines, or as the board's text:")
            .then("git gryt status")
            .then("git gryt board --once")
            .into());
    }
    let interrupt = Interrupt::listen(&ctx.unheard)?;
    let (told, happens) = mpsc::channel();
    let (asks, asked) = mpsc::channel();
    let own = quiet(ctx, told.clone());
    let over = &AtomicBool::new(false);
    std::thread::scope(|scope| {
        let tell = told.clone();
        scope.spawn(move || {
            // Nobody to tell: the process ends.
            let tell = |event| _ = tell.send(Happened::Of(event));
            let watch = Watch {
                ctx: &own,
                asks: asked,
                tell: &tell,
                over,
            };
            watch.run();
        });
        let mut shown = Shown {
            board: Board::default(),
            ctx,
            interrupt: &interrupt,
            told,
            asks,
        };
        screen.enter()?;
        let typed = shown.told.clone();
        screen.listen(Box::new(move |bytes| {
            // Nobody to tell: the process ends.
            _ = typed.send(match bytes {
                Some(bytes) => Happened::Typed(bytes.to_vec()),
                None => Happened::Gone,
            });
        }));
        let ended = shown.goes_on(scope, &happens, screen, args.pull);
        screen.leave();
        over.store(true, Ordering::SeqCst);
        // A pull that is under way ends, too.
        interrupt.ask();
        ended
    })?;
    Ok(nothing())
}

/// The outcome of what was drawn already.
fn nothing() -> Outcome {
    let text = String::new();
    Outcome::Printed(Printed { text })
}

/// The outside of the thread that reads. What is worth a look is told to the board: the screen is taken.
fn quiet(ctx: &Context, told: Sender<Happened>) -> Context {
    let own = Context {
        dir: ctx.dir.clone(),
        begun: ctx.begun,
        no_cache: ctx.no_cache,
        quiet: true,
        verbose: false,
        unheard: Arc::clone(&ctx.unheard),
        left: Arc::clone(&ctx.left),
        warned: std::sync::Mutex::default(),
        sink: Box::new(move |event| {
            if let Heard::Warning { text } = event {
                // Nobody to tell: the process ends.
                _ = told.send(Happened::Of(Event::Trouble(text.to_owned())));
            }
        }),
    };
    own.warn_once();
    own
}

/// The board after one look, with all of it read.
fn once(ctx: &Context) -> Result<Board> {
    let (told, happens) = mpsc::channel();
    let own = quiet(ctx, told.clone());
    let (asks, asked) = mpsc::channel();
    // Nobody asks for anything, so that it ends after its first look.
    drop(asks);
    // The other end is in this function.
    let tell = |event| _ = told.send(Happened::Of(event));
    let watch = Watch {
        ctx: &own,
        asks: asked,
        tell: &tell,
        over: &AtomicBool::new(false),
    };
    watch.once()?;
    drop((own, told));
    let mut board = Board::default();
    for happened in happens {
        if let Happened::Of(event) = happened {
            board.step(event);
        }
    }
    Ok(board)
}

/// The board while it is shown.
struct Shown<'a> {
    board: Board,
    ctx: &'a Context,
    interrupt: &'a Interrupt,
    told: Sender<Happened>,
    asks: Sender<Ask>,
}

impl Shown<'_> {
    /// Draws and listens until somebody leaves it, or nobody is there any more.
    fn goes_on<'s>(
        &mut self,
        scope: &'s Scope<'s, '_>,
        happens: &Receiver<Happened>,
        screen: &mut dyn Screen,
        pull: Option<Duration>,
    ) -> Result<()>
    where
        Self: 's,
    {
        let mut keys = Keys::default();
        let mut drawn = None;
        let mut pulled = Instant::now();
        loop {
            let size = screen.size();
            let stale = drawn
                .is_none_or(|(then, at): (_, Instant)| then != size || at.elapsed() >= REDRAWN);
            if stale {
                let bottom = screen.draw(&self.board, &self.ctx.now())?;
                self.board.drawn(bottom);
                drawn = Some((size, Instant::now()));
            }
            let pause = if keys.is_open() { ESCAPE } else { TICK };
            let events: Vec<Event> = match happens.recv_timeout(pause) {
                Ok(Happened::Typed(bytes)) => {
                    keys.feed(&bytes).into_iter().map(Event::Key).collect()
                }
                Ok(Happened::Of(event)) => vec![event],
                Ok(Happened::Gone) | Err(RecvTimeoutError::Disconnected) => return Ok(()),
                Err(RecvTimeoutError::Timeout) => {
                    keys.paused().map(Event::Key).into_iter().collect()
                }
            };
            if self.interrupt.count() > 0 {
                return Err(Refusal::new(Exit::Interrupted, "Interrupted").into());
            }
            if !events.is_empty() {
                drawn = None;
            }
            for event in events {
                if matches!(event, Event::Pulled { .. }) {
                    pulled = Instant::now();
                }
                match self.board.step(event) {
                    Effect::Nothing => {}
                    Effect::Quit => return Ok(()),
                    Effect::Look => _ = self.asks.send(Ask::Look),
                    Effect::Read(version) => _ = self.asks.send(Ask::Read(version)),
                    Effect::Redraw => screen.clear()?,
                    Effect::Copy(command) => {
                        // What is copied is what is shown.
                        let command = line(&command);
                        screen.copy(&command)?;
                        self.board.step(Event::Copied(command));
                    }
                    Effect::Pull => self.pulls(scope, true),
                    Effect::Suspend => {
                        screen.leave();
                        runner::interrupt::suspend()?;
                        screen.enter()?;
                    }
                }
            }
            let due = pull.is_some_and(|pause| pulled.elapsed() >= pause);
            if due && !self.board.pulling() {
                self.board.step(Event::Pulling);
                drawn = None;
                self.pulls(scope, false);
            }
        }
    }

    /// Runs `git gryt sync pull` beside the board.
    fn pulls<'s>(&self, scope: &'s Scope<'s, '_>, asked: bool)
    where
        Self: 's,
    {
        let (told, interrupt) = (self.told.clone(), self.interrupt);
        let dir = self.ctx.dir.clone();
        scope.spawn(move || {
            let mut heard = Vec::new();
            let args = ["sync", "pull", "--color", "never"];
            let ended = runner::again(&args, &dir, None, interrupt, |bytes| {
                heard.extend_from_slice(bytes);
            });
            let mut lines: Vec<String> = String::from_utf8_lossy(&heard)
                .lines()
                .filter(|line| !line.trim().is_empty())
                .map(str::to_owned)
                .collect();
            let done = match ended.map(|ended| ended.end) {
                Ok(End::Exit(code)) => code == Some(0),
                Ok(End::Timeout | End::Interrupted) => false,
                Err(error) => {
                    lines.push(format!("{error:#}"));
                    false
                }
            };
            // Nobody to tell: the process ends.
            _ = told.send(Happened::Of(Event::Pulled { asked, done, lines }));
        });
    }
}
