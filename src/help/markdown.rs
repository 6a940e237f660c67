//! Man pages out of the part of Markdown that the guides and the descriptions of commands use.

use roff::{Inline, Roff, bold, italic, roman};

/// Adds a text. Its first heading is left out: a man page has its name there.
pub(super) fn add(markdown: &str, roff: &mut Roff) {
    let mut lines = markdown.lines().peekable();
    // A paragraph begins by itself below a heading.
    let mut headed = true;
    while let Some(line) = lines.next() {
        if line.is_empty() || line.starts_with("# ") {
            continue;
        }
        if let Some(title) = line.strip_prefix("## ") {
            roff.control("SH", [title.to_uppercase().as_str()]);
            headed = true;
            continue;
        }
        if let Some(title) = line.strip_prefix("### ") {
            roff.control("SS", [title]);
            headed = true;
            continue;
        }
        if line.starts_with("```") {
            if !std::mem::take(&mut headed) {
                roff.control("PP", []);
            }
            roff.control("RS", ["4"]);
            roff.control("nf", []);
            for line in lines.by_ref().take_while(|line| !line.starts_with("```")) {
                roff.text([roman(line)]);
            }
            roff.control("fi", []);
            roff.control("RE", []);
            continue;
        }
        if let Some((term, text)) = row(line) {
            // The heading of a table, and the line below it.
            if lines.next_if(|line| line.starts_with("| ---")).is_some() {
                continue;
            }
            roff.control("TP", []);
            roff.text(inlines(term));
            roff.text(inlines(text));
            headed = false;
            continue;
        }
        let mut paragraph = line.to_owned();
        let goes_on = |next: &&str| {
            !next.is_empty()
                && !["- ", "| ", "```", "## "]
                    .iter()
                    .any(|s| next.starts_with(s))
        };
        while let Some(next) = lines.next_if(goes_on) {
            paragraph.push(' ');
            paragraph += next.trim_start();
        }
        match paragraph.strip_prefix("- ") {
            Some(item) => {
                roff.control("IP", ["\\(bu", "2"]);
                roff.text(inlines(item));
            }
            None => {
                if !headed {
                    roff.control("PP", []);
                }
                roff.text(inlines(&paragraph));
            }
        }
        headed = false;
    }
}

/// The two cells of a row.
fn row(line: &str) -> Option<(&str, &str)> {
    let (term, text) = line
        .strip_prefix("| ")?
        .strip_suffix(" |")?
        .split_once(" | ")?;
    Some((term, text))
}

/// `code` and **words** in bold, *words* in italics, the text of a link.
fn inlines(text: &str) -> Vec<Inline> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['`', '*', '[']) {
        let (before, marked) = rest.split_at(at);
        if !before.is_empty() {
            found.push(roman(before));
        }
        let spans = [("`", "`"), ("**", "**"), ("*", "*"), ("[", "]")];
        let span = spans.iter().find_map(|(open, close)| {
            let inside = marked.strip_prefix(open)?;
            let (inside, after) = inside.split_once(close)?;
            Some((*open, inside, after))
        });
        rest = match span {
            Some(("[", inside, after)) => {
                found.extend(inlines(inside));
                link(after)
            }
            Some(("*", inside, after)) => {
                found.push(italic(inside));
                after
            }
            Some((_, inside, after)) => {
                found.push(bold(inside));
                after
            }
            None => {
                let (mark, after) = marked.split_at(1);
                found.push(roman(mark));
                after
            }
        };
    }
    if !rest.is_empty() {
        found.push(roman(rest));
    }
    found
}

/// What follows the address of a link: pages of this project are named by their texts.
fn link(text: &str) -> &str {
    let address = text.strip_prefix('(').and_then(|text| text.split_once(')'));
    address.map_or(text, |(_, after)| after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_pages_use_becomes_roff() {
        let page = "# Left out\n\nSay `a-b` and *so* on,\n**well** [there](x.md).\n\n## Next one\n\n\
                    - an item\n  goes on\n- .dot\n\n```sh\n$ it's \\ here\n```\n\n| t | m |\n| --- | --- |\n\
                    | `refs/x/*` | meant |\n\n2 * 3 is [6\n";
        let mut roff = Roff::default();
        add(page, &mut roff);
        expect_test::expect![[r#"
            Say \fBa\-b\fR and \fIso\fR on, \fBwell\fR there.
            .SH "NEXT ONE"
            .IP \(bu 2
            an item goes on
            .IP \(bu 2
            \&.dot
            .PP
            .RS 4
            .nf
            $ it's \\ here
            .fi
            .RE
            .TP
            \fBrefs/x/*\fR
            meant
            .PP
            2 * 3 is [6
        "#]]
        .assert_eq(&roff.to_roff());
    }
}
