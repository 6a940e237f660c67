//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use crate::commands::approve::ApproveArgs;
use crate::commands::board::BoardArgs;
use crate::commands::cache::CacheCommand;
use crate::commands::config::ConfigArgs;
use crate::commands::doctor::DoctorArgs;
use crate::commands::evolution::EvolutionCommand;
use crate::commands::export::ExportArgs;
use crate::commands::generation::GenerationCommand;
use crate::commands::help::HelpArgs;
use crate::commands::hook::HookCommand;
use crate::commands::import::ImportArgs;
use crate::commands::init::InitArgs;
use crate::commands::log::LogArgs;
use crate::commands::notes::NotesArgs;
use crate::commands::promote::PromoteArgs;
use crate::commands::query::QueryArgs;
use crate::commands::run::RunArgs;
use crate::commands::setup::{CompletionsArgs, ManArgs, SetupArgs};
use crate::commands::sync::SyncCommand;
use crate::commands::verify::VerifyArgs;
use crate::commands::why::WhyArgs;
use crate::commands::withdraw::WithdrawArgs;

/// Release contracts and the proof that they hold, kept inside git.
#[derive(Debug, Parser)]
#[command(name = "git-gryt", bin_name = "git gryt", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub global: Global,
}

/// Options of every command.
#[derive(Debug, clap::Args)]
pub(crate) struct Global {
    /// Run as if started in DIR
    #[arg(short = 'C', value_name = "DIR", global = true)]
    pub dir: Option<PathBuf>,
    /// Print one JSON document instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// Print only results and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print more, and why something failed
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// Read git directly and not the cache (slower)
    #[arg(long, global = true)]
    pub no_cache: bool,
    /// Do not use a pager
    #[arg(long, global = true)]
    pub no_pager: bool,
    /// When to colour
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN", global = true)]
    pub color: Color,
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

/// What to do, in the order of the groups of `help::purpose`.
#[derive(Debug, Subcommand, strum::EnumDiscriminants)]
#[strum_discriminants(name(CommandName), vis(pub(crate)))]
#[strum_discriminants(derive(strum::EnumIter, strum::IntoStaticStr))]
#[strum_discriminants(strum(serialize_all = "kebab-case"))]
#[command(disable_help_subcommand = true)]
pub(crate) enum Command {
    /// Prepare a repository
    Init(InitArgs),
    /// Import releases from tags, changesets or the original tool
    Import(ImportArgs),
    /// Play a release and a race in a throwaway sandbox
    Demo,
    /// Declare what a release must contain
    #[command(subcommand)]
    Generation(GenerationCommand),
    /// Prove one change at a time
    #[command(subcommand)]
    Evolution(EvolutionCommand),
    /// Run a pipeline and record the proof
    Run(RunArgs),
    /// Pull from and push to the cloud, the git remote of the team
    #[command(subcommand)]
    Sync(SyncCommand),
    /// Say who has to do what before a version can be promoted
    Why(WhyArgs),
    /// Approve or reject exactly this contract at exactly this commit
    Approve(ApproveArgs),
    /// Release a version, and add it to the ledger
    Promote(PromoteArgs),
    /// Mark a promoted version as not to be used
    Withdraw(WithdrawArgs),
    /// Show what versions bring, or keep a changelog of it
    Notes(NotesArgs),
    /// Show where this clone stands, and what is not shared
    Status,
    /// Look at drafts, changes and releases on one screen
    Board(BoardArgs),
    /// Show what was promoted
    Log(LogArgs),
    /// Say in which version a change or a commit was shipped
    Where {
        /// A change's id, or a commit
        what: String,
    },
    /// Check the whole ledger, and each promotion's gates, again
    Verify(VerifyArgs),
    /// Run an SQL query
    Query(QueryArgs),
    /// Export the audit trail, in-toto statements or an HTML page
    Export(ExportArgs),
    /// Show or change settings
    Config(ConfigArgs),
    /// Install and remove git's hooks
    #[command(subcommand)]
    Hook(HookCommand),
    /// Check this clone, its settings and the cloud
    Doctor(DoctorArgs),
    /// Rebuild the cache, or compare it with a fresh one
    #[command(subcommand)]
    Cache(CacheCommand),
    /// Install man pages and completions, or take them out again
    Setup(SetupArgs),
    /// Print the source of a man page
    Man(ManArgs),
    /// Print a shell's completions
    Completions(CompletionsArgs),
    /// Explain a command, or open a guide
    Help(HelpArgs),
}
