//! Where a generation stands: what is proven, by whom, and what is missing.

use serde::Serialize;

use super::evolution::{Attempt, Says};
use super::{ChangeId, Contract, Oid, Person};

/// How far one change has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "progress", rename_all = "snake_case")]
pub enum Progress {
    NotStarted,
    Started,
    /// Every attempt was abandoned.
    Abandoned,
    Failed,
    /// It passed, and that does not count.
    Stale {
        #[serde(rename = "reason")]
        why: String,
    },
    /// It passed, at a commit that the release does not hold.
    Elsewhere {
        /// Whether the cloud's branch holds it, so that a pull of code is all that is missing.
        pull: bool,
    },
    Proven,
}

/// One change and its most telling evolution.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Standing {
    pub change: ChangeId,
    pub title: String,
    #[serde(flatten)]
    pub progress: Progress,
    /// The owner of the evolution that says so.
    pub owner: Option<Person>,
    /// Its number.
    pub number: Option<u32>,
    /// A branch that holds the proven commit where the release does not.
    pub branch: Option<String>,
}

impl Standing {
    /// Whether it is proven; whether at a commit that is released, is another gate's question.
    pub fn proven(&self) -> bool {
        matches!(self.progress, Progress::Proven | Progress::Elsewhere { .. })
    }
}

/// Each change of `contract` in its order, judged by the attempts at it.
///
/// A passing attempt outweighs every other; among equals the latest number speaks.
pub(crate) fn standings(
    contract: &Contract,
    generation: &Oid,
    attempts: &[Attempt],
) -> Vec<Standing> {
    let judge = |change: &super::Change| {
        let best = attempts
            .iter()
            .filter(|a| a.name.change.is(&change.id) && a.evolution.generation == *generation)
            .map(|a| (a, progress(a.says(change, generation))))
            .max_by_key(|(a, progress)| (weight(progress), a.name.number));
        let (speaker, progress) = match best {
            Some((attempt, progress)) => (Some(attempt), progress),
            None => (None, Progress::NotStarted),
        };
        Standing {
            change: change.id.clone(),
            title: change.title.clone(),
            progress,
            owner: speaker.map(|a| a.evolution.owner.clone()),
            number: speaker.map(|a| a.name.number),
            branch: speaker.and_then(|a| a.branch.clone()),
        }
    };
    contract.changes.iter().map(judge).collect()
}

fn progress(says: Says) -> Progress {
    match says {
        Says::Nothing => Progress::Started,
        Says::GivenUp(_) => Progress::Abandoned,
        Says::PassesElsewhere { pull } => Progress::Elsewhere { pull },
        Says::Fails => Progress::Failed,
        Says::PassesInVain(why) => Progress::Stale { why },
        Says::Passes => Progress::Proven,
    }
}

fn weight(progress: &Progress) -> u8 {
    match progress {
        Progress::NotStarted => 0,
        Progress::Abandoned => 1,
        Progress::Started => 2,
        Progress::Failed => 3,
        Progress::Stale { .. } => 4,
        Progress::Elsewhere { .. } => 5,
        Progress::Proven => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::super::evolution::tests::attempt;
    use super::super::proof::Outcome;
    use super::*;

    #[test]
    fn one_passing_attempt_is_enough() {
        let version = "v1.0.0".parse().unwrap();
        let text = "version: v1.0.0\nchanges:\n- {type: add, id: A, title: a}\n\
                    - {type: fix, id: B, title: b}\n- {type: fix, id: C, title: c}\n";
        let contract = Contract::parse(text.as_bytes(), &version).unwrap();
        let generation: Oid = format!("{:040x}", 7).parse().unwrap();
        let [a, b, _] = &contract.changes[..] else {
            panic!()
        };
        let tried = [
            attempt(a, "ann", 1, Some(Outcome::Pass)),
            attempt(a, "bob", 2, Some(Outcome::Fail)),
            attempt(b, "cat", 1, None),
        ];
        let found = standings(&contract, &generation, &tried);
        assert_eq!(found[0].progress, Progress::Proven);
        let owner = found[0].owner.as_ref().map(|owner| owner.name.as_str());
        assert_eq!(owner, Some("ann"));
        assert_eq!(found[1].progress, Progress::Started);
        assert_eq!(found[2].progress, Progress::NotStarted);
    }
}
