//! Whose key a signature is made with: the `signers` of a policy (docs/policy.md, "Keys").

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveDateTime};
use ssh_key::{HashAlg, PublicKey};

use super::Stamp;

/// The keys of people, by email, as a policy writes them.
pub(crate) type Signers = BTreeMap<String, Vec<String>>;

/// The most gpg keys of a policy: each costs a process to read, and whoever can push can seal a policy.
pub(super) const MOST_ARMOURED: usize = 200;

/// How an armoured gpg key begins and ends.
const BLOCK: [&str; 2] = [
    "-----BEGIN PGP PUBLIC KEY BLOCK-----",
    "-----END PGP PUBLIC KEY BLOCK-----",
];

/// A key as a signature is compared with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    /// Its fingerprint.
    pub key: String,
    /// From when, and until when, its signatures count.
    pub from: Option<Stamp>,
    pub until: Option<Stamp>,
    pub revoked: bool,
}

/// What gpg says of armoured keys: the key in each, and its subkeys.
pub(crate) type Blocks = BTreeMap<String, Vec<Known>>;

/// One key of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Ssh(Known),
    /// An armoured gpg key, which gpg alone can read.
    Gpg(String),
}

impl Key {
    /// Reads a key as a policy writes it: an ssh public key on one line, before which `valid-after` and
    /// `valid-before` may stand as in ssh-keygen(1), "ALLOWED SIGNERS", in UTC; or an armoured gpg key.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.contains("PRIVATE KEY") {
            return Err("it is a private key: a policy names public ones".into());
        }
        if let Some(rest) = text.strip_prefix(BLOCK[0]) {
            let (_, after) = rest
                .split_once(BLOCK[1])
                .ok_or("the armoured gpg key has no end")?;
            return match after.trim().is_empty() {
                true => Ok(Self::Gpg(text.to_owned())),
                false => Err("one armoured gpg key is one entry of the list".into()),
            };
        }
        let (options, key) = match text.starts_with("valid-") {
            true => text
                .split_once(char::is_whitespace)
                .ok_or("the key is missing")?,
            false => ("", text),
        };
        let mut known = Known {
            key: String::new(),
            from: None,
            until: None,
            revoked: false,
        };
        for option in options.split(',').filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            let value = value.trim_matches('"');
            let at = at(value).ok_or_else(|| {
                format!("`{option}` is not an option of a key: valid-before=\"20270131\" is one")
            })?;
            match name {
                "valid-after" => known.from = Some(at),
                "valid-before" => known.until = Some(at),
                other => return Err(format!("there is no option {other} of a key")),
            }
        }
        let key = PublicKey::from_openssh(key).map_err(|_| {
            "it is neither an ssh public key (ssh-ed25519 AAAA…) nor an armoured gpg key".to_owned()
        })?;
        known.key = usable(&key)?;
        Ok(Self::Ssh(known))
    }
}

/// The fingerprint of a key whose signatures this program can judge.
pub(super) fn usable(key: &PublicKey) -> Result<String, String> {
    use ssh_key::Algorithm;
    match key.algorithm() {
        Algorithm::Ed25519
        | Algorithm::SkEd25519
        | Algorithm::Ecdsa { .. }
        | Algorithm::SkEcdsaSha2NistP256 => Ok(fingerprint(key)),
        Algorithm::Rsa { .. } => {
            let bits = key.key_data().rsa().and_then(|rsa| {
                let bytes = rsa.n.as_positive_bytes()?;
                Some(bytes.len() * 8)
            });
            match bits {
                // The crate that judges them refuses all others.
                Some(2048..=4096) => Ok(fingerprint(key)),
                _ => Err("an RSA key has 2048 to 4096 bits".into()),
            }
        }
        other => Err(format!(
            "keys of type {other} sign nothing that could be judged"
        )),
    }
}

/// A key's fingerprint as ssh-keygen prints it.
pub(super) fn fingerprint(key: &PublicKey) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}

/// A moment of `valid-before`: YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, with or without a Z.
fn at(text: &str) -> Option<Stamp> {
    let digits = text.strip_suffix('Z').unwrap_or(text);
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let at = match digits.len() {
        8 => NaiveDate::parse_from_str(digits, "%Y%m%d")
            .ok()?
            .and_hms_opt(0, 0, 0)?,
        12 => NaiveDateTime::parse_from_str(&format!("{digits}00"), "%Y%m%d%H%M%S").ok()?,
        14 => NaiveDateTime::parse_from_str(digits, "%Y%m%d%H%M%S").ok()?,
        _ => return None,
    };
    Some(at.and_utc().fixed_offset())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::person::moment;

    const ANN: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti \
                       ann@laptop";

    fn ssh(text: &str) -> Known {
        match Key::parse(text) {
            Ok(Key::Ssh(known)) => known,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_key_is_read_or_the_rule_is_said_that_it_breaks() {
        let plain = ssh(ANN);
        assert!(plain.key.starts_with("SHA256:"), "{plain:?}");
        let timed = ssh(&format!(
            "valid-after=\"20260101\",valid-before=\"202702030405Z\" {ANN}"
        ));
        assert_eq!(timed.key, plain.key);
        let said = [timed.from, timed.until].map(|at| moment(&at.unwrap()));
        assert_eq!(said, ["2026-01-01T00:00:00Z", "2027-02-03T04:05:00Z"]);
        let wrong = |text: &str| Key::parse(text).unwrap_err();
        assert!(wrong("nonsense").contains("neither"));
        assert!(wrong(&format!("valid-before=soon {ANN}")).contains("not an option"));
        assert!(wrong("valid-before=\"20260101\"").contains("missing"));
        assert!(wrong("-----BEGIN OPENSSH PRIVATE KEY-----").contains("private"));
        let [begin, end] = BLOCK;
        assert!(wrong(begin).contains("no end"));
        let block = format!("{begin}\n\nabc\n{end}");
        assert_eq!(
            Key::parse(&format!("{block}\n")),
            Ok(Key::Gpg(block.clone()))
        );
        assert!(wrong(&format!("{block}\n{block}")).contains("one entry"));
    }
}
