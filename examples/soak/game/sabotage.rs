//! Faults that are made on purpose: a judge who never finds anything proves nothing.

use std::fs;

use anyhow::{Context, Result, ensure};

use super::Sabotage;
use super::journal::Fact;
use super::player::Player;
use super::world::{Fate, World};

const SEALED: &str = "v1001.0.0";
const OPEN: &str = "v1002.0.0";

/// Makes sure that there is something to break: a promotion, an edit and a proof, acknowledged.
pub(crate) fn prepare(world: &World) -> Result<()> {
    let mut player = Player::calm(world, 0, 0);
    for version in [SEALED, OPEN] {
        let (_, act) = player.does(&format!("generation new {version} --change add:BASE:base"))?;
        ensure!(act.exited(0), "{}", act.told());
        let mark = format!("MARK{}", version.replace('.', "x"));
        let (at, act) = player.does(&format!("generation edit {version} --change add:{mark}:m"))?;
        ensure!(act.exited(0), "{}", act.told());
        world.journal.fact(at, Fact::Edited(mark.clone()));
        player.publishes()?;
        let fate = Fate {
            mark: Some(mark.clone()),
            killed_after: None,
        };
        for change in ["BASE".to_owned(), mark.clone()] {
            player.does(&format!("evolution start {version} --change {change}"))?;
            let (at, act) = world.gryt(0, &format!("run --change {version}/{change}"), &fate)?;
            ensure!(act.exited(0), "{}", act.told());
            world.journal.fact(at, Fact::Proved(mark.clone()));
        }
    }
    player.pulls()?;
    player.promote(SEALED)?;
    player.does("sync push")?;
    player.does("sync push-evolutions").map(drop)
}

/// Breaks something that the judge has to find.
pub(crate) fn commit(world: &World, sabotage: Sabotage) -> Result<()> {
    let hosting = &world.hosting;
    let draft = format!("refs/gryt/generations/{OPEN}");
    match sabotage {
        Sabotage::Rewind => {
            world.must(
                hosting,
                &["update-ref", "refs/gryt/ledger", "refs/gryt/ledger~1"],
            )?;
        }
        Sabotage::DoubleEntry => {
            let message = "--format=%B";
            let newest = format!("--grep=^Gryt-Version: {SEALED}$");
            let args = [
                "log",
                "--first-parent",
                "-1",
                message,
                &newest,
                "refs/gryt/ledger",
            ];
            let text = world.must(hosting, &args)?;
            ensure!(text.contains("Gryt-Promotion: "), "no entry of {SEALED}");
            let text = text.replace("Gryt-Promotion: ", "Gryt-Promotion: again-");
            appends(world, "refs/gryt/ledger", "refs/gryt/ledger^{tree}", &text)?;
        }
        Sabotage::LostEdit => {
            let contract = world.must(hosting, &["show", &format!("{draft}:generation.yaml")])?;
            let kept = contract.lines().take_while(|line| !line.contains("MARK"));
            let mut kept: Vec<&str> = kept.collect();
            // The entry's type stands above its id.
            kept.pop();
            let text = kept.join("\n") + "\n";
            let blob = world.feed(hosting, &["hash-object", "-w", "--stdin"], text)?;
            let blob = String::from_utf8_lossy(&blob).trim().to_owned();
            let line = format!("100644 blob {blob}\tgeneration.yaml\n");
            let tree = world.feed(hosting, &["mktree"], line)?;
            let tree = String::from_utf8_lossy(&tree).trim().to_owned();
            let message = world.must(hosting, &["log", "-1", "--format=%B", &draft])?;
            appends(world, &draft, &tree, &message)?;
        }
        Sabotage::LostEvolution => {
            let clones = world.clones.iter().map(|clone| &clone.dir);
            for dir in clones.chain([hosting]) {
                for root in ["refs/gryt", "refs/gryt-remotes/origin"] {
                    let prefix = format!("{root}/evolutions/{OPEN}/");
                    for (name, _) in world.refs(dir, &prefix)? {
                        world.must(dir, &["update-ref", "-d", &name])?;
                    }
                }
            }
        }
        Sabotage::MissingObject => {
            let blob = world.must(hosting, &["rev-parse", &format!("{draft}:generation.yaml")])?;
            let (folder, file) = blob.split_at(2);
            let path = hosting.join("objects").join(folder).join(file);
            fs::remove_file(&path).with_context(|| format!("{} is to be loose", path.display()))?;
        }
    }
    Ok(())
}

/// A commit on top of a ref.
fn appends(world: &World, name: &str, tree: &str, message: &str) -> Result<()> {
    let hosting = &world.hosting;
    let author = ["-c", "user.name=dev0", "-c", "user.email=dev0@example.com"];
    let commit = ["commit-tree", "-p", name, "-m", message, tree];
    let oid = world.must(hosting, &[&author[..], &commit[..]].concat())?;
    world.must(hosting, &["update-ref", name, &oid]).map(drop)
}
