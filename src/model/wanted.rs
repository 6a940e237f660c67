//! A change that is to be proven, and for which version where somebody says so.

use std::fmt;
use std::str::FromStr;

use super::{ChangeId, EvolutionName, Invalid, Version};

/// `ID`, or `VERSION/ID` where several versions want one change: a fix and its backport.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub version: Option<Version>,
    pub change: ChangeId,
}

impl Wanted {
    /// Whether an evolution under `name` is of it.
    pub(crate) fn is_of(&self, name: &EvolutionName) -> bool {
        name.change.is(&self.change) && self.may_be(&name.version)
    }

    /// Whether it may be wanted of `version`.
    pub(crate) fn may_be(&self, version: &Version) -> bool {
        self.version.as_ref().is_none_or(|only| only == version)
    }
}

impl FromStr for Wanted {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Ok(match text.rsplit_once('/') {
            Some((version, change)) => Self {
                version: Some(version.parse()?),
                change: change.parse()?,
            },
            None => Self {
                version: None,
                change: text.parse()?,
            },
        })
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.version {
            Some(version) => write!(f, "{version}/{}", self.change),
            None => write!(f, "{}", self.change),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_may_stand_before_a_change() {
        for text in ["FIX-1", "v1.2.1/FIX-1", "billing/v1.2.1/FIX-1"] {
            assert_eq!(text.parse::<Wanted>().unwrap().to_string(), text);
        }
        assert!("nonsense/FIX-1".parse::<Wanted>().is_err());
        assert!("v1.0.0/".parse::<Wanted>().is_err());
    }
}
