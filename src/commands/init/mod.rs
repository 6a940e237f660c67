//! `git gryt init`: prepare a repository. Safe to repeat: nothing that exists is changed.

use std::fs;
use std::path::Path;

use anyhow::Result;
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::Outcome;
use super::sync::{self, Pulled};
use crate::config::{self, Mode};
use crate::model::Oid;
use crate::model::pipeline::FOLDER;
use crate::model::shaped::recommended;
use crate::model::tag_format::TagFormat;
use crate::session::Session;
use crate::session::core::Later;
use crate::session::core::files::{read_below, write_below};
use crate::store::names;

/// Arguments of `init`.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Write a job for a CI engine, too
    #[arg(long, value_enum, value_name = "ENGINE")]
    ci: Option<Ci>,
    /// Begin the project's ledger in the cloud: also in CI, and also where tags of releases name entries of
    /// another
    #[arg(long)]
    new_ledger: bool,
}

/// A CI engine that a job can be written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Ci {
    Github,
    Gitlab,
    Circleci,
    /// A shell script that any engine can run
    Generic,
}

/// What every engine runs.
const SCRIPT: (&str, &str) = (".gryt/ci.sh", include_str!("ci.sh"));

impl Ci {
    /// The files of its job, below the top.
    fn files(self) -> Vec<(&'static str, &'static str)> {
        let mut files = vec![SCRIPT];
        files.extend_from_slice(match self {
            Self::Github => &[(".github/workflows/gryt.yml", include_str!("github.yml"))],
            Self::Gitlab => &[
                (".gitlab/gryt.yml", include_str!("gitlab.yml")),
                (".gitlab-ci.yml", "include:\n  - local: .gitlab/gryt.yml\n"),
            ],
            Self::Circleci => &[(".circleci/config.yml", include_str!("circleci.yml"))],
            Self::Generic => &[],
        });
        files
    }
}

/// What `init` did.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Prepared {
    /// Files that it wrote, below the top.
    pub written: Vec<String>,
    /// Files of a CI job that were there already, and stay.
    pub there: Vec<String>,
    pub mode: Mode,
    pub remote: Option<String>,
    /// What the project recommends and this clone has not set: each setting with its value.
    #[serde(serialize_with = "recommended::serialize")]
    #[cfg_attr(test, schemars(with = "Vec<recommended::Shape<String, String>>"))]
    pub recommended: Vec<(String, String)>,
    /// How many tags are releases from before gryt, where none was entered yet.
    pub releases: usize,
    /// The ledger that was begun in the cloud, by its first commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ledger: Option<Oid>,
    /// What the cloud has of the project, where this clone had nothing of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pulled: Option<Pulled>,
}

/// Prepares the repository.
///
/// # Errors
/// The repository is bare, or its working tree cannot be written.
pub(crate) fn run(session: &Session<'_>, args: &InitArgs) -> Result<Outcome> {
    let top = session.core.top()?;
    let mut written = Vec::new();
    let mut there = Vec::new();
    let mut ensure = |path: &str, text: &str| -> Result<()> {
        if write_new(&top, path, text)? {
            written.push(path.to_owned());
        }
        Ok(())
    };
    ensure(".gryt/.gitignore", "/generations/\n")?;
    let tags = session.core.store.tags()?;
    let format = TagFormat::found(&tags);
    let refs = session.core.store.refs()?;
    let known: Vec<(&str, _)> = refs.below(names::VERIFIED).collect();
    let ledger = match known.as_slice() {
        [(genesis, _)] => Some(*genesis),
        _ => None,
    };
    ensure(".gryt/config.yaml", &first_config(format.as_ref(), ledger))?;
    let has_pipeline = fs::read_dir(top.join(FOLDER)).is_ok_and(|mut d| d.next().is_some());
    if !has_pipeline {
        ensure(&format!("{FOLDER}/pipeline.yaml"), &starter(&top))?;
    }
    for (path, text) in args.ci.map(Ci::files).unwrap_or_default() {
        let known = read_below(&top, path)?;
        ensure(path, text)?;
        if known.is_some_and(|known| known != text.as_bytes()) {
            there.push(path.to_owned());
        }
    }
    let mut pulled = None;
    // A colleague may have begun already, although no file of the branch says so.
    if refs.get(names::LEDGER).is_none() && session.core.config.remote.is_some() {
        session.core.tolerating_absence(Later::Pull, || {
            let brought = sync::pull(session)?;
            let found = session.core.store.refs()?.get(names::LEDGER).is_some();
            pulled = found.then_some(brought);
            Ok(())
        })?;
    }
    let ledger = match args.new_ledger {
        true => Some(session.cloud.begin_new_ledger()?),
        false => None,
    };
    Ok(Outcome::Init(Prepared {
        ledger,
        written,
        there,
        recommended: recommended(session, &top)?,
        releases: match (refs.get(names::LEDGER), &format) {
            (None, Some(format)) if pulled.is_none() => {
                let of_it = |tag: &&String| format.version(tag).is_some();
                tags.iter().filter(of_it).count()
            }
            _ => 0,
        },
        pulled,
        mode: session.core.config.mode,
        remote: session.core.config.remote.clone(),
    }))
}

const CONFIG: &str = "\
# Settings that the whole team shares; see `git gryt config`.
";

/// What the tracked settings recommend, where this clone has it otherwise.
fn recommended(session: &Session<'_>, top: &Path) -> Result<Vec<(String, String)>> {
    let text = read_below(top, config::FILE)?.unwrap_or_default();
    let shared = config::read_shared(&text)?;
    let settings = &session.core.config.settings;
    let differs = |(name, value): &(&str, String)| {
        !settings
            .iter()
            .any(|setting| setting.key == *name && setting.value.as_ref() == Some(value))
    };
    let said = config::recommended(&shared).into_iter().filter(differs);
    Ok(said.map(|(name, value)| (name.to_owned(), value)).collect())
}

/// The settings to begin with: how this project names its tags, where that is not gryt's own way, and
/// its ledger, where this clone knows one: on a branch from before gryt.
fn first_config(format: Option<&TagFormat>, ledger: Option<&str>) -> String {
    let own = TagFormat::default();
    let mut text = CONFIG.to_owned();
    if let Some(format) = format.filter(|format| **format != own) {
        text += &format!("# How release tags are named here.\ntag_format: \"{format}\"\n");
    }
    match ledger {
        Some(ledger) => config::set_shared(&text, "ledger", ledger),
        None => text,
    }
}

fn write_new(top: &Path, path: &str, text: &str) -> Result<bool> {
    if read_below(top, path)?.is_some() {
        return Ok(false);
    }
    write_below(top, path, text.as_bytes())?;
    Ok(true)
}

/// A first pipeline that works where it is written: the project's own tests where the build tool
/// is known, and in any case a check that no merge was left half done.
fn starter(top: &Path) -> String {
    let known = [
        ("Cargo.toml", "cargo test"),
        ("go.mod", "go test ./..."),
        ("package.json", "npm test"),
        ("pyproject.toml", "python3 -m pytest"),
        ("pom.xml", "mvn --batch-mode test"),
        ("Makefile", "make test"),
    ];
    let mut text = String::from(
        "# What proves a change. Each step is a shell command, run at the top of the working\n\
         # tree; the first one that fails ends the run.\n\
         steps:\n  - name: no-conflict-markers\n    \
         run: \"! git grep -nE '^(<<<<<<<|>>>>>>>) ' -- .\"\n",
    );
    if let Some((_, command)) = known.iter().find(|(file, _)| top.join(file).exists()) {
        text += &format!("  - name: test\n    run: {command}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_starter_is_a_valid_pipeline_of_the_project() {
        let top = tempfile::tempdir().unwrap();
        let parse = || crate::model::pipeline::Pipeline::parse(starter(top.path()).as_bytes());
        assert_eq!(parse().unwrap().steps.len(), 1);
        fs::write(top.path().join("go.mod"), "").unwrap();
        assert_eq!(parse().unwrap().steps[1].run, "go test ./...");
    }
}
