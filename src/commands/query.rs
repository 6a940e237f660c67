//! `git gryt query`: a question in SQL to the cache.

use anyhow::Result;
use clap::Args;
use serde::Serialize;
use serde_json::{Map, Value};

use super::Outcome;
use crate::cache::{Cache, Cell};
use crate::runner::Interrupt;
use crate::session::Session;

/// Arguments of `query`.
#[derive(Debug, Args)]
pub(crate) struct QueryArgs {
    /// One statement: SELECT, WITH or EXPLAIN
    #[arg(required_unless_present = "schema")]
    sql: Option<String>,
    /// Print comma-separated values
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Print the tables and views
    #[arg(long, conflicts_with_all = ["sql", "csv"])]
    schema: bool,
}

/// What a question came to.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Answered {
    pub columns: Vec<String>,
    /// A row each, its values by column.
    pub rows: Vec<Map<String, Value>>,
    #[serde(skip)]
    pub cells: Vec<Vec<Cell>>,
    #[serde(skip)]
    pub csv: bool,
}

/// The tables.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Schema {
    pub sql: &'static str,
}

/// Answers it.
///
/// # Errors
/// The statement is not understood, would change something, or was interrupted.
pub(crate) fn run(session: &Session<'_>, args: &QueryArgs) -> Result<Outcome> {
    let Some(sql) = &args.sql else {
        return Ok(Outcome::QuerySchema(Schema {
            sql: Cache::schema(),
        }));
    };
    let refs = session.core.store.refs()?;
    let mut cache = session.core.cache(&refs)?;
    let interrupt = Interrupt::listen(&session.core.ctx.unheard)?;
    let count = interrupt.counter();
    let answer = cache.query(sql, move || count() > 0)?;
    let row = |cells: &Vec<Cell>| {
        let values = cells.iter().map(value);
        answer.columns.iter().cloned().zip(values).collect()
    };
    Ok(Outcome::Query(Answered {
        rows: answer.rows.iter().map(row).collect(),
        columns: answer.columns,
        cells: answer.rows,
        csv: args.csv,
    }))
}

fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Integer(number) => (*number).into(),
        Cell::Real(number) => (*number).into(),
        Cell::Text(text) => text.as_str().into(),
    }
}
