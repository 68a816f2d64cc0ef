//! A call that is made again until it is answered: when the next try is due, and which answers are worth another one.

use wire::{Problem, ProblemCode};

use crate::chat::reconnect;

/// The longest wait that is taken from a server, in milliseconds.
const LONGEST_WISH: u64 = 10 * 60 * 1000;

/// The tries of one call. Times are milliseconds of a clock that only moves forward; random numbers come in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tries {
    failures: u32,
    due: u64,
    /// What the server wishes: nothing may come before.
    earliest: u64,
    is_under_way: bool,
}

impl Tries {
    /// Whether to try now. If so, the try is under way until it is answered.
    pub fn begin(&mut self, now: u64) -> bool {
        let begins = !self.is_under_way && now >= self.due;
        self.is_under_way |= begins;
        begins
    }

    /// The try failed: the next one follows after a wait with full jitter, and not before the server wishes.
    pub fn failed(&mut self, wish: Option<u64>, now: u64, random: f64) {
        let wait = reconnect::wait(self.failures, random).as_millis();
        let wait = u64::try_from(wait).unwrap_or(LONGEST_WISH);
        self.earliest = now + wish.unwrap_or_default().min(LONGEST_WISH);
        self.due = self.earliest + wait;
        self.failures = self.failures.saturating_add(1);
        self.is_under_way = false;
    }

    /// The device has a network again: no more waiting than the server wished.
    pub fn hurry(&mut self) {
        self.due = self.earliest;
    }

    /// When the next try may begin.
    pub fn due(&self) -> u64 {
        self.due
    }

    /// Whether a try has failed already.
    pub fn has_failed(&self) -> bool {
        self.failures > 0
    }
}

/// Whether another try may have another answer: the server was not reached, or was too busy.
pub fn is_passing(problem: Option<&Problem>) -> bool {
    problem.is_none_or(|problem| {
        matches!(
            problem.code,
            ProblemCode::Unavailable | ProblemCode::Internal | ProblemCode::TooManyTries
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn problem(code: &str) -> Problem {
        let answer = serde_json::json!({"type": "about:blank", "title": "", "status": 0, "code": code});
        serde_json::from_value(answer).expect("a problem")
    }

    #[test]
    fn one_try_at_a_time() {
        let mut tries = Tries::default();
        assert!(tries.begin(0));
        assert!(!tries.begin(99_000), "it is under way");
        tries.failed(None, 100_000, 0.5);
        assert_eq!(tries.due(), 100_250);
        assert!(!tries.begin(100_249) && tries.begin(100_250));
    }

    #[test]
    fn a_new_network_ends_the_wait_but_doubles_no_try() {
        let mut tries = Tries::default();
        tries.begin(0);
        tries.hurry();
        assert!(!tries.begin(1));
        tries.failed(Some(5_000), 1, 0.5);
        tries.hurry();
        assert!(!tries.begin(5_000) && tries.begin(5_001));
    }

    #[test]
    fn only_what_passes_is_tried_again() {
        assert!(is_passing(None));
        for code in ["unavailable", "internal", "too_many_tries"] {
            assert!(is_passing(Some(&problem(code))), "{code}");
        }
        for code in ["lease_lost", "ticket_unknown", "event_over", "not_open", "of_tomorrow"] {
            assert!(!is_passing(Some(&problem(code))), "{code}");
        }
    }

    proptest! {
        #[test]
        fn waits_are_bounded_and_never_shorter_than_the_server_wishes(
            fails in proptest::collection::vec((proptest::option::of(any::<u64>()), 0.0..1.0f64), 1..40),
        ) {
            let (mut tries, mut now) = (Tries::default(), 0);
            for (wish, random) in fails {
                prop_assert!(tries.begin(now));
                tries.failed(wish, now, random);
                let least = wish.unwrap_or_default().min(LONGEST_WISH);
                prop_assert!(least == 0 || !tries.begin(now + least - 1));
                now += least + 30_000;
            }
        }
    }
}
