//! What the gate says against a ticket, in words: what is wrong, and what to do.

use wire::{Problem, ProblemCode};

/// The wait when the server names none, in milliseconds.
const WAIT_MILLIS: u64 = 10_000;

/// Why a ticket is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no code to show.
    NothingTyped,
    /// The server said so.
    Problem(ProblemCode),
    /// The next try may come later.
    Wait {
        /// What for.
        why: Why,
        /// How long the whole wait is, in milliseconds.
        whole: u64,
        /// When it is over, in milliseconds of the page's clock.
        until: u64,
        /// Whether it goes on from a wait that was said before.
        again: bool,
    },
    /// No answer.
    Unreachable,
}

/// Why a ticket has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// There were too many tries.
    Tries,
    /// The server is busy: the page tries again by itself.
    Busy,
    /// So it is, and the seat is to be moved here.
    BusyToMove,
}

impl Refusal {
    /// What an answer at the time `now` means.
    pub fn from_problem(problem: Option<&Problem>, now: u64) -> Self {
        let Some(problem) = problem else {
            return Self::Unreachable;
        };
        match (problem.code, problem.retry_after_ms) {
            (ProblemCode::TooManyTries, wait) => {
                let whole = wait.unwrap_or(WAIT_MILLIS);
                Self::Wait {
                    why: Why::Tries,
                    whole,
                    until: now + whole,
                    again: false,
                }
            }
            (code, _) => Self::Problem(code),
        }
    }

    /// The server is busy until then; `moves` the seat of another device when it no longer is.
    pub fn busy(moves: bool, until: u64, now: u64) -> Self {
        Self::Wait {
            why: if moves { Why::BusyToMove } else { Why::Busy },
            whole: until.saturating_sub(now),
            until,
            again: false,
        }
    }

    /// The same, after one that was said before.
    pub fn again(mut self) -> Self {
        if let Self::Wait { again, .. } = &mut self {
            *again = true;
        }
        self
    }

    /// Whether the page tries again by itself.
    pub fn is_busy(self) -> bool {
        matches!(
            self,
            Self::Wait {
                why: Why::Busy | Why::BusyToMove,
                ..
            }
        )
    }

    /// What is wrong.
    pub fn title(self) -> &'static str {
        match self {
            Self::NothingTyped => "There is no code yet.",
            Self::Wait { why: Why::Tries, .. } => "Too many tries.",
            Self::Wait { .. } => "The box office is busy.",
            Self::Unreachable => "The box office can’t be reached.",
            Self::Problem(code) => match code {
                ProblemCode::TicketUnknown => "That code doesn’t open this event.",
                ProblemCode::TicketRevoked => "This ticket was taken back.",
                ProblemCode::OriginRefused => "This page is not from the event’s own address.",
                ProblemCode::RequestInvalid => "That can’t be a ticket code.",
                _ => "That did not work.",
            },
        }
    }

    /// What to do about it.
    pub fn advice(self) -> &'static str {
        match self {
            Self::NothingTyped => "Type it from your ticket, or paste it.",
            Self::Wait { why: Why::Tries, .. } => "What you typed stays here.",
            Self::Wait { why: Why::Busy, .. } => "It comes by itself: leave this page as it is.",
            Self::Wait {
                why: Why::BusyToMove, ..
            } => "It comes by itself, and moves your seat here: leave this page as it is.",
            Self::Unreachable => "Look at your connection, then try again. What you typed stays here.",
            Self::Problem(code) => match code {
                ProblemCode::TicketUnknown => {
                    "Check it against your ticket, sign by sign. It may also belong to another night."
                }
                ProblemCode::TicketRevoked => "The organizer can tell you why.",
                ProblemCode::OriginRefused => "Open the address that is printed on your ticket.",
                ProblemCode::RequestInvalid => "Check it against your ticket, sign by sign.",
                _ => "Try again in a moment. What you typed stays here.",
            },
        }
    }
}

/// What is left of a wait, as it is shown.
pub fn left_in_words(seconds: u64) -> String {
    match seconds {
        0 => "a moment".to_owned(),
        seconds => in_words(seconds),
    }
}

/// Seconds that are left of a wait, a begun one counted whole.
pub fn seconds_left(until: u64, now: u64) -> u64 {
    until.saturating_sub(now).div_ceil(1_000)
}

/// A wait in words: `18 seconds`, `2 minutes`.
pub fn in_words(seconds: u64) -> String {
    match seconds {
        1 => "1 second".to_owned(),
        0..=90 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_counted_from_when_it_was_said() {
        let answer = serde_json::json!({"type": "about:blank", "title": "", "status": 429, "code": "too_many_tries", "retry_after_ms": 18_000});
        let problem: Problem = serde_json::from_value(answer).expect("a problem");
        let refusal = Refusal::from_problem(Some(&problem), 5_000);
        assert_eq!(
            refusal,
            Refusal::Wait {
                why: Why::Tries,
                whole: 18_000,
                until: 23_000,
                again: false,
            }
        );
        assert_eq!(seconds_left(23_000, 5_001), 18);
        assert_eq!(seconds_left(23_000, 30_000), 0);
        assert_eq!(Refusal::from_problem(None, 0), Refusal::Unreachable);
        assert!(!refusal.is_busy());
    }

    #[test]
    fn who_waits_for_a_busy_server_is_told_what_comes_by_itself() {
        let (comes, moves) = (Refusal::busy(false, 7_000, 5_000), Refusal::busy(true, 7_000, 5_000));
        assert!(comes.is_busy() && moves.is_busy());
        assert!(!comes.advice().contains("moves your seat") && moves.advice().contains("moves your seat"));
        let Refusal::Wait {
            why,
            whole,
            until,
            again,
        } = moves.again()
        else {
            panic!("no wait")
        };
        assert_eq!((why, whole, until, again), (Why::BusyToMove, 2_000, 7_000, true));
    }

    #[test]
    fn waits_are_said_in_words() {
        assert_eq!(left_in_words(0), "a moment");
        assert_eq!(left_in_words(1), "1 second");
        assert_eq!(in_words(18), "18 seconds");
        assert_eq!(in_words(120), "2 minutes");
        assert_eq!(in_words(121), "3 minutes");
    }
}
