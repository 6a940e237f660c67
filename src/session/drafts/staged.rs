//! What is wrong with gryt's own files in what is about to be committed.

use anyhow::Result;

use super::Drafts;
use super::view::Edited;
use crate::config;
use crate::model::pipeline::{self, Pipeline};
use crate::model::policy::{self, Policy};
use crate::model::{Invalid, Refusal};

impl Drafts<'_> {
    /// The faults of pipelines, policy and settings that the index has otherwise than `HEAD`, each
    /// with what to type once its file is mended.
    ///
    /// # Errors
    /// The index or the files cannot be read.
    pub(crate) fn faults(self) -> Result<Vec<Refusal>> {
        let head = match self.core.head()? {
            Some(head) => Some(self.core.store.commit(&head)?.tree),
            None => None,
        };
        let mut faults = Vec::new();
        for (path, blob) in self.core.store.git().of_this_index().staged(".gryt")? {
            let known = match &head {
                Some(tree) => self.core.store.at(tree, &path)?,
                None => None,
            };
            if known.as_ref() == Some(&blob) {
                continue;
            }
            if let Some(text) = self.core.store.blob(&blob)? {
                let fault = fault(&path, &text);
                faults.extend(fault.map(|fault| fault.then(format!("git add {path}"))));
            }
        }
        Ok(faults)
    }

    /// The contracts whose edit cannot be read. They are no part of any commit.
    ///
    /// # Errors
    /// The files cannot be read.
    pub(crate) fn unreadable(self) -> Result<Vec<Refusal>> {
        let edited = self.edited(&self.core.store.refs()?)?.into_iter();
        let unreadable = edited.filter(|(_, edited)| matches!(edited, Edited::Invalid(_)));
        Ok(unreadable
            .map(|(version, edited)| edited.refusal(&version))
            .collect())
    }
}

/// What is wrong with a file of gryt's; none for what is not its own.
fn fault(path: &str, text: &[u8]) -> Option<Refusal> {
    let named = |invalid: Invalid| Refusal::of_file(path, &invalid);
    if path == policy::FILE {
        return Policy::parse_at(text, path).err();
    }
    if path == config::FILE {
        return config::read_shared(text).err();
    }
    let of_pipelines = path.strip_prefix(pipeline::FOLDER)?;
    if !of_pipelines.ends_with(".yaml") {
        return None;
    }
    Pipeline::parse(text).err().map(named)
}
