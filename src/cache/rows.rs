//! What the cache holds of a generation.

use crate::model::evolution::EvolutionName;
use crate::model::standing::Standing;
use crate::model::state::{Recorded, Status, SyncState, Trial};
use crate::model::{Contract, Oid, Person, Stamp, Version};

/// A generation, whole: what is written into the cache at once.
#[derive(Clone, Debug)]
pub struct Whole {
    pub version: Version,
    /// The draft's first commit, who made it, and when.
    pub root: Oid,
    pub created_by: Person,
    pub created_at: Stamp,
    /// What it says; or why that cannot be told.
    pub contract: Result<Contract, String>,
    /// How far each change is, in the contract's order.
    pub standings: Vec<Standing>,
    pub evolutions: Vec<Tried>,
    pub sealed: Option<Promoted>,
    /// How this clone's draft stands to the cloud's.
    pub sync: SyncState,
    /// The cloud's draft.
    pub remote: Option<Oid>,
    /// When what the cloud has was written: its draft, or the release.
    pub synced: Option<Stamp>,
    /// Why the cloud refused the last push of it.
    pub error: Option<String>,
}

/// What is known of a promoted generation beyond its contract.
#[derive(Clone, Debug)]
pub struct Promoted {
    /// It was released before gryt was there.
    pub imported: bool,
    /// The place of its entry in the ledger.
    pub height: i64,
    pub commit: Option<Oid>,
    pub promoter: Person,
    pub at: Stamp,
    pub excuses: Vec<String>,
    pub disputed: Vec<String>,
}

/// An evolution and its proofs.
#[derive(Clone, Debug)]
pub struct Tried {
    pub name: EvolutionName,
    pub root: Oid,
    pub tip: Oid,
    pub owner: Person,
    pub started: Stamp,
    pub status: Trial,
    pub sync: SyncState,
    /// When what the cloud has of it was written.
    pub synced: Option<Stamp>,
    /// Oldest first.
    pub proofs: Vec<Proven>,
}

/// One proof, as its commit shows it.
#[derive(Clone, Debug)]
pub struct Proven {
    pub oid: Oid,
    pub status: Recorded,
    pub commit: Oid,
    pub at: Stamp,
}

/// An entry of the ledger.
#[derive(Clone, Debug)]
pub struct Entry {
    pub height: i64,
    pub oid: Oid,
    pub kind: String,
    pub version: Option<Version>,
    pub author: Person,
    pub at: Stamp,
}

/// A generation in a line.
#[derive(Clone, Debug)]
pub struct Line {
    pub version: Version,
    pub status: Status,
    pub description: Option<String>,
    pub changes: usize,
    pub proven: usize,
    pub sync: SyncState,
}

/// An evolution in a line.
#[derive(Clone, Debug)]
pub struct TriedLine {
    pub name: EvolutionName,
    pub status: Trial,
    pub owner: Person,
    /// The commit of its last proof.
    pub commit: Option<Oid>,
    pub sync: SyncState,
}

/// A generation that has a change.
#[derive(Clone, Debug)]
pub struct Declared {
    pub version: Version,
    pub status: Status,
    pub commit: Option<Oid>,
    /// Who proved it.
    pub proven_by: Vec<Person>,
}

/// A passing proof at a commit.
#[derive(Clone, Debug)]
pub struct ProvenAt {
    pub name: EvolutionName,
    pub owner: Person,
    /// Whether the version is not promoted.
    pub draft: bool,
}
