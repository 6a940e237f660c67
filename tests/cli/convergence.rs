//! Five clones do as they please, then all sync: every one has the same, and nothing that was
//! acknowledged is gone without its author having been told.
//!
//! `GRYT_SEED=7 cargo test --test cli convergence` plays another game, the same each time.

#![allow(clippy::print_stdout, reason = "a game that fails says which it was")]

use std::collections::{BTreeMap, BTreeSet};

use crate::sandbox::{Person, Sandbox, whole};

/// Numbers that look random and are the same for a seed everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        (!from.is_empty()).then(|| &from[self.below(from.len())])
    }
}

struct Play {
    dice: Dice,
    hosting: Person,
    people: Vec<Person>,
    /// Marks that an edit put into a draft and that nobody may lose.
    marks: BTreeSet<String>,
    /// Marks that left with a draft that somebody deleted on purpose.
    deleted: BTreeSet<String>,
    /// How often each kind of thing happened.
    seen: BTreeMap<String, usize>,
    fresh: usize,
}

fn drafts(person: &Person) -> Vec<String> {
    let refs = person.refs("refs/gryt/generations");
    refs.into_iter()
        .map(|(name, _)| name["refs/gryt/generations/".len()..].to_owned())
        .collect()
}

fn marks_in(text: &str) -> BTreeSet<String> {
    let ids = text.split(|c: char| !c.is_ascii_alphanumeric());
    ids.filter(|id| id.starts_with("MARK"))
        .map(String::from)
        .collect()
}

impl Play {
    fn saw(&mut self, what: &str) {
        *self.seen.entry(what.to_owned()).or_default() += 1;
    }

    fn does(&mut self, at: usize, line: &str, allowed: &[i32]) -> (i32, String) {
        let ran = self.people[at].sh(&format!("git gryt {line}"));
        let who = &self.people[at].name;
        assert!(
            allowed.contains(&ran.code),
            "{who} $ git gryt {line}\n{ran:#?}"
        );
        let words = if line.starts_with("promote ") { 1 } else { 2 };
        let verb: Vec<&str> = line.split(' ').take(words).collect();
        self.saw(&format!("{} -> {}", verb.join(" "), ran.code));
        (ran.code, ran.out)
    }

    fn fresh_version(&mut self) -> String {
        self.fresh += 1;
        format!("v9.{}.0", self.fresh)
    }

    fn act(&mut self, step: usize) {
        let at = self.dice.below(self.people.len());
        let mine = drafts(&self.people[at]);
        let some = self.dice.pick(&mine).cloned();
        match (self.dice.below(16), some) {
            (0 | 1, _) | (_, None) => {
                let version = format!("v1.{}.{}", self.dice.below(3), self.dice.below(3));
                self.does(
                    at,
                    &format!("generation new {version} --change add:BASE:base"),
                    &[0, 3],
                );
            }
            (2..=5, Some(version)) => {
                let mark = format!("MARK{step}x");
                let line = format!("generation edit {version} --change add:{mark}:m");
                if self.does(at, &line, &[0, 3]).0 == 0 {
                    self.marks.insert(mark);
                }
            }
            (6, Some(version)) => {
                let line = format!("generation edit {version} --change 'add:BASE:by {step}'");
                self.does(at, &line, &[0, 3]);
            }
            (7 | 8, Some(version)) => {
                self.does(
                    at,
                    &format!("evolution start {version} --change BASE"),
                    &[0, 3, 7],
                );
                self.does(at, "run", &[0, 3, 7]);
            }
            (9, _) => _ = self.does(at, "sync push-evolutions", &[0]),
            (10 | 11, _) => _ = self.does(at, "sync push", &[0, 3, 4]),
            (12 | 13, _) => self.pulls(at),
            (14, Some(version)) => {
                // Whatever a draft asks for, this person proves.
                let text = self.people[at].git(&format!(
                    "show refs/gryt/generations/{version}:generation.yaml"
                ));
                for mark in marks_in(&text).iter().map(String::as_str).chain(["BASE"]) {
                    self.does(
                        at,
                        &format!("evolution start {version} --change {mark}"),
                        &[0, 3, 7],
                    );
                    self.does(at, "run", &[0, 3, 7]);
                }
                self.does(at, &format!("promote {version}"), &[0, 3, 4, 5, 6]);
            }
            (_, Some(version)) => {
                let text = self.people[at].git(&format!(
                    "show refs/gryt/generations/{version}:generation.yaml"
                ));
                if self
                    .does(at, &format!("generation delete {version}"), &[0, 3, 4, 6])
                    .0
                    == 0
                {
                    self.deleted.extend(marks_in(&text));
                }
            }
        }
    }

    /// Pulls, and ends every conflict as a person would.
    fn pulls(&mut self, at: usize) {
        let (_, out) = self.does(at, "sync pull --json", &[0, 6]);
        let pulled: serde_json::Value = serde_json::from_str(&out).unwrap();
        let side = ["--ours", "--theirs"][self.dice.below(2)];
        for conflict in pulled["conflicts"].as_array().unwrap() {
            let version = conflict["version"].as_str().unwrap();
            let reason = conflict["reason"].as_str().unwrap();
            self.saw(reason);
            if reason.starts_with("Edited here and deleted") {
                self.does(at, &format!("generation resolve {version} --ours"), &[0]);
            } else if reason.starts_with("Edited") {
                self.does(at, &format!("generation resolve {version} {side}"), &[0]);
            } else {
                let fresh = self.fresh_version();
                self.does(at, &format!("generation rename {version} {fresh}"), &[0]);
            }
        }
        for version in pulled["adopted"]["late_drafts"].as_array().unwrap() {
            self.saw("late draft");
            let fresh = self.fresh_version();
            let version = version.as_str().unwrap();
            self.does(at, &format!("generation rename {version} {fresh}"), &[0]);
        }
        for name in pulled["adopted"]["late_evolutions"].as_array().unwrap() {
            self.saw("late evolution");
            let text = |key: &str| name[key].as_str().unwrap().to_owned();
            let name = format!(
                "{}/{}/rc.{}",
                text("version"),
                text("change"),
                name["number"]
            );
            // A colleague's is told to its owner, and stays.
            self.does(at, &format!("evolution abandon {name}"), &[0, 6, 7]);
        }
    }

    fn shared(&self, person: &Person) -> Vec<(String, String)> {
        person.refs("refs/gryt/")
    }

    fn converge(&mut self) {
        for _ in 0..8 {
            for at in 0..self.people.len() {
                self.pulls(at);
                self.does(at, "sync push", &[0, 3, 4]);
                self.does(at, "sync push-evolutions", &[0]);
                self.pulls(at);
            }
            let there = self.shared(&self.hosting);
            if self
                .people
                .iter()
                .all(|person| self.shared(person) == there)
            {
                return;
            }
        }
        let there = self.shared(&self.hosting);
        let differing = self
            .people
            .iter()
            .find(|person| self.shared(person) != there)
            .unwrap();
        panic!(
            "{} has {:#?}\nthe cloud has {there:#?}",
            differing.name,
            self.shared(differing)
        );
    }
}

fn play(seed: u64) -> BTreeMap<String, usize> {
    let sandbox = Sandbox::new();
    let hosting = sandbox.hosting();
    let people = sandbox.team(["ann", "bob", "cat", "dan", "eve"]);
    let mut play = Play {
        dice: Dice(seed),
        hosting: people[0].at(hosting),
        people: people.into(),
        marks: BTreeSet::new(),
        deleted: BTreeSet::new(),
        seen: BTreeMap::new(),
        fresh: 0,
    };
    for step in 0..300 {
        play.act(step);
    }
    play.converge();
    let mut text = String::new();
    for version in drafts(&play.hosting) {
        text += &play.hosting.git(&format!(
            "show refs/gryt/generations/{version}:generation.yaml"
        ));
    }
    let sealed = play
        .hosting
        .sh("git ls-tree -r --name-only refs/gryt/ledger");
    for path in sealed
        .out
        .lines()
        .filter(|path| path.ends_with(".generation.yaml"))
    {
        text += &play.hosting.git(&format!("show refs/gryt/ledger:{path}"));
    }
    let kept: BTreeSet<String> = marks_in(&text).union(&play.deleted).cloned().collect();
    let lost: Vec<&String> = play.marks.difference(&kept).collect();
    assert!(
        lost.is_empty(),
        "seed {seed}: {lost:?} were acknowledged and are gone"
    );
    for person in &play.people {
        let view: BTreeSet<String> = drafts(person).into_iter().collect();
        for version in view {
            let file = person.read(&format!(".gryt/generations/{version}.yaml"));
            let there = person.must(&format!(
                "git show refs/gryt/generations/{version}:generation.yaml"
            ));
            assert_eq!(file, there, "{}'s file of {version}", person.name);
        }
        person.git("fsck --strict --no-dangling");
    }
    play.seen
}

#[test]
fn five_clones_that_do_as_they_please_end_up_with_the_same() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let asked = std::env::var("GRYT_SEED").map(|seed| seed.parse().expect("a number"));
    for seed in asked.map_or((1..=if whole() { 20 } else { 1 }).collect(), |seed| {
        vec![seed]
    }) {
        println!("seed {seed}");
        for (what, count) in play(seed) {
            *seen.entry(what).or_default() += count;
        }
    }
    let promoted = seen.iter().filter(|(what, _)| *what == "promote -> 0");
    let promoted: usize = promoted.map(|(_, count)| count).sum();
    assert!(promoted > 0, "every promotion was refused: {seen:#?}");
    if std::env::var("GRYT_SEED").is_ok() {
        return;
    }
    // Calm seeds would test nothing.
    for what in [
        "Edited here and in the cloud",
        "Local and cloud have same version",
        "late draft",
        "late evolution",
        "generation delete -> 0",
        "generation resolve -> 0",
    ] {
        let happened = seen.keys().any(|key| key.starts_with(what));
        assert!(happened, "never seen: {what}; {seen:#?}");
    }
}
