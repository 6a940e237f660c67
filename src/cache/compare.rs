//! Comparing two caches, row by row.

use anyhow::Result;

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

impl Cache {
    /// The tables in which this cache and `other` differ. Where [`REFS`] is among them, the two were read
    /// from other refs, and the rest says nothing.
    ///
    /// # Errors
    /// A database cannot be read.
    pub fn differences(&self, other: &Cache) -> Result<Vec<String>> {
        // Another process may write to this cache meanwhile: all tables are read as of one moment.
        let _moment = self.db.unchecked_transaction()?;
        let mut wrong = Vec::new();
        for (table, sql) in COMPARED {
            let (mut here, mut there) = (self.db.prepare(sql)?, other.db.prepare(sql)?);
            let width = here.column_count();
            let (mut here, mut there) = (here.query([])?, there.query([])?);
            loop {
                let (one, two) = (here.next()?, there.next()?);
                let same = match (one, two) {
                    (None, None) => break,
                    (Some(one), Some(two)) => {
                        let mut same = true;
                        for at in 0..width {
                            same &= one.get_ref(at)? == two.get_ref(at)?;
                        }
                        same
                    }
                    _ => false,
                };
                if !same {
                    wrong.push(table.to_owned());
                    break;
                }
            }
        }
        Ok(wrong)
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
