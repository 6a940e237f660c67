//! What has to hold in every state that can be reached.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use stateright::Property;

use super::world::{Client, Commit, Id, Name, ROOTS, Refs, Site, Version, World, Wrong};
use super::{Command, Protocol};

/// That the model is not empty: every version can be sealed.
pub(super) const POSSIBLE: &str = "everything is sealed";

pub(super) fn all() -> Vec<Property<Protocol>> {
    vec![
        Property::always("a version is sealed once", |_: &Protocol, world: &World| {
            sealed_once(world)
        }),
        Property::always(
            "a promotion that was acknowledged stays",
            |_: &Protocol, world: &World| {
                let has = |id: &Id| world.cloud.ledger().iter().any(|entry| entry.id == *id);
                world.told.promoted.iter().all(has)
            },
        ),
        Property::always(
            "a promotion that was told as failed never lands",
            |_: &Protocol, world: &World| {
                let has = |id: &Id| world.cloud.ledger().iter().any(|entry| entry.id == *id);
                !world.told.failed.iter().any(has)
            },
        ),
        Property::always(
            "nobody is told that they lost to themselves",
            |_: &Protocol, world: &World| world.told.wrong != Some(Wrong::TakenByOneself),
        ),
        Property::always(
            "nobody takes an honest cloud for a rewritten one",
            |_: &Protocol, world: &World| world.told.wrong != Some(Wrong::Rewritten),
        ),
        Property::always(
            "what is sealed at once is what the cloud held",
            |_: &Protocol, world: &World| world.told.wrong != Some(Wrong::SealedUnseen),
        ),
        Property::always(
            "nothing is sealed by an approval that was taken back before",
            |_: &Protocol, world: &World| world.told.wrong != Some(Wrong::SealedRevoked),
        ),
        Property::always(
            "what was deleted stays deleted",
            |_: &Protocol, world: &World| world.told.wrong != Some(Wrong::CameBack),
        ),
        Property::always(
            "no edit and no proof is lost",
            |_: &Protocol, world: &World| {
                let told = &world.told;
                let everywhere = places(world, true);
                holds(&everywhere, true, &told.edits) && holds(&everywhere, false, &told.proofs)
            },
        ),
        Property::always(
            "what was pushed is in the cloud, or was let go of",
            |_: &Protocol, world: &World| {
                let told = &world.told;
                let cloud = places(world, false);
                holds(&cloud, true, &told.pushed_edits) && holds(&cloud, false, &told.pushed_proofs)
            },
        ),
        Property::always(
            "whoever goes on comes to rest",
            |protocol: &Protocol, world: &World| protocol.comes_to_rest(world),
        ),
        Property::sometimes(POSSIBLE, |protocol: &Protocol, world: &World| {
            world.cloud.ledger().len() == usize::from(protocol.versions)
        }),
    ]
}

fn sealed_once(world: &World) -> bool {
    let entries = world.cloud.ledger();
    let again = |(at, entry): (usize, &super::world::Entry)| {
        entries[..at]
            .iter()
            .any(|before| before.version == entry.version)
    };
    !entries.iter().enumerate().any(again)
}

/// All commits that are kept: in the cloud and by what people let go of there; and in the clones, if
/// `here`.
fn places(world: &World, here: bool) -> Vec<(bool, Commit)> {
    let mut all = Vec::new();
    let mut of = |refs: &Refs| {
        all.extend(
            refs.commits()
                .map(|(name, commit)| (name.is_draft(), commit)),
        );
        for entry in refs.ledger() {
            all.push((true, entry.draft));
            all.extend(entry.evolutions.values().map(|tip| (false, *tip)));
        }
    };
    of(&world.cloud);
    if here {
        world.clones.iter().for_each(|site| of(&site.refs));
        let aside = world.clones.iter().flat_map(|site| &site.aside);
        all.extend(aside.map(|(name, commit)| (name.is_draft(), *commit)));
    } else {
        let gone = world.told.let_go.iter();
        all.extend(gone.map(|(name, commit): &(Name, Commit)| (name.is_draft(), *commit)));
    }
    all
}

/// Whether all that was made of each generation is somewhere.
fn holds(places: &[(bool, Commit)], drafts: bool, made: &[u8; ROOTS]) -> bool {
    let mut found = [0; ROOTS];
    for (_, commit) in places.iter().filter(|(draft, _)| *draft == drafts) {
        found[usize::from(commit.root)] |= commit.holds;
    }
    made.iter()
        .zip(found)
        .all(|(made, found)| made & !found == 0)
}

impl Protocol {
    /// Whether everybody who goes on, and meets no more trouble, comes to agree with the cloud: one
    /// ledger, nothing left in the cloud of what is sealed, and no promotion and no rename under way that
    /// cannot be ended.
    fn comes_to_rest(&self, world: &World) -> bool {
        let at_work = world.clones.iter().any(|site| site.work.is_some());
        if at_work || world.told.wrong.is_some() {
            return true;
        }
        let mut world = world.clone();
        // What may still land may as well never.
        world.late.clear();
        world.clones.iter_mut().for_each(|site| site.left = 0);
        let known = (&world.cloud, &world.clones, &world.told.promoted);
        let known = BuildHasherDefault::<DefaultHasher>::default().hash_one(known);
        let rested = |known| self.rested.lock().unwrap().contains(&known);
        if rested(known) {
            return true;
        }
        for _ in 0..2 {
            for client in 0..self.clients {
                for command in [Command::Pull, Command::PushDrafts, Command::PushEvolutions] {
                    self.play(&mut world, client, command);
                }
            }
        }
        for client in 0..self.clients {
            for version in 0..self.versions {
                let site = |world: &World| world.clones[usize::from(client)].clone();
                if site(&world).renaming.contains_key(&version) {
                    for new in (0..self.versions).filter(|new| *new != version) {
                        self.play(&mut world, client, Command::Rename(version, new));
                    }
                }
                if site(&world).promoting.contains_key(&version) {
                    self.play(&mut world, client, Command::Promote(version));
                }
            }
        }
        for client in 0..self.clients {
            self.play(&mut world, client, Command::Pull);
        }
        let rests = |site: &Site| {
            let sealed = |version: &Version| world.cloud.sealed(*version).is_some();
            site.refs.get(Name::Ledger) == world.cloud.get(Name::Ledger)
                && !site.promoting.keys().any(sealed)
                && site.renaming.is_empty()
        };
        let rests = world.told.wrong.is_none()
            && sealed_once(&world)
            && super::clone::folded(&world.cloud).is_empty()
            && world.clones.iter().all(rests);
        if rests {
            self.rested.lock().unwrap().insert(known);
        }
        rests
    }

    /// A command from its beginning to its end, with nothing in between.
    fn play(&self, world: &mut World, client: Client, command: Command) {
        world.clones[usize::from(client)].left = 1;
        self.begin(world, client, command);
        // A command that does not end is one that nobody waits for.
        for _ in 0..200 {
            if world.clones[usize::from(client)].work.is_none() {
                return;
            }
            self.advance(world, client);
        }
    }
}
