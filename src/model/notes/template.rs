//! Templates of notes: values, and sections that are repeated or left out, in the syntax of Mustache
//! (mustache(5)), without partials, lambdas or other delimiters. A branch's template is a stranger's: it can do
//! nothing but place text, and how much of it is bounded.

use serde_json::{Map, Value, json};

use super::Notes;
use crate::model::change::ChangeKind;
use crate::model::shown::{markdown, paragraphs};
use crate::model::{Change, Exit, Invalid, Person, Refusal};

/// The largest template, in bytes.
pub(crate) const LARGEST: usize = 64 << 10;
/// How deep sections may be nested.
const DEEPEST: usize = 20;
/// How many pieces notes may be put together of, and how long they may be, in bytes.
const MOST: usize = 500_000;
const LONGEST: usize = 4 << 20;

/// A template that was read.
#[derive(Debug)]
pub(crate) struct Template(Vec<Piece>);

#[derive(Debug)]
enum Piece {
    Text(String),
    /// What a name stands for, escaped as Markdown unless it is `raw`.
    Value {
        name: String,
        raw: bool,
    },
    /// What is written for each of a list, once where there is something, or where there is nothing.
    Section {
        name: String,
        inverted: bool,
        inner: Vec<Piece>,
    },
}

/// What stands between two braces.
enum Tag<'t> {
    Value { name: &'t str, raw: bool },
    Open { name: &'t str, inverted: bool },
    Close(&'t str),
    Comment,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// The line that is wrong.
    pub(crate) fn parse(text: &str) -> Result<Self, Invalid> {
        if text.len() > LARGEST {
            let rule = format!("a template has at most {} KiB", LARGEST >> 10);
            return Err(Invalid::new(rule));
        }
        let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
        let text = text.as_str();
        // The sections that are open, each with its name, whether it is inverted, its line and its pieces.
        let mut open: Vec<(String, bool, usize, Vec<Piece>)> = Vec::new();
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find("{{") {
            let begun = &text[..text.len() - rest.len()];
            let line = 1 + text[..begun.len() + at].matches('\n').count();
            let first = begun.is_empty() || begun.ends_with('\n');
            let wrong = |rule: String| Err(Invalid::new(format!("line {line}: {rule}")));
            let (before, tag) = rest.split_at(at);
            let Some((tag, length)) = tag_of(tag) else {
                return wrong("`{{` without its `}}`".to_owned());
            };
            let mut after = &rest[at + length..];
            let mut before = before;
            if !matches!(tag, Tag::Value { .. })
                && let Some((end, next)) = alone(before, after, first)
            {
                (before, after) = (&before[..end], next);
            }
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            match tag {
                Tag::Comment => {}
                Tag::Value { name, .. } | Tag::Open { name, .. } if !is_name(name) => {
                    return wrong(format!(
                        "`{}` is not the name of a field",
                        name.escape_debug()
                    ));
                }
                Tag::Value { name, raw } => pieces.push(Piece::Value {
                    name: name.to_owned(),
                    raw,
                }),
                Tag::Open { .. } if open.len() == DEEPEST => {
                    return wrong(format!("sections are nested more than {DEEPEST} deep"));
                }
                Tag::Open { name, inverted } => {
                    let outer = std::mem::take(&mut pieces);
                    open.push((name.to_owned(), inverted, line, outer));
                }
                Tag::Close(name) => {
                    let Some((opened, inverted, _, outer)) = open.pop() else {
                        return wrong(format!("no section {name} is open"));
                    };
                    if opened != name {
                        return wrong(format!("the section {opened} is open, not {name}"));
                    }
                    let inner = std::mem::replace(&mut pieces, outer);
                    pieces.push(Piece::Section {
                        name: opened,
                        inverted,
                        inner,
                    });
                }
            }
            rest = after;
        }
        if let Some((name, _, line, _)) = open.pop() {
            let rule = format!("line {line}: the section {name} does not end");
            return Err(Invalid::new(rule));
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Ok(Self(pieces))
    }

    /// The notes of a version, as the template has them.
    ///
    /// # Errors
    /// They would be longer than notes are, or put together of too many pieces.
    pub(crate) fn fill(&self, notes: &Notes) -> Result<String, Refusal> {
        let fields = fields(notes);
        let mut filled = Filled {
            text: String::new(),
            pieces: 0,
        };
        filled.add(&self.0, &mut vec![&fields])?;
        Ok(filled.text)
    }
}

struct Filled {
    text: String,
    pieces: usize,
}

impl Filled {
    /// `around` are the values of the sections that the pieces stand in, the innermost last.
    fn add<'v>(&mut self, pieces: &[Piece], around: &mut Vec<&'v Value>) -> Result<(), Refusal> {
        for piece in pieces {
            self.count()?;
            match piece {
                Piece::Text(text) => self.text += text,
                Piece::Value { name, raw } => {
                    let text = found(around, name).map(shown).unwrap_or_default();
                    self.text += &match (raw, text.contains('\n')) {
                        (true, _) => text,
                        (false, true) => paragraphs(&text),
                        (false, false) => markdown(&text),
                    };
                }
                Piece::Section {
                    name,
                    inverted,
                    inner,
                } => {
                    let value: Option<&'v Value> = found(around, name).filter(|value| holds(value));
                    let each: &'v [Value] = match value {
                        Some(Value::Array(list)) => list,
                        Some(one) => std::slice::from_ref(one),
                        None => &[],
                    };
                    if *inverted && each.is_empty() {
                        self.add(inner, around)?;
                    }
                    for one in each.iter().filter(|_| !*inverted) {
                        self.count()?;
                        around.push(one);
                        self.add(inner, around)?;
                        around.pop();
                    }
                }
            }
        }
        Ok(())
    }

    fn count(&mut self) -> Result<(), Refusal> {
        self.pieces += 1;
        match self.pieces > MOST || self.text.len() > LONGEST {
            false => Ok(()),
            true => {
                let what = "The template makes these notes too long";
                let rule = format!("{MOST} pieces, {} MiB at most", LONGEST >> 20);
                Err(Refusal::new(Exit::Invalid, what).because(rule))
            }
        }
    }
}

/// The tag that a text begins with, and how long it is.
fn tag_of(text: &str) -> Option<(Tag<'_>, usize)> {
    let inner = &text[2..];
    if let Some(raw) = inner.strip_prefix('{') {
        let end = raw.find("}}}")?;
        let name = raw[..end].trim();
        return Some((Tag::Value { name, raw: true }, end + 6));
    }
    let end = inner.find("}}")?;
    let said = inner[..end].trim();
    let name = |sign: char| said.strip_prefix(sign).map(str::trim);
    let tag = if said.starts_with('!') {
        Tag::Comment
    } else if let Some(name) = name('#') {
        Tag::Open {
            name,
            inverted: false,
        }
    } else if let Some(name) = name('^') {
        Tag::Open {
            name,
            inverted: true,
        }
    } else if let Some(name) = name('/') {
        Tag::Close(name)
    } else if let Some(name) = name('&') {
        Tag::Value { name, raw: true }
    } else {
        Tag::Value {
            name: said,
            raw: false,
        }
    };
    Some((tag, end + 4))
}

/// Where a tag has a line for itself, which goes with it: where the text before it ends, and what follows.
/// `first` says that `before` begins a line.
fn alone<'t>(before: &str, after: &'t str, first: bool) -> Option<(usize, &'t str)> {
    let blank = |c: char| c == ' ' || c == '\t';
    let end = before.trim_end_matches(blank).len();
    let begins = before[..end].ends_with('\n') || end == 0 && first;
    let next = after.trim_start_matches(blank);
    let next = match next.strip_prefix('\n') {
        Some(next) => Some(next),
        None => next.is_empty().then_some(next),
    };
    next.filter(|_| begins).map(|next| (end, next))
}

fn is_name(name: &str) -> bool {
    let word = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    name == "." || name.split('.').all(word)
}

/// What a name stands for, where it is looked for from the inside out.
fn found<'v>(around: &[&'v Value], name: &str) -> Option<&'v Value> {
    if name == "." {
        return around.last().copied();
    }
    let mut parts = name.split('.');
    let first = parts.next()?;
    let mut value = around.iter().rev().find_map(|value| value.get(first))?;
    for part in parts {
        value = value.get(part)?;
    }
    Some(value)
}

/// Whether a section of the value is written.
fn holds(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Bool(true) | Value::Number(_) | Value::Object(_) => true,
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null | Value::Array(_) | Value::Object(_) => String::new(),
        Value::String(text) => text.replace("\r\n", "\n"),
        other => other.to_string(),
    }
}

/// What a template can name (docs/notes.md, "Templates").
fn fields(notes: &Notes) -> Value {
    let changes = |kind: ChangeKind| -> Vec<Value> {
        notes.of_kind(kind).map(|one| change(notes, one)).collect()
    };
    let all = notes.contract.changes.iter();
    let breaking = all.clone().filter(|one| notes.broken(&one.id).is_some());
    let withdrawn = notes
        .withdrawal
        .as_ref()
        .map(|advice| json!({ "reason": advice.withdrawal.reason, "instead": advice.instead }));
    let artifacts = notes.artifacts.iter().flat_map(|released| {
        released.made.iter().map(|made| {
            json!({
                "name": released.name,
                "size": made.size,
                "sha256": made.sha256,
                "built_by": people(&made.by),
                "contested": released.contested,
            })
        })
    });
    let fields = [
        ("version", json!(notes.version)),
        ("product", json!(notes.version.product())),
        (
            "date",
            json!(
                notes
                    .promoted_at
                    .as_ref()
                    .map(|at| at.format("%Y-%m-%d").to_string())
            ),
        ),
        ("draft", json!(notes.promoted_at.is_none())),
        ("description", json!(notes.contract.description)),
        ("withdrawn", json!(withdrawn)),
        ("disputed", json!(notes.disputed)),
        (
            "promoter",
            json!(notes.promoter.as_ref().map(|by| &by.name)),
        ),
        ("proven_by", people(&notes.proven_by)),
        ("approved_by", people(&notes.approved_by)),
        ("breaking", breaking.map(|one| change(notes, one)).collect()),
        ("changes", all.map(|one| change(notes, one)).collect()),
        ("added", json!(changes(ChangeKind::Add))),
        ("refined", json!(changes(ChangeKind::Refine))),
        ("fixed", json!(changes(ChangeKind::Fix))),
        ("removed", json!(changes(ChangeKind::Remove))),
        ("artifacts", artifacts.collect()),
    ];
    let named = fields.map(|(name, value)| (name.to_owned(), value));
    Value::Object(Map::from_iter(named))
}

fn change(notes: &Notes, change: &Change) -> Value {
    let link = notes.linked.iter().find(|link| link.id.is(&change.id));
    json!({
        "type": change.kind,
        "id": change.id,
        "title": change.title,
        "description": change.description,
        "assignee": change.assignee,
        "breaks": notes.broken(&change.id),
        "link": link.map(|link| &link.address),
        "links": change.links,
    })
}

fn people(people: &[Person]) -> Value {
    people.iter().map(|one| json!(one.name)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Links;
    use super::*;
    use crate::model::Contract;

    fn filled(template: &str) -> Result<String, String> {
        let text = "version: v1.0.0\ndescription: \"a*b\\n# c\"\nchanges:\n- {type: add, id: A, title: 'x_y', links: [https://a/1]}\n\
                    - {type: add, id: B, title: z, description: 'BREAKING CHANGE: <b>'}\n";
        let version = "v1.0.0".parse().unwrap();
        let contract = Contract::parse(text.as_bytes(), &version).unwrap();
        let links = Links::parse("A=https://t/{id}").unwrap();
        let notes = Notes::new(version, contract, &links);
        let template = Template::parse(template).map_err(|invalid| invalid.to_string())?;
        template.fill(&notes).map_err(|refusal| refusal.what)
    }

    #[test]
    fn values_are_escaped_and_sections_repeated_or_left_out() {
        for (template, text) in [
            ("{{version}} {{ version }}", "v1.0.0 v1.0.0"),
            (
                "{{description}}|{{{description}}}|{{&description}}",
                "a\\*b\n\\# c|a*b\n# c|a*b\n# c",
            ),
            (
                "{{#added}}{{id}}:{{title}}{{#link}} {{{.}}}{{/link}};{{/added}}",
                "B:z;A:x\\_y https://t/A;",
            ),
            (
                "{{#changes}}{{id}}{{#links}}<{{{.}}}>{{/links}}{{/changes}}",
                "A<https://a/1>B",
            ),
            ("{{#breaking}}{{breaks}}{{/breaking}}", "\\<b\\>"),
            (
                "{{#draft}}draft{{/draft}}{{^draft}}out{{/draft}}{{^fixed}} none{{/fixed}}",
                "draft none",
            ),
            (
                "{{#withdrawn}}{{reason}}{{/withdrawn}}{{withdrawn.reason}}{{no}}{{! a\nb }}",
                "",
            ),
            (
                "a\n  {{#added}}\n- {{id}} of {{version}}\n{{/added}}\nb",
                "a\n- B of v1.0.0\n- A of v1.0.0\nb",
            ),
            ("\u{feff}{{#draft}}\r\na\tb\r\n{{/draft}}\r\n", "a\tb\n"),
            ("x {{#draft}}\ny{{/draft}}\n", "x \ny\n"),
            ("}} {", "}} {"),
        ] {
            assert_eq!(filled(template).as_deref(), Ok(text), "{template}");
        }
    }

    #[test]
    fn what_a_template_cannot_be_is_said_with_its_line_and_what_it_costs_is_bounded() {
        for (template, wrong) in [
            ("a\n{{b", "line 2: `{{` without its `}}`"),
            ("{{#a}}\n{{/b}}", "line 2: the section a is open, not b"),
            ("{{/b}}", "line 1: no section b is open"),
            ("\n{{#a}}", "line 2: the section a does not end"),
            ("{{> file}}", "line 1: `> file` is not the name of a field"),
            (
                "{{=<% %>=}}",
                "line 1: `=<% %>=` is not the name of a field",
            ),
            ("{{}}", "line 1: `` is not the name of a field"),
        ] {
            assert_eq!(filled(template), Err(wrong.to_owned()), "{template}");
        }
        let nested = |deep: usize, inner: &str| {
            "{{#changes}}".repeat(deep) + inner + &"{{/changes}}".repeat(deep)
        };
        assert!(
            filled(&nested(DEEPEST + 1, ""))
                .unwrap_err()
                .contains("nested")
        );
        let much = "The template makes these notes too long";
        assert_eq!(filled(&nested(DEEPEST, "")).unwrap_err(), much);
        assert_eq!(filled(&nested(12, &"x".repeat(2000))).unwrap_err(), much);
        assert!(filled(&"x".repeat(LARGEST + 1)).is_err());
    }
}
