//! Releases packed for the page's own script: JSON that says what repeats once a batch.
//!
//! A cell is a text, the place of a text or a list in the batch's `shared`, or a list that begins with its kind:
//! `p` a person (name, email), `s` a sign, `h` hex digits, `d` a title and more, `a` an address, `e` an evolution (row,
//! number), `l` lines of cells. A list of numbers is a time: seconds since 1970 and minutes east of UTC, as
//! differences to the release's own in its tables.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::markup::text;
use super::view::{Cell, SHAPES, SIGNS, Table, View};
use crate::model::Stamp;

/// Releases that are written as one block.
#[derive(Default)]
pub(super) struct Batch {
    shared: Vec<Value>,
    places: HashMap<String, usize>,
    releases: Vec<Value>,
    /// The versions of its first and its last release.
    ends: Option<(Named, Named)>,
}

type Named = (String, Stamp);

impl Batch {
    pub(super) fn len(&self) -> usize {
        self.releases.len()
    }

    pub(super) fn add(&mut self, view: &View) {
        let named = (view.version.clone(), view.at);
        self.ends = Some(match self.ends.take() {
            Some((first, _)) => (first, named),
            None => (named.clone(), named),
        });
        let by = self.cell(&view.by, &view.at);
        let notices: Vec<Value> = view
            .notices
            .iter()
            .map(|(sign, text)| json!([sign.0, text]))
            .collect();
        let tables: Vec<Value> = view
            .tables
            .iter()
            .map(|table| self.table(table, &view.at))
            .collect();
        let commit = view.commit.as_ref().map(|oid| self.hex(oid.as_str()));
        let holds = self.cell(&Cell::Word(view.holds.clone()), &view.at);
        let release = json!([
            view.version,
            view.state.0,
            time(&view.at, None),
            by,
            view.description,
            notices,
            commit.unwrap_or_else(|| "".into()),
            view.entry.as_str(),
            holds,
            tables,
        ]);
        self.releases.push(release);
    }

    /// The block, and an empty batch again.
    pub(super) fn take(&mut self) -> String {
        let batch = std::mem::take(self);
        let Some(((newest, until), (oldest, from))) = batch.ends else {
            return String::new();
        };
        let day = |at: &Stamp| at.format("%Y-%m-%d").to_string();
        let attributes = format!(
            "class=batch data-count={} data-name=\"{}\" data-days=\"{}\"",
            batch.releases.len(),
            text(&span(&oldest, &newest)),
            span(&day(&from), &day(&until))
        );
        let data = json!({"shared": batch.shared, "releases": batch.releases});
        block(&attributes, &data)
    }

    fn shared(&mut self, value: Value) -> Value {
        let text = value.to_string();
        let next = self.shared.len();
        let place = *self.places.entry(text).or_insert(next);
        if place == next {
            self.shared.push(value);
        }
        place.into()
    }

    fn hex(&mut self, digits: &str) -> Value {
        self.shared(json!(["h", digits]))
    }

    fn table(&mut self, table: &Table, at: &Stamp) -> Value {
        let mut rows = Vec::new();
        for row in &table.rows {
            let mut cells: Vec<Value> = row.iter().map(|cell| self.cell(cell, at)).collect();
            // What is empty at the end goes without saying.
            while cells.last().is_some_and(|last| last == "") {
                cells.pop();
            }
            rows.push(Value::from(cells));
        }
        // The gates are nearly always the same.
        let rows = match SHAPES[table.shape].0 {
            "Gates" => self.shared(rows.into()),
            _ => rows.into(),
        };
        json!([table.shape, rows])
    }

    fn cell(&mut self, cell: &Cell, at: &Stamp) -> Value {
        match cell {
            Cell::Text(text) => text.as_str().into(),
            Cell::Word(text) if text.is_empty() => "".into(),
            Cell::Word(text) => self.shared(text.as_str().into()),
            Cell::Sign(sign) => self.shared(json!(["s", sign.0])),
            Cell::Person(name, email) => self.shared(json!(["p", name, email])),
            // A digest stands once; a commit is often proven again and again.
            Cell::Hex(digits) if digits.len() == 40 => self.hex(digits),
            Cell::Hex(digits) => json!(["h", digits]),
            Cell::Titled(title, more) => json!(["d", title, more]),
            Cell::Time(own) => time(own, Some(at)),
            Cell::Evolution { row, number, .. } => json!(["e", row, number]),
            Cell::Link(to) => json!(["a", to]),
            Cell::Lines(cells) => {
                let mut all = vec![Value::from("l")];
                all.extend(cells.iter().map(|one| self.cell(one, at)));
                all.into()
            }
        }
    }
}

fn span(from: &str, to: &str) -> String {
    match from == to {
        true => from.to_owned(),
        false => format!("{from} to {to}"),
    }
}

/// A moment, or its difference to another.
fn time(at: &Stamp, to: Option<&Stamp>) -> Value {
    let parts = |at: &Stamp| (at.timestamp(), at.offset().local_minus_utc() / 60);
    let (seconds, east) = parts(at);
    let (base, zone) = to.map_or((0, 0), parts);
    match east - zone {
        0 => json!([seconds - base]),
        east => json!([seconds - base, east]),
    }
}

/// The words that the script shows: signs with their marks, and the tables' shapes.
pub(super) fn words() -> String {
    let signs = SIGNS.map(|(word, mark, tone)| (word.to_owned(), json!([mark, tone])));
    let signs: serde_json::Map<String, Value> = signs.into_iter().collect();
    block(
        "id=words",
        &json!({
            "signs": signs,
            "shapes": SHAPES,
        }),
    )
}

/// A block of data. Whatever a text holds, no tag begins or ends in it.
fn block(attributes: &str, data: &Value) -> String {
    let mut text = String::new();
    for char in data.to_string().chars() {
        match char {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                text += &format!("\\u{:04x}", u32::from(char));
            }
            _ => text.push(char),
        }
    }
    format!("<script type=\"application/json\" {attributes}>{text}</script>\n")
}
