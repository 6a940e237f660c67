//! The steps of a command under way: what it asks of the cloud, one exchange at a time, and what it does
//! here in between.

use super::super::promotion::REFS_A_PUSH;
use super::super::push::{Answer, Effect, End, Moved, Parts, Push, Reply, Road};
use super::clone::{Next, Planning, with};
use super::commands::{published, put_aside};
use super::world::{
    Client, Job, Late, Name, Sending, Site, Stage, Told, Update, Work, World, Wrong,
};
use super::{Broken, Protocol, cloud};

impl Protocol {
    /// Does the next step of a client's command.
    pub(super) fn advance(&self, world: &mut World, client: Client) {
        let at = usize::from(client);
        let Some(work) = &mut world.clones[at].work else {
            return;
        };
        if work.contact.is_none() {
            self.contact(world, client);
            return;
        }
        let Some(push) = &mut work.push else {
            self.stage(world, client);
            return;
        };
        match push.effect {
            Effect::Send { .. } if !push.on_the_wire => {
                if self.leases_hold(&world.cloud, &push.updates) {
                    match push.machine.sent_atomic() && !self.atomic {
                        // Our git does not send what the other side says it does not know.
                        true => self.answer(world, client, Answer::Replied(Reply::Unknown)),
                        false => push.on_the_wire = true,
                    }
                } else {
                    self.answer(world, client, Answer::Replied(Reply::Lost));
                }
            }
            Effect::Send { .. } => {
                let atomic = push.machine.sent_atomic();
                let (reply, landed) =
                    self.receive(&mut world.cloud, &push.updates, atomic, &mut world.told);
                push.on_the_wire = false;
                push.landed.clone_from(&landed);
                if cloud::came_back(&world.clones[at], &landed, &world.told) {
                    world.told.wrong = Some(Wrong::CameBack);
                }
                self.answer(world, client, Answer::Replied(reply));
            }
            Effect::TakeOver => {
                let landed = std::mem::take(&mut push.landed);
                let site = &mut world.clones[at];
                let work = site.work.take();
                let Some(Work {
                    mut stages,
                    contact: Some(contact),
                    push,
                }) = work
                else {
                    return;
                };
                if let Some(Stage::Push(job)) = stages.front_mut() {
                    self.take_over(job, site, &contact, &landed, &mut world.told);
                }
                let contact = Some(with(contact, &landed));
                site.work = Some(Work {
                    stages,
                    contact,
                    push,
                });
                self.answer(world, client, Answer::TakenOver { more: false });
            }
            Effect::Look(_) => {
                let seen = world.cloud.clone();
                let stands = |u: &Update| seen.get(u.name) == u.old.as_ref();
                let moved = match push.updates.split_first() {
                    Some((first, _)) if !stands(first) => Moved::First,
                    _ if push.updates.iter().all(stands) => Moved::Nothing,
                    _ => Moved::Something,
                };
                work.contact = Some(seen);
                self.answer(world, client, Answer::Looked(moved));
            }
            Effect::Probe => {
                let lacks_atomic = !self.atomic;
                self.answer(world, client, Answer::Probed { lacks_atomic });
            }
            Effect::Plan(_) | Effect::Reread | Effect::End(_) => {}
        }
    }

    /// Asks the cloud what it holds.
    pub(super) fn contact(&self, world: &mut World, client: Client) {
        let site = &mut world.clones[usize::from(client)];
        let seen = world.cloud.clone();
        if !seen.ledger().starts_with(site.refs.ledger()) {
            world.told.wrong = Some(Wrong::Rewritten);
        }
        if self.broken == Some(Broken::RemembersTooEarly) {
            site.adopted = seen.commits().collect();
        }
        if let Some(work) = &mut site.work {
            work.contact = Some(seen);
        }
        self.stage(world, client);
    }

    /// Begins the present stage: does it, or starts its push.
    pub(super) fn stage(&self, world: &mut World, client: Client) {
        let site = &mut world.clones[usize::from(client)];
        let Some(mut work) = site.work.take() else {
            return;
        };
        let Some(contact) = work.contact.clone() else {
            return;
        };
        match work.stages.front().cloned() {
            None => return,
            Some(Stage::Push(job)) => {
                let road = Road {
                    atomic: true,
                    tag: true,
                    folded: true,
                    most: REFS_A_PUSH,
                };
                let (machine, effect) =
                    Push::new(job.manner(), road, job.in_doubt(&contact)).step(Answer::Read);
                work.push = Some(Sending {
                    machine,
                    effect,
                    updates: Vec::new(),
                    on_the_wire: false,
                    landed: Vec::new(),
                });
                site.work = Some(work);
                self.local(world, client);
                return;
            }
            Some(Stage::Adopt) => {
                site.adopt(&contact);
                work.stages.pop_front();
                if self.resume(site, client, &contact, &mut world.told) {
                    work.stages.push_front(Stage::Push(Job::Clear));
                }
            }
            Some(Stage::PutAside { version, tip }) => {
                work.stages.pop_front();
                put_aside(site, client, version, tip);
            }
            Some(Stage::Begin { old, new }) => {
                work.stages.pop_front();
                if let Some(tip) =
                    self.begin_rename(site, &mut world.told, client, &contact, old, new)
                {
                    if published(&contact, old, tip).is_some() {
                        let job = Job::Delete {
                            version: old,
                            here: tip,
                        };
                        work.stages.push_back(Stage::Push(job));
                    }
                    work.stages.push_back(Stage::Finish { old, tip });
                }
            }
            Some(Stage::Finish { old, tip }) => {
                work.stages.pop_front();
                let first = site.renaming.remove(&old);
                let name = Name::Draft(old);
                // What was edited since the new name was made stays.
                if site.refs.commit(name) == Some(tip)
                    && first.is_some_and(|first| first.contains(tip))
                {
                    site.refs.set(name, None);
                }
                let own = Name::Evolution(old, client);
                if site
                    .refs
                    .commit(own)
                    .is_some_and(|own| own.root == tip.root)
                {
                    site.refs.set(own, None);
                }
            }
        }
        site.work = (!work.stages.is_empty()).then_some(work);
    }

    /// Gives the machine an answer, and does what follows here without the cloud.
    pub(super) fn answer(&self, world: &mut World, client: Client, answer: Answer) {
        let site = &mut world.clones[usize::from(client)];
        if let Some(push) = site.work.as_mut().and_then(|work| work.push.as_mut()) {
            let (mut machine, mut effect) = push.machine.step(answer);
            if self.broken == Some(Broken::SilenceIsRefusal)
                && answer == Answer::Replied(Reply::Unknown)
            {
                (machine, effect) = push.machine.step(Answer::Replied(Reply::Lost));
            }
            (push.machine, push.effect) = (machine, effect);
        }
        self.local(world, client);
    }

    /// Does what the machine wants as long as it needs no cloud.
    pub(super) fn local(&self, world: &mut World, client: Client) {
        loop {
            let site = &mut world.clones[usize::from(client)];
            let Some(mut work) = site.work.take() else {
                return;
            };
            let (Some(push), Some(contact), Some(Stage::Push(job))) =
                (&mut work.push, &work.contact, work.stages.front_mut())
            else {
                site.work = Some(work);
                return;
            };
            let answer = match push.effect {
                Effect::Plan(road) => {
                    let at = Planning {
                        client,
                        site,
                        contact,
                        road,
                        doubt: push.machine.in_doubt(),
                        told: &mut world.told,
                    };
                    match self.plan(job, at) {
                        Next::Push(updates) => {
                            let parts = parts(&updates);
                            push.updates = updates;
                            Answer::Planned(parts)
                        }
                        Next::Over => Answer::NothingLeft,
                        // What comes after it is not done either.
                        Next::Stop => return,
                    }
                }
                Effect::Reread => Answer::Read,
                Effect::End(End::Done) => {
                    work.stages.pop_front();
                    work.push = None;
                    site.work = (!work.stages.is_empty()).then_some(work);
                    return;
                }
                Effect::End(end) => {
                    ended(end, job, site, &mut world.told);
                    return;
                }
                Effect::Send { .. } | Effect::TakeOver | Effect::Look(_) | Effect::Probe => {
                    site.work = Some(work);
                    return;
                }
            };
            (push.machine, push.effect) = push.machine.step(answer);
            site.work = Some(work);
        }
    }

    /// The answer to a push is lost, and the push is still under way.
    pub(super) fn lose(&self, world: &mut World, client: Client) {
        let site = &mut world.clones[usize::from(client)];
        let Some(work) = &mut site.work else { return };
        world.late.extend(late(work));
        if let Some(push) = &mut work.push {
            push.on_the_wire = false;
        }
        self.answer(world, client, Answer::Replied(Reply::Unknown));
    }
}

/// A push ended otherwise than well, and its command with it.
fn ended(end: End, job: &Job, site: &mut Site, told: &mut Told) {
    let Job::Seal {
        version, id, sent, ..
    } = job
    else {
        return;
    };
    match end {
        End::Denied(_) | End::Overtaken => {
            told.failed
                .extend(id.or(sent.as_ref().map(|entry| entry.id)));
            site.promoting.remove(version);
        }
        End::Done | End::Doubtful(_) | End::Unheard | End::Unreadable { .. } => {}
    }
}

/// What a push is made of (`session::cloud::push`).
fn parts(updates: &[Update]) -> Parts {
    let moves = || updates.iter().filter(|update| !update.is_guard());
    let after = || moves().skip(1);
    Parts {
        refs: moves().count(),
        tag: after().any(|update| matches!(update.name, Name::Tag(_))),
        folded: after().any(|update| update.new.is_none()),
    }
}

/// A push that left the machine of a process that does not live to hear of it.
pub(super) fn late(work: &Work) -> Option<Late> {
    let push = work.push.as_ref().filter(|push| push.on_the_wire)?;
    Some(Late {
        updates: push.updates.clone(),
        atomic: push.machine.sent_atomic(),
    })
}
