//! Leaving local mode: what becomes of the promotions that a clone made by itself, once they meet
//! the cloud's ledger (docs/migrating.md).

use super::{Exit, Oid, Person, Refusal, Version};

/// A promotion that only this clone's ledger has, and what the cloud has of its version.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Own {
    pub version: Version,
    /// The promotion's id.
    pub promotion: String,
    /// The generation's first commit.
    pub generation: Oid,
    pub holder: Option<Holder>,
}

/// Who has a version in the cloud.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Holder {
    /// It is sealed, by a promotion of this id; `same` where that released the same commit by the
    /// same contract.
    Promotion { id: String, by: Person, same: bool },
    /// It is declared, by the generation that begins there.
    Draft { generation: Oid },
}

/// What becomes of a promotion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// An earlier push that was cut short has brought it to the cloud.
    There,
    /// The cloud has released the same, by a promotion of somebody else's.
    Same,
    /// It is appended to the cloud's ledger.
    Append,
    /// It becomes a draft again, under this name.
    Reopen(Version),
}

/// A version, and the name that it is to have instead.
pub(crate) type Rename = (Version, Version);

/// Decides what becomes of each of `own`, in its order. Nothing is renumbered unless `renames` says
/// so; `is_free` tells whether anybody has a version.
///
/// # Errors
/// [`Exit::Conflict`] with every version that somebody else has, and a free name for each
/// (`propose`); [`Exit::Usage`] for a rename of nothing; [`Exit::Taken`] for one to a version that is
/// not free.
pub(crate) fn decide(
    own: &[Own],
    renames: &[Rename],
    is_free: impl Fn(&Version) -> bool,
) -> Result<Vec<Fate>, Refusal> {
    for (nth, (old, new)) in renames.iter().enumerate() {
        if !own.iter().any(|o| o.version == *old) {
            let what = format!("{old} is not one of this clone's own promotions");
            return Err(Refusal::new(Exit::Usage, what));
        }
        let again = renames[..nth].iter().any(|(o, n)| o == old || n == new);
        if again || own.iter().any(|o| o.version == *new) || !is_free(new) {
            return Err(Refusal::new(Exit::Taken, format!("Version {new} is taken"))
                .because(format!("{old} needs another name")));
        }
    }
    let mut fates = Vec::new();
    let mut taken = Vec::new();
    for own in own {
        let renamed = renames.iter().find(|(old, _)| *old == own.version);
        fates.push(match (&own.holder, renamed) {
            (Some(Holder::Promotion { id, .. }), _) if *id == own.promotion => Fate::There,
            (Some(Holder::Promotion { same: true, .. }), None) => Fate::Same,
            (_, Some((_, new))) => Fate::Reopen(new.clone()),
            (None, None) => Fate::Append,
            (Some(Holder::Draft { generation }), None) if *generation == own.generation => {
                Fate::Append
            }
            (Some(holder), None) => {
                taken.push((&own.version, holder));
                Fate::There
            }
        });
    }
    if taken.is_empty() {
        return Ok(fates);
    }
    Err(conflict(own, &taken, is_free))
}

fn conflict(
    own: &[Own],
    taken: &[(&Version, &Holder)],
    is_free: impl Fn(&Version) -> bool,
) -> Refusal {
    let what = match taken.len() {
        1 => "A version that this clone promoted is taken in the cloud".to_owned(),
        n => format!("{n} versions that this clone promoted are taken in the cloud"),
    };
    let mut refusal = Refusal::new(Exit::Conflict, what);
    let mut line = "git gryt sync push".to_owned();
    let mut given: Vec<Version> = Vec::new();
    for (version, holder) in taken {
        refusal = refusal.because(match holder {
            Holder::Promotion { by, .. } => format!("{version}: {by} promoted it"),
            Holder::Draft { .. } => format!("{version}: somebody else declared it"),
        });
        let fits = |next: &Version| {
            is_free(next) && !given.contains(next) && own.iter().all(|o| o.version != *next)
        };
        if let Some(next) = version.successors().take(1000).find(fits) {
            line += &format!(" --rename {version}={next}");
            given.push(next);
        }
    }
    refusal
        .because("Nothing was pushed and nothing was changed here")
        .because("A renamed one becomes a draft with its proofs, to be promoted again")
        .then(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oid(n: u32) -> Oid {
        format!("{n:040x}").parse().unwrap()
    }

    fn v(text: &str) -> Version {
        text.parse().unwrap()
    }

    fn own(version: &str, holder: Option<Holder>) -> Own {
        Own {
            version: v(version),
            promotion: format!("id of {version}"),
            generation: oid(1),
            holder,
        }
    }

    fn by(id: &str) -> Option<Holder> {
        let by = Person {
            name: "Bob".into(),
            email: "bob@example.com".into(),
        };
        let id = id.into();
        Some(Holder::Promotion {
            id,
            by,
            same: false,
        })
    }

    #[test]
    fn what_is_free_or_ones_own_draft_is_appended_and_what_is_there_stays() {
        let draft = |n| Some(Holder::Draft { generation: oid(n) });
        let all = [
            own("v1.0.0", by("id of v1.0.0")),
            own("v1.1.0", None),
            own("v1.2.0", draft(1)),
        ];
        let fates = decide(&all, &[], |_| true).unwrap();
        assert_eq!(fates, [Fate::There, Fate::Append, Fate::Append]);
        let refusal = decide(&[own("v1.0.0", draft(2))], &[], |_| true).unwrap_err();
        assert_eq!(refusal.exit, Exit::Conflict);
    }

    #[test]
    fn what_is_taken_is_never_renumbered_in_silence() {
        let all = [own("v1.0.0", by("other")), own("v1.0.1", None)];
        let is_free = |version: &Version| *version != v("v1.0.2");
        let refusal = decide(&all, &[], is_free).unwrap_err();
        assert_eq!(refusal.exit, Exit::Conflict);
        let line = "git gryt sync push --rename v1.0.0=v1.0.3";
        assert_eq!(refusal.next, [line]);
        let fates = decide(&all, &[(v("v1.0.0"), v("v1.0.3"))], is_free).unwrap();
        assert_eq!(fates, [Fate::Reopen(v("v1.0.3")), Fate::Append]);
        for (old, new, exit) in [
            ("v1.0.0", "v1.0.2", Exit::Taken),
            ("v1.0.0", "v1.0.1", Exit::Taken),
            ("v9.0.0", "v9.0.1", Exit::Usage),
        ] {
            let refusal = decide(&all, &[(v(old), v(new))], is_free).unwrap_err();
            assert_eq!(refusal.exit, exit, "{old} {new}");
        }
        let twice = [(v("v1.0.0"), v("v3")), (v("v1.0.1"), v("v3"))];
        assert!(decide(&all, &twice, is_free).is_err());
    }
}
