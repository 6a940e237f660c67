//! Where pipelines are read from, and which of them there are.

use anyhow::{Context as _, Result};

use super::Proving;
use crate::model::pipeline::{self, FOLDER, Pipeline};
use crate::model::{Exit, Oid, Refusal};
use crate::session::core::files::{only_folders, read_below};

/// Where a pipeline is read from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// A commit's tree: what a proof may rest on.
    Tree(Oid),
    /// The working tree, edited as it is.
    Disk,
}

impl Proving<'_> {
    /// The names of the pipelines that there are.
    ///
    /// # Errors
    /// The tree cannot be read.
    pub(crate) fn pipelines(self, source: &Source) -> Result<Vec<String>> {
        let files = match source {
            Source::Tree(tree) => {
                let entries = self.core.store.list(tree, FOLDER)?;
                entries.into_iter().map(|(name, _)| name).collect()
            }
            Source::Disk => self.pipeline_files()?,
        };
        let stem = |name: String| name.strip_suffix(".yaml").map(str::to_owned);
        let mut names: Vec<String> = files.into_iter().filter_map(stem).collect();
        names.retain(|name| pipeline::check_name(name).is_ok());
        names.sort();
        Ok(names)
    }

    /// The files in the folder on disk.
    ///
    /// # Errors
    /// There is no working tree.
    pub(crate) fn pipeline_files(self) -> Result<Vec<String>> {
        only_folders(&self.core.top()?, FOLDER)?;
        let Ok(folder) = std::fs::read_dir(self.core.top()?.join(FOLDER)) else {
            return Ok(Vec::new());
        };
        let name = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
        Ok(folder.filter_map(|entry| entry.ok().map(name)).collect())
    }

    /// A pipeline's text and what it says.
    ///
    /// # Errors
    /// [`Exit::Invalid`] where it is invalid, with its file, line and column.
    pub(crate) fn pipeline(self, source: &Source, name: &str) -> Result<(Vec<u8>, Pipeline)> {
        let path = pipeline::path(name);
        let missing = || format!("{path} cannot be read");
        let text = match source {
            Source::Tree(tree) => self.core.store.text(tree, &path)?.with_context(missing)?.1,
            Source::Disk => read_below(&self.core.top()?, &path)?.with_context(missing)?,
        };
        let pipeline = Pipeline::parse(&text)
            .map_err(|invalid| Refusal::new(Exit::Invalid, format!("{path}: {invalid}")))?;
        Ok((text, pipeline))
    }
}
