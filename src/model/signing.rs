//! The gate `signed`: whose keys the entry and the proofs that count are signed with (docs/policy.md,
//! "Keys").

use super::ring::{Ring, Worth};
use super::signature::Signature;
use super::subject::{Subject, proving};
use super::{Person, Stamp, Version};

/// What signatures are judged by.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signing {
    /// The keys that count for the entry, and those that count for proofs.
    pub entry_keys: Ring,
    pub proof_keys: Ring,
    /// The keys that each policy names: the release's own, and the previous one.
    pub present: Ring,
    pub previous: Option<(Version, Ring)>,
    /// The entry's signature, and the time that it names.
    pub entry: Signature,
    pub at: Option<Stamp>,
}

/// What is wrong with one signature.
#[derive(Clone, Debug)]
pub(crate) struct Unsigned {
    /// Whose proof it is; none where it is the promotion itself.
    pub owner: Option<Person>,
    pub line: String,
}

/// What is wrong with the signatures of the entry, and of each proof that counts, where `wrong` says so.
pub(super) fn signed(
    subject: &Subject<'_>,
    signing: &Signing,
    wrong: impl Fn(&Worth) -> bool,
) -> Vec<Unsigned> {
    let (promoter, people) = (subject.promoter, subject.people);
    let keys = &signing.entry_keys;
    let worth = keys.worth(&signing.entry, promoter, people, signing.at.as_ref());
    let mut found = Vec::new();
    if wrong(&worth) {
        let says = worth.says(promoter);
        let half = signing.named_by_one(&worth, subject);
        let line = match (&worth, half) {
            (Worth::Missing, _) => {
                format!("the promotion {says} by {promoter}: git gryt config sign true")
            }
            (_, Some(half)) => format!("the promotion {half}"),
            (_, None) => format!("the promotion {says}"),
        };
        found.push(Unsigned { owner: None, line });
    }
    for change in &subject.contract.changes {
        for attempt in proving(subject, change) {
            let owner = &attempt.evolution.owner;
            let at = attempt.proof.as_ref().map(|proof| &proof.at);
            let worth = signing
                .proof_keys
                .worth(&attempt.signature, owner, people, at);
            if wrong(&worth) {
                let (id, says, name) = (&change.id, worth.says(owner), &owner.name);
                let rc = attempt.name.rc();
                let line = format!(
                    "the proof of {id} ({name}, {rc}) {says}; {name} proves it again: git gryt config sign true \
                     && git gryt run --change {id}"
                );
                let owner = Some(owner.clone());
                found.push(Unsigned { owner, line });
            }
        }
    }
    found
}

/// The lines alone.
pub(super) fn lines(found: Vec<Unsigned>) -> Vec<String> {
    found.into_iter().map(|one| one.line).collect()
}

impl Signing {
    /// What is to be said of a key that one of the two policies names for the promoter, and the other one does not.
    fn named_by_one(&self, worth: &Worth, subject: &Subject<'_>) -> Option<String> {
        let Worth::Unknown { key } = worth else {
            return None;
        };
        let (before, previous) = self.previous.as_ref()?;
        let who = subject.promoter;
        let names = |ring: &Ring| {
            let holders = ring.holders(key);
            holders.iter().any(|email| subject.people.has(who, email))
        };
        let only = match (names(&self.present), names(previous)) {
            (true, false) => format!(
                "which the release's own policy names for {who} and the policy of {before} does not: sign this release \
                 with a key that both name"
            ),
            (false, true) => format!(
                "which the policy of {before} names for {who} and the release's own policy does not: keep that key in \
                 the policy for one more release, or sign with another that both name"
            ),
            (true, true) | (false, false) => return None,
        };
        Some(format!("is signed with the key {key}, {only}"))
    }
}
