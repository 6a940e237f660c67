//! Joining two histories of one draft.

use anyhow::Result;

use super::Core;
use crate::model::merge::{Clash, Side, contracts};
use crate::model::weave::{Texts, weave};
use crate::model::{Contract, Exit, Oid, Refusal, Version};
use crate::store::draft::Draft;

impl Core<'_> {
    /// The text that joins the drafts at `ours` and `theirs`, or what a person has to choose.
    ///
    /// # Errors
    /// A draft cannot be read.
    pub(crate) fn merge_drafts(
        &self,
        version: &Version,
        ours: &Oid,
        theirs: &Oid,
        prefer: Option<Side>,
    ) -> Result<Result<String, Vec<Clash>>> {
        let (our, our_text) = self.said_at(version, ours)?;
        let (their, their_text) = self.said_at(version, theirs)?;
        let (bases, texts) = self.bases(version, ours, theirs)?;
        let texts = Texts {
            base: texts.first().map_or("", String::as_str),
            ours: &our_text,
            theirs: &their_text,
        };
        Ok(merge_texts(&bases, (&our, &their), texts, prefer))
    }

    /// The merged contract as fresh text, for two texts that cannot be joined.
    ///
    /// # Errors
    /// The two still want different things, or cannot be read.
    pub(crate) fn merge_plainly(
        &self,
        version: &Version,
        ours: &Oid,
        theirs: &Oid,
        prefer: Option<Side>,
    ) -> Result<String> {
        let (our, _) = self.said_at(version, ours)?;
        let (their, _) = self.said_at(version, theirs)?;
        let (bases, _) = self.bases(version, ours, theirs)?;
        let merged = contracts(&bases, &our, &their, prefer).map_err(|clashes| {
            let what = format!("{version} still has {} conflicts", clashes.len());
            Refusal::new(Exit::Conflict, what)
        })?;
        Ok(serde_yaml::to_string(&merged)?)
    }

    fn said_at(&self, version: &Version, tip: &Oid) -> Result<(Contract, String)> {
        let draft = self.store.draft(version, tip)?.map_err(Refusal::from)?;
        said(&draft)
    }

    fn bases(
        &self,
        version: &Version,
        ours: &Oid,
        theirs: &Oid,
    ) -> Result<(Vec<Contract>, Vec<String>)> {
        let mut bases = Vec::new();
        let mut texts = Vec::new();
        for base in self.store.draft_bases(ours, theirs)? {
            // A broken state in the past says nothing about who changed what since.
            if let Ok((contract, text)) = self.said_at(version, &base) {
                bases.push(contract);
                texts.push(text);
            }
        }
        Ok((bases, texts))
    }
}

/// What a draft says, and its text.
///
/// # Errors
/// The rule that it breaks.
pub(crate) fn said(draft: &Draft) -> Result<(Contract, String)> {
    let contract = draft.contract().map_err(Refusal::from)?;
    Ok((contract, String::from_utf8_lossy(&draft.text).into_owned()))
}

/// Merges two contracts and their texts over what they come from.
///
/// # Errors
/// What a person has to choose.
pub(crate) fn merge_texts(
    bases: &[Contract],
    (ours, theirs): (&Contract, &Contract),
    texts: Texts<'_>,
    prefer: Option<Side>,
) -> Result<String, Vec<Clash>> {
    let merged = contracts(bases, ours, theirs, prefer)?;
    weave(texts, &merged).ok_or_else(|| {
        vec![Clash {
            place: "the text, which cannot be joined without damage".into(),
            ours: None,
            theirs: None,
        }]
    })
}
