//! Merging two edits of one contract: by change id and field, never by line.
//!
//! Both sides' edits are kept; where both set one field to different values, or where the merge
//! bases disagree about who did, a person decides. The text follows in `weave`.

use serde::Serialize;

use super::{Change, ChangeId, Contract};

/// One thing that two sides want differently.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Clash {
    /// What it is, like `title of FEAT-1`.
    pub place: String,
    /// None where that side removed it.
    pub ours: Option<String>,
    pub theirs: Option<String>,
}

/// Whose value counts where two differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Ours,
    Theirs,
}

/// Merges `ours` and `theirs` over their merge bases, of which a criss-cross history has several.
/// With `prefer`, clashes are settled by that side.
///
/// # Errors
/// The clashes, all of them.
pub(crate) fn contracts(
    bases: &[Contract],
    ours: &Contract,
    theirs: &Contract,
    prefer: Option<Side>,
) -> Result<Contract, Vec<Clash>> {
    let mut merger = Merger {
        prefer,
        clashes: Vec::new(),
    };
    let top = |field: fn(&Contract) -> &Option<String>| {
        let bases: Vec<Option<String>> = bases.iter().map(|b| field(b).clone()).collect();
        (bases, field(ours).clone(), field(theirs).clone())
    };
    let (old, here, there) = top(|c| &c.description);
    let description = merger.field("description", &old, &here, &there, Clone::clone);
    let (old, here, there) = top(|c| &c.pipeline_template);
    let pipeline_template = merger.field("pipeline_template", &old, &here, &there, Clone::clone);
    let mut changes = Vec::new();
    for id in order(bases.first(), ours, theirs) {
        let old: Vec<Option<&Change>> = bases.iter().map(|b| b.change(&id)).collect();
        changes.extend(merger.change(&id, &old, ours.change(&id), theirs.change(&id)));
    }
    if merger.clashes.is_empty() {
        Ok(Contract {
            version: ours.version.clone(),
            description,
            pipeline_template,
            changes,
        })
    } else {
        Err(merger.clashes)
    }
}

struct Merger {
    prefer: Option<Side>,
    clashes: Vec<Clash>,
}

/// What one merge base says of two values that differ.
fn verdict<T: PartialEq>(base: &T, ours: &T, theirs: &T) -> Option<Side> {
    if base == ours {
        Some(Side::Theirs)
    } else if base == theirs {
        Some(Side::Ours)
    } else {
        None
    }
}

impl Merger {
    /// One field. `show` says a value to a person.
    fn field<T: PartialEq + Clone>(
        &mut self,
        place: &str,
        bases: &[T],
        ours: &T,
        theirs: &T,
        show: impl Fn(&T) -> Option<String>,
    ) -> T {
        if ours == theirs {
            return ours.clone();
        }
        let mut verdicts = bases.iter().map(|base| verdict(base, ours, theirs));
        let first = verdicts.next().flatten();
        let agreed = first.filter(|first| verdicts.all(|next| next == Some(*first)));
        let side = agreed.or(self.prefer).unwrap_or_else(|| {
            self.clashes.push(Clash {
                place: place.to_owned(),
                ours: show(ours),
                theirs: show(theirs),
            });
            Side::Ours
        });
        match side {
            Side::Ours => ours.clone(),
            Side::Theirs => theirs.clone(),
        }
    }

    fn change(
        &mut self,
        id: &ChangeId,
        bases: &[Option<&Change>],
        ours: Option<&Change>,
        theirs: Option<&Change>,
    ) -> Option<Change> {
        let (Some(here), Some(there)) = (ours, theirs) else {
            // Removed by one side, or added by one: a whole change is one value.
            let whole = |change: &Option<&Change>| change.map(|c| c.title.clone());
            let merged = self.field(&format!("change {id}"), bases, &ours, &theirs, whole);
            return merged.cloned();
        };
        let mut clashing = |name: &str, field: fn(&Change) -> Option<String>| {
            // A change that both added has no value before.
            let old: Vec<Option<String>> = bases.iter().map(|b| b.and_then(field)).collect();
            let place = format!("{name} of {id}");
            self.field(&place, &old, &field(here), &field(there), Clone::clone)
        };
        let kind = clashing("type", |c| Some(c.kind.to_string()));
        let spelled = clashing("id", |c| Some(c.id.to_string()));
        let title = clashing("title", |c| Some(c.title.clone()));
        let joined = clashing("links", |c| {
            (!c.links.is_empty()).then(|| c.links.join(" "))
        });
        Some(Change {
            // Both sides' values parse, so what was chosen between them does.
            kind: kind.and_then(|k| k.parse().ok()).unwrap_or(here.kind),
            id: spelled
                .and_then(|id| id.parse().ok())
                .unwrap_or_else(|| here.id.clone()),
            title: title.unwrap_or_else(|| here.title.clone()),
            description: clashing("description", |c| c.description.clone()),
            assignee: clashing("assignee", |c| c.assignee.clone()),
            pipeline: clashing("pipeline", |c| c.pipeline.clone()),
            // No address holds white space.
            links: joined
                .iter()
                .flat_map(|links| links.split(' '))
                .map(str::to_owned)
                .collect(),
        })
    }
}

/// The ids of both sides. The side that reordered gives the order, ours where both did; what only
/// the other has follows what it followed there.
fn order(base: Option<&Contract>, ours: &Contract, theirs: &Contract) -> Vec<ChangeId> {
    let ids = |contract: &Contract| -> Vec<ChangeId> {
        contract.changes.iter().map(|c| c.id.clone()).collect()
    };
    let untouched = base.is_some_and(|base| {
        let shared = |of: &Contract, and: &Contract| -> Vec<String> {
            let both = of.changes.iter().filter(|c| and.change(&c.id).is_some());
            both.map(|c| c.id.as_str().to_ascii_lowercase()).collect()
        };
        shared(ours, base) == shared(base, ours)
    });
    let (lead, other) = if untouched {
        (ids(theirs), ids(ours))
    } else {
        (ids(ours), ids(theirs))
    };
    let mut merged = lead;
    for (at, id) in other.iter().enumerate() {
        if merged.iter().any(|known| known.is(id)) {
            continue;
        }
        let before = other[..at].iter().rev();
        let place = before
            .filter_map(|id| merged.iter().position(|known| known.is(id)))
            .next();
        let place = match place {
            Some(place) => place + 1,
            None if at == 0 => 0,
            None => merged.len(),
        };
        merged.insert(place, id.clone());
    }
    merged
}
