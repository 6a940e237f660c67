//! docs/images/session.svg, the picture in the README: a real session, drawn as a terminal shows it.
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
.bold{font-weight:700}.red{fill:#cf222e}.green{fill:#1a7f37}.yellow{fill:#9a6700}.blue{fill:#0969da}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}rect{fill:#0d1117;stroke:#30363d}.prompt{fill:#8b949e}\
.red{fill:#ff7b72}.green{fill:#3fb950}.yellow{fill:#d29922}.blue{fill:#58a6ff}}";

/// How the text that follows looks.
#[derive(Clone, Copy, Default)]
struct Look {
    bold: bool,
    colour: Option<&'static str>,
}

impl Look {
    /// After a sequence of the terminal: its numbers, parted by semicolons.
    fn after(mut self, numbers: &str) -> Self {
        for number in numbers.split(';') {
            match number {
                "" | "0" => self = Self::default(),
                "1" => self.bold = true,
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
        let names: Vec<&str> = bold.into_iter().chain(self.colour).collect();
        names.join(" ")
    }
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

fn picture(lines: &[String]) -> String {
    #[allow(clippy::cast_precision_loss, reason = "a terminal has few columns")]
    let width = COLUMNS as f32 * COLUMN + 40.0;
    let height = lines.len() * LINE + 36;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height}\" \
         viewBox=\"0 0 {width:.0} {height}\" role=\"img\" aria-label=\"A session of git gryt in a terminal\">\n\
         <style>{STYLE}</style>\n\
         <rect x=\"0.5\" y=\"0.5\" width=\"{:.0}\" height=\"{}\" rx=\"8\"/>\n",
        width - 1.0,
        height - 1
    );
    for (at, line) in lines.iter().enumerate() {
        let y = 32 + at * LINE;
        _ = writeln!(
            svg,
            "<text x=\"20\" y=\"{y}\" xml:space=\"preserve\">{line}</text>"
        );
    }
    svg + "</svg>\n"
}

/// What a picture says, without how it looks.
fn said(svg: &str) -> String {
    let mut out = String::new();
    for line in svg.lines().filter(|line| line.starts_with("<text ")) {
        let texts = line
            .split('<')
            .filter_map(|part| Some(part.split_once('>')?.1));
        out.extend(texts);
        out.push('\n');
    }
    out
}

#[test]
fn the_picture_shows_what_is_printed() {
    let sandbox = Sandbox::new();
    sandbox.hosting();
    let [ann] = sandbox.team(["ann"]);
    ann.must("git gryt init --new-ledger");
    ann.must("git commit -q -am 'Name our ledger' && git push -q");
    let lines = played(&ann);
    let now = picture(&lines);
    for line in said(&now).lines() {
        assert!(line.chars().count() <= COLUMNS, "{line}");
    }
    let file = root().join(PICTURE);
    let known = fs::read_to_string(&file).unwrap_or_default();
    let plain = |svg: &str| Transcript::plain(&said(svg), "~");
    let same = plain(&known) == plain(&now);
    if !same && std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, now).unwrap();
        return;
    }
    assert!(same, "UPDATE_EXPECT=1 writes {PICTURE}:\n{}", said(&now));
    // The drawing and its style are ours: nothing is fetched, nothing runs.
    let calls = ["<script", "href", "url(", "@import"];
    assert!(!calls.iter().any(|call| known.contains(call)));
}
