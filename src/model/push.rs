//! A push to the cloud as a machine: what to do next, given what came of the last thing.
//!
//! [`step`](Push::step) knows no git and no clock. It is told what happened and says what to do;
//! `session::push` does it, for drafts, evolutions, promotions, deletions, renames, clones that
//! leave local mode and what promotions left behind. The table of its states is in
//! docs/architecture.md, "A push".

#[cfg(test)]
use super::promotion::REFS_A_PUSH;

/// How often a push is planned again because somebody else's came first.
pub(crate) const OVERTAKEN: u32 = 60;
/// How often a push is sent that was refused although nothing had moved: another push may hold the
/// server's locks for a moment.
pub(crate) const STILL: u32 = 2;
/// How often a push is tried that does not get past the connection, to a cloud that can be read.
pub(crate) const BARRED: u32 = 3;
/// The same where the server asks to come back later.
pub(crate) const BUSY: u32 = 6;

/// What the cloud has to do with the refs of one push.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Manner {
    /// All of them or none; as many as the host takes in one push, where it takes few.
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
    /// It takes tags with the rest.
    pub tag: bool,
    /// It takes deletions with the rest.
    pub folded: bool,
    /// How many refs it takes in one push.
    pub most: usize,
}

impl Road {
    /// All that gryt sends.
    #[cfg(test)]
    pub(crate) const WIDE: Self = Self {
        atomic: true,
        tag: true,
        folded: true,
        most: REFS_A_PUSH,
    };
}

/// What the cloud said to a push: read from flags, from which line bears another reason, and from how
/// far the push got, never from words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reply {
    /// It acknowledged everything.
    Accepted,
    /// Our git refused: a ref does not stand where the push expects it.
    Lost,
    /// The server answered, and said no.
    Declined(Culprit),
    /// Nothing was sent.
    Unsent(Barrier),
    /// Something may have been sent, and no whole answer arrived.
    Unknown,
}

/// What a server that said no meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Culprit {
    /// The push as it is: no line differs from the others.
    Whole,
    /// The first ref.
    First,
    /// A tag.
    Tag,
    /// A deletion.
    Deletion,
    /// Something else.
    Other,
}

/// What kept a push from being sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Barrier {
    /// The name, the route, the host's key, a login over ssh, or the right to push there: git does not
    /// tell them apart.
    Connection,
    /// The server asks to come back later.
    Busy,
    /// The login.
    Login,
    /// The right to push there at all.
    Rights,
}

/// What came of an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Answer {
    /// The cloud was read.
    Read,
    /// There is something to push.
    Planned(Parts),
    /// There is nothing to push.
    NothingLeft,
    /// The push came back.
    Replied(Reply),
    /// What was acknowledged is taken over, and perhaps more is to be pushed.
    TakenOver { more: bool },
    /// The cloud was read after a push that was not acknowledged whole.
    Looked(Moved),
    /// It could not be read.
    Unreadable,
    /// Whether the cloud takes such a push, only not all or nothing.
    Probed { lacks_atomic: bool },
}

/// What stands in the cloud otherwise than when a push was planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Moved {
    /// Nothing that the push names.
    Nothing,
    /// Something, but not its first ref.
    Something,
    /// Its first ref: whatever was sent on top of where that stood before cannot land any more.
    First,
}

/// What a push is made of, guards left out: the server sees nothing of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Parts {
    pub refs: usize,
    /// Whether a tag is among what comes after the first.
    pub tag: bool,
    /// Whether a deletion is.
    pub folded: bool,
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
    /// Wait a while, and ask the cloud.
    Look(Pause),
    /// Find out whether the cloud takes no atomic push.
    Probe,
    /// Stop.
    End(End),
}

/// How long to wait before a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Pause {
    /// So that clones do not meet again: longer with a greater weight.
    Apart { weight: u32 },
    /// For a connection that did not stand: longer each time.
    Line { tries: u32 },
    /// For a server that asked for it: longer each time.
    Busy { tries: u32 },
}

/// How a push ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum End {
    /// All that there was to push is in the cloud.
    Done,
    /// It is known not to be in the cloud, and why.
    Denied(Denial),
    /// The same of what was sent last; but an earlier push of the same may still land.
    Doubtful(Denial),
    /// Other people's pushes kept coming first.
    Overtaken,
    /// It was sent, no whole answer came, and the cloud shows nothing of it: it may still land.
    Unheard,
    /// The same, and the cloud could not be read either; or a lease was lost and it could not be read.
    Unreadable { unheard: bool },
}

/// Why a push is known not to be in the cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Denial {
    /// Nothing was sent: the cloud cannot be reached.
    NotConnected,
    /// Nothing was sent: the login was refused.
    NoLogin,
    /// Nothing was sent: the cloud can be read, and takes no push.
    NotAllowed,
    /// It was sent, and a rule of the host's refused it.
    Refused(Culprit),
    /// Refs do not stand where the cloud shows them.
    Lost,
}

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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const DECLINED: Reply = Reply::Declined(Culprit::Whole);

    fn parts(refs: usize) -> Parts {
        Parts {
            refs,
            tag: refs > 2,
            folded: refs > 1,
        }
    }

    const REPLIES: [Reply; 12] = [
        Reply::Accepted,
        Reply::Lost,
        Reply::Declined(Culprit::Whole),
        Reply::Declined(Culprit::First),
        Reply::Declined(Culprit::Tag),
        Reply::Declined(Culprit::Deletion),
        Reply::Declined(Culprit::Other),
        Reply::Unsent(Barrier::Connection),
        Reply::Unsent(Barrier::Busy),
        Reply::Unsent(Barrier::Login),
        Reply::Unsent(Barrier::Rights),
        Reply::Unknown,
    ];

    /// Every answer to `effect`, whatever the cloud does.
    fn answers(effect: Effect) -> Vec<Answer> {
        match effect {
            Effect::Plan(road) => [1, 2, 4]
                .into_iter()
                .filter(|refs| *refs <= road.most)
                .map(|refs| {
                    let parts = parts(refs);
                    Answer::Planned(Parts {
                        tag: parts.tag && road.tag,
                        folded: parts.folded && road.folded,
                        ..parts
                    })
                })
                .chain([Answer::NothingLeft])
                .collect(),
            Effect::Send { .. } => REPLIES.map(Answer::Replied).into(),
            Effect::TakeOver => [true, false].map(|more| Answer::TakenOver { more }).into(),
            Effect::Reread => vec![Answer::Read],
            Effect::Look(_) => vec![
                Answer::Looked(Moved::First),
                Answer::Looked(Moved::Something),
                Answer::Looked(Moved::Nothing),
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
        let begin = |doubt| Push::new(manner, Road::WIDE, doubt).step(Answer::Read);
        let mut open = vec![begin(false), begin(true)];
        let mut known: HashSet<_> = open.iter().copied().collect();
        while let Some((push, effect)) = open.pop() {
            for answer in answers(effect) {
                let (next, then) = push.step(answer);
                // To be overtaken more than a few times teaches nothing new.
                if next.overtaken > 2 && next.overtaken < OVERTAKEN {
                    continue;
                }
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
    fn only_what_was_sent_and_not_answered_may_still_land() {
        for manner in MANNERS {
            for (push, _, _, _, then) in explore(manner) {
                let unknown = push.sent.reply == Reply::Unknown;
                match then {
                    // What our git or the server answered is known, and so is what was not sent.
                    Effect::End(End::Denied(_) | End::Overtaken) => {
                        assert!(!push.doubt, "{push:?}");
                    }
                    Effect::End(End::Doubtful(_)) => assert!(push.doubt, "{push:?}"),
                    Effect::End(End::Unheard) => assert!(unknown, "{push:?}"),
                    Effect::End(End::Unreadable { unheard }) => {
                        assert_eq!(unheard, unknown || push.doubt);
                    }
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

    fn play(manner: Manner, answers: &[Answer]) -> Effect {
        let start = Push::new(manner, Road::WIDE, false).step(Answer::Read);
        let play = |(push, _): (Push, Effect), answer: &Answer| push.step(*answer);
        answers.iter().fold(start, play).1
    }

    /// How often `manner` is sent where every push of `refs` is met with `reply` and nothing moves.
    fn sends(manner: Manner, refs: usize, reply: Reply) -> (usize, End) {
        let (mut push, mut effect) = Push::new(manner, Road::WIDE, false).step(Answer::Read);
        let mut sends = 0;
        loop {
            let answer = match effect {
                Effect::Plan(road) => {
                    let refs = refs.min(road.most);
                    let tag = refs > 2 && road.tag;
                    let folded = refs > 1 && road.folded;
                    Answer::Planned(Parts {
                        refs: if tag || folded || manner != Manner::FirstAtLeast {
                            refs
                        } else {
                            1
                        },
                        tag,
                        folded,
                    })
                }
                Effect::Send { .. } => {
                    sends += 1;
                    Answer::Replied(reply)
                }
                Effect::Look(_) => Answer::Looked(Moved::Nothing),
                Effect::Probe => Answer::Probed {
                    lacks_atomic: false,
                },
                Effect::End(end) => return (sends, end),
                Effect::TakeOver | Effect::Reread => panic!("{effect:?}"),
            };
            (push, effect) = push.step(answer);
        }
    }

    #[test]
    fn a_lasting_refusal_is_sent_twice_at_most_and_a_promotion_without_what_it_can_do_without() {
        for culprit in [Culprit::Whole, Culprit::First, Culprit::Other] {
            let declined = Reply::Declined(culprit);
            let refused = End::Denied(Denial::Refused(culprit));
            assert_eq!(sends(Manner::Single, 1, declined), (2, refused));
            assert_eq!(sends(Manner::Whole, 1, declined), (2, refused));
            assert_eq!(sends(Manner::Whole, 20, declined), (2, refused));
        }
        let first = Culprit::First;
        let end = (2, End::Denied(Denial::Refused(first)));
        assert_eq!(sends(Manner::FirstAtLeast, 5, Reply::Declined(first)), end);
        // Whole, without the tag, without the deletions.
        let end = (3, End::Denied(Denial::Refused(Culprit::Whole)));
        assert_eq!(sends(Manner::FirstAtLeast, 5, DECLINED), end);
        assert_eq!(
            sends(Manner::Single, 1, Reply::Lost),
            (2, End::Denied(Denial::Lost))
        );
        let login = Reply::Unsent(Barrier::Login);
        let end = (1, End::Denied(Denial::NoLogin));
        assert_eq!(sends(Manner::FirstAtLeast, 5, login), end);
        let barred = Reply::Unsent(Barrier::Connection);
        let (tries, end) = sends(Manner::FirstAtLeast, 5, barred);
        assert_eq!(
            (tries, end),
            (BARRED as usize, End::Denied(Denial::NotAllowed))
        );
        assert_eq!(sends(Manner::Whole, 5, Reply::Unknown), (1, End::Unheard));
    }

    #[test]
    fn a_host_that_refuses_deletions_gets_the_rest() {
        let declined = |culprit| {
            [
                Answer::Planned(parts(4)),
                Answer::Replied(Reply::Declined(culprit)),
                Answer::Looked(Moved::Nothing),
            ]
        };
        let without_folded = Road {
            folded: false,
            ..Road::WIDE
        };
        assert_eq!(
            play(Manner::FirstAtLeast, &declined(Culprit::Deletion)),
            Effect::Plan(without_folded)
        );
        let without_tag = Road {
            tag: false,
            ..Road::WIDE
        };
        for culprit in [Culprit::Tag, Culprit::Whole] {
            let answers = declined(culprit);
            assert_eq!(
                play(Manner::FirstAtLeast, &answers),
                Effect::Plan(without_tag)
            );
        }
    }

    /// A host that takes so many refs a push gets all, in a few pushes, and is known then.
    #[test]
    fn a_limit_of_refs_is_found_out_and_kept_within() {
        for limit in 1..REFS_A_PUSH {
            for all in [limit + 1, 19, 57] {
                let (mut push, mut effect) =
                    Push::new(Manner::Whole, Road::WIDE, false).step(Answer::Read);
                let (mut left, mut now, mut pushes) = (all, 0, 0);
                while effect != Effect::End(End::Done) {
                    let answer = match effect {
                        Effect::Plan(road) => {
                            now = left.min(road.most);
                            Answer::Planned(parts(now))
                        }
                        Effect::Send { .. } if now > limit => {
                            pushes += 1;
                            Answer::Replied(DECLINED)
                        }
                        Effect::Send { .. } => {
                            pushes += 1;
                            left -= now;
                            Answer::Replied(Reply::Accepted)
                        }
                        Effect::TakeOver => Answer::TakenOver { more: left > 0 },
                        Effect::Reread => Answer::Read,
                        Effect::Look(_) => Answer::Looked(Moved::Nothing),
                        other => panic!("{limit} {all}: {other:?}"),
                    };
                    (push, effect) = push.step(answer);
                }
                let known = push.limit();
                assert!(known.is_none_or(|most| most <= limit), "{limit} {all}");
                assert!(all <= limit || known.is_some(), "{limit} {all}");
                assert!(pushes <= 3 * all, "{limit} {all}: {pushes}");
            }
        }
    }

    #[test]
    fn a_cloud_without_atomic_pushes_is_found_out_by_asking() {
        let silent = [
            Answer::Planned(parts(4)),
            Answer::Replied(Reply::Unknown),
            Answer::Looked(Moved::Nothing),
        ];
        assert_eq!(play(Manner::Whole, &silent), Effect::Probe);
        let probed = |lacks_atomic| [&silent[..], &[Answer::Probed { lacks_atomic }]].concat();
        let apart = Road {
            atomic: false,
            ..Road::WIDE
        };
        assert_eq!(play(Manner::Whole, &probed(true)), Effect::Plan(apart));
        let end = play(Manner::Whole, &probed(false));
        assert_eq!(end, Effect::End(End::Unheard));
    }

    #[test]
    fn who_is_overtaken_starts_again_and_gives_up_at_last() {
        let lost = [
            Answer::Planned(parts(2)),
            Answer::Replied(Reply::Lost),
            Answer::Looked(Moved::First),
        ];
        let tries = |n: u32| play(Manner::Whole, &lost.repeat(n as usize));
        assert!(matches!(tries(OVERTAKEN), Effect::Plan(_)));
        assert_eq!(tries(OVERTAKEN + 1), Effect::End(End::Overtaken));
    }
}
