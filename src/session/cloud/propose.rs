//! The next version that nobody has.

use anyhow::Result;

use super::Cloud;
use crate::model::scheme::{Known, Level};
use crate::model::tag_format;
use crate::model::{Exit, Refusal, Version};
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
            self.core.tolerating_absence(|| {
                let contact = self.contact(None)?;
                self.adopt(&contact)?;
                // A clone that was made without tags knows none.
                tags.extend(self.core.remote()?.tags()?);
                Ok(())
            })?;
        }
        let refs = self.core.store.refs()?;
        let product = product.or_else(|| from.and_then(Version::product));
        let mut taken: Vec<Version> = match self.core.ledger(&refs)? {
            Some(ledger) => self.core.store.versions(&ledger, product)?,
            None => Vec::new(),
        };
        for shared in [refs.local(), &self.core.known_cloud(&refs)] {
            let declared = drafts(shared).map(|(version, _)| version);
            taken.extend(declared.filter(|v| v.product() == product));
        }
        let format = &self.core.config.tag_format;
        let tagged = tags.iter().filter_map(|tag| tag_format::of(tag, format));
        taken.extend(tagged.filter(|v| v.product() == product));
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
