//! Help in every form, from the one clap tree: what `-h` prints, man pages, completions.

pub(crate) mod again;
mod described;
mod examples;
mod exits;
mod guides;
mod manual;
mod markdown;
mod offered;
mod purpose;
mod shells;

use std::ffi::OsString;
use std::path::Path;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory};
use strum::IntoEnumIterator;

use crate::cli::Cli;
use crate::commands::setup::{Kind, Page, Shell};
#[cfg(debug_assertions)]
use crate::model::Exit;
use guides::Guide;

/// The command line with an example in the help of each command, and its commands in groups.
pub fn command() -> Command {
    purpose::grouped(with_examples(Cli::command(), ""))
}

/// The command that a line types, and how it may end as its page says.
#[cfg(debug_assertions)]
pub(crate) fn ends(args: &[OsString]) -> Option<(String, Vec<Exit>)> {
    exits::of_line(&Cli::command(), args)
}

/// The help that was asked for, with its examples: only then are they looked for.
pub(crate) fn explained(error: clap::Error, args: &[OsString]) -> clap::Error {
    let asked = [
        ErrorKind::DisplayHelp,
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand,
    ];
    if !asked.contains(&error.kind()) {
        return with_tips(error, args);
    }
    command().try_get_matches_from(args).err().unwrap_or(error)
}

/// What was meant by the word of another program, where clap finds nothing alike or the wrong thing.
fn with_tips(mut error: clap::Error, args: &[OsString]) -> clap::Error {
    let below = |name: &str| args.iter().any(|arg| arg == name);
    match error.get(ContextKind::InvalidSubcommand) {
        Some(ContextValue::String(typed)) => {
            let meant: &[&str] = match typed.as_str() {
                "push" | "pull" if !below("sync") => match typed.as_str() {
                    "push" => &["sync push"],
                    _ => &["sync pull"],
                },
                "fetch" => &["sync pull"],
                "remove" | "rm" if below("generation") => &["delete"],
                "remove" | "rm" | "delete" if below("evolution") => &["abandon"],
                _ => return error,
            };
            let meant = meant.iter().map(ToString::to_string).collect();
            error.insert(
                ContextKind::SuggestedSubcommand,
                ContextValue::Strings(meant),
            );
        }
        _ if error.kind() == ErrorKind::MissingRequiredArgument
            && below("generation")
            && below("new")
            && lacks(&error, "<VERSION>") =>
        {
            let either = vec!["<VERSION>, or --next <LEVEL>".to_owned()];
            error.insert(ContextKind::InvalidArg, ContextValue::Strings(either));
        }
        _ => {}
    }
    error
}

/// Whether a required argument is missing that is called so.
fn lacks(error: &clap::Error, name: &str) -> bool {
    match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::Strings(missing)) => missing.iter().any(|arg| arg.contains(name)),
        Some(ContextValue::String(missing)) => missing.contains(name),
        _ => false,
    }
}

fn with_examples(mut command: Command, path: &str) -> Command {
    let names: Vec<String> = command
        .get_subcommands()
        .map(|sub| sub.get_name().to_owned())
        .collect();
    for name in names {
        let path = match path {
            "" => name.clone(),
            path => format!("{path} {name}"),
        };
        command = command.mut_subcommand(&name, |sub| with_examples(sub, &path));
    }
    match examples::of(path) {
        Some(text) => command.after_help(text),
        None => command,
    }
}

/// Everything that `setup` installs.
pub(crate) fn pages() -> Vec<Page> {
    let mut root = command();
    root.build();
    let mut pages = Vec::new();
    man(&root, "", &mut pages);
    pages.extend(Guide::iter().map(page_of));
    for shell in shells::SHELLS {
        pages.push(Page {
            kind: Kind::Completion(shell),
            name: shells::file(shell).to_owned(),
            text: shells::script(shell).as_bytes().to_owned(),
        });
    }
    pages
}

/// The words that the word number `at` of `line` may be.
pub(crate) fn offered(shell: Shell, line: &[String], at: usize, dir: &Path) -> String {
    offered::text(shell, Cli::command(), line, at, dir)
}

/// The guide that `words` name.
pub(crate) fn guide(words: &[String]) -> Option<(Page, &'static str)> {
    let [name] = words else { return None };
    let guide = Guide::named(name)?;
    Some((page_of(guide), guide.markdown()))
}

/// The help of a command, as clap gives it.
pub(crate) fn of(words: &[String]) -> Option<clap::Error> {
    let words = words.iter().map(String::as_str);
    let line = ["git-gryt"].into_iter().chain(words).chain(["--help"]);
    command().try_get_matches_from(line).err()
}

fn page_of(guide: Guide) -> Page {
    Page {
        kind: Kind::Guide,
        name: format!("{}.7", guide.page()),
        text: manual::guide(guide),
    }
}

fn man(command: &Command, path: &str, pages: &mut Vec<Page>) {
    pages.push(Page {
        kind: Kind::Man,
        name: format!("{}.1", manual::page_name(path)),
        text: manual::of(command, path),
    });
    let nested = |sub: &&Command| path.is_empty() || sub.get_name() != "help";
    let shown = |sub: &&Command| !sub.is_hide_set() && nested(sub);
    for sub in command.get_subcommands().filter(shown) {
        let path = format!("{path} {}", sub.get_name());
        man(sub, path.trim_start(), pages);
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn leaves(command: &Command, path: &str, found: &mut Vec<String>) {
        let subs: Vec<&Command> = command
            .get_subcommands()
            .filter(|sub| !sub.is_hide_set() && sub.get_name() != "help")
            .collect();
        if subs.is_empty() {
            found.push(path.trim().to_owned());
        }
        for sub in subs {
            leaves(sub, &format!("{path} {}", sub.get_name()), found);
        }
    }

    /// The words of a line as a shell would split it; quotes are all that examples use of it.
    fn words(line: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        let mut quoted = None;
        for c in line.chars() {
            match (c, quoted) {
                ('"' | '\'', None) => quoted = Some(c),
                (c, Some(mark)) if c == mark => quoted = None,
                (' ', None) => words.push(String::new()),
                (c, _) => {
                    let last = words.len() - 1;
                    words[last].push(c);
                }
            }
        }
        words.retain(|word| !word.is_empty());
        words
    }

    #[test]
    fn each_command_has_examples_and_they_parse() {
        let mut all = Vec::new();
        leaves(&Cli::command(), "", &mut all);
        assert!(all.len() > 30, "{all:?}");
        for path in &all {
            let text = examples::of(path).unwrap_or_else(|| panic!("{path} has no example"));
            let lines = text
                .lines()
                .filter_map(|line| line.trim().strip_prefix("git gryt "));
            let mut count = 0;
            for line in lines {
                assert!(line.starts_with(path.as_str()), "{path}: {line}");
                let args = [vec!["git-gryt".to_owned()], words(line)].concat();
                if let Err(error) = Cli::try_parse_from(args) {
                    panic!("{line}: {error}");
                }
                count += 1;
            }
            assert!(count > 0, "{path}");
        }
    }

    fn reference(command: &Command, path: &str, text: &mut String) {
        *text += &format!("\n## {path}\n\n```text\n");
        for line in command.clone().render_help().to_string().lines() {
            *text += line.trim_end();
            text.push('\n');
        }
        *text += "```\n";
        let shown = |sub: &&Command| !sub.is_hide_set() && sub.get_name() != "help";
        for sub in command.get_subcommands().filter(shown) {
            reference(sub, &format!("{path} {}", sub.get_name()), text);
        }
    }

    #[test]
    fn the_reference_is_what_the_commands_say() {
        let mut root = command().term_width(90);
        root.build();
        let mut text = String::from(
            "# Commands\n\nWhat `git gryt COMMAND -h` says. Written by `UPDATE_EXPECT=1 cargo test --lib \
             reference`.\n",
        );
        reference(&root, "git gryt", &mut text);
        expect_test::expect_file!["../../docs/cli.md"].assert_eq(&text);
    }

    #[test]
    fn there_is_a_page_for_each_command() {
        let pages = pages();
        let named = |name: &str| pages.iter().find(|page| page.name == name).unwrap();
        let page = String::from_utf8_lossy(&named("git-gryt-generation-new.1").text).into_owned();
        assert!(page.contains("git gryt generation new"), "{page}");
        for section in [
            "SYNOPSIS",
            "FILES AND REFS",
            "SETTINGS",
            "EXIT STATUS",
            "EXAMPLES",
        ] {
            assert!(page.contains(section), "{section}: {page}");
        }
        let mut all = Vec::new();
        leaves(&Cli::command(), "", &mut all);
        for path in all {
            named(&format!("git-gryt-{}.1", path.replace(' ', "-")));
        }
        for guide in Guide::iter() {
            let page = named(&format!("{}.7", guide.page()));
            let text = String::from_utf8_lossy(&page.text).into_owned();
            let blocks = text.split(".nf").flat_map(|part| part.split(".fi").last());
            for mark in ["`", "](", "**"] {
                let prose: Vec<&str> = blocks.clone().filter(|part| part.contains(mark)).collect();
                assert!(prose.is_empty(), "{mark}: {prose:?}");
            }
        }
    }

    fn all(command: &Command, path: &str, found: &mut Vec<String>) {
        found.push(path.to_owned());
        for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
            let path = format!("{path} {}", sub.get_name());
            all(sub, path.trim_start(), found);
        }
    }

    #[test]
    fn each_command_is_described_once_and_what_it_names_is_there() {
        let mut commands = Vec::new();
        all(&Cli::command(), "", &mut commands);
        commands.sort();
        let described = described::DESCRIBED.iter();
        let mut paths: Vec<String> = described.map(|(path, _, _)| (*path).to_owned()).collect();
        paths.sort();
        assert_eq!(paths, commands);
        for (path, _, see) in described::DESCRIBED {
            for other in *see {
                assert!(
                    other != path && paths.iter().any(|p| p == other),
                    "{path}: {other}"
                );
            }
        }
        let pages = pages();
        let text: Vec<&[u8]> = pages.iter().map(|page| page.text.as_slice()).collect();
        let text = String::from_utf8_lossy(&text.concat()).into_owned();
        for key in crate::config::KEYS {
            let name = format!(".TP\n\\fB{}\\fR", key.name);
            // On the pages of git-gryt and git-gryt-config, and wherever it counts.
            assert!(text.matches(&name).count() > 2, "{}", key.name);
        }
    }

    #[test]
    fn the_readme_says_what_exit_codes_mean() {
        use crate::model::Exit;
        let readme = include_str!("../../README.md");
        let (_, table) = readme.split_once("| exit | meaning |\n").unwrap();
        let rows = table.lines().skip(1).take_while(|line| !line.is_empty());
        let expected: Vec<String> = Exit::iter()
            .map(|exit| format!("| {} | {} |", exit.code(), exit.meaning()))
            .collect();
        assert_eq!(rows.collect::<Vec<_>>(), expected);
    }
}
