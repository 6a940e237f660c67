//! Keys, from the bytes that a terminal sends for them (ECMA-48, 5.4; xterm, "Special Keys").

/// A key that means something here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Char(char),
    Enter,
    Escape,
    Backspace,
    Tab,
    BackTab,
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Home,
    End,
    /// Ctrl-C, or Ctrl-D.
    Quit,
    /// Ctrl-Z.
    Suspend,
    /// Ctrl-L.
    Redraw,
}

/// What was read and is no whole key yet.
#[derive(Debug, Default)]
pub(crate) struct Keys(Vec<u8>);

const ESCAPE: u8 = 0x1b;
/// The longest sequence that is waited for, in bytes: what is longer is of no key.
const LONGEST: usize = 32;

impl Keys {
    /// The keys that these bytes complete.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Vec<Key> {
        self.0.extend_from_slice(bytes);
        let mut found = Vec::new();
        while let Some((key, length)) = first(&self.0) {
            found.extend(key);
            self.0.drain(..length);
        }
        found
    }

    /// Whether something was read that may be a key by itself, or the beginning of one.
    pub(crate) fn is_open(&self) -> bool {
        !self.0.is_empty()
    }

    /// The key that was pressed where nothing follows: the Escape key sends what all sequences begin with.
    pub(crate) fn paused(&mut self) -> Option<Key> {
        let escaped = self.0.first() == Some(&ESCAPE);
        self.0.clear();
        escaped.then_some(Key::Escape)
    }
}

/// The first key of `bytes`, if it is one of ours, and its length; none where more is to come.
fn first(bytes: &[u8]) -> Option<(Option<Key>, usize)> {
    let first = *bytes.first()?;
    let key = match first {
        ESCAPE => return sequence(bytes),
        b'\r' | b'\n' => Key::Enter,
        b'\t' => Key::Tab,
        0x7f | 0x08 => Key::Backspace,
        0x03 | 0x04 => Key::Quit,
        0x1a => Key::Suspend,
        0x0c => Key::Redraw,
        0x00..0x20 => return Some((None, 1)),
        _ => return char(bytes),
    };
    Some((Some(key), 1))
}

fn char(bytes: &[u8]) -> Option<(Option<Key>, usize)> {
    let length = match bytes[0] {
        0x00..0x80 => 1,
        0xc0..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0..0xf8 => 4,
        _ => return Some((None, 1)),
    };
    let text = std::str::from_utf8(bytes.get(..length)?).ok();
    let char = text.and_then(|text| text.chars().next());
    match char {
        Some(char) => Some((Some(Key::Char(char)), length)),
        // The next byte may begin another key.
        None => Some((None, 1)),
    }
}

fn sequence(bytes: &[u8]) -> Option<(Option<Key>, usize)> {
    match *bytes.get(1)? {
        b'[' => {
            let body = &bytes[2..];
            let Some(end) = body.iter().position(|byte| (0x40..=0x7e).contains(byte)) else {
                return (body.len() > LONGEST).then_some((None, bytes.len()));
            };
            let number = body[..end].split(|byte| *byte == b';').next();
            let key = match (body[end], number) {
                (b'~', Some(b"1" | b"7")) => Some(Key::Home),
                (b'~', Some(b"4" | b"8")) => Some(Key::End),
                (b'~', Some(b"5")) => Some(Key::PageUp),
                (b'~', Some(b"6")) => Some(Key::PageDown),
                (b'Z', _) => Some(Key::BackTab),
                (letter, _) => arrow(letter),
            };
            Some((key, end + 3))
        }
        b'O' => Some((arrow(*bytes.get(2)?), 3)),
        // Escape, and then something else.
        _ => Some((Some(Key::Escape), 1)),
    }
}

fn arrow(letter: u8) -> Option<Key> {
    Some(match letter {
        b'A' => Key::Up,
        b'B' => Key::Down,
        b'C' => Key::Right,
        b'D' => Key::Left,
        b'H' => Key::Home,
        b'F' => Key::End,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_terminals_send_them() {
        for (bytes, keys) in [
            (&b"j"[..], &[Key::Char('j')][..]),
            (b"\x1b[A\x1bOB", &[Key::Up, Key::Down]),
            (b"\x1b[1;5C", &[Key::Right]),
            (
                b"\x1b[5~\x1b[6~\x1b[H\x1b[4~\x1b[Z\t",
                &[
                    Key::PageUp,
                    Key::PageDown,
                    Key::Home,
                    Key::End,
                    Key::BackTab,
                    Key::Tab,
                ],
            ),
            (
                b"\r\x7f\x03\x1a",
                &[Key::Enter, Key::Backspace, Key::Quit, Key::Suspend],
            ),
            ("é✈".as_bytes(), &[Key::Char('é'), Key::Char('✈')]),
            // What is of no key is passed over: a function key, a mouse, a paste, bytes that are no text.
            (b"\x1b[15~q", &[Key::Char('q')]),
            (b"\x1b[<0;1;1Mq", &[Key::Char('q')]),
            (b"\x1b[200~q", &[Key::Char('q')]),
            (b"\xff\x80\xc3q", &[Key::Char('q')]),
            (b"\x00\x01q", &[Key::Char('q')]),
        ] {
            assert_eq!(Keys::default().feed(bytes), keys, "{bytes:?}");
            // They may come byte by byte.
            let mut slow = Keys::default();
            let read: Vec<Key> = bytes.iter().flat_map(|byte| slow.feed(&[*byte])).collect();
            assert_eq!(read, keys, "{bytes:?}");
        }
    }

    #[test]
    fn escape_alone_is_a_key_once_nothing_follows() {
        let mut keys = Keys::default();
        assert_eq!(keys.feed(b"\x1b"), []);
        assert!(keys.is_open());
        assert_eq!(keys.paused(), Some(Key::Escape));
        assert!(!keys.is_open());
        assert_eq!(keys.feed(b"\x1bq"), [Key::Escape, Key::Char('q')]);
        // A letter whose second byte never comes is none.
        assert_eq!(keys.feed(b"\xc3"), []);
        assert_eq!(keys.paused(), None);
        // A sequence that never ends is given up.
        assert_eq!(keys.feed(format!("\x1b[{}", "1".repeat(40)).as_bytes()), []);
        assert_eq!(keys.feed(b"q"), [Key::Char('q')]);
    }
}
