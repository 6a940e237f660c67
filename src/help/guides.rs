//! Pages that are about no command: their source is in docs/.

use strum::IntoEnumIterator;

/// A page of section 7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumIter, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub(crate) enum Guide {
    Concepts,
    Tutorial,
}

impl Guide {
    /// The guide of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::iter().find(|guide| <&str>::from(guide) == name)
    }

    /// Its text, as it stands in docs/.
    pub(crate) fn markdown(self) -> &'static str {
        match self {
            Self::Concepts => include_str!("../../docs/concepts.md"),
            Self::Tutorial => include_str!("../../docs/tutorial.md"),
        }
    }

    /// What man knows it by: `git help gryt-tutorial` asks man for `gitgryt-tutorial`, and
    /// `git help gitgryt` for `gitgryt`.
    pub(super) fn page(self) -> &'static str {
        match self {
            Self::Concepts => "gitgryt",
            Self::Tutorial => "gitgryt-tutorial",
        }
    }

    /// What it is, in a line.
    pub(super) fn about(self) -> &'static str {
        match self {
            Self::Concepts => "The concepts of git gryt",
            Self::Tutorial => "A release of two people, command by command",
        }
    }
}
