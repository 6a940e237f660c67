//! Releases and drafts as people look back at them: what the page of the ledger shows.

use anyhow::{Context, Result};

use super::Sealing;
use crate::cache::Cache;
use crate::cache::listed::Limits;
use crate::model::built;
use crate::model::dossier::{Dossier, Listed, Shown, Tried, Waiting};
use crate::model::person::instant;
use crate::model::sealed::{Folded, Sealed};
use crate::model::standing::{Standing, standings};
use crate::model::state::Recorded;
use crate::model::steps::{self, Step};
use crate::model::{Exit, Person, Refusal, Stamp, Version};
use crate::session::core::chain::CHUNK;
use crate::session::core::sides::Three;
use crate::store::Refs;
use crate::store::ledger::Ledger;
use crate::store::message::header;

impl Sealing<'_> {
    /// The limits that leave the releases after a version, or those of a day or a moment and later.
    ///
    /// # Errors
    /// [`Exit::Invalid`] where it is neither, or no release has that version.
    pub(crate) fn limits(
        self,
        cache: &Cache,
        ledger: Option<&Ledger>,
        (since, product): (Option<&str>, Option<&str>),
    ) -> Result<Limits> {
        let mut limits = Limits {
            product: product.map(str::to_owned),
            above: -1,
            from: String::new(),
        };
        let Some(since) = since else {
            return Ok(limits);
        };
        if let Some(from) = beginning(since) {
            limits.from = from;
            return Ok(limits);
        }
        let version: Version = since.parse().map_err(|_| {
            let what = format!("`{since}` is neither a date nor a version");
            Refusal::new(Exit::Invalid, what).because("Write 2026-01-31, or v1.2.0")
        })?;
        let known = match ledger {
            Some(ledger) => self.core.store.released_as(ledger, &version)?,
            None => None,
        };
        let Some(known) = known else {
            let what = format!("There is no release {version}");
            return Err(Refusal::new(Exit::Invalid, what)
                .then("git gryt log")
                .into());
        };
        if let Some(place) = cache.place_of(&known)? {
            limits.above = place;
        } else if let Some(ledger) = ledger
            && let Some(old) = self.core.store.imported(ledger, &known)?
        {
            limits.from = instant(&(old.at + chrono::TimeDelta::seconds(1)));
        }
        Ok(limits)
    }

    /// Tells the dossiers of those releases, one after the other.
    ///
    /// # Errors
    /// The ledger cannot be read, or nobody listens any more.
    pub(crate) fn dossiers(
        self,
        ledger: &Ledger,
        listed: &[Listed],
        tell: &mut dyn FnMut(&Dossier) -> Result<()>,
    ) -> Result<()> {
        let mut counting = self.core.ctx.counting("Writing releases", listed.len());
        for (nth, one) in listed.iter().enumerate() {
            if nth % CHUNK == CHUNK - 1 {
                self.core.store.let_go()?;
            }
            tell(&self.dossier(ledger, one)?)?;
            counting.step();
        }
        Ok(())
    }

    fn dossier(self, ledger: &Ledger, listed: &Listed) -> Result<Dossier> {
        let version = &listed.version;
        let gone = || format!("the ledger holds no {version}");
        let mut dossier = match listed.imported {
            true => {
                let old = self.core.store.imported(ledger, version)?;
                let old = old.with_context(gone)?;
                Dossier {
                    changes: old.changes,
                    description: old.description,
                    commit: old.commit,
                    by: old.by,
                    at: old.at,
                    ..blank(listed)
                }
            }
            false => {
                let sealed = self.core.store.sealed(ledger, version)?;
                self.sealed_dossier(ledger, listed, sealed.with_context(gone)?)?
            }
        };
        dossier.withdrawal = self.core.advice(ledger, version)?;
        dossier.disputed = ledger.disputes(version);
        Ok(dossier)
    }

    fn sealed_dossier(self, ledger: &Ledger, listed: &Listed, sealed: Sealed) -> Result<Dossier> {
        let (_, contract) = self.core.store.sealed_contract(ledger, &sealed)?;
        let mut tried = Vec::new();
        for folded in &sealed.evolutions {
            tried.push(self.tried(folded)?);
        }
        Ok(Dossier {
            description: contract.description,
            changes: contract.changes,
            tried,
            artifacts: built::released(&sealed),
            commit: Some(sealed.commit),
            by: sealed.promoter,
            at: sealed.promoted_at,
            gates: sealed.gates,
            approvals: sealed.approvals,
            ..blank(listed)
        })
    }

    fn tried(self, folded: &Folded) -> Result<Tried> {
        let mut tried = Tried {
            change: folded.change.clone(),
            number: folded.number,
            owner: folded.owner.clone(),
            started: Stamp::default(),
            counted: folded.counted,
            abandoned: false,
            proofs: Vec::new(),
        };
        for commit in self.core.store.first_parents(&folded.tip) {
            let commit = commit?;
            tried.started = commit.at;
            // An abandonment carries the proof before it along.
            if header(&commit.message).status.as_deref() == Some(Recorded::Abandoned.into()) {
                tried.abandoned = true;
                continue;
            }
            match self.core.store.proof(&commit)? {
                Ok(Some(proof)) => tried.proofs.push(Shown::from(proof)),
                Ok(None) => {}
                Err(invalid) => {
                    let at = commit.oid.short();
                    let what = format!("The proof at {at} is invalid: {invalid}");
                    self.core.ctx.warn(what);
                }
            }
        }
        tried.proofs.reverse();
        Ok(tried)
    }

    /// The drafts of this clone, or of one product, and what each waits for. Nobody in particular asks, so that
    /// everybody's page says the same.
    ///
    /// # Errors
    /// Refs or objects cannot be read.
    pub(crate) fn waiting(
        self,
        refs: &Refs,
        ledger: Option<&Ledger>,
        (cache, product): (&Cache, Option<&str>),
    ) -> Result<Vec<Waiting>> {
        let mut lines = cache.drafts()?;
        lines.retain(|line| product.is_none() || line.version.product() == product);
        lines.sort_by(|a, b| a.version.cmp(&b.version));
        let (cloud, adopted) = (self.core.known_cloud(refs), self.core.adopted(refs)?);
        let tips = Three {
            local: refs.local(),
            cloud: &cloud,
            adopted: &adopted,
        };
        let mut found = Vec::new();
        for line in lines {
            let mut waiting = Waiting {
                description: line.description,
                broken: None,
                changes: line.changes,
                proven: line.proven,
                opinions: Vec::new(),
                steps: Vec::new(),
                version: line.version,
            };
            match self.core.draft(refs, &waiting.version) {
                Ok(draft) => match draft.contract() {
                    Ok(contract) => {
                        let version = &waiting.version;
                        let attempts = self.core.attempts(refs, version)?;
                        let standings = standings(&contract, &draft.root, &attempts);
                        let named = |person: &Person| Some(person.name.clone());
                        let step = |standing: &Standing| {
                            let change = contract.change(&standing.change);
                            steps::proof(version, change, standing, &named)
                        };
                        waiting.steps = standings.iter().filter_map(step).collect();
                        let given = self.core.said_of(version, &tips)?.into_iter();
                        let given = given.filter(|given| given.approval.generation == draft.root);
                        waiting.opinions = given.map(|given| given.opinion(&draft.blob)).collect();
                        if waiting.steps.is_empty() {
                            waiting.steps = self.last_steps(version, &tips, ledger)?;
                        }
                    }
                    Err(invalid) => waiting.broken = Some(invalid.to_string()),
                },
                Err(error) => {
                    let refusal = error.downcast::<Refusal>()?;
                    let why = refusal.why.iter().map(String::as_str);
                    let said: Vec<&str> = [refusal.what.as_str()].into_iter().chain(why).collect();
                    waiting.broken = Some(said.join("; "));
                }
            }
            found.push(waiting);
        }
        Ok(found)
    }

    /// What is left to do where everything is proven.
    fn last_steps(
        self,
        version: &Version,
        tips: &Three<'_>,
        ledger: Option<&Ledger>,
    ) -> Result<Vec<Step>> {
        let nobody = Person {
            name: String::new(),
            email: String::new(),
        };
        let awaited = self.core.awaited(version, tips, ledger, &nobody)?;
        let approve = format!("git gryt approve {version}");
        let mut steps: Vec<Step> = awaited
            .emails
            .into_iter()
            .map(|email| Step::of(Some(email), "approve it", &approve))
            .collect();
        if steps.is_empty() {
            let what = "see what is left, and promote it";
            steps.push(Step::of(None, what, format!("git gryt why {version}")));
        }
        Ok(steps)
    }
}

fn blank(listed: &Listed) -> Dossier {
    Dossier {
        version: listed.version.clone(),
        status: listed.status,
        entry: listed.entry.clone(),
        commit: None,
        by: Person {
            name: String::new(),
            email: String::new(),
        },
        at: listed.at,
        description: None,
        changes: Vec::new(),
        tried: Vec::new(),
        gates: Vec::new(),
        approvals: Vec::new(),
        artifacts: Vec::new(),
        withdrawal: None,
        disputed: Vec::new(),
    }
}

/// The first moment of a day, or a moment, as the cache keeps them; none where it is neither.
fn beginning(text: &str) -> Option<String> {
    if let Ok(at) = text.parse::<Stamp>() {
        return Some(instant(&at));
    }
    let day: chrono::NaiveDate = text.parse().ok()?;
    Some(day.format("%Y-%m-%d").to_string())
}
