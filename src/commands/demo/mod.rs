//! `git gryt demo`: a coordinated release, the race for a version, and a team with a policy, played for real
//! in a throwaway sandbox by running this very program.

mod team;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde::Serialize;

use super::Outcome;
use crate::context::{Context, Event};
use crate::git::LOCAL_ENV;
use crate::model::engine;
use crate::runner;

/// Where the demonstration was played.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Played {
    pub sandbox: PathBuf,
    /// What to try there.
    #[serde(rename = "commands")]
    pub tries: Vec<String>,
}

/// The sandbox and how commands run in it.
struct Stage<'a> {
    ctx: &'a Context,
    dir: PathBuf,
    env: Vec<(&'static str, String)>,
}

/// What the sandbox must not see of the caller's setup.
const HIDDEN: [&str; 12] = [
    "GIT_AUTHOR_NAME",
    "GIT_AUTHOR_EMAIL",
    "GIT_AUTHOR_DATE",
    "GIT_COMMITTER_NAME",
    "GIT_COMMITTER_EMAIL",
    "GIT_COMMITTER_DATE",
    "GRYT_EXECUTION_MODE",
    "GRYT_REMOTE",
    "GIT_NAMESPACE",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "CI",
];

/// Plays the demonstration.
///
/// # Errors
/// A command of it ends otherwise than it should.
pub(crate) fn run(ctx: &Context) -> Result<Outcome> {
    let dir = tempfile::Builder::new()
        .prefix("gryt-demo-")
        .tempdir()
        .context("the sandbox cannot be made in the folder for temporary files (TMPDIR)")?
        .keep();
    let stage = Stage::new(ctx, dir)?;
    stage.said("A bare repository stands for your hosting. Nothing else is needed.");
    stage.set_up()?;
    stage.coordinated_release()?;
    stage.race()?;
    stage.team_of_five()?;
    Ok(Outcome::Demo(Played {
        tries: vec![
            format!("cd {}", stage.dir.join("lead").display()),
            "git gryt log".into(),
            "git gryt generation list".into(),
            "git log --first-parent refs/gryt/ledger".into(),
            "git show refs/gryt/ledger:releases/2/2.0/v2.0.0.promotion.yaml".into(),
            "git ls-remote origin".into(),
        ],
        sandbox: stage.dir,
    }))
}

impl<'a> Stage<'a> {
    fn new(ctx: &'a Context, dir: PathBuf) -> Result<Self> {
        let program = std::env::current_exe().context("this program has no path")?;
        let folder = program.parent().unwrap_or(Path::new("/"));
        let path = std::env::var("PATH").unwrap_or_default();
        let env = vec![
            // `git gryt` is found because `git-gryt` is on PATH.
            ("PATH", format!("{}:{path}", folder.display())),
            ("HOME", dir.display().to_string()),
            ("XDG_CONFIG_HOME", dir.join(".config").display().to_string()),
            ("GIT_CONFIG_NOSYSTEM", "1".to_owned()),
            ("GIT_TERMINAL_PROMPT", "0".to_owned()),
        ];
        Ok(Self { ctx, dir, env })
    }

    fn said(&self, text: &str) {
        self.ctx.tell(Event::Said { text });
    }

    /// Runs a line in the clone of `who` and shows it and what it prints.
    fn types(&self, who: &str, line: &str) -> Result<Option<i32>> {
        self.ctx.tell(Event::Typed { who, line });
        self.quietly(who, line, |bytes| {
            self.ctx.tell(Event::Heard { bytes });
        })
    }

    /// The same, where it has to end well.
    fn does(&self, who: &str, line: &str) -> Result<()> {
        self.ends(who, line, 0)
    }

    fn ends(&self, who: &str, line: &str, exit: i32) -> Result<()> {
        let ended = self.types(who, line)?;
        if ended != Some(exit) {
            bail!("`{line}` was to exit {exit} and ended with {ended:?}");
        }
        Ok(())
    }

    fn quietly(&self, who: &str, line: &str, heard: impl FnMut(&[u8])) -> Result<Option<i32>> {
        let without = LOCAL_ENV.into_iter().chain(HIDDEN);
        let without: Vec<&str> = without.chain(engine::signs()).collect();
        runner::script(line, &self.dir.join(who), &self.env, &without, heard)
    }

    fn prepares(&self, who: &str, line: &str) -> Result<()> {
        let mut heard = Vec::new();
        match self.quietly(who, line, |bytes| heard.extend_from_slice(bytes))? {
            Some(0) => Ok(()),
            _ => bail!("`{line}`: {}", String::from_utf8_lossy(&heard)),
        }
    }

    fn writes(&self, who: &str, path: &str, text: &str) -> Result<()> {
        let path = self.dir.join(who).join(path);
        std::fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))
    }

    /// Somebody clones what there is.
    fn joins(&self, who: &str) -> Result<()> {
        self.prepares(
            ".",
            &format!(
                "git clone -q hosting.git {who} 2>&1 && cd {who} && git checkout -q -B main && \
                 git config user.name {who} && git config user.email {who}@example.com"
            ),
        )
    }

    fn commits(&self, who: &str, change: &str, file: &str) -> Result<()> {
        self.prepares(
            who,
            &format!("echo '// {change}' > {file}.rs && git add . && git commit -qm 'Do {change}'"),
        )
    }

    fn set_up(&self) -> Result<()> {
        self.prepares(".", "git init -q --bare -b main hosting.git")?;
        for who in ["lead", "dev-a", "dev-b", "dev-c"] {
            self.joins(who)?;
        }
        self.does("lead", "git gryt init")?;
        self.prepares("lead", "echo 'fn main() {}' > app.rs")?;
        self.does(
            "lead",
            "git add . && git commit -qm 'Begin the app' && git push -q -u origin main",
        )?;
        for who in ["dev-a", "dev-b", "dev-c"] {
            self.prepares(
                who,
                "git pull -q origin main && git branch -q -u origin/main",
            )?;
        }
        Ok(())
    }

    fn coordinated_release(&self) -> Result<()> {
        self.said("One: a coordinated release. The lead declares what v2.0.0 must contain.");
        self.does(
            "lead",
            "git gryt generation new v2.0.0 -d 'Q1 Major Release' \
             --change 'add:FEAT-101:OAuth2 login' \
             --change 'add:FEAT-102:Email notifications' \
             --change 'fix:BUG-50:Session timeout'",
        )?;
        self.does("lead", "git gryt sync push")?;
        self.prepares(
            "lead",
            "git add .gryt && git commit -qm 'Name the ledger' && git push -q",
        )?;
        self.said("Each developer pulls the contract, does the work, and proves it.");
        let work = [
            ("dev-a", "FEAT-101", "login"),
            ("dev-b", "FEAT-102", "mail"),
            ("dev-c", "BUG-50", "session"),
        ];
        for (who, change, file) in work {
            self.prepares(who, "git pull -q")?;
            self.does(who, "git gryt sync pull")?;
            self.does(
                who,
                &format!("git gryt evolution start v2.0.0 --change {change}"),
            )?;
            self.commits(who, change, file)?;
            self.does(who, "git gryt run pipeline")?;
            if who == "dev-a" {
                self.said("A proof pins its commit. Publishing code stays your own act:");
                self.ends(who, "git gryt sync push-evolutions", 4)?;
            }
            self.does(who, "git push -q")?;
            self.does(who, "git gryt sync push-evolutions")?;
        }
        self.said("The lead looks, and promotes.");
        self.prepares("lead", "git pull -q")?;
        self.does("lead", "git gryt sync pull")?;
        self.does("lead", "git gryt sync status v2.0.0")?;
        self.does("lead", "git gryt promote v2.0.0")?;
        self.said("Everybody else pulls.");
        self.does("dev-a", "git gryt sync pull")?;
        self.does("dev-a", "git gryt log")?;
        self.does("dev-b", "git gryt sync status")
    }

    fn race(&self) -> Result<()> {
        self.said("Two: dev-b and dev-c both made v1.0.0, and promote it at the same moment.");
        for (who, change) in [("dev-b", "FEAT-001"), ("dev-c", "FEAT-002")] {
            self.prepares(who, "git pull -q && git gryt sync pull")?;
            self.does(
                who,
                &format!("git gryt generation new v1.0.0 --change 'add:{change}:By {who}'"),
            )?;
            self.does(
                who,
                &format!("git gryt evolution start v1.0.0 --change {change}"),
            )?;
            self.does(who, "git gryt run pipeline")?;
        }
        let line = "git gryt promote v1.0.0";
        let promote = |who: &'static str| {
            let mut heard = Vec::new();
            let ended = self.quietly(who, line, |bytes| heard.extend_from_slice(bytes));
            (who, ended, heard)
        };
        let mut wins = 0;
        let mut loser = None;
        let results = std::thread::scope(|scope| {
            let racers = ["dev-b", "dev-c"].map(|who| scope.spawn(move || promote(who)));
            racers.map(std::thread::ScopedJoinHandle::join)
        });
        for result in results {
            let Ok((who, ended, heard)) = result else {
                bail!("a racer was lost");
            };
            self.ctx.tell(Event::Typed { who, line });
            self.ctx.tell(Event::Heard { bytes: &heard });
            match ended? {
                Some(0) => wins += 1,
                Some(3) => loser = Some(who),
                other => bail!("{who}'s promotion ended with {other:?}"),
            }
        }
        let Some(loser) = loser.filter(|_| wins == 1) else {
            bail!("{wins} clones won a race that one wins");
        };
        self.said(
            "One of them won. The other's draft and proof are still there: the draft gets the next version.",
        );
        self.ends(loser, "git gryt sync pull", 6)?;
        self.does(loser, "git gryt generation rename v1.0.0 v1.0.1")
    }
}
