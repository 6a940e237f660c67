//! Who git says is at work, and at what time.

use anyhow::{Context, Result};
use chrono::{DateTime, FixedOffset};

use super::Git;
use crate::model::{Exit, Person, Refusal, Stamp};

/// A person and a moment, as `git var GIT_AUTHOR_IDENT` prints them.
#[derive(Clone, Debug, PartialEq)]
pub struct Ident {
    pub person: Person,
    pub at: Stamp,
}

impl Git {
    /// Git's author and committer, by all of git's own rules: configuration, environment, clock.
    ///
    /// # Errors
    /// A [`Refusal`] where git knows no name or email.
    pub fn idents(&self) -> Result<(Ident, Ident)> {
        Ok((
            self.ident("GIT_AUTHOR_IDENT")?,
            self.ident("GIT_COMMITTER_IDENT")?,
        ))
    }

    fn ident(&self, variable: &str) -> Result<Ident> {
        let output = self.run(&["var", variable], b"")?;
        if !output.ok() {
            let refusal = Refusal::new(Exit::Failure, "git does not know who you are")
                .because("Everything that is recorded carries a name and an email")
                .because(output.said())
                .then("git config user.name \"Your Name\"")
                .then("git config user.email you@example.com");
            return Err(refusal.into());
        }
        let text = String::from_utf8_lossy(&output.stdout);
        parse(text.trim_end()).with_context(|| format!("git var {variable} printed {text:?}"))
    }
}

/// Reads `Name <email> seconds +zone`.
fn parse(text: &str) -> Option<Ident> {
    let (who, when) = text.rsplit_once("> ")?;
    let (name, email) = who.split_once('<')?;
    let (seconds, zone) = when.split_once(' ')?;
    let zone: i32 = zone.parse().ok()?;
    let offset = FixedOffset::east_opt((zone / 100) * 3600 + (zone % 100) * 60)?;
    let at = DateTime::from_timestamp(seconds.parse().ok()?, 0)?.with_timezone(&offset);
    Some(Ident {
        person: Person {
            name: name.trim().to_owned(),
            email: email.to_owned(),
        },
        at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ident_is_read_with_its_zone() {
        let ident = parse("Ann Ö <ann@example.com> 1767323045 -0330").unwrap();
        assert_eq!(ident.person.name, "Ann Ö");
        assert_eq!(ident.person.email, "ann@example.com");
        assert_eq!(ident.at.to_rfc3339(), "2026-01-01T23:34:05-03:30");
        assert_eq!(parse("Ann"), None);
    }
}
