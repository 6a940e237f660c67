//! The protocol between clones and a cloud, explored: every order of the steps of a few clients'
//! commands, with crashes, lost answers and pushes that land late (docs/testing.md, "The model").
//!
//! What a client does next is said by the functions that the program runs: [`Push::step`] for what is
//! pushed, `promotion::decide` for what is sealed, `reconcile::draft` and `reconcile::evolution` for
//! what a pull takes over. The model stands in for the rest: git, whose refs are compared and swapped,
//! and the clone's own refs, which move in one transaction.
//!
//! [`Broken`] takes one rule of the promise away at a time, and a claim has to notice it.

mod claims;
mod clone;
mod cloud;
mod commands;
mod decided;
mod steps;
mod tests;
mod world;

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex};

use stateright::{Model, Property};

use self::steps::late;
use self::world::{Client, Commit, Name, Refs, Site, Tip, Told, Version, World};
use super::push::{Answer, Effect};

/// How many clients, how much they do, and what may go wrong.
#[derive(Clone, Debug)]
struct Protocol {
    clients: Client,
    versions: Version,
    /// How many commands a client begins.
    commands: u8,
    /// How many processes are killed, and how many answers are lost.
    crashes: u8,
    losses: u8,
    /// Whether the cloud takes all or nothing.
    atomic: bool,
    /// Whether a promotion needs the approval of the last client, who gave it for the draft that is there.
    approvals: bool,
    /// Whether both have a proven draft of the first version to begin with.
    begun: bool,
    broken: Option<Broken>,
    /// Which states were seen to come to rest: many differ only in what does not matter to that.
    rested: Arc<Mutex<HashSet<u64>>>,
}

/// A rule of the promise that is taken away, to see that it is missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Broken {
    /// Rule 1: the ledger moves wherever it stands.
    LedgerWithoutLease,
    /// Rule 1: a promotion's id does not outlive its process.
    IdIsNotKept,
    /// Rule 1: a push that was not answered is told as refused.
    SilenceIsRefusal,
    /// Rule 2: drafts are pushed over whatever the cloud has.
    DraftsByForce,
    /// Rule 2: a deletion takes what it finds.
    EmptyLeaseForDeletions,
    /// Rule 3: what this clone has is sealed, whatever the cloud has.
    SealsUnseen,
    /// Rule 3: the promoting push does not name the draft.
    DraftIsNotLeased,
    /// Rule 3: whoever takes an approval back leaves the one that they gave before.
    SaysBeside,
    /// Rule 4: nobody finishes what was cut short.
    NothingHeals,
    /// Rule 5: what the cloud showed is remembered as taken over before it is.
    RemembersTooEarly,
}

/// What happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Action {
    /// A client begins a command.
    Begin(Client, Command),
    /// A command under way does its next step.
    Step(Client),
    /// Its process is killed.
    Crash(Client),
    /// The answer to its push is lost; the push may land later.
    Lose(Client),
    /// The cloud does not answer its look.
    Away(Client),
    /// A push whose answer was lost lands after all.
    Land(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Command {
    Declare(Version),
    Edit(Version),
    Prove(Version),
    Pull,
    PushDrafts,
    PushEvolutions,
    Promote(Version),
    /// The approver says yes or no.
    Say(Version, bool),
    Delete(Version),
    Rename(Version, Version),
}

impl Model for Protocol {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![self.start()]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        if world.told.wrong.is_some() {
            return;
        }
        for client in 0..self.clients {
            let site = &world.clones[usize::from(client)];
            match &site.work {
                None if site.left > 0 => {
                    let begin = |command| Action::Begin(client, command);
                    actions.extend(self.commands(world, client).into_iter().map(begin));
                }
                None => {}
                Some(work) => {
                    actions.push(Action::Step(client));
                    if world.crashes > 0 {
                        actions.push(Action::Crash(client));
                    }
                    if world.losses > 0 {
                        match &work.push {
                            Some(push) if push.on_the_wire => actions.push(Action::Lose(client)),
                            Some(push) if matches!(push.effect, Effect::Look(_)) => {
                                actions.push(Action::Away(client));
                            }
                            _ => {}
                        }
                    }
                }
            }
        }
        actions.extend((0..world.late.len()).map(Action::Land));
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let mut next = world.clone();
        match action {
            Action::Begin(client, command) => self.begin(&mut next, client, command),
            Action::Step(client) => self.advance(&mut next, client),
            Action::Crash(client) => {
                next.crashes -= 1;
                let work = next.clones[usize::from(client)].work.take();
                next.late.extend(work.and_then(|work| late(&work)));
            }
            Action::Lose(client) => {
                next.losses -= 1;
                self.lose(&mut next, client);
            }
            Action::Away(client) => {
                next.losses -= 1;
                self.answer(&mut next, client, Answer::Unreadable);
            }
            Action::Land(at) => {
                let late = next.late.iter().nth(at)?.clone();
                next.late.remove(&late);
                self.receive(&mut next.cloud, &late.updates, late.atomic, &mut next.told);
            }
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        claims::all()
    }
}

impl Protocol {
    fn start(&self) -> World {
        let mut cloud = Refs::default();
        cloud.set(Name::Ledger, Some(Tip::Ledger(Vec::new())));
        let mut told = Told::default();
        if self.begun {
            let (draft, proofs) = (Commit { root: 0, holds: 1 }, Commit { root: 0, holds: 1 });
            cloud.set(Name::Draft(0), Some(Tip::Commit(draft)));
            cloud.set(Name::Evolution(0, 0), Some(Tip::Commit(proofs)));
            (told.edits[0], told.proofs[0]) = (1, 1);
            (told.pushed_edits[0], told.pushed_proofs[0]) = (1, 1);
        }
        if self.approvals {
            let word = Tip::Word { root: 0, yes: true };
            cloud.set(Name::Approval(0, 1), Some(word));
        }
        let mut site = Site {
            left: self.commands,
            ..Site::default()
        };
        site.adopt(&cloud);
        World {
            clones: vec![site; usize::from(self.clients)],
            cloud,
            late: BTreeSet::new(),
            crashes: self.crashes,
            losses: self.losses,
            told,
        }
    }
}
