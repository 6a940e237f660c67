use super::*;
use crate::model::steps::Step;

fn person(name: &str) -> Person {
    Person {
        name: name.to_owned(),
        email: format!("{name}@example.com"),
    }
}

fn change(text: &str, progress: Progress, who: Option<&str>) -> Line {
    let change: Change = text.parse().unwrap();
    let tried = !matches!(progress, Progress::NotStarted);
    let standing = Standing {
        change: change.id.clone(),
        title: change.title.clone(),
        owner: who.map(person),
        number: tried.then_some(1),
        branch: None,
        progress,
    };
    let version = "v1.0.0".parse().unwrap();
    let named = |person: &Person| (person.name != "ann").then(|| person.name.clone());
    let step = super::super::steps::proof(&version, Some(&change), &standing, &named);
    Line {
        change,
        standing,
        step,
    }
}

fn draft(version: &str, sync: SyncState) -> Draft {
    Draft {
        version: version.parse().unwrap(),
        status: Status::Draft,
        changes: 3,
        proven: 1,
        sync: Some(sync),
        edited: false,
    }
}

fn release(version: &str) -> Release {
    Release {
        version: version.parse().unwrap(),
        description: Some("Spring".to_owned()),
        commit: None,
        promoter: person("lea"),
        promoted_at: "2026-11-28T08:00:00Z".parse().unwrap(),
        changes: 1,
        evolutions: 1,
        withdrawn: false,
        imported: false,
        excuses: Vec::new(),
        disputed: Vec::new(),
    }
}

fn look(drafts: &[(&str, SyncState)], releases: &[&str]) -> Look {
    let draft = |(version, sync): &(&str, SyncState)| draft(version, *sync);
    Look {
        project: Some("shop".to_owned()),
        mode: "hybrid",
        cloud: Some("origin".to_owned()),
        pulled: Some("2026-11-28T08:00:00Z".parse().unwrap()),
        drafts: drafts.iter().map(draft).collect(),
        releases: releases.iter().map(|version| release(version)).collect(),
        held: Vec::new(),
    }
}

fn detail(version: &str, changes: Vec<Line>) -> Detail {
    let mut steps: Vec<Step> = changes.iter().filter_map(|l| l.step.clone()).collect();
    let command = format!("git gryt approve {version}");
    steps.push(Step::of(None, "approve it", command));
    let command = format!("git gryt promote {version}");
    steps.push(Step::of(None, "promote it", command));
    Detail {
        changes,
        steps,
        ..Detail::unread(version.parse().unwrap(), Status::Draft, Vec::new())
    }
}

fn three() -> Vec<Line> {
    vec![
        change("add:A:Accounts", Progress::Proven, Some("bob")),
        change("fix:B:Bills", Progress::NotStarted, None),
        change("add:C:Carts", Progress::Failed, Some("bob")),
    ]
}

/// A board of two drafts and a release, all of it read.
fn known() -> Board {
    let mut board = Board::default();
    let drafts = [
        ("v1.0.0", SyncState::Synced),
        ("v2.0.0", SyncState::Pending),
    ];
    let effect = board.step(Event::Looked(Box::new(look(&drafts, &["v0.9.0"]))));
    assert_eq!(effect, Effect::Read("v1.0.0".parse().unwrap()));
    let proven = vec![change("add:D:Docks", Progress::Proven, Some("ann"))];
    for detail in [detail("v1.0.0", three()), detail("v2.0.0", proven)] {
        board.step(Event::Read(Box::new(detail)));
    }
    board
}

fn press(board: &mut Board, keys: &str) -> Effect {
    let mut last = Effect::Nothing;
    for key in Keys::default().feed(keys.as_bytes()) {
        last = board.step(Event::Key(key));
    }
    last
}

fn next(board: &Board) -> String {
    let next = board.next().unwrap();
    match next.who {
        Some(who) => format!("{who}: {}", next.command),
        None => next.command,
    }
}

fn ids(board: &Board) -> Vec<&str> {
    let lines = board.changes().into_iter();
    lines.map(|line| line.change.id.as_str()).collect()
}

fn waits(board: &Board) -> Vec<String> {
    let waits = board.waiting().into_iter();
    waits
        .map(|wait| format!("{} {} {}", wait.who(), wait.version, wait.step.what))
        .collect()
}

#[test]
fn what_has_to_be_mended_stands_first_and_what_is_mine_before_that_of_others() {
    let board = known();
    assert_eq!(ids(&board), ["C", "B", "A"]);
    // While something is to be proven, nobody is asked to approve; before the end, nobody to promote.
    assert_eq!(
        waits(&board),
        [
            "you v1.0.0 start B (Bills) and prove it",
            "you v2.0.0 approve it",
            "bob v1.0.0 fix C (Carts), which failed, and prove it",
        ]
    );
}

#[test]
fn each_chosen_row_has_a_command() {
    let mut board = known();
    assert_eq!(next(&board), "git gryt evolution start v1.0.0 --change B");
    press(&mut board, "j");
    assert_eq!(next(&board), "git gryt sync push v2.0.0");
    assert_eq!(ids(&board), ["D"]);
    press(&mut board, "k\t");
    assert_eq!(next(&board), "bob: git gryt run --change C");
    press(&mut board, "jj");
    assert_eq!(next(&board), "git gryt evolution show v1.0.0/A/rc.1");
    press(&mut board, "\tj");
    assert_eq!(next(&board), "git gryt approve v2.0.0");
    press(&mut board, "\t");
    assert_eq!(next(&board), "git gryt notes v0.9.0");
    // The release shows its changes once it is moved to.
    assert_eq!(
        press(&mut board, "j"),
        Effect::Read("v0.9.0".parse().unwrap())
    );
    assert!(ids(&board).is_empty());
    let empty = Look {
        drafts: Vec::new(),
        ..look(&[], &[])
    };
    let mut board = Board::default();
    assert_eq!(board.next(), None);
    board.step(Event::Looked(Box::new(empty.clone())));
    assert!(next(&board).starts_with("git gryt generation new --next minor"));
    let pulled = None;
    board.step(Event::Looked(Box::new(Look { pulled, ..empty })));
    assert_eq!(next(&board), "git gryt sync pull");
}

#[test]
fn each_state_of_a_draft_has_a_command() {
    use strum::VariantArray;
    for state in SyncState::VARIANTS {
        let mut board = Board::default();
        board.step(Event::Looked(Box::new(look(&[("v1.0.0", *state)], &[]))));
        let said = next(&board);
        let expected = match state {
            SyncState::NotSynced | SyncState::Pending | SyncState::Failed => {
                "git gryt sync push v1.0.0"
            }
            SyncState::Behind | SyncState::Diverged | SyncState::CloudOnly => "git gryt sync pull",
            SyncState::Conflict => "git gryt sync status",
            SyncState::Invalid => "git gryt generation edit v1.0.0",
            // Of which nothing is read yet.
            SyncState::Synced => "git gryt why v1.0.0",
        };
        assert_eq!(said, expected, "{state}");
    }
}

#[test]
fn a_chosen_row_stays_chosen_wherever_it_goes() {
    let mut board = known();
    press(&mut board, "j\tk");
    let drafts = [
        ("v0.5.0", SyncState::Synced),
        ("v1.0.0", SyncState::Synced),
        ("v2.0.0", SyncState::Synced),
    ];
    board.step(Event::Looked(Box::new(look(&drafts, &["v0.9.0"]))));
    assert_eq!(board.version().unwrap().as_str(), "v2.0.0");
    assert_eq!(board.place(Pane::Drafts), 2);
    // Where it went away, the one in its place is chosen, and its version is asked for.
    let effect = board.step(Event::Looked(Box::new(look(&drafts[..1], &[]))));
    assert_eq!(board.version().unwrap().as_str(), "v0.5.0");
    assert_eq!(effect, Effect::Read("v0.5.0".parse().unwrap()));
    assert!(board.detail(&"v2.0.0".parse().unwrap()).is_none());
    // What was read of a draft says nothing of the release that it became.
    let mut board = known();
    let effect = board.step(Event::Looked(Box::new(look(&[], &["v1.0.0"]))));
    assert_eq!(effect, Effect::Nothing);
    assert!(board.detail(&"v1.0.0".parse().unwrap()).is_none());
}

#[test]
fn a_filter_leaves_what_has_its_text() {
    let mut board = known();
    assert_eq!(press(&mut board, "/bills"), Effect::Nothing);
    assert_eq!(*board.mode(), Mode::Typing);
    assert_eq!(ids(&board), ["B"]);
    assert_eq!(board.drafts().len(), 1);
    assert_eq!(waits(&board), ["you v1.0.0 start B (Bills) and prove it"]);
    assert!(board.releases().is_empty());
    // A letter that means something elsewhere is a letter; a version that has the text shows all of it.
    press(&mut board, "\x7f\x7f\x7f\x7f\x7fv1");
    assert_eq!(board.filter(), "v1");
    assert_eq!(ids(&board), ["C", "B", "A"]);
    press(&mut board, "q\x7f\r");
    assert_eq!((board.mode(), board.filter()), (&Mode::Lists, "v1"));
    assert_eq!(board.step(Event::Key(Key::Escape)), Effect::Nothing);
    assert_eq!(board.filter(), "");
    assert_eq!(board.step(Event::Key(Key::Escape)), Effect::Quit);
    // Nothing that the filter leaves is nothing to open, and no key goes wrong on it.
    let mut board = known();
    press(&mut board, "/zzz\r");
    for key in ["j", "k", "G", "g", "\r", "\t", "\x1b[Z", "c", " "] {
        press(&mut board, key);
        assert_eq!(*board.mode(), Mode::Lists, "{key}");
    }
}

#[test]
fn what_is_open_is_scrolled_and_closed() {
    let mut board = known();
    press(&mut board, "\t\r");
    let Mode::Open { change, .. } = board.mode() else {
        panic!("{:?}", board.mode());
    };
    assert_eq!(change.as_ref().unwrap().as_str(), "C");
    assert_eq!(next(&board), "bob: git gryt run --change C");
    let top = |board: &Board| match board.mode() {
        Mode::Open { top, .. } => *top,
        other => panic!("{other:?}"),
    };
    // As it was drawn, it can be scrolled by three lines.
    board.drawn(3);
    press(&mut board, "jjjjj");
    assert_eq!(top(&board), 3);
    board.drawn(1);
    assert_eq!(top(&board), 1);
    press(&mut board, "g");
    assert_eq!(top(&board), 0);
    board.step(Event::Key(Key::Escape));
    assert_eq!(*board.mode(), Mode::Lists);
    press(&mut board, "?");
    assert_eq!(*board.mode(), Mode::Help);
    press(&mut board, "x");
    assert_eq!(*board.mode(), Mode::Lists);
}

#[test]
fn a_pull_runs_once_at_a_time_and_its_outcome_is_shown() {
    let mut board = known();
    assert_eq!(press(&mut board, "p"), Effect::Pull);
    assert!(board.pulling());
    assert_eq!(press(&mut board, "p"), Effect::Nothing);
    let lines = vec!["ERROR: no".to_owned(), "Next: git push".to_owned()];
    let ended = |asked| Event::Pulled {
        asked,
        done: false,
        lines: lines.clone(),
    };
    assert_eq!(board.step(ended(true)), Effect::Look);
    assert_eq!(board.said(), Some(("ERROR: no; Next: git push", true)));
    assert!(matches!(board.mode(), Mode::Output { .. }) && !board.pulling());
    // One that nobody asked for takes nobody's screen.
    let mut board = known();
    board.step(Event::Pulling);
    board.step(ended(false));
    assert_eq!(*board.mode(), Mode::Lists);
    let mut board = known();
    let cloud = None;
    let alone = Look {
        cloud,
        ..look(&[], &[])
    };
    board.step(Event::Looked(Box::new(alone)));
    assert_eq!(press(&mut board, "p"), Effect::Nothing);
    assert!(board.said().unwrap().1);
}

#[test]
fn keys_ask_for_what_they_say() {
    for (keys, effect) in [
        ("q", Effect::Quit),
        ("\x03", Effect::Quit),
        ("\rq", Effect::Quit),
        ("/\x03", Effect::Quit),
        ("?q", Effect::Quit),
        ("\x1a", Effect::Suspend),
        ("r", Effect::Look),
        ("\x0c", Effect::Redraw),
        (
            "c",
            Effect::Copy("git gryt evolution start v1.0.0 --change B".to_owned()),
        ),
        ("x", Effect::Nothing),
    ] {
        assert_eq!(press(&mut known(), keys), effect, "{keys:?}");
    }
}

#[test]
fn the_lists_are_gone_through_both_ways() {
    let mut board = known();
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(board.pane());
        press(&mut board, "\t");
    }
    assert_eq!(
        seen,
        [Pane::Drafts, Pane::Changes, Pane::Waiting, Pane::Releases]
    );
    assert_eq!(board.pane(), Pane::Drafts);
    press(&mut board, "\x1b[Z");
    assert_eq!(board.pane(), Pane::Releases);
}
