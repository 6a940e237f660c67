//! What `query` and `cache` say to people.

use std::fmt::Write;

use super::{line, table};
use crate::cache::Cell;
use crate::cache::compare::Difference;
use crate::commands;

/// Rows, as a table for people or as comma-separated values (RFC 4180).
pub(super) fn query(answered: &commands::query::Answered) -> String {
    if answered.csv {
        return csv(answered).unwrap_or_else(|error| format!("{error}\n"));
    }
    let mut rows = vec![answered.columns.clone()];
    rows.extend(
        answered
            .cells
            .iter()
            .map(|cells| cells.iter().map(shown).collect()),
    );
    table::columns(&rows)
}

fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Null => String::new(),
        Cell::Integer(number) => number.to_string(),
        Cell::Real(number) => number.to_string(),
        Cell::Text(text) => line(text),
    }
}

fn csv(answered: &commands::query::Answered) -> Result<String, csv::Error> {
    let mut bytes = Vec::new();
    csv::Writer::from_writer(&mut bytes).write_record(&answered.columns)?;
    for cells in &answered.cells {
        // A record of one field that is empty is an empty line; the crate would write an empty text.
        if let [Cell::Null] = cells.as_slice() {
            bytes.push(b'\n');
            continue;
        }
        let texts = cells.iter().map(|cell| match cell {
            Cell::Text(text) => text.clone(),
            other => shown(other),
        });
        csv::Writer::from_writer(&mut bytes).write_record(texts)?;
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What the cache holds, or where it is wrong.
pub(super) fn cache(report: &commands::cache::Report) -> String {
    let mut text = String::new();
    let counts = report
        .tables
        .iter()
        .map(|(table, count)| format!("{count} {table}"));
    let counts: Vec<String> = counts.collect();
    let word = if report.rebuilt {
        "Rebuilt"
    } else {
        "Compared"
    };
    _ = writeln!(text, "{word}: {}", counts.join(", "));
    for found in &report.wrong {
        let Difference {
            table, row, column, ..
        } = found;
        let row = line(row);
        let [cached, git] = [&found.cached, &found.git]
            .map(|value| line(value.as_deref().unwrap_or("no such row")));
        let what = match column {
            Some(column) => format!("{column} of {row}: the cache has {cached}, git {git}"),
            None => format!("{row}: the cache has {cached}, git {git}"),
        };
        _ = writeln!(text, "{table} is not what git holds: {what}");
    }
    if !report.wrong.is_empty() {
        _ = writeln!(text, "Next: git gryt cache rebuild");
    }
    text
}
