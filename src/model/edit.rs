//! Changing a contract's text the way a careful person would: only the lines that are meant,
//! comments and order kept.
//!
//! Every edit is checked by what it was for: the new text must say exactly the contract that was
//! intended. Where the editor cannot do that (an alias, an exotic style), the edit is refused and
//! the person edits the file.

use std::str::FromStr;

use yaml_edit::{Document, Mapping, Sequence};

use super::generation::quoted;
use super::invalid::MAX_BYTES;
use super::sections::cut;
use super::{Change, ChangeId, Contract, Invalid};

/// One change to a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Edit {
    /// Adds the change, or sets type and title of the one with that id.
    Put(Change),
    /// Removes the change.
    Drop(ChangeId),
    /// Sets who is to do it.
    Assign(ChangeId, String),
    /// Sets what the generation is.
    Describe(String),
}

/// Applies `edits` in order to `text`, the contract of `contract`.
///
/// # Errors
/// An unknown change id, or a text that the editor cannot change without damage.
pub(crate) fn apply(text: &str, contract: &Contract, edits: &[Edit]) -> Result<String, Invalid> {
    let mut wanted = contract.clone();
    for edit in edits {
        intend(&mut wanted, edit)?;
    }
    rewrite(text, contract, &wanted)
}

/// Applies those of `edits` that can be, one after another; says of each other one why not.
pub(crate) fn apply_each(
    text: &str,
    contract: &Contract,
    edits: &[Edit],
) -> Result<(String, Vec<Option<Invalid>>), Invalid> {
    if let Ok(text) = apply(text, contract, edits) {
        return Ok((text, edits.iter().map(|_| None).collect()));
    }
    let mut text = text.to_owned();
    let mut faults = Vec::new();
    for edit in edits {
        let now = Contract::parse(text.as_bytes(), &contract.version)?;
        match apply(&text, &now, std::slice::from_ref(edit)) {
            Ok(edited) => {
                text = edited;
                faults.push(None);
            }
            Err(fault) => faults.push(Some(fault)),
        }
    }
    Ok((text, faults))
}

/// Changes `text`, which says `from`, until it says `to`; the order of changes that both have is
/// the text's.
///
/// # Errors
/// A text that the editor cannot change without damage.
pub(crate) fn rewrite(text: &str, from: &Contract, to: &Contract) -> Result<String, Invalid> {
    let cut = without(text, from, to);
    let (text, from) = match &cut {
        Some((text, from)) => (text.as_str(), from),
        None => (text, from),
    };
    if from.says_the_same(to) {
        return Ok(text.to_owned());
    }
    let document =
        Document::from_str(text).map_err(|e| Invalid::new(format!("it cannot be edited: {e}")))?;
    let root = document.as_mapping().ok_or_else(unedited)?;
    perform(&root, from, to).ok_or_else(unedited)?;
    let mut edited = document.to_string();
    if !edited.ends_with('\n') {
        edited.push('\n');
    }
    match Contract::parse(edited.as_bytes(), &to.version) {
        Ok(said) if said.says_the_same(to) => Ok(edited),
        _ if edited.len() > MAX_BYTES => Err(Invalid::too_large("the contract would be")),
        _ => Err(unedited()),
    }
}

/// The text without the entries that `to` lacks, and without the comments above them, which are about
/// nothing any more. None where there are none, or where the text is not cut so easily.
fn without(text: &str, from: &Contract, to: &Contract) -> Option<(String, Contract)> {
    let stays = |id: &ChangeId| to.change(id).is_some();
    if from.changes.iter().all(|change| stays(&change.id)) {
        return None;
    }
    let sections = cut(text)?;
    let kept = sections.entries.iter().filter(|(id, _)| stays(id));
    let kept: String = kept.map(|(_, entry)| *entry).collect();
    if kept.is_empty() {
        return None;
    }
    let text = format!("{}{kept}{}", sections.head, sections.tail);
    let mut left = from.clone();
    left.changes.retain(|change| stays(&change.id));
    let said = Contract::parse(text.as_bytes(), &from.version).ok()?;
    said.says_the_same(&left).then_some((text, said))
}

fn unedited() -> Invalid {
    Invalid::new("its text cannot be changed without damage: edit the file")
}

fn unknown(contract: &Contract, id: &ChangeId) -> Invalid {
    let (version, known) = (&contract.version, &contract.changes);
    let ids: Vec<&str> = known.iter().map(|change| change.id.as_str()).collect();
    Invalid::new(match ids.as_slice() {
        [] => format!("{version} has no change {id}: it has no changes"),
        ids => format!("{version} has no change {id}: it has {}", ids.join(", ")),
    })
}

/// What the contract is meant to say afterwards.
fn intend(contract: &mut Contract, edit: &Edit) -> Result<(), Invalid> {
    let at = |contract: &Contract, id: &ChangeId| contract.changes.iter().position(|c| c.id.is(id));
    match edit {
        Edit::Put(change) => match at(contract, &change.id) {
            Some(at) => {
                contract.changes[at].kind = change.kind;
                contract.changes[at].title.clone_from(&change.title);
            }
            None => contract.changes.push(change.clone()),
        },
        Edit::Drop(id) => {
            let at = at(contract, id).ok_or_else(|| unknown(contract, id))?;
            contract.changes.remove(at);
        }
        Edit::Assign(id, who) => {
            let at = at(contract, id).ok_or_else(|| unknown(contract, id))?;
            contract.changes[at].assignee = Some(who.clone());
        }
        Edit::Describe(text) => contract.description = Some(text.clone()),
    }
    Ok(())
}

/// Does it in the text. None where the text has no place for it.
fn perform(root: &Mapping, from: &Contract, to: &Contract) -> Option<()> {
    if from.version.as_str() != to.version.as_str() {
        root.set("version", to.version.as_str());
    }
    set_if_changed(root, "description", &from.description, &to.description);
    set_if_changed(
        root,
        "pipeline_template",
        &from.pipeline_template,
        &to.pipeline_template,
    );
    for gone in from.changes.iter().filter(|c| to.change(&c.id).is_none()) {
        let list = root.get_sequence("changes")?;
        let (at, _) = entry(&list, &gone.id)?;
        list.remove(at)?;
    }
    for change in &to.changes {
        match from.change(&change.id) {
            Some(old) => {
                let (_, entry) = entry(&root.get_sequence("changes")?, &old.id)?;
                set_fields(&entry, old, change);
            }
            None => add(root, change)?,
        }
    }
    Some(())
}

fn set_fields(entry: &Mapping, old: &Change, new: &Change) {
    let kind = |change: &Change| Some(change.kind.to_string());
    let some = |text: &str| Some(text.to_owned());
    set_if_changed(entry, "type", &kind(old), &kind(new));
    set_if_changed(entry, "title", &some(&old.title), &some(&new.title));
    set_if_changed(entry, "id", &some(old.id.as_str()), &some(new.id.as_str()));
    set_if_changed(entry, "description", &old.description, &new.description);
    set_if_changed(entry, "assignee", &old.assignee, &new.assignee);
    set_if_changed(entry, "pipeline", &old.pipeline, &new.pipeline);
    if old.links != new.links {
        _ = entry.remove("links");
        // Where the text has no place for them, the caller sees that it does not say what was meant.
        if let Some(links) = listed(&new.links) {
            entry.set("links", &links);
        }
    }
}

/// Links as a list in a text.
fn listed(links: &[String]) -> Option<Sequence> {
    let text = format!("links: {}\n", flow(links)?);
    parsed(&text)?.as_mapping()?.get_sequence("links")
}

/// Links on one line; none where there are none.
fn flow(links: &[String]) -> Option<String> {
    let quoted: Vec<String> = links.iter().map(|link| quoted(link)).collect();
    (!links.is_empty()).then(|| format!("[{}]", quoted.join(", ")))
}

fn set_if_changed(at: &Mapping, key: &str, old: &Option<String>, new: &Option<String>) {
    match new {
        Some(new) if old.as_ref() != Some(new) => at.set(key, new.as_str()),
        None if old.is_some() => _ = at.remove(key),
        _ => {}
    }
}

fn add(root: &Mapping, change: &Change) -> Option<()> {
    match root.get_sequence("changes") {
        Some(list) if !list.is_empty() => {
            list.push(&parsed(&lines(change, ""))?.as_mapping()?);
        }
        // An empty flow list would stay one line for ever; begin a block list instead.
        _ => {
            let text = format!("changes:\n  - {}", lines(change, "    ").trim_start());
            let fresh = parsed(&text)?.as_mapping()?.get_sequence("changes")?;
            root.set("changes", &fresh);
        }
    }
    Some(())
}

fn entry(list: &Sequence, id: &ChangeId) -> Option<(usize, Mapping)> {
    (0..list.len()).find_map(|at| {
        let entry = list.get(at)?.as_mapping()?.clone();
        let named: ChangeId = entry.get("id")?.as_scalar()?.as_string().parse().ok()?;
        named.is(id).then_some((at, entry))
    })
}

fn parsed(text: &str) -> Option<Document> {
    Document::from_str(text).ok()
}

fn lines(change: &Change, indent: &str) -> String {
    let mut text = format!(
        "{indent}type: {}\n{indent}id: {}\n{indent}title: {}\n",
        change.kind,
        quoted_if_needed(change.id.as_str()),
        quoted(&change.title)
    );
    for (key, value) in [
        ("description", &change.description),
        ("assignee", &change.assignee),
        ("pipeline", &change.pipeline),
    ] {
        if let Some(value) = value {
            text += &format!("{indent}{key}: {}\n", quoted(value));
        }
    }
    if let Some(links) = flow(&change.links) {
        text += &format!("{indent}links: {links}\n");
    }
    text
}

/// An id such as `1.0` is not a string to YAML unless it is quoted.
fn quoted_if_needed(id: &str) -> String {
    match serde_yaml::from_str::<serde_yaml::Value>(id) {
        Ok(serde_yaml::Value::String(_)) => id.to_owned(),
        _ => quoted(id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
version: v1.0.0 # ours
description: \"First\"
changes:
  # asked for by support
  - type: add
    id: FEAT-1 # the first
    title: \"User login\"
";

    fn edit(text: &str, edits: &[Edit]) -> Result<String, Invalid> {
        let version = "v1.0.0".parse().unwrap();
        let contract = Contract::parse(text.as_bytes(), &version).unwrap();
        apply(text, &contract, edits)
    }

    fn put(text: &str) -> Edit {
        Edit::Put(text.parse().unwrap())
    }

    #[test]
    fn a_change_is_added_at_the_end_and_nothing_else_moves() {
        let edited = edit(TEXT, &[put("fix:BUG-2:Time: out")]).unwrap();
        let added = "  - type: fix\n    id: BUG-2\n    title: \"Time: out\"\n";
        assert_eq!(edited, format!("{TEXT}{added}"));
    }

    #[test]
    fn an_empty_list_becomes_a_block() {
        let blank = Contract::blank(&"v1.0.0".parse().unwrap(), None);
        let edited = edit(&blank, &[put("add:7:x"), put("add:1.0:y")]).unwrap();
        assert!(
            edited.contains("  - type: add\n    id: \"7\"\n"),
            "{edited}"
        );
        assert!(edited.contains("    id: \"1.0\"\n"), "{edited}");
        assert!(edited.contains("# One entry a change"), "{edited}");
    }

    #[test]
    fn fields_are_set_in_place_and_comments_stay() {
        let who = Edit::Assign("feat-1".parse().unwrap(), "dev: a".into());
        let edited = edit(TEXT, &[who, put("refine:FEAT-1:Login")]).unwrap();
        for kept in ["# ours", "# asked for by support", "# the first"] {
            assert!(edited.contains(kept), "{edited}");
        }
        assert!(edited.contains("type: refine"), "{edited}");
    }

    #[test]
    fn an_unknown_change_is_named() {
        let gone = Edit::Drop("NOPE".parse().unwrap());
        assert!(edit(TEXT, &[gone]).unwrap_err().rule.contains("NOPE"));
        let edited = edit(TEXT, &[Edit::Drop("FEAT-1".parse().unwrap())]).unwrap();
        assert!(edited.contains("changes:"), "{edited}");
    }

    #[test]
    fn what_is_written_is_read_as_it_was_typed() {
        for word in [
            "1.10",
            "1e3",
            "0x1F",
            "True",
            "null",
            "~",
            "Null",
            "99999999999999999999",
            ".5",
            "no",
            "- a",
            "a: b",
            "a #b",
            "'",
            "\"",
            "!x",
            "*x",
            "&x",
            "@x",
            "%x",
            "a\nb",
        ] {
            let id: ChangeId = "FEAT-1".parse().unwrap();
            let edits = [
                Edit::Describe(word.into()),
                Edit::Assign(id.clone(), word.into()),
            ];
            let text = edit(TEXT, &edits).unwrap();
            let version = "v1.0.0".parse().unwrap();
            let said = Contract::parse(text.as_bytes(), &version).unwrap();
            assert_eq!(said.description.as_deref(), Some(word), "{text}");
            let assignee = &said.change(&id).unwrap().assignee;
            assert_eq!(assignee.as_deref(), Some(word), "{text}");
        }
        for id in [
            "1.10",
            "1e3",
            "0x1F",
            "True",
            "null",
            "99999999999999999999",
        ] {
            let text = edit(TEXT, &[put(&format!("fix:{id}:{id}"))]).unwrap();
            let text = edit(&text, &[Edit::Assign(id.parse().unwrap(), id.into())]).unwrap();
            let said = Contract::parse(text.as_bytes(), &"v1.0.0".parse().unwrap()).unwrap();
            let change = said.change(&id.parse().unwrap()).unwrap();
            assert_eq!(
                (change.id.as_str(), change.title.as_str()),
                (id, id),
                "{text}"
            );
        }
    }

    fn any_edit() -> impl proptest::strategy::Strategy<Value = Edit> {
        use proptest::prelude::*;
        let id = prop_oneof!["FEAT-1", "BUG-2", "A", "1[.]0"];
        let title = "[ -~é]{1,12}".prop_filter("a title", |t| !t.trim().is_empty());
        prop_oneof![
            (id.clone(), title.clone()).prop_filter_map("a change", |(id, title)| {
                format!("fix:{id}:{title}").parse().ok().map(Edit::Put)
            }),
            id.clone().prop_map(|id| Edit::Drop(id.parse().unwrap())),
            (id, title.clone()).prop_map(|(id, who)| Edit::Assign(id.parse().unwrap(), who)),
            title.prop_map(Edit::Describe),
        ]
    }

    proptest::proptest! {
        #[test]
        fn an_edited_text_says_what_was_meant_and_keeps_what_was_not(
            edits in proptest::collection::vec(any_edit(), 1..5)
        ) {
            let version = "v1.0.0".parse().unwrap();
            let mut meant = Contract::parse(TEXT.as_bytes(), &version).unwrap();
            let known = edits.iter().try_for_each(|edit| intend(&mut meant, edit)).is_ok();
            match edit(TEXT, &edits) {
                Ok(text) => {
                    let said = Contract::parse(text.as_bytes(), &version).unwrap();
                    proptest::prop_assert!(known && said.says_the_same(&meant), "{text}");
                    proptest::prop_assert!(text.contains("# ours"), "{text}");
                }
                // What cannot be said without damage is left to the person.
                Err(invalid) => proptest::prop_assert!(!known || invalid.rule == unedited().rule),
            }
        }
    }
}
