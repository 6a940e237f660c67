//! `git gryt promote`: seal a version, once and for ever.
//!
//! The order is what makes it safe to be cut anywhere: the intent's id is kept before the first
//! push; the ledger's ref is the lock and moves together with the refs that the entry folds; the
//! tag and what is left to clear come after, and are done again by a later command where they
//! were cut short (docs/architecture.md, "A promotion").

use std::collections::BTreeMap;

use anyhow::Result;
use clap::Args;
use serde::Serialize;

use super::{Outcome, typed};
use crate::git::refs::Update;
use crate::model::excuse::Plea;
use crate::model::ledger::Sealed;
use crate::model::policy;
use crate::model::promotion::{self, CloudDraft, Decision, Draft, Facts, Release, Seal};
use crate::model::reconcile::Relation;
use crate::model::{Exit, Oid, Refusal, Version};
use crate::session::Session;
use crate::session::contact::Contact;
use crate::session::edits::TakenIn;
use crate::session::heal::TagState;
use crate::session::push::Patience;
use crate::store::ledger::Ledger;
use crate::store::refs::drafts;
use crate::store::{Refs, names};

/// Arguments of `promote`.
#[derive(Debug, Args)]
pub struct PromoteArgs {
    /// The version
    version: String,
    /// The commit to release
    #[arg(long, value_name = "REV", default_value = "HEAD")]
    commit: String,
    /// Say what would happen, and exit as the promotion would
    #[arg(long)]
    dry_run: bool,
    /// Publish the release commit and the proven commits, even if no branch of the cloud has them
    #[arg(long)]
    with_commits: bool,
    /// Pass a gate that fails and that both policies call waivable
    #[arg(long, value_name = "GATE", requires = "reason")]
    waive: Vec<String>,
    /// Pass the gates that only the policy of the previous promotion fails
    #[arg(long, requires = "reason")]
    override_previous: bool,
    /// Why; sealed with the promotion for everybody to see
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// A version that was sealed.
#[derive(Debug, Serialize)]
pub struct Promoted {
    #[serde(flatten)]
    pub sealed: Sealed,
    /// Whether it is in the cloud's ledger, or in this clone's alone.
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
}

/// What stays the same over all tries.
struct Intent<'a> {
    session: &'a Session<'a>,
    version: Version,
    id: String,
    release: Release,
    taken: TakenIn,
    plea: Plea,
    args: &'a PromoteArgs,
}

/// Promotes a version.
///
/// # Errors
/// Whatever says no: see [`promotion::decide`] and the exit codes.
pub fn run(session: &Session<'_>, args: &PromoteArgs) -> Result<Outcome> {
    let typed: Version = typed(&args.version)?;
    let plea = plea(args)?;
    let taken = session.take_in()?;
    let commit = session.store.resolve(&args.commit)?;
    let tree = session.store.commit(&commit)?.tree;
    // The draft's own spelling, where this clone has it.
    let refs = session.store.refs()?;
    let version = refs.draft(&typed).map_or(typed, |(spelled, _)| spelled);
    // A dry run must leave nothing behind, not even an intent; its own id is never in a ledger.
    let kept = session.intent(&refs, &version)?;
    let intent = Intent {
        session,
        id: match (kept, args.dry_run) {
            (Some(id), _) => id,
            (None, true) => "dry-run".to_owned(),
            (None, false) => String::new(),
        },
        version,
        release: Release { commit, tree },
        taken,
        plea,
        args,
    };
    let outcome = match session.config.remote {
        Some(_) => intent.in_cloud(),
        None => intent.locally(),
    };
    if outcome.is_ok() && !args.dry_run {
        session.write_view()?;
    }
    outcome
}

fn plea(args: &PromoteArgs) -> Result<Plea, Refusal> {
    let reason = args.reason.as_deref().unwrap_or_default().trim();
    let asked = args.override_previous || !args.waive.is_empty();
    if asked && (reason.is_empty() || reason.chars().any(char::is_control)) {
        return Err(Refusal::new(
            Exit::Usage,
            "A reason is one line of text: it is sealed for everybody to see",
        ));
    }
    Ok(Plea {
        waive: args.waive.clone(),
        override_previous: args.override_previous,
        reason: reason.to_owned(),
    })
}

impl Intent<'_> {
    fn in_cloud(mut self) -> Result<Outcome> {
        let session = self.session;
        let mut patience = Patience::new();
        let mut contact = session.contact(Some(&self.version))?;
        let mut tried = false;
        // Some hosts take a push of the ledger and refuse deletions, which must not stop a release.
        let mut alone = false;
        loop {
            let mut seal = match self.decide(Some(&contact)) {
                Ok(Decision::Won(sealed)) => return self.found(&sealed, !tried),
                Ok(Decision::Seal(seal)) => seal,
                Err(refusal) => return Err(self.give_up(refusal, &contact)?),
            };
            let pinned = pinned(session, &seal)?;
            session.may_publish(&contact, &pinned, self.args.with_commits)?;
            if self.args.dry_run {
                let changes = seal.policy_changes;
                return Ok(self.outcome(seal.sealed, changes, None, false, &contact.cloud));
            }
            if self.id.is_empty() {
                self.id = session.intend(&self.version)?;
                seal.sealed.promotion.clone_from(&self.id);
            }
            let with_folded = session.atomic() && !alone;
            let updates = self.write(&seal, contact.ledger(), with_folded)?;
            let report = session.cloud()?.push(&updates, session.atomic())?;
            if report.accepted() {
                let tag = self.conclude(&seal.sealed, &updates)?;
                let changes = seal.policy_changes;
                return Ok(self.outcome(seal.sealed, changes, tag, false, &contact.cloud));
            }
            tried = true;
            let looked = session.look_again(&report, &updates, &mut patience, Some(&self.version));
            contact = match looked {
                Ok(contact) => contact,
                Err(_) if report.refused_there() && updates.len() > 1 => {
                    alone = true;
                    patience = Patience::new();
                    session.contact(Some(&self.version))?
                }
                Err(error) => return Err(self.unknown(error, report.done)),
            };
        }
    }

    /// The decision over what is known now.
    fn decide(&self, contact: Option<&Contact>) -> Result<Decision, Refusal> {
        let facts = self.facts(contact).map_err(|error| {
            error
                .downcast::<Refusal>()
                .unwrap_or_else(|error| Refusal::new(Exit::Failure, format!("{error:#}")))
        })?;
        promotion::decide(&facts)
    }

    fn facts(&self, contact: Option<&Contact>) -> Result<Facts> {
        let session = self.session;
        let store = &session.store;
        let refs = match contact {
            Some(contact) => contact.refs.clone(),
            None => store.refs()?,
        };
        let empty = BTreeMap::new();
        let cloud = contact.map_or(&empty, |contact| &contact.cloud);
        let ledger = match contact {
            Some(contact) => contact.ledger().cloned(),
            None => session.ledger(&refs)?,
        };
        let sealed = match &ledger {
            Some(ledger) => store.sealed(ledger, &self.version)?,
            None => None,
        };
        let name = names::draft(&self.version);
        let adopted = session.adopted(&refs)?;
        let local = self.local_draft(&refs)?;
        let (tip, there) = (refs.get(&name), cloud.get(&name));
        // What was adopted of another generation of this version says nothing about this one.
        let related = match (tip, adopted.get(&name)) {
            (Some(tip), Some(adopted)) if store.has(adopted) => {
                (store.draft_relation(tip, adopted)? != Relation::Unrelated)
                    .then(|| adopted.clone())
            }
            _ => None,
        };
        let me = session.me()?;
        let mut attempts = session.survey(&self.version, &refs.local(), cloud, &adopted)?;
        // A colleague's evolution that is here and not in the cloud is not ours to publish.
        attempts.retain(|(attempt, there)| {
            contact.is_none() || there.is_some() || attempt.evolution.owner.is(&me)
        });
        let release = &self.release.commit;
        session.cover(attempts.iter_mut().map(|(attempt, _)| attempt), release)?;
        Ok(Facts {
            version: self.version.clone(),
            promotion: self.id.clone(),
            next_free: session.next_free(&self.version, contact, &refs)?,
            sealed,
            tag: self.existing_tag(&refs)?,
            cloud: match (there, self.twin(cloud)) {
                (Some(there), _) => Some(self.cloud_draft(tip, there)?),
                (None, Some(twin)) => Some(CloudDraft {
                    tip: twin,
                    relation: Relation::Unrelated,
                    unseen: Vec::new(),
                }),
                (None, None) => None,
            },
            local,
            adopted: related,
            attempts,
            rules: session.rules(&self.release.tree, ledger.as_ref())?,
            plea: self.plea.clone(),
            release: self.release.clone(),
            promoter: me,
            now: session.author()?.committer.at,
            has_cloud: contact.is_some(),
        })
    }

    /// The cloud's draft of this version under another spelling.
    fn twin(&self, cloud: &BTreeMap<String, Oid>) -> Option<Oid> {
        let found = drafts(cloud).find(|(v, _)| *v == self.version);
        found.map(|(_, tip)| tip)
    }

    fn local_draft(&self, refs: &Refs) -> Result<Option<Draft>> {
        let session = self.session;
        let Some(tip) = refs.get(&names::draft(&self.version)) else {
            return Ok(None);
        };
        let draft = session.store.draft(&self.version, tip)?;
        let contract = match (&draft, self.taken.require(&self.version)) {
            (_, Err(refusal)) => Err(refusal),
            (Ok(draft), Ok(())) => draft.contract().map_err(Refusal::from),
            (Err(invalid), Ok(())) => Err(Refusal::from(invalid.clone())),
        };
        let root = session.store.root(tip)?;
        Ok(Some(Draft {
            author: session.store.commit(&root)?.author,
            root,
            tip: tip.clone(),
            contract,
        }))
    }

    fn cloud_draft(&self, tip: Option<&Oid>, there: &Oid) -> Result<CloudDraft> {
        let store = &self.session.store;
        if !store.is_commit(there) {
            return Ok(CloudDraft {
                tip: there.clone(),
                relation: Relation::Unrelated,
                unseen: Vec::new(),
            });
        }
        let relation = match tip {
            Some(tip) => store.draft_relation(tip, there)?,
            None => Relation::Behind,
        };
        let mut unseen = Vec::new();
        if let (Relation::Behind | Relation::Diverged, Some(tip)) = (relation, tip) {
            for commit in store.beyond(there, &[tip])? {
                unseen.push(format!("{} by {}", commit.subject(), commit.author));
            }
        }
        Ok(CloudDraft {
            tip: there.clone(),
            relation,
            unseen,
        })
    }

    fn existing_tag(&self, refs: &Refs) -> Result<Option<String>> {
        let session = self.session;
        if let Some(tag) = session.store.tag_in_the_way(&self.version)? {
            return Ok(Some(format!("{tag} in this clone")));
        }
        let there = session
            .config
            .remote
            .as_deref()
            .map(|remote| names::remote_tag(remote, &self.version));
        let found = there.and_then(|name| refs.get(&name));
        Ok(found.map(|_| format!("{} in the cloud", self.version)))
    }

    /// Writes the entry, and says what the push is to do: move the ledger, and delete what the
    /// entry folds. Without atomic pushes the ledger goes alone, and the rest afterwards.
    fn write(
        &self,
        seal: &Seal,
        ledger: Option<&Ledger>,
        with_folded: bool,
    ) -> Result<Vec<Update>> {
        let session = self.session;
        let old = ledger.map(|ledger| &ledger.tip);
        let ledger = match ledger {
            Some(ledger) => ledger.clone(),
            None => {
                let author = session.author()?;
                let genesis = session.store.write_genesis(author, &session.ctx.nonce())?;
                Ledger {
                    tip: genesis.clone(),
                    base: genesis,
                }
            }
        };
        let policy = session.store.text(&self.release.tree, policy::FILE)?;
        let policy = policy.as_ref().map(|(_, text)| text.as_slice());
        let entry = session
            .store
            .write_promotion(session.author()?, &ledger, seal, policy)?;
        session.check_own(&ledger, &entry)?;
        let mut updates = vec![Update::new(names::LEDGER, old, Some(&entry))];
        if with_folded {
            if let Some(draft) = &seal.cloud_draft {
                updates.push(Update::new(names::draft(&self.version), Some(draft), None));
            }
            for at in promotion::deleted_with_seal(seal) {
                let (attempt, tip) = &seal.folded[at];
                let name = names::evolution(&attempt.name);
                updates.push(Update::new(name, tip.as_ref(), None));
            }
        }
        Ok(updates)
    }

    /// Takes over what the acknowledged push did, in one transaction, and does what comes after.
    fn conclude(&self, sealed: &Sealed, pushed: &[Update]) -> Result<Option<TagState>> {
        let session = self.session;
        let contact = session.change(|refs| {
            let mut moves = Vec::new();
            let mut adopted = session.adopted(refs)?;
            session.note_pushed(refs, pushed, &mut moves, &mut adopted);
            let after = refs.with(&moves);
            let (verified, contact) = session.check(&after)?;
            let (taken_over, _) = session.plan(&contact, &after, true)?;
            moves.extend(verified);
            moves.extend(taken_over);
            Ok((moves, contact))
        })?;
        session.finish(&contact, sealed)
    }

    /// The ledger holds this intent, although its push was never acknowledged: to this run, or to
    /// an earlier one that did not live to hear of it.
    fn found(&self, sealed: &Sealed, earlier: bool) -> Result<Outcome> {
        let session = self.session;
        let contact = session.seen()?;
        if self.args.dry_run {
            return Ok(self.outcome(sealed.clone(), vec![], None, earlier, &contact.cloud));
        }
        session.adopt(&contact)?;
        let tag = session.finish(&contact, sealed)?;
        Ok(self.outcome(sealed.clone(), vec![], tag, earlier, &contact.cloud))
    }

    /// A version that somebody else sealed needs no intent any more.
    fn give_up(&self, refusal: Refusal, contact: &Contact) -> Result<anyhow::Error> {
        let lost = match contact.ledger() {
            Some(ledger) => self.session.store.sealed(ledger, &self.version)?.is_some(),
            None => false,
        };
        if lost && !self.id.is_empty() && !self.args.dry_run {
            self.session.forget_intent(&self.version)?;
        }
        Ok(refusal.into())
    }

    /// The push was sent and nothing was heard, or the cloud cannot be asked what came of it.
    fn unknown(&self, error: anyhow::Error, answered: bool) -> anyhow::Error {
        match error.downcast::<Refusal>() {
            Ok(cause) if cause.exit == Exit::Remote && !answered => {
                let version = &self.version;
                let mut refusal = Refusal::new(
                    Exit::Remote,
                    format!("Whether {version} is promoted is not known yet"),
                )
                .because("The push was sent, and the cloud's answer did not arrive")
                .because("It may still land; the next command finds out");
                refusal.why.push(cause.what);
                refusal.why.extend(cause.why);
                refusal
                    .then("git gryt sync pull")
                    .then(format!("git gryt promote {version}"))
                    .into()
            }
            Ok(cause) => cause.into(),
            Err(error) => error,
        }
    }

    /// In local mode the ledger's ref in this repository is the lock.
    fn locally(mut self) -> Result<Outcome> {
        let session = self.session;
        if self.id.is_empty() {
            let id = session.intend(&self.version)?;
            self.id = id;
        }
        let result = session.change(|_| {
            let seal = match self.decide(None)? {
                Decision::Won(sealed) => return Ok((Vec::new(), (sealed, vec![], true))),
                Decision::Seal(seal) => seal,
            };
            if self.args.dry_run {
                return Ok((Vec::new(), (seal.sealed, seal.policy_changes, false)));
            }
            let refs = session.store.refs()?;
            let ledger = session.ledger(&refs)?;
            let updates = self.write(&seal, ledger.as_ref(), false)?;
            let entry = updates[0].new.as_ref();
            let mut moves = vec![
                refs.change(names::LEDGER, entry),
                refs.change(names::BASE, entry),
            ];
            moves.push(refs.change(names::draft(&self.version), None));
            for (attempt, _) in &seal.folded {
                moves.push(refs.change(names::evolution(&attempt.name), None));
            }
            moves.push(refs.change(names::promoting(&self.version), None));
            Ok((moves, (seal.sealed, seal.policy_changes, false)))
        });
        let (sealed, changes, earlier) = result?;
        let tag = match session.config.tag && !self.args.dry_run {
            true => Some(session.deliver_tag(&sealed)?),
            false => None,
        };
        Ok(self.outcome(sealed, changes, tag, earlier, &BTreeMap::new()))
    }

    fn outcome(
        &self,
        sealed: Sealed,
        policy_changes: Vec<String>,
        tag: Option<TagState>,
        earlier: bool,
        cloud: &BTreeMap<String, Oid>,
    ) -> Outcome {
        let published = cloud.get(&names::draft(&self.version));
        let has_cloud = self.session.config.remote.is_some();
        Outcome::Promote(Promoted {
            unpushed: has_cloud && published.is_some_and(|tip| *tip != sealed.draft),
            sealed,
            cloud: has_cloud,
            dry_run: self.args.dry_run,
            earlier,
            tag,
            policy_changes,
        })
    }
}

/// The user's commits that an entry pins and the cloud may not have.
fn pinned(session: &Session<'_>, seal: &Seal) -> Result<Vec<Oid>> {
    let mut commits = vec![seal.sealed.commit.clone()];
    for (attempt, there) in &seal.folded {
        commits.extend(session.store.pinned(&attempt.tip, there.as_ref())?);
    }
    Ok(commits)
}
