//! What nobody waits for: signs of life are written together, and what is over leaves the database.

use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::store::{Store, StoreError};

/// How often signs of life are written.
const LAST_SEEN_EVERY: Duration = Duration::from_secs(2);

/// How often old signals and nodes are forgotten.
const PRUNE_EVERY: Duration = Duration::from_mins(1);

/// How often ended sessions are removed.
const SESSIONS_EVERY: Duration = Duration::from_hours(1);

/// Keeps house until told to stop.
pub async fn run(store: Store, shutdown: CancellationToken) {
    if let Err(error) = store.sweep_deleted_events().await {
        tracing::warn!(%error, "the rest of a deleted event stays for now");
    }
    let mut last_seen = every(LAST_SEEN_EVERY);
    let mut prune = every(PRUNE_EVERY);
    let mut sessions = every(SESSIONS_EVERY);
    loop {
        let done = tokio::select! {
            () = shutdown.cancelled() => return,
            _ = last_seen.tick() => store.write_last_seen().await,
            _ = prune.tick() => forget(&store).await,
            _ = sessions.tick() => store.prune_sessions(clock::now()).await,
        };
        if let Err(error) = done {
            tracing::warn!(%error, "housekeeping has to wait");
        }
    }
}

async fn forget(store: &Store) -> Result<(), StoreError> {
    let now = clock::now();
    store.prune_signals(now).await?;
    store.prune_presence(now).await
}

fn every(period: Duration) -> Interval {
    let mut interval = interval(period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}
