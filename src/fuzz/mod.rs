//! What the fuzz targets in fuzz/ run (docs/testing.md, "Fuzzing"): a function each, which takes whatever
//! bytes there are. It panics where something that holds for all bytes does not. The tests below run each of
//! them over what was found before.

#![allow(
    clippy::unwrap_used,
    reason = "a fuzz target that cannot go on is to stop, saying where"
)]

mod dice;
mod merge;
mod objects;

use crate::git::push::Report;
use crate::git::{Output, Reach, Trace, received};
use crate::model::approval::ApprovalName;
use crate::model::pipeline::Pipeline;
use crate::model::push::Reply;
use crate::model::tag_format::TagFormat;
use crate::model::{ChangeId, Contract, EvolutionName, Oid, Policy, Version};
use dice::Dice;

pub use merge::merge;
pub use objects::{evolution, ledger};

fn version() -> Version {
    "v1.0.0".parse().unwrap()
}

/// A contract's text.
pub fn contract(bytes: &[u8]) {
    let Ok(contract) = Contract::parse(bytes, &version()) else {
        return;
    };
    // What it says can be written, and says the same again.
    let text = serde_yaml::to_string(&contract).unwrap();
    let again = Contract::parse(text.as_bytes(), &version());
    assert_eq!(again.as_ref(), Ok(&contract), "{text}");
    assert!(contract.says_the_same(&contract));
    // An edit is found again, or refused.
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let mut other = contract.clone();
    other.description = Some("another: \"one\"\n# two".into());
    other.changes.pop();
    if let Ok(edited) = crate::model::edit::rewrite(text, &contract, &other) {
        let said = Contract::parse(edited.as_bytes(), &version()).unwrap();
        assert!(said.says_the_same(&other), "{edited}");
    }
}

/// A pipeline's text.
pub fn pipeline(bytes: &[u8]) {
    if let Ok(pipeline) = Pipeline::parse(bytes) {
        let again = Pipeline::parse(bytes).unwrap();
        assert_eq!(format!("{pipeline:?}"), format!("{again:?}"));
        assert!(!pipeline.steps.is_empty());
        let mut names: Vec<&String> = pipeline.steps.iter().map(|step| &step.name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), pipeline.steps.len());
    }
}

/// A policy's text.
pub fn policy(bytes: &[u8]) {
    if let Ok(policy) = Policy::parse(bytes) {
        for version in ["v1.0.0", "web/v1.2.3", "v1.2.0-rc.1"] {
            let version: Version = version.parse().unwrap();
            let about = policy.clone().about(&version);
            assert_eq!(
                format!("{:?}", about.clone().of(None)),
                format!("{:?}", about.of(None))
            );
        }
    }
}

/// Names: versions, change ids, evolutions, oids, formats of tags; a line each.
pub fn names(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut versions: Vec<Version> = Vec::new();
    for line in text.split('\n') {
        if let Ok(version) = line.parse::<Version>() {
            let again: Version = version.as_str().parse().unwrap();
            assert_eq!(again.as_str(), version.as_str());
            assert_eq!(again, version);
            // Where it lies is a path, and nothing else's.
            let path = version.path("promotion.yaml");
            assert!(
                path.split('/').all(|part| !matches!(part, "" | "." | "..")),
                "{path}"
            );
            if let Some(next) = version.successors().next() {
                // At the limit of its length there is none.
                assert!(next > version || next.as_str() == version.as_str());
            }
            versions.push(version);
        }
        if let Ok(id) = line.parse::<ChangeId>() {
            let again: ChangeId = id.as_str().parse().unwrap();
            assert!(again.is(&id));
            assert!(!id.as_str().contains(['/', '\\', ':', ' ']));
        }
        if let Ok(name) = line.parse::<EvolutionName>() {
            let again: EvolutionName = name.to_string().parse().unwrap();
            assert_eq!(again, name);
        }
        if let Ok(name) = line.parse::<ApprovalName>() {
            let again: ApprovalName = name.to_string().parse().unwrap();
            assert_eq!(again, name);
            assert_eq!(name.to_string(), line);
        }
        if let Ok(oid) = line.parse::<Oid>() {
            assert_eq!(oid.as_str(), line);
        }
        if let Ok(format) = line.parse::<TagFormat>() {
            for version in &versions {
                let tag = format.name(version);
                if let Some(found) = format.version(&tag) {
                    assert_eq!(format.name(&found), tag);
                }
            }
        }
    }
    // An order, whatever is compared.
    versions.truncate(12);
    for a in &versions {
        for b in &versions {
            assert_eq!(a.cmp(b), b.cmp(a).reverse(), "{a} {b}");
            assert_eq!(a == b, a.cmp(b).is_eq(), "{a} {b}");
            for c in &versions {
                assert!(!(a <= b && b <= c) || a <= c, "{a} {b} {c}");
            }
        }
    }
}

/// What git prints of a push, of its own progress, and to a hook.
pub fn porcelain(bytes: &[u8]) {
    use crate::git::refs::Update;
    let mut dice = Dice::of(bytes);
    let reaches = [
        Reach::Untold,
        Reach::Connecting,
        Reach::Connected,
        Reach::Exchanging,
    ];
    let reach = reaches[dice.below(reaches.len())];
    let status = dice.flip().then(|| u16::from(dice.byte()) * 3);
    let code = dice.flip().then(|| i32::from(dice.byte() % 3));
    let rest = dice.rest();
    let output = Output {
        code,
        stdout: rest.to_vec(),
        stderr: rest.to_vec(),
    };
    let report: Report = crate::git::push::parse(&output, Trace { reach, status });
    let oid = |n: u32| -> Oid { format!("{n:040x}").parse().unwrap() };
    let updates = [
        Update::new("refs/gryt/ledger", Some(&oid(1)), Some(&oid(2))),
        Update::new("refs/tags/v1.0.0", None, Some(&oid(3))),
        Update::new("refs/gryt/generations/v1.0.0", Some(&oid(4)), None),
    ];
    let landed = report.landed(&updates);
    assert!(landed.moves.iter().all(|moved| updates.contains(moved)));
    match report.reply(&updates) {
        Reply::Accepted => {
            assert!(report.accepted());
            assert_eq!(landed.moves, updates);
        }
        Reply::Unknown => {}
        Reply::Lost | Reply::Declined(_) | Reply::Unsent(_) => assert!(!report.accepted()),
    }
    for declined in &landed.declined {
        assert!(landed.moves.iter().all(|moved| moved.name != *declined));
    }
    let text = String::from_utf8_lossy(rest);
    let _ = Trace::of(&text, &text);
    if let Ok(moves) = received::read(rest) {
        let none = "0".repeat(40);
        let oid = |oid: &Option<Oid>| oid.as_ref().map_or(none.clone(), ToString::to_string);
        let lines = moves
            .iter()
            .map(|m| format!("{} {} {}\n", oid(&m.old), oid(&m.new), m.name));
        let again = received::read(lines.collect::<String>().as_bytes());
        assert_eq!(again.unwrap(), moves);
    }
}

/// A test report.
pub fn junit(bytes: &[u8]) {
    if let Ok(tests) = crate::session::proving::junit::counted(bytes) {
        // What is counted twice is counted alike.
        let again = crate::session::proving::junit::counted(bytes).unwrap();
        assert_eq!(tests, again);
    }
}

/// A target, by the name of the folder of what was found for it.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 9] = [
    ("contract", contract),
    ("pipeline", pipeline),
    ("policy", policy),
    ("names", names),
    ("porcelain", porcelain),
    ("ledger", ledger),
    ("evolution", evolution),
    ("merge", merge),
    ("junit", junit),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_before_holds() {
        let found = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/fuzz");
        for (name, target) in TARGETS {
            let mut count = 0;
            for file in std::fs::read_dir(found.join(name)).unwrap() {
                target(&std::fs::read(file.unwrap().path()).unwrap());
                count += 1;
            }
            assert!(count > 0, "{name}");
        }
    }
}
