//! Taking evolutions from a contributor's fork: what is added to this clone's, one by one
//! (docs/remotes.md). Nothing of a fork ever replaces anything.

use super::shaped::{renumbered, unsound};
use serde::Serialize;

use super::reconcile::Relation;
use super::{EvolutionName, Invalid, Person};

/// What is known of one evolution of a fork.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offer {
    /// Whether its generation is a draft of this clone.
    pub declared: bool,
    /// Whether its version is promoted.
    pub sealed: bool,
    /// How this clone's evolution of the same root stands to it, where there is one.
    pub relation: Option<Relation>,
    /// What is wrong with it.
    pub invalid: Option<Invalid>,
}

/// What to do with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It is new here.
    Take,
    /// Move on to it.
    Advance,
    Keep,
    /// Its generation is not known here.
    Unknown,
    /// Its version was promoted without it.
    Late,
    Quarantine(Invalid),
}

/// Decides what to do with an offer.
pub(crate) fn step(offer: &Offer) -> Step {
    match offer {
        Offer {
            invalid: Some(invalid),
            ..
        } => Step::Quarantine(invalid.clone()),
        Offer { sealed: true, .. } => Step::Late,
        Offer {
            declared: false, ..
        } => Step::Unknown,
        Offer { relation, .. } => match relation {
            None => Step::Take,
            Some(Relation::Behind) => Step::Advance,
            Some(_) => Step::Keep,
        },
    }
}

/// What a pull from a fork brought.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Brought {
    pub remote: String,
    pub new: Vec<EvolutionName>,
    /// In whose names those are.
    pub owners: Vec<Person>,
    pub updated: Vec<EvolutionName>,
    /// Names there, and names here: the number was another's.
    #[serde(serialize_with = "renumbered::serialize")]
    #[cfg_attr(
        test,
        schemars(with = "Vec<renumbered::Shape<EvolutionName, EvolutionName>>")
    )]
    pub renumbered: Vec<(EvolutionName, EvolutionName)>,
    /// Those of generations that this clone does not have.
    pub unknown: Vec<EvolutionName>,
    pub late: Vec<EvolutionName>,
    /// What does not check, and why.
    #[serde(serialize_with = "unsound::serialize")]
    #[cfg_attr(test, schemars(with = "Vec<unsound::Shape<EvolutionName, String>>"))]
    pub quarantined: Vec<(EvolutionName, String)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fork_only_ever_adds() {
        let open = Offer {
            declared: true,
            sealed: false,
            relation: None,
            invalid: None,
        };
        assert_eq!(step(&open), Step::Take);
        for (relation, expected) in [
            (Relation::Behind, Step::Advance),
            (Relation::Same, Step::Keep),
            (Relation::Ahead, Step::Keep),
            (Relation::Diverged, Step::Keep),
        ] {
            let offer = Offer {
                relation: Some(relation),
                ..open.clone()
            };
            assert_eq!(step(&offer), expected);
        }
        let undeclared = Offer {
            declared: false,
            ..open.clone()
        };
        assert_eq!(step(&undeclared), Step::Unknown);
        let sealed = Offer {
            sealed: true,
            ..undeclared
        };
        assert_eq!(step(&sealed), Step::Late);
        let invalid = Offer {
            invalid: Some(Invalid::new("broken")),
            ..open
        };
        assert!(matches!(step(&invalid), Step::Quarantine(_)));
    }
}
