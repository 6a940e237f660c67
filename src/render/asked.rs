//! What was asked of the cache, and of the doctor.

use std::fmt::Write;

use super::report::columns;
use super::{Style, line};
use crate::cache::Cell;
use crate::commands;

/// Where this clone stands.
pub fn status(overview: &commands::status::Overview) -> String {
    let mode = overview.mode.as_str();
    let mut text = match &overview.cloud {
        Some(cloud) => format!("Mode: {mode}, with {cloud} as the cloud"),
        None => format!("Mode: {mode}"),
    };
    match (&overview.cloud, &overview.last_pull) {
        (Some(_), Some(at)) => _ = writeln!(text, ", last pulled {at}"),
        _ => text += "\n",
    }
    if let Some(current) = &overview.current {
        let shared = match current.shared {
            Some(false) => ", not shared",
            _ => "",
        };
        _ = writeln!(
            text,
            "At hand: {} ({}{shared})",
            current.name, current.status
        );
    }
    match overview.drafts.as_slice() {
        [] => text += "No drafts\n",
        drafts => {
            text += "Drafts:\n";
            let rows = drafts.iter().map(|draft| {
                let edited = if draft.edited { ", edited here" } else { "" };
                vec![
                    format!("  {}", draft.version),
                    draft.status.to_string(),
                    format!("{}/{} proven", draft.proven, draft.changes),
                    format!("{}{edited}", draft.sync.to_string().replace('_', " ")),
                ]
            });
            text += &columns(&rows.collect::<Vec<_>>());
        }
    }
    if let Some(latest) = &overview.latest {
        _ = writeln!(text, "Last promoted: {latest}");
    }
    text
}

/// Rows, as a table for people or as comma-separated values (RFC 4180).
pub fn query(answered: &commands::query::Answered) -> String {
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
    columns(&rows)
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
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&answered.columns)?;
    for cells in &answered.cells {
        let texts = cells.iter().map(|cell| match cell {
            Cell::Text(text) => text.clone(),
            other => shown(other),
        });
        writer.write_record(texts)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(csv::IntoInnerError::into_error)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What the cache holds, or where it is wrong.
pub fn cache(report: &commands::cache::Report) -> String {
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
    for table in &report.wrong {
        _ = writeln!(
            text,
            "{table} is not what git holds: git gryt cache rebuild"
        );
    }
    text
}

/// What the doctor found.
pub fn doctor(found: &commands::doctor::Report, style: Style) -> String {
    use crate::commands::doctor::State;
    let mut text = String::new();
    for check in &found.checks {
        let mark = match check.state {
            State::Well => "well".to_owned(),
            State::Look => style.heading("look"),
            State::Bad => style.bad("bad "),
        };
        _ = writeln!(text, "{mark}  {}: {}", check.name, line(&check.says));
        if let Some(next) = &check.next {
            _ = writeln!(text, "      Next: {next}");
        }
    }
    text
}
