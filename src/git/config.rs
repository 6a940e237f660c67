//! Git configuration through the binary, which knows `git -c` and every way of inclusion.

use anyhow::{Result, bail};

use super::Git;

impl Git {
    /// All values of the sections that gryt reads (`gryt`, `remote`, `extensions` and a few of
    /// git's own), in git's order: the last of a key counts. Keys are as git prints them, with
    /// section and variable in lower case.
    ///
    /// # Errors
    /// Git cannot read its configuration.
    pub fn config(&self) -> Result<Vec<(String, String)>> {
        Ok(parse(&self.read(&["config", "--list", "-z"])?))
    }

    /// Sets a key of the repository's own configuration.
    ///
    /// # Errors
    /// Git refuses the key, or cannot write the file.
    pub fn set_config(&self, key: &str, value: &str) -> Result<()> {
        let output = self.run(&["config", "--local", key, value], b"")?;
        if !output.ok() {
            bail!("git config {key}: {}", output.said());
        }
        Ok(())
    }

    /// Removes a key, however often it is there, from the repository's own configuration.
    ///
    /// # Errors
    /// Git cannot write the file.
    pub fn unset_config(&self, key: &str) -> Result<()> {
        let output = self.run(&["config", "--local", "--unset-all", key], b"")?;
        // 5: it was not there (git-config(1)).
        if !output.ok() && output.code != Some(5) {
            bail!("git config --unset-all {key}: {}", output.said());
        }
        Ok(())
    }
}

/// Reads `key LF value NUL`; a key alone is a boolean true (git-config(1), "Values").
fn parse(bytes: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(bytes);
    text.split_terminator('\0')
        .map(|entry| match entry.split_once('\n') {
            Some((key, value)) => (key.to_owned(), value.to_owned()),
            None => (entry.to_owned(), "true".to_owned()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_hold_newlines_and_be_absent() {
        let pairs = parse(b"user.name\nA\nB\0gryt.tag\0");
        assert_eq!(pairs[0], ("user.name".into(), "A\nB".into()));
        assert_eq!(pairs[1], ("gryt.tag".into(), "true".into()));
    }
}
