//! The policies that a release is judged by: the one at its commit, and the one that was sealed
//! with the promotion before it.

use anyhow::Result;

use super::Core;
use super::files::read_below;
use crate::model::evolution::Attempt;
use crate::model::mailmap::{Mailmap, People};
use crate::model::policies::Rules;
use crate::model::policy::{FILE, Policy};
use crate::model::rules::RuleSet;
use crate::model::{Exit, Oid, Refusal, Version};
use crate::store::ledger::Ledger;

impl Core<'_> {
    /// The policy of the working tree for a product, for what is not a release yet.
    ///
    /// # Errors
    /// [`Exit::Invalid`] where it is invalid.
    pub(crate) fn policy(&self, product: Option<&str>) -> Result<Policy> {
        let Some(top) = &self.store.layout().work_tree else {
            return Ok(Policy::default());
        };
        // A link would be followed here and not at the release commit.
        match read_below(top, FILE)? {
            Some(text) => {
                let policy = Policy::parse_at(&text, FILE)?;
                policy.known(FILE)?;
                Ok(policy.of(product))
            }
            None => Ok(Policy::default()),
        }
    }

    /// The same for one version.
    ///
    /// # Errors
    /// As [`policy`](Core::policy).
    pub(crate) fn policy_about(&self, version: &Version) -> Result<Policy> {
        Ok(self.policy(version.product())?.about(version))
    }

    /// The policies for a release of `tree` as `version` on top of `ledger`.
    ///
    /// # Errors
    /// [`Exit::Invalid`] where one of them is invalid, or written for a later git gryt.
    pub(crate) fn rules(
        &self,
        tree: &Oid,
        ledger: Option<&Ledger>,
        version: &Version,
    ) -> Result<Rules> {
        let place = format!("{FILE} at the release commit");
        let text = self
            .store
            .file(tree, FILE)?
            .map_err(|invalid| Refusal::new(Exit::Invalid, format!("{place}: {invalid}")))?;
        let present = match &text {
            Some(text) => Policy::parse_at(text, &place)?.about(version),
            None => Policy::default(),
        };
        let mailmap = self.store.mailmap(tree)?;
        let mut rules = Rules {
            by: RuleSet::CURRENT,
            present,
            mailmap: mailmap.as_ref().map(|(oid, _)| oid.clone()),
            ..Rules::default()
        };
        let own = mailmap.map(|(_, map)| map).unwrap_or_default();
        let mut previous = None;
        if let Some(ledger) = ledger {
            Self::can_tell(ledger)?;
        }
        if let Some(ledger) = ledger
            && let Some(before) = self.store.previous(ledger, version.product())?
        {
            let release = self.store.sealed(ledger, &before)?;
            rules.before = release.as_ref().map(|release| release.rules);
            rules.since = release.map(|release| release.promoted_at);
            previous = Some(self.sealed_mailmap(ledger, &before)?);
            match self.sealed_policy(ledger, &before) {
                Ok(policy) => {
                    let policy = policy.sealed_about(version, &before);
                    rules.previous = Some((before, policy));
                }
                // What a later program sealed says what this one does not know.
                Err(_) if rules.before > Some(RuleSet::CURRENT) => {
                    let needs = rules.before.unwrap_or_default();
                    let policy = Policy {
                        needs,
                        ..Policy::default()
                    };
                    rules.previous = Some((before, policy));
                }
                Err(error) => rules.unreadable = Some(error.downcast::<Refusal>()?.what),
            }
        }
        rules.people = People::by(own, previous);
        rules.join_by_keys();
        Ok(rules)
    }

    /// Who is who for what is no release yet: by the mailmap of the working tree.
    pub(crate) fn people_here(&self) -> People {
        People::by(Mailmap::parse(self.store.mailmap_text().as_bytes()), None)
    }

    /// The mailmap that was sealed with `version`.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn sealed_mailmap(&self, ledger: &Ledger, version: &Version) -> Result<Mailmap> {
        let sealed = self.store.sealed(ledger, version)?;
        let Some(blob) = sealed.and_then(|sealed| sealed.mailmap) else {
            return Ok(Mailmap::default());
        };
        let text = self.store.blob(&blob)?.unwrap_or_default();
        Ok(Mailmap::parse(&text))
    }

    /// The whole policy that was sealed with `version`.
    ///
    /// # Errors
    /// [`Exit::Invalid`] where this program cannot read it.
    pub(crate) fn sealed_policy(&self, ledger: &Ledger, version: &Version) -> Result<Policy> {
        let place = format!("The policy sealed with {version}");
        let text = self
            .store
            .sealed_policy(ledger, version)?
            .map_err(|invalid| Refusal::new(Exit::Invalid, format!("{place}: {invalid}")))?;
        match text {
            None => Ok(Policy::default()),
            Some(text) => Ok(Policy::parse_at(&text, &place)?),
        }
    }

    /// Finds out which of the proven commits `release` holds.
    ///
    /// # Errors
    /// The history cannot be read.
    pub(crate) fn cover<'a>(
        &self,
        attempts: impl Iterator<Item = &'a mut Attempt>,
        release: &Oid,
    ) -> Result<()> {
        let mut known: std::collections::BTreeMap<Oid, _> = std::collections::BTreeMap::new();
        for attempt in attempts {
            let Some(proof) = &attempt.proof else {
                continue;
            };
            if !attempt.pinned {
                attempt.cover = Some(self.store.cover_by_record(release, proof)?);
                continue;
            }
            let cover = match known.get(&proof.commit) {
                Some(cover) => *cover,
                None => self.store.cover(release, &proof.commit)?,
            };
            known.insert(proof.commit.clone(), cover);
            attempt.cover = Some(cover);
        }
        Ok(())
    }

    /// The same for what is only shown: what a cut history does not tell is left open.
    ///
    /// # Errors
    /// The history cannot be read.
    pub(crate) fn cover_as_known<'a>(
        &self,
        attempts: impl Iterator<Item = &'a mut Attempt>,
        release: &Oid,
    ) -> Result<()> {
        for attempt in attempts {
            match self.cover([&mut *attempt].into_iter(), release) {
                Err(error) if error.downcast_ref::<Refusal>().is_some() => attempt.cover = None,
                known => known?,
            }
        }
        Ok(())
    }

    /// The commit that a promotion would release if it began now: `HEAD`, where there is one.
    ///
    /// # Errors
    /// Git cannot be run.
    pub(crate) fn head(&self) -> Result<Option<Oid>> {
        match self.store.resolve("HEAD") {
            Ok(head) => Ok(Some(head)),
            Err(error) if error.downcast_ref::<Refusal>().is_some() => Ok(None),
            Err(error) => Err(error),
        }
    }
}
