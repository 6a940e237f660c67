//! A promotion on its way to the cloud.

use anyhow::Result;

use super::Promotion;
use crate::commands::Outcome;
use crate::git::push::Landed;
use crate::model::promotion::{Decision, Seal};
use crate::model::push::{Manner, Road};
use crate::model::{Exit, Refusal};
use crate::session::Cloud;
use crate::session::cloud::publish::Commits;
use crate::session::cloud::push::{Job, Next};
use crate::session::core::contact::Contact;
use crate::store::names;

/// A promotion on its way to the cloud.
pub(super) struct Sending<'a> {
    pub(super) promotion: Promotion<'a>,
    /// Whether an earlier run's push of it may still land.
    pub(super) doubt: bool,
    /// What was pushed last.
    pub(super) seal: Option<Seal>,
}

impl Job for Sending<'_> {
    type Value = Outcome;

    fn manner(&self) -> Manner {
        // Some hosts take a push of the ledger and refuse deletions, which must not stop a release.
        Manner::FirstAtLeast
    }

    fn in_doubt(&self) -> bool {
        self.doubt
    }

    fn plan(&mut self, cloud: Cloud<'_>, contact: &Contact, road: Road) -> Result<Next<Outcome>> {
        let promotion = &mut self.promotion;
        let mut seal = match promotion.decide(Some(contact)) {
            Ok(Decision::Won(sealed)) => {
                let earlier = self.seal.is_none();
                return Ok(Next::Over(promotion.found(&sealed, earlier)?));
            }
            Ok(Decision::Seal(seal)) => seal,
            Err(refusal) => return Err(refusal.into()),
        };
        let commits = Commits::asked(promotion.args.with_commits);
        let release = [promotion.intent.release.commit.clone()];
        cloud.may_publish(contact, &release, commits)?;
        let settling = promotion.settling(cloud, contact, &seal, commits)?;
        if !settling.blocked.is_empty() {
            seal = promotion.without_blocked(contact, &settling.blocked)?;
        }
        if !settling.rewritten.is_empty() && !promotion.args.dry_run {
            cloud.settle(&settling)?;
            let contact = cloud.seen()?;
            seal = match promotion.decide(Some(&contact)) {
                Ok(Decision::Seal(seal)) => seal,
                Ok(Decision::Won(sealed)) => {
                    return Ok(Next::Over(promotion.found(&sealed, true)?));
                }
                Err(refusal) => return Err(refusal.into()),
            };
        }
        cloud.may_begin_ledger(contact)?;
        if promotion.args.dry_run {
            let sealed = seal.sealed.clone();
            let outcome = promotion.outcome(sealed, Some(seal), None, false, &contact.cloud);
            return Ok(Next::Over(outcome));
        }
        let sealing = promotion.session.sealing;
        promotion.intent.id = sealing.intend(&promotion.intent.version, Some(contact))?;
        seal.sealed.promotion.clone_from(&promotion.intent.id);
        let mut updates = promotion.write(&seal, contact.ledger())?;
        updates.extend(promotion.consequences(&seal, contact, &updates, road)?);
        self.seal = Some(seal);
        Ok(Next::Push(updates))
    }

    fn landed(
        &mut self,
        _: Cloud<'_>,
        contact: &Contact,
        landed: Landed,
    ) -> Result<Option<Outcome>> {
        let Some(seal) = self.seal.take() else {
            return Ok(None);
        };
        let promotion = &self.promotion;
        // It is promoted, whatever befalls this clone now.
        let tag = match promotion.conclude(contact, &seal.sealed, &landed.moves) {
            Ok(tag) => tag,
            Err(error) => {
                promotion.session.core.ctx.warn(format!(
                    "{} is promoted in the cloud, but this clone could not record that: {error:#}. To finish: git gryt sync pull",
                    seal.sealed.version
                ));
                None
            }
        };
        let entry = landed
            .moves
            .iter()
            .find(|update| update.name == names::LEDGER);
        promotion.tell_whom_to_trust(entry.and_then(|update| update.new.as_ref()));
        Ok(Some(promotion.outcome(
            seal.sealed.clone(),
            Some(seal),
            tag,
            false,
            &contact.cloud,
        )))
    }

    /// What cannot land any more needs no intent, and what can is said.
    fn refused(
        &mut self,
        _: Cloud<'_>,
        error: anyhow::Error,
        doubt: bool,
    ) -> Result<anyhow::Error> {
        let promotion = &self.promotion;
        if promotion.intent.id.is_empty() || promotion.args.dry_run {
            return Ok(error);
        }
        let sealing = promotion.session.sealing;
        Ok(match error.downcast::<Refusal>() {
            Ok(refusal) if doubt && refusal.exit != Exit::Taken => refusal
                .because("An earlier push of this promotion was not answered, and may still land")
                .into(),
            Ok(refusal) => {
                sealing.forget_intent(&promotion.intent.version)?;
                refusal.into()
            }
            Err(error) => error,
        })
    }

    fn look(&self, cloud: Cloud<'_>) -> Result<Contact> {
        cloud.contact(Some(&self.promotion.intent.version))
    }

    fn over(&mut self, _: Cloud<'_>) -> Result<()> {
        // Nothing of it can still land, so that there is nothing to find out later.
        let promotion = &self.promotion;
        promotion
            .session
            .sealing
            .forget_intent(&promotion.intent.version)
    }

    fn doubtful(&self, cause: Refusal) -> Refusal {
        let version = &self.promotion.intent.version;
        let what = format!("Whether {version} is promoted is not known yet");
        let mut refusal = Refusal::new(Exit::Remote, what)
            .because(
                "An earlier push of it got no answer, and may still land until another entry is in the cloud's ledger",
            )
            .because(format!("This one was refused: {}", cause.what));
        refusal.why.extend(cause.why);
        refusal.then(format!("git gryt promote {version}"))
    }

    fn unheard(&self, cause: Refusal) -> Refusal {
        let version = &self.promotion.intent.version;
        let mut refusal = Refusal::new(
            Exit::Remote,
            format!("Whether {version} is promoted is not known yet"),
        )
        .because("The push was sent, and the connection ended before the cloud answered")
        .because("To find out, pull. If the pull does not show it, promote again");
        refusal.why.push(cause.what);
        refusal.why.extend(cause.why);
        refusal
            .then("git gryt sync pull")
            .then(format!("git gryt promote {version}"))
    }
}
