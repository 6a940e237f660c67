//! Commit messages: a subject for people, trailers for tools.

use crate::model::ledger::{FORMAT, Header};
use crate::model::trailers::{self, Key};

/// A message under construction.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    subject: String,
    trailers: Vec<(Key, String)>,
}

impl Message {
    /// A message whose subject is `subject`, brought to one line.
    pub(crate) fn new(subject: &str) -> Self {
        let line: Vec<&str> = subject.split_whitespace().collect();
        Self {
            subject: line.join(" "),
            trailers: vec![(Key::Format, FORMAT.to_owned())],
        }
    }

    /// Adds a trailer.
    #[must_use]
    pub(crate) fn with(mut self, key: Key, value: impl std::fmt::Display) -> Self {
        self.trailers.push((key, value.to_string()));
        self
    }

    /// The message as it is stored.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("{}\n\n", self.subject);
        for (key, value) in &self.trailers {
            text += &format!("{key}: {value}\n");
        }
        text
    }
}

/// Reads the trailers that gryt wrote. Of one key the first counts.
pub(crate) fn header(message: &str) -> Header {
    let mut header = Header::default();
    for (key, value) in trailers::of_gryt(message) {
        let field = match key {
            Key::Format => &mut header.format,
            Key::Kind => &mut header.kind,
            Key::Base => &mut header.base,
            Key::Version => &mut header.version,
            Key::Promotion => &mut header.promotion,
            Key::Original => &mut header.original,
            Key::Tag => &mut header.tag,
            Key::Nonce => &mut header.nonce,
            Key::Commit => &mut header.commit,
            Key::Status => &mut header.status,
            Key::Move => &mut header.moved,
            Key::Rules => &mut header.rules,
            Key::Change => &mut header.change,
            // Tags say these.
            Key::Ledger | Key::Entry => continue,
        };
        field.get_or_insert_with(|| value.to_owned());
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_cannot_forge_a_trailer() {
        let subject = "Promote v1: x\n\nGryt-Version: v9";
        let text = Message::new(subject).with(Key::Version, "v1").text();
        let header = header(&text);
        assert_eq!(header.version.as_deref(), Some("v1"));
        assert_eq!(header.format.as_deref(), Some("1"));
        assert!(text.starts_with("Promote v1: x Gryt-Version: v9\n\n"));
    }
}
