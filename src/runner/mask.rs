//! Secrets in what a command prints, blotted out before anybody sees or stores it.

use aho_corasick::{AhoCorasick, MatchKind};
use anyhow::Result;

/// What stands where a secret stood.
const BLOT: &[u8] = b"***";

/// Knows the secrets. Each line of a secret counts for itself, because tools indent and fold.
#[derive(Clone, Debug)]
pub struct Secrets {
    values: Vec<Vec<u8>>,
    finder: Option<AhoCorasick>,
}

/// Blots secrets out of one stream of bytes, wherever it is cut into pieces.
#[derive(Debug)]
pub struct Mask<'a> {
    secrets: &'a Secrets,
    /// What may be the beginning of a secret, and waits for its rest.
    held: Vec<u8>,
}

impl Secrets {
    /// Secrets with these values.
    ///
    /// # Errors
    /// They are larger than the finder can hold.
    pub fn new(values: impl IntoIterator<Item = Vec<u8>>) -> Result<Self> {
        let mut lines: Vec<Vec<u8>> = Vec::new();
        for value in values {
            for line in value.split(|b| matches!(b, b'\n' | b'\r')) {
                let line = line.trim_ascii().to_vec();
                if !line.is_empty() && !lines.contains(&line) {
                    lines.push(line);
                }
            }
        }
        let finder = match lines.is_empty() {
            true => None,
            false => Some(
                AhoCorasick::builder()
                    .match_kind(MatchKind::LeftmostLongest)
                    .build(&lines)?,
            ),
        };
        Ok(Self {
            values: lines,
            finder,
        })
    }

    /// A mask for one stream.
    pub fn mask(&self) -> Mask<'_> {
        Mask {
            secrets: self,
            held: Vec::new(),
        }
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
    pub fn push(&mut self, more: &[u8]) -> Vec<u8> {
        let Some(finder) = &self.secrets.finder else {
            return more.to_vec();
        };
        self.held.extend_from_slice(more);
        let open = self.held.len() - self.secrets.unfinished(&self.held);
        let mut out = Vec::new();
        let mut at = 0;
        for found in finder.find_iter(&self.held) {
            // A longer secret may still begin inside what is open: it waits, with this match.
            if found.end() > open && found.start() >= open {
                break;
            }
            out.extend_from_slice(&self.held[at..found.start().max(at)]);
            out.extend_from_slice(BLOT);
            at = found.end();
        }
        let sure = open.max(at);
        out.extend_from_slice(&self.held[at..sure]);
        self.held.drain(..sure);
        out
    }

    /// What was waiting when the stream ended.
    pub fn finish(&mut self) -> Vec<u8> {
        let held = std::mem::take(&mut self.held);
        match &self.secrets.finder {
            Some(finder) => finder.replace_all_bytes(&held, &vec![BLOT; self.secrets.values.len()]),
            None => held,
        }
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
