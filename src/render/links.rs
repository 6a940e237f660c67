//! Links from commits to the host's pages, on a terminal that has them: the sequence OSC 8, which wraps a text
//! and takes no room (https://gist.github.com/egmontkob/eb114294efbcd5adb1944c9f3cb5feda).

use std::collections::BTreeMap;

use crate::commands::Outcome;
use crate::model::Oid;
use crate::model::forge::Commits;

/// The commits of an outcome, as they are shown, each with the address of its page.
#[derive(Debug, Default)]
pub(super) struct Links(BTreeMap<String, String>);

impl Links {
    /// Those of all that the outcome calls `commit`: a field of that name is a commit of the user's everywhere.
    pub(super) fn of(outcome: &Outcome, pages: &Commits) -> Self {
        let mut links = Self::default();
        if let Ok(document) = serde_json::to_value(outcome) {
            links.gather(&document, pages);
        }
        links
    }

    fn gather(&mut self, value: &serde_json::Value, pages: &Commits) {
        match value {
            serde_json::Value::Object(fields) => {
                for (name, value) in fields {
                    let text = value.as_str().filter(|_| name == "commit");
                    match text.and_then(|text| text.parse::<Oid>().ok()) {
                        Some(oid) => self.add(&oid, pages),
                        None => self.gather(value, pages),
                    }
                }
            }
            serde_json::Value::Array(values) => {
                for value in values {
                    self.gather(value, pages);
                }
            }
            _ => {}
        }
    }

    fn add(&mut self, oid: &Oid, pages: &Commits) {
        for shown in [oid.short(), oid.as_str()] {
            self.0.insert(shown.to_owned(), pages.address(oid));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A text without control characters, with each commit in it as a link.
    pub(super) fn over(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(|c: char| c.is_ascii_alphanumeric()) {
            let (before, word) = rest.split_at(at);
            let ends = word.find(|c: char| !c.is_alphanumeric() && c != '_');
            let (word, after) = word.split_at(ends.unwrap_or(word.len()));
            out += before;
            match self.0.get(word) {
                Some(address) => {
                    out.extend(["\x1b]8;;", address, "\x1b\\", word, "\x1b]8;;\x1b\\"]);
                }
                None => out += word,
            }
            rest = after;
        }
        out + rest
    }
}

/// Whether the terminal has links, as its variables in the environment say: none of them asks.
/// `FORCE_HYPERLINK` is what other programs go by where it does not say so.
pub(super) fn known_to(env: impl Fn(&str) -> Option<String>) -> bool {
    if let Some(forced) = env("FORCE_HYPERLINK") {
        return forced != "0";
    }
    let term = env("TERM").unwrap_or_default();
    // GNU screen passes none on, whatever terminal it runs in.
    if term == "dumb" || env("NO_COLOR").is_some() || env("STY").is_some() {
        return false;
    }
    let programs = [
        "iTerm.app",
        "WezTerm",
        "vscode",
        "ghostty",
        "Hyper",
        "terminology",
        "rio",
    ];
    let terms = [
        "xterm-kitty",
        "xterm-ghostty",
        "alacritty",
        "alacritty-direct",
        "foot",
        "foot-extra",
        "contour",
        "wezterm",
    ];
    let number = |name: &str| env(name).and_then(|text| text.parse::<u32>().ok());
    terms.contains(&term.as_str())
        || env("TERM_PROGRAM").is_some_and(|name| programs.contains(&name.as_str()))
        // VTE 0.50 had them, and broke on some.
        || number("VTE_VERSION").is_some_and(|version| version > 5000)
        || number("KONSOLE_VERSION").is_some_and(|version| version >= 201_200)
        || ["WT_SESSION", "DOMTERM", "KITTY_WINDOW_ID"].iter().any(|name| env(name).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_are_links_and_nothing_else_is() {
        let oid: Oid = "0123456789abcdef0123456789abcdef01234567".parse().unwrap();
        let mut links = Links::default();
        links.add(&oid, &Commits::parse("https://h/{commit}").unwrap());
        let link = |text: &str| format!("\x1b]8;;https://h/{oid}\x1b\\{text}\x1b]8;;\x1b\\");
        let short = oid.short();
        for (text, shown) in [
            (format!("at {short}, ok"), format!("at {}, ok", link(short))),
            (format!("{oid}\n"), format!("{}\n", link(oid.as_str()))),
            (format!("x{short}"), format!("x{short}")),
            (format!("{short}f"), format!("{short}f")),
            (
                format!("{short}_x \u{fc}{short}"),
                format!("{short}_x \u{fc}{}", link(short)),
            ),
            (
                "abcdef0123 \u{4f60}".to_owned(),
                "abcdef0123 \u{4f60}".to_owned(),
            ),
            (String::new(), String::new()),
        ] {
            assert_eq!(links.over(&text), shown, "{text}");
        }
    }

    #[test]
    fn a_terminal_is_known_by_its_variables() {
        let known = |set: &[(&str, &str)]| {
            known_to(|name| {
                let found = set.iter().find(|(key, _)| *key == name)?;
                Some(found.1.to_owned())
            })
        };
        for set in [
            &[("TERM", "xterm-kitty")] as &[_],
            &[("TERM", "xterm-256color"), ("VTE_VERSION", "7006")],
            &[("TERM_PROGRAM", "vscode")],
            &[("WT_SESSION", "x")],
            &[("TERM", "xterm"), ("FORCE_HYPERLINK", "1")],
        ] {
            assert!(known(set), "{set:?}");
        }
        for set in [
            &[] as &[_],
            &[("TERM", "xterm-256color")],
            &[("TERM", "dumb"), ("WT_SESSION", "x")],
            &[("TERM", "xterm-kitty"), ("NO_COLOR", "1")],
            &[("TERM", "xterm-kitty"), ("FORCE_HYPERLINK", "0")],
            &[("VTE_VERSION", "5000")],
            &[("TERM", "screen"), ("STY", "1.x"), ("VTE_VERSION", "7006")],
        ] {
            assert!(!known(set), "{set:?}");
        }
    }
}
