//! What leaves is put aside, and can come back for 30 days.

use anyhow::Result;

use super::Drafts;
use crate::git::refs::Update;
use crate::model::approval::ApprovalName;
use crate::model::evolution::Attempt;
use crate::model::{EvolutionName, Oid, Version};
use crate::session::core::survey::next;
use crate::store::refs::{approvals, evolutions};
use crate::store::{Refs, names};

/// How long it can come back.
const KEPT_SECONDS: i64 = 30 * 24 * 60 * 60;

impl Drafts<'_> {
    /// This person's evolutions of `version` in the generation that begins at `root`; a renamed
    /// draft shares its root with what it came from.
    ///
    /// # Errors
    /// They cannot be read.
    pub(crate) fn own_attempts(
        self,
        refs: &Refs,
        version: &Version,
        root: &Oid,
    ) -> Result<Vec<Attempt>> {
        let me = self.core.me()?;
        self.attempts(refs, version, root, |attempt| {
            attempt.evolution.owner.is(&me)
        })
    }

    /// The same, and what an import recorded of other people: nobody else can see to it.
    ///
    /// # Errors
    /// They cannot be read.
    pub(crate) fn attempts_in_hand(
        self,
        refs: &Refs,
        version: &Version,
        root: &Oid,
    ) -> Result<Vec<Attempt>> {
        let me = self.core.me()?;
        self.attempts(refs, version, root, |attempt| {
            attempt.evolution.owner.is(&me) || attempt.claim.is_some()
        })
    }

    fn attempts(
        self,
        refs: &Refs,
        version: &Version,
        root: &Oid,
        meant: impl Fn(&Attempt) -> bool,
    ) -> Result<Vec<Attempt>> {
        let mut found = Vec::new();
        for (name, tip) in evolutions(refs.local()) {
            if name.version == *version
                && let Ok(attempt) = self.core.store.attempt(&name, &tip)?
                && attempt.evolution.generation == *root
                && meant(&attempt)
            {
                found.push(attempt);
            }
        }
        Ok(found)
    }

    /// The updates that put a draft aside, and with it `attempts`.
    ///
    /// # Errors
    /// Git does not know what time it is.
    pub(crate) fn put_aside(
        self,
        refs: &Refs,
        version: &Version,
        tip: &Oid,
        attempts: &[Attempt],
    ) -> Result<Vec<Update>> {
        let departure = self.departure(tip);
        let aside = names::deleted_draft(version, &departure);
        let mut updates = vec![refs.change(aside, Some(tip))];
        for attempt in attempts {
            let aside = names::deleted_evolution(&attempt.name, &departure);
            updates.push(refs.change(aside, Some(&attempt.tip)));
            updates.push(refs.change(names::evolution(&attempt.name), None));
        }
        let of_it = approvals(refs.local()).filter(|(name, _)| name.version == *version);
        for (name, tip) in of_it {
            let aside = names::deleted_approval(&name, &departure);
            updates.push(refs.change(aside, Some(&tip)));
            updates.push(refs.change(names::approval(&name), None));
        }
        // The last, so that the same command goes on where git is killed among them.
        updates.push(refs.change(names::draft(version), None));
        Ok(updates)
    }

    /// The name of what leaves now, with `tip` among it: by the clock, since git's own variables
    /// (`GIT_COMMITTER_DATE`) are to date commits, and not to end what can come back.
    pub(crate) fn departure(self, tip: &Oid) -> String {
        names::departure(self.core.ctx.now().timestamp(), tip)
    }

    /// The updates that bring back what of `version` was put aside last; none where nothing was.
    pub(crate) fn bring_back(self, refs: &Refs, version: &Version) -> Option<Vec<Update>> {
        let folder = format!("{}{version}/", names::DELETED);
        let drafts = refs
            .below(&folder)
            .filter(|(rest, _)| rest.ends_with("/draft"));
        let departures = drafts.filter_map(|(rest, _)| rest.split('/').next());
        let last = departures.max_by_key(|departure| names::departed_at(departure))?;
        // It came back before the cloud heard that it had left.
        let mut updates = vec![refs.change(names::leaving(version), None)];
        let mut back = None;
        let mut known: Vec<EvolutionName> = evolutions(refs.local())
            .chain(evolutions(&self.core.known_cloud(refs)))
            .map(|(name, _)| name)
            .collect();
        for (rest, tip) in refs
            .below(&folder)
            .filter(|(rest, _)| rest.split('/').next() == Some(last))
        {
            let below = rest.split_once('/').map_or("", |(_, below)| below);
            if below == "draft" {
                back = Some(refs.change(names::draft(version), Some(tip)));
            } else if let Ok(mut name) = format!("{version}/{below}").parse::<EvolutionName>() {
                // One that came back before this was cut short is where it was.
                if known.contains(&name) && refs.get(&names::evolution(&name)) != Some(tip) {
                    name.number = next(known.iter(), &name);
                }
                updates.push(refs.change(names::evolution(&name), Some(tip)));
                known.push(name);
            } else if let Some(rest) = below.strip_prefix("approvals/")
                && let Ok(name) = format!("{version}/{rest}").parse::<ApprovalName>()
            {
                updates.push(refs.change(names::approval(&name), Some(tip)));
            }
            updates.push(refs.change(format!("{folder}{rest}"), None));
        }
        // The last: while there is no draft, the same command goes on.
        updates.extend(back);
        Some(updates)
    }

    /// Forgets what was put aside more than 30 days ago.
    ///
    /// # Errors
    /// Refs cannot be read or written.
    pub(crate) fn forget_old(self) -> Result<()> {
        self.core.change(|refs| {
            let aside: Vec<&str> = refs.below(names::DELETED).map(|(rest, _)| rest).collect();
            if aside.is_empty() {
                return Ok((Vec::new(), ()));
            }
            let now = self.core.ctx.now().timestamp();
            let old =
                |rest: &&str| names::departed_at(rest).is_some_and(|at| now - at > KEPT_SECONDS);
            let forget = |rest| refs.change(format!("{}{rest}", names::DELETED), None);
            Ok((aside.into_iter().filter(old).map(forget).collect(), ()))
        })
    }
}
