//! A clone: what a pull takes over, what each kind of push plans, and what is taken over of it.

use std::collections::BTreeSet;

use super::super::promotion::REFS_A_PUSH;
use super::super::push::{Manner, Road};
use super::super::reconcile::{self, DraftStep, EvolutionStep, Relation, Seal};
use super::decided::{Verdict, relation, seal, sides};
use super::world::{
    Client, Commit, Entry, Id, Job, Name, Refs, Site, Tip, Told, Update, Version, Wrong,
};
use super::{Broken, Protocol};

/// What a job says to the machine.
pub(super) enum Next {
    Push(Vec<Update>),
    Over,
    /// It says no.
    Stop,
}

impl Site {
    fn is_late(&self, contact: &Refs, name: Name, tip: Commit) -> bool {
        let version = match name {
            Name::Draft(version) | Name::Evolution(version, _) => version,
            Name::Ledger | Name::Tag(_) | Name::Approval(..) => return false,
        };
        seal(name, Some(tip), contact.sealed(version)) != Seal::Open
    }

    /// What of a name is taken over from the cloud, and what is remembered of it
    /// (`session::cloud::adopt`).
    fn adopt_one(&mut self, name: Name, there: Option<Commit>, sealed: Option<&Entry>) {
        let here = self.refs.commit(name);
        let sides = sides(here, there, self.adopted.get(&name).copied());
        let seal = seal(name, here, sealed);
        let mut memory = there;
        match name {
            Name::Draft(_) => match reconcile::draft(&sides, seal) {
                DraftStep::Keep | DraftStep::Late => {}
                DraftStep::Adopt(_) | DraftStep::Advance(_) => {
                    self.refs.set(name, there.map(Tip::Commit));
                }
                DraftStep::Merge(_) => {
                    let joined = here.zip(there).map(|(here, there)| Commit {
                        holds: here.holds | there.holds,
                        ..here
                    });
                    self.refs.set(name, joined.map(Tip::Commit));
                }
                DraftStep::Retire => self.refs.set(name, None),
                DraftStep::Delete | DraftStep::Replace(_) => {
                    self.aside.extend(here.map(|here| (name, here)));
                    self.refs.set(name, there.map(Tip::Commit));
                }
                DraftStep::Conflict(
                    reconcile::DraftConflict::Edited | reconcile::DraftConflict::Deleted,
                )
                | DraftStep::Quarantine(_) => memory = self.adopted.get(&name).copied(),
                DraftStep::Conflict(_) => {}
            },
            Name::Evolution(..) => match reconcile::evolution(&sides, seal) {
                EvolutionStep::Keep | EvolutionStep::Late | EvolutionStep::Quarantine(_) => {}
                EvolutionStep::Adopt(_) | EvolutionStep::Advance(_) => {
                    self.refs.set(name, there.map(Tip::Commit));
                }
                EvolutionStep::Retire => self.refs.set(name, None),
                EvolutionStep::Leave | EvolutionStep::Replace(_) => {
                    self.aside.extend(here.map(|here| (name, here)));
                    self.refs.set(name, there.map(Tip::Commit));
                }
                // One owner has one clone here, and one evolution: neither can come of it.
                EvolutionStep::Renumber(_) | EvolutionStep::Replay(_) => {}
            },
            Name::Ledger | Name::Tag(_) | Name::Approval(..) => {}
        }
        match memory {
            Some(memory) => self.adopted.insert(name, memory),
            None => self.adopted.remove(&name),
        };
    }

    /// Takes over what the cloud shows.
    pub(super) fn adopt(&mut self, contact: &Refs) {
        let here = self.refs.commits().map(|(name, _)| name);
        let there = contact.commits().map(|(name, _)| name);
        let names: BTreeSet<Name> = here
            .chain(there)
            .chain(self.adopted.keys().copied())
            .collect();
        for name in names {
            if let Name::Draft(version) | Name::Evolution(version, _) = name {
                self.adopt_one(name, contact.commit(name), contact.sealed(version));
            }
        }
        self.refs
            .set(Name::Ledger, contact.get(Name::Ledger).cloned());
        self.knows(contact.commits());
        self.end_renames();
    }

    /// A draft that went takes the mark of its rename along.
    pub(super) fn end_renames(&mut self) {
        let refs = &self.refs;
        self.renaming
            .retain(|old, _| refs.commit(Name::Draft(*old)).is_some());
    }

    fn knows(&mut self, there: impl Iterator<Item = (Name, Commit)>) {
        let drafts = there.filter(|(name, _)| name.is_draft());
        self.known
            .extend(drafts.map(|(name, commit)| (name, commit.root)));
    }

    /// Notes what the cloud acknowledged.
    pub(super) fn note_pushed(&mut self, landed: &[Update]) {
        let pushed = landed.iter().filter_map(|update| match update.new {
            Some(Tip::Commit(commit)) => Some((update.name, commit)),
            _ => None,
        });
        self.knows(pushed);
        for update in landed {
            match (update.name, &update.new) {
                (name, Some(Tip::Commit(commit))) => self.adopted.insert(name, *commit),
                // What is still here would look like something that was never shared.
                (name, _) if self.refs.get(name).is_some() => None,
                (name, _) => self.adopted.remove(&name),
            };
        }
    }
}

/// What the cloud is thought to hold once it acknowledged `landed`.
pub(super) fn with(mut contact: Refs, landed: &[Update]) -> Refs {
    for update in landed {
        contact.set(update.name, update.new.clone());
    }
    contact
}

/// What went into a release and is still in the cloud.
pub(super) fn folded(contact: &Refs) -> Vec<Update> {
    let mut updates = Vec::new();
    for (name, tip) in contact.commits() {
        let version = match name {
            Name::Draft(version) | Name::Evolution(version, _) => version,
            Name::Ledger | Name::Tag(_) | Name::Approval(..) => continue,
        };
        if seal(name, Some(tip), contact.sealed(version)) == Seal::Folded {
            updates.push(deletion(name, tip));
        }
    }
    updates
}

fn deletion(name: Name, at: Commit) -> Update {
    Update {
        name,
        old: Some(Tip::Commit(at)),
        new: None,
    }
}

/// The deletions of what was said.
fn unsaid(version: Version, words: impl Iterator<Item = (u8, u8, bool)>) -> Vec<Update> {
    let gone = |(number, root, yes)| Update {
        name: Name::Approval(version, number),
        old: Some(Tip::Word { root, yes }),
        new: None,
    };
    words.map(gone).collect()
}

fn guard(contact: &Refs) -> Update {
    let ledger = contact.get(Name::Ledger).cloned();
    Update {
        name: Name::Ledger,
        old: ledger.clone(),
        new: ledger,
    }
}

impl Job {
    /// Whether a push of an earlier run may still land.
    pub(super) fn in_doubt(&self, contact: &Refs) -> bool {
        match self {
            Self::Seal { earlier, .. } => *earlier == Some(contact.ledger().len()),
            Self::Clear
            | Self::Drafts
            | Self::Evolutions
            | Self::Say { .. }
            | Self::Delete { .. } => false,
        }
    }

    pub(super) fn manner(&self) -> Manner {
        match self {
            Self::Clear => Manner::Each,
            Self::Drafts | Self::Evolutions | Self::Delete { .. } => Manner::Whole,
            Self::Seal { .. } | Self::Say { .. } => Manner::FirstAtLeast,
        }
    }
}

/// Who plans a push, over what.
pub(super) struct Planning<'a> {
    pub client: Client,
    pub site: &'a mut Site,
    pub contact: &'a Refs,
    pub road: Road,
    /// Whether something that was sent may still land.
    pub doubt: bool,
    pub told: &'a mut Told,
}

impl Protocol {
    /// What a job wants pushed.
    pub(super) fn plan(&self, job: &mut Job, at: Planning<'_>) -> Next {
        let contact = at.contact;
        let updates = match job {
            Job::Clear if self.broken == Some(Broken::NothingHeals) => Vec::new(),
            Job::Clear => folded(contact),
            Job::Drafts => match self.drafts(at.site, contact) {
                updates if updates.is_empty() => updates,
                updates => [vec![guard(contact)], updates].concat(),
            },
            Job::Evolutions => {
                at.site.adopt(contact);
                evolutions(at.site, at.client, contact)
            }
            Job::Say { version, yes } => {
                let Some(draft) = contact.commit(Name::Draft(*version)) else {
                    return Next::Stop;
                };
                if contact.sealed(*version).is_some() {
                    return Next::Stop;
                }
                let last = contact.words(*version).max();
                match last.is_some_and(|(_, root, said)| root == draft.root && said == *yes) {
                    // It is there: this run said it, or one that was not answered.
                    true => Vec::new(),
                    false => self.words(*version, draft.root, *yes, &at),
                }
            }
            Job::Delete { version, here } => {
                if contact.sealed(*version).is_some() {
                    return Next::Stop;
                }
                match contact.commit(Name::Draft(*version)) {
                    None => Vec::new(),
                    Some(there) if here.contains(there) => delete(*version, *here, there, &at),
                    Some(_) => return Next::Stop,
                }
            }
            Job::Seal {
                version, id, sent, ..
            } => return self.seal(*version, id, sent, at),
        };
        match updates.is_empty() {
            true => Next::Over,
            false => Next::Push(updates),
        }
    }

    /// What the approver says, over what they said before (`commands::approve`).
    fn words(&self, version: Version, root: u8, yes: bool, at: &Planning<'_>) -> Vec<Update> {
        let before: Vec<_> = at.contact.words(version).collect();
        let number = before.iter().map(|(number, ..)| *number).max().unwrap_or(0) + 1;
        let mut updates = vec![Update {
            name: Name::Approval(version, number),
            old: None,
            new: Some(Tip::Word { root, yes }),
        }];
        if at.road.folded && self.broken != Some(Broken::SaysBeside) {
            updates.extend(unsaid(version, before.into_iter()));
        }
        updates
    }

    fn seal(
        &self,
        version: Version,
        id: &mut Option<Id>,
        sent: &mut Option<Entry>,
        mut at: Planning<'_>,
    ) -> Next {
        let (contact, client) = (at.contact, at.client);
        let sealing = match self.promotion(at.site, contact, client, version, *id) {
            Verdict::Won => {
                at.told.promoted.extend(*id);
                at.site.adopt(contact);
                at.site.promoting.remove(&version);
                return Next::Over;
            }
            Verdict::Refused => {
                refused(version, *id, &mut at);
                return Next::Stop;
            }
            Verdict::Seal(sealing) => sealing,
        };
        let id = *id.get_or_insert_with(|| {
            at.site.drawn += 1;
            Id(client, at.site.drawn)
        });
        if self.broken != Some(Broken::IdIsNotKept) {
            let onto = contact.ledger().len();
            at.site.promoting.insert(version, (id, onto));
        }
        let entry = Entry {
            id,
            ..sealing.entry
        };
        *sent = Some(entry.clone());
        let mut updates = vec![Update {
            name: Name::Ledger,
            old: contact.get(Name::Ledger).cloned(),
            new: Some(Tip::Ledger([contact.ledger(), &[entry]].concat())),
        }];
        if at.road.atomic {
            if at.road.tag && contact.get(Name::Tag(version)).is_none() {
                updates.push(Update {
                    name: Name::Tag(version),
                    old: None,
                    new: Some(Tip::Tag(id)),
                });
            }
            if at.road.folded {
                let draft = sealing
                    .cloud_draft
                    .filter(|_| self.broken != Some(Broken::DraftIsNotLeased));
                updates.extend(draft.map(|draft| deletion(Name::Draft(version), draft)));
                updates.extend(unsaid(version, contact.words(version)));
                let gone = sealing.deleted.iter();
                updates.extend(gone.map(|(name, tip)| deletion(*name, *tip)));
            }
        }
        Next::Push(updates)
    }

    fn drafts(&self, site: &Site, contact: &Refs) -> Vec<Update> {
        let mut updates = Vec::new();
        for (name, tip) in site.refs.commits() {
            let Name::Draft(_) = name else { continue };
            let there = contact.commit(name);
            if site.is_late(contact, name, tip) {
                continue;
            }
            let step = reconcile::draft(
                &sides(Some(tip), there, site.adopted.get(&name).copied()),
                Seal::Open,
            );
            let goes = match (step, there) {
                (DraftStep::Keep, None) => true,
                (DraftStep::Keep, Some(there)) => relation(tip, there) == Relation::Ahead,
                (DraftStep::Merge(_), Some(_)) => self.broken == Some(Broken::DraftsByForce),
                _ => false,
            };
            if goes {
                updates.push(Update {
                    name,
                    old: there.map(Tip::Commit),
                    new: Some(Tip::Commit(tip)),
                });
            }
        }
        updates.truncate(REFS_A_PUSH - 1);
        updates
    }
}

/// A promotion is refused by what is known now.
fn refused(version: Version, id: Option<Id>, at: &mut Planning<'_>) {
    let sealed = at.contact.sealed(version);
    if let Some(sealed) = sealed
        && sealed.id.0 == at.client
        && !at.told.promoted.contains(&sealed.id)
    {
        at.told.wrong = at.told.wrong.or(Some(Wrong::TakenByOneself));
    }
    // Otherwise it is said that an earlier push may still land.
    if !at.doubt || sealed.is_some() {
        at.told.failed.extend(id);
        at.site.promoting.remove(&version);
    }
}

/// A draft's deletion, with that of one's own evolution of it.
fn delete(version: Version, here: Commit, there: Commit, at: &Planning<'_>) -> Vec<Update> {
    let mut updates = vec![guard(at.contact), deletion(Name::Draft(version), there)];
    let own = Name::Evolution(version, at.client);
    let tip = at.contact.commit(own).filter(|tip| tip.root == here.root);
    let same = tip.filter(|tip| at.site.refs.commit(own) == Some(*tip));
    updates.extend(same.map(|tip| deletion(own, tip)));
    updates
}

fn evolutions(site: &Site, client: Client, contact: &Refs) -> Vec<Update> {
    let mut updates = Vec::new();
    for (name, tip) in site.refs.commits() {
        let there = contact.commit(name);
        let own = matches!(name, Name::Evolution(_, owner) if owner == client);
        let ahead = there.is_none_or(|there| relation(tip, there) == Relation::Ahead);
        if own && ahead && !site.is_late(contact, name, tip) {
            updates.push(Update {
                name,
                old: there.map(Tip::Commit),
                new: Some(Tip::Commit(tip)),
            });
        }
    }
    updates
}

impl Protocol {
    /// Takes over here what the cloud acknowledged of a job: one transaction.
    pub(super) fn take_over(
        &self,
        job: &mut Job,
        site: &mut Site,
        contact: &Refs,
        landed: &[Update],
        told: &mut Told,
    ) {
        acknowledged(landed, told);
        match job {
            Job::Clear | Job::Drafts | Job::Evolutions | Job::Say { .. } | Job::Delete { .. } => {
                site.note_pushed(landed);
            }
            Job::Seal { version, sent, .. } => {
                if let Some(sent) = sent.take() {
                    told.promoted.insert(sent.id);
                }
                site.promoting.remove(version);
                site.note_pushed(landed);
                site.adopt(&with(contact.clone(), landed));
            }
        }
    }

    /// Finishes promotions that were cut short, or says that they lost (`session::sealing::heal`). Says
    /// whether there is something to clear.
    pub(super) fn resume(
        &self,
        site: &mut Site,
        client: Client,
        contact: &Refs,
        told: &mut Told,
    ) -> bool {
        if self.broken == Some(Broken::NothingHeals) {
            return false;
        }
        let mut clears = false;
        for (version, (id, onto)) in site.promoting.clone() {
            let Some(sealed) = contact.sealed(version) else {
                if contact.ledger().len() > onto {
                    told.failed.insert(id);
                    site.promoting.remove(&version);
                }
                continue;
            };
            site.promoting.remove(&version);
            if sealed.id == id {
                told.promoted.insert(id);
                clears = true;
            } else {
                told.failed.insert(id);
                if sealed.id.0 == client && !told.promoted.contains(&sealed.id) {
                    told.wrong = told.wrong.or(Some(Wrong::TakenByOneself));
                }
            }
        }
        clears
    }
}

/// Edits and proofs whose push was acknowledged.
fn acknowledged(landed: &[Update], told: &mut Told) {
    for update in landed {
        if let (name, Some(Tip::Commit(commit))) = (update.name, &update.new) {
            let of = match name {
                Name::Draft(_) => &mut told.pushed_edits,
                Name::Ledger | Name::Evolution(..) | Name::Tag(_) | Name::Approval(..) => {
                    &mut told.pushed_proofs
                }
            };
            of[usize::from(commit.root)] |= commit.holds;
        }
    }
}
