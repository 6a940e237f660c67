//! Commit messages: a subject for people, trailers for tools.

use anyhow::Result;

use crate::model::ledger::{FORMAT, Header};

/// A message under construction.
#[derive(Clone, Debug)]
pub struct Message {
    subject: String,
    trailers: Vec<(&'static str, String)>,
}

impl Message {
    /// A message whose subject is `subject`, brought to one line.
    pub fn new(subject: &str) -> Self {
        let line: Vec<&str> = subject.split_whitespace().collect();
        Self {
            subject: line.join(" "),
            trailers: vec![("Gryt-Format", FORMAT.to_owned())],
        }
    }

    /// Adds a trailer.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl std::fmt::Display) -> Self {
        self.trailers.push((key, value.to_string()));
        self
    }

    /// The message as it is stored.
    pub fn text(&self) -> String {
        let mut text = format!("{}\n\n", self.subject);
        for (key, value) in &self.trailers {
            text += &format!("{key}: {value}\n");
        }
        text
    }
}

/// Reads the trailers that gryt knows. Of one key the first counts.
///
/// # Errors
/// libgit2 cannot read the message.
pub fn header(message: &str) -> Result<Header> {
    let mut header = Header::default();
    // libgit2 stops at NUL; so does git.
    let message = message.split('\0').next().unwrap_or_default();
    for (key, value) in git2::message_trailers_strs(message)?.iter() {
        let field = match key {
            "Gryt-Format" => &mut header.format,
            "Gryt-Kind" => &mut header.kind,
            "Gryt-Base" => &mut header.base,
            "Gryt-Version" => &mut header.version,
            "Gryt-Promotion" => &mut header.promotion,
            "Gryt-Original" => &mut header.original,
            "Gryt-Nonce" => &mut header.nonce,
            "Gryt-Commit" => &mut header.commit,
            "Gryt-Status" => &mut header.status,
            _ => continue,
        };
        field.get_or_insert_with(|| value.to_owned());
    }
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_cannot_forge_a_trailer() {
        let subject = "Promote v1: x\n\nGryt-Version: v9";
        let text = Message::new(subject).with("Gryt-Version", "v1").text();
        let header = header(&text).unwrap();
        assert_eq!(header.version.as_deref(), Some("v1"));
        assert_eq!(header.format.as_deref(), Some("1"));
        assert!(text.starts_with("Promote v1: x Gryt-Version: v9\n\n"));
    }
}
