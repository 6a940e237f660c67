//! Globs over the paths of a repository, and over the names of branches.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// The most globs in one list, and the longest: what a list costs is bounded.
const MOST: usize = 200;
const LONGEST: usize = 512;

/// A list of globs. `*` and `?` stay within a folder, `**` does not.
#[derive(Clone, Debug, Default)]
pub(crate) struct Globs {
    all: GlobSet,
    /// Those whose last part is a plain name, which may be a folder's.
    folders: GlobSet,
}

impl Globs {
    /// Reads a list.
    ///
    /// # Errors
    /// Why it is none.
    pub(crate) fn new(texts: &[String]) -> Result<Self, String> {
        if texts.len() > MOST {
            return Err(format!("it has more than {MOST} globs"));
        }
        let (mut all, mut folders) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        for text in texts {
            if text.is_empty() || text.len() > LONGEST || text.chars().any(char::is_control) {
                return Err(format!(
                    "a glob is one line of 1 to {LONGEST} bytes, which `{}` is not",
                    text.escape_default()
                ));
            }
            let plain = text.strip_suffix('/').unwrap_or(text);
            let glob = GlobBuilder::new(plain).literal_separator(true).build();
            let glob = glob.map_err(|error| format!("`{text}` is not a glob: {}", error.kind()))?;
            let last = plain.rsplit('/').next().unwrap_or(plain);
            if !last.contains(['*', '?', '[', '{']) {
                folders.add(glob.clone());
            }
            all.add(glob);
        }
        let built = |set: GlobSetBuilder| set.build().map_err(|error| error.to_string());
        Ok(Self {
            all: built(all)?,
            folders: built(folders)?,
        })
    }

    /// The same of a list that was checked where it was read.
    pub(crate) fn checked(texts: &[String]) -> Self {
        Self::new(texts).unwrap_or_default()
    }

    /// Whether a list may name something in that folder, by the part of each glob before its first sign.
    pub(crate) fn may_be_below(texts: &[String], folder: &str) -> bool {
        let plain = |text: &str| -> String {
            let end = text.find(['*', '?', '[', '{', '\\']).unwrap_or(text.len());
            match text[..end].rfind('/') {
                _ if end == text.len() => text.trim_end_matches('/').to_owned(),
                Some(slash) => text[..slash].to_owned(),
                None => String::new(),
            }
        };
        let inside = |inner: &str, outer: &str| {
            outer.is_empty() || inner == outer || inner.starts_with(&format!("{outer}/"))
        };
        texts.iter().any(|text| {
            let plain = plain(text);
            inside(folder, &plain) || inside(&plain, folder)
        })
    }

    /// Whether one of them names exactly that.
    pub(crate) fn name(&self, text: &str) -> bool {
        self.all.is_match(text)
    }

    /// Whether one of them names that file, or by a plain name a folder that it is in.
    pub(crate) fn hold(&self, path: &str) -> bool {
        let folders = path.match_indices('/').map(|(end, _)| &path[..end]);
        self.name(path)
            || folders
                .into_iter()
                .any(|folder| self.folders.is_match(folder))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_stands_for_what_is_in_it() {
        let globs = |texts: &[&str]| {
            let texts: Vec<String> = texts.iter().map(ToString::to_string).collect();
            Globs::new(&texts)
        };
        let some = globs(&["CHANGELOG.md", "docs/", "billing/*.lock", "**/NOTES"]).unwrap();
        for path in [
            "CHANGELOG.md",
            "docs/a/b",
            "billing/a.lock",
            "NOTES",
            "a/b/NOTES",
        ] {
            assert!(some.hold(path), "{path}");
        }
        assert!(!globs(&["src/*"]).unwrap().hold("src/a/b"));
        for path in ["a/CHANGELOG.md", "docs2", "billing/a/b.lock", "NOTES2"] {
            assert!(!some.hold(path), "{path}");
        }
        let branches = globs(&["main", "release/*"]).unwrap();
        assert!(branches.name("release/1") && !branches.name("release/1/x"));
        assert!(
            globs(&["a[", "b"])
                .unwrap_err()
                .contains("`a[` is not a glob")
        );
        assert!(globs(&[""]).is_err());
        assert!(!Globs::default().hold("a"));
        let below = |texts: &[&str], folder| {
            let texts: Vec<String> = texts.iter().map(ToString::to_string).collect();
            Globs::may_be_below(&texts, folder)
        };
        assert!(below(&["a/b/*.c"], "a") && below(&["a/b/*.c"], "a/b/c"));
        assert!(below(&["*.c"], "x") && below(&["a/b"], "a/b/c"));
        assert!(!below(&["a/b/*.c", "d"], "a/c") && !below(&["a/b*"], "b"));
    }
}
