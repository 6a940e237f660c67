//! What a version brings, as text for people who use it (docs/notes.md).

pub(crate) mod changelog;
mod links;
mod markdown;
pub(crate) mod template;

use std::fmt::Write;

use serde::Serialize;

use super::built::Released;
use super::change::ChangeKind;
use super::conventional::BREAKING;
use super::sealed::Advice;
use super::{Change, ChangeId, Contract, Person, Stamp, Version};

pub(crate) use links::Links;

/// The notes of a version.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Notes {
    pub version: Version,
    pub contract: Contract,
    /// What its changes break, as their descriptions say it.
    pub breaking: Vec<Break>,
    /// Where its changes are tracked, as the setting `links` says it.
    pub linked: Vec<Link>,
    /// None for a draft.
    pub promoted_at: Option<Stamp>,
    /// None for a draft, and for what was released before gryt.
    pub promoter: Option<Person>,
    /// The owners of the evolutions that proved it, each once.
    pub proven_by: Vec<Person>,
    /// Whose approvals counted.
    pub approved_by: Vec<Person>,
    pub withdrawal: Option<Advice>,
    /// What its entry is disputed for, a line each.
    pub disputed: Vec<String>,
    /// What was built of it.
    pub artifacts: Vec<Released>,
}

/// Something that a change breaks.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Break {
    pub id: ChangeId,
    pub what: String,
}

/// The address that belongs to a change's id.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Link {
    pub id: ChangeId,
    pub address: String,
}

impl Notes {
    /// The notes of a draft that says this. What is known of a release is added to it.
    pub(crate) fn new(version: Version, contract: Contract, links: &Links) -> Self {
        let breaks = contract.changes.iter().filter_map(broken).collect();
        let linked = contract.changes.iter().filter_map(|change| {
            Some(Link {
                id: change.id.clone(),
                address: links.address(&change.id)?,
            })
        });
        Self {
            version,
            breaking: breaks,
            linked: linked.collect(),
            contract,
            promoted_at: None,
            promoter: None,
            proven_by: Vec::new(),
            approved_by: Vec::new(),
            withdrawal: None,
            disputed: Vec::new(),
            artifacts: Vec::new(),
        }
    }

    /// As a page of its own.
    pub(crate) fn markdown(&self) -> String {
        markdown::page(self)
    }

    /// As a section of a changelog, without the line that marks whose it is.
    pub(crate) fn section(&self) -> String {
        markdown::section(self)
    }

    /// The digests of what was released, as sha256sum(1) has them. What is contested was not released.
    pub(crate) fn sums(&self) -> String {
        let mut text = String::new();
        for released in self.artifacts.iter().filter(|released| !released.contested) {
            for made in &released.made {
                _ = writeln!(text, "{}  {}", made.sha256, released.name);
            }
        }
        text
    }

    fn broken(&self, id: &ChangeId) -> Option<&str> {
        let broken = self.breaking.iter().find(|broken| broken.id.is(id))?;
        Some(&broken.what)
    }

    /// The changes of a type in the order of the contract, those that break something first.
    fn of_kind(&self, kind: ChangeKind) -> impl Iterator<Item = &Change> {
        let of = move |breaks: bool| {
            let changes = self.contract.changes.iter();
            changes.filter(move |one| one.kind == kind && self.broken(&one.id).is_some() == breaks)
        };
        of(true).chain(of(false))
    }
}

/// What a change breaks: the footer of its description, as conventional commits have it
/// (conventionalcommits.org, "Specification", 11 to 13).
fn broken(change: &Change) -> Option<Break> {
    let description = change.description.as_deref()?;
    let footer = |line: &str| {
        let marks = [BREAKING, "BREAKING-CHANGE:"];
        let said = marks.iter().find_map(|mark| line.strip_prefix(mark));
        said.map(|said| said.trim().to_owned())
    };
    let mut lines = description.lines();
    let mut what = lines.find_map(footer)?;
    for line in lines.map(str::trim).take_while(|line| !line.is_empty()) {
        what.extend([" ", line]);
    }
    Some(Break {
        id: change.id.clone(),
        what: what.trim().to_owned(),
    })
}

/// The names of people as Markdown, a comma between them.
fn names(people: &[Person]) -> String {
    let names = people.iter().map(|one| super::shown::markdown(&one.name));
    names.collect::<Vec<_>>().join(", ")
}
