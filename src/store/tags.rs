//! The user's tags, as far as they tell what was released.

use anyhow::Result;

use super::objects::stamp;
use super::{Store, of_git, to_git};
use crate::model::{Oid, Person, Stamp};

/// A tag.
#[derive(Clone, Debug)]
pub struct Tag {
    pub name: String,
    /// None where it points at no commit.
    pub released: Option<Released>,
}

/// What a tag tells of a release.
#[derive(Clone, Debug)]
pub struct Released {
    pub commit: Oid,
    /// The tagger, or the commit's author where the tag is only a name.
    pub by: Person,
    pub at: Stamp,
    /// The first line of the tag's message.
    pub description: Option<String>,
}

impl Store {
    /// The tags whose name matches `pattern`, as `git tag --list` would match it.
    ///
    /// # Errors
    /// Git cannot list them.
    pub fn release_tags(&self, pattern: Option<&str>) -> Result<Vec<Tag>> {
        let args = [
            "tag",
            "--list",
            "--format=%(objectname) %(refname:strip=2)",
            "--",
        ];
        let output = self
            .git
            .read(&[&args[..], &pattern.map_or(vec![], |p| vec![p])].concat())?;
        let text = String::from_utf8_lossy(&output).into_owned();
        let mut tags = Vec::new();
        for (oid, name) in text.lines().filter_map(|line| line.split_once(' ')) {
            tags.push(Tag {
                name: name.to_owned(),
                released: self.released(&oid.parse()?)?,
            });
        }
        Ok(tags)
    }

    fn released(&self, tag: &Oid) -> Result<Option<Released>> {
        let repo = &*self.repo();
        let object = repo.find_object(to_git(tag)?, None)?;
        let Ok(commit) = object.peel_to_commit() else {
            return Ok(None);
        };
        let annotated = object.as_tag();
        let author = commit.author();
        let tagger = annotated.and_then(git2::Tag::tagger);
        let who = tagger.as_ref().unwrap_or(&author);
        let description = annotated
            .and_then(|tag| tag.message().ok().flatten())
            .and_then(|message| message.lines().next())
            .map(str::trim)
            .filter(|line| !line.is_empty());
        Ok(Some(Released {
            commit: of_git(commit.id()),
            by: self.mapped(Person {
                name: String::from_utf8_lossy(who.name_bytes()).into_owned(),
                email: String::from_utf8_lossy(who.email_bytes()).into_owned(),
            }),
            at: stamp(who.when())?,
            description: description.map(str::to_owned),
        }))
    }
}
