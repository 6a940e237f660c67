//! The settings that there are, and where each may come from.

use super::shared::Shared;
use super::value::{
    parse_bool, parse_commit_links, parse_duration, parse_format, parse_links, parse_mode,
    parse_oids, parse_patience, parse_prefix,
};
use super::{Origin, Setting};
use crate::model::near::nearest;
use crate::model::{Exit, Refusal};

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
    /// What it says, as the man pages say it.
    pub meaning: &'static str,
}

/// All settings.
pub(crate) const KEYS: [Key; 14] = [
    Key {
        name: "execution_mode",
        git: "gryt.executionmode",
        env: "GRYT_EXECUTION_MODE",
        of_branch: false,
        meaning: "When a clone talks to the cloud: `local`, `hybrid` or `cloud`",
    },
    Key {
        name: "remote",
        git: "gryt.remote",
        env: "GRYT_REMOTE",
        of_branch: false,
        meaning: "The remote that is the cloud; by default `origin`, or the only one",
    },
    Key {
        name: "tag",
        git: "gryt.tag",
        env: "GRYT_TAG",
        of_branch: true,
        meaning: "Whether `promote` makes a git tag",
    },
    Key {
        name: "tag_format",
        git: "gryt.tagformat",
        env: "GRYT_TAG_FORMAT",
        of_branch: true,
        meaning: "How release tags are named; by default `{version}`",
    },
    Key {
        name: "publish_commits",
        git: "gryt.publishcommits",
        env: "GRYT_PUBLISH_COMMITS",
        of_branch: false,
        meaning: "Whether a push may publish commits of no branch",
    },
    Key {
        name: "share_on_push",
        git: "gryt.shareonpush",
        env: "GRYT_SHARE_ON_PUSH",
        of_branch: false,
        meaning: "Whether proofs of commits that you pushed are shared by the hook pre-push",
    },
    Key {
        name: "hook_timeout",
        git: "gryt.hooktimeout",
        env: "GRYT_HOOK_TIMEOUT",
        of_branch: true,
        meaning: "How long a hook may wait for the cloud; by default `5s`",
    },
    Key {
        name: "timeout",
        git: "gryt.timeout",
        env: "GRYT_TIMEOUT",
        of_branch: true,
        meaning: "How long the cloud may say nothing before objects are sent or received; by default `2m`",
    },
    Key {
        name: "push_timeout",
        git: "gryt.pushtimeout",
        env: "GRYT_PUSH_TIMEOUT",
        of_branch: true,
        meaning: "How long the cloud may say nothing once objects are sent or received; by default `10m`",
    },
    Key {
        name: "remote_prefix",
        git: "gryt.remoteprefix",
        env: "GRYT_REMOTE_PREFIX",
        of_branch: true,
        meaning: "Where the refs are in the cloud; by default below `refs/gryt/`",
    },
    Key {
        name: "trust",
        git: "gryt.trust",
        env: "GRYT_TRUST",
        of_branch: false,
        meaning: "The full oids of disputed entries that count in this clone as if they were not disputed",
    },
    Key {
        name: "sign",
        git: "gryt.sign",
        env: "GRYT_SIGN",
        of_branch: false,
        meaning: "Whether drafts, evolutions, entries and tags are signed, by the key that git signs with",
    },
    Key {
        name: "links",
        git: "gryt.links",
        env: "GRYT_LINKS",
        of_branch: true,
        meaning: "Where changes are tracked, for links in notes: `PATTERN=ADDRESS`, with a space between several",
    },
    Key {
        name: "commit_links",
        git: "gryt.commitlinks",
        env: "GRYT_COMMIT_LINKS",
        // An address that a pull request chooses is nothing to click on.
        of_branch: false,
        meaning: "Where commits lead to on a terminal that has links: `auto`, `never`, or an address with `{commit}`",
    },
];

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
        "hook_timeout" => parse_duration(&setting).map(drop),
        "timeout" | "push_timeout" => parse_patience(&setting).map(drop),
        "remote_prefix" => parse_prefix(&setting).map(drop),
        "trust" => parse_oids(&setting).map(drop),
        "links" => parse_links(&setting).map(drop),
        "commit_links" => parse_commit_links(&setting).map(drop),
        _ => parse_bool(&setting).map(drop),
    }
}
