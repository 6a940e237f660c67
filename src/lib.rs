//! `git gryt`: release contracts and the proof that they hold, kept inside git.
//!
//! `model` holds nouns and decisions, `commands` holds verbs, and each outside world has one
//! owner: `git` the git binary, `store` libgit2, `runner` the user's commands, `render` the
//! terminal. What commands share lives in `session`. docs/architecture.md draws the whole house.
//!
//! This is a program, and no library: [`run`] is all of it. What its own tests and benchmarks use
//! besides is in [`parts`], and changes without notice.

mod cache;
mod cli;
mod commands;
mod config;
mod context;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod git;
mod help;
mod hooks;
mod model;
mod remote;
mod render;
mod runner;
mod session;
mod store;

use std::ffi::OsString;
use std::time::Instant;

use anyhow::{Context as _, Result};
use clap::Parser;

use cli::{Cli, Command, Global};
use commands::Outcome;
use context::Context;
use git::room::Lack;
use session::core::Later;
use session::{Core, Session};

/// What the tests and benchmarks of this repository use; not for anybody else.
#[doc(hidden)]
pub mod parts {
    pub use crate::cache::Cache;
    pub use crate::git::Git;
    pub use crate::git::ident::Ident;
    pub use crate::help::command;
    pub use crate::model::evolution::EvolutionName;
    pub use crate::model::evolution::{Attempt, Evolution};
    pub use crate::model::generation::Contract;
    pub use crate::model::oid::Oid;
    pub use crate::model::person::{Person, Stamp};
    pub use crate::model::pipeline::Pipeline;
    pub use crate::model::policy::Policy;
    pub use crate::model::proof::{Outcome, PipelineUsed, Proof, StepEnd, StepResult};
    pub use crate::model::rules::RuleSet;
    pub use crate::model::sealed::{Folded, Sealed};
    pub use crate::model::signature::Signature;
    pub use crate::model::verdict::{Gate, GateName, Verdict};
    pub use crate::model::version::Version;
    pub use crate::store::Store;
    pub use crate::store::ledger::{Beside, Ledger};
    pub use crate::store::objects::{Author, Content};
}

/// Parses, dispatches, renders. Returns the process's exit status.
pub fn run(args: impl IntoIterator<Item = OsString>) -> u8 {
    let begun = Instant::now();
    let args: Vec<OsString> = args.into_iter().collect();
    let mut cli = match Cli::try_parse_from(&args).map_err(|error| help::explained(error, &args)) {
        Ok(cli) => cli,
        Err(error) => return render::usage(&error, args.iter().any(|arg| arg == "--json")),
    };
    if let Command::Help(wanted) = &cli.command
        && help::guide(&wanted.words).is_none()
        && let Some(help) = help::of(&wanted.words)
    {
        return render::usage(&help, cli.global.json);
    }
    if let Command::Notes(args) = &cli.command {
        cli.global.json |= args.in_json();
    }
    let renderer = render::Renderer::new(&cli.global);
    let result = match (execute(&cli, &renderer, begun), &cli.command) {
        (Err(error), Command::Hook(command)) => commands::hook::forgive(command, error),
        (Err(error), _) => Err(as_meant(error, &args)),
        (Ok(outcome), _) => Ok(outcome),
    };
    let pages = cli.command.is_long() && !cli.global.no_pager;
    if !renderer.finish(&result, pages.then_some(paged)) {
        return model::Exit::Failure.code();
    }
    let exit = match &result {
        Ok(outcome) => outcome.exit(),
        Err(error) => render::exit_of(error),
    };
    #[cfg(debug_assertions)]
    if let Some((command, ends)) = help::ends(&args) {
        assert!(
            ends.contains(&exit),
            "the page of {command} does not say {exit:?}"
        );
    }
    exit.code()
}

/// Shows a text in the user's pager, which Ctrl-C is for while it runs. False where it was not shown.
fn paged(text: &render::Text) -> bool {
    // Where the signals cannot be caught, the pager works all the same.
    let _heard = runner::interrupt::Interrupt::listen(&std::sync::Arc::default());
    git::pager::show(&text.plain, text.linked.as_deref())
}

/// Proposes the command that was typed with the name that was probably meant.
fn as_meant(mut error: anyhow::Error, args: &[OsString]) -> anyhow::Error {
    if let Some(refusal) = error.downcast_mut::<model::Refusal>()
        && let Some(meant) = &refusal.meant
        && let Some(command) = help::again::as_meant(args, meant)
    {
        refusal.next.insert(0, command);
    }
    error
}

fn execute(cli: &Cli, renderer: &render::Renderer, begun: Instant) -> Result<Outcome> {
    let ctx = context(&cli.global, renderer, begun)?;
    if let Some(outcome) = anywhere(&ctx, &cli.command) {
        return outcome;
    }
    let core = match &cli.command {
        Command::Config(args) if args.writes() => Core::open_to_configure(&ctx)?,
        // A hook looks at what is committed, whatever lies in the working tree.
        Command::Hook(_) => Core::open(&ctx).or_else(|error| {
            ctx.warn(format!("gryt: {error:#}"));
            Core::open_to_configure(&ctx)
        })?,
        Command::Doctor(_) => Core::open(&ctx).or_else(|_| Core::open_to_configure(&ctx))?,
        _ => Core::open(&ctx)?,
    };
    if renderer.has_links()
        && let Some(pages) = core.commit_pages()
    {
        renderer.link_commits(pages);
    }
    in_repository(&ctx, cli, &core, renderer).map_err(|error| with_lack(error, &core))
}

/// Says what the disk lacks where something failed that may have been a write. Git names a file that it
/// could not write, and often not why.
fn with_lack(error: anyhow::Error, core: &Core<'_>) -> anyhow::Error {
    let layout = core.store.layout();
    let places = [Some(&layout.common_dir), layout.work_tree.as_ref()];
    let mut lacks = places
        .into_iter()
        .flatten()
        .filter_map(|at| Some((at, Lack::at(at)?)));
    let Some((at, lack)) = lacks.next() else {
        return error;
    };
    match error.downcast::<model::Refusal>() {
        Ok(refusal) if refusal.is_of_disk() => refusal.because(lack.told(at)).into(),
        Ok(refusal) => refusal.into(),
        Err(error) => {
            let what = format!("{error:#}");
            let refusal = model::Refusal::new(model::Exit::Failure, what);
            refusal.because(lack.told(at)).into()
        }
    }
}

fn in_repository(
    ctx: &Context,
    cli: &Cli,
    core: &Core<'_>,
    renderer: &render::Renderer,
) -> Result<Outcome> {
    let session = Session::over(core);
    let before = session.core.continuous() && cli.command.reads_shared();
    let after = session.core.continuous() && cli.command.changes_shared();
    if before {
        session.core.tolerating_absence(Later::Pull, || {
            let pulled = commands::sync::pull(&session)?;
            render::pull_in_passing(ctx, &pulled);
            Ok(())
        })?;
    }
    if cli.command.reads_shared() && core.never_pulled(&core.store.refs()?) {
        ctx.warn("This clone never pulled, and knows nothing of the team yet: git gryt sync pull");
    }
    let outcome = match &cli.command {
        Command::Board(args) => commands::board::run(ctx, args, &mut renderer.screen())?,
        command => dispatch(&session, command)?,
    };
    if after {
        session
            .core
            .tolerating_absence(Later::Share, || commands::sync::deliver(&session))?;
    }
    Ok(outcome)
}

/// What needs no repository.
fn anywhere(ctx: &Context, command: &Command) -> Option<Result<Outcome>> {
    let with = |run: &dyn Fn(&[commands::setup::Page]) -> Result<Outcome>| run(&help::pages());
    Some(match command {
        Command::Demo => commands::demo::run(ctx),
        Command::Setup(args) => with(&|pages| commands::setup::run(ctx, args, pages)),
        Command::Man(args) => {
            let guide = help::guide(&args.command).map(|(page, _)| page.name);
            with(&|pages| commands::setup::man(ctx, args, guide.as_deref(), pages))
        }
        Command::Help(args) => {
            let (page, text) = help::guide(&args.words)?;
            commands::help::guide(&page, text, render::at_a_terminal())
        }
        Command::Completions(args) => match args.at {
            Some(at) => {
                let text = help::offered(args.shell, &args.line, at, &ctx.dir);
                Ok(commands::setup::offered(text))
            }
            None => with(&|pages| commands::setup::completions(args, pages)),
        },
        _ => return None,
    })
}

fn context(global: &Global, renderer: &render::Renderer, begun: Instant) -> Result<Context> {
    if let Some(dir) = &global.dir {
        std::env::set_current_dir(dir)
            .with_context(|| format!("{} cannot be entered", dir.display()))?;
    }
    Ok(Context {
        dir: std::env::current_dir().context("the current folder is gone")?,
        begun,
        no_cache: global.no_cache,
        quiet: global.quiet,
        verbose: global.verbose,
        unheard: renderer.unheard(),
        left: renderer.left(),
        warned: std::sync::Mutex::default(),
        sink: renderer.sink(),
    })
}

fn dispatch(session: &Session<'_>, command: &Command) -> Result<Outcome> {
    match command {
        Command::Init(args) => commands::init::run(session, args),
        Command::Config(args) => commands::config::run(session, args),
        Command::Generation(command) => commands::generation::run(session, command),
        Command::Evolution(command) => commands::evolution::run(session, command),
        Command::Run(args) if args.list || args.validate => {
            commands::run::pipelines::run(session, args)
        }
        Command::Run(args) => commands::run::run(session, args),
        Command::Promote(args) => commands::promote::wait::run(session, args),
        Command::Approve(args) => commands::approve::run(session, args),
        Command::Why(args) => commands::why::run(session, args),
        Command::Withdraw(args) => commands::withdraw::run(session, args),
        Command::Status => commands::status::run(session),
        Command::Query(args) => commands::query::run(session, args),
        Command::Cache(command) => commands::cache::run(session, *command),
        Command::Where { what } => commands::locate::run(session, what),
        Command::Verify(args) => commands::verify::run(session, args),
        Command::Doctor(args) => commands::doctor::run(session, args),
        Command::Hook(command) => commands::hook::run(session, command),
        Command::Import(args) => commands::import::run(session, args),
        Command::Notes(args) => commands::notes::run(session, args),
        Command::Export(args) => commands::export::run(session, args),
        Command::Sync(command) => commands::sync::run(session, command),
        Command::Log(args) => commands::log::run(session, args),
        Command::Board(_)
        | Command::Demo
        | Command::Setup(_)
        | Command::Man(_)
        | Command::Completions(_)
        | Command::Help(_) => {
            anyhow::bail!("this command was to be done elsewhere")
        }
    }
}

impl Command {
    /// Whether `cloud` mode pulls before it.
    fn reads_shared(&self) -> bool {
        matches!(
            self,
            Self::Generation(_)
                | Self::Evolution(_)
                | Self::Run(_)
                | Self::Log(_)
                | Self::Status
                | Self::Where { .. }
                | Self::Notes(_)
                | Self::Export(_)
                | Self::Query(_)
                | Self::Verify(_)
        )
    }

    /// Whether it prints a list that may be longer than a screen, which a terminal's pager shows.
    fn is_long(&self) -> bool {
        use commands::evolution::EvolutionCommand as Evolution;
        use commands::generation::GenerationCommand as Generation;
        match self {
            Self::Log(_) | Self::Query(_) | Self::Verify(_) => true,
            Self::Notes(args) => !args.writes(),
            Self::Evolution(command) => {
                matches!(command, Evolution::List { .. } | Evolution::Show { .. })
            }
            Self::Generation(command) => {
                matches!(command, Generation::List { .. } | Generation::Show { .. })
            }
            _ => false,
        }
    }

    /// Whether `cloud` mode pushes after it.
    fn changes_shared(&self) -> bool {
        use commands::evolution::EvolutionCommand as Evolution;
        use commands::generation::GenerationCommand as Generation;
        matches!(
            self,
            Self::Generation(
                Generation::New(_)
                    | Generation::Edit(_)
                    | Generation::Rename(_)
                    | Generation::Restore { .. }
                    | Generation::Resolve(_)
            ) | Self::Evolution(Evolution::Start(_) | Evolution::Record(_) | Evolution::Abandon(_))
                | Self::Run(_)
        )
    }
}
