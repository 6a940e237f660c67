//! Who has a version: whether it is free, and which one is.

use anyhow::{Context as _, Result};

use super::Core;
use super::contact::Contact;
use crate::model::import::Imported;
use crate::model::near::nearest;
use crate::model::person::moment;
use crate::model::sealed::Sealed;
use crate::model::tag_format::{self, InTheWay};
use crate::model::{Cause, Exit, Oid, Refusal, Version};
use crate::store::draft::Draft;
use crate::store::refs::drafts;
use crate::store::{Refs, names};

impl Core<'_> {
    /// Whether the version is free as far as this clone knows, and if not, who has it.
    ///
    /// # Errors
    /// [`Exit::Taken`].
    pub(crate) fn may_declare(&self, refs: &Refs, version: &Version) -> Result<()> {
        let taken = |place: String| -> anyhow::Error {
            let refusal = Refusal::new(
                Exit::Taken,
                format!("Version {version} already exists {place}"),
            );
            match self.next_free(version, None, refs) {
                Ok(next) => refusal
                    .because(format!("The next free version is {next}"))
                    .then(format!("git gryt generation new {next}"))
                    .into(),
                Err(error) => error,
            }
        };
        let policy = self.policy_about(version)?;
        if let Err(rule) = policy
            .versions
            .check(version, &self.me()?, &self.people_here())
        {
            return Err(Refusal::new(Exit::Invalid, rule)
                .then("git gryt generation new --next patch")
                .into());
        }
        if let Some(ledger) = self.ledger(refs)?
            && let Some(sealed) = self.store.sealed(&ledger, version)?
        {
            let place = match self.config.remote {
                Some(_) => "in cloud: it is promoted",
                None => "and is promoted",
            };
            return Err(taken(format!("{place} (as {})", sealed.version)));
        }
        if let Some(old) = self.released_before(refs, version)? {
            let place = format!("as {}, released before gryt", old.version);
            return Err(taken(place));
        }
        if let Some((spelled, _)) = refs.draft(version) {
            let mut error = taken(format!("here, as the draft {spelled}"));
            if let Some(refusal) = error.downcast_mut::<Refusal>() {
                let edit = format!("git gryt generation edit {spelled}");
                refusal.next.insert(0, edit);
            }
            return Err(error);
        }
        if let Some(remote) = &self.config.remote
            && let Some((spelled, _)) = drafts(&refs.cloud(remote)).find(|(v, _)| v == version)
        {
            return Err(taken(format!("in cloud, as the draft {spelled}")));
        }
        if let Some(tag) = self
            .store
            .tag_in_the_way(version, &self.config.tag_format)?
        {
            let own = self.tag_name(version);
            return match tag {
                InTheWay::Same(tag) => Err(self.tagged_before(version, &tag)?.into()),
                InTheWay::Folder(_) if self.config.tag => Err(tag_blocked(&own, &tag).into()),
                // It is said now, and refused where the tag is to be made.
                InTheWay::Alike(_) if self.config.tag => {
                    self.ctx.warn(tag_blocked(&own, &tag).what);
                    Ok(())
                }
                InTheWay::Folder(_) | InTheWay::Alike(_) => Ok(()),
            };
        }
        Ok(())
    }

    /// Says where a version that a person named lies below the highest release, which is as often
    /// a slip as it is a hot fix.
    ///
    /// # Errors
    /// The ledger or tags cannot be read.
    pub(crate) fn mention_higher(&self, refs: &Refs, version: &Version) -> Result<()> {
        let of_product =
            |other: &Version| other.product() == version.product() && !other.is_pre_release();
        let mut promoted = match self.ledger(refs)? {
            Some(ledger) => self.store.versions(&ledger, version.product())?,
            None => Vec::new(),
        };
        promoted.retain(of_product);
        let format = &self.config.tag_format;
        let tags = self.store.tags()?;
        let tagged = tags.iter().filter_map(|tag| tag_format::of(tag, format));
        let tagged: Vec<Version> = tagged.filter(of_product).collect();
        let released = || promoted.iter().chain(&tagged);
        if version.is_padded() && released().next().is_some() && !released().any(Version::is_padded)
        {
            let plain = version.unpadded();
            self.ctx.warn(format!(
                "{version} is the same version as {plain}, and the other releases are spelled like {plain}. To spell it like them: git gryt generation delete {version} && git gryt generation new {plain}"
            ));
        }
        let Some(highest) = released().max().filter(|highest| *highest > version) else {
            return Ok(());
        };
        let known = match promoted.contains(highest) {
            true => "which is released",
            false => "which its tag says is released",
        };
        let mut text = format!(
            "{version} is below {highest}, {known}. The next one after {highest}: git gryt \
             generation new --next patch"
        );
        if let Some(below) = released().filter(|below| *below < version).max() {
            text += &format!(
                ". A hot fix of {below}: git gryt generation new --next patch --from {below}"
            );
        }
        self.ctx.warn(text);
        Ok(())
    }

    /// The refusal of a version that was released before gryt was there, as its tag tells.
    fn tagged_before(&self, version: &Version, tag: &str) -> Result<Refusal> {
        let tags = self.store.tags()?;
        let count = tags
            .iter()
            .filter(|tag| self.config.tag_format.version(tag).is_some())
            .count();
        let what = format!("Version {version} already exists as the tag {tag}");
        let refusal = Refusal::new(Exit::Taken, what);
        Ok(match count {
            0 | 1 => refusal,
            several => refusal.because(format!("{several} tags of this clone are releases")),
        }
        .then("git gryt generation new --next patch")
        .then("git gryt import --from tags --dry-run"))
    }

    /// What is known of a version that was released before gryt was there.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(crate) fn released_before(
        &self,
        refs: &Refs,
        version: &Version,
    ) -> Result<Option<Imported>> {
        match self.ledger(refs)? {
            Some(ledger) => self.store.imported(&ledger, version),
            None => Ok(None),
        }
    }

    /// Refuses work on a version that is promoted.
    ///
    /// # Errors
    /// [`Exit::Taken`].
    pub(crate) fn open_version(&self, refs: &Refs, version: &Version) -> Result<()> {
        let sealed = match self.ledger(refs)? {
            Some(ledger) => self.store.sealed(&ledger, version)?,
            None => None,
        };
        let Some(sealed) = sealed else {
            return Ok(());
        };
        let refusal = promoted(&sealed);
        Err(match refs.draft(version) {
            Some(_) => refusal.then(format!("git gryt generation rename {version} NEW")),
            None => refusal.then("git gryt generation new --next patch"),
        }
        .into())
    }

    /// A version near `version` that nobody has.
    ///
    /// # Errors
    /// The ledger or tags cannot be read.
    pub(crate) fn next_free(
        &self,
        version: &Version,
        contact: Option<&Contact>,
        refs: &Refs,
    ) -> Result<Version> {
        let ledger = match contact {
            Some(contact) => contact.ledger().cloned(),
            None => self.ledger(refs)?,
        };
        let mut last = version.clone();
        for next in version.successors().take(1000) {
            last = next;
            let in_cloud = |shared: &std::collections::BTreeMap<String, Oid>| {
                drafts(shared).any(|(draft, _)| draft == last)
            };
            let sealed = match &ledger {
                Some(ledger) => self.store.released_as(ledger, &last)?.is_some(),
                None => false,
            };
            let taken = sealed
                || in_cloud(refs.local())
                || contact.is_some_and(|contact| in_cloud(&contact.cloud))
                || self
                    .store
                    .tag_in_the_way(&last, &self.config.tag_format)?
                    .is_some();
            if !taken {
                break;
            }
        }
        Ok(last)
    }

    /// The draft of `version` in this clone, by whatever spelling.
    ///
    /// # Errors
    /// [`Exit::Invalid`] where there is none, or where it does not check.
    pub(crate) fn draft(&self, refs: &Refs, version: &Version) -> Result<Draft> {
        let Some((spelled, tip)) = refs.draft(version) else {
            if let Some(ledger) = self.ledger(refs)?
                && let Some(sealed) = self.store.sealed(&ledger, version)?
            {
                let withdraw = format!("git gryt withdraw {} --reason TEXT", sealed.version);
                let new = "git gryt generation new --next patch";
                return Err(promoted(&sealed).then(new).then(withdraw).into());
            }
            if let Some(old) = self.released_before(refs, version)? {
                let what = format!("{} was released before gryt", old.version);
                return Err(Refusal::new(Exit::Taken, what)
                    .then(format!("git gryt generation show {}", old.version))
                    .into());
            }
            let what = format!("There is no generation {version}");
            return Err(self.missing(refs, version, what)?.into());
        };
        let draft = self.store.draft(&spelled, &tip)?;
        draft
            .map_err(|invalid| {
                Refusal::new(
                    Exit::Invalid,
                    format!("The draft {spelled} is broken: {invalid}"),
                )
            })
            .context(names::draft(&spelled))
    }

    /// Why a version is not to be had in this clone, and what leads to it.
    pub(crate) fn missing(&self, refs: &Refs, version: &Version, what: String) -> Result<Refusal> {
        let refusal = Refusal::new(Exit::Invalid, what);
        let cloud = self.known_cloud(refs);
        if drafts(&cloud).any(|(there, _)| there == *version) {
            return Ok(refusal
                .because("It is in the cloud and was not pulled yet")
                .then("git gryt sync pull"));
        }
        // One that is promoted already is not meant by who wants to work on a draft.
        let known: Vec<Version> = drafts(refs.local())
            .chain(drafts(&cloud))
            .map(|(version, _)| version)
            .collect();
        let near = nearest(version.as_str(), known.iter().map(Version::as_str));
        let aside = format!("{}{version}/", names::DELETED);
        if refs.below(&aside).any(|(name, _)| name.ends_with("/draft")) {
            return Ok(refusal
                .because("It was deleted, or has another name now")
                .then(format!("git gryt generation restore {version}"))
                .then("git gryt generation list"));
        }
        Ok(match near {
            Some(near) => refusal.or_meant(version.as_str(), near),
            None if self.never_pulled(refs) => refusal
                .because("This clone never pulled")
                .then("git gryt sync pull"),
            None if self.config.remote.is_some() => refusal.then("git gryt sync pull"),
            None => refusal,
        }
        .then(format!("git gryt generation new {version}")))
    }

    /// Whether the project has a ledger in the cloud of which this clone has taken nothing over: the
    /// settings name it, a look at the cloud showed it, or tags of releases do.
    pub(crate) fn never_pulled(&self, refs: &Refs) -> bool {
        let nothing = refs.get(names::LEDGER).is_none() && self.config.remote.is_some();
        nothing
            && (self.config.ledger.is_some()
                || refs.below(names::VERIFIED).next().is_some()
                || self.is_tagged())
    }
}

/// The refusal where another tag stands in the way of the tag `own`.
pub(crate) fn tag_blocked(own: &str, in_the_way: &InTheWay) -> Refusal {
    let (what, tag) = match in_the_way {
        InTheWay::Same(tag) => (format!("There is a tag {tag}"), tag),
        InTheWay::Alike(tag) => (
            format!("The tag {own} would differ from the tag {tag} in upper and lower case alone"),
            tag,
        ),
        InTheWay::Folder(tag) => (
            format!("The tag {own} cannot be made: the tag {tag} stands where it needs a folder"),
            tag,
        ),
    };
    Refusal::new(Exit::Taken, what)
        .because(format!("Rename or delete {tag}, or promote without tags"))
        .then("git gryt config tag false")
}

/// The refusal of work on a version that is promoted.
pub(crate) fn promoted(sealed: &Sealed) -> Refusal {
    let version = &sealed.version;
    Refusal::new(Exit::Taken, format!("Version {version} already promoted"))
        .because(format!(
            "{} promoted it at {}, and a promoted version cannot be changed",
            sealed.promoter,
            moment(&sealed.promoted_at)
        ))
        .caused(Cause::Promoted)
}
