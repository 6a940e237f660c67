//! The table: what was asked for, how long it took beside its floor, and what was said beforehand.

use std::time::Duration;

use anyhow::Result;

/// One line of the table.
struct Row {
    work: String,
    ours: Duration,
    floor: Duration,
    /// What the ratio may be at most, where that was said beforehand.
    bound: Option<f64>,
}

/// The lines so far.
pub(crate) struct Table {
    rows: Vec<Row>,
    /// Only work whose name holds this is measured.
    only: Option<String>,
}

impl Table {
    pub(crate) fn new(only: Option<String>) -> Self {
        let rows = Vec::new();
        Self { rows, only }
    }

    /// Whether work of that name was asked for.
    pub(crate) fn wants(&self, work: &str) -> bool {
        self.only.as_ref().is_none_or(|only| work.contains(only))
    }

    /// Measures one kind of work, where it was asked for: `measure` returns its time and the
    /// floor's.
    pub(crate) fn row(
        &mut self,
        work: &str,
        bound: impl Into<Option<f64>>,
        measure: impl FnOnce() -> Result<(Duration, Duration)>,
    ) -> Result<()> {
        if !self.wants(work) {
            return Ok(());
        }
        let (ours, floor) = measure()?;
        let row = Row {
            work: work.to_owned(),
            ours,
            floor,
            bound: bound.into(),
        };
        eprintln!("{}", row.line());
        self.rows.push(row);
        Ok(())
    }

    /// The lines as the page has them.
    pub(crate) fn text(&self) -> String {
        let head = "| work | git gryt | floor | ratio | bound |\n| --- | --- | --- | --- | --- |\n";
        let lines = self.rows.iter().map(|row| row.line() + "\n");
        head.to_owned() + &lines.collect::<String>()
    }
}

impl Row {
    fn line(&self) -> String {
        let ms = |d: Duration| format!("{:.1} ms", d.as_secs_f64() * 1000.0);
        let (ours, floor) = (ms(self.ours), ms(self.floor));
        let ratio = self.ours.as_secs_f64() / self.floor.as_secs_f64();
        let over = if self.bound.is_some_and(|bound| ratio > bound) {
            " (over)"
        } else {
            ""
        };
        let bound = self.bound.map_or(String::new(), |bound| bound.to_string());
        let work = &self.work;
        format!("| {work} | {ours} | {floor} | {ratio:.2}{over} | {bound} |")
    }
}
