//! The tags of releases as the cloud has them: a fetch asks for those that nobody here has seen yet, so
//! that whoever verified a promotion can send a tag that its promoter could not.

use std::collections::BTreeSet;

use anyhow::Result;

use super::Core;
use super::contact::Contact;
use crate::git::refs::Update;
use crate::model::ledger::Kind;
use crate::model::{Oid, Version};
use crate::store::ledger::Ledger;
use crate::store::message::header;
use crate::store::objects::Commit;
use crate::store::refs::drafts;
use crate::store::{Refs, names};

/// How many of the latest entries are looked at, and of how many drafts the tags are asked for.
const LATEST: usize = 20;

/// An entry of the ledger, and the version whose tag is still to be seen.
struct Walked {
    entry: Oid,
    awaited: Option<Version>,
}

impl Core<'_> {
    /// The tags that a fetch asks for beside everything shared: those of promotions that were not seen
    /// yet, and of drafts, which may be promoted by now. A few names in an exchange that takes place
    /// anyhow.
    pub(crate) fn tags_to_ask_for(&self) -> BTreeSet<String> {
        // What cannot be read is told by whoever needs it.
        self.awaited_tags().unwrap_or_default()
    }

    /// Takes note of what a fetch asked for.
    pub(crate) fn note_asked(&self, tags: BTreeSet<String>) {
        self.asked.replace(tags);
    }

    fn awaited_tags(&self) -> Result<BTreeSet<String>> {
        let mut tags = BTreeSet::new();
        if !self.config.tag {
            return Ok(tags);
        }
        let refs = self.store.refs()?;
        for (genesis, tip) in refs.below(names::VERIFIED) {
            let genesis: Oid = genesis.parse()?;
            let ledger = self.verified(&refs, &genesis, tip)?;
            let walked = self.walked(&refs, &genesis, &ledger)?;
            let awaited = walked.into_iter().filter_map(|one| one.awaited);
            tags.extend(awaited.map(|version| self.tag_name(&version)));
        }
        tags.extend(self.tags_of_drafts(&refs));
        tags.extend(self.tags_owed(&refs));
        Ok(tags)
    }

    /// The tags of this clone's own promotions that the cloud refused, or that were cut short: the cloud may
    /// have one by now.
    fn tags_owed(&self, refs: &Refs) -> Vec<String> {
        let under_way = refs.below(names::PROMOTING);
        let versions = refs.below(names::UNTAGGED).chain(under_way);
        let versions = versions.filter_map(|(version, _)| version.parse::<Version>().ok());
        let named = versions.map(|version| self.tag_name(&version));
        named.take(LATEST).collect()
    }

    /// The tags of drafts of three numbers and more: what they begin is theirs alone, more or less.
    fn tags_of_drafts(&self, refs: &Refs) -> Vec<String> {
        let own = drafts(refs.local()).map(|(version, _)| version);
        let narrow = own.filter(|version| version.numbers() >= 3);
        let named = narrow.map(|version| self.tag_name(&version));
        named.take(LATEST).collect()
    }

    /// The latest entries of a ledger that were not settled yet, newest first.
    fn walked(&self, refs: &Refs, genesis: &Oid, ledger: &Ledger) -> Result<Vec<Walked>> {
        let known = refs.get(&names::tagged(genesis));
        let mut walked = Vec::new();
        for commit in self.store.first_parents(&ledger.tip).take(LATEST) {
            let commit = commit?;
            if Some(&commit.oid) == known {
                break;
            }
            let awaited = self.awaits_tag(refs, ledger, &commit)?;
            let entry = commit.oid;
            walked.push(Walked { entry, awaited });
        }
        Ok(walked)
    }

    /// The version that an entry promotes and whose tag anybody may send: it is to have one, by the name
    /// that this clone would give it; it is neither disputed nor withdrawn; and this clone is not at
    /// work on it anyhow.
    fn awaits_tag(&self, refs: &Refs, ledger: &Ledger, entry: &Commit) -> Result<Option<Version>> {
        let header = header(&entry.message);
        let version = header.version.as_deref().map(str::parse::<Version>);
        let (Some(Kind::Promotion), Some(Ok(version)), None) =
            (header.kind(), version, &header.original)
        else {
            return Ok(None);
        };
        let named = header.tag.as_deref() == Some(self.tag_name(&version).as_str());
        let own = [names::promoting(&version), names::untagged(&version)];
        if !named
            || ledger.disputed.contains_key(&entry.oid)
            || own.iter().any(|own| refs.get(own).is_some())
            || self.store.withdrawal(ledger, &version)?.is_some()
        {
            return Ok(None);
        }
        let sealed = self.store.sealed(ledger, &version)?;
        let same = sealed.is_some_and(|sealed| Some(sealed.promotion) == header.promotion);
        Ok(same.then_some(version))
    }

    /// Whether the cloud had the tag of a release when a fetch last asked for it.
    ///
    /// # Errors
    /// Local mode has no cloud.
    pub(crate) fn is_tag_seen(&self, refs: &Refs, version: &Version) -> Result<bool> {
        let name = names::remote_tag(self.cloud_name()?, &self.tag_name(version));
        Ok(refs.get(&name).is_some())
    }

    /// The promotions whose tags the last fetch asked for and did not see, oldest first.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(crate) fn missing_tags(&self, refs: &Refs, contact: &Contact) -> Result<Vec<Version>> {
        let Some(checked) = contact.checked.as_ref().filter(|_| self.config.tag) else {
            return Ok(Vec::new());
        };
        let mut missing = Vec::new();
        for one in self.walked(refs, &checked.genesis, &checked.ledger)? {
            if let Some(version) = one.awaited
                && self.asked.borrow().contains(&self.tag_name(&version))
                && !self.is_tag_seen(refs, &version)?
            {
                missing.push(version);
            }
        }
        missing.reverse();
        Ok(missing)
    }

    /// The updates that remember which tags need not be asked for any more: those that were seen, and
    /// those of `made`. What was fetched to see it goes.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(crate) fn settle_tags(
        &self,
        refs: &Refs,
        contact: &Contact,
        made: &[Version],
    ) -> Result<Vec<Update>> {
        let mut updates = Vec::new();
        let mut wanted: BTreeSet<String> = self.tags_of_drafts(refs).into_iter().collect();
        wanted.extend(self.tags_owed(refs));
        if let Some(checked) = &contact.checked {
            let mut walked = self.walked(refs, &checked.genesis, &checked.ledger)?;
            let (mut last, mut any) = (None, false);
            while let Some(one) = walked.pop() {
                if let Some(version) = &one.awaited {
                    if !made.contains(version) && !self.is_tag_seen(refs, version)? {
                        walked.push(one);
                        break;
                    }
                    any = true;
                }
                last = Some(one.entry);
            }
            if any {
                updates.push(refs.change(names::tagged(&checked.genesis), last.as_ref()));
            }
            let awaited = walked.iter().filter_map(|one| one.awaited.as_ref());
            wanted.extend(awaited.map(|version| self.tag_name(version)));
        }
        let root = names::remote_tags(self.cloud_name()?);
        for (name, _) in refs.below(&root) {
            if !wanted.iter().any(|tag| name.starts_with(tag.as_str())) {
                updates.push(refs.change(format!("{root}{name}"), None));
            }
        }
        Ok(updates)
    }
}
