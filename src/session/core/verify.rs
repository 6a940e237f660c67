//! Checking the ledger, entry by entry, from what was checked before.

use std::collections::HashSet;
use std::iter::Enumerate;
use std::vec::IntoIter;

use anyhow::Result;

use super::Core;
use super::beyond::Entry;
use super::chain::CHUNK;
use super::judge::{Judged, Past, Step, WINDOW};
use crate::context::Counting;
use crate::git::refs::Update;
use crate::model::disputed::{Disputed, Rule};
use crate::model::ledger::{Check, check};
use crate::model::{Exit, Invalid, Oid, Refusal};
use crate::store::ledger::Ledger;
use crate::store::raw::malformed;
use crate::store::{Refs, Store, names};

/// A ledger that checks.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    /// The first commit, which is the ledger's identity.
    pub genesis: Oid,
    pub ledger: Ledger,
    /// Entries that contribute nothing, and why.
    pub invalid: Vec<(Oid, String)>,
    /// What this clone verified before, where this chain does not descend from it and holds all that
    /// it says: the cloud had lost it, and somebody put it back (docs/remotes.md, "What was lost").
    pub instead_of: Option<Oid>,
}

/// A chain of entries that is being checked, oldest first.
struct Chain<'c> {
    /// Those that were not looked at yet.
    entries: Enumerate<IntoIter<Oid>>,
    /// The last valid entry.
    base: Option<Oid>,
    /// Entries that contribute nothing, and why.
    invalid: Vec<(Oid, String)>,
    counting: Counting<'c>,
}

impl Chain<'_> {
    /// Checks more entries, and returns the valid ones but for the genesis; none at the end.
    ///
    /// # Errors
    /// An entry is of a later format, or the first is no genesis.
    fn go_on(&mut self, core: &Core<'_>) -> Result<Vec<Step>> {
        let mut found = Vec::new();
        while found.len() < WINDOW
            && let Some((nth, oid)) = self.entries.next()
        {
            self.counting.step();
            if nth % CHUNK == CHUNK - 1 {
                core.store.let_go()?;
            }
            let commit = core.store.commit(&oid).map_err(|error| core.cut(error))?;
            let entry = match core.store.entry(&commit, self.base.as_ref()) {
                Ok(entry) => entry,
                Err(error) => {
                    let why = malformed(error).map_err(|error| core.cut(error))?;
                    self.invalid.push((commit.oid, why.to_string()));
                    continue;
                }
            };
            match check(&entry, self.base.as_ref()) {
                Check::Valid(verified) => {
                    let base = self.base.replace(commit.oid.clone());
                    found.extend(base.map(|base| Step {
                        commit,
                        base,
                        verified,
                    }));
                }
                Check::Invalid(why) if self.base.is_none() => {
                    return Err(Refusal::new(
                        Exit::Rewritten,
                        format!("The cloud's ledger does not begin with a genesis: {why}"),
                    )
                    .into());
                }
                Check::Invalid(why) => self.invalid.push((commit.oid, why)),
                Check::Unknown(what) => {
                    return Err(Refusal::new(
                        Exit::Failure,
                        format!("The ledger holds an entry of {what}, which this gryt cannot read"),
                    )
                    .because("A newer git-gryt wrote it: upgrade before you go on")
                    .into());
                }
            }
        }
        Ok(found)
    }
}

/// Whether a chain is judged, or what is known of it already is enough.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Judging {
    Now,
    Known,
}

impl Core<'_> {
    /// Checks the ledger at `tip`: it descends by first parents from what this clone verified
    /// before, or is checked from its genesis in a clone that has verified none.
    ///
    /// # Errors
    /// [`Exit::Rewritten`] where it does not descend, or is another project's;
    /// [`Exit::Failure`] where an entry is of a later format, or the history is cut.
    pub(crate) fn verify(&self, refs: &Refs, tip: &Oid) -> Result<Checked> {
        let pair = |(genesis, tip): (&str, &Oid)| Some((genesis.parse().ok()?, tip.clone()));
        let known: Vec<(Oid, Oid)> = refs.below(names::VERIFIED).filter_map(pair).collect();
        if let Err(error) = self.store.commit(tip) {
            let why = malformed(error).map_err(|error| self.cut(error))?;
            return Err(self.no_ledger(tip, &why, &known)?.into());
        }
        let mut fresh: Vec<Oid> = Vec::new();
        let mut start = None;
        for commit in self.store.first_parents(tip) {
            let commit = commit.map_err(|error| self.cut(error))?;
            // What is trusted now and was not then, or the other way round, may have been what others were
            // judged by; and a later program can tell of what an earlier one could not.
            let judged = |genesis: &Oid| {
                let (store, trust) = (&self.store, &self.config.trust);
                store.was_judged_so(refs, genesis.as_str(), trust, || self.has_gpg())
            };
            if let Some(found) = known.iter().find(|(_, tip)| *tip == commit.oid)
                && judged(&found.0)?
            {
                start = Some(found.clone());
                break;
            }
            fresh.push(commit.oid);
        }
        fresh.reverse();
        match start {
            Some((genesis, verified)) => {
                let valid = refs.get(&names::valid(&genesis));
                let (base, mut chain) = self.since_valid(refs, valid, &verified)?;
                chain.extend(fresh.iter().cloned());
                let mut checked =
                    self.check_chain(refs, genesis, base, chain, tip, Judging::Now)?;
                // What came before was told when it came.
                let fresh: HashSet<&Oid> = fresh.iter().collect();
                checked.invalid.retain(|(entry, _)| fresh.contains(entry));
                Ok(checked)
            }
            None => {
                let genesis = fresh[0].clone();
                let before = known.iter().find(|(known, _)| *known == genesis);
                // It descends from what was verified, and is judged again by what is trusted now.
                if before.is_some_and(|(_, before)| fresh.contains(before)) {
                    return self.check_chain(refs, genesis, None, fresh, tip, Judging::Now);
                }
                self.may_be_behind(refs, tip, &known)?;
                if let Some((_, before)) = before {
                    let before = before.clone();
                    return self.put_back(refs, genesis, fresh, tip, before);
                }
                self.may_begin(&genesis, &known)?;
                let checked = self.check_chain(refs, genesis, None, fresh, tip, Judging::Now)?;
                if known.is_empty() {
                    self.heed_unmatched_tags(&checked.genesis, &checked.ledger)?;
                }
                Ok(checked)
            }
        }
    }

    /// The refusal of something that is no commit where the cloud's ledger has to be. Who pushed it there
    /// overwrote the ledger.
    fn no_ledger(&self, tip: &Oid, why: &Invalid, known: &[(Oid, Oid)]) -> Result<Refusal> {
        let what = "What the cloud has as its ledger is not a commit, and nothing was taken over";
        let mut refusal = Refusal::new(Exit::Rewritten, what)
            .because(why.to_string())
            .because("Somebody overwrote the ledger by a forced push");
        if let [(_, verified)] = known {
            refusal = refusal
                .because("This puts back what this clone verified, once the team agrees")
                .then(self.clears(names::LEDGER, tip, Some(verified))?);
        }
        Ok(refusal)
    }

    /// The last valid entry at or before `tip` as a ref names it, and the entries since, oldest first.
    ///
    /// That ref and the ledger's move in one transaction, of which somebody who reads meanwhile, or comes
    /// after it was cut, may see the half. So what lies between the two is checked once more; and where the
    /// ref names no entry of this chain, all of it.
    fn since_valid(
        &self,
        refs: &Refs,
        valid: Option<&Oid>,
        tip: &Oid,
    ) -> Result<(Option<Oid>, Vec<Oid>)> {
        if let Some(valid) = valid
            && self.store.is_tail(refs, tip, valid)?
        {
            return Ok((Some(valid.clone()), Vec::new()));
        }
        let mut since = Vec::new();
        for commit in self.store.first_parents(tip) {
            let commit = commit.map_err(|error| self.cut(error))?;
            if Some(&commit.oid) == valid {
                since.reverse();
                return Ok((Some(commit.oid), since));
            }
            since.push(commit.oid);
        }
        since.reverse();
        Ok((None, since))
    }

    /// Checks a chain that does not descend from what was verified `before`. It is taken all the same
    /// where it holds all that was verified.
    fn put_back(
        &self,
        refs: &Refs,
        genesis: Oid,
        chain: Vec<Oid>,
        tip: &Oid,
        before: Oid,
    ) -> Result<Checked> {
        let own = self.verified(refs, &genesis, &before)?;
        let known: HashSet<Oid> = chain.iter().cloned().collect();
        let lost = self.beyond(&own, &known)?;
        let is_older = self.entries(&before)?.contains(tip);
        if is_older {
            return Err(rewritten(&lost).into());
        }
        let mut checked = self.check_chain(refs, genesis, None, chain, tip, Judging::Now)?;
        if !self.holds(&checked.ledger, &lost)? {
            return Err(rewritten(&lost).into());
        }
        checked.instead_of = Some(before);
        Ok(checked)
    }

    /// A ledger as this clone verified it.
    ///
    /// # Errors
    /// What is known to be disputed cannot be read.
    pub(crate) fn verified(&self, refs: &Refs, genesis: &Oid, tip: &Oid) -> Result<Ledger> {
        let base = refs.get(&names::valid(genesis)).unwrap_or(tip).clone();
        Ok(Ledger {
            disputed: self.store.disputes(refs)?,
            ..Ledger::new(tip.clone(), base)
        })
    }

    /// Checks a whole ledger, whatever was verified before.
    ///
    /// # Errors
    /// As [`verify`](Core::verify).
    pub(crate) fn check_whole(&self, tip: &Oid) -> Result<Checked> {
        let chain = self.entries(tip)?;
        let refs = self.store.refs()?;
        self.check_chain(&refs, chain[0].clone(), None, chain, tip, Judging::Now)
    }

    /// A ledger that lies on the way to what was verified is an old one. From an address that never
    /// showed a later one it is a fork or a mirror; otherwise it was rewound.
    fn may_be_behind(&self, refs: &Refs, tip: &Oid, known: &[(Oid, Oid)]) -> Result<()> {
        if self.was_seen(refs)? {
            return Ok(());
        }
        for (_, verified) in known {
            for (count, commit) in self.store.first_parents(verified).enumerate() {
                if commit.map_err(|error| self.cut(error))?.oid != *tip {
                    continue;
                }
                let remote = self.cloud_name()?;
                let what = format!("The ledger of {remote} is {count} entries behind this clone's");
                return Err(Refusal::new(Exit::OutOfStep, what)
                    .because("It is a fork or a mirror of this project that is not up to date")
                    .because("Nothing was taken over")
                    .then(format!("git push {remote} {}", self.refspec("ledger")))
                    .then("git gryt config remote NAME")
                    .into());
            }
        }
        Ok(())
    }

    /// Whether the cloud's address ever showed a ledger.
    pub(crate) fn was_seen(&self, refs: &Refs) -> Result<bool> {
        let address = self.address()?;
        Ok(address.is_some_and(|address| refs.get(&names::seen(&address)).is_some()))
    }

    /// The cloud's address as the name of a ref can hold it.
    fn address(&self) -> Result<Option<Oid>> {
        let address = self.cloud_address();
        address
            .map(|address| Store::blob_id(address.as_bytes()))
            .transpose()
    }

    /// Whether a chain that reaches back to `genesis` without meeting what was verified is one
    /// that this clone may take up.
    fn may_begin(&self, genesis: &Oid, known: &[(Oid, Oid)]) -> Result<(), Refusal> {
        let expected = self.config.ledger.as_ref();
        let named = expected.or(known.first().map(|(g, _)| g));
        match named {
            Some(named) if named != genesis => {
                let refusal =
                    Refusal::new(Exit::Rewritten, "The cloud's ledger is another project's")
                        .because(format!("It begins at {}", genesis.short()))
                        .because(format!("This project's begins at {}", named.short()));
                Err(self.elsewhere(refusal).then("git gryt config remote NAME"))
            }
            _ => Ok(()),
        }
    }

    fn check_chain(
        &self,
        refs: &Refs,
        genesis: Oid,
        base: Option<Oid>,
        fresh: Vec<Oid>,
        tip: &Oid,
        judging: Judging,
    ) -> Result<Checked> {
        let known = self.store.disputes(refs)?;
        let start = base.as_ref().map(|base| Ledger {
            disputed: known.clone(),
            ..Ledger::new(base.clone(), base.clone())
        });
        let mut past = Past::of(start, &self.config.trust);
        let length = fresh.len();
        let mut chain = Chain {
            entries: fresh.into_iter().enumerate(),
            base,
            invalid: Vec::new(),
            counting: self.ctx.counting("Checking entries", length),
        };
        let mut window = chain.go_on(self)?;
        while !window.is_empty() {
            let mut meanwhile = || chain.go_on(self);
            window = match judging {
                Judging::Now => self.judge_many(&mut past, &window, meanwhile)?,
                Judging::Known => meanwhile()?,
            };
        }
        let Chain { base, invalid, .. } = chain;
        let disputed = match judging {
            Judging::Now => past.disputed,
            Judging::Known => known,
        };
        Ok(Checked {
            ledger: Ledger {
                disputed,
                ..Ledger::new(tip.clone(), base.unwrap_or_else(|| genesis.clone()))
            },
            genesis,
            invalid,
            instead_of: None,
        })
    }

    /// Checks an entry of one's own before anybody else does, and judges it: a release must never be
    /// announced that the others then do not count.
    ///
    /// # Errors
    /// The rules that it breaks.
    pub(crate) fn check_own(&self, ledger: &Ledger, entry: &Oid) -> Result<()> {
        let Some(disputed) = self.judge_own(ledger, entry)? else {
            return Ok(());
        };
        let mut refusal = not_sent(&disputed);
        let unsigned = disputed.why.iter().any(|why| why.rule == Rule::Signed);
        if unsigned && !self.author()?.sign {
            refusal = refusal.then("git gryt config sign true");
        }
        Err(refusal.into())
    }

    /// The same; what it is disputed for is not an error.
    ///
    /// # Errors
    /// The entry is invalid.
    pub(crate) fn judge_own(&self, ledger: &Ledger, entry: &Oid) -> Result<Option<Disputed>> {
        let commit = self.store.commit(entry)?;
        let facts = self.store.entry(&commit, Some(&ledger.base))?;
        let verified = match check(&facts, Some(&ledger.base)) {
            Check::Valid(verified) => verified,
            Check::Invalid(why) | Check::Unknown(why) => {
                if let Some(refusal) = self.store.gone(ledger)? {
                    return Err(refusal.into());
                }
                return Err(Refusal::new(
                    Exit::Failure,
                    "This promotion would not be valid, so it was not sent",
                )
                .because(why)
                .into());
            }
        };
        let mut past = Past::of(Some(ledger.clone()), &self.config.trust);
        match self.judge(&mut past, &commit, &ledger.base, &verified)? {
            Judged::Disputed(disputed) => Ok(Some(disputed)),
            // What this clone cannot tell was judged by what it can when that was decided.
            Judged::Holds | Judged::Trusted(_) | Judged::Unknown(_) => Ok(None),
        }
    }

    /// The updates that remember that the cloud's ledger was checked.
    ///
    /// # Errors
    /// The cloud's address cannot be named.
    pub(crate) fn remember(&self, refs: &Refs, checked: &Checked) -> Result<Vec<Update>> {
        let genesis = &checked.genesis;
        let ledger = self.store.settled(&checked.ledger)?;
        let mut updates = vec![
            refs.change(names::valid(genesis), Some(&ledger.base)),
            refs.change(names::verified(genesis), Some(&ledger.tip)),
        ];
        let disputed = self.store.write_disputes(&ledger, &self.config.trust)?;
        updates.push(refs.change(names::disputed(genesis), disputed.as_ref()));
        if let Some(address) = self.address()? {
            updates.push(refs.change(names::seen(&address), Some(&ledger.tip)));
        }
        let own = refs.get(names::LEDGER);
        for old in checked
            .instead_of
            .iter()
            .flat_map(|before| [Some(before), own])
        {
            updates.extend(old.map(|old| refs.change(names::replaced(old), Some(old))));
        }
        updates.dedup();
        Ok(updates)
    }

    /// This clone's own ledger, which was checked when it was taken over or written. It may be
    /// behind what was verified of the cloud's.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn ledger(&self, refs: &Refs) -> Result<Option<Ledger>> {
        let Some(tip) = refs.get(names::LEDGER) else {
            return Ok(None);
        };
        // A mirror clone brings the ledger and nothing of what was known about it.
        let (base, since) = self.since_valid(refs, refs.get(names::BASE), tip)?;
        if let (Some(base), []) = (&base, &since[..]) {
            return Ok(Some(Ledger {
                disputed: self.store.disputes(refs)?,
                ..Ledger::new(tip.clone(), base.clone())
            }));
        }
        let genesis = base.iter().chain(&since).next().unwrap_or(tip).clone();
        let checked = self.check_chain(refs, genesis, base, since, tip, Judging::Known)?;
        Ok(Some(checked.ledger))
    }
}

/// The refusal of an entry of one's own that everybody would dispute.
pub(crate) fn not_sent(disputed: &Disputed) -> Refusal {
    let act = &disputed.act;
    let what = format!("Every clone would dispute {act}, so it was not sent");
    let mut refusal = Refusal::new(Exit::Gate, what);
    refusal.why = disputed.why.iter().map(ToString::to_string).collect();
    refusal
}

/// The refusal of a ledger that lacks what this clone verified.
fn rewritten(lost: &[Entry]) -> Refusal {
    let what = "The cloud's ledger was rewritten: it no longer holds what this clone verified";
    let mut refusal = Refusal::new(Exit::Rewritten, what);
    let sealed = |entry: &Entry| match entry {
        Entry::Promotion(_, sealed) => Some(sealed.version.to_string()),
        Entry::Withdrawal(..) | Entry::Import(_) | Entry::Accepted(_) | Entry::Move => None,
    };
    let sealed: Vec<String> = lost.iter().filter_map(sealed).collect();
    if let [.., last] = &sealed[..] {
        let more = match sealed.len() - 1 {
            0 => String::new(),
            more => format!(" and {more} before it"),
        };
        refusal = refusal.because(format!(
            "It lacks the promotion of {last}{more}, which the cloud had acknowledged or shown"
        ));
    }
    refusal
        .because("Nothing was taken over")
        .because("This shows what can be put back from this clone. Ask the team before you do it")
        .then("git gryt sync push --republish --dry-run")
}
