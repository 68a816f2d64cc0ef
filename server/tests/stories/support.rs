//! What the stories are told with: a venue, the people in it, and the lines they hold.

mod line;
mod person;
mod venue;

pub use line::{Ending, Line, text};
pub use person::{Answer, Person};
pub use venue::{ARTIST, Plan, SHOW, Venue};

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

/// How long anything may take that has no time of its own: a debug build on a busy machine.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Between two looks at what cannot be waited for.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Waits for `future`, and not for ever.
pub async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(DEADLINE, future)
        .await
        .unwrap_or_else(|_| panic!("{what}: not within {DEADLINE:?}"))
}

/// Looks until there is something to see.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let until = Instant::now() + DEADLINE;
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(Instant::now() < until, "{what}: not within {DEADLINE:?}");
        sleep(LOOK_EVERY).await;
    }
}

/// A number below `below`, different in each run.
pub fn random(below: u64) -> u64 {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the operating system's random source");
    u64::from_le_bytes(bytes) % below
}
