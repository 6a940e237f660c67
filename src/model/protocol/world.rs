//! What there is: one cloud, clones, and pushes between them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::super::push::{Effect, Push};

/// A version: the model knows few, by number.
pub(super) type Version = u8;
/// A clone, and the only person who works in it.
pub(super) type Client = u8;

/// How many generations there can be at most.
pub(super) const ROOTS: usize = 12;

/// What a ref is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Name {
    Ledger,
    Draft(Version),
    /// A client's evolution of a version's only change.
    Evolution(Version, Client),
    /// What the approver of a version said, by its number: the highest counts.
    Approval(Version, u8),
    Tag(Version),
}

impl Name {
    pub(super) fn is_draft(self) -> bool {
        matches!(self, Self::Draft(_))
    }
}

/// What a ref stands at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Tip {
    Ledger(Vec<Entry>),
    Commit(Commit),
    Tag(Id),
    /// Yes or no to a generation.
    Word {
        root: u8,
        yes: bool,
    },
}

/// A draft or an evolution: which generation, and the edits or proofs that it holds, a bit each. One
/// descends from another of its generation if it holds all of that one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Commit {
    pub root: u8,
    pub holds: u8,
}

impl Commit {
    /// Whether all that the other holds is here.
    pub(super) fn contains(self, other: Self) -> bool {
        self.root == other.root && other.holds & !self.holds == 0
    }
}

/// A promotion's id: whose, and their how manieth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Id(pub Client, pub u8);

/// An entry of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Entry {
    pub version: Version,
    pub id: Id,
    pub draft: Commit,
    pub evolutions: BTreeMap<Client, Commit>,
    /// The number of the approval that counted, where one was needed.
    pub approved: Option<u8>,
    /// The cloud's draft when the push was planned: no part of a real entry. A server compares no ref that
    /// a push does not move, so that a draft that was not there then can come in between; it is late.
    pub over: Option<Commit>,
}

/// Refs, and what they stand at.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Refs(pub BTreeMap<Name, Tip>);

impl Refs {
    pub(super) fn get(&self, name: Name) -> Option<&Tip> {
        self.0.get(&name)
    }

    pub(super) fn commit(&self, name: Name) -> Option<Commit> {
        match self.0.get(&name) {
            Some(Tip::Commit(commit)) => Some(*commit),
            _ => None,
        }
    }

    pub(super) fn ledger(&self) -> &[Entry] {
        match self.0.get(&Name::Ledger) {
            Some(Tip::Ledger(entries)) => entries,
            _ => &[],
        }
    }

    pub(super) fn sealed(&self, version: Version) -> Option<&Entry> {
        self.ledger().iter().find(|entry| entry.version == version)
    }

    /// What was said of a version, by number.
    pub(super) fn words(&self, version: Version) -> impl Iterator<Item = (u8, u8, bool)> {
        self.0
            .iter()
            .filter_map(move |(name, tip)| match (name, tip) {
                (Name::Approval(of, number), Tip::Word { root, yes }) if *of == version => {
                    Some((*number, *root, *yes))
                }
                _ => None,
            })
    }

    pub(super) fn set(&mut self, name: Name, tip: Option<Tip>) {
        match tip {
            Some(tip) => self.0.insert(name, tip),
            None => self.0.remove(&name),
        };
    }

    /// Drafts and evolutions.
    pub(super) fn commits(&self) -> impl Iterator<Item = (Name, Commit)> {
        self.0.iter().filter_map(|(name, tip)| match tip {
            Tip::Commit(commit) => Some((*name, *commit)),
            Tip::Ledger(_) | Tip::Tag(_) | Tip::Word { .. } => None,
        })
    }
}

/// A ref that a push moves, from where it was read; with both alike, one that it guards.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Update {
    pub name: Name,
    pub old: Option<Tip>,
    pub new: Option<Tip>,
}

impl Update {
    pub(super) fn is_guard(&self) -> bool {
        self.old == self.new
    }
}

/// A push that was sent and not answered, and may still land.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Late {
    pub updates: Vec<Update>,
    pub atomic: bool,
}

/// What is pushed, over the machine of `model::push`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Job {
    /// What promotions left in the cloud.
    Clear,
    Drafts,
    Evolutions,
    /// A promotion: under which id, onto which ledger an earlier run was to push it, and what was sent last.
    Seal {
        version: Version,
        id: Option<Id>,
        earlier: Option<usize>,
        sent: Option<Entry>,
    },
    /// What the approver says of a version.
    Say {
        version: Version,
        yes: bool,
    },
    /// A draft's deletion, at this tip.
    Delete {
        version: Version,
        here: Commit,
    },
}

/// What a command does, one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Stage {
    /// Take over what the cloud showed, and finish promotions that were cut short.
    Adopt,
    Push(Job),
    /// A draft that left the cloud is put aside here.
    PutAside {
        version: Version,
        tip: Commit,
    },
    /// A rename makes the new name here, and lets go of the old one.
    Begin {
        old: Version,
        new: Version,
    },
    Finish {
        old: Version,
        tip: Commit,
    },
}

/// A command under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Work {
    /// What is left of it, the present stage first.
    pub stages: VecDeque<Stage>,
    /// What the cloud was seen to hold; nothing before it was asked.
    pub contact: Option<Refs>,
    /// The push of the present stage.
    pub push: Option<Sending>,
}

/// A push under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Sending {
    pub machine: Push,
    /// What the machine says is next.
    pub effect: Effect,
    pub updates: Vec<Update>,
    /// It left this machine, and the cloud has not yet acted on it.
    pub on_the_wire: bool,
    /// What the cloud acknowledged.
    pub landed: Vec<Update>,
}

/// A clone of the repository: everything that outlives a command that is killed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Site {
    pub refs: Refs,
    /// The cloud's drafts and evolutions as last taken over.
    pub adopted: BTreeMap<Name, Commit>,
    /// The promotion under way, and how long the ledger was that it was last to be pushed onto.
    pub promoting: BTreeMap<Version, (Id, usize)>,
    /// The first commit under the new name, by the old one.
    pub renaming: BTreeMap<Version, Commit>,
    /// What left, and can come back.
    pub aside: BTreeSet<(Name, Commit)>,
    /// The drafts that were ever known here to be in the cloud: no program remembers that, and only whoever
    /// knew it can be said to bring one back.
    pub known: BTreeSet<(Name, u8)>,
    /// How many promotion ids were drawn here, and how many commands may still begin.
    pub drawn: u8,
    pub left: u8,
    pub work: Option<Work>,
}

/// What people were told, and what was done in the cloud: no program sees it, and the claims speak of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Told {
    pub promoted: BTreeSet<Id>,
    pub failed: BTreeSet<Id>,
    /// Edits and proofs that were ever made, and those of which a push was acknowledged.
    pub edits: [u8; ROOTS],
    pub proofs: [u8; ROOTS],
    pub pushed_edits: [u8; ROOTS],
    pub pushed_proofs: [u8; ROOTS],
    /// What deletions meant to let go of.
    pub let_go: BTreeSet<(Name, Commit)>,
    /// What must never happen, and did.
    pub wrong: Option<Wrong>,
}

/// What must never happen, seen at the moment when it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Wrong {
    /// A client took an honest cloud for a rewritten one.
    Rewritten,
    /// A promoter was told that somebody has the version, and it was they.
    TakenByOneself,
    /// An atomic push sealed a draft without an edit that the cloud had.
    SealedUnseen,
    /// A push that guards the approval which it counts sealed a release after that was taken back.
    SealedRevoked,
    /// A draft that was deleted came back without anybody's doing.
    CameBack,
}

/// Everything.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct World {
    pub cloud: Refs,
    pub clones: Vec<Site>,
    pub late: BTreeSet<Late>,
    /// How many may still crash, and how many answers may still be lost.
    pub crashes: u8,
    pub losses: u8,
    pub told: Told,
}
