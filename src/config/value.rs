//! What a setting's text means.

use std::time::Duration;

use super::shared::FILE;
use super::{CommitLinks, Mode, OWN_PREFIX, Origin, Setting};
use crate::model::forge::Commits;
use crate::model::notes::Links;
use crate::model::tag_format::TagFormat;
use crate::model::{Exit, Invalid, Oid, Refusal};

pub(super) fn parse_mode(setting: &Setting) -> Result<Mode, Refusal> {
    match setting.value.as_deref() {
        Some("local") => Ok(Mode::Local),
        Some("hybrid") => Ok(Mode::Hybrid),
        Some("cloud") => Ok(Mode::Cloud),
        _ => Err(set_wrong(setting, "local, hybrid or cloud")),
    }
}

pub(super) fn parse_bool(setting: &Setting) -> Result<bool, Refusal> {
    let value = setting.value.as_deref();
    value
        .and_then(boolean)
        .ok_or_else(|| set_wrong(setting, "true or false"))
}

pub(super) fn parse_format(setting: &Setting) -> Result<TagFormat, Refusal> {
    let value = setting.value.as_deref();
    let parsed: Result<TagFormat, Invalid> = value.unwrap_or_default().parse();
    parsed.map_err(|invalid| {
        set_wrong(setting, "like {version}, {number} or {product}@{number}")
            .because(invalid.to_string())
    })
}

/// A prefix as somebody types it.
///
/// # Errors
/// [`Exit::Usage`] where it is none that a host could accept.
pub(crate) fn prefix(typed: &str) -> Result<String, Refusal> {
    parse_prefix(&Setting {
        key: "remote_prefix",
        value: Some(typed.to_owned()),
        origin: Origin::Environment,
    })
}

/// Either gryt's own place, or one below the branches, which every host accepts.
pub(super) fn parse_prefix(setting: &Setting) -> Result<String, Refusal> {
    let value = setting.value.as_deref();
    let text = value.unwrap_or_default().trim_end_matches('/');
    let component = |part: &str| {
        let legal = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
        !part.is_empty() && part.bytes().all(legal)
    };
    let below = text.strip_prefix("refs/heads/");
    if format!("{text}/") == OWN_PREFIX || below.is_some_and(|b| b.split('/').all(component)) {
        return Ok(format!("{text}/"));
    }
    Err(wrong(
        setting.key,
        value,
        "refs/gryt/, or refs/heads/gryt/ for a host that accepts only branches",
    ))
}

/// Oids in full, with white space between them.
pub(super) fn parse_oids(setting: &Setting) -> Result<Vec<Oid>, Refusal> {
    let words = setting.value.as_deref().unwrap_or_default();
    let oids: Result<Vec<Oid>, _> = words.split_whitespace().map(str::parse).collect();
    oids.map_err(|_| {
        set_wrong(
            setting,
            "oids of ledger entries in full, a space between them",
        )
    })
}

/// Patterns of ids, each with the address that it leads to.
pub(super) fn parse_links(setting: &Setting) -> Result<Links, Refusal> {
    let pairs = setting.value.as_deref().unwrap_or_default();
    Links::parse(pairs).map_err(|invalid| {
        let expected = r"like FEAT-\d+=https://tracker.example.com/{id}, a space between several";
        set_wrong(setting, expected).because(invalid.to_string())
    })
}

/// Whether commits are links on a terminal, and where to.
pub(super) fn parse_commit_links(setting: &Setting) -> Result<CommitLinks, Refusal> {
    let value = setting.value.as_deref().unwrap_or_default();
    match value {
        "auto" => Ok(CommitLinks::Auto),
        "never" => Ok(CommitLinks::Never),
        address => Commits::parse(address).map(CommitLinks::At).ok_or_else(|| {
            let expected =
                "auto, never, or an address like https://git.example.com/app/commit/{commit}";
            set_wrong(setting, expected)
        }),
    }
}

/// The words of two lists, each once.
pub(crate) fn joined(before: &str, more: &str) -> String {
    let mut all: Vec<&str> = before.split_whitespace().collect();
    for word in more.split_whitespace() {
        if !all.iter().any(|known| known.eq_ignore_ascii_case(word)) {
            all.push(word);
        }
    }
    all.join(" ")
}

pub(super) fn parse_duration(setting: &Setting) -> Result<Duration, Refusal> {
    let value = setting.value.as_deref();
    let parsed = value.and_then(|value| humantime::parse_duration(value).ok());
    parsed.ok_or_else(|| set_wrong(setting, "a time like 5s or 2m"))
}

/// A time that something is waited for: no time at all would end everything at once.
pub(super) fn parse_patience(setting: &Setting) -> Result<Duration, Refusal> {
    match parse_duration(setting)? {
        Duration::ZERO => Err(set_wrong(setting, "a time above zero, like 30s or 2m")),
        time => Ok(time),
    }
}

pub(super) fn wrong(key: &str, value: Option<&str>, expected: &str) -> Refusal {
    let value = value.unwrap_or_default();
    Refusal::new(Exit::Usage, format!("{key} is `{value}`: write {expected}"))
}

/// The same of a value that is set somewhere, with the way back to the default.
pub(super) fn set_wrong(setting: &Setting, expected: &str) -> Refusal {
    let refusal = wrong(setting.key, setting.value.as_deref(), expected);
    match setting.origin {
        Origin::Environment => refusal.because("It stands in the environment"),
        Origin::Git => refusal
            .because("It stands in git's configuration")
            .then(format!("git gryt config --unset {}", setting.key)),
        Origin::Shared => refusal
            .because(format!("It stands in {FILE}"))
            .then(format!("git gryt config --shared --unset {}", setting.key)),
        Origin::Default => refusal,
    }
}

/// Git's own spellings (git-config(1), "Values").
pub(crate) fn boolean(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" | "" => Some(false),
        _ => None,
    }
}
