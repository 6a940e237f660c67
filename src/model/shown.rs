//! The text of others, so that it is shown and does nothing else: on a terminal, on a line, and as Markdown.

use std::ops::Range;

/// Text may come from a stranger's commit: only what a terminal shows as text is let through, and what
/// changes how text is shown is shown as an escape.
pub(crate) fn clean(text: &str) -> String {
    tabbed(&text.replace('\t', " "))
}

/// The same for what was laid out with tabs.
pub(crate) fn tabbed(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\n' | '\t' => shown.push(char),
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
    let mut ended = 0;
    for piece in text.split_inclusive(ends_word) {
        let word = piece.strip_suffix(ends_word).unwrap_or(piece);
        let begun = ended;
        ended += piece.len();
        let live = live(word);
        let (from, to) = (begun + live.start, begun + live.end);
        escape(&mut shown, &text, begun..from);
        if !live.is_empty() {
            shown.extend(["`", &text[from..to], "`"]);
        }
        escape(&mut shown, &text, to..ended);
    }
    shown
}

/// What ends a word. The last two cannot stand in code of one line, in a table, as they are.
fn ends_word(c: char) -> bool {
    c.is_whitespace() || "|`".contains(c)
}

/// The part of a word that a host makes something of by itself, whatever is escaped in it: an address (GitHub
/// Flavored Markdown, 6.9; GitLab looks for them in what it rendered), somebody's name, a formula. In code
/// none of them does.
fn live(word: &str) -> Range<usize> {
    let low = word.to_ascii_lowercase();
    let names = |behind: &str| behind.starts_with(|c: char| c.is_alphanumeric());
    let is_live = low.contains("://")
        || low.contains("www.")
        || low.contains('$')
        || low.split('@').skip(1).any(names);
    if !is_live {
        return 0..0;
    }
    let begins = word.len()
        - word
            .trim_start_matches(['(', '[', '{', '<', '"', '\''])
            .len();
    let inner = word[begins..]
        .trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '}', '>', '"', '\'']);
    begins..begins + inner.len()
}

fn escape(shown: &mut String, text: &str, part: Range<usize>) {
    for (at, char) in text[part.clone()].char_indices() {
        let before = &text[..part.start + at];
        // At the beginning of a line these begin a list, a heading or a quotation.
        let begins = before.is_empty() && "-+=".contains(char);
        let numbers = ".)".contains(char)
            && !before.is_empty()
            && before.bytes().all(|byte| byte.is_ascii_digit());
        if begins || numbers || "\\`*_[]<>#|~!&@".contains(char) {
            shown.push('\\');
        }
        shown.push(char);
    }
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
    fn no_host_makes_a_link_a_mention_or_a_formula_of_a_text() {
        for (text, shown) in [
            (
                "See https://evil.example/a_b, or (WWW.evil.example) for $x$.",
                "See `https://evil.example/a_b`, or (`WWW.evil.example`) for `$x$`.",
            ),
            ("<https://a>!", r"\<`https://a`\>\!"),
            ("@all a@b.example @ 5", r"`@all` `a@b.example` \@ 5"),
            // Neither ends the code, nor the cell of a table.
            ("$`x`$", r"`$`\`x\``$`"),
            ("https://a|b ftp://c`d", r"`https://a`\|b `ftp://c`\`d"),
            ("x://\u{202e}\n$", r"`x://\u{202e}\u{a}$`"),
            ("1. é $5: www", r"1\. é `$5`: www"),
        ] {
            assert_eq!(markdown(text), shown);
        }
    }

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
