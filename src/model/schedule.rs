//! In which order the steps of a pipeline run: a graph of who waits for whom, and what may start
//! next.

/// How far one step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Waiting,
    Running,
    /// It ended, and what needs it may start.
    Done,
    /// It failed, was skipped, or never ran: nothing that needs it starts.
    Stopped,
}

/// What happens next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Next {
    pub start: Vec<usize>,
    /// Steps that will never run, because something that they need did not pass.
    pub skip: Vec<usize>,
}

/// What may start, and what never will, as things stand. `needs` has no circle.
pub(crate) fn next(needs: &[Vec<usize>], states: &[State], jobs: usize) -> Next {
    let mut states = states.to_vec();
    let mut next = Next::default();
    // A skipped step stops what needs it in turn.
    loop {
        let stopped = |at: &usize| {
            states[*at] == State::Waiting
                && needs[*at]
                    .iter()
                    .any(|need| states[*need] == State::Stopped)
        };
        match (0..states.len()).find(stopped) {
            Some(at) => {
                states[at] = State::Stopped;
                next.skip.push(at);
            }
            None => break,
        }
    }
    let running = states.iter().filter(|s| **s == State::Running).count();
    let free = jobs.saturating_sub(running);
    let ready = |at: &usize| {
        states[*at] == State::Waiting && needs[*at].iter().all(|need| states[*need] == State::Done)
    };
    next.start = (0..states.len()).filter(ready).take(free).collect();
    next
}

/// Steps that wait for each other, the first repeated at the end. None where there are none.
pub(crate) fn circle(needs: &[Vec<usize>]) -> Option<Vec<usize>> {
    // Take away whatever waits for nothing that is left; what remains lies on or behind a circle.
    let mut left: Vec<bool> = vec![true; needs.len()];
    while let Some(at) =
        (0..needs.len()).find(|at| left[*at] && needs[*at].iter().all(|need| !left[*need]))
    {
        left[at] = false;
    }
    let mut path = vec![left.iter().position(|l| *l)?];
    loop {
        let at = *path.last()?;
        let next = *needs[at].iter().find(|need| left[**need])?;
        if let Some(begin) = path.iter().position(|seen| *seen == next) {
            let mut circle = path.split_off(begin);
            circle.push(next);
            return Some(circle);
        }
        path.push(next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_stops_what_needs_it_and_nothing_else() {
        let needs = [vec![], vec![0], vec![1], vec![]];
        let states = [
            State::Stopped,
            State::Waiting,
            State::Waiting,
            State::Waiting,
        ];
        let found = next(&needs, &states, 4);
        assert_eq!((found.skip, found.start), (vec![1, 2], vec![3]));
    }

    #[test]
    fn no_more_start_than_there_are_jobs() {
        let needs = vec![vec![]; 4];
        let mut states = [State::Waiting; 4];
        states[0] = State::Running;
        assert_eq!(next(&needs, &states, 3).start, [1, 2]);
        assert_eq!(next(&needs, &states, 1).start, [0; 0]);
    }

    #[test]
    fn a_circle_is_found_and_what_only_waits_for_it_is_not_in_it() {
        assert_eq!(circle(&[vec![], vec![0]]), None);
        assert_eq!(circle(&[vec![1], vec![2], vec![1]]), Some(vec![1, 2, 1]));
    }

    proptest::proptest! {
        /// Whatever fails, everything ends: done, failed or skipped.
        #[test]
        fn every_schedule_comes_to_an_end(
            needs in proptest::collection::vec(proptest::collection::vec(0usize..8, 0..3), 1..8),
            fails in proptest::collection::vec(proptest::bool::ANY, 8),
            jobs in 1usize..4,
        ) {
            let count = needs.len();
            let needs: Vec<Vec<usize>> = needs
                .into_iter()
                .enumerate()
                .map(|(at, list)| list.into_iter().filter(|n| *n < at.min(count)).collect())
                .collect();
            let mut states = vec![State::Waiting; count];
            for _ in 0..=count {
                let found = next(&needs, &states, jobs);
                for at in found.skip {
                    states[at] = State::Stopped;
                }
                proptest::prop_assert!(found.start.len() <= jobs);
                for at in found.start {
                    proptest::prop_assert!(needs[at].iter().all(|n| states[*n] == State::Done));
                    states[at] = if fails[at] { State::Stopped } else { State::Done };
                }
            }
            proptest::prop_assert!(states.iter().all(|s| matches!(s, State::Done | State::Stopped)));
        }
    }
}
