//! docs/images/session.svg, the picture in the README, and the board's of docs/board.md: what is really printed,
//! drawn as a terminal shows it.
//! `UPDATE_EXPECT=1 cargo test --test cli picture` draws it anew.

use std::fmt::Write;
use std::fs;

use crate::documents::root;
use crate::sandbox::{Person, Sandbox, Transcript};

const PICTURE: &str = "docs/images/session.svg";

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

/// The columns of the terminal, and what a column and a line take, in pixels.
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

/// A line of a terminal as spans of a picture.
fn drawn(line: &str) -> String {
    let mut out = String::new();
    let mut look = Look::default();
    for (at, part) in line.split("\u{1b}[").enumerate() {
        let text = match at {
            0 => part,
            _ => {
                let (numbers, text) = part.split_once('m').unwrap();
                look = look.after(numbers);
                text
            }
        };
        let text = text
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        match (text.is_empty(), look.class().as_str()) {
            (true, _) => {}
            (false, "") => out += &text,
            (false, class) => _ = write!(out, "<tspan class=\"{class}\">{text}</tspan>"),
        }
    }
    out
}

/// The session as lines of a picture.
fn played(who: &Person) -> Vec<String> {
    let mut lines = Vec::new();
    for typed in SESSION {
        let shown = drawn(typed);
        lines.push(format!(
            "<tspan class=\"prompt\">$ </tspan><tspan class=\"typed\">{shown}</tspan>"
        ));
        let coloured = typed.replace("git gryt ", "git gryt --color always ");
        let ran = who.sh(&format!("{{ {coloured}\n}} 2>&1"));
        assert_eq!(ran.code, 0, "{typed}: {}", ran.out);
        lines.extend(ran.out.lines().map(drawn));
    }
    lines
}

fn picture(lines: &[String], columns: usize, label: &str) -> String {
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
fn board_line(line: &str) -> String {
    let Some((from, length)) = bar(line) else {
        return drawn(line);
    };
    let (x, width) = (20.0 + pixels(from), pixels(length));
    format!(
        "<rect class=\"bar\" x=\"{x:.1}\" y=\"Y\" width=\"{width:.1}\" height=\"{LINE}\"/>{BEHIND}{}",
        drawn(line)
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
    out
}

/// Holds a picture against the one that is kept, as far as `plain` leaves of what both say.
#[track_caller]
fn is_kept(name: &str, now: &str, plain: impl Fn(&str) -> String) {
    let file = root().join(name);
    let known = fs::read_to_string(&file).unwrap_or_default();
    let same = plain(&said(&known)) == plain(&said(now));
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
    let now = picture(&lines, COLUMNS, "A session of git gryt in a terminal");
    for line in said(&now).lines() {
        assert!(line.chars().count() <= COLUMNS, "{line}");
    }
    is_kept(PICTURE, &now, |text| Transcript::plain(text, "~"));
}

const POLICY: &str = "approvals: [{need: 2, from: [lea@example.com, qa@example.com]}]\n";

/// A project with releases and two drafts, as lea has it, and what is done in it by whom.
fn project(sandbox: &Sandbox) -> Person {
    sandbox.hosting();
    sandbox.nobody().must("mv hosting.git shop.git");
    let team = ["lea", "ann", "bob", "cleo"];
    let [lea, ann, bob, cleo] = team.map(|name| sandbox.clone_of(name, "shop.git"));
    // How long ago something was is the same whenever the picture is drawn.
    let ago = |who: &Person, days: i64| {
        let at = chrono::Utc::now() - chrono::TimeDelta::days(days);
        let at = at.to_rfc3339();
        who.with("GIT_AUTHOR_DATE", &at)
            .with("GIT_COMMITTER_DATE", &at)
    };
    lea.must("git gryt init --new-ledger && git commit -q -am 'Name our ledger' && git push -q");
    for (version, days, described) in [
        ("v1.0.0", 65, "First release"),
        ("v1.1.0", 23, "Payment by card"),
        ("v1.2.0", 4, "Faster search"),
    ] {
        let lea = ago(&lea, days);
        lea.must(&format!(
            "git gryt generation new {version} -d '{described}' --change 'add:{version}:{described}' -q && \
             git gryt run --start --change {version}/{version} -q && git gryt promote {version} -q"
        ));
    }
    lea.must("git gryt withdraw v1.1.0 --reason 'Cards are charged twice' -q");
    lea.tracks(".gryt/policy.yaml", POLICY);
    lea.must(
        "git gryt generation new v1.3.0 -d 'Summer release' --change 'add:SHOP-31:Search in all shops' \
         --change 'fix:SHOP-27:A slow start after an update' --change 'add:SHOP-33:Dark mode' \
         --change 'refine:SHOP-35:Shorter error messages' --change 'fix:SHOP-36:Umlauts in file names' -q && \
         git gryt generation edit v1.3.0 --assign SHOP-33=cleo --assign SHOP-36=lea -q && \
         git gryt sync push -q",
    );
    for (who, file) in [
        (&ann, "search.txt"),
        (&bob, "start.txt"),
        (&cleo, "errors.txt"),
    ] {
        who.works(file);
        who.must("git gryt sync pull -q");
    }
    ann.must("git gryt run --start --change SHOP-31 -q");
    bob.must(
        "git gryt evolution start v1.3.0 --change SHOP-27 -q && \
         git gryt evolution record v1.3.0 --change SHOP-27 --status fail -q",
    );
    cleo.must("git gryt evolution start v1.3.0 --change SHOP-35 -q");
    for who in [&ann, &bob, &cleo] {
        who.must("git gryt sync push-evolutions -q");
    }
    lea.must("git pull -q && git gryt sync pull -q");
    lea.must(
        "git gryt generation new v1.4.0 -d 'Taxes' --change 'add:SHOP-40:Prices without taxes' -q",
    );
    lea.must("git gryt run --start --change SHOP-40 -q");
    lea
}

#[test]
fn the_pictures_of_the_board_show_what_is_drawn() {
    let sandbox = Sandbox::new();
    let lea = project(&sandbox);
    for (columns, lines) in [(80, 24), (140, 40)] {
        let size = lea
            .with("COLUMNS", &columns.to_string())
            .with("LINES", &lines.to_string());
        let text = size.must("git gryt board --once --color always");
        let drawn: Vec<String> = text.lines().map(board_line).collect();
        let label = format!("The board of git gryt on a terminal of {columns} columns");
        let now = picture(&drawn, columns, &label);
        let name = format!("docs/images/board-{columns}.svg");
        is_kept(&name, &now, |text| Transcript::plain(text, "~"));
    }
}
