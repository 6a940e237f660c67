//! What git says of its hooks, and of itself.

use std::path::PathBuf;

use anyhow::{Result, bail};

use super::Git;

impl Git {
    /// Where this repository's hook files are: `core.hooksPath`, or the folder that all of its
    /// worktrees share.
    ///
    /// # Errors
    /// Git cannot tell.
    pub fn hooks_folder(&self) -> Result<PathBuf> {
        let args = ["rev-parse", "--path-format=absolute", "--git-path", "hooks"];
        let text = String::from_utf8_lossy(&self.read(&args)?).into_owned();
        Ok(PathBuf::from(text.trim_end_matches('\n')))
    }

    /// Whether git tracks files in a folder below the top of the working tree.
    ///
    /// # Errors
    /// Git cannot read the index.
    pub fn tracks(&self, folder: &str) -> Result<bool> {
        let folder = if folder.is_empty() { "." } else { folder };
        let args = ["--literal-pathspecs", "ls-files", "-z", "--", folder];
        Ok(!self.read(&args)?.is_empty())
    }

    /// Whether that folder is set for more than this repository.
    ///
    /// # Errors
    /// Git cannot be started.
    pub fn hooks_are_everybodys(&self) -> Result<bool> {
        let output = self.run(&["config", "--show-scope", "--get", "core.hooksPath"], b"")?;
        let text = String::from_utf8_lossy(&output.stdout);
        let scope = text.split_whitespace().next().unwrap_or_default();
        Ok(output.ok() && matches!(scope, "system" | "global"))
    }

    /// Git's version: major and minor. None where it is spelled in a way that nobody knows.
    ///
    /// # Errors
    /// Git cannot be started.
    pub fn version(&self) -> Result<Option<(u32, u32)>> {
        let text = String::from_utf8_lossy(&self.read(&["version"])?).into_owned();
        Ok(parse(&text))
    }

    /// A value of the repository's own configuration.
    ///
    /// # Errors
    /// Git cannot be started.
    pub fn local_config(&self, key: &str) -> Result<Option<String>> {
        let output = self.run(&["config", "--local", "--get", key], b"")?;
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(output.ok().then(|| text.trim_end_matches('\n').to_owned()))
    }

    /// Removes a section of the repository's own configuration.
    ///
    /// # Errors
    /// There is none, or git cannot write the file.
    pub fn remove_section(&self, section: &str) -> Result<()> {
        let output = self.run(&["config", "--local", "--remove-section", section], b"")?;
        if !output.ok() {
            bail!("git config --remove-section {section}: {}", output.said());
        }
        Ok(())
    }
}

/// Reads `git version 2.47.3`, with whatever a vendor adds.
fn parse(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split_whitespace().nth(2)?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vendors_spell_it_in_their_ways() {
        assert_eq!(parse("git version 2.47.3\n"), Some((2, 47)));
        assert_eq!(parse("git version 2.39.5 (Apple Git-154)"), Some((2, 39)));
        assert_eq!(parse("git version 2.54.0.rc1"), Some((2, 54)));
        assert_eq!(parse("git version next"), None);
    }
}
