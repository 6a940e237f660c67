//! Tags: what those of before gryt tell of releases, and the one that a promotion makes.

use anyhow::Result;

use super::objects::{stamp, unsigned};
use super::{Store, of_git, to_git};
use crate::git::ident::Ident;
use crate::model::named::Named;
use crate::model::sealed::Sealed;
use crate::model::signature;
use crate::model::tag_format::{InTheWay, TagFormat};
use crate::model::{Oid, Person, Stamp, Version};

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
            "--no-column",
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
            by: Person {
                name: String::from_utf8_lossy(who.name_bytes()).into_owned(),
                email: String::from_utf8_lossy(who.email_bytes()).into_owned(),
            },
            at: stamp(who.when())?,
            description: description.map(str::to_owned),
        }))
    }

    /// The names of all tags, without `refs/tags/`.
    ///
    /// # Errors
    /// Git cannot list them.
    pub(crate) fn tags(&self) -> Result<Vec<String>> {
        if self.files {
            let repo = &*self.repo();
            let packed = self.packed();
            let mut names = Vec::new();
            for name in repo.references_glob("refs/tags/*")?.names() {
                // A name that is not UTF-8 is no version.
                let short = name.ok().and_then(|name| name.strip_prefix("refs/tags/"));
                names.extend(short.map(str::to_owned));
            }
            if self.packed() == packed {
                return Ok(names);
            }
        }
        let args = ["for-each-ref", "--format=%(refname:strip=2)", "refs/tags"];
        let output = self.git.read(&args)?;
        let text = String::from_utf8_lossy(&output);
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// Writes an annotated tag object for a release. Promoter and moment are the entry's, so that
    /// whoever makes it makes the same object.
    ///
    /// # Errors
    /// The object database cannot be written.
    pub(crate) fn write_tag(&self, sealed: &Sealed, name: &str, text: &str) -> Result<Oid> {
        let repo = &*self.repo();
        let object = repo.find_object(to_git(&sealed.commit)?, None)?;
        let at = sealed.promoted_at;
        let minutes = at.offset().local_minus_utc() / 60;
        let time = git2::Time::new(at.timestamp(), minutes);
        let person = &sealed.promoter;
        let tagger = git2::Signature::new(&person.name, &person.email, &time)?;
        let oid = repo.tag_annotation_create(name, &object, &tagger, text)?;
        Ok(of_git(oid))
    }

    /// The same tag, signed by the user's own git. It is made in a shell of a repository that goes with it,
    /// so that no ref of this one moves.
    ///
    /// # Errors
    /// The user's git does not sign it.
    pub(crate) fn write_signed_tag(&self, sealed: &Sealed, name: &str, text: &str) -> Result<Oid> {
        let common = &self.layout.common_dir;
        let shell = super::objects_alone(common)?;
        let tagger = Ident {
            person: sealed.promoter.clone(),
            at: sealed.promoted_at,
        };
        let signs = |key: &str| key.starts_with("gpg.") || key == "user.signingkey";
        let config = self.config()?;
        let config = config.iter().filter(|(key, _)| signs(key));
        let config: Vec<String> = config
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        let mut args = vec!["-c", "core.hooksPath=/dev/null"];
        args.extend(config.iter().flat_map(|said| ["-c", said]));
        args.extend([
            "tag",
            "--sign",
            "--cleanup=verbatim",
            "--file=-",
            "--",
            name,
        ]);
        args.push(sealed.commit.as_str());
        let git = self.git.in_shell(shell.path());
        let made = git.run_as(&[("COMMITTER", &tagger)], &args, text.as_bytes())?;
        if !made.ok() {
            return Err(unsigned("tag", &made.said()).into());
        }
        let found = git.read(&["for-each-ref", "--format=%(objectname)", "refs/tags"])?;
        self.look_anew();
        Ok(String::from_utf8_lossy(&found).trim().parse()?)
    }

    /// The entry that an annotated tag names; none for a tag of another tool.
    ///
    /// # Errors
    /// The object is not in this clone.
    pub(crate) fn named_by_tag(&self, tag: &Oid) -> Result<Option<Named>> {
        let repo = &*self.repo();
        let object = repo.find_object(to_git(tag)?, None)?;
        let message = object.as_tag().map(git2::Tag::message_bytes);
        let message = message.flatten().map(signature::unsigned);
        let message = message.map(String::from_utf8_lossy);
        Ok(message.and_then(|message| Named::read(&message)))
    }

    /// When a tag says that it was made; none where it is only a name.
    ///
    /// # Errors
    /// The object is not in this clone.
    pub(crate) fn tagged_at(&self, tag: &Oid) -> Result<Option<Stamp>> {
        let repo = &*self.repo();
        let object = repo.find_object(to_git(tag)?, None)?;
        let tagger = object.as_tag().and_then(git2::Tag::tagger);
        tagger.map(|tagger| stamp(tagger.when())).transpose()
    }

    /// The tip of a tag in this clone, whatever it points at.
    ///
    /// # Errors
    /// Git cannot read its refs.
    pub fn tag(&self, name: &str) -> Result<Option<Oid>> {
        let repo = &*self.repo();
        if self.files {
            return match repo.refname_to_id(name) {
                Ok(oid) => Ok(Some(of_git(oid))),
                Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
                Err(error) => Err(error.into()),
            };
        }
        let args = ["for-each-ref", "--format=%(objectname)", name];
        let text = String::from_utf8_lossy(&self.git.read(&args)?).into_owned();
        match text.lines().next() {
            Some(oid) => Ok(Some(oid.parse()?)),
            None => Ok(None),
        }
    }

    /// A tag of this clone that stands in the way of the one that a promotion of `version` makes.
    ///
    /// # Errors
    /// Git cannot read its refs.
    pub(crate) fn tag_in_the_way(
        &self,
        version: &Version,
        format: &TagFormat,
    ) -> Result<Option<InTheWay>> {
        let names = self.tags()?;
        Ok(InTheWay::find(
            names.iter().map(String::as_str),
            version,
            format,
        ))
    }

    /// The commit that a ref of this clone leads to; none where there is no such ref, or it leads to
    /// no commit.
    ///
    /// # Errors
    /// Git cannot read its refs.
    pub(crate) fn tagged_commit(&self, name: &str) -> Result<Option<Oid>> {
        let Some(tag) = self.tag(name)? else {
            return Ok(None);
        };
        self.peeled(&tag)
    }

    /// The commit that a tag's object leads to; none where it leads to none.
    ///
    /// # Errors
    /// The object is not in this repository.
    pub(crate) fn peeled(&self, tag: &Oid) -> Result<Option<Oid>> {
        let repo = &*self.repo();
        let object = repo.find_object(to_git(tag)?, None)?;
        let commit = object.peel_to_commit().ok();
        Ok(commit.map(|commit| of_git(commit.id())))
    }
}
