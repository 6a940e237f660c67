//! `git gryt generation new --from-commits`: the changes of a draft, proposed by what was committed.

use anyhow::Result;
use serde::Serialize;

use crate::model::change::ChangeKind;
use crate::model::conventional::{self, Proposal};
use crate::model::{ChangeId, Exit, Oid, Refusal, Version, tag_format};
use crate::session::Session;
use crate::store::Refs;

/// The most commits that are read: a draft of more would help nobody.
const MOST: usize = 5_000;

/// How many releases and tags are tried as the place where the commits begin.
const TRIED: usize = 50;

/// What was read.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Found {
    /// What the commits follow: a release, a tag, or what was said.
    pub since: Option<String>,
    /// How many were read; merges are not counted.
    #[serde(rename = "commit_count")]
    pub commits: usize,
    pub changes: Vec<Line>,
    /// Those that propose no change.
    pub others: Vec<Other>,
}

/// A change that was proposed.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Line {
    #[serde(rename = "type")]
    pub kind: ChangeKind,
    pub id: ChangeId,
    pub title: String,
    /// The commits that speak of it, oldest first.
    pub commits: Vec<Oid>,
}

/// A commit that proposes no change.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Other {
    pub commit: Oid,
    pub subject: String,
}

/// Reads the commits of HEAD since `since`, or since the last release that HEAD holds.
///
/// # Errors
/// There is no such commit, there are none or too many, or the history cannot be read.
pub(super) fn read(
    session: &Session<'_>,
    since: Option<&str>,
    product: Option<&str>,
) -> Result<(Found, Proposal)> {
    let store = &session.core.store;
    let head = store.resolve("HEAD")?;
    let begin = match since {
        Some(rev) => Some((rev.to_owned(), store.resolve(rev)?)),
        None => last(session, &store.refs()?, &head, product)?,
    };
    let hidden: Vec<&Oid> = begin.iter().map(|(_, oid)| oid).collect();
    if let Some((_, oid)) = &begin
        && *oid == head
    {
        let what = "There are no commits to propose changes from";
        return Err(Refusal::new(Exit::Invalid, what).into());
    }
    let mut commits = store.beyond_at_most(&head, &hidden, MOST)?;
    if commits.len() > MOST {
        let what = format!("There are more than {MOST} commits to read");
        return Err(Refusal::new(Exit::Usage, what)
            .because("Name where to begin: --since REV")
            .into());
    }
    commits.retain(|commit| commit.parents.len() < 2);
    commits.reverse();
    let proposal = conventional::propose(
        commits
            .iter()
            .map(|commit| (&commit.oid, commit.message.as_str())),
    );
    let changes = proposal.changes.iter().map(|proposed| Line {
        kind: proposed.change.kind,
        id: proposed.change.id.clone(),
        title: proposed.change.title.clone(),
        commits: proposed.commits.clone(),
    });
    let others = proposal.others.iter().map(|(commit, subject)| Other {
        commit: commit.clone(),
        subject: subject.clone(),
    });
    let found = Found {
        since: begin.map(|(name, _)| name),
        commits: commits.len(),
        changes: changes.collect(),
        others: others.collect(),
    };
    Ok((found, proposal))
}

/// The last release of the product that `head` holds, or the highest of the tags that name a version; none
/// where there is neither.
fn last(
    session: &Session<'_>,
    refs: &Refs,
    head: &Oid,
    product: Option<&str>,
) -> Result<Option<(String, Oid)>> {
    let core = &session.core;
    for release in core.releases(refs, TRIED, product)? {
        if release.version.product() == product
            && let Some(commit) = &release.commit
            && core.store.has(commit)
            && core.store.holds(head, commit)?
        {
            return Ok(Some((release.version.to_string(), commit.clone())));
        }
    }
    let format = &core.config.tag_format;
    let mut tags: Vec<(Version, String)> = Vec::new();
    for tag in core.store.tags()? {
        if let Some(version) = tag_format::of(&tag, format)
            && version.product() == product
        {
            tags.push((version, tag));
        }
    }
    tags.sort();
    for (_, tag) in tags.iter().rev().take(TRIED) {
        if let Some(commit) = core.store.tagged_commit(&format!("refs/tags/{tag}"))?
            && core.store.has(&commit)
            && core.store.holds(head, &commit)?
        {
            return Ok(Some((tag.clone(), commit)));
        }
    }
    Ok(None)
}
