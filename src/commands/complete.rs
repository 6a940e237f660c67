//! What this clone knows that a word may be: versions, changes and other names, for the shells'
//! completions. Refs and files are read; the cloud is not asked, nothing is written, and what cannot be read
//! is not offered.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, Result};
use strum::VariantArray;

use crate::config;
use crate::model::verdict::Gate;
use crate::model::{EvolutionName, Version, pipeline};
use crate::session::core::files::only_folders;
use crate::store::ledger::Ledger;
use crate::store::refs::{Refs, drafts, evolutions};
use crate::store::{Store, names};

/// What a word names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    Drafts,
    Releases,
    /// Drafts and releases.
    Versions,
    /// Changes of the drafts that the line names, or of all.
    Changes,
    Evolutions,
    Products,
    Pipelines,
    Settings,
    /// What the setting that the line names can be.
    Values,
    Remotes,
    /// Those that can be waived.
    Gates,
}

/// A word that could be typed, and what it stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Offer {
    pub word: String,
    pub about: Option<String>,
}

/// All that the word may be, whatever of it was typed. `typed` is the rest of the line.
pub(crate) fn offers(names: Names, dir: &Path, typed: &[String]) -> Vec<Offer> {
    let found = match names {
        Names::Settings => Ok(settings()),
        Names::Values => values(dir, typed),
        Names::Gates => Ok(gates()),
        Names::Pipelines => pipelines(dir),
        Names::Remotes => remotes(dir),
        Names::Drafts
        | Names::Releases
        | Names::Versions
        | Names::Changes
        | Names::Evolutions
        | Names::Products => of_refs(names, dir, typed),
    };
    // Whoever completes a word did not ask what is wrong here: the command itself will say it.
    let mut found = found.unwrap_or_default();
    found.retain(|offer| can_be_typed(&offer.word));
    for offer in &mut found {
        offer.about = offer.about.take().map(|about| in_one_line(&about));
    }
    found
}

fn settings() -> Vec<Offer> {
    let offer = |key: &config::Key| Offer {
        word: key.name.to_owned(),
        about: Some(key.meaning.replace('`', "")),
    };
    config::KEYS.iter().map(offer).collect()
}

fn values(dir: &Path, typed: &[String]) -> Result<Vec<Offer>> {
    let key = typed.iter().find_map(|word| config::key(word).ok());
    let values: &[&str] = match key.map(|key| key.name) {
        Some("remote") => return remotes(dir),
        Some("execution_mode") => &["local", "hybrid", "cloud"],
        Some("tag" | "publish_commits" | "share_on_push" | "sign") => &["true", "false"],
        _ => &[],
    };
    Ok(values
        .iter()
        .map(|value| plain((*value).to_owned()))
        .collect())
}

fn gates() -> Vec<Offer> {
    let waivable = Gate::VARIANTS.iter().filter(|gate| gate.waivable());
    waivable.map(|gate| plain(gate.to_string())).collect()
}

fn pipelines(dir: &Path) -> Result<Vec<Offer>> {
    let store = Store::open(dir)?;
    let top = store.layout().work_tree.clone();
    let top = top.context("there is no working tree")?;
    only_folders(&top, pipeline::FOLDER)?;
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(top.join(pipeline::FOLDER))? {
        let file = entry?.file_name();
        let stem = file.to_str().and_then(|name| name.strip_suffix(".yaml"));
        let stem = stem.filter(|stem| pipeline::check_name(stem).is_ok());
        found.extend(stem.map(str::to_owned));
    }
    Ok(found.into_iter().map(plain).collect())
}

fn remotes(dir: &Path) -> Result<Vec<Offer>> {
    let git = Store::open(dir)?.config()?;
    Ok(config::remotes(&git).into_keys().map(plain).collect())
}

fn of_refs(names: Names, dir: &Path, typed: &[String]) -> Result<Vec<Offer>> {
    let store = Store::open(dir)?;
    let refs = store.refs()?;
    Ok(match names {
        Names::Drafts => of_drafts(&refs),
        Names::Releases => releases(&store, &refs)?,
        Names::Versions => {
            let mut all = of_drafts(&refs);
            all.extend(releases(&store, &refs)?);
            all
        }
        Names::Evolutions => evolutions(refs.local())
            .map(|(name, _): (EvolutionName, _)| plain(name.to_string()))
            .collect(),
        Names::Products => {
            let mut versions = versions(&store, &refs)?;
            versions.extend(drafts(refs.local()).map(|(version, _)| version));
            let products: BTreeSet<String> = versions
                .iter()
                .filter_map(|version| version.product().map(str::to_owned))
                .collect();
            products.into_iter().map(plain).collect()
        }
        Names::Changes => changes(&store, &refs, typed)?,
        Names::Pipelines | Names::Settings | Names::Values | Names::Remotes | Names::Gates => {
            Vec::new()
        }
    })
}

fn of_drafts(refs: &Refs) -> Vec<Offer> {
    let versions = drafts(refs.local()).map(|(version, _)| version.to_string());
    versions.map(|word| described(word, "draft")).collect()
}

fn releases(store: &Store, refs: &Refs) -> Result<Vec<Offer>> {
    let mut versions = versions(store, refs)?;
    // The latest first: there may be thousands.
    versions.sort_by(|a, b| b.cmp(a));
    let words = versions.iter().map(ToString::to_string);
    Ok(words.map(|word| described(word, "release")).collect())
}

/// What the ledger's last tree holds. Nothing is decided by it, so the chain is not checked.
fn versions(store: &Store, refs: &Refs) -> Result<Vec<Version>> {
    let Some(tip) = refs.get(names::LEDGER) else {
        return Ok(Vec::new());
    };
    let ledger = Ledger::new(tip.clone(), tip.clone());
    let mut found = store.versions(&ledger, None)?;
    for product in store.products(&ledger)? {
        found.extend(store.versions(&ledger, Some(&product))?);
    }
    Ok(found)
}

fn changes(store: &Store, refs: &Refs, typed: &[String]) -> Result<Vec<Offer>> {
    let all: Vec<_> = drafts(refs.local()).collect();
    let named = |version: &Version| typed.iter().any(|word| word == version.as_str());
    let some = all.iter().any(|(version, _)| named(version));
    let mut found = Vec::new();
    for (version, tip) in all.iter().filter(|(version, _)| !some || named(version)) {
        // Another draft can be read although this one cannot.
        let Ok(Ok(draft)) = store.draft(version, tip) else {
            continue;
        };
        let Ok(contract) = draft.contract() else {
            continue;
        };
        let changes = contract.changes.iter();
        found.extend(changes.map(|change| described(change.id.to_string(), &change.title)));
    }
    Ok(found)
}

fn plain(word: String) -> Offer {
    Offer { word, about: None }
}

fn described(word: String, about: &str) -> Offer {
    let about = Some(about.to_owned());
    Offer { word, about }
}

/// Whether a shell takes the word as it stands: whoever made the name is not to run a command with it.
pub(crate) fn can_be_typed(word: &str) -> bool {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    !word.is_empty() && word.chars().all(safe)
}

/// A text of others as far as it can be shown beside a word: printable, and not long.
fn in_one_line(text: &str) -> String {
    let shown = |c: &char| *c == ' ' || c.is_alphanumeric() || c.is_ascii_punctuation();
    text.chars().filter(shown).take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_is_offered_that_a_shell_would_run() {
        for word in ["v1.2.0", "billing/v1.0.0", "v1/FEAT-1/rc.1", "--change=A"] {
            assert!(can_be_typed(word), "{word}");
        }
        for word in [
            "",
            "$(x)",
            "a b",
            "a;b",
            "`x`",
            "a\u{202e}b",
            "x\n",
            "~",
            "*",
            "'",
        ] {
            assert!(!can_be_typed(word), "{word}");
        }
        assert_eq!(
            in_one_line("A \u{1b}[31mred\u{202e} one\n, ä"),
            "A [31mred one, ä"
        );
    }
}
