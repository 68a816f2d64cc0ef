//! When this fan may send: slow mode, a mute, a pause. Times are milliseconds of a clock that only moves forward.

use wire::Refusal;
use wire::frame::Refused;

/// So long a refusal counts that the room's last word does not explain, in milliseconds: the two may have crossed.
const CROSSED: u64 = 2_000;

/// Why nothing can be sent for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// The next line goes in so many seconds, of so many.
    Slow {
        /// Seconds left.
        seconds: u64,
        /// Seconds between two lines.
        of: u64,
    },
    /// A moderator muted this fan for so many seconds more.
    Muted {
        /// Seconds left.
        seconds: u64,
    },
    /// The crew has paused the chat.
    Paused,
}

/// What holds this fan back.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    /// The staff wait for nothing.
    pub is_exempt: bool,
    slow_seconds: u32,
    is_paused: bool,
    paused_until: u64,
    said_at: Option<u64>,
    slow_until: u64,
    muted_until: u64,
}

impl Pace {
    /// What to wait for, if anything.
    pub fn wait(&self, now: u64) -> Option<Wait> {
        let left = |until: u64| until.saturating_sub(now).div_ceil(1_000);
        if self.is_exempt {
            return None;
        }
        if self.is_paused || now < self.paused_until {
            return Some(Wait::Paused);
        }
        if now < self.muted_until {
            return Some(Wait::Muted {
                seconds: left(self.muted_until),
            });
        }
        (now < self.slow_until).then(|| {
            let seconds = left(self.slow_until);
            let of = seconds.max(self.slow_seconds.into());
            Wait::Slow { seconds, of }
        })
    }

    /// Whether lines go one at a time.
    pub fn is_slow(&self) -> bool {
        self.slow_seconds > 0 && !self.is_exempt
    }

    /// The room is like this now. A wait goes by the slow mode of now, also one that has begun.
    pub fn room(&mut self, slow_seconds: u32, is_paused: bool, now: u64) {
        self.is_paused = is_paused;
        self.paused_until = 0;
        if slow_seconds == self.slow_seconds {
            return;
        }
        self.slow_seconds = slow_seconds;
        self.slow_until = match self.said_at {
            _ if slow_seconds == 0 => 0,
            Some(at) => at + self.slow_millis(),
            None => self.slow_until.min(now + self.slow_millis()),
        };
    }

    /// A line of this fan is in the log.
    pub fn said(&mut self, now: u64) {
        self.said_at = Some(now);
        self.slow_until = now + self.slow_millis();
    }

    /// A line was not taken.
    pub fn refused(&mut self, refused: &Refused, now: u64) {
        let left = refused.retry_after_ms.unwrap_or_default();
        match refused.code {
            Refusal::SlowMode => self.slow_until = now + left.min(self.slow_millis().max(CROSSED)),
            Refusal::Muted => self.muted(left, now),
            Refusal::Paused => self.paused_until = now + CROSSED,
            _ => {}
        }
    }

    /// A moderator muted this fan for so long from now, or ended it.
    pub fn muted(&mut self, left_ms: u64, now: u64) {
        self.muted_until = now.saturating_add(left_ms);
    }

    /// The device slept for so long, and the clock stood still.
    pub fn slept(&mut self, millis: u64) {
        self.said_at = self.said_at.and_then(|at| at.checked_sub(millis));
        for until in [&mut self.slow_until, &mut self.muted_until] {
            *until = until.saturating_sub(millis);
        }
    }

    fn slow_millis(&self) -> u64 {
        u64::from(self.slow_seconds) * 1_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: Refusal, retry_after_ms: u64) -> Refused {
        Refused {
            id: None,
            code,
            retry_after_ms: Some(retry_after_ms),
            detail: None,
        }
    }

    fn slow(seconds: u64, of: u64) -> Wait {
        Wait::Slow { seconds, of }
    }

    #[test]
    fn in_slow_mode_a_fan_waits_after_each_line() {
        let mut pace = Pace::default();
        pace.said(1_000);
        assert_eq!(pace.wait(1_000), None);
        pace.room(10, false, 1_001);
        assert_eq!(
            pace.wait(1_001),
            Some(slow(10, 10)),
            "switched on, it counts from the last line"
        );
        assert_eq!(pace.wait(10_999), Some(slow(1, 10)));
        assert_eq!(pace.wait(11_000), None);
        pace.said(20_000);
        pace.room(5, false, 21_000);
        assert_eq!(pace.wait(21_000), Some(slow(4, 5)), "it follows a change");
        pace.room(0, false, 21_000);
        assert_eq!(pace.wait(21_000), None, "and ends with it");
    }

    #[test]
    fn what_the_server_says_counts_also_when_this_page_did_not_see_the_line() {
        let mut pace = Pace::default();
        pace.room(30, false, 0);
        pace.refused(&refused(Refusal::SlowMode, 7_000), 0);
        assert_eq!(pace.wait(0), Some(slow(7, 30)));
        pace.room(3, false, 1_000);
        assert_eq!(
            pace.wait(1_000),
            Some(slow(3, 3)),
            "nobody waits longer than slow mode is"
        );
        pace.room(3, true, 2_000);
        pace.refused(&refused(Refusal::Paused, 0), 2_000);
        assert_eq!(pace.wait(60_000), Some(Wait::Paused), "the room says so too");
        pace.room(3, false, 60_000);
        pace.refused(&refused(Refusal::Muted, 90_000), 60_000);
        assert_eq!(pace.wait(60_000), Some(Wait::Muted { seconds: 90 }));
    }

    #[test]
    fn a_refusal_that_crossed_the_end_of_its_cause_holds_nobody_for_long() {
        let mut pace = Pace::default();
        pace.room(0, false, 0);
        pace.refused(&refused(Refusal::Paused, 0), 0);
        assert_eq!((pace.wait(1_999), pace.wait(2_000)), (Some(Wait::Paused), None));
        pace.refused(&refused(Refusal::SlowMode, 300_000), 2_000);
        assert_eq!((pace.wait(2_000), pace.wait(4_000)), (Some(slow(2, 2)), None));
    }

    #[test]
    fn what_the_device_slept_through_is_waited_for_no_more() {
        let mut pace = Pace::default();
        pace.room(60, false, 0);
        pace.said(10_000);
        pace.muted(90_000, 10_000);
        pace.slept(50_000);
        assert_eq!(pace.wait(10_000), Some(Wait::Muted { seconds: 40 }));
        assert_eq!(pace.wait(50_000), None);
        pace.muted(0, 10_000);
        assert_eq!(pace.wait(15_000), Some(slow(5, 60)));
        pace.room(80, false, 15_000);
        assert_eq!(pace.wait(15_000), Some(slow(5, 80)));
    }

    #[test]
    fn a_mute_ends_by_itself_or_at_once() {
        let mut pace = Pace::default();
        pace.muted(600_000, 5);
        assert_eq!(pace.wait(1_005), Some(Wait::Muted { seconds: 599 }));
        pace.muted(0, 2_000);
        assert_eq!(pace.wait(2_000), None);
        pace.muted(1_000, 3_000);
        assert_eq!(pace.wait(4_000), None);
    }

    #[test]
    fn the_staff_wait_for_nothing() {
        let mut pace = Pace {
            is_exempt: true,
            ..Pace::default()
        };
        pace.room(30, true, 0);
        pace.said(0);
        assert_eq!((pace.wait(1), pace.is_slow()), (None, false));
    }
}
