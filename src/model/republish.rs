//! Putting back what the cloud lost: what is missing there of what this clone verified and took over
//! (docs/remotes.md, "What was lost").

use std::collections::BTreeMap;

use super::leaving::{Holder, Own};
use super::{EvolutionName, Exit, Oid, Refusal, Version};

/// How the cloud's ledger stands to the one that was verified. Both are chains, the genesis first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// It holds every entry.
    Whole,
    /// It has none, or ends earlier: what follows can be put on top.
    Behind,
    /// It ends earlier and goes on with other entries.
    Diverged,
    /// It begins elsewhere.
    Foreign,
}

/// Compares the chains.
pub(crate) fn fit(verified: &[Oid], cloud: &[Oid]) -> Fit {
    let whole = verified.last().is_some_and(|tip| cloud.contains(tip));
    match cloud.last() {
        _ if whole => Fit::Whole,
        None => Fit::Behind,
        Some(tip) if verified.contains(tip) => Fit::Behind,
        Some(_) if cloud.first() == verified.first() => Fit::Diverged,
        Some(_) => Fit::Foreign,
    }
}

/// What becomes of a promotion that the cloud lost, where its ledger went on without it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is there, by this promotion or by an equal one.
    There,
    /// Its version is free: it is appended again.
    Append,
    /// Somebody has its version, who is named.
    Taken(String),
}

/// Decides it.
pub(crate) fn fate(own: &Own) -> Fate {
    match &own.holder {
        None => Fate::Append,
        Some(Holder::Promotion { id, same, .. }) if *same || *id == own.promotion => Fate::There,
        Some(Holder::Promotion { by, .. }) => Fate::Taken(format!("{by} promoted it meanwhile")),
        Some(Holder::Draft { generation }) if *generation == own.generation => Fate::Append,
        Some(Holder::Draft { .. }) => Fate::Taken("somebody declared it anew".to_owned()),
    }
}

/// The shared refs, by name.
pub(crate) type Tips = BTreeMap<String, Oid>;

/// The drafts and evolutions that this clone took over from the cloud and still has, and that the cloud
/// lacks or has an earlier state of: from what, to what. `descends` tells whether its second oid follows
/// from its first.
///
/// # Errors
/// Those of `descends`.
pub(crate) fn missing<E>(
    adopted: &Tips,
    local: &Tips,
    cloud: &Tips,
    descends: impl Fn(&Oid, &Oid) -> Result<bool, E>,
) -> Result<Vec<(String, Option<Oid>, Oid)>, E> {
    let mut missing = Vec::new();
    for (name, tip) in adopted.iter().filter(|(name, _)| local.contains_key(*name)) {
        let lacks = match cloud.get(name) {
            None => true,
            Some(there) => there != tip && descends(there, tip)?,
        };
        if lacks {
            missing.push((name.clone(), cloud.get(name).cloned(), tip.clone()));
        }
    }
    Ok(missing)
}

/// What a republication puts back, or would.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Republished {
    /// Whether the cloud's ledger moves at all: one without entries may be what is missing.
    pub is_ledger_lost: bool,
    /// Whether the cloud's ledger says what it lost by other entries, so that this clone goes on with it.
    #[serde(rename = "says_it_otherwise")]
    pub is_said_otherwise: bool,
    pub promotions: Vec<Version>,
    pub withdrawals: Vec<Version>,
    pub imports: Vec<Version>,
    pub drafts: Vec<Version>,
    pub evolutions: Vec<EvolutionName>,
    /// Tags of releases, by their names.
    pub tags: Vec<String>,
    /// What cannot be put back.
    pub lost: Vec<Lost>,
    /// Nothing was done.
    pub dry_run: bool,
}

/// A promotion that stays lost.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Lost {
    pub version: Version,
    #[serde(rename = "reason")]
    pub why: String,
}

impl Republished {
    /// Whether there is nothing to put back.
    pub(crate) fn is_empty(&self) -> bool {
        let Self {
            promotions,
            withdrawals,
            imports,
            drafts,
            evolutions,
            tags,
            lost,
            is_ledger_lost,
            is_said_otherwise,
            dry_run: _,
        } = self;
        let versions = [promotions, withdrawals, imports, drafts];
        versions.iter().all(|list| list.is_empty())
            && evolutions.is_empty()
            && tags.is_empty()
            && lost.is_empty()
            && !is_ledger_lost
            && !is_said_otherwise
    }
}

/// The refusal to put back a ledger over one that was longer: tags tell of entries that this clone lacks.
pub(crate) fn lacks_entries(tags: &[String]) -> Refusal {
    let mut refusal = Refusal::new(
        Exit::OutOfStep,
        "The cloud's ledger had entries that this clone never saw, and nothing was put back",
    );
    for tag in tags {
        refusal = refusal.because(format!(
            "The tag {tag} names an entry that is not in this clone"
        ));
    }
    refusal
        .because("Whoever made the tags has the longer ledger, and can put it back")
        .because(
            "If several people each lack the others' entries, agree on an order: delete the others' tags in the cloud, then each of them puts back in turn",
        )
        .then(format!("git show {}", tags.first().map_or("TAG", String::as_str)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Person;

    fn oid(n: u32) -> Oid {
        format!("{n:040x}").parse().unwrap()
    }

    fn chain(numbers: &[u32]) -> Vec<Oid> {
        numbers.iter().map(|n| oid(*n)).collect()
    }

    #[test]
    fn a_ledger_is_whole_behind_diverged_or_foreign() {
        let verified = chain(&[1, 2, 3]);
        for (cloud, fits) in [
            (chain(&[]), Fit::Behind),
            (chain(&[1]), Fit::Behind),
            (chain(&[1, 2, 3]), Fit::Whole),
            (chain(&[1, 2, 3, 4]), Fit::Whole),
            (chain(&[1, 2, 9]), Fit::Diverged),
            (chain(&[1, 9]), Fit::Diverged),
            (chain(&[8, 9]), Fit::Foreign),
        ] {
            assert_eq!(fit(&verified, &cloud), fits, "{cloud:?}");
        }
    }

    #[test]
    fn only_what_is_free_is_appended_again() {
        let by = Person {
            name: "Bob".into(),
            email: "bob@example.com".into(),
        };
        let promotion = |id: &str, same| {
            let (id, by) = (id.into(), by.clone());
            Some(Holder::Promotion { id, by, same })
        };
        let draft = |n| Some(Holder::Draft { generation: oid(n) });
        let taken = |why: &str| Fate::Taken(why.to_owned());
        for (holder, expected) in [
            (None, Fate::Append),
            (draft(1), Fate::Append),
            (draft(2), taken("somebody declared it anew")),
            (promotion("mine", false), Fate::There),
            (promotion("other", true), Fate::There),
            (
                promotion("other", false),
                taken("Bob <bob@example.com> promoted it meanwhile"),
            ),
        ] {
            let own = Own {
                version: "v1.0.0".parse().unwrap(),
                promotion: "mine".into(),
                generation: oid(1),
                holder,
            };
            assert_eq!(fate(&own), expected, "{own:?}");
        }
    }

    #[test]
    fn what_was_taken_over_is_missed_and_what_was_deleted_here_is_not() {
        let tips = |all: &[(&str, u32)]| -> Tips {
            let tip = |(name, n): &(&str, u32)| ((*name).to_owned(), oid(*n));
            all.iter().map(tip).collect()
        };
        let adopted = tips(&[
            ("gone", 1),
            ("older", 2),
            ("later", 3),
            ("same", 4),
            ("deleted", 5),
        ]);
        let local = tips(&[
            ("gone", 1),
            ("older", 2),
            ("later", 3),
            ("same", 4),
            ("own", 6),
        ]);
        let cloud = tips(&[("older", 1), ("later", 9), ("same", 4)]);
        let descends = |from: &Oid, to: &Oid| Ok::<_, ()>(from < to);
        let found = missing(&adopted, &local, &cloud, descends).unwrap();
        let expected = [
            ("gone".to_owned(), None, oid(1)),
            ("older".to_owned(), Some(oid(1)), oid(2)),
        ];
        assert_eq!(found, expected);
    }
}
