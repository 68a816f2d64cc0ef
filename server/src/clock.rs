//! The one place that reads the clock. Everything below the handlers gets `now` as an argument.

use std::time::{SystemTime, UNIX_EPOCH};

use wire::UnixMillis;

/// The present moment; 0 on a machine whose clock stands before 1970.
pub fn now() -> UnixMillis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
