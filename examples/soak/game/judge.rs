//! What has to hold, told by plain git and the journal alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use anyhow::Result;

use super::journal::{Act, Ended, Fact};
use super::player::marks_in;
use super::world::{Fate, World};

/// What was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The ledger no longer begins with what it held before.
    Rewound,
    /// A version, or a promotion id, is in the ledger more than once.
    SealedTwice,
    /// A promotion that was acknowledged is not in the ledger.
    PromotionLost,
    /// A promotion landed, and its promoter was told that it failed, or never told.
    PromotionDenied,
    /// An edit that was acknowledged is nowhere.
    EditLost,
    /// A proof that was acknowledged is nowhere.
    ProofLost,
    /// An honest cloud was called rewritten.
    Accused,
    /// A command failed in a way that it must not: a panic, a failure without cause, no end.
    Failed,
    /// What was cut short was not finished by later commands.
    Unfinished,
    /// Everybody pulled and pushed, and two still have not the same.
    Differs,
    /// A file does not say what its draft holds.
    StaleView,
    /// `git fsck` found something.
    Damaged,
    /// `git gryt verify` did not pass.
    Unverified,
}

#[derive(Debug, Clone)]
pub(crate) struct Violation {
    pub kind: Kind,
    pub text: String,
    /// The last commands of the clone that it was seen in.
    pub last: Vec<String>,
}

impl Violation {
    pub(crate) fn new(world: &World, kind: Kind, person: Option<usize>, text: String) -> Self {
        let pages = world.journal.read();
        let last = person
            .map(|person| pages.last(person, 25))
            .unwrap_or_default();
        Self { kind, text, last }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:?}: {}", self.kind, self.text)?;
        self.last
            .iter()
            .try_for_each(|line| writeln!(f, "    {line}"))
    }
}

/// One promotion, as plain git reads it.
#[derive(Debug, Clone)]
struct Entry {
    oid: String,
    email: String,
    version: String,
    promotion: String,
}

/// The cloud's ledger as it was seen last.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    chain: Vec<String>,
    entries: Vec<Entry>,
    /// Acts that were judged already.
    judged: usize,
}

impl Ledger {
    pub(crate) fn len(&self) -> usize {
        self.chain.len()
    }

    pub(crate) fn promotions(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn read(&mut self, world: &World) -> Result<()> {
        let format = "--format=%H%x09%ae%x09%(trailers:key=Gryt-Version,valueonly,separator=)\
            %x09%(trailers:key=Gryt-Promotion,valueonly,separator=)";
        let args = [
            "log",
            "--first-parent",
            "--reverse",
            format,
            "refs/gryt/ledger",
        ];
        let output = world.git(&world.hosting, &args)?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        self.chain.clear();
        self.entries.clear();
        for line in text.lines() {
            let mut fields = line.split('\t').map(String::from);
            let mut next = || fields.next().unwrap_or_default();
            let (oid, email, version, promotion) = (next(), next(), next(), next());
            self.chain.push(oid.clone());
            if !promotion.is_empty() {
                self.entries.push(Entry {
                    oid,
                    email,
                    version,
                    promotion,
                });
            }
        }
        Ok(())
    }
}

/// `v1.2` and `v1.2.0` are one version.
fn plain(version: &str) -> &str {
    let mut version = version;
    while let Some(shorter) = version.strip_suffix(".0") {
        version = shorter;
    }
    version
}

/// Judges all that happened since the last time, and all that there is now.
pub(crate) fn all(world: &World, ledger: &mut Ledger) -> Result<Vec<Violation>> {
    let mut judge = Judge {
        world,
        found: Vec::new(),
    };
    for client in 0..world.seats.len() {
        world.gryt(client, "sync pull", &Fate::default())?;
        let (_, act) = world.gryt(client, "verify", &Fate::default())?;
        if !act.exited(0) {
            let text = format!("{:?}\n{}{}", act.ended, act.out, act.err);
            judge.finds(Kind::Unverified, Some(act.person), text);
        }
    }
    judge.ledger(ledger)?;
    judge.found.extend(commands(world, ledger));
    judge.promotions(ledger);
    judge.edits()?;
    judge.proofs()?;
    judge.leftovers(ledger)?;
    judge.objects()?;
    Ok(judge.found)
}

/// Judges how each command ended since the last time.
pub(crate) fn commands(world: &World, ledger: &mut Ledger) -> Vec<Violation> {
    let pages = world.journal.read();
    let mut found = Vec::new();
    for (at, act) in pages.acts.iter().enumerate().skip(ledger.judged) {
        if let Some(kind) = fault(act) {
            let before = pages.acts[..=at]
                .iter()
                .rev()
                .filter(|a| a.person == act.person);
            let mut last: Vec<String> = before.take(12).map(Act::told).collect();
            last.reverse();
            let text = format!("{}\n{}", act.told(), act.err);
            found.push(Violation { kind, text, last });
        }
    }
    ledger.judged = pages.acts.len();
    found
}

/// What git leaves in a clone where it is killed.
const LEFT: [&str; 2] = [".lock", "packed-refs.new"];

/// What is wrong with how a command ended.
pub(crate) fn fault(act: &Act) -> Option<Kind> {
    match act.ended {
        Ended::Exit(9) => Some(Kind::Accused),
        // Git's own words for a lock that a killed process left.
        Ended::Exit(1) if act.disturbed && LEFT.iter().any(|left| act.says(left)) => None,
        // On a busy machine a command may wait for its clone's lock for longer than it is to.
        Ended::Exit(1) if act.says("is at work in this clone") => None,
        Ended::Exit(0 | 3..=8) | Ended::Killed => None,
        Ended::Exit(_) | Ended::Signal(_) | Ended::Overdue => Some(Kind::Failed),
    }
}

struct Judge<'a> {
    world: &'a World,
    found: Vec<Violation>,
}

impl Judge<'_> {
    fn finds(&mut self, kind: Kind, person: Option<usize>, text: String) {
        self.found
            .push(Violation::new(self.world, kind, person, text));
    }

    fn ledger(&mut self, ledger: &mut Ledger) -> Result<()> {
        let before = std::mem::take(&mut ledger.chain);
        ledger.read(self.world)?;
        if !ledger.chain.starts_with(&before) {
            let text = format!("{} entries were, {} are", before.len(), ledger.chain.len());
            self.finds(Kind::Rewound, None, text);
        }
        let mut versions = BTreeMap::new();
        let mut ids = BTreeMap::new();
        for entry in &ledger.entries {
            let twins = [
                versions.insert(plain(&entry.version), &entry.oid),
                ids.insert(&entry.promotion, &entry.oid),
            ];
            for other in twins.into_iter().flatten() {
                let text = format!("{} by {other} and {}", entry.version, entry.oid);
                self.finds(Kind::SealedTwice, None, text);
            }
        }
        Ok(())
    }

    fn promotions(&mut self, ledger: &Ledger) {
        let pages = self.world.journal.read();
        let mut found = Vec::new();
        for (at, fact) in &pages.facts {
            if let Fact::Promoted { version, id } = fact
                && !ledger.entries.iter().any(|entry| entry.promotion == *id)
            {
                let text = format!("{version}, {id}: {}", pages.acts[*at].told());
                found.push((Kind::PromotionLost, pages.acts[*at].person, text));
            }
        }
        for entry in &ledger.entries {
            let mine = |act: &&Act| entry.email == format!("dev{}@example.com", act.person);
            let tries: Vec<&Act> = pages
                .acts
                .iter()
                .filter(mine)
                .filter(|act| {
                    let mut words = act.line.split(' ');
                    words.next() == Some("promote")
                        && words.any(|word| {
                            word.starts_with('v') && plain(word) == plain(&entry.version)
                        })
                })
                .collect();
            let acknowledged = |act: &&Act| act.exited(0);
            let open = |act: &&Act| !matches!(act.ended, Ended::Exit(0..=7 | 9));
            if !tries.iter().any(acknowledged) && !tries.iter().any(open) {
                let told: Vec<String> = tries.iter().map(|act| act.told()).collect();
                let text = format!("{} is sealed: {}", entry.version, told.join("\n"));
                let person = tries.first().map_or(0, |act| act.person);
                found.push((Kind::PromotionDenied, person, text));
            }
        }
        drop(pages);
        for (kind, person, text) in found {
            self.finds(kind, Some(person), text);
        }
    }

    /// Every repository, with the clone that it is.
    fn repositories(&self) -> Vec<(Option<usize>, &Path)> {
        let clones = self.world.clones.iter().enumerate();
        let mut all = vec![(None, self.world.hosting.as_path())];
        all.extend(clones.map(|(person, clone)| (Some(person), clone.dir.as_path())));
        all
    }

    /// Everything that a draft, a seal, a file, or what was put aside says now.
    fn contracts(&self) -> Result<BTreeSet<String>> {
        let mut marks = BTreeSet::new();
        for (_, dir) in self.repositories() {
            let mut blobs = Vec::new();
            for prefix in ["refs/gryt/generations", "refs/gryt-local/deleted"] {
                for (name, oid) in self.world.refs(dir, prefix)? {
                    // A file that was put aside is a blob.
                    let blob = if name.ends_with("/file") {
                        ""
                    } else {
                        ":generation.yaml"
                    };
                    blobs.push(format!("{oid}{blob}"));
                }
            }
            let args = [
                "ls-tree",
                "-r",
                "--format=%(objectname) %(path)",
                "refs/gryt/ledger",
            ];
            let output = self.world.git(dir, &args)?;
            let text = String::from_utf8_lossy(&output.stdout);
            let sealed = text.lines().filter_map(|line| line.split_once(' '));
            let sealed = sealed.filter(|(_, path)| path.ends_with(".generation.yaml"));
            blobs.extend(sealed.map(|(oid, _)| oid.to_owned()));
            let text = self
                .world
                .feed(dir, &["cat-file", "--batch"], blobs.join("\n") + "\n")?;
            marks.extend(marks_in(&String::from_utf8_lossy(&text)));
        }
        for seat in &self.world.seats {
            for entry in std::fs::read_dir(seat.dir.join(".gryt/generations"))? {
                marks.extend(marks_in(&std::fs::read_to_string(entry?.path())?));
            }
        }
        Ok(marks)
    }

    fn edits(&mut self) -> Result<()> {
        let kept = self.contracts()?;
        let pages = self.world.journal.read();
        let mut found = Vec::new();
        for (at, fact) in &pages.facts {
            if let Fact::Edited(mark) = fact
                && !kept.contains(mark)
                && !pages
                    .facts
                    .iter()
                    .any(|(_, fact)| *fact == Fact::Dropped(mark.clone()))
            {
                found.push((
                    pages.acts[*at].person,
                    format!("{mark}: {}", pages.acts[*at].told()),
                ));
            }
        }
        drop(pages);
        for (person, text) in found {
            self.finds(Kind::EditLost, Some(person), text);
        }
        self.views()
    }

    /// Files say what drafts hold.
    fn views(&mut self) -> Result<()> {
        for seat in &self.world.seats {
            for version in self.world.drafts(&seat.dir)? {
                let blob = format!("refs/gryt/generations/{version}:generation.yaml");
                let draft = self.world.must(&seat.dir, &["show", &blob])?;
                let path = seat.dir.join(format!(".gryt/generations/{version}.yaml"));
                let file = std::fs::read_to_string(&path).unwrap_or_default();
                if file.trim_end() != draft.trim_end() {
                    let text = format!("{}\n{file}\nthe draft:\n{draft}", path.display());
                    self.finds(Kind::StaleView, Some(seat.person), text);
                }
            }
        }
        Ok(())
    }

    /// All that proofs say, wherever they are kept.
    fn proven(&self) -> Result<BTreeSet<String>> {
        let mut marks = BTreeSet::new();
        for (_, dir) in self.repositories() {
            let args = [
                "rev-list",
                "--objects",
                "--exclude=refs/gryt-remotes/*",
                "--all",
            ];
            // A repository that lacks objects is told by `objects`.
            let output = self.world.git(dir, &args)?;
            let text = String::from_utf8_lossy(&output.stdout);
            let proofs = text.lines().filter_map(|line| line.split_once(' '));
            let proofs = proofs.filter(|(_, path)| *path == "proof.yaml" || path.ends_with(".log"));
            let blobs: Vec<&str> = proofs.map(|(oid, _)| oid).collect();
            let text = self
                .world
                .feed(dir, &["cat-file", "--batch"], blobs.join("\n") + "\n")?;
            marks.extend(marks_in(&String::from_utf8_lossy(&text)));
        }
        Ok(marks)
    }

    fn proofs(&mut self) -> Result<()> {
        let kept = self.proven()?;
        let pages = self.world.journal.read();
        let mut found = Vec::new();
        for (at, fact) in &pages.facts {
            if let Fact::Proved(mark) = fact
                && !kept.contains(mark)
            {
                found.push((
                    pages.acts[*at].person,
                    format!("{mark}: {}", pages.acts[*at].told()),
                ));
            }
        }
        drop(pages);
        for (person, text) in found {
            self.finds(Kind::ProofLost, Some(person), text);
        }
        Ok(())
    }

    /// What a later command had to finish.
    fn leftovers(&mut self, ledger: &Ledger) -> Result<()> {
        let tags = self.world.refs(&self.world.hosting, "refs/tags/")?;
        for entry in &ledger.entries {
            let name = format!("refs/tags/{}", entry.version);
            if !tags.iter().any(|(tag, _)| *tag == name) {
                let person = entry.email.trim_start_matches("dev").split('@').next();
                let person = person.and_then(|person| person.parse().ok());
                self.finds(
                    Kind::Unfinished,
                    person,
                    format!("{name} is not in the cloud"),
                );
            }
        }
        for person in 0..self.world.clones.len() {
            let dir = &self.world.clones[person].dir;
            for (old, new) in self.world.renames_under_way(dir)? {
                let text = format!("{old} is still being renamed to {new}");
                self.finds(Kind::Unfinished, Some(person), text);
            }
            for (name, _) in self.world.refs(dir, "refs/gryt-local/")? {
                let unfinished = match name.strip_prefix("refs/gryt-local/promoting/") {
                    // An intent may be kept where nothing was promoted.
                    Some(version) => ledger.entries.iter().any(|e| e.version == version),
                    None => name.starts_with("refs/gryt-local/leaving/"),
                };
                if unfinished {
                    self.finds(
                        Kind::Unfinished,
                        Some(person),
                        format!("{name} is still there"),
                    );
                }
            }
        }
        Ok(())
    }

    fn objects(&mut self) -> Result<()> {
        let mut found = Vec::new();
        for (person, dir) in self.repositories() {
            let output = self
                .world
                .git(dir, &["fsck", "--strict", "--no-dangling", "--no-progress"])?;
            if !output.status.success() {
                let said = [output.stdout, output.stderr].concat();
                let text = format!("{}\n{}", dir.display(), String::from_utf8_lossy(&said));
                found.push((person, text));
            }
        }
        for (person, text) in found {
            self.finds(Kind::Damaged, person, text);
        }
        Ok(())
    }
}
