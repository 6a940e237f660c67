//! What a release was built into: which artifacts its entry seals, and what they say of a file (docs/policy.md, "Artifacts").

use super::artifact::{ArtifactName, Digest, MadeBy, SealedArtifact};
use super::evolution::{Attempt, EvolutionName};
use super::mailmap::People;
use super::policies::Rules;
use super::policy::Policy;
use super::sealed::Sealed;
use super::{ChangeId, Contract, Exit, Oid, Person, Refusal, Version};
use serde::Serialize;

/// The artifacts that a release seals: those of the proofs that count and ran on its very tree, made by whom both
/// policies name. `attempts` are as both policies hear them.
pub(crate) fn to_seal(
    rules: &Rules,
    contract: &Contract,
    generation: &Oid,
    tree: &Oid,
    attempts: &[Attempt],
) -> Vec<SealedArtifact> {
    let mut found: Vec<SealedArtifact> = Vec::new();
    if !rules.by.has_coverage() {
        return found;
    }
    let previous = rules.previous.as_ref().map(|(_, policy)| policy);
    let policies = || [Some(&rules.present), previous].into_iter().flatten();
    for attempt in attempts {
        let change = contract.change(&attempt.name.change);
        let counts = change.is_some_and(|change| attempt.says(change, generation).passes());
        let Some(proof) = attempt
            .proof
            .as_ref()
            .filter(|proof| counts && proof.tree == *tree)
        else {
            continue;
        };
        if !policies().all(|policy| is_from(policy, attempt, &rules.people)) {
            continue;
        }
        let by = MadeBy {
            change: attempt.name.change.clone(),
            number: attempt.name.number,
        };
        for artifact in &proof.artifacts {
            match found.iter_mut().find(|known| known.artifact == *artifact) {
                Some(known) => known.by.push(by.clone()),
                None => found.push(SealedArtifact {
                    artifact: artifact.clone(),
                    by: vec![by.clone()],
                }),
            }
        }
    }
    found.sort_by(|a, b| a.artifact.cmp(&b.artifact));
    found
}

pub(super) fn is_from(policy: &Policy, attempt: &Attempt, people: &People) -> bool {
    let Some(from) = policy
        .artifacts
        .as_ref()
        .and_then(|said| said.from.as_ref())
    else {
        return true;
    };
    let evidence = attempt
        .proof
        .as_ref()
        .and_then(|proof| proof.evidence.as_ref());
    let engine = evidence.and_then(|evidence| evidence.engine.as_deref());
    from.iter().any(|who| match who.contains('@') {
        true => people.has(&attempt.evolution.owner, who),
        false => engine.is_some_and(|engine| engine.eq_ignore_ascii_case(who)),
    })
}

/// What a release's artifacts come to: each name once.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Released {
    pub name: ArtifactName,
    /// What was made under that name; where it is settled, the one that was released.
    pub made: Vec<Made>,
    /// Whether two were made, and the promotion chose none.
    pub contested: bool,
    /// Whether different people made others, and the promotion chose.
    pub chosen: bool,
}

/// A built file, and the people whose proofs name it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Made {
    pub size: u64,
    pub sha256: Digest,
    /// Who proved it: the owners of the evolutions, each once.
    #[serde(rename = "built_by")]
    pub by: Vec<Person>,
    /// One of those evolutions.
    #[serde(skip)]
    pub first: Option<MadeBy>,
}

/// The artifacts of a release.
pub(crate) fn released(sealed: &Sealed) -> Vec<Released> {
    let evolutions = sealed.evolutions.iter();
    let owners = evolutions.map(|folded| (&folded.change, folded.number, &folded.owner));
    gathered(
        &sealed.artifacts,
        &owners.collect::<Vec<_>>(),
        sealed.artifacts_of.as_ref(),
    )
}

/// Each name once, with the owners of the evolutions that made it.
pub(crate) fn gathered(
    artifacts: &[SealedArtifact],
    owners: &[(&ChangeId, u32, &Person)],
    choice: Option<&MadeBy>,
) -> Vec<Released> {
    let mut found: Vec<Released> = Vec::new();
    for one in artifacts {
        let of_this = owners
            .iter()
            .filter(|(change, number, _)| one.by.iter().any(|by| by.is(change, *number)));
        let mut by: Vec<Person> = Vec::new();
        for (.., owner) in of_this {
            if !by.iter().any(|known| known.is(owner)) {
                by.push((*owner).clone());
            }
        }
        let made = Made {
            size: one.artifact.size,
            sha256: one.artifact.sha256.clone(),
            by,
            first: one.by.first().cloned(),
        };
        match found
            .iter_mut()
            .find(|known| known.name == one.artifact.name)
        {
            Some(known) => known.made.push(made),
            None => found.push(Released {
                name: one.artifact.name.clone(),
                made: vec![made],
                contested: false,
                chosen: false,
            }),
        }
    }
    for released in found.iter_mut().filter(|released| released.made.len() > 1) {
        let chosen = choice.and_then(|choice| {
            let mut all = artifacts
                .iter()
                .filter(|one| one.artifact.name == released.name);
            all.find(|one| one.by.contains(choice))
        });
        match chosen {
            Some(one) => {
                released
                    .made
                    .retain(|made| made.sha256 == one.artifact.sha256);
                released.chosen = true;
            }
            None => released.contested = true,
        }
    }
    found
}

/// The evolution that `--artifacts-of` names, as the entry says it.
///
/// # Errors
/// [`Exit::Invalid`] where it is none that made an artifact of the release.
pub(crate) fn choice(
    text: &str,
    version: &Version,
    made: &[SealedArtifact],
) -> Result<MadeBy, Refusal> {
    let name: Option<EvolutionName> = text.parse().ok();
    let name = name.or_else(|| format!("{version}/{text}").parse().ok());
    let mut all: Vec<&MadeBy> = made.iter().flat_map(|one| &one.by).collect();
    let found = name.and_then(|name| {
        let mut named = all
            .iter()
            .filter(|by| name.version == *version && by.is(&name.change, name.number));
        named.next().copied().cloned()
    });
    found.ok_or_else(|| {
        let what = format!("{text} made no artifact that {version} seals");
        let refusal = Refusal::new(Exit::Invalid, what);
        all.dedup();
        let names: Vec<String> = all.iter().map(ToString::to_string).collect();
        match names.is_empty() {
            true => refusal
                .because("No counted proof of the release commit's own tree made an artifact"),
            false => refusal.because(format!(
                "These evolutions have artifacts: {}",
                names.join(", ")
            )),
        }
    })
}

/// What is said of a release's artifacts, a line each: which builds agree, and which do not.
pub(crate) fn lines(released: &[Released]) -> Vec<String> {
    let say = |released: &Released| {
        let name = &released.name;
        let who = |made: &Made| {
            let names: Vec<&str> = made.by.iter().map(|by| by.name.as_str()).collect();
            names.join(" and ")
        };
        match released.made.as_slice() {
            [one] if released.chosen => {
                let (digest, who) = (&one.sha256, who(one));
                format!("{name} is {who}'s, whose digest was chosen: {digest}")
            }
            [one] if one.by.len() > 1 => {
                format!(
                    "{name} was built by {}, with the same digest: {}",
                    who(one),
                    one.sha256
                )
            }
            [one] => format!("{name} was built by {}: {}", who(one), one.sha256),
            several => {
                let builds: Vec<String> = several
                    .iter()
                    .map(|made| format!("{} by {}", made.sha256, who(made)))
                    .collect();
                format!(
                    "{name} is contested, its builds differ: {}",
                    builds.join(", ")
                )
            }
        }
    };
    released.iter().map(say).collect()
}

/// What a file comes to beside what releases sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Standing {
    /// A release sealed this exact file.
    Sealed,
    /// One seals the name, and builds of it differ, this one being among them.
    Contested,
    /// One seals the name with another digest.
    Other,
    Unknown,
}

/// How a file of that name and digest stands to a release's artifact.
pub(crate) fn standing(released: &Released, file: &str, digest: &Digest) -> Standing {
    let holds = released.made.iter().any(|made| made.sha256 == *digest);
    match (holds, released.contested) {
        (true, false) => Standing::Sealed,
        (true, true) => Standing::Contested,
        (false, _) if released.name.file() == file => Standing::Other,
        (false, _) => Standing::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use std::slice::from_ref;

    use super::super::evolution::tests::attempt;
    use super::super::proof::Outcome;
    use super::super::rules::RuleSet;
    use super::*;
    use crate::model::artifact::*;

    fn artifact(name: &str, digit: char) -> Artifact {
        Artifact {
            name: name.to_owned().try_into().unwrap(),
            size: 1,
            sha256: digit.to_string().repeat(64).try_into().unwrap(),
        }
    }

    fn sealed(policy: &str, of: [&[Artifact]; 2]) -> Vec<SealedArtifact> {
        let text = "version: v1.0.0\nchanges:\n- {type: add, id: A, title: a}\n";
        let contract = Contract::parse(text.as_bytes(), &"v1.0.0".parse().unwrap()).unwrap();
        let rules = Rules {
            by: RuleSet::CURRENT,
            present: Policy::parse(policy.as_bytes()).unwrap(),
            ..Rules::default()
        };
        let mut attempts = [("ann", 1), ("bob", 2)]
            .map(|(who, number)| attempt(&contract.changes[0], who, number, Some(Outcome::Pass)));
        for (attempt, of) in attempts.iter_mut().zip(of) {
            attempt.proof.as_mut().unwrap().artifacts = of.to_vec();
        }
        let tree = attempts[0].proof.as_ref().unwrap().tree.clone();
        let generation = attempts[0].evolution.generation.clone();
        to_seal(&rules, &contract, &generation, &tree, &attempts)
    }

    #[test]
    fn what_two_people_built_agrees_or_is_contested_and_only_theirs_is_sealed() {
        let (one, other) = (artifact("app", '1'), artifact("app", '2'));
        let same = sealed("", [from_ref(&one), from_ref(&one)]);
        assert_eq!((same.len(), same[0].by.len()), (1, 2));
        let differ = sealed("", [from_ref(&one), from_ref(&other)]);
        assert_eq!(differ.len(), 2);
        let from = "artifacts: {from: [bob@example.com, GitHub Actions]}";
        assert_eq!(
            sealed(from, [from_ref(&one), from_ref(&other)])[0].artifact,
            other
        );
        assert_eq!(
            choice("A/rc.2", &"v1.0.0".parse().unwrap(), &differ)
                .unwrap()
                .number,
            2
        );
        assert_eq!(
            choice("v1.0.0/a/rc.1", &"v1.0.0".parse().unwrap(), &differ)
                .unwrap()
                .number,
            1
        );
        let refusal = choice("A/rc.3", &"v1.0.0".parse().unwrap(), &differ).unwrap_err();
        assert_eq!(
            refusal.why,
            ["These evolutions have artifacts: A/rc.1, A/rc.2"]
        );
    }

    #[test]
    fn a_name_is_one_of_a_file_and_stands_once_in_a_proof() {
        let name = |text: &str| ArtifactName::try_from(text.to_owned());
        for good in ["app-1.0+b_2.tar.gz", "linux/app", "My App.dmg", "é"] {
            assert!(name(good).is_ok(), "{good}");
        }
        for bad in ["", "a/../b", "/a", "a/", "a\nb", "a\\b", "a\u{202e}b", " a"] {
            assert!(name(bad).is_err(), "{bad}");
        }
        assert!(Digest::try_from("A".repeat(64)).is_err());
        let one = artifact("a", '1');
        assert!(check(from_ref(&one)).is_ok());
        assert!(check(&[one.clone(), one]).is_err());
    }
}
