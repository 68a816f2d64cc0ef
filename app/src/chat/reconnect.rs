//! How long to wait before the next try: exponential with full jitter, so that a crowd that lost one server does not
//! come back as a wave.

use std::time::Duration;

/// The first wait is at most this long.
pub const FIRST_WAIT: Duration = Duration::from_millis(500);

/// No wait is longer than this: nobody looks at a silent room for a minute.
pub const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// The wait after `failures` tries that failed one after the other, for a `random` number from 0 up to 1.
pub fn wait(failures: u32, random: f64) -> Duration {
    let doubled = FIRST_WAIT.saturating_mul(1 << failures.min(16));
    doubled.min(LONGEST_WAIT).mul_f64(random.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let longest: Vec<u64> = (0..9).map(|failures| wait(failures, 1.0).as_secs()).collect();
        assert_eq!(longest, [0, 1, 2, 4, 8, 16, 30, 30, 30]);
        assert_eq!(wait(0, 1.0), FIRST_WAIT);
        assert_eq!(wait(u32::MAX, 1.0), LONGEST_WAIT);
    }

    proptest! {
        #[test]
        fn every_wait_is_within_its_bounds(failures: u32, random in 0.0..1.0f64) {
            let whole = wait(failures, 1.0);
            let drawn = wait(failures, random);
            prop_assert!(drawn <= whole && whole <= LONGEST_WAIT);
            prop_assert!((drawn.as_secs_f64() - whole.as_secs_f64() * random).abs() < 1e-6, "full jitter");
        }
    }
}
