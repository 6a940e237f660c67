//! What the program decides, by its own functions: the small commits of the model are given to them as
//! objects, and what they say is read back.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::super::approval::{Agreed, Approval, ApprovalName, Given, Word};
use super::super::evolution::Attempt;
use super::super::evolution::tests::attempt;
use super::super::excuse::Plea;
use super::super::policies::Rules;
use super::super::promotion::{self, CloudDraft, Decision, Draft, Facts, Release};
use super::super::proof::Outcome;
use super::super::reconcile::{Relation, Seal, Sides};
use super::super::rules::RuleSet;
use super::super::sealed::Sealed;
use super::super::signature::Signature;
use super::super::{Contract, Oid, Policy, Stamp};
use super::world::{Client, Commit, Entry, Id, Name, Refs, Site, Version};
use super::{Broken, Protocol};

/// How one commit stands to another.
pub(super) fn relation(here: Commit, there: Commit) -> Relation {
    match (here.contains(there), there.contains(here)) {
        (true, true) => Relation::Same,
        (true, false) => Relation::Ahead,
        (false, true) => Relation::Behind,
        (false, false) if here.root == there.root => Relation::Diverged,
        (false, false) => Relation::Unrelated,
    }
}

/// The object that stands for a commit.
fn oid(commit: Commit) -> Oid {
    let digits = format!("{:02x}{:02x}", commit.root + 1, commit.holds);
    // Hexadecimal digits, as many as an id has.
    format!("{digits:0>40}").parse().unwrap()
}

/// The three tips of a ref, as the reconciliation wants them.
pub(super) fn sides(
    local: Option<Commit>,
    cloud: Option<Commit>,
    adopted: Option<Commit>,
) -> Sides {
    let both = |a: Option<Commit>, b: Option<Commit>| Some(relation(a?, b?));
    Sides {
        relation: both(local, cloud),
        since: both(local, adopted),
        local: local.map(oid),
        cloud: cloud.map(oid),
        adopted: adopted.map(oid),
        invalid: None,
    }
}

/// How a draft or an evolution stands to what is sealed of its version (`session::core::sides`).
pub(super) fn seal(name: Name, local: Option<Commit>, sealed: Option<&Entry>) -> Seal {
    let Some(sealed) = sealed else {
        return Seal::Open;
    };
    let Some(local) = local else {
        return Seal::Folded;
    };
    let folded = match name {
        Name::Draft(_) => vec![sealed.draft],
        Name::Evolution(..) => sealed.evolutions.values().copied().collect(),
        Name::Ledger | Name::Tag(_) | Name::Approval(..) => Vec::new(),
    };
    for folded in folded {
        match relation(local, folded) {
            Relation::Same | Relation::Behind => return Seal::Folded,
            Relation::Ahead | Relation::Diverged => return Seal::Beyond,
            Relation::Unrelated => {}
        }
    }
    Seal::Other
}

/// What a promotion comes to.
pub(super) enum Verdict {
    Won,
    Seal(Sealing),
    Refused,
}

/// What is sealed, and which refs go with it.
pub(super) struct Sealing {
    pub entry: Entry,
    pub cloud_draft: Option<Commit>,
    /// The evolutions that the push deletes, with where the cloud has them.
    pub deleted: Vec<(Name, Commit)>,
}

static TEMPLATE: LazyLock<(Vec<Attempt>, Contract, Stamp)> = LazyLock::new(|| {
    let version = "v1.0.0".parse().unwrap();
    let text = "version: v1.0.0\nchanges:\n- {type: add, id: A, title: a}\n";
    let contract = Contract::parse(text.as_bytes(), &version).unwrap();
    let attempts: Vec<Attempt> = ["ann", "bob", "cy"]
        .iter()
        .zip(1..)
        .map(|(who, number)| attempt(&contract.changes[0], who, number, Some(Outcome::Pass)))
        .collect();
    let now = attempts[0].evolution.started;
    (attempts, contract, now)
});

/// What the approver said last, as the gate wants it.
fn said(last: Option<(u8, u8, bool)>, local: Option<Commit>, present: &Policy) -> Agreed {
    let (attempts, _, now) = &*TEMPLATE;
    let (Some((number, root, yes)), Some(local)) = (last, local) else {
        return Agreed::default();
    };
    let by = attempts[2].evolution.owner.clone();
    let version: super::super::Version = "v1.0.0".parse().unwrap();
    let generation = |root| oid(Commit { root, holds: 0 });
    let given = Given {
        name: ApprovalName::of(&version, &by, u32::from(number)).unwrap(),
        tip: oid(Commit {
            root,
            holds: number,
        }),
        approval: Approval {
            version,
            generation: generation(root),
            says: match yes {
                true => Word::Approved,
                false => Word::Revoked,
            },
            // A draft may be edited: what that ends is the gate's business, and has its own tests.
            contract: generation(local.root),
            commit: generation(0),
            tree: generation(0),
            code: None,
            previous: None,
            by,
            at: *now,
            message: None,
        },
        present: present.clone(),
        previous: None,
        signature: Signature::Missing,
        in_cloud: true,
    };
    Agreed {
        contract: Some(generation(local.root)),
        tree: Some(generation(0)),
        given: vec![given],
        ..Agreed::default()
    }
}

impl Protocol {
    /// Asks `promotion::decide` about what a clone and `contact` show.
    pub(super) fn promotion(
        &self,
        site: &Site,
        contact: &Refs,
        client: Client,
        version: Version,
        id: Option<Id>,
    ) -> Verdict {
        let (attempts, contract, now) = &*TEMPLATE;
        let name = Name::Draft(version);
        let local = site.refs.commit(name);
        let cloud = contact.commit(name);
        let adopted = site.adopted.get(&name).copied();
        let related = |with: Option<Commit>| {
            with.filter(|with| local.is_some_and(|local| local.root == with.root))
        };
        let mut known = BTreeMap::new();
        let mut folded = Vec::new();
        for owner in 0..self.clients {
            let name = Name::Evolution(version, owner);
            let (mine, there) = (site.refs.commit(name), contact.commit(name));
            let best = match (mine, there) {
                (Some(mine), Some(there)) if mine.contains(there) => Some(mine),
                (_, Some(there)) => Some(there),
                // Gone from the cloud since it was taken over, or a colleague's: not ours to publish.
                (Some(mine), None) => {
                    (owner == client && site.adopted.get(&name) != Some(&mine)).then_some(mine)
                }
                (None, None) => None,
            };
            if let Some(best) = best {
                let mut attempt = attempts[usize::from(owner)].clone();
                attempt.evolution.generation = oid(Commit {
                    root: best.root,
                    holds: 0,
                });
                attempt.tip = oid(best);
                known.insert(attempt.tip.clone(), (owner, best));
                folded.push((attempt, there.map(oid)));
            }
        }
        let me = attempts[usize::from(client)].evolution.owner.clone();
        let id = id.map_or_else(String::new, |id| format!("{}.{}", id.0, id.1));
        let relation_to =
            |there: Commit| local.map_or(Relation::Behind, |local| relation(local, there));
        let mut facts = Facts {
            version: "v1.0.0".parse().unwrap(),
            promotion: id,
            artifacts_of: None,
            sealed: contact.sealed(version).map(|entry| Sealed {
                version: "v1.0.0".parse().unwrap(),
                promotion: format!("{}.{}", entry.id.0, entry.id.1),
                commit: oid(entry.draft),
                tree: oid(entry.draft),
                generation: oid(entry.draft),
                draft: oid(entry.draft),
                promoter: attempts[usize::from(entry.id.0)].evolution.owner.clone(),
                promoted_at: *now,
                rules: RuleSet::default(),
                mailmap: None,
                gates: Vec::new(),
                unproven: None,
                artifacts: Vec::new(),
                artifacts_of: None,
                evolutions: Vec::new(),
                approvals: Vec::new(),
            }),
            next_free: "v9.0.0".parse().unwrap(),
            tag: None,
            local: local.map(|tip| Draft {
                root: oid(Commit {
                    root: tip.root,
                    holds: 0,
                }),
                author: me.clone(),
                tip: oid(tip),
                contract: Ok(contract.clone()),
            }),
            cloud: cloud.map(|there| CloudDraft {
                tip: oid(there),
                relation: relation_to(there),
                unseen: Vec::new(),
                in_conflict: false,
                unsound: None,
            }),
            adopted: related(adopted).map(oid),
            attempts: folded,
            agreed: Agreed::default(),
            release: Release {
                commit: oid(Commit { root: 0, holds: 1 }),
                tree: oid(Commit { root: 0, holds: 2 }),
            },
            rules: Ok(Rules::default()),
            plea: Plea::default(),
            promoter: me,
            now: *now,
            has_cloud: true,
        };
        if self.broken == Some(Broken::SealsUnseen)
            && let Some(cloud) = &mut facts.cloud
        {
            cloud.relation = Relation::Ahead;
        }
        let last = contact.words(version).max();
        let approved =
            last.filter(|(_, root, yes)| *yes && local.is_some_and(|local| local.root == *root));
        if self.approvals {
            let policy = b"approvals: [{need: 1, from: [cy@example.com]}]";
            let rules = Rules {
                present: Policy::parse(policy).unwrap(),
                ..Rules::default()
            };
            facts.agreed = said(last, local, &rules.present);
            facts.rules = Ok(rules);
        }
        let sealing = match promotion::decide(&facts) {
            Ok(Decision::Won(_)) => return Verdict::Won,
            Err(_) => return Verdict::Refused,
            Ok(Decision::Seal(sealing)) => sealing,
        };
        let deleted = promotion::deleted_with_seal(&sealing, promotion::REFS_A_PUSH - 3);
        let folded = |at: usize| known[&sealing.sealed.evolutions[at].tip];
        let draft = local.expect("what is sealed is here");
        Verdict::Seal(Sealing {
            entry: Entry {
                version,
                id: Id(client, u8::MAX),
                draft,
                approved: approved
                    .map(|(number, ..)| number)
                    .filter(|_| self.approvals),
                evolutions: (0..sealing.sealed.evolutions.len()).map(folded).collect(),
                over: cloud,
            },
            cloud_draft: cloud,
            deleted: deleted
                .into_iter()
                .map(|at| {
                    let (owner, _) = folded(at);
                    let name = Name::Evolution(version, owner);
                    (
                        name,
                        contact.commit(name).expect("what is deleted is there"),
                    )
                })
                .collect(),
        })
    }
}
