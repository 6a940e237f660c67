//! Man pages, from the clap tree and the descriptions.

use std::fmt::Write as _;

use clap::{Arg, Command};
use roff::{Roff, bold, roman};
use strum::IntoEnumIterator;

use super::guides::Guide;
use super::purpose::Purpose;
use super::{described, examples, exits, markdown};
use crate::cli::CommandName;
use crate::config;

/// When what the pages say changed last.
const DATE: &str = "2026-11-28";

/// A file or a ref that commands read or write, and what it is.
type Place = (&'static str, &'static str);

const CONFIG: Place = (".gryt/config.yaml", "The project's settings");
const POLICY: Place = (
    ".gryt/policy.yaml",
    "What a release has to satisfy, who may promote, and who has to approve",
);
const PIPELINES: Place = (
    ".gryt/pipelines/*.yaml",
    "Pipelines: the steps that prove a change",
);
const DRAFTS: Place = (
    ".gryt/generations/*.yaml",
    "A file for each draft, which any editor can change. Git does not track it",
);
const SHARED: Place = (
    "refs/gryt/*",
    "The ledger, drafts, evolutions and approvals, as this clone has them",
);
const SEEN: Place = (
    "refs/gryt-remotes/REMOTE/*",
    "The same, as the cloud had it when this clone last looked",
);
const CACHE: Place = (
    ".git/gryt/cache.db",
    "A copy of what git holds, for queries. It can be deleted at any time",
);
const HOOKS: Place = (
    ".git/hooks/*",
    "Git's hooks, unless core.hooksPath names another folder",
);

impl CommandName {
    /// What it reads or writes.
    fn places(self) -> &'static [Place] {
        match self {
            Self::Init => &[CONFIG, PIPELINES, SHARED],
            Self::Generation => &[DRAFTS, SHARED],
            Self::Evolution => &[SHARED],
            Self::Run => &[PIPELINES, SHARED],
            Self::Sync => &[SHARED, SEEN, DRAFTS],
            Self::Why | Self::Approve | Self::Promote => &[POLICY, SHARED, SEEN],
            Self::Import | Self::Withdraw | Self::Verify => &[POLICY, SHARED],
            Self::Notes | Self::Log | Self::Where | Self::Export => &[SHARED, CACHE],
            Self::Status | Self::Board => &[DRAFTS, SHARED, SEEN, CACHE],
            Self::Query | Self::Cache => &[CACHE, SHARED],
            Self::Config => &[CONFIG],
            Self::Hook => &[HOOKS],
            Self::Doctor => &[CONFIG, POLICY, PIPELINES, HOOKS, SHARED, SEEN, CACHE],
            Self::Demo | Self::Setup | Self::Man | Self::Completions | Self::Help => &[],
        }
    }

    /// The settings that it goes by.
    fn settings(self) -> &'static [&'static str] {
        match self {
            Self::Init => &["execution_mode", "remote", "remote_prefix"],
            Self::Generation | Self::Evolution | Self::Run => &[
                "execution_mode",
                "remote",
                "timeout",
                "sign",
                "commit_links",
            ],
            Self::Sync => &[
                "remote",
                "remote_prefix",
                "publish_commits",
                "timeout",
                "push_timeout",
                "trust",
            ],
            Self::Why => &["remote", "timeout", "trust"],
            Self::Approve => &["remote", "timeout", "push_timeout", "sign"],
            Self::Promote => &[
                "execution_mode",
                "remote",
                "tag",
                "tag_format",
                "publish_commits",
                "timeout",
                "push_timeout",
                "sign",
                "trust",
                "commit_links",
            ],
            Self::Import | Self::Withdraw => &[
                "execution_mode",
                "remote",
                "timeout",
                "push_timeout",
                "sign",
            ],
            Self::Status | Self::Log | Self::Where => {
                &["execution_mode", "remote", "timeout", "commit_links"]
            }
            Self::Board | Self::Query | Self::Export => &["execution_mode", "remote", "timeout"],
            Self::Notes => &[
                "execution_mode",
                "remote",
                "timeout",
                "links",
                "commit_links",
            ],
            Self::Verify => &["execution_mode", "remote", "timeout", "trust"],
            Self::Hook => &["hook_timeout", "share_on_push", "remote"],
            Self::Doctor => &["remote", "timeout"],
            Self::Config
            | Self::Cache
            | Self::Demo
            | Self::Setup
            | Self::Man
            | Self::Completions
            | Self::Help => &[],
        }
    }
}

/// The page of a command: `path` is the words that lead to it.
pub(super) fn of(command: &Command, path: &str) -> Vec<u8> {
    let name = page_name(path);
    let top = path.split(' ').next().unwrap_or_default();
    let top = CommandName::iter().find(|name| <&str>::from(name) == top);
    let about = command.get_about().map(ToString::to_string);
    let mut page = begun(&name, "1", &about.unwrap_or_default());
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").to_owned();
    let typed = format!("git gryt {path}");
    page.control("SH", ["SYNOPSIS"]);
    match usage.strip_prefix(typed.trim_end()) {
        Some(rest) => page.text([bold(typed.trim_end()), roman(rest)]),
        None => page.text([roman(usage)]),
    };
    let (_, description, see) = described::of(path).copied().unwrap_or_default();
    let mut text = format!("## Description\n\n{description}\n\n");
    text += &commands(command, path);
    text += "## Options\n\n";
    let arguments = command.get_arguments().filter(|arg| !arg.is_hide_set());
    let (first, then): (Vec<&Arg>, Vec<&Arg>) = arguments.partition(|arg| arg.is_positional());
    for arg in first.into_iter().chain(then) {
        text += &option(arg);
    }
    text += &rest(command, path, top, see);
    markdown::add(&text, &mut page);
    page.render().into_bytes()
}

/// A page's title and name.
fn begun(name: &str, section: &str, about: &str) -> Roff {
    let source = format!("git-gryt {}", env!("CARGO_PKG_VERSION"));
    let title = name.to_uppercase();
    let mut page = Roff::default();
    page.control("TH", [title.as_str(), section, DATE, &source, "Git Manual"]);
    page.control("SH", ["NAME"]);
    page.text([roman(format!("{name} - {about}"))]);
    page
}

/// An option or an argument, and what it is for.
fn option(arg: &Arg) -> String {
    let mut forms = Vec::new();
    forms.extend(arg.get_short().map(|short| format!("`-{short}`")));
    forms.extend(arg.get_long().map(|long| format!("`--{long}`")));
    let mut term = forms.join(", ");
    let values = arg.get_action().takes_values();
    if values {
        let names = arg.get_value_names().unwrap_or_default();
        let names: Vec<&str> = names.iter().map(clap::builder::Str::as_str).collect();
        _ = write!(term, " *{}*", names.join(" "));
    }
    let help = arg.get_long_help().or(arg.get_help());
    let help = help.map(ToString::to_string).unwrap_or_default();
    let mut text = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let default = arg.get_default_values();
    if values && !default.is_empty() {
        let default: Vec<String> = default
            .iter()
            .map(|value| format!("`{}`", value.to_string_lossy()))
            .collect();
        _ = write!(text, ". Default: {}", default.join(", "));
    }
    let possible = arg.get_possible_values();
    if values && !possible.is_empty() {
        let possible: Vec<String> = possible
            .iter()
            .map(|value| format!("`{}`", value.get_name()))
            .collect();
        _ = write!(text, ". One of {}", possible.join(", "));
    }
    format!("| {} | {text} |\n\n", term.trim_start())
}

/// The name by which man knows the page of a command.
pub(super) fn page_name(path: &str) -> String {
    match path {
        "" => "git-gryt".to_owned(),
        path => format!("git-gryt-{}", path.replace(' ', "-")),
    }
}

/// The commands below this one, those of the root in their groups.
fn commands(command: &Command, path: &str) -> String {
    let mut text = String::new();
    let row = |name: &str| {
        let about = command.find_subcommand(name).and_then(Command::get_about);
        let about = about.map(ToString::to_string).unwrap_or_default();
        let page = page_name(format!("{path} {name}").trim());
        format!("| `{page}(1)` | {about} |\n\n")
    };
    if path.is_empty() {
        for purpose in Purpose::iter() {
            _ = writeln!(text, "## Commands: {}\n", purpose.title());
            for name in purpose.commands() {
                text += &row(name.into());
            }
        }
        return text;
    }
    let subs = command.get_subcommands().map(Command::get_name);
    let subs: Vec<&str> = subs.filter(|name| *name != "help").collect();
    if !subs.is_empty() {
        text += "## Commands\n\n";
    }
    for name in subs {
        text += &row(name);
    }
    text
}

/// What stands after the options.
fn rest(command: &Command, path: &str, top: Option<CommandName>, see: &[&str]) -> String {
    let mut text = String::new();
    let mut section = |title: &str, rows: Vec<(String, String)>| {
        if !rows.is_empty() {
            _ = writeln!(text, "## {title}\n");
        }
        for (term, meaning) in rows {
            _ = writeln!(text, "| {term} | {meaning} |\n");
        }
    };
    let places = match top {
        Some(top) => top.places(),
        None => &[CONFIG, POLICY, PIPELINES, DRAFTS, SHARED, SEEN, CACHE],
    };
    let places = places.iter();
    let places = places.map(|(place, what)| (format!("`{place}`"), (*what).to_owned()));
    section("Files and refs", places.collect());
    let wanted = |key: &&config::Key| match top {
        // The command that sets them, and the page of all.
        None | Some(CommandName::Config) => true,
        Some(top) => top.settings().contains(&key.name),
    };
    let settings = config::KEYS.iter().filter(wanted).map(|key| {
        let term = format!("`{}`, `{}`", key.name, key.env);
        (term, key.meaning.to_owned())
    });
    section("Settings", settings.collect());
    let exits = exits::of(command, path).into_iter();
    let exits = exits.map(|exit| (format!("`{}`", exit.code()), exit.meaning().to_owned()));
    section("Exit status", exits.collect());
    if let Some(lines) = examples::lines(path) {
        _ = write!(text, "## Examples\n\n```sh\n{lines}\n```\n\n");
    }
    let mut pages: Vec<String> = Vec::new();
    if !path.is_empty() {
        pages.push("`git-gryt(1)`".to_owned());
    }
    pages.extend(see.iter().map(|path| format!("`{}(1)`", page_name(path))));
    pages.extend(Guide::iter().map(|guide| format!("`{}(7)`", guide.page())));
    _ = write!(text, "## See also\n\n{}\n", pages.join(", "));
    text
}

/// The page of a guide.
pub(super) fn guide(guide: Guide) -> Vec<u8> {
    let mut page = begun(guide.page(), "7", guide.about());
    page.control("SH", ["DESCRIPTION"]);
    markdown::add(guide.markdown(), &mut page);
    let others = Guide::iter().filter(|other| *other != guide);
    let others = others.map(|other| format!("`{}(7)`", other.page()));
    let pages = ["`git-gryt(1)`".to_owned()].into_iter().chain(others);
    let pages: Vec<String> = pages.collect();
    markdown::add(&format!("## See also\n\n{}\n", pages.join(", ")), &mut page);
    page.render().into_bytes()
}
