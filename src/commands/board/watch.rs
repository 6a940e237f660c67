//! The thread that reads while a person looks: again whenever something moved, and what it is asked for.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

use anyhow::Result;

use super::read;
use crate::commands::why;
use crate::context::Context;
use crate::model::board::Event;
use crate::model::{Refusal, Version};
use crate::session::core::contact::Contact;
use crate::session::{Core, Session};

/// The pause between two looks at the refs.
const BEAT: Duration = Duration::from_secs(1);
/// The longest pause between two whole looks: an evolution grows old by the commits at `HEAD`, and a policy is a file.
const WHOLE: Duration = Duration::from_secs(30);

/// What the thread is asked for.
pub(super) enum Ask {
    Look,
    Read(Version),
}

/// The reader, and what it knows between two looks.
pub(super) struct Watch<'a> {
    pub ctx: &'a Context,
    pub asks: Receiver<Ask>,
    pub tell: &'a dyn Fn(Event),
    /// Set once nobody looks any more.
    pub over: &'a AtomicBool,
}

/// What the lists followed from, and when that was.
type Seen = Option<(String, Instant)>;

impl Watch<'_> {
    /// Reads until nobody asks any more.
    pub(super) fn run(&self) {
        let mut seen: Seen = None;
        let mut trouble = None;
        let mut ask = None;
        loop {
            let looked = self.look(&mut seen, ask.take().as_ref());
            let text = looked.err().map(|error| match error.downcast::<Refusal>() {
                Ok(refusal) => read::said(&refusal).join("; "),
                Err(error) => format!("{error:#}"),
            });
            // Each trouble is told once, and not once a second.
            if text != trouble {
                if let Some(text) = &text {
                    (self.tell)(Event::Trouble(text.clone()));
                }
                trouble = text;
            }
            ask = match self.asks.recv_timeout(BEAT) {
                Ok(ask) => Some(ask),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
        }
    }

    /// Looks once.
    ///
    /// # Errors
    /// Refs, objects or files cannot be read.
    pub(super) fn once(&self) -> Result<()> {
        self.look(&mut None, None)
    }

    /// Looks once, and tells what is new. The repository is opened each time, as a command does that answers.
    fn look(&self, seen: &mut Seen, ask: Option<&Ask>) -> Result<()> {
        let core = Core::open(self.ctx)?;
        let session = Session::over(&core);
        let refs = core.store.refs()?;
        let mark = read::mark(&session, &refs)?;
        let same = seen.as_ref().is_some_and(|(known, at)| {
            let again = matches!(ask, Some(Ask::Look)) || at.elapsed() > WHOLE;
            *known == mark && !again
        });
        let mut contact: Option<Result<Option<Contact>, Refusal>> = None;
        if let Some(Ask::Read(version)) = ask {
            self.detail(&session, version, &mut contact)?;
        }
        if same {
            return Ok(());
        }
        let look = read::look(&session, &refs)?;
        let drafts: Vec<Version> = look.drafts.iter().map(|d| d.version.clone()).collect();
        (self.tell)(Event::Looked(Box::new(look)));
        for version in drafts {
            self.answer(&session, &mut contact)?;
            self.detail(&session, &version, &mut contact)?;
            if self.over.load(Ordering::SeqCst) {
                return Ok(());
            }
        }
        *seen = Some((mark, Instant::now()));
        Ok(())
    }

    /// Answers what was asked for meanwhile.
    fn answer(
        &self,
        session: &Session<'_>,
        contact: &mut Option<Result<Option<Contact>, Refusal>>,
    ) -> Result<()> {
        loop {
            match self.asks.try_recv() {
                Ok(Ask::Read(version)) => self.detail(session, &version, contact)?,
                // That is under way.
                Ok(Ask::Look) => {}
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => return Ok(()),
            }
        }
    }

    fn detail(
        &self,
        session: &Session<'_>,
        version: &Version,
        contact: &mut Option<Result<Option<Contact>, Refusal>>,
    ) -> Result<()> {
        if contact.is_none() {
            *contact = Some(match why::contact(session, true) {
                Ok(found) => Ok(found),
                Err(error) => Err(error.downcast::<Refusal>()?),
            });
        }
        let seen = match contact {
            Some(Ok(seen)) => Ok(&*seen),
            Some(Err(refusal)) => Err(&*refusal),
            None => Ok(&None),
        };
        let detail = read::detail(session, version, seen)?;
        (self.tell)(Event::Read(Box::new(detail)));
        Ok(())
    }
}
