//! Which changes are to be proven: those that commits name, and drafts want.

use anyhow::Result;

use super::Proving;
use super::proof::declared;
use crate::model::standing::{Progress, Standing, standings};
use crate::model::trailers::Key;
use crate::model::wanted::Wanted;
use crate::model::{Change, ChangeId, Exit, Refusal, Version};

impl Proving<'_> {
    /// What commits since `base` name and drafts want, each draft that wants it by itself; and what no
    /// draft wants.
    ///
    /// # Errors
    /// [`Exit::Invalid`] for what is no change's id; the history cannot be read.
    pub(crate) fn named_since(self, base: &str) -> Result<(Vec<Wanted>, Vec<Wanted>)> {
        self.drafts.take_in()?;
        let refs = self.core.store.refs()?;
        let mut found: Vec<Wanted> = Vec::new();
        let mut unwanted: Vec<Wanted> = Vec::new();
        for text in self.core.store.trailers(base, Key::Change)? {
            let named: Wanted = text.parse().map_err(Refusal::from)?;
            let drafts = self.wanting(&refs, &named)?;
            if drafts.is_empty() && !unwanted.contains(&named) {
                unwanted.push(named.clone());
            }
            for draft in drafts {
                let wanted = Wanted {
                    version: Some(draft.version),
                    change: named.change.clone(),
                };
                let known = |other: &Wanted| {
                    other.version == wanted.version && other.change.is(&wanted.change)
                };
                if !found.iter().any(known) {
                    found.push(wanted);
                }
            }
        }
        Ok((found, unwanted))
    }

    /// The changes of a draft that are proven at commits which `HEAD` does not hold. Where there is none, and new
    /// commits are covered by no proof, those that the commits name; where they name none, one of this person's.
    ///
    /// # Errors
    /// [`Exit::Invalid`] where there is no such draft, or no commit yet.
    pub(crate) fn uncovered(self, version: &Version) -> Result<Vec<Wanted>> {
        self.drafts.take_in()?;
        let refs = self.core.store.refs()?;
        let draft = self.core.draft(&refs, version)?;
        let contract = draft.contract().map_err(Refusal::from)?;
        let head = self.core.store.resolve("HEAD")?;
        let mut attempts = self.core.attempts(&refs, &draft.version)?;
        self.core.cover(attempts.iter_mut(), &head)?;
        let standings = standings(&contract, &draft.root, &attempts);
        let elsewhere = |s: &Standing| matches!(s.progress, Progress::Elsewhere { .. });
        let wanted = |change: &ChangeId| Wanted {
            version: Some(draft.version.clone()),
            change: change.clone(),
        };
        let found: Vec<Wanted> = standings
            .iter()
            .filter(|standing| elsewhere(standing))
            .map(|standing| wanted(&standing.change))
            .collect();
        if !found.is_empty() {
            return Ok(found);
        }
        let Some((commits, lacks)) = self.core.unproven_at(&refs, &draft, &head)? else {
            return Ok(found);
        };
        if commits.is_empty() && !lacks {
            return Ok(found);
        }
        let named = |change: &&Change| {
            let id = change.id.as_str();
            commits
                .iter()
                .any(|commit| commit.change.as_deref() == Some(id))
        };
        let named: Vec<Wanted> = contract
            .changes
            .iter()
            .filter(named)
            .map(|change| wanted(&change.id))
            .collect();
        if !named.is_empty() {
            return Ok(named);
        }
        let me = self.core.me()?;
        let mine = attempts.iter().filter(|a| a.evolution.owner.is(&me));
        let mut mine = mine.map(|attempt| &attempt.name.change);
        let mine = mine.find(|id| contract.change(id).is_some());
        let first = mine.or(contract.changes.first().map(|change| &change.id));
        Ok(first.map(wanted).into_iter().collect())
    }

    /// Sees to it that this person has an open evolution of a change: of the one draft that wants it.
    ///
    /// # Errors
    /// [`Exit::Invalid`] where no draft wants it, or several do; [`Exit::Usage`] for no change.
    pub(crate) fn sees_started(self, wanted: Option<&Wanted>) -> Result<()> {
        let Some(wanted) = wanted else {
            let what = "--start needs to know of what: name a change";
            return Err(Refusal::new(Exit::Usage, what)
                .then("git gryt run --start --change ID")
                .into());
        };
        self.drafts.take_in()?;
        let refs = self.core.store.refs()?;
        let wanting = self.wanting(&refs, wanted)?;
        if wanting.len() < 2 && self.current(&refs, Some(wanted)).is_ok() {
            return Ok(());
        }
        match wanting.as_slice() {
            [draft] => {
                let contract = draft.contract().map_err(Refusal::from)?;
                let change = declared(&contract, &draft.version, &wanted.change)?;
                let (name, _) = self.begin_evolution(draft, change)?;
                let (rc, version) = (name.rc(), &name.version);
                self.core
                    .ctx
                    .note(format!("Started {rc} for {} of {version}", name.change));
                Ok(())
            }
            [] => {
                let what = format!("No draft of this clone declares {wanted}");
                Err(Refusal::new(Exit::Invalid, what)
                    .then("git gryt sync pull")
                    .into())
            }
            several => {
                let change = &wanted.change;
                let versions: Vec<String> = several.iter().map(|d| d.version.to_string()).collect();
                let what = format!("{change} is declared by {}", versions.join(", "));
                let mut refusal = Refusal::new(Exit::Invalid, what)
                    .because("Name the version before it, or prove it for each");
                for version in versions {
                    refusal =
                        refusal.then(format!("git gryt run --start --change {version}/{change}"));
                }
                Err(refusal.into())
            }
        }
    }
}
