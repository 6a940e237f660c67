//! The gate `signed`: whose keys the entry and the proofs that count are signed with (docs/policy.md,
//! "Keys").

use super::Stamp;
use super::ring::{Ring, Worth};
use super::signature::Signature;
use super::subject::{Subject, proving};

/// What signatures are judged by.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signing {
    /// The keys that count for the entry, and those that count for proofs.
    pub entry_keys: Ring,
    pub proof_keys: Ring,
    /// The entry's signature, and the time that it names.
    pub entry: Signature,
    pub at: Option<Stamp>,
}

/// A line for the entry, and for each proof that counts, where `wrong` says so of its signature.
pub(super) fn signed(
    subject: &Subject<'_>,
    signing: &Signing,
    wrong: impl Fn(&Worth) -> bool,
) -> Vec<String> {
    let (promoter, people) = (subject.promoter, subject.people);
    let keys = &signing.entry_keys;
    let worth = keys.worth(&signing.entry, promoter, people, signing.at.as_ref());
    let mut lines = Vec::new();
    if wrong(&worth) {
        let says = worth.says(promoter);
        lines.push(match worth {
            Worth::Missing => format!("the entry {says} by {promoter}: git gryt config sign true"),
            _ => format!("the entry {says}"),
        });
    }
    for change in &subject.contract.changes {
        for attempt in proving(subject, change) {
            let owner = &attempt.evolution.owner;
            let at = attempt.proof.as_ref().map(|proof| &proof.at);
            let worth = signing
                .proof_keys
                .worth(&attempt.signature, owner, people, at);
            if wrong(&worth) {
                let (id, says) = (&change.id, worth.says(owner));
                let rc = attempt.name.rc();
                lines.push(format!(
                    "the proof of {id} ({}, {rc}) {says}; its owner proves it again, signed, by: git gryt \
                     run --change {id}",
                    owner.name
                ));
            }
        }
    }
    lines
}
