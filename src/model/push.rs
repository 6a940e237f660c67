//! A push to the cloud as a machine: what to do next, given what came of the last thing.
//!
//! [`step`](Push::step) knows no git and no clock. It is told what happened and says what to do;
//! `session::push` does it, for drafts, evolutions, promotions, deletions, renames, clones that
//! leave local mode and what promotions left behind. The table of its states is in
//! docs/architecture.md, "A push".

/// How often a push is planned again because somebody else's came first.
pub(crate) const OVERTAKEN: u32 = 60;
/// How often a push is sent again that was refused although nothing had moved: another push may
/// hold the server's locks for a moment.
pub(crate) const STILL: u32 = 4;

/// What the cloud has to do with the refs of one push.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Manner {
    /// All of them or none.
    Whole,
    /// The same; but where the cloud will not have it, the first of them alone.
    FirstAtLeast,
    /// One ref, which needs no agreement with others.
    Single,
    /// Each for itself, once: what is refused stays as it is, for a later command.
    Each,
}

/// How a push can be sent to this cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Road {
    /// It takes all or nothing.
    pub atomic: bool,
    /// It will not have the other refs of this push.
    pub alone: bool,
}

/// What the cloud said to a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reply {
    /// It acknowledged everything.
    Accepted,
    /// A line about some ref arrived, and not all were acknowledged.
    Refused {
        /// The server itself said no to some ref, rather than our git because a lease was lost.
        there: bool,
        /// The answer arrived whole.
        whole: bool,
    },
    /// Nothing about any ref was heard.
    Silence {
        /// Git ended its answer all the same.
        whole: bool,
    },
}

impl Reply {
    /// Whether it is known that the cloud had its say.
    fn whole(self) -> bool {
        match self {
            Self::Accepted => true,
            Self::Refused { whole, .. } | Self::Silence { whole } => whole,
        }
    }
}

/// What came of an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Answer {
    /// The cloud was read.
    Read,
    /// There is something to push: how many refs.
    Planned { refs: usize },
    /// There is nothing to push.
    NothingLeft,
    /// The push came back.
    Replied(Reply),
    /// What was acknowledged is taken over, and perhaps more is to be pushed.
    TakenOver { more: bool },
    /// The cloud was read after a push that was not acknowledged whole; whether anything stands
    /// there otherwise than when the push was planned.
    Looked { moved: bool },
    /// It could not be read.
    Unreadable,
    /// Whether the cloud takes such a push, only not all or nothing.
    Probed { lacks_atomic: bool },
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Effect {
    /// Decide what is to be pushed over what the cloud holds.
    Plan(Road),
    /// Push what was planned.
    Send { atomic: bool },
    /// Take over here what was acknowledged.
    TakeOver,
    /// Read again what this clone knows of the cloud, without asking it.
    Reread,
    /// Wait a while that differs between clones, longer with a greater weight, and ask the cloud.
    Look { weight: u32 },
    /// Find out whether the cloud takes no atomic push.
    Probe,
    /// Stop.
    End(End),
}

/// How a push ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum End {
    /// All that there was to push is in the cloud.
    Done,
    /// The cloud said no, and nothing moved that could explain it.
    Refused,
    /// Other people's pushes kept coming first.
    Overtaken,
    /// It was sent, no whole answer came, and the cloud shows nothing of it: it may still land.
    Unheard,
    /// The same, and the cloud could not be read either; or it said no and could not be read.
    Unreadable { unheard: bool },
}

/// A push under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Push {
    manner: Manner,
    road: Road,
    overtaken: u32,
    still: u32,
    sent: Sent,
}

/// What was sent last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Sent {
    refs: usize,
    atomic: bool,
    reply: Reply,
}

impl Push {
    /// A push that begins; `atomic` says whether the cloud is thought to take all or nothing.
    pub(crate) fn new(manner: Manner, atomic: bool) -> Self {
        Self {
            manner,
            road: Road {
                atomic,
                alone: false,
            },
            overtaken: 0,
            still: 0,
            sent: Sent {
                refs: 0,
                atomic: false,
                reply: Reply::Accepted,
            },
        }
    }

    /// What follows from `answer`.
    #[must_use]
    pub(crate) fn step(mut self, answer: Answer) -> (Self, Effect) {
        let effect = match answer {
            Answer::Read => Effect::Plan(self.road),
            Answer::Planned { refs } => {
                let atomic = match self.manner {
                    Manner::Whole | Manner::FirstAtLeast => self.road.atomic,
                    Manner::Single | Manner::Each => false,
                };
                self.sent = Sent {
                    refs,
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
            Answer::Looked { moved: true } => self.overtaken(),
            Answer::Looked { moved: false } => self.nothing_moved(),
            Answer::Unreadable => self.end_or_first_alone(End::Unreadable {
                unheard: !self.sent.reply.whole(),
            }),
            Answer::Probed { lacks_atomic: true } => {
                self.road.atomic = false;
                Effect::Plan(self.road)
            }
            Answer::Probed {
                lacks_atomic: false,
            } => Effect::End(self.unmoved()),
        };
        (self, effect)
    }

    fn replied(&mut self, reply: Reply) -> Effect {
        self.sent.reply = reply;
        match (reply, self.manner) {
            (Reply::Accepted, _) | (_, Manner::Each) => Effect::TakeOver,
            (
                Reply::Refused { .. } | Reply::Silence { .. },
                Manner::Whole | Manner::FirstAtLeast | Manner::Single,
            ) => Effect::Look {
                weight: self.overtaken + 3 * self.still,
            },
        }
    }

    fn overtaken(&mut self) -> Effect {
        self.still = 0;
        self.overtaken += 1;
        match self.overtaken > OVERTAKEN {
            true => self.end_or_first_alone(End::Overtaken),
            false => Effect::Plan(self.road),
        }
    }

    fn nothing_moved(&mut self) -> Effect {
        match self.sent.reply {
            Reply::Silence { .. } if self.sent.atomic => Effect::Probe,
            Reply::Silence { .. } => Effect::End(self.unmoved()),
            Reply::Accepted | Reply::Refused { .. } => {
                self.still += 1;
                match self.still > STILL {
                    true => self.end_or_first_alone(self.unmoved()),
                    false => Effect::Plan(self.road),
                }
            }
        }
    }

    /// The end of a push of which the cloud shows nothing.
    fn unmoved(&self) -> End {
        match self.sent.reply.whole() {
            true => End::Refused,
            false => End::Unheard,
        }
    }

    /// `end`, unless the server said no to refs that need not come along.
    fn end_or_first_alone(&mut self, end: End) -> Effect {
        let refused = matches!(self.sent.reply, Reply::Refused { there: true, .. });
        if !refused || self.manner != Manner::FirstAtLeast || self.sent.refs < 2 || self.road.alone
        {
            return Effect::End(end);
        }
        self.road.alone = true;
        (self.overtaken, self.still) = (0, 0);
        Effect::Look { weight: 0 }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const LOST: Reply = Reply::Refused {
        there: false,
        whole: true,
    };
    const DECLINED: Reply = Reply::Refused {
        there: true,
        whole: true,
    };
    const SILENCE: Reply = Reply::Silence { whole: false };

    /// Every answer to `effect`, whatever the cloud does.
    fn answers(effect: Effect) -> Vec<Answer> {
        match effect {
            Effect::Plan(_) => vec![
                Answer::Planned { refs: 1 },
                Answer::Planned { refs: 3 },
                Answer::NothingLeft,
            ],
            Effect::Send { .. } => [true, false]
                .into_iter()
                .flat_map(|whole| {
                    [true, false]
                        .map(|there| Reply::Refused { there, whole })
                        .into_iter()
                        .chain([Reply::Silence { whole }, Reply::Accepted])
                })
                .map(Answer::Replied)
                .collect(),
            Effect::TakeOver => [true, false].map(|more| Answer::TakenOver { more }).into(),
            Effect::Reread => vec![Answer::Read],
            Effect::Look { .. } => vec![
                Answer::Looked { moved: true },
                Answer::Looked { moved: false },
                Answer::Unreadable,
            ],
            Effect::Probe => [true, false]
                .map(|lacks_atomic| Answer::Probed { lacks_atomic })
                .into(),
            Effect::End(_) => Vec::new(),
        }
    }

    const MANNERS: [Manner; 4] = [
        Manner::Whole,
        Manner::FirstAtLeast,
        Manner::Single,
        Manner::Each,
    ];

    /// All that can be reached: each step with the effect that led to it.
    fn explore(manner: Manner) -> HashSet<(Push, Effect, Answer, Push, Effect)> {
        let mut steps = HashSet::new();
        let mut open = vec![Push::new(manner, true).step(Answer::Read)];
        let mut known: HashSet<_> = open.iter().copied().collect();
        while let Some((push, effect)) = open.pop() {
            for answer in answers(effect) {
                let (next, then) = push.step(answer);
                steps.insert((push, effect, answer, next, then));
                if known.insert((next, then)) {
                    open.push((next, then));
                }
            }
        }
        steps
    }

    #[test]
    fn success_is_said_only_after_an_acknowledgement_or_a_look_that_shows_it() {
        for manner in MANNERS {
            for (_, effect, answer, _, then) in explore(manner) {
                if then != Effect::End(End::Done) {
                    continue;
                }
                let planned = matches!(effect, Effect::Plan(_)) && answer == Answer::NothingLeft;
                let taken = answer == Answer::TakenOver { more: false };
                assert!(planned || taken, "{manner:?}: {effect:?} {answer:?}");
            }
        }
    }

    #[test]
    fn what_may_still_land_is_never_called_refused() {
        for manner in MANNERS {
            for (push, _, _, _, then) in explore(manner) {
                let whole = push.sent.reply.whole();
                match then {
                    Effect::End(End::Refused) => assert!(whole, "{push:?}"),
                    Effect::End(End::Unheard) => assert!(!whole, "{push:?}"),
                    Effect::End(End::Unreadable { unheard }) => assert_eq!(unheard, !whole),
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn only_what_is_wanted_whole_is_asked_for_whole() {
        for manner in MANNERS {
            let whole = matches!(manner, Manner::Whole | Manner::FirstAtLeast);
            for (.., then) in explore(manner) {
                assert!(then != Effect::Send { atomic: true } || whole, "{manner:?}");
                let probe = then == Effect::Probe;
                assert!(!probe || whole, "{manner:?} probes");
                let look = matches!(then, Effect::Look { .. });
                assert!(!look || manner != Manner::Each, "{manner:?} looks");
            }
        }
    }

    /// Without somebody else's push no run of it is longer than a few sends.
    #[test]
    fn nothing_is_sent_for_ever() {
        for manner in MANNERS {
            let mut runs = vec![(Push::new(manner, true).step(Answer::Read), 0)];
            let mut seen = HashSet::new();
            while let Some(((push, effect), sends)) = runs.pop() {
                assert!(sends <= 2 * STILL + 4, "{manner:?} goes on: {push:?}");
                if !seen.insert((push, effect, sends)) {
                    continue;
                }
                for answer in answers(effect) {
                    let by_others = matches!(
                        answer,
                        Answer::Looked { moved: true } | Answer::TakenOver { more: true }
                    );
                    if !by_others {
                        let sent = u32::from(matches!(effect, Effect::Send { .. }));
                        runs.push((push.step(answer), sends + sent));
                    }
                }
            }
        }
    }

    fn play(manner: Manner, answers: &[Answer]) -> Effect {
        let start = Push::new(manner, true).step(Answer::Read);
        let play = |(push, _): (Push, Effect), answer: &Answer| push.step(*answer);
        answers.iter().fold(start, play).1
    }

    #[test]
    fn a_host_that_refuses_deletions_gets_the_ledger_alone() {
        let sent = [
            Answer::Planned { refs: 3 },
            Answer::Replied(DECLINED),
            Answer::Looked { moved: false },
        ];
        let mut tried = sent.repeat(STILL as usize + 1);
        assert_eq!(
            play(Manner::FirstAtLeast, &tried),
            Effect::Look { weight: 0 }
        );
        assert_eq!(play(Manner::Whole, &tried), Effect::End(End::Refused));
        let alone = Road {
            atomic: true,
            alone: true,
        };
        tried.push(Answer::Looked { moved: false });
        assert_eq!(play(Manner::FirstAtLeast, &tried), Effect::Plan(alone));
    }

    #[test]
    fn a_cloud_without_atomic_pushes_is_found_out_by_asking() {
        let silent = [
            Answer::Planned { refs: 3 },
            Answer::Replied(SILENCE),
            Answer::Looked { moved: false },
        ];
        assert_eq!(play(Manner::Whole, &silent), Effect::Probe);
        let probed = |lacks_atomic| [&silent[..], &[Answer::Probed { lacks_atomic }]].concat();
        let apart = Road {
            atomic: false,
            alone: false,
        };
        assert_eq!(play(Manner::Whole, &probed(true)), Effect::Plan(apart));
        let end = play(Manner::Whole, &probed(false));
        assert_eq!(end, Effect::End(End::Unheard));
    }

    #[test]
    fn who_is_overtaken_starts_again_and_gives_up_at_last() {
        let lost = [
            Answer::Planned { refs: 2 },
            Answer::Replied(LOST),
            Answer::Looked { moved: true },
        ];
        let tries = |n: u32| play(Manner::Whole, &lost.repeat(n as usize));
        assert!(matches!(tries(OVERTAKEN), Effect::Plan(_)));
        assert_eq!(tries(OVERTAKEN + 1), Effect::End(End::Overtaken));
    }
}
