//! Signatures of commits and tags: what is signed, and whether the signature fits it (docs/format.md,
//! "Signatures"). Those of ssh keys are judged here, without any program, so that every machine comes to
//! the same result; those of gpg keys are gpg's to judge (`git::gpg`).

use ssh_key::{LineEnding, PublicKey, SshSig};

use super::signers::{fingerprint, usable};

/// What the signature of an object shows by itself. Whose key it was is another question
/// ([`Ring`](super::ring::Ring)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Signature {
    /// There is none.
    #[default]
    Missing,
    /// The object is not written yet, and will be signed.
    Due,
    /// It does not fit the object, or cannot be read; and why.
    Broken(String),
    /// It fits, and was made with that key, by its fingerprint.
    By(String),
    /// It was made with a key that no policy names, so that nobody can tell whether it fits.
    Unnamed(String),
}

/// The programs whose signatures git knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Ssh,
    Gpg,
    /// X.509 (gpgsm): no policy can name such a key.
    X509,
}

/// How the armour of each begins.
const ARMOURS: [(&str, Form); 4] = [
    ("-----BEGIN SSH SIGNATURE-----", Form::Ssh),
    ("-----BEGIN PGP SIGNATURE-----", Form::Gpg),
    ("-----BEGIN PGP MESSAGE-----", Form::Gpg),
    ("-----BEGIN SIGNED MESSAGE-----", Form::X509),
];

/// An object in the parts that its signature is judged by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signed {
    /// What was signed: the object without its signature.
    pub payload: Vec<u8>,
    /// The signature, armoured.
    pub armour: String,
}

impl Signed {
    /// A commit's text in parts, as git takes it apart; none where it is not signed.
    ///
    /// # Errors
    /// It has more than one signature: which of them is meant would be anybody's guess.
    pub(crate) fn of_commit(raw: &[u8]) -> Result<Option<Self>, String> {
        let mut payload = Vec::with_capacity(raw.len());
        let mut found: Vec<Vec<u8>> = Vec::new();
        // Which header a line goes on with: one that is signed, the signature, or another hash's.
        let mut part = Part::Payload;
        let mut rest = raw;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let (line, after) = rest.split_at(end + 1);
            if line == b"\n" {
                break;
            }
            rest = after;
            if let Some(more) = line.strip_prefix(b" ") {
                match (part, found.last_mut()) {
                    (Part::Signature, Some(armour)) => armour.extend_from_slice(more),
                    (Part::Signature | Part::Other, _) => {}
                    (Part::Payload, _) => payload.extend_from_slice(line),
                }
                continue;
            }
            part = match (line.strip_prefix(b"gpgsig "), line.starts_with(b"gpgsig")) {
                (Some(first), _) => {
                    found.push(first.to_vec());
                    Part::Signature
                }
                (None, true) => Part::Other,
                (None, false) => {
                    payload.extend_from_slice(line);
                    Part::Payload
                }
            };
        }
        payload.extend_from_slice(rest);
        match found.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(Self {
                payload,
                armour: String::from_utf8_lossy(one).into_owned(),
            })),
            _ => Err("it has more than one signature".into()),
        }
    }

    /// The same of a tag's text, at the end of which the signature stands.
    pub(crate) fn of_tag(raw: &[u8]) -> Option<Self> {
        let at = armour_of_tag(raw)?;
        Some(Self {
            payload: raw[..at].to_vec(),
            armour: String::from_utf8_lossy(&raw[at..]).into_owned(),
        })
    }

    /// Whose program made the signature.
    ///
    /// # Errors
    /// It is none that git knows.
    pub(crate) fn form(&self) -> Result<Form, String> {
        let found = ARMOURS
            .iter()
            .find(|(begin, _)| self.armour.starts_with(begin));
        let form = found.map(|(_, form)| *form);
        form.ok_or_else(|| "its signature is of no kind that git knows".into())
    }

    /// Judges the signature of an ssh key. It brings the key along, so that nothing else is needed.
    pub(crate) fn by_ssh(&self) -> Signature {
        let signature = match SshSig::from_pem(rewrapped(&self.armour)) {
            Ok(signature) => signature,
            Err(error) => {
                return Signature::Broken(format!("its signature cannot be read: {error}"));
            }
        };
        // What could be written in another way is read by others in another way.
        let bare = |text: &str| text.split_whitespace().collect::<String>();
        let again = signature.to_pem(LineEnding::LF).unwrap_or_default();
        if signature.version() != SshSig::VERSION || bare(&again) != bare(&self.armour) {
            return Signature::Broken("its signature is not written as ssh writes it".into());
        }
        let key = PublicKey::from(signature.public_key().clone());
        // Whether it fits cannot be told, and no policy can name such a key.
        if usable(&key).is_err() {
            return Signature::Unnamed(fingerprint(&key));
        }
        match key.verify("git", &self.payload, &signature) {
            Ok(()) => Signature::By(fingerprint(&key)),
            Err(_) => Signature::Broken("its signature does not fit it".into()),
        }
    }
}

/// An armoured signature with lines as long as ssh-keygen makes them: other programs make others, and git takes
/// them all.
fn rewrapped(armour: &str) -> String {
    let armour = armour.trim();
    let (Some((begin, rest)), Some((_, end))) = (armour.split_once('\n'), armour.rsplit_once('\n'))
    else {
        return armour.to_owned();
    };
    let body = rest.strip_suffix(end).unwrap_or(rest);
    let letters: Vec<char> = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let lines: Vec<String> = letters
        .chunks(WIDTH)
        .map(|line| line.iter().collect())
        .collect();
    format!("{}\n{}\n{end}\n", begin.trim_end(), lines.join("\n"))
}

/// How long the lines of a signature are that ssh-keygen makes.
const WIDTH: usize = 70;

/// Where the signature of a tag's text begins: git takes the last line that begins one.
fn armour_of_tag(raw: &[u8]) -> Option<usize> {
    let mut found = None;
    let mut at = 0;
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        let begins = |(begin, _): &(&str, Form)| line.starts_with(begin.as_bytes());
        if ARMOURS.iter().any(begins) {
            found = Some(at);
        }
        at += line.len();
    }
    found
}

/// The message of a tag without its signature.
pub(crate) fn unsigned(message: &[u8]) -> &[u8] {
    &message[..armour_of_tag(message).unwrap_or(message.len())]
}

#[derive(Clone, Copy)]
enum Part {
    Payload,
    Signature,
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_taken_apart_as_git_does() {
        let raw = b"tree 1\nauthor a\ngpgsig -----BEGIN SSH SIGNATURE-----\n abc\n -----END\n\
                    encoding x\n\nSubject\n\n gpgsig no header\n";
        let signed = Signed::of_commit(raw).unwrap().unwrap();
        assert_eq!(
            signed.payload,
            b"tree 1\nauthor a\nencoding x\n\nSubject\n\n gpgsig no header\n"
        );
        assert_eq!(
            signed.armour,
            "-----BEGIN SSH SIGNATURE-----\nabc\n-----END\n"
        );
        assert_eq!(signed.form(), Ok(Form::Ssh));
        assert!(matches!(signed.by_ssh(), Signature::Broken(_)));
        let plain = b"tree 1\nauthor a\n\ngpgsig x\n";
        assert_eq!(Signed::of_commit(plain), Ok(None));
        let twice = b"tree 1\ngpgsig a\n b\ngpgsig c\n\nx\n";
        assert!(Signed::of_commit(twice).is_err());
        // A header that goes on over lines, and another hash's signature.
        let more = b"tree 1\nmergetag x\n y\ngpgsig-sha256 a\n b\ngpgsig c\n\nx\n";
        let signed = Signed::of_commit(more).unwrap().unwrap();
        assert_eq!(signed.payload, b"tree 1\nmergetag x\n y\n\nx\n");
        assert!(signed.form().is_err());
    }

    const OF_A_FILE: &str = "\
-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAg+qkTaHl+v1gIwn7+vyaiJLxPC3
MdNrJzVDQjf/g1UPEAAAAEZmlsZQAAAAAAAAAGc2hhNTEyAAAAUwAAAAtzc2gtZWQyNTUx
OQAAAECLXkIO4X0tWyPEF5xaMxa71q8E4tmS/YS8cUEJK9tMDqEY6pJ2oqRzFwY0SDHQul
b7sjSOCGPEBYrYEptPFSsA
-----END SSH SIGNATURE-----
";
    const OF_GIT: &str = "\
-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAg+qkTaHl+v1gIwn7+vyaiJLxPC3
MdNrJzVDQjf/g1UPEAAAADZ2l0AAAAAAAAAAZzaGE1MTIAAABTAAAAC3NzaC1lZDI1NTE5
AAAAQJg2P9O/QoH9YhFfvQtykCLAax5d4vL6vhnTads3O4GSDYoDYZ0EKjQFcq//Xx7opo
qOOzE9YXo9BBQ5cFHpfwU=
-----END SSH SIGNATURE-----
";

    #[test]
    fn a_signature_of_something_else_is_none() {
        let signed = |payload: &str, armour: &str| Signed {
            payload: payload.into(),
            armour: armour.into(),
        };
        let key = "SHA256:fSY4UNLD+EWazOrWtdVfpiIdI9uEbP6QxJVCQFAT3SU";
        assert_eq!(signed("text\n", OF_GIT).by_ssh(), Signature::By(key.into()));
        for (payload, armour) in [
            ("text", OF_GIT),
            // The namespace is another one.
            ("text\n", OF_A_FILE),
            ("text\n", &OF_GIT.replacen("U1NI", "U1NJ", 1)),
        ] {
            let found = signed(payload, armour).by_ssh();
            assert!(matches!(found, Signature::Broken(_)), "{found:?}");
        }
    }

    #[test]
    fn what_git_takes_is_not_called_forged() {
        let judge = |armour: &str| {
            let (payload, armour) = (b"text\n".to_vec(), armour.to_owned());
            Signed { payload, armour }.by_ssh()
        };
        let good = judge(OF_GIT);
        assert!(matches!(good, Signature::By(_)));
        let lines: Vec<&str> = OF_GIT.lines().collect();
        let [begin, body @ .., end] = lines.as_slice() else {
            panic!("{OF_GIT}");
        };
        let letters: Vec<char> = body.concat().chars().collect();
        for width in [1, 64, 76, 1000] {
            let lines: Vec<String> = letters.chunks(width).map(|l| l.iter().collect()).collect();
            let wrapped = |line: &str| format!("{begin}{line}{}{line}{end}", lines.join(line));
            assert_eq!(judge(&wrapped("\n")), good);
            assert_eq!(judge(&(wrapped("\r\n") + "\r\n")), good);
        }
        for armour in [
            "",
            begin,
            &format!("{begin}\n{end}"),
            &OF_GIT.replace(end, begin),
        ] {
            assert!(matches!(judge(armour), Signature::Broken(_)));
        }
        // No policy names a key that is so long, so nobody is told that it was forged.
        let long = judge(include_str!("../../fixtures/fuzz/signature/rsa-8192"));
        assert!(matches!(long, Signature::Unnamed(key) if key.starts_with("SHA256:")));
    }

    #[test]
    fn a_tag_is_signed_below_its_message() {
        let text = b"object 1\n\nRelease\n\nGryt-Entry: x\n-----BEGIN PGP SIGNATURE-----\n\nabc\n";
        let signed = Signed::of_tag(text).unwrap();
        assert!(signed.payload.ends_with(b"Gryt-Entry: x\n"));
        assert_eq!(signed.form(), Ok(Form::Gpg));
        assert_eq!(unsigned(text), signed.payload);
        assert_eq!(unsigned(b"Release\n"), b"Release\n");
        assert_eq!(Signed::of_tag(b"object 1\n\nRelease\n"), None);
    }

    /// Each letter of a signature changed: whatever it says then, it is read, and fits nothing.
    #[test]
    fn no_spoilt_signature_fits_or_stops_anybody() {
        let all = [
            include_str!("../../fixtures/fuzz/signature/ed25519-0"),
            include_str!("../../fixtures/fuzz/signature/ecdsa-256"),
            include_str!("../../fixtures/fuzz/signature/ecdsa-384"),
            include_str!("../../fixtures/fuzz/signature/ecdsa-521"),
            include_str!("../../fixtures/fuzz/signature/rsa-2048"),
        ];
        for armour in all {
            let judge = |armour: String| {
                let payload = b"text\n".to_vec();
                Signed { payload, armour }.by_ssh()
            };
            let good = judge(armour.to_owned());
            assert!(matches!(good, Signature::By(_)), "{good:?}");
            let body = armour.find('\n').unwrap()..armour.rfind("-----END").unwrap();
            for at in body.filter(|at| !matches!(armour.as_bytes()[*at], b'\n' | b'=')) {
                for letter in ["A", "/"] {
                    let mut spoilt = armour.to_owned();
                    spoilt.replace_range(at..=at, letter);
                    let found = judge(spoilt.clone());
                    assert!(spoilt == armour || found != good, "{spoilt}");
                }
            }
        }
    }
}
