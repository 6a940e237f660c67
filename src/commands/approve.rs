//! `git gryt approve`: say yes or no to exactly this contract at exactly this commit, or take that back.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use clap::Args;
use serde::Serialize;

use super::{Outcome, typed};
use crate::git::push::Landed;
use crate::git::refs::Update;
use crate::model::approval::{Approval, ApprovalName, Given, Word};
use crate::model::policy;
use crate::model::push::{Manner, Road};
use crate::model::reconcile::Relation;
use crate::model::{Exit, Oid, Person, Refusal, Version};
use crate::session::Session;
use crate::session::cloud::push::{Job, Next};
use crate::session::core::contact::Contact;
use crate::session::core::sides::Three;
use crate::session::core::taken::promoted;
use crate::session::{Cloud, Core};
use crate::store::draft::Draft;
use crate::store::ledger::Ledger;
use crate::store::names;
use crate::store::refs::approvals;

/// Arguments of `approve`.
#[derive(Debug, Args)]
pub(crate) struct ApproveArgs {
    /// The version
    version: String,
    /// The commit to be released: the one that is approved already, or else the tip of the cloud's default branch
    #[arg(long, value_name = "REV", conflicts_with = "revoke")]
    commit: Option<String>,
    /// A line for those who promote it
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
    /// Reject the release. The rejection also holds for later commits and edits, until you revoke it
    #[arg(long, conflicts_with = "revoke")]
    reject: bool,
    /// Revoke your approval or rejection
    #[arg(long)]
    revoke: bool,
}

impl ApproveArgs {
    fn says(&self) -> Word {
        match (self.reject, self.revoke) {
            (true, _) => Word::Rejected,
            (false, true) => Word::Revoked,
            (false, false) => Word::Approved,
        }
    }
}

/// What was said of a release.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Said {
    pub version: Version,
    pub says: Word,
    pub commit: Oid,
    pub by: Person,
    pub message: Option<String>,
    pub number: u32,
    /// How many changes the contract has.
    #[serde(rename = "change_count")]
    pub changes: usize,
    /// Whether a rule of the policies names this person.
    #[serde(rename = "is_asked")]
    pub asked: bool,
    /// Whether it was said before, and nothing was done.
    #[serde(rename = "is_there")]
    pub there: bool,
    #[serde(rename = "in_cloud")]
    pub cloud: bool,
}

/// Says it, in the cloud where there is one.
///
/// # Errors
/// [`Exit::Taken`] for a promoted version, [`Exit::OutOfStep`] where this clone's contract is not the cloud's,
/// [`Exit::Gate`] for a rejection by somebody whom no rule names, [`Exit::Invalid`] where there is nothing to
/// take back.
pub(crate) fn run(session: &Session<'_>, args: &ApproveArgs) -> Result<Outcome> {
    let typed: Version = typed(&args.version)?;
    let version = session.core.store.spelled(&typed)?.unwrap_or(typed);
    let message = args.message.as_deref().map(one_line).transpose()?;
    let saying = Saying {
        session,
        version,
        args,
        message,
        default: None,
        made: None,
    };
    let said = match session.core.config.remote {
        Some(_) => saying.in_cloud()?,
        None => saying.locally()?,
    };
    if !said.asked && said.says == Word::Approved {
        session
            .core
            .ctx
            .warn("No rule of the policy names you: your approval is recorded, but does not count");
    }
    Ok(Outcome::Approve(said))
}

fn one_line(text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    match text.is_empty() || text.chars().any(char::is_control) {
        true => Err(Refusal::new(Exit::Usage, "A message is one line of text")),
        false => Ok(text.to_owned()),
    }
}

/// Something that is being said.
struct Saying<'a> {
    session: &'a Session<'a>,
    version: Version,
    args: &'a ApproveArgs,
    message: Option<String>,
    /// The tip of the cloud's default branch.
    default: Option<Oid>,
    /// What was pushed last.
    made: Option<(ApprovalName, Oid, Said)>,
}

/// What is known when it is said.
struct Known<'k> {
    draft: Draft,
    /// All that was said of this generation.
    given: Vec<Given>,
    ledger: Option<&'k Ledger>,
}

impl Saying<'_> {
    fn core(&self) -> &Core<'_> {
        self.session.core
    }

    fn in_cloud(mut self) -> Result<Said> {
        let session = self.session;
        let contact = session.cloud.contact(None)?;
        session.drafts.take_in()?;
        let contact = Contact {
            refs: session.core.store.refs()?,
            ..contact
        };
        session.cloud.stays(&contact)?;
        if self.args.commit.is_none() && !self.args.revoke {
            self.default = session.core.remote()?.default_tip()?;
        }
        let said = session.cloud.push(&contact, &mut self)?;
        session.drafts.show();
        Ok(said)
    }

    fn locally(mut self) -> Result<Said> {
        let session = self.session;
        session.drafts.take_in()?;
        self.default = session.core.head()?;
        session.core.change(|refs| {
            let ledger = session.core.ledger(refs)?;
            session.core.open_version(refs, &self.version)?;
            let draft = session.core.draft(refs, &self.version)?;
            let none = BTreeMap::new();
            let tips = Three {
                local: refs.local(),
                cloud: &none,
                adopted: &none,
            };
            let known = self.known(draft, &tips, ledger.as_ref())?;
            let Some((name, tip, said)) = self.write(&known, refs.local())? else {
                return Ok((Vec::new(), self.there(&known)?));
            };
            let mut moves = vec![refs.change(names::approval(&name), Some(&tip))];
            for (older, _) in approvals(refs.local()).filter(|(n, _)| is_older(n, &name)) {
                moves.push(refs.change(names::approval(&older), None));
            }
            Ok((moves, said))
        })
    }

    fn known<'k>(
        &self,
        draft: Draft,
        tips: &Three<'_>,
        ledger: Option<&'k Ledger>,
    ) -> Result<Known<'k>> {
        let mut given = self.core().said_of(&self.version, tips)?;
        given.retain(|given| given.approval.generation == draft.root);
        Ok(Known {
            draft,
            given,
            ledger,
        })
    }

    /// The cloud's draft, where this clone has the very same.
    fn draft(&self, contact: &Contact) -> Result<Draft> {
        let (core, version) = (self.core(), &self.version);
        if let Some(ledger) = contact.ledger()
            && let Some(sealed) = core.store.sealed(ledger, version)?
        {
            return Err(promoted(&sealed).into());
        }
        let name = names::draft(version);
        let here = contact.refs.get(&name);
        let Some(there) = contact.cloud.get(&name) else {
            core.draft(&contact.refs, version)?;
            let what = format!("{version} is not in the cloud, so nobody else can read it");
            let refusal = Refusal::new(Exit::OutOfStep, what);
            return Err(refusal.then("git gryt sync push").into());
        };
        let draft = match core.draft_there(version, there)? {
            Ok(draft) => draft,
            Err(why) => return Err(core.unsound_draft(version, here, there, &why)?.into()),
        };
        if let Some(here) = here {
            let next = match core.store.draft_relation(here, there)? {
                Relation::Same => return Ok(draft),
                Relation::Ahead => "git gryt sync push",
                Relation::Behind | Relation::Diverged | Relation::Unrelated => "git gryt sync pull",
            };
            let what = format!(
                "{version} differs from the cloud's, and the cloud's is the one that you would approve"
            );
            return Err(Refusal::new(Exit::OutOfStep, what).then(next).into());
        }
        Ok(draft)
    }

    /// This person's last word.
    fn last<'k>(&self, known: &'k Known<'_>, me: &Person) -> Option<&'k Given> {
        let own = known.given.iter().filter(|given| given.name.is_of(me));
        own.max_by_key(|given| given.name.number)
    }

    /// The commit that it is said of.
    fn commit(&self, known: &Known<'_>, last: Option<&Given>) -> Result<Oid> {
        let core = self.core();
        if let Some(rev) = &self.args.commit {
            return core.store.resolve(rev);
        }
        let open = known.given.iter().filter(|given| {
            given.approval.says == Word::Approved && given.approval.contract == known.draft.blob
        });
        let open = open.max_by_key(|given| given.approval.at);
        let last = last.filter(|_| self.args.revoke);
        let named = last.or(open).map(|given| given.approval.commit.clone());
        let commit = named.or_else(|| self.default.clone());
        let Some(commit) = commit else {
            let what = "The cloud has no default branch whose tip could be approved";
            let refusal = Refusal::new(Exit::Invalid, what);
            let next = format!("git gryt approve {} --commit REV", self.version);
            return Err(refusal.then(next).into());
        };
        if !core.store.is_commit(&commit) {
            let what = format!("The commit {} is not in this clone", commit.short());
            let refusal = Refusal::new(Exit::OutOfStep, what);
            let refusal = match Some(&commit) == self.default.as_ref() {
                true => refusal.because("It is the tip of the cloud's default branch"),
                false => refusal.because("The other approvals are of that commit"),
            };
            return Err(refusal.then("git fetch").into());
        }
        Ok(commit)
    }

    /// Writes it under the next number; none where it was said already. `tips` are the refs where that number
    /// has to be free.
    fn write(
        &self,
        known: &Known<'_>,
        tips: &BTreeMap<String, Oid>,
    ) -> Result<Option<(ApprovalName, Oid, Said)>> {
        let (core, version, says) = (self.core(), &self.version, self.args.says());
        let me = core.me()?;
        let last = self.last(known, &me);
        if says == Word::Revoked && last.is_none_or(|last| last.approval.says == Word::Revoked) {
            let what = format!(
                "You have neither approved nor rejected {version}: there is nothing to revoke"
            );
            return Err(Refusal::new(Exit::Invalid, what).into());
        }
        let (commit, approval) = match (last, says) {
            // What is taken back need not be here any more.
            (Some(last), Word::Revoked) => (None, last.approval.clone()),
            _ => {
                let commit = self.commit(known, last)?;
                (Some(commit.clone()), self.approval(known, &commit, &me)?)
            }
        };
        let mut asked = true;
        let mut texts = [None, None];
        if let Some(commit) = &commit {
            let tree = core.store.commit(commit)?.tree;
            let rules = core.rules(&tree, known.ledger, version)?;
            rules.known()?;
            asked = rules.names_approver(&me);
            if says == Word::Rejected && !asked {
                let what =
                    format!("No rule of the policy names you, so you cannot reject {version}");
                return Err(Refusal::new(Exit::Gate, what).into());
            }
            texts[0] = core.store.file(&tree, policy::FILE)??;
            if let (Some((before, _)), Some(ledger)) = (&rules.previous, known.ledger) {
                texts[1] = core.store.sealed_policy(ledger, before)??;
            }
        }
        let approval = Approval {
            says,
            message: self.message.clone(),
            at: core.author()?.committer.at,
            by: me.clone(),
            ..approval
        };
        if let Some(last) = last
            && says != Word::Revoked
            && self.message.is_none()
            && same(&last.approval, &approval)
        {
            return Ok(None);
        }
        let of_mine = approvals(tips).filter(|(n, _)| is_mine(n, version, &me));
        let highest = of_mine.map(|(n, _)| n.number).max().unwrap_or(0);
        let Some(name) = ApprovalName::of(version, &me, highest.saturating_add(1)) else {
            let what = format!("`{}` cannot stand in the name of a ref", me.email);
            return Err(Refusal::new(Exit::Invalid, what).into());
        };
        let by = core.author()?;
        let policies = [texts[0].as_deref(), texts[1].as_deref()];
        let nonce = core.ctx.nonce();
        let tip = core.store.write_approval(by, &approval, policies, &nonce)?;
        let said = Said {
            asked,
            ..self.said(known, &approval, name.number)?
        };
        Ok(Some((name, tip, said)))
    }

    fn approval(&self, known: &Known<'_>, commit: &Oid, me: &Person) -> Result<Approval> {
        let (core, version) = (self.core(), &self.version);
        let tree = core.store.commit(commit)?.tree;
        let rules = core.rules(&tree, known.ledger, version)?;
        Ok(Approval {
            version: version.clone(),
            generation: known.draft.root.clone(),
            says: self.args.says(),
            contract: known.draft.blob.clone(),
            commit: commit.clone(),
            code: core.code(&tree, &rules)?,
            tree,
            previous: rules.previous.map(|(before, _)| before),
            by: me.clone(),
            at: core.author()?.committer.at,
            message: None,
        })
    }

    /// What was said before, where that is the same.
    fn there(&self, known: &Known<'_>) -> Result<Said> {
        let core = self.core();
        let last = self
            .last(known, &core.me()?)
            .context("it was said before")?;
        Ok(Said {
            there: true,
            ..self.said(known, &last.approval, last.name.number)?
        })
    }

    fn said(&self, known: &Known<'_>, approval: &Approval, number: u32) -> Result<Said> {
        Ok(Said {
            version: approval.version.clone(),
            says: approval.says,
            commit: approval.commit.clone(),
            by: approval.by.clone(),
            message: approval.message.clone(),
            number,
            changes: known.draft.contract()?.changes.len(),
            asked: true,
            there: false,
            cloud: self.core().config.remote.is_some(),
        })
    }
}

/// Whether both say the same of the same.
fn same(before: &Approval, now: &Approval) -> bool {
    let now = Approval {
        by: before.by.clone(),
        at: before.at,
        message: before.message.clone(),
        ..now.clone()
    };
    *before == now
}

fn is_mine(name: &ApprovalName, version: &Version, me: &Person) -> bool {
    name.version.as_str() == version.as_str() && name.is_of(me)
}

fn is_older(name: &ApprovalName, than: &ApprovalName) -> bool {
    name.numbered(than.number) == *than && name.number < than.number
}

impl Job for Saying<'_> {
    type Value = Said;

    fn manner(&self) -> Manner {
        // Where the cloud lets go of nothing, the highest number speaks all the same.
        Manner::FirstAtLeast
    }

    fn plan(&mut self, _: Cloud<'_>, contact: &Contact, road: Road) -> Result<Next<Said>> {
        let draft = self.draft(contact)?;
        let adopted = self.core().adopted(&contact.refs)?;
        let tips = Three {
            local: contact.refs.local(),
            cloud: &contact.cloud,
            adopted: &adopted,
        };
        let known = self.known(draft, &tips, contact.ledger())?;
        let Some((name, tip, said)) = self.write(&known, &contact.cloud)? else {
            return Ok(Next::Over(self.there(&known)?));
        };
        let mut updates = vec![Update::new(names::approval(&name), None, Some(&tip))];
        if road.folded {
            // With it goes what was said before: a promotion that counts that does not land then.
            let older = approvals(&contact.cloud).filter(|(older, _)| is_older(older, &name));
            let mut older: Vec<_> = older.collect();
            older.sort_by_key(|(older, _)| std::cmp::Reverse(older.number));
            for (older, tip) in older.into_iter().take(road.most.saturating_sub(1)) {
                updates.push(Update::new(names::approval(&older), Some(&tip), None));
            }
        }
        self.made = Some((name, tip, said));
        Ok(Next::Push(updates))
    }

    fn landed(&mut self, cloud: Cloud<'_>, _: &Contact, landed: Landed) -> Result<Option<Said>> {
        let Some((name, tip, said)) = self.made.take() else {
            return Ok(None);
        };
        cloud.core.acknowledge(&landed.moves);
        cloud.core.change(|refs| {
            let mut moves = vec![refs.change(names::approval(&name), Some(&tip))];
            for (older, _) in approvals(refs.local()).filter(|(n, _)| is_older(n, &name)) {
                moves.push(refs.change(names::approval(&older), None));
            }
            Ok((moves, ()))
        })?;
        Ok(Some(said))
    }
}
