//! Who signed the entries that are shown.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use anyhow::Result;

use super::Core;
use crate::model::header::Header;
use crate::model::ledger::Kind;
use crate::model::mailmap::People;
use crate::model::policy::Policy;
use crate::model::ring::{Ring, not_before};
use crate::model::signature::Signature;
use crate::model::signed_by::{Read, SignedBy, State};
use crate::model::{Cause, Oid, Refusal, Stamp, Version};
use crate::store::ledger::Ledger;
use crate::store::message::header;

/// Entries whose signers are asked for, of one ledger. Where no policy names keys, the reader's git is
/// asked, once for all of them.
pub(crate) struct Signatures<'l> {
    ledger: &'l Ledger,
    entries: Vec<Oid>,
    read: OnceCell<BTreeMap<Oid, Read>>,
}

impl<'l> Signatures<'l> {
    pub(crate) fn of(ledger: &'l Ledger, entries: Vec<Oid>) -> Self {
        Self {
            ledger,
            entries,
            read: OnceCell::new(),
        }
    }
}

impl Core<'_> {
    /// The valid promotions of a ledger by version, newest first.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(crate) fn promotions(&self, ledger: &Ledger) -> Result<Vec<(Version, Oid)>> {
        let mut found = Vec::new();
        let mut next = Some(ledger.base.clone());
        // Each valid entry names the valid one before it.
        while let Some(oid) = next {
            let header = header(&self.store.commit(&oid)?.message);
            if let (Some(Kind::Promotion), Some(Ok(version))) =
                (header.kind(), header.version.as_ref().map(|v| v.parse()))
            {
                found.push((version, oid));
            }
            next = header.base.map(|base| base.parse()).transpose()?;
        }
        Ok(found)
    }

    /// Who signed an entry, by the keys of the policies that it is judged by; where those name none, by what
    /// the reader's git knows.
    ///
    /// # Errors
    /// The entry or a policy cannot be read.
    pub(crate) fn signed_by(&self, of: &Signatures<'_>, entry: &Oid) -> Result<SignedBy> {
        self.told_of(of, entry).or_else(|error| {
            let refusal = error.downcast_ref::<Refusal>();
            match refusal.is_some_and(|refusal| refusal.cause == Cause::NoProgram) {
                true => Ok(SignedBy::UNTOLD),
                false => Err(error),
            }
        })
    }

    fn told_of(&self, of: &Signatures<'_>, entry: &Oid) -> Result<SignedBy> {
        let commit = self.store.commit(entry)?;
        let header = header(&commit.message);
        let signed_at = Ledger {
            disputed: of.ledger.disputed.clone(),
            ..Ledger::new(entry.clone(), entry.clone())
        };
        let version: Option<Version> = header.version.as_ref().and_then(|v| v.parse().ok());
        let sealed = match &version {
            Some(version) => self.store.sealed(&signed_at, version)?,
            None => None,
        };
        let signed = match &sealed {
            Some(sealed) => self.first_original(&commit, sealed)?,
            None => entry.clone(),
        };
        let Keys {
            policies,
            people,
            since,
        } = self.that_name_keys(&signed_at, &header)?;
        let blocks = self.blocks(policies.iter())?;
        let ring = policies.iter().fold(Ring::default(), |ring, policy| {
            ring.with(&Ring::of(policy, &blocks))
        });
        let signature = self.signature(&signed, &blocks)?;
        if signature == Signature::Missing {
            return Ok(SignedBy::NOBODY);
        }
        let author = self.store.commit(&signed)?;
        if ring.is_empty() {
            let by_ssh = match &signature {
                Signature::By(key) => Some(key.clone()),
                _ => None,
            };
            let read = match of.read.get() {
                Some(read) => read,
                None => {
                    let read = self.store.read_by_git(&of.entries)?;
                    of.read.get_or_init(|| read)
                }
            };
            let mut by = match read.get(&signed) {
                Some(read) => read.signed_by(&author.author),
                None => SignedBy::NOBODY,
            };
            // Without a list of allowed signers git takes what an ssh key signed for unsigned.
            if by.state == State::Missing {
                by.state = State::Unknown;
                by.key = by_ssh;
            }
            return Ok(by);
        }
        let promoted = sealed.filter(|_| header.kind() == Some(Kind::Promotion));
        let says = promoted.map_or(author.at, |sealed| sealed.promoted_at);
        let at = not_before(says, since);
        let worth = ring.worth(&signature, &author.author, &people, Some(&at));
        Ok(SignedBy::by_policy(&ring, worth))
    }

    /// Whether whose a key is was said by somebody who was asked for it, and not by a name in the key.
    pub(crate) fn is_named_on_purpose(&self, of: &Signatures<'_>, entry: &Oid) -> bool {
        let read = of.read.get().and_then(|read| read.get(entry));
        read.is_none_or(Read::is_of_ssh)
    }

    /// What an entry's signature is judged by, as far as it can be read.
    fn that_name_keys(&self, at: &Ledger, header: &Header) -> Result<Keys> {
        let version: Option<Version> = header.version.as_ref().and_then(|v| v.parse().ok());
        let mut keys = Keys::default();
        let Some(base) = header.base.as_ref().and_then(|base| base.parse().ok()) else {
            return Ok(keys);
        };
        let product = version.as_ref().and_then(Version::product);
        let before = Ledger {
            disputed: at.disputed.clone(),
            ..Ledger::new(base, at.base.clone())
        };
        let before = before.with(&before.tip);
        let previous = self.store.previous(&before, product)?;
        let about = |policy: Policy| match &version {
            Some(version) => policy.about(version),
            None => policy.of(None),
        };
        if let Some(previous) = &previous {
            let policy = self.sealed_policy(&before, previous).ok();
            keys.policies.extend(policy.map(about));
            keys.people = People::by(self.sealed_mailmap(&before, previous)?, None);
            let release = self.store.sealed(&before, previous)?;
            keys.since = release.map(|release| release.promoted_at);
        }
        if let (Some(Kind::Promotion), Some(version)) = (header.kind(), &version) {
            let policy = self.sealed_policy(at, version).ok();
            keys.policies.extend(policy.map(about));
        }
        keys.policies.retain(|policy| policy.signers.is_some());
        Ok(keys)
    }
}

/// What an entry's signature is judged by.
#[derive(Default)]
struct Keys {
    /// The policies that name keys.
    policies: Vec<Policy>,
    /// Who is who.
    people: People,
    /// When the release that it follows was promoted.
    since: Option<Stamp>,
}
