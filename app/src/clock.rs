//! The clocks of this page: one that only moves forward for waiting, the device's, and the server's as far as it is
//! known. Rules take their times from here as arguments.

use std::time::Duration;

use leptos::prelude::*;
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

/// The server's clock: the device's, set right by what the server said it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
