//! What the tag of a release names: the ledger and the entry that sealed it (docs/format.md, "Tags").
//! A tag travels with the code, so it tells of an entry also where the ledger does not hold it.

use super::trailers::{self, Key};
use super::{Oid, Version};

/// The entry that a release's tag belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// The ledger's first commit.
    pub ledger: Oid,
    pub entry: Oid,
}

impl Named {
    /// The message of the tag of `version`.
    pub(crate) fn message(&self, version: &Version) -> String {
        let (ledger, entry) = (Key::Ledger, Key::Entry);
        format!(
            "Release {version}\n\n{ledger}: {}\n{entry}: {}\n",
            self.ledger, self.entry
        )
    }

    /// What a tag's message names; none where it was made by another tool.
    pub(crate) fn read(message: &str) -> Option<Self> {
        let value = |wanted: Key| {
            let mut found = trailers::of_gryt(message).filter(|(key, _)| *key == wanted);
            found.next()?.1.parse().ok()
        };
        Some(Self {
            ledger: value(Key::Ledger)?,
            entry: value(Key::Entry)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let oid = |n: u32| format!("{n:040x}").parse().unwrap();
        let named = Named {
            ledger: oid(1),
            entry: oid(2),
        };
        let version = "v1.0.0".parse().unwrap();
        assert_eq!(Named::read(&named.message(&version)), Some(named));
        assert_eq!(Named::read("Release v1.0.0\n"), None);
        assert_eq!(
            Named::read("Release\n\nGryt-Ledger: x\nGryt-Entry: y\n"),
            None
        );
    }
}
