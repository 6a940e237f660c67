//! The command that was typed, as it was probably meant.

use std::ffi::OsString;

use crate::model::refusal::Meant;

/// What nobody is to do to a guessed name.
const FINAL: [&str; 4] = ["abandon", "delete", "promote", "withdraw"];

/// The command line `args` with the right name for the mistyped one; none where that does not stand
/// there as a word of its own: a file or a setting may have said it. None either for what cannot be undone.
pub(crate) fn as_meant(args: &[OsString], meant: &Meant) -> Option<String> {
    if args.iter().any(|arg| FINAL.iter().any(|word| arg == *word)) {
        return None;
    }
    let mut found = false;
    let mut line = "git gryt".to_owned();
    for arg in args.iter().skip(1) {
        let arg = arg.to_str()?;
        let (option, value) = match arg.split_once('=') {
            Some((option, value)) if option.starts_with("--") => (Some(option), value),
            _ => (None, arg),
        };
        let value = match replaced(value, meant) {
            Some(value) => {
                found = true;
                value
            }
            None => value.to_owned(),
        };
        line.push(' ');
        if let Some(option) = option {
            line += option;
            line.push('=');
        }
        line += &quoted(&value);
    }
    found.then_some(line)
}

/// A word that is the name, or one part of `VERSION/ID`.
fn replaced(word: &str, meant: &Meant) -> Option<String> {
    if word == meant.typed {
        return Some(meant.near.clone());
    }
    let (before, after) = word.rsplit_once('/')?;
    match (before == meant.typed, after == meant.typed) {
        (true, _) => Some(format!("{}/{after}", meant.near)),
        (_, true) => Some(format!("{before}/{}", meant.near)),
        _ => None,
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,~^".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_name_is_replaced_where_it_stands() {
        let meant = Meant {
            typed: "FEAT1".into(),
            near: "FEAT-1".into(),
        };
        let line = |words: &str| {
            let args: Vec<OsString> = words.split('|').map(OsString::from).collect();
            as_meant(&args, &meant)
        };
        for (typed, expected) in [
            (
                "git-gryt|run|--change|FEAT1",
                Some("git gryt run --change FEAT-1"),
            ),
            (
                "git-gryt|run|--change=v1/FEAT1|-C|a b",
                Some("git gryt run --change=v1/FEAT-1 -C 'a b'"),
            ),
            ("git-gryt|run|--change|XFEAT1", None),
            ("git-gryt|evolution|abandon|v1/FEAT1", None),
        ] {
            assert_eq!(line(typed).as_deref(), expected, "{typed}");
        }
    }
}
