//! Columns, and days.

use std::fmt::Write;

use super::line;
use crate::model::Stamp;

/// Rows as columns, two spaces apart.
pub(super) fn columns(rows: &[Vec<String>]) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    let mut text = String::new();
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    table.add_rows(rows.iter().map(|row| row.iter().map(|cell| line(cell))));
    for at in 0..count {
        if let Some(column) = table.column_mut(at) {
            column.set_padding((0, 2));
        }
    }
    for line in table.to_string().lines() {
        _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// A moment, to the minute, in the zone where it happened.
pub(super) fn day(at: &Stamp) -> String {
    at.format("%Y-%m-%d %H:%M %z").to_string()
}
