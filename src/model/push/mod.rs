//! A push to the cloud as a machine: what to do next, given what came of the last thing.
//!
//! [`step`](Push::step) knows no git and no clock. It is told what happened and says what to do;
//! `session::push` does it, for drafts, evolutions, promotions, deletions, renames, clones that
//! leave local mode and what promotions left behind. The table of its states is in
//! docs/architecture.md, "A push".

mod exchange;
#[cfg(test)]
mod tests;

#[cfg(test)]
use super::promotion::REFS_A_PUSH;

pub(crate) use exchange::{Answer, Denial, Effect, End, Manner, Moved, Parts, Pause, Road};
pub(crate) use exchange::{Barrier, Culprit, Reply};

/// How often a push is planned again because somebody else's came first.
pub(crate) const OVERTAKEN: u32 = 60;
/// How often a push is sent that was refused although nothing had moved: another push may hold the
/// server's locks for a moment.
pub(crate) const STILL: u32 = 2;
/// How often a push is tried that does not get past the connection, to a cloud that can be read.
pub(crate) const BARRED: u32 = 3;
/// The same where the server asks to come back later.
pub(crate) const BUSY: u32 = 6;

/// A push under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Push {
    manner: Manner,
    /// How it began.
    wide: Road,
    road: Road,
    overtaken: u32,
    still: u32,
    barred: u32,
    /// Whether something was sent that may still land: by this push, or before it began.
    doubt: bool,
    earlier: bool,
    sent: Sent,
    /// The fewest refs that were refused as a push, and the most that were taken since.
    ceiling: Option<usize>,
    floor: usize,
}

/// What was sent last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Sent {
    parts: Parts,
    atomic: bool,
    reply: Reply,
}

impl Push {
    /// A push that begins; `road` says what the cloud is thought to take, and `doubt` whether the same
    /// was sent before, and no answer arrived.
    pub(crate) fn new(manner: Manner, road: Road, doubt: bool) -> Self {
        Self {
            manner,
            wide: road,
            road,
            overtaken: 0,
            still: 0,
            barred: 0,
            doubt,
            earlier: doubt,
            sent: Sent {
                parts: Parts::default(),
                atomic: false,
                reply: Reply::Accepted,
            },
            ceiling: None,
            floor: 0,
        }
    }

    /// What follows from `answer`.
    #[must_use]
    pub(crate) fn step(mut self, answer: Answer) -> (Self, Effect) {
        let effect = match answer {
            Answer::Read => Effect::Plan(self.road),
            Answer::Planned(parts) => {
                let atomic = match self.manner {
                    Manner::Whole | Manner::FirstAtLeast => self.road.atomic,
                    Manner::Single | Manner::Each => false,
                };
                self.sent = Sent {
                    parts,
                    atomic,
                    ..self.sent
                };
                Effect::Send { atomic }
            }
            Answer::NothingLeft => Effect::End(End::Done),
            Answer::Replied(reply) => self.replied(reply),
            Answer::TakenOver { more: false } => Effect::End(End::Done),
            Answer::TakenOver { more: true } => match self.manner {
                Manner::Each => Effect::Plan(self.road),
                Manner::Whole | Manner::FirstAtLeast | Manner::Single => Effect::Reread,
            },
            Answer::Looked(Moved::First) => {
                (self.doubt, self.earlier) = (false, false);
                self.overtaken()
            }
            Answer::Looked(Moved::Something) => self.overtaken(),
            Answer::Looked(Moved::Nothing) => self.nothing_moved(),
            Answer::Unreadable => Effect::End(self.unreadable()),
            Answer::Probed { lacks_atomic: true } => {
                self.doubt = self.earlier;
                self.road.atomic = false;
                self.wide.atomic = false;
                Effect::Plan(self.road)
            }
            Answer::Probed {
                lacks_atomic: false,
            } => Effect::End(End::Unheard),
        };
        (self, effect)
    }

    /// The most refs that this cloud takes in one push, where that was found out.
    pub(crate) fn limit(&self) -> Option<usize> {
        self.ceiling.map(|_| self.floor).filter(|most| *most > 0)
    }

    /// Whether something that was sent may still land.
    pub(crate) fn in_doubt(&self) -> bool {
        self.doubt
    }

    /// Whether what was planned last is sent as all or nothing.
    #[cfg(test)]
    pub(crate) fn sent_atomic(&self) -> bool {
        self.sent.atomic
    }

    fn replied(&mut self, reply: Reply) -> Effect {
        self.sent.reply = reply;
        self.doubt |= reply == Reply::Unknown;
        if self.manner == Manner::Each {
            return Effect::TakeOver;
        }
        match reply {
            Reply::Accepted => {
                self.accepted();
                Effect::TakeOver
            }
            Reply::Unsent(Barrier::Login) => Effect::End(self.denied(Denial::NoLogin)),
            Reply::Unsent(Barrier::Rights) => Effect::End(self.denied(Denial::NotAllowed)),
            Reply::Unsent(Barrier::Connection) => {
                self.barred += 1;
                Effect::Look(Pause::Line { tries: self.barred })
            }
            Reply::Unsent(Barrier::Busy) => {
                self.barred += 1;
                Effect::Look(Pause::Busy { tries: self.barred })
            }
            Reply::Lost | Reply::Declined(_) | Reply::Unknown => Effect::Look(Pause::Apart {
                weight: self.overtaken + 3 * self.still,
            }),
        }
    }

    fn accepted(&mut self) {
        (self.still, self.barred) = (0, 0);
        if let Some(ceiling) = self.ceiling {
            self.floor = self.floor.max(self.sent.parts.refs);
            let between = usize::midpoint(self.floor, ceiling);
            self.road.most = (2 * self.floor).min(between).max(1);
        }
    }

    fn overtaken(&mut self) -> Effect {
        self.still = 0;
        self.overtaken += 1;
        (self.road.tag, self.road.folded) = (self.wide.tag, self.wide.folded);
        match self.overtaken > OVERTAKEN {
            true if self.doubt => Effect::End(End::Doubtful(Denial::Lost)),
            true => Effect::End(End::Overtaken),
            false => Effect::Plan(self.road),
        }
    }

    fn nothing_moved(&mut self) -> Effect {
        let reply = self.sent.reply;
        match reply {
            Reply::Unknown if self.sent.atomic => Effect::Probe,
            Reply::Unknown => Effect::End(End::Unheard),
            Reply::Unsent(Barrier::Busy) if self.barred >= BUSY => {
                Effect::End(self.denied(Denial::NotConnected))
            }
            Reply::Unsent(Barrier::Connection) if self.barred >= BARRED => {
                Effect::End(self.denied(Denial::NotAllowed))
            }
            Reply::Unsent(Barrier::Login) => Effect::End(self.denied(Denial::NoLogin)),
            Reply::Unsent(Barrier::Rights) => Effect::End(self.denied(Denial::NotAllowed)),
            Reply::Unsent(Barrier::Busy | Barrier::Connection) => Effect::Plan(self.road),
            Reply::Declined(culprit) if self.lessened(culprit) => Effect::Plan(self.road),
            Reply::Declined(culprit) => self.again_or(Denial::Refused(culprit)),
            Reply::Accepted | Reply::Lost => self.again_or(Denial::Lost),
        }
    }

    /// Sends the same once more, or ends.
    fn again_or(&mut self, denial: Denial) -> Effect {
        self.still += 1;
        match self.still >= STILL {
            true => Effect::End(self.denied(denial)),
            false => Effect::Plan(self.road),
        }
    }

    /// Leaves out what the server may have meant, if anything can be.
    fn lessened(&mut self, culprit: Culprit) -> bool {
        let parts = self.sent.parts;
        let less = match (self.manner, culprit) {
            (Manner::Single | Manner::Each, _) | (Manner::FirstAtLeast, Culprit::First) => false,
            (Manner::FirstAtLeast, Culprit::Tag | Culprit::Whole) if parts.tag => {
                self.road.tag = false;
                true
            }
            (Manner::FirstAtLeast, _) if parts.folded => {
                self.road.folded = false;
                true
            }
            (Manner::FirstAtLeast, _) if parts.tag => {
                self.road.tag = false;
                true
            }
            (Manner::FirstAtLeast, _) => false,
            (Manner::Whole, _) if parts.refs > 1 && self.road.most > 1 => {
                if culprit == Culprit::Whole {
                    let known = self.ceiling.unwrap_or(usize::MAX);
                    self.ceiling = Some(known.min(parts.refs));
                }
                self.road.most = match self.floor {
                    floor if floor > 0 && floor < parts.refs => floor,
                    _ => 1,
                };
                true
            }
            (Manner::Whole, _) => false,
        };
        if less {
            // Another push held the locks, or a rule stands: less is sent once.
            self.still = STILL - 1;
        }
        less
    }

    fn denied(&self, denial: Denial) -> End {
        match self.doubt {
            true => End::Doubtful(denial),
            false => End::Denied(denial),
        }
    }

    /// The end where the cloud cannot be read after a push.
    fn unreadable(&self) -> End {
        match self.sent.reply {
            Reply::Unsent(_) => self.denied(Denial::NotConnected),
            Reply::Declined(culprit) => self.denied(Denial::Refused(culprit)),
            Reply::Unknown => End::Unreadable { unheard: true },
            Reply::Accepted | Reply::Lost => End::Unreadable {
                unheard: self.doubt,
            },
        }
    }
}
