//! The groups of the list of commands: what one wants to do.

use std::fmt::Write;

use clap::Command;
use strum::IntoEnumIterator;

use crate::cli::CommandName;

/// What one wants to do, in the order in which a release goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumIter)]
pub(super) enum Purpose {
    Start,
    Declare,
    Prove,
    Share,
    Release,
    Look,
    SetUp,
}

impl Purpose {
    /// What stands above its commands.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Declare => "declare a release",
            Self::Prove => "prove its changes",
            Self::Share => "share with the team",
            Self::Release => "release",
            Self::Look => "look at what there is and what happened",
            Self::SetUp => "set up a clone or a machine",
        }
    }

    /// Its commands.
    pub(super) fn commands(self) -> impl Iterator<Item = CommandName> {
        CommandName::iter().filter(move |name| name.purpose() == self)
    }
}

impl CommandName {
    /// The group that lists it.
    fn purpose(self) -> Purpose {
        match self {
            Self::Init | Self::Import | Self::Demo => Purpose::Start,
            Self::Generation => Purpose::Declare,
            Self::Evolution | Self::Run => Purpose::Prove,
            Self::Sync => Purpose::Share,
            Self::Why | Self::Approve | Self::Promote | Self::Withdraw | Self::Notes => {
                Purpose::Release
            }
            Self::Status
            | Self::Board
            | Self::Log
            | Self::Where
            | Self::Verify
            | Self::Query
            | Self::Export => Purpose::Look,
            Self::Config
            | Self::Hook
            | Self::Doctor
            | Self::Cache
            | Self::Setup
            | Self::Man
            | Self::Completions
            | Self::Help => Purpose::SetUp,
        }
    }
}

/// The tree whose own help lists its commands by group. clap has groups for options alone, so the list is
/// part of the template.
pub(super) fn grouped(command: Command) -> Command {
    let styles = command.get_styles();
    let (header, literal) = (*styles.get_header(), *styles.get_literal());
    let about = |name: &str| {
        let found = command.find_subcommand(name);
        let about = found.and_then(Command::get_about);
        about.map(ToString::to_string).unwrap_or_default()
    };
    let mut text = String::from("{about-with-newline}\n{usage-heading} {usage}\n");
    for purpose in Purpose::iter() {
        let title = purpose.title();
        _ = writeln!(text, "\n{header}{title}{header:#}");
        for command in purpose.commands() {
            let name: &str = command.into();
            let about = about(name);
            _ = writeln!(text, "  {literal}{name:<11}{literal:#}  {about}");
        }
    }
    _ = write!(
        text,
        "\n{header}Options:{header:#}\n{{options}}{{after-help}}"
    );
    command.help_template(text).after_help(
        "'git gryt help COMMAND' explains a command; 'git gryt help concepts' and \
             'git gryt help tutorial'\nare guides.",
    )
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    /// What `git gryt -h` lists below each title.
    fn listed() -> Vec<(String, Vec<String>)> {
        let text = crate::help::command().render_help().to_string();
        let mut groups: Vec<(String, Vec<String>)> = Vec::new();
        for line in text.lines().take_while(|line| *line != "Options:") {
            match line.strip_prefix("  ") {
                Some(command) => {
                    assert!(line.chars().count() <= 80, "{line}");
                    let name = command.split(' ').next().unwrap();
                    groups.last_mut().unwrap().1.push(name.to_owned());
                }
                None => groups.push((line.to_owned(), Vec::new())),
            }
        }
        groups.retain(|(_, commands)| !commands.is_empty());
        groups
    }

    #[test]
    fn each_command_is_in_one_group_in_the_order_of_the_reference() {
        let groups = listed();
        let titles: Vec<&str> = groups.iter().map(|(title, _)| title.as_str()).collect();
        let expected: Vec<&str> = Purpose::iter().map(Purpose::title).collect();
        assert_eq!(titles, expected);
        let listed: Vec<String> = groups.into_iter().flat_map(|(_, names)| names).collect();
        let root = Cli::command();
        let known: Vec<&str> = root
            .get_subcommands()
            .filter(|sub| !sub.is_hide_set())
            .map(Command::get_name)
            .collect();
        assert_eq!(listed, known);
    }
}
