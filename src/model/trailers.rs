//! Trailers: lines `Key: value` in a commit's message. This is the one parser of them, over the bytes
//! that git holds, so that no setting of a reader's (`trailer.*`, `log.*`) can change what is read.

/// The trailers that gryt writes or reads (docs/format.md, "Trailers").
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[strum(ascii_case_insensitive)]
pub enum Key {
    #[strum(serialize = "Gryt-Format")]
    Format,
    #[strum(serialize = "Gryt-Kind")]
    Kind,
    #[strum(serialize = "Gryt-Base")]
    Base,
    #[strum(serialize = "Gryt-Version")]
    Version,
    #[strum(serialize = "Gryt-Promotion")]
    Promotion,
    #[strum(serialize = "Gryt-Original")]
    Original,
    #[strum(serialize = "Gryt-Nonce")]
    Nonce,
    #[strum(serialize = "Gryt-Change")]
    Change,
    #[strum(serialize = "Gryt-Commit")]
    Commit,
    #[strum(serialize = "Gryt-Status")]
    Status,
    #[strum(serialize = "Gryt-Move")]
    Move,
    #[strum(serialize = "Gryt-Rules")]
    Rules,
    #[strum(serialize = "Gryt-Ledger")]
    Ledger,
    #[strum(serialize = "Gryt-Entry")]
    Entry,
    #[strum(serialize = "Gryt-Tag")]
    Tag,
}

/// The trailers of a message that gryt wrote: those of its last paragraph, which is not its first.
pub(crate) fn of_gryt(message: &str) -> impl Iterator<Item = (Key, &str)> {
    let message = before_nul(message).trim_end();
    let lines: Vec<&str> = message.lines().collect();
    let blank = lines.iter().rposition(|line| line.trim().is_empty());
    let first = blank.map_or(lines.len(), |at| at + 1);
    lines.into_iter().skip(first).filter_map(trailer)
}

/// The values of one trailer in a message that a person wrote, in any of its paragraphs but the
/// subject's: a squash joins messages, and their trailers stand in the middle.
pub(crate) fn of_person(message: &str, key: Key) -> Vec<&str> {
    let lines = before_nul(message).lines().skip(1);
    let values = lines.filter_map(trailer).filter(|(found, _)| *found == key);
    values.map(|(_, value)| value).collect()
}

/// Git ends a message at a NUL.
fn before_nul(message: &str) -> &str {
    message.split('\0').next().unwrap_or_default()
}

fn trailer(line: &str) -> Option<(Key, &str)> {
    let (key, value) = line.split_once(':')?;
    let value = value.trim();
    let key = key.trim_end().parse().ok()?;
    (!value.is_empty()).then_some((key, value))
}

#[cfg(test)]
mod tests {
    use strum::VariantArray;

    use super::*;

    #[test]
    fn only_the_last_paragraph_of_a_message_of_gryts_counts() {
        let text = "Promote v1\n\nGryt-Version: v9\n\nGryt-Version: v1\nSigned-off-by: x\n\n";
        assert_eq!(of_gryt(text).collect::<Vec<_>>(), [(Key::Version, "v1")]);
        assert_eq!(of_gryt("Gryt-Version: v1\n").count(), 0);
        assert_eq!(of_gryt("a\n\nGryt-Version: v1\0\n\nx\n").count(), 1);
        let windows = "Promote v1\r\n\r\nGryt-Version: v1\r\n";
        assert_eq!(of_gryt(windows).next(), Some((Key::Version, "v1")));
    }

    #[test]
    fn a_squash_keeps_what_its_commits_named() {
        let text = "Squash\n\n* One\n\nGryt-Change: A\n\n* Two\n\ngryt-change : B\nand more\n";
        assert_eq!(of_person(text, Key::Change), ["A", "B"]);
        assert!(of_person("Gryt-Change: A", Key::Change).is_empty());
        assert!(of_person("x\n\n    Gryt-Change: A", Key::Change).is_empty());
        assert!(of_person("x\n\nGryt-Change:\n", Key::Change).is_empty());
    }

    #[test]
    fn the_page_names_each_key() {
        let page = include_str!("../../docs/format.md");
        for key in Key::VARIANTS {
            assert!(
                page.contains(&format!("| `{key}` |")),
                "{key}: docs/format.md"
            );
        }
    }
}
