//! People and moments, as the original wrote them.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, SubsecRound};

use crate::model::{Invalid, Person, Stamp};

/// Who the names of the record are.
pub(crate) struct People {
    /// Said by whoever imports.
    pub said: BTreeMap<String, Person>,
}

impl People {
    /// Who a name of the record is: who was said, an address that it holds; else somebody with an
    /// address that can never be anybody's (RFC 2606). Whoever imports plays no part in it, so that
    /// two who do import the same.
    pub(crate) fn who(&self, name: Option<&str>) -> Person {
        let name = name.map(str::trim).filter(|name| !name.is_empty());
        let name = name.unwrap_or("unknown");
        if let Some(said) = self.said.get(name) {
            return said.clone();
        }
        if let Ok(person) = person(name) {
            return person;
        }
        let legal = |c: char| if c.is_alphanumeric() { c } else { '-' };
        // What git itself takes away at both ends of a name, and what it takes in none.
        let crud = |c: char| c.is_whitespace() || c.is_control() || ".,:;<>\"\\'".contains(c);
        let name = name.replace(|c: char| c.is_control() || c == '<' || c == '>', " ");
        let name = match name.trim_matches(crud) {
            "" => "unknown",
            name => name,
        };
        let local: String = name.chars().map(legal).collect();
        Person {
            name: name.to_owned(),
            email: format!("{local}@imported.invalid"),
        }
    }
}

/// Reads `Name <email>`, or an email alone.
///
/// # Errors
/// It is neither.
pub(crate) fn person(text: &str) -> Result<Person, Invalid> {
    let wrong = || Invalid::new(format!("`{text}` is not Name <email>"));
    let (name, email) = match text.split_once('<') {
        Some((name, rest)) => (name.trim(), rest.strip_suffix('>').ok_or_else(wrong)?),
        None => (text.split('@').next().unwrap_or(text), text),
    };
    let legal = |c: char| !c.is_whitespace() && !c.is_control() && c != '<' && c != '>';
    let named = name.contains(|c: char| c.is_alphanumeric());
    let sound = email.contains('@') && email.chars().all(legal) && named;
    if !sound || name.contains(['\n', '<', '>']) {
        return Err(wrong());
    }
    Ok(Person {
        name: name.to_owned(),
        email: email.to_owned(),
    })
}

/// A moment of the record; one that cannot be read is noted, with what it stands for.
pub(super) fn dated(
    of: &str,
    field: &str,
    text: Option<&str>,
    notes: &mut Vec<String>,
) -> Option<Stamp> {
    let text = text?;
    let at = moment(text);
    if at.is_none() {
        let known = match field {
            "promoted_at" => "taken for the moment that it was made",
            _ => "taken for the beginning of 1970",
        };
        notes.push(format!(
            "{of}: its {field} is not a date from 1970 on, `{text}`: {known}"
        ));
    }
    at
}

/// A moment as SQLite or Python writes it; without a zone it is UTC. Git knows none before 1970.
pub(super) fn moment(text: &str) -> Option<Stamp> {
    let text = text.trim();
    let zoned = ["%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M:%S%.f%#z"];
    let plain = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"];
    let utc = |naive: NaiveDateTime| naive.and_utc().fixed_offset();
    let with_zone = |form: &&str| DateTime::parse_from_str(text, form).ok();
    let without = |form: &&str| NaiveDateTime::parse_from_str(text, form).ok();
    let found = DateTime::parse_from_rfc3339(text)
        .ok()
        .or_else(|| zoned.iter().find_map(with_zone))
        .or_else(|| plain.iter().find_map(without).map(utc))
        .or_else(|| {
            let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
            Some(utc(day.and_time(NaiveTime::MIN)))
        })?;
    (found.timestamp() >= 0).then(|| found.trunc_subsecs(0))
}
