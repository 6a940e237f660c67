//! What this clone remembers of the cloud: which of its refs were taken over, and at which oid.

use std::collections::BTreeMap;

use anyhow::Result;

use super::Core;
use crate::git::refs::Update;
use crate::model::{Oid, Version};
use crate::store::{Refs, names};

impl Core<'_> {
    /// What was taken over from the cloud. A remote that was renamed left its memory under its old
    /// name.
    ///
    /// # Errors
    /// The memory cannot be read.
    pub(crate) fn adopted(&self, refs: &Refs) -> Result<BTreeMap<String, Oid>> {
        let Some(remote) = &self.config.remote else {
            return Ok(BTreeMap::new());
        };
        let mut name = names::adopted(remote);
        if refs.get(&name).is_none() {
            let known: Vec<String> = self.remotes().map(|r| names::adopted(r)).collect();
            let orphans = refs
                .below(names::ADOPTED)
                .map(|(rest, _)| format!("{}{rest}", names::ADOPTED));
            if let Some(orphan) = orphans.into_iter().find(|orphan| !known.contains(orphan)) {
                name = orphan;
            }
        }
        self.store.adopted(refs, &name)
    }

    /// Why the cloud refused the last push of a draft, where it did.
    ///
    /// # Errors
    /// The note cannot be read.
    pub(crate) fn refusal_of(&self, refs: &Refs, version: &Version) -> Result<Option<String>> {
        let Some(blob) = refs.get(&names::failed(version)) else {
            return Ok(None);
        };
        let text = self.store.blob(blob)?.unwrap_or_default();
        Ok(Some(String::from_utf8_lossy(&text).into_owned()))
    }

    /// Takes note of refs that the cloud acknowledged: tracking refs and memory move in one step. What
    /// it took has happened, whether or not this clone can take note of it: that is a warning, and the
    /// next pull does it.
    pub(crate) fn acknowledge(&self, updates: &[Update]) {
        if let Err(error) = self.note_acknowledged(updates) {
            self.ctx.warn(format!(
                "The cloud took the push, but this clone could not record that: {error:#}. To finish: git gryt sync pull"
            ));
        }
    }

    fn note_acknowledged(&self, updates: &[Update]) -> Result<()> {
        let remote = self.cloud_name()?;
        self.change(|refs| {
            let mut moves = Vec::new();
            let mut adopted = self.adopted(refs)?;
            self.note_pushed(refs, updates, &mut moves, &mut adopted);
            let memory = self.store.write_adopted(&adopted)?;
            moves.push(refs.change(names::adopted(remote), Some(&memory)));
            Ok((moves, ()))
        })
    }

    /// The local half of acknowledged updates.
    pub(crate) fn note_pushed(
        &self,
        refs: &Refs,
        updates: &[Update],
        moves: &mut Vec<Update>,
        adopted: &mut BTreeMap<String, Oid>,
    ) {
        let root = names::tracking(self.config.remote.as_deref().unwrap_or_default());
        for Update { name, new, .. } in updates {
            let Some(rest) = name.strip_prefix(names::SHARED) else {
                continue;
            };
            moves.push(refs.change(format!("{root}{rest}"), new.as_ref()));
            if let names::Shared::Draft(version) = names::shared(name) {
                let failed = names::failed(&version);
                moves.extend(refs.get(&failed).map(|_| refs.change(&failed, None)));
            }
            match new {
                Some(new) if name != names::LEDGER => adopted.insert(name.clone(), new.clone()),
                // What left the cloud and is still here would look like something that was never shared,
                // if the process died before it goes.
                None if refs.get(name).is_some() => None,
                _ => adopted.remove(name),
            };
        }
    }

    /// Forgets that a draft was ever taken over from the cloud, so that it counts as this clone's
    /// own.
    ///
    /// # Errors
    /// Refs cannot be written.
    pub(crate) fn forget_adopted(&self, version: &Version) -> Result<()> {
        let draft = names::draft(version);
        self.change(|refs| Ok((self.forgetting(refs, |name| name == draft)?, ())))
    }

    /// The updates that forget it of what is `meant`.
    ///
    /// # Errors
    /// Objects cannot be read or written.
    pub(crate) fn forgetting(
        &self,
        refs: &Refs,
        meant: impl Fn(&str) -> bool,
    ) -> Result<Vec<Update>> {
        let Some(remote) = &self.config.remote else {
            return Ok(Vec::new());
        };
        let mut adopted = self.adopted(refs)?;
        let before = adopted.len();
        adopted.retain(|name, _| !meant(name));
        if adopted.len() == before {
            return Ok(Vec::new());
        }
        let memory = self.store.write_adopted(&adopted)?;
        Ok(vec![refs.change(names::adopted(remote), Some(&memory))])
    }
}
