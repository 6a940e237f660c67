//! Taking a draft's text and proofs along to another version.

use anyhow::Result;

use super::Drafts;
use crate::git::ident::Ident;
use crate::git::refs::Update;
use crate::model::edit::rewrite;
use crate::model::evolution::{Attempt, Evolution};
use crate::model::{Contract, EvolutionName, Oid, Refusal, Version};
use crate::session::core::survey::next;
use crate::store::message::header;
use crate::store::refs::evolutions;
use crate::store::{Author, Refs, names};

/// An evolution made anew for another version.
#[derive(Clone, Debug)]
pub(crate) struct Carried {
    pub name: EvolutionName,
    /// Its first commit.
    pub root: Oid,
    pub tip: Oid,
}

/// The contract's text with another version in it.
///
/// # Errors
/// The text is no contract of `old`.
pub(crate) fn renamed(text: &[u8], old: &Version, new: &Version) -> Result<String, Refusal> {
    let from = Contract::parse(text, old)?;
    let to = Contract {
        version: new.clone(),
        ..from.clone()
    };
    Ok(rewrite(&String::from_utf8_lossy(text), &from, &to)?)
}

/// The updates that put carried evolutions under names that are free.
pub(crate) fn place(refs: &Refs, carried: &[Carried]) -> Vec<Update> {
    let mut known: Vec<EvolutionName> = evolutions(refs.local()).map(|(name, _)| name).collect();
    let mut updates = Vec::new();
    for Carried { name, tip, .. } in carried {
        let mut name = name.clone();
        if known.contains(&name) {
            name.number = next(known.iter(), &name);
        }
        updates.push(refs.change(names::evolution(&name), Some(tip)));
        known.push(name);
    }
    updates
}

impl Drafts<'_> {
    /// The same proofs for what `again` makes of each evolution: another version, or another
    /// beginning of its generation.
    ///
    /// # Errors
    /// Objects cannot be read or written.
    pub(crate) fn carry(
        self,
        own: &[Attempt],
        again: impl Fn(&Evolution) -> Evolution,
    ) -> Result<Vec<Carried>> {
        let me = self.core.me()?;
        let mut carried = Vec::new();
        for attempt in own {
            let what = again(&attempt.evolution);
            let (by, nonce) = match attempt.evolution.owner.is(&me) {
                true => (self.core.author()?.clone(), self.core.ctx.nonce()),
                false => self.as_recorded(attempt)?,
            };
            let tip = self.core.store.carry(&by, &attempt.tip, &what, &nonce)?;
            let name = EvolutionName {
                version: what.version,
                ..attempt.name.clone()
            };
            let root = self.core.store.root(&tip)?;
            carried.push(Carried { name, root, tip });
        }
        Ok(carried)
    }
    /// Who another tool's record says that an evolution is by, and its nonce: whoever carries it, it is
    /// theirs, and the same objects.
    fn as_recorded(self, attempt: &Attempt) -> Result<(Author, String)> {
        let root = self.core.store.commit(&attempt.root)?;
        let nonce = header(&root.message).nonce;
        let ident = Ident {
            person: root.author,
            at: root.at,
        };
        let by = Author {
            author: ident.clone(),
            committer: ident,
            sign: false,
        };
        Ok((by, nonce.unwrap_or_else(|| self.core.ctx.nonce())))
    }
}
