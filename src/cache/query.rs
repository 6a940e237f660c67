//! Questions in SQL that a person asks. SQLite itself refuses whatever would change something: its
//! authorizer is asked about each part of a statement before it runs.

use anyhow::Result;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::types::ValueRef;

use super::Cache;
use crate::model::{Exit, Refusal};

/// The rows that a question came to.
#[derive(Debug)]
pub struct Answer {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Cell>>,
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
}

impl Cell {
    /// How much memory it takes, in bytes.
    fn size(&self) -> usize {
        let text = match self {
            Self::Text(text) => text.len(),
            Self::Null | Self::Integer(_) | Self::Real(_) => 0,
        };
        text + size_of::<Self>()
    }
}

/// How large an answer may be, in bytes: it is held until it is known to be whole.
const ANSWER_MOST: usize = 64 << 20;

/// How many steps of SQLite's machine pass between two looks at whether to stop.
const STEPS: i32 = 10_000;

impl Cache {
    /// Answers one statement. `stop` is asked again and again while it runs.
    ///
    /// # Errors
    /// [`Exit::Invalid`] with SQLite's words; [`Exit::Interrupted`] where `stop` said so.
    pub fn query(
        &mut self,
        sql: &str,
        stop: impl FnMut() -> bool + Send + 'static,
    ) -> Result<Answer> {
        self.db.authorizer(Some(authorize))?;
        self.db.progress_handler(STEPS, Some(stop))?;
        let answer = self.answer(sql);
        self.db
            .authorizer(None::<fn(AuthContext<'_>) -> Authorization>)?;
        self.db.progress_handler(0, None::<fn() -> bool>)?;
        let answer: Result<_> = answer.map_err(|error| match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::OperationInterrupted) => {
                Refusal::new(Exit::Interrupted, "Interrupted").into()
            }
            Some(rusqlite::ErrorCode::AuthorizationForStatementDenied) => {
                Refusal::new(Exit::Invalid, "A query only reads: SELECT, WITH or EXPLAIN")
                    .because(error.to_string())
                    .then("git gryt query --schema")
                    .into()
            }
            _ => Refusal::new(
                Exit::Invalid,
                format!("The query is not valid SQL: {error}"),
            )
            .then("git gryt query --schema")
            .into(),
        });
        answer?.map_err(Into::into)
    }

    fn answer(&self, sql: &str) -> Result<Result<Answer, Refusal>, rusqlite::Error> {
        let mut statement = self.db.prepare(sql)?;
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let width = columns.len();
        let mut rows = statement.query([])?;
        let mut found: Vec<Vec<Cell>> = Vec::new();
        let mut room = ANSWER_MOST;
        while let Some(row) = rows.next()? {
            let cells = (0..width).map(|at| Ok(cell(row.get_ref(at)?)));
            let cells = cells.collect::<rusqlite::Result<Vec<Cell>>>()?;
            let size: usize = cells.iter().map(Cell::size).sum();
            room = match room.checked_sub(size) {
                Some(room) => room,
                None => {
                    let what = format!("The answer is larger than {} MB", ANSWER_MOST >> 20);
                    let refusal = Refusal::new(Exit::Invalid, what);
                    return Ok(Err(
                        refusal.because("Ask for a part of it: LIMIT, OFFSET, WHERE")
                    ));
                }
            };
            found.push(cells);
        }
        Ok(Ok(Answer {
            columns,
            rows: found,
        }))
    }
}

fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(number) => Cell::Integer(number),
        ValueRef::Real(number) => Cell::Real(number),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            Cell::Text(String::from_utf8_lossy(bytes).into_owned())
        }
    }
}

/// Reading is allowed, and functions that only compute; nothing else is, whatever it is called.
fn authorize(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => {
            Authorization::Allow
        }
        AuthAction::Function { function_name } if !FORBIDDEN.contains(&function_name) => {
            Authorization::Allow
        }
        _ => Authorization::Deny,
    }
}

/// Functions that reach outside the database.
const FORBIDDEN: [&str; 4] = ["load_extension", "readfile", "writefile", "edit"];

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(sql: &str) -> Result<Answer> {
        let mut cache = Cache::in_memory().unwrap();
        cache.set_metadata("a", Some("b")).unwrap();
        let answer = cache.query(sql, || false);
        // Whatever was asked, the cache itself goes on writing.
        cache.set_metadata("c", Some("d")).unwrap();
        answer
    }

    #[test]
    fn reading_is_answered() {
        let answer = ask("SELECT key, value, 1, 2.5, NULL FROM sync_metadata").unwrap();
        assert_eq!(answer.columns[0], "key");
        assert_eq!(
            answer.rows[0],
            [
                Cell::Text("a".into()),
                Cell::Text("b".into()),
                Cell::Integer(1),
                Cell::Real(2.5),
                Cell::Null
            ]
        );
        for sql in [
            "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 5) SELECT * FROM n",
            "SELECT * FROM lead_time",
            "SELECT * FROM pass_rate",
            "SELECT * FROM promotions_per_month",
            "EXPLAIN QUERY PLAN SELECT * FROM changes WHERE change_id = 'A'",
        ] {
            assert!(ask(sql).is_ok(), "{sql}");
        }
    }

    #[test]
    fn nothing_but_reading_is() {
        for sql in [
            "DELETE FROM sync_metadata",
            "INSERT INTO sync_metadata (key) VALUES ('x')",
            "UPDATE sync_metadata SET value = 'x'",
            "DROP TABLE sync_metadata",
            "CREATE TABLE x (y)",
            "CREATE TEMP TABLE x (y)",
            "ATTACH '/tmp/x' AS x",
            "PRAGMA user_version = 1",
            "PRAGMA journal_mode",
            "VACUUM INTO '/tmp/x'",
            "BEGIN",
            "SELECT load_extension('x')",
            "SELECT 1; DELETE FROM sync_metadata",
            "WITH x AS (SELECT 1) DELETE FROM sync_metadata",
            "",
            "SELEC 1",
            "SELECT * FROM nothing",
        ] {
            let error = ask(sql).unwrap_err();
            let refusal = error.downcast_ref::<Refusal>().unwrap();
            assert_eq!(refusal.exit, Exit::Invalid, "{sql}");
        }
    }

    #[test]
    fn a_long_one_is_stopped() {
        let mut cache = Cache::in_memory().unwrap();
        let endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) \
                       SELECT count(*) FROM n";
        let mut asked = 0;
        let error = cache
            .query(endless, move || {
                asked += 1;
                asked > 3
            })
            .unwrap_err();
        let refusal = error.downcast_ref::<Refusal>().unwrap();
        assert_eq!(refusal.exit, Exit::Interrupted);
    }
}
