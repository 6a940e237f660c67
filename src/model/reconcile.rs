//! What a clone does with what the cloud has: a pure plan over the refs of both.
//!
//! Nothing here is ever overwritten in silence: each ref is adopted, kept, moved aside, or named
//! in the plan as something that a person has to look at.

use super::shaped::{conflict, disputed_entry, quarantined, renumbered, withdrawn};
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::disputed::Dispute;
use super::state::SyncState;
use super::{EvolutionName, Invalid, Oid, Version};

/// How this clone's tip of a ref stands to the cloud's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    Same,
    /// This clone has commits that the cloud lacks.
    Ahead,
    /// The cloud has commits that this clone lacks.
    Behind,
    /// Both have, from one root.
    Diverged,
    /// Two roots: two things of one name.
    Unrelated,
}

/// One side of a ref, three times: here, there, and as this clone last took it over from there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sides {
    pub local: Option<Oid>,
    pub cloud: Option<Oid>,
    pub adopted: Option<Oid>,
    /// Local against cloud, where there are both.
    pub relation: Option<Relation>,
    /// Local against the adopted tip, where there are both: has this clone gone on since?
    pub since: Option<Relation>,
    /// What is wrong with the cloud's, where it was looked at.
    pub invalid: Option<Invalid>,
}

/// How a sealed version stands to the draft or evolution of that name that is still around.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seal {
    /// Not promoted.
    Open,
    /// Promoted, and this clone's tip went into it or is older than what did.
    Folded,
    /// Promoted, and this clone's tip holds something that did not go into it.
    Beyond,
    /// Promoted from something else altogether.
    Other,
}

/// What to do with one draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DraftStep {
    /// Take the cloud's, which is new here.
    Adopt(Oid),
    /// Move on to the cloud's.
    Advance(Oid),
    /// Both went on: join this clone's with the cloud's, if nobody has to choose.
    Merge(Oid),
    /// The version was made again in the cloud, and this clone has nothing of its own in the one
    /// before: move that aside and take the new one.
    Replace(Oid),
    /// Nothing to do, or the next push does it.
    Keep,
    /// It is sealed and went in whole: the ref goes.
    Retire,
    /// It is sealed, and edits of this clone's came too late for it.
    Late,
    /// A colleague deleted it, and this clone has nothing of its own in it: move it aside.
    Delete,
    /// Two people want different things under one name.
    Conflict(DraftConflict),
    /// The cloud's does not check; this clone's, if any, stays.
    Quarantine(Invalid),
}

impl DraftStep {
    /// How the draft stands: what a pull would do with it says it all, but for what is only here.
    pub(crate) fn state(&self, relation: Option<Relation>) -> SyncState {
        match self {
            Self::Keep => match relation {
                None => SyncState::NotSynced,
                Some(Relation::Same) => SyncState::Synced,
                Some(Relation::Ahead) => SyncState::Pending,
                Some(Relation::Behind) => SyncState::Behind,
                Some(Relation::Diverged) => SyncState::Diverged,
                Some(Relation::Unrelated) => SyncState::Conflict,
            },
            Self::Adopt(_) | Self::Advance(_) | Self::Replace(_) | Self::Retire | Self::Delete => {
                SyncState::Behind
            }
            Self::Merge(_) => SyncState::Diverged,
            // Edits that came too late for the seal need another version, an invalid draft of the
            // cloud's needs a valid state on top.
            Self::Late | Self::Conflict(_) | Self::Quarantine(_) => SyncState::Conflict,
        }
    }
}

/// What a person has to settle about a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum DraftConflict {
    /// Two generations of one version.
    SameVersion,
    /// One generation, edited here and there.
    Edited,
    /// Edited here, deleted there.
    Deleted,
    /// Made here, promoted by somebody else.
    Promoted,
}

impl DraftConflict {
    /// The reason, in the words of the original design where it has any.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::SameVersion => "Local and cloud have same version",
            Self::Edited => "Edited here and in the cloud",
            Self::Deleted => "Edited here and deleted in the cloud",
            Self::Promoted => "Local version is promoted in cloud",
        }
    }

    /// What ends it.
    pub(crate) fn resolution(self) -> &'static str {
        match self {
            Self::SameVersion | Self::Promoted => "Rename local version or delete",
            Self::Edited => "Choose a side, or edit: git gryt generation resolve",
            Self::Deleted => "Keep yours or let it go: git gryt generation resolve",
        }
    }
}

/// Decides about one draft.
pub(crate) fn draft(sides: &Sides, seal: Seal) -> DraftStep {
    match (seal, &sides.local) {
        (Seal::Open, _) => {}
        // The ledger wins: a reader can see one half of another's push.
        (_, None) => return DraftStep::Keep,
        (Seal::Folded, Some(_)) => return DraftStep::Retire,
        (Seal::Beyond, Some(_)) => return DraftStep::Late,
        (Seal::Other, Some(_)) => {
            return match (&sides.cloud, sides.since) {
                // Whoever made it let go of it, and this clone has nothing of its own in it.
                (None, Some(Relation::Same | Relation::Behind)) => DraftStep::Delete,
                _ => DraftStep::Conflict(DraftConflict::Promoted),
            };
        }
    }
    let Some(cloud) = &sides.cloud else {
        return match (&sides.local, &sides.adopted, sides.since) {
            (Some(_), Some(_), Some(Relation::Same | Relation::Behind)) => DraftStep::Delete,
            (Some(_), Some(_), Some(Relation::Ahead | Relation::Diverged)) => {
                DraftStep::Conflict(DraftConflict::Deleted)
            }
            // Never published, or made anew after what was published.
            _ => DraftStep::Keep,
        };
    };
    if let Some(invalid) = &sides.invalid {
        return DraftStep::Quarantine(invalid.clone());
    }
    match sides.relation {
        None => DraftStep::Adopt(cloud.clone()),
        Some(Relation::Same | Relation::Ahead) => DraftStep::Keep,
        Some(Relation::Behind) => DraftStep::Advance(cloud.clone()),
        Some(Relation::Diverged) => DraftStep::Merge(cloud.clone()),
        Some(Relation::Unrelated) => match sides.since {
            Some(Relation::Same | Relation::Behind) => DraftStep::Replace(cloud.clone()),
            _ => DraftStep::Conflict(DraftConflict::SameVersion),
        },
    }
}

/// What to do with one evolution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EvolutionStep {
    Adopt(Oid),
    Advance(Oid),
    Keep,
    /// It went into a release: the ref goes.
    Retire,
    /// It left the cloud, and this clone has nothing more of it: move it aside and say so.
    Leave,
    /// The same, and its number is another's in the cloud by now, which comes in its place.
    Replace(Oid),
    /// Its version was sealed without it.
    Late,
    /// The number is another's in the cloud: this clone's takes the next, and the cloud's comes
    /// in its place.
    Renumber(Oid),
    /// Its owner went on in two clones: this clone's proofs follow the cloud's.
    Replay(Oid),
    Quarantine(Invalid),
}

/// Decides about one evolution.
pub(crate) fn evolution(sides: &Sides, seal: Seal) -> EvolutionStep {
    match (seal, &sides.local) {
        (Seal::Open, _) => {}
        (_, None) => return EvolutionStep::Keep,
        (Seal::Folded, Some(_)) => return EvolutionStep::Retire,
        (Seal::Beyond | Seal::Other, Some(_)) => {
            return match (&sides.cloud, sides.since) {
                // It was abandoned, by its owner or by whoever promoted its version.
                (None, Some(Relation::Same | Relation::Behind)) => EvolutionStep::Leave,
                _ => EvolutionStep::Late,
            };
        }
    }
    let Some(cloud) = &sides.cloud else {
        return match sides.since {
            Some(Relation::Same | Relation::Behind) => EvolutionStep::Leave,
            _ => EvolutionStep::Keep,
        };
    };
    if let Some(invalid) = &sides.invalid {
        return EvolutionStep::Quarantine(invalid.clone());
    }
    match sides.relation {
        None => EvolutionStep::Adopt(cloud.clone()),
        Some(Relation::Same | Relation::Ahead) => EvolutionStep::Keep,
        Some(Relation::Behind) => EvolutionStep::Advance(cloud.clone()),
        Some(Relation::Diverged) => EvolutionStep::Replay(cloud.clone()),
        Some(Relation::Unrelated) => match sides.since {
            Some(Relation::Same | Relation::Behind) => EvolutionStep::Replace(cloud.clone()),
            _ => EvolutionStep::Renumber(cloud.clone()),
        },
    }
}

/// The next number for a change: one more than the highest that anybody has.
pub(crate) fn next_number(taken: impl IntoIterator<Item = u32>) -> u32 {
    taken.into_iter().max().unwrap_or(0).saturating_add(1)
}

/// What a pull did, by name.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Adopted {
    pub new: Vec<Version>,
    pub updated: Vec<Version>,
    /// Drafts whose two sides were joined.
    pub merged: Vec<Version>,
    /// Versions that this pull learnt to be promoted.
    pub promoted: Vec<Version>,
    /// Drafts that a colleague deleted; they can be restored for 30 days.
    pub deleted: Vec<Version>,
    /// Drafts that a colleague renamed.
    pub renamed: Vec<Renamed>,
    #[serde(serialize_with = "conflict::serialize")]
    #[cfg_attr(test, schemars(with = "Vec<conflict::Shape<Version, DraftConflict>>"))]
    pub conflicts: Vec<(Version, DraftConflict)>,
    /// Drafts with edits that came after the seal.
    pub late_drafts: Vec<Version>,
    pub new_evolutions: Vec<EvolutionName>,
    /// Evolutions that left the cloud; they are kept for 30 days.
    pub left: Vec<EvolutionName>,
    pub late_evolutions: Vec<EvolutionName>,
    /// Sealed evolutions to which something was added after the seal.
    pub late_proofs: Vec<EvolutionName>,
    /// How each draft stood before, but for those that everybody has.
    #[serde(skip)]
    pub states: BTreeMap<Version, SyncState>,
    /// This clone's evolutions that had to take another number: before and after.
    #[serde(serialize_with = "renumbered::serialize")]
    #[cfg_attr(
        test,
        schemars(with = "Vec<renumbered::Shape<EvolutionName, EvolutionName>>")
    )]
    pub renumbered: Vec<(EvolutionName, EvolutionName)>,
    /// Evolutions that their owner continued in two clones, and that were joined.
    pub replayed: Vec<EvolutionName>,
    /// Versions that this pull learnt to be withdrawn, and why.
    #[serde(rename = "withdrawals", serialize_with = "withdrawn::serialize")]
    #[cfg_attr(test, schemars(with = "Vec<withdrawn::Shape<Version, String>>"))]
    pub withdrawn: Vec<(Version, String)>,
    /// Entries of the ledger that this pull learnt to be disputed, and what for.
    #[serde(serialize_with = "disputed_entry::serialize")]
    #[cfg_attr(
        test,
        schemars(with = "Vec<disputed_entry::Shape<String, Vec<Dispute>>>")
    )]
    pub disputed: Vec<(String, Vec<Dispute>)>,
    /// Refs of the cloud that do not check, and why.
    #[serde(serialize_with = "quarantined::serialize")]
    #[cfg_attr(test, schemars(with = "Vec<quarantined::Shape<String, String>>"))]
    pub quarantined: Vec<(String, String)>,
}

/// A draft that was renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Renamed {
    #[serde(rename = "from")]
    pub old: Version,
    #[serde(rename = "to")]
    pub new: Version,
}

impl Adopted {
    /// The names of what came too late for its version's seal.
    pub(crate) fn late(&self) -> BTreeSet<String> {
        let drafts = self.late_drafts.iter().map(ToString::to_string);
        let evolutions = self.late_evolutions.iter().chain(&self.late_proofs);
        drafts.chain(evolutions.map(ToString::to_string)).collect()
    }

    /// Whether a person has to settle something about `version` first.
    pub(crate) fn is_in_conflict(&self, version: &Version) -> bool {
        self.conflicts.iter().any(|(v, _)| v == version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oid(n: u32) -> Oid {
        format!("{n:040x}").parse().unwrap()
    }

    fn sides(local: u32, cloud: u32, adopted: u32) -> Sides {
        let some = |n: u32| (n > 0).then(|| oid(n));
        // In these tests a higher number descends from a lower one.
        let relate = |a: u32, b: u32| {
            (a > 0 && b > 0).then(|| match a.cmp(&b) {
                std::cmp::Ordering::Less => Relation::Behind,
                std::cmp::Ordering::Equal => Relation::Same,
                std::cmp::Ordering::Greater => Relation::Ahead,
            })
        };
        Sides {
            local: some(local),
            cloud: some(cloud),
            adopted: some(adopted),
            relation: relate(local, cloud),
            since: relate(local, adopted),
            invalid: None,
        }
    }

    #[test]
    fn a_draft_follows_the_cloud_and_never_loses_an_edit() {
        let open = |l, c, a| draft(&sides(l, c, a), Seal::Open);
        assert_eq!(open(0, 2, 0), DraftStep::Adopt(oid(2)));
        assert_eq!(open(1, 2, 1), DraftStep::Advance(oid(2)));
        assert_eq!(open(2, 2, 2), DraftStep::Keep);
        assert_eq!(open(3, 2, 2), DraftStep::Keep);
        assert_eq!(open(1, 0, 0), DraftStep::Keep);
        assert_eq!(open(1, 0, 1), DraftStep::Delete);
        let edited = DraftStep::Conflict(DraftConflict::Deleted);
        assert_eq!(open(2, 0, 1), edited);
    }

    #[test]
    fn a_version_made_again_replaces_what_nobody_edited() {
        let mut again = sides(1, 5, 1);
        again.relation = Some(Relation::Unrelated);
        assert_eq!(draft(&again, Seal::Open), DraftStep::Replace(oid(5)));
        let mut edited = sides(2, 5, 1);
        edited.relation = Some(Relation::Unrelated);
        let conflict = DraftStep::Conflict(DraftConflict::SameVersion);
        assert_eq!(draft(&edited, Seal::Open), conflict);
    }

    #[test]
    fn the_ledger_wins_over_a_draft_that_is_still_seen() {
        let sealed = |l, c, seal| draft(&sides(l, c, c), seal);
        assert_eq!(sealed(0, 2, Seal::Folded), DraftStep::Keep);
        assert_eq!(sealed(2, 2, Seal::Folded), DraftStep::Retire);
        assert_eq!(sealed(3, 2, Seal::Beyond), DraftStep::Late);
        let other = DraftStep::Conflict(DraftConflict::Promoted);
        let made_here = Sides {
            adopted: None,
            since: None,
            ..sides(3, 0, 0)
        };
        assert_eq!(draft(&made_here, Seal::Other), other);
        assert_eq!(sealed(3, 2, Seal::Other), other);
        let let_go = draft(&sides(3, 0, 3), Seal::Other);
        assert_eq!(let_go, DraftStep::Delete);
    }

    #[test]
    fn what_does_not_check_touches_nothing() {
        let mut bad = sides(1, 2, 1);
        bad.invalid = Some(Invalid::new("x"));
        assert!(matches!(draft(&bad, Seal::Open), DraftStep::Quarantine(_)));
        assert!(matches!(
            evolution(&bad, Seal::Open),
            EvolutionStep::Quarantine(_)
        ));
    }

    #[test]
    fn a_number_belongs_to_whom_the_cloud_has() {
        let mut clash = sides(1, 2, 0);
        clash.relation = Some(Relation::Unrelated);
        assert_eq!(
            evolution(&clash, Seal::Open),
            EvolutionStep::Renumber(oid(2))
        );
        let mut left = sides(1, 2, 1);
        left.relation = Some(Relation::Unrelated);
        assert_eq!(evolution(&left, Seal::Open), EvolutionStep::Replace(oid(2)));
        assert_eq!(next_number([1, 3]), 4);
        assert_eq!(next_number([]), 1);
    }

    #[test]
    fn an_unshared_proof_outlives_its_ref_in_the_cloud() {
        assert_eq!(evolution(&sides(2, 0, 1), Seal::Open), EvolutionStep::Keep);
        assert_eq!(evolution(&sides(1, 0, 1), Seal::Open), EvolutionStep::Leave);
        assert_eq!(
            evolution(&sides(2, 0, 1), Seal::Beyond),
            EvolutionStep::Late
        );
        let abandoned = evolution(&sides(1, 0, 1), Seal::Other);
        assert_eq!(abandoned, EvolutionStep::Leave);
    }

    #[test]
    fn a_draft_has_one_state_whoever_asks() {
        let keep = |relation| DraftStep::Keep.state(relation);
        assert_eq!(keep(None), SyncState::NotSynced);
        assert_eq!(keep(Some(Relation::Same)), SyncState::Synced);
        assert_eq!(keep(Some(Relation::Ahead)), SyncState::Pending);
        let after = |step: DraftStep| step.state(Some(Relation::Diverged));
        assert_eq!(after(DraftStep::Merge(oid(1))), SyncState::Diverged);
        let clash = DraftStep::Conflict(DraftConflict::Edited);
        assert_eq!(after(clash), SyncState::Conflict);
        assert_eq!(after(DraftStep::Late), SyncState::Conflict);
        assert_eq!(after(DraftStep::Delete), SyncState::Behind);
    }

    const RELATIONS: [Relation; 5] = [
        Relation::Same,
        Relation::Ahead,
        Relation::Behind,
        Relation::Diverged,
        Relation::Unrelated,
    ];

    /// All that can be known of a ref, in every combination.
    fn everything() -> Vec<(Sides, Seal)> {
        let mut all = Vec::new();
        let relations = |both: bool| match both {
            true => RELATIONS.map(Some).to_vec(),
            false => vec![None],
        };
        for at in 0..8 {
            let (here, there, before) = (at & 1 > 0, at & 2 > 0, at & 4 > 0);
            for relation in relations(here && there) {
                for since in relations(here && before) {
                    let broken = there.then(|| Some(Invalid::new("it is broken")));
                    for invalid in std::iter::once(None).chain(broken) {
                        for seal in [Seal::Open, Seal::Folded, Seal::Beyond, Seal::Other] {
                            let sides = Sides {
                                local: here.then(|| oid(1)),
                                cloud: there.then(|| oid(2)),
                                adopted: before.then(|| oid(3)),
                                relation,
                                since,
                                invalid: invalid.clone(),
                            };
                            all.push((sides, seal));
                        }
                    }
                }
            }
        }
        all
    }

    #[test]
    fn no_step_takes_away_what_only_this_clone_has() {
        for (sides, seal) in everything() {
            // What was taken over from the cloud, and not touched since, is known there.
            let known = matches!(sides.since, Some(Relation::Same | Relation::Behind));
            let folded = seal == Seal::Folded;
            let place = format!("{sides:?} {seal:?}");
            match draft(&sides, seal) {
                DraftStep::Delete | DraftStep::Replace(_) => assert!(known, "{place}"),
                DraftStep::Retire => assert!(folded, "{place}"),
                DraftStep::Advance(_) => {
                    assert_eq!(sides.relation, Some(Relation::Behind), "{place}");
                }
                DraftStep::Adopt(_) => assert!(sides.local.is_none(), "{place}"),
                DraftStep::Keep
                | DraftStep::Merge(_)
                | DraftStep::Late
                | DraftStep::Conflict(_)
                | DraftStep::Quarantine(_) => {}
            }
            match evolution(&sides, seal) {
                EvolutionStep::Leave | EvolutionStep::Replace(_) => assert!(known, "{place}"),
                EvolutionStep::Retire => assert!(folded, "{place}"),
                EvolutionStep::Advance(_) => {
                    assert_eq!(sides.relation, Some(Relation::Behind), "{place}");
                }
                EvolutionStep::Adopt(_) => assert!(sides.local.is_none(), "{place}"),
                EvolutionStep::Keep
                | EvolutionStep::Late
                | EvolutionStep::Renumber(_)
                | EvolutionStep::Replay(_)
                | EvolutionStep::Quarantine(_) => {}
            }
        }
    }

    #[test]
    fn what_is_open_and_does_not_check_is_never_taken_over() {
        for (sides, _) in everything() {
            let draft = draft(&sides, Seal::Open);
            let evolution = evolution(&sides, Seal::Open);
            let refused = matches!(draft, DraftStep::Quarantine(_))
                && matches!(evolution, EvolutionStep::Quarantine(_));
            assert_eq!(refused, sides.invalid.is_some(), "{sides:?}");
        }
    }

    #[test]
    fn every_row_is_written_down() {
        let mut table = String::new();
        let word = |relation: Option<Relation>| match relation {
            None => "-".to_owned(),
            Some(relation) => format!("{relation:?}"),
        };
        for (sides, seal) in everything() {
            let has = |oid: &Option<Oid>, sign| if oid.is_some() { sign } else { '.' };
            let there = match (&sides.cloud, &sides.invalid) {
                (None, _) => '.',
                (Some(_), None) => 'C',
                (Some(_), Some(_)) => '!',
            };
            table += &format!(
                "{}{there}{} {:9} {:9} {:6} | {:28} {:?}\n",
                has(&sides.local, 'L'),
                has(&sides.adopted, 'A'),
                word(sides.relation),
                word(sides.since),
                format!("{seal:?}"),
                name(&format!("{:?}", draft(&sides, seal))),
                evolution(&sides, seal),
            );
        }
        let table: Vec<&str> = table.lines().map(|line| name(line).trim_end()).collect();
        let head = "\
# What a pull does with a ref (L here, C in the cloud, ! there and broken, A as last taken over), by how it
# stands to the cloud's, how it stands to what was taken over, and how its version is sealed: with a draft,
# and with an evolution. Written by `UPDATE_EXPECT=1 cargo test --lib reconcile`.
";
        let table = format!("{head}{}\n", table.join("\n"));
        expect_test::expect_file!["../../fixtures/golden/reconcile.txt"].assert_eq(&table);
    }

    /// A step without the oid that it goes to.
    fn name(step: &str) -> &str {
        let oid = step.find("(Oid").or_else(|| step.find("(Invalid"));
        oid.map_or(step, |at| &step[..at])
    }
}
