//! Settings: flag > environment > git configuration > `.gryt/config.yaml` > default.

mod key;
mod shared;
mod value;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::forge::Commits;
use crate::model::host::{Ability, Host};
use crate::model::near::nearest;
use crate::model::notes::Links;
use crate::model::tag_format::TagFormat;
use crate::model::{Exit, Oid, Refusal};
use value::{
    parse_bool, parse_commit_links, parse_duration, parse_format, parse_links, parse_mode,
    parse_oids, parse_patience, parse_prefix,
};

pub(crate) use key::{KEYS, Key, check, counts, key, recommended};
pub(crate) use shared::{FILE, Shared, read_shared, set_shared, unset_shared};
pub(crate) use value::{boolean, joined, prefix};

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

/// Where commits lead to on a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CommitLinks {
    /// To the host's pages, where the cloud's address tells where they are.
    Auto,
    Never,
    At(Commits),
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
    /// Whether what is written is signed: entries, drafts, evolutions.
    pub sign: bool,
    /// Whether releases' tags are.
    pub sign_tags: bool,
    pub settings: Vec<Setting>,
}

impl Config {
    /// A setting as it stands, by its name.
    pub(crate) fn setting(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.key == name)
    }

    /// Where changes are tracked. Read where it is needed: what is wrong with it stops nothing else.
    ///
    /// # Errors
    /// What is set is no list of patterns and addresses.
    pub(crate) fn links(&self) -> Result<Links, Refusal> {
        self.setting("links")
            .map_or(Ok(Links::default()), parse_links)
    }

    /// Where commits are shown on the web, by the address of the cloud where nothing else is set. None where that
    /// tells nothing, where no links are wanted, or where what is set is wrong: that stops nothing.
    pub(crate) fn commit_pages(&self, cloud: Option<&str>) -> Option<Commits> {
        match parse_commit_links(self.setting("commit_links")?) {
            Ok(CommitLinks::Auto) => Commits::of_remote(cloud?),
            Ok(CommitLinks::At(pages)) => Some(pages),
            Ok(CommitLinks::Never) | Err(_) => None,
        }
    }
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
        sign,
        links,
        commit_links,
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
    let sign = find(sign, None);
    let links = find(links, None);
    let commit_links = find(commit_links, Some("auto".into()));
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
    // Where nothing is said of what gryt writes, git's own settings say it.
    let said = match sign.value {
        Some(_) => Some(parse_bool(&sign)?),
        None => None,
    };
    let signs = |of_git: &str| {
        let of_git = || last(of_git).is_some_and(|value| boolean(&value) == Some(true));
        said.unwrap_or_else(of_git)
    };
    Ok(Config {
        push_url,
        mode: parsed,
        remote: cloud,
        tag: parse_bool(&tag)?,
        tag_format: parse_format(&format)?,
        publish_commits: parse_bool(&publish)?,
        share_on_push: parse_bool(&share)?,
        hook_timeout: parse_duration(&timeout)?,
        timeout: parse_patience(&limit)?,
        push_timeout: parse_patience(&push_limit)?,
        remote_prefix: parse_prefix(&prefix)?,
        ledger: shared.ledger.clone(),
        trust: parse_oids(&trust)?,
        host,
        sign: signs("commit.gpgsign"),
        sign_tags: signs("tag.gpgsign"),
        settings: vec![
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
            sign,
            links,
            commit_links,
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

/// Where refs of gryt's are on a remote, unless said.
pub(crate) const OWN_PREFIX: &str = "refs/gryt/";

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
    fn nobody_waits_for_no_time_at_all() {
        let key = |name: &str| key(name).unwrap();
        for (name, value, holds) in [
            ("timeout", "0s", false),
            ("push_timeout", "0ms", false),
            ("push_timeout", "1ms", true),
            ("hook_timeout", "0s", true),
        ] {
            assert_eq!(check(key(name), value).is_ok(), holds, "{name} {value}");
        }
    }

    #[test]
    fn a_line_of_the_tracked_file_is_set_in_place() {
        let text = "# ours\ntag: true\nremote: up\n";
        assert_eq!(
            set_shared(text, "tag", "false"),
            "# ours\ntag: false\nremote: up\n"
        );
        assert_eq!(set_shared("", "tag", "false"), "tag: false\n");
        // What YAML would not read as that text is quoted.
        for (key, value) in [("links", r"[A-Z]+-\d+=https://t/{id}"), ("remote", "up #1")] {
            let shared = read_shared(set_shared("", key, value).as_bytes()).unwrap();
            assert_eq!(shared.links.or(shared.remote).as_deref(), Some(value));
        }
    }
}
