//! What the cloud's host lets this person do, tried with refs that nobody reads and that are removed again.

use std::collections::BTreeMap;

use anyhow::Result;

use super::Check;
use crate::git::push::{Manner, Report};
use crate::git::refs::Update;
use crate::model::host::{Ability, How};
use crate::model::promotion::REFS_A_PUSH;
use crate::model::push::{Barrier, Reply};
use crate::model::{Exit, Oid, Refusal};
use crate::remote::Remote;
use crate::session::Session;
use crate::session::core::contact::Contact;
use crate::store::names;

/// Where refs go on hosts that accept only branches and tags.
const BRANCHES: &str = "refs/heads/gryt/";

/// Tries what the cloud allows, and keeps what was found out.
///
/// # Errors
/// Git cannot be started. What the cloud does not allow is in the checks.
pub(super) fn look(session: &Session<'_>) -> Result<Vec<Check>> {
    let name = match session.core.cloud_name() {
        Ok(name) => name,
        Err(error) => return Ok(vec![Check::of("cloud", super::State::Warning, &error)]),
    };
    let mut checks = Vec::new();
    let contact = match session.cloud.contact(None) {
        Ok(contact) => Some(contact),
        Err(error) if is_absence(&error) => {
            return Ok(vec![Check::of("cloud", super::State::Error, &error)]);
        }
        Err(error) => {
            checks.push(Check::of("cloud's ledger", super::State::Error, &error));
            None
        }
    };
    checks.insert(0, Check::ok("cloud", format!("{name} answers")));
    if let Some(contact) = &contact {
        checks.extend(super::unsound::there(session, contact)?);
    }
    let nonce = session.core.ctx.nonce();
    let mut trial = Trial {
        session,
        remote: session.core.remote()?,
        name,
        oid: session
            .core
            .store
            .write_genesis(session.core.author()?, &nonce)?,
        nonce,
        made: Vec::new(),
        stays: Vec::new(),
        checks,
    };
    trial.run(contact.as_ref())?;
    Ok(trial.checks)
}

fn is_absence(error: &anyhow::Error) -> bool {
    let refusal = error.downcast_ref::<Refusal>();
    refusal.is_some_and(|refusal| refusal.exit == Exit::Remote)
}

struct Trial<'s> {
    session: &'s Session<'s>,
    remote: Remote<'s>,
    /// The cloud's.
    name: &'s str,
    /// A commit without files, so that no pipeline of the host's finds anything to do in it.
    oid: Oid,
    nonce: String,
    /// What was made, and is to be removed.
    made: Vec<String>,
    /// What was not let go, as the host names it.
    stays: Vec<String>,
    checks: Vec<Check>,
}

impl Trial<'_> {
    fn run(&mut self, contact: Option<&Contact>) -> Result<()> {
        let Some(first) = self.writes(contact)? else {
            return Ok(());
        };
        let shown = self.reads_back(&first)?;
        let gone = self.deletes(&first)?;
        if !shown {
            // Whatever else it takes is of no use.
        } else if gone {
            self.takes_several()?;
            self.takes_tags()?;
            self.clear()?;
        } else {
            let what = "not tried, because the host would not let gryt delete it again";
            for name in [Ability::ManyRefs, Ability::Tags] {
                self.checks.push(Check::warning(name.as_str(), what));
            }
            self.atomic_at_all()?;
        }
        self.tell_what_stays();
        Ok(())
    }

    /// Writes one ref, and returns its name where that is allowed.
    fn writes(&mut self, contact: Option<&Contact>) -> Result<Option<String>> {
        // On a host that lets nothing go, the ref of an earlier look serves again.
        let cloud = contact.map(|contact| &contact.cloud);
        let mut known = cloud.into_iter().flatten();
        let known = known.find(|(name, _)| name.starts_with(names::PROBES));
        let known = known.filter(|_| self.session.core.host().lacks(Ability::Deletions).is_some());
        let update = match known {
            Some((name, old)) => Update::new(name.clone(), Some(old), Some(&self.oid)),
            None => Update::new(names::probe(&self.nonce), None, Some(&self.oid)),
        };
        let report = self
            .remote
            .push(std::slice::from_ref(&update), Manner::EACH)?;
        let prefix = &self.session.core.config.remote_prefix;
        if report.accepted() {
            let what = format!("{} takes refs below {prefix}", self.name);
            self.checks.push(Check::ok("refs", what));
            return Ok(Some(update.name));
        }
        let said = words(&report);
        let name = self.name;
        let check = match report.reply(std::slice::from_ref(&update)) {
            Reply::Unsent(Barrier::Login) => {
                Check::error("rights", format!("{name} refuses the login: {said}"))
            }
            Reply::Unsent(_) => {
                let what = format!("{name} can be read, and refuses your pushes: {said}");
                Check::error("rights", what)
            }
            Reply::Unknown => Check::error("refs", format!("{name} did not answer a push: {said}")),
            Reply::Accepted | Reply::Lost | Reply::Declined(_) => {
                self.barred(contact, prefix, &said)?
            }
        };
        self.checks.push(check);
        self.tell_what_stays();
        Ok(None)
    }

    /// Why a ref is refused: the host takes none of that name, or none from this person.
    fn barred(&mut self, contact: Option<&Contact>, prefix: &str, said: &str) -> Result<Check> {
        let name = self.name;
        // Where the team's ledger is, others write: another place for it would split the team.
        if contact.is_none_or(|contact| contact.cloud.contains_key(names::LEDGER)) {
            let what = format!(
                "you lack the right to write below {prefix} of {name}, where the team's ledger is: {said}; \
                 ask for it, or work in a fork (docs/remotes.md)"
            );
            return Ok(Check::error("rights", what));
        }
        let what = format!("{name} takes no refs below {prefix}: {said}");
        let check = Check::error("refs", what);
        if prefix == BRANCHES {
            return Ok(check);
        }
        let branches = self.session.core.remote_at(name, BRANCHES)?;
        let create = Update::new(names::probe(&self.nonce), None, Some(&self.oid));
        let delete = Update::new(create.name.clone(), Some(&self.oid), None);
        if !branches.push(&[create], Manner::EACH)?.accepted() {
            return Ok(check);
        }
        let there = branches.there(&delete.name);
        if !branches.push(&[delete], Manner::EACH)?.accepted() {
            self.stays.push(there);
        }
        Ok(check.then(format!("git gryt config --shared remote_prefix {BRANCHES}")))
    }

    /// Whether the host shows what was written.
    fn reads_back(&mut self, name: &str) -> Result<bool> {
        let shows = match self.remote.has(name) {
            Ok(shows) => shows,
            Err(error) => {
                self.checks
                    .push(Check::of("cloud", super::State::Error, &error));
                return Ok(false);
            }
        };
        if shows {
            return Ok(true);
        }
        let prefix = &self.session.core.config.remote_prefix;
        let what = format!(
            "{} takes refs below {prefix} and does not show them: nobody could read what is pushed \
             (transfer.hideRefs and uploadpack.hideRefs are the host's settings for that)",
            self.name
        );
        // It is not well that they are taken.
        self.checks.retain(|check| check.name != "refs");
        self.checks.push(Check::error("refs", what));
        Ok(false)
    }

    /// Whether the host lets a ref go.
    fn deletes(&mut self, name: &str) -> Result<bool> {
        let delete = Update::new(name, Some(&self.oid), None);
        let report = self
            .remote
            .push(std::slice::from_ref(&delete), Manner::EACH)?;
        let core = &self.session.core;
        if report.accepted() {
            core.unlearn(Ability::Deletions)?;
            // A rule for single refs may be gone, too.
            core.keep_staying(&BTreeMap::new())?;
            self.checks.push(Check::ok("deletions", "taken"));
            return Ok(true);
        }
        self.stays.push(self.remote.there(name));
        if let Reply::Declined(_) = report.reply(&[delete]) {
            core.learn(Ability::Deletions, 0, How::Doctor)?;
        }
        let said = words(&report);
        let what = format!("not taken: what went into a release stays in the cloud: {said}");
        self.checks.push(Check::warning("deletions", what));
        Ok(false)
    }

    /// How many refs the host takes in one push, and whether all or nothing.
    fn takes_several(&mut self) -> Result<()> {
        let core = &self.session.core;
        if self.fits(REFS_A_PUSH, true)? {
            core.unlearn(Ability::AtomicPushes)?;
            core.unlearn(Ability::ManyRefs)?;
            self.checks.push(Check::ok("atomic pushes", "taken"));
            let what = format!("{REFS_A_PUSH}, as many as gryt sends");
            self.checks
                .push(Check::ok(Ability::ManyRefs.as_str(), what));
            return Ok(());
        }
        let atomic = self.atomic_at_all()?;
        let (mut most, mut ceiling) = (1, REFS_A_PUSH + 1);
        while ceiling - most > 1 {
            // Most hosts have no limit, so that all is tried first.
            let refs = match ceiling > REFS_A_PUSH {
                true => REFS_A_PUSH,
                false => usize::midpoint(most, ceiling),
            };
            match self.fits(refs, atomic && ceiling <= REFS_A_PUSH)? {
                true => most = refs,
                false => ceiling = refs,
            }
        }
        let core = &self.session.core;
        let name = Ability::ManyRefs.as_str();
        self.checks.push(match most >= REFS_A_PUSH {
            true => {
                core.unlearn(Ability::ManyRefs)?;
                Check::ok(name, format!("{REFS_A_PUSH}, as many as gryt sends"))
            }
            false => {
                core.learn(Ability::ManyRefs, most, How::Doctor)?;
                let what = format!("at most {most}: gryt sends more in several pushes");
                Check::warning(name, what)
            }
        });
        Ok(())
    }

    /// Whether the host says that it takes pushes that are all or nothing; nothing is written.
    fn atomic_at_all(&mut self) -> Result<bool> {
        let core = &self.session.core;
        let name = names::probe(&core.ctx.nonce());
        let (check, takes) = match self.remote.lacks_atomic(&name, &self.oid)? {
            Some(false) => {
                core.unlearn(Ability::AtomicPushes)?;
                (Check::ok("atomic pushes", "taken"), true)
            }
            Some(true) => {
                core.learn(Ability::AtomicPushes, 0, How::Doctor)?;
                let what = "not taken: races with other people's edits are reported after the fact";
                (Check::warning("atomic pushes", what), false)
            }
            None => (Check::warning("atomic pushes", "no answer came"), true),
        };
        self.checks.push(check);
        Ok(takes)
    }

    /// Whether that many refs are taken in one push.
    fn fits(&mut self, refs: usize, atomic: bool) -> Result<bool> {
        let many = self.made.len();
        let name = |at: usize| names::probe(&format!("{}-{}", self.nonce, many + at));
        let create = |at| Update::new(name(at), None, Some(&self.oid));
        let updates: Vec<Update> = (1..=refs).map(create).collect();
        let manner = Manner {
            atomic,
            dry_run: false,
        };
        let report = self.remote.push(&updates, manner)?;
        let landed = report.landed(&updates).moves;
        self.made
            .extend(landed.into_iter().map(|update| update.name));
        Ok(report.accepted())
    }

    fn takes_tags(&mut self) -> Result<()> {
        let core = &self.session.core;
        let name = names::tag(&format!("gryt-probe-{}", self.nonce));
        let create = Update::new(name.clone(), None, Some(&self.oid));
        let report = self
            .remote
            .push(std::slice::from_ref(&create), Manner::EACH)?;
        if report.accepted() {
            core.unlearn(Ability::Tags)?;
            self.session.sealing.tags_are_due()?;
            self.made.push(name);
            self.checks.push(Check::ok("tags", "taken"));
            return Ok(());
        }
        if let Reply::Declined(_) = report.reply(&[create]) {
            core.learn(Ability::Tags, 0, How::Doctor)?;
        }
        let what = format!(
            "not taken: a release's tag is made here, and sent once the host takes it: {}",
            words(&report)
        );
        self.checks.push(Check::warning("tags", what));
        Ok(())
    }

    /// Removes what was made.
    fn clear(&mut self) -> Result<()> {
        let most = self.session.core.refs_a_push();
        let made = std::mem::take(&mut self.made);
        for some in made.chunks(most) {
            let delete = |name: &String| Update::new(name.clone(), Some(&self.oid), None);
            let updates: Vec<Update> = some.iter().map(delete).collect();
            let gone = self.remote.push(&updates, Manner::EACH)?.landed(&updates);
            let stays = updates.iter().filter(|update| !gone.moves.contains(update));
            let stays = stays.map(|update| self.remote.there(&update.name));
            self.stays.extend(stays);
        }
        Ok(())
    }

    fn tell_what_stays(&mut self) {
        if self.stays.is_empty() {
            return;
        }
        let names = self.stays.join(" ");
        let what = format!(
            "{names}: nobody reads these refs; whoever administers the host can remove them (git update-ref -d)"
        );
        let check = Check::warning("left behind", what);
        let lets_go = self.session.core.does(Ability::Deletions);
        self.checks.push(match lets_go {
            true => check.then(format!("git push {} --delete {names}", self.name)),
            false => check,
        });
    }
}

/// What git said, in one line.
fn words(report: &Report) -> String {
    let lines = report.said.lines().map(str::trim);
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    match lines.is_empty() {
        true => "git gives no reason".to_owned(),
        false => lines.join("; "),
    }
}
