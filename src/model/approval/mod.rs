//! Approvals: one person's yes, or no, to exactly one contract at one commit under one pair of policies
//! (docs/approvals.md).

mod agreed;
mod rule;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::evolution::MAX_NUMBER;
use super::signature::Signature;
use super::{Invalid, Oid, Person, Policy, Stamp, Version};

pub(crate) use agreed::{Agreed, Changed, Void};
pub(crate) use rule::{ApprovalRule, Roles};

/// Where an approval stands: the version, whose it is, and its number among theirs. What a person says last
/// has the highest number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ApprovalName {
    pub version: Version,
    /// The email, in lower case.
    pub email: String,
    pub number: u32,
}

/// The longest name of a person's folder: refs lie in files on most hosts.
const EMAIL_MOST: usize = 200;

impl ApprovalName {
    /// The name of what `person` says of a version; none where their email cannot stand in a name.
    pub(crate) fn of(version: &Version, person: &Person, number: u32) -> Option<Self> {
        let email = person.email.to_ascii_lowercase();
        let fits = !email.is_empty() && escaped(&email).len() <= EMAIL_MOST;
        fits.then(|| Self {
            version: version.clone(),
            email,
            number,
        })
    }

    /// Whether it is that person's.
    pub(crate) fn is_of(&self, person: &Person) -> bool {
        person.has(&self.email)
    }

    /// The same for another number.
    pub(crate) fn numbered(&self, number: u32) -> Self {
        Self {
            number,
            ..self.clone()
        }
    }
}

/// An email as one part of a ref's name: what is no letter, digit, `_`, `-`, `+` or `@` is written `%XX`, and
/// so is a dot where a ref's name, or a file of some system, cannot have one.
fn escaped(email: &str) -> String {
    let mut text = String::new();
    for (at, byte) in email.bytes().enumerate() {
        let plain = match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'+' => true,
            // A name that is only this is git's word for HEAD.
            b'@' => email.len() > 1,
            b'.' => {
                let after = email.as_bytes().get(at + 1);
                let before_at = !email.as_bytes()[..at].contains(&b'@');
                let locks = email.len() - at == 5 && email.ends_with(".lock");
                at > 0 && after.is_some_and(|next| *next != b'.') && !before_at && !locks
            }
            _ => false,
        };
        // A name that some systems keep for a device.
        let device = at == 0 && !email.contains('@');
        match plain && !device {
            true => text.push(char::from(byte)),
            false => text += &format!("%{byte:02X}"),
        }
    }
    text
}

fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let hex = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&hex).ok()?, 16).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

impl FromStr for ApprovalName {
    type Err = Invalid;

    /// Reads `VERSION/EMAIL/N`, the email as it stands in a ref's name.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let wrong = || Invalid::new(format!("`{text}` is not VERSION/EMAIL/NUMBER"));
        let mut parts = text.rsplitn(3, '/');
        let (Some(number), Some(email), Some(version)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong());
        };
        // One number has one spelling: no sign, no leading zero.
        if !number.starts_with(|c: char| matches!(c, '1'..='9')) {
            return Err(wrong());
        }
        let number = number.parse().map_err(|_| wrong())?;
        let name = Self {
            version: version.parse()?,
            email: unescaped(email).ok_or_else(wrong)?,
            number,
        };
        let fits = number <= MAX_NUMBER && !email.is_empty() && email.len() <= EMAIL_MOST;
        match fits && name.to_string() == text {
            true => Ok(name),
            false => Err(wrong()),
        }
    }
}

impl fmt::Display for ApprovalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let email = escaped(&self.email);
        write!(f, "{}/{email}/{}", self.version, self.number)
    }
}

/// What somebody says of a release.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, strum::Display,
)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Word {
    Approved,
    Rejected,
    /// They take back what they said before.
    Revoked,
}

/// `approval.yaml`: written once (docs/format.md, "Approval").
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Approval {
    pub version: Version,
    /// The draft's first commit.
    pub generation: Oid,
    pub says: Word,
    /// The blob of the contract.
    pub contract: Oid,
    /// The commit that is to be released, and its tree.
    pub commit: Oid,
    pub tree: Oid,
    /// That tree without the policy's `release_files`, where it names some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Oid>,
    /// The version whose policy was the previous one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Version>,
    pub by: Person,
    pub at: Stamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// An approval as it is found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Given {
    pub name: ApprovalName,
    pub tip: Oid,
    pub approval: Approval,
    /// The policies that it was given under, as they are for its version.
    pub present: Policy,
    pub previous: Option<Policy>,
    /// Its signature, where somebody asked.
    pub signature: Signature,
    /// Whether the cloud has it.
    pub in_cloud: bool,
}

/// An approval that was sealed with a release.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Approved {
    pub by: Person,
    pub number: u32,
    pub tip: Oid,
    pub says: Word,
    /// Whether a rule of a policy counted it.
    pub counted: bool,
}

/// What somebody says of a release, in a line.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Opinion {
    pub by: Person,
    pub says: Word,
    /// Whether a rule counted it; of a draft, whether its contract is still the one that it is about.
    #[serde(rename = "holds")]
    pub counts: bool,
}

impl Opinion {
    /// It in words, for people.
    pub(crate) fn line(&self) -> String {
        let (name, says) = (&self.by.name, self.says);
        match (says, self.counts) {
            (Word::Approved, false) => format!("{says} by {name}, which does not count"),
            _ => format!("{says} by {name}"),
        }
    }
}

impl Given {
    /// Whether it was given under what is the previous policy now, as that or as the release's own.
    pub(crate) fn knew(&self, previous: Option<&Policy>) -> bool {
        previous == self.previous.as_ref() || previous == Some(&self.present)
    }

    /// What it says of a draft of that contract.
    pub(crate) fn opinion(&self, contract: &Oid) -> Opinion {
        let approval = &self.approval;
        Opinion {
            by: approval.by.clone(),
            says: approval.says,
            counts: approval.says == Word::Rejected || approval.contract == *contract,
        }
    }
}

impl Approved {
    /// What it said of the release.
    pub(crate) fn opinion(&self) -> Opinion {
        Opinion {
            by: self.by.clone(),
            says: self.says,
            counts: self.counted,
        }
    }

    /// The name that it had.
    pub(crate) fn name(&self, version: &Version) -> Option<ApprovalName> {
        ApprovalName::of(version, &self.by, self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_email_becomes_one_part_of_a_name_and_comes_back() {
        let version: Version = "web/v1.0.0".parse().unwrap();
        let of = |email: &str| {
            let person = Person {
                name: String::new(),
                email: email.into(),
            };
            ApprovalName::of(&version, &person, 3)
        };
        let text = |email: &str| of(email).unwrap().to_string();
        assert_eq!(text("Ann@Example.com"), "web/v1.0.0/ann@example.com/3");
        assert_eq!(text("a.b@x.org"), "web/v1.0.0/a%2Eb@x.org/3");
        assert_eq!(text("build"), "web/v1.0.0/%62uild/3");
        for email in [
            "con",
            "@",
            "a..b@x..org.",
            "x@y.lock",
            "é/\\ ~^:?*[@{",
            "%41@x",
        ] {
            let name = of(email).unwrap();
            let part = name.to_string();
            assert_eq!(part.parse::<ApprovalName>(), Ok(name), "{part}");
            let part = part.rsplit('/').nth(1).unwrap();
            assert!(!part.contains("..") && !part.starts_with('.') && !part.ends_with('.'));
            assert!(
                !part.ends_with(".lock") && part != "@" && part != "con",
                "{part}"
            );
            assert!(
                part.bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"%@._-+".contains(&b))
            );
        }
        assert!(of("").is_none() && of(&"x".repeat(201)).is_none());
        for bad in [
            "v1/a@b/0",
            "v1/a@b/01",
            "v1/A@b/1",
            "v1/%61@b/1",
            "v1/a%2fb/1",
            "v1//1",
            "v1/a@b/1000000",
            "a@b/1",
        ] {
            assert!(bad.parse::<ApprovalName>().is_err(), "{bad}");
        }
    }
}
