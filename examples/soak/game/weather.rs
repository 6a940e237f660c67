//! What befalls the cloud: hooks that refuse, sleep or die, answers that get lost, housekeeping.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;

use super::world::World;

/// The server's mood stands in a file that its hooks read.
const BEFORE: &str = r#"#!/bin/sh
case "$(cat mood 2>/dev/null)" in
slow) sleep 0.4;;
refuse) echo 'the freeze is on' >&2; exit 1;;
die) kill -9 $PPID; exit 1;;
esac
exit 0
"#;

/// The refs have moved, and nobody is told. A deletion says `committed` while the server still
/// holds locks, which would stay for ever: a person would have to mend that server.
const AFTER: &str = r#"#!/bin/sh
if [ "$1" = committed ] && [ "$(cat mood 2>/dev/null)" = lose ] &&
    [ -z "$(find . -path ./objects -prune -o -name '*.lock' -print)" ]
then kill -9 $PPID; fi
exit 0
"#;

#[derive(Default)]
pub(crate) struct Weather {
    counts: Mutex<BTreeMap<String, usize>>,
}

impl Weather {
    /// Puts the hooks into the hosting.
    pub(crate) fn install(hosting: &Path) -> Result<()> {
        let hooks = hosting.join("hooks");
        fs::create_dir_all(&hooks)?;
        for (name, script) in [("pre-receive", BEFORE), ("reference-transaction", AFTER)] {
            fs::write(hooks.join(name), script)?;
            fs::set_permissions(hooks.join(name), fs::Permissions::from_mode(0o755))?;
        }
        Ok(())
    }

    /// How often each mood came, and each kind of housekeeping.
    pub(crate) fn counts(&self) -> BTreeMap<String, usize> {
        self.counts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn count(&self, what: &str) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(what.to_owned()).or_default() += 1;
    }

    /// Changes the mood until the leg is over; then all is calm.
    pub(crate) fn blow(&self, world: &World, seed: u64, over: &AtomicBool) -> Result<()> {
        let mut dice = fastrand::Rng::with_seed(seed);
        let mood = world.hosting.join("mood");
        while !over.load(Ordering::Relaxed) {
            let now = match dice.u8(..20) {
                0..=11 => "calm",
                12..=14 => "slow",
                15 | 16 => "refuse",
                17 => "die",
                _ => "lose",
            };
            fs::write(&mood, now)?;
            self.count(&format!("weather: {now}"));
            match dice.u8(..12) {
                0 => self.keeps_house(world, "pack-refs", "--all"),
                1 => self.keeps_house(world, "gc", "--quiet"),
                _ => {}
            }
            let ticks = dice.u8(2..10);
            for _ in 0..ticks {
                if !over.load(Ordering::Relaxed) {
                    std::thread::sleep(Duration::from_millis(100));
                }
            }
        }
        fs::write(&mood, "calm")?;
        Ok(())
    }

    fn keeps_house(&self, world: &World, task: &str, how: &str) {
        // Without hooks: where one dies in the middle of this, a person has to mend the server.
        let args = ["-c", "core.hooksPath=/dev/null", task, how];
        // It may find refs locked and give up, as on any busy server.
        let _ = world.git(&world.hosting, &args);
        self.count(&format!("cloud: git {task}"));
    }
}
