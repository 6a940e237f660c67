//! What is new in the cloud since this person was last told: a few lines after a pull, and what
//! `sync watch` reports. Pulls that say nothing, like a hook's, leave it to be told later.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use super::Cloud;
use crate::model::approval::{Approval, ApprovalName, Void, Word};
use crate::model::disputed::Disputed;
use crate::model::evolution::Says;
use crate::model::ledger::Kind;
use crate::model::news::News;
use crate::model::sealed::Withdrawal;
use crate::model::state::Trial;
use crate::model::{Change, EvolutionName, Oid, Person, Version};
use crate::session::core::contact::Contact;
use crate::session::core::sides::Three;
use crate::store::Refs;
use crate::store::ledger::Ledger;
use crate::store::message::header;
use crate::store::names::{self, Shared};
use crate::store::raw::malformed;
use crate::store::refs::{approvals, drafts};
use anyhow::Result;

/// The cloud's shared refs at some moment.
pub(crate) type State = BTreeMap<String, Oid>;

/// What the ledger got since an entry of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Since {
    /// Oldest first.
    pub promoted: Vec<Version>,
    pub withdrawn: Vec<Withdrawal>,
    pub disputed: Vec<Disputed>,
    /// Whether the entry was met at all.
    pub met: bool,
}

/// How many releases a first pull tells of.
const FIRST: usize = 5;

impl Cloud<'_> {
    /// What is new in what `contact` shows since `told`.
    ///
    /// # Errors
    /// Objects cannot be read.
    pub(crate) fn news(self, told: Option<&State>, contact: &Contact) -> Result<Vec<News>> {
        // Who was never told of anything is told the latest of everything.
        let nothing = State::new();
        let first = told.is_none();
        let told = told.unwrap_or(&nothing);
        let now = &contact.cloud;
        if told == now {
            return Ok(Vec::new());
        }
        let mut news = Vec::new();
        // Everybody is another to those whom git does not know.
        let me = self.core.reader();
        let me = me.as_ref();
        let is_me = |person: &Person| me.is_some_and(|me| person.is(me));
        let mut sealed: Vec<Version> = Vec::new();
        if let Some(ledger) = contact.ledger() {
            let mut since = self.since(told.get(names::LEDGER), ledger)?;
            sealed.clone_from(&since.promoted);
            if first {
                let old = since.promoted.len().saturating_sub(FIRST);
                since.promoted.drain(..old);
            }
            if since.met {
                news.extend(self.of_ledger(ledger, since, me)?);
            }
        }
        for (name, tip) in now
            .iter()
            .filter(|(name, tip)| told.get(*name) != Some(tip))
        {
            if !self.core.is_sound_there(name, tip)? {
                continue;
            }
            match names::shared(name) {
                Shared::Draft(version) => {
                    let mut people = self.authors(tip, told.get(name))?;
                    people.retain(|person| !is_me(person));
                    if !people.is_empty() {
                        let by = people.remove(0);
                        let others = people;
                        // What this person declared is not declared by whoever edited it since.
                        let root = self.core.store.root(tip)?;
                        let own = is_me(&self.core.store.commit(&root)?.author);
                        let new = !told.contains_key(name) && !own;
                        news.push(News::Draft {
                            version,
                            by,
                            others,
                            new,
                        });
                    }
                }
                Shared::Evolution(name) => news.extend(match me {
                    Some(me) => self.proof_of_mine(now, &name, tip, me)?,
                    None => None,
                }),
                Shared::Approval(name) => news.extend(self.said_by_others(&name, tip, me)?),
                Shared::Ledger | Shared::Foreign => {}
            }
        }
        if let (Some(me), false) = (me, first) {
            news.extend(self.about_my_approvals(told, contact, &sealed, me)?);
        }
        for (name, tip) in told.iter().filter(|(name, _)| !now.contains_key(*name)) {
            if let Shared::Draft(version) = names::shared(name)
                && !sealed.contains(&version)
                && !self.is_taken_here(contact, &version)?
                && !self.left_by_me(&contact.refs, tip)?
            {
                news.push(News::Left { version });
            }
        }
        Ok(news)
    }

    /// Who wrote what a draft has got since `before`, the latest first.
    fn authors(self, tip: &Oid, before: Option<&Oid>) -> Result<Vec<Person>> {
        let hidden: Vec<&Oid> = before
            .filter(|before| self.core.store.is_commit(before))
            .into_iter()
            .collect();
        let mut people: Vec<Person> = Vec::new();
        for commit in self.core.store.beyond(tip, &hidden)? {
            if !people.iter().any(|person| person.is(&commit.author)) {
                people.push(commit.author);
            }
        }
        Ok(people)
    }

    /// Takes note that this person, who was told of `told` before, was told of what `contact` shows.
    pub(crate) fn note_told(self, told: Option<&State>, contact: &Contact) {
        if told == Some(&contact.cloud) {
            return;
        }
        let lines = contact.cloud.iter();
        let text: String = lines.map(|(name, oid)| format!("{oid} {name}\n")).collect();
        let file = self.told_file();
        let folder = file.parent().unwrap_or(&file);
        let written = fs::create_dir_all(folder).and_then(|()| fs::write(&file, text));
        if let Err(error) = written {
            let text = format!("What you were told could not be recorded: {error}");
            self.core.ctx.detail(text);
        }
    }

    /// Names of what came too late, as this person was told them.
    pub(crate) fn told_late(self) -> BTreeSet<String> {
        let text = fs::read_to_string(self.late_file()).unwrap_or_default();
        text.lines().map(ToOwned::to_owned).collect()
    }

    /// Takes note of what this person was told to be late, so that it is not told at each pull.
    pub(crate) fn note_late(self, told: &BTreeSet<String>, late: &BTreeSet<String>) {
        if told == late {
            return;
        }
        let text: String = late.iter().map(|name| format!("{name}\n")).collect();
        if let Err(error) = fs::write(self.late_file(), text) {
            let text = format!("What you were told could not be recorded: {error}");
            self.core.ctx.detail(text);
        }
    }

    /// What this person was told of last.
    pub(crate) fn told(self) -> Option<State> {
        let text = fs::read_to_string(self.told_file()).ok()?;
        let pair = |line: &str| {
            let (oid, name) = line.split_once(' ')?;
            Some((name.to_owned(), oid.parse().ok()?))
        };
        // A damaged one is none: nothing is told twice for it.
        text.lines().map(pair).collect()
    }

    fn told_file(self) -> PathBuf {
        self.core.cache_file().with_file_name("told")
    }

    fn late_file(self) -> PathBuf {
        self.core.cache_file().with_file_name("told-late")
    }

    /// What the ledger got since `before`, as far as its tree holds it.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(crate) fn since(self, before: Option<&Oid>, ledger: &Ledger) -> Result<Since> {
        let mut since = Since {
            met: before.is_none(),
            ..Since::default()
        };
        for commit in self.core.store.first_parents(&ledger.tip) {
            let commit = commit?;
            if Some(&commit.oid) == before {
                since.met = true;
                break;
            }
            if let Some(disputed) = ledger.disputed.get(&commit.oid) {
                since.disputed.push(disputed.clone());
            }
            let header = header(&commit.message);
            let kind = header.kind();
            let Some(Ok(version)) = header.version.map(|v| v.parse::<Version>()) else {
                continue;
            };
            // An invalid entry may say anything; the ledger's tree does not hold it.
            if kind == Some(Kind::Withdrawal) && ledger.disputed.contains_key(&commit.oid) {
                continue;
            }
            if kind == Some(Kind::Withdrawal) {
                let withdrawal = self.core.store.withdrawal(ledger, &version)?;
                let known = since.withdrawn.iter().any(|w| w.version == version);
                if let (Some(withdrawal), false) = (withdrawal, known) {
                    since.withdrawn.push(withdrawal);
                }
                continue;
            }
            let sealed = self.core.store.sealed(ledger, &version)?;
            if sealed.is_some_and(|sealed| Some(sealed.promotion) == header.promotion) {
                since.promoted.push(version);
            }
        }
        since.promoted.reverse();
        since.withdrawn.reverse();
        since.disputed.reverse();
        if let (false, Some(before)) = (since.met, before) {
            self.forget_known(&mut since, before, &ledger.tip)?;
        }
        Ok(since)
    }

    /// Takes out what the ledger that ended at `before` said, if it is an earlier state of the same:
    /// its entries were lost, and put back on top of others.
    fn forget_known(self, since: &mut Since, before: &Oid, tip: &Oid) -> Result<()> {
        if self.core.entries(before)?.first() != self.core.entries(tip)?.first() {
            return Ok(());
        }
        since.met = true;
        let mut known: BTreeSet<(Option<Kind>, String)> = BTreeSet::new();
        for commit in self.core.store.first_parents(before) {
            let header = header(&commit?.message);
            let kind = header.kind();
            known.extend(header.version.map(|version| (kind, version)));
        }
        let told = |kind, version: &Version| known.contains(&(Some(kind), version.to_string()));
        since
            .promoted
            .retain(|version| !told(Kind::Promotion, version));
        since
            .withdrawn
            .retain(|withdrawal| !told(Kind::Withdrawal, &withdrawal.version));
        Ok(())
    }

    fn of_ledger(self, ledger: &Ledger, since: Since, me: Option<&Person>) -> Result<Vec<News>> {
        let mut news = Vec::new();
        let is_me = |person: &Person| me.is_some_and(|me| person.is(me));
        for disputed in &since.disputed {
            news.push(News::Disputed {
                entry: disputed.name(),
                by: disputed.by.clone(),
                why: disputed.why.clone(),
            });
        }
        let stands = |version: &Version| !since.disputed.iter().any(|d| d.releases(version));
        for version in since.promoted.into_iter().filter(stands) {
            if let Some(sealed) = self.core.store.sealed(ledger, &version)?
                && !is_me(&sealed.promoter)
            {
                let by = sealed.promoter;
                news.push(News::Promoted { version, by });
            }
        }
        let others = since.withdrawn.into_iter().filter(|w| !is_me(&w.by));
        news.extend(others.map(|withdrawal| News::Withdrawn {
            version: withdrawal.version,
            reason: withdrawal.reason,
            by: withdrawal.by,
        }));
        Ok(news)
    }

    /// What somebody else's evolution says of a change that is this person's to do, or of a draft
    /// that this person declared.
    fn proof_of_mine(
        self,
        cloud: &State,
        name: &EvolutionName,
        tip: &Oid,
        me: &Person,
    ) -> Result<Option<News>> {
        let Some(draft) = cloud.get(&names::draft(&name.version)) else {
            return Ok(None);
        };
        let Ok(draft) = self.core.store.draft(&name.version, draft)? else {
            return Ok(None);
        };
        let contract = draft.contract().ok();
        let change = contract.as_ref().and_then(|c| c.change(&name.change));
        let mine = self.core.store.commit(&draft.root)?.author.is(me);
        let assigned =
            |change: &Change| change.assignee.as_ref().is_some_and(|who| me.goes_by(who));
        let Some(change) = change.filter(|change| mine || assigned(change)) else {
            return Ok(None);
        };
        let Ok(attempt) = self.core.store.attempt(name, tip)? else {
            return Ok(None);
        };
        let says = attempt.says(change, &draft.root);
        if attempt.evolution.owner.is(me) || says == Says::Nothing {
            return Ok(None);
        }
        Ok(Some(News::Proof {
            name: name.clone(),
            by: attempt.evolution.owner,
            status: Trial::of(Some(&says)),
        }))
    }

    /// Which approvals of this person's do not hold any more since they were `told`, and which are missing.
    fn about_my_approvals(
        self,
        told: &State,
        contact: &Contact,
        promoted: &[Version],
        me: &Person,
    ) -> Result<Vec<News>> {
        let (mut news, now) = (Vec::new(), &contact.cloud);
        let moved = |name: &&String| now.get(*name) != told.get(*name);
        let versions = now.keys().chain(told.keys()).filter(moved);
        let versions = versions.filter_map(|name| names::shared(name).version().cloned());
        let mut versions: BTreeSet<Version> = versions.collect();
        if !promoted.is_empty() {
            // Another policy is the previous one now.
            versions.extend(approvals(now).map(|(name, _)| name.version));
        }
        let adopted = self.core.adopted(&contact.refs)?;
        let tips = Three {
            local: contact.refs.local(),
            cloud: now,
            adopted: &adopted,
        };
        for version in versions {
            if !now.contains_key(&names::draft(&version)) {
                continue;
            }
            let ledger = contact.ledger();
            if let Some(ended_by) = self.voided(&version, told, &tips, contact, promoted, me)? {
                news.push(News::Voided { version, ended_by });
            } else if self.core.awaits_approval(&version, &tips, ledger, me)? {
                news.push(News::Asked { version });
            }
        }
        Ok(news)
    }

    /// What ended this person's approval since they were `told`.
    fn voided(
        self,
        version: &Version,
        told: &State,
        tips: &Three<'_>,
        contact: &Contact,
        promoted: &[Version],
        me: &Person,
    ) -> Result<Option<Void>> {
        let given = self.core.said_of(version, tips)?;
        let own = given.iter().filter(|given| given.name.is_of(me));
        let Some(own) = own.max_by_key(|given| given.name.number) else {
            return Ok(None);
        };
        let approval = &own.approval;
        if approval.says != Word::Approved {
            return Ok(None);
        }
        let name = names::draft(version);
        let contract = |tips: &State| -> Result<Option<Oid>> {
            let Some(tip) = tips.get(&name).filter(|tip| self.core.store.is_commit(tip)) else {
                return Ok(None);
            };
            let draft = self.core.draft_there(version, tip)?.ok();
            Ok(draft.map(|draft| draft.blob))
        };
        let was = contract(told)?;
        if contract(&contact.cloud)?.as_ref() != Some(&approval.contract) {
            let held = was.as_ref() == Some(&approval.contract);
            return Ok(held.then_some(Void::Contract));
        }
        if !promoted.is_empty()
            && let Some(ledger) = contact.ledger()
            && let Some(before) = self.core.store.previous(ledger, version.product())?
        {
            let policy = self.core.sealed_policy(ledger, &before).ok();
            let policy = policy.map(|policy| policy.sealed_about(version, &before));
            if !own.knew(policy.as_ref()) {
                return Ok(Some(Void::Policy));
            }
        }
        let of_another = given.iter().any(|other| {
            let theirs = &other.approval;
            let same = theirs.tree == approval.tree
                || theirs.code.is_some() && theirs.code == approval.code;
            theirs.says == Word::Approved
                && theirs.contract == approval.contract
                && !same
                && theirs.at >= approval.at
                && told.get(&names::approval(&other.name)) != Some(&other.tip)
        });
        Ok(of_another.then_some(Void::Commit))
    }

    /// What somebody else says of a release.
    fn said_by_others(
        self,
        name: &ApprovalName,
        tip: &Oid,
        me: Option<&Person>,
    ) -> Result<Option<News>> {
        let Ok(given) = self.core.approval_there(name, tip)? else {
            return Ok(None);
        };
        let Approval { by, says, .. } = given.approval;
        Ok((!me.is_some_and(|me| by.is(me))).then(|| News::Approval {
            version: name.version.clone(),
            by,
            says,
        }))
    }

    /// Whether this clone itself let go of the draft at `tip`, or has it under another name.
    fn left_by_me(self, refs: &Refs, tip: &Oid) -> Result<bool> {
        if refs.below(names::DELETED).any(|(_, aside)| aside == tip) {
            return Ok(true);
        }
        if !self.core.store.is_commit(tip) {
            return Ok(false);
        }
        let root = match self.core.store.root(tip) {
            Ok(root) => root,
            // Nobody of this clone made what cannot be walked.
            Err(error) => return malformed(error).map(|_| false),
        };
        for (_, draft) in drafts(refs.local()) {
            if self.core.store.root(&draft)? == root {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn is_taken_here(self, contact: &Contact, version: &Version) -> Result<bool> {
        match contact.ledger() {
            Some(ledger) => Ok(self.core.store.sealed(ledger, version)?.is_some()),
            None => Ok(false),
        }
    }
}
