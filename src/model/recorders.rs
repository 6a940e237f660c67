//! Whose recorded results count (docs/policy.md, "Recorders").

use super::Policy;
use super::evolution::Attempt;
use super::mailmap::People;
use super::rules::RuleSet;

/// The attempts as a policy hears them: what somebody recorded who is none of its recorders does not count.
pub(crate) fn heard(
    attempts: &[Attempt],
    policy: &Policy,
    rules: RuleSet,
    people: &People,
) -> Vec<Attempt> {
    let mut heard = attempts.to_vec();
    let Some(recorders) = policy.recorders.as_ref().filter(|_| rules.has_coverage()) else {
        return heard;
    };
    for attempt in &mut heard {
        let recorded = attempt
            .proof
            .as_ref()
            .is_some_and(|proof| proof.pipeline.is_none());
        // Every commit of an evolution is its owner's.
        let owner = &attempt.evolution.owner;
        if recorded && !recorders.iter().any(|email| people.has(owner, email)) {
            attempt.unheard = Some(match recorders.as_slice() {
                [] => "it was recorded, but only proofs that were run count".to_owned(),
                some => format!(
                    "{owner} recorded it, but only results recorded by {} count",
                    some.join(" or ")
                ),
            });
        }
    }
    heard
}

#[cfg(test)]
mod tests {
    use super::super::evolution::tests::attempt;
    use super::super::proof::Outcome;
    use super::*;

    #[test]
    fn what_a_stranger_recorded_does_not_count_and_what_they_ran_does() {
        let policy = |text: &str| Policy::parse(text.as_bytes()).unwrap();
        let change = "add:A:title".parse().unwrap();
        let run = attempt(&change, "ann", 1, Some(Outcome::Pass));
        let mut recorded = run.clone();
        recorded.proof.as_mut().unwrap().pipeline = None;
        let counts = |text: &str, attempt: &Attempt, rules| {
            let heard = heard(
                std::slice::from_ref(attempt),
                &policy(text),
                rules,
                &People::default(),
            );
            heard[0]
                .says(&change, &attempt.evolution.generation)
                .passes()
        };
        let now = RuleSet::CURRENT;
        assert!(counts("", &recorded, now));
        assert!(counts("recorders: [Ann@example.com]", &recorded, now));
        assert!(!counts("recorders: [bob@example.com]", &recorded, now));
        assert!(counts("recorders: [bob@example.com]", &run, now));
        assert!(!counts("recorders: []", &recorded, now));
        // Entries from before there were any are not judged by it.
        assert!(counts("recorders: []", &recorded, RuleSet::FIRST));
    }
}
