//! The exit codes that a command can end with: they follow from what it does. A build with debug assertions, as the
//! tests have it, checks each command's end against this table.

use std::collections::BTreeSet;

use clap::Command;
use strum::IntoEnumIterator;

use crate::model::Exit;

/// What a command does that can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    /// Works in a repository, whose settings may be invalid; takes names, which may be unknown.
    Repository,
    /// Shows or changes what is shared: a pull comes before it in `cloud` mode. It goes on where the cloud is away.
    Shared,
    /// Asks the cloud, in any mode but `local`.
    Cloud,
    /// Takes a version, which may not be free, or be promoted by now.
    Version,
    /// Edits a draft, of which somebody else may have another edit.
    Draft,
    /// Is judged by a policy, or runs a pipeline.
    Judged,
    /// Says where the ledger is, which only a move changes.
    Place,
    /// Writes hooks, which others may have written.
    Hooks,
}

impl Act {
    /// What may come of it besides 0, 1, 2 and 130.
    fn ends(self) -> &'static [Exit] {
        match self {
            Self::Repository => &[Exit::Invalid],
            Self::Shared => &[Exit::Conflict, Exit::Rewritten],
            Self::Cloud => &[
                Exit::OutOfStep,
                Exit::Conflict,
                Exit::Remote,
                Exit::Rewritten,
            ],
            Self::Version => &[Exit::Taken],
            Self::Draft => &[Exit::Taken, Exit::OutOfStep, Exit::Conflict],
            Self::Judged => &[Exit::Gate],
            Self::Place => &[Exit::OutOfStep],
            Self::Hooks => &[Exit::Conflict],
        }
    }
}

/// What the command does to which `path` leads. None where that is no command.
fn acts(path: &str) -> Option<&'static [Act]> {
    use Act::{Cloud, Draft, Hooks, Judged, Place, Repository, Shared, Version};
    Some(match path {
        "demo" | "setup" | "man" | "completions" | "help" => &[],
        "cache rebuild" | "cache verify" => &[Repository],
        "config" => &[Repository, Place],
        "hook install" | "hook uninstall" => &[Repository, Hooks],
        "status" | "board" | "log" | "where" | "query" | "export" | "notes" | "generation list"
        | "generation show" | "evolution list" | "evolution show" => &[Repository, Shared],
        "evolution start" | "evolution record" | "evolution abandon" => {
            &[Repository, Shared, Draft]
        }
        "run" => &[Repository, Shared, Draft, Judged],
        "generation new"
        | "generation edit"
        | "generation restore"
        | "generation resolve"
        | "generation rename"
        | "generation delete"
        | "sync backfill"
        | "sync push-evolutions" => &[Repository, Cloud, Draft],
        "sync pull" | "sync watch" | "sync status" | "doctor" => &[Repository, Cloud],
        "init" | "why" => &[Repository, Cloud, Version],
        "hook run" | "hook share" | "verify" | "sync move" => &[Repository, Cloud, Judged],
        "import" | "sync push" | "approve" | "promote" | "withdraw" => {
            &[Repository, Cloud, Draft, Version, Judged]
        }
        _ => return None,
    })
}

/// How the command to which `path` leads may end; of one with commands below it, how those may.
pub(super) fn of(command: &Command, path: &str) -> Vec<Exit> {
    let mut found = BTreeSet::from([Exit::Done, Exit::Failure, Exit::Usage, Exit::Interrupted]);
    gather(command, path, &mut found);
    Exit::iter().filter(|exit| found.contains(exit)).collect()
}

fn gather(command: &Command, path: &str, found: &mut BTreeSet<Exit>) {
    found.extend(acts(path).into_iter().flatten().flat_map(|act| act.ends()));
    for below in command.get_subcommands() {
        gather(below, format!("{path} {}", below.get_name()).trim(), found);
    }
}

/// The words of a command line that lead to a command, and how that may end.
#[cfg(debug_assertions)]
pub(super) fn of_line(root: &Command, args: &[std::ffi::OsString]) -> Option<(String, Vec<Exit>)> {
    let matches = root.clone().try_get_matches_from(args).ok()?;
    let (mut command, mut matches, mut words) = (root, &matches, Vec::new());
    while let Some((name, below)) = matches.subcommand() {
        command = command.find_subcommand(name)?;
        matches = below;
        words.push(name);
    }
    let path = words.join(" ");
    let ends = of(command, &path);
    Some((path, ends))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The paths of all commands that do something by themselves.
    fn leaves(command: &Command, path: &str, found: &mut Vec<String>) {
        let mut below = command.get_subcommands().peekable();
        if below.peek().is_none() {
            found.push(path.to_owned());
        }
        for command in below {
            leaves(
                command,
                format!("{path} {}", command.get_name()).trim(),
                found,
            );
        }
    }

    #[test]
    fn each_command_has_its_codes_and_no_other_has() {
        let root = super::super::command();
        let mut paths = Vec::new();
        leaves(&root, "", &mut paths);
        assert!(paths.len() > 30, "{paths:?}");
        for path in &paths {
            assert!(acts(path).is_some(), "{path}");
        }
        assert_eq!(acts("generation"), None);
        let codes = |path: &str| {
            let mut command = &root;
            for word in path.split_whitespace() {
                command = command.find_subcommand(word).unwrap();
            }
            of(command, path)
                .iter()
                .map(|exit| exit.code())
                .collect::<Vec<_>>()
        };
        assert_eq!(codes("setup"), [0, 1, 2, 130]);
        assert_eq!(codes("config"), [0, 1, 2, 4, 7, 130]);
        assert_eq!(codes("log"), [0, 1, 2, 6, 7, 9, 130]);
        assert_eq!(codes("generation"), [0, 1, 2, 3, 4, 6, 7, 8, 9, 130]);
        let all: Vec<u8> = Exit::iter().map(Exit::code).collect();
        assert_eq!(codes("promote"), all);
        assert_eq!(codes(""), all);
    }
}
