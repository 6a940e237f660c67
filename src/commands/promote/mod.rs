//! `git gryt promote`: seal a version, once and for ever.
//!
//! The order is what makes it safe to be cut anywhere: the intent's id is kept before the first
//! push; the ledger's ref is the lock and moves together with the refs that the entry folds; the
//! tag and what is left to clear come after, and are done again by a later command where they
//! were cut short (docs/architecture.md, "A promotion").

mod args;

pub(crate) use args::PromoteArgs;
use args::plea;
mod locally;
mod mention;
mod sending;
pub(crate) mod wait;

use std::cell::Cell;
use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;

use super::{Outcome, typed};
use crate::git::refs::Update;
use crate::model::approval::Given;
use crate::model::disputed::{Dispute, Rule};
use crate::model::policy;
use crate::model::promotion::{self, Decision, Release, Seal};
use crate::model::publish::{self, Blocked};
use crate::model::push::Road;
use crate::model::sealed::Sealed;
use crate::model::unproven::NewCommit;
use crate::model::{Exit, Oid, Refusal, Version};
use crate::session::cloud::adopt::Purpose;
use crate::session::cloud::publish::{Commits, Going, Settling};
use crate::session::core::contact::Contact;
use crate::session::core::verify::not_sent;
use crate::session::sealing::facts::Intent;
use crate::session::sealing::intent::Kept;
use crate::session::sealing::tag::TagState;
use crate::session::{Cloud, Session};
use crate::store::ledger::{Beside, Ledger};
use crate::store::names;
use sending::Sending;

/// A version that was sealed.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Promoted {
    #[serde(flatten)]
    pub sealed: Sealed,
    /// Whether it is in the cloud's ledger, or in this clone's alone.
    #[serde(rename = "in_cloud")]
    pub cloud: bool,
    /// Nothing was done.
    pub dry_run: bool,
    /// An earlier run had sealed it, and this one found that out.
    pub earlier: bool,
    pub tag: Option<TagState>,
    /// Edits of the draft that were never pushed and are sealed with it.
    pub unpushed: bool,
    /// What the policy says otherwise than at the previous promotion, a line each.
    pub policy_changes: Vec<String>,
    /// The new commits that no proof covers, the newest first.
    pub unproven: Vec<NewCommit>,
}

/// When a release is tagged.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tagging {
    /// Before the ledger moves.
    Before,
    /// When it has moved, so that nothing stops the promotion any more.
    After,
}

/// A promotion under way.
struct Promotion<'a> {
    session: &'a Session<'a>,
    intent: Intent,
    /// What was kept of an earlier run of that intent.
    kept: Option<Kept>,
    args: &'a PromoteArgs,
    /// Whether the entry that was written last is disputed, which was asked for.
    disputed: Cell<bool>,
    /// Whether it was told what no proof covers.
    told: Cell<bool>,
}

/// Promotes a version, in one try: whoever waits tries again (`wait`).
///
/// # Errors
/// Whatever says no: see [`promotion::decide`] and the exit codes.
pub(crate) fn run(session: &Session<'_>, args: &PromoteArgs) -> Result<Outcome> {
    let typed: Version = typed(&args.version)?;
    let plea = plea(args)?;
    if args.without_heir && session.core.config.remote.is_none() {
        let what = "--without-heir is for a release in the cloud, whose clones come to trust it one by one";
        return Err(Refusal::new(Exit::Usage, what).into());
    }
    // The draft's own spelling, where this clone has it.
    let version = session.core.store.spelled(&typed)?.unwrap_or(typed);
    // Edits are taken in whether or not the cloud answers; after it did, so that refs are read once.
    let cloud = session.core.config.remote.as_ref();
    let asked = cloud.map(|_| session.cloud.contact(Some(&version)));
    let taken = session.drafts.take_in()?;
    let contact = match asked.transpose()? {
        Some(_) if !taken.edited.is_empty() => Some(session.cloud.seen()?),
        contact => contact,
    };
    if let Some(contact) = &contact {
        session.cloud.stays(contact)?;
    }
    let commit = match &args.commit {
        Some(rev) => session.core.store.resolve(rev)?,
        None => match session
            .sealing
            .approved_commit(&version, contact.as_ref())?
        {
            Some(approved) => approved.commit,
            None => session.core.store.resolve("HEAD")?,
        },
    };
    let tree = session.core.store.commit(&commit)?.tree;
    let refs = session.core.store.refs()?;
    // A dry run must leave nothing behind, not even an intent; its own id is never in a ledger.
    let kept = session.sealing.intent(&refs, &version)?;
    let id = match (&kept, args.dry_run) {
        (Some(kept), _) => kept.id.clone(),
        (None, true) => "dry-run".to_owned(),
        (None, false) => session.sealing.derived_id(&version).unwrap_or_default(),
    };
    mention::overlooked(session, &refs, &version, &commit)?;
    let promotion = Promotion {
        session,
        kept,
        intent: Intent {
            version,
            id,
            release: Release { commit, tree },
            taken,
            plea,
            artifacts_of: args.artifacts_of.clone(),
            may_sign: true,
            without: Vec::new(),
        },
        args,
        disputed: Cell::new(false),
        told: Cell::new(false),
    };
    let outcome = match contact {
        Some(contact) => promotion.in_cloud(&contact),
        None => promotion.locally(),
    };
    if outcome.is_ok() && !args.dry_run {
        session.drafts.show();
    }
    outcome
}

impl Promotion<'_> {
    fn in_cloud(self, contact: &Contact) -> Result<Outcome> {
        let session = self.session;
        let doubt = match &self.kept {
            Some(kept) => session.sealing.may_land(kept, contact)?,
            None => false,
        };
        let mut sending = Sending {
            doubt,
            promotion: self,
            seal: None,
        };
        session.cloud.push(contact, &mut sending)
    }

    /// The decision over what is known now.
    fn decide(&self, contact: Option<&Contact>) -> Result<Decision, Refusal> {
        let facts = self
            .session
            .sealing
            .facts(&self.intent, contact)
            .map_err(|error| {
                error
                    .downcast::<Refusal>()
                    .unwrap_or_else(|error| Refusal::new(Exit::Failure, format!("{error:#}")))
            })?;
        if !self.told.replace(true) {
            self.session.sealing.tell_unproven(&facts);
        }
        promotion::decide(&facts)
    }

    /// What has to become of this clone's evolutions so that the entry publishes no code.
    fn settling(
        &self,
        cloud: Cloud<'_>,
        contact: &Contact,
        seal: &Seal,
        commits: Commits,
    ) -> Result<Settling> {
        let going: Vec<Going> = seal.folded.iter().map(Going::of).collect();
        cloud.settling(contact, &going, Some(&self.intent.release.commit), commits)
    }

    /// What is sealed without the evolutions that cannot be published, where others prove their
    /// changes.
    ///
    /// # Errors
    /// [`Exit::OutOfStep`] where they are needed.
    fn without_blocked(&mut self, contact: &Contact, blocked: &[Blocked]) -> Result<Seal> {
        let names = blocked.iter().map(|one| one.name.clone());
        self.intent.without.extend(names);
        match self.decide(Some(contact)) {
            Ok(Decision::Seal(seal)) => {
                let what = publish::refused(blocked).what;
                self.session
                    .core
                    .ctx
                    .warn(format!("Left out of the release: {what}"));
                Ok(seal)
            }
            Ok(Decision::Won(_)) | Err(_) => Err(publish::refused(blocked).into()),
        }
    }

    /// Writes the entry, and says what the push is to do: move the ledger.
    fn write(&self, seal: &Seal, ledger: Option<&Ledger>) -> Result<Vec<Update>> {
        let session = self.session;
        let old = ledger.map(|ledger| &ledger.tip);
        let ledger = match ledger {
            Some(ledger) => ledger.clone(),
            None => {
                let author = session.core.author()?;
                let genesis = session
                    .core
                    .store
                    .write_genesis(author, &session.core.ctx.nonce())?;
                Ledger::new(genesis.clone(), genesis)
            }
        };
        let policy = session
            .core
            .store
            .file(&self.intent.release.tree, policy::FILE)??;
        let policy = policy.as_deref();
        let tag = session.core.tag_name(&self.intent.version);
        let beside = Beside {
            original: None,
            tag: session.core.config.tag.then_some(&tag),
        };
        let (store, by) = (&session.core.store, session.core.author()?);
        let entry = store.write_promotion(by, &ledger, &seal.sealed, policy, beside)?;
        if let Some(disputed) = session.core.judge_own(&ledger, &entry)? {
            let is_meant = |why: &Dispute| self.args.without_heir && why.rule == Rule::Excuse;
            if !disputed.why.iter().all(is_meant) {
                return Err(not_sent(&disputed).into());
            }
            self.disputed.set(true);
        }
        Ok(vec![Update::new(names::LEDGER, old, Some(&entry))])
    }

    /// Says how the others, and this clone, come to count what was promoted although it is disputed.
    fn tell_whom_to_trust(&self, entry: Option<&Oid>) {
        let (Some(entry), true) = (entry, self.disputed.get()) else {
            return;
        };
        let sealing = self.session.sealing;
        sealing.tell_whom_to_trust(&self.intent.version, entry);
    }

    /// What goes with the ledger in one push, all or nothing: the tag, and the deletions of what the entry
    /// folds, in this order, as many as the cloud takes. Without atomic pushes it goes afterwards.
    fn consequences(
        &self,
        seal: &Seal,
        contact: &Contact,
        entry: &[Update],
        road: Road,
    ) -> Result<Vec<Update>> {
        let mut updates = Vec::new();
        let room = match road.atomic {
            true => road.most.saturating_sub(1),
            false => 0,
        };
        let (core, version) = (&self.session.core, &self.intent.version);
        let tag = core.tag_name(version);
        let there = names::remote_tag(core.cloud_name()?, &tag);
        if core.config.tag
            && road.tag
            && room > 0
            && contact.refs.get(&there).is_none()
            && let Some(oid) = self.tag(contact, &seal.sealed, entry, Tagging::Before)?
        {
            updates.push(Update::new(names::tag(&tag), None, Some(&oid)));
        }
        if road.folded
            && let Some(draft) = &seal.cloud_draft
        {
            updates.push(Update::new(names::draft(version), Some(draft), None));
        }
        let counts = |given: &&Given| {
            let mut approved = seal.sealed.approvals.iter();
            given.in_cloud && approved.any(|one| one.tip == given.tip && one.counted)
        };
        if !(road.folded && room > 0) && seal.approvals.iter().any(|given| counts(&given)) {
            self.session.core.ctx.warn(
                "This cloud does not delete refs together with the ledger's move: an approval that is revoked at this very moment still counts, and whoever revokes it is told so",
            );
        }
        if road.folded && room > 0 {
            let room = room.saturating_sub(updates.len());
            for at in promotion::approvals_with_seal(seal, room)? {
                let given = &seal.approvals[at];
                let name = names::approval(&given.name);
                updates.push(Update::new(name, Some(&given.tip), None));
            }
        }
        if road.folded {
            let room = room.saturating_sub(updates.len());
            for at in promotion::deleted_with_seal(seal, room) {
                let (promotion, tip) = &seal.folded[at];
                let name = names::evolution(&promotion.name);
                updates.push(Update::new(name, tip.as_ref(), None));
            }
        }
        updates.truncate(room);
        Ok(updates)
    }

    /// The tag of what is sealed, where `pushed` moves the ledger to its entry. None where it cannot be
    /// made.
    fn tag(
        &self,
        contact: &Contact,
        sealed: &Sealed,
        pushed: &[Update],
        tagging: Tagging,
    ) -> Result<Option<Oid>> {
        let session = self.session;
        let entry = pushed.iter().find(|update| update.name == names::LEDGER);
        let Some(entry) = entry.and_then(|update| update.new.as_ref()) else {
            return Ok(None);
        };
        let genesis = contact.checked.as_ref().map(|checked| &checked.genesis);
        let named = session.core.named(genesis, entry, sealed)?;
        match (session.sealing.release_tag(sealed, &named), tagging) {
            (Ok(tag), _) => Ok(Some(tag)),
            // Whoever signs tags is told before anything is pushed that this one is not signed.
            (Err(error), Tagging::Before) if error.is::<Refusal>() => Err(error),
            (Err(_), _) => session.sealing.tag_after_all(sealed, &named),
        }
    }

    /// Takes over what the acknowledged push did, in one transaction, and does what comes after.
    fn conclude(
        &self,
        contact: &Contact,
        sealed: &Sealed,
        pushed: &[Update],
    ) -> Result<Option<TagState>> {
        let session = self.session;
        // A tag that did not go along is sent first, so that all that is left is one transaction. Cut in
        // between, the kept intent makes the next command do both again, with the same tag.
        let mut went = pushed.iter().filter(|update| names::is_tag(&update.name));
        let went = went.next().and_then(|update| update.new.clone());
        let (tag, state) = match (session.core.config.tag, went) {
            (false, _) => (None, None),
            (true, Some(tag)) => (Some(tag), Some(TagState::Made)),
            (true, None) => match self.tag(contact, sealed, pushed, Tagging::After)? {
                None => (None, Some(TagState::Refused)),
                Some(tag) => {
                    let sealing = session.sealing;
                    let sent = sealing.send_tag(Some(contact), &sealed.version, &tag)?;
                    (Some(tag), Some(sent))
                }
            },
        };
        let contact = session.core.change(|refs| {
            let mut moves = Vec::new();
            let name = names::tag(&session.core.tag_name(&sealed.version));
            if let (Some(tag), None) = (&tag, session.core.store.tag(&name)?) {
                moves.push(Update::new(name, None, Some(tag)));
            }
            if state != Some(TagState::Waiting) {
                moves.push(refs.change(names::promoting(&sealed.version), None));
            }
            let mut adopted = session.core.adopted(refs)?;
            session
                .core
                .note_pushed(refs, pushed, &mut moves, &mut adopted);
            let after = refs.with(&moves);
            let (verified, contact) = session.core.check(&after)?;
            let (taken_over, _) = session.cloud.plan(&contact, &after, Purpose::Adopt)?;
            let made = (state == Some(TagState::Made)).then(|| sealed.version.clone());
            moves.extend(
                session
                    .core
                    .settle_tags(&after, &contact, made.as_slice())?,
            );
            moves.extend(verified);
            moves.extend(taken_over);
            Ok((moves, contact))
        })?;
        session.sealing.clear_after(&contact, sealed)?;
        if state == Some(TagState::Made) {
            session.sealing.send_tags_again(&contact)?;
        }
        Ok(state)
    }

    /// The ledger holds this intent, although its push was never acknowledged: to this run, or to
    /// an earlier one that did not live to hear of it.
    fn found(&self, sealed: &Sealed, earlier: bool) -> Result<Outcome> {
        let session = self.session;
        let contact = session.cloud.seen()?;
        if self.args.dry_run {
            return Ok(self.outcome(sealed.clone(), None, None, earlier, &contact.cloud));
        }
        session.cloud.adopt(&contact)?;
        let tag = session.sealing.finish(&contact, sealed)?;
        Ok(self.outcome(sealed.clone(), None, tag, earlier, &contact.cloud))
    }

    fn outcome(
        &self,
        sealed: Sealed,
        seal: Option<Seal>,
        tag: Option<TagState>,
        earlier: bool,
        cloud: &BTreeMap<String, Oid>,
    ) -> Outcome {
        let published = cloud.get(&names::draft(&self.intent.version));
        let has_cloud = self.session.core.config.remote.is_some();
        let (policy_changes, unproven) = match seal {
            Some(seal) => (seal.policy_changes, seal.unproven),
            None => (Vec::new(), Vec::new()),
        };
        Outcome::Promote(Promoted {
            unpushed: has_cloud && published.is_some_and(|tip| *tip != sealed.draft),
            sealed,
            cloud: has_cloud,
            dry_run: self.args.dry_run,
            earlier,
            tag,
            policy_changes,
            unproven,
        })
    }
}
