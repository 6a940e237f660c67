//! The questions that commands ask of the cache.

use std::collections::BTreeMap;

use anyhow::Result;
use rusqlite::Row;

use super::Cache;
use super::rows::{Declared, Line, ProvenAt, TriedLine};
use crate::model::evolution::EvolutionName;
use crate::model::person::stamp;
use crate::model::sealed::Release;
use crate::model::state::Status;
use crate::model::{ChangeId, Oid, Person, Stamp, Version};

impl Cache {
    /// The latest releases, newest first, at most `count`: promotions in the ledger's order, and what
    /// was released before gryt where its own moment puts it.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn releases(&self, count: usize, product: Option<&str>) -> Result<Vec<Release>> {
        let promoted = self.of_entries("promotion", "g.entry DESC", count, product)?;
        let imported =
            self.of_entries("import", "g.promoted_at DESC, g.id DESC", count, product)?;
        let mut found = by_time(promoted, imported, |release| &release.promoted_at);
        found.truncate(count);
        Ok(found)
    }

    fn of_entries(
        &self,
        kind: &str,
        order: &str,
        count: usize,
        product: Option<&str>,
    ) -> Result<Vec<Release>> {
        let mut query = self.db.prepare_cached(&format!(
            "SELECT g.version, g.description, g.release_commit, g.promoter, g.promoted_by, \
             g.promoted_at, g.changes, g.evolutions, g.status, g.excuses, e.kind = 'import', \
             g.promoted_zone, g.disputed \
             FROM generations g JOIN entries e ON e.height = g.entry \
             WHERE e.kind = ?3 AND (?2 IS NULL OR g.product = ?2) ORDER BY {order} LIMIT ?1"
        ))?;
        let mut rows = query.query((limit(count), product, kind))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let text = |at: usize| row.get::<_, String>(at);
            let commit: Option<String> = row.get(2)?;
            let status: Status = text(8)?.parse()?;
            found.push(Release {
                version: text(0)?.parse()?,
                description: row.get(1)?,
                commit: commit.map(|oid| oid.parse()).transpose()?,
                promoter: Person {
                    name: text(3)?,
                    email: text(4)?,
                },
                promoted_at: stamp(&text(5)?, &text(11)?)?,
                changes: count_of(row, 6)?,
                evolutions: count_of(row, 7)?,
                withdrawn: status == Status::Withdrawn,
                imported: row.get(10)?,
                excuses: text(9)?.lines().map(str::to_owned).collect(),
                disputed: text(12)?.lines().map(str::to_owned).collect(),
            });
        }
        Ok(found)
    }

    /// The highest releases that stand and are no pre-releases: that without a product first, then one
    /// of each product.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn highest(&self) -> Result<Vec<Version>> {
        let fallen: [&str; 2] = [Status::Withdrawn.into(), Status::Disputed.into()];
        let mut query = self.db.prepare_cached(
            "SELECT version FROM generations WHERE entry IS NOT NULL AND status NOT IN (?1, ?2)",
        )?;
        let mut rows = query.query(fallen)?;
        let mut found: BTreeMap<Option<String>, Version> = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let version: Version = row.get::<_, String>(0)?.parse()?;
            if version.is_pre_release() {
                continue;
            }
            let product = version.product().map(str::to_owned);
            match found.get(&product) {
                Some(known) if *known > version => {}
                _ => _ = found.insert(product, version),
            }
        }
        Ok(found.into_values().collect())
    }

    /// Releases that are disputed and were not withdrawn since, with what each is disputed for, a line
    /// each.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn disputed(&self) -> Result<Vec<(Version, Vec<String>)>> {
        let status: &str = Status::Disputed.into();
        let mut query = self.db.prepare_cached(
            "SELECT version, disputed FROM generations WHERE entry IS NOT NULL AND status = ?1 \
             ORDER BY entry",
        )?;
        let mut rows = query.query([status])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let version: Version = row.get::<_, String>(0)?.parse()?;
            let why: String = row.get(1)?;
            found.push((version, why.lines().map(str::to_owned).collect()));
        }
        Ok(found)
    }

    /// All drafts, in no order.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn drafts(&self) -> Result<Vec<Line>> {
        let mut query = self.db.prepare_cached(
            "SELECT version, status, description, changes, proven, sync_status \
             FROM generations WHERE entry IS NULL",
        )?;
        let mut rows = query.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(Line {
                version: row.get::<_, String>(0)?.parse()?,
                status: row.get::<_, String>(1)?.parse()?,
                description: row.get(2)?,
                changes: count_of(row, 3)?,
                proven: count_of(row, 4)?,
                sync: row.get::<_, String>(5)?.parse()?,
            });
        }
        Ok(found)
    }

    /// The evolutions of a draft, or of the promoted version, by the spelling that it has.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn evolutions(&self, version: &Version, promoted: bool) -> Result<Vec<TriedLine>> {
        let mut query = self.db.prepare_cached(
            "SELECT e.change_id, e.number, e.status, e.owner_name, e.owner, e.commit_oid, \
             e.sync_status FROM evolutions e JOIN generations g ON g.id = e.generation \
             WHERE g.version = ?1 AND (g.entry IS NOT NULL) = ?2",
        )?;
        let mut rows = query.query((version.as_str(), promoted))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let commit: Option<String> = row.get(5)?;
            found.push(TriedLine {
                name: EvolutionName {
                    version: version.clone(),
                    change: row.get::<_, String>(0)?.parse()?,
                    number: row.get(1)?,
                },
                status: row.get::<_, String>(2)?.parse()?,
                owner: Person {
                    name: row.get(3)?,
                    email: row.get(4)?,
                },
                commit: commit.map(|oid| oid.parse()).transpose()?,
                sync: row.get::<_, String>(6)?.parse()?,
            });
        }
        Ok(found)
    }

    /// The open evolution that begins at `root`.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn evolution(&self, root: &Oid) -> Result<Option<TriedLine>> {
        let sql = "SELECT g.version FROM evolutions e JOIN generations g ON g.id = e.generation \
                   WHERE e.evolution_id = ?1 AND g.entry IS NULL";
        let mut query = self.db.prepare_cached(sql)?;
        let mut rows = query.query([root.as_str()])?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        let version = row.get::<_, String>(0)?.parse()?;
        let all = self.evolutions(&version, false)?;
        let roots = "SELECT change_id, number FROM evolutions WHERE evolution_id = ?1";
        let (change, number): (String, u32) = self
            .db
            .query_row(roots, [root.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let same = |line: &TriedLine| {
            line.name.number == number && line.name.change.as_str().eq_ignore_ascii_case(&change)
        };
        Ok(all.into_iter().find(same))
    }

    /// The generations that declare a change, promoted ones first and oldest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn declared(&self, change: &ChangeId) -> Result<Vec<Declared>> {
        let mut query = self.db.prepare_cached(
            "SELECT g.id, g.version, g.status, g.release_commit FROM changes c \
             JOIN generations g ON g.id = c.generation WHERE c.change_id = ?1 \
             ORDER BY g.entry IS NULL, g.entry, g.version",
        )?;
        let mut rows = query.query([change.as_str()])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let commit: Option<String> = row.get(3)?;
            found.push(Declared {
                version: row.get::<_, String>(1)?.parse()?,
                status: row.get::<_, String>(2)?.parse()?,
                commit: commit.map(|oid| oid.parse()).transpose()?,
                proven_by: self.provers(row.get(0)?, change)?,
            });
        }
        Ok(found)
    }

    fn provers(&self, generation: i64, change: &ChangeId) -> Result<Vec<Person>> {
        let mut query = self.db.prepare_cached(
            "SELECT owner_name, owner FROM evolutions \
             WHERE generation = ?1 AND change_id = ?2 AND status = 'pass' ORDER BY number",
        )?;
        let rows = query.query_map((generation, change.as_str()), |row| {
            Ok(Person {
                name: row.get(0)?,
                email: row.get(1)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The proofs that passed at exactly that commit.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn proven_at(&self, commit: &Oid) -> Result<Vec<ProvenAt>> {
        let mut query = self.db.prepare_cached(
            "SELECT DISTINCT g.version, p.change_id, p.number, e.owner_name, e.owner, \
             g.entry IS NULL FROM proofs p JOIN generations g ON g.id = p.generation \
             JOIN evolutions e USING (generation, change_id, number) \
             WHERE p.commit_oid = ?1 AND p.status = 'pass' ORDER BY g.id, p.change_id, p.number",
        )?;
        let mut rows = query.query([commit.as_str()])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(ProvenAt {
                name: EvolutionName {
                    version: row.get::<_, String>(0)?.parse()?,
                    change: row.get::<_, String>(1)?.parse()?,
                    number: row.get(2)?,
                },
                owner: Person {
                    name: row.get(3)?,
                    email: row.get(4)?,
                },
                draft: row.get(5)?,
            });
        }
        Ok(found)
    }
}

/// Promotions in the ledger's order, and between them what was released before gryt, where its own moment puts it:
/// both the newest first.
pub(super) fn by_time<T>(promoted: Vec<T>, imported: Vec<T>, at: impl Fn(&T) -> &Stamp) -> Vec<T> {
    let mut imported = imported.into_iter().peekable();
    let mut found = Vec::new();
    for release in promoted {
        while let Some(before) = imported.next_if(|old| at(old) > at(&release)) {
            found.push(before);
        }
        found.push(release);
    }
    found.extend(imported);
    found
}

fn limit(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub(super) fn count_of(row: &Row<'_>, at: usize) -> rusqlite::Result<usize> {
    let count: i64 = row.get(at)?;
    Ok(usize::try_from(count).unwrap_or_default())
}
