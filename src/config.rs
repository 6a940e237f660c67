//! Settings: flag > environment > git configuration > `.gryt/config.yaml` > default.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::host::{Ability, Host};
use crate::model::near::nearest;
use crate::model::tag_format::TagFormat;
use crate::model::{Exit, Invalid, Oid, Refusal};

/// The tracked file, below the top of the working tree.
pub(crate) const FILE: &str = ".gryt/config.yaml";

/// How far a clone works with its cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// Never touches a remote.
    Local,
    /// Syncs when told to, and to promote.
    Hybrid,
    /// Pulls before and pushes after whatever reads or changes what is shared.
    Cloud,
}

impl Mode {
    /// The word for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Mode::Local => "local",
            Mode::Hybrid => "hybrid",
            Mode::Cloud => "cloud",
        }
    }
}

/// One setting: its name on the command line and in `.gryt/config.yaml`, in git's configuration,
/// and in the environment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    pub name: &'static str,
    /// As `git config --list` prints it.
    pub git: &'static str,
    pub env: &'static str,
    /// Whether what the branch tracks counts. Where this clone's state goes is never decided by a
    /// branch, as git never reads its configuration from one: a pull request could send it away.
    pub of_branch: bool,
}

/// All settings.
pub(crate) const KEYS: [Key; 11] = [
    Key {
        name: "execution_mode",
        git: "gryt.executionmode",
        env: "GRYT_EXECUTION_MODE",
        of_branch: false,
    },
    Key {
        name: "remote",
        git: "gryt.remote",
        env: "GRYT_REMOTE",
        of_branch: false,
    },
    Key {
        name: "tag",
        git: "gryt.tag",
        env: "GRYT_TAG",
        of_branch: true,
    },
    Key {
        name: "tag_format",
        git: "gryt.tagformat",
        env: "GRYT_TAG_FORMAT",
        of_branch: true,
    },
    Key {
        name: "publish_commits",
        git: "gryt.publishcommits",
        env: "GRYT_PUBLISH_COMMITS",
        of_branch: false,
    },
    Key {
        name: "share_on_push",
        git: "gryt.shareonpush",
        env: "GRYT_SHARE_ON_PUSH",
        of_branch: false,
    },
    Key {
        name: "hook_timeout",
        git: "gryt.hooktimeout",
        env: "GRYT_HOOK_TIMEOUT",
        of_branch: true,
    },
    Key {
        name: "timeout",
        git: "gryt.timeout",
        env: "GRYT_TIMEOUT",
        of_branch: true,
    },
    Key {
        name: "push_timeout",
        git: "gryt.pushtimeout",
        env: "GRYT_PUSH_TIMEOUT",
        of_branch: true,
    },
    Key {
        name: "remote_prefix",
        git: "gryt.remoteprefix",
        env: "GRYT_REMOTE_PREFIX",
        of_branch: true,
    },
    Key {
        name: "trust",
        git: "gryt.trust",
        env: "GRYT_TRUST",
        of_branch: false,
    },
];

/// The tracked file's content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Shared {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_mode: Option<Mode>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag_format: Option<TagFormat>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publish_commits: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share_on_push: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hook_timeout: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub push_timeout: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_prefix: Option<String>,
    /// The genesis of the project's ledger: a clone whose branch names one never makes another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<Oid>,
}

/// What a value was taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Origin {
    Environment,
    Git,
    Shared,
    Default,
}

/// A setting as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Setting {
    pub key: &'static str,
    pub value: Option<String>,
    pub origin: Origin,
}

/// The settings that commands work by.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub mode: Mode,
    /// The cloud: the name of a configured remote. None where there is none, or in local mode.
    pub remote: Option<String>,
    pub tag: bool,
    /// How release tags are named.
    pub tag_format: TagFormat,
    pub publish_commits: bool,
    /// Whether the pre-push hook shares the proofs of what is pushed.
    pub share_on_push: bool,
    /// How long a hook may wait for the cloud.
    pub hook_timeout: Duration,
    /// How long the cloud may say nothing before objects go over the line.
    pub timeout: Duration,
    /// The same from then on.
    pub push_timeout: Duration,
    /// Where a remote keeps what is below `refs/gryt/` here; ends in a slash.
    pub remote_prefix: String,
    pub ledger: Option<Oid>,
    /// The disputed entries that count here as if they were not.
    pub trust: Vec<Oid>,
    /// What the cloud's host is known not to do.
    pub host: Host,
    /// Whether git pushes to another address than it fetches from.
    pub push_url: bool,
    /// Whether the user's git signs commits.
    pub sign: bool,
    pub settings: Vec<Setting>,
}

impl Config {
    /// A setting as it stands, by its name.
    pub(crate) fn setting(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.key == name)
    }
}

/// Finds a setting by the name that a person typed: `execution_mode`, `executionMode` or
/// `gryt.executionMode`.
///
/// # Errors
/// [`Exit::Usage`], with the names that there are.
pub(crate) fn key(typed: &str) -> Result<&'static Key, Refusal> {
    let plain = |text: &str| text.to_ascii_lowercase().replace(['_', '-'], "");
    let bare = plain(typed.strip_prefix("gryt.").unwrap_or(typed));
    KEYS.iter()
        .find(|key| plain(key.name) == bare)
        .ok_or_else(|| {
            let names: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
            let refusal = Refusal::new(Exit::Usage, format!("There is no setting {typed}"));
            match nearest(typed, names.iter().copied()) {
                Some(near) => refusal.or_meant(typed, near),
                None => refusal.because(format!("There are {}", names.join(", "))),
            }
        })
}

/// Whether a value of the tracked file counts. A branch may keep a clone away from the cloud, and never
/// bring it there.
pub(crate) fn counts(key: &Key, value: &str) -> bool {
    key.of_branch || key.name == "execution_mode" && value == "local"
}

/// What the tracked file recommends and does not decide: each setting with its value.
pub(crate) fn recommended(shared: &Shared) -> Vec<(&'static str, String)> {
    let yaml = serde_json::to_value(shared).unwrap_or_default();
    let said = |key: &Key| {
        let value = match yaml.get(key.name)? {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        (!counts(key, &value)).then_some((key.name, value))
    };
    KEYS.iter().filter_map(said).collect()
}

/// Resolves all settings.
///
/// # Errors
/// A value that its setting does not have, naming where it stands.
pub(crate) fn resolve(
    env: impl Fn(&str) -> Option<String>,
    git: &[(String, String)],
    shared: &Shared,
) -> Result<Config, Refusal> {
    let last = |key: &str| {
        git.iter()
            .rev()
            .find(|(k, _)| k == key)
            .map(|(_, v)| v.clone())
    };
    let find = |key: &Key, default: Option<String>| {
        let from_shared = || {
            let yaml = serde_json::to_value(shared).ok()?;
            match yaml.get(key.name)? {
                serde_json::Value::String(text) => Some(text.clone()),
                other => Some(other.to_string()),
            }
        };
        let sources = [
            (Origin::Environment, env(key.env)),
            (Origin::Git, last(key.git)),
            (
                Origin::Shared,
                from_shared().filter(|value| counts(key, value)),
            ),
        ];
        let found = sources
            .into_iter()
            .find_map(|(o, value)| value.map(|v| (o, v)));
        let (origin, value) = match found {
            Some((origin, value)) => (origin, Some(value)),
            None => (Origin::Default, default),
        };
        Setting {
            key: key.name,
            value,
            origin,
        }
    };
    let [
        mode,
        remote,
        tag,
        format,
        publish,
        share,
        timeout,
        limit,
        push_limit,
        prefix,
        trust,
    ] = &KEYS;
    let remotes = remotes(git);
    let only = match remotes.keys().collect::<Vec<_>>()[..] {
        _ if remotes.contains_key("origin") => Some("origin".to_owned()),
        [only] => Some(only.clone()),
        _ => None,
    };
    let remote = find(remote, only);
    // A project that has a cloud's ledger does not fall back to one of its own because it is not
    // clear any more which of several remotes is the cloud.
    let unclear = shared.ledger.is_some() && !remotes.is_empty();
    let default_mode = if remote.value.is_some() || unclear {
        "hybrid"
    } else {
        "local"
    };
    let mode = find(mode, Some(default_mode.into()));
    let tag = find(tag, Some("true".into()));
    let format = find(format, Some(TagFormat::default().to_string()));
    let publish = find(publish, Some("false".into()));
    let share = find(share, Some("false".into()));
    let timeout = find(timeout, Some("5s".into()));
    let limit = find(limit, Some("2m".into()));
    let push_limit = find(push_limit, Some("10m".into()));
    let prefix = find(prefix, Some(OWN_PREFIX.into()));
    let trust = find(trust, None);
    let parsed = parse_mode(&mode)?;
    let cloud = match parsed {
        Mode::Local => None,
        Mode::Hybrid | Mode::Cloud => Some(configured(&remote, &remotes)?),
    };
    let kept = |ability| last(&host_key(cloud.as_ref()?, ability));
    let host = Host::read(kept);
    let push_url = cloud
        .as_ref()
        .is_some_and(|name| last(&format!("remote.{name}.pushurl")).is_some())
        || git.iter().any(|(key, _)| key.ends_with(".pushinsteadof"));
    Ok(Config {
        push_url,
        mode: parsed,
        remote: cloud,
        tag: parse_bool(&tag)?,
        tag_format: parse_format(&format)?,
        publish_commits: parse_bool(&publish)?,
        share_on_push: parse_bool(&share)?,
        hook_timeout: parse_duration(&timeout)?,
        timeout: parse_duration(&limit)?,
        push_timeout: parse_duration(&push_limit)?,
        remote_prefix: parse_prefix(&prefix)?,
        ledger: shared.ledger.clone(),
        trust: parse_oids(&trust)?,
        host,
        sign: last("commit.gpgsign").is_some_and(|value| boolean(&value) == Some(true)),
        settings: vec![
            mode, remote, tag, format, publish, share, timeout, limit, push_limit, prefix, trust,
        ],
    })
}

/// Where it is remembered that a remote's host does not do something, as git prints the key.
pub(crate) fn host_key(remote: &str, ability: Ability) -> String {
    format!("remote.{remote}.{}", ability.key())
}

/// The remotes that git is configured with, each with its address: the first of several, which is
/// what git fetches from.
pub(crate) fn remotes(git: &[(String, String)]) -> BTreeMap<String, String> {
    let mut remotes = BTreeMap::new();
    for (key, url) in git {
        let name = key
            .strip_prefix("remote.")
            .and_then(|k| k.strip_suffix(".url"));
        if let Some(name) = name {
            remotes
                .entry(name.to_owned())
                .or_insert_with(|| url.clone());
        }
    }
    remotes
}

/// The remote must be one of git's own: what reaches git's command line is never an URL or an
/// option that a file could have put there.
fn configured(remote: &Setting, remotes: &BTreeMap<String, String>) -> Result<String, Refusal> {
    match &remote.value {
        Some(name) if remotes.contains_key(name) => Ok(name.clone()),
        Some(name) => Err(no_remote(
            format!("The cloud is set to {name}, and git has no remote of that name"),
            name,
            remotes.keys().map(String::as_str),
        )
        .then("git gryt config remote NAME")),
        None if remotes.is_empty() => Err(Refusal::new(
            Exit::Usage,
            "This repository has no remote that could be the cloud",
        )
        .then("git remote add origin URL")
        .then("git gryt config execution_mode local")),
        None => {
            let names: Vec<&str> = remotes.keys().map(String::as_str).collect();
            Err(Refusal::new(
                Exit::Usage,
                format!(
                    "Which remote is the cloud is not set: there are {}",
                    names.join(", ")
                ),
            )
            .then("git gryt config remote NAME")
            .then("git gryt config execution_mode local"))
        }
    }
}

/// The refusal of a remote that git does not have.
pub(crate) fn no_remote<'r>(
    what: String,
    name: &str,
    known: impl Iterator<Item = &'r str>,
) -> Refusal {
    let refusal = Refusal::new(Exit::Usage, what);
    match nearest(name, known) {
        Some(near) => refusal.or_meant(name, near),
        None => refusal,
    }
    .then(format!("git remote add {name} URL"))
}

fn parse_mode(setting: &Setting) -> Result<Mode, Refusal> {
    match setting.value.as_deref() {
        Some("local") => Ok(Mode::Local),
        Some("hybrid") => Ok(Mode::Hybrid),
        Some("cloud") => Ok(Mode::Cloud),
        _ => Err(set_wrong(setting, "local, hybrid or cloud")),
    }
}

fn parse_bool(setting: &Setting) -> Result<bool, Refusal> {
    let value = setting.value.as_deref();
    value
        .and_then(boolean)
        .ok_or_else(|| set_wrong(setting, "true or false"))
}

fn parse_format(setting: &Setting) -> Result<TagFormat, Refusal> {
    let value = setting.value.as_deref();
    let parsed: Result<TagFormat, Invalid> = value.unwrap_or_default().parse();
    parsed.map_err(|invalid| {
        set_wrong(setting, "like {version}, {number} or {product}@{number}")
            .because(invalid.to_string())
    })
}

/// Where refs of gryt's are on a remote, unless said.
pub(crate) const OWN_PREFIX: &str = "refs/gryt/";

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
fn parse_prefix(setting: &Setting) -> Result<String, Refusal> {
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
fn parse_oids(setting: &Setting) -> Result<Vec<Oid>, Refusal> {
    let words = setting.value.as_deref().unwrap_or_default();
    let oids: Result<Vec<Oid>, _> = words.split_whitespace().map(str::parse).collect();
    oids.map_err(|_| {
        set_wrong(
            setting,
            "oids of ledger entries in full, a space between them",
        )
    })
}

fn parse_duration(setting: &Setting) -> Result<Duration, Refusal> {
    let value = setting.value.as_deref();
    let parsed = value.and_then(|value| humantime::parse_duration(value).ok());
    parsed.ok_or_else(|| set_wrong(setting, "a time like 5s or 2m"))
}

/// Checks that `value` is one that the setting can have.
///
/// # Errors
/// [`Exit::Usage`].
pub(crate) fn check(key: &Key, value: &str) -> Result<(), Refusal> {
    let setting = Setting {
        key: key.name,
        value: Some(value.to_owned()),
        origin: Origin::Default,
    };
    match key.name {
        "execution_mode" => parse_mode(&setting).map(drop),
        "remote" => Ok(()),
        "tag_format" => parse_format(&setting).map(drop),
        "hook_timeout" | "timeout" | "push_timeout" => parse_duration(&setting).map(drop),
        "remote_prefix" => parse_prefix(&setting).map(drop),
        "trust" => parse_oids(&setting).map(drop),
        _ => parse_bool(&setting).map(drop),
    }
}

fn wrong(key: &str, value: Option<&str>, expected: &str) -> Refusal {
    let value = value.unwrap_or_default();
    Refusal::new(Exit::Usage, format!("{key} is `{value}`: write {expected}"))
}

/// The same of a value that is set somewhere, with the way back to the default.
fn set_wrong(setting: &Setting, expected: &str) -> Refusal {
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
fn boolean(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" | "" => Some(false),
        _ => None,
    }
}

/// Reads the tracked file.
///
/// # Errors
/// [`Exit::Invalid`], with line and column.
pub(crate) fn read_shared(text: &[u8]) -> Result<Shared, Refusal> {
    let wrong = |invalid: Invalid| Refusal::new(Exit::Invalid, format!("{FILE}: {invalid}"));
    let shared: Option<Shared> = Invalid::or_yaml(text).map_err(wrong)?;
    Ok(shared.unwrap_or_default())
}

/// Sets one key in the tracked file's text, other lines kept.
pub(crate) fn set_shared(text: &str, key: &str, value: &str) -> String {
    let line = format!("{key}: {value}");
    let mut found = false;
    let mut lines: Vec<&str> = Vec::new();
    for old in text.lines() {
        if old.split(':').next() == Some(key) {
            found = true;
            lines.push(&line);
        } else {
            lines.push(old);
        }
    }
    if !found {
        lines.push(&line);
    }
    lines.join("\n") + "\n"
}

/// Takes one key out of the tracked file's text, other lines kept.
pub(crate) fn unset_shared(text: &str, key: &str) -> String {
    let other = |line: &&str| line.split(':').next() != Some(key);
    text.split_inclusive('\n').filter(other).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn git(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(k, v)| (k.to_string(), v.to_string()))
            .collect()
    }

    #[test]
    fn a_name_keeps_the_characters_of_the_file() {
        let text = b"remote: 1.10\ntimeout: 1e3\nhook_timeout: 0x1F\nremote_prefix: True\n";
        let shared = read_shared(text).unwrap();
        let said = [
            shared.remote,
            shared.timeout,
            shared.hook_timeout,
            shared.remote_prefix,
        ];
        let said: Vec<String> = said.into_iter().flatten().collect();
        assert_eq!(said, ["1.10", "1e3", "0x1F", "True"]);
    }

    #[test]
    fn the_nearest_source_wins() {
        let pairs = git(&[
            ("remote.origin.url", "x"),
            ("gryt.executionmode", "local"),
            ("gryt.executionmode", "cloud"),
        ]);
        let shared = read_shared(b"execution_mode: local\ntag: false\n").unwrap();
        let config = resolve(|_| None, &pairs, &shared).unwrap();
        assert_eq!(config.mode, Mode::Cloud);
        assert!(!config.tag);
        let env = |name: &str| (name == "GRYT_EXECUTION_MODE").then(|| "hybrid".to_owned());
        assert_eq!(resolve(env, &pairs, &shared).unwrap().mode, Mode::Hybrid);
    }

    #[test]
    fn the_mode_follows_from_whether_there_is_a_remote() {
        let none = resolve(|_| None, &[], &Shared::default()).unwrap();
        assert_eq!((none.mode, none.remote), (Mode::Local, None));
        let one = git(&[("remote.up.url", "x")]);
        let one = resolve(|_| None, &one, &Shared::default()).unwrap();
        assert_eq!((one.mode, one.remote), (Mode::Hybrid, Some("up".into())));
    }

    #[test]
    fn a_project_with_a_ledger_does_not_become_local_by_a_rename() {
        let two = git(&[("remote.up.url", "x"), ("remote.carl.url", "y")]);
        let alone = resolve(|_| None, &two, &Shared::default()).unwrap();
        assert_eq!(alone.mode, Mode::Local);
        let ledger = format!("ledger: {}\n", "a".repeat(40));
        let shared = read_shared(ledger.as_bytes()).unwrap();
        let refused = resolve(|_| None, &two, &shared).unwrap_err();
        assert_eq!(refused.next[0], "git gryt config remote NAME");
        assert_eq!(resolve(|_| None, &[], &shared).unwrap().mode, Mode::Local);
    }

    #[test]
    fn a_cloud_is_a_configured_remote_and_nothing_else() {
        let pairs = git(&[
            ("remote.origin.url", "x"),
            ("gryt.remote", "--upload-pack=x"),
        ]);
        let refused = resolve(|_| None, &pairs, &Shared::default()).unwrap_err();
        assert_eq!(refused.exit, Exit::Usage);
    }

    #[test]
    fn a_line_of_the_tracked_file_is_set_in_place() {
        let text = "# ours\ntag: true\nremote: up\n";
        assert_eq!(
            set_shared(text, "tag", "false"),
            "# ours\ntag: false\nremote: up\n"
        );
        assert_eq!(set_shared("", "tag", "false"), "tag: false\n");
    }
}
