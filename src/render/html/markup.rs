//! HTML of cells, tables and releases. What is of others is cleaned before it comes here, and escaped here.

use super::view::{Cell, SHAPES, Sign, Table, View, time};
use crate::model::Stamp;
use crate::model::person::moment;

/// Text as HTML shows it, between tags and in an attribute's quotes.
pub(super) fn text(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '"' => shown.push_str("&quot;"),
            '\'' => shown.push_str("&#39;"),
            _ => shown.push(char),
        }
    }
    shown
}

pub(super) fn sign(sign: Sign) -> String {
    let (mark, tone) = sign.mark();
    let word = sign.0;
    format!(
        "<span class=\"sign {tone}\"><span class=mark aria-hidden=true>{mark}</span>{word}</span>"
    )
}

pub(super) fn stamp(at: &Stamp) -> String {
    format!("<time datetime=\"{}\">{}</time>", moment(at), time(at))
}

fn hex(hex: &str) -> String {
    format!("<code class=hex>{}</code>", text(hex))
}

pub(super) fn cell(cell: &Cell) -> String {
    match cell {
        Cell::Text(said) | Cell::Word(said) => text(said),
        Cell::Sign(one) => sign(*one),
        Cell::Person(name, email) => format!(
            "<span class=who>{} <span class=email>{}</span></span>",
            text(name),
            text(email)
        ),
        Cell::Hex(digits) => hex(digits),
        Cell::Titled(title, more) => {
            format!("{}<p class=more>{}</p>", text(title), text(more))
        }
        Cell::Time(at) => stamp(at),
        Cell::Evolution { change, number, .. } => format!("{}/rc.{number}", text(change)),
        Cell::Link(to) => {
            let to = text(to);
            format!("<a href=\"{to}\" rel=\"noopener noreferrer nofollow\">{to}</a>")
        }
        Cell::Lines(all) => all
            .iter()
            .map(|one| format!("<div>{}</div>", self::cell(one)))
            .collect(),
    }
}

pub(super) fn table(version: &str, table: &Table) -> String {
    let (caption, columns) = SHAPES[table.shape];
    let label = text(&format!("{caption} of {version}"));
    let mut html = format!(
        "<div class=scroll role=region tabindex=0 aria-label=\"{label}\"><table class=t{}><caption>{caption}</caption><thead><tr>",
        table.shape
    );
    for column in columns {
        html += &format!("<th scope=col>{column}</th>");
    }
    html += "</tr></thead><tbody>";
    for row in &table.rows {
        html += "<tr>";
        for (at, one) in row.iter().enumerate() {
            html += &match at {
                0 => format!("<th scope=row>{}</th>", cell(one)),
                _ => format!("<td>{}</td>", cell(one)),
            };
        }
        html += "</tr>";
    }
    html + "</tbody></table></div>"
}

pub(super) fn release(view: &View, open: bool) -> String {
    let version = text(&view.version);
    let tone = view.state.mark().1;
    let verb = if view.state.0 == "imported" {
        "Released"
    } else {
        "Promoted"
    };
    let mut html = format!(
        "<li class=\"release {tone}\"><article aria-labelledby=\"{version}\"><header><h3 id=\"{version}\">{version}</h3>{}\
         <p class=by>{verb} <span class=when>{}</span> by {}</p></header>",
        sign(view.state),
        stamp(&view.at),
        cell(&view.by)
    );
    if !view.description.is_empty() {
        html += &format!("<p class=said>{}</p>", text(&view.description));
    }
    if !view.brings.is_empty() {
        html += &format!("<p class=brings>{}</p>", text(&view.brings));
    }
    for (sign, notice) in &view.notices {
        let (mark, tone) = sign.mark();
        html += &format!(
            "<p class=\"notice {tone}\"><span class=mark aria-hidden=true>{mark}</span>{}</p>",
            text(notice)
        );
    }
    let holds = match view.holds.as_str() {
        "" => "Details",
        holds => holds,
    };
    let open = if open { " open" } else { "" };
    html += &format!("<details{open}><summary>{holds}</summary><dl class=facts>");
    if let Some(commit) = &view.commit {
        html += &format!(
            "<div><dt>Release commit</dt><dd>{}</dd></div>",
            hex(commit.as_str())
        );
    }
    html += &format!(
        "<div><dt>Entry of the ledger</dt><dd>{}</dd></div></dl>",
        hex(view.entry.as_str())
    );
    for one in &view.tables {
        html += &table(&view.version, one);
    }
    html + "</details></article></li>\n"
}
