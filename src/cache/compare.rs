//! Comparing two caches, row by row.

use anyhow::Result;
use rusqlite::Row;
use rusqlite::types::Value;
use serde::Serialize;

use super::Cache;

/// The table of the refs that a cache was read from.
pub(crate) const REFS: &str = "refs";

/// The tables that are read from git, and the columns that name a row whatever its number.
const COMPARED: [(&str, &str); 6] = [
    (REFS, "SELECT * FROM refs ORDER BY 1"),
    ("entries", "SELECT * FROM entries ORDER BY 1"),
    (
        "generations",
        "SELECT version, generation_id, description, pipeline_template, status, broken, \
         created_at, created_zone, created_by, promoted_at, promoted_zone, promoted_by, \
         release_commit, entry, excuses, disputed, changes, proven, evolutions, sync_status, \
         remote_id FROM generations ORDER BY 1, 14",
    ),
    (
        "changes",
        "SELECT g.version, g.entry, c.position, c.change_id, c.type, c.title, c.description, \
         c.assignee, c.pipeline, c.status \
         FROM changes c JOIN generations g ON g.id = c.generation ORDER BY 1, 2, 3",
    ),
    (
        "evolutions",
        "SELECT g.version, g.entry, e.change_id, e.number, e.evolution_id, e.tip, e.owner, \
         e.started_at, e.started_zone, e.status, e.commit_oid, e.sync_status \
         FROM evolutions e JOIN generations g ON g.id = e.generation ORDER BY 1, 2, 3, 4",
    ),
    (
        "proofs",
        "SELECT g.version, g.entry, p.change_id, p.number, p.nth, p.oid, p.status, p.commit_oid, \
         p.at, p.zone FROM proofs p JOIN generations g ON g.id = p.generation ORDER BY 1, 2, 3, 4, 5",
    ),
];

/// The first row of a table in which two caches differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Difference {
    pub table: String,
    /// What names the row: its first column.
    pub row: String,
    /// The column that differs; none where one of the two has no such row.
    pub column: Option<String>,
    /// What this cache says, and what the other one does.
    pub cached: Option<String>,
    pub git: Option<String>,
}

impl Cache {
    /// The first difference of each table between this cache and `other`. Where [`REFS`] is among them,
    /// the two were read from other refs, and the rest says nothing.
    ///
    /// # Errors
    /// A database cannot be read.
    pub fn differences(&self, other: &Cache) -> Result<Vec<Difference>> {
        // Another process may write to this cache meanwhile: all tables are read as of one moment.
        let _moment = self.db.unchecked_transaction()?;
        let mut found = Vec::new();
        for (table, sql) in COMPARED {
            let (mut here, mut there) = (self.db.prepare(sql)?, other.db.prepare(sql)?);
            let columns: Vec<String> = here.column_names().map(str::to_owned).collect();
            let (mut here, mut there) = (here.query([])?, there.query([])?);
            loop {
                let (one, two) = (here.next()?, there.next()?);
                if one.is_none() && two.is_none() {
                    break;
                }
                if let Some(difference) = difference(table, &columns, one, two)? {
                    found.push(difference);
                    break;
                }
            }
        }
        Ok(found)
    }

    /// How many rows each table has.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn counts(&self) -> Result<Vec<(String, usize)>> {
        let mut counts = Vec::new();
        for (table, _) in COMPARED {
            let sql = format!("SELECT count(*) FROM {table}");
            let count: i64 = self.db.query_row(&sql, [], |row| row.get(0))?;
            counts.push((table.to_owned(), usize::try_from(count)?));
        }
        Ok(counts)
    }
}

/// How two rows differ.
fn difference(
    table: &str,
    columns: &[String],
    one: Option<&Row<'_>>,
    two: Option<&Row<'_>>,
) -> Result<Option<Difference>> {
    let cell = |row: Option<&Row<'_>>, at: usize| -> Result<Option<Value>> {
        Ok(row.map(|row| row.get(at)).transpose()?)
    };
    for (at, column) in columns.iter().enumerate() {
        let (cached, git) = (cell(one, at)?, cell(two, at)?);
        if cached == git {
            continue;
        }
        let name = cell(one.or(two), 0)?;
        let both = one.is_some() && two.is_some();
        return Ok(Some(Difference {
            table: table.to_owned(),
            row: name.map(text).unwrap_or_default(),
            column: both.then(|| column.clone()),
            cached: cached.map(text),
            git: git.map(text),
        }));
    }
    Ok(None)
}

/// A value as a person reads it.
fn text(value: Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text,
        Value::Blob(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
    }
}
