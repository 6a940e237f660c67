//! What of the cloud does not check, each with the plain git command that clears it.

use anyhow::Result;

use super::{Check, State};
use crate::model::Oid;
use crate::session::Session;
use crate::session::core::contact::Contact;
use crate::store::names::{self, Shared};

/// How many are named: anybody can push as many as there is room.
const TOLD: usize = 20;

/// What was found when the cloud was looked at last.
///
/// # Errors
/// What is known cannot be read.
pub(super) fn known(session: &Session<'_>) -> Result<Vec<Check>> {
    let refs = session.core.store.refs()?;
    let known = session.core.remembered(&refs)?.into_iter();
    let found = known.map(|(name, (tip, why))| (name, tip, why));
    told(session, found.collect())
}

/// What is found now.
///
/// # Errors
/// Objects cannot be read.
pub(super) fn there(session: &Session<'_>, contact: &Contact) -> Result<Vec<Check>> {
    let core = session.core;
    let local = contact.refs.local();
    let mut found = Vec::new();
    for (name, tip) in &contact.cloud {
        let why = match names::shared(name) {
            Shared::Ledger => None,
            Shared::Foreign => {
                names::keeps_out(name).map(|kept| format!("it keeps {kept} from being made"))
            }
            Shared::Draft(_) | Shared::Evolution(_) | Shared::Approval(_)
                if local.get(name) == Some(tip) =>
            {
                None
            }
            Shared::Draft(_) | Shared::Evolution(_) | Shared::Approval(_) => {
                match core.is_sound_there(name, tip)? {
                    true => None,
                    false => core.why_unsound(name, tip)?,
                }
            }
        };
        found.extend(why.map(|why| (name.clone(), tip.clone(), why)));
    }
    told(session, found)
}

fn told(session: &Session<'_>, found: Vec<(String, Oid, String)>) -> Result<Vec<Check>> {
    let refs = session.core.store.refs()?;
    let more = found.len().saturating_sub(TOLD);
    let mut checks = Vec::new();
    for (name, tip, why) in found.into_iter().take(TOLD) {
        let what = format!("{name} is invalid and does not count: {why}");
        // What this clone has of a draft takes the place of what somebody spoilt.
        let own = match names::shared(&name) {
            Shared::Draft(_) => refs.get(&name),
            Shared::Evolution(_) | Shared::Approval(_) | Shared::Ledger | Shared::Foreign => None,
        };
        let clears = session.core.clears(&name, &tip, own)?;
        checks.push(Check::new("cloud's refs", State::Warning, what).then(clears));
    }
    if more > 0 {
        let what = format!("and {more} more like these: clear these, and look again");
        checks.push(Check::warning("cloud's refs", what));
    }
    Ok(checks)
}
