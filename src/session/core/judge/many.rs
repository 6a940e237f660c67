//! Judging many entries at once, on all processors. Each is judged against those before it, of which all
//! but the disputed ones are known beforehand: so each thread takes it that nothing before its own entries
//! is disputed, and where that turns out wrong, the rest is judged again, one after the other.

use std::thread;

use anyhow::Result;

use super::{Judged, Past};
use crate::model::Oid;
use crate::model::ledger::Verified;
use crate::session::core::chain::CHUNK;
use crate::session::core::{Core, Opening};
use crate::store::ledger::Ledger;
use crate::store::objects::Commit;

/// How many entries are read ahead: enough that threads are worth it, few enough for the memory. A build with
/// debug assertions, as the tests have it, shares out the shortest chains, so that every test of a forged entry
/// is one of this file, too.
pub(crate) const WINDOW: usize = if cfg!(debug_assertions) { 4 } else { 512 };
/// With fewer entries than this each, threads cost more than they bring.
const FEWEST: usize = if cfg!(debug_assertions) { 1 } else { 16 };
/// More threads than this would wait for the disk.
const MOST_THREADS: usize = 8;

/// A valid entry, and the valid one before it.
pub(crate) struct Step {
    pub commit: Commit,
    pub base: Oid,
    pub verified: Verified,
}

/// Entries in a row, and what is before them where all before them hold.
struct Share<'w> {
    steps: &'w [Step],
    past: Past,
}

impl Core<'_> {
    /// Judges the entries of `window`, and goes on to what follows them; `meanwhile` is done beside it.
    ///
    /// # Errors
    /// The past cannot be read. Those of `meanwhile`.
    pub(crate) fn judge_many<T>(
        &self,
        past: &mut Past,
        window: &[Step],
        meanwhile: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let mut shares = self.shares(past, window)?;
        let opening = self.opening();
        let (done, value) = thread::scope(|scope| {
            let threads: Vec<_> = shares
                .drain(..)
                .map(|share| {
                    let opening = opening.clone();
                    let length = share.steps.len();
                    (length, scope.spawn(|| all_hold(opening, share)))
                })
                .collect();
            let value = meanwhile();
            let joined = threads
                .into_iter()
                // A thread that panicked has judged nothing.
                .map(|(length, thread)| (length, thread.join().ok().flatten()));
            (joined.collect::<Vec<_>>(), value)
        });
        let mut judged = 0;
        for (length, after) in done {
            let Some(after) = after else {
                break;
            };
            *past = after;
            judged += length;
        }
        for step in &window[judged..] {
            if let Judged::Unknown(why) = self.judge_step(past, step)? {
                let entry = step.commit.oid.short();
                self.ctx
                    .detail(format!("Ledger entry {entry} was not judged: {why}"));
            }
        }
        value
    }

    fn judge_step(&self, past: &mut Past, step: &Step) -> Result<Judged> {
        self.judge(past, &step.commit, &step.base, &step.verified)
    }

    /// The entries of `window` in as many shares as there are processors; none where they are few.
    fn shares<'w>(&self, past: &Past, window: &'w [Step]) -> Result<Vec<Share<'w>>> {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let threads = threads.min(MOST_THREADS).min(window.len() / FEWEST);
        if threads < 2 {
            return Ok(Vec::new());
        }
        let mut past = past.clone();
        // From here on each id is counted as it comes.
        self.is_used(&mut past, "")?;
        let mut shares = Vec::new();
        for steps in window.chunks(window.len().div_ceil(threads)) {
            shares.push(Share {
                steps,
                past: past.clone(),
            });
            for step in steps {
                let own = Ledger {
                    disputed: past.disputed.clone(),
                    ..Ledger::new(step.commit.oid.clone(), step.commit.oid.clone())
                };
                self.goes_on(&mut past, &own, &step.verified)?;
            }
        }
        Ok(shares)
    }
}

/// What follows the entries of a share, where they all hold. None where one does not, or cannot be judged:
/// the other thread, which judges it again, says why.
fn all_hold(opening: Opening<'_>, share: Share<'_>) -> Option<Past> {
    let core = opening.open().ok()?;
    let mut past = share.past;
    for (nth, step) in share.steps.iter().enumerate() {
        if nth % CHUNK == CHUNK - 1 {
            core.store.let_go().ok()?;
        }
        match core.judge_step(&mut past, step) {
            Ok(Judged::Holds) => {}
            Ok(Judged::Disputed(_) | Judged::Trusted(_) | Judged::Unknown(_)) | Err(_) => {
                return None;
            }
        }
    }
    Some(past)
}
