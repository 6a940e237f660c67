//! What a promotion is judged about, and which attempts speak for its changes.

use super::approval::Agreed;
use super::evolution::Attempt;
use super::mailmap::People;
use super::{Change, Contract, Oid, Person};

/// What is judged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    pub contract: &'a Contract,
    /// The draft's first commit, and who made it.
    pub generation: &'a Oid,
    pub declared_by: &'a Person,
    pub attempts: &'a [Attempt],
    pub promoter: &'a Person,
    /// Who is who.
    pub people: &'a People,
    /// What was said of the release.
    pub agreed: &'a Agreed,
}

/// The attempts of this generation at `change`.
pub(super) fn at<'a>(
    subject: &Subject<'a>,
    change: &'a Change,
) -> impl Iterator<Item = &'a Attempt> + use<'a> {
    let (attempts, generation) = (subject.attempts, subject.generation);
    attempts
        .iter()
        .filter(move |a| a.name.change.is(&change.id) && a.evolution.generation == *generation)
}

/// Those of them that prove it.
pub(super) fn proving<'a>(
    subject: &Subject<'a>,
    change: &'a Change,
) -> impl Iterator<Item = &'a Attempt> + use<'a> {
    let generation = subject.generation;
    at(subject, change).filter(move |a| a.says(change, generation).passes())
}

/// A line for each change of which `rule` says that something is missing.
pub(super) fn each<'a>(
    subject: &Subject<'a>,
    rule: impl Fn(&'a Change) -> Option<String>,
) -> Vec<String> {
    subject.contract.changes.iter().filter_map(rule).collect()
}

/// The changes that nobody but their assignees proved, or that have none.
pub(super) fn dependent<'a>(subject: &Subject<'a>) -> Vec<(&'a Change, Option<&'a str>)> {
    let mut found = Vec::new();
    for change in &subject.contract.changes {
        let assignee = change.assignee.as_deref().filter(|a| !a.trim().is_empty());
        let people = subject.people;
        let is_other = |a: &Attempt, who: &str| !people.may_go_by(&a.evolution.owner, who);
        let other = |a: &Attempt| assignee.is_some_and(|who| is_other(a, who));
        if !proving(subject, change).any(other) {
            found.push((change, assignee));
        }
    }
    found
}
