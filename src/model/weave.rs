//! The text of a merged contract: both people's lines and comments, saying exactly what the merge
//! decided.
//!
//! A merge of lines alone can be clean, valid, and put an edit on the wrong change. So each way of
//! making the text is only a proposal, and what it says is compared with the merged contract. The
//! last way edits one side's text field by field.

use super::edit::rewrite;
use super::sections::cut;
use super::{ChangeId, Contract};

/// The three texts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Texts<'a> {
    pub base: &'a str,
    pub ours: &'a str,
    pub theirs: &'a str,
}

/// A text that says `merged`. None where neither side's text can be brought to it without damage.
pub(crate) fn weave(texts: Texts<'_>, merged: &Contract) -> Option<String> {
    let parse = |text: &str| Contract::parse(text.as_bytes(), &merged.version).ok();
    let says = |text: &String| parse(text).is_some_and(|said| said.says_the_same(merged));
    if let Some(text) = lines(texts).filter(says) {
        return Some(text);
    }
    let woven = by_entry(texts, merged);
    let candidates = [woven.as_deref(), Some(texts.ours), Some(texts.theirs)];
    let bring = |text: &str| rewrite(text, &parse(text)?, merged).ok();
    candidates.into_iter().flatten().find_map(bring)
}

/// A merge of lines, where it is clean.
fn lines(texts: Texts<'_>) -> Option<String> {
    let Texts { base, ours, theirs } = texts;
    if ours == theirs || base == theirs {
        Some(ours.to_owned())
    } else if base == ours {
        Some(theirs.to_owned())
    } else {
        diffy::merge(base, ours, theirs).ok()
    }
}

/// Merges section by section, so that two people who write beside each other do not clash.
fn by_entry(texts: Texts<'_>, merged: &Contract) -> Option<String> {
    let base = cut(texts.base)?;
    let ours = cut(texts.ours)?;
    let theirs = cut(texts.theirs)?;
    let mut text = piece(&base.head, &ours.head, &theirs.head);
    // Ours with theirs' additions put after what they follow there.
    let mut ids: Vec<ChangeId> = ours.entries.iter().map(|(id, _)| id.clone()).collect();
    for (at, (id, _)) in theirs.entries.iter().enumerate() {
        if ids.iter().any(|known| known.is(id)) {
            continue;
        }
        let before = theirs.entries[..at].iter().rev();
        let place = before
            .filter_map(|(id, _)| ids.iter().rposition(|known| known.is(id)))
            .next();
        ids.insert(place.map_or(ids.len(), |place| place + 1), id.clone());
    }
    // What one side dropped goes with the comments above it, wherever that side left them.
    for id in ids.iter().filter(|id| merged.change(id).is_some()) {
        let entry = match (base.entry(id), ours.entry(id), theirs.entry(id)) {
            (Some(base), Some(ours), Some(theirs)) => piece(base, ours, theirs),
            // New, or removed by one side and decided to stay.
            (_, Some(only), _) | (_, None, Some(only)) => only.to_owned(),
            (_, None, None) => continue,
        };
        text += &entry;
        if !text.ends_with('\n') {
            text.push('\n');
        }
    }
    text += &piece(base.tail, ours.tail, theirs.tail);
    Some(text)
}

/// One section: merged by lines where that is clean, else line by line by what each line is about,
/// else ours. What is decided about it is brought about afterwards.
fn piece(base: &str, ours: &str, theirs: &str) -> String {
    lines(Texts { base, ours, theirs })
        .or_else(|| by_key(base, ours, theirs))
        .unwrap_or_else(|| ours.to_owned())
}

/// Lines by what they are about: the field before the colon, or a comment's own words. None where
/// two lines of one side are about the same.
fn by_key(base: &str, ours: &str, theirs: &str) -> Option<String> {
    let (base, ours, theirs) = (keyed(base)?, keyed(ours)?, keyed(theirs)?);
    let find = |side: &[(&str, &str)], key: &str| {
        let found = side.iter().find(|(known, _)| *known == key);
        found.map(|(_, line)| (*line).to_owned())
    };
    // Ours in order, with what theirs added put after what it follows there.
    let mut keys: Vec<&str> = ours.iter().map(|(key, _)| *key).collect();
    for (at, (key, _)) in theirs.iter().enumerate() {
        if keys.contains(key) || find(&base, key).is_some() {
            continue;
        }
        let before = theirs[..at].iter().rev();
        let place = before
            .filter_map(|(key, _)| keys.iter().position(|known| known == key))
            .next();
        keys.insert(place.map_or(0, |place| place + 1), key);
    }
    let mut text = String::new();
    for key in keys {
        let (old, here, there) = (find(&base, key), find(&ours, key), find(&theirs, key));
        let line = if old == here { there } else { here.or(there) };
        text += &line.unwrap_or_default();
    }
    Some(text)
}

fn keyed(text: &str) -> Option<Vec<(&str, &str)>> {
    let mut found: Vec<(&str, &str)> = Vec::new();
    for line in text.split_inclusive('\n') {
        let bare = line.trim().trim_start_matches("- ");
        let key = match bare.split_once(':') {
            Some((field, _)) if !bare.starts_with('#') => field,
            _ => bare,
        };
        if found.iter().any(|(known, _)| *known == key) {
            return None;
        }
        found.push((key, line));
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::super::merge::{self, Side, contracts};
    use super::super::{Change, Version};
    use super::*;

    const BASE: &str = "\
version: v1.0.0 # ours
changes:
  # about a
  - type: add
    id: A
    title: a # the first
  - type: fix
    id: B
    title: b
# the end
";

    fn version() -> Version {
        "v1.0.0".parse().unwrap()
    }

    fn parse(text: &str) -> Contract {
        Contract::parse(text.as_bytes(), &version()).unwrap()
    }

    fn merged(base: &str, ours: &str, theirs: &str) -> Result<String, Vec<merge::Clash>> {
        let contract = contracts(&[parse(base)], &parse(ours), &parse(theirs), None)?;
        let woven = weave(Texts { base, ours, theirs }, &contract).unwrap();
        assert!(parse(&woven).says_the_same(&contract), "{woven}");
        Ok(woven)
    }

    #[test]
    fn two_additions_at_the_end_merge_with_their_comments() {
        let add = |id: &str| {
            let entry = format!("  # for {id}\n  - type: add\n    id: {id}\n    title: {id}\n");
            BASE.replace("# the end", &format!("{entry}# the end"))
        };
        let text = merged(BASE, &add("OURS"), &add("THEIRS")).unwrap();
        for kept in [
            "# ours",
            "# about a",
            "# the first",
            "# for OURS",
            "# for THEIRS",
            "# the end",
        ] {
            assert_eq!(text.matches(kept).count(), 1, "{kept}: {text}");
        }
        assert!(
            text.find("OURS").unwrap() > text.find("id: B").unwrap(),
            "{text}"
        );
    }

    #[test]
    fn one_field_each_merges_and_one_field_both_is_a_persons_choice() {
        let ours = BASE.replace("title: a #", "title: better a #");
        let theirs = BASE.replace("type: add", "type: refine");
        let text = merged(BASE, &ours, &theirs).unwrap();
        assert!(text.contains("title: better a # the first"), "{text}");
        assert!(text.contains("type: refine"), "{text}");
        let theirs = BASE.replace("title: a #", "title: other a #");
        let clashes = merged(BASE, &ours, &theirs).unwrap_err();
        assert_eq!(clashes.len(), 1);
        assert_eq!(clashes[0].place, "title of A");
        let settled = contracts(
            &[parse(BASE)],
            &parse(&ours),
            &parse(&theirs),
            Some(Side::Theirs),
        );
        assert_eq!(settled.unwrap().changes[0].title, "other a");
    }

    #[test]
    fn an_edit_of_what_the_other_removed_is_a_clash() {
        let removed = BASE.replace("  - type: fix\n    id: B\n    title: b\n", "");
        let edited = BASE.replace("title: b", "title: better b");
        assert_eq!(
            merged(BASE, &removed, &edited).unwrap_err()[0].place,
            "change B"
        );
        let text = merged(BASE, &removed, BASE).unwrap();
        assert_eq!(text, removed);
    }

    #[test]
    fn a_reordered_list_takes_no_edit_to_the_wrong_change() {
        let swapped = "version: v1.0.0\nchanges:\n- type: fix\n  id: B\n  title: b\n- type: add\n  id: A\n  title: a\n";
        let flat = "version: v1.0.0\nchanges:\n- type: add\n  id: A\n  title: a\n- type: fix\n  id: B\n  title: b\n";
        let edited = flat.replace("title: a", "title: new a");
        let text = merged(flat, swapped, &edited).unwrap();
        assert_eq!(parse(&text).changes[0].id.as_str(), "B");
        assert_eq!(parse(&text).changes[1].title, "new a");
    }

    #[test]
    fn bases_that_disagree_leave_it_to_a_person() {
        let with = |title: &str| parse(&BASE.replace("title: b", &format!("title: {title}")));
        let bases = [with("one"), with("two")];
        let clash = contracts(&bases, &with("one"), &with("two"), None).unwrap_err();
        assert_eq!(clash[0].place, "title of B");
        assert!(contracts(&bases, &with("same"), &with("same"), None).is_ok());
        assert!(contracts(&bases[..1], &with("one"), &with("two"), None).is_ok());
    }

    #[test]
    fn two_that_fill_in_a_blank_contract_keep_their_comments() {
        let blank = Contract::blank(&version(), None);
        let ours = blank.replace(
            "changes: []",
            "changes:\n  # legal asked for this\n  - type: add\n    id: T\n    title: t # agreed",
        );
        let theirs = "version: v1.0.0\nchanges:\n  - type: add\n    id: O\n    title: o # mine\n";
        for (ours, theirs) in [(ours.as_str(), theirs), (theirs, ours.as_str())] {
            let text = merged(&blank, ours, theirs).unwrap();
            for kept in ["# legal asked for this", "t # agreed", "o # mine"] {
                assert!(text.contains(kept), "{kept}: {text}");
            }
        }
    }

    #[test]
    fn a_comment_beside_the_others_edit_is_kept() {
        let base = "version: v1.0.0\nchanges:\n- type: add\n  id: A\n  title: a\n  assignee: x\n";
        let ours = base.replace("title: a", "title: better");
        let theirs = base.replace("assignee: x", "assignee: x # ask her first");
        let text = merged(base, &ours, &theirs).unwrap();
        assert!(
            text.contains("better") && text.contains("# ask her first"),
            "{text}"
        );
        let ours = base.replace("- type", "# ours\n- type");
        let theirs = base.replace("- type", "# theirs\n- type");
        let text = merged(base, &ours, &theirs).unwrap();
        assert!(
            text.contains("# ours") && text.contains("# theirs"),
            "{text}"
        );
    }

    #[test]
    fn a_flow_list_is_edited_in_place() {
        let base = "version: v1.0.0\nchanges: [{type: add, id: A, title: a}] # flow\n";
        let ours = base.replace("title: a", "title: b");
        let theirs = base.replace("}]", "}, {type: fix, id: B, title: c}]");
        let text = merged(base, &ours, &theirs).unwrap();
        assert!(text.contains("# flow"), "{text}");
    }

    #[test]
    fn the_comment_of_what_one_side_dropped_goes_once_and_stays_once() {
        let base = "version: v1.0.0\nchanges:\n# about a\n- type: add\n  id: A\n  title: a\n# about b\n- type: add\n  id: B\n  title: b\n# about c\n- type: add\n  id: C\n  title: c\n";
        let b = "- type: add\n  id: B\n  title: b\n";
        // Ours takes the entry away with its comment, and without it; theirs edits what stands beside.
        let whole = base.replace(&format!("# about b\n{b}"), "");
        let entry = base.replace(b, "");
        let edits = [
            base.replace("title: c", "title: better c"),
            base.replace("title: a", "title: better a"),
            base.replace("# about b", "# about b, of Tuesday"),
            format!("{base}- type: fix\n  id: D\n  title: d\n"),
        ];
        for theirs in &edits {
            for (ours, left) in [(&whole, 0), (&entry, 1)] {
                for (one, other) in [(ours, theirs), (theirs, ours)] {
                    let text = merged(base, one, other).unwrap();
                    assert!(text.matches("# about b").count() <= left, "{text}");
                    assert_eq!(text.matches("# about a").count(), 1, "{text}");
                    assert_eq!(text.matches("# about c").count(), 1, "{text}");
                    assert!(!text.contains("id: B"), "{text}");
                }
            }
        }
    }

    /// A contract as a map from id to fields, and edits of it by one person.
    type Model = BTreeMap<u8, (u8, u8, Option<u8>)>;

    #[derive(Clone, Debug)]
    enum Act {
        Put(u8, u8, u8),
        Assign(u8, u8),
        Drop(u8),
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            (0..8u8, 0..4u8, 0..4u8).prop_map(|(id, kind, title)| Act::Put(id, kind, title)),
            (0..8u8, 0..4u8).prop_map(|(id, who)| Act::Assign(id, who)),
            (0..8u8).prop_map(Act::Drop),
        ]
    }

    fn acted(model: &Model, acts: &[Act]) -> Model {
        let mut model = model.clone();
        for act in acts {
            match act {
                Act::Put(id, kind, title) => {
                    let entry = model.entry(*id).or_insert((*kind, *title, None));
                    (entry.0, entry.1) = (*kind, *title);
                }
                Act::Assign(id, who) => {
                    if let Some(entry) = model.get_mut(id) {
                        entry.2 = Some(*who);
                    }
                }
                Act::Drop(id) => _ = model.remove(id),
            }
        }
        model
    }

    fn contract(model: &Model) -> Contract {
        let kinds = ["add", "fix", "refine", "remove"];
        let change = |(id, (kind, title, who)): (&u8, &(u8, u8, Option<u8>))| {
            let text = format!("{}:C-{id}:title {title}", kinds[usize::from(*kind)]);
            let mut change: Change = text.parse().unwrap();
            change.assignee = who.map(|who| format!("dev-{who}"));
            change
        };
        Contract {
            version: version(),
            description: None,
            pipeline_template: None,
            changes: model.iter().map(change).collect(),
        }
    }

    /// The contract as text, with a comment on every line that is its own.
    fn text(contract: &Contract) -> String {
        let mut text = String::from("version: v1.0.0 # c-version\nchanges: # c-changes\n");
        if contract.changes.is_empty() {
            return "version: v1.0.0 # c-version\nchanges: [] # c-changes\n".into();
        }
        for change in &contract.changes {
            let id = &change.id;
            text += &format!(
                "  # above {id}\n  - type: {}\n    id: {id} # c-{id}\n",
                change.kind
            );
            text += &format!("    title: {:?}\n", change.title);
            if let Some(who) = &change.assignee {
                text += &format!("    assignee: {who}\n");
            }
        }
        text
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn merging_keeps_every_one_sided_edit_and_every_comment(
            start in proptest::collection::vec(act(), 0..12),
            here in proptest::collection::vec(act(), 0..5),
            there in proptest::collection::vec(act(), 0..5),
        ) {
            let base = acted(&Model::new(), &start);
            let (ours, theirs) = (acted(&base, &here), acted(&base, &there));
            let (b, o, t) = (contract(&base), contract(&ours), contract(&theirs));
            let forth = contracts(std::slice::from_ref(&b), &o, &t, None);
            let back = contracts(std::slice::from_ref(&b), &t, &o, None);
            prop_assert_eq!(&forth, &contracts(std::slice::from_ref(&b), &o, &t, None));
            let (merged, mirrored) = match (forth, back) {
                (Ok(merged), Ok(mirrored)) => (merged, mirrored),
                (Err(forth), Err(back)) => {
                    let places = |clashes: Vec<merge::Clash>| -> Vec<String> {
                        let mut places: Vec<String> = clashes.into_iter().map(|c| c.place).collect();
                        places.sort();
                        places
                    };
                    prop_assert_eq!(places(forth), places(back));
                    return Ok(());
                }
                other => panic!("one way clashes and the other does not: {other:?}"),
            };
            prop_assert!(merged.says_the_same(&mirrored));
            for id in 0..8u8 {
                let name: ChangeId = format!("C-{id}").parse().unwrap();
                let found = merged.change(&name);
                // What only one side touched is as that side left it.
                if ours.get(&id) == base.get(&id) {
                    prop_assert_eq!(found, t.change(&name));
                } else if theirs.get(&id) == base.get(&id) {
                    prop_assert_eq!(found, o.change(&name));
                }
            }
            let (base_text, our_text, their_text) = (text(&b), text(&o), text(&t));
            let texts = Texts { base: &base_text, ours: &our_text, theirs: &their_text };
            let woven = weave(texts, &merged).expect("these texts are plain");
            prop_assert!(parse(&woven).says_the_same(&merged));
            let back = Texts { base: &base_text, ours: &their_text, theirs: &our_text };
            prop_assert!(weave(back, &merged).is_some());
            // Lines that nobody touched keep their comments.
            for change in &merged.changes {
                if b.change(&change.id).is_some() {
                    let comment = format!("id: {} # c-{}", change.id, change.id);
                    prop_assert!(woven.contains(&comment), "{}\n{}", comment, woven);
                }
            }
            prop_assert!(woven.contains("# c-version"), "{}", woven);
        }

        #[test]
        fn a_criss_cross_never_settles_what_its_bases_dispute(
            start in proptest::collection::vec(act(), 0..8),
            left in proptest::collection::vec(act(), 0..4),
            right in proptest::collection::vec(act(), 0..4),
            here in proptest::collection::vec(act(), 0..4),
            there in proptest::collection::vec(act(), 0..4),
        ) {
            let base = acted(&Model::new(), &start);
            let (one, two) = (acted(&base, &left), acted(&base, &right));
            let bases = [contract(&one), contract(&two)];
            let (o, t) = (contract(&acted(&one, &here)), contract(&acted(&two, &there)));
            let merged = contracts(&bases, &o, &t, None);
            let swapped = [bases[1].clone(), bases[0].clone()];
            let other = contracts(&swapped, &o, &t, None);
            prop_assert_eq!(merged.is_ok(), other.is_ok());
            if let (Ok(merged), Ok(other)) = (&merged, &other) {
                prop_assert!(merged.says_the_same(other));
                for change in &merged.changes {
                    // Every value is somebody's.
                    let from = |c: &Contract| c.change(&change.id).map(|c| c.title.clone());
                    let title = Some(change.title.clone());
                    prop_assert!(from(&o) == title || from(&t) == title);
                }
            }
        }
    }
}
