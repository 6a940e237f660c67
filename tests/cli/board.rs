//! `git gryt board` on a terminal (docs/board.md).

use base64ct::{Base64, Encoding as _};

use crate::sandbox::{Person, Sandbox};
use crate::terminal::{Terminal, can_be_made};

/// Gives the screen back, and shows the cursor.
const LEFT: &[u8] = b"\x1b[?1049l";
const CURSOR: &[u8] = b"\x1b[?25h";

/// Two drafts, one of them shared and begun by ann.
fn project(sandbox: &Sandbox) -> Option<[Person; 2]> {
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    if !can_be_made(&ann) {
        return None;
    }
    ann.must(
        "git gryt generation new v1.0.0 -d 'First release' --change 'add:LOGIN:Log users in' \
         --change 'fix:BUG-7:Umlauts in names' && git gryt sync push -q",
    );
    ann.must("git gryt generation new v2.0.0 --change 'add:CSV:Export as CSV' -q");
    ann.must("git gryt run --start --change LOGIN -q && git gryt sync push-evolutions -q");
    Some([ann, bob])
}

/// The board of ann, opened. The terminal's settings before and after are in files.
fn opened(who: &Person, options: &str) -> Terminal {
    let line =
        format!("stty -g > before; git gryt board {options}; echo $? > code; stty -g > after");
    let mut terminal = Terminal::open(who, 80, &line);
    terminal.shows("Waiting: ");
    terminal
}

/// What holds once the board has gone.
#[track_caller]
fn is_restored(terminal: &mut Terminal, who: &Person, code: &str) {
    terminal.ends();
    assert!(
        !terminal.is_taken() && !terminal.hides_cursor(),
        "{terminal}"
    );
    let last = |bytes: &[u8]| {
        let mut parts = terminal.raw.windows(bytes.len());
        parts.rposition(|part| part == bytes)
    };
    assert!(last(LEFT) > last(b"\x1b[?1049h"), "{terminal}");
    assert!(last(CURSOR) > last(b"\x1b[?25l"), "{terminal}");
    assert_eq!(who.read("before"), who.read("after"), "{terminal}");
    assert_eq!(who.read("code").trim(), code, "{terminal}");
}

#[test]
fn a_person_looks_moves_filters_and_opens() {
    let sandbox = Sandbox::new();
    let Some([ann, _]) = project(&sandbox) else {
        return;
    };
    let mut terminal = opened(&ann, "");
    terminal.shows("> v1.0.0  1/2 proven  synced");
    terminal.shows("Next: git gryt evolution start v1.0.0 --change BUG-7");
    assert!(terminal.is_taken() && terminal.hides_cursor());
    terminal.types("j");
    terminal.shows("> v2.0.0");
    terminal.shows("Changes of v2.0.0: 1 not started");
    terminal.shows("Next: git gryt sync push v2.0.0");
    // An arrow is a key of several bytes.
    terminal.types("\x1b[A");
    terminal.shows("> v1.0.0");
    terminal.types("/csv");
    terminal.hides("v1.0.0");
    assert!(!terminal.hides_cursor(), "{terminal}");
    terminal.types("\x1b");
    terminal.shows("v1.0.0  1/2 proven");
    // What was copied is the command that is shown.
    terminal.types("g");
    terminal.shows("> v1.0.0");
    terminal.types("c");
    let copied = Base64::encode_string(b"git gryt evolution start v1.0.0 --change BUG-7");
    terminal.writes(format!("\x1b]52;c;{copied}\x07").as_bytes());
    terminal.types("\r");
    terminal.shows("Evolutions");
    terminal.shows("LOGIN  rc.1  pass  ann");
    terminal.types("\x1b");
    terminal.shows("Waiting: ");
    terminal.types("?");
    terminal.shows("Shift-Tab");
    terminal.types(" ");
    terminal.shows("Waiting: ");
    terminal.types("q");
    is_restored(&mut terminal, &ann, "0");
}

#[test]
fn it_shows_what_other_processes_do_and_grows_with_its_terminal() {
    let sandbox = Sandbox::new();
    let Some([ann, bob]) = project(&sandbox) else {
        return;
    };
    let mut terminal = opened(&ann, "");
    ann.must("git gryt generation new v3.0.0 --change 'add:DARK:Dark mode' -q");
    terminal.shows("v3.0.0  0/1 proven  not synced");
    // What was pushed elsewhere comes by a pull.
    bob.must("git gryt sync pull -q && git gryt generation new v4.0.0 --change add:E:e -q");
    bob.must("git gryt sync push -q");
    terminal.types("p");
    terminal.shows("New generations: 1");
    terminal.types("\x1b");
    terminal.shows("v4.0.0  0/1 proven  synced");
    terminal.becomes(140, 40);
    terminal.awaits("two columns", |shown| {
        shown
            .lines()
            .any(|line| line.contains("─ Changes") && line.contains(" Drafts "))
    });
    terminal.becomes(30, 24);
    terminal.shows("The board needs 40 columns");
    terminal.becomes(80, 24);
    terminal.shows("Waiting: ");
    terminal.types("\x03");
    is_restored(&mut terminal, &ann, "0");
}

#[test]
fn it_pulls_by_itself_where_that_is_asked_for() {
    let sandbox = Sandbox::new();
    let Some([ann, bob]) = project(&sandbox) else {
        return;
    };
    let mut terminal = opened(&ann, "--pull 100ms");
    bob.must("git gryt sync pull -q && git gryt generation new v4.0.0 --change add:E:e -q");
    bob.must("git gryt sync push -q");
    terminal.shows("v4.0.0  0/1 proven  synced");
    terminal.types("q");
    is_restored(&mut terminal, &ann, "0");
}

#[test]
fn a_signal_a_stop_and_a_lost_terminal_leave_nothing_behind() {
    let sandbox = Sandbox::new();
    let Some([ann, _]) = project(&sandbox) else {
        return;
    };
    let line = "stty -g > before; sh -c 'echo $$ > board; exec git-gryt board'; echo $? > code; \
                stty -g > after";
    let mut terminal = Terminal::open(&ann, 80, line);
    terminal.shows("Waiting: ");
    ann.must(&format!("kill -TERM {}", ann.read("board").trim()));
    is_restored(&mut terminal, &ann, "130");
    // Ctrl-Z stops it, and git with it; the shell has its terminal meanwhile.
    let line = "set -m; stty -g > before; git gryt board; stty -g > stopped; echo stopped here; fg; \
                echo $? > code; stty -g > after";
    let mut terminal = Terminal::open(&ann, 80, line);
    terminal.shows("Waiting: ");
    terminal.types("\x1a");
    terminal.shows("Waiting: ");
    terminal.writes(b"stopped here");
    assert_eq!(ann.read("before"), ann.read("stopped"), "{terminal}");
    terminal.shows("Waiting: ");
    terminal.types("q");
    is_restored(&mut terminal, &ann, "0");
    // Where the window is closed, it ends.
    let line = "exec git-gryt board";
    let mut terminal = Terminal::open(&ann, 80, line);
    terminal.shows("Waiting: ");
    let pid = ann.read("pid");
    terminal.is_lost();
    while ann.lives(pid.trim()) {
        std::thread::yield_now();
    }
}

#[test]
fn what_others_wrote_reaches_no_terminal_as_it_is() {
    let sandbox = Sandbox::new();
    let Some([ann, _]) = project(&sandbox) else {
        return;
    };
    let text = "version: v2.0.0\ndescription: \"red\\e[31m turned\\u202e hidden\\u200b\"\nchanges:\n\
                - {type: add, id: CSV, title: Export, assignee: \"c\\u009b2Jsi\"}\n";
    ann.write(".gryt/generations/v2.0.0.yaml", text);
    ann.must("git gryt sync push v2.0.0 -q");
    let mut terminal = opened(&ann, "");
    terminal.types("j");
    terminal.shows("> v2.0.0");
    terminal.types("\r");
    terminal.shows(r"red\u{1b}[31m turned\u{202e} hidden\u{200b}");
    terminal.shows(r"c\u{9b}2Jsi");
    let raw = String::from_utf8_lossy(&terminal.raw).into_owned();
    for hidden in ["\x1b[31m turned", "\u{202e}", "\u{200b}", "\u{9b}"] {
        assert!(!raw.contains(hidden), "{hidden:?}\n{terminal}");
    }
    terminal.types("q");
    is_restored(&mut terminal, &ann, "0");
}

#[test]
fn without_a_terminal_it_says_what_answers_there() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    let told = ann.refused(2, "git gryt board < /dev/null");
    assert!(told.contains("The board needs a terminal") && told.contains("git gryt status"));
    let told = ann.sh("git gryt board --json");
    assert_eq!(told.code, 2, "{told:?}");
    assert!(told.out.contains("git gryt status"), "{told:?}");
    // As text, it is as wide and as high as it is told to be.
    let one = ann.must("COLUMNS=60 LINES=14 git gryt board --once");
    assert!(one.contains("No drafts") && !one.contains('\x1b'), "{one}");
    assert!(one.lines().all(|line| line.chars().count() <= 60), "{one}");
    assert_eq!(one.lines().count(), 14, "{one}");
    let coloured = ann.must("git gryt board --once --color always");
    assert!(coloured.contains("\x1b[1;34mDrafts"), "{coloured:?}");
    let plain = ann.must("NO_COLOR=1 git gryt board --once");
    assert_eq!(plain, ann.must("git gryt board --once"));
}
