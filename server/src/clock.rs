//! The one place that reads the clock. Everything below the handlers gets `now` as an argument.

use std::sync::LazyLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use wire::UnixMillis;

/// The present moment; 0 on a machine whose clock stands before 1970.
pub fn now() -> UnixMillis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The moment that this process first looked at its clock, on both of its clocks.
static BEGAN: LazyLock<(Instant, UnixMillis)> = LazyLock::new(|| (Instant::now(), now()));

/// Like [`now`], on a clock that nobody sets back or forward: for waits and rates that live in memory alone.
pub fn steady() -> UnixMillis {
    let (began, at) = *BEGAN;
    at + u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX - at)
}
