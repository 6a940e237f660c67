//! Whose a signature is: the keys that a policy names for people (docs/policy.md, "Keys").

use super::mailmap::People;
use super::openpgp;
use super::person::moment;
use super::policy::Policy;
use super::signature::Signature;
use super::signers::{Blocks, Key, Known};
use super::{Person, Stamp};
use std::collections::{BTreeMap, BTreeSet};

/// Whose keys are known: emails beside keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ring(Vec<(String, Known)>);

impl Ring {
    /// The keys that a policy names, with what gpg says of its armoured ones.
    pub(crate) fn of(policy: &Policy, blocks: &Blocks) -> Self {
        let mut all = Vec::new();
        for (email, keys) in policy.signers.iter().flatten() {
            for key in keys {
                match Key::parse(key) {
                    Ok(Key::Ssh(known)) => all.push((email.clone(), known)),
                    Ok(Key::Gpg(text)) => {
                        let known = blocks.get(&text).into_iter().flatten();
                        all.extend(known.map(|known| (email.clone(), known.clone())));
                    }
                    // The policy was checked where it was read.
                    Err(_) => {}
                }
            }
        }
        Self(all)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that the other one has, too.
    #[must_use]
    pub(crate) fn also_in(mut self, other: &Ring) -> Self {
        let of = |(email, known): &(String, Known)| (email.to_ascii_lowercase(), known.key.clone());
        let there: BTreeSet<(String, String)> = other.0.iter().map(of).collect();
        self.0.retain(|own| there.contains(&of(own)));
        self
    }

    /// With those of another one.
    #[must_use]
    pub(crate) fn with(mut self, other: &Ring) -> Self {
        self.0.extend(other.0.iter().cloned());
        self
    }

    /// The fingerprints of its keys.
    #[cfg(test)]
    pub(crate) fn keys(&self) -> Vec<String> {
        self.0.iter().map(|(_, known)| known.key.clone()).collect()
    }

    /// The emails that a key is named for.
    pub(crate) fn holders(&self, key: &str) -> Vec<&str> {
        let named = self.0.iter().filter(|(_, known)| known.key == key);
        let mut emails: Vec<&str> = named.map(|(email, _)| email.as_str()).collect();
        emails.dedup();
        emails
    }

    /// What a signature is worth as the one of `who` at that time.
    pub(crate) fn worth(
        &self,
        signature: &Signature,
        who: &Person,
        people: &People,
        at: Option<&Stamp>,
    ) -> Worth {
        let key = match signature {
            Signature::Missing => return Worth::Missing,
            Signature::Due => return Worth::Own(None),
            Signature::Broken(why) => return Worth::Broken(why.clone()),
            Signature::Unnamed(key) => return Worth::Unknown { key: key.clone() },
            Signature::By(key) => key,
        };
        let named = || self.0.iter().filter(|(_, known)| known.key == *key);
        let own: Vec<&Known> = named()
            .filter(|(email, _)| people.has(who, email))
            .map(|(_, known)| known)
            .collect();
        let key = key.clone();
        if own.iter().any(|known| known.revoked) {
            return Worth::Revoked { key };
        }
        let counts = |known: &&Known| {
            let begun = known
                .from
                .is_none_or(|from| at.is_none_or(|at| *at >= from));
            let over = known
                .until
                .is_some_and(|until| at.is_some_and(|at| *at >= until));
            begun && !over
        };
        if own.iter().any(counts) {
            return Worth::Own(Some(key));
        }
        if let Some(first) = own.first() {
            let over = first.until.filter(|until| at.is_some_and(|at| at >= until));
            return Worth::Untimely { key, until: over };
        }
        match self.holders(&key).as_slice() {
            [] => Worth::Unknown { key },
            of => Worth::Foreign {
                of: of.join(" and "),
                key,
            },
        }
    }

    /// Whether a signature is that of a key which is named for this very email.
    pub(crate) fn is_of(&self, signature: &Signature, email: &str, at: Option<&Stamp>) -> bool {
        let who = Person {
            name: String::new(),
            email: email.to_owned(),
        };
        self.worth(signature, &who, &People::default(), at).holds()
    }
}

/// The time by which a key is judged: the one that an entry names, and none before the release that it
/// follows.
pub(crate) fn not_before(at: Stamp, since: Option<Stamp>) -> Stamp {
    since.map_or(at, |since| at.max(since))
}

/// Whose a signature is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Worth {
    /// The person's own key; none where it is still to be signed.
    Own(Option<String>),
    Missing,
    /// A key that nobody is named for.
    Unknown {
        key: String,
    },
    /// Their own key, at a time at which it did not count.
    Untimely {
        key: String,
        until: Option<Stamp>,
    },
    Revoked {
        key: String,
    },
    /// Somebody else's.
    Foreign {
        key: String,
        of: String,
    },
    Broken(String),
}

impl Worth {
    pub(crate) fn holds(&self) -> bool {
        matches!(self, Self::Own(_))
    }

    /// Whether it is worse than no signature: somebody took a name that is not theirs, or a key that was
    /// given up, or changed what was signed.
    pub(crate) fn is_worse_than_none(&self) -> bool {
        match self {
            Self::Own(_) | Self::Missing | Self::Unknown { .. } | Self::Untimely { .. } => false,
            Self::Revoked { .. } | Self::Foreign { .. } | Self::Broken(_) => true,
        }
    }

    /// What it says of what was to be signed by `who`.
    pub(crate) fn says(&self, who: &Person) -> String {
        match self {
            Self::Own(_) => format!("is signed by {who}"),
            Self::Missing => "is not signed".to_owned(),
            Self::Unknown { key } => {
                format!("is signed with the key {key}, which is not named as one of {who}")
            }
            Self::Untimely { key, until } => match until {
                Some(until) => format!(
                    "is signed with the key {key} of {who}, which counted until {}",
                    moment(until)
                ),
                None => {
                    format!("is signed with the key {key} of {who}, which did not count yet")
                }
            },
            Self::Revoked { key } => {
                format!("is signed with the key {key} of {who}, which was revoked")
            }
            Self::Foreign { key, of } => {
                format!("is signed with the key {key} of {of}, and not of {who}")
            }
            Self::Broken(why) => format!("is badly signed: {why}"),
        }
    }
}

/// The emails that a policy names for one key, where there is more than one, a group for each key. That takes no
/// gpg, so that every machine says the same.
pub(crate) fn sharing(policy: &Policy) -> Vec<Vec<String>> {
    let mut holders: BTreeMap<Vec<u8>, Vec<String>> = BTreeMap::new();
    for (email, keys) in policy.signers.iter().flatten() {
        for key in keys {
            // When it counts is another question.
            let keys = match Key::parse(key) {
                Ok(Key::Ssh(known)) => vec![known.key.into_bytes()],
                Ok(Key::Gpg(text)) => match openpgp::keys(&text) {
                    keys if keys.is_empty() => vec![text.into_bytes()],
                    keys => keys,
                },
                Err(_) => continue,
            };
            for key in keys {
                holders.entry(key).or_default().push(email.clone());
            }
        }
    }
    holders.retain(|_, emails| emails.iter().any(|email| *email != emails[0]));
    holders.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti \
                       ann@laptop";

    fn who(name: &str) -> Person {
        Person {
            name: name.into(),
            email: format!("{name}@example.com"),
        }
    }

    #[test]
    fn who_shares_a_key_is_found() {
        let text = format!(
            "signers:\n  a@x.org: [{ANN}]\n  b@x.org: ['valid-before=\"20270101\" {ANN}']\n  c@x.org: []\n"
        );
        let policy = Policy::parse(text.as_bytes()).unwrap();
        assert_eq!(sharing(&policy), [["a@x.org", "b@x.org"]]);
    }

    #[test]
    fn a_signature_is_worth_what_its_key_is_named_for() {
        let known = |key: &str| Known {
            key: key.into(),
            from: None,
            until: None,
            revoked: false,
        };
        let at: Stamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let ring = Ring(vec![
            ("ann@example.com".into(), known("a")),
            ("Bob@example.com".into(), known("b")),
            (
                "ann@example.com".into(),
                Known {
                    until: Some(at),
                    ..known("old")
                },
            ),
            (
                "ann@example.com".into(),
                Known {
                    from: Some(at + chrono::TimeDelta::days(1)),
                    ..known("new")
                },
            ),
            (
                "ann@example.com".into(),
                Known {
                    revoked: true,
                    ..known("lost")
                },
            ),
        ]);
        let nobody = People::default();
        let of = |key: &str| {
            let by = Signature::By(key.into());
            ring.worth(&by, &who("ann"), &nobody, Some(&at))
        };
        assert!(of("a").holds());
        assert!(matches!(of("b"), Worth::Foreign { .. }) && of("b").is_worse_than_none());
        assert!(matches!(of("old"), Worth::Untimely { until: Some(_), .. }));
        assert!(matches!(of("new"), Worth::Untimely { until: None, .. }));
        assert!(matches!(of("lost"), Worth::Revoked { .. }));
        assert!(matches!(of("x"), Worth::Unknown { .. }) && !of("x").is_worse_than_none());
        let by = |signature: &Signature| ring.worth(signature, &who("bob"), &nobody, None);
        assert!(by(&Signature::By("b".into())).holds() && by(&Signature::Due).holds());
        assert_eq!(by(&Signature::Missing), Worth::Missing);
        assert!(by(&Signature::Broken("x".into())).is_worse_than_none());
        let narrow = Ring(vec![("BOB@example.com".into(), known("b"))]);
        let both = ring.clone().also_in(&narrow);
        assert_eq!(both.holders("b"), ["Bob@example.com"]);
        assert!(both.holders("a").is_empty());
        assert_eq!(both.with(&ring).holders("a"), ["ann@example.com"]);
    }
}
