//! `git gryt doctor`: whether everything is as it has to be, and what to do where it is not.

mod cloud;
mod unsound;

use anyhow::{Result, bail};
use clap::Args;
use serde::Serialize;

use super::Outcome;
use crate::hooks::Hooks;
use crate::model::hook::{ALL, Hook};
use crate::model::host::Learned;
use crate::model::{Exit, Refusal};
use crate::session::drafts::view::Edited;
use crate::session::{Core, Session};
use crate::store::names;

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Try what the cloud allows, with a ref that is removed again
    #[arg(long)]
    remote: bool,
}

/// What was found.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Report {
    pub checks: Vec<Check>,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Check {
    pub name: &'static str,
    pub state: State,
    pub says: String,
    /// What to type.
    #[serde(rename = "command")]
    pub next: Option<String>,
}

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Ok,
    /// gryt works, and something should be seen to.
    Warning,
    /// Something does not work.
    Error,
}

impl Report {
    /// A report with an error is no success.
    pub(crate) fn exit(&self) -> Exit {
        match self.checks.iter().any(|check| check.state == State::Error) {
            true => Exit::Failure,
            false => Exit::Done,
        }
    }
}

impl Check {
    fn new(name: &'static str, state: State, says: impl Into<String>) -> Self {
        Self {
            name,
            state,
            says: says.into(),
            next: None,
        }
    }

    fn ok(name: &'static str, says: impl Into<String>) -> Self {
        Self::new(name, State::Ok, says)
    }

    fn warning(name: &'static str, says: impl Into<String>) -> Self {
        Self::new(name, State::Warning, says)
    }

    fn error(name: &'static str, says: impl Into<String>) -> Self {
        Self::new(name, State::Error, says)
    }

    fn then(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    /// What an error says, with what it proposes first.
    fn of(name: &'static str, state: State, error: &anyhow::Error) -> Self {
        let refusal = error.downcast_ref::<Refusal>();
        let next = refusal.and_then(|refusal| refusal.next.first());
        let says = match refusal {
            Some(refusal) => refusal.lines().replace('\n', "; "),
            None => format!("{error:#}"),
        };
        Self {
            next: next.cloned(),
            ..Self::new(name, state, says)
        }
    }
}

/// The oldest git that is supported.
const OLDEST: (u32, u32) = (2, 39);
/// How many commits a history has before a commit-graph is missed.
const LONG: usize = 10_000;

/// Looks at everything.
///
/// # Errors
/// Refs cannot be read. What is wrong otherwise is in the report.
pub(crate) fn run(session: &Session<'_>, args: &DoctorArgs) -> Result<Outcome> {
    let mut checks = vec![
        git(session)?,
        identity(session),
        settings(session),
        policy(session),
        hooks(session),
        cache(session)?,
        lock(session),
    ];
    checks.extend(addresses(session)?);
    checks.extend(view(session)?);
    checks.extend(refspecs(session)?);
    checks.push(history(session)?);
    checks.extend(ledger(session)?);
    checks.extend(imports(session)?);
    checks.extend(left(session)?);
    if args.remote {
        checks.extend(cloud::look(session)?);
    } else {
        checks.extend(learned(session));
        if session.core.config.remote.is_some() {
            checks.extend(unsound::known(session)?);
        }
    }
    Ok(Outcome::Doctor(Report { checks }))
}

fn git(session: &Session<'_>) -> Result<Check> {
    Ok(match session.core.store.git().version()? {
        Some((major, minor)) if (major, minor) < OLDEST => {
            let what = format!("git {major}.{minor} is older than 2.39, the oldest that works");
            Check::error("git", what)
        }
        Some((major, minor)) => Check::ok("git", format!("{major}.{minor}")),
        None => Check::warning("git", "its version is spelled in a way that nobody knows"),
    })
}

/// Whether processes of this clone can take turns at the cloud.
fn lock(session: &Session<'_>) -> Check {
    match session.core.lacks_lock() {
        None => Check::ok("lock", "works"),
        Some(why) => Check::warning(
            "lock",
            format!("none can be had, so that two at once may have to try again: {why}"),
        ),
    }
}

fn identity(session: &Session<'_>) -> Check {
    match session.core.idents() {
        Ok((author, _)) => Check::ok("identity", author.person.to_string()),
        Err(error) => Check::of("identity", State::Error, &error),
    }
}

fn settings(session: &Session<'_>) -> Check {
    match Core::open(session.core.ctx) {
        Ok(core) => {
            let mode = core.config.mode.as_str();
            let cloud = core.config.remote.as_deref();
            let cloud = cloud.map_or("no cloud".to_owned(), |name| format!("the cloud is {name}"));
            Check::ok("settings", format!("{mode}, {cloud}"))
        }
        Err(error) => Check::of("settings", State::Error, &error),
    }
}

/// Whether the policy of the working tree can be read.
fn policy(session: &Session<'_>) -> Check {
    match session.core.policy(None) {
        Ok(_) => Check::ok("policy", "can be read, or there is none"),
        Err(error) => Check::of("policy", State::Error, &error),
    }
}

/// Where git pushes to another address than it fetches from.
fn addresses(session: &Session<'_>) -> Result<Option<Check>> {
    if !session.core.config.push_url {
        return Ok(None);
    }
    let (read, written) = session.core.remote()?.addresses()?;
    if written.iter().all(|to| *to == read) {
        return Ok(None);
    }
    let name = session.core.cloud_name()?;
    let what = format!(
        "git pushes to {} and fetches from {read} (remote.{name}.pushurl, url.*.pushInsteadOf): the first push finds out whether both are the same place",
        written.join(" and ")
    );
    Ok(Some(Check::warning("addresses", what)))
}

fn hooks(session: &Session<'_>) -> Check {
    let top = session.core.store.layout().work_tree.as_deref();
    let look = || -> Result<Vec<&'static str>> {
        let hooks = Hooks::of(session.core.store.git(), top)?;
        let mut there = Vec::new();
        for hook in ALL {
            let found = hooks.look(hook)?;
            if hook == Hook::PreReceive && found.edited {
                bail!(
                    "pre-receive was edited since gryt wrote it: gryt cannot tell whether it still refuses what it should"
                );
            }
            if found.there {
                there.push(hook.as_str());
            }
        }
        Ok(there)
    };
    match look() {
        Err(error) => Check::of("hooks", State::Warning, &error),
        Ok(there) if there.is_empty() && top.is_none() => Check {
            next: Some("git gryt hook install --server".into()),
            ..Check::warning("hooks", "nothing judges what is pushed here")
        },
        Ok(there) if there.is_empty() => Check::ok("hooks", "none installed"),
        Ok(there) if !session.core.ctx.finds("git-gryt") => Check::warning(
            "hooks",
            format!("{} do nothing: git-gryt is not on PATH", there.join(", ")),
        ),
        Ok(there) => Check::ok("hooks", there.join(", ")),
    }
}

fn cache(session: &Session<'_>) -> Result<Check> {
    let cache = session.core.cache(&session.core.store.refs()?)?;
    Ok(match &cache.told {
        None => Check::ok("cache", "up to date"),
        Some(why) => Check::warning("cache", why.clone()),
    })
}

fn view(session: &Session<'_>) -> Result<Vec<Check>> {
    let mut checks = Vec::new();
    for (version, edited) in session.drafts.edited(&session.core.store.refs()?)? {
        if let Edited::Fresh { .. } = edited {
            continue;
        }
        let refusal = edited.refusal(&version);
        let check = Check::warning("files", refusal.what.clone());
        checks.push(Check {
            next: refusal.next.first().cloned(),
            ..check
        });
    }
    if checks.is_empty() {
        checks.push(Check::ok(
            "files",
            "match their drafts, or hold edits of them",
        ));
    }
    Ok(checks)
}

/// The user's own refspecs that would move gryt's refs around it.
fn refspecs(session: &Session<'_>) -> Result<Vec<Check>> {
    let mut checks = Vec::new();
    for (key, value) in session.core.store.config()? {
        let Some((remote, variable)) = key
            .strip_prefix("remote.")
            .and_then(|rest| rest.rsplit_once('.'))
        else {
            continue;
        };
        let to = value.rsplit(':').next().unwrap_or_default();
        let ours = to.starts_with(names::ALL) || to.starts_with("refs/*");
        let what = match variable {
            "fetch" if ours => format!("{value}: a plain fetch from {remote} would move drafts"),
            "push" if ours => {
                format!("{value}: a plain push to {remote} would move the team's refs")
            }
            "mirror" if value != "false" => {
                format!("{remote} is a mirror: a plain push would overwrite and delete there")
            }
            _ => continue,
        };
        let next = format!("git config --unset-all remote.{remote}.{variable}");
        checks.push(Check::warning("refspecs", what).then(next));
    }
    if checks.is_empty() {
        checks.push(Check::ok(
            "refspecs",
            "none of git's own touches gryt's refs",
        ));
    }
    Ok(checks)
}

fn history(session: &Session<'_>) -> Result<Check> {
    let common = &session.core.store.layout().common_dir;
    if common.join("shallow").exists() {
        let what = "this clone is shallow: promotions of older commits and verify need the rest";
        return Ok(Check::warning("history", what).then("git fetch --unshallow"));
    }
    let info = common.join("objects/info");
    let graph = ["commit-graph", "commit-graphs"];
    let graph = graph.iter().any(|name| info.join(name).exists());
    let long = match session.core.head()? {
        Some(head) if !graph => session.core.store.is_longer(&head, LONG)?,
        _ => false,
    };
    Ok(match (graph, long) {
        (true, _) => Check::ok("history", "with a commit-graph"),
        (false, false) => Check::ok("history", "short enough without a commit-graph"),
        (false, true) => Check::warning(
            "history",
            "long, and without a commit-graph: pushes are slow",
        )
        .then("git commit-graph write --reachable"),
    })
}

fn ledger(session: &Session<'_>) -> Result<Vec<Check>> {
    let refs = session.core.store.refs()?;
    let mut checks = Vec::new();
    match session.core.ledger(&refs)? {
        None if session.core.config.ledger.is_some() => {
            let what = ".gryt/config.yaml names one, and it is not here";
            checks.push(Check::warning("ledger", what).then("git gryt sync pull"));
        }
        None => checks.push(Check::ok("ledger", "none yet")),
        Some(_) if session.core.config.ledger.is_none() && session.core.config.remote.is_some() => {
            let what = ".gryt/config.yaml does not name it: a new clone would begin another";
            checks.push(Check::warning("ledger", what).then("git gryt sync push"));
        }
        Some(ledger) => checks.push(Check::ok("ledger", format!("at {}", ledger.tip.short()))),
    }
    for (version, _) in refs.below(names::PROMOTING) {
        let what = format!("it is not known yet whether {version} is promoted");
        checks.push(Check::warning("ledger", what).then("git gryt sync pull"));
    }
    Ok(checks)
}

/// Commits from before gryt, which a tag alone holds: what to type depends on whether they are here.
fn imports(session: &Session<'_>) -> Result<Vec<Check>> {
    let refs = session.core.store.refs()?;
    let Ok(Some(ledger)) = session.core.ledger(&refs) else {
        // What is wrong with it was said.
        return Ok(Vec::new());
    };
    let unheld = session.sealing.unheld(&ledger)?;
    let mut checks = Vec::new();
    for here in [true, false] {
        let mut same = unheld.iter().filter(|unheld| unheld.here == here);
        let Some(first) = same.next() else {
            continue;
        };
        let more = match same.count() {
            0 => String::new(),
            more => format!(", and {more} more like it"),
        };
        let what = format!("{}: {}{more}", first.version, first.says());
        let tag = session.core.tag_name(&first.version);
        let next = match (here, &session.core.config.remote) {
            (true, _) => format!("git tag {tag} {}", first.commit),
            (false, Some(remote)) => format!("git fetch --tags {remote}"),
            (false, None) => "git fetch --tags".to_owned(),
        };
        checks.push(Check::warning("imports", what).then(next));
    }
    Ok(checks)
}

/// What the cloud's host was found not to do.
fn learned(session: &Session<'_>) -> Vec<Check> {
    let host = session.core.host();
    let look = |known: &Learned| {
        let says = format!("{}: {}", known.what(), known.known_by());
        Check::warning(known.ability.as_str(), says).then("git gryt doctor --remote")
    };
    host.missing().map(look).collect()
}

/// What releases left in the cloud, and what they still owe it.
fn left(session: &Session<'_>) -> Result<Vec<Check>> {
    let refs = session.core.store.refs()?;
    let mut checks = Vec::new();
    let staying = session.core.stayed(&refs)?;
    if !staying.is_empty() {
        let remote = session.core.remote()?;
        let names: Vec<String> = staying.keys().map(|name| remote.there(name)).collect();
        checks.push(Check::warning(
            "deletions",
            format!(
                "the host does not delete the refs of what went into releases; gryt ignores them, and whoever administers the host can remove them (git update-ref -d): {}",
                names.join(" ")
            ),
        ));
    }
    for (version, _) in refs.below(names::UNTAGGED) {
        let what = format!(
            "the cloud has refused the tag of {version} so far: pulls and pushes try again"
        );
        checks.push(Check::warning("tags", what).then("git gryt sync push"));
    }
    Ok(checks)
}
