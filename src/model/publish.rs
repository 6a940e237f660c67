//! Which of the user's commits have to be published with an evolution, and which may stay away: a
//! branch is amended, rebased and squashed, and what was proven on the way is history
//! (docs/format.md, "Evolution").

use std::collections::BTreeSet;

use super::{EvolutionName, Exit, Oid, Refusal};

/// A commit of the user's that a proof, or an abandonment after it, holds as a parent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pin {
    /// The evolution's commit.
    pub at: Oid,
    /// The user's.
    pub commit: Oid,
    /// Whether it is the proof that counts: the evolution's last one that is not void, passed, and
    /// not abandoned.
    pub counts: bool,
    /// Whether what it proved is in the code that is published, or released, under other commits.
    pub covered: bool,
}

/// What becomes of one evolution that is to be shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Publishing {
    /// Every commit that it holds is published, or there is none.
    AsIs,
    /// These of its commits let go of theirs, which nobody needs any more.
    Without(BTreeSet<Oid>),
    /// A proof that counts rests on commits that were never published.
    Blocked(Vec<Oid>),
}

/// Decides about one evolution, whose commits of `unpublished` no branch of the cloud has.
pub(crate) fn decide(pins: &[Pin], unpublished: &BTreeSet<Oid>) -> Publishing {
    let (mut without, mut blocked) = (BTreeSet::new(), Vec::new());
    for pin in pins.iter().filter(|pin| unpublished.contains(&pin.commit)) {
        match pin.counts && !pin.covered {
            true => blocked.push(pin.commit.clone()),
            false => _ = without.insert(pin.at.clone()),
        }
    }
    match (blocked.is_empty(), without.is_empty()) {
        (false, _) => Publishing::Blocked(blocked),
        (true, false) => Publishing::Without(without),
        (true, true) => Publishing::AsIs,
    }
}

/// An evolution that cannot be shared yet.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Blocked {
    #[serde(rename = "evolution")]
    pub name: EvolutionName,
    /// The proven commit, which no branch of the cloud has.
    pub commit: Oid,
    /// Whether it is part of what is checked out.
    pub in_head: bool,
    /// The command that publishes what is checked out.
    pub push: String,
}

/// The command that publishes what is checked out: `branch`, which may have no upstream yet, or no
/// branch at all.
pub(crate) fn command(remote: &str, branch: Option<&str>, has_upstream: bool) -> String {
    match (branch, has_upstream) {
        (Some(_), true) => "git push".to_owned(),
        (Some(branch), false) => format!("git push -u {remote} {branch}"),
        (None, _) => format!("git push {remote} HEAD:BRANCH"),
    }
}

/// The refusal to publish the commits of `blocked`, with every way out.
pub(crate) fn refused(blocked: &[Blocked]) -> Refusal {
    let what = match blocked {
        [only] => format!(
            "{} is proven at {}, which no branch of the cloud has",
            only.name,
            only.commit.short()
        ),
        several => format!(
            "{} evolutions are proven at commits that no branch of the cloud has",
            several.len()
        ),
    };
    let mut refusal = Refusal::new(Exit::OutOfStep, what);
    for one in blocked {
        if blocked.len() > 1 {
            refusal = refusal.because(format!("{} at {}", one.name, one.commit.short()));
        }
        if !one.in_head {
            refusal = refusal.because(format!(
                "{} is not part of HEAD: it was amended or rebased, or is on another branch",
                one.commit.short()
            ));
        }
    }
    refusal = refusal
        .because("gryt does not publish code unasked: push the branch, or prove what you pushed");
    if let Some(one) = blocked.iter().find(|one| one.in_head) {
        refusal = refusal.then(&one.push);
    }
    for one in blocked.iter().filter(|one| !one.in_head) {
        refusal = refusal.then(format!("git gryt run --change {}", one.name.change));
    }
    refusal = refusal.then("git gryt sync push-evolutions --with-commits");
    for one in blocked {
        refusal = refusal.then(format!(
            "git gryt evolution abandon {} --reason TEXT",
            one.name
        ));
    }
    refusal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oid(n: u32) -> Oid {
        format!("{n:040x}").parse().unwrap()
    }

    fn pin(n: u32, counts: bool, covered: bool) -> Pin {
        Pin {
            at: oid(100 + n),
            commit: oid(n),
            counts,
            covered,
        }
    }

    #[test]
    fn only_what_counts_can_block() {
        let unpublished = BTreeSet::from([oid(1), oid(2)]);
        let published = pin(3, true, false);
        assert_eq!(decide(&[published], &unpublished), Publishing::AsIs);
        let amended = [pin(1, false, false), pin(3, true, false)];
        let without = Publishing::Without(BTreeSet::from([oid(101)]));
        assert_eq!(decide(&amended, &unpublished), without);
        let squashed = [pin(1, false, false), pin(2, true, true)];
        let both = Publishing::Without(BTreeSet::from([oid(101), oid(102)]));
        assert_eq!(decide(&squashed, &unpublished), both);
        let unpushed = [pin(1, false, false), pin(2, true, false)];
        assert_eq!(
            decide(&unpushed, &unpublished),
            Publishing::Blocked(vec![oid(2)])
        );
    }

    #[test]
    fn a_refusal_names_evolution_and_commit_and_only_ways_that_lead_out() {
        let blocked = |in_head| Blocked {
            name: "v1.0.0/A/rc.1".parse().unwrap(),
            commit: oid(7),
            in_head,
            push: command("origin", Some("main"), true),
        };
        let ahead = refused(&[blocked(true)]);
        assert!(ahead.next.contains(&"git push".to_owned()));
        let gone = refused(&[blocked(false)]);
        assert!(!gone.next.contains(&"git push".to_owned()), "{gone:?}");
        assert!(gone.next.contains(&"git gryt run --change A".to_owned()));
    }
}
