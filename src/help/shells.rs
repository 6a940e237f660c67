//! Completions as git's own completion calls them: `git gryt <TAB>`, not `git-gryt <TAB>` alone.

use std::fmt::Write;

use clap::{Arg, Command};

use crate::commands::setup::Shell;

/// The shells that are served.
pub(super) const SHELLS: [Shell; 3] = [Shell::Bash, Shell::Zsh, Shell::Fish];

/// The name that each shell looks for.
pub(super) fn file(shell: Shell) -> &'static str {
    match shell {
        Shell::Bash => "git-gryt",
        Shell::Zsh => "_git-gryt",
        Shell::Fish => "git-gryt.fish",
    }
}

/// The script.
pub(super) fn script(shell: Shell, command: &mut Command) -> Vec<u8> {
    let mut text = Vec::new();
    match shell {
        Shell::Bash => {
            // clap's names of functions and of cases differ where the program's has a hyphen.
            generate(clap_complete::Shell::Bash, command, "gryt", &mut text);
            let clap = String::from_utf8_lossy(&text)
                .replace("-o default gryt\n", "-o default git-gryt\n");
            text = (clap + BASH).into_bytes();
        }
        Shell::Zsh => generate(clap_complete::Shell::Zsh, command, "git-gryt", &mut text),
        Shell::Fish => {
            command.build();
            text = fish(command).into_bytes();
        }
    }
    text
}

fn generate(shell: clap_complete::Shell, command: &mut Command, name: &str, text: &mut Vec<u8>) {
    clap_complete::generate(shell, command, name, text);
}

/// git's completion calls `_git_gryt` with the whole line in place: what clap's function sees has to
/// begin at `gryt`.
const BASH: &str = r#"
_git_gryt()
{
    local at=1 to=$COMP_CWORD
    local -a typed=("${COMP_WORDS[@]}")
    while [ "$at" -lt "$to" ] && [ "${typed[at]}" != gryt ]; do
        at=$((at + 1))
    done
    local -a COMP_WORDS=(git-gryt "${typed[@]:at+1}")
    local COMP_CWORD=$((to - at))
    _gryt git-gryt "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
}
"#;

/// Lines for fish, whose completion of git tells which of its commands is being typed.
fn fish(root: &Command) -> String {
    let mut text = String::from(
        "# What has been typed after `git gryt`, options left out, in words.\n\
         function __fish_git_gryt_at\n    \
             set -l words (commandline -opc)\n    \
             set -l at (contains -i -- gryt $words)\n    \
             or return 1\n    \
             set -l rest\n    \
             for word in $words[(math $at + 1)..-1]\n        \
                 string match -q -- '-*' $word\n        \
                 or set -a rest $word\n    \
             end\n    \
             set -l wanted (string split -n ' ' -- $argv[1])\n    \
             test (count $rest) -ge (count $wanted)\n    \
             or return 1\n    \
             for n in (seq (count $wanted))\n        \
                 test \"$rest[$n]\" = \"$wanted[$n]\"\n        \
                 or return 1\n    \
             end\n    \
             # Below a group its commands are offered until one of them is there.\n    \
             test \"$argv[2]\" != only\n    \
             or test (count $rest) -eq (count $wanted)\n\
         end\n",
    );
    level(root, "", &mut text);
    text
}

fn level(command: &Command, path: &str, text: &mut String) {
    let when = |only: &str| {
        let at = format!("__fish_git_gryt_at {} {only}", quoted(path));
        format!(
            "complete -f -c git -n {}",
            quoted(&format!("__fish_git_using_command gryt; and {at}"))
        )
    };
    let subs: Vec<&Command> = command
        .get_subcommands()
        .filter(|sub| !sub.is_hide_set() && sub.get_name() != "help")
        .collect();
    for sub in &subs {
        let name = sub.get_name();
        let about = about(sub.get_about());
        _ = writeln!(text, "{} -a {} -d {about}", when("only"), quoted(name));
    }
    for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
        let line = option(arg);
        if !line.is_empty() {
            _ = writeln!(text, "{}{line}", when(""));
        }
    }
    for sub in subs {
        let path = format!("{path} {}", sub.get_name());
        level(sub, path.trim(), text);
    }
}

fn option(arg: &Arg) -> String {
    let mut line = String::new();
    if let Some(long) = arg.get_long() {
        _ = write!(line, " -l {long}");
    }
    if let Some(short) = arg.get_short() {
        _ = write!(line, " -s {short}");
    }
    let values: Vec<String> = arg
        .get_possible_values()
        .iter()
        .map(|value| value.get_name().to_owned())
        .collect();
    if line.is_empty() {
        return match values.as_slice() {
            [] => String::new(),
            values => format!(" -a {}", quoted(&values.join(" "))),
        };
    }
    if arg.get_action().takes_values() {
        line += " -r";
        if !values.is_empty() {
            _ = write!(line, " -a {}", quoted(&values.join(" ")));
        }
    }
    _ = write!(line, " -d {}", about(arg.get_help()));
    line
}

fn about(text: Option<&clap::builder::StyledStr>) -> String {
    let text = text.map(ToString::to_string).unwrap_or_default();
    quoted(text.lines().next().unwrap_or_default())
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}
