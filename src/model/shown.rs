//! The text of others, so that it is shown and does nothing else: on a terminal, on a line, and as Markdown.

/// Text may come from a stranger's commit: only what a terminal shows as text is let through, and what
/// changes how text is shown is shown as an escape.
pub(crate) fn clean(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\n' => shown.push(char),
            '\t' => shown.push(' '),
            _ if is_hidden(char) => shown.extend(char.escape_unicode()),
            _ => shown.push(char),
        }
    }
    shown
}

/// Controls, marks of direction and width, and what is no character.
fn is_hidden(char: char) -> bool {
    let point = u32::from(char);
    char.is_control()
        || matches!(
            point,
            0x00AD | 0x034F | 0x061C | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x3164
        )
        || matches!(point, 0x180B..=0x180F | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F)
        || matches!(point, 0xFE00..=0xFE0D | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFB | 0xE0000..=0xE0FFF)
        || (0xFDD0..=0xFDEF).contains(&point)
        || point & 0xFFFE == 0xFFFE
}

/// The same for what has to stay on one line.
pub(crate) fn line(text: &str) -> String {
    clean(text.trim_end_matches('\n')).replace('\n', "\\u{a}")
}

/// One line as Markdown that shows it, and does nothing else.
pub(crate) fn markdown(text: &str) -> String {
    let mut shown = String::new();
    let text = line(text);
    for (at, char) in text.char_indices() {
        // At the beginning of a line these begin a list, a heading or a quotation.
        let begins = at == 0 && "-+=".contains(char);
        let numbers =
            ".)".contains(char) && at > 0 && text[..at].bytes().all(|byte| byte.is_ascii_digit());
        if begins || numbers || "\\`*_[]<>#|~!&@".contains(char) {
            shown.push('\\');
        }
        shown.push(char);
    }
    shown
}

/// Several lines as Markdown: their paragraphs and their lists stay, and nothing in them is a heading,
/// HTML or anything else.
pub(crate) fn paragraphs(text: &str) -> String {
    let mut shown: Vec<String> = Vec::new();
    for line in text.lines() {
        let line = line.trim();
        let item = line.strip_prefix("- ").or_else(|| line.strip_prefix("* "));
        match (item, line) {
            (_, "") if shown.last().is_none_or(String::is_empty) => {}
            (None, line) => shown.push(markdown(line)),
            (Some(item), _) => shown.push(format!("- {}", markdown(item.trim_start()))),
        }
    }
    shown.join("\n").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_escape_does_not_reach_the_terminal() {
        assert_eq!(
            clean("a\x1b]0;x\x07b\tc\n"),
            r"a\u{1b}]0;x\u{7}b c".to_owned() + "\n"
        );
        assert_eq!(clean("\x1b[31mx"), r"\u{1b}[31mx");
        assert_eq!(line("a\nb\n"), r"a\u{a}b");
        assert_eq!(clean("\u{9b}2J"), r"\u{9b}2J");
        // Neither what is no character, nor what turns text around or hides in it.
        assert_eq!(clean("\u{fdd0}2x"), r"\u{fdd0}2x");
        assert_eq!(clean("a\u{202e}b\u{200b}c"), r"a\u{202e}b\u{200b}c");
        assert_eq!(clean("é ✈\u{fe0f}"), "é ✈\u{fe0f}");
    }

    #[test]
    fn a_description_has_paragraphs_and_lists_and_nothing_else() {
        let text = "One\ntwo.\r\n\n\n## Security\n- <b>\n    code\n---\n1. x\n\n\n";
        let shown = "One\ntwo.\n\n\\## Security\n- \\<b\\>\ncode\n\\---\n1\\. x";
        assert_eq!(paragraphs(text), shown.replace(r"\##", r"\#\#"));
    }
}
