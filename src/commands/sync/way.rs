//! The ways out of what a pull or a push of drafts meets: who has the version, which one is free, and
//! what to type.

use anyhow::Result;

use crate::model::Version;
use crate::model::reconcile::DraftConflict;
use crate::session::Session;
use crate::session::cloud::share::PushError;
use crate::session::core::contact::Contact;
use crate::store::names;
use crate::store::refs::drafts;

/// What stands in a draft's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// The version is another generation's, declared or promoted.
    Taken,
    /// Both sides changed, and a person has to choose.
    Clash,
    /// The cloud has something that was not pulled.
    Behind,
    /// Something of the cloud has to be removed there.
    Foreign,
}

impl From<DraftConflict> for Obstacle {
    fn from(conflict: DraftConflict) -> Self {
        match conflict {
            DraftConflict::SameVersion | DraftConflict::Promoted => Self::Taken,
            DraftConflict::Edited | DraftConflict::Deleted => Self::Clash,
        }
    }
}

impl From<PushError> for Obstacle {
    fn from(error: PushError) -> Self {
        match error {
            PushError::Exists | PushError::Promoted => Self::Taken,
            PushError::Behind | PushError::Deleted => Self::Behind,
            PushError::InTheWay => Self::Foreign,
        }
    }
}

/// A way out.
#[derive(Debug, Default)]
pub(crate) struct Way {
    /// Who has the version, and which one is free.
    pub details: Option<String>,
    /// Commands that lead on.
    pub next: Vec<String>,
}

/// The way out of `obstacle` for this clone's draft of `version`.
///
/// # Errors
/// The ledger, drafts or tags cannot be read.
pub(crate) fn out(
    session: &Session<'_>,
    contact: &Contact,
    version: &Version,
    obstacle: Obstacle,
) -> Result<Way> {
    Ok(match obstacle {
        Obstacle::Taken => {
            let core = session.core;
            let free = core.next_free(version, Some(contact), &contact.refs)?;
            let whose = match holder(session, contact, version)? {
                Some(holder) => format!("{holder}; "),
                None => String::new(),
            };
            Way {
                details: Some(format!("{whose}the next free version is {free}")),
                next: vec![format!("git gryt generation rename {version} {free}")],
            }
        }
        Obstacle::Clash => Way {
            details: None,
            next: vec![format!("git gryt generation resolve {version}")],
        },
        Obstacle::Foreign => {
            let foreign = names::in_the_way(&contact.cloud, &names::draft(version));
            let there = foreign.and_then(|name| Some((name, contact.cloud.get(name)?)));
            Way {
                details: there.map(|(name, _)| name.to_owned()),
                next: match there {
                    Some((name, tip)) => vec![session.core.clears(name, tip, None)?],
                    None => Vec::new(),
                },
            }
        }
        Obstacle::Behind => Way {
            details: None,
            next: vec!["git gryt sync pull".to_owned()],
        },
    })
}

/// Who has a version in the cloud.
fn holder(session: &Session<'_>, contact: &Contact, version: &Version) -> Result<Option<String>> {
    let store = &session.core.store;
    if let Some(ledger) = contact.ledger()
        && let Some(sealed) = store.sealed(ledger, version)?
    {
        let promoter = &sealed.promoter.name;
        return Ok(Some(format!("{promoter} promoted {}", sealed.version)));
    }
    let Some((spelled, tip)) = drafts(&contact.cloud).find(|(there, _)| there == version) else {
        return Ok(None);
    };
    if session.core.draft_there(&spelled, &tip)?.is_err() {
        return Ok(None);
    }
    let author = store.commit(&store.root(&tip)?)?.author;
    Ok(Some(format!(
        "{} declared {spelled} in the cloud",
        author.name
    )))
}
