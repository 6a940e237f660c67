//! A contract's text, cut at the entries of its list of changes.

use super::ChangeId;

/// A contract's text, cut at the entries of its list.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sections<'a> {
    /// Everything before the entries, an empty `[]` left out.
    pub head: String,
    /// Each with the comments above it.
    pub entries: Vec<(ChangeId, &'a str)>,
    pub tail: &'a str,
}

impl<'a> Sections<'a> {
    /// The entry of that change.
    pub(super) fn entry(&self, id: &ChangeId) -> Option<&'a str> {
        let found = self.entries.iter().find(|(known, _)| known.is(id));
        found.map(|(_, text)| *text)
    }
}

/// Cuts a text whose changes are a block list. None for any other style.
pub(super) fn cut(text: &str) -> Option<Sections<'_>> {
    let mut at = 0;
    let mut lines = Vec::new();
    for line in text.split_inclusive('\n') {
        lines.push((at, line));
        at += line.len();
    }
    let rest_of = |line: &str| {
        let key = ["changes:", "\"changes\":", "'changes':"];
        key.iter()
            .find_map(|key| line.strip_prefix(key))
            .map(|rest| rest.trim().to_owned())
    };
    let key = lines.iter().position(|(_, line)| rest_of(line).is_some())?;
    let rest = rest_of(lines[key].1)?;
    let offset = |line: usize| lines.get(line).map_or(text.len(), |(at, _)| *at);
    if let Some(comment) = rest.strip_prefix("[]") {
        // An empty list is a block list without entries.
        let before = &text[..offset(key)];
        let name = lines[key].1.split(':').next()?;
        let gap = if comment.is_empty() { "" } else { " " };
        return Some(Sections {
            head: format!("{before}{name}:{gap}{}\n", comment.trim_start()),
            entries: Vec::new(),
            tail: &text[offset(key + 1)..],
        });
    }
    if !rest.is_empty() && !rest.starts_with('#') {
        return None;
    }
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let is_item = |line: &str| line.trim_start_matches(' ').starts_with("- ");
    let is_blank = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
    let first = (key + 1..lines.len()).find(|at| !is_blank(lines[*at].1))?;
    let depth = indent(lines[first].1);
    if !is_item(lines[first].1) {
        return None;
    }
    // Comments above an entry, no deeper than it, are its own.
    let own_comments = |start: usize, floor: usize| {
        let mut from = start;
        while from > floor && is_blank(lines[from - 1].1) {
            let comment = !lines[from - 1].1.trim().is_empty();
            if comment && indent(lines[from - 1].1) > depth {
                break;
            }
            from -= 1;
        }
        from
    };
    let mut starts = Vec::new();
    let mut end = lines.len();
    for (at, (_, line)) in lines.iter().enumerate().skip(first) {
        if is_blank(line) {
            continue;
        }
        if indent(line) == depth && is_item(line) {
            starts.push(own_comments(
                at,
                starts.last().map_or(key + 1, |last| last + 1),
            ));
        } else if indent(line) <= depth {
            end = at;
            break;
        }
    }
    while end > 0 && is_blank(lines[end - 1].1) && indent(lines[end - 1].1) <= depth {
        end -= 1;
    }
    let mut sections = Sections {
        head: text[..offset(*starts.first()?)].to_owned(),
        entries: Vec::new(),
        tail: &text[offset(end)..],
    };
    for (n, start) in starts.iter().enumerate() {
        let stop = starts.get(n + 1).copied().unwrap_or(end);
        let entry = &text[offset(*start)..offset(stop)];
        let parsed: Vec<Named> = serde_yaml::from_str(entry).ok()?;
        let [named] = parsed.as_slice() else {
            return None;
        };
        sections.entries.push((named.id.clone(), entry));
    }
    Some(sections)
}

/// An entry, as far as its name.
#[derive(serde::Deserialize)]
struct Named {
    id: ChangeId,
}
