//! Blocks of Markdown whose lines are no text: code between fences, and comments.

/// A block whose lines are no text (CommonMark 0.31, sections 4.5 and 4.6).
#[derive(Clone, Copy)]
pub(super) enum Block {
    /// A fence of `length` times `char`, in an item of a list whose text is indented by `indent`.
    Code {
        char: char,
        length: usize,
        indent: usize,
    },
    Comment,
}

impl Block {
    /// What a line begins. Within a line of text, `<!--` is text.
    pub(super) fn begun(line: &str) -> Option<Self> {
        let indent = item(line);
        let (spaces, text) = (
            spaces(&line[indent..]),
            line[indent..].trim_start_matches(' '),
        );
        if spaces > 3 {
            return None;
        }
        if text.starts_with("<!--") {
            // One in an item of a list ends with the item.
            return (indent == 0).then_some(Self::Comment);
        }
        let (char, length) = fence(text)?;
        // A line of `code` in one line opens nothing.
        let closed = char == '`' && text[length..].contains('`');
        (!closed).then_some(Self::Code {
            char,
            length,
            indent,
        })
    }

    /// Whether it ends with that line.
    pub(super) fn ends(self, line: &str) -> bool {
        match self {
            Self::Comment => line.contains("-->"),
            Self::Code {
                char,
                length,
                indent,
            } => {
                let closes = fence(line.trim_start_matches(' '));
                spaces(line) < indent + 4
                    && closes.is_some_and(|(other, closes)| other == char && closes >= length)
                    && line.trim().trim_start_matches(char).is_empty()
            }
        }
    }
}

/// The fence that a text begins with: its character and length.
fn fence(text: &str) -> Option<(char, usize)> {
    let char = text.chars().next().filter(|char| "`~".contains(*char))?;
    let length = text.chars().take_while(|other| *other == char).count();
    (length >= 3).then_some((char, length))
}

/// How many spaces a line begins with.
pub(super) fn spaces(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// Where the text of a list's item begins, in a line that begins one; else 0.
fn item(line: &str) -> usize {
    let indent = spaces(line);
    let text = &line[indent..];
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let marks = match digits {
        0 => text.starts_with(['-', '*', '+']),
        _ => text[digits..].starts_with(['.', ')']),
    };
    let behind = &text[text.len().min(digits + 1)..];
    match marks && behind.starts_with(' ') {
        true => indent + digits + 1 + spaces(behind).min(4),
        false => 0,
    }
}
