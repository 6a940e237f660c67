//! The next version that nobody has.

use anyhow::Result;

use super::Cloud;
use crate::model::scheme::{Known, Level};
use crate::model::tag_format;
use crate::model::{Exit, Refusal, Version};
use crate::session::core::Later;
use crate::store::Refs;
use crate::store::refs::drafts;

impl Cloud<'_> {
    /// The next version of a product by the policy's strategy, counting what is promoted, drafted here and in
    /// the cloud, and tagged. The cloud is asked, since a proposal that somebody has is worth
    /// little; where it is away, what was last seen of it has to do.
    ///
    /// # Errors
    /// The policy leaves no version, or is invalid.
    pub(crate) fn propose(
        self,
        level: Level,
        product: Option<&str>,
        from: Option<&Version>,
    ) -> Result<Version> {
        let mut tags = self.core.store.tags()?;
        if self.core.config.remote.is_some() {
            self.core.tolerating_absence(Later::Pull, || {
                let contact = self.contact(None)?;
                self.adopt(&contact)?;
                // A clone that was made without tags knows none.
                tags.extend(self.core.remote()?.tags()?);
                Ok(())
            })?;
        }
        self.proposed(level, product, from, &tags)
    }

    /// The same by what this clone knows, without asking the cloud.
    ///
    /// # Errors
    /// As [`propose`](Cloud::propose).
    pub(crate) fn propose_here(self, level: Level, product: Option<&str>) -> Result<Version> {
        self.proposed(level, product, None, &self.core.store.tags()?)
    }

    /// What of a product was released, as far as this clone knows.
    ///
    /// # Errors
    /// Refs or the ledger cannot be read.
    pub(crate) fn released(self, refs: &Refs, product: Option<&str>) -> Result<Vec<Version>> {
        self.released_by(refs, product, &self.core.store.tags()?)
    }

    fn released_by(
        self,
        refs: &Refs,
        product: Option<&str>,
        tags: &[String],
    ) -> Result<Vec<Version>> {
        let mut released = match self.core.ledger(refs)? {
            Some(ledger) => self.core.store.versions(&ledger, product)?,
            None => Vec::new(),
        };
        let format = &self.core.config.tag_format;
        let tagged = tags.iter().filter_map(|tag| tag_format::of(tag, format));
        released.extend(tagged.filter(|v| v.product() == product));
        Ok(released)
    }

    fn proposed(
        self,
        level: Level,
        product: Option<&str>,
        from: Option<&Version>,
        tags: &[String],
    ) -> Result<Version> {
        let refs = self.core.store.refs()?;
        let product = product.or_else(|| from.and_then(Version::product));
        let mut taken = self.released_by(&refs, product, tags)?;
        for shared in [refs.local(), &self.core.known_cloud(&refs)] {
            let declared = drafts(shared).map(|(version, _)| version);
            taken.extend(declared.filter(|v| v.product() == product));
        }
        if let Some(from) = from
            && !taken.contains(from)
        {
            let what = format!("There is no version {from} to count on from");
            return Err(Refusal::new(Exit::Invalid, what)
                .then("git gryt log")
                .into());
        }
        let author = self.core.author()?;
        let known = Known {
            product,
            taken: &taken,
            from,
            today: author.author.at.date_naive(),
            me: &self.core.me()?,
        };
        Ok(self.core.policy(product)?.versions.propose(level, &known)?)
    }
}
