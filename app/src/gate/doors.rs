//! The wait at the doors: when a ticket that came too early is shown again. The doors' time is the server's, since a
//! device sleeps and its timers with it; what is waited after a failed try is the page's own.

use wire::{Problem, ProblemCode, UnixMillis};

use crate::tries::{Tries, is_passing};

/// When the doors open, a crowd that waits in front of them is let in over this long, in milliseconds.
const OPENING_SPREAD: f64 = 3_000.0;

/// Doors that are closed, or do not answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Doors {
    knock_at: UnixMillis,
    tries: Tries,
}

impl Doors {
    /// Doors that open at this time. Everybody knocks a moment later, each at another one.
    pub fn open_at(opens_at: UnixMillis, random: f64) -> Self {
        Self {
            knock_at: opens_at.saturating_add(spread(random)),
            tries: Tries::default(),
        }
    }

    /// Whether to show the ticket now, when it is `time` on the server. If so, that try is under way.
    pub fn knock(&mut self, time: UnixMillis, now: u64) -> bool {
        time >= self.knock_at && self.tries.begin(now)
    }

    /// What was answered lets nobody in: whether to stay and knock again.
    pub fn stay_shut(&mut self, problem: Option<&Problem>, now: u64, random: f64) -> bool {
        let is_early = problem.is_some_and(|problem| problem.code == ProblemCode::NotOpen);
        let stays = is_early || is_passing(problem);
        if stays {
            let wish = problem.and_then(|problem| problem.retry_after_ms);
            self.tries.failed(wish, now, random);
        }
        stays
    }

    /// The device has a network again.
    pub fn hurry(&mut self) {
        self.tries.hurry();
    }

    /// Whether nobody answered in time.
    pub fn are_tried(&self) -> bool {
        self.tries.has_failed()
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a small number")]
fn spread(random: f64) -> u64 {
    (random.clamp(0.0, 1.0) * OPENING_SPREAD) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400_000;

    fn problem(code: &str, retry_after_ms: Option<u64>) -> Problem {
        let answer = serde_json::json!({
            "type": "about:blank", "title": "", "status": 0, "code": code, "retry_after_ms": retry_after_ms,
        });
        serde_json::from_value(answer).expect("a problem")
    }

    #[test]
    fn a_ticket_waits_for_any_doors_however_far() {
        let mut doors = Doors::open_at(400 * DAY, 0.5);
        assert!(!doors.knock(0, 0));
        assert!(
            !doors.knock(400 * DAY + 1_499, 5),
            "the page slept: its own clock says nothing"
        );
        assert!(doors.knock(400 * DAY + 1_500, 6));
        assert!(!doors.knock(500 * DAY, 7), "once at a time");
        assert!(!Doors::open_at(u64::MAX, 1.0).knock(u64::MAX - 1, 0));
    }

    #[test]
    fn doors_that_do_not_answer_are_knocked_at_again() {
        let busy = [
            None,
            Some(problem("unavailable", Some(2_000))),
            Some(problem("too_many_tries", Some(9_000))),
            Some(problem("not_open", None)),
        ];
        for answer in &busy {
            let mut doors = Doors::open_at(1_000, 0.0);
            assert!(doors.knock(1_000, 10) && !doors.are_tried());
            assert!(doors.stay_shut(answer.as_ref(), 10, 1.0), "{answer:?}");
            assert!(doors.are_tried());
            let wish = answer
                .as_ref()
                .and_then(|answer| answer.retry_after_ms)
                .unwrap_or_default();
            assert!(!doors.knock(1_000, 10 + wish + 499), "{answer:?}");
            assert!(doors.knock(1_000, 10 + wish + 500), "{answer:?}");
        }
    }

    #[test]
    fn an_answer_that_will_not_change_ends_the_wait() {
        for code in ["ticket_unknown", "ticket_in_use", "event_over", "event_unknown"] {
            assert!(
                !Doors::open_at(0, 0.0).stay_shut(Some(&problem(code, None)), 0, 0.0),
                "{code}"
            );
        }
    }
}
