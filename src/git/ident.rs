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

/// Author and committer without a moment.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Known {
    author: Person,
    committer: Person,
}

impl Known {
    /// Both at that moment.
    pub(crate) fn at(&self, at: Stamp) -> (Ident, Ident) {
        let ident = |person: &Person| Ident {
            person: person.clone(),
            at,
        };
        (ident(&self.author), ident(&self.committer))
    }
}

/// Author and committer, as far as git's own rules (git-commit(1), "COMMIT INFORMATION") leave
/// nothing to guess: names and emails are set and need no cleaning, and the time is the clock's.
/// None means that git has to be asked.
pub(crate) fn known(
    config: &[(String, String)],
    env: impl Fn(&str) -> Option<String>,
) -> Option<Known> {
    if env("GIT_AUTHOR_DATE").is_some() || env("GIT_COMMITTER_DATE").is_some() {
        return None;
    }
    let set = |key: &str| {
        let found = config.iter().rev().find(|(k, _)| k == key);
        found.map(|(_, value)| value.clone())
    };
    let find = |role: &str, field: &str| {
        let variable = format!("GIT_{}_{}", role.to_uppercase(), field.to_uppercase());
        let value = env(&variable)
            .or_else(|| set(&format!("{role}.{field}")))
            .or_else(|| set(&format!("user.{field}")))?;
        let plain = |c: char| c.is_alphanumeric() || " .@_+-".contains(c);
        let ends = |c: char| c.is_alphanumeric();
        let clean = value.chars().all(plain) && value.starts_with(ends) && value.ends_with(ends);
        clean.then_some(value)
    };
    let person = |role: &str| {
        Some(Person {
            name: find(role, "name")?,
            email: find(role, "email")?,
        })
    };
    Some(Known {
        author: person("author")?,
        committer: person("committer")?,
    })
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
    fn git_is_asked_where_anything_is_to_be_guessed() {
        let config = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            let owned = |(k, v): &(&str, &str)| (k.to_string(), v.to_string());
            pairs.iter().map(owned).collect()
        };
        let none = |_: &str| None;
        let plain = config(&[("user.name", "Ann Ö"), ("user.email", "ann@example.com")]);
        let found = known(&plain, none).unwrap();
        assert_eq!(found.author.name, "Ann Ö");
        assert_eq!(found.committer.email, "ann@example.com");
        let env = |name: &str| (name == "GIT_AUTHOR_NAME").then(|| "Bob".to_owned());
        let found = known(&plain, env).unwrap();
        assert_eq!(
            (found.author.name.as_str(), found.committer.name.as_str()),
            ("Bob", "Ann Ö")
        );
        let role = [plain.clone(), config(&[("committer.name", "CI")])].concat();
        assert_eq!(known(&role, none).unwrap().committer.name, "CI");
        let dated = |name: &str| (name == "GIT_AUTHOR_DATE").then(|| "now".to_owned());
        assert_eq!(known(&plain, dated), None);
        let emptied = |name: &str| (name == "GIT_AUTHOR_NAME").then(String::new);
        assert_eq!(known(&plain, emptied), None);
        for name in ["", " Ann", "Ann.", "A <b>", "a\nb"] {
            let odd = config(&[("user.name", name), ("user.email", "ann@example.com")]);
            assert_eq!(known(&odd, none), None, "{name:?}");
        }
        assert_eq!(known(&plain[..1], none), None);
    }

    #[test]
    fn an_ident_is_read_with_its_zone() {
        let ident = parse("Ann Ö <ann@example.com> 1767323045 -0330").unwrap();
        assert_eq!(ident.person.name, "Ann Ö");
        assert_eq!(ident.person.email, "ann@example.com");
        assert_eq!(ident.at.to_rfc3339(), "2026-01-01T23:34:05-03:30");
        assert_eq!(parse("Ann"), None);
    }
}
