//! What a release comes to for those who look back: release managers, auditors, QA (docs/export.md, "A page to look at").

use super::approval::{Approved, Opinion};
use super::built::Released;
use super::figures::Figures;
use super::proof::{Evidence, Outcome, Proof};
use super::sealed::Advice;
use super::state::{Recorded, Status};
use super::steps::Step;
use super::verdict::Verdict;
use super::{Change, ChangeId, Oid, Person, Stamp, Version};

/// A piece of the page, in the order in which it is written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Piece<'a> {
    Opening(&'a Opening),
    /// The newest first.
    Release(&'a Dossier),
    End,
}

/// What stands above the releases.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    /// None where nothing names it.
    pub title: Option<String>,
    /// The ledger's last entry.
    pub tip: Option<Oid>,
    /// What it was limited to, as it was typed.
    pub since: Option<String>,
    pub product: Option<String>,
    pub listed: Vec<Listed>,
    pub figures: Figures,
    pub drafts: Vec<Waiting>,
}

/// A release in a list.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub version: Version,
    /// The entry that sealed it.
    pub entry: Oid,
    pub status: Status,
    pub at: Stamp,
    /// Whether it was released before gryt was there.
    pub imported: bool,
}

/// All of a release.
#[derive(Clone, Debug)]
pub(crate) struct Dossier {
    pub version: Version,
    pub status: Status,
    pub entry: Oid,
    /// None where it was released before gryt and nothing tells.
    pub commit: Option<Oid>,
    pub by: Person,
    pub at: Stamp,
    pub description: Option<String>,
    pub changes: Vec<Change>,
    pub tried: Vec<Tried>,
    pub gates: Vec<Verdict>,
    pub approvals: Vec<Approved>,
    pub artifacts: Vec<Released>,
    pub withdrawal: Option<Advice>,
    /// What its entry is disputed for, a line each.
    pub disputed: Vec<String>,
}

/// An evolution that went into it.
#[derive(Clone, Debug)]
pub(crate) struct Tried {
    pub change: ChangeId,
    pub number: u32,
    pub owner: Person,
    pub started: Stamp,
    /// Whether its proof counted.
    pub counted: bool,
    pub abandoned: bool,
    /// Oldest first.
    pub proofs: Vec<Shown>,
}

/// A proof, as it is shown.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub status: Recorded,
    pub commit: Oid,
    pub by: Person,
    pub at: Stamp,
    /// Which pipeline ran; none where the result was recorded.
    pub pipeline: Option<String>,
    /// What was recorded, and why it proves nothing where it does not, a line each.
    pub remarks: Vec<String>,
}

impl From<Proof> for Shown {
    fn from(proof: Proof) -> Self {
        let mut remarks: Vec<String> = proof
            .void
            .iter()
            .map(|why| format!("it proves nothing: {why}"))
            .collect();
        remarks.extend(
            proof
                .evidence
                .iter()
                .flat_map(|evidence| evidence_lines(evidence, proof.status)),
        );
        Self {
            status: Recorded::of(&proof),
            commit: proof.commit,
            by: proof.by,
            at: proof.at,
            pipeline: proof.pipeline.map(|used| used.name),
            remarks,
        }
    }
}

fn evidence_lines(evidence: &Evidence, status: Outcome) -> Vec<String> {
    let mut lines: Vec<String> = match (&evidence.engine, &evidence.actor) {
        (Some(engine), Some(actor)) => vec![format!("{engine}, started by {actor}")],
        (Some(engine), None) => vec![engine.clone()],
        (None, _) => Vec::new(),
    };
    if let Some(tests) = &evidence.tests {
        let mut line = format!("{} tests", tests.tests);
        let failed = tests.failures.saturating_add(tests.errors);
        if failed > 0 || status == Outcome::Fail {
            line += &format!(", {failed} failed");
        }
        if tests.skipped > 0 {
            line += &format!(", {} skipped", tests.skipped);
        }
        lines.push(line);
    }
    lines.extend(evidence.url.clone());
    lines
}

/// A draft, and what it waits for.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub version: Version,
    pub description: Option<String>,
    /// Why it cannot be read, where it cannot.
    pub broken: Option<String>,
    pub changes: usize,
    pub proven: usize,
    pub opinions: Vec<Opinion>,
    pub steps: Vec<Step>,
}
