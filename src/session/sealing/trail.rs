//! Going over everything that a clone knows, act by act, the oldest entry first.

use anyhow::Result;

use super::Sealing;
use crate::model::disputed::Disputed;
use crate::model::ledger::{Check, Verified, check};
use crate::model::moved::Half;
use crate::model::sealed::{POLICY, Sealed};
use crate::model::signers::Blocks;
use crate::model::statement::{self, Project, Statement};
use crate::model::trail::{Act, Kind, signed_by};
use crate::model::{EvolutionName, Oid, Proof, Version};
use crate::session::core::chain::CHUNK;
use crate::store::ledger::Ledger;
use crate::store::message::header;
use crate::store::objects::Commit;
use crate::store::raw::malformed;
use crate::store::refs::{approvals, drafts, evolutions};

/// Who is told: where it says no, nothing more is.
pub(crate) type Teller<'t, T> = &'t mut dyn FnMut(T) -> Result<()>;

impl Sealing<'_> {
    /// Tells every act: each contract, its edits, the evolutions and their proofs before the entry that sealed
    /// them; what is still open last.
    ///
    /// # Errors
    /// The ledger cannot be read, or nobody listens any more.
    pub(crate) fn acts(self, ledger: Option<&Ledger>, tell: Teller<'_, Act>) -> Result<()> {
        let entries = match ledger {
            Some(ledger) => self.core.entries(&ledger.tip)?,
            None => Vec::new(),
        };
        let mut counting = self.core.ctx.counting("Exporting entries", entries.len());
        for (nth, oid) in entries.iter().enumerate() {
            counting.step();
            if nth % CHUNK == CHUNK - 1 {
                self.core.store.let_go()?;
            }
            let commit = self.core.store.commit(oid)?;
            let (verified, ledger) = match (self.verified(&commit)?, ledger) {
                (Ok(verified), Some(ledger)) => (verified, ledger),
                (Ok(_), None) => continue,
                (Err(why), _) => {
                    let what = format!("{}: {why}", commit.subject());
                    tell(self.act(Kind::Invalid, &commit, what)?)?;
                    continue;
                }
            };
            if let Verified::Promotion(sealed) = &verified {
                self.acts_of_draft(&sealed.version, &sealed.draft, tell)?;
                for folded in &sealed.evolutions {
                    let name = EvolutionName {
                        version: sealed.version.clone(),
                        change: folded.change.clone(),
                        number: folded.number,
                    };
                    self.acts_of_evolution(&name, &folded.tip, tell)?;
                }
            }
            if let Verified::Promotion(sealed) = &verified {
                for said in &sealed.approvals {
                    let commit = self.core.store.commit(&said.tip)?;
                    let what = format!("{} {}", said.says, sealed.version);
                    tell(Act {
                        status: said.counted.then(|| "counted".to_owned()),
                        number: Some(said.number),
                        ..self.act(Kind::Approval, &commit, what)?
                    })?;
                }
            }
            for act in self.acts_of_entry(&commit, &verified, ledger)? {
                tell(act)?;
            }
        }
        let refs = self.core.store.refs()?;
        for (version, tip) in drafts(refs.local()) {
            self.acts_of_draft(&version, &tip, tell)?;
        }
        for (name, tip) in evolutions(refs.local()) {
            self.acts_of_evolution(&name, &tip, tell)?;
        }
        for (name, tip) in approvals(refs.local()) {
            if let Ok(given) = self.core.store.approval(&name, &tip)? {
                let commit = self.core.store.commit(&tip)?;
                let what = format!("{} {}", given.approval.says, name.version);
                tell(Act {
                    number: Some(name.number),
                    commit: Some(given.approval.commit.clone()),
                    ..self.act(Kind::Approval, &commit, what)?
                })?;
            }
        }
        Ok(())
    }

    /// Tells every statement: one of each proof, and of each entry one about its commit and one about its
    /// artifacts.
    ///
    /// # Errors
    /// As [`acts`](Self::acts).
    pub(crate) fn statements(
        self,
        ledger: Option<&Ledger>,
        tell: Teller<'_, Statement>,
    ) -> Result<()> {
        if let Some(ledger) = ledger {
            let entries = self.core.entries(&ledger.tip)?;
            let project = Project {
                genesis: entries[0].clone(),
                address: match &self.core.config.remote {
                    Some(_) => Some(self.core.remote()?.addresses()?.0),
                    None => None,
                },
            };
            let mut counting = self.core.ctx.counting("Exporting entries", entries.len());
            for (nth, oid) in entries.iter().enumerate() {
                counting.step();
                if nth % CHUNK == CHUNK - 1 {
                    self.core.store.let_go()?;
                }
                let commit = self.core.store.commit(oid)?;
                if let Ok(Verified::Promotion(sealed)) = self.verified(&commit)? {
                    for folded in &sealed.evolutions {
                        let name = EvolutionName {
                            version: sealed.version.clone(),
                            change: folded.change.clone(),
                            number: folded.number,
                        };
                        self.statements_of(&name, &folded.tip, tell)?;
                    }
                    let stands = !ledger.disputed.contains_key(oid)
                        && self
                            .core
                            .store
                            .withdrawal(ledger, &sealed.version)?
                            .is_none();
                    let policy = self
                        .core
                        .store
                        .at(&commit.tree, &sealed.version.path(POLICY))?;
                    let tag = header(&commit.message).tag;
                    let tag = tag.as_deref();
                    for statement in
                        statement::of_entry(&project, &sealed, tag, policy.as_ref(), stands)
                    {
                        tell(statement)?;
                    }
                }
            }
        }
        let refs = self.core.store.refs()?;
        for (name, tip) in evolutions(refs.local()) {
            self.statements_of(&name, &tip, tell)?;
        }
        Ok(())
    }

    fn statements_of(
        self,
        name: &EvolutionName,
        tip: &Oid,
        tell: Teller<'_, Statement>,
    ) -> Result<()> {
        for (at, proof) in self.proofs_of(tip)? {
            if let Some(statement) = statement::of_proof(name, &at.oid, &proof) {
                tell(statement)?;
            }
        }
        Ok(())
    }

    /// What an entry turns out to be; why it counts for nothing.
    fn verified(self, commit: &Commit) -> Result<Result<Verified, String>> {
        let base = header(&commit.message).base;
        let base: Option<Oid> = base.and_then(|base| base.parse().ok());
        let entry = match self.core.store.entry(commit, base.as_ref()) {
            Ok(entry) => entry,
            Err(error) => return Ok(Err(malformed(error)?.to_string())),
        };
        Ok(match check(&entry, base.as_ref()) {
            Check::Valid(verified) => Ok(verified),
            Check::Invalid(why) | Check::Unknown(why) => Err(why),
        })
    }

    fn act(self, kind: Kind, commit: &Commit, what: String) -> Result<Act> {
        let signature = self.core.signature(&commit.oid, &Blocks::new())?;
        let said = header(&commit.message);
        Ok(Act {
            kind,
            at: commit.at,
            who: commit.author.clone(),
            version: said
                .version
                .as_ref()
                .and_then(|version| version.parse().ok()),
            change: said.change.clone(),
            number: None,
            what,
            status: None,
            commit: None,
            object: commit.oid.clone(),
            signed_by: signed_by(&signature),
        })
    }

    fn acts_of_draft(self, version: &Version, tip: &Oid, tell: Teller<'_, Act>) -> Result<()> {
        let mut edits = self.core.store.beyond(tip, &[])?;
        edits.reverse();
        for (nth, commit) in edits.iter().enumerate() {
            let kind = if nth == 0 { Kind::Contract } else { Kind::Edit };
            tell(Act {
                version: Some(version.clone()),
                ..self.act(kind, commit, commit.subject().to_owned())?
            })?;
        }
        Ok(())
    }

    fn acts_of_evolution(
        self,
        name: &EvolutionName,
        tip: &Oid,
        tell: Teller<'_, Act>,
    ) -> Result<()> {
        let mut chain = Vec::new();
        for commit in self.core.store.first_parents(tip) {
            chain.push(commit?);
        }
        chain.reverse();
        let proofs = self.proofs_of(tip)?;
        for (nth, commit) in chain.iter().enumerate() {
            let said = header(&commit.message);
            let proof = proofs.iter().find(|(at, _)| at.oid == commit.oid);
            let proof = proof.map(|(_, proof)| proof);
            let kind = match (nth, proof, said.status.as_deref()) {
                (0, ..) => Kind::Start,
                (_, _, Some("abandoned")) | (_, None, _) => Kind::Abandonment,
                (_, Some(proof), _) if proof.pipeline.is_some() => Kind::Run,
                (_, Some(_), _) => Kind::Record,
            };
            let is_proof = matches!(kind, Kind::Run | Kind::Record);
            tell(Act {
                version: Some(name.version.clone()),
                change: Some(name.change.to_string()),
                number: Some(name.number),
                status: said.status.clone(),
                commit: proof.filter(|_| is_proof).map(|proof| proof.commit.clone()),
                ..self.act(kind, commit, commit.subject().to_owned())?
            })?;
        }
        Ok(())
    }

    /// The proofs of an evolution with the commits that brought them, the oldest first. What does not check
    /// is none.
    fn proofs_of(self, tip: &Oid) -> Result<Vec<(Commit, Proof)>> {
        let found = match self.core.store.proofs(tip)? {
            Ok(found) => found,
            Err(invalid) => {
                let at = tip.short();
                self.core
                    .ctx
                    .warn(format!("The evolution at {at} is invalid: {invalid}"));
                return Ok(Vec::new());
            }
        };
        let mut proofs = Vec::new();
        for proven in found.into_iter().rev() {
            let commit = self.core.store.commit(&proven.at)?;
            // An abandonment carries the proof before it along.
            if header(&commit.message).status.as_deref() != Some("abandoned") {
                proofs.push((commit, proven.proof));
            }
        }
        Ok(proofs)
    }

    fn acts_of_entry(
        self,
        commit: &Commit,
        verified: &Verified,
        ledger: &Ledger,
    ) -> Result<Vec<Act>> {
        let disputed = ledger
            .disputed
            .get(&commit.oid)
            .map(Disputed::name)
            .is_some();
        let status = disputed.then(|| "disputed".to_owned());
        let one = |kind, what: String| -> Result<Act> {
            Ok(Act {
                status: status.clone(),
                ..self.act(kind, commit, what)?
            })
        };
        Ok(match verified {
            Verified::Genesis => vec![one(Kind::Genesis, commit.subject().to_owned())?],
            Verified::Promotion(sealed) => {
                let withdrawn = self
                    .core
                    .store
                    .withdrawal(ledger, &sealed.version)?
                    .is_some();
                vec![Act {
                    status: status.clone().or(Some(match withdrawn {
                        true => "withdrawn".to_owned(),
                        false => "promoted".to_owned(),
                    })),
                    commit: Some(sealed.commit.clone()),
                    version: Some(sealed.version.clone()),
                    ..one(Kind::Promotion, promotion(sealed))?
                }]
            }
            Verified::Withdrawal(withdrawal, _) => vec![Act {
                version: Some(withdrawal.version.clone()),
                ..one(Kind::Withdrawal, withdrawal.reason.clone())?
            }],
            Verified::Import(all) => {
                let mut found = Vec::new();
                for imported in all {
                    let what = imported.description.clone().unwrap_or_default();
                    found.push(Act {
                        version: Some(imported.version.clone()),
                        commit: imported.commit.clone(),
                        ..one(Kind::Import, what)?
                    });
                }
                found
            }
            Verified::Moved(moved) => {
                let what = match moved.half {
                    Half::Left => format!("left for {}", moved.to.prefix),
                    Half::Arrived => format!("arrived at {}", moved.to.prefix),
                };
                vec![one(Kind::Move, what)?]
            }
            Verified::Accepted(acceptance) => vec![Act {
                commit: Some(acceptance.entry.clone()),
                ..one(Kind::Acceptance, acceptance.reason.clone())?
            }],
        })
    }
}

fn promotion(sealed: &Sealed) -> String {
    let excuses = sealed.excuses();
    let mut what = format!("Promote {}", sealed.version);
    if !excuses.is_empty() {
        what += &format!(" ({})", excuses.join("; "));
    }
    what
}
