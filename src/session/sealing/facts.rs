//! What is known when a promotion is decided.

use std::collections::BTreeMap;

use anyhow::Result;

use super::Sealing;
use crate::model::approval::Agreed;
use crate::model::evolution::{Attempt, Cover};
use crate::model::excuse::Plea;
use crate::model::promotion::{CloudDraft, Draft, Facts, Release};
use crate::model::reconcile::Relation;
use crate::model::tag_format::InTheWay;
use crate::model::unproven::NewCommit;
use crate::model::verdict::Gate;
use crate::model::{EvolutionName, Exit, Oid, Refusal, Version};
use crate::session::core::contact::Contact;
use crate::session::core::coverage::Candidate;
use crate::session::core::sides::Three;
use crate::session::core::survey::Evolutions;
use crate::session::core::taken;
use crate::session::drafts::edits::TakenIn;
use crate::store::ledger::Ledger;
use crate::store::refs::drafts;
use crate::store::{Refs, names};

/// What a promoter wants, which stays the same over all tries.
pub(crate) struct Intent {
    pub version: Version,
    /// The promotion id; empty until something is about to be pushed.
    pub id: String,
    pub release: Release,
    /// What was taken in of this worktree's files.
    pub taken: TakenIn,
    pub plea: Plea,
    /// The evolution whose artifacts are chosen where builds differ, as it was typed.
    pub artifacts_of: Option<String>,
    /// Whether their git may be asked to sign something, to see whose key it is.
    pub may_sign: bool,
    /// Evolutions that cannot be published, and are left out.
    pub without: Vec<EvolutionName>,
}

impl Sealing<'_> {
    /// Everything that the decision looks at, as things stand now.
    ///
    /// # Errors
    /// Refs or objects cannot be read. What says no is among the facts.
    pub(crate) fn facts(self, intent: &Intent, contact: Option<&Contact>) -> Result<Facts> {
        let store = &self.core.store;
        let refs = match contact {
            Some(contact) => contact.refs.clone(),
            None => store.refs()?,
        };
        let empty = BTreeMap::new();
        let cloud = contact.map_or(&empty, |contact| &contact.cloud);
        let ledger = match contact {
            Some(contact) => contact.ledger().cloned(),
            None => self.core.ledger(&refs)?,
        };
        let sealed = match &ledger {
            Some(ledger) => store.sealed(ledger, &intent.version)?,
            None => None,
        };
        let name = names::draft(&intent.version);
        let adopted = self.core.adopted(&refs)?;
        let local = self.local_draft(intent, &refs)?;
        let (tip, there) = (refs.get(&name), cloud.get(&name));
        // What was adopted of another generation of this version says nothing about this one.
        let related = match (tip, adopted.get(&name)) {
            (Some(tip), Some(adopted)) if store.has(adopted) => {
                (store.draft_relation(tip, adopted)? != Relation::Unrelated)
                    .then(|| adopted.clone())
            }
            _ => None,
        };
        let me = self.core.me()?;
        let evolutions = Evolutions::of(&Three {
            local: refs.local(),
            cloud,
            adopted: &adopted,
        });
        let mut attempts = self.core.survey(&intent.version, &evolutions)?;
        if contact.is_some() {
            // A colleague's evolution that is here and not in the cloud is not ours to publish.
            let brought = self.cloud.brought(&refs)?;
            attempts.retain(|(attempt, there)| {
                there.is_some() || attempt.may_be_shared_by(&me, &brought)
            });
        }
        attempts.retain(|(attempt, _)| !intent.without.contains(&attempt.name));
        let release = &intent.release.commit;
        self.core
            .cover(attempts.iter_mut().map(|(attempt, _)| attempt), release)?;
        self.mark_behind(&mut attempts, contact)?;
        let now = self.core.author()?.committer.at;
        let rules = self
            .core
            .rules(&intent.release.tree, ledger.as_ref(), &intent.version);
        let rules = rules.and_then(|mut rules| {
            rules.at = Some(now);
            let all = attempts.iter_mut().map(|(attempt, _)| attempt);
            self.core.read_signatures(&mut rules, all)?;
            if rules.ask_for_signatures() {
                let probe = intent.may_sign;
                rules.signature = self.core.signature_to_come(&rules.blocks, probe)?;
            }
            Ok(rules)
        });
        let tips = Three {
            local: refs.local(),
            cloud,
            adopted: &adopted,
        };
        let mut agreed = Agreed::default();
        let rules = rules.and_then(|mut rules| {
            let given = self.core.said_of(&intent.version, &tips)?;
            let contract = match &local {
                Some(local) => self.core.contract_blob(local)?,
                None => None,
            };
            let (version, release) = (&intent.version, (release, &intent.release.tree));
            agreed = match rules.ask_for_approvals() || !given.is_empty() {
                true => {
                    let at = ledger.as_ref();
                    self.core.agreed(version, contract, release, &rules, at)?
                }
                false => Agreed::default(),
            };
            agreed.given = given;
            let given = agreed.given.iter_mut();
            self.core.read_approval_signatures(&mut rules, given)?;
            Ok(rules)
        });
        let rules = match rules {
            Ok(rules) => Ok(rules),
            Err(error) => Err(error.downcast::<Refusal>()?),
        };
        let next_free = self.core.next_free(&intent.version, contact, &refs)?;
        let mut facts = Facts {
            version: intent.version.clone(),
            promotion: intent.id.clone(),
            tag: self.tag_in_the_way(&intent.version, release, &next_free, &refs)?,
            next_free,
            sealed,
            cloud: match (there, twin(&intent.version, cloud)) {
                (Some(there), _) => Some(self.cloud_draft(&intent.version, tip, there)?),
                (None, Some(twin)) => Some(CloudDraft {
                    tip: twin,
                    relation: Relation::Unrelated,
                    unseen: Vec::new(),
                    in_conflict: false,
                    unsound: None,
                }),
                (None, None) => None,
            },
            local,
            adopted: related,
            attempts,
            agreed,
            rules,
            plea: intent.plea.clone(),
            artifacts_of: intent.artifacts_of.clone(),
            release: intent.release.clone(),
            promoter: me,
            now,
            has_cloud: contact.is_some(),
        };
        self.look_at_commits(&mut facts, ledger.as_ref())?;
        Ok(facts)
    }

    /// Finds out what of the release's commits is new and not proven, and which branches hold it.
    ///
    /// # Errors
    /// The history cannot be read. That it is cut where it is needed is among the facts.
    pub(crate) fn look_at_commits(self, facts: &mut Facts, ledger: Option<&Ledger>) -> Result<()> {
        let (Some(local), Ok(rules)) = (&facts.local, &mut facts.rules) else {
            return Ok(());
        };
        let (Ok(contract), None) = (&local.contract, &facts.sealed) else {
            return Ok(());
        };
        let of_this = |a: &&(Attempt, Option<Oid>)| a.0.evolution.generation == local.root;
        let attempts = facts.attempts.iter().filter(of_this);
        let attempts: Vec<Attempt> = attempts.map(|(attempt, _)| attempt.clone()).collect();
        let fresh = self.core.fresh(
            rules,
            Candidate {
                contract,
                generation: &local.root,
                release: &facts.release,
                attempts: &attempts,
                ledger,
            },
        );
        match fresh {
            Ok(mut fresh) => {
                let commit = &facts.release.commit;
                for commits in [&mut fresh.present, &mut fresh.previous] {
                    self.core.say_ways(commits, contract, commit, ledger)?;
                }
                rules.fresh = fresh;
            }
            Err(error) => {
                facts.rules = Err(error.downcast::<Refusal>()?);
                return Ok(());
            }
        }
        let (present, previous) = rules.ask_at_the_moment(Gate::AllowedBranches);
        if facts.has_cloud && (present || previous) {
            let remote = self.core.cloud_name()?;
            let store = &self.core.store;
            rules.fresh.branches = Some(store.branches_with(remote, &facts.release.commit)?);
        }
        Ok(())
    }

    /// Lists the new commits that no proof covers, for `-v`.
    pub(crate) fn tell_unproven(self, facts: &Facts) {
        if let (true, Ok(rules)) = (self.core.ctx.verbose, &facts.rules) {
            let all: Vec<NewCommit> = rules.fresh.all().into_iter().cloned().collect();
            self.core.list_unproven(&all);
        }
    }

    /// Tells what the release lacks because this clone's code is behind from what is elsewhere.
    fn mark_behind(
        self,
        attempts: &mut [(Attempt, Option<Oid>)],
        contact: Option<&Contact>,
    ) -> Result<()> {
        let missing = |attempt: &Attempt| attempt.cover == Some(Cover::Missing);
        if contact.is_none() || !attempts.iter().any(|(attempt, _)| missing(attempt)) {
            return Ok(());
        }
        let mut tips: Vec<Oid> = self.cloud.default_tip()?.into_iter().collect();
        if let Some(tip) = self.core.remote()?.default_tip()? {
            tips.push(tip);
        }
        let here = |tip: &Oid| self.core.store.has(tip);
        for (attempt, _) in attempts.iter_mut().filter(|(attempt, _)| missing(attempt)) {
            let Some(proof) = &attempt.proof else {
                continue;
            };
            let mut held = false;
            for tip in tips.iter().filter(|tip| here(tip)) {
                held = held
                    || match attempt.pinned {
                        true => self.core.store.cover(tip, &proof.commit)?,
                        false => self.core.store.cover_by_record(tip, proof)?,
                    } != Cover::Missing;
            }
            if held {
                attempt.cover = Some(Cover::Behind);
            } else if attempt.pinned {
                attempt.branch = self
                    .core
                    .store
                    .branch_with(self.core.cloud_name()?, &proof.commit)?;
            }
        }
        Ok(())
    }

    fn local_draft(self, intent: &Intent, refs: &Refs) -> Result<Option<Draft>> {
        let Some(tip) = refs.get(&names::draft(&intent.version)) else {
            return Ok(None);
        };
        let draft = self.core.store.draft(&intent.version, tip)?;
        let contract = match (&draft, intent.taken.require(&intent.version)) {
            (_, Err(refusal)) => Err(refusal),
            (Ok(draft), Ok(())) => draft.contract().map_err(Refusal::from),
            (Err(invalid), Ok(())) => Err(Refusal::from(invalid.clone())),
        };
        let root = self.core.store.root(tip)?;
        Ok(Some(Draft {
            author: self.core.store.commit(&root)?.author,
            root,
            tip: tip.clone(),
            contract,
        }))
    }

    fn cloud_draft(self, version: &Version, tip: Option<&Oid>, there: &Oid) -> Result<CloudDraft> {
        let store = &self.core.store;
        if tip != Some(there)
            && let Err(why) = self.core.draft_there(version, there)?
        {
            return Ok(CloudDraft {
                tip: there.clone(),
                relation: Relation::Unrelated,
                unseen: Vec::new(),
                in_conflict: false,
                unsound: Some(self.core.unsound_draft(version, tip, there, &why)?),
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
            in_conflict: match (relation, tip) {
                // A text that does not parse is another refusal's.
                (Relation::Diverged, Some(tip)) => matches!(
                    self.core.merge_drafts(version, tip, there, None),
                    Ok(Err(_))
                ),
                _ => false,
            },
            unsound: None,
        })
    }

    /// What stands in the way of the tag that the promotion makes.
    fn tag_in_the_way(
        self,
        version: &Version,
        release: &Oid,
        next_free: &Version,
        refs: &Refs,
    ) -> Result<Option<Refusal>> {
        let rename = refs
            .draft(version)
            .map(|(spelled, _)| format!("git gryt generation rename {spelled} {next_free}"));
        let stands = |tag: String| {
            let what = format!("{version} cannot be promoted: there is a tag {tag}");
            let refusal = Refusal::new(Exit::Taken, what)
                .because("A promotion makes its version's tag itself")
                .because(format!("The next free version is {next_free}"));
            match &rename {
                Some(rename) => refusal.then(rename),
                None => refusal.because(format!("{version} is not declared either")),
            }
        };
        if let Some(old) = self.core.released_before(refs, version)? {
            let tag = format!("{}, entered from before gryt", old.version);
            return Ok(Some(stands(tag)));
        }
        // One that is on the release commit already is taken up: another tool made it.
        let own = self.core.tag_name(version);
        let store = &self.core.store;
        let on_release = |name: &str| -> Result<bool> {
            Ok(store.tagged_commit(name)?.as_ref() == Some(release))
        };
        match store.tag_in_the_way(version, &self.core.config.tag_format)? {
            Some(InTheWay::Same(tag)) if tag == own && on_release(&names::tag(&own))? => {}
            Some(InTheWay::Same(tag)) => {
                let refusal = stands(format!("{tag} in this clone"));
                let in_cloud = self
                    .core
                    .config
                    .remote
                    .as_ref()
                    .is_some_and(|remote| refs.get(&names::remote_tag(remote, &tag)).is_some());
                // What the cloud has is the team's, and comes back with the next fetch.
                return Ok(Some(match in_cloud {
                    true => refusal.because("The cloud has it too"),
                    false => refusal
                        .because("To keep it under another name, and go on:")
                        .then(format!("git tag {tag}.old {tag} && git tag -d {tag}")),
                }));
            }
            Some(in_the_way) if self.core.config.tag => {
                return Ok(Some(taken::tag_blocked(&own, &in_the_way)));
            }
            Some(_) | None => {}
        }
        let Some(remote) = &self.core.config.remote else {
            return Ok(None);
        };
        let there = names::remote_tag(remote, &own);
        let in_the_way = refs.get(&there).is_some() && !on_release(&there)?;
        Ok(in_the_way.then(|| stands(format!("{own} in the cloud"))))
    }
}

/// The cloud's draft of this version under another spelling.
fn twin(version: &Version, cloud: &BTreeMap<String, Oid>) -> Option<Oid> {
    let found = drafts(cloud).find(|(v, _)| v == version);
    found.map(|(_, tip)| tip)
}
