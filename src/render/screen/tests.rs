//! The board as it is drawn, at the sizes that terminals have.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use ratatui::backend::TestBackend;
use ratatui::style::Color;

use super::*;
use crate::model::approval::{Opinion, Word};
use crate::model::board::{Detail, Draft, Event, Keys, Line, Look as Found, Tried};
use crate::model::evolution::EvolutionName;
use crate::model::sealed::Release;
use crate::model::standing::{Progress, Standing};
use crate::model::state::{Status, SyncState, Trial};
use crate::model::steps::{self, Step};
use crate::model::{Change, Person};

const NOW: &str = "2026-11-28T12:00:00Z";

fn person(name: &str) -> Person {
    Person {
        name: name.to_owned(),
        email: format!("{name}@example.com"),
    }
}

fn line(text: &str, progress: Progress, who: Option<&str>) -> Line {
    let (rest, title) = text.rsplit_once(':').unwrap();
    let mut change: Change = format!("{rest}:title").parse().unwrap();
    // What others wrote may hold anything.
    title.clone_into(&mut change.title);
    let started = !matches!(progress, Progress::NotStarted);
    let standing = Standing {
        change: change.id.clone(),
        title: change.title.clone(),
        owner: who.filter(|_| started).map(person),
        number: started.then_some(2),
        branch: None,
        progress,
    };
    let version = "v2.2.0".parse().unwrap();
    let named = |person: &Person| (person.name != "ann").then(|| person.name.clone());
    Line {
        step: steps::proof(&version, Some(&change), &standing, &named),
        change,
        standing,
    }
}

fn draft(version: &str, proven: usize, sync: SyncState, edited: bool) -> Draft {
    Draft {
        version: version.parse().unwrap(),
        status: Status::Draft,
        changes: 5,
        proven,
        sync: Some(sync),
        edited,
    }
}

fn release(version: &str, at: &str, withdrawn: bool) -> Release {
    Release {
        version: version.parse().unwrap(),
        description: (!withdrawn).then(|| format!("What {version} brings")),
        commit: None,
        promoter: person("lea"),
        promoted_at: at.parse().unwrap(),
        changes: 1,
        evolutions: 1,
        withdrawn,
        imported: false,
        excuses: Vec::new(),
        disputed: Vec::new(),
    }
}

/// A project with all kinds of things in it; `title` is somebody's.
fn board(title: &str) -> Board {
    let changes = vec![
        line(
            "add:FEAT-301:Search in all projects",
            Progress::Proven,
            Some("ann"),
        ),
        line(
            &format!("fix:BUG-70:{title}"),
            Progress::Failed,
            Some("bob"),
        ),
        line("add:FEAT-302:Dark mode", Progress::NotStarted, None),
        line(
            "refine:FEAT-303:Shorter messages",
            Progress::Started,
            Some("ann"),
        ),
        line(
            "fix:BUG-71:Umlauts in file names",
            Progress::Stale {
                why: "its title was edited since".to_owned(),
            },
            Some("cleo"),
        ),
    ];
    let mut steps: Vec<Step> = changes
        .iter()
        .filter_map(|line| line.step.clone())
        .collect();
    let promote = "git gryt promote v2.2.0";
    steps.push(Step::of(None, "promote v2.2.0", promote));
    let name: EvolutionName = "v2.2.0/BUG-70/rc.2".parse().unwrap();
    let detail = Detail {
        description: Some("Summer release".to_owned()),
        changes,
        evolutions: vec![Tried {
            name,
            status: Trial::Fail,
            owner: person("bob"),
            commit: Some("0123456789".repeat(4).parse().unwrap()),
            shared: Some(false),
        }],
        opinions: vec![Opinion {
            by: person("qa"),
            says: Word::Approved,
            counts: false,
        }],
        missing: vec!["approvals: 2 of 2 are missing".to_owned()],
        steps,
        ..Detail::unread("v2.2.0".parse().unwrap(), Status::Draft, Vec::new())
    };
    let look = Found {
        project: Some("shop".to_owned()),
        mode: "hybrid",
        cloud: Some("origin".to_owned()),
        pulled: Some("2026-11-28T11:57:00Z".parse().unwrap()),
        drafts: vec![
            draft("v2.2.0", 1, SyncState::Synced, false),
            draft("billing/v1.0.0", 5, SyncState::Behind, true),
        ],
        releases: vec![
            release("v2.1.0", "2026-11-25T12:00:00Z", false),
            release("v2.0.0", "2026-10-28T12:00:00Z", true),
        ],
        held: Vec::new(),
    };
    let mut board = Board::default();
    board.step(Event::Looked(Box::new(look)));
    board.step(Event::Read(Box::new(detail)));
    board
}

fn press(board: &mut Board, keys: &str) {
    for key in Keys::default().feed(keys.as_bytes()) {
        board.step(Event::Key(key));
    }
}

fn shown(board: &Board, columns: u16, lines: u16) -> Buffer {
    let backend = TestBackend::new(columns, lines);
    let mut terminal = ratatui::Terminal::new(backend).unwrap();
    let now = NOW.parse().unwrap();
    let look = Look { colours: true };
    let frame = terminal.draw(|frame| {
        let area = frame.area();
        draw::board(frame.buffer_mut(), area, board, &now, look);
    });
    frame.unwrap().buffer.clone()
}

fn text(buffer: &Buffer) -> String {
    let mut text = String::new();
    for line in printed(buffer).lines() {
        let plain = strip_ansi_escapes::strip_str(line);
        _ = writeln!(text, "{}", plain.trim_end());
    }
    text
}

#[allow(clippy::needless_pass_by_value, reason = "as expect! gives it")]
fn check(board: &Board, size: (u16, u16), expected: Expect) {
    let text = text(&shown(board, size.0, size.1));
    for line in text.lines() {
        assert!(text::width(line) <= usize::from(size.0), "{line}");
    }
    assert!(text.lines().count() <= usize::from(size.1));
    expected.assert_eq(&text);
}

#[test]
fn the_lists_at_80_columns() {
    check(
        &board("A slow start"),
        (80, 24),
        expect![[r#"
              shop  hybrid mode, with origin as the cloud, last pulled 3 minutes ago
            ━ Drafts ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
            > v2.2.0          1/5 proven  synced               Summer release
              billing/v1.0.0  5/5 proven  behind, edited here
            ─ Changes of v2.2.0: 1 failed, 1 stale, 1 started, 1 not started, 1 proven ─────
              BUG-70    failed       bob rc.2    A slow start
              BUG-71    stale        cleo rc.2   Umlauts in file names
              FEAT-303  started      ann rc.2    Shorter messages
              FEAT-302  not started  nobody yet  Dark mode
              FEAT-301  proven       ann rc.2    Search in all projects
            ─ Waiting: 2 for you ───────────────────────────────────────────────────────────
              you   v2.2.0  start FEAT-302 (Dark mode) and prove it
              you   v2.2.0  prove FEAT-303 (Shorter messages)
              bob   v2.2.0  fix BUG-70 (A slow start), which failed, and prove it
              cleo  v2.2.0  prove BUG-71 (Umlauts in file names) again: its title was edit…
            ─ Releases ─────────────────────────────────────────────────────────────────────
              v2.1.0  promoted   3 days ago   lea  What v2.1.0 brings
              v2.0.0  withdrawn  4 weeks ago  lea



            ────────────────────────────────────────────────────────────────────────────────
              Next: git gryt evolution start v2.2.0 --change FEAT-302
              Tab list   Enter open   / filter   c copy   p pull   ? help   q quit
        "#]],
    );
}

#[test]
fn the_lists_at_140_columns() {
    check(
        &board("A slow start"),
        (140, 40),
        expect![[r#"
              shop  hybrid mode, with origin as the cloud, last pulled 3 minutes ago
            ━ Drafts ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ ─ Changes of v2.2.0: 1 failed, 1 stale, 1 started, 1 not started, 1 proven ────────
            > v2.2.0          1/5 proven  synced                       BUG-70    failed       bob rc.2    A slow start
              billing/v1.0.0  5/5 proven  behind, edited here          BUG-71    stale        cleo rc.2   Umlauts in file names
            ─ Releases ─────────────────────────────────────────────   FEAT-303  started      ann rc.2    Shorter messages
              v2.1.0  promoted   3 days ago   lea  What v2.1.0 bri…    FEAT-302  not started  nobody yet  Dark mode
              v2.0.0  withdrawn  4 weeks ago  lea                      FEAT-301  proven       ann rc.2    Search in all projects
            ─ Promotion of v2.2.0 ────────────────────────────────── ─ Waiting: 2 for you ──────────────────────────────────────────────────────────────
              Approvals                                                you   v2.2.0  start FEAT-302 (Dark mode) and prove it
                approved by qa, which does not count                   you   v2.2.0  prove FEAT-303 (Shorter messages)
                                                                       bob   v2.2.0  fix BUG-70 (A slow start), which failed, and prove it
              Gates that refuse                                        cleo  v2.2.0  prove BUG-71 (Umlauts in file names) again: its title was edited…
                approvals: 2 of 2 are missing                        ─ v2.2.0 ──────────────────────────────────────────────────────────────────────────
                                                                       draft
              What is left to do                                       Summer release
                bob: fix BUG-70 (A slow start), which failed, and
                  prove it                                             Contract
                    git gryt run --change BUG-70                         add    FEAT-301  Search in all projects
                you: start FEAT-302 (Dark mode) and prove it                    proven (ann, rc.2)
                    git gryt evolution start v2.2.0 --change             fix    BUG-70  A slow start
                      FEAT-302                                                  failed (bob, rc.2)
                you: prove FEAT-303 (Shorter messages)                   add    FEAT-302  Dark mode
                    git gryt run --change FEAT-303                              not started
                cleo: prove BUG-71 (Umlauts in file names) again:        refine FEAT-303  Shorter messages
                  its title was edited since                                    started (ann, rc.2)
                    git gryt run --change BUG-71                         fix    BUG-71  Umlauts in file names
                you: promote v2.2.0                                             stale (cleo, rc.2): its title was edited since
                    git gryt promote v2.2.0
                                                                       Evolutions
                                                                         BUG-70  rc.2  fail  bob  at 0123456789  not shared







            ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
              Next: git gryt evolution start v2.2.0 --change FEAT-302
              Tab list   Enter open   / filter   c copy   p pull   ? help   q quit   r refresh
        "#]],
    );
}

#[test]
fn a_version_in_full() {
    let mut board = board("A slow start after an update of the packages that it needs to be built");
    press(&mut board, "\r");
    check(
        &board,
        (80, 24),
        expect![[r#"
              shop  hybrid mode, with origin as the cloud, last pulled 3 minutes ago
            ━ v2.2.0 ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 19 more lines ━
              draft
              Summer release

              Contract
                add    FEAT-301  Search in all projects
                       proven (ann, rc.2)
                fix    BUG-70  A slow start after an update of the packages that it needs
                  to be built
                       failed (bob, rc.2)
                add    FEAT-302  Dark mode
                       not started
                refine FEAT-303  Shorter messages
                       started (ann, rc.2)
                fix    BUG-71  Umlauts in file names
                       stale (cleo, rc.2): its title was edited since

              Evolutions
                BUG-70  rc.2  fail  bob  at 0123456789  not shared

            ────────────────────────────────────────────────────────────────────────────────
              Next: git gryt evolution start v2.2.0 --change FEAT-302
              Esc back   jk scroll   c copy   q quit
        "#]],
    );
    board.drawn(100);
    press(&mut board, "G");
    let drawn = shown(&board, 80, 24);
    assert!(text(&drawn).contains("promote v2.2.0"), "{}", text(&drawn));
}

#[test]
fn a_small_terminal_shows_the_list_that_hears_the_keys() {
    let mut board = board("A slow start");
    press(&mut board, "\t");
    check(
        &board,
        (40, 10),
        expect![[r#"
              shop  hybrid mode, with origin as t…
            ━ Changes of v2.2.0: 1 failed, 1 stal… ━
            > BUG-70    failed     A slow start
              BUG-71    stale      Umlauts in file…
              FEAT-303  started    Shorter messages
              FEAT-302  not star…  Dark mode
              FEAT-301  proven     Search in all p…
              Next, for bob: git gryt run --change
                    BUG-70
              Tab list   Enter open   / filter
        "#]],
    );
    check(
        &board,
        (39, 10),
        expect![[r#"
        The board needs 40 columns and 10
        lines; q quits
    "#]],
    );
    // At every size there is something, and nothing goes wrong.
    for mode in ["", "?", "\x1b[A\r", "/slow"] {
        press(&mut board, mode);
        for (columns, lines) in
            (1..150).flat_map(|columns| [(columns, columns / 3 + 1), (columns, 10)])
        {
            let text = text(&shown(&board, columns, lines));
            assert!(!text.trim().is_empty(), "{columns}x{lines}");
        }
    }
}

#[test]
fn the_keys_and_the_filter() {
    let mut board = board("A slow start");
    press(&mut board, "/umlaut");
    check(
        &board,
        (80, 12),
        expect![[r#"
              shop  hybrid mode, with origin as the cloud, last pulled 3 minutes ago
            ━ Drafts ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
            > v2.2.0  1/5 proven  synced  Summer release







              Next: git gryt evolution start v2.2.0 --change FEAT-302
              /umlaut   Enter keeps the filter, Esc drops it
        "#]],
    );
    press(&mut board, "\r?");
    check(
        &board,
        (80, 24),
        expect![[r#"
              shop  hybrid mode, with origin as the cloud, last pulled 3 minutes ago
            ━ Keys ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
              j k, arrows     move in a list, or scroll
              Tab, Shift-Tab  go to the next list, or the one before
              PgUp PgDn, g G  move by a page, or to the first or the last row
              Enter           open the version or the change: contract, evolutions,
                              approvals, gates
              /               show only what has a text: Enter keeps it, Esc drops it
              c               copy the next command, where the terminal lets programs copy
                              (OSC 52)
              p               run git gryt sync pull in the background
              r               look at this clone again; it is also looked at once a second
              Ctrl-L          draw the screen again
              Ctrl-Z          stop, until the shell's fg
              Esc             go back; in the lists, quit
              q, Ctrl-C       quit

              The board shows what this clone knows, and changes nothing by itself. The
              line above the keys is the command to type next for what is chosen.


            ────────────────────────────────────────────────────────────────────────────────
              Next: git gryt evolution start v2.2.0 --change FEAT-302
              Filter: umlaut (Esc drops it)   Any key goes back
        "#]],
    );
}

#[test]
fn nothing_of_others_is_more_than_text() {
    let hostile = "a\u{1b}[2Jb\u{202e}c\u{7}\u{9b}31m\u{200b}d \u{4f60}\u{597d}";
    for size in [(80, 24), (140, 40)] {
        let mut board = board(hostile);
        for keys in ["", "\t", "\t\r"] {
            press(&mut board, keys);
            let drawn = shown(&board, size.0, size.1);
            for place in &drawn.content {
                let hides =
                    |char: char| crate::model::shown::line(&char.to_string()).chars().count() > 1;
                assert!(!place.symbol().chars().any(hides), "{:?}", place.symbol());
            }
            assert!(
                text(&drawn).contains(r"a\u{1b}[2Jb\u{202e}c"),
                "{}",
                text(&drawn)
            );
        }
    }
}

#[test]
fn a_state_has_its_colour_and_nothing_is_said_by_it_alone() {
    let board = board("A slow start");
    let drawn = shown(&board, 80, 24);
    let colour_of = |word: &str| {
        let at = (0..24).find_map(|y| {
            let row: String = (0..80).map(|x| drawn[(x, y)].symbol()).collect();
            let at = row.find(&format!("  {word}  "))? + 2;
            Some((u16::try_from(row[..at].chars().count()).unwrap(), y))
        });
        drawn[at.unwrap_or_else(|| panic!("{word}"))].fg
    };
    assert_eq!(colour_of("failed"), Color::Red);
    assert_eq!(colour_of("stale"), Color::Yellow);
    assert_eq!(colour_of("proven"), Color::Green);
    assert_eq!(colour_of("started"), Color::Reset);
    assert_eq!(colour_of("withdrawn"), Color::Yellow);
    // Without colours it is the same text, and nothing else.
    let now = NOW.parse().unwrap();
    let plain = printed(&super::drawn(
        &board,
        &now,
        (80, 24),
        Look { colours: false },
    ));
    assert!(!plain.contains('\x1b'), "{plain:?}");
    assert_eq!(plain.trim_end(), text(&drawn).trim_end());
}
