//! What is wrong with a text, and where in it.

use std::fmt;

use super::plainly;

/// A text that breaks a rule: the rule in words, and the place where that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// The rule that is broken, for a person.
    pub rule: String,
    /// Line and column, both from 1.
    pub at: Option<(usize, usize)>,
    /// What else is wrong with the same text.
    pub more: Vec<Invalid>,
}

impl Invalid {
    /// A broken rule without a place.
    pub fn new(rule: impl Into<String>) -> Self {
        Self {
            rule: rule.into(),
            at: None,
            more: Vec::new(),
        }
    }

    /// Several mistakes in one text: the first, with the others behind it.
    pub(crate) fn first_of(all: Vec<Invalid>) -> Option<Invalid> {
        let mut all = all.into_iter();
        let mut first = all.next()?;
        first.more = all.collect();
        Some(first)
    }

    /// Reads `text` as YAML of type `T`, after bounding its size and depth.
    ///
    /// The bound comes first because the text may be a stranger's: the parser takes 0.8 s for
    /// 20,000 nested brackets and reads a scalar of any length.
    pub fn or_yaml<T: serde::de::DeserializeOwned>(text: &[u8]) -> Result<T, Invalid> {
        bounded(text)?;
        let text = std::str::from_utf8(text).map_err(|_| Invalid::new("it is not UTF-8"))?;
        // YAML allows it at the beginning; the parser takes it for a document of its own.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        unrepeated(text)?;
        serde_yaml::from_str(text).map_err(|error| {
            let at = error.location().map(|l| (l.line(), l.column()));
            let mut rule = error.to_string();
            // The parser repeats the place in words; ours is printed by Display.
            if let Some((line, column)) = at {
                let tail = format!(" at line {line} column {column}");
                rule = rule.replace(&tail, "");
            }
            let rule = plainly::said(&rule);
            Invalid {
                rule,
                at,
                more: Vec::new(),
            }
        })
    }
}

impl Invalid {
    /// What is said of a text that has more than [`MAX_BYTES`]; `it` is what "larger" is said of.
    pub(crate) fn too_large(it: &str) -> Self {
        Self::new(format!("{it} larger than {} KB", MAX_BYTES / 1024))
    }
}

/// The largest text read from a ref or a working file, in bytes.
pub(crate) const MAX_BYTES: usize = 512 * 1024;
/// How much a text may come to by repeating itself, in bytes: the number of its aliases times its length.
const REPEATED_MOST: usize = 1 << 20;
/// The deepest nesting of a text; a contract needs three.
const MAX_DEPTH: usize = 32;

fn bounded(text: &[u8]) -> Result<(), Invalid> {
    if text.len() > MAX_BYTES {
        return Err(Invalid::too_large("it is"));
    }
    let mut flow: usize = 0;
    for line in text.split(|b| *b == b'\n') {
        let nested = line
            .split(|b| *b == b' ')
            .take_while(|word| word.is_empty() || matches!(word, [b'-' | b'?' | b':']))
            .filter(|word| !word.is_empty())
            .count();
        for byte in line {
            match byte {
                b'[' | b'{' => flow += 1,
                b']' | b'}' => flow = flow.saturating_sub(1),
                _ => {}
            }
        }
        if flow > MAX_DEPTH {
            let rule = format!("it has more than {MAX_DEPTH} `[` or `{{` that are not closed");
            return Err(Invalid::new(rule));
        }
        if nested > MAX_DEPTH {
            let rule = format!("a line of it begins with more than {MAX_DEPTH} `-`, `?` or `:`");
            return Err(Invalid::new(rule));
        }
    }
    Ok(())
}

/// Refuses a text whose aliases make more of it than is read: each of them may stand for all of the text.
fn unrepeated(text: &str) -> Result<(), Invalid> {
    let names = |char: char| {
        let begins =
            |word: &&str| word.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '-');
        let pieces = text.split(|c: char| c.is_whitespace() || "[]{},".contains(c));
        pieces
            .filter_map(move |piece| piece.strip_prefix(char))
            .filter(begins)
            .count()
    };
    match names('&') > 0 && names('*').saturating_mul(text.len()) > REPEATED_MOST {
        true => Err(Invalid::new("it repeats itself too often by aliases")),
        false => Ok(()),
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((line, column)) = self.at {
            write!(f, "line {line}, column {column}: ")?;
        }
        f.write_str(&self.rule)
    }
}

impl std::error::Error for Invalid {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bomb_is_refused_before_it_is_parsed() {
        let refused = |text: String| Invalid::or_yaml::<serde_yaml::Value>(text.as_bytes());
        assert!(refused("[".repeat(20_000)).is_err());
        assert!(refused("- ".repeat(20_000)).is_err());
        assert!(refused("a".repeat(MAX_BYTES + 1)).is_err());
        assert!(refused("a: [b, {c: [d]}]".into()).is_ok());
    }

    #[test]
    fn a_text_that_multiplies_by_aliases_is_refused_before_it_is_parsed() {
        let parsed = |text: &str| Invalid::or_yaml::<Vec<String>>(text.as_bytes());
        let wide = format!("- &a {}\n", "x".repeat(200_000)) + &"- *a\n".repeat(10_000);
        let rule = parsed(&wide).unwrap_err().rule;
        assert_eq!(rule, "it repeats itself too often by aliases");
        let deep: String = (1..60)
            .map(|n| format!("- &a{n} [{}]\n", format!("*a{}, ", n - 1).repeat(9)))
            .collect();
        assert!(parsed(&format!("- &a0 x\n{deep}")).is_err());
        assert_eq!(parsed("- &a x\n- *a\n").unwrap(), ["x", "x"]);
        // What is no alias, however much it looks so.
        let starred = "- \"*a\"\n".repeat(9_000) + &"- 2*a & b\n".repeat(9_000);
        assert_eq!(parsed(&starred).unwrap().len(), 18_000);
    }

    #[test]
    fn the_place_is_said_once() {
        let error = Invalid::or_yaml::<Vec<u8>>(b"- 1\n- x\n").unwrap_err();
        assert_eq!(error.at, Some((2, 3)));
        assert!(!error.rule.contains("line"), "{error}");
    }

    /// What YAML would make numbers, truth values or moments of.
    const WORDS: [&str; 16] = [
        "1.10",
        "1e3",
        "0x1F",
        "0o17",
        "007",
        "True",
        "no",
        "99999999999999999999",
        "123456789012345678901234567890123456789012",
        "1.0",
        "2026-01-02",
        "1_000",
        "+5",
        ".5",
        "-0",
        ".inf",
    ];

    #[test]
    fn a_field_that_means_text_keeps_the_characters_of_the_file() {
        use crate::model::pipeline::Pipeline;
        use crate::model::policy::Policy;
        use crate::model::{Contract, Version};
        let begins = |word: &str| word.starts_with(|c: char| c.is_ascii_alphanumeric());
        let mut asked = 0;
        for word in WORDS {
            let id = if begins(word) { word } else { "A" };
            let version: Version = match word.parse() {
                Ok(version) => version,
                Err(_) => "v1.0.0".parse().unwrap(),
            };
            let text = format!(
                "version: {version}\ndescription: {word}\npipeline_template: {word}\nchanges:\n- type: add\n  \
                 id: {id}\n  title: {word}\n  description: {word}\n  assignee: {word}\n  pipeline: {word}\n"
            );
            let contract = Contract::parse(text.as_bytes(), &version).unwrap();
            let change = &contract.changes[0];
            assert_eq!(contract.version.as_str(), version.as_str());
            assert_eq!(change.id.as_str(), id);
            let fields = [
                contract.description.as_deref(),
                contract.pipeline_template.as_deref(),
                Some(change.title.as_str()),
                change.description.as_deref(),
                change.assignee.as_deref(),
                change.pipeline.as_deref(),
            ];
            assert_eq!(fields, [Some(word); 6]);

            let step = if begins(word) { word } else { "s" };
            let text = format!(
                "name: {word}\ndescription: {word}\nsteps:\n- name: first\n  run: x\n- name: {step}\n  run: \
                 {word}\n  working_dir: {word}\n  env:\n    A: {word}\n    B: &word {word}\n    C: *word\n    \
                 D: !!str {word}\n    E: \"{word}\"\n- name: last\n  run: x\n  needs: [{step}]\n"
            );
            let pipeline = Pipeline::parse(text.as_bytes()).unwrap();
            let second = &pipeline.steps[1];
            assert_eq!(second.name, step);
            assert_eq!(pipeline.steps[2].needs.as_ref().unwrap()[0], step);
            let fields = [
                pipeline.name.as_deref(),
                pipeline.description.as_deref(),
                Some(second.run.as_str()),
                second.working_dir.as_deref(),
            ];
            assert_eq!(fields, [Some(word); 4]);
            assert!(second.env.values().all(|value| value == word), "{second:?}");

            let text = format!(
                "promoters: [{word}@x.org]\ngates:\n  required_steps:\n  - types: [add]\n    steps: [{word}]\n"
            );
            let policy = Policy::parse(text.as_bytes()).unwrap();
            assert_eq!(policy.gates.required_steps[0].steps, [word]);
            assert_eq!(policy.promoters.unwrap(), [format!("{word}@x.org")]);
            if format!("{word}/v1").parse::<Version>().is_ok() {
                asked += 1;
                let text = format!("products:\n  {word}:\n    promoters: [a@x.org]\n");
                let policy = Policy::parse(text.as_bytes()).unwrap();
                assert!(policy.of(Some(word)).promoters.is_some(), "{word}");
            }
        }
        assert!(asked > 0, "some of the words can be products");
    }

    #[test]
    fn nothing_after_a_key_is_nothing() {
        use crate::model::pipeline::Pipeline;
        let text = b"steps:\n- name: a\n  run: x\n  env:\n    A:\n    B: ''\n    C: ~\n";
        let pipeline = Pipeline::parse(text).unwrap();
        assert!(pipeline.steps[0].env.values().all(String::is_empty));
        let nested = b"steps:\n- name: a\n  run: x\n  env:\n    A: {b: c}\n";
        assert_eq!(Pipeline::parse(nested).unwrap_err().at, Some((5, 8)));
    }
}
