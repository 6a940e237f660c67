//! `git gryt sync watch`: follow the cloud, and say what lands there.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use serde::Serialize;

use crate::commands::Outcome;
use crate::context::Event;
use crate::git::{LOCAL_ENV, Stop};
use crate::model::news::News;
use crate::model::{Exit, Refusal};
use crate::runner::{self, End, Interrupt};
use crate::session::Session;
use crate::session::cloud::news::State;

/// Arguments of `sync watch`.
#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// How long to wait between two looks
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = crate::commands::time)]
    interval: Duration,
    /// A shell command to run for each piece of news, which is in GRYT_NEWS as JSON
    #[arg(long, value_name = "CMD")]
    exec: Option<String>,
    /// Look once, say what is new since the last pull, and end
    #[arg(long)]
    once: bool,
}

/// A watch that ended.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Watched {
    /// Pieces of news.
    pub told: usize,
    #[serde(skip)]
    pub once: bool,
}

/// The longest pause while the cloud is away.
const LONGEST: Duration = Duration::from_secs(600);

/// Looks again and again. Nothing is taken over and nobody's edits are taken in: that is a pull's.
///
/// # Errors
/// What the cloud shows does not check. That it is away is no error, unless one look was asked for.
pub(crate) fn run(session: &Session<'_>, args: &WatchArgs) -> Result<Outcome> {
    let remote = session.core.cloud_name()?;
    let interrupt = Interrupt::listen(&session.core.ctx.unheard)?;
    let counter = interrupt.counter();
    session.core.stop_when(Stop::when(move || counter() > 0));
    session.core.ctx.warn_once();
    if !args.once {
        let text = format!("Watching {remote}: Ctrl-C ends it");
        session.core.ctx.note(text);
    }
    let mut told = 0;
    let mut last: Option<State> = session.cloud.told();
    let mut pause = args.interval;
    let mut away = false;
    while interrupt.count() == 0 {
        match session.cloud.contact(None) {
            Ok(contact) => {
                if std::mem::take(&mut away) {
                    session.core.ctx.note("The cloud is back");
                }
                pause = args.interval;
                for news in session.cloud.news(last.as_ref(), &contact)? {
                    told += 1;
                    session.core.ctx.tell(Event::News { news: &news });
                    if let Some(command) = &args.exec {
                        session.core.rest();
                        exec(session, command, &news, &interrupt)?;
                    }
                }
                last = Some(contact.cloud);
            }
            Err(_) if interrupt.count() > 0 => break,
            Err(error) if args.once || !is_absence(&error) => return Err(error),
            Err(error) => {
                if !std::mem::replace(&mut away, true) {
                    // Each time that it goes away, and each time in the same words.
                    let text = &format!("{error}; trying again until it answers");
                    session.core.ctx.tell(Event::Warning { text });
                }
                pause = (pause * 2).min(LONGEST.max(args.interval));
            }
        }
        session.core.rest();
        if args.once || interrupt.within(pause) {
            break;
        }
    }
    Ok(Outcome::Watched(Watched {
        told,
        once: args.once,
    }))
}

fn is_absence(error: &anyhow::Error) -> bool {
    let refusal = error.downcast_ref::<Refusal>();
    refusal.is_some_and(|refusal| refusal.exit == Exit::Remote)
}

fn exec(session: &Session<'_>, command: &str, news: &News, interrupt: &Interrupt) -> Result<()> {
    let env = [("GRYT_NEWS", serde_json::to_string(news)?)];
    let dir = &session.core.ctx.dir;
    let ended = runner::watched(command, dir, &env, &LOCAL_ENV, interrupt, |bytes| {
        session.core.ctx.tell(Event::Heard { bytes });
    })?;
    match ended.end {
        End::Exit(Some(0)) | End::Interrupted | End::Timeout => {}
        End::Exit(code) => {
            let how = code.map_or("was ended".to_owned(), |code| format!("exited {code}"));
            session.core.ctx.warn(format!("--exec {how}"));
        }
    }
    Ok(())
}
