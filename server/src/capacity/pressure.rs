//! Looks at the system now and then: files, memory, and whether the server's own tasks are late.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Capacity, Full, system};

/// How often.
const EVERY: Duration = Duration::from_millis(500);

/// What must be found for this long before it counts.
const LASTING: Duration = Duration::from_secs(3);

/// Of the memory that fills the node, what must be free again before it takes people, in percent: no flutter around a limit,
/// and no wait for what an allocator keeps.
const MEMORY_AGAIN_PERCENT: u64 = 95;

/// Watches until the server stops.
pub async fn watch(capacity: Capacity, shutdown: CancellationToken) {
    let (mut lag, mut last) = (Lateness::default(), None);
    loop {
        let due = Instant::now() + EVERY;
        tokio::select! {
            () = tokio::time::sleep_until(due) => {}
            () = shutdown.cancelled() => return,
        }
        let late = due.elapsed();
        let lasts = lag.see(late, EVERY + late, capacity.0.limits.lag);
        capacity.look(late, lasts);
        tell(&mut last, capacity.full());
    }
}

/// Says it once when the node fills up, and once when it takes people again.
fn tell(last: &mut Option<Full>, full: Option<Full>) {
    match (&last, full) {
        (None, Some(full)) => tracing::warn!(reason = %full, "full: nobody new is let in"),
        (Some(_), None) => tracing::info!("people are let in again"),
        _ => {}
    }
    *last = full;
}

impl Capacity {
    fn look(&self, late: Duration, is_late: bool) {
        let limits = &self.0.limits;
        let (files, resident) = (system::open_files(), system::resident());
        let metrics = &self.0.metrics;
        metrics.load(resident.unwrap_or(0), late);
        let mut state = self.state();
        metrics.places_taken(state.places.taken(crate::clock::steady()));
        let is_short_of_memory = matches!(state.pressure, Some(Full::Memory { .. }));
        let files = limits.files.filter(|limit| files.is_some_and(|files| files >= *limit));
        let memory = limits.memory.filter(|limit| {
            let line = if is_short_of_memory {
                limit / 100 * MEMORY_AGAIN_PERCENT
            } else {
                *limit
            };
            resident.is_some_and(|resident| resident >= line)
        });
        let lag = is_late.then(|| Full::Lag {
            millis: u64::try_from(late.as_millis()).unwrap_or(u64::MAX),
        });
        let files = files.map(|limit| Full::Files { limit });
        let memory = memory.map(|limit| Full::Memory { limit });
        state.pressure = files.or(memory).or(lag);
    }
}

/// Whether tasks are late for some seconds: one slow moment is none.
#[derive(Debug, Default)]
struct Lateness {
    is_late: bool,
    /// For how long every look has said otherwise.
    otherwise: Duration,
}

impl Lateness {
    /// Takes how late a look was, and how long ago the last one was. Whether the server is late.
    fn see(&mut self, late: Duration, since: Duration, limit: Duration) -> bool {
        if limit.is_zero() {
            return false;
        }
        // Over it is when half of the limit is kept: no flutter around it.
        let threshold = if self.is_late { limit / 2 } else { limit };
        if (late >= threshold) == self.is_late {
            self.otherwise = Duration::ZERO;
        } else {
            // One look is a moment, however long the machine slept before it.
            self.otherwise += since.min(LASTING / 2);
        }
        if self.otherwise >= LASTING {
            *self = Self {
                is_late: !self.is_late,
                otherwise: Duration::ZERO,
            };
        }
        self.is_late
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_millis(500);

    fn see(lateness: &mut Lateness, millis: u64, times: u32) -> bool {
        let late = Duration::from_millis(millis);
        (0..times).fold(lateness.is_late, |_, _| lateness.see(late, EVERY + late, LIMIT))
    }

    #[test]
    fn one_slow_moment_does_not_fill_a_node_and_one_quick_one_does_not_empty_it() {
        let mut lateness = Lateness::default();
        assert!(!see(&mut lateness, 500, 2));
        assert!(!see(&mut lateness, 0, 1));
        assert!(!see(&mut lateness, 500, 2));
        assert!(see(&mut lateness, 500, 1), "three seconds");
        assert!(see(&mut lateness, 0, 5));
        assert!(see(&mut lateness, 300, 1), "half of the limit is still late");
        assert!(see(&mut lateness, 0, 5));
        assert!(!see(&mut lateness, 0, 1));
    }

    #[test]
    fn a_server_that_is_seconds_late_is_full_within_seconds() {
        let mut lateness = Lateness::default();
        assert!(!see(&mut lateness, 3_000, 1), "the machine may have slept");
        assert!(see(&mut lateness, 3_000, 1));
    }

    #[test]
    fn without_a_limit_nothing_is_late() {
        let mut lateness = Lateness::default();
        for _ in 0..10 {
            assert!(!lateness.see(Duration::from_mins(1), Duration::from_mins(1), Duration::ZERO));
        }
    }
}
