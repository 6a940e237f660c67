//! The scripts of completions: each asks `git-gryt completions SHELL --at N -- LINE`, from where git's own
//! completion of that shell calls it, for `git gryt <TAB>` as for `git-gryt <TAB>`.

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
pub(super) fn script(shell: Shell) -> &'static str {
    match shell {
        Shell::Bash => BASH,
        Shell::Zsh => ZSH,
        Shell::Fish => FISH,
    }
}

/// git's completion calls `_git_gryt`, with the line in `words` and `cword`, where `=` and `:` part no words,
/// as they do for bash itself. It adds no space after a word, so each offer brings its own.
const BASH: &str = r#"# bash completion of git gryt: written by git gryt setup
_git_gryt()
{
    local at=0 to=${cword:-$COMP_CWORD}
    local -a line
    if [ -n "${cword-}" ]; then
        line=("${words[@]}")
    else
        line=("${COMP_WORDS[@]}")
    fi
    while [ "$at" -lt "$to" ] && [ "${line[at]}" != gryt ] && [ "${line[at]}" != git-gryt ]; do
        at=$((at + 1))
    done
    local typed=${line[to]} offer
    # bash replaces what stands after the last of these alone.
    local kept=${typed%"${typed##*[=:]}"}
    COMPREPLY=()
    while IFS= read -r offer; do
        COMPREPLY+=("${offer#"$kept"} ")
    done < <(git-gryt ${__git_C_args[@]+"${__git_C_args[@]}"} completions bash --at "$((to - at))" \
        -- git-gryt "${line[@]:at+1:to-at}" 2>/dev/null)
}

_git_gryt_alone()
{
    local -a words=()
    local cword=
    if declare -F _get_comp_words_by_ref >/dev/null; then
        _get_comp_words_by_ref -n =: words cword
    fi
    _git_gryt
}
complete -o bashdefault -o default -o nospace -F _git_gryt_alone git-gryt
"#;

/// git's completion calls `_git-gryt`, with the line from `gryt` on in `words`.
const ZSH: &str = r#"#compdef git-gryt
# zsh completion of git gryt: written by git gryt setup
local -a offers
offers=("${(@f)$(git-gryt completions zsh --at $((CURRENT - 1)) -- git-gryt "${(@)words[2,CURRENT]}" 2>/dev/null)}")
if [[ -n ${offers[1]} ]]; then
    _describe 'git gryt' offers
else
    _files
fi
"#;

/// git's completion tells which of its commands is being typed.
const FISH: &str = r#"# fish completion of git gryt: written by git gryt setup
function __fish_git_gryt_offers
    set -l words (commandline -opc)
    set -l at (contains -i -- gryt $words)
    or return
    set -l rest $words[(math $at + 1)..-1]
    test (count $words) -eq $at
    and set rest
    set -l typed (commandline -ct)
    git-gryt completions fish --at (math (count $rest) + 1) -- git-gryt $rest "$typed" 2>/dev/null \
        | string replace ' ' \t
end
complete -k -c git -n '__fish_git_using_command gryt' -a '(__fish_git_gryt_offers)'
"#;
