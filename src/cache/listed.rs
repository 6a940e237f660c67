//! What the page of the ledger asks: which releases there are, and the numbers of its charts.

use anyhow::Result;

use super::Cache;
use super::read::{by_time, count_of};
use crate::model::Version;
use crate::model::dossier::Listed;
use crate::model::figures::Figures;
use crate::model::person::stamp;

/// Which releases are asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Limits {
    pub product: Option<String>,
    /// Only those of entries above this place in the ledger.
    pub above: i64,
    /// Only those of this moment or later: as the cache keeps moments, or the beginning of one.
    pub from: String,
}

/// What limits a generation `g`; what is open is never too old.
const WITHIN: &str = "(?1 IS NULL OR g.product = ?1) \
                      AND (g.entry IS NULL OR g.entry > ?2 AND g.promoted_at >= ?3)";

impl Cache {
    /// The releases within the limits, the newest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn listed(&self, limits: &Limits) -> Result<Vec<Listed>> {
        let promoted = self.listed_as("promotion", "g.entry DESC", limits)?;
        let imported = self.listed_as("import", "g.promoted_at DESC, g.id DESC", limits)?;
        Ok(by_time(promoted, imported, |listed| &listed.at))
    }

    fn listed_as(&self, kind: &str, order: &str, limits: &Limits) -> Result<Vec<Listed>> {
        let sql = format!(
            "SELECT g.version, e.oid, g.status, g.promoted_at, g.promoted_zone, e.kind = 'import' \
             FROM generations g JOIN entries e ON e.height = g.entry \
             WHERE e.kind = ?4 AND {WITHIN} ORDER BY {order}"
        );
        let mut query = self.db.prepare_cached(&sql)?;
        let mut rows = query.query((&limits.product, limits.above, &limits.from, kind))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let text = |at: usize| row.get::<_, String>(at);
            found.push(Listed {
                version: text(0)?.parse()?,
                entry: text(1)?.parse()?,
                status: text(2)?.parse()?,
                at: stamp(&text(3)?, &text(4)?)?,
                imported: row.get(5)?,
            });
        }
        Ok(found)
    }

    /// The place in the ledger of the entry that promoted a version, by the spelling that it has; none where it
    /// was not promoted.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn place_of(&self, version: &Version) -> Result<Option<i64>> {
        let sql = "SELECT g.entry FROM generations g JOIN entries e ON e.height = g.entry \
                   WHERE g.version = ?1 AND e.kind = 'promotion'";
        let mut query = self.db.prepare_cached(sql)?;
        let mut rows = query.query([version.as_str()])?;
        Ok(rows.next()?.map(|row| row.get(0)).transpose()?)
    }

    /// The numbers of the charts.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn figures(&self, limits: &Limits) -> Result<Figures> {
        let within = (&limits.product, limits.above, &limits.from);
        let mut figures = Figures::default();
        let sql = format!(
            "SELECT substr(g.promoted_at, 1, 7), count(*) \
             FROM generations g JOIN entries e ON e.height = g.entry \
             WHERE e.kind = 'promotion' AND {WITHIN} GROUP BY 1"
        );
        let mut query = self.db.prepare_cached(&sql)?;
        let mut rows = query.query(within)?;
        while let Some(row) = rows.next()? {
            let counts = figures.months.entry(row.get(0)?).or_default();
            counts.promotions = count_of(row, 1)?;
        }
        let sql = format!(
            "SELECT substr(p.at, 1, 7), count(*), sum(p.status = 'pass') \
             FROM proofs p JOIN generations g ON g.id = p.generation WHERE {WITHIN} GROUP BY 1"
        );
        let mut query = self.db.prepare_cached(&sql)?;
        let mut rows = query.query(within)?;
        while let Some(row) = rows.next()? {
            let counts = figures.months.entry(row.get(0)?).or_default();
            (counts.proofs, counts.passed) = (count_of(row, 1)?, count_of(row, 2)?);
        }
        let sql = format!(
            "SELECT unixepoch(g.promoted_at) - unixepoch(min(e.started_at)) \
             FROM generations g JOIN changes c ON c.generation = g.id \
             JOIN evolutions e ON e.generation = g.id AND e.change_id = c.change_id \
             WHERE g.promoted_at IS NOT NULL AND {WITHIN} GROUP BY g.id, c.position"
        );
        let mut query = self.db.prepare_cached(&sql)?;
        let mut rows = query.query(within)?;
        while let Some(row) = rows.next()? {
            // Clocks differ: nothing takes less than no time.
            figures.took.push(row.get::<_, i64>(0)?.max(0));
        }
        Ok(figures)
    }
}
