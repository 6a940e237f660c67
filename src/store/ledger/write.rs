//! Writing entries.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};

use super::Ledger;
use crate::model::import::Imported;
use crate::model::ledger::Kind;
use crate::model::moved::{self, Half, Moved};
use crate::model::rules::RuleSet;
use crate::model::sealed::{
    ACCEPTANCES, Acceptance, CONTRACT, POLICY, PROMOTION, Sealed, Withdrawal, number_of,
};
use crate::model::trailers::Key;
use crate::model::{Contract, Oid};
use crate::store::message::Message;
use crate::store::objects::{Author, Content};
use crate::store::{Store, draft};

/// What belongs to a promotion beside its files.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beside<'a> {
    /// The entry of another ledger that it repeats.
    pub original: Option<&'a Oid>,
    /// The tag that goes with the release, without `refs/tags/`.
    pub tag: Option<&'a str>,
}

impl Store {
    /// Writes one half of a move; the first with what the place holds.
    ///
    /// # Errors
    /// The object database cannot be written.
    pub(crate) fn write_move(
        &self,
        by: &Author,
        ledger: &Ledger,
        moved: &Moved,
        held: &BTreeMap<String, Oid>,
    ) -> Result<Oid> {
        let text = serde_yaml::to_string(moved)?;
        let lines = held.iter().map(|(name, oid)| format!("{oid} {name}\n"));
        let refs: String = lines.collect();
        let mut places = vec![(
            moved::file(&moved.id, moved.half),
            Content::Blob(text.as_bytes()),
        )];
        let subject = match moved.half {
            Half::Left => {
                places.push((moved::refs_file(&moved.id), Content::Blob(refs.as_bytes())));
                format!("Move to {}", moved.to)
            }
            Half::Arrived => format!("Arrive at {}", moved.to),
        };
        let base = self.commit(&ledger.base)?.tree;
        let tree = self.write_tree(Some(&base), &places)?;
        let message = Message::new(&subject)
            .with(Key::Kind, Kind::Moved)
            .with(Key::Base, &ledger.base)
            .with(Key::Rules, RuleSet::CURRENT)
            .with(Key::Move, moved.trailer());
        self.write_commit(by, &tree, &[&ledger.tip], &message.text())
    }

    /// Writes the entry that takes versions from before gryt.
    ///
    /// # Errors
    /// The object database cannot be written.
    pub fn write_import(&self, by: &Author, ledger: &Ledger, all: &[Imported]) -> Result<Oid> {
        let mut texts = Vec::new();
        for imported in all {
            texts.push((imported.version.import(), serde_yaml::to_string(imported)?));
        }
        let places: Vec<(String, Content<'_>)> = texts
            .iter()
            .map(|(path, text)| (path.clone(), Content::Blob(text.as_bytes())))
            .collect();
        let base = self.commit(&ledger.base)?.tree;
        let tree = self.write_tree(Some(&base), &places)?;
        let subject = match all {
            [only] => format!("Import {}", only.version),
            _ => format!("Import {} versions", all.len()),
        };
        let message = Message::new(&subject)
            .with(Key::Kind, Kind::Import)
            .with(Key::Base, &ledger.base)
            .with(Key::Rules, RuleSet::CURRENT);
        self.write_commit(by, &tree, &[&ledger.tip], &message.text())
    }

    /// Writes the entry that settles that another is disputed in error.
    ///
    /// # Errors
    /// The object database cannot be written.
    pub(crate) fn write_acceptance(
        &self,
        by: &Author,
        ledger: &Ledger,
        what: &Acceptance,
    ) -> Result<Oid> {
        let text = serde_yaml::to_string(what)?;
        let base = self.commit(&ledger.base)?.tree;
        let folder = format!("{ACCEPTANCES}/{}", what.entry);
        let number = self.free_number(&base, &folder)?;
        let place = [(what.path(number), Content::Blob(text.as_bytes()))];
        let tree = self.write_tree(Some(&base), &place)?;
        let (entry, reason) = (what.entry.short(), &what.reason);
        let message = Message::new(&format!("Accept {entry}: {reason}"))
            .with(Key::Kind, Kind::Accepted)
            .with(Key::Base, &ledger.base)
            .with(Key::Rules, RuleSet::CURRENT);
        self.write_commit(by, &tree, &[&ledger.tip], &message.text())
    }

    /// Writes the first commit of a project's ledger.
    ///
    /// # Errors
    /// The object database cannot be written.
    pub fn write_genesis(&self, by: &Author, nonce: &str) -> Result<Oid> {
        let tree = self.write_tree(None, &[])?;
        let message = Message::new("Begin the ledger")
            .with(Key::Kind, Kind::Genesis)
            .with(Key::Nonce, nonce);
        self.write_commit(by, &tree, &[], &message.text())
    }

    /// Writes the entry that withdraws a release.
    ///
    /// # Errors
    /// The object database cannot be written.
    pub fn write_withdrawal(
        &self,
        by: &Author,
        ledger: &Ledger,
        withdrawal: &Withdrawal,
    ) -> Result<Oid> {
        let text = serde_yaml::to_string(withdrawal)?;
        let base = self.commit(&ledger.base)?.tree;
        let place = withdrawal.path(self.free_number(&base, &withdrawal.version.withdrawals())?);
        let tree = self.write_tree(Some(&base), &[(place, Content::Blob(text.as_bytes()))])?;
        let (version, reason) = (&withdrawal.version, &withdrawal.reason);
        let message = Message::new(&format!("Withdraw {version}: {reason}"))
            .with(Key::Kind, Kind::Withdrawal)
            .with(Key::Base, &ledger.base)
            .with(Key::Rules, RuleSet::CURRENT)
            .with(Key::Version, version);
        self.write_commit(by, &tree, &[&ledger.tip], &message.text())
    }

    /// Writes the entry that seals a release onto `ledger`, and says what belongs to it `beside`. Its tree is the base's tree with the
    /// release's files put in; its parents are the tip, the draft, the release commit and the
    /// evolutions, so that nothing that it names can be collected; the last is the entry of another
    /// ledger that it repeats, where it repeats one.
    ///
    /// # Errors
    /// The object database cannot be written.
    pub fn write_promotion(
        &self,
        by: &Author,
        ledger: &Ledger,
        sealed: &Sealed,
        policy: Option<&[u8]>,
        beside: Beside<'_>,
    ) -> Result<Oid> {
        let version = &sealed.version;
        let draft_tree = self.commit(&sealed.draft)?.tree;
        let (_, contract) = self
            .text(&draft_tree, draft::FILE)?
            .with_context(|| format!("the draft of {} holds no contract", sealed.version))?;
        let record = serde_yaml::to_string(sealed)?;
        let mut places = vec![
            (version.path(CONTRACT), Content::Blob(&contract)),
            (version.path(PROMOTION), Content::Blob(record.as_bytes())),
        ];
        if let Some(policy) = policy {
            places.push((version.path(POLICY), Content::Blob(policy)));
        }
        let base = self.commit(&ledger.base)?.tree;
        let tree = self.write_tree(Some(&base), &places)?;
        let mut parents = vec![&ledger.tip, &sealed.draft, &sealed.commit];
        parents.extend(sealed.evolutions.iter().map(|folded| &folded.tip));
        parents.extend(sealed.approvals.iter().map(|approved| &approved.tip));
        parents.extend(beside.original);
        let described = Contract::parse(&contract, &sealed.version)?.description;
        let subject = match described.as_deref().map(str::trim) {
            None | Some("") => format!("Promote {}", sealed.version),
            Some(text) => format!("Promote {}: {text}", sealed.version),
        };
        let mut message = Message::new(&subject)
            .with(Key::Kind, Kind::Promotion)
            .with(Key::Base, &ledger.base)
            .with(Key::Version, &sealed.version)
            .with(Key::Promotion, &sealed.promotion);
        if let Some(original) = beside.original {
            message = message.with(Key::Original, original);
        }
        if let Some(tag) = beside.tag {
            message = message.with(Key::Tag, tag);
        }
        self.write_commit(by, &tree, &parents, &message.text())
    }

    /// The first number that no file of a folder of numbered ones has.
    pub(super) fn free_number(&self, tree: &Oid, folder: &str) -> Result<usize> {
        let files = self.list(tree, folder)?;
        let taken: BTreeSet<usize> = files
            .iter()
            .filter_map(|(name, _)| number_of(name))
            .collect();
        Ok((1..).find(|number| !taken.contains(number)).unwrap_or(1))
    }
}
