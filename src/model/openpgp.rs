//! The keys in an armoured gpg key, as far as it takes to see that two are the same (RFC 4880): gpg judges them, and
//! is not on every machine.

use base64ct::{Base64, Encoding as _};

/// The tags of packets that hold a public key, and a subkey (RFC 4880, section 4.3).
const KEYS: [u8; 2] = [6, 14];

/// What makes each key in it the key that it is: the packet's body, of which its fingerprint is made. None where this cannot be
/// read.
pub(super) fn keys(armoured: &str) -> Vec<Vec<u8>> {
    let bytes = unarmoured(armoured).unwrap_or_default();
    let mut rest = bytes.as_slice();
    let mut found = Vec::new();
    while let Some((tag, body, after)) = packet(rest) {
        if KEYS.contains(&tag) {
            found.push(body.to_vec());
        }
        rest = after;
    }
    found
}

/// The bytes in the armour, whatever its headers say and however its lines are wrapped (section 6.2).
fn unarmoured(text: &str) -> Option<Vec<u8>> {
    let mut lines = text.lines().skip(1).map(str::trim).peekable();
    while lines.next_if(|line| line.contains(": ")).is_some() {}
    let is_data = |line: &&str| !line.starts_with("-----") && !is_checksum(line);
    let data: String = lines.take_while(is_data).collect();
    Base64::decode_vec(&data).ok()
}

/// Whether it is the line of the checksum, which many leave out.
fn is_checksum(line: &str) -> bool {
    line.len() == 5 && line.starts_with('=')
}

/// The first packet: its tag, its body, and what follows it (section 4.2). Packets of partial length hold no keys.
fn packet(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let number = |bytes: &[u8]| bytes.iter().fold(0, |n: usize, b| n << 8 | usize::from(*b));
    let (tag, length, rest) = match (first & 0x80 != 0, first & 0x40 != 0) {
        (false, _) => return None,
        (true, true) => {
            let (one, rest) = rest.split_first()?;
            let (length, rest) = match one {
                0..192 => (usize::from(*one), rest),
                192..224 => {
                    let (two, rest) = rest.split_first()?;
                    (
                        ((usize::from(*one) - 192) << 8) + usize::from(*two) + 192,
                        rest,
                    )
                }
                224..255 => return None,
                255 => {
                    let (four, rest) = rest.split_at_checked(4)?;
                    (number(four), rest)
                }
            };
            (first & 0x3f, length, rest)
        }
        (true, false) => {
            let size = match first & 3 {
                3 => return None,
                kind => 1 << kind,
            };
            let (size, rest) = rest.split_at_checked(size)?;
            (first >> 2 & 0xf, number(size), rest)
        }
    };
    let (body, rest) = rest.split_at_checked(length)?;
    Some((tag, body, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = include_str!("../git/trial-key.asc");

    #[test]
    fn a_key_is_the_same_however_it_is_armoured() {
        let own = keys(KEY);
        assert_eq!(own.len(), 1);
        assert_eq!(own[0].len(), 0x33);
        let commented = KEY.replacen("\n\n", "\nComment: b\nVersion: 1\n\n", 1);
        assert_eq!(keys(&commented), own);
        let (head, body) = KEY.split_once("\n\n").unwrap();
        let (body, end) = body.split_once("\n=").unwrap();
        let bare = body.replace('\n', "");
        let wrapped: Vec<String> = bare
            .as_bytes()
            .chunks(20)
            .map(|c| String::from_utf8_lossy(c).into())
            .collect();
        let tail = end.split_once('\n').unwrap().1;
        assert_eq!(
            keys(&format!("{head}\n\n{}\n{tail}", wrapped.join("\n"))),
            own
        );
        assert!(keys("").is_empty() && keys(&KEY.replace("mDME", "!")).is_empty());
        // A new header, and each length of an old one.
        for head in [
            &[0xc6, 1][..],
            &[0xc6, 255, 0, 0, 0, 1],
            &[0x98, 1],
            &[0x99, 0, 1],
            &[0x9a, 0, 0, 0, 1],
        ] {
            assert_eq!(
                packet(&[head, &[7, 8]].concat()),
                Some((6, &[7][..], &[8][..]))
            );
        }
        let long = [&[0xce, 192, 8][..], &[1; 200]].concat();
        assert_eq!(
            packet(&long).map(|(tag, body, _)| (tag, body.len())),
            Some((14, 200))
        );
        for cut in [
            &[][..],
            &[0xc6],
            &[0xc6, 2, 1],
            &[0xc6, 230],
            &[0x9b, 1],
            &[6, 1, 1],
        ] {
            assert_eq!(packet(cut), None);
        }
    }
}
