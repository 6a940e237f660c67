//! What an entry's tree has that its base's has not, with a bound: a tree of a few objects can name more
//! paths than there is memory.

use std::cmp::Ordering;

use anyhow::Result;

use crate::model::Oid;
use crate::model::ledger::Difference;
use crate::store::Store;
use crate::store::raw::{Entry, FOLDER, Malformed, RawTree, sorted_by};

/// How many paths an entry may change: an import of 10,000 versions, and room. An entry with more is
/// invalid, and not looked through.
pub(super) const MOST: usize = 12_000;
/// How deep a file of the ledger may lie: a withdrawal of a product's version has six parts.
const DEEPEST: usize = 6;

/// What two trees differ in, while they are gone through.
pub(super) struct Differences<'s> {
    store: &'s Store,
    /// Whether a new folder is looked into.
    into: &'s dyn Fn(&str) -> bool,
    pub found: Vec<Difference>,
}

impl<'s> Differences<'s> {
    /// What `after` has that `before` has not, and the other way round, folded to topmost paths; a new
    /// folder is looked `into` where that says so, and counts as a difference where it holds none.
    ///
    /// # Errors
    /// A tree is not in this clone, or malformed.
    pub(super) fn between(
        store: &'s Store,
        before: Option<&Oid>,
        after: &Oid,
        into: &'s dyn Fn(&str) -> bool,
    ) -> Result<Vec<Difference>> {
        let mut differences = Self {
            store,
            into,
            found: Vec::new(),
        };
        differences.look(before, after, "", DEEPEST)?;
        Ok(differences.found)
    }

    fn tell(&mut self, path: String, added: bool) {
        self.found.push(Difference { path, added });
    }

    fn look(&mut self, before: Option<&Oid>, after: &Oid, path: &str, levels: usize) -> Result<()> {
        if before == Some(after) {
            return Ok(());
        }
        let new = self.store.raw_tree(after)?;
        let old = match before {
            Some(before) => self.store.raw_tree(before)?,
            None => RawTree::empty(after),
        };
        let (mut new, mut old) = (new.in_order(), old.in_order());
        let (mut left, mut right) = (next(&mut old)?, next(&mut new)?);
        while self.found.len() <= MOST && (left.is_some() || right.is_some()) {
            let order = match (&left, &right) {
                (Some(left), Some(right)) => sorted_by(left).cmp(&sorted_by(right)),
                (Some(_), None) => Ordering::Less,
                (None, _) => Ordering::Greater,
            };
            if let (Ordering::Less, Some((_, name, _))) = (order, &left) {
                self.tell(below(path, name), false);
                left = next(&mut old)?;
                continue;
            }
            let Some((mode, name, oid)) = right.take() else {
                break;
            };
            let here = below(path, name);
            let known = match order.is_eq() {
                true => left.take(),
                false => None,
            };
            let deeper = mode == FOLDER && levels > 1;
            match &known {
                Some((was, _, known)) if *was == mode && *known == oid => {}
                Some((was, _, known)) if *was == mode && deeper => {
                    self.look(Some(known), &oid, &here, levels - 1)?;
                }
                None if deeper && (self.into)(&here) => {
                    let before = self.found.len();
                    self.look(None, &oid, &here, levels - 1)?;
                    if self.found.len() == before {
                        self.tell(here, true);
                    }
                }
                known => self.tell(here, known.is_none()),
            }
            if known.is_some() {
                left = next(&mut old)?;
            }
            right = next(&mut new)?;
        }
        Ok(())
    }
}

fn next<'t>(
    entries: &mut impl Iterator<Item = Result<Entry<'t>, Malformed>>,
) -> Result<Option<Entry<'t>>, Malformed> {
    entries.next().transpose()
}

fn below(path: &str, name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name);
    match path {
        "" => name.into_owned(),
        _ => format!("{path}/{name}"),
    }
}
