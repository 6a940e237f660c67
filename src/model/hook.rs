//! Git's hooks (githooks(5)): which of them gryt serves, and how it takes its place beside what is
//! there.

use std::fmt;
use std::path::{Path, PathBuf};

use super::{Exit, Refusal};

/// A hook that gryt serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Hook {
    PreCommit,
    PrePush,
    PostMerge,
    /// On a server: it judges what is pushed.
    PreReceive,
}

/// Those of a clone.
pub(crate) const HOOKS: [Hook; 3] = [Hook::PreCommit, Hook::PrePush, Hook::PostMerge];

/// All of them.
pub(crate) const ALL: [Hook; 4] = [
    Hook::PreCommit,
    Hook::PrePush,
    Hook::PostMerge,
    Hook::PreReceive,
];

/// Who else writes hook files here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Manager {
    Husky,
    Lefthook,
    PreCommit,
}

/// The first git that runs hooks from its configuration.
pub(crate) const CONFIGURED_SINCE: (u32, u32) = (2, 54);

/// What was found where a hook goes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    /// Whether git runs hooks from its configuration.
    pub configurable: bool,
    /// Whether gryt's is there, as a file or in the configuration.
    pub there: bool,
    /// Whether there is a file of somebody else's.
    pub foreign: bool,
    /// Whether gryt's file is of an earlier build, which ran what was there before under another name.
    pub older: bool,
    /// Whether that file was gryt's and was edited since: moved aside, it would run itself.
    pub edited: bool,
    /// Whether a file that gryt once moved aside lies there still.
    pub aside: bool,
    pub manager: Option<Manager>,
    /// Whether the folder serves every repository of this user or machine.
    pub everybodys: bool,
    /// The folder below the top of the working tree, where git tracks files in it.
    pub tracked: Option<String>,
}

/// How a hook is installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Way {
    /// It is there.
    There,
    /// In git's configuration, beside whatever hook files there are.
    Configured,
    /// As a file of its own.
    Written,
    /// As a file that runs the one that was there before it.
    Chained,
    /// As a file, which replaces the one that an earlier build wrote.
    Renewed,
}

/// A file of gryt's, just as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Own {
    /// How many folders were made for it: its own, and those above.
    pub made: usize,
    /// Whether an earlier build wrote it.
    pub older: bool,
}

/// Decides how a hook is installed. What is there already is never replaced or reordered.
///
/// # Errors
/// [`Exit::Conflict`] where a manager owns the hook files, or where they are not this
/// repository's; with what to write where instead.
pub(crate) fn install(hook: Hook, found: &Found) -> Result<Way, Refusal> {
    if found.older {
        return Ok(Way::Renewed);
    }
    if found.there {
        return Ok(Way::There);
    }
    if found.edited {
        let what = format!("{hook} is gryt's, and was edited since gryt wrote it");
        return Err(Refusal::new(Exit::Conflict, what)
            .because("It stays as it is: take your lines elsewhere, or gryt's out by hand"));
    }
    // A git that does not know such a configuration would let everything in.
    if found.configurable && hook != Hook::PreReceive {
        return Ok(Way::Configured);
    }
    if let Some(manager) = found.manager {
        return Err(manager.instead(hook));
    }
    if found.everybodys {
        let what = "The hooks folder (core.hooksPath) serves other repositories too";
        return Err(Refusal::new(Exit::Conflict, what)
            .because("Add this line to the hook there, or set core.hooksPath for this one")
            .because(format!("  {}", hook.line())));
    }
    if let Some(folder) = &found.tracked {
        let what = format!("git tracks {folder} (core.hooksPath): nothing was written there");
        return Err(Refusal::new(Exit::Conflict, what)
            .because("Whoever checks it out runs what is there. If that is meant, add this line to")
            .because(format!(
                "{folder}/{hook}, an executable file that begins with #!/bin/sh:"
            ))
            .because(format!("  {}", hook.line())));
    }
    if found.aside {
        let what = format!(
            "The {hook} hook from before gryt was moved aside, and gryt's own, which ran it, is gone"
        );
        let named = hook.named_by();
        return Err(Refusal::new(Exit::Conflict, what)
            .because("To put it back, and then to install again:")
            .then(format!(
                "git gryt hook uninstall {named} && git gryt hook install {named}"
            )));
    }
    Ok(match found.foreign {
        true => Way::Chained,
        false => Way::Written,
    })
}

impl Hook {
    /// The hook of that name.
    pub(crate) fn named(name: &str) -> Option<Hook> {
        ALL.into_iter().find(|hook| hook.as_str() == name)
    }

    /// Its name, which is that of its file.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::PreCommit => "pre-commit",
            Self::PrePush => "pre-push",
            Self::PostMerge => "post-merge",
            Self::PreReceive => "pre-receive",
        }
    }

    /// How `install` and `uninstall` are told which one is meant.
    fn named_by(self) -> &'static str {
        match self {
            Self::PreReceive => "--server",
            Self::PreCommit | Self::PrePush | Self::PostMerge => self.as_str(),
        }
    }

    /// What it does, in a few words.
    pub(crate) fn does(self) -> &'static str {
        match self {
            Self::PreCommit => "refuses a commit of .gryt/ files that gryt cannot read, and pulls",
            Self::PrePush => "names proofs of what is pushed that nobody else has",
            Self::PostMerge => "pulls",
            Self::PreReceive => "refuses a push of refs that no clone would believe",
        }
    }

    /// Where a file that was there before is kept: under its own name, which it may act by, in a
    /// folder beside that of the hooks, so that a path that begins at its own leads where it led.
    pub(crate) fn aside(self, folder: &Path) -> PathBuf {
        aside(folder).join(self.as_str())
    }

    /// Where earlier builds kept it.
    pub(crate) fn once_aside(self, folder: &Path) -> PathBuf {
        folder.join(format!("{self}{ASIDE}"))
    }

    /// The name of its section in git's configuration, which may not be that of the event.
    pub(crate) fn section(self) -> String {
        format!("hook.gryt-{self}")
    }

    /// What a hook of somebody else's says to serve gryt too. A program that is gone stops nothing, but
    /// for the one that guards a server.
    pub(crate) fn line(self) -> String {
        if self == Self::PreReceive {
            return format!("git-gryt hook run {self} || exit");
        }
        let quiet = "command -v git-gryt >/dev/null 2>&1";
        format!("! {quiet} || git-gryt hook run {self} \"$@\"")
    }

    /// The command in git's configuration; git adds the hook's arguments.
    pub(crate) fn command(self) -> String {
        format!("sh -c '{}' {self}", self.line())
    }

    /// The file, for which `made` folders were made: its own, and those above.
    pub(crate) fn script(self, made: usize) -> String {
        let made = match made {
            0 => String::new(),
            made => format!("{FOLDERS}{made}\n"),
        };
        let names = ALL.map(Hook::as_str).join("|");
        // Not by its own name: a manager that comes later may run it under another.
        let before = format!(
            "here=$(CDPATH= cd -- \"$(dirname -- \"$0\")\" && pwd) || exit\n\
             aside=$here{ASIDE}\n\
             before=$aside/{self}\n\
             [ -x \"$before\" ] || before=$here/{self}{ASIDE}\n\
             if [ -d \"$aside\" ]; then\n  \
               # What was there before looks for other files beside itself.\n  \
               for file in \"$here\"/* \"$here\"/.[!.]*; do\n    \
                 name=${{file##*/}}\n    \
                 case $name in {names}|*{ASIDE}|*.sample) continue ;; esac\n    \
                 [ ! -e \"$file\" ] || [ -e \"$aside/$name\" ] ||\n      \
                   ln -s \"../${{here##*/}}/$name\" \"$aside/$name\" 2>/dev/null\n  \
               done\n\
             fi\n"
        );
        self.text(&made, &before)
    }

    /// The file as earlier builds wrote it.
    fn older_script(self, made: bool) -> String {
        let made = if made { MADE } else { "" };
        self.text(made, &format!("before=$(dirname \"$0\")/{self}{ASIDE}\n"))
    }

    fn text(self, made: &str, before: &str) -> String {
        let run = match self {
            // What git tells on standard input is for both.
            Self::PrePush => "input=$(cat; echo .)\n\
                 input=${input%.}\n\
                 if [ -x \"$before\" ]; then\n  \
                   printf %s \"$input\" | \"$before\" \"$@\" || exit\n\
                 fi\n\
                 command -v git-gryt >/dev/null 2>&1 || exit 0\n\
                 printf %s \"$input\" | git-gryt hook run pre-push \"$@\"\n"
                .to_owned(),
            // Nothing is let in that nobody judged.
            Self::PreReceive => "input=$(cat; echo .)\n\
                 input=${input%.}\n\
                 if [ -x \"$before\" ]; then\n  \
                   printf %s \"$input\" | \"$before\" \"$@\" || exit\n\
                 fi\n\
                 if ! command -v git-gryt >/dev/null 2>&1; then\n  \
                   echo 'Nothing was taken: git-gryt, which judges pushes to this server, is not on its PATH.' >&2\n  \
                   echo 'Whoever administers the server installs git-gryt for the user that serves git.' >&2\n  \
                   exit 1\n\
                 fi\n\
                 printf %s \"$input\" | git-gryt hook run pre-receive\n\
                 ended=$?\n\
                 case $ended in 0|1) exit \"$ended\" ;; esac\n\
                 echo \"Nothing was taken: git-gryt ended with status $ended, and judged nothing.\" >&2\n\
                 echo 'Whoever administers the server tries there: git gryt doctor' >&2\n\
                 exit 1\n"
                .to_owned(),
            hook => format!(
                "if [ -x \"$before\" ]; then\n  \
                   \"$before\" \"$@\" || exit\n\
                 fi\n\
                 command -v git-gryt >/dev/null 2>&1 || exit 0\n\
                 exec git-gryt hook run {hook} \"$@\"\n"
            ),
        };
        let server = match self {
            Self::PreReceive => " --server",
            Self::PreCommit | Self::PrePush | Self::PostMerge => "",
        };
        format!(
            "#!/bin/sh\n{MARK}{self}: git gryt hook uninstall{server} takes it out again\n{made}{before}{run}"
        )
    }

    /// What a file says that is gryt's, just as some build wrote it.
    pub(crate) fn is_own(self, text: &[u8]) -> Option<Own> {
        for made in [false, true] {
            if self.older_script(made).as_bytes() == text {
                let made = usize::from(made);
                return Some(Own { made, older: true });
            }
        }
        let said = String::from_utf8_lossy(text);
        let made = said.lines().find_map(|line| line.strip_prefix(FOLDERS));
        let made = made.map_or(Some(0), |made| made.parse().ok())?;
        let older = false;
        (self.script(made).as_bytes() == text).then_some(Own { made, older })
    }

    /// Whether a file was gryt's and was edited since.
    pub(crate) fn was_own(text: &[u8]) -> bool {
        let text = String::from_utf8_lossy(text);
        text.lines().any(|line| line.starts_with(MARK.trim_end()))
    }
}

/// What tells gryt's files from others'.
const MARK: &str = "# gryt hook ";
/// What its folders were made for, and how earlier builds said so.
const FOLDERS: &str = "# Folders that were made for it: ";
const MADE: &str = "# The folder was made for it.\n";
/// How what was moved aside is named.
const ASIDE: &str = ".before-gryt";

/// The folder in which files are kept that were in a hooks folder before gryt's.
pub(crate) fn aside(folder: &Path) -> PathBuf {
    let mut name = folder.file_name().unwrap_or_default().to_owned();
    name.push(ASIDE);
    folder.with_file_name(name)
}

impl Manager {
    /// The manager that a hooks folder, the files at the top, or a hook's own text show.
    pub(crate) fn detect(folder: &str, top: &[String], text: &str) -> Option<Manager> {
        let has = |names: &[&str]| top.iter().any(|file| names.contains(&file.as_str()));
        let lefthook = ["lefthook", ".lefthook"].iter().any(|stem| {
            top.iter().any(|file| {
                let ending = file.strip_prefix(stem).and_then(|e| e.strip_prefix('.'));
                matches!(ending, Some("yml" | "yaml" | "toml" | "json" | "jsonc"))
            })
        });
        if folder.ends_with(".husky") || folder.ends_with(".husky/_") {
            Some(Self::Husky)
        } else if lefthook || text.contains("LEFTHOOK") {
            Some(Self::Lefthook)
        } else if has(&[".pre-commit-config.yaml", ".pre-commit-config.yml"])
            || text.contains("File generated by pre-commit")
        {
            Some(Self::PreCommit)
        } else {
            None
        }
    }

    /// What to write into the manager's own file.
    fn instead(self, hook: Hook) -> Refusal {
        let (name, file, lines) = match self {
            Self::Husky => ("husky", format!(".husky/{hook}"), vec![hook.line()]),
            Self::Lefthook => (
                "lefthook",
                "lefthook.yml".to_owned(),
                vec![
                    format!("{hook}:"),
                    "  commands:".to_owned(),
                    "    gryt:".to_owned(),
                    format!("      run: git-gryt hook run {hook} {{0}}"),
                    match hook {
                        Hook::PrePush | Hook::PreReceive => "      use_stdin: true".to_owned(),
                        _ => "      interactive: false".to_owned(),
                    },
                ],
            ),
            Self::PreCommit => (
                "pre-commit",
                ".pre-commit-config.yaml, below `repos:`".to_owned(),
                vec![
                    "  - repo: local".to_owned(),
                    "    hooks:".to_owned(),
                    format!("      - id: gryt-{hook}"),
                    "        name: gryt".to_owned(),
                    format!("        entry: git-gryt hook run {hook}"),
                    "        language: system".to_owned(),
                    "        always_run: true".to_owned(),
                    "        pass_filenames: false".to_owned(),
                    format!("        stages: [{hook}]"),
                ],
            ),
        };
        let what = format!("{name} owns the hooks of this repository: nothing was written");
        let mut refusal = Refusal::new(Exit::Conflict, what).because(format!("Add to {file}:"));
        refusal.why.extend(lines);
        refusal
    }
}

impl fmt::Display for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_never_replaced() {
        let decide = |found: Found| install(Hook::PreCommit, &found);
        assert_eq!(decide(Found::default()).unwrap(), Way::Written);
        let foreign = Found {
            foreign: true,
            ..Found::default()
        };
        assert_eq!(decide(foreign.clone()).unwrap(), Way::Chained);
        let configurable = Found {
            configurable: true,
            manager: Some(Manager::Husky),
            ..foreign.clone()
        };
        assert_eq!(decide(configurable).unwrap(), Way::Configured);
        let there = Found {
            there: true,
            ..foreign.clone()
        };
        assert_eq!(decide(there).unwrap(), Way::There);
        for refused in [
            Found {
                manager: Some(Manager::Lefthook),
                ..foreign.clone()
            },
            Found {
                everybodys: true,
                ..Found::default()
            },
            Found {
                edited: true,
                ..foreign.clone()
            },
            Found {
                tracked: Some(".githooks".into()),
                ..foreign.clone()
            },
            Found {
                aside: true,
                ..foreign
            },
        ] {
            assert_eq!(decide(refused).unwrap_err().exit, Exit::Conflict);
        }
    }

    #[test]
    fn a_manager_is_known_by_what_it_leaves() {
        let top = |name: &str| vec![name.to_owned()];
        let husky = Manager::detect("/r/.husky/_", &[], "");
        assert_eq!(husky, Some(Manager::Husky));
        for name in ["lefthook.yml", ".lefthook.toml"] {
            let found = Manager::detect("/r/.git/hooks", &top(name), "");
            assert_eq!(found, Some(Manager::Lefthook), "{name}");
        }
        let found = Manager::detect("/r/.git/hooks", &top(".pre-commit-config.yaml"), "");
        assert_eq!(found, Some(Manager::PreCommit));
        assert_eq!(Manager::detect("/r/.git/hooks", &top("lefthook"), ""), None);
    }

    #[test]
    fn a_file_is_known_as_it_was_written_and_no_other() {
        for hook in ALL {
            let now = [0, 1, 3].map(|made| (hook.script(made), Own { made, older: false }));
            let once = [false, true].map(|made| {
                let own = Own {
                    made: usize::from(made),
                    older: true,
                };
                (hook.older_script(made), own)
            });
            for (script, own) in now.into_iter().chain(once) {
                assert_eq!(hook.is_own(script.as_bytes()), Some(own));
                let edited = format!("{script}true\n");
                assert_eq!(hook.is_own(edited.as_bytes()), None);
                assert!(Hook::was_own(edited.as_bytes()));
            }
            assert_eq!(Hook::named(hook.as_str()), Some(hook));
        }
        assert!(!Hook::was_own(b"#!/bin/sh\n"));
    }
}
