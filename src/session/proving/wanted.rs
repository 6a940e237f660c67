//! Which changes are to be proven: those that commits name, and drafts want.

use anyhow::Result;

use super::Proving;
use super::proof::declared;
use crate::model::trailers::Key;
use crate::model::{ChangeId, Exit, Refusal};
use crate::store::draft::Draft;
use crate::store::refs::drafts;

impl Proving<'_> {
    /// The changes that commits since `base` name and that a draft wants, and the others.
    ///
    /// # Errors
    /// [`Exit::Invalid`] for what is no change's id; the history cannot be read.
    pub(crate) fn named_since(self, base: &str) -> Result<(Vec<ChangeId>, Vec<ChangeId>)> {
        self.drafts.take_in()?;
        let refs = self.core.store.refs()?;
        let local = refs.local();
        let mut wanted: Vec<ChangeId> = Vec::new();
        let mut unwanted: Vec<ChangeId> = Vec::new();
        for text in self.core.store.trailers(base, Key::Change)? {
            let id: ChangeId = text.parse().map_err(Refusal::from)?;
            if wanted.iter().chain(&unwanted).any(|known| known.is(&id)) {
                continue;
            }
            let mut found = false;
            for (version, tip) in drafts(local) {
                let draft = self.core.store.draft(&version, &tip)?;
                let contract = draft.and_then(|draft| draft.contract());
                found = found || contract.is_ok_and(|contract| contract.change(&id).is_some());
            }
            if found {
                wanted.push(id);
            } else {
                unwanted.push(id);
            }
        }
        Ok((wanted, unwanted))
    }

    /// Sees to it that this person has an open evolution of a change: of the one draft that wants it.
    ///
    /// # Errors
    /// [`Exit::Invalid`] where no draft wants it, or several do; [`Exit::Usage`] for no change.
    pub(crate) fn sees_started(self, change: Option<&ChangeId>) -> Result<()> {
        let Some(change) = change else {
            let what = "--start needs to know of what: name a change";
            return Err(Refusal::new(Exit::Usage, what)
                .then("git gryt run --start --change ID")
                .into());
        };
        self.drafts.take_in()?;
        let refs = self.core.store.refs()?;
        if self.current(&refs, Some(change)).is_ok() {
            return Ok(());
        }
        let mut wanting: Vec<Draft> = Vec::new();
        for (version, tip) in drafts(refs.local()) {
            if let Ok(draft) = self.core.store.draft(&version, &tip)?
                && draft.contract().is_ok_and(|c| c.change(change).is_some())
                && self.core.open_version(&refs, &version).is_ok()
            {
                wanting.push(draft);
            }
        }
        match wanting.as_slice() {
            [draft] => {
                let contract = draft.contract().map_err(Refusal::from)?;
                let change = declared(&contract, &draft.version, change)?;
                self.begin_evolution(draft, change)?;
                Ok(())
            }
            [] => {
                let what = format!("No draft of this clone wants {change}");
                Err(Refusal::new(Exit::Invalid, what)
                    .then("git gryt sync pull")
                    .into())
            }
            several => {
                let versions: Vec<String> = several.iter().map(|d| d.version.to_string()).collect();
                let what = format!("{change} is wanted by {}", versions.join(", "));
                Err(Refusal::new(Exit::Invalid, what)
                    .because("Start the evolution of the one that is meant")
                    .then(format!(
                        "git gryt evolution start VERSION --change {change}"
                    ))
                    .into())
            }
        }
    }
}
