//! A SQLite database of what git holds, so that long histories are not walked again and again.
//!
//! It can be deleted at any time. A cache that is missing, corrupt, read-only or of another schema
//! is built anew, in memory where it cannot be written. Nothing about a remote is decided by it.

use std::path::Path;

use anyhow::Result;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use crate::model::ledger::Release;
use crate::model::{Oid, Person, Version};

/// The number of the schema, kept in `PRAGMA user_version`.
const SCHEMA: i64 = 2;

const LEDGER: &str = "ledger";

/// The open cache.
pub struct Cache {
    db: Connection,
}

/// What a ledger has that the cache has not.
#[derive(Debug, Default)]
pub struct News {
    /// Oldest first: the entry's oid, and the release.
    pub promoted: Vec<(Oid, Release)>,
    pub withdrawn: Vec<Version>,
}

impl Cache {
    /// Opens the cache at `path`, or one in memory where that cannot be had.
    ///
    /// # Errors
    /// SQLite cannot even make a database in memory.
    pub fn open(path: &Path) -> Result<Cache> {
        let first = Self::at(path);
        let damaged = first.as_ref().is_err_and(is_damage);
        if damaged {
            // What it held is in git. Where it cannot be removed, memory serves.
            for ending in ["", "-wal", "-shm"] {
                let mut file = path.as_os_str().to_owned();
                file.push(ending);
                let _ = std::fs::remove_file(&file);
            }
        }
        match if damaged { Self::at(path) } else { first } {
            Ok(cache) => Ok(cache),
            Err(_) => Self::prepare(Connection::open_in_memory()?),
        }
    }

    fn at(path: &Path) -> Result<Cache> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let db = Connection::open(path)?;
        db.busy_timeout(std::time::Duration::from_secs(5))?;
        db.pragma_update(None, "journal_mode", "wal")?;
        db.pragma_update(None, "synchronous", "off")?;
        Self::prepare(db)
    }

    /// Makes the tables where there are none of this schema.
    fn prepare(mut db: Connection) -> Result<Cache> {
        let change = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found: i64 = change.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if found != SCHEMA {
            let tables: Vec<String> = change
                .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?
                .query_map([], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            for table in tables.iter().filter(|name| !name.starts_with("sqlite_")) {
                change.execute_batch(&format!("DROP TABLE \"{table}\""))?;
            }
            change.execute_batch(include_str!("schema.sql"))?;
            change.pragma_update(None, "user_version", SCHEMA)?;
        }
        change.commit()?;
        Ok(Cache { db })
    }

    /// The ledger's tip when it was read last.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn ledger_tip(&self) -> Result<Option<Oid>> {
        let sql = "SELECT oid FROM refs WHERE name = ?1";
        let found: Option<String> = self
            .db
            .query_row(sql, [LEDGER], |row| row.get(0))
            .optional()?;
        Ok(found.and_then(|oid| oid.parse().ok()))
    }

    /// Takes in what came to the ledger since `from`, which is now at `to`. With no `from`, all
    /// that was known is forgotten first. Nothing happens where another process was faster.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn extend(&mut self, from: Option<&Oid>, to: &Oid, news: &News) -> Result<()> {
        let change = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let sql = "SELECT oid FROM refs WHERE name = ?1";
        let now: Option<String> = change
            .query_row(sql, [LEDGER], |row| row.get(0))
            .optional()?;
        match from {
            Some(from) if now.as_deref() != Some(from.as_str()) => return Ok(()),
            Some(_) => {}
            None => _ = change.execute("DELETE FROM entries", [])?,
        }
        {
            let mut insert = change.prepare(
                "INSERT INTO entries (oid, version, description, release_commit, promoter_name, \
                 promoter_email, promoted_at, changes, evolutions, excuses) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?;
            for (oid, release) in &news.promoted {
                insert.execute(params![
                    oid.as_str(),
                    release.version.as_str(),
                    release.description,
                    release.commit.as_str(),
                    release.promoter.name,
                    release.promoter.email,
                    release.promoted_at.to_rfc3339(),
                    release.changes as i64,
                    release.evolutions as i64,
                    release.excuses.join("\n"),
                ])?;
            }
        }
        for version in &news.withdrawn {
            let sql = "UPDATE entries SET withdrawn = 1 WHERE version = ?1";
            change.execute(sql, [version.as_str()])?;
        }
        let sql = "INSERT INTO refs (name, oid) VALUES (?1, ?2) \
                   ON CONFLICT (name) DO UPDATE SET oid = excluded.oid";
        change.execute(sql, [LEDGER, to.as_str()])?;
        change.commit()?;
        Ok(())
    }

    /// The latest releases, newest first, at most `count`.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn releases(&self, count: usize) -> Result<Vec<Release>> {
        let mut query = self.db.prepare(
            "SELECT version, description, release_commit, promoter_name, promoter_email, \
             promoted_at, changes, evolutions, withdrawn, excuses \
             FROM entries ORDER BY height DESC LIMIT ?1",
        )?;
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let mut rows = query.query([count])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let text = |at: usize| row.get::<_, String>(at);
            found.push(Release {
                version: text(0)?.parse()?,
                description: row.get(1)?,
                commit: text(2)?.parse()?,
                promoter: Person {
                    name: text(3)?,
                    email: text(4)?,
                },
                promoted_at: text(5)?.parse()?,
                changes: row.get::<_, i64>(6)?.unsigned_abs() as usize,
                evolutions: row.get::<_, i64>(7)?.unsigned_abs() as usize,
                withdrawn: row.get(8)?,
                excuses: text(9)?.lines().map(str::to_owned).collect(),
            });
        }
        Ok(found)
    }
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

    fn news(numbers: std::ops::Range<u32>) -> News {
        let oid = |n: u32| -> Oid { format!("{n:040x}").parse().unwrap() };
        let release = |n: u32| Release {
            version: format!("v{n}.0.0").parse().unwrap(),
            description: None,
            commit: oid(n),
            promoter: Person {
                name: "Lead".into(),
                email: "lead@example.com".into(),
            },
            promoted_at: "2026-01-02T03:04:05+01:00".parse().unwrap(),
            changes: 1,
            evolutions: 2,
            withdrawn: false,
            excuses: vec!["waived versions: because".into()],
        };
        News {
            promoted: numbers.map(|n| (oid(1000 + n), release(n))).collect(),
            withdrawn: Vec::new(),
        }
    }

    fn tip(n: u32) -> Oid {
        format!("{n:040x}").parse().unwrap()
    }

    #[test]
    fn it_is_extended_once_whoever_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gryt/cache.db");
        let mut one = Cache::open(&path).unwrap();
        let mut two = Cache::open(&path).unwrap();
        one.extend(None, &tip(1), &news(1..3)).unwrap();
        assert_eq!(two.ledger_tip().unwrap(), Some(tip(1)));
        two.extend(Some(&tip(1)), &tip(2), &news(3..4)).unwrap();
        one.extend(Some(&tip(1)), &tip(2), &news(3..4)).unwrap();
        let versions = |cache: &Cache| -> Vec<String> {
            let releases = cache.releases(9).unwrap();
            releases.iter().map(|r| r.version.to_string()).collect()
        };
        assert_eq!(versions(&one), ["v3.0.0", "v2.0.0", "v1.0.0"]);
        one.extend(None, &tip(9), &news(7..8)).unwrap();
        assert_eq!(versions(&two), ["v7.0.0"]);
    }

    #[test]
    fn a_damaged_or_foreign_one_is_built_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.db");
        std::fs::write(
            &path,
            "this is no database, and long enough to be looked at".repeat(99),
        )
        .unwrap();
        let mut cache = Cache::open(&path).unwrap();
        cache.extend(None, &tip(1), &news(1..2)).unwrap();
        assert_eq!(Cache::open(&path).unwrap().releases(9).unwrap().len(), 1);
        cache.db.pragma_update(None, "user_version", 99).unwrap();
        assert_eq!(Cache::open(&path).unwrap().releases(9).unwrap().len(), 0);
    }

    #[test]
    fn where_nothing_can_be_written_memory_serves() {
        let mut cache = Cache::open(Path::new("/dev/null/cache.db")).unwrap();
        cache.extend(None, &tip(1), &news(1..2)).unwrap();
        assert_eq!(cache.releases(9).unwrap().len(), 1);
    }
}
