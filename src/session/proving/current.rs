//! The evolution that this worktree started last, so that `run` needs no name.

use anyhow::Result;

use super::Proving;
use crate::model::evolution::Attempt;
use crate::model::wanted::Wanted;
use crate::model::{EvolutionName, Exit, Oid, Refusal};
use crate::store::Refs;
use crate::store::refs::evolutions;

impl Proving<'_> {
    fn current_file(self) -> std::path::PathBuf {
        self.core
            .store
            .layout()
            .git_dir
            .join("gryt")
            .join("current")
    }

    /// Remembers the evolution by its first commit, which no renumbering changes.
    ///
    /// # Errors
    /// The git folder cannot be written.
    pub(crate) fn set_current(self, root: &Oid) -> Result<()> {
        let file = self.current_file();
        std::fs::create_dir_all(file.parent().unwrap_or(&file))?;
        std::fs::write(file, format!("{root}\n"))?;
        Ok(())
    }

    /// Goes on with `new` where `old` was the one that this worktree started last.
    ///
    /// # Errors
    /// The git folder cannot be written.
    pub(crate) fn follow_current(self, old: &Oid, new: &Oid) -> Result<()> {
        let text = std::fs::read_to_string(self.current_file()).unwrap_or_default();
        if text.trim() == old.as_str() {
            self.set_current(new)?;
        }
        Ok(())
    }

    /// The first commit of the evolution that was started last in this worktree.
    pub(crate) fn last_started(self) -> Option<Oid> {
        let text = std::fs::read_to_string(self.current_file()).ok()?;
        text.trim().parse().ok()
    }

    /// The evolution to prove: the one that was started last here, or this person's latest of
    /// `change`.
    ///
    /// # Errors
    /// [`Exit::Invalid`] where there is none, or where two versions have one.
    pub(crate) fn current(self, refs: &Refs, wanted: Option<&Wanted>) -> Result<Attempt> {
        let last = self.last_started();
        let me = self.core.me()?;
        let mut mine = Vec::new();
        for (name, tip) in evolutions(refs.local()) {
            if wanted.is_some_and(|wanted| !wanted.is_of(&name)) {
                continue;
            }
            if let Ok(attempt) = self.core.store.attempt(&name, &tip)?
                && attempt.evolution.owner.is(&me)
                && attempt.abandoned.is_none()
            {
                mine.push(attempt);
            }
        }
        if let Some(at) = mine.iter().position(|a| Some(&a.root) == last.as_ref()) {
            return Ok(mine.swap_remove(at));
        }
        let Some(wanted) = wanted else {
            return Err(self.nothing_at_hand(refs, last.as_ref())?.into());
        };
        let change = &wanted.change;
        mine.sort_by(|a, b| a.name.cmp(&b.name));
        let newest = mine.pop();
        match newest {
            None => Err(self.none_open(refs, wanted)?.into()),
            Some(newest) if mine.iter().any(|a| a.name.version != newest.name.version) => {
                let mut names: Vec<String> = mine.iter().map(|a| a.name.to_string()).collect();
                names.push(newest.name.to_string());
                Err(Refusal::new(
                    Exit::Invalid,
                    format!("You have open evolutions of {change} in several versions"),
                )
                .because(names.join(", "))
                .then(format!(
                    "git gryt run --change {}/{change}",
                    newest.name.version
                ))
                .into())
            }
            Some(newest) => Ok(newest),
        }
    }

    /// The refusal where no change is named and no open evolution of this person's was started here.
    fn nothing_at_hand(self, refs: &Refs, last: Option<&Oid>) -> Result<Refusal> {
        let what = match last {
            Some(root) if self.core.store.has(root) => self.what_became_of(refs, root)?,
            Some(_) | None => "No evolution was started in this worktree".to_owned(),
        };
        Ok(Refusal::new(Exit::Invalid, what)
            .then("git gryt evolution start VERSION --change ID")
            .then("git gryt run --change ID"))
    }

    /// Why the evolution that begins at `root` is none that can be run any more.
    fn what_became_of(self, refs: &Refs, root: &Oid) -> Result<String> {
        let Some(evolution) = self.core.store.evolution_of(root)? else {
            return Ok("The current evolution cannot be read".to_owned());
        };
        let (version, change) = (&evolution.version, &evolution.change);
        let which = format!("Your evolution of {change} for {version}");
        if let Some(ledger) = self.core.ledger(refs)?
            && let Some(sealed) = self.core.store.sealed(&ledger, version)?
        {
            return Ok(match sealed.generation == evolution.generation {
                true => format!("{which} went into its promotion"),
                false => format!("{which} is of a draft that was not promoted"),
            });
        }
        for (now, tip) in crate::store::refs::drafts(refs.local()) {
            if now != *version && self.core.store.root(&tip)? == evolution.generation {
                return Ok(format!(
                    "{which} no longer exists: {version} was renamed to {now}"
                ));
            }
        }
        Ok(format!("{which} was abandoned, or deleted with its draft"))
    }

    /// The refusal where this person has no open evolution of a change: what starts one, for each
    /// draft that wants it.
    fn none_open(self, refs: &Refs, wanted: &Wanted) -> Result<Refusal> {
        let mut refusal = Refusal::new(
            Exit::Invalid,
            format!("You have no open evolution of {wanted}"),
        );
        let drafts = self.wanting(refs, wanted)?;
        if drafts.is_empty() {
            refusal = refusal.because("No draft of this clone declares it");
            let cloud = self.core.config.remote.is_some();
            return Ok(match cloud {
                true => refusal.then("git gryt sync pull"),
                false => refusal.then("git gryt generation list"),
            });
        }
        for draft in drafts {
            let (version, change) = (&draft.version, &wanted.change);
            refusal = refusal.then(format!("git gryt run --start --change {version}/{change}"));
        }
        Ok(refusal)
    }

    /// The attempt under `name` in this clone.
    ///
    /// # Errors
    /// [`Exit::Invalid`] where there is none or it does not check.
    pub(crate) fn attempt(self, refs: &Refs, name: &EvolutionName) -> Result<Attempt> {
        let missing = || Refusal::new(Exit::Invalid, format!("There is no evolution {name}"));
        let name_of_ref = crate::store::names::evolution(name);
        let tip = refs.get(&name_of_ref).ok_or_else(missing)?;
        let attempt = self.core.store.attempt(name, tip)?;
        Ok(attempt.map_err(|invalid| {
            Refusal::new(Exit::Invalid, format!("{name} is invalid: {invalid}"))
        })?)
    }
}
