//! One client: does everything that people do, at random, and keeps what was acknowledged.

use std::fs;
use std::time::Duration;

use anyhow::Result;
use serde_json::Value;

use super::journal::{Act, Fact};
use super::world::{Fate, World};

/// Commands that change nothing, or the cache alone.
const READS: [&str; 16] = [
    "status",
    "generation list",
    "log -n 5",
    "doctor",
    "cache rebuild",
    "cache verify",
    "query --schema",
    "sync status",
    "sync status --offline",
    "sync watch --once",
    "where BASE",
    "verify",
    "run --list",
    "config --list",
    "sync push --dry-run",
    "query select*from(generations)",
];

/// Reads that take a version.
const READS_OF: [&str; 6] = [
    "generation show",
    "evolution list",
    "sync status",
    "why",
    "notes",
    "promote --dry-run",
];

pub(crate) struct Player<'a> {
    world: &'a World,
    client: usize,
    leg: usize,
    dice: fastrand::Rng,
    /// Whether its commands may be killed.
    mortal: bool,
}

impl<'a> Player<'a> {
    pub(crate) fn new(world: &'a World, client: usize, leg: usize, dice: fastrand::Rng) -> Self {
        Self {
            world,
            client,
            leg,
            dice,
            mortal: true,
        }
    }

    /// The same person when all is calm, and nobody kills anything.
    pub(crate) fn calm(world: &'a World, client: usize, leg: usize) -> Self {
        let dice = fastrand::Rng::with_seed(client as u64);
        Self {
            mortal: false,
            ..Self::new(world, client, leg, dice)
        }
    }

    pub(crate) fn dir(&self) -> &'a std::path::Path {
        &self.world.seats[self.client].dir
    }

    fn fate(&mut self, mark: Option<&str>) -> Fate {
        let fated = self.mortal && self.dice.u8(..8) == 0;
        Fate {
            mark: mark.map(String::from),
            // Most commands take less than a tenth of a second, and all have to be hit.
            killed_after: fated.then(|| {
                let most = self.dice.u64(20..400);
                Duration::from_millis(self.dice.u64(2..most))
            }),
        }
    }

    pub(crate) fn does(&mut self, line: &str) -> Result<(usize, Act)> {
        let fate = self.fate(None);
        self.world.gryt(self.client, line, &fate)
    }

    /// A word that nobody else writes.
    fn mark(&self) -> String {
        format!(
            "MARK{}x{}",
            self.client,
            self.world.seats[self.client].next()
        )
    }

    fn fresh_version(&self) -> String {
        format!(
            "v900.{}.{}",
            self.client,
            self.world.seats[self.client].next()
        )
    }

    fn some_draft(&mut self) -> Result<Option<String>> {
        let drafts = self.world.drafts(self.dir())?;
        Ok(self.dice.choice(drafts))
    }

    fn contract(&self, version: &str) -> Option<String> {
        let blob = format!("refs/gryt/generations/{version}:generation.yaml");
        self.world.must(self.dir(), &["show", &blob]).ok()
    }

    /// One thing that a person does; a few commands at most.
    pub(crate) fn act(&mut self) -> Result<()> {
        let draft = self.some_draft()?;
        match (self.dice.u8(..52), draft) {
            (0..=4, _) | (5..=35, None) => self.declares(),
            (5..=11, Some(version)) => self.edits(&version),
            (12 | 13, Some(version)) => self.edits_the_file(&version),
            (14..=18, Some(version)) => self.proves(&version),
            (19 | 20, Some(version)) => {
                let change = self.change_of(&version);
                let status = if self.dice.u8(..4) == 0 {
                    "fail"
                } else {
                    "pass"
                };
                self.records(&version, &change, status)
            }
            (21, Some(version)) => self.abandons(&version),
            (22..=26, Some(version)) => self.promotes(&version),
            (27 | 28, Some(version)) => {
                let fresh = self.fresh_version();
                self.does(&format!("generation rename {version} {fresh}"))
                    .map(drop)
            }
            (29 | 30, Some(version)) => {
                let mode = if self.dice.bool() {
                    ""
                } else {
                    " --local-only"
                };
                self.does(&format!("generation delete {version}{mode}"))
                    .map(drop)
            }
            (31 | 32, _) => self.restores(),
            (33, Some(version)) => {
                let line = format!("generation edit {version} -d text{}", self.dice.u16(..));
                self.does(&line).map(drop)
            }
            (34 | 35, Some(version)) => self.reads_of(&version),
            (36..=38, _) => self.pushes_evolutions(),
            (39..=41, _) => self.does("sync push").map(drop),
            (42..=44, _) => self.pulls(),
            (45, _) => self.withdraws(),
            (46, _) => self.does("sync backfill").map(drop),
            (47, _) => self.commits().map(drop),
            (48, _) => self.publishes(),
            (49, _) => self.keeps_house(),
            (_, _) => {
                let line = READS[self.dice.usize(..READS.len())];
                self.does(line).map(drop)
            }
        }
    }

    fn declares(&mut self) -> Result<()> {
        let line = match self.dice.u8(..4) {
            0 => "generation new --next minor".to_owned(),
            _ => {
                let (minor, patch) = (self.dice.u8(..3), self.dice.u8(..3));
                // Two spellings of one version are one version.
                match patch {
                    0 => format!("generation new v{}.{minor}", self.leg + 1),
                    _ => format!("generation new v{}.{minor}.{patch}", self.leg + 1),
                }
            }
        };
        self.does(&format!("{line} --change add:BASE:base"))
            .map(drop)
    }

    pub(crate) fn edits(&mut self, version: &str) -> Result<()> {
        if self.dice.u8(..6) == 0 {
            // Two people who set one field clash.
            let title = self.dice.u16(..);
            let line = format!("generation edit {version} --change add:BASE:by{title}");
            return self.does(&line).map(drop);
        }
        if self.dice.u8(..10) == 0 {
            let text = self.contract(version).unwrap_or_default();
            if let Some(mark) = self.dice.choice(marks_in(&text)) {
                self.world.journal.fact(0, Fact::Dropped(mark.clone()));
                return self
                    .does(&format!("generation edit {version} --drop {mark}"))
                    .map(drop);
            }
        }
        let mark = self.mark();
        let line = format!("generation edit {version} --change add:{mark}:m");
        let (at, act) = self.does(&line)?;
        if act.exited(0) {
            self.world.journal.fact(at, Fact::Edited(mark));
        }
        Ok(())
    }

    /// As with an editor: what is saved is an edit from then on.
    fn edits_the_file(&mut self, version: &str) -> Result<()> {
        let path = self.dir().join(format!(".gryt/generations/{version}.yaml"));
        let Ok(text) = fs::read_to_string(&path) else {
            return Ok(());
        };
        // Another worktree may have sealed it since: then the file is no draft's any more.
        if !text.contains("  id: ") || !text.ends_with('\n') {
            return Ok(());
        }
        let mark = self.mark();
        let indent = if text.contains("\n  - ") { "  " } else { "" };
        let beside = path.with_extension("new");
        let entry = format!("{indent}- type: add\n{indent}  id: {mark}\n{indent}  title: m\n");
        fs::write(&beside, text + &entry)?;
        fs::rename(beside, path)?;
        let next = ["status", "sync push", "generation list", "sync pull"][self.dice.usize(..4)];
        let (at, _) = self.does(next)?;
        self.world.journal.fact(at, Fact::Edited(mark));
        Ok(())
    }

    fn change_of(&mut self, version: &str) -> String {
        let text = self.contract(version).unwrap_or_default();
        let mark = self.dice.choice(marks_in(&text));
        mark.filter(|_| self.dice.bool())
            .unwrap_or_else(|| "BASE".into())
    }

    pub(crate) fn proves(&mut self, version: &str) -> Result<()> {
        let change = self.change_of(version);
        if self.dice.u8(..4) == 0 {
            self.commits()?;
        }
        self.does(&format!("evolution start {version} --change {change}"))?;
        let how = ["", " --isolated", " --allow-dirty"][self.dice.usize(..3)];
        self.runs(&format!("run --change {version}/{change}{how}"))
    }

    fn runs(&mut self, line: &str) -> Result<()> {
        let mark = self.mark();
        let fate = self.fate(Some(&mark));
        let (at, act) = self.world.gryt(self.client, line, &fate)?;
        if act.exited(0) && !line.contains("--uncovered") {
            self.world.journal.fact(at, Fact::Proved(mark));
        }
        Ok(())
    }

    fn records(&mut self, version: &str, change: &str, status: &str) -> Result<()> {
        let mark = self.mark();
        let url = format!("https://ci.example.com/{mark}");
        let line =
            format!("evolution record {version} --change {change} --status {status} --url {url}");
        let (at, act) = self.does(&line)?;
        if act.exited(0) {
            self.world.journal.fact(at, Fact::Proved(mark));
        }
        Ok(())
    }

    fn abandons(&mut self, version: &str) -> Result<()> {
        let prefix = format!("refs/gryt/evolutions/{version}/");
        let refs = self.world.refs(self.dir(), &prefix)?;
        let Some((name, _)) = self.dice.choice(refs) else {
            return Ok(());
        };
        let name = name["refs/gryt/evolutions/".len()..].to_owned();
        self.abandon(&name)
    }

    fn abandon(&mut self, name: &str) -> Result<()> {
        let mut parts = name.split('/').map(String::from);
        if let (Some(version), Some(change)) = (parts.next(), parts.next()) {
            self.world
                .journal
                .fact(0, Fact::Abandoned { version, change });
        }
        self.does(&format!("evolution abandon {name} --reason enough"))
            .map(drop)
    }

    /// Publishes the code, proves what is not proven there, and promotes.
    pub(crate) fn promotes(&mut self, version: &str) -> Result<()> {
        if self.dice.u8(..3) == 0 {
            self.pulls()?;
        }
        if self.dice.u8(..4) != 0 {
            self.publishes()?;
        }
        let text = self.contract(version).unwrap_or_default();
        for change in std::iter::once("BASE".to_owned()).chain(marks_in(&text)) {
            if self.dice.bool() {
                self.records(version, &change, "pass")?;
            } else {
                self.does(&format!("evolution start {version} --change {change}"))?;
                self.runs(&format!("run --change {version}/{change}"))?;
            }
        }
        if self.dice.bool() {
            self.runs(&format!("run --uncovered {version}"))?;
        }
        if self.dice.bool() {
            self.pushes_evolutions()?;
        }
        self.promote(version)
    }

    pub(crate) fn promote(&mut self, version: &str) -> Result<()> {
        let (at, act) = self.does(&format!("promote {version} --json"))?;
        if act.exited(0)
            && let Ok(told) = serde_json::from_str::<Value>(&act.out)
            && told["in_cloud"] == true
        {
            let text = |key: &str| told[key].as_str().unwrap_or_default().to_owned();
            let fact = Fact::Promoted {
                version: text("version"),
                id: text("promotion"),
            };
            self.world.journal.fact(at, fact);
        }
        Ok(())
    }

    fn restores(&mut self) -> Result<()> {
        let prefix = "refs/gryt-local/deleted/";
        let refs = self.world.refs(self.dir(), prefix)?;
        if let Some((name, _)) = self.dice.choice(refs)
            && let Some(version) = name[prefix.len()..].split('/').next()
        {
            self.does(&format!("generation restore {version}"))?;
        }
        Ok(())
    }

    fn withdraws(&mut self) -> Result<()> {
        if let Some(version) = self.dice.choice(self.world.sealed()?) {
            self.does(&format!("withdraw {version} --reason bad"))?;
        }
        Ok(())
    }

    fn reads_of(&mut self, version: &str) -> Result<()> {
        let line = READS_OF[self.dice.usize(..READS_OF.len())];
        self.does(&format!("{line} {version}")).map(drop)
    }

    pub(crate) fn pushes_evolutions(&mut self) -> Result<()> {
        let how = ["", " --with-commits"][usize::from(self.dice.u8(..4) == 0)];
        self.does(&format!("sync push-evolutions{how}")).map(drop)
    }

    /// Pulls, and ends every conflict as a person would.
    pub(crate) fn pulls(&mut self) -> Result<()> {
        let (_, act) = self.does("sync pull --json")?;
        let Ok(pulled) = serde_json::from_str::<Value>(&act.out) else {
            return Ok(());
        };
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        for conflict in list(&pulled["conflicts"]) {
            let version = conflict["version"].as_str().unwrap_or_default();
            let side = ["--ours", "--theirs"][self.dice.usize(..2)];
            match conflict["reason"].as_str().unwrap_or_default() {
                reason if reason.starts_with("Edited") => {
                    self.does(&format!("generation resolve {version} {side}"))?;
                }
                _ => self.renames(version)?,
            }
        }
        for version in list(&pulled["adopted"]["late_drafts"]) {
            self.renames(version.as_str().unwrap_or_default())?;
        }
        let late = ["late_evolutions", "late_proofs"];
        for name in late.iter().flat_map(|key| list(&pulled["adopted"][*key])) {
            let text = |key: &str| name[key].as_str().unwrap_or_default().to_owned();
            let (version, change) = (text("version"), text("change"));
            self.abandon(&format!("{version}/{change}/rc.{}", name["number"]))?;
        }
        Ok(())
    }

    fn renames(&mut self, version: &str) -> Result<()> {
        let fresh = self.fresh_version();
        self.does(&format!("generation rename {version} {fresh}"))
            .map(drop)
    }

    /// Commits to the client's own file, or rewrites what nobody has yet.
    fn commits(&mut self) -> Result<bool> {
        let (world, client, dir) = (self.world, self.client, self.dir());
        let name = format!("work{}.txt", self.client);
        let unpublished = !world
            .git_of(
                client,
                &[
                    "merge-base",
                    "--is-ancestor",
                    "HEAD",
                    "refs/remotes/origin/main",
                ],
            )?
            .status
            .success();
        let mark = self.mark();
        if unpublished && self.dice.u8(..4) == 0 {
            // A squash of all that is not published.
            let base = world.git_of(client, &["merge-base", "HEAD", "refs/remotes/origin/main"])?;
            let base = String::from_utf8_lossy(&base.stdout).trim().to_owned();
            world.git_of(client, &["reset", "-q", "--soft", &base])?;
            return Ok(world
                .git_of(client, &["commit", "-q", "-m", &mark])?
                .status
                .success());
        }
        let text = fs::read_to_string(dir.join(&name)).unwrap_or_default();
        fs::write(dir.join(&name), format!("{text}{mark}\n"))?;
        world.git_of(client, &["add", &name])?;
        let mut args = vec!["commit", "-q", "-m", &mark];
        if unpublished && self.dice.bool() {
            args.push("--amend");
        }
        Ok(world.git_of(client, &args)?.status.success())
    }

    /// Brings the client's commits onto the cloud's branch.
    pub(crate) fn publishes(&mut self) -> Result<()> {
        let (world, client) = (self.world, self.client);
        for _ in 0..3 {
            world.git_of(client, &["fetch", "-q", "origin"])?;
            let rebased = world.git_of(client, &["rebase", "-q", "refs/remotes/origin/main"])?;
            if !rebased.status.success() {
                world.git_of(client, &["rebase", "--abort"])?;
                world.git_of(
                    client,
                    &["reset", "-q", "--hard", "refs/remotes/origin/main"],
                )?;
            }
            if world
                .git_of(client, &["push", "-q", "origin", "HEAD:main"])?
                .status
                .success()
            {
                break;
            }
        }
        Ok(())
    }

    fn keeps_house(&mut self) -> Result<()> {
        let tasks: [&[&str]; 3] = [
            &["gc", "--quiet"],
            &["pack-refs", "--all"],
            &["repack", "-q", "-d"],
        ];
        self.world
            .git_of(self.client, tasks[self.dice.usize(..3)])?;
        self.world.weather.count("clone: housekeeping");
        Ok(())
    }

    /// Repeats what was cut: a rename, or a promotion whose outcome was not known.
    pub(crate) fn finishes(&mut self) -> Result<()> {
        for (old, new) in self.world.renames_under_way(self.dir())? {
            self.does(&format!("generation rename {old} {new}"))?;
        }
        let prefix = "refs/gryt-local/promoting/";
        for (name, _) in self.world.refs(self.dir(), prefix)? {
            self.promote(&name[prefix.len()..])?;
        }
        Ok(())
    }
}

/// The ids of changes that clients added.
pub(crate) fn marks_in(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words
        .filter(|word| word.starts_with("MARK"))
        .map(String::from)
        .collect()
}
