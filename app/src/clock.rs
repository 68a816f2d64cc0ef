//! The clocks of this page: one that only moves forward for waiting, the device's, and the server's as far as it is
//! known. Rules take their times from here as arguments.

use std::time::Duration;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use wire::UnixMillis;

/// Milliseconds since the page was opened; never goes back.
pub fn monotonic() -> u64 {
    whole(
        window()
            .performance()
            .map_or_else(js_sys::Date::now, |performance| performance.now()),
    )
}

/// What the device says the time is.
pub fn device() -> UnixMillis {
    whole(js_sys::Date::now())
}

/// So much further than the forward clock the device's has to get, in milliseconds, for a sleep in between.
const ASLEEP: u64 = 5_000;

/// Notices that the device slept: in many browsers the forward clock stands still meanwhile, and the device's does not.
/// A device clock that was set forward looks the same.
#[derive(Clone, Copy, Debug)]
pub struct SleepWatch {
    device: UnixMillis,
    monotonic: u64,
}

impl SleepWatch {
    /// Begins with what both clocks say.
    pub fn new(device: UnixMillis, monotonic: u64) -> Self {
        Self { device, monotonic }
    }

    /// For how many milliseconds the device slept since the clocks were looked at last, as far as the forward clock missed it.
    pub fn slept(&mut self, device: UnixMillis, monotonic: u64) -> u64 {
        let before = std::mem::replace(self, Self::new(device, monotonic));
        let passed = monotonic.saturating_sub(before.monotonic);
        let missed = device.saturating_sub(before.device).saturating_sub(passed);
        if missed > ASLEEP { missed } else { 0 }
    }
}

/// The server's clock: the device's, set right by what the server said it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerClock {
    ahead: i64,
}

impl ServerClock {
    /// Set by an answer that said `now` and has just arrived.
    pub fn set(now: UnixMillis) -> Self {
        Self {
            ahead: now as i64 - device() as i64,
        }
    }

    /// What the time is on the server.
    pub fn now(self) -> UnixMillis {
        device().saturating_add_signed(self.ahead)
    }
}

/// Calls `each` every `period` until the current owner is cleaned up.
pub fn every(period: Duration, each: impl Fn() + 'static) {
    if let Ok(handle) = set_interval_with_handle(each, period) {
        on_cleanup(move || handle.clear());
    }
}

/// A number from 0 up to 1, for spreading a crowd out in time.
pub fn random() -> f64 {
    js_sys::Math::random()
}

#[expect(clippy::cast_possible_truncation, reason = "times in milliseconds fit in 53 bits")]
fn whole(millis: f64) -> u64 {
    millis as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEVICE: UnixMillis = 1_800_000_000_000;
    const HOUR: u64 = 3_600_000;

    #[test]
    fn a_sleep_is_noticed_once() {
        let mut watch = SleepWatch::new(DEVICE, 10_000);
        assert_eq!(watch.slept(DEVICE + 1_000, 11_000), 0);
        assert_eq!(watch.slept(DEVICE + HOUR, 11_500), HOUR - 1_500);
        assert_eq!(watch.slept(DEVICE + HOUR + 1_000, 12_500), 0);
    }

    #[test]
    fn time_that_both_clocks_saw_is_no_sleep() {
        let mut watch = SleepWatch::new(DEVICE, 0);
        assert_eq!(
            watch.slept(DEVICE + HOUR, HOUR),
            0,
            "a page whose timers were throttled"
        );
        assert_eq!(
            watch.slept(DEVICE + HOUR + ASLEEP, HOUR),
            0,
            "a clock that is set right by a little"
        );
    }

    #[test]
    fn a_clock_that_is_set_counts_as_one_sleep_at_most() {
        let mut watch = SleepWatch::new(DEVICE, 0);
        assert_eq!(watch.slept(DEVICE + HOUR, 1_000), HOUR - 1_000);
        for second in 2..60 {
            assert_eq!(watch.slept(DEVICE + HOUR + second * 1_000, second * 1_000), 0);
        }
        assert_eq!(watch.slept(DEVICE - HOUR, 60_000), 0, "set back");
        assert_eq!(watch.slept(DEVICE - HOUR + 1_000, 61_000), 0);
    }
}
