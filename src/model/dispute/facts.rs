//! What a promotion is judged by, gathered from the objects that it reaches.

use crate::model::approval::{Agreed, Given};
use crate::model::evolution::Attempt;
use crate::model::mailmap::People;
use crate::model::policies::Rules;
use crate::model::proof::Proof;
use crate::model::rules::RuleSet;
use crate::model::sealed::Sealed;
use crate::model::signers::Blocks;
use crate::model::{Contract, Invalid, Oid, Person, Policy, Stamp, Version};

/// What a promotion is judged by, gathered from the objects that it reaches.
#[derive(Debug)]
pub(crate) struct Facts<'a> {
    /// Who wrote the entry.
    pub author: &'a Person,
    pub sealed: &'a Sealed,
    pub contract: &'a Contract,
    /// Whether an undisputed entry before it has its promotion id.
    pub used: bool,
    /// What is wrong with the policy that was sealed; none where it is the release commit's.
    pub policy: Option<String>,
    pub draft: Draft,
    /// In the entry's order.
    pub evolutions: Vec<Result<Tried, Invalid>>,
    /// What was said of the release, in the entry's order.
    pub approvals: Vec<Result<Given, Invalid>>,
    /// What it was said of.
    pub agreed: Agreed,
    /// The policies where it stands.
    pub rules: Rules,
    /// The entry of another ledger that it says it repeats.
    pub original: Option<Result<Original, String>>,
}

impl Facts<'_> {
    /// The policies by which its evolutions counted: those of the place where it was sealed.
    pub(super) fn counted_by(&self) -> &Rules {
        match &self.original {
            Some(Ok(original)) => &original.rules,
            Some(Err(_)) | None => &self.rules,
        }
    }
}

/// The draft that was sealed.
#[derive(Debug)]
pub(crate) struct Draft {
    /// Its first commit, and who made it.
    pub root: Oid,
    pub declared_by: Person,
    pub has_nonce: bool,
    /// The version by its tip's trailer.
    pub version: Option<String>,
    /// Whether its tip holds the contract and nothing else.
    pub alone: bool,
}

/// An evolution that was folded, and all of its proofs.
#[derive(Debug)]
pub(crate) struct Tried {
    /// With its cover of the release.
    pub attempt: Attempt,
    pub proofs: Vec<Proven>,
}

/// A proof beside what its commit holds.
#[derive(Debug)]
pub(crate) struct Proven {
    pub at: Oid,
    pub proof: Proof,
    /// What the proven commit holds; none where the proof does not hold that commit.
    pub there: Option<There>,
}

/// What a proven commit holds.
#[derive(Clone, Debug)]
pub(crate) struct There {
    pub tree: Oid,
    /// The pipeline of the proof's name, and its steps: by name, and whether each may fail. No steps
    /// where this program cannot read it.
    pub pipeline: Option<(Oid, Option<Steps>)>,
}

/// The steps of a pipeline: by name, and whether each may fail.
pub(crate) type Steps = Vec<(String, bool)>;

/// An entry that is repeated, and the policies where it stood.
#[derive(Debug)]
pub(crate) struct Original {
    pub sealed: Sealed,
    pub rules: Rules,
    /// What was approved there.
    pub agreed: Agreed,
}

/// The policy that says who may write an entry which is no promotion: the one sealed with the highest
/// release of the product that it is about.
#[derive(Clone, Debug)]
pub(crate) struct Whose {
    pub version: Version,
    pub policy: Policy,
    /// The rules that the release was judged by.
    pub rules: RuleSet,
    /// When the release says that it was promoted.
    pub since: Option<Stamp>,
    /// Who is who, by the release's mailmap.
    pub people: People,
    /// What gpg says of the keys that the policy names.
    pub blocks: Blocks,
}
