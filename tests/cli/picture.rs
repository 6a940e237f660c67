//! docs/images: real sessions, drawn as a terminal shows them: the picture in the README, and the screens of
//! docs/screens.md on terminals of 80 and 140 columns. `UPDATE_EXPECT=1 cargo test --test cli picture` draws them
//! anew.

use std::fmt::Write;
use std::fs;

use crate::documents::root;
use crate::sandbox::{Person, Sandbox, Transcript};

/// What is typed. What stands before it, to make the project ready, is not shown.
const SESSION: [&str; 7] = [
    "git gryt generation new v1.0.0 -d \"First release\" --change \"add:LOGIN:Log users in\"",
    "git gryt sync push -q",
    "git gryt why v1.0.0",
    "git gryt run --change v1.0.0/LOGIN --start",
    "git gryt sync push-evolutions -q",
    "git gryt promote v1.0.0",
    "git gryt log",
];

/// The columns of the README's picture, and what a column and a line take, in pixels.
const COLUMNS: usize = 104;
const COLUMN: f32 = 8.43;
const LINE: usize = 20;

const STYLE: &str = "\
text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre;fill:#1f2328}\
rect{fill:#ffffff;stroke:#d0d7de}.typed{font-weight:600}.prompt{fill:#6e7781}\
.bar{fill:#1f2328;stroke:none}.on{fill:#ffffff}\
.bold{font-weight:700}.red{fill:#cf222e}.green{fill:#1a7f37}.yellow{fill:#9a6700}.blue{fill:#0969da}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}rect{fill:#0d1117;stroke:#30363d}.prompt{fill:#8b949e}\
.bar{fill:#e6edf3}.on{fill:#0d1117}\
.red{fill:#ff7b72}.green{fill:#3fb950}.yellow{fill:#d29922}.blue{fill:#58a6ff}}";

/// How the text that follows looks.
#[derive(Clone, Copy, Default)]
struct Look {
    bold: bool,
    reversed: bool,
    colour: Option<&'static str>,
}

impl Look {
    /// After a sequence of the terminal: its numbers, parted by semicolons.
    fn after(mut self, numbers: &str) -> Self {
        for number in numbers.split(';') {
            match number {
                "" | "0" => self = Self::default(),
                "1" => self.bold = true,
                "7" => self.reversed = true,
                "31" => self.colour = Some("red"),
                "32" => self.colour = Some("green"),
                "33" => self.colour = Some("yellow"),
                "34" => self.colour = Some("blue"),
                other => panic!("a terminal's {other} is not drawn"),
            }
        }
        self
    }

    fn class(self) -> String {
        let bold = self.bold.then_some("bold");
        let on = self.reversed.then_some("on");
        let names = bold.into_iter().chain(on).chain(self.colour);
        names.collect::<Vec<_>>().join(" ")
    }
}

/// The bar behind the part of a line that is reversed: its first column, and how many.
fn bar(line: &str) -> Option<(usize, usize)> {
    let (mut look, mut column) = (Look::default(), 0);
    let mut found: Option<(usize, usize)> = None;
    for (at, part) in line.split("\u{1b}[").enumerate() {
        let text = match at {
            0 => part,
            _ => {
                let (numbers, text) = part.split_once('m').unwrap();
                look = look.after(numbers);
                text
            }
        };
        let length = text.chars().count();
        if look.reversed && length > 0 {
            let from = found.map_or(column, |(from, _)| from);
            found = Some((from, column + length - from));
        }
        column += length;
    }
    found
}

/// A line of a terminal as lines of a picture, folded where the terminal ends.
fn drawn(line: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    let mut look = Look::default();
    for (at, part) in line.split("\u{1b}[").enumerate() {
        let mut rest = match at {
            0 => part,
            _ => {
                let (numbers, text) = part.split_once('m').unwrap();
                look = look.after(numbers);
                text
            }
        };
        while !rest.is_empty() {
            if used == columns {
                lines.push(String::new());
                used = 0;
            }
            let fits = rest.char_indices().nth(columns - used);
            let (piece, after) = rest.split_at(fits.map_or(rest.len(), |(at, _)| at));
            used += piece.chars().count();
            rest = after;
            let text = piece
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;");
            let out = lines.last_mut().unwrap();
            match look.class().as_str() {
                "" => *out += &text,
                class => _ = write!(out, "<tspan class=\"{class}\">{text}</tspan>"),
            }
        }
    }
    lines
}

/// What is typed, behind a prompt.
fn typed(line: &str, columns: usize) -> Vec<String> {
    let mut lines = drawn(line, columns - 2).into_iter();
    let first = lines.next().unwrap_or_default();
    let first = format!("<tspan class=\"prompt\">$ </tspan><tspan class=\"typed\">{first}</tspan>");
    let rest = lines.map(|line| format!("<tspan class=\"typed\">{line}</tspan>"));
    std::iter::once(first).chain(rest).collect()
}

/// The session as lines of a picture.
fn played(who: &Person) -> Vec<String> {
    let mut lines = Vec::new();
    for line in SESSION {
        lines.extend(typed(line, COLUMNS));
        let coloured = line.replace("git gryt ", "git gryt --color always ");
        let ran = who.sh(&format!("{{ {coloured}\n}} 2>&1"));
        assert_eq!(ran.code, 0, "{line}: {}", ran.out);
        lines.extend(ran.out.lines().flat_map(|line| drawn(line, COLUMNS)));
    }
    lines
}

pub(crate) fn picture(lines: &[String], columns: usize, label: &str) -> String {
    let width = pixels(columns) + 40.0;
    let height = lines.len() * LINE + 36;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height}\" \
         viewBox=\"0 0 {width:.0} {height}\" role=\"img\" aria-label=\"{label}\">\n\
         <style>{STYLE}</style>\n\
         <rect x=\"0.5\" y=\"0.5\" width=\"{:.0}\" height=\"{}\" rx=\"8\"/>\n",
        width - 1.0,
        height - 1
    );
    for (at, line) in lines.iter().enumerate() {
        let y = 32 + at * LINE;
        let (bar, line) = line.split_once(BEHIND).unwrap_or(("", line));
        let attributes = "xml:space=\"preserve\"";
        _ = writeln!(
            svg,
            "{}<text x=\"20\" y=\"{y}\" {attributes}>{line}</text>",
            bar.replace("Y", &(y - 15).to_string())
        );
    }
    svg + "</svg>\n"
}

/// What so many columns take.
#[allow(clippy::cast_precision_loss, reason = "a terminal has few columns")]
fn pixels(columns: usize) -> f32 {
    columns as f32 * COLUMN
}

/// What stands between a bar and the line before it.
const BEHIND: char = '\u{0}';

/// A line of the board: the bar of the chosen row, and the text.
pub(crate) fn board_line(line: &str, columns: usize) -> String {
    let Some((from, length)) = bar(line) else {
        return drawn(line, columns).concat();
    };
    let (x, width) = (20.0 + pixels(from), pixels(length));
    format!(
        "<rect class=\"bar\" x=\"{x:.1}\" y=\"Y\" width=\"{width:.1}\" height=\"{LINE}\"/>{BEHIND}{}",
        drawn(line, columns).concat()
    )
}

/// What a picture says, without how it looks.
fn said(svg: &str) -> String {
    let mut out = String::new();
    for line in svg.lines() {
        let Some(at) = line.find("<text ") else {
            continue;
        };
        let line = &line[at..];
        let texts = line
            .split('<')
            .filter_map(|part| Some(part.split_once('>')?.1));
        out.extend(texts);
        out.push('\n');
    }
    let marks = [("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    marks
        .iter()
        .fold(out, |text, (mark, plain)| text.replace(mark, plain))
}

/// Compares a picture with the one that is kept, or keeps it.
#[track_caller]
pub(crate) fn expect(name: &str, now: &str, columns: usize) {
    for line in said(now).lines() {
        assert!(line.chars().count() <= columns, "{name}: {line}");
    }
    let file = root().join("docs/images").join(name);
    let known = fs::read_to_string(&file).unwrap_or_default();
    // Which git is installed is the machine's.
    let git = |line: &str| match line.split_once(" git: ") {
        Some((before, _)) => format!("{before} git: VERSION\n"),
        None => format!("{line}\n"),
    };
    let plain = |svg: &str| -> String { Transcript::plain(svg, "~").lines().map(git).collect() };
    let same = plain(&known) == plain(now);
    if !same && std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, now).unwrap();
        return;
    }
    assert!(same, "UPDATE_EXPECT=1 writes {name}:\n{}", said(now));
    // The drawing and its style are ours: nothing is fetched, nothing runs.
    let calls = ["<script", "href", "url(", "@import"];
    assert!(!calls.iter().any(|call| known.contains(call)));
}

#[test]
fn the_picture_shows_what_is_printed() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    ann.must("git gryt init --new-ledger");
    ann.must("git commit -q -am 'Name our ledger' && git push -q");
    let lines = played(&ann);
    let label = "A session of git gryt in a terminal";
    expect("session.svg", &picture(&lines, COLUMNS, label), COLUMNS);
}

/// What a line prints on a terminal of so many columns, each moment as if it were two days ago.
fn on_a_terminal(who: &Person, line: &str, columns: usize) -> Vec<String> {
    let who = who.with("TERM", "xterm").with("FORCE_HYPERLINK", "0");
    let ran = who.sh(&format!(
        "script -qec 'stty cols {columns} rows 60; GIT_PAGER=cat {line}' /dev/null < /dev/null"
    ));
    let text = ran.out.replace('\r', "");
    text.lines().map(two_days_ago).collect()
}

/// A line that says how long ago something was, as it would be after two days.
fn two_days_ago(line: &str) -> String {
    let Some(ago) = line.find(" ago") else {
        return line.to_owned();
    };
    let words: Vec<(usize, &str)> = line[..ago]
        .rmatch_indices(' ')
        .map(|(at, _)| (at + 1, &line[at + 1..ago]))
        .take(2)
        .collect();
    let (from, phrase) = words[1];
    let unit = phrase.split(' ').nth(1).unwrap_or_default();
    assert!(
        phrase.starts_with(|c: char| c.is_ascii_digit()) && !unit.is_empty(),
        "{line}"
    );
    let (before, after) = (&line[..from], &line[ago + " ago".len()..]);
    // Each line of a list says the same, so that its columns close up alike.
    format!("{before}2 days ago{after}")
}

/// The screens of docs/screens.md: what the picture is called, and what is typed for it.
const SCREENS: [(&str, &str); 7] = [
    ("status", "git gryt status"),
    ("show", "git gryt generation show v1.2.0"),
    ("log", "git gryt log"),
    ("refused", "git gryt promote v1.2.0"),
    ("promoted", "git gryt promote v1.2.0"),
    ("notes", "git gryt notes v1.2.0"),
    ("doctor", "git gryt doctor"),
];

/// A project with releases, one of them withdrawn, and a draft that is nearly done.
fn project(sandbox: &Sandbox) -> [Person; 2] {
    sandbox.hosting();
    let [ann, bob] = sandbox.team(["ann", "bob"]);
    ann.must("git gryt init --new-ledger");
    ann.must("git commit -q -am 'Name our ledger' && git push -q");
    let declare = "git gryt generation new -q";
    ann.must(&format!(
        "{declare} v1.0.0 -d 'First release' --change 'add:LOGIN:Log users in'"
    ));
    ann.must("git gryt run -q --start --change LOGIN && git gryt promote -q v1.0.0");
    ann.must(&format!(
        "{declare} v1.1.0 -d 'Exports' --change 'add:CSV:Export as CSV'"
    ));
    ann.must("git gryt run -q --start --change CSV && git gryt promote -q v1.1.0");
    ann.must("git gryt withdraw -q v1.1.0 --reason 'The export leaves out the last row'");
    ann.must(&format!(
        "{declare} v1.2.0 -d 'Search, and exports that are whole, for everybody who asked for them since the first release' \
         --change 'add:SEARCH:Search in all projects, also in those that were archived' \
         --change 'fix:CSV-2:Write the last row of an export' --change 'refine:LOGIN-2:Log in by a link'"
    ));
    ann.must("git gryt generation edit -q v1.2.0 --assign SEARCH=bob && git gryt sync push -q");
    bob.must("git pull -q && git gryt sync pull -q");
    bob.must("git gryt run -q --start --change SEARCH && git gryt sync push-evolutions -q");
    ann.must("git gryt sync pull -q && git gryt run -q --start --change CSV-2");
    ann.must("git gryt sync push-evolutions -q");
    [ann, bob]
}

#[test]
fn the_screens_show_what_is_printed() {
    for columns in [80, 140] {
        let sandbox = Sandbox::new();
        let [ann, _bob] = project(&sandbox);
        if ann.sh("script --version").code != 0 {
            eprintln!("skipped: no script(1) to make a terminal");
            return;
        }
        for (name, line) in SCREENS {
            if name == "promoted" {
                ann.must("git gryt run -q --start --change LOGIN-2");
            }
            let mut lines = typed(line, columns);
            let printed = on_a_terminal(&ann, line, columns);
            lines.extend(printed.iter().flat_map(|line| drawn(line, columns)));
            let label = format!("{line}, in a terminal of {columns} columns");
            let svg = picture(&lines, columns, &label);
            expect(&format!("{name}-{columns}.svg"), &svg, columns);
        }
    }
}

#[test]
fn a_picture_folds_and_colours_as_a_terminal_does() {
    assert_eq!(drawn("", 3), [""]);
    assert_eq!(
        drawn("ab\u{1b}[1;31mcde\u{1b}[0mf<", 4),
        [
            "ab<tspan class=\"bold red\">cd</tspan>",
            "<tspan class=\"bold red\">e</tspan>f&lt;"
        ]
    );
    assert_eq!(two_days_ago("a  11 months ago  b"), "a  2 days ago  b");
    assert_eq!(
        two_days_ago("last pulled 9 seconds ago"),
        "last pulled 2 days ago"
    );
}
