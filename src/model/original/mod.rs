//! The record of the original Python tool, row by row as its database has it, and what of it can
//! be brought over (docs/migrating.md, "From the original tool").

mod person;

use std::collections::BTreeMap;

use super::change::ChangeKind;
use super::edit::{self, Edit};
use super::evolution::Claim;
use super::import::Imported;
use super::proof::{StepEnd, StepResult};
use super::{Change, ChangeId, Contract, Invalid, Oid, Person, Stamp, Version};
use person::dated;

pub(crate) use person::{People, person};

/// A generation with what belongs to it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Generation {
    pub id: String,
    pub version: String,
    pub description: Option<String>,
    pub status: String,
    pub created_at: Option<String>,
    pub created_by: Option<String>,
    pub promoted_at: Option<String>,
    pub promoted_by: Option<String>,
    pub changes: Vec<Declared>,
    /// In the order in which they were started.
    pub evolutions: Vec<Evolution>,
}

/// A change of a generation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Declared {
    pub kind: String,
    pub id: String,
    pub title: String,
    pub description: Option<String>,
}

/// An evolution, and the pipeline's run for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evolution {
    pub id: String,
    pub change: String,
    pub name: String,
    pub tag: Option<String>,
    pub status: String,
    pub started_at: Option<String>,
    pub created_by: Option<String>,
    /// How the pipeline ended; none where no run is recorded.
    pub run: Option<String>,
    pub steps: Vec<Step>,
}

/// A step of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Step {
    pub name: String,
    pub status: String,
    /// Seconds.
    pub duration: f64,
}

/// What the record does not say: this repository's side of it.
pub(crate) struct Known<'a> {
    /// The commit that a tag or an id names here.
    pub commit: &'a dyn Fn(&str) -> Option<Oid>,
    /// The contract's file beside the database, where there is one.
    pub file: &'a dyn Fn(&str) -> Option<Vec<u8>>,
    /// The commits that the record gives for versions.
    pub commits: &'a BTreeMap<String, String>,
    pub people: &'a People,
}

/// What becomes of one generation.
#[derive(Clone, Debug)]
pub(crate) enum Fate {
    /// It was released: its version is taken.
    Released(Imported),
    Draft(Draft),
    /// It is left out, and why.
    Left(String),
}

/// A generation that is not released yet.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub version: Version,
    pub text: String,
    pub by: Person,
    pub at: Stamp,
    /// The record's own id of it.
    pub id: String,
    pub attempts: Vec<Recorded>,
}

/// An evolution of a draft.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub id: String,
    pub claim: Claim,
    /// What stands for it; none where nobody can vouch for it.
    pub proven: Option<(Oid, Vec<StepResult>)>,
    /// The change as the contract has it.
    pub change: Change,
}

/// What becomes of `generation`, and what was left out of it.
pub(crate) fn fate(generation: &Generation, known: &Known<'_>) -> (Fate, Vec<String>) {
    let mut notes = Vec::new();
    let version: Version = match generation.version.parse() {
        Ok(version) => version,
        Err(invalid) => return (Fate::Left(Invalid::to_string(&invalid)), notes),
    };
    let by = known.people.who(generation.created_by.as_deref());
    let created = generation.created_at.as_deref();
    let at = dated(&generation.version, "created_at", created, &mut notes).unwrap_or_default();
    let fate = match generation.status.as_str() {
        "promoted" => released(generation, version, at, known, &mut notes),
        "draft" | "active" | "" => match text(generation, &version, known, &mut notes) {
            Ok((text, contract)) => Fate::Draft(Draft {
                attempts: attempts(generation, &contract, known, &mut notes),
                version,
                text,
                by,
                at,
                id: generation.id.clone(),
            }),
            Err(invalid) => Fate::Left(invalid.to_string()),
        },
        other => Fate::Left(format!("its status is {other}")),
    };
    (fate, notes)
}

fn released(
    generation: &Generation,
    version: Version,
    created: Stamp,
    known: &Known<'_>,
    notes: &mut Vec<String>,
) -> Fate {
    let contract = match text(generation, &version, known, notes) {
        Ok((_, contract)) => contract,
        Err(invalid) => return Fate::Left(invalid.to_string()),
    };
    let recorded = known.commits.get(&generation.version);
    let tag = format!("refs/tags/{version}");
    let commit = (known.commit)(&tag).or_else(|| (known.commit)(recorded?));
    if commit.is_none() {
        notes.push(format!("{version}: no commit of it is known here"));
    }
    let claims = attempts(generation, &contract, known, notes);
    let promoted = generation.promoted_at.as_deref();
    let promoted = dated(&generation.version, "promoted_at", promoted, notes);
    Fate::Released(Imported {
        version,
        description: contract.description,
        commit,
        by: known.people.who(generation.promoted_by.as_deref()),
        at: promoted.unwrap_or(created),
        changes: contract.changes,
        claims: claims.into_iter().map(|attempt| attempt.claim).collect(),
    })
}

/// The contract: the file's text, since the record drops a change whose id another version has;
/// and what only the record has put in.
fn text(
    generation: &Generation,
    version: &Version,
    known: &Known<'_>,
    notes: &mut Vec<String>,
) -> Result<(String, Contract), Invalid> {
    let filed = (known.file)(&generation.version);
    let parsed = filed.and_then(|text| {
        let text = String::from_utf8_lossy(&text).into_owned();
        match Contract::parse(text.as_bytes(), version) {
            Ok(contract) => Some((text, contract)),
            Err(invalid) => {
                notes.push(format!("{version}: its file is left out: {invalid}"));
                None
            }
        }
    });
    let (text, contract) = match parsed {
        Some(parsed) => parsed,
        None => {
            let blank = Contract::blank(version, generation.description.as_deref());
            let contract = Contract::parse(blank.as_bytes(), version)?;
            (blank, contract)
        }
    };
    let mut missing = Vec::new();
    for declared in &generation.changes {
        match declared.read() {
            Ok(change) if contract.change(&change.id).is_none() => missing.push(Edit::Put(change)),
            Ok(_) => {}
            Err(invalid) => notes.push(format!("{version}: a change is left out: {invalid}")),
        }
    }
    let text = edit::apply(&text, &contract, &missing)?;
    let contract = Contract::parse(text.as_bytes(), version)?;
    Ok((text, contract))
}

impl Declared {
    fn read(&self) -> Result<Change, Invalid> {
        let kind: ChangeKind = self.kind.parse()?;
        // An id with a colon in it would be taken for a shorter one.
        let id: ChangeId = self.id.parse()?;
        let mut change: Change = format!("{kind}:{}:{}", id.as_str(), self.title).parse()?;
        let described = self.description.as_deref().map(str::trim);
        change.description = described.filter(|d| !d.is_empty()).map(str::to_owned);
        Ok(change)
    }
}

fn attempts(
    generation: &Generation,
    contract: &Contract,
    known: &Known<'_>,
    notes: &mut Vec<String>,
) -> Vec<Recorded> {
    let mut found = Vec::new();
    for evolution in &generation.evolutions {
        let id: Option<ChangeId> = evolution.change.parse().ok();
        let Some(change) = id.and_then(|id| contract.change(&id)) else {
            notes.push(format!(
                "{}: {} is left out: its contract has no change {}",
                contract.version, evolution.name, evolution.change
            ));
            continue;
        };
        let vouched = vouch(evolution, known);
        let of = format!("{}: {}", contract.version, evolution.name);
        let started = evolution.started_at.as_deref();
        found.push(Recorded {
            id: evolution.id.clone(),
            claim: Claim {
                id: match evolution.id.as_str() {
                    "" => evolution.name.clone(),
                    id => id.to_owned(),
                },
                change: change.id.clone(),
                name: evolution.name.clone(),
                status: evolution.status.clone(),
                owner: known.people.who(evolution.created_by.as_deref()),
                at: dated(&of, "started_at", started, notes).unwrap_or_default(),
                tag: evolution.tag.clone(),
                why: vouched.as_ref().err().cloned(),
            },
            proven: vouched.ok(),
            change: change.clone(),
        });
    }
    found
}

/// Whether the record bears out that an evolution passed: a run that ended well, every step of it
/// too, at a commit that is known here. The original recorded a failing step as a pass.
fn vouch(evolution: &Evolution, known: &Known<'_>) -> Result<(Oid, Vec<StepResult>), String> {
    if evolution.status != "pass" {
        return Err(format!("it ended as {}", evolution.status));
    }
    if evolution.run.as_deref() != Some("success") {
        return Err("no run that ended well is recorded".into());
    }
    if let Some(step) = evolution.steps.iter().find(|step| !step.passed()) {
        return Err(format!(
            "its step {} is recorded as {}",
            step.name, step.status
        ));
    }
    if evolution.steps.is_empty() {
        return Err("no step of its run is recorded".into());
    }
    let tag = evolution.tag.as_ref();
    let tag = tag.ok_or("no commit is recorded with it")?;
    let commit = (known.commit)(&format!("refs/tags/{tag}"));
    let commit = commit.ok_or_else(|| format!("its tag {tag} is not here"))?;
    Ok((commit, evolution.steps.iter().map(Step::result).collect()))
}

impl Step {
    fn passed(&self) -> bool {
        matches!(self.status.as_str(), "success" | "pass" | "passed")
    }

    fn result(&self) -> StepResult {
        StepResult {
            name: self.name.clone(),
            status: StepEnd::Pass,
            exit: Some(0),
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a float too large or below zero becomes the nearest number that there is"
            )]
            duration_ms: (self.duration * 1000.0) as u64,
            tries: 1,
            allowed: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_every_zone_are_read_and_others_are_noted() {
        for (text, read) in [
            ("2026-11-22 08:52:41.658527", "2026-11-22T08:52:41+00:00"),
            ("2026-11-22T08:52:41", "2026-11-22T08:52:41+00:00"),
            ("2026-11-22T08:52:41Z", "2026-11-22T08:52:41+00:00"),
            ("2026-11-22T08:52:41.5-03:30", "2026-11-22T08:52:41-03:30"),
            ("2026-11-22 08:52:41+02:00", "2026-11-22T08:52:41+02:00"),
            (
                "2026-11-22 08:52:41.658527+0530",
                "2026-11-22T08:52:41+05:30",
            ),
            (" 2026-11-22 ", "2026-11-22T00:00:00+00:00"),
        ] {
            let mut notes = Vec::new();
            let at = dated("v1", "created_at", Some(text), &mut notes).unwrap();
            assert_eq!(at.to_rfc3339(), read);
            assert!(notes.is_empty(), "{notes:?}");
        }
        for text in [
            "",
            "nonsense",
            "1969-12-31 23:59:59",
            "22.11.2026",
            "1767323045",
        ] {
            let mut notes = Vec::new();
            assert_eq!(dated("v1", "created_at", Some(text), &mut notes), None);
            assert!(notes[0].contains(&format!("`{text}`")), "{notes:?}");
        }
        let mut notes = Vec::new();
        assert_eq!(dated("v1", "created_at", None, &mut notes), None);
        assert!(notes.is_empty(), "{notes:?}");
    }

    fn people() -> People {
        People {
            said: BTreeMap::from([("local".into(), person("Ann <ann@example.com>").unwrap())]),
        }
    }

    fn one() -> Generation {
        Generation {
            id: "g1".into(),
            version: "v1.0.0".into(),
            status: "draft".into(),
            created_at: Some("2026-11-22 08:52:41.658527".into()),
            created_by: Some("local".into()),
            changes: vec![Declared {
                kind: "add".into(),
                id: "A".into(),
                title: "User login".into(),
                description: None,
            }],
            evolutions: vec![Evolution {
                id: "e1".into(),
                change: "A".into(),
                name: "noble-galaxy".into(),
                tag: Some("t1".into()),
                status: "pass".into(),
                run: Some("success".into()),
                steps: vec![Step {
                    name: "check".into(),
                    status: "success".into(),
                    duration: 0.25,
                }],
                ..Evolution::default()
            }],
            ..Generation::default()
        }
    }

    fn decide(generation: &Generation, file: Option<&str>) -> (Fate, Vec<String>) {
        let oid: Oid = format!("{:040x}", 5).parse().unwrap();
        let known = Known {
            commit: &|rev| (rev == "refs/tags/t1").then(|| oid.clone()),
            file: &|_| file.map(Into::into),
            commits: &BTreeMap::new(),
            people: &people(),
        };
        fate(generation, &known)
    }

    fn draft(generation: &Generation, file: Option<&str>) -> Draft {
        match decide(generation, file).0 {
            Fate::Draft(draft) => draft,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_what_the_whole_record_bears_out_is_proven() {
        let whole = draft(&one(), None);
        let (_, steps) = whole.attempts[0].proven.as_ref().unwrap();
        assert_eq!(steps[0].duration_ms, 250);
        assert_eq!(whole.attempts[0].claim.why, None);
        assert_eq!(whole.at.to_rfc3339(), "2026-11-22T08:52:41+00:00");
        assert_eq!(whole.by.email, "ann@example.com");
        let spoilt = |spoil: fn(&mut Evolution)| {
            let mut generation = one();
            spoil(&mut generation.evolutions[0]);
            let attempt = draft(&generation, None).attempts.remove(0);
            assert!(attempt.proven.is_none());
            attempt.claim.why.unwrap()
        };
        assert!(spoilt(|e| e.steps[0].status = "error".into()).contains("check"));
        assert!(spoilt(|e| e.steps.clear()).contains("no step"));
        assert!(spoilt(|e| e.run = None).contains("no run"));
        assert!(spoilt(|e| e.tag = None).contains("no commit"));
        assert!(spoilt(|e| e.tag = Some("t2".into())).contains("t2"));
        assert!(spoilt(|e| e.status = "fail".into()).contains("fail"));
    }

    #[test]
    fn the_file_has_what_the_record_dropped_and_the_other_way_round() {
        let file = "# ours\nversion: v1.0.0\nchanges:\n- {type: fix, id: B, title: b}\n";
        let joined = draft(&one(), Some(file));
        assert!(joined.text.starts_with("# ours\n"), "{}", joined.text);
        let contract = Contract::parse(joined.text.as_bytes(), &joined.version).unwrap();
        assert_eq!(contract.changes.len(), 2);
        let (_, notes) = decide(&one(), Some("version: v9\n"));
        assert!(notes[0].contains("its file is left out"), "{notes:?}");
    }

    #[test]
    fn a_release_is_taken_with_what_it_claims() {
        let mut generation = one();
        generation.status = "promoted".into();
        let (Fate::Released(imported), notes) = decide(&generation, None) else {
            panic!();
        };
        assert_eq!(imported.claims.len(), 1);
        assert_eq!(imported.commit, None);
        assert!(notes[0].contains("no commit"), "{notes:?}");
        assert_eq!(imported.by.email, "unknown@imported.invalid");
        generation.status = "abandoned".into();
        assert!(matches!(decide(&generation, None).0, Fate::Left(_)));
        generation.version = "latest".into();
        assert!(matches!(decide(&generation, None).0, Fate::Left(_)));
    }

    #[test]
    fn a_name_is_somebody_or_nobody() {
        let people = people();
        assert_eq!(people.who(Some("bob@x.org")).email, "bob@x.org");
        assert_eq!(people.who(Some("\"<>")).name, "unknown");
        assert_eq!(people.who(Some("O Neil")).email, "O-Neil@imported.invalid");
        for bad in ["", "a", "A <a", "A <a b@c>", "<a@b>"] {
            assert!(person(bad).is_err(), "{bad}");
        }
    }
}
