//! Where in a YAML text something stands, for what is found wrong after it was read.

use std::str::FromStr;

use yaml_edit::{Document, YamlNode};

use super::Invalid;

/// One step of the way to a value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Key<'a> {
    Name(&'a str),
    At(usize),
}

/// An [`Invalid`] at the value that `path` leads to; without a place where that cannot be told
/// (an alias on the way).
pub(super) fn invalid(text: &[u8], path: &[Key<'_>], rule: impl Into<String>) -> Invalid {
    Invalid {
        rule: rule.into(),
        at: find(text, path),
        more: Vec::new(),
    }
}

/// Where the name of the field stands that `path` leads to.
pub(super) fn key(text: &[u8], path: &[Key<'_>], name: &str) -> Option<(usize, usize)> {
    let text = std::str::from_utf8(text).ok()?;
    let before = text.get(..start(text, path)?)?;
    Some(line_and_column(text.get(..before.rfind(name)?)?))
}

fn find(text: &[u8], path: &[Key<'_>]) -> Option<(usize, usize)> {
    let text = std::str::from_utf8(text).ok()?;
    Some(line_and_column(text.get(..start(text, path)?)?))
}

fn start(text: &str, path: &[Key<'_>]) -> Option<usize> {
    let document = Document::from_str(text).ok()?;
    Some(at(&document, path)?.byte_range().start as usize)
}

/// Line and column of what follows `before`, both from 1.
fn line_and_column(before: &str) -> (usize, usize) {
    let line = before.matches('\n').count() + 1;
    let last = before.rsplit('\n').next().unwrap_or_default();
    (line, last.chars().count() + 1)
}

fn at(document: &Document, path: &[Key<'_>]) -> Option<YamlNode> {
    let mut node: Option<YamlNode> = None;
    for key in path {
        node = Some(match (key, &node) {
            (Key::Name(name), None) => document.get(*name)?,
            (Key::At(_), None) => return None,
            (Key::Name(name), Some(node)) => node.as_mapping()?.get(*name)?,
            (Key::At(at), Some(node)) => node.as_sequence()?.get(*at)?,
        });
    }
    node
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_by_its_path() {
        let text = b"# first\nsteps:\n  - name: a\n    needs: [b, c]\n";
        let path = [
            Key::Name("steps"),
            Key::At(0),
            Key::Name("needs"),
            Key::At(1),
        ];
        assert_eq!(find(text, &path), Some((4, 16)));
        assert_eq!(find(text, &path[..1]).map(|at| at.0), Some(3));
        assert_eq!(find(text, &[Key::Name("x")]), None);
    }
}
