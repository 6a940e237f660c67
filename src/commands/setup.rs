//! `git gryt setup`: put man pages and completions where they are found, and take them out again.
//! `git gryt man` and `git gryt completions` print them.

use std::collections::BTreeSet;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::Outcome;
use crate::context::Context;
use crate::model::{Exit, Refusal};

/// Arguments of `setup`.
#[derive(Debug, Args)]
pub(crate) struct SetupArgs {
    /// Install below DIR/share, not where this user's shells and man look
    #[arg(long, value_name = "DIR")]
    prefix: Option<PathBuf>,
    /// Take out what an earlier setup installed
    #[arg(long)]
    undo: bool,
}

/// Arguments of `man`.
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// The command whose page is printed; or a guide: concepts, tutorial
    pub command: Vec<String>,
    /// Write all pages into this folder
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    to: Option<PathBuf>,
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
    /// Print what the word of this number may be, in the line that follows: for the scripts
    #[arg(long, hide = true, value_name = "N", requires = "line")]
    pub at: Option<usize>,
    /// The line, from the program's name on
    #[arg(last = true, hide = true, requires = "at")]
    pub line: Vec<String>,
}

/// A shell that completes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// What a page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The page of a command.
    Man,
    /// A page that is about no command.
    Guide,
    Completion(Shell),
}

/// A file that can be installed.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub kind: Kind,
    /// The name that whoever looks for it expects.
    pub name: String,
    pub text: Vec<u8>,
}

/// What a setup did.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Done {
    pub written: Vec<PathBuf>,
    pub removed: Vec<PathBuf>,
    /// Files of that name that are not gryt's, and stay.
    pub foreign: Vec<PathBuf>,
    /// What zsh has to be told, if it does not look there.
    pub zsh: Option<PathBuf>,
}

/// Text that was asked for.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Printed {
    pub text: String,
}

/// Where the shells and man of this user look.
struct Places {
    man: PathBuf,
    share: PathBuf,
}

/// Installs, or takes out again.
///
/// # Errors
/// A file cannot be written or removed; there is no home.
pub(crate) fn run(ctx: &Context, args: &SetupArgs, pages: &[Page]) -> Result<Outcome> {
    let places = places(ctx, args.prefix.as_deref())?;
    let list = places.share.join("git-gryt/installed");
    // The list has a path a line.
    for place in [&places.share, &places.man] {
        if place.to_str().is_none_or(|path| path.contains('\n')) {
            let what = format!(
                "{} has a line's end in it, or is not UTF-8",
                place.display()
            );
            let refusal = Refusal::new(Exit::Usage, what);
            return Err(refusal.then("git gryt setup --prefix DIR").into());
        }
    }
    let known = installed(&list)?;
    let mut done = Done {
        written: Vec::new(),
        removed: Vec::new(),
        foreign: Vec::new(),
        zsh: None,
    };
    if args.undo {
        for file in &known.files {
            if remove(file)? {
                done.removed.push(file.clone());
            }
        }
        remove(&list)?;
        // The innermost first. A folder that holds something else stays.
        for folder in known.folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
        return Ok(Outcome::Setup(done));
    }
    let mut files = Vec::new();
    for page in pages {
        let file = places.folder(page.kind).join(&page.name);
        let there = file.symlink_metadata().is_ok();
        if there
            && !known.files.contains(&file)
            && fs::read(&file).ok().as_ref() != Some(&page.text)
        {
            done.foreign.push(file);
            continue;
        }
        files.push((file, &page.text));
    }
    // The list first: whatever is written is in it, wherever this is cut.
    let mut all = known;
    all.files.extend(files.iter().map(|(file, _)| file.clone()));
    all.folders.extend(list.parent().map(Path::to_owned));
    for file in all.files.iter().chain([&list]) {
        let above = file.ancestors().skip(1).take_while(|at| !at.exists());
        all.folders.extend(above.map(Path::to_owned));
    }
    write(&list, all.text().as_bytes())?;
    for (file, text) in files {
        write(&file, text)?;
        done.written.push(file);
    }
    let zsh = places.folder(Kind::Completion(Shell::Zsh));
    let told = ctx.env("FPATH").unwrap_or_default();
    let looks = std::env::split_paths(&told).any(|folder| folder == zsh);
    done.zsh = (!looks).then_some(zsh);
    Ok(Outcome::Setup(done))
}

/// Prints a man page, or writes all of them. `guide` is the page's name, where the words name a guide.
///
/// # Errors
/// There is no such command; the folder cannot be written.
pub(crate) fn man(
    ctx: &Context,
    args: &ManArgs,
    guide: Option<&str>,
    pages: &[Page],
) -> Result<Outcome> {
    let man = || {
        let kinds = [Kind::Man, Kind::Guide];
        pages.iter().filter(move |page| kinds.contains(&page.kind))
    };
    if let Some(folder) = &args.to {
        let mut done = Done {
            written: Vec::new(),
            removed: Vec::new(),
            foreign: Vec::new(),
            zsh: None,
        };
        for page in man() {
            let file = ctx.dir.join(folder).join(&page.name);
            write(&file, &page.text)?;
            done.written.push(file);
        }
        return Ok(Outcome::Setup(done));
    }
    let words = args.command.join("-");
    let command = match words.as_str() {
        "" => "git-gryt.1".to_owned(),
        words => format!("git-gryt-{words}.1"),
    };
    // By the page's own name, too, with and without git's prefix.
    let own = [format!("{words}.1"), format!("git-{words}.1")];
    let name = guide.unwrap_or(&command);
    let named = |page: &&Page| page.name == name || own.contains(&page.name);
    let page = man().find(named).ok_or_else(|| {
        let what = format!("There is no command {}", args.command.join(" "));
        Refusal::new(Exit::Usage, what).then("git gryt help")
    })?;
    Ok(printed(page))
}

/// Prints a completion script.
///
/// # Errors
/// Never: each shell has one.
pub(crate) fn completions(args: &CompletionsArgs, pages: &[Page]) -> Result<Outcome> {
    let wanted = Kind::Completion(args.shell);
    let page = pages.iter().find(|page| page.kind == wanted);
    Ok(printed(page.context("no script for that shell")?))
}

/// Prints the words that a word of a line may be, in the form that the shell's script reads.
pub(crate) fn offered(text: String) -> Outcome {
    Outcome::Printed(Printed { text })
}

fn printed(page: &Page) -> Outcome {
    Outcome::Printed(Printed {
        text: String::from_utf8_lossy(&page.text).into_owned(),
    })
}

impl Places {
    fn folder(&self, kind: Kind) -> PathBuf {
        match kind {
            Kind::Man => self.man.join("man1"),
            Kind::Guide => self.man.join("man7"),
            Kind::Completion(Shell::Bash) => self.share.join("bash-completion/completions"),
            Kind::Completion(Shell::Zsh) => self.share.join("zsh/site-functions"),
            Kind::Completion(Shell::Fish) => self.share.join("fish/vendor_completions.d"),
        }
    }
}

/// Man looks in `../share/man` beside each folder of `PATH` (manpath(1)); completions are looked for
/// in the user's own data folder.
fn places(ctx: &Context, prefix: Option<&Path>) -> Result<Places> {
    if let Some(prefix) = prefix {
        let share = ctx.dir.join(prefix).join("share");
        return Ok(Places {
            man: share.join("man"),
            share,
        });
    }
    let no_home =
        || Refusal::new(Exit::Failure, "HOME is not set").then("git gryt setup --prefix DIR");
    let share = match ctx.env("XDG_DATA_HOME") {
        Some(data) => PathBuf::from(data),
        None => PathBuf::from(ctx.env("HOME").ok_or_else(no_home)?).join(".local/share"),
    };
    let own = std::env::current_exe().context("this program cannot find itself")?;
    let beside = own
        .parent()
        .filter(|bin| bin.ends_with("bin"))
        .and_then(Path::parent)
        .map(|prefix| prefix.join("share/man"));
    Ok(Places {
        man: beside.unwrap_or_else(|| share.join("man")),
        share,
    })
}

/// What setups wrote and made, as they wrote it down: a path a line, a slash after each folder. An outer
/// folder comes before what is in it.
#[derive(Default)]
struct Installed {
    files: BTreeSet<PathBuf>,
    folders: BTreeSet<PathBuf>,
}

impl Installed {
    fn text(&self) -> String {
        let files = self
            .files
            .iter()
            .map(|file| format!("{}\n", file.display()));
        let folders = self.folders.iter();
        let folders = folders.map(|folder| format!("{}/\n", folder.display()));
        files.chain(folders).collect()
    }
}

/// What earlier setups wrote down.
fn installed(list: &Path) -> Result<Installed> {
    let mut known = Installed::default();
    let text = match fs::read_to_string(list) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(known),
        Err(error) => {
            return Err(error).with_context(|| format!("{} cannot be read", list.display()));
        }
    };
    for line in text.lines() {
        match line.strip_suffix('/') {
            Some(folder) => known.folders.insert(folder.into()),
            None => known.files.insert(line.into()),
        };
    }
    // Earlier builds took two folders above each file for theirs.
    if known.folders.is_empty() {
        for file in known.files.iter().map(PathBuf::as_path).chain([list]) {
            let above = file.ancestors().skip(1).take(2);
            known.folders.extend(above.map(Path::to_owned));
        }
    }
    Ok(known)
}

fn write(file: &Path, text: &[u8]) -> Result<()> {
    let put = || -> std::io::Result<()> {
        let folder = file.parent().unwrap_or(file);
        fs::create_dir_all(folder)?;
        let mut fresh = tempfile::NamedTempFile::new_in(folder)?;
        fresh.write_all(text)?;
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        fresh.as_file().set_permissions(mode)?;
        fresh.persist(file)?;
        Ok(())
    };
    put().with_context(|| format!("{} cannot be written", file.display()))
}

/// Removes a file; false where there was none.
fn remove(file: &Path) -> Result<bool> {
    match fs::remove_file(file) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error).with_context(|| format!("{} cannot be removed", file.display())),
    }
}
