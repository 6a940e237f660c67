//! The end of a leg: everybody pulls, ends what is in conflict, pushes, until all have the same.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::judge::{self, Kind, Violation};
use super::player::Player;
use super::world::World;

/// As many rounds as it may take.
const ROUNDS: usize = 8;

/// As many as are usual, however slow the machine is.
const USUAL: usize = 3;

/// And as long beyond these; whoever needs more has a command that waits for nothing.
const LONGEST: Duration = Duration::from_secs(120);

/// Lets everybody settle, and says who could not.
pub(crate) fn all(world: &World) -> Result<Vec<Violation>> {
    let begun = Instant::now();
    for round in 0..ROUNDS {
        if round >= USUAL && begun.elapsed() > LONGEST {
            break;
        }
        for client in 0..world.seats.len() {
            let mut player = Player::calm(world, client, round);
            player.publishes()?;
            player.finishes()?;
            player.pulls()?;
            // A spell in which the cloud refused everything may be taken for a rule of it.
            if round == 1
                && !world
                    .refs(player.dir(), "refs/gryt-local/staying/")?
                    .is_empty()
            {
                player.does("doctor --remote")?;
            }
            player.does("sync push")?;
            player.does("sync push-evolutions --with-commits")?;
            player.pulls()?;
        }
        let failed = world
            .journal
            .read()
            .acts
            .iter()
            .any(|act| judge::fault(act).is_some());
        if failed {
            // It is told with the commands, and would be again and again.
            return Ok(Vec::new());
        }
        if differing(world)?.is_none() {
            return Ok(Vec::new());
        }
    }
    let mut found = Vec::new();
    if let Some((person, text)) = differing(world)? {
        found.push(Violation::new(world, Kind::Differs, Some(person), text));
    }
    Ok(found)
}

/// The first clone whose shared refs are not the cloud's, and how.
fn differing(world: &World) -> Result<Option<(usize, String)>> {
    let there = world.refs(&world.hosting, "refs/gryt/")?;
    let sealed = world.sealed()?;
    // What came too late for a seal stays in the cloud until its owner abandons it; others need
    // not have it.
    let late = |name: &str| {
        let mut parts = name.split('/').skip(2);
        parts.next() == Some("evolutions")
            && parts
                .next()
                .is_some_and(|version| sealed.iter().any(|one| one == version))
    };
    for (person, clone) in world.clones.iter().enumerate() {
        let here = world.refs(&clone.dir, "refs/gryt/")?;
        let only = |one: &[(String, String)], other: &[(String, String)]| {
            let lines = one.iter().filter(|pair| !other.contains(pair));
            lines
                .map(|(name, oid)| format!("{name} {oid}"))
                .collect::<Vec<_>>()
        };
        let (mine, mut missing) = (only(&here, &there), only(&there, &here));
        missing.retain(|line| !late(line));
        if !mine.is_empty() || !missing.is_empty() {
            let lists = [mine, missing].map(|list| list.join(", "));
            let text = format!("here: {}; in the cloud: {}", lists[0], lists[1]);
            return Ok(Some((person, text)));
        }
    }
    Ok(None)
}
