//! One file a command: its arguments, and a `run` that returns what came of it. Nothing here
//! prints.

pub(crate) mod approve;
pub(crate) mod board;
pub(crate) mod cache;
pub(crate) mod complete;
pub(crate) mod config;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod evolution;
pub(crate) mod export;
pub(crate) mod generation;
pub(crate) mod help;
pub(crate) mod hook;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod locate;
pub(crate) mod log;
pub(crate) mod notes;
pub(crate) mod promote;
pub(crate) mod query;
pub(crate) mod run;
pub(crate) mod setup;
pub(crate) mod status;
pub(crate) mod sync;
pub(crate) mod verify;
pub(crate) mod why;
pub(crate) mod withdraw;

use serde::Serialize;

use crate::model::fork::Brought;
use crate::model::{Exit, Invalid, Refusal, Version};
use crate::session::cloud::backfill::Backfilled;

/// What a command came to. As JSON, each carries the name and number of its shape in `schema`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "schema")]
#[allow(clippy::large_enum_variant, reason = "there is one a process")]
pub(crate) enum Outcome {
    #[serde(rename = "gryt.init/1")]
    Init(init::Prepared),
    #[serde(rename = "gryt.config/1")]
    Config(config::Settings),
    #[serde(rename = "gryt.generation.new/1")]
    GenerationNew(generation::declare::Made),
    #[serde(rename = "gryt.generation.edit/1")]
    GenerationEdit(generation::edit::Changed),
    #[serde(rename = "gryt.generation.list/1")]
    GenerationList(generation::List),
    #[serde(rename = "gryt.generation.show/1")]
    GenerationShow(generation::Shown),
    #[serde(rename = "gryt.generation.rename/1")]
    GenerationRename(generation::rename::Renamed),
    #[serde(rename = "gryt.generation.delete/1")]
    GenerationDelete(generation::delete::Deleted),
    #[serde(rename = "gryt.generation.restore/1")]
    GenerationRestore(generation::delete::Restored),
    #[serde(rename = "gryt.generation.resolve/1")]
    GenerationResolve(generation::resolve::Resolved),
    #[serde(rename = "gryt.evolution.abandon/1")]
    EvolutionAbandon(evolution::Abandoned),
    #[serde(rename = "gryt.approve/1")]
    Approve(approve::Said),
    #[serde(rename = "gryt.why/1")]
    Why(why::Why),
    #[serde(rename = "gryt.withdraw/1")]
    Withdraw(withdraw::Withdrawn),
    #[serde(rename = "gryt.notes/1")]
    Notes(Box<notes::Page>),
    #[serde(rename = "gryt.notes.range/1")]
    NotesRange(notes::Range),
    #[serde(rename = "gryt.notes.write/1")]
    NotesWritten(notes::Written),
    #[serde(rename = "gryt.where/1")]
    Where(locate::Whereabouts),
    #[serde(rename = "gryt.evolution.start/1")]
    EvolutionStart(evolution::Started),
    #[serde(rename = "gryt.evolution.list/1")]
    EvolutionList(evolution::List),
    #[serde(rename = "gryt.evolution.show/1")]
    EvolutionShow(evolution::Shown),
    #[serde(rename = "gryt.evolution.record/1")]
    EvolutionRecord(evolution::record::Recorded),
    #[serde(rename = "gryt.run/1")]
    Run(run::Proven),
    #[serde(rename = "gryt.runs/1")]
    Runs(run::Runs),
    #[serde(rename = "gryt.run.plan/1")]
    RunPlan(run::Planned),
    #[serde(rename = "gryt.run.list/1")]
    RunList(run::pipelines::Listing),
    #[serde(rename = "gryt.run.validate/1")]
    RunValidate(run::pipelines::Validated),
    #[serde(rename = "gryt.promote/1")]
    Promote(promote::Promoted),
    #[serde(rename = "gryt.sync.pull/1")]
    Pull(sync::Pulled),
    #[serde(rename = "gryt.sync.pull.from/1")]
    PullFrom(Brought),
    #[serde(rename = "gryt.hook/1")]
    Hooks(hook::Changed),
    #[serde(rename = "gryt.hook.run/1")]
    HookRan(hook::Ran),
    #[serde(rename = "gryt.import/1")]
    Import(import::Report),
    #[serde(rename = "gryt.sync.watch/1")]
    Watched(sync::watch::Watched),
    #[serde(rename = "gryt.sync.backfill/1")]
    Backfill(Backfilled),
    #[serde(rename = "gryt.sync.move/1")]
    Moved(Box<sync::movement::Movement>),
    #[serde(rename = "gryt.sync.push/1")]
    Push(sync::Pushed),
    #[serde(rename = "gryt.sync.push.republish/1")]
    PutBack(Box<sync::republish::PutBack>),
    #[serde(rename = "gryt.sync.push-evolutions/1")]
    PushEvolutions(sync::PushedEvolutions),
    #[serde(rename = "gryt.sync.status/1")]
    SyncStatus(sync::status::Comparison),
    #[serde(rename = "gryt.sync.status.version/1")]
    SyncStatusVersion(sync::status::OfVersion),
    #[serde(rename = "gryt.log/1")]
    Log(log::Entries),
    #[serde(rename = "gryt.status/1")]
    Status(status::Overview),
    #[serde(rename = "gryt.query/1")]
    Query(query::Answered),
    #[serde(rename = "gryt.query.schema/1")]
    QuerySchema(query::Schema),
    #[serde(rename = "gryt.cache/1")]
    Cache(cache::Report),
    #[serde(rename = "gryt.verify/1")]
    Verify(verify::Report),
    #[serde(rename = "gryt.export/1")]
    Export(export::Exported),
    #[serde(rename = "gryt.verify.file/1")]
    VerifyFile(verify::file::Known),
    #[serde(rename = "gryt.verify.accept/1")]
    Accept(verify::Accepted),
    #[serde(rename = "gryt.doctor/1")]
    Doctor(doctor::Report),
    #[serde(rename = "gryt.setup/1")]
    Setup(setup::Done),
    #[serde(rename = "gryt.text/1")]
    Printed(setup::Printed),
    #[serde(rename = "gryt.demo/1")]
    Demo(demo::Played),
}

impl Outcome {
    /// How the process ends. A command can come to something and still not have succeeded.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Run(proven) => proven.exit(),
            Self::Runs(runs) => runs.exit(),
            Self::Verify(report) => report.exit(),
            Self::VerifyFile(known) => known.exit(),
            Self::Cache(report) => report.exit(),
            Self::Doctor(report) => report.exit(),
            Self::Pull(pulled) => pulled.exit(),
            Self::Push(pushed) => pushed.exit(),
            Self::PushEvolutions(pushed) => pushed.exit(),
            Self::Backfill(done) if !done.different.is_empty() => Exit::Conflict,
            Self::Moved(done) => done.exit(),
            Self::PutBack(done) => done.exit(),
            _ => Exit::Done,
        }
    }
}

/// Reads something that a person typed: a version, a change, the name of an evolution.
fn typed<T: std::str::FromStr<Err = Invalid>>(text: &str) -> Result<T, Refusal> {
    text.parse().map_err(Refusal::from)
}

/// Proposes the command that answers from what this clone last saw, where the cloud cannot be reached.
fn or_offline(error: anyhow::Error, command: &str) -> anyhow::Error {
    match error.downcast::<Refusal>() {
        Ok(refusal) if refusal.exit == Exit::Remote => refusal
            .because("This clone can answer from what it last saw of the cloud")
            .then(command)
            .into(),
        Ok(refusal) => refusal.into(),
        Err(error) => error,
    }
}

/// How long something may take: `30s`, `10m`.
fn time(text: &str) -> Result<std::time::Duration, String> {
    humantime::parse_duration(text).map_err(|_| "write a time like 30s or 10m".to_owned())
}

/// How many: 1 at least.
fn count(text: &str) -> Result<std::num::NonZeroUsize, String> {
    let parsed = text.parse();
    parsed.map_err(|_| "write a whole number, 1 at least".to_owned())
}

/// The name of a product, where one is named.
fn product(text: Option<&str>) -> Result<Option<&str>, Refusal> {
    if let Some(name) = text
        && format!("{name}/v1").parse::<Version>().is_err()
    {
        let what = format!("`{name}` cannot be the product of a version");
        return Err(Refusal::new(Exit::Usage, what));
    }
    Ok(text)
}

/// The same, where it need not be there.
fn typed_if<T: std::str::FromStr<Err = Invalid>>(text: Option<&str>) -> Result<Option<T>, Refusal> {
    text.map(typed).transpose()
}
