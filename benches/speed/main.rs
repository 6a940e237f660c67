//! How fast `git gryt` is beside plain git, and how that changes with a project's age.
//!
//! `cargo bench --bench speed` prints the table and the plot of docs/performance.md, with `--only TEXT`
//! the rows whose name holds that; without `--bench`, as `cargo test` starts it, tiny projects only
//! show that it runs.

#![allow(clippy::print_stdout, reason = "a table on stdout is what this is for")]
#![allow(clippy::print_stderr, reason = "long work says where it is")]

mod bench;
mod floor;
mod hosting;
mod http;
mod maker;
mod memory;
mod plot;
mod proxy;
mod reads;
mod shared;
mod table;
mod writes;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use bench::Bench;
use hosting::{BUSY, CROWDED, LARGE, SMALL, Size, Wanted, size};
use table::Table;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let text: Vec<&str> = args.iter().map(String::as_str).collect();
    match text.as_slice() {
        ["--age", promotions] => maker::age(promotions.parse()?),
        ["--open-work", from, drafts, evolutions] => {
            maker::open_work(from.parse()?, drafts.parse()?, evolutions.parse()?)
        }
        ["--history", commits] => maker::history(commits.parse()?),
        ["--floor-open"] => floor::open(),
        ["--floor-row"] => floor::row(),
        ["--floor-chain", refs] => floor::chain(refs),
        ["--floor-rebuild", refs, done, into] => {
            floor::rebuild(refs, Path::new(done), Path::new(into))
        }
        args if args.contains(&"--bench") => measure(args),
        _ => check(),
    }
}

/// What is measured, of which projects.
struct Scale {
    sizes: [Size; 4],
    /// Commits of a history in which gryt was never used.
    history: u64,
    /// New evolutions that are pulled at once.
    evolutions: &'static [u64],
}

fn rows(bench: &Bench, table: &mut Table, scale: &Scale) -> Result<()> {
    let wanted = scale.sizes.map(|size| Wanted::new(bench, size));
    let [small, large, busy, crowded] = &wanted;
    bench.reads(table, small, large, busy)?;
    bench.exchanges(table, small, large, busy)?;
    bench.first(table, small, large, busy, scale.evolutions)?;
    bench.writes(table, small, crowded)?;
    bench.gates(table, large)?;
    bench.whole(table, large)?;
    bench.first_proofs(table, scale.history)
}

fn measure(args: &[&str]) -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/speed");
    fs::create_dir_all(&folder)?;
    let bench = Bench {
        root: folder,
        runs: 11,
    };
    let only = args.iter().position(|arg| *arg == "--only");
    let only = only
        .and_then(|at| args.get(at + 1))
        .map(ToString::to_string);
    let scale = Scale {
        sizes: [SMALL, LARGE, BUSY, CROWDED],
        history: 300_000,
        evolutions: &[10, 1_000, 10_000],
    };
    let part = only.is_some();
    let mut table = Table::new(only);
    rows(&bench, &mut table, &scale)?;
    let mut text = table.text();
    if part {
        println!("{text}");
        return Ok(());
    }
    text += &bench.memory(&bench.project(LARGE)?)?;
    let mut growth = Vec::new();
    let mut ages = vec![10, 100, 1000, 10_000];
    if args.contains(&"--huge") {
        ages.push(100_000);
    }
    for promotions in ages {
        let project = bench.project(size("growing", promotions, 20, 300))?;
        growth.push((promotions, bench.growth(&project)?));
    }
    text += &plot::table(&growth);
    println!("{text}");
    if args.contains(&"--write") {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
        plot::draw(&growth, &docs.join("performance.svg"))?;
        replace(&docs.join("performance.md"), &text)?;
    }
    Ok(())
}

/// Tiny projects once through everything.
fn check() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let bench = Bench {
        root: folder.path().to_owned(),
        runs: 1,
    };
    let tiny = |name| size(name, 3, 20, 20);
    let scale = Scale {
        sizes: [tiny("small"), tiny("large"), tiny("busy"), tiny("crowded")],
        history: 5,
        evolutions: &[10],
    };
    let mut table = Table::new(None);
    rows(&bench, &mut table, &scale)?;
    let small = bench.project(tiny("small"))?;
    print!("{}{}", table.text(), bench.memory(&small)?);
    let growth = [(3, bench.growth(&small)?), (6, bench.growth(&small)?)];
    plot::draw(&growth, &folder.path().join("plot.svg"))?;
    print!("{}", plot::table(&growth));
    Ok(())
}

/// Puts the figures where the page keeps them.
fn replace(page: &Path, figures: &str) -> Result<()> {
    let text = fs::read_to_string(page)?;
    let (begin, end) = ("<!-- figures -->\n", "<!-- end of figures -->");
    let (head, rest) = text.split_once(begin).context("no place for the figures")?;
    let (_, tail) = rest.split_once(end).context("no end of the figures")?;
    fs::write(page, format!("{head}{begin}{figures}{end}{tail}"))?;
    Ok(())
}
