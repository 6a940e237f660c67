//! What prepares a repository or a machine, for people: `init`, `setup`, `hook`, `import`, `config`, `demo`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use super::page::{Colour, Page};
use super::{line, sync};
use crate::commands;

/// What `init` wrote.
pub(super) fn init(prepared: &commands::init::Prepared) -> String {
    let mut text = String::new();
    for file in &prepared.written {
        _ = writeln!(text, "Wrote {file}");
    }
    for file in &prepared.there {
        _ = writeln!(
            text,
            "Left {file} as it is; it differs from the one that gryt would write"
        );
    }
    if prepared.written.is_empty() {
        text += ".gryt/ is set up already\n";
    } else {
        // A file's folder, or the file itself at the top.
        let mut paths: Vec<&str> = prepared
            .written
            .iter()
            .map(|file| file.split('/').next().unwrap_or(file))
            .collect();
        paths.sort_unstable();
        paths.dedup();
        _ = writeln!(
            text,
            "Commit these: git add {} && git commit",
            paths.join(" ")
        );
    }
    for (name, value) in &prepared.recommended {
        _ = writeln!(
            text,
            "The project recommends: git gryt config {} {}",
            line(name),
            line(value)
        );
    }
    if prepared.releases > 0 {
        let tags = match prepared.releases {
            1 => "1 tag is a release from before gryt; to enter it".to_owned(),
            n => format!("{n} tags are releases from before gryt; to enter them"),
        };
        _ = writeln!(text, "{tags}: git gryt import --from tags");
    }
    if let Some(ledger) = &prepared.ledger {
        _ = writeln!(text, "The project's ledger begins at {}", ledger.short());
    }
    if let Some(pulled) = &prepared.pulled {
        text += "\n";
        text += &sync::pull(pulled);
    }
    text
}

/// Where the package bash-completion looks for what completes a command.
const BASH: &str = "bash-completion/completions/git-gryt";

/// What a setup wrote or removed, and what a shell has to be told.
pub(super) fn setup(done: &commands::setup::Done) -> String {
    let mut text = String::new();
    let mut folders: BTreeMap<&Path, usize> = BTreeMap::new();
    let mut completions = Vec::new();
    for file in &done.written {
        let folder = file.parent().unwrap_or(file);
        // A man page is named by its section.
        match file.extension().is_some_and(|of| of == "1" || of == "7") {
            true => *folders.entry(folder).or_default() += 1,
            false => completions.push(file.display().to_string()),
        }
    }
    if !folders.is_empty() {
        let of = |(folder, count): (&&Path, &usize)| format!("{count} in {}", folder.display());
        let folders: Vec<String> = folders.iter().map(of).collect();
        _ = writeln!(text, "Wrote man pages: {}", folders.join(", "));
    }
    if !completions.is_empty() {
        _ = writeln!(text, "Wrote completions: {}", completions.join(", "));
    }
    if let Some(bash) = done.written.iter().find(|file| file.ends_with(BASH)) {
        let bash = bash.display();
        _ = writeln!(
            text,
            "Start a new shell to use them; bash without the package bash-completion needs a line in \
             ~/.bashrc: . {bash}"
        );
    }
    for file in &done.removed {
        _ = writeln!(text, "Removed {}", file.display());
    }
    for file in &done.foreign {
        _ = writeln!(
            text,
            "Left alone, since gryt did not write it: {}",
            file.display()
        );
    }
    match (
        &done.zsh,
        done.written.is_empty() && done.removed.is_empty(),
    ) {
        (_, true) => text += "Nothing to do\n",
        (Some(folder), _) => {
            let folder = folder.display();
            _ = writeln!(
                text,
                "For zsh, before compinit in ~/.zshrc: fpath+=({folder})"
            );
        }
        (None, _) => {}
    }
    text
}

/// Hooks that were installed or removed.
pub(super) fn hooks(changed: &commands::hook::Changed) -> String {
    use crate::model::hook::Way;
    let folder = changed.folder.display();
    let mut text = String::new();
    for (hook, way) in &changed.installed {
        _ = match way {
            Way::There => writeln!(text, "{hook} is there already"),
            Way::Configured => {
                writeln!(text, "{hook}: in git's configuration ({})", hook.section())
            }
            Way::Written => writeln!(text, "{hook}: {folder}/{hook}"),
            Way::Chained => writeln!(
                text,
                "{hook}: {folder}/{hook}, after the one that was there ({})",
                hook.aside(&changed.folder).display()
            ),
            Way::Renewed => writeln!(text, "{hook}: {folder}/{hook}, brought up to date"),
        };
        _ = writeln!(text, "  {}", hook.does());
    }
    for hook in &changed.removed {
        _ = writeln!(text, "Removed the hook {hook}");
    }
    if text.is_empty() {
        text += "gryt has no hooks here\n";
    }
    text
}

/// A hook is heard only where it has something to say.
pub(super) fn hook_ran(ran: &commands::hook::Ran) -> Page {
    let mut text = Page::default();
    if let Some(trouble) = &ran.trouble {
        text = text.and(Colour::Bad, "warning:");
        _ = writeln!(text, " gryt: {trouble}");
    }
    for name in &ran.shared {
        _ = writeln!(text, "gryt: shared {name}");
    }
    for name in &ran.unshared {
        _ = writeln!(
            text,
            "gryt: {name} is proven at a commit that you push, but the proof is not shared"
        );
    }
    if !ran.unshared.is_empty() {
        text += "gryt: git gryt sync push-evolutions\n";
    }
    text
}

/// What was brought over.
pub(super) fn import(report: &commands::import::Report) -> String {
    let verb = if report.dry_run {
        "Would import"
    } else {
        "Imported"
    };
    let mut text = String::new();
    for version in &report.imported {
        _ = writeln!(text, "{verb} {version}: released before gryt");
    }
    for version in &report.drafts {
        _ = writeln!(text, "{verb} {version}: a draft");
    }
    for brought in &report.evolutions {
        let proves = match &brought.why {
            None => "proven".to_owned(),
            Some(why) => format!("proves nothing: {}", line(why)),
        };
        _ = writeln!(text, "{verb} {}: {proves}", brought.name);
    }
    if text.is_empty() && !(report.dry_run && report.changes) {
        _ = writeln!(text, "Nothing new to import");
    }
    if !report.there.is_empty() {
        _ = writeln!(text, "There already: {}", report.there.join(", "));
    }
    for note in &report.notes {
        _ = writeln!(text, "  {}", line(note));
    }
    for (name, why) in &report.skipped {
        _ = writeln!(text, "Left out: {}: {}", line(name), line(why));
    }
    if !report.dry_run && !report.drafts.is_empty() {
        text += "Drafts and evolutions are here alone until they are pushed: git gryt sync push\n";
    }
    text
}

/// Settings.
pub(super) fn config(settings: &commands::config::Settings) -> String {
    use crate::config::Origin;
    let mut text = String::new();
    for setting in &settings.settings {
        let value = setting.value.as_deref().unwrap_or("");
        if settings.single {
            _ = writeln!(text, "{value}");
            continue;
        }
        let origin = match setting.origin {
            Origin::Environment => "environment",
            Origin::Git => "git config",
            Origin::Shared => ".gryt/config.yaml",
            Origin::Default => "default",
        };
        _ = writeln!(text, "{:<16}{value:<12}({origin})", setting.key);
    }
    for known in &settings.host {
        let (what, how) = (known.what(), known.known_by());
        _ = writeln!(text, "{:<16}{what:<12}({how})", known.ability.as_str());
    }
    text
}

/// How the demonstration ended.
pub(super) fn demo(played: &commands::demo::Played) -> String {
    let mut text = format!("\nThe sandbox is {}. Try:\n", played.sandbox.display());
    for command in &played.tries {
        _ = writeln!(text, "  {command}");
    }
    text
}
