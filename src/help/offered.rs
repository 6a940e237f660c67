//! What a word may be: commands and options by clap's engine, names by what this clone knows.

use std::path::Path;

use clap::{Arg, Command, ValueHint};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate, complete};
use strum::IntoEnumIterator;

use super::guides::Guide;
use crate::cli::CommandName;
use crate::commands::complete::{Names, can_be_typed, offers};
use crate::commands::setup::Shell;

/// What an argument names, by the words that lead to its command and its own name.
pub(super) fn named_by(path: &str, arg: &str) -> Option<Names> {
    Some(match (path, arg) {
        (
            "generation edit" | "generation delete" | "generation resolve" | "evolution start"
            | "evolution record" | "promote" | "approve" | "why",
            "version",
        )
        | ("generation rename", "old")
        | ("run", "uncovered")
        | ("sync push" | "sync push-evolutions" | "sync status", "version" | "named") => {
            Names::Drafts
        }
        ("generation new", "from")
        | ("withdraw", "version" | "replacement")
        | ("verify", "version" | "accept")
        | ("export", "since") => Names::Releases,
        ("generation show" | "evolution list" | "notes", "version") => Names::Versions,
        ("evolution start" | "evolution record" | "run", "change")
        | ("generation edit", "drops" | "assigns")
        | ("where", "what") => Names::Changes,
        ("evolution abandon" | "evolution show", "name") | ("promote", "artifacts_of") => {
            Names::Evolutions
        }
        (_, "product") => Names::Products,
        ("run", "pipeline") => Names::Pipelines,
        ("config", "key") => Names::Settings,
        ("config", "value") => Names::Values,
        ("sync pull", "from") | ("sync move", "remote") => Names::Remotes,
        ("promote", "waive") => Names::Gates,
        _ => return None,
    })
}

/// The words that the word number `at` of `line` may be, one a line as the shell's script reads it. Empty
/// where nothing is known: the shell then offers files.
pub(crate) fn text(
    shell: Shell,
    command: Command,
    line: &[String],
    at: usize,
    dir: &Path,
) -> String {
    let begun = line.get(at).map_or("", String::as_str);
    let dir = rooted(dir, line);
    // Git looks for a repository from where it was started. Where -C leads nowhere, only names are missing.
    let mut command = match std::env::set_current_dir(&dir) {
        Ok(()) => with_names(command, "", &dir, line),
        Err(_) => command,
    };
    let words = line.iter().map(Into::into).collect();
    // What cannot be completed is no error of whoever types.
    let found = complete(&mut command, words, at, None).unwrap_or_default();
    let found = found.iter().filter_map(|candidate| {
        let word = candidate.get_value().to_str()?;
        // Options are offered to whoever begins one.
        let wanted = begun.starts_with('-') || !word.starts_with('-');
        let about = candidate.get_help().map(ToString::to_string);
        let about = about.unwrap_or_default();
        let about = about.lines().next().unwrap_or_default();
        (wanted && can_be_typed(word)).then(|| match (shell, about) {
            (Shell::Bash, _) | (Shell::Fish, "") => format!("{word}\n"),
            (Shell::Fish, about) => format!("{word} {about}\n"),
            (Shell::Zsh, about) => format!("{}:{about}\n", word.replace(':', "\\:")),
        })
    });
    found.collect()
}

/// The folder that the line is about: each `-C` is below the one before.
fn rooted(dir: &Path, line: &[String]) -> std::path::PathBuf {
    let pairs = line.windows(2).filter(|pair| pair[0] == "-C");
    pairs.fold(dir.to_owned(), |at, pair| at.join(&pair[1]))
}

fn with_names(command: Command, path: &str, dir: &Path, line: &[String]) -> Command {
    let command = command.mut_args(|arg| argument(arg, path, dir, line));
    command.mut_subcommands(|sub| {
        let path = format!("{path} {}", sub.get_name());
        with_names(sub, path.trim_start(), dir, line)
    })
}

fn argument(arg: Arg, path: &str, dir: &Path, line: &[String]) -> Arg {
    if !arg.get_action().takes_values() {
        return arg;
    }
    // The shells complete the names of files better than clap does.
    let arg = arg.value_hint(ValueHint::Other);
    if let ("help", "words") | ("man", "command") = (path, arg.get_id().as_str()) {
        return arg.add(ArgValueCandidates::new(topics));
    }
    let Some(names) = named_by(path, arg.get_id().as_str()) else {
        return arg;
    };
    let (dir, line) = (dir.to_owned(), line.to_owned());
    arg.add(ArgValueCandidates::new(move || {
        let offers = offers(names, &dir, &line).into_iter();
        let candidate = |offer: crate::commands::complete::Offer| {
            CompletionCandidate::new(offer.word).help(offer.about.map(Into::into))
        };
        offers.map(candidate).collect()
    }))
}

/// What there is help about.
fn topics() -> Vec<CompletionCandidate> {
    let guides = Guide::iter().map(<&str>::from);
    let commands = CommandName::iter().map(<&str>::from);
    commands
        .chain(guides)
        .map(CompletionCandidate::new)
        .collect()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn arguments(command: &Command, path: &str, found: &mut Vec<(String, String, String)>) {
        let shown = |arg: &&Arg| !arg.is_hide_set() && arg.get_action().takes_values();
        for arg in command.get_arguments().filter(shown) {
            let values = arg.get_value_names().unwrap_or_default();
            let value = values.first().map_or(String::new(), ToString::to_string);
            found.push((path.to_owned(), arg.get_id().to_string(), value));
        }
        for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
            let path = format!("{path} {}", sub.get_name());
            arguments(sub, path.trim_start(), found);
        }
    }

    #[test]
    fn each_argument_that_is_a_name_is_completed() {
        let mut all = Vec::new();
        let mut root = crate::cli::Cli::command();
        root.build();
        arguments(&root, "", &mut all);
        // A version that is not there yet, or not any more.
        let fresh = [
            "generation new version",
            "generation rename new",
            "generation restore version",
            "import version",
        ];
        let names = [
            "VERSION",
            "VERSION|A..B",
            "DATE|VERSION",
            "ID",
            "[VERSION/]ID",
            "EVOLUTION",
            "GATE",
            "PIPELINE",
            "REMOTE",
            "KEY",
        ];
        for (path, arg, value) in &all {
            let known = named_by(path, arg).is_some();
            let fresh = fresh.contains(&format!("{path} {arg}").as_str());
            if names.contains(&value.as_str()) {
                assert!(known != fresh, "{path} {arg} {value}");
            }
        }
        assert!(
            all.iter()
                .filter(|(path, arg, _)| named_by(path, arg).is_some())
                .count()
                > 30
        );
    }
}
