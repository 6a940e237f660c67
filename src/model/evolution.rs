//! Evolutions: one developer's attempts to prove one change, and what they say of it.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::header::Header;
use super::proof::Outcome;
use super::signature::Signature;
use super::{Change, ChangeId, Invalid, Oid, Person, Proof, Stamp, Version};

/// Where an evolution stands: the version, the change, and its number within the change.
///
/// The number is given by who reaches the cloud first and may change until then; what an
/// evolution *is*, is the oid of its first commit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EvolutionName {
    pub version: Version,
    pub change: ChangeId,
    pub number: u32,
}

/// The highest number of an evolution within its change.
pub(crate) const MAX_NUMBER: u32 = 999_999;

/// `evolution.yaml`: written once, when the evolution starts (docs/format.md, "Evolution").
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Evolution {
    pub version: Version,
    /// The draft's first commit, so that a version that is deleted and made again is not proven
    /// by its predecessor's evolutions.
    pub generation: Oid,
    pub change: ChangeId,
    pub owner: Person,
    pub started: Stamp,
}

/// `abandoned.yaml`: its owner gave the evolution up. What was proven stays on record, and counts
/// for nothing any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Abandoned {
    pub reason: String,
    pub at: Stamp,
}

/// How the release holds what was proven (docs/policy.md, "proof_covers_release").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Cover {
    /// The proven commit is nowhere in it.
    Missing,
    /// The same, and the cloud's branch holds it.
    Behind,
    /// Its changes are, under other commits: it was rebased, or squashed.
    Patch,
    /// A commit of the release's history has the very tree.
    Tree,
    /// It is the release commit or an ancestor.
    Ancestor,
}

/// What another tool's record says of an attempt to prove a change. It is kept to be read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// What it is known by there: one attempt counts once, whoever imported it and however often.
    pub id: String,
    pub change: ChangeId,
    /// What it was called there.
    pub name: String,
    /// How it ended, in the record's word.
    pub status: String,
    pub owner: Person,
    pub at: Stamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Why nobody can vouch for it; none where a proof stands beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// An evolution as it is found: its place, its commits, and its last proof.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    pub name: EvolutionName,
    /// Its first commit, which is its identity.
    pub root: Oid,
    pub tip: Oid,
    /// The tip's tree.
    pub tree: Oid,
    pub evolution: Evolution,
    pub proof: Option<Proof>,
    /// The commit that brought that proof.
    pub proven_by: Option<Oid>,
    /// That commit's signature, where somebody asked.
    pub signature: Signature,
    /// Whether the proven commit is held by the proof, and with it by whoever has the evolution. It
    /// is not where the commit was amended away before it was ever published.
    pub pinned: bool,
    pub abandoned: Option<Abandoned>,
    /// What another tool's record says of it, if it comes from there.
    pub claim: Option<Claim>,
    /// How the release holds the proven commit; none where nobody asked.
    pub cover: Option<Cover>,
    /// A branch that holds it where the release does not; none where nobody asked.
    pub branch: Option<String>,
    /// Why its proof does not count by the policy that it is judged by.
    pub unheard: Option<String>,
}

/// What an attempt says of a change as the contract has it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Says {
    /// Started, and nothing run yet.
    Nothing,
    Passes,
    /// It passes at a commit that the release does not hold. Whether that counts is up to the
    /// policy.
    PassesElsewhere {
        /// Whether the cloud's branch holds it.
        pull: bool,
    },
    Fails,
    /// There is a passing proof that does not count, and why.
    PassesInVain(String),
    /// Its owner gave it up, and why.
    GivenUp(String),
}

impl Says {
    /// Whether it is a proof of the change.
    pub fn passes(&self) -> bool {
        matches!(self, Self::Passes | Self::PassesElsewhere { .. })
    }
}

impl Evolution {
    /// The same for another version.
    pub fn of_version(&self, version: &Version) -> Evolution {
        Evolution {
            version: version.clone(),
            ..self.clone()
        }
    }
}

impl Attempt {
    /// What this attempt says of `change` in the generation that begins at `generation`.
    pub fn says(&self, change: &Change, generation: &Oid) -> Says {
        if let Some(abandoned) = &self.abandoned {
            return Says::GivenUp(abandoned.reason.clone());
        }
        let Some(proof) = &self.proof else {
            return self.claims();
        };
        match (proof.status, &proof.void) {
            // What proves nothing does not prove that the change is broken either.
            (Outcome::Fail, Some(_)) => Says::Nothing,
            (Outcome::Fail, None) => Says::Fails,
            (Outcome::Pass, _) => match self.vanity(proof, change, generation) {
                Some(why) => Says::PassesInVain(why),
                None => match self.cover {
                    Some(Cover::Missing) => Says::PassesElsewhere { pull: false },
                    Some(Cover::Behind) => Says::PassesElsewhere { pull: true },
                    Some(Cover::Patch | Cover::Tree | Cover::Ancestor) | None => Says::Passes,
                },
            },
        }
    }

    /// What it is known by: two with one of these in common are one attempt, one evolution or one of another
    /// tool's record.
    pub(crate) fn identities(&self) -> impl Iterator<Item = String> {
        let claimed = self
            .claim
            .as_ref()
            .map(|claim| format!("claim {}", claim.id));
        std::iter::once(self.root.to_string()).chain(claimed)
    }

    /// Whether `me` may publish it: its owner, or whoever passes on what its owner cannot, because
    /// it came from a fork (`brought`) or from another tool's record.
    pub fn may_be_shared_by(&self, me: &Person, brought: &BTreeSet<Oid>) -> bool {
        self.evolution.owner.is(me) || self.claim.is_some() || brought.contains(&self.tip)
    }

    /// What is only claimed proves nothing, and breaks nothing either.
    fn claims(&self) -> Says {
        match &self.claim {
            Some(Claim { why: Some(why), .. }) => Says::PassesInVain(format!("imported: {why}")),
            _ => Says::Nothing,
        }
    }

    fn vanity(&self, proof: &Proof, change: &Change, generation: &Oid) -> Option<String> {
        if let Some(why) = &proof.void {
            Some(why.clone())
        } else if self.evolution.generation != *generation {
            Some("it proved an earlier generation of that version".into())
        } else if !proof.change.same_promise(change) {
            Some("the change was reworded since".into())
        } else {
            self.unheard.clone()
        }
    }
}

/// A commit of an evolution: what its message says, and how it is made.
#[derive(Debug)]
pub(crate) struct Link {
    pub header: Header,
    /// How many.
    pub parents: usize,
    /// The blob at `evolution.yaml`.
    pub evolution: Option<Oid>,
}

/// Whether the commits of an evolution, the newest first, are made as format 1 says: a first one with a
/// nonce, then proofs and an abandonment, all of one version and change, over one `evolution.yaml`.
///
/// # Errors
/// The first rule that is broken.
pub(crate) fn well_made(name: &EvolutionName, chain: &[Link]) -> Result<(), Invalid> {
    let Some((root, above)) = chain.split_last() else {
        return Err(Invalid::new("it is empty"));
    };
    if root.header.nonce.is_none() {
        return Err(Invalid::new("its first commit has no Gryt-Nonce"));
    }
    if above.iter().any(|link| link.parents > 2) {
        return Err(Invalid::new("a commit of it has a third parent"));
    }
    if above.iter().any(|link| link.evolution != root.evolution) {
        return Err(Invalid::new("a later commit changes its evolution.yaml"));
    }
    let named = |link: &Link| {
        link.header.version.as_deref() == Some(name.version.as_str())
            && link.header.change.as_deref() == Some(name.change.as_str())
    };
    if !chain.iter().all(named) {
        let rule = "its trailers name another version or change";
        return Err(Invalid::new(rule));
    }
    Ok(())
}

impl EvolutionName {
    /// `rc.1`.
    pub fn rc(&self) -> String {
        format!("rc.{}", self.number)
    }
}

impl FromStr for EvolutionName {
    type Err = Invalid;

    /// Reads `VERSION/CHANGE/rc.N`.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let wrong = || Invalid::new(format!("`{text}` is not VERSION/CHANGE/rc.N"));
        let mut parts = text.rsplitn(3, '/');
        let (Some(rc), Some(change), Some(version)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong());
        };
        let digits = rc.strip_prefix("rc.").ok_or_else(wrong)?;
        // One number has one spelling: no sign, no leading zero.
        if !digits.starts_with(|c: char| matches!(c, '1'..='9')) {
            return Err(wrong());
        }
        let number = digits.parse().map_err(|_| wrong())?;
        if number > MAX_NUMBER {
            return Err(wrong());
        }
        Ok(Self {
            version: version.parse()?,
            change: change.parse()?,
            number,
        })
    }
}

impl fmt::Display for EvolutionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/rc.{}", self.version, self.change, self.number)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::proof::PipelineUsed;
    use super::*;

    /// An attempt at `change` by `owner`, for the tests of the decisions.
    pub(crate) fn attempt(
        change: &Change,
        owner: &str,
        number: u32,
        status: Option<Outcome>,
    ) -> Attempt {
        let oid = |n: u32| -> Oid { format!("{n:040x}").parse().unwrap() };
        let who = Person {
            name: owner.into(),
            email: format!("{owner}@example.com"),
        };
        let at: Stamp = "2026-01-02T03:04:05+00:00".parse().unwrap();
        let generation = oid(7);
        Attempt {
            name: EvolutionName {
                version: "v1.0.0".parse().unwrap(),
                change: change.id.clone(),
                number,
            },
            root: oid(100 + number),
            tip: oid(200 + number),
            tree: oid(300 + number),
            evolution: Evolution {
                version: "v1.0.0".parse().unwrap(),
                generation,
                change: change.id.clone(),
                owner: who.clone(),
                started: at,
            },
            proof: status.map(|status| Proof {
                status,
                void: None,
                commit: oid(1),
                tree: oid(2),
                change: change.clone(),
                pipeline: Some(PipelineUsed {
                    name: "pipeline".into(),
                    blob: oid(3),
                }),
                isolated: false,
                steps: Vec::new(),
                evidence: None,
                artifacts: Vec::new(),
                patches: None,
                by: who,
                host: "host".into(),
                at,
            }),
            proven_by: None,
            signature: Signature::Missing,
            pinned: true,
            abandoned: None,
            claim: None,
            cover: None,
            branch: None,
            unheard: None,
        }
    }

    #[test]
    fn a_passing_proof_counts_while_it_is_of_this_change_and_generation() {
        let change: Change = "add:A:title".parse().unwrap();
        let seven: Oid = format!("{:040x}", 7).parse().unwrap();
        let mut tried = attempt(&change, "a", 1, Some(Outcome::Pass));
        assert_eq!(tried.says(&change, &seven), Says::Passes);

        let mut described = change.clone();
        described.description = Some("more".into());
        assert_eq!(tried.says(&described, &seven), Says::Passes);
        let retitled: Change = "add:A:other".parse().unwrap();
        assert!(matches!(
            tried.says(&retitled, &seven),
            Says::PassesInVain(_)
        ));
        let eight = format!("{:040x}", 8).parse().unwrap();
        assert!(matches!(tried.says(&change, &eight), Says::PassesInVain(_)));
        tried.cover = Some(Cover::Missing);
        let elsewhere = Says::PassesElsewhere { pull: false };
        assert_eq!(tried.says(&change, &seven), elsewhere);
        tried.cover = Some(Cover::Patch);
        assert_eq!(tried.says(&change, &seven), Says::Passes);
        tried.proof.as_mut().unwrap().void = Some("dirty".into());
        assert!(matches!(tried.says(&change, &seven), Says::PassesInVain(_)));
        tried.abandoned = Some(Abandoned {
            reason: "wrong branch".into(),
            at: tried.evolution.started,
        });
        assert_eq!(
            tried.says(&change, &seven),
            Says::GivenUp("wrong branch".into())
        );
    }

    #[test]
    fn a_name_has_one_spelling() {
        let name: EvolutionName = "billing/v1.0.0/FEAT-1/rc.12".parse().unwrap();
        assert_eq!(name.version.product(), Some("billing"));
        assert_eq!(name.to_string(), "billing/v1.0.0/FEAT-1/rc.12");
        for bad in [
            "v1/A/rc.0",
            "v1/A/rc.01",
            "v1/A/rc.+1",
            "v1/A/1",
            "v1/rc.1",
            "v1/A/rc.1000000",
        ] {
            assert!(bad.parse::<EvolutionName>().is_err(), "{bad}");
        }
    }
}
