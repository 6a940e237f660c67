//! Reading the database of the original Python tool: a stranger's file, opened to be read and
//! nothing else.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Row};

use crate::model::original::{Declared, Evolution, Generation, Step};
use crate::model::{Exit, Refusal};

/// What the database holds.
#[derive(Debug, Default)]
pub(crate) struct Original {
    pub generations: Vec<Generation>,
    /// The commits of versions, by the record.
    pub commits: BTreeMap<String, String>,
}

/// Without these it is some other program's.
const NEEDED: [&str; 3] = ["generations", "generation_changes", "evolutions"];

/// Reads the database at `path`.
///
/// # Errors
/// [`Exit::Invalid`]: there is none, it is damaged, or it is another program's.
pub(crate) fn read(path: &Path) -> Result<Original, Refusal> {
    let wrong = |why: String| {
        let what = format!("{} cannot be imported", path.display());
        Refusal::new(Exit::Invalid, what).because(why)
    };
    if !path.is_file() {
        return Err(wrong("there is no such file".into()));
    }
    let damaged = |error: rusqlite::Error| wrong(format!("it is not a sound database: {error}"));
    let copy = copied(path).map_err(|error| wrong(format!("it cannot be read: {error}")))?;
    let db = match &copy {
        Some(copy) => open(&copy.path().join(COPY), OpenFlags::SQLITE_OPEN_READ_WRITE),
        None => open(path, OpenFlags::SQLITE_OPEN_READ_ONLY),
    };
    let db = db.map_err(damaged)?;
    let check: String = db
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(damaged)?;
    if check != "ok" {
        return Err(wrong(format!("it is damaged: {check}")));
    }
    let tables = tables(&db).map_err(damaged)?;
    if let Some(missing) = NEEDED.iter().find(|name| !tables.contains(**name)) {
        return Err(wrong(format!(
            "it is not the original tool's: it has no table {missing}"
        )));
    }
    whole(&db, &tables).map_err(|error| wrong(format!("it is of another shape: {error}")))
}

/// The database's name where it is copied to.
const COPY: &str = "original.db";
/// How often a database is copied that somebody keeps writing to.
const TRIES: usize = 5;

/// A private copy of a database that cannot be read without writing beside it, content included that
/// is only in the log so far; none where it can be read in place. SQLite makes two files for a reader
/// where writers use a log (sqlite.org, "Write-Ahead Logging", "Read-Only Databases"), and refuses a
/// reader where a journal is left to be rolled back.
fn copied(path: &Path) -> io::Result<Option<tempfile::TempDir>> {
    let path = path.canonicalize()?;
    let beside = |end: &str| {
        let mut name = path.clone().into_os_string();
        name.push(end);
        PathBuf::from(name)
    };
    let parts = [
        (path.clone(), COPY.to_owned()),
        (beside("-wal"), format!("{COPY}-wal")),
        (beside("-journal"), format!("{COPY}-journal")),
    ];
    let about = |(part, _): &(PathBuf, String)| {
        let about = part.metadata().ok()?;
        Some((about.len(), about.modified().ok()))
    };
    let journal = about(&parts[2]).is_some_and(|(len, _)| len > 0);
    if !is_logged(&path)? && !journal {
        return Ok(None);
    }
    for _ in 0..TRIES {
        let folder = tempfile::tempdir()?;
        let before: Vec<_> = parts.iter().map(about).collect();
        for (part, name) in &parts {
            match fs::copy(part, folder.path().join(name)) {
                Err(error) if error.kind() == ErrorKind::NotFound && *part != path => {}
                copied => drop(copied?),
            }
        }
        // Parts of different moments are no database.
        if parts.iter().map(about).eq(before) {
            return Ok(Some(folder));
        }
    }
    Err(io::Error::other("somebody keeps writing to it"))
}

/// Whether writers of a database use a log (sqlite.org, "Database File Format", 1.3.3).
fn is_logged(path: &Path) -> io::Result<bool> {
    let mut head = Vec::new();
    File::open(path)?.take(20).read_to_end(&mut head)?;
    let versions = head.get(18..).unwrap_or_default();
    Ok(head.starts_with(b"SQLite format 3\0") && versions.contains(&2))
}

fn open(path: &Path, access: OpenFlags) -> rusqlite::Result<Connection> {
    let db = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    // A stranger's schema runs nothing (sqlite.org, "Defense Against The Dark Arts").
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    db.set_limit(Limit::SQLITE_LIMIT_LENGTH, super::VALUE_MOST)?;
    db.busy_timeout(std::time::Duration::from_secs(5))?;
    Ok(db)
}

fn tables(db: &Connection) -> rusqlite::Result<HashSet<String>> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table'";
    db.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
}

fn whole(db: &Connection, tables: &HashSet<String>) -> rusqlite::Result<Original> {
    let mut original = Original::default();
    let mut query = db.prepare(
        "SELECT generation_id, version, description, status, created_at, created_by, \
         promoted_at, promoted_by FROM generations ORDER BY created_at, version",
    )?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let id = text(row, 0)?;
        original.generations.push(Generation {
            changes: changes(db, &id)?,
            evolutions: evolutions(db, tables, &id)?,
            id,
            version: text(row, 1)?,
            description: maybe(row, 2)?,
            status: text(row, 3)?,
            created_at: maybe(row, 4)?,
            created_by: maybe(row, 5)?,
            promoted_at: maybe(row, 6)?,
            promoted_by: maybe(row, 7)?,
        });
    }
    if tables.contains("versions") {
        let sql = "SELECT version_string, commit_hash FROM versions ORDER BY timestamp";
        let mut query = db.prepare(sql)?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            if let (Some(version), Some(commit)) = (maybe(row, 0)?, maybe(row, 1)?) {
                original.commits.insert(version, commit);
            }
        }
    }
    Ok(original)
}

fn changes(db: &Connection, generation: &str) -> rusqlite::Result<Vec<Declared>> {
    let mut query = db.prepare_cached(
        "SELECT type, change_id, title, description FROM generation_changes \
         WHERE generation_id = ?1 ORDER BY created_at, change_id",
    )?;
    let rows = query.query_map([generation], |row| {
        Ok(Declared {
            kind: text(row, 0)?,
            id: text(row, 1)?,
            title: text(row, 2)?,
            description: maybe(row, 3)?,
        })
    })?;
    rows.collect()
}

fn evolutions(
    db: &Connection,
    tables: &HashSet<String>,
    generation: &str,
) -> rusqlite::Result<Vec<Evolution>> {
    let mut query = db.prepare_cached(
        "SELECT evolution_id, change_id, code_name, tag, status, started_at, created_by, \
         pipeline_run_id FROM evolutions WHERE generation_id = ?1 \
         ORDER BY started_at, evolution_id",
    )?;
    let mut rows = query.query([generation])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (run, steps) = match maybe(row, 7)? {
            Some(id) if tables.contains("pipelines") => run(db, tables, &id)?,
            _ => (None, Vec::new()),
        };
        found.push(Evolution {
            id: text(row, 0)?,
            change: text(row, 1)?,
            name: text(row, 2)?,
            tag: maybe(row, 3)?,
            status: text(row, 4)?,
            started_at: maybe(row, 5)?,
            created_by: maybe(row, 6)?,
            run,
            steps,
        });
    }
    Ok(found)
}

/// How a pipeline's run ended, and its steps. The original writes steps without a runner: such a
/// step belongs to the run in whose time it was.
fn run(
    db: &Connection,
    tables: &HashSet<String>,
    id: &str,
) -> rusqlite::Result<(Option<String>, Vec<Step>)> {
    let mut query = db.prepare_cached("SELECT status FROM pipelines WHERE pipeline_id = ?1")?;
    let mut rows = query.query([id])?;
    let Some(row) = rows.next()? else {
        return Ok((None, Vec::new()));
    };
    let status = maybe(row, 0)?;
    if !tables.contains("steps_output") || !tables.contains("runners") {
        return Ok((status, Vec::new()));
    }
    let mut query = db.prepare_cached(
        "SELECT s.name, s.status, s.duration FROM steps_output s, pipelines p \
         WHERE p.pipeline_id = ?1 AND (s.runner_id IN \
         (SELECT runner_id FROM runners WHERE pipeline_id = ?1) \
         OR s.runner_id IS NULL AND datetime(s.timestamp) \
         BETWEEN datetime(p.start_timestamp) AND datetime(p.end_timestamp)) \
         ORDER BY s.output_id",
    )?;
    let steps = query.query_map([id], |row| {
        Ok(Step {
            name: text(row, 0)?,
            status: text(row, 1)?,
            duration: match row.get_ref(2)? {
                ValueRef::Real(seconds) => seconds,
                _ => 0.0,
            },
        })
    })?;
    Ok((status, steps.collect::<rusqlite::Result<_>>()?))
}

/// A value as text, whatever it is.
fn maybe(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<String>> {
    Ok(match row.get_ref(at)? {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            Some(String::from_utf8_lossy(bytes).into_owned())
        }
    })
}

fn text(row: &Row<'_>, at: usize) -> rusqlite::Result<String> {
    Ok(maybe(row, at)?.unwrap_or_default())
}
