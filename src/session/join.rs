//! Joining two histories of one draft.

use anyhow::Result;

use super::Session;
use crate::model::merge::{Clash, Side, contracts};
use crate::model::weave::{Texts, weave};
use crate::model::{Contract, Oid, Refusal, Version};
use crate::store::draft::Draft;

impl Session<'_> {
    /// The text that joins the drafts at `ours` and `theirs`, or what a person has to choose.
    ///
    /// # Errors
    /// A draft cannot be read.
    pub fn merge_drafts(
        &self,
        version: &Version,
        ours: &Oid,
        theirs: &Oid,
        prefer: Option<Side>,
    ) -> Result<Result<String, Vec<Clash>>> {
        let read = |tip: &Oid| -> Result<(Contract, String)> {
            let draft = self.store.draft(version, tip)?.map_err(Refusal::from)?;
            said(&draft)
        };
        let (our, our_text) = read(ours)?;
        let (their, their_text) = read(theirs)?;
        let mut bases = Vec::new();
        let mut base_text = String::new();
        for base in self.store.draft_bases(ours, theirs)? {
            // A broken state in the past says nothing about who changed what since.
            if let Ok((contract, text)) = read(&base) {
                bases.push(contract);
                base_text = text;
            }
        }
        let texts = Texts {
            base: &base_text,
            ours: &our_text,
            theirs: &their_text,
        };
        Ok(merge_texts(&bases, (&our, &their), texts, prefer))
    }
}

/// What a draft says, and its text.
///
/// # Errors
/// The rule that it breaks.
pub fn said(draft: &Draft) -> Result<(Contract, String)> {
    let contract = draft.contract().map_err(Refusal::from)?;
    Ok((contract, String::from_utf8_lossy(&draft.text).into_owned()))
}

/// Merges two contracts and their texts over what they come from.
///
/// # Errors
/// What a person has to choose.
pub fn merge_texts(
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
