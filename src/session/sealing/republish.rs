//! Putting back what the cloud lost of this project (docs/remotes.md, "What was lost"): drafts and
//! evolutions first, then the ledger, then tags. Every other clone stops at a ledger that was rewound and
//! takes nothing over, so that the ledger is the commit point; cut short before it, the same command
//! goes on.

use std::collections::{BTreeMap, HashSet};

use anyhow::Result;

use super::Sealing;
use crate::git::push::Manner;
use crate::git::refs::Update;
use crate::model::leaving::Own;
use crate::model::promotion::REFS_A_PUSH;
use crate::model::reconcile::Relation;
use crate::model::republish::{self, Fate, Fit, Lost, Republished};
use crate::model::{Exit, Oid, Refusal};
use crate::session::core::beyond::Entry;
use crate::session::core::contact::Contact;
use crate::session::core::verify::Checked;
use crate::store::Refs;
use crate::store::ledger::Ledger;
use crate::store::names::{self, Shared};

/// How many tags that name entries which nobody here has are named.
const NAMED: usize = 5;

/// What there is to put back, and by which updates.
struct Plan {
    done: Republished,
    /// Drafts and evolutions.
    beside: Vec<Update>,
    /// The ledger, as a move of its ref, and as it will be known here where it does not descend from
    /// what was verified.
    ledger: Option<Update>,
    instead: Option<Instead>,
    tags: Vec<Update>,
}

/// A ledger that this clone goes on with, and where the one ended that it had verified.
struct Instead {
    before: Oid,
    tip: Oid,
}

impl Sealing<'_> {
    /// Puts back what the cloud lost; with `dry_run` says what that is.
    ///
    /// # Errors
    /// [`Exit::Usage`] in a clone that verified nothing; [`Exit::OutOfStep`] where tags name entries that
    /// this clone lacks; [`Exit::Rewritten`] over another project's ledger; those of a push.
    pub(crate) fn republish(self, dry_run: bool) -> Result<Republished> {
        let refs = self.cloud.look()?;
        let mut plan = self.plan_republishing(&refs)?;
        plan.done.dry_run = dry_run;
        if dry_run || plan.done.is_empty() {
            return Ok(plan.done);
        }
        for some in plan.beside.chunks(REFS_A_PUSH) {
            self.put(some)?;
        }
        if let Some(update) = &plan.ledger {
            self.put(std::slice::from_ref(update))?;
        }
        if let Some(instead) = &plan.instead {
            self.know_instead(instead)?;
        }
        let mut refused = Vec::new();
        for some in plan.tags.chunks(REFS_A_PUSH) {
            let landed = self.core.remote()?.push(some, Manner::EACH)?.landed(some);
            let lands = |update: &&Update| !landed.moves.contains(update);
            refused.extend(some.iter().filter(lands).map(|update| update.name.clone()));
        }
        for tag in refused {
            let tag = tag.trim_start_matches("refs/tags/");
            plan.done.tags.retain(|put| put != tag);
            self.core
                .ctx
                .warn(format!("The cloud refused the tag {tag}"));
        }
        Ok(plan.done)
    }

    fn plan_republishing(self, refs: &Refs) -> Result<Plan> {
        let own = self.own_verified(refs)?;
        if let Some(refusal) = self.core.store.gone(&own.ledger)? {
            return Err(refusal.into());
        }
        let cloud = refs.cloud(self.core.cloud_name()?);
        let tip = cloud.get(names::LEDGER);
        let there = match tip {
            Some(tip) => self.core.entries(tip)?,
            None => Vec::new(),
        };
        let verified = self.core.entries(&own.ledger.tip)?;
        let mut plan = Plan {
            done: Republished::default(),
            beside: Vec::new(),
            ledger: None,
            instead: None,
            tags: Vec::new(),
        };
        let ledger = match (republish::fit(&verified, &there), tip) {
            (Fit::Whole, Some(tip)) => {
                let tags = self.core.remote()?.tags()?.into_iter().collect();
                let checked = self.core.check_whole(tip)?;
                self.no_entry_is_lacking(&own, &checked.ledger, &tags)?;
                // A run that was cut short after it had put back the ledger left these.
                self.plan_tags(&mut plan, &checked.ledger, &tags)?;
                return Ok(plan);
            }
            (Fit::Behind, _) => {
                let lost = self
                    .core
                    .beyond(&own.ledger, &there.into_iter().collect())?;
                plan.done.take(&lost);
                let new = Some(&own.ledger.tip);
                plan.ledger = Some(Update::new(names::LEDGER, tip, new));
                own.ledger.clone()
            }
            (Fit::Diverged, Some(tip)) => self.plan_again(&mut plan, refs, &own, tip)?,
            (Fit::Foreign | Fit::Diverged | Fit::Whole, _) => {
                let what = "The cloud's ledger is another project's: nothing was put back";
                return Err(Refusal::new(Exit::Rewritten, what)
                    .then("git gryt config remote NAME")
                    .into());
            }
        };
        plan.done.is_ledger_lost = plan.ledger.is_some();
        let tags: HashSet<String> = self.core.remote()?.tags()?.into_iter().collect();
        self.no_entry_is_lacking(&own, &ledger, &tags)?;
        self.plan_beside(&mut plan, refs, &ledger)?;
        self.plan_tags(&mut plan, &ledger, &tags)?;
        Ok(plan)
    }

    /// Tags of released versions that this clone has and the cloud lacks.
    fn plan_tags(self, plan: &mut Plan, ledger: &Ledger, tags: &HashSet<String>) -> Result<()> {
        for version in self.core.store.versions(ledger, None)? {
            let name = self.core.tag_name(&version);
            if !tags.contains(&name)
                && let Some(tag) = self.core.store.tag(&names::tag(&name))?
            {
                plan.tags
                    .push(Update::new(names::tag(&name), None, Some(&tag)));
                plan.done.tags.push(name);
            }
        }
        Ok(())
    }

    /// The ledger that this clone verified last.
    fn own_verified(self, refs: &Refs) -> Result<Checked> {
        let pair = |(genesis, tip): (&str, &Oid)| Some((genesis.parse().ok()?, tip.clone()));
        let mut known = refs.below(names::VERIFIED).filter_map(pair);
        let wanted = self.core.config.ledger.as_ref();
        match known.find(|(genesis, _)| wanted.is_none_or(|wanted| wanted == genesis)) {
            Some((genesis, tip)) => Ok(Checked {
                ledger: self.core.verified(refs, &genesis, &tip)?,
                genesis,
                invalid: Vec::new(),
                instead_of: None,
            }),
            None => {
                let what = "This clone has verified no ledger, so it has nothing to put back";
                Err(Refusal::new(Exit::Usage, what)
                    .because("Somebody who pulled before it was lost can")
                    .into())
            }
        }
    }

    /// Writes what was lost on top of what the cloud's ledger went on with, as far as versions are free.
    fn plan_again(self, plan: &mut Plan, refs: &Refs, own: &Checked, tip: &Oid) -> Result<Ledger> {
        let checked = self.core.check_whole(tip)?;
        let chain: HashSet<Oid> = self.core.entries(tip)?.into_iter().collect();
        let mut ledger = checked.ledger.clone();
        let contact = Contact {
            refs: refs.clone(),
            cloud: refs.cloud(self.core.cloud_name()?),
            checked: Some(checked),
        };
        let mut put = Vec::new();
        let mut again = BTreeMap::new();
        for entry in self.core.beyond(&own.ledger, &chain)? {
            if let Entry::Promotion(_, sealed) = &entry {
                let fate = republish::fate(&Own {
                    version: sealed.version.clone(),
                    promotion: sealed.promotion.clone(),
                    generation: sealed.generation.clone(),
                    holder: self.holder_of(&contact, sealed)?,
                });
                match fate {
                    Fate::Append => {}
                    Fate::There => continue,
                    Fate::Taken(why) => {
                        let version = sealed.version.clone();
                        plan.done.lost.push(Lost { version, why });
                        continue;
                    }
                }
            }
            if let Some(after) = self.append_again(&ledger, &entry, &mut again)? {
                ledger = after;
                put.push(entry);
            }
        }
        plan.done.take(&put);
        plan.instead = Some(Instead {
            before: own.ledger.tip.clone(),
            tip: ledger.tip.clone(),
        });
        plan.done.is_said_otherwise = put.is_empty() && plan.done.lost.is_empty();
        if ledger.tip != *tip {
            plan.ledger = Some(Update::new(names::LEDGER, Some(tip), Some(&ledger.tip)));
        }
        Ok(ledger)
    }

    /// Refuses where a tag, here or in the cloud, names an entry that neither ledger holds: somebody has
    /// a longer one.
    fn no_entry_is_lacking(
        self,
        own: &Checked,
        ledger: &Ledger,
        tags: &HashSet<String>,
    ) -> Result<()> {
        let format = &self.core.config.tag_format;
        let remote = self.core.cloud_name()?;
        let mut unknown = Vec::new();
        for tag in tags {
            if let Some(version) = format.version(tag)
                && self.core.store.released_as(ledger, &version)?.is_none()
                && self.core.store.tag(&names::tag(tag))?.is_none()
            {
                unknown.push(tag.clone());
            }
        }
        let tips = [&own.ledger.tip, &ledger.tip];
        let mut lacking = self.core.unmatched_tags(&own.genesis, &tips)?;
        if !unknown.is_empty() {
            let beside =
                |tag: &String| format!("+{}:{}", names::tag(tag), names::remote_tag(remote, tag));
            let refspecs: Vec<String> = unknown.iter().map(beside).collect();
            self.core.remote()?.fetch(&refspecs)?;
            self.core.store.look_anew();
            let refs = self.core.store.refs()?;
            let mut seen = Vec::new();
            for tag in unknown {
                let name = names::remote_tag(remote, &tag);
                let Some(oid) = refs.get(&name) else {
                    continue;
                };
                let named = self.core.store.named_by_tag(oid)?;
                if named.is_some_and(|named| named.ledger == own.genesis) {
                    lacking.push(tag);
                }
                seen.push(refs.change(name, None));
            }
            self.core.store.update(&seen)?;
        }
        lacking.sort();
        lacking.dedup();
        lacking.truncate(NAMED);
        match lacking.is_empty() {
            true => Ok(()),
            false => Err(republish::lacks_entries(&lacking).into()),
        }
    }

    /// Drafts and evolutions that the cloud lost, and that `ledger` does not seal.
    fn plan_beside(self, plan: &mut Plan, refs: &Refs, ledger: &Ledger) -> Result<()> {
        let cloud = refs.cloud(self.core.cloud_name()?);
        let descends = |from: &Oid, to: &Oid| -> Result<bool> {
            let store = &self.core.store;
            Ok(store.is_commit(from)
                && store.is_commit(to)
                && store.relation(to, from)? == Relation::Ahead)
        };
        let adopted = self.core.adopted(refs)?;
        for (name, old, new) in republish::missing(&adopted, refs.local(), &cloud, descends)? {
            let shared = names::shared(&name);
            let Some(version) = shared.version() else {
                continue;
            };
            if self.core.store.released_as(ledger, version)?.is_some() || !self.core.store.has(&new)
            {
                continue;
            }
            match shared {
                Shared::Draft(version) => plan.done.drafts.push(version),
                Shared::Evolution(name) => plan.done.evolutions.push(name),
                Shared::Approval(_) => {}
                Shared::Ledger | Shared::Foreign => continue,
            }
            plan.beside
                .push(Update::new(name, old.as_ref(), Some(&new)));
        }
        Ok(())
    }

    /// Pushes a few refs. What somebody else put back meanwhile is there.
    fn put(self, updates: &[Update]) -> Result<()> {
        let report = self.core.remote()?.push(updates, Manner::EACH)?;
        if report.accepted() {
            return Ok(());
        }
        let refs = self.cloud.look()?;
        let cloud = refs.cloud(self.core.cloud_name()?);
        let there = |update: &Update| cloud.get(&update.name) == update.new.as_ref();
        if updates.iter().all(there) {
            return Ok(());
        }
        let moved = |update: &Update| cloud.get(&update.name) != update.old.as_ref();
        let what = "The cloud did not take what was to be put back";
        let mut refusal = Refusal::new(Exit::Remote, what);
        refusal.why = report.said.lines().map(str::to_owned).collect();
        Err(match updates.iter().any(moved) {
            true => refusal
                .because("Somebody else was faster: look again")
                .then("git gryt sync push --republish --dry-run"),
            false => refusal.then("git gryt doctor --remote"),
        }
        .into())
    }

    /// Has this clone know the ledger that now stands for the one that it verified, also where some of
    /// that stays lost.
    fn know_instead(self, instead: &Instead) -> Result<()> {
        let mut checked = self.core.check_whole(&instead.tip)?;
        checked.instead_of = Some(instead.before.clone());
        self.core
            .change(|refs| Ok((self.core.remember(refs, &checked)?, ())))
    }
}

impl Republished {
    /// Notes the entries that are put back.
    fn take(&mut self, entries: &[Entry]) {
        for entry in entries {
            match entry {
                Entry::Promotion(_, sealed) => self.promotions.push(sealed.version.clone()),
                Entry::Withdrawal(_, withdrawal) => {
                    self.withdrawals.push(withdrawal.version.clone());
                }
                Entry::Import(import) => {
                    let versions = import.all.iter().map(|imported| imported.version.clone());
                    self.imports.extend(versions);
                }
                Entry::Accepted(_) | Entry::Move => {}
            }
        }
    }
}
