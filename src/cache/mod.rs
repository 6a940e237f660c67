//! A SQLite database of what git holds, so that long histories are not walked again and again.
//!
//! It can be deleted at any time. A cache that is missing, corrupt, read-only or of another schema
//! is built anew, in memory where it cannot be written. Nothing about a remote is decided by it.

pub(crate) mod compare;
pub(crate) mod listed;
pub(crate) mod original;
mod query;
mod read;
pub(crate) mod rows;
mod write;

use std::path::Path;
use std::sync::OnceLock;

use anyhow::Result;
use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

pub(crate) use query::Cell;
pub(crate) use write::Change;

/// The number of the schema, kept in `PRAGMA user_version`. Whatever changes in schema.sql changes it, and
/// a cache of another number is built anew.
const SCHEMA: i64 = 8;

const TABLES: &str = include_str!("schema.sql");

/// The open cache.
pub struct Cache {
    db: Connection,
    /// Why it is not the file that was asked for, or was empty.
    pub told: Option<String>,
}

impl Cache {
    /// Opens the cache at `path`, or one in memory where that cannot be had.
    ///
    /// # Errors
    /// SQLite cannot even make a database in memory.
    pub fn open(path: &Path) -> Result<Cache> {
        match Self::at(path) {
            Ok(cache) => Ok(cache),
            Err(error) if is_damage(&error) => {
                remove(path);
                match Self::at(path) {
                    Ok(mut cache) => {
                        cache.told = Some(format!("the cache was damaged ({error:#})"));
                        Ok(cache)
                    }
                    Err(_) => Self::aside(&error),
                }
            }
            Err(error) => Self::aside(&error),
        }
    }

    /// An empty cache for this process alone: in memory, and in a temporary file beyond what SQLite
    /// keeps there of any database.
    ///
    /// # Errors
    /// SQLite has no memory.
    pub fn passing() -> Result<Cache> {
        Self::prepare(Connection::open("")?)
    }

    /// An empty cache in memory.
    ///
    /// # Errors
    /// SQLite has no memory.
    pub fn in_memory() -> Result<Cache> {
        Self::prepare(Connection::open_in_memory()?)
    }

    /// Whether it is a file that later commands read, and not one for this process alone.
    pub fn is_kept(&self) -> bool {
        self.db.path().is_some_and(|path| !path.is_empty())
    }

    /// Throws the cache at `path` away. What it held is in git.
    pub fn forget(path: &Path) {
        remove(path);
    }

    fn aside(error: &anyhow::Error) -> Result<Cache> {
        let mut cache = Self::in_memory()?;
        cache.told = Some(format!("the cache cannot be used ({error:#})"));
        Ok(cache)
    }

    fn at(path: &Path) -> Result<Cache> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let db = Connection::open(path)?;
        db.busy_timeout(std::time::Duration::from_secs(5))?;
        db.pragma_update(None, "synchronous", "off")?;
        let mode: String = db.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
        if mode != "wal" {
            db.pragma_update(None, "journal_mode", "wal")?;
        }
        Self::prepare(db)
    }

    /// Makes the tables where there are none of this schema.
    fn prepare(mut db: Connection) -> Result<Cache> {
        guard(&db)?;
        let mut told = None;
        if !is_ours(&db)? {
            let change = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            // Another process may have been faster.
            if !is_ours(&change)? {
                let found = version(&change)?;
                let mut names = change.prepare(
                    "SELECT type, name FROM sqlite_schema \
                     WHERE type IN ('table', 'view', 'trigger') AND name NOT LIKE 'sqlite_%' \
                     ORDER BY type = 'table'",
                )?;
                let old: Vec<(String, String)> = names
                    .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                    .collect::<Result<_, _>>()?;
                drop(names);
                for (kind, name) in &old {
                    let name = name.replace('"', "\"\"");
                    change.execute_batch(&format!("DROP {kind} IF EXISTS \"{name}\""))?;
                }
                change.execute_batch(TABLES)?;
                change.pragma_update(None, "user_version", SCHEMA)?;
                if !old.is_empty() {
                    told = Some(match found {
                        SCHEMA => "the cache had tables or triggers of somebody else's".to_owned(),
                        _ => format!("the cache was of schema {found}"),
                    });
                }
            }
            change.commit()?;
        }
        Ok(Cache { db, told })
    }

    /// The text of the schema, with its comments.
    pub fn schema() -> &'static str {
        TABLES
    }

    /// A fact about this clone that git does not hold.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn metadata(&self, key: &str) -> Result<Option<String>> {
        let sql = "SELECT value FROM sync_metadata WHERE key = ?1";
        let found = self
            .db
            .prepare_cached(sql)?
            .query_row([key], |row| row.get(0));
        Ok(found.optional()?.flatten())
    }

    /// Takes note of such a fact.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn set_metadata(&self, key: &str, value: Option<&str>) -> Result<()> {
        let sql = "INSERT INTO sync_metadata (key, value) VALUES (?1, ?2) \
                   ON CONFLICT (key) DO UPDATE SET value = excluded.value, \
                   updated_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now')";
        self.db.execute(sql, rusqlite::params![key, value])?;
        Ok(())
    }
}

/// The largest value that is read or made, in bytes.
const VALUE_MOST: i32 = 16 << 20;

/// Lets what stands in a file that may be anybody's neither run anything nor take memory (sqlite.org,
/// "Defense Against The Dark Arts").
fn guard(db: &Connection) -> rusqlite::Result<()> {
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    db.set_limit(Limit::SQLITE_LIMIT_LENGTH, VALUE_MOST)?;
    Ok(())
}

fn version(db: &Connection) -> rusqlite::Result<i64> {
    db.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Whether a database has our tables and views, and nothing else: a generated column, a trigger or another
/// view is somebody else's.
fn is_ours(db: &Connection) -> Result<bool> {
    static OURS: OnceLock<Vec<Made>> = OnceLock::new();
    if version(db)? != SCHEMA {
        return Ok(false);
    }
    let ours = match OURS.get() {
        Some(ours) => ours,
        None => {
            let fresh = Connection::open_in_memory()?;
            fresh.execute_batch(TABLES)?;
            let made = made(&fresh)?;
            OURS.get_or_init(|| made)
        }
    };
    Ok(made(db)? == *ours)
}

/// The type and the text of something in a schema.
type Made = (String, Option<String>);

/// What a database's schema says, at most as much as ours and one more.
fn made(db: &Connection) -> rusqlite::Result<Vec<Made>> {
    let mut all =
        db.prepare("SELECT type, sql FROM sqlite_schema ORDER BY type, name LIMIT 100")?;
    all.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

fn remove(path: &Path) {
    for ending in ["", "-wal", "-shm"] {
        let mut file = path.as_os_str().to_owned();
        file.push(ending);
        // Where it cannot be removed, memory serves.
        let _ = std::fs::remove_file(&file);
    }
}

/// Whether it is the database that failed, and not what was to be written into it.
pub(crate) fn is_trouble(error: &anyhow::Error) -> bool {
    error.downcast_ref::<rusqlite::Error>().is_some()
}

/// Whether an error says that the file is no sound database; a busy or read-only one is.
fn is_damage(error: &anyhow::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    let code = error
        .downcast_ref::<rusqlite::Error>()
        .and_then(rusqlite::Error::sqlite_error_code);
    matches!(code, Some(DatabaseCorrupt | NotADatabase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_or_foreign_one_is_built_anew_and_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gryt/cache.db");
        let fresh = Cache::open(&path).unwrap();
        assert_eq!(fresh.told, None);
        assert!(fresh.is_kept());
        fresh.set_metadata("key", Some("value")).unwrap();
        drop(fresh);
        let again = Cache::open(&path).unwrap();
        assert_eq!(again.metadata("key").unwrap().as_deref(), Some("value"));
        again.db.pragma_update(None, "user_version", 99).unwrap();
        drop(again);
        let foreign = Cache::open(&path).unwrap();
        assert!(foreign.told.as_ref().unwrap().contains("schema 99"));
        drop(foreign);
        std::fs::write(&path, "this is no database, and long enough".repeat(99)).unwrap();
        let damaged = Cache::open(&path).unwrap();
        assert!(damaged.told.as_ref().unwrap().contains("damaged"));
        assert_eq!(damaged.metadata("key").unwrap(), None);
    }

    #[test]
    fn what_somebody_else_put_into_it_is_thrown_away_and_runs_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.db");
        for foreign in [
            "CREATE TRIGGER t BEFORE UPDATE ON sync_metadata BEGIN DELETE FROM refs; END",
            "ALTER TABLE refs ADD COLUMN big TEXT AS (printf('%.900000000c', 'x'))",
            "DROP VIEW lead_time; CREATE VIEW lead_time AS SELECT hex(zeroblob(900000000))",
            "CREATE TABLE \"a\"\"b\" (x)",
        ] {
            let cache = Cache::open(&path).unwrap();
            let count: i64 = cache
                .db
                .query_row("SELECT count(*) FROM refs", [], |row| row.get(0))
                .unwrap();
            assert_eq!(count, 0);
            drop(cache);
            let db = Connection::open(&path).unwrap();
            db.execute_batch(foreign).unwrap();
            db.execute("INSERT INTO refs (name, oid) VALUES ('a', 'b')", [])
                .unwrap();
            drop(db);
            let cache = Cache::open(&path).unwrap();
            let told = cache.told.as_ref().unwrap();
            assert!(told.contains("somebody else's"), "{foreign}: {told}");
        }
    }

    #[test]
    fn no_value_is_larger_than_what_is_read() {
        let mut cache = Cache::in_memory().unwrap();
        for sql in [
            "SELECT zeroblob(900000000)",
            "SELECT printf('%.900000000c', 'x')",
        ] {
            assert!(cache.query(sql, || false).is_err(), "{sql}");
        }
        let endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) \
                       SELECT hex(zeroblob(1000000)) FROM n";
        let error = cache.query(endless, || false).unwrap_err().to_string();
        assert!(error.contains("larger than 64 MB"), "{error}");
    }

    #[test]
    fn where_nothing_can_be_written_memory_serves() {
        let cache = Cache::open(Path::new("/dev/null/cache.db")).unwrap();
        assert!(!cache.is_kept());
        assert!(cache.told.unwrap().contains("cannot be used"));
    }
}
