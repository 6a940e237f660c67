//! Judging valid entries: what each is disputed for (`model::dispute`), over facts gathered from the
//! objects that it reaches and from the entries before it.

mod facts;
mod many;
mod past;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use anyhow::Result;

use super::Core;
use crate::model::dispute::{self, Deed, Later, Whose};
use crate::model::disputed::{Act, Dispute, Disputed};
use crate::model::ledger::Verified;
use crate::model::moved::Half;
use crate::model::rules::RuleSet;
use crate::model::signature::Signature;
use crate::model::{Cause, Oid, Person, Refusal, Stamp, Version};
use crate::store::ledger::Ledger;
use crate::store::message::header;
use crate::store::objects::Commit;
use crate::store::raw::malformed;
use facts::unknown;

pub(crate) use many::{Step, WINDOW};
pub(crate) use past::Past;

/// What came of judging one entry.
#[derive(Clone, Debug)]
pub(crate) enum Judged {
    Holds,
    Disputed(Disputed),
    /// It is disputed, and counts in this clone all the same, which was told to trust it.
    Trusted(Disputed),
    /// This clone cannot tell: objects are not here, or a later program has to judge it.
    Unknown(String),
}

impl Core<'_> {
    /// Judges the valid entry `commit`, which goes onto `base`, and goes on to what follows it.
    ///
    /// # Errors
    /// The past cannot be read.
    pub(crate) fn judge(
        &self,
        past: &mut Past,
        commit: &Commit,
        base: &Oid,
        verified: &Verified,
    ) -> Result<Judged> {
        let own = Ledger {
            disputed: past.disputed.clone(),
            ..Ledger::new(commit.oid.clone(), commit.oid.clone())
        };
        let found = self.against(past, commit, base, &own, verified);
        // It counts for nothing here, as what is disputed does, until somebody can judge it: a later program,
        // or this one on a machine that has what it takes.
        let (why, untold) = match found {
            Ok(Ok(why)) => (why, None),
            Ok(Err(later)) => {
                let Later(rules) = later;
                let says =
                    format!("this git-gryt cannot judge it: install one that knows rules {rules}");
                (vec![dispute::by_later(later)], Some((says, false)))
            }
            Err(error) if lacks_a_program(&error) => {
                let says = unknown(&error);
                (vec![dispute::by_another_machine(&says)], Some((says, true)))
            }
            Err(error) => match malformed(error) {
                Ok(malformed) => (vec![dispute::unsound(&malformed)], None),
                Err(error) => {
                    // Objects that are not here speak neither for nor against it.
                    self.goes_on(past, &own, verified)?;
                    return Ok(Judged::Unknown(unknown(&error)));
                }
            },
        };
        if why.is_empty() {
            self.goes_on(past, &own, verified)?;
            return Ok(Judged::Holds);
        }
        let Some(act) = act(verified) else {
            return Ok(Judged::Holds);
        };
        let disputed = Disputed {
            act,
            by: commit.author.clone(),
            why,
            untold: matches!(untold, Some((_, true))),
        };
        if past.trust.contains(&commit.oid) {
            self.goes_on(past, &own, verified)?;
            return Ok(Judged::Trusted(disputed));
        }
        past.disputed.insert(commit.oid.clone(), disputed.clone());
        Ok(match untold {
            Some((says, _)) => Judged::Unknown(says),
            None => Judged::Disputed(disputed),
        })
    }

    /// What speaks against an entry.
    fn against(
        &self,
        past: &mut Past,
        commit: &Commit,
        base: &Oid,
        own: &Ledger,
        verified: &Verified,
    ) -> Result<Result<Vec<Dispute>, Later>> {
        // An entry that is no promotion: who it says did it, and what it is about.
        let (by, about): (Option<&Person>, Vec<Option<Version>>) = match verified {
            Verified::Genesis => return Ok(Ok(Vec::new())),
            Verified::Promotion(sealed) => {
                let used = self.is_used(past, &sealed.promotion)?;
                let previous = self.previous_of(past, sealed.version.product())?;
                return self.promotion(commit, base, own, sealed, used, previous.as_ref());
            }
            Verified::Withdrawal(withdrawal, _) => {
                (Some(&withdrawal.by), vec![Some(withdrawal.version.clone())])
            }
            Verified::Accepted(acceptance) => {
                let about = past.disputed.get(&acceptance.entry);
                let versions = about.map(Disputed::about).unwrap_or_default();
                // One that is about no version is about the project.
                let about = match versions.is_empty() {
                    true => vec![None],
                    false => versions.into_iter().cloned().map(Some).collect(),
                };
                (Some(&acceptance.by), about)
            }
            Verified::Moved(moved) => match moved.half {
                Half::Left => (Some(&moved.by), vec![None]),
                // Once it has left, any clone may fill the new place.
                Half::Arrived => (Some(&moved.by), Vec::new()),
            },
            // Who is said to have released what is imported is whoever did, long ago.
            Verified::Import(all) => (None, all.iter().map(|i| Some(i.version.clone())).collect()),
        };
        let at = said_at(verified, commit);
        let unsigned = Deed {
            author: &commit.author,
            committer: &commit.committer,
            rules: RuleSet::named(header(&commit.message).rules.as_deref()),
            by,
            signature: &Signature::Missing,
            at: Some(&at),
        };
        let latest = RuleSet::CURRENT;
        if about.is_empty() {
            return Ok(dispute::deed(&unsigned, None, None, latest));
        }
        let mut found = Vec::new();
        let mut policies: BTreeMap<Option<String>, Option<Whose>> = BTreeMap::new();
        for version in &about {
            let product = version.as_ref().and_then(Version::product);
            let whose = match policies.entry(product.map(str::to_owned)) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => unknown.insert(self.whose(past, own, product)?),
            };
            let asked = whose.as_ref().filter(|whose| whose.policy.signs_anywhere());
            let signature = match asked {
                Some(whose) => self.signature(&commit.oid, &whose.blocks)?,
                None => Signature::Missing,
            };
            let deed = Deed {
                signature: &signature,
                ..unsigned
            };
            match dispute::deed(&deed, version.as_ref(), whose.as_ref(), latest) {
                Ok(more) => {
                    for one in more {
                        if !found.contains(&one) {
                            found.push(one);
                        }
                    }
                }
                Err(later) => return Ok(Err(later)),
            }
        }
        Ok(Ok(found))
    }
}

/// The time that an entry names; where it names none, that of its commit.
fn said_at(verified: &Verified, commit: &Commit) -> Stamp {
    match verified {
        Verified::Promotion(sealed) => sealed.promoted_at,
        Verified::Withdrawal(withdrawal, _) => withdrawal.at,
        Verified::Accepted(acceptance) => acceptance.at,
        Verified::Moved(moved) => moved.at,
        Verified::Genesis | Verified::Import(_) => commit.at,
    }
}

/// Whether something cannot be told because this machine lacks a program.
fn lacks_a_program(error: &anyhow::Error) -> bool {
    let refusal = error.downcast_ref::<Refusal>();
    refusal.is_some_and(|refusal| refusal.cause == Cause::NoProgram)
}

/// What an entry does; a genesis does nothing.
fn act(verified: &Verified) -> Option<Act> {
    Some(match verified {
        Verified::Promotion(sealed) => Act::Promotion(sealed.version.clone()),
        Verified::Withdrawal(withdrawal, number) => Act::Withdrawal {
            version: withdrawal.version.clone(),
            number: *number,
        },
        Verified::Import(all) => Act::Import(all.iter().map(|i| i.version.clone()).collect()),
        Verified::Accepted(acceptance) => Act::Acceptance(acceptance.entry.clone()),
        Verified::Moved(moved) => Act::Move(moved.half),
        Verified::Genesis => return None,
    })
}
