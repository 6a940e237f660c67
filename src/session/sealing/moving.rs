//! Moving the project's ledger to another place (docs/remotes.md, "Moving"): the two entries, what goes
//! along, and what a clone that follows sends again.
//!
//! The entry that leaves the old place is the commit point. Cut short after it, whoever comes next brings
//! the ledger to the new place; nobody can go on at the old one.

use std::collections::BTreeMap;

use anyhow::Result;

use super::Sealing;
use crate::git::push::Manner;
use crate::git::refs::Update;
use crate::model::host::Ability;
use crate::model::mailmap::People;
use crate::model::moved::{Half, Moved, Place};
use crate::model::promotion::REFS_A_PUSH;
use crate::model::reconcile::Relation;
use crate::model::{Exit, Oid, Refusal};
use crate::remote::Remote;
use crate::session::core::contact::Contact;
use crate::store::ledger::Ledger;
use crate::store::names;

/// How often a place is looked at again that others bring the ledger to, too.
const TRIES: usize = 3;

/// A place that a ledger can be at: a configured remote, and what its refs begin with there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub remote: String,
    pub prefix: String,
}

/// The shared refs of a place, by the names that they have here.
type Tips = BTreeMap<String, Oid>;

/// How a place stands to the ledger that is to go there.
enum Fit {
    /// It has none, or an earlier one of the same.
    Behind(Option<Oid>),
    /// It goes on from it.
    Ahead(Ledger),
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {}", self.prefix, self.remote)
    }
}

impl Sealing<'_> {
    /// Moves the ledger, and what is shared beside it, to `target`. Cut short, the same call goes on.
    ///
    /// # Errors
    /// [`Exit::Gate`] where this person may not, [`Exit::Conflict`] where something else is there,
    /// [`Exit::Remote`] where a place refuses or does not answer.
    pub(crate) fn move_to(self, target: &Target) -> Result<()> {
        let contact = self.cloud.contact_anywhere(None)?;
        let Some(ledger) = contact.ledger() else {
            return Err(
                Refusal::new(Exit::Invalid, "There is no ledger to move yet")
                    .because("It begins wherever the settings say")
                    .then(format!(
                        "git gryt config --shared remote_prefix {}",
                        target.prefix
                    ))
                    .into(),
            );
        };
        let here = self.here()?;
        let to = self.place_of(target)?;
        if let Some(open) = self.core.store.left(ledger)? {
            if open.to != to {
                let disputed = ledger.disputed.get(&ledger.base);
                return Err(open.gone(disputed).into());
            }
            let left = self.core.store.settled(ledger)?;
            return self.bring(target, &left, &open, &contact);
        }
        if *target == here {
            let what = format!("The ledger is at {target} already");
            return Err(Refusal::new(Exit::Usage, what).into());
        }
        self.may_move(ledger)?;
        let there = self.look_at(target)?;
        if let Fit::Ahead(_) = self.fit(&there, &ledger.tip, target)? {
            let what = format!("{target} holds a later ledger of this project than {here}");
            return Err(Refusal::new(Exit::Conflict, what)
                .because("It went on there: nothing was moved")
                .into());
        }
        let (by, me) = (self.core.author()?, self.core.me()?);
        let moved = Moved {
            id: self.core.ctx.nonce(),
            half: Half::Left,
            to,
            by: me,
            at: by.committer.at,
        };
        let held = beside(&contact.cloud);
        let left = self.core.store.write_move(by, ledger, &moved, &held)?;
        self.core.check_own(ledger, &left)?;
        let leaving = Update::new(names::LEDGER, Some(&ledger.tip), Some(&left));
        let left = Ledger {
            disputed: ledger.disputed.clone(),
            ..Ledger::new(left.clone(), left)
        };
        let mut updates = vec![at(&here, &leaving)];
        let alone = updates.clone();
        let copies = self.copies(&there, &held, |_, _| true)?;
        // Where it can be one step, it is.
        let whole = target.remote == here.remote
            && self.core.does(Ability::AtomicPushes)
            && copies.len() + 2 <= self.core.refs_a_push();
        if whole {
            let arrived = self.write_arrival(&left, &moved)?;
            let arrival = Update::new(names::LEDGER, there.get(names::LEDGER), Some(&arrived));
            updates.extend(
                copies
                    .iter()
                    .chain([&arrival])
                    .map(|update| at(target, update)),
            );
        }
        let own = self.core.remote_at(&here.remote, names::SHARED)?;
        let manner = Manner {
            atomic: whole,
            dry_run: false,
        };
        let mut report = own.push(&updates, manner)?;
        let probe = names::probe(&self.core.ctx.nonce());
        let lacks_atomic = || own.lacks_atomic(&probe, &left.tip);
        if !report.accepted() && whole && !self.has_left(&left)? && lacks_atomic()? == Some(true) {
            report = own.push(&alone, Manner::EACH)?;
        }
        if !report.accepted() && !self.has_left(&left)? {
            return Err(refused(&here, &report.said).into());
        }
        self.bring(target, &left, &moved, &contact)
    }

    /// Takes this clone to where the ledger went: by `remote`, or the one whose address the move names.
    ///
    /// # Errors
    /// [`Exit::Usage`] where it has not moved; those of [`move_to`](Sealing::move_to).
    pub(crate) fn follow(self, remote: Option<&str>) -> Result<Target> {
        let contact = self.cloud.contact_anywhere(None)?;
        let Some((ledger, open)) = self.open_move(&contact)? else {
            let what = format!("The ledger has not moved: it is at {}", self.here()?);
            return Err(Refusal::new(Exit::Usage, what).into());
        };
        if let Some(disputed) = ledger.disputed.get(&ledger.base) {
            return Err(open.gone(Some(disputed)).into());
        }
        // What others sent to the old place while it moved comes along.
        self.cloud.adopt(&contact)?;
        let target = self.target_of(&open.to, remote)?;
        self.bring(&target, &ledger, &open, &contact)?;
        Ok(target)
    }

    /// Opens the old place again, where the move never arrived.
    ///
    /// # Errors
    /// [`Exit::Conflict`] where it has arrived; those of [`move_to`](Sealing::move_to).
    pub(crate) fn move_back(self) -> Result<Target> {
        let contact = self.cloud.contact_anywhere(None)?;
        let here = self.here()?;
        let Some((ledger, open)) = self.open_move(&contact)? else {
            let what = format!("The ledger has not moved: it is at {here}");
            return Err(Refusal::new(Exit::Usage, what).into());
        };
        self.may_move(&ledger)?;
        let target = self.target_of(&open.to, None);
        let seen = target.and_then(|target| Ok((self.look_at(&target)?, target)));
        match seen {
            Ok((there, target)) => {
                if let Fit::Ahead(arrived) = self.fit(&there, &ledger.tip, &target)? {
                    return Err(self.has_arrived(&ledger, &arrived, &target, &here)?.into());
                }
            }
            Err(error) => self.core.ctx.warn(format!(
                "Whether somebody went on at {} cannot be told: {error:#}",
                open.to
            )),
        }
        let back = Moved {
            half: Half::Arrived,
            to: self.place_of(&here)?,
            by: self.core.me()?,
            at: self.core.author()?.committer.at,
            id: open.id,
        };
        let by = self.core.author()?;
        let entry = self
            .core
            .store
            .write_move(by, &ledger, &back, &Tips::new())?;
        self.core.check_own(&ledger, &entry)?;
        let update = Update::new(names::LEDGER, Some(&ledger.tip), Some(&entry));
        let report = self.core.remote()?.push(&[update], Manner::EACH)?;
        if !report.accepted() {
            return Err(refused(&here, &report.said).into());
        }
        Ok(here)
    }

    /// Brings what the old place holds to the new one, and the ledger last, unless somebody was faster; and
    /// has this clone go on there.
    fn bring(self, target: &Target, left: &Ledger, moved: &Moved, contact: &Contact) -> Result<()> {
        let held = beside(&contact.cloud);
        let known = self.core.store.held_at_move(left, &moved.id)?;
        let remote = self.core.remote_at(&target.remote, &target.prefix)?;
        let mut said = String::new();
        for _ in 0..TRIES {
            let there = self.look_at(target)?;
            let Fit::Behind(old) = self.fit(&there, &left.tip, target)? else {
                // What went along and is gone there was dealt with there; the rest came too late for it.
                let late = self.copies(&there, &held, |name, oid| known.get(name) != Some(oid))?;
                for some in late.chunks(REFS_A_PUSH) {
                    let landed = remote.push(some, Manner::EACH)?.landed(some).moves;
                    if landed.len() < some.len() {
                        self.core.ctx.warn(format!(
                            "{} drafts and evolutions were not accepted at {target}: those who have them send them again with their next push",
                            some.len() - landed.len()
                        ));
                    }
                }
                return self.go_on_at(target, &known);
            };
            let mut whole = true;
            for some in self.copies(&there, &held, |_, _| true)?.chunks(REFS_A_PUSH) {
                let report = remote.push(some, Manner::EACH)?;
                whole &= report.accepted();
                said = report.said;
            }
            if whole {
                let arrived = self.write_arrival(left, moved)?;
                let update = Update::new(names::LEDGER, old.as_ref(), Some(&arrived));
                said = remote.push(&[update], Manner::EACH)?.said;
            }
        }
        Err(refused(target, &said)
            .because("The ledger is closed at its old place, and not yet open at the new one")
            .then("git gryt sync move --follow")
            .then("git gryt sync move --back")
            .into())
    }

    /// The updates that bring a place what of `held` is `wanted` and it lacks, or has an earlier state of.
    fn copies(
        self,
        there: &Tips,
        held: &Tips,
        wanted: impl Fn(&String, &Oid) -> bool,
    ) -> Result<Vec<Update>> {
        let mut updates = Vec::new();
        for (name, oid) in held.iter().filter(|(name, oid)| wanted(name, oid)) {
            let old = there.get(name);
            let lacks = match old {
                None => true,
                Some(old) => {
                    self.core.store.is_commit(old)
                        && self.core.store.is_commit(oid)
                        && self.core.store.relation(oid, old)? == Relation::Ahead
                }
            };
            if lacks {
                updates.push(Update::new(name.clone(), old, Some(oid)));
            }
        }
        Ok(updates)
    }

    /// Has this clone look at the new place from here on. What went along is remembered as taken over from
    /// there; the rest is this clone's own again, so that it is sent and never taken for deleted.
    fn go_on_at(self, target: &Target, known: &Tips) -> Result<()> {
        let here = self.here()?;
        self.core.change(|refs| {
            let mut memory = self.core.adopted(refs)?;
            let mut gone = Vec::new();
            for (name, tip) in &memory {
                let went_along = match known.get(name) {
                    Some(copied) if copied == tip => true,
                    Some(copied) if self.core.store.is_commit(copied) => matches!(
                        self.core.store.relation(tip, copied)?,
                        Relation::Same | Relation::Behind
                    ),
                    Some(_) | None => false,
                };
                if !went_along {
                    gone.push(name.clone());
                }
            }
            for name in gone {
                memory.remove(&name);
            }
            let blob = self.core.store.write_adopted(&memory)?;
            let mut updates = vec![refs.change(names::adopted(&target.remote), Some(&blob))];
            let looked = refs.below(names::PLACE);
            updates.extend(
                looked.map(|(rest, _)| refs.change(format!("{}{rest}", names::PLACE), None)),
            );
            Ok((updates, ()))
        })?;
        let git = self.core.store.git();
        if target.remote != here.remote {
            git.set_config("gryt.remote", &target.remote)?;
        }
        if target.prefix != here.prefix {
            git.set_config("gryt.remoteprefix", &target.prefix)?;
        }
        Ok(())
    }

    fn write_arrival(self, left: &Ledger, moved: &Moved) -> Result<Oid> {
        let arrived = Moved {
            half: Half::Arrived,
            by: self.core.me()?,
            at: self.core.author()?.committer.at,
            ..moved.clone()
        };
        let by = self.core.author()?;
        let entry = self
            .core
            .store
            .write_move(by, left, &arrived, &Tips::new())?;
        self.core.check_own(left, &entry)?;
        Ok(entry)
    }

    /// Where this clone's cloud is.
    pub(crate) fn here(self) -> Result<Target> {
        Ok(Target {
            remote: self.core.cloud_name()?.to_owned(),
            prefix: self.core.config.remote_prefix.clone(),
        })
    }

    /// What an entry says of a place: its address where it is another remote.
    fn place_of(self, target: &Target) -> Result<Place> {
        let address = match target.remote == self.core.cloud_name()? {
            true => None,
            false => Some(
                self.core
                    .remote_at(&target.remote, &target.prefix)?
                    .addresses()?
                    .0,
            ),
        };
        Ok(Place {
            prefix: target.prefix.clone(),
            address,
        })
    }

    /// The remote of this clone that is at a place.
    fn target_of(self, place: &Place, named: Option<&str>) -> Result<Target> {
        let target = |remote: &str| Target {
            remote: remote.to_owned(),
            prefix: place.prefix.clone(),
        };
        if let Some(named) = named {
            return Ok(target(named));
        }
        let Some(address) = &place.address else {
            return Ok(target(self.core.cloud_name()?));
        };
        for remote in self.core.remotes() {
            if self.core.remote_at(remote, &place.prefix)?.addresses()?.0 == *address {
                return Ok(target(remote));
            }
        }
        let what = format!("The ledger moved to {place}, and no remote of this clone is there");
        Err(Refusal::new(Exit::OutOfStep, what)
            .then(format!("git remote add NAME {address}"))
            .then("git gryt sync move --follow --remote NAME")
            .into())
    }

    fn open_move(self, contact: &Contact) -> Result<Option<(Ledger, Moved)>> {
        let Some(ledger) = contact.ledger() else {
            return Ok(None);
        };
        let left = self.core.store.left(ledger)?;
        let settled = self.core.store.settled(ledger)?;
        Ok(left.map(|open| (settled, open)))
    }

    /// Whether the push that left, which was not acknowledged, is there all the same.
    fn has_left(self, left: &Ledger) -> Result<bool> {
        let contact = self.cloud.contact_anywhere(None)?;
        Ok(contact.ledger().is_some_and(|now| now.base == left.tip))
    }

    /// What a place has, fetched beside everything else.
    fn look_at(self, target: &Target) -> Result<Tips> {
        let remote: Remote<'_> = self.core.remote_at(&target.remote, &target.prefix)?;
        remote.fetch(&[names::place_refspec(&target.prefix)])?;
        self.core.store.look_anew();
        let refs = self.core.store.refs()?;
        let whole = |(rest, oid): (&str, &Oid)| ([names::SHARED, rest].concat(), oid.clone());
        Ok(refs.below(names::PLACE).map(whole).collect())
    }

    fn fit(self, there: &Tips, tip: &Oid, target: &Target) -> Result<Fit> {
        let Some(found) = there.get(names::LEDGER) else {
            return Ok(Fit::Behind(None));
        };
        if self.core.entries(tip)?.contains(found) {
            return Ok(Fit::Behind(Some(found.clone())));
        }
        let checked = self.core.verify(&self.core.store.refs()?, found)?;
        match self.core.entries(found)?.contains(tip) {
            true => Ok(Fit::Ahead(checked.ledger)),
            false => {
                let what = format!("{target} holds another ledger");
                Err(Refusal::new(Exit::Rewritten, what)
                    .because("Nothing was moved")
                    .into())
            }
        }
    }

    /// Only a promoter moves the ledger, by the policies that were sealed last.
    fn may_move(self, ledger: &Ledger) -> Result<()> {
        let Some(version) = self.core.store.previous(ledger, None)? else {
            return Ok(());
        };
        let place = format!("The policy sealed with {version}");
        let policy = self.core.sealed_policy(ledger, &version)?.of(None);
        policy.known(&place)?;
        let people = People::by(self.core.sealed_mailmap(ledger, &version)?, None);
        let me = self.core.me()?;
        match policy.promoters {
            Some(promoters) if !promoters.iter().any(|email| people.has(&me, email)) => {
                let what = format!("{me} may not move the ledger");
                let whom = promoters.join(" or ");
                Err(Refusal::new(Exit::Gate, what)
                    .because(format!("Ask {whom}, whom the policy of {version} names"))
                    .into())
            }
            Some(_) | None => Ok(()),
        }
    }

    /// The refusal to go back from where people have gone on.
    fn has_arrived(
        self,
        left: &Ledger,
        arrived: &Ledger,
        target: &Target,
        here: &Target,
    ) -> Result<Refusal> {
        let since = self.cloud.since(Some(&left.tip), arrived)?;
        let mut refusal = Refusal::new(
            Exit::Conflict,
            format!("The ledger has arrived at {target}: it can only be moved again"),
        );
        for version in since.promoted {
            refusal = refusal.because(format!("{version} was promoted there"));
        }
        let again = match here.remote == target.remote {
            true => format!("git gryt sync move --prefix {}", here.prefix),
            false => format!("git gryt sync move --remote {}", here.remote),
        };
        Ok(refusal.then("git gryt sync move --follow").then(again))
    }
}

/// What is shared beside the ledger.
fn beside(tips: &Tips) -> Tips {
    let shared = tips.iter().filter(|(name, _)| *name != names::LEDGER);
    let shared = shared.filter(|(name, _)| names::shared(name) != names::Shared::Foreign);
    shared
        .map(|(name, oid)| (name.clone(), oid.clone()))
        .collect()
}

/// An update under the name that the ref has at a place.
fn at(target: &Target, update: &Update) -> Update {
    let rest = update.name.strip_prefix(names::SHARED).unwrap_or_default();
    Update {
        name: format!("{}{rest}", target.prefix),
        ..update.clone()
    }
}

fn refused(target: &Target, said: &str) -> Refusal {
    let what = format!("{target} did not take the ledger");
    let mut refusal = Refusal::new(Exit::Remote, what);
    refusal.why = said.lines().map(str::to_owned).collect();
    refusal
}
