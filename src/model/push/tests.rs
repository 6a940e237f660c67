//! Every answer of a cloud, as far as it goes.

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
