//! What a server lets in (docs/hooks.md, "On a server"): each ref's old and new value is judged before it
//! moves, by the rules that clones judge by. Two pushes at once are both judged on the old values, and
//! git's own compare-and-swap decides between them.
//!
//! Refs cannot be written meanwhile, and objects are in quarantine.

mod beside;
mod ledger;
mod memory;
mod standing;
mod tags;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use self::standing::Standing;
use super::Sealing;
use crate::git::refs::Update;
use crate::model::Oid;
use crate::model::receive::Wrong;
use crate::store::message::header;
use crate::store::names::{self, Shared};

/// How many refs are looked up one by one.
const FEW: usize = 8;

/// What is wrong with a push: the ref, and why.
type Found = Vec<(String, Wrong)>;

/// A place where a ledger is on this server, or would be after the push.
struct Place<'m> {
    /// What its refs begin with.
    prefix: String,
    /// The tip of its ledger now.
    before: Option<Oid>,
    /// The moves of refs that are here, by the names that a clone has for them.
    moves: Vec<(String, &'m Update)>,
}

impl Place<'_> {
    /// The move of its ledger, where the push has one.
    fn ledger(&self) -> Option<&Update> {
        let of_ledger = |(name, _): &&(String, &Update)| name == names::LEDGER;
        self.moves.iter().find(of_ledger).map(|(_, update)| *update)
    }
}

impl Sealing<'_> {
    /// Judges a push. What is about no ref of gryt's and no tag is not looked at.
    ///
    /// # Errors
    /// Refs or objects cannot be read, so that the push cannot be judged.
    pub(crate) fn received(self, moves: &[Update]) -> Result<Found> {
        let elsewhere = self.elsewhere(moves)?;
        if !elsewhere.is_empty() {
            return Ok(elsewhere);
        }
        let mut wrong: Found = moves
            .iter()
            .filter(|update| names::is_private(&update.name) && update.new.is_some())
            .map(|update| (update.name.clone(), Wrong::Private))
            .collect();
        let tags: Vec<&Update> = moves
            .iter()
            .filter(|update| names::is_tag(&update.name))
            .collect();
        let mut ledgers: Vec<Standing> = Vec::new();
        for place in self.places(moves, !tags.is_empty())? {
            let standing = self.received_at(&place, moves, !tags.is_empty(), &mut wrong)?;
            ledgers.extend(standing);
        }
        if !ledgers.is_empty() {
            for update in tags {
                let found = self.received_tag(&ledgers, update)?;
                wrong.extend(found.map(|found| (update.name.clone(), found)));
            }
        }
        Ok(wrong)
    }

    /// The refs that are not where the pusher says. Git compares them only after this hook, each by itself, and
    /// what was judged would be another move than what happens.
    fn elsewhere(self, moves: &[Update]) -> Result<Found> {
        let mut found = Found::new();
        for update in moves {
            if self.core.store.tip(&update.name)? != update.old {
                found.push((update.name.clone(), Wrong::Elsewhere));
            }
        }
        Ok(found)
    }

    /// Judges the ledgers that are here, so that the first push does not have to wait for that.
    ///
    /// # Errors
    /// A ledger cannot be read.
    pub(crate) fn judge_what_is_here(self) -> Result<()> {
        for place in self.places(&[], true)? {
            self.standing(&place)?;
        }
        Ok(())
    }

    /// What is pushed to one place; and its ledger, where somebody has to know it.
    fn received_at(
        self,
        place: &Place<'_>,
        moves: &[Update],
        tags: bool,
        wrong: &mut Found,
    ) -> Result<Option<Standing>> {
        let edits = |(name, update): &(String, &Update)| {
            matches!(names::shared(name), Shared::Draft(_)) && update.new.is_some()
        };
        let mut standing = None;
        if tags || place.ledger().is_some() || place.moves.iter().any(edits) {
            standing = self.standing(place)?;
        }
        if let Some(update) = place.ledger() {
            match self.received_ledger(standing.as_ref(), update, moves)? {
                Ok(after) => standing = Some(after),
                Err(found) => wrong.push((update.name.clone(), found)),
            }
        }
        self.received_beside(place, standing.as_ref(), wrong)?;
        Ok(standing)
    }

    /// The places that a push is about: with `tags`, also those that it moves nothing in.
    fn places<'m>(self, moves: &'m [Update], tags: bool) -> Result<Vec<Place<'m>>> {
        let mut prefixes = BTreeMap::new();
        let candidates = self.prefixes(moves);
        // A few are looked up; of many it is cheaper to know all branches.
        let branches = match candidates.len() > FEW {
            true => Some(self.core.store.branches()?),
            false => None,
        };
        for prefix in candidates {
            let name = format!("{prefix}ledger");
            let own = moves.iter().find(|update| update.name == name);
            let before = match own {
                Some(update) => update.old.clone(),
                None => match branches.as_ref().filter(|_| names::is_branch(&name)) {
                    Some(branches) => branches.get(&name).cloned(),
                    None => self.core.store.tip(&name)?,
                },
            };
            let after = own.and_then(|update| update.new.as_ref());
            let is_ours =
                prefix == names::SHARED || before.iter().chain(after).any(|tip| self.is_entry(tip));
            if is_ours {
                prefixes.insert(prefix, (before, after.cloned()));
            }
        }
        let known = self.own_prefixes();
        let geneses: BTreeSet<Oid> = known
            .iter()
            .filter_map(|prefix| self.genesis(prefixes.get(*prefix)?.0.as_ref()?))
            .collect();
        // A branch that ends in /ledger and holds an entry of anything else is a branch like all others.
        prefixes.retain(|prefix, (before, after)| {
            let of_this = |tip: &Oid| self.genesis(tip).is_some_and(|own| geneses.contains(&own));
            known.contains(&prefix.as_str())
                || geneses.is_empty()
                || before.iter().chain(after.iter()).any(of_this)
        });
        let mut places = Vec::new();
        for (prefix, (before, _)) in prefixes {
            let here = |update: &'m Update| {
                let rest = update.name.strip_prefix(prefix.as_str())?;
                Some((format!("{}{rest}", names::SHARED), update))
            };
            let moves: Vec<_> = moves.iter().filter_map(here).collect();
            if !moves.is_empty() || tags {
                places.push(Place {
                    prefix,
                    before,
                    moves,
                });
            }
        }
        Ok(places)
    }

    /// What the refs of a place may begin with: gryt's own prefix, the one that is set, and each folder of
    /// branches in which something moves.
    fn prefixes(self, moves: &[Update]) -> BTreeSet<String> {
        let own = self.own_prefixes();
        let mut prefixes: BTreeSet<String> = own.map(str::to_owned).into();
        for update in moves {
            let Some(below) = update.name.strip_prefix("refs/heads/") else {
                continue;
            };
            let folders = below.match_indices('/').map(|(at, _)| &below[..=at]);
            prefixes.extend(folders.map(|folder| format!("refs/heads/{folder}")));
        }
        prefixes
    }

    /// Gryt's own prefixes, and the one that is set.
    fn own_prefixes(&self) -> [&str; 3] {
        [
            names::SHARED,
            names::BRANCHES,
            &self.core.config.remote_prefix,
        ]
    }

    /// The first entry of the ledger that ends so; none where that cannot be read.
    pub(super) fn genesis(self, tip: &Oid) -> Option<Oid> {
        self.core.entries(tip).ok()?.into_iter().next()
    }

    /// Whether a commit is an entry of some ledger, by what it says of itself.
    fn is_entry(self, tip: &Oid) -> bool {
        let commit = self.core.store.commit(tip);
        commit.is_ok_and(|commit| {
            let header = header(&commit.message);
            header.format.is_some() && header.kind.is_some()
        })
    }
}
