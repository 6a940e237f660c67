//! Who signed an entry, for people: beside its author.

use serde::Serialize;

use super::ring::{Ring, Worth};
use super::{Person, Version};

/// What the signature of an entry is worth as its author's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// The author's own key.
    Own,
    Missing,
    /// A key that nobody is known by.
    Unknown,
    /// The author's own key, at a time at which it did not count.
    Untimely,
    Revoked,
    /// Somebody else's key.
    Foreign,
    /// The signature does not fit the entry.
    Broken,
    /// This machine cannot tell: it has no gpg.
    Untold,
}

/// What says whose a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum NamedBy {
    /// The policies that the entry is judged by.
    Policy,
    /// The reader's git: an allowed signers file, or a keyring of gpg.
    Reader,
}

/// Who signed something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct SignedBy {
    pub state: State,
    /// The key's fingerprint.
    pub key: Option<String>,
    /// Whom the key is named for.
    pub signers: Vec<String>,
    /// None where nobody is named.
    pub named_by: Option<NamedBy>,
}

/// Who signed a release's entry.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Signed {
    pub version: Version,
    pub promoter: Person,
    #[serde(flatten)]
    pub by: SignedBy,
}

impl SignedBy {
    /// Nobody signed it.
    pub(crate) const NOBODY: Self = Self {
        state: State::Missing,
        key: None,
        signers: Vec::new(),
        named_by: None,
    };

    /// This machine cannot tell.
    pub(crate) const UNTOLD: Self = Self {
        state: State::Untold,
        key: None,
        signers: Vec::new(),
        named_by: None,
    };

    /// By the keys that policies name.
    pub(crate) fn by_policy(ring: &Ring, worth: Worth) -> Self {
        let (state, key) = match worth {
            Worth::Own(key) => (State::Own, key),
            Worth::Missing => (State::Missing, None),
            Worth::Unknown { key } => (State::Unknown, Some(key)),
            Worth::Untimely { key, .. } => (State::Untimely, Some(key)),
            Worth::Revoked { key } => (State::Revoked, Some(key)),
            Worth::Foreign { key, .. } => (State::Foreign, Some(key)),
            Worth::Broken(_) => (State::Broken, None),
        };
        let holders = key.as_deref().map(|key| ring.holders(key));
        let holders = holders.into_iter().flatten().map(str::to_owned);
        let signers: Vec<String> = holders.collect();
        Self {
            state,
            key,
            named_by: (!signers.is_empty()).then_some(NamedBy::Policy),
            signers,
        }
    }

    /// What it says, after what it is about.
    pub(crate) fn says(&self) -> String {
        let with = match &self.key {
            Some(key) => format!(" with the key {key}"),
            None => String::new(),
        };
        let of = match self.signers.as_slice() {
            [] => String::new(),
            all => format!(" of {}", all.join(" and ")),
        };
        match self.state {
            State::Own => format!("signed{with}{of}"),
            State::Missing => "not signed".to_owned(),
            State::Unknown => format!("signed{with}, whose that is, is not known"),
            State::Untimely => format!("signed{with}{of}, which did not count then"),
            State::Revoked => format!("signed{with}{of}, which was revoked"),
            State::Foreign => format!("signed{with}{of}, who is not its author"),
            State::Untold => {
                "signed, and this machine has no gpg that could tell by whom".to_owned()
            }
            State::Broken => "badly signed: the signature does not fit".to_owned(),
        }
    }
}

/// What the reader's git says of one signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Read {
    /// The letter of `%G?` (git-log(1), "PRETTY FORMATS").
    pub letter: char,
    pub key: String,
    /// The key's holder: an email, or a name and an email in angle brackets.
    pub signer: String,
}

impl Read {
    /// The same as the signature of `author`.
    pub(crate) fn signed_by(&self, author: &Person) -> SignedBy {
        let email = match self.signer.rsplit_once('<') {
            Some((_, email)) => email.trim_end_matches('>'),
            None => self.signer.as_str(),
        };
        let own = author.has(email);
        let state = match self.letter {
            'N' => State::Missing,
            'B' => State::Broken,
            'R' => State::Revoked,
            'X' | 'Y' => State::Untimely,
            'G' | 'U' if email.is_empty() => State::Unknown,
            'G' | 'U' if own => State::Own,
            'G' | 'U' => State::Foreign,
            _ => State::Unknown,
        };
        let known = !email.is_empty() && state != State::Missing;
        SignedBy {
            state,
            key: Some(self.key.clone()).filter(|key| !key.is_empty()),
            signers: known.then(|| email.to_owned()).into_iter().collect(),
            named_by: known.then_some(NamedBy::Reader),
        }
    }

    /// Whether whose the key is was said by somebody who was asked for it: an allowed signers file, not a
    /// name in a key.
    pub(crate) fn is_of_ssh(&self) -> bool {
        self.key.starts_with("SHA256:")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_says_is_compared_with_the_author() {
        let ann = Person {
            name: "Ann".into(),
            email: "ann@example.com".into(),
        };
        let of = |letter: char, signer: &str| {
            let read = Read {
                letter,
                key: "SHA256:x".into(),
                signer: signer.into(),
            };
            read.signed_by(&ann).state
        };
        assert_eq!(of('G', "Ann@example.com"), State::Own);
        assert_eq!(of('U', "Ann Lee <ann@example.com>"), State::Own);
        assert_eq!(of('G', "bob@example.com"), State::Foreign);
        assert_eq!(of('U', ""), State::Unknown);
        assert_eq!(of('E', ""), State::Unknown);
        assert_eq!(of('N', ""), State::Missing);
        assert_eq!(of('B', ""), State::Broken);
        assert_eq!(of('R', "ann@example.com"), State::Revoked);
        assert_eq!(of('Y', "ann@example.com"), State::Untimely);
    }
}
