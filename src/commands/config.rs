//! `git gryt config`: show and change settings.

use anyhow::Result;
use clap::Args;
use serde::Serialize;

use super::Outcome;
use crate::config::{self, Setting};
use crate::model::host::Learned;
use crate::model::{Exit, Refusal};
use crate::session::Session;
use crate::session::core::files::{read_below, write_below};
use crate::store::names;

/// Arguments of `config`.
#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    /// The setting: execution_mode, remote, tag, tag_format, publish_commits, share_on_push,
    /// hook_timeout, timeout, push_timeout, remote_prefix, trust, sign, links
    key: Option<String>,
    /// Its new value
    value: Option<String>,
    /// Write it to .gryt/config.yaml, for the whole team
    #[arg(long, requires = "key")]
    shared: bool,
    /// Take the setting out again, so that what stands behind it counts: the project's value, or the
    /// default
    #[arg(long, requires = "key", conflicts_with_all = ["value", "list"])]
    unset: bool,
    /// Show all settings and where they come from
    #[arg(long, conflicts_with_all = ["key", "value"])]
    list: bool,
}

/// Settings as they stand.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Settings {
    pub settings: Vec<Setting>,
    /// What the cloud's host was found not to do.
    #[serde(rename = "learned")]
    pub host: Vec<Learned>,
    /// Whether one was asked for by name.
    pub single: bool,
}

impl ConfigArgs {
    /// Whether this would change a setting, so that a broken one must not stand in its way.
    pub(crate) fn writes(&self) -> bool {
        self.value.is_some() || self.unset
    }
}

/// Shows or changes settings.
///
/// # Errors
/// An unknown setting, or a value that it cannot have.
pub(crate) fn run(session: &Session<'_>, args: &ConfigArgs) -> Result<Outcome> {
    let settings = &session.core.config.settings;
    match (&args.key, &args.value) {
        (Some(key), Some(value)) => set(session, config::key(key)?, value, args.shared),
        (Some(key), None) if args.unset => unset(session, config::key(key)?, args.shared),
        (Some(_), None) if args.shared => {
            let what = "--shared writes a setting for the whole team: name its value";
            Err(Refusal::new(Exit::Usage, what).into())
        }
        (Some(key), None) => {
            let key = config::key(key)?;
            let found = settings.iter().filter(|s| s.key == key.name).cloned();
            Ok(Outcome::Config(Settings {
                settings: found.collect(),
                host: Vec::new(),
                single: true,
            }))
        }
        (None, _) => Ok(Outcome::Config(Settings {
            settings: settings.clone(),
            host: session.core.host().missing().copied().collect(),
            single: false,
        })),
    }
}

/// Refuses to look for the ledger elsewhere than where it was verified: the team would be split. Moving it
/// is an act of its own.
fn stays(session: &Session<'_>, value: &str) -> Result<(), anyhow::Error> {
    let (wanted, here) = (config::prefix(value)?, &session.core.config.remote_prefix);
    let Some(remote) = &session.core.config.remote else {
        return Ok(());
    };
    let refs = session.core.store.refs()?;
    if wanted == *here || !refs.cloud(remote).contains_key(names::LEDGER) {
        return Ok(());
    }
    let what = format!("This project's ledger is below {here} of {remote}");
    Err(Refusal::new(Exit::OutOfStep, what)
        .because(
            "Clones that still use this place would go on with it: move the ledger for everybody",
        )
        .then(format!("git gryt sync move --prefix {wanted}"))
        .into())
}

/// Takes a setting out of git's configuration, or out of the tracked file.
fn unset(session: &Session<'_>, key: &config::Key, shared: bool) -> Result<Outcome> {
    if shared {
        let top = session.core.top()?;
        let old = read_below(&top, config::FILE)?.unwrap_or_default();
        let old = String::from_utf8_lossy(&old).into_owned();
        let new = config::unset_shared(&old, key.name);
        if new != old {
            config::read_shared(new.as_bytes())?;
            write_below(&top, config::FILE, new.as_bytes())?;
            tell_commit(session);
        }
    } else {
        session.core.store.git().unset_config(key.git)?;
    }
    let what = match shared {
        true => format!("{} is not set in {} any more", key.name, config::FILE),
        false => format!("{} is not set in this clone any more", key.name),
    };
    session.core.ctx.note(what);
    Ok(Outcome::Config(Settings {
        settings: Vec::new(),
        host: Vec::new(),
        single: true,
    }))
}

/// The file is the branch's: nobody else has it before it is committed and pushed.
fn tell_commit(session: &Session<'_>) {
    session.core.ctx.note(format!(
        "To share it: git add {0} && git commit -m 'Change the settings' {0}",
        config::FILE
    ));
}

/// Says where a value stands that counts before the one that was just written.
fn tell_overridden(session: &Session<'_>, key: &config::Key, value: &str, shared: bool) {
    let Some(setting) = session.core.config.setting(key.name) else {
        return;
    };
    let old = setting.value.as_deref().unwrap_or_default();
    if old == value {
        return;
    }
    match setting.origin {
        config::Origin::Environment => session.core.ctx.warn(format!(
            "{} says {old}, which counts before it: unset {0}",
            key.env
        )),
        config::Origin::Git if shared => session.core.ctx.warn(format!(
            "Git's configuration of this clone says {old}, which takes precedence. To remove that: git gryt config --unset {}",
            key.name
        )),
        config::Origin::Git | config::Origin::Shared | config::Origin::Default => {}
    }
}

/// Says so at once where git cannot sign: else the next run would find out at its end.
fn try_to_sign(session: &Session<'_>) -> Result<()> {
    let Err(error) = session.core.try_to_sign() else {
        return Ok(());
    };
    let refusal = error.downcast::<Refusal>()?;
    session.core.ctx.warn(format!(
        "{}: {}. Which key git signs with: git config user.signingKey FILE",
        refusal.what,
        refusal.why.first().map(String::as_str).unwrap_or_default()
    ));
    Ok(())
}

fn set(session: &Session<'_>, key: &config::Key, value: &str, shared: bool) -> Result<Outcome> {
    config::check(key, value)?;
    if key.name == "remote_prefix" {
        stays(session, value)?;
    }
    if shared {
        let top = session.core.top()?;
        // A link in its place is replaced, whatever it leads to.
        let old = match top.join(config::FILE).is_symlink() {
            true => Vec::new(),
            false => read_below(&top, config::FILE)?.unwrap_or_default(),
        };
        let old = String::from_utf8_lossy(&old).into_owned();
        let new = config::set_shared(&old, key.name, value);
        config::read_shared(new.as_bytes())?;
        write_below(&top, config::FILE, new.as_bytes())?;
        // A branch recommends where state goes; that this clone follows is said here.
        let follows = !config::counts(key, value) || key.name == "remote_prefix";
        if follows {
            session.core.store.git().set_config(key.git, value)?;
        }
        tell_overridden(session, key, value, !follows);
        tell_commit(session);
    } else {
        if key.name == "remote" && !session.core.remotes().any(|r| r == value) {
            let known = session.core.remotes().map(String::as_str);
            let what = format!("git has no remote {value}");
            return Err(config::no_remote(what, value, known).into());
        }
        if key.name == "execution_mode"
            && value != "local"
            && session.core.remotes().next().is_none()
        {
            let what = format!("{value} mode needs a cloud, and this repository has no remote");
            return Err(Refusal::new(Exit::Usage, what)
                .then("git remote add origin URL")
                .into());
        }
        let all = with_before(session, key, value);
        session.core.store.git().set_config(key.git, &all)?;
        tell_overridden(session, key, &all, false);
        if key.name == "sign" && config::boolean(value) == Some(true) {
            try_to_sign(session)?;
        }
        return Ok(written(key, all, config::Origin::Git));
    }
    Ok(written(key, value.to_owned(), config::Origin::Shared))
}

/// The value to write. What a clone was told to trust stays trusted when it is told of another entry;
/// every other setting has one value.
fn with_before(session: &Session<'_>, key: &config::Key, value: &str) -> String {
    let before = session.core.config.setting(key.name);
    let of_git = |setting: &&Setting| setting.origin == config::Origin::Git;
    let before = before
        .filter(of_git)
        .and_then(|setting| setting.value.as_deref());
    match (key.name, before) {
        ("trust", Some(before)) => config::joined(before, value),
        _ => value.to_owned(),
    }
}

fn written(key: &config::Key, value: String, origin: config::Origin) -> Outcome {
    Outcome::Config(Settings {
        settings: vec![Setting {
            key: key.name,
            value: Some(value),
            origin,
        }],
        host: Vec::new(),
        single: true,
    })
}
