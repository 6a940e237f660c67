//! Bringing the cache up to date: one transaction, from one state of the refs to the next.

use anyhow::Result;
use rusqlite::{CachedStatement, Transaction, TransactionBehavior, params};

use super::Cache;
use super::rows::{Entry, Promoted, Tried, Whole};
use crate::model::evolution::EvolutionName;
use crate::model::person::{instant, zone};
use crate::model::standing::Progress;
use crate::model::state::Status;
use crate::model::{Oid, Version};

/// What names the state of all refs that the cache was read from.
const KEY: &str = "refs";

/// An update under way. Dropped without [`finish`](Change::finish), it never happened.
pub struct Change<'a> {
    db: Transaction<'a>,
}

impl Cache {
    /// What names the state of the refs that the cache was read from.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn key(&self) -> Result<Option<String>> {
        self.metadata(KEY)
    }

    /// Begins an update. Other processes wait for its end.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn change(&mut self) -> Result<Change<'_>> {
        let db = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        Ok(Change { db })
    }
}

impl Change<'_> {
    /// The refs that were read last, by name.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn refs(&self) -> Result<Vec<(String, Oid)>> {
        let mut query = self.db.prepare("SELECT name, oid FROM refs")?;
        let mut rows = query.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push((row.get(0)?, row.get::<_, String>(1)?.parse()?));
        }
        Ok(found)
    }

    /// The key as another process may have left it meanwhile.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn key(&self) -> Result<Option<String>> {
        use rusqlite::OptionalExtension;
        let sql = "SELECT value FROM sync_metadata WHERE key = ?1";
        let found = self.db.query_row(sql, [KEY], |row| row.get(0));
        Ok(found.optional()?)
    }

    /// Forgets everything that was read of git.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn clear(&self) -> Result<()> {
        for table in [
            "refs",
            "entries",
            "generations",
            "changes",
            "evolutions",
            "proofs",
        ] {
            self.db.execute(&format!("DELETE FROM {table}"), [])?;
        }
        Ok(())
    }

    /// Forgets a draft.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn remove(&self, version: &Version) -> Result<()> {
        let of_it = "(SELECT id FROM generations WHERE version = ?1 AND entry IS NULL)";
        for table in ["changes", "evolutions", "proofs"] {
            let sql = format!("DELETE FROM {table} WHERE generation IN {of_it}");
            self.db.execute(&sql, [version.as_str()])?;
        }
        let sql = "DELETE FROM generations WHERE version = ?1 AND entry IS NULL";
        self.db.execute(sql, [version.as_str()])?;
        Ok(())
    }

    /// How many entries of the ledger were read.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn height(&self) -> Result<i64> {
        let sql = "SELECT coalesce(max(height), 0) FROM entries";
        Ok(self.db.query_row(sql, [], |row| row.get(0))?)
    }

    /// Adds an entry of the ledger.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn add_entry(&self, entry: &Entry) -> Result<()> {
        self.cached("INSERT INTO entries VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?
            .execute(params![
                entry.height,
                entry.oid.as_str(),
                entry.kind,
                entry.version.as_ref().map(Version::as_str),
                entry.author.name,
                entry.author.email,
                instant(&entry.at),
                zone(&entry.at),
            ])?;
        Ok(())
    }

    /// Says that a promoted version was withdrawn.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn withdraw(&self, version: &Version) -> Result<()> {
        let sql = "UPDATE generations SET status = ?2 WHERE version = ?1 AND entry IS NOT NULL";
        let withdrawn: &str = Status::Withdrawn.into();
        self.cached(sql)?.execute([version.as_str(), withdrawn])?;
        Ok(())
    }

    /// Adds a generation that is not there.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn add(&self, whole: &Whole) -> Result<()> {
        let contract = whole.contract.as_ref().ok();
        let sealed = whole.sealed.as_ref();
        let status = match (sealed, contract) {
            (Some(promoted), _) if !promoted.disputed.is_empty() => Status::Disputed,
            (Some(Promoted { imported: true, .. }), _) => Status::Imported,
            (Some(_), _) => Status::Promoted,
            (None, Some(_)) => Status::Draft,
            (None, None) => Status::Broken,
        };
        self.cached(
            "INSERT INTO generations VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, \
             ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26)",
        )?
        .execute(params![
            whole.version.as_str(),
            whole.root.as_str(),
            whole.version.product(),
            contract.and_then(|c| c.description.as_deref()),
            contract.and_then(|c| c.pipeline_template.as_deref()),
            <&str>::from(status),
            whole.contract.as_ref().err(),
            instant(&whole.created_at),
            zone(&whole.created_at),
            whole.created_by.email,
            whole.created_by.email,
            sealed.map(|s| instant(&s.at)),
            sealed.map(|s| zone(&s.at)),
            sealed.map(|s| s.promoter.email.as_str()),
            sealed.map(|s| s.promoter.name.as_str()),
            sealed.and_then(|s| s.commit.as_ref()).map(Oid::as_str),
            sealed.map(|s| s.height),
            sealed.map(|s| s.excuses.join("\n")),
            sealed.map(|s| s.disputed.join("\n")),
            contract.map_or(0, |c| c.changes.len()) as i64,
            whole.standings.iter().filter(|s| s.proven()).count() as i64,
            whole.evolutions.len() as i64,
            <&str>::from(whole.sync),
            whole.remote.as_ref().map(Oid::as_str),
            whole.synced.as_ref().map(instant),
            whole.error,
        ])?;
        let id = self.db.last_insert_rowid();
        let mut insert =
            self.cached("INSERT INTO changes VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?;
        for (at, change) in contract.iter().flat_map(|c| &c.changes).enumerate() {
            let standing = whole.standings.get(at);
            insert.execute(params![
                id,
                at as i64,
                change.id.as_str(),
                change.kind.to_string(),
                change.title,
                change.description,
                change.assignee,
                change.pipeline,
                standing.map_or("not_started", |s| word(&s.progress)),
            ])?;
        }
        for tried in &whole.evolutions {
            self.add_evolution(id, tried)?;
        }
        Ok(())
    }

    fn add_evolution(&self, generation: i64, tried: &Tried) -> Result<()> {
        let EvolutionName { change, number, .. } = &tried.name;
        let last = tried.proofs.last();
        self.cached(
            "INSERT INTO evolutions VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, \
             ?14)",
        )?
        .execute(params![
            generation,
            change.as_str(),
            number,
            tried.root.as_str(),
            tried.tip.as_str(),
            tried.owner.email,
            tried.owner.name,
            instant(&tried.started),
            zone(&tried.started),
            <&str>::from(tried.status),
            last.map(|proof| proof.commit.as_str()),
            <&str>::from(tried.sync),
            tried.synced.as_ref().map(|_| tried.root.as_str()),
            tried.synced.as_ref().map(instant),
        ])?;
        let mut insert =
            self.cached("INSERT INTO proofs VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?;
        for (nth, proof) in tried.proofs.iter().enumerate() {
            insert.execute(params![
                generation,
                change.as_str(),
                number,
                nth as i64,
                proof.oid.as_str(),
                <&str>::from(proof.status),
                proof.commit.as_str(),
                instant(&proof.at),
                zone(&proof.at),
            ])?;
        }
        Ok(())
    }

    /// Ends the update: these refs are what was read, and `key` names them.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn finish<'r>(
        self,
        key: &str,
        read: impl Iterator<Item = (&'r str, Option<&'r Oid>)>,
    ) -> Result<()> {
        for (name, oid) in read {
            match oid {
                Some(oid) => {
                    self.cached("INSERT OR REPLACE INTO refs VALUES (?1, ?2)")?
                        .execute([name, oid.as_str()])?;
                }
                None => {
                    self.cached("DELETE FROM refs WHERE name = ?1")?
                        .execute([name])?;
                }
            }
        }
        self.cached("INSERT OR REPLACE INTO sync_metadata (key, value) VALUES (?1, ?2)")?
            .execute([KEY, key])?;
        self.db.commit()?;
        Ok(())
    }

    fn cached(&self, sql: &str) -> Result<CachedStatement<'_>> {
        Ok(self.db.prepare_cached(sql)?)
    }
}

fn word(progress: &Progress) -> &'static str {
    match progress {
        Progress::NotStarted => "not_started",
        Progress::Started => "started",
        Progress::Abandoned => "abandoned",
        Progress::Failed => "failed",
        Progress::Stale { .. } => "stale",
        Progress::Elsewhere { .. } | Progress::Proven => "proven",
    }
}
