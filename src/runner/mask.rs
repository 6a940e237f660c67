//! Secrets in what a command prints, blotted out before anybody sees or stores it.

use aho_corasick::AhoCorasick;
use anyhow::Result;

/// What stands where a secret stood.
const BLOT: &[u8] = b"***";

/// The shortest line of a secret of several lines that counts, in bytes: the brackets and braces
/// of a key file are no secret.
const SHORTEST: usize = 4;

/// Knows the secrets. Each line of a secret counts for itself, because tools indent and fold.
#[derive(Clone, Debug)]
pub(super) struct Secrets {
    values: Vec<Vec<u8>>,
    finder: Option<AhoCorasick>,
}

/// Blots secrets out of one stream of bytes, wherever it is cut into pieces.
#[derive(Debug)]
pub(super) struct Mask<'a> {
    secrets: &'a Secrets,
    /// What may be the beginning of a secret, and waits for its rest.
    held: Vec<u8>,
}

impl Secrets {
    /// Secrets with these values.
    ///
    /// # Errors
    /// They are larger than the finder can hold.
    pub(super) fn new(values: impl IntoIterator<Item = Vec<u8>>) -> Result<Self> {
        let mut lines: Vec<Vec<u8>> = Vec::new();
        for value in values {
            let parts = value.split(|b| matches!(b, b'\n' | b'\r'));
            let parts: Vec<&[u8]> = parts
                .map(<[u8]>::trim_ascii)
                .filter(|l| !l.is_empty())
                .collect();
            for line in &parts {
                let line = line.to_vec();
                let counts = parts.len() == 1 || line.len() >= SHORTEST;
                if counts && !lines.contains(&line) {
                    lines.push(line);
                }
            }
        }
        let finder = match lines.is_empty() {
            true => None,
            false => Some(AhoCorasick::new(&lines)?),
        };
        Ok(Self {
            values: lines,
            finder,
        })
    }

    /// A mask for one stream.
    pub(super) fn mask(&self) -> Mask<'_> {
        Mask {
            secrets: self,
            held: Vec::new(),
        }
    }

    /// Where secrets lie in `text`, those that overlap as one.
    fn found(&self, text: &[u8]) -> Vec<(usize, usize)> {
        let Some(finder) = &self.finder else {
            return Vec::new();
        };
        let matches = finder.find_overlapping_iter(text);
        let mut all: Vec<(usize, usize)> = matches.map(|m| (m.start(), m.end())).collect();
        all.sort_unstable();
        let mut joined: Vec<(usize, usize)> = Vec::new();
        for (start, end) in all {
            match joined.last_mut() {
                Some(last) if start < last.1 => last.1 = last.1.max(end),
                _ => joined.push((start, end)),
            }
        }
        joined
    }

    /// How many bytes at the end of `text` may be the beginning of a secret.
    fn unfinished(&self, text: &[u8]) -> usize {
        let longest = self.values.iter().map(Vec::len).max().unwrap_or(0);
        let reach = text.len().min(longest.saturating_sub(1));
        let begins = |n: &usize| {
            let end = &text[text.len() - n..];
            self.values
                .iter()
                .any(|value| value.len() > *n && value.starts_with(end))
        };
        (1..=reach).rev().find(begins).unwrap_or(0)
    }
}

impl Mask<'_> {
    /// The next piece of the stream, as far as it is certain.
    pub(super) fn push(&mut self, more: &[u8]) -> Vec<u8> {
        if self.secrets.finder.is_none() {
            return more.to_vec();
        }
        self.held.extend_from_slice(more);
        let open = self.held.len() - self.secrets.unfinished(&self.held);
        self.blot(open)
    }

    /// What was waiting when the stream ended.
    pub(super) fn finish(&mut self) -> Vec<u8> {
        self.blot(self.held.len())
    }

    /// Lets go of what lies before `sure`, secrets blotted out. One that reaches beyond it waits,
    /// because another may overlap its end.
    fn blot(&mut self, sure: usize) -> Vec<u8> {
        let mut out = Vec::new();
        let mut at = 0;
        let mut sure = sure;
        for (start, end) in self.secrets.found(&self.held) {
            if end > sure && start < sure {
                sure = start;
            }
            if start >= sure {
                break;
            }
            out.extend_from_slice(&self.held[at..start]);
            out.extend_from_slice(BLOT);
            at = end;
        }
        out.extend_from_slice(&self.held[at..sure]);
        self.held.drain(..sure);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(secrets: &[&str], pieces: &[&str]) -> String {
        let secrets = Secrets::new(secrets.iter().map(|s| s.as_bytes().to_vec())).unwrap();
        let mut mask = secrets.mask();
        let mut out = Vec::new();
        for piece in pieces {
            out.extend(mask.push(piece.as_bytes()));
        }
        out.extend(mask.finish());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_secret_is_found_across_pieces_and_nothing_else_waits() {
        assert_eq!(
            masked(&["hunter2"], &["a hun", "ter2 b hunter2"]),
            "a *** b ***"
        );
        assert_eq!(masked(&["hunter2"], &["a hun", "gry"]), "a hungry");
        assert_eq!(masked(&[], &["hunter2"]), "hunter2");
        assert_eq!(masked(&["abcdef", "defghi"], &["abcdefghi"]), "***");
        assert_eq!(masked(&["abcdef", "defghi"], &["abcdef", "ghi"]), "***");
        assert_eq!(masked(&["{\n  secret\n}"], &["{ secret }"]), "{ *** }");
        assert_eq!(masked(&["ab", "abcd"], &["xab", "cdx ab"]), "x***x ***");
        assert_eq!(
            masked(&["line one\n  line two\n"], &["line two; line one"]),
            "***; ***"
        );
        let secrets = Secrets::new([b"hunter2".to_vec()]).unwrap();
        assert_eq!(secrets.mask().push(b"progress..."), b"progress...");
    }

    proptest::proptest! {
        /// However the output is cut, no secret is left of it, and what holds none is untouched.
        #[test]
        fn no_cut_lets_a_secret_through(
            text in "[abc]{0,40}",
            cuts in proptest::collection::vec(0usize..40, 0..6),
            secrets in proptest::collection::vec("[ab]{2,5}", 1..3),
        ) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(text.len())).collect();
            cuts.push(text.len());
            cuts.sort_unstable();
            let mut from = 0;
            let mut pieces = Vec::new();
            for cut in cuts {
                pieces.push(&text[from..cut]);
                from = cut;
            }
            let names: Vec<&str> = secrets.iter().map(String::as_str).collect();
            let out = masked(&names, &pieces);
            for secret in &secrets {
                proptest::prop_assert!(!out.contains(secret.as_str()), "{out} holds {secret}");
            }
            if !secrets.iter().any(|s| text.contains(s.as_str())) {
                proptest::prop_assert_eq!(out, text);
            }
        }
    }
}
