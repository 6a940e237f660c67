//! Whether a version may be sealed now, and what exactly is sealed.

#[cfg(test)]
mod tests;

use crate::model::approval::{Agreed, Approved, Given};
use crate::model::built;
use crate::model::evolution::Attempt;
use crate::model::excuse::{self, Plea};
use crate::model::mailmap::People;
use crate::model::person::moment;
use crate::model::policies::Rules;
use crate::model::reconcile::Relation;
use crate::model::sealed::{Folded, Sealed};
use crate::model::subject::Subject;
use crate::model::unproven::NewCommit;
use crate::model::verdict::Verdict;
use crate::model::{Contract, Exit, Oid, Person, Refusal, Stamp, Version};

/// The most refs that one push names: hosts have failed on pushes of a hundred.
pub(crate) const REFS_A_PUSH: usize = 20;

/// What is known when the decision is made. Every oid is one that was read, so that the push can
/// be leased at it.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub version: Version,
    /// This intent's promotion id.
    pub promotion: String,
    /// The entry in the verified ledger that has this version, however spelled.
    pub sealed: Option<Sealed>,
    /// A version that nobody has, for one who lost this one.
    pub next_free: Version,
    /// What a tag that stands in the way comes to.
    pub tag: Option<Refusal>,
    pub local: Option<Draft>,
    pub cloud: Option<CloudDraft>,
    /// The cloud's draft as this clone last took it over.
    pub adopted: Option<Oid>,
    /// All that was found of this generation, in the cloud and in this clone.
    pub attempts: Vec<(Attempt, Option<Oid>)>,
    /// What was said of this generation.
    pub agreed: Agreed,
    pub release: Release,
    /// The policies; or why one of them cannot be read.
    pub rules: Result<Rules, Refusal>,
    pub plea: Plea,
    /// The evolution whose artifacts are chosen where builds differ, as it was typed.
    pub artifacts_of: Option<String>,
    pub promoter: Person,
    pub now: Stamp,
    /// Whether there is a cloud at all.
    pub has_cloud: bool,
}

impl Facts {
    /// Who is who, as far as that is known.
    pub(crate) fn people(&self) -> People {
        let rules = self.rules.as_ref();
        rules.map(|rules| rules.people.clone()).unwrap_or_default()
    }
}

/// This clone's draft.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub root: Oid,
    /// Who made it.
    pub author: Person,
    pub tip: Oid,
    /// What it says; or why that cannot be told, its edited file included.
    pub contract: Result<Contract, Refusal>,
}

/// The cloud's draft, against this clone's.
#[derive(Clone, Debug)]
pub(crate) struct CloudDraft {
    pub tip: Oid,
    pub relation: Relation,
    /// What the cloud has and this clone has not, a line each.
    pub unseen: Vec<String>,
    /// Both were edited, and a person has to choose.
    pub in_conflict: bool,
    /// What is said where it does not check.
    pub unsound: Option<Refusal>,
}

/// The commit that is released.
#[derive(Clone, Debug)]
pub(crate) struct Release {
    pub commit: Oid,
    pub tree: Oid,
}

/// What follows from the facts.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "made once a promotion")]
pub(crate) enum Decision {
    /// This intent is in the ledger already: only its consequences are left.
    Won(Sealed),
    Seal(Seal),
}

/// What goes into the entry, and where the cloud has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Seal {
    pub sealed: Sealed,
    /// The cloud's draft, which the push deletes at this oid.
    pub cloud_draft: Option<Oid>,
    /// The folded attempts in the order of `sealed.evolutions`, each with its tip in the cloud.
    pub folded: Vec<(Attempt, Option<Oid>)>,
    /// What was said of it, in the order of `sealed.approvals`.
    pub approvals: Vec<Given>,
    /// What the policy says otherwise than at the previous promotion.
    pub policy_changes: Vec<String>,
    /// The new commits that no proof covers.
    pub unproven: Vec<NewCommit>,
}

/// The artifacts that a promotion with those facts would seal, if its gates pass.
pub(crate) fn artifacts(facts: &Facts) -> Vec<built::Released> {
    let (Some(draft), Ok(rules)) = (&facts.local, &facts.rules) else {
        return Vec::new();
    };
    let Ok(contract) = &draft.contract else {
        return Vec::new();
    };
    let attempts = facts.attempts.iter().map(|(attempt, _)| attempt);
    let attempts = attempts.filter(|attempt| attempt.evolution.generation == draft.root);
    let attempts = rules.heard(&attempts.cloned().collect::<Vec<_>>());
    let made = built::to_seal(rules, contract, &draft.root, &facts.release.tree, &attempts);
    let owners = attempts.iter().map(|attempt| {
        let (name, owner) = (&attempt.name, &attempt.evolution.owner);
        (&name.change, name.number, owner)
    });
    built::gathered(&made, &owners.collect::<Vec<_>>(), None)
}

/// Decides a promotion. "Taken" comes before everything else, and gates come last.
///
/// # Errors
/// The first rule that says no.
pub(crate) fn decide(facts: &Facts) -> Result<Decision, Refusal> {
    if let Some(sealed) = &facts.sealed {
        if sealed.promotion == facts.promotion {
            return Ok(Decision::Won(sealed.clone()));
        }
        return Err(already_promoted(facts, sealed));
    }
    let version = &facts.version;
    if let Some(refusal) = &facts.tag {
        return Err(refusal.clone());
    }
    let draft = draft(facts)?;
    let contract = draft.contract.as_ref().map_err(Clone::clone)?;
    let of_this = |a: &&(Attempt, Option<Oid>)| a.0.evolution.generation == draft.root;
    let mut folded: Vec<_> = facts.attempts.iter().filter(of_this).cloned().collect();
    folded.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
    let attempts: Vec<Attempt> = folded.iter().map(|(a, _)| a.clone()).collect();
    let rules = facts.rules.as_ref().map_err(Clone::clone)?;
    rules.known()?;
    let agreed = Agreed {
        given: said_of(&facts.agreed, &draft.root),
        ..facts.agreed.clone()
    };
    let subject = Subject {
        contract,
        generation: &draft.root,
        declared_by: &draft.author,
        attempts: &attempts,
        promoter: &facts.promoter,
        people: &rules.people,
        agreed: &agreed,
    };
    let gates = rules.judge(&subject);
    let counted = rules.counted(&subject);
    let gates = excuse::grant(gates, rules, &facts.plea, &facts.promoter)?;
    if gates.iter().any(Verdict::stops) {
        return Err(excuse::refused(&gates, rules, version, &facts.promoter));
    }
    let attempts = rules.heard(&attempts);
    let counts = |attempt: &Attempt| {
        contract
            .change(&attempt.name.change)
            .is_some_and(|change| attempt.says(change, &draft.root).passes())
    };
    let (generation, tree) = (&draft.root, &facts.release.tree);
    let artifacts = built::to_seal(rules, contract, generation, tree, &attempts);
    let chosen = facts.artifacts_of.as_ref();
    let chosen = chosen.map(|text| built::choice(text, version, &artifacts));
    let sealed = Sealed {
        version: version.clone(),
        promotion: facts.promotion.clone(),
        commit: facts.release.commit.clone(),
        tree: facts.release.tree.clone(),
        generation: draft.root.clone(),
        draft: draft.tip.clone(),
        promoter: facts.promoter.clone(),
        promoted_at: facts.now,
        rules: rules.by,
        mailmap: rules.mailmap.clone(),
        gates,
        unproven: rules.fresh.sealed(),
        artifacts_of: chosen.transpose()?,
        artifacts,
        evolutions: attempts
            .iter()
            .map(|attempt| Folded {
                change: attempt.name.change.clone(),
                number: attempt.name.number,
                tip: attempt.tip.clone(),
                owner: attempt.evolution.owner.clone(),
                counted: counts(attempt),
            })
            .collect(),
        approvals: agreed
            .given
            .iter()
            .map(|given| Approved {
                by: given.approval.by.clone(),
                number: given.name.number,
                tip: given.tip.clone(),
                says: given.approval.says,
                counted: counted.contains(&given.tip),
            })
            .collect(),
    };
    Ok(Decision::Seal(Seal {
        sealed,
        cloud_draft: facts.cloud.as_ref().map(|cloud| cloud.tip.clone()),
        folded,
        approvals: agreed.given,
        policy_changes: rules.differences(),
        unproven: rules.fresh.all().into_iter().cloned().collect(),
    }))
}

/// What was said of a generation, in the order of names.
fn said_of(agreed: &Agreed, generation: &Oid) -> Vec<Given> {
    let of_it = |given: &&Given| given.approval.generation == *generation;
    let mut found: Vec<Given> = agreed.given.iter().filter(of_it).cloned().collect();
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

/// The draft to seal: this clone's, once it holds everything that the cloud's holds.
fn draft(facts: &Facts) -> Result<&Draft, Refusal> {
    let version = &facts.version;
    let behind = |what: String| Refusal::new(Exit::OutOfStep, what).then("git gryt sync pull");
    match (&facts.local, &facts.cloud) {
        (None, None) => Err(Refusal::new(
            Exit::Invalid,
            format!("There is no generation {version}"),
        )
        .then(format!("git gryt generation new {version}"))),
        (
            _,
            Some(CloudDraft {
                unsound: Some(refusal),
                ..
            }),
        ) => Err(refusal.clone()),
        (None, Some(_)) => Err(behind(format!(
            "{version} is in the cloud and was not pulled yet"
        ))),
        (Some(local), None) => match &facts.adopted {
            None => Ok(local),
            Some(_) => Err(behind(format!("{version} was deleted in the cloud"))),
        },
        (Some(local), Some(cloud)) => match cloud.relation {
            Relation::Same | Relation::Ahead => Ok(local),
            Relation::Diverged if cloud.in_conflict => {
                let mut refusal = Refusal::new(
                    Exit::Conflict,
                    format!("{version} was edited here and in the cloud, and the edits contradict each other"),
                )
                .then(format!("git gryt generation resolve {version}"));
                refusal.why.clone_from(&cloud.unseen);
                Err(refusal)
            }
            Relation::Behind | Relation::Diverged => {
                let mut refusal = behind(format!(
                    "{version} is behind: the cloud has edits of it that were not pulled yet"
                ));
                refusal.why.clone_from(&cloud.unseen);
                Err(refusal)
            }
            Relation::Unrelated => Err(Refusal::new(
                Exit::Conflict,
                format!("{version} is another generation in the cloud"),
            )
            .because("Local and cloud have same version")
            .because("Rename local version or delete")
            .then(format!(
                "git gryt generation rename {version} {}",
                facts.next_free
            ))
            .then(format!("git gryt generation delete {version} --local-only"))),
        },
    }
}

fn already_promoted(facts: &Facts, sealed: &Sealed) -> Refusal {
    let place = if facts.has_cloud { " in cloud" } else { "" };
    let second = if facts.has_cloud {
        "Please use a different version or pull latest"
    } else {
        "Please use a different version"
    };
    let refusal = Refusal::new(
        Exit::Taken,
        format!("Version {} already promoted{place}", sealed.version),
    )
    .because(second)
    .because(format!(
        "It was promoted by {} at {}",
        sealed.promoter,
        moment(&sealed.promoted_at)
    ))
    .because(format!("The next free version is {}", facts.next_free));
    match facts.has_cloud && !facts.promoter.is(&sealed.promoter) {
        true => refusal.then("git gryt sync pull"),
        false => refusal.then(format!("git gryt generation new {}", facts.next_free)),
    }
}

/// The approvals whose refs the promoting push deletes with it, as indexes into `seal.approvals`: those that
/// counted, so that one which is taken back meanwhile stops the promotion, and then the others, as many as the
/// push has `room` for.
///
/// # Errors
/// [`Exit::Gate`] where those that counted do not fit.
pub(crate) fn approvals_with_seal(seal: &Seal, room: usize) -> Result<Vec<usize>, Refusal> {
    let mut published: Vec<usize> = (0..seal.approvals.len())
        .filter(|at| seal.approvals[*at].in_cloud)
        .collect();
    let counted = |at: &usize| seal.sealed.approvals[*at].counted;
    let needed = published.iter().filter(|at| counted(at)).count();
    if needed > room {
        let version = &seal.sealed.version;
        let what =
            format!("{needed} approvals of {version} count, but one push can hold only {room}");
        return Err(Refusal::new(Exit::Gate, what)
            .because("An approval that is revoked during the promotion would be missed"));
    }
    published.sort_by_key(|at| !counted(at));
    published.truncate(room);
    Ok(published)
}

/// The folded evolutions whose refs the promoting push deletes with it, as indexes into
/// `seal.folded`: those whose proofs counted first, as many as the push has `room` for. The others go
/// afterwards.
pub(crate) fn deleted_with_seal(seal: &Seal, room: usize) -> Vec<usize> {
    let mut published: Vec<usize> = (0..seal.folded.len())
        .filter(|at| seal.folded[*at].1.is_some())
        .collect();
    published.sort_by_key(|at| !seal.sealed.evolutions[*at].counted);
    published.truncate(room);
    published
}
