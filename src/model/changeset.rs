//! Changesets: the files in which other teams say what a change is and how far it reaches
//! (github.com/changesets/changesets, "Adding a changeset").

use std::collections::BTreeMap;

use super::change::ChangeKind;
use super::scheme::Level;
use super::{Change, ChangeId, Invalid};

/// One changeset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Changeset {
    pub change: Change,
    /// How far it reaches, over all its packages.
    pub level: Level,
}

/// Reads a changeset; none where it releases nothing. Its id is the name of its file.
///
/// # Errors
/// The rule that the text or the name breaks.
pub(crate) fn parse(name: &str, text: &str) -> Result<Option<Changeset>, Invalid> {
    let id: ChangeId = name.parse()?;
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let no_head = || Invalid::new("it does not begin with package names between two lines of ---");
    let rest = text
        .trim_start()
        .strip_prefix("---\n")
        .ok_or_else(no_head)?;
    let (head, body) = match rest.strip_prefix("---") {
        Some(body) => ("", body),
        None => rest.split_once("\n---").ok_or_else(no_head)?,
    };
    let bumps: Option<BTreeMap<String, String>> = Invalid::or_yaml(head.as_bytes())?;
    let bumps = bumps.unwrap_or_default();
    let mut level = None;
    for (package, bump) in &bumps {
        let reach = match bump.as_str() {
            "major" => Level::Major,
            "minor" => Level::Minor,
            "patch" => Level::Patch,
            "none" => continue,
            other => {
                let rule = format!("`{package}: {other}` is none of major, minor, patch and none");
                return Err(Invalid::new(rule));
            }
        };
        level = level.max(Some(reach));
    }
    let Some(level) = level else {
        return Ok(None);
    };
    let mut lines = body.trim().lines();
    let title = lines.next().unwrap_or_default().trim();
    let title = title.trim_start_matches('#').trim();
    if title.is_empty() {
        return Err(Invalid::new("it says nothing"));
    }
    let more = lines.collect::<Vec<_>>().join("\n");
    let packages: Vec<String> = bumps.iter().map(|(p, b)| format!("{p} ({b})")).collect();
    let about = format!("{}\n\n{}", more.trim(), packages.join(", "));
    let mut change: Change = format!("{}:{id}:{title}", kind(level)).parse()?;
    change.description = Some(about.trim().to_owned());
    Ok(Some(Changeset { change, level }))
}

/// The one that reaches farthest.
pub(crate) fn farthest(sets: &[Changeset]) -> Option<Level> {
    sets.iter().map(|set| set.level).max()
}

/// A patch mends, a minor version adds, and a major one changes what was there.
fn kind(level: Level) -> ChangeKind {
    match level {
        Level::Patch => ChangeKind::Fix,
        Level::Minor => ChangeKind::Add,
        Level::Major => ChangeKind::Refine,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_farthest_package_decides() {
        let text = "---\n\"@app/core\": patch\n'@app/web': minor\nold: none\n---\n\n\
                    Log in with a key\n\nPasswords stay.\n";
        let set = parse("brave-lions-dance", text).unwrap().unwrap();
        assert_eq!(set.level, Level::Minor);
        assert_eq!(set.change.kind, ChangeKind::Add);
        assert_eq!(set.change.title, "Log in with a key");
        let about = set.change.description.clone().unwrap();
        assert!(about.starts_with("Passwords stay.\n\n@app/core (patch), "));
        let major = parse("a", "---\nx: major\n---\n# Drop it")
            .unwrap()
            .unwrap();
        assert_eq!(major.change.title, "Drop it");
        assert_eq!(farthest(&[set, major]), Some(Level::Major));
        assert_eq!(farthest(&[]), None);
    }

    #[test]
    fn what_releases_nothing_is_none_and_what_is_broken_is_said() {
        assert_eq!(parse("a", "---\n---\n").unwrap(), None);
        assert_eq!(parse("a", "---\r\nx: none\r\n---\r\ntext").unwrap(), None);
        for (name, text) in [
            ("a", "text"),
            ("a", "---\nx: minor\n"),
            ("a", "---\nx: huge\n---\nt"),
            ("a", "---\nx: [minor]\n---\nt"),
            ("a", "---\nx: minor\n---\n\n"),
            ("a b", "---\nx: minor\n---\nt"),
        ] {
            assert!(parse(name, text).is_err(), "{name} {text}");
        }
    }
}
