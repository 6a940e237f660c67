//! Leaving local mode: bringing the promotions that this clone made by itself to the cloud's
//! ledger. The plan is told first; nothing changes here before the cloud has acknowledged it; cut
//! short anywhere, the same command finds what is there already and goes on.

mod settle;

use std::collections::HashSet;

use anyhow::Result;

use super::Sealing;
use crate::git::ident::Ident;
use crate::git::push::Landed;
use crate::git::refs::Update;
use crate::model::import::Imported;
use crate::model::leaving::{self, Fate, Holder, Own, Rename};
use crate::model::ledger::Kind;
use crate::model::listed::listed;
use crate::model::push::{Manner, Road};
use crate::model::sealed::{Sealed, Withdrawal};
use crate::model::{Exit, Oid, Person, Refusal, Stamp, Version};
use crate::session::Cloud;
use crate::session::cloud::publish::Commits;
use crate::session::cloud::push::{Job, Next};
use crate::session::core::contact::Contact;
use crate::store::ledger::Ledger;
use crate::store::message::header;
use crate::store::refs::drafts;
use crate::store::{Author, Refs, names};

/// What becomes of this clone's own promotions.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Left {
    /// Versions that are in the cloud's ledger now.
    pub appended: Vec<Version>,
    /// Imported versions that are in the cloud's ledger now.
    pub imported: Vec<Version>,
    /// Versions that are drafts again, and under which name.
    pub reopened: Vec<Rename>,
}

/// An entry that only this clone's ledger has.
enum Entry {
    Promotion(Oid, Box<Sealed>),
    Withdrawal(Box<Withdrawal>),
    Import(Vec<Imported>),
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
        own: &Oid,
        chain: &HashSet<Oid>,
        renames: &[Rename],
    ) -> Result<Plan> {
        let entries = self.own_entries(refs, own, chain)?;
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
    fn holder_of(self, contact: &Contact, own: &Sealed) -> Result<Option<Holder>> {
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

    /// What this clone's ledger has beyond the cloud's, oldest first.
    fn own_entries(self, refs: &Refs, own: &Oid, chain: &HashSet<Oid>) -> Result<Vec<Entry>> {
        let Some(ledger) = self.core.ledger(refs)? else {
            return Ok(Vec::new());
        };
        let mut entries = Vec::new();
        for commit in self.core.store.first_parents(own) {
            let commit = commit?;
            if chain.contains(&commit.oid) {
                break;
            }
            let header = header(&commit.message);
            let version: Option<Version> = header.version.as_ref().and_then(|v| v.parse().ok());
            // An invalid entry may say anything; the ledger's tree does not hold it.
            match (header.kind(), version) {
                (Some(Kind::Import), _) => {
                    let imported =
                        self.core
                            .imported_by(&ledger, &commit, header.base.as_deref())?;
                    entries.push(Entry::Import(imported));
                }
                (Some(Kind::Promotion), Some(version)) => {
                    let sealed = self.core.store.sealed(&ledger, &version)?;
                    let sealed = sealed.filter(|s| Some(&s.promotion) == header.promotion.as_ref());
                    entries.extend(sealed.map(|s| Entry::Promotion(commit.oid, Box::new(s))));
                }
                (Some(Kind::Withdrawal), Some(version)) => {
                    let withdrawal = self.core.store.withdrawal(&ledger, &version)?;
                    entries.extend(withdrawal.map(|w| Entry::Withdrawal(Box::new(w))));
                }
                (Some(Kind::Promotion | Kind::Withdrawal), None)
                | (Some(Kind::Genesis | Kind::Moved) | None, _) => {}
            }
        }
        entries.reverse();
        Ok(entries)
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
        for entry in &plan.entries {
            let written = match entry {
                Entry::Promotion(original, sealed) => {
                    let fate = promotions.next().map(|(_, _, fate)| fate);
                    if fate != Some(&Fate::Append) {
                        continue;
                    }
                    let policy = self.own_policy(original, sealed)?;
                    let by = self.repeating(&sealed.promoter, &sealed.promoted_at)?;
                    let (policy, original) = (policy.as_deref(), Some(original));
                    self.core
                        .store
                        .write_promotion(&by, &ledger, sealed, policy, original)?
                }
                Entry::Withdrawal(withdrawal) => {
                    let version = &withdrawal.version;
                    // What is not in the ledger, or is withdrawn there, needs no withdrawal.
                    if self.core.store.sealed(&ledger, version)?.is_none()
                        || self.core.store.withdrawal(&ledger, version)?.is_some()
                        || plan.is_reopened(version)
                    {
                        continue;
                    }
                    let by = self.repeating(&withdrawal.by, &withdrawal.at)?;
                    self.core.store.write_withdrawal(&by, &ledger, withdrawal)?
                }
                Entry::Import(all) => {
                    let (new, _) = self.lacking(Some(&ledger), all)?;
                    if new.is_empty() {
                        continue;
                    }
                    self.core
                        .store
                        .write_import(self.core.author()?, &ledger, &new)?
                }
            };
            self.core.check_own(&ledger, &written)?;
            let before = ledger;
            ledger = Ledger {
                tip: written.clone(),
                base: written,
            };
            if let Entry::Promotion(_, sealed) = entry {
                let product = sealed.version.product();
                let previous = self.core.store.previous(&before, product)?;
                let again = self.judged_again(&ledger, sealed, previous.as_ref())?;
                wrong.extend(
                    again
                        .into_iter()
                        .map(|why| format!("{}: {why}", sealed.version)),
                );
            }
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

    /// The policy that was sealed with a promotion of this clone's own.
    fn own_policy(self, entry: &Oid, sealed: &Sealed) -> Result<Option<Vec<u8>>> {
        let at = Ledger {
            tip: entry.clone(),
            base: entry.clone(),
        };
        Ok(self.core.store.sealed_policy(&at, &sealed.version)??)
    }

    /// Who wrote an entry that is repeated, as with a commit that git picks: the author and the
    /// moment stay, and who repeats it is its committer.
    fn repeating(self, person: &Person, at: &Stamp) -> Result<Author> {
        let mut by = self.core.author()?.clone();
        by.author = Ident {
            person: person.clone(),
            at: *at,
        };
        Ok(by)
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
            Entry::Withdrawal(_) | Entry::Import(_) => None,
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
            if let Entry::Import(all) = entry {
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
            .plan_leaving(contact, &refs, &own, &chain, self.renames)?;
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
