//! What git tells a `pre-receive` hook (githooks(5)): the refs that a push is to move.

use anyhow::{Context as _, Result};

use super::refs::Update;
use crate::model::Oid;

/// Reads the lines `OLD NEW REF`; all zeros stand for absence.
///
/// # Errors
/// A line is none of those: nothing is let in that was not understood.
pub(crate) fn read(text: &[u8]) -> Result<Vec<Update>> {
    let mut updates = Vec::new();
    for line in text.split(|byte| *byte == b'\n').filter(|l| !l.is_empty()) {
        let line = String::from_utf8_lossy(line);
        let mut parts = line.splitn(3, ' ');
        let mut next = || parts.next().with_context(|| unread(&line));
        let (old, new, name) = (next()?, next()?, next()?);
        let oid = |text: &str| -> Result<Option<Oid>> {
            if !text.is_empty() && text.bytes().all(|byte| byte == b'0') {
                return Ok(None);
            }
            Ok(Some(text.parse().with_context(|| unread(&line))?))
        };
        updates.push(Update {
            old: oid(old)?,
            new: oid(new)?,
            name: name.to_owned(),
        });
    }
    Ok(updates)
}

fn unread(line: &str) -> String {
    format!("git says `{line}`, where it says OLD NEW REF to a pre-receive hook")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_a_move() {
        let oid = |n: u32| -> Oid { format!("{n:040x}").parse().unwrap() };
        let none = "0".repeat(40);
        let text = format!(
            "{none} {one} refs/heads/a\n{one} {two} refs/heads/b c\n{two} {none} refs/heads/d\n",
            one = oid(1),
            two = oid(2)
        );
        let expected = [
            Update::new("refs/heads/a", None, Some(&oid(1))),
            Update::new("refs/heads/b c", Some(&oid(1)), Some(&oid(2))),
            Update::new("refs/heads/d", Some(&oid(2)), None),
        ];
        assert_eq!(read(text.as_bytes()).unwrap(), expected);
        assert_eq!(read(b"").unwrap(), []);
    }

    #[test]
    fn nothing_is_guessed() {
        let oid = "1".repeat(40);
        for text in [
            "x".to_owned(),
            format!("{oid} {oid}"),
            format!("{oid} x refs/heads/a"),
            format!(" {oid} refs/heads/a"),
        ] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
    }
}
