//! The merge of two edits of one contract: neither side's edits are lost, and both sides come to the same.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::dice::Dice;
use super::version;
use crate::model::merge::{Clash, Side, contracts};
use crate::model::weave::{Texts, weave};
use crate::model::{Change, Contract};

const IDS: [&str; 10] = [
    "A", "a", "B", "b", "FEAT-1", "feat-1", "C", "D.2", "e_f", "x",
];
const WORDS: [&str; 8] = [
    "one",
    "two words",
    "\"quoted\"",
    "# hash: colon",
    "- dash",
    "é ✈",
    "yes",
    "line\nbreak",
];

fn text(dice: &mut Dice<'_>) -> Option<String> {
    let word = dice.below(WORDS.len() + 1);
    WORDS.get(word).map(|word| (*word).to_owned())
}

fn change(dice: &mut Dice<'_>) -> Change {
    let kind = dice.pick(&["add", "fix", "refine", "remove"]);
    let title = dice.pick(&WORDS[..7]);
    Change {
        kind: kind.parse().unwrap(),
        id: dice.pick(&IDS).parse().unwrap(),
        title: title.to_owned(),
        description: text(dice),
        assignee: dice.flip().then(|| dice.pick(&["ann", "bob"]).to_owned()),
        pipeline: dice
            .flip()
            .then(|| dice.pick(&["quick", "release"]).to_owned()),
        links: match dice.below(3) {
            0 => vec!["https://a/1".to_owned()],
            1 => vec!["https://a/1".to_owned(), "http://b/?c=#d".to_owned()],
            _ => Vec::new(),
        },
    }
}

fn put(contract: &mut Contract, change: Change, at: usize) {
    if contract.change(&change.id).is_none() {
        let at = at.min(contract.changes.len());
        contract.changes.insert(at, change);
    }
}

fn declared(dice: &mut Dice<'_>) -> Contract {
    let mut contract = Contract {
        version: version(),
        description: text(dice),
        pipeline_template: None,
        changes: Vec::new(),
    };
    for _ in 0..dice.below(5) {
        let change = change(dice);
        put(&mut contract, change, usize::MAX);
    }
    contract
}

fn edited(base: &Contract, dice: &mut Dice<'_>) -> Contract {
    let mut contract = base.clone();
    for _ in 0..dice.below(5) {
        let many = contract.changes.len();
        let at = dice.below(many);
        match dice.below(9) {
            0 => contract.description = text(dice),
            1 => contract.pipeline_template = dice.flip().then(|| "release".to_owned()),
            2 => {
                let change = change(dice);
                put(&mut contract, change, at);
            }
            _ if many == 0 => {}
            3 => drop(contract.changes.remove(at)),
            4 => contract.changes.swap(at, many - 1),
            5 => contract.changes[at].title = dice.pick(&WORDS[..7]).to_owned(),
            6 => contract.changes[at].description = text(dice),
            7 => {
                let id = contract.changes[at].id.as_str();
                let other = match dice.flip() {
                    true => id.to_ascii_uppercase(),
                    false => id.to_ascii_lowercase(),
                };
                contract.changes[at].id = other.parse().unwrap();
            }
            _ => contract.changes[at].kind = change(dice).kind,
        }
    }
    contract
}

/// A text of it as somebody may write it, with comments.
fn written(contract: &Contract, style: usize) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let mut out = format!("# Release\nversion: {}\n", contract.version);
    if let Some(text) = &contract.description {
        _ = writeln!(out, "description: {}", quoted(text));
    }
    if let Some(name) = &contract.pipeline_template {
        _ = writeln!(out, "pipeline_template: {name}");
    }
    if contract.changes.is_empty() {
        return out + "changes: []\n";
    }
    out += "changes:\n";
    let indent = if style.is_multiple_of(2) { "" } else { "  " };
    for change in &contract.changes {
        if style % 3 == 1 {
            _ = writeln!(out, "{indent}# {}", change.id.as_str().to_ascii_lowercase());
        }
        _ = writeln!(out, "{indent}- type: {}", change.kind);
        let mut field = |name: &str, value: &Option<String>| {
            if let Some(value) = value {
                _ = writeln!(out, "{indent}  {name}: {}", quoted(value));
            }
        };
        field("id", &Some(change.id.to_string()));
        field("title", &Some(change.title.clone()));
        field("description", &change.description);
        field("assignee", &change.assignee);
        field("pipeline", &change.pipeline);
        if !change.links.is_empty() && style % 5 == 1 {
            _ = writeln!(out, "{indent}  links: [{}]", change.links.join(", "));
        } else if !change.links.is_empty() {
            _ = writeln!(out, "{indent}  links:");
            for link in &change.links {
                _ = writeln!(out, "{indent}  - {link}");
            }
        }
        if style % 4 == 3 {
            out += "\n";
        }
    }
    out
}

/// Where two sides clash, without regard to case.
fn places(clashes: &[Clash]) -> BTreeSet<String> {
    let places = clashes.iter().map(|clash| clash.place.to_ascii_lowercase());
    places.collect()
}

/// Merges two edits of one contract.
pub fn merge(bytes: &[u8]) {
    let mut dice = Dice::of(bytes);
    let base = declared(&mut dice);
    let (ours, theirs) = (edited(&base, &mut dice), edited(&base, &mut dice));
    let bases = [base.clone()];
    let here = contracts(&bases, &ours, &theirs, None);
    let there = contracts(&bases, &theirs, &ours, None);
    match (&here, &there) {
        (Ok(here), Ok(there)) => {
            assert!(here.says_the_same(there), "{here:?}\n{there:?}");
            keeps(here, &base, &ours, &theirs);
            keeps(here, &base, &theirs, &ours);
        }
        (Err(here), Err(there)) => assert_eq!(places(here), places(there)),
        other => panic!("one side clashes, and the other does not: {other:?}"),
    }
    // A side that is preferred ends every clash, and one that changed nothing is the other.
    for side in [Side::Ours, Side::Theirs] {
        contracts(&bases, &ours, &theirs, Some(side)).unwrap();
    }
    assert!(
        contracts(&bases, &ours, &base, None)
            .unwrap()
            .says_the_same(&ours)
    );
    assert!(
        contracts(&bases, &ours, &ours, None)
            .unwrap()
            .says_the_same(&ours)
    );
    let Ok(merged) = here else {
        return;
    };
    let style = dice.below(12);
    let other = match dice.flip() {
        true => style,
        false => dice.below(12),
    };
    let texts = [
        written(&base, style),
        written(&ours, style),
        written(&theirs, other),
    ];
    for (text, contract) in texts.iter().zip([&base, &ours, &theirs]) {
        let said = Contract::parse(text.as_bytes(), &version()).unwrap();
        assert_eq!(said, *contract, "{text}");
    }
    let woven = weave(
        Texts {
            base: &texts[0],
            ours: &texts[1],
            theirs: &texts[2],
        },
        &merged,
    );
    if let Some(woven) = woven {
        let said = Contract::parse(woven.as_bytes(), &version()).unwrap();
        assert!(said.says_the_same(&merged), "{woven}");
    }
}

/// Whether what `side` changed of `base` is in `merged`, where nothing clashed.
fn keeps(merged: &Contract, base: &Contract, side: &Contract, other: &Contract) {
    if side.description != base.description {
        assert_eq!(merged.description, side.description);
    }
    if side.pipeline_template != base.pipeline_template {
        assert_eq!(merged.pipeline_template, side.pipeline_template);
    }
    for own in &side.changes {
        let before = base.change(&own.id);
        let Some(kept) = merged.change(&own.id) else {
            // The other removed it, and this side left it as it was.
            assert_eq!(before, Some(own));
            assert!(other.change(&own.id).is_none());
            continue;
        };
        let Some(before) = before else {
            // Where both added it, what only one of them says of it counts.
            assert!(kept == own || other.change(&own.id).is_some());
            continue;
        };
        if own.title != before.title {
            assert_eq!(kept.title, own.title);
        }
        if own.kind != before.kind {
            assert_eq!(kept.kind, own.kind);
        }
        if own.id.as_str() != before.id.as_str() {
            assert_eq!(kept.id.as_str(), own.id.as_str());
        }
        if own.description != before.description {
            assert_eq!(kept.description, own.description);
        }
    }
    for before in &base.changes {
        if side.change(&before.id).is_none() {
            assert!(
                merged.change(&before.id).is_none(),
                "{} came back",
                before.id
            );
        }
    }
    for kept in &merged.changes {
        assert!(side.change(&kept.id).or(other.change(&kept.id)).is_some());
    }
}
