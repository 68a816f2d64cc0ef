//! How often a member may send: a burst, then a steady rate. A leaky bucket kept as one moment (GCRA): the time at which
//! everything that was sent has leaked out.

use wire::UnixMillis;

/// The rate all members share.
#[derive(Clone, Copy, Debug)]
pub struct SendLimits {
    /// Messages at once; 0 is unlimited.
    pub burst: u32,
    /// Messages a second after the burst; 0 is unlimited.
    pub per_second: u32,
}

const MICROS_PER_SECOND: u64 = 1_000_000;

impl SendLimits {
    /// Microseconds in which one message leaks out; `None` without a limit.
    fn interval(self) -> Option<u64> {
        (self.burst > 0 && self.per_second > 0).then(|| MICROS_PER_SECOND / u64::from(self.per_second))
    }
}

/// What one member has sent lately.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limiter {
    /// Empty from this moment on, in microseconds since 1970 UTC.
    empty_at: u64,
}

impl Limiter {
    /// Takes the room for one message.
    ///
    /// # Errors
    /// With the milliseconds to wait, when there is none.
    pub fn take(&mut self, limits: SendLimits, now: UnixMillis) -> Result<(), u64> {
        let Some(interval) = limits.interval() else {
            return Ok(());
        };
        let now = now * 1_000;
        let start = self.empty_at.max(now);
        let most = now + interval * u64::from(limits.burst - 1);
        if start > most {
            return Err((start - most).div_ceil(1_000));
        }
        self.empty_at = start + interval;
        Ok(())
    }

    /// Gives back the room of a message that turned out to cost nothing.
    pub fn give_back(&mut self, limits: SendLimits) {
        self.empty_at = self.empty_at.saturating_sub(limits.interval().unwrap_or(0));
    }

    /// Whether nothing is left to remember.
    pub fn is_empty(self, now: UnixMillis) -> bool {
        self.empty_at <= now * 1_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CONTRACT: SendLimits = SendLimits {
        burst: 5,
        per_second: 1,
    };

    #[test]
    fn a_burst_of_five_and_one_a_second_after() {
        let mut limiter = Limiter::default();
        let start = 1_000_000;
        for _ in 0..5 {
            assert_eq!(limiter.take(CONTRACT, start), Ok(()));
        }
        assert_eq!(limiter.take(CONTRACT, start), Err(1_000));
        assert_eq!(limiter.take(CONTRACT, start + 400), Err(600));
        assert_eq!(limiter.take(CONTRACT, start + 1_000), Ok(()));
        assert_eq!(limiter.take(CONTRACT, start + 1_000), Err(1_000));
    }

    #[test]
    fn what_was_given_back_can_be_used() {
        let mut limiter = Limiter::default();
        for _ in 0..5 {
            assert_eq!(limiter.take(CONTRACT, 10_000), Ok(()));
        }
        limiter.give_back(CONTRACT);
        assert_eq!(limiter.take(CONTRACT, 10_000), Ok(()));
        assert_eq!(limiter.take(CONTRACT, 10_000), Err(1_000));
    }

    #[test]
    fn zero_is_unlimited() {
        let mut limiter = Limiter::default();
        for limits in [
            SendLimits {
                burst: 0,
                per_second: 1,
            },
            SendLimits {
                burst: 5,
                per_second: 0,
            },
        ] {
            assert!((0..1_000).all(|_| limiter.take(limits, 5).is_ok()));
        }
        assert!(limiter.is_empty(5));
    }

    proptest! {
        #[test]
        fn a_wait_that_was_told_is_enough_and_no_more(burst in 1_u32..9, per_second in 1_u32..50, gaps in prop::collection::vec(0_u64..2_000, 1..60)) {
            let limits = SendLimits { burst, per_second };
            let mut limiter = Limiter::default();
            let mut now = 1_000_000;
            for gap in gaps {
                now += gap;
                if let Err(wait) = limiter.take(limits, now) {
                    prop_assert!(wait >= 1);
                    prop_assert!(limiter.clone().take(limits, now + wait - 1).is_err());
                    now += wait;
                    prop_assert_eq!(limiter.take(limits, now), Ok(()));
                }
            }
        }
    }
}
