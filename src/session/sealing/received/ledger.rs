//! The entries that a push adds to the ledger: each is valid, not disputed, and of this day.

use anyhow::Result;

use super::standing::Standing;
use crate::git::refs::Update;
use crate::model::disputed::Disputed;
use crate::model::globs::Globs;
use crate::model::ledger::{Check, Verified, check};
use crate::model::receive::{Times, Wrong, admit};
use crate::model::sealed::Sealed;
use crate::model::verdict::Gate;
use crate::model::{Oid, Stamp};
use crate::session::core::chain::CHUNK;
use crate::session::core::judge::{Judged, Past};
use crate::session::sealing::Sealing;
use crate::store::ledger::Ledger;
use crate::store::message::header;
use crate::store::objects::Commit;
use crate::store::raw::malformed;

/// An entry on the way along a chain.
pub(super) struct Passed<'a> {
    oid: &'a Oid,
    /// The latest time of an entry before it.
    before: Option<&'a Stamp>,
    what: What<'a>,
}

/// What an entry turns out to be.
enum What<'a> {
    /// It contributes nothing.
    Invalid(String),
    /// A later program wrote it.
    Later(String),
    Valid(&'a Commit, &'a Verified, Judged),
}

/// Whether a chain is gone along further.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Next,
    Stop,
}

impl Sealing<'_> {
    /// Judges the move of a ledger that stands so. Where it goes on, what it is after it.
    pub(super) fn received_ledger(
        self,
        standing: Option<&Standing>,
        update: &Update,
        moves: &[Update],
    ) -> Result<Result<Standing, Wrong>> {
        let Some(new) = &update.new else {
            return Ok(Err(Wrong::LedgerGone));
        };
        if !self.core.store.is_commit(new) {
            let why = "it is not a commit".to_owned();
            return Ok(Err(Wrong::NoLedger { why }));
        }
        let Some(standing) = standing else {
            return self.begun(new, moves);
        };
        let Some(chain) = self.since(&standing.tip, new)? else {
            let at = standing.tip.clone();
            return Ok(Err(Wrong::LedgerRewound { at }));
        };
        let mut wrong = None;
        let mut trouble = None;
        let after = self.go_on(Some(standing), &chain, |passed| {
            match self.of_this_day(&passed, moves) {
                Ok(found) => wrong = found,
                Err(error) => trouble = Some(error),
            }
            match wrong.is_none() && trouble.is_none() {
                true => Step::Next,
                false => Step::Stop,
            }
        })?;
        if let Some(trouble) = trouble {
            return Err(trouble);
        }
        Ok(match wrong {
            Some(wrong) => Err(wrong),
            None => Ok(after.unwrap_or_else(|| standing.clone())),
        })
    }

    /// A ledger that begins here, with its first entry or without; or one that comes from another place with
    /// all of its history: that is taken as it is, and what of it is disputed stays so.
    fn begun(self, new: &Oid, moves: &[Update]) -> Result<Result<Standing, Wrong>> {
        let chain = match self.core.entries(new) {
            Ok(chain) => chain,
            Err(error) => {
                let why = malformed(error)?.to_string();
                return Ok(Err(Wrong::NoLedger { why }));
            }
        };
        if let Some(other) = self.other_genesis(chain.first())? {
            let why = format!("the ledger of this repository begins at {}", other.short());
            return Ok(Err(Wrong::NoLedger { why }));
        }
        let mut wrong = None;
        let mut trouble = None;
        let after = self.go_on(None, &chain, |passed| {
            if chain.len() == 2 && *passed.oid == chain[1] {
                match self.of_this_day(&passed, moves) {
                    Ok(found) => wrong = found,
                    Err(error) => trouble = Some(error),
                }
                return Step::Stop;
            }
            let entry = passed.oid.clone();
            match passed.what {
                What::Invalid(why) if *passed.oid == chain[0] => {
                    wrong = Some(Wrong::NoLedger { why });
                }
                What::Later(why) => wrong = Some(untold(entry, &why)),
                What::Invalid(_) | What::Valid(..) => return Step::Next,
            }
            Step::Stop
        })?;
        if let Some(trouble) = trouble {
            return Err(trouble);
        }
        Ok(match (wrong, after) {
            (None, Some(after)) => Ok(after),
            (Some(wrong), _) => Err(wrong),
            (None, None) => Err(Wrong::NoLedger {
                why: "it has no entry".into(),
            }),
        })
    }

    /// The genesis of a ledger that is at a place of gryt's here, and does not begin as the one that is to begin.
    fn other_genesis(self, genesis: Option<&Oid>) -> Result<Option<Oid>> {
        for prefix in self.own_prefixes() {
            let Some(tip) = self.core.store.tip(&format!("{prefix}ledger"))? else {
                continue;
            };
            let here = self.genesis(&tip);
            if here.is_some() && here.as_ref() != genesis {
                return Ok(here);
            }
        }
        Ok(None)
    }

    /// What is wrong with an entry that comes now.
    fn of_this_day(self, passed: &Passed<'_>, moves: &[Update]) -> Result<Option<Wrong>> {
        let entry = passed.oid.clone();
        let (commit, verified, judged) = match &passed.what {
            What::Invalid(why) => {
                let why = why.clone();
                return Ok(Some(Wrong::Invalid { entry, why }));
            }
            What::Later(why) => return Ok(Some(untold(entry, why))),
            What::Valid(commit, verified, judged) => (commit, verified, judged),
        };
        match judged {
            Judged::Disputed(disputed) => return Ok(Some(of_dispute(entry, verified, disputed))),
            Judged::Unknown(why) => {
                let why = why.clone();
                return Ok(Some(Wrong::Untold { entry, why }));
            }
            Judged::Holds | Judged::Trusted(_) => {}
        }
        let times = Times {
            commit: &commit.at,
            says: says(verified),
            before: passed.before,
        };
        if let Some(why) = times.wrong(&self.core.ctx.now()) {
            let why = why.to_owned();
            return Ok(Some(Wrong::Untimely { entry, why }));
        }
        match verified {
            Verified::Promotion(sealed) if header(&commit.message).original.is_none() => {
                self.is_on_a_branch(passed.oid, sealed, moves)
            }
            Verified::Genesis
            | Verified::Promotion(_)
            | Verified::Withdrawal(..)
            | Verified::Import(_)
            | Verified::Moved(_)
            | Verified::Accepted(_) => Ok(None),
        }
    }

    /// Whether a branch of this server, as the push leaves it, holds the release commit. A tag alone may,
    /// where its promoter meant it (`--with-commits`), unless this server asks for a branch.
    fn is_on_a_branch(
        self,
        entry: &Oid,
        sealed: &Sealed,
        moves: &[Update],
    ) -> Result<Option<Wrong>> {
        let mut tips = self.core.store.branches()?;
        for update in moves {
            match &update.new {
                Some(new) => tips.insert(update.name.clone(), new.clone()),
                None => tips.remove(&update.name),
            };
        }
        // A ledger among the branches holds what it seals, and evolutions what they prove.
        let own = self.own_prefixes().map(str::to_owned);
        tips.retain(|name, tip| {
            let is_shared = own.iter().any(|prefix| name.starts_with(prefix.as_str()));
            name.starts_with("refs/heads/") && !is_shared && !self.is_entry(tip)
        });
        let commits = [sealed.commit.clone()];
        let excused = sealed
            .gates
            .iter()
            .any(|verdict| verdict.gate == Gate::AllowedBranches && verdict.excuse.is_some());
        let ledger = Ledger::new(entry.clone(), entry.clone());
        let policy = self.core.sealed_policy(&ledger, &sealed.version)?;
        if let (Some(allowed), false) = (policy.about(&sealed.version).allowed_branches, excused) {
            let globs = Globs::checked(&allowed);
            let named = tips.iter().filter(|(name, _)| {
                let name = name.strip_prefix("refs/heads/");
                name.is_some_and(|name| globs.name(name))
            });
            let tips = named.map(|(_, tip)| tip);
            if !self.core.store.held_by_none(&commits, tips)?.is_empty() {
                return Ok(Some(Wrong::OnOtherBranch {
                    version: sealed.version.clone(),
                    commit: sealed.commit.clone(),
                    allowed,
                }));
            }
        }
        if self
            .core
            .store
            .held_by_none(&commits, tips.values())?
            .is_empty()
        {
            return Ok(None);
        }
        let (version, commit) = (sealed.version.clone(), sealed.commit.clone());
        if self.requires_branch()? {
            return Ok(Some(Wrong::OnNoBranch { version, commit }));
        }
        let commit = commit.short();
        self.core.ctx.warn(format!(
            "{version} releases {commit}, which is on no branch here: push the branch that holds it"
        ));
        Ok(None)
    }

    /// The entries from `old` to `new`, oldest first, without `old`; none where `new` does not go on from it.
    pub(super) fn since(self, old: &Oid, new: &Oid) -> Result<Option<Vec<Oid>>> {
        let mut chain = Vec::new();
        for commit in self.core.store.first_parents(new) {
            match commit {
                Ok(commit) if commit.oid == *old => {
                    chain.reverse();
                    return Ok(Some(chain));
                }
                Ok(commit) => chain.push(commit.oid),
                Err(error) => {
                    malformed(error)?;
                    return Ok(None);
                }
            }
        }
        Ok(None)
    }

    /// Goes along a chain from where a ledger stands, or from its genesis, and judges each entry.
    pub(super) fn go_on(
        self,
        start: Option<&Standing>,
        chain: &[Oid],
        mut each: impl FnMut(Passed<'_>) -> Step,
    ) -> Result<Option<Standing>> {
        let admitted = self.admitted()?;
        let mut after = start.cloned();
        let mut past = Past::of(start.map(Standing::ledger), &self.core.config.trust);
        for (nth, oid) in chain.iter().enumerate() {
            if nth % CHUNK == CHUNK - 1 {
                self.core.store.let_go()?;
            }
            let base = after.as_ref().map(|after| after.base.clone());
            let (commit, checked) = match self.checked(oid, base.as_ref())? {
                Ok(read) => read,
                Err(why) => {
                    if let Some(after) = &mut after {
                        after.tip = oid.clone();
                    }
                    let what = What::Invalid(why);
                    let before = after.as_ref().map(|after| &after.latest);
                    match each(Passed { oid, before, what }) {
                        Step::Next => continue,
                        Step::Stop => break,
                    }
                }
            };
            let before = after.as_ref().map(|after| after.latest);
            let mut is_valid = false;
            let verified;
            let what = match checked {
                Check::Invalid(why) => What::Invalid(why),
                Check::Unknown(why) => What::Later(why),
                Check::Valid(valid) => {
                    verified = valid;
                    is_valid = true;
                    if let Verified::Promotion(sealed) = &verified
                        && admitted.contains(&admit(&sealed.version, &sealed.commit))
                    {
                        past.trust_also(oid);
                    }
                    let judged = match &base {
                        Some(base) => self.core.judge(&mut past, &commit, base, &verified)?,
                        None => Judged::Holds,
                    };
                    What::Valid(&commit, &verified, judged)
                }
            };
            let goes_on = each(Passed {
                oid,
                before: before.as_ref(),
                what,
            });
            match (&mut after, is_valid) {
                (Some(after), valid) => {
                    after.tip = oid.clone();
                    if valid {
                        after.base = oid.clone();
                        after.latest = after.latest.max(commit.at);
                        after.disputed.clone_from(&past.disputed);
                    }
                }
                (after @ None, true) => {
                    *after = Some(Standing {
                        genesis: oid.clone(),
                        tip: oid.clone(),
                        base: oid.clone(),
                        disputed: past.disputed.clone(),
                        latest: commit.at,
                    });
                }
                (None, false) => {}
            }
            if goes_on == Step::Stop {
                break;
            }
        }
        Ok(after)
    }

    /// An entry that was checked; why not, where it is no sound commit.
    fn checked(self, oid: &Oid, base: Option<&Oid>) -> Result<Result<(Commit, Check), String>> {
        let read = || {
            let commit = self.core.store.commit(oid)?;
            let entry = self.core.store.entry(&commit, base)?;
            Ok((commit, check(&entry, base)))
        };
        match read() {
            Ok(read) => Ok(Ok(read)),
            Err(error) => Ok(Err(malformed(error)?.to_string())),
        }
    }
}

fn untold(entry: Oid, what: &str) -> Wrong {
    let why = format!("it is of {what}, and a later git-gryt than this server's wrote it");
    Wrong::Untold { entry, why }
}

fn of_dispute(entry: Oid, verified: &Verified, disputed: &Disputed) -> Wrong {
    let admit = match verified {
        Verified::Promotion(sealed) => Some(admit(&sealed.version, &sealed.commit)),
        Verified::Genesis
        | Verified::Withdrawal(..)
        | Verified::Import(_)
        | Verified::Moved(_)
        | Verified::Accepted(_) => None,
    };
    Wrong::Disputed {
        entry,
        act: disputed.act.to_string(),
        why: disputed.why.clone(),
        admit,
    }
}

/// When an entry says that it happened.
fn says(verified: &Verified) -> Option<&Stamp> {
    match verified {
        Verified::Promotion(sealed) => Some(&sealed.promoted_at),
        Verified::Withdrawal(withdrawal, _) => Some(&withdrawal.at),
        Verified::Accepted(acceptance) => Some(&acceptance.at),
        Verified::Moved(moved) => Some(&moved.at),
        Verified::Genesis | Verified::Import(_) => None,
    }
}
