//! All that is wrong with a contract's text, in our words and where it stands: who mends a file wants to
//! mend it once.

use serde_yaml::{Mapping, Value};

use super::change::{ChangeKind, check_links};
use super::listed::listed;
use super::near::nearest;
use super::place::{self, Key};
use super::{ChangeId, Invalid, Version};

/// The fields of a contract.
const OF_CONTRACT: [&str; 4] = ["version", "description", "pipeline_template", "changes"];
/// The fields of a change; the first three are required.
const OF_CHANGE: [&str; 7] = [
    "type",
    "id",
    "title",
    "description",
    "assignee",
    "pipeline",
    "links",
];

/// What is wrong with the contract of `version`, in the order of its rules. Empty where that cannot be
/// told apart from the text's being no YAML, which the parser says better.
pub(super) fn of(text: &[u8], version: &Version) -> Vec<Invalid> {
    let Ok(value) = Invalid::or_yaml::<Value>(text) else {
        return Vec::new();
    };
    let mut found = Mistakes {
        text,
        all: Vec::new(),
    };
    let Value::Mapping(contract) = value else {
        let rule = "a contract has the fields version, description and changes, one a line";
        return vec![Invalid::new(rule)];
    };
    let meant = found.fields(&contract, &[], "contract", &OF_CONTRACT);
    if !meant.contains(&"version") {
        found.version(&contract, version);
    }
    for field in ["description", "pipeline_template"] {
        found.text_or_nothing(&contract, &[], field);
    }
    match contract.get("changes") {
        None | Some(Value::Null) => {}
        Some(Value::Sequence(changes)) => found.changes(changes),
        Some(_) => {
            let rule = "changes are a list: begin each with `- type: …`";
            found.add(&[Key::Name("changes")], rule);
        }
    }
    found.all
}

struct Mistakes<'t> {
    text: &'t [u8],
    all: Vec<Invalid>,
}

impl Mistakes<'_> {
    fn add(&mut self, path: &[Key<'_>], rule: impl Into<String>) {
        self.all.push(place::invalid(self.text, path, rule));
    }

    /// Fields that nothing has; which known ones were probably meant.
    fn fields<'k>(
        &mut self,
        there: &Mapping,
        path: &[Key<'_>],
        what: &str,
        known: &[&'k str],
    ) -> Vec<&'k str> {
        let mut all = Vec::new();
        for name in there.keys() {
            let Some(name) = name.as_str() else {
                self.add(
                    path,
                    format!("a {what} has no fields but {}", listed(known)),
                );
                continue;
            };
            if known.contains(&name) {
                continue;
            }
            let meant = nearest(name, known.iter().copied());
            all.extend(meant);
            let rule = match meant {
                Some(meant) => format!("a {what} has no field `{name}`: is `{meant}` meant?"),
                None => format!("a {what} has no field `{name}`, only {}", listed(known)),
            };
            let path = [path, &[Key::Name(name)]].concat();
            let mut invalid = place::invalid(self.text, &path, rule);
            invalid.at = place::key(self.text, &path, name).or(invalid.at);
            self.all.push(invalid);
        }
        all
    }

    fn version(&mut self, contract: &Mapping, version: &Version) {
        let path = [Key::Name("version")];
        match contract.get("version") {
            None | Some(Value::Null) => {
                let rule = format!("the field `version` is missing: write `version: {version}`");
                self.all.push(Invalid::new(rule));
            }
            Some(Value::String(said)) => match said.parse::<Version>() {
                Err(invalid) => self.add(&path, invalid.rule),
                Ok(said) if said.as_str() != version.as_str() => {
                    let rule =
                        format!("it is the contract of {version} and says `version: {said}`");
                    self.add(&path, rule);
                }
                Ok(_) => {}
            },
            // A number's characters are not known any more: the parser judges them.
            Some(Value::Number(_) | Value::Bool(_) | Value::Tagged(_)) => {}
            Some(Value::Sequence(_) | Value::Mapping(_)) => {
                self.add(&path, "a version is one word, like v1.2.0");
            }
        }
    }

    fn changes(&mut self, changes: &[Value]) {
        let mut ids: Vec<ChangeId> = Vec::new();
        for (at, change) in changes.iter().enumerate() {
            let path = [Key::Name("changes"), Key::At(at)];
            let Value::Mapping(change) = change else {
                self.add(
                    &path,
                    "a change has the fields type, id and title, one a line",
                );
                continue;
            };
            let meant = self.fields(change, &path, "change", &OF_CHANGE);
            for field in OF_CHANGE.iter().take(3).filter(|f| !meant.contains(f)) {
                if matches!(change.get(*field), None | Some(Value::Null)) {
                    self.add(
                        &path,
                        format!("the field `{field}` of this change is missing"),
                    );
                }
            }
            for field in OF_CHANGE.iter().filter(|field| **field != "links") {
                self.text_or_nothing(change, &path, field);
            }
            let word = |field: &str| change.get(field).and_then(Value::as_str);
            let of = |field| [&path[..], &[Key::Name(field)]].concat();
            if let Some(Err(invalid)) = word("type").map(str::parse::<ChangeKind>) {
                self.add(&of("type"), invalid.rule);
            }
            if let Some(rule) = links(change.get("links")) {
                self.add(&of("links"), rule);
            }
            if let Some(title) = word("title") {
                if title.trim().is_empty() {
                    self.add(&of("title"), "a title is empty");
                } else if title.chars().any(char::is_control) {
                    self.add(&of("title"), "a title is one line of text");
                }
            }
            match word("id").map(str::parse::<ChangeId>) {
                Some(Err(invalid)) => self.add(&of("id"), invalid.rule),
                Some(Ok(id)) => {
                    if let Some(first) = ids.iter().find(|known| known.is(&id)) {
                        let rule = format!("two changes are called {first} and {id}");
                        self.add(&of("id"), rule);
                    }
                    ids.push(id);
                }
                None => {}
            }
        }
    }

    fn text_or_nothing(&mut self, there: &Mapping, path: &[Key<'_>], field: &str) {
        if matches!(
            there.get(field),
            Some(Value::Sequence(_) | Value::Mapping(_))
        ) {
            let rule =
                format!("`{field}` is a text: put it between quotes if it holds {{, [ or `: `");
            let path = [path, &[Key::Name(field)]].concat();
            self.add(&path, rule);
        }
    }
}

/// What is wrong with the links of a change.
fn links(said: Option<&Value>) -> Option<String> {
    let texts: Option<Vec<&str>> = match said? {
        Value::Null => return None,
        Value::Sequence(links) => links.iter().map(Value::as_str).collect(),
        _ => None,
    };
    match texts {
        Some(texts) => check_links(texts.into_iter()).err(),
        None => Some("`links` is a list of addresses: [https://example.com/1]".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<String> {
        let all = of(text.as_bytes(), &"v1.0.0".parse().unwrap());
        all.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_mistake_is_told_where_it_stands() {
        let text = "version: v1.0.1\ndescripton: x\nchanges:\n  - type: new\n    id: A\n    titel: x\n  - type: add\n    id: a/b\n    title: y\n  - type: fix\n    id: a\n    title: \"\"\n  - word\n";
        assert_eq!(
            said(text),
            [
                "line 2, column 1: a contract has no field `descripton`: is `description` meant?",
                "line 1, column 10: it is the contract of v1.0.0 and says `version: v1.0.1`",
                "line 6, column 5: a change has no field `titel`: is `title` meant?",
                "line 4, column 11: `new` is not a type of change: write add, fix, refine or remove",
                "line 8, column 9: `a/b` is not a change id: write letters, digits, dots, underscores and hyphens, like FEAT-101",
                "line 12, column 12: a title is empty",
                "line 11, column 9: two changes are called A and a",
                "line 13, column 5: a change has the fields type, id and title, one a line",
            ]
        );
    }

    #[test]
    fn a_valid_contract_has_none_and_other_shapes_are_named() {
        assert!(
            said("version: v1.0.0\nchanges:\n- {type: add, id: 1e3, title: 1.10}\n").is_empty()
        );
        assert_eq!(said("- a\n").len(), 1);
        assert_eq!(said("version: v1.0.0\nchanges: {a: b}\n").len(), 1);
        assert_eq!(said("version: [v1]\n").len(), 1);
        assert_eq!(said("changes: [{type: add, id: A}]\n").len(), 2);
        assert!(said("version: \"open\n").is_empty());
    }
}
