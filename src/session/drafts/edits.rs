//! Taking in what people edited: from files of the working view to commits on drafts.

use std::collections::BTreeSet;

use anyhow::Result;

use super::Drafts;
use super::view::{Edited, FOLDER, View, path};
use crate::model::merge::Side;
use crate::model::weave::Texts;
use crate::model::{Contract, Oid, Refusal, Version};
use crate::session::core::join;
use crate::store::refs::drafts;
use crate::store::{Refs, Store, names};

/// What taking in found.
#[derive(Clone, Debug, Default)]
pub(crate) struct TakenIn {
    /// Versions whose edit is now in the draft.
    pub edited: Vec<Version>,
    /// Files that stay as they are, and why.
    pub held: Vec<(Version, Edited)>,
}

/// What one look at the files found.
struct Scan {
    edited: Vec<(Version, Edited)>,
    /// Whether every draft has a file that shows just what it holds, and nothing else was written.
    in_step: bool,
}

impl TakenIn {
    /// Refuses a command that needs `version` while its file could not be taken in.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub(crate) fn require(&self, version: &Version) -> Result<(), Refusal> {
        match self.held.iter().find(|(held, _)| held == version) {
            None => Ok(()),
            Some((held, edited)) => Err(edited.refusal(held)),
        }
    }
}

impl Drafts<'_> {
    /// Takes in what was edited in this worktree's files: each valid edit becomes a commit on its
    /// draft. What could not be taken in is reported, and stops only what needs it.
    ///
    /// # Errors
    /// Files, notes or refs cannot be read or written.
    pub(crate) fn take_in(self) -> Result<TakenIn> {
        self.take_in_settling(None)
    }

    /// The same for a command that tells by itself what could not be taken in.
    ///
    /// # Errors
    /// As [`take_in`](Drafts::take_in).
    pub(crate) fn take_in_untold(self) -> Result<TakenIn> {
        self.take(None)
    }

    /// The same; where a file and its draft want different things, `settled` says whose value
    /// counts for that version, the file being ours.
    ///
    /// # Errors
    /// As [`take_in`](Drafts::take_in).
    pub(crate) fn take_in_settling(self, settled: Option<(&Version, Side)>) -> Result<TakenIn> {
        let taken = self.take(settled)?;
        for (version, edited) in &taken.held {
            let refusal = edited.refusal(version);
            self.core.ctx.warn(match edited {
                Edited::Invalid(_) => refusal.lines(),
                _ => refusal.what,
            });
        }
        Ok(taken)
    }

    fn take(self, settled: Option<(&Version, Side)>) -> Result<TakenIn> {
        let Some(mut view) = View::locked(self)? else {
            return Ok(TakenIn::default());
        };
        let mut taken = TakenIn::default();
        // A draft that another process moves meanwhile is looked at again.
        let mut again = true;
        while again {
            again = false;
            taken.held.clear();
            let refs = self.core.store.refs()?;
            let scan = self.scan(&view, &refs)?;
            if scan.in_step {
                self.core
                    .in_step
                    .replace(Some(drafts(refs.local()).collect()));
            }
            for (version, edited) in scan.edited {
                let prefer = settled
                    .filter(|(v, _)| **v == version)
                    .map(|(_, side)| side);
                let Some((text, tip, file)) = self.proposal(&version, &edited, prefer)? else {
                    taken.held.push((version, edited));
                    continue;
                };
                if !self.commit_edit(&version, &text, &tip)? {
                    again = true;
                    continue;
                }
                let root = self.core.store.root(&tip)?;
                view.note(version.as_str(), &root, vec![file])?;
                taken.edited.push(version);
            }
        }
        for version in &taken.edited {
            self.core
                .ctx
                .detail(format!("Took in your edit of {version}"));
        }
        Ok(taken)
    }

    /// The text that an edit makes of its draft at a tip, and the file's blob. None where a
    /// person has to see to it first.
    fn proposal(
        self,
        version: &Version,
        edited: &Edited,
        prefer: Option<Side>,
    ) -> Result<Option<(Vec<u8>, Oid, Oid)>> {
        match edited {
            Edited::Fresh { text, tip } => {
                Ok(Some((text.clone(), tip.clone(), Store::blob_id(text)?)))
            }
            Edited::Overtaken { text, tip, from } => {
                let draft = self
                    .core
                    .store
                    .draft(version, tip)?
                    .map_err(Refusal::from)?;
                let (theirs, their_text) = join::said(&draft)?;
                let mut bases = Vec::new();
                let mut base_text = Vec::new();
                for blob in from {
                    let Some(text) = self.core.store.blob(blob)? else {
                        return Ok(None);
                    };
                    bases.push(Contract::parse(&text, version).map_err(Refusal::from)?);
                    base_text = text;
                }
                let ours = Contract::parse(text, version).map_err(Refusal::from)?;
                let texts = Texts {
                    base: &String::from_utf8_lossy(&base_text),
                    ours: &String::from_utf8_lossy(text),
                    theirs: &their_text,
                };
                let merged = join::merge_texts(&bases, (&ours, &theirs), texts, prefer);
                let file = Store::blob_id(text)?;
                Ok(merged
                    .ok()
                    .map(|merged| (merged.into_bytes(), tip.clone(), file)))
            }
            _ => Ok(None),
        }
    }

    /// Commits an edit onto its draft; false where the draft is no longer at `tip`.
    fn commit_edit(self, version: &Version, text: &[u8], tip: &Oid) -> Result<bool> {
        let name = names::draft(version);
        let author = self.core.author()?;
        let refs = self.core.store.refs()?;
        if refs.get(&name) != Some(tip) {
            return Ok(false);
        }
        let new = self
            .core
            .store
            .write_draft_edit(author, version, tip, text, "Edit")?;
        self.core.store.update(&[refs.change(&name, Some(&new))])
    }

    /// The files that are not what their drafts hold, without taking anything in.
    ///
    /// # Errors
    /// Files, notes or drafts cannot be read.
    pub(crate) fn edited(self, refs: &Refs) -> Result<Vec<(Version, Edited)>> {
        match View::read_only(self)? {
            Some(view) => Ok(self.scan(&view, refs)?.edited),
            None => Ok(Vec::new()),
        }
    }

    fn scan(self, view: &View<'_>, refs: &Refs) -> Result<Scan> {
        let files = view.files()?;
        let local = refs.local();
        let mut shown = 0;
        let mut tracked: Option<BTreeSet<String>> = None;
        let mut found = Vec::new();
        for version in files {
            let Some(text) = view.read(version.as_str())? else {
                continue;
            };
            let edited = match local.get(&names::draft(&version)) {
                None => self.judge_orphan(view, refs, &version, &text)?,
                Some(tip) => match self.core.store.draft(&version, tip)? {
                    Ok(draft) => {
                        shown += usize::from(view.shows(&draft, &text)?);
                        view.judge(&draft, &text)?
                    }
                    Err(_) => None,
                },
            };
            let Some(mut edited) = edited else { continue };
            // Asked only when something was edited: it is a process.
            if tracked.is_none() {
                tracked = Some(self.core.store.tracked(FOLDER)?);
            }
            if tracked
                .as_ref()
                .is_some_and(|t| t.contains(&path(&version)))
            {
                edited = Edited::Tracked;
            }
            found.push((version, edited));
        }
        Ok(Scan {
            in_step: shown == drafts(local).count() && shown == view.count(),
            edited: found,
        })
    }

    fn judge_orphan(
        self,
        view: &View<'_>,
        refs: &Refs,
        version: &Version,
        text: &[u8],
    ) -> Result<Option<Edited>> {
        let blob = Store::blob_id(text)?;
        if view.noted(version.as_str()).contains(&blob) {
            return Ok(None);
        }
        let sealed = match self.core.ledger(refs)? {
            Some(ledger) => self.core.store.sealed(&ledger, version)?.is_some(),
            None => false,
        };
        Ok(Some(Edited::NoDraft { sealed }))
    }
}
