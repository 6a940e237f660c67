//! Plays with clones of one cloud for minutes, and says whether anything was broken
//! (docs/testing.md):
//!
//! ```sh
//! cargo run --release --example soak -- --clients 6 --minutes 10 --seed 1
//! ```

#![allow(clippy::print_stdout, reason = "what it says is what it is for")]
#![allow(clippy::print_stderr, reason = "long work says where it is")]

mod game;

use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Parser;

use game::{Length, Plan, RefFormat, Sabotage, Transport};

/// Clients of one cloud do everything at random for minutes, and are killed; a judge looks on.
#[derive(Debug, Parser)]
struct Args {
    /// How many clients; every third one works in a linked worktree of another's clone
    #[arg(long, default_value_t = 6)]
    clients: usize,
    /// How long they play; settling and judging come on top
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// How long they play before everybody settles and the judge looks, in seconds
    #[arg(long, default_value_t = 60.0)]
    leg: f64,
    /// How many acts of each client end a leg before its time
    #[arg(long, default_value_t = usize::MAX, hide_default_value = true)]
    acts: usize,
    /// What the dice of all clients begin with
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[arg(long, value_enum, default_value = "file")]
    transport: Transport,
    #[arg(long, value_enum, default_value = "files")]
    refs: RefFormat,
    /// Break something at the end of the first leg, to see that it is found
    #[arg(long, value_enum)]
    sabotage: Option<Sabotage>,
    /// The git-gryt to play with; the one of this source unless said
    #[arg(long)]
    program: Option<PathBuf>,
}

fn main() -> Result<ExitCode> {
    let args = Args::parse();
    let program = match args.program {
        Some(program) => program,
        None => build()?,
    };
    let length = Duration::from_secs_f64(args.minutes * 60.0);
    let leg = Duration::from_secs_f64(args.leg).min(length);
    let plan = Plan {
        program: program.canonicalize().context("no such program")?,
        clients: args.clients.max(1),
        seed: args.seed,
        transport: args.transport,
        refs: args.refs,
        legs: length
            .as_secs_f64()
            .div_euclid(leg.as_secs_f64().max(0.1))
            .max(1.0) as usize,
        leg: Length {
            acts: args.acts,
            time: leg,
        },
        sabotage: args.sabotage,
    };
    let report = game::play(&plan, &|line| eprintln!("{line}"))?;
    for (what, count) in &report.counts {
        println!("{count:>7}  {what}");
    }
    println!(
        "{} acts, {} kills, {} promotions, {} violations; seed {}",
        report.acts,
        report.kills,
        report.promotions,
        report.violations.len(),
        args.seed
    );
    for violation in &report.violations {
        println!("\n{violation}");
    }
    if let Some(kept) = &report.kept {
        println!(
            "Everything is in {}; journal.jsonl tells all",
            kept.display()
        );
    }
    let clean = report.violations.is_empty();
    Ok(if clean {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Builds the program as this example was built, and says where it is: cargo builds no programs
/// for an example.
fn build() -> Result<PathBuf> {
    let here = std::env::current_exe()?;
    let folder = here.parent().and_then(|examples| examples.parent());
    let folder = folder.context("this example is in no target folder")?;
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--bin", "git-gryt", "--manifest-path"]);
    cargo.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    ensure!(cargo.status()?.success(), "git-gryt does not build");
    Ok(folder.join("git-gryt"))
}
