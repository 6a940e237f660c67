//! A game of real processes: clients of one cloud do everything at random, are killed, meet a
//! server that fails, and a judge with plain git and the journal says what was broken.
//!
//! `examples/soak/main.rs` plays it for minutes, `tests/cli/soak.rs` for a moment.

#[path = "../../../benches/speed/http.rs"]
mod http;
mod journal;
pub(crate) mod judge;
mod player;
mod sabotage;
mod server;
mod settle;
mod weather;
mod world;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use clap::ValueEnum;

use journal::Ended;
use judge::{Ledger, Violation};
use player::Player;
use world::World;

/// How clones reach the cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Transport {
    /// A path: the server's processes are children of git's.
    File,
    /// git://, by git daemon.
    Git,
    /// Smart HTTP, by git http-backend.
    Http,
}

/// How repositories keep their refs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RefFormat {
    Files,
    Reftable,
}

/// What is broken on purpose at the end, to see that the judge sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sabotage {
    /// The cloud's ledger loses its last entry.
    Rewind,
    /// The cloud's ledger seals a version again.
    DoubleEntry,
    /// A draft moves on without an edit that was acknowledged.
    LostEdit,
    /// An evolution leaves every repository.
    LostEvolution,
    /// The cloud loses an object.
    MissingObject,
}

/// How long one leg is, what the clients do before everybody settles and the judge looks: whichever
/// comes first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Length {
    /// So many acts of each client.
    pub acts: usize,
    pub time: Duration,
}

/// A game to be played.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// The `git-gryt` under test.
    pub program: PathBuf,
    pub clients: usize,
    pub seed: u64,
    pub transport: Transport,
    pub refs: RefFormat,
    pub legs: usize,
    pub leg: Length,
    pub sabotage: Option<Sabotage>,
}

/// What came of a game.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub violations: Vec<Violation>,
    /// How often each command ended how, and what else happened.
    pub counts: BTreeMap<String, usize>,
    pub acts: usize,
    pub kills: usize,
    pub promotions: usize,
    /// Where everything is, kept where something was broken.
    pub kept: Option<PathBuf>,
}

/// Plays a game to its end, or to the first leg that broke something.
///
/// # Errors
/// Where the game itself cannot go on: git is missing, the disk is full.
pub(crate) fn play(plan: &Plan, say: &dyn Fn(&str)) -> Result<Report> {
    let world = World::build(plan)?;
    let mut ledger = Ledger::default();
    let mut violations = Vec::new();
    for leg in 0..plan.legs {
        run_leg(&world, plan, leg)?;
        violations.extend(judge::commands(&world, &mut ledger));
        if !violations.is_empty() && plan.sabotage.is_none() {
            break;
        }
        if let Some(sabotage) = plan.sabotage {
            sabotage::prepare(&world)?;
            settle::all(&world)?;
            sabotage::commit(&world, sabotage)?;
        } else {
            violations.extend(settle::all(&world)?);
        }
        violations.extend(judge::all(&world, &mut ledger)?);
        ledger.read(&world)?;
        let journal = world.journal.read();
        say(&format!(
            "leg {} of {}: {} acts, {} kills, {} entries in the ledger, {} violations",
            leg + 1,
            plan.legs,
            journal.acts.len(),
            journal.kills(),
            ledger.len(),
            violations.len(),
        ));
        if !violations.is_empty() {
            break;
        }
    }
    let journal = world.journal.read();
    let mut report = Report {
        violations,
        acts: journal.acts.len(),
        kills: journal.kills(),
        promotions: ledger.promotions(),
        ..Report::default()
    };
    for act in &journal.acts {
        let ended = match act.ended {
            Ended::Exit(code) => code.to_string(),
            Ended::Killed => "killed".into(),
            Ended::Signal(signal) => format!("signal {signal}"),
            Ended::Overdue => "overdue".into(),
        };
        let what = format!("{} -> {ended}", act.command());
        *report.counts.entry(what).or_default() += 1;
    }
    for (what, count) in world.weather.counts() {
        *report.counts.entry(what).or_default() += count;
    }
    drop(journal);
    if !report.violations.is_empty() && plan.sabotage.is_none() {
        report.kept = Some(world.keep());
    }
    Ok(report)
}

fn run_leg(world: &World, plan: &Plan, leg: usize) -> Result<()> {
    let over = AtomicBool::new(false);
    let begun = Instant::now();
    let Length { acts, time } = plan.leg;
    let seed = |who: usize| plan.seed ^ ((who as u64 + 1) << 40) ^ ((leg as u64) << 56);
    std::thread::scope(|scope| {
        let weather = scope.spawn(|| world.weather.blow(world, seed(plan.clients), &over));
        let players: Vec<_> = (0..plan.clients)
            .map(|client| {
                let dice = fastrand::Rng::with_seed(seed(client));
                scope.spawn(move || {
                    let mut player = Player::new(world, client, leg, dice);
                    for _ in 0..acts {
                        if begun.elapsed() > time {
                            break;
                        }
                        player.act().with_context(|| format!("client {client}"))?;
                    }
                    Ok(())
                })
            })
            .collect();
        let joined = |thread: std::thread::ScopedJoinHandle<'_, Result<()>>| {
            thread
                .join()
                .unwrap_or_else(|_| Err(anyhow!("a thread of the game panicked")))
        };
        let played: Vec<Result<()>> = players.into_iter().map(joined).collect();
        over.store(true, Ordering::Relaxed);
        joined(weather)?;
        played.into_iter().collect()
    })
}
