//! Git's hooks (githooks(5)): which of them gryt serves, and how it takes its place beside what is
//! there.

use std::fmt;

use super::{Exit, Refusal};

/// A hook that gryt serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Hook {
    PreCommit,
    PrePush,
    PostMerge,
}

/// All of them.
pub(crate) const HOOKS: [Hook; 3] = [Hook::PreCommit, Hook::PrePush, Hook::PostMerge];

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
    /// Whether that file was gryt's and was edited since: moved aside, it would run itself.
    pub edited: bool,
    /// Whether a file that gryt once moved aside lies there still.
    pub aside: bool,
    pub manager: Option<Manager>,
    /// Whether the folder serves every repository of this user or machine.
    pub everybodys: bool,
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
}

/// Decides how a hook is installed. What is there already is never replaced or reordered.
///
/// # Errors
/// [`Exit::Conflict`] where a manager owns the hook files, or where they are not this
/// repository's; with what to write where instead.
pub(crate) fn install(hook: Hook, found: &Found) -> Result<Way, Refusal> {
    if found.there {
        return Ok(Way::There);
    }
    if found.edited {
        let what = format!("{hook} is gryt's, and was edited since gryt wrote it");
        return Err(Refusal::new(Exit::Conflict, what)
            .because("It stays as it is: take your lines elsewhere, or gryt's out by hand"));
    }
    if found.configurable {
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
    if found.aside {
        let what = format!("{} is there and is not gryt's", hook.aside());
        return Err(Refusal::new(Exit::Conflict, what)
            .because("An earlier hook was moved there, and the one that runs it is gone"));
    }
    Ok(match found.foreign {
        true => Way::Chained,
        false => Way::Written,
    })
}

impl Hook {
    /// The hook of that name.
    pub(crate) fn named(name: &str) -> Option<Hook> {
        HOOKS.into_iter().find(|hook| hook.as_str() == name)
    }

    /// Its name, which is that of its file.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::PreCommit => "pre-commit",
            Self::PrePush => "pre-push",
            Self::PostMerge => "post-merge",
        }
    }

    /// Where a file that was there before is kept.
    pub(crate) fn aside(self) -> String {
        format!("{self}.before-gryt")
    }

    /// The name of its section in git's configuration, which may not be that of the event.
    pub(crate) fn section(self) -> String {
        format!("hook.gryt-{self}")
    }

    /// What a hook of somebody else's says to serve gryt too. A program that is gone stops nothing.
    pub(crate) fn line(self) -> String {
        let quiet = "command -v git-gryt >/dev/null 2>&1";
        format!("! {quiet} || git-gryt hook run {self} \"$@\"")
    }

    /// The command in git's configuration; git adds the hook's arguments.
    pub(crate) fn command(self) -> String {
        format!("sh -c '{}' {self}", self.line())
    }

    /// The file. `made` says that its folder was made for it.
    pub(crate) fn script(self, made: bool) -> String {
        let made = if made { MADE } else { "" };
        // Not by its own name: a manager that comes later may run it under another.
        let before = format!("before=$(dirname \"$0\")/{}\n", self.aside());
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
            hook => format!(
                "if [ -x \"$before\" ]; then\n  \
                   \"$before\" \"$@\" || exit\n\
                 fi\n\
                 command -v git-gryt >/dev/null 2>&1 || exit 0\n\
                 exec git-gryt hook run {hook} \"$@\"\n"
            ),
        };
        format!(
            "#!/bin/sh\n{MARK}{self}: git gryt hook uninstall takes it out again\n{made}{before}{run}"
        )
    }

    /// Whether a file is gryt's, just as it was written, and whether its folder was made for it.
    pub(crate) fn is_own(self, text: &[u8]) -> Option<bool> {
        [false, true]
            .into_iter()
            .find(|made| self.script(*made).as_bytes() == text)
    }

    /// Whether a file was gryt's and was edited since.
    pub(crate) fn was_own(text: &[u8]) -> bool {
        let text = String::from_utf8_lossy(text);
        text.lines().any(|line| line.starts_with(MARK.trim_end()))
    }
}

/// What tells gryt's files from others'.
const MARK: &str = "# gryt hook ";
const MADE: &str = "# The folder was made for it.\n";

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
                        Hook::PrePush => "      use_stdin: true".to_owned(),
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
        for hook in HOOKS {
            for made in [false, true] {
                let script = hook.script(made);
                assert_eq!(hook.is_own(script.as_bytes()), Some(made));
                let edited = format!("{script}true\n");
                assert_eq!(hook.is_own(edited.as_bytes()), None);
                assert!(Hook::was_own(edited.as_bytes()));
            }
            assert_eq!(Hook::named(hook.as_str()), Some(hook));
        }
        assert!(!Hook::was_own(b"#!/bin/sh\n"));
    }
}
