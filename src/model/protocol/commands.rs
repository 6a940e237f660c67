//! The commands that a client begins, and what each does here: edits, proofs, a rename.

use super::world::{
    Client, Commit, Job, Name, ROOTS, Refs, Site, Stage, Tip, Told, Version, Work, World,
};
use super::{Command, Protocol};

impl Protocol {
    /// The commands that mean something for a client now.
    pub(super) fn commands(&self, world: &World, client: Client) -> Vec<Command> {
        let site = &world.clones[usize::from(client)];
        let mut commands = vec![Command::Pull, Command::PushDrafts, Command::PushEvolutions];
        if self.approvals && client + 1 == self.clients {
            // Nothing else is asked of the approver, so that there is less to look at.
            return vec![
                Command::Pull,
                Command::Promote(0),
                Command::Say(0, false),
                Command::Say(0, true),
            ];
        }
        for version in 0..self.versions {
            let sealed = site.refs.sealed(version).is_some();
            let Some(draft) = site.refs.commit(Name::Draft(version)) else {
                if !sealed && next_root(world, client).is_some() {
                    commands.push(Command::Declare(version));
                }
                continue;
            };
            if next_bit(client, world.told.edits[usize::from(draft.root)]).is_some() {
                commands.push(Command::Edit(version));
            }
            if next_bit(client, world.told.proofs[usize::from(draft.root)]).is_some() {
                commands.push(Command::Prove(version));
            }
            commands.push(Command::Promote(version));
            commands.push(Command::Delete(version));
            for new in (0..self.versions).filter(|new| *new != version) {
                let free =
                    site.refs.commit(Name::Draft(new)).is_none() && site.refs.sealed(new).is_none();
                if free || site.renaming.contains_key(&version) {
                    commands.push(Command::Rename(version, new));
                }
            }
        }
        commands
    }
    pub(super) fn begin(&self, world: &mut World, client: Client, command: Command) {
        let site = &mut world.clones[usize::from(client)];
        site.left -= 1;
        let told = &mut world.told;
        let stages = match command {
            Command::Declare(version) => {
                let root = next_root_of(told, client).expect("it is offered where there is one");
                let holds = 1u8 << (2 * client);
                told.edits[usize::from(root)] |= holds;
                let commit = Commit { root, holds };
                site.refs
                    .set(Name::Draft(version), Some(Tip::Commit(commit)));
                return;
            }
            Command::Edit(version) => {
                self.edit(site, told, client, Name::Draft(version), version);
                return;
            }
            Command::Prove(version) => {
                self.edit(
                    site,
                    told,
                    client,
                    Name::Evolution(version, client),
                    version,
                );
                return;
            }
            Command::Pull => vec![Stage::Adopt],
            Command::PushDrafts => vec![Stage::Push(Job::Clear), Stage::Push(Job::Drafts)],
            Command::PushEvolutions => {
                vec![Stage::Push(Job::Clear), Stage::Push(Job::Evolutions)]
            }
            Command::Promote(version) => {
                let kept = site.promoting.get(&version).copied();
                let seal = Job::Seal {
                    version,
                    id: kept.map(|(id, _)| id),
                    earlier: kept.map(|(_, onto)| onto),
                    sent: None,
                };
                vec![Stage::Push(seal), Stage::Push(Job::Clear)]
            }
            Command::Say(version, yes) => vec![Stage::Push(Job::Say { version, yes })],
            Command::Delete(version) => match site.refs.commit(Name::Draft(version)) {
                Some(here) => vec![
                    Stage::Push(Job::Delete { version, here }),
                    Stage::PutAside { version, tip: here },
                ],
                None => return,
            },
            Command::Rename(old, new) => vec![Stage::Begin { old, new }],
        };
        site.work = Some(Work {
            stages: stages.into(),
            contact: None,
            push: None,
        });
    }

    /// Adds an edit, or a proof.
    pub(super) fn edit(
        &self,
        site: &mut Site,
        told: &mut Told,
        client: Client,
        name: Name,
        version: Version,
    ) {
        let Some(draft) = site.refs.commit(Name::Draft(version)) else {
            return;
        };
        let made = match name.is_draft() {
            true => &mut told.edits,
            false => &mut told.proofs,
        };
        let made = &mut made[usize::from(draft.root)];
        let Some(bit) = next_bit(client, *made) else {
            return;
        };
        *made |= bit;
        let before = site.refs.commit(name).filter(|tip| tip.root == draft.root);
        let holds = before.map_or(0, |tip| tip.holds) | bit;
        let commit = Commit {
            root: draft.root,
            holds,
        };
        // An evolution of another generation that had this number is put aside.
        if before.is_none() {
            let other = site.refs.commit(name).map(|tip| (name, tip));
            site.aside.extend(other);
        }
        site.refs.set(name, Some(Tip::Commit(commit)));
    }
    /// The new name of a draft, beside the old one. None where something stands against it.
    pub(super) fn begin_rename(
        &self,
        site: &mut Site,
        told: &mut Told,
        client: Client,
        contact: &Refs,
        old: Version,
        new: Version,
    ) -> Option<Commit> {
        let tip = site.refs.commit(Name::Draft(old))?;
        if let Some(there) = published(contact, old, tip) {
            let colleagues = (0..self.clients).filter(|owner| *owner != client);
            let mut theirs = colleagues.filter_map(|owner| {
                let name = Name::Evolution(old, owner);
                contact.commit(name).or(site.refs.commit(name))
            });
            if theirs.any(|theirs| theirs.root == tip.root) {
                // One that was cut short is given up.
                site.renaming.remove(&old);
                return None;
            }
            if !tip.contains(there) {
                return None;
            }
        }
        if let Some(first) = site.renaming.get(&old).copied() {
            let goes_on = site.refs.commits().find(|(name, tip)| {
                name.is_draft() && *name != Name::Draft(old) && tip.contains(first)
            });
            match goes_on {
                Some((name, _)) if name == Name::Draft(new) => {
                    carry(site, client, old, new, tip.root);
                    return Some(tip);
                }
                Some(_) => return None,
                // Its new name went from here: it was promoted or deleted since.
                None => site.renaming.remove(&old),
            };
        }
        // Whoever has the new name keeps it.
        let taken = [&site.refs, contact]
            .iter()
            .any(|refs| refs.commit(Name::Draft(new)).is_some() || refs.sealed(new).is_some());
        let made = &mut told.edits[usize::from(tip.root)];
        let bit = next_bit(client, *made)?;
        if taken {
            return None;
        }
        *made |= bit;
        let first = Commit {
            holds: tip.holds | bit,
            ..tip
        };
        site.renaming.insert(old, first);
        site.refs.set(Name::Draft(new), Some(Tip::Commit(first)));
        carry(site, client, old, new, tip.root);
        Some(tip)
    }
}

/// The draft of this generation that the cloud has and has not sealed.
pub(super) fn published(contact: &Refs, version: Version, tip: Commit) -> Option<Commit> {
    let there = contact.commit(Name::Draft(version));
    let there = there.filter(|there| there.root == tip.root);
    there.filter(|_| contact.sealed(version).is_none())
}

/// Takes a client's proofs along to the new name.
pub(super) fn carry(site: &mut Site, client: Client, old: Version, new: Version, root: u8) {
    let of = |version| {
        site.refs
            .commit(Name::Evolution(version, client))
            .filter(|tip| tip.root == root)
    };
    let holds = of(old).map_or(0, |tip| tip.holds) | of(new).map_or(0, |tip| tip.holds);
    if holds > 0 {
        let tip = Tip::Commit(Commit { root, holds });
        site.refs.set(Name::Evolution(new, client), Some(tip));
    }
}

pub(super) fn put_aside(site: &mut Site, client: Client, version: Version, tip: Commit) {
    let (draft, own) = (Name::Draft(version), Name::Evolution(version, client));
    for name in [draft, own] {
        if let Some(here) = site.refs.commit(name)
            && here.root == tip.root
        {
            site.aside.insert((name, here));
            site.refs.set(name, None);
        }
    }
    site.end_renames();
}

/// The next edit or proof of a client that nobody made: two a generation.
pub(super) fn next_bit(client: Client, made: u8) -> Option<u8> {
    let bits = [1u8 << (2 * client), 2 << (2 * client)];
    bits.into_iter().find(|bit| made & bit == 0)
}

pub(super) fn next_root(world: &World, client: Client) -> Option<u8> {
    next_root_of(&world.told, client)
}

/// The next generation that a client declares: the first is everybody's, and each has three more.
pub(super) fn next_root_of(told: &Told, client: Client) -> Option<u8> {
    let roots = 1 + 3 * client..4 + 3 * client;
    let mut unused = roots.filter(|root| usize::from(*root) < ROOTS);
    unused.find(|root| told.edits[usize::from(*root)] == 0)
}
