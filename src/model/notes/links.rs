//! The setting `links`: which address belongs to the id of a change.

use regex_automata::meta::{Config, Regex};
use regex_automata::util::syntax;

use crate::model::address::is_of_web;
use crate::model::{ChangeId, Invalid};

/// The most pairs, and the longest pattern, in bytes: what a branch's list costs is bounded.
const MOST: usize = 50;
const LONGEST: usize = 200;
/// How large a compiled pattern may be, in bytes.
const LARGEST: usize = 1 << 16;

/// Patterns of ids, each with an address in which `{id}` stands for the id.
#[derive(Debug, Default)]
pub(crate) struct Links(Vec<(Regex, String)>);

impl Links {
    /// Reads `PATTERN=ADDRESS`, with white space between several.
    ///
    /// # Errors
    /// The first that is none.
    pub(crate) fn parse(text: &str) -> Result<Self, Invalid> {
        let pairs: Vec<&str> = text.split_whitespace().collect();
        if pairs.len() > MOST {
            return Err(Invalid::new(format!("there are more than {MOST}")));
        }
        let pairs = pairs.into_iter().map(|pair| {
            let Some((pattern, address)) = pair.split_once('=') else {
                return Err(Invalid::new(format!("`{pair}` has no `=`")));
            };
            check(address)?;
            Ok((compiled(pattern)?, address.to_owned()))
        });
        Ok(Self(pairs.collect::<Result<_, _>>()?))
    }

    /// The address of the first pattern that is all of the id.
    pub(crate) fn address(&self, id: &ChangeId) -> Option<String> {
        let (_, address) = self
            .0
            .iter()
            .find(|(regex, _)| regex.is_match(id.as_str()))?;
        Some(address.replace("{id}", id.as_str()))
    }
}

fn compiled(pattern: &str) -> Result<Regex, Invalid> {
    if pattern.len() > LONGEST {
        let rule = format!("a pattern has more than {LONGEST} bytes");
        return Err(Invalid::new(rule));
    }
    let config = Config::new()
        .utf8_empty(false)
        .nfa_size_limit(Some(LARGEST))
        .hybrid_cache_capacity(LARGEST);
    let whole = format!("^(?:{pattern})$");
    // Ids are ASCII, and the program has no tables of Unicode's classes.
    let ascii = syntax::Config::new().unicode(false).utf8(false);
    // By itself: a bracket that closes the group around it would take parts of ids.
    if syntax::parse_with(pattern, &ascii).is_err() {
        let rule = format!("`{pattern}` is not a regular expression");
        return Err(Invalid::new(rule));
    }
    let mut builder = Regex::builder();
    let built = builder.configure(config).syntax(ascii).build(&whole);
    built.map_err(|error| match error.size_limit() {
        Some(_) => Invalid::new(format!("the pattern `{pattern}` is too large")),
        None => Invalid::new(format!("`{pattern}` is not a regular expression")),
    })
}

/// The address, `{id}` aside, is one that can stand in Markdown as it is.
fn check(address: &str) -> Result<(), Invalid> {
    match is_of_web(&address.replace("{id}", "")) {
        true => Ok(()),
        false => Err(Invalid::new(format!(
            "`{}` is not an address like https://tracker.example.com/{{id}}",
            address.escape_debug()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_all_of_an_id_and_an_address_is_one_of_the_web() {
        let id = |text: &str| text.parse::<ChangeId>().unwrap();
        let links = r"FEAT-\d+=https://t.example.com/{id}?x={id} [A-Z]+-\d+=http://b.example.com/";
        let links = Links::parse(links).unwrap();
        let address = |text: &str| links.address(&id(text));
        assert_eq!(
            address("FEAT-1").as_deref(),
            Some("https://t.example.com/FEAT-1?x=FEAT-1")
        );
        assert_eq!(address("BUG-1").as_deref(), Some("http://b.example.com/"));
        assert_eq!(address("FEAT-1b"), None);
        assert_eq!(address("xFEAT-1"), None);
        assert_eq!(Links::parse("").unwrap().address(&id("A")), None);
        for bad in [
            "A",
            "A=",
            "A=javascript:alert(1)",
            "A=https://",
            "A=https://a)b",
            "A=https://ann:x@b",
            "A=https://<b>",
            "A=//b",
            "(=https://b",
            "Y)|(?:Q=https://b",
            ")|(=https://b",
            r"(\d{100}){100}=https://b",
            // Whether tests are built or the program alone: Unicode's classes are not asked for.
            r"\pL=https://b",
        ] {
            assert!(Links::parse(bad).is_err(), "{bad}");
        }
    }
}
