//! Mailmaps (gitmailmap(5)), and who is who by those that are part of the policies (docs/policy.md, "Who
//! is who"). Entries of the ledger are judged by this for ever, so that it is read here and not by
//! whatever version of git or of a library is at hand.

use super::Person;

/// The tracked file, below the top.
pub(crate) const FILE: &str = ".mailmap";

/// What a mailmap says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mailmap(Vec<Line>);

/// One line: who is meant by an email, or by a name and an email.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    name: Option<String>,
    email: Option<String>,
    written_name: Option<String>,
    written_email: String,
}

impl Mailmap {
    /// Reads a mailmap. Like git, it passes over what it does not understand.
    pub(crate) fn parse(text: &[u8]) -> Self {
        let text = String::from_utf8_lossy(text);
        Self(text.lines().filter_map(line).collect())
    }

    /// The person that it makes of `person`.
    pub(crate) fn person(&self, person: &Person) -> Person {
        let of_email = |line: &&Line| person.has(&line.written_email);
        let named = |line: &&Line| {
            let name = line.written_name.as_ref();
            name.is_some_and(|name| name.to_lowercase() == person.name.to_lowercase())
        };
        let lines: Vec<&Line> = self.0.iter().filter(of_email).collect();
        // What is said of the name and the email goes before what is said of the email alone.
        let by_name: Vec<&Line> = lines.iter().copied().filter(named).collect();
        let by_email = || {
            lines
                .iter()
                .copied()
                .filter(|line| line.written_name.is_none())
        };
        let lines: Vec<&Line> = match by_name.is_empty() {
            false => by_name,
            true => by_email().collect(),
        };
        // Of several lines each says what it says; the last word counts.
        let last =
            |said: fn(&Line) -> Option<&String>| lines.iter().rev().find_map(|line| said(line));
        Person {
            name: last(|line| line.name.as_ref())
                .unwrap_or(&person.name)
                .clone(),
            email: last(|line| line.email.as_ref())
                .unwrap_or(&person.email)
                .clone(),
        }
    }

    /// Whether it makes one person of both.
    fn joins(&self, one: &Person, other: &Person) -> bool {
        self.person(one).is(&self.person(other))
    }

    /// Whether `who` means that person, as it makes of both.
    fn goes_by(&self, person: &Person, who: &str) -> bool {
        self.person(person).goes_by(who) || self.joins(person, &addressed(who.trim()))
    }
}

/// Somebody of whom an address alone is known.
fn addressed(email: &str) -> Person {
    Person {
        name: String::new(),
        email: email.to_owned(),
    }
}

fn line(text: &str) -> Option<Line> {
    let text = match text.trim_start().starts_with('#') {
        true => return None,
        false => text,
    };
    let (first_name, first, rest) = address(text)?;
    let name = |text: &str| Some(text.trim().to_owned()).filter(|name| !name.is_empty());
    Some(match address(rest) {
        None => Line {
            name: name(first_name),
            email: None,
            written_name: None,
            written_email: first.to_owned(),
        },
        Some((second_name, second, _)) => Line {
            name: name(first_name),
            email: Some(first.to_owned()),
            written_name: name(second_name),
            written_email: second.to_owned(),
        },
    })
}

/// The first `name <email>` of a text, and what follows it.
fn address(text: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = text.split_once('<')?;
    let (email, rest) = rest.split_once('>')?;
    Some((name, email.trim(), rest))
}

/// Who is who, by the mailmaps that are part of two policies. Where being the same person lets something
/// pass, both have to join; where being another does, either does: whoever writes a mailmap in a branch
/// can only be held to more by it.
#[derive(Clone, Debug, Default)]
pub(crate) struct People {
    present: Mailmap,
    /// None before the first release.
    previous: Option<Mailmap>,
    /// Emails that are named for one key, a group for each.
    sharing: Vec<Vec<String>>,
}

impl People {
    /// By the mailmaps of the release commit and of the previous release.
    pub(crate) fn by(present: Mailmap, previous: Option<Mailmap>) -> Self {
        Self {
            present,
            previous,
            sharing: Vec::new(),
        }
    }

    /// Takes those for one who share a key, where meaning another person lets something pass.
    pub(crate) fn share_keys(&mut self, emails: Vec<Vec<String>>) {
        self.sharing.extend(emails);
    }

    fn maps(&self) -> impl Iterator<Item = &Mailmap> {
        [&self.present].into_iter().chain(&self.previous)
    }

    /// Whether both are one person, where that lets something pass.
    pub(crate) fn same(&self, one: &Person, other: &Person) -> bool {
        one.is(other) || self.maps().all(|map| map.joins(one, other))
    }

    /// Whether that is a person's email, where that lets something pass.
    pub(crate) fn has(&self, person: &Person, email: &str) -> bool {
        self.same(person, &addressed(email))
    }

    /// Whether `who` may mean that person, where meaning another lets something pass.
    pub(crate) fn may_go_by(&self, person: &Person, who: &str) -> bool {
        let by_key = |emails: &Vec<String>| {
            emails.iter().any(|own| person.has(own))
                && emails.iter().any(|other| addressed(other).goes_by(who))
        };
        person.goes_by(who)
            || self.maps().any(|map| map.goes_by(person, who))
            || self.sharing.iter().any(by_key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(name: &str, email: &str) -> Person {
        Person {
            name: name.into(),
            email: email.into(),
        }
    }

    #[test]
    fn it_says_what_git_makes_of_it() {
        let text = "# <x@x> <ann@old>\nAnn Lee <ann@old>\n<ann@new> <ann@old>\n\
                    Bob <bob@new> <bob@old>\nCleo <cleo@new> Cleo T <team@x>\n\
                    Dan <dan@new> <team@x> # Dan\nnonsense\n<half\n";
        let map = Mailmap::parse(text.as_bytes());
        let made = |name: &str, email: &str| {
            let person = map.person(&who(name, email));
            format!("{person}")
        };
        assert_eq!(made("ann", "Ann@Old"), "Ann Lee <ann@new>");
        assert_eq!(made("b", "bob@old"), "Bob <bob@new>");
        assert_eq!(made("cleo t", "team@x"), "Cleo <cleo@new>");
        assert_eq!(made("somebody", "team@x"), "Dan <dan@new>");
        assert_eq!(made("Eve", "eve@x"), "Eve <eve@x>");
        // Nobody is mapped twice.
        assert_eq!(made("ann", "ann@new"), "ann <ann@new>");
    }

    #[test]
    fn what_a_branch_joins_alone_lets_nothing_pass() {
        let map = Mailmap::parse(b"Lead <lead@x> <mal@x>\n");
        let (lead, mal) = (who("Lead", "lead@x"), who("mal", "mal@x"));
        let both = People::by(map.clone(), Some(map.clone()));
        assert!(both.same(&mal, &lead) && both.has(&mal, "Lead@x") && both.may_go_by(&mal, "lead"));
        let none = Mailmap::default();
        for one in [
            People::by(map.clone(), Some(none.clone())),
            People::by(none.clone(), Some(map.clone())),
        ] {
            assert!(!one.same(&mal, &lead) && !one.has(&mal, "lead@x"));
            // Nor does mal pass for somebody else than the lead by it.
            assert!(one.may_go_by(&mal, "lead") && one.may_go_by(&mal, "lead@x"));
            assert!(one.may_go_by(&lead, "mal@x"));
        }
        let first = People::by(map, None);
        assert!(first.same(&mal, &lead));
        let mut shared = People::default();
        shared.share_keys(vec![vec!["mal@x".into(), "lead@x".into()]]);
        assert!(shared.may_go_by(&mal, "lead@x") && shared.may_go_by(&mal, "lead"));
        assert!(!shared.same(&mal, &lead) && !shared.may_go_by(&mal, "ann@x"));
        let nobody = People::default();
        assert!(nobody.same(&mal, &mal) && !nobody.same(&mal, &lead));
        assert!(!nobody.may_go_by(&mal, "lead"));
    }
}
