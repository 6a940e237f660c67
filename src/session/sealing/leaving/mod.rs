//! Leaving local mode: bringing the promotions that this clone made by itself to the cloud's
//! ledger. The plan is told first; nothing changes here before the cloud has acknowledged it; cut
//! short anywhere, the same command finds what is there already and goes on.

mod settle;

use std::collections::{BTreeMap, HashSet};

use anyhow::Result;

use super::Sealing;
use crate::git::push::Landed;
use crate::git::refs::Update;
use crate::model::leaving::{self, Fate, Holder, Own, Rename};
use crate::model::listed::listed;
use crate::model::push::{Manner, Road};
use crate::model::sealed::Sealed;
use crate::model::shaped::reopened;
use crate::model::{Exit, Oid, Refusal, Version};
use crate::session::Cloud;
use crate::session::cloud::publish::Commits;
use crate::session::cloud::push::{Job, Next};
use crate::session::core::beyond::{Entry, Import};
use crate::session::core::contact::Contact;
use crate::store::refs::drafts;
use crate::store::{Refs, names};

/// What becomes of this clone's own promotions.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Left {
    /// Versions that are in the cloud's ledger now.
    pub appended: Vec<Version>,
    /// Imported versions that are in the cloud's ledger now.
    #[serde(rename = "imports")]
    pub imported: Vec<Version>,
    /// Versions that are drafts again, and under which name.
    #[serde(serialize_with = "reopened::serialize")]
    #[cfg_attr(test, schemars(with = "Vec<reopened::Shape<Version, Version>>"))]
    pub reopened: Vec<Rename>,
}

/// Own entries, oldest first, and what was decided for each promotion.
struct Plan {
    entries: Vec<Entry>,
    fates: Vec<Fate>,
}

impl Sealing<'_> {
    /// Whether this clone's ledger holds what no ledger that it ever verified holds.
    ///
    /// # Errors
    /// A ledger cannot be read.
    pub(crate) fn has_own_ledger(self, refs: &Refs) -> Result<bool> {
        let Some(own) = refs.get(names::LEDGER) else {
            return Ok(false);
        };
        // The cloud lost it, and has what it says by other entries.
        if refs.get(&names::replaced(own)).is_some() {
            return Ok(false);
        }
        for (_, verified) in refs.below(names::VERIFIED) {
            if verified == own {
                return Ok(false);
            }
        }
        for (_, verified) in refs.below(names::VERIFIED) {
            for commit in self.core.store.first_parents(verified) {
                if commit?.oid == *own {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Brings this clone's own promotions to the cloud, those of `renames` as drafts under another
    /// name. None where it has none.
    ///
    /// # Errors
    /// [`Exit::Conflict`] where versions are taken there; those of a push.
    pub(crate) fn leave_local(
        self,
        renames: &[Rename],
        commits: Commits,
        dry_run: bool,
    ) -> Result<Option<Left>> {
        let mut job = Leaving {
            sealing: self,
            renames,
            commits,
            dry_run,
            plan: None,
        };
        self.cloud.push(&self.cloud.contact_apart()?, &mut job)
    }

    /// The entries of the cloud's ledger.
    fn chain_of(self, contact: &Contact) -> Result<HashSet<Oid>> {
        match contact.ledger() {
            Some(ledger) => Ok(self.core.entries(&ledger.tip)?.into_iter().collect()),
            None => Ok(HashSet::new()),
        }
    }

    fn plan_leaving(
        self,
        contact: &Contact,
        refs: &Refs,
        chain: &HashSet<Oid>,
        renames: &[Rename],
    ) -> Result<Plan> {
        let entries = match self.core.ledger(refs)? {
            Some(own) => self.core.beyond(&own, chain)?,
            None => Vec::new(),
        };
        let mut facts = Vec::new();
        for entry in &entries {
            if let Entry::Promotion(_, sealed) = entry {
                facts.push(Own {
                    version: sealed.version.clone(),
                    promotion: sealed.promotion.clone(),
                    generation: sealed.generation.clone(),
                    holder: self.holder_of(contact, sealed)?,
                });
            }
        }
        if contact.ledger().is_none() && !renames.is_empty() {
            let what = "The cloud has no ledger yet: nobody has any of these versions";
            return Err(Refusal::new(Exit::Usage, what)
                .then("git gryt sync push")
                .into());
        }
        let local = refs.local();
        let is_free = |version: &Version| {
            let declared = drafts(local).any(|(draft, _)| draft == *version);
            // What cannot be read is not free.
            !declared && matches!(self.holder(contact, version), Ok(None))
        };
        let fates = leaving::decide(&facts, renames, is_free)?;
        Ok(Plan { entries, fates })
    }

    /// Who has the version of an own promotion in the cloud.
    pub(super) fn holder_of(self, contact: &Contact, own: &Sealed) -> Result<Option<Holder>> {
        let holder = self.holder(contact, &own.version)?;
        let (Some(Holder::Promotion { id, by, .. }), Some(ledger)) = (&holder, contact.ledger())
        else {
            return Ok(holder);
        };
        let Some(theirs) = self.core.store.sealed(ledger, &own.version)? else {
            return Ok(holder);
        };
        let text = |draft: &Oid| -> Result<_> {
            let tree = self.core.store.commit(draft)?.tree;
            self.core.store.at(&tree, crate::store::draft::FILE)
        };
        let same = theirs.commit == own.commit && text(&theirs.draft)? == text(&own.draft)?;
        let (id, by) = (id.clone(), by.clone());
        Ok(Some(Holder::Promotion { id, by, same }))
    }

    /// Who has a version in the cloud.
    fn holder(self, contact: &Contact, version: &Version) -> Result<Option<Holder>> {
        if let Some(ledger) = contact.ledger()
            && let Some(sealed) = self.core.store.sealed(ledger, version)?
        {
            return Ok(Some(Holder::Promotion {
                id: sealed.promotion,
                by: sealed.promoter,
                same: false,
            }));
        }
        if let Some(ledger) = contact.ledger()
            && let Some(old) = self.core.store.imported(ledger, version)?
        {
            return Ok(Some(Holder::Promotion {
                id: String::new(),
                by: old.by,
                same: false,
            }));
        }
        let Some((_, tip)) = drafts(&contact.cloud).find(|(draft, _)| draft == version) else {
            return Ok(None);
        };
        let generation = self.core.store.root(&tip)?;
        Ok(Some(Holder::Draft { generation }))
    }

    fn tell_plan(self, plan: &Plan) {
        let imported = plan.left().imported;
        if !imported.is_empty() {
            let names: Vec<&str> = imported.iter().map(Version::as_str).collect();
            let which = match names.len() {
                0..=8 => listed(&names),
                count => format!("{count}, {} to {}", names[0], names[count - 1]),
            };
            self.core.ctx.note(format!(
                "Versions that this clone imported, on the way to the cloud: {which}"
            ));
        }
        if plan.fates.is_empty() {
            return;
        }
        self.core
            .ctx
            .note("This clone's own promotions, on the way to the cloud:");
        for (_, sealed, fate) in plan.promotions() {
            let version = &sealed.version;
            self.core.ctx.note(match fate {
                Fate::There | Fate::Same => format!("  {version} is there already"),
                Fate::Append => format!("  {version} goes into the cloud's ledger"),
                Fate::Reopen(new) => format!("  {version} becomes a draft again, as {new}"),
            });
        }
    }

    /// Writes the entries onto the cloud's ledger, and returns the tip that is to be pushed. A cloud
    /// without a ledger takes this clone's as it is.
    fn rewrite(self, contact: &Contact, own: &Oid, plan: &Plan) -> Result<Oid> {
        let Some(mut ledger) = contact.ledger().cloned() else {
            return Ok(own.clone());
        };
        let mut wrong = Vec::new();
        let mut promotions = plan.promotions();
        let mut again = BTreeMap::new();
        for entry in &plan.entries {
            let skipped = match entry {
                Entry::Promotion(..) => {
                    let fate = promotions.next().map(|(_, _, fate)| fate);
                    fate != Some(&Fate::Append)
                }
                Entry::Withdrawal(_, withdrawal) => plan.is_reopened(&withdrawal.version),
                Entry::Import(_) | Entry::Accepted(_) | Entry::Move => false,
            };
            if skipped {
                continue;
            }
            let Some(after) = self.append_again(&ledger, entry, &mut again)? else {
                continue;
            };
            if let Some(disputed) = after.disputed.get(&after.tip) {
                let what = disputed.name();
                let lines = disputed.why.iter();
                wrong.extend(lines.map(|why| format!("{what}: {}", why.why)));
            }
            ledger = after;
        }
        if wrong.is_empty() {
            return Ok(ledger.tip);
        }
        let what = "The team's policy would not let these promotions through";
        let mut refusal = Refusal::new(Exit::Gate, what);
        refusal.why = wrong;
        Err(refusal
            .because("Nothing was pushed: rename them, and promote them again")
            .then("git gryt sync push --rename VERSION=NEW")
            .into())
    }

    /// The user's commits that would be published.
    fn pinned_by(self, plan: &Plan) -> Result<Vec<Oid>> {
        let mut pinned = Vec::new();
        for (_, sealed, fate) in plan.promotions() {
            if *fate == Fate::Append {
                pinned.push(sealed.commit.clone());
                for folded in &sealed.evolutions {
                    pinned.extend(self.core.store.pinned(&folded.tip, None)?);
                }
            }
        }
        Ok(pinned)
    }
}

impl Plan {
    fn promotions(&self) -> impl Iterator<Item = (&Oid, &Sealed, &Fate)> {
        let promotions = self.entries.iter().filter_map(|entry| match entry {
            Entry::Promotion(oid, sealed) => Some((oid, &**sealed)),
            Entry::Withdrawal(..) | Entry::Import(_) | Entry::Accepted(_) | Entry::Move => None,
        });
        promotions
            .zip(&self.fates)
            .map(|((oid, sealed), fate)| (oid, sealed, fate))
    }

    fn is_reopened(&self, version: &Version) -> bool {
        self.promotions()
            .any(|(_, sealed, fate)| sealed.version == *version && matches!(fate, Fate::Reopen(_)))
    }

    fn left(&self) -> Left {
        let mut left = Left::default();
        for entry in &self.entries {
            if let Entry::Import(Import { all, .. }) = entry {
                left.imported
                    .extend(all.iter().map(|one| one.version.clone()));
            }
        }
        for (_, sealed, fate) in self.promotions() {
            let version = sealed.version.clone();
            match fate {
                Fate::There | Fate::Same | Fate::Append => left.appended.push(version),
                Fate::Reopen(new) => left.reopened.push((version, new.clone())),
            }
        }
        left
    }
}

/// A clone's own promotions on their way to the cloud.
struct Leaving<'a> {
    sealing: Sealing<'a>,
    renames: &'a [Rename],
    commits: Commits,
    dry_run: bool,
    /// What becomes of each, over the cloud as it was last seen.
    plan: Option<Plan>,
}

impl Job for Leaving<'_> {
    type Value = Option<Left>;

    fn manner(&self) -> Manner {
        Manner::Single
    }

    fn plan(&mut self, cloud: Cloud<'_>, contact: &Contact, _: Road) -> Result<Next<Option<Left>>> {
        let refs = cloud.core.store.refs()?;
        let Some(own) = refs.get(names::LEDGER).cloned() else {
            return Ok(Next::Over(None));
        };
        let chain = self.sealing.chain_of(contact)?;
        if chain.contains(&own) {
            return Ok(Next::Over(None));
        }
        let plan = self
            .sealing
            .plan_leaving(contact, &refs, &chain, self.renames)?;
        let left = plan.left();
        if self.plan.is_none() {
            self.sealing.tell_plan(&plan);
        }
        let old = contact.cloud.get(names::LEDGER);
        let tip = self.sealing.rewrite(contact, &own, &plan)?;
        cloud.may_publish(contact, &self.sealing.pinned_by(&plan)?, self.commits)?;
        if self.dry_run {
            return Ok(Next::Over(Some(left)));
        }
        if old == Some(&tip) {
            // An earlier run brought it all there, and did not live to hear of it.
            self.sealing.settle_here(&plan, &[])?;
            return Ok(Next::Over(Some(left)));
        }
        self.plan = Some(plan);
        let update = Update::new(names::LEDGER, old, Some(&tip));
        Ok(Next::Push(vec![update]))
    }

    fn landed(
        &mut self,
        _: Cloud<'_>,
        _: &Contact,
        landed: Landed,
    ) -> Result<Option<Option<Left>>> {
        let Some(plan) = self.plan.take() else {
            return Ok(None);
        };
        self.sealing.settle_here(&plan, &landed.moves)?;
        Ok(Some(Some(plan.left())))
    }

    fn look(&self, cloud: Cloud<'_>) -> Result<Contact> {
        cloud.contact_apart()
    }
}
